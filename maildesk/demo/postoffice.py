"""The mail servers of the demo, in this process: SMTP in, IMAP out, an address that does not exist bounces.

Everything runs in one thread with one asyncio loop of its own. Mails are handed to the mailboxes within that loop, for
only there an IMAP client that waits in IDLE is woken by them.
"""

from __future__ import annotations

import asyncio
import threading
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP as WITH_CRLF
from email.utils import localtime, make_msgid
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Identity, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.concurrent import Event
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"
NAME = "mail.acme.example"
FOLDERS = ("Sent", "Drafts", "Trash")  # what mail clients look for
START = 20.0  # seconds to begin or end


class PostOffice:
    """An SMTP and an IMAP server on free ports of this machine for users with these passwords (address -> password).

    Who sends must log in. Used as a context: the servers stand when it is entered, and are gone when it is left.
    """

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self.passwords = dict(passwords)
        self.imap_port = self.smtp_port = 0
        self.delivered: Counter[str] = Counter()  # mails by recipient
        self.reports: SimpleQueue[bytes] = SimpleQueue()  # what was said about mails that could not be delivered
        self._watch: Callable[[str, bytes], None] = _look_away
        self._config = _config()
        self._login = Login(self._config)
        self._servers: list[asyncio.Server] = []
        self.lines: set[asyncio.BaseTransport] = set()  # open SMTP connections
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="post office", daemon=True)

    def __enter__(self) -> Self:
        self._keep_tasks()
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START)
        self._loop.close()

    def forget(self, email: str) -> None:
        """From now on this address does not exist."""
        self.passwords.pop(email)

    def watch(self, shown: Callable[[str, bytes], None]) -> None:
        """Call this with recipient and bytes of every mail that is delivered; it is called in the servers' thread."""
        self._watch = shown

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START)

    def _keep_tasks(self) -> None:
        """The event loop only holds tasks weakly, and pymap holds its own not at all: a clean-up would end an IDLE."""
        kept: set[asyncio.Task[Any]] = set()

        def keep(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
            task = asyncio.Task(work, loop=loop, **more)
            kept.add(task)
            task.add_done_callback(kept.discard)
            return task

        self._loop.set_task_factory(keep)

    async def _open(self) -> None:
        for user, password in self.passwords.items():
            await self._open_mailbox(user, password)
        self._config.apply_context()
        imap = ProxyProtocolReader(self._config.proxy_protocol).get_callback(IMAPServer(self._login, self._config))
        self._servers.append(await asyncio.start_server(imap, HOST, 0))
        self._servers.append(await self._loop.create_server(self._conversation, HOST, 0))
        self.imap_port, self.smtp_port = (server.sockets[0].getsockname()[1] for server in self._servers)

    async def _open_mailbox(self, user: str, password: str) -> None:
        known = UserMetadata(self._config, user, password=password)
        await Identity(user, self._login, None, frozenset()).set(known)
        boxes = _Mailboxes()
        self._config.set_cache[user] = (boxes, FilterSet())
        for folder in FOLDERS:
            await boxes.add_mailbox(folder)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for line in list(self.lines):
            line.close()
        await asyncio.sleep(0)  # sockets are closed a turn of the loop after their connections

    def _conversation(self) -> SMTP:
        return _Conversation(
            self,
            hostname=NAME,
            ident="demo",
            loop=self._loop,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._authenticate,
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        known = self.passwords.get(data.login.decode(errors="replace"))
        return AuthResult(success=known is not None and known.encode() == data.password, handled=False)

    # --- what aiosmtpd calls when a mail comes in ---

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 log in first"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        assert isinstance(envelope.original_content, bytes)
        sender = (envelope.mail_from or "").removeprefix("<>")  # so aiosmtpd writes that there is none
        await self._carry(sender, envelope.rcpt_tos, envelope.original_content)
        return "250 2.0.0 on its way"

    async def _carry(self, sender: str, recipients: list[str], mail: bytes) -> None:
        """Into the mailbox of each recipient; for one that does not exist the sender gets a report."""
        for recipient in recipients:
            user = recipient.lower()
            if user in self.passwords:
                trace = f"Return-Path: <{sender}>\r\nDelivered-To: {user}\r\n"
                await self._put(user, trace.encode() + mail)
            elif sender:  # a report itself has no sender, so that none is ever answered with another
                report = undelivered(recipient, sender, mail)
                self.reports.put(report)
                await self._carry("", [sender], report)

    async def _put(self, user: str, mail: bytes) -> None:
        boxes, _ = self._config.set_cache[user]
        inbox = await boxes.get_mailbox("INBOX")
        self.delivered[user] += 1
        await inbox.append(AppendMessage(mail, datetime.now(UTC), frozenset()), recent=True)
        self._watch(user, mail)


def _look_away(_user: str, _mail: bytes) -> None:
    """Nobody watches."""


class _Conversation(SMTP):
    """One SMTP connection. aiosmtpd leaves it open when its server is closed."""

    def __init__(self, office: PostOffice, **options: Any) -> None:
        self.office = office
        super().__init__(office, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.office.lines.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.office.lines.discard(self.transport)
        super().connection_lost(error)


class _Inbox(MailboxData):
    """pymap's mailbox. In IDLE that waits for the next mail, and never tells of one that came just before IDLE did."""

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        untold = selected.mod_sequence != self._mod_sequences.highest
        return await super().update_selected(selected, wait_on=None if untold else wait_on)


class _Mailboxes(MailboxSet):
    """Somebody's folders."""

    def __init__(self) -> None:
        super().__init__()
        self._inbox = _Inbox(self._content_cache, self._thread_cache)


class _Config(Config):
    """pymap's settings for this use. Its greeting would look up this machine's name, which may take seconds."""

    @property
    def greeting(self) -> bytes:
        return f"{NAME} is ready".encode()


def _config() -> Config:
    nothing = dict.fromkeys(("cert", "key", "passlib_cfg", "proxy_protocol", "inherited_sockets"))
    arguments = Namespace(
        host=HOST, port=0, debug=False, tls=False, demo_data=False, demo_user="", demo_password="", **nothing
    )
    # The passwords stand on the screen: hashing them a hundred thousand times would only cost time.
    return _Config.from_args(arguments, hash_context=Cleartext())


def undelivered(recipient: str, sender: str, mail: bytes) -> bytes:
    """The report that a mail could not be delivered (RFC 3464), the mail within it."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"Mail Delivery System <mailer-daemon@{NAME}>"
    report["To"] = sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = localtime().strftime("%a, %d %b %Y %H:%M:%S %z")
    report["Message-ID"] = make_msgid(domain=NAME)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(f"Your mail could not be delivered to {recipient}: there is no such mailbox.\n"))
    report.attach(_status(recipient))
    report.attach(MIMEMessage(message_from_bytes(mail)))
    return report.as_bytes(policy=WITH_CRLF)


def _status(recipient: str) -> MIMEBase:
    server, failed = Message(), Message()
    server["Reporting-MTA"] = f"dns; {NAME}"
    failed["Final-Recipient"] = f"rfc822; {recipient}"
    failed["Action"] = "failed"
    failed["Status"] = "5.1.1"
    failed["Diagnostic-Code"] = "smtp; 550 5.1.1 no such mailbox"
    status = MIMEBase("message", "delivery-status")
    status.set_payload([server, failed])
    return status
