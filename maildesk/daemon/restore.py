"""Restore: what must happen when an older backup of the database has come back.

    epoch      nothing derived before is believed or made again, for it was made for another course of events
    numbers    jump, because those after the backup were given out, and stand in people's mails
    reread     mails that the lost database had handled come back as incidents, and nobody is written to

Where done mails are put into a folder, that folder holds exactly what was handled, and INBOX what was not: INBOX is
left to the daemon, which treats these mails as the new ones they are. Where done mails stay in INBOX and only get a
mark, nobody can tell which of them the lost database had answered, so all of them are read again in silence.

Silence means: the letters are written, held, and dropped at once, so that the outbox shows what was not repeated. A
mail read again is weighed with the keys of before, because it answers letters of before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from maildesk.daemon.desk import Desk
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.intake import Source, received_at, together
from maildesk.daemon.quarantine import tell_admins
from maildesk.daemon.reader import Reader
from maildesk.errors import ChannelError
from maildesk.mail.thread import fingerprint, scan_ids
from maildesk.store.unit import Unit
from maildesk.store.views import InboxRow
from maildesk.wire.imap import ImapSession, Size

JUMP = 1000  # numbers left out; more than a desk gives out between two backups
_STATES = ("pending", "sending", "sent", "deferred", "failed", "ambiguous", "held", "dropped")
_SHOWN = 20  # mails that the letter to the admins names


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading again has brought: the mails now handled, letters not repeated, and one line a mailbox in trouble.

    `looked` counts the mails looked at, most of which the backup knew.
    """

    looked: int
    mails: tuple[InboxRow, ...]
    dropped: int
    troubles: tuple[str, ...]


def new_epoch(desk: Desk) -> int:
    """Begin a new epoch and leave out numbers; returns the epoch. Nobody else may be working on the database."""
    with desk.database.unit() as unit:
        unit.meta.jump_numbers(JUMP)
        return unit.meta.raise_epoch()


def reread(desk: Desk, sources: Sequence[Source], days: int) -> Reread:
    """Take the handled mails of the last `days` days that the database does not know, without a letter to anybody.

    Raises Transient if a daemon works on this database.
    """
    with desk.database.hold("run"):
        marker = _newest_letter(desk)
        with desk.database.unit() as unit:
            unit.inbox.reclaim()
        with Reader() as reader:
            silence = _Silence(desk, reader)
            silence.handle()
            for source in sources:
                silence.read(source, days)
        dropped = _drop(desk, marker)
    with desk.database.view() as view:
        rows = tuple(row for one in sorted(silence.handled) if (row := view.views.mail(one)) is not None)
    return Reread(silence.looked, rows, dropped, tuple(silence.troubles))


class _Silence:
    """Takes and handles mails with the desk's own rules, but its letters do not leave."""

    def __init__(self, desk: Desk, reader: Reader) -> None:
        rules = replace(desk.rules, policy=replace(desk.policy, hold=True))
        self._desk = Desk(desk.database, desk.ring, desk.clock, rules)
        self._reader = reader
        self.looked = 0
        self.handled: set[int] = set()
        self.troubles: list[str] = []

    def read(self, source: Source, days: int) -> None:
        """Everything of one mailbox; a batch is handled before the next is taken, so that a crash leaves little."""
        try:
            for batch in _batches(source, self._desk.clock.now() - timedelta(days=days)):
                self.looked += len(batch)
                self._take(source, batch)
                self.handle()
        except ChannelError as error:
            self.troubles.append(str(error))

    def handle(self) -> None:
        """Handle what waits, at first also what the backup had not got to."""
        with self._desk.database.view() as view:
            self.handled.update(row.id for row in view.views.inbox("received", limit=1_000_000))
        while handle_waiting(self._desk, self._reader):
            pass

    def _take(self, source: Source, batch: list[tuple[bytes, Size]]) -> None:
        now = self._desk.clock.now()
        with self._desk.database.unit() as unit:
            for raw, size in batch:
                _add(unit, source, raw, received_at(size.internaldate, None, now), now)


def tell(desk: Desk, result: Reread) -> None:
    """The admins learn what was read again: nobody else has heard of it."""
    lines = [f"mail {row.id}: {row.sender} ({row.action})" for row in result.mails[:_SHOWN]]
    if len(result.mails) > _SHOWN:
        lines.append(f"and {len(result.mails) - _SHOWN} more; `maildesk inbox --state done` shows them")
    values: dict[str, object] = {
        "headline": f"An older backup came back; {len(result.mails)} mails were read again without a letter to anybody",
        "details": (*lines, *result.troubles),
    }
    now = desk.clock.now()
    with desk.database.unit() as unit:
        tell_admins(unit, desk, "alarm", f"restored {desk.ring.epoch} {now.isoformat()}", values, now)


def _newest_letter(desk: Desk) -> int:
    with desk.database.view() as view:
        return next((letter.id for letter in view.views.outbox(*_STATES, limit=1)), 0)


def _batches(source: Source, since: datetime) -> Iterator[list[tuple[bytes, Size]]]:
    """The mails of the folder where handled mails lie, oldest first; what is too large was never taken."""
    account = source.account
    session = ImapSession(account)
    session.connect()
    try:
        uids = session.folder_uids(account.done or account.folder, since.date())
        sizes = session.sizes(uids) if uids else {}
        fit = [uid for uid in uids if uid in sizes and sizes[uid].size <= source.max_bytes]
        for some in together((uid, sizes[uid].size) for uid in fit):
            raws = session.fetch(some)
            yield [(raws[uid], sizes[uid]) for uid in some if uid in raws]
    finally:
        session.close()


def _add(unit: Unit, source: Source, raw: bytes, at: datetime, now: datetime) -> None:
    """Receive a mail, unless it is known. Its place in that folder is no sighting: its UID is not one of INBOX."""
    message_id, _ = scan_ids(raw)
    unit.inbox.add(
        raw,
        fingerprint=fingerprint(raw),
        message_id=message_id,
        mailbox=source.account.name,
        received_at=at,
        now=now,
    )


def _drop(desk: Desk, marker: int) -> int:
    """Drop the letters that were written in silence; those that the site itself holds back stay."""
    now, dropped = desk.clock.now(), 0
    with desk.database.unit() as unit:
        for letter in unit.views.outbox("held", limit=1_000_000):
            if letter.id > marker:
                unit.outbox.drop(letter.id, now=now)
                dropped += 1
    return dropped
