"""One IMAP mailbox: see what is there, fetch it untouched, put it away, wait for more (RFC 3501, RFC 9051).

A session reads with BODY.PEEK and changes nothing on the server before `settle`. It decides nothing either: what is
new, what is known and what may be put away is the caller's business, and the caller asks for it by UID.

Every failure is a ChannelError that names mailbox, server and step, and closes the connection: after a lost reply
nobody knows what the next line answers, so the way on is always a new connection and a look at what is there.
imaplib's and imapclient's parsers raise whatever a broken server makes them raise; `_step` is the one place for that.
"""

from __future__ import annotations

import imaplib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from imapclient import IMAPClient

from maildesk.errors import ChannelError
from maildesk.wire import tls
from maildesk.wire.line import Line

PIECE = 1024 * 1024  # bytes: a mail bigger than that comes in pieces (four of 25 MB at once cost 340 MB, pieces 27)
RENEW = 8 * 60.0  # seconds: IDLE is entered anew before NAT tables forget it; servers close after 30 min (RFC 2177)
_SET = 500  # UIDs a command: servers limit the length of a line, some to 8 KB
_DEATHS = 3  # one in a set, two alone
_NEWEST_UID = 2**32 - 1
_NO_ATOM = re.compile(r'[\x00-\x20\x7f-\U0010ffff(){%*"\\\]]')
_BREAKS = re.compile(r"[\x00\r\n]")


@dataclass(frozen=True, slots=True)
class ImapAccount:
    r"""How one mailbox is reached. `tls` is implicit, starttls, or none (this machine only).

    Processed mail goes to the folder `done`; if that is None it stays and gets the keyword `flag`, or \Seen if that
    is None too. `password` is called at every login, so a changed secret needs no restart. `timeout` (seconds) is for
    one answer.
    """

    name: str
    host: str
    port: int
    tls: str
    user: str
    password: Callable[[], str] = field(repr=False)
    folder: str = "INBOX"
    done: str | None = None
    flag: str | None = None
    cafile: str | None = None
    timeout: float = 60

    def __post_init__(self) -> None:
        if self.tls not in tls.MODES:
            raise ValueError(f"tls must be one of {', '.join(tls.MODES)}, not {self.tls}")
        if self.flag is not None and (not self.flag or _NO_ATOM.search(self.flag)):
            raise ValueError(f"{self.flag!r} cannot be an IMAP keyword (RFC 3501: an atom)")


@dataclass(frozen=True, slots=True)
class Selected:
    """What the server says of a folder when it is opened. UIDs mean something only together with `uidvalidity`."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class Size:
    """What is known of a mail before it is fetched: its bytes, and when the server received it (UTC).

    `internaldate` is None when the server gives none that can be read.
    """

    size: int
    internaldate: datetime | None


class ImapSession:
    """One connection at a time to one mailbox. Not for several threads at once."""

    def __init__(self, account: ImapAccount) -> None:
        self.account = account
        self.withheld: dict[int, str] = {}  # of the last fetch: UIDs that are there and not given out, and why
        self._client: _Client | None = None
        self._folders: dict[str, str] = {}  # the done folder, as the server calls it, once it is known to be there
        self._opened = ""  # the folder
        self._deaths: Counter[tuple[str, int]] = Counter()  # (folder, UID) -> how often the server died over it
        self._found = True  # the last look for mail found some
        self._hurried = False  # the last wait ended at once, because of something said before it began

    def connect(self) -> None:
        """Connect and log in; TLS is verified, and never given up for plaintext."""
        self.close()
        self._folders = {}
        with self._step("connect to", connected=False):
            self._client = _Client(self.account)
        if self.account.tls == "starttls":
            with self._step("start TLS for") as client:
                client.starttls(client.context)
        with self._step("read the password of"):
            password = self.account.password()
        with self._step("log in to", secret=password) as client:
            client.enter(self.account.user, password)

    def select(self, folder: str | None = None, *, readonly: bool = False) -> Selected:
        """Open the account's folder, or another one. A server without UIDVALIDITY is refused: UIDs mean nothing."""
        with self._step("open the folder in") as client:
            self._opened = folder or self.account.folder
            return client.open(self._opened, readonly=readonly)

    def uids_from(self, uid: int) -> list[int]:
        """All UIDs of the open folder from `uid` on, ascending."""
        with self._step("look for mail in") as client:
            client.refresh()
            first = max(1, uid)
            # "7:*" names the newest mail even if its UID is 3 (RFC 3501 6.4.8), so the answer is filtered.
            found = client.search(f"UID {first}:*") if first <= _NEWEST_UID else []
            uids = sorted({number for number in found if number >= first})
            self._found = bool(uids)
            return uids

    def since(self, day: date) -> list[int]:
        """The UIDs of mails received on that day or later, ascending; days are those of the server's time zone."""
        with self._step("look for mail in") as client:
            client.refresh()
            return sorted(set(client.search(["SINCE", day])))

    def sizes(self, uids: Sequence[int]) -> dict[int, Size]:
        """Size and time of arrival by UID; those that vanished are left out."""
        with self._step("ask for sizes in") as client:
            found: dict[int, Size] = {}
            for some in _chunks(uids):
                rows = client.fetch(some, ["RFC822.SIZE", "INTERNALDATE"])
                found |= {uid: _size(row) for uid, row in rows.items() if b"RFC822.SIZE" in row}
            return found

    def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The mails by UID, as they are, unseen as before; those that vanished are left out.

        The caller keeps a batch within 8 MB; a mail over 1 MiB is fetched in pieces. A mail that the server has but
        does not give out (a corrupt one) is left out too and stands in `withheld`, so that it does not stop the rest.
        """
        sizes = {uid: size.size for uid, size in self.sizes(uids).items()}
        self.withheld = {uid: "the server hangs up on it" for uid in sizes if self._died(uid) >= _DEATHS}
        with self._step("fetch mail from") as client:
            wanted = [uid for uid in sizes if uid not in self.withheld]
            small = [uid for uid in wanted if sizes[uid] <= PIECE and not self._died(uid)]
            found = {uid: raw for some in _chunks(small) for uid, raw in self._whole(client, some).items()}
            for uid in wanted:
                if uid not in small:
                    found |= (
                        self._whole(client, [uid]) if sizes[uid] <= PIECE else self._pieces(client, uid, sizes[uid])
                    )
            return {uid: found[uid] for uid in uids if uid in found}

    def headers(self, uid: int) -> bytes | None:
        """The header block of one mail with its empty line; None if the mail vanished."""
        with self._step("fetch a header from") as client:
            return client.fetch([uid], ["BODY.PEEK[HEADER]"]).get(uid, {}).get(b"BODY[HEADER]")  # type: ignore[no-any-return] # imapclient ships no types

    def settle(self, uids: Sequence[int]) -> None:
        """Put processed mails away, or mark them; those that are gone or marked already are no error."""
        with self._step("put mail away in") as client:
            away = self._done_folder(client) if self.account.done and client.can_move() else None
            mark = client.mark(self.account.flag)
            for some in _chunks(uids):
                if away is None:
                    client.add_flags(some, [mark], silent=True)
                else:
                    client.put(some, away)

    def wait(self, seconds: float, wake: int | None = None) -> bool:
        """Wait for mail: True when the server announced some, False when the time is up or `wake` is readable.

        `wake` is the file number of a socket or pipe that another thread writes to; the caller empties it. IDLE is
        used if the server offers it; else this only notices that the server spoke or closed, and the caller looks
        again (`uids_from`) when the time is up.
        """
        with self._step("wait for mail in") as client:
            if self._pending(client):
                return True
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                announced, woken = client.listen(min(left, RENEW), wake)
                if announced or woken:
                    return announced
            return False

    def folder_uids(self, folder: str, since: date | None = None) -> list[int]:
        """The UIDs in another folder, received on that day or later; [] if there is no such folder.

        The folder stays open for reading, so that its mails can be fetched; `select()` leads back.
        """
        with self._step("look into another folder of") as client:
            name = client.full(folder)
            if not client.has(name):
                return []
            self._opened = folder
            client.open(folder, readonly=True)
            return sorted(set(client.search(["SINCE", since] if since else "ALL")))

    def abilities(self) -> frozenset[str]:
        """What the server offers, in capitals (RFC 3501 7.2.1), for an admin to see."""
        with self._step("ask for the abilities of") as client:
            return frozenset(word.decode("ascii", "replace") for word in client.capabilities())

    def close(self) -> None:
        """Log out and close; never raises, and does nothing when there is no connection."""
        client, self._client = self._client, None
        if client is not None:
            client.leave()

    @contextmanager
    def _step(self, step: str, *, connected: bool = True, secret: str = "") -> Iterator[_Client]:
        what = f"cannot {step} mailbox {self.account.name} on {self.account.host}:{self.account.port}"
        if connected and self._client is None:
            raise ChannelError(f"{what}: there is no connection")
        try:
            yield self._client  # type: ignore[misc] # None only before it is connected, and not used there
        except Exception as error:  # noqa: BLE001 - what a broken server makes the parsers raise cannot be listed
            client, self._client = self._client, None
            if client is not None:
                client.drop()
            raise ChannelError(f"{what}: {tls.reason(error, secret)}") from None

    def _ask(self, client: _Client, uids: list[int], what: str) -> dict[int, dict[bytes, Any]] | None:
        """One FETCH; None if the server refused it. Dovecot hangs up on a mail that it cannot read, every time.

        So the mails that were asked for when it hung up are remembered over the next connections: they are asked for
        one by one, and the one that it hangs up on again and again is withheld.
        """
        try:
            rows: dict[int, dict[bytes, Any]] = client.fetch(uids, [what])
        except imaplib.IMAP4.abort:
            self._deaths.update((self._opened, uid) for uid in uids)
            raise
        except imaplib.IMAP4.error as error:
            if not _refused(error):
                raise
            if len(uids) == 1 and uids[0] in client.search(["UID", str(uids[0])]):
                self.withheld[uids[0]] = tls.reason(error)
            return None
        for uid in uids:
            self._deaths.pop((self._opened, uid), None)
        return rows

    def _died(self, uid: int) -> int:
        return self._deaths[self._opened, uid]

    def _whole(self, client: _Client, uids: list[int]) -> dict[int, bytes]:
        rows = self._ask(client, uids, "BODY.PEEK[]")
        if rows is None and len(uids) > 1:  # the whole set is refused if one of them was expunged meanwhile
            return {uid: raw for single in uids for uid, raw in self._whole(client, [single]).items()}
        return {uid: row[b"BODY[]"] for uid, row in (rows or {}).items() if isinstance(row.get(b"BODY[]"), bytes)}

    def _pieces(self, client: _Client, uid: int, size: int) -> dict[int, bytes]:
        raw = bytearray()
        while True:
            rows = self._ask(client, [uid], f"BODY.PEEK[]<{len(raw)}.{PIECE}>") or {}
            piece = rows.get(uid, {}).get(f"BODY[]<{len(raw)}>".encode())
            if piece is None:
                return {}
            raw += piece
            # RFC822.SIZE is a promise that not every server keeps: only a piece that ends early, or is empty, is an end
            if not piece or (len(piece) < PIECE and len(raw) >= size):
                return {uid: bytes(raw)}

    def _done_folder(self, client: _Client) -> str:
        wanted = self.account.done or ""
        if wanted not in self._folders:
            name = client.full(wanted)
            if not client.has(name):
                client.create_folder(name)
                client.subscribe_folder(name)
            self._folders[wanted] = name
        return self._folders[wanted]

    def _pending(self, client: _Client) -> bool:
        """Whether mail was announced after the last look at the folder, in the answer to some other command.

        IDLE will not say it again. But there are servers that repeat EXISTS with every answer, so an announcement that
        led nowhere is believed only once in a row; otherwise wait and look would chase each other without a pause.
        """
        if not client.heard() or (self._hurried and not self._found):
            client.forget()
            self._hurried = False
            return False
        self._hurried = True
        return True


class _Client(IMAPClient):  # type: ignore[misc] # imapclient ships no types
    """imapclient on our own line, with the few words that it lacks."""

    def __init__(self, account: ImapAccount) -> None:
        self.account = account
        self.context = None if account.tls == "none" else tls.context(account.cafile)
        self._personal: tuple[str, str] | None = None
        self._keywords: frozenset[bytes] | None = None
        super().__init__(account.host, account.port, ssl=account.tls == "implicit", timeout=account.timeout)
        self.normalise_times = False  # aware times, not the local ones of this machine

    def _create_IMAP4(self) -> Line:  # noqa: N802 - imapclient's own name for it
        account = self.account
        return Line(
            account.host,
            account.port,
            timeout=account.timeout,
            context=self.context if account.tls == "implicit" else None,
            starttls=account.tls == "starttls",
        )

    def enter(self, user: str, password: str) -> None:
        """Log in the way that fits: LOGIN where it is allowed and the secret is ASCII, else AUTHENTICATE PLAIN."""
        if _BREAKS.search(user + password):
            raise ChannelError("the user name or the password holds a line break")
        if (user + password).isascii() and not self.has_capability("LOGINDISABLED"):
            self.login(user, password)
        elif self.has_capability("AUTH=PLAIN"):
            self.plain_login(user, password)
        else:
            raise ChannelError("the server offers no login that this password can be sent with")
        self._cached_capabilities = None  # those of before the login say little
        self._imap.debug = 0  # or imaplib prints every line, and every mail, into a log that nobody asked for

    def open(self, folder: str, *, readonly: bool) -> Selected:
        answer = self.select_folder(self.full(folder), readonly=readonly)
        if not answer.get(b"UIDVALIDITY"):
            raise ChannelError(f"the server gives no UIDVALIDITY for {folder}, so its mails cannot be told apart")
        flags = answer.get(b"PERMANENTFLAGS")  # without it every flag may be kept (RFC 3501 7.1)
        self._keywords = None if flags is None else frozenset(flag.lower() for flag in flags)
        uidnext = answer.get(b"UIDNEXT") or max(self.search("UID *"), default=0) + 1
        return Selected(int(answer[b"UIDVALIDITY"]), int(uidnext), int(answer[b"EXISTS"]))

    def full(self, folder: str) -> str:
        """A folder's name with the prefix and the separator of the server: Processed -> INBOX.Processed (RFC 2342)."""
        if self._personal is None:
            personal = self.namespace().personal if self.has_capability("NAMESPACE") else None
            prefix, separator = personal[0] if personal else ("", "/")
            self._personal = (prefix, separator or "/")
        prefix, separator = self._personal
        name = folder.replace("/", separator)
        return name if name.upper() == "INBOX" or name.startswith(prefix) else prefix + name

    def has(self, folder: str) -> bool:
        """Whether a folder is there and can hold mail; a name that only has sub-folders is listed as well."""
        hollow = {b"\\noselect", b"\\nonexistent"}
        return any(hollow.isdisjoint(flag.lower() for flag in flags) for flags, _, _ in self.list_folders("", folder))

    def can_move(self) -> bool:
        """A plain EXPUNGE would take along what others marked as deleted, so it is one of these or none."""
        return bool(self.has_capability("MOVE") or self.has_capability("UIDPLUS"))

    def put(self, uids: list[int], folder: str) -> None:
        if self.has_capability("MOVE"):
            self.move(uids, folder)
        else:
            self.copy(uids, folder)
            self.add_flags(uids, ["\\Deleted"], silent=True)
            self.uid_expunge(uids)

    def mark(self, flag: str | None) -> str:
        r"""The keyword, or \Seen on servers and folders that keep no keywords."""
        kept = self._keywords
        if flag is None or (kept is not None and b"\\*" not in kept and flag.lower().encode() not in kept):
            return "\\Seen"
        return flag

    def heard(self) -> bool:
        return "EXISTS" in self._imap.untagged_responses

    def forget(self) -> None:
        """Drop what the server told by the way: imaplib keeps it for ever, and moves tell a line a mail."""
        self._imap.untagged_responses.clear()

    def refresh(self) -> None:
        """Have the server look into its store: SEARCH alone answers from what it announced before (Dovecot)."""
        self._command_and_check("noop")
        self.forget()

    def listen(self, seconds: float, wake: int | None) -> tuple[bool, bool]:
        """One stretch of waiting; returns (mail was announced, woken)."""
        idle = self.has_capability("IDLE")
        announced = idle and self._imap.begin_idle()
        spoke, woken = self._imap.silent(0 if announced else seconds, wake)
        if idle:
            announced |= self._imap.end_idle()
        elif spoke:
            self._command_and_check("noop")
            announced = self.heard()
        return announced, woken

    def leave(self) -> None:
        with suppress(Exception):  # a farewell that fails is one
            self.socket().settimeout(2)
            self.logout()
        self.drop()

    def drop(self) -> None:
        with suppress(Exception):
            self.shutdown()


def _chunks(uids: Sequence[int]) -> Iterator[list[int]]:
    ordered = list(uids)
    return (ordered[start : start + _SET] for start in range(0, len(ordered), _SET))


def _size(row: dict[bytes, Any]) -> Size:
    when = row.get(b"INTERNALDATE")
    try:
        return Size(int(row[b"RFC822.SIZE"]), when.astimezone(UTC) if when else None)
    except OverflowError:  # the year 1 in a zone east of Greenwich
        return Size(int(row[b"RFC822.SIZE"]), None)


def _refused(error: imaplib.IMAP4.error) -> bool:
    """Whether the server said NO to this one command, and the connection is fine."""
    return type(error) is imaplib.IMAP4.error and " failed: " in str(error)
