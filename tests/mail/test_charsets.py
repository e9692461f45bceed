"""Bytes that are not what their label says, and still become what their author typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.charsets import codec, decode, unfolded, words


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        ('"iso-8859-1"', "cp1252"),
        ("us-ascii", "cp1252"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1252http-equivcontent-type", "cp1252"),
        ("iso-8859-8-i", "iso8859-8"),
        ("gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("Shift_JIS", "cp932"),
        ("utf-8*en", "utf-8"),
        ("utf8mb4", "utf-8"),
        ("x-unknown", ""),
        ("unknown-8bit", ""),
        ("", ""),
        # codecs of Python that are no charset
        ("idna", ""),
        ("punycode", ""),
        ("unicode_escape", ""),
        ("raw_unicode_escape", ""),
        ("base64", ""),
        ("rot13", ""),
        ("undefined", ""),
        ("mbcs", ""),
        ("utf-8\x00", "utf-8"),
        ("../../etc/passwd", ""),
    ],
)
def test_a_label_names_a_codec_that_means_text(label, name):
    assert codec(label) == name


@pytest.mark.parametrize(
    ("data", "label", "text", "used"),
    [
        (b"plain", "utf-8", "plain", "utf-8"),
        (b"plain", "x-unknown", "plain", "ascii"),
        ("Größe".encode(), "utf-8", "Größe", "utf-8"),
        ("Größe".encode(), "iso-8859-1", "Größe", "utf-8"),
        ("Größe".encode(), "us-ascii", "Größe", "utf-8"),
        ("Größe".encode("latin-1"), "utf-8", "Größe", "cp1252"),
        ("Größe".encode("latin-1"), "", "Größe", "cp1252"),
        ("5 € „so“".encode("cp1252"), "iso-8859-1", "5 € „so“", "cp1252"),
        ("Größe".encode("latin-1"), "x-unknown", "Größe", "cp1252"),
        ("žluťoučký".encode("iso-8859-2"), "iso-8859-2", "žluťoučký", "iso8859-2"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет", "koi8-r"),
        ("プリンタ".encode("iso-2022-jp"), "iso-2022-jp", "プリンタ", "iso2022_jp_ext"),
        ("打印机".encode("gbk"), "gb2312", "打印机", "gb18030"),
        ("联通".encode("gbk"), "gb2312", "联通", "gb18030"),  # also valid UTF-8, by chance
        ("打印机".encode(), "gb2312", "打印机", "utf-8"),
        ("Größe".encode("utf-16"), "utf-16", "Größe", "utf-16"),
        ("Größe".encode("utf-16-be"), "utf-16", "Größe", "utf-16-be"),
        ("Größe".encode("utf-16-le"), "utf-16", "Größe", "utf-16-le"),
        (b"\x81\x8d\x8f", "windows-1252", "\x81\x8d\x8f", "latin-1"),
    ],
)
def test_bytes_become_the_text_that_was_meant(data, label, text, used):
    assert decode(data, label) == (text, used)


def test_a_few_broken_characters_do_not_change_the_charset():
    text, used = decode("Grüße aus München, schöne Größe, für Käse, Öl und Übermut".encode()[:-1] + b"\xc3 x", "utf-8")
    assert used == "utf-8"
    assert text.startswith("Grüße aus München")
    assert text.count("\ufffd") == 1


@given(
    st.binary(max_size=300),
    st.sampled_from(["utf-8", "utf-16", "utf-7", "gb18030", "hz", "big5", "", "koi8-r", "utf-32", "\x00"]),
)
@settings(max_examples=100, deadline=None)
def test_no_bytes_and_no_label_raise(data, label):
    text, used = decode(data, label)
    assert isinstance(text, str)
    assert used


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
@settings(max_examples=50, deadline=None)
def test_text_that_is_labelled_rightly_comes_back(text):
    assert decode(text.encode(), "utf-8")[0] == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?UTF-8?B?R3LDtsOfZQ==?=", "Größe"),
        ("Re: =?utf-8?q?Gr=C3=B6=C3=9Fe?= und mehr", "Re: Größe und mehr"),
        ("=?utf-8?q?one?= =?utf-8?q?_two?=", "one two"),
        ("=?utf-8?q?one?=\t =?utf-8?q?two?=", "onetwo"),
        ("=?utf-8?B?R3LD?= =?utf-8?B?tsOfZQ==?=", "Größe"),  # cut inside a character
        ("=?utf-8?q?a?= =?latin1?q?=E4?=", "aä"),
        ("(=?utf-8?q?a?=)", "(a)"),
        ('"=?utf-8?q?a=C3=A4?="', '"aä"'),
        ("x=?utf-8?q?a?=y", "xay"),
        ("=?utf-8?q?What_is_this??=", "What is this?"),
        ("=?utf-8?q?two words?=", "two words"),
        ("=?x-unknown?q?Gr=F6=DFe?=", "Größe"),
        ("=?utf-8*de?q?a?=", "a"),
        ("=?utf-8?B?R3LDtsOfZQ?=", "Größe"),  # without its padding
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?unfinished", "unfinished"),
        ("=?utf-8?q?never begun <a@b.example>", "=?utf-8?q?never begun <a@b.example>"),
        ("=?", "=?"),
    ],
)
def test_encoded_words_are_decoded_as_mail_programs_do(value, text):
    assert words(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\r\n b", "a b"),
        ("a\n\tb", "a\tb"),
        ("St\udcf6rung", "Störung"),
        ("St\udcc3\udcb6rung", "Störung"),
        ("\ud800", "?"),
        ("no fold\nhere", "no fold\nhere"),
    ],
)
def test_header_values_are_unfolded_and_their_raw_octets_read(value, text):
    assert unfolded(value) == text


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_no_header_value_raises(value):
    assert isinstance(words(unfolded(value)), str)


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Добрый день, принтер на третьем этаже не работает.", "cp1251"),
        ("Добрый день, принтер на третьем этаже не работает.", "koi8-r"),
        ("ПРИНТЕР НЕ РАБОТАЕТ", "koi8-r"),
        ("ПРИНТЕР НЕ РАБОТАЕТ", "cp1251"),
        ("您好，我的电脑无法打印，请问该怎么办？", "gb18030"),
        ("您好，我的電腦無法列印，請問該怎麼辦？", "big5hkscs"),
        ("プリンタが動きません。至急確認してください。", "cp932"),
        ("プリンタが動きません。至急確認してください。", "euc_jp"),
        ("안녕하세요, 프린터가 작동하지 않습니다.", "cp949"),
        # Western stays Western
        ("Schöne Grüße, er öffnet nicht", "cp1252"),
        ("Été où ça a été réglé", "cp1252"),
        ("ÄÖÜ", "cp1252"),
    ],
)
@pytest.mark.parametrize("label", ["", "unknown-8bit", "us-ascii", "iso-8859-1"])
def test_a_text_that_is_plainly_not_western_is_read_as_what_it_is(text, charset, label):
    assert decode(text.encode(charset), label) == (text, charset)


def test_a_label_that_can_be_right_is_believed():
    assert decode("Καλημέρα, ο εκτυπωτής".encode("iso8859-7"), "iso-8859-7")[0] == "Καλημέρα, ο εκτυπωτής"
    assert decode("Příliš žluťoučký kůň".encode("cp1250"), "windows-1250")[0] == "Příliš žluťoučký kůň"
