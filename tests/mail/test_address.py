"""Who wrote it: the one mailbox of a From field, or the reason why nobody can be sure."""

from __future__ import annotations

from contextlib import suppress
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.address import FROM_LIMIT, Defect, one_mailbox, shown, spotted
from maildesk.mail.message import Address
from maildesk.mail.text import clean_line


@pytest.mark.parametrize(
    ("value", "email", "name"),
    [
        ("ann@acme.example", "ann@acme.example", ""),
        ("<ann@acme.example>", "ann@acme.example", ""),
        ("Ann Lee <ann@acme.example>", "ann@acme.example", "Ann Lee"),
        ('"Lee, Ann" <ann@acme.example>', "ann@acme.example", "Lee, Ann"),
        ("J. Q. Public <jq@acme.example>", "jq@acme.example", "J. Q. Public"),
        ("Ann Lee <Ann.Lee+it@ACME.Example>", "Ann.Lee+it@acme.example", "Ann Lee"),
        ("ann@acme.example (Ann Lee)", "ann@acme.example", "Ann Lee"),
        ("Ann <ann@acme.example> (at work)", "ann@acme.example", "Ann"),
        ("=?iso-8859-1?Q?J=FCrgen?= <j@acme.example>", "j@acme.example", "Jürgen"),
        ("Jürgen <j@acme.example>", "j@acme.example", "Jürgen"),
        ("J\udcfcrgen <j@acme.example>", "j@acme.example", "Jürgen"),
        ('"bob@customer.example" <ann@acme.example>', "ann@acme.example", "bob@customer.example"),
        ("Jürgen <jürgen@bücher.example>", "jürgen@xn--bcher-kva.example", "Jürgen"),
        ('"ann"@acme.example', "ann@acme.example", ""),
        ('"ann lee"@acme.example', '"ann lee"@acme.example', ""),
        ("Ann\r\n <ann@acme.example>", "ann@acme.example", "Ann"),
        ("root@localhost", "root@localhost", ""),
    ],
)
def test_one_mailbox_without_doubt_is_taken(value, email, name):
    assert one_mailbox(value) == Address(email, name)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", "no address"),
        ("Ann Lee", "no address"),
        ("Ann Lee <>", "no address"),
        ("Postmaster", "no address"),
        ("ann@acme.example, bob@acme.example", "more than one mailbox"),
        ("Lee, Ann <ann@acme.example>", "more than one mailbox"),
        ("ann@acme.example,", "more than one mailbox"),
        ("Staff: ann@acme.example;", "a group or a route"),
        ("undisclosed-recipients:;", "a group or a route"),
        ("<@evil.example:ann@acme.example>", "a group or a route"),
        ("bob@evil.example <ann@acme.example>", "an unquoted @ in the display name"),
        ("<ann@acme.example> <bob@evil.example>", "angle brackets"),
        ("<<ann@acme.example>>", "angle brackets"),
        ("Ann <ann@acme.example", "angle brackets"),
        ("<ann@acme.example> bob", "angle brackets"),
        ("ann@acme@evil.example", "more than one @"),
        ('"ann@acme.example"@evil.example', "a quoted local part"),
        ('"a\\"b"@evil.example', "a quoted local part"),
        ("=?utf-8?q?ann=40acme.example?=@evil.example", "an encoded word"),
        ("=?utf-8?q?Ann_=3Cann=40acme=2Eexample=3E?=", "no address"),
        ("ann(comment)@acme.example", "white space, a comment"),
        ("ann@acme.example(.evil.example) x", "white space, a comment"),
        ("ann @acme.example", "white space, a comment"),
        ("ann@[192.0.2.1]", "white space, a comment, a domain literal"),
        ("ann..lee@acme.example", "no dot-atom"),
        (".ann@acme.example", "no dot-atom"),
        ("ann\u3000lee@acme.example", "no dot-atom"),
        ("ann@-acme.example", "no host name"),
        ("ann@acme..example", "no host name"),
        ("ann@acme.example.", "no host name"),
        ("a" * 65 + "@acme.example", "more than 64 octets"),
        ("ann@" + "a" * 64 + ".example", "no host name"),
        ("ann@acme.example\x00", "a character that does not belong there"),
        ("Ann \x1b[31m <ann@acme.example>", "a character that does not belong there"),
        ("ann@acm\u200be.example", "odd character"),
        ("ann@acme\u3002example", "international name"),
        ("\uff41nn@acme.example", "odd character"),
        ("((((((hi)))))) ann@acme.example", "a comment without an end"),
        ("(" * 5000, "longer than"),
        ("(" * 900, "a comment without an end"),
    ],
)
def test_anything_that_two_programs_may_read_differently_is_nobody(value, fault):
    with pytest.raises(Defect, match=fault):
        one_mailbox(value)


@pytest.mark.parametrize(("extra", "fits"), [(-1, True), (0, True), (1, False)])
def test_a_from_field_is_read_up_to_its_limit(extra, fits):
    value = f"{'n' * (FROM_LIMIT + extra - len(' <ann@acme.example>'))} <ann@acme.example>"
    assert len(value) == FROM_LIMIT + extra
    if fits:
        assert one_mailbox(value).email == "ann@acme.example"
    else:
        with pytest.raises(Defect, match="longer"):
            one_mailbox(value)


pieces = st.sampled_from(
    [
        *'<>@,;:"()[]\\. \t',
        "ann",
        "acme.example",
        "=?utf-8?q?a=40b?=",
        '"x@y"',
        "(c)",
        "é",
        "\r\n ",
        "\x00",
        "\u202e",
        "mailto:",
    ]
)


@given(st.lists(pieces, max_size=12).map("".join))
@settings(max_examples=150, deadline=None)
def test_whoever_is_taken_is_also_whom_the_standard_library_finds(value):
    try:
        ours = one_mailbox(value)
    except Defect:
        return
    line = value.replace("\r\n", "")
    theirs = policy.default.header_factory("From", line).addresses
    assert [one.addr_spec.lower() for one in theirs] == [ours.key]
    assert ours.email.count("@") == 1
    assert ours.email.isprintable()
    assert "\n" not in ours.name


@given(st.text(max_size=300))
@settings(max_examples=75, deadline=None)
def test_no_value_breaks_the_parsers(value):
    with suppress(Defect):
        one_mailbox(value)
    for guess in (spotted(value), shown("", value)):
        assert guess is None or ("@" in guess.email and clean_line(guess.email, 400) == guess.email)


@pytest.mark.parametrize(
    ("value", "email"),
    [
        ("Big Bug bb@bug.example", "bb@bug.example"),
        ("bob@evil.example <ann@acme.example>", "ann@acme.example"),
        ("Beispiel, Max [mailto:max@kunde.example]", "max@kunde.example"),
        ("'Ann' <ann@acme.example>;", "ann@acme.example"),
        ("nobody at all", None),
        ("", None),
        ("a@", None),
    ],
)
def test_a_broken_value_still_shows_whom_to_answer(value, email):
    found = spotted(value)
    assert (found.email if found else None) == email
