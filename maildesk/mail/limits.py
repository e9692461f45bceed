"""The limits of a mail that is read at all, counted on its bytes before any parser sees them.

Why before: a parser's cost is chosen by the sender. Measured on Python 3.11: 100,000 parts 51 s, a To of 1.2 MB 65 s,
4 KB of `(` in a From a RecursionError; and each level of nesting is paid again for every line of the mail. The counts
are upper bounds (a boundary line quoted in a text counts too), far above what people send.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

MAX_BYTES = 25 * 1024 * 1024  # of the whole mail
MAX_LINES = 500_000  # of the whole mail: 25 MB of base64 have 330,000; the parser pays by the line
MAX_HEADER_BYTES = 256 * 1024  # of all header fields together
MAX_FIELD_BYTES = 32 * 1024  # of one header field with its continuation lines
MAX_HEADER_LINES = 1000
MAX_DEPTH = 20  # multiparts and attached mails inside each other
MAX_PARTS = 500
MAX_ATTACHMENTS = 100
MAX_ADDRESSES = 200  # in all address fields together
MAX_ENCODED_WORDS = 100  # in one header field (RFC 2047)

_HEADER_LINE = re.compile(rb"[\x21-\x39\x3b-\x7e]*:|[ \t]|From |>From ")  # what Python's parser takes for one
_ADDRESS_FIELDS = frozenset({b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc"})
_ENCODED_WORD = re.compile(rb"=\?[^?\s]+\?[bBqQ]\?")
_CONTENT_TYPE = b"\ncontent-type:"
_COMPOSITE = re.compile(rb"[\s\"']*(multipart|message)\s*/", re.IGNORECASE)
_DELIMITER = b"\n--"
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)')


class TooMuch(ValueError):
    """The mail is over a limit; the text says which."""


@dataclass(slots=True)
class _Found:
    """A place that shapes the tree of parts."""

    at: int
    boundary: bytes = b""  # of a delimiter line
    closing: bool = False  # the delimiter line is the last of its boundary
    declared: bytes = b""  # the boundary that a Content-Type announces
    message: bool = False  # a Content-Type that holds another mail


def check_size(raw: bytes) -> None:
    """Raise `TooMuch` if a mail is larger than any that is read."""
    if len(raw) > MAX_BYTES:
        raise TooMuch(f"larger than {MAX_BYTES} bytes")


def check(raw: bytes) -> None:
    """Raise `TooMuch` if a mail is over a limit that can be seen in its bytes."""
    check_size(raw)
    if raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n") > MAX_LINES:
        raise TooMuch(f"more than {MAX_LINES} lines")
    _check_header(raw)
    _check_parts(raw)


def _check_header(raw: bytes) -> None:
    fields = _fields(raw)
    addresses = 0
    for value in fields:
        if len(value) > MAX_FIELD_BYTES:
            raise TooMuch(f"a header field of more than {MAX_FIELD_BYTES} bytes")
        if len(_ENCODED_WORD.findall(value)) > MAX_ENCODED_WORDS:
            raise TooMuch(f"a header field of more than {MAX_ENCODED_WORDS} encoded words")
        name, _, listed = value.partition(b":")
        if name.lower() in _ADDRESS_FIELDS:
            addresses += _QUOTED.sub(b"", listed).count(b"@")
    if addresses > MAX_ADDRESSES:
        raise TooMuch(f"more than {MAX_ADDRESSES} addresses in the header")


def _fields(raw: bytes) -> list[bytes]:
    """The header fields with their continuation lines; raises as soon as there are too many."""
    fields: list[bytes] = []
    lines = raw[: MAX_HEADER_BYTES + 1].splitlines(keepends=True)
    total = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip(b"\r\n") or not _HEADER_LINE.match(line):
            return _joined(fields)
        total += len(line)
        if number > MAX_HEADER_LINES:
            raise TooMuch(f"more than {MAX_HEADER_LINES} header lines")
        if total > MAX_HEADER_BYTES:
            raise TooMuch(f"a header of more than {MAX_HEADER_BYTES} bytes")
        fields.append(line)
    return _joined(fields)


def _joined(lines: list[bytes]) -> list[bytes]:
    fields: list[list[bytes]] = []
    for line in lines:
        if line[:1] in b" \t" and fields:
            fields[-1].append(line)
        else:
            fields.append([line])
    return [b"".join(parts) for parts in fields]


def _check_parts(raw: bytes) -> None:
    if b"--" not in raw and b"message/" not in raw.lower():
        return
    parts, depth = _count(_places(raw))
    if parts > MAX_PARTS:
        raise TooMuch(f"more than {MAX_PARTS} parts")
    if depth > MAX_DEPTH:
        raise TooMuch(f"parts more than {MAX_DEPTH} deep inside each other")


def _places(raw: bytes) -> list[_Found]:
    """Content-Type fields and possible delimiter lines in order, wherever they stand."""
    if raw.count(b"\r") != raw.count(b"\r\n"):
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = b"\n" + raw
    places = _types(text)
    if len(places) > MAX_PARTS * 4:
        raise TooMuch(f"more than {MAX_PARTS} parts")
    declared = {place.declared for place in places if place.declared}
    at = text.find(_DELIMITER) if declared else -1
    while at >= 0:
        end = text.find(b"\n", at + 1)
        line = text[at + 3 : at + 400 if end < 0 else end].rstrip()
        if line in declared:
            places.append(_Found(at, boundary=line))
        elif line.endswith(b"--") and line[:-2] in declared:
            places.append(_Found(at, boundary=line[:-2], closing=True))
        at = text.find(_DELIMITER, at + 3)
    return sorted(places, key=lambda place: place.at)


def _types(text: bytes) -> list[_Found]:
    found: list[_Found] = []
    lower = text.lower()
    at = lower.find(_CONTENT_TYPE)
    while at >= 0:
        end = at + len(_CONTENT_TYPE)
        while (end := text.find(b"\n", end)) >= 0 and text[end + 1 : end + 2] in {b" ", b"\t"}:
            end += 1
        value = text[at + len(_CONTENT_TYPE) : end if end >= 0 else len(text)]
        if len(value) > MAX_FIELD_BYTES:
            raise TooMuch(f"a header field of more than {MAX_FIELD_BYTES} bytes")
        if kind := _COMPOSITE.match(value):
            multipart = kind[1].lower() == b"multipart"
            found.append(_Found(at, declared=_boundary(value) if multipart else b"", message=not multipart))
        at = lower.find(_CONTENT_TYPE, at + 1)
    return found


def _boundary(value: bytes) -> bytes:
    """The boundary as the parser will understand it, continuations (RFC 2231) and all."""
    probe = Message()
    probe["Content-Type"] = value.decode("ascii", "surrogateescape").replace("\r", " ").replace("\n", " ").strip()
    return (probe.get_boundary() or "").encode("utf-8", "replace")


def _count(places: list[_Found]) -> tuple[int, int]:
    """How many parts the delimiters make, and how deep they nest: a delimiter of an outer boundary ends all inner."""
    parts = 0
    deepest = 0
    nest: list[bytes] = []
    for place in places:
        if place.boundary and place.boundary in nest:
            del nest[nest.index(place.boundary) + (not place.closing) :]
        elif place.message or (place.boundary and not place.closing):
            nest.append(place.boundary)
        parts += place.message or (bool(place.boundary) and not place.closing)
        deepest = max(deepest, len(nest))
    return parts, deepest
