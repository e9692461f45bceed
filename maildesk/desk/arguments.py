"""Arguments: what may stand after a verb. Each kind of value has one reader, which resolves or refuses it.

Names are matched without case, blanks, accents and punctuation: the very key, then any spelling, then a beginning that
only one has. Two that fit are refused with both named, never decided by who comes first. Numbers are never completed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import idna

from maildesk.desk.folding import distance, squeezed, words
from maildesk.desk.narrows import BETWEEN, NARROWS
from maildesk.desk.people import Class, Directory, Person, folded
from maildesk.desk.waiting import normal_wait

MAX_ADDRESSES = 20  # in one command
MAX_TAGS = 20  # in one command
MAX_ADDRESS = 254  # characters (RFC 5321 4.5.3.1.3, less the angle brackets)
OFFERS = 3  # corrected texts that one problem names, at most


class Kind(StrEnum):
    """What sort of value a verb takes."""

    NOTHING = "nothing"
    TEXT = "text"  # any words, or none
    ASSIGNEE = "assignee"  # a technician, or @group
    CATEGORY = "category"
    LEVEL = "level"  # low, medium, high
    TYPE = "type"  # incident, request
    TAGS = "tags"  # +add -remove
    WAIT = "wait"  # whom for, and how long
    ADDRESSES = "addresses"  # +to@add -to@remove
    ADDRESS = "address"
    INCIDENT = "incident"  # INC-7, or 7
    QUEUE = "queue"  # which incidents a list shows: mine p1 @network
    WORDS = "words"  # to be looked for


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that values are resolved by, and the classes that a site gave to verbs."""

    people: tuple[Person, ...] = ()
    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    classes: Mapping[str, Class] = field(default_factory=dict)

    @classmethod
    def of(
        cls, directory: Directory, categories: Iterable[str] = (), classes: Mapping[str, Class] | None = None
    ) -> Vocabulary:
        return cls(tuple(directory.people.values()), tuple(directory.groups), tuple(categories), classes or {})


@dataclass(frozen=True, slots=True)
class Understood:
    """A value in its normal form; `note` says what was understood where something was completed."""

    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Why a value is refused, and the values that may have been meant."""

    why: str
    offers: tuple[str, ...] = ()


Read = Understood | NotUnderstood


@dataclass(frozen=True, slots=True)
class Name:
    """Something that can be named: its value, how it is shown, its key, and the other ways to say it."""

    value: str
    shown: str
    key: str
    spellings: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()  # compared as addresses are, letter by letter


def resolve(typed: str, what: str, *pools: Sequence[Name]) -> Read:
    """The one name that was meant, from the first pool that has any; two that fit equally well are refused."""
    for names in pools:
        if read := _pick(typed, names):
            return read
    every = [name for names in pools for name in names]
    return NotUnderstood(f'There is no {what} called "{typed}".', _similar(squeezed(typed), every))


def _pick(typed: str, names: Sequence[Name]) -> Read | None:
    wanted = squeezed(typed)
    ways: tuple[Callable[[Name], bool], ...] = (
        lambda name: typed == name.key or folded(typed) in name.emails,
        lambda name: wanted == squeezed(name.key),
        lambda name: wanted in map(squeezed, name.spellings),
        lambda name: any(completes(wanted, squeezed(text)) for text in (name.key, *name.spellings)),
    )
    for way in ways if wanted else ways[:1]:
        found = [name for name in names if way(name)]
        if len(found) > 1:
            return _ambiguous(typed, found)
        if found:
            note = f'understood "{typed}" as {found[0].shown}' if way is ways[-1] else ""
            return Understood(found[0].value, note)
    return None


def completes(begun: str, whole: str) -> bool:
    """Whether a folded word is the beginning of another; two letters at least, and no number is ever completed."""
    rest = whole[len(begun) :]
    cuts_number = begun[-1:].isdigit() and rest[:1].isdigit()
    return len(begun) >= 2 and whole.startswith(begun) and not cuts_number


def _ambiguous(typed: str, found: Sequence[Name]) -> NotUnderstood:
    shown = ", ".join(name.shown for name in found[:5]) + (" and others" if len(found) > 5 else "")
    return NotUnderstood(f'"{typed}" fits {len(found)}: {shown}.', tuple(name.value for name in found[:OFFERS]))


def _similar(wanted: str, names: Sequence[Name]) -> tuple[str, ...]:
    """Names that a slip of the fingers would explain, nearest first; only ever offered, never taken."""
    near: dict[str, int] = {}
    for name in names:
        spelt = [squeezed(text) for text in (name.key, *name.spellings)]
        slips = min((distance(wanted, text) for text in spelt if abs(len(text) - len(wanted)) < 3), default=9)
        if 2 * slips < min(len(wanted), 5):  # one slip in three letters, two in five
            near[name.value] = slips
    return tuple(sorted(near, key=lambda value: near[value])[:OFFERS])


def _assignee(typed: str, book: Vocabulary) -> Read:
    """A technician or a group. With "@" a group is looked for first, without it a person; then the other."""
    groups = [Name(f"@{key}", f"group {key}", key) for key in book.groups]
    technicians = [_technician(person) for person in book.people if person.technician]
    if typed.startswith("@"):
        return resolve(typed[1:].strip(), "group or technician", groups, technicians)
    return resolve(typed, "technician or group", technicians, groups)


def _technician(person: Person) -> Name:
    parts = (part for part in person.name.split() if len(part) > 1)
    emails = tuple(folded(email) for email in person.emails)
    return Name(person.key, f"{person.name} ({person.key})", person.key, (person.name, *parts), emails)


def _category(typed: str, book: Vocabulary) -> Read:
    """A category by its whole path, or by its last part if no other ends so."""
    return resolve(typed, "category", [Name(key, key, key, (key.rpartition("/")[2],)) for key in book.categories])


_LEVELS = (
    Name("high", "high", "high", ("hoch", "haut", "élevé", "élevée", "alto", "alta")),
    Name("medium", "medium", "medium", ("normal", "mittel", "moyen", "moyenne", "medio", "media")),
    Name("low", "low", "low", ("niedrig", "gering", "bas", "basse", "faible", "bajo", "baja")),
)
_TYPES = (
    Name("incident", "incident", "incident", ("störung", "stoerung", "vorfall", "problem", "incidencia")),
    Name("request", "request", "request", ("servicerequest", "anfrage", "serviceanfrage", "demande", "solicitud")),
)


def _level(typed: str, _book: Vocabulary) -> Read:
    why = f'"{typed}" is no level. Write high, medium or low.'
    return _pick(typed, _LEVELS) or NotUnderstood(why, tuple(name.value for name in _LEVELS))


def _type(typed: str, _book: Vocabulary) -> Read:
    why = f'"{typed}" is no type. Write incident or request.'
    return _pick(typed, _TYPES) or NotUnderstood(why, tuple(name.value for name in _TYPES))


_TAG = re.compile(r"[^\W_][\w./-]{0,39}")


def _tags(typed: str, _book: Vocabulary) -> Read:
    """Tags in small letters, "+mobile -wifi"; without a sign one is added."""
    chosen: dict[str, str] = {}
    for sign, word in _signed(typed):
        tag = word.lower().rstrip(".")
        if not _TAG.fullmatch(tag):
            return NotUnderstood(f'"{word}" is no tag. Write for example +mobile -wifi.')
        if chosen.setdefault(tag, sign) != sign:
            return NotUnderstood(f"The tag {tag} cannot be added and removed at once.", (f"+{tag}", f"-{tag}"))
    if len(chosen) > MAX_TAGS:
        return NotUnderstood(f"More than {MAX_TAGS} tags stand in one command.")
    return Understood(" ".join(f"{sign}{tag}" for tag, sign in chosen.items()))


def _wait(typed: str, _book: Vocabulary) -> Read:
    wait = normal_wait(typed)
    if wait is None:
        return NotUnderstood(
            f'"{typed}" names no wait. Say for whom (requester, supplier or change) and, if you like, how long: '
            "30m, 4h, 2d, 1w, mon 9:00 or 2026-12-24.",
        )
    return Understood(wait, "" if typed else "understood as waiting for the requester")


def _text(typed: str, _book: Vocabulary) -> Read:
    return Understood(typed)


def _nothing(typed: str, _book: Vocabulary) -> Read:
    if squeezed(typed):
        return NotUnderstood(f'This command stands alone, but "{typed}" follows it.', ("",))
    return Understood("")


# RFC 5322 dot-atom local part, less a leading sign (that is ours), at a domain of two labels at least: "bob@acme" is
# more likely an unfinished "bob@acme.example" than a host of the intranet, and it is too late once a letter has left.
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LOCAL = re.compile(rf"(?![+-]){_ATEXT}+(?:\.{_ATEXT}+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*")


def email_of(text: str) -> str | None:
    """A bare address as it is compared, its domain as A-label (RFC 5890); None if it is not plainly one."""
    local, _, domain = text.removeprefix("mailto:").rpartition("@")
    if len(text) > MAX_ADDRESS:
        return None
    try:
        ascii_domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
    email = folded(f"{local}@{ascii_domain}")
    fits = (
        len(email) <= MAX_ADDRESS and len(local) <= 64 and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(ascii_domain)
    )
    return email if fits else None


def _address(typed: str, _book: Vocabulary) -> Read:
    """One address, as "anna@acme.example" or as "Anna <anna@acme.example>"."""
    inner = re.search(r"<([^<>]*)>$", typed)
    email = email_of(inner[1] if inner else typed.rstrip("."))
    return Understood(email) if email else NotUnderstood(f'"{typed}" is no mail address.')


_MINUS = frozenset("-–−")  # word processors make a dash of the minus


def _signed(typed: str) -> Iterator[tuple[str, str]]:
    """The words of a list, each with its sign; without one it is added."""
    joined = re.sub(r"(^|[\s,;])([+\-–−])\s+", r"\1\2", typed)
    for word in re.split(r"[\s,;]+", joined.strip(" ,;.")):
        bare = word[1:] if word[:1] in _MINUS | {"+"} else word
        yield "-" if word[:1] in _MINUS else "+", bare


def _addresses(typed: str, _book: Vocabulary) -> Read:
    chosen: dict[str, str] = {}
    for sign, word in _signed(typed):
        email = email_of(word.removeprefix("<").removesuffix(">"))
        if email is None:
            return NotUnderstood(f'"{word}" is no mail address. Write for example +bob@acme.example -amy@acme.example.')
        if chosen.setdefault(email, sign) != sign:
            return NotUnderstood(f"{email} cannot be added and removed at once.", (f"+{email}", f"-{email}"))
    if len(chosen) > MAX_ADDRESSES:
        return NotUnderstood(f"More than {MAX_ADDRESSES} addresses stand in one command.")
    return Understood(" ".join(f"{sign}{email}" for email, sign in chosen.items()))


_NUMBER = re.compile(r"\[?\s*(?:[A-Za-z]{1,10}\s*-?\s*)?#?0*([1-9]\d{0,17})\s*\]?\.?", re.ASCII)


def _incident(typed: str, _book: Vocabulary) -> Read:
    found = _NUMBER.fullmatch(typed)
    return Understood(found[1]) if found else NotUnderstood(f'"{typed}" names no incident. Write its number: INC-7.')


def _queue(typed: str, book: Vocabulary) -> Read:
    """What a list is narrowed by, "mine p1 @network". Several of one sort mean any of them, none what is open."""
    chosen: list[str] = []
    for word in re.split(r"[\s,;]+", typed.strip(" ,;.")):
        narrow = NARROWS.get(squeezed(word)) if not word.startswith("@") else None
        if narrow is None and word and squeezed(word) not in BETWEEN:
            named = _assignee(word, book)
            if isinstance(named, NotUnderstood):
                why = (
                    f'"{word}" names no list. Write for example mine, open, unassigned, pending, p1, a name or @group.'
                )
                return NotUnderstood(why, named.offers)
            narrow = named.value
        chosen += [narrow] if narrow else []
    return Understood(" ".join(dict.fromkeys(chosen)))


def _words(typed: str, _book: Vocabulary) -> Read:
    """Words as they are compared, so that nothing in an answer's subject can be taken for a command."""
    sought = words(typed)
    if not sought:
        return NotUnderstood(f'"{typed}" has no word to look for.')
    return Understood(" ".join(dict.fromkeys(sought)))


READERS: Mapping[Kind, Callable[[str, Vocabulary], Read]] = {
    Kind.NOTHING: _nothing,
    Kind.TEXT: _text,
    Kind.ASSIGNEE: _assignee,
    Kind.CATEGORY: _category,
    Kind.LEVEL: _level,
    Kind.TYPE: _type,
    Kind.TAGS: _tags,
    Kind.WAIT: _wait,
    Kind.ADDRESSES: _addresses,
    Kind.ADDRESS: _address,
    Kind.INCIDENT: _incident,
    Kind.QUEUE: _queue,
    Kind.WORDS: _words,
}
OPTIONAL = frozenset({Kind.NOTHING, Kind.TEXT, Kind.WAIT, Kind.QUEUE})  # the others must be given
