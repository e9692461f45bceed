"""YAML files -> one tree of plain values in which every key and value knows its file, line and column.

A strict part of YAML, because its full language surprises: no anchors and aliases (a few lines can unfold into
gigabytes), no tags (they can call code), no key twice (the last would win silently), at most 20 levels and 1 MB a
file. A plain scalar is null, true, false or a whole number where it is written exactly so; everything else is text as
it stands there. So `12:30` is no number in base sixty, `012` is not ten, `no` and `on` are words, and `2026-12-24` is
text; what a key needs is for the schema to say.

The files are read as events, not as one document, so that a thousand open brackets cost twenty steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import yaml

from maildesk.config.tree import KeyPath, Mark, Node, Problem, Scalar, Tree, one_line

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20


class _Refused(Exception):
    """From here on the file cannot be read."""

    def __init__(self, mark: Mark, text: str, path: KeyPath = ()) -> None:
        super().__init__(text)
        self.mark, self.text, self.path = mark, text, path


# --- one file -------------------------------------------------------------------------------------------------------

_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def resolve(plain: str) -> Scalar:
    """What an unquoted scalar means."""
    if plain in _WORDS:
        return _WORDS[plain]
    return int(plain) if _WHOLE_NUMBER.fullmatch(plain) else plain


class _At(Protocol):
    """A place as libyaml counts: from 0; `index` in characters of the whole text."""

    index: int
    line: int
    column: int


class _Reader:
    """Builds the tree of one file from its events."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.found: list[tuple[Mark, KeyPath, str]] = []
        self.open: list[_At | None] = []  # the bracket of every list and mapping that has not ended; None: it has none
        self.quoted: tuple[_At, _At] | None = None  # where the last event began and ended, if it is a text in quotes
        self.events = self._parsed()

    def _parsed(self) -> Iterator[yaml.Event]:
        """The events, and note of what a mistake after them may come from."""
        for event in yaml.parse(self.text, Loader=yaml.CSafeLoader):
            begins, ends, self.quoted = event.start_mark, event.end_mark, None
            if isinstance(event, yaml.CollectionStartEvent):
                # A pair within a list is a mapping without a bracket.
                bracket = event.flow_style and begins and self.text[begins.index] in _CLOSES
                self.open.append(begins if bracket else None)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.open.pop()
            elif isinstance(event, yaml.ScalarEvent) and event.style in {"'", '"'} and begins and ends:
                self.quoted = begins, ends
            yield event

    @property
    def bracket(self) -> _At | None:
        """The innermost one that is open."""
        return next((at for at in reversed(self.open) if at), None)

    def read(self) -> Node:
        """The document as a mapping; an empty file is an empty mapping."""
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise _Refused(self.mark(event.start_mark), "a second document begins; keep one document a file")
            elif not isinstance(event, yaml.DocumentEndEvent | yaml.StreamStartEvent | yaml.StreamEndEvent):
                root = self._node(event, (), 1)
        if root is None or root.value is None:
            return Node(Mark(self.file), {})
        if not isinstance(root.value, dict):
            raise _Refused(root.mark, "holds no keys; write `key: value` lines, for example `desk:`")
        return root

    def mark(self, at: _At | None) -> Mark:
        return Mark(self.file, at.line + 1, at.column + 1) if at else Mark(self.file)

    def _node(self, event: yaml.Event, path: KeyPath, depth: int) -> Node:
        mark = self.mark(event.start_mark)
        if depth > MAX_DEPTH:
            raise _Refused(mark, f"is nested deeper than {MAX_DEPTH} levels; make it flatter", path)
        if (refused := _forbidden(event)) is not None:
            self.found.append((mark, path, refused))
            if isinstance(event, yaml.AliasEvent):
                return Node(mark, None, broken=True)
        if isinstance(event, yaml.MappingStartEvent):
            return Node(mark, self._mapping(path, depth))
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(mark, self._sequence(path, depth))
        assert isinstance(event, yaml.ScalarEvent)
        return Node(mark, resolve(event.value) if not event.style and event.implicit[0] else event.value)

    def _sequence(self, path: KeyPath, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: KeyPath, depth: int) -> dict[str, tuple[Mark, Node]]:
        pairs: dict[str, tuple[Mark, Node]] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            mark, key = self.mark(event.start_mark), self._key(event, path)
            value = self._node(next(self.events), (*path, key), depth + 1)
            if key in pairs:
                first = pairs[key][0]
                text = f"stands here a second time, first at {first.brief}; keep one of the two"
                self.found.append((mark, (*path, key), text))
            else:
                pairs[key] = (mark, value)
        return pairs

    def _key(self, event: yaml.Event, path: KeyPath) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _Refused(
                self.mark(event.start_mark), "a key is a list, a mapping or an alias; keys are plain text", path
            )
        if (refused := _forbidden(event)) is not None:
            self.found.append((self.mark(event.start_mark), path, refused))
        return str(event.value)


def _forbidden(event: yaml.Event) -> str | None:
    # Neither name is shown: a secret that begins with & * or ! and was not quoted ends up as one.
    if isinstance(event, yaml.AliasEvent):
        return "is an alias (*); write the value out, or put it in quotes if it shall begin with *"
    if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        return "has an anchor (&); write the value out, or put it in quotes if it shall begin with &"
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
        return "has a tag (!); write the value alone, or put it in quotes if it shall begin with !"
    return None


# What libyaml says -> what usually is the cause.
_CAUSES = {
    "mapping values are not allowed in this context": "a wrong indentation, or a text with ': ' in it needs quotes",
    "did not find expected key": "a wrong indentation, or a quote that ends too early",
    "did not find expected '-' indicator": "a list item is not indented like the one before it",
    "did not find expected node content": "a value is missing",
    "could not find expected ':'": "a key without a colon, or a text over several lines without quotes",
    "found unknown escape character": "a backslash in double quotes; use single quotes",
    "found character that cannot start any token": "a tab as indentation, or a text beginning with @ ` % lacks quotes",
}
_OPEN = {"did not find expected ',' or ']'", "did not find expected ',' or '}'", "did not find expected node content"}
_CLOSES = {"[": "]", "{": "}"}


def _explained(error: yaml.YAMLError, reader: _Reader) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        before = reader.text.encode()[: error.position].decode(errors="ignore")
        mark = Mark(reader.file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        return Problem(mark, "(file)", "holds a control character; remove it")
    assert isinstance(error, yaml.MarkedYAMLError)
    # Only texts of our own: libyaml's may quote what stands there.
    usual = _CAUSES.get(error.problem or "", "check the lines above for indentation, quotes and brackets")
    cause = _quote(error, reader) or _bracket(error, reader) or f"the usual cause: {usual}"
    return Problem(reader.mark(error.problem_mark or error.context_mark), "(file)", f"is not valid YAML here; {cause}")


def _quote(error: yaml.MarkedYAMLError, reader: _Reader) -> str | None:
    """A quote as the cause: never closed, or closed by the one that was to open the next text."""
    if error.context == "while scanning a quoted scalar" and error.problem in _ENDS:
        return f"the quote opened at {reader.mark(error.context_mark)} is never closed; close it where its text ends"
    if reader.quoted is None or error.problem_mark is None:
        return None
    begins, ends = reader.quoted
    # Within brackets a comma may be missing after it instead, unless it goes over lines.
    if ends.line != error.problem_mark.line or (reader.bracket and begins.line == ends.line):
        return None
    what = f"the quote opened at {reader.mark(begins)} is closed just before this"
    return f"{what}; close it where its text ends, or use the other quotes"


_ENDS = {"found unexpected end of stream", "found unexpected document indicator"}


def _bracket(error: yaml.MarkedYAMLError, reader: _Reader) -> str | None:
    """A bracket as the cause: never closed, or never opened."""
    here = reader.text[error.problem_mark.index :][:1] if error.problem_mark else ""
    if reader.bracket is None:
        return f"this {here} closes nothing; remove it, or put the text in quotes" if here in {"]", "}"} else None
    if error.problem not in _OPEN or here == ",":
        return None
    opened = reader.text[reader.bracket.index]
    what = f"the {opened} opened at {reader.mark(reader.bracket)}"
    if here in {"]", "}"}:
        return f"{what} is not closed before this {here}; add the {_CLOSES[opened]}, or remove this {here}"
    return f"{what} has no {_CLOSES[opened]} before this; close it, or add the comma that is missing"


def read_text(file: str, text: str) -> Tree:
    """One file's text as a tree; never raises for anything that stands in it."""
    reader = _Reader(file, text)
    tree = Tree(Node(Mark(file), {}))
    try:
        tree.root = reader.read()
    except _Refused as stop:
        tree.problems.append(Problem(stop.mark, tree.shown(stop.path), stop.text))
    except yaml.YAMLError as error:
        tree.problems.append(_explained(error, reader))
    tree.whole = not tree.problems
    tree.problems += [Problem(mark, tree.shown(path), said) for mark, path, said in reader.found]
    return tree


# --- the directory --------------------------------------------------------------------------------------------------

JOINED = frozenset({"mailboxes", "rules", "organisations", "people", "groups", "categories"})


def read_directory(directory: Path, *, label: str = "") -> Tree:
    """Every `*.yaml` directly in `directory`, in name order, as one tree. `label` stands before file names shown."""
    where = Mark(one_line(str(directory)))
    try:
        files = sorted(p for p in directory.iterdir() if not p.name.startswith("."))
    except OSError as error:
        text = f"cannot be read ({error.strerror}); `maildesk init {directory}` writes one to begin with"
        return Tree(Node(where, {}), [Problem(where, "(directory)", text)], whole=False)
    found = [p for p in files if p.suffix == ".yaml"]
    root = Node(Mark(one_line(label + found[0].name)) if found else where, {})
    joined = Tree(root, [_misnamed(p) for p in files if p.suffix.lower() in {".yml", ".yaml"} and p not in found])
    if not found and not joined.problems:
        text = f"holds no *.yaml file; `maildesk init {directory}` writes some to begin with"
        joined.problems.append(Problem(where, "(directory)", text))
    for path in found:
        _join(joined, _read_file(path, one_line(label + path.name)))
    joined.whole = joined.whole and bool(found) and not any(p.key == "(file)" for p in joined.problems)
    return joined


def _misnamed(path: Path) -> Problem:
    return Problem(Mark(one_line(path.name)), "(file)", f"would not be read; rename it to {path.stem}.yaml")


def _read_file(path: Path, file: str) -> Tree:
    def refused(text: str) -> Tree:
        return Tree(Node(Mark(file), {}), [Problem(Mark(file), "(file)", text)], whole=False)

    if not path.is_file():
        return refused("is no file; remove it, or name it without .yaml")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return refused(f"cannot be read ({error.strerror}); make it readable for the user that runs maildesk")
    if len(raw) > MAX_BYTES:
        return refused("is larger than 1 MB; split it into several files")
    try:
        return read_text(file, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = Problem(Mark(file, line), "(file)", "is not UTF-8 in this line; save the file as UTF-8")
        return Tree(Node(Mark(file), {}), [problem], whole=False)


def _join(joined: Tree, more: Tree) -> None:
    joined.problems += more.problems
    joined.whole = joined.whole and more.whole
    assert isinstance(joined.root.value, dict)
    assert isinstance(more.root.value, dict)
    for key, (mark, node) in more.root.value.items():
        there = joined.root.value.get(key)
        if there is None:
            joined.root.value[key] = (mark, node)
        elif not (key in JOINED and _extend(joined, key, there[1], node)):
            text = f"is given already at {there[0].brief}; keep one of the two"
            joined.problems.append(Problem(mark, key, text))


def _extend(joined: Tree, key: str, there: Node, node: Node) -> bool:
    """Joins two lists or two maps of one top-level key; False if they are neither."""
    if there.value is None or node.value is None:
        there.value = node.value if there.value is None else there.value
        return True
    if isinstance(there.value, list) and isinstance(node.value, list):
        there.value.extend(node.value)
        return True
    if not (isinstance(there.value, dict) and isinstance(node.value, dict)):
        return False
    for name, (mark, value) in node.value.items():
        if name in there.value:
            text = f"is given already at {there.value[name][0].brief}; rename or remove one of the two"
            joined.problems.append(Problem(mark, joined.shown((key, name)), text))
        else:
            there.value[name] = (mark, value)
    return True
