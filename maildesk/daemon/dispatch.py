"""Dispatch: letters leave the outbox, each attempt written down before it is made.

    lease     due letters, longer than the longest SMTP session; the attempt counts from here
    send      the same bytes every time
    record    Sent | PutOff | Refused | Ambiguous | ChannelDown, by the table below

What a server's answer means for the letter is desk/retry.py's matter, what it means for the incident decide()'s.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from maildesk.daemon.apply import Work, apply
from maildesk.daemon.desk import Desk
from maildesk.desk.decide import decide
from maildesk.desk.events import LetterFailed
from maildesk.desk.retry import GiveUp, TryAt, next_try
from maildesk.errors import Transient, UsageError
from maildesk.mail.write import assemble
from maildesk.store.outbox import Leased
from maildesk.store.unit import Unit
from maildesk.wire.smtp import Ambiguous, ChannelDown, Outcome, PutOff, Refused, Sent, SmtpChannel

log = structlog.get_logger()

LEASE = 1800.0  # seconds: the final dot alone may take 600 (RFC 5321 4.5.3.2.6)
PAUSES = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)  # seconds the channel rests after a fault that is no letter's fault
POLL = 1.0
BEAT = timedelta(seconds=15)


@dataclass(slots=True)
class Dispatch:
    """Sends what is due. One asyncio loop; the database is only touched in short units between."""

    desk: Desk
    channel: SmtpChannel
    connections: int = 2
    faults: int = 0
    resting_until: datetime | None = None
    beaten: datetime | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, end: threading.Event) -> None:
        """Send until the desk stops or `end` is set; a letter on its way is finished."""
        loop, over = asyncio.get_running_loop(), threading.Event()
        waiting = loop.run_in_executor(None, self._listen, loop, over)
        try:
            while not (self.desk.stopping.is_set() or end.is_set()):
                try:
                    sent = await self.once()
                except Transient as trouble:
                    log.warning("letters wait", reason=str(trouble))
                    sent = 0
                if not sent:
                    await self._rest()
        finally:
            over.set()
            self.desk.letters.set()
            await waiting
            await self.channel.close()

    def _beat(self, unit: Unit, now: datetime, note: str = "sending") -> None:
        """A sign of life for `maildesk status`; and leases that a dead sender left behind are looked after."""
        self.beaten = now
        if not self.faults or note != "sending":
            unit.meta.beat("dispatch", node=socket.gethostname(), pid=os.getpid(), now=now, note=note)
        unit.outbox.recover(now)

    def _listen(self, loop: asyncio.AbstractEventLoop, over: threading.Event) -> None:
        """Turn the desk's nudge, which threads give, into one that this loop can wait for."""
        while not (self.desk.stopping.is_set() or over.is_set()):
            self.desk.letters.wait()
            self.desk.letters.clear()
            loop.call_soon_threadsafe(self._wake.set)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), POLL)
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def once(self) -> int:
        """Send one round of due letters; returns how many were tried."""
        now = self.desk.clock.now()
        if self.desk.policy.hold or (self.resting_until and now < self.resting_until):
            return 0
        letters = await asyncio.to_thread(self._lease, now)
        if letters:
            await asyncio.gather(*(self._one(letter, content) for letter, content in letters))
        return len(letters)

    def _lease(self, now: datetime) -> list[tuple[Leased, bytes]]:
        """Due letters with their bytes. Looking costs a read; only what is due, or a sign of life, a write."""
        quiet = self.beaten is not None and now - self.beaten < BEAT
        with self.desk.database.view() as view:
            due = view.outbox.next_due()
        if quiet and (due is None or due > now):
            return []
        with self.desk.database.unit() as unit:
            if not quiet:
                self._beat(unit, now)
            leased = unit.outbox.lease(now, self.connections, LEASE)
            return [ready for letter in leased if (ready := self._ready(unit, letter, now))]

    def _ready(self, unit: Unit, letter: Leased, now: datetime) -> tuple[Leased, bytes] | None:
        try:
            return letter, assemble(unit.outbox.frozen(letter.id), unit.blobs.get)
        except UsageError as error:  # a file of it is gone: the others must not wait for what will never come
            log.error("a letter cannot be put together", outbox=letter.id, reason=str(error))  # noqa: TRY400 -- no bug here
            unit.outbox.failed(letter.id, now=now, code=0, reply=str(error))
            return None

    async def _one(self, letter: Leased, content: bytes) -> None:
        outcome = await self.channel.send(letter.envelope, letter.to.email, content)
        await asyncio.to_thread(self._record, letter, outcome)

    def _record(self, letter: Leased, outcome: Outcome) -> None:
        now = self.desk.clock.now()
        with self.desk.database.unit() as unit:
            _RECORD[type(outcome)](self, unit, letter, outcome, now)
        log.info(
            "letter",
            incident=_tag(letter),
            letter=letter.id,
            message_id=letter.message_id,
            template=letter.template,
            outcome=type(outcome).__name__,
            reply=outcome.reply,
            attempt=letter.attempts,
        )

    # --- what each outcome means ---

    def _sent(self, unit: Unit, letter: Leased, outcome: Sent, now: datetime) -> None:
        self.faults, self.resting_until = 0, None
        unit.outbox.sent(letter.id, now=now, reply=outcome.reply)

    def _put_off(self, unit: Unit, letter: Leased, outcome: PutOff, now: datetime) -> None:
        match next_try(letter.message_id, letter.attempts, letter.give_up_at, letter.created_at, now):
            case TryAt(at):
                unit.outbox.deferred(letter.id, until=at, code=outcome.code, reply=outcome.reply)
            case GiveUp(after):
                self._fail(unit, letter, outcome.code, f"given up after {_span(after)}: {outcome.reply}", now)

    def _refused(self, unit: Unit, letter: Leased, outcome: Refused, now: datetime) -> None:
        self._fail(unit, letter, outcome.code, outcome.reply, now)

    def _ambiguous(self, unit: Unit, letter: Leased, outcome: Ambiguous, now: datetime) -> None:
        """The final dot left us, its answer was lost: one more copy at most, and none of an acknowledgement."""
        unit.outbox.ambiguous(letter.id, again=now + timedelta(minutes=5), code=0, reply=outcome.reply)

    def _channel_down(self, unit: Unit, letter: Leased, outcome: ChannelDown, now: datetime) -> None:
        """The server, the network or the password is at fault, no letter: all wait, and no attempt counts."""
        if self.resting_until is None or self.resting_until <= now:  # else another letter of this round found out
            pause = PAUSES[min(self.faults, len(PAUSES) - 1)]
            self.faults += 1
            self.resting_until = now + timedelta(seconds=pause)
            log.warning("the mail server cannot be used", reason=outcome.reply, pause=pause)
        unit.outbox.give_back(letter.id, until=self.resting_until, code=outcome.code, reply=outcome.reply)
        self._beat(unit, now, f"trouble: {outcome.reply}")

    def _fail(self, unit: Unit, letter: Leased, code: int, reply: str, now: datetime) -> None:
        """The letter is lost for good; its incident says so, and the people who look after it hear of it."""
        unit.outbox.failed(letter.id, now=now, code=code, reply=reply)
        before = unit.incidents.get(letter.incident) if letter.incident else None
        if before is None:
            log.error("a letter could not be delivered", letter=letter.id, template=letter.template, reply=reply)
            return
        cause = "failed " + hashlib.sha256(letter.message_id.encode()).hexdigest()
        event = LetterFailed(cause, letter.message_id, letter.to.key, letter.template, reply)
        rules = self.desk.rules
        apply(Work(unit, rules, self.desk.ring, cause, now), before, decide(before, event, rules.policy, now))


def _tag(letter: Leased) -> str | None:
    """The number as people say it: it ends every subject about an incident."""
    found = re.search(r"\[([A-Z]+-\d+)\]$", letter.subject)
    return found[1] if found else None


def _span(time: timedelta) -> str:
    hours = round(time.total_seconds() / 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


_RECORD: dict[type, Callable[..., None]] = {
    Sent: Dispatch._sent,  # noqa: SLF001 -- the table of this very class
    PutOff: Dispatch._put_off,  # noqa: SLF001
    Refused: Dispatch._refused,  # noqa: SLF001
    Ambiguous: Dispatch._ambiguous,  # noqa: SLF001
    ChannelDown: Dispatch._channel_down,  # noqa: SLF001
}
