"""The `rules` section -> desk.rules.Rule, and what must hold of rules before they can be used."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from maildesk.config.check import known, twice
from maildesk.config.draft import Draft
from maildesk.config.schema import Condition, Example, Rule, fields
from maildesk.config.tree import KeyPath, Node, Step, Tree
from maildesk.desk import rules

# --- models -> rules ------------------------------------------------------------------------------------------------


def compiled(tree: Tree, draft: Draft) -> rules.RuleBook:
    """The rules in which `check` found nothing wrong, ready to use."""
    keys = [problem.key for problem in tree.problems]
    sound = (n for n in draft.rules if not any(key.startswith(tree.shown(("rules", n))) for key in keys))
    return rules.compile_rules([_rule(tree, n, draft.rules[n]) for n in sound])


def _rule(tree: Tree, number: int, rule: Rule) -> rules.Rule:
    fields = {name: getattr(rule.set, name) for name in rules.SETTABLE}
    return rules.Rule(
        name=rule.name,
        where=tree.spot(("rules", number)).brief,
        when=_condition(rule.when),
        set={name: str(value) for name, value in fields.items() if value is not None},
        tags=rule.set.tags,
        watchers=rule.set.watchers,
        silent=bool(rule.set.silent),
        stop=rule.stop,
        examples=tuple(_example(tree, ("rules", number, "examples", n), e) for n, e in enumerate(rule.examples)),
    )


def _example(tree: Tree, path: KeyPath, example: Example) -> rules.Example:
    return rules.Example(
        where=f"{tree.spot(path)}: {tree.shown(path)}",
        subject=example.subject,
        text=example.text,
        from_=example.from_.key if example.from_ else "",
        to=tuple(address.key for address in example.to),
        mailbox=example.mailbox,
        organisation=example.organisation,
        vip=example.vip,
        headers=tuple(example.header.items()),
        attachments=example.attachment,
        language=example.language,
        matches=example.matches,
    )


def _condition(when: Condition) -> rules.Condition:
    parts = list(_parts(when))
    return parts[0] if len(parts) == 1 else rules.All(tuple(parts))


def _parts(when: Condition) -> Iterator[rules.Condition]:
    """One condition for each key given, in the order of the table; all of them must hold."""
    if when.all:
        yield rules.All(tuple(_condition(part) for part in when.all))
    if when.any:
        yield rules.Any(tuple(_condition(part) for part in when.any))
    for name, leaf in _LEAVES.items():
        if texts := getattr(when, name):
            yield leaf(texts)
    yield from (rules.Header(name, glob) for name, glob in when.header.items())
    if when.vip is not None:
        yield rules.Vip(when.vip)
    if when.not_ is not None:
        yield rules.Not(_condition(when.not_))


def _one_of(expressions: tuple[str, ...]) -> rules.Condition:
    found = tuple(rules.Pattern(expression) for expression in expressions)
    return found[0] if len(found) == 1 else rules.Any(found)


_LEAVES: dict[str, Callable[[tuple[str, ...]], rules.Condition]] = {
    "words": rules.Words,
    "pattern": _one_of,
    "from_": rules.From,
    "to": rules.To,
    "mailbox": rules.InMailbox,
    "organisation": rules.InOrganisation,
    "attachment": rules.HasAttachment,
    "language": rules.InLanguage,
}


# --- checks ---------------------------------------------------------------------------------------------------------


def check(tree: Tree, draft: Draft) -> None:
    """Names, words, patterns, conditions that ask nothing, and rules that are never reached or say nothing."""
    _left_over(tree)
    twice(tree, [(("rules", n, "name"), rule.name) for n, rule in draft.rules.items()], "the name '{}'")
    for number, rule in draft.rules.items():
        at: KeyPath = ("rules", number)
        _verdict(tree, rule, (*at, "set"))
        for when, path in _walk(rule.when, (*at, "when")):
            _names(tree, when, path)
            _searches(tree, when, path)
        if not rule.set.model_fields_set and not rule.stop:
            tree.warn(at, "sets nothing and stops nothing; give it a `set`, or remove it")
        if rule.set.silent and "when" not in rule.model_fields_set:
            text = "the rule has no `when`, so it files every mail and writes to nobody; give it one"
            tree.warn((*at, "set", "silent"), text)
    _unreached(tree, draft)


def _walk(when: Condition, path: KeyPath) -> Iterator[tuple[Condition, KeyPath]]:
    yield when, path
    for key, parts in (("all", when.all), ("any", when.any)):
        for number, part in enumerate(parts or ()):
            yield from _walk(part, (*path, key, number))
    if when.not_ is not None:
        yield from _walk(when.not_, (*path, "not"))


def _left_over(tree: Tree) -> None:
    """Conditions with nothing in them. Each asks nothing of a mail, and one beside `silent` would mute the desk.

    Looked for in the tree: the models know no more whether a wrong key stood there or none.
    """
    found = tree.root.step("rules")
    for number, rule in enumerate(found[1].value if found and isinstance(found[1].value, list) else ()):
        if when := rule.step("when"):
            _emptied(tree, when[1], ("rules", number, "when"))


def _emptied(tree: Tree, when: Node, path: KeyPath) -> None:
    """Reports a condition without a key, and every key of it without a value; and so on with those within."""
    if when.value == {}:
        fix = "remove `when` if the rule is meant for every mail" if path[-1] == "when" else "remove it"
        tree.add(path, f"is empty, which asks nothing of a mail; give a condition, or {fix}")
    for key, (_, node) in when.value.items() if isinstance(when.value, dict) else ():
        if key in _NESTED and node.value not in (None, []):
            parts = node.value if isinstance(node.value, list) else ()
            for number, part in enumerate(parts):
                _emptied(tree, part, (*path, key, number))
            _emptied(tree, node, (*path, key))
        elif key in _KEYS and not node.broken and node.value in (None, [], {}):
            tree.add((*path, key), "is empty, which asks nothing of a mail; give it a value, or remove it")


_NESTED = frozenset({"all", "any", "not"})
_KEYS = frozenset(fields(Condition))


def _verdict(tree: Tree, rule: Rule, path: KeyPath) -> None:
    people, categories = tree.names("people"), tree.names("categories")
    # A category exists as soon as it has a subcategory.
    categories |= {name.partition("/")[0] for name in categories}
    known(tree, (*path, "category"), rule.set.category, "category", categories)
    known(tree, (*path, "group"), rule.set.group, "group", tree.names("groups"))
    known(tree, (*path, "assignee"), rule.set.assignee, "person", people)
    for number, watcher in enumerate(rule.set.watchers):
        known(tree, (*path, "watchers", number), watcher, "person", people)


def _names(tree: Tree, when: Condition, path: KeyPath) -> None:
    for key, names, what, section in (
        ("mailbox", when.mailbox, "mailbox", "mailboxes"),
        ("organisation", when.organisation, "organisation", "organisations"),
    ):
        for number, name in enumerate(names):
            known(tree, (*path, key, number), name, what, tree.names(section))


def _searches(tree: Tree, when: Condition, path: KeyPath) -> None:
    """Words and patterns one by one, so that each fault stands at its own place."""
    for number, phrase in enumerate(when.words):
        _faults(tree, rules.Words((phrase,)), (*path, "words", number))
    for number, expression in enumerate(when.pattern):
        _faults(tree, rules.Pattern(expression), (*path, "pattern", number))


def _faults(tree: Tree, leaf: rules.Condition, path: tuple[Step, ...]) -> None:
    for problem in rules.problems([rules.Rule("", "", leaf)]):
        tree.add(path, problem.message.removeprefix("rule : "))


def _unreached(tree: Tree, draft: Draft) -> None:
    numbers = sorted(draft.rules)
    for number, following in itertools.pairwise(numbers):
        rule = draft.rules[number]
        if rule.stop and not rule.when.model_fields_set:
            there = tree.spot(("rules", number)).brief
            text = f"is never tried, like all below it: '{rule.name}' at {there} has no `when` and stops every mail"
            tree.warn(("rules", following), f"{text}; move that one to the end")
            return
