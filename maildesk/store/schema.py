"""The schema's version, and how a database gets to the one this program was written for."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from maildesk.errors import SchemaError
from maildesk.store.migrations import REVISIONS

HEAD = REVISIONS[-1]
STEPS = Path(__file__).with_name("migrations")
_VERSION = sa.text("SELECT version_num FROM alembic_version")


def revision(connection: sa.Connection) -> str | None:
    """The revision this database is at; None where it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(_VERSION).scalar()
    return version


def check(found: str | None, database: str) -> None:
    """Raise SchemaError unless `found` is the revision of this program."""
    if found == HEAD:
        return
    refuse_newer(found, database)
    state = "is empty" if found is None else f"has the older schema {found}"
    raise SchemaError(f"{database} {state}, this maildesk needs {HEAD}; run `maildesk db upgrade`")


def refuse_newer(found: str | None, database: str) -> None:
    """Raise SchemaError where the revision is none that this program knows."""
    if found is not None and found not in REVISIONS:
        raise SchemaError(
            f"{database} was written by a newer maildesk (its schema is {found}, this one knows up to {HEAD});"
            " install that version again, or restore the backup made before its upgrade"
        )


def upgrade(connection: sa.Connection) -> None:
    """Bring the database up to HEAD within the transaction of `connection`."""
    # Imported here because a start of the program that finds everything in order does without it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # Alembic's options know %(names)s; a path with a percent sign stays a path.
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
