"""Questions: what #show, #history, #why, #list and #find answer, out of what the database knew. Nothing changes.

The answer is a letter of its own, `report`, one a question; it goes to the registered address of the one who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from maildesk.desk.commands import Asked, Command
from maildesk.desk.events import MOST_LISTED, Looked, Past, Queued, Wanted
from maildesk.desk.incident import OPEN, Incident, Priority, Status
from maildesk.desk.people import Person
from maildesk.desk.policy import Policy
from maildesk.desk.turn import Turn

Report = Mapping[str, object]

ABOUT_ONE = frozenset({"show", "history", "why"})
_STATES: Mapping[str, tuple[Status, ...]] = {
    "open": tuple(sorted(OPEN)),
    "all": tuple(Status),
    "progress": (Status.IN_PROGRESS,),
    **{str(status): (status,) for status in Status if status is not Status.IN_PROGRESS},
}
_MACHINERY = frozenset({"rule", "letter", "refused"})  # entries that only a look at everything shows
_WORDS_ROOM = 400  # characters of an entry in the whole timeline


def wanted(value: str, asking: Person) -> Wanted:
    """What a list shall show, from its value in normal form."""
    names = value.split()
    people = {"mine": asking.key}
    states = tuple(dict.fromkeys(state for name in names for state in _STATES.get(name, ())))
    others = {*_STATES, "mine", "unassigned", *(str(priority).lower() for priority in Priority)}
    return Wanted(
        states=states or _STATES["open"],
        assignees=tuple(people.get(n, n) for n in names if n == "mine" or (n not in others and n[0] != "@")),
        nobody="unassigned" in names,
        groups=tuple(name[1:] for name in names if name.startswith("@")),
        priorities=tuple(priority for priority in Priority if str(priority).lower() in names),
    )


def answers_alone(asked: Asked, looked: Looked, policy: Policy) -> Iterator[Report]:
    """The answers to those questions that are about no incident."""
    for command in asked.commands:
        if command.verb in _LISTS:
            yield _LISTS[command.verb](command, looked, policy)


def _list(command: Command, looked: Looked, policy: Policy) -> Report:
    return _table("list", command.value, looked.queue, policy)


def _find(command: Command, looked: Looked, policy: Policy) -> Report:
    return _table("find", command.value, looked.found, policy)


def _table(verb: str, sought: str, rows: tuple[Queued, ...], policy: Policy) -> Report:
    longer = len(rows) > MOST_LISTED
    return {
        "verb": verb,
        "sought": sought,
        "queue": tuple(_row(row, policy) for row in rows[:MOST_LISTED]),
        "longer": longer,
        "history": (),
    }


def _row(row: Queued, policy: Policy) -> dict[str, object]:
    assignee = policy.directory.people.get(row.assignee or "")
    return {
        "tag": row.tag,
        "priority": row.priority,
        "status": row.status,
        "holder": assignee.name if assignee else row.assignee or (f"@{row.group}" if row.group else ""),
        "requester": row.requester,
        "opened": row.opened,
        "title": row.title,
    }


_LISTS: Mapping[str, Callable[[Command, Looked, Policy], Report]] = {"list": _list, "find": _find}


# --- about one incident ----------------------------------------------------------------------------------------------


def _listed(turn: Turn, command: Command) -> str:
    """The database was asked before the other commands of the mail were carried out; their incident is as it is now."""
    looked, incident = turn.giver.looked, turn.draft.incident
    queue, found = (tuple(_as_now(row, incident) for row in rows) for rows in (looked.queue, looked.found))
    return _report(turn, _LISTS[command.verb](command, Looked(queue=queue, found=found), turn.draft.policy))


def _as_now(row: Queued, incident: Incident) -> Queued:
    if row.tag != incident.tag:
        return row
    status, priority = str(incident.status), str(incident.priority)
    return replace(row, status=status, priority=priority, assignee=incident.assignee, group=incident.group)


def _show(turn: Turn, _command: Command) -> str:
    incident = turn.draft.incident
    past = tuple(replace(line, why="", proof=()) for line in turn.giver.looked.timeline if line.entry not in _MACHINERY)
    return _report(turn, {"verb": "show", "more": tuple(_facts(incident)), "history": past})


def _history(turn: Turn, _command: Command) -> str:
    past = tuple(replace(line, proof=(), room=_WORDS_ROOM) for line in turn.giver.looked.timeline)
    return _report(turn, {"verb": "history", "history": past})


def _why(turn: Turn, _command: Command) -> str:
    return _report(turn, {"verb": "why", "history": tuple(_reasons(turn.giver.looked.timeline))})


def _reasons(timeline: tuple[Past, ...]) -> Iterator[Past]:
    """The last mail and why it is believed, every rule that spoke, and of each field what set it last."""
    mails = [line for line in timeline if line.proof]
    last = {field: line for line in timeline if not line.proof for field in line.fields}
    kept = {id(line) for line in (*mails[-1:], *last.values())}
    for line in timeline:
        if id(line) in kept or line.entry == "rule":
            yield replace(line, room=_WORDS_ROOM)


def _facts(incident: Incident) -> Iterator[dict[str, str]]:
    """What the usual facts of a letter leave out; a field without a value is left out here, too."""
    rows = {
        "impact": str(incident.impact),
        "urgency": str(incident.urgency),
        "tags": ", ".join(sorted(incident.tags)),
        "organisation": incident.organisation or "",
        "waiting": str(incident.waiting or ""),
        "cc": _people(incident, "cc"),
        "watchers": _people(incident, "watcher"),
        "resolution": incident.resolution,
    }
    for name, value in rows.items():
        if value:
            yield {"field": name, "value": value}


def _people(incident: Incident, role: str) -> str:
    return ", ".join(p.name or p.email for p in incident.participants if p.role == role)


def _report(turn: Turn, report: Report) -> str:
    turn.reports.append(report)
    return "the answer is on its way"


ASK: Mapping[str, Callable[[Turn, Command], str]] = {
    "show": _show,
    "history": _history,
    "why": _why,
    **dict.fromkeys(_LISTS, _listed),
}


def only_questions(verbs: Iterable[str]) -> bool:
    """Whether everything asked is answered by a letter of its own, so that a receipt would say nothing more."""
    return all(verb in ASK or verb == "help" for verb in verbs)
