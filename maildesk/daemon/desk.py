"""What every loop works with: the database, the keys, the clock, and the decisions of the admin as they are now."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maildesk.clock import Clock
from maildesk.desk.policy import Policy
from maildesk.mail.render import Renderer
from maildesk.mail.thread import Keyring

if TYPE_CHECKING:  # to explain a mail takes rules and no database
    from maildesk.store.unit import Database


@dataclass(frozen=True, slots=True)
class Rules:
    """What a reload swaps: one reference, so that a unit of work sees either the old or the new, never a mixture."""

    policy: Policy
    renderer: Renderer
    shipped: Renderer | None = None  # what a letter is written with when the site's own template fails


@dataclass(slots=True)
class Desk:
    """The wired desk. `rules` is replaced whole by a reload; read it once a unit of work.

    `mails` and `letters` only wake a loop early; the database is the truth, and is looked at anyway.
    """

    database: Database
    ring: Keyring
    clock: Clock
    rules: Rules
    mails: threading.Event = field(default_factory=threading.Event)
    letters: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def policy(self) -> Policy:
        return self.rules.policy

    def stop(self) -> None:
        """Ask every loop to end after its unit of work."""
        self.stopping.set()
        self.mails.set()
        self.letters.set()
