"""When a letter that was put off is tried again, and when it is given up (RFC 5321 4.5.4.1). A table and two look-ups.

Jitter comes from a hash of the letter's own id, so that a thousand letters put off together do not come back together
and a test can still say exactly when each one does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE = 60
SCHEDULE: tuple[int, ...] = (
    1 * _MINUTE,
    2 * _MINUTE,
    5 * _MINUTE,
    10 * _MINUTE,
    30 * _MINUTE,
    60 * _MINUTE,
    120 * _MINUTE,
    240 * _MINUTE,  # and every four hours from here on
)
JITTER = 0.2  # of the pause, added

GIVE_UP: dict[str, timedelta] = {
    "": timedelta(days=5),  # a human's words: RFC 5321 asks for four to five days
    "notice": timedelta(days=5),
    "ack": timedelta(hours=24),  # an acknowledgement that comes on the third day only confuses
}


@dataclass(frozen=True, slots=True)
class TryAt:
    """Try the letter again at this time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop trying; `after` is how long it was tried."""

    after: timedelta


def give_up_at(automatic: str, created_at: datetime) -> datetime:
    """When a letter of this sort is given up."""
    return created_at + GIVE_UP[automatic]


def next_try(message_id: str, attempts: int, give_up: datetime, created_at: datetime, now: datetime) -> TryAt | GiveUp:
    """What to do after attempt number `attempts` (1 is the first) was put off."""
    pause = SCHEDULE[min(max(attempts, 1), len(SCHEDULE)) - 1]
    at = now + timedelta(seconds=pause * (1 + JITTER * _share(message_id, attempts)))
    return TryAt(at) if at < give_up else GiveUp(now - created_at)


def _share(message_id: str, attempts: int) -> float:
    """A number from 0 to 1 that only this attempt of this letter has."""
    digest = hashlib.sha256(f"{message_id} {attempts}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 0xFFFFFFFF
