"""The tables: every column of the database, and the few types both databases share.

SQLite and PostgreSQL hold the same tables. The migrations build them (migrations/versions), and a test keeps the two
descriptions equal. Three rules shape them. Ids never come back, not even that of a deleted highest row. Bytes lie
only in rows that are never changed (`blobs`, `letters`), for each change of a row in SQLite or PostgreSQL writes the
whole row again. Whatever a loop looks for all day (unfinished mails, armed timers, due letters) has an index of just
these rows, so that looking costs nothing however many years of done rows lie beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A point in time. Naive values are refused; what comes out is aware UTC (SQLite keeps no zone by itself)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- signature
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone is no point in time: {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Remark(sa.types.TypeDecorator[str]):
    """What a server, a driver or an exception said, kept whatever it holds.

    PostgreSQL takes no NUL in a text, and neither database a lone surrogate; an error must not fail because of the
    words it is told with.
    """

    impl = sa.Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 -- signature
        if value is None:
            return None
        return value.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")


# SQLite counts ids up only in a column that is called INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MAX_ID = 2**63 - 1

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
}
metadata = sa.MetaData(naming_convention=NAMES)


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, sa.Identity(), primary_key=True)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True))


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _time(name: str, *, null: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime, nullable=null)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _of(name: str, target: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, Id, sa.ForeignKey(target), nullable=null)


def _only(where: str) -> dict[str, Any]:
    """An index of just the rows that `where` names; a query uses it when it says the very same words."""
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


# The conditions of the partial indexes, said once for the index and for the query.
UNDONE = "state <> 'done'"
UNSENT = "state NOT IN ('sent', 'dropped')"
ARMED = "state = 'armed'"
WAITING = "next_at IS NOT NULL"
UNDELIVERED = "next_at IS NOT NULL OR leased_until IS NOT NULL"
ACKNOWLEDGES = "automatic = 'ack'"

meta = sa.Table("meta", metadata, sa.Column("key", sa.Text, primary_key=True), _text("value"))

controls = sa.Table("controls", metadata, sa.Column("key", sa.Text, primary_key=True), _text("value"))

beats = sa.Table(
    "beats",
    metadata,
    sa.Column("role", sa.Text, primary_key=True),
    _text("node"),
    _number("pid"),
    _time("at", null=False),
    sa.Column("note", Remark, nullable=False),
)

blobs = sa.Table(
    "blobs",
    metadata,
    _id(),
    sa.Column("sha256", sa.Text, nullable=False, unique=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    _text("enc"),  # "" as it is; the seam for compressed bytes
    sa.Column("data", sa.LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

inbox = sa.Table(
    "inbox",
    metadata,
    _id(),
    sa.Column("fingerprint", sa.Text, nullable=False, unique=True),
    sa.Column("message_id", sa.Text, index=True),
    sa.Column("blob", sa.Text, sa.ForeignKey("blobs.sha256"), nullable=False),
    _text("mailbox"),
    _time("received_at", null=False),  # when it reached the mailbox
    _time("arrived_at", null=False),  # when it reached this table
    sa.Column("size", sa.BigInteger, nullable=False),
    _text("state"),  # received | claimed | done | quarantined
    _number("attempts"),
    _text("kind"),
    _text("action"),
    sa.Column("reason", Remark, nullable=False),
    _text("sender"),
    _text("subject"),
    _of("incident_id", "incidents.id", null=True),
    _time("claimed_at"),
    _time("handled_at"),
    sa.Index("ix_inbox_undone", "id", **_only(UNDONE)),
    sqlite_autoincrement=True,
)

sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("mailbox", sa.Text, primary_key=True),
    sa.Column("uidvalidity", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("uid", sa.BigInteger, primary_key=True, autoincrement=False),
    _of("inbox_id", "inbox.id"),
    _time("at", null=False),
    _flag("settled"),
    sa.Index("ix_sightings_unsettled", "mailbox", "uidvalidity", "uid", **_only("NOT settled")),
)

mailboxes = sa.Table(
    "mailboxes",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("first_uid", sa.BigInteger, nullable=False),
    sa.Column("last_uid", sa.BigInteger, nullable=False),
    _time("scan_started_at"),
    _time("scan_done_at"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    _id(),
    _number("version"),
    _text("mailbox"),
    _text("prefix"),
    _text("title"),
    _text("requester"),
    _time("opened_at", null=False),
    _text("status"),
    _text("type"),
    _text("category"),
    _text("group", null=True),
    _text("assignee", null=True),
    _text("impact"),
    _text("urgency"),
    _text("priority"),
    _json("pinned"),
    _text("organisation", null=True),
    _flag("vip"),
    _flag("known"),
    _text("language"),
    _text("waiting", null=True),
    _time("waiting_until"),
    _text("resolution"),
    _time("resolved_at"),
    _time("closed_at"),
    _text("answered_by", null=True),
    _time("answered_at"),
    _time("updated_at"),
    _json("tags"),
    _flag("silent"),
    _text("storm"),
    _of("merged_into", "incidents.id", null=True),
    sa.Index("ix_incidents_status", "status", "id"),
    sa.Index("ix_incidents_storm", "storm", "opened_at", **_only("storm <> ''")),
    sa.Index("ix_incidents_requester", "requester", "id"),
    sqlite_autoincrement=True,
)

participants = sa.Table(
    "participants",
    metadata,
    sa.Column("incident_id", Id, sa.ForeignKey("incidents.id"), primary_key=True, autoincrement=False),
    sa.Column("email", sa.Text, primary_key=True),
    _text("name"),
    _text("role"),
    _text("last_message_id", null=True),
    _number("position"),
)

timeline = sa.Table(
    "timeline",
    metadata,
    _id(),
    _of("incident_id", "incidents.id"),
    _time("at", null=False),
    _text("entry"),
    sa.Column("text", Remark, nullable=False),  # it may quote what a server answered
    _flag("public"),
    _text("actor"),
    _text("actor_name"),
    sa.Column("why", Remark, nullable=False),
    _text("trust"),
    _text("words", null=True),  # what was said, where somebody said something
    _text("html", null=True),
    _text("signature", null=True),
    _text("quoted", null=True),
    _json("enclosures"),
    _json("data"),
    _of("inbox_id", "inbox.id", null=True),
    sa.Index("ix_timeline_incident_id", "incident_id", "id"),
    sqlite_autoincrement=True,
)

links = sa.Table(
    "links",
    metadata,
    sa.Column("incident_id", Id, sa.ForeignKey("incidents.id"), primary_key=True, autoincrement=False),
    sa.Column("other_id", Id, sa.ForeignKey("incidents.id"), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Index("ix_links_other_id", "other_id"),
)

message_ids = sa.Table(
    "message_ids",
    metadata,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # mail: it came; expected: a mail that came refers to it
    _of("incident_id", "incidents.id"),
    _text("email"),
)

timers = sa.Table(
    "timers",
    metadata,
    _id(),
    _of("incident_id", "incidents.id"),
    _text("kind"),
    _number("level"),
    _time("due_at", null=False),
    _text("state"),  # armed | fired | dropped
    sa.UniqueConstraint("incident_id", "kind", "level"),
    sa.Index("ix_timers_armed", "due_at", "id", **_only(ARMED)),
    sqlite_autoincrement=True,
)

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("email", sa.Text, primary_key=True),
    _text("name"),
    _time("known_at"),
    _time("blocked_at"),
    _time("undeliverable_at"),
    sa.Column("reason", Remark, nullable=False),
    _text("language"),
)

confirmations = sa.Table(
    "confirmations",
    metadata,
    _id(),
    _text("person"),
    _of("incident_id", "incidents.id", null=True),
    _text("word"),
    _json("asked"),
    _json("said"),
    _of("inbox_id", "inbox.id", null=True),
    sa.Column("letter_id", sa.Text, nullable=False, unique=True),
    _time("created_at", null=False),
    _time("expires_at", null=False),
    _time("used_at"),
    sqlite_autoincrement=True,
)

outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    _of("incident_id", "incidents.id", null=True),
    _text("template"),
    _text("automatic"),  # ack | notice | "" (a human's words)
    _flag("exempt"),  # an acknowledgement outside the budgets of its domain and of all
    _text("to_email"),  # as it is written to; `to_address` is what addresses are compared by
    _text("to_address"),
    _text("to_name"),
    _text("to_key"),
    _text("to_domain"),
    _text("subject"),
    _text("envelope"),
    _text("cause"),
    _time("created_at", null=False),
    _time("give_up_at", null=False),
    _text("state"),  # pending | sending | sent | deferred | failed | ambiguous | held | dropped
    _time("next_at"),  # when it is tried next; none: not by itself
    _time("leased_until"),  # only while sending
    _number("attempts"),
    _number("copies"),  # how many times the final dot may have left us
    _time("settled_at"),  # when it was sent, failed or dropped
    _number("code"),
    sa.Column("reply", Remark, nullable=False),
    sa.Index("ix_outbox_waiting", "next_at", "id", **_only(WAITING)),
    sa.Index("ix_outbox_undelivered", "to_address", "incident_id", "id", **_only(UNDELIVERED)),
    sa.Index("ix_outbox_unsent", "id", **_only(UNSENT)),
    sa.Index("ix_outbox_incident_id", "incident_id", "id"),
    sa.Index("ix_outbox_to_key", "to_key", "template", "created_at"),
    sa.Index("ix_outbox_ack_address", "to_address", "created_at", **_only(ACKNOWLEDGES)),
    sa.Index("ix_outbox_ack_domain", "to_domain", "created_at", **_only(ACKNOWLEDGES)),
    sa.Index("ix_outbox_ack", "created_at", **_only(ACKNOWLEDGES)),
    sqlite_autoincrement=True,
)

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("outbox_id", Id, sa.ForeignKey("outbox.id"), primary_key=True, autoincrement=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    _json("inserts"),  # [[offset into body, sha256], ...]
)

# SQLAlchemy has no INSERT ... ON CONFLICT of its own, only one for each database; both are built once.
Either = Mapping[str, sa.Insert]


def insert_once(table: sa.Table, *keys: str) -> Either:
    """An insert that does nothing where a row of that key stands already."""
    return {
        "sqlite": sqlite.insert(table).on_conflict_do_nothing(index_elements=keys),
        "postgresql": postgresql.insert(table).on_conflict_do_nothing(index_elements=keys),
    }


def upsert(table: sa.Table, keys: Sequence[str], fields: Sequence[str]) -> Either:
    """An insert that sets `fields` where a row of that key stands already."""
    ours, theirs = sqlite.insert(table), postgresql.insert(table)
    return {
        "sqlite": ours.on_conflict_do_update(index_elements=keys, set_={f: ours.excluded[f] for f in fields}),
        "postgresql": theirs.on_conflict_do_update(index_elements=keys, set_={f: theirs.excluded[f] for f in fields}),
    }
