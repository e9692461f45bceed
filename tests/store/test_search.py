"""Looking incidents up by words: the same is found in both databases, in any script, and as people type it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_samples import PLAIN

from maildesk.desk.effects import Entry, Record
from maildesk.desk.events import Said
from maildesk.desk.folding import words
from maildesk.desk.incident import Participant, Status
from maildesk.mail.message import Enclosure
from maildesk.store.unit import Unit

NOW = PLAIN.opened_at


def stored(unit: Unit, title: str, *entries: str, **fields: object) -> int:
    incident = unit.incidents.insert(replace(PLAIN, title=title, participants=(), **fields))
    for text in entries:
        unit.incidents.log(incident.id, at=NOW, record=Record(Entry.NOTE, text))
    return incident.id


def found(unit: Unit, sought: str) -> list[int]:
    return [row.id for row in unit.views.search(words(sought))]


@pytest.fixture
def desk(database):
    with database.unit() as unit:
        assert stored(unit, "VPN breaks off", "Since the update of Windows 11 the tunnel at 10.8.0.1 is gone.") == 1
        assert (
            stored(unit, "Drucker im 3. Stock", "Die Straße zum Büro ist gesperrt.", "C++ und Müller-Lüdenscheidt") == 2
        )
        assert stored(unit, "Принтер не печатает", "打印机坏了", "L'imprimante est cassée") == 3
        assert stored(unit, "VPN for Anna", "the printer, too", status=Status.CLOSED) == 4
        assert stored(unit, "VPN and a printer") == 5
        yield unit


@pytest.mark.parametrize(
    ("sought", "numbers"),
    [
        ("vpn", [5, 1, 4]),  # the open ones first, then the newest
        ("VPN printer", [5, 4]),  # all the words, wherever they stand
        ("print vpn", [5, 4]),
        ("vpn tunnel", [1]),
        ("windows 11", [1]),
        ("upd windows 1", [1]),  # it stands in 10.8.0.1
        ("windows 8.0.1", [1]),
        ("windows 2", []),
        ("update 0 11 10 8 1 2", []),  # numbers are never completed
        ("10.8.0.1", [1]),
        ("10.8", [1]),
        ("strasse BUERO", []),
        ("STRASSE büro", [2]),
        ("straße buro", [2]),
        ("c++", [2]),
        ("müller-lüdenscheidt", [2]),
        ("ludensch", [2]),
        ("принтер", [3]),
        ("ПРИНТ", [3]),
        ("打印", [3]),
        ("cassee imprimante", [3]),
        ("im", [2]),  # two letters are a word
        ("nowhere", []),
        ("vpn nowhere", []),
        ("", []),
        ("!?", []),
        ("an", []),
        ("ann", [4]),
        ('" OR 1=1 --', []),
        ("vpn* NOT printer:*", []),
        ("vpn ' & !printer", [5, 4]),
    ],
)
def test_words_find_the_same_in_both_databases(desk, sought, numbers):
    assert found(desk, sought) == numbers


def test_people_and_files_are_found(database):
    with database.unit() as unit:
        people = (Participant("erika@shop.example", "Erika Müster", "requester"),)
        erika = unit.incidents.insert(replace(PLAIN, title="x", requester="erika@shop.example", participants=people))
        said = Said("see there", None, (Enclosure("trace-vpn.pcap", "x/y", "0" * 64, 1),))
        unit.incidents.log(erika.id, at=NOW, record=Record(Entry.MAIL, "see there", said=said))
        for sought in ("erika", "muster", "erika@shop.example", "pcap", "trace see"):
            assert found(unit, sought) == [erika.id]


@pytest.mark.parametrize("entry", [Entry.RULE, Entry.LETTER, Entry.REFUSED, Entry.BOUNCE])
def test_what_no_person_said_is_not_searched(database, entry):
    with database.unit() as unit:
        number = stored(unit, "x")
        unit.incidents.log(number, at=NOW, record=Record(entry, "machinery"))
        assert found(unit, "machinery") == []


def test_no_more_are_found_than_anybody_reads(database):
    with database.unit() as unit:
        for at in range(5):
            stored(unit, f"VPN {at}")
        assert [row.id for row in unit.views.search(["vpn"], 3)] == [5, 4, 3]


def test_long_texts_and_words_are_taken_up_to_a_limit(database):
    with database.unit() as unit:
        number = stored(unit, "x", "w" * 5000, "filler " * 20_000 + "behind")
        assert found(unit, "w" * 5000) == [number]
        assert found(unit, "filler") == [number]
        assert found(unit, "behind") == []


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_text_is_found_by_it(database, text):
    with database.unit() as unit:
        number = stored(unit, text)
        some = words(text)[:8]
        assert (number in found(unit, " ".join(some))) == bool(some)
