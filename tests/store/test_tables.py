"""The types both databases share, and the indexes that keep the loops from reading years of done rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from store_samples import NOW

from maildesk.store import inbox, incidents, outbox, tables, timers

TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    "value", [NOW, NOW.astimezone(TOKYO), NOW.replace(microsecond=0), datetime.max.replace(tzinfo=UTC)]
)
def test_a_point_in_time_comes_back_as_utc(database, value):
    with database.unit() as unit:
        unit.meta.beat("clock", node="", pid=1, now=value)
        (beat,) = unit.meta.beats()
    assert beat.at == value
    assert beat.at.tzinfo is UTC


def test_a_time_without_zone_is_refused(database):
    with pytest.raises(ValueError, match="without zone"), database.unit() as unit:
        unit.meta.beat("clock", node="", pid=1, now=NOW.replace(tzinfo=None))


def test_times_of_all_zones_are_ordered_as_points_in_time(database):
    with database.unit() as unit:
        for role, at in (("late", NOW), ("early", (NOW - timedelta(minutes=1)).astimezone(TOKYO))):
            unit.meta.beat(role, node="", pid=1, now=at)
        query = sa.select(tables.beats.c.role).order_by(tables.beats.c.at)
        assert unit.meta.connection.execute(query).scalars().all() == ["early", "late"]


# What the loops ask all day, and the index that must answer.
ASKED = {
    "mails to claim": (inbox._NEXT, "ix_inbox_undone"),
    "mails left claimed": (inbox._RECLAIM, "ix_inbox_undone"),
    "mails unfinished before a time": (inbox._BEFORE, "ix_inbox_undone"),
    "sightings to settle": (inbox._UNSETTLED, "ix_sightings_unsettled"),
    "due timers": (timers._DUE, "ix_timers_armed"),
    "the next timer": (timers._NEXT, "ix_timers_armed"),
    "due letters": (outbox._DUE, "ix_outbox_waiting"),
    "letters ahead of a letter": (outbox._DUE, "ix_outbox_undelivered"),
    "the next letter": (outbox._NEXT, "ix_outbox_waiting"),
    "acknowledgements to an address": (outbox._ACKS, "ix_outbox_ack_address"),
    "acknowledgements to a domain": (outbox._ACKS, "ix_outbox_ack_domain"),
    "storms": (incidents._STORM, "ix_incidents_storm"),
}


@pytest.mark.parametrize(("statement", "index"), ASKED.values(), ids=ASKED)
def test_what_the_loops_ask_all_day_is_answered_by_an_index(sqlite_url, statement, index):
    engine = sa.create_engine(sqlite_url)
    sql = str(statement.compile(engine))
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (1,) * sql.count("?")).all()
    engine.dispose()
    assert index in " ".join(str(row) for row in plan)
