"""Below a sign-off: what somebody went on to write is his message, what stands there in every mail is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import each

from maildesk.mail.message import Reading
from maildesk.mail.reading import understand
from maildesk.mail.thanks import more_below, only_thanks
from maildesk.mail.trim import split

CARDS = """
Best regards|Erika
Best regards|Erika Muster|Head of Sales and Marketing|New York
Mit freundlichen Grüßen|Erika Muster|Leiterin der Abteilung für Einkauf||Muster GmbH|Hauptstr. 12, 10115 Berlin
MfG|Erika Muster|Second Level Support|Tel. 030 1234567 (nicht nach 17 Uhr)
Kind regards|Erika||Muster Ltd is registered in England and Wales under company number 1234.
Viele Grüße|Erika||Geschäftsführer: Max Muster. Der Sitz der Gesellschaft ist Berlin.
Regards|Erika||Please do not print this mail if you don't need to.
Regards|Erika||This e-mail is confidential.|If you are not the intended recipient, please delete it. Do not copy it.
LG|Erika||"Nobody is perfect, but some of us are close."
Gruß|Erika||Wir freuen uns auf Ihren Besuch in unserem neuen Laden.
-- |Erika Muster|Ihr Partner für alle Fälle
--|Erika Muster|www.kunde.example
—|Erika
"""
WORDS = """
Best regards|Erika||Unfortunately the noise came back while I wrote this.
Viele Grüße|Erika||Leider stimmt das nicht, eben ist er wieder stehen geblieben.
-- |Erika||Nachtrag: leider zieht er schon wieder kein Papier ein.
MfG Erika||Ach ja: die Maus braucht auch eine neue Batterie
-- |Erika||By the way: the screen flickers
Cordialement|Marie||Au fait, le scanner ne marche plus non plus
Regards|Erika||P.S. tray 2 as well
Regards|Erika||Edit: it stopped again
Von meinem iPhone gesendet||Nein, doch nicht, er brummt schon wieder.
Sent from my iPhone||Wait, now it has stopped again!
--|But it still makes this noise
--|Es brummt aber immer noch
--|Erika||und die Maus hat keine Batterie mehr.
"""


def rows(table: str) -> list[str]:
    return [line.replace("|", "\n") for line in table.strip("\n").split("\n")]


@each(below=rows(CARDS))
def test_a_card_and_small_print_say_nothing(below):
    parts = split(f"Thanks!\n\n{below}")
    assert parts.new == "Thanks!"
    assert parts.signature == below
    assert only_thanks(parts.new)
    assert not more_below(parts.signature)


@each(below=rows(WORDS))
def test_what_somebody_went_on_to_write_is_his_message(below):
    parts = split(f"Thanks!\n\n{below}")
    assert parts.new.endswith(below.rpartition("\n")[2])
    assert parts.quoted == ""
    assert not only_thanks(parts.new)


def test_small_print_below_a_postscript_is_none_of_it():
    small = "This e-mail is confidential.\nDelete it if you are not the intended recipient."
    parts = split(f"Thanks!\n\nRegards\nErika\n\nUnfortunately the noise came back just now.\n\n{small}")
    assert parts.new == "Thanks!\n\nUnfortunately the noise came back just now."
    assert parts.signature == f"Regards\nErika\n\n{small}"


@pytest.mark.parametrize(
    "text",
    [
        "port=1\n--\nhost=2\n\nund den Dienst neu starten",
        "first half\n--\nsecond half\n\nand then press start.",
        "Paste this:\n\nroute {\n  to x;\n}\n--\nroute {\n  to y;\n}\n--\n\nand restart.",
        "Choose one of both:\n--\nthe old driver stays as it is\n--\nthe new driver is installed",
    ],
)
def test_dashes_may_part_a_text_as_well(text):
    assert split(text).new == text


@each(signature=["MfG\nErika\n\nder toner ist jetzt leer", "Regards\nErika\n\nNope", "LG\nErika\naber leider nur kurz"])
def test_in_doubt_thanks_are_not_only_thanks(signature):
    assert more_below(signature)


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_no_signature_breaks_it(text):
    assert more_below(text) in {True, False}


PASTED = "The gateway stops at:\n\nFrom: news@kunde.example\nTo: all@kunde.example\nDate: 2 March\n\nWhat now?"


def test_a_header_below_a_colon_is_no_history_in_a_mail_that_answers_none():
    assert split(PASTED, fresh=True).new == PASTED
    assert split(PASTED).new == "The gateway stops at:"
    assert split(PASTED.replace("at:", "here"), fresh=True).new == "The gateway stops here"


@pytest.mark.parametrize(
    ("headers", "new"),
    [
        ("Subject: a question", PASTED),
        ("Subject: Re: a question", "The gateway stops at:"),
        ("Subject: WG: a question", "The gateway stops at:"),
        ("Subject: a question\nIn-Reply-To: <x@kunde.example>", "The gateway stops at:"),
    ],
)
def test_headers_and_subject_say_whether_a_mail_answers_one(headers, new):
    found = understand(f"From: erika@kunde.example\n{headers}\n\n{PASTED}".encode())
    assert isinstance(found, Reading)
    assert found.trimmed.new == new


def test_a_mail_that_answers_none_has_something_to_say():
    pasted = PASTED.partition("\n\n")[2]
    found = understand(f"From: erika@kunde.example\nSubject: a question\n\n{pasted}".encode())
    assert isinstance(found, Reading)
    assert found.trimmed.new == pasted
