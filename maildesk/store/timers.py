"""Timers: what shall happen to an incident at a time. Each is one row per incident, kind and level, and fires once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maildesk.store import tables

_timers = tables.timers
_armed = sa.text(tables.ARMED)
_SET = tables.upsert(_timers, ["incident_id", "kind", "level"], ["due_at", "state"])
_DROP = (
    sa.update(_timers)
    .where(_timers.c.incident_id == sa.bindparam("incident"), _timers.c.kind == sa.bindparam("which"), _armed)
    .values(state="dropped")
)
_DUE = (
    sa.select(_timers.c.id, _timers.c.incident_id, _timers.c.kind, _timers.c.level, _timers.c.due_at)
    .where(_armed, _timers.c.due_at <= sa.bindparam("now"))
    .order_by(_timers.c.due_at, _timers.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_FIRE = sa.update(_timers).where(_timers.c.id == sa.bindparam("this"), _armed).values(state="fired")
_NEXT = sa.select(_timers.c.due_at).where(_armed).order_by(_timers.c.due_at).limit(1)


@dataclass(frozen=True, slots=True)
class Timer:
    """An armed timer."""

    id: int
    incident: int
    kind: str
    level: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Timers:
    """The timers within one transaction."""

    connection: sa.Connection

    def set(self, incident_id: int, kind: str, level: int, due_at: datetime) -> None:
        """Arm this timer; one that has fired or was dropped is armed again."""
        row = {"incident_id": incident_id, "kind": kind, "level": level, "due_at": due_at, "state": "armed"}
        self.connection.execute(_SET[self.connection.dialect.name], row)

    def drop(self, incident_id: int, kind: str) -> None:
        """Disarm every level of this kind."""
        self.connection.execute(_DROP, {"incident": incident_id, "which": kind})

    def due(self, now: datetime, limit: int = 100) -> tuple[Timer, ...]:
        """The armed timers that are due, longest due first."""
        rows = self.connection.execute(_DUE, {"now": now, "most": limit}).all()
        return tuple(Timer(*row) for row in rows)

    def fire(self, timer_id: int) -> bool:
        """Claim this timer: True for the one who may act, False where it is not armed (any more)."""
        return self.connection.execute(_FIRE, {"this": timer_id}).rowcount == 1

    def next_due(self) -> datetime | None:
        """When the next armed timer is due."""
        return self.connection.execute(_NEXT).scalar()
