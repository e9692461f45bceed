"""Vanished: incidents whose assignee the configuration no longer has go back to their group, and the lead is told.

Looked at when the daemon starts and after a reload; everything else about a name that is gone never crashes anything.
"""

from __future__ import annotations

import structlog

from maildesk.daemon.apply import Work, apply
from maildesk.daemon.desk import Desk
from maildesk.desk.decide import decide
from maildesk.desk.events import AssigneeGone
from maildesk.store.views import Filter

log = structlog.get_logger()
MOST = 100_000


def give_back_vanished(desk: Desk) -> int:
    """Unassign what nobody can work on; returns how many incidents."""
    people = desk.policy.directory.people
    with desk.database.view() as view:
        gone = sorted(view.incidents.in_use().assignees - people.keys())
        found = [(name, row.id) for name in gone for row in view.views.queue(Filter(assignee=name, limit=MOST))]
    for name, number in found:
        _give_back(desk, name, number)
    if found:
        desk.letters.set()
    return len(found)


def _give_back(desk: Desk, name: str, number: int) -> None:
    now, rules = desk.clock.now(), desk.rules
    with desk.database.unit() as unit:
        before = unit.incidents.get(number)
        if before is None:
            return
        decision = decide(before, AssigneeGone(name), rules.policy, now)
        cause = f"gone {name} {number} {before.version}"
        incident = apply(Work(unit, rules, desk.ring, cause, now), before, decision)
    log.info("unassigned", incident=incident.tag if incident else None, reason=decision.reason)
