"""list and show: the incidents, for those who sit at the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from maildesk.cli import page, setting
from maildesk.cli.page import line, when
from maildesk.config import Settings
from maildesk.daemon.find import find
from maildesk.desk.effects import Record
from maildesk.desk.folding import words as folded_words
from maildesk.desk.incident import Incident, Status
from maildesk.store.incidents import Linked, TimelineEntry
from maildesk.store.outbox import OutboxInfo
from maildesk.store.views import Filter, QueueRow

Json = dict[str, Any]


# --- list ------------------------------------------------------------------------------------------------------------


def list_(config: Path | None, wanted: Filter, *, as_json: bool) -> int:
    """The queue, the most urgent first."""
    settings = setting.read(config)
    _warn_unknown(settings, wanted)
    with setting.view(settings) as view:
        rows = view.views.queue(wanted)
    if as_json:
        page.document([{"incident": row.tag, **page.plain(row)} for row in rows])
    elif rows:
        page.table(_TITLES, (_cells(row, settings) for row in rows))
    else:
        page.say("no incidents")
    if len(rows) == wanted.limit:
        page.complain(f"maildesk: only the first {wanted.limit} are shown; --limit shows more")
    return 0


def find_words(config: Path | None, words: list[str], limit: int, *, as_json: bool) -> int:
    """The incidents that have all these words somewhere."""
    settings = setting.read(config)
    with setting.view(settings) as view:
        rows = view.views.search(folded_words(" ".join(words)), limit)
    if as_json:
        page.document([{"incident": row.tag, **page.plain(row)} for row in rows])
    elif rows:
        page.table(_TITLES, (_cells(row, settings) for row in rows))
    else:
        page.say("no incidents")
    return 0


def wanted(
    *, all_: bool, mine: str | None, group: str | None, states: list[str], unassigned: bool, limit: int
) -> Filter:
    """The filter that the options ask for."""
    chosen = tuple(Status) if all_ else tuple(map(_status, states)) or None
    return Filter(states=chosen, assignee=mine, group=group, unassigned=unassigned, limit=limit)


def _status(text: str) -> Status:
    try:
        return Status(text.strip().lower().replace("-", " ").replace("_", " "))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no status; there is {', '.join(Status)}") from None


def _warn_unknown(settings: Settings, wanted: Filter) -> None:
    """A name that the configuration lacks may still stand in incidents, and is more often a typing mistake."""
    directory = settings.policy.directory
    if wanted.assignee and wanted.assignee not in directory.people:
        page.complain(f"maildesk: {wanted.assignee!r} is not listed under people ({', '.join(directory.people)})")
    if wanted.group and wanted.group not in directory.groups:
        page.complain(f"maildesk: {wanted.group!r} is not listed under groups ({', '.join(directory.groups)})")


_TITLES = ("Incident", "Prio", "Status", "Assignee", "Group", "Requester", "Opened", "Title")


def _cells(row: QueueRow, settings: Settings) -> tuple[object, ...]:
    status = f"{row.status}: {row.waiting}" if row.waiting else str(row.status)
    requester = f"{row.requester} (VIP)" if row.vip else row.requester
    opened = when(row.opened_at, settings.policy.timezone)
    return row.tag, row.priority, status, row.assignee, row.group, requester, opened, row.title


# --- show ------------------------------------------------------------------------------------------------------------


def show(config: Path | None, tag: str, *, as_json: bool) -> int:
    """One incident with its whole timeline."""
    settings = setting.read(config)
    with setting.view(settings) as view:
        incident = find(view, tag)
        history = view.incidents.history(incident.id)
        letters = view.views.letters(incident.id)
        links = view.incidents.links(incident.id)
        tags = {number: other.tag for number in _others(links) if (other := view.incidents.get(number))}
    if as_json:
        page.document(
            {
                **as_object(incident),
                "links": [{"from": tags[one.incident], "to": tags[one.other], "kind": one.kind} for one in links],
                "timeline": [_entry(entry) for entry in history],
                "letters": [_letter(letter) for letter in letters],
            }
        )
        return 0
    zone = settings.policy.timezone
    page.heading(f"{incident.tag}  {incident.title}")
    page.facts(_fields(incident, links, tags, zone))
    page.say()
    page.heading("Timeline")
    for entry in history:
        page.say(_told(entry, zone))
    if letters:
        page.say()
        page.heading("Letters")
        page.table(_LETTER_TITLES, (_letter_cells(letter, zone) for letter in letters))
    return 0


def _others(links: tuple[Linked, ...]) -> set[int]:
    return {number for one in links for number in (one.incident, one.other)}


def as_object(incident: Incident) -> Json:
    """The incident as JSON: its tag, then its fields."""
    return {"incident": incident.tag, **page.plain(incident)}


def _fields(
    incident: Incident, links: tuple[Linked, ...], tags: dict[int, str], zone: str
) -> Iterator[tuple[str, object]]:
    people = [
        f"{one.name} <{one.email}> ({one.role})" if one.name else f"{one.email} ({one.role})"
        for one in incident.participants
    ]
    yield "status", _state(incident, zone)
    yield "priority", f"{incident.priority} (impact {incident.impact}, urgency {incident.urgency})"
    yield "type", incident.type
    yield "category", incident.category
    yield "group", incident.group
    yield "assignee", incident.assignee or "nobody"
    yield "requester", f"{incident.requester}{' (VIP)' if incident.vip else ''}"
    yield "organisation", incident.organisation
    yield "people", "\n".join(map(line, people))
    yield "opened", when(incident.opened_at, zone)
    yield "resolved", when(incident.resolved_at, zone)
    yield "closed", when(incident.closed_at, zone)
    yield "resolution", incident.resolution
    yield "tags", ", ".join(sorted(incident.tags))
    yield "letters", "none, it is filed in silence" if incident.silent else ""
    yield "links", ", ".join(f"{tags[one.incident]} {one.kind} {tags[one.other]}" for one in links)


def _state(incident: Incident, zone: str) -> str:
    if incident.waiting is None:
        return str(incident.status)
    until = f" until {when(incident.waiting_until, zone)}" if incident.waiting_until else ""
    return f"{incident.status}, waiting for the {incident.waiting}{until}"


def _entry(entry: TimelineEntry) -> Json:
    record = entry.record
    said = record.said
    return {
        "at": page.plain(entry.at),
        "entry": record.entry.value,
        "actor": record.actor,
        "actor_name": record.actor_name,
        "text": record.text,
        "why": record.why,
        "trust": record.trust,
        "public": record.public,
        "inbox_id": record.inbox_id,
        "data": page.plain(record.data),
        "signature": said.signature if said else "",
        "quoted": said.quoted if said else "",
        "attachments": [{"name": e.name, "type": e.type, "size": e.size} for e in said.enclosures] if said else [],
    }


def _told(entry: TimelineEntry, zone: str) -> str:
    """When, who, what; then the words, set in."""
    record = entry.record
    who = record.actor_name or record.actor or "desk"
    marks = [record.entry.value, *(["public"] if record.public else []), *([record.trust] if record.trust else [])]
    because = f" -- {record.why}" if record.why else ""
    head = line(f"{when(entry.at, zone)}  {who} ({', '.join(marks)}){because}")
    files = [f"[{e.name or e.type}, {e.size} bytes]" for e in record.said.enclosures] if record.said else []
    return "\n".join(
        [head, *(f"    {one}".rstrip() for one in [*record.text.strip().splitlines(), *_rest(record), *files])]
    )


def _rest(record: Record) -> list[str]:
    """Signature and quoted history: what letters leave out, and the timeline keeps."""
    said = record.said
    if said is None:
        return []
    signature = said.signature.strip().splitlines()
    if signature and not signature[0].startswith("--"):
        signature.insert(0, "--")
    return [*signature, *(f"| {one}" for one in said.quoted.strip().splitlines())]


_LETTER_TITLES = ("Letter", "Template", "To", "State", "Written", "Settled", "Reply", "Subject")


def _letter_cells(letter: OutboxInfo, zone: str) -> tuple[object, ...]:
    written, settled = when(letter.created_at, zone), when(letter.settled_at, zone)
    return letter.id, letter.template, letter.to_email, letter.state, written, settled, letter.reply, letter.subject


def _letter(letter: OutboxInfo) -> Json:
    return {
        "id": letter.id,
        "template": letter.template,
        "to": letter.to_email,
        "subject": letter.subject,
        "state": letter.state,
        "message_id": letter.message_id,
        "created_at": page.plain(letter.created_at),
        "settled_at": page.plain(letter.settled_at),
        "attempts": letter.attempts,
        "reply": letter.reply,
    }
