"""Phrases: every word and phrase of all rules in one tree, found in a mail in one pass over its words.

A step in the tree is a word, so the cost follows the length of the mail and what is found, not how many phrases there
are: at each word of the mail there is one look-up for the word and one for each length that a beginning ("druck*") has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from maildesk.desk.folding import words


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of a rule as it stands in the mail: the words found, and "subject" or "text"."""

    found: str
    place: str


@dataclass(slots=True)
class Index:
    """The words of all phrases as a tree: a step a word, either the very word or the beginning of it."""

    exact: dict[str, Index] = field(default_factory=dict)
    stems: dict[int, dict[str, Index]] = field(default_factory=dict)  # by length, so that a look-up a length suffices
    phrases: list[str] = field(default_factory=list)  # those that end here, as the admin wrote them

    def add(self, phrase: str) -> None:
        node = self
        for word, stem in phrase_words(phrase):
            branch = node.stems.setdefault(len(word), {}) if stem else node.exact
            node = branch.setdefault(word, Index())
        node.phrases.append(phrase)

    def step(self, word: str) -> Iterator[Index]:
        if word in self.exact:
            yield self.exact[word]
        for length, stems in self.stems.items():
            if word[:length] in stems:
                yield stems[word[:length]]

    def find(self, tokens: Sequence[str], place: str) -> Iterator[tuple[str, Hit]]:
        """Every phrase that stands in the tokens, in one pass over them."""
        open_: list[tuple[int, Index]] = []
        for at, token in enumerate(tokens):
            reached = [(start, after) for start, node in [*open_, (at, self)] for after in node.step(token)]
            for start, node in reached:
                for phrase in node.phrases:
                    yield phrase, Hit(" ".join(tokens[start : at + 1]), place)
            open_ = reached


def phrase_words(phrase: str) -> list[tuple[str, bool]]:
    """The folded words of a phrase, each with whether it is only the beginning of a word ("druck*")."""
    pairs: list[tuple[str, bool]] = []
    for chunk in phrase.split():
        pairs += [(word, False) for word in words(chunk)]
        if chunk.endswith("*"):
            pairs[-1] = (pairs[-1][0], True)
    return pairs
