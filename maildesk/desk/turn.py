"""Turn: one mail's commands while they are carried out. Who gives them, on which draft, and what came of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maildesk.desk.draft import Draft
from maildesk.desk.effects import Entry
from maildesk.desk.events import Looked, Said, Sums
from maildesk.desk.incident import Incident
from maildesk.desk.notices import Happening
from maildesk.desk.people import Party

WAIT_TIMER = "waiting"


@dataclass(frozen=True, slots=True)
class Giver:
    """Who gives orders, with what words, and what the database knows about the addresses he names."""

    party: Party
    said: Said
    actor: str = ""  # Party.key, or "cli"
    inbox_id: int | None = None
    trust: str = ""
    message_id: str | None = None
    named: Mapping[str, Party] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    looked: Looked = field(default_factory=Looked)
    others: Mapping[int, Incident] = field(default_factory=dict)  # the incidents that the commands name

    @property
    def wordless(self) -> bool:
        return not self.said.text.strip() and not self.said.enclosures


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one command, for the letter back."""

    shown: str
    ok: bool
    why: str


@dataclass(slots=True)
class Turn:
    """One mail's commands being carried out."""

    draft: Draft
    giver: Giver
    happened: list[Happening] = field(default_factory=list)
    spoken: bool = False  # the mail's words have found their place
    crossed: dict[str, object] = field(default_factory=dict)  # the colleague who answered minutes ago
    reason: str = ""  # why it was opened again, in one line
    about: str = ""  # the verb that somebody wants to know more of
    reports: list[Mapping[str, object]] = field(default_factory=list)  # the answers to questions, one letter each
    merged: str = ""  # the tag under which it goes on

    def change(self, text: str, **data: str) -> str:
        """Log a change and say it back."""
        giver = self.giver
        self.draft.record(
            Entry.CHANGE,
            text,
            actor=giver.actor or giver.party.key,
            actor_name=giver.party.shown,
            inbox_id=giver.inbox_id,
            trust=giver.trust,
            data=data,
        )
        return text

    def say(self, entry: Entry, *, public: bool) -> None:
        """Put the mail's words into the timeline, once."""
        giver = self.giver
        if self.spoken or giver.wordless:
            return
        self.spoken = True
        self.draft.record(
            entry,
            giver.said.text,
            public=public,
            actor=giver.actor or giver.party.key,
            actor_name=giver.party.shown,
            said=giver.said,
            inbox_id=giver.inbox_id,
            trust=giver.trust,
        )
