"""Waiting: how waits are written, and what they mean on the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.desk.incident import Waiting
from maildesk.desk.waiting import DAYS, UNITS, WHO, normal_wait, waiting_for

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 25, 14, 30, tzinfo=UTC)  # a Wednesday, 15:30 in Berlin, four days before summer time


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("", "requester"),
        ("user", "requester"),
        ("Vendor", "supplier"),
        ("2d user", "requester 2d"),
        ("change 1w", "change 1w"),
        ("4h", "requester 4h"),
        ("for the supplier", "supplier"),
        ("auf den Lieferanten", "supplier"),
        ("2 Tage Kunde", "requester 2d"),
        ("30 min", "requester 30m"),
        ("Änderung, 90m.", "change 90m"),
        ("auf Lieferant bis 24.12.2026", "supplier 2026-12-24"),
        ("until mon 9:00 vendor", "supplier mon 09:00"),
        ("until mon 9 vendor", "supplier mon 09:00"),
        ("bis Mi um 8 Uhr", "requester wed 08:00"),
        ("jusqu'au mercredi 14h", "requester wed 14:00"),
        ("hasta el miércoles", "requester wed"),
        ("Donners", "requester thu"),
        ("mañana 8:05 proveedor", "supplier tomorrow 08:05"),
        ("2026-12-24", "requester 2026-12-24"),
        ("2026-12-24 17:30", "requester 2026-12-24 17:30"),
        ("2026-12-24T17:30", "requester 2026-12-24 17:30"),
        ("2026-2-3", "requester 2026-02-03"),
        ("366d", "requester 366d"),
        ("0d", None),
        ("367d", None),
        ("9999w", None),
        ("99999d", None),
        ("2026-02-30", None),
        ("31.02.2026", None),
        ("9999-12-31", None),
        ("12/24/2026", None),
        ("mon 24:00", None),
        ("mon 9:60", None),
        ("2x", None),
        ("user vendor", None),
        ("a while", None),
        ("2d 3d", None),
        ("٣d", None),  # digits of another script are not guessed at
    ],
)
def test_a_wait_is_brought_into_its_normal_form(typed, normal):
    assert normal_wait(typed) == normal


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("value", "until"),
    [
        ("requester", None),
        ("requester 90m", datetime(2026, 3, 25, 16, 0, tzinfo=UTC)),
        ("requester 100h", datetime(2026, 3, 29, 18, 30, tzinfo=UTC)),
        ("requester 2d", berlin(2026, 3, 27, 15, 30)),
        ("requester 5d", berlin(2026, 3, 30, 15, 30)),  # over the change: the same hour on the wall
        ("requester 1w", berlin(2026, 4, 1, 15, 30)),
        ("requester 2026-12-24", berlin(2026, 12, 24, 9, 0)),
        ("requester 2026-12-24 17:30", berlin(2026, 12, 24, 17, 30)),
        ("requester wed", berlin(2026, 4, 1, 9, 0)),  # nine has passed today
        ("requester wed 16:00", berlin(2026, 3, 25, 16, 0)),
        ("requester thu", berlin(2026, 3, 26, 9, 0)),
        ("requester mon 09:00", berlin(2026, 3, 30, 9, 0)),
        ("requester tomorrow", berlin(2026, 3, 26, 9, 0)),
        ("requester 2020-01-01", berlin(2020, 1, 1, 9, 0)),
    ],
)
def test_a_wait_ends_by_the_clock_on_the_wall_of_the_desk(value, until):
    assert waiting_for(value, NOW, BERLIN) == (Waiting.REQUESTER, until)


def test_the_local_day_counts_not_that_of_greenwich():
    late = datetime(2026, 3, 25, 23, 30, tzinfo=UTC)  # Thursday 00:30 in Berlin
    assert waiting_for("supplier tomorrow", late, BERLIN) == (Waiting.SUPPLIER, berlin(2026, 3, 27, 9, 0))
    assert waiting_for("change thu", late, BERLIN) == (Waiting.CHANGE, berlin(2026, 3, 26, 9, 0))


PIECES = st.sampled_from(
    [*WHO, *UNITS, *DAYS, "2", "2d", "17:30", "9", "2026-05-06", "1.2.2027", "until", "0", "31.2.2026"]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=4).map(" ".join))
@settings(max_examples=100)
def test_a_normal_form_is_its_own_normal_form_and_always_has_a_meaning(typed):
    normal = normal_wait(typed)
    if normal is not None:
        assert normal_wait(normal) == normal
        who, until = waiting_for(normal, NOW, BERLIN)
        assert normal.split()[0] == who
        assert (until is None) == (" " not in normal)
