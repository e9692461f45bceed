"""Mails that are broken in the ways in which real ones are, and what must be read from them all the same."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail import mend
from maildesk.mail.limits import MAX_BYTES
from maildesk.mail.message import Mail
from maildesk.mail.parts import Parsing
from maildesk.mail.read import read

HEAD = b"From: Erika <erika@kunde.example>\r\nSubject: Printer\r\n"
PLAIN = b"Content-Type: text/plain\r\n\r\n"
FILE = b"--b\r\nContent-Type: application/pdf\r\n\r\nxyz\r\n"
INNER = b"--b\r\n" + PLAIN + b"It jams.\r\n" + FILE + b"--b--\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def taken(raw: bytes) -> Mail:
    found = read(raw)
    assert isinstance(found, Mail), found
    return found


# ---- header blocks


@pytest.mark.parametrize(
    "head",
    [
        HEAD,
        b"From : Erika <erika@kunde.example>\r\nSubject \t: Printer\r\n",
        b"Received: from mx\r\nthis line is nothing\r\n" + HEAD,
        b"Received: from mx\r\n\r\n" + HEAD + b"To: support@acme.example\r\n",
        b"Received: from mx\r\n\tby mx2\r\nX-Scanned: yes\r\n\r\n\r\n" + HEAD,
        b"From: Erika <erika@kunde.example>\r\nspoilt\r\nSubject: Printer\r\n",
        b"spoilt\r\n" + HEAD,
        b"From: Erika <erika@kunde.example>\r\n   \r\nSubject: Printer\r\n",
        b"\r\n \r\n" + HEAD,
        b"\xef\xbb\xbf" + HEAD,
        b">From erika Mon Mar  2 09:14:05 2026\r\n" + HEAD,
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
def test_a_header_is_read_to_its_end(head, end):
    found = taken((head + b"\r\nIt jams.\r\n").replace(b"\r\n", end))
    assert found.subject == "Printer"
    assert found.from_ is not None
    assert found.from_.email == "erika@kunde.example"
    assert found.text == "It jams."


def test_a_line_that_lost_its_indent_belongs_to_the_field_above():
    found = taken(b"Subject: Printer on the third\r\nfloor jams\r\nFrom: erika@kunde.example\r\n\r\nHelp.")
    assert found.subject == "Printer on the third floor jams"
    assert found.notes == ("a broken header was mended",)


def test_parameters_that_lost_their_indent_are_read_in_the_mail_and_in_its_parts():
    found = taken(
        HEAD + b"Content-Type: multipart/mixed;\r\nboundary=b\r\n\r\n"
        b"--b\r\nContent-Type: multipart/alternative;\r\nboundary=c\r\n\r\n--c\r\n" + PLAIN + b"It jams.\r\n--c--\r\n"
        b"--b\r\nContent-Type: application/pdf;\r\nname=a.pdf\r\n\r\nxyz\r\n--b--\r\n"
    )
    assert found.text == "It jams."
    assert [part.name for part in found.attachments] == ["a.pdf"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (HEAD + b"It jams, and I wrote no blank line.\r\nErika", "It jams, and I wrote no blank line.\nErika"),
        (HEAD + b"\r\nTo: be clear\r\nFrom: the beginning", "To: be clear\nFrom: the beginning"),
        (b"It jams.\r\n\r\nFrom: nobody\r\n", "It jams.\n\nFrom: nobody"),
        (b"Received: x\r\n\r\nNote: it jams.\r\nSubject: none\r\n", "Note: it jams.\nSubject: none"),
    ],
)
def test_what_is_no_header_stays_text(raw, text):
    assert taken(raw).text == text


def test_a_sound_header_is_left_alone():
    raw = HEAD + b"To: a@b.example,\r\n c@d.example\r\n\r\nhi"
    assert mend.header(raw) is raw
    assert mend.header(b"") == b""


@pytest.mark.parametrize("line", [b"x\n", b"Subject : x\n", b"x\n\n", b"Received: x\n\n", b"x y\nTo: z\n", b";\na=b\n"])
@pytest.mark.hostile
def test_a_header_of_nothing_but_garbage_costs_little(line):
    raw = b"Received: x\n" + line * 100_000
    assert len(mend.header(raw)) <= len(raw) + 1000


@given(
    st.lists(st.sampled_from([b"From: a@b.example", b"x", b"", b" ", b"Received: y", b"a=b;", b"To : z", b"From q"]))
)
@settings(max_examples=100, deadline=None)
def test_mending_is_done_once(lines):
    raw = b"\n".join(lines)
    mended = mend.header(raw)
    assert mend.header(mended) == mended


# ---- multiparts


@pytest.mark.parametrize(
    "raw",
    [
        MIXED + INNER,
        MIXED + b"This is a multi-part message in MIME format.\r\n" + INNER + b"\r\nunseen",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + INNER,
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + INNER,
        b"Content-Type: multipart/mixed; boundary='b'\r\n\r\n" + INNER,
        b"Content-Type: multipart/mixed\r\n\r\n" + INNER,
        b'Content-Type: "multipart/mixed"; boundary=b\r\n\r\n' + INNER,
        b"Content-Type: multipart/mixed boundary=b\r\n\r\n" + INNER,
        b"Content-Type: Multipart / Mixed; boundary=b\r\n\r\n" + INNER,
        b"\r\n" + INNER,
        b"Content-Transfer-Encoding: base64\r\n" + MIXED + base64.encodebytes(INNER),
        b"Content-Transfer-Encoding: base64\r\n" + MIXED + INNER,
        b"Content-Transfer-Encoding: quoted-printable\r\n" + MIXED + INNER,
        MIXED + INNER.replace(b"--b--\r\n", b""),
        MIXED
        + b"--b\r\nContent-Type: multipart/alternative; boundary=bc\r\n\r\n--bc\r\n"
        + PLAIN
        + b"It jams.\r\n"
        + FILE,
        MIXED + b"--b\r\nContent-Type: text/plain\r\nIt jams.\r\n" + FILE,
        MIXED + b"--b\r\nIt jams.\r\n" + FILE,
        b"Content-Type: multipart/related; boundary=b\r\n\r\n" + FILE + b"--b\r\n" + PLAIN + b"It jams.\r\n--b--",
    ],
)
def test_the_parts_of_a_broken_multipart_are_found(raw):
    found = taken(HEAD + raw)
    assert found.text == "It jams."
    assert [(part.type, part.content) for part in found.attachments] == [("application/pdf", b"xyz")]


@pytest.mark.parametrize(
    "raw",
    [
        MIXED + b"It jams.\r\n--b--\r\n",
        MIXED + b"It jams.\r\n--b\r\n--b--\r\n",
        MIXED + b"It jams.",
    ],
)
def test_words_beside_the_parts_are_read_where_there_are_no_others(raw):
    assert taken(HEAD + raw).text == "It jams."


def test_what_old_programs_are_told_is_no_message():
    assert taken(HEAD + MIXED + b"This is a multi-part message in MIME format.\r\n--b\r\n\r\n\r\n--b--").text == ""


def test_parts_that_are_broken_again_and_again_end():
    raw = b"It jams."
    for number in range(60):
        raw = b"Content-Type: multipart/mixed\r\n\r\n--b%d\r\nContent-Type: text/plain\r\n%s" % (number, raw)
    assert "It jams." in taken(HEAD + raw).text


@pytest.mark.hostile
def test_only_so_much_is_parsed_a_second_time():
    parsing = Parsing()
    assert parsing.again(b"x" * MAX_BYTES) is not None
    assert parsing.again(b"x" * MAX_BYTES) is not None
    assert parsing.again(b"x") is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (b"text/plain charset=utf-8", "<p>Größe</p>"),
        (b"text/plain;charset:utf-8", "<p>Größe</p>"),
        (b'text/plain; charset="utf-8', "<p>Größe</p>"),
        (b'"text/plain"; charset=utf-8', "<p>Größe</p>"),
        (b"plain", "<p>Größe</p>"),
        (b"text/markdown", "<p>Größe</p>"),
        (b"text/html charset=utf-8", "Größe"),
        (b"text/html, text/html; charset=utf-8", "Größe"),
        (b"TEXT / HTML", "Größe"),
        (b"html", "Größe"),
        (b"text/enriched", "Größe"),
    ],
)
def test_a_type_that_is_written_wrongly_is_understood(kind, text):
    part = b"Content-Type: " + kind + b"\r\n\r\n<p>Gr\xc3\xb6\xc3\x9fe</p>\r\n"
    assert taken(HEAD + part).text == text
    found = taken(HEAD + MIXED + b"--b\r\n" + part + b"--b--")
    assert (found.text, found.attachments) == (text, ())


def test_html_that_calls_itself_plain_is_html():
    assert taken(HEAD + b"\r\n<!DOCTYPE html>\n<html><body><p>It <b>jams</b>.</p></body></html>").text == "It jams."
    assert taken(HEAD + b"\r\n<html5> is no page").text == "<html5> is no page"


def test_octets_in_a_header_are_read_like_the_text_below():
    found = taken(
        b"From: \xc8\xe2\xe0\xed <ivan@kunde.example>\r\nSubject: \xcf\xf0\xe8\xed\xf2\xe5\xf0\r\n"
        b"Content-Type: text/plain; charset=windows-1251\r\n\r\n\xcf\xf0\xe8\xed\xf2\xe5\xf0"
    )
    assert (found.subject, found.text) == ("Принтер", "Принтер")
    assert found.from_ is not None
    assert found.from_.name == "Иван"
    assert taken(b"Subject: \x1b$B%W%j%s%?\x1b(B\r\n\r\nx").subject == "プリンタ"


# ---- mails inside


BROUGHT = (
    b"From: Jo <jo@shop.example>\r\nDate: Mon, 2 Mar 2026 09:14:05 +0100\r\nSubject: Scanner\r\n\r\nIt is dark.\r\n"
)
SHOWN = (
    "---------- Forwarded message ----------\nFrom: Jo <jo@shop.example>\nDate: 2026-03-02 08:14 UTC\n"
    "Subject: Scanner\n\nIt is dark."
)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: message/rfc822\r\n\r\n" + BROUGHT,
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(BROUGHT),
        MIXED + b"--b\r\n\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + BROUGHT + b"--b--",
    ],
)
def test_a_mail_that_only_brings_another_one_says_that_one(raw):
    found = taken(HEAD + raw)
    assert found.text == SHOWN
    assert [part.type for part in found.attachments] == ["message/rfc822"]


def test_a_mail_with_words_of_its_own_says_these():
    raw = MIXED + b"--b\r\n\r\nSee below.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + BROUGHT + b"--b--"
    assert taken(HEAD + raw).text == "See below."


def test_mails_inside_mails_are_not_opened_for_ever():
    raw = BROUGHT
    for _ in range(15):
        raw = b"Subject: again\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + (
            base64.encodebytes(raw)
        )
    found = taken(raw)
    assert found.text == ""
    assert len(found.attachments) == 1
