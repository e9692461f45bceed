"""What the store's tests put into the database, and other processes that do so."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from maildesk.desk.incident import Impact, Incident, Participant, Priority, Status, Type, Urgency, Waiting
from maildesk.mail.message import Address, Frozen
from maildesk.store.outbox import OutboxRow
from maildesk.store.unit import Unit

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

PLAIN = Incident("support", "INC", "Printer on the third floor jams", "mia@acme.example", NOW)

# Every field has another value than its default, so that a field that is not stored is noticed.
FULL = Incident(
    mailbox="support",
    prefix="HELP",
    title="Grüße vom Drucker 🖨",
    requester="mia@acme.example",
    opened_at=NOW,
    status=Status.PENDING,
    type=Type.REQUEST,
    category="hardware/printer",
    group="network",
    assignee="ann",
    impact=Impact.HIGH,
    urgency=Urgency.LOW,
    priority=Priority.P2,
    pinned=frozenset({"impact", "category"}),
    organisation="ACME",
    vip=True,
    known=True,
    language="de",
    waiting=Waiting.SUPPLIER,
    waiting_until=NOW + DAY,
    resolution="a new roller",
    resolved_at=NOW + HOUR,
    closed_at=NOW + 2 * HOUR,
    answered_by="ann",
    answered_at=NOW + MINUTE,
    updated_at=NOW + 3 * MINUTE,
    tags=frozenset({"floor-3", "paper"}),
    silent=True,
    storm="5f0c",
    merged_into=1,
    participants=(
        Participant("mia@acme.example", "Mia", "requester", "first@acme.example"),
        Participant("bob@acme.example", "Bob", "cc"),
        Participant("ann@acme.example", "Ann", "watcher"),
    ),
)


def receive(unit: Unit, name: str, *, at: datetime = NOW, size: int = 0) -> int:
    """One mail into the inbox; everything about it follows from its name."""
    return unit.inbox.add(
        name.encode().ljust(size),
        fingerprint=f"print-{name}",
        message_id=f"{name}@acme.example",
        mailbox="support",
        received_at=at,
        now=at,
    ).id


def finish(unit: Unit, inbox_id: int, incident_id: int | None = None) -> None:
    unit.inbox.finish(
        inbox_id,
        kind="human",
        action="create",
        reason="new",
        sender="mia@acme.example",
        subject="Printer",
        incident_id=incident_id,
        now=NOW,
    )


def letter(name: str, **changes: object) -> OutboxRow:
    """One letter for the outbox, an answer about no incident unless `changes` says otherwise."""
    row = OutboxRow(
        message_id=f"{name}@desk.example",
        incident=None,
        template="answer",
        automatic="",
        to=Address("Mia@acme.example", "Mia"),
        to_key="mia@acme.example",
        subject=f"about {name}",
        envelope="support@desk.example",
        frozen=Frozen(b"Subject: " + name.encode() + b"\r\n", b"words\r\n", ((3, "ab" * 32),)),
        cause=name,
        created_at=NOW,
        give_up_at=NOW + 5 * DAY,
    )
    return replace(row, **changes)


def python(program: str, *arguments: str, stdout: int | None = None) -> subprocess.Popen[str]:
    """Another process of this project, beside the tests."""
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=stdout, text=True)
