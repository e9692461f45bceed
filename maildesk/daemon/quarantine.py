"""Quarantine: a mail that cannot be handled is put aside with its bytes; an admin is told, and so is its sender.

A mail that cannot be read is put aside at once, since no second reading would say anything else. A mail that overran
its time, killed its reader or broke the handling is tried three times: the machine may have been at fault.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from maildesk.daemon.apply import Work, apply, post, written
from maildesk.daemon.desk import Desk
from maildesk.daemon.looks import StoredLooks
from maildesk.daemon.recognise import Arrived, recognise
from maildesk.daemon.unread import ATTEMPTS, Unread
from maildesk.desk.effects import Send
from maildesk.desk.letters import Setting
from maildesk.desk.unread import Problem, unread
from maildesk.mail.message import Reading
from maildesk.store.inbox import Claimed
from maildesk.store.unit import Unit

log = structlog.get_logger()
ENDINGS = 20  # of the whole daemon: a restart now and then is not the mail's fault


def park(unit: Unit, desk: Desk, row: Claimed, result: Unread, now: datetime) -> None:
    """What becomes of a mail that gave no reading."""
    if result.again:
        log.warning("a mail overran its reader", inbox=row.id, attempt=row.attempts, reason=result.reason)
        unit.inbox.give_back([row.id], attempt=False)
        return
    _quarantine(unit, desk, row, result.reason, now)
    if result.header is not None:
        _tell_back(unit, desk, row, result.header, Problem.LARGE if result.large else Problem.UNREADABLE, now)


def _tell_back(unit: Unit, desk: Desk, row: Claimed, header: Reading, problem: Problem, now: datetime) -> None:
    """Whoever wrote it believes that we have read it."""
    policy = desk.rules.policy
    arrived = Arrived(row.id, row.fingerprint, row.mailbox, row.received_at)
    incident, event = recognise(StoredLooks(unit), arrived, header, policy, desk.ring, now)
    decision = unread(incident, event, problem, policy, now)
    apply(Work(unit, desk.rules, desk.ring, row.fingerprint, now), incident, decision)
    log.info("a mail was not read", inbox=row.id, sender=event.party.address.email, told=decision.reason)


def worn_out(desk: Desk, row: Claimed) -> bool:
    """A mail during which the daemon ended again and again is put aside before it is tried once more."""
    if row.attempts <= ENDINGS:
        return False
    with desk.database.unit() as unit:
        _quarantine(unit, desk, row, f"the daemon ended {ENDINGS} times while it had this mail", desk.clock.now())
    return True


def given_up(desk: Desk, row: Claimed, reason: str) -> None:
    """A mail broke the handling: it waits for its next attempt, or is put aside."""
    with desk.database.unit() as unit:
        if row.attempts < ATTEMPTS:
            unit.inbox.give_back([row.id], attempt=False)
        else:
            _quarantine(unit, desk, row, reason, desk.clock.now())


def _quarantine(unit: Unit, desk: Desk, row: Claimed, reason: str, now: datetime) -> None:
    unit.inbox.quarantine(row.id, reason, now)
    log.warning("a mail is in quarantine", inbox=row.id, mailbox=row.mailbox, reason=reason)
    values = set_aside(row.id, reason, row.received_at)
    tell_admins(unit, desk, "quarantine", f"quarantine {row.fingerprint}", values, now)


def set_aside(inbox_id: int, reason: str, received: datetime) -> dict[str, object]:
    """What the admin's letter says about a mail in quarantine."""
    return {
        "mail_id": inbox_id,
        "reason": reason,
        "received": received,
        "show_command": f"maildesk inbox show {inbox_id}",
        "release_command": f"maildesk inbox release {inbox_id}",
    }


def tell_admins(unit: Unit, desk: Desk, template: str, cause: str, values: dict[str, object], now: datetime) -> None:
    """One letter to each admin; the same cause is told once."""
    rules = desk.rules
    policy = rules.policy
    setting = Setting(None, policy, rules.renderer, desk.ring, cause, now)
    for ordinal, address in enumerate(policy.admins):
        send = Send(template, address, address.key, "admin", "notice", policy.language, values=values)
        post(unit, send, written(send, ordinal, setting, rules), setting)
