"""The servers that tests stand on. A missing one fails, and says how it is installed; nothing is ever skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from servers.dovecot import Dovecot, Mailbox, running_dovecot
from servers.postfix import Postfix, running_postfix
from servers.postgres import Postgres, running_postgres
from servers.smtpd import Sink

from maildesk.store.tables import metadata
from maildesk.store.unit import Database


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """IMAP, IMAPS and LMTP. Ask it for a `user()`; tests that share the server do not share mailboxes."""
    with running_dovecot() as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A new user of Dovecot, with an empty INBOX."""
    return dovecot.user().create()


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """MX, submission and SMTPS in front of Dovecot; its users log in here with the same passwords."""
    with running_postfix(dovecot) as server:
        yield server


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A scriptable SMTP server without TLS and login; new for each test."""
    with Sink() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_prepared(postgres: Postgres) -> str:
    """The URL of a database with all tables."""
    url = postgres.database()
    database = Database.open(url)
    database.prepare()
    database.close()
    return url


@pytest.fixture
def postgres_url(postgres_prepared: str) -> Iterator[str]:
    """A database as if it were new; emptying takes a tenth of the time of making one."""
    yield postgres_prepared
    with psycopg.connect(postgres_prepared) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers and foreign keys meanwhile
        for table in metadata.tables.values():
            connection.execute(f'DELETE FROM "{table.name}"')
            if table.dialect_kwargs["sqlite_autoincrement"]:
                connection.execute(f"ALTER TABLE {table.name} ALTER id RESTART")


# By folder and file, so that a new test of them is marked without anybody thinking of it.
KINDS = {
    "cli/": pytest.mark.program,
    "demo/": pytest.mark.program,
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
    for item in items:
        place = item.path.relative_to(here).as_posix()
        for beginning, mark in KINDS.items():
            if place.startswith(beginning):
                item.add_marker(mark)
