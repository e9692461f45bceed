"""Read receipts that are only text: told in each language, and never by words alone."""

from __future__ import annotations

import pytest
from mailblocks import bare

from maildesk.mail.message import Kind
from maildesk.mail.screen import screen

FIELDS = "\n\n   {}:  Max Roth\n   {}:  Printer [INC-7]\n   {}:  04.01.2027 08:12\n\n"
ANSWER = ("a@acme.example",)
RECEIPTS = (
    ("Read: Printer", "Your message" + FIELDS.format("To", "Subject", "Sent") + "was read on 04.01.2027 09:00."),
    (
        "Not read: Printer",
        "Your message was deleted without being read on Monday, 4 January 2027 09:00:00 (UTC).",
    ),
    (
        "Gelesen: Drucker",
        "Ihre Nachricht" + FIELDS.format("An", "Betreff", "Gesendet") + "wurde am 4.1. 9:00 gelesen.",
    ),
    ("Lu : Imprimante", "Votre message" + FIELDS.format("À", "Objet", "Envoyé") + "a été lu le 04/01/2027 à 09:00."),
    ("Leído: Impresora", "Su mensaje" + FIELDS.format("Para", "Asunto", "Enviado") + "se ha leído el 4 de enero 9:00."),
    ("Letto: Stampante", "Il messaggio" + FIELDS.format("A", "Oggetto", "Inviato") + "è stato letto il 04/01 09:00."),
    ("Gelezen: Printer", "Uw bericht" + FIELDS.format("Aan", "Onderwerp", "Verzonden") + "is gelezen op 4-1 09:00."),
    ("Przeczytano: x", "Twoja wiadomość" + FIELDS.format("Do", "Temat", "Data") + "została odczytana 4.01 09:00."),
    ("Lida: Impressora", "A sua mensagem" + FIELDS.format("Para", "Assunto", "Data") + "foi lida em 4/1 09:00."),
    ("Läst: Skrivare", "Ditt meddelande" + FIELDS.format("Till", "Ämne", "Skickat") + "lästes den 4 januari 09:00."),
    ("Læst: Printer", "Din meddelelse" + FIELDS.format("Til", "Emne", "Sendt") + "blev læst 4.1. kl. 09:00."),
    ("Luettu: Tulostin", "Viestisi" + FIELDS.format("Saaja", "Aihe", "Lähetetty") + "on luettu 4.1. klo 9.00."),
    ("Přečteno: Tisk", "Vaše zpráva" + FIELDS.format("Komu", "Předmět", "Odesláno") + "byla přečtena 4.1. v 9:00."),
)


@pytest.mark.parametrize(("subject", "text"), RECEIPTS)
def test_a_receipt_in_words_is_no_answer(subject, text):
    assert screen(bare(subject=subject, text=text, in_reply_to=ANSWER)).kind is Kind.MDN
    assert screen(bare(subject=subject, text=text)).kind is Kind.HUMAN
    assert screen(bare(subject=f"{subject} [INC-7]", text=text)).kind is Kind.MDN
    assert screen(bare(subject=subject, text=f"Hello,\n{text}", in_reply_to=ANSWER)).kind is Kind.HUMAN
    assert screen(bare(subject=subject, text=f"{text}\nThe lamp is red now.", in_reply_to=ANSWER)).kind is Kind.HUMAN


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Printer", "Your message was read on Monday at 9:00."),
        ("Read: Printer", "Your message was read on Monday, and it still jams."),
        ("Read: Printer", "Your message was read on Monday at 9:00. The tray is empty."),
        ("Gelesen: Drucker", "Ihre Nachricht wurde am Montag um 9:00 verlesen, was nun?"),
        ("Read: Printer", "I read it at 9:00."),
        ("Read: Printer", ""),
    ],
)
def test_an_answer_that_speaks_of_reading_is_an_answer(subject, text):
    found = screen(bare(subject=subject, text=text, in_reply_to=ANSWER))
    assert found.kind is Kind.HUMAN, found.reason
