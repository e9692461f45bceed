"""Mails as files, and what must stand in the value that is read from each."""

from __future__ import annotations

import base64
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.message import Address, Mail, Unreadable
from maildesk.mail.parts import clean_name, unflowed
from maildesk.mail.read import HEADER_LIMIT, REFERENCES, TEXT_BEFORE, read
from maildesk.mail.text import TEXT_LIMIT, clean_line, clean_text

MAILS = Path(__file__).parent.parent / "mails" / "reading"
RAW = {path.name: path.read_bytes() for path in sorted(MAILS.glob("*.eml"))}
ERIKA = Address("erika@kunde.example", "Erika Muster")


def mail(name: str) -> Mail:
    found = read(RAW[name])
    assert isinstance(found, Mail), found
    return found


def made(head: bytes, body: bytes = b"hi") -> Mail:
    found = read(head + b"\r\n\r\n" + body)
    assert isinstance(found, Mail), found
    return found


def test_there_are_mails_to_read():
    assert len(RAW) >= 50


@pytest.mark.parametrize("name", RAW)
def test_every_mail_is_read_and_is_clean(name):
    found = mail(name)
    assert found.size == len(RAW[name])
    for line in (found.subject, found.from_defect, *(part for pair in found.headers for part in pair), *found.notes):
        assert clean_line(line, HEADER_LIMIT) == line
    assert clean_text(found.text) == found.text
    for attachment in found.attachments:
        assert clean_name(attachment.name) == attachment.name != ""
    for who in (found.from_, found.from_shown, *found.to, *found.cc, *found.reply_to):
        assert who is None or ("@" in who.email and who.domain == who.email.rpartition("@")[2])


@pytest.mark.parametrize("name", RAW)
def test_line_ends_make_no_difference(name):
    crlf = RAW[name].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    one, other = read(crlf), read(crlf.replace(b"\r\n", b"\n"))
    assert isinstance(one, Mail)
    assert isinstance(other, Mail)
    for name_of in (field.name for field in fields(Mail) if field.name not in {"size", "attachments"}):
        assert getattr(one, name_of) == getattr(other, name_of)
    assert [(part.name, part.type, part.cid) for part in one.attachments] == [
        (part.name, part.type, part.cid) for part in other.attachments
    ]


def test_a_plain_mail():
    found = mail("plain.eml")
    assert found.message_id == "20260302.1@kunde.example"
    assert found.from_ == found.from_shown == ERIKA
    assert found.from_defect == ""
    assert found.to == (Address("support@acme.example"),)
    assert (found.cc, found.reply_to, found.delivered_to, found.return_path) == ((), (), (), None)
    assert found.subject == "Printer"
    assert found.date == datetime(2026, 3, 2, 8, 14, 5, tzinfo=UTC)
    assert found.text.startswith("Hello,\n\nthe printer on the third floor jams")
    assert (found.html, found.attachments, found.notes, found.loop) == (None, (), (), None)
    assert found.repeated == frozenset()
    assert found.header("subject") == "Printer"
    assert found.header("X-Nothing") is None


def test_an_empty_mail_is_a_mail():
    found = mail("empty.eml")
    assert (found.text, found.subject, found.size) == ("", "", 0)
    assert (found.from_, found.from_shown, found.from_defect) == (None, None, "no From header")
    assert (found.message_id, found.date, found.headers) == (None, None, ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alternative.eml", "The VPN drops every ten minutes."),
        ("nested.eml", "The attached invoice does not open."),
        ("latin1_liar.eml", "Der Drucker im Büro verschmiert die Ränder, größere Bögen gehen gar nicht."),
        ("utf8_liar.eml", "Der Drucker im Büro verschmiert die Ränder."),
        ("unknown_charset.eml", "Größe und Preis: 5 €"),
        ("iso2022jp.eml", "プリンタが動きません。"),
        ("quoted_printable.eml", "Der Schlüssel für Raum 7 ist weg = ärgerlich."),
        ("no_header.eml", "just a line that somebody piped in\nwithout any header"),
        ("no_boundary.eml", "The boundary got lost on the way."),
        ("unclosed.eml", "The rest was cut off by a timeout."),
        ("signed.eml", "I really wrote this."),
        ("calendar.eml", "Please come to the printer inspection."),
        ("apple_split.eml", "First the window, then the cable."),
        ("delivery_report.eml", "Your message could not be delivered to gone@kunde.example."),
        ("attached_mail.eml", "Please open an incident for this."),
        ("mbox_line.eml", "Out of an old mailbox file."),
        ("related_inline_image.eml", "This window appears: [error window]"),
        ("controls.eml", "A NUL  here, a bell  there,[31m colour[0m and bidi."),
    ],
)
def test_the_text_is_what_the_author_wrote(name, text):
    assert mail(name).text == text


def test_html_alone_becomes_text():
    assert mail("html_only.eml").text == (
        "Good morning,\n\nfor the new colleague we need:\n\n- a laptop with docking station\n- two screens\n"
        "  - 27 inch\n\n3. order\n4. install\n\nItem | Pieces\nMouse | 1\n\n"
        "See the order form <https://intranet.kunde.example/order?id=7> or write to erika@kunde.example.\n\n"
        "> Please order by Friday.\n\nGrüße\nErika"
    )
    assert "<script>" in str(mail("html_only.eml").html)  # as received: nobody may show it like this


def test_html_that_was_sent_in_pieces_is_one_text():
    assert str(mail("apple_split.eml").html).count("<body>") == 2


def test_flowed_paragraphs_are_whole_again():
    lines = mail("flowed.eml").text.split("\n")
    assert lines[0].endswith("broke it into pieces that want to be joined again.")
    assert lines[2] == "> And this one was quoted, also in pieces that were broken by the program."
    assert lines[3:] == ["Short answer.", "-- ", "Erika"]


@pytest.mark.parametrize(
    ("text", "delsp", "joined"),
    [
        ("a \nb", False, "a b"),
        ("a \nb", True, "ab"),
        ("a\nb", False, "a\nb"),
        ("> a \n> b\n>> c \n> d", False, "> a b\n>> c\n> d"),
        (" >not quoted", False, ">not quoted"),
        ("a \n-- \nb", False, "a\n-- \nb"),
        ("a \n\nb", False, "a\n\nb"),
        ("", False, ""),
    ],
)
def test_flowed_text_is_joined_by_the_rules(text, delsp, joined):
    assert unflowed(text, delsp=delsp) == joined


@pytest.mark.parametrize(
    ("name", "attachments"),
    [
        ("plain.eml", []),
        ("alternative.eml", []),
        ("related_inline_image.eml", [("shot.png", "image/png", 70, "shot1@kunde", True)]),
        (
            "nested.eml",
            [
                ("image.png", "image/png", 70, "logo", True),
                ("invoice.pdf", "application/pdf", 150, None, False),
                ("notes.txt", "text/plain", 21, None, True),
            ],
        ),
        ("calendar.eml", [("invitation.ics", "text/calendar", 46, None, False)]),
        ("rfc2231_name.eml", [("Übersicht der Störungen.xlsx", "application/octet-stream", 4, None, False)]),
        ("rfc2047_name.eml", [("Übersicht.xlsx", "application/octet-stream", 4, None, False)]),
        ("path_name.eml", [("job", "application/octet-stream", 4, None, False)]),
        ("bidi_name.eml", [("reportfdp.exe", "application/octet-stream", 4, None, False)]),
        ("winmail.eml", [("winmail.dat", "application/octet-stream", 24, None, False)]),
        ("signed.eml", [("signature.asc", "application/pgp-signature", 74, None, False)]),
        ("apple_split.eml", [("one.png", "image/png", 70, None, True)]),
        ("unclosed.eml", [("half.png", "image/png", 30, None, False)]),
        (
            "delivery_report.eml",
            [
                ("delivery-status.txt", "message/delivery-status", 163, None, False),
                ("headers.txt", "text/rfc822-headers", 63, None, False),
            ],
        ),
    ],
)
def test_every_part_that_is_not_the_text_is_attached(name, attachments):
    found = [(part.name, part.type, part.size, part.cid, part.inline) for part in mail(name).attachments]
    assert found == attachments


def test_an_attached_mail_keeps_its_bytes():
    (attached,) = mail("attached_mail.eml").attachments
    assert (attached.name, attached.type) == ("message.eml", "message/rfc822")
    inner = read(attached.content)
    assert isinstance(inner, Mail)
    assert inner.from_ == Address("jose@cliente.example", "José Ruiz")
    assert inner.subject == "Escáner roto"
    assert inner.text == "El escáner no enciende."
    assert attached.content in RAW["attached_mail.eml"]


def test_a_delivery_report_keeps_its_blocks_apart():
    status = mail("delivery_report.eml").attachments[0].content
    assert status.split(b"\r\n\r\n")[1].startswith(b"Final-Recipient: rfc822; gone@kunde.example")


@pytest.mark.parametrize(
    ("name", "shown", "defect"),
    [
        ("several_from.eml", "erika@kunde.example", "From: more than one mailbox"),
        ("two_from_headers.eml", "ann@acme.example", "more than one From header"),
        ("group_from.eml", "erika@kunde.example", "From: more than one mailbox"),
        ("route_from.eml", "ann@acme.example", "From: a group or a route"),
        ("no_from.eml", "robot@kunde.example", "no From header"),
        ("no_header.eml", None, "no From header"),
    ],
)
def test_without_one_clear_author_there_is_no_identity(name, shown, defect):
    found = mail(name)
    assert found.from_ is None
    assert found.from_defect == defect
    assert (found.from_shown.email if found.from_shown else None) == shown


def test_an_address_hidden_in_an_encoded_word_is_nobodys():
    found = mail("encoded_word_address.eml")
    assert found.from_ is None
    assert "encoded word" in found.from_defect
    assert found.from_shown is None or found.from_shown.domain == "evil.example"


def test_an_international_address_is_an_address():
    assert mail("international_from.eml").from_ == Address("jürgen@xn--bcher-kva.example", "Jürgen Köhler")


def test_headers_are_decoded_and_on_one_line():
    found = mail("encoded_subject.eml")
    assert found.subject == "Drucker druckt nicht € ä und mehr"
    assert found.from_ == Address("juergen@kunde.example", "Jürgen Köhler")
    assert mail("raw_8bit_subject.eml").subject == "Störung im Lager"
    assert mail("iso2022jp.eml").subject == "プリンタ"
    assert mail("controls.eml").subject == "A bell and an override kcab"


def test_a_repeated_singleton_is_noted():
    found = mail("repeated_subject.eml")
    assert found.repeated == frozenset({"subject"})
    assert [value for name, value in found.headers if name == "Subject"] == ["[INC-42] #close", "Thank you"]
    twice = made(
        b"From: a@b.example\r\nFrom: c@d.example\r\nRECEIVED: x\r\nReceived: y\r\ncontent-TYPE: x\r\nContent-Type: y"
    )
    assert twice.repeated == frozenset({"from", "content-type"})


@pytest.mark.parametrize(
    "name",
    [
        "From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
        "Content-Type", "MIME-Version", "Content-Transfer-Encoding",
    ],
)  # fmt: skip
def test_each_field_that_may_stand_once_is_watched(name):
    once = f"{name}: x".encode()
    assert made(once).repeated == frozenset()
    assert made(once + b"\r\n" + once.upper()).repeated == frozenset({name.lower()})


def test_our_own_headers_from_outside_are_not_believed():
    found = mail("own_headers.eml")
    assert [name for name, _ in found.headers if "maildesk" in name.lower()] == []
    assert found.loop == "k1.abcdefgh"


def test_the_trace_of_the_envelope_is_kept():
    found = mail("delivered_to.eml")
    assert found.delivered_to == (
        "support+i42.k1.abcdefghijklmnop@acme.example",
        "helpdesk@acme.example",
        "it@acme.example",
    )
    assert found.return_path == "erika@kunde.example"
    assert found.in_reply_to == ("md.i42.k1.x@acme.example",)
    assert found.references == ("one@kunde.example", "two@acme.example")
    assert mail("delivery_report.eml").return_path == ""


@pytest.mark.parametrize(
    ("head", "ids"),
    [
        (b"Message-ID: <a@b>", "a@b"),
        (b"Message-Id:  <a@b> (comment)", "a@b"),
        (b"MESSAGE-ID: a@b", "a@b"),
        (b"Message-ID:\r\n <a@b>", "a@b"),
        (b"Message-ID: <a\r\n b@c>", "ab@c"),
        (b"Message-ID: <>", None),
        (b"Message-ID: nonsense", None),
        (b"Message-ID: <" + b"x" * 2000 + b"@b>", None),
    ],
)
def test_message_ids_are_found_without_their_brackets(head, ids):
    assert made(head).message_id == ids


def test_only_the_newest_references_are_kept():
    head = b"References: " + b"\r\n ".join(b"<%d@b>" % number for number in range(900))
    assert made(head).references == tuple(f"{number}@b" for number in range(900 - REFERENCES, 900))


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (b"Mon, 2 Mar 2026 09:14:05 +0100", datetime(2026, 3, 2, 8, 14, 5, tzinfo=UTC)),
        (b"2 Mar 26 09:14 GMT", datetime(2026, 3, 2, 9, 14, tzinfo=UTC)),
        (b"Mon, 2 Mar 2026 09:14:05 (no zone)", datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC)),
        (b"2026-03-02T09:14:05Z", None),
        (b"yesterday", None),
        (b"Mon, 99 Mar 2026 09:14:05 +0100", None),
        (b"Mon, 2 Mar 99999 09:14:05 +0100", None),
        (b"", None),
    ],
)
def test_dates_are_utc_or_nothing(value, date):
    assert made(b"Date: " + value).date == date


def test_a_date_that_only_a_lenient_parser_knows_is_a_date():
    assert mail("odd_date.eml").date == datetime(2026, 3, 2, 9, 14, tzinfo=UTC)


def test_what_is_known_of_people_is_no_more_than_their_fields():
    again = [made(b"From: Ann <ann@acme.example>\r\nTo: " + to) for to in (b"b@acme.example", b"c@acme.example")]
    assert [found.to[0].email for found in again] == ["b@acme.example", "c@acme.example"]
    long = b"From: ann@acme.example\r\nTo: " + b",\r\n ".join(b"%d@acme.example" % number for number in range(180))
    assert len(made(long).to) == 180


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_files_of_any_size_are_read_whole(end):
    data = bytes(range(256)) * 400
    coded = base64.encodebytes(data).replace(b"\n", end)
    head = b"Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n".replace(b"\r\n", end)
    part = b"--b" + end + head + coded
    nested = b"--b" + end + b"Content-Type: message/rfc822" + end + end + head + coded
    found = made(b"Content-Type: multipart/mixed; boundary=b", part + part + nested + b"--b--")
    assert [one.content for one in found.attachments[:2]] == [data, data]
    inner = read(found.attachments[2].content)
    assert isinstance(inner, Mail)
    assert inner.attachments[0].content == data
    marked = made(
        b"Content-Type: multipart/mixed; boundary=b", part + b"--b" + end + end + b"\0" + b"0\0" + end + b"--b--"
    )
    assert (marked.text, marked.attachments[0].content) == ("0", data)


def test_address_lists_survive_names_with_commas_and_broken_members():
    found = made(
        b'To: "Lee, Ann" <ann@acme.example>, Team: bob@acme.example, <carl@acme.example>;, nobody,\r\n'
        b" =?utf-8?q?J=C3=BCrgen?= <j@acme.example>\r\nCc: d@B\xc3\xbccher.example\r\nReply-To: e@acme.example (Eve)"
    )
    assert found.to == (
        Address("ann@acme.example", "Lee, Ann"),
        Address("bob@acme.example"),
        Address("carl@acme.example"),
        Address("j@acme.example", "Jürgen"),
    )
    assert found.cc == (Address("d@xn--bcher-kva.example"),)
    assert found.reply_to == (Address("e@acme.example", "Eve"),)
    assert any("to:" in note for note in found.notes)


def test_a_name_that_cannot_be_decoded_costs_the_name_and_not_the_address():
    found = made(
        b"From: =?utf-8?b?a?= <ann@acme.example>\r\nTo: =?utf-8?B?YW5u=A?= <bob@acme.example>, carl@acme.example"
    )
    assert found.from_ is not None
    assert found.from_.email == "ann@acme.example"
    assert [who.email for who in found.to] == ["bob@acme.example", "carl@acme.example"]


def test_charsets_that_lie_are_noted():
    assert mail("latin1_liar.eml").notes == ("text labelled utf-8 read as cp1252",)
    assert mail("utf8_liar.eml").notes == ("text labelled iso-8859-1 read as utf-8",)


def test_a_text_longer_than_anybody_reads_is_cut():
    found = made(b"Content-Type: text/plain", b"x" * (TEXT_LIMIT + 1))
    assert len(found.text) == TEXT_LIMIT
    assert found.notes == (f"text cut after {TEXT_LIMIT} characters",)


@pytest.mark.hostile
def test_parts_by_the_hundred_do_not_cost_by_the_hundred():
    part = b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<b>x" * 10_000 + b"\r\n"
    found = made(b"Content-Type: multipart/mixed; boundary=b", part * 30)
    assert len(str(found.html)) <= TEXT_LIMIT + 100
    assert any("cut" in note for note in found.notes)


def several(kind: str, *parts: str, more: str = "") -> bytes:
    """A multipart: each part is its header fields and its text, divided by a blank line."""
    inner = "".join(f"--b\r\n{part}\r\n" for part in (part.replace("\n", "\r\n") for part in parts))
    return f"Content-Type: multipart/{kind}; boundary=b{more}\r\n\r\n{inner}--b--".encode()


LOG = "Content-Type: text/plain; name=x.log\n\nlog"
SEAL = "Content-Type: application/pgp-signature\n\nx"
PICTURE = "Content-Type: image/png\nContent-ID: <i>\n\nx"


@pytest.mark.parametrize(
    ("raw", "text", "names"),
    [
        (b"Content-Type: text/plain; name=log.txt\r\nContent-Disposition: attachment\r\n\r\nthe log", "the log", []),
        (b"Content-Type: application/pdf\r\n\r\n%PDF", "", ["document.pdf"]),
        (b"Content-Type: nonsense\r\n\r\ntext", "text", []),
        (b"Content-Type: text/calendar\r\n\r\nBEGIN", "", ["invitation.ics"]),
        (several("mixed", "\none", "\ntwo"), "one\n\ntwo", []),
        (several("mixed", "Content-Disposition: attachment\n\nx"), "", ["text.txt"]),
        (several("mixed", "Content-Type: text/html\n\n<p>a</p>", "\nb"), "a\n\nb", []),
        (several("mixed", LOG), "log", []),
        (several("mixed", "\na", LOG), "a", ["x.log"]),
        (several("alternative", "\na", "\nsame again"), "a", ["text.txt"]),
        (several("alternative", "\n ", "Content-Type: text/html\n\n<p>h"), "h", []),
        (several("alternative", "Content-Type: text/html\n\n<p>h", "\na"), "a", []),
        (several("related", PICTURE, "Content-ID: <r>\n\nroot", more='; start="<r>"'), "root", ["image.png"]),
        (several("related", "\nroot", PICTURE), "root", ["image.png"]),
        (several("encrypted", "Content-Type: application/x\n\nx"), "", ["attachment.bin"]),
        (several("signed", "\nmine", SEAL, "\nfooter"), "mine\n\nfooter", ["signature.asc"]),
        (several("mixed"), "", []),
        (b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n", "Action: failed", ["delivery-status.txt"]),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n", "", ["message.eml"]),
    ],
)  # fmt: skip
def test_each_part_is_message_or_attachment(raw, text, names):
    found = read(raw)
    assert isinstance(found, Mail)
    assert found.text == text
    assert [part.name for part in found.attachments] == names


def test_the_text_of_a_large_attached_mail_is_found_before_its_files():
    inner = "From: otto@kunde.example\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nThe scan is below.\n"
    scan = "--i\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + "A" * (TEXT_BEFORE + 1000)
    found = read(several("mixed", f"Content-Type: message/rfc822\n\n{inner}{scan}\n--i--"))
    assert isinstance(found, Mail)
    assert "The scan is below." in found.text
    assert found.attachments[0].size > TEXT_BEFORE


def test_an_attached_mail_in_base64_is_decoded():
    found = made(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", b"U3ViamVjdDogeA0KDQpoaQ==")
    assert found.attachments[0].content == b"Subject: x\r\n\r\nhi"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\report.pdf", "report.pdf"),
        ("/", ""),
        ("..", ""),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ("\u202eexe.fdp", "exe.fdp"),
        ("x" * 300 + ".docx", "x" * 195 + ".docx"),
        ("x" * 300, "x" * 200),
        (" 'a.txt' ", "a.txt"),
        (".htaccess\u200b", ".htaccess"),
    ],
)
def test_file_names_are_data_without_a_path(name, clean):
    assert clean_name(name) == clean


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        # RFC 2231
        (b"Content-Disposition: attachment; filename*=utf-8''%C3%B6.pdf", "ö.pdf"),
        (b"Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%B6; filename*2=.pdf", "ö.pdf"),
        (b"Content-Disposition: attachment; filename*1=b.pdf; filename*0=a", "ab.pdf"),
        (b"Content-Disposition: attachment; filename=old.pdf; filename*=iso-8859-1'de'%F6.pdf", "ö.pdf"),
        (b"Content-Type: application/pdf;\r\n name*=utf-8''%C3%B6.pdf", "ö.pdf"),
        # broken: no charset, one that nobody knows, one that is none, octets that should have been encoded
        (b"Content-Disposition: attachment; filename*=%C3%B6.pdf", "ö.pdf"),
        (b"Content-Disposition: attachment; filename*=x-odd''%F6.pdf", "ö.pdf"),
        (b"Content-Disposition: attachment; filename*=idna''%F6.pdf", "ö.pdf"),
        (b"Content-Disposition: attachment; filename*=utf-8''\xc3\xb6.pdf", "ö.pdf"),
        (b"Content-Disposition: attachment; filename*0*=utf-8''%C3%B6; filename*2*=x.pdf", "öx.pdf"),
        # other ways to write it
        (b'Content-Disposition: attachment; filename="=?utf-8?B?w7Y=?=\r\n =?utf-8?B?LnBkZg==?="', "ö.pdf"),
        (b"Content-Disposition: attachment; filename==?utf-8?q?=C3=B6.pdf?=", "ö.pdf"),
        (b'Content-Disposition: attachment; filename="%C3%B6.pdf"', "ö.pdf"),
        (b'Content-Disposition: attachment; filename="100%.pdf"', "100%.pdf"),
        (b"Content-Disposition: attachment; filename=\xf6.pdf", "ö.pdf"),
        (b"Content-Disposition: attachment; filename=a b.pdf", "a b.pdf"),
        (b"Content-Disposition: attachment; filename='a.pdf'", "a.pdf"),
        (b'Content-Disposition: attachment; filename="a;b.pdf"', "a;b.pdf"),
        (b'Content-Disposition: attachment; FILENAME = "a.pdf', "a.pdf"),
        (b'Content-Disposition: attachment filename="a.pdf"', "a.pdf"),
        (b'Content-Disposition: attachment;\r\nfilename="a.pdf"', "a.pdf"),
        (b"Content-Disposition: attachment; filename=", "document.pdf"),
        (b'Content-Type: application/pdf; name="b.pdf"\r\nContent-Disposition: inline; filename="a.pdf"', "a.pdf"),
    ],
)
def test_a_file_has_the_name_that_its_sender_gave_it(fields, name):
    fields = fields if b"Content-Type" in fields else b"Content-Type: application/pdf\r\n" + fields
    found = made(
        b"Content-Type: multipart/mixed; boundary=b", b"--b\r\n\r\nsee\r\n--b\r\n" + fields + b"\r\n\r\nabc\r\n--b--"
    )
    assert [(part.name, part.content) for part in found.attachments] == [(name, b"abc")]


SYNTAX = """
From:|To:|Subject:|Date:|Message-ID: <x@y>|Content-Type: text/html|Content-Type: text/plain; charset=utf-16
Content-Type: text/plain; format=flowed|Content-Type: multipart/mixed; boundary=b|Content-Type: message/rfc822
Content-Type: multipart/alternative; boundary=b|Content-Type: multipart/related; boundary=b
Content-Type: message/delivery-status|Content-Transfer-Encoding: base64|Content-Transfer-Encoding: quoted-printable
Content-Transfer-Encoding: x-uuencode|Content-Disposition: attachment; filename=a
Content-Disposition: inline; filename*0*=utf-8''%41|--b|--b--|;|"|(|<|>|@|,|:|=?utf-8?q?=C3?=|=?x?b?=|a@b.example
> quoted|On 1.1.2026 10:00 a@b wrote:|<div>|-- |From a|begin 644 x|\x00| |\t
"""
chunks = st.sampled_from(
    [
        *(piece.encode() for piece in SYNTAX.strip().replace("\n", "|").split("|")),
        *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\xff", b"\xc3\xbc"),
    ]
)


def check(raw: bytes) -> None:
    found = read(raw)
    if isinstance(found, Unreadable):
        assert clean_line(found.reason) == found.reason != ""
        return
    assert clean_text(found.text) == found.text
    assert clean_line(found.subject) == found.subject
    assert (found.from_ is None) == bool(found.from_defect)
    assert sum(part.size for part in found.attachments) <= 2 * len(raw) + 1000


@given(st.binary(max_size=400))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_a_mail_or_a_reason(raw):
    check(raw)


@given(st.lists(chunks, max_size=40).map(b"".join))
@settings(max_examples=125, deadline=None)
def test_any_heap_of_mail_syntax_is_a_mail_or_a_reason(raw):
    check(raw)


@given(st.sampled_from(sorted(RAW)), st.integers(0, 3000), st.integers(0, 40), chunks)
@settings(max_examples=100, deadline=None)
def test_any_damaged_mail_is_a_mail_or_a_reason(name, at, length, chunk):
    raw = RAW[name]
    check(raw[:at] + chunk + raw[at + length :])
