"""Authentication-Results are taken apart strictly: to the last character, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.authres import LIMIT, RESULTS, Defect, Result, Results, parse

GMAIL = (
    'mx.google.com; dkim=pass header.i=@acme.example header.s=s1 header.b="a/b+c="; '
    "spf=pass (google.com: domain of ann@acme.example designates 192.0.2.7 as permitted sender) "
    "smtp.mailfrom=ann@acme.example; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=acme.example"
)
MICROSOFT = (
    "spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=acme.example; dkim=pass (signature was verified) "
    "header.d=acme.example;dmarc=pass action=none header.from=acme.example;compauth=pass reason=100"
)
FASTMAIL = (
    "mx6.messagingengine.com; dkim=pass (2048-bit rsa key sha256) header.d=acme.example header.a=rsa-sha256 "
    "x-bits=2048; dmarc=pass policy.published-domain-policy=none policy.applied-disposition=none "
    "(p=none,d=none,d.eval=none) policy.policy-from=p "
    "header.from=acme.example; iprev=pass smtp.remote-ip=2001:db8::1 (out.acme.example)"
)
OPENDMARC = "mail.acme.example; dmarc=fail (p=none dis=none) header.from=customer.example"
RSPAMD = (
    'mail.acme.example;\tdkim=none;\tdmarc=fail reason="No valid SPF, No valid DKIM" header.from=customer.example '
    "(policy=reject);\tspf=softfail (mail.acme.example: 192.0.2.7 is neither permitted nor denied) "
    "smtp.mailfrom=bob@customer.example"
)


def dmarc(value: str) -> list[Result]:
    return [one for one in parse(value).results if one.method == "dmarc"]


@pytest.mark.parametrize(
    ("value", "server", "methods", "word", "sender"),
    [
        (GMAIL, "mx.google.com", ["dkim", "spf", "dmarc"], "pass", "acme.example"),
        (MICROSOFT, "", ["spf", "dkim", "dmarc", "compauth"], "pass", "acme.example"),
        (FASTMAIL, "mx6.messagingengine.com", ["dkim", "dmarc", "iprev"], "pass", "acme.example"),
        (OPENDMARC, "mail.acme.example", ["dmarc"], "fail", "customer.example"),
        (RSPAMD, "mail.acme.example", ["dkim", "dmarc", "spf"], "fail", "customer.example"),
    ],
)
def test_what_servers_write_is_understood(value, server, methods, word, sender):
    found = parse(value)
    assert (found.server, [one.method for one in found.results]) == (server, methods)
    assert [(one.word, one.values("header.from")) for one in dmarc(value)] == [(word, (sender,))]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("mx.acme.example; none", Results("mx.acme.example", ())),
        ("mx.acme.example 1; none", Results("mx.acme.example", ())),
        ("mx.acme.example; none (no checks)", Results("mx.acme.example", ())),
        ("mx;a=b", Results("mx", (Result("a", "b"),))),
        (" mx (the (one)) 1 ; A = B ;", Results("mx", (Result("a", "b"),))),
        ('"mx.acme.example"; a=b', Results("mx.acme.example", (Result("a", "b"),))),
        ("mx; dkim/1=pass", Results("mx", (Result("dkim", "pass"),))),
        ("mx; dmarc/2=pass", Results("mx", (Result("dmarc/2", "pass"),))),
        ("mx; a=b X.Y=Z", Results("mx", (Result("a", "b", (("x.y", "Z"),)),))),
        ('mx; a=b x.y="q\\"\\\\ ;r"', Results("mx", (Result("a", "b", (("x.y", 'q"\\ ;r'),)),))),
        ('mx; a=b x.y="o o"@x.example', Results("mx", (Result("a", "b", (("x.y", '"o o"@x.example'),)),))),
        ("mx; a=b (c) x.y=z (d) (e)", Results("mx", (Result("a", "b", (("x.y", "z"),)),))),
        ("mx; none=pass", Results("mx", (Result("none", "pass"),))),
        ("a=b", Results("", (Result("a", "b"),))),
    ],
)
def test_the_grammar(value, expected):
    assert parse(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ";",
        "mx",
        "mx;",
        "mx; ;",
        "mx; none; dmarc=pass",
        "mx; dmarc=pass; none",
        "mx;; dmarc=pass",
        "mx; dmarc=pass;;",
        "mx 2; dmarc=pass",
        "mx 1 1; dmarc=pass",
        "mx one; dmarc=pass",
        "mx dmarc=pass",
        "mx, other; dmarc=pass",
        "mx other.example; dmarc=pass",
        "mx; dmarc",
        "mx; dmarc=",
        "mx; dmarc=; x=y",
        "mx; =pass",
        "mx; dmarc==pass",
        "mx; dmarc=pass=fail",
        "mx; dmarc=pass,fail",
        "mx; dmarc=pass.x",
        "mx; dmarc=pass header.from",
        "mx; dmarc=pass header.from=",
        "mx; dmarc=pass header.from=; x=y",
        "mx; dmarc=pass header . from=acme.example",
        'mx; dmarc=pass header.from="acme.example',
        'mx; dmarc=pass header.from="acme.example"x',
        "mx; dmarc=pass (header.from=acme.example",
        "mx; dmarc=pass (a) b) header.from=acme.example",
        "mx; dmarc=pass ((((((six)))))) header.from=acme.example",
        'mx; spf=pass (domain of "a) ; dmarc=pass header.from=acme.example ("@evil.example)',
        "mx; dmarc=pass (a\\) header.from=acme.example",
        "mx; dmarc=pass\x00 header.from=acme.example",
        "mx; dmarc=pass\n header.from=acme.example",
        "mx; dmarc=pass header.from=acme.example\x0b",
        "mx\u2024example; dmarc=pass",
        "mx; dm\u0430rc=pass",
        "mx;\u00a0dmarc=pass",
        "=?utf-8?q?mx?=; dmarc=pass",
        "mx; " + "a=b; " * RESULTS + "dmarc=pass",
        "mx; dmarc=pass (" + "x" * LIMIT + ")",
        "x.example; contoso.example; dmarc=pass",
    ],
)
def test_what_is_not_understood_is_no_result_at_all(value):
    with pytest.raises(Defect, match=r"\w"):
        parse(value)


_PIECES = st.sampled_from(
    [
        *("mx", "mx.acme.example", "none", "spf", "a=b", "dmarc=pass", "dmarc=fail", " header.from=acme.example"),
        *(";", "; ", " ", "\t", "(", ")", "(c)", '"', "\\", '"q"', "=", ".", "/", "/1", " 1", " 2", " x.y=z", "@", ","),
        *("\x00", "\n", "\u0430"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=14).map("".join) | st.text(max_size=60))
def test_whatever_comes_it_is_understood_or_a_defect(value):
    try:
        found = parse(value)
    except Defect:
        return
    # Written again in the plainest form it says the same: nothing was skipped, joined or invented.
    assert parse(_written(found)) == found
    assert sum(one.method == "dmarc" for one in found.results) <= value.lower().count("dmarc")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([GMAIL, MICROSOFT, FASTMAIL, RSPAMD]), st.data())
def test_one_character_put_in_never_turns_another_word_into_a_pass(value, data):
    value = value.replace("dmarc=pass", "dmarc=fail")
    at = data.draw(st.integers(0, len(value)))
    value = value[:at] + data.draw(st.sampled_from(list('()";=\\ \t.\x00/1@p'))) + value[at:]
    try:
        assert not [one for one in dmarc(value) if one.word == "pass"]
    except Defect:
        return


def _written(found: Results) -> str:
    results = [_result(one) for one in found.results] or ["none"]
    return "; ".join(([f'"{_escaped(found.server)}"'] if found.server else []) + results)


def _result(one: Result) -> str:
    return " ".join([f"{one.method}={one.word}", *(f'{name}="{_escaped(value)}"' for name, value in one.properties)])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
