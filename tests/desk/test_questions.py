"""Questions by mail: what a list shows, what the answers hold, and that nothing is answered to who is not proven."""

from __future__ import annotations

from dataclasses import replace

import pytest
from world import ANN, BEN, ERIKA, NOW, POLICY, STRANGER, claimed, happens, incident, mail

from maildesk.desk.effects import Action, Ask, Decision, Record, Send
from maildesk.desk.events import MOST_LISTED, Found, Looked, Past, Pending, Queued, Said, Sums, Wanted
from maildesk.desk.incident import OPEN, Incident, Priority, Status
from maildesk.desk.people import Class
from maildesk.desk.questions import wanted
from maildesk.mail.message import Kind, Level

OURS = incident(updated_at=NOW)
OPENED = tuple(sorted(OPEN))
ROW = Queued("INC-7", "Printer jams", "new", "P3", "ben", "servicedesk", "erika@shop.example", NOW)
PAST = (
    Past(NOW, "Erika", "It jams.", entry="mail", proof=("L1", "no reply token")),
    Past(NOW, "Printers", "rule Printers: it holds for every mail", ours=True, entry="rule", why="group"),
    Past(NOW, "Ben Ode", "priority P4", ours=True, entry="change", fields=("priority",)),
    Past(NOW, "Ann Lee", "It still jams.", entry="mail", proof=("L2", "a reply token of this person")),
    Past(NOW, "Ann Lee", "priority P2", ours=True, entry="change", fields=("priority",)),
    Past(NOW, "desk", "no acknowledgement: enough", ours=True, entry="letter"),
    Past(NOW, "Ben Ode", "Hm.", entry="note"),
)
LOOKED = Looked(PAST, (ROW,), (ROW,))


def sends(decision: Decision) -> list[Send]:
    return [effect for effect in decision.effects if isinstance(effect, Send)]


def answer(command: str, looked: Looked = LOOKED, before: Incident = OURS) -> Send:
    (one,) = sends(happens(before, mail(ANN, "", command, looked=looked)))
    assert (one.template, one.to.email, one.to_key) == ("report", "ann@acme.example", "@ann")
    return one


def told(command: str) -> list[str]:
    return [past.what for past in answer(command).values["history"]]


class TestAList:
    @pytest.mark.parametrize(
        ("value", "shows"),
        [
            ("", Wanted(OPENED)),
            ("mine", Wanted(OPENED, ("ann",))),
            ("mine ben unassigned", Wanted(OPENED, ("ann", "ben"), nobody=True)),
            ("@network p1 p3", Wanted(OPENED, groups=("network",), priorities=(Priority.P1, Priority.P3))),
            ("pending resolved", Wanted((Status.PENDING, Status.RESOLVED))),
            ("progress", Wanted((Status.IN_PROGRESS,))),
            ("all", Wanted(tuple(Status))),
        ],
    )
    def test_shows_what_it_is_narrowed_to(self, value, shows):
        assert wanted(value, ANN) == shows

    def test_names_who_has_it_or_else_the_group(self):
        rows = (ROW, replace(ROW, tag="INC-8", assignee=None), replace(ROW, tag="INC-9", assignee="gone", group=None))
        shown = answer("#list", Looked(queue=rows), replace(OURS, id=1)).values["queue"]
        assert [row["holder"] for row in shown] == ["Ben Ode", "@servicedesk", "gone"]

    def test_is_no_longer_than_anybody_reads(self):
        rows = tuple(replace(ROW, tag=f"INC-{n}") for n in range(100, 101 + MOST_LISTED))
        values = answer("#find jam", Looked(found=rows)).values
        assert (len(values["queue"]), values["longer"]) == (MOST_LISTED, True)
        assert answer("#find jam", Looked(found=rows[1:])).values["longer"] is False

    def test_has_its_own_incident_as_the_same_mail_leaves_it(self):
        letters = {s.template: s for s in sends(happens(OURS, mail(ANN, "", "#p1 #list", looked=LOOKED)))}
        assert letters.keys() == {"done", "report"}
        assert letters["report"].values["queue"][0]["priority"] == "P1"


class TestAnIncident:
    def test_is_shown_with_its_timeline_but_without_machinery(self):
        assert told("#show") == ["It jams.", "priority P4", "It still jams.", "priority P2", "Hm."]

    def test_is_shown_with_the_facts_that_letters_leave_out(self):
        before = replace(OURS, tags=frozenset({"b", "a"}), organisation="Shop")
        facts = {row["field"]: row["value"] for row in answer("#show", before=before).values["more"]}
        assert facts == {"impact": "medium", "urgency": "medium", "tags": "a, b", "organisation": "Shop"}

    def test_has_a_history_with_everything(self):
        assert told("#history") == [past.what for past in PAST]

    def test_is_explained_by_the_last_mail_the_rules_and_who_set_each_field_last(self):
        assert told("#why") == ["rule Printers: it holds for every mail", "It still jams.", "priority P2"]

    @pytest.mark.parametrize("command", ["#show", "#history", "#why", "#list", "#find jam"])
    def test_is_not_changed_by_a_question(self, command):
        decision = happens(OURS, mail(ANN, "", command, looked=LOOKED))
        assert decision.incident == OURS
        assert [effect for effect in decision.effects if isinstance(effect, Record)] == []

    def test_keeps_the_words_of_a_question_inside(self):
        decision = happens(OURS, mail(ANN, "I look into it.", "#show", looked=LOOKED))
        (kept,) = (effect for effect in decision.effects if isinstance(effect, Record))
        assert (kept.entry, kept.public) == ("note", False)
        assert all(send.role == "technician" for send in sends(decision))


class TestAnAnswer:
    @pytest.mark.parametrize("command", ["#show", "#history", "#why", "#list", "#find jam"])
    def test_goes_to_nobody_who_is_only_claimed(self, command):
        decision = happens(OURS, mail(ANN, "", command, looked=LOOKED, **claimed()))
        assert [send.template for send in sends(decision)] == ["confirm"]

    @pytest.mark.parametrize("sender", [ERIKA, STRANGER])
    @pytest.mark.parametrize("command", ["#show", "#history", "#why", "#list", "#find jam"])
    def test_goes_to_nobody_outside(self, command, sender):
        decision = happens(OURS, mail(sender, "", command, looked=LOOKED))
        assert "report" not in {send.template for send in sends(decision)}

    def test_goes_to_the_registered_address_whatever_address_asked(self):
        party = POLICY.directory.party(replace(ANN.address, email="ann.private@home.example"))
        (one,) = sends(happens(OURS, mail(party, "", "#show", looked=LOOKED)))
        assert one.to.email == "ann@acme.example"

    def test_is_one_letter_a_question(self):
        decision = happens(OURS, mail(ANN, "", "#list #show #help", looked=LOOKED))
        assert sorted(s.template for s in sends(decision)) == ["help", "report", "report"]


def fresh(commands: str, subject: str = "", **fields: object) -> Decision:
    return happens(None, mail(ANN, "", commands, subject=subject, found=Found(), looked=LOOKED, **fields))


class TestAMailAboutNoIncident:
    @pytest.mark.parametrize("subject", ["", "maildesk", "Maildesk:", "ACME IT", "support", "ACME IT Service Desk"])
    def test_is_answered_without_becoming_one(self, subject):
        decision = fresh("#list", subject)
        assert (decision.action, decision.incident) == (Action.COMMAND, None)
        assert [send.template for send in sends(decision)] == ["report"]

    @pytest.mark.parametrize(("commands", "subject"), [("#list", "Beamer flickers"), ("#take #list", ""), ("#xyz", "")])
    def test_becomes_one_when_it_is_about_more(self, commands, subject):
        assert fresh(commands, subject).action is Action.CREATE

    def test_that_proves_nothing_is_asked_back(self):
        decision = fresh("#list mine", **claimed())
        assert decision.incident is None
        assert [type(effect) for effect in decision.effects] == [Ask, Send]
        assert sends(decision)[0].confirmation
        assert sends(decision)[0].values["word"] == "copper"

    def test_that_is_forged_is_answered_by_a_warning_alone(self):
        decision = fresh("#list", **claimed(Level.L0))
        assert [send.template for send in sends(decision)] == ["refused"]

    def test_that_proves_nothing_again_and_again_is_no_longer_answered(self):
        assert fresh("#list", sums=Sums(refusals_withheld="enough"), **claimed()).effects == ()

    def test_is_judged_by_the_class_that_the_site_gave_the_verb(self):
        strict = replace(POLICY, classes={"list": Class.CONSEQUENTIAL})
        event = mail(ANN, "", "#list", subject="", found=Found(), looked=LOOKED)
        assert [send.template for send in sends(happens(None, event, strict))] == ["confirm"]

    @pytest.mark.parametrize("kind", [Kind.AUTO, Kind.LIST])
    def test_by_a_machine_asks_nothing(self, kind):
        assert "report" not in {send.template for send in sends(fresh("#list", kind=kind))}

    @pytest.mark.parametrize("sender", [ERIKA, STRANGER])
    def test_by_somebody_outside_is_a_mail_like_any_other(self, sender):
        decision = happens(None, mail(sender, "", "#list", subject="", found=Found(), looked=LOOKED))
        assert decision.action is Action.CREATE
        assert "report" not in {send.template for send in sends(decision)}


class TestItsConfirmation:
    ASKED = Pending(1, "@ann", None, "copper", mail(ANN, "", "#list").asked, Said(""), 1, NOW)

    @pytest.mark.parametrize(
        ("text", "level", "template"),
        [
            ("copper", Level.L2, "report"),
            ("> Copper.\n\nAnn", Level.L2, "report"),
            ("silver", Level.L2, "not_done"),
            ("", Level.L2, "not_done"),
            ("copper", Level.L1, "not_done"),
        ],
    )
    def test_is_the_word_from_who_got_it(self, text, level, template):
        event = mail(ANN, text, confirmation=self.ASKED, found=Found(), looked=LOOKED, **claimed(level))
        decision = happens(None, event)
        assert decision.incident is None
        assert [send.template for send in sends(decision)] == [template]
        assert any(type(effect).__name__ == "Confirmed" for effect in decision.effects) == (template == "report")

    def test_counts_once(self):
        decision = happens(None, mail(ANN, "copper", subject="PLEASE CONFIRM", found=Found(), answers="confirm"))
        assert [send.template for send in sends(decision)] == ["not_done"]


def test_a_question_of_another_is_not_told_to_the_owner():
    assert {send.to_key for send in sends(happens(OURS, mail(BEN, "", "#show", looked=LOOKED)))} == {"@ben"}
