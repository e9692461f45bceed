"""Contacts and confirmations: what is known of an address, and requests that are confirmed once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from store_samples import DAY, HOUR, MINUTE, NOW, PLAIN, receive

from maildesk.desk.commands import Asked, BadCommand, Command
from maildesk.desk.effects import Ask
from maildesk.desk.events import Pending, Said
from maildesk.errors import Conflict
from maildesk.mail.message import Enclosure
from maildesk.store.people import MARKS, Contact

MIA = "mia@acme.example"
ASK = Ask(
    person="@ann",
    asked=Asked(
        (Command("assign", "@network", "network", "the group"), Command("close")), (BadCommand("#x", "no", ("#y",)),)
    ),
    said=Said("please", "<p>please</p>", (Enclosure("a.png", "image/png", "ab" * 32, 3, "cid"),), "Ann"),
    word="harbour",
    inbox_id=None,
)


def test_an_address_nobody_marked_is_unknown(database):
    with database.view() as view:
        assert view.people.contact(MIA) is None
        assert view.people.contacts([]) == {}


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("known", Contact(MIA, "Mia", known_at=NOW, reason="answered")),
        ("blocked", Contact(MIA, "Mia", blocked_at=NOW, reason="answered")),
        ("undeliverable", Contact(MIA, "Mia", undeliverable_at=NOW, reason="answered")),
    ],
)
def test_a_mark_says_since_when_and_why(database, mark, expected):
    with database.unit() as unit:
        unit.people.mark(MIA, mark, "answered", NOW, "Mia")
        assert unit.people.contact(MIA) == expected


@pytest.mark.parametrize(("set_", "clear"), [("blocked", "unblocked"), ("undeliverable", "deliverable")])
def test_a_mark_can_be_taken_back(database, set_, clear):
    with database.unit() as unit:
        unit.people.mark(MIA, "known", "answered", NOW, "Mia")
        unit.people.mark(MIA, set_, "trouble", NOW)
        unit.people.mark(MIA, clear, "all is well", NOW + HOUR)
        assert unit.people.contact(MIA) == Contact(MIA, "Mia", known_at=NOW, reason="all is well")


def test_a_word_that_is_no_mark_is_a_mistake_of_the_caller(database):
    assert set(MARKS) == {"known", "blocked", "unblocked", "undeliverable", "deliverable"}
    with database.unit() as unit, pytest.raises(KeyError):
        unit.people.mark(MIA, "admired", "", NOW)


def test_contacts_of_many_come_together(database):
    with database.unit() as unit:
        unit.people.mark(MIA, "known", "", NOW)
        unit.people.mark("bob@acme.example", "blocked", "", NOW)
        unit.people.speaks("bob@acme.example", "de")
        found = unit.people.contacts([MIA, "bob@acme.example", "eve@acme.example"])
    assert found == {
        MIA: Contact(MIA, known_at=NOW),
        "bob@acme.example": Contact("bob@acme.example", blocked_at=NOW, language="de"),
    }


def ask(unit, letter_id: str = "ask@desk.example", incident: int | None = None) -> int:
    return unit.people.ask(ASK, incident_id=incident, letter_id=letter_id, now=NOW, expires_at=NOW + HOUR)


def test_a_request_comes_back_whole_to_the_one_who_answers_its_letter(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN).id
        mail = receive(unit, "one")
        asked = Ask(ASK.person, ASK.asked, ASK.said, ASK.word, mail)
        number = unit.people.ask(
            asked, incident_id=incident, letter_id="ask@desk.example", now=NOW, expires_at=NOW + HOUR
        )
    with database.view() as view:
        assert view.people.confirmation("ask@desk.example", NOW + MINUTE) == Pending(
            number, "@ann", incident, "harbour", ASK.asked, ASK.said, mail, NOW
        )
        assert view.people.confirmation("another@desk.example", NOW) is None


@pytest.mark.parametrize(("after", "found"), [(HOUR - timedelta(microseconds=1), True), (HOUR, False), (DAY, False)])
def test_a_request_expires(database, after, found):
    with database.unit() as unit:
        ask(unit)
        assert (unit.people.confirmation("ask@desk.example", NOW + after) is not None) is found


def test_a_request_is_confirmed_once(database):
    with database.unit() as unit:
        number = ask(unit)
        unit.people.use_confirmation(number, NOW)
        assert unit.people.confirmation("ask@desk.example", NOW) is None
        with pytest.raises(Conflict):
            unit.people.use_confirmation(number, NOW)
