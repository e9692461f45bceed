"""The database and the unit of work: one transaction, all or nothing, and the only way to write.

`unit()` takes a mutex of this process, then (SQLite) a lock file that all processes share, then the transaction, which
is a writing one from its first statement. The lock file makes processes wait their turn in the kernel's queue; SQLite
by itself lets them try again and again, so that the command line starves while the daemon works, and lets checkpoints
overlap. `view()` reads one consistent state and never waits.

Lines of SQL live in the modules of the tables they touch, built once when these are imported.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa

from maildesk.errors import ConfigError, SchemaError, Transient
from maildesk.store import schema
from maildesk.store.blobs import Blobs
from maildesk.store.engines import in_our_words, postgresql_engine, sqlite_engine
from maildesk.store.hold import (
    Hold,
    file_holder,
    file_lock,
    hold_file,
    hold_session,
    lock_key,
    open_private,
    session_holder,
)
from maildesk.store.inbox import Inbox
from maildesk.store.incidents import Incidents
from maildesk.store.meta import Meta
from maildesk.store.outbox import Outbox
from maildesk.store.people import People
from maildesk.store.timers import Timers
from maildesk.store.views import Views


class Unit:
    """One transaction and everything that can be done in it."""

    def __init__(self, connection: sa.Connection) -> None:
        self.blobs = Blobs(connection)
        self.inbox = Inbox(connection)
        self.incidents = Incidents(connection)
        self.timers = Timers(connection)
        self.outbox = Outbox(connection)
        self.people = People(connection)
        self.meta = Meta(connection)
        self.views = Views(connection)


class Database:
    """A database that was opened; nothing is connected to before the first unit or view.

    `shown` is what it is called in messages, without a password. `path` is the file of an SQLite database.
    """

    def __init__(self, shown: str, write: sa.Engine, read: sa.Engine, path: Path | None) -> None:
        self.shown = shown
        self.path = path
        self._write = write
        self._read = read
        self._mutex = threading.Lock()
        self._owner: int | None = None

    @classmethod
    def open(cls, url: str, *, state: Path | None = None) -> Database:
        """The database at `sqlite:///path` (relative to `state`) or `postgresql://...`. Raises ConfigError."""
        try:
            parsed = sa.make_url(url)
        except sa.exc.ArgumentError:
            raise ConfigError(["database: no URL; sqlite:///maildesk.db or postgresql://user@host/name"]) from None
        if parsed.drivername == "sqlite" and parsed.database not in {None, "", ":memory:"}:
            path = (state or Path()) / str(parsed.database)
            return cls(str(path), sqlite_engine(path, write=True), sqlite_engine(path, write=False), path)
        if parsed.drivername in {"postgresql", "postgresql+psycopg", "postgres"}:
            engine = _postgresql(parsed)
            reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            return cls(parsed.render_as_string(hide_password=True), engine, reader, None)
        raise ConfigError([f"database: {parsed.drivername}: cannot be used; a file (sqlite:///) or postgresql:// can"])

    @contextmanager
    def unit(self, hold: Hold | None = None) -> Iterator[Unit]:
        """A transaction that writes; it commits at the end of the block and is undone when an exception leaves it.

        With `hold` it runs on the very connection that has the lock. Raises Transient where the database is away,
        Conflict where somebody else has written the same key, SchemaError where there is no database.
        """
        self._must_exist()
        with self._alone(), in_our_words(self.shown), self._transaction(hold) as connection:
            yield Unit(connection)

    @contextmanager
    def view(self) -> Iterator[Unit]:
        """A transaction that reads one consistent state; a write in it fails. Raises as `unit` does."""
        self._must_exist()
        with in_our_words(self.shown), self._read.begin() as connection:
            yield Unit(connection)

    def prepare(self, *, backup: bool = True) -> Path | None:
        """Make the tables, or upgrade them; return the copy made of an SQLite database before an upgrade.

        Raises SchemaError where a newer maildesk has written the database.
        """
        self._create_file()
        with self._alone(), in_our_words(self.shown):
            with self._write.begin() as connection:
                found = schema.revision(connection)
            schema.refuse_newer(found, self.shown)
            if found == schema.HEAD:
                return None
            copy = self._copy(found) if backup and found is not None and self.path is not None else None
            self._upgrade()
            return copy

    def check_schema(self) -> None:
        """Raise SchemaError unless the tables are those this program was written for."""
        self._must_exist()
        with in_our_words(self.shown), self._read.begin() as connection:
            found = schema.revision(connection)
        schema.check(found, self.shown)

    @contextmanager
    def hold(self, name: str) -> Iterator[Hold]:
        """Be the only one to do the job `name` while the block runs. Raises Transient naming who does it."""
        with ExitStack() as stack:
            with in_our_words(self.shown):
                hold = stack.enter_context(self._holding(name))
            try:
                yield hold
            finally:
                with self._mutex:  # a unit may be running on the connection that is given up
                    stack.close()

    def holder(self, name: str) -> str | None:
        """Who does the job `name`, on whatever machine; None if nobody does."""
        if self.path is not None:
            return file_holder(self._hold_file(name))
        with in_our_words(self.shown):
            return session_holder(self._read, name)

    def close(self) -> None:
        """Close every connection; the last process to do so empties an SQLite write-ahead log."""
        self._read.dispose()
        self._write.dispose()

    def _must_exist(self) -> None:
        if self.path is not None and not self.path.exists():
            raise SchemaError(f"there is no database at {self.path}; `maildesk run` or `maildesk db upgrade` makes it")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._owner == threading.get_ident():
            raise RuntimeError("a unit of work inside another one would wait for itself")
        with self._mutex:
            self._owner = threading.get_ident()
            try:
                with self._turn():
                    yield
            finally:
                self._owner = None

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self.path is None else file_lock(self.path.with_name(f"{self.path.name}.lock"))

    @contextmanager
    def _transaction(self, hold: Hold | None) -> Iterator[sa.Connection]:
        if hold is None or hold.connection is None:
            with self._write.begin() as connection:
                yield connection
        else:
            hold.check()
            with hold.connection.begin():
                yield hold.connection

    def _holding(self, name: str) -> AbstractContextManager[Hold]:
        if self.path is None:
            return hold_session(self._write, name)
        return hold_file(self._hold_file(name), name)

    def _hold_file(self, name: str) -> Path:
        assert self.path is not None
        return self.path.with_name(f"{self.path.name}.{name}.lock")

    def _create_file(self) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Transient(f"cannot make {self.path.parent}: {error.strerror}") from error
        os.close(open_private(self.path))

    def _copy(self, found: str) -> Path:
        """Copy the whole database as it is now; a copy of the same name that is older stays."""
        assert self.path is not None
        number = 0
        while (target := self.path.with_name(f"{self.path.name}.{found}-{number}.bak")).exists():
            number += 1
        os.close(open_private(target))
        with self._driver() as driver:
            driver.execute("VACUUM INTO ?", (str(target),))
        return target

    def _upgrade(self) -> None:
        if self.path is None:
            with self._write.begin() as connection:
                # Several nodes may start at once; one of them upgrades, and the others find it done.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key("schema")})
                schema.upgrade(connection)
            return
        # SQLite changes most things by building a table anew, and a table that others refer to cannot be dropped
        # while foreign keys are kept; so they are checked at the end instead.
        with self._driver() as driver:
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with self._write.begin() as connection:
                schema.upgrade(connection)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                    raise SchemaError(
                        f"{self.shown}: the upgrade would leave rows that refer to nothing; it was undone"
                    )
        finally:
            with self._driver() as driver:
                driver.execute("PRAGMA foreign_keys=ON")

    @contextmanager
    def _driver(self) -> Iterator[sqlite3.Connection]:
        """SQLite's own connection, outside of any transaction."""
        pooled = self._write.raw_connection()
        try:
            assert isinstance(pooled.driver_connection, sqlite3.Connection)
            yield pooled.driver_connection
        finally:
            pooled.close()


def _postgresql(url: sa.URL) -> sa.Engine:
    try:
        return postgresql_engine(url)
    except ModuleNotFoundError as error:
        raise ConfigError(["database: PostgreSQL needs a driver; pip install 'maildesk[postgres]'"]) from error
