"""What single values look like: each reads one YAML scalar and says in plain words what it expected instead.

Every function takes what the tree holds (text, whole number, bool, None, tuple, dict) and returns the value the desk
uses, or raises Wrong with "what is wrong; what would be right".
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import idna

from maildesk.mail.message import Address

E = TypeVar("E", bound=StrEnum)


class Wrong(ValueError):
    """The admin must act: a value that its key cannot take; the text says what is wrong and what would be right."""


def got(value: object) -> str:
    """How a wrong value is named in a message; long ones are cut."""
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def meant(word: str, known: Iterable[str]) -> str:
    """`did you mean "network"?`, or the whole choice when nothing is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.65)
    return f"did you mean '{near[0]}'?" if near else all_of(names)


def all_of(names: Collection[str], say: str = "known are") -> str:
    """`known are: a, b, c`, as far as it fits into a line."""
    if not names:
        return "none is given in this configuration"
    return f"{say}: {', '.join(sorted(names)[:16])}{' ...' if len(names) > 16 else ''}"


# --- text -----------------------------------------------------------------------------------------------------------

_UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _text(value: object, limit: int) -> str:
    if isinstance(value, bool):
        raise Wrong(f"expected text, got {got(value)}; put it in quotes if the word is meant")
    if value is None:
        raise Wrong("has no value; write one after the colon, or remove the key")
    if not isinstance(value, str | int):
        raise Wrong(f"expected text, got {got(value)}; write one text")
    text = unicodedata.normalize("NFC", str(value)).strip()
    if not text:
        raise Wrong("is empty; write a text, or remove the key")
    if len(text) > limit:
        raise Wrong(f"is {len(text)} characters long; at most {limit} are allowed")
    if found := _UNCLEAN.search(text):
        raise Wrong(f"holds the control character U+{ord(found[0]):04X}; remove it")
    return text


def line(value: object) -> str:
    """One line of text; it may end up in a header, so it holds no line break."""
    text = _text(value, 500)
    if "\n" in text:
        raise Wrong("holds a line break; write it in one line")
    return text


def prose(value: object) -> str:
    """Text of several lines, for example a signature."""
    return _text(value.replace("\t", "    ") if isinstance(value, str) else value, 10_000)


def matching(pattern: str, expected: str) -> Callable[[object], str]:
    """One line of text of a certain form; `expected` describes it with an example."""
    form = re.compile(pattern)

    def read(value: object) -> str:
        text = line(value)
        if not form.fullmatch(text):
            raise Wrong(f"expected {expected}, got {got(text)}; change it to that form")
        return text

    return read


def choice(*names: str) -> Callable[[object], str]:
    """One word of a few."""

    def read(value: object) -> str:
        text = line(value)
        if text not in names:
            near = [name for name in names if name.lower() == text.lower()]
            fix = f"write '{near[0]}'" if near else f"write one of: {', '.join(names)}"
            raise Wrong(f"got {got(text)}; {fix}")
        return text

    return read


def member(enum: type[E]) -> Callable[[object], E]:
    """One word of an enumeration, as its member."""
    read = choice(*(item.value for item in enum))
    return lambda value: enum(read(value))


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    fix = words.get(str(value).lower(), "true or false")
    raise Wrong(f"expected true or false, got {got(value)}; write {fix}")


def count(low: int, high: int) -> Callable[[object], int]:
    """A whole number within bounds."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(
                f"expected a whole number, got {got(value)}; write digits alone, without quotes or a leading zero"
            )
        if not low <= value <= high:
            raise Wrong(f"expected a number from {low} to {high}, got {value}; choose one in between")
        return value

    return read


# --- quantities -----------------------------------------------------------------------------------------------------

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:[0-9]{1,7}[smhdw])+")


def duration(low: timedelta, high: timedelta) -> Callable[[object], timedelta]:
    """A length of time such as 90s, 10m, 4h, 2d, 1w or 1h30m, within bounds."""

    def read(value: object) -> timedelta:
        if not isinstance(value, str) or not _DURATION.fullmatch(value):
            raise Wrong(f"expected a duration such as 4h or 2d, got {got(value)}; {_duration_fix(value)}")
        length = timedelta(seconds=sum(int(n) * _SECONDS[u] for n, u in re.findall(r"(\d+)(\w)", value)))
        if not low <= length <= high:
            between = f"{show_duration(low)} to {show_duration(high)}"
            raise Wrong(f"expected a duration from {between}, got {got(value)}; choose one in between")
        return length

    return read


def _duration_fix(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"write it with its unit: {value}s, {value}m, {value}h or {value}d"
    wordy = re.fullmatch(r"\s*([0-9]{1,7})\s*([smhdw])[a-z]*\s*", str(value).lower())
    return f"write {wordy[1]}{wordy[2]}" if wordy else "the units are s, m, h, d and w"


def show_duration(length: timedelta) -> str:
    """The shortest way to write it: 90s, 10m, 4h, 7d."""
    seconds = int(length.total_seconds())
    unit = next((u for u in "dhm" if seconds and seconds % _SECONDS[u] == 0), "s")
    return f"{seconds // _SECONDS[unit]}{unit}"


_SIZE = re.compile(r"([0-9]{1,9}) ?(B|KB|MB|GB)")
_BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def size(low: int, high: int) -> Callable[[object], int]:
    """A size such as 500KB or 20MB, in steps of 1024, as bytes."""

    def read(value: object) -> int:
        found = _SIZE.fullmatch(value.upper()) if isinstance(value, str) else None
        if not found:
            raise Wrong(f"expected a size such as 20MB, got {got(value)}; the units are B, KB, MB and GB")
        number = int(found[1]) * _BYTES[found[2]]
        if not low <= number <= high:
            raise Wrong(
                f"expected a size from {low >> 10}KB to {high >> 20}MB, got {got(value)}; choose one in between"
            )
        return number

    return read


_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def since(value: object) -> str | date:
    """`now`, `all`, or the day from which on mails are taken."""
    text = line(value)
    if text in {"now", "all"}:
        return text
    try:
        if found := _DATE.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise Wrong(f"there is no such day: {got(text)}; write a date such as 2026-12-24") from None
    raise Wrong(f"expected now, all or a date, got {got(text)}; write a date as 2026-12-24")


def timezone(value: object) -> str:
    text = line(value)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        by_city = [name for name in sorted(known) if name.rpartition("/")[2].lower() == text.replace(" ", "_").lower()]
        near = by_city or difflib.get_close_matches(text, known, n=1, cutoff=0.6)
        fix = f"did you mean '{near[0]}'?" if near else "write one such as Europe/Berlin"
        raise Wrong(f"there is no time zone {got(text)}; {fix}") from None
    return text


# --- addresses and servers ------------------------------------------------------------------------------------------

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def domain(value: object) -> str:
    """A mail domain as lower-case A-label (RFC 5890), whatever way it was written."""
    text = line(value)
    if text.startswith(("@", "*.")):
        raise Wrong(f"expected a domain such as acme.example, got {got(text)}; write '{text.lstrip('@*.')}'")
    try:
        name = text.lower() if text.isascii() else idna.encode(text.lower(), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        name = ""
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise Wrong(f"expected a domain such as acme.example, got {got(text)}; remove what is no letter, digit or -")
    return name


_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def address(value: object) -> Address:
    """A bare e-mail address (RFC 5322 3.4.1, dot-atom form)."""
    text = line(value)
    local, at, host = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(text) > 254 or len(local) > 64:
        inner = re.fullmatch(r".*<([^<>]+@[^<>]+)>", text)
        fix = f"write '{inner[1]}' alone" if inner else "write it in that form, without a name"
        raise Wrong(f"expected an e-mail address such as ann@acme.example, got {got(text)}; {fix}")
    return Address(f"{local}@{domain(host)}")


def address_glob(value: object) -> str:
    """An address in which * stands for any characters."""
    text = line(value)
    if "@" not in text and "*" not in text:
        raise Wrong(f"expected an address or *@domain, got {got(text)}; write '*@{text}' for the whole domain")
    return text


def header_flag(value: object) -> tuple[str, str]:
    """`X-Spam-Flag: yes` as (name, value): a header that says so marks the mail as spam."""
    name, colon, word = line(value).partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9-]{1,60}", name.strip()) or not word.strip():
        raise Wrong(f"expected a header and its value, got {got(value)}; write one such as 'X-Spam-Flag: yes'")
    return name.strip(), word.strip()


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail server listens. `tls` is implicit, starttls, or none (on this machine only)."""

    host: str
    port: int
    tls: str


# scheme -> (tls, port, what it is for)
IMAP = {"imaps": ("implicit", 993), "imap": ("starttls", 143), "imap+plain": ("none", 143)}
SMTP = {"smtps": ("implicit", 465), "smtp": ("starttls", 587), "smtp+plain": ("none", 25)}


def server(schemes: dict[str, tuple[str, int]], example: str) -> Callable[[object], Server]:
    """A server's URL. Its text is never repeated in a message: somebody may have put a password into it."""

    def read(value: object) -> Server:
        text = line(value)
        scheme, _, rest = text.partition("://")
        if scheme not in schemes:
            raise Wrong(f"expected a server such as {example}; it begins with one of {', '.join(schemes)} and ://")
        host, port = _host_and_port(rest.removesuffix("/"), example)
        tls, default = schemes[scheme]
        if tls == "none" and not loopback(host):
            secure = " or ".join(f"{s}://" for s in schemes if not s.endswith("+plain"))
            raise Wrong(f"{scheme}:// sends passwords in clear text to {got(host)}; use {secure}")
        return Server(host, port or default, tls)

    return read


def _host_and_port(rest: str, example: str) -> tuple[str, int]:
    if "@" in rest:
        raise Wrong("holds a user or a password; write them under the keys `user` and `password`")
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#\s]+)(?::([0-9]{1,5}))?", rest)
    if not found:
        raise Wrong(f"expected host and port only; write it like {example}")
    if found[2] is not None and not 0 < int(found[2]) < 65536:
        raise Wrong(f"there is no port {found[2]}; choose one from 1 to 65535")
    return _host(found[1]), int(found[2] or 0)


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise Wrong("there is no such IPv6 address; write one such as [2001:db8::1]") from None
    return domain(text)


def loopback(host: str) -> bool:
    """Whether the traffic never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_IN_URL = "holds a password; write {url: ..., password: {file: PATH}} instead"


def database(value: object) -> str:
    """`sqlite:///path` or `postgresql://...`, without a password."""
    text = line(value)
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite":
        if not rest.startswith("/") or rest.strip("/") in {"", ":memory:"} or "?" in rest or "%" in rest:
            raise Wrong("expected a file; write it as sqlite:///maildesk.db, or sqlite:////var/lib/x.db")
        return text
    if scheme != "postgresql":
        raise Wrong("expected a database; write sqlite:///maildesk.db or postgresql://user@host/name")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise Wrong("is no valid URL; write it as postgresql://user@host/name") from None
    if parts.password is not None or re.search(r"(?:^|&)(?:ssl)?pass(?:word|file)?=", parts.query, re.IGNORECASE):
        raise Wrong(_IN_URL)
    if not parts.path.strip("/"):
        raise Wrong("names no database; write it as postgresql://user@host/name")
    return text


def unknown(word: str, what: str, known: Collection[str]) -> str:
    """The message for a name that stands nowhere in the configuration."""
    return f"there is no {what} '{word}'; {meant(word, known)}"
