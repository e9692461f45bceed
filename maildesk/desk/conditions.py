"""Conditions: the tree of a rule, each node a plain value that says whether it holds for a mail, and why."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from maildesk.desk.folding import words
from maildesk.desk.phrases import Hit

SHOWN = 60  # characters of a match that a reason quotes


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may look at. `sender` and `recipients` are Address.key; `headers` as in Mail.headers."""

    subject: str
    text: str
    sender: str = ""
    sender_name: str = ""
    recipients: tuple[str, ...] = ()
    mailbox: str = ""
    organisation: str | None = None
    vip: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[tuple[str, str], ...] = ()  # (name, type)
    language: str = ""


class Found(Protocol):
    def group(self) -> bytes: ...


class Regexp(Protocol):
    """What is used of a compiled RE2 pattern; the library has no types."""

    def search(self, text: bytes) -> Found | None: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """One mail as conditions see it: its facts, and what was found in it, each searched for once."""

    facts: Facts
    hits: Mapping[str, Hit]  # by the phrase as the admin wrote it
    patterns: Mapping[str, Regexp]  # compiled, by expression
    content: bytes  # subject and text, UTF-8, as far as patterns see them
    searched: dict[str, str | None] = field(default_factory=dict, compare=False)

    def search(self, expression: str) -> str | None:
        """What the pattern matched first, or None. A pattern that several rules share runs once."""
        if expression not in self.searched:
            found = self.patterns[expression].search(self.content)
            self.searched[expression] = None if found is None else found.group().decode(errors="replace")
        return self.searched[expression]


class Condition(ABC):
    """A node of the tree. Every condition is a frozen value with these four answers."""

    __slots__ = ()

    @abstractmethod
    def why(self, seen: Seen) -> tuple[str, ...] | None:
        """The reasons for which it holds, or None if it does not."""

    @property
    @abstractmethod
    def says(self) -> str:
        """The condition in words, after "it needs ..."."""

    @property
    def needs(self) -> frozenset[str] | None:
        """Phrases of which one at least must stand in the mail, or None if it can hold without any word."""
        return None

    @property
    def parts(self) -> tuple[Condition, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class All(Condition):
    """Every part holds. With no parts it holds always."""

    conditions: tuple[Condition, ...]

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        reasons: list[str] = []
        for condition in self.conditions:
            given = condition.why(seen)
            if given is None:
                return None
            reasons += given
        return tuple(reasons) or ("it holds for every mail",)

    @property
    def says(self) -> str:
        return " and ".join(_bracketed(part) for part in self.conditions) or "nothing"

    @property
    def needs(self) -> frozenset[str] | None:
        required = [part.needs for part in self.conditions]
        return min((needs for needs in required if needs is not None), key=len, default=None)

    @property
    def parts(self) -> tuple[Condition, ...]:
        return self.conditions


@dataclass(frozen=True, slots=True)
class Any(Condition):
    """One part at least holds; all that hold are named."""

    conditions: tuple[Condition, ...]

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        held = [given for condition in self.conditions if (given := condition.why(seen)) is not None]
        return tuple(reason for given in held for reason in given) if held else None

    @property
    def says(self) -> str:
        return " or ".join(_bracketed(part) for part in self.conditions) or "what cannot be"

    @property
    def needs(self) -> frozenset[str] | None:
        required = [part.needs for part in self.conditions]
        if any(needs is None for needs in required):
            return None
        return frozenset(phrase for needs in required if needs is not None for phrase in needs)

    @property
    def parts(self) -> tuple[Condition, ...]:
        return self.conditions


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The part does not hold. It needs no word: a word that is not there is no reason to skip the rule."""

    condition: Condition

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        return (self.says,) if self.condition.why(seen) is None else None

    @property
    def says(self) -> str:
        return f"not {_bracketed(self.condition)}"

    @property
    def parts(self) -> tuple[Condition, ...]:
        return (self.condition,)


@dataclass(frozen=True, slots=True)
class Words(Condition):
    """One of the words or phrases stands in the subject or the text.

    Whole words, folded; the words of a phrase follow each other; "druck*" is every word that begins so.
    """

    phrases: tuple[str, ...]
    where: str = field(default="", compare=False)  # "rules.yaml:12:20", for problems

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        reasons = [_word_reason(phrase, seen.hits[phrase]) for phrase in self.phrases if phrase in seen.hits]
        return tuple(reasons) or None

    @property
    def says(self) -> str:
        return f"{'word' if len(self.phrases) == 1 else 'one of'} {_quoted(self.phrases)}"

    @property
    def needs(self) -> frozenset[str]:
        return frozenset(self.phrases)


@dataclass(frozen=True, slots=True)
class Pattern(Condition):
    """An RE2 expression is found in the subject and text, whatever the case."""

    expression: str
    where: str = field(default="", compare=False)

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        found = seen.search(self.expression)
        return None if found is None else (f'pattern {self.expression} matched "{_short(found)}"',)

    @property
    def says(self) -> str:
        return f"pattern {self.expression}"


@dataclass(frozen=True, slots=True)
class From(Condition):
    """The sender's address fits one of the globs."""

    globs: tuple[str, ...]

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        return _address_reason("sender", (seen.facts.sender,), self.globs)

    @property
    def says(self) -> str:
        return f"from {' or '.join(self.globs)}"


@dataclass(frozen=True, slots=True)
class To(Condition):
    """The address of a recipient (To or Cc) fits one of the globs."""

    globs: tuple[str, ...]

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        return _address_reason("recipient", seen.facts.recipients, self.globs)

    @property
    def says(self) -> str:
        return f"to {' or '.join(self.globs)}"


@dataclass(frozen=True, slots=True)
class InMailbox(Condition):
    """The mail came into one of these mailboxes, by their names in the configuration."""

    names: tuple[str, ...]

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        mailbox = seen.facts.mailbox
        return (f"mailbox is {mailbox}",) if mailbox in self.names else None

    @property
    def says(self) -> str:
        return f"mailbox {' or '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class InOrganisation(Condition):
    """The sender belongs to one of these organisations, by their names in the configuration."""

    names: tuple[str, ...]

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        organisation = seen.facts.organisation
        return (f"organisation is {organisation}",) if organisation in self.names else None

    @property
    def says(self) -> str:
        return f"organisation {' or '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class Vip(Condition):
    """The sender is a VIP of his organisation (`wanted` False: he is none)."""

    wanted: bool = True

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        return (f"sender {seen.facts.sender} is {self.says}",) if seen.facts.vip == self.wanted else None

    @property
    def says(self) -> str:
        return "a VIP" if self.wanted else "no VIP"


@dataclass(frozen=True, slots=True)
class Header(Condition):
    """A header field of that name has a value that fits the glob, whatever the case."""

    name: str
    glob: str

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        wanted = self.name.lower()
        values = (value for name, value in seen.facts.headers if name.lower() == wanted)
        found = next((value for value in values if fits(self.glob, value)), None)
        return None if found is None else (f'header {self.name} is "{_short(found)}"',)

    @property
    def says(self) -> str:
        return f"header {self.name}: {self.glob}"


@dataclass(frozen=True, slots=True)
class HasAttachment(Condition):
    """The name or the MIME type of an attachment fits one of the globs ("*.pdf", "image/*"; "*" is any at all)."""

    globs: tuple[str, ...] = ("*",)

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        for name, kind in seen.facts.attachments:
            if any(fits(glob, name) or fits(glob, kind) for glob in self.globs):
                return (f'attachment "{_short(name)}" ({kind or "type unknown"})',)
        return None

    @property
    def says(self) -> str:
        return f"attachment {' or '.join(self.globs)}"


@dataclass(frozen=True, slots=True)
class InLanguage(Condition):
    """The text is plainly written in one of these languages ("de", "fr")."""

    languages: tuple[str, ...]

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        language = seen.facts.language
        return (f"language is {language}",) if language and language in self.languages else None

    @property
    def says(self) -> str:
        return f"language {' or '.join(self.languages)}"


def fits(glob: str, text: str) -> bool:
    """Whether a text fits a glob, whatever the case: "*" is any run of characters, all others stand for themselves.

    Brackets are no classes here, because "[EXTERNAL]*" is what admins want to write about subjects.
    """
    first, *others = glob.casefold().split("*")
    rest = text.casefold()
    if not others:
        return rest == first
    if not rest.startswith(first):
        return False
    rest = rest[len(first) :]
    *middle, last = others
    for piece in middle:
        _, found, rest = rest.partition(piece) if piece else ("", "*", rest)
        if not found:
            return False
    return rest.endswith(last)


def _address_reason(role: str, addresses: Iterable[str], globs: Sequence[str]) -> tuple[str, ...] | None:
    for address in addresses:
        glob = next((glob for glob in globs if fits(glob, address)), None)
        if address and glob is not None:
            return (f"{role} {address}" + ("" if "*" not in glob else f" fits {glob}"),)
    return None


def _word_reason(phrase: str, hit: Hit) -> str:
    kind = "phrase" if len(words(phrase)) > 1 else "word"
    found = f' matched "{_short(hit.found)}"' if "*" in phrase else ""
    return f'{kind} "{phrase}"{found} in the {hit.place}'


def _bracketed(condition: Condition) -> str:
    return f"({condition.says})" if len(condition.parts) > 1 else condition.says


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f'"{text}"' for text in texts)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
