"""What the desk says in German: the table, and a search of the program for sentences that it lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest
from tables import each
from world import VOCABULARY

from maildesk.desk import german
from maildesk.desk.commands import parse
from maildesk.desk.sentences import GAPS, said

DESK = Path(german.__file__).parent


class TestASentence:
    @pytest.mark.parametrize(
        ("english", "german"),
        [
            ("resolved", "gelöst"),
            ("taken by Anna Kern", "übernommen von Anna Kern"),
            ("taken by Anna Kern (understood #tak as #take)", "übernommen von Anna Kern (#tak verstanden als #take)"),
            (
                'assigned to group network (understood #asign as #assign; understood "net" as group network)',
                "zugewiesen an Gruppe network (#asign verstanden als #assign; „net“ verstanden als Gruppe network)",
            ),
            (
                "waiting for the supplier until 2026-11-25 09:40",
                "wartet auf den Lieferanten bis 25.11.2026, 09:40 Uhr",
            ),
            (
                "INC-7 is in progress, so it cannot be reopened now.",
                "INC-7 hat den Stand „in Arbeit“ und kann jetzt nicht wieder geöffnet werden.",
            ),
            (
                '"an" fits 6: Anna Kern (annak), group anlagen and others.',
                "„an“ passt auf 6: Anna Kern (annak), Gruppe anlagen und andere.",
            ),
            (
                "There is no command #clse; did you mean #close or #cancel?",
                "Den Befehl #clse gibt es nicht. Meinten Sie #close oder #cancel?",
            ),
            (
                'rule Printers: word "druck*" matched "Druck" in the subject; not from *@a.example or b@x.example',
                "Regel Printers: Wort „druck*“ fand „Druck“ im Betreff; nicht: von *@a.example oder b@x.example",
            ),
            ("delivered to a@x.example: no reason given", "zugestellt an a@x.example: ohne Begründung"),
        ],
    )
    def test_is_said_in_german_with_its_values_as_they_are(self, english, german):
        assert said(english, "de") == said(english, "de-AT") == german

    @pytest.mark.parametrize("text", ["", "The printer is closed.", "taken", "Closed", "priority boarding", "x" * 9000])
    def test_that_no_table_knows_stays_as_it_is(self, text):
        assert said(text, "de") == text

    @pytest.mark.parametrize("language", ["en", "nl", ""])
    def test_is_english_where_there_is_no_other_language(self, language):
        assert said("closed", language) == "closed"

    def test_takes_no_time_however_long_the_values_are(self):
        long = '"' * 1900 + " (understood " * 100
        assert said(f"not carried out: {long}", "de").startswith("nicht ausgeführt: ")


class TestTheTable:
    @each(english=german.SENTENCES)
    def test_keeps_every_value(self, english):
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", german.SENTENCES[english]))

    @each(english=german.SENTENCES)
    def test_has_no_sentence_that_another_hides(self, english):
        if not english.startswith("{why} ("):
            assert said(filled(english), "de") == filled(german.SENTENCES[english], german.WORDS)

    @pytest.mark.parametrize(("english", "words"), german.WORDS["example"].items())
    def test_translates_examples_into_what_is_understood_alike(self, english, words):
        here, there = parse(english, VOCABULARY), parse(words, VOCABULARY)
        assert not here.problems
        assert not there.problems
        assert [c.verb for c in here.commands] == [c.verb for c in there.commands]
        assert here.commands[0].value == there.commands[0].value or here.commands[0].verb == "resolve"


SAMPLES = {"tag": "INC-7", "other": "INC-8", "email": "a@x.example", "number": "3", "priority": "P2", "verb": "close"}


def filled(sentence: str, words: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """A sentence with something in its gaps, and the words for it in German if these are given."""

    def value(gap: re.Match[str]) -> str:
        listed = german.WORDS.get(gap[1])
        if listed:
            return next(iter(words[gap[1]].values() if words else listed))
        return SAMPLES.get(gap[1]) or ("12" if gap[1] in GAPS else "Xaver")

    return re.sub(r"\{(\w+)\}", value, sentence)


# --- the sentences of the program ------------------------------------------------------------------------------------

MODULES = [
    *(
        "arguments",
        "commands",
        "conditions",
        "decide",
        "describing",
        "fresh",
        "questions",
        "draft",
        "notices",
        "orders",
        "outside",
        "people",
        "recording",
    ),
    *("technician", "telling"),
]
# What is said nowhere but in `maildesk explain`, in logs and in the reasons of the timeline, which no letter shows.
ELSEWHERE = frozenset({"decision", "Decision", "MarkAddress", "MaildeskError", "_put_away", "_all_refused", "preview"})
NOT_SAID = frozenset(
    {"spam, says the mail server ({})", "{} is blocked", "not executed, because of another command"}
    | {"the requester confirmed the resolution", "forwarded by {}", "found by {}", "rule {} files it silently"}
    | {"the requester says only thanks or yes, which confirms the resolution", "{} of group {}"}
)
SAYS = {  # which argument of a call is a sentence
    **dict.fromkeys(("NotNow", "No", "NotUnderstood", "change"), 0),
    **dict.fromkeys(("BadCommand", "Understood"), 1),
    **dict.fromkeys(("changed", "Line"), 2),
}
OUR_ENTRIES = frozenset({"CHANGE", "RULE"})  # those of letters and refusals are machinery, which no letter shows
Known = dict[str, frozenset[str]]
GAP = frozenset({"{}"})


def shapes(node: ast.expr | None, known: Known) -> frozenset[str]:
    """All that an expression may say, with {} for every value."""
    said: frozenset[str] = GAP
    match node:
        case ast.Constant(value=str(text)):
            said = frozenset({re.sub(r"\{\w*\}", "{}", text)})
        case ast.JoinedStr(values=parts):
            said = joined(*(shapes(part, known) for part in parts))
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=str(form))])):
            said = frozenset({re.sub(r"%\w", "{}", form)})
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            said = joined(shapes(left, known), shapes(right, known))
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            said = known.get(name, GAP)
        case ast.Call(func=ast.Name(id=name), args=given) if f"{name}()" in known:
            several = product(known[f"{name}()"], *(shapes(one, known) for one in given))
            said = frozenset(form.format(*values).replace("{}…", "{}") for form, *values in several)
        case ast.FormattedValue(value=inner) | ast.Call(func=ast.Attribute(value=inner, attr="format")):
            said = shapes(inner, known)
        case ast.IfExp(body=one, orelse=other):
            said = shapes(one, known) | shapes(other, known)
        case ast.BoolOp(values=several) | ast.Dict(values=several):
            said = frozenset[str]().union(*(shapes(one, known) for one in several))
    return said


def joined(*parts: frozenset[str]) -> frozenset[str]:
    return frozenset("".join(one) for one in product(*parts))


def learn(statements: list[ast.stmt], known: Known) -> Known:
    """What the names stand for that are given a text."""
    known = dict(known)
    for statement in statements:
        for node in ast.walk(statement):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    known[name] = shapes(value, known)
                case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                    known[name] = shapes(value, known)
                case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                    known[name] = known.get(name, GAP) | joined(known.get(name, GAP), shapes(value, known))
    return known


def names_of(tree: ast.Module) -> Known:
    """The names of a module: its constants, and its functions that only put a text together, "{0}" for an argument."""
    known = learn([node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)], {})
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and isinstance(end := node.body[-1], ast.Return) and len(node.body) < 3:
            numbered = {one.arg: frozenset({f"{{{at}}}"}) for at, one in enumerate(node.args.args)}
            known[f"{node.name}()"] = frozenset(
                re.sub(r"\{\}", "{{}}", form) for form in shapes(end.value, {**known, **numbered})
            )
    return known


def called(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return node.name if isinstance(node, ast.FunctionDef) else ""


def arguments(call: ast.Call) -> Mapping[str, str]:
    return {word.arg or "": ast.unparse(word.value) for word in call.keywords}


def spoken(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that a letter may show."""
    name, words = called(call), {word.arg: word.value for word in call.keywords}
    if name in SAYS:
        return call.args[SAYS[name] : SAYS[name] + 1] + [value for arg, value in words.items() if arg == "why"]
    if name in {"record", "Record"} and len(call.args) > 1:
        entry = ast.unparse(call.args[0]).rpartition(".")[2]
        ours = entry in OUR_ENTRIES or (entry != "LETTER" and arguments(call).get("actor") == "'desk'")
        return call.args[1:2] if ours else []
    if name == "record_mail" and "Entry.NOTE" in map(ast.unparse, call.args):
        return [words["why"]] if "why" in words else []
    return call.args[1:] if name == "TellAdmins" else []


def said_in(name: str) -> Iterator[tuple[str, str]]:
    """(where, shape) of every sentence that a module hands on to a letter."""
    tree = ast.parse((DESK / f"{name}.py").read_text(encoding="utf-8"))
    known = names_of(tree)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or function.name in ELSEWHERE:
            continue
        here = learn(function.body, known)
        for node in ast.walk(function):
            told = spoken(node) if isinstance(node, ast.Call) else []
            if isinstance(node, ast.Return) and name == "orders" and ast.unparse(function.returns or node) == "str":
                told = [node.value] if node.value is not None else []
            if isinstance(node, ast.Dict):
                told = [value for key, value in zip(node.keys, node.values, strict=True) if is_alarm(key)]
            for expression in told:
                parts = expression.elts if isinstance(expression, ast.Tuple) else [expression]
                for part in parts:
                    yield from ((f"{name}.py:{node.lineno}", shape) for shape in shapes(part, here))


def is_alarm(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and key.value in {"headline", "details"}


def written_in(name: str) -> Iterator[tuple[str, str]]:
    """(where, shape) of every text of several words but docstrings, whatever becomes of it."""
    tree = ast.parse((DESK / f"{name}.py").read_text(encoding="utf-8"))
    for node, known in texts(tree, names_of(tree)):
        for shape in shapes(node, known):
            if re.search(r"(?<![\w\\])[A-Za-z]{2,},? [a-z]{2,}", shape):
                yield f"{name}.py:{node.lineno}", shape


def texts(node: ast.AST, known: Known) -> Iterator[tuple[ast.expr, Known]]:
    match node:
        case ast.JoinedStr() | ast.Constant(value=str()):
            yield node, known
        case ast.Assert() | ast.Expr(value=ast.Constant()):
            return
        case ast.ClassDef():  # the words of an enumeration are no sentences
            for part in node.body:
                yield from texts(part, known) if isinstance(part, ast.FunctionDef) else ()
        case _ if called(node) in ELSEWHERE | {"Verb"} or is_machinery(node):
            return
        case ast.Call(args=[_key, *rest]) if called(node) == "TellAdmins":
            for part in rest:
                yield from texts(part, known)
        case _:
            known = learn(node.body, known) if isinstance(node, ast.FunctionDef) else known
            for part in ast.iter_child_nodes(node):
                told = called(node) in {"record", "Record", "record_mail"} and not spoken_why(node)
                if not (told and isinstance(part, ast.keyword) and part.arg == "why"):
                    yield from texts(part, known)


def is_machinery(node: ast.AST) -> bool:
    """Whether it is an entry about letters, which no letter shows."""
    return called(node) in {"record", "Record"} and isinstance(node, ast.Call) and "Entry.LETTER" in ast.unparse(node)


def spoken_why(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and called(node) == "record_mail" and spoken(node) != []


def as_pattern(english: str) -> str:
    """What a sentence of the table looks like in the program."""
    parts = re.split(r"\{(\w+)\}", english)
    gaps = ("|".join([r"\{\}(?:-\{\})?", *map(re.escape, german.WORDS.get(gap, ()))]) for gap in parts[1::2])
    return "".join(
        re.escape(text) + (f"(?:{gap})" if gap else "") for text, gap in zip(parts[::2], [*gaps, ""], strict=True)
    )


TABLE = re.compile("|".join(f"(?:{as_pattern(english)})" for english in german.SENTENCES))
VALUES_ALONE = frozenset({"", "{}", "{}: {}"})  # the last one is "#close: why not", of a command that was refused
PARTS = (  # what a text that is no whole sentence must be part of
    *(re.sub(r"\{\w+\}", "{}", english) for english in german.SENTENCES),
    *(word for words in german.WORDS.values() for word in words),
    *NOT_SAID,
)


def part_of_any(shape: str) -> bool:
    return any(shape in part for part in PARTS)


@pytest.mark.parametrize("module", ["apply", "dispatch", "intake", "restore", "run"])
def test_every_alarm_and_remark_of_the_loops_is_known_in_german(module):
    said_here = {one for one in said_in(f"../daemon/{module}") if one[1] not in VALUES_ALONE}
    assert {one for one in said_here if not TABLE.fullmatch(one[1])} == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_sentence_of_the_desk_is_known_in_german(module):
    missing = {one for one in said_in(module) if one[1] not in VALUES_ALONE and not TABLE.fullmatch(one[1])}
    missing |= {(at, one) for at, one in written_in(module) if not TABLE.fullmatch(one) and not part_of_any(one)}
    assert not missing, "desk/german.py lacks:\n" + "\n".join(f"{where}: {shape}" for where, shape in sorted(missing))


def test_the_search_for_sentences_finds_them():
    found = {shape for module in MODULES for _, shape in said_in(module)}
    assert {"resolved", "taken by {}", "{} is {}, so it cannot be merged now."} <= found
    assert "names {}-{}, of which the sender is no participant" in found
    assert "waiting for the {} until {}-{}-{} {}:{}" in found
    assert len(found) > 80
