"""When letters are tried again: the schedule, its jitter, and the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import NOW

from maildesk.desk.retry import GIVE_UP, JITTER, SCHEDULE, GiveUp, TryAt, give_up_at, next_try

LATE = NOW + timedelta(days=5)


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 2), (3, 5), (4, 10), (5, 30), (6, 60), (7, 120), (8, 240), (30, 240)]
)
def test_pauses_grow_from_a_minute_to_four_hours(attempt, minutes):
    decision = next_try("x@acme.example", attempt, LATE, NOW, NOW)
    assert isinstance(decision, TryAt)
    pause = (decision.at - NOW).total_seconds() / 60
    assert minutes <= pause <= minutes * (1 + JITTER)


@pytest.mark.parametrize(("automatic", "days"), [("", 5), ("notice", 5), ("ack", 1)])
def test_a_human_word_is_tried_for_five_days_and_an_acknowledgement_for_one(automatic, days):
    assert give_up_at(automatic, NOW) == NOW + timedelta(days=days)


def test_what_would_come_too_late_is_given_up():
    created = NOW - timedelta(days=5) + timedelta(minutes=10)
    decision = next_try("x@acme.example", 9, created + GIVE_UP[""], created, NOW)
    assert decision == GiveUp(NOW - created)


def test_letters_put_off_together_do_not_come_back_together():
    times = {str(next_try(f"{n}@acme.example", 1, LATE, NOW, NOW)) for n in range(50)}
    assert len(times) > 40


@given(st.text(max_size=80), st.integers(min_value=1, max_value=1000))
def test_the_same_attempt_has_the_same_time_for_ever(message_id, attempt):
    first = next_try(message_id, attempt, LATE, NOW, NOW)
    assert first == next_try(message_id, attempt, LATE, NOW, NOW)
    assert isinstance(first, TryAt)
    assert timedelta(seconds=SCHEDULE[0]) <= first.at - NOW <= timedelta(seconds=SCHEDULE[-1] * (1 + JITTER))
