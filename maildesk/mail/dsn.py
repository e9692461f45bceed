"""The fields of a delivery status notification (RFC 3464), wherever they stand and however they are labelled.

Gateways and filters relabel the machine-readable half as text or as a nameless file, wrap it in base64, lose its blank
lines, or paste it into the text. So the fields are looked for in every small part, and in the text at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from maildesk.mail.message import Attachment, Failure
from maildesk.mail.text import clean_line

READ = 64 * 1024  # bytes or characters of one part that are looked at; reports are short, returned mails are not
LINE = 998  # characters of a field, RFC 5322 2.1.1
DIAGNOSTIC = 500  # characters kept of what the refusing server said

STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RELABELLED = ("text/", "message/", "application/octet-stream")
_PARTS = 20  # attachments that are searched for fields under a wrong label

ANY_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[\w.-]{1,253}\w")
# How Exchange writes an address of SMTP inside its own address space.
_ENCAPSULATED = re.compile(r"imceasmtp-([^@\s]{1,200})@[\w.-]{1,253}", re.IGNORECASE)
_HEX = re.compile(r"\+([2-7][0-9A-Ea-e])")
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_RECIPIENT = re.compile(r"^[> \t]{0,8}(?:final|original)-recipient[ \t]{0,8}:", re.IGNORECASE | re.MULTILINE)
_RECIPIENT_BYTES = re.compile(rb"^(?:final|original)-recipient[ \t]{0,8}:", re.IGNORECASE | re.MULTILINE)

_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_BY_CLASS = {"2": "delivered", "4": "delayed", "5": "failed"}


def failures(attachments: Iterable[Attachment], text: str) -> list[Failure]:
    """The recipients of the status parts; of parts under another label, or of the text, if there are none."""
    attachments = tuple(attachments)
    labelled = (part.content for part in attachments if part.type in STATUS_PARTS)
    relabelled = (part.content for part in attachments[:_PARTS] if _holds_fields(part))
    for contents in (labelled, relabelled):
        if found := [failure for content in contents for failure in _failures(_decoded(content))]:
            return found
    pasted = _RECIPIENT.search(text, 0, READ)
    return list(_failures(re.sub(r"(?m)^[> \t]{1,8}(?=[\w-]{1,40}:)", "", text[:READ]))) if pasted else []


def fields(attachments: Iterable[Attachment]) -> Iterator[Mapping[str, str]]:
    """The field groups of all parts that say that they are status parts."""
    for part in attachments:
        if part.type in STATUS_PARTS:
            yield from _groups(_decoded(part.content))


def _holds_fields(part: Attachment) -> bool:
    if part.type == "message/rfc822" or not part.type.startswith(_RELABELLED):
        return False
    return _RECIPIENT_BYTES.search(part.content, 0, READ) is not None


def _decoded(content: bytes) -> str:
    return content[:READ].decode("utf-8", "replace")


def _failures(text: str) -> Iterator[Failure]:
    return (failure for group in _groups(text) if (failure := _failure(group)))


def _groups(text: str) -> Iterator[Mapping[str, str]]:
    """The field groups of a status part; a second recipient without a blank line before it opens a group too."""
    group: dict[str, str] = {}
    for line in _unfolded(text):
        name, colon, value = clean_line(line, LINE).partition(":")
        name = name.strip().lower()
        if not line.strip() or (name == "final-recipient" and name in group):
            yield group
            group = {}
        if colon:
            group.setdefault(name, value.strip())
    yield group


def _unfolded(text: str) -> list[str]:
    return re.sub(r"\r?\n[ \t]+(?=\S)", " ", text.strip()).splitlines()


def _failure(group: Mapping[str, str]) -> Failure | None:
    # The original recipient is the one we wrote to; the final one may be an alias that nobody here has heard of.
    address = typed(group.get("original-recipient", "")) or typed(group.get("final-recipient", ""))
    if not address:
        return None
    diagnostic = group.get("diagnostic-code", "").partition(";")[2].strip() or group.get("diagnostic-code", "")
    found = STATUS.search(group.get("status", "")) or STATUS.search(diagnostic)
    status = found[1] if found else ""
    return Failure(address, status, _action(group.get("action", ""), status), diagnostic[:DIAGNOSTIC])


def typed(value: str) -> str:
    """`rfc822; <Bob@Example.com>` -> bob@example.com; "" if it names no mail address."""
    found = ANY_ADDRESS.search(unwrapped(value))
    return found[0].lower().strip("'") if found else ""


def unwrapped(text: str) -> str:
    """Text with the addresses that Exchange wrapped (IMCEASMTP-bob+40example+2Ecom@host) as they were."""
    return _ENCAPSULATED.sub(lambda match: _HEX.sub(lambda code: chr(int(code[1], 16)), match[1]), text)


def _action(stated: str, status: str) -> str:
    """The action field, or what the class of the status means (RFC 3463 2)."""
    word = stated.strip().lower()
    return next((action for action in _ACTIONS if word.startswith(action)), _BY_CLASS.get(status[:1], "failed"))
