"""Subject lines: what people and clients do to them, and what must never become a command."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maildesk.mail.subject import TITLE, base_subject, command_zone, fresh_zone, storm_key, tag_numbers

INC = {"INC"}
BOTH = {"INC", "HR-DESK"}


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Printer jams [INC-1042]", (1042,)),
        ("Re: Printer jams [INC-1042]", (1042,)),
        ("Re: Printer jams [inc-1042]", (1042,)),
        ("Re: Printer jams [Inc 1042]", (1042,)),
        ("Re: Printer jams [INC1042]", (1042,)),
        ("Re: Printer jams [ INC-1042 ]", (1042,)),
        ("Re: Printer jams [INC - 1042]", (1042,)),
        ("Re: Printer jams [INC–1042]", (1042,)),
        ("Re: Printer jams [INC‑1042]", (1042,)),
        ("Re: Printer jams [INC\u00a01042]", (1042,)),
        ("Re: Printer jams [INC#1042]", (1042,)),
        ("Re: Printer jams 【INC-1042】", (1042,)),
        ("Re: Printer jams [INC-1042]: still", (1042,)),
        ("[INC-1042] Printer jams", (1042,)),
        ("AW: [EXTERNAL] Printer jams[INC-1042]now", (1042,)),
        ("Leave request [hr-desk-7]", (7,)),
        ("Two at once [INC-1] [INC-2]", (2, 1)),
        ("The same twice [INC-1] [INC-1]", (1,)),
        ("INC-1042 #take", (1042,)),
        ("Re: INC-1042", (1042,)),
        ("Printer jams", ()),
        ("Same as INC-1042, again", ()),
        ("INC-1042 is back", ()),
        ("Printer [INC-]", ()),
        ("Printer [INC-12345678901234567890]", ()),
        ("Printer [XINC-1]", ()),
        ("Printer [CHG-1]", ()),
        ("Printer [1042]", ()),
        ("", ()),
    ],
)
def test_a_tag_is_found_whatever_harmless_thing_was_done_to_it(subject, numbers):
    assert tag_numbers(subject, BOTH) == numbers


@pytest.mark.parametrize(
    ("subject", "zone"),
    [
        ("Re: Printer jams [INC-1042] #take", "#take"),
        ("Re: Printer jams [INC-1042]#take", "#take"),
        ("Re: Printer jams [INC-1042] #take #p2 #cat hardware/printer", "#take #p2 #cat hardware/printer"),
        ("Re: Printer jams [INC-1042]   #resolve   toner\u00a0replaced ", "#resolve toner replaced"),
        ("Re: Printer jams [INC-1042] ＃take", "#take"),
        ("Re: Printer jams [INC-1042] #cat “hard disk”", '#cat "hard disk"'),
        ("Re: Printer jams [INC-1042] #resolve it’s done", "#resolve it's done"),
        ("Re: Printer jams [INC-1042] #take [EXTERNAL]", "#take"),
        ("Re: Printer jams [INC-1042]: #take", "#take"),
        ("Re: Printer jams [INC-1042]", ""),
        ("Re: Printer jams [INC-1042] close it", "close it"),
        ("Re: #close [INC-1] please [INC-2] #p1", "#p1"),
        ("Re: #close [INC-1]", ""),
        ("INC-1042 #take", "#take"),
        ("inc 1042 #take", "#take"),
        ("Fwd: [EXT] INC-1042 #take", "#take"),
        ("INC-1042#take", "#take"),
        ("INC-1042", ""),
        ("INC-1042 is back #take", None),
        ("Printer jams #take", None),
        ("#take", None),
        ("", None),
    ],
)
def test_commands_stand_behind_the_last_tag_or_an_opening_number(subject, zone):
    assert command_zone(subject, INC) == zone


@pytest.mark.parametrize(
    ("subject", "zone"),
    [
        ("Printer jams #for anna@customer.example", "#for anna@customer.example"),
        ("Printer jams #for anna@customer.example #p2", "#for anna@customer.example #p2"),
        ("#help", "#help"),
        ("＃help", "#help"),
        ("Printer\u00a0#p1", "#p1"),
        ("Printer #übernehmen", "#übernehmen"),
        ("Room #1042 is cold", None),
        ("A question on C# code", None),
        ("Colour#ff0000 is wrong", None),
        ("Is it (#p1)?", None),
        ("# take", None),
        ("Printer jams", None),
    ],
)
def test_a_fresh_subject_has_a_zone_from_its_first_live_command_on(subject, zone):
    assert fresh_zone(subject) == zone


def test_without_any_prefix_there_are_no_tags():
    assert tag_numbers("Printer [INC-1]", ()) == ()
    assert command_zone("Printer [INC-1] #take", ()) is None


def test_a_prefix_is_taken_letter_by_letter_and_never_as_a_pattern():
    assert tag_numbers("Printer [A.B-1]", {"A.B"}) == (1,)
    assert tag_numbers("Printer [AXB-1]", {"A.B"}) == ()


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Printer jams", "Printer jams"),
        ("Re: Printer jams", "Printer jams"),
        ("RE: re: AW: WG: Fwd: SV: TR: Printer jams", "Printer jams"),
        ("Re[2]: Printer jams", "Printer jams"),
        ("Re(3): Re^2: Printer jams", "Printer jams"),
        ("RE : Printer jams", "Printer jams"),
        ("回复：Printer jams", "Printer jams"),
        ("Printer jams [INC-1042]", "Printer jams"),
        ("Re: [INC-1042] Re: Printer jams", "Printer jams"),
        ("AW: [EXTERNAL] Re: Printer jams [INC–1042] [EXTERNAL]", "Printer jams"),
        ("[External email] Printer jams", "Printer jams"),
        ("***SPAM*** Printer jams", "Printer jams"),
        ("{Spam?} Printer jams", "Printer jams"),
        ("[INC-[INC-1]2] Printer jams", "Printer jams"),
        ("  Printer \t jams\u00a0again ", "Printer jams again"),
        ("R: drive is gone", "R: drive is gone"),
        ("I: drive is full", "I: drive is full"),
        ("Reset: my password", "Reset: my password"),
        ("[Outlook] crashes", "[Outlook] crashes"),
        ("Room #1042, C# and #12", "Room #1042, C# and #12"),
        ("#close please", "# close please"),
        ("Printer ＃close", "Printer ＃ close"),
        ("[INC-1]#close", "# close"),
        ("Printer\u3000#close", "Printer # close"),
        ("Re: Fwd:", ""),
        ("[INC-1]", ""),
        ("", ""),
    ],
)
def test_a_title_is_what_the_writer_meant_and_no_more(subject, title):
    assert base_subject(subject, INC) == title


PIECES = st.sampled_from(
    [
        "#take",
        "＃close",
        "#",
        "[INC-1]",
        "[inc 22]",
        "INC-3",
        "[",
        "]",
        "INC-",
        "Re: ",
        "AW:",
        "[EXT]",
        " ",
        "\u00a0",
        "x",
        "é",
    ]
)
SUBJECTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join)


@settings(max_examples=150)
@given(SUBJECTS)
@example("#take [INC-1]#close")
@example("[INC-1] #take" * 60)
@example("[INC-[INC-1]1] #take")
def test_no_title_of_a_stranger_makes_our_own_subject_command_anything(subject):
    ours = f"{base_subject(subject, INC)} [INC-1]"
    assert command_zone(ours, INC) in {None, ""}
    assert fresh_zone(ours) is None
    assert fresh_zone(f"Re: {ours}") is None
    assert tag_numbers(ours, INC) == (1,)


@settings(max_examples=150)
@given(SUBJECTS)
def test_a_title_taken_twice_stays_as_it_is(subject):
    title = base_subject(subject, INC)
    assert base_subject(title, INC) == title
    assert len(title) <= TITLE
    assert title == title.strip()


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_every_text_is_a_subject(subject):
    tag_numbers(subject, BOTH)
    command_zone(subject, BOTH)
    storm_key("a@b.example", subject)


@pytest.mark.hostile
def test_a_hostile_subject_costs_next_to_nothing():
    for subject in ("[INC-" * 20000, "Re: " * 20000, "#a" * 20000, "[" * 50000, " " * 50000, "[EXT]" * 20000):
        base_subject(subject, INC)
        command_zone(subject, INC)
        storm_key("a@b.example", subject)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Printer jams", "Re: Printer jams"),
        ("Printer jams", "Re: AW: PRINTER  jams [INC-7]"),
        ("Host db1 is down", "Host db2 is down"),
        ("[Ticket 4711] Received: Printer jams", "[Ticket 4712] Received: Printer jams"),
        ("Your request #1 was received", "Your request #22 was received"),
        ("Ticket created: Printer", "Ticket created: Re: Ticket created: [#12] Printer"),
        ("[INC-1]", ""),
    ],
)
def test_a_storm_keeps_its_key_while_numbers_tags_and_prefixes_change(one, other):
    assert storm_key("Box@Customer.example", one) == storm_key("box@customer.example", other)


def test_a_storm_is_one_sender_and_one_matter():
    key = storm_key("bob@customer.example", "Printer jams")
    assert key != storm_key("eve@customer.example", "Printer jams")
    assert key != storm_key("bob@customer.example", "Printer burns")
    assert len(key) == 32
