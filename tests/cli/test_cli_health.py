"""status: the judgement as a table, and its exit codes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from clidesk import CliDesk, letter

from maildesk.cli import pid
from maildesk.cli.health import Asked, Seen, judge
from maildesk.store.inbox import MailboxState
from maildesk.store.meta import Beat
from maildesk.store.views import Health

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = socket.gethostname()
FINE = Health({}, {}, {"new": 2}, 1, 0, None, None, None, NOW, NOW)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def beat(role: str = "handle", note: str = "waiting", **length: float) -> Beat:
    return Beat(role, "node", 7, ago(**(length or {"seconds": 5})), note)


def state(**length: float) -> MailboxState:
    return MailboxState("support", 1, 1, 9, ago(**length), ago(**length))


ASKED = Asked({"support": 60}, hold=False)


def seen(
    *beats: Beat,
    box: MailboxState | None = None,
    paused: bool = False,
    process: int | None = 7,
    holder: str | None = "process 7 on node",
    none: bool = False,
    **health: object,
) -> Seen:
    spoken: Mapping[str, Beat] = {} if none else {one.role: one for one in (beats or (beat(),))}
    changed = replace(FINE, **health)  # type: ignore[arg-type] # fields by name
    return Seen(NOW, changed, spoken, {"support": box or state(seconds=30)}, paused, process, holder)


@pytest.mark.parametrize(
    ("look", "grade", "finding"),
    [
        (seen(), 0, ""),
        (seen(process=None), 0, ""),  # on another node
        (seen(holder=None), 0, ""),  # it has just begun
        (seen(process=None, holder=None), 2, "the daemon does not run (no sign of life for 5 s)"),  # killed just now
        (seen(beat(minutes=2), process=None, holder=None), 2, "the daemon does not run (no sign of life for 2 min)"),
        (seen(beat(minutes=2)), 1, f"the daemon (process 7 on {HERE}) is busy or has just begun"),
        (seen(beat(minutes=6)), 2, f"the daemon (process 7 on {HERE}) does not move"),
        (seen(beat(minutes=6), process=None, holder="md b 3"), 2, "the daemon (md b 3) does not move"),
        (seen(none=True), 1, "is busy or has just begun: no sign of life yet"),
        (seen(none=True, process=None, holder=None), 2, "the daemon does not run (no sign of life yet)"),
        (seen(beat(minutes=6), beat("dispatch", "sending")), 1, "handle shows no sign of life for 6 min, others do"),
        (seen(beat(), beat("intake:support", "trouble: cannot log in")), 1, "mailbox support: trouble: cannot log in"),
        (seen(box=state(minutes=4)), 0, ""),
        (seen(box=state(minutes=6)), 1, "mailbox support was last read 6 min ago"),
        (seen(box=MailboxState("support", 1, 1, 9)), 1, "mailbox support was never read"),
        (seen(inbox={"quarantined": 2}), 1, "mails in quarantine: 2"),
        (seen(inbox={"received": 90}), 0, ""),
        (seen(oldest_unfinished=ago(minutes=4)), 0, ""),
        (seen(oldest_unfinished=ago(minutes=6)), 1, "a mail waits for 6 min"),
        (seen(outbox={"failed": 1}), 1, "letters failed: 1"),
        (seen(outbox={"ambiguous": 1}), 1, "letters ambiguous: 1"),
        (seen(outbox={"deferred": 9}), 0, ""),
        (seen(outbox={"held": 3}), 1, "letters from the time of `letters: hold`: 3"),
        (seen(paused=True), 1, "the outbox is paused"),
        (seen(oldest_due=ago(minutes=20)), 1, "a letter is due since 20 min"),
        (seen(oldest_due=ago(minutes=20), paused=True), 1, "the outbox is paused"),
        (seen(oldest_timer=ago(minutes=20)), 1, "a timer is due since 20 min"),
        (
            seen(beat(), beat("dispatch", "trouble: no route"), last_sent=ago(hours=1)),
            1,
            "the mail server: trouble: no route",
        ),
        (seen(beat(), beat("dispatch", "trouble: no route", hours=1)), 0, ""),  # one was sent since
    ],
)
def test_the_judgement(look: Seen, grade: int, finding: str) -> None:
    judgement = judge(ASKED, look)
    assert judgement.grade == grade, judgement.findings
    assert len(judgement.findings) == bool(finding), judgement.findings
    assert not finding or finding in judgement.findings[0]


@contextmanager
def working(desk: CliDesk) -> Iterator[None]:
    """As if a daemon were at work: its lock is held, and it has just given a sign of life."""
    opened = desk.open()
    with closing(opened.database) as database, database.hold("run"):
        with database.unit() as unit:
            unit.meta.beat("handle", node="here", pid=1, now=datetime.now(UTC), note="waiting")
            unit.meta.beat("intake:support", node="here", pid=1, now=datetime.now(UTC), note="waiting")
        yield


def test_a_desk_that_works_is_fine(desk: CliDesk) -> None:
    desk.mail(letter())
    with working(desk):
        result = desk("status")
        one = desk("status", "--json").json
    assert result.code == 0
    assert result.out.startswith("fine\n")
    for word in ("3 pending", "1 new", "1 open ones unassigned"):
        assert word in result.out, word
    assert (one["state"], one["findings"]) == ("fine", [])
    assert one["daemon"]["alive"] is True
    assert one["incidents"] == {"new": 1, "unassigned": 1}


def test_a_daemon_that_was_killed_is_missed_at_once(desk: CliDesk) -> None:
    with working(desk):
        assert desk("status").code == 0
    result = desk("status")
    assert result.code == 2
    assert "the daemon does not run (no sign of life for" in result.out
    assert desk("status", "--json").json["daemon"]["alive"] is False


BROKEN = "limits: {storms: 3}\n"
UNREADABLE = "rules: [{name: x}\n"


@pytest.mark.parametrize(("text", "place"), [(BROKEN, "broken.yaml:1:10"), (UNREADABLE, "broken.yaml:2:1")])
def test_a_daemon_goes_on_when_the_configuration_is_broken_behind_it(desk: CliDesk, text: str, place: str) -> None:
    desk.mail(letter())
    (desk.config / "desk.yaml").write_text(
        (desk.config / "desk.yaml").read_text() + "database: sqlite:///maildesk.db\n"
    )
    with working(desk):
        (desk.config / "broken.yaml").write_text(text)
        result = desk("status")
        one = desk("status", "--json").json
    assert result.code == 1
    assert result.out.startswith("attention\n  the configuration has mistakes; the daemon (process ")
    assert ") goes on with the one it has, and a restart would fail; mend them" in result.out
    assert "1 open ones unassigned" in result.out
    assert result.err.startswith(f"{place}: ")
    assert one["state"] == "attention"
    assert one["findings"][1].startswith(f"{place}: ")
    assert one["incidents"] == {"new": 1, "unassigned": 1}
    assert one["mailboxes"] == [{"name": "support", "last_read": None}]
    gone = desk("status")
    assert gone.code == 2
    assert "the configuration has mistakes, with which no daemon starts" in gone.out
    assert "the daemon does not run" in gone.out


def test_where_no_place_of_a_database_can_be_read_the_usual_one_is_tried(desk: CliDesk) -> None:
    with working(desk):
        (desk.config / "broken.yaml").write_text(UNREADABLE)
        at_work = desk("status")
    assert at_work.code == 1
    assert "goes on with the one it has" in at_work.out
    assert "open ones unassigned" in at_work.out
    gone = desk("status")
    assert gone.code == 2
    assert "whether a daemon runs cannot be told" in gone.out
    assert "open ones unassigned" not in gone.out, "it may be another desk's"
    with pid.announced(desk.state / "maildesk.pid"):
        other = desk("status")  # as with PostgreSQL, whose daemon leaves its number there, too
    assert other.code == 1
    assert f"the daemon (process {os.getpid()}" in other.out
    assert desk("status", "--json").json["state"] == "not working"


def test_a_broken_configuration_without_a_database_does_not_work(bare: CliDesk) -> None:
    (bare.config / "broken.yaml").write_text(BROKEN)
    result = bare("status")
    assert result.code == 2
    assert "there is no database" in result.out
    assert result.err.startswith("broken.yaml:1:10: ")
    assert not bare.state.exists()


def test_a_desk_without_a_daemon_does_not_work(desk: CliDesk) -> None:
    result = desk("status")
    assert result.code == 2
    assert "maildesk run" in result.out
    assert desk("status", "--json").json["state"] == "not working"


def test_a_desk_without_a_database_does_not_work(bare: CliDesk) -> None:
    assert bare("status").code == 2
    result = bare("status", "--json")
    assert result.code == 2
    assert result.json["state"] == "not working"
    assert "there is no database" in result.json["findings"][0]


def test_a_daemon_is_known_by_the_lock_it_holds(desk: CliDesk) -> None:
    path = desk.state / "maildesk.pid"
    assert pid.running(path) is None
    with pid.announced(path):
        assert pid.running(path) == os.getpid()
        assert desk("status").code == 1
    assert pid.running(path) is None
    path.write_text("1\n")
    assert pid.running(path) is None, "a number that nobody holds is nobody's"
