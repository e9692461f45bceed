"""The desk's sentences are wrapped, people's words are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.prose import blocks, columns, prose, prose_html, quoted, sections, verbatim_html, wrap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ("one\ntwo", ["one two"]),
        ("one\n\n\ntwo", ["one", "two"]),
        ("one\n \t\ntwo", ["one", "two"]),
        ("- a\n- b", [["a", "b"]]),
        ("so:\n- a\n  goes on\n- b", ["so:", ["a goes on", "b"]]),
        ("- a\n\n- b", [["a"], ["b"]]),
        ("-not a list", ["-not a list"]),
    ],
)
def test_blank_lines_divide_paragraphs_and_dashes_make_lists(text, expected):
    assert list(blocks(text)) == expected


def test_prose_becomes_paragraphs_and_lists_in_both_forms():
    text = "Look:\n- at this\n- and that\n\nDone."
    assert prose(text) == "Look:\n\n- at this\n- and that\n\nDone."
    assert prose_html(text, "s") == (
        '<p style="s">Look:</p>\n'
        '<ul style="s;padding:0 0 0 22px"><li style="margin:0 0 4px">at this</li>'
        '<li style="margin:0 0 4px">and that</li></ul>\n<p style="s">Done.</p>'
    )


def test_a_long_list_item_is_indented_below_itself():
    lines = prose("- " + "word " * 30).split("\n")
    assert [line[:2] for line in lines] == ["- ", "  ", "  "]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abcü.,-", min_size=1, max_size=100), min_size=1, max_size=30))
def test_wrapping_keeps_every_word_and_the_width(words):
    lines = wrap(" ".join(words)).split("\n")
    assert [word for line in lines for word in line.split()] == words
    assert all(len(line) <= 72 or " " not in line for line in lines)


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.one_of(st.sampled_from("\n\r\x85\u2028\u2029> "), st.characters(exclude_categories=["Cs"])), max_size=200
    )
)
def test_every_line_of_a_persons_words_is_marked_as_his(text):
    lines = quoted(text).splitlines()
    assert all(line.startswith(">") for line in lines)
    assert [line[2:] for line in lines] == [line.rstrip() for line in text.splitlines()]


def test_breaks_and_indents_survive_in_html():
    assert verbatim_html("a\n  b  c d") == "a<br>\n&nbsp;&nbsp;b &nbsp;c d"


def test_columns_are_aligned_and_the_last_one_is_wrapped_below_itself():
    assert columns([("State", "new"), ("Assignee", "Ann")]) == "State     new\nAssignee  Ann"
    assert columns([]) == ""
    first, second = columns([("a", "ok", "word " * 20)]).split("\n")
    assert first.startswith("a  ok  word")
    assert second.startswith("       word")


def test_empty_sections_leave_no_gap():
    assert sections(["a\n", "", " \n", "\nb"]) == "a\n\nb"
