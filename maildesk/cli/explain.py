"""explain: what would happen to these mails, and why. Nothing is changed, neither here nor there.

The files are read in portions, so that the reader process works on one while the mails of the last one are explained.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer

from maildesk import build
from maildesk.cli import page, setting
from maildesk.cli.logs import configure_for_a_command
from maildesk.cli.page import line
from maildesk.clock import SystemClock
from maildesk.config import Settings
from maildesk.daemon.explain import Scene, explain
from maildesk.daemon.looks import NoLooks, StoredLooks
from maildesk.daemon.reader import Overrun, Reader
from maildesk.mail.limits import MAX_BYTES
from maildesk.mail.message import Reading, Unreadable

PORTION = 50  # files
PORTION_BYTES = 16 * 1024 * 1024

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    files: Sequence[str]
    as_json: bool = False
    defaults: bool = False
    database: bool = False
    mailbox: str | None = None
    at: str | None = None
    all_rules: bool = False


def run(config: Path | None, asked: Asked) -> int:
    """Explain each file; 1 if one of them could not be opened or read."""
    configure_for_a_command()
    settings = build.default_settings() if asked.defaults else setting.read(config)
    failed = False
    with ExitStack() as stack:
        scene = _scene(stack, settings, asked)
        reader = stack.enter_context(Reader())
        for number, answer in enumerate(_explained(asked.files, reader, scene)):
            failed |= "error" in answer
            if asked.as_json:
                print(json.dumps(_document(answer)), flush=True)  # noqa: T201 -- the answer
            else:
                _show(answer, settings.policy.timezone, first=number == 0)
    return 1 if failed else 0


def _document(answer: Json) -> Json:
    """The answer with the keys that are promised, and no others: programs are written against them."""
    outcome = {name: value for name, value in answer.get("outcome", {}).items() if name != "reason"}
    return {**answer, "outcome": outcome} if outcome else answer


def _scene(stack: ExitStack, settings: Settings, asked: Asked) -> Scene:
    """The desk as it is configured; with --db also as it remembers, in one state for all files."""
    boxes = settings.policy.mailboxes
    mailbox = asked.mailbox or next(iter(boxes))
    if mailbox not in boxes:
        raise typer.BadParameter(f"there is no mailbox {mailbox!r}; there is {', '.join(boxes)}")
    at = _time(asked.at, settings.policy.timezone)
    if not asked.database:
        rules = setting.rules(settings)
        return Scene(rules, build.explain_ring(), NoLooks(), mailbox, at, asked.all_rules)
    desk = stack.enter_context(setting.desk(settings))
    view = stack.enter_context(desk.database.view())
    return Scene(desk.rules, desk.ring, StoredLooks(view), mailbox, at, asked.all_rules)


def _time(given: str | None, zone: str) -> datetime:
    if given is None:
        return SystemClock().now()
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no time; write it as 2026-12-24 17:30") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


# --- files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _File:
    """One argument with its bytes, or why they cannot be had."""

    name: str
    raw: bytes = b""
    trouble: str = ""


def _explained(names: Sequence[str], reader: Reader, scene: Scene) -> Iterator[Json]:
    """One answer a file, in order."""
    for portion in _portions(names):
        results = reader.read([file.raw for file in portion if not file.trouble])
        for file in portion:
            if file.trouble:
                page.complain(f"maildesk: {file.trouble}")
                yield {"file": file.name, "error": file.trouble}
            else:
                yield {"file": file.name, **_explain(file.raw, next(results), scene)}


def _explain(raw: bytes, result: Reading | Unreadable | Overrun, scene: Scene) -> Json:
    """As the daemon would: a mail that breaks the handling ends in quarantine, and the others do not suffer."""
    try:
        return explain(raw, result, scene)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is shown whole, and the next mail is explained
        traceback.print_exc(file=sys.stderr)
        return {
            "error": f"{type(error).__name__} while it was handled",
            "outcome": {"action": "quarantine"},
        }


def _portions(names: Sequence[str]) -> Iterator[list[_File]]:
    portion: list[_File] = []
    weight = 0
    for name in names:
        file = _opened(name)
        if portion and (len(portion) >= PORTION or weight + len(file.raw) > PORTION_BYTES):
            yield portion
            portion, weight = [], 0
        portion.append(file)
        weight += len(file.raw)
    if portion:
        yield portion


def _opened(name: str) -> _File:
    """One byte more than a mail may have is enough to see that it is too large."""
    try:
        if name == "-":
            return _File(name, sys.stdin.buffer.read(MAX_BYTES + 1))
        with Path(name).open("rb") as stream:
            return _File(name, stream.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:
        return _File(name, trouble=f"{line(name)} cannot be read: {getattr(error, 'strerror', None) or error}")


# --- a page for humans -----------------------------------------------------------------------------------------------


def _show(answer: Json, zone: str, *, first: bool) -> None:
    if not first:
        page.say()
    page.heading(answer["file"])
    if "error" in answer:
        outcome = answer.get("outcome", {}).get("action", "")
        page.facts([("error", answer["error"]), ("outcome", outcome)])
        return
    page.facts(_pairs(answer, zone))


def _pairs(answer: Json, zone: str) -> Iterator[tuple[str, object]]:
    """What the page says, in the order in which the desk finds it out."""
    message, trust, thread = answer["message"], answer["trust"], answer["thread"]
    date = datetime.fromisoformat(message["date"]) if message["date"] else None
    yield "from", _person(message["from"])
    yield "to", ", ".join(map(_person, [*message["to"], *message["cc"]]))
    yield "subject", line(message["subject"])
    yield "date", page.when(date, zone)
    yield (
        "files",
        ", ".join(f"{file['name'] or file['type']} ({file['size']} bytes)" for file in message["attachments"]),
    )
    yield "new text", _beginning(answer["reply_text"])
    yield "kind", f"{answer['kind']}: {answer['kind_reason']}"
    yield "bounce", "\n".join(map(_failure, (answer["bounce"] or {}).get("recipients", ())))
    yield "trust", "\n".join([trust["level"], *trust["evidence"]])
    yield "thread", f"{thread['incident']}, found by {thread['method']}" if thread else "none known"
    yield "commands", "\n".join(map(_command, answer["commands"]))
    yield "rules", "\n".join(map(_rule, answer["rules"]))
    yield "outcome", _outcome(answer["outcome"])
    yield "letters", "\n".join(f"{one['template']} to {one['to']}: {line(one['subject'])}" for one in answer["letters"])


def _person(address: Json | None) -> str:
    if address is None:
        return "nobody"
    return line(f"{address['name']} <{address['address']}>" if address["name"] else address["address"])


def _beginning(text: str) -> str:
    """The first lines; who wants all of it has the mail."""
    rows = text.strip().splitlines()
    return "\n".join([*rows[:6], *(["..."] if len(rows) > 6 else [])])


def _failure(one: Json) -> str:
    return line(f"{one['action']} {one['address']} {one['status']} {one['diagnostic']}")


def _command(one: Json) -> str:
    asked = f"#{one['verb'].removeprefix('#')} {one['value']}".strip()
    return line(f"{asked}: {'would run' if one['ok'] else 'would not run'}{', ' if one['why'] else ''}{one['why']}")


def _rule(one: Json) -> str:
    return line(f"{'' if one['matched'] else 'not '}{one['name']}: {'; '.join(one['why'])}")


def _outcome(outcome: Json) -> str:
    words = [outcome["action"], *([outcome["incident"]] if outcome["incident"] else []), f"({outcome['reason']})"]
    names = ("type", "category", "group", "assignee", "impact", "urgency", "priority")
    said = [f"{name} {outcome[name]}" for name in names if outcome[name]]
    said += [f"tags {', '.join(outcome['tags'])}"] if outcome["tags"] else []
    return line(" ".join(words)) + ("\n" + line(", ".join(said)) if said else "")
