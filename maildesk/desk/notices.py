"""Notices: which letters an event calls for, to whom, by which template and in which language.

The NOTICES table is the policy: what happened -> letters. The interpreter below it only finds the people of an
audience. A letter goes to one person each, because the token in it is personal; the others are named in a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from maildesk.desk.draft import Draft
from maildesk.desk.effects import Send
from maildesk.desk.events import Said, Sums
from maildesk.desk.incident import Incident
from maildesk.desk.people import Party, Person
from maildesk.desk.policy import Limits, Policy
from maildesk.mail.message import Address, Level


class Audience(StrEnum):
    REQUESTER = "requester"
    OUTSIDE = "outside"  # the requester and everybody copied in
    TEAM = "team"  # the assignee, else his group, else its lead, else all technicians, else the admins; and watchers
    LEAD = "lead"  # of the group, else the team
    SPEAKER = "speaker"  # who caused it, at the registered address
    WRITER = "writer"  # somebody outside who caused it
    ADMINS = "admins"


class Happening(StrEnum):
    """What happened, as far as letters care."""

    RECEIVED = "received"  # recorded, and acknowledged
    SEALED = "sealed"  # recorded, but encrypted
    RECORDED = "recorded"  # recorded without an acknowledgement
    OPENED_FOR = "opened for"  # a technician opened it for somebody
    ASSIGNED = "assigned"
    ORPHANED = "orphaned"  # its assignee has left the configuration
    TAKEN = "taken"
    WROTE = "wrote"
    ANSWERED = "answered"
    CROSSED = "crossed"
    NOTED = "noted"
    WAITING = "waiting"
    RESUMED = "resumed"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    REOPENED = "reopened"
    CAME_BACK = "came back"  # the requester wrote to a settled incident, which opened again
    CANCELLED = "cancelled"
    MERGED = "merged"
    CHANGED = "changed"  # by a colleague of the one who has it
    SETTLED = "settled"  # closed or cancelled by the requester's own command
    BOUNCED = "bounced"
    STATUS = "status"
    DECLINED = "declined"
    DONE = "done"
    NOT_DONE = "not done"
    CONFIRM = "confirm"
    REFUSED = "refused"
    HELP = "help"
    ASKED = "asked"  # a question, which is answered
    STORM = "storm"


@dataclass(frozen=True, slots=True)
class Notice:
    """One letter: its template, its audience, how it is marked ("ack", "notice", "" for a human's words).

    `words`: it repeats the words of the mail that caused it.
    """

    template: str
    audience: Audience
    automatic: str = "notice"
    words: bool = True


_A, _H = Audience, Happening
NOTICES: Mapping[Happening, tuple[Notice, ...]] = {
    _H.RECEIVED: (Notice("received", _A.REQUESTER, "ack", words=False), Notice("new", _A.TEAM)),
    _H.SEALED: (Notice("unopened", _A.REQUESTER, "ack", words=False), Notice("new", _A.TEAM)),
    _H.RECORDED: (Notice("new", _A.TEAM),),
    _H.OPENED_FOR: (Notice("opened_for", _A.REQUESTER),),
    _H.ASSIGNED: (Notice("assigned", _A.TEAM),),
    _H.ORPHANED: (Notice("assigned", _A.LEAD),),
    _H.TAKEN: (Notice("taken", _A.REQUESTER),),
    _H.WROTE: (Notice("update", _A.TEAM),),
    _H.ANSWERED: (Notice("answer", _A.OUTSIDE, ""), Notice("answered", _A.TEAM)),
    _H.CROSSED: (Notice("crossed", _A.SPEAKER),),
    _H.NOTED: (Notice("note", _A.TEAM),),
    _H.WAITING: (Notice("waiting", _A.OUTSIDE),),
    _H.RESUMED: (Notice("resumed", _A.TEAM),),
    _H.RESOLVED: (Notice("resolved", _A.OUTSIDE),),
    _H.CONFIRMED: (Notice("closed", _A.REQUESTER, words=False), Notice("confirmed_tech", _A.TEAM)),
    _H.CLOSED: (Notice("closed", _A.OUTSIDE),),
    _H.REOPENED: (Notice("reopened", _A.OUTSIDE), Notice("reopened_tech", _A.TEAM)),
    _H.CAME_BACK: (Notice("reopened", _A.REQUESTER), Notice("reopened_tech", _A.TEAM)),
    _H.CANCELLED: (Notice("cancelled", _A.OUTSIDE),),
    _H.MERGED: (Notice("merged", _A.OUTSIDE),),
    _H.CHANGED: (Notice("changed", _A.SPEAKER),),
    _H.SETTLED: (Notice("changed", _A.TEAM),),
    _H.BOUNCED: (Notice("bounced", _A.TEAM),),
    _H.STATUS: (Notice("status", _A.REQUESTER, "ack"),),
    _H.DECLINED: (Notice("declined", _A.WRITER, "ack"),),
    _H.DONE: (Notice("done", _A.SPEAKER),),
    _H.NOT_DONE: (Notice("not_done", _A.SPEAKER),),
    _H.CONFIRM: (Notice("confirm", _A.SPEAKER),),
    _H.REFUSED: (Notice("refused", _A.SPEAKER),),
    _H.HELP: (Notice("help", _A.SPEAKER),),
    _H.ASKED: (Notice("report", _A.SPEAKER),),
    _H.STORM: (Notice("storm", _A.ADMINS),),
}

# Everything a site may switch off; answers, receipts of refused commands and confirmations are no matter of taste.
OPTIONAL = frozenset(
    {
        "received",
        "received_anon",
        "taken",
        "waiting",
        "closed",
        "reopened",
        "cancelled",
        "merged",
        "answered",
        "crossed",
        "note",
    }
    | {"changed", "done", "resumed", "confirmed_tech", "storm"}
)


# What the desk thinks of a mail is for the desk.
PRIVATE = frozenset({"hint", "oddity", "continued", "suggest_cc", "unverified", "who_address"})


# Answers to these letters stay with the desk; answers to all others go to the requester. Each letter says so itself,
# so what is decided here when the answer comes is what its writer has read.
INTERNAL_LETTERS = frozenset({"confirm", "refused", "help", "note", "report"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody a letter goes to; `key` is whom its token is bound to (Party.key)."""

    address: Address
    key: str
    language: str
    role: str  # requester | technician | admin


def announce(
    draft: Draft,
    happening: Happening,
    *,
    speaker: Party | None = None,
    said: Said | None = None,
    values: Mapping[str, object] | None = None,
    in_reply_to: str | None = None,
) -> None:
    """Put the letters that this happening calls for into the draft."""
    for notice in NOTICES[happening]:
        if notice.template in draft.policy.notices_off:
            continue
        people = list(_people(notice, draft, speaker))
        for who in people:
            draft.add(_send(notice, who, people, draft.incident, said, values or {}, in_reply_to))


def to_person(
    template: str, person: Person, policy: Policy, values: Mapping[str, object], in_reply_to: str | None = None
) -> Send:
    """A letter to one of the desk's own people, at the registered address, about no incident."""
    who = _technician(person, policy)
    return Send(
        template,
        who.address,
        who.key,
        who.role,
        "notice",
        who.language,
        in_reply_to=in_reply_to,
        values=values,
        confirmation=template == "confirm",
    )


def _send(
    notice: Notice,
    who: Recipient,
    people: list[Recipient],
    incident: Incident,
    said: Said | None,
    values: Mapping[str, object],
    in_reply_to: str | None,
) -> Send:
    outside = notice.audience in {Audience.OUTSIDE, Audience.REQUESTER, Audience.WRITER}
    stranger = outside and not incident.known and notice.automatic != ""
    also = tuple(p.address.name or p.address.email for p in people if p is not who)
    return Send(
        template="received_anon" if stranger and notice.template == "received" else notice.template,
        to=who.address,
        to_key=who.key,
        role=who.role,
        automatic=notice.automatic,
        language=who.language,
        said=said if notice.words else None,
        in_reply_to=in_reply_to if who.address.email == incident.requester or not outside else None,
        values={k: v for k, v in values.items() if k not in PRIVATE} if who.role == "requester" else values,
        anonymous=stranger,
        confirmation=notice.template == "confirm",
        also=also if notice.audience is Audience.OUTSIDE else (),
    )


def _people(notice: Notice, draft: Draft, speaker: Party | None) -> Iterator[Recipient]:
    """The audience without doubles, without the desk itself, and (but for receipts) without who caused it."""
    if draft.incident.silent and notice.audience not in {Audience.SPEAKER, Audience.ADMINS}:
        return
    seen = set(draft.policy.own_addresses)
    own = speaker.key if speaker and notice.audience in {Audience.TEAM, Audience.OUTSIDE} else None
    if notice.audience is Audience.OUTSIDE and speaker and not speaker.technician:
        own = None  # a requester who closes or cancels reads that it is done
    for who in _AUDIENCES[notice.audience](draft.incident, draft.policy, speaker):
        if who.address.key not in seen and who.key != own:
            seen.add(who.address.key)
            yield who


def _requester(incident: Incident, policy: Policy, _speaker: Party | None) -> Iterator[Recipient]:
    if incident.requester:
        yield _outsider(incident.requester, incident, policy)


def _outside(incident: Incident, policy: Policy, speaker: Party | None) -> Iterator[Recipient]:
    yield from _requester(incident, policy, speaker)
    for participant in incident.participants:
        if participant.role == "cc":
            yield _outsider(participant.email, incident, policy)


def _team(incident: Incident, policy: Policy, _speaker: Party | None) -> Iterator[Recipient]:
    yield from (_technician(person, policy) for person in team(incident, policy))
    if not team(incident, policy):
        yield from _admins(incident, policy, None)
    for participant in incident.participants:
        person = policy.directory.person_of(participant.email)
        if participant.role == "watcher" and person:
            yield _technician(person, policy)


def _lead(incident: Incident, policy: Policy, _speaker: Party | None) -> Iterator[Recipient]:
    group = policy.directory.groups.get(incident.group or "")
    lead = policy.directory.people.get(group.lead or "") if group else None
    yield from [_technician(lead, policy)] if lead else _team(incident, policy, None)


def _speaker(_incident: Incident, policy: Policy, speaker: Party | None) -> Iterator[Recipient]:
    if speaker and speaker.person:
        yield _technician(speaker.person, policy)


def _writer(incident: Incident, policy: Policy, speaker: Party | None) -> Iterator[Recipient]:
    if speaker:
        yield _outsider(speaker.address.key, incident, policy)


def _admins(_incident: Incident, policy: Policy, _speaker: Party | None) -> Iterator[Recipient]:
    for address in policy.admins:
        person = policy.directory.person_of(address.key)
        key = f"@{person.key}" if person else address.key
        yield Recipient(address, key, policy.language, "admin")


_AUDIENCES = {
    Audience.REQUESTER: _requester,
    Audience.OUTSIDE: _outside,
    Audience.TEAM: _team,
    Audience.LEAD: _lead,
    Audience.SPEAKER: _speaker,
    Audience.WRITER: _writer,
    Audience.ADMINS: _admins,
}


def team(incident: Incident, policy: Policy) -> tuple[Person, ...]:
    """The technicians who look after an incident, nearest first; names gone from the configuration are passed over."""
    people, group = policy.directory.people, policy.directory.groups.get(incident.group or "")
    assignee = people.get(incident.assignee or "")
    if assignee:
        return (assignee,)
    members = [people[m] for m in group.members if m in people] if group else []
    if members and incident.assignee is None:
        return tuple(members)
    # The assignee has left the configuration: the lead hears of it, the group goes on.
    lead = people.get(group.lead or "") if group else None
    if lead:
        members = [lead, *(m for m in members if m is not lead)]
    return tuple(members) or tuple(p for p in people.values() if p.technician)


def _technician(person: Person, policy: Policy) -> Recipient:
    return Recipient(person.address, f"@{person.key}", person.language or policy.language, "technician")


def _outsider(email: str, incident: Incident, policy: Policy) -> Recipient:
    """A requester or somebody copied in; a listed person is bound by name, whatever address he wrote from."""
    person = policy.directory.person_of(email)
    seen = incident.participant(email)
    name = person.name if person else (seen.name if seen else "")
    key = f"@{person.key}" if person else email
    return Recipient(Address(email, name), key, (person.language if person else "") or incident.language, "requester")


_DOMAIN_BUDGET = "this domain got enough in an hour"
_DESK_BUDGET = "the desk sent enough of them in an hour"
BUDGETS = frozenset({_DOMAIN_BUDGET, _DESK_BUDGET})  # of which an admin should know


def ack_withheld(
    sums: Sums, limits: Limits, received_at: datetime, now: datetime, *, exempt: bool, level: Level
) -> str:
    """Why an automatic letter to this sender must not go out; "" if it may.

    Organisations are exempt from the sums over a domain and over all: a whole department may report one outage.
    """
    checks = (
        (now - received_at > limits.old_mail, "the mail is older than a day"),
        (sums.storm_quiet, "this subject came too often from this sender"),
        (sums.acks_sender_10min >= limits.ack_per_sender_10min, "this sender got one within ten minutes"),
        (sums.acks_sender_day >= limits.ack_per_sender_day, "this sender got enough of them today"),
        (not exempt and sums.acks_domain_hour >= limits.ack_per_domain_hour, _DOMAIN_BUDGET),
        (not exempt and sums.acks_hour >= limits.ack_per_hour, _DESK_BUDGET),
        (level is Level.L0, "the sender is forged or broken"),
    )
    return next((why for held, why in checks if held), "")
