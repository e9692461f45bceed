"""A decision in the making: the incident as it will be, and the effects gathered so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from maildesk.desk.effects import Action, Decision, Effect, Entry, Record
from maildesk.desk.incident import Act, Incident, Status, move
from maildesk.desk.policy import Policy
from maildesk.errors import MaildeskError


class NotNow(MaildeskError):
    """A command that the incident's present state does not allow; the text is for the technician."""


@dataclass(slots=True)
class Draft:
    """One incident being changed. Copy it before trying something that may be refused half-way."""

    incident: Incident
    policy: Policy
    now: datetime
    effects: list[Effect] = field(default_factory=list)

    def copy(self) -> Draft:
        return Draft(self.incident, self.policy, self.now, list(self.effects))

    def take_over(self, other: Draft) -> None:
        """Make the other draft's result this one's."""
        self.incident, self.effects = other.incident, other.effects

    def set(self, **fields: Any) -> None:
        """Change fields of the incident."""
        self.incident = replace(self.incident, **fields)

    def pin(self, *names: str) -> None:
        """Remember that a human has set these fields by hand."""
        self.set(pinned=self.incident.pinned | set(names))

    def act(self, act: Act) -> Status:
        """Follow the LIFECYCLE table. Raises NotNow when it has no row for this state."""
        status = move(self.incident.status, act)
        if status is None:
            raise NotNow(f"{self.incident.tag} is {self.incident.status}, so it cannot be {_DONE[act]} now.")
        if status is Status.ASSIGNED and self.incident.assignee is None:
            status = Status.NEW
        before = self.incident.status
        self.set(status=status)
        if before is Status.PENDING and status is not Status.PENDING:
            self.set(waiting=None, waiting_until=None)
        return before

    def prioritise(self) -> None:
        """Priority follows impact and urgency (ITIL), unless a human has set it."""
        if "priority" not in self.incident.pinned:
            self.set(priority=self.policy.matrix[self.incident.impact, self.incident.urgency])

    def record(self, entry: Entry, text: str, **fields: Any) -> None:
        """Append to the timeline."""
        self.effects.append(Record(entry, text, **fields))

    def add(self, *effects: Effect) -> None:
        self.effects.extend(effects)

    def decision(self, action: Action, reason: str) -> Decision:
        return Decision(action, reason, replace(self.incident, updated_at=self.now), tuple(self.effects))


_DONE: dict[Act, str] = {
    Act.ASSIGN: "assigned",
    Act.TAKE: "taken",
    Act.ANSWER: "answered",
    Act.WRITE: "written to",
    Act.WAIT: "set to pending",
    Act.RESUME: "resumed",
    Act.RESOLVE: "resolved",
    Act.CONFIRM: "confirmed",
    Act.CLOSE: "closed",
    Act.REOPEN: "reopened",
    Act.CANCEL: "cancelled",
    Act.MERGE: "merged",
}
