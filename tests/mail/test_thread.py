"""Fingerprints, thread keys, and the marks that only we can make."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailblocks import bare

from maildesk.mail.message import Address
from maildesk.mail.thread import (
    LOCAL_PART,
    Keyring,
    Token,
    anchor_id,
    button_key,
    button_keys,
    button_valid,
    confirm_word,
    fingerprint,
    is_letter_id,
    letter_id,
    loop_header,
    loop_valid,
    reply_address,
    reply_token,
    scan_ids,
    thread_keys,
    valid,
)
from maildesk.mail.words import CONFIRMATION_WORDS

RING = Keyring("k1", {"k1": b"1" * 32, "k2": b"2" * 32})
DESK = Address("support@acme.example", "ACME IT")
OWN = {DESK.key}

MAIL = b"""\
Received: from a.example by b.example; Mon, 02 Nov 2026 09:00:00 +0100
Return-Path: <bob@customer.example>
From: Bob <bob@customer.example>
To: support@acme.example
Subject: The printer on
 the 3rd floor jams
Date: Mon, 02 Nov 2026 08:59:58 +0100
Message-ID: <m1@customer.example>
In-Reply-To: <a1@acme.example>
References: <a0@acme.example>
 <a1@acme.example>
Content-Type: text/plain; charset=utf-8

It jams.

Bob
"""


# ---- fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Received: from a.example by b.example", b"Received: from x.example by y.example"),
        (b"Return-Path: <bob@customer.example>\n", b""),
        (b"From: Bob", b"Delivered-To: support@acme.example\nX-Original-To: desk@acme.example\nFrom: Bob"),
        (b"From: Bob", b"X-Spam-Status: No\nDKIM-Signature: v=1;\n a=rsa-sha256\nFrom: Bob"),
        (b"Subject: The printer on\n the 3rd floor", b"Subject: The printer on the\n 3rd floor"),
        (b"Subject: The", b"SUBJECT:The"),
        (b"Received:", b"From bob@customer.example Mon Nov  2 09:00:00 2026\nReceived:"),
        (b"Received:", b"\xef\xbb\xbf\r\n\nReceived:"),
        (b"\n", b"\r\n"),
        (b"It jams.\n", b"It jams.\r\n"),
    ],
)
def test_copies_of_a_mail_that_came_another_way_have_one_fingerprint(old, new):
    assert old in MAIL
    assert fingerprint(MAIL.replace(old, new)) == fingerprint(MAIL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"It jams.", b"It jams!"),
        (b"It jams.", b"It  jams."),
        (b"Bob\n", b"Bob\n\n"),
        (b"\n\nIt", b"\n\n\nIt"),
        (b"<m1@customer.example>", b"<m2@customer.example>"),
        (b"08:59:58", b"08:59:59"),
        (b"To: support@", b"To: desk@"),
        (b"3rd floor", b"4th floor"),
        (b"From: Bob", b"From: Rob"),
        (b"To: support", b"To: other@acme.example\nTo: support"),
    ],
)
def test_another_mail_has_another_fingerprint(old, new):
    assert old in MAIL
    assert fingerprint(MAIL.replace(old, new)) != fingerprint(MAIL)


@settings(max_examples=60)
@given(st.binary(max_size=200), st.data())
def test_every_byte_of_the_body_counts(body, data):
    unix = body.replace(b"\r", b"")
    whole = b"Subject: x\n\n" + unix
    assert fingerprint(whole.replace(b"\n", b"\r\n")) == fingerprint(whole)
    if unix:
        at = data.draw(st.integers(0, len(unix) - 1))
        other = data.draw(st.integers(0, 255).filter(lambda byte: byte not in {unix[at], 13}))
        assert fingerprint(b"Subject: x\n\n" + unix[:at] + bytes([other]) + unix[at + 1 :]) != fingerprint(whole)


@pytest.mark.parametrize("shift", range(-3, 4))
def test_a_line_end_across_two_pieces_of_a_big_body_is_one_line_end(shift):
    head, size = b"Subject: x\r\n\r\n", 1024 * 1024 + shift
    body = b"a" * (size - 1) + b"\r\nb\r"
    assert fingerprint(head + body) == fingerprint(head + body.replace(b"\r\n", b"\n"))
    assert fingerprint(head + body) != fingerprint(head + body[:-1])


@pytest.mark.hostile
def test_a_mail_of_25_mb_is_fingerprinted_in_one_quick_pass():
    raw = b"Subject: x\r\n\r\n" + b"c29tZSBiYXNlNjQgbGluZXMgb2YgYW4gYXR0YWNobWVudA==\r\n" * 500_000
    started = time.process_time()
    fingerprint(raw)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"\r\n\r\n", b"From ", b"From x", b"no header at all", b"Subject:", b":\n\n"]
)
def test_bytes_that_are_hardly_a_mail_have_a_fingerprint_too(raw):
    assert re.fullmatch(r"[0-9a-f]{64}", fingerprint(raw))
    assert scan_ids(raw) == (None, ())


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_every_string_of_bytes_has_a_fingerprint(raw):
    assert re.fullmatch(r"[0-9a-f]{64}", fingerprint(raw))
    assert len(scan_ids(raw)[1]) <= 20


# ---- scan


def test_the_scan_finds_the_id_and_the_answered_ids_newest_first():
    assert scan_ids(MAIL) == ("m1@customer.example", ("a1@acme.example", "a0@acme.example"))
    assert scan_ids(MAIL.replace(b"\n", b"\r\n")) == scan_ids(MAIL)


def test_an_id_without_brackets_is_an_id_too():
    assert scan_ids(b"Message-ID: m1@customer.example\nIn-Reply-To: your mail of Monday\n\n") == (
        "m1@customer.example",
        (),
    )


def test_ids_in_the_body_are_no_ids():
    assert scan_ids(b"Subject: x\n\nMessage-ID: <a@b.example>\n") == (None, ())


def test_ten_thousand_references_cost_nothing_and_count_for_twenty():
    raw = b"References: " + b"\n ".join(b"<%d@x.example>" % n for n in range(10_000)) + b"\n\n"
    started = time.process_time()
    _, ids = scan_ids(raw)
    assert time.process_time() - started < 0.5
    assert ids[0] == "9999@x.example"
    assert len(ids) == 20


def test_an_id_longer_than_a_line_is_no_id():
    assert scan_ids(b"Message-ID: <" + b"a" * 999 + b">\n\n") == (None, ())


# ---- reply tokens


def tokens_of(**fields: object) -> tuple[Token, ...]:
    return thread_keys(bare(**fields), OWN, {"INC"}).tokens


def test_a_token_is_valid_for_its_person_and_for_nobody_else():
    (token,) = tokens_of(to=(reply_address(RING, DESK, 42, "@ann"),))
    assert token == Token(42, "k1", token.mac, "address")
    assert valid(RING, token, "@ann")
    assert not valid(RING, token, "@bob")
    assert not valid(RING, token, "ann")


PERSONS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@settings(max_examples=60)
@given(st.integers(0, 10**11), PERSONS, PERSONS)
def test_a_token_verifies_as_made_and_with_no_field_changed(incident, person, other):
    (token,) = tokens_of(references=(letter_id(RING, "acme.example", incident, person, "c", 0),))
    assert valid(RING, token, person)
    assert valid(RING, token, other) is (other == person)
    assert not valid(RING, Token(incident + 1, token.key, token.mac, token.where), person)
    assert not valid(RING, Token(incident, "k2", token.mac, token.where), person)
    assert not valid(RING, Token(incident, "k9", token.mac, token.where), person)
    wrong = ("b" if token.mac[0] == "a" else "a") + token.mac[1:]
    assert not valid(RING, Token(incident, token.key, wrong, token.where), person)


def test_a_token_is_never_valid_with_letters_that_no_token_has():
    for mac in ("", "a", "ä" * 16, "\ud800" * 16, "a" * 17):
        assert not valid(RING, Token(42, "k1", mac, "reference"), "@ann")


def test_a_new_epoch_revokes_and_a_second_key_lets_the_first_live():
    (token,) = tokens_of(to=(reply_address(RING, DESK, 42, "@ann"),))
    assert not valid(Keyring("k1", RING.keys, epoch=2), token, "@ann")
    assert valid(Keyring("k2", RING.keys), token, "@ann")
    assert not valid(Keyring("k2", {"k2": RING.keys["k2"]}), token, "@ann")
    assert not valid(Keyring("k1", {"k1": b"3" * 32}), token, "@ann")


def test_what_is_signed_for_one_purpose_is_worth_nothing_for_another():
    key = button_key(RING, "take", 42, "@ann").partition("-")[2].replace("-", "")
    assert not valid(RING, Token(42, "k1", key, "reference"), "@ann")
    own = letter_id(RING, "acme.example", 42, "@ann", "c", 0).split("@")[0].rpartition(".")[2]
    assert not valid(RING, Token(42, "k1", own, "reference"), "@ann")


def test_fields_cannot_be_shifted_into_one_another():
    ids = {letter_id(RING, "d.example", 1, "p", cause, n) for cause, n in (("c1", 1), ("c", 11), ("c11", 0))}
    assert len({name.split(".")[4] for name in ids}) == 3


def test_the_token_has_the_form_that_is_promised():
    assert re.fullmatch(r"i42\.k1\.[a-z2-7]{16}", reply_token(RING, 42, "@ann"))
    assert reply_token(RING, 42, "@ann") == reply_token(RING, 42, "@ann")


def test_the_ring_does_not_show_its_keys():
    assert "111" not in repr(RING)


@pytest.mark.parametrize(("current", "names"), [("k2", ["k1"]), ("k1", []), ("main", ["main"]), ("K1", ["K1"])])
def test_a_ring_that_could_not_sign_or_whose_tokens_could_not_be_read_is_refused(current, names):
    with pytest.raises(ValueError, match="keyring"):
        Keyring(current, dict.fromkeys(names, b"1" * 32))


@pytest.mark.parametrize("change", [str.upper, str.title, str.swapcase])
def test_a_local_part_in_another_case_still_verifies(change):
    address = reply_address(RING, DESK, 42, "@ann")
    (token,) = tokens_of(to=(Address(change(address.email)),))
    assert valid(RING, token, "@ann")


@pytest.mark.parametrize("where", ["to", "cc", "delivered_to"])
def test_the_token_address_may_stand_wherever_the_mail_was_sent_to(where):
    address = reply_address(RING, DESK, 42, "@ann")
    found = tokens_of(**{where: (address.email,) if where == "delivered_to" else (Address("x@y.example"), address)})
    assert [valid(RING, token, "@ann") for token in found] == [True]


def test_a_token_at_somebody_elses_address_is_not_ours():
    token = reply_token(RING, 42, "@ann")
    assert tokens_of(to=(Address(f"support+{token}@other.example"), Address(f"sales+{token}@acme.example"))) == ()


def test_a_desk_whose_own_address_has_a_plus_part_works_too():
    desk = Address("it+desk@acme.example")
    address = reply_address(RING, desk, 7, "@ann")
    assert address.email.startswith("it+desk+i7.k1.")
    (token,) = thread_keys(bare(to=(address,)), {desk.key}, set()).tokens
    assert valid(RING, token, "@ann")


@pytest.mark.parametrize("length", [10, 34, 35, 36, 64])
def test_the_local_part_never_grows_longer_than_allowed(length):
    desk = Address("d" * length + "@acme.example", "ACME IT")
    address = reply_address(RING, desk, 1042, "@ann")
    assert len(address.email.partition("@")[0]) <= LOCAL_PART
    assert address == desk or address.email.partition("+")[0] == "d" * length
    assert address.name == desk.name


def test_tokens_come_by_strength_addresses_first_then_the_newest_reference():
    newest, older = (letter_id(RING, "acme.example", n, "@ann", "c", 0) for n in (2, 3))
    found = tokens_of(
        to=(reply_address(RING, DESK, 1, "@ann"),),
        in_reply_to=(newest,),
        references=(anchor_id(RING, "acme.example", 4, "@ann"), older, newest),
    )
    assert [(token.incident, token.where) for token in found] == [
        (1, "address"),
        (2, "reference"),
        (3, "reference"),
        (4, "reference"),
    ]


def test_the_anchor_alone_carries_the_token():
    (token,) = tokens_of(references=(anchor_id(RING, "acme.example", 42, "@ann"),))
    assert valid(RING, token, "@ann")


def test_answered_ids_come_newest_first_and_once():
    keys = thread_keys(
        bare(in_reply_to=("c@x",), references=("a@x", "b@x", "c@x"), subject="Re: x [INC-5]"), OWN, {"INC"}
    )
    assert keys.ids == ("c@x", "b@x", "a@x")
    assert keys.numbers == (5,)
    assert keys.tokens == ()


def test_no_mail_brings_more_than_a_bounded_number_of_keys():
    many = tuple(letter_id(RING, "acme.example", n, "@ann", "c", 0) for n in range(100))
    keys = thread_keys(bare(references=(*many, "x" * 1000)), OWN, {"INC"})
    assert len(keys.ids) == 19
    assert len(keys.tokens) == 19


# ---- letters


def test_a_letters_id_follows_from_its_cause_and_from_nothing_else():
    name = letter_id(RING, "acme.example", 42, "@ann", "cause", 0)
    assert name == letter_id(RING, "acme.example", 42, "@ann", "cause", 0)
    assert re.fullmatch(r"md\.i42\.k1\.[a-z2-7]{16}\.[a-z2-7]{16}@acme\.example", name)
    others = [("@ann", "cause", 1), ("@ann", "other", 0), ("@bob", "cause", 0)]
    assert len({name, *(letter_id(RING, "acme.example", 42, *other) for other in others)}) == 4
    assert letter_id(Keyring("k1", RING.keys, epoch=2), "acme.example", 42, "@ann", "cause", 0) != name


def test_a_letter_about_no_incident_has_an_id_and_its_token_still_proves_the_person():
    (token,) = tokens_of(in_reply_to=(letter_id(RING, "acme.example", 0, "@ann", "cause", 0),))
    assert token.incident == 0
    assert valid(RING, token, "@ann")


def test_an_anchor_is_the_same_for_every_letter_and_the_id_of_none():
    anchor = anchor_id(RING, "acme.example", 42, "@ann")
    assert anchor == anchor_id(RING, "acme.example", 42, "@ann") != anchor_id(RING, "acme.example", 42, "@bob")
    assert not is_letter_id(anchor)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("md.i42.k1.abcdefghabcdefgh.abcdefghabcdefgh@acme.example", True),
        ("MD.I42.K1.ABCDEFGHABCDEFGH.ABCDEFGHABCDEFGH@ACME.EXAMPLE", True),
        ("md.i42.k1.abcdefghabcdefgh.thread@acme.example", False),
        ("md.i42.k1.abcdefghabcdefgh@acme.example", False),
        ("md.i42.k1.abcdefghabcdefg1.abcdefghabcdefgh@acme.example", False),
        ("x.md.i42.k1.abcdefghabcdefgh.abcdefghabcdefgh@acme.example", False),
        ("md.i42.k1.abcdefghabcdefgh.abcdefghabcdefgh@acme.example\n", False),
        ("m1@customer.example", False),
        ("", False),
    ],
)
def test_our_message_ids_are_told_by_their_form(name, ours):
    assert is_letter_id(name) is ours


# ---- loop header


def test_the_loop_header_verifies_as_sent_folded_and_unfolded():
    value = loop_header(RING, letter_id(RING, "acme.example", 42, "@ann", "cause", 0))
    assert loop_valid(RING, value)
    assert loop_valid(RING, f" {value.replace(' ', '   ')} ")
    assert loop_valid(Keyring("k2", RING.keys), value)


@pytest.mark.parametrize(
    "value", ["", "yes", "a@b k1.abcdefghabcdefgh", "a@b k9.abcdefghabcdefgh", "k1.abcdefghabcdefgh"]
)
def test_a_loop_header_of_somebody_else_does_not_verify(value):
    assert not loop_valid(RING, value)
    assert not loop_valid(RING, loop_header(RING, "a@b").replace("a@b", "a@c"))


# ---- buttons and confirmations


@pytest.mark.parametrize(
    "body",
    [
        "Key: {key}",
        "> Key: {key}\n> thanks",
        ">> Key: {key}.",
        "Schlüssel: {key}, bitte stehen lassen",
        "<div>Key: {key}</div>",
        "Key: {KEY}",
    ],
)
def test_a_button_key_survives_what_clients_do_to_a_body(body):
    key = button_key(RING, "take", 42, "@ann")
    (found,) = button_keys(body.format(key=key, KEY=key.upper()))
    assert button_valid(RING, found, "take", 42, "@ann")


def test_a_button_key_is_bound_to_verb_incident_and_person():
    key = button_key(RING, "take", 42, "@ann")
    assert re.fullmatch(r"k1(-[a-z2-7]{4}){4}", key)
    assert not button_valid(RING, key, "close", 42, "@ann")
    assert not button_valid(RING, key, "take", 43, "@ann")
    assert not button_valid(RING, key, "take", 42, "@bob")
    assert not button_valid(RING, "k1", "take", 42, "@ann")
    assert not button_valid(RING, "", "take", 42, "@ann")


def test_words_with_hyphens_are_no_button_keys():
    assert button_keys("k1-abcd-efgh-ijkl and k1-abcd-efgh-ijkl-mnop-qrst, key-abcd-efgh-ijkl-mnop") == ()


def test_the_words_to_confirm_with_are_plain_and_all_different():
    assert len(CONFIRMATION_WORDS) == len(set(CONFIRMATION_WORDS)) == 256
    assert all(re.fullmatch(r"[a-z]{5,8}", word) for word in CONFIRMATION_WORDS)


def test_the_word_follows_from_cause_and_person():
    assert confirm_word(RING, "cause", "@ann") == confirm_word(RING, "cause", "@ann")
    words = {confirm_word(RING, f"cause {n}", "@ann") for n in range(200)}
    assert words <= set(CONFIRMATION_WORDS)
    assert len(words) > 90  # 256 words drawn 200 times leave about 139 different ones
