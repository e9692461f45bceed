"""The guard around `maildesk deliver`: whatever happens, the mail server hears 0 or 75 and nothing else.

75 is EX_TEMPFAIL (sysexits.h): the mail server keeps the mail and tries again. A broken configuration, a full disk or
a typing mistake in its own set-up must never make mails bounce.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

TEMPFAIL = 75  # sysexits.h: EX_TEMPFAIL


def run_guarded(words: Sequence[str]) -> int:
    """Run a command line that calls `deliver`; returns 0 or 75."""
    try:
        signal.signal(signal.SIGTERM, _terminated)
        from maildesk.cli.app import run_words  # noqa: PLC0415 -- a broken installation is one of the things that may happen

        code = run_words(words)
    except BaseException as error:  # noqa: BLE001 -- a bug, an interrupt, no memory: the mail is not ours yet
        _say(f"maildesk: {type(error).__name__}: {error}")
        code = TEMPFAIL
    if code != 0:
        _say("maildesk: the mail was not taken; the mail server keeps it and tries again")
        _drain()
    flush()
    return 0 if code == 0 else TEMPFAIL


def _terminated(_number: int, _frame: FrameType | None) -> None:
    """A machine that shuts down must not look like a mail that cannot be delivered."""
    raise SystemExit(TEMPFAIL)


def _drain() -> None:
    """Read what is left of the mail: some mail servers take a pipe that closes early for a failure of another kind."""
    with suppress(Exception):
        if sys.stdin is not None and not sys.stdin.isatty():
            while sys.stdin.buffer.read(1024 * 1024):
                pass


def _say(text: str) -> None:
    with suppress(Exception):  # nobody may be listening
        print(text, file=sys.stderr)  # noqa: T201 -- the command line speaks this way


def flush() -> None:
    """Give out what is buffered, or forget it: Python ends with 120 when it cannot do so itself at the end."""
    for name in ("stdout", "stderr"):
        try:
            if stream := getattr(sys, name):
                stream.flush()
        except Exception:  # noqa: BLE001 -- a closed pipe is one of several reasons
            setattr(sys, name, None)
