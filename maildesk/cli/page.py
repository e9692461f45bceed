"""What is printed: tables and colours on a terminal, whole plain lines in a pipe, no control character of a mail.

A subject, a name or a server's words may hold escape sequences that would steer the terminal of whoever reads them, so
every text passes `line` or `lines` here. JSON escapes them by itself.
"""

# ruff: noqa: T201, PLC0415 -- this is where the command line prints, and rich is needed on a terminal only

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

# Line breaks of Unicode, C0 and C1 controls, marks that turn the direction of text, halves of characters.
_BLANK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]|\ufeff|[\U000e0000-\U000e007f]"
)
# How a word is coloured on a terminal, wherever it stands alone in a cell.
STYLES = {
    "P1": "bold red",
    "P2": "red",
    "new": "bold",
    "in progress": "green",
    "pending": "yellow",
    "resolved": "cyan",
    "closed": "dim",
    "cancelled": "dim",
    "quarantined": "bold red",
    "failed": "bold red",
    "ambiguous": "yellow",
    "deferred": "yellow",
    "held": "yellow",
    "sent": "green",
    "dropped": "dim",
    "fine": "bold green",
    "attention": "bold yellow",
    "not working": "bold red",
}


def line(text: object) -> str:
    """A text as one line, safe on any terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _BLANK.sub(" ", str(text)))


def lines(text: str) -> str:
    """A text of several lines, safe on any terminal."""
    return "\n".join(line(one.replace("\t", "    ")) for one in re.split(r"\r\n|[\n\r\v\f\x85\u2028\u2029]", text))


def on_terminal() -> bool:
    return sys.stdout.isatty()


def say(text: str = "", style: str = "") -> None:
    """Print lines."""
    safe = lines(text)
    if not (style and on_terminal()):
        print(safe)
        return
    from rich.text import Text

    _console().print(Text(safe, style=style), soft_wrap=True)


def complain(text: str) -> None:
    """Print lines where errors go."""
    print(lines(text), file=sys.stderr)


def heading(text: str) -> None:
    say(text, "bold")


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below their titles; nothing is cut, and in a pipe nothing is broken into lines."""
    cells = [[line("" if cell is None else cell) for cell in row] for row in rows]
    if on_terminal():
        _rich_table(titles, cells)
        return
    for row in aligned([[title.upper() for title in titles], *cells]):
        print(row)


def aligned(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Rows of cells as lines whose columns stand below one another; the last column is as long as it is."""
    widths = [max((len(cell) for cell in column), default=0) for column in zip(*rows, strict=True)]
    return ["".join(cell.ljust(width + gap) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and what they are; those without a value are left out."""
    given = [(name, lines(str(value))) for name, value in pairs if value is not None and value != ""]
    width = max((len(name) for name, _ in given), default=0)
    for name, value in given:
        first, *more = value.split("\n")
        say("\n".join([f"{name.ljust(width)}  {first}", *(" " * (width + 2) + one for one in more)]))


def document(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(plain(value), indent=2))


def plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses as objects, times as RFC 3339 in UTC, sets sorted."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, Enum):
        return value.value
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def when(at: datetime | None, zone: str) -> str:
    """A time for a human of the desk's time zone."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if at else ""


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that says enough."""
    if at is None:
        return "never"
    return f"{span(now - at)} ago"


def span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


# Columns whose cells are sentences; the others are kept in one piece while there is room.
_SENTENCES = frozenset({"Title", "Subject", "Reply", "Reason"})
_STATES = frozenset({"Prio", "Status", "State"})


def _rich_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console = _console()
    widths = [max(map(len, column)) + 3 for column in zip(titles, *rows, strict=True)]
    needed = sum(15 if title in _SENTENCES else width for title, width in zip(titles, widths, strict=True))
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        shown.add_column(title, overflow="fold", no_wrap=title not in _SENTENCES and needed <= console.width)
    for row in rows:
        styled = [STYLES.get(cell, "") if title in _STATES else "" for title, cell in zip(titles, row, strict=True)]
        shown.add_row(*(Text(cell, style=style) for cell, style in zip(row, styled, strict=True)))
    console.print(shown)
