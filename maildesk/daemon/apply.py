"""The one interpreter of effects: what decide() wants done, done in the caller's transaction.

First the incident, so that it has its number; then the records, timers and marks; the letters last, because they show
the incident as it then is. A letter is rendered here, once, and frozen: every attempt sends the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from maildesk.daemon.desk import Rules
from maildesk.desk.effects import (
    Absorb,
    Ask,
    Confirmed,
    Decision,
    DropTimers,
    Effect,
    Entry,
    Link,
    MarkAddress,
    Record,
    Send,
    SetTimer,
    StormNoticed,
    TellAdmins,
)
from maildesk.desk.events import Past
from maildesk.desk.incident import Incident
from maildesk.desk.letters import Setting, Written, as_history, compose
from maildesk.desk.policy import Policy
from maildesk.desk.retry import give_up_at
from maildesk.desk.technician import CONFIRMING
from maildesk.errors import LetterError
from maildesk.mail.message import Address
from maildesk.mail.thread import Keyring
from maildesk.mail.write import freeze
from maildesk.store.outbox import OutboxRow
from maildesk.store.unit import Unit

log = structlog.get_logger()


@dataclass(slots=True)
class Work:
    """One decision being carried out. `files` holds the bytes of attachments that may have to be kept, by sha256."""

    unit: Unit
    rules: Rules
    ring: Keyring
    cause: str
    now: datetime
    files: Mapping[str, bytes] = field(default_factory=dict)
    incident: Incident | None = None
    ordinal: int = 0
    asking: str | None = None  # Message-ID of the letter whose answer confirms

    @property
    def number(self) -> int:
        assert self.incident is not None, "this effect needs an incident"
        return self.incident.id


def apply(work: Work, before: Incident | None, decision: Decision) -> Incident | None:
    """Carry out a decision; returns the incident as stored. Raises Conflict when somebody else was faster."""
    work.incident = _store(work, before, decision.incident)
    for effect in decision.effects:
        if not isinstance(effect, Send | Ask):
            _CARRY_OUT[type(effect)](work, effect)
    sends = [effect for effect in decision.effects if isinstance(effect, Send)]
    if sends:
        setting = _setting(work)
        for send in _reachable(work, sends):
            _send(work, send, setting)
    for effect in decision.effects:
        if isinstance(effect, Ask):
            _ask(work, effect)
    return work.incident


def _store(work: Work, before: Incident | None, wanted: Incident | None) -> Incident | None:
    if wanted is None:
        return before
    incidents = work.unit.incidents
    stored = incidents.save(wanted) if wanted.id else incidents.insert(wanted)
    if stored.assignee and stored.group and (before is None or before.assignee != stored.assignee):
        work.unit.incidents.note_assigned(stored.group, stored.assignee)
    return stored


# --- records, timers, marks ------------------------------------------------------------------------------------------


def _record(work: Work, record: Record) -> None:
    for enclosure in record.said.enclosures if record.said else ():
        content = work.files.get(enclosure.sha256)
        if content is not None:
            work.unit.blobs.put(content)
    work.unit.incidents.log(record.incident or work.number, at=work.now, record=record)


def _set_timer(work: Work, effect: SetTimer) -> None:
    work.unit.timers.set(work.number, effect.kind, effect.level, effect.due_at)


def _drop_timers(work: Work, effect: DropTimers) -> None:
    work.unit.timers.drop(work.number, effect.kind)


def _mark(work: Work, effect: MarkAddress) -> None:
    work.unit.people.mark(effect.email, effect.mark, effect.reason, work.now, effect.name)


def _confirmed(work: Work, effect: Confirmed) -> None:
    work.unit.people.use_confirmation(effect.id, work.now)


def _link(work: Work, effect: Link) -> None:
    work.unit.incidents.link(work.number, effect.other, effect.kind)


def _storm(work: Work, effect: StormNoticed) -> None:
    work.unit.incidents.note_storm(effect.key, work.now)


def _tell_admins(work: Work, effect: TellAdmins) -> None:
    setting = Setting(None, work.rules.policy, work.rules.renderer, work.ring, effect.key, work.now)
    values = {"headline": effect.headline, "details": effect.details}
    for ordinal, address in enumerate(work.rules.policy.admins):
        send = Send("alarm", address, address.key, "admin", "notice", work.rules.policy.language, values=values)
        post(work.unit, send, written(send, ordinal, setting, work.rules), setting)


def _ask(work: Work, effect: Ask) -> None:
    assert work.asking is not None, "a request for confirmation is sent with its question"
    work.unit.people.ask(
        effect,
        incident_id=work.incident.id if work.incident else None,
        letter_id=work.asking,
        now=work.now,
        expires_at=work.now + work.rules.policy.confirm_within,
    )


def _absorb(work: Work, effect: Absorb) -> None:
    """The people of a merged incident join the one under whose number it goes on."""
    there = work.unit.incidents.get(effect.into)
    assert there is not None, "what is merged into was looked up in this transaction"
    room = work.rules.policy.limits.participants - len(there.participants)
    new = [person for person in effect.people if there.participant(person.email) is None]
    people = (*there.participants, *new[: max(room, 0)])
    work.unit.incidents.save(replace(there, participants=people, updated_at=work.now))
    work.unit.incidents.log(there.id, at=work.now, record=effect.record)


_CARRY_OUT: Mapping[type[Effect], Callable[[Work, Any], None]] = {
    Absorb: _absorb,
    Record: _record,
    SetTimer: _set_timer,
    DropTimers: _drop_timers,
    MarkAddress: _mark,
    Confirmed: _confirmed,
    Link: _link,
    StormNoticed: _storm,
    TellAdmins: _tell_admins,
}


# --- letters ---------------------------------------------------------------------------------------------------------


def _setting(work: Work) -> Setting:
    """What the letters of this decision share; the history is read once, and only if somebody will see it."""
    setting = Setting(work.incident, work.rules.policy, work.rules.renderer, work.ring, work.cause, work.now)
    if work.incident is None:
        return setting
    history, rules = _past(work.unit, work.incident, work.now)
    return replace(setting, history=history, rules=rules)


HISTORY = 6


def _past(unit: Unit, incident: Incident, now: datetime) -> tuple[tuple[Past, ...], tuple[str, ...]]:
    """What happened last before now, oldest first, and which rules spoke when it was recorded."""
    entries = unit.incidents.history(incident.id, limit=20, newest_first=True)
    shown = [e for e in entries if e.at < now and _tells(e.record)][:HISTORY]
    rules = tuple(e.record.text for e in reversed(entries) if e.record.entry is Entry.RULE)
    return as_history((e.at, e.record) for e in reversed(shown)), rules


_SILENT = frozenset({Entry.RULE, Entry.LETTER, Entry.REFUSED})


def _tells(record: Record) -> bool:
    """Whether it belongs into the history of a letter: no machinery, no words that were only typed to confirm."""
    return record.entry not in _SILENT and bool(record.text.strip()) and record.why != CONFIRMING


def _send(work: Work, send: Send, setting: Setting) -> None:
    work.ordinal += 1
    finished = written(send, work.ordinal, setting, work.rules)
    if send.confirmation:
        work.asking = finished.letter.message_id
    post(work.unit, send, finished, setting)


def _reachable(work: Work, sends: list[Send]) -> Iterator[Send]:
    """Without automatic letters to addresses from which one came back; the timeline says which."""
    automatic = {send.to.key for send in sends if send.automatic and send.role == "requester"}
    contacts = work.unit.people.contacts(automatic)
    for send in sends:
        contact = contacts.get(send.to.key)
        if send.automatic and send.role == "requester" and contact and contact.undeliverable_at:
            record = Record(
                Entry.LETTER, f"{send.template} not sent to {send.to.email}: {contact.reason}", actor="desk"
            )
            _record(work, record)
        else:
            yield send


def written(send: Send, ordinal: int, setting: Setting, rules: Rules) -> Written:
    """The letter; with the shipped template when the site's own one fails, for the letter matters more."""
    try:
        return compose(send, ordinal, setting)
    except LetterError as error:
        if rules.shipped is None:
            raise
        tag = setting.incident.tag if setting.incident else None
        log.warning("a site's template fails", incident=tag, template=send.template, reason=str(error))
        return compose(send, ordinal, replace(setting, renderer=rules.shipped))


def post(unit: Unit, send: Send, finished: Written, setting: Setting) -> None:
    """Freeze a letter into the outbox. One that is there already (the same cause) is not written twice."""
    letter, policy, now = finished.letter, setting.policy, setting.now
    unit.outbox.add(
        OutboxRow(
            message_id=letter.message_id,
            incident=setting.incident.id if setting.incident else None,
            template=send.template,
            automatic=send.automatic,
            to=send.to,
            to_key=send.to_key,
            subject=letter.subject,
            envelope=finished.envelope,
            frozen=freeze(letter),
            cause=setting.cause,
            created_at=now,
            give_up_at=give_up_at(send.automatic, now),
            exempt=_exempt(policy, send.to),
            held=policy.hold,
        )
    )


def _exempt(policy: Policy, to: Address) -> bool:
    organisation, _vip = policy.directory.organisation_of(to.email)
    return organisation is not None or policy.directory.person_of(to.email) is not None
