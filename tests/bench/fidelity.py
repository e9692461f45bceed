"""How well mails of the wild are read, trimmed and told apart, on a corpus with expectations (wild.py says its form).

    python tests/bench/fidelity.py [--corpus DIR] [--misses FILE] [--alone]

maildesk is asked as an admin would ask it: `maildesk explain --json --defaults FILES...`. Other programs (rivals.py)
stand beside it unless `--alone`. The corpus is no part of the project: `--corpus`, else MAILDESK_CORPUS, else
`../shared/corpus` beside the checkout. The last line is one JSON object with maildesk's figures, each 0 to 1, or null
where the corpus expects nothing; the exit status is 0 whatever they are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from rivals import RIVALS, asked, silence
from wild import FALSE, MEASURES, Answer, Case, Point, bare_html, cases, judged

ROOT = Path(__file__).parent.parent.parent
FILES = 400  # on one command line
SAID = ("read", "from", "subject", "text", "charset", "reply", "bounce", "recipient", "false_bounce")  # the last line
KINDS = {"bounce": "bounce", "auto": "auto_reply", "human": "normal", "list": "normal"}
UNDELIVERED = frozenset({"failed", "delayed"})
ALL = "all"


class Tally:
    """Right and asked, for each collection and measure; and the misses."""

    def __init__(self, measures: Iterable[str] = MEASURES) -> None:
        self.measures = frozenset(measures)
        self.right: dict[str, Counter[str]] = defaultdict(Counter)
        self.asked: dict[str, Counter[str]] = defaultdict(Counter)
        self.misses: list[dict[str, Any]] = []

    def add(self, case: Case, points: Iterable[Point]) -> None:
        for point in points:
            if point.measure not in self.measures:
                continue
            for name in (case.collection, ALL):
                self.asked[name][point.measure] += 1
                self.right[name][point.measure] += point.right
            if point.right == (point.measure in FALSE):
                self.misses.append(_miss(case, point))

    def share(self, measure: str, collection: str = ALL) -> float | None:
        count = self.asked[collection][measure]
        return self.right[collection][measure] / count if count else None

    def cell(self, measure: str, collection: str = ALL) -> str:
        share, count = self.share(measure, collection), self.asked[collection][measure]
        if share is None:
            return "-"
        return f"{100 * share:.1f} % of {count}" if collection == ALL else f"{self.right[collection][measure]}/{count}"


def _miss(case: Case, point: Point) -> dict[str, Any]:
    where = {"measure": point.measure, "collection": case.collection, "file": case.name}
    return {**where, "want": point.want, "got": point.got}


# ---- maildesk


def explained(found: Sequence[Case]) -> Iterator[Answer]:
    """maildesk's answers, in order: from its command line, some hundred files at a time."""
    with tempfile.TemporaryDirectory() as folder:
        for at in range(0, len(found), FILES):
            portion = found[at : at + FILES]
            paths = [_written(Path(folder), number, case) for number, case in enumerate(portion)]
            lines = _told(paths)
            yield from (_answer(path, lines) for path in paths)


def _written(folder: Path, number: int, case: Case) -> Path:
    path = folder / f"{number}.eml"
    path.write_bytes(case.as_mail())
    return path


def _told(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    line = [sys.executable, "-m", "maildesk", "explain", "--json", "--defaults", *map(str, paths)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, check=False)
    if done.returncode not in {0, 1}:
        sys.exit(f"maildesk explain ended with {done.returncode}:\n{done.stderr.decode()[-2000:]}")
    objects = (json.loads(row) for row in done.stdout.splitlines())
    return {one["file"]: one for one in objects}


def _answer(path: Path, lines: dict[str, dict[str, Any]]) -> Answer:
    told = lines.get(str(path), {"error": "no answer"})
    if "error" in told:
        return Answer(error=told["error"])
    message = told["message"]
    sender = message["from"] or {"address": "", "name": ""}
    recipients = (told["bounce"] or {}).get("recipients", [])
    return Answer(
        sender=sender["address"],
        name=sender["name"],
        subject=message["subject"],
        text=message["text"],
        html_text=bare_html(message["html"] or ""),
        reply=told["reply_text"],
        kind=KINDS.get(told["kind"], told["kind"]),
        recipients=frozenset(one["address"].lower() for one in recipients if one["action"] in UNDELIVERED),
    )


# ---- tables


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    rows = [head, *rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(head))]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    print()


def _columns(tally: Tally) -> tuple[str, ...]:
    return tuple(measure for measure in MEASURES if tally.asked[ALL][measure])


def _by_collection(tally: Tally) -> None:
    shown = _columns(tally)
    rows = [name for name in sorted(tally.asked) if name != ALL]
    _table(
        ("collection", *shown),
        [(name, *(tally.cell(measure, name) for measure in shown)) for name in [*rows, ALL]],
    )


def _side_by_side(tallies: dict[str, Tally | None]) -> None:
    shown = _columns(next(tally for tally in tallies.values() if tally))
    missing = [name for name, tally in tallies.items() if not tally]
    tallies = {f"{name} (not installed)" if name in missing else name: tally for name, tally in tallies.items()}
    _table(
        ("program", *shown),
        [(name, *(tally.cell(measure) if tally else "" for measure in shown)) for name, tally in tallies.items()],
    )


def _replies(tallies: dict[str, Tally | None], collections: Iterable[str]) -> None:
    """Trimming by collection: most of these were collected by one of the programs, which then is at home there."""
    own = next(iter(tallies.values()))
    homes = [name for name in collections if own and own.asked[name]["reply"]]
    trimmers = {name: tally for name, tally in tallies.items() if tally and "reply" in tally.measures}
    _table(
        ("reply text exact", *homes),
        [(name, *(tally.cell("reply", home) for home in homes)) for name, tally in trimmers.items()],
    )


# ---- the whole


def measured(found: Sequence[Case], *, alone: bool = False) -> dict[str, Tally | None]:
    """The tallies of maildesk and, unless `alone`, of the others; None for one that is not installed."""
    own = Tally()
    for case, answer in zip(found, explained(found), strict=True):
        own.add(case, judged(case, answer))
    tallies: dict[str, Tally | None] = {"maildesk": own}
    for rival in () if alone else RIVALS:
        module = rival.load()
        tally = tallies[rival.name] = Tally(rival.measures) if module else None
        for case in found if tally else ():
            tally.add(case, judged(case, asked(rival, module, case)))
    return tallies


def _corpus(given: str | None) -> Path:
    corpus = Path(given or os.environ.get("MAILDESK_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not corpus.is_dir():
        sys.exit(f"fidelity: there is no corpus at {corpus}; name one with --corpus DIR")
    return corpus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", help="the folder of collections")
    parser.add_argument("--misses", type=Path, help="write each miss of maildesk here, one JSON object a line")
    parser.add_argument("--alone", action="store_true", help="leave the other programs out")
    asked_for = parser.parse_args()
    silence()
    found = cases(_corpus(asked_for.corpus))
    tallies = measured(found, alone=asked_for.alone)
    own = tallies["maildesk"]
    assert own is not None
    _by_collection(own)
    if not asked_for.alone:
        _side_by_side(tallies)
        _replies(tallies, sorted({case.collection for case in found}))
    if asked_for.misses:
        asked_for.misses.write_text("".join(f"{json.dumps(miss)}\n" for miss in own.misses), encoding="utf-8")
    print(json.dumps({name: _rounded(own.share(name)) for name in SAID}))


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


if __name__ == "__main__":
    main()
