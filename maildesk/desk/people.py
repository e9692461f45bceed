"""People: who somebody is to the desk, and may(), the one place that says who may do what at which trust level.

A From header proves nothing. Roles come from the configuration only; the trust level of the very mail decides
whether a person's roles count for it. The levels and classes are those of the table in `PERMISSIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from maildesk.desk.incident import Incident
from maildesk.mail.message import Address, Level, Trust


class Role(StrEnum):
    TECHNICIAN = "technician"
    LEAD = "lead"
    MANAGER = "manager"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody listed under `people`; the first address is the registered one, where answers go."""

    key: str
    name: str
    emails: tuple[str, ...]  # Address.key each
    roles: frozenset[Role]
    language: str = ""
    logins: tuple[str, ...] = ()  # under which the own mail server knows him, as it writes them

    @property
    def address(self) -> Address:
        return Address(self.emails[0], self.name)

    @property
    def technician(self) -> bool:
        return bool(self.roles & {Role.TECHNICIAN, Role.LEAD, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class Group:
    """A support group; `tier` 1 is the first line, `escalates_to` the group that takes over (functional)."""

    key: str
    tier: int = 1
    lead: str | None = None
    members: tuple[str, ...] = ()
    assign: str = "manual"  # manual | round_robin | least_loaded
    escalates_to: str | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """A customer organisation: everybody who writes from one of its domains belongs to it."""

    name: str
    domains: tuple[str, ...]
    vip: frozenset[str] = frozenset()  # Address.key each


@dataclass(frozen=True, slots=True)
class Party:
    """Who a mail's sender is to the desk; all of it follows from the claimed address, `Trust` says how far it holds.

    `known`: a listed person, an address of an organisation, or somebody who once answered with a token.
    """

    address: Address
    person: Person | None = None
    organisation: str | None = None
    vip: bool = False
    known: bool = False
    blocked: bool = False
    undeliverable: bool = False  # a letter to this address came back
    language: str = ""

    @property
    def key(self) -> str:
        """Whom a token is bound to: the listed person, whatever address he uses, or else the very address."""
        return f"@{self.person.key}" if self.person else self.address.key

    @property
    def technician(self) -> bool:
        return self.person is not None and self.person.technician

    @property
    def shown(self) -> str:
        if self.person:
            return self.person.name
        return self.address.name or self.address.email


class Class(StrEnum):
    """The classes of commands, by what they can do if a stranger gave them."""

    QUESTION = "question"  # answered only to the registered address
    ROUTINE = "routine"  # reversible work on one incident, and an answer to the requester
    CONSEQUENTIAL = "consequential"  # ends, discloses or redirects something
    OWN = "own"  # a requester on his own incident


@dataclass(frozen=True, slots=True)
class Yes:
    """Allowed."""


@dataclass(frozen=True, slots=True)
class No:
    """Not allowed, and why; `confirmable` if a typed reply from the registered address would lift it."""

    why: str
    confirmable: bool = False


PERMISSIONS: Mapping[Class, Level] = {
    Class.QUESTION: Level.L2,
    Class.ROUTINE: Level.L2,
    Class.CONSEQUENTIAL: Level.L4,
    Class.OWN: Level.L2,
}


class Standing(StrEnum):
    """In which capacity somebody gives a command."""

    TECHNICIAN = "technician"
    REQUESTER = "requester"


_UNPROVEN = "Your mail carries your address, but nothing in it proves that you wrote it. "

# What is said when the level of a mail falls short: by capacity and class. A requester reads none of it (his mail then
# counts as a plain message); it stands in the timeline for the technician.
SHORTFALLS: Mapping[tuple[Standing, Class], str] = {
    (Standing.TECHNICIAN, Class.QUESTION): _UNPROVEN
    + "The desk answers questions only when you reply to one of its letters to you, or confirm.",
    (Standing.TECHNICIAN, Class.ROUTINE): _UNPROVEN
    + "Please reply to a letter that the desk sent to you, or confirm this command.",
    (Standing.TECHNICIAN, Class.CONSEQUENTIAL): "This command ends, discloses or redirects something, "
    "so the desk asks you to confirm it once before it runs.",
    (Standing.REQUESTER, Class.OWN): "Nothing proves that the requester wrote this mail, "
    "so it was kept as a message and the command in it was left alone.",
}

BLOCKED = "This address is blocked, so nothing that it asks for is done."
FORGED = "The sender of this mail is not believable, so its commands are never done and cannot be confirmed either."
STRANGER = "Only a technician of this desk may do this."
NOT_OWN = "Only the requester of {incident} and the technicians of this desk may do this."


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody the configuration names, with the look-ups over them.

    An address is compared with ASCII letters folded and nothing else: neither look-alikes (a Kelvin sign for a K) nor
    plus parts nor dots are guessed to be the same person.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    organisations: tuple[Organisation, ...] = ()
    _by_email: Mapping[str, Person] = field(init=False, repr=False, compare=False)
    _by_domain: Mapping[str, Organisation] = field(init=False, repr=False, compare=False)
    _by_vip: Mapping[str, Organisation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        people = {folded(email): person for person in self.people.values() for email in person.emails}
        domains = {folded(domain): org for org in self.organisations for domain in org.domains}
        vips = {folded(email): org for org in self.organisations for email in org.vip}
        for name, index in (("_by_email", people), ("_by_domain", domains), ("_by_vip", vips)):
            object.__setattr__(self, name, index)  # the value is frozen from here on

    def person_of(self, email: str) -> Person | None:
        """The listed person with that address, any of his addresses."""
        return self._by_email.get(folded(email))

    def organisation_of(self, email: str) -> tuple[str | None, bool]:
        """The organisation of an address, and whether it is a VIP there. A VIP belongs, whatever his domain."""
        address = folded(email)
        vip_of = self._by_vip.get(address)
        organisation = vip_of or self._by_domain.get(address.rpartition("@")[2])
        return (organisation.name if organisation else None), vip_of is not None

    def party(
        self,
        address: Address,
        *,
        contact_known: bool = False,
        blocked: bool = False,
        undeliverable: bool = False,
        language: str = "",
    ) -> Party:
        """Who the owner of an address is to the desk.

        The other arguments are what the database remembers of the address: that it once answered with a token, that
        it is blocked, that a letter to it came back, and the language of its mails; a listed person's language comes
        from the configuration first.
        """
        person = self.person_of(address.email)
        organisation, vip = self.organisation_of(address.email)
        return Party(
            address=address,
            person=person,
            organisation=organisation,
            vip=vip,
            known=contact_known or person is not None or organisation is not None,
            blocked=blocked,
            undeliverable=undeliverable,
            language=(person.language if person else "") or language,
        )


def folded(email: str) -> str:
    """An address as it is compared: A to Z in lower case, every other character as it is."""
    return email.translate(_ASCII_LOWER)


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def may(
    party: Party, verb_class: Class, requester_ok: bool, incident: Incident | None, trust: Trust, own: bool
) -> Yes | No:
    """Whether a party may give a command of that class by a mail of that trust.

    `verb_class` is the verb's class at this site, `requester_ok` whether requesters may use the verb at all, `own`
    whether the party is the requester of `incident`. A technician who is the requester himself needs no more proof
    for his own incident than any other requester.
    """
    if party.blocked:
        return No(BLOCKED)
    capacities = _capacities(party, verb_class, requester_ok, own)
    if not capacities:
        return No(NOT_OWN.format(incident=incident.tag) if requester_ok and incident else STRANGER)
    if trust.level is Level.L0:
        return No(FORGED)
    if any(trust.level >= PERMISSIONS[klass] for _, klass in capacities):
        return Yes()
    standing, klass = capacities[0]
    return No(SHORTFALLS[standing, klass], confirmable=standing is Standing.TECHNICIAN)


def _capacities(party: Party, verb_class: Class, requester_ok: bool, own: bool) -> list[tuple[Standing, Class]]:
    """In which capacities the party may use the verb, the strongest first, each with the class that then counts."""
    capacities: list[tuple[Standing, Class]] = []
    if party.technician and verb_class is not Class.OWN:
        capacities.append((Standing.TECHNICIAN, verb_class))
    if own and (requester_ok or verb_class is Class.OWN):
        capacities.append((Standing.REQUESTER, Class.OWN))
    return capacities
