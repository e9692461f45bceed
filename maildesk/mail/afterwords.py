"""What stands below a sign-off: a card and small print, or words that somebody went on to write.

People remember the most important thing when they have signed already. A name, an address, a slogan, a register entry
and a disclaimer say nothing; a postscript, a sentence of its own and a line of code do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from maildesk.mail import endings

_OPENING = re.compile(
    r"^\s*(?:p\.?\s?p?\.?\s?s\.?(?=[\s:.])|(?:"
    r"nachtrag|nachsatz|ach ja|achso|ach so|edit|update|übrigens|korrektur|noch (?:etwas|was|eine frage|eins)|"
    r"by the way|btw|one more thing|addendum|correction|oh,? and|also:|"
    r"au fait|por cierto|a proposito|à propos|trouwens|przy okazji|a propósito|förresten|forresten|i øvrigt|muuten|"
    r"mimochodem)\b)",
    re.IGNORECASE,
)
# What stands below everybody's letters, sentence or not.
_STANDING = re.compile(
    r"handelsregister|amtsgericht|\bhr[ab]\b|sitz der|geschäftsführ|vorstand|aufsichtsrat|gerichtsstand|ust-?id|"
    r"registered|company n|\bvat\b|siret|\brcs\b|directors?\b|chairman|limited liability|"
    r"confiden|vertraulich|disclaimer|privileged|virus|recipient|empfänger|destinat|©|copyright|rights reserved|"
    r"\bprint|drucken|ausdruck|umwelt|environment|imprim|stampa|"
    r"subscri|newsletter|abmelde|received this|mailing list|"
    r"follow us|folgen sie|visit (?:us|our)|besuchen sie|join us|look forward|freuen uns|zur verfügung|"
    r"have an? |wünsch|bonne journée|buen día|brevity|typos?\b|tippfehler|use only",
    re.IGNORECASE,
)
_CODE = re.compile(r"^[^<>@/]*\s?=\s?\S|[{};\\]\s*$|^\s*(?:[$<]|#!)")
_CITED = ('"', "'", "“", "„", "«", "»", "‘", "*", "_", "|")
# They stand in titles and names too: "Head of Sales and Marketing", "Leiter der IT".
_SMALL = """
    of and the for in at on to an a by with & und der die das des dem den für im am in zu zur zum von vom bei mit et de
    du des la le les pour en à y del los las para e di da do dos das della delle dei per il van voor het een och i av
    til og ja w z dla na pro a
"""
_JOINING = frozenset(_SMALL.split())
_END = re.compile(r"(?:[.!?…]+|[:;]-?[()])[\s\"'”)]*$")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def opening(line: str) -> bool:
    """Whether a line begins as postscripts do."""
    return _OPENING.match(line) is not None


def sentence(text: str) -> bool:
    """Whether a paragraph (in one line) is a whole sentence, and none of those that stand below all letters."""
    return _END.search(text.rstrip()) is not None and _lower(text) >= 3 and not _says_nothing(text)


def statement(text: str) -> bool:
    """The same for a line that may lack its full stop, as in a message typed in haste."""
    return len(_WORD.findall(text)) >= 4 and _lower(text) >= 2 and not _says_nothing(text) and not _numbered(text)


def own(signature: str) -> Iterator[str]:
    """The lines of a signature that may be somebody's own words: before the small print, and no card or close."""
    for paragraph in _paragraphs(signature.split("\n")):
        if _ends_all(paragraph):
            return
        for line in paragraph:
            if not (_frame(line) or _numbered(line) or _says_nothing(line)):
                yield line


def paragraphs(signature: str) -> Iterator[str]:
    """Its paragraphs before the small print, each in one line; that of the sign-off itself is left out."""
    for paragraph in _paragraphs(signature.split("\n")):
        if _ends_all(paragraph):
            return
        lines = [line.strip() for line in paragraph if not _frame(line)]
        if lines and (len(lines) == len(paragraph) or endings.dashes(paragraph[0])):
            yield " ".join(lines)


def card(lines: list[str]) -> bool:
    """Whether the lines below two bare dashes are a signature: no code, no sentence, and nobody goes on below it.

    Without the blank that a mail program sets behind them (RFC 3676 4.3) the dashes may part anything.
    """
    set_off = not any(line.strip() for line in lines[:1])
    for number, paragraph in enumerate(_paragraphs(lines)):
        if _ends_all(paragraph):
            return True
        text = " ".join(line.strip() for line in paragraph)
        if any(_CODE.search(line) and not endings.contact(line) for line in paragraph) or opening(text):
            return False
        if sentence(text) or statement(paragraph[0]) or ((number or set_off) and _running(text)):
            return False
    return True


def _running(text: str) -> bool:
    """Whether a paragraph has the look of running text, however short."""
    begun = text[0].islower() or _END.search(text) is not None
    return begun and " " in text and _lower(text) > 0 and not _says_nothing(text)


def below_phone(lines: list[str]) -> bool:
    """Whether what stands below a phone's own signature is a last word and not a whole letter."""
    found = list(_paragraphs(lines))
    if len(found) != 1 or len(found[0]) > 2 or found[0][0].rstrip().endswith(","):
        return False
    return opening(found[0][0]) or sentence(" ".join(line.strip() for line in found[0]))


def _paragraphs(lines: list[str]) -> Iterator[list[str]]:
    found: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            found.append(line)
        elif found:
            yield found
            found = []


def _ends_all(paragraph: list[str]) -> bool:
    """Whether small print or a list's footer begins here: it runs to the end."""
    return endings.footer_rule(paragraph[0]) or endings.small_print(paragraph)


def _frame(line: str) -> bool:
    return endings.closing(line) or endings.dashes(line) or endings.device_line(line)


def _numbered(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _says_nothing(text: str) -> bool:
    return text.lstrip().startswith(_CITED) or endings.contact(text) or _STANDING.search(text) is not None


def _lower(text: str) -> int:
    """How many words are written small and say something."""
    return sum(word[0].islower() and word not in _JOINING for word in _WORD.findall(text))
