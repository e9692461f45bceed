"""The unit of work: all or nothing, one at a time, and errors in our own words."""

from __future__ import annotations

import socket
import sqlite3
import stat
import threading

import pytest
from store_samples import NOW, PLAIN, letter, python, receive

from maildesk.desk.effects import Ask
from maildesk.desk.events import Asked, Said
from maildesk.errors import ConfigError, Conflict, MaildeskError, SchemaError, Transient
from maildesk.store.unit import Database


def test_what_a_unit_wrote_is_there_for_the_next(database):
    with database.unit() as unit:
        stored = unit.incidents.insert(PLAIN)
    with database.view() as view:
        assert view.incidents.get(stored.id) == stored


def test_an_exception_undoes_everything_in_the_unit(database):
    def work(unit) -> None:
        receive(unit, "one")
        unit.outbox.add(letter("one"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.unit() as unit:
        work(unit)
    with database.unit() as unit:
        assert unit.inbox.claim(NOW) == ()
        assert unit.outbox.lease(NOW) == ()


KILLED = """
import os, sys
from store_samples import *
from maildesk.store.unit import Database
with Database.open(sys.argv[1]).unit() as unit:
    incident = unit.incidents.insert(PLAIN)
    unit.outbox.add(letter("one", incident=incident.id))
    unit.timers.set(incident.id, "remind", 1, NOW)
    receive(unit, "one")
    os._exit(9)
"""


def test_a_process_killed_before_its_commit_leaves_nothing(url, database):
    killed = python(KILLED, url)
    assert killed.wait(30) == 9
    with database.view() as view:
        assert view.views.queue() == ()
        assert view.views.inbox() == ()
        assert view.views.outbox() == ()
        assert view.timers.next_due() is None


BUSY = """
import sys
from dataclasses import replace
from store_samples import *
from maildesk.desk.effects import Entry, Record
from maildesk.errors import Conflict
from maildesk.store.unit import Database
database = Database.open(sys.argv[1])
left = 50
while left:
    try:
        with database.unit() as unit:
            incident = unit.incidents.get(1)
            unit.incidents.save(replace(incident, title=f"{sys.argv[2]} {left}"))
            unit.incidents.log(1, at=NOW, record=Record(Entry.NOTE, f"{sys.argv[2]} {left}"))
        left -= 1
    except Conflict:
        pass
"""


def test_two_processes_that_write_50_units_each_lose_none(url, database):
    with database.unit() as unit:
        unit.incidents.insert(PLAIN)
    writers = [python(BUSY, url, name) for name in ("left", "right")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with database.view() as view:
        written = [entry.record.text for entry in view.incidents.history(1)]
        assert view.incidents.get(1).version == 101
    assert sorted(written) == sorted(f"{name} {n}" for name in ("left", "right") for n in range(1, 51))


def test_a_unit_inside_a_unit_is_refused_and_not_waited_for(database):
    with database.unit(), pytest.raises(RuntimeError, match="wait for itself"), database.unit():
        pass


def test_a_view_neither_waits_for_a_unit_nor_sees_its_half(database):
    with database.unit() as unit:
        receive(unit, "one")
        with database.view() as view:
            assert view.views.inbox() == ()


def test_a_view_stays_with_the_state_it_began_with(database, another):
    other = another()
    with database.view() as view:
        assert view.views.inbox() == ()
        with other.unit() as unit:
            receive(unit, "one")
        assert view.views.inbox() == ()


def test_a_view_cannot_write(database):
    with pytest.raises(MaildeskError, match=r"read-?only") as caught, database.view() as view:
        view.meta.raise_epoch()
    assert not isinstance(caught.value, Transient)


def test_threads_take_turns(database):
    with database.unit() as unit:
        unit.meta.raise_epoch()

    def work() -> None:
        for _ in range(10):
            with database.unit() as unit:
                unit.meta.raise_epoch()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.view() as view:
        assert view.meta.epoch() == 42


def ask(unit, letter_id: str, incident_id: int | None = None) -> None:
    question = Ask("@ann", Asked(), Said(""), "harbour", None)
    unit.people.ask(question, incident_id=incident_id, letter_id=letter_id, now=NOW, expires_at=NOW)


def test_the_same_key_written_twice_is_a_conflict(database):
    with database.unit() as unit:
        ask(unit, "one@desk.example")
    with pytest.raises(Conflict), database.unit() as unit:
        ask(unit, "one@desk.example")


def test_a_row_that_refers_to_nothing_is_an_error_that_waiting_does_not_mend(database):
    with pytest.raises(MaildeskError) as caught, database.unit() as unit:
        ask(unit, "one@desk.example", incident_id=4711)
    assert not isinstance(caught.value, Transient)


def test_messages_name_neither_values_nor_statements(database):
    with pytest.raises(MaildeskError) as caught, database.unit() as unit:
        ask(unit, "secret-of-mia@desk.example", incident_id=4711)
    assert "INSERT" not in str(caught.value)
    assert "secret-of-mia" not in str(caught.value)


def test_files_of_sqlite_are_readable_for_their_owner_alone(tmp_path):
    database = Database.open("sqlite:///deep/desk.db", state=tmp_path)
    database.prepare()
    with database.unit() as unit:
        receive(unit, "one")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep").iterdir()}
    database.close()
    assert modes == dict.fromkeys(("desk.db", "desk.db-wal", "desk.db-shm", "desk.db.lock"), 0o600)
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700


def test_sqlite_keeps_what_is_committed(tmp_path):
    database = Database.open("sqlite:///desk.db", state=tmp_path)
    database.prepare()
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "auto_vacuum": 2}
    pragmas["journal_size_limit"] = 16 * 1024 * 1024
    with database.unit() as unit:
        ask_for = unit.inbox.connection.exec_driver_sql
        assert {name: ask_for(f"PRAGMA {name}").scalar() for name in pragmas} == pragmas
    database.close()


def test_a_unit_of_sqlite_is_a_writing_one_before_it_writes(sqlite_url):
    database = Database.open(sqlite_url)
    stranger = sqlite3.connect(database.path, timeout=0, isolation_level=None)
    with database.unit(), pytest.raises(sqlite3.OperationalError, match="locked"):
        stranger.execute("BEGIN IMMEDIATE")
    stranger.close()
    database.close()


def test_a_database_that_is_not_there_is_never_made_by_looking(tmp_path):
    database = Database.open("sqlite:///desk.db", state=tmp_path)
    for use in (database.unit, database.view):
        with pytest.raises(SchemaError, match="maildesk db upgrade"), use():
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told_by_name(tmp_path):
    (tmp_path / "desk.db").write_text("Dear support, " * 100)
    database = Database.open("sqlite:///desk.db", state=tmp_path)
    with pytest.raises(MaildeskError, match=r"desk\.db: file is not a database") as caught:
        database.prepare()
    assert not isinstance(caught.value, Transient)
    database.close()


def test_a_server_that_is_away_is_worth_another_try_and_its_password_is_not_told():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        database = Database.open(f"postgresql://desk:hunter2@127.0.0.1:{closed.getsockname()[1]}/desk")
        with pytest.raises(Transient) as caught, database.unit():
            pass
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize("url", ["maildesk.db", "sqlite://", "sqlite:///:memory:", "mysql://root@db/desk", ""])
def test_other_databases_are_refused_in_the_words_of_the_configuration(url):
    with pytest.raises(ConfigError, match="database: "):
        Database.open(url)


@pytest.mark.servers
def test_postgresql_commits_to_the_disk_even_where_the_server_would_not(postgres_url):
    database = Database.open(f"{postgres_url}?options=-c%20synchronous_commit%3Doff")
    with database.unit() as unit:
        assert unit.inbox.connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    database.close()
