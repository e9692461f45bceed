"""Options, help, exit codes and the shape of what is printed, for all commands alike."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clidesk import CliDesk, letter, spawned

from maildesk import __version__
from maildesk.cli import delivering, setting
from maildesk.cli.page import aligned, line, lines, plain, span
from maildesk.desk.incident import Status

COMMANDS = (
    *("init", "check", "run", "reload", "deliver", "status", "demo", "explain", "list", "show", "act", "inbox"),
    *("inbox show", "inbox release", "inbox verify", "outbox", "outbox show", "outbox retry", "outbox drop"),
    *("outbox pause", "outbox resume", "db", "db upgrade", "db restored"),
)
DATA = ("list", "inbox", "outbox", "status")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(bare: CliDesk, command: str) -> None:
    result = bare(*command.split(), "--help")
    assert result.code == 0
    assert f"Usage: maildesk {command} " in result.out
    assert result.err == ""


def test_the_help_names_every_command_in_whole_sentences(bare: CliDesk) -> None:
    result = bare("--help")
    assert result.code == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command.split()[0]} .*\w\.$", result.out, re.MULTILINE), command
    assert "..." not in result.out.replace("[ARGS]...", "")


def test_the_version_is_told(bare: CliDesk) -> None:
    assert bare("--version").out == f"maildesk {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["lsit"],
        ["list", "--frob"],
        ["list", "--status", "lost"],
        ["list", "--limit", "0"],
        ["show"],
        ["act", "1"],
        ["inbox", "--state", "lost"],
        ["inbox", "show", "first"],
        ["outbox", "retry", "-1"],
        ["run", "--log-level", "loud"],
        ["explain"],
        ["db", "restored", "--days", "-1"],
        ["--config"],
    ],
    ids=" ".join,
)
def test_a_wrong_usage_ends_with_2_and_says_how_to_get_help(desk: CliDesk, words: list[str]) -> None:
    result = desk(*words)
    assert result.code == 2
    assert result.out == ""
    assert "Error: " in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("words", [["list", "--config"], ["--config", "list"]], ids=["after", "before"])
def test_config_may_stand_before_and_after_the_command(
    desk: CliDesk, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILDESK_CONFIG", "/nonexistent")
    words.insert(words.index("--config") + 1, str(desk.config))
    assert desk(*words).code == 0


def test_config_may_stand_at_every_level_and_the_last_one_counts(desk: CliDesk) -> None:
    assert desk("--config", "/nonexistent", "inbox", "--config", desk.config, "--json").json == []
    assert desk("inbox", "--config", desk.config, "verify").code == 0
    assert desk("inbox", "--config", desk.config, "verify", "--config", "/nonexistent").code == 2


def test_without_a_word_about_it_the_installed_configuration_counts(
    desk: CliDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setting.directory(None) == desk.config
    monkeypatch.delenv("MAILDESK_CONFIG")
    assert setting.directory(None) == Path("/etc/maildesk")


def test_a_missing_configuration_is_said_with_the_remedy(desk: CliDesk) -> None:
    result = desk("list", "--config", "/nonexistent/desk")
    assert result.code == 2
    assert "/nonexistent/desk" in result.err
    assert "maildesk init" in result.err


@pytest.mark.parametrize("command", DATA)
def test_a_missing_database_is_said_in_a_sentence(bare: CliDesk, command: str) -> None:
    result = bare(command)
    assert result.code == (2 if command == "status" else 1)
    assert "there is no database at" in result.out + result.err
    assert "Traceback" not in result.err
    assert not bare.state.exists(), "asking must not make anything"


@pytest.mark.parametrize("command", [*DATA, "run", "show 1", "act 1 #take", "inbox verify", "db upgrade"])
def test_a_broken_configuration_ends_with_2_and_its_lines(desk: CliDesk, command: str) -> None:
    (desk.config / "desk.yaml").write_text("desk: {nmae: ACME}\n")
    result = desk(*command.split(" ", 2))
    assert result.code == 2
    assert re.search(r"^desk\.yaml:1:\d+: desk.nmae: ", result.err, re.MULTILINE)
    assert "Traceback" not in result.err


def test_a_bug_shows_its_traceback_and_ends_with_1(desk: CliDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from maildesk.cli import queue

    monkeypatch.setattr(queue, "_cells", None)
    desk.mail(letter())
    result = desk("list")
    assert result.code == 1
    assert "TypeError" in result.err
    assert "Traceback" in result.err


def test_help_needs_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys\nfrom maildesk.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('sqlalchemy', 'pydantic', 'yaml', 'imapclient', 'aiosmtplib', 'asyncio', 'rich',"
        " 'jinja2', 'structlog', 'mailparser') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_python_m_maildesk_is_the_command() -> None:
    run = spawned("--version")
    assert (run.returncode, run.stdout) == (0, f"maildesk {__version__}\n".encode())


# --- terminals and pipes ---------------------------------------------------------------------------------------------

NASTY = "Jam \x1b]0;owned\x07\x1b[31m\x9b5m \u202egnp.exe"


def test_a_pipe_gets_whole_lines_without_colours_or_boxes(desk: CliDesk) -> None:
    desk.mail(letter("Jam " + "very " * 40 + "long", number=1), letter("Other", number=2))
    for words in (["list"], ["list", "--all"], ["show", "1"], ["outbox"], ["inbox", "--state", "done"], ["status"]):
        out = desk(*words).out
        assert not re.search(r"[\x1b\u2500-\u257f\u2026]", out), words
    row = next(row for row in desk("list").out.splitlines() if row.startswith("INC-1"))
    assert row.endswith("very long")
    assert len(desk("list").out.splitlines()) == 3


@pytest.mark.parametrize("words", [["list"], ["show", "1"], ["outbox"], ["inbox", "--state", "done"], ["explain", "-"]])
def test_control_characters_of_a_mail_never_reach_the_output(desk: CliDesk, words: list[str]) -> None:
    encoded = "=?utf-8?Q?" + "".join(f"={byte:02X}" for byte in NASTY.encode()) + "?="
    raw = letter(encoded, text="read \x1b[2J this\x9b\r\n" + NASTY)
    desk.mail(raw)
    for more in ([], ["--json"]):
        result = desk(*words, *more, stdin=raw)
        assert "Jam" in result.out
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.out + result.err)


def test_raw_bytes_are_whole_in_a_pipe_and_harmless_on_a_terminal(desk: CliDesk) -> None:
    raw = letter(text="read \x1b[2J this \xff")
    desk.mail(raw)
    assert desk("inbox", "show", 1, "--raw").out.encode() == raw
    shown = desk.on_terminal("inbox", "show", 1, "--raw")
    assert "\x1b" not in shown
    assert "[2J this" in shown


def test_a_terminal_gets_a_table_with_colours(desk: CliDesk) -> None:
    desk.mail(letter(), letter("Jam " + "very " * 40 + "long", number=2))
    for columns in (80, 140):
        shown = desk.on_terminal("list", columns=columns)
        assert "\u2500\u2500\u2500" in shown
        assert "\x1b[" in shown
        assert "INC-1" in shown
        plain_ = re.sub(r"\x1b\[[0-9;]*m", "", shown)
        assert plain_.count("very") == 40
        assert max(map(len, plain_.splitlines())) <= columns


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_traceback(desk: CliDesk, unbuffered: str) -> None:
    """Whether it goes while something is written or before the last of it is."""
    desk.mail(*(letter(number=number, From=f"a{number}@shop.example") for number in range(1, 4)))
    command = [sys.executable, "-m", "maildesk", "show", "1"]
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) in {0, 1}
    assert said == b""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\r\n lines", "two  lines"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\x9bb\x7f\x00", "a\ufffdb\ufffd\ufffd"),
        ("\u202etxt.exe", "\ufffdtxt.exe"),
        ("half \ud83d", "half \ufffd"),
        ("p\u2028q\u0085r", "p q r"),
        ("Größe 東京 👩‍💻", "Größe 東京 👩‍💻"),
    ],
)
def test_a_text_is_shown_as_one_harmless_line(text: str, shown: str) -> None:
    assert line(text) == shown


def test_lines_stay_lines() -> None:
    assert lines("one\n\ttwo\r\n\x1bthree") == "one\n    two\n\ufffdthree"


def test_columns_stand_below_one_another_and_end_where_they_end() -> None:
    assert aligned([["A", "B", "C"], ["long cell", "", "x"]]) == ["A          B  C", "long cell     x"]


def test_json_knows_the_values_of_the_desk() -> None:
    assert plain({"a": frozenset({"y", "x"}), "s": Status.NEW, "t": (1, None)}) == {
        "a": ["x", "y"],
        "s": "new",
        "t": [1, None],
    }


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "0 s"), (119, "119 s"), (121, "2 min"), (7300, "2 h"), (10**6, "11 d")]
)
def test_a_span_is_told_in_its_largest_unit(seconds: int, said: str) -> None:
    from datetime import timedelta

    assert span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("words", "is_deliver"),
    [
        ("deliver", True),
        ("--config x deliver --mailbox y", True),
        ("--config=x deliver", True),
        ("--nonsense deliver", True),
        ("list deliver", False),
        ("--config deliver", False),
        ("", False),
    ],
)
def test_a_call_of_deliver_is_known_however_wrong_it_is(words: str, is_deliver: bool) -> None:
    assert delivering(words.split()) is is_deliver


def test_help_is_quick() -> None:
    quick = (_seconds() < 2 for _ in range(3))
    assert any(quick), "a second is much on the slowest of machines; it takes about 0.2"


def _seconds() -> float:
    begun = time.monotonic()
    assert spawned("--help").returncode == 0
    return time.monotonic() - begun


@pytest.mark.parametrize("name", ["pymap", "aiosmtpd"])
def test_a_demo_without_its_servers_says_exactly_what_to_type(
    bare: CliDesk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)  # how Python marks a module that is not there
    result = bare("demo")
    assert (result.code, result.out) == (1, "")
    index, checkout, wheel = result.err.splitlines()
    assert index.startswith("pip install 'maildesk[demo]'  ")
    assert checkout.startswith("pip install -e '.[demo]'  ")
    assert wheel.startswith(f"pip install './maildesk-{__version__}-py3-none-any.whl[demo]'  ")


def test_the_demo_is_told_whether_to_stay(bare: CliDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr("maildesk.demo.main", told.append)
    assert bare("demo").code == 0
    assert bare("demo", "--keep").code == 0
    assert told == [False, True]
