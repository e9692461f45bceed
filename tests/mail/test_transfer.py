"""Transfer encodings, also those that are not what the header says; files that stand in a text."""

from __future__ import annotations

import base64 as standard
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.transfer import Enclosed, base64, cut_out, file_bytes, text_bytes


@pytest.mark.parametrize(
    ("data", "clear"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVsbG8=aGVsbG8=", b"hello"),  # padding ends it; what follows is only for us to see
        (b"aGVsb$G8=", b"hello"),
        (b"aGVsbG8=\r\n-- \r\nlist footer", b"hello"),
        (b"aGVsbA=", b"hell"),
        (b"a", b""),
        (b"", b""),
    ],
)
def test_base64_is_read_as_mail_programs_read_it(data, clear):
    assert base64(data) == clear


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_base64_of_anything_comes_back(data):
    assert base64(standard.encodebytes(data)) == data


@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "x-uuencode", "7bit", "", "Base64; x"]))
@settings(max_examples=75, deadline=None)
def test_no_transfer_encoding_raises(data, encoding):
    assert isinstance(file_bytes(data, encoding), bytes)
    assert isinstance(file_bytes(b"begin 644 x\n" + data, "x-uuencode"), bytes)


@pytest.mark.parametrize(
    ("data", "encoding", "clear"),
    [
        (b"Gr=C3=B6=\r\n=C3=9Fe", "Quoted-Printable", "Größe".encode()),
        (b"aGk=", " BASE64 ", b"hi"),
        (b"as it is \xff", "8bit", b"as it is \xff"),
        (b"as it is", "x-unknown", b"as it is"),
        (b"begin 644 f\n#:&D*\n`\nend\n", "x-uuencode", b"hi\n"),
        (b"no beginning", "uuencode", b"no beginning"),
    ],
)
def test_transfer_encodings_are_taken_off(data, encoding, clear):
    assert file_bytes(data, encoding) == clear


SAID = (
    "Schöne Grüße aus dem Büro: der Drucker im zweiten Stock öffnet seine Klappe nicht mehr, und die Größe der Bögen "
    "stimmt auch nicht. Wer kann das prüfen?\r\n"
).encode()
CODED = standard.encodebytes(SAID)
QUOTED = quopri.encodestring(SAID)


@pytest.mark.parametrize(
    ("data", "encoding", "clear"),
    [
        (SAID, "8-bit", SAID),
        (SAID, "8 bit", SAID),
        (QUOTED, "quoted_printable", SAID),
        (QUOTED, "Quoted Printable (by hand)", SAID),
        (QUOTED, "Q", SAID),
        (CODED, "base-64", SAID),
        (CODED, '"base64"; x', SAID),
        (CODED, "B", SAID),
        # not declared, or as something else
        (CODED, "", SAID),
        (CODED, "7bit", SAID),
        (CODED, "quoted-printable", SAID),
        (b"a", "7bit", b"a"),
        (b"SGFsbG8=", "7bit", b"SGFsbG8="),  # a word that happens to be base64
        (b"A" * 76 + b"\n" + b"A" * 76, "7bit", b"A" * 76 + b"\n" + b"A" * 76),  # base64 of nothing that is a text
        (standard.encodebytes(bytes(range(200))), "7bit", standard.encodebytes(bytes(range(200)))),
        # declared, and not so
        (SAID, "base64", SAID),
        (b"Hello, it is urgent.", "base64", b"Hello, it is urgent."),
        (QUOTED, "base64", SAID),
        # more than base64
        (
            CODED + b"\n-- \nThe list, https://list.example\n",
            "base64",
            SAID + b"\n\n-- \nThe list, https://list.example",
        ),
        (b"SGFsbG8=\r\nIFdlbHQ=\r\n", "base64", b"Hallo Welt"),
        (CODED.replace(b"\n", b" \r\n"), "base64", SAID),
        (CODED[:30] + b"$" + CODED[30:], "base64", SAID),
    ],
)
def test_a_text_is_decoded_as_its_bytes_say(data, encoding, clear):
    assert text_bytes(data, encoding).strip() == clear.strip()


UU = b"begin 644 a b.txt\n#:&D*\n`\nend\n"
YENC = b"=ybegin line=128 size=5 name=y.bin\r\n" + b"*+=}=J\x92" + b"\r\n=yend size=5\r\n"


@pytest.mark.parametrize(
    ("data", "text", "files"),
    [
        (b"see below\n" + UU + b"thanks\n", b"see below\nthanks\n", [Enclosed("a b.txt", b"hi\n")]),
        (UU.replace(b"\n", b"\r\n") + UU, b"", [Enclosed("a b.txt", b"hi\n")] * 2),
        (b"x\r\n" + YENC + b"y", b"x\r\ny", [Enclosed("y.bin", b"\x00\x01\x13\xe0h")]),
        (b"begin 644 a.txt\n#:&D*\n", b"begin 644 a.txt\n#:&D*\n", []),
        (b"we begin 644 times\nand end\n", b"we begin 644 times\nand end\n", []),
        (b"begin 644 a.txt\nthis is prose\nend\n", b"begin 644 a.txt\nthis is prose\nend\n", []),
        (b"=ybegin line=128 size=5 name=y\n", b"=ybegin line=128 size=5 name=y\n", []),
        (b"=ybegin " * 20_000, b"=ybegin " * 20_000, []),
        (b"=ybegin name=x\n" * 20_000, b"=ybegin name=x\n" * 20_000, []),
        (b"begin 644 x\n" * 20_000, b"begin 644 x\n" * 20_000, []),
    ],
)
def test_files_are_cut_out_of_a_text(data, text, files):
    assert cut_out(data) == (text, files)


@given(
    st.lists(
        st.sampled_from(
            [b"begin 644 x\n", b"#:&D*\n", b"end\n", b"=ybegin name=x\n", b"=yend \n", b"=", b"\n", b"a", b" "]
        )
    )
)
@settings(max_examples=50, deadline=None)
def test_whatever_a_text_holds_nothing_raises(pieces):
    data = b"".join(pieces)
    rest, files = cut_out(data)
    assert len(rest) + sum(len(one.content) for one in files) <= len(data)
    assert isinstance(text_bytes(data, "base64"), bytes)
