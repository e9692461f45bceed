"""Rules: which category, group, type, impact, urgency and priority a mail calls for, and which rule said so and why.

A rule is a tree of conditions and what to set when it holds. All words of all rules stand in one tree of folded words
(phrases.py): one pass over the mail finds every phrase that stands in it, and a rule that needs a word which is not
there is never looked at. So the cost of a mail follows its length and the rules it touches, not the number of rules.
Patterns are RE2, whose running time is linear in the input whatever the pattern, and see the first 10 KB of a mail.

Rules are tried in order. The first that sets a field wins it; tags and watchers add up; `stop` ends the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import re2

from maildesk.desk.conditions import (
    All,
    Any,
    Condition,
    Facts,
    From,
    HasAttachment,
    Header,
    InLanguage,
    InMailbox,
    InOrganisation,
    Not,
    Pattern,
    Regexp,
    Seen,
    To,
    Vip,
    Words,
)
from maildesk.desk.folding import squeezed, words
from maildesk.desk.phrases import Hit, Index
from maildesk.errors import MaildeskError

__all__ = [  # the conditions too: who writes a rule finds all its words in one place
    "SETTABLE",
    "All",
    "Any",
    "Classification",
    "Condition",
    "Example",
    "Facts",
    "From",
    "HasAttachment",
    "Header",
    "InLanguage",
    "InMailbox",
    "InOrganisation",
    "Not",
    "Pattern",
    "Rule",
    "RuleBook",
    "RuleProblem",
    "RuleVerdict",
    "To",
    "Vip",
    "Words",
    "compile_rules",
    "problems",
]

SETTABLE = ("category", "type", "group", "assignee", "impact", "urgency", "priority")  # what Rule.set may name
PATTERN_BYTES = 10 * 1024  # of subject and text together, UTF-8: what patterns see
WORD_CHARACTERS = 100_000  # of the text: what words are looked for in; a log file pasted below is not the message


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
    where: str = field(default="", compare=False)  # "rules.yaml:14:9: rules[VPN trouble].examples[2]", for check

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
                place = example.where or f"{rule.where}: rule {rule.name}: example {number}"
                yield f"{place}: {wanted} {', '.join(verdict.why)}; mend the rule, or the example"


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
            told = leaf.expression.encode(errors="backslashreplace").decode()  # a lone surrogate cannot be printed
            yield f"pattern {told} is no RE2 expression ({_told(error)}); look-around and \\1 are not available"


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
