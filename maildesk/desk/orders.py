"""Orders: what each command does to an incident. One function a verb, joined to its verb by the DO table.

Every order works on a copy of the draft; when one of a mail's commands cannot be done, the copy is thrown away and
nothing at all has happened (all or nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from maildesk.desk.commands import Asked, Command
from maildesk.desk.describing import DESCRIBE
from maildesk.desk.draft import Draft, NotNow
from maildesk.desk.effects import Absorb, DropTimers, Entry, Link, MarkAddress, Record, SetTimer
from maildesk.desk.events import Sums
from maildesk.desk.incident import Act, Participant, Status, Waiting
from maildesk.desk.notices import Happening, announce
from maildesk.desk.people import Group, Party
from maildesk.desk.questions import ASK
from maildesk.desk.turn import WAIT_TIMER, Giver, Line, Turn
from maildesk.desk.waiting import waiting_for
from maildesk.mail.message import Address

CROSSED = timedelta(minutes=15)  # a colleague's answer that is younger may have crossed this one


def run(draft: Draft, asked: Asked, giver: Giver) -> tuple[Line, ...]:
    """Carry out all commands on the draft, or none; the lines say which. `all(line.ok ...)` means done."""
    turn = Turn(draft.copy(), giver)
    lines = tuple(_one(turn, command) for command in asked.commands)
    if all(line.ok for line in lines):
        _words(turn, asked)
        _letters(turn)
        draft.take_over(turn.draft)
    return lines


def _one(turn: Turn, command: Command) -> Line:
    shown = command.shown or f"#{command.verb} {command.value}".strip()
    try:
        what = DO[command.verb](turn, command)
    except NotNow as refusal:
        return Line(shown, ok=False, why=str(refusal))
    return Line(shown, ok=True, why=f"{what} ({command.note})" if command.note else what)


def _words(turn: Turn, asked: Asked) -> None:
    """Where the words of the mail go when no command has taken them.

    A hand-over or a note is for colleagues; with every other command the words are what the letter said they would
    be: an answer to the requester.
    """
    if turn.spoken or turn.giver.wordless:
        return
    if any(command.verb in INTERNAL for command in asked.commands):
        turn.say(Entry.NOTE, public=False)
    else:
        _reply(turn, Command("reply"))


# Commands whose mail speaks to colleagues.
INTERNAL = frozenset({"note", "assign", "unassign", "spam", "for", "cc", "help", "merge", *ASK})

# A letter that says more makes the smaller one needless.
_SUPERSEDED: Mapping[Happening, frozenset[Happening]] = {
    Happening.TAKEN: frozenset(
        {Happening.ANSWERED, Happening.RESOLVED, Happening.CLOSED, Happening.CANCELLED, Happening.WAITING}
        | {Happening.REOPENED}
    ),
    Happening.ANSWERED: frozenset(
        {Happening.RESOLVED, Happening.CLOSED, Happening.CANCELLED, Happening.WAITING, Happening.REOPENED}
    ),
    Happening.NOTED: frozenset({Happening.ASSIGNED}),
}


# Letters that speak of the mail only by the way do not repeat its words.
_WORDLESS = frozenset(
    {Happening.CROSSED, Happening.TAKEN, Happening.OPENED_FOR, Happening.HELP, Happening.STATUS, Happening.MERGED}
)


def _letters(turn: Turn) -> None:
    happened = list(dict.fromkeys(turn.happened))
    name = turn.giver.party.shown
    # Why it was cancelled stands in the incident's resolution, and its letter says so.
    reason = turn.draft.incident.resolution if Happening.CANCELLED in happened else turn.reason
    about = {"reason": reason, "by": name, "author": name, "who": name, "who_address": turn.giver.party.address.email}
    about |= {"into": turn.merged, "verb": turn.about}
    for happening in happened:
        if _SUPERSEDED.get(happening, frozenset()) & set(happened):
            continue
        said = None if happening in _WORDLESS else turn.giver.said
        announce(
            turn.draft,
            happening,
            speaker=turn.giver.party,
            said=said,
            values={**about, **(turn.crossed if happening is Happening.CROSSED else {})},
        )
    for report in turn.reports:
        announce(turn.draft, Happening.ASKED, speaker=turn.giver.party, values=report)


def _take(turn: Turn, _command: Command) -> str:
    person = turn.giver.party.person
    if person is None:
        raise NotNow("Only somebody listed under people can take an incident; use #assign NAME.")
    if turn.draft.incident.assignee == person.key and turn.draft.incident.status is Status.IN_PROGRESS:
        raise NotNow(f"You already have {turn.draft.incident.tag}.")
    turn.draft.set(assignee=person.key)
    turn.draft.act(Act.TAKE)
    turn.draft.add(DropTimers(WAIT_TIMER))
    turn.happened.append(Happening.TAKEN)
    return turn.change(f"taken by {person.name}", assignee=person.key)


def _assign(turn: Turn, command: Command) -> str:
    draft, directory = turn.draft, turn.draft.policy.directory
    if command.value.startswith("@"):
        group = directory.groups[command.value[1:]]
        draft.set(group=group.key, assignee=choose(group, turn.giver.sums))
        draft.pin("group")
        text = f"assigned to group {group.key}"
    else:
        person = directory.people[command.value]
        draft.set(assignee=person.key)
        text = f"assigned to {person.name}"
    draft.act(Act.ASSIGN)
    turn.happened.append(Happening.ASSIGNED)
    return turn.change(text, assignee=draft.incident.assignee or "", group=draft.incident.group or "")


def _unassign(turn: Turn, _command: Command) -> str:
    """Back to the group, which hears of it as it does of what is given to it."""
    if turn.draft.incident.assignee is None:
        raise NotNow(f"Nobody has {turn.draft.incident.tag}.")
    turn.draft.set(assignee=None)
    turn.draft.act(Act.ASSIGN)
    turn.happened.append(Happening.ASSIGNED)
    return turn.change("unassigned")


def choose(group: Group, sums: Sums) -> str | None:
    """Who of a group gets the next incident, by the group's own way; None leaves it to the group (manual)."""
    members = group.members
    if not members or group.assign == "manual":
        return None
    if group.assign == "least_loaded":
        loads = dict(sums.loads)
        return min(members, key=lambda member: (loads.get(member, 0), members.index(member)))
    last = dict(sums.last_assigned).get(group.key)
    return members[(members.index(last) + 1) % len(members)] if last in members else members[0]


def _note(turn: Turn, command: Command) -> str:
    if turn.giver.wordless and not command.value:
        raise NotNow("There is no text in your mail to keep as a note.")
    if command.value:
        turn.draft.record(Entry.NOTE, command.value, actor=turn.giver.party.key, actor_name=turn.giver.party.shown)
    turn.say(Entry.NOTE, public=False)
    turn.happened.append(Happening.NOTED)
    return "kept as an internal note"


def _reply(turn: Turn, _command: Command) -> str:
    draft, giver = turn.draft, turn.giver
    if giver.wordless:
        raise NotNow("There is no new text in your mail to send to the requester.")
    if not draft.incident.requester:
        raise NotNow("Nobody is known as the requester of this incident; name him with #for ADDRESS.")
    earlier, at = draft.incident.answered_by, draft.incident.answered_at
    turn.say(Entry.ANSWER, public=True)
    draft.act(Act.ANSWER)
    me = giver.party.person.key if giver.party.person else "cli"
    draft.set(answered_by=me, answered_at=draft.now)
    _makes_his(turn)
    turn.happened.append(Happening.ANSWERED)
    if earlier not in {None, me} and at is not None and draft.now - at < CROSSED:
        turn.happened.append(Happening.CROSSED)
        colleague = draft.policy.directory.people.get(earlier or "")
        turn.crossed = {
            "who": colleague.name if colleague else earlier,
            "who_address": "",
            "minutes": int((draft.now - at).total_seconds() // 60),
        }
    return "sent to the requester"


def _makes_his(turn: Turn) -> None:
    """Who works on what nobody has taken has taken it."""
    person, draft = turn.giver.party.person, turn.draft
    if person and person.technician and draft.incident.assignee is None:
        draft.set(assignee=person.key)
        turn.change(f"taken by {person.name}", assignee=person.key)


def _resolve(turn: Turn, command: Command) -> str:
    draft = turn.draft
    draft.act(Act.RESOLVE)
    _makes_his(turn)
    draft.set(resolution=command.value or turn.giver.said.text.strip(), resolved_at=draft.now)
    _settle(turn, Happening.RESOLVED)
    return turn.change(_because("resolved", command.value), resolution=draft.incident.resolution)


def _because(what: str, value: str) -> str:
    """A change with the words that stood in the command; those of the mail have an entry of their own."""
    return f"{what}: {value}" if value else what


def _close(turn: Turn, command: Command) -> str:
    draft = turn.draft
    draft.act(Act.CLOSE)
    if command.value:
        draft.set(resolution=command.value)
    draft.set(closed_at=draft.now, resolved_at=draft.incident.resolved_at or draft.now)
    _settle(turn, Happening.CLOSED)
    return turn.change(_because("closed", command.value))


def _cancel(turn: Turn, command: Command) -> str:
    turn.draft.act(Act.CANCEL)
    turn.draft.set(closed_at=turn.draft.now, resolution=command.value)
    _settle(turn, Happening.CANCELLED)
    return turn.change(_because("cancelled", command.value), reason=command.value)


def _settle(turn: Turn, happening: Happening) -> None:
    turn.draft.add(DropTimers(WAIT_TIMER))
    turn.say(Entry.ANSWER, public=True)
    turn.happened.append(happening)


def _reopen(turn: Turn, command: Command) -> str:
    turn.draft.act(Act.REOPEN)
    turn.reason = command.value
    turn.draft.set(resolved_at=None, closed_at=None, merged_into=None)
    turn.happened.append(Happening.REOPENED)
    return turn.change(_because("reopened", command.value))


def _pending(turn: Turn, command: Command) -> str:
    draft = turn.draft
    waiting, until = waiting_for(command.value, draft.now, ZoneInfo(draft.policy.timezone))
    draft.act(Act.WAIT)
    _makes_his(turn)
    draft.set(waiting=waiting, waiting_until=until)
    draft.add(SetTimer(WAIT_TIMER, 0, until) if until else DropTimers(WAIT_TIMER))
    if waiting is Waiting.REQUESTER:
        turn.say(Entry.ANSWER, public=True)
        turn.happened.append(Happening.WAITING)
    text = f"waiting for the {waiting}"
    if until:
        text += f" until {until.astimezone(ZoneInfo(draft.policy.timezone)):%Y-%m-%d %H:%M}"
    return turn.change(text, waiting=waiting)


def _resume(turn: Turn, _command: Command) -> str:
    turn.draft.act(Act.RESUME)
    turn.draft.add(DropTimers(WAIT_TIMER))
    _makes_his(turn)
    return turn.change("no longer waiting")


def _cc(turn: Turn, command: Command) -> str:
    draft, limit = turn.draft, turn.draft.policy.limits.participants
    people = list(draft.incident.participants)
    for word in command.value.split():
        email = word.lstrip("+-")
        people = [p for p in people if p.email != email or p.role == "requester"]
        if not word.startswith("-") and all(p.email != email for p in people):
            if email in draft.policy.own_addresses:
                raise NotNow(f"{email} is the desk's own address.")
            people.append(Participant(email, _name(turn, email), "cc"))
    if len(people) > limit:
        raise NotNow(f"More than {limit} people would be copied in.")
    draft.set(participants=tuple(people))
    return turn.change(f"copied in: {command.value}", cc=command.value)


def _name(turn: Turn, email: str) -> str:
    party = turn.giver.named.get(email)
    return party.shown if party and party.shown != email else ""


def _for(turn: Turn, command: Command) -> str:
    draft, email = turn.draft, command.value
    if email in draft.policy.own_addresses:
        raise NotNow(f"{email} is the desk's own address.")
    if email == draft.incident.requester:
        raise NotNow(f"{email} is the requester already.")
    make_requester(draft, turn.giver.named.get(email) or Party(Address(email)))
    turn.happened.append(Happening.OPENED_FOR)
    return turn.change(f"requester is now {email}", requester=email)


def make_requester(draft: Draft, party: Party, message_id: str | None = None) -> None:
    """Make somebody the requester; the one before him leaves, and gets no more mail as requester."""
    old = draft.incident.requester
    rest = tuple(p for p in draft.incident.participants if p.email not in {old, party.address.key})
    name = party.shown if party.shown != party.address.email else ""
    draft.set(
        requester=party.address.key,
        participants=(Participant(party.address.key, name, "requester", message_id), *rest),
        organisation=party.organisation,
        vip=party.vip,
        known=party.known,
        language=party.language or draft.policy.language,
    )


def _merge(turn: Turn, command: Command) -> str:
    """Everything goes on under the other number; whoever took part here takes part there."""
    draft, giver = turn.draft, turn.giver
    here, there = draft.incident, giver.others.get(int(command.value))
    if there is None:
        raise NotNow(f"There is no incident {command.value}.")
    if there.id == here.id:
        raise NotNow(f"{here.tag} cannot be merged with itself.")
    if not there.open:
        raise NotNow(f"{there.tag} is {there.status}. Reopen it first, or merge it into {here.tag}.")
    draft.act(Act.MERGE)
    draft.set(merged_into=there.id, closed_at=draft.now, resolution=f"merged into {there.tag}")
    people = tuple(replace(p, role="cc") if p.role == "requester" else p for p in here.participants)
    text = f"{here.tag} ({here.title}) was merged into this"
    told = Record(Entry.CHANGE, text, actor=giver.actor or giver.party.key, actor_name=giver.party.shown)
    draft.add(DropTimers(WAIT_TIMER), Link(there.id, "merged"), Absorb(there.id, people, told))
    turn.merged = there.tag
    turn.happened.append(Happening.MERGED)
    return turn.change(f"merged into {there.tag}", merged_into=there.tag)


def _spam(turn: Turn, _command: Command) -> str:
    draft = turn.draft
    email = draft.incident.requester
    if draft.policy.directory.person_of(email):
        raise NotNow(f"{email} is one of the desk's own people; #cancel the incident instead.")
    if draft.incident.open:
        draft.act(Act.CANCEL)
    draft.set(silent=True, closed_at=draft.now, tags=draft.incident.tags | {"spam"})
    draft.add(DropTimers(WAIT_TIMER), MarkAddress(email, "blocked", f"spam, {draft.incident.tag}"))
    return turn.change(f"spam; {email} is blocked", blocked=email)


def _help(turn: Turn, command: Command) -> str:
    turn.about = command.value
    turn.happened.append(Happening.HELP)
    return "the card is on its way"


def _status(turn: Turn, _command: Command) -> str:
    """A requester gets a letter of his own; a technician reads it in the receipt."""
    incident = turn.draft.incident
    if not turn.giver.party.technician:
        turn.happened.append(Happening.STATUS)
        return "the status is on its way"
    assignee = turn.draft.policy.directory.people.get(incident.assignee or "")
    return f"{incident.status}, {incident.priority}, with {assignee.name if assignee else 'nobody yet'}"


DO: Mapping[str, Callable[[Turn, Command], str]] = {
    "take": _take,
    "assign": _assign,
    "unassign": _unassign,
    "note": _note,
    "reply": _reply,
    "resolve": _resolve,
    "close": _close,
    "reopen": _reopen,
    "cancel": _cancel,
    **DESCRIBE,
    "pending": _pending,
    "resume": _resume,
    "cc": _cc,
    "for": _for,
    "merge": _merge,
    "spam": _spam,
    **ASK,
    "help": _help,
    "status": _status,
}
