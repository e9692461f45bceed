"""Where scenes are played. The quick stage is the whole desk in this process, but for the sockets."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from world import NOW, POLICY

from maildesk.build import template_sources
from maildesk.daemon.clockwork import fire_due
from maildesk.daemon.desk import Desk, Rules
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.pipe import deliver
from maildesk.daemon.reader import Reader
from maildesk.desk.policy import Policy
from maildesk.mail.render import Renderer
from maildesk.mail.thread import Keyring
from maildesk.mail.write import assemble
from maildesk.store.unit import Database, Unit

RING = Keyring("k1", {"k1": b"a key for scenes, 32 bytes long.."})


@cache
def _empty() -> Path:
    """A database with all tables and nothing in it, made once: its migrations are tested elsewhere."""
    folder = Path(tempfile.mkdtemp(prefix="maildesk-scenes-"))
    atexit.register(shutil.rmtree, folder)
    database = Database.open("sqlite:///empty.db", state=folder)
    database.prepare(backup=False)
    database.close()
    return folder / "empty.db"


@cache
def shipped_letters() -> Renderer:
    """One for all stages: a template is compiled when a letter first needs it, which takes longer than the letter."""
    return Renderer(template_sources(None))


@dataclass
class ManualClock:
    """A clock that moves when a scene says so."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


class QuickStage:
    """One desk on an SQLite file, or on the empty database at `url`; `reader` may be shared between scenes."""

    def __init__(self, folder: Path, reader: Reader, policy: Policy = POLICY, url: str = "") -> None:
        self.clock = ManualClock()
        self.reader = reader
        self.policy = policy
        self.renderer = shipped_letters()
        self.folder = folder
        self.url = url or "sqlite:///desk.db"
        if not url:
            shutil.copy(_empty(), folder / "desk.db")
        self.desk = self._open()

    def _open(self) -> Desk:
        database = Database.open(self.url, state=self.folder)
        database.check_schema()
        return Desk(database, RING, self.clock, Rules(self.policy, self.renderer))

    def deliver(self, raw: bytes) -> None:
        self.clock.at += timedelta(minutes=20)  # nobody writes so fast that a budget would hold his acknowledgement
        deliver(self.desk.database, self.clock, raw, "support")

    def settle(self) -> list[tuple[str, str, str, bytes]]:
        while handle_waiting(self.desk, self.reader):
            pass
        fire_due(self.desk, ())
        letters: list[tuple[str, str, str, bytes]] = []
        with self.desk.database.unit() as unit:
            while leased := unit.outbox.lease(self.clock.now(), 50, 600):
                for letter in leased:
                    raw = assemble(unit.outbox.frozen(letter.id), unit.blobs.get)
                    unit.outbox.sent(letter.id, now=self.clock.now(), reply="250")
                    letters.append((letter.to.email, letter.envelope, letter.template, raw))
        return letters

    def facts(self, tag: str) -> dict[str, str]:
        with self.desk.database.view() as view:
            return facts_of(view, int(tag.rpartition("-")[2]))

    def forward(self, time: timedelta) -> None:
        self.clock.at += time

    def restart(self) -> None:
        self.desk.database.close()
        self.desk = self._open()

    def close(self) -> None:
        self.desk.database.close()


def facts_of(view: Unit, number: int) -> dict[str, str]:
    """What a scene may say about an incident."""
    incident = view.incidents.get(number)
    assert incident is not None, f"there is no incident {number}"
    return {
        "status": incident.status.value,
        "assignee": incident.assignee or "unassigned",
        "group": incident.group or "",
        "priority": incident.priority.value,
        "category": incident.category,
        "type": incident.type.value,
        "requester": incident.requester,
        "tags": " ".join(sorted(incident.tags)),
    }


def with_policy(**fields: object) -> Policy:
    return replace(POLICY, **fields)  # type: ignore[arg-type]  # the tests know the fields


def copy_of(stage: QuickStage, folder: Path) -> Path:
    """A backup of the stage's database, as an admin would make it."""
    return Path(shutil.copy(stage.folder / "desk.db", folder / "backup.db"))
