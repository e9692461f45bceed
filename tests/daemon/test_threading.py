"""Threading: in whatever order mails come and whatever clients lose, an answer reaches its incident, and only that."""

from __future__ import annotations

import pytest
from daemon.desks import letters, mail, rows, timeline
from scenes.stages import QuickStage

from maildesk.daemon.act import act


def incidents(stage: QuickStage) -> list[int | None]:
    stage.settle()
    return [row.incident_id for row in rows(stage.desk)]


def test_an_answer_to_his_own_first_mail_before_ours_has_come(stage):
    stage.deliver(mail("first"))
    stage.deliver(mail("second", In_Reply_To="<first@client.example>"))
    assert incidents(stage) == [1, 1]


def test_references_without_in_reply_to(stage):
    stage.deliver(mail("first"))
    stage.deliver(mail("second", References="<older@client.example> <first@client.example>"))
    assert incidents(stage) == [1, 1]


def test_the_middle_of_a_thread_is_missing(stage):
    stage.deliver(mail("first"))
    stage.deliver(mail("third", References="<first@client.example> <second@client.example>"))
    stage.deliver(mail("second", In_Reply_To="<first@client.example>"))
    assert incidents(stage) == [1, 1, 1]


@pytest.mark.parametrize(
    "subject",
    [
        "Re: About first [INC-1]",
        "[INC-1]",
        "AW: [inc-1] About first",
        "Re: [INC 1] About first",
        "Antw: RE: Fwd: something else [ INC-1 ]",
        "Re: [EXTERNAL] About first [INC-1]",
        "Re: About first [INC–1]",
        "Re: About first INC-1",
        "AW: INC-1: About first",
        "About first (INC-1)",
        "Re: About first [INC-1",
    ],
)
def test_the_number_alone_however_it_was_edited(stage, subject):
    stage.deliver(mail("first"))
    stage.deliver(mail("second").replace(b"Subject: About second", f"Subject: {subject}".encode()))
    assert incidents(stage) == [1, 1]


@pytest.mark.parametrize("subject", ["Re: About first [INC-2]", "Order INC-1234 of the shop", "[OTHER-1] hello", "INC"])
def test_other_numbers_are_no_numbers_of_ours(stage, subject):
    stage.deliver(mail("first"))
    stage.deliver(mail("second").replace(b"Subject: About second", f"Subject: {subject}".encode()))
    assert incidents(stage) == [1, 2]


def test_the_number_does_not_let_a_stranger_in(stage):
    stage.deliver(mail("first"))
    stage.deliver(mail("second", "who@elsewhere.example").replace(b"About second", b"Re: About first [INC-1]"))
    assert incidents(stage) == [1, 2]


def test_the_same_mail_to_two_addresses_is_one(stage):
    raw = mail("first", Cc="facility@acme.example")
    stage.deliver(b"Delivered-To: support@acme.example\r\n" + raw)
    stage.deliver(b"Delivered-To: facility@acme.example\r\nReceived: by another way\r\n" + raw)
    assert incidents(stage) == [1]


def test_the_same_mail_by_way_of_a_list_is_no_second_incident(stage):
    stage.deliver(mail("first"))
    listed = mail("first", List_Id="<it.shop.example>").replace(b"About first", b"[it-all] About first")
    stage.deliver(listed + b"\r\n_______\r\nit-all mailing list\r\n")
    assert incidents(stage) == [1, 1]
    assert timeline(stage.desk, 1)[-1].record.why == "the same mail, by another way"


def test_another_mail_under_the_same_message_id_is_another_mail(stage):
    stage.deliver(mail("first"))
    stage.deliver(mail("first").replace(b"It hums.", b"Your parcel 4711 is on its way."))
    stage.deliver(mail("first", "otto@shop.example"))
    assert incidents(stage) == [1, 2, 3]


def test_an_answer_to_a_merged_incident(stage):
    stage.deliver(mail("first"))
    stage.settle()
    stage.deliver(mail("second", "otto@shop.example"))
    stage.settle()
    act(stage.desk, "INC-2", "#merge INC-1")
    stage.deliver(mail("third", "otto@shop.example", In_Reply_To="<second@client.example>"))
    stage.deliver(mail("fourth", "otto@shop.example").replace(b"About fourth", b"Re: [INC-2]"))
    assert incidents(stage) == [1, 2, 1, 1]
    assert "INC-2 (About second) was merged into this" in [entry.record.text for entry in timeline(stage.desk, 1)]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("#merge INC-2", "INC-2 cannot be merged with itself."),
        ("#merge INC-99", "There is no incident 99."),
        ("#merge INC-3", "INC-3 is closed. Reopen it first, or merge it into INC-2."),
    ],
)
def test_what_cannot_be_merged(stage, command, why):
    for name in ("first", "second", "third"):
        stage.deliver(mail(name, f"{name}@shop.example"))
    stage.settle()
    act(stage.desk, "INC-3", "#close")
    assert why in act(stage.desk, "INC-2", command).reason


def test_merged_twice_and_opened_again(stage):
    for name in ("first", "second", "third"):
        stage.deliver(mail(name, f"{name}@shop.example"))
    stage.settle()
    act(stage.desk, "INC-3", "#merge INC-2")
    act(stage.desk, "INC-2", "#merge INC-1")
    assert "itself" in act(stage.desk, "INC-1", "#merge INC-3").reason
    stage.deliver(mail("fourth", "third@shop.example", In_Reply_To="<third@client.example>"))
    assert incidents(stage)[-1] == 1
    act(stage.desk, "INC-3", "#reopen")
    stage.deliver(mail("fifth", "third@shop.example", In_Reply_To="<third@client.example>"))
    assert incidents(stage)[-1] == 3


def test_the_desks_own_address_is_nobodys(stage):
    """Web forms write under the address of the desk: an answer would come back to the desk itself."""
    stage.deliver(mail("form", "Web form <support@acme.example>"))
    written = stage.settle()
    assert {to for to, *_ in written} == {"ann@acme.example", "ben@acme.example"}
    assert all(b"Your reply stays with the desk" in raw for *_, raw in written)
    assert stage.facts("INC-1")["requester"] == ""


def test_whoever_writes_through_the_desks_own_list_is_answered_and_through_another_is_not(stage):
    stage.deliver(mail("first", List_Id="Support <support.acme.example>", Precedence="list"))
    stage.deliver(mail("second", "otto@shop.example", List_Id="Printers <printers.acme.example>", Precedence="list"))
    stage.settle()
    told = [letter.to_email for letter in letters(stage.desk)]
    assert "erika@shop.example" in told
    assert "otto@shop.example" not in told
