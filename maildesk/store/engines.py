"""Connections to the two databases, each set up so that what is committed stays, and errors told in our own words."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from maildesk.errors import ConfigError, Conflict, MaildeskError, Transient

# auto_vacuum comes first: it can only be chosen before the first page is written, and WAL writes it.
_SQLITE_WRITE = """
PRAGMA auto_vacuum=INCREMENTAL;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA foreign_keys=ON;
PRAGMA journal_size_limit=16777216;
"""
_SQLITE_READ = "PRAGMA query_only=ON;"
_SQLITE_MUST = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

# A node that hangs inside a transaction must not hold up the others for ever. A commit must be on the disk when it
# returns, whatever the server's default; a stronger setting of the server (remote_apply) stays.
_POSTGRESQL = """
SET TIME ZONE 'UTC';
SET lock_timeout = '30s';
SET idle_in_transaction_session_timeout = '60s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""

_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_UNIQUE_VIOLATION = "23505"
# What waiting does not mend, though the driver calls it operational: a wrong statement, a write where one only reads.
_OURS_TO_MEND = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY}


def sqlite_engine(path: Path, *, write: bool) -> sa.Engine:
    """The one writing connection to a database file, or up to four reading ones that refuse to write."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        pool_size=1 if write else 4,
        max_overflow=0,
        hide_parameters=True,  # they are people's mails
        connect_args={"timeout": 30},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # no BEGIN but our own
        connection.executescript(_SQLITE_WRITE if write else _SQLITE_READ)
        if write:
            _verify(connection, path)

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that reads first and then writes fails at once when another has written in between,
        # unless it was a writing one from its first statement.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _verify(connection: sqlite3.Connection, path: Path) -> None:
    for pragma, wanted in _SQLITE_MUST.items():
        found = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if found != wanted:
            raise ConfigError(
                [f"{path}: SQLite says {pragma}={found} where {wanted} is needed; put the database on a local disk"]
            )


def postgresql_engine(url: sa.URL) -> sa.Engine:
    """A pool of connections to a PostgreSQL database."""
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=4,
        max_overflow=4,
        pool_pre_ping=True,
        hide_parameters=True,  # they are people's mails
        connect_args={"connect_timeout": 10, "application_name": f"maildesk {node()} {os.getpid()}"},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            try:
                cursor.execute(_POSTGRESQL)
            except engine.dialect.loaded_dbapi.Error as error:
                raise Transient(f"{url.render_as_string(hide_password=True)}: {error}") from error
        connection.autocommit = False

    return engine


def node() -> str:
    """The name of this machine, as others know it."""
    return socket.gethostname()


@contextmanager
def in_our_words(database: str) -> Iterator[None]:
    """Turn the errors of drivers into those of maildesk; SQLAlchemy's never leave the store."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise Transient(f"{database}: all connections are busy") from error
    except sa.exc.DBAPIError as error:
        raise _told(error)(f"{database}: {error.orig}") from error
    except sa.exc.StatementError as error:  # a value that the column refuses
        raise (error.orig or error) from None
    except sqlite3.Error as error:  # what the driver was asked directly
        kind = Transient if isinstance(error, sqlite3.OperationalError) else MaildeskError
        raise kind(f"{database}: {error}") from error


def _told(error: sa.exc.DBAPIError) -> type[MaildeskError]:
    code = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    if isinstance(error, sa.exc.IntegrityError):
        # The same key was written by somebody else in the same moment; he who reads again sees it.
        return Conflict if code in _UNIQUE or code == _UNIQUE_VIOLATION else MaildeskError
    away = isinstance(error, sa.exc.OperationalError) and code not in _OURS_TO_MEND
    return Transient if away or error.connection_invalidated else MaildeskError
