"""People: who somebody is to the desk, and may(), the one place that says who may do what at which trust level.

A From header proves nothing. Roles come from the configuration only (R24); the trust level of the very mail decides
whether a person's roles count for it. The levels and classes are those of the table in `PERMISSIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from maildesk.mail.message import Address, Level


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
    """The classes of commands, by what they can do if a stranger gave them (DESIGN 3's table)."""

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


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody the configuration names, with the look-ups over them."""

    people: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    organisations: tuple[Organisation, ...] = ()
