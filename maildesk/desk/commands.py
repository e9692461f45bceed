"""Commands: what stands after the tag in a subject line, read by the grammar (grammar.py).

    zone    = 1*( "#" verb [ (" " / ":" / "=") value ] )
    value   = '"' ... '"' with '""' for a quote inside / all up to the next " #letter" or the end

"#" counts at the start or after a blank, before a letter: so #1042, C# and, by their length, colours such as #ff0000
are words like others. A mail's commands are all understood or none of them runs. A slip of the fingers is forgiven
only where the verb can be undone without anybody outside having noticed; any other near miss is offered, corrected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from maildesk.desk.arguments import OFFERS, OPTIONAL, READERS, Kind, NotUnderstood, Vocabulary
from maildesk.desk.folding import one_slip, squeezed
from maildesk.desk.grammar import GRAMMAR, SPELLINGS, VERBS, Verb
from maildesk.desk.people import Class
from maildesk.desk.waiting import waiting_for

__all__ = [
    "GRAMMAR",
    "SPELLINGS",
    "VERBS",
    "Asked",
    "BadCommand",
    "Command",
    "HelpRow",
    "Kind",
    "Verb",
    "Vocabulary",
    "card",
    "parse",
    "waiting_for",
    "written",
]

MAX_COMMANDS = 20  # in one mail; more is no human at work
SHOWN = 120  # characters of a text that a problem quotes


@dataclass(frozen=True, slots=True)
class Command:
    """One command, its value resolved: `assign` has "ann" or "@network", `cat` a category of the configuration.

    `shown` is what was typed; `note` says what was understood where it was not typed exactly so.
    """

    verb: str
    value: str = ""
    shown: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class BadCommand:
    """What could not be understood, why, and the corrected texts to offer ("#assign ann"), best first."""

    shown: str
    why: str
    offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything one mail asks for. With one problem nothing of it runs: all or nothing."""

    commands: tuple[Command, ...] = ()
    problems: tuple[BadCommand, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.commands or self.problems)

    @property
    def canonical(self) -> str:
        """The commands as they would be typed, so that parsing them gives them again.

        A confirmation is bound to exactly this text.
        """
        return " ".join(written(command.verb, command.value) for command in self.commands)


# How things are typed by phones, word processors and input methods of other scripts, and what they stand for.
_TYPED = str.maketrans(
    dict.fromkeys("＃﹟", "#")
    | dict.fromkeys("“”„‟«»＂", '"')
    | {"：": ":", "＝": "="}
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
)
_COLOUR = r"(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})(?![\w-])"  # CSS notation; no verb is spelt so
_MARK = rf"#(?!{_COLOUR})(?=[^\W\d_])"
_NEXT = re.compile(rf"(?:^|(?<= )){_MARK}", re.IGNORECASE)
_COMMAND = re.compile(
    rf"(?:^|(?<= ))(?P<typed>{_MARK}(?P<verb>[\w-]+)"
    rf'(?P<rest> ?[:=]? ?"(?:[^"]|"")*"(?=[ ,;.]*(?:$| {_MARK}))|.*?(?=$| {_MARK})))',
    re.IGNORECASE,
)


def parse(zone: str, book: Vocabulary) -> Asked:
    """The commands of a zone with their values resolved, and everything that could not be understood."""
    tidy = " ".join(zone.translate(_TYPED).split())
    found = list(islice(_COMMAND.finditer(tidy), MAX_COMMANDS + 1))
    problems = [*_stray(tidy[: found[0].start()] if found else tidy, book), *_too_many(found)]
    understood: list[Command] = []
    for match in found[:MAX_COMMANDS]:
        read = _command(match["typed"].strip(), match["verb"], _value(match["rest"]), book)
        if isinstance(read, Command):
            understood.append(read)
        else:
            problems.append(read)
    commands, conflicts = _without_conflicts(understood)
    return Asked(commands, (*problems, *conflicts))


def written(verb: str, value: str = "") -> str:
    """A command as one types it; quoted where its value would otherwise be read differently."""
    plain = not value.startswith('"') and _value(value) == value and not _NEXT.search(value)
    quoted = value if plain else '"{}"'.format(value.replace('"', '""'))
    return f"#{verb} {quoted}".strip()


def _value(rest: str) -> str:
    """The value from what follows a verb: without its separator, quotes, and the comma before the next command."""
    value = rest.strip()
    if value[:1] in {":", "="}:
        value = value[1:].strip()
    bare = value.rstrip(" ,;.")
    if re.fullmatch(r'"(?:[^"]|"")*"', bare):
        return bare[1:-1].replace('""', '"').strip()
    return value.rstrip(" ,;")


def _command(typed: str, word: str, value: str, book: Vocabulary) -> Command | BadCommand:
    exact = SPELLINGS.get(squeezed(word))
    verb = exact or _forgiven(word, book)
    if verb is None:
        near = list(_similar(word))[:OFFERS]
        offers = tuple(written(verb.name, "" if verb.value is Kind.NOTHING else value) for verb in near)
        return BadCommand(_short(typed), _unknown(word, near), offers)
    if not value and verb.value not in OPTIONAL:
        return BadCommand(_short(typed), f"#{verb.name} needs to say more, for example {verb.example}.")
    read = READERS[verb.value](value, book)
    if isinstance(read, NotUnderstood):
        return BadCommand(_short(typed), read.why, tuple(written(verb.name, offer) for offer in read.offers))
    slip = "" if exact else f"understood #{word} as #{verb.name}"
    return Command(verb.name, read.value, typed, "; ".join(filter(None, (slip, read.note))))


def _unknown(word: str, near: Sequence[Verb]) -> str:
    if not near:
        return f"There is no command #{_short(word)}."
    meant = " or ".join(f"#{verb.name}" for verb in near)
    return f"There is no command #{_short(word)}; did you mean {meant}?"


def _forgiven(word: str, book: Vocabulary) -> Verb | None:
    """The one verb that was meant beyond doubt, if a slip in it is forgiven.

    A beginning of three letters counts, or one slip in a word of five letters or more. Where a verb that is not
    forgiven is just as near, nothing is beyond doubt: "#pen" begins "pending", and is "#open" with a letter lost.
    """
    near = _similar(word)
    verb, spelling = next(iter(near.items()), (None, ""))
    if len(near) != 1 or verb is None or not _mild(verb, book):
        return None
    typed = squeezed(word)
    sure = spelling.startswith(typed) or len(spelling) >= 5
    rivals = (name for name, other in SPELLINGS.items() if not _mild(other, book) and one_slip(typed, name))
    return verb if sure and not any(rivals) else None


def _mild(verb: Verb, book: Vocabulary) -> bool:
    return verb.forgiving and book.classes.get(verb.name, verb.klass) is not Class.CONSEQUENTIAL


def _similar(word: str) -> dict[Verb, str]:
    """The verbs that a word begins, or else is one slip away from, each with its longest such spelling.

    Numbers are never guessed: a word with a digit in it is like no other.
    """
    typed = squeezed(word)
    if len(typed) < 3 or any(letter.isdigit() for letter in typed):
        return {}
    by_length = sorted(SPELLINGS, key=len)
    begun = {SPELLINGS[name]: name for name in by_length if name.startswith(typed)}
    return begun or {SPELLINGS[name]: name for name in by_length if name.isalpha() and one_slip(typed, name)}


def _stray(text: str, book: Vocabulary) -> Iterator[BadCommand]:
    """Words before the first command: they are not carried out, but whoever wrote them meant something by them."""
    if not squeezed(text):
        return
    offers = tuple(_marked(text.split()[:MAX_COMMANDS], book))
    question = f"; did you mean {offers[0]}?" if offers else "."
    yield BadCommand(_short(text.strip()), f"A command begins with #, so this was not understood{question}", offers)


def _marked(typed: Sequence[str], book: Vocabulary) -> Iterator[str]:
    """What the words would be with # before the verbs among them: before each, before the first, or the first alone."""
    verbs = [SPELLINGS.get(squeezed(word)) for word in typed]
    first = next((at for at, verb in enumerate(verbs) if verb), len(typed))
    marked = [f"#{verb.name}" if verb else word for verb, word in zip(verbs, typed, strict=True)][first:]
    tries = (" ".join(marked), " ".join([*marked[:1], *typed[first + 1 :]]), *marked[:1])
    read = (parse(text, book) for text in dict.fromkeys(tries))
    yield from dict.fromkeys(asked.canonical for asked in read if asked.commands and not asked.problems)


def _too_many(found: Sequence[re.Match[str]]) -> Iterator[BadCommand]:
    if len(found) > MAX_COMMANDS:
        yield BadCommand(_short(found[-1]["typed"]), f"More than {MAX_COMMANDS} commands stand in one mail.")


def _without_conflicts(commands: Sequence[Command]) -> tuple[tuple[Command, ...], tuple[BadCommand, ...]]:
    """The commands that agree with each other, and a problem for each set that does not."""
    sets: dict[str, list[Command]] = {}
    for command in commands:
        sets.setdefault(GRAMMAR[command.verb].excludes or command.verb, []).append(command)
    agreed = tuple(command for command in commands if len(sets[GRAMMAR[command.verb].excludes or command.verb]) == 1)
    return agreed, tuple(_conflict(several) for several in sets.values() if len(several) > 1)


def _conflict(several: Sequence[Command]) -> BadCommand:
    offers = tuple(dict.fromkeys(written(command.verb, command.value) for command in several))
    why = "The same command is given twice." if len({c.verb for c in several}) == 1 else "These exclude each other."
    return BadCommand(_short(" ".join(command.shown for command in several)), why, offers[:OFFERS])


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


@dataclass(frozen=True, slots=True)
class HelpRow:
    """A line of the help card: what one types, and what it does."""

    command: str
    meaning: str


def card(technician: bool, language: str = "en") -> tuple[HelpRow, ...]:
    """The help card: every verb for technicians, for requesters their own few; in English where there is no other."""
    base = language.partition("-")[0]
    return tuple(
        HelpRow(verb.example, verb.meaning.get(base, verb.meaning["en"]))
        for verb in GRAMMAR.values()
        if technician or verb.for_requester
    )
