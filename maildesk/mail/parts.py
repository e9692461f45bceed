"""The parts of a mail (RFC 2045, 2046): which of them are its message, and which are attached.

The rules, in the order in which a part meets them:

- a mail that is nothing but one text is that text;
- a part that says `Content-Disposition: attachment` is attached, and so is an attached mail, whole;
- of a multipart/alternative, one plain and one HTML rendering are the message; everything else in it is attached
  (invitations, above all);
- of a multipart/related, the root (RFC 2387 3.2) is the message; the others are attached, mostly pictures inside it;
- everywhere else each nameless text part in turn belongs to the message: Apple Mail writes text, picture, text;
  a named one does so only if no other came before it;
- every other type is attached, TNEF, signatures, reports and calendars too. Nothing is unpacked.

Nothing is lost: each leaf ends up in the message or among the attachments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from maildesk.mail.charsets import codec, decode, transfer_decoded, unfolded, words
from maildesk.mail.limits import MAX_ATTACHMENTS, TooMuch
from maildesk.mail.markup import NODES
from maildesk.mail.message import Attachment
from maildesk.mail.text import TEXT_LIMIT, clean_line, clean_text, html_to_text, text_to_html

_FIELD_LIMIT = 2500  # characters of a part's header field that are interpreted: the cost grows with their square
_NAME_LIMIT = 200
_META_FIELDS = frozenset({"content-type", "content-disposition", "content-transfer-encoding", "content-id"})
_BODY_TYPES = frozenset({"text/plain", "text/html"})
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


class Part(Message):
    """A part that keeps its payload as it came: Message.get_payload() would decode it by a charset nobody checked."""

    raw = ""

    def set_payload(self, payload: Any, charset: Any = None) -> None:
        if isinstance(payload, str):
            self.raw = payload
        super().set_payload(payload, charset)

    def octets(self) -> bytes:
        return self.raw.encode("ascii", "surrogateescape")

    def meta(self) -> Message:
        """The fields that describe the part, as characters and short enough to be interpreted."""
        view = Message()
        for name, value in self.raw_items():
            if name.lower() in _META_FIELDS and name not in view and len(value) < _FIELD_LIMIT:
                view[name] = unfolded(str(value)).replace("\0", "")
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
    if not found.pieces:  # some servers send a report that is nothing but its machine-readable half
        reports = [one.content for one in found.attachments if one.type == "message/delivery-status"]
        found.pieces += [Piece(plain=clean_text(decode(report)[0])) for report in reports[:1]]
    _keep_short(found)
    return found


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
    kind = part.get_content_type()
    if kind.startswith("multipart/") and part.is_multipart():
        _SORTERS.get(kind, _sort_mixed)(part, found)
    elif _is_body(part, kind, found, root=root) and not (nameless_only and _name(part)):
        found.pieces.append(_piece(part, kind, found))
    else:
        _attach(part, kind, found)


def _is_body(part: Part, kind: str, found: Content, *, root: bool) -> bool:
    if part.is_multipart():
        return False
    if root and kind.startswith(("text/", "multipart/")) and kind != "text/calendar":
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


def _sort_related(part: Part, found: Content) -> None:
    children = _children(part)
    start = _clean_id(_param(part.meta(), "start"))
    root = next((child for child in children if start and _cid(child) == start), children[0] if children else None)
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


_SORTERS = {
    "multipart/alternative": _sort_alternative,
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
    if len(found.attachments) >= MAX_ATTACHMENTS:
        raise TooMuch(f"more than {MAX_ATTACHMENTS} attachments")
    disposition, cid = _disposition(part), _cid(part)
    data = _flat_children(part) if part.is_multipart() else _leaf_bytes(part)
    name = _name(part) or _DEFAULT_NAMES.get(kind, "attachment.bin")
    inline = disposition == "inline" or (cid is not None and disposition != "attachment")
    found.attachments.append(Attachment(name, clean_line(kind, 100), data, cid, inline))


# ---- one part


def _piece(part: Part, kind: str, found: Content) -> Piece:
    data = _leaf_bytes(part)
    meta = part.meta()
    label = _param(meta, "charset")
    if kind == "text/html" and not label and (declared := _META_CHARSET.search(data[:2048])):
        label = declared.group(1).decode("ascii")
    text, used = decode(data[: 4 * TEXT_LIMIT], label)
    if label and used != codec(label) and not data.isascii():
        found.notes.append(f"text labelled {clean_line(label, 40)} read as {used}")
    if len(text) > TEXT_LIMIT:
        found.notes.append(f"text cut after {TEXT_LIMIT} characters")
    if kind == "text/html":
        return Piece(html=clean_text(text))
    text = clean_text(text)
    if _param(meta, "format").lower() == "flowed":
        text = unflowed(text, delsp=_param(meta, "delsp").lower() == "yes")
    return Piece(plain=text)


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


def _param(meta: Message, name: str) -> str:
    """A parameter of Content-Type (RFC 2045 5.1, RFC 2231), "" if it is missing or nonsense."""
    try:
        value = meta.get_param(name, "")
    except (LookupError, ValueError):
        return ""
    return clean_line(str(value[2] if isinstance(value, tuple) else value), 100)


def _leaf_bytes(part: Part) -> bytes:
    return transfer_decoded(part.octets(), str(part.get("content-transfer-encoding", "")))


def _disposition(part: Part) -> str:
    return str(part.get("content-disposition", ""))[:100].partition(";")[0].strip().lower()


def _cid(part: Part) -> str | None:
    return _clean_id(str(part.get("content-id", ""))) or None


def _clean_id(text: str) -> str:
    return clean_line(text).strip("<> ")


def _name(part: Part) -> str:
    """The file name a part goes by (RFC 2183 2.3, 2231, and RFC 2047 where it does not belong), without its path."""
    try:
        name = part.meta().get_filename("")
    except (LookupError, ValueError):  # RFC 2231 lets the sender choose a codec
        return ""
    return clean_name(words(str(name)))


def clean_name(name: str) -> str:
    """A file name as data: the last component, clean, at most `_NAME_LIMIT` characters with its extension kept."""
    name = clean_line(name, 4 * _NAME_LIMIT).replace("\\", "/").rpartition("/")[2].strip(" \"'")
    if len(name) > _NAME_LIMIT:
        stem, dot, extension = name.rpartition(".")
        keeps = dot and len(extension) <= 10
        name = f"{stem[: _NAME_LIMIT - len(extension) - 1]}.{extension}" if keeps else name[:_NAME_LIMIT]
    return "" if name in {".", ".."} else name


# ---- an attached mail, as bytes again


def _flat_children(part: Part) -> bytes:
    """The bytes of what a message/* part holds: a mail, or the blocks of a delivery report (RFC 3464 2.1)."""
    children = _children(part)
    coded = str(part.get("content-transfer-encoding", "")).strip().lower()
    if len(children) == 1 and not children[0].keys() and coded in {"base64", "quoted-printable"}:
        return transfer_decoded(children[0].octets(), coded)  # forbidden by RFC 2046 5.2.1, sent all the same
    data = b"\n\n".join(_flat(child).rstrip(b"\r\n") for child in children) + b"\n"
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _flat(part: Part) -> bytes:
    """A part as it came: header fields with their folds, then the body."""
    head = "".join(f"{name}: {value}\n" for name, value in part.raw_items())
    data = head.encode("utf-8", "surrogateescape") + b"\n"
    if not part.is_multipart():
        return data + part.octets()
    if not part.get_content_type().startswith("multipart/"):
        return data + _flat_children(part)
    boundary = str(part.get_boundary() or "").encode("utf-8", "surrogateescape")
    inner = b"".join(b"--" + boundary + b"\n" + _flat(child) + b"\n" for child in _children(part))
    return data + inner + b"--" + boundary + b"--\n"
