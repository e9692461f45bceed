"""The reader's child: the process that parses, and has nothing to lose.

It takes mails from its standard input and writes what it makes of them to its standard output, each with its length
before it. First comes one empty frame, to say that everything is there that it needs. It may use a limited amount of
memory, writes no file and leaves no core, and ends when its input does.
"""

from __future__ import annotations

import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import IO

MEMORY = 1024 * 1024 * 1024  # bytes of address space; a mail of 25 MB of base64 takes a quarter of it
ORPHANED = 600  # seconds that one mail may take here: the parent is stricter, and this is for when it is gone
OUT_OF_MEMORY = 77  # exit status
LENGTH = struct.Struct("!I")


def serve(answer: Callable[[bytes], bytes], memory: int = MEMORY) -> None:
    """The child's life: a mail in, an answer out, until the input ends."""
    pipe = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not get between the answers
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a service manager sends it to everybody; we end with our input
    for limit, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        _limit(limit, most)
    with open(0, "rb", closefd=False) as mails, open(pipe, "wb") as answers:  # noqa: PTH123 -- descriptors, not paths
        _put(answers, b"")
        _hush()
        try:
            while (raw := _get(mails)) is not None:
                signal.alarm(ORPHANED)
                _put(answers, answer(raw))
                signal.alarm(0)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # nothing more can be done without memory, not even ending in good order


def _limit(limit: int, most: int) -> None:
    granted = resource.getrlimit(limit)[1]
    most = most if granted == resource.RLIM_INFINITY else min(most, granted)
    resource.setrlimit(limit, (most, most))


def _get(mails: IO[bytes]) -> bytes | None:
    head = mails.read(LENGTH.size)
    return mails.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


def _put(answers: IO[bytes], answer: bytes) -> None:
    answers.write(LENGTH.pack(len(answer)))
    answers.write(answer)
    answers.flush()


def _hush() -> None:
    """From the first mail on, standard output and error lead nowhere: a traceback may quote a mail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


if __name__ == "__main__":
    from maildesk.mail.reading import pack, understand  # not above: the loop is also run with other answers, in tests

    serve(lambda raw: pack(understand(raw)), int(sys.argv[1]))
