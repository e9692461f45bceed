"""What reading promises of any bytes at all, as a question: which promise do these bytes break?"""

from __future__ import annotations

import time
import unicodedata

from maildesk.mail.message import Reading, Unreadable
from maildesk.mail.reading import pack, understand, unpack
from maildesk.mail.text import clean_line
from maildesk.mail.thread import fingerprint, scan_ids

SECONDS = 4.0  # of processor time for one damaged mail of at most half a megabyte; most need milliseconds
FORBIDDEN = frozenset({"Cc", "Cs"}) | {"Zl", "Zp"}  # categories of characters that no line of a header holds
OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def broken(raw: bytes) -> str:
    """The promise that is broken by these bytes, "" if all are kept."""
    started = time.process_time()
    try:
        fingerprint(raw)
        scan_ids(raw)
        found = understand(raw)
    except Exception as error:  # noqa: BLE001  # whatever escapes is what we are looking for
        return f"escaped: {type(error).__name__}: {error}"
    if (took := time.process_time() - started) > SECONDS:
        return f"took {took:.1f} s"
    return _crosses(found) or (_reason(found) if isinstance(found, Unreadable) else _clean(found))


def _crosses(found: Reading | Unreadable) -> str:
    try:
        return "" if unpack(pack(found)) == found else "is another after it crossed the pipe"
    except Exception as error:  # noqa: BLE001  # as above
        return f"does not cross the pipe: {type(error).__name__}: {error}"


def _reason(found: Unreadable) -> str:
    """Only a limit is a good reason: everything else is an error of a parser, caught in time but not understood."""
    if not found.reason or clean_line(found.reason) != found.reason:
        return f"a reason that is no clean line: {found.reason!r}"
    return "" if found.reason.startswith("over a limit: ") else found.reason


def _clean(found: Reading) -> str:
    mail = found.mail
    lines = [mail.subject, mail.message_id or "", *(part.name for part in mail.attachments), found.verdict.reason]
    lines += [text for pair in mail.headers for text in pair]
    lines += [text for one in (*mail.to, *mail.cc, *mail.reply_to) for text in (one.email, one.name)]
    if found.bounce:
        lines += [text for failure in found.bounce.recipients for text in (failure.address, failure.diagnostic)]
        lines += found.bounce.original_ids
    for line in lines:
        if any(char in OVERRIDES or unicodedata.category(char) in FORBIDDEN for char in line):
            return f"a line with a character that must not be there: {line[:200]!r}"
    if any("/" in part.name or "\\" in part.name for part in mail.attachments):
        return "an attachment with a path"
    return "" if (mail.from_ is None) == bool(mail.from_defect) else "an author and a doubt about him"
