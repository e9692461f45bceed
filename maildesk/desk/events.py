"""What happened: the events that decide() is given, each complete, so that the decision needs no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from maildesk.desk.commands import Asked
from maildesk.desk.incident import Incident, Priority, Status
from maildesk.desk.people import Party
from maildesk.desk.rules import Classification
from maildesk.mail.message import Bounce, Enclosure, Forwarded, Kind, Trust


@dataclass(frozen=True, slots=True)
class Said:
    """The words of somebody: newly written text, the same as HTML where he wrote HTML, and files."""

    text: str
    html: str | None = None
    enclosures: tuple[Enclosure, ...] = ()
    signature: str = ""
    quoted: str = ""  # history that the mail repeats; kept with it, and never sent to anybody


@dataclass(frozen=True, slots=True)
class Found:
    """What threading found. `method` is address | token | reference | subject | "" (nothing).

    `hint` is an incident the mail points at but may not touch: a private remark, never more.
    `foreign` says a valid token of somebody else was used.
    """

    incident: int | None = None
    method: str = ""
    hint: int | None = None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """What the database counted before the decision, for budgets and storms."""

    acks_sender_10min: int = 0
    acks_sender_day: int = 0
    acks_domain_hour: int = 0
    acks_hour: int = 0
    storm_count: int = 0
    storm_first: int | None = None
    storm_quiet: bool = False  # this storm was noticed less than `storm_quiet` ago
    refusals_withheld: str = ""  # why this technician gets no further notice of a refused command
    loads: tuple[tuple[str, int], ...] = ()  # (person, open incidents), for least_loaded
    last_assigned: tuple[tuple[str, str], ...] = ()  # (group, person), for round_robin


@dataclass(frozen=True, slots=True)
class Alike:
    """An open incident, by its number, its tag and its title."""

    number: int
    tag: str
    title: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A refused command that waits for its typed confirmation."""

    id: int
    person: str  # Party.key
    incident: int | None
    word: str
    asked: Asked
    said: Said
    inbox_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """One line of an incident's timeline, as letters show it. `entry` is its sort; `ours`: the desk itself says it.

    `fields` are those of the incident that it set, `proof` is the trust level of its mail and the facts that gave it.
    Of `what` so many characters are shown as there is `room`.
    """

    at: datetime
    who: str
    what: str
    ours: bool = False
    entry: str = ""
    why: str = ""
    fields: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()
    room: int = 100


@dataclass(frozen=True, slots=True)
class Queued:
    """One incident in a list."""

    tag: str
    title: str
    status: str
    priority: str
    assignee: str | None
    group: str | None
    requester: str
    opened: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents a list shall show: those of one of these states, one of these people, and so on; empty is any.

    `nobody` adds those that nobody has to those of `assignees`.
    """

    states: tuple[Status, ...] = ()
    assignees: tuple[str, ...] = ()
    nobody: bool = False
    groups: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()


MOST_LISTED = 50  # incidents in one answer; one more is looked for, so as to say that there are more


@dataclass(frozen=True, slots=True)
class Looked:
    """What the database knew for the questions of one mail."""

    timeline: tuple[Past, ...] = ()
    queue: tuple[Queued, ...] = ()
    found: tuple[Queued, ...] = ()


@dataclass(frozen=True, slots=True)
class MailCame:
    """A mail was read. `cause` is its fingerprint: every id that follows from it is derived from it."""

    cause: str
    inbox_id: int
    mailbox: str
    received_at: datetime
    party: Party
    trust: Trust
    kind: Kind
    kind_reason: str
    subject: str
    said: Said
    asked: Asked
    found: Found
    message_id: str | None = None
    sealed: str = ""  # how it is encrypted ("PGP", "S/MIME"): nobody at the desk can read it
    copy: bool = False  # the same mail came before, by another way (a list, a second address)
    copied: tuple[Party, ...] = ()  # To and Cc without the desk's own and the sender
    named: tuple[Party, ...] = ()  # those whom the commands name
    classification: Classification | None = None
    language: str = ""
    storm: str = ""
    sums: Sums = Sums()
    spam: str = ""  # the own MTA's spam flag, as it stands in the header
    others: tuple[tuple[int, Incident], ...] = ()  # the incidents that the commands name, by the number they name
    looked: Looked = Looked()
    alike: Alike | None = None  # an open incident of the same requester that may be about the same
    forwarded: Forwarded | None = None
    forwarded_party: Party | None = None
    bounce: Bounce | None = None
    bounced_to: str = ""  # whom a letter of ours was for that surely came back, by its id or by its envelope sender
    answers: str = ""  # the template of the letter that a technician answers
    word: str = ""  # to be typed back if a command of this mail needs confirming
    confirmation: Pending | None = None  # the request that this mail answers


@dataclass(frozen=True, slots=True)
class Ordered:
    """The local admin gave commands at the command line; he is trusted, the audit says "cli"."""

    cause: str
    party: Party
    asked: Asked
    said: Said
    named: tuple[Party, ...] = ()
    others: tuple[tuple[int, Incident], ...] = ()
    sums: Sums = Sums()


@dataclass(frozen=True, slots=True)
class TimerRang:
    """A timer of this incident came due."""

    kind: str
    level: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class LetterFailed:
    """A letter of ours was refused for good or given up (dispatch says so, not a bounce)."""

    cause: str
    message_id: str
    to: str
    template: str
    reply: str


@dataclass(frozen=True, slots=True)
class AssigneeGone:
    """The configuration no longer has the person to whom this incident is assigned."""

    name: str


Event = MailCame | Ordered | TimerRang | LetterFailed | AssigneeGone
