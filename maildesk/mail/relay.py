"""What of a technician's answer may reach the requester: his own words, and of what he quotes only what is public.

Whoever answers between the lines of one of our letters quotes all that stood in it: the history, the priority, a note
of a colleague. So a quoted line is passed on only if the requester, or everybody, has read it before.
"""

from __future__ import annotations

import re

# How programs mark a quoted line: "> ", "| ", ": ", "» ", and the initials of the writer, "AL> ".
_MARK = re.compile(r"(?:\s{0,8}(?:[>»]|[A-Za-z]{1,4}>))+\s?")
_ANY_MARK = re.compile(r"(?:\s{0,8}(?:[>»|:]|[A-Za-z]{1,4}>))+\s?")


def quotes(text: str, *, between: bool) -> bool:
    """Whether any line is quoted. `between`: the writer answered between the lines, so that rarer marks count too."""
    mark = _ANY_MARK if between else _MARK
    return any(mark.match(line) for line in text.split("\n"))


def passed_on(text: str, public: str, *, between: bool) -> str:
    """The text without the quoted lines whose words do not stand in `public`."""
    mark, known = (_ANY_MARK if between else _MARK), _squeezed(public)
    kept: list[str] = []
    for line in text.split("\n"):
        found = mark.match(line)
        words = _squeezed(line[found.end() :]) if found else ""
        if not found or (words and words in known):
            kept.append(line)
        elif kept and kept[-1].strip():
            kept.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()
