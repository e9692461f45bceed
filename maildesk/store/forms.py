"""The JSON forms of values that a column keeps whole: what somebody said, what he asked for, what he enclosed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from maildesk.desk.commands import Asked, BadCommand, Command
from maildesk.desk.events import Said
from maildesk.mail.message import Enclosure

Form = Mapping[str, Any]


def enclosures_form(enclosures: Iterable[Enclosure]) -> list[dict[str, Any]]:
    return [asdict(enclosure) for enclosure in enclosures]


def enclosures_from(form: Iterable[Form] | None) -> tuple[Enclosure, ...]:
    return tuple(Enclosure(**one) for one in form or ())


def said_form(said: Said) -> dict[str, Any]:
    return {
        "text": said.text,
        "html": said.html,
        "enclosures": enclosures_form(said.enclosures),
        "signature": said.signature,
        "quoted": said.quoted,
    }


def said_from(form: Form) -> Said:
    return Said(form["text"], form["html"], enclosures_from(form["enclosures"]), form["signature"], form["quoted"])


def asked_form(asked: Asked) -> dict[str, Any]:
    return {
        "commands": [asdict(command) for command in asked.commands],
        "problems": [asdict(problem) for problem in asked.problems],
    }


def asked_from(form: Form) -> Asked:
    return Asked(
        tuple(Command(**one) for one in form["commands"]),
        tuple(BadCommand(one["shown"], one["why"], tuple(one["offers"])) for one in form["problems"]),
    )
