"""New text, history and signature told apart: programs and languages by rows, then the ways of answering."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.message import Address, Attachment, Mail, Trimmed
from maildesk.mail.read import read
from maildesk.mail.trim import forwarded, split, trim

MAILS = Path(__file__).parent.parent / "mails" / "reading"

# What stands between the new text and the history, by the program that wrote it.
ATTRIBUTIONS = {
    "Gmail en": "On Mon, Mar 2, 2026 at 9:20 AM ACME IT <support@acme.example> wrote:",
    "Gmail en, wrapped": "On Mon, Mar 2, 2026 at 9:20 AM ACME IT Service Desk <\nsupport@acme.example> wrote:",
    "Gmail en, wrapped before the verb": "On Mon, Mar 2, 2026 at 9:20 AM ACME IT <support@acme.example>\nwrote:",
    "Gmail de": "Am Mo., 2. März 2026 um 09:20 Uhr schrieb ACME IT <support@acme.example>:",
    "Gmail fr": "Le lun. 2 mars 2026 à 09:20, ACME IT <support@acme.example> a écrit :",
    "Gmail fr, wrapped": "Le lun. 2 mars 2026 à 09:20, ACME IT <support@acme.example>\na écrit :",
    "Gmail es": "El lun, 2 mar 2026 a las 9:20, ACME IT (<support@acme.example>) escribió:",
    "Gmail it": "Il giorno lun 2 mar 2026 alle ore 09:20 ACME IT <support@acme.example> ha scritto:",
    "Gmail nl": "Op ma 2 mrt 2026 om 09:20 schreef ACME IT <support@acme.example>:",
    "Gmail pl": "pon., 2 mar 2026 o 09:20 ACME IT <support@acme.example> napisał(a):",
    "Gmail pt": "ACME IT <support@acme.example> escreveu (segunda, 2/03/2026 à(s) 09:20):",
    "Gmail sv": "Den mån 2 mars 2026 kl 09:20 skrev ACME IT <support@acme.example>:",
    "Gmail da": "Den man. 2. mar. 2026 kl. 09.20 skrev ACME IT <support@acme.example>:",
    "Gmail no": "man. 2. mar. 2026 kl. 09:20 skrev ACME IT <support@acme.example>:",
    "Gmail fi": "ma 2.3.2026 klo 9.20 ACME IT <support@acme.example> kirjoitti:",
    "Gmail cs": "po 2. 3. 2026 v 9:20 odesílatel ACME IT <support@acme.example> napsal:",
    "Apple en": "On 2 Mar 2026, at 09:20, ACME IT <support@acme.example> wrote:",
    "Apple de": "Am 02.03.2026 um 09:20 schrieb ACME IT <support@acme.example>:",
    "Apple fr": "Le 2 mars 2026 à 09:20, ACME IT <support@acme.example> a écrit :",
    "Apple it": "Il giorno 2 mar 2026, alle ore 09:20, ACME IT <support@acme.example> ha scritto:",
    "Apple nl": "Op 2 mrt 2026, om 09:20 heeft ACME IT <support@acme.example> het volgende geschreven:",
    "Apple es": "El 2 mar 2026, a las 9:20, ACME IT <support@acme.example> escribió:",
    "Apple sv": "2 mars 2026 kl. 09:20 skrev ACME IT <support@acme.example>:",
    "Thunderbird en": "On 3/2/26 09:20, ACME IT wrote:",
    "Thunderbird de": "Am 02.03.26 um 09:20 schrieb ACME IT:",
    "Thunderbird fr": "Le 02/03/2026 à 09:20, ACME IT a écrit :",
    "Thunderbird pl": "W dniu 02.03.2026 o 09:20, ACME IT pisze:",
    "Thunderbird pl, old": "Dnia 2 marca 2026 09:20 ACME IT <support@acme.example> napisał(a):",
    "Evolution": "On Mon, 2026-03-02 at 09:20 +0100, ACME IT wrote:",
    "Yandex, without a verb": '02.03.2026, 09:20, "ACME IT" <support@acme.example>:',
    "without a verb, date first": "2026-03-02 9:20 GMT+01:00 ACME IT <support@acme.example>:",
    "Zoho": "---- On Mon, 02 Mar 2026 09:20:00 +0100 support@acme.example wrote ----",
}


def header(keys: str, date: str, sender: str = "ACME IT <support@acme.example>", between: str = "\n") -> str:
    values = (sender, date, "Erika", "Printer")
    return between.join(f"{key} {value}" for key, value in zip(keys.split("|"), values, strict=True))


MONDAY = "Monday, March 2, 2026 9:20 AM"
BLOCKS = {
    "Outlook en": header("From:|Sent:|To:|Subject:", MONDAY),
    "Outlook en, local names": header("From:|Sent:|To:|Subject:", MONDAY, "Desk, ACME IT"),
    "Outlook de": header("Von:|Gesendet:|An:|Betreff:", "Montag, 2. März 2026 09:20"),
    "Outlook fr": header("De :|Envoyé :|À :|Objet :", "lundi 2 mars 2026 09:20"),
    "Outlook es": header("De:|Enviado el:|Para:|Asunto:", "lunes, 2 de marzo de 2026 9:20"),
    "Outlook it": header("Da:|Inviato:|A:|Oggetto:", "lunedì 2 marzo 2026 09:20"),
    "Outlook nl": header("Van:|Verzonden:|Aan:|Onderwerp:", "maandag 2 maart 2026 09:20"),
    "Outlook pl": header("Od:|Wysłano:|Do:|Temat:", "poniedziałek, 2 marca 2026 09:20"),
    "Outlook pt": header("De:|Enviado:|Para:|Assunto:", "2 de março de 2026 09:20"),
    "Outlook sv": header("Från:|Skickat:|Till:|Ämne:", "den 2 mars 2026 09:20"),
    "Outlook da": header("Fra:|Sendt:|Til:|Emne:", "2. marts 2026 09:20"),
    "Outlook fi": header("Lähettäjä:|Lähetetty:|Vastaanottaja:|Aihe:", "2. maaliskuuta 2026 9:20"),
    "Outlook cs": header("Od:|Odesláno:|Komu:|Předmět:", "pondělí 2. března 2026 9:20"),
    "Outlook, bold": header("*From:*|*Sent:*|*To:*|*Subject:*", MONDAY, "ACME IT [mailto:support@acme.example]"),
    "Outlook, with a rule": "_" * 32 + "\n" + header("From:|Sent:|To:|Subject:", MONDAY),
    "Outlook, wrapped sender": header("From:|Sent:|To:|Subject:", MONDAY, "ACME IT\n<support@acme.example>"),
    "Outlook, spaced out": header("From:|Sent:|To:|Subject:", MONDAY, between="\n\n"),
    "Apple, forwarded order": "From: ACME IT <s@acme.example>\nSubject: Printer\nDate: 2 March 2026\nTo: Erika",
    "Original Message": "-----Original Message-----\nFrom: ACME IT\nSent: Monday",
    "Ursprüngliche Nachricht": "-----Ursprüngliche Nachricht-----\nVon: ACME IT",
    "Message d'origine": "-------- Message d'origine --------\nDe : ACME IT",
    "Messaggio originale": "----- Messaggio originale -----",
    "Oorspronkelijk bericht": "-----Oorspronkelijk bericht-----",
    "Oprindelig besked": "-------- Oprindelig besked --------",
    "Samsung de": "-------- Ursprüngliche Nachricht --------\nVon: ACME <s@acme.example>\nDatum: 02.03.26 09:20",
    "marker en": "--- Please reply above this line ---",
    "marker de": "*** Bitte oberhalb dieser Linie antworten ***",
    "marker fr": "##- Veuillez répondre au-dessus de cette ligne -##",
    "marker es": "--- Responda por encima de esta línea ---",
    "marker nl": "==== Antwoord boven deze lijn ====",
}


@pytest.mark.parametrize("intro", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
@pytest.mark.parametrize(
    "quote", ["> Hello,\n> is it still jamming?\n>", "\n> Hello,\n>\n> is it still jamming?", "Hello,\nis it still?"]
)
def test_what_stands_under_an_attribution_is_history(intro, quote):
    parts = split(f"It jams again.\nTray 2 this time.\n\n{intro}\n{quote}")
    assert parts.new == "It jams again.\nTray 2 this time."
    assert parts.quoted.startswith(intro.split("\n")[0])
    assert "still" in parts.quoted
    assert not parts.inline_answers


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_what_stands_under_a_header_block_or_a_separator_is_history(block):
    parts = split(f"It jams again.\n\n{block}\n\nHello,\nis it still jamming?")
    assert parts.new == "It jams again."
    assert parts.quoted.startswith(block.split("\n")[0])
    assert parts.quoted.endswith("is it still jamming?")


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote: please come.\nNobody came.",
        "Yesterday he wrote:\n\nthe printer jams.",
        "Am Montag schrieb ich Ihnen schon: bitte kommen.",
        "Der Chef schrieb:\nbitte heute noch!",
        "On 2 March the server was down.\nThanks",
        "Please book the room:\nFrom: Monday\nTo: Friday",
        "Von: 12.03.\nBis: 14.03.\nUrlaub bitte eintragen.",
        "From: Berlin\nTo: Hamburg\n\nWhere is my parcel?",
        "Date: 2 March\nplease",
        "The error is:\n-----\nfile not found\n-----\nwhat now?",
        "Steps:\n1. open\n2. close",
        "Visit us!\n>>> https://x.example <<<\nthanks",
        "if a > b:\n    print(a)",
        "Sent from my desk, because my phone is broken.",
        "Best practices are these:\nuse a password",
        "Kind of strange\nregards the printer",
        "Please write the names above the line in the form, in capitals.",
        "Ann <ann@acme.example> can help you.\nAsk her.",
        "Please call 10:30, ann@acme.example:\nor later",
        "",
    ],
)
def test_what_only_looks_like_history_stays_new(text):
    parts = split(text)
    assert parts.new == text
    assert parts.quoted == parts.signature == ""


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nErika Muster\nWarehouse",
        "--\nErika Muster",
        "—\nErika\nkunde.example",
        "Regards,\nErika",
        "Kind regards\n\nErika Muster\nPhone +49 30 1234567\nwww.kunde.example",
        "Cheers",
        "Mit freundlichen Grüßen\nErika Muster\n\nMuster & Co\nTel.: 030 1234567",
        "Viele Grüße aus Berlin\nErika",
        "MfG\nErika",
        "Freundliche Grüsse\nErika",
        "Cordialement,\nMarie Dupont",
        "Bien à vous\nMarie",
        "Saludos cordiales,\nJosé",
        "Un saludo,\nJosé",
        "Cordiali saluti\nAnna Rossi",
        "Met vriendelijke groet,\nJan",
        "Pozdrawiam serdecznie\nJan Kowalski",
        "Z poważaniem\nJan",
        "Com os melhores cumprimentos,\nRui",
        "Med vänliga hälsningar\nAnna",
        "Med venlig hilsen\nAnne",
        "Ystävällisin terveisin\nAino",
        "S pozdravem\nJana",
        "Sent from my iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android<https://aka.ms/x>",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Wysłane z iPhone'a",
        "Enviado do meu iPhone",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
        "Odesláno z iPhonu",
        "_______________________________________________\nstaff mailing list\nhttps://lists.kunde.example/staff",
    ],
)
@pytest.mark.parametrize(
    "below", ["", "\n\nOn 3/2/26 09:20, ACME IT wrote:\n> Hello", "\n\nVon: A <a@b.example>\nGesendet: 2.3.2026\nAn: E"]
)
def test_a_signature_is_not_part_of_the_message(signature, below):
    parts = split(f"It jams again.\n\n{signature}{below}")
    assert parts.new == "It jams again."
    assert parts.signature == signature
    assert bool(parts.quoted) == bool(below)


@pytest.mark.parametrize("close", ["Best regards, Erika", "LG Erika", "Groeten, Jan", "Gruß Erika Muster"])
def test_a_close_with_the_name_in_the_same_line_is_how_the_message_ends(close):
    for below in ("", "\n\nOn 3/2/26 09:20, ACME IT wrote:\n> Hello", "\n\n-- \nErika Muster"):
        assert split(f"It jams again.\n\n{close}{below}").new == f"It jams again.\n\n{close}"
    parts = split(f"It jams again.\n\n{close}\nKunde GmbH\nTel. +49 30 1234567")
    assert parts.new == "It jams again."


def test_words_of_thanks_are_part_of_the_message():
    assert split("It works.\n\nThanks,\nErika").new == "It works.\n\nThanks,\nErika"


def test_what_is_written_below_a_signature_is_not_lost():
    parts = split("It jams.\n\nRegards\nErika\n\nPS: tray 2 as well")
    assert parts.new == "It jams.\n\nPS: tray 2 as well"
    parts = split("It jams.\n\nRegards\nErika Muster\n\nThis is what the display says:\nE-042")
    assert parts.new.endswith("This is what the display says:\nE-042")


def test_a_close_above_a_long_text_is_no_signature():
    long = "\n".join(f"Line {number} of a letter that was pasted" for number in range(60))
    assert split(f"This is what he sent me.\n\nRegards,\n{long}").signature == ""


def test_what_is_below_a_phones_signature_is_history():
    parts = split("Yes, do it.\n\nSent from my iPhone\n\nHello Erika,\nmay we replace the drum?")
    assert parts == Trimmed("Yes, do it.", "Hello Erika,\nmay we replace the drum?", "Sent from my iPhone")


def test_an_answer_below_the_quotation_is_the_message():
    parts = split("On 3/2/26 09:20, ACME IT wrote:\n> Hello,\n> is it still jamming?\n\nYes, it is.\n\n-- \nErika")
    assert parts.new == "Yes, it is."
    assert parts.quoted == "On 3/2/26 09:20, ACME IT wrote:\n> Hello,\n> is it still jamming?"
    assert parts.signature == "-- \nErika"
    assert not parts.inline_answers


def test_words_above_and_below_the_quotation_are_the_message():
    parts = split("Hello Ann,\n\nOn 3/2/26 09:20, ACME IT wrote:\n> is it still jamming?\n\nyes, in tray 2.")
    assert parts.new == "Hello Ann,\n\nyes, in tray 2."


def test_answers_between_the_lines_keep_their_context():
    parts = split(
        "On 3/2/26 09:20, ACME IT wrote:\n> Hello,\n> which model?\nLJ 400\n\n"
        "> and which tray?\n\nTray 2.\n\n> Regards\n> Ann\n"
    )
    assert parts.inline_answers
    assert parts.new == "> Hello,\n> which model?\nLJ 400\n\n> and which tray?\n\nTray 2."
    assert "Regards" in parts.quoted
    assert "wrote" in parts.quoted


def test_a_line_picked_for_an_answer_keeps_it():
    parts = split("> May we replace the drum?\n\nYes, please.")
    assert parts.new == "> May we replace the drum?\n\nYes, please."
    assert parts.inline_answers


def test_a_quoted_line_that_was_torn_is_no_answer():
    text = (
        "Fine.\n\nOn 3/2/26 09:20, ACME IT wrote:\n> Here is the link that you asked for: https://x.example/a\n"
        "/very/long/tail\n> and this line was so long that the program which sent it broke it in\nthe middle\n> end"
    )
    assert split(text).new == "Fine."


def test_nothing_but_history_leaves_nothing_new():
    assert split("> all\n> of\n> it").new == ""
    assert split("From: A <a@b.example>\nSent: Monday 2 March 2026\nTo: B\nSubject: x\n\nbody").new == ""


@pytest.mark.parametrize(
    ("name", "new", "signature"),
    [
        ("reply_gmail_en.eml", "It jams again, now with *thick* paper:\n\n   - tray 1\n   - tray 2\n\nErika", ""),
        (
            "reply_outlook_de.eml",
            "Guten Tag,\n\nder Toner ist neu, so sieht es jetzt aus:\n\n[Bild]",
            "Mit freundlichen Grüßen\nErika Muster\nLager | Muster & Co\nTel. +49 30 1234567",
        ),
        ("reply_apple_es.eml", "Sigue igual, la pantalla parpadea.", ""),
        ("reply_iphone_fr.eml", "Oui, toujours en panne ce matin.", "Envoyé de mon iPhone"),
        ("reply_outlook_html_nl.eml", "Het werkt weer, bedankt!", "Jan de Vries\nMagazijn"),
        ("reply_marker.eml", "Please go ahead.", ""),
        ("forward_gmail_en.eml", "Please look into this.", ""),
        ("forward_outlook_de.eml", "z.K.", ""),
        ("forward_apple_fr.eml", "", ""),
    ],
)
def test_mails_as_they_come(name, new, signature):
    mail = read((MAILS / name).read_bytes())
    assert isinstance(mail, Mail)
    parts = trim(mail.text, mail.html)
    assert (parts.new, parts.signature) == (new, signature)
    assert parts.quoted


LINES = """
It jams again.|Yes.|thanks|> old|> > older|>|-- |Regards,|Erika|Sent from my iPhone|On 3/2/26 09:20, ACME IT wrote:
Von: A <a@b.example>|Gesendet: 2. März 2026 09:20|An: B|Betreff: c|-----Original Message-----|________________|PS: x
--- reply above this line ---|---------- Forwarded message ---------|wrote:|support@acme.example>|LG Erika|*bold*
Thanks!On Mon, Mar 2, 2026 at 9:20 AM Ann <a@b.example> wrote:|On Mon, Mar 2, 2026 at 9:20 AM Ann|EM> yes|: yes|-Erika
From: A <a@b.example> Sent: 2 March 2026 To: B Subject: c|-----|This e-mail is confidential.|Original Message|a@b.de
"""
lines = st.sampled_from(["", "", *LINES.strip().replace("\n", "|").split("|")])


@given(st.lists(lines, max_size=25))
@settings(max_examples=100, deadline=None)
def test_nothing_is_ever_lost_or_doubled(body):
    parts = split("\n".join(body))
    kept = f"{parts.new}{parts.quoted}{parts.signature}"
    assert Counter("".join(kept.split())) == Counter("".join("".join(body).split()))


@given(st.text(max_size=500))
@settings(max_examples=50, deadline=None)
def test_no_text_breaks_it(text):
    parts = trim(text, text)
    assert isinstance(parts.new, str)


@pytest.mark.parametrize(
    "line",
    [
        "x wrote:",
        ">",
        "> a\nb",
        "From: x@y",
        "From: x\nDate: 1",
        "-- ",
        "----",
        "Regards,",
        "Sent from my x",
        "a" * 399,
        "@" * 300,
        "On " * 100,
        "-Anna\n\n/Max\n",
        "On 2026-03-02 09:20 a",
        "On 3/2/26 09:20, Ann wrote:\n| a",
        "From: a Sent: b To: c " * 40,
        "Sent from <a" * 30,
        "This message is confidential\n",
    ],
)
@pytest.mark.hostile
def test_a_hostile_text_costs_no_more_than_its_size(line):
    text = f"{line}\n" * 2_000
    parts = split(text)
    assert len(parts.new) + len(parts.quoted) + len(parts.signature) <= len(text)


# ---- forwarded mails


@pytest.mark.parametrize(
    ("name", "sender", "subject", "text"),
    [
        (
            "forward_gmail_en.eml",
            Address("max@kunde.example", "Max Beispiel"),
            "No sound",
            "Hi Ann,\n\nmy headset is silent since the update.\n\nMax",
        ),
        (
            "forward_outlook_de.eml",
            Address("max@kunde.example", "Beispiel, Max"),
            "Kein Ton",
            "Hallo Ann,\n\nmein Headset ist seit dem Update stumm.\n\nMax",
        ),
        (
            "forward_apple_fr.eml",
            Address("marie@client.example", "Marie Dupont"),
            "Pas de son",
            "Bonjour Ann,\n\nmon casque est muet.",
        ),
        ("attached_mail.eml", Address("jose@cliente.example", "José Ruiz"), "Escáner roto", "El escáner no enciende."),
    ],
)
def test_the_first_sender_of_a_forwarded_mail_is_found(name, sender, subject, text):
    mail = read((MAILS / name).read_bytes())
    assert isinstance(mail, Mail)
    found = forwarded(mail)
    assert found is not None
    assert (found.sender, found.subject, found.text) == (sender, subject, text)


def mail_of(subject: str, text: str, *attachments: Attachment) -> Mail:
    mail = read(
        f"From: ann@acme.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode()
    )
    assert isinstance(mail, Mail)
    parts = {name: getattr(mail, name) for name in Mail.__slots__}
    return Mail(**{**parts, "attachments": attachments})


FORWARD = (
    "---------- Forwarded message ---------\nFrom: Max <max@kunde.example>\nDate: Mon, Mar 2, 2026\nSubject: x\n\nhi"
)
BLOCK = "Von: Max <max@kunde.example>\nGesendet: Montag, 2. März 2026 09:20\nAn: Ann\nBetreff: x\n\nhi"


@pytest.mark.parametrize(
    ("subject", "text", "sender"),
    [
        ("Fwd: x", FORWARD, "max@kunde.example"),
        ("x", FORWARD, "max@kunde.example"),  # the separator says it
        ("x", f"please\n\n{FORWARD}", "max@kunde.example"),
        ("WG: x", BLOCK, "max@kunde.example"),
        ("FW: x", f"-----Original Message-----\n{BLOCK}", "max@kunde.example"),
        ("TR : x", BLOCK, "max@kunde.example"),
        ("[EXTERNAL] Fwd: x", BLOCK, "max@kunde.example"),
        ("AW: x", BLOCK, None),  # a reply that quotes him
        ("x", BLOCK, None),
        ("Fwd: x", "no block at all", None),
        ("Fwd: x", BLOCK.replace("Max <max@kunde.example>", "Max"), None),  # no address to answer to
        ("Fwd: x", "\n".join(["a line"] * 40) + "\n" + FORWARD, None),  # too far down: history of a thread
        ("Fwd: x", f"On 3/2/26 09:20, Bob wrote:\n{FORWARD}", None),
        ("Fwd: x", "", None),
    ],
)
def test_only_a_forward_near_the_top_names_a_first_sender(subject, text, sender):
    found = forwarded(mail_of(subject, text))
    assert (found.sender.email if found else None) == sender


INNER = b"From: Max <max@kunde.example>\r\nSubject: inner\r\n\r\nhi"


@pytest.mark.parametrize(
    ("subject", "text", "attachments", "found"),
    [
        ("Fwd: x", "please", [Attachment("m.eml", "message/rfc822", INNER)], True),
        ("x", "", [Attachment("m.eml", "message/rfc822", INNER)], True),
        ("x", "-- \nErika Muster", [Attachment("m.eml", "message/rfc822", INNER)], True),
        ("x", "see the attached example", [Attachment("m.eml", "message/rfc822", INNER)], False),
        ("Fwd: x", "", [Attachment("m.eml", "message/rfc822", b"\xff")], False),
        ("x", "", [Attachment("d", "message/delivery-status", b""), Attachment("m", "message/rfc822", INNER)], False),
        ("Fwd: x", "", [Attachment("m.eml", "application/octet-stream", INNER)], False),
    ],
)
def test_a_mail_forwarded_as_an_attachment_names_its_sender(subject, text, attachments, found):
    assert (forwarded(mail_of(subject, text, *attachments)) is not None) == found
