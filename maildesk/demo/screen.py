"""What the demo shows: steps, mails as they go by, a queue and a timeline; colours only on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from maildesk.demo.company import DESK, TECHNICIANS
from maildesk.desk.incident import Incident
from maildesk.mail.message import Unreadable
from maildesk.mail.read import read
from maildesk.mail.text import clean_line, clean_text
from maildesk.mail.trim import trim
from maildesk.store.incidents import TimelineEntry
from maildesk.store.views import QueueRow

WIDTH = 80


class Way(StrEnum):
    """Where a mail goes, and the colour that says so."""

    TO_DESK = "cyan"
    TO_REQUESTER = "green"
    TO_TECHNICIAN = "yellow"
    AUTOMATIC = "dim"


def way_to(email: str) -> Way:
    """The way of a mail to this address."""
    if email == DESK:
        return Way.TO_DESK
    return Way.TO_TECHNICIAN if email.endswith(f"@{TECHNICIANS}") else Way.TO_REQUESTER


# What stands in every letter, and in a technician's to be looked up: how such a paragraph begins, and how many belong
# together. The demo shows it once.
REPEATED = {
    r"You do not have to do anything now\.": 1,
    r"Kind regards": 1,
    r"Your reply goes to ": 1,
    r"INC-\d+  ": 1,
    r"To take it, write": 1,
    r"Requester  ": 1,
    r"Why it came here:": 2,
    r"What happened before:": 2,
    r"After \[INC-\d+\] in the subject": 1,
}


def _console() -> Console:
    """80 columns, so that it looks the same in a pipe and in every window; narrower if the window is."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


@dataclass(frozen=True, slots=True)
class Screen:
    """Prints. Every text passes `clean_line` or `clean_text`, for a mail may hold what a terminal obeys."""

    console: Console = field(default_factory=_console)

    def say(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """A text, broken into lines that fit and set in by `indent` columns."""
        for line in Text(clean_text(text), style=style).wrap(self.console, max(10, self.console.width - indent)):
            line.rstrip()
            self.console.print(Text(" " * indent).append_text(line) if line else "")

    def lines(self, text: str) -> None:
        """Lines as they are, to be copied: a path that is longer than the window is not cut in two."""
        self.console.print(Text(clean_text(text)), soft_wrap=True)

    def failure(self, *texts: str) -> None:
        self.console.print()
        for text in texts:
            self.console.print(Text(clean_text(text), style="bold red"), soft_wrap=True)

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Rule(Text(text, style="bold"), characters="-", style="dim", align="left"))

    def step(self, number: int, of: int, sentence: str) -> None:
        self.heading(f"{number} of {of}")
        self.say(sentence, "bold")

    def remark(self, text: str) -> None:
        self.console.print()
        self.say(f"* {text}", "italic", 2)

    def mail(self, way: Way, sender: str, to: Sequence[str], subject: str, text: str) -> None:
        """One mail: from, to, subject, and its text set in."""
        each = f"{', '.join(to)} (a letter each)" if len(to) > 1 else "".join(to)
        self.console.print()
        self.say(clean_line(f"{sender} -> {each}"), way.value, 2)
        self.say(clean_line(subject), "bold", 2)
        self.say(text, way.value if way is Way.AUTOMATIC else "", 6)

    def delivered(self, to: str, raw: bytes) -> None:
        """A mail that the post office has just put into a mailbox."""
        mail = read(raw)
        if isinstance(mail, Unreadable):
            self.remark(f"a mail to {to} that nobody can read: {mail.reason}")
            return
        sender = mail.from_shown.email if mail.from_shown else "nobody"
        text = trim(mail.text).new if to == DESK else shortened(mail.text)
        self.mail(way_to(to), sender, [to], mail.subject, text)

    def accounts(self, passwords: Mapping[str, str]) -> None:
        self.table(("user", "password"), passwords.items())

    def queue(self, rows: Iterable[QueueRow]) -> None:
        """Open incidents, the most urgent first."""
        self.table(
            ("incident", "prio", "status", "assignee", "group", "title"),
            ((row.tag, row.priority, row.status, row.assignee or "nobody", row.group or "", row.title) for row in rows),
        )

    def timeline(self, incident: Incident, entries: Iterable[TimelineEntry]) -> None:
        """When, who, what, and why."""
        self.say(clean_line(f"{incident.tag}  {incident.title}: {incident.status}, {incident.category}"))
        self.table(("when", "who", "what", "words, and why"), map(_told, entries))

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Columns below their titles; the last one is broken into lines where it is too long."""
        cells = [[title.upper() for title in titles], *([clean_line(cell) for cell in row] for row in rows)]
        *widths, _last = (max(map(len, column)) + 2 for column in zip(*cells, strict=True))
        self.console.print()
        for number, (*first, last) in enumerate(cells):
            head = "".join(cell.ljust(width) for cell, width in zip(first, widths, strict=True))
            wrapped = Text(last).wrap(self.console, max(10, self.console.width - len(head))) or [Text()]
            for line in wrapped:
                line.rstrip()
                self.console.print(Text(head).append_text(line), style="" if number else "dim")
                head = " " * len(head)


def _told(entry: TimelineEntry) -> tuple[str, str, str, str]:
    record = entry.record
    who = record.actor_name or "the desk"
    words = record.text.removeprefix(f"rule {who}: ")
    why = f"({record.why})" if record.why else ""
    return entry.at.strftime("%H:%M:%S"), who, record.entry.value, f"{words} {why}".strip()


def whole(text: str) -> str:
    """A letter with its buttons by their labels alone, for their links are as long as a line."""
    return re.sub(r"(?m): mailto:\S+$", "", text).strip()


def shortened(text: str) -> str:
    """A letter without its signature and what stands in every letter."""
    shown: list[str] = []
    skip = 0
    for paragraph in re.split(r"\n{2,}", re.split(r"(?m)^-- ?$", whole(text))[0].strip()):
        skip = max(skip, next((many for begin, many in REPEATED.items() if re.match(begin, paragraph)), 0))
        if skip:
            skip -= 1
        else:
            shown.append(paragraph)
    return "\n\n".join(shown)
