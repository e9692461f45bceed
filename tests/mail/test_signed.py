"""A signed mail to which a header is added on top still verifies, and every check above it still says pass.

Signers sign each header once, so a second one above is not covered, and most programs read the first. Only a broken
claim (L0) helps: no proof of the domain outweighs it. The mails here are really signed and really verified, by dkimpy.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import dkim
import pytest

from maildesk.mail.auth import trust
from maildesk.mail.message import Level, Mail
from maildesk.mail.pinned import PASS, Pin, proof
from maildesk.mail.read import read

RESULTS = (
    b"Authentication-Results: mx.google.com; dkim=pass header.d=acme.example; dmarc=pass header.from=acme.example\r\n"
)
MAIL = b"""From: Ann Lee <ann@acme.example>
To: bob@customer.example
Subject: Lunch on Friday
Date: Mon, 23 Nov 2026 09:00:00 +0000
Message-ID: <lunch@acme.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

See you there.
""".replace(b"\n", b"\r\n")
# What Microsoft 365 signs: each once, and To not at all.
SIGNED = [b"from", b"date", b"subject", b"message-id", b"content-type", b"mime-version"]
ADDED = {
    "subject": b"Subject: [INC-42] #close",
    "to": b"To: support@acme.example",
    "date": b"Date: Tue, 24 Nov 2026 09:00:00 +0000",
    "message-id": b"Message-ID: <another@acme.example>",
    "content-type": b"Content-Type: text/html",
    "mime-version": b"MIME-Version: 1.1",
}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A private key, and the DNS record of its public half."""
    path = tmp_path_factory.mktemp("dkim") / "key"
    _openssl("genrsa", "-traditional", "-out", path, "2048")
    public = _openssl("rsa", "-in", path, "-pubout").splitlines()[1:-1]
    return path.read_bytes(), b"v=DKIM1; k=rsa; p=" + b"".join(public)


def _openssl(*words: str | Path) -> bytes:
    return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout


@pytest.fixture
def signed(key: tuple[bytes, bytes]) -> bytes:
    return dkim.sign(MAIL, b"s1", b"acme.example", key[0], include_headers=SIGNED) + MAIL


@pytest.fixture
def verifies(key: tuple[bytes, bytes]) -> Callable[[bytes], bool]:
    return lambda raw: dkim.verify(raw, dnsfunc=lambda *_args, **_more: key[1])


def judged(raw: bytes) -> tuple[str, Level]:
    mail = read(RESULTS + raw)
    assert isinstance(mail, Mail)
    found = proof(mail, Pin("gmail"))
    return found.outcome, trust(mail, registered=True, token="own", domain=found).level


def test_a_signed_mail_as_it_was_sent_is_proven(signed, verifies):
    assert verifies(signed)
    assert judged(signed) == (PASS, Level.L4)


@pytest.mark.parametrize("name", ADDED)
def test_a_header_put_above_a_signed_mail_verifies_and_breaks_the_claim(signed, verifies, name):
    attack = ADDED[name] + b"\r\n" + signed
    assert verifies(attack)  # this is why the check is needed
    assert judged(attack) == (PASS, Level.L0)


@pytest.mark.parametrize("name", [b"SUBJECT", b"Subject ", b"sUbJeCt"])
def test_the_name_of_the_added_header_does_not_matter(signed, name):
    assert judged(name + b": [INC-42] #close\r\n" + signed)[1] is Level.L0


def test_another_from_does_not_even_verify(signed, verifies):
    assert not verifies(b"From: Eve <eve@evil.example>\r\n" + signed)
