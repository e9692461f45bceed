"""The other way in: a mail that a mail server pipes to us, beside those that intake.py fetches."""

from __future__ import annotations

from maildesk.clock import Clock
from maildesk.mail.thread import fingerprint, scan_ids
from maildesk.store.inbox import Added
from maildesk.store.unit import Database


def deliver(database: Database, clock: Clock, raw: bytes, mailbox: str) -> Added:
    """Take one mail from an MTA's pipe. It has returned means the mail is safe."""
    now = clock.now()
    message_id, _ = scan_ids(raw)
    with database.unit() as unit:
        return unit.inbox.add(
            raw, fingerprint=fingerprint(raw), message_id=message_id, mailbox=mailbox, received_at=now, now=now
        )
