"""The servers that tests stand on. A missing one fails, and says how it is installed; nothing is ever skipped."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# What a server needs is imported where it starts: every worker reads this file, and most start none.
if TYPE_CHECKING:
    from servers.dovecot import Dovecot, Mailbox
    from servers.postfix import Postfix
    from servers.postgres import Postgres
    from servers.smtpd import Sink

    from maildesk.daemon.reader import Reader

# The tests keep a hundred thousand objects; to look through them again and again took a tenth of the time.
gc.set_threshold(100_000, 50, 1000)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session")
def shared_reader() -> Iterator[Reader]:
    """A reader process for whoever only needs one; a mail that kills it costs the next one a start, no more."""
    from maildesk.daemon.reader import Reader

    with Reader() as reader:
        yield reader


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """IMAP, IMAPS and LMTP. Ask it for a `user()`; tests that share the server do not share mailboxes."""
    from servers.dovecot import running_dovecot

    with running_dovecot() as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A new user of Dovecot, with an empty INBOX."""
    return dovecot.user().create()


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """MX, submission and SMTPS in front of Dovecot; its users log in here with the same passwords."""
    from servers.postfix import running_postfix

    with running_postfix(dovecot) as server:
        yield server


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A scriptable SMTP server without TLS and login; new for each test."""
    from servers.smtpd import Sink

    with Sink() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    from servers.postgres import running_postgres

    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_prepared(postgres: Postgres) -> str:
    """The URL of a database with all tables."""
    from maildesk.store.unit import Database

    url = postgres.database()
    database = Database.open(url)
    database.prepare()
    database.close()
    return url


@pytest.fixture
def postgres_url(postgres_prepared: str) -> Iterator[str]:
    """A database as if it were new; emptying takes a tenth of the time of making one."""
    import psycopg

    from maildesk.store.tables import metadata

    yield postgres_prepared
    with psycopg.connect(postgres_prepared) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers and foreign keys meanwhile
        connection.execute("DELETE FROM search")
        for table in metadata.tables.values():
            connection.execute(f'DELETE FROM "{table.name}"')
            if table.dialect_kwargs["sqlite_autoincrement"]:
                connection.execute(f"ALTER TABLE {table.name} ALTER id RESTART")


# By folder and file, so that a new test of them is marked without anybody thinking of it.
KINDS = {
    "cli/": pytest.mark.program,
    "demo/": pytest.mark.program,
    "fuzz/": pytest.mark.hostile,
    "mail/test_limits.py": pytest.mark.hostile,
    "daemon/test_dispatch.py": pytest.mark.servers,
    "daemon/test_handle.py": pytest.mark.program,
    "daemon/test_reader.py": pytest.mark.program,
    "scenes/": pytest.mark.program,
    "store/": pytest.mark.program,
    "systemd/": pytest.mark.program,
    "wire/test_smtp.py": pytest.mark.servers,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for path, tests in groupby(items, lambda item: item.path):
        place = path.relative_to(here).as_posix()
        marks = [mark for beginning, mark in KINDS.items() if place.startswith(beginning)]
        for test in tests if marks else ():
            for mark in marks:
                test.add_marker(mark)
