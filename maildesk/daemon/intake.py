"""Intake: a mail's bytes are safe in the database before anything on the server is touched.

    look     which UIDs are new since the last look, how big, when received
    fetch    by bytes, at most 8 MB together; PEEK, so nothing changes on the server
    commit   raw bytes, sighting (UIDVALIDITY, UID), fingerprint, time of receipt
    settle   only then move the mails to the folder for done ones, or flag them

Killed anywhere between, the next look finds the same UIDs and the same fingerprints: a mail is never lost, and a
second sighting of it is only noted. Nothing is parsed here, so no mail can stop the others.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from maildesk.daemon.desk import Desk
from maildesk.daemon.quarantine import tell_admins
from maildesk.errors import ChannelError, MaildeskError, Transient
from maildesk.mail.thread import fingerprint, scan_ids
from maildesk.store.inbox import Added, MailboxState
from maildesk.store.unit import Unit
from maildesk.wire.imap import ImapAccount, ImapSession, Selected, Size

log = structlog.get_logger()

BATCH_BYTES = 8 * 1024 * 1024
BATCH_MAILS = 50
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # seconds before the next try to reach a server


@dataclass(frozen=True, slots=True)
class Source:
    """A mailbox to read. `since` ("now", "all" or a date) matters only at the first contact; `poll` in seconds."""

    account: ImapAccount
    since: str | date = "now"
    poll: float = 60.0
    max_bytes: int = 25 * 1024 * 1024


class Intake:
    """Reads one mailbox until it is stopped; one thread, one connection."""

    def __init__(self, desk: Desk, source: Source) -> None:
        self._desk = desk
        self._source = source
        self._session = ImapSession(source.account)
        self._stopped = False
        self._ear, self._mouth = socket.socketpair()

    @property
    def name(self) -> str:
        return self._source.account.name

    def stop(self) -> None:
        """End after the present batch; may be called from any thread."""
        self._stopped = True
        self._mouth.send(b"x")

    def run(self) -> None:
        """Connect, look, wait, look again; on any trouble reconnect after a growing pause."""
        failures = 0
        while not self._stopped:
            try:
                self._session.connect()
                failures = 0
                while not self._stopped:
                    self.look()
                    self._session.wait(self._source.poll, self._ear.fileno())
            except Transient as trouble:
                self._report(trouble)
                self._pause(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1
        self._close()

    def once(self) -> int:
        """Connect, look once and close for good. Raises ChannelError."""
        try:
            self._session.connect()
            return self.look()
        finally:
            self._close()

    def _close(self) -> None:
        self._session.close()
        self._ear.close()
        self._mouth.close()

    def look(self) -> int:
        """Take everything that is new; returns how many mails were new to the desk."""
        started = self._desk.clock.now()
        selected = self._session.select()
        state = self._state(selected)
        self._settle_left_over(state)
        taken = 0
        uids = self._session.uids_from(max(state.first_uid, state.last_uid + 1))
        for uid_batch, sizes in self._batches(uids):
            taken += self._take(state, uid_batch, sizes)
            state = replace(state, last_uid=max(uid_batch))
        done = replace(state, scan_started_at=started, scan_done_at=self._desk.clock.now())
        with self._desk.database.unit() as unit:
            unit.inbox.save_mailbox(done)
            self._beat(unit, "reading")
        return taken

    def _state(self, selected: Selected) -> MailboxState:
        """Where reading goes on: after the last UID, at the first contact by `since`, or anew on new UIDs."""
        with self._desk.database.view() as view:
            known = view.inbox.mailbox(self.name)
        if known is not None and known.uidvalidity == selected.uidvalidity:
            return known
        first = self._first_contact(selected) if known is None else self._renumbered(known, selected)
        state = MailboxState(
            self.name, selected.uidvalidity, first, first - 1, known.scan_started_at if known else None
        )
        with self._desk.database.unit() as unit:
            unit.inbox.save_mailbox(state)
        log.info("reading a mailbox from here", mailbox=self.name, first_uid=first)
        return state

    def _first_contact(self, selected: Selected) -> int:
        since = self._source.since
        if since == "now":
            return selected.uidnext
        if since == "all":
            return 1
        assert isinstance(since, date)
        return min(self._session.since(since), default=selected.uidnext)

    def _renumbered(self, known: MailboxState, selected: Selected) -> int:
        """The server has given its mails new numbers (UIDVALIDITY, RFC 3501 2.3.1.1): look at recent ones again.

        Everything older than the last complete look is known by its fingerprint; a day more is looked at for safety.
        """
        log.warning("the mailbox was renumbered by its server", mailbox=self.name, uidvalidity=selected.uidvalidity)
        with self._desk.database.unit() as unit:
            values: dict[str, object] = {
                "headline": f"The server has renumbered the mailbox {self.name}",
                "details": ("Mails of the last days are looked at again; those that are known stay as they are.",),
            }
            cause = f"renumbered {self.name} {selected.uidvalidity}"
            tell_admins(unit, self._desk, "alarm", cause, values, self._desk.clock.now())
        if known.scan_started_at is None:
            return self._first_contact(selected)
        return min(self._session.since((known.scan_started_at - timedelta(days=1)).date()), default=selected.uidnext)

    def _settle_left_over(self, state: MailboxState) -> None:
        """Mails that were committed and never put away: the connection broke, or the process died, in between."""
        with self._desk.database.view() as view:
            uids = view.inbox.unsettled(self.name, state.uidvalidity)
        if uids:
            self._settle(state, uids)

    def _batches(self, uids: list[int]) -> Iterator[tuple[list[int], dict[int, Size]]]:
        """UIDs in order, together at most 8 MB; sizes are asked for in portions."""
        for start in range(0, len(uids), 500):
            some = uids[start : start + 500]
            sizes = self._session.sizes(some)
            yield from ((batch, sizes) for batch in together((uid, sizes[uid].size) for uid in some if uid in sizes))

    def _take(self, state: MailboxState, uids: list[int], sizes: dict[int, Size]) -> int:
        """Fetch, commit, settle one batch."""
        fit = [uid for uid in uids if sizes[uid].size <= self._source.max_bytes]
        raws = self._session.fetch(fit)
        heads = {uid: self._session.headers(uid) for uid in uids if uid not in fit}
        now = self._desk.clock.now()
        new = 0
        with self._desk.database.unit() as unit:
            for uid in uids:
                if uid in raws:
                    new += not self._add(unit, state, uid, raws[uid], sizes[uid], now).duplicate
                elif head := heads.get(uid):
                    self._too_large(unit, state, uid, head, sizes[uid], now)
                elif uid in self._session.withheld:
                    self._withheld(unit, state, uid, now)
            unit.inbox.save_mailbox(replace(state, last_uid=max(uids)))
        self._desk.mails.set()
        self._settle(state, list(raws))
        return new

    def _add(
        self, unit: Unit, state: MailboxState, uid: int, raw: bytes, size: Size, now: datetime, whole: int | None = None
    ) -> Added:
        message_id, _ = scan_ids(raw)
        added = unit.inbox.add(
            raw,
            fingerprint=fingerprint(raw),
            message_id=message_id,
            mailbox=self.name,
            received_at=received_at(size.internaldate, state.scan_started_at, now),
            now=now,
            sighting=(state.uidvalidity, uid),
            size=whole,
        )
        what = "a mail seen again" if added.duplicate else "mail taken"
        log.info(what, mailbox=self.name, uid=uid, inbox=added.id, message_id=message_id)
        return added

    def _too_large(self, unit: Unit, state: MailboxState, uid: int, head: bytes, size: Size, now: datetime) -> None:
        """Its header is taken, so that its sender and an admin can be told; the mail itself stays on the server."""
        self._add(unit, state, uid, head, size, now, whole=size.size)
        unit.inbox.settle(self.name, state.uidvalidity, [uid])  # or the next look would put it away, unread

    def _withheld(self, unit: Unit, state: MailboxState, uid: int, now: datetime) -> None:
        reason = self._session.withheld[uid]
        log.error("the server does not give out a mail", mailbox=self.name, uid=uid, reason=reason)
        values: dict[str, object] = {
            "headline": f"A mail in {self.name} cannot be fetched",
            "details": (f"UID {uid}: {reason}", "It was left on the server; look at it with a mail client."),
        }
        tell_admins(unit, self._desk, "alarm", f"withheld {self.name} {state.uidvalidity} {uid}", values, now)

    def _settle(self, state: MailboxState, uids: list[int]) -> None:
        if uids:
            self._session.settle(uids)
            with self._desk.database.unit() as unit:
                unit.inbox.settle(self.name, state.uidvalidity, uids)

    def _report(self, trouble: MaildeskError) -> None:
        log.warning("a mailbox cannot be read now", mailbox=self.name, reason=str(trouble))
        if isinstance(trouble, ChannelError):
            try:
                with self._desk.database.unit() as unit:
                    self._beat(unit, f"trouble: {trouble}")
            except Transient:
                log.warning("the database is away as well", mailbox=self.name)

    def _beat(self, unit: Unit, note: str) -> None:
        unit.meta.beat(
            f"intake:{self.name}", node=socket.gethostname(), pid=os.getpid(), now=self._desk.clock.now(), note=note
        )

    def _pause(self, seconds: float) -> None:
        self._ear.settimeout(seconds)
        try:
            self._ear.recv(1)
        except TimeoutError:
            return


def received_at(internaldate: datetime | None, last_scan: datetime | None, now: datetime) -> datetime:
    """When the mail came in: the server's word, but not later than now, and not before a complete look without it."""
    at = min(internaldate or now, now)
    return max(at, last_scan) if last_scan else at


def together(sized: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Cut (uid, bytes) pairs into batches of at most BATCH_BYTES and BATCH_MAILS, at least one mail each."""
    batch: list[int] = []
    weight = 0
    for uid, size in sized:
        if batch and (weight + size > BATCH_BYTES or len(batch) >= BATCH_MAILS):
            yield batch
            batch, weight = [], 0
        batch.append(uid)
        weight += size
    if batch:
        yield batch
