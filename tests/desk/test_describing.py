"""What an incident is said to be: impact, urgency and the priority that follows, type, tags; and who has it no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from world import ANN, BEN, NOW, claimed, happens, incident, mail

from maildesk.desk.effects import Action, Record, Send, SetTimer
from maildesk.desk.incident import Impact, Incident, Priority, Status, Type, Urgency, Waiting
from maildesk.mail.message import Level

OURS = incident()


def after(commands: str, before: Incident = OURS) -> Incident:
    decision = happens(before, mail(ANN, "", commands))
    assert decision.action is Action.COMMAND
    assert decision.incident is not None
    return decision.incident


def receipt(commands: str, before: Incident = OURS) -> Send:
    sent = happens(before, mail(ANN, "", commands)).effects
    (one,) = (e for e in sent if isinstance(e, Send) and e.template in {"done", "not_done"})
    return one


def why(commands: str, before: Incident = OURS) -> str:
    return receipt(commands, before).values["lines"][0].why


class TestThePriority:
    @pytest.mark.parametrize(
        ("commands", "priority"),
        [
            ("#impact high", "P2"),
            ("#impact high #urgency high", "P1"),
            ("#impact low #urgency low", "P5"),
            ("#urgency medium", "P3"),
            ("#impact high #p4", "P4"),
            ("#p4 #impact high", "P4"),
        ],
    )
    def test_follows_impact_and_urgency_until_it_is_set(self, commands, priority):
        assert after(commands).priority == priority

    def test_that_was_set_stays_and_the_receipt_says_so(self):
        before = after("#p5")
        assert after("#impact high #urgency high", before).priority == Priority.P5
        assert why("#impact high", before) == "impact high; priority P5 was set"
        assert why("#impact high") == "impact high, so priority P2"

    def test_keeps_what_a_human_said_of_its_reasons(self):
        told = after("#impact low #urgency high #type request")
        assert (told.impact, told.urgency, told.type) == (Impact.LOW, Urgency.HIGH, Type.REQUEST)
        assert told.pinned == {"impact", "urgency", "type"}

    def test_is_shown_before_and_after(self):
        assert receipt("#impact high #type request").values["changes"] == (
            {"field": "priority", "old": "P3", "new": "P2"},
            {"field": "impact", "old": "medium", "new": "high"},
            {"field": "type", "old": "incident", "new": "request"},
        )


class TestTags:
    TAGGED = replace(OURS, tags=frozenset({"VPN", "mobile"}))

    @pytest.mark.parametrize(
        ("command", "tags"),
        [
            ("#tag wifi", {"VPN", "mobile", "wifi"}),
            ("#tag -vpn +wifi", {"mobile", "wifi"}),
            ("#tag vpn wifi", {"VPN", "mobile", "wifi"}),
            ("#tag -vpn -mobile", set()),
        ],
    )
    def test_are_added_and_removed_in_whatever_letters(self, command, tags):
        assert after(command, self.TAGGED).tags == tags

    def test_are_shown_before_and_after(self):
        (change,) = receipt("#tag -vpn +wifi", self.TAGGED).values["changes"]
        assert change == {"field": "tags", "old": "VPN, mobile", "new": "mobile, wifi"}

    @pytest.mark.parametrize("command", ["#tag vpn", "#tag -wifi"])
    def test_that_change_nothing_are_answered(self, command):
        assert why(command, self.TAGGED) == "These tags would change nothing."

    def test_are_no_more_than_anybody_reads(self):
        many = replace(OURS, tags=frozenset(f"t{n}" for n in range(50)))
        assert "more than 50" in why("#tag one", many)


class TestWhoHasIt:
    def test_is_nobody_when_it_is_given_back(self):
        free = after("#unassign")
        assert (free.assignee, free.status) == (None, Status.NEW)

    def test_is_nobody_though_it_waits(self):
        waiting = replace(OURS, status=Status.PENDING, waiting=Waiting.SUPPLIER)
        free = after("#unassign", waiting)
        assert (free.assignee, free.status, free.waiting) == (None, Status.PENDING, Waiting.SUPPLIER)

    def test_is_told_to_the_group_and_to_the_one_who_had_it(self):
        sent = [e for e in happens(OURS, mail(BEN, "I am off.", "#unassign")).effects if isinstance(e, Send)]
        assert {(e.template, e.to_key) for e in sent} == {("assigned", "@ann"), ("done", "@ben")}
        assert all(e.role == "technician" for e in sent)

    def test_was_nobody_before(self):
        assert why("#unassign", replace(OURS, assignee=None, status=Status.NEW)) == "Nobody has INC-7."

    def test_is_no_matter_once_it_is_over(self):
        assert "is closed" in why("#unassign", replace(OURS, status=Status.CLOSED))


class TestAWait:
    WAITS = replace(OURS, status=Status.PENDING, waiting=Waiting.SUPPLIER, waiting_until=NOW)

    def test_ends_when_somebody_says_so(self):
        decision = happens(self.WAITS, mail(ANN, "", "#resume"))
        assert decision.incident is not None
        assert (decision.incident.status, decision.incident.waiting) == (Status.IN_PROGRESS, None)
        assert "DropTimers" in {type(effect).__name__ for effect in decision.effects}
        assert not [effect for effect in decision.effects if isinstance(effect, SetTimer)]

    def test_that_nobody_had_is_then_his_who_goes_on(self):
        assert after("#resume", replace(self.WAITS, assignee=None)).assignee == "ann"

    def test_must_be_one(self):
        assert why("#resume") == "INC-7 is in progress, so it cannot be resumed now."


@pytest.mark.parametrize("commands", ["#impact high", "#type request", "#tag x", "#unassign", "#resume"])
def test_nothing_of_it_is_done_for_a_sender_who_is_only_claimed(commands):
    decision = happens(OURS, mail(ANN, "", commands, **claimed(Level.L1)))
    assert decision.incident is not None
    assert replace(decision.incident, updated_at=OURS.updated_at) == OURS
    assert [e.text for e in decision.effects if isinstance(e, Record) and e.entry == "change"] == []
