"""Clockwork: timers that came due become events, by the same decide and the same apply as mails.

A timer due at T fires only when every mailbox has completed a look that began after T and no mail received before T
still waits: otherwise a wait would end while the answer lies in the mailbox. A mailbox that cannot be read must not
stop all clocks, so after a grace they run without it. A timer fires once: marking it is the unit's first statement.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from maildesk.daemon.apply import Work, apply
from maildesk.daemon.desk import Desk
from maildesk.desk.decide import decide
from maildesk.desk.events import TimerRang
from maildesk.store.timers import Timer
from maildesk.store.unit import Unit

log = structlog.get_logger()
GRACE = timedelta(minutes=10)


def fire_due(desk: Desk, mailboxes: Collection[str], limit: int = 100) -> int:
    """Fire what is due and may fire; returns how many did."""
    now = desk.clock.now()
    with desk.database.view() as view:
        due = [timer for timer in view.timers.due(now, limit) if _ripe(view, timer, mailboxes, now)]
    fired = 0
    for timer in due:
        with desk.database.unit() as unit:
            fired += _fire(unit, desk, timer)
    if fired:
        desk.letters.set()
    return fired


def _ripe(view: Unit, timer: Timer, mailboxes: Collection[str], now: datetime) -> bool:
    if now - timer.due_at > GRACE:
        return True
    scans = view.inbox.scans()
    looked = all(name in scans and scans[name] > timer.due_at for name in mailboxes)
    return looked and not view.inbox.unfinished_before(timer.due_at)


def _fire(unit: Unit, desk: Desk, timer: Timer) -> int:
    if not unit.timers.fire(timer.id):
        return 0
    before = unit.incidents.get(timer.incident)
    if before is None:
        return 0
    now, rules = desk.clock.now(), desk.rules
    decision = decide(before, TimerRang(timer.kind, timer.level, timer.due_at), rules.policy, now)
    cause = f"timer {timer.incident} {timer.kind} {timer.level} {timer.due_at.isoformat()}"
    incident = apply(Work(unit, rules, desk.ring, cause, now), before, decision)
    log.info("timer fired", incident=incident.tag if incident else None, timer=timer.kind, reason=decision.reason)
    return 1
