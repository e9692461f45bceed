"""Where a command works: the configuration directory, its settings, its database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from maildesk import build, config
from maildesk.config import Settings, Storage
from maildesk.errors import ConfigError, SchemaError

if TYPE_CHECKING:  # imported by build.py when one is opened
    from maildesk.daemon.desk import Desk, Rules
    from maildesk.store.unit import Database, Unit


def directory(given: Path | None) -> Path:
    """--config, else $MAILDESK_CONFIG, else /etc/maildesk."""
    return build.config_directory(given, os.environ)


def read(given: Path | None, *, secrets: bool = False) -> Settings:
    """The configuration. Raises ConfigError; `secrets` asks for those of the servers to be there, too."""
    return build.read_settings(directory(given), os.environ, secrets_needed=secrets)


def failing_examples(given: Path | None) -> list[str]:
    """Of a configuration that cannot be used: the examples that fail, of those rules that are sound."""
    return build.failing_examples(directory(given), os.environ)


def storage(given: Path | None) -> tuple[Storage, bool]:
    """Of a configuration that cannot be used: where its database is, and whether that is sure."""
    return config.storage(directory(given), env=os.environ)


def database_file(settings: Storage) -> Path | None:
    """The file of an SQLite database, there or not; None for another database."""
    url = settings.database_url()
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def unreadable_templates(settings: Settings) -> list[str]:
    """One line for each file among the site's own templates that cannot be read as text."""
    problems = []
    for path in sorted(settings.templates.rglob("*.j2")) if settings.templates else ():
        try:
            path.read_text(encoding="utf-8")
        except OSError as error:
            problems.append(f"{path}:1:1: cannot be read ({error.strerror}); make it readable")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            problems.append(f"{path}:{line}:1: is not UTF-8; save it as UTF-8")
    return problems


def rules(settings: Settings) -> Rules:
    """Policy and letters. Raises ConfigError where a template is no text; one with a mistake is a letter's matter."""
    if problems := unreadable_templates(settings):
        raise ConfigError(problems)
    return build.rules_of(settings)


@contextmanager
def database(settings: Storage) -> Iterator[Database]:
    """The database, which must be there and of this version. Raises SchemaError that says what to do."""
    must_exist(settings)
    with closing(build.open_database(settings)) as opened:
        opened.check_schema()
        yield opened


@contextmanager
def view(settings: Storage) -> Iterator[Unit]:
    """One consistent state of the database, to be read."""
    with database(settings) as opened, opened.view() as state:
        yield state


@contextmanager
def unit(settings: Settings) -> Iterator[Unit]:
    """One change of the database."""
    with database(settings) as opened, opened.unit() as change:
        yield change


@contextmanager
def desk(settings: Settings, *, prepare: bool = False) -> Iterator[Desk]:
    """The wired desk; `prepare` makes or upgrades its database, otherwise that must be there."""
    if not prepare:
        must_exist(settings)
    if problems := unreadable_templates(settings):
        raise ConfigError(problems)
    opened = build.open_desk(settings, prepare=prepare)
    with closing(opened.database):
        yield opened


def must_exist(settings: Storage) -> None:
    """Raise SchemaError where there is no database file; nothing is made by asking."""
    path = database_file(settings)
    if path is not None and not path.exists():
        raise SchemaError(f"there is no database at {path}; `maildesk run` makes it{_hint()}")


def _hint() -> str:
    """Under systemd the daemon has a state directory that a shell knows nothing of."""
    if "STATE_DIRECTORY" in os.environ:
        return ""
    return ", and if a service does, set STATE_DIRECTORY to the one of that service"


def pid_file(settings: Storage) -> Path:
    """Where the daemon leaves its number: beside the database if that is a file, else in the state directory."""
    path = database_file(settings)
    return (path.parent if path else settings.state) / "maildesk.pid"
