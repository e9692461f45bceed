"""The incident and its life: the values, and the LIFECYCLE table that says which act leads from which state where.

ITIL incident management: new (recorded), assigned, in progress (diagnosis), pending (waiting for somebody outside
the desk), resolved (service restored, consent asked), closed (consent given or taken), cancelled (should not have
been opened). A state changes only by an act of the table; an act that has no row for a state is refused, not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in progress"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN = frozenset({Status.NEW, Status.ASSIGNED, Status.IN_PROGRESS, Status.PENDING})


class Type(StrEnum):
    """Something is broken (incident), or somebody wants something (service request)."""

    INCIDENT = "incident"
    REQUEST = "request"


class Impact(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Urgency(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Priority(StrEnum):
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"


class Waiting(StrEnum):
    """Whom a pending incident waits for."""

    REQUESTER = "requester"
    SUPPLIER = "supplier"
    CHANGE = "change"


class Act(StrEnum):
    """What can happen to the state of an incident."""

    ASSIGN = "assign"
    TAKE = "take"
    ANSWER = "answer"  # a technician wrote to the requester
    WRITE = "write"  # the requester, or somebody copied in, wrote
    WAIT = "wait"
    RESUME = "resume"
    RESOLVE = "resolve"
    CONFIRM = "confirm"  # the requester consents to the resolution
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"
    MERGE = "merge"  # it was about the same as another one, under whose number everything goes on


_S, _A = Status, Act
LIFECYCLE: dict[Act, dict[Status, Status]] = {
    _A.ASSIGN: {
        _S.NEW: _S.ASSIGNED,
        _S.ASSIGNED: _S.ASSIGNED,
        _S.IN_PROGRESS: _S.ASSIGNED,
        _S.PENDING: _S.PENDING,
    },
    _A.TAKE: {
        _S.NEW: _S.IN_PROGRESS,
        _S.ASSIGNED: _S.IN_PROGRESS,
        _S.IN_PROGRESS: _S.IN_PROGRESS,
        _S.PENDING: _S.IN_PROGRESS,
    },
    # An answer is work, so it starts the progress; it does not end a wait, and never reopens what is settled.
    _A.ANSWER: {
        _S.NEW: _S.IN_PROGRESS,
        _S.ASSIGNED: _S.IN_PROGRESS,
        _S.IN_PROGRESS: _S.IN_PROGRESS,
        _S.PENDING: _S.PENDING,
        _S.RESOLVED: _S.RESOLVED,
        _S.CLOSED: _S.CLOSED,
        _S.CANCELLED: _S.CANCELLED,
    },
    # A requester's word ends the wait for him; a wait for a supplier or a change goes on (decide.py looks at whom).
    _A.WRITE: {
        _S.NEW: _S.NEW,
        _S.ASSIGNED: _S.ASSIGNED,
        _S.IN_PROGRESS: _S.IN_PROGRESS,
        _S.PENDING: _S.IN_PROGRESS,
        _S.RESOLVED: _S.IN_PROGRESS,
        _S.CLOSED: _S.IN_PROGRESS,
        _S.CANCELLED: _S.IN_PROGRESS,
    },
    _A.WAIT: {
        _S.NEW: _S.PENDING,
        _S.ASSIGNED: _S.PENDING,
        _S.IN_PROGRESS: _S.PENDING,
        _S.PENDING: _S.PENDING,
    },
    _A.RESUME: {_S.PENDING: _S.IN_PROGRESS},
    _A.RESOLVE: {
        _S.NEW: _S.RESOLVED,
        _S.ASSIGNED: _S.RESOLVED,
        _S.IN_PROGRESS: _S.RESOLVED,
        _S.PENDING: _S.RESOLVED,
    },
    _A.CONFIRM: {_S.RESOLVED: _S.CLOSED},
    _A.CLOSE: {
        _S.NEW: _S.CLOSED,
        _S.ASSIGNED: _S.CLOSED,
        _S.IN_PROGRESS: _S.CLOSED,
        _S.PENDING: _S.CLOSED,
        _S.RESOLVED: _S.CLOSED,
    },
    _A.REOPEN: {
        _S.RESOLVED: _S.IN_PROGRESS,
        _S.CLOSED: _S.IN_PROGRESS,
        _S.CANCELLED: _S.IN_PROGRESS,
    },
    _A.CANCEL: {
        _S.NEW: _S.CANCELLED,
        _S.ASSIGNED: _S.CANCELLED,
        _S.IN_PROGRESS: _S.CANCELLED,
        _S.PENDING: _S.CANCELLED,
    },
    _A.MERGE: {
        _S.NEW: _S.CLOSED,
        _S.ASSIGNED: _S.CLOSED,
        _S.IN_PROGRESS: _S.CLOSED,
        _S.PENDING: _S.CLOSED,
        _S.RESOLVED: _S.CLOSED,
    },
}


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who gets mail about an incident. The requester stands first; a watcher is a technician who looks on.

    `last_message_id` is the id of the last mail that came from here, so that a letter threads below it.
    """

    email: str  # Address.key
    name: str
    role: str  # requester | cc | watcher
    last_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident or service request, as stored; `id` 0 and `version` 0 mean not stored yet.

    `category` is "category" or "category/subcategory", "" if none. `pinned` names the fields a human has set by hand
    (impact, urgency, priority, type, category, group), which rules must not overwrite.
    """

    mailbox: str
    prefix: str
    title: str
    requester: str  # Address.key
    opened_at: datetime  # received_at of the first mail (never its Date header)
    id: int = 0
    version: int = 0
    status: Status = Status.NEW
    type: Type = Type.INCIDENT
    category: str = ""
    group: str | None = None
    assignee: str | None = None  # a person's name in the configuration
    impact: Impact = Impact.MEDIUM
    urgency: Urgency = Urgency.MEDIUM
    priority: Priority = Priority.P3
    pinned: frozenset[str] = frozenset()
    organisation: str | None = None
    vip: bool = False
    known: bool = False  # the requester is listed, of an organisation, or has once answered with a token
    language: str = "en"  # of letters to the requester
    waiting: Waiting | None = None
    waiting_until: datetime | None = None
    resolution: str = ""
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    answered_by: str | None = None  # the technician who wrote last to the requester
    answered_at: datetime | None = None
    updated_at: datetime | None = None
    tags: frozenset[str] = frozenset()
    silent: bool = False  # filed by a rule or as spam: nobody is written to
    storm: str = ""  # the storm key of the first mail
    merged_into: int | None = None  # the incident under whose number it goes on
    participants: tuple[Participant, ...] = ()

    @property
    def tag(self) -> str:
        """`INC-1042`, as people say it; the subject carries it in brackets."""
        return f"{self.prefix}-{self.id}"

    @property
    def open(self) -> bool:
        return self.status in OPEN

    def participant(self, email: str) -> Participant | None:
        return next((p for p in self.participants if p.email == email), None)


def move(status: Status, act: Act) -> Status | None:
    """The state that `act` leads to, or None if the table has no such row."""
    return LIFECYCLE[act].get(status)
