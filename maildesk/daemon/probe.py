"""Probe: can the servers be used as configured, and what would happen? Changes nothing on them and nothing here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

from maildesk.daemon.intake import Source
from maildesk.store.inbox import MailboxState
from maildesk.wire.imap import ImapSession, Selected
from maildesk.wire.smtp import SmtpAccount, SmtpChannel

OFFERS = ("IDLE", "MOVE", "UIDPLUS")  # what makes reading quicker and putting away safer


@dataclass(frozen=True, slots=True)
class MailboxProbe:
    """One mailbox after a log-in. `take` is how many mails a look would take now, `why` which ones these are."""

    name: str
    server: str
    folder: str
    exists: int
    take: int
    why: str
    offers: dict[str, bool]


def probe_mailbox(source: Source, state: MailboxState | None) -> MailboxProbe:
    """Log in and look, read-only; `state` is how far the mailbox has been read. Raises ChannelError."""
    account = source.account
    session = ImapSession(account)
    session.connect()
    try:
        abilities = session.abilities()
        selected = session.select(readonly=True)
        take, why = _take(session, source, state, selected)
    finally:
        session.close()
    offers = {name: name in abilities for name in OFFERS}
    return MailboxProbe(
        account.name, f"{account.host}:{account.port}", account.folder, selected.exists, take, why, offers
    )


def _take(session: ImapSession, source: Source, state: MailboxState | None, selected: Selected) -> tuple[int, str]:
    if state is not None and state.uidvalidity == selected.uidvalidity:
        return len(session.uids_from(max(state.first_uid, state.last_uid + 1))), "new since the last look"
    if state is not None and state.scan_started_at is not None:
        day = state.scan_started_at.date()
        return len(session.since(day)), f"the server has renumbered the mailbox; all since {day} are looked at again"
    if source.since == "all":
        return selected.exists, "since: all"
    if isinstance(source.since, date):
        return len(session.since(source.since)), f"since: {source.since}"
    return 0, "since: now; what lies there already is left alone"


def probe_smtp(account: SmtpAccount) -> str:
    """Log in and leave; returns the server's own name. Raises ChannelError."""
    return asyncio.run(SmtpChannel(account).probe())
