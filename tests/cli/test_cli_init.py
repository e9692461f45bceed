"""init writes what check finds fine, and nothing over anything; check finds what is wrong."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest
from clidesk import CliDesk, letter

from maildesk import build
from maildesk.cli.init import PLACEHOLDER
from maildesk.config import load


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_init_writes_is_fine(bare: CliDesk, tmp_path: Path) -> None:
    new = tmp_path / "new" / "desk"
    written = bare("init", new)
    assert written.code == 0
    assert [row[2] for row in re.findall(r"^( +)(\d)(\.) ", written.out, re.MULTILINE)] == [".", ".", "."]
    checked = bare("check", "--config", new)
    assert checked.code == 0
    assert "the configuration is fine: mailboxes 1, people 3" in checked.out
    assert checked.err == ""


def test_the_secrets_are_the_owners_alone(bare: CliDesk, tmp_path: Path) -> None:
    bare("init", tmp_path / "new")
    secrets = tmp_path / "new" / "secrets"
    assert mode(secrets) == 0o700
    assert {path.name: mode(path) for path in secrets.iterdir()} == dict.fromkeys(("imap", "smtp", "keys"), 0o600)


def test_the_key_that_init_made_is_the_one_in_use(bare: CliDesk, tmp_path: Path) -> None:
    bare("init", tmp_path / "new")
    bare("init", tmp_path / "other")
    settings = load(tmp_path / "new", env=os.environ, defaults=build.shipped() / "config")
    assert settings.keys is not None
    text = (tmp_path / "new" / "secrets" / "keys").read_text()
    assert settings.keys.reveal() == text.strip()
    assert re.fullmatch(r"k1 [0-9a-f]{64}\n", text)
    assert text != (tmp_path / "other" / "secrets" / "keys").read_text()
    assert bare("check", "--config", tmp_path / "new").code == 0


def test_a_password_that_was_never_filled_in_is_warned_of(bare: CliDesk, tmp_path: Path) -> None:
    bare("init", tmp_path / "new")
    (tmp_path / "new" / "secrets" / "smtp").write_text("hunter2\n")
    out = bare("check", "--config", tmp_path / "new").out
    assert "warning: the secret {file: secrets/imap} still holds" in out
    assert "secrets/smtp" not in out
    assert PLACEHOLDER not in out


@pytest.mark.parametrize("name", ["desk.yaml", "people.yaml", "secrets", "templates/README.md", "my.yaml", "README.md"])
def test_nothing_is_written_over_anything(bare: CliDesk, tmp_path: Path, name: str) -> None:
    there = tmp_path / "new" / name
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    result = bare("init", tmp_path / "new")
    assert result.code == 1
    assert str(there) in result.err
    assert [path for path in (tmp_path / "new").rglob("*") if path.is_file()] == [there]
    assert there.read_text() == "mine"


def test_other_files_are_no_obstacle(bare: CliDesk, tmp_path: Path) -> None:
    (tmp_path / "new" / ".git").mkdir(parents=True)
    (tmp_path / "new" / "templates").mkdir()
    assert bare("init", tmp_path / "new").code == 0


def test_the_letters_are_copied_when_they_are_wanted(bare: CliDesk, tmp_path: Path) -> None:
    bare("init", tmp_path / "with", "--templates")
    bare("init", tmp_path / "without")
    shipped = {path.name for path in (build.shipped() / "templates" / "en").iterdir()}
    assert {path.name for path in (tmp_path / "with" / "templates" / "en").iterdir()} == shipped
    assert [path.name for path in (tmp_path / "without" / "templates").iterdir()] == ["README.md"]
    assert bare("check", "--config", tmp_path / "with").code == 0


def test_a_directory_that_cannot_be_made_is_said_in_a_sentence(bare: CliDesk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = bare("init", tmp_path / "file" / "desk")
    assert result.code == 1
    assert result.err.startswith("maildesk: cannot write")


# --- check -----------------------------------------------------------------------------------------------------------


def test_a_broken_configuration_is_a_finding_with_file_line_and_column(desk: CliDesk) -> None:
    with (desk.config / "desk.yaml").open("a") as file:
        file.write("desk: {}\n")
    (desk.config / "rules.yaml").write_text("rules:\n  - name: X\n    wen: {words: [x]}\n")
    result = desk("check")
    assert result.code == 1
    assert re.search(r"^desk\.yaml:\d+:1: desk: ", result.out, re.MULTILINE)
    assert re.search(r"^rules\.yaml:3:5: rules.*wen: .*when", result.out, re.MULTILINE)
    assert "2 problems to mend" in result.out
    assert result.err == ""


def test_a_rule_example_that_is_wrong_is_a_finding(desk: CliDesk) -> None:
    rules = (desk.config / "rules.yaml").read_text()
    (desk.config / "rules.yaml").write_text(rules.replace("VPN is slow", "Printer jams"))
    result = desk("check")
    assert result.code == 1
    told = "rules.yaml:6:9: rules[VPN trouble].examples[1]: should match, but"
    assert told in result.out
    assert "1 problem to mend" in result.out
    (desk.config / "desk.yaml").write_text((desk.config / "desk.yaml").read_text() + "limits: {storms: 3}\n")
    both = desk("check")
    assert re.search(r"^desk\.yaml:\d+:10: limits\.storms: ", both.out, re.MULTILINE)
    assert told in both.out


def test_a_template_that_is_wrong_is_a_finding_with_its_line(desk: CliDesk) -> None:
    (desk.config / "templates" / "en").mkdir(parents=True)
    (desk.config / "templates" / "en" / "taken.j2").write_text("{% extends layout %}\n\n{{ nonsense }}\n")
    result = desk("check")
    assert result.code == 1
    assert "templates/en/taken.j2:3: 'nonsense' is no value" in result.out


@pytest.mark.parametrize("command", ["check", "reload", "run --once", "explain -"])
def test_a_template_that_is_no_text_is_said_with_file_and_line(desk: CliDesk, command: str) -> None:
    (desk.config / "templates" / "en").mkdir(parents=True)
    path = desk.config / "templates" / "en" / "taken.j2"
    path.write_bytes(b"one\n\xff\n")
    result = desk(*command.split())
    assert result.code == (1 if command == "check" else 2)
    assert f"{path}:2:1: is not UTF-8" in result.out + result.err
    assert "Traceback" not in result.err


def test_names_that_open_incidents_use_and_the_configuration_lacks_are_warned_of(desk: CliDesk) -> None:
    desk.mail(letter("VPN is slow"))
    assert desk("act", 1, "#assign ann").code == 0
    text = (desk.config / "desk.yaml").read_text()
    text = text.replace("  ann: {name: Ann Lee", "  anne: {name: Ann Lee").replace("[ann, dana]", "[anne, dana]")
    (desk.config / "desk.yaml").write_text(text)
    result = desk("check")
    assert result.code == 0
    assert "warning: people.ann: open incidents use it" in result.out


def test_check_says_the_same_as_json(desk: CliDesk) -> None:
    fine = desk("check", "--json")
    assert fine.code == 0
    assert fine.json["problems"] == []
    assert fine.json["summary"]["mailboxes"] == 2
    assert fine.json["summary"]["examples"] == 1
    (desk.config / "rules.yaml").write_text("rules: {}\n")
    broken = desk("check", "--json")
    assert broken.code == 1
    assert broken.json["problems"]


def test_a_language_without_letters_is_warned_of(desk: CliDesk) -> None:
    text = (desk.config / "desk.yaml").read_text()
    (desk.config / "desk.yaml").write_text(text.replace("prefix: INC,", "prefix: INC, language: xx,"))
    result = desk("check")
    assert result.code == 0
    assert re.search(
        r"^warning: desk\.yaml:1:\d+: desk\.language: .*'xx'.* there are: de, en", result.out, re.MULTILINE
    )


def test_a_broken_configuration_is_not_reloaded_and_its_mistakes_are_said(desk: CliDesk) -> None:
    (desk.config / "rules.yaml").write_text("rules: {}\n")
    result = desk("reload")
    assert result.code == 2
    assert result.err.startswith("rules.yaml:1:8: rules: expected a list")
    assert "the daemon was not told and goes on with what it has" in result.err


def test_check_makes_nothing(bare: CliDesk) -> None:
    assert bare("check").code == 0
    assert not bare.state.exists()


def test_a_server_that_is_not_there_is_a_finding_when_asked_for(desk: CliDesk) -> None:
    assert desk("check").code == 0
    result = desk("check", "--connect")
    assert result.code == 1
    assert "smtp: cannot connect to 127.0.0.1:9" in result.out
    assert "database" in result.out
