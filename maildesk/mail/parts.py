"""The parts of a mail (RFC 2045, 2046): which of them are its message, and which are attached.

The rules, in the order in which a part meets them:

- a mail that is nothing but one text is that text;
- a part that says `Content-Disposition: attachment` is attached, and so is an attached mail, whole;
- of a multipart/alternative, one plain and one HTML rendering are the message; everything else in it is attached
  (invitations, above all);
- of a multipart/related, the root (RFC 2387 3.2) is the message; the others are attached, mostly pictures inside it;
- everywhere else each nameless text part in turn belongs to the message: Apple Mail writes text, picture, text;
  a named one does so only if no other came before it;
- every other type is attached, TNEF, signatures, reports and calendars too. Of these only one is unpacked: S/MIME that
  is signed and not encrypted, because it is the mail itself;
- where all this gives no word to read, an invitation is put in words, and a report or a preamble is shown as it is.

Parts that were parsed wrongly, because their header or boundary is broken, are parsed again (`Parsing`) after what is
wrong was mended. Nothing is lost: each leaf ends up in the message or among the attachments.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import MissingHeaderBodySeparatorDefect
from email.feedparser import FeedParser
from email.message import Message
from email.policy import Policy, compat32
from itertools import chain
from typing import Any
from urllib.parse import unquote

from maildesk.mail import armour, invite, mend
from maildesk.mail.charsets import codec, decode, unfolded, words
from maildesk.mail.limits import MAX_ATTACHMENTS, MAX_BYTES, MAX_PARTS, TooMuch, check, check_size
from maildesk.mail.markup import NODES
from maildesk.mail.message import Attachment
from maildesk.mail.text import TEXT_LIMIT, clean_line, clean_text, html_to_text, text_to_html
from maildesk.mail.transfer import cut_out, file_bytes, kind_of, text_bytes

_AGAIN = 20  # parts of a mail that are parsed a second time
_LARGE = 8 * 1024  # bytes of a mail from which on it pays to hold something back
_CODED = b"base64"  # as nearly everybody writes it
_REST_OF_HEADER = re.compile(rb"[^\r\n]*+\r?\n(?:[^\r\n]++\r?\n){0,10}+\r?\n")
_BASE64_LINES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"
_HELD = re.compile("\0([0-9]{1,9})\0")
_FIELD_LIMIT = 2500  # characters of a part's header field that are interpreted: the cost grows with their square
_NAME_LIMIT = 200
_META_FIELDS = frozenset({"content-type", "content-disposition", "content-transfer-encoding", "content-id"})
_RICH = frozenset({"text/enriched", "text/richtext"})  # RFC 1896: words between marks, the HTML of 1996
_BODY_TYPES = frozenset({"text/plain", "text/html", "text/markdown", *_RICH})
_SMIME_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TYPE = re.compile(r"[\s\"']*([A-Za-z0-9-]{1,60})\s*/\s*([A-Za-z0-9!#$&^_.+-]{1,100})")
_WORD = re.compile(r"\s*[A-Za-z-]{1,60}")
_PERCENT = re.compile(r"%[89A-F][0-9A-F]", re.IGNORECASE)
_HTML_PAGE = re.compile(r"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_RICH_MARK = re.compile(r"<param>.*?</param>|<(?!<)[^<>]{0,60}>", re.DOTALL | re.IGNORECASE)
_FOR_OLD_PROGRAMS = re.compile(r"multi-?part message in MIME|MIME-encapsulated|message is in MIME", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_DEFAULT_NAMES = {  # for a part without a name, so that it can be passed on
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "text/rfc822-headers": "headers.txt",
    "text/calendar": "invitation.ics",
    "text/plain": "text.txt",
    "text/html": "text.html",
    "image/jpeg": "image.jpg",
    "image/png": "image.png",
    "image/gif": "image.gif",
    "application/pdf": "document.pdf",
    "application/pgp-signature": "signature.asc",
    "application/ms-tnef": "winmail.dat",
}


class Parsing:
    """The parsing of one mail. Counts what it costs: parts made, and bytes that are parsed a second time.

    The parser of the standard library pays for each line, and most lines of a large mail are base64 of a file. They
    cannot be delimiters or header fields, so a block of them is held back, and one line stands for it in the parser.
    """

    def __init__(self) -> None:
        self._made = 0
        self._again = 0
        self._bytes = 0
        self._held: list[str] = []

    def parse(self, raw: bytes) -> Part:
        """The tree of parts. Raises `TooMuch`."""
        check_size(raw)
        raw = self._shortened(raw)
        check(raw)
        parser = FeedParser(self._part)
        parser.feed(raw.decode("ascii", "surrogateescape"))
        return parser.close()

    def _shortened(self, raw: bytes) -> bytes:
        if len(raw) < _LARGE or b"\0" in raw:
            return raw
        out: list[bytes] = []
        done = 0
        at = raw.find(_CODED)
        while at >= 0:
            below = _REST_OF_HEADER.match(raw, at)
            end = below.end() if below else at + len(_CODED)
            if below and (block := _coded_block(raw, end)):
                out += [raw[done:end], b"\0%d\0" % len(self._held)]
                self._held.append(block.decode("ascii"))
                done = end = end + len(block)
            at = raw.find(_CODED, end)
        return b"".join([*out, raw[done:]]) if out else raw

    def restored(self, text: str) -> str:
        """A text as the parser left it, with what was held back."""
        return _HELD.sub(lambda found: self._held[int(found[1])], text) if self._held else text

    def again(self, raw: bytes) -> Part | None:
        """The same for a piece of the mail that was mended; None if this has been done too often."""
        self._again += 1
        self._bytes += len(raw)
        return self.parse(raw) if self._again <= _AGAIN and self._bytes <= 2 * MAX_BYTES else None

    def _part(self, policy: Policy[Any] = compat32) -> Part:
        self._made += 1
        if self._made > 4 * MAX_PARTS:  # the blocks of a delivery report are parts to the parser
            raise TooMuch(f"more than {4 * MAX_PARTS} parts and blocks")
        return Part(self, policy)


def _coded_block(raw: bytes, at: int) -> bytes:
    """The large block of nothing but base64 that begins here, up to the next delimiter; or b""."""
    end = raw.find(b"\n--", at)
    block = raw[at : end if end >= 0 else len(raw)].rstrip(b"\r\n")
    return block if len(block) > _LARGE and not block.translate(None, _BASE64_LINES) else b""


class Part(Message):
    """A part that keeps its payload as it came: Message.get_payload() would decode it by a charset nobody checked."""

    def __init__(self, parsing: Parsing, policy: Policy[Any] = compat32) -> None:
        super().__init__(policy)
        self.parsing = parsing
        self._kind = ""
        self._meta: Message | None = None
        self._params: dict[str, list[tuple[str, Any]]] = {}

    @property
    def raw(self) -> str:
        """The payload as the parser left it: without the line break that belongs to the delimiter below (RFC 2046)."""
        payload = self.__dict__.get("_payload")
        return self.parsing.restored(payload) if isinstance(payload, str) else ""

    def get_content_type(self) -> str:
        """The type, also of `"text/html"`, `text/html charset=x` and `html`. Nonsense is plain text (RFC 2045 5.2).

        The parser asks for it time and again, but never before it has read the part's header.
        """
        self._kind = self._kind or self._type()
        return self._kind

    def _type(self) -> str:
        value = str(self.get("content-type") or "")
        if found := _TYPE.match(value):
            return f"{found[1]}/{found[2]}".lower()
        if not value.strip():
            return self.get_default_type()
        return "text/html" if "html" in value[:40].lower() else "text/plain"

    def octets(self) -> bytes:
        return self.raw.encode("ascii", "surrogateescape")

    def head(self) -> bytes:
        """The header fields with their folds."""
        return "".join(f"{name}: {value}\n" for name, value in self.raw_items()).encode("utf-8", "surrogateescape")

    def meta(self) -> Message:
        """The fields that describe the part, as characters and short enough to be interpreted."""
        if self._meta is None:
            self._meta = self._described()
        return self._meta

    def param(self, name: str, header: str = "content-type") -> str:
        """A parameter (RFC 2045 5.1), in the form of RFC 2231 if it has that too; "" if it is missing or nonsense."""
        if header not in self._params:
            self._params[header] = self.meta().get_params([], header)
        found = ""
        for key, value in self._params[header]:
            if key.lower() == name and isinstance(value, tuple):
                return _extended(*value)
            if key.lower() == name and not found:
                found = str(value)
        return found.strip()

    def _described(self) -> Message:
        view = Message()
        for name, value in self.raw_items():
            if name.lower() in _META_FIELDS and name not in view and len(value) < _FIELD_LIMIT:
                view[name] = unfolded(str(value)).replace("\0", "")
        for name, first in (("content-type", _TYPE), ("content-disposition", _WORD)):
            if found := first.match(view.get(name, "")):  # behind which the semicolon may be missing
                parameters = view[name][found.end() :].lstrip(" \t\"',;")
                view.replace_header(name, f"{found[0]}; {parameters}")
        return view


@dataclass(slots=True)
class Piece:
    """A stretch of the message, as plain text, as HTML, or as both."""

    plain: str | None = None
    html: str | None = None


@dataclass(slots=True)
class Content:
    """What the tree of parts holds."""

    pieces: list[Piece] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sealed: str = ""  # what it is encrypted with

    @property
    def html(self) -> str | None:
        """The message as HTML, if any part of it was; plain pieces between HTML pieces are escaped."""
        shown = [piece for piece in self.pieces if piece.html is not None or (piece.plain and piece.plain.strip())]
        if not any(piece.html for piece in shown):
            return None
        return "\n".join(piece.html or text_to_html(piece.plain or "") for piece in shown)

    @property
    def text(self) -> str:
        """The message as plain text, made from HTML where its author sent nothing else."""
        share = NODES // max(1, len(self.pieces))
        texts = (_text(piece, share) for piece in self.pieces)
        return clean_text("\n\n".join(text.strip("\n") for text in texts if text.strip())).rstrip()


def _text(piece: Piece, nodes: int) -> str:
    if piece.plain and piece.plain.strip():
        return piece.plain
    return html_to_text(piece.html, nodes) if piece.html else ""


def content(message: Part) -> Content:
    """Sort the parts of a mail. Raises `TooMuch` over `MAX_ATTACHMENTS`."""
    found = Content()
    _sort(message, found, root=True)
    if not any((piece.plain or piece.html or "").strip() for piece in found.pieces) and (
        text := _last_words(message, found)
    ):
        found.pieces.append(Piece(plain=text))
    _keep_short(found)
    return found


def _last_words(message: Part, found: Content) -> str:
    """What a mail without a text says all the same: its invitation, its report, or what stands beside its parts."""
    for kind, told in (("text/calendar", invite.in_words), ("message/delivery-status", str)):
        files = [one.content for one in found.attachments if one.type == kind]
        if text := clean_text(told(decode(files[0])[0])) if files else "":
            return text  # some servers send a report that is nothing but its machine-readable half
    beside = "\n\n".join(text for text in (message.preamble, message.epilogue) if text and text.strip())
    if found.attachments or _FOR_OLD_PROGRAMS.search(beside[:500]):
        return ""
    return clean_text(decode(beside.encode("ascii", "surrogateescape"))[0])


def _keep_short(found: Content) -> None:
    """Leave out what is longer than anybody reads: the raw mail has it."""
    left = TEXT_LIMIT
    for index, piece in enumerate(found.pieces):
        left -= max(len(piece.plain or ""), len(piece.html or ""))
        if left < 0 and index:
            del found.pieces[index:]
            found.notes.append(f"text cut after {TEXT_LIMIT} characters")
            return


def _sort(part: Part, found: Content, *, root: bool = False, nameless_only: bool = False) -> None:
    part = _mended(part, root=root)
    kind = part.get_content_type()
    if kind.startswith("multipart/") and part.is_multipart():
        _SORTERS.get(kind, _sort_mixed)(part, found)
    elif _is_body(part, kind, found, root=root) and not (nameless_only and _name(part)):
        found.pieces.append(_piece(part, kind, found))
    elif kind in _SMIME_TYPES or _name(part).lower().endswith(".p7m"):
        _sort_smime(part, kind, found)
    else:
        _attach(part, kind, found)


def _mended(part: Part, *, root: bool) -> Part:
    """The part as it was meant, parsed again, if its header or its boundary led the parser astray."""
    if part.is_multipart():
        return part
    if not root and any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in part.defects):
        whole = part.head() + part.octets()
        mended = mend.header(whole)
        part = (part.parsing.again(mended) if mended is not whole else None) or part
    kind = part.get_content_type()
    unlabelled = root and part.get("content-type") is None and part.raw.lstrip().startswith("--")
    if part.is_multipart() or not (unlabelled or kind.startswith("multipart/")):
        return part
    return _with_its_boundary(part, "multipart/mixed" if unlabelled else kind)


def _with_its_boundary(part: Part, kind: str) -> Part:
    """A multipart whose boundary is missing, wrong, or hidden by an encoding (which RFC 2045 6.4 forbids)."""
    data = _leaf_bytes(part)
    declared = str(part.get_boundary() or "").encode("ascii", "replace")
    boundary = declared if declared and b"--" + declared in data and data != part.octets() else mend.boundary(data)
    if not boundary or not boundary.isascii():
        return part
    quoted = boundary.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    head = b'Content-Type: %s; boundary="%s"\n\n' % (kind.encode("ascii", "replace"), quoted)
    return part.parsing.again(head + data) or part


def _is_body(part: Part, kind: str, found: Content, *, root: bool) -> bool:
    if part.is_multipart():
        return False
    if (root and kind.startswith("text/") and kind != "text/calendar") or kind.startswith("multipart/"):
        return True  # a mail that is one text is that text, whatever it says of itself
    if _disposition(part) == "attachment" or kind not in _BODY_TYPES:
        return False
    return not _name(part) or not any((piece.plain or piece.html or "").strip() for piece in found.pieces)


def _children(part: Part) -> list[Part]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Part)] if isinstance(payload, list) else []


def _sort_mixed(part: Part, found: Content) -> None:
    for child in _children(part):
        _sort(child, found)


def _sort_alternative(part: Part, found: Content) -> None:
    """The alternatives in turn; a rendering that stands there already is not the message a second time."""
    choice = Content()
    for child in _children(part):
        inner = Content()
        _sort(child, inner)
        if inner.pieces and (choice.pieces and not _adds(choice, inner)):
            inner = Content()
            _attach_all(child, inner)
        _merge(choice, inner)
    found.pieces += choice.pieces
    found.attachments += choice.attachments
    found.notes += choice.notes
    found.sealed = found.sealed or choice.sealed


def _adds(choice: Content, inner: Content) -> bool:
    """Whether this alternative brings a rendering that is still missing."""
    has_html = any(piece.html for piece in choice.pieces)
    has_plain = any(piece.plain and piece.plain.strip() for piece in choice.pieces)
    return (not has_html and any(piece.html for piece in inner.pieces)) or (
        not has_plain and any(piece.plain for piece in inner.pieces)
    )


def _merge(choice: Content, inner: Content) -> None:
    """Join the renderings: plain and HTML of the same text become one piece."""
    if not choice.pieces:
        choice.pieces = inner.pieces
    elif inner.pieces:
        plain = [piece.plain for piece in (*choice.pieces, *inner.pieces) if piece.plain and piece.plain.strip()]
        html = [piece.html for piece in (*choice.pieces, *inner.pieces) if piece.html]
        choice.pieces = [Piece("\n\n".join(plain) or None, "\n".join(html) or None)]
    choice.attachments += inner.attachments
    choice.notes += inner.notes
    choice.sealed = choice.sealed or inner.sealed


def _sort_related(part: Part, found: Content) -> None:
    children = _children(part)
    start = _clean_id(part.param("start"))
    named = (child for child in children if start and _cid(child) == start)
    read = (child for child in children if child.get_content_maintype() in {"text", "multipart"})
    root = next(chain(named, read, children), None)
    for child in children:
        if child is root:
            _sort(child, found)
        else:
            _attach_all(child, found)


def _sort_signed(part: Part, found: Content) -> None:
    children = _children(part)
    for child in children[:1]:
        _sort(child, found)
    for child in children[1:]:
        _sort(child, found, nameless_only=True)  # a list that signs adds its footer here


def _sort_encrypted(part: Part, found: Content) -> None:
    found.sealed = armour.PGP
    _attach_all(part, found)


def _sort_smime(part: Part, kind: str, found: Content) -> None:
    """S/MIME (RFC 8551): what is only signed is the mail itself; what is encrypted stays a file."""
    inside, encrypted = armour.opened(_leaf_bytes(part))
    if encrypted:
        found.sealed = armour.SMIME
    mail = part.parsing.again(inside) if inside else None
    if mail is not None:
        _sort(mail, found)
    else:
        _attach(part, kind, found)


_SORTERS = {
    "multipart/alternative": _sort_alternative,
    "multipart/encrypted": _sort_encrypted,
    "multipart/related": _sort_related,
    "multipart/signed": _sort_signed,
}


def _attach_all(part: Part, found: Content) -> None:
    kind = part.get_content_type()
    if kind.startswith("multipart/") and part.is_multipart():
        for child in _children(part):
            _attach_all(child, found)
    else:
        _attach(part, kind, found)


def _attach(part: Part, kind: str, found: Content) -> None:
    disposition, cid = _disposition(part), _cid(part)
    data = _whole(part) if part.is_multipart() else _leaf_bytes(part)
    name = _name(part) or _DEFAULT_NAMES.get(kind, "attachment.bin")
    inline = disposition == "inline" or (cid is not None and disposition != "attachment")
    _keep(Attachment(name, clean_line(kind, 100), data, cid, inline), found)


def _keep(attachment: Attachment, found: Content) -> None:
    if len(found.attachments) >= MAX_ATTACHMENTS:
        raise TooMuch(f"more than {MAX_ATTACHMENTS} attachments")
    found.attachments.append(attachment)


# ---- one part


def _piece(part: Part, kind: str, found: Content) -> Piece:
    data = text_bytes(part.octets(), str(part.get("content-transfer-encoding", "")))
    label = part.param("charset")
    if kind == "text/html" and not label and (declared := _META_CHARSET.search(data[:2048])):
        label = declared.group(1).decode("ascii")
    if kind != "text/html":
        data, files = cut_out(data)
        for one in files:
            _keep(Attachment(clean_name(one.name) or "file.bin", "application/octet-stream", one.content), found)
    text, used = decode(data[: 4 * TEXT_LIMIT], label)
    if label and used != codec(label) and not data.isascii():
        found.notes.append(f"text labelled {clean_line(label, 40)} read as {used}")
    if len(text) > TEXT_LIMIT:
        found.notes.append(f"text cut after {TEXT_LIMIT} characters")
    text = clean_text(text)
    if kind == "text/html" or _HTML_PAGE.match(text):
        return Piece(html=text)
    return Piece(plain=_plain(text, kind, part, found))


def _plain(text: str, kind: str, part: Part, found: Content) -> str:
    if kind in _RICH:
        return _RICH_MARK.sub("", text).replace("<<", "<")
    if part.param("format").lower() == "flowed":
        text = unflowed(text, delsp=part.param("delsp").lower() == "yes")
    text, seals = armour.disarmed(text)
    if seals:
        _keep(Attachment("signature.asc", "application/pgp-signature", seals.encode(), None), found)
    if armour.is_encrypted(text):
        found.sealed = armour.PGP
    return text


def unflowed(text: str, *, delsp: bool = False) -> str:
    """The paragraphs of format=flowed text (RFC 3676 4), quote depth kept as `> ` marks."""
    out: list[list[str]] = []
    depth_before, open_line = 0, False
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")  # space-stuffing
        flows = bare.endswith(" ") and bare != "-- "
        shown = bare[:-1] if flows and delsp else bare
        if open_line and depth == depth_before and bare not in {"", "-- "}:
            out[-1].append(shown)
        else:
            out.append([f"{'>' * depth} " if depth else "", shown])
        depth_before, open_line = depth, flows
    return "\n".join(line if line == "-- " else line.rstrip(" ") for line in map("".join, out))


def _extended(label: str | None, _language: str | None, value: str) -> str:
    """The characters of an RFC 2231 value, which the parser gives as octets, if nobody had put characters there."""
    try:
        return decode(value.encode("latin-1"), label or "")[0]
    except UnicodeEncodeError:
        return value


def _leaf_bytes(part: Part) -> bytes:
    return file_bytes(part.octets(), str(part.get("content-transfer-encoding", "")))


def _disposition(part: Part) -> str:
    return str(part.get("content-disposition", ""))[:100].partition(";")[0].strip().lower()


def _cid(part: Part) -> str | None:
    return _clean_id(str(part.get("content-id", ""))) or None


def _clean_id(text: str) -> str:
    return clean_line(text).strip("<> ")


def _name(part: Part) -> str:
    """The file name a part goes by (RFC 2183 2.3, 2231, and RFC 2047 where it does not belong), without its path."""
    name = words(part.param("filename", "content-disposition") or part.param("name"))
    if _PERCENT.search(name):  # a web mailer that took the mail for a form
        with suppress(UnicodeDecodeError):
            name = unquote(name, errors="strict")
    return clean_name(name)


def clean_name(name: str) -> str:
    """A file name as data: the last component, clean, at most `_NAME_LIMIT` characters with its extension kept."""
    name = clean_line(name, 4 * _NAME_LIMIT).replace("\\", "/").rpartition("/")[2].strip(" \"'")
    if len(name) > _NAME_LIMIT:
        stem, dot, extension = name.rpartition(".")
        keeps = dot and len(extension) <= 10
        name = f"{stem[: _NAME_LIMIT - len(extension) - 1]}.{extension}" if keeps else name[:_NAME_LIMIT]
    return "" if name in {".", ".."} else name


# ---- an attached mail, as bytes again


def _whole(part: Part) -> bytes:
    """The bytes of what a message/* part holds: a mail, or the blocks of a delivery report (RFC 3464 2.1)."""
    children = _children(part)
    coded = kind_of(str(part.get("content-transfer-encoding", "")))
    if len(children) == 1 and not children[0].keys() and coded in {"base64", "quoted-printable"}:
        return file_bytes(children[0].octets(), coded)  # forbidden by RFC 2046 5.2.1, sent all the same
    return _flat_children(part).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _flat_children(part: Part) -> bytes:
    return b"\n\n".join(_flat(child).rstrip(b"\r\n") for child in _children(part)) + b"\n"


def _flat(part: Part) -> bytes:
    """A part as it came: header fields with their folds, then the body."""
    data = part.head() + b"\n"
    if not part.is_multipart():
        return data + part.octets()
    if not part.get_content_type().startswith("multipart/"):
        return data + _flat_children(part)
    boundary = str(part.get_boundary() or "").encode("utf-8", "surrogateescape")
    inner = b"".join(b"--" + boundary + b"\n" + _flat(child) + b"\n" for child in _children(part))
    return data + inner + b"--" + boundary + b"--\n"
