"""The benchmark of fidelity on a small corpus of our own: its table, its misses, its last line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
SCRIPT = TESTS / "bench" / "fidelity.py"
pytestmark = pytest.mark.program


def lines(*arguments: object) -> list[str]:
    done = subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_every_measure_is_taken_and_other_programs_stand_beside_us():
    told = lines("--corpus", TESTS / "mails" / "fidelity")
    figures = json.loads(told[-1])
    assert figures == {
        **dict.fromkeys(("read", "from", "subject", "text", "charset", "reply", "bounce", "recipient"), 1.0),
        "false_bounce": 0.0,
    }
    assert [row.split()[0] for row in told[:5]] == ["collection", "bodies", "returned", "support", "all"]
    assert any(row.startswith("mail-parser  ") for row in told)
    assert any(row.startswith("quotequail") for row in told)  # with figures, or as not installed


def test_what_is_not_as_expected_is_a_miss_and_is_written_down(tmp_path):
    corpus = tmp_path / "corpus"
    shutil.copytree(TESTS / "mails" / "fidelity" / "support", corpus / "support")
    wrong = {"file": "away.eml", "from": "x@y.example", "subject": "z", "text": "a b c", "reply_text": "q"}
    wrong |= {"charset_ok_substring": "ö", "kind": "bounce", "bounce_recipient": ["x@y.example"]}
    (corpus / "support" / "expected.jsonl").write_text(json.dumps(wrong))
    misses = tmp_path / "misses"
    figures = json.loads(lines("--alone", "--corpus", corpus, "--misses", misses)[-1])
    assert figures == {
        **dict.fromkeys(("from", "subject", "text", "charset", "reply", "bounce", "recipient"), 0.0),
        "read": 1.0,
        "false_bounce": None,  # among bounces a mail of unknown kind proves nothing
    }
    found = {row["measure"]: row for row in map(json.loads, misses.read_text().splitlines())}
    assert found.keys() == {"from", "subject", "text", "charset", "reply", "kind", "bounce", "recipient"}
    assert found["from"] == {
        "measure": "from",
        "collection": "support",
        "file": "away.eml",
        "want": "x@y.example",
        "got": "otto@kunde.example",
    }


def test_a_humans_mail_that_is_called_automatic_is_a_miss_and_has_its_column(tmp_path):
    corpus = tmp_path / "corpus"
    shutil.copytree(TESTS / "mails" / "fidelity" / "support", corpus / "support")
    misses = tmp_path / "misses"
    for kind, found in (("normal", {"kind", "false_auto"}), ("auto_reply", set())):
        (corpus / "support" / "expected.jsonl").write_text(json.dumps({"file": "away.eml", "kind": kind}))
        told = lines("--alone", "--corpus", corpus, "--misses", misses)
        assert "false_auto" in told[0]
        assert "false_auto" not in json.loads(told[-1])
        rows = map(json.loads, misses.read_text().splitlines())
        assert {row["measure"] for row in rows if row["file"] == "away.eml"} == found


def test_without_a_corpus_it_says_how_one_is_named(tmp_path):
    command = [sys.executable, SCRIPT, "--corpus", tmp_path / "none"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "--corpus DIR" in done.stderr
