"""A scriptable SMTP server on loopback: 'the rest of the Internet', which refuses, delays, hangs up and forgets."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from servers.loopback import HOST

MODES: dict[str, dict[str, str]] = {
    "ok": {},
    "grey": {"RCPT": "grey"},
    "550": {"RCPT": "550 5.1.1 no such user"},
    "452": {"RCPT": "452 4.2.2 mailbox full"},
    "421": {"MAIL": "421 4.3.2 shutting down"},
    "hang": {"MAIL": "hang"},
    "drop after data": {"DOT": "drop"},
    "slow 250": {"DOT": "slow"},
}
"""What `mode` may be, and the script that it stands for."""

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd reports every dropped line as an error


@dataclass(frozen=True)
class Received:
    """A letter that the server has in its hands, whatever it then said."""

    sender: str
    to: str
    content: bytes
    user: str | None
    connection: int
    options: tuple[str, ...]
    at: float = field(default_factory=time.monotonic)


class Sink:
    """Records what it accepts. `answers` maps a stage to what it says there.

    Stages: EHLO, AUTH (a reply line only), MAIL, RCPT, DATA (before the content), DOT (after it). An answer is a reply
    line ("550 5.1.1 no"; 421 also hangs up), or "hang", "drop", "slow" (waits `pause` seconds), "grey" (451 for the
    first try of each pair of sender and recipient). A stage without an answer is accepted. What stands in `once` comes
    first, and once. With `users` (name -> password) nobody sends without a login.
    """

    def __init__(
        self,
        *,
        tls: str = "none",
        chain: tuple[Path, Path] | None = None,
        users: dict[str, str] | None = None,
        size: int = 33_554_432,
        utf8: bool = True,
    ) -> None:
        self.answers: dict[str, str] = {}
        self.once: dict[str, str] = {}
        self.letters: list[Received] = []
        self.pause = 0.5
        self.host = HOST
        self.port = 0
        self.connections = 0
        self.quits = 0
        self.logins: list[str] = []
        self.users = users
        self._tls = tls
        self._size, self._utf8 = size, utf8
        self._context: ssl.SSLContext | None = None
        if chain is not None:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(*chain)
        self._seen: set[tuple[str, str]] = set()
        self._open: set[_Conversation] = set()
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def mode(self) -> str:
        return next((name for name, script in MODES.items() if script == self.answers), "own")

    @mode.setter
    def mode(self, name: str) -> None:
        self.answers = dict(MODES[name])

    def wait_for(self, count: int, seconds: float = 20) -> list[Received]:
        """The letters as soon as there are `count` of them; fails with those that came when the time is up."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.letters) >= count, seconds)
        assert came, f"{len(self.letters)} of {count} letters came: {[letter.to for letter in self.letters]}"
        return self.letters

    def hang_up(self) -> None:
        """Close every open connection, as a server does with idle ones."""
        self._call(self._close_open())

    def __enter__(self) -> Self:
        self._thread.start()
        context = self._context if self._tls == "implicit" else None
        self._server = self._call(self._loop.create_server(self._conversation, HOST, 0, ssl=context))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _close_open(self) -> None:
        for one in list(self._open):
            if one.transport is not None:
                one.transport.close()
        await asyncio.sleep(0.01)

    async def _stop(self) -> None:
        self._server.close()
        for one in list(self._open):
            if one.transport is not None:
                one.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def _conversation(self) -> SMTP:
        self.connections += 1
        starttls = {"tls_context": self._context, "require_starttls": True} if self._tls == "starttls" else {}
        return _Conversation(
            self,
            hostname="sink.test",
            ident="test sink",
            loop=self._loop,
            enable_SMTPUTF8=self._utf8,
            data_size_limit=self._size,
            auth_require_tls=self._tls == "starttls",
            auth_exclude_mechanism=("LOGIN", "PLAIN") if self.users is None else (),
            authenticator=self._authenticate,
            **starttls,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        user, password = data.login.decode(), data.password.decode()
        self.logins.append(user)
        if answer := self.answers.get("AUTH"):
            return AuthResult(success=False, handled=False, message=answer)
        good = self.users is not None and self.users.get(user) == password
        return AuthResult(success=good, handled=False, auth_data=user if good else None)

    async def say(self, stage: str, server: _Conversation, pair: tuple[str, str] = ("", "")) -> str | None:
        """What the script says at this stage; None: accept."""
        answer = self.once.pop(stage, None) or self.answers.get(stage)
        if answer == "hang":
            await asyncio.sleep(3600)
        if answer == "slow":
            await asyncio.sleep(self.pause)
            return None
        if answer == "grey":
            first = pair not in self._seen
            self._seen.add(pair)
            return "451 4.7.1 greylisted, try again" if first else None
        if answer == "drop":
            server.transport.abort()
            await asyncio.sleep(0)
            return "250 never heard"
        if answer is not None and answer.startswith("421"):
            await server.push(answer)
            server.transport.close()
        return answer

    # --- aiosmtpd's hooks ---

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: _Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self.say("MAIL", server):
            return answer
        if self.users is not None and not session.authenticated:
            return "530 5.7.0 authentication required"
        envelope.mail_from, envelope.mail_options = address, options
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: _Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self.say("RCPT", server, (envelope.mail_from or "", address)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Conversation, session: Session, envelope: Envelope) -> str:  # noqa: N802
        letter = Received(
            sender=(envelope.mail_from or "").removeprefix("<>"),
            to=envelope.rcpt_tos[0],
            content=envelope.original_content or b"",
            user=session.auth_data if isinstance(session.auth_data, str) else None,
            connection=server.number,
            options=tuple(envelope.mail_options),
        )
        if not self.answers.get("DOT", "").startswith(("4", "5")):
            with self._arrived:
                self.letters.append(letter)
                self._arrived.notify_all()
        return await self.say("DOT", server) or "250 2.0.0 queued"


class _Conversation(SMTP):
    """One connection to the sink."""

    def __init__(self, sink: Sink, **options: Any) -> None:
        self.sink = sink
        self.number = sink.connections
        super().__init__(sink, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.sink._open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink._open.discard(self)
        super().connection_lost(error)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd's name
        if answer := await self.sink.say("EHLO", self):
            await self.push(answer)
        else:
            await super().smtp_EHLO(hostname)

    async def smtp_DATA(self, argument: str) -> None:  # noqa: N802 - aiosmtpd's name
        if answer := await self.sink.say("DATA", self):
            await self.push(answer)
        else:
            await super().smtp_DATA(argument)

    async def smtp_QUIT(self, argument: str) -> None:  # noqa: N802 - aiosmtpd's name
        self.sink.quits += 1
        await super().smtp_QUIT(argument)
