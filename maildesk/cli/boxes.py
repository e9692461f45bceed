"""inbox and outbox: mails and letters that wait, failed or were put aside, and what a human can do about them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from maildesk.cli import page, setting
from maildesk.cli.page import when
from maildesk.clock import SystemClock
from maildesk.config import Settings
from maildesk.errors import UsageError
from maildesk.mail.write import assemble
from maildesk.store.outbox import OutboxInfo
from maildesk.store.unit import Unit
from maildesk.store.views import InboxRow

Json = dict[str, Any]
LIMIT = 200
_LOOKED_THROUGH = 5000  # done mails among which --spam looks, newest first: some days of a busy desk
_HEAD_END = re.compile(rb"\r?\n\r?\n")


# --- inbox -----------------------------------------------------------------------------------------------------------


def inbox(config: Path | None, states: Sequence[str], *, spam: bool, limit: int, as_json: bool) -> int:
    """Mails, newest first: all that are not done, those of some states, or those filed as spam."""
    settings = setting.read(config)
    with setting.view(settings) as view:
        if spam:
            found = [row for row in view.views.inbox("done", limit=_LOOKED_THROUGH) if _spam(row)][:limit]
        else:
            found = list(view.views.inbox(*states, limit=limit))
        tags = _tags(view, found)
    if as_json:
        page.document([_mail(row, tags) for row in found])
    elif found:
        page.table(_INBOX_TITLES, (_mail_cells(row, tags, settings.policy.timezone) for row in found))
    else:
        page.say("no such mails" if spam or states else "no mail waits")
    return 0


def _spam(row: InboxRow) -> bool:
    """Filed because the mail server or a technician said so; in desk/decide.py stand the words."""
    return row.action == "file" and (row.reason.startswith("spam") or row.reason.endswith("is blocked"))


def _tags(view: Unit, rows: Sequence[InboxRow]) -> dict[int, str]:
    numbers = {row.incident_id for row in rows if row.incident_id}
    return {number: incident.tag for number in numbers if (incident := view.incidents.get(number))}


_INBOX_TITLES = ("Mail", "State", "Mailbox", "Received", "From", "Outcome", "Incident", "Reason", "Subject")


def _mail_cells(row: InboxRow, tags: dict[int, str], zone: str) -> tuple[object, ...]:
    outcome = " ".join(filter(None, (row.kind, row.action)))
    tag = tags.get(row.incident_id or 0)
    received = when(row.received_at, zone)
    return row.id, row.state, row.mailbox, received, row.sender, outcome, tag, row.reason, row.subject


def _mail(row: InboxRow, tags: dict[int, str]) -> Json:
    shown = page.plain(row)
    del shown["incident_id"]
    return {**shown, "incident": tags.get(row.incident_id or 0)}


def show_mail(config: Path | None, number: int, *, raw: bool, headers: bool, as_json: bool) -> int:
    """One mail: what became of it, or its bytes."""
    settings = setting.read(config)
    with setting.view(settings) as view:
        row = view.views.mail(number)
        if row is None:
            raise UsageError(f"there is no mail {number} in the inbox")
        content = view.inbox.raw(number) if raw or headers else b""
        tags = _tags(view, [row])
    if raw or headers:
        _give_out(content if raw else _head(content))
    elif as_json:
        page.document(_mail(row, tags))
    else:
        page.facts(_mail_facts(row, tags, settings.policy.timezone))
    return 0


def _mail_facts(row: InboxRow, tags: dict[int, str], zone: str) -> list[tuple[str, object]]:
    return [
        ("mail", row.id),
        ("state", row.state),
        ("mailbox", row.mailbox),
        ("received", when(row.received_at, zone)),
        ("handled", when(row.handled_at, zone)),
        ("attempts", row.attempts),
        ("size", f"{row.size} bytes"),
        ("from", row.sender),
        ("subject", row.subject),
        ("message id", row.message_id),
        ("kind", row.kind),
        ("outcome", row.action),
        ("reason", row.reason),
        ("incident", tags.get(row.incident_id or 0)),
    ]


def _head(raw: bytes) -> bytes:
    end = _HEAD_END.search(raw)
    return raw[: end.end()] if end else raw


def _give_out(content: bytes) -> None:
    """Bytes as they are into a pipe or file; on a terminal without what would steer it."""
    if page.on_terminal():
        page.say(content.decode("utf-8", "replace"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def release(config: Path | None, number: int) -> int:
    """Handle a quarantined mail anew."""
    settings = setting.read(config)
    with setting.unit(settings) as unit:
        if unit.views.mail(number) is None:
            raise UsageError(f"there is no mail {number} in the inbox")
        unit.inbox.release(number)
    page.say(f"mail {number} waits to be handled anew")
    return 0


# --- outbox ----------------------------------------------------------------------------------------------------------


def outbox(config: Path | None, states: Sequence[str], *, limit: int, as_json: bool) -> int:
    """Letters, newest first: all that are neither sent nor dropped, or those of some states."""
    settings = setting.read(config)
    with setting.view(settings) as view:
        found = view.views.outbox(*states, limit=limit)
        paused = view.outbox.paused()
    if as_json:
        page.document(found)
    elif found:
        page.table(_OUTBOX_TITLES, (_letter_cells(letter, settings.policy.timezone) for letter in found))
    else:
        page.say("no such letters" if states else "no letter waits")
    if paused:
        page.complain("maildesk: the outbox is paused; `maildesk outbox resume` lets letters leave again")
    return 0


_OUTBOX_TITLES = ("Letter", "State", "Template", "To", "Written", "Next try", "Attempts", "Reply", "Subject")


def _letter_cells(letter: OutboxInfo, zone: str) -> tuple[object, ...]:
    written, again = when(letter.created_at, zone), when(letter.next_at, zone)
    answer = f"{letter.code} {letter.reply}" if letter.code else letter.reply
    return (
        letter.id,
        letter.state,
        letter.template,
        letter.to_email,
        written,
        again,
        letter.attempts,
        answer,
        letter.subject,
    )


def show_letter(config: Path | None, number: int, *, raw: bool, as_json: bool) -> int:
    """One letter: where it stands, or its bytes as they are sent."""
    settings = setting.read(config)
    with setting.view(settings) as view:
        letter = _letter(view, number)
        content = assemble(view.outbox.frozen(number), view.blobs.get) if raw else b""
    if raw:
        _give_out(content)
    elif as_json:
        page.document(letter)
    else:
        page.facts(_letter_facts(letter, settings.policy.timezone))
    return 0


def _letter_facts(letter: OutboxInfo, zone: str) -> list[tuple[str, object]]:
    return [
        ("letter", letter.id),
        ("state", letter.state),
        ("template", letter.template),
        ("to", f"{letter.to_name} <{letter.to_email}>" if letter.to_name else letter.to_email),
        ("subject", letter.subject),
        ("incident", letter.incident_id),
        ("written", when(letter.created_at, zone)),
        ("attempts", letter.attempts),
        ("copies", letter.copies),
        ("next try", when(letter.next_at, zone)),
        ("given up", when(letter.give_up_at, zone)),
        ("settled", when(letter.settled_at, zone)),
        ("reply", f"{letter.code} {letter.reply}" if letter.code else letter.reply),
        ("message id", letter.message_id),
        ("sender", letter.envelope or "<>"),
    ]


def _letter(unit: Unit, number: int) -> OutboxInfo:
    letter = unit.outbox.info(number)
    if letter is None:
        raise UsageError(f"there is no letter {number} in the outbox")
    return letter


def retry(config: Path | None, number: int | None, *, held: bool = False) -> int:
    """Try a letter now, or all that `letters: hold` has kept."""
    settings = setting.read(config)
    if held:
        return _all_held(
            settings, lambda unit, letter: unit.outbox.retry(letter, now=SystemClock().now()), "go out now"
        )
    if number is None:
        raise UsageError("which letter? give its number from `maildesk outbox`, or --held for all that are held")
    with setting.unit(settings) as unit:
        _letter(unit, number)
        unit.outbox.retry(number, now=SystemClock().now())
    page.say(f"letter {number} is tried again now")
    return 0


def _all_held(settings: Settings, act: Callable[[Unit, int], None], what: str) -> int:
    with setting.unit(settings) as unit:
        letters = [letter.id for letter in unit.views.outbox("held", limit=1_000_000)]
        for letter in letters:
            act(unit, letter)
    page.say(f"{len(letters)} held letters {what}")
    return 0


def drop(config: Path | None, number: int | None, *, held: bool = False) -> int:
    """Never send a letter, or none of those that `letters: hold` has kept."""
    settings = setting.read(config)
    if held:
        return _all_held(
            settings, lambda unit, letter: unit.outbox.drop(letter, now=SystemClock().now()), "are dropped"
        )
    if number is None:
        raise UsageError("which letter? give its number from `maildesk outbox`, or --held for all that are held")
    with setting.unit(settings) as unit:
        letter = _letter(unit, number)
        unit.outbox.drop(number, now=SystemClock().now())
    page.say(f"letter {number} to {letter.to_email} will not be sent")
    return 0


def pause(config: Path | None, *, paused: bool) -> int:
    """Let no letter leave, or let them leave again."""
    settings = setting.read(config)
    with setting.unit(settings) as unit:
        unit.outbox.pause(paused)
    page.say("no letter leaves until `maildesk outbox resume`" if paused else "letters leave again")
    return 0
