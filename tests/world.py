"""A small desk for pure tests: two technicians in tier 1, one in tier 2, one customer organisation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from maildesk.desk.arguments import Vocabulary
from maildesk.desk.commands import Asked, parse
from maildesk.desk.decide import decide
from maildesk.desk.effects import Decision, Record, Send
from maildesk.desk.events import Event, Found, MailCame, Said
from maildesk.desk.incident import Incident, Participant, Status
from maildesk.desk.people import Directory, Group, Organisation, Party, Person, Role
from maildesk.desk.policy import Category, Mailbox, Policy
from maildesk.desk.rules import compile_rules
from maildesk.mail.message import Address, Kind, Level, Trust

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

ANN = Person("ann", "Ann Lee", ("ann@acme.example", "ann.private@home.example"), frozenset({Role.TECHNICIAN}))
BEN = Person("ben", "Ben Ode", ("ben@acme.example",), frozenset({Role.TECHNICIAN}))
NIA = Person("nia", "Nia Fox", ("nia@acme.example",), frozenset({Role.TECHNICIAN, Role.LEAD}))
PEOPLE = {person.key: person for person in (ANN, BEN, NIA)}

DIRECTORY = Directory(
    PEOPLE,
    {
        "servicedesk": Group("servicedesk", 1, "nia", ("ann", "ben"), escalates_to="network"),
        "network": Group("network", 2, "nia", ("nia",)),
    },
    (Organisation("Shop", ("shop.example",), frozenset({"boss@shop.example"})),),
)

POLICY = Policy(
    name="ACME IT Service Desk",
    mailboxes={"support": Mailbox("support", Address("support@acme.example", "ACME IT"), "INC", group="servicedesk")},
    directory=DIRECTORY,
    rules=compile_rules(()),
    admins=(Address("root@acme.example"),),
    categories={"network/vpn": Category("network/vpn", group="network"), "hardware": Category("hardware")},
)

VOCABULARY = Vocabulary(tuple(PEOPLE.values()), tuple(DIRECTORY.groups), tuple(POLICY.categories))


def party(email: str, name: str = "", **remembered: Any) -> Party:
    return DIRECTORY.party(Address(email, name), **remembered)


ERIKA = party("erika@shop.example", "Erika Muster")
STRANGER = party("who@elsewhere.example", "Who Knows")


def mail(sender: Party | Person = ERIKA, text: str = "Hello", commands: str = "", **fields: Any) -> MailCame:
    """A mail that came in at NOW, from a believable sender with his own token unless said otherwise."""
    by = party(sender.emails[0], sender.name) if isinstance(sender, Person) else sender
    came = MailCame(
        cause="c" * 64,
        inbox_id=1,
        mailbox="support",
        received_at=NOW,
        party=by,
        trust=Trust(Level.L2, ("a reply token of this person",)),
        kind=Kind.HUMAN,
        kind_reason="",
        subject="Printer jams",
        said=Said(text),
        asked=parse(commands, VOCABULARY) if commands else Asked(),
        found=Found(7, "token"),
        message_id="mail-1@client.example",
        word="copper",
    )
    return replace(came, **fields)


def claimed(level: Level = Level.L1) -> dict[str, Trust]:
    return {"trust": Trust(level, ("claimed",))}


def incident(**fields: Any) -> Incident:
    """INC-7 of Erika, in Ann's hands."""
    base = Incident(
        mailbox="support",
        prefix="INC",
        title="Printer jams",
        requester="erika@shop.example",
        opened_at=NOW - timedelta(hours=3),
        id=7,
        version=3,
        status=Status.IN_PROGRESS,
        group="servicedesk",
        assignee="ann",
        organisation="Shop",
        known=True,
        participants=(Participant("erika@shop.example", "Erika Muster", "requester", "first@client.example"),),
    )
    return replace(base, **fields)


def happens(before: Incident | None, event: Event, policy: Policy = POLICY, now: datetime = NOW) -> Decision:
    return decide(before, event, policy, now)


def letters(decision: Decision) -> list[tuple[str, str]]:
    """(template, to) of every letter, sorted."""
    return sorted((effect.template, effect.to.email) for effect in decision.effects if isinstance(effect, Send))


def records(decision: Decision) -> list[tuple[str, str]]:
    """(sort of entry, text) of the timeline entries, in order."""
    return [(effect.entry.value, effect.text) for effect in decision.effects if isinstance(effect, Record)]
