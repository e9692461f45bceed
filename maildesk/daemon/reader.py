"""The reader process: mails are parsed by a child that may hang or die of them, and nothing else dies with it.

    Reader.read(raws)    length, bytes  ->    child.serve(answer)
                         <-  length, answer

The child knows nothing: no secret, no database, an environment of three variables, a limit on its memory, no core
dump that could hold a mail. It says one empty frame when it is ready; until then its errors are ours (a broken
installation) and are reported as such, afterwards they may quote a mail and are thrown away.

Bytes of the mails behind the first are already in the pipe while their predecessor is parsed or handled, so child and
parent work side by side. Answers come in order, so whichever mail is the first without an answer is the one that hung
or killed the child; the mails behind it are read again by a new child and do not suffer for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, Self

import maildesk
from maildesk.daemon.child import LENGTH, MEMORY, OUT_OF_MEMORY
from maildesk.errors import Transient
from maildesk.mail.message import Reading, Unreadable
from maildesk.mail.reading import unpack

SECONDS = 10.0  # that a mail may take; the worst within the size limits takes two
STARTING = 30.0  # seconds for a child to import what it needs on a busy machine
ENDING = 0.5  # seconds for a child to end by itself, before it is killed
RECYCLED = 2000  # mails a child reads before it is replaced, so that no leak of a library ever matters
_PIPE = 1024 * 1024  # bytes, the most that Linux grants everybody
_LONGEST = 256 * 1024 * 1024  # bytes of an answer; a longer one is a lie


@dataclass(frozen=True, slots=True)
class Overrun:
    """A mail that could not be read because its reader hung or died; `reason` is one line for an admin."""

    reason: str


class _Ended(Exception):
    """The child will not answer the mail it has; the text is the reason."""


def command(memory: int = MEMORY) -> tuple[str, ...]:
    """How the child is started. `-P`: nothing is imported from the working directory."""
    return (sys.executable, "-P", "-m", "maildesk.daemon.child", str(memory))


class Reader:
    """Reads mails in a child process, which is started with the first mail and replaced when one kills it.

    `decode` raises ValueError for what is no answer. For one thread; `close()` it, or use it as a context manager.
    """

    def __init__(
        self,
        child: Sequence[str] | None = None,
        decode: Callable[[bytes], Reading | Unreadable] = unpack,
    ) -> None:
        self._command = tuple(child or command())
        self._decode = decode
        self._child: _Child | None = None

    def read(self, raws: Sequence[bytes], *, seconds: float = SECONDS) -> Iterator[Reading | Unreadable | Overrun]:
        """One result for each mail, in order. Raises Transient if no child can be started at all.

        `seconds` is for one mail, counted from when its result is asked for.
        """
        self._retire()
        if self._child and raws:
            self._child.feed(raws)
        answered = 0
        try:
            while answered < len(raws):
                result = self._result(raws[answered:], seconds)
                answered += 1
                yield result
        finally:
            if answered < len(raws):  # answers that nobody waited for must not be taken for those of the next mails
                self._kill()

    def close(self) -> None:
        """End the child; harmless to repeat."""
        if self._child:
            self._child.close()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _result(self, rest: Sequence[bytes], seconds: float) -> Reading | Unreadable | Overrun:
        if self._child is None:
            self._child = _Child(self._command)
            self._child.feed(rest)
        try:
            return self._decode(self._child.answer(seconds))
        except _Ended as ended:
            reason = str(ended)
        except ValueError:
            reason = "the reader process answered nonsense"
        self._kill()
        return Overrun(reason)

    def _retire(self) -> None:
        """Let go of a child that died while it had nothing to do, or that has read enough."""
        if self._child and self._child.worn():
            self.close()

    def _kill(self) -> None:
        if self._child:
            self._child.kill()
            self._child = None


class _Child:
    """One child process and its two pipes, neither of which ever blocks us."""

    def __init__(self, line: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 -- our own command line, no shell, no data of a mail in it
            line,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
            start_new_session=True,  # Ctrl-C at the terminal ends the daemon in good order, not its reader under it
        )
        self._stdin, self._stdout = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._waiting: deque[memoryview] = deque()
        self._received = bytearray()
        self._answered = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._greet()

    def feed(self, raws: Sequence[bytes]) -> None:
        """Queue mails; they go out while answers are waited for."""
        if not self._waiting:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        for raw in raws:
            self._waiting += (memoryview(LENGTH.pack(len(raw))), memoryview(raw))

    def answer(self, seconds: float) -> bytes:
        """The next answer. Raises _Ended if it does not come within `seconds` or the child dies first."""
        deadline = time.monotonic() + seconds
        self._pump(0)
        while (frame := self._frame()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _Ended(f"it was not read within {seconds:g} s")
            self._pump(left)
        self._answered += 1
        return frame

    def worn(self) -> bool:
        """Whether it should be replaced before it gets more mails."""
        return self._process.poll() is not None or self._answered >= RECYCLED

    def kill(self) -> None:
        self._process.kill()
        self._bury()

    def close(self) -> None:
        """Let it end by itself, as it does at the end of its input; kill it if it does not."""
        self._stdin.close()
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._bury()

    def _bury(self) -> None:
        self._process.wait()
        self._selector.close()
        for pipe in (self._stdin, self._stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def _greet(self) -> None:
        """Wait for the empty frame. Until then nothing of a mail can be in the child's errors, so they are shown."""
        try:
            self.answer(STARTING)
        except _Ended as ended:
            self._process.kill()
            said = self._process.stderr.read().decode("utf-8", "replace").split("\n") if self._process.stderr else []
            self._bury()
            last = next((line.strip() for line in reversed(said) if line.strip()), str(ended))
            raise Transient(f"the reader process does not start: {last}") from None
        self._answered = 0
        if self._process.stderr:
            self._process.stderr.close()

    def _pump(self, seconds: float) -> None:
        """Wait until one of the pipes can go on, and let it."""
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._stdout:
                self._receive()
            else:
                self._send()

    def _send(self) -> None:
        try:
            written = os.write(self._stdin.fileno(), self._waiting[0][:_PIPE])
        except BlockingIOError:
            return
        except BrokenPipeError:  # it is dead, and the end of its answers will say so
            self._waiting.clear()
        else:
            self._waiting[0] = self._waiting[0][written:]
        while self._waiting and not self._waiting[0]:
            self._waiting.popleft()
        if not self._waiting:
            self._selector.unregister(self._stdin)

    def _receive(self) -> None:
        piece = os.read(self._stdout.fileno(), _PIPE)
        if not piece:
            self._mourn()
        self._received += piece

    def _frame(self) -> bytes | None:
        """The next whole answer of what has come in."""
        if len(self._received) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._received)
        if length > _LONGEST:
            raise _Ended("the reader process answered nonsense (too long)")
        end = LENGTH.size + length
        if len(self._received) < end:
            return None
        frame = bytes(memoryview(self._received)[LENGTH.size : end])
        del self._received[:end]
        return frame

    def _mourn(self) -> NoReturn:
        """Say of what the child died."""
        try:
            status = self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            raise _Ended("the reader process closed its pipe") from None
        if status == OUT_OF_MEMORY:
            raise _Ended("reading it takes more memory than it may have")
        if status < 0:
            raise _Ended(f"the reader process was ended by {signal.Signals(-status).name}")
        raise _Ended(f"the reader process ended with status {status}")


def _environment() -> dict[str, str]:
    """What the child may know: where programs are, that text is UTF-8, and which maildesk this is."""
    here = str(Path(maildesk.__file__).parent.parent)
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONPATH": here}


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    """A pipe that never blocks and holds as much as the system grants."""
    assert pipe is not None
    os.set_blocking(pipe.fileno(), False)
    with contextlib.suppress(OSError):  # the user's share of pipe memory is used up: the default size does too
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    return pipe
