"""The first tables.

What happened to an incident is never rewritten: the database refuses to change or delete a line of a timeline.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE = """
CREATE TRIGGER timeline_{verb} BEFORE {verb} ON timeline
BEGIN SELECT RAISE(ABORT, 'the timeline is only appended to'); END
"""
_POSTGRESQL = (
    """
    CREATE FUNCTION timeline_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the timeline is only appended to'; END $$
    """,
    "CREATE TRIGGER timeline_rows BEFORE UPDATE OR DELETE ON timeline FOR EACH ROW EXECUTE FUNCTION timeline_refuse()",
    "CREATE TRIGGER timeline_whole BEFORE TRUNCATE ON timeline EXECUTE FUNCTION timeline_refuse()",
)

# Which words stand in a text, for looking incidents up. The words come folded, in any script, one blank between two.
_SEARCH = {
    "sqlite": (
        """
        CREATE VIRTUAL TABLE search
        USING fts5(words, content='', columnsize=0, detail='none', tokenize='ascii')
        """,
    ),
    "postgresql": (
        "CREATE TABLE search (id bigint CONSTRAINT pk_search PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX ix_search_words ON search USING gin (words)",
    ),
}


def _index(name: str, table: str, columns: list[str], only: str) -> None:
    """An index of just the rows that `only` names."""
    op.create_index(name, table, columns, sqlite_where=sa.text(only), postgresql_where=sa.text(only))


def upgrade() -> None:
    _own_facts()
    _incidents()
    _inbox()
    _mailboxes()
    _people()
    _around_incidents()
    _timeline()
    _timers()
    _outbox()
    _outbox_indexes()
    _letters()
    dialect = op.get_bind().dialect.name
    for statement in (*_append_only(dialect), *_SEARCH[dialect]):
        op.execute(statement)


def _own_facts() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "controls",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_controls")),
    )
    op.create_table(
        "beats",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_beats")),
    )
    op.create_table(
        "blobs",
        sa.Column("id", ID, sa.Identity(always=False), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("enc", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
        sa.UniqueConstraint("sha256", name=op.f("uq_blobs_sha256")),
        sqlite_autoincrement=True,
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", ID, sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("pinned", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("vip", sa.Boolean(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("waiting", sa.Text(), nullable=True),
        sa.Column("waiting_until", TIME, nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("updated_at", TIME, nullable=True),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("storm", sa.Text(), nullable=False),
        sa.Column("merged_into", ID, sa.ForeignKey("incidents.id"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incidents_requester", "incidents", ["requester", "id"])
    op.create_index("ix_incidents_status", "incidents", ["status", "id"])
    _index("ix_incidents_storm", "incidents", ["storm", "opened_at"], "storm <> ''")


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", ID, sa.Identity(always=False), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("incident_id", ID, nullable=True),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("handled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["blob"], ["blobs.sha256"], name=op.f("fk_inbox_blob")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_inbox_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_inbox_fingerprint")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_inbox_message_id"), "inbox", ["message_id"])
    _index("ix_inbox_undone", "inbox", ["id"], "state <> 'done'")


def _mailboxes() -> None:
    op.create_table(
        "mailboxes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("first_uid", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("scan_started_at", TIME, nullable=True),
        sa.Column("scan_done_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mailboxes")),
    )
    op.create_table(
        "sightings",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inbox_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_sightings_inbox_id")),
        sa.PrimaryKeyConstraint("mailbox", "uidvalidity", "uid", name=op.f("pk_sightings")),
    )
    _index("ix_sightings_unsettled", "sightings", ["mailbox", "uidvalidity", "uid"], "NOT settled")


def _people() -> None:
    op.create_table(
        "contacts",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("known_at", TIME, nullable=True),
        sa.Column("blocked_at", TIME, nullable=True),
        sa.Column("undeliverable_at", TIME, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_contacts")),
    )
    op.create_table(
        "confirmations",
        sa.Column("id", ID, sa.Identity(always=False), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("incident_id", ID, nullable=True),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("asked", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("said", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("inbox_id", ID, nullable=True),
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_confirmations_inbox_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_confirmations_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
        sa.UniqueConstraint("letter_id", name=op.f("uq_confirmations_letter_id")),
        sqlite_autoincrement=True,
    )


def _around_incidents() -> None:
    op.create_table(
        "participants",
        sa.Column("incident_id", ID, autoincrement=False, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("last_message_id", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_participants_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "email", name=op.f("pk_participants")),
    )
    op.create_table(
        "links",
        sa.Column("incident_id", ID, autoincrement=False, nullable=False),
        sa.Column("other_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_links_incident_id")),
        sa.ForeignKeyConstraint(["other_id"], ["incidents.id"], name=op.f("fk_links_other_id")),
        sa.PrimaryKeyConstraint("incident_id", "other_id", "kind", name=op.f("pk_links")),
    )
    op.create_index("ix_links_other_id", "links", ["other_id"])
    op.create_table(
        "message_ids",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_message_ids_incident_id")),
        sa.PrimaryKeyConstraint("message_id", "kind", name=op.f("pk_message_ids")),
    )


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("id", ID, sa.Identity(always=False), nullable=False),
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("trust", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("quoted", sa.Text(), nullable=True),
        sa.Column("enclosures", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("inbox_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_timeline_inbox_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_timeline_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_timeline_incident_id", "timeline", ["incident_id", "id"])


def _timers() -> None:
    op.create_table(
        "timers",
        sa.Column("id", ID, sa.Identity(always=False), nullable=False),
        sa.Column("incident_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_timers_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("incident_id", "kind", "level", name=op.f("uq_timers_incident_id")),
        sqlite_autoincrement=True,
    )
    _index("ix_timers_armed", "timers", ["due_at", "id"], "state = 'armed'")


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ID, sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("incident_id", ID, nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Text(), nullable=False),
        sa.Column("exempt", sa.Boolean(), nullable=False),
        sa.Column("to_email", sa.Text(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("to_key", sa.Text(), nullable=False),
        sa.Column("to_domain", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("give_up_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_at", TIME, nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_outbox_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        sqlite_autoincrement=True,
    )


def _outbox_indexes() -> None:
    _index("ix_outbox_ack", "outbox", ["created_at"], "automatic = 'ack'")
    _index("ix_outbox_ack_address", "outbox", ["to_address", "created_at"], "automatic = 'ack'")
    _index("ix_outbox_ack_domain", "outbox", ["to_domain", "created_at"], "automatic = 'ack'")
    op.create_index("ix_outbox_incident_id", "outbox", ["incident_id", "id"])
    op.create_index("ix_outbox_to_key", "outbox", ["to_key", "template", "created_at"])
    _index(
        "ix_outbox_undelivered",
        "outbox",
        ["to_address", "incident_id", "id"],
        "next_at IS NOT NULL OR leased_until IS NOT NULL",
    )
    _index("ix_outbox_unsent", "outbox", ["id"], "state NOT IN ('sent', 'dropped')")
    _index("ix_outbox_waiting", "outbox", ["next_at", "id"], "next_at IS NOT NULL")


def _letters() -> None:
    op.create_table(
        "letters",
        sa.Column("outbox_id", ID, autoincrement=False, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("inserts", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_letters_outbox_id")),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_letters")),
    )


def _append_only(dialect: str) -> tuple[str, ...]:
    if dialect == "sqlite":
        return tuple(_SQLITE.format(verb=verb) for verb in ("UPDATE", "DELETE"))
    return _POSTGRESQL
