"""Letters as bytes: freeze(letter) -> Frozen, assemble(frozen, blobs) -> the mail as it leaves (RFC 5322, MIME).

Why an own writer. It must be exact: a reply is recognised by headers we wrote, so what is read back has to be what
was meant. It must be closed: a header value is checked character by character and refused, never mended, because a
line break in it is somebody's attempt to add a header. It must be repeatable: nothing is drawn, the boundaries come
from the Message-ID, so the same letter is the same bytes at every attempt. And it keeps attachments out of the row:
`Frozen` says only where in the body the base64 of which blob stands.

The shape is the one that all clients show rightly, leaves out what is empty, and has no surprises for gateways:
mixed( alternative( text, related( html, inline images ) ), attachments ).
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Final
from urllib.parse import quote

from maildesk.errors import LetterError
from maildesk.mail.message import Address, Enclosure, Frozen, Letter

LINE: Final = 78  # where headers are folded (RFC 5322 2.1.1)
LONGEST: Final = 998  # octets of any line, its CRLF not counted (the same)
BASE64_LINE: Final = 76  # RFC 2045 6.8
_WORD_BYTES: Final = 39  # of text in one encoded word: 64 columns, so that `Subject: ` and a word fit into one line

# RFC 5322 3.2.3 and 3.4.1. The domain is an A-label or a literal; other characters would need SMTPUTF8 all the way.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_LOCAL: Final = rf"""{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*\""""
_EMAIL: Final = re.compile(rf"(?:{_LOCAL})@(?:{_LABEL}(?:\.{_LABEL})*|\[[!-Z^-~]+\])")
_PHRASE: Final = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_FIELD_NAME: Final = re.compile(r"[!-9;-~]{1,70}")
_MESSAGE_ID: Final = re.compile(r"[!-;=?-~]{1,900}")
_CONTENT_ID: Final = re.compile(r"[!#-;=?-\[\]-~]{1,200}")
_TYPE: Final = re.compile(r"(?!multipart/|message/)[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_PLAIN_NAME: Final = re.compile(r"[\w.,()+@=#&!-]+(?: [\w.,()+@=#&!-]+)*", re.ASCII)
# All that ends a line for anybody, and all else that has no business in a header.
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BLANKS_AND_WORD: Final = re.compile(r" *[^ ]+")
_PRINTABLE: Final = bytes([9, 10, *range(32, 127)])
_ONCE: Final = ("date", "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "message-id", "in-reply-to")
_OURS: Final = frozenset({*_ONCE, "references", "mime-version"})


# Headers --------------------------------------------------------------------------------------------------------------


def _checked(name: str, value: str) -> str:
    bad = _FORBIDDEN.search(value)
    if bad:
        raise LetterError(f"the header {name} may not hold the character U+{ord(bad[0]):04X}")
    return value


def _fold(name: str, value: str) -> str:
    """One field of printable ASCII, broken before blanks where it is longer than 78 columns (RFC 5322 2.2.3).

    Nothing is added or lost: without the line breaks it is the value again, blank for blank.
    """
    if len(name) + len(value) + 2 <= LINE:
        return f"{name}: {value}\r\n"
    first, *words = _BLANKS_AND_WORD.findall(f" {value}")
    lines = [f"{name}:{first}"]
    for word in words:
        if len(lines[-1]) + len(word) > LINE:
            lines.append(word)
        else:
            lines[-1] += word
    return "\r\n".join(lines) + "\r\n"


def _encoded_words(text: str) -> str:
    """The text as RFC 2047 encoded words, divided between characters and never inside one."""
    data = text.encode()
    words = []
    start = 0
    while start < len(data):
        end = min(start + _WORD_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        words.append(f"=?utf-8?b?{binascii.b2a_base64(data[start:end], newline=False).decode()}?=")
        start = end
    return " ".join(words)


def _unstructured(name: str, value: str) -> str:
    """A field of free text (Subject and the like); what is not plain ASCII, or looks encoded already, is encoded."""
    _checked(name, value)
    plain = value.isascii() and "=?" not in value and value == value.strip()
    if not plain or max(map(len, value.split(" "))) > LONGEST - LINE:
        value = _encoded_words(value)
    return _fold(name, value)


def _phrase(text: str) -> str:
    if not text.isascii() or "=?" in text:
        return _encoded_words(text)
    if _PHRASE.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mailbox(name: str, address: Address) -> str:
    """One mailbox, put together from its two parts; whatever the parts were, it is one mailbox."""
    local, _, domain = address.email.rpartition("@")
    if not _EMAIL.fullmatch(address.email) or len(local) > 64 or len(domain) > 253:
        raise LetterError(f"the header {name} cannot hold the address {address.email!r}")
    shown = " ".join(_checked(name, address.name).split())
    return _fold(name, f"{_phrase(shown)} <{address.email}>" if shown else address.email)


def _date(at: datetime) -> str:
    if at.tzinfo is None:
        raise LetterError("the date of a letter needs its time zone")
    return _fold("Date", format_datetime(at))


def _ids(name: str, ids: Iterable[str]) -> str:
    """A field of Message-IDs. Mailers write strange ones; those that cannot be written back are left out."""
    known = [f"<{one}>" for one in ids if _MESSAGE_ID.fullmatch(_checked(name, one))]
    return _fold(name, " ".join(known)) if known else ""


def _extra(name: str, value: str) -> str:
    if not _FIELD_NAME.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("content-"):
        raise LetterError(f"a letter cannot carry the extra header {name!r}")
    return _unstructured(name, value)


def _headers(letter: Letter) -> str:
    if not _MESSAGE_ID.fullmatch(_checked("Message-ID", letter.message_id)):
        raise LetterError(f"{letter.message_id!r} is no Message-ID")
    fields = [
        _date(letter.date),
        _mailbox("From", letter.sender),
        _mailbox("To", letter.to),
        _mailbox("Reply-To", letter.reply_to) if letter.reply_to else "",
        _unstructured("Subject", letter.subject),
        f"Message-ID: <{letter.message_id}>\r\n",
        _ids("In-Reply-To", [letter.in_reply_to] if letter.in_reply_to else []),
        _ids("References", letter.references),
        *(_extra(name, value) for name, value in letter.headers),
        "MIME-Version: 1.0\r\n",
    ]
    return "".join(fields)


# Bodies ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A MIME part: its headers, and its content as bytes and as names of blobs (str) to be set in as base64."""

    head: str
    content: Sequence[bytes | str]


def _base64(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join(encoded[at : at + BASE64_LINE] for at in range(0, len(encoded), BASE64_LINE))


def _from_line(data: bytes) -> bool:
    """A line that begins with "From " would grow a ">" wherever mail is kept as mbox."""
    return data.startswith(b"From ") or b"\nFrom " in data


def _plain(data: bytes) -> bool:
    """Nothing needs encoding: printable ASCII, short lines, and nothing that could be one of our boundaries."""
    if data.translate(None, _PRINTABLE) or b"--=_" in data or _from_line(data):
        return False
    return len(data) <= LONGEST or max(map(len, data.split(b"\n"))) <= LONGEST


def _encoded(text: str) -> tuple[str, bytes]:
    """The text in the shortest transfer encoding that every relay leaves alone (RFC 2045 6)."""
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    if _plain(data):
        return "7bit", data.replace(b"\n", b"\r\n")
    quoted = binascii.b2a_qp(data).replace(b"\n", b"\r\n")
    # Base64 makes 4 of 3, and 78 of 76 with its line ends.
    if len(quoted) <= len(data) * 4 / 3 * 78 / 76 and not _from_line(quoted):
        return "quoted-printable", quoted
    return "base64", _base64(data.replace(b"\n", b"\r\n"))


def _text(subtype: str, text: str) -> _Part:
    encoding, data = _encoded(text)
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return _Part(head, (data,))


def _file_name(name: str) -> str:
    """The filename parameter with its semicolons, on lines of its own (RFC 2183; RFC 2231 where it is not plain)."""
    if not _checked("Content-Disposition", name):
        return ""
    if _PLAIN_NAME.fullmatch(name) and len(name) < LONGEST // 2:
        return f';\r\n filename="{name}"'
    encoded = f"utf-8''{quote(name, safe='')}"
    if len(encoded) < LINE - len(" filename*="):
        return f";\r\n filename*={encoded}"
    pieces = re.findall(r"(?:%..|[^%]){1,20}", encoded)
    return "".join(f";\r\n filename*{number}*={piece}" for number, piece in enumerate(pieces))


def _file(enclosure: Enclosure, *, inline: bool) -> _Part:
    # A part of type message/* must not be base64 (RFC 2046 5.2.1), and a stranger's type is not worth a broken letter.
    kind = enclosure.type if _TYPE.fullmatch(enclosure.type) else "application/octet-stream"
    head = (
        f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: {'inline' if inline else 'attachment'}{_file_name(enclosure.name)}\r\n"
    )
    return _Part(f"{head}Content-ID: <{enclosure.cid}>\r\n" if inline else head, (enclosure.sha256,))


def _multipart(subtype: str, boundary: str, parts: Sequence[_Part]) -> _Part:
    """The parts as one (RFC 2046 5.1); a single part needs no cover."""
    if len(parts) == 1:
        return parts[0]
    content: list[bytes | str] = []
    for part in parts:
        content += [f"--{boundary}\r\n{part.head}\r\n".encode(), *part.content, b"\r\n"]
    content.append(f"--{boundary}--".encode())
    kind = f'{subtype}; type="text/html"' if subtype == "related" else subtype
    return _Part(f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n', content)


def _shown_inside(enclosure: Enclosure, html: str) -> bool:
    cid = enclosure.cid
    if not cid or not _CONTENT_ID.fullmatch(cid):
        return False
    return any(f"cid:{form}" in html for form in (cid, escape(cid), quote(cid), quote(cid, safe="@")))


def _content(letter: Letter) -> _Part:
    boundary = "=_" + hashlib.sha256(letter.message_id.encode()).hexdigest()[:24]
    inside = [one for one in letter.enclosures if _shown_inside(one, letter.html)]
    attached = [_file(one, inline=False) for one in letter.enclosures if one not in inside]
    forms = [_text("plain", letter.text)]
    if letter.html:
        images = [_file(one, inline=True) for one in inside]
        forms.append(_multipart("related", f"{boundary}.r", [_text("html", letter.html), *images]))
    return _multipart("mixed", f"{boundary}.m", [_multipart("alternative", f"{boundary}.a", forms), *attached])


def freeze(letter: Letter) -> Frozen:
    """The letter as bytes, all but its files. The same letter gives the same bytes, always.

    Raises LetterError for a header value or an address that cannot be written as it is.
    """
    headers = _headers(letter)
    part = _content(letter)
    body = bytearray()
    inserts = []
    for piece in part.content:
        if isinstance(piece, str):
            inserts.append((len(body), piece))
        else:
            body += piece
    if not body.endswith(b"\n"):
        body += b"\r\n"
    return Frozen(f"{headers}{part.head}\r\n".encode(), bytes(body), tuple(inserts))


def assemble(frozen: Frozen, blob: Callable[[str], bytes]) -> bytes:
    """The whole mail; `blob` gives the bytes of a file by its sha256. CRLF throughout, also at its end."""
    pieces = [frozen.head]
    done = 0
    for offset, sha256 in frozen.inserts:
        pieces += [frozen.body[done:offset], _base64(blob(sha256))]
        done = offset
    return b"".join([*pieces, frozen.body[done:]])


def size(frozen: Frozen, sizes: Mapping[str, int]) -> int:
    """How many bytes `assemble` would give, from the sizes of the files by their sha256."""
    encoded = [(sizes[sha256] + 2) // 3 * 4 for _, sha256 in frozen.inserts]
    breaks = sum(2 * max(0, (length - 1) // BASE64_LINE) for length in encoded)
    return len(frozen.head) + len(frozen.body) + sum(encoded) + breaks
