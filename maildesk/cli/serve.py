"""run and reload: the daemon from start to end, and word to the one that runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import structlog

from maildesk.cli import check, page, pid, setting
from maildesk.cli.logs import configure
from maildesk.config import Settings
from maildesk.daemon.run import Daemon, Plan, once
from maildesk.errors import ConfigError, Transient
from maildesk.plan import plan_of

log = structlog.get_logger()


def run(config: Path | None, *, one_round: bool, level: str) -> int:
    """The daemon until it is told to end; or one round of everything. 1 if a channel failed in that round."""
    configure(level)
    settings = setting.read(config, secrets=True)
    plan = _plan(settings)
    for warning in settings.warnings:
        log.warning("the configuration", warning=warning)
    for problem in plan.rules.renderer.check() if plan.rules.shipped else ():  # the shipped ones write these letters
        log.error("a template of this site cannot be used", problem=problem)
    if one_round:
        with setting.desk(settings, prepare=True) as desk:
            return _once(once(desk, plan))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the daemon listens; it reads the configuration anyway
    with pid.announced(setting.pid_file(settings)), setting.desk(settings, prepare=True) as desk:
        desk.rules = plan.rules
        Daemon(desk, plan, _reader(config, settings)).run()
    return 0


def _plan(settings: Settings) -> Plan:
    """What the daemon shall do. Raises ConfigError where a template is no text at all."""
    if problems := setting.unreadable_templates(settings):
        raise ConfigError(problems)
    return plan_of(settings)


def _once(troubles: list[str]) -> int:
    for trouble in troubles:
        page.complain(f"maildesk: {trouble}")
    return 1 if troubles else 0


def _reader(config: Path | None, started: Settings) -> Callable[[], Plan]:
    """Reads the configuration anew. Database and keys stay those of the start, for everything open hangs on them."""

    def read() -> Plan:
        settings = setting.read(config, secrets=True)
        plan = _plan(settings)
        if plan.rules.shipped and (problems := plan.rules.renderer.check()):
            raise ConfigError([f"templates/{problem}" for problem in problems])
        for what in ("database", "keys"):
            if getattr(settings, what) != getattr(started, what):
                log.warning("this change needs a restart", key=what)
        return plan

    return read


def reload(config: Path | None) -> int:
    """Check, then tell the daemon; it checks once more and keeps what it has if something is wrong. 2 if so."""
    report = check.examine(config)
    for problem in report.problems:
        page.complain(problem)
    if report.settings is None or report.problems:
        page.complain("maildesk: the daemon was not told and goes on with what it has; mend this and reload again")
        return 2
    path = setting.pid_file(report.settings)
    number = pid.running(path)
    if number is None:
        raise Transient(f"no daemon runs here (nobody holds {path}); it reads the configuration when it starts")
    try:
        os.kill(number, signal.SIGHUP)
    except PermissionError:
        raise Transient(f"process {number} belongs to somebody else; reload as the user that runs maildesk") from None
    except ProcessLookupError:
        raise Transient(f"process {number} has just ended") from None
    page.say(f"the daemon (process {number}) reads the configuration now; its log says so")
    return 0
