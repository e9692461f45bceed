"""act: commands on an incident by whoever sits at the machine."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from maildesk.cli import page, setting
from maildesk.cli.logs import configure_for_a_command
from maildesk.cli.page import line
from maildesk.cli.queue import as_object
from maildesk.daemon.act import act
from maildesk.desk.effects import Action
from maildesk.errors import UsageError


def run(config: Path | None, tag: str, text: str, words: str | None, *, as_json: bool) -> int:
    """Carry out commands as the local admin; 1 if they cannot be, and then nothing at all was changed."""
    settings = setting.read(config)
    configure_for_a_command()
    with setting.desk(settings) as desk:
        decision = act(desk, tag, text, _body(words), who=_who())
    incident = decision.incident
    done = decision.action is Action.COMMAND
    if as_json:
        result = {"done": done, "reason": decision.reason, "incident": as_object(incident) if incident else None}
        page.document(result)
    elif done and incident:
        page.say(f"{incident.tag}: {decision.reason}")
    else:
        page.complain(f"maildesk: nothing was changed\n{decision.reason}")
    return 0 if done else 1


def _body(words: str | None) -> str:
    """The words of an answer or a note: as given, or from standard input."""
    if words != "-":
        return words or ""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("the text on standard input is not UTF-8") from None


def _who() -> str:
    """Who typed it, for the timeline: the person behind sudo, if there is one."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = str(os.getuid())
    return f"{line(name)} at the command line"
