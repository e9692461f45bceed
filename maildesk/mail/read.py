"""Bytes to a Mail, or to the reason why not. Never raises, and never costs more than its limits allow.

The way: limits on the bytes (limits.py), one parse by the standard library (`compat32`, which keeps every octet and is
3.6 times faster than the newer policies), then

- the address and date fields to mail-parser, as a message of their own: given the whole tree it would decode every
  attachment a second time and fail on a multipart without a boundary;
- the From field also to the strict parsers (address.py), because identity hangs on it;
- the parts to parts.py.

A mail without a word of its own that brings another mail says that mail, laid out as forwarded programs do it: somebody
dragged it into an empty window, and it is what he wants to be read.

This is the one module that knows mail-parser, and the one place where errors of parsing become `Unreadable`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.message import Message
from email.utils import parsedate_to_datetime
from itertools import islice

import mailparser

from maildesk.mail import address, mend
from maildesk.mail.charsets import unfolded, words
from maildesk.mail.limits import TooMuch
from maildesk.mail.message import Address, Attachment, Mail, Unreadable
from maildesk.mail.parts import Parsing, Part, content
from maildesk.mail.text import clean_line, clean_text

HEADER_LIMIT = 8000  # characters of a decoded header field
ID_LIMIT = 998  # characters of a message id
REFERENCES = 20  # the newest so many are kept
TRACE = 20  # so many Delivered-To and the like are kept

# RFC 5322 3.6 and RFC 2045 allow these once. Twice, and two programs may read two different mails: a signature checks
# the one, a person sees the other.
SINGLETONS = frozenset(
    {
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "content-type",
        "mime-version",
        "content-transfer-encoding",
    }
)
_TRACE_FIELDS = frozenset({"delivered-to", "x-original-to", "envelope-to", "x-envelope-to"})
_FOR_MAIL_PARSER = frozenset({"from", "sender", "reply-to", "to", "cc", "date"})
_MAILS = frozenset({"message/rfc822", "message/global"})
_INSIDE = 3  # mails inside each other whose text is looked for
_FORWARDED = "---------- Forwarded message ----------"
_OURS = "x-maildesk-"
_LOOP = "x-maildesk-loop"

_ID = re.compile(r"<([^<>]*)>")
_NAMED_IN_CODE = re.compile(r"=\?\S*\?=")


def read(raw: bytes) -> Mail | Unreadable:
    """Read one mail. Empty bytes are an empty mail; a leading mbox `From ` line is skipped."""
    try:
        return _read(raw)
    except TooMuch as limit:
        return Unreadable(f"over a limit: {limit}")
    except Exception as error:  # noqa: BLE001  # the one place: whatever a parser does over hostile bytes is a reason
        return Unreadable(clean_line(f"the parser failed: {type(error).__name__}: {error}"))


def _read(raw: bytes, inside: int = 0) -> Mail:
    """`inside`: how many mails are open around this one."""
    body = mend.start(raw)
    mended = mend.header(body)
    message = Parsing().parse(mended)
    label = _charset(message)
    fields = [(name, unfolded(str(value), label)) for name, value in message.raw_items()]
    mail = _mail(message, fields, len(raw))
    if mended is not body:
        mail = replace(mail, notes=("a broken header was mended", *mail.notes))
    return mail if mail.text or inside >= _INSIDE else replace(mail, text=_of_the_attached(mail.attachments, inside))


def _charset(message: Part) -> str:
    """What the mail says of its text: the best guess for octets that stand in its header without a label."""
    labels = (part.get_param("charset") for part in islice(message.walk(), 5))
    return next((str(label) for label in labels if isinstance(label, str)), "")


def _of_the_attached(attachments: Sequence[Attachment], inside: int) -> str:
    """The text of a mail that only carries another one; "" if there is none, or if it is a report."""
    types = [one.type for one in attachments]
    if not _MAILS.intersection(types) or any(kind.startswith(("message/d", "text/rfc822")) for kind in types):
        return ""
    brought = next(one for one in attachments if one.type in _MAILS)
    try:
        mail = _read(brought.content, inside + 1)
    except Exception:  # noqa: BLE001 -- as in `read`: hostile bytes; the mail around it is whole without them
        return ""
    return clean_text("\n".join([_FORWARDED, *_head_lines(mail), "", mail.text])).rstrip() if mail.text else ""


def _head_lines(mail: Mail) -> Iterator[str]:
    if who := mail.from_shown:
        yield f"From: {who.name} <{who.email}>" if who.name else f"From: {who.email}"
    if mail.date:
        yield f"Date: {mail.date:%Y-%m-%d %H:%M} UTC"
    if mail.subject:
        yield f"Subject: {mail.subject}"


def _mail(message: Part, fields: list[tuple[str, str]], size: int) -> Mail:
    """Put the mail together. `fields` are unfolded, still encoded."""
    first = {name.lower(): value for name, value in reversed(fields)}
    parsed = _interpreted(fields)
    from_, defect = _from(fields)
    found = content(message)
    ids = _ids(first.get("message-id", ""))
    return Mail(
        message_id=ids[0] if ids else None,
        from_=from_,
        from_shown=from_ or _shown(parsed, first),
        from_defect=defect,
        reply_to=_addresses(parsed, "reply-to"),
        to=_addresses(parsed, "to"),
        cc=_addresses(parsed, "cc"),
        delivered_to=tuple(_trace(fields)),
        return_path=_return_path(first.get("return-path")),
        subject=clean_line(words(first.get("subject", ""))),
        date=_date(parsed, first.get("date", "")),
        in_reply_to=tuple(_ids(first.get("in-reply-to", "")))[-REFERENCES:],
        references=tuple(_ids(first.get("references", "")))[-REFERENCES:],
        headers=tuple(_headers(fields)),
        repeated=_repeated(fields),
        loop=clean_line(first[_LOOP]) if _LOOP in first else None,
        text=found.text,
        html=found.html,
        attachments=tuple(found.attachments),
        size=size,
        notes=tuple(_notes(parsed, found.notes)),
        sealed=found.sealed,
    )


# ---- header fields


def _headers(fields: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in fields:
        if not name.lower().startswith(_OURS):  # only what we stamped ourselves may be believed, and this was not us
            yield clean_line(name, 200), clean_line(words(value), HEADER_LIMIT)


def _repeated(fields: list[tuple[str, str]]) -> frozenset[str]:
    counts = Counter(name.lower() for name, _ in fields)
    return frozenset(name for name in SINGLETONS if counts[name] > 1)


def _ids(value: str) -> list[str]:
    """Message ids (RFC 5322 3.6.4) without brackets; words without brackets count if they look like one."""
    found = _ID.findall(value) or [word for word in value.split() if "@" in word]
    cleaned = (clean_line("".join(found_id.split()), ID_LIMIT + 1) for found_id in found[-4 * REFERENCES :])
    return [one for one in cleaned if one and len(one) <= ID_LIMIT]


def _return_path(value: str | None) -> str | None:
    if value is None:
        return None
    path = clean_line(value, 400).strip("<> ")
    found = address.shown("", path)
    return found.email if found else path


def _trace(fields: list[tuple[str, str]]) -> Iterator[str]:
    kept = [value for name, value in fields if name.lower() in _TRACE_FIELDS][:TRACE]
    for value in kept:
        found = address.shown("", value.partition(";")[2] or value) or address.spotted(value)
        if found is not None:
            yield found.email


# ---- people


def _from(fields: list[tuple[str, str]]) -> tuple[Address | None, str]:
    """Who is named in From beyond doubt, or what the doubt is."""
    values = [value for name, value in fields if name.lower() == "from"]
    if len(values) != 1:
        return None, "more than one From header" if values else "no From header"
    try:
        return address.one_mailbox(values[0]), ""
    except address.Defect as defect:
        return None, f"From: {defect}"


def _interpreted(fields: list[tuple[str, str]]) -> mailparser.MailParser:
    """What mail-parser makes of the address and date fields."""
    fields = [(name, value) for name, value in fields if name.lower() in _FOR_MAIL_PARSER]
    try:
        return mailparser.MailParser(_message_of(fields))
    except HeaderParseError:  # base64 that is none, in a name: better no name than no address
        return mailparser.MailParser(_message_of([(name, _NAMED_IN_CODE.sub("", value)) for name, value in fields]))


def _message_of(fields: list[tuple[str, str]]) -> Message:
    view = Message()
    for name, value in fields:
        view[name] = value
    return view


def _addresses(parsed: mailparser.MailParser, name: str) -> tuple[Address, ...]:
    pairs = {"from": parsed.from_, "to": parsed.to, "cc": parsed.cc, "reply-to": parsed.reply_to}[name]
    candidates = (address.shown(*pair) for pair in pairs or [])
    return tuple(found for found in candidates if found is not None)


def _shown(parsed: mailparser.MailParser, first: dict[str, str]) -> Address | None:
    """The best guess at the writer: From, however broken; else who sent or returned it."""
    for candidate in _addresses(parsed, "from"):
        return candidate
    for name in ("from", "sender", "return-path"):
        candidate_or_none = address.spotted(first.get(name, ""))
        if candidate_or_none is not None:
            return candidate_or_none
    return None


def _date(parsed: mailparser.MailParser, value: str) -> datetime | None:
    """The Date field in UTC: by mail-parser, which is strict, else by the standard library, which is not."""
    if parsed.date is not None:
        found: datetime = parsed.date
        return found.replace(microsecond=0).astimezone(UTC)
    try:
        guess = parsedate_to_datetime(value[:200])
        return (guess if guess.tzinfo else guess.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _notes(parsed: mailparser.MailParser, mended: list[str]) -> Iterator[str]:
    for defect in [*parsed.address_header_defects, *parsed.date_header_defects][:20]:
        yield clean_line(f"{defect['header']}: {defect['reason']}")
    yield from mended[:20]
