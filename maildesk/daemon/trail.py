"""The trail of a handled mail: the inbox row says what became of it, its ids lead later mails to the incident."""

from __future__ import annotations

from datetime import datetime

import structlog

from maildesk.desk.effects import Action, Decision
from maildesk.desk.events import MailCame
from maildesk.desk.incident import Incident
from maildesk.mail.message import Kind, Reading
from maildesk.mail.thread import is_letter_id
from maildesk.store.inbox import Claimed
from maildesk.store.unit import Unit

log = structlog.get_logger()


def remember(
    unit: Unit,
    row: Claimed,
    event: MailCame,
    decision: Decision,
    incident: Incident | None,
    reading: Reading,
    now: datetime,
) -> None:
    """Mark the mail as done, in the same transaction as everything it caused."""
    number = incident.id if incident else event.sums.storm_first if decision.action is Action.UPDATE else None
    unit.inbox.finish(
        row.id,
        kind=event.kind,
        action=decision.action,
        reason=decision.reason[:500],
        sender=event.party.address.email,
        subject=reading.mail.subject,
        incident_id=number,
        now=now,
    )
    if incident is not None and event.kind in {Kind.HUMAN, Kind.AUTO, Kind.LIST}:
        _ids(unit, event, incident, reading)
    log.info(
        "mail handled",
        inbox=row.id,
        incident=incident.tag if incident else None,
        kind=str(event.kind),
        action=str(decision.action),
        reason=decision.reason,
        trust=event.trust.level.name,
    )


def _ids(unit: Unit, event: MailCame, incident: Incident, reading: Reading) -> None:
    """The mail's own id, and those it answers that have not come (a colleague's answer may be faster)."""
    if event.message_id:
        unit.incidents.remember(event.message_id, incident.id, event.party.address.key, "mail")
    others = [i for i in (*reading.mail.in_reply_to, *reading.mail.references) if not is_letter_id(i)]
    known = unit.incidents.by_message_ids(others) if others else {}
    for message_id in dict.fromkeys(others):
        if message_id not in known:
            unit.incidents.remember(message_id, incident.id, event.party.address.key, "expected")
