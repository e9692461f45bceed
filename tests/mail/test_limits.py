"""The limits of a mail that is read at all: one below, exactly at, and one above."""

from __future__ import annotations

import pytest

from maildesk.mail import limits
from maildesk.mail.limits import TooMuch, check
from maildesk.mail.message import Mail, Unreadable
from maildesk.mail.read import read

HEAD = b"From: erika@kunde.example\r\nSubject: x\r\n"


def of_size(size: int) -> bytes:
    line = b"x" * 998 + b"\r\n"
    raw = HEAD + b"\r\n" + line * (size // len(line))
    return raw[:size].ljust(size, b"x")


def of_lines(count: int) -> bytes:
    return HEAD + b"\r\n" + b"\n" * (count - 3)


def of_header_lines(count: int) -> bytes:
    return HEAD + b"X: y\r\n" * (count - 2) + b"\r\n"


def of_header_bytes(size: int) -> bytes:
    field = b"X: " + b"y" * 1000 + b"\r\n"
    head = HEAD + field * ((size - len(HEAD)) // len(field))
    return head + b"Y:" + b"z" * (size - len(head) - 4) + b"\r\n\r\nbody"


def of_field_bytes(size: int) -> bytes:
    folds = b" " + b"y" * 997 + b"\r\n"
    field = b"X:\r\n" + folds * (size // len(folds) - 1)
    return HEAD + field + b" " + b"z" * (size - len(field) - 3) + b"\r\n\r\n"


def of_addresses(count: int) -> bytes:
    return (
        b"From: erika@kunde.example\r\nTo: " + b", ".join(b"a%d@b.example" % n for n in range(count - 1)) + b"\r\n\r\n"
    )


def of_words(count: int) -> bytes:
    return b"Subject: " + b" ".join([b"=?utf-8?q?a?="] * count) + b"\r\n\r\n"


def of_depth(count: int) -> bytes:
    levels = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(count))
    return HEAD + levels + b"\r\ndeep"


def of_attached_mails(count: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * count + b"Subject: deep\r\n\r\n"


def of_parts(count: int) -> bytes:
    kind = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return HEAD + kind + b"--b\r\n\r\nhi\r\n" * count + b"--b--\r\n"


def of_parts_in_a_hidden_boundary(count: int) -> bytes:
    kind = b'Content-Type: multipart/mixed;\r\n boundary*0="lo";\r\n boundary*1="ng"\r\n\r\n'
    return HEAD + kind + b"--long\r\n\r\nhi\r\n" * count + b"--long--\r\n"


def of_attachments(count: int) -> bytes:
    part = b"--b\r\nContent-Type: image/png\r\n\r\nx\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * count + b"--b--\r\n"


@pytest.mark.parametrize(
    ("build", "limit", "says"),
    [
        (of_size, limits.MAX_BYTES, "larger than"),
        (of_lines, limits.MAX_LINES, "500000 lines"),
        (of_header_lines, limits.MAX_HEADER_LINES, "header lines"),
        (of_header_bytes, limits.MAX_HEADER_BYTES, "a header of more"),
        (of_field_bytes, limits.MAX_FIELD_BYTES, "a header field of more than 32768 bytes"),
        (of_addresses, limits.MAX_ADDRESSES, "200 addresses"),
        (of_words, limits.MAX_ENCODED_WORDS, "100 encoded words"),
        (of_depth, limits.MAX_DEPTH, "20 deep"),
        (of_attached_mails, limits.MAX_DEPTH, "20 deep"),
        (of_parts, limits.MAX_PARTS, "500 parts"),
        (of_parts_in_a_hidden_boundary, limits.MAX_PARTS, "500 parts"),
        (of_attachments, limits.MAX_ATTACHMENTS, "100 attachments"),
    ],
)
def test_a_mail_is_read_up_to_each_limit_and_not_beyond(build, limit, says):
    for count in (limit - 1, limit):
        assert isinstance(read(build(count)), Mail), f"{says}: {count}"
    refused = read(build(limit + 1))
    assert isinstance(refused, Unreadable)
    assert refused.reason.startswith("over a limit")
    assert says in refused.reason


def test_addresses_in_quotes_and_comments_are_not_counted():
    names = b", ".join(b'"n%d@x, m@y" (c@d) <a%d@b.example>' % (n, n) for n in range(150))
    check(b"To: " + names + b"\r\n\r\n")


def test_boundaries_that_nobody_declared_cost_nothing():
    check(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--other\r\n\r\n" * 5000)
    check(HEAD + b"\r\n" + b"-- \r\n--\r\n--- a/file\r\n" * 5000)


def test_attached_mails_beside_each_other_do_not_add_up_to_depth():
    part = b"--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhi\r\n"
    check(HEAD + b"Content-Type: multipart/digest; boundary=o\r\n\r\n" + part * 90 + b"--o--\r\n")


def test_siblings_do_not_add_up_to_depth():
    inner = b"--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nhi\r\n--i--\r\n"
    check(HEAD + b"Content-Type: multipart/mixed; boundary=o\r\n\r\n" + inner * 100 + b"--o--\r\n")


def test_line_ends_of_every_kind_are_line_ends():
    deep = of_depth(limits.MAX_DEPTH + 1)
    for end in (b"\n", b"\r"):
        with pytest.raises(TooMuch, match="deep"):
            check(deep.replace(b"\r\n", end))


def test_the_blocks_of_a_delivery_report_are_parts_to_the_parser_too():
    blocks = HEAD + b"Content-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 5000
    refused = read(blocks)
    assert isinstance(refused, Unreadable)
    assert "parts and blocks" in refused.reason


def test_what_would_exhaust_a_parser_is_refused_or_read_but_never_raises():
    nasty = [
        b"From: " + b"(" * 4000 + b"\r\n\r\n",
        b"To: " + b"<" * 30000 + b"\r\n\r\n",
        b"Date: " + b"(" * 30000 + b"\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" * 2000,
        HEAD + b"Content-Type: multipart/mixed; " + b';"' * 15000 + b"\r\n\r\n",
        HEAD + b"Content-Type: text/plain; charset=\x00\r\n\r\nx",
        HEAD + b"Content-Type: text/plain; charset*=idna''%ff\r\n\r\nx\xff",
        HEAD + b"Content-Disposition: attachment; filename*=idna''%ff\r\n\r\nx",
        HEAD + b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\nx\r\n----\r\n",
    ]
    for raw in nasty:
        assert isinstance(read(raw), Mail | Unreadable)
