"""Commands: the grammar table, how zones are read, and that nothing half-understood ever runs."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.desk.commands import (
    GRAMMAR,
    MAX_COMMANDS,
    SPELLINGS,
    VERBS,
    Asked,
    Kind,
    Vocabulary,
    card,
    parse,
    waiting_for,
    written,
)
from maildesk.desk.folding import distance, squeezed
from maildesk.desk.people import Class, Directory, Group, Person, Role

TECHNICIAN = frozenset({Role.TECHNICIAN})
PEOPLE = {
    "ann": Person("ann", "Ann Lee", ("ann@acme.example", "a.lee@home.example"), TECHNICIAN),
    "anna.k": Person("anna.k", "Anna Kern", ("kern@acme.example",), TECHNICIAN),
    "anna.v": Person("anna.v", "Anna Dean-De Witt", ("witt@acme.example",), TECHNICIAN),
    "tech1": Person("tech1", "Jörg Weiß", ("jw@acme.example",), TECHNICIAN),
    "tech12": Person("tech12", "Zoë Poe", ("zp@acme.example",), frozenset({Role.LEAD})),
    "dana": Person("dana", "Dana Roe", ("dana@acme.example",), frozenset()),
}
BOOK = Vocabulary.of(
    Directory(PEOPLE, {"network": Group("network"), "first-line": Group("first-line"), "ann": Group("ann")}),
    ("network/vpn", "network/wifi", "hardware/printer", "software/vpn client", "access"),
)


def pairs(asked: Asked) -> list[tuple[str, str]]:
    return [(command.verb, command.value) for command in asked.commands]


# --- the table ------------------------------------------------------------------------------------------------------


def test_the_set_of_verbs_is_whole():
    wanted = (
        "take assign unassign note reply resolve close reopen cancel p1 p2 p3 p4 p5 impact urgency type cat tag "
        "pending resume cc for merge spam status show history why list find help"
    )
    assert set(VERBS) == set(wanted.split())


def test_no_spelling_means_two_verbs_and_none_looks_like_a_colour():
    spelt = [
        (squeezed(word), verb.name)
        for verb in GRAMMAR.values()
        for word in (verb.name, *(alias for aliases in verb.aliases.values() for alias in aliases))
    ]
    assert all(SPELLINGS[word].name == verb for word, verb in spelt)
    assert not [word for word in SPELLINGS if re.fullmatch("[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8}", word)]
    assert all(re.fullmatch(r"[a-z]\w*", word) for word in SPELLINGS)


def test_requesters_have_four_verbs_and_no_more():
    assert {verb.name for verb in GRAMMAR.values() if verb.for_requester} == {"close", "reopen", "cancel", "status"}


def test_what_somebody_outside_notices_is_never_guessed():
    outside = {"reply", "resolve", "close", "reopen", "cancel", "cc", "for", "spam"}
    assert not [name for name in outside if GRAMMAR[name].forgiving]
    assert not [v.name for v in GRAMMAR.values() if v.forgiving and v.klass is Class.CONSEQUENTIAL]


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_explained_by_an_example_that_can_be_typed(name):
    verb = GRAMMAR[name]
    assert verb.meaning["en"]
    assert verb.meaning["de"]
    people = {"anna": Person("anna", "Anna", ("anna@acme.example",), TECHNICIAN)}
    book = Vocabulary.of(Directory(people, {"network": Group("network")}), ["network/vpn"])
    for example in verb.example.split(", "):
        asked = parse(example, book)
        assert [command.verb for command in asked.commands] == [name]
        assert asked.problems == ()


def test_the_help_card_shows_each_what_he_may_use_in_his_language():
    assert [row.command for row in card(technician=False)] == ["#close", "#reopen", "#cancel", "#status"]
    assert len(card(technician=True)) == len(VERBS)
    english, german = card(technician=True, language="en-GB"), card(technician=True, language="de-AT")
    assert english[0].meaning == "take the incident yourself"
    assert german[0].meaning == "selbst übernehmen"
    assert card(technician=True, language="nl") == english


# --- what is understood ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "canonical"),
    [
        ("", ""),
        (" ", ""),
        (" - ", ""),
        ("#take #p2 #cat hardware/printer", "#take #p2 #cat hardware/printer"),
        ("#TAKE", "#take"),
        ("#take, #p2.", "#take #p2"),
        ("– #take", "#take"),
        ("#assign anna.k", "#assign anna.k"),
        ("#assign: anna.k", "#assign anna.k"),
        ("#assign=anna.k", "#assign anna.k"),
        ("#assign = anna.k", "#assign anna.k"),
        ('#assign "anna.k"', "#assign anna.k"),
        ("#assign “anna.k”", "#assign anna.k"),
        ("#assign@network", "#assign @network"),
        ("#assign ANN@acme.example", "#assign ann"),
        ("#assign a.lee@home.example", "#assign ann"),
        ("#assign Anna  Kern", "#assign anna.k"),
        ("#assign kern", "#assign anna.k"),
        ("#assign annaDEANdewitt", "#assign anna.v"),
        ("#assign dean", "#assign anna.v"),
        ("#assign jorg weiss", "#assign tech1"),
        ("#assign tech1", "#assign tech1"),
        ("#assign zo", "#assign tech12"),
        ("#assign ann", "#assign ann"),  # the person before the group of that name
        ("#assign @ann", "#assign @ann"),
        ("#assign @First Line", "#assign @first-line"),
        ("#assign network", "#assign @network"),
        ("#assign @kern", "#assign anna.k"),
        ("#cat Network / VPN", "#cat network/vpn"),
        ("#cat wifi", "#cat network/wifi"),
        ("#cat printer", "#cat hardware/printer"),
        ("#cat print", "#cat hardware/printer"),
        ("#cat acc", "#cat access"),
        ("#cat vpn client", "#cat software/vpn client"),
        ("#unassign", "#unassign"),
        ("#freigeben", "#unassign"),
        ("#impact high #urgency low", "#impact high #urgency low"),
        ("#impact: Med.", "#impact medium"),
        ("#auswirkung hoch #dringlichkeit niedrig", "#impact high #urgency low"),
        ("#urgence élevée", "#urgency high"),
        ("#type Service Request", "#type request"),
        ("#typ Störung", "#type incident"),
        ("#tag mobile", "#tag +mobile"),
        ("#tag +Mobile, - WiFi", "#tag +mobile -wifi"),
        ("#tags mobile mobile –wifi.", "#tag +mobile -wifi"),
        ("#schlagwort büro/3.stock", "#tag +büro/3.stock"),
        ("#weiter", "#resume"),
        ("#list", "#list"),
        ("#list mine and P1, p2", "#list mine p1 p2"),
        ("#liste meine offene in @First-Line", "#list mine open @first-line"),
        ("#list: kern unassigned", "#list anna.k unassigned"),
        ("#queue network", "#list @network"),
        ("#histroy", "#history"),
        ("#find VPN, Drucker!", "#find vpn drucker"),
        ('#find "see #note"', "#find see note"),
        ("#suchen Straße 打印", "#find strasse 打 印"),
        ("#show #why #verlauf", "#show #why #history"),
        ("#pending", "#pending requester"),
        ("#wait 2d user", "#pending requester 2d"),
        ("#wait until mon 9 vendor", "#pending supplier mon 09:00"),
        ("#warten: Lieferant bis 24.12.2026 #p4", "#pending supplier 2026-12-24 #p4"),
        ("#cc +bob@x.example -amy@x.example", "#cc +bob@x.example -amy@x.example"),
        ("#cc bob@x.example, <Amy@X.Example>; +bob@x.example", "#cc +bob@x.example +amy@x.example"),
        ("#cc + bob@x.example – amy@x.example.", "#cc +bob@x.example -amy@x.example"),
        ("#cc mailto:o'neil+a@bücher.example", "#cc +o'neil+a@xn--bcher-kva.example"),
        ("#for erika@x.example", "#for erika@x.example"),
        ("#for Erika Muster <Erika@x.example>", "#for erika@x.example"),
        ("#resolve", "#resolve"),
        ("#resolve toner replaced, see C# and #1042 #p4", "#resolve toner replaced, see C# and #1042 #p4"),
        ("#resolve the colour is #ff0000 now #take", "#resolve the colour is #ff0000 now #take"),
        ('#resolve "see #note of Monday" #p4', '#resolve "see #note of Monday" #p4'),
        ('#resolve the "old" one', '#resolve the "old" one'),
        ('#resolve "old" one', '#resolve """old"" one"'),
        ('#resolve 19" screen #take', '#resolve 19" screen #take'),
        ("#note call back #help assign", "#note call back #help assign"),
        ("＃take　＃ｐ１", "#take #p1"),
        ("\u00a0#take\u00a0#p1\u200b", "#take #p1"),
        ("#re-open", "#reopen"),
        ("#schließen", "#close"),
        ("#SCHLIESSEN", "#close"),
        ("#ÜBERNEHMEN", "#take"),
        ("#uebernehmen", "#take"),
        ("#ubernehmen", "#take"),
        ("#prendre #priorité2", "#take #p2"),
        ("#asignar kern #categoría wifi", "#assign anna.k #cat network/wifi"),
        ("#répondre #résolu", "#reply #resolve"),
        ("#hilfe", "#help"),
    ],
)
def test_a_zone_is_understood(zone, canonical):
    asked = parse(zone, BOOK)
    assert asked.problems == ()
    assert asked.canonical == canonical
    assert bool(asked) == bool(canonical)


@pytest.mark.parametrize(
    ("zone", "verb", "note"),
    [
        ("#asign kern", "assign", "understood #asign as #assign"),
        ("#zuweisn kern", "assign", "understood #zuweisn as #assign"),
        ("#stat", "status", "understood #stat as #status"),
        ("#Kategorei wifi", "cat", "understood #Kategorei as #cat"),
        ("#pendnig", "pending", "understood #pendnig as #pending; understood as waiting for the requester"),
        ("#assign jö", "assign", 'understood "jö" as Jörg Weiß (tech1)'),
        ("#cat hardw", "cat", 'understood "hardw" as hardware/printer'),
        ("#assign ann", "assign", ""),
        ("#nehmen", "take", ""),
    ],
)
def test_what_was_completed_or_mended_is_said(zone, verb, note):
    (command,) = parse(zone, BOOK).commands
    assert (command.verb, command.note, command.shown) == (verb, note, zone)


@pytest.mark.parametrize(
    ("zone", "why", "offers"),
    [
        # verbs that are not known, or not for certain
        ("#clos", "did you mean #close?", ("#close",)),
        ("#clsoe duplicate of 7", "did you mean #close?", ("#close duplicate of 7",)),
        ("#resolvd", "did you mean #resolve?", ("#resolve",)),
        ("#resolv toner #take", "did you mean #resolve?", ("#resolve toner",)),
        ("#opne", "did you mean #reopen?", ("#reopen",)),
        ("#spma", "did you mean #spam?", ("#spam",)),
        ("#tkae", "did you mean #take?", ("#take",)),
        ("#res", "did you mean #resolve or #resume or #reply?", ("#resolve", "#resume", "#reply")),
        ("#pen", "did you mean #pending?", ("#pending",)),  # or was it #open with a letter lost?
        ("#prio", "did you mean #p1 or #p2 or #p3?", ("#p1", "#p2", "#p3")),
        ("#p6", "There is no command #p6.", ()),
        ("#p", "There is no command #p.", ()),
        ("#prio6", "There is no command #prio6.", ()),
        ("#frobnicate", "There is no command #frobnicate.", ()),
        # values
        ("#assign", "for example #assign anna", ()),
        ("#cat", "for example #cat network/vpn", ()),
        ("#cc", "for example #cc +bob", ()),
        ("#for", "for example #for erika", ()),
        (
            "#assign anna",
            '"anna" fits 2: Anna Kern (anna.k), Anna Dean-De Witt (anna.v).',
            ("#assign anna.k", "#assign anna.v"),
        ),
        ("#assign te", '"te" fits 2', ("#assign tech1", "#assign tech12")),
        ("#assign a", "no technician or group called", ()),
        ("#assign tech", '"tech" fits 2', ("#assign tech1", "#assign tech12")),
        ("#assign @nowhere", 'no group or technician called "nowhere"', ()),
        ("#assign kren", "no technician or group called", ("#assign anna.k",)),
        ("#assign dana", "no technician or group called", ()),
        ("#assign ann@acme.test", "no technician or group called", ()),
        ("#assign ann, #assign kern", "given twice", ("#assign ann", "#assign anna.k")),
        ("#cat network", '"network" fits 2: network/vpn, network/wifi.', ("#cat network/vpn", "#cat network/wifi")),
        ("#cat pritner", "no category called", ("#cat hardware/printer",)),
        ("#take please", "stands alone", ("#take",)),
        ("#p2 #reply the toner is there", "stands alone", ("#reply",)),
        ("#pending for ever", "names no wait", ()),
        ("#pending 2026-02-30", "names no wait", ()),
        ("#find", "for example #find vpn", ()),
        ("#find ?!", "has no word to look for", ()),
        ("#list overdo", '"overdo" names no list', ()),
        ("#list anna", '"anna" names no list', ("#list anna.k", "#list anna.v")),
        ("#list mine #list p1", "given twice", ("#list mine", "#list p1")),
        ("#show it", "stands alone", ("#show",)),
        ("#impact", "for example #impact high", ()),
        ("#impact 1", "is no level", ("#impact high", "#impact medium", "#impact low")),
        ("#urgency m", "is no level", ("#urgency high", "#urgency medium", "#urgency low")),
        ("#type bug", "is no type", ("#type incident", "#type request")),
        ("#tag", "for example #tag +mobile -wifi", ()),
        ("#tag +", '"" is no tag', ()),
        ("#tag c++", '"c++" is no tag', ()),
        ("#tag +wifi -WiFi", "added and removed", ("#tag +wifi", "#tag -wifi")),
        ("#tag " + " ".join(f"t{n}" for n in range(21)), "More than 20", ()),
        ("#unassign ann", "stands alone", ("#unassign",)),
        ("#assign ann #unassign", "exclude each other", ("#assign ann", "#unassign")),
        ("#pending #resume", "exclude each other", ("#pending requester", "#resume")),
        ("#cc bob", "no mail address", ()),
        ("#cc bob@x", "no mail address", ()),
        ("#cc bob@x.example amy", '"amy" is no mail address', ()),
        ("#cc +bob@x.example -bob@x.example", "added and removed", ("#cc +bob@x.example", "#cc -bob@x.example")),
        ("#cc +" + " +".join(f"u{n}@x.example" for n in range(21)), "More than 20", ()),
        ("#for a@x.example b@x.example", "no mail address", ()),
        ("#for <a@x.example> <b@x.example", "no mail address", ()),
        ("#for b\u043eb@x.example", "no mail address", ()),
        ("#for --a@x.example", "no mail address", ()),
        ("#for " + "a" * 65 + "@x.example", "no mail address", ()),
        ("#for a@" + "x" * 250 + ".example", "no mail address", ()),
        ("#for a@127.0.0.1", "no mail address", ()),
        # commands that cannot both be meant
        ("#take #take", "given twice", ("#take",)),
        ("#take #assign kern", "exclude each other", ("#take", "#assign anna.k")),
        ("#resolve #reopen", "exclude each other", ("#resolve", "#reopen")),
        ("#p1 #p2 #take", "exclude each other", ("#p1", "#p2")),
        ("#note #reply", "exclude each other", ("#note", "#reply")),
        ("#close #pending 2d", "exclude each other", ("#close", "#pending requester 2d")),
        # words without a mark
        ("close", "A command begins with #", ("#close",)),
        ("please close", "did you mean #close?", ("#close",)),
        ("take p2", "did you mean #take #p2?", ("#take #p2", "#take")),
        ("assign kern p2", "did you mean", ("#assign anna.k #p2",)),
        ("assign nobody", "A command begins with #, so this was not understood.", ()),
        ("close #p2", "did you mean #close?", ("#close",)),
        ("# take", "did you mean #take?", ("#take",)),
        ("##take", "did you mean #take?", ("#take",)),
        ("(#take)", "did you mean #take?", ("#take",)),
        ("thanks a lot", "A command begins with #", ()),
        ("#1042", "A command begins with #", ()),
        ("C#", "A command begins with #", ()),
        ("#ff0000", "A command begins with #", ()),
        ("#FFF is white", "A command begins with #", ()),
    ],
)
def test_a_zone_is_refused_with_a_reason_and_an_offer(zone, why, offers):
    asked = parse(zone, BOOK)
    assert len(asked.problems) == 1
    assert why in asked.problems[0].why
    assert asked.problems[0].offers == offers
    assert asked.problems[0].shown


def test_good_commands_beside_a_bad_one_are_kept_for_the_answer():
    asked = parse("#p2 #assign anna #cat wifi #take #take", BOOK)
    assert asked.canonical == "#p2 #cat network/wifi"
    assert [problem.shown for problem in asked.problems] == ["#assign anna", "#take #take"]


def test_too_many_commands_are_one_problem_more():
    asked = parse("#note x " * 500, BOOK)
    assert len(asked.problems) == 2
    assert f"More than {MAX_COMMANDS}" in asked.problems[0].why


def test_a_site_that_makes_a_verb_consequential_takes_its_tolerance_away():
    strict = Vocabulary(BOOK.people, BOOK.groups, BOOK.categories, {"assign": Class.CONSEQUENTIAL})
    assert parse("#asign kern", BOOK).commands
    assert not parse("#asign kern", strict).commands
    assert parse("#assign kern", strict).commands


def test_numbers_are_never_completed():
    book = Vocabulary((PEOPLE["tech12"],), ("line2",), ("windows 11",))
    for zone in ("#assign tech1", "#cat windows 1", "#assign @line"):
        assert bool(parse(zone, book).commands) == (zone == "#assign @line")


def test_the_wait_of_a_command_is_read_by_the_same_part():
    (command,) = parse("#pending vendor", BOOK).commands
    assert waiting_for(command.value, None, None)[0] == "supplier"  # without an end neither clock nor zone is needed


# --- whatever is typed ----------------------------------------------------------------------------------------------


def slips_of(word: str) -> set[str]:
    """Every word that one slip makes of another."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        *(left + right[1:] for left, right in cuts if right),
        *(left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1),
        *(left + letter + right for left, right in cuts for letter in string.ascii_lowercase),
        *(left + letter + right[1:] for left, right in cuts if right for letter in string.ascii_lowercase),
    } - {word}


@pytest.mark.parametrize("name", [verb.name for verb in GRAMMAR.values() if not verb.forgiving])
def test_no_slip_in_a_verb_that_is_not_forgiven_does_anything(name):
    for slip in slips_of(name) - set(SPELLINGS):
        assert parse(f"#{slip}", BOOK).commands == ()


def test_every_slip_made_above_is_one():
    assert {distance("close", slip) for slip in slips_of("close")} == {1}


PIECES = st.one_of(
    st.sampled_from([f"#{word}" for word in [*SPELLINGS, "asign", "clos", "ff0000", "1", "x"]]),
    st.sampled_from(
        [*PEOPLE, "@network", "vpn", "2d", "user", "+bob@x.example", "-amy@x.example", '"', '""', "#", ":", "=", ","]
    ),
    st.sampled_from(["“", "”", "＃take", "\n", "\u00a0", "<a@b.example>", "Anna Kern", '"see #note"', "the text"]),
    st.text(max_size=6),
)


def several(*values: str) -> st.SearchStrategy[str]:
    """One or more of these, each once, as one value."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=4, unique=True).map(" ".join)


VALUES = {
    Kind.NOTHING: st.just(""),
    Kind.TEXT: st.text(st.sampled_from('ab1 #"+-@'), max_size=9).map(lambda text: " ".join(text.split())),
    Kind.ASSIGNEE: st.sampled_from(["ann", "anna.k", "tech1", "@network", "@first-line"]),
    Kind.CATEGORY: st.sampled_from(BOOK.categories),
    Kind.LEVEL: st.sampled_from(["low", "medium", "high"]),
    Kind.TYPE: st.sampled_from(["incident", "request"]),
    Kind.TAGS: several("+mobile", "-wifi", "+büro/3.stock", "+a_b", "-10.11"),
    Kind.WAIT: st.sampled_from(["requester", "supplier 2d", "change 2026-12-24 09:00", "requester mon 09:00"]),
    Kind.ADDRESSES: several("+bob@x.example", "-amy@x.example", "+o'neil@xn--bcher-kva.example"),
    Kind.ADDRESS: st.sampled_from(["bob@x.example", "a+b@x.example"]),
    Kind.INCIDENT: st.sampled_from(["1", "1042"]),
    Kind.QUEUE: st.just("") | several("mine", "ann", "@first-line", "unassigned", "all", "p1", "tech12"),
    Kind.WORDS: several("vpn", "10", "strasse", "打", "muller", "take"),
}
ONE_OF_EACH = st.lists(st.sampled_from(list(GRAMMAR.values())), max_size=6, unique_by=lambda v: v.excludes or v.name)


@given(ONE_OF_EACH.flatmap(lambda verbs: st.tuples(*(st.tuples(st.just(v.name), VALUES[v.value]) for v in verbs))))
@settings(max_examples=150)
def test_commands_that_are_written_down_are_read_as_they_were(commands):
    asked = parse(" ".join(written(verb, value) for verb, value in commands), BOOK)
    assert asked.problems == ()
    assert pairs(asked) == list(commands)


@given(st.lists(PIECES, max_size=7), st.sampled_from(["", " "]))
@settings(max_examples=75)
def test_whatever_is_typed_gives_known_commands_or_problems_and_reads_back_the_same(pieces, between):
    zone = between.join(pieces)
    asked = parse(zone, BOOK)
    assert bool(asked) or not squeezed(zone)
    assert all(command.verb in GRAMMAR for command in asked.commands)
    assert len({command.verb for command in asked.commands}) == len(asked.commands)
    again = parse(asked.canonical, BOOK)
    assert pairs(again) == pairs(asked)
    assert again.problems == ()
    assert again.canonical == asked.canonical
    assert not any(command.note.startswith("understood #") for command in again.commands)
    for problem in asked.problems:
        assert problem.shown
        assert problem.why.rstrip("?.") != problem.why


@given(st.lists(st.text(st.sampled_from('ab "#:=,;.“\u00a0'), max_size=12), min_size=2, max_size=2))
@settings(max_examples=75)
def test_any_text_stands_in_a_command_as_it_was_understood(texts):
    first, second = (parse(written("resolve", text), BOOK).commands[0].value for text in texts)
    asked = parse(f"{written('resolve', first)} {written('help', second)} #take", BOOK)
    assert pairs(asked) == [("resolve", first), ("help", second), ("take", "")]


@given(st.text(st.sampled_from('#a" \n=:'), max_size=3000))
@settings(max_examples=20)
def test_long_nonsense_is_read_without_complaint(zone):
    parse(zone, BOOK)


def test_every_kind_of_value_has_a_verb():
    assert {verb.value for verb in GRAMMAR.values()} == set(Kind)
