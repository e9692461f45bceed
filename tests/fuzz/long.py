"""Damaged mails by the ten thousand: whatever breaks a promise of reading is saved and told.

    python tests/fuzz/long.py --minutes 10 --corpus DIR [--seed 7] [--save DIR]

The corpus is any folder of mails, taken with its folders; without one, tests/mails. An input is told by the seed and
its number; the bytes are saved all the same. Exit code 1 if anything was found.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from random import Random
from types import FrameType

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from mutations import LARGEST, mutated
from promises import broken

HANGS = 30  # seconds after which nobody waits any longer
EACH = 3  # inputs saved of one sort of trouble


class Hang(BaseException):
    """The alarm rang; no `except Exception` of a parser may take it for its own."""


def load(folder: Path) -> list[bytes]:
    """The mails below a folder that are small enough to be damaged quickly, in the order of their paths."""
    files = (
        path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in {".jsonl", ".md", ".py"}
    )
    return [raw for path in files if 0 < len(raw := path.read_bytes()) <= LARGEST]


def judged(raw: bytes) -> str:
    """`broken`, with an alarm for what never comes back."""
    signal.alarm(HANGS)
    try:
        return broken(raw)
    except Hang:
        return f"hangs for {HANGS} s"
    finally:
        signal.alarm(0)


def search(mails: list[bytes], seed: int, minutes: float, save: Path) -> tuple[int, Counter[str]]:
    """Try inputs until the time is over: how many, and how often each trouble."""
    found: Counter[str] = Counter()
    ends, number = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < ends:
        raw = mutated(mails, Random(f"{seed} {number}"))
        if trouble := judged(raw):
            sort = " ".join(trouble.split()[:8])
            found[sort] += 1
            if found[sort] <= EACH:
                path = save / f"{sha256(raw).hexdigest()[:16]}.eml"
                path.write_bytes(raw)
                print(f"seed {seed} number {number}: {trouble[:300]}\n  {path}", flush=True)
        number += 1
    return number, found


def _rang(_signal: int, _frame: FrameType | None) -> None:
    raise Hang


def main() -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--corpus", type=Path, default=Path(__file__).parent.parent / "mails")
    asked.add_argument("--seed", type=int, default=int(time.time()))
    asked.add_argument("--save", type=Path, default=None)
    options = asked.parse_args()
    save = options.save or Path(tempfile.mkdtemp(prefix="fuzz-"))
    save.mkdir(parents=True, exist_ok=True)
    mails = load(options.corpus)
    if not mails:
        asked.error(f"no mails in {options.corpus}")
    signal.signal(signal.SIGALRM, _rang)
    print(f"seed {options.seed}: {len(mails)} mails from {options.corpus}, {options.minutes:g} minutes", flush=True)
    number, found = search(mails, options.seed, options.minutes, save)
    for trouble, times in found.most_common():
        print(f"{times:6} x {trouble}")
    print(f"{number} damaged mails, {found.total()} broke a promise")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
