"""Intake, from a real Dovecot: what is taken, when the server is touched, and what a broken moment leaves behind."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from daemon.desks import letters, mail, raw, rows
from imapclient import IMAPClient
from scenes.stages import QuickStage
from servers.dovecot import Dovecot, Mailbox
from servers.proxy import CutProxy

from maildesk.daemon.desk import Desk
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.intake import Intake, Source
from maildesk.daemon.pipe import deliver
from maildesk.daemon.reader import Reader
from maildesk.errors import ChannelError
from maildesk.store.inbox import MailboxState
from maildesk.wire.imap import ImapAccount

pytestmark = pytest.mark.servers


def account(mailbox: Mailbox, name: str = "support", port: int = 0, **fields: object) -> ImapAccount:
    values = {"folder": "INBOX", "done": "Processed", "timeout": 10.0} | fields
    place = {"name": name, "host": "127.0.0.1", "port": port or mailbox.server.imap, "tls": "none"}
    return ImapAccount(**place, user=mailbox.user, password=lambda: mailbox.password, **values)  # type: ignore[arg-type] # the tests know the fields


def look(
    stage: QuickStage, mailbox: Mailbox, since: object = "all", max_bytes: int = 1_000_000, **fields: object
) -> int:
    """Connect, look once, close; a second of the clock passes."""
    stage.clock.at += timedelta(seconds=1)
    source = Source(account(mailbox, **fields), since, max_bytes=max_bytes)  # type: ignore[arg-type] # as above
    return Intake(stage.desk, source).once()


def subjects(stage: QuickStage) -> list[str]:
    return [(row.message_id or "").partition("@")[0] for row in rows(stage.desk)]


def state(desk: Desk, name: str = "support") -> MailboxState:
    with desk.database.view() as view:
        found = view.inbox.mailbox(name)
    assert found is not None
    return found


def sightings(desk: Desk, name: str = "support", most: int = 50) -> dict[int, bool]:
    """UID -> settled."""
    with desk.database.view() as view:
        found = view.inbox.mailbox(name)
        return view.inbox.known_uids(name, found.uidvalidity if found else 0, range(1, most))


# --- where reading begins --------------------------------------------------------------------------------------------


def test_the_first_contact_leaves_alone_what_lies_there(stage: QuickStage, mailbox: Mailbox) -> None:
    old = mailbox.append(mail("old"))
    assert look(stage, mailbox, since="now") == 0
    new = mailbox.append(mail("new"))
    assert look(stage, mailbox, since="now") == 1
    assert subjects(stage) == ["new"]
    assert mailbox.uids() == [old]
    assert mailbox.flags(old) == set()
    assert sightings(stage.desk) == {new: True}


def test_an_empty_mailbox_is_read_from_its_first_mail_on(stage: QuickStage, mailbox: Mailbox) -> None:
    assert look(stage, mailbox, since="now") == 0
    mailbox.append(mail("first"))
    assert look(stage, mailbox, since="now") == 1


def test_since_all_takes_what_lies_there(stage: QuickStage, mailbox: Mailbox) -> None:
    for name in ("one", "two", "three"):
        mailbox.append(mail(name))
    assert look(stage, mailbox) == 3
    assert subjects(stage) == ["one", "two", "three"]
    assert mailbox.uids() == []
    assert len(mailbox.uids("Processed")) == 3


def test_since_a_date_takes_what_came_from_that_day_on(stage: QuickStage, mailbox: Mailbox) -> None:
    today = datetime.now().astimezone()
    for name, days in (("week", 7), ("yesterday", 1), ("today", 0)):
        mailbox.append(mail(name), when=today - timedelta(days=days))
    assert look(stage, mailbox, since=(today - timedelta(days=1)).date()) == 2
    assert subjects(stage) == ["yesterday", "today"]
    assert len(mailbox.uids()) == 1


def test_since_matters_at_the_first_contact_only(stage: QuickStage, mailbox: Mailbox) -> None:
    mailbox.append(mail("old"))
    look(stage, mailbox, since="now")
    assert look(stage, mailbox, since="all") == 0
    assert rows(stage.desk) == []


# --- bytes first, then the server ------------------------------------------------------------------------------------


class Dying(Intake):
    """Ends between the commit and the first word to the server, as a killed process does."""

    def _settle(self, state: MailboxState, uids: list[int]) -> None:
        raise ChannelError("killed here")


def test_the_bytes_are_safe_before_the_server_is_touched(stage: QuickStage, mailbox: Mailbox) -> None:
    uid = mailbox.append(mail("safe"))
    with pytest.raises(ChannelError, match="killed here"):
        Dying(stage.desk, Source(account(mailbox), "all")).once()
    assert [raw(stage.desk, row) for row in rows(stage.desk)] == [mail("safe")]
    assert mailbox.uids() == [uid]
    assert mailbox.flags(uid) == set()
    assert sightings(stage.desk) == {uid: False}
    assert look(stage, mailbox) == 0
    assert subjects(stage) == ["safe"]
    assert (mailbox.uids(), mailbox.mails("Processed")) == ([], [mail("safe")])
    assert sightings(stage.desk) == {uid: True}


@pytest.mark.parametrize("word", [b"MOVE", b"BODY.PEEK[]", b"RFC822.SIZE", b"SEARCH"])
def test_a_lost_reply_loses_no_mail_and_doubles_none(stage: QuickStage, mailbox: Mailbox, word: bytes) -> None:
    mailbox.append(mail("one"))
    mailbox.append(mail("two"))
    with CutProxy(mailbox.server.imap) as proxy:
        proxy.cut_on = word  # the server hears it and acts, and nobody hears its answer
        with pytest.raises(ChannelError):
            look(stage, mailbox, port=proxy.port)
        proxy.cut_on = None
        look(stage, mailbox, port=proxy.port)
    assert subjects(stage) == ["one", "two"]
    assert mailbox.uids() == []
    assert sorted(mailbox.mails("Processed")) == sorted([mail("one"), mail("two")])


def test_a_flag_can_stand_for_the_folder(stage: QuickStage, mailbox: Mailbox) -> None:
    uid = mailbox.append(mail("stays"))
    fields = {"done": None, "flag": "maildesk"}
    assert look(stage, mailbox, **fields) == 1
    assert mailbox.uids() == [uid]
    assert mailbox.flags(uid) == {"maildesk"}
    assert look(stage, mailbox, **fields) == 0
    assert len(rows(stage.desk)) == 1


def test_the_done_folder_is_made_where_it_is_missing(stage: QuickStage, mailbox: Mailbox) -> None:
    mailbox.append(mail("filed"))
    look(stage, mailbox, done="Desk/Done")
    assert mailbox.mails("Desk/Done") == [mail("filed")]


# --- several mailboxes, several ways ---------------------------------------------------------------------------------


def test_two_mailboxes_are_read_side_by_side(stage: QuickStage, dovecot: Dovecot) -> None:
    first, second = dovecot.user().create(), dovecot.user().create()
    first.append(mail("one"))
    second.append(mail("two"))
    assert look(stage, first, name="support") + look(stage, second, name="sales") == 2
    assert [(row.mailbox, row.message_id) for row in rows(stage.desk)] == [
        ("support", "one@client.example"),
        ("sales", "two@client.example"),
    ]


def test_the_same_mail_in_two_mailboxes_is_one_mail_seen_twice(stage: QuickStage, dovecot: Dovecot) -> None:
    first, second = dovecot.user().create(), dovecot.user().create()
    for box in (first, second):
        box.deliver(mail("both"))  # each copy with a Received and a Delivered-To of its own
    assert look(stage, first, name="support") == 1
    assert look(stage, second, name="sales") == 0
    assert subjects(stage) == ["both"]
    assert [list(sightings(stage.desk, name).values()) for name in ("support", "sales")] == [[True], [True]]
    assert (first.uids(), second.uids()) == ([], [])


def test_a_mail_delivered_by_a_pipe_twice_is_one_mail(stage: QuickStage, mailbox: Mailbox) -> None:
    first, second = (deliver(stage.desk.database, stage.clock, mail("piped"), "support") for _ in range(2))
    assert (first.duplicate, second.duplicate) == (False, True)
    assert first.id == second.id
    mailbox.deliver(mail("piped"))
    assert look(stage, mailbox) == 0
    assert subjects(stage) == ["piped"]
    assert list(sightings(stage.desk).values()) == [True]


# --- the unusual -----------------------------------------------------------------------------------------------------


def test_a_mail_that_is_too_large_stays_on_the_server_and_is_told(stage: QuickStage, mailbox: Mailbox) -> None:
    uid = mailbox.append(mail("huge", text="x" * 70 + "\n" + "all work and no play\n" * 500))
    mailbox.append(mail("small"))
    look(stage, mailbox, max_bytes=5000)
    with Reader() as reader:
        handle_waiting(stage.desk, reader)
    huge, small = rows(stage.desk)
    assert (huge.state, small.state) == ("quarantined", "done")
    assert "larger than this desk takes" in huge.reason
    assert raw(stage.desk, huge).startswith(b"From: erika@shop.example")
    assert len(raw(stage.desk, huge)) < 1000
    told = [(letter.template, letter.to_email) for letter in letters(stage.desk) if letter.incident_id is None]
    assert told == [("quarantine", "root@acme.example"), ("unopened", "erika@shop.example")]
    look(stage, mailbox, max_bytes=5000)
    assert mailbox.uids() == [uid], "whoever wants to see it looks there"
    assert len(rows(stage.desk)) == 2


def test_a_renumbered_mailbox_is_looked_through_again(stage: QuickStage, mailbox: Mailbox) -> None:
    with mailbox.client() as client:
        client.create_folder("Support")
    mailbox.append(mail("known"), "Support")
    fields = {"folder": "Support", "done": None, "flag": "maildesk"}
    look(stage, mailbox, **fields)
    before = state(stage.desk)
    anew(mailbox, "Support", mail("known"), mail("new"))
    assert look(stage, mailbox, **fields) == 1
    assert subjects(stage) == ["known", "new"]
    assert state(stage.desk).uidvalidity != before.uidvalidity
    assert sightings(stage.desk) == {1: True, 2: True}
    (alarm,) = letters(stage.desk)
    assert (alarm.template, alarm.to_email) == ("alarm", "root@acme.example")


def anew(mailbox: Mailbox, folder: str, *mails: bytes) -> None:
    """The folder was restored by its server: other numbers, the same mails, some of them old."""
    with mailbox.client() as client:
        one: IMAPClient = client
        one.delete_folder(folder)
        one.create_folder(folder)
    for content in mails:
        mailbox.append(content, folder)


def test_mails_older_than_the_last_look_are_not_taken_from_a_renumbered_mailbox(
    stage: QuickStage, mailbox: Mailbox
) -> None:
    with mailbox.client() as client:
        client.create_folder("Support")
    fields = {"folder": "Support", "done": None, "flag": "maildesk"}
    look(stage, mailbox, since="now", **fields)
    anew(mailbox, "Support")
    mailbox.append(mail("ancient"), "Support", when=datetime.now().astimezone() - timedelta(days=9))
    mailbox.append(mail("new"), "Support")
    look(stage, mailbox, since="now", **fields)
    assert subjects(stage) == ["new"]


@pytest.mark.parametrize(("hours", "clamped"), [(-1, "last look"), (1, "now"), (0, "server")])
def test_the_time_of_receipt_is_what_the_server_says_within_reason(
    stage: QuickStage, mailbox: Mailbox, hours: int, clamped: str
) -> None:
    look(stage, mailbox)
    last = state(stage.desk).scan_started_at
    assert last is not None
    stage.clock.at += timedelta(seconds=30)
    said = (last + timedelta(hours=hours, seconds=10)).replace(microsecond=0)
    mailbox.append(mail("timed"), when=said)
    look(stage, mailbox)
    (row,) = rows(stage.desk)
    assert row.received_at == {"last look": last, "now": stage.clock.at, "server": said}[clamped]


# --- the loop --------------------------------------------------------------------------------------------------------


def test_the_loop_goes_on_when_the_server_comes_back(stage: QuickStage, mailbox: Mailbox) -> None:
    with CutProxy(mailbox.server.imap) as proxy:
        proxy.refuse = True
        intake = Intake(stage.desk, Source(account(mailbox, port=proxy.port), "all"))
        thread = threading.Thread(target=intake.run)
        thread.start()
        try:
            wait_until(lambda: "trouble" in beat(stage.desk))
            proxy.refuse = False
            mailbox.append(mail("waited"))
            wait_until(lambda: subjects(stage) == ["waited"])
            wait_until(lambda: beat(stage.desk) == "reading")
        finally:
            intake.stop()
            thread.join(10)
    assert not thread.is_alive()


def wait_until(condition: object, seconds: float = 15) -> None:
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    while not condition():  # type: ignore[operator] # a question
        assert datetime.now(UTC) < end, "it did not happen"
        threading.Event().wait(0.02)


def beat(desk: Desk) -> str:
    with desk.database.view() as view:
        return next((one.note for one in view.meta.beats() if one.role == "intake:support"), "")
