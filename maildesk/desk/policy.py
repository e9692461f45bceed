"""What the admin decided, as one frozen value: the configuration as the desk sees it. Swapped whole on reload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from maildesk.desk.incident import Impact, Priority, Urgency
from maildesk.desk.people import Class, Directory
from maildesk.desk.rules import RuleBook
from maildesk.mail.message import Address
from maildesk.mail.pinned import Pin

_I, _U, _P = Impact, Urgency, Priority
MATRIX: Mapping[tuple[Impact, Urgency], Priority] = MappingProxyType(
    {
        (_I.HIGH, _U.HIGH): _P.P1,
        (_I.HIGH, _U.MEDIUM): _P.P2,
        (_I.HIGH, _U.LOW): _P.P3,
        (_I.MEDIUM, _U.HIGH): _P.P2,
        (_I.MEDIUM, _U.MEDIUM): _P.P3,
        (_I.MEDIUM, _U.LOW): _P.P4,
        (_I.LOW, _U.HIGH): _P.P3,
        (_I.LOW, _U.MEDIUM): _P.P4,
        (_I.LOW, _U.LOW): _P.P5,
    }
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One support address as people see it; what the socket needs stands in the configuration's own values."""

    name: str
    address: Address
    prefix: str
    signature: str = ""
    group: str | None = None
    spam_flags: tuple[tuple[str, str], ...] = (("X-Spam-Flag", "yes"), ("X-Spam-Status", "yes"))


@dataclass(frozen=True, slots=True)
class Category:
    """A place in the taxonomy, "network/vpn", with what it implies unless a rule says otherwise."""

    key: str
    group: str | None = None
    impact: Impact | None = None
    urgency: Urgency | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of automatic letters and sizes; counts, seconds and bytes."""

    ack_per_sender_10min: int = 1
    ack_per_sender_day: int = 5
    ack_per_domain_hour: int = 20
    ack_per_hour: int = 200
    storm_count: int = 3
    storm_window: timedelta = timedelta(minutes=60)
    storm_quiet: timedelta = timedelta(hours=24)
    refusals_per_10min: int = 3
    refusals_per_day: int = 5
    participants: int = 20
    old_mail: timedelta = timedelta(hours=24)  # older mail never gets an automatic letter
    letter_bytes: int = 20 * 1024 * 1024  # attachments beyond it are named, not sent


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything decide, classify and notices need to know."""

    name: str
    mailboxes: Mapping[str, Mailbox]
    directory: Directory
    rules: RuleBook
    admins: tuple[Address, ...] = ()
    hold: bool = False  # letters: hold
    language: str = "en"
    timezone: str = "UTC"
    categories: Mapping[str, Category] = field(default_factory=dict)
    matrix: Mapping[tuple[Impact, Urgency], Priority] = field(default_factory=lambda: MATRIX)
    classes: Mapping[str, Class] = field(default_factory=dict)  # verbs that the site moved to another class
    notices_off: frozenset[str] = frozenset()  # letters the site does not want
    reopen_within: timedelta = timedelta(days=7)
    confirm_within: timedelta = timedelta(minutes=60)
    plus_address: bool = False
    pin: Pin | None = None  # whose Authentication-Results count; None: nobody's
    envelope: str = "desk"  # desk | verp | null: the envelope sender of letters
    limits: Limits = field(default_factory=Limits)

    def mailbox(self, name: str) -> Mailbox:
        """The mailbox of that name; the first one when it is gone from the configuration (an orphan never crashes)."""
        return self.mailboxes.get(name) or next(iter(self.mailboxes.values()))

    @property
    def own_addresses(self) -> frozenset[str]:
        """The desk's own addresses (Address.key): never a requester, participant or recipient."""
        return frozenset(box.address.key for box in self.mailboxes.values())
