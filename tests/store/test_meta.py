"""What the database knows of itself: epochs, numbers that are left out, signs of life."""

from __future__ import annotations

from store_samples import HOUR, NOW, PLAIN, letter, receive

from maildesk.store.meta import Beat


def test_the_first_epoch_is_one_and_each_restore_begins_another(database):
    with database.unit() as unit:
        assert [unit.meta.epoch(), unit.meta.raise_epoch(), unit.meta.raise_epoch()] == [1, 2, 3]
    with database.view() as view:
        assert view.meta.epoch() == 3


def test_a_jump_leaves_out_numbers_in_every_table_even_an_empty_one(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN).id
        unit.meta.jump_numbers(1000)
    with database.unit() as unit:
        assert unit.incidents.insert(PLAIN).id > incident + 1000
        assert receive(unit, "the first") > 1000
        assert unit.outbox.add(letter("the first")) > 1000


def test_the_last_sign_of_life_of_each_role_is_kept(database):
    with database.unit() as unit:
        unit.meta.beat("clock", node="north", pid=10, now=NOW - HOUR)
        unit.meta.beat("clock", node="south", pid=20, now=NOW, note="waits for the database \x00")
        unit.meta.beat("handle", node="north", pid=10, now=NOW)
        assert unit.meta.beats() == (
            Beat("clock", "south", 20, NOW, "waits for the database �"),
            Beat("handle", "north", 10, NOW, ""),
        )
