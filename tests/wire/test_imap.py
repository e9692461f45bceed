"""The IMAP session against a real Dovecot, with a proxy between them that cuts, swallows and rewrites."""

from __future__ import annotations

import base64
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from servers.dovecot import Dovecot, Mailbox, running_dovecot
from servers.loopback import HOST, free_ports
from servers.proxy import CutProxy

from maildesk.errors import ChannelError
from maildesk.wire import imap, tls
from maildesk.wire.imap import PIECE, ImapAccount, ImapSession

pytestmark = pytest.mark.servers


def mail(subject: str, size: int = 0) -> bytes:
    """A mail of about `size` bytes, or a short one; every byte of it tells where it stands."""
    head = f"From: anna@customer.test\r\nSubject: {subject}\r\n\r\n".encode()
    lines = b"".join(f"line {number:60d}\r\n".encode() for number in range(max(0, size - len(head)) // 67))
    return head + lines + b"x" * max(0, size - len(head) - len(lines) - 2) + b"\r\n"


def account(box: Mailbox, **changes: object) -> ImapAccount:
    server = box.server
    plain = ImapAccount(
        name="support",
        host=HOST,
        port=server.imap,
        tls="none",
        user=box.user,
        password=lambda: box.password,
        cafile=str(server.cafile),
        timeout=5,
    )
    return replace(plain, **changes)


@contextmanager
def session(box: Mailbox, **changes: object) -> Iterator[ImapSession]:
    one = ImapSession(account(box, **changes))
    try:
        one.connect()
        one.select()
        yield one
    finally:
        one.close()


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[CutProxy]:
    with CutProxy(dovecot.imap) as one:
        yield one


def without(*words: bytes) -> Callable[[bytes], bytes]:
    """A server that lacks some abilities: they are taken out of every list it gives."""

    def rewrite(data: bytes) -> bytes:
        for word in words:
            data = data.replace(b" " + word, b"")
        return data

    return rewrite


def later(seconds: float, work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        time.sleep(seconds)
        work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


# --- connecting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["none", "starttls", "implicit"])
def test_every_way_in_leads_to_the_same_folder(mailbox: Mailbox, mode: str) -> None:
    mailbox.append(mail("one"))
    port = mailbox.server.imaps if mode == "implicit" else mailbox.server.imap
    one = ImapSession(account(mailbox, tls=mode, port=port, host="localhost"))
    one.connect()
    selected = one.select()
    assert (selected.exists, selected.uidnext) == (1, 2)
    assert selected.uidvalidity > 0
    one.close()


def test_a_wrong_password_is_told_without_the_password(mailbox: Mailbox) -> None:
    one = ImapSession(account(mailbox, password=lambda: "not-the-password"))
    with pytest.raises(
        ChannelError, match=rf"cannot log in to mailbox support on {HOST}:\d+: .*AUTHENTICATIONFAILED"
    ) as told:
        one.connect()
    assert "not-the-password" not in str(told.value)


def test_a_password_that_the_server_echoes_is_taken_out(mailbox: Mailbox, proxy: CutProxy) -> None:
    proxy.rewrite = lambda data: data.replace(b"Authentication failed.", b"no user with password echoed-secret")
    one = ImapSession(account(mailbox, port=proxy.port, password=lambda: "echoed-secret"))
    with pytest.raises(ChannelError, match=r"with password \*\*\*"):
        one.connect()


def test_a_password_that_cannot_be_read_is_a_fault_of_the_channel(mailbox: Mailbox) -> None:
    def missing() -> str:
        raise FileNotFoundError(2, "No such file or directory", "/etc/maildesk/imap")

    with pytest.raises(ChannelError, match="cannot read the password of mailbox support"):
        ImapSession(account(mailbox, password=missing)).connect()


@pytest.mark.parametrize(
    ("password", "known"), [("canary-plain", True), ("canary-ünicode", True), ("canary-wrong", False)]
)
def test_no_log_of_any_level_holds_the_password(
    dovecot: Dovecot, password: str, known: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    box = dovecot.user(password=password if known else None)
    one = ImapSession(account(box, password=lambda: password))
    try:
        one.connect()
        one.select()
    except ChannelError:
        assert not known
    one.close()
    coded = base64.b64encode(f"\0{box.user}\0{password}".encode()).decode()
    assert "imapclient" in {record.name.partition(".")[0] for record in caplog.records}
    assert "canary" not in caplog.text
    assert coded not in caplog.text


@pytest.mark.parametrize("secret", ["two\r\nlines", "a\nb", "nul\0"])
def test_a_password_with_a_line_break_is_never_sent(mailbox: Mailbox, proxy: CutProxy, secret: str) -> None:
    with pytest.raises(ChannelError, match="line break"):
        ImapSession(account(mailbox, port=proxy.port, password=lambda: secret)).connect()
    assert b"LOGIN" not in proxy.sent


def test_names_and_passwords_may_hold_what_people_choose(dovecot: Dovecot) -> None:
    with session(dovecot.user("anna.o-neil_2", 'pa"ss \\ wörd')) as one:
        assert one.uids_from(1) == []


def test_a_name_with_a_backslash_reaches_the_server_as_it_is(mailbox: Mailbox, proxy: CutProxy) -> None:
    with pytest.raises(ChannelError, match="AUTHENTICATIONFAILED"):
        ImapSession(account(mailbox, port=proxy.port, user='ACME\\a "b"')).connect()
    assert b'LOGIN "ACME\\\\a \\"b\\"" "' in proxy.sent


def test_a_server_that_forbids_plain_logins_is_sent_none(mailbox: Mailbox, proxy: CutProxy) -> None:
    proxy.rewrite = lambda data: data.replace(b"AUTH=PLAIN AUTH=LOGIN", b"LOGINDISABLED")
    with pytest.raises(ChannelError, match="offers no login"):
        ImapSession(account(mailbox, port=proxy.port)).connect()
    assert mailbox.password.encode() not in proxy.sent


def test_a_closed_port_is_told_with_the_step(mailbox: Mailbox) -> None:
    [port] = free_ports(1)
    with pytest.raises(ChannelError, match=rf"cannot connect to mailbox support on {HOST}:{port}: Connection refused"):
        ImapSession(account(mailbox, port=port)).connect()


def test_a_server_that_says_nothing_is_given_up_after_the_timeout(mailbox: Mailbox, proxy: CutProxy) -> None:
    proxy.blackhole = True
    start = time.monotonic()
    with pytest.raises(ChannelError, match=r"cannot connect to .* timed out"):
        ImapSession(account(mailbox, port=proxy.port, timeout=0.5)).connect()
    assert time.monotonic() - start < 3


def test_a_session_without_connection_says_so(mailbox: Mailbox) -> None:
    with pytest.raises(ChannelError, match="there is no connection"):
        ImapSession(account(mailbox)).uids_from(1)


# --- TLS --------------------------------------------------------------------------------------------------------------


def test_a_stripped_starttls_ends_it_before_any_credential(mailbox: Mailbox, proxy: CutProxy) -> None:
    proxy.rewrite = without(b"STARTTLS")
    with pytest.raises(ChannelError, match=r"cannot start TLS for mailbox support .* STARTTLS"):
        ImapSession(account(mailbox, port=proxy.port, tls="starttls")).connect()
    assert mailbox.password.encode() not in proxy.sent
    assert b"LOGIN" not in proxy.sent
    assert b"AUTHENTICATE" not in proxy.sent


def test_a_greeting_that_pretends_a_login_ends_it_too(mailbox: Mailbox, proxy: CutProxy) -> None:
    proxy.rewrite = lambda data: data.replace(b"* OK [CAPABILITY", b"* PREAUTH [CAPABILITY")
    with pytest.raises(ChannelError, match="cannot start TLS for mailbox support"):
        ImapSession(account(mailbox, port=proxy.port, tls="starttls")).connect()
    assert mailbox.password.encode() not in proxy.sent


def test_words_slipped_in_before_the_handshake_end_it(mailbox: Mailbox, proxy: CutProxy) -> None:
    injected = b"\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
    proxy.rewrite = lambda data: data.replace(b"Begin TLS negotiation now.\r\n", b"Begin TLS." + injected)
    with pytest.raises(ChannelError, match="somebody may be in between"):
        ImapSession(account(mailbox, port=proxy.port, tls="starttls")).connect()


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
def test_a_certificate_for_another_host_ends_it(mailbox: Mailbox, mode: str) -> None:
    server = mailbox.server
    with CutProxy(server.imaps if mode == "implicit" else server.imap, listen="127.0.0.2") as proxy:
        one = ImapSession(account(mailbox, host="127.0.0.2", port=proxy.port, tls=mode))
        with pytest.raises(ChannelError, match=r"certificate is not accepted: .*IP address mismatch"):
            one.connect()
        assert mailbox.password.encode() not in proxy.sent


def test_a_certificate_of_an_unknown_authority_ends_it(mailbox: Mailbox) -> None:
    one = ImapSession(account(mailbox, port=mailbox.server.imaps, tls="implicit", cafile=None))
    with pytest.raises(ChannelError, match="certificate is not accepted: self-signed certificate"):
        one.connect()


def test_a_missing_file_of_authorities_is_named(mailbox: Mailbox) -> None:
    one = ImapSession(account(mailbox, port=mailbox.server.imaps, tls="implicit", cafile="/nonexistent/ca.pem"))
    with pytest.raises(ChannelError, match=r"/nonexistent/ca\.pem: No such file"):
        one.connect()


def test_plaintext_to_another_machine_ends_before_the_first_byte(
    mailbox: Mailbox, proxy: CutProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "is_loopback", lambda peer: False)
    with pytest.raises(ChannelError, match="plaintext is for this very machine only"):
        ImapSession(account(mailbox, port=proxy.port)).connect()
    assert not proxy.sent


@pytest.mark.parametrize("changes", [{"tls": "maybe"}, {"flag": "two words"}, {"flag": ""}, {"flag": "a(b"}])
def test_an_account_that_cannot_work_is_refused_when_it_is_made(mailbox: Mailbox, changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"tls must be|cannot be an IMAP keyword"):
        account(mailbox, **changes)


# --- looking and fetching ---------------------------------------------------------------------------------------------


def test_uids_are_those_from_a_number_on_and_never_the_last_one_before_it(mailbox: Mailbox) -> None:
    for number in range(4):
        mailbox.append(mail(str(number)))
    with session(mailbox) as one:
        assert one.uids_from(1) == [1, 2, 3, 4]
        assert one.uids_from(0) == [1, 2, 3, 4]
        assert one.uids_from(3) == [3, 4]
        assert one.uids_from(5) == []
        assert one.uids_from(2**32) == []


def test_an_empty_folder_is_empty(mailbox: Mailbox) -> None:
    with session(mailbox) as one:
        assert one.uids_from(1) == []
        assert one.sizes([]) == {}
        assert one.fetch([]) == {}
        assert one.wait(0) is False


def test_sizes_tell_bytes_and_the_time_of_arrival_in_utc(mailbox: Mailbox) -> None:
    arrived = datetime(2026, 3, 1, 23, 30, 5, tzinfo=UTC)
    uid = mailbox.append(mail("one", 500), when=arrived)
    with session(mailbox) as one:
        assert one.sizes([uid, uid + 7]) == {uid: imap.Size(500, arrived)}


def test_mails_received_since_a_day_are_found(mailbox: Mailbox) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    uids = [mailbox.append(mail("x"), when=noon + timedelta(days=days)) for days in range(3)]
    with session(mailbox) as one:
        assert one.since(date(2026, 3, 2)) == uids[1:]
        assert one.since(date(2026, 3, 9)) == []


@pytest.mark.parametrize("size", [100, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 77])
def test_a_mail_is_fetched_byte_for_byte(mailbox: Mailbox, size: int) -> None:
    raw = mail("exact", size)
    uid = mailbox.append(raw)
    with session(mailbox) as one:
        assert one.fetch([uid]) == {uid: raw}


def test_a_big_mail_comes_in_pieces(mailbox: Mailbox, proxy: CutProxy) -> None:
    uid = mailbox.append(mail("big", 3 * PIECE))
    with session(mailbox, port=proxy.port) as one:
        one.fetch([uid])
    assert proxy.sent.count(b"BODY.PEEK[]<") >= 3
    assert b"BODY.PEEK[])" not in proxy.sent


def test_a_server_that_lies_about_the_size_still_gives_the_whole_mail(mailbox: Mailbox, proxy: CutProxy) -> None:
    raw = mail("understated", 2 * PIECE + 10)
    uid = mailbox.append(raw)
    stated = f"RFC822.SIZE {len(raw)}".encode()
    proxy.rewrite = lambda data: data.replace(stated, b"RFC822.SIZE 1048577")
    with session(mailbox, port=proxy.port) as one:
        assert one.fetch([uid])[uid] == raw
    proxy.rewrite = lambda data: data.replace(stated, b"RFC822.SIZE 9999999")
    with session(mailbox, port=proxy.port) as one:
        assert one.fetch([uid])[uid] == raw


def test_mail_that_vanished_is_left_out_and_does_not_stop_the_rest(mailbox: Mailbox) -> None:
    uids = [mailbox.append(mail(str(number))) for number in range(3)]
    with session(mailbox) as one, mailbox.client() as other:
        other.select_folder("INBOX")
        other.delete_messages([uids[1]])
        other.uid_expunge([uids[1]])
        assert sorted(one.fetch([*uids, 77])) == [uids[0], uids[2]]
        assert one.headers(uids[1]) is None
        assert one.withheld == {}


def test_mail_that_the_server_refuses_is_named_and_does_not_stop_the_rest(mailbox: Mailbox, proxy: CutProxy) -> None:
    uids = [mailbox.append(mail(str(number))) for number in range(3)]
    seen = b""

    def rewrite(data: bytes) -> bytes:
        nonlocal seen
        asked = bytes(proxy.sent[:-2]).rpartition(b"\r\n")[2]
        if b"UID FETCH" in asked and b"BODY" in asked and str(uids[1]).encode() in asked.split()[3].split(b","):
            seen += asked
            return asked.split()[0] + b" NO [SERVERBUG] Internal error occurred.\r\n"
        return data

    proxy.rewrite = rewrite
    with session(mailbox, port=proxy.port) as one:
        assert sorted(one.fetch(uids)) == [uids[0], uids[2]]
        assert list(one.withheld) == [uids[1]]
        assert "Internal error" in one.withheld[uids[1]]
        assert one.uids_from(1) == uids
    assert seen


@pytest.mark.parametrize("size", [0, 2 * PIECE])
def test_mail_that_the_server_hangs_up_on_is_withheld_after_a_few_connections(mailbox: Mailbox, size: int) -> None:
    uids = [mailbox.append(mail(str(number), size if number == 1 else 0)) for number in range(3)]
    assert mailbox.uids() == uids
    [corrupt] = [path for path in mailbox.maildir.rglob("*,S=*") if b"Subject: 1\n" in path.read_bytes()]
    corrupt.chmod(0)  # Dovecot, which reads as another user or as we do, ends the connection over it
    one = ImapSession(account(mailbox))
    for _ in range(3):
        one.connect()
        one.select()
        with pytest.raises(ChannelError, match="cannot fetch mail from"):
            one.fetch(uids)
    one.connect()
    one.select()
    assert sorted(one.fetch(uids)) == [uids[0], uids[2]]
    assert list(one.withheld) == [uids[1]]
    one.close()


def test_the_header_block_alone_can_be_had(mailbox: Mailbox) -> None:
    uid = mailbox.append(mail("only the head", 50_000))
    with session(mailbox) as one:
        assert one.headers(uid) == b"From: anna@customer.test\r\nSubject: only the head\r\n\r\n"


def test_reading_changes_nothing_on_the_server(mailbox: Mailbox, proxy: CutProxy) -> None:
    uids = [mailbox.append(mail("small")), mailbox.append(mail("big", 2 * PIECE))]
    with session(mailbox, port=proxy.port) as one:
        one.fetch(one.uids_from(1))
        one.headers(uids[0])
    assert [mailbox.flags(uid) for uid in uids] == [set(), set()]
    assert b"STORE" not in proxy.sent
    assert b"BODY[" not in proxy.sent


@pytest.mark.parametrize(
    "garbage",
    [
        lambda data: data.replace(b"FETCH (", b"FETCH ((((("),
        lambda data: data.replace(b"FETCH (", b"FETCH )"),
        lambda data: data.replace(b"* SEARCH", b"* SEARCH one two"),
        lambda data: data.replace(b"* SEARCH", b"\xff\xfe\x00\r\n* SEARCH"),
        lambda data: data.replace(b"RFC822.SIZE ", b"RFC822.SIZE x"),
        lambda data: data.replace(b"{", b"{9999999999999"),
        lambda data: data.replace(b"* SEARCH", b"* BYE overloaded\r\n* SEARCH"),
    ],
)
def test_nonsense_from_the_server_is_a_fault_of_the_channel(
    mailbox: Mailbox, proxy: CutProxy, garbage: Callable[[bytes], bytes]
) -> None:
    mailbox.append(mail("one"))
    with session(mailbox, port=proxy.port, timeout=0.5) as one:
        proxy.rewrite = garbage
        with pytest.raises(ChannelError, match="mailbox support on"):
            one.fetch(one.uids_from(1))
        with pytest.raises(ChannelError, match="there is no connection"):
            one.uids_from(1)


def test_a_folder_without_uidvalidity_is_refused(mailbox: Mailbox, proxy: CutProxy) -> None:
    proxy.rewrite = lambda data: data.replace(b"[UIDVALIDITY ", b"[X-NOTHING ")
    with pytest.raises(ChannelError, match="no UIDVALIDITY"), session(mailbox, port=proxy.port):
        pass


def test_a_server_that_does_not_tell_the_next_uid_is_asked_for_the_last(mailbox: Mailbox, proxy: CutProxy) -> None:
    mailbox.append(mail("one"))
    mailbox.append(mail("two"))
    proxy.rewrite = lambda data: data.replace(b"[UIDNEXT ", b"[X-NOTHING ")
    with session(mailbox, port=proxy.port) as one:
        assert one.select().uidnext == 3


def test_a_folder_that_is_not_there_is_named(mailbox: Mailbox) -> None:
    told = pytest.raises(ChannelError, match=r"cannot open the folder in mailbox support .*Helpdesk")
    with told, session(mailbox, folder="Helpdesk"):
        pass


# --- cut wires --------------------------------------------------------------------------------------------------------


def test_a_connection_cut_in_the_middle_of_a_mail_gives_nothing_and_the_next_gives_all(
    mailbox: Mailbox, proxy: CutProxy
) -> None:
    raw = mail("big", 900_000)
    uid = mailbox.append(raw)
    one = ImapSession(account(mailbox, port=proxy.port))
    one.connect()
    one.select()
    proxy.cut_after = 200_000
    with pytest.raises(ChannelError, match="cannot fetch mail from"):
        one.fetch([uid])
    proxy.cut_after = None
    one.connect()
    one.select()
    assert one.fetch([uid]) == {uid: raw}
    one.close()


def test_a_black_hole_in_the_middle_of_a_fetch_ends_after_the_timeout(mailbox: Mailbox, proxy: CutProxy) -> None:
    uid = mailbox.append(mail("one"))
    with session(mailbox, port=proxy.port, timeout=0.5) as one:
        proxy.blackhole = True
        start = time.monotonic()
        with pytest.raises(ChannelError, match="timed out"):
            one.fetch([uid])
        assert time.monotonic() - start < 3


@pytest.mark.parametrize("lacking", [(), (b"MOVE",)])
def test_a_mail_whose_move_was_never_answered_is_settled_by_asking_again(
    mailbox: Mailbox, proxy: CutProxy, lacking: tuple[bytes, ...]
) -> None:
    uids = [mailbox.append(mail(str(number))) for number in range(2)]
    proxy.rewrite = without(*lacking)
    one = ImapSession(account(mailbox, port=proxy.port, done="Processed"))
    one.connect()
    one.select()
    proxy.cut_on = b"UID EXPUNGE" if lacking else b"UID MOVE"
    with pytest.raises(ChannelError, match="cannot put mail away"):
        one.settle(uids)
    proxy.cut_on = None
    one.connect()
    one.select()
    one.settle(uids)
    one.close()
    assert mailbox.uids() == []
    assert len(mailbox.uids("Processed")) == 2


def test_an_answer_that_never_comes_ends_after_the_timeout(mailbox: Mailbox, proxy: CutProxy) -> None:
    uid = mailbox.append(mail("one"))
    with session(mailbox, port=proxy.port, timeout=0.5, done="Processed") as one:
        proxy.deaf_on = b"UID MOVE"
        with pytest.raises(ChannelError, match="timed out"):
            one.settle([uid])
    assert mailbox.uids() == []


# --- putting away -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", [(), (b"MOVE",)])
def test_settled_mail_lies_in_the_done_folder_which_is_made_and_subscribed(
    mailbox: Mailbox, proxy: CutProxy, lacking: tuple[bytes, ...]
) -> None:
    raws = [mail(str(number)) for number in range(3)]
    uids = [mailbox.append(raw) for raw in raws]
    proxy.rewrite = without(*lacking)
    with session(mailbox, port=proxy.port, done="Erledigt/Übrig & mehr") as one:
        one.settle(uids[:2])
        one.settle(uids[:2])
        assert one.uids_from(1) == [uids[2]]
        one.settle([])
    assert mailbox.mails("Erledigt/Übrig & mehr") == raws[:2]
    with mailbox.client() as client:
        assert "Erledigt/Übrig & mehr" in [name for _, _, name in client.list_sub_folders()]
    assert (b"UID MOVE" in proxy.sent) is (not lacking)


def test_what_others_marked_as_deleted_stays_without_move(mailbox: Mailbox, proxy: CutProxy) -> None:
    theirs, ours = mailbox.append(mail("theirs"), flags=("\\Deleted",)), mailbox.append(mail("ours"))
    proxy.rewrite = without(b"MOVE")
    with session(mailbox, port=proxy.port, done="Processed") as one:
        one.settle([ours])
    assert mailbox.uids() == [theirs]


def test_without_move_and_uidplus_mail_is_only_marked_and_nothing_expunged(mailbox: Mailbox, proxy: CutProxy) -> None:
    theirs, ours = mailbox.append(mail("theirs"), flags=("\\Deleted",)), mailbox.append(mail("ours"))
    proxy.rewrite = without(b"MOVE", b"UIDPLUS")
    with session(mailbox, port=proxy.port, done="Processed", flag="$Maildesk") as one:
        one.settle([ours])
    assert mailbox.uids() == [theirs, ours]
    assert mailbox.flags(ours) == {"$Maildesk"}
    assert b"EXPUNGE" not in proxy.sent


@pytest.mark.parametrize(
    ("permanent", "flag", "marked"),
    [
        (None, "$Maildesk", "$Maildesk"),  # as Dovecot says it: new keywords may be made
        (b"(\\Answered \\Seen $MAILDESK)", "$Maildesk", "$Maildesk"),
        (b"(\\Answered \\Seen)", "$Maildesk", "\\Seen"),
        (None, None, "\\Seen"),
    ],
)
def test_mail_that_stays_gets_the_keyword_or_is_seen(
    mailbox: Mailbox, proxy: CutProxy, permanent: bytes | None, flag: str | None, marked: str
) -> None:
    uid = mailbox.append(mail("stays"))
    if permanent:
        dovecots = rb"(\Answered \Flagged \Deleted \Seen \Draft \*)"
        proxy.rewrite = lambda data: data.replace(b"PERMANENTFLAGS " + dovecots, b"PERMANENTFLAGS " + permanent)
    with session(mailbox, port=proxy.port, flag=flag) as one:
        one.settle([uid])
        one.settle([uid, uid + 5])
    assert mailbox.flags(uid) == {marked}
    assert mailbox.uids() == [uid]


def test_many_mails_are_settled_in_sets_that_a_line_can_hold(mailbox: Mailbox, proxy: CutProxy) -> None:
    for number in range(1200):
        mailbox.drop(mail(str(number)))
    with session(mailbox, port=proxy.port, done="Processed") as one:
        uids = one.uids_from(1)
        assert len(one.sizes(uids)) == 1200
        one.settle(uids)
        assert one.uids_from(1) == []
        assert len(one.folder_uids("Processed")) == 1200
    assert max(len(line) for line in bytes(proxy.sent).split(b"\r\n")) < 8000


def test_another_folder_can_be_read_and_left_again(mailbox: Mailbox) -> None:
    uids = [mailbox.append(mail(str(number))) for number in range(3)]
    with session(mailbox, done="Processed") as one:
        assert one.folder_uids("Processed") == []
        one.settle(uids[:2])
        done = one.folder_uids("Processed", date(2020, 1, 1))
        assert [raw.count(b"Subject: ") for raw in one.fetch(done).values()] == [1, 1]
        one.select()
        assert one.uids_from(1) == [uids[2]]


def test_a_server_that_keeps_folders_below_inbox_gets_them_there() -> None:
    with running_dovecot(prefix="INBOX.", separator=".") as server:
        box = server.user().create()
        uid = box.append(mail("one"))
        with session(box, done="Helpdesk/Done") as one:
            one.settle([uid])
            assert len(one.folder_uids("Helpdesk/Done")) == 1
            assert len(one.folder_uids("INBOX.Helpdesk.Done")) == 1
        assert len(box.mails("INBOX.Helpdesk.Done")) == 1


# --- waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["none", "implicit"])
def test_new_mail_ends_the_wait(mailbox: Mailbox, mode: str) -> None:
    port = mailbox.server.imaps if mode == "implicit" else mailbox.server.imap
    with session(mailbox, tls=mode, port=port) as one:
        one.uids_from(1)
        thread = later(0.2, lambda: mailbox.deliver(mail("new")))
        start = time.monotonic()
        assert one.wait(20) is True
        assert time.monotonic() - start < 3
        assert one.uids_from(1) == [1]
        thread.join()


def test_a_wait_without_mail_ends_in_time_and_costs_nothing(mailbox: Mailbox) -> None:
    with session(mailbox) as one:
        one.uids_from(1)
        start, spent = time.monotonic(), time.thread_time()
        assert one.wait(0.6) is False
        assert 0.5 < time.monotonic() - start < 2
        assert time.thread_time() - spent < 0.1


@pytest.mark.parametrize("lacking", [(), (b"IDLE",)])
def test_the_wake_socket_ends_the_wait(mailbox: Mailbox, proxy: CutProxy, lacking: tuple[bytes, ...]) -> None:
    proxy.rewrite = without(*lacking)
    asleep, waker = socket.socketpair()
    with asleep, waker, session(mailbox, port=proxy.port) as one:
        one.uids_from(1)
        thread = later(0.2, lambda: waker.send(b"!"))
        start = time.monotonic()
        assert one.wait(20, asleep.fileno()) is False
        assert time.monotonic() - start < 3
        assert one.uids_from(1) == []
        thread.join()


def test_mail_announced_before_the_wait_begins_is_not_waited_for(mailbox: Mailbox) -> None:
    uid = mailbox.append(mail("first"))
    with session(mailbox) as one:
        assert one.uids_from(1) == [uid]
        mailbox.append(mail("second"))
        one.fetch([uid])  # Dovecot announces the second mail with the answer to this, and not again in IDLE
        one.settle([uid])
        start = time.monotonic()
        assert one.wait(20) is True
        assert time.monotonic() - start < 0.3


def test_a_server_that_announces_all_the_time_does_not_make_the_wait_spin(mailbox: Mailbox, proxy: CutProxy) -> None:
    mailbox.append(mail("one"))
    proxy.rewrite = lambda data: data.replace(b"* SEARCH", b"* 1 EXISTS\r\n* SEARCH")
    with session(mailbox, port=proxy.port) as one:
        early = 0
        end = time.monotonic() + 1
        while time.monotonic() < end:
            one.uids_from(2)
            early += one.wait(0.2)
        assert 1 <= early <= 5


def test_a_line_that_comes_in_pieces_is_still_a_line(mailbox: Mailbox, proxy: CutProxy) -> None:
    with session(mailbox, port=proxy.port) as one:
        one.uids_from(1)
        proxy.slice = 3
        thread = later(0.1, lambda: mailbox.append(mail("new")))
        assert one.wait(20) is True
        assert one.uids_from(1) == [1]
        thread.join()


def test_an_announcement_in_the_same_packet_as_the_start_of_idle_is_heard(mailbox: Mailbox, proxy: CutProxy) -> None:
    with session(mailbox, port=proxy.port) as one:
        one.uids_from(1)
        proxy.rewrite = lambda data: data.replace(b"+ idling\r\n", b"+ idling\r\n* 5 EXISTS\r\n")
        start = time.monotonic()
        assert one.wait(20) is True
        proxy.rewrite = lambda data: data.replace(b"+ idling\r\n", b"* 6 EXISTS\r\n+ idling\r\n")
        one.uids_from(1)
        assert one.wait(20) is True
        assert time.monotonic() - start < 2


def test_what_is_no_news_does_not_end_the_wait(mailbox: Mailbox, proxy: CutProxy) -> None:
    uid = mailbox.append(mail("one"))
    with session(mailbox, port=proxy.port) as one:
        one.uids_from(1)
        with mailbox.client() as other:
            other.select_folder("INBOX")
            thread = later(0.1, lambda: other.add_flags([uid], ["\\Seen"]))
            assert one.wait(1.5) is False
            thread.join()
    assert b"FETCH (" in proxy.received
    assert proxy.sent.count(b"DONE") >= 2


def test_idle_is_entered_anew_before_it_grows_old(
    mailbox: Mailbox, proxy: CutProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert imap.RENEW < 9 * 60
    monkeypatch.setattr(imap, "RENEW", 0.2)
    with session(mailbox, port=proxy.port) as one:
        one.uids_from(1)
        assert one.wait(0.9) is False
    assert 4 <= proxy.sent.count(b" IDLE\r\n") <= 6


@pytest.mark.parametrize("lacking", [(), (b"IDLE",)])
@pytest.mark.parametrize("way", ["close_all", "reset_all"])
def test_a_server_that_closes_is_noticed_at_once(
    mailbox: Mailbox, proxy: CutProxy, lacking: tuple[bytes, ...], way: str
) -> None:
    proxy.rewrite = without(*lacking)
    with session(mailbox, port=proxy.port) as one:
        one.uids_from(1)
        thread = later(0.2, getattr(proxy, way))
        start = time.monotonic()
        with pytest.raises(ChannelError, match="cannot wait for mail in"):
            one.wait(20)
        assert time.monotonic() - start < 3
        thread.join()


def test_a_server_that_says_farewell_while_we_wait_is_quoted(mailbox: Mailbox) -> None:
    with session(mailbox) as one:
        one.uids_from(1)
        conf = mailbox.server.folder / "dovecot.conf"
        thread = later(0.2, lambda: os.spawnlp(os.P_WAIT, "doveadm", "doveadm", "-c", str(conf), "kick", mailbox.user))
        with pytest.raises(ChannelError, match=r"cannot wait for mail in mailbox support .*(closed|BYE)"):
            one.wait(20)
        thread.join()


def test_a_black_hole_is_noticed_when_idle_ends(mailbox: Mailbox, proxy: CutProxy) -> None:
    with session(mailbox, port=proxy.port, timeout=0.5) as one:
        one.uids_from(1)
        proxy.deaf_on = b"DONE"
        with pytest.raises(ChannelError, match="timed out"):
            one.wait(0.3)


def test_without_idle_the_caller_looks_again_when_the_time_is_up(mailbox: Mailbox, proxy: CutProxy) -> None:
    proxy.rewrite = without(b"IDLE")
    with session(mailbox, port=proxy.port) as one:
        one.uids_from(1)
        mailbox.append(mail("new"))
        assert one.wait(0.3) is False
        assert one.uids_from(1) == [1]
    assert b"IDLE1" not in proxy.sent


def test_a_session_lives_on_over_many_rounds_without_growing(mailbox: Mailbox) -> None:
    with session(mailbox, done="Processed") as one:
        for number in range(30):
            mailbox.append(mail(str(number)))
            uids = one.uids_from(1)
            assert len(one.fetch(uids)) == 1
            one.settle(uids)
            one.wait(0)
        kept = one._client._imap.untagged_responses
        assert sum(len(values) for values in kept.values()) < 10


def test_closing_twice_or_after_the_server_went_is_no_error(mailbox: Mailbox, proxy: CutProxy) -> None:
    with session(mailbox, port=proxy.port) as one:
        proxy.reset_all()
        one.close()
        one.close()
        one.connect()
        assert one.select().exists == 0
