"""What people at the command line see: the queue, the inbox, the outbox, and health in numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store_samples import DAY, FULL, HOUR, MINUTE, NOW, PLAIN, finish, letter, receive

from maildesk.desk.events import Wanted
from maildesk.desk.incident import OPEN, Priority, Status
from maildesk.store.views import Filter, Health


def fill(unit) -> None:
    for title, changes in (
        ("low", {"priority": Priority.P4}),
        ("old", {"priority": Priority.P2}),
        ("new", {"priority": Priority.P2, "assignee": "ann", "status": Status.ASSIGNED}),
        ("closed", {"priority": Priority.P1, "status": Status.CLOSED, "assignee": "ann"}),
        ("VPN 100% broken", {"priority": Priority.P5, "category": "network/vpn", "group": "network"}),
        ("switch", {"priority": Priority.P5, "category": "network", "mailbox": "sales"}),
        ("another", {"priority": Priority.P5, "category": "networking", "requester": "bob@acme.example"}),
    ):
        unit.incidents.insert(replace(PLAIN, title=title, **changes))


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        (Filter(), ["old", "new", "low", "VPN 100% broken", "switch", "another"]),
        (Filter(limit=2), ["old", "new"]),
        (Filter(assignee="ann"), ["new"]),
        (Filter(assignee="ann", states=tuple(Status)), ["closed", "new"]),
        (Filter(states=(Status.CLOSED,)), ["closed"]),
        (Filter(states=()), []),
        (Filter(unassigned=True, priority=Priority.P2), ["old"]),
        (Filter(category="network"), ["VPN 100% broken", "switch"]),
        (Filter(category="network/vpn"), ["VPN 100% broken"]),
        (Filter(group="network"), ["VPN 100% broken"]),
        (Filter(mailbox="sales"), ["switch"]),
        (Filter(requester="bob@acme.example"), ["another"]),
        (Filter(text="vpn 100%"), ["VPN 100% broken"]),
        (Filter(text="%"), ["VPN 100% broken"]),
    ],
    ids=str,
)
def test_the_queue_shows_what_is_asked_for_the_most_urgent_first(database, wanted, titles):
    with database.unit() as unit:
        fill(unit)
        assert [row.title for row in unit.views.queue(wanted)] == titles


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        (Wanted(), ["closed", "old", "new", "low", "VPN 100% broken", "switch", "another"]),
        (Wanted(tuple(sorted(OPEN))), ["old", "new", "low", "VPN 100% broken", "switch", "another"]),
        (Wanted(assignees=("ann",)), ["closed", "new"]),
        (
            Wanted(assignees=("ann", "ben"), nobody=True, priorities=(Priority.P1, Priority.P2)),
            ["closed", "old", "new"],
        ),
        (Wanted(nobody=True, priorities=(Priority.P2,)), ["old"]),
        (Wanted((Status.CLOSED, Status.ASSIGNED), groups=("network",)), []),
        (Wanted(groups=("network", "second")), ["VPN 100% broken"]),
    ],
    ids=str,
)
def test_a_list_is_narrowed_by_any_of_several(database, wanted, titles):
    with database.unit() as unit:
        fill(unit)
        assert [row.title for row in unit.views.listed(wanted, 9)] == titles
        assert [row.title for row in unit.views.listed(wanted, 1)] == titles[:1]


def test_a_row_of_the_queue_speaks_the_words_of_the_desk(database):
    with database.unit() as unit:
        stored = unit.incidents.insert(FULL)
        (row,) = unit.views.queue()
    assert (row.tag, row.status, row.priority, row.opened_at) == (stored.tag, Status.PENDING, Priority.P2, NOW)
    assert (row.vip, row.waiting, row.group, row.updated_at) == (True, "supplier", "network", NOW + 3 * MINUTE)


def test_the_inbox_shows_what_is_not_done_and_on_demand_the_rest(database):
    with database.unit() as unit:
        done, bad, waiting = receive(unit, "done"), receive(unit, "bad"), receive(unit, "waiting")
        unit.inbox.claim(NOW, limit=2)
        finish(unit, done)
        unit.inbox.quarantine(bad, "unreadable", NOW)

        def shown(*states: str, **more: int) -> list[int]:
            return [row.id for row in unit.views.inbox(*states, **more)]

        assert shown() == [waiting, bad]
        assert shown("quarantined") == [bad]
        assert shown("done", "received") == [waiting, done]
        assert shown(limit=1) == [waiting]
        assert unit.views.mail(99) is None


def test_the_outbox_shows_what_has_not_left_and_on_demand_the_rest(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN).id
        sent, held, waiting = (
            unit.outbox.add(letter(n, incident=incident, held=n == "held")) for n in ("a", "held", "b")
        )
        unit.outbox.lease(NOW)
        unit.outbox.sent(sent, now=NOW)
        assert [row.id for row in unit.views.outbox()] == [waiting, held]
        assert [row.id for row in unit.views.outbox("sent", "held")] == [held, sent]
        assert [row.id for row in unit.views.letters(incident)] == [sent, held, waiting]


def test_the_health_of_an_empty_desk_is_good(database):
    with database.view() as view:
        assert view.views.health(NOW) == Health({}, {}, {}, 0, 0, None, None, None, None, None)


def test_health_says_what_waits_and_since_when(database):
    with database.unit() as unit:
        incident = unit.incidents.insert(PLAIN).id
        unit.incidents.insert(replace(PLAIN, assignee="ann", status=Status.ASSIGNED))
        unit.timers.set(incident, "remind", 1, NOW - 3 * MINUTE)
        done, bad = receive(unit, "done", at=NOW - DAY), receive(unit, "bad", at=NOW - DAY)
        unit.inbox.claim(NOW)
        finish(unit, done)
        unit.inbox.quarantine(bad, "unreadable", NOW)
        receive(unit, "waiting", at=NOW - HOUR)
        sent = unit.outbox.add(letter("sent"))
        unit.outbox.lease(NOW)
        unit.outbox.sent(sent, now=NOW - MINUTE)
        unit.outbox.add(letter("due", not_before=NOW - 2 * MINUTE))
        unit.outbox.add(letter("later", not_before=NOW + MINUTE))
        unit.outbox.add(letter("held", held=True))
        unit.people.mark("mia@acme.example", "undeliverable", "5.1.1", NOW)
        health = unit.views.health(NOW)
    assert health == Health(
        inbox={"quarantined": 1, "received": 1},
        outbox={"pending": 2, "held": 1},
        incidents={"new": 1, "assigned": 1},
        unassigned=1,
        undeliverable=1,
        oldest_unfinished=NOW - HOUR,
        oldest_due=NOW - 2 * MINUTE,
        oldest_timer=NOW - 3 * MINUTE,
        last_handled=NOW,
        last_sent=NOW - MINUTE,
    )
