"""Tables of phrases made into patterns, and what their phrases begin with.

The tables know forty languages, so to try a pattern is dear, and most lines of a mail begin with none of its phrases.
That can be told from three letters: `beginnings` are those of a whole table, and `begins` looks a line up.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

_HEAD = 3  # letters
_ANYTHING = "\0"
_GROUP = re.compile(r"\((\?(?:[=!]|<[=!]|:))?")
_STRUCTURE = re.compile(r"\\.|\[[^\]]+\]|[()|]")
_TIMES = re.compile(r"([?*+]|\{\d*,?\d*\})[?+]?")
# Letters that a pattern takes for others although `str.lower` does not (re.IGNORECASE).
_ALIKE = (("i\u0307", "i"), ("ı", "i"), ("ſ", "s"), ("ς", "σ"))


def any_of(rows: str) -> str:
    """The alternatives of a table: rows of phrases, divided by `|`; what stands behind `::` is a remark."""
    cells = (cell.strip() for row in rows.splitlines() for cell in row.partition("::")[0].split(" | "))
    return "|".join(sorted(filter(None, cells), key=len, reverse=True))


def folded(text: str) -> str:
    """Text without case, as patterns compare it that ignore case."""
    text = text.lower()
    if not text.isascii():
        for one, other in _ALIKE:
            text = text.replace(one, other)
    return text


def begins(line: str, heads: AbstractSet[str]) -> bool:
    """Whether a line may begin with one of the phrases whose `beginnings` these are; its first character counts."""
    head = line[:_HEAD].lower()
    if not head.isascii():
        head = folded(head)[:_HEAD]
    return head in heads or head[:2] in heads or head[:1] in heads


def beginnings(pattern: str) -> frozenset[str]:
    """The first letters, folded, of all that a pattern of such phrases matches; fewer than three where any may follow.

    It may hold letters, groups, sets of letters and repetitions; before anything else a letter must stand.
    """
    heads = frozenset(head.rstrip(_ANYTHING) for head in _Reader(folded(pattern)).alternatives())
    if "" in heads:
        raise ValueError(f"a phrase that may begin with anything: {pattern}")
    return heads


class _Reader:
    r"""Goes through a folded pattern and gathers with what it may begin. `\w` and `\W` are alike: any character."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self) -> set[str]:
        found = self._sequence()
        while self.pattern.startswith("|", self.at):
            self.at += 1
            found |= self._sequence()
        return found

    def _sequence(self) -> set[str]:
        heads = {""}
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            piece = self._piece()
            times = _TIMES.match(self.pattern, self.at)
            self.at = times.end() if times else self.at
            heads = _repeated(heads, piece, times[1] if times else "")
            if all(map(_whole, heads)):
                self._skip()
        return heads

    def _skip(self) -> None:
        """Go to the end of an alternative whose beginnings are known."""
        depth = 0
        for mark in _STRUCTURE.finditer(self.pattern, self.at):
            if not depth and mark[0] in {"|", ")"}:
                self.at = mark.start()
                return
            depth += (mark[0] == "(") - (mark[0] == ")")
        self.at = len(self.pattern)

    def _piece(self) -> set[str]:
        char = self.pattern[self.at]
        if group := _GROUP.match(self.pattern, self.at):
            return self._group(group)
        if char == "[":
            return self._set()
        if char == "\\":
            self.at += 2
            char = self.pattern[self.at - 1]
            return {""} if char == "b" else {_ANYTHING if char.isalnum() else char}
        self.at += 1
        return {""} if char in "^$" else {_ANYTHING if char == "." else char}

    def _group(self, group: re.Match[str]) -> set[str]:
        self.at = group.end()
        inside = self.alternatives()
        self.at += 1
        return {""} if (group[1] or "").endswith(("=", "!")) else inside

    def _set(self) -> set[str]:
        end = self.pattern.index("]", self.at)
        chars = self.pattern[self.at + 1 : end]
        self.at = end + 1
        return {_ANYTHING} if "\\" in chars or "-" in chars[1:-1] or chars[0] == "^" else set(chars)


def _repeated(heads: set[str], piece: set[str], times: str) -> set[str]:
    """The beginnings when a piece comes next, as often as its repetition says."""
    found = _longer(heads, piece)
    if times and times != "?":
        for _ in range(_HEAD):
            found |= _longer(found, piece)
    return found | heads if times[:1] in {"?", "*"} or times[:2] in {"{0", "{,"} else found


def _longer(heads: set[str], piece: set[str]) -> set[str]:
    done = set(filter(_whole, heads))
    return done | {(head + one)[:_HEAD] for head in heads - done for one in piece}


def _whole(head: str) -> bool:
    return len(head) >= _HEAD or head.endswith(_ANYTHING)
