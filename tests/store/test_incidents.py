"""Incidents: every field comes back, nobody overwrites what he has not read, and what happened stays."""

from __future__ import annotations

import threading
from dataclasses import fields, replace

import pytest
from store_samples import DAY, FULL, HOUR, MINUTE, NOW, PLAIN, receive

from maildesk.desk.effects import Entry, Record
from maildesk.desk.events import Said
from maildesk.desk.incident import Incident, Participant, Status
from maildesk.errors import Conflict, MaildeskError
from maildesk.mail.message import Enclosure
from maildesk.store import tables
from maildesk.store.incidents import InUse, Linked, Storm

EVERYTHING_SAID = Record(
    entry=Entry.MAIL,
    text="a mail came",
    public=True,
    actor="mia@acme.example",
    actor_name="Mia",
    why="rule VPN",
    said=Said(
        "words\n\nmore 🖨",
        "<p>words</p>",
        (
            Enclosure("photo.png", "image/png", "ab" * 32, 7, cid="x@y"),
            Enclosure("log.txt", "text/plain", "cd" * 32, 9),
        ),
        "-- \nMia",
    ),
    trust="L2",
    data={"from": "P3", "to": "P1"},
)


def test_every_field_of_an_incident_has_its_column():
    assert {column.name for column in tables.incidents.c} | {"participants"} == {f.name for f in fields(Incident)}


def test_the_full_incident_differs_from_the_plain_one_everywhere():
    same = {f.name for f in fields(Incident) if getattr(FULL, f.name) == getattr(PLAIN, f.name)}
    assert same == {"id", "version", "mailbox", "requester", "opened_at"}


@pytest.mark.parametrize("incident", [PLAIN, FULL], ids=["plain", "full"])
def test_an_incident_comes_back_as_it_was_stored(database, incident):
    with database.unit() as unit:
        stored = unit.incidents.insert(incident)
        assert unit.incidents.get(stored.id) == stored
    with database.view() as view:
        assert view.incidents.get(stored.id) == replace(incident, id=stored.id, version=1)


def test_a_saved_incident_comes_back_with_its_next_version(database):
    with database.unit() as unit:
        stored = unit.incidents.insert(PLAIN)
    changed = replace(FULL, id=stored.id, version=1)
    with database.unit() as unit:
        assert unit.incidents.save(changed) == replace(changed, version=2)
    with database.view() as view:
        assert view.incidents.get(stored.id) == replace(changed, version=2)


@pytest.mark.parametrize("number", [0, -1, 7, 2**63 - 1, 2**63, 10**30])
def test_any_number_may_be_asked_for(database, number):
    with database.view() as view:
        assert view.incidents.get(number) is None


def test_a_stale_version_is_refused(database):
    with database.unit() as unit:
        read = unit.incidents.insert(PLAIN)
    with database.unit() as unit:
        unit.incidents.save(replace(read, title="mine"))
    with pytest.raises(Conflict, match="INC-1 "), database.unit() as unit:
        unit.incidents.save(replace(read, title="yours"))
    with database.view() as view:
        assert view.incidents.get(read.id).title == "mine"


def test_eight_threads_change_one_incident_and_no_change_is_lost_in_silence(database, another):
    with database.unit() as unit:
        number = unit.incidents.insert(PLAIN).id
    start, saved = threading.Barrier(8), []

    def work(own, name: str) -> None:
        with own.view() as view:
            read = view.incidents.get(number)
        start.wait()
        try:
            with own.unit() as unit:
                unit.incidents.save(replace(read, title=name))
                unit.incidents.log(number, at=NOW, record=Record(Entry.CHANGE, name))
            saved.append(name)
        except Conflict:
            pass

    threads = [threading.Thread(target=work, args=(another(), f"thread {n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(saved) == 1
    with database.view() as view:
        assert (view.incidents.get(number).title, view.incidents.get(number).version) == (saved[0], 2)
        assert [entry.record.text for entry in view.incidents.history(number)] == saved


def test_participants_keep_their_order_and_change_with_the_incident(database):
    with database.unit() as unit:
        stored = unit.incidents.insert(FULL)
    mia, bob, _ann = stored.participants
    turned = (bob, mia, Participant("eve@acme.example", "Eve", "cc"))
    with database.unit() as unit:
        saved = unit.incidents.save(replace(stored, participants=turned))
        saved = unit.incidents.save(replace(saved, title="once more"))
    with database.unit() as unit:
        read = unit.incidents.get(stored.id)
        assert read.participants == turned
        assert unit.incidents.save(replace(read, participants=())).version == 4
    with database.view() as view:
        assert view.incidents.get(stored.id).participants == ()


def test_participants_that_stay_the_same_are_not_written_again(database):
    with database.unit() as unit:
        read = unit.incidents.get(unit.incidents.insert(FULL).id)
    with database.unit() as unit:
        connection = unit.incidents.connection
        connection.execute(tables.participants.update().values(position=tables.participants.c.position + 10))
        unit.incidents.save(replace(read, title="another"))
        assert sorted(connection.execute(tables.participants.select()).columns("position").scalars()) == [10, 11, 12]


def test_numbers_never_come_back(database):
    with database.unit() as unit:
        last = [unit.incidents.insert(PLAIN).id for _ in range(3)][-1]
        unit.incidents.connection.execute(tables.incidents.delete().where(tables.incidents.c.id == last))
    with database.unit() as unit:
        assert unit.incidents.insert(PLAIN).id == last + 1


def test_a_timeline_holds_everything_in_the_order_it_was_written(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN)
        mail = receive(unit, "one")
        full = replace(EVERYTHING_SAID, inbox_id=mail, incident=incident.id)
        plain = Record(Entry.NOTE, "internal", incident=incident.id)
        numbers = [
            unit.incidents.log(incident.id, at=at, record=record) for at, record in ((NOW, full), (NOW - HOUR, plain))
        ]
    with database.view() as view:
        history = view.incidents.history(incident.id)
    assert [(e.id, e.incident, e.at, e.record) for e in history] == [
        (numbers[0], incident.id, NOW, full),
        (numbers[1], incident.id, NOW - HOUR, plain),
    ]


def test_silence_differs_from_empty_words(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN)
        unit.incidents.log(incident.id, at=NOW, record=Record(Entry.CHANGE, "closed"))
        unit.incidents.log(incident.id, at=NOW, record=Record(Entry.MAIL, "a mail", said=Said("")))
        assert [entry.record.said for entry in unit.incidents.history(incident.id)] == [None, Said("")]


def test_a_part_of_the_timeline_can_be_asked_for(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN)
        other = unit.incidents.insert(PLAIN)
        for number in range(6):
            record = Record(Entry.NOTE, str(number), public=number % 2 == 0)
            unit.incidents.log(incident.id, at=NOW, record=record)
        unit.incidents.log(other.id, at=NOW, record=Record(Entry.NOTE, "of another", public=True))

        def texts(**wanted) -> list[str]:
            return [entry.record.text for entry in unit.incidents.history(incident.id, **wanted)]

        assert texts() == list("012345")
        assert texts(public_only=True) == list("024")
        assert texts(limit=2, newest_first=True) == list("54")
        assert texts(public_only=True, limit=2, newest_first=True) == list("42")


@pytest.mark.parametrize("statement", ["UPDATE timeline SET text = 'nothing'", "DELETE FROM timeline"])
def test_the_database_itself_refuses_to_change_a_timeline(database, statement):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN)
        unit.incidents.log(incident.id, at=NOW, record=Record(Entry.NOTE, "said is said"))
    with pytest.raises(MaildeskError, match="only appended to"), database.unit() as unit:
        unit.incidents.connection.exec_driver_sql(statement)
    with database.view() as view:
        assert [entry.record.text for entry in view.incidents.history(incident.id)] == ["said is said"]


@pytest.mark.servers
@pytest.mark.parametrize("url", ["postgres_url"], indirect=True)
def test_postgresql_refuses_to_empty_a_timeline(url, database):
    with pytest.raises(MaildeskError, match="only appended to"), database.unit() as unit:
        unit.incidents.connection.exec_driver_sql("TRUNCATE timeline")


def test_a_message_id_leads_to_its_incident_and_sender(database):
    with database.unit() as unit:
        one, two = unit.incidents.insert(PLAIN).id, unit.incidents.insert(PLAIN).id
        unit.incidents.remember("a@x", one, "mia@acme.example")
        unit.incidents.remember("b@x", two, "bob@acme.example")
        asked = ["a@x", "b@x", "unknown@x"]
        assert unit.incidents.by_message_ids(asked) == {
            "a@x": (one, "mia@acme.example"),
            "b@x": (two, "bob@acme.example"),
        }
        assert unit.incidents.by_message_ids([]) == {}


def test_the_first_to_bear_a_message_id_keeps_it(database):
    with database.unit() as unit:
        one, two = unit.incidents.insert(PLAIN).id, unit.incidents.insert(PLAIN).id
        unit.incidents.remember("a@x", one, "mia@acme.example")
        unit.incidents.remember("a@x", two, "eve@elsewhere.example")
        assert unit.incidents.by_message_ids(["a@x"]) == {"a@x": (one, "mia@acme.example")}


def test_a_mail_that_is_expected_has_not_come(database):
    with database.unit() as unit:
        one = unit.incidents.insert(PLAIN).id
        unit.incidents.remember("parent@x", one, "bob@acme.example", "expected")
        assert unit.incidents.by_message_ids(["parent@x"]) == {}
        assert unit.incidents.expected("parent@x") == (one, "bob@acme.example")
        assert unit.incidents.expected("other@x") is None
        unit.incidents.remember("parent@x", one, "mia@acme.example")
        assert unit.incidents.by_message_ids(["parent@x"]) == {"parent@x": (one, "mia@acme.example")}


def test_links_are_seen_from_both_ends_and_said_once(database):
    with database.unit() as unit:
        one, two, three = (unit.incidents.insert(PLAIN).id for _ in range(3))
        for _ in range(2):
            unit.incidents.link(two, one, "continues")
        unit.incidents.link(two, one, "mentions")
        assert unit.incidents.links(one) == unit.incidents.links(two)
        assert set(unit.incidents.links(one)) == {Linked(two, one, "continues"), Linked(two, one, "mentions")}
        assert unit.incidents.links(three) == ()


def test_loads_count_open_incidents_only_and_say_zero(database):
    with database.unit() as unit:
        for person, status in (
            ("ann", Status.ASSIGNED),
            ("ann", Status.PENDING),
            ("ann", Status.RESOLVED),
            ("bob", Status.CLOSED),
            ("eve", Status.IN_PROGRESS),
        ):
            unit.incidents.insert(replace(PLAIN, assignee=person, status=status))
        assert unit.incidents.open_loads(["ann", "bob"]) == {"ann": 2, "bob": 0}
        assert unit.incidents.open_loads([]) == {}


def test_a_group_remembers_whom_it_assigned_last(database):
    with database.unit() as unit:
        assert unit.incidents.last_assigned("network") is None
        for person in ("ann", "bob"):
            unit.incidents.note_assigned("network", person)
        assert unit.incidents.last_assigned("network") == "bob"
        assert unit.incidents.last_assigned("servicedesk") is None


def test_a_storm_is_counted_by_its_key_and_its_time(database):
    with database.unit() as unit:
        for ago, storm in ((3 * HOUR, "key"), (2 * MINUTE, "key"), (MINUTE, "key"), (MINUTE, "other"), (MINUTE, "")):
            unit.incidents.insert(replace(PLAIN, opened_at=NOW - ago, storm=storm))
        assert unit.incidents.storm("key", NOW - HOUR) == Storm(2, 2, noticed=False)
        assert unit.incidents.storm("key", NOW - HOUR, NOW - DAY) == Storm(2, 1, noticed=False)
        assert unit.incidents.storm("", NOW - HOUR) == Storm(0, None, noticed=False)
        assert unit.incidents.storm("unknown", NOW - HOUR) == Storm(0, None, noticed=False)


def test_a_storm_is_noticed_for_a_time(database):
    with database.unit() as unit:
        unit.incidents.note_storm("key", NOW - 2 * HOUR)
        assert unit.incidents.storm("key", NOW - HOUR, NOW - DAY).noticed is True
        assert unit.incidents.storm("key", NOW - HOUR).noticed is False
        unit.incidents.note_storm("key", NOW)
        assert unit.incidents.storm("key", NOW - HOUR).noticed is True


def test_names_in_use_are_those_of_open_incidents(database):
    with database.unit() as unit:
        unit.incidents.insert(replace(PLAIN, assignee="ann", group="network", category="network/vpn"))
        unit.incidents.insert(replace(PLAIN, mailbox="sales"))
        unit.incidents.insert(replace(FULL, assignee="zoe", status=Status.CLOSED))
        assert unit.incidents.in_use() == InUse(
            frozenset({"ann"}), frozenset({"network"}), frozenset({"network/vpn"}), frozenset({"support", "sales"})
        )
