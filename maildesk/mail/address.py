"""Header values to addresses: strictly, where somebody's identity hangs on it; kindly, where we only want to answer.

*Strict* is a parser of RFC 5322 3.4 for exactly one mailbox, without the obsolete syntax and without anything that
two programs are known to read differently: no group, no route, no list, no comment inside the address, no encoded
word in it, no `@` outside quotes but the one, no domain literal, nothing invisible. It tells what is wrong, in words.
A second, independent parser (the standard library's) must then come to the same address, else there is no identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email import policy
from email.errors import HeaderParseError
from functools import lru_cache
from html import unescape

import idna

from maildesk.mail.charsets import unfolded, words
from maildesk.mail.message import Address
from maildesk.mail.text import clean_line

FROM_LIMIT = 998  # characters of a From value that two parsers look at (RFC 5322 2.1.1: the longest line)
_COMMENT_DEPTH = 3

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_LETTERS = "\u00a1-\u1fff\u2070-\ud7ff\uf900-\ufdff\ufe70-\ufefe\U00010000-\U0001ffff"  # RFC 6532, no odd spaces
_TOKEN = re.compile(
    rf"""(?P<space>[ \t]+)|(?P<atom>[{_ATEXT}{_LETTERS}]+)|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<special>[<>@.,:;()\[\]])"""
    r"""|(?P<odd>[^\x00-\x9f])"""
)
_LOCAL = re.compile(rf"[{_ATEXT}{_LETTERS}]+(?:\.[{_ATEXT}{_LETTERS}]+)*")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_PLAIN_QUOTED = re.compile(r"[ !#-\[\]-~]+")  # printable, no quote, no backslash
_PAIR = re.compile(r"\\(.)")
_SPOTTED = re.compile(r"[^\s<>()\[\],;:\"'@\\|]{1,64}@[^\s<>()\[\],;:\"'@\\|]{1,253}")


class Defect(ValueError):
    """What is wrong with a header value, in words for an admin."""


_Token = tuple[str, str]


def one_mailbox(value: str) -> Address:
    """The one mailbox of a From value (as the parser keeps it, still encoded). Raises `Defect`."""
    line = unfolded(value).strip(" \t")
    if len(line) > FROM_LIMIT:
        raise Defect(f"longer than {FROM_LIMIT} characters")
    ours = _mailbox(list(_tokens(line)))
    theirs = _second_opinion(line)
    if theirs != ours.key:
        raise Defect("two parsers read it differently")
    return ours


@lru_cache(maxsize=512)  # the same people write again, and this parser is slow
def _second_opinion(line: str) -> str:
    """The key of the one address that Python's own structured header parser finds; "" if it finds another number."""
    try:
        header = policy.default.header_factory("From", line)
        mailboxes = [mailbox for group in header.groups if group.display_name is None for mailbox in group.addresses]
        if len(mailboxes) != 1 or len(header.groups) != 1:
            return ""
        local, _, domain = mailboxes[0].addr_spec.rpartition("@")
        return f"{local}@{_domain(domain)}".lower()
    except (HeaderParseError, RecursionError, LookupError, ValueError, AttributeError, TypeError, AssertionError):
        return ""  # it does stumble over hostile values, in all these ways


def _tokens(line: str) -> Iterator[_Token]:
    at = 0
    while at < len(line):
        found = _TOKEN.match(line, at)
        if found is None:
            raise Defect("a character that does not belong there")
        kind = str(found.lastgroup)
        if found.group() == "(":
            at = _comment_end(line, at)
            yield "comment", line[found.start() + 1 : at - 1]
            continue
        at = found.end()
        yield (found.group() if kind == "special" else kind), found.group()


def _comment_end(line: str, at: int) -> int:
    depth = 0
    while at < len(line):
        char = line[at]
        if char == "\\":
            at += 1
        elif char == "(":
            depth += 1
            if depth > _COMMENT_DEPTH:
                break
        elif char == ")":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    raise Defect("a comment without an end, or too many inside each other")


def _mailbox(tokens: list[_Token]) -> Address:
    kinds = [kind for kind, _ in tokens]
    for kind, fault in ((",", "more than one mailbox"), (":", "a group or a route"), (";", "a group")):
        if kind in kinds:
            raise Defect(fault)
    if "<" not in kinds:
        name = next((text for kind, text in tokens if kind == "comment"), "")
        return _address(_stripped(tokens, ("space", "comment")), name)
    start = kinds.index("<")
    outside = _stripped(tokens, ("space", "comment"))
    if kinds.count("<") != 1 or kinds.count(">") != 1 or outside[-1][0] != ">":
        raise Defect("angle brackets that do not match")
    phrase = tokens[:start]
    if "@" in kinds[:start]:
        raise Defect("an unquoted @ in the display name")
    if not {kind for kind, _ in phrase} <= {"space", "atom", "odd", "quoted", ".", "comment"}:
        raise Defect("a display name with unquoted special characters")
    return _address(_stripped(tokens[start + 1 : kinds.index(">")], ("space",)), _phrase(phrase))


def _stripped(tokens: list[_Token], kinds: tuple[str, ...]) -> list[_Token]:
    start, end = 0, len(tokens)
    while start < end and tokens[start][0] in kinds:
        start += 1
    while end > start and tokens[end - 1][0] in kinds:
        end -= 1
    return tokens[start:end]


def _phrase(tokens: Iterable[_Token]) -> str:
    return "".join(
        _PAIR.sub(r"\1", text[1:-1]) if kind == "quoted" else text for kind, text in tokens if kind != "comment"
    )


def _address(tokens: list[_Token], name: str) -> Address:
    kinds = [kind for kind, _ in tokens]
    if not tokens:
        raise Defect("no address")
    if kinds.count("@") != 1:
        raise Defect("no address" if "@" not in kinds else "more than one @")
    if not set(kinds) <= {"atom", "quoted", ".", "@"}:
        raise Defect("white space, a comment, a domain literal or an odd character inside the address")
    at = kinds.index("@")
    local = _local(tokens[:at])
    domain = _domain("".join(text for _, text in tokens[at + 1 :]))
    if "=?" in local + domain:
        raise Defect("an encoded word inside the address")
    return Address(f"{local}@{domain}", clean_line(words(name)))


def _local(tokens: list[_Token]) -> str:
    text = "".join(text for _, text in tokens)
    if len(tokens) == 1 and tokens[0][0] == "quoted":
        inside = text[1:-1]
        if not _PLAIN_QUOTED.fullmatch(inside) or "@" in inside:
            raise Defect("a quoted local part that can be misread")
        text = inside if _LOCAL.fullmatch(inside) else text
    elif not _LOCAL.fullmatch(text) or not all(char.isascii() or char.isalnum() for char in text):
        raise Defect("a local part that is no dot-atom")
    if len(text.encode()) > 64:
        raise Defect("a local part of more than 64 octets")
    return text


def _domain(domain: str) -> str:
    """The domain as lower-case A-labels (RFC 5890). Raises `Defect` unless it is a host name."""
    domain = domain.lower()
    if not domain.isascii():
        try:
            domain = idna.encode(domain[:253], strict=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise Defect("a domain that is not a valid international name") from error
    if len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise Defect("a domain that is no host name")
    return domain


# ---- kindly


def shown(name: str, email: str) -> Address | None:
    """An address as good as it gets from what a forgiving parser found; None if nobody could answer to it."""
    local, _, domain = clean_line(email, 400).strip(" <>\"'").rpartition("@")
    try:
        domain = _domain(domain.rstrip("."))
    except Defect:
        return None
    if not local or not domain or len(local) > 64 or any(char in '<>" ,;:()' for char in local.strip('"')):
        return None
    return Address(f"{local}@{domain}", clean_line(words(name)).strip("\"' "))


def spotted(value: str) -> Address | None:
    """The last thing in a broken header value that looks like an address, for showing only."""
    line = words(unfolded(value[:4000]))
    line = unescape(line) if "&lt;" in line else line  # a web form that escaped what it should have encoded
    found = _SPOTTED.findall(line)
    if not found:
        return None
    name = line.split(found[-1])[0].removesuffix("mailto:").strip(" <\"'([\t")
    return shown(name, found[-1].strip(".>"))
