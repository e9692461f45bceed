"""The outbox: every letter that shall leave, its finished bytes, and how far it has got.

    pending -> sending -> sent | deferred | failed | ambiguous
    deferred -> sending          ambiguous -> sending (once, and never for an acknowledgement)
    held: the site lets nothing leave yet          dropped: a human decided that it shall not go

The attempt is written down before a connection is used. A process that dies while sending leaves a lease behind; when
that runs out nobody knows whether the letter went, which is the same as a lost answer: ambiguous. So two copies at
most leave by themselves, and both are the same bytes with the same Message-ID. Letters about one incident to one
person keep their order: one that was put off holds back those behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from maildesk.errors import Conflict, UsageError
from maildesk.mail.message import Address, Frozen
from maildesk.store import tables

MAX_COPIES = 2

_outbox, _letters, _controls = tables.outbox, tables.letters, tables.controls
_ahead = _outbox.alias("ahead")
_this = sa.bindparam("this", type_=sa.BigInteger)
_nothing = sa.null()

_ADD = {name: i.returning(_outbox.c.id) for name, i in tables.insert_once(_outbox, "message_id").items()}
_ADD_LETTER = sa.insert(_letters)
_LETTER = sa.select(_letters.c.head, _letters.c.body, _letters.c.inserts).where(_letters.c.outbox_id == _this)

# The words of the partial index, with the names of the alias.
_undelivered_ahead = sa.text("(ahead.next_at IS NOT NULL OR ahead.leased_until IS NOT NULL)")
_first_of_its_row = ~sa.exists().where(
    _ahead.c.to_address == _outbox.c.to_address,
    _ahead.c.incident_id == _outbox.c.incident_id,
    _ahead.c.id < _outbox.c.id,
    _undelivered_ahead,
)
_DUE = (
    sa.select(_outbox)
    .where(_outbox.c.next_at <= sa.bindparam("now"), _first_of_its_row)
    .order_by(_outbox.c.next_at, _outbox.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True, of=_outbox)
)
_LEASE = (
    sa.update(_outbox)
    .where(_outbox.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(state="sending", next_at=_nothing, leased_until=sa.bindparam("until"), attempts=_outbox.c.attempts + 1)
)
_NEXT = (
    sa.select(_outbox.c.next_at)
    .where(_outbox.c.next_at.is_not(None), _first_of_its_row)
    .order_by(_outbox.c.next_at)
    .limit(1)
)
_said = {"code": sa.bindparam("said_code"), "reply": sa.bindparam("said_reply", type_=tables.Remark)}
_mine = sa.and_(_outbox.c.id == _this, _outbox.c.state == "sending")
# A lease may run out during a very long session; then the letter counts as ambiguous, until the truth is known.
_SENT = (
    sa.update(_outbox)
    .where(_outbox.c.id == _this, _outbox.c.state.in_(["sending", "ambiguous"]))
    .values(
        state="sent",
        copies=_outbox.c.copies + sa.case((_outbox.c.state == "sending", 1), else_=0),
        settled_at=sa.bindparam("now"),
        next_at=_nothing,
        leased_until=_nothing,
        **_said,
    )
)
_DEFERRED = (
    sa.update(_outbox)
    .where(_mine)
    .values(state="deferred", next_at=sa.bindparam("until"), leased_until=_nothing, **_said)
)
_GIVEN_BACK = _DEFERRED.values(attempts=_outbox.c.attempts - 1)
_FAILED = (
    sa.update(_outbox)
    .where(_mine)
    .values(state="failed", settled_at=sa.bindparam("now"), leased_until=_nothing, **_said)
)
_once_more = sa.and_(_outbox.c.automatic != "ack", _outbox.c.copies + 1 < MAX_COPIES)
_AMBIGUOUS = (
    sa.update(_outbox)
    .where(_mine)
    .values(
        state="ambiguous",
        copies=_outbox.c.copies + 1,
        next_at=sa.case((_once_more, sa.bindparam("again", type_=tables.UtcDateTime)), else_=_nothing),
        leased_until=_nothing,
        **_said,
    )
)
_LOST = (
    sa.update(_outbox)
    .where(_outbox.c.state == "sending", _outbox.c.leased_until <= sa.bindparam("before"))
    .values(
        state="ambiguous",
        copies=_outbox.c.copies + 1,
        next_at=sa.case((_once_more, sa.bindparam("now", type_=tables.UtcDateTime)), else_=_nothing),
        leased_until=_nothing,
        reply="the sender died while it was sending",
    )
)
_RETRY = (
    sa.update(_outbox)
    .where(_outbox.c.id == _this, _outbox.c.state.in_(["deferred", "failed", "ambiguous", "held", "dropped"]))
    .values(state="pending", next_at=sa.bindparam("now"), settled_at=_nothing)
)
_DROP = (
    sa.update(_outbox)
    .where(_outbox.c.id == _this, _outbox.c.state.in_(["pending", "deferred", "failed", "ambiguous", "held"]))
    .values(state="dropped", next_at=_nothing, settled_at=sa.bindparam("now"))
)
_INFO = sa.select(_outbox).where(_outbox.c.id == _this)
_BY_MESSAGE_ID = sa.select(_outbox).where(_outbox.c.message_id == sa.bindparam("message_id"))


def _acks(*conditions: sa.ColumnElement[bool], since: str) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .select_from(_outbox)
        .where(sa.text(tables.ACKNOWLEDGES), _outbox.c.created_at > sa.bindparam(since), *conditions)
        .scalar_subquery()
    )


_sender, _domain = _outbox.c.to_address == sa.bindparam("address"), _outbox.c.to_domain == sa.bindparam("domain")
_budgeted = _outbox.c.exempt.is_(False)
_ACKS = sa.select(
    _acks(_sender, since="ten_minutes"),
    _acks(_sender, since="day"),
    _acks(_domain, _budgeted, since="hour"),
    _acks(_budgeted, since="hour"),
)
_COUNT_TO = (
    sa.select(sa.func.count())
    .select_from(_outbox)
    .where(
        _outbox.c.to_key == sa.bindparam("key"),
        _outbox.c.template == sa.bindparam("which"),
        _outbox.c.created_at > sa.bindparam("since"),
    )
)
_PAUSED = sa.select(_controls.c.value).where(_controls.c.key == "outbox:paused")
_PAUSE = tables.insert_once(_controls, "key")
_RESUME = sa.delete(_controls).where(_controls.c.key == "outbox:paused")


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A letter to send: its bytes, and what sending and counting need to know.

    `automatic` is ack | notice | "" as in desk.effects.Send; `envelope` is the sender in MAIL FROM, "" the null one.
    `exempt`: an acknowledgement that counts for its recipient only, not for its domain or the desk. `held`: it waits
    until a human lets it go.
    """

    message_id: str
    incident: int | None
    template: str
    automatic: str
    to: Address
    to_key: str
    subject: str
    envelope: str
    frozen: Frozen
    cause: str
    created_at: datetime
    give_up_at: datetime
    not_before: datetime | None = None
    exempt: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class OutboxInfo:
    """A letter as it stands in the outbox, without its bytes."""

    id: int
    message_id: str
    incident_id: int | None
    template: str
    automatic: str
    exempt: bool
    to_email: str
    to_address: str
    to_name: str
    to_key: str
    to_domain: str
    subject: str
    envelope: str
    cause: str
    created_at: datetime
    give_up_at: datetime
    state: str
    next_at: datetime | None
    leased_until: datetime | None
    attempts: int
    copies: int
    settled_at: datetime | None
    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Leased:
    """A letter that the caller alone may send until `leased_until`. `attempts` counts this one."""

    id: int
    message_id: str
    incident: int | None
    template: str
    automatic: str
    to: Address
    to_key: str
    subject: str
    envelope: str
    cause: str
    created_at: datetime
    give_up_at: datetime
    leased_until: datetime
    attempts: int
    copies: int


@dataclass(frozen=True, slots=True)
class AckCounts:
    """Acknowledgements written lately, for the budgets."""

    sender_10min: int
    sender_day: int
    domain_hour: int
    hour: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox within one transaction."""

    connection: sa.Connection

    def add(self, row: OutboxRow) -> int | None:
        """Put a letter into the outbox; None where a letter of this Message-ID is there already."""
        new = self.connection.execute(_ADD[self.connection.dialect.name], _outbox_row(row)).scalar()
        if new is None:
            return None
        frozen = row.frozen
        inserts = [list(insert) for insert in frozen.inserts]
        letter = {"outbox_id": new, "head": frozen.head, "body": frozen.body, "inserts": inserts}
        self.connection.execute(_ADD_LETTER, letter)
        return int(new)

    def lease(self, now: datetime, limit: int = 10, seconds: float = 1800) -> tuple[Leased, ...]:
        """Take due letters, longest due first, for `seconds`: longer than the longest session may last.

        None while the outbox is paused.
        """
        if self.paused():
            return ()
        rows = self.connection.execute(_DUE, {"now": now, "most": limit}).all()
        until = now + timedelta(seconds=seconds)
        if rows:
            self.connection.execute(_LEASE, {"ids": [row.id for row in rows], "until": until})
        return tuple(_leased(row, until) for row in rows)

    def frozen(self, outbox_id: int) -> Frozen:
        """The letter's bytes. Raises UsageError where there is no such letter."""
        row = self.connection.execute(_LETTER, {"this": outbox_id}).first()
        if row is None:
            raise UsageError(f"there is no letter {outbox_id} in the outbox")
        return Frozen(bytes(row.head), bytes(row.body), tuple((at, sha256) for at, sha256 in row.inserts))

    def sent(self, outbox_id: int, *, now: datetime, code: int = 250, reply: str = "") -> None:
        """The server has taken it."""
        self._change(_SENT, outbox_id, code, reply, now=now)

    def deferred(self, outbox_id: int, *, until: datetime, code: int, reply: str) -> None:
        """The server has put it off; it is tried again at `until`."""
        self._change(_DEFERRED, outbox_id, code, reply, until=until)

    def give_back(self, outbox_id: int, *, until: datetime, code: int, reply: str) -> None:
        """The channel failed before this letter was looked at: it waits, and the attempt does not count."""
        self._change(_GIVEN_BACK, outbox_id, code, reply, until=until)

    def failed(self, outbox_id: int, *, now: datetime, code: int, reply: str) -> None:
        """The server has refused it for good, or its time is over."""
        self._change(_FAILED, outbox_id, code, reply, now=now)

    def ambiguous(self, outbox_id: int, *, again: datetime, code: int, reply: str) -> None:
        """The last dot left us and the answer was lost. One more copy goes at `again`, none of an acknowledgement."""
        self._change(_AMBIGUOUS, outbox_id, code, reply, again=again)

    def recover(self, now: datetime, *, all_leases: bool = False) -> int:
        """Letters whose sender died are ambiguous; return how many. `all_leases`: no other sender is alive."""
        before = datetime.max.replace(tzinfo=now.tzinfo) if all_leases else now
        return self.connection.execute(_LOST, {"before": before, "now": now}).rowcount

    def by_message_id(self, message_id: str) -> OutboxInfo | None:
        row = self.connection.execute(_BY_MESSAGE_ID, {"message_id": message_id}).first()
        return None if row is None else outbox_info(row)

    def info(self, outbox_id: int) -> OutboxInfo | None:
        row = self.connection.execute(_INFO, {"this": outbox_id}).first()
        return None if row is None else outbox_info(row)

    def ack_counts(self, email: str, domain: str, now: datetime) -> AckCounts:
        """Acknowledgements to this address (Address.key), to its domain and in all; held and failed ones count too."""
        values = {"address": email, "domain": domain, "hour": now - timedelta(hours=1), "day": now - timedelta(days=1)}
        row = self.connection.execute(_ACKS, values | {"ten_minutes": now - timedelta(minutes=10)}).one()
        return AckCounts(*row)

    def count_to(self, to_key: str, template: str, since: datetime) -> int:
        """How many letters of this template were written to this person since then."""
        return self.connection.execute(_COUNT_TO, {"key": to_key, "which": template, "since": since}).scalar_one()

    def retry(self, outbox_id: int, *, now: datetime) -> None:
        """Try this letter now, because a human says so. Raises Conflict where it is sent or on its way."""
        self._one(_RETRY, {"this": outbox_id, "now": now}, f"letter {outbox_id} is not one that can be tried again")

    def drop(self, outbox_id: int, *, now: datetime) -> None:
        """Never send this letter. Raises Conflict where it is sent or on its way."""
        self._one(_DROP, {"this": outbox_id, "now": now}, f"letter {outbox_id} is not one that can be dropped")

    def pause(self, paused: bool) -> None:
        """Let nothing leave, or let it leave again; it holds for every process and over restarts."""
        if paused:
            row = {"key": "outbox:paused", "value": "yes"}
            self.connection.execute(_PAUSE[self.connection.dialect.name], row)
        else:
            self.connection.execute(_RESUME)

    def paused(self) -> bool:
        return self.connection.execute(_PAUSED).first() is not None

    def next_due(self) -> datetime | None:
        """When the next letter may be leased (perhaps long ago); None also while the outbox is paused."""
        return None if self.paused() else self.connection.execute(_NEXT).scalar()

    def _change(self, statement: sa.Update, outbox_id: int, code: int, reply: str, **times: datetime) -> None:
        values = {"this": outbox_id, "said_code": code, "said_reply": reply} | times
        self._one(statement, values, f"letter {outbox_id} is not being sent")

    def _one(self, statement: sa.Update, values: dict[str, Any], otherwise: str) -> None:
        if self.connection.execute(statement, values).rowcount != 1:
            raise Conflict(otherwise)


def outbox_info(row: sa.Row[Any]) -> OutboxInfo:
    """A row of the table `outbox` as a value."""
    return OutboxInfo(**row._mapping)  # noqa: SLF001 -- the documented way to read by name


def _outbox_row(row: OutboxRow) -> dict[str, Any]:
    return {
        "message_id": row.message_id,
        "incident_id": row.incident,
        "template": row.template,
        "automatic": row.automatic,
        "exempt": row.exempt,
        "to_email": row.to.email,
        "to_address": row.to.key,
        "to_name": row.to.name,
        "to_key": row.to_key,
        "to_domain": row.to.domain,
        "subject": row.subject,
        "envelope": row.envelope,
        "cause": row.cause,
        "created_at": row.created_at,
        "give_up_at": row.give_up_at,
        "state": "held" if row.held else "pending",
        "next_at": None if row.held else row.not_before or row.created_at,
        "attempts": 0,
        "copies": 0,
        "code": 0,
        "reply": "",
    }


def _leased(row: sa.Row[Any], until: datetime) -> Leased:
    return Leased(
        id=row.id,
        message_id=row.message_id,
        incident=row.incident_id,
        template=row.template,
        automatic=row.automatic,
        to=Address(row.to_email, row.to_name),
        to_key=row.to_key,
        subject=row.subject,
        envelope=row.envelope,
        cause=row.cause,
        created_at=row.created_at,
        give_up_at=row.give_up_at,
        leased_until=until,
        attempts=row.attempts + 1,
        copies=row.copies,
    )
