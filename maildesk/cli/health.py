"""status: the health of the desk in one screen, and in the exit code: 0 fine, 1 needs attention, 2 not working."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from maildesk.cli import page, pid, setting
from maildesk.clock import SystemClock
from maildesk.config import MailboxSettings, Settings
from maildesk.errors import MaildeskError
from maildesk.store.inbox import MailboxState
from maildesk.store.meta import Beat
from maildesk.store.unit import Unit
from maildesk.store.views import Health

ALIVE = timedelta(seconds=60)  # a daemon says more often that it lives
STUCK = timedelta(minutes=5)  # a daemon that is there and silent for so long moves no more
WAITING = timedelta(minutes=5)  # longer than any mail waits while the daemon works
LATE = timedelta(minutes=15)  # for letters and timers; a server that puts letters off gives them a later time
STATES = ("fine", "attention", "not working")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database says."""

    now: datetime
    health: Health
    beats: Mapping[str, Beat]
    boxes: Mapping[str, MailboxState | None]
    paused: bool
    process: int | None  # of a daemon on this machine, whether or not it moves


@dataclass(slots=True)
class Judgement:
    """`grade` is the exit code; `findings` say what is wrong and what to do."""

    grade: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, grade: int, finding: str) -> None:
        self.grade = max(self.grade, grade)
        self.findings.append(finding)


def status(config: Path | None, *, as_json: bool) -> int:
    """Print how the desk does."""
    settings = setting.read(config)
    try:
        seen = _look(settings)
    except MaildeskError as error:
        return _dead(str(error), as_json=as_json)
    judgement = judge(settings, seen)
    if as_json:
        page.document(_json(settings, seen, judgement))
    else:
        _show(settings, seen, judgement)
    return judgement.grade


def _dead(why: str, *, as_json: bool) -> int:
    if as_json:
        page.document({"state": STATES[2], "findings": [why]})
    else:
        page.say(STATES[2], page.STYLES[STATES[2]])
        page.say(f"  {why}")
    return 2


def _look(settings: Settings) -> Seen:
    now = SystemClock().now()
    with setting.view(settings) as view:
        return Seen(
            now,
            view.views.health(now),
            {beat.role: beat for beat in view.meta.beats()},
            _boxes(view, settings),
            view.outbox.paused(),
            pid.running(setting.pid_file(settings)),
        )


def _boxes(view: Unit, settings: Settings) -> dict[str, MailboxState | None]:
    return {mailbox.name: view.inbox.mailbox(mailbox.name) for mailbox in settings.mailboxes}


# --- the judgement ---------------------------------------------------------------------------------------------------


def judge(settings: Settings, seen: Seen) -> Judgement:
    """What is wrong, the worst first within each matter."""
    judgement = Judgement()
    _judge_daemon(judgement, seen)
    for mailbox in settings.mailboxes:
        _judge_mailbox(judgement, seen, mailbox)
    _judge_inbox(judgement, seen)
    _judge_outbox(judgement, settings, seen)
    if seen.health.oldest_timer and seen.now - seen.health.oldest_timer > LATE:
        judgement.add(1, f"a timer is due since {page.span(seen.now - seen.health.oldest_timer)}")
    return judgement


def newest(seen: Seen) -> datetime | None:
    """The last sign of life of any part of any daemon."""
    return max((beat.at for beat in seen.beats.values()), default=None)


def _judge_daemon(judgement: Judgement, seen: Seen) -> None:
    at = newest(seen)
    if at and seen.now - at < ALIVE:
        for role in ("handle", "dispatch"):
            if (beat := seen.beats.get(role)) and seen.now - beat.at > STUCK and not beat.note.startswith("trouble"):
                judgement.add(1, f"{role} shows no sign of life for {page.span(seen.now - beat.at)}, others do")
        return
    silent = f"no sign of life for {page.span(seen.now - at)}" if at else "no sign of life yet"
    if seen.process is None:
        judgement.add(
            2, f"the daemon does not run ({silent}); start it with `maildesk run` or systemctl start maildesk"
        )
    elif at is None or seen.now - at < STUCK:
        judgement.add(1, f"the daemon (process {seen.process}) is busy or has just begun: {silent}")
    else:
        judgement.add(2, f"the daemon (process {seen.process}) does not move: {silent}; restart it")


def _judge_mailbox(judgement: Judgement, seen: Seen, mailbox: MailboxSettings) -> None:
    state, beat = seen.boxes[mailbox.name], seen.beats.get(f"intake:{mailbox.name}")
    read = state.scan_done_at if state else None
    if beat and beat.note.startswith("trouble"):
        judgement.add(1, f"mailbox {mailbox.name}: {beat.note} ({page.ago(beat.at, seen.now)})")
    elif read is None:
        judgement.add(1, f"mailbox {mailbox.name} was never read")
    elif seen.now - read > max(timedelta(seconds=3 * mailbox.poll), WAITING):
        judgement.add(1, f"mailbox {mailbox.name} was last read {page.ago(read, seen.now)}")


def _judge_inbox(judgement: Judgement, seen: Seen) -> None:
    health = seen.health
    if quarantined := health.inbox.get("quarantined"):
        judgement.add(1, f"mails in quarantine: {quarantined}; look with `maildesk inbox --state quarantined`")
    if health.oldest_unfinished and seen.now - health.oldest_unfinished > WAITING:
        judgement.add(1, f"a mail waits for {page.span(seen.now - health.oldest_unfinished)} to be handled")


def _judge_outbox(judgement: Judgement, settings: Settings, seen: Seen) -> None:
    health, trouble = seen.health, seen.beats.get("dispatch")
    held = health.outbox.get("held", 0)
    if held and not settings.policy.hold:
        what = f"letters from the time of `letters: hold`: {held}"
        judgement.add(1, f"{what}; send them with `maildesk outbox retry --held`, or `drop --held`")
    if seen.paused:
        judgement.add(1, "the outbox is paused; `maildesk outbox resume` lets letters leave again")
    # A server that takes letters again says nothing of its own; the letter it took does.
    if trouble and trouble.note.startswith("trouble") and (health.last_sent is None or health.last_sent < trouble.at):
        judgement.add(1, f"the mail server: {trouble.note} ({page.ago(trouble.at, seen.now)})")
    for state in ("failed", "ambiguous"):
        if count := health.outbox.get(state):
            judgement.add(
                1, f"letters {state}: {count}; look with `maildesk outbox --state {state}`, retry or drop them"
            )
    if not seen.paused and health.oldest_due and seen.now - health.oldest_due > LATE:
        judgement.add(1, f"a letter is due since {page.span(seen.now - health.oldest_due)}")


# --- the screen ------------------------------------------------------------------------------------------------------


def _json(settings: Settings, seen: Seen, judgement: Judgement) -> Json:
    at, health = newest(seen), seen.health
    return {
        "state": STATES[judgement.grade],
        "findings": judgement.findings,
        "daemon": {
            "alive": at is not None and seen.now - at < ALIVE,
            "last_sign": page.plain(at),
            "process": seen.process,
            "roles": [page.plain(beat) for beat in seen.beats.values()],
        },
        "mailboxes": [
            {"name": name, "last_read": page.plain(state.scan_done_at) if state else None}
            for name, state in seen.boxes.items()
        ],
        "inbox": health.inbox,
        "outbox": {**health.outbox, "paused": seen.paused, "hold": settings.policy.hold},
        "incidents": {**health.incidents, "unassigned": health.unassigned},
        "undeliverable_addresses": health.undeliverable,
        "oldest_unfinished": page.plain(health.oldest_unfinished),
        "oldest_due": page.plain(health.oldest_due),
        "oldest_timer": page.plain(health.oldest_timer),
        "last_handled": page.plain(health.last_handled),
        "last_sent": page.plain(health.last_sent),
    }


def _show(settings: Settings, seen: Seen, judgement: Judgement) -> None:
    state = STATES[judgement.grade]
    page.say(state, page.STYLES[state])
    for finding in judgement.findings:
        page.say(f"  {finding}")
    page.say()
    page.facts(_facts(settings, seen))


def _facts(settings: Settings, seen: Seen) -> Iterator[tuple[str, object]]:
    health = seen.health
    yield "daemon", f"{_process(seen)}last sign of life {page.ago(newest(seen), seen.now)}"
    for name, state in seen.boxes.items():
        yield f"mailbox {name}", f"last read {page.ago(state.scan_done_at if state else None, seen.now)}"
    yield "inbox", f"{_counts(health.inbox) or 'nothing waits'}; last handled {page.ago(health.last_handled, seen.now)}"
    yield "outbox", f"{_counts(health.outbox) or 'nothing waits'}; last sent {page.ago(health.last_sent, seen.now)}"
    yield "letters", _leaving(settings, seen)
    yield "incidents", f"{_counts(health.incidents) or 'none'}; {health.unassigned} open ones unassigned"
    yield "addresses", f"{health.undeliverable} cannot be delivered to" if health.undeliverable else ""


def _process(seen: Seen) -> str:
    return f"process {seen.process} on {socket.gethostname()}, " if seen.process else ""


def _leaving(settings: Settings, seen: Seen) -> str:
    if seen.paused:
        return "paused, none leaves"
    return "held by `letters: hold`, none leaves" if settings.policy.hold else "leave as they are due"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
