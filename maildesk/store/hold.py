"""Holds: the claim of one process to be the only one that does a job, for as long as it lives.

SQLite: an flock on a file beside the database. PostgreSQL: a session-level advisory lock, and the connection that has
it is the one to write with (`Database.unit(hold)`). When the holder dies its connection dies, and the hold with it;
when the connection dies under a living holder his next unit fails instead of writing what another has taken over.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from maildesk.errors import Transient
from maildesk.store.engines import node

_TRY = sa.text("SELECT pg_try_advisory_lock(:key)")
_FREE = sa.text("SELECT pg_advisory_unlock(:key)")
# PostgreSQL shows a 64-bit key as two halves.
_HOLDER = sa.text(
    "SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"  # others have jobs of that name, too
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A job that is ours. `connection` is the one that has the lock (PostgreSQL only)."""

    name: str
    connection: sa.Connection | None = None

    def check(self) -> None:
        """Raise Transient where the connection is lost: somebody else may hold the job by now."""
        if self.connection is not None and (self.connection.closed or self.connection.invalidated):
            raise Transient(f"the connection that held {self.name!r} is lost")


def open_private(path: Path) -> int:
    """Open a file for reading and writing, and make it, readable for us alone, if it is missing."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Transient(f"cannot open {path}: {error.strerror}") from error


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Wait until this process alone has the file."""
    handle = open_private(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def hold_file(path: Path, name: str) -> Iterator[Hold]:
    """Hold a job by a file, or raise Transient naming its holder, who has written his name into it."""
    handle = open_private(path)
    try:
        if not _seized(handle):
            raise Transient(f"{name!r} is held by {_named(handle)}")
        os.truncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {node()}\n".encode(), 0)
        yield Hold(name)
    finally:
        os.close(handle)


def _seized(handle: int) -> bool:
    """Whether the lock is ours now. Who looks whether it is held has it for a moment; a holder has it for good."""
    for pause in (0.05, 0.05, 0.0):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


def _named(handle: int) -> str:
    return os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "another process"


def file_holder(path: Path) -> str | None:
    """Who holds a job by a file, or None; his name stays in the file when he dies, the lock does not."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Transient(f"cannot open {path}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(handle)
    finally:
        os.close(handle)
    return None


@contextmanager
def hold_session(engine: sa.Engine, name: str) -> Iterator[Hold]:
    """Hold a job by an advisory lock of one connection, or raise Transient naming its holder."""
    key = lock_key(name)
    with engine.connect() as connection:
        if not connection.execute(_TRY, {"key": key}).scalar():
            raise Transient(f"{name!r} is held by {_session(connection, key) or 'another process'}")
        connection.commit()
        try:
            yield Hold(name, connection)
        finally:
            # The pool would keep the connection, and with it the lock. A dead connection has freed it already.
            with suppress(sa.exc.DBAPIError, sa.exc.InvalidRequestError):
                connection.rollback()
                connection.execute(_FREE, {"key": key})
            connection.invalidate()


def session_holder(engine: sa.Engine, name: str) -> str | None:
    """Who holds a job by an advisory lock, or None."""
    with engine.connect() as connection:
        return _session(connection, lock_key(name))


def _session(connection: sa.Connection, key: int) -> str | None:
    holder = connection.execute(_HOLDER, {"key": key}).first()
    return f"{holder.application_name} (backend {holder.pid})" if holder else None


def lock_key(name: str) -> int:
    """The number of an advisory lock: 63 bits of the name's hash, so that it is never negative."""
    return int.from_bytes(hashlib.sha256(f"maildesk:{name}".encode()).digest()[:8], "big") >> 1
