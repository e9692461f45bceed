"""Handling: mails that hang, kill or break what handles them cost nobody but themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from daemon.desks import letters, mail, raw, rows, text_of, timeline
from scenes.stages import RING, QuickStage

from maildesk.build import template_sources
from maildesk.daemon.desk import Rules
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.pipe import deliver
from maildesk.daemon.reader import Overrun, Reader
from maildesk.errors import Transient
from maildesk.mail.message import Address, Reading, Unreadable
from maildesk.mail.render import Renderer
from maildesk.mail.thread import reply_address

CHILD = """
import os, sys, time
from maildesk.daemon.child import serve

def answer(raw):
    if b"X-Hang:" in raw:
        time.sleep(60)
    if b"X-Die:" in raw:
        os._exit(3)
    from maildesk.mail.reading import pack, understand  # late: not for a child that does not live to need it
    return pack(understand(raw))

serve(answer)
"""


class Impatient(Reader):
    """A reader with a child that some mails hang or kill, and with little time for those that hang it."""

    def read(self, raws: Sequence[bytes], *, seconds: float = 10) -> Iterator[Reading | Unreadable | Overrun]:
        for one in raws:
            yield from super().read([one], seconds=0.2 if b"X-Hang:" in one else seconds)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    script = tmp_path_factory.mktemp("child") / "fragile.py"
    script.write_text(CHILD)
    with Impatient((sys.executable, str(script))) as one:
        yield one


def take(stage: QuickStage, *mails: bytes) -> None:
    for one in mails:
        deliver(stage.desk.database, stage.clock, one, "support")


def states(stage: QuickStage) -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in rows(stage.desk)]


def told(stage: QuickStage, template: str) -> list[str]:
    """To whom letters of this sort go."""
    return [letter.to_email for letter in letters(stage.desk) if letter.template == template]


# --- poison ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "reason"), [("X-Hang", "was not read within 0.2 s"), ("X-Die", "the reader process ended with status 3")]
)
def test_a_mail_that_its_reader_does_not_survive_harms_only_itself(
    stage: QuickStage, fragile: Reader, header: str, reason: str
) -> None:
    poison = mail("poison", **{header: "yes"})
    take(stage, mail("before"), poison, mail("behind", "otto@shop.example"))
    assert handle_waiting(stage.desk, fragile) == 3
    assert states(stage) == [("done", 1), ("received", 1), ("done", 1)]
    take(stage, mail("later", "cora@shop.example"))
    assert handle_waiting(stage.desk, fragile) == 1, "what was tried before is tried alone"
    assert states(stage)[1:] == [("received", 2), ("done", 1), ("received", 0)]
    assert handle_waiting(stage.desk, fragile) == 1
    assert handle_waiting(stage.desk, fragile) == 1
    assert states(stage) == [("done", 1), ("quarantined", 3), ("done", 1), ("done", 1)]
    _, bad, _, _ = rows(stage.desk)
    assert reason in bad.reason
    assert raw(stage.desk, bad) == poison
    assert told(stage, "quarantine") == ["root@acme.example"]
    assert len(told(stage, "received")) == 3
    assert handle_waiting(stage.desk, fragile) == 0


def test_a_released_mail_is_handled_anew(stage: QuickStage, fragile: Reader, shared_reader: Reader) -> None:
    take(stage, mail("poison", X_Die="yes"))
    while handle_waiting(stage.desk, fragile):
        pass
    with stage.desk.database.unit() as unit:
        unit.inbox.release(rows(stage.desk)[0].id)
    stage.forward(timedelta(hours=1))
    handle_waiting(stage.desk, shared_reader)
    assert states(stage) == [("done", 1)]
    assert told(stage, "received") == ["erika@shop.example"]


def test_an_unreadable_mail_is_quarantined_at_once_and_the_next_one_handled(
    stage: QuickStage, shared_reader: Reader
) -> None:
    bomb = b"".join(b"X-%d: x\r\n" % number for number in range(2000)) + mail("bomb")
    take(stage, bomb, mail("next"))
    assert handle_waiting(stage.desk, shared_reader) == 2
    assert states(stage) == [("quarantined", 1), ("done", 1)]
    bad = rows(stage.desk)[0]
    assert "header" in bad.reason
    assert raw(stage.desk, bad) == bomb
    (letter,) = [one for one in letters(stage.desk) if one.template == "quarantine"]
    assert letter.to_email == "root@acme.example"
    assert f"maildesk inbox show {bad.id}" in text_of(stage.desk, letter)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"x" * (25 * 1024 * 1024), "it is larger than 25 MB or has too many files"),
        (b"\r\n" * 500_001, "our mail program cannot make sense of it"),
    ],
)
def test_the_sender_of_a_mail_that_nobody_can_read_is_told(
    stage: QuickStage, shared_reader: Reader, body: bytes, says: str
) -> None:
    take(stage, mail("canary") + body)
    handle_waiting(stage.desk, shared_reader)
    assert states(stage) == [("quarantined", 1)]
    (letter,) = [one for one in letters(stage.desk) if one.template == "unopened"]
    assert (letter.to_email, letter.automatic) == ("erika@shop.example", "ack")
    text = text_of(stage.desk, letter)
    assert says in text
    assert "canary" not in text


@pytest.mark.parametrize("much", [b"X-%d: x\r\n", b"To: <%d@shop.example>\r\n"])
def test_a_header_that_is_too_much_still_says_who_to_tell(
    stage: QuickStage, shared_reader: Reader, much: bytes
) -> None:
    take(stage, b"".join(much % number for number in range(1100)) + mail("bomb"))
    handle_waiting(stage.desk, shared_reader)
    assert states(stage) == [("quarantined", 1)]
    assert told(stage, "unopened") == ["erika@shop.example"]


def test_who_sends_a_trap_in_the_body_is_told_when_it_is_given_up(stage: QuickStage, fragile: Reader) -> None:
    take(stage, mail("poison", text="X-Die: yes"))
    while handle_waiting(stage.desk, fragile):
        pass
    assert states(stage) == [("quarantined", 3)]
    assert told(stage, "unopened") == ["erika@shop.example"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"sender": "support@acme.example"},
        {"sender": "erika@shop.example, otto@shop.example"},
    ],
)
def test_machines_and_nobody_are_not_told(stage: QuickStage, shared_reader: Reader, headers: dict[str, str]) -> None:
    take(stage, mail("much", **headers) + b"\r\n" * 500_001)
    handle_waiting(stage.desk, shared_reader)
    assert states(stage) == [("quarantined", 1)]
    assert [letter.template for letter in letters(stage.desk)] == ["quarantine"]


def test_it_is_said_once_in_ten_minutes(stage: QuickStage, shared_reader: Reader) -> None:
    take(stage, *(mail(f"much-{number}") + b"\r\n" * 500_001 for number in range(3)))
    handle_waiting(stage.desk, shared_reader)
    assert told(stage, "unopened") == ["erika@shop.example"]


def test_a_known_incident_shows_that_a_mail_could_not_be_read(stage: QuickStage, shared_reader: Reader) -> None:
    take(stage, mail("first"))
    handle_waiting(stage.desk, shared_reader)
    take(stage, answering("second", "erika@shop.example", "first") + b"\r\n" * 500_001)
    handle_waiting(stage.desk, shared_reader)
    last = timeline(stage.desk, 1)[-1].record
    assert "could not be read; it is mail 2 in quarantine" in last.text
    assert told(stage, "update") == ["ann@acme.example", "ben@acme.example"], "who has it hears of it, too"


def test_the_empty_mail_is_a_mail(stage: QuickStage, shared_reader: Reader) -> None:
    take(stage, b"")
    handle_waiting(stage.desk, shared_reader)
    assert states(stage) == [("done", 1)]
    assert [letter.template for letter in letters(stage.desk) if letter.to_email not in TEAM] == []


TEAM = {"ann@acme.example", "ben@acme.example"}


# --- what breaks the handling ----------------------------------------------------------------------------------------


def broken(stage: QuickStage, *names: str, shipped: bool) -> Rules:
    """The site has templates of its own, and these fail."""
    own = Renderer({**template_sources(None), **dict.fromkeys(names, "{{ nothing.of.that.name }}")})
    return Rules(stage.policy, own, stage.renderer if shipped else None)


def test_a_mail_that_breaks_the_handling_is_tried_three_times_and_the_others_go_on(
    stage: QuickStage, shared_reader: Reader
) -> None:
    stage.desk.rules = broken(stage, "en/received_anon.j2", shipped=False)
    take(stage, mail("good"), mail("breaking", "who@elsewhere.example"), mail("fine", "otto@shop.example"))
    assert handle_waiting(stage.desk, shared_reader) == 3
    assert states(stage) == [("done", 1), ("received", 1), ("done", 1)]
    while handle_waiting(stage.desk, shared_reader):
        pass
    assert states(stage) == [("done", 1), ("quarantined", 3), ("done", 1)]
    assert rows(stage.desk)[1].reason == "LetterError while it was handled"
    assert told(stage, "quarantine") == ["root@acme.example"]
    assert sorted(told(stage, "received")) == ["erika@shop.example", "otto@shop.example"]
    assert told(stage, "received_anon") == [], "a transaction that failed leaves nothing behind"


def test_a_failing_template_of_the_site_is_replaced_by_the_shipped_one(
    stage: QuickStage, shared_reader: Reader
) -> None:
    stage.desk.rules = broken(stage, "en/received.j2", "en/quarantine.j2", shipped=True)
    take(stage, mail("good"), b"".join(b"X-%d: x\r\n" % number for number in range(2000)) + mail("bomb"))
    handle_waiting(stage.desk, shared_reader)
    assert states(stage) == [("done", 1), ("quarantined", 1)]
    assert told(stage, "received") == ["erika@shop.example"]
    assert told(stage, "quarantine") == ["root@acme.example"], "nor is a mail in quarantine kept from the admin"


def test_what_is_no_fault_of_a_mail_does_not_count_as_an_attempt(stage: QuickStage, shared_reader: Reader) -> None:
    take(stage, mail("one"), mail("two", "otto@shop.example"))
    with Reader(("/bin/false",)) as none, pytest.raises(Transient, match="does not start"):
        handle_waiting(stage.desk, none)
    assert states(stage) == [("received", 0), ("received", 0)]
    assert handle_waiting(stage.desk, shared_reader) == 2
    assert states(stage) == [("done", 1), ("done", 1)]


def test_what_a_killed_process_had_claimed_is_handled_alone_by_the_next(
    stage: QuickStage, shared_reader: Reader
) -> None:
    take(stage, mail("one"), mail("two", "otto@shop.example"))
    with stage.desk.database.unit() as unit:
        unit.inbox.claim(stage.clock.now(), 1)
    with stage.desk.database.unit() as unit:
        assert unit.inbox.reclaim() == 1
    assert [handle_waiting(stage.desk, shared_reader) for _ in range(3)] == [1, 1, 0]
    assert states(stage) == [("done", 2), ("done", 1)]


# --- answers that come before what they answer -----------------------------------------------------------------------


def answering(name: str, sender: str, parent: str, **headers: str) -> bytes:
    return mail(name, sender, In_Reply_To=f"<{parent}@client.example>", **headers)


def test_a_late_parent_joins_the_incident_of_its_child(stage: QuickStage, shared_reader: Reader) -> None:
    child = answering("child", "otto@shop.example", "parent", Cc="erika@shop.example")
    take(stage, child, mail("parent", "erika@shop.example", "The words of the parent."))
    handle_waiting(stage.desk, shared_reader)
    assert [row.incident_id for row in rows(stage.desk)] == [1, 1]
    said = [entry.record for entry in timeline(stage.desk, 1) if entry.record.said]
    assert [record.actor for record in said] == ["otto@shop.example", "erika@shop.example"]
    assert "The words of the parent." in said[1].text
    assert told(stage, "received") == ["otto@shop.example"]
    with stage.desk.database.view() as view:
        assert view.incidents.expected("parent@client.example") == (1, "otto@shop.example")


def test_a_parent_by_somebody_who_takes_no_part_only_hints(stage: QuickStage, shared_reader: Reader) -> None:
    """Else whoever guesses a Message-ID could have other people's mails put into an incident of his own."""
    take(stage, answering("child", "otto@shop.example", "parent"), mail("parent", "who@elsewhere.example"))
    handle_waiting(stage.desk, shared_reader)
    assert [row.incident_id for row in rows(stage.desk)] == [1, 2]
    hints = [letter for letter in letters(stage.desk) if letter.incident_id == 2 and letter.template == "new"]
    assert all("INC-1" in text_of(stage.desk, letter) for letter in hints)
    assert len(hints) == 2


def test_an_answer_waits_for_the_mail_that_it_answers(
    stage: QuickStage, fragile: Reader, shared_reader: Reader
) -> None:
    parent = mail("parent", "erika@shop.example", X_Hang="yes", Cc="otto@shop.example")
    take(stage, parent, answering("child", "otto@shop.example", "parent", Cc="erika@shop.example"), mail("other"))
    handle_waiting(stage.desk, fragile)
    assert states(stage) == [("received", 1), ("received", 0), ("done", 1)]
    assert [handle_waiting(stage.desk, shared_reader) for _ in range(3)] == [1, 1, 0]
    assert [row.incident_id for row in rows(stage.desk)] == [2, 2, 1]
    said = [entry.record for entry in timeline(stage.desk, 2) if entry.record.said]
    assert [record.actor for record in said] == ["erika@shop.example", "otto@shop.example"]


def test_no_answer_waits_for_ever(stage: QuickStage, fragile: Reader) -> None:
    take(stage, mail("parent", X_Hang="yes"), answering("child", "otto@shop.example", "parent"))
    assert [handle_waiting(stage.desk, fragile) for _ in range(5)] == [2, 1, 1, 1, 0]
    assert states(stage) == [("quarantined", 3), ("done", 1)]


# --- held back -------------------------------------------------------------------------------------------------------


def test_a_site_that_only_looks_on_writes_its_letters_and_keeps_them(stage: QuickStage, shared_reader: Reader) -> None:
    stage.desk.rules = replace(stage.desk.rules, policy=replace(stage.policy, hold=True))
    take(stage, mail("quiet"))
    handle_waiting(stage.desk, shared_reader)
    assert {letter.state for letter in letters(stage.desk)} == {"held"}
    assert told(stage, "received") == ["erika@shop.example"]


@pytest.mark.parametrize(
    ("token_of", "failed", "told_to"),
    [
        ("erika@shop.example", "erika@shop.example", ["ann@acme.example", "ben@acme.example"]),
        ("erika@shop.example", "otto@shop.example", []),
        ("otto@shop.example", "erika@shop.example", []),
        ("", "erika@shop.example", []),
    ],
)
def test_a_report_that_quotes_nothing_is_known_by_the_address_it_came_back_to(
    stage: QuickStage, shared_reader: Reader, token_of: str, failed: str, told_to: list[str]
) -> None:
    take(stage, mail("scanner"))
    handle_waiting(stage.desk, shared_reader)
    desk = Address("support@acme.example")
    back = reply_address(RING, desk, 1, token_of) if token_of else desk
    report = mail("report", "MAILER-DAEMON@shop.example", f"<{failed}>: 550 5.1.1 unknown", X_Failed_Recipients=failed)
    take(stage, report.replace(b"To: support@acme.example", f"To: {back.email}".encode()))
    handle_waiting(stage.desk, shared_reader)
    assert states(stage) == [("done", 1)] * 2
    assert sorted(told(stage, "bounced")) == told_to
    told_of = [entry.record.text for entry in timeline(stage.desk, 1) if entry.record.entry == "bounce"]
    assert told_of == [f"not delivered to {failed}: 550 5.1.1 unknown" for _ in told_to[:1]]
