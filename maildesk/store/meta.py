"""What the database knows of itself: the epoch of its ids, the signs of life of those who work on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maildesk.store import tables

_meta, _beats = tables.meta, tables.beats
_NUMBERED = tuple(table.name for table in tables.metadata.sorted_tables if table.dialect_kwargs["sqlite_autoincrement"])
_EPOCH = sa.select(_meta.c.value).where(_meta.c.key == "epoch")
_FIRST_EPOCH = tables.insert_once(_meta, "key")
# Counted by the database, so that two who raise it at once raise it twice.
_RAISE = (
    sa.update(_meta)
    .where(_meta.c.key == "epoch")
    .values(value=sa.cast(sa.cast(_meta.c.value, sa.Integer) + 1, sa.Text))
)
_BEAT = tables.upsert(_beats, ["role"], ["node", "pid", "at", "note"])
_BEATS = sa.select(_beats).order_by(_beats.c.role)

# Tables that never had a row have no line in sqlite_sequence yet.
_JUMP_SQLITE = (
    sa.text(
        "INSERT INTO sqlite_sequence (name, seq) SELECT :name, 0 WHERE :name NOT IN (SELECT name FROM sqlite_sequence)"
    ),
    sa.text("UPDATE sqlite_sequence SET seq = seq + :by WHERE name = :name"),
)
_sequence = "pg_get_serial_sequence(:name, 'id')"
_JUMP_POSTGRESQL = (sa.text(f"SELECT setval({_sequence}, nextval({_sequence}) + :by)"),)
_JUMP = {"sqlite": _JUMP_SQLITE, "postgresql": _JUMP_POSTGRESQL}


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: who does the work of `role`, and when he last said so."""

    role: str
    node: str
    pid: int
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Meta:
    """The database's own facts within one transaction."""

    connection: sa.Connection

    def epoch(self) -> int:
        """What every derived id is made with; it is raised when an older backup comes back, so that none repeats."""
        return int(self.connection.execute(_EPOCH).scalar() or 1)

    def raise_epoch(self) -> int:
        """Begin a new epoch and return it."""
        self.connection.execute(_FIRST_EPOCH[self.connection.dialect.name], {"key": "epoch", "value": "1"})
        self.connection.execute(_RAISE)
        return self.epoch()

    def jump_numbers(self, by: int) -> None:
        """Leave out the next `by` numbers of every table: they may have been given out after the backup was made."""
        for name in _NUMBERED:
            for statement in _JUMP[self.connection.dialect.name]:
                self.connection.execute(statement, {"name": name, "by": by})

    def beat(self, role: str, *, node: str, pid: int, now: datetime, note: str = "") -> None:
        """Say that this process does the work of `role`."""
        row = {"role": role, "node": node, "pid": pid, "at": now, "note": note}
        self.connection.execute(_BEAT[self.connection.dialect.name], row)

    def beats(self) -> tuple[Beat, ...]:
        """The last sign of life of every role."""
        return tuple(Beat(*row) for row in self.connection.execute(_BEATS).all())
