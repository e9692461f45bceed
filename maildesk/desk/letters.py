"""From "send this to him" to a letter: the values of the template, the headers, the ids that thread it.

Requester letters and technician letters get different values: what technicians say to each other, their addresses
and the rules never even reach the templates that a requester's letter is made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from maildesk.desk.commands import GRAMMAR, card
from maildesk.desk.effects import Entry, Record, Send
from maildesk.desk.events import Past, Said
from maildesk.desk.incident import Incident
from maildesk.desk.notices import INTERNAL_LETTERS
from maildesk.desk.policy import Mailbox, Policy
from maildesk.desk.sentences import said, word
from maildesk.desk.turn import Line
from maildesk.mail.message import Address, Enclosure, Letter
from maildesk.mail.render import VALUES, Renderer
from maildesk.mail.thread import Keyring, anchor_id, button_key, letter_id, loop_header, reply_address


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that the letters of one decision have in common.

    `cause` is what all ids are derived from: the fingerprint of the mail, or the name of the timer or order.
    """

    incident: Incident | None
    policy: Policy
    renderer: Renderer
    ring: Keyring
    cause: str
    now: datetime
    history: tuple[Past, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def box(self) -> Mailbox:
        return self.policy.mailbox(self.incident.mailbox if self.incident else "")


@dataclass(frozen=True, slots=True)
class Written:
    """A letter and the sender of its envelope (RFC 5321 4.5.5: automatic mail may have none)."""

    letter: Letter
    envelope: str


def compose(send: Send, ordinal: int, setting: Setting) -> Written:
    """Render one letter. Raises LetterError when its template fails."""
    kept, omitted = _fitting(send, setting.policy.limits.letter_bytes)
    language = send.language or setting.policy.language
    values = _in_language(_values(send, setting, omitted), send.template, language)
    rendered = setting.renderer.render(send.template, language, values)
    number = setting.incident.id if setting.incident else 0
    domain = setting.box.address.domain
    me = letter_id(setting.ring, domain, number, send.to_key, setting.cause, ordinal)
    anchor = anchor_id(setting.ring, domain, number, send.to_key)
    above = send.in_reply_to or _last_from(send, setting.incident)
    letter = Letter(
        sender=setting.box.address,
        to=Address(send.to.email) if send.anonymous else send.to,  # a stranger chose his name, too
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=me,
        date=setting.now,
        in_reply_to=above or anchor,
        references=tuple(dict.fromkeys([anchor, *([above] if above else [])])),
        reply_to=_reply_to(send, setting, number),
        headers=_headers(send, setting, me),
        enclosures=kept,
    )
    return Written(letter, _envelope(send, setting))


def _fitting(send: Send, limit: int) -> tuple[tuple[Enclosure, ...], tuple[str, ...]]:
    """The files that still fit, in order, and the others by name and size."""
    kept: list[Enclosure] = []
    omitted: list[str] = []
    room = limit
    shows_words = "message" in VALUES[send.template]  # files travel with the words, never alone
    for enclosure in send.said.enclosures if send.said and shows_words and not send.anonymous else ():
        if enclosure.cut:
            continue
        if enclosure.size <= room:
            kept.append(enclosure)
            room -= enclosure.size
        else:
            omitted.append(f"{enclosure.name} ({_readable(enclosure.size)})")
    return tuple(kept), tuple(omitted)


def _readable(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, size // 1000)} KB"


def _last_from(send: Send, incident: Incident | None) -> str | None:
    """The last mail that came from the recipient, below which his client shows this letter."""
    participant = incident.participant(send.to.key) if incident else None
    return participant.last_message_id if participant else None


def _reply_to(send: Send, setting: Setting, number: int) -> Address | None:
    if not setting.policy.plus_address or not number:
        return None
    return reply_address(setting.ring, setting.box.address, number, send.to_key)


def _envelope(send: Send, setting: Setting) -> str:
    policy, number = setting.policy, setting.incident.id if setting.incident else 0
    if policy.envelope == "null" and send.automatic:
        return ""
    if policy.envelope == "verp" and number:
        return reply_address(setting.ring, setting.box.address, number, send.to_key).email
    return setting.box.address.email


AUTOMATIC = {"ack": "auto-replied", "notice": "auto-generated"}


def _headers(send: Send, setting: Setting, me: str) -> tuple[tuple[str, str], ...]:
    """RFC 3834: automatic mail says so and asks for no answer; a human's relayed words carry only the loop mark."""
    fields: list[tuple[str, str]] = []
    if send.automatic:
        fields += [("Auto-Submitted", AUTOMATIC[send.automatic]), ("X-Auto-Response-Suppress", "All")]
    fields.append(("X-Maildesk-Loop", loop_header(setting.ring, me)))
    incident = setting.incident
    if incident and incident.id:
        fields.append(("X-Maildesk-Incident", incident.tag))
    if incident and send.role == "technician":
        fields += [
            ("X-Maildesk-Priority", incident.priority),
            ("X-Maildesk-Status", incident.status.replace(" ", "-")),
            ("X-Maildesk-Reason", send.template),
            ("List-Id", f"<{(incident.group or 'desk')}.{incident.prefix.lower()}.{setting.box.address.domain}>"),
        ]
    return tuple(fields)


# --- values ----------------------------------------------------------------------------------------------------------
# Their names and meanings stand in mail/letters.py, which lets through to each letter only what its reader may see.


def _values(send: Send, setting: Setting, left_out: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "desk": {
            "name": setting.box.address.name or setting.policy.name,
            "address": setting.box.address.email,
            "signature": setting.box.signature,
        },
        "tz": ZoneInfo(setting.policy.timezone),
        "to_name": "" if send.anonymous else send.to.name,
        "also": send.also,
        "left_out": left_out,
        "commands": _commands(setting.incident, send),
        "rules": () if send.template in RECEIPTS else setting.rules,
        "history": () if send.template in RECEIPTS else setting.history,
    }
    if setting.incident:
        values |= _about(setting.incident, send, setting.policy)
    if send.said and not send.anonymous:
        values |= {"message": _with_signature(send, send.said), "message_html": send.said.html}
    if send.role == "technician":
        values["reply_goes"] = "internal" if _stays_inside(send, setting.incident) else "public"
    if send.template == "help" or send.values.get("unknown"):
        values["rows"] = _rows(send, setting.policy)
    if setting.incident:
        values["buttons"] = tuple(_button(verb, label, send, setting) for verb, label in _taps(send, setting.incident))
    values |= send.values
    if offers := send.values.get("offers"):
        assert isinstance(offers, tuple)
        values["buttons"] = tuple(_offer(text, send, setting) for text in offers)
    return values


def _with_signature(send: Send, said: Said) -> str:
    """The words; of a new mail with the signature below, where the telephone number and the room stand."""
    if send.template != "new" or not said.signature.strip():
        return said.text.strip()
    return f"{said.text.strip()}\n\n{said.signature.strip()}"


RECEIPTS = frozenset({"done", "not_done"})  # they answer a command, and its giver has just read the rest
COMMANDS = ("#take", "#assign", "#pending", "#resolve", "#note", "#help")
OVER = ("#reopen", "#note", "#help")


def _commands(incident: Incident | None, send: Send) -> tuple[str, ...]:
    """The commands worth naming: those that make sense now."""
    if incident is not None and not incident.open:
        return OVER
    own = incident is not None and send.to_key == f"@{incident.assignee}"
    return COMMANDS[1:] if own else COMMANDS


def _about(incident: Incident, send: Send, policy: Policy) -> dict[str, Any]:
    """The incident as a letter shows it; a stranger reads nothing of his own words (`anonymous`)."""
    assignee = policy.directory.people.get(incident.assignee or "")
    return {
        "incident": {
            "tag": incident.tag if incident.id else f"{incident.prefix}-?",
            "number": incident.id,
            "title": "" if send.anonymous else incident.title,
            "status": str(incident.status),
            "type": str(incident.type),
            "priority": str(incident.priority),
            "category": incident.category,
            "group": incident.group or "",
            "assignee_name": assignee.name if assignee else "",
            "opened": incident.opened_at,
            "requester_name": "" if send.anonymous else _requester_name(incident),
            "resolution": "" if send.anonymous or _told_anyway(send, incident) else incident.resolution,
        },
        "yours": assignee is not None and send.to_key == f"@{assignee.key}",
        "until": incident.waiting_until,
        "answered": incident.answered_at,
        "reopen_days": policy.reopen_within.days,
    }


def _told_anyway(send: Send, incident: Incident) -> bool:
    """The resolution stands in the letter's words already."""
    return send.said is not None and send.said.text.strip() == incident.resolution


def _stays_inside(send: Send, incident: Incident | None) -> bool:
    """Where an answer to this letter goes, which is also what becomes of it when it comes."""
    return send.template in INTERNAL_LETTERS or incident is None or not incident.requester or incident.silent


def _requester_name(incident: Incident) -> str:
    shown = incident.participant(incident.requester)
    return (shown.name if shown else "") or incident.requester


def _rows(send: Send, policy: Policy) -> tuple[dict[str, str], ...]:
    language = send.language or policy.language
    about = str(send.values.get("verb", "")).strip().lstrip("#").lower()
    rows = tuple(
        {
            "verb": row.command.split()[0].strip("#"),
            "example": word("example", row.command, language),
            "meaning": row.meaning,
        }
        for row in card(technician=send.role == "technician", language=language)
    )
    return tuple(row for row in rows if row["verb"] == about) or rows


# The buttons below a letter: (verb, the name that each language has a label for), the likely ones only.
RESOLVED = (("close", "works"), ("reopen", "broken"))
FREE = (("take", "take"),)
MINE = (("resolve", "resolve"), ("pending", "pending"))
SETTLED = (("reopen", "reopen"),)
STEERED = frozenset({"new", "assigned", "update", "changed", "reopened_tech", "resumed", "bounced"})


def _taps(send: Send, incident: Incident) -> tuple[tuple[str, str], ...]:
    """What its reader is likely to want next."""
    if send.role == "requester":
        return RESOLVED if send.template == "resolved" else ()
    if send.role != "technician" or send.template not in STEERED:
        return ()
    if not incident.open:
        return SETTLED
    return MINE if send.to_key == f"@{incident.assignee}" else FREE


def _button(verb: str, label: str, send: Send, setting: Setting) -> Mapping[str, str]:
    """One tap: a mail with the command in its subject and the recipient's own key in its body."""
    assert setting.incident is not None
    key = button_key(setting.ring, verb, setting.incident.id, send.to_key)
    return {"label": label, "href": mailto(setting, f"#{verb}", f"Key: {key}")}


def _offer(text: str, send: Send, setting: Setting) -> Mapping[str, str]:
    """A corrected command line, with a key for each of its verbs: a mail that is opened by a tap is no reply."""
    assert setting.incident is not None
    verbs = [word[1:] for word in text.split() if word.startswith("#") and word[1:] in GRAMMAR]
    keys = [button_key(setting.ring, verb, setting.incident.id, send.to_key) for verb in verbs]
    return {"label": text, "href": mailto(setting, text, "\n".join(f"Key: {key}" for key in keys))}


def mailto(setting: Setting, commands: str, body: str) -> str:
    """A mailto link (RFC 6068) that writes to the desk about this incident."""
    incident = setting.incident
    subject = f"[{incident.tag}] {commands}" if incident else commands
    link = f"mailto:{setting.box.address.email}?subject={quote(subject)}"
    return link + (f"&body={quote(body)}" if body else "")


def as_history(entries: Iterable[tuple[datetime, Record]]) -> tuple[Past, ...]:
    """The timeline as letters show it."""
    return tuple(_past(at, record) for at, record in entries)


def _past(at: datetime, record: Record) -> Past:
    """A rule's entry names the fields that it set as its reason."""
    evidence = tuple(filter(None, record.data.get("evidence", "").split("\n")))
    by_rule = record.entry is Entry.RULE
    return Past(
        at,
        record.actor_name or record.actor,
        record.text,
        _ours(record),
        entry=str(record.entry),
        why=record.why,
        fields=() if evidence or by_rule else tuple(record.data),
        proof=(record.trust, *evidence) if evidence else (),
    )


def _ours(record: Record) -> bool:
    """Whether the desk says it: what changed, what it remarks, and what a mail without words was about."""
    wordless = record.entry is Entry.NOTE and record.said is not None and not record.said.text
    return record.entry in {Entry.CHANGE, Entry.RULE} or record.actor == "desk" or wordless


def _short(text: str, room: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= room else line[: room - 3].rsplit(" ", 1)[0] + "..."


# --- what the desk says, in the language of the letter ---------------------------------------------------------------

# Whose `reason` is the desk's own: in other letters a person or a mail server gave it.
REASONS = frozenset({"confirm", "refused"})
YOURS = "your answer"  # stands where nothing was typed
_GIVEN_UP = "given up after "  # so begins what the desk says of a server that did not answer for days
_MERGED = re.compile(r"merged into \S+-\d+")


def _in_language(values: Mapping[str, Any], template: str, language: str) -> dict[str, Any]:
    """The same values, those that the desk has put in words in the language of the letter; people's words stay."""
    told = {name: _TOLD[name](value, language) for name, value in values.items() if name in _TOLD}
    reason = str(values.get("reason", ""))
    if template in REASONS or reason.startswith(_GIVEN_UP):
        told["reason"] = said(reason, language)
    return {**values, **told}


def _lines(lines: Sequence[Line], language: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"shown": said(line.shown, language) if line.shown == YOURS else line.shown}
        | {"ok": line.ok, "why": said(line.why, language)}
        for line in lines
    )


def _entries(entries: Sequence[Mapping[str, Any]], language: str) -> tuple[dict[str, Any], ...]:
    return tuple({**entry, "why": said(entry["why"], language)} for entry in entries)


def _history(history: Sequence[Past], language: str) -> tuple[Past, ...]:
    return tuple(
        replace(
            past,
            who=word("actor", past.who, language) if past.ours else past.who,
            what=_short(said(past.what, language) if past.ours else past.what, past.room),
            why="; ".join(said(why, language) for why in (past.why, *past.proof) if why),
        )
        for past in history
    )


def _each(texts: Sequence[str], language: str) -> tuple[str, ...]:
    return tuple(said(text, language) for text in texts)


def _resolution(incident: Mapping[str, Any], language: str) -> dict[str, Any]:
    text = incident["resolution"]
    return {**incident, "resolution": said(text, language) if _MERGED.fullmatch(text) else text}


def _actor(name: str, language: str) -> str:
    return word("actor", name, language)


_TOLD: Mapping[str, Callable[[Any, str], Any]] = {
    "lines": _lines,
    "entries": _entries,
    "history": _history,
    "rules": _each,
    "details": _each,
    "headline": said,
    "incident": _resolution,
    **dict.fromkeys(("who", "by", "author"), _actor),
}
