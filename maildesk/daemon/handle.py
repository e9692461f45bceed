"""A mail's way through the desk. Read this first.

    claim      a batch of waiting mails, the attempt counted and committed before anything is parsed
    read       their bytes become values, in a child process that may die of them
    recognise  who wrote, about what, how far it is proven
    decide     what that means                                        (pure: desk/decide.py)
    apply      the incident, its timeline, timers and finished letters

Everything from recognise on happens in one transaction, together with marking the mail as done: all of it, or
nothing. A batch commits together; when that fails, its mails are done one by one, so that one cannot hold up the
others. A mail that fails three times is quarantined, bytes and all, and somebody is told.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from maildesk.daemon.apply import Work, apply
from maildesk.daemon.desk import Desk
from maildesk.daemon.looks import StoredLooks
from maildesk.daemon.quarantine import given_up, park, worn_out
from maildesk.daemon.reader import Reader
from maildesk.daemon.recognise import Arrived, recognise
from maildesk.daemon.trail import remember
from maildesk.daemon.unread import Unread, settled
from maildesk.desk.decide import decide
from maildesk.errors import Transient
from maildesk.mail.message import Reading
from maildesk.mail.thread import thread_ids
from maildesk.store.inbox import Claimed
from maildesk.store.unit import Unit

log = structlog.get_logger()
Result = Reading | Unread


def handle_waiting(desk: Desk, reader: Reader, limit: int = 25, alive: Callable[[], None] = lambda: None) -> int:
    """Claim, read and handle what waits, at most `limit` mails; returns how many were claimed.

    `alive` is called after every mail that was read, so that a slow batch is not taken for a stuck one.
    """
    with desk.database.unit() as unit:
        claimed = unit.inbox.claim(desk.clock.now(), limit)
        raws = [unit.inbox.raw(row.id) for row in claimed]
    if not claimed or worn_out(desk, claimed[0]):  # one that has failed before is claimed alone
        return len(claimed)
    batch: list[tuple[Claimed, Result]] = []
    try:
        results = []
        for result in reader.read(raws):
            results.append(result)
            alive()
        batch = list(zip(claimed, settled(reader, claimed, raws, results), strict=True))
        _together(desk, batch)
    except Transient:
        _give_back(desk, claimed)
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, the mails are tried alone, and none is lost
        log.warning("a batch failed, its mails are done one by one", error=type(error).__name__, mails=len(batch))
        _one_by_one(desk, batch)
        _give_back(desk, claimed[len(batch) :])
    desk.letters.set()
    return len(claimed)


def _together(desk: Desk, batch: list[tuple[Claimed, Result]]) -> None:
    with desk.database.unit() as unit:
        for row, result in batch:
            handle(unit, desk, row, result)


def _one_by_one(desk: Desk, batch: list[tuple[Claimed, Result]]) -> None:
    for row, result in batch:
        try:
            _together(desk, [(row, result)])
        except Transient:
            _give_back(desk, [row])
        except Exception as error:
            log.exception("a mail failed", inbox=row.id, attempt=row.attempts)
            given_up(desk, row, f"{type(error).__name__} while it was handled")


def handle(unit: Unit, desk: Desk, row: Claimed, result: Result) -> None:
    """One mail, within the caller's transaction."""
    now, rules = desk.clock.now(), desk.rules
    if not isinstance(result, Reading):
        park(unit, desk, row, result, now)
        return
    if unit.inbox.waits_for(row.id, thread_ids(result.mail)):  # what it answers failed just now, and is tried again
        unit.inbox.give_back([row.id], attempt=True)
        return
    arrived = Arrived(row.id, row.fingerprint, row.mailbox, row.received_at)
    before, event = recognise(StoredLooks(unit), arrived, result, rules.policy, desk.ring, now)
    decision = decide(before, event, rules.policy, now)
    files = {e.sha256: a.content for e, a in zip(event.said.enclosures, result.mail.attachments, strict=True)}
    work = Work(unit, rules, desk.ring, row.fingerprint, now, files)
    incident = apply(work, before, decision)
    remember(unit, row, event, decision, incident, result, now)


def _give_back(desk: Desk, rows: list[Claimed] | tuple[Claimed, ...]) -> None:
    """The database or the network was away: that is no fault of these mails, so the attempt does not count."""
    try:
        with desk.database.unit() as unit:
            unit.inbox.give_back([row.id for row in rows], attempt=True)
    except Transient:
        log.warning("the database is away; claimed mails come back at the next start", mails=len(rows))
