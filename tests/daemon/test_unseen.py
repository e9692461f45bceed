"""What a mail repeats is shown to technicians if the desk has never read it; a technician's answer repeats nothing."""

from __future__ import annotations

import email.policy

import pytest
from daemon.desks import mail, timeline
from scenes.play import Play
from scenes.stages import QuickStage

from maildesk.desk.events import Said

BLOCK = """Von: Petra Klein <petra@shop.example>
Gesendet: Freitag, 20. November 2026 10:00
An: Erika Muster <erika@shop.example>
Betreff: Kennwort

Ich bin Nutzer PK17."""
OURS = """Von: ACME IT <support@acme.example>
Gesendet: Freitag, 20. November 2026 10:00
An: Petra Klein <petra@shop.example>
Betreff: Kennwort

Welcher Nutzer sind Sie?"""


def last(stage: QuickStage, number: int = 1) -> Said:
    """The newest words in a timeline."""
    stage.settle()
    return next(e.record.said for e in reversed(timeline(stage.desk, number)) if e.record.said)


def answer(stage: QuickStage, name: str, template: str, text: str) -> None:
    """A mail client's answer to somebody's last letter with nothing below it but what `text` says."""
    play = Play(stage)
    play.collect()
    message = play.reply(name, play.last(name, template), "", "")
    message.set_content(text)
    stage.deliver(message.as_bytes(policy=email.policy.SMTP))


@pytest.mark.parametrize(
    "quoted", [BLOCK, "Am 20.11.26 um 10:00 schrieb Petra Klein <petra@shop.example>:\n> Ich bin Nutzer PK17."]
)
def test_history_that_the_desk_has_never_seen_stands_below_the_words(stage, quoted):
    stage.deliver(mail("first", text=f"Siehe unten.\n\nGruß\nErika\n\n{quoted}", References="<theirs@shop.example>"))
    said = last(stage)
    assert said.text == f"Siehe unten.\n\n{quoted}"
    assert (said.signature, said.quoted) == ("Gruß\nErika", "")


def test_our_own_letters_are_not_repeated(stage):
    stage.deliver(mail("first", text=f"Siehe unten.\n\n{OURS}", References="<theirs@shop.example>"))
    said = last(stage)
    assert (said.text, said.quoted) == ("Siehe unten.", OURS)


def test_the_same_mail_by_way_of_a_list_is_found_by_its_words_and_its_history(stage):
    raw = mail("first", text=f"Siehe unten.\n\nGruß\nErika\n\n{BLOCK}", References="<theirs@shop.example>")
    stage.deliver(raw)
    stage.deliver(raw.replace(b"About first", b"[it-all] About first") + b"\r\n_______\r\nit-all mailing list\r\n")
    stage.settle()
    assert timeline(stage.desk, 1)[-1].record.why == "the same mail, by another way"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (BLOCK, BLOCK),
        (OURS, ""),
        (f"-------- Forwarded Message --------\n{BLOCK}", "Ich bin Nutzer PK17."),
        (f"So ist es:\n\n-------- Forwarded Message --------\n{BLOCK}", "So ist es:\n\nIch bin Nutzer PK17."),
        (f"-------- Forwarded Message --------\n{OURS}", ""),
        (f"Ja.\n\n{BLOCK}", "Ja."),
        ("Am 20.11.26 um 10:00 schrieb ACME IT:\n> Welcher Nutzer?", ""),
    ],
)
def test_of_a_known_incident_what_is_forwarded_is_shown(stage, text, shown):
    stage.deliver(mail("first"))
    answer(stage, "Erika", "received", text)
    assert last(stage).text == shown


def test_a_technicians_answer_never_takes_history_along(stage):
    stage.deliver(mail("first"))
    answer(stage, "Ann", "new", f"Bitte so:\n\n-------- Forwarded Message --------\n{BLOCK}")
    assert last(stage).text == "Bitte so:"
