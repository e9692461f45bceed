"""A short run of the damaged mails, and that the run would notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from time import process_time

import pytest
from mutations import LARGEST, MUTATIONS, mutated
from promises import broken

from maildesk.mail.message import Attachment, Reading, Unreadable
from maildesk.mail.reading import understand

MAILS = tuple(path.read_bytes() for path in sorted((Path(__file__).parent.parent / "mails").rglob("*.eml")))
PLAIN = b"From: erika@customer.example\r\nSubject: Printer\r\n\r\nIt jams.\r\n"
RUNS = 8
INPUTS = 30


@pytest.mark.parametrize("run", range(RUNS))
def test_every_damaged_mail_keeps_the_promises_of_reading(run):
    for number in range(INPUTS):
        raw = mutated(MAILS, Random(f"{run} {number}"))
        assert broken(raw) == "", f"run {run}, number {number}: {raw[:3000]!r}"


def test_a_seed_says_everything_about_an_input():
    inputs = [mutated(MAILS, Random("7 1")) for _ in range(2)]
    assert inputs[0] == inputs[1] != mutated(MAILS, Random("7 2"))
    assert all(len(mutated(MAILS, Random(str(seed)))) <= LARGEST for seed in range(200))


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_mutation_damages(mutation):
    raw = (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=c; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n--c\r\n\r\nHello\r\n--c--\r\n"
    )
    damaged = [mutation(raw, MAILS, Random(seed)) for seed in range(10)]
    assert sum(one != raw for one in damaged) > 5
    assert all(isinstance(mutation(b"", MAILS, Random(seed)), bytes) for seed in range(3))


def fails(_raw: bytes) -> Reading:
    raise ValueError("no")


def dawdles(raw: bytes) -> Reading | Unreadable:
    while process_time() < dawdles.until:
        pass
    return understand(raw)


def with_mail(**fields: object) -> Callable[[bytes], Reading]:
    def reader(raw: bytes) -> Reading:
        found = understand(raw)
        assert isinstance(found, Reading)
        return replace(found, mail=replace(found.mail, **fields))

    return reader


@pytest.mark.parametrize(
    ("reader", "trouble"),
    [
        (fails, "escaped: ValueError: no"),
        (lambda _raw: Unreadable(""), "a reason that is no clean line"),
        (lambda _raw: Unreadable("two\nlines"), "a reason that is no clean line"),
        (lambda _raw: Unreadable("the parser failed: KeyError: x"), "the parser failed: KeyError: x"),
        (with_mail(subject="a\u202eb"), "a line with a character"),
        (with_mail(message_id="a\r\nb"), "a line with a character"),
        (with_mail(subject="\ud800"), "does not cross the pipe"),
        (with_mail(attachments=(Attachment("../x", "a/b", b""),)), "an attachment with a path"),
        (with_mail(from_defect="x"), "an author and a doubt about him"),
        (dawdles, "took "),
    ],
)
def test_a_reader_that_breaks_a_promise_is_found_out(monkeypatch, reader, trouble):
    monkeypatch.setattr("promises.SECONDS", 0.1 if reader is dawdles else 4.0)
    dawdles.until = process_time() + 0.2
    monkeypatch.setattr("promises.understand", reader)
    assert broken(PLAIN).startswith(trouble)


def test_a_mail_over_a_limit_keeps_the_promises():
    assert broken(b"X: y\r\n" * 5000) == ""
