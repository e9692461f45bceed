"""Mails that gave no reading: why, and what their headers alone say, so that the sender can be told.

A mail may be too large, built against all rules, or fatal to its reader. Its header is read once more by itself, in
the reader process as well, for who hides a trap in the body may hide one there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maildesk.daemon.reader import Overrun, Reader
from maildesk.mail.limits import MAX_BYTES
from maildesk.mail.message import Reading, Unreadable
from maildesk.store.inbox import Claimed

ATTEMPTS = 3
_HEADER = 64 * 1024  # bytes: more is no letterhead
_FIELD = re.compile(rb"^[\x21-\x39\x3b-\x7e]+:[^\n]*\n(?:[ \t][^\n]*\n)*", re.MULTILINE)
_TELLING = frozenset(
    b"from subject date message-id in-reply-to references auto-submitted precedence return-path list-id".split()
    + b"x-auto-response-suppress x-autoreply x-autorespond x-loop x-maildesk-loop x-spam-flag x-spam-status".split()
)
_MANY = re.compile(r"attachments|parts")
_ENDS = (b"\r\n\r\n", b"\n\n", b"\r\r")


@dataclass(frozen=True, slots=True)
class Unread:
    """A mail that gave no reading. `reason` is one line for an admin; `again` says that another try makes sense.

    `header` is the reading of its header alone, with an empty body; None where not even that could be read.
    """

    reason: str
    again: bool = False
    large: bool = False
    header: Reading | None = None


def settled(
    reader: Reader, rows: Sequence[Claimed], raws: Sequence[bytes], results: Sequence[Reading | Unreadable | Overrun]
) -> Iterator[Reading | Unread]:
    """The readings as they are, and all else as Unread."""
    for row, raw, result in zip(rows, raws, results, strict=True):
        if row.size > len(raw):  # only its header was taken from the server
            reason = f"{row.size // 1_000_000} MB: larger than this desk takes; it was left on the server"
            yield Unread(reason, large=True, header=result if isinstance(result, Reading) else None)
        elif isinstance(result, Reading):
            yield result
        elif isinstance(result, Overrun) and row.attempts < ATTEMPTS:
            yield Unread(result.reason, again=True)
        else:
            yield Unread(
                result.reason,
                large=len(raw) > MAX_BYTES or bool(_MANY.search(result.reason)),
                header=_header(reader, raw),
            )


def _header(reader: Reader, raw: bytes) -> Reading | None:
    """The fields that say who wrote, about what, and whether it was a machine; the others may be the trouble."""
    ends = [at for at in (raw.find(end, 0, _HEADER) for end in _ENDS) if at >= 0]
    fields = _FIELD.findall(raw[: min(ends, default=_HEADER)] + b"\n")
    telling = b"".join(field for field in fields if field.partition(b":")[0].strip().lower() in _TELLING)
    result = next(reader.read([telling + b"\r\n"]))
    return result if isinstance(result, Reading) else None
