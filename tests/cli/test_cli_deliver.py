"""deliver: 0 when the mail is safe, 75 in every other case, and nothing else."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from clidesk import CliDesk, letter, spawned

from maildesk.cli import guard


def rows(desk: CliDesk) -> list[tuple[str, str, int]]:
    """(mailbox, state, size) of every mail, by a second pair of eyes."""
    with closing(sqlite3.connect(desk.database)) as connection:
        return connection.execute("SELECT mailbox, state, size FROM inbox ORDER BY id").fetchall()


def test_a_mail_is_taken_for_the_first_mailbox_or_the_one_named(desk: CliDesk) -> None:
    first, second = letter(number=1), letter(number=2)
    assert desk("deliver", stdin=first) == desk("deliver", "--mailbox", "facility", stdin=second)
    assert rows(desk) == [("support", "received", len(first)), ("facility", "received", len(second))]


def test_the_same_mail_is_taken_once(desk: CliDesk) -> None:
    assert desk("deliver", stdin=letter()).code == 0
    assert desk("deliver", stdin=letter()).code == 0
    assert len(rows(desk)) == 1


def test_no_secret_of_a_server_is_needed(desk: CliDesk) -> None:
    text = (desk.config / "desk.yaml").read_text()
    gone = 'smtp: {url: "smtps://mail.acme.example", user: x, password: {file: /nonexistent}}'
    (desk.config / "desk.yaml").write_text(text.replace('smtp: {url: "smtp+plain://127.0.0.1:9"}', gone))
    assert desk("list").code == 0
    assert desk("check").code == 1
    assert desk("deliver", stdin=letter()).code == 0


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00\xff" * 1000, b"From x Mon\nSubject: y\n\n", b"a" * 3_000_000],
    ids=["empty", "noise", "mbox", "long"],
)
def test_whatever_it_is_it_is_taken(desk: CliDesk, raw: bytes) -> None:
    assert desk("deliver", stdin=raw).code == 0
    assert rows(desk) == [("support", "received", len(raw))]


def test_a_template_that_is_broken_stops_no_mail(desk: CliDesk) -> None:
    (desk.config / "templates" / "en").mkdir(parents=True)
    (desk.config / "templates" / "en" / "received.j2").write_bytes(b"{% \xff")
    assert desk("deliver", stdin=letter()).code == 0


def broken_yaml(desk: CliDesk) -> None:
    (desk.config / "rules.yaml").write_text("rules: [\n")


def no_configuration(desk: CliDesk) -> None:
    for path in desk.config.iterdir():
        path.unlink()
    desk.config.rmdir()


def no_database(desk: CliDesk) -> None:
    desk.database.unlink()


def old_schema(desk: CliDesk) -> None:
    with closing(sqlite3.connect(desk.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()


def no_database_at_all(desk: CliDesk) -> None:
    desk.database.write_bytes(b"this is no database" * 100)


def state_is_a_file(desk: CliDesk) -> None:
    for path in desk.state.iterdir():
        path.unlink()
    desk.state.rmdir()
    desk.state.write_text("")


def read_only(desk: CliDesk) -> None:
    """No writing even for root: the mail's row is refused as on a full disk."""
    with closing(sqlite3.connect(desk.database)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON inbox BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
        connection.commit()


@pytest.mark.parametrize(
    "spoil",
    [broken_yaml, no_configuration, no_database, old_schema, no_database_at_all, state_is_a_file, read_only],
    ids=lambda spoil: spoil.__name__,
)
def test_a_broken_desk_keeps_the_mail_at_the_mail_server(desk: CliDesk, spoil: object) -> None:
    assert callable(spoil)
    spoil(desk)
    result = desk("deliver", stdin=letter())
    assert result.code == 75
    assert result.out == ""
    assert result.err.strip(), "the reason is said"
    assert "the mail server keeps it" in result.err


def test_no_database_is_made_that_nobody_would_look_into(bare: CliDesk) -> None:
    assert bare("deliver", stdin=letter()).code == 75
    assert not bare.database.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["deliver", "--mailbox", "lost"],
        ["deliver", "--frob"],
        ["deliver", "more", "words"],
        ["deliver", "--mailbox"],
        ["--frob", "deliver"],
        ["--config", "/nonexistent", "deliver"],
        ["deliver", "--config"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_keeps_the_mail_at_the_mail_server(desk: CliDesk, words: list[str]) -> None:
    result = desk(*words, stdin=letter())
    assert result.code == 75
    assert result.err.strip()
    assert rows(desk) == []


def test_a_bug_keeps_the_mail_at_the_mail_server(desk: CliDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from maildesk.cli import deliver

    def broken(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(deliver, "run", broken)
    assert desk("deliver", stdin=letter()).code == 75


def test_a_mail_larger_than_any_is_kept_at_the_mail_server(desk: CliDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from maildesk.cli import deliver

    monkeypatch.setattr(deliver, "MOST", 1024 * 1024)
    result = desk("deliver", stdin=b"a" * (1024 * 1024 + 1))
    assert result.code == 75
    assert "larger than 1 MB" in result.err


def test_without_anybody_to_tell_the_reason_to_it_is_75_still(desk: CliDesk) -> None:
    command = [sys.executable, "-m", "maildesk", "deliver", "--mailbox", "lost"]
    closed = subprocess.Popen(["sh", "-c", 'exec "$@" 2>&- 1>&-', "sh", *command], stdin=subprocess.PIPE)
    closed.communicate(letter(), timeout=60)
    assert closed.returncode == 75
    broken, theirs = os.pipe()
    os.close(broken)
    piped = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=theirs, stderr=theirs)
    os.close(theirs)
    piped.communicate(letter(), timeout=60)
    assert piped.returncode == 75


def test_as_a_process_it_is_0_and_75_too(desk: CliDesk) -> None:
    taken = spawned("deliver", stdin=letter())
    assert (taken.returncode, taken.stdout, taken.stderr) == (0, b"", b"")
    assert len(rows(desk)) == 1


def test_a_machine_that_shuts_down_makes_no_mail_bounce(desk: CliDesk) -> None:
    """The signal comes while it waits for its turn at the database."""
    with desk.database.with_name("maildesk.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "maildesk", "deliver"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(letter())
            process.stdin.close()
            process.stdin = None
            waiting = _waits(process.pid)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
    assert waiting
    assert process.returncode == 75
    assert b"the mail server keeps it" in said
    assert rows(desk) == []


def _waits(pid: int, seconds: float = 20) -> bool:
    """Whether the process comes to stand in the kernel's queue for a lock (proc(5): "->")."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if re.search(rf"-> FLOCK .* {pid} ", Path("/proc/locks").read_text()):
            return True
        time.sleep(0.02)
    return False


def test_a_mail_is_drained_when_it_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"x" * 5000)
    os.close(theirs)
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        guard._drain()
        assert stdin.buffer.read() == b""
