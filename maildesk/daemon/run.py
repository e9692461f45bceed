"""The daemon: starts the loops, keeps them going, reloads, stops.

One thread a mailbox, one for handling and the clock together with its reader process, one asyncio loop for sending;
they meet only in the database. A loop that fails unexpectedly is logged and begun again; it never takes the others
along. The service manager's watchdog is fed only while the loops move.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

import structlog

from maildesk.daemon.clockwork import fire_due
from maildesk.daemon.desk import Desk, Rules
from maildesk.daemon.dispatch import Dispatch
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.intake import Intake, Source
from maildesk.daemon.quarantine import tell_admins
from maildesk.daemon.reader import Reader
from maildesk.daemon.vanished import give_back_vanished
from maildesk.errors import ConfigError, MaildeskError, Transient
from maildesk.wire.smtp import SmtpAccount, SmtpChannel
from maildesk.wire.systemd import notify, watchdog_seconds

log = structlog.get_logger()

POLL = 1.0  # seconds; a nudge is faster
STUCK = 300.0  # seconds without a sign of life after which a loop counts as stuck
AGAIN = 5.0  # seconds before a loop that failed unexpectedly begins again
ENDS = frozenset({signal.SIGTERM, signal.SIGINT})
ENDING = 6.0  # seconds for all loops to end; a server that hangs must not make the service manager kill us


@dataclass(frozen=True, slots=True)
class Plan:
    """What the configuration asks the daemon to do."""

    rules: Rules
    sources: tuple[Source, ...]
    smtp: SmtpAccount


@dataclass(slots=True)
class Loop:
    """One running loop: how to stop it, and when it last showed a sign of life (monotonic seconds)."""

    thread: threading.Thread
    stop: Callable[[], None]
    alive: float = field(default_factory=time.monotonic)


class Daemon:
    """The supervisor. `reload` reads the configuration anew; it raises ConfigError and then nothing changes."""

    def __init__(self, desk: Desk, plan: Plan, reload: Callable[[], Plan]) -> None:
        self._desk = desk
        self._plan = plan
        self._read_plan = reload
        self._ending = False
        self._heard: set[int] = set()  # signals
        self._mouth: socket.socket | None = None
        self._intakes: dict[str, tuple[Source, Intake, Loop]] = {}
        self._loops: dict[str, Loop] = {}
        self._sending = threading.Event()  # set: sending must begin anew with another account
        self._beaten: dict[str, float] = {}

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises Transient if another daemon already works on this database."""
        with self._desk.database.hold("run"), self._listening() as ear:
            self._recover()
            give_back_vanished(self._desk)
            self._start()
            notify(f"READY=1\nSTATUS=reading {len(self._plan.sources)} mailboxes")
            log.info("the desk is open", mailboxes=[s.account.name for s in self._plan.sources])
            while not (self._ending or self._desk.stopping.is_set()):
                _sleep(ear, self._watchdog())
                heard, self._heard = self._heard, set()
                if heard & ENDS:
                    self._ending = True
                elif heard:
                    self.reload()
            self._stop()

    def stop(self) -> None:
        """Ask the daemon to end; safe from any thread."""
        self._ending = True
        if self._mouth is not None:
            with suppress(OSError):  # full: it will wake anyway; closed: it has ended
                self._mouth.send(b"x")

    @contextmanager
    def _listening(self) -> Iterator[socket.socket]:
        """What to sleep on; SIGTERM and SIGINT stop, SIGHUP reloads, where this is the main thread.

        A handler only notes its signal: it may run while this very thread holds the lock of an Event, or of the log.
        """
        ear, mouth = socket.socketpair()
        with ear, mouth, ExitStack() as stack:
            mouth.settimeout(0)
            self._mouth = mouth
            if threading.current_thread() is threading.main_thread():
                for number in (*ENDS, signal.SIGHUP):
                    stack.callback(signal.signal, number, signal.signal(number, self._hear))
                stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False))
            yield ear

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._heard.add(number)

    # --- start and stop ---

    def _recover(self) -> None:
        """Take up what a process that was killed has left."""
        now = self._desk.clock.now()
        with self._desk.database.unit() as unit:
            mails = unit.inbox.reclaim()
            letters = unit.outbox.recover(now, all_leases=True)
        if mails or letters:
            log.info("taking up unfinished work", mails=mails, letters=letters)

    def _start(self) -> None:
        self._loops["handle"] = self._thread("handle", self._handle, self._desk.mails.set)
        self._loops["dispatch"] = self._thread("dispatch", self._dispatch, self._desk.letters.set)
        for source in self._plan.sources:
            self._start_intake(source)

    def _start_intake(self, source: Source) -> None:
        intake = Intake(self._desk, source)
        loop = self._thread(f"intake:{intake.name}", intake.run, intake.stop)
        self._intakes[intake.name] = (source, intake, loop)

    def _stop_intake(self, name: str) -> None:
        _source, intake, loop = self._intakes.pop(name)
        intake.stop()
        loop.thread.join(timeout=10)

    def _thread(self, name: str, work: Callable[[], None], stop: Callable[[], None]) -> Loop:
        thread = threading.Thread(target=self._guard, args=(name, work), name=name, daemon=True)
        loop = Loop(thread, stop)
        thread.start()
        return loop

    def _guard(self, name: str, work: Callable[[], None]) -> None:
        """Begin a loop again when something that nobody foresaw ends it."""
        while not self._desk.stopping.is_set():
            try:
                work()
            except Exception:
                log.exception("a loop failed and begins again", loop=name)
                self._desk.stopping.wait(AGAIN)
            else:
                return

    def _stop(self) -> None:
        """End every loop after its unit of work. One that hangs on a server is left, which is as safe as a kill."""
        notify("STOPPING=1")
        log.info("closing the desk")
        self._desk.stop()
        loops = {**self._loops, **{f"intake:{name}": loop for name, (_, _, loop) in self._intakes.items()}}
        for loop in loops.values():
            loop.stop()
        end = time.monotonic() + ENDING
        for loop in loops.values():
            loop.thread.join(max(0.0, end - time.monotonic()))
        if late := [name for name, loop in loops.items() if loop.thread.is_alive()]:
            log.warning("not waited for any longer", loops=late)

    # --- the loops ---

    def _handle(self) -> None:
        """Mails and timers, one after the other: both change incidents."""
        reader = Reader()
        with suppress(Transient):
            list(reader.read([b""]))  # starts the child, which would else cost the first mail most of a second
        names = self._names
        try:
            while not self._desk.stopping.is_set():
                self._desk.mails.clear()
                try:
                    worked = handle_waiting(self._desk, reader, alive=self._alive) + fire_due(self._desk, names())
                except Transient as trouble:
                    log.warning("mails wait", reason=str(trouble))
                    worked = 0
                    self._desk.stopping.wait(POLL)
                self._alive()
                if not worked:
                    self._beat("handle", "waiting")
                    self._desk.mails.wait(POLL)
        finally:
            reader.close()

    def _names(self) -> tuple[str, ...]:
        return tuple(self._intakes)

    def _alive(self) -> None:
        if loop := self._loops.get("handle"):
            loop.alive = time.monotonic()

    def _dispatch(self) -> None:
        """Send with the present account; a reload with another one ends this and begins anew."""
        while not self._desk.stopping.is_set():
            self._sending.clear()
            account = self._plan.smtp
            dispatch = Dispatch(self._desk, SmtpChannel(account), account.connections)
            asyncio.run(dispatch.run(self._sending))

    def _beat(self, role: str, note: str) -> None:
        """A sign of life for `maildesk status`, at most every few seconds."""
        now = time.monotonic()
        if now - self._beaten.get(role, -60.0) < 5.0:
            return
        self._beaten[role] = now
        with self._desk.database.unit() as unit:
            unit.meta.beat(role, node=socket.gethostname(), pid=os.getpid(), now=self._desk.clock.now(), note=note)

    # --- reload ---

    def reload(self) -> None:
        """Swap a valid configuration between units; keep the old one and tell an admin otherwise."""
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            plan = self._read_plan()
        except MaildeskError as error:
            self._keep(error)
        else:
            self._swap(plan)
            log.info("the configuration was reloaded")
        notify("READY=1")

    def _swap(self, plan: Plan) -> None:
        old, self._plan = self._plan, plan
        self._desk.rules = plan.rules
        give_back_vanished(self._desk)
        wanted = {source.account.name: source for source in plan.sources}
        for name, (source, _intake, _loop) in list(self._intakes.items()):
            if wanted.get(name) != source:
                self._stop_intake(name)
        for name, source in wanted.items():
            if name not in self._intakes:
                self._start_intake(source)
        if plan.smtp != old.smtp:
            self._sending.set()
            self._desk.letters.set()

    def _keep(self, error: MaildeskError) -> None:
        lines = tuple(error.problems) if isinstance(error, ConfigError) else (str(error),)
        log.error("the configuration was not reloaded, the old one stays", problems=lines)
        values: dict[str, object] = {
            "headline": "The new configuration has mistakes; the old one stays",
            "details": lines,
        }
        now = self._desk.clock.now()
        try:
            with self._desk.database.unit() as unit:
                tell_admins(unit, self._desk, "alarm", f"reload {now.isoformat()}", values, now)
        except MaildeskError as trouble:
            log.warning("no admin could be told of it", reason=str(trouble))
        self._desk.letters.set()

    # --- the service manager ---

    def _watchdog(self) -> float:
        """Feed the watchdog while the loops move; returns the seconds until the next look."""
        interval = watchdog_seconds()
        stuck = [name for name, loop in self._loops.items() if name == "handle" and _stuck(loop)]
        dead = [name for name, loop in self._loops.items() if not loop.thread.is_alive()]
        if interval and not stuck and not dead:
            notify("WATCHDOG=1")
        if stuck or dead:
            log.error("a loop does not move", stuck=stuck, dead=dead)
        return min(interval / 3, 10.0) if interval else 10.0


def _sleep(ear: socket.socket, seconds: float) -> None:
    """Sleep until somebody wakes us, or the time is over."""
    if select.select([ear], [], [], seconds)[0]:
        ear.recv(4096)


def _stuck(loop: Loop) -> bool:
    return time.monotonic() - loop.alive > STUCK


def once(desk: Desk, plan: Plan) -> list[str]:
    """Fetch, handle, fire, send, end; returns what went wrong, one line a channel."""
    troubles: list[str] = []
    with desk.database.hold("run"):
        now = desk.clock.now()
        with desk.database.unit() as unit:
            unit.inbox.reclaim()
            unit.outbox.recover(now, all_leases=True)
        give_back_vanished(desk)
        for source in plan.sources:
            try:
                Intake(desk, source).once()
            except Transient as trouble:
                troubles.append(str(trouble))
        handle_all(desk)
        fire_due(desk, [source.account.name for source in plan.sources])
        troubles += asyncio.run(_send_all(desk, plan))
    return troubles


def handle_all(desk: Desk) -> int:
    """Handle everything that waits; returns how many mails."""
    reader = Reader()
    total = 0
    try:
        while done := handle_waiting(desk, reader):
            total += done
    finally:
        reader.close()
    return total


async def _send_all(desk: Desk, plan: Plan) -> list[str]:
    dispatch = Dispatch(desk, SmtpChannel(plan.smtp), plan.smtp.connections)
    try:
        while await dispatch.once():
            pass
    finally:
        await dispatch.channel.close()
    return ["letters wait: the mail server cannot be used now"] if dispatch.resting_until else []
