"""What the worst mails cost: each is read by a process of its own, which tells its processor time and its memory.

    python tests/bench/hostile.py [NAME ...]      a table; the last line is one JSON object; exit code 1 if one is over

Bounds: an ordinary mail of 25 MB 2 s and 300 MiB, all others 10 s and 600 MiB. Reading here is what the reader process
does with a mail: `understand` and `pack`. The memory is the largest of the whole process, with Python and the mail.
"""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from maildesk.mail.limits import MAX_BYTES
from maildesk.mail.message import Reading
from maildesk.mail.reading import pack, understand

MB = 1024 * 1024
HEAD = (
    b"From: Erika <erika@customer.example>\r\nTo: support@acme.example\r\n"
    b"Subject: Printer jams\r\nMIME-Version: 1.0\r\n"
)
ORDINARY = (2.0, 300)  # seconds of processor time, MiB
WORST = (10.0, 600)
GIVEN_UP = 120  # seconds after which a child is ended

Build = Callable[[], bytes]
CASES: dict[str, tuple[Build, tuple[float, int]]] = {}


def case(bounds: tuple[float, int] = WORST) -> Callable[[Build], Build]:
    def kept(build: Build) -> Build:
        CASES[build.__name__.replace("_", " ")] = (build, bounds)
        return build

    return kept


def body(kind: bytes, content: bytes, coding: bytes = b"8bit") -> bytes:
    return (HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + coding + b"\r\n\r\n" + content)[
        :MAX_BYTES
    ]


def filled(piece: bytes, size: int = 24 * MB) -> bytes:
    return piece * (size // len(piece))


def html(content: bytes) -> bytes:
    return body(b"text/html; charset=utf-8", content)


def text(content: bytes) -> bytes:
    return body(b"text/plain; charset=utf-8", content)


@case(ORDINARY)
def ordinary_attachments_25_mb() -> bytes:
    rng = Random(1)
    words = b"The printer on the third floor jams again. \r\n" * 40
    files = [
        b"--b\r\nContent-Type: application/pdf; name=scan%d.pdf\r\nContent-Disposition: attachment\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n%s"
        % (n, base64.encodebytes(rng.randbytes(3_500_000)).replace(b"\n", b"\r\n"))
        for n in range(5)
    ]
    head = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + words
    return (head + b"".join(files))[: MAX_BYTES - 10] + b"\r\n--b--\r\n"


@case(ORDINARY)
def one_attachment_25_mb() -> bytes:
    coded = base64.encodebytes(Random(2).randbytes(18_600_000)).replace(b"\n", b"\r\n")
    return body(b"application/zip; name=all.zip", coded, b"base64")


@case()
def lines_25_million() -> bytes:
    return text(b"\n" * (MAX_BYTES - 400))


@case()
def lines_just_under_the_limit() -> bytes:
    return text(b"> a b c d e f g\n" * 499_000)


@case()
def parts_100_000() -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--\r\n"


@case()
def parts_500_of_html() -> bytes:
    part = b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<div><p>a</p></div>" * 2500 + b"\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 495 + b"--b--\r\n"


@case()
def header_of_1_mb_in_one_field() -> bytes:
    return HEAD + b"X: " + b"y" * MB + b"\r\n\r\nx"


@case()
def header_of_1_mb_in_many_fields() -> bytes:
    return HEAD + b"X: y\r\n" * (MB // 6) + b"\r\nx"


@case()
def header_full_to_the_limit() -> bytes:
    return HEAD + (b"X: " + b"=?utf-8?q?=C3?=" * 90 + b"\r\n") * 180 + b"\r\nx"


@case()
def addresses_1_mb() -> bytes:
    return HEAD + b"Cc: " + b"a@b.example, " * 80_000 + b"\r\n\r\nx"


@case()
def brackets_in_every_address_field() -> bytes:
    return b"".join(name + b": " + piece * (30_000 // len(piece)) + b"\r\n" for name, piece in BRACKETS) + b"\r\nx"


BRACKETS = tuple(
    zip((b"From", b"To", b"Cc", b"Reply-To", b"Sender"), (b"(", b"<", b'"', b"a:;", b"=?x?q?("), strict=True)
)


@case()
def encoded_words_1_000_000() -> bytes:
    return b"Subject: " + b"=?utf-8?q?a?= " * 1_000_000 + b"\r\n\r\nx"


@case()
def references_10_000() -> bytes:
    return HEAD + b"References: " + b"<a@b.example>\r\n " * 10_000 + b"\r\n\r\nx"


@case()
def references_full_to_the_limit() -> bytes:
    return HEAD + b"References: " + b"<" * 32_000 + b"\r\nIn-Reply-To: " + b"<a@b> " * 5_000 + b"\r\n\r\nx"


@case()
def multiparts_10_000_deep() -> bytes:
    return HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000)
    )


@case()
def mails_in_mails_10_000_deep() -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 10_000


@case()
def multiparts_as_deep_as_allowed_with_many_lines() -> bytes:
    levels = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(19))
    return HEAD + levels + b"\r\n" + b"--x\r\n" * 480_000


@case()
def base64_in_one_line() -> bytes:
    return body(b"text/plain; charset=utf-8", base64.b64encode(b"ab\n" * (6 * MB)), b"base64")


@case()
def base64_of_nothing() -> bytes:
    return body(
        b"application/zip", filled(b"=" * 76 + b"\r\n", 2 * MB) + filled(b"!?*,;:_-" * 9 + b"\r\n", 22 * MB), b"base64"
    )


@case()
def quoted_printable_of_nothing() -> bytes:
    return body(b"text/plain; charset=utf-8", filled(b"=" * 60 + b"=XX\r\n"), b"quoted-printable")


@case()
def uuencode_without_end() -> bytes:
    return body(b"application/zip", b"begin 644 x\n" + filled(b"M" + b"#" * 60 + b"\n"), b"x-uuencode")


@case()
def charset_that_lies() -> bytes:
    return body(b"text/plain; charset=utf-16", filled(b"\xd8\x00\xff\xfe\xdc" * 50 + b"\n"))


@case()
def charset_that_switches() -> bytes:
    return body(b"text/plain; charset=iso-2022-jp", filled(b"\x1b$B\x1b(B$" * 20 + b"\n"))


@case()
def text_in_one_line_25_mb() -> bytes:
    return text(filled(b"a b: c@d.example, "))


@case()
def text_of_quotes() -> bytes:
    return text(filled(b"> " * 30 + b"x\r\n", 8 * MB))


@case()
def text_of_headlines() -> bytes:
    return text(filled(b"On Mon, 2 Mar 2026 at 9:20, Ann <ann@acme.example>\r\nFrom: a\r\nSent: b\r\n-- \r\n", 8 * MB))


@case()
def text_of_the_beginnings_of_headlines() -> bytes:
    return text(
        filled(b"On Am Le El Il Op Den ", 200_000)
        + b"\r\n"
        + filled(b"----- ", 200_000)
        + b"\r\n"
        + filled(b"From: ", 200_000)
    )


@case()
def text_of_marks_on_one_letter() -> bytes:
    return text(b"a" + filled("\u0301".encode(), 1_000_000))


@case()
def text_that_flows() -> bytes:
    return body(b"text/plain; charset=utf-8; format=flowed; delsp=yes", b">> a \r\n" * 498_000)


@case()
def html_table_of_a_million_cells() -> bytes:
    return html(b"<table>" + b"<tr>" + b"<td>x</td>" * 1_000_000 + b"</table>")


@case()
def html_tables_in_tables() -> bytes:
    return html(b"<table><tr><td>" * 100_000 + b"x")


@case()
def html_blocks_in_blocks() -> bytes:
    return html(b"<div>" * 500_000 + b"x" + b"</div>" * 500_000)


@case()
def html_quotes_in_quotes() -> bytes:
    return html(b"<blockquote>a<p>" * 200_000)


@case()
def html_of_open_inline_elements() -> bytes:
    return html(b"<b><i><a href=x><font>" * 100_000 + b"<p>x" * 10_000)


@case()
def html_of_25_mb() -> bytes:
    return html(
        filled(b"<p style='color:red'>A <a href='https://acme.example/x?y=1&amp;z=2'>link</a> and <b>bold</b>.</p>\r\n")
    )


@case()
def html_of_attributes() -> bytes:
    return html(b"<p " + filled(b"a='b' ", 4 * MB) + b">x")


@case()
def html_of_half_tags() -> bytes:
    return html(
        filled(b"<a <", 4 * MB) + filled(b"<!--", 4 * MB) + filled(b"&#x", 4 * MB) + filled(b"<![CDATA[", 4 * MB)
    )


@case()
def html_list_in_lists() -> bytes:
    return html(b"<ul><li>x" * 100_000)


@case()
def html_of_hidden_text() -> bytes:
    return html(b"<div style='display:none'><p>secret</p></div>" * 200_000 + b"<p>seen</p>")


@case()
def report_blocks_100_000() -> bytes:
    return body(b"message/delivery-status", b"Final-Recipient: rfc822; a@b.example\r\n\r\n" * 100_000, b"7bit")


@case()
def report_in_prose_of_addresses() -> bytes:
    head = b"From: MAILER-DAEMON@mx.example\r\nSubject: Returned mail\r\n\r\n"
    return head + b"".join(b"<a%d@b.example>: 550 no\r\n" % n for n in range(400_000))


@case()
def report_in_a_report_in_a_report() -> bytes:
    head = b"From: MAILER-DAEMON@mx.example\r\nSubject: Returned mail\r\n"
    level = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\nContent-Type: message/rfc822\r\n\r\n"
    return (
        b"".join(head + level % (b"b%d" % n, b"b%d" % n) for n in range(9))
        + head
        + b"\r\n"
        + filled(b"a@b.c ", 20 * MB)
    )


@case()
def parameters_by_the_thousand() -> bytes:
    split = b"".join(b"; filename*%d*=%%41" % n for n in range(1900))
    return (
        HEAD
        + b"Content-Type: application/zip"
        + b";" * 900
        + b"\r\nContent-Disposition: attachment"
        + split
        + b"\r\n\r\nx"
    )


@dataclass(frozen=True)
class Cost:
    """What one mail cost its reader: seconds of processor time, MiB at the worst, and what became of it."""

    seconds: float
    mib: int
    outcome: str


def measured(name: str) -> Cost:
    """Build and read a mail in a child of its own; the mail goes through a pipe, so that only its bytes count."""
    raw = CASES[name][0]()
    started = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--child"], input=raw, capture_output=True, timeout=GIVEN_UP, check=False
        )
    except subprocess.TimeoutExpired:
        return Cost(time.monotonic() - started, 0, "given up")
    if done.returncode:
        return Cost(
            time.monotonic() - started, 0, f"exit {done.returncode}: {done.stderr[-200:].decode(errors='replace')}"
        )
    return Cost(**json.loads(done.stdout))


def peak() -> int:
    """MiB that this process held at most. Linux lets ru_maxrss begin with what the parent held: not before /proc."""
    status = Path("/proc/self/status")
    if status.exists():
        return (
            int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))) // 1024
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def child() -> None:
    raw = sys.stdin.buffer.read()
    started = time.process_time()
    found = understand(raw)
    pack(found)
    seconds = time.process_time() - started
    mib = peak()
    outcome = f"{found.verdict.kind}" if isinstance(found, Reading) else found.reason
    print(json.dumps({"seconds": seconds, "mib": mib, "outcome": outcome}))


def main(names: list[str]) -> int:
    over: list[str] = []
    worst: dict[str, tuple[float, int]] = {}
    for name in names or CASES:
        cost, (seconds, mib) = measured(name), CASES[name][1]
        bad = cost.seconds > seconds or cost.mib > mib or not cost.mib
        over += [name] * bad
        worst[name] = (round(cost.seconds, 2), cost.mib)
        print(
            f"{'OVER' if bad else 'ok':5}{cost.seconds:7.2f} s {cost.mib:5} MiB  {name}: {cost.outcome[:70]}",
            flush=True,
        )
    print(
        json.dumps(
            {"over": over, "seconds": max(s for s, _ in worst.values()), "mib": max(m for _, m in worst.values())}
        )
    )
    return 1 if over else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--child"]:
        child()
    else:
        sys.exit(main(sys.argv[1:]))
