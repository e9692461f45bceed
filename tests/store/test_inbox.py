"""The inbox: a mail is received once, claimed by one, and counted before anybody looks at it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from store_samples import DAY, HOUR, MINUTE, NOW, PLAIN, finish, receive

from maildesk.errors import Conflict, UsageError
from maildesk.store.inbox import Added, MailboxState


def add(
    unit, fingerprint: str, sighting: tuple[int, int] | None, raw: bytes = b"raw", mailbox: str = "support"
) -> Added:
    return unit.inbox.add(
        raw,
        fingerprint=fingerprint,
        message_id=None,
        mailbox=mailbox,
        received_at=NOW,
        now=NOW,
        sighting=sighting,
    )


def ids(batch) -> list[int]:
    return [mail.id for mail in batch]


def test_a_mail_is_kept_with_its_bytes(database):
    with database.unit() as unit:
        number = receive(unit, "one", at=NOW - HOUR)
    with database.unit() as unit:
        (mail,) = unit.inbox.claim(NOW)
        assert unit.inbox.raw(number) == b"one"
    assert (mail.id, mail.fingerprint, mail.mailbox) == (number, "print-one", "support")
    assert (mail.message_id, mail.received_at, mail.attempts, mail.size) == ("one@acme.example", NOW - HOUR, 1, 3)


def test_bytes_that_are_not_there_are_asked_for_in_vain(database):
    with database.unit() as unit, pytest.raises(UsageError, match="no mail 7"):
        unit.inbox.raw(7)


def test_a_known_fingerprint_only_gains_a_sighting(database):
    with database.unit() as unit:
        first = add(unit, "same", (1, 10))
        again = add(unit, "same", (1, 11), raw=b"the same mail with another trace header")
        assert (first.duplicate, again) == (False, Added(first.id, duplicate=True))
        assert unit.inbox.known_uids("support", 1, [9, 10, 11]) == {10: False, 11: False}
        assert unit.inbox.raw(first.id) == b"raw"
    with database.unit() as unit:
        assert ids(unit.inbox.claim(NOW)) == [first.id]


def test_a_sighting_seen_twice_is_one(database):
    with database.unit() as unit:
        for _ in range(2):
            add(unit, "same", (1, 10))
        unit.inbox.settle("support", 1, [10])
        add(unit, "same", (1, 10))
        assert unit.inbox.known_uids("support", 1, [10]) == {10: True}


def test_a_mail_without_mailbox_needs_no_sighting(database):
    with database.unit() as unit:
        add(unit, "piped", None)
        assert unit.inbox.known_uids("support", 1, [1]) == {}


def test_sightings_belong_to_one_mailbox_and_one_uidvalidity(database):
    with database.unit() as unit:
        add(unit, "one", (1, 10))
        add(unit, "two", (2, 11))
        add(unit, "three", (1, 12), mailbox="sales")
        assert unit.inbox.known_uids("support", 1, range(1, 2000)) == {10: False}
        assert unit.inbox.unsettled("support", 2) == [11]
        assert unit.inbox.unsettled("sales", 1) == [12]


def test_what_is_settled_need_not_be_settled_again(database):
    with database.unit() as unit:
        for uid in (30, 10, 20):
            add(unit, f"mail {uid}", (1, uid))
        assert unit.inbox.unsettled("support", 1) == [10, 20, 30]
        assert unit.inbox.unsettled("support", 1, limit=2) == [10, 20]
        unit.inbox.settle("support", 1, [10, 30])
        assert unit.inbox.unsettled("support", 1) == [20]
        assert unit.inbox.known_uids("support", 1, [10, 20, 30]) == {10: True, 20: False, 30: True}


def test_more_uids_than_a_statement_takes_are_looked_up_in_pieces(database):
    with database.unit() as unit:
        for uid in (1, 600, 1999):
            add(unit, f"mail {uid}", (4_294_967_295, uid))
        assert set(unit.inbox.known_uids("support", 4_294_967_295, range(1, 2000))) == {1, 600, 1999}


def test_a_mailbox_remembers_how_far_it_was_read(database):
    state = MailboxState("support", 4_294_967_295, 17, 20)
    with database.unit() as unit:
        assert unit.inbox.mailbox("support") is None
        unit.inbox.save_mailbox(state)
        assert unit.inbox.mailbox("support") == state
        assert unit.inbox.scans() == {}
        scanned = MailboxState("support", 4_294_967_295, 17, 25, NOW - MINUTE, NOW)
        unit.inbox.save_mailbox(scanned)
        assert unit.inbox.mailbox("support") == scanned
        assert unit.inbox.scans() == {"support": NOW - MINUTE}


def test_claims_go_from_the_oldest_to_the_newest_and_end(database):
    with database.unit() as unit:
        numbers = [receive(unit, f"mail {n}", at=NOW - n * MINUTE) for n in range(30)]
    with database.unit() as unit:
        first = ids(unit.inbox.claim(NOW))
    with database.unit() as unit:
        second = ids(unit.inbox.claim(NOW))
        assert unit.inbox.claim(NOW) == ()
    assert (first, second) == (numbers[:25], numbers[25:])


def test_a_batch_ends_before_it_grows_too_big_but_holds_one_mail_at_least(database):
    with database.unit() as unit:
        numbers = [receive(unit, f"mail {n}", size=size) for n, size in enumerate((400, 400, 300, 5000, 10))]
    sizes = []
    for _ in range(4):
        with database.unit() as unit:
            sizes.append(ids(unit.inbox.claim(NOW, max_bytes=1000)))
    assert sizes == [numbers[:2], numbers[2:3], numbers[3:4], numbers[4:]]


def test_a_mail_that_was_tried_before_is_claimed_alone(database):
    with database.unit() as unit:
        numbers = [receive(unit, f"mail {n}") for n in range(5)]
        unit.inbox.claim(NOW, limit=3)
        unit.inbox.give_back(numbers[:1], attempt=True)
        unit.inbox.give_back(numbers[1:3], attempt=False)
    batches = []
    for _ in range(4):
        with database.unit() as unit:
            batches.append([(mail.id, mail.attempts) for mail in unit.inbox.claim(NOW)])
    one, two, three, four, five = numbers
    assert batches == [[(one, 1)], [(two, 2)], [(three, 2)], [(four, 1), (five, 1)]]


def test_eight_threads_claim_one_mail_and_one_gets_it(database, another):
    with database.unit() as unit:
        number = receive(unit, "one")
    start, got = threading.Barrier(8), []

    def work(own) -> None:
        start.wait()
        with own.unit() as unit:
            got.append(ids(unit.inbox.claim(NOW)))

    threads = [threading.Thread(target=work, args=(another(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [[]] * 7 + [[number]]


def test_eight_nodes_receive_the_same_mail_and_it_is_there_once(another):
    start, got = threading.Barrier(8), []

    def work(own, uid: int) -> None:
        start.wait()
        with own.unit() as unit:
            got.append(add(unit, "same", (1, uid)))

    threads = [threading.Thread(target=work, args=(another(), uid)) for uid in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added.duplicate for added in got) == [False] + [True] * 7
    assert len({added.id for added in got}) == 1


def test_a_finished_mail_is_finished_once(database):
    with database.unit() as unit:
        number = receive(unit, "one")
        unit.inbox.claim(NOW)
        incident = unit.incidents.insert(PLAIN)
        finish(unit, number, incident.id)
        with pytest.raises(Conflict):
            finish(unit, number, incident.id)
        row = unit.views.mail(number)
    assert (row.state, row.kind, row.action, row.incident_id, row.handled_at) == (
        "done",
        "human",
        "create",
        incident.id,
        NOW,
    )


def test_a_mail_that_nobody_claimed_cannot_be_finished(database):
    with database.unit() as unit:
        number = receive(unit, "one")
        with pytest.raises(Conflict):
            finish(unit, number)


def test_only_claimed_mails_are_given_back(database):
    with database.unit() as unit:
        done, waiting = receive(unit, "one"), receive(unit, "two")
        unit.inbox.claim(NOW, limit=1)
        finish(unit, done)
        unit.inbox.give_back([done, waiting], attempt=True)
        unit.inbox.give_back([], attempt=False)
        assert (unit.views.mail(done).state, unit.views.mail(done).attempts) == ("done", 1)
        assert (unit.views.mail(waiting).state, unit.views.mail(waiting).attempts) == ("received", 0)


def test_what_a_dead_process_had_claimed_waits_again_and_its_attempt_counts(database):
    with database.unit() as unit:
        number = receive(unit, "one")
        unit.inbox.claim(NOW + HOUR)  # the clock has been set back since
    with database.unit() as unit:
        assert unit.inbox.reclaim() == 1
        assert unit.inbox.reclaim() == 0
        assert [(mail.id, mail.attempts) for mail in unit.inbox.claim(NOW)] == [(number, 2)]


def test_a_quarantined_mail_is_out_of_the_way_until_it_is_released(database):
    with database.unit() as unit:
        number = receive(unit, "one")
        unit.inbox.claim(NOW)
        unit.inbox.quarantine(number, "the reader died: \x00 \ud800", NOW)
        assert unit.inbox.claim(NOW) == ()
        row = unit.views.mail(number)
        assert (row.state, row.reason, unit.inbox.raw(number)) == ("quarantined", "the reader died: � ?", b"one")
        unit.inbox.release(number)
        with pytest.raises(Conflict):
            unit.inbox.release(number)
        assert [(mail.id, mail.attempts) for mail in unit.inbox.claim(NOW)] == [(number, 1)]


def test_a_mail_that_is_done_cannot_be_quarantined(database):
    with database.unit() as unit:
        number = receive(unit, "one")
        unit.inbox.claim(NOW)
        finish(unit, number)
        with pytest.raises(Conflict):
            unit.inbox.quarantine(number, "too late", NOW)


@pytest.mark.parametrize("before", [-1, 0, 1])
def test_a_mail_counts_as_unfinished_until_it_is_done(database, before):
    with database.unit() as unit:
        number = receive(unit, "one", at=NOW)
        time = NOW + before * timedelta(microseconds=1)
        expected = before >= 0
        assert unit.inbox.unfinished_before(time) is expected
        unit.inbox.claim(NOW)
        assert unit.inbox.unfinished_before(time) is expected
        finish(unit, number)
        assert unit.inbox.unfinished_before(NOW + DAY) is False


def test_a_quarantined_mail_holds_nobody_up(database):
    with database.unit() as unit:
        unit.inbox.quarantine(receive(unit, "one"), "unreadable", NOW)
        assert unit.inbox.unfinished_before(NOW + DAY) is False


def test_a_mail_waits_for_an_earlier_one_that_it_answers(database):
    with database.unit() as unit:
        done, waiting, late = receive(unit, "done"), receive(unit, "waiting"), receive(unit, "late")
        unit.inbox.claim(NOW, limit=1)
        finish(unit, done)
        assert unit.inbox.waits_for(late, ["done@acme.example", "waiting@acme.example", "unknown@acme.example"])
        assert not unit.inbox.waits_for(late, ["done@acme.example", "unknown@acme.example", "late@acme.example"])
        assert not unit.inbox.waits_for(waiting, ["late@acme.example"]), "nobody waits for what came after him"
        assert not unit.inbox.waits_for(late, [])
        unit.inbox.quarantine(waiting, "unreadable", NOW)
        assert not unit.inbox.waits_for(late, ["waiting@acme.example"])


def test_a_message_id_used_before_is_told(database):
    with database.unit() as unit:
        first = receive(unit, "one")
        second = unit.inbox.add(
            b"other words",
            fingerprint="another",
            message_id="one@acme.example",
            mailbox="support",
            received_at=NOW,
            now=NOW,
        )
        assert unit.inbox.earlier("one@acme.example", second.id) == first
        assert unit.inbox.earlier("one@acme.example", first) is None
