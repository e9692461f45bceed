"""Rules: which category, group, type, impact, urgency and priority a mail calls for, and which rule said so and why.

A rule is a tree of conditions and what to set when it holds. All words of all rules stand in one tree of folded words
(`Index`): one pass over the mail finds every phrase that stands in it, and a rule that needs a word which is not
there is never looked at. So the cost of a mail follows its length and the rules it touches, not the number of rules.
Patterns are RE2, whose running time is linear in the input whatever the pattern, and see the first 10 KB of a mail.

Rules are tried in order. The first that sets a field wins it; tags and watchers add up; `stop` ends the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import re2

from maildesk.desk.folding import squeezed, words
from maildesk.errors import MaildeskError

SETTABLE = ("category", "type", "group", "assignee", "impact", "urgency", "priority")  # what Rule.set may name
PATTERN_BYTES = 10 * 1024  # of subject and text together, UTF-8: what patterns see
WORD_CHARACTERS = 100_000  # of the text: what words are looked for in; a log file pasted below is not the message
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


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule said: `why` names each condition that held and the words that matched.

    Of a rule that did not match, `why` names the condition that failed.
    """

    name: str
    matched: bool
    why: tuple[str, ...] = ()
    where: str = ""  # "rules.yaml:12"


@dataclass(frozen=True, slots=True)
class Classification:
    """The result of all rules; `sources` says which rule set which field (field -> rule name)."""

    category: str = ""
    type: str = ""
    group: str = ""
    assignee: str = ""
    impact: str = ""
    urgency: str = ""
    priority: str = ""
    tags: frozenset[str] = frozenset()
    watchers: tuple[str, ...] = ()
    silent: bool = False
    verdicts: tuple[RuleVerdict, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


class RuleProblem(MaildeskError):
    """The admin must act: a rule cannot be used. `where` is "rules.yaml:12", `message` says what and the fix."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where
        self.message = message


class Found(Protocol):
    def group(self) -> bytes: ...


class Regexp(Protocol):
    """What is used of a compiled RE2 pattern; the library has no types."""

    def search(self, text: bytes) -> Found | None: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of a rule as it stands in the mail: the words found, and "subject" or "text"."""

    found: str
    place: str


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


class Condition:
    """A node of the tree. Every condition is a frozen value with these four answers."""

    __slots__ = ()

    def why(self, seen: Seen) -> tuple[str, ...] | None:
        """The reasons for which it holds, or None if it does not."""
        raise NotImplementedError

    @property
    def says(self) -> str:
        """The condition in words, after "it needs ..."."""
        raise NotImplementedError

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


@dataclass(frozen=True, slots=True)
class Example:
    """A mail that a rule must match, or must not; an attachment is a file name ("a.pdf") or a type ("image/png")."""

    subject: str
    text: str = ""
    from_: str = ""
    attachments: tuple[str, ...] = ()
    matches: bool = True
    to: tuple[str, ...] = ()
    mailbox: str = ""
    organisation: str | None = None
    vip: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    language: str = ""

    @property
    def facts(self) -> Facts:
        return Facts(
            subject=self.subject,
            text=self.text,
            sender=self.from_.lower(),
            recipients=tuple(address.lower() for address in self.to),
            mailbox=self.mailbox,
            organisation=self.organisation,
            vip=self.vip,
            headers=self.headers,
            attachments=tuple(("", a) if "/" in a else (a, "") for a in self.attachments),
            language=self.language,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the configuration. `set` names fields of SETTABLE and their values, as they stand in Classification.

    `where` is "rules.yaml:12". `silent`: the mail is filed and nobody is written to. `stop`: no later rule is tried.
    """

    name: str
    where: str
    when: Condition
    set: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    watchers: tuple[str, ...] = ()
    silent: bool = False
    stop: bool = False
    examples: tuple[Example, ...] = ()


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


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules, compiled once into one index of folded words and phrases."""

    rules: tuple[Rule, ...] = ()
    index: Index = field(default_factory=Index, repr=False, compare=False)
    patterns: Mapping[str, Regexp] = field(default_factory=dict, repr=False, compare=False)
    needing: Mapping[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)  # phrase -> rules
    free: tuple[int, ...] = field(default=(), repr=False, compare=False)  # rules that may hold without any word

    def look(self, facts: Facts) -> Seen:
        """One mail, searched for every word of every rule in one pass."""
        hits: dict[str, Hit] = {}
        for place, text in (("subject", facts.subject), ("text", facts.text[:WORD_CHARACTERS])):
            for phrase, hit in self.index.find(words(text), place):
                hits.setdefault(phrase, hit)
        content = f"{facts.subject}\n{facts.text[:PATTERN_BYTES]}".encode(errors="replace")[:PATTERN_BYTES]
        return Seen(facts, hits, self.patterns, content.decode(errors="ignore").encode())

    def classify(self, facts: Facts, *, all_rules: bool = False) -> Classification:
        """What the rules say of a mail. `all_rules`: the verdicts name those that did not match, too, and why not."""
        seen = self.look(facts)
        verdicts: list[RuleVerdict] = []
        matched: list[Rule] = []
        for rule in self.rules if all_rules else self.candidates(seen):
            stopped = bool(matched) and matched[-1].stop
            if stopped and not all_rules:
                break
            verdict = _not_tried(rule, matched[-1]) if stopped else _judged(rule, seen)
            if verdict.matched:
                matched.append(rule)
            if verdict.matched or all_rules:
                verdicts.append(verdict)
        return _classification(matched, verdicts)

    def candidates(self, seen: Seen) -> list[Rule]:
        """The rules worth evaluating, in order: those that need no word, and those with a word that was found."""
        touched = {number for phrase in seen.hits for number in self.needing.get(phrase, ())}
        return [self.rules[number] for number in sorted(touched.union(self.free))]

    def check_examples(self) -> list[str]:
        """One line for each example that its rule judges otherwise than it says."""
        return [line for rule in self.rules for line in self._wrong_examples(rule)]

    def _wrong_examples(self, rule: Rule) -> Iterator[str]:
        for number, example in enumerate(rule.examples, 1):
            verdict = _judged(rule, self.look(example.facts))
            if verdict.matched != example.matches:
                wanted = "should match, but" if example.matches else "should not match, but"
                yield f"{rule.where}: rule {rule.name}: example {number} {wanted} {'; '.join(verdict.why)}"


def _judged(rule: Rule, seen: Seen) -> RuleVerdict:
    reasons = rule.when.why(seen)
    if reasons is None:
        return RuleVerdict(
            rule.name, matched=False, why=(f"it needs {_failing(rule.when, seen).says}",), where=rule.where
        )
    return RuleVerdict(rule.name, matched=True, why=reasons, where=rule.where)


def _not_tried(rule: Rule, by: Rule) -> RuleVerdict:
    return RuleVerdict(rule.name, matched=False, why=(f'not tried: rule "{by.name}" ended the list',), where=rule.where)


def _failing(condition: Condition, seen: Seen) -> Condition:
    """The part to name when a condition does not hold: of an All its first failing one, else the whole."""
    if not isinstance(condition, All):
        return condition
    return _failing(next(part for part in condition.parts if part.why(seen) is None), seen)


def _classification(matched: Sequence[Rule], verdicts: Sequence[RuleVerdict]) -> Classification:
    fields: dict[str, str] = {}
    sources: dict[str, str] = {}
    for rule in matched:
        for name, value in rule.set.items():
            if name not in fields:
                fields[name], sources[name] = value, rule.name
    for name in ("tags", "watchers", "silent"):
        if givers := [rule.name for rule in matched if getattr(rule, name)]:
            sources[name] = ", ".join(givers)
    return Classification(
        **fields,
        tags=frozenset(tag for rule in matched for tag in rule.tags),
        watchers=tuple(dict.fromkeys(watcher for rule in matched for watcher in rule.watchers)),
        silent=any(rule.silent for rule in matched),
        verdicts=tuple(verdicts),
        sources=sources,
    )


def compile_rules(rules: Sequence[Rule]) -> RuleBook:
    """The rules, ready for use; raises the first RuleProblem that `problems` finds."""
    for problem in problems(rules):
        raise problem
    index = Index()
    needing: dict[str, list[int]] = {}
    free: list[int] = []
    for number, rule in enumerate(rules):
        needs = rule.when.needs
        if needs is None:
            free.append(number)
        for phrase in needs or ():
            needing.setdefault(phrase, []).append(number)
    leaves = [leaf for rule in rules for leaf in _leaves(rule.when)]
    for phrase in dict.fromkeys(phrase for leaf in leaves if isinstance(leaf, Words) for phrase in leaf.phrases):
        index.add(phrase)
    patterns = {leaf.expression: _compiled(leaf.expression) for leaf in leaves if isinstance(leaf, Pattern)}
    return RuleBook(
        tuple(rules), index, patterns, {phrase: tuple(numbers) for phrase, numbers in needing.items()}, tuple(free)
    )


def problems(rules: Sequence[Rule]) -> list[RuleProblem]:
    """Everything for which the rules cannot be used: bad patterns, words without a letter, unknown fields."""
    return [problem for rule in rules for problem in _rule_problems(rule)]


def _rule_problems(rule: Rule) -> Iterator[RuleProblem]:
    for name in sorted(set(rule.set) - set(SETTABLE)):
        yield RuleProblem(rule.where, f"rule {rule.name}: nothing called {name} can be set; use {', '.join(SETTABLE)}")
    for leaf in _leaves(rule.when):
        where = getattr(leaf, "where", "") or rule.where
        yield from (RuleProblem(where, f"rule {rule.name}: {fault}") for fault in _faults(leaf))


def _faults(leaf: Condition) -> Iterator[str]:
    if isinstance(leaf, Words):
        yield from (fault for phrase in leaf.phrases if (fault := _phrase_fault(phrase)))
    if isinstance(leaf, Pattern):
        try:
            _compiled(leaf.expression)
        except (re2.error, UnicodeError) as error:
            yield f"pattern {leaf.expression} is no RE2 expression: {_told(error)}; look-around and back references are not available"


def _phrase_fault(phrase: str) -> str:
    chunks = phrase.split()
    if any("*" in chunk[:-1] or chunk == "*" for chunk in chunks):
        return f'in "{phrase}" the * does not end a word; write it as in "print*"'
    if not words(phrase):
        return f'"{phrase}" holds no letter or digit, so it cannot be looked for as a word; use a pattern'
    if any(len(chunk.rstrip("*")) > 1 and len(squeezed(chunk)) == 1 for chunk in chunks):
        return f'of "{phrase}" a single letter would be left to look for; use a pattern'  # C++ would find every "C"
    return ""


def _told(error: Exception) -> str:
    """The library gives RE2's own message as bytes."""
    message = error.args[0]
    return message.decode(errors="replace") if isinstance(message, bytes) else str(error)


def _compiled(expression: str) -> Regexp:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True  # only the whole match is shown, and groups cost time
    options.log_errors = False  # RE2 would write to stderr by itself; a bad pattern is told with its line instead
    compiled: Regexp = re2.compile(expression, options)
    return compiled


def _leaves(condition: Condition) -> Iterator[Condition]:
    if not condition.parts:
        yield condition
    for part in condition.parts:
        yield from _leaves(part)
