"""Folding: which spellings count as the same word, for the conditions of rules and for commands.

Compatibility forms are resolved (NFKD), accents dropped and case folded, so "Störung", "STÖRUNG" and "Storung" are one
word. Nothing is guessed beyond that: "Stoerung" is another spelling, and an admin who wants it lists it.
"""

from __future__ import annotations

import re
import unicodedata

# HTML mails carry these inside words, as places where a line may break; they are not seen and mean nothing.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))

# Chinese and Japanese are written without blanks: there every character is a word, and a word of the admin is a phrase.
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_IDEOGRAPHS}]|[^\\W_{_IDEOGRAPHS}]+")


def fold(text: str) -> str:
    """The text without case, accents and compatibility forms; folding twice changes nothing more."""
    if text.isascii():
        return text.lower()
    return _plain(_plain(text.translate(_UNSEEN)).casefold())


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words of a text in order: runs of letters and digits, everything between them separates."""
    return _WORD.findall(fold(text))


def squeezed(text: str) -> str:
    """The folded letters and digits alone: what names are compared by ("Dean-De Witt" is "deandewitt")."""
    return "".join(words(text))


def distance(one: str, other: str) -> int:
    """How many slips of the fingers lie between two words: a letter more, less or wrong, or two neighbours swapped.

    (Damerau-Levenshtein distance in its restricted form, also called optimal string alignment.)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if above and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                best = min(best, above[j - 2] + 1)
            row.append(best)
    return row[-1]


def one_slip(one: str, other: str) -> bool:
    """Whether `distance` is 1, found without working it out."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    same = 0
    while one[same : same + 1] == other[same : same + 1] != "":
        same += 1
    left, right = one[same:], other[same:]
    swapped = len(left) > 1 and left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]
