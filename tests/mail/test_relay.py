"""Relaying: of what a technician quotes, nothing reaches the requester that he has not read before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildesk.mail import relay
from maildesk.mail.relay import passed_on, quotes

PUBLIC = "1. Which model do you need?\n2. When will you come?"


@pytest.mark.parametrize("mark", ["> ", ">", ">> ", "| ", ": ", "AL> ", "» ", "  > "])
def test_a_question_stays_with_its_answer_and_a_note_does_not(mark):
    text = f"{mark}Your reply goes to Erika\n{mark}1. Which model do you need?\n\nThe HP.\n\n{mark}SECRET note\n\nBye."
    assert passed_on(text, PUBLIC, between=True) == f"{mark}1. Which model do you need?\n\nThe HP.\n\nBye."


def test_a_question_is_known_however_its_lines_were_broken():
    assert passed_on("> Which\n> model do you\n\nThe HP.", PUBLIC, between=True) == "> Which\n> model do you\n\nThe HP."


def test_his_own_lines_stay_as_they_are():
    text = "1. Open the tray:\n  - the blue one\n\nif (a > b) c | d\nTel: 4711"
    assert not quotes(text, between=True)
    assert passed_on(text, "", between=True) == text


def test_a_table_is_no_quotation_where_nobody_answered_between_the_lines():
    text = "| tray | state |\n| 1 | empty |"
    assert not quotes(text, between=False)
    assert passed_on(text, "", between=False) == text


@given(st.text("ab >|:\n", max_size=60), st.text("ab \n", max_size=30))
def test_nothing_quoted_that_is_not_public_ever_passes(text, public):
    known = " ".join(public.split())
    for line in passed_on(text, public, between=True).split("\n"):
        if found := relay._ANY_MARK.match(line):
            assert " ".join(line[found.end() :].split()) in known
