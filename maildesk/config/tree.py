"""The configuration as a tree in which every key and value knows its place, and what was found wrong with it.

All who look at the configuration add their findings here, by the path of the key; the tree says where that stands and
how it is called.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

Step = str | int
KeyPath = tuple[Step, ...]
Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def brief(self) -> str:
        """`rules.yaml:12`, as verdicts and cross-references name it."""
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Node:
    """One value and its place. A mapping holds (place of the key, value) by key; a broken one was reported already."""

    mark: Mark
    value: Scalar | list[Node] | dict[str, tuple[Mark, Node]] = None
    broken: bool = False

    def plain(self) -> Any:
        """The value without places: dict, tuple, text, whole number, bool or None."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, (_, node) in self.value.items()}
        if isinstance(self.value, list):
            return tuple(node.plain() for node in self.value)
        return self.value

    def step(self, step: Step) -> tuple[Mark, Node] | None:
        """Where the key (or list item) `step` stands, and its value."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step].mark, self.value[step]
        return None


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where, at which key, what is wrong and what would be right."""

    mark: Mark
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.key}: {self.text}"


@dataclass(slots=True)
class Tree:
    """All files of a directory as one mapping, and what was wrong with them as YAML.

    `whole` is False when a file could not be read to its end: then what seems to be missing may stand there.
    """

    root: Node
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True
    warnings: list[Problem] = field(default_factory=list)

    def names(self, section: str) -> AbstractSet[str]:
        """The names that stand in a map, or the `name` of each item of a list, whether what follows is right or not."""
        found = self.root.step(section)
        value = found[1].value if found else None
        if isinstance(value, dict):
            return value.keys()
        items = [item.step("name") for item in value] if isinstance(value, list) else []
        return {str(name[1].value) for name in items if name}

    def spot(self, path: KeyPath, *, key: bool = False) -> Mark:
        """The place of the value at `path` (of its key with `key`), or of the nearest thing around it."""
        mark, node = self.root.mark, self.root
        for number, step in enumerate(path):
            found = node.step(step)
            if found is None:
                return mark if isinstance(node.value, dict | list) else node.mark
            # A missing key is missed in the mapping around it, and that is found best by the key of the mapping.
            last = number == len(path) - 1
            mark, node = (found[1].mark if last and not key else found[0]), found[1]
        return mark

    def shown(self, path: KeyPath) -> str:
        """`mailboxes.support.imap`: list items by their name, or else by their number, which counts from 1."""
        words: list[str] = []
        node: Node | None = self.root
        for step in path:
            if node and words and not isinstance(node.value, dict | list):
                break  # one text stands where a list or a mapping may stand
            found = node.step(step) if node else None
            node = found[1] if found else None
            words.append(f"[{_item_name(node, step)}]" if isinstance(step, int) else ("." if words else "") + step)
        return one_line("".join(words)) or "(file)"

    def add(self, path: KeyPath, text: str, *, key: bool = False) -> None:
        problem = Problem(self.spot(path, key=key), self.shown(path), one_line(text))
        if not any(p.mark == problem.mark and p.key == problem.key for p in self.problems):
            self.problems.append(problem)

    def warn(self, path: KeyPath, text: str, *, key: bool = False) -> None:
        self.warnings.append(Problem(self.spot(path, key=key), self.shown(path), one_line(text)))

    def broken(self, path: KeyPath) -> bool:
        """Whether the value at `path` was reported as YAML already."""
        node: Node = self.root
        for step in path:
            found = node.step(step)
            if found is None:
                return False
            node = found[1]
        return node.broken


def one_line(text: str) -> str:
    """A text without line breaks, control characters and what else cannot be printed."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _item_name(node: Node | None, number: int) -> str:
    name = node.step("name") if node else None
    if name and isinstance(name[1].value, str) and re.fullmatch(r"\w[\w .@&/-]{0,59}", name[1].value):
        return name[1].value
    return str(number + 1)
