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
from maildesk.config import Storage
from maildesk.errors import ConfigError, MaildeskError
from maildesk.store.inbox import MailboxState
from maildesk.store.meta import Beat
from maildesk.store.views import Health

ALIVE = timedelta(seconds=60)  # a daemon says more often that it lives
STUCK = timedelta(minutes=5)  # a daemon that is there and silent for so long moves no more
WAITING = timedelta(minutes=5)  # longer than any mail waits while the daemon works
LATE = timedelta(minutes=15)  # for letters and timers; a server that puts letters off gives them a later time
SELDOM = 3600  # seconds; no configuration looks into a mailbox less often
STATES = ("fine", "attention", "not working")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the configuration asks of the desk, as far as it can be read."""

    polls: Mapping[str, int] | None  # seconds between two looks into a mailbox, by its name
    hold: bool | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database says, and the locks that a daemon holds for as long as it lives."""

    now: datetime
    health: Health
    beats: Mapping[str, Beat]
    boxes: Mapping[str, MailboxState | None]
    paused: bool
    process: int | None  # of a daemon on this machine, whether or not it moves
    holder: str | None = None  # who does the desk's work, on whatever machine

    @property
    def runs(self) -> str:
        """The daemon in words, or "". One that has just begun has a number before it has the work."""
        return f"process {self.process} on {socket.gethostname()}" if self.process else self.holder or ""


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
    try:
        settings = setting.read(config)
    except ConfigError as error:
        return _unconfigured(config, error.problems, as_json=as_json)
    asked = Asked({mailbox.name: mailbox.poll for mailbox in settings.mailboxes}, settings.policy.hold)
    try:
        seen = _look(settings, asked)
    except MaildeskError as error:
        return _dead(Judgement(2, [str(error)]), as_json=as_json)
    return _told(asked, seen, judge(asked, seen), as_json=as_json)


def _unconfigured(config: Path | None, problems: list[str], *, as_json: bool) -> int:
    """A daemon that runs goes on with the configuration it has, whatever became of the files since."""
    for problem in problems:
        page.complain(problem)
    storage, sure = setting.storage(config)
    asked, seen, why = Asked(None, None), None, ""
    try:
        seen = _look(storage, asked)
    except MaildeskError as error:
        why = str(error)
    process = pid.running(setting.pid_file(storage))
    judgement = _mistaken(seen.runs if seen else f"process {process}" if process else "", sure=sure)
    judgement.findings += problems if as_json else ()
    if seen and (sure or seen.holder):  # a database that nobody works on may be a stranger's
        return _told(asked, seen, judge(asked, seen, judgement), as_json=as_json)
    judgement.findings += [why] if sure else ()
    return _dead(judgement, as_json=as_json)


def _mistaken(runs: str, *, sure: bool) -> Judgement:
    what = "the configuration has mistakes"
    if runs:
        goes_on = f"{what}; the daemon ({runs}) goes on with the one it has, and a restart would fail"
        return Judgement(1, [f"{goes_on}; mend them, then `maildesk reload`"])
    if sure:
        return Judgement(2, [f"{what}, with which no daemon starts; mend them first"])
    unknown = "whether a daemon runs cannot be told, for they hide where its database is"
    return Judgement(2, [f"{what}, and {unknown}; mend them, or ask the service manager"])


def _told(asked: Asked, seen: Seen, judgement: Judgement, *, as_json: bool) -> int:
    if as_json:
        page.document(_json(asked, seen, judgement))
    else:
        _show(asked, seen, judgement)
    return judgement.grade


def _dead(judgement: Judgement, *, as_json: bool) -> int:
    if as_json:
        page.document({"state": STATES[judgement.grade], "findings": judgement.findings})
    else:
        _headed(judgement)
    return judgement.grade


def _look(storage: Storage, asked: Asked) -> Seen:
    now = SystemClock().now()
    with setting.database(storage) as database, database.view() as view:
        beats = {beat.role: beat for beat in view.meta.beats()}
        names = asked.polls if asked.polls is not None else _read_lately(beats)
        return Seen(
            now,
            view.views.health(now),
            beats,
            {name: view.inbox.mailbox(name) for name in names},
            view.outbox.paused(),
            pid.running(setting.pid_file(storage)),
            database.holder("run"),
        )


def _read_lately(beats: Mapping[str, Beat]) -> list[str]:
    """The mailboxes of the daemon that gave the last sign of life."""
    last = max(beats.values(), key=lambda beat: beat.at, default=None)
    mine = (role for role, beat in beats.items() if last and (beat.node, beat.pid) == (last.node, last.pid))
    return [role.removeprefix("intake:") for role in mine if role.startswith("intake:")]


# --- the judgement ---------------------------------------------------------------------------------------------------


def judge(asked: Asked, seen: Seen, judgement: Judgement | None = None) -> Judgement:
    """What is wrong, the worst first within each matter; below what was found before."""
    judgement = judgement or Judgement()
    _judge_daemon(judgement, seen)
    for name in seen.boxes:
        _judge_mailbox(judgement, seen, name, (asked.polls or {}).get(name, SELDOM))
    _judge_inbox(judgement, seen)
    _judge_outbox(judgement, asked, seen)
    if seen.health.oldest_timer and seen.now - seen.health.oldest_timer > LATE:
        judgement.add(1, f"a timer is due since {page.span(seen.now - seen.health.oldest_timer)}")
    return judgement


def newest(seen: Seen) -> datetime | None:
    """The last sign of life of any part of any daemon."""
    return max((beat.at for beat in seen.beats.values()), default=None)


def _judge_daemon(judgement: Judgement, seen: Seen) -> None:
    at = newest(seen)
    if seen.runs and at and seen.now - at < ALIVE:
        for role in ("handle", "dispatch"):
            if (beat := seen.beats.get(role)) and seen.now - beat.at > STUCK and not beat.note.startswith("trouble"):
                judgement.add(1, f"{role} shows no sign of life for {page.span(seen.now - beat.at)}, others do")
        return
    silent = f"no sign of life for {page.span(seen.now - at)}" if at else "no sign of life yet"
    if not seen.runs:
        judgement.add(
            2, f"the daemon does not run ({silent}); start it with `maildesk run` or systemctl start maildesk"
        )
    elif at is None or seen.now - at < STUCK:
        judgement.add(1, f"the daemon ({seen.runs}) is busy or has just begun: {silent}")
    else:
        judgement.add(2, f"the daemon ({seen.runs}) does not move: {silent}; restart it")


def _judge_mailbox(judgement: Judgement, seen: Seen, name: str, poll: int) -> None:
    state, beat = seen.boxes[name], seen.beats.get(f"intake:{name}")
    read = state.scan_done_at if state else None
    if beat and beat.note.startswith("trouble"):
        judgement.add(1, f"mailbox {name}: {beat.note} ({page.ago(beat.at, seen.now)})")
    elif read is None:
        judgement.add(1, f"mailbox {name} was never read")
    elif seen.now - read > max(timedelta(seconds=3 * poll), WAITING):
        judgement.add(1, f"mailbox {name} was last read {page.ago(read, seen.now)}")


def _judge_inbox(judgement: Judgement, seen: Seen) -> None:
    health = seen.health
    if quarantined := health.inbox.get("quarantined"):
        judgement.add(1, f"mails in quarantine: {quarantined}; look with `maildesk inbox --state quarantined`")
    if health.oldest_unfinished and seen.now - health.oldest_unfinished > WAITING:
        judgement.add(1, f"a mail waits for {page.span(seen.now - health.oldest_unfinished)} to be handled")


def _judge_outbox(judgement: Judgement, asked: Asked, seen: Seen) -> None:
    health, trouble = seen.health, seen.beats.get("dispatch")
    held = health.outbox.get("held", 0)
    if held and asked.hold is False:
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


def _json(asked: Asked, seen: Seen, judgement: Judgement) -> Json:
    at, health = newest(seen), seen.health
    return {
        "state": STATES[judgement.grade],
        "findings": judgement.findings,
        "daemon": {
            "alive": bool(seen.runs and at and seen.now - at < ALIVE),
            "last_sign": page.plain(at),
            "process": seen.process,
            "roles": [page.plain(beat) for beat in seen.beats.values()],
        },
        "mailboxes": [
            {"name": name, "last_read": page.plain(state.scan_done_at) if state else None}
            for name, state in seen.boxes.items()
        ],
        "inbox": health.inbox,
        "outbox": {**health.outbox, "paused": seen.paused, "hold": asked.hold},
        "incidents": {**health.incidents, "unassigned": health.unassigned},
        "undeliverable_addresses": health.undeliverable,
        "oldest_unfinished": page.plain(health.oldest_unfinished),
        "oldest_due": page.plain(health.oldest_due),
        "oldest_timer": page.plain(health.oldest_timer),
        "last_handled": page.plain(health.last_handled),
        "last_sent": page.plain(health.last_sent),
    }


def _show(asked: Asked, seen: Seen, judgement: Judgement) -> None:
    _headed(judgement)
    page.say()
    page.facts(_facts(asked, seen))


def _headed(judgement: Judgement) -> None:
    state = STATES[judgement.grade]
    page.say(state, page.STYLES[state])
    for finding in judgement.findings:
        page.say(f"  {finding}")


def _facts(asked: Asked, seen: Seen) -> Iterator[tuple[str, object]]:
    health = seen.health
    yield "daemon", f"{seen.runs}{', ' * bool(seen.runs)}last sign of life {page.ago(newest(seen), seen.now)}"
    for name, state in seen.boxes.items():
        yield f"mailbox {name}", f"last read {page.ago(state.scan_done_at if state else None, seen.now)}"
    yield "inbox", f"{_counts(health.inbox) or 'nothing waits'}; last handled {page.ago(health.last_handled, seen.now)}"
    yield "outbox", f"{_counts(health.outbox) or 'nothing waits'}; last sent {page.ago(health.last_sent, seen.now)}"
    yield "letters", _leaving(asked, seen)
    yield "incidents", f"{_counts(health.incidents) or 'none'}; {health.unassigned} open ones unassigned"
    yield "addresses", f"{health.undeliverable} cannot be delivered to" if health.undeliverable else ""


def _leaving(asked: Asked, seen: Seen) -> str:
    if seen.paused:
        return "paused, none leaves"
    if asked.hold is None:
        return "leave or are held as the daemon's configuration says"
    return "held by `letters: hold`, none leaves" if asked.hold else "leave as they are due"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
