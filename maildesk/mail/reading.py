"""All that can be said of one mail by itself, and how it crosses the pipe from the process that read it.

The reader process touches hostile bytes, so what comes out of it is treated as hostile too: no pickle, but a head in
JSON with explicit fields, followed by the bytes of the attachments, and every type and length is checked on the way in.

    MDR1 | length of the head, 4 bytes | head | attachment | attachment ...
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from maildesk.mail.bounce import report
from maildesk.mail.message import (
    Address,
    Attachment,
    Bounce,
    Failure,
    Forwarded,
    Kind,
    Mail,
    Reading,
    Trimmed,
    Unreadable,
    Verdict,
)
from maildesk.mail.phrases import FORWARD_SUBJECT
from maildesk.mail.read import read
from maildesk.mail.screen import screen
from maildesk.mail.subject import prefixed
from maildesk.mail.text import clean_line, language
from maildesk.mail.trim import forwarded, trim

_MAGIC = b"MDR1"
_T = TypeVar("_T")


def understand(raw: bytes) -> Reading | Unreadable:
    """Read one mail and say everything that follows from its bytes alone. Never raises."""
    mail = read(raw)
    if isinstance(mail, Unreadable):
        return mail
    try:
        trimmed, first = trim(mail.text, mail.html, fresh=_fresh(mail)), forwarded(mail)
        if _fresh(mail) and not trimmed.new.strip() and not first:
            trimmed = Trimmed(new=mail.text, quoted="", signature="")  # it cannot only repeat what nobody wrote before
        verdict = screen(mail)
        return Reading(
            mail=mail,
            trimmed=trimmed,
            verdict=verdict,
            bounce=report(mail) if verdict.kind is Kind.BOUNCE else None,
            forwarded=first,
            language=language(f"{mail.subject}\n{trimmed.new or mail.text}"),
        )
    except Exception as error:  # noqa: BLE001  # as in `read`: a mail that breaks us is quarantined, with its reason
        return Unreadable(clean_line(f"the mail could not be taken apart: {type(error).__name__}: {error}"))


def _fresh(mail: Mail) -> bool:
    """Whether a mail answers and forwards none, by its headers and its subject."""
    return not (mail.in_reply_to or mail.references or prefixed(mail.subject) or FORWARD_SUBJECT.match(mail.subject))


# ---- out


def pack(reading: Reading | Unreadable) -> bytes:
    """A reading as bytes, for `unpack` in another process. Its strings must be clean (no lone surrogates)."""
    if isinstance(reading, Unreadable):
        return _framed({"unreadable": reading.reason}, [])
    head = {
        "mail": _mail_out(reading.mail),
        "trimmed": _fields_out(reading.trimmed),
        "verdict": [reading.verdict.kind.value, reading.verdict.reason],
        "bounce": _bounce_out(reading.bounce),
        "forwarded": _forwarded_out(reading.forwarded),
        "language": reading.language,
    }
    return _framed(head, [one.content for one in reading.mail.attachments])


def _framed(head: dict[str, Any], contents: list[bytes]) -> bytes:
    data = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((_MAGIC, len(data).to_bytes(4, "big"), data, *contents))


def _fields_out(value: object) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]  # our own dataclasses


def _mail_out(mail: Mail) -> dict[str, Any]:
    head = _fields_out(mail)
    for name in ("from_", "from_shown"):
        head[name] = _address_out(head[name])
    for name in ("reply_to", "to", "cc"):
        head[name] = [_address_out(one) for one in head[name]]
    head["date"] = mail.date.isoformat() if mail.date else None
    head["repeated"] = sorted(mail.repeated)
    head["attachments"] = [[one.name, one.type, one.size, one.cid, one.inline] for one in mail.attachments]
    return head


def _address_out(address: Address | None) -> list[str] | None:
    return [address.email, address.name] if address else None


def _bounce_out(found: Bounce | None) -> dict[str, Any] | None:
    if found is None:
        return None
    recipients = [[one.address, one.status, one.action, one.diagnostic] for one in found.recipients]
    return {"recipients": recipients, "original_ids": found.original_ids}


def _forwarded_out(found: Forwarded | None) -> list[Any] | None:
    return [_address_out(found.sender), found.subject, found.text] if found else None


# ---- in


def unpack(data: bytes) -> Reading | Unreadable:
    """What `pack` wrote. Raises `ValueError` on anything else, whatever it is."""
    if data[:4] != _MAGIC or len(data) < 8:
        raise ValueError("no packed reading")
    size = int.from_bytes(data[4:8], "big")
    if len(data) < 8 + size:
        raise ValueError("a packed reading that ends too soon")
    try:
        head = json.loads(data[8 : 8 + size].decode())
        return _reading(_Fields(head), data, 8 + size)
    except (KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError(f"a packed reading with a wrong field: {error!r}") from error


class _Fields:
    """An object of the head; each access says what it expects, and each field must be asked for."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise TypeError("not an object")
        self._value: dict[str, Any] = value

    def names(self, *expected: str) -> None:
        if self._value.keys() != set(expected):
            raise ValueError(f"fields {sorted(self._value)}, expected {sorted(expected)}")

    def take(self, name: str, build: Callable[[Any], _T]) -> _T:
        return build(self._value[name])

    def has(self, name: str) -> bool:
        return name in self._value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    value.encode()  # a lone surrogate is a ValueError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a count")
    return value


def _maybe(build: Callable[[Any], _T]) -> Callable[[Any], _T | None]:
    return lambda value: None if value is None else build(value)


def _many(build: Callable[[Any], _T]) -> Callable[[Any], tuple[_T, ...]]:
    def built(value: Any) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise TypeError("not a list")
        return tuple(build(one) for one in value)

    return built


def _row(value: Any, length: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != length:
        raise TypeError(f"not a list of {length}")
    return value


def _address(value: Any) -> Address:
    email, name = _row(value, 2)
    if not _text(email):
        raise ValueError("an empty address")
    return Address(email, _text(name))


def _pair(value: Any) -> tuple[str, str]:
    name, content = _row(value, 2)
    return _text(name), _text(content)


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.utcoffset() is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _reading(head: _Fields, data: bytes, at: int) -> Reading | Unreadable:
    if head.has("unreadable"):
        head.names("unreadable")
        if at != len(data):
            raise ValueError("bytes behind the reason")
        return Unreadable(head.take("unreadable", _text))
    head.names("mail", "trimmed", "verdict", "bounce", "forwarded", "language")
    return Reading(
        mail=head.take("mail", lambda value: _mail(_Fields(value), data, at)),
        trimmed=head.take("trimmed", _trimmed),
        verdict=head.take("verdict", _verdict),
        bounce=head.take("bounce", _maybe(_bounce)),
        forwarded=head.take("forwarded", _maybe(_forwarded)),
        language=head.take("language", _text),
    )


def _mail(head: _Fields, data: bytes, at: int) -> Mail:
    head.names(*Mail.__slots__)
    return Mail(
        message_id=head.take("message_id", _maybe(_text)),
        from_=head.take("from_", _maybe(_address)),
        from_shown=head.take("from_shown", _maybe(_address)),
        from_defect=head.take("from_defect", _text),
        reply_to=head.take("reply_to", _many(_address)),
        to=head.take("to", _many(_address)),
        cc=head.take("cc", _many(_address)),
        delivered_to=head.take("delivered_to", _many(_text)),
        return_path=head.take("return_path", _maybe(_text)),
        subject=head.take("subject", _text),
        date=head.take("date", _maybe(_moment)),
        in_reply_to=head.take("in_reply_to", _many(_text)),
        references=head.take("references", _many(_text)),
        headers=head.take("headers", _many(_pair)),
        repeated=frozenset(head.take("repeated", _many(_text))),
        loop=head.take("loop", _maybe(_text)),
        text=head.take("text", _text),
        html=head.take("html", _maybe(_text)),
        attachments=head.take("attachments", lambda value: _attachments(value, data, at)),
        size=head.take("size", _count),
        notes=head.take("notes", _many(_text)),
        results=head.take("results", _maybe(_many(_text))),
        sealed=head.take("sealed", _text),
    )


def _attachments(value: Any, data: bytes, at: int) -> tuple[Attachment, ...]:
    """The attachments, cut off the bytes behind the head; all of those must be used up."""
    found: list[Attachment] = []
    for row in _many(lambda one: _row(one, 5))(value):
        name, kind, size, cid, inline = row
        end = at + _count(size)
        if end > len(data):
            raise ValueError("an attachment that ends too soon")
        found.append(Attachment(_text(name), _text(kind), data[at:end], _maybe(_text)(cid), _flag(inline)))
        at = end
    if at != len(data):
        raise ValueError("bytes behind the last attachment")
    return tuple(found)


def _trimmed(value: Any) -> Trimmed:
    head = _Fields(value)
    head.names(*Trimmed.__slots__)
    return Trimmed(
        new=head.take("new", _text),
        quoted=head.take("quoted", _text),
        signature=head.take("signature", _text),
        inline_answers=head.take("inline_answers", _flag),
        new_html=head.take("new_html", _maybe(_text)),
    )


def _verdict(value: Any) -> Verdict:
    kind, reason = _row(value, 2)
    return Verdict(Kind(_text(kind)), _text(reason))


def _bounce(value: Any) -> Bounce:
    head = _Fields(value)
    head.names("recipients", "original_ids")
    return Bounce(head.take("recipients", _many(_failure)), head.take("original_ids", _many(_text)))


def _failure(value: Any) -> Failure:
    address, status, action, diagnostic = _row(value, 4)
    return Failure(_text(address), _text(status), _text(action), _text(diagnostic))


def _forwarded(value: Any) -> Forwarded:
    sender, subject, text = _row(value, 3)
    return Forwarded(_address(sender), _text(subject), _text(text))
