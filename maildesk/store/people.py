"""People as the desk has met them: what is known of an address, and requests that wait for a typed confirmation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maildesk.desk.commands import Asked
from maildesk.desk.effects import Ask
from maildesk.desk.events import Pending, Said
from maildesk.errors import Conflict
from maildesk.store import tables
from maildesk.store.forms import asked_form, asked_from, said_form, said_from

_contacts, _confirmations = tables.contacts, tables.confirmations
_BY_EMAIL = sa.select(_contacts).where(_contacts.c.email.in_(sa.bindparam("emails", expanding=True)))
_NEW = tables.insert_once(_contacts, "email")

# mark -> the column it dates, and whether it sets or clears it
MARKS: Mapping[str, tuple[str, bool]] = {
    "known": ("known_at", True),
    "blocked": ("blocked_at", True),
    "unblocked": ("blocked_at", False),
    "undeliverable": ("undeliverable_at", True),
    "deliverable": ("undeliverable_at", False),
}
_this = _contacts.c.email == sa.bindparam("this")
_MARK = {
    mark: sa.update(_contacts)
    .where(_this)
    .values({column: sa.bindparam("at") if set_ else sa.null(), "reason": sa.bindparam("why", type_=tables.Remark)})
    for mark, (column, set_) in MARKS.items()
}
_NAME = sa.update(_contacts).where(_this).values(name=sa.bindparam("called"))
_LANGUAGE = sa.update(_contacts).where(_this).values(language=sa.bindparam("spoken"))

_ASK = sa.insert(_confirmations)
_PENDING = sa.select(_confirmations).where(
    _confirmations.c.letter_id == sa.bindparam("letter"),
    _confirmations.c.used_at.is_(None),
    _confirmations.c.expires_at > sa.bindparam("now"),
)
_UNANSWERED = (
    sa.select(sa.func.count())
    .select_from(_confirmations)
    .where(
        _confirmations.c.person == sa.bindparam("person"),
        _confirmations.c.used_at.is_(None),
        _confirmations.c.created_at >= sa.bindparam("since"),
    )
)
_USE = (
    sa.update(_confirmations)
    .where(_confirmations.c.id == sa.bindparam("this"), _confirmations.c.used_at.is_(None))
    .values(used_at=sa.bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Contact:
    """What is remembered of one address: since when it is known, blocked, undeliverable (None: it is not)."""

    email: str  # Address.key
    name: str = ""
    known_at: datetime | None = None
    blocked_at: datetime | None = None
    undeliverable_at: datetime | None = None
    reason: str = ""  # of the last mark
    language: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """Contacts and confirmations within one transaction."""

    connection: sa.Connection

    def contact(self, email: str) -> Contact | None:
        return self.contacts([email]).get(email)

    def contacts(self, emails: Collection[str]) -> dict[str, Contact]:
        """Those of these addresses (Address.key) of which anything is remembered, in one query."""
        if not emails:
            return {}
        rows = self.connection.execute(_BY_EMAIL, {"emails": list(emails)}).all()
        return {row.email: Contact(*row) for row in rows}

    def mark(self, email: str, mark: str, reason: str, now: datetime, name: str = "") -> None:
        """Remember `mark` (a word of MARKS) of this address, and why."""
        self._ensure(email)
        self.connection.execute(_MARK[mark], {"this": email, "at": now, "why": reason})
        if name:
            self.connection.execute(_NAME, {"this": email, "called": name})

    def speaks(self, email: str, language: str) -> None:
        """Remember the language this address writes in."""
        self._ensure(email)
        self.connection.execute(_LANGUAGE, {"this": email, "spoken": language})

    def _ensure(self, email: str) -> None:
        row = {"email": email, "name": "", "reason": "", "language": ""}
        self.connection.execute(_NEW[self.connection.dialect.name], row)

    def ask(self, ask: Ask, *, incident_id: int | None, letter_id: str, now: datetime, expires_at: datetime) -> int:
        """Keep a request until its confirmation comes as an answer to the letter `letter_id`; return its id."""
        row = {
            "person": ask.person,
            "incident_id": incident_id,
            "word": ask.word,
            "asked": asked_form(ask.asked),
            "said": said_form(ask.said),
            "inbox_id": ask.inbox_id,
            "letter_id": letter_id,
            "created_at": now,
            "expires_at": expires_at,
        }
        result = self.connection.execute(_ASK, row)
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])

    def confirmation(self, letter_id: str, now: datetime) -> Pending | None:
        """The request that an answer to this letter confirms; None where it is used up or too old."""
        row = self.connection.execute(_PENDING, {"letter": letter_id, "now": now}).first()
        if row is None:
            return None
        asked: Asked = asked_from(row.asked)
        said: Said = said_from(row.said)
        return Pending(row.id, row.person, row.incident_id, row.word, asked, said, row.inbox_id, row.created_at)

    def unanswered(self, person: str, since: datetime) -> int:
        """How many requests were made of this person since then, and not confirmed."""
        return self.connection.execute(_UNANSWERED, {"person": person, "since": since}).scalar_one()

    def use_confirmation(self, confirmation_id: int, now: datetime) -> None:
        """Use the request up. Raises Conflict where somebody has."""
        if self.connection.execute(_USE, {"this": confirmation_id, "now": now}).rowcount != 1:
            raise Conflict(f"confirmation {confirmation_id} is used up")
