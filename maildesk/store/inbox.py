"""The inbox: every mail that came, with its bytes, and how far it has got (received, claimed, done, quarantined).

A mail is received once, whatever number of times a server shows it: the fingerprint is unique, and each place where
it was seen (mailbox, UIDVALIDITY, UID) is a sighting. A sighting is settled when the server's copy has been moved or
flagged. Handling takes mails in the order they came. Whoever claims a mail counts the attempt before he looks at it,
so that a mail that kills its reader is known by its count; and a mail tried before is claimed alone, so that it takes
no other with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maildesk.errors import Conflict, UsageError
from maildesk.store import tables
from maildesk.store.blobs import Blobs

MAX_BATCH_BYTES = 32 * 1024 * 1024

_inbox, _seen, _boxes = tables.inbox, tables.sightings, tables.mailboxes
_undone = sa.text(tables.UNDONE)
_received: sa.ColumnElement[str] = sa.literal_column("'received'")
_unfinished = sa.and_(_undone, _inbox.c.state.in_([_received, sa.literal_column("'claimed'")]))
_ids: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)

_BY_FINGERPRINT = sa.select(_inbox.c.id).where(_inbox.c.fingerprint == sa.bindparam("fingerprint"))
_ADD = {name: insert.returning(_inbox.c.id) for name, insert in tables.insert_once(_inbox, "fingerprint").items()}
_SEE = tables.insert_once(_seen, "mailbox", "uidvalidity", "uid")
_here = sa.and_(_seen.c.mailbox == sa.bindparam("box"), _seen.c.uidvalidity == sa.bindparam("validity"))
_KNOWN = sa.select(_seen.c.uid, _seen.c.settled).where(_here, _seen.c.uid.in_(sa.bindparam("uids", expanding=True)))
_UNSETTLED = (
    sa.select(_seen.c.uid)
    .where(_here, sa.text("NOT settled"))
    .order_by(_seen.c.uid)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SETTLE = sa.update(_seen).where(_here, _seen.c.uid.in_(sa.bindparam("uids", expanding=True))).values(settled=True)
_BOX = sa.select(_boxes).where(_boxes.c.name == sa.bindparam("name"))
_SAVE_BOX = tables.upsert(_boxes, ["name"], [c.name for c in _boxes.c if c.name != "name"])
_SCANS = sa.select(_boxes.c.name, _boxes.c.scan_started_at).where(_boxes.c.scan_done_at.is_not(None))

_NEXT = (
    sa.select(
        _inbox.c.id,
        _inbox.c.fingerprint,
        _inbox.c.mailbox,
        _inbox.c.received_at,
        _inbox.c.attempts,
        _inbox.c.message_id,
        _inbox.c.blob.label("sha256"),
        _inbox.c.size,
    )
    .where(_undone, _inbox.c.state == _received)
    .order_by(_inbox.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    sa.update(_inbox)
    .where(_inbox.c.id.in_(_ids), _inbox.c.state == _received)
    .values(state="claimed", attempts=_inbox.c.attempts + 1, claimed_at=sa.bindparam("now"))
)
_RAW = sa.select(_inbox.c.blob).where(_inbox.c.id == sa.bindparam("id"))
_DONE_FIELDS = ("kind", "action", "reason", "sender", "subject", "incident_id")
_FINISH = (
    sa.update(_inbox)
    .where(_inbox.c.id == sa.bindparam("this"), _inbox.c.state == "claimed")
    .values(state="done", handled_at=sa.bindparam("now"), **{f: sa.bindparam(f) for f in _DONE_FIELDS})
)
_GIVE_BACK = sa.update(_inbox).where(_inbox.c.id.in_(_ids), _inbox.c.state == "claimed").values(state="received")
_GIVE_BACK_ATTEMPT = _GIVE_BACK.values(attempts=_inbox.c.attempts - 1)
_RECLAIM = sa.update(_inbox).where(_undone, _inbox.c.state == "claimed").values(state="received")
_QUARANTINE = (
    sa.update(_inbox)
    .where(_inbox.c.id == sa.bindparam("this"), _inbox.c.state.in_(["claimed", "received"]))
    .values(
        state="quarantined",
        action="quarantine",
        reason=sa.bindparam("why", type_=tables.Remark),
        handled_at=sa.bindparam("now"),
    )
)
_RELEASE = (
    sa.update(_inbox)
    .where(_inbox.c.id == sa.bindparam("this"), _inbox.c.state == "quarantined")
    .values(state="received", attempts=0, action="", reason="", handled_at=None)
)
_BEFORE = sa.select(_inbox.c.id).where(_unfinished, _inbox.c.received_at <= sa.bindparam("time")).limit(1)
_PARENT = (
    sa.select(_inbox.c.id)
    .where(_inbox.c.message_id.in_(_ids), _unfinished, _inbox.c.id < sa.bindparam("before", type_=sa.Integer))
    .limit(1)
)
_EARLIER = (
    sa.select(_inbox.c.id)
    .where(_inbox.c.message_id == sa.bindparam("message_id"), _inbox.c.id < sa.bindparam("before"))
    .order_by(_inbox.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Added:
    """The row of a mail that was offered, and whether it was there already."""

    id: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail to handle. `attempts` counts this one."""

    id: int
    fingerprint: str
    mailbox: str
    received_at: datetime
    attempts: int
    message_id: str | None
    sha256: str
    size: int  # of the whole mail; more than there are bytes where only the header was taken


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How far a mailbox has been read. UIDs below `first_uid` are none of ours; `last_uid` is the highest one seen.

    `scan_started_at` is the start of the last scan that was completed, `scan_done_at` its end (None: none yet).
    """

    name: str
    uidvalidity: int
    first_uid: int
    last_uid: int
    scan_started_at: datetime | None = None
    scan_done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """The inbox within one transaction."""

    connection: sa.Connection

    def add(
        self,
        raw: bytes,
        *,
        fingerprint: str,
        message_id: str | None,
        mailbox: str,
        received_at: datetime,
        now: datetime,
        sighting: tuple[int, int] | None = None,
        size: int | None = None,
    ) -> Added:
        """Receive a mail; `sighting` is (UIDVALIDITY, UID). A known fingerprint only gains a sighting.

        `size` in bytes is given where `raw` is only the header of a mail that was too large to take.
        """
        added = self._known(fingerprint) or self._insert(
            raw,
            {
                "fingerprint": fingerprint,
                "message_id": message_id,
                "mailbox": mailbox,
                "received_at": received_at,
                "arrived_at": now,
                "size": len(raw) if size is None else size,
            },
        )
        if sighting is not None:
            row = {"mailbox": mailbox, "uidvalidity": sighting[0], "uid": sighting[1], "inbox_id": added.id}
            self.connection.execute(_SEE[self.connection.dialect.name], row | {"at": now, "settled": False})
        return added

    def _known(self, fingerprint: str) -> Added | None:
        found = self.connection.execute(_BY_FINGERPRINT, {"fingerprint": fingerprint}).scalar()
        return None if found is None else Added(found, duplicate=True)

    def _insert(self, raw: bytes, row: dict[str, object]) -> Added:
        blank = {"kind": "", "action": "", "reason": "", "sender": "", "subject": ""}
        row |= blank | {"blob": Blobs(self.connection).put(raw), "state": "received", "attempts": 0}
        new = self.connection.execute(_ADD[self.connection.dialect.name], row).scalar()
        if new is not None:
            return Added(new, duplicate=False)
        # Another node has received the same mail between our look and our insert.
        known = self._known(str(row["fingerprint"]))
        if known is None:
            raise Conflict("the same mail is just being received somewhere else")
        return known

    def known_uids(self, mailbox: str, uidvalidity: int, uids: Collection[int]) -> dict[int, bool]:
        """Those of these UIDs that were seen, and whether each is settled."""
        known: dict[int, bool] = {}
        for some in _slices(sorted(uids)):
            values = {"box": mailbox, "validity": uidvalidity, "uids": some}
            known |= dict(self.connection.execute(_KNOWN, values).all())
        return known

    def unsettled(self, mailbox: str, uidvalidity: int, limit: int = 1000) -> list[int]:
        """UIDs whose mail is safe here and which the server still shows where they came in, lowest first."""
        values = {"box": mailbox, "validity": uidvalidity, "most": limit}
        return list(self.connection.execute(_UNSETTLED, values).scalars())

    def settle(self, mailbox: str, uidvalidity: int, uids: Collection[int]) -> None:
        """The server's copies have been moved or flagged."""
        for some in _slices(sorted(uids)):
            self.connection.execute(_SETTLE, {"box": mailbox, "validity": uidvalidity, "uids": some})

    def mailbox(self, name: str) -> MailboxState | None:
        row = self.connection.execute(_BOX, {"name": name}).first()
        return None if row is None else MailboxState(*row)

    def save_mailbox(self, state: MailboxState) -> None:
        self.connection.execute(_SAVE_BOX[self.connection.dialect.name], asdict(state))

    def scans(self) -> dict[str, datetime]:
        """When the last completed scan of each mailbox began; mailboxes never completely scanned are missing."""
        return {name: at for name, at in self.connection.execute(_SCANS).all() if at is not None}

    def claim(self, now: datetime, limit: int = 25, max_bytes: int = MAX_BATCH_BYTES) -> tuple[Claimed, ...]:
        """The oldest received mails, at most `limit` and `max_bytes` together (but always one), each claimed."""
        rows = self.connection.execute(_NEXT, {"most": limit}).all()
        batch = tuple(
            Claimed(**{**row._mapping, "attempts": row.attempts + 1})  # noqa: SLF001 -- the documented way to read by name
            for row in _together(rows, max_bytes)
        )
        if batch:
            self.connection.execute(_CLAIM, {"ids": [one.id for one in batch], "now": now})
        return batch

    def raw(self, inbox_id: int) -> bytes:
        """The bytes as they came. Raises UsageError where there is no such mail."""
        sha256 = self.connection.execute(_RAW, {"id": inbox_id}).scalar()
        if sha256 is None:
            raise UsageError(f"there is no mail {inbox_id} in the inbox")
        return Blobs(self.connection).get(sha256)

    def finish(
        self,
        inbox_id: int,
        *,
        kind: str,
        action: str,
        reason: str,
        sender: str,
        subject: str,
        incident_id: int | None,
        now: datetime,
    ) -> None:
        """The mail is handled. Raises Conflict where it was not claimed (any more)."""
        values: dict[str, object] = {"kind": kind, "action": action, "reason": reason, "sender": sender}
        values |= {"subject": subject, "incident_id": incident_id, "this": inbox_id, "now": now}
        self._one(_FINISH, values, f"mail {inbox_id} is not claimed")

    def give_back(self, ids: Collection[int], *, attempt: bool) -> None:
        """Let these claimed mails wait again; `attempt` says that nothing was their fault, so it does not count."""
        if ids:
            self.connection.execute(_GIVE_BACK_ATTEMPT if attempt else _GIVE_BACK, {"ids": list(ids)})

    def reclaim(self) -> int:
        """Let mails that a dead process had claimed wait again; their attempt counts, it may have been the killer.

        For the one who handles and knows that nobody else does; no time is compared, since clocks are set back.
        """
        return self.connection.execute(_RECLAIM).rowcount

    def quarantine(self, inbox_id: int, reason: str, now: datetime) -> None:
        """Put the mail aside with its bytes, for a human to look at. Raises Conflict where it is done already."""
        self._one(_QUARANTINE, {"this": inbox_id, "why": reason, "now": now}, f"mail {inbox_id} is not waiting")

    def release(self, inbox_id: int) -> None:
        """Handle a quarantined mail anew. Raises Conflict where it is not in quarantine."""
        self._one(_RELEASE, {"this": inbox_id}, f"mail {inbox_id} is not in quarantine")

    def unfinished_before(self, time: datetime) -> bool:
        """Say whether a mail received at or before `time` still waits to be handled."""
        return self.connection.execute(_BEFORE, {"time": time}).first() is not None

    def waits_for(self, inbox_id: int, message_ids: Collection[str]) -> bool:
        """Say whether a mail before mail `inbox_id` with one of these Message-IDs has not been handled yet."""
        values = {"ids": list(message_ids), "before": inbox_id}
        return bool(message_ids) and self.connection.execute(_PARENT, values).first() is not None

    def earlier(self, message_id: str, before: int) -> int | None:
        """The last mail before mail `before` that bore this Message-ID: senders use one twice."""
        return self.connection.execute(_EARLIER, {"message_id": message_id, "before": before}).scalar()

    def _one(self, statement: sa.Update, values: Mapping[str, object], otherwise: str) -> None:
        if self.connection.execute(statement, values).rowcount != 1:
            raise Conflict(otherwise)


def _together(rows: Sequence[sa.Row[*tuple[Any, ...]]], max_bytes: int) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """The rows at the head that may be claimed together."""
    size = 0
    for place, row in enumerate(rows):
        size += row.size
        if place and (row.attempts or size > max_bytes):
            return
        yield row
        if row.attempts:
            return


def _slices(values: Sequence[int], length: int = 500) -> Iterator[list[int]]:
    """Lists of at most `length`: databases limit the values of one statement."""
    return (list(values[at : at + length]) for at in range(0, len(values), length))
