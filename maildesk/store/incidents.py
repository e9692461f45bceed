"""Incidents: the row with its version, who takes part, the timeline, links, and the Message-IDs that lead to it.

Nobody writes an incident he has not read: a save names the version it read, and fails with Conflict where somebody
else has saved since. The timeline is only ever appended to; the database itself refuses anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from maildesk.desk.effects import Entry, Record
from maildesk.desk.events import Alike, Said
from maildesk.desk.incident import OPEN, Impact, Incident, Participant, Priority, Status, Type, Urgency, Waiting
from maildesk.errors import Conflict
from maildesk.store import search, tables
from maildesk.store.forms import enclosures_form, enclosures_from

_incidents, _people, _timeline = tables.incidents, tables.participants, tables.timeline
_links, _ids, _controls = tables.links, tables.message_ids, tables.controls
_open = _incidents.c.status.in_([sa.literal_column(f"'{status}'") for status in sorted(OPEN)])
_this = sa.bindparam("this", type_=sa.BigInteger)

_STORED = tuple(c.name for c in _incidents.c if c.name not in {"id", "version"})
_GET = sa.select(_incidents).where(_incidents.c.id == _this)
_INSERT = sa.insert(_incidents)
_SAVE = (
    sa.update(_incidents)
    .where(_incidents.c.id == _this, _incidents.c.version == sa.bindparam("read", type_=sa.Integer))
    .values(version=_incidents.c.version + 1, **{name: sa.bindparam(name) for name in _STORED})
)
_PEOPLE = sa.select(_people).where(_people.c.incident_id == _this).order_by(_people.c.position)
_ADD_PEOPLE = sa.insert(_people)
_DROP_PEOPLE = sa.delete(_people).where(_people.c.incident_id == _this)

_LOG = sa.insert(_timeline)
_of_incident = sa.select(_timeline).where(_timeline.c.incident_id == _this)
_most = sa.bindparam("most", type_=sa.Integer)
_ALL = _of_incident.limit(_most)
_PUBLIC = _of_incident.where(_timeline.c.public.is_(True)).limit(_most)
_HISTORY = {
    (public, newest): query.order_by(_timeline.c.id.desc() if newest else _timeline.c.id)
    for public, query in ((False, _ALL), (True, _PUBLIC))
    for newest in (False, True)
}
_NO_LIMIT = 2**31 - 1
_SEARCHED = frozenset({Entry.MAIL, Entry.ANSWER, Entry.NOTE, Entry.CHANGE, Entry.AUTO})  # what people said and did

_REMEMBER = tables.insert_once(_ids, "message_id", "kind")
_BY_IDS = sa.select(_ids.c.message_id, _ids.c.incident_id, _ids.c.email).where(
    _ids.c.message_id.in_(sa.bindparam("ids", expanding=True)), _ids.c.kind == "mail"
)
_EXPECTED = sa.select(_ids.c.incident_id, _ids.c.email).where(
    _ids.c.message_id == sa.bindparam("message_id"), _ids.c.kind == "expected"
)
_LINK = tables.insert_once(_links, "incident_id", "other_id", "kind")
_LINKS = (
    sa.select(_links)
    .where(sa.or_(_links.c.incident_id == _this, _links.c.other_id == _this))
    .order_by(_links.c.incident_id, _links.c.other_id)
)
_OPEN_OF = (
    sa.select(_incidents.c.id, _incidents.c.prefix, _incidents.c.title)
    .where(_incidents.c.requester.in_(sa.bindparam("emails", expanding=True)), _open)
    .order_by(_incidents.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_LOADS = (
    sa.select(_incidents.c.assignee, sa.func.count())
    .where(_open, _incidents.c.assignee.in_(sa.bindparam("people", expanding=True)))
    .group_by(_incidents.c.assignee)
)
_CONTROL = sa.select(_controls.c.value).where(_controls.c.key == sa.bindparam("key"))
_SET_CONTROL = tables.upsert(_controls, ["key"], ["value"])
_STORM = sa.select(
    sa.func.coalesce(sa.func.sum(sa.case((_incidents.c.opened_at >= sa.bindparam("since"), 1), else_=0)), 0),
    sa.func.min(_incidents.c.id),
).where(
    sa.text("storm <> ''"),
    _incidents.c.storm == sa.bindparam("key"),
    _incidents.c.opened_at >= sa.bindparam("far"),
)
_IN_USE = {
    name: sa.select(_incidents.c[name]).where(_open, _incidents.c[name].is_not(None)).distinct()
    for name in ("assignee", "group", "category", "mailbox")
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of an incident's timeline, and when it was true (not: when it was written)."""

    id: int
    incident: int
    at: datetime
    record: Record


@dataclass(frozen=True, slots=True)
class Linked:
    """One connection: `incident` continues | repeats | mentions `other`."""

    incident: int
    other: int
    kind: str


@dataclass(frozen=True, slots=True)
class Storm:
    """Incidents of one storm key: how many lately, the first of them, and whether somebody was told already."""

    count: int
    first: int | None
    noticed: bool


@dataclass(frozen=True, slots=True)
class InUse:
    """The names of the configuration that open incidents use."""

    assignees: frozenset[str]
    groups: frozenset[str]
    categories: frozenset[str]
    mailboxes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Incidents:
    """The incidents within one transaction. `read` holds the participants as read, to see what a save changes."""

    connection: sa.Connection
    read: dict[int, tuple[Participant, ...]] = field(default_factory=dict)

    def get(self, incident_id: int) -> Incident | None:
        """The incident of that number; any number may be asked for, for anybody can write one into a subject."""
        if not 0 < incident_id <= tables.MAX_ID:
            return None
        row = self.connection.execute(_GET, {"this": incident_id}).first()
        if row is None:
            return None
        self.read[incident_id] = self._participants(incident_id)
        return _incident(dict(row._mapping), self.read[incident_id])  # noqa: SLF001 -- the documented way to read by name

    def insert(self, incident: Incident) -> Incident:
        """Store a new incident and return it with its number, at version 1."""
        result = self.connection.execute(_INSERT, _row(incident) | {"version": 1})
        assert result.inserted_primary_key is not None
        new = replace(incident, id=result.inserted_primary_key[0], version=1)
        self._write_participants(new)
        people = (incident.requester, *(person.name for person in incident.participants))
        search.add(self.connection, -new.id, (incident.title, *people))
        return new

    def save(self, incident: Incident) -> Incident:
        """Store a changed incident and return it with its new version. Raises Conflict where it was not the last."""
        values = _row(incident) | {"this": incident.id, "read": incident.version}
        if self.connection.execute(_SAVE, values).rowcount != 1:
            raise Conflict(f"{incident.tag} has been changed by somebody else (version {incident.version} was read)")
        if incident.id not in self.read:
            self.read[incident.id] = self._participants(incident.id)
        if self.read[incident.id] != incident.participants:
            self.connection.execute(_DROP_PEOPLE, {"this": incident.id})
            self._write_participants(incident)
        return replace(incident, version=incident.version + 1)

    def _participants(self, incident_id: int) -> tuple[Participant, ...]:
        rows = self.connection.execute(_PEOPLE, {"this": incident_id}).all()
        return tuple(Participant(row.email, row.name, row.role, row.last_message_id) for row in rows)

    def _write_participants(self, incident: Incident) -> None:
        rows = [
            {
                "incident_id": incident.id,
                "email": one.email,
                "name": one.name,
                "role": one.role,
                "last_message_id": one.last_message_id,
                "position": position,
            }
            for position, one in enumerate(incident.participants)
        ]
        if rows:
            self.connection.execute(_ADD_PEOPLE, rows)
        self.read[incident.id] = incident.participants

    def log(self, incident_id: int, *, at: datetime, record: Record) -> int:
        """Append to the timeline (of `incident_id`, whatever `record.incident` says) and return the entry's id."""
        result = self.connection.execute(_LOG, _record_row(record) | {"incident_id": incident_id, "at": at})
        assert result.inserted_primary_key is not None
        entry = int(result.inserted_primary_key[0])
        if record.entry in _SEARCHED:
            files = (file.name for file in record.said.enclosures) if record.said else ()
            search.add(self.connection, entry, (record.text, *files))
        return entry

    def history(
        self,
        incident_id: int,
        *,
        public_only: bool = False,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[TimelineEntry, ...]:
        """The timeline in the order it was written, or the newest `limit` entries of it."""
        values = {"this": incident_id, "most": _NO_LIMIT if limit is None else limit}
        rows = self.connection.execute(_HISTORY[public_only, newest_first], values).all()
        return tuple(TimelineEntry(row.id, row.incident_id, row.at, _record(row)) for row in rows)

    def remember(self, message_id: str, incident_id: int, email: str, kind: str = "mail") -> None:
        """A mail of that Message-ID belongs to the incident. `kind` is mail (it came, from `email`) or expected.

        The first to bear a Message-ID keeps it: a stranger who repeats it must not draw the replies to himself.
        """
        row = {"message_id": message_id, "kind": kind, "incident_id": incident_id, "email": email}
        self.connection.execute(_REMEMBER[self.connection.dialect.name], row)

    def by_message_ids(self, ids: Collection[str]) -> dict[str, tuple[int, str]]:
        """Those of these Message-IDs whose mail came: its incident and its sender, in one query."""
        if not ids:
            return {}
        rows = self.connection.execute(_BY_IDS, {"ids": list(ids)}).all()
        return {row.message_id: (row.incident_id, row.email) for row in rows}

    def expected(self, message_id: str) -> tuple[int, str] | None:
        """The incident of a mail that referred to this one before it came, and that mail's sender."""
        row = self.connection.execute(_EXPECTED, {"message_id": message_id}).first()
        return None if row is None else (row.incident_id, row.email)

    def link(self, incident_id: int, other: int, kind: str) -> None:
        """Connect two incidents; saying it twice changes nothing."""
        row = {"incident_id": incident_id, "other_id": other, "kind": kind}
        self.connection.execute(_LINK[self.connection.dialect.name], row)

    def links(self, incident_id: int) -> tuple[Linked, ...]:
        """The connections of an incident, in both directions."""
        rows = self.connection.execute(_LINKS, {"this": incident_id}).all()
        return tuple(Linked(*row) for row in rows)

    def open_of(self, emails: Collection[str], limit: int = 20) -> tuple[Alike, ...]:
        """The open incidents of a requester with these addresses, the newest first."""
        rows = self.connection.execute(_OPEN_OF, {"emails": list(emails), "most": limit}).all()
        return tuple(Alike(row.id, f"{row.prefix}-{row.id}", row.title) for row in rows)

    def open_loads(self, people: Collection[str]) -> dict[str, int]:
        """How many open incidents each of these people has; 0 is said too."""
        if not people:
            return {}
        rows = self.connection.execute(_LOADS, {"people": list(people)}).all()
        return dict.fromkeys(people, 0) | dict(rows)

    def last_assigned(self, group: str) -> str | None:
        """The person to whom this group's last incident was assigned automatically."""
        return self.connection.execute(_CONTROL, {"key": f"assigned:{group}"}).scalar()

    def note_assigned(self, group: str, person: str) -> None:
        self._control(f"assigned:{group}", person)

    def storm(self, key: str, since: datetime, noticed_since: datetime | None = None) -> Storm:
        """The storm of that key: incidents opened since `since`, the first opened since `noticed_since`.

        `noticed` says whether note_storm was called since `noticed_since` (default: `since`).
        """
        far = min(since, noticed_since or since)
        if not key:
            return Storm(0, None, noticed=False)
        count, first = self.connection.execute(_STORM, {"key": key, "since": since, "far": far}).one()
        noticed = self.connection.execute(_CONTROL, {"key": f"storm:{key}"}).scalar()
        return Storm(int(count), first, noticed is not None and datetime.fromisoformat(noticed) >= far)

    def note_storm(self, key: str, now: datetime) -> None:
        """Somebody has been told of this storm."""
        self._control(f"storm:{key}", now.isoformat())

    def in_use(self) -> InUse:
        """What open incidents name, to be compared with a new configuration."""
        names = {
            name: frozenset(filter(None, self.connection.execute(query).scalars())) for name, query in _IN_USE.items()
        }
        return InUse(names["assignee"], names["group"], names["category"], names["mailbox"])

    def _control(self, key: str, value: str) -> None:
        self.connection.execute(_SET_CONTROL[self.connection.dialect.name], {"key": key, "value": value})


_ENUMS: Mapping[str, type[StrEnum]] = {
    "status": Status,
    "type": Type,
    "impact": Impact,
    "urgency": Urgency,
    "priority": Priority,
    "waiting": Waiting,
}
_SETS = ("pinned", "tags")


def _row(incident: Incident) -> dict[str, Any]:
    row = {name: getattr(incident, name) for name in _STORED}
    row |= {name: sorted(row[name]) for name in _SETS}
    return row | {name: str(row[name]) for name in _ENUMS if row[name] is not None}


def _incident(row: Mapping[str, Any], participants: tuple[Participant, ...]) -> Incident:
    values = dict(row) | {name: frozenset(row[name] or ()) for name in _SETS}
    values |= {name: kind(row[name]) for name, kind in _ENUMS.items() if row[name] is not None}
    return Incident(**values, participants=participants)


def _record_row(record: Record) -> dict[str, Any]:
    said = record.said
    return {
        "entry": str(record.entry),
        "text": record.text,
        "public": record.public,
        "actor": record.actor,
        "actor_name": record.actor_name,
        "why": record.why,
        "trust": record.trust,
        "words": said.text if said else None,
        "html": said.html if said else None,
        "signature": said.signature if said else None,
        "quoted": said.quoted if said else None,
        "enclosures": enclosures_form(said.enclosures) if said else None,
        "data": dict(record.data),
        "inbox_id": record.inbox_id,
    }


def _record(row: sa.Row[Any]) -> Record:
    said = None
    if row.words is not None:
        said = Said(row.words, row.html, enclosures_from(row.enclosures), row.signature or "", row.quoted or "")
    return Record(
        entry=Entry(row.entry),
        text=row.text,
        public=row.public,
        actor=row.actor,
        actor_name=row.actor_name,
        why=row.why,
        said=said,
        inbox_id=row.inbox_id,
        trust=row.trust,
        data=row.data or {},
        incident=row.incident_id,
    )
