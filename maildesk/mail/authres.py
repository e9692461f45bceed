"""One Authentication-Results value taken apart: who checked a mail, and what came out (RFC 8601 2.2).

Strict, because what stands here may become proof: a value that is not understood to its last character is a `Defect`,
and whoever asks then knows nothing. There is no best guess and no skipping to the next semicolon.

Three liberties, each for servers that exist, none of which lets two readers see different results:

- the value may begin with a result instead of a server (Microsoft 365 names none); `server` is then "";
- a property may lack its type (`action=none` of Microsoft, `x-bits=2048` of Fastmail), and a value may hold any
  visible characters but those that end it (IPv6 addresses, `TLS_AES_256/256`);
- one semicolon may stand at the end.

And one severity: no quote and no backslash inside a comment. Servers print the envelope sender there, and a quoted
local part such as `"a) ; dmarc=pass header.from=corp.example ("@evil.example` would end the comment where it likes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 8000  # characters of a value
RESULTS = 60  # of one value
_DEPTH = 5  # comments inside each other

_SPACE = re.compile(r"[ \t]*")
_IN_COMMENT = re.compile(r'[^()"\\\x00-\x08\x0a-\x1f\x7f]*')
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\["\\])*)"')
_PAIR = re.compile(r"\\(.)")
_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,254}")
_VERSION = re.compile(r"[0-9]{1,9}")
_KEYWORD = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,60}[A-Za-z0-9])?")
_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}(?:\.[A-Za-z0-9_][A-Za-z0-9_.-]{0,60})?")
_VALUE = re.compile(r"[^\s;()\"\\\x00-\x20\x7f]+")
_NO_SERVER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*[ \t]*=")
_ENDS = frozenset(" \t;(")


class Defect(ValueError):
    """What is wrong with a value, in words for an admin."""


@dataclass(frozen=True, slots=True)
class Result:
    """One check: `method` and `word` in small letters ("dmarc", "pass"), properties (name in small letters, value)."""

    method: str
    word: str
    properties: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        """Everything that is said under that name."""
        return tuple(value for key, value in self.properties if key == name)


@dataclass(frozen=True, slots=True)
class Results:
    """A whole value. `server` is the authserv-id as written; "" if the value names none."""

    server: str
    results: tuple[Result, ...]


def parse(value: str) -> Results:
    """Take one value apart (unfolded, not decoded in any way). Raises `Defect` on whatever is not understood."""
    if len(value) > LIMIT:
        raise Defect(f"longer than {LIMIT} characters")
    return _Scan(value).whole()


class _Scan:
    """Goes through the value once, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Results:
        self.skip()
        if _NO_SERVER.match(self.text, self.at):
            return Results("", self.results(first=True))
        server = self.quoted() or self.word(_SERVER, "no server that wrote it")
        self.version()
        return Results(server, self.results(first=False))

    def version(self) -> None:
        """RFC 8601 2.2: there is a version 1 only, and it need not be said."""
        apart = self.skip()
        if self.next() in {"", ";"}:
            return
        if not apart or self.word(_VERSION, "something behind the server that is no version") != "1":
            raise Defect("a version other than 1")
        self.skip()

    def results(self, *, first: bool) -> tuple[Result, ...]:
        found: list[Result] = []
        while first or self.semicolon():
            first = False
            self.skip()
            if self.at == len(self.text):
                break
            if not found and self.none():
                return ()
            found.append(self.result())
            if len(found) > RESULTS:
                raise Defect(f"more than {RESULTS} results")
        if not found or self.at != len(self.text):
            raise Defect("no results" if not found else f"not understood from character {self.at + 1} on")
        return tuple(found)

    def semicolon(self) -> bool:
        there = self.next() == ";"
        self.at += there
        return there

    def none(self) -> bool:
        """The word that stands in place of all results."""
        begin = self.at
        if self.text[begin : begin + 4].lower() == "none":
            self.at += 4
            self.skip()
            if self.at == len(self.text):
                return True
        self.at = begin
        return False

    def result(self) -> Result:
        method = self.word(_KEYWORD, "no method").lower()
        if self.next() == "/":
            self.at += 1
            version = self.word(_VERSION, "no version of a method")
            method = method if version == "1" else f"{method}/{version}"
        self.equals()
        word = self.word(_KEYWORD, f"no result of {method}").lower()
        return Result(method, word, self.properties())

    def properties(self) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        while True:
            if self.next() and self.next() not in _ENDS:
                raise Defect(f"not understood from character {self.at + 1} on")
            self.skip()
            if self.next() in {"", ";"}:
                return tuple(found)
            name = self.word(_PROPERTY, f"not understood from character {self.at + 1} on").lower()
            self.equals()
            found.append((name, self.value(name)))

    def value(self, name: str) -> str:
        quoted = self.quoted()
        if quoted is None:
            return self.word(_VALUE, f"no value of {name}")
        rest = _VALUE.match(self.text, self.at)  # "odd one"@domain
        if rest is None:
            return quoted
        if not rest[0].startswith("@"):
            raise Defect(f"something behind the quoted value of {name}")
        self.at = rest.end()
        return f'"{quoted}"{rest[0]}'

    def equals(self) -> None:
        self.skip()
        if self.next() != "=":
            raise Defect(f"no equals sign at character {self.at + 1}")
        self.at += 1
        self.skip()

    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def word(self, pattern: re.Pattern[str], fault: str) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise Defect(fault)
        self.at = found.end()
        return found[0]

    def quoted(self) -> str | None:
        if self.next() != '"':
            return None
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            raise Defect("a quote without an end")
        self.at = found.end()
        return _PAIR.sub(r"\1", found[1])

    def skip(self) -> bool:
        """Blanks and comments (RFC 5322 CFWS); whether there were any."""
        begin = self.at
        while True:
            self.blanks()
            if self.next() != "(":
                return self.at > begin
            self.comment()

    def blanks(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def comment(self) -> None:
        depth = 0
        while True:
            if self.next() == "(":
                depth += 1
            elif self.next() == ")":
                depth -= 1
            else:
                raise Defect("a comment without an end, or with a quote or a control character in it")
            self.at += 1
            if depth == 0:
                return
            if depth > _DEPTH:
                raise Defect("too many comments inside each other")
            found = _IN_COMMENT.match(self.text, self.at)
            self.at = found.end() if found else self.at
