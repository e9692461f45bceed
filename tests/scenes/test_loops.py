"""Loops: what the desk says to itself, to machines, and to another desk that answers everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import pytest
from scenes.stages import QuickStage, with_policy

from maildesk.daemon.reader import Reader
from maildesk.desk.policy import Limits


@pytest.fixture
def stage(tmp_path: Path, shared_reader: Reader) -> Iterator[QuickStage]:
    one = QuickStage(tmp_path, shared_reader)
    yield one
    one.close()


def mail(stage: QuickStage, number: int, sender: str, subject: str, **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "support@acme.example", subject
    message["Message-ID"] = f"<{number}@machine.example>"
    message["Date"] = format_datetime(stage.clock.now())
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"Thank you, your request was received. It is number {number}.")
    return message.as_bytes(policy=SMTP)


def test_its_own_letters_coming_back_cause_nothing(stage):
    stage.deliver(mail(stage, 1, "erika@shop.example", "Printer"))
    letters = stage.settle()
    assert len(letters) == 3
    for _to, _envelope, _template, raw in letters:
        stage.deliver(raw)
    assert stage.settle() == []
    with stage.desk.database.view() as view:
        assert [row.action for row in view.views.inbox("done")].count("file") == len(letters)


def test_two_desks_that_answer_everything_fall_silent(stage):
    """The other one has no header that says it is a machine, a number that differs each turn, and drops References."""
    ours, incidents = 0, 0
    turn = 0
    stage.deliver(mail(stage, turn, "help@other.example", "Request 7000 received"))
    for _ in range(200):
        letters = [letter for letter in stage.settle() if letter[0] == "help@other.example"]
        if not letters:
            break
        ours += len(letters)
        for _letter in letters:
            turn += 1
            stage.clock.at += timedelta(seconds=30)
            stage.deliver(mail(stage, turn, "help@other.example", f"Request {7000 + turn} received"))
    with stage.desk.database.view() as view:
        incidents = len(view.views.queue())
    assert ours <= 5
    assert incidents <= 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X-Auto-Response-Suppress": "All"},
        {"List-Id": "<all.shop.example>"},
        {"Return-Path": "<>"},
    ],
    ids=str,
)
def test_a_machine_is_never_answered(stage, headers):
    stage.deliver(mail(stage, 1, "erika@shop.example", "Away", **headers))
    assert {to for to, *_ in stage.settle()} <= {"ann@acme.example", "ben@acme.example"}


def test_many_strangers_get_no_more_than_the_desk_allows_in_an_hour(tmp_path, shared_reader):
    stage = QuickStage(tmp_path, shared_reader, with_policy(limits=Limits(ack_per_hour=20)))
    for number in range(30):
        stage.deliver(mail(stage, number, f"victim{number}@domain{number}.example", f"Hello {number}"))
        stage.clock.at -= timedelta(minutes=19, seconds=55)  # deliver() moves on by twenty minutes
    acknowledged = [letter for letter in stage.settle() if letter[2].startswith("received")]
    stage.close()
    assert len(acknowledged) == 20
