"""Rules: conditions, the index of words, and what a classification adds up to."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.desk.conditions import fits
from maildesk.desk.folding import words
from maildesk.desk.phrases import Index, phrase_words
from maildesk.desk.rules import (
    PATTERN_BYTES,
    All,
    Any,
    Condition,
    Example,
    Facts,
    From,
    HasAttachment,
    Header,
    InLanguage,
    InMailbox,
    InOrganisation,
    Not,
    Pattern,
    Rule,
    RuleBook,
    RuleProblem,
    To,
    Vip,
    Words,
    compile_rules,
    problems,
)

MAIL = Facts(
    subject="VPN down again",
    text="Since noon AnyConnect 5 stops. The remote\naccess page says: Störung beim Verbinden.",
    sender="ceo@acme.example",
    recipients=("support@desk.example", "bob@acme.example"),
    mailbox="support",
    organisation="ACME",
    vip=True,
    headers=(("X-Priority", "1 (Highest)"), ("Subject", "[EXTERNAL] VPN down again")),
    attachments=(("trace.PDF", "application/pdf"), ("", "image/png")),
    language="en",
)


def verdict_of(condition: Condition, facts: Facts = MAIL):
    book = compile_rules([Rule("a rule", "rules.yaml:3", condition)])
    return book.classify(facts, all_rules=True).verdicts[0]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Words(("vpn",)), 'word "vpn" in the subject'),
        (Words(("printer", "Störung")), 'word "Störung" in the text'),
        (Words(("Storung",)), 'word "Storung" in the text'),
        (Words(("remote access",)), 'phrase "remote access" in the text'),
        (Words(("verbind*",)), 'word "verbind*" matched "verbinden" in the text'),
        (Words(("any* 6",)), None),
        (Words(("anyc* 5",)), 'phrase "anyc* 5" matched "anyconnect 5" in the text'),
        (Words(("access remote",)), None),
        (Words(("down again since",)), None),
        (Words(("connect",)), None),
        (Words(("vpns",)), None),
        (Pattern(r"anyconnect \d+"), r'pattern anyconnect \d+ matched "AnyConnect 5"'),
        (Pattern(r"^VPN"), 'pattern ^VPN matched "VPN"'),
        (Pattern(r"AnyConnect [6-9]"), None),
        (From(("*@acme.example",)), "sender ceo@acme.example fits *@acme.example"),
        (From(("CEO@acme.example",)), "sender ceo@acme.example"),
        (From(("*@lists.acme.example", "boss@*")), None),
        (To(("bob@*",)), "recipient bob@acme.example fits bob@*"),
        (To(("amy@*",)), None),
        (InMailbox(("sales", "support")), "mailbox is support"),
        (InMailbox(("sales",)), None),
        (InOrganisation(("ACME",)), "organisation is ACME"),
        (InOrganisation(("Other",)), None),
        (Vip(), "sender ceo@acme.example is a VIP"),
        (Vip(wanted=False), None),
        (Header("x-priority", "1*"), 'header x-priority is "1 (Highest)"'),
        (Header("Subject", "[external]*"), 'header Subject is "[EXTERNAL] VPN down again"'),
        (Header("Subject", "e*"), None),
        (Header("X-Other", "*"), None),
        (HasAttachment(("*.pdf",)), 'attachment "trace.PDF" (application/pdf)'),
        (HasAttachment(("image/*",)), 'attachment "" (image/png)'),
        (HasAttachment(), 'attachment "trace.PDF" (application/pdf)'),
        (HasAttachment(("*.exe",)), None),
        (InLanguage(("de", "en")), "language is en"),
        (InLanguage(("de",)), None),
        (Not(Words(("printer",))), 'not word "printer"'),
        (Not(Words(("vpn",))), None),
        (Not(Any((Words(("printer",)), InLanguage(("de",))))), 'not (word "printer" or language de)'),
        (Any((Words(("printer",)), Vip())), "sender ceo@acme.example is a VIP"),
        (Any(()), None),
        (All(()), "it holds for every mail"),
    ],
)
def test_a_condition_holds_or_not_and_names_what_matched(condition, reason):
    verdict = verdict_of(condition)
    assert verdict.matched == (reason is not None)
    assert verdict.where == "rules.yaml:3"
    if reason is not None:
        assert verdict.why == (reason,)


def test_all_reasons_of_nested_conditions_are_named():
    tree = All((Any((Words(("vpn", "remote access")), Pattern("AnyConnect"))), Not(From(("*@lists.acme.example",)))))
    assert verdict_of(tree).why == (
        'word "vpn" in the subject',
        'phrase "remote access" in the text',
        'pattern AnyConnect matched "AnyConnect"',
        "not from *@lists.acme.example",
    )


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (Words(("printer", "toner")), 'it needs one of "printer", "toner"'),
        (All((Vip(), All((InLanguage(("de",)), Words(("vpn",)))))), "it needs language de"),
        (Not(Vip()), "it needs not a VIP"),
    ],
)
def test_a_rule_that_does_not_match_says_what_it_lacked(condition, why):
    assert verdict_of(condition).why == (why,)


def test_mails_without_anything_match_only_what_asks_for_nothing():
    empty = Facts("", "")
    assert not verdict_of(From(("*",)), empty).matched
    assert not verdict_of(InLanguage(("",)), empty).matched
    assert not verdict_of(HasAttachment(), empty).matched
    assert verdict_of(Not(Words(("vpn",))), empty).matched
    assert RuleBook().classify(empty).verdicts == ()


def test_an_excerpt_in_a_reason_is_one_short_line():
    (why,) = verdict_of(Pattern("(?s)x.*x"), Facts("", "x" + "\n" * 5 + "y" * 300 + "x")).why
    assert "\n" not in why
    assert len(why) < 100


# --- the index ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counted(Condition):
    """Holds always, and counts how often it was asked."""

    asked: list[int]

    def why(self, seen):
        self.asked.append(1)
        return ("asked",)

    @property
    def says(self):
        return "to be asked"


def counted_rules(count: int, asked: list[int]) -> list[Rule]:
    shapes = ("topic{0}", "topic{0} phrase number {0}", "stem{0}x*")
    rules = [
        Rule(f"rule {n}", "", All((Counted(asked), Words((shapes[n % 3].format(n), "word of no mail")))))
        for n in range(count)
    ]
    return [*rules, Rule("free", "", Counted(asked)), Rule("not", "", Not(Words(("vpn",))))]


@pytest.mark.parametrize("count", [30, 5_000])
def test_the_number_of_rules_evaluated_does_not_grow_with_the_rules(count):
    asked: list[int] = []
    book = compile_rules(counted_rules(count, asked))
    mail = Facts("topic3 again", "about topic7 phrase number 7, and then stem5xyz; word of no other mail")
    matched = book.classify(mail).verdicts
    assert [verdict.name for verdict in matched] == ["rule 3", "rule 5", "rule 7", "free", "not"]
    assert len(asked) == 4


def test_a_pattern_of_many_rules_is_searched_for_once_a_mail():
    searched: list[bytes] = []

    class Recorder:
        def search(self, text: bytes):
            searched.append(text)

    book = compile_rules([Rule(f"rule {n}", "", Pattern("fire")) for n in range(20)])
    RuleBook(book.rules, book.index, {"fire": Recorder()}, book.needing, book.free).classify(Facts("Fire", "water"))
    assert searched == [b"Fire\nwater"]


WORDS = st.sampled_from(["vpn", "vp", "remote", "access", "down", "ünd", "und", "a", "打", "机"])
PHRASES = st.builds(
    lambda texts, stem: " ".join(texts) + stem, st.lists(WORDS, min_size=1, max_size=3), st.sampled_from(["", "*"])
)


def stands_in(phrase: str, text: str) -> bool:
    """The same question answered the slow way."""
    wanted, tokens = phrase_words(phrase), words(text)
    return any(
        len(tokens) - start >= len(wanted)
        and all(
            token.startswith(word) if stem else token == word
            for (word, stem), token in zip(wanted, tokens[start:], strict=False)
        )
        for start in range(len(tokens))
    )


@given(st.lists(PHRASES, max_size=8), st.lists(WORDS, max_size=12).map(" ".join))
@settings(max_examples=50)
def test_the_index_finds_exactly_the_phrases_that_stand_in_a_text(phrases, text):
    index = Index()
    for phrase in phrases:
        index.add(phrase)
    found = {phrase for phrase, _ in index.find(words(text), "text")}
    assert found == {phrase for phrase in phrases if stands_in(phrase, text)}


LEAVES = st.one_of(
    st.builds(Words, st.lists(PHRASES, min_size=1, max_size=2).map(tuple)),
    st.builds(Pattern, st.sampled_from(["v.n", "^a", "remote|down"])),
    st.builds(Vip, st.booleans()),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


@given(st.lists(TREES, min_size=1, max_size=5), st.lists(WORDS, max_size=8).map(" ".join))
@settings(max_examples=80)
def test_leaving_rules_out_by_their_words_never_loses_one_that_matches(trees, text):
    book = compile_rules([Rule(str(n), "", tree) for n, tree in enumerate(trees)])
    facts = Facts("", text)
    every = [verdict for verdict in book.classify(facts, all_rules=True).verdicts if verdict.matched]
    assert list(book.classify(facts).verdicts) == every


# --- patterns -------------------------------------------------------------------------------------------------------

CATASTROPHIC = {  # which of them match "aaa...!" and a long "aaa...~" below; a backtracking engine would not end
    r"(a+)+$": False,
    r"(a|a)*b": False,
    r"(a|aa)+$": False,
    r"(a*)*c": False,
    r"([a-zA-Z]+)*\.": False,
    r"(.*a){20}$": False,
    r"(a?){30}a{30}$": False,
    r"^(([a-z])+.)+[0-9]([a-z])+$": False,
    r"(\w+\s?)*\$": False,
    r"(x+x+)+y": False,
    r"(.*)*=(.*)*;": False,
    r"(\w+)*\.$": False,
    r"^(a+)*b": False,
    r"(?:a|b|ab)*c": False,
    r"(a{1,9}){1,9}!\n": True,
    r"(.*?,){12}P": False,
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}$": False,
    r"(([a-z]*)*)*!": True,
    r"(a+){10}b": False,
    r"^(\w|\w\w)*-$": False,
}


def test_there_are_twenty_catastrophic_patterns():
    assert len(CATASTROPHIC) == 20


@pytest.mark.parametrize(("expression", "matches"), CATASTROPHIC.items())
def test_a_catastrophic_pattern_ends_on_a_long_mail(expression, matches):
    book = compile_rules([Rule("slow", "", Pattern(expression))])
    mail = Facts("a" * 30 + "!", "a" * (PATTERN_BYTES - 40) + "~")
    assert bool(book.classify(mail).verdicts) == matches


def test_patterns_see_ten_kilobytes_and_never_half_a_character():
    book = compile_rules([Rule("late", "", Pattern("needle")), Rule("broken", "", Pattern("\ufffd"))])
    room = PATTERN_BYTES - len("s\n") - len("needle")
    assert [v.name for v in book.classify(Facts("s", "x" * room + "needle")).verdicts] == ["late"]
    assert book.classify(Facts("s", "x" * (room + 1) + "needle")).verdicts == ()
    assert book.classify(Facts("s", "ü" * PATTERN_BYTES)).verdicts == ()


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Pattern("(", "rules.yaml:7:9"), "missing )"),
        (Pattern("(?=vpn)x", "rules.yaml:7:9"), "invalid perl operator"),
        (Pattern(r"(vpn)\1", "rules.yaml:7:9"), "invalid escape sequence"),
        (Pattern("a{5000}", "rules.yaml:7:9"), "invalid repetition size"),
        (Pattern("((a{100}){100}){100}", "rules.yaml:7:9"), "invalid repetition size"),
        (Pattern("[z-a]", "rules.yaml:7:9"), "invalid character class range"),
        (Pattern("*x", "rules.yaml:7:9"), "no argument for repetition"),
        (Pattern("\ud800", "rules.yaml:7:9"), "surrogates not allowed"),
        (Words(("dr*cker",), "rules.yaml:7:9"), "does not end a word"),
        (Words(("*",), "rules.yaml:7:9"), "does not end a word"),
        (Words(("vpn", "!?"), "rules.yaml:7:9"), "holds no letter or digit"),
        (Words(("",), "rules.yaml:7:9"), "holds no letter or digit"),
        (Words(("C++",), "rules.yaml:7:9"), "a single letter would be left"),
        (Not(Any((Words(("C#",), "rules.yaml:7:9"),))), "a single letter would be left"),
    ],
)
def test_a_condition_that_cannot_be_used_is_refused_with_its_place(condition, said):
    with pytest.raises(RuleProblem, match=re.escape(said)) as caught:
        compile_rules([Rule("good", "rules.yaml:1", Vip()), Rule("bad", "rules.yaml:5", condition)])
    assert caught.value.where == "rules.yaml:7:9"
    assert caught.value.message.startswith("rule bad: ")
    str(caught.value).encode()


def test_all_problems_of_all_rules_are_told_together():
    rules = [Rule("one", "r:1", Pattern("(")), Rule("two", "r:2", Words(("*",)), set={"colour": "red"})]
    assert [problem.where for problem in problems(rules)] == ["r:1", "r:2", "r:2"]
    assert "nothing called colour can be set" in str(problems(rules)[1])


# --- what the rules add up to ---------------------------------------------------------------------------------------


def test_the_first_rule_wins_a_field_and_tags_and_watchers_add_up():
    book = compile_rules(
        [
            Rule("one", "", Vip(), {"category": "network/vpn", "urgency": "high"}, tags=("vip",), watchers=("dana",)),
            Rule("none", "", Words(("printer",)), {"group": "print"}, tags=("print",), silent=True),
            Rule(
                "two",
                "",
                Words(("vpn",)),
                {"category": "hardware", "group": "network", "type": "incident", "assignee": "ann", "impact": "low"},
                tags=("vpn", "vip"),
                watchers=("ann", "dana"),
            ),
            Rule("three", "", Words(("down",)), {"priority": "P2"}, silent=True),
        ]
    )
    result = book.classify(MAIL)
    assert (result.category, result.urgency, result.group, result.type) == (
        "network/vpn",
        "high",
        "network",
        "incident",
    )
    assert (result.assignee, result.impact, result.priority) == ("ann", "low", "P2")
    assert result.tags == {"vip", "vpn"}
    assert result.watchers == ("dana", "ann")
    assert result.silent
    assert result.sources == {
        "category": "one",
        "urgency": "one",
        "group": "two",
        "type": "two",
        "assignee": "two",
        "impact": "two",
        "priority": "three",
        "tags": "one, two",
        "watchers": "one, two",
        "silent": "three",
    }


def test_stop_ends_the_list_only_when_the_rule_matches():
    rules = [
        Rule("passed by", "", Words(("printer",)), stop=True),
        Rule("last", "", Words(("vpn",)), {"group": "network"}, stop=True),
        Rule("late", "", Vip(), {"group": "vips", "urgency": "high"}),
    ]
    result = compile_rules(rules).classify(MAIL)
    assert [verdict.name for verdict in result.verdicts] == ["last"]
    assert (result.group, result.urgency) == ("network", "")
    told = compile_rules(rules).classify(MAIL, all_rules=True)
    assert [(v.name, v.matched) for v in told.verdicts] == [("passed by", False), ("last", True), ("late", False)]
    assert told.verdicts[2].why == ('not tried: rule "last" ended the list',)
    assert (told.group, told.urgency) == ("network", "")


def test_examples_are_judged_by_their_own_rule():
    when = All((Any((Words(("vpn",)), HasAttachment(("*.log", "image/*")))), Not(From(("*@lists.acme.example",)))))
    good = (
        Example("Can't reach VPN from home"),
        Example("Printer", matches=False),
        Example("see picture", attachments=("image/png",)),
        Example("see log", attachments=("trace.log",)),
        Example("vpn", from_="News@Lists.acme.example", matches=False),
    )
    bad = (Example("Printer"), Example("", "the VPN", matches=False))
    book = compile_rules(
        [Rule("all", "r:1", Vip(), stop=True), Rule("VPN trouble", "rules.yaml:12", when, examples=good + bad)]
    )
    first, second = book.check_examples()
    assert first.startswith(
        'rules.yaml:12: rule VPN trouble: example 6: should match, but it needs word "vpn" or attach'
    )
    assert second.startswith('rules.yaml:12: rule VPN trouble: example 7: should not match, but word "vpn" in the text')


def test_an_example_can_say_everything_that_a_condition_looks_at():
    when = All(
        (To(("a@b.example",)), InMailbox(("m",)), InOrganisation(("O",)), Vip(), Header("H", "v"), InLanguage(("de",)))
    )
    example = Example(
        "s", to=("A@b.example",), mailbox="m", organisation="O", vip=True, headers=(("h", "V"),), language="de"
    )
    assert compile_rules([Rule("r", "", when, examples=(example,))]).check_examples() == []


# --- globs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("glob", "text", "fit"),
    [
        ("*@acme.example", "Bob@ACME.example", True),
        ("*@acme.example", "bob@acme.example.evil", False),
        ("*", "", True),
        ("", "", True),
        ("", "x", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b*", "xxbxxaxx", False),
        ("a?c", "abc", False),
        ("[ab]", "a", False),
        ("**x", "yx", True),
    ],
)
def test_a_star_is_any_run_and_nothing_else_is_special(glob, text, fit):
    assert fits(glob, text) == fit


@given(st.text("ab*?[", max_size=8), st.text("ab*?[", max_size=8))
@settings(max_examples=75)
def test_globs_fit_as_the_regular_expression_says(glob, text):
    expression = ".*".join(re.escape(piece) for piece in glob.split("*"))
    assert fits(glob, text) == bool(re.fullmatch(expression, text))
