"""The stage: people write to the desk and get its letters, each mail is shown as it goes by, and none is unexpected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from queue import Empty

from maildesk.demo.atwork import AtWork
from maildesk.demo.company import DESK, PEOPLE, Person
from maildesk.demo.mailclient import Letter, MailClient
from maildesk.demo.postoffice import PostOffice
from maildesk.demo.screen import Screen, Way, shortened, way_to, whole
from maildesk.desk.incident import Status

PATIENCE = 20.0  # seconds until a letter counts as one that never comes
THE_DESK = "the desk"


class Missed(Exception):
    """Something in the story did not happen, or something happened that is not in it; the text says what."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the story is played with. `last` holds the letter that a person would answer, by person and incident."""

    office: PostOffice
    work: AtWork
    screen: Screen
    clients: dict[Person, MailClient]
    last: dict[tuple[Person, str], Letter] = field(default_factory=dict)

    # --- what people do ---

    def writes(self, person: Person, subject: str, text: str) -> None:
        """A new mail to the desk."""
        self._send(person, self.clients[person].write(subject, text), text)

    def replies(self, person: Person, about: str, commands: str = "", text: str = "", signature: str = "") -> None:
        """An answer to the last letter about an incident, commands behind the number in the subject."""
        signed = f"{text}\n\n-- \n{signature}" if signature else text
        message = self.clients[person].reply(self.last[person, about], commands, signed)
        self._send(person, message, f"{signed}\n\n> (the letter it answers)".strip())

    def is_away(self, person: Person, about: str, text: str) -> None:
        """The person's mailbox answers the last letter about an incident by itself (RFC 3834)."""
        message = self.clients[person].reply(self.last[person, about], "", text)
        message["Auto-Submitted"] = "auto-replied"
        self._send(person, message, text, Way.AUTOMATIC)

    def _send(self, person: Person, message: EmailMessage, shown: str, way: Way = Way.TO_DESK) -> None:
        self.screen.mail(way, person.name, [THE_DESK], str(message["Subject"]), shown)
        self.clients[person].send(message)

    # --- what they get ---

    def gets(self, *people: Person, saying: str, in_full: bool = False) -> None:
        """Each of them gets a letter with these words; it is shown once. Raises Missed if it does not come."""
        letters = [self._letter(person, saying) for person in people]
        text = whole(letters[0].text) if in_full else shortened(letters[0].text)
        self.screen.mail(
            way_to(people[0].email), THE_DESK, [person.name for person in people], letters[0].subject, text
        )

    def _letter(self, person: Person, words: str) -> Letter:
        client = self.clients[person]
        letter = client.wait_for(words, PATIENCE)
        if letter is None:
            came = "; ".join(one.subject for one in client.unread) or "nothing"
            raise Missed(f'no letter came to {person.name} that says "{words}" (what came: {came})')
        if not letter.receipt:
            self.last[person, letter.about] = letter
        return letter

    def comes_back(self) -> None:
        """A letter cannot be delivered, and the mail server tells the desk. Raises Missed if it does not."""
        try:
            report = message_from_bytes(self.office.reports.get(timeout=PATIENCE))
        except Empty:
            raise Missed("no report of an undelivered letter came") from None
        text = next(str(part.get_payload()) for part in report.walk() if part.get_content_type() == "text/plain")
        self.screen.mail(Way.AUTOMATIC, "the mail server", [THE_DESK], report["Subject"], text)

    def nothing_else(self) -> None:
        """The desk is at rest, and nobody got a letter that is not in the story. Raises Missed."""
        mails = self.office.delivered[DESK]
        if not self.work.settled(mails, PATIENCE):
            raise Missed(f"the desk has not come to an end with the {mails} mails it got")
        for client in self.clients.values():
            client.look()
            if client.unread:
                raise Missed(f'{client.person.name} got "{client.unread[0].subject}", which is not in the story')

    def is_now(self, number: int, status: Status) -> None:
        """Raises Missed unless the incident is in this status."""
        incident, _ = self.work.history(number)
        if incident.status is not status:
            raise Missed(f"{incident.tag} is {incident.status} and not {status}")


@contextmanager
def set_up(office: PostOffice, work: AtWork, screen: Screen) -> Iterator[Stage]:
    """A stage with a mail program for everybody; they are closed at the end."""
    clients = {person: MailClient(person, office) for person in PEOPLE}
    try:
        yield Stage(office, work, screen, clients)
    finally:
        for client in clients.values():
            client.close()
