"""Verify: every mail of a mailbox, from the first UID on, has one row in the inbox, and every row has an outcome.

Reads the mailbox and the database, and changes neither. Mails that came a moment ago may not have been taken yet, and
rows that came a moment ago may still be at work; both are told apart from those that are really missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maildesk.daemon.intake import Source
from maildesk.errors import ChannelError
from maildesk.store.inbox import MailboxState
from maildesk.store.unit import Database
from maildesk.store.views import InboxRow
from maildesk.wire.imap import ImapSession

JUST_NOW = timedelta(minutes=2)
_MOST = 10_000  # unfinished rows that are shown


@dataclass(frozen=True, slots=True)
class Missing:
    """A mail on the server that the database does not know. `passed` says that reading has gone past it."""

    uid: int
    received_at: datetime | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """One mailbox, compared. `trouble` says why it could not be, "" otherwise; `fresh` mails just came in."""

    mailbox: str
    first_uid: int | None = None
    last_uid: int | None = None
    seen: int = 0
    missing: tuple[Missing, ...] = ()
    fresh: tuple[int, ...] = ()
    trouble: str = ""


def unfinished(database: Database, now: datetime) -> tuple[tuple[InboxRow, ...], int]:
    """Rows that wait for an outcome for longer than a moment, oldest first, and how many are just at work."""
    with database.view() as view:
        rows = view.views.inbox("received", "claimed", limit=_MOST)
    old = tuple(row for row in reversed(rows) if now - row.received_at > JUST_NOW)
    return old, len(rows) - len(old)


def verify(database: Database, source: Source, now: datetime) -> Verified:
    """Compare one mailbox with the database."""
    name = source.account.name
    with database.view() as view:
        state = view.inbox.mailbox(name)
    if state is None:
        return Verified(name, trouble="it has not been read yet; `maildesk run` does")
    session = ImapSession(source.account)
    try:
        session.connect()
        return _compare(database, session, state, now)
    except ChannelError as error:
        return Verified(name, state.first_uid, state.last_uid, trouble=str(error))
    finally:
        session.close()


def _compare(database: Database, session: ImapSession, state: MailboxState, now: datetime) -> Verified:
    selected = session.select(readonly=True)
    if selected.uidvalidity != state.uidvalidity:
        why = "the server has renumbered it since the last look; `maildesk run` looks at the last days again"
        return Verified(state.name, state.first_uid, state.last_uid, trouble=why)
    uids = session.uids_from(state.first_uid)
    with database.view() as view:
        known = view.inbox.known_uids(state.name, state.uidvalidity, uids)
    missing = _missing(session, [uid for uid in uids if uid not in known], state)
    fresh = [one for one in missing if not one.passed and one.received_at and now - one.received_at < JUST_NOW]
    return Verified(
        state.name,
        state.first_uid,
        state.last_uid,
        seen=len(uids),
        missing=tuple(one for one in missing if one not in fresh),
        fresh=tuple(one.uid for one in fresh),
    )


def _missing(session: ImapSession, uids: Sequence[int], state: MailboxState) -> list[Missing]:
    """Those that are still there: a mail may have been put away between the two looks."""
    sizes = session.sizes(uids) if uids else {}
    return [Missing(uid, sizes[uid].internaldate, uid <= state.last_uid) for uid in uids if uid in sizes]
