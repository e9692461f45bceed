"""Secrets: where they lie, never what they are. Read as late as possible, never kept, never shown.

A secret is given as {file: PATH} (mode 0600), {env: NAME} or {credential: NAME} (a file that systemd's LoadCredential=
puts into $CREDENTIALS_DIRECTORY). That it can be read is checked when the configuration is loaded, so that a missing
one stops the start and not the first mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maildesk.config.values import Wrong
from maildesk.errors import ChannelError

MAX_SECRET = 16 * 1024
FORMS = "{file: PATH}, {env: NAME} or {credential: NAME}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where secrets are looked for: relative files in `directory`; `look` is False where none is needed."""

    directory: Path
    env: Mapping[str, str] = field(repr=False)
    look: bool = True


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret by its source. Two are equal when they come from the same place."""

    kind: str  # file | env | credential
    name: str  # the path, the variable or the credential
    place: Place = field(repr=False, compare=False)
    lines: bool = False  # whether it may have more than one line

    def __str__(self) -> str:
        return f"{{{self.kind}: {self.name}}}"

    def reveal(self) -> str:
        """The secret itself, read anew each time. Raises ChannelError when it cannot be read just now."""
        try:
            return self._read()
        except Wrong as error:
            raise ChannelError(f"the secret {self}: {error}") from None

    @property
    def path(self) -> Path | None:
        """The file that holds it, or None."""
        if self.kind == "file":
            return self.place.directory / self.name
        base = self.place.env.get("CREDENTIALS_DIRECTORY")
        return Path(base) / self.name if self.kind == "credential" and base else None

    def _read(self) -> str:
        if self.kind == "env":
            return self._checked(self.place.env.get(self.name, ""), f"the variable {self.name} is not set; set it")
        if self.path is None:
            raise Wrong(
                f"$CREDENTIALS_DIRECTORY is not set; add LoadCredential={self.name}:PATH to the systemd unit, "
                "or use {file: PATH} where maildesk is not started by systemd"
            )
        return self._checked(_content(self.path), f"{self.path} is empty; write the secret into it")

    def _checked(self, secret: str, missing: str) -> str:
        if not secret:
            raise Wrong(missing)
        if len(secret) > MAX_SECRET or re.search(r"\x00" if self.lines else r"[\x00\r\n]", secret):
            raise Wrong("it is longer than one line; write the secret alone, in one line")
        return secret


def _content(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_SECRET + 1).decode().strip("\r\n")
    except UnicodeDecodeError:
        raise Wrong(f"{path} is not UTF-8; save it as UTF-8") from None
    except FileNotFoundError:
        raise Wrong(f"there is no file {path}; create it with mode 0600") from None
    except OSError as error:
        raise Wrong(f"{path} cannot be read ({error.strerror}); chown it to the user that runs maildesk") from None


def secret(value: Any, place: Place, *, lines: bool = False) -> Secret:
    """The secret that a YAML value points to, after a look whether it is there and nobody else can read it.

    Nothing of the value stands in a message unless its form is right: it might be the secret itself.
    """
    if not isinstance(value, dict):
        raise Wrong(f"a secret never stands in the configuration itself; write {FORMS}")
    if len(value) != 1 or not set(value) <= {"file", "env", "credential"}:
        raise Wrong(f"expected exactly one of {FORMS}; write the secret itself to the place it names")
    ((kind, name),) = value.items()
    form = {"env": r"[A-Za-z_][A-Za-z0-9_]*", "credential": r"[A-Za-z0-9_.-]+", "file": r"[^\x00-\x1f]+"}[kind]
    if not isinstance(name, str) or not re.fullmatch(form, name):
        raise Wrong(f"expected the name of the place after `{kind}:`; write {FORMS}")
    found = Secret(kind, name, place, lines)
    if place.look:
        _private(found)
        found._read()  # noqa: SLF001 - one module: the value is its own check
    return found


def _private(found: Secret) -> None:
    # systemd guards its credentials by the directory, and shows them with mode 0440.
    if found.kind != "file" or found.path is None:
        return
    try:
        mode = found.path.stat().st_mode
    except OSError:
        return  # _read says it better
    if mode & 0o077:
        raise Wrong(f"{found.path} can be read by others (mode {mode & 0o777:04o}); run: chmod 600 {found.path}")
