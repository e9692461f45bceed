"""A written letter read back by another parser is exactly the letter that was meant."""

from __future__ import annotations

import email
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.errors import LetterError
from maildesk.mail.message import Address, Enclosure, Letter
from maildesk.mail.write import assemble, freeze, size

SHA = {content: hashlib.sha256(content).hexdigest() for content in (b"", b"x", b"\x89PNG" * 500, b"A" * 57, b"A" * 58)}
BLOBS = {sha: content for content, sha in SHA.items()}
LETTER = Letter(
    sender=Address("support@acme.example", "ACME IT Service Desk"),
    to=Address("erika@acme.example", "Erika Muster"),
    subject="Printer on 3rd floor jams [INC-1042]",
    text="Hello,\n\nwe have it.\n",
    html="<p>Hello</p>",
    message_id="md.i42.k1.abcdefgh@acme.example",
    date=datetime(2026, 11, 21, 13, 20, tzinfo=UTC),
)

# What may stand in a header: everything but what ends a line, controls and half characters.
line = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120)
wordy = st.lists(
    st.sampled_from(["Drucker", "straße", "[INC-7]", "=?utf-8?q?a?=", "a" * 90, "日本語", "", "  ", '"', "\\"])
).map(" ".join)
body = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
ragged = st.lists(st.sampled_from(["From me", ".", "--=_x", "a=b", "ü" * 90, "x" * 1200, "", "\t", "end ", "\r"])).map(
    "\n".join
)
atom = st.text("abcXYZ019+-_=", min_size=1, max_size=12)
mailbox = st.builds(lambda local, host: f"{local}@{host}.example", atom, st.text("abz09", min_size=1, max_size=9))
quick = settings(max_examples=40, deadline=None)


def written(letter: Letter = LETTER, **changes: object) -> bytes:
    return assemble(freeze(replace(letter, **changes)), BLOBS.__getitem__)


def unfolded(value: str) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", value)


def told(value: str) -> str:
    pieces = decode_header(unfolded(value))
    return "".join(text if isinstance(text, str) else text.decode(charset or "ascii") for text, charset in pieces)


def parts(message: Message) -> list[Message]:
    return [part for part in message.walk() if not part.is_multipart()]


def content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@quick
@given(subject=st.one_of(line, wordy))
def test_any_subject_is_read_back_as_it_was(subject):
    message = email.message_from_bytes(written(subject=subject))
    assert told(message["Subject"]) == subject
    assert not message.defects


@quick
@given(name=st.one_of(line, wordy), address=mailbox)
def test_any_name_and_address_are_read_back_as_one_mailbox(name, address):
    message = email.message_from_bytes(written(to=Address(address, name)))
    shown, read = parseaddr(unfolded(message["To"]))
    assert read == address
    assert " ".join(told(shown).split()) == " ".join(name.split())


@quick
@given(text=st.one_of(body, ragged), html=st.one_of(body, ragged))
def test_any_text_and_html_are_read_back_as_they_were(text, html):
    message = email.message_from_bytes(written(text=text, html=f"<p>{html}"))
    plain, rich = parts(message)
    assert lf(content(plain).decode()) == lf(text)
    assert lf(content(rich).decode()) == lf(f"<p>{html}")


@quick
@given(name=st.one_of(line, wordy).filter(bool))
def test_any_file_name_is_read_back_as_it_was(name):
    enclosure = Enclosure(name, "application/pdf", SHA[b"x"], 1)
    message = email.message_from_bytes(written(enclosures=(enclosure,)))
    assert parts(message)[-1].get_filename() == name.strip()


@quick
@given(value=st.one_of(line, wordy))
def test_any_extra_header_is_read_back_as_it_was(value):
    message = email.message_from_bytes(written(headers=(("X-Maildesk-Reason", value),)))
    assert told(message["X-Maildesk-Reason"]) == value


@quick
@given(subject=st.one_of(line, wordy), text=st.one_of(body, ragged), html=st.one_of(body, ragged), name=wordy)
def test_the_wire_sees_only_short_ascii_lines_that_end_in_crlf(subject, text, html, name):
    raw = written(subject=subject, text=text, html=html, to=Address("a@b.example", name))
    raw.decode("ascii")
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@quick
@given(subject=line.filter(lambda text: len(text) < 200))
def test_headers_are_folded_at_78_columns_where_there_is_a_blank(subject):
    head, _, _ = written(subject=subject).partition(b"\r\n\r\n")
    too_long = [one for one in head.split(b"\r\n") if len(one) > 78]
    assert all(b" " not in one.strip().removeprefix(b"Subject: ") for one in too_long)


BREAKS = ["\r", "\n", "\r\n", "\0", "\x85", "\u2028", "\u2029", "\x1b", "\t", "\ud800"]
PLACES = {
    "subject": lambda bad: {"subject": f"a{bad}Bcc: x@y.example"},
    "recipient's name": lambda bad: {"to": Address("a@b.example", f"A{bad}B")},
    "recipient's address": lambda bad: {"to": Address(f"a{bad}@b.example")},
    "sender's name": lambda bad: {"sender": Address("a@b.example", f"A{bad}B")},
    "reply address": lambda bad: {"reply_to": Address(f"a@b.example{bad}")},
    "message id": lambda bad: {"message_id": f"a{bad}@b"},
    "answered id": lambda bad: {"in_reply_to": f"a{bad}@b"},
    "references": lambda bad: {"references": ("ok@x", f"a{bad}@b")},
    "extra header": lambda bad: {"headers": (("X-A", f"a{bad}X-B: c"),)},
    "extra header's name": lambda bad: {"headers": ((f"X-A{bad}", "a"),)},
    "file name": lambda bad: {"enclosures": (Enclosure(f"a{bad}b", "text/plain", SHA[b"x"], 1),)},
}


@pytest.mark.parametrize("bad", BREAKS, ids=[f"U+{ord(bad[0]):04X}" for bad in BREAKS])
@pytest.mark.parametrize("place", PLACES)
def test_a_line_break_or_control_character_is_refused_everywhere(place, bad):
    with pytest.raises(LetterError):
        freeze(replace(LETTER, **PLACES[place](bad)))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@acme.example",
        "a@",
        "a b@acme.example",
        "müller@acme.example",
        "a@müller.example",
        "a@b@c.example",
        "<a@b.example>",
        "a@b.example, c@d.example",
        "a..b@c.example",
        ".a@b.example",
        "a@-b.example",
        f"{'a' * 65}@b.example",
        f"a@{'b.' * 130}example",
        "a@b..example",
        '"a@b.example',
        "a;b@c.example",
        "a@b.example>",
    ],
)
def test_what_is_no_plain_address_is_refused(address):
    with pytest.raises(LetterError, match=r"address|may not hold"):
        freeze(replace(LETTER, to=Address(address)))


@pytest.mark.parametrize(
    "address", ['"john doe"@acme.example', "o'neil+tag@xn--mller-kva.example", "root@[192.0.2.1]", "a@b"]
)
def test_unusual_but_lawful_addresses_are_written(address):
    message = email.message_from_bytes(written(to=Address(address, "")))
    assert message["To"] == address


@pytest.mark.parametrize("name", ["Subject", "bcc", "Content-Type", "MIME-Version", "X A", "", "X:A", "References"])
def test_an_extra_header_cannot_replace_or_double_one_of_ours(name):
    with pytest.raises(LetterError, match="extra header"):
        freeze(replace(LETTER, headers=((name, "1"),)))


def test_the_headers_stand_once_and_say_what_the_letter_says():
    message = email.message_from_bytes(
        written(
            reply_to=Address("support+i42.k1.abcdefghijklmnop@acme.example", "ACME IT"),
            in_reply_to="their.id@mail.example",
            references=("first@mail.example", "their.id@mail.example"),
            headers=(("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")),
        )
    )
    assert len(message.keys()) == len({key.lower() for key in message})
    assert parsedate_to_datetime(message["Date"]) == LETTER.date
    assert message["Message-ID"] == "<md.i42.k1.abcdefgh@acme.example>"
    assert message["In-Reply-To"] == "<their.id@mail.example>"
    assert unfolded(message["References"]) == "<first@mail.example> <their.id@mail.example>"
    assert parseaddr(message["Reply-To"]) == ("ACME IT", "support+i42.k1.abcdefghijklmnop@acme.example")
    assert message["Auto-Submitted"] == "auto-replied"
    assert message.get_content_type() == "multipart/alternative"


def test_a_message_id_of_a_stranger_that_cannot_be_written_back_is_left_out():
    message = email.message_from_bytes(
        written(in_reply_to="an id with blanks", references=("good@x", "ünsound@x", "<b>@x", ""))
    )
    assert message["In-Reply-To"] is None
    assert message["References"] == "<good@x>"


def test_many_references_are_folded_between_the_ids():
    ids = tuple(f"{'x' * 60}{number}@mail.example" for number in range(20))
    message = email.message_from_bytes(written(references=ids))
    assert unfolded(message["References"]).split() == [f"<{one}>" for one in ids]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain words\n", "7bit"),
        ("Grüße aus dem dritten Stock, der Drucker druckt wieder.\n", "quoted-printable"),
        ("日本語のテキストはそのまま届きます。\n", "base64"),
        ("Please look:\nFrom here on it is broken.\n", "base64"),
        ("x" * 999, "quoted-printable"),
        ("x" * 998, "7bit"),
        ("a form feed\fand a NUL\0\n", "quoted-printable"),
    ],
)
def test_a_text_takes_the_shortest_safe_encoding(text, encoding):
    plain = parts(email.message_from_bytes(written(text=text)))[0]
    assert plain["Content-Transfer-Encoding"] == encoding
    assert content(plain).decode().replace("\r\n", "\n") == text


def test_a_letter_without_html_is_a_plain_mail():
    message = email.message_from_bytes(written(html=""))
    assert message.get_content_type() == "text/plain"
    assert content(message) == b"Hello,\r\n\r\nwe have it.\r\n"


PHOTO = Enclosure("jam.png", "image/png", SHA[b"\x89PNG" * 500], 2000, cid="jam@phone")
REPORT = Enclosure("Bericht März.pdf", "application/pdf", SHA[b"x"], 1)


def test_an_image_that_the_html_shows_stands_beside_it_and_a_file_is_attached():
    raw = written(html='<img src="cid:jam@phone">', enclosures=(REPORT, PHOTO))
    message = email.message_from_bytes(raw)
    shape = [part.get_content_type() for part in message.walk()]
    assert shape == [
        *("multipart/mixed", "multipart/alternative", "text/plain"),
        *("multipart/related", "text/html", "image/png", "application/pdf"),
    ]
    image, report = parts(message)[2:]
    assert image["Content-ID"] == "<jam@phone>"
    assert image.get_content_disposition() == "inline"
    assert content(image) == b"\x89PNG" * 500
    assert report.get_content_disposition() == "attachment"
    assert report.get_filename() == "Bericht März.pdf"


def test_an_image_that_the_html_does_not_show_is_attached_so_that_nobody_misses_it():
    message = email.message_from_bytes(written(enclosures=(PHOTO,)))
    assert parts(message)[-1].get_content_disposition() == "attachment"


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "text", "", "a/b; c=d", "TEXT/HTML", "a/b\r\nX: y"]
)
def test_a_type_that_cannot_be_written_as_base64_becomes_plain_bytes(kind):
    message = email.message_from_bytes(written(enclosures=(Enclosure("a.eml", kind, SHA[b"x"], 1),)))
    assert parts(message)[-1].get_content_type() == "application/octet-stream"
    assert content(parts(message)[-1]) == b"x"


@pytest.mark.parametrize("blob", BLOBS.values(), ids=lambda blob: f"{len(blob)} bytes")
def test_files_are_set_in_where_they_belong_and_the_size_is_known_before(blob):
    enclosures = (Enclosure("a", "a/b", SHA[blob], len(blob)), Enclosure("c", "a/b", SHA[b"x"], 1))
    frozen = freeze(replace(LETTER, enclosures=enclosures))
    raw = assemble(frozen, BLOBS.__getitem__)
    assert size(frozen, {sha: len(one) for sha, one in BLOBS.items()}) == len(raw)
    assert [content(part) for part in parts(email.message_from_bytes(raw))[2:]] == [blob, b"x"]


def test_the_same_letter_is_the_same_bytes_and_another_has_other_boundaries():
    other = replace(LETTER, message_id="other@acme.example")
    assert freeze(LETTER) == freeze(replace(LETTER))
    assert email.message_from_bytes(freeze(LETTER).head).get_boundary() != (
        email.message_from_bytes(freeze(other).head).get_boundary()
    )


def test_words_that_look_like_our_boundary_do_not_end_a_part():
    boundary = email.message_from_bytes(freeze(LETTER).head).get_boundary()
    message = email.message_from_bytes(written(text=f"--{boundary}\n\nforged\n--{boundary}--\n"))
    assert len(parts(message)) == 2
    assert "forged" in content(parts(message)[0]).decode()


def test_a_date_without_zone_is_refused():
    with pytest.raises(LetterError, match="time zone"):
        freeze(replace(LETTER, date=datetime(2026, 11, 21, 13, 20)))  # noqa: DTZ001 - the very mistake
