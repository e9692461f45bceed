"""Signed mails are read, encrypted ones are marked; invitations are put in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.armour import PGP, SMIME, disarmed, is_encrypted, opened
from maildesk.mail.invite import in_words
from maildesk.mail.message import Mail
from maildesk.mail.read import read

MAILS = Path(__file__).parent.parent / "mails" / "reading"


@pytest.mark.parametrize(
    ("name", "text", "sealed", "files"),
    [
        ("signed_opaque", "The key to room 7 is lost, and Günter is on holiday.", "", ["rooms.csv"]),
        ("clearsigned", "Die Tür klemmt:\n\n- oben\n- unten", "", ["signature.asc"]),
        ("signed", "I really wrote this.", "", ["signature.asc"]),
        ("encrypted_smime", "", SMIME, ["smime.p7m"]),
        ("encrypted_pgp", "", PGP, ["attachment.bin", "encrypted.asc"]),
        ("plain", None, "", []),
    ],
)
def test_what_is_signed_is_read_and_what_is_encrypted_is_marked(name, text, sealed, files):
    found = read((MAILS / f"{name}.eml").read_bytes())
    assert isinstance(found, Mail)
    assert text is None or found.text == text
    assert found.sealed == sealed
    assert [part.name for part in found.attachments] == files


def test_a_text_that_is_encrypted_stays_for_those_who_have_the_key():
    found = read((MAILS / "encrypted_inline.eml").read_bytes())
    assert isinstance(found, Mail)
    assert found.sealed == PGP
    assert found.text.startswith("-----BEGIN PGP MESSAGE-----")


SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----\n"
SEAL = "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----"


@pytest.mark.parametrize(
    ("text", "said", "seals"),
    [
        ("no armour", "no armour", ""),
        (f"{SIGNED}Hash: SHA256\n\nhi\n{SEAL}", "hi\n", SEAL),
        (f"{SIGNED}\nhi\n- -- \n- From me\n{SEAL}\nfooter", "hi\n-- \nFrom me\n\nfooter", SEAL),
        (f"{SIGNED}\na\n{SEAL}\n{SIGNED}\nb\n{SEAL}", "a\n\nb\n", f"{SEAL}\n{SEAL}"),
        (f"{SIGNED}\nhi\n", f"{SIGNED}\nhi\n", ""),
        (f"> {SIGNED}> hi\n", f"> {SIGNED}> hi\n", ""),
        (SIGNED * 20_000, SIGNED * 20_000, ""),
    ],
)
def test_the_armour_of_a_signature_is_no_text(text, said, seals):
    assert disarmed(text) == (said, seals)


def test_a_quoted_or_mentioned_message_is_not_encrypted():
    assert is_encrypted("see\n-----BEGIN PGP MESSAGE-----\n\nx")
    assert not is_encrypted("> -----BEGIN PGP MESSAGE-----\n")
    assert not is_encrypted("it said -----BEGIN PGP MESSAGE----- and stopped")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"0\x80",
        b"0\x84\xff\xff\xff\xff",
        b"\x30\x03\x06\x01\x2a",
        b"-----BEGIN PKCS7-----",
        b"\x24\x80" * 1000,
    ],
)
def test_what_is_no_signed_structure_stays_a_file(data):
    assert opened(data) == (None, False)


@given(st.integers(0, 600), st.binary(min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_damaged_structures_never_raise(at, junk):
    raw = (MAILS / "signed_opaque.eml").read_bytes()
    assert read(raw[: 300 + at] + junk + raw[301 + at :]) is not None
    data = bytes.fromhex("30800609" + "2a864886f70d010702" + "a080308002010131000000") * 3
    assert opened(data[:at] + junk + data[at + 1 :]) is not None


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        ("", ""),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR", ""),
        (event("SUMMARY:Lunch"), "Invitation: Lunch"),
        (event("SUMMARY:Lunch").replace("BEGIN:VEVENT", "METHOD:CANCEL\r\nBEGIN:VEVENT"), "Cancelled: Lunch"),
        (event("DTSTART:20260302T080000Z", "DTEND:20260302T090000Z"),
         "Invitation: (no title)\nWhen: 2026-03-02 08:00 to 09:00 (UTC)"),
        (event("SUMMARY:x", "DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260303"),
         "Invitation: x\nWhen: 2026-03-02"),
        (event("SUMMARY:x", "DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260305"),
         "Invitation: x\nWhen: 2026-03-02 to 2026-03-04"),
        (event("SUMMARY:x", "DTSTART:20260302T230000", "DTEND:20260303T010000"),
         "Invitation: x\nWhen: 2026-03-02 23:00 to 2026-03-03 01:00"),
        (event("SUMMARY:x", "DTSTART:20269999", "DTEND:nonsense"), "Invitation: x\nWhen: 2026-99-99"),
        (event("SUMMARY:a\\, b\\; c\\\\d", "ORGANIZER:MAILTO:ann@acme.example"),
         "Invitation: a, b; c\\d\nOrganizer: ann@acme.example"),
        (event("SUMMARY:x", "BEGIN:VALARM", "SUMMARY:alarm", "LOCATION:here", "END:VALARM"), "Invitation: x"),
    ],
)  # fmt: skip
def test_an_invitation_says_what_when_and_where(calendar, words):
    assert in_words(calendar) == words


def test_an_invitation_without_a_letter_is_the_text_of_the_mail():
    found = read((MAILS / "invitation_alone.eml").read_bytes())
    assert isinstance(found, Mail)
    assert found.text == (
        "Invitation: Inspection of the printer, third floor\nWhen: 2026-03-09 14:00 to 15:30 (Europe/Berlin)\n"
        "Where: Room 7\nOrganizer: Muster, Erika <erika@kunde.example>\n\nPlease bring:\n- toner\n- patience"
    )
    assert [part.name for part in found.attachments] == ["invitation.ics"]


def test_a_file_that_stands_in_the_text_is_attached():
    found = read((MAILS / "uuencoded.eml").read_bytes())
    assert isinstance(found, Mail)
    assert found.text == "The list is below.\n\n\nErika"
    assert [(part.name, part.content) for part in found.attachments] == [("parts.txt", b"2 drums\n1 belt\n")]


@given(st.text(alphabet='BEGIN:VTDSU\r\n ;="\\,20261Z-', max_size=200))
@settings(max_examples=50, deadline=None)
def test_no_calendar_raises(calendar):
    assert isinstance(in_words(calendar), str)
