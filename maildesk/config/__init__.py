"""Configuration: every *.yaml of a directory, read strictly, checked as a whole, and given on as frozen values.

`load` is the only way in: it raises ConfigError with all problems, each `file:line:column: key: what is wrong; what
would be right`, or returns Settings. The way of a file: source (YAML) -> tree (with places) -> draft (schema)
-> check and rulebook (what holds between the parts) -> convert (the desk's values).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from maildesk.config import check, convert, rulebook
from maildesk.config.draft import Draft, draft
from maildesk.config.schema import Database
from maildesk.config.secret import Place, Secret
from maildesk.config.settings import MailboxSettings, Settings, SmtpSettings, Storage, orphans
from maildesk.config.source import read_directory
from maildesk.config.tree import Tree
from maildesk.errors import ConfigError

__all__ = [
    "MailboxSettings",
    "Secret",
    "Settings",
    "SmtpSettings",
    "Storage",
    "load",
    "load_defaults",
    "orphans",
    "storage",
    "wrong_examples",
]


def load(
    directory: Path,
    *,
    env: Mapping[str, str],
    defaults: Path | None = None,
    secrets: bool = True,
    languages: Collection[str] = (),
) -> Settings:
    """The configuration of `directory`.

    `defaults` is the shipped configuration: its categories are used where the directory gives none, and its rules,
    which need them, where it gives neither.
    `secrets` False leaves unlooked whether the secrets are there, for commands that need none.
    `languages` are those of the shipped letters; one that neither they nor the directory's own have is warned of.
    """
    tree, drafted, place = _read(directory, env, defaults, secrets=secrets)
    if languages:
        check.languages(tree, drafted, {*languages, *_own_languages(place.directory / "templates")})
    if tree.problems:
        raise ConfigError([str(problem) for problem in sorted(tree.problems)])
    return convert.settings(tree, drafted, place)


def wrong_examples(directory: Path, *, env: Mapping[str, str], defaults: Path | None = None) -> list[str]:
    """Of a configuration that `load` refuses, in its form: the failing examples of those rules that are sound."""
    tree, drafted, _ = _read(directory, env, defaults, secrets=False)
    return rulebook.compiled(tree, drafted).check_examples()


def storage(directory: Path, *, env: Mapping[str, str]) -> tuple[Storage, bool]:
    """Of a configuration that `load` refuses: where its database is, and whether that is sure.

    It is not where the mistakes concern just that, or a file that cannot be read may say it; then it is the default.
    """
    tree, drafted, _ = _read(directory, env, None, secrets=False)
    wrong = any(problem.key.partition(".")[0] == "database" for problem in tree.problems)
    sure = not wrong and (tree.whole or tree.root.step("database") is not None)
    given = drafted.database if sure else Database()
    return Storage(given.url, given.password, convert.state(env)), sure


def _read(
    directory: Path, env: Mapping[str, str], defaults: Path | None, *, secrets: bool
) -> tuple[Tree, Draft, Place]:
    """All that can be read, with everything that is wrong with it."""
    place = Place(directory.absolute(), env, secrets)
    tree = read_directory(directory)
    if defaults is not None:
        _fall_back(tree, defaults)
    drafted = draft(tree, place)
    check.check(tree, drafted, place)
    rulebook.check(tree, drafted)
    return tree, drafted, place


def _own_languages(templates: Path) -> set[str]:
    return {letter.parent.name for letter in templates.glob("*/*.j2")}


def load_defaults(defaults: Path) -> Settings:
    """The shipped configuration alone, without its secrets."""
    return load(defaults, env={}, secrets=False)


def _fall_back(tree: Tree, defaults: Path) -> None:
    assert isinstance(tree.root.value, dict)
    if "categories" in tree.root.value:
        return
    shipped = read_directory(defaults, label="default ")
    assert isinstance(shipped.root.value, dict)
    tree.problems += shipped.problems
    for name in ("categories", "rules"):
        if name in shipped.root.value:
            tree.root.value.setdefault(name, shipped.root.value[name])
