"""Describing: the orders that say what an incident is, and how much it matters. Their table is a part of all orders.

Priority follows impact and urgency by the matrix of the site (ITIL) until somebody sets it by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from maildesk.desk.commands import Command
from maildesk.desk.draft import NotNow
from maildesk.desk.folding import fold
from maildesk.desk.incident import Impact, Priority, Type, Urgency
from maildesk.desk.turn import Turn

MAX_TAGS = 50  # of one incident


def _priority(turn: Turn, command: Command) -> str:
    turn.draft.set(priority=Priority(command.verb.upper()))
    turn.draft.pin("priority")
    return turn.change(f"priority {turn.draft.incident.priority}", priority=turn.draft.incident.priority)


def _impact(turn: Turn, command: Command) -> str:
    turn.draft.set(impact=Impact(command.value))
    return _weighed(turn, command)


def _urgency(turn: Turn, command: Command) -> str:
    turn.draft.set(urgency=Urgency(command.value))
    return _weighed(turn, command)


def _weighed(turn: Turn, command: Command) -> str:
    """The priority that follows, which is said either way: it is what the technician looks for."""
    turn.draft.pin(command.verb)
    turn.draft.prioritise()
    incident = turn.draft.incident
    follows = "priority" not in incident.pinned
    what = f"{command.verb} {command.value}"
    text = f"{what}, so priority {incident.priority}" if follows else f"{what}; priority {incident.priority} was set"
    return turn.change(text, **{command.verb: command.value, "priority": incident.priority})


def _type(turn: Turn, command: Command) -> str:
    turn.draft.set(type=Type(command.value))
    turn.draft.pin("type")
    return turn.change(f"type {command.value}", type=command.value)


def _category(turn: Turn, command: Command) -> str:
    turn.draft.set(category=command.value)
    turn.draft.pin("category")
    return turn.change(f"category {command.value}", category=command.value)


def _tag(turn: Turn, command: Command) -> str:
    """A tag is the same in whatever letters it is written; a rule may have set it in capitals."""
    before = turn.draft.incident.tags
    tags = {fold(tag): tag for tag in before}
    for word in command.value.split():
        sign, tag = word[0], word[1:]
        if sign == "-":
            tags.pop(fold(tag), None)
        else:
            tags.setdefault(fold(tag), tag)
    after = frozenset(tags.values())
    if after == before:
        raise NotNow("These tags would change nothing.")
    if len(after) > MAX_TAGS:
        raise NotNow(f"No incident has more than {MAX_TAGS} tags.")
    turn.draft.set(tags=after)
    return turn.change(f"tags {command.value}", tags=command.value)


DESCRIBE: Mapping[str, Callable[[Turn, Command], str]] = {
    **{f"p{n}": _priority for n in range(1, 6)},
    "impact": _impact,
    "urgency": _urgency,
    "type": _type,
    "cat": _category,
    "tag": _tag,
}
