"""Mails as no program would write them: real ones, damaged in the ways that wires, gateways and attackers damage them.

`mutated` is a pure function of its mails and its random generator, so a seed says everything about an input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

LARGEST = 512 * 1024  # bytes of a damaged mail; how big ones are handled is for tests/bench/hostile.py
_BREAK = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(rb"(?<=boundary=)\"?[^\s\";]{1,70}\"?", re.IGNORECASE)
_CHARSET = re.compile(rb"(?<=charset=)\"?[\w.:-]{1,40}\"?", re.IGNORECASE)
_CODING = re.compile(rb"(?<=content-transfer-encoding:)[^\r\n]{0,60}", re.IGNORECASE)
_TYPE = re.compile(rb"(?<=content-type:)[^\r\n;]{0,60}", re.IGNORECASE)

CHARSETS = (
    *b"utf-8 utf-7 utf-16 utf-16le utf-32 utf-8-sig ascii latin-1 cp1252 iso-2022-jp iso-2022-kr hz gb18030".split(),
    *b"big5hkscs shift_jis koi8-r idna punycode unicode-escape raw-unicode-escape undefined base64 rot13 zlib".split(),
    *(b"uu", b"x-unknown", b"cp037", b"mbcs", b'""', b"\x00", b"'", b"utf-8''x"),
)
CODINGS = (
    b" base64",
    b" quoted-printable",
    b" x-uuencode",
    b" 8bit",
    b" binary",
    b" gzip",
    b"",
    b" base64; x=y",
    b" \xff",
)
TYPES = (
    b" text/plain", b" text/html", b" multipart/mixed", b" multipart/alternative", b" multipart/related",
    b" multipart/signed", b" multipart/report", b" multipart/digest", b" message/rfc822", b" message/partial",
    b" message/delivery-status", b" message/external-body", b" text/calendar", b" text/rfc822-headers",
    b" application/ms-tnef", b" text", b" /", b"", b" multipart/", b" \xc3\xbc/\xff",
)  # fmt: skip
# What means something to a parser of mails, of addresses, of HTML, or to a terminal.
TOKENS = (
    b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\t", b"\x0b\x0c", b"\x1b[31m", b"\x7f", b"\x85", b"\xff\xfe",
    b"\xef\xbb\xbf", "\u2028\u2029".encode(), "\u202e\u2066".encode(), "\u200b\ufeff".encode(), "\U0001f600".encode(),
    b"\xed\xa0\x80", b"=?utf-8?q?=C3?=", b"=?utf-8?b?w?=", b"=?x?b?====?=", b"=?utf-8?q?a=0D=0ABcc:_x@y.example?=",
    b"=?utf-7?q?+-?=", b"=?=?=", b"=?utf-8?q?=?=", b"((((((((", b"<<<<<<<<", b'""""', b",,,,,", b";;;;", b"::::",
    b"@@@@", b"\\\\\\", b"a@b.example", b"<@a.example:b@c.example>", b"group:;", b'"a@b"@c.example', b"[1.2.3.4]",
    b"@xn--", b"\r\nFrom: a@b.example", b"\r\nSubject: x", b"\r\n ", b"\r\n\t\r\n", b"\r\nFrom x", b"\n>From ",
    b"\n.\r\n", b"\n-- \n", b"\r\nContent-Type: message/rfc822\r\n\r\n",
    b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"filename*0*=utf-8''%41%FF", b"filename*1=x",
    b'filename="../../etc/passwd"', b"name*=idna''%ff", b"%s%n{0}{{7*7}}", b"\nbegin 644 x\n#86)C\n`\nend\n", b"\n> ",
    b"\n>>>>>>>>>>>>> ", b"\nOn 1.1.2026 10:00 a@b.example wrote:\n",
    b"\n________________________________\nFrom: a@b.example\nSent: x\nTo: y\nSubject: z\n",
    b"\n-----Original Message-----\n", b"<div>", b"</div>", b"<blockquote>", b"<table><tr><td>", b"<!--", b"-->",
    b"<![CDATA[", b"<style>", b"</html>", b"<a href=", b"<img src=cid:", b"&#x0;", b"&#xD800;", b"&#1114112;",
    b"&nbsp;", b"<br", b'<p style="display:none">', b"<?xml", b"<svg><",
    b"\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n", b"\nReporting-MTA: dns; x\n\n",
)  # fmt: skip


def _place(raw: bytes, rng: Random) -> int:
    """A place in the mail, as often in its header as in all the rest."""
    end = _BREAK.search(raw)
    stop = end.start() if end and rng.random() < 0.5 else len(raw)
    return rng.randint(0, stop)


def _flip(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
    damaged = bytearray(raw)
    for _ in range(rng.choice((1, 4, 32)) if raw else 0):
        damaged[min(_place(raw, rng), len(raw) - 1)] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _insert(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
    at = _place(raw, rng)
    return raw[:at] + rng.choice(TOKENS) * rng.choice((1, 1, 1, 3, 50, 3000)) + raw[at:]


def _cut(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
    at = _place(raw, rng)
    return raw[:at] + raw[at + rng.choice((1, 2, 10, 100, 2000)) :]


def _truncate(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
    return raw[: _place(raw, rng)]


def _repeat(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
    at = _place(raw, rng)
    return raw[:at] + raw[at : at + rng.choice((1, 10, 80, 500))] * rng.choice((2, 10, 300)) + raw[at:]


def _splice(raw: bytes, mails: Sequence[bytes], rng: Random) -> bytes:
    """The beginning of one mail and the end of another."""
    other = rng.choice(mails)
    return raw[: _place(raw, rng)] + other[_place(other, rng) :]


def _header_again(raw: bytes, mails: Sequence[bytes], rng: Random) -> bytes:
    """A header field a second time, of this mail or of another."""
    head = _BREAK.split(rng.choice((raw, rng.choice(mails))), maxsplit=1)[0]
    lines = head.splitlines(keepends=True) or [b"X: y\r\n"]
    start = rng.randrange(len(lines))
    return b"".join(lines[start : start + rng.choice((1, 1, 2, 5))]).rstrip() + b"\r\n" + raw


def _lines_shuffled(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    some = lines[at : at + 20]
    rng.shuffle(some)
    return b"".join([*lines[:at], *some, *lines[at + 20 :]])


def _line_ends(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
    return raw.replace(
        *rng.choice(((b"\r\n", b"\n"), (b"\n", b"\r"), (b"\n", b"\r\r\n"), (b"\n", b"\n\n"), (b"\n ", b"\n")))
    )


def _wrapped(raw: bytes, mails: Sequence[bytes], rng: Random) -> bytes:
    """The mail as a part of another."""
    head = _BREAK.split(rng.choice(mails), maxsplit=1)[0]
    kind = rng.choice(TYPES)
    return (
        head + b"\r\nContent-Type:" + kind + b"; boundary=w\r\n\r\n--w\r\nContent-Type: message/rfc822\r\n\r\n" + raw
        + b"\r\n--w\r\nContent-Type: text/plain\r\n\r\n" + raw[:200] + rng.choice((b"\r\n--w--\r\n", b""))
    )  # fmt: skip


def _substituted(pattern: re.Pattern[bytes], values: Sequence[bytes]) -> Mutation:
    """One or all places of a pattern get another value."""

    def mutation(raw: bytes, _mails: Sequence[bytes], rng: Random) -> bytes:
        value = rng.choice(values)
        return pattern.sub(lambda _match: value, raw, count=rng.choice((0, 1)))

    return mutation


Mutation = Callable[[bytes, Sequence[bytes], Random], bytes]
MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _insert,
    _insert,
    _insert,
    _cut,
    _truncate,
    _repeat,
    _splice,
    _header_again,
    _lines_shuffled,
    _line_ends,
    _wrapped,
    _substituted(_BOUNDARY, (b'""', b"b", b'"a b"', b'"--"', b"\xc3\xbc", b'"', b"=", b"'", b"x" * 300)),
    _substituted(_CHARSET, CHARSETS),
    _substituted(_CODING, CODINGS),
    _substituted(_TYPE, TYPES),
)


def mutated(mails: Sequence[bytes], rng: Random) -> bytes:
    """One of the mails, damaged one to four times."""
    raw = rng.choice(mails)
    for _ in range(rng.randint(1, 4)):
        raw = rng.choice(MUTATIONS)(raw, mails, rng)[:LARGEST]
    return raw
