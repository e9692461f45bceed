"""A pinned mail server: what it proves lets commands run; what it refutes runs nothing, and nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from daemon.desks import mail, timeline
from scenes.stages import QuickStage
from world import ANN, DIRECTORY, POLICY

from maildesk.daemon.reader import Reader
from maildesk.desk.effects import Entry
from maildesk.mail.pinned import Pin

SERVER = "mail.acme.example"
LOGIN = replace(DIRECTORY, people={**DIRECTORY.people, "ann": replace(ANN, logins=("alee",))})
PASSED = f"{SERVER}; dmarc=pass header.from=acme.example"
FAILED = f"{SERVER}; dmarc=fail header.from=acme.example"


@pytest.fixture
def stage(tmp_path: Path, shared_reader: Reader) -> Iterator[QuickStage]:
    one = QuickStage(tmp_path, shared_reader, replace(POLICY, pin=Pin("postfix", SERVER), directory=LOGIN))
    one.clock.at = datetime.now(UTC)
    one.deliver(mail("first"))
    one.settle()
    try:
        yield one
    finally:
        one.close()


def command(stage: QuickStage, words: str, results: str, name: str = "x", age: float = 0) -> list[tuple[str, str]]:
    """Ann's command about INC-1 in a mail of her own; (template, to) of the letters that follow."""
    date = format_datetime(stage.clock.at + timedelta(minutes=20) - timedelta(hours=age))
    raw = mail(name, "Ann Lee <ann@acme.example>", "Words.").replace(
        b"About " + name.encode(), f"INC-1 {words}".encode()
    )
    raw = raw.replace(b"Mon, 23 Nov 2026 09:00:00 +0000", date.encode())
    stage.deliver(f"Authentication-Results: {results}\r\n".encode() + raw)
    return [(template, to) for to, _, template, _ in stage.settle()]


def test_a_proven_domain_lets_a_routine_command_run(stage):
    command(stage, "#take", PASSED)
    assert stage.facts("INC-1")["assignee"] == "ann"


def test_a_login_at_the_own_server_does_so_too(stage):
    command(stage, "#take", f"{SERVER}; auth=pass smtp.auth=alee")
    assert stage.facts("INC-1")["assignee"] == "ann"


@pytest.mark.parametrize(
    "results", ["mx.elsewhere.example; dmarc=pass header.from=acme.example", f"{SERVER}; dmarc=none", "nonsense"]
)
def test_without_it_a_confirmation_is_asked_for(stage, results):
    assert command(stage, "#take", results) == [("confirm", "ann@acme.example")]
    assert stage.facts("INC-1")["assignee"] == "unassigned"


def test_what_ends_an_incident_still_wants_a_confirmation(stage):
    assert command(stage, "#close", PASSED) == [("confirm", "ann@acme.example")]
    assert stage.facts("INC-1")["status"] == "new"


@pytest.mark.parametrize("age", [25, -2])
def test_of_an_old_mail_or_one_from_the_future_it_proves_no_command(stage, age):
    assert command(stage, "#take", PASSED, age=age) == [("confirm", "ann@acme.example")]
    assert stage.facts("INC-1")["assignee"] == "unassigned"


def test_a_signed_command_that_is_sent_again_does_not_run_again(stage):
    command(stage, "#take", PASSED)
    command(stage, "#assign ben", PASSED, name="y")
    assert command(stage, "#take", PASSED) == [("confirm", "ann@acme.example")]
    assert stage.facts("INC-1")["assignee"] == "ben"


def test_a_refuted_sender_runs_nothing_and_is_never_written_to(stage):
    for number in range(2, 4):
        letters = command(stage, "#take", FAILED, name=f"forged{number}")
        assert {template for template, _ in letters} <= {"new"}  # the team hears of it as of any stranger's mail
        assert "ann@acme.example" not in {to for _, to in letters}
        told = [entry.record.text for entry in timeline(stage.desk, number) if entry.record.entry is Entry.LETTER]
        assert "no notice of the refusal: the mail server itself says that the sender is forged" in told
    assert {stage.facts(f"INC-{number}")["assignee"] for number in range(1, 4)} == {"unassigned"}
