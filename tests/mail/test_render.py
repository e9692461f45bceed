"""Templates are the admin's, values are strangers': the one is checked to the line, the other is never run."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import RENDERER, TEMPLATES, bare, problems

from maildesk.errors import LetterError
from maildesk.mail.letters import LETTERS, VALUES, Reader
from maildesk.mail.render import Renderer, sample_values

ATTACKS = [
    "{{ 7*7 }}",
    "{% include 'en/words.j2' %}",
    "{{ ''.__class__.__mro__ }}",
    "{# gone #}",
    "${7*7}",
    "#{7*7}",
    "<script>alert(1)</script>",
    "</p></div></table><h1>forged</h1>",
    '" onmouseover="alert(1)',
    "<!--[if mso]>x<![endif]-->",
    "<img src=http://track.example/1.png>",
    "&lt;b&gt; &amp; <b>",
]


def letter(lead: str, subject: str = "s") -> str:
    return (
        "{% extends layout %}\n{% block subject %}" + subject + "{% endblock %}\n{% block lead %}\n" + lead + "\n"
        "{% endblock %}\n{% block body %}{% endblock %}{% block next %}{% endblock %}"
    )


class Shape(HTMLParser):
    """The tags of a document, and its text as a reader sees it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data


def hostile(value: object, attack: str) -> object:
    """The value with every text in it replaced by the attack."""
    if isinstance(value, str):
        return attack
    if isinstance(value, dict):
        return {
            key: item if key in {"href", "status", "type"} else hostile(item, attack) for key, item in value.items()
        }
    return tuple(hostile(item, attack) for item in value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", LETTERS)
def test_what_people_wrote_is_shown_and_never_run_or_made_markup(name):
    attack = " ".join(ATTACKS)
    sample = sample_values(name)
    harmless = RENDERER.render(name, "en", {key: hostile(value, "x") for key, value in sample.items()})
    rendered = RENDERER.render(name, "en", {key: hostile(value, attack) for key, value in sample.items()})
    assert attack in " ".join(rendered.text.replace("\n> ", " ").split())
    assert attack in Shape(rendered.html).words
    assert Shape(rendered.html).tags == Shape(harmless.html).tags


@settings(max_examples=20, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n"), min_size=1, max_size=300))
def test_a_message_stands_in_the_letter_line_by_line(text):
    rendered = RENDERER.render("update", "en", {**sample_values("update"), "message": text})
    lines = rendered.text.split("\n")
    assert all(f"> {line}".rstrip() in lines for line in text.splitlines())
    shown = Shape(rendered.html).words.replace("\xa0", " ")
    assert all(line.replace("\xa0", " ") in shown for line in text.splitlines())


@settings(max_examples=20, deadline=None)
@given(title=st.text(max_size=100))
def test_a_subject_is_one_line_whatever_the_title_is(title):
    sample = sample_values("received")
    rendered = RENDERER.render("received", "en", {**sample, "incident": {**sample["incident"], "title": title}})
    assert len(rendered.subject.splitlines()) == 1
    assert rendered.subject.endswith("[INC-1042]")


CANARIES = {
    "notes": "canary-note",
    "history": ({"at": datetime.now(UTC), "who": "canary-who", "what": "canary-what"},),
    "rules": ("canary-rule",),
    "who_address": "canary-address@acme.example",
    "suggest_cc": ({"address": "canary@acme.example", "command": "#cc canary"},),
    "hint": "canary-hint",
}


@pytest.mark.parametrize("name", [name for name, kind in LETTERS.items() if kind.reader is Reader.REQUESTER])
@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_that_is_for_technicians_reaches_a_requester(name, language):
    sample = sample_values(name)
    incident = {**sample["incident"], "notes": "canary-inside", "participants": ("canary@acme.example",)}
    rendered = RENDERER.render(name, language, {**sample, **CANARIES, "incident": incident})
    assert "canary" not in rendered.subject + rendered.text + rendered.html


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_unproven_address_gets_not_one_word_of_the_sender(language):
    sample = sample_values("received")
    sample["message"] = "word"
    theirs = {key: hostile(value, "canary") for key, value in sample.items() if key != "desk"}
    theirs["incident"] |= {"tag": "INC-1042", "status": "new"}
    rendered = RENDERER.render("received_anon", language, {**theirs, "desk": sample["desk"], "to_name": "canary"})
    assert "canary" not in rendered.subject + rendered.text + rendered.html
    assert "INC-1042" in rendered.subject
    assert "INC-1042" in rendered.text


def test_a_site_cannot_show_what_a_letter_has_not():
    site = bare(en__received_anon=letter("{{ incident.title }}"))
    with pytest.raises(LetterError, match=r"en/received_anon\.j2:4: .*title"):
        site.render("received_anon", "en", sample_values("received"))


def test_an_incident_may_be_any_thing_with_those_fields():
    class Thing:
        def __init__(self, **fields: object) -> None:
            vars(self).update(fields)

    sample = sample_values("received")
    assert RENDERER.render("received", "en", {**sample, "incident": Thing(**sample["incident"])}) == (
        RENDERER.render("received", "en", sample)
    )


@pytest.mark.parametrize(
    ("language", "folder"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_AT", "de"),
        ("DE", "de"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        ("xx-y", "en"),
    ],
)
def test_the_nearest_language_is_taken(language, folder):
    rendered = RENDERER.render("taken", language, sample_values("taken"))
    assert f'<html lang="{folder}">' in rendered.html


def test_a_regional_letter_goes_before_its_language_and_lacks_no_words():
    regional, usual = letter("Servus, {{ words.your_message }}, {{ lang }}"), letter("{{ lang }}")
    site = bare(**{"de-AT__taken": regional, "de__taken": usual, "de__closed": usual})
    assert site.render("taken", "de-AT", sample_values("taken")).text == "Servus, Ihre Nachricht, de-AT\n"
    assert site.render("taken", "de", sample_values("taken")).text == "de\n"
    assert site.render("closed", "de-AT", sample_values("closed")).text == "de\n"


def test_a_word_that_an_older_words_file_lacks_comes_from_english():
    words = TEMPLATES["de/words.j2"].replace("{% set regards", "{% set formerly_regards")
    site = bare(de__words=words, de__taken=letter("{{ words.regards }}, {{ words.nobody }}"))
    assert site.render("taken", "de", sample_values("taken")).text == "Kind regards, noch niemand\n"
    assert problems(de__words=words) == ["de/words.j2:1: the word 'regards' is missing"]


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "Saturday, 21 November 2026, 14:05|Saturday, 21 November 2026|21 Nov, 14:05|14:05"),
        ("de", "Samstag, 21. November 2026, 14:05 Uhr|Samstag, 21. November 2026|21.11., 14:05|14:05 Uhr"),
    ],
)
def test_times_are_told_in_the_zone_of_the_desk_and_the_words_of_the_language(language, shown):
    source = letter("|".join("{{ incident.opened|" + way + " }}" for way in ("moment", "day", "short", "clock")))
    sample = sample_values("taken")
    sample["incident"] |= {"opened": datetime(2026, 11, 21, 13, 5, tzinfo=UTC)}
    sample["tz"] = ZoneInfo("Europe/Berlin")
    site = bare(en__taken=source, de__taken=source)
    assert shown in site.render("taken", language, sample).text.replace("\n", " ")


def test_summer_and_winter_time_are_told_apart():
    sample = sample_values("new") | {"tz": ZoneInfo("Europe/Berlin")}
    sample["incident"] |= {"opened": datetime(2026, 7, 1, 22, 30, tzinfo=UTC)}
    assert "Thursday, 2 July 2026, 0:30" in RENDERER.render("new", "en", sample).text


def test_links_are_made_only_of_safe_addresses():
    site = bare(en__taken=letter('{{ "https://kb.acme.example/?a&b"|link }} {{ "javascript:alert(1)"|link }}'))
    html = site.render("taken", "en", sample_values("taken")).html
    assert '<a href="https://kb.acme.example/?a&amp;b"' in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize("href", ["https://evil.example", "javascript:alert(1)", "", "MAILTO:a@b"])
def test_a_button_opens_a_mail_and_nothing_else(href):
    with pytest.raises(LetterError, match="button"):
        RENDERER.render("new", "en", sample_values("new") | {"buttons": ({"label": "x", "href": href},)})


def test_sanitised_html_is_shown_as_it_is_and_the_text_beside_it():
    values = sample_values("answer") | {"message": "*bold*", "message_html": '<b>bold</b> <img src="cid:a@b">'}
    rendered = RENDERER.render("answer", "en", values)
    assert '<b>bold</b> <img src="cid:a@b">' in rendered.html
    assert "*bold*" not in rendered.html
    assert "*bold*" in rendered.text


def test_a_very_long_message_is_cut_with_a_remark_and_its_html_left_out():
    values = sample_values("update") | {"message": '"<&>"\n' * 30_000, "message_html": "<b>x</b>" * 80_000}
    rendered = RENDERER.render("update", "en", values)
    assert "[The message goes on. All of it is kept with the incident.]" in rendered.text
    assert len(rendered.html) < 1_000_000
    assert "<b>x</b>" not in rendered.html


def test_a_letter_that_grows_beyond_all_measure_is_stopped():
    site = bare(en__answer=letter("{% for sign in message %}0123456789ab{% endfor %}"))
    with pytest.raises(LetterError, match=r"en/answer\.j2: the letter is longer than 1000000 characters"):
        site.render("answer", "en", sample_values("answer") | {"message": "x" * 100_000})


NO_VALUE = "is no value of the letter 'taken'; did you mean"
MISTAKES = [
    ("{{ incident.tga }}", f"'incident.tga' {NO_VALUE} incident.tag?"),
    ("{% if also %}{{ to_nam }}{% endif %}", f"'to_nam' {NO_VALUE} to_name?"),
    ("{{ words.greetings }}", f"'words.greetings' {NO_VALUE} words.greeting?"),
    ("{% if tz %}{{ to_name|storng }}{% endif %}", "there is no filter 'storng'; did you mean strong?"),
    ("{% if %}", "Expected an expression, got 'end of statement block'"),
    ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
    ("{{ incident.tag.nothing }}", "'str object' has no attribute 'nothing'"),
    ("{{ incident.tag.__class__.mro() }}", "access to attribute '__class__' of 'str' object is unsafe."),
    ("{{ also.append(1) }}", "'tuple object' has no attribute 'append'"),
    ("{{ 'x' * 1000000000 }}", "* is for small numbers only"),
    ("{{ 9 ** 9 ** 9 }}", "** is for small numbers only"),
    ("{% for a in range(9) %}{% endfor %}", f"'range' {NO_VALUE} lang?"),
    ("{% include 'nowhere.j2' %}", "there is no template 'nowhere.j2'"),
]


@pytest.mark.parametrize(("source", "complaint"), MISTAKES)
def test_a_mistake_in_a_template_is_named_with_file_and_line(source, complaint):
    assert problems(en__taken=letter(source)) == [f"en/taken.j2:4: {complaint}"]


def test_a_missing_block_is_named_with_what_to_write():
    blocks = "".join(f"{{% block {block} %}}{{% endblock %}}" for block in ("subject", "lead", "body"))
    assert problems(en__taken="{% extends layout %}" + blocks) == [
        "en/taken.j2:1: the block 'next' is missing; write {% block next %}{% endblock %} if it shall be empty"
    ]


def test_a_mistake_in_a_layout_is_named_there():
    broken = TEMPLATES["layout.html.j2"].replace("{{ subject }}", "{{ subject.nothing }}")
    line = broken[: broken.index("subject.nothing")].count("\n") + 1
    files = {"layout.html": broken, "facts": TEMPLATES["facts.j2"], "en__taken": TEMPLATES["en/taken.j2"]}
    assert problems(**files) == [f"layout.html.j2:{line}: 'str object' has no attribute 'nothing'"]


def test_a_file_that_is_no_letter_is_named():
    assert problems(en__recieved="x") == ["en/recieved.j2:1: no letter has this name; did you mean received?"]
    assert problems(**{"layuot.txt": "x"}) == ["layuot.txt.j2:1: no letter has this name; did you mean layout.txt.j2?"]


def test_broken_words_are_named_and_do_not_stop_the_check():
    found = problems(de__words="{% set x = %}", en__taken=TEMPLATES["en/taken.j2"], de__taken=TEMPLATES["de/taken.j2"])
    assert found
    assert all(problem.startswith("de/words.j2:1: ") for problem in found)


def test_a_missing_letter_is_named():
    frame = {name: TEMPLATES[name] for name in TEMPLATES if "/" not in name}
    assert "en/new.j2:1: this letter is missing" in Renderer(frame).check()
    with pytest.raises(LetterError, match=r"en/new\.j2"):
        Renderer(frame).render("new", "en", sample_values("new"))


def test_an_unknown_letter_is_refused():
    with pytest.raises(LetterError, match="no letter 'nothing'"):
        RENDERER.render("nothing", "en", {})


def test_a_needed_value_that_is_not_given_is_an_error_and_not_a_gap():
    sample = sample_values("confirm")
    del sample["word"]
    with pytest.raises(LetterError, match=r"en/confirm\.j2:\d+: 'word' is undefined"):
        RENDERER.render("confirm", "en", sample)


@pytest.mark.parametrize("name", LETTERS)
def test_samples_give_exactly_what_a_letter_has(name):
    sample = sample_values(name)
    flat = {
        *(key for key, value in sample.items() if not isinstance(value, dict)),
        *(f"{key}.{part}" for key, value in sample.items() if isinstance(value, dict) for part in value),
    }
    made = {"layout", "letter", "role", "lang", "words", "subject", "incident.status_word", "incident.type_word"}
    assert flat == VALUES[name].keys() - made
    assert sample_values(name, bare=True).keys() <= sample.keys()


def test_the_same_values_give_the_same_letter():
    sample = sample_values("new")
    assert RENDERER.render("new", "de", sample) == Renderer(TEMPLATES).render("new", "de", sample)
