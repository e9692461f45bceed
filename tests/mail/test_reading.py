"""A reading is a function of the bytes, and crosses the pipe unchanged or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.message import (
    Address,
    Attachment,
    Bounce,
    Failure,
    Forwarded,
    Kind,
    Mail,
    Reading,
    Trimmed,
    Unreadable,
    Verdict,
)
from maildesk.mail.reading import pack, understand, unpack

MAILS = Path(__file__).parent.parent / "mails"
RAW = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in sorted(MAILS.glob("*/*.eml"))}


def reading(name: str) -> Reading:
    found = understand(RAW[f"reading/{name}"])
    assert isinstance(found, Reading)
    return found


@pytest.mark.parametrize("name", RAW)
def test_every_mail_crosses_the_pipe_unchanged(name):
    found = understand(RAW[name])
    assert unpack(pack(found)) == found
    assert understand(RAW[name]) == found


def test_a_reading_says_everything_at_once():
    found = reading("reply_outlook_de.eml")
    assert found.mail.subject == "AW: Drucker [INC-7]"
    assert found.trimmed.new.startswith("Guten Tag,")
    assert found.trimmed.new_html is not None
    assert found.verdict.kind is Kind.HUMAN
    assert (found.bounce, found.forwarded, found.language) == (None, None, "de")


def test_a_bounce_and_a_forward_are_seen():
    report = reading("delivery_report.eml")
    assert report.verdict.kind is Kind.BOUNCE
    assert report.bounce is not None
    assert [one.address for one in report.bounce.recipients] == ["gone@kunde.example"]
    forward = reading("forward_gmail_en.eml")
    assert forward.forwarded is not None
    assert forward.forwarded.sender == Address("max@kunde.example", "Max Beispiel")


def test_what_cannot_be_read_says_why_on_both_ends_of_the_pipe():
    found = understand(b"X: y\r\n" * 2000)
    assert isinstance(found, Unreadable)
    assert unpack(pack(found)) == found


clean = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
addresses = st.builds(Address, clean.filter(bool), clean)
attachments = st.builds(Attachment, clean, clean, st.binary(max_size=30), st.none() | clean, st.booleans())
moments = st.datetimes(timezones=st.just(UTC))
mails = st.builds(
    Mail,
    message_id=st.none() | clean,
    from_=st.none() | addresses,
    from_shown=st.none() | addresses,
    from_defect=clean,
    reply_to=st.lists(addresses, max_size=2).map(tuple),
    to=st.lists(addresses, max_size=2).map(tuple),
    cc=st.lists(addresses, max_size=2).map(tuple),
    delivered_to=st.lists(clean, max_size=2).map(tuple),
    return_path=st.none() | clean,
    subject=clean,
    date=st.none() | moments,
    in_reply_to=st.lists(clean, max_size=2).map(tuple),
    references=st.lists(clean, max_size=2).map(tuple),
    headers=st.lists(st.tuples(clean, clean), max_size=3).map(tuple),
    repeated=st.frozensets(clean, max_size=2),
    loop=st.none() | clean,
    text=clean,
    html=st.none() | clean,
    attachments=st.lists(attachments, max_size=3).map(tuple),
    size=st.integers(0, 10**9),
    notes=st.lists(clean, max_size=2).map(tuple),
)
failures = st.builds(Failure, clean, clean, clean, clean)
readings = st.builds(
    Reading,
    mail=mails,
    trimmed=st.builds(Trimmed, clean, clean, clean, st.booleans(), st.none() | clean),
    verdict=st.builds(Verdict, st.sampled_from(Kind), clean),
    bounce=st.none()
    | st.builds(Bounce, st.lists(failures, max_size=2).map(tuple), st.lists(clean, max_size=2).map(tuple)),
    forwarded=st.none() | st.builds(Forwarded, addresses, clean, clean),
    language=st.sampled_from(["", "de"]),
)


@given(readings | st.builds(Unreadable, clean))
@settings(max_examples=60, deadline=None)
def test_whatever_a_reading_holds_crosses_the_pipe(found):
    assert unpack(pack(found)) == found


@given(st.sampled_from(sorted(RAW)), st.integers(0, 5000), st.binary(max_size=8), st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_damaged_bytes_give_a_value_error_or_a_sound_value(name, at, junk, length):
    data = pack(understand(RAW[name]))
    at %= len(data)
    try:
        found = unpack(data[:at] + junk + data[at + length :])
    except ValueError:
        return
    assert isinstance(found, Reading | Unreadable)
    assert unpack(pack(found)) == found


@given(st.binary(max_size=60))
@settings(max_examples=50, deadline=None)
def test_foreign_bytes_are_no_reading(data):
    for attempt in (data, b"MDR1" + data, b"MDR1" + len(data).to_bytes(4, "big") + data):
        with pytest.raises(ValueError):
            unpack(attempt)


def head_of(data: bytes) -> tuple[dict, bytes]:
    size = int.from_bytes(data[4:8], "big")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def framed(head: object, rest: bytes) -> bytes:
    body = json.dumps(head).encode()
    return b"MDR1" + len(body).to_bytes(4, "big") + body + rest


WRONG = {
    "mail.size": [-1, 1.5, True, "1", None],
    "mail.subject": [None, 1, ["a"], "\ud800"],
    "mail.message_id": [1, {}],
    "mail.from_": ["a@b", ["a@b"], ["", "x"], [1, "x"], ["a", "b", "c"]],
    "mail.to": [None, [None], [["a@b"]], {"a": 1}],
    "mail.headers": [[["a"]], [["a", "b", "c"]], [["a", 1]], "ab"],
    "mail.repeated": [None, [1]],
    "mail.date": ["yesterday", "2026-03-02T09:14:05", 12, ""],
    "mail.attachments": [
        None,
        [1],
        [["n", "t", 3, None, False]],
        [["n", "t", -1, None, False]],
        [["n", "t", 0, None, 1]],
    ],
    "mail": [None, [], {}],
    "trimmed.inline_answers": [0, None, "false"],
    "trimmed.new": [None],
    "verdict": [["robot", "x"], ["human"], None, [None, "x"]],
    "bounce": [[], {"recipients": []}, {"recipients": [["a", "b", "c"]], "original_ids": []}],
    "forwarded": [[], [None, "a", "b"], [["a@b", "c"], "d"]],
    "language": [None, 1],
}


@pytest.mark.parametrize(("where", "value"), [(where, value) for where, values in WRONG.items() for value in values])
def test_a_field_of_the_wrong_type_is_refused(where, value):
    head, rest = head_of(pack(reading("plain.eml")))
    assert unpack(framed(head, rest)) == reading("plain.eml")
    *path, last = where.split(".")
    place = head
    for step in path:
        place = place[step]
    place[last] = value
    with pytest.raises(ValueError):
        unpack(framed(head, rest))


@pytest.mark.parametrize("change", ["more", "fewer", "renamed"])
def test_fields_that_nobody_knows_are_refused(change):
    head, rest = head_of(pack(reading("plain.eml")))
    for place in (head, head["mail"], head["trimmed"]):
        kept = dict(place)
        if change == "more":
            place["surprise"] = 1
        else:
            value = place.pop(next(iter(place)))
            if change == "renamed":
                place["surprise"] = value
        with pytest.raises(ValueError):
            unpack(framed(head, rest))
        place.clear()
        place.update(kept)


def test_lengths_must_fit_to_the_byte():
    found = replace(reading("plain.eml"), forwarded=None)
    data = pack(replace(found, mail=replace(found.mail, attachments=(Attachment("a", "b/c", b"12345"),))))
    for damaged in (data[:-1], data + b"6", data[:8], data[:3], b"", data.replace(b"MDR1", b"MDR2")):
        with pytest.raises(ValueError):
            unpack(damaged)


def test_a_time_is_utc_on_the_other_side():
    head, rest = head_of(pack(reading("plain.eml")))
    head["mail"]["date"] = "2026-03-02T09:14:05+01:00"
    found = unpack(framed(head, rest))
    assert isinstance(found, Reading)
    assert found.mail.date == datetime(2026, 3, 2, 8, 14, 5, tzinfo=UTC)
    assert found.mail.date.tzinfo is UTC
