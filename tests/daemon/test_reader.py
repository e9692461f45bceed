"""The reader process, with real children: some of them hang, crash, eat memory or lie."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import maildesk
from maildesk.daemon.reader import Overrun, Reader, command
from maildesk.errors import Transient
from maildesk.mail.message import Kind, Reading, Unreadable

CHILD = """
import os, signal, sys, time
from maildesk.daemon.child import serve

def answer(raw):
    word, _, rest = raw.partition(b" ")
    if word == b"hang":
        time.sleep(60)
    if word == b"spin":
        while True:
            pass
    if word == b"exit":
        os._exit(3)
    if word == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == b"raise":
        raise ValueError(rest.decode())
    if word == b"eat":
        return bytes(2 << 30)
    if word == b"chat":
        print("noise between the answers")
        print("noise", file=sys.stderr)
        os.write(1, b"more noise")
    if word == b"lie":
        pipes = (fd for fd in os.listdir("/proc/self/fd") if int(fd) > 2)
        os.write(int(next(fd for fd in pipes if os.readlink("/proc/self/fd/" + fd).startswith("pipe"))), b"\\xff" * 8)
        time.sleep(60)
    if word == b"env":
        return repr(sorted(os.environ)).encode()
    if word == b"pid":
        return str(os.getpid()).encode()
    if word == b"grow":
        return b"x" * int(rest)
    return raw.upper()

serve(answer, 512 << 20)
"""


def decode(answer: bytes) -> Unreadable:
    """The answer itself, in a value that a reader may give."""
    return Unreadable(answer.decode())


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    script = tmp_path_factory.mktemp("child") / "child.py"
    script.write_text(CHILD)
    return (sys.executable, str(script))


@pytest.fixture(scope="module")
def reader(child: tuple[str, ...]) -> Iterator[Reader]:
    """One for all these tests: whatever a test did to its child, the next one gets a child that works."""
    with Reader(child, decode) as opened:
        yield opened


def answers(reader: Reader, *words: bytes, seconds: float = 5) -> list[str]:
    return [result.reason for result in reader.read(words, seconds=seconds)]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_answers_come_in_the_order_of_the_mails(reader):
    words = [b"mail %d" % n for n in range(200)]
    assert answers(reader, *words) == [word.decode().upper() for word in words]
    assert answers(reader, b"again") == ["AGAIN"]
    assert answers(reader) == []


def test_big_mails_and_big_answers_do_not_block_each_other(reader):
    big = b"a" * (3 << 20)
    lengths = [len(answer) for answer in answers(reader, big, b"grow 5000000", big, b"grow 5000000", b"x")]
    assert lengths == [3 << 20, 5_000_000, 3 << 20, 5_000_000, 1]


def test_all_the_children_are_one_child_while_nothing_happens(reader):
    assert len(set(answers(reader, b"pid", b"pid") + answers(reader, b"pid"))) == 1


@pytest.mark.parametrize(
    ("killer", "reason"),
    [
        (b"hang", "it was not read within 0.3 s"),
        (b"spin", "it was not read within 0.3 s"),
        (b"exit", "the reader process ended with status 3"),
        (b"crash", "the reader process was ended by SIGSEGV"),
        (b"raise a secret", "the reader process ended with status 1"),
        (b"eat", "reading it takes more memory than it may have"),
        (b"lie", "the reader process answered nonsense (too long)"),
    ],
)
def test_a_mail_that_hangs_or_kills_its_reader_is_alone_in_it(reader, killer, reason):
    before, found, *after = reader.read([b"before", killer, b"after", b"later"], seconds=0.3)
    assert before == Unreadable("BEFORE")
    assert found == Overrun(reason)
    assert after == [Unreadable("AFTER"), Unreadable("LATER")]


def test_two_killers_in_a_row_cost_two_children_and_no_other_mail(reader):
    assert answers(reader, b"a", b"exit", b"exit", b"b") == [
        "A",
        "the reader process ended with status 3",
        "the reader process ended with status 3",
        "B",
    ]


def test_a_child_killed_from_outside_is_replaced_and_no_mail_suffers(reader):
    (pid,) = answers(reader, b"pid")
    os.kill(int(pid), signal.SIGKILL)
    os.waitid(os.P_PID, int(pid), os.WEXITED | os.WNOWAIT)
    (other,) = answers(reader, b"pid")
    assert other != pid
    assert gone(int(pid))


def test_a_child_killed_at_work_is_reported_and_the_next_mail_is_read(reader):
    results = reader.read([b"pid", b"hang", b"next"], seconds=5)
    os.kill(int(next(results).reason), signal.SIGKILL)
    assert next(results) == Overrun("the reader process was ended by SIGKILL")
    assert next(results) == Unreadable("NEXT")


def test_a_service_managers_sigterm_is_not_for_the_child(reader):
    (pid,) = answers(reader, b"pid")
    os.kill(int(pid), signal.SIGTERM)
    assert answers(reader, b"pid") == [pid]


def test_the_time_of_a_mail_does_not_run_while_nobody_waits_for_it(reader):
    results = reader.read([b"one", b"two"], seconds=0.3)
    assert next(results) == Unreadable("ONE")
    time.sleep(0.5)
    assert next(results) == Unreadable("TWO")


def test_answers_that_nobody_waited_for_are_not_given_to_the_next_mails(reader):
    results = reader.read([b"one", b"two", b"three"])
    assert next(results) == Unreadable("ONE")
    results.close()
    assert answers(reader, b"four") == ["FOUR"]


def test_an_answer_that_cannot_be_decoded_is_nonsense_and_its_child_is_let_go(child):
    def strict(answer: bytes) -> Unreadable:
        if answer == b"BAD":
            raise ValueError("not an answer")
        return decode(answer)

    with Reader(child, strict) as reader:
        assert list(reader.read([b"bad", b"good"])) == [
            Overrun("the reader process answered nonsense"),
            Unreadable("GOOD"),
        ]


def test_what_a_library_prints_does_not_get_between_the_answers(reader):
    assert answers(reader, b"chat", b"mail") == ["CHAT", "MAIL"]


def test_the_child_knows_no_secret(child, monkeypatch):
    monkeypatch.setenv("MAILDESK_PASSWORD", "canary")
    with Reader(child, decode) as reader:
        (names,) = answers(reader, b"env")
    assert set(eval(names)) <= {"LANG", "LC_CTYPE", "PATH", "PYTHONPATH"}


def test_what_a_mail_makes_the_child_say_is_never_repeated(reader, capfd):
    (reason,) = answers(reader, b"raise a secret")
    assert "secret" not in reason
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import nothing_of_that_name", "nothing_of_that_name"),
        ("raise SystemExit(4)", "ended with status 4"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    ],
)
def test_a_child_that_does_not_start_is_the_admins_matter_and_no_mails_fault(script, said):
    with Reader((sys.executable, "-c", script), decode) as reader, pytest.raises(Transient, match=said):
        list(reader.read([b"mail"]))


def test_close_leaves_no_process_and_may_be_repeated(child):
    reader = Reader(child, decode)
    (pid,) = answers(reader, b"pid")
    reader.close()
    assert gone(int(pid))
    reader.close()


def test_a_child_that_will_not_end_is_killed(child):
    reader = Reader(child, decode)
    results = reader.read([b"pid", b"spin"], seconds=30)
    pid = int(next(results).reason)
    started = time.monotonic()
    reader.close()
    assert gone(pid)
    assert time.monotonic() - started < 5
    results.close()


def test_a_worn_child_is_replaced_between_two_batches(reader, monkeypatch):
    monkeypatch.setattr("maildesk.daemon.reader.RECYCLED", 2)
    first = answers(reader, b"pid", b"pid", b"pid")
    assert len(set(first)) == 1
    assert answers(reader, b"pid") != first[:1]


def test_a_child_ends_when_its_parent_is_gone(child, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys\n"
        "from maildesk.daemon.reader import Reader\n"
        f"reader = Reader({child!r}, bytes.decode)\n"
        "print(next(reader.read([b'pid', b'x'])), flush=True)\n"
        "os._exit(0)\n"
    )
    here = str(Path(maildesk.__file__).parent.parent)
    ended = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, env={"PYTHONPATH": here}, check=True)
    pid = int(ended.stdout)
    deadline = time.monotonic() + 5
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gone(pid)


# ---- the child that ships

MAIL = b"""\
From: Bob Roe <bob@customer.example>
To: support@acme.example
Subject: Printer jams
Message-ID: <%d@customer.example>

The printer jams.

-- %s
Bob
"""


def test_real_mails_come_back_as_readings(shared_reader):
    raws = [MAIL % (n, b"x" * n) for n in range(40)]
    found = list(shared_reader.read(raws))
    assert all(isinstance(reading, Reading) for reading in found)
    assert [reading.mail.message_id for reading in found] == [f"{n}@customer.example" for n in range(40)]
    assert {reading.verdict.kind for reading in found} == {Kind.HUMAN}


def test_a_mail_of_25_mb_fits_into_the_memory_of_the_child(shared_reader):
    line = b"x" * 996 + b"\r\n"
    head = MAIL.split(b"\n\n")[0] % 1 + b"\nContent-Type: application/octet-stream; name=a.bin\n\n"
    lines = (25 * 1024 * 1024 - len(head)) // len(line)
    (reading,) = shared_reader.read([head + line * lines])
    assert isinstance(reading, Reading), reading
    assert [part.size for part in reading.mail.attachments] == [len(line) * lines]


def test_a_reader_with_too_little_memory_says_so_and_goes_on():
    with Reader(command(memory=160 << 20)) as small:
        (big, tiny) = small.read([b"Subject: x\n\n" + b"a " * (12 << 20), MAIL % (1, b"")])
    assert isinstance(big, Overrun | Unreadable)
    assert "memory" in big.reason.lower()
    assert isinstance(tiny, Reading)
