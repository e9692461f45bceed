"""What tests of the loops ask a desk, and mails to give it."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from scenes.real import MANY, OUT_STATES

from maildesk.daemon.desk import Desk
from maildesk.store.incidents import TimelineEntry
from maildesk.store.outbox import OutboxInfo
from maildesk.store.views import InboxRow

IN_STATES = ("received", "claimed", "done", "quarantined")


def mail(name: str, sender: str = "erika@shop.example", text: str = "It hums.", **headers: str) -> bytes:
    """A mail whose name stands in its subject and in its Message-ID. `X_Hang` in `headers` is the header X-Hang."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "support@acme.example", f"About {name}"
    message["Message-ID"] = f"<{name}@client.example>"
    message["Date"] = "Mon, 23 Nov 2026 09:00:00 +0000"
    for key, value in headers.items():
        message[key.replace("_", "-")] = value
    message.set_content(f"{text}\n")
    return message.as_bytes(policy=SMTP)


def rows(desk: Desk) -> list[InboxRow]:
    """All mails, in the order they came."""
    with desk.database.view() as view:
        return list(reversed(view.views.inbox(*IN_STATES, limit=MANY)))


def letters(desk: Desk) -> list[OutboxInfo]:
    """All letters, in the order they were written."""
    with desk.database.view() as view:
        return list(reversed(view.views.outbox(*OUT_STATES, limit=MANY)))


def raw(desk: Desk, row: InboxRow) -> bytes:
    with desk.database.view() as view:
        return view.inbox.raw(row.id)


def timeline(desk: Desk, number: int) -> tuple[TimelineEntry, ...]:
    with desk.database.view() as view:
        return view.incidents.history(number)


def text_of(desk: Desk, letter: OutboxInfo) -> str:
    """What a letter says, as far as it can be read without decoding."""
    with desk.database.view() as view:
        return view.outbox.frozen(letter.id).body.decode("utf-8", "replace")
