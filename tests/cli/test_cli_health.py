"""status: the judgement as a table, and its exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clidesk import CliDesk, letter

from maildesk.cli import pid
from maildesk.cli.health import Seen, judge
from maildesk.config import MailboxSettings, Secret, Settings
from maildesk.config.secret import Place
from maildesk.store.inbox import MailboxState
from maildesk.store.meta import Beat
from maildesk.store.views import Health

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FINE = Health({}, {}, {"new": 2}, 1, 0, None, None, None, NOW, NOW)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def beat(role: str = "handle", note: str = "waiting", **length: float) -> Beat:
    return Beat(role, "node", 7, ago(**(length or {"seconds": 5})), note)


def state(**length: float) -> MailboxState:
    return MailboxState("support", 1, 1, 9, ago(**length), ago(**length))


@pytest.fixture
def settings(desk: CliDesk) -> Settings:
    """One mailbox that is looked into every minute."""
    opened = desk.open()
    opened.database.close()
    password = Secret("env", "X", Place(Path(), {}))
    mailbox = MailboxSettings("support", "mail.acme.example", 993, "implicit", "support", password, poll=60)
    from maildesk import build

    return replace(build.read_settings(desk.config, {}), mailboxes=(mailbox,))


def seen(
    *beats: Beat,
    box: MailboxState | None = None,
    paused: bool = False,
    process: int | None = 7,
    none: bool = False,
    **health: object,
) -> Seen:
    spoken: Mapping[str, Beat] = {} if none else {one.role: one for one in (beats or (beat(),))}
    changed = replace(FINE, **health)  # type: ignore[arg-type] # fields by name
    return Seen(NOW, changed, spoken, {"support": box or state(seconds=30)}, paused, process)


@pytest.mark.parametrize(
    ("look", "grade", "finding"),
    [
        (seen(), 0, ""),
        (seen(process=None), 0, ""),  # on another node
        (seen(beat(minutes=2), process=None), 2, "the daemon does not run (no sign of life for 2 min)"),
        (seen(beat(minutes=2)), 1, "the daemon (process 7) is busy or has just begun"),
        (seen(beat(minutes=6)), 2, "the daemon (process 7) does not move"),
        (seen(none=True), 1, "is busy or has just begun: no sign of life yet"),
        (seen(none=True, process=None), 2, "the daemon does not run (no sign of life yet)"),
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
def test_the_judgement(settings: Settings, look: Seen, grade: int, finding: str) -> None:
    judgement = judge(settings, look)
    assert judgement.grade == grade, judgement.findings
    assert len(judgement.findings) == bool(finding), judgement.findings
    assert not finding or finding in judgement.findings[0]


def test_a_desk_that_works_is_fine(desk: CliDesk) -> None:
    desk.mail(letter())
    opened = desk.open()
    with closing(opened.database), opened.database.unit() as unit:
        unit.meta.beat("handle", node="here", pid=1, now=datetime.now(UTC), note="waiting")
    result = desk("status")
    assert result.code == 0
    assert result.out.startswith("fine\n")
    for word in ("3 pending", "1 new", "1 open ones unassigned"):
        assert word in result.out, word
    one = desk("status", "--json").json
    assert (one["state"], one["findings"]) == ("fine", [])
    assert one["daemon"]["alive"] is True
    assert one["incidents"] == {"new": 1, "unassigned": 1}


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
        import os

        assert pid.running(path) == os.getpid()
        assert desk("status").code == 1
    assert pid.running(path) is None
    path.write_text("1\n")
    assert pid.running(path) is None, "a number that nobody holds is nobody's"
