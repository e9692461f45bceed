"""German letters to technicians, with all that the desk says in them: nothing is English but people's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from scenes.stages import RING, shipped_letters
from world import ANN, BEN, ERIKA, NOW, POLICY, claimed, happens, incident, mail

from maildesk.desk.commands import VERBS
from maildesk.desk.effects import Decision, Entry, Record, Send
from maildesk.desk.events import (
    Alike,
    AssigneeGone,
    Event,
    Found,
    LetterFailed,
    Looked,
    Pending,
    Queued,
    Said,
    TimerRang,
)
from maildesk.desk.incident import Incident, Status, Waiting
from maildesk.desk.letters import Setting, as_history, compose
from maildesk.mail.letters import LETTERS, Reader
from maildesk.mail.message import Level

GERMAN = replace(POLICY, language="de")
OURS = incident(title="Drucker klemmt")
NEW = replace(OURS, status=Status.NEW, assignee=None)
RESOLVED = replace(OURS, status=Status.RESOLVED, resolution="Walze getauscht")
PAST = (
    Record(Entry.MAIL, "Seit heute früh", actor="erika@shop.example", actor_name="Erika", said=Said("Seit heute früh")),
    Record(Entry.CHANGE, "waiting for the supplier until 2026-11-25 09:40", actor="@ann", actor_name="Ann Lee"),
    Record(Entry.CHANGE, "the wait is over", actor="desk"),
    Record(Entry.CHANGE, "resolved: neue Walze (understood #solv as #resolve)", actor="@ann", actor_name="Ann Lee"),
    Record(Entry.NOTE, "not carried out: your answer", actor="@ann", said=Said("")),
)
TOLD = (
    *PAST,
    Record(
        Entry.MAIL,
        "Hallo",
        actor="@ann",
        actor_name="Ann Lee",
        why="found by subject",
        trust="L2",
        data={"evidence": "From ann@acme.example, a listed address\na reply token of this person"},
    ),
    Record(Entry.RULE, "rule Drucker: it holds for every mail", actor="rule", actor_name="Drucker", why="group"),
    Record(Entry.LETTER, "no acknowledgement: this sender got enough of them today", actor="desk"),
    Record(Entry.CHANGE, "impact high, so priority P2", actor="@ann", actor_name="Ann Lee", data={"impact": "high"}),
)
ROW = Queued("INC-3", "Walze klemmt", "in progress", "P2", None, None, "erika@shop.example", NOW)
LOOKED = Looked(as_history((NOW, record) for record in TOLD), (ROW, ROW), (ROW,))
RULES = ('rule Drucker: word "druck*" matched "Drucker" in the subject; sender erika@shop.example is no VIP',)
ENGLISH = re.compile(
    r"\b(the|is|are|with|not|there|and|or|by|of|your|for|waiting|until|to|it|this|taken|closed|resolved|requester|desk)\b",
    re.IGNORECASE,
)
TYPED = re.compile(r"#\w+|mailto:\S+|\S+@\S+|ACME IT|„[^“]*“")  # commands, addresses and quoted values


def answers(commands: str, before: Incident = OURS, text: str = "", **fields: object) -> tuple[Incident, Event]:
    return before, mail(ANN, text, commands, **fields)


def asked(commands: str) -> Pending:
    return Pending(1, "@ann", 7, "copper", mail(ANN, "", commands).asked, Said(""), 1, NOW)


HAPPENINGS: dict[str, tuple[Incident | None, Event]] = {
    "recorded": (None, mail(ERIKA, "Hallo", subject="Drucker", found=Found(), alike=Alike(3, "INC-3", "Drucker"))),
    "a number named": (None, mail(ERIKA, "Hallo", subject="Drucker", found=Found(hint=3), **claimed())),
    "written": (OURS, mail(ERIKA, "Noch immer.", **claimed())),
    "reopened": (RESOLVED, mail(ERIKA, "Noch immer kaputt.")),
    "confirmed": (RESOLVED, mail(ERIKA, "Danke!")),
    "assigned to": answers("#assign ben"),
    "answered": (OURS, mail(BEN, "Bitte noch einmal.")),
    "crossed": (replace(OURS, answered_by="ben", answered_at=NOW - timedelta(minutes=4)), mail(ANN, "Bitte.")),
    "changed by a colleague": (OURS, mail(BEN, "", "#p1 #pending supplier 2d")),
    "cancelled by the requester": (OURS, mail(ERIKA, "Geht wieder.", "#cancel")),
    "resolved in the subject": answers("#resolve Walze getauscht"),
    "encrypted": (None, mail(ERIKA, "", subject="Drucker", sealed="PGP", found=Found())),
    "noted": (OURS, mail(BEN, "Vorsicht.", "#note")),
    "resumed": (
        replace(OURS, status=Status.PENDING, waiting=Waiting.SUPPLIER),
        TimerRang("waiting", 0, NOW),
    ),
    "orphaned": (OURS, AssigneeGone("ann")),
    "given up": (OURS, LetterFailed("failed", "m@x", "erika@shop.example", "answer", "given up after 5 days: 421")),
    "help": answers("#help"),
    "status": answers("#status"),
    **{f"#{verb}": answers(f"#{verb}", looked=LOOKED) for verb in ("show", "history", "why", "list", "find walze")},
    "nothing to list": answers("#list mine"),
    "a wrong list": answers("#list irgendwas"),
    "a wrong search": answers("#find ?"),
    "listed afresh": (None, mail(ANN, "", "#list #help", subject="", found=Found(), looked=LOOKED)),
    "listed unproven": (None, mail(ANN, "", "#list", subject="maildesk", found=Found(), **claimed())),
    "take, typed badly": answers("#tak #p2 #pending supplier 2d", NEW),
    "pending alone": answers("#pending", NEW, "Welches Fach?"),
    "group": answers("#asign net #cat vpn"),
    "for": answers("#for otto@shop.example", **claimed(Level.L4)),
    "copies": answers("#cc +otto@shop.example", **claimed(Level.L4)),
    "spam": answers("#spam", NEW),
    "closed": answers("#close", RESOLVED, **claimed(Level.L4)),
    "merge": answers("#merge 9", **claimed(Level.L4)),
    "merge of another": answers(
        "#merge 9",
        **claimed(Level.L4),
        others=((9, replace(OURS, id=9, status=Status.CLOSED)),),
    ),
    **{
        f"not done: {commands}": answers(commands)
        for commands in (
            *("#assign bne", "#assign", "#cat drucker", "#take jetzt", "take", "#xyz", "#clos", "#pending irgendwann"),
            *("#cc otto", "#cc +a@x.example -a@x.example", "#for otto", "#merge drucker", "#p1 #p2", "#p1 #p1"),
            *("#take", "#note", "#reply", "#reopen", "#resolve #xyz", "#spam #take"),
        )
    },
    "no text": answers("", text=""),
    "too late": answers("", text="copper", answers="confirm"),
    "to be confirmed": answers("#close"),
    "to be proven": answers("#take", **claimed()),
    "a question to be proven": answers("#help", **claimed()),
    "never": answers("#close", **claimed(Level.L0)),
    "another word": answers("", text="Kupfer", confirmation=asked("#close")),
    "the word": answers("", text="copper", confirmation=asked("#close")),
}


def composed(decision: Decision, before: Incident | None) -> Iterator[tuple[str, str, str]]:
    """(template, subject, text) of every letter to a technician."""
    after = decision.incident or before
    history = as_history((NOW - timedelta(hours=1), record) for record in PAST)
    setting = Setting(
        after and replace(after, id=after.id or 8), GERMAN, shipped_letters(), RING, "c" * 64, NOW, history, RULES
    )
    for effect in decision.effects:
        if isinstance(effect, Send) and effect.role != "requester":
            letter = compose(effect, 0, setting).letter
            yield effect.template, letter.subject, letter.text


LETTERS_SENT = {
    name: list(composed(happens(before, event, GERMAN), before)) for name, (before, event) in HAPPENINGS.items()
}


@pytest.mark.parametrize("name", HAPPENINGS)
def test_a_german_letter_is_german(name):
    assert LETTERS_SENT[name], "no letter was sent"
    for _template, subject, text in LETTERS_SENT[name]:
        assert ENGLISH.findall(TYPED.sub("", f"{subject}\n{text}")) == [], text


def test_every_letter_to_a_technician_was_looked_at():
    told = {template for letters in LETTERS_SENT.values() for template, _, _ in letters}
    assert {name for name, kind in LETTERS.items() if kind.reader is Reader.TECHNICIAN} <= told


def test_what_people_wrote_stays_as_it_is():
    words = "closed"
    past = as_history([(NOW, Record(Entry.NOTE, words, actor="@ben", actor_name="Ben Ode", said=None))])
    setting = Setting(OURS, GERMAN, shipped_letters(), RING, "c" * 64, NOW, past)
    update = next(e for e in happens(OURS, mail(ERIKA, "resolved"), GERMAN).effects if isinstance(e, Send))
    assert re.search(r"Ben Ode +closed$", compose(update, 0, setting).letter.text, re.MULTILINE)
    assert "> resolved" in compose(update, 0, setting).letter.text


def test_a_merged_incident_that_opens_again_says_so_in_german():
    before = replace(RESOLVED, resolution="merged into INC-9")
    texts = [text for _, _, text in composed(happens(before, mail(ERIKA, "Noch immer."), GERMAN), before)]
    assert all("zusammengeführt mit INC-9" in text for text in texts)


def test_the_card_has_each_command_once():
    card = LETTERS_SENT["help"][0][2].partition("Mehrere")[0]
    assert [verb for verb in VERBS if len(re.findall(rf"^#{verb}\b", card, re.MULTILINE)) != 1] == []
    assert "#resolve Toner getauscht" in card
