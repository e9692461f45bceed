"""People: who an address belongs to, and the table of who may do what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from maildesk.desk.incident import Incident
from maildesk.desk.people import (
    PERMISSIONS,
    SHORTFALLS,
    Class,
    Directory,
    No,
    Organisation,
    Party,
    Person,
    Role,
    Standing,
    Yes,
    may,
)
from maildesk.mail.message import Address, Level, Trust

ANN = Person("ann", "Ann Lee", ("ann@acme.example", "a.lee@home.example"), frozenset({Role.TECHNICIAN}), "fr")
BOSS = Person("boss", "Bo Ss", ("Boss@acme.example",), frozenset({Role.ADMIN}))
DIRECTORY = Directory(
    people={"ann": ANN, "boss": BOSS},
    organisations=(
        Organisation("ACME", ("acme.example", "acme.test"), frozenset({"ceo@acme.example", "ceo@home.example"})),
        Organisation("Other", ("other.example",)),
    ),
)
INCIDENT = Incident("support", "INC", "t", "erika@acme.example", datetime(2026, 1, 5, tzinfo=UTC), id=7)


@pytest.mark.parametrize(
    ("email", "person"),
    [
        ("ann@acme.example", ANN),
        ("ANN@ACME.Example", ANN),
        ("a.lee@home.example", ANN),
        ("boss@acme.example", BOSS),
        ("ann+x@acme.example", None),
        ("alee@home.example", None),
        ("ann@acme.example.evil.example", None),
        ("\u0430nn@acme.example", None),  # a Cyrillic a
        ("bo\u017fs@acme.example", None),  # a long s, which case folding makes an s
        ("ann@acme.e\u212aample", None),
        ("ann@xn--cme-8ka.example", None),
        ("ann", None),
        ("", None),
    ],
)
def test_a_person_is_found_by_exactly_his_addresses(email, person):
    assert DIRECTORY.person_of(email) is person


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("erika@acme.example", ("ACME", False)),
        ("Erika@ACME.test", ("ACME", False)),
        ("CEO@acme.example", ("ACME", True)),
        ("ceo@home.example", ("ACME", True)),
        ("x@other.example", ("Other", False)),
        ("x@sub.acme.example", (None, False)),
        ("x@notacme.example", (None, False)),
        ("", (None, False)),
    ],
)
def test_an_organisation_is_found_by_its_domains_and_vips(email, found):
    assert DIRECTORY.organisation_of(email) == found


@pytest.mark.parametrize(
    ("email", "remembered", "expected"),
    [
        (
            "ann@acme.example",
            {"language": "de"},
            {"person": ANN, "organisation": "ACME", "known": True, "language": "fr"},
        ),
        ("a.lee@home.example", {}, {"person": ANN, "known": True, "language": "fr"}),
        (
            "boss@acme.example",
            {"language": "de"},
            {"person": BOSS, "organisation": "ACME", "known": True, "language": "de"},
        ),
        ("ceo@acme.example", {}, {"organisation": "ACME", "vip": True, "known": True}),
        ("x@nowhere.example", {}, {}),
        ("x@nowhere.example", {"contact_known": True, "language": "es"}, {"known": True, "language": "es"}),
        ("x@nowhere.example", {"blocked": True}, {"blocked": True}),
    ],
)
def test_a_party_is_what_configuration_and_memory_say_of_an_address(email, remembered, expected):
    address = Address(email, "Somebody")
    assert DIRECTORY.party(address, **remembered) == Party(address, **expected)


def test_an_empty_directory_knows_nobody():
    assert Directory().party(Address("a@b.example")) == Party(Address("a@b.example"))


TECHNICIAN = Party(Address("ann@acme.example"), person=ANN, known=True)
ADMIN = Party(Address("boss@acme.example"), person=BOSS, known=True)
REQUESTER = Party(Address("erika@acme.example"), known=True)

# who, class, requesters may, own incident -> the least level that is enough; None: never
TABLE = [
    (TECHNICIAN, Class.QUESTION, False, False, Level.L2),
    (TECHNICIAN, Class.ROUTINE, False, False, Level.L2),
    (TECHNICIAN, Class.CONSEQUENTIAL, False, False, Level.L4),
    (TECHNICIAN, Class.CONSEQUENTIAL, True, False, Level.L4),
    (TECHNICIAN, Class.CONSEQUENTIAL, True, True, Level.L2),  # his own incident, as any requester
    (TECHNICIAN, Class.CONSEQUENTIAL, False, True, Level.L4),
    (TECHNICIAN, Class.OWN, False, False, None),
    (TECHNICIAN, Class.OWN, False, True, Level.L2),
    (REQUESTER, Class.CONSEQUENTIAL, True, True, Level.L2),
    (REQUESTER, Class.ROUTINE, True, True, Level.L2),
    (REQUESTER, Class.QUESTION, True, True, Level.L2),
    (REQUESTER, Class.OWN, True, True, Level.L2),
    (REQUESTER, Class.CONSEQUENTIAL, True, False, None),
    (REQUESTER, Class.ROUTINE, True, False, None),
    (REQUESTER, Class.OWN, True, False, None),
    (REQUESTER, Class.ROUTINE, False, True, None),
    (REQUESTER, Class.QUESTION, False, True, None),
    (REQUESTER, Class.CONSEQUENTIAL, False, False, None),
    (ADMIN, Class.ROUTINE, False, False, None),  # by mail an admin is nobody special
    (ADMIN, Class.CONSEQUENTIAL, True, True, Level.L2),
]


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize(("party", "verb_class", "requester_ok", "own", "enough"), TABLE)
def test_who_may_do_what_at_which_level(party, verb_class, requester_ok, own, enough, level):
    answer = may(party, verb_class, requester_ok, INCIDENT, Trust(level), own)
    assert isinstance(answer, Yes) == (enough is not None and level >= enough and level > Level.L0)


@pytest.mark.parametrize(
    ("verb_class", "requester_ok", "own", "level"), [*product(Class, (True, False), (True, False), Level)]
)
def test_a_blocked_party_and_a_broken_sender_may_nothing_and_cannot_confirm(verb_class, requester_ok, own, level):
    for party in (TECHNICIAN, REQUESTER):
        blocked = may(replace(party, blocked=True), verb_class, requester_ok, INCIDENT, Trust(level), own)
        forged = may(party, verb_class, requester_ok, INCIDENT, Trust(Level.L0), own)
        assert isinstance(blocked, No)
        assert isinstance(forged, No)
        assert not blocked.confirmable
        assert not forged.confirmable


def test_only_what_a_technician_lacks_in_proof_can_be_confirmed():
    for (party, verb_class, requester_ok, own, enough), level in product(TABLE, Level):
        answer = may(party, verb_class, requester_ok, INCIDENT, Trust(level), own)
        if isinstance(answer, No):
            assert answer.confirmable == (party is TECHNICIAN and verb_class is not Class.OWN and level > Level.L0)
            assert enough is None or level < enough


@pytest.mark.parametrize("level", [Level.L1, Level.L2])
def test_a_confirmation_lifts_what_one_and_two_lack(level):
    refused = may(TECHNICIAN, Class.CONSEQUENTIAL, requester_ok=False, incident=INCIDENT, trust=Trust(level), own=False)
    assert isinstance(refused, No)
    assert refused.confirmable
    assert (
        may(TECHNICIAN, Class.CONSEQUENTIAL, requester_ok=False, incident=INCIDENT, trust=Trust(Level.L4), own=False)
        == Yes()
    )


def test_a_refusal_is_a_polite_sentence_that_shows_no_machinery():
    answers = [
        may(party, verb_class, requester_ok, incident, Trust(level), own)
        for party, verb_class, requester_ok, incident, level, own in product(
            (TECHNICIAN, REQUESTER), Class, (True, False), (INCIDENT, None), Level, (True, False)
        )
    ]
    texts = {answer.why for answer in answers if isinstance(answer, No)}
    assert len(texts) >= 6
    for text in texts:
        assert text[0].isupper()
        assert text.endswith(".")
        assert not any(word in text for word in ("L1", "L2", "HMAC", "None", "{", "Class"))


def test_somebody_elses_incident_is_named():
    answer = may(REQUESTER, Class.CONSEQUENTIAL, requester_ok=True, incident=INCIDENT, trust=Trust(Level.L3), own=False)
    assert isinstance(answer, No)
    assert "INC-7" in answer.why


def test_the_tables_have_a_row_for_every_class():
    assert set(PERMISSIONS) == set(Class)
    assert {klass for standing, klass in SHORTFALLS if standing is Standing.TECHNICIAN} == set(Class) - {Class.OWN}
    assert (Standing.REQUESTER, Class.OWN) in SHORTFALLS
