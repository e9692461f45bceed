"""The two databases, each fresh for every test: SQLite in a file, PostgreSQL in a cluster of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maildesk.store.unit import Database

BOTH = [
    pytest.param("sqlite_url", id="sqlite"),
    pytest.param("postgres_url", id="postgresql", marks=pytest.mark.servers),
]


@pytest.fixture(scope="session")
def sqlite_prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables."""
    path = tmp_path_factory.mktemp("sqlite") / "desk.db"
    database = Database.open(f"sqlite:///{path}")
    database.prepare()
    database.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_prepared: Path) -> Iterator[str]:
    """A database as if it were new, always at the same place."""
    path = sqlite_prepared.with_name("used.db")
    shutil.copy(sqlite_prepared, path)
    yield f"sqlite:///{path}"
    for left in path.parent.glob("used.db*"):
        left.unlink()


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    """Where a database is, ready to be opened (also by several, and by other processes)."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def another(url: str) -> Iterator[Callable[[], Database]]:
    """Open the database once more, as another process would."""
    opened: list[Database] = []

    def open_() -> Database:
        opened.append(Database.open(url))
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


@pytest.fixture(scope="session")
def opened() -> dict[str, Database]:
    """A database object compiles each statement once; kept from test to test it does so once a session."""
    return {}


@pytest.fixture
def database(url: str, opened: dict[str, Database]) -> Iterator[Database]:
    database = opened.setdefault(url, Database.open(url))
    yield database
    database.close()
