"""init: a configuration to begin with, written once and never over anything."""

from __future__ import annotations

import os
import re
from pathlib import Path

from maildesk import build
from maildesk.cli import page
from maildesk.errors import UsageError

PLACEHOLDER = "put-the-password-here"
SECRETS = ("imap", "smtp")
KEYS = "  keys: {file: secrets/keys}              # signs the tokens in letters; goes into your backup"
_SECURITY = re.compile(r"^security:[^\n]*\n", re.MULTILINE)
_KEYS = re.compile(r"^ +keys:", re.MULTILINE)

_TEMPLATES = """\
# Your own templates

A file here takes the place of the shipped one of the same name; all others stay as shipped, also after an upgrade.
So copy only what you want to change, for example the acknowledgement in English:

    mkdir -p {here}/en
    cp {shipped}/en/received.j2 {here}/en/

`maildesk check` tries every template. Which letters there are and what each may show stands in
{shipped}/README.md.
"""


def run(directory: Path, *, templates: bool) -> int:
    """Write configuration, key and places for the passwords. Raises UsageError where something is there already."""
    directory = directory.absolute()
    shipped = build.shipped()
    files = {directory / path.name: path for path in sorted((shipped / "config").iterdir()) if _wanted(path)}
    copies = _letters(shipped / "templates", directory / "templates") if templates else {}
    secrets = directory / "secrets"
    _refuse_existing(directory, [*files, *copies, directory / "templates" / "README.md", secrets])
    try:
        _write(files, copies)
        _write_secrets(secrets)
        note = _TEMPLATES.format(here=directory / "templates", shipped=shipped / "templates")
        (directory / "templates").mkdir(exist_ok=True)
        (directory / "templates" / "README.md").write_text(note, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}") from error
    _next_steps(directory)
    return 0


def _wanted(path: Path) -> bool:
    return path.suffix == ".yaml" or path.name == "README.md"


def _letters(shipped: Path, own: Path) -> dict[Path, Path]:
    return {own / path.relative_to(shipped): path for path in sorted(shipped.rglob("*.j2"))}


def _refuse_existing(directory: Path, wanted: list[Path]) -> None:
    """Other YAML files would be read together with ours, so they count as being in the way."""
    there = [path for path in wanted if os.path.lexists(path)]
    there += [path for path in directory.glob("*.yaml") if path not in there] if directory.is_dir() else []
    if there:
        names = ", ".join(str(path) for path in sorted(there))
        raise UsageError(f"nothing was written, because these are there already: {names}; name another directory")


def _write(*sets: dict[Path, Path]) -> None:
    for files in sets:
        for target, source in files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_with_keys(source.read_text(encoding="utf-8")), encoding="utf-8")


def _with_keys(text: str) -> str:
    """The shipped configuration has no key; this one does, and so names it."""
    return text if _KEYS.search(text) else _SECURITY.sub(rf"\g<0>{KEYS}\n", text)


def _write_secrets(secrets: Path) -> None:
    secrets.mkdir(mode=0o700)
    build.write_private(secrets / "keys", build.new_keys())
    for name in SECRETS:
        build.write_private(secrets / name, PLACEHOLDER + "\n")


def _next_steps(directory: Path) -> None:
    page.say(f"{directory} holds a configuration to begin with. Next:")
    page.say(
        f"  1. edit {directory}/desk.yaml and people.yaml, and put the passwords into secrets/imap and secrets/smtp"
    )
    page.say(f"  2. maildesk check --config {directory} --connect")
    page.say(f"  3. maildesk run --config {directory}")
    page.say("If another user runs maildesk, give him the secrets: chown -R USER " + str(directory / "secrets"))
