"""Folding: what counts as the same word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.desk.folding import distance, fold, one_slip, squeezed, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Can't reach VPN", ["can", "t", "reach", "vpn"]),
        ("STÖRUNG der Wähl-Anlage", ["storung", "der", "wahl", "anlage"]),
        ("Straße, Groß", ["strasse", "gross"]),
        ("pass\u00adword zero\u200bwidth", ["password", "zerowidth"]),
        ("ﬁle ＶＰＮ ℡", ["file", "vpn", "tel"]),
        ("error_code_5", ["error", "code", "5"]),
        ("İstanbul", ["istanbul"]),
        ("打印机 broken", ["打", "印", "机", "broken"]),
        ("cafe\u0301", ["cafe"]),
        ("", []),
    ],
)
def test_words_are_cut_and_folded(text, found):
    assert words(text) == found


@given(st.text(max_size=40))
@settings(max_examples=50)
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


def test_squeezing_leaves_letters_and_digits_only():
    assert squeezed("Dean-De Witt, Jr.") == "deandewittjr"
    assert squeezed("– ' # –") == ""


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("assign", "assign", 0),
        ("asign", "assign", 1),
        ("assgin", "assign", 1),
        ("assignn", "assign", 1),
        ("assing", "assign", 1),
        ("agissn", "assign", 3),
        ("", "abc", 3),
        ("ca", "abc", 3),
    ],
)
def test_distance_counts_slips_of_the_fingers(one, other, slips):
    assert distance(one, other) == slips


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
@settings(max_examples=50)
def test_distance_is_the_same_in_both_directions(one, other):
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
    assert (distance(one, other) == 1) == one_slip(one, other)
