"""The centre: what each event means for an incident, read as a table of small stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from world import ANN, BEN, ERIKA, NIA, NOW, POLICY, STRANGER, claimed, happens, incident, letters, mail, party, records

from maildesk.desk.commands import Asked, Command
from maildesk.desk.effects import Action, Ask, Confirmed, Link, MarkAddress, Send, SetTimer, TellAdmins
from maildesk.desk.events import Found, LetterFailed, Ordered, Pending, Said, Sums, TimerRang
from maildesk.desk.incident import Participant, Priority, Status, Waiting
from maildesk.desk.people import Group, Party
from maildesk.desk.rules import Classification
from maildesk.mail.message import Address, Bounce, Enclosure, Failure, Forwarded, Kind, Level

NOT_FOUND = {"found": Found()}


class TestANewMail:
    def test_becomes_an_incident_and_is_acknowledged_and_the_group_gets_it(self):
        decision = happens(None, mail(ERIKA, **NOT_FOUND, **claimed()))
        assert decision.action is Action.CREATE
        assert decision.incident is not None
        assert (decision.incident.requester, decision.incident.group) == ("erika@shop.example", "servicedesk")
        assert decision.incident.status is Status.NEW
        assert letters(decision) == [
            ("new", "ann@acme.example"),
            ("new", "ben@acme.example"),
            ("received", "erika@shop.example"),
        ]

    def test_of_a_stranger_is_acknowledged_without_a_word_of_his(self):
        decision = happens(None, mail(STRANGER, "Buy pills", **NOT_FOUND, **claimed()))
        ack = next(e for e in decision.effects if isinstance(e, Send) and e.role == "requester")
        assert (ack.template, ack.anonymous, ack.automatic) == ("received_anon", True, "ack")

    def test_of_a_forged_sender_is_recorded_and_nobody_outside_is_answered(self):
        decision = happens(None, mail(ERIKA, **NOT_FOUND, **claimed(Level.L0)))
        assert decision.action is Action.CREATE
        assert {to for _, to in letters(decision)} == {"ann@acme.example", "ben@acme.example"}

    @pytest.mark.parametrize(
        ("sums", "why"),
        [
            (Sums(acks_sender_10min=1), "this sender got one within ten minutes"),
            (Sums(acks_sender_day=5), "this sender got enough of them today"),
            (Sums(storm_quiet=True), "this subject came too often from this sender"),
        ],
    )
    def test_over_the_budget_is_recorded_without_acknowledgement(self, sums, why):
        decision = happens(None, mail(ERIKA, sums=sums, **NOT_FOUND, **claimed()))
        assert decision.action is Action.CREATE
        assert ("letter", f"no acknowledgement: {why}") in records(decision)
        assert "received" not in {template for template, _ in letters(decision)}

    def test_of_an_organisation_is_acknowledged_even_when_the_whole_domain_writes(self):
        sums = Sums(acks_domain_hour=500, acks_hour=5000)
        known, stranger = (happens(None, mail(who, sums=sums, **NOT_FOUND, **claimed())) for who in (ERIKA, STRANGER))
        assert ("received", "erika@shop.example") in letters(known)
        assert "received_anon" not in {template for template, _ in letters(stranger)}

    def test_that_is_older_than_a_day_causes_no_automatic_letter_to_anybody(self):
        old = mail(ERIKA, received_at=NOW - timedelta(hours=25), **NOT_FOUND)
        decision = happens(None, old)
        assert (decision.action, letters(decision)) == (Action.CREATE, [])
        assert ("letter", "no automatic letters: the mail is older than a day") in records(decision)
        assert [effect.headline for effect in decision.effects if isinstance(effect, TellAdmins)]

    def test_that_is_older_than_a_day_still_carries_a_technicians_words(self):
        decision = happens(incident(), mail(ANN, "The part has come.", received_at=NOW - timedelta(hours=25)))
        assert letters(decision) == [("answer", "erika@shop.example")]

    def test_that_a_rule_files_silently_is_no_incident(self):
        verdict = Classification(silent=True, sources={"silent": "Newsletters"})
        decision = happens(None, mail(ERIKA, classification=verdict, **NOT_FOUND))
        assert (decision.action, decision.incident, decision.effects) == (Action.FILE, None, ())
        assert "Newsletters" in decision.reason

    def test_the_third_of_a_storm_tells_the_admin_and_the_fourth_is_only_appended(self):
        third = happens(None, mail(STRANGER, sums=Sums(storm_count=2, storm_first=7), **NOT_FOUND, **claimed()))
        fourth = happens(None, mail(STRANGER, sums=Sums(storm_count=3, storm_first=7), **NOT_FOUND, **claimed()))
        assert ("storm", "root@acme.example") in letters(third)
        assert (fourth.incident, letters(fourth)) == (None, [])
        assert [record[0] for record in records(fourth)] == ["auto"]

    def test_without_a_subject_gets_its_first_line_as_title(self):
        decision = happens(None, mail(ERIKA, "My screen is black\nsince noon", subject="", **NOT_FOUND, **claimed()))
        assert decision.incident is not None
        assert decision.incident.title == "My screen is black"

    def test_forwarded_by_a_technician_belongs_to_the_one_who_wrote_it_first(self):
        first = party("otto@shop.example", "Otto")
        decision = happens(
            None,
            mail(
                ANN,
                forwarded=Forwarded(first.address, "Help", "Please help"),
                forwarded_party=first,
                **NOT_FOUND,
                **claimed(),
            ),
        )
        assert decision.incident is not None
        assert decision.incident.requester == "otto@shop.example"
        assert ("received", "otto@shop.example") in letters(decision)

    def test_forwarded_by_a_requester_stays_his_own(self):
        other = party("otto@shop.example")
        event = mail(ERIKA, forwarded=Forwarded(other.address, "", ""), forwarded_party=other, **NOT_FOUND, **claimed())
        decision = happens(None, event)
        assert decision.incident is not None
        assert decision.incident.requester == "erika@shop.example"

    def test_naming_an_incident_the_sender_has_no_part_in_is_a_new_one_with_a_private_hint(self):
        decision = happens(None, mail(STRANGER, found=Found(hint=7), **claimed()))
        assert decision.action is Action.CREATE
        assert Link(7, "mentions") in decision.effects
        public = [e for e in decision.effects if isinstance(e, Send) and e.role == "requester"]
        assert all("7" not in str(send.values) for send in public)

    def test_copies_in_colleagues_of_one_organisation_and_only_names_others(self):
        copied = (party("otto@shop.example"), STRANGER, party("noreply@shop.example"))
        decision = happens(None, mail(ERIKA, copied=copied, **NOT_FOUND, **claimed()))
        assert decision.incident is not None
        assert [p.email for p in decision.incident.participants if p.role == "cc"] == ["otto@shop.example"]
        assert any("#cc +who@elsewhere.example" in text for _, text in records(decision))

    def test_is_assigned_round_robin_after_the_one_before(self):
        group = Group("servicedesk", 1, "nia", ("ann", "ben"), assign="round_robin")
        policy = replace(POLICY, directory=replace(POLICY.directory, groups={"servicedesk": group}))
        event = mail(ERIKA, sums=Sums(last_assigned=(("servicedesk", "ann"),)), **NOT_FOUND, **claimed())
        decision = happens(None, event, policy)
        assert decision.incident is not None
        assert (decision.incident.assignee, decision.incident.status) == ("ben", Status.ASSIGNED)
        assert ("new", "ben@acme.example") in letters(decision)
        assert ("new", "ann@acme.example") not in letters(decision)

    def test_is_assigned_to_the_least_loaded(self):
        group = Group("servicedesk", 1, "nia", ("ann", "ben"), assign="least_loaded")
        policy = replace(POLICY, directory=replace(POLICY.directory, groups={"servicedesk": group}))
        event = mail(ERIKA, sums=Sums(loads=(("ann", 4), ("ben", 1))), **NOT_FOUND, **claimed())
        decision = happens(None, event, policy)
        assert decision.incident is not None
        assert decision.incident.assignee == "ben"


class TestMachines:
    @pytest.mark.parametrize("kind", [Kind.AUTO, Kind.LIST])
    def test_report_something_but_are_never_answered(self, kind):
        decision = happens(None, mail(STRANGER, kind=kind, **NOT_FOUND, **claimed()))
        assert decision.action is Action.CREATE
        assert {template for template, _ in letters(decision)} == {"new"}

    @pytest.mark.parametrize("kind", [Kind.AUTO, Kind.LIST, Kind.MDN, Kind.ARF, Kind.SELF])
    def test_about_a_known_incident_change_nothing_but_the_timeline(self, kind):
        before = incident(status=Status.RESOLVED)
        decision = happens(before, mail(ERIKA, "I am out of office", kind=kind))
        assert decision.incident == before
        assert (letters(decision), [entry for entry, _ in records(decision)]) == ([], ["auto"])

    @pytest.mark.parametrize("kind", [Kind.BOUNCE, Kind.MDN, Kind.ARF, Kind.SELF])
    def test_about_nothing_known_are_filed(self, kind):
        decision = happens(None, mail(STRANGER, kind=kind, **NOT_FOUND))
        assert (decision.action, decision.effects) == (Action.FILE, ())

    @pytest.mark.parametrize("kind", [Kind.AUTO, Kind.LIST, Kind.BOUNCE, Kind.SELF])
    def test_never_command(self, kind):
        before = incident()
        decision = happens(before, mail(ANN, commands="#close", kind=kind))
        assert decision.incident is not None
        assert decision.incident.status is Status.IN_PROGRESS

    def test_a_bounce_of_our_letter_marks_the_address_and_tells_the_assignee(self):
        failure = Failure("Erika@shop.example", "5.1.1", "failed", "550 no such user")
        event = mail(
            STRANGER,
            kind=Kind.BOUNCE,
            bounce=Bounce((failure,)),
            bounced_to="erika@shop.example",
        )
        decision = happens(incident(), event)
        assert MarkAddress("erika@shop.example", "undeliverable", "550 no such user") in decision.effects
        assert letters(decision) == [("bounced", "ann@acme.example")]

    @pytest.mark.parametrize(
        ("action", "said"),
        [
            ("delayed", "not yet delivered to erika@shop.example: 450 later"),
            ("delivered", "delivered to erika@shop.example: 450 later"),
            ("relayed", "passed on, without a receipt, to erika@shop.example: 450 later"),
            ("expanded", "passed on to everybody behind erika@shop.example: 450 later"),
        ],
    )
    def test_a_report_of_anything_but_a_failure_is_only_noted(self, action, said):
        failure = Failure("erika@shop.example", "4.4.1", action, "450 later")
        event = mail(STRANGER, kind=Kind.BOUNCE, bounce=Bounce((failure,)), bounced_to="erika@shop.example")
        decision = happens(incident(), event)
        assert (decision.action, letters(decision), records(decision)) == (Action.FILE, [], [("bounce", said)])
        assert not [e for e in decision.effects if isinstance(e, MarkAddress)]

    def test_a_bounce_of_an_alias_is_told_and_marks_nobody(self):
        failure = Failure("erika@private.example", "5.2.2", "failed", "552 full")
        event = mail(STRANGER, kind=Kind.BOUNCE, bounce=Bounce((failure,)), bounced_to="erika@shop.example")
        decision = happens(incident(), event)
        assert letters(decision) == [("bounced", "ann@acme.example")]
        (told,) = [e for e in decision.effects if isinstance(e, Send)]
        assert (told.values["address"], told.values["via"]) == ("erika@shop.example", "erika@private.example")
        assert not [e for e in decision.effects if isinstance(e, MarkAddress)]

    def test_a_bounce_that_names_nobody_is_filed(self):
        event = mail(STRANGER, kind=Kind.BOUNCE, bounce=Bounce(()), bounced_to="erika@shop.example")
        decision = happens(incident(), event)
        assert (decision.action, letters(decision)) == (Action.FILE, [])
        assert [entry for entry, _ in records(decision)] == ["bounce"]

    def test_a_bounce_of_no_letter_of_ours_changes_nothing(self):
        failure = Failure("erika@shop.example", "5.1.1", "failed", "no")
        decision = happens(incident(), mail(STRANGER, kind=Kind.BOUNCE, bounce=Bounce((failure,))))
        assert (decision.action, letters(decision)) == (Action.FILE, [])
        assert not [e for e in decision.effects if isinstance(e, MarkAddress | Send)]

    def test_spam_by_the_own_server_and_blocked_senders_are_filed(self):
        flagged = happens(None, mail(STRANGER, spam="X-Spam-Flag: YES", **NOT_FOUND))
        blocked = happens(incident(), mail(party("erika@shop.example", blocked=True)))
        assert (flagged.action, flagged.effects) == (Action.FILE, ())
        assert (blocked.action, letters(blocked)) == (Action.FILE, [])
        assert [entry for entry, _ in records(blocked)] == ["auto"]


class TestARequester:
    def test_writes_and_the_assignee_reads_it(self):
        decision = happens(incident(), mail(ERIKA, "Any news?"))
        assert letters(decision) == [("update", "ann@acme.example")]
        assert ("mail", "Any news?") in records(decision)

    def test_ends_the_wait_for_him_but_not_the_one_for_a_supplier(self):
        waiting = [incident(status=Status.PENDING, waiting=who) for who in (Waiting.REQUESTER, Waiting.SUPPLIER)]
        after = [happens(before, mail(ERIKA)).incident for before in waiting]
        assert [i.status for i in after if i] == [Status.IN_PROGRESS, Status.PENDING]

    @pytest.mark.parametrize("words", ["yes", "Ja.", "it works", " OK ", "Yes, it works!", "Vielen Dank!"])
    def test_confirms_a_resolution_with_thanks_or_a_yes(self, words):
        decision = happens(incident(status=Status.RESOLVED), mail(ERIKA, words))
        assert decision.incident is not None
        assert decision.incident.status is Status.CLOSED
        assert letters(decision) == [("closed", "erika@shop.example"), ("confirmed_tech", "ann@acme.example")]

    @pytest.mark.parametrize(
        "words",
        ["yes, but the colour is wrong", "no", "Still broken", "yes?!? no!", "Yes, it prints again. But slowly."],
    )
    def test_opens_it_again_with_anything_else(self, words):
        decision = happens(incident(status=Status.RESOLVED), mail(ERIKA, words))
        assert decision.incident is not None
        assert decision.incident.status is Status.IN_PROGRESS
        assert letters(decision) == [("reopened", "erika@shop.example"), ("reopened_tech", "ann@acme.example")]

    @pytest.mark.parametrize("words", ["yes", "thanks", "still broken"])
    def test_who_is_only_claimed_changes_no_state_but_is_heard(self, words):
        before = incident(status=Status.RESOLVED)
        decision = happens(before, mail(ERIKA, words, found=Found(7, "subject"), **claimed()))
        assert decision.incident is not None
        assert decision.incident.status is Status.RESOLVED
        assert letters(decision) == [("update", "ann@acme.example")]

    @pytest.mark.parametrize(
        ("commands", "status", "after"),
        [
            ("#close", Status.IN_PROGRESS, Status.CLOSED),
            ("#close", Status.RESOLVED, Status.CLOSED),
            ("#cancel", Status.IN_PROGRESS, Status.CANCELLED),
            ("#reopen", Status.RESOLVED, Status.IN_PROGRESS),
        ],
    )
    def test_has_a_few_verbs_on_his_own_incident(self, commands, status, after):
        decision = happens(incident(status=status), mail(ERIKA, "", commands))
        assert decision.incident is not None
        assert decision.incident.status is after

    def test_hears_the_status(self):
        assert ("status", "erika@shop.example") in letters(happens(incident(), mail(ERIKA, "", "#status")))

    @pytest.mark.parametrize("commands", ["#take", "#p1", "#assign ben", "#close #p1", "#frobnicate", "#note x"])
    def test_commands_nothing_else_ever(self, commands):
        before = incident()
        decision = happens(before, mail(ERIKA, "hello", commands))
        assert decision.incident is not None
        assert replace(decision.incident, updated_at=None, participants=before.participants) == before
        assert sorted(letters(decision)) == [("declined", "erika@shop.example"), ("update", "ann@acme.example")]

    @pytest.mark.parametrize("commands", ["#clsoe", "#take", "#help", "#reopne it"])
    @pytest.mark.parametrize("status", [Status.NEW, Status.RESOLVED, Status.CANCELLED])
    @pytest.mark.parametrize("words", ["", "Thanks!"])
    def test_a_slip_of_his_changes_nothing_and_he_reads_what_he_can_write(self, commands, status, words):
        before = incident(status=status)
        decision = happens(before, mail(ERIKA, words, commands))
        assert decision.incident is not None
        assert decision.incident.status is status
        assert letters(decision) == [("declined", "erika@shop.example")]

    def test_a_slip_with_words_that_say_more_is_read_as_words(self):
        decision = happens(incident(status=Status.RESOLVED), mail(ERIKA, "It jams again.", "#clsoe"))
        assert decision.incident is not None
        assert decision.incident.status is Status.IN_PROGRESS
        assert ("declined", "erika@shop.example") in letters(decision)

    @pytest.mark.parametrize("commands", ["#close", "#cancel not needed"])
    def test_what_he_ended_himself_the_assignee_reads_as_that(self, commands):
        decision = happens(incident(), mail(ERIKA, "", commands))
        assert ("changed", "ann@acme.example") in letters(decision)

    def test_without_a_token_his_command_is_a_message_and_he_is_told(self):
        decision = happens(incident(), mail(ERIKA, "done", "#close", found=Found(7, "subject"), **claimed()))
        assert decision.incident is not None
        assert decision.incident.status is Status.IN_PROGRESS
        assert letters(decision) == [("declined", "erika@shop.example"), ("update", "ann@acme.example")]

    def test_of_another_incident_has_no_verbs_here(self):
        other = party("otto@shop.example")
        before = incident(participants=(*incident().participants, Participant("otto@shop.example", "Otto", "cc", None)))
        decision = happens(before, mail(other, "hi", "#close"))
        assert decision.incident is not None
        assert decision.incident.status is Status.IN_PROGRESS

    def test_writing_to_one_closed_long_ago_opens_a_linked_one(self):
        before = incident(status=Status.CLOSED, closed_at=NOW - timedelta(days=8))
        decision = happens(before, mail(ERIKA, "again"))
        assert decision.action is Action.CREATE
        assert decision.incident is not None
        assert decision.incident.id == 0
        assert Link(7, "continues") in decision.effects

    def test_writing_to_one_closed_yesterday_opens_it_again(self):
        before = incident(status=Status.CLOSED, closed_at=NOW - timedelta(days=1))
        decision = happens(before, mail(ERIKA, "again"))
        assert decision.incident is not None
        assert (decision.incident.id, decision.incident.status) == (7, Status.IN_PROGRESS)

    @pytest.mark.parametrize("status", [Status.CLOSED, Status.CANCELLED])
    @pytest.mark.parametrize("days", [1, 100])
    def test_thanks_for_what_is_closed_open_nothing_again(self, status, days):
        before = incident(status=status, closed_at=NOW - timedelta(days=days))
        decision = happens(before, mail(ERIKA, "Thank you!"))
        assert decision.incident is not None
        assert (decision.incident.id, decision.incident.status) == (7, status)
        assert letters(decision) == []
        assert ("mail", "Thank you!") in records(decision)

    def test_thanks_with_a_file_say_more(self):
        said = Said("Thanks!", None, (Enclosure("error.png", "image/png", "0" * 64, 9),))
        signed = Said("Thanks!", None, (Enclosure("logo.png", "image/png", "0" * 64, 9, cid="l", cut=True),))
        before = incident(status=Status.RESOLVED)
        after = [happens(before, replace(mail(ERIKA), said=one)).incident for one in (said, signed)]
        assert [one.status for one in after if one] == [Status.IN_PROGRESS, Status.CLOSED]

    def test_who_answers_with_a_token_is_known_from_then_on(self):
        before = incident(requester=STRANGER.address.key, known=False)
        decision = happens(before, mail(STRANGER))
        assert any(isinstance(e, MarkAddress) and e.mark == "known" for e in decision.effects)
        assert decision.incident is not None
        assert decision.incident.known

    def test_with_a_token_of_somebody_else_contributes_and_joins_nothing(self):
        before = incident()
        decision = happens(before, mail(STRANGER, "let me in", found=Found(7, "token", foreign=True), **claimed()))
        assert decision.incident is not None
        assert decision.incident.participants == before.participants
        assert letters(decision) == [("update", "ann@acme.example")]
        assert not any(e.public for e in decision.effects if hasattr(e, "public"))


class TestATechnician:
    def test_answers_the_requester_in_the_desks_name(self):
        decision = happens(incident(), mail(ANN, "Please try again"))
        assert letters(decision) == [("answer", "erika@shop.example")]
        assert ("answer", "Please try again") in records(decision)

    def test_answering_for_a_colleague_lets_him_know(self):
        decision = happens(incident(), mail(BEN, "Please try again"))
        assert letters(decision) == [("answer", "erika@shop.example"), ("answered", "ann@acme.example")]

    def test_hears_that_a_colleague_answered_minutes_ago(self):
        before = incident(answered_by="ben", answered_at=NOW - timedelta(minutes=4))
        assert ("crossed", "ann@acme.example") in letters(happens(before, mail(ANN, "Here you go")))
        earlier = incident(answered_by="ben", answered_at=NOW - timedelta(hours=4))
        assert ("crossed", "ann@acme.example") not in letters(happens(earlier, mail(ANN, "Here you go")))

    def test_answer_reaches_everybody_copied_in_each_by_himself(self):
        before = incident(participants=(*incident().participants, Participant("otto@shop.example", "Otto", "cc", None)))
        decision = happens(before, mail(ANN, "Done"))
        answers = [e for e in decision.effects if isinstance(e, Send) and e.template == "answer"]
        assert [(e.to.email, e.also) for e in answers] == [
            ("erika@shop.example", ("Otto",)),
            ("otto@shop.example", ("Erika Muster",)),
        ]

    def test_with_several_commands_does_all_of_them_and_gets_one_receipt(self):
        before = incident(status=Status.NEW, assignee=None)
        decision = happens(before, mail(ANN, "", "#take #p2 #cat hardware"))
        assert decision.incident is not None
        after = decision.incident
        assert (after.assignee, after.priority, after.category) == ("ann", Priority.P2, "hardware")
        assert letters(decision) == [("done", "ann@acme.example"), ("taken", "erika@shop.example")]

    def test_with_one_wrong_command_does_nothing_and_hears_why(self):
        before = incident(status=Status.NEW, assignee=None)
        decision = happens(before, mail(ANN, "secret words", "#take #frobnicate"))
        assert decision.incident is not None
        assert replace(decision.incident, updated_at=None) == before
        assert letters(decision) == [("not_done", "ann@acme.example")]
        assert [entry for entry, _ in records(decision)] == ["note"]

    def test_with_one_impossible_command_does_nothing_either(self):
        before = incident(status=Status.RESOLVED)
        decision = happens(before, mail(ANN, "", "#p2 #resolve twice"))
        assert decision.incident is not None
        assert decision.incident.priority is before.priority
        assert letters(decision) == [("not_done", "ann@acme.example")]

    @pytest.mark.parametrize("commands", ["", "#take", "#p1", "#resolve fixed", "#note"])
    def test_who_is_only_claimed_is_asked_to_confirm_and_nothing_happens(self, commands):
        before = incident(status=Status.NEW, assignee=None)
        decision = happens(before, mail(ANN, "words", commands, found=Found(7, "subject"), **claimed()))
        assert decision.incident is not None
        assert replace(decision.incident, updated_at=None) == before
        assert letters(decision) == [("confirm", "ann@acme.example")]
        assert [e.word for e in decision.effects if isinstance(e, Ask)] == ["copper"]

    @pytest.mark.parametrize("commands", ["#close", "#cc +new@shop.example", "#for new@shop.example"])
    def test_must_confirm_what_ends_or_discloses_even_with_a_token(self, commands):
        decision = happens(incident(), mail(ANN, "", commands))
        assert letters(decision) == [("confirm", "ann@acme.example")]

    def test_who_is_forged_is_refused_without_an_offer(self):
        decision = happens(incident(), mail(ANN, "", "#take", **claimed(Level.L0)))
        assert letters(decision) == [("refused", "ann@acme.example")]
        assert not [e for e in decision.effects if isinstance(e, Ask)]

    def test_is_not_told_again_and_again_of_refusals(self):
        sums = Sums(refusals_withheld="he got one within ten minutes")
        claimed_only = mail(ANN, "", "#close", sums=sums, found=Found(7, "subject"), **claimed())
        assert letters(happens(incident(), claimed_only)) == []
        assert "refused" in {entry for entry, _ in records(happens(incident(), claimed_only))}
        assert letters(happens(incident(), mail(ANN, "", "#close", sums=sums))) == [("confirm", "ann@acme.example")]

    def test_confirms_with_the_word_and_exactly_that_command_runs(self):
        pending = Pending(5, "@ann", 7, "copper", Asked((Command("close", "", "#close"),)), Said("It is done"), 1, NOW)
        decision = happens(incident(), mail(ANN, "Copper\n\nthanks", "#p1", confirmation=pending))
        assert decision.incident is not None
        assert decision.incident.status is Status.CLOSED
        assert decision.incident.priority is not Priority.P1
        assert Confirmed(5) in decision.effects

    @pytest.mark.parametrize(
        ("text", "level"), [("yes", Level.L2), ("I am away, copper", Level.L2), ("copper", Level.L1)]
    )
    def test_without_the_word_or_the_token_nothing_is_confirmed(self, text, level):
        pending = Pending(5, "@ann", 7, "copper", Asked((Command("close", "", "#close"),)), Said(""), 1, NOW)
        decision = happens(incident(), mail(ANN, text, confirmation=pending, **claimed(level)))
        assert decision.incident is not None
        assert decision.incident.status is Status.IN_PROGRESS
        assert not [e for e in decision.effects if isinstance(e, Confirmed)]

    def test_assigns_to_a_group_and_the_words_stay_inside(self):
        decision = happens(incident(), mail(ANN, "looks like the switch", "#assign @network"))
        assert decision.incident is not None
        assert (decision.incident.group, decision.incident.assignee) == ("network", None)
        assert ("note", "looks like the switch") in records(decision)
        assert letters(decision) == [("assigned", "nia@acme.example"), ("done", "ann@acme.example")]

    def test_resolves_with_words_that_the_requester_reads_once(self):
        decision = happens(incident(), mail(ANN, "Toner replaced", "#resolve"))
        assert decision.incident is not None
        assert decision.incident.resolution == "Toner replaced"
        assert letters(decision) == [("done", "ann@acme.example"), ("resolved", "erika@shop.example")]

    def test_waits_until_a_time_and_a_timer_is_set(self):
        decision = happens(incident(), mail(ANN, "Which model is it?", "#pending 2d requester"))
        assert decision.incident is not None
        assert decision.incident.waiting is Waiting.REQUESTER
        timers = [e for e in decision.effects if isinstance(e, SetTimer)]
        assert [(t.kind, t.due_at - NOW) for t in timers] == [("waiting", timedelta(days=2))]
        assert ("waiting", "erika@shop.example") in letters(decision)

    def test_marks_spam_and_blocks_the_sender(self):
        before = incident(requester=STRANGER.address.key)
        decision = happens(before, mail(ANN, "", "#spam"))
        assert any(isinstance(e, MarkAddress) and e.mark == "blocked" for e in decision.effects)
        assert [to for _, to in letters(decision)] in ([], ["ann@acme.example"])

    def test_opens_an_incident_for_somebody_once_he_has_confirmed(self):
        event = mail(ANN, "She called", "#for erika@shop.example", **NOT_FOUND, **claimed())
        decision = happens(None, event)
        assert decision.incident is not None
        assert decision.incident.requester == "ann@acme.example"
        assert ("confirm", "ann@acme.example") in letters(decision)
        stored = replace(decision.incident, id=9, version=1)
        ask = next(e for e in decision.effects if isinstance(e, Ask))
        pending = Pending(1, "@ann", 9, ask.word, ask.asked, ask.said, 1, NOW)
        confirmed = happens(stored, mail(ANN, ask.word, confirmation=pending, named=(ERIKA,)))
        assert confirmed.incident is not None
        assert confirmed.incident.requester == "erika@shop.example"
        assert ("opened_for", "erika@shop.example") in letters(confirmed)
        assert ("received", "ann@acme.example") not in letters(decision), "it will not be hers"

    @pytest.mark.parametrize(
        ("commands", "told"),
        [
            ("#take", "changed"),
            ("#resolve new rollers", "changed"),
            ("#p1", "changed"),
            ("#assign @network", "changed"),
            ("#note", "note"),
            ("#reply", "answered"),
        ],
    )
    def test_whoever_has_an_incident_hears_what_a_colleague_does_with_it(self, commands, told):
        words = "look here" if commands in {"#note", "#reply"} else ""
        decision = happens(incident(assignee="ben"), mail(ANN, words, commands))
        assert [template for template, to in letters(decision) if to == "ben@acme.example"] == [told]
        mine = happens(incident(assignee="ann"), mail(ANN, words, commands))
        assert "changed" not in [template for template, _ in letters(mine)]

    def test_who_is_the_requester_writes_as_one(self):
        before = incident(requester="ann.private@home.example", assignee="ben")
        decision = happens(before, mail(ANN, "My own laptop"))
        assert letters(decision) == [("update", "ben@acme.example")]


class TestTheRest:
    def test_the_admin_at_the_command_line_needs_no_proof(self):
        order = Ordered("x", Party(Address("")), Asked((Command("resolve", "done"),)), Said(""))
        decision = happens(incident(), order)
        assert decision.incident is not None
        assert decision.incident.status is Status.RESOLVED

    def test_what_he_cannot_do_changes_nothing(self):
        order = Ordered("x", Party(Address("")), Asked((Command("reopen"),)), Said(""))
        decision = happens(incident(), order)
        assert (decision.action, decision.incident) == (Action.IGNORE, None)
        assert "in progress" in decision.reason

    def test_a_wait_that_is_over_tells_the_assignee(self):
        before = incident(status=Status.PENDING, waiting=Waiting.SUPPLIER)
        decision = happens(before, TimerRang("waiting", 0, NOW))
        assert decision.incident is not None
        assert (decision.incident.status, decision.incident.waiting) == (Status.IN_PROGRESS, None)
        assert letters(decision) == [("resumed", "ann@acme.example")]

    def test_a_timer_that_has_nothing_to_wake_is_ignored(self):
        assert happens(incident(), TimerRang("waiting", 0, NOW)).effects == ()

    def test_a_letter_that_failed_for_good_is_told(self):
        failed = LetterFailed("x", "md.x@acme.example", "erika@shop.example", "answer", "550 no such user")
        assert letters(happens(incident(), failed)) == [("bounced", "ann@acme.example")]

    def test_an_assignee_who_left_the_configuration_means_the_lead_is_told(self):
        decision = happens(incident(assignee="gone"), mail(ERIKA))
        assert [to for _, to in letters(decision)] == ["ann@acme.example", "ben@acme.example", "nia@acme.example"]

    def test_a_group_that_left_the_configuration_crashes_nothing(self):
        decision = happens(incident(assignee=None, group="gone"), mail(ERIKA))
        assert {to for _, to in letters(decision)} == {person.emails[0] for person in (ANN, BEN, NIA)}
