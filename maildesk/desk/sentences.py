"""Sentences: what the desk itself says, in the language of the letter that says it.

The desk thinks, and keeps its timeline, in English; as with gettext, the English sentence is the key. A language is a
table of such sentences, with gaps for values: "{tag} is the requester already." A gap is known by its name: some hold
only certain text (GAPS), some hold a word that the table translates too, and some hold sentences again.

Only what the desk says may come here. What people wrote is never translated, and what no table knows stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from maildesk.desk import german

LONGEST = 4000  # characters of a text that is looked up; what is longer is no sentence

# What a gap can hold, by its name; all others hold any text. A gap named as a list of words holds one of them.
GAPS: Mapping[str, str] = {
    "tag": r"\S+-\d+",
    "other": r"\S+-\d+",
    "email": r"\S*",
    "number": r"\d+",
    "priority": r"P\d",
    "verb": r"\w+",
    "asked": r".+",
    "notes": r"understood .+",
    **dict.fromkeys(("year", "month", "day", "hour", "minute"), r"\d+"),
}
OPEN = frozenset({"answer", "example"})  # lists that hold other text as well
INNER = frozenset({"why", "condition"})  # a sentence within a sentence
# Several of them, and what stands between.
SEVERAL: Mapping[str, str] = {"reasons": "; ", "notes": "; ", "names": ", ", "choices": " or "}

_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Tongue:
    """One language: its sentences by the English ones, and its lists of words by the names of gaps."""

    sentences: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]

    def said(self, text: str) -> str:
        for english in self._candidates(text):
            if found := self._pattern(english).fullmatch(text):
                return self.sentences[english].format_map(
                    {gap: self._value(gap, at) for gap, at in found.groupdict().items()}
                )
        return text

    def _candidates(self, text: str) -> Iterator[str]:
        """The sentences that it may be, in the order of the table: those that begin with its first word or a gap."""
        if text in self.sentences:
            yield text
        elif len(text) <= LONGEST:
            yield from self._begun.get(text.partition(" ")[0], self._begun[""])

    @cached_property
    def _begun(self) -> Mapping[str, tuple[str, ...]]:
        firsts = {english: "" if "{" in (first := english.partition(" ")[0]) else first for english in self.sentences}
        return {
            word: tuple(english for english, first in firsts.items() if first in {"", word})
            for word in {"", *firsts.values()}
        }

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        return {}

    def _pattern(self, english: str) -> re.Pattern[str]:
        """Made when it is first needed: most commands of the shell say nothing in another language."""
        if english not in self._patterns:
            parts = _GAP.split(english)  # text, gap, text, gap, ..., text
            made = (re.escape(part) if at % 2 == 0 else self._gap(part) for at, part in enumerate(parts))
            self._patterns[english] = re.compile("".join(made), re.DOTALL)
        return self._patterns[english]

    def _gap(self, name: str) -> str:
        listed = "|".join(map(re.escape, self.words.get(name, ()))) if name not in OPEN else ""
        return f"(?P<{name}>{listed or GAPS.get(name, '.+?')})"

    def _value(self, gap: str, value: str) -> str:
        if gap in INNER:
            return self.said(value)
        if gap in SEVERAL:
            between = SEVERAL[gap]
            return self.words["between"].get(between, between).join(map(self.said, value.split(between)))
        return self.word(gap, value)

    def word(self, kind: str, value: str) -> str:
        return self.words.get(kind, {}).get(value, value)


TONGUES: Mapping[str, Tongue] = {"de": Tongue(german.SENTENCES, german.WORDS)}


def said(text: str, language: str) -> str:
    """A sentence of the desk in that language ("de", "de-AT"); as it is where there is no other, or none is needed."""
    tongue = _tongue(language)
    return tongue.said(text) if tongue else text


def word(kind: str, value: str, language: str) -> str:
    """A word of the desk in that language: `kind` names the list, such as "actor"."""
    tongue = _tongue(language)
    return tongue.word(kind, value) if tongue else value


def _tongue(language: str) -> Tongue | None:
    return TONGUES.get(language.partition("-")[0].lower())
