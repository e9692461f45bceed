"""Questions that people at the command line ask: lists and counts. Reading only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from maildesk.desk.events import Wanted
from maildesk.desk.incident import OPEN, Priority, Status
from maildesk.store import search, tables
from maildesk.store.outbox import OutboxInfo, outbox_info

_incidents, _inbox, _outbox, _timers = tables.incidents, tables.inbox, tables.outbox, tables.timers
_most = sa.bindparam("most", type_=sa.Integer)
_open_states = sorted(str(status) for status in OPEN)

_settled = sa.case((_incidents.c.status.in_(_open_states), 0), else_=1)
_queue_columns = [
    _incidents.c[name]
    for name in (
        "id",
        "prefix",
        "title",
        "status",
        "type",
        "priority",
        "category",
        "group",
        "assignee",
        "requester",
        "organisation",
        "vip",
        "waiting",
        "opened_at",
        "updated_at",
    )
]
_undone, _unsent = sa.text(tables.UNDONE), sa.text(tables.UNSENT)
# By number, not by time: mails are handled and letters sent nearly in order, and a number needs no index of its own.
_LAST_HANDLED = sa.select(_inbox.c.handled_at).where(_inbox.c.state == "done").order_by(_inbox.c.id.desc()).limit(1)
_LAST_SENT = sa.select(_outbox.c.settled_at).where(_outbox.c.state == "sent").order_by(_outbox.c.id.desc()).limit(1)
_inbox_columns = [c for c in _inbox.c if c.name != "arrived_at"]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One incident in a list."""

    id: int
    prefix: str
    title: str
    status: Status
    type: str
    priority: Priority
    category: str
    group: str | None
    assignee: str | None
    requester: str
    organisation: str | None
    vip: bool
    waiting: str | None
    opened_at: datetime
    updated_at: datetime | None

    @property
    def tag(self) -> str:
        return f"{self.prefix}-{self.id}"


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One mail of the inbox, without its bytes."""

    id: int
    fingerprint: str
    message_id: str | None
    sha256: str
    mailbox: str
    received_at: datetime
    size: int
    state: str
    attempts: int
    kind: str
    action: str
    reason: str
    sender: str
    subject: str
    incident_id: int | None
    claimed_at: datetime | None
    handled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """How the desk does, in numbers. `inbox`, `outbox` and `incidents` count rows by state.

    Mails that are done and letters that are sent or dropped are not counted: there are years of them.

    `oldest_unfinished` is when the mail that waits longest was received, `oldest_due` since when a letter is due,
    `oldest_timer` since when a timer is due (None: none is).
    """

    inbox: dict[str, int]
    outbox: dict[str, int]
    incidents: dict[str, int]
    unassigned: int
    undeliverable: int
    oldest_unfinished: datetime | None
    oldest_due: datetime | None
    oldest_timer: datetime | None
    last_handled: datetime | None
    last_sent: datetime | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents a list shows; None: any. `states` None: the open ones. `text` is looked for in titles."""

    states: tuple[Status, ...] | None = None
    assignee: str | None = None
    group: str | None = None
    requester: str | None = None
    category: str | None = None
    priority: Priority | None = None
    mailbox: str | None = None
    unassigned: bool = False
    text: str | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Views:
    """The questions within one transaction."""

    connection: sa.Connection

    def queue(self, wanted: Filter = Filter()) -> tuple[QueueRow, ...]:
        """Incidents, the most urgent first and among equals the oldest."""
        query = sa.select(*_queue_columns).where(*_conditions(wanted))
        query = query.order_by(_incidents.c.priority, _incidents.c.id).limit(wanted.limit)
        return tuple(_queue_row(row) for row in self.connection.execute(query).all())

    def listed(self, wanted: Wanted, limit: int) -> tuple[QueueRow, ...]:
        """The same as a list by mail narrows it: by states, people, groups and priorities, each any of several."""
        holders = [_incidents.c.assignee.in_(wanted.assignees)] if wanted.assignees else []
        holders += [_incidents.c.assignee.is_(None)] if wanted.nobody else []
        conditions = [sa.or_(*holders)] if holders else []
        for name, values in (
            ("status", wanted.states),
            ("group", wanted.groups),
            ("priority", wanted.priorities),
        ):
            conditions += [_incidents.c[name].in_([str(value) for value in values])] if values else []
        query = sa.select(*_queue_columns).where(*conditions)
        query = query.order_by(_incidents.c.priority, _incidents.c.id).limit(limit)
        return tuple(_queue_row(row) for row in self.connection.execute(query).all())

    def search(self, words: Sequence[str], limit: int = 50) -> tuple[QueueRow, ...]:
        """Incidents with all these words in title, people or timeline; the open ones first, then the newest."""
        condition, values = search.condition(self.connection.dialect.name, words)
        query = sa.select(*_queue_columns).where(condition).order_by(_settled, _incidents.c.id.desc()).limit(limit)
        return tuple(_queue_row(row) for row in self.connection.execute(query, values).all())

    def inbox(self, *states: str, limit: int = 200) -> tuple[InboxRow, ...]:
        """Mails in these states (default: all but done), newest first."""
        query = _listed(sa.select(*_inbox_columns), _inbox, states, _undone)
        return tuple(InboxRow(*row) for row in self.connection.execute(query, {"most": limit}).all())

    def mail(self, inbox_id: int) -> InboxRow | None:
        """One mail of the inbox."""
        row = self.connection.execute(sa.select(*_inbox_columns).where(_inbox.c.id == inbox_id)).first()
        return None if row is None else InboxRow(*row)

    def outbox(self, *states: str, limit: int = 200) -> tuple[OutboxInfo, ...]:
        """Letters in these states (default: all but sent and dropped), newest first."""
        query = _listed(sa.select(_outbox), _outbox, states, _unsent)
        return tuple(outbox_info(row) for row in self.connection.execute(query, {"most": limit}).all())

    def letters(self, incident_id: int) -> tuple[OutboxInfo, ...]:
        """All letters about one incident, in the order they were written."""
        query = sa.select(_outbox).where(_outbox.c.incident_id == incident_id).order_by(_outbox.c.id)
        return tuple(outbox_info(row) for row in self.connection.execute(query).all())

    def health(self, now: datetime) -> Health:
        """The numbers that `maildesk status` judges."""
        return Health(
            inbox=self._by_state(_inbox.c.state, _undone),
            outbox=self._by_state(_outbox.c.state, _unsent),
            incidents=self._by_state(_incidents.c.status),
            unassigned=self._count(_incidents.c.status.in_(_open_states), _incidents.c.assignee.is_(None)),
            undeliverable=self._count(tables.contacts.c.undeliverable_at.is_not(None)),
            oldest_unfinished=self._time(sa.func.min(_inbox.c.received_at), _undone, _inbox.c.state != "quarantined"),
            oldest_due=self._time(sa.func.min(_outbox.c.next_at), _outbox.c.next_at <= now),
            oldest_timer=self._time(sa.func.min(_timers.c.due_at), sa.text(tables.ARMED), _timers.c.due_at <= now),
            last_handled=self.connection.execute(_LAST_HANDLED).scalar(),
            last_sent=self.connection.execute(_LAST_SENT).scalar(),
        )

    def _by_state(self, column: sa.Column[str], *conditions: sa.TextClause) -> dict[str, int]:
        query = sa.select(column, sa.func.count()).where(*conditions).group_by(column)
        return dict(self.connection.execute(query).all())

    def _count(self, *conditions: sa.ColumnElement[bool]) -> int:
        return self.connection.execute(sa.select(sa.func.count()).where(*conditions)).scalar_one()

    def _time(self, what: sa.ColumnElement[Any], *conditions: Any) -> datetime | None:
        return self.connection.execute(sa.select(what).where(*conditions)).scalar()


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    states = _open_states if wanted.states is None else [str(status) for status in wanted.states]
    conditions: list[sa.ColumnElement[bool]] = [_incidents.c.status.in_(states)]
    for name in ("assignee", "group", "requester", "priority", "mailbox"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(_incidents.c[name] == str(value))
    if wanted.category is not None:
        below = _incidents.c.category.startswith(f"{wanted.category}/", autoescape=True)
        conditions.append(sa.or_(_incidents.c.category == wanted.category, below))
    if wanted.unassigned:
        conditions.append(_incidents.c.assignee.is_(None))
    if wanted.text:
        conditions.append(_incidents.c.title.icontains(wanted.text, autoescape=True))
    return conditions


def _listed(query: sa.Select[Any], table: sa.Table, states: tuple[str, ...], else_: sa.TextClause) -> sa.Select[Any]:
    return query.where(table.c.state.in_(states) if states else else_).order_by(table.c.id.desc()).limit(_most)


def _queue_row(row: sa.Row[Any]) -> QueueRow:
    values = dict(row._mapping)  # noqa: SLF001 -- the documented way to read by name
    return QueueRow(**values | {"status": Status(row.status), "priority": Priority(row.priority)})
