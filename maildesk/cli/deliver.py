"""deliver: one mail from a mail server's pipe into the inbox. It ends with 0 when the mail is safe (see guard.py)."""

from __future__ import annotations

import sys
from pathlib import Path

from maildesk.cli import setting
from maildesk.clock import SystemClock
from maildesk.errors import UsageError

MOST = 100 * 1024 * 1024  # bytes; what is too large to be read is quarantined with its bytes, and so must fit here


def run(config: Path | None, mailbox: str | None) -> int:
    """Take the mail on stdin for `mailbox` (default: the first).

    No database is made here: a mail server that runs this as another user, or without STATE_DIRECTORY, would fill
    one that nobody ever looks into.
    """
    raw = _stdin()
    settings = setting.read(config)
    boxes = settings.policy.mailboxes
    name = mailbox or next(iter(boxes))
    if name not in boxes:
        raise UsageError(f"there is no mailbox {name!r}; there is {', '.join(boxes)}")
    with setting.database(settings) as database:
        from maildesk.daemon.pipe import deliver  # noqa: PLC0415 -- a mail that cannot be taken needs no database

        deliver(database, SystemClock(), raw, name)
    return 0


def _stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("a mail is expected on standard input; the mail server pipes it in")
    raw = sys.stdin.buffer.read(MOST + 1)
    if len(raw) > MOST:
        raise UsageError(f"the mail is larger than {MOST // 1024**2} MB")
    return raw
