"""Dispatch, against an SMTP server that does what the script says: each outcome, and what it means for the letter."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from daemon.desks import letters, mail, timeline
from scenes.play import Play
from scenes.stages import QuickStage
from servers.loopback import free_ports
from servers.smtpd import Sink

from maildesk.daemon.dispatch import Dispatch
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.pipe import deliver
from maildesk.desk.effects import Entry
from maildesk.desk.retry import TryAt, next_try
from maildesk.mail.message import Address, Frozen
from maildesk.mail.write import assemble
from maildesk.store.outbox import OutboxInfo, OutboxRow
from maildesk.wire.smtp import SmtpAccount, SmtpChannel


class Sender:
    """Dispatch, one round at a time."""

    def __init__(self, stage: QuickStage, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._channel = SmtpChannel(SmtpAccount("127.0.0.1", port, "none", timeout=5, data_timeout=5))
        self.dispatch = Dispatch(stage.desk, self._channel)

    def round(self) -> int:
        return self._loop.run_until_complete(self.dispatch.once())

    def all(self) -> None:
        while self.round():
            pass

    def close(self) -> None:
        self._loop.run_until_complete(self._channel.close())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@pytest.fixture
def sender(stage: QuickStage, sink: Sink) -> Iterator[Sender]:
    one = Sender(stage, sink.port)
    yield one
    one.close()


def opened(stage: QuickStage) -> list[OutboxInfo]:
    """Erika has written: her acknowledgement and the letters to Ann and Ben wait."""
    deliver(stage.desk.database, stage.clock, mail("printer"), "support")
    handle_waiting(stage.desk, stage.reader)
    return letters(stage.desk)


def answered(stage: QuickStage) -> OutboxInfo:
    """Ann has taken it and answers: her answer to Erika waits, and nothing else."""
    play = Play(stage)
    stage.deliver(mail("printer"))
    play.collect()
    for commands, text in (("#take", ""), ("", "Is it plugged in?")):
        message = play.reply("Ann", play.last("Ann", "new"), commands, text)
        stage.deliver(message.as_bytes())
        if not text:
            play.collect()
    handle_waiting(stage.desk, stage.reader)
    return one(stage, "answer")


def one(stage: QuickStage, template: str) -> OutboxInfo:
    (found,) = [letter for letter in letters(stage.desk) if letter.template == template]
    return found


def bytes_of(stage: QuickStage, letter: OutboxInfo) -> bytes:
    with stage.desk.database.view() as view:
        return assemble(view.outbox.frozen(letter.id), view.blobs.get)


# --- the five outcomes -----------------------------------------------------------------------------------------------


def test_what_the_server_takes_is_sent(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    waiting = opened(stage)
    sender.all()
    sent = letters(stage.desk)
    assert {(letter.state, letter.attempts, letter.copies) for letter in sent} == {("sent", 1, 1)}
    assert {letter.settled_at for letter in sent} == {stage.clock.now()}
    got = {letter.to: (letter.sender, letter.content) for letter in sink.letters}
    assert got == {letter.to_email: (letter.envelope, bytes_of(stage, letter)) for letter in waiting}


def test_what_is_put_off_is_tried_again_when_the_schedule_says(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    letter = answered(stage)
    sink.answers["RCPT"] = "452 4.2.2 mailbox full"
    sender.round()
    put_off = one(stage, "answer")
    again = next_try(letter.message_id, 1, letter.give_up_at, letter.created_at, stage.clock.now())
    assert again == TryAt(put_off.next_at)  # type: ignore[arg-type] # it has a time
    assert (put_off.state, put_off.code, put_off.reply) == ("deferred", 452, "4.2.2 mailbox full")
    sink.mode = "ok"
    assert sender.round() == 0, "not before its time"
    stage.clock.at = again.at
    sender.round()
    assert (one(stage, "answer").state, one(stage, "answer").attempts) == ("sent", 2)
    assert [got.content for got in sink.letters] == [bytes_of(stage, letter)]


def test_what_is_put_off_for_days_is_given_up_and_told(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    letter = answered(stage)
    sink.answers["RCPT"] = "452 4.2.2 mailbox full"
    stage.clock.at = letter.give_up_at - timedelta(minutes=1)
    sender.round()
    assert one(stage, "answer").state == "failed"
    assert one(stage, "answer").reply == "given up after 5 days: 4.2.2 mailbox full"
    assert one(stage, "bounced").to_email == "ann@acme.example"


def test_what_is_refused_is_told_to_the_assignee(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    answered(stage)
    sink.answers["RCPT"] = "550 5.1.1 no such user"
    sender.round()
    assert (one(stage, "answer").state, one(stage, "answer").code) == ("failed", 550)
    assert one(stage, "bounced").to_email == "ann@acme.example"
    entry = timeline(stage.desk, 1)[-1].record
    assert entry.entry is Entry.BOUNCE
    assert "erika@shop.example" in entry.text
    assert "5.1.1 no such user" in entry.text
    with stage.desk.database.view() as view:
        assert view.people.contacts(["erika@shop.example"])["erika@shop.example"].undeliverable_at is not None


def test_refused_letters_to_technicians_are_told_to_the_admins_and_cause_no_others(
    stage: QuickStage, sink: Sink, sender: Sender
) -> None:
    opened(stage)
    sink.answers["RCPT"] = "550 5.1.1 no such user"
    sender.all()
    written = Counter((letter.template, letter.to_email) for letter in letters(stage.desk))
    assert written == {
        ("received", "erika@shop.example"): 1,
        ("new", "ann@acme.example"): 1,
        ("new", "ben@acme.example"): 1,
        ("bounced", "ann@acme.example"): 1,
        ("bounced", "ben@acme.example"): 1,
        ("alarm", "root@acme.example"): 2,
    }
    assert {letter.state for letter in letters(stage.desk)} == {"failed"}


def test_a_letter_in_doubt_is_sent_once_more_and_no_more(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    letter = answered(stage)
    sink.mode = "drop after data"
    sender.round()
    doubted = one(stage, "answer")
    assert (doubted.state, doubted.copies) == ("ambiguous", 1)
    assert doubted.next_at == stage.clock.now() + timedelta(minutes=5)
    assert sender.round() == 0
    stage.clock.at += timedelta(minutes=5)
    sender.round()
    assert (one(stage, "answer").state, one(stage, "answer").copies) == ("ambiguous", 2)
    assert one(stage, "answer").next_at is None
    stage.clock.at += timedelta(days=2)
    assert sender.round() == 0
    assert [got.content for got in sink.letters] == [bytes_of(stage, letter)] * 2


def test_an_acknowledgement_in_doubt_is_never_sent_again(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    opened(stage)
    sink.mode = "drop after data"
    sender.all()
    sink.mode = "ok"
    stage.clock.at += timedelta(days=1)
    sender.all()
    arrived = [got.to for got in sink.letters]
    assert {to: arrived.count(to) for to in arrived} == {
        "erika@shop.example": 1,
        "ann@acme.example": 2,
        "ben@acme.example": 2,
    }
    assert (one(stage, "received").state, one(stage, "received").copies) == ("ambiguous", 1)


def test_the_letters_of_a_sender_that_died_are_in_doubt(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    opened(stage)
    with stage.desk.database.unit() as unit:
        unit.outbox.lease(stage.clock.now(), 10, 1800)
    assert sender.round() == 0, "another one is at work on them"
    stage.clock.at += timedelta(minutes=31)
    sender.round()
    sender.all()
    states = {(letter.template, letter.state, letter.copies) for letter in letters(stage.desk)}
    assert states == {("received", "ambiguous", 1), ("new", "sent", 2)}
    assert sorted(got.to for got in sink.letters) == ["ann@acme.example", "ben@acme.example"]


@pytest.mark.parametrize("answer", [{"MAIL": "421 4.3.2 shutting down"}, {"EHLO": "554 no"}, {"MAIL": "530 login"}])
def test_a_server_that_cannot_be_used_fails_no_letter_and_is_left_alone_for_a_while(
    stage: QuickStage, sink: Sink, sender: Sender, answer: dict[str, str]
) -> None:
    opened(stage)
    sink.answers = answer
    pauses = []
    for _ in range(3):
        sender.round()
        connections = sink.connections
        assert sender.round() == 0, "it rests"
        assert sink.connections == connections
        assert sender.dispatch.resting_until is not None
        pauses.append((sender.dispatch.resting_until - stage.clock.now()).total_seconds())
        assert {letter.attempts for letter in letters(stage.desk)} == {0}, "no attempt counts"
        assert {letter.state for letter in letters(stage.desk)} <= {"pending", "deferred"}
        stage.clock.at = sender.dispatch.resting_until
    assert pauses == [5, 15, 30]
    sink.mode = "ok"
    sender.all()
    assert {letter.state for letter in letters(stage.desk)} == {"sent"}
    assert sender.dispatch.faults == 0


def test_a_server_that_is_not_there_fails_no_letter(stage: QuickStage) -> None:
    opened(stage)
    sender = Sender(stage, free_ports(1)[0])
    try:
        sender.round()
        assert sender.dispatch.resting_until == stage.clock.now() + timedelta(seconds=5)
    finally:
        sender.close()
    assert {letter.attempts for letter in letters(stage.desk)} == {0}
    with stage.desk.database.view() as view:
        (beat,) = [one for one in view.meta.beats() if one.role == "dispatch"]
    assert beat.note.startswith("trouble: cannot connect to 127.0.0.1")


def test_a_letter_whose_bytes_are_gone_holds_up_no_other(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    opened(stage)
    with stage.desk.database.unit() as unit:
        lost = Frozen(b"Subject: x\r\n\r\n", b"", ((0, "0" * 64),))
        now = stage.clock.now() - timedelta(hours=1)
        to = Address("otto@shop.example")
        row = OutboxRow("x@y", 1, "answer", "", to, to.key, "x", "", lost, "test", now, now + timedelta(days=5))
        unit.outbox.add(row)
    sender.all()
    assert (one(stage, "answer").state, one(stage, "answer").reply) == ("failed", f"no bytes are kept under {'0' * 64}")
    assert sorted(got.to for got in sink.letters) == ["ann@acme.example", "ben@acme.example", "erika@shop.example"]


# --- what holds letters back -----------------------------------------------------------------------------------------


def test_nothing_leaves_a_desk_that_holds_its_letters(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    opened(stage)
    stage.desk.rules = replace(stage.desk.rules, policy=replace(stage.policy, hold=True))
    deliver(stage.desk.database, stage.clock, mail("scanner", "otto@shop.example"), "support")
    handle_waiting(stage.desk, stage.reader)
    assert sender.round() == 0
    stage.desk.rules = replace(stage.desk.rules, policy=stage.policy)
    sender.all()
    states = {letter.to_email: letter.state for letter in letters(stage.desk) if letter.template == "received"}
    assert states == {"erika@shop.example": "sent", "otto@shop.example": "held"}
    assert sorted(got.to for got in sink.letters) == ["ann@acme.example", "ben@acme.example", "erika@shop.example"]


def test_nothing_leaves_a_paused_outbox_until_it_is_resumed(stage: QuickStage, sink: Sink, sender: Sender) -> None:
    opened(stage)
    with stage.desk.database.unit() as unit:
        unit.outbox.pause(paused=True)
    assert sender.round() == 0
    assert sink.connections == 0
    with stage.desk.database.unit() as unit:
        unit.outbox.pause(paused=False)
    sender.all()
    assert len(sink.letters) == 3


# --- the loop --------------------------------------------------------------------------------------------------------


def test_the_loop_sends_when_it_is_nudged_and_finishes_the_letter_on_its_way(stage: QuickStage, sink: Sink) -> None:
    sink.mode, sink.pause = "slow 250", 0.6
    dispatch = Dispatch(stage.desk, SmtpChannel(SmtpAccount("127.0.0.1", sink.port, "none")))
    thread = threading.Thread(target=lambda: asyncio.run(dispatch.run(threading.Event())))
    thread.start()
    time.sleep(0.1)
    opened(stage)  # handling has nudged it
    sink.wait_for(2)
    stage.desk.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert sorted(letter.state for letter in letters(stage.desk)) == ["pending", "sent", "sent"]


class Faulty(Dispatch):
    """Meets what nobody foresaw."""

    async def once(self) -> int:
        raise ZeroDivisionError


def test_what_nobody_foresaw_ends_the_loop_so_that_it_can_begin_again(stage: QuickStage, sink: Sink) -> None:
    dispatch = Faulty(stage.desk, SmtpChannel(SmtpAccount("127.0.0.1", sink.port, "none")))
    ended = []

    def run() -> None:
        with pytest.raises(ZeroDivisionError):
            asyncio.run(dispatch.run(threading.Event()))
        ended.append(True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(5)
    assert ended
