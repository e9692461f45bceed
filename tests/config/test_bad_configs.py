"""Forty-two broken configurations: each must be refused, with exactly the lines that stand beside it."""

import shutil
from pathlib import Path

import pytest

from maildesk.config import load
from maildesk.errors import ConfigError

BAD = sorted(path for path in (Path(__file__).parents[1] / "bad_configs").iterdir() if path.is_dir())
MODES = {"open-to-all": 0o644, "open-to-group": 0o640}


def problems_of(case: Path, directory: Path) -> str:
    """What load says of a copy of the case; git keeps no modes, so they are set here."""
    shutil.copytree(case, directory, ignore=shutil.ignore_patterns("expected-error"))
    (directory / "secret").write_text("correct-horse\n")
    for path in directory.iterdir():
        path.chmod(MODES.get(path.name, 0o600))
    with pytest.raises(ConfigError) as refused:
        load(directory, env={"HOME": "/nowhere"})
    return str(refused.value).replace(str(directory), "DIR") + "\n"


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_broken_configuration_is_refused_with_exactly_its_lines(case, tmp_path):
    assert problems_of(case, tmp_path / "config") == (case / "expected-error").read_text()


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_no_message_shows_a_secret(case, tmp_path):
    said = problems_of(case, tmp_path / "config")
    assert "correct-horse" not in said
    assert "12345678" not in said


def test_there_are_at_least_thirty():
    assert len(BAD) >= 30
