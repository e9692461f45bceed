"""Bytes to a Mail, or to the reason why not. Never raises, and never costs more than its limits allow.

The way: limits on the bytes (limits.py), one parse by the standard library (`compat32`, which keeps every octet and is
3.6 times faster than the newer policies), then

- the address fields to mail-parser, as a message of their own: given the whole tree it would decode every attachment a
  second time and fail on a multipart without a boundary. The same people write again, so what it says is remembered;
- the From field also to the strict parsers (address.py), because identity hangs on it;
- the parts to parts.py.

A mail without a word of its own that brings another mail says that mail, laid out as forwarded programs do it: somebody
dragged it into an empty window, and it is what he wants to be read.

This is the one module that knows mail-parser, and the one place where errors of parsing become `Unreadable`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import chain, islice, takewhile

import mailparser

from maildesk.mail import address, mend
from maildesk.mail.charsets import FOLD, unfolded, words
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
_ADDRESS_FIELDS = frozenset({"from", "sender", "reply-to", "to", "cc"})
_REMEMBERED = 2000  # characters of address fields that are worth to be kept
_MAILS = frozenset({"message/rfc822", "message/global"})
_INSIDE = 3  # mails inside each other whose text is looked for
TEXT_BEFORE = 2 * 1024 * 1024  # bytes of an attached mail within which its text is looked for: files come behind it
_FORWARDED = "---------- Forwarded message ----------"
_RESULTS = "authentication-results"
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
    items = [(name, str(value)) for name, value in message.raw_items()]
    mail = _mail(message, [(name, unfolded(value, label)) for name, value in items], len(raw))
    if mended is body:
        mail = replace(mail, results=_results(items))
    else:  # a stray line may have become part of what the own server wrote
        mail = replace(mail, results=None, notes=("a broken header was mended", *mail.notes))
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
        mail = _read(brought.content[:TEXT_BEFORE], inside + 1)
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
    people = _people(fields)
    from_, defect = _from(fields)
    found = content(message)
    ids = _ids(first.get("message-id", ""))
    return Mail(
        message_id=ids[0] if ids else None,
        from_=from_,
        from_shown=from_ or _shown(people, first),
        from_defect=defect,
        reply_to=people.reply_to,
        to=people.to,
        cc=people.cc,
        delivered_to=tuple(_trace(fields)),
        return_path=_return_path(first.get("return-path")),
        subject=clean_line(words(first.get("subject", ""))),
        date=_date(first.get("date", "")),
        in_reply_to=tuple(_ids(first.get("in-reply-to", "")))[-REFERENCES:],
        references=tuple(_ids(first.get("references", "")))[-REFERENCES:],
        headers=tuple(_headers(fields)),
        repeated=_repeated(fields),
        loop=clean_line(first[_LOOP]) if _LOOP in first else None,
        text=found.text,
        html=found.html,
        attachments=tuple(found.attachments),
        size=size,
        notes=(*people.notes, *found.notes[:20]),
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


def _results(items: list[tuple[str, str]]) -> tuple[str, ...]:
    """The Authentication-Results on top. They are not decoded: what a sender hid in an encoded word stays hidden."""
    names = [name.lower() == _RESULTS for name, _ in items]
    if True not in names:
        return ()
    run = takewhile(lambda item: item[0].lower() == _RESULTS, islice(items, names.index(True), None))
    return tuple(_as_written(value) for _, value in islice(run, TRACE))


def _as_written(value: str) -> str:
    try:
        line = value.encode("utf-8", "surrogateescape").decode() if not value.isascii() else value
    except UnicodeError:
        return ""
    line = FOLD.sub("", line).strip(" \t")
    return line if len(line) <= HEADER_LIMIT and line.replace("\t", "").isprintable() else ""


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


@dataclass(frozen=True, slots=True)
class _People:
    """What mail-parser makes of the address fields."""

    from_: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    notes: tuple[str, ...]


def _people(fields: list[tuple[str, str]]) -> _People:
    named = tuple((name, value) for name, value in fields if name.lower() in _ADDRESS_FIELDS)
    return _remembered(named) if sum(len(value) for _, value in named) < _REMEMBERED else _interpreted(named)


def _interpreted(fields: tuple[tuple[str, str], ...]) -> _People:
    try:
        parsed = mailparser.MailParser(_message_of(fields))
    except HeaderParseError:  # base64 that is none, in a name: better no name than no address
        parsed = mailparser.MailParser(_message_of([(name, _NAMED_IN_CODE.sub("", value)) for name, value in fields]))
    return _People(
        from_=tuple(_addresses(parsed.from_)),
        reply_to=tuple(_addresses(parsed.reply_to)),
        to=tuple(_addresses(parsed.to)),
        cc=tuple(_addresses(parsed.cc)),
        notes=tuple(clean_line(f"{one['header']}: {one['reason']}") for one in parsed.address_header_defects[:20]),
    )


_remembered = lru_cache(maxsize=512)(_interpreted)


def _message_of(fields: Iterable[tuple[str, str]]) -> Message:
    view = Message()
    for name, value in fields:
        view[name] = value
    return view


def _addresses(pairs: Iterable[tuple[str, str]] | None) -> Iterator[Address]:
    for name, email in pairs or ():
        if found := address.shown(name, email):
            yield found


def _shown(people: _People, first: dict[str, str]) -> Address | None:
    """The best guess at the writer: From, however broken; else who sent or returned it."""
    guesses = (address.spotted(first.get(name, "")) for name in ("from", "sender", "return-path"))
    return next((found for found in chain(people.from_, guesses) if found is not None), None)


def _date(value: str) -> datetime | None:
    """The Date field in UTC, or None."""
    try:
        guess = parsedate_to_datetime(value[:200])
        return (guess if guess.tzinfo else guess.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
