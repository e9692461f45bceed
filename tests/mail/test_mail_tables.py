"""What the phrases of a table begin with is told from the table itself, so that a new row needs no second entry."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail import endings, phrases
from maildesk.mail.tables import any_of, beginnings, begins, folded


@pytest.mark.parametrize(
    ("pattern", "heads"),
    [
        ("sent|Gesendet", {"sen", "ges"}),
        ("lg|vg", {"lg", "vg"}),
        (r"s (?:přáním|pozdravem)", {"s p"}),
        ("(?:with|my )?regards", {"wit", "my ", "reg"}),
        ("(?:(?:my|best) ){0,2}regards", {"my ", "bes", "reg"}),
        ("e?-?mail", {"ema", "e-m", "mai", "-ma"}),
        ("gr(?:ü|ue)ß", {"grü", "gru"}),
        (r"a\w*|b\.c", {"a", "b.c"}),
        ("wysłan[eoay] z|[xy]z", {"wys", "xz", "yz"}),
        (r"best(?=,?\s*$|, \w+$)", {"bes"}),
        (r"ab{2}|c+d", {"abb", "ab", "ccc", "ccd", "cd"}),
        ("άς|İyi", {"άσ", "iyi"}),
    ],
)
def test_the_first_letters_of_all_that_a_pattern_matches(pattern, heads):
    assert heads <= beginnings(pattern)
    assert all(any(one.startswith(head) or head.startswith(one) for one in heads) for head in beginnings(pattern))


@pytest.mark.parametrize("pattern", [r"\w+x", "a?", ".x|ab", "(?:a|[^b])c"])
def test_a_phrase_that_may_begin_with_anything_has_no_place_in_a_table(pattern):
    with pytest.raises(ValueError, match="may begin with anything"):
        beginnings(pattern)


TABLES = {
    "closes": (endings._CLOSING, endings._CLOSINGS),
    "thanks": (endings._THANKS, endings._CLOSINGS),
    "phones": (endings._DEVICE, endings._DEVICES),
    "sent": ("|".join(endings._SENT), endings._SENT_FIRST),
    "originals": (phrases._ORIGINAL, phrases._ORIGINALS),
    "forwards": (phrases._BEGIN_FORWARD, phrases._BEGINS_FORWARD),
    "markers": (phrases._PLAIN_MARKER_WORDS, phrases._PLAIN_MARKERS),
    "openings": (phrases._OPENS, phrases._OPENINGS),
    "days": (phrases._WEEKDAY, phrases._OPENINGS),
}


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=40)
@given(data=st.data())
def test_whatever_a_table_matches_begins_as_it_says(name, data):
    pattern, heads = TABLES[name]
    assert begins(data.draw(st.from_regex(re.compile(pattern, re.IGNORECASE), fullmatch=True)), heads)


def test_few_lines_of_prose_begin_like_a_phrase():
    words = any_of("the | this | it | printer | jams | again | yesterday | could | please | we | our | server").split(
        "|"
    )
    for table, heads in TABLES.values():
        assert sum(begins(word, heads) for word in words) <= 3, table


@pytest.mark.parametrize("char", "İıſςKÄ")
def test_letters_are_alike_as_a_pattern_takes_them(char):
    for other in "iskσä":
        if re.fullmatch(other, char, re.IGNORECASE):
            assert folded(char) == other
