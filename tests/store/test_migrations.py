"""The way from an empty database to the tables of today, and what a database of another version is told."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from store_samples import FULL, NOW, PLAIN, receive

from maildesk.desk.effects import Entry, Record
from maildesk.errors import SchemaError
from maildesk.store import schema, search
from maildesk.store.migrations import REVISIONS
from maildesk.store.tables import metadata
from maildesk.store.unit import Database


@pytest.fixture
def no_file(tmp_path: Path) -> str:
    (tmp_path / "desk.db").touch()
    return f"sqlite:///{tmp_path / 'desk.db'}"


@pytest.fixture
def no_tables(postgres) -> str:
    return postgres.database()


SQLITE = pytest.param("no_file", id="sqlite")
POSTGRESQL = pytest.param("no_tables", id="postgresql", marks=pytest.mark.servers)


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def empty(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database without any table."""
    database = Database.open(request.getfixturevalue(request.param))
    yield database
    database.close()


def compared(name: str | None, kind: str, _parents: object) -> bool:
    """The words that are searched lie in tables whose form each database has for itself."""
    return kind != "table" or not str(name).startswith(search.NAME)


def test_the_steps_lead_to_the_tables_of_today(empty):
    assert empty.prepare() is None
    empty.check_schema()
    with empty.unit() as unit:
        context = MigrationContext.configure(
            unit.meta.connection, opts={"compare_type": True, "include_name": compared}
        )
        assert compare_metadata(context, metadata) == []


def test_preparing_twice_changes_nothing(empty):
    empty.prepare()
    with empty.unit() as unit:
        stored = unit.incidents.insert(PLAIN)
    assert empty.prepare() is None
    with empty.view() as view:
        assert view.incidents.get(stored.id) == stored


@pytest.mark.parametrize("where", [SQLITE, POSTGRESQL])
def test_nodes_that_start_together_make_the_tables_once(request, where):
    url = request.getfixturevalue(where)
    nodes = [Database.open(url) for _ in range(3)]
    threads = [threading.Thread(target=node.prepare) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for node in nodes:
        node.check_schema()
        node.close()


def test_the_list_of_revisions_is_that_of_the_files():
    scripts = ScriptDirectory(str(schema.STEPS)).walk_revisions()
    assert tuple(reversed([script.revision for script in scripts])) == REVISIONS


def test_an_empty_database_is_told_what_to_do(empty):
    with pytest.raises(SchemaError, match=r"is empty.*`maildesk db upgrade`"):
        empty.check_schema()


def set_revision(database: Database, revision: str) -> None:
    with database.unit() as unit:
        unit.meta.connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def test_a_database_of_a_newer_maildesk_is_left_alone(empty):
    empty.prepare()
    set_revision(empty, "9999")
    for use in (empty.check_schema, empty.prepare):
        with pytest.raises(SchemaError, match="newer maildesk"):
            use()


STEP = '''
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rebuild a table that others refer to, on SQLite the hard way."""
    with op.batch_alter_table("incidents") as incidents:
        incidents.alter_column("title", new_column_name="heading")
        incidents.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))
    {more}
'''


@pytest.fixture
def next_version(tmp_path, monkeypatch):
    """Go on as a version whose schema has one step more."""

    def go(more: str = "") -> None:
        steps = tmp_path / "100% new" / "migrations"
        shutil.copytree(schema.STEPS, steps)
        (steps / "versions" / "r0002_next.py").write_text(STEP.format(more=more))
        monkeypatch.setattr(schema, "STEPS", steps)
        monkeypatch.setattr(schema, "REVISIONS", ("0001", "0002"))
        monkeypatch.setattr(schema, "HEAD", "0002")

    return go


@pytest.fixture
def full(empty) -> Database:
    """A database of this version with something in it."""
    empty.prepare()
    with empty.unit() as unit:
        incident = unit.incidents.insert(FULL)
        unit.incidents.log(incident.id, at=NOW, record=Record(Entry.NOTE, "written before the upgrade"))
        receive(unit, "one")
    return empty


def test_an_older_database_is_told_what_to_do(full, next_version):
    next_version()
    with pytest.raises(SchemaError, match=r"older schema 0001.*needs 0002.*`maildesk db upgrade`"):
        full.check_schema()


def test_an_upgrade_keeps_what_is_there_and_what_refers_to_it(full, next_version):
    next_version()
    full.prepare()
    full.check_schema()
    with full.view() as view:
        found = view.meta.connection.execute(sa.text("SELECT id, heading, mood FROM incidents")).all()
        assert found == [(1, FULL.title, "calm")]
        assert [entry.record.text for entry in view.incidents.history(1)] == ["written before the upgrade"]
        assert len(view.views.inbox()) == 1


def test_an_upgrade_that_fails_leaves_everything_as_it_was(full, next_version):
    next_version("raise RuntimeError('out of ideas')")
    with pytest.raises(RuntimeError, match="out of ideas"):
        full.prepare()
    with full.view() as view:
        assert schema.revision(view.meta.connection) == "0001"
        assert view.incidents.get(1).title == FULL.title


@pytest.mark.parametrize("empty", [SQLITE], indirect=True)
def test_an_upgrade_that_would_break_references_is_undone(full, next_version):
    next_version("op.execute('DELETE FROM incidents')")
    with pytest.raises(SchemaError, match="refer to nothing"):
        full.prepare()
    with full.unit() as unit:
        assert unit.incidents.get(1).title == FULL.title
        assert unit.meta.connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("empty", [SQLITE], indirect=True)
def test_a_copy_is_made_before_an_upgrade_and_none_is_written_over(full, next_version):
    next_version()
    earlier = full.path.with_name("desk.db.0001-0.bak")
    earlier.write_text("precious")
    copy = full.prepare()
    assert copy == full.path.with_name("desk.db.0001-1.bak")
    assert earlier.read_text() == "precious"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as opened:
        assert opened.execute("SELECT title FROM incidents").fetchall() == [(FULL.title,)]
        assert opened.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    opened.close()


@pytest.mark.parametrize("empty", [SQLITE], indirect=True)
def test_a_copy_is_not_made_where_none_is_wanted(full, next_version):
    next_version()
    assert full.prepare(backup=False) is None
    assert list(full.path.parent.glob("*.bak")) == []
