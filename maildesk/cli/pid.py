"""The daemon's number, for `maildesk reload`: a file that the daemon keeps locked for as long as it lives.

The lock says that the number is still that of a daemon. Numbers are given out again, and a signal to the process that
has it now might end a stranger.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maildesk.errors import Transient


@contextmanager
def announced(path: Path) -> Iterator[None]:
    """Hold the file with our number while the block runs. Raises Transient if another daemon does."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Transient(f"cannot write {path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Transient(f"maildesk runs already, as process {_number(handle)} ({path})") from None
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
        os.truncate(handle, 0)
    finally:
        os.close(handle)


def running(path: Path) -> int | None:
    """The number of the daemon that holds the file, or None."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _number(handle)
    finally:
        os.close(handle)
    return None


def _number(handle: int) -> int | None:
    text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else None
