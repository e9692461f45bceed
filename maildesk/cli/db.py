"""db: the database brought to this version, or put right after a backup came back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from maildesk import build, plan
from maildesk.cli import page, setting
from maildesk.cli.logs import configure_for_a_command
from maildesk.daemon.desk import Desk
from maildesk.daemon.restore import Reread, new_epoch, reread, tell


def upgrade(config: Path | None) -> int:
    """Make the tables or bring them to this version, after a copy of an SQLite file."""
    settings = setting.read(config)
    with closing(build.open_database(settings)) as database:
        copy = database.prepare(backup=True)
    if copy is not None:
        page.say(f"the database as it was is kept in {copy}")
    page.say(f"the database {database.shown} has the schema of this version")
    return 0


def restored(config: Path | None, *, days: int, only_read: bool) -> int:
    """After an older backup came back; 1 if a mailbox could not be read again."""
    settings = setting.read(config, secrets=True)
    setting.must_exist(settings)
    configure_for_a_command()
    with setting.desk(settings, prepare=True) as desk:
        before, epoch = _epochs(desk, only_read=only_read)
        desk.ring = replace(desk.ring, epoch=before)  # these mails answer letters of before
        result = reread(desk, [plan.source_of(mailbox) for mailbox in settings.mailboxes], days)
        desk.ring = replace(desk.ring, epoch=epoch)
        tell(desk, result)
    _show(result, settings.policy.timezone)
    return 1 if result.troubles else 0


def _epochs(desk: Desk, *, only_read: bool) -> tuple[int, int]:
    """The epoch before the backup came back, and the one of now."""
    if only_read:
        return max(1, desk.ring.epoch - 1), desk.ring.epoch
    with desk.database.hold("run"):  # a daemon that works must not meet the numbers half-way
        epoch = new_epoch(desk)
    page.say(f"epoch {epoch} has begun, and numbers have jumped; what was made before is not made again")
    return desk.ring.epoch, epoch


def _show(result: Reread, zone: str) -> None:
    page.say(
        f"{result.looked} mails were looked at, {len(result.mails)} of them are handled now; "
        f"{result.dropped} letters were not repeated"
    )
    rows = [
        (row.id, page.when(row.received_at, zone), row.sender, row.kind, row.action or row.state, row.subject)
        for row in result.mails
    ]
    if rows:
        page.table(("Mail", "Received", "From", "Kind", "Outcome", "Subject"), rows)
    for trouble in result.troubles:
        page.complain(f"maildesk: {trouble}")
    if result.troubles:
        page.complain("maildesk: `maildesk db restored --only-read` reads again when the mailbox can be reached")
