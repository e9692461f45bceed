"""What ties mails together: the fingerprint of one mail, its thread keys strongest first, and the marks that we sign.

A mail belongs to an incident because it carries something that only somebody who got our letter can know: a *reply
token*, an 80-bit HMAC over purpose, incident, person and epoch. It stands in every letter's Message-ID, in an anchor
id in its References, and in Reply-To as a plus-address where the site allows it:

    support+i42.k1.mfrggzdfmztwq2lk@acme.example          md.i42.k1.mfrggzdfmztwq2lk.<16>@acme.example

A token says *this was sent to that person about that incident*. It is worth something only in a mail from that very
person, because letters are forwarded and quoted. Base32 is used because clients and servers change the case of local
parts. Key names (k1, k2) let two keys live while one is replaced; a new epoch revokes everything signed before.

Everything here is derived and nothing drawn: the same cause gives the same Message-ID, so a repeated unit of work
cannot send a second letter. Fields are length-prefixed before they are hashed, so that no two lists of fields give the
same text.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from maildesk.mail.message import Address, Mail
from maildesk.mail.subject import base_subject, command_zone, fresh_zone, storm_key, tag_numbers
from maildesk.mail.words import CONFIRMATION_WORDS

__all__ = [
    "Keyring",
    "Keys",
    "Token",
    "anchor_id",
    "base_subject",
    "button_key",
    "button_keys",
    "button_valid",
    "command_zone",
    "confirm_word",
    "fingerprint",
    "fresh_zone",
    "is_letter_id",
    "letter_id",
    "loop_header",
    "loop_valid",
    "reply_address",
    "reply_token",
    "scan_ids",
    "storm_key",
    "thread_keys",
    "valid",
]

LOCAL_PART = 64  # octets, RFC 5321 4.5.3.1.1
_MAC = 10  # bytes: 80 bit, 16 letters in base32
_IDS = 20  # references that are looked at; a mail with thousands of them is an attack
_ID = 998  # characters of one Message-ID: a line, RFC 5322 2.1.1
_TOKENS = 20
_HEADERS = 256 * 1024  # bytes of the header block that are searched
_CHUNK = 1024 * 1024
_NAME = r"k[0-9]{1,6}"  # of a key


@dataclass(frozen=True, slots=True)
class Keyring:
    """The installation's secrets by name (k1, k2, ...); `current` signs, all verify. `epoch` counts revocations."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    epoch: int = 1

    def __post_init__(self) -> None:
        if self.current not in self.keys or not all(re.fullmatch(_NAME, name) for name in self.keys):
            raise ValueError(f"keyring: {self.current} must be one of its keys, and these be named k1, k2, ...")


@dataclass(frozen=True, slots=True)
class Token:
    """A reply token as found in a mail, not verified. `where`: address | reference. Incident 0: about none."""

    incident: int
    key: str
    mac: str
    where: str


@dataclass(frozen=True, slots=True)
class Keys:
    """All that a mail says about where it belongs, each list strongest first.

    `ids` are the Message-IDs it answers, newest first; `numbers` the incidents its subject names, the last tag first.
    """

    tokens: tuple[Token, ...] = ()
    ids: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


# ---- one mail, told from its bytes

_IDENTIFYING = (b"message-id", b"date", b"from", b"to", b"subject")
_LEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:\r?\n)*(?:From [^\n]*\n)?")  # byte order mark, blank lines, mbox line
_BREAK = re.compile(rb"\r?\n\r?\n")
_ANGLED = re.compile(rb"<\s*([^<>\s]{1,%d})\s*>" % _ID)


def fingerprint(raw: bytes) -> str:
    """The same for every copy of a mail, whichever way it came (hex SHA-256).

    Hashed are Message-ID, Date, From, To and Subject, and the body with LF line ends. Trace headers are left out: the
    same mail through an alias and a list differs in them. Nothing is parsed; one pass, whatever the size.
    """
    head, body = _parts(raw)
    digest = hashlib.sha256()
    for name in _IDENTIFYING:
        for value in _fields(head, name):
            digest.update(b"%s:%d:" % (name, len(value)) + value)
    digest.update(b"\n\n")
    for chunk in _unix_lines(body):
        digest.update(chunk)
    return digest.hexdigest()


def scan_ids(raw: bytes) -> tuple[str | None, tuple[str, ...]]:
    """Message-ID, and the ids of In-Reply-To and References newest first, by a scan of the header block."""
    head, _ = _parts(raw)
    own = next(_ids(_fields(head, b"message-id")), None)
    answered = [*_ids(_fields(head, b"in-reply-to")), *reversed([*_ids(_fields(head, b"references"))])]
    return own, tuple(dict.fromkeys(answered))[:_IDS]


def _parts(raw: bytes) -> tuple[bytes, memoryview]:
    """Header block and body. What stands before the first header is skipped; headers beyond the limit are body."""
    lead = _LEAD.match(raw)
    start = lead.end() if lead else 0
    end = _BREAK.search(raw, start, start + _HEADERS)
    stop = (end.start(), end.end()) if end else (min(len(raw), start + _HEADERS),) * 2
    return raw[start : stop[0]], memoryview(raw)[stop[1] :]


def _fields(head: bytes, name: bytes) -> list[bytes]:
    """Every value of one header, unfolded: relays fold anew."""
    found = re.findall(rb"^%s[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)" % name, head, re.IGNORECASE | re.MULTILINE)
    return [b" ".join(value.split()) for value in found]


def _ids(values: Iterable[bytes]) -> Iterator[str]:
    """The ids in angle brackets; without any, the words that look like one, as old programs write them."""
    for value in values:
        found = _ANGLED.findall(value) or [word for word in value.split() if b"@" in word and len(word) <= _ID]
        yield from (name.decode("utf-8", "replace") for name in found)


def _unix_lines(body: memoryview) -> Iterator[bytes]:
    """The body in pieces with CRLF as LF; a CR at the end of a piece waits for the next one."""
    held = b""
    for at in range(0, len(body), _CHUNK):
        piece = held + bytes(body[at : at + _CHUNK])
        held = b"\r" if piece.endswith(b"\r") else b""
        yield piece[: len(piece) - len(held)].replace(b"\r\n", b"\n")
    yield held


# ---- thread keys

_MARK = rf"i(?P<incident>\d{{1,12}})\.(?P<key>{_NAME})\.(?P<mac>[a-z2-7]{{16}})"
_PLUS = re.compile(rf"(?P<base>.*)\+{_MARK}@(?P<domain>[^@]+)", re.IGNORECASE | re.ASCII)
_LETTER = re.compile(rf"md\.{_MARK}\.(?P<last>[a-z2-7]{{16}}|thread)@[^@\s]+", re.IGNORECASE | re.ASCII)


def thread_keys(mail: Mail, own: Collection[str], prefixes: Collection[str]) -> Keys:
    """Where this mail may belong; nothing is verified here. `own`: the desk's addresses (Address.key)."""
    ids = thread_ids(mail)
    addresses = [*(address.key for address in (*mail.to, *mail.cc)), *mail.delivered_to]
    tokens = [*_address_tokens(addresses, own), *_reference_tokens(ids)]
    return Keys(tuple(dict.fromkeys(tokens))[:_TOKENS], ids, tag_numbers(mail.subject, prefixes))


def thread_ids(mail: Mail) -> tuple[str, ...]:
    """The Message-IDs that this mail answers, the nearest first (RFC 5322 section 3.6.4)."""
    answered = tuple(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:_IDS]
    return tuple(name for name in answered if len(name) <= _ID)


def _address_tokens(addresses: Iterable[str], own: Collection[str]) -> Iterator[Token]:
    for address in addresses:
        found = _PLUS.fullmatch(address)
        if found and f"{found['base']}@{found['domain']}".lower() in own:
            yield _token(found, "address")


def _reference_tokens(ids: Iterable[str]) -> Iterator[Token]:
    for name in ids:
        if found := _LETTER.fullmatch(name):
            yield _token(found, "reference")


def _token(found: re.Match[str], where: str) -> Token:
    return Token(int(found["incident"]), found["key"].lower(), found["mac"].lower(), where)


# ---- marks that we sign


def reply_token(ring: Keyring, incident: int, person: str) -> str:
    """`i42.k1.<16 letters>`: this incident was written about to this person (Party.key)."""
    return f"i{incident}.{ring.current}.{_sign(ring, ring.current, 'reply', str(incident), person)}"


def valid(ring: Keyring, token: Token, person: str) -> bool:
    """Whether we made this token for that person, under a key and the epoch that still hold."""
    return _holds(ring, token.key, token.mac, "reply", str(token.incident), person)


def letter_id(ring: Keyring, domain: str, incident: int, person: str, cause: str, ordinal: int) -> str:
    """Message-ID of the `ordinal`-th letter to a person for one cause (a fingerprint or timer key)."""
    own = _sign(ring, ring.current, "letter", cause, person, str(ordinal))
    return f"md.{reply_token(ring, incident, person)}.{own}@{domain}"


def anchor_id(ring: Keyring, domain: str, incident: int, person: str) -> str:
    """An id no mail has: it stands in References of every letter to this person, so that clients make one thread."""
    return f"md.{reply_token(ring, incident, person)}.thread@{domain}"


def is_letter_id(message_id: str) -> bool:
    """Whether it has the form of our Message-IDs (an anchor has not). Says nothing about who made it."""
    found = _LETTER.fullmatch(message_id)
    return found is not None and found["last"].lower() != "thread"


def reply_address(ring: Keyring, desk: Address, incident: int, person: str) -> Address:
    """The desk's address with the token as plus-part; the bare one if that would be longer than a local part may be."""
    local, _, domain = desk.email.rpartition("@")
    plus = f"{local}+{reply_token(ring, incident, person)}"
    return Address(f"{plus}@{domain}", desk.name) if len(plus.encode()) <= LOCAL_PART else desk


def loop_header(ring: Keyring, message_id: str) -> str:
    """The value of our loop header: the letter's id and our MAC over it."""
    return f"{message_id} {ring.current}.{_sign(ring, ring.current, 'loop', message_id)}"


def loop_valid(ring: Keyring, value: str) -> bool:
    """Whether a loop header was made here, so that the mail is one of our own letters come back."""
    found = re.fullmatch(rf"\s*(\S{{1,{_ID}}})\s+({_NAME})\.([a-z2-7]{{16}})\s*", value)
    return found is not None and _holds(ring, found[2], found[3], "loop", found[1])


def button_key(ring: Keyring, verb: str, incident: int, person: str) -> str:
    """`k1-abcd-efgh-ijkl-mnop`: the line that a mailto button puts into the body for one verb."""
    mac = _sign(ring, ring.current, "button", verb, str(incident), person)
    return "-".join([ring.current, *(mac[at : at + 4] for at in range(0, 16, 4))])


_BUTTON = re.compile(rf"(?<![\w-]){_NAME}(?:-[a-z2-7]{{4}}){{4}}(?![\w-])", re.IGNORECASE | re.ASCII)


def button_keys(text: str) -> tuple[str, ...]:
    """The button keys in a body, in order; quote marks, case and words around them do not matter."""
    return tuple(dict.fromkeys(found[0].lower() for found in _BUTTON.finditer(text)))[:_TOKENS]


def button_valid(ring: Keyring, key: str, verb: str, incident: int, person: str) -> bool:
    """Whether we made this button key for that verb, incident and person."""
    name, _, mac = key.lower().partition("-")
    return _holds(ring, name, mac.replace("-", ""), "button", verb, str(incident), person)


def confirm_word(ring: Keyring, cause: str, person: str) -> str:
    """The word to be typed for one confirmation: an autoresponder cannot know it, a tired human must read it."""
    digest = _digest(ring, ring.current, "word", cause, person)
    return CONFIRMATION_WORDS[int.from_bytes(digest[:8]) % len(CONFIRMATION_WORDS)]


def _holds(ring: Keyring, key: str, mac: str, purpose: str, *fields: str) -> bool:
    if key not in ring.keys:
        return False
    return hmac.compare_digest(_sign(ring, key, purpose, *fields).encode(), mac.lower().encode("utf-8", "replace"))


def _sign(ring: Keyring, key: str, purpose: str, *fields: str) -> str:
    return b32encode(_digest(ring, key, purpose, *fields)[:_MAC]).decode().lower()


def _digest(ring: Keyring, key: str, purpose: str, *fields: str) -> bytes:
    said = "".join(f"{len(text)}:{text}" for text in ("md1", purpose, *fields, str(ring.epoch)))
    return hmac.digest(ring.keys[key], said.encode("utf-8", "surrogatepass"), "sha256")
