"""The tree of values -> the models of the schema, section by section, every mistake in plain words at its place.

A broken person does not hide a broken rule: each item is read alone, and what can be read goes on to the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from maildesk.config import schema
from maildesk.config.schema import (
    LATER,
    SECTIONS,
    Category,
    Closing,
    Database,
    Desk,
    Group,
    Limits,
    Mailbox,
    Notices,
    Organisation,
    Part,
    Person,
    Priorities,
    Rule,
    Security,
    Smtp,
)
from maildesk.config.secret import Place
from maildesk.config.tree import KeyPath, Step, Tree
from maildesk.config.values import Wrong, got, meant

P = TypeVar("P", bound=Part)
Loc = tuple[int | str, ...]
NOT_YET = "is not in this version; remove it"


@dataclass(frozen=True, slots=True)
class Draft:
    """All that could be read. Items of a list stand at their number in the tree, so that their places are found."""

    desk: Desk | None
    mailboxes: Mapping[int, Mailbox]
    smtp: Smtp | None
    database: Database
    security: Security
    people: Mapping[str, Person]
    groups: Mapping[str, Group]
    organisations: Mapping[int, Organisation]
    categories: Mapping[str, Category]
    rules: Mapping[int, Rule]
    priorities: Priorities
    closing: Closing
    notices: Notices
    limits: Limits


class _Reading:
    """One pass over the tree; what is wrong is added to the tree's problems."""

    def __init__(self, tree: Tree, place: Place) -> None:
        self.tree, self.place = tree, place

    def one(self, name: str, model: type[P]) -> P | None:
        """The section `name`, or None if it is missing or wrong."""
        found = self.tree.root.step(name)
        if found is None or (found[1].value is None and not found[1].broken):
            return None
        return self._part(model, found[1].plain(), (name,))

    def or_default(self, name: str, model: type[P]) -> P:
        return self.one(name, model) or model()

    def listed(self, name: str, model: type[P]) -> dict[int, P]:
        items = self._container(name, list, "a list", "begin each item with '- '")
        read = {n: self._part(model, item.plain(), (name, n)) for n, item in enumerate(items)}
        return {number: part for number, part in read.items() if part is not None}

    def named(self, name: str, model: type[P], form: Callable[[object], str]) -> dict[str, P]:
        pairs = self._container(name, dict, "names", "write `name:`, and its keys below it")
        read: dict[str, P] = {}
        for word, (_, node) in pairs.items():
            try:
                form(word)
            except Wrong as wrong:
                self.tree.add((name, word), str(wrong), key=True)
            part = self._part(model, node.plain(), (name, word))
            if part is not None:
                read[word] = part
        return read

    def _container(self, name: str, form: type, expected: str, fix: str) -> Any:
        found = self.tree.root.step(name)
        if found and isinstance(found[1].value, form):
            return found[1].value
        if found and found[1].value is not None:
            self.tree.add((name,), f"expected {expected}, got {got(found[1].plain())}; {fix}")
        return form()

    def _part(self, model: type[P], value: Any, path: KeyPath) -> P | None:
        if value is None and model in _MAY_BE_EMPTY and not self.tree.broken(path):
            value = {}
        if model is Database and isinstance(value, str):
            value = {"url": value}
        try:
            return model.model_validate(value, context=self.place)
        except ValidationError as errors:
            wrong = errors.errors(include_url=False)
        for error in wrong:
            self._report(model, error, path)
        return None if model in _ALL_OR_NOTHING else self._rest(model, value, [error["loc"] for error in wrong])

    def _rest(self, model: type[P], value: Any, wrong: list[Loc]) -> P | None:
        """What remains of an item without its wrong keys, so that the checks find its other mistakes at once."""
        for loc in wrong:
            value = _without(value, loc)
        try:
            return model.model_validate(value, context=self.place)
        except ValidationError:
            return None

    def _report(self, model: type[Part], error: ErrorDetails, path: KeyPath) -> None:
        loc = error["loc"]
        at_key = error["type"] in {"extra_forbidden", "missing"} or loc[-1:] == ("[key]",)
        steps = tuple(step for step in loc if step != "[key]")
        if not self.tree.broken((*path, *steps)):
            self.tree.add((*path, *steps), _text(error, model, steps), key=at_key)


_MAY_BE_EMPTY: frozenset[type[Part]] = frozenset({Category, Group})
# A key missing here means something (no `imap`: fed by deliver), so a wrong one must not count as missing.
_ALL_OR_NOTHING: frozenset[type[Part]] = frozenset({Desk, Mailbox, Smtp, Database})


def _without(value: Any, loc: Loc) -> Any:
    """A copy without what stands at `loc`; a list goes as a whole, so that its items keep their numbers."""
    if not isinstance(value, dict) or not loc:
        return value
    key, rest = str(loc[0]), loc[1:]
    inner = value.get(key)
    if rest and isinstance(inner, dict):
        return value | {key: _without(inner, rest)}
    return {name: item for name, item in value.items() if name != key}


# --- pydantic's words -> ours -----------------------------------------------------------------------------------------


def _model_at(model: type[Part], steps: tuple[Step, ...]) -> type[Part]:
    """The mapping in which the last step of the path stands."""
    for step in steps[:-1]:
        field = schema.fields(model).get(str(step))
        model = (schema.inside(field.annotation) if field else None) or model
    return model


def _text(error: ErrorDetails, model: type[Part], steps: tuple[Step, ...]) -> str:
    around = _model_at(model, steps)
    return _TEXTS.get(error["type"], _unforeseen)(error, around, str(steps[-1]) if steps else "")


def _said(error: ErrorDetails, _around: type[Part], _key: str) -> str:
    return str(error["ctx"]["error"])


def _missing(_error: ErrorDetails, around: type[Part], key: str) -> str:
    examples = schema.fields(around)[key].examples
    return f"is missing; add it, for example `{key}: {examples[0]}`"


def _unknown(_error: ErrorDetails, around: type[Part], key: str) -> str:
    return NOT_YET if key in around.later else f"there is no such key; {meant(key, schema.fields(around))}"


def _no_list(error: ErrorDetails, _around: type[Part], _key: str) -> str:
    return f"expected a list, got {got(error['input'])}; write [one, two], or one a line that begins with '- '"


def _no_mapping(error: ErrorDetails, _around: type[Part], _key: str) -> str:
    return f"expected keys and values, got {got(error['input'])}; write `key: value` lines below it"


def _empty(_error: ErrorDetails, _around: type[Part], _key: str) -> str:
    return "is an empty list; give at least one"


def _unforeseen(error: ErrorDetails, _around: type[Part], _key: str) -> str:
    return f"cannot be used ({error['type']}); see config/README.md for its form"


_TEXTS: Mapping[str, Callable[[ErrorDetails, type[Part], str], str]] = {
    "value_error": _said,
    "missing": _missing,
    "extra_forbidden": _unknown,
    "tuple_type": _no_list,
    "dict_type": _no_mapping,
    "model_type": _no_mapping,
    "model_attributes_type": _no_mapping,
    "too_short": _empty,
}


# --- the whole ------------------------------------------------------------------------------------------------------


def _top(tree: Tree) -> None:
    """The top-level keys themselves: unknown, of a later version, or missing."""
    assert isinstance(tree.root.value, dict)
    for name in list(tree.root.value):
        if name in LATER:
            tree.add((name,), NOT_YET, key=True)
        elif name not in SECTIONS:
            tree.add((name,), f"there is no such key; {meant(name, SECTIONS)}", key=True)
    for name, section in SECTIONS.items():
        found = tree.root.value.get(name)
        if section.required and tree.whole and (found is None or found[1].value in (None, [], {})):
            tree.add((name,), f"is missing; add it, for example `{section.required}`", key=True)


def draft(tree: Tree, place: Place) -> Draft:
    """Reads all sections; problems are added to `tree`."""
    _top(tree)
    read = _Reading(tree, place)
    return Draft(
        desk=read.one("desk", Desk),
        mailboxes=read.listed("mailboxes", Mailbox),
        smtp=read.one("smtp", Smtp),
        database=read.or_default("database", Database),
        security=read.or_default("security", Security),
        people=read.named("people", Person, schema.short_name),
        groups=read.named("groups", Group, schema.short_name),
        organisations=read.listed("organisations", Organisation),
        categories=read.named("categories", Category, schema.category_name),
        rules=read.listed("rules", Rule),
        priorities=read.or_default("priorities", Priorities),
        closing=read.or_default("closing", Closing),
        notices=read.or_default("notices", Notices),
        limits=read.or_default("limits", Limits),
    )
