"""What recognising asks, answered: by the database, or by nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from maildesk.daemon.recognise import Remembered
from maildesk.desk.events import MOST_LISTED, Alike, Past, Pending, Queued, Wanted
from maildesk.desk.incident import Incident
from maildesk.desk.letters import as_history
from maildesk.mail.message import Address

if TYPE_CHECKING:  # who asks nobody needs no database
    from maildesk.store.unit import Unit
    from maildesk.store.views import QueueRow

_TIMELINE = 200  # entries that a question about one incident is answered from, the newest
_MERGES = 20  # one into the next; an incident that was merged never comes to be merged with itself


@dataclass(frozen=True, slots=True)
class StoredLooks:
    """The answers of the database, within the unit that will write the outcome."""

    unit: Unit

    def contacts(self, emails: Collection[str]) -> Mapping[str, Remembered]:
        return self.unit.people.contacts(emails)

    def incident(self, number: int) -> Incident | None:
        """That incident, or the one under whose number it goes on."""
        found = self.unit.incidents.get(number)
        for _ in range(_MERGES):
            if found is None or found.merged_into is None:
                break
            found = self.unit.incidents.get(found.merged_into)
        return found

    def letter(self, message_id: str) -> tuple[int | None, str, str] | None:
        info = self.unit.outbox.by_message_id(message_id)
        return None if info is None else (info.incident_id, info.to_email, info.template)

    def by_message_ids(self, ids: Collection[str]) -> Mapping[str, int]:
        return {key: incident for key, (incident, _) in self.unit.incidents.by_message_ids(ids).items()}

    def public(self, incident: int) -> tuple[str, ...]:
        """What the requester has written or read."""
        history = self.unit.incidents.history(incident, public_only=True)
        return tuple(entry.record.said.text if entry.record.said else entry.record.text for entry in history)

    def heard(self, message_id: str, email: str) -> tuple[int, tuple[str, ...]] | None:
        incident, sender = self.unit.incidents.by_message_ids([message_id]).get(message_id, (None, ""))
        if incident is None or sender != email:
            return None
        history = self.unit.incidents.history(incident, limit=50)
        return incident, tuple(e.record.said.text for e in history if e.record.said and e.record.actor == email)

    def expected(self, message_id: str) -> int | None:
        found = self.unit.incidents.expected(message_id)
        return None if found is None else found[0]

    def earlier(self, message_id: str, before: int) -> bool:
        return self.unit.inbox.earlier(message_id, before) is not None

    def confirmation(self, letter_id: str, now: datetime) -> Pending | None:
        return self.unit.people.confirmation(letter_id, now)

    def acks(self, address: Address, now: datetime) -> tuple[int, int, int, int]:
        counts = self.unit.outbox.ack_counts(address.key, address.domain, now)
        return counts.sender_10min, counts.sender_day, counts.domain_hour, counts.hour

    def storm(self, key: str, since: datetime, noticed_since: datetime) -> tuple[int, int | None, bool]:
        storm = self.unit.incidents.storm(key, since, noticed_since)
        return storm.count, storm.first, storm.noticed

    def open_of(self, emails: Collection[str]) -> tuple[Alike, ...]:
        return self.unit.incidents.open_of(emails)

    def timeline(self, number: int) -> tuple[Past, ...]:
        entries = self.unit.incidents.history(number, limit=_TIMELINE, newest_first=True)
        return as_history((entry.at, entry.record) for entry in reversed(entries))

    def queue(self, wanted: Wanted) -> tuple[Queued, ...]:
        return tuple(map(_queued, self.unit.views.listed(wanted, MOST_LISTED + 1)))

    def search(self, words: Sequence[str]) -> tuple[Queued, ...]:
        return tuple(map(_queued, self.unit.views.search(words, MOST_LISTED + 1)))

    def refusals(self, person: str, since: datetime) -> int:
        """Notices of refusals that were not followed by a confirmation: a real technician answers his."""
        return self.unit.people.unanswered(person, since) + self.unit.outbox.count_to(person, "refused", since)

    def loads(self, people: Collection[str]) -> Mapping[str, int]:
        return self.unit.incidents.open_loads(people)

    def last_assigned(self, group: str) -> str | None:
        return self.unit.incidents.last_assigned(group)


def _queued(row: QueueRow) -> Queued:
    return Queued(
        row.tag, row.title, str(row.status), str(row.priority), row.assignee, row.group, row.requester, row.opened_at
    )


class NoLooks:
    """A desk that has never met anybody: for explaining a mail without a database."""

    def contacts(self, emails: Collection[str]) -> Mapping[str, Remembered]:  # noqa: ARG002 -- nobody is known
        return {}

    def incident(self, number: int) -> Incident | None:  # noqa: ARG002 -- there is none
        return None

    def letter(self, message_id: str) -> tuple[int | None, str, str] | None:  # noqa: ARG002 -- none was written
        return None

    def by_message_ids(self, ids: Collection[str]) -> Mapping[str, int]:  # noqa: ARG002 -- none came
        return {}

    def public(self, incident: int) -> tuple[str, ...]:  # noqa: ARG002 -- nobody has said anything
        return ()

    def heard(self, message_id: str, email: str) -> tuple[int, tuple[str, ...]] | None:  # noqa: ARG002 -- nothing
        return None

    def expected(self, message_id: str) -> int | None:  # noqa: ARG002 -- none is
        return None

    def earlier(self, message_id: str, before: int) -> bool:  # noqa: ARG002 -- none came
        return False

    def confirmation(self, letter_id: str, now: datetime) -> Pending | None:  # noqa: ARG002 -- nothing was asked
        return None

    def acks(self, address: Address, now: datetime) -> tuple[int, int, int, int]:  # noqa: ARG002 -- none went out
        return 0, 0, 0, 0

    def storm(self, key: str, since: datetime, noticed_since: datetime) -> tuple[int, int | None, bool]:  # noqa: ARG002 -- calm
        return 0, None, False

    def open_of(self, emails: Collection[str]) -> tuple[Alike, ...]:  # noqa: ARG002 -- nobody has any
        return ()

    def timeline(self, number: int) -> tuple[Past, ...]:  # noqa: ARG002 -- nothing happened
        return ()

    def queue(self, wanted: Wanted) -> tuple[Queued, ...]:  # noqa: ARG002 -- there is none
        return ()

    def search(self, words: Sequence[str]) -> tuple[Queued, ...]:  # noqa: ARG002 -- nothing is found
        return ()

    def refusals(self, person: str, since: datetime) -> int:  # noqa: ARG002 -- none
        return 0

    def loads(self, people: Collection[str]) -> Mapping[str, int]:
        return dict.fromkeys(people, 0)

    def last_assigned(self, group: str) -> str | None:  # noqa: ARG002 -- nobody was
        return None
