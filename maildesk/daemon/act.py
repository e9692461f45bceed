"""Act: commands of the local admin, by the same decide and the same apply as those that come by mail.

He sits at the machine and needs no token; the timeline says "cli" for him, and nobody mails him a receipt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from maildesk.daemon.apply import Work, apply
from maildesk.daemon.desk import Desk
from maildesk.daemon.find import find
from maildesk.daemon.looks import StoredLooks
from maildesk.daemon.recognise import named_incidents, vocabulary
from maildesk.desk.commands import GRAMMAR, Asked, parse
from maildesk.desk.decide import decide
from maildesk.desk.effects import Decision
from maildesk.desk.events import Ordered, Said, Sums
from maildesk.desk.incident import Incident
from maildesk.desk.people import Class, Party
from maildesk.desk.policy import Policy
from maildesk.errors import Conflict, UsageError
from maildesk.mail.message import Address
from maildesk.store.unit import Unit

# What answers a question at the command line; all others are answered by showing the incident.
_HERE = {"list": "maildesk list", "find": "maildesk find {value}"}


def act(desk: Desk, tag: str, text: str, body: str = "", *, who: str = "the local admin") -> Decision:
    """Carry out `text` ("#resolve toner replaced") on an incident; `body` holds the words of `#reply` and the like.

    The action of the decision is COMMAND when it was done, and IGNORE, with the reason, when nothing was. Its incident
    is the one stored. Raises UsageError for an unknown incident or a text without a command, and Conflict when others
    change the incident faster than two attempts.
    """
    asked = _asked(desk.policy, tag, text)
    try:
        return _act(desk, tag, asked, body, who)
    except Conflict:  # the daemon was faster; what is asked for now meets the incident as it has become
        return _act(desk, tag, asked, body, who)


def _asked(policy: Policy, tag: str, text: str) -> Asked:
    asked = parse(text, vocabulary(policy))
    if not asked:
        raise UsageError("there is no command to carry out; write one such as '#resolve toner replaced'")
    for command in asked.commands:
        if GRAMMAR[command.verb].klass is Class.QUESTION:
            here = _HERE.get(command.verb, "maildesk show {tag}").format(tag=tag, value=command.value)
            raise UsageError(f"#{command.verb} is answered by mail; `{here}` answers here")
    return asked


def _act(desk: Desk, tag: str, asked: Asked, body: str, who: str) -> Decision:
    now, rules = desk.clock.now(), desk.rules
    with desk.database.unit() as unit:
        before = find(unit, tag)
        event = Ordered(
            cause=_cause(before, asked, body),
            party=Party(Address("cli", who)),
            asked=asked,
            said=Said(body.strip()),
            named=tuple(_named(unit, asked, rules.policy)),
            others=named_incidents(StoredLooks(unit), asked),
            sums=_sums(unit, asked, rules.policy),
        )
        decision = decide(before, event, rules.policy, now)
        stored = apply(Work(unit, rules, desk.ring, event.cause, now), before, decision)
    desk.letters.set()
    return replace(decision, incident=stored)


def _cause(before: Incident, asked: Asked, body: str) -> str:
    """What the ids of letters are derived from: an incident is in one version only once."""
    words = hashlib.sha256(f"{asked.canonical}\0{body}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"cli {before.id} {before.version} {words}"


def _named(unit: Unit, asked: Asked, policy: Policy) -> Iterator[Party]:
    """Those whom the commands name by address, with what is remembered of them."""
    words = [word for command in asked.commands if command.verb in {"cc", "for"} for word in command.value.split()]
    emails = [word.lstrip("+") for word in words if not word.startswith("-")]
    contacts = unit.people.contacts(emails)
    for email in emails:
        seen = contacts.get(email)
        yield policy.directory.party(
            Address(email, seen.name if seen else ""),
            contact_known=seen is not None and seen.known_at is not None,
            blocked=seen is not None and seen.blocked_at is not None,
            language=seen.language if seen else "",
        )


def _sums(unit: Unit, asked: Asked, policy: Policy) -> Sums:
    """What a group needs to know to choose one of its members."""
    named = [command.value[1:] for command in asked.commands if command.value.startswith("@")]
    groups = [policy.directory.groups[name] for name in named if name in policy.directory.groups]
    people = {member for group in groups for member in group.members}
    return Sums(
        loads=tuple(sorted(unit.incidents.open_loads(people).items())),
        last_assigned=tuple(
            (group.key, last) for group in groups if (last := unit.incidents.last_assigned(group.key)) is not None
        ),
    )
