"""Daemons by the dozen: one process that has imported maildesk already and forks itself into each of them.

Most of the second that a start takes is spent on imports. Tests that kill want to kill work, not imports. What a child
runs is the same command line, from the same entry, with an environment and a log of its own.

    stdin   {"words": [...], "env": {...}, "log": path}   ->   stdout  {"pid": 1}
            {"wait": 1}, when it has ended                ->           {"code": 0}
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class Child:
    """What subprocess.Popen would be, as far as tests need it."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._handle = os.pidfd_open(pid)
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative after a signal; None while it lives."""
        return self._ended(0)

    def wait(self, seconds: float | None = None) -> int:
        code = self._ended(seconds)
        if code is None:
            raise subprocess.TimeoutExpired("maildesk", seconds or 0)
        return code

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError, OSError):
            signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        if self._code is None:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            if poll.poll(None if seconds is None else seconds * 1000):
                self._code = int(self._nursery.ask({"wait": self.pid})["code"])
                os.close(self._handle)
        return self._code


class Nursery:
    """The process that forks. Not for several threads at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(self, words: Sequence[str], env: Mapping[str, str], log: Path) -> Child:
        return Child(self, int(self.ask({"words": list(words), "env": dict(env), "log": str(log)})["pid"]))

    def ask(self, question: Mapping[str, object]) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate("")


def _serve() -> list[str] | None:
    """Fork as asked. Returns twice over: the command line in each child, None in the parent at the end."""
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)
            continue
        pid = os.fork()
        if not pid:
            _become(question["env"], question["log"])
            return list(question["words"])
        print(json.dumps({"pid": pid}), flush=True)
    return None


def _become(env: dict[str, str], log: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    nothing = os.open(os.devnull, os.O_RDONLY)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for old, new in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(old, new)


if __name__ == "__main__":
    import maildesk.cli.app
    import maildesk.cli.serve  # noqa: F401 - imported so that the children need not
    from maildesk.cli import main

    if (command := _serve()) is not None:
        main(command)
