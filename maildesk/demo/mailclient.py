"""A person's mail program: writes and replies as those of people do, sends by SMTP, reads the own mailbox by IMAP."""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as WITH_CRLF
from email.policy import default as modern
from email.utils import formataddr, localtime, make_msgid

from maildesk.demo.company import DESK, Person
from maildesk.demo.postoffice import HOST, PostOffice
from maildesk.wire.imap import ImapAccount, ImapSession

POLL = 1.0  # seconds after which the mailbox is looked at even if the server has announced nothing


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in somebody's mailbox."""

    message: EmailMessage

    @property
    def sender(self) -> str:
        return str(self.message["From"].addresses[0].display_name)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""

    @property
    def about(self) -> str:
        """The number in its subject, such as INC-1."""
        return self.subject.rpartition("[")[2].partition("]")[0]

    @property
    def receipt(self) -> bool:
        """Whether it only says what became of somebody's commands."""
        return self.message["X-Maildesk-Reason"] in {"done", "not_done"}

    def says(self, words: str) -> bool:
        """Whether these words stand in it, however its lines are broken."""
        return words in " ".join(f"{self.subject} {self.text}".split())


@dataclass(slots=True)
class MailClient:
    """The mail program of one person; `unread` holds what came and nobody has looked at yet."""

    person: Person
    office: PostOffice
    unread: list[Letter] = field(default_factory=list)
    _session: ImapSession | None = None
    _next_uid: int = 1

    # --- writing ---

    def write(self, subject: str, text: str) -> EmailMessage:
        """A new mail to the desk."""
        message = EmailMessage()
        message["From"] = formataddr((self.person.name, self.person.email))
        message["To"] = DESK
        message["Subject"] = subject
        message["Date"] = localtime()
        message["Message-ID"] = make_msgid(domain=self.person.email.partition("@")[2])
        message.set_content(text)
        return message

    def reply(self, letter: Letter, commands: str, text: str) -> EmailMessage:
        """An answer: the text above the quoted letter, commands at the end of the subject, the ids that thread it."""
        subject = letter.subject if letter.subject.startswith("Re:") else f"Re: {letter.subject}"
        quoted = "\n".join(f"> {line}".rstrip() for line in letter.text.splitlines())
        when = letter.message["Date"].datetime.strftime("%d %b %Y at %H:%M")
        message = self.write(
            f"{subject} {commands}".strip(), f"{text}\n\nOn {when}, {letter.sender} wrote:\n{quoted}\n"
        )
        message.replace_header("To", str(letter.message["Reply-To"] or letter.message["From"]))
        message["In-Reply-To"] = letter.message["Message-ID"]
        references = f"{letter.message['References'] or ''} {letter.message['Message-ID']}"
        message["References"] = " ".join(references.split())
        return message

    def send(self, message: EmailMessage) -> None:
        # Without a name for this machine smtplib asks the network for one, which may take seconds.
        with smtplib.SMTP(HOST, self.office.smtp_port, local_hostname="client.example", timeout=10) as server:
            server.login(self.person.email, self.person.password)
            server.sendmail(self.person.email, [DESK], message.as_bytes(policy=WITH_CRLF))

    # --- reading ---

    def wait_for(self, words: str, seconds: float) -> Letter | None:
        """The first unread letter that says these words, as soon as there is one; None when the time is up."""
        end = time.monotonic() + seconds
        while True:
            self.look()
            for letter in self.unread:
                if letter.says(words):
                    self.unread.remove(letter)
                    return letter
            if (left := end - time.monotonic()) <= 0:
                return None
            self._mailbox().wait(min(left, POLL))

    def look(self) -> None:
        """Fetch what is new."""
        mailbox = self._mailbox()
        for uid, raw in mailbox.fetch(mailbox.uids_from(self._next_uid)).items():
            message = message_from_bytes(raw, policy=modern)
            assert isinstance(message, EmailMessage)
            self.unread.append(Letter(message))
            self._next_uid = uid + 1

    def close(self) -> None:
        if self._session:
            self._session.close()

    def _mailbox(self) -> ImapSession:
        if self._session is None:
            person = self.person
            account = ImapAccount(
                person.first_name, HOST, self.office.imap_port, "none", person.email, lambda: person.password
            )
            self._session = ImapSession(account)
            self._session.connect()
            self._session.select()
        return self._session
