"""How many mails a second are understood, beside mail-parser alone on the same mails.

    python tests/bench/reading.py FOLDER...        mails anywhere below, each file one mail

Each mail is read by both, one after the other, and all of them five times; what counts is processor time, and the
median of each. So whatever else the machine does slows both down alike, and the ratio holds. What is measured is all
that the reader process does: reading, trimming, telling apart, bounces, forwards, language, and the keys by which a
mail finds its incident. The last line is one JSON object: mails, mail_parser and maildesk (mails a second of processor
time), ratio, and the share of each step in maildesk's time.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import mailparser

from maildesk.mail.bounce import bounce
from maildesk.mail.message import Mail, Reading
from maildesk.mail.read import read
from maildesk.mail.reading import understand
from maildesk.mail.screen import screen
from maildesk.mail.text import language
from maildesk.mail.thread import thread_keys
from maildesk.mail.trim import forwarded, trim

ROUNDS = 5
ENDINGS = frozenset({".eml", ".box", ".msg", ".txt", ".mbox", ".mail", ""})
OWN = frozenset({"support@acme.example"})
STEPS: dict[str, Callable[[Mail], object]] = {
    "trim": lambda mail: trim(mail.text, mail.html),
    "screen": screen,
    "bounce": bounce,
    "forwarded": forwarded,
    "language": lambda mail: language(mail.text),
    "thread": lambda mail: thread_keys(mail, OWN, ("INC",)),
}


def mails(folders: Iterable[Path]) -> list[bytes]:
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.read_bytes() for path in files if path.suffix.lower() in ENDINGS and not path.name.isupper()]


def _understood(raw: bytes) -> None:
    found = understand(raw)
    if isinstance(found, Reading):
        thread_keys(found.mail, OWN, ("INC",))


def _parsed(raw: bytes) -> None:
    with suppress(Exception):  # it raises on some mails; that, too, takes its time
        mailparser.parse_from_bytes(raw)


def _seconds(tasks: dict[str, Callable[[Any], object]], values: Sequence[Any]) -> dict[str, float]:
    """The processor time of each task, which take turns value by value."""
    spent = dict.fromkeys(tasks, 0)
    for value in values:
        for name, task in tasks.items():
            start = time.process_time_ns()
            task(value)
            spent[name] += time.process_time_ns() - start
    return {name: nanoseconds / 1e9 for name, nanoseconds in spent.items()}


def measured(raws: Sequence[bytes], rounds: int = ROUNDS) -> dict[str, Any]:
    """Medians, mails a second, ratio, and where the time goes."""
    tasks = {"mail_parser": _parsed, "maildesk": _understood}
    times = [_seconds(tasks, raws) for _ in range(rounds)]
    medians = {name: median(one[name] for one in times) for name in tasks}
    read_mails = [mail for mail in map(read, raws) if isinstance(mail, Mail)]
    steps = _seconds({"read": read}, raws) | _seconds(STEPS, read_mails)
    return {
        "mails": len(raws),
        **{name: round(len(raws) / seconds) for name, seconds in medians.items()},
        "ratio": round(medians["mail_parser"] / medians["maildesk"], 2),
        "steps": {name: round(seconds / sum(steps.values()), 2) for name, seconds in steps.items()},
    }


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER...")
    logging.disable(logging.CRITICAL)
    print(json.dumps(measured(mails(map(Path, sys.argv[1:])))))
