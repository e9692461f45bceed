"""Mails that mean harm, whole: what is left of each, and that nothing of it does more than stand there."""

from __future__ import annotations

from pathlib import Path

import pytest

from maildesk.mail.auth import trust
from maildesk.mail.message import Kind, Level, Mail, Reading
from maildesk.mail.reading import understand

FOLDER = Path(__file__).parent.parent / "mails" / "hostile"


def reading(name: str) -> Reading:
    found = understand((FOLDER / f"{name}.eml").read_bytes())
    assert isinstance(found, Reading), found
    return found


def mail(name: str) -> Mail:
    return reading(name).mail


def level(name: str, token: str = "own") -> Level:
    return trust(mail(name), registered=True, token=token).level


def everything(name: str) -> str:
    """All strings of a mail that come from its sender, each on a line."""
    found = mail(name)
    lines = [found.subject, found.text, *(part.name for part in found.attachments)]
    lines += [text for pair in found.headers for text in pair]
    lines += [text for one in (found.from_shown, *found.to) if one for text in (one.email, one.name)]
    return "\n".join(lines)


def test_every_mail_here_is_looked_at_and_is_a_humans():
    names = {path.stem for path in FOLDER.glob("*.eml")}
    assert len(names) == 19
    assert {name for name in names if reading(name).verdict.kind is not Kind.HUMAN} == set()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("header-in-an-encoded-subject", "Printer Bcc: victim@bank.example  Hello"),
        ("marks-that-turn-and-hide", "INC-1 #close  x"),
        ("nulls-and-escapes", "Printer [31mred[0m"),
        ("words-of-templates", "{{ 7*7 }} {% raw %} ${x} %s %(name)s {0}"),
    ],
)
def test_a_subject_is_one_line_of_what_can_be_seen(name, shown):
    assert mail(name).subject == shown


@pytest.mark.parametrize(
    "name", ["header-in-an-encoded-subject", "header-in-an-encoded-name", "header-in-a-message-id"]
)
def test_a_line_break_in_a_field_makes_no_other_field(name):
    found = mail(name)
    assert {header.lower() for header, _ in found.headers} <= {"from", "to", "date", "message-id", "subject"}
    assert [one.email for one in found.to] == ["support@acme.example"]
    assert all("\n" not in value and "\r" not in value for _, value in found.headers)
    assert "\n" not in (found.message_id or "")
    assert found.from_ is None or found.from_.email == "erika@customer.example"


@pytest.mark.parametrize(
    "name",
    [
        "two-authors",
        "two-subjects",
        "address-in-an-encoded-word",
        "address-with-a-route",
        "address-with-a-quoted-at",
        "address-cut-by-a-null",
    ],
)
@pytest.mark.parametrize("token", ["own", "foreign", "bad", ""])
def test_who_can_be_read_in_two_ways_is_nobody_whatever_proves_him(name, token):
    assert level(name, token) is Level.L0


@pytest.mark.parametrize("name", ["address-as-a-name", "address-in-a-comment"])
def test_a_name_or_a_comment_that_looks_like_an_address_is_none(name):
    found = mail(name)
    assert found.from_ is None or found.from_.email == "eve@evil.example"
    assert found.from_shown is not None
    assert found.from_shown.email == "eve@evil.example"


def test_a_domain_of_foreign_letters_shows_itself():
    found = mail("address-that-looks-alike")
    assert found.from_shown is not None
    assert found.from_shown.domain.startswith("xn--")


def test_no_mail_holds_a_character_that_moves_the_cursor_or_turns_the_line():
    for path in FOLDER.glob("*.eml"):
        bad = [char for char in everything(path.stem) if char in BAD or (char < " " and char not in "\n\t")]
        assert bad == [], path.stem


BAD = "\x7f\x85\u200b\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def test_the_name_of_a_file_is_a_name_and_no_place():
    names = [part.name for part in mail("names-of-files").attachments]
    assert names[:10] == [
        "job",
        "evil.exe",
        "passwd",
        "x.txt",
        "invoicefdp.exe",
        ".htaccess",
        "a.exe",
        "attachment.bin",
        "a b.txt",
        f"{'n' * 196}.pdf",
    ]
    assert names[10] == "a;b|c`d`$(e).sh", "data: whoever writes it to a disk takes a name of his own"


def test_what_an_eye_would_not_see_is_not_read():
    found = reading("text-that-nobody-sees")
    assert "It jams." in found.mail.text
    shown = f"{found.mail.text}\n{found.trimmed.new}\n{found.trimmed.new_html}"
    assert [
        word for word in ("secret", "alert", "color", "#close", "javascript", "pixel", "run()") if word in shown
    ] == []


def test_what_only_we_may_say_is_not_believed_from_others():
    found = mail("our-own-headers")
    assert [name for name, _ in found.headers if name.lower().startswith("x-maildesk")] == []
    assert found.loop == "k1:aaaaaaaaaaaaaaaa", "to be verified by who has the key"
    assert level("our-own-headers", "") is Level.L1


def test_a_part_on_another_machine_is_not_fetched():
    found = mail("parts-on-other-machines")
    assert "evil.example" not in found.text
    assert [part.type for part in found.attachments] == ["message/external-body"]
