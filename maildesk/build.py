"""The composition root: a configuration becomes a wired desk. What the daemon does with it stands in plan.py.

Nothing is opened at import; each function opens just what its name says, and imports it: every command of the command
line comes through here, and one that a mail server runs for each mail must not wait for what it does not use.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from maildesk.clock import Clock, SystemClock
from maildesk.config import Settings, Storage, load, load_defaults, wrong_examples
from maildesk.errors import ConfigError
from maildesk.mail.thread import Keyring

if TYPE_CHECKING:
    from maildesk.daemon.desk import Desk, Rules
    from maildesk.store.unit import Database

KEY_BYTES = 32


def shipped() -> Path:
    """Where the shipped config/ and templates/ lie: inside the wheel, or beside the package in a checkout."""
    inside = Path(__file__).parent / "data"
    return inside if inside.is_dir() else Path(__file__).parent.parent


def config_directory(given: Path | None, env: Mapping[str, str]) -> Path:
    """--config, else $MAILDESK_CONFIG, else /etc/maildesk."""
    return given or Path(env.get("MAILDESK_CONFIG") or "/etc/maildesk")


def read_settings(directory: Path, env: Mapping[str, str], *, secrets_needed: bool = True) -> Settings:
    """Raises ConfigError with all problems."""
    languages = {letter.parent.name for letter in (shipped() / "templates").glob("*/*.j2")}
    return load(directory, env=env, defaults=shipped() / "config", secrets=secrets_needed, languages=languages)


def failing_examples(directory: Path, env: Mapping[str, str]) -> list[str]:
    """What `check` can say of the rules of a configuration that cannot be used for another reason."""
    return wrong_examples(directory, env=env, defaults=shipped() / "config")


def default_settings() -> Settings:
    """The shipped configuration, which needs no server and no secret."""
    return load_defaults(shipped() / "config")


def template_sources(own: Path | None) -> dict[str, str]:
    """All templates by name ("en/received.j2"); a site's own files go before the shipped ones, file by file."""
    sources: dict[str, str] = {}
    for root in (shipped() / "templates", own):
        if root is not None and root.is_dir():
            for path in sorted(root.rglob("*.j2")):
                sources[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    return sources


def rules_of(settings: Settings) -> Rules:
    """What a reload swaps."""
    from maildesk.daemon.desk import Rules  # noqa: PLC0415 -- as said at the head
    from maildesk.mail.render import Renderer  # noqa: PLC0415

    own = settings.templates is not None
    shipped_ones = Renderer(template_sources(None))
    renderer = Renderer(template_sources(settings.templates)) if own else shipped_ones
    return Rules(settings.policy, renderer, shipped_ones if own else None)


# --- keys ------------------------------------------------------------------------------------------------------------


def new_keys() -> str:
    """The text of a new key file: one line `k1 HEX`. Write it with mode 0600."""
    return f"k1 {secrets.token_hex(KEY_BYTES)}\n"


def keyring(text: str, epoch: int, source: str) -> Keyring:
    """The keys of a key file: a line each, `name HEX`; the first signs, the others are still believed."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, _, value = line.strip().partition(" ")
        try:
            keys[name] = bytes.fromhex(value)
        except ValueError:
            raise ConfigError([f"{source}:{number}:1: keys: not `k1 HEX`; restore the file from your backup"]) from None
    if not keys:
        raise ConfigError([f"{source}:1:1: keys: the file is empty; restore it from your backup"])
    try:
        return Keyring(next(iter(keys)), keys, epoch)
    except ValueError as error:
        raise ConfigError([f"{source}:1:1: keys: {error}; restore the file from your backup"]) from None


def _key_text(settings: Settings, *, used: bool) -> tuple[str, str]:
    """The key file's text and name; without `security.keys` it lies beside the database and is made at first need."""
    if settings.keys is not None:
        return settings.keys.reveal(), str(settings.keys)
    path = settings.state / "keys"
    if used and not path.exists():
        what = "the file is gone, and without it no answer to an older letter is believed"
        raise ConfigError(
            [f"{path}:1:1: keys: {what}; restore it from your backup, or `maildesk init` makes a new one"]
        )
    if not path.exists():
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, new_keys())
    return path.read_text(encoding="ascii"), str(path)


def write_private(path: Path, text: str) -> None:
    """A new file that only its owner can read; a file that is there is left alone and FileExistsError raised.

    It is whole or not there: a process killed in between must not leave an empty file of keys.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()


# --- the desk --------------------------------------------------------------------------------------------------------


def open_database(settings: Storage) -> Database:
    """The database of this configuration, not yet connected to."""
    from maildesk.store.unit import Database  # noqa: PLC0415 -- as said at the head

    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Database.open(settings.database_url(), state=settings.state)


def open_desk(settings: Settings, *, clock: Clock | None = None, prepare: bool = True) -> Desk:
    """A desk ready to work. `prepare` creates or upgrades an SQLite database; PostgreSQL must have the right schema."""
    from maildesk.daemon.desk import Desk  # noqa: PLC0415 -- as said at the head

    database = open_database(settings)
    if prepare and settings.database.startswith("sqlite"):
        database.prepare(backup=True)
    database.check_schema()
    with database.view() as view:
        epoch = view.meta.epoch()
        used = view.incidents.get(1) is not None
    text, source = _key_text(settings, used=used)
    return Desk(database, keyring(text, epoch, source), clock or SystemClock(), rules_of(settings))


def explain_ring() -> Keyring:
    """Keys for explaining a mail without a desk: they fit no token."""
    return Keyring("k0", {"k0": bytes(KEY_BYTES)})
