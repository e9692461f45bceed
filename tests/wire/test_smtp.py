"""The SMTP channel: what each reply and each broken wire means for a letter; a scriptable server, and Postfix."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.dovecot import Dovecot
from servers.loopback import certificate, free_ports
from servers.postfix import Postfix
from servers.proxy import CutProxy
from servers.smtpd import Sink

from maildesk.errors import ChannelError
from maildesk.wire import smtp, tls
from maildesk.wire.smtp import Ambiguous, ChannelDown, Outcome, PutOff, Refused, Sent, SmtpAccount, SmtpChannel, judge

LETTER = b"From: support@example.com\r\nTo: anna@far.test\r\nSubject: hello\r\n\r\nDear Anna\r\n"
BIG = b"Subject: big\r\n\r\nSTART\r\n" + (b"x" * 76 + b"\r\n") * 220_000
T = TypeVar("T")


def account(port: int, **changes: object) -> SmtpAccount:
    return replace(SmtpAccount("127.0.0.1", port, "none", timeout=5, connect_timeout=5, data_timeout=5), **changes)


def using(one: SmtpAccount, work: Callable[[SmtpChannel], Awaitable[T]]) -> T:
    """Run some work over one channel, and close it."""

    async def run() -> T:
        channel = SmtpChannel(one)
        try:
            return await work(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def send(
    one: SmtpAccount, letter: bytes = LETTER, to: str = "anna@far.test", sender: str = "support@example.com"
) -> Outcome:
    return using(one, lambda channel: channel.send(sender, to, letter))


@pytest.fixture
def proxy(sink: Sink) -> Iterator[CutProxy]:
    with CutProxy(sink.port) as one:
        yield one


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("chain"))


# --- what a reply means -----------------------------------------------------------------------------------------------

REPLIES = [
    ("mail", 250, "2.1.0 OK", None),
    ("mail", 421, "4.3.2 service shutting down", ChannelDown),
    ("mail", 430, "4.7.2 too many messages by this user", PutOff),
    ("mail", 432, "4.3.2 concurrent connections limit exceeded", PutOff),
    ("mail", 450, "4.1.8 sender domain not found", PutOff),
    ("mail", 451, "4.3.0 queue file write error", PutOff),
    ("mail", 452, "4.3.1 insufficient system storage", PutOff),
    ("mail", 454, "4.7.0 TLS not available", PutOff),
    ("mail", 500, "5.5.2 command not recognised", ChannelDown),
    ("mail", 501, "5.1.7 bad sender address syntax", Refused),
    ("mail", 502, "5.5.1 command not implemented", ChannelDown),
    ("mail", 503, "5.5.1 polite people say hello first", ChannelDown),
    ("mail", 504, "5.5.2 parameter not implemented", ChannelDown),
    ("mail", 530, "5.7.0 must issue a STARTTLS command first", ChannelDown),
    ("mail", 530, "5.7.57 client not authenticated to send mail", ChannelDown),
    ("mail", 534, "5.7.9 authentication mechanism is too weak", ChannelDown),
    ("mail", 535, "5.7.8 credentials invalid", ChannelDown),
    ("mail", 538, "5.7.11 encryption required", ChannelDown),
    ("mail", 550, "5.7.1 client not allowed", ChannelDown),
    ("mail", 550, "5.1.0 sender rejected", Refused),
    ("mail", 552, "5.3.4 message size exceeds fixed limit", Refused),
    ("mail", 553, "5.7.1 not owned by user", ChannelDown),
    ("rcpt", 250, "2.1.5 OK", None),
    ("rcpt", 251, "user not local; will forward", None),
    ("rcpt", 252, "cannot verify, will try", None),
    ("rcpt", 421, "4.4.2 timeout exceeded", ChannelDown),
    ("rcpt", 450, "4.2.1 mailbox busy", PutOff),
    ("rcpt", 451, "4.7.1 greylisted", PutOff),
    ("rcpt", 452, "4.2.2 mailbox full", PutOff),
    ("rcpt", 530, "5.7.0 authentication required", ChannelDown),
    ("rcpt", 550, "5.1.1 no such user", Refused),
    ("rcpt", 550, "5.7.1 recipient does not want this", Refused),
    ("rcpt", 551, "5.1.6 user has moved", Refused),
    ("rcpt", 552, "5.2.2 mailbox full", Refused),
    ("rcpt", 553, "5.1.3 bad address", Refused),
    ("rcpt", 553, "5.7.1 <a@x>: Sender address rejected: not owned by user b", ChannelDown),
    ("rcpt", 554, "5.7.1 <mx[192.0.2.1]>: Client host rejected: Access denied", ChannelDown),
    ("rcpt", 504, "5.5.2 <localhost>: Helo command rejected: need a whole name", ChannelDown),
    ("rcpt", 554, "5.7.1 <x@y>: Relay access denied", Refused),
    ("data", 354, "go on", None),
    ("data", 250, "what?", PutOff),
    ("data", 451, "4.3.0 try later", PutOff),
    ("data", 554, "5.5.1 no valid recipients", Refused),
    ("dot", 250, "2.0.0 queued", Sent),
    ("dot", 251, "queued elsewhere", Sent),
    ("dot", 354, "go on", Ambiguous),
    ("dot", 421, "4.3.0 closing", ChannelDown),
    ("dot", 451, "4.7.0 try again", PutOff),
    ("dot", 452, "4.3.1 disk full", PutOff),
    ("dot", 500, "5.6.0 line too long", Refused),
    ("dot", 550, "5.7.1 looks like spam", Refused),
    ("dot", 552, "5.3.4 too big", Refused),
    ("dot", 554, "5.6.0 malformed", Refused),
]


@pytest.mark.parametrize(("stage", "code", "words", "meaning"), REPLIES)
def test_a_reply_means_one_thing_at_its_stage(stage: smtp.Stage, code: int, words: str, meaning: type | None) -> None:
    verdict = judge(stage, code, words)
    assert verdict is None if meaning is None else type(verdict) is meaning
    if verdict is not None:
        assert verdict.reply.endswith(words)


@given(st.sampled_from(["mail", "rcpt", "data", "dot"]), st.integers(100, 999), st.text(max_size=30))
@settings(max_examples=100)
def test_nothing_but_a_2xx_after_the_dot_counts_as_sent(stage: smtp.Stage, code: int, words: str) -> None:
    assert isinstance(judge(stage, code, words), Sent) is (stage == "dot" and 200 <= code <= 299)


@pytest.mark.parametrize(
    ("stage", "reply", "meaning"),
    [
        ("MAIL", "452 4.3.1 disk full", PutOff),
        ("MAIL", "421 4.3.2 shutting down", ChannelDown),
        ("MAIL", "530 5.7.0 log in first", ChannelDown),
        ("RCPT", "450 4.2.1 busy", PutOff),
        ("RCPT", "550 5.1.1 no such user", Refused),
        ("RCPT", "421 4.4.2 timeout", ChannelDown),
        ("DATA", "451 4.3.0 try later", PutOff),
        ("DATA", "554 5.5.1 no valid recipients", Refused),
        ("DOT", "452 4.3.1 disk full", PutOff),
        ("DOT", "550 5.7.1 looks like spam", Refused),
        ("DOT", "421 4.3.2 shutting down", ChannelDown),
        ("EHLO", "554 5.3.2 go away", ChannelDown),
        ("EHLO", "421 4.3.2 too busy", ChannelDown),
        ("RCPT", "drop", PutOff),
        ("DATA", "drop", PutOff),
        ("DOT", "drop", Ambiguous),
    ],
)
def test_a_server_that_says_so_is_understood_so(sink: Sink, stage: str, reply: str, meaning: type) -> None:
    sink.answers[stage] = reply
    outcome = send(account(sink.port))
    assert type(outcome) is meaning
    if reply[0].isdigit():
        assert outcome.code == int(reply[:3])
        assert reply[4:] in outcome.reply
        assert not sink.letters


# --- the letter -------------------------------------------------------------------------------------------------------


def test_the_letter_arrives_as_it_is(sink: Sink) -> None:
    letter = LETTER + b".\r\n..two\r\n.end\r\n"
    assert send(account(sink.port), letter) == Sent("2.0.0 queued")
    [received] = sink.letters
    assert (received.sender, received.to, received.content) == ("support@example.com", "anna@far.test", letter)
    assert f"SIZE={len(letter)}" in received.options


def test_a_line_end_that_is_none_cannot_end_the_letter_early(sink: Sink) -> None:
    send(account(sink.port), b"Subject: x\r\n\r\none\n.\ntwo\r.\rthree\r\n.\r\nMAIL FROM:<evil@x>\r\nlast")
    [received] = sink.letters
    assert received.content == b"Subject: x\r\n\r\none\r\n.\r\ntwo\r\n.\r\nthree\r\n.\r\nMAIL FROM:<evil@x>\r\nlast\r\n"


def test_a_big_letter_arrives_whole(sink: Sink) -> None:
    big = LETTER + b".zz\r\n" * 500_000
    assert send(account(sink.port), big) == Sent("2.0.0 queued")
    assert sink.letters[0].content == big


def test_the_null_sender_is_sent_as_such(sink: Sink) -> None:
    assert isinstance(send(account(sink.port), sender=""), Sent)
    assert sink.letters[0].sender == ""


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@far.test",
        "anna@",
        "anna@far.test, bob@far.test",
        "Anna <anna@far.test>",
        "anna(work)@far.test",
        "anna @far.test",
        "anna@far.test\r\nRCPT TO:<bob@far.test>",
        "anna@far.test> SIZE=1",
        "anna@far..test",
        "anna..b@far.test",
        "anna@fär.test",
        "an\0na@far.test",
        "anna\u2028@far.test",
        "an\ud800na@far.test",
        "a@b@far.test",
        '"an"na"@far.test',
        "a" * 250 + "@far.test",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(sink: Sink, address: str) -> None:
    outcome = send(account(sink.port), to=address)
    assert isinstance(outcome, Refused)
    assert outcome.reply.startswith("5.1.3")
    assert outcome.reply.isprintable()
    if address:
        assert isinstance(send(account(sink.port), sender=address), Refused)
    assert sink.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "anna@far.test",
        "anna+tag=x/y@far.test",
        "support+i42.k1.abcdef@far.test",
        '"a b"@far.test',
        "a@[127.0.0.1]",
        "a@host",
    ],
)
def test_what_is_an_address_reaches_the_server_unchanged(sink: Sink, address: str) -> None:
    assert isinstance(send(account(sink.port), to=address), Sent)
    assert sink.letters[0].to == address


@given(st.text(max_size=40))
@settings(max_examples=150)
def test_no_accepted_address_can_break_out_of_its_command(text: str) -> None:
    for address in (text, f"{text}@far.test"):
        if smtp.bad_address(address) is None:
            assert address.encode()
            assert not set(address) & set("\r\n\0<>") or address.startswith('"')
            assert not set(address) & set("\r\n\0")


def test_a_unicode_address_is_sent_only_to_a_server_that_takes_it(sink: Sink) -> None:
    assert isinstance(send(account(sink.port), to="änna@far.test"), Sent)
    assert sink.letters[0].to == "änna@far.test"
    assert "SMTPUTF8" in sink.letters[0].options
    with Sink(utf8=False) as old:
        assert send(account(old.port), to="änna@far.test") == Refused(
            553, "5.6.7 the server takes only ASCII addresses"
        )
        assert not old.letters


def test_eight_bit_content_is_announced(sink: Sink) -> None:
    send(account(sink.port), LETTER + "Grüße\r\n".encode())
    assert "BODY=8BITMIME" in sink.letters[0].options


def test_the_server_tells_how_big_a_letter_may_be() -> None:
    with Sink(size=1_000_000) as small:

        async def work(channel: SmtpChannel) -> tuple[int | None, Outcome, int | None]:
            before = channel.max_size
            return before, await channel.send("a@x.test", "b@x.test", BIG), channel.max_size

        before, outcome, after = using(account(small.port), work)
    assert (before, after) == (None, 1_000_000)
    assert isinstance(outcome, Refused)
    assert outcome.code == 552


# --- where the wire breaks --------------------------------------------------------------------------------------------


def test_a_connection_cut_in_the_middle_of_the_letter_is_certainly_no_delivery(sink: Sink, proxy: CutProxy) -> None:
    proxy.cut_on = b"START"
    outcome = send(account(proxy.port), BIG)
    assert isinstance(outcome, PutOff)
    assert outcome.code == 0
    assert not sink.letters


def test_a_server_that_takes_no_more_bytes_is_certainly_no_delivery(sink: Sink, proxy: CutProxy) -> None:
    async def work(channel: SmtpChannel) -> Outcome:
        sending = asyncio.create_task(channel.send("a@x.test", "b@x.test", BIG))
        await asyncio.to_thread(proxy.wait_sent, 100_000)
        proxy.blackhole = True
        return await sending

    outcome = using(account(proxy.port, timeout=0.4), work)
    assert isinstance(outcome, PutOff)
    assert "takes no more bytes" in outcome.reply
    proxy.reset_all()
    assert not sink.letters


@pytest.mark.parametrize("way", ["cut_on", "deaf_on"])
def test_an_answer_lost_after_the_final_dot_is_ambiguous(sink: Sink, proxy: CutProxy, way: str) -> None:
    sink.mode, sink.pause = "slow 250", 0.3  # or the answer may be back before the line is cut
    setattr(proxy, way, b".\r\n")
    outcome = send(account(proxy.port, data_timeout=0.5))
    assert isinstance(outcome, Ambiguous)
    assert len(sink.wait_for(1)) == 1


def test_a_slow_answer_after_the_final_dot_is_waited_for(sink: Sink) -> None:
    sink.mode = "slow 250"
    sink.pause = 0.6
    assert isinstance(send(account(sink.port, timeout=0.2)), Sent)
    assert SmtpAccount("h", 25, "implicit").data_timeout == 600


@pytest.mark.parametrize("tls_mode", ["implicit", "starttls"])
def test_inside_tls_the_same_cut_means_the_same(chain: tuple[Path, Path], tls_mode: str) -> None:
    with Sink(tls=tls_mode, chain=chain) as sink, CutProxy(sink.port) as proxy:
        one = account(proxy.port, tls=tls_mode, cafile=str(chain[0]))

        async def cut_in_the_letter(channel: SmtpChannel) -> Outcome:
            sending = asyncio.create_task(channel.send("a@x.test", "b@x.test", BIG))
            await asyncio.to_thread(proxy.wait_sent, 500_000)
            proxy.reset_all()
            return await sending

        assert isinstance(using(one, cut_in_the_letter), PutOff)
        assert not sink.letters
        sink.answers["DOT"] = "drop"
        assert isinstance(send(one), Ambiguous)
        assert len(sink.letters) == 1


def test_a_server_that_hangs_before_the_letter_puts_it_off(sink: Sink) -> None:
    sink.mode = "hang"
    outcome = send(account(sink.port, timeout=0.3))
    assert isinstance(outcome, PutOff)
    assert "no answer to MAIL" in outcome.reply


def test_a_greylisted_letter_goes_at_the_second_try(sink: Sink) -> None:
    sink.mode = "grey"

    async def twice(channel: SmtpChannel) -> list[Outcome]:
        return [await channel.send("a@x.test", "b@x.test", LETTER) for _ in range(2)]

    first, second = using(account(sink.port), twice)
    assert (type(first), type(second)) == (PutOff, Sent)
    assert sink.connections == 1


# --- connections ------------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again_also_after_a_refused_letter(sink: Sink) -> None:
    async def work(channel: SmtpChannel) -> list[type]:
        outcomes = [await channel.send("a@x.test", "b@x.test", LETTER)]
        sink.once["RCPT"] = "550 5.1.1 no"
        return [
            type(outcome)
            for outcome in outcomes + [await channel.send("a@x.test", "b@x.test", LETTER) for _ in range(3)]
        ]

    assert using(account(sink.port), work) == [Sent, Refused, Sent, Sent]
    assert sink.connections == 1
    assert sink.quits == 1


def test_letters_in_parallel_keep_to_the_number_of_connections(sink: Sink) -> None:
    sink.mode = "slow 250"
    sink.pause = 0.1

    async def work(channel: SmtpChannel) -> list[Outcome]:
        return await asyncio.gather(*(channel.send("a@x.test", f"b{number}@x.test", LETTER) for number in range(8)))

    start = time.monotonic()
    assert all(isinstance(outcome, Sent) for outcome in using(account(sink.port, connections=2), work))
    assert 0.35 < time.monotonic() - start < 3
    assert sink.connections == 2
    assert len({letter.to for letter in sink.letters}) == 8


@pytest.mark.parametrize("ending", ["hang_up", "421 4.4.2 idle too long", "drop", "hang"])
def test_a_kept_connection_that_the_server_gave_up_is_no_error(sink: Sink, ending: str) -> None:
    async def work(channel: SmtpChannel) -> list[Outcome]:
        first = await channel.send("a@x.test", "b@x.test", LETTER)
        if ending == "hang_up":
            await asyncio.to_thread(sink.hang_up)
        else:
            sink.once["MAIL"] = ending
        return [first, await channel.send("a@x.test", "b@x.test", LETTER)]

    assert using(account(sink.port, timeout=0.4), work) == [Sent("2.0.0 queued")] * 2
    assert sink.connections == 2
    assert len(sink.letters) == 2


def test_a_connection_that_breaks_after_the_letter_was_begun_is_not_tried_twice(sink: Sink) -> None:
    async def work(channel: SmtpChannel) -> list[type]:
        first = await channel.send("a@x.test", "b@x.test", LETTER)
        sink.once["RCPT"] = "drop"
        return [type(first), type(await channel.send("a@x.test", "b@x.test", LETTER))]

    assert using(account(sink.port), work) == [Sent, PutOff]


def test_an_idle_connection_is_closed_politely(sink: Sink) -> None:
    async def work(channel: SmtpChannel) -> int:
        await channel.send("a@x.test", "b@x.test", LETTER)
        await asyncio.sleep(0.6)
        return sink.quits

    assert using(account(sink.port, keep=0.2), work) == 1
    assert SmtpAccount("h", 25, "implicit").keep == 30


def test_a_connection_carries_only_so_many_letters(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_LETTERS_A_CONNECTION", 2)

    async def work(channel: SmtpChannel) -> None:
        for _ in range(5):
            assert isinstance(await channel.send("a@x.test", "b@x.test", LETTER), Sent)

    using(account(sink.port), work)
    assert [letter.connection for letter in sink.letters] == [1, 1, 2, 2, 3]


def test_a_cancelled_letter_takes_its_connection_along(sink: Sink) -> None:
    sink.once["DOT"] = "hang"

    async def work(channel: SmtpChannel) -> Outcome:
        sending = asyncio.create_task(channel.send("a@x.test", "b@x.test", LETTER))
        await asyncio.to_thread(sink.wait_for, 1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        return await channel.send("a@x.test", "c@x.test", LETTER)

    assert isinstance(using(account(sink.port, connections=1), work), Sent)
    assert sink.connections == 2


# --- TLS and login ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
def test_a_letter_goes_through_tls_and_login(chain: tuple[Path, Path], mode: str) -> None:
    with Sink(tls=mode, chain=chain, users={"desk": "pässword"}) as sink:
        one = account(sink.port, tls=mode, cafile=str(chain[0]), user="desk", password=lambda: "pässword")
        assert isinstance(send(one), Sent)
        assert sink.letters[0].user == "desk"
        assert using(one, SmtpChannel.probe) == "sink.test"


def test_a_wrong_password_is_tried_once_and_stops_the_channel(sink: Sink) -> None:
    with Sink(users={"desk": "right"}) as server:
        outcome = send(account(server.port, user="desk", password=lambda: "wrong-canary"))
        assert isinstance(outcome, ChannelDown)
        assert outcome.code == 535
        assert "wrong-canary" not in outcome.reply
        assert server.logins == ["desk"]
        with pytest.raises(ChannelError, match=rf"cannot log in to 127\.0\.0\.1:{server.port}: 535 5\.7\.8"):
            using(account(server.port, user="desk", password=lambda: "wrong-canary"), SmtpChannel.probe)


def test_no_log_of_any_level_holds_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Sink(users={"desk": "right"}) as server:
        for password in ("right", "canary-wrong"):
            send(account(server.port, user="desk", password=lambda word=password: word))
            # aiosmtpd, the other side here, logs in its own name what it is sent
            ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]
            coded = base64.b64encode(f"\0desk\0{password}".encode()).decode()
            assert not [line for line in ours if password in line or coded in line]
        assert server.logins == ["desk", "desk"]


def test_a_reply_that_echoes_the_password_is_cleaned() -> None:
    with Sink(users={"desk": "right"}) as server:
        server.answers["AUTH"] = "535 5.7.8 wrong-canary is not it"
        outcome = send(account(server.port, user="desk", password=lambda: "wrong-canary"))
    assert outcome == ChannelDown(535, f"cannot log in to 127.0.0.1:{server.port}: 535 5.7.8 *** is not it")


def test_a_login_that_fails_for_now_stops_the_channel_too() -> None:
    with Sink(users={"desk": "right"}) as server:
        server.answers["AUTH"] = "454 4.7.0 temporary authentication failure"
        outcome = send(account(server.port, user="desk", password=lambda: "right"))
    assert isinstance(outcome, ChannelDown)
    assert outcome.code == 454


def test_a_server_that_wants_a_login_which_we_lack_stops_the_channel() -> None:
    with Sink(users={"desk": "right"}) as server:
        outcome = send(account(server.port))
    assert isinstance(outcome, ChannelDown)
    assert outcome.code == 530


def test_a_login_that_is_not_offered_stops_the_channel(sink: Sink) -> None:
    outcome = send(account(sink.port, user="desk", password=lambda: "canary"))
    assert isinstance(outcome, ChannelDown)
    assert "offers no login" in outcome.reply


def test_a_password_that_cannot_be_read_stops_the_channel(sink: Sink) -> None:
    def missing() -> str:
        raise FileNotFoundError(2, "No such file or directory", "/etc/maildesk/smtp")

    outcome = send(account(sink.port, user="desk", password=missing))
    assert isinstance(outcome, ChannelDown)
    assert "/etc/maildesk/smtp: No such file or directory" in outcome.reply


def test_a_stripped_starttls_ends_it_before_any_credential(chain: tuple[Path, Path]) -> None:
    with Sink(tls="starttls", chain=chain, users={"desk": "canary"}) as sink, CutProxy(sink.port) as proxy:
        proxy.rewrite = lambda data: data.replace(b"250-STARTTLS\r\n", b"")
        one = account(proxy.port, tls="starttls", cafile=str(chain[0]), user="desk", password=lambda: "canary")
        outcome = send(one)
        assert isinstance(outcome, ChannelDown)
        assert "STARTTLS" in outcome.reply
        assert b"AUTH" not in proxy.sent
        assert b"MAIL" not in proxy.sent


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
def test_a_certificate_for_another_host_ends_it(chain: tuple[Path, Path], mode: str) -> None:
    with Sink(tls=mode, chain=chain) as sink, CutProxy(sink.port, listen="127.0.0.2") as proxy:
        outcome = send(account(proxy.port, host="127.0.0.2", tls=mode, cafile=str(chain[0])))
        assert isinstance(outcome, ChannelDown)
        assert "IP address mismatch" in outcome.reply
        assert not sink.letters


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
def test_a_certificate_of_an_unknown_authority_ends_it(chain: tuple[Path, Path], mode: str) -> None:
    with Sink(tls=mode, chain=chain) as sink:
        outcome = send(account(sink.port, tls=mode))
        assert isinstance(outcome, ChannelDown)
        assert "certificate is not accepted: self-signed certificate" in outcome.reply


def test_plaintext_to_another_machine_ends_before_the_greeting(
    sink: Sink, proxy: CutProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "is_loopback", lambda peer: False)
    outcome = send(account(proxy.port))
    assert isinstance(outcome, ChannelDown)
    assert "this very machine only" in outcome.reply
    assert not proxy.sent


@pytest.mark.parametrize(
    ("peer", "same"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", False),
        ("fe80::1%eth0", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_loopback_is_this_machine(peer: str, same: bool) -> None:
    assert tls.is_loopback(peer) is same


def test_a_closed_port_stops_the_channel() -> None:
    [port] = free_ports(1)
    assert send(account(port)) == ChannelDown(0, f"cannot connect to 127.0.0.1:{port}: Connection refused")


def test_a_host_without_address_stops_the_channel() -> None:
    outcome = send(account(25, host="no-such-host.invalid"))
    assert isinstance(outcome, ChannelDown)
    assert "no-such-host.invalid:25" in outcome.reply


def test_a_server_that_never_greets_stops_the_channel(sink: Sink, proxy: CutProxy) -> None:
    proxy.blackhole = True
    outcome = send(account(proxy.port, connect_timeout=0.3))
    assert isinstance(outcome, ChannelDown)
    assert "Timed out" in outcome.reply


def test_an_account_with_an_unknown_kind_of_tls_is_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="tls must be one of"):
        SmtpAccount("h", 25, "sometimes")


def test_a_password_never_stands_in_what_is_printed() -> None:
    assert "canary" not in repr(SmtpAccount("h", 25, "implicit", "desk", lambda: "canary"))


# --- Postfix ----------------------------------------------------------------------------------------------------------


@pytest.mark.servers
@pytest.mark.parametrize("mode", ["starttls", "implicit"])
def test_postfix_takes_a_letter_and_dovecot_has_it(dovecot: Dovecot, postfix: Postfix, mode: str) -> None:
    box = dovecot.user().create()
    port = postfix.submission if mode == "starttls" else postfix.smtps
    one = account(port, tls=mode, cafile=str(postfix.cafile), user=box.user, password=lambda: box.password)
    outcome = send(one, to=box.address.replace("@", "+i42@"), sender=box.address)
    assert isinstance(outcome, Sent)
    end = time.monotonic() + 20
    while not (mails := box.mails()) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(mails) == 1
    assert f"Delivered-To: {box.user}+i42@example.com".encode() in mails[0]
    assert using(one, SmtpChannel.probe) == "mx.example.com"


@pytest.mark.servers
def test_postfix_without_login_stops_the_channel_and_no_letter(postfix: Postfix) -> None:
    outcome = send(account(postfix.submission, tls="starttls", cafile=str(postfix.cafile)))
    assert isinstance(outcome, ChannelDown)
    assert "Client host rejected" in outcome.reply


@pytest.mark.servers
def test_postfix_with_a_wrong_password_stops_the_channel(dovecot: Dovecot, postfix: Postfix) -> None:
    user = dovecot.user().user
    outcome = send(account(postfix.smtps, tls="implicit", cafile=str(postfix.cafile), user=user, password=lambda: "no"))
    assert isinstance(outcome, ChannelDown)
    assert outcome.code == 535


@pytest.mark.servers
def test_what_a_far_server_refuses_comes_back_as_a_bounce(dovecot: Dovecot, postfix: Postfix) -> None:
    box = dovecot.user().create()
    postfix.far.answers["RCPT"] = "550 5.1.1 nobody of that name"
    one = account(
        postfix.smtps, tls="implicit", cafile=str(postfix.cafile), user=box.user, password=lambda: box.password
    )
    try:
        assert isinstance(send(one, to="ghost@far.test", sender=box.address), Sent)
        end = time.monotonic() + 20
        while not (mails := box.mails()) and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        postfix.far.mode = "ok"
    [bounce] = mails
    assert b"multipart/report" in bounce
    assert b"Status: 5.1.1" in bounce
