"""The outbox: finished bytes, one sender at a time, in order, and never more than two copies by itself."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from store_samples import DAY, HOUR, MINUTE, NOW, PLAIN, letter

from maildesk.errors import Conflict, UsageError
from maildesk.mail.message import Address, Frozen
from maildesk.store.outbox import AckCounts


def put(unit, name: str, **changes: object) -> int:
    number = unit.outbox.add(letter(name, **changes))
    assert number is not None
    return number


def leased(unit, now=NOW, **wanted) -> list[int]:
    return [one.id for one in unit.outbox.lease(now, **wanted)]


def state(unit, number: int) -> str:
    return unit.outbox.info(number).state


def test_a_leased_letter_is_the_letter_that_was_added(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN)
        row = letter("one", incident=incident.id, automatic="notice", exempt=True)
        number = unit.outbox.add(row)
    with database.unit() as unit:
        (got,) = unit.outbox.lease(NOW, seconds=90)
        assert unit.outbox.frozen(number) == row.frozen
    for name in ("message_id", "incident", "template", "automatic", "to", "to_key", "subject", "envelope", "cause"):
        assert getattr(got, name) == getattr(row, name)
    assert (got.id, got.created_at, got.give_up_at) == (number, NOW, NOW + 5 * DAY)
    assert (got.attempts, got.copies, got.leased_until) == (1, 0, NOW + 1.5 * MINUTE)


def test_a_letter_added_again_is_the_letter_that_is_there(database):
    with database.unit() as unit:
        number = put(unit, "one")
        assert unit.outbox.add(letter("one", frozen=Frozen(b"other", b"bytes"))) is None
        assert unit.outbox.frozen(number) == letter("one").frozen
        assert unit.outbox.by_message_id("one@desk.example").id == number
        assert unit.outbox.by_message_id("two@desk.example") is None


def test_bytes_that_are_not_there_are_asked_for_in_vain(database):
    with database.view() as view, pytest.raises(UsageError, match="no letter 7"):
        view.outbox.frozen(7)


def test_a_letter_is_leased_to_one_at_a_time(database):
    with database.unit() as unit:
        number = put(unit, "one")
        assert leased(unit) == [number]
        assert leased(unit, NOW + DAY) == []
        assert unit.outbox.next_due() is None


def test_eight_nodes_lease_forty_letters_and_none_gets_one_of_another(database, another):
    with database.unit() as unit:
        numbers = [put(unit, f"letter {n}") for n in range(40)]
    start, got = threading.Barrier(8), []

    def work(own) -> None:
        start.wait()
        for _ in range(5):
            with own.unit() as unit:
                got.extend(leased(unit, limit=1))

    threads = [threading.Thread(target=work, args=(another(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == numbers


def test_letters_leave_in_the_order_of_their_time_and_then_of_their_number(database):
    with database.unit() as unit:
        later = put(unit, "later", not_before=NOW + MINUTE)
        second = put(unit, "second", created_at=NOW - MINUTE)
        third = put(unit, "third", created_at=NOW - MINUTE)
        first = put(unit, "first", created_at=NOW - HOUR)
        assert unit.outbox.next_due() == NOW - HOUR
        assert leased(unit, limit=2) == [first, second]
        assert leased(unit) == [third]
        assert unit.outbox.next_due() == NOW + MINUTE
        assert leased(unit, NOW + MINUTE) == [later]


def test_letters_about_one_incident_to_one_person_keep_their_order(database):
    with database.unit() as unit:
        one, two = unit.incidents.insert(PLAIN).id, unit.incidents.insert(PLAIN).id
        first, second = put(unit, "first", incident=one), put(unit, "second", incident=one)
        of_another = put(unit, "of another", incident=two)
        to_another = put(unit, "to another", incident=one, to=Address("bob@acme.example"))
        assert leased(unit) == [first, of_another, to_another]
        assert leased(unit) == []  # the first is on its way
        unit.outbox.deferred(first, until=NOW + HOUR, code=451, reply="greylisted")
        assert unit.outbox.next_due() == NOW + HOUR
        assert leased(unit, NOW + MINUTE) == []  # and still not there
        assert leased(unit, NOW + HOUR) == [first]
        unit.outbox.sent(first, now=NOW + HOUR)
        assert leased(unit, NOW + HOUR) == [second]


@pytest.mark.parametrize("end", ["failed", "dropped", "held", "ambiguous for good"])
def test_a_letter_that_will_not_leave_holds_nobody_back(database, end):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN).id
        first = put(unit, "first", incident=incident, held=end == "held", automatic="ack")
        second = put(unit, "second", incident=incident)
        if end == "dropped":
            unit.outbox.drop(first, now=NOW)
        elif end == "failed":
            assert leased(unit) == [first]
            unit.outbox.failed(first, now=NOW, code=550, reply="no such user")
        elif end == "ambiguous for good":
            assert leased(unit) == [first]
            unit.outbox.ambiguous(first, again=NOW, code=0, reply="no answer")
        assert leased(unit) == [second]


def test_the_case_of_an_address_makes_no_other_person(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN).id
        first = put(unit, "first", incident=incident, to=Address("Mia@acme.example"))
        put(unit, "second", incident=incident, to=Address("mia@acme.example"))
        assert leased(unit) == [first]


def test_what_the_server_said_is_remembered(database):
    with database.unit() as unit:
        sent, deferred, failed, back = (put(unit, name) for name in ("sent", "deferred", "failed", "back"))
        unit.outbox.lease(NOW)
        unit.outbox.sent(sent, now=NOW + MINUTE, code=250, reply="2.0.0 queued as 4F2")
        unit.outbox.deferred(deferred, until=NOW + HOUR, code=451, reply="4.7.1 greylisted \x00")
        unit.outbox.failed(failed, now=NOW + MINUTE, code=550, reply="5.1.1 unknown")
        unit.outbox.give_back(back, until=NOW + MINUTE, code=535, reply="login refused")
        rows = [unit.outbox.info(number) for number in (sent, deferred, failed, back)]
    assert [(r.state, r.code, r.next_at, r.settled_at, r.attempts, r.copies, r.leased_until) for r in rows] == [
        ("sent", 250, None, NOW + MINUTE, 1, 1, None),
        ("deferred", 451, NOW + HOUR, None, 1, 0, None),
        ("failed", 550, None, NOW + MINUTE, 1, 0, None),
        ("deferred", 535, NOW + MINUTE, None, 0, 0, None),
    ]
    assert rows[1].reply == "4.7.1 greylisted �"


@pytest.mark.parametrize(("automatic", "copies"), [("", 2), ("notice", 2), ("ack", 1)])
def test_a_lost_answer_makes_one_more_copy_but_none_of_an_acknowledgement(database, automatic, copies):
    with database.unit() as unit:
        number = put(unit, "one", automatic=automatic)
        now, sent = NOW, 0
        while leased(unit, now) == [number]:
            sent += 1
            unit.outbox.ambiguous(number, again=now + MINUTE, code=0, reply="no answer after the final dot")
            assert leased(unit, now) == []
            now += MINUTE
        assert (sent, unit.outbox.info(number).copies, state(unit, number)) == (copies, copies, "ambiguous")


def test_a_second_copy_that_is_put_off_stays_the_second(database):
    with database.unit() as unit:
        number = put(unit, "one")
        leased(unit)
        unit.outbox.ambiguous(number, again=NOW, code=0, reply="no answer")
        leased(unit)
        unit.outbox.deferred(number, until=NOW, code=451, reply="later")
        leased(unit)
        unit.outbox.ambiguous(number, again=NOW, code=0, reply="no answer again")
        assert leased(unit, NOW + DAY) == []
        assert unit.outbox.info(number).copies == 2


def test_a_lease_that_ran_out_is_a_lost_answer(database):
    with database.unit() as unit:
        answer, ack, running = put(unit, "answer"), put(unit, "ack", automatic="ack"), put(unit, "running")
        leased(unit, limit=2, seconds=60)
        leased(unit, limit=1, seconds=3600)
        assert unit.outbox.recover(NOW + MINUTE) == 2
        assert [state(unit, number) for number in (answer, ack, running)] == ["ambiguous", "ambiguous", "sending"]
        assert leased(unit, NOW + MINUTE) == [answer]
        assert unit.outbox.recover(NOW + MINUTE, all_leases=True) == 2
        assert leased(unit, NOW + MINUTE) == [running]


def test_a_late_truth_counts_the_copy_once(database):
    with database.unit() as unit:
        number = put(unit, "one")
        leased(unit, seconds=1)
        unit.outbox.recover(NOW + MINUTE)
        unit.outbox.sent(number, now=NOW + MINUTE)
        assert (state(unit, number), unit.outbox.info(number).copies) == ("sent", 1)
        assert leased(unit, NOW + DAY) == []


@pytest.mark.parametrize(
    "end",
    [
        lambda outbox, number: outbox.sent(number, now=NOW),
        lambda outbox, number: outbox.failed(number, now=NOW, code=550, reply=""),
        lambda outbox, number: outbox.deferred(number, until=NOW, code=450, reply=""),
        lambda outbox, number: outbox.give_back(number, until=NOW, code=450, reply=""),
        lambda outbox, number: outbox.ambiguous(number, again=NOW, code=0, reply=""),
    ],
    ids=["sent", "failed", "deferred", "given back", "ambiguous"],
)
def test_only_a_letter_on_its_way_can_arrive_or_fail(database, end):
    with database.unit() as unit:
        number = put(unit, "one")
        with pytest.raises(Conflict):
            end(unit.outbox, number)
        assert state(unit, number) == "pending"


def test_held_letters_wait_for_a_human(database):
    with database.unit() as unit:
        number = put(unit, "one", held=True)
        assert (leased(unit, NOW + DAY), unit.outbox.next_due()) == ([], None)
        unit.outbox.retry(number, now=NOW)
        assert leased(unit) == [number]


def test_a_human_may_try_again_or_drop_what_is_neither_sent_nor_on_its_way(database):
    with database.unit() as unit:
        failed, sent = put(unit, "failed"), put(unit, "sent")
        leased(unit)
        for change in (unit.outbox.retry, unit.outbox.drop):
            with pytest.raises(Conflict):
                change(failed, now=NOW)
        unit.outbox.failed(failed, now=NOW, code=550, reply="")
        unit.outbox.sent(sent, now=NOW)
        for change in (unit.outbox.retry, unit.outbox.drop):
            with pytest.raises(Conflict):
                change(sent, now=NOW)
        unit.outbox.retry(failed, now=NOW)
        assert (state(unit, failed), unit.outbox.info(failed).settled_at) == ("pending", None)
        unit.outbox.drop(failed, now=NOW)
        assert (state(unit, failed), leased(unit, NOW + DAY)) == ("dropped", [])


def test_nothing_leaves_a_paused_outbox(database, another):
    with database.unit() as unit:
        number = put(unit, "one")
        for _ in range(2):
            unit.outbox.pause(paused=True)
    with another().unit() as unit:
        assert unit.outbox.paused()
        assert (leased(unit), unit.outbox.next_due()) == ([], None)
        unit.outbox.pause(paused=False)
        assert not unit.outbox.paused()
        assert leased(unit) == [number]


def acknowledge(unit, name: str, address: str, ago, **changes: object) -> None:
    put(unit, name, to=Address(address), automatic="ack", created_at=NOW - ago, **changes)


def test_acknowledgements_are_counted_by_address_domain_and_in_all(database):
    with database.unit() as unit:
        acknowledge(unit, "just now", "Mia@acme.example", MINUTE)
        acknowledge(unit, "ten minutes ago", "mia@acme.example", 10 * MINUTE)
        acknowledge(unit, "an hour ago", "mia@acme.example", HOUR)
        acknowledge(unit, "yesterday", "mia@acme.example", DAY)
        acknowledge(unit, "a colleague", "bob@acme.example", MINUTE, held=True)
        acknowledge(unit, "a customer", "eve@acme.example", MINUTE, exempt=True)
        acknowledge(unit, "elsewhere", "zoe@else.example", MINUTE)
        put(unit, "an answer", created_at=NOW)
        assert unit.outbox.ack_counts("mia@acme.example", "acme.example", NOW) == AckCounts(1, 3, 3, 4)
        assert unit.outbox.ack_counts("eve@acme.example", "acme.example", NOW) == AckCounts(1, 1, 3, 4)
        assert unit.outbox.ack_counts("new@third.example", "third.example", NOW) == AckCounts(0, 0, 0, 4)


def test_letters_of_one_sort_to_one_person_are_counted(database):
    with database.unit() as unit:
        for name, key, template, ago in (
            ("one", "@ann", "refused", MINUTE),
            ("two", "@ann", "refused", HOUR),
            ("three", "@ann", "answer", MINUTE),
            ("four", "@bob", "refused", MINUTE),
        ):
            unit.outbox.add(replace(letter(name), to_key=key, template=template, created_at=NOW - ago))
        assert unit.outbox.count_to("@ann", "refused", NOW - 10 * MINUTE) == 1
        assert unit.outbox.count_to("@ann", "refused", NOW - DAY) == 2
