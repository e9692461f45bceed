"""inbox verify: the proof that no mail is lost, for all mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maildesk.cli import page, setting
from maildesk.cli.logs import configure_for_a_command
from maildesk.cli.page import when
from maildesk.clock import SystemClock
from maildesk.daemon.verify import Verified, unfinished, verify
from maildesk.plan import source_of
from maildesk.store.views import InboxRow


def run(config: Path | None, *, as_json: bool) -> int:
    """Prove that every mail has exactly one outcome; 1 if one is missing or it cannot be proven."""
    settings = setting.read(config, secrets=True)
    configure_for_a_command()
    now = SystemClock().now()
    with setting.database(settings) as database:
        boxes = [verify(database, source_of(mailbox), now) for mailbox in settings.mailboxes]
        waiting, busy = unfinished(database, now)
    if as_json:
        page.document({"mailboxes": boxes, "unfinished": [row.id for row in waiting], "at_work": busy})
    else:
        for box in boxes:
            _show_verified(box, settings.policy.timezone)
        _show_unfinished(waiting, busy, settings.policy.timezone)
    return 1 if waiting or any(box.missing or box.trouble for box in boxes) else 0


def _show_verified(box: Verified, zone: str) -> None:
    if box.trouble:
        page.say(f"{box.mailbox}: {box.trouble}", "red")
        return
    page.say(f"{box.mailbox}: {box.seen} mails from UID {box.first_uid} on, {len(box.missing)} unknown to the database")
    for one in box.missing:
        passed = "reading has gone past it" if one.passed else "not taken yet"
        page.say(f"  UID {one.uid}, received {when(one.received_at, zone) or 'at an unknown time'}: {passed}", "red")
    if box.fresh:
        page.say(f"  {len(box.fresh)} more came in just now")


def _show_unfinished(rows: Sequence[InboxRow], busy: int, zone: str) -> None:
    page.say(f"inbox: {len(rows)} mails without an outcome" + (f", {busy} at work" if busy else ""))
    for row in rows:
        page.say(f"  mail {row.id} of {row.mailbox}, received {when(row.received_at, zone)}: {row.state}", "red")
