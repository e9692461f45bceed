"""The shipped letters: complete in both languages, documented, readable as text, as HTML, in the dark and offline."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import pytest
from shipped import FOLDER, LANGUAGES, RENDERER, TEMPLATES

from maildesk.mail.letters import FIELDS, GROUPS, LETTERS, VALUES, Reader
from maildesk.mail.render import Rendered, sample_values

README = (FOLDER / "README.md").read_text("utf-8")
VALUE_TABLES = README.split("\n## All values\n")[1]
VOID = {"meta", "br", "img"}
COPIES = [(name, language) for name in LETTERS for language in LANGUAGES]
TECHNICAL = [(name, language) for name, language in COPIES if LETTERS[name].reader is Reader.TECHNICIAN]
OUTSIDE = [(name, language) for name, language in COPIES if LETTERS[name].reader is Reader.REQUESTER]


def rendered(name: str, language: str, **changes: object) -> Rendered:
    return RENDERER.render(name, language, sample_values(name) | changes) if changes else _as_sampled(name, language)


@cache
def _as_sampled(name: str, language: str) -> Rendered:
    return RENDERER.render(name, language, sample_values(name))


class Checked(HTMLParser):
    """Follows a document: what is open, what was said, and every attribute."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.order: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.order += data.split()


def test_the_templates_have_no_mistake():
    assert RENDERER.check() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_exists_in_every_language(language):
    there = {name for name in TEMPLATES if name.startswith(f"{language}/")}
    assert there == {f"{language}/{name}.j2" for name in (*LETTERS, "words")}


@pytest.mark.parametrize(("name", "language"), COPIES)
@pytest.mark.parametrize("bare", [False, True])
def test_a_letter_reads_well_with_everything_and_with_hardly_anything(name, language, bare):
    letter = RENDERER.render(name, language, sample_values(name, bare=bare))
    assert letter.subject.strip() == letter.subject != ""
    assert not re.search(r"\n\n\n|[ \t]\n(?<!-- \n)|^\n|\n\n$", letter.text)
    assert not re.search(r"None|Undefined|\{\{|\{%| ,| \.(?!\w)|\(\)|  \w+ wrote", letter.text)
    assert letter.text.count("-- \n") == 1


@pytest.mark.parametrize(("name", "language"), COPIES)
def test_the_desks_own_lines_fit_into_72_columns(name, language):
    long = [line for line in rendered(name, language).text.split("\n") if len(line) > 72]
    assert all(line.startswith(("> ", "-> ")) for line in long)


@pytest.mark.parametrize(("name", "language"), COPIES)
def test_the_html_is_a_whole_document_that_says_its_language(name, language):
    html = rendered(name, language).html
    assert html.startswith("<!DOCTYPE html>")
    assert Checked(html).open == []
    assert ("html", "lang", language) in Checked(html).attributes


@pytest.mark.parametrize(("name", "language"), COPIES)
def test_nothing_is_fetched_or_run_when_a_letter_is_opened(name, language):
    html = rendered(name, language).html
    attributes = Checked(html).attributes
    assert not re.search(r"<(style|script|link|img|iframe|form|object|base)\b", html)
    assert not {key for _, key, _ in attributes} & {"src", "background", "class", "id", "onclick", "action"}
    assert all(value.startswith("mailto:") for _, key, value in attributes if key == "href")
    assert not any(re.search(r"url\(|@import|expression", value) for _, key, value in attributes if key == "style")


def strange(text: str) -> list[str]:
    """The words of a letter without marks that only one of its forms has."""
    return re.findall(r"[\w#@]+", re.sub(r"mailto:\S+|^-- $", " ", text, flags=re.MULTILINE))


@pytest.mark.parametrize(("name", "language"), TECHNICAL)
def test_text_and_html_say_the_same_in_the_same_order(name, language):
    letter = rendered(name, language, lines=())
    html = strange(" ".join(Checked(letter.html).order).removeprefix(" ".join(letter.subject.split())))
    assert html == strange(letter.text)


@pytest.mark.parametrize(("name", "language"), OUTSIDE)
def test_a_requester_finds_the_number_at_the_end_of_the_subject_and_in_the_first_lines(name, language):
    letter = rendered(name, language)
    assert letter.subject.endswith(" [INC-1042]")
    assert "INC-1042" in letter.text[:200] or name == "answer" or "INC-1042" in letter.text[:300]


@pytest.mark.parametrize(("name", "language"), TECHNICAL)
def test_commands_can_be_typed_after_the_number(name, language):
    assert rendered(name, language).subject.endswith(" [INC-1042]") or name == "refused"


@pytest.mark.parametrize(
    ("goes", "first"), [("public", "Your reply goes to Erika Muster"), ("internal", "Your reply stays")]
)
@pytest.mark.parametrize("name", [name for name in LETTERS if "speaker" in LETTERS[name].has])
def test_the_first_line_tells_a_technician_where_his_reply_goes(name, goes, first):
    letter = rendered(name, "en", reply_goes=goes)
    assert letter.text.startswith(first)
    assert " ".join(Checked(letter.html).order).removeprefix(letter.subject).strip().startswith(first)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_looks_like_a_mail_by_a_person(language):
    letter = rendered("answer", language, message="Hello Erika,\n\nit works.", left_out=(), also=())
    assert letter.text == "Hello Erika,\n\nit works.\n\n-- \nAnn Lee\nACME IT Service Desk\nPhone 4711\n"
    assert "INC-1042" not in letter.html.split("</head>")[1]


def test_a_desk_without_signature_signs_with_its_name():
    letter = rendered("taken", "en", desk={"name": "ACME IT", "address": "it@acme.example"})
    assert letter.text.endswith("Kind regards\n\n-- \nACME IT\n")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["received", "resolved", "closed", "status", "new", "update"])
def test_a_mail_without_subject_gets_letters_all_the_same(name, language):
    incident = sample_values(name)["incident"] | {"title": ""}
    letter = rendered(name, language, incident=incident)
    assert re.fullmatch(r"\S.* \[INC-1042\]", letter.subject)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["declined", "not_done", "confirm", "help", "storm"])
def test_what_is_about_no_incident_gets_a_letter_without_one(name, language):
    sample = sample_values(name)
    del sample["incident"]
    letter = RENDERER.render(name, language, sample)
    assert "INC-1042 " not in letter.text
    assert letter.subject


def test_a_mail_without_text_says_so_instead_of_showing_nothing():
    letter = rendered("update", "en", message="")
    assert "> (no text)\n" in letter.text
    assert "(no text)" in letter.html


@pytest.mark.parametrize("status", ["new", "assigned", "in progress", "pending", "resolved", "closed", "cancelled"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_a_word_and_a_sentence(status, language):
    incident = sample_values("status")["incident"] | {"status": status}
    letters = [
        rendered("status", language, incident={**incident, "assignee_name": who}).text for who in ("", "Ann Lee")
    ]
    words = RENDERER._vocabulary(language, html=False)
    assert all(words["status"][status] in letter and "INC-1042" in letter for letter in letters)


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [
        (0, "answered just before you", "hat kurz vor Ihnen geantwortet"),
        (1, "answered 1 minute before you", "hat eine Minute vor Ihnen geantwortet"),
        (4, "answered 4 minutes before you", "hat 4 Minuten vor Ihnen geantwortet"),
    ],
)
def test_a_crossing_is_told_in_right_words(minutes, english, german):
    assert english in " ".join(rendered("crossed", "en", minutes=minutes).text.split())
    assert german in " ".join(rendered("crossed", "de", minutes=minutes).text.split())


def test_a_receipt_shows_what_changed_in_the_words_of_the_language():
    assert (
        "Assignee  nobody yet -> Anna Kern\nPriority  P3 -> P2\nState     new -> assigned"
        in rendered("done", "en").text
    )
    assert "Stand      neu -> zugewiesen" in rendered("done", "de").text


def test_an_error_says_first_that_nothing_was_changed_and_offers_what_to_send():
    letter = rendered("not_done", "en")
    assert letter.subject == "NOT DONE: Printer on 3rd floor jams [INC-1042]"
    assert letter.text.startswith("Nothing was changed. Your text was kept as an internal note.\n\n#asign anna  ?   ")
    assert "\n-> #assign annak #p2: mailto:support@acme.example?subject=" in letter.text


def test_a_confirmation_names_the_word_the_time_and_the_commands_before_all_else():
    text = " ".join(rendered("confirm", "en").text.split())
    assert text.startswith(
        "Nothing has been done yet. Reply to this mail with the word harbour in the first line, within 60"
    )
    assert text.index("#close") < text.index("INC-1042 ")


# Colours --------------------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_can_be_read_on_white_and_on_black():
    colours = set(re.findall(r"[;\" ]color:(#[0-9a-f]{6})", TEMPLATES["layout.html.j2"]))
    assert len(colours) >= 2
    assert all(contrast(colour, "#ffffff") >= 4.5 for colour in colours)
    assert all(contrast(colour, "#121212") >= 3 for colour in colours)


def test_the_page_has_no_colours_of_its_own_so_that_it_follows_the_client_into_the_dark():
    html = rendered("new", "en").html
    body = html[html.index("<body") : html.index('<div style="max-width')]
    assert "color" not in body
    assert '<meta name="color-scheme" content="light dark">' in html


# The documentation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_is_documented_with_exactly_its_values(name):
    row = re.search(rf"^\| `{name}` \| (.+?) \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    assert row, f"templates/README.md lacks a row for the letter {name}"
    groups = [group for group in row[2].split(", ") if group]
    own = re.findall(r"`([a-z_.]+)`", row[3])
    assert {*GROUPS["desk"], *(value for group in groups for value in GROUPS[group]), *own} == VALUES[name].keys()


@pytest.mark.parametrize("name", FIELDS)
def test_every_value_is_documented(name):
    row = re.search(rf"^\| `{re.escape(name)}` \| (.+) \|$", VALUE_TABLES, re.MULTILINE)
    assert row, f"templates/README.md lacks a row for the value {name}"
    assert all(f"`{part}`" in row[1] for part in FIELDS[name].parts)


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "number"])
def test_every_group_is_documented_with_its_values(group):
    section = README.split(f"\n### Group {group}\n")[1].split("\n### ")[0]
    assert tuple(re.findall(r"^\| `([a-z_.]+)` \|", section, re.MULTILINE)) == GROUPS[group]


@pytest.mark.parametrize(
    "word", ["moment", "day", "short", "clock", "strong", "link", "verbatim", "prose", "quoted", "columns", "sections"]
)
def test_every_filter_is_documented(word):
    assert re.search(rf"^\| .*`{word}`.* \|$", README, re.MULTILINE)


@pytest.mark.parametrize("block", ["subject", "lead", "body", "next", "buttons"])
def test_every_block_is_documented(block):
    assert f"\n| `{block}` | " in README


def test_the_letter_in_the_documentation_is_a_working_one():
    source = re.search(r"```jinja\n(.*?)```", README, re.DOTALL)
    assert source
    from shipped import bare

    assert (
        "Ann Lee is working on INC-1042 now."
        in bare(en__taken=source[1]).render("taken", "en", sample_values("taken")).text
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["crossed", "changed", "reopened_tech"])
def test_what_is_about_no_words_does_not_say_that_there_are_none(name, language):
    shown = rendered(name, language, message="", message_html=None)
    assert RENDERER.render("update", language, {**sample_values("update"), "message": ""}).text.count("> (") == 1
    assert "> (" not in shown.text
