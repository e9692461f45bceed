"""Explain: what would happen to a mail, and why. The same recognising and deciding as for real; nothing is applied.

The result is plain JSON: one object a mail, with the words that other parts use (kinds, levels, actions).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maildesk.daemon.desk import Rules
from maildesk.daemon.reader import Overrun
from maildesk.daemon.recognise import Arrived, Looks, facts, recognise
from maildesk.desk.decide import decide
from maildesk.desk.effects import Action, Decision, Send
from maildesk.desk.events import MailCame
from maildesk.desk.incident import Incident
from maildesk.desk.letters import Setting, compose
from maildesk.desk.technician import preview
from maildesk.mail.message import Address, Mail, Reading, Unreadable
from maildesk.mail.thread import Keyring, fingerprint

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """The desk that the mail would come to, and when."""

    rules: Rules
    ring: Keyring
    looks: Looks
    mailbox: str
    at: datetime
    all_rules: bool = False


def explain(raw: bytes, result: Reading | Unreadable | Overrun, scene: Scene) -> Json:
    """Everything about one mail. A mail that cannot be read gives `error` and the outcome quarantine."""
    if not isinstance(result, Reading):
        return {"error": result.reason, "outcome": {"action": Action.QUARANTINE.value}}
    arrived = Arrived(0, fingerprint(raw), scene.mailbox, scene.at)
    incident, event = recognise(scene.looks, arrived, result, scene.rules.policy, scene.ring, scene.at)
    decision = decide(incident, event, scene.rules.policy, scene.at)
    return {
        "message": _message(result.mail),
        "reply_text": result.trimmed.new,
        "quoted_text": result.trimmed.quoted,
        "signature": result.trimmed.signature,
        "kind": event.kind.value,
        "kind_reason": event.kind_reason,
        "bounce": _bounce(result),
        "trust": {"level": event.trust.level.name, "evidence": list(event.trust.evidence)},
        "thread": _thread(incident, event),
        "commands": _commands(incident, event, scene),
        "rules": _rules(result, event, scene),
        "outcome": _outcome(incident, decision),
        "letters": _letters(decision, event, scene),
    }


def _address(address: Address | None) -> Json | None:
    return {"name": address.name, "address": address.email} if address else None


def _message(mail: Mail) -> Json:
    return {
        "message_id": mail.message_id,
        "from": _address(mail.from_ or mail.from_shown),
        "to": [_address(a) for a in mail.to],
        "cc": [_address(a) for a in mail.cc],
        "subject": mail.subject,
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.text,
        "html": mail.html,
        "attachments": [{"name": a.name, "type": a.type, "size": a.size} for a in mail.attachments],
    }


def _bounce(reading: Reading) -> Json | None:
    if reading.bounce is None:
        return None
    return {
        "recipients": [
            {"address": f.address, "status": f.status, "action": f.action, "diagnostic": f.diagnostic}
            for f in reading.bounce.recipients
        ]
    }


def _thread(incident: Incident | None, event: MailCame) -> Json | None:
    if incident is None or not event.found.method:
        return None
    return {"incident": incident.tag, "method": event.found.method}


def _commands(incident: Incident | None, event: MailCame, scene: Scene) -> list[Json]:
    lines = preview(incident, event, scene.rules.policy, scene.at)
    return [{"verb": verb, "value": value, "ok": line.ok, "why": line.why} for verb, value, line in lines]


def _rules(reading: Reading, event: MailCame, scene: Scene) -> list[Json]:
    seen = facts(reading, event.party, scene.mailbox)
    verdicts = scene.rules.policy.rules.classify(seen, all_rules=scene.all_rules).verdicts
    return [
        {"name": v.name, "matched": v.matched, "why": list(v.why)} for v in verdicts if v.matched or scene.all_rules
    ]


def _outcome(incident: Incident | None, decision: Decision) -> Json:
    after = decision.incident or incident
    return {
        "action": decision.action.value,
        "reason": decision.reason,
        "incident": after.tag if after and after.id else None,
        "type": after.type.value if after else None,
        "category": (after.category or None) if after else None,
        "group": after.group if after else None,
        "assignee": after.assignee if after else None,
        "impact": after.impact.value if after else None,
        "urgency": after.urgency.value if after else None,
        "priority": after.priority.value if after else None,
        "tags": sorted(after.tags) if after else [],
    }


def _letters(decision: Decision, event: MailCame, scene: Scene) -> list[Json]:
    setting = Setting(decision.incident, scene.rules.policy, scene.rules.renderer, scene.ring, event.cause, scene.at)
    sends = [effect for effect in decision.effects if isinstance(effect, Send)]
    return [
        {
            "template": send.template,
            "to": send.to.email,
            "subject": compose(send, ordinal, setting).letter.subject,
        }
        for ordinal, send in enumerate(sends, 1)
    ]
