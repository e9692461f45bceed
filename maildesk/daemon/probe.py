"""Probe: can the servers be used as configured, and what would happen? Changes nothing on them and nothing here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from maildesk.daemon.intake import Source
from maildesk.mail.message import Mail
from maildesk.mail.read import read
from maildesk.mail.survey import Survey, survey
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


LOOKED_AT = 50  # mails of a mailbox


@dataclass(frozen=True, slots=True)
class TrustProbe:
    """What stands on top of the last mails of one mailbox, in its folder and the one where taken mails go."""

    name: str
    server: str
    folders: tuple[str, ...]
    survey: Survey


def probe_trust(source: Source) -> TrustProbe:
    """Read the headers of the last mails, changing nothing. Raises ChannelError."""
    account = source.account
    folders = tuple(name for name in (account.folder, account.done) if name)
    session = ImapSession(account)
    session.connect()
    try:
        mails = [mail for raw in _last_headers(session, folders) if isinstance(mail := read(raw), Mail)]
    finally:
        session.close()
    return TrustProbe(account.name, f"{account.host}:{account.port}", folders, survey(mails, account.host))


def _last_headers(session: ImapSession, folders: tuple[str, ...]) -> Iterator[bytes]:
    found: list[tuple[float, str, int]] = []  # (when it came, folder, UID)
    for folder in folders:
        sizes = session.sizes(session.folder_uids(folder)[-LOOKED_AT:])
        found += [(one.internaldate.timestamp(), folder, uid) for uid, one in sizes.items() if one.internaldate]
    last = sorted(found)[-LOOKED_AT:]
    for folder in folders:
        uids = [uid for _, where, uid in last if where == folder]
        if uids:
            session.select(folder, readonly=True)
        yield from (raw for uid in uids if (raw := session.headers(uid)) is not None)


def probe_smtp(account: SmtpAccount) -> str:
    """Log in and leave; returns the server's own name. Raises ChannelError."""
    return asyncio.run(SmtpChannel(account).probe())
