"""The real desk at work in this process: its daemon in a thread, and what it has got done so far."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from maildesk.build import open_desk, read_settings
from maildesk.daemon.desk import Desk
from maildesk.daemon.run import Daemon, Plan
from maildesk.desk.incident import Incident
from maildesk.plan import plan_of
from maildesk.store.incidents import TimelineEntry
from maildesk.store.views import QueueRow

LOOK = 0.02  # seconds between two looks into the database


@dataclass(frozen=True, slots=True)
class AtWork:
    """The desk while its daemon runs."""

    desk: Desk
    daemon: Future[None]

    def settled(self, mails: int, seconds: float) -> bool:
        """Wait until so many mails were handled since the beginning and no letter is left to send."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.daemon.done():
            with self.desk.database.view() as view:
                done = len(view.views.inbox("done", "quarantined", limit=mails + 1))
                if done >= mails and not view.views.outbox():
                    return True
            time.sleep(LOOK)
        return False

    def queue(self) -> tuple[QueueRow, ...]:
        with self.desk.database.view() as view:
            return view.views.queue()

    def history(self, number: int) -> tuple[Incident, tuple[TimelineEntry, ...]]:
        with self.desk.database.view() as view:
            incident = view.incidents.get(number)
            assert incident is not None, f"there is no incident {number}"
            return incident, view.incidents.history(number)


@contextmanager
def desk_at_work(directory: Path) -> Iterator[AtWork]:
    """Open the desk that is configured in `directory`, and let its daemon work until the context is left."""
    env = os.environ | {"STATE_DIRECTORY": str(directory)}  # nothing of the demo lies anywhere else

    def plan() -> Plan:
        return plan_of(read_settings(directory, env))

    desk = open_desk(read_settings(directory, env))
    daemon = Daemon(desk, plan(), plan)
    with ThreadPoolExecutor(1, thread_name_prefix="daemon") as threads:
        running = threads.submit(daemon.run)
        try:
            yield AtWork(desk, running)
        finally:
            daemon.stop()
            running.result()
            desk.database.close()


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """What the desk and the libraries have to say goes to a file; the screen belongs to the story."""
    with path.open("a", encoding="utf-8", buffering=1) as stream:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.PrintLoggerFactory(stream),
        )
        logging.basicConfig(stream=stream, level=logging.WARNING, force=True)
        try:
            yield
        finally:
            structlog.reset_defaults()
            logging.basicConfig(force=True)
