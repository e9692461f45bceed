"""Commands: what stands after the tag in a subject line, and the GRAMMAR table of every verb."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command, its value resolved: `assign` has "ann" or "@network", `cat` a category of the configuration.

    `shown` is what was typed; `note` says what was understood where it was not typed exactly so.
    """

    verb: str
    value: str = ""
    shown: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class BadCommand:
    """What could not be understood, why, and the corrected texts to offer ("#assign ann"), best first."""

    shown: str
    why: str
    offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything one mail asks for. With one problem nothing of it runs (all or nothing, R22)."""

    commands: tuple[Command, ...] = ()
    problems: tuple[BadCommand, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.commands or self.problems)

    @property
    def canonical(self) -> str:
        """The commands as they would be typed; a confirmation is bound to exactly this text (R19)."""
        return " ".join(f"#{c.verb} {c.value}".strip() for c in self.commands)
