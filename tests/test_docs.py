"""What is not documented does not exist: commands of the shell and of the subject line, letters, keys (see config/)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maildesk.cli.app import app
from maildesk.desk.commands import GRAMMAR
from maildesk.desk.notices import NOTICES, OPTIONAL
from maildesk.mail.letters import LETTERS

ROOT = Path(__file__).parent.parent
READMES = [*sorted(ROOT.glob("*/README.md")), ROOT / "README.md"]


def commands() -> list[str]:
    """As they are typed: list, inbox, inbox release ..."""
    names = [named(command) for command in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names.append(str(group.name))
        names += [f"{group.name} {named(sub)}" for sub in group.typer_instance.registered_commands]
    return names


def named(command) -> str:
    return command.name or command.callback.__name__.strip("_").replace("_", "-")


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_shell_is_documented(command):
    text = (ROOT / "systemd" / "README.md").read_text(encoding="utf-8")
    name, _, sub = command.partition(" ")
    row = next((line for line in text.splitlines() if line.startswith("|") and f"`maildesk {name}" in line), "")
    assert row, f"systemd/README.md has no row for maildesk {name}"
    assert not sub or re.search(rf"[ `]{sub}[`\] ,]", row), f"the row of maildesk {name} does not name {sub}"


@pytest.mark.parametrize("verb", GRAMMAR)
def test_every_verb_is_on_the_card(verb):
    text = (ROOT / "templates" / "README.md").read_text(encoding="utf-8")
    row = next((line for line in text.splitlines() if re.match(rf"\| `#{verb}\b", line)), "")
    assert GRAMMAR[verb].meaning["en"] in row
    assert all(f"`#{alias}`" in row for names in GRAMMAR[verb].aliases.values() for alias in names)


def test_every_letter_that_is_sent_has_a_template_and_every_template_is_sent():
    told_by_the_loops = {"alarm", "quarantine", "received_anon", "unopened"}
    sent = {notice.template for notices in NOTICES.values() for notice in notices} | told_by_the_loops
    assert sent == set(LETTERS)
    assert set(OPTIONAL) <= sent


@pytest.mark.parametrize("page", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_points_nowhere(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / link).exists(), f"{page.relative_to(ROOT)} points to {link}"
