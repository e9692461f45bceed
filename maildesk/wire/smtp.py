"""Letters out by SMTP (RFC 5321): one recipient a call, over kept connections, and exactly one word about the end.

    Sent         the server took responsibility
    PutOff       not now; the letter is still ours, and try again later
    Refused      never, for this recipient or this letter
    Ambiguous    the final dot left us and its answer did not come: the server may have the letter, or not
    ChannelDown  nobody's letter is at fault: the server, the network, the certificate, the password

The line between PutOff and Ambiguous is the final dot. aiosmtplib sends a letter and its dot in one write, and after a
disconnect nobody can tell how much of it left. So the letter goes first, and the dot only when the last byte before it
has been handed to the kernel: whatever breaks before is certainly no delivery.

What a reply means depends on who is meant by it, so `judge` is a function of stage, code and words, and nothing else.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol

from maildesk.errors import ChannelError
from maildesk.wire import tls

_LETTERS_A_CONNECTION = 100  # then a new one: several providers end a connection with an error after so many


@dataclass(frozen=True, slots=True)
class SmtpAccount:
    """How letters leave. `tls` is implicit, starttls, or none (this machine only); `user` None: no login.

    Times are seconds. RFC 5321 4.5.3.2 asks for 5 minutes of patience a command and 10 for the answer to the final
    dot; less makes two copies of letters that slow servers accepted.
    """

    host: str
    port: int
    tls: str
    user: str | None = None
    password: Callable[[], str] | None = field(default=None, repr=False)
    cafile: str | None = None
    connections: int = 2
    connect_timeout: float = 60
    timeout: float = 300
    data_timeout: float = 600
    keep: float = 30  # how long an idle connection is kept

    def __post_init__(self) -> None:
        if self.tls not in tls.MODES:
            raise ValueError(f"tls must be one of {', '.join(tls.MODES)}, not {self.tls}")


@dataclass(frozen=True, slots=True)
class Sent:
    reply: str


@dataclass(frozen=True, slots=True)
class PutOff:
    """`code` is the server's, or 0 when none was given (the connection broke)."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Refused:
    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    reply: str


@dataclass(frozen=True, slots=True)
class ChannelDown:
    """`code` is the server's, or 0 when none was given."""

    code: int
    reply: str


Outcome = Sent | PutOff | Refused | Ambiguous | ChannelDown
Stage = Literal["mail", "rcpt", "data", "dot"]

# Replies about us and not about the letter: service closing (421), log in first (530), wrong or too weak a login (535,
# 534), encryption needed (538), and commands that the server does not know or expect (500, 502 to 504). After the final
# dot a 500 is about the letter again: "line too long".
_OURS = frozenset({421, 500, 502, 503, 504, 530, 534, 535, 538})
_CHANNEL_CODES: dict[Stage, frozenset[int]] = {"mail": _OURS, "rcpt": _OURS, "data": _OURS, "dot": frozenset({421})}
# Postfix says at RCPT what it has against the client, its greeting or the sender (smtpd_delay_reject).
_CHANNEL_WORDS = re.compile(r"client host rejected|helo command rejected|sender address rejected", re.IGNORECASE)
_POLICY = re.compile(r"5\.7\.\d")  # RFC 3463: security or policy
_GOOD: dict[Stage, frozenset[int]] = {
    "mail": frozenset({250}),
    "rcpt": frozenset({250, 251, 252}),
    "data": frozenset({354}),
    "dot": frozenset(range(200, 300)),
}


def judge(stage: Stage, code: int, reply: str) -> Outcome | None:
    """What a reply means for the letter; None: go on (RFC 5321 4.2, RFC 4954 6, RFC 3463 3.8)."""
    if code in _GOOD[stage]:
        return Sent(reply) if stage == "dot" else None
    policy = stage == "mail" and _POLICY.match(reply)
    if code in _CHANNEL_CODES[stage] or policy or (stage == "rcpt" and _CHANNEL_WORDS.search(reply)):
        return ChannelDown(code, reply)
    if 500 <= code <= 599:
        return Refused(code, reply)
    if stage == "dot" and not 400 <= code <= 499:
        return Ambiguous(f"an answer that makes no sense: {code} {reply}")
    return PutOff(code, reply)


_ATEXT = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+"
_ADDRESS = re.compile(
    rf'(?:{_ATEXT}(?:\.{_ATEXT})*|"(?:[^\x00-\x1f\x7f"\\]|\\[\x20-\x7e])+")'
    r"@(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[A-Za-z0-9.:]+\])"
)


def bad_address(address: str) -> str | None:
    """Why an envelope cannot carry this address, or None. Domains are A-labels; Unicode may stand before the @.

    Stricter than RFC 5321 4.1.2 nowhere that matters, and never lenient: aiosmtplib's own parser takes the first of
    two addresses and drops comments, and so would send the letter to somebody.
    """
    if len(address) > 254:
        return "5.1.3 the address is longer than 254 characters"
    if not _ADDRESS.fullmatch(address) or not _encodable(address):
        return "5.1.3 this is no address"
    return None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


class _Reply(NamedTuple):
    code: int
    text: str


class _Over(Exception):
    """Nothing more can be done on this connection. `unbegun`: it ended before the server answered MAIL."""

    def __init__(self, outcome: Outcome, *, unbegun: bool = False) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome
        self.unbegun = unbegun


@dataclass(slots=True)
class _Connection:
    client: aiosmtplib.SMTP
    letters: int = 0
    idle_since: float = 0.0
    dirty: bool = False  # its last letter was not taken, so the server still holds half an envelope


class SmtpChannel:
    """The way out. Keeps up to `connections` connections, for one asyncio loop; never raises for a letter's fate."""

    def __init__(self, account: SmtpAccount) -> None:
        self.account = account
        self.max_size: int | None = None  # bytes, as the server told last (RFC 1870); None: not told, or no limit
        self._slots = asyncio.Semaphore(account.connections)
        self._kept: list[_Connection] = []
        self._reaper: asyncio.Task[None] | None = None

    async def send(self, envelope_from: str, to: str, content: bytes) -> Outcome:
        """Send one letter to one recipient. `envelope_from` "" is the null sender; `content` has CRLF line ends.

        Nothing is awaited once the outcome is known, so it is lost only if the call is cancelled before; then the
        connection is dropped, and the caller has to doubt the letter.
        """
        for address in (envelope_from, to) if envelope_from else (to,):
            if why := bad_address(address):
                return Refused(553, f"{why}: {tls.one_line(address, 100)}")
        async with self._slots:
            try:
                while (kept := self._take()) is not None:
                    try:
                        return await self._over(kept, envelope_from, to, content)
                    except _Over as over:
                        if not over.unbegun:
                            raise
                return await self._over(_Connection(await self._open()), envelope_from, to, content)
            except _Over as over:
                return over.outcome

    async def probe(self) -> str:
        """Connect, log in, take leave; returns the server's name for itself. Raises ChannelError."""
        try:
            client = await self._open()
        except _Over as over:
            raise ChannelError(over.outcome.reply) from None
        greeting = client.last_ehlo_response
        await _leave(client)
        return tls.one_line(greeting.message.split()[0]) if greeting and greeting.message.split() else self.account.host

    async def close(self) -> None:
        """Take leave of the server on all kept connections."""
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        kept, self._kept = self._kept, []
        await asyncio.gather(*(_leave(one.client) for one in kept))

    # --- connections ---

    def _take(self) -> _Connection | None:
        """The kept connection used last, unless it was closed meanwhile, has grown old, or has carried its share."""
        while self._kept:
            one = self._kept.pop()
            young = time.monotonic() - one.idle_since < self.account.keep
            if one.client.is_connected and young and one.letters < _LETTERS_A_CONNECTION:
                return one
            _abort(one.client)
        return None

    def _keep(self, one: _Connection) -> None:
        one.idle_since = time.monotonic()
        self._kept.append(one)
        if self._reaper is None or self._reaper.done():
            self._reaper = asyncio.create_task(self._reap())

    async def _reap(self) -> None:
        """Take leave on connections that nobody used for `keep` seconds, until none is left."""
        while self._kept:
            oldest = min(one.idle_since for one in self._kept)
            await asyncio.sleep(max(0.0, oldest + self.account.keep - time.monotonic()))
            limit = time.monotonic() - self.account.keep
            old = [one for one in self._kept if one.idle_since <= limit]
            self._kept = [one for one in self._kept if one.idle_since > limit]
            await asyncio.gather(*(_leave(one.client) for one in old))

    async def _open(self) -> aiosmtplib.SMTP:
        """A connection that is greeted, encrypted and logged in. Raises _Over(ChannelDown), whatever goes wrong."""
        account = self.account
        where = f"{account.host}:{account.port}"
        with _step(f"cannot connect to {where}"):
            client = await self._connected()
        try:
            with _step(f"cannot greet {where}"):
                await self._greet(client)
            if account.tls == "starttls":
                with _step(f"cannot start TLS with {where}"):
                    await client.starttls(timeout=account.connect_timeout)
                    await client.ehlo()
            if account.user is not None:
                with _step("cannot read the password for " + where):
                    password = account.password() if account.password else ""
                with _step(f"cannot log in to {where}", password):
                    await _log_in(client, account.user, password)
        except BaseException:
            _abort(client)
            raise
        size = client.esmtp_extensions.get("size", "")
        self.max_size = int(size) if size.isdecimal() and int(size) > 0 else None
        return client

    async def _connected(self) -> aiosmtplib.SMTP:
        account = self.account
        client = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            local_hostname="localhost",  # until the connection says better; left to itself it asks DNS
            timeout=account.timeout,
            use_tls=account.tls == "implicit",
            start_tls=False,  # not by itself: None would mean "if the server offers it"
            tls_context=None if account.tls == "none" else await asyncio.to_thread(tls.context, account.cafile),
        )
        await client.connect(timeout=account.connect_timeout)
        return client

    async def _greet(self, client: aiosmtplib.SMTP) -> None:
        if self.account.tls == "none" and not tls.is_loopback(client.get_transport_info("peername")[0]):
            raise ChannelError("plaintext is for this very machine only; use smtps:// or smtp:// (STARTTLS)")
        client.local_hostname = _own_name(client.get_transport_info("sockname")[0])
        await client.ehlo()

    # --- one letter ---

    async def _over(self, one: _Connection, sender: str, to: str, content: bytes) -> Outcome:
        """Send one letter over this connection, and keep it if it is still good. Raises _Over."""
        whole = False
        reused, one.letters = one.letters > 0, one.letters + 1
        try:
            outcome = await self._transaction(one, sender, to, content, reused=reused)
            whole = _regular(outcome) and one.client.is_connected
        finally:
            if not whole:
                _abort(one.client)
        if whole:
            one.dirty = not isinstance(outcome, Sent)
            self._keep(one)
        return outcome

    async def _transaction(self, one: _Connection, sender: str, to: str, content: bytes, *, reused: bool) -> Outcome:
        client = one.client
        options = _options(client, sender + to, content)
        if options is None:
            return Refused(553, "5.6.7 the server takes only ASCII addresses")
        if one.dirty:
            await _ask(client, b"RSET", unbegun=True)
        reply = await _ask(client, b"MAIL", f"FROM:<{sender}>".encode(), *options, unbegun=reused)
        if reply.code == 421 and reused:  # its way to end an idle connection, and no word about the letter
            raise _Over(ChannelDown(*reply), unbegun=True)
        return (
            judge("mail", *reply)
            or judge("rcpt", *await _ask(client, b"RCPT", f"TO:<{to}>".encode()))
            or judge("data", *await _ask(client, b"DATA"))
            or await self._data(client, content)
        )

    async def _data(self, client: aiosmtplib.SMTP, content: bytes) -> Outcome:
        protocol = client.protocol
        try:
            if protocol is None:
                raise ConnectionResetError("the server closed the connection")
            protocol.write(_stuffed(content))
            await self._emptied(protocol)
            protocol.write(b".\r\n")
        except (SMTPException, OSError) as error:
            why = f"the connection broke in the middle of the letter: {tls.reason(error)}"
            raise _Over(PutOff(0, why)) from None
        try:
            reply = await protocol.read_response(timeout=self.account.data_timeout)
        except (SMTPException, OSError) as error:
            return Ambiguous(f"the letter was sent, and its answer did not come: {tls.reason(error)}")
        return judge("dot", reply.code, tls.one_line(reply.message)) or Sent("")

    async def _emptied(self, protocol: SMTPProtocol) -> None:
        """Wait until every byte is handed to the kernel; a server that takes none for `timeout` seconds is gone."""
        left, since = _unsent(protocol), time.monotonic()
        while left:
            await asyncio.sleep(0.005)
            if not protocol.is_connected:
                raise ConnectionResetError("the server closed the connection")
            if (now := _unsent(protocol)) < left:
                left, since = now, time.monotonic()
            elif time.monotonic() - since > self.account.timeout:
                raise TimeoutError("the server takes no more bytes")


def _regular(outcome: Outcome) -> bool:
    """Whether server and client still agree on where they are."""
    return isinstance(outcome, Sent | Refused) or (isinstance(outcome, PutOff) and 400 <= outcome.code <= 499)


@contextmanager
def _step(what: str, secret: str = "") -> Iterator[None]:
    """Turn whatever happens on the way to a ready connection into the channel's fault; cancelling stays cancelling."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - sockets, TLS, replies, the secret's file: none of it is a letter's fault
        code = error.code if isinstance(error, SMTPResponseException) and error.code > 0 else 0
        said = f"{code} " if code else ""
        raise _Over(ChannelDown(code, f"{what}: {said}{tls.reason(error, secret)}")) from None


async def _ask(client: aiosmtplib.SMTP, *words: bytes, unbegun: bool = False) -> _Reply:
    try:
        reply = await client.execute_command(*words)
    except (SMTPException, OSError) as error:
        outcome = PutOff(0, f"no answer to {words[0].decode()}: {tls.reason(error)}")
        raise _Over(outcome, unbegun=unbegun) from None
    return _Reply(reply.code, tls.one_line(reply.message))


def _options(client: aiosmtplib.SMTP, addresses: str, content: bytes) -> list[bytes] | None:
    """The words after MAIL FROM; None if the addresses need SMTPUTF8 (RFC 6531) and the server lacks it."""
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(content)}".encode())
    if not content.isascii() and client.supports_extension("8bitmime"):
        options.append(b"BODY=8BITMIME")
    if not addresses.isascii():
        if not client.supports_extension("smtputf8"):
            return None
        options.append(b"SMTPUTF8")
    return options


def _own_name(address: str) -> str:
    """What to say in EHLO: this machine's name if it is a whole one, else its address (RFC 5321 4.1.4)."""
    name = socket.gethostname()
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
        return name
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"


async def _log_in(client: aiosmtplib.SMTP, user: str, password: str) -> None:
    """AUTH with the first way that the server offers: one failure is one failure, not three that lock the account.

    Only 504 and 534 (mechanism unknown, too weak) are about the way and not about the password (RFC 4954 6).
    """
    ways: Sequence[tuple[str, Callable[..., object]]] = (
        ("plain", client.auth_plain),
        ("login", client.auth_login),
        ("cram-md5", client.auth_crammd5),
    )
    offered = [way for name, way in ways if name in client.server_auth_methods]
    if not offered:
        raise ChannelError("the server offers no login; the port may be wrong, or TLS is missing")
    for number, way in enumerate(offered, 1):
        try:
            await way(user, password)  # type: ignore[misc] # all three are coroutines
        except SMTPResponseException as error:
            if error.code not in {504, 534} or number == len(offered):
                raise
        else:
            return


def _stuffed(content: bytes) -> bytes:
    """The letter as it goes over the wire, without the final dot (RFC 5321 4.5.2): CRLF only, leading dots doubled.

    A bare CR or LF would be read as a line end by some servers and not by others, and a dot between two of them would
    end the letter early for the first ones.
    """
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"^\.", b"..", lines, flags=re.MULTILINE)


def _unsent(protocol: SMTPProtocol) -> int:
    """Bytes that asyncio still holds back: in the layer of TLS, if there is one, and in that of the socket below."""
    transport: Any = protocol.transport  # aiosmtplib types it as one that cannot write
    below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return sum(layer.get_write_buffer_size() for layer in (transport, below) if layer is not None)


def _abort(client: aiosmtplib.SMTP) -> None:
    """Drop a connection without another word: what lies in its buffers must not go out any more."""
    if client.transport is not None:
        client.transport.abort()  # type: ignore[attr-defined] # aiosmtplib types it as a transport that cannot write
    client.close()


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit(timeout=2)
    except (SMTPException, OSError):
        _abort(client)
