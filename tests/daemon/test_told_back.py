"""Encrypted mails: the incident says so, the sender hears what to do, and nothing that nobody can read is passed on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from daemon.desks import letters, rows, text_of, timeline
from scenes.stages import QuickStage

PGP = (
    b"From: {sender}\r\nTo: support@acme.example\r\nSubject: About it\r\nMessage-ID: <{name}@client.example>\r\n{more}"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n"
    b'--b\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\n\r\n'
    b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA5vsKR\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n--b--\r\n"
)


def sealed(name: str, sender: str = "erika@shop.example", more: str = "") -> bytes:
    values = {"sender": sender, "name": name, "more": more}
    raw = PGP
    for key, value in values.items():
        raw = raw.replace(b"{%s}" % key.encode(), value.encode())
    return raw


def told(stage: QuickStage) -> list[tuple[str, str]]:
    return [(letter.template, letter.to_email) for letter in letters(stage.desk)]


def test_it_is_an_incident_whose_sender_is_asked_to_write_again(stage):
    stage.deliver(sealed("one"))
    stage.settle()
    assert [(row.action, row.incident_id) for row in rows(stage.desk)] == [("create", 1)]
    (letter,) = [one for one in letters(stage.desk) if one.to_email == "erika@shop.example"]
    text = text_of(stage.desk, letter)
    assert letter.template == "unopened"
    assert "INC-1" in text
    assert "it is encrypted, and we do not have the key" in text
    assert "Please reply to this mail without encryption" in " ".join(text.split())
    technician = next(one for one in letters(stage.desk) if one.template == "new")
    assert "The mail is encrypted, and nobody here can read it." in text_of(stage.desk, technician)


def test_an_encrypted_answer_reaches_the_technician_and_its_sender_hears_of_it(stage):
    stage.deliver(sealed("one"))
    stage.settle()
    stage.forward(timedelta(hours=1))
    before = len(told(stage))
    stage.deliver(sealed("two", more="In-Reply-To: <one@client.example>\r\n"))
    stage.settle()
    assert ("unopened", "erika@shop.example") in told(stage)[before:]
    assert {template for template, _ in told(stage)[before:]} == {"update", "unopened"}


def test_what_a_technician_encrypts_is_not_passed_on(stage):
    stage.deliver(sealed("one"))
    stage.settle()
    before = len(told(stage))
    stage.deliver(sealed("two", "ann@acme.example", "In-Reply-To: <one@client.example>\r\n"))
    stage.settle()
    assert told(stage)[before:] == [("unopened", "ann@acme.example")]
    assert "it was not passed on" in timeline(stage.desk, 1)[-1].record.text


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied\r\n", "Precedence: bulk\r\n"])
def test_machines_that_encrypt_hear_nothing(stage, header):
    stage.deliver(sealed("one", more=header))
    stage.settle()
    assert "erika@shop.example" not in [to for _, to in told(stage)]
