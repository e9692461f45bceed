"""Timers: one row for each incident, kind and level; armed, due, fired once."""

from __future__ import annotations

import threading

from store_samples import HOUR, MINUTE, NOW, PLAIN

from maildesk.store.timers import Timer


def armed(unit) -> int:
    """An incident for timers to be about."""
    return unit.incidents.insert(PLAIN).id


def test_timers_are_due_in_the_order_of_their_time(database):
    with database.unit() as unit:
        incident = armed(unit)
        for level, ago in ((1, MINUTE), (2, HOUR), (3, -MINUTE)):
            unit.timers.set(incident, "remind", level, NOW - ago)
        due = unit.timers.due(NOW)
        assert [(timer.incident, timer.kind, timer.level, timer.due_at) for timer in due] == [
            (incident, "remind", 2, NOW - HOUR),
            (incident, "remind", 1, NOW - MINUTE),
        ]
        assert unit.timers.due(NOW, limit=1) == due[:1]
        assert unit.timers.next_due() == NOW - HOUR


def test_a_timer_is_due_at_its_very_time(database):
    with database.unit() as unit:
        unit.timers.set(armed(unit), "remind", 1, NOW)
        assert len(unit.timers.due(NOW)) == 1


def test_without_timers_nothing_is_due(database):
    with database.view() as view:
        assert view.timers.next_due() is None
        assert view.timers.due(NOW) == ()


def test_setting_a_timer_again_moves_it(database):
    with database.unit() as unit:
        incident = armed(unit)
        unit.timers.set(incident, "remind", 1, NOW - HOUR)
        unit.timers.set(incident, "remind", 1, NOW + HOUR)
        assert unit.timers.due(NOW) == ()
        assert unit.timers.next_due() == NOW + HOUR


def test_a_fired_or_dropped_timer_is_still_until_it_is_set_again(database):
    with database.unit() as unit:
        incident = armed(unit)
        unit.timers.set(incident, "remind", 1, NOW)
        (timer,) = unit.timers.due(NOW)
        assert [unit.timers.fire(timer.id), unit.timers.fire(timer.id)] == [True, False]
        assert unit.timers.due(NOW) == ()
        unit.timers.set(incident, "remind", 1, NOW)
        assert unit.timers.due(NOW) == (Timer(timer.id, incident, "remind", 1, NOW),)
        unit.timers.drop(incident, "remind")
        assert unit.timers.fire(timer.id) is False
        unit.timers.set(incident, "remind", 1, NOW)
        assert unit.timers.fire(timer.id) is True


def test_dropping_takes_every_level_of_one_kind_of_one_incident(database):
    with database.unit() as unit:
        one, two = armed(unit), armed(unit)
        for incident, kind, level in ((one, "remind", 1), (one, "remind", 2), (one, "close", 1), (two, "remind", 1)):
            unit.timers.set(incident, kind, level, NOW)
        unit.timers.drop(one, "remind")
        assert {(timer.incident, timer.kind) for timer in unit.timers.due(NOW)} == {(one, "close"), (two, "remind")}


def test_eight_threads_fire_one_timer_and_one_may_act(database, another):
    with database.unit() as unit:
        unit.timers.set(armed(unit), "remind", 1, NOW)
        (timer,) = unit.timers.due(NOW)
    start, fired = threading.Barrier(8), []

    def work(own) -> None:
        start.wait()
        with own.unit() as unit:
            fired.append(unit.timers.fire(timer.id))

    threads = [threading.Thread(target=work, args=(another(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fired) == [False] * 7 + [True]
