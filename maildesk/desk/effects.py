"""What must be done: the effects that decide() returns and daemon/apply.py carries out in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from maildesk.desk.commands import Asked
from maildesk.desk.events import Said
from maildesk.desk.incident import Incident, Participant
from maildesk.mail.message import Address


class Entry(StrEnum):
    """The sorts of timeline entries."""

    MAIL = "mail"  # a mail from outside, the requester's side
    ANSWER = "answer"  # a technician's words to the requester
    NOTE = "note"  # internal
    CHANGE = "change"  # a field or the state changed
    RULE = "rule"  # a rule's verdict
    AUTO = "auto"  # an automatic mail, filed
    BOUNCE = "bounce"
    REFUSED = "refused"  # a command that did not run
    LETTER = "letter"  # a letter was withheld or failed; letters sent stand in the outbox


@dataclass(frozen=True, slots=True)
class Record:
    """Append to the timeline: who, when, what and why."""

    entry: Entry
    text: str
    public: bool = False  # may the requester ever see it
    actor: str = ""  # Party.key, "rule", "desk" or "cli"
    actor_name: str = ""
    why: str = ""
    said: Said | None = None
    inbox_id: int | None = None
    trust: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    incident: int | None = None  # another incident than the one decided on


@dataclass(frozen=True, slots=True)
class Send:
    """One letter to one recipient; it is rendered when the incident has its number, and then frozen.

    `role` is requester | technician | admin: the context type of the template. `automatic` is "ack", "notice"
    or "" (a human's words); it decides Auto-Submitted, the envelope and how often it is retried. `anonymous` means
    that nothing of the stranger's words may stand in it. `values` are extra values of the template, by name.
    """

    template: str
    to: Address
    to_key: str  # Party.key of the recipient: whom the token is bound to
    role: str
    automatic: str
    language: str = ""
    said: Said | None = None
    in_reply_to: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    anonymous: bool = False
    confirmation: bool = False  # a reply to it confirms the request asked for in the same decision
    also: tuple[str, ...] = ()  # names for the line "Also informed"


@dataclass(frozen=True, slots=True)
class Absorb:
    """Another incident takes these people in, with a line in its timeline: this one goes on there."""

    into: int
    people: tuple[Participant, ...]
    record: Record


@dataclass(frozen=True, slots=True)
class SetTimer:
    kind: str
    level: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class DropTimers:
    kind: str


@dataclass(frozen=True, slots=True)
class MarkAddress:
    """Remember something about an address: mark is known | blocked | unblocked | undeliverable | deliverable."""

    email: str
    mark: str
    reason: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Keep a refused command until its typed confirmation comes. The word is derived, not drawn."""

    person: str
    asked: Asked
    said: Said
    word: str
    inbox_id: int | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Use up a confirmation; a second use finds nothing and fails the unit."""

    id: int


@dataclass(frozen=True, slots=True)
class Link:
    """Connect this incident with another one: continues | merged | mentions | resembles."""

    other: int
    kind: str


@dataclass(frozen=True, slots=True)
class StormNoticed:
    """An admin is told of this storm; it stays quiet for `limits.storm_quiet`."""

    key: str


@dataclass(frozen=True, slots=True)
class TellAdmins:
    """An alarm to the admins, about no incident; the same `key` is told once."""

    key: str
    headline: str
    details: tuple[str, ...] = ()


Effect = (
    Absorb | Record | Send | SetTimer | DropTimers | MarkAddress | Ask | Confirmed | Link | StormNoticed | TellAdmins
)


class Action(StrEnum):
    """What became of a mail, as explain and the inbox say it."""

    CREATE = "create"
    UPDATE = "update"
    COMMAND = "command"
    FILE = "file"
    QUARANTINE = "quarantine"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Decision:
    """The incident as it shall be (None: none is touched), what must be done, and what to call it."""

    action: Action
    reason: str
    incident: Incident | None = None
    effects: tuple[Effect, ...] = ()
