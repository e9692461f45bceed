"""The JSON forms of values: what goes in comes out, through real JSON."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.desk.commands import Asked, BadCommand, Command
from maildesk.desk.events import Said
from maildesk.mail.message import Enclosure
from maildesk.store.forms import asked_form, asked_from, enclosures_form, enclosures_from, said_form, said_from

words = st.text(max_size=30)
maybe = st.none() | words
enclosures = st.lists(st.builds(Enclosure, words, words, words, st.integers(0, 2**40), maybe), max_size=3).map(tuple)
said = st.builds(Said, words, maybe, enclosures, words)
commands = st.lists(st.builds(Command, words, words, words, words), max_size=3).map(tuple)
problems = st.lists(st.builds(BadCommand, words, words, st.lists(words, max_size=3).map(tuple)), max_size=3).map(tuple)


def through_json(form):
    return json.loads(json.dumps(form))


@settings(max_examples=50)
@given(said)
def test_words_come_back(value):
    assert said_from(through_json(said_form(value))) == value


@settings(max_examples=50)
@given(st.builds(Asked, commands, problems))
def test_requests_come_back(value):
    assert asked_from(through_json(asked_form(value))) == value


@settings(max_examples=50)
@given(enclosures)
def test_enclosures_come_back(value):
    assert enclosures_from(through_json(enclosures_form(value))) == value


def test_no_enclosures_are_none():
    assert enclosures_from(None) == ()
