"""A good configuration becomes exactly these values; whatever else stands there becomes a ConfigError."""

import json
import os
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maildesk.config import load, orphans, schema, wrong_examples
from maildesk.config.settings import Settings
from maildesk.desk.incident import Impact, Priority, Urgency
from maildesk.desk.people import Class, Group, Organisation, Role
from maildesk.desk.policy import MATRIX, Limits
from maildesk.desk.rules import Facts
from maildesk.errors import ChannelError, ConfigError
from maildesk.mail.message import Address
from maildesk.mail.pinned import Pin

ENV = {"HOME": "/home/desk"}
SHIPPED = Path(__file__).parents[2] / "config"
BASE = {
    "desk": {"name": "ACME", "address": "support@acme.example", "admins": ["root@acme.example"]},
    "mailboxes": [{"name": "support", "imap": "imaps://mail", "user": "support", "password": {"file": "secret"}}],
    "smtp": {"url": "smtps://mail.acme.example", "user": "support", "password": {"file": "secret"}},
    "people": {"ann": {"name": "Ann Lee", "email": "ann@acme.example"}},
}


@pytest.fixture
def folder(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("correct-horse\n")
    secret.chmod(0o600)
    return tmp_path


def write(folder: Path, **keys) -> Path:
    """A configuration of BASE with some top-level keys replaced; JSON is YAML."""
    (folder / "desk.yaml").write_text(json.dumps(BASE | keys))
    return folder


def loaded(folder: Path, **keys) -> Settings:
    return load(write(folder, **keys), env=ENV)


def refused(folder: Path, **keys) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(write(folder, **keys), env=ENV)
    return error.value.problems


# --- defaults -------------------------------------------------------------------------------------------------------


def test_the_least_configuration_has_a_default_for_everything_else(folder):
    conf = loaded(folder)
    assert conf.directory == folder
    assert conf.database == "sqlite:///maildesk.db"
    assert conf.database_url() == "sqlite:////home/desk/.local/state/maildesk/maildesk.db"
    assert conf.templates is None
    assert conf.warnings == ()
    (box,) = conf.mailboxes
    assert (box.host, box.port, box.tls, box.folder, box.done) == ("mail", 993, "implicit", "INBOX", "Processed")
    assert (box.since, box.poll, box.user, box.cafile) == ("now", 60, "support", None)
    assert (conf.smtp.port, conf.smtp.tls, conf.smtp.envelope, conf.smtp.connections) == (465, "implicit", "desk", 2)
    policy = conf.policy
    assert policy.mailboxes["support"].address == Address("support@acme.example", "ACME")
    assert policy.mailboxes["support"].prefix == "INC"
    assert policy.directory.groups == {"servicedesk": Group("servicedesk", members=("ann",))}
    assert policy.mailboxes["support"].group == "servicedesk"
    assert policy.matrix == MATRIX
    assert policy.limits == Limits()
    assert (policy.hold, policy.timezone, policy.language) == (False, "UTC", "en")
    assert (policy.reopen_within, policy.confirm_within) == (timedelta(days=7), timedelta(minutes=60))


def test_the_schema_of_limits_is_the_value_of_limits():
    assert set(schema.Limits.model_fields) == set(Limits.__dataclass_fields__)
    assert Limits(**schema.Limits().model_dump()) == Limits()


def test_shipped_categories_and_rules_stand_in_where_none_are_given(folder):
    write(folder)
    both = load(folder, env=ENV, defaults=SHIPPED).policy
    assert "network/vpn" in both.categories
    assert both.rules.classify(Facts("VPN drops", "")).category == "network/vpn"
    assert both.rules.rules[0].where.startswith("default rules.yaml:")
    own = [{"name": "All", "set": {"category": "network"}}]
    rules = load(write(folder, rules=own), env=ENV, defaults=SHIPPED).policy
    assert [rule.name for rule in rules.rules.rules] == ["All"]
    neither = load(write(folder, categories={}), env=ENV, defaults=SHIPPED).policy
    assert neither.categories == {}
    assert neither.rules.rules == ()


# --- good values ----------------------------------------------------------------------------------------------------

GOOD = [
    ("desk", BASE["desk"] | {"letters": "hold"}, lambda s: s.policy.hold, True),
    ("desk", BASE["desk"] | {"name": "Büro 7"}, lambda s: s.policy.name, "Büro 7"),
    ("desk", BASE["desk"] | {"name": 404}, lambda s: s.policy.name, "404"),
    ("desk", BASE["desk"] | {"language": "de-AT"}, lambda s: s.policy.language, "de-AT"),
    (
        "desk",
        BASE["desk"] | {"address": "support@büro.example"},
        lambda s: s.policy.mailboxes["support"].address.email,
        "support@xn--bro-hoa.example",
    ),
    (
        "desk",
        BASE["desk"] | {"signature": "ACME\nMon-Fri\n"},
        lambda s: s.policy.mailboxes["support"].signature,
        "ACME\nMon-Fri",
    ),
    ("closing", {"reopen_within": "1d12h"}, lambda s: s.policy.reopen_within, timedelta(hours=36)),
    ("closing", {"reopen_within": "0s"}, lambda s: s.policy.reopen_within, timedelta(0)),
    ("limits", {"letter_bytes": "500KB"}, lambda s: s.policy.limits.letter_bytes, 512_000),
    ("limits", {"letter_bytes": "5 mb"}, lambda s: s.policy.limits.letter_bytes, 5 * 1024 * 1024),
    ("security", {"classes": {"close": "routine"}}, lambda s: s.policy.classes, {"close": Class.ROUTINE}),
    ("security", {"preset": "none"}, lambda s: s.policy.pin, None),
    ("security", {"preset": "gmail"}, lambda s: s.policy.pin, Pin("gmail")),
    ("security", {"preset": "m365", "trust_internal": True}, lambda s: s.policy.pin, Pin("m365", internal=True)),
    ("security", {"preset": "fastmail"}, lambda s: s.policy.pin, Pin("fastmail")),
    ("security", {"preset": "postfix:Mail.acme.example"}, lambda s: s.policy.pin, Pin("postfix", "Mail.acme.example")),
    ("notices", {"off": ["taken"]}, lambda s: s.policy.notices_off, {"taken"}),
    ("notices", None, lambda s: s.policy.notices_off, frozenset()),
    (
        "organisations",
        [{"name": "A", "domains": ["Acme.Example"], "vip": "CEO@acme.example"}],
        lambda s: s.policy.directory.organisations,
        (Organisation("A", ("acme.example",), frozenset({"ceo@acme.example"})),),
    ),
    (
        "people",
        {"eve": {"name": "Eve", "email": ["e@x.example", "E2@x.example"], "roles": "admin"}},
        lambda s: (s.policy.directory.people["eve"].emails, s.policy.directory.people["eve"].roles),
        (("e@x.example", "e2@x.example"), {Role.ADMIN}),
    ),
    (
        "priorities",
        {"matrix": {i: dict.fromkeys(("high", "medium", "low"), "P2") for i in ("high", "medium", "low")}},
        lambda s: s.policy.matrix[Impact.LOW, Urgency.LOW],
        Priority.P2,
    ),
    (
        "categories",
        {"network": {"impact": "high", "type": "incident"}, "network/vpn": {"urgency": "low"}, "network/lan": None},
        lambda s: [(c.key, c.impact, c.urgency, c.type) for c in s.policy.categories.values()],
        [
            ("network", "high", None, "incident"),
            ("network/lan", "high", None, "incident"),
            ("network/vpn", "high", "low", "incident"),
        ],
    ),
    ("categories", {"a/b": {}}, lambda s: list(s.policy.categories), ["a", "a/b"]),
    ("smtp", {"url": "smtp://mail"}, lambda s: (s.smtp.port, s.smtp.tls, s.smtp.user), (587, "starttls", None)),
    ("smtp", {"url": "smtp+plain://[::1]:2525"}, lambda s: (s.smtp.host, s.smtp.port), ("::1", 2525)),
    ("smtp", {"url": "smtp+plain://localhost"}, lambda s: (s.smtp.port, s.smtp.tls), (25, "none")),
    ("smtp", {"url": "smtps://mail", "envelope": "null"}, lambda s: s.policy.envelope, "null"),
    ("smtp", {"url": "smtps://mail", "envelope": None}, lambda s: s.smtp.envelope, "null"),
    ("smtp", {"url": "smtps://mail/", "plus_address": True}, lambda s: s.policy.plus_address, True),
    ("database", "sqlite:////var/lib/x.db", lambda s: s.database_url(), "sqlite:////var/lib/x.db"),
    ("database", "postgresql:///maildesk", lambda s: s.database_url(), "postgresql:///maildesk"),
    (
        "database",
        {"url": "postgresql://md@db/desk?sslmode=require", "password": {"file": "secret"}},
        lambda s: s.database_url(),
        "postgresql://md:correct-horse@db/desk?sslmode=require",
    ),
]


@pytest.mark.parametrize(("key", "value", "look", "expected"), GOOD)
def test_a_good_value_is_taken_as_it_is_meant(folder, key, value, look, expected):
    assert look(loaded(folder, **{key: value})) == expected


MAILBOX = {
    "name": "two",
    "imap": "imap://mail:1143",
    "user": "two",
    "password": {"file": "secret"},
    "address": "t@x.example",
}
BOXES = [
    ({}, lambda box: (box.port, box.tls), (1143, "starttls")),
    ({"imap": "imap+plain://127.0.0.2"}, lambda box: (box.host, box.port, box.tls), ("127.0.0.2", 143, "none")),
    ({"done": None}, lambda box: (box.done, box.flag), (None, "maildesk")),
    ({"done": None, "flag": "$taken"}, lambda box: box.flag, "$taken"),
    ({"since": "2026-12-24"}, lambda box: box.since, date(2026, 12, 24)),
    ({"since": "all"}, lambda box: box.since, "all"),
    ({"poll": "90s"}, lambda box: box.poll, 90),
]


@pytest.mark.parametrize(("keys", "look", "expected"), BOXES)
def test_a_mailbox_is_taken_as_it_is_meant(folder, keys, look, expected):
    conf = loaded(folder, mailboxes=[*BASE["mailboxes"], MAILBOX | keys])
    assert look(conf.mailboxes[1]) == expected


def test_each_mailbox_has_its_own_face(folder):
    face = {"title": "Facility", "prefix": "FAC", "signature": "F.", "spam": ["X-Spam: very"], "group": "janitors"}
    groups = {"janitors": {"members": ["ann"], "tier": 2}, "first": {"members": ["ann"]}}
    policy = loaded(folder, mailboxes=[*BASE["mailboxes"], MAILBOX | face], groups=groups).policy
    box = policy.mailboxes["two"]
    assert (box.address, box.prefix, box.signature) == (Address("t@x.example", "Facility"), "FAC", "F.")
    assert (box.spam_flags, box.group) == ((("X-Spam", "very"),), "janitors")
    assert policy.mailboxes["support"].group == "first"
    assert policy.own_addresses == {"support@acme.example", "t@x.example"}


def test_a_mailbox_without_imap_is_only_in_the_policy(folder):
    conf = loaded(folder, mailboxes=[{"name": "pipe"}])
    assert conf.mailboxes == ()
    assert list(conf.policy.mailboxes) == ["pipe"]


def test_people_with_the_role_admin_are_told_when_no_admins_are_named(folder):
    people = {"eve": {"name": "Eve", "email": "e@x.example", "roles": ["admin", "technician"]}}
    conf = loaded(folder, desk={"name": "A", "address": "s@x.example"}, people=people)
    assert conf.policy.admins == (Address("e@x.example", "Eve"),)
    assert conf.warnings == ()


# --- files ----------------------------------------------------------------------------------------------------------


def test_files_are_joined_in_name_order_and_dot_files_are_skipped(folder):
    write(folder)
    (folder / "20.yaml").write_text(
        "rules: [{name: B, stop: true, when: {vip: true}}]\npeople: {ben: {name: Ben, email: b@x.y}}"
    )
    (folder / "10.yaml").write_text("# A first\nrules:\n  - {name: A, set: {urgency: low}}\n")
    (folder / ".30.yaml").write_text("rules: [{name: C}]")
    (folder / "40.yaml").write_text("# nothing here\n")
    (folder / "notes.txt").write_text("rules: [{name: D}]")
    policy = load(folder, env=ENV).policy
    assert [(rule.name, rule.where) for rule in policy.rules.rules] == [("A", "10.yaml:3"), ("B", "20.yaml:1")]
    assert list(policy.directory.people) == ["ben", "ann"]


def test_a_folder_of_templates_is_found(folder):
    (folder / "templates").mkdir()
    assert loaded(folder).templates == folder / "templates"


def test_a_missing_or_empty_directory_names_the_command_that_makes_one(tmp_path):
    for directory in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ConfigError, match=rf"^{directory}:1:1: \(directory\): .*`maildesk init {directory}`"):
            load(directory, env=ENV)


def test_a_byte_order_mark_is_no_mistake(folder):
    write(folder)
    (folder / "bom.yaml").write_bytes(b"\xef\xbb\xbfclosing: {reopen_within: 3d}\n")
    assert load(folder, env=ENV).policy.reopen_within == timedelta(days=3)


def test_a_control_character_is_named_with_its_place(folder):
    write(folder)
    (folder / "x.yaml").write_text("closing:\n  é: \x01\n")
    with pytest.raises(ConfigError) as error:
        load(folder, env=ENV)
    assert error.value.problems == ["x.yaml:2:6: (file): holds a control character; remove it"]


def test_a_megabyte_is_the_limit(folder):
    write(folder)
    (folder / "x.yaml").write_text("#" * (1024 * 1024))
    assert load(folder, env=ENV).policy.name == "ACME"
    (folder / "x.yaml").write_text("#" * (1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        load(folder, env=ENV)


@pytest.mark.parametrize("bomb", ["[" * 1_000_000, "{a: " * 250_000, "- " * 500_000, "? " * 500_000])
def test_depth_costs_nothing(folder, bomb):
    write(folder)
    (folder / "x.yaml").write_text(bomb)
    with pytest.raises(ConfigError, match=r"is nested deeper than 20 levels|a key is a list"):
        load(folder, env=ENV)


def test_what_is_no_file_is_refused(folder):
    write(folder)
    (folder / "x.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"^x.yaml:1:1: \(file\): is no file"):
        load(folder, env=ENV)


def test_a_file_that_cannot_be_read_to_its_end_makes_nothing_else_look_missing(folder):
    write(folder, rules=[{"name": "R", "set": {"category": "network", "group": "net"}}])
    (folder / "people.yaml").write_text("groups: {net: {}}\ncategories: [\n")
    with pytest.raises(ConfigError) as error:
        load(folder, env=ENV)
    assert len(error.value.problems) == 1


# --- secrets --------------------------------------------------------------------------------------------------------


def test_a_secret_is_read_anew_each_time_and_never_shown(folder):
    conf = loaded(folder)
    password = conf.mailboxes[0].password
    assert password.reveal() == "correct-horse"
    (folder / "secret").write_text("battery-staple")
    assert password.reveal() == "battery-staple"
    for text in (repr(conf), str(conf), repr(password), str(password), f"{password}"):
        assert "correct-horse" not in text
        assert "battery-staple" not in text
    (folder / "secret").unlink()
    with pytest.raises(ChannelError, match="there is no file"):
        password.reveal()


def test_secrets_from_the_environment_and_from_systemd(folder, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "imap").write_text("from systemd\n")
    (credentials / "imap").chmod(0o440)
    box = BASE["mailboxes"][0] | {"password": {"credential": "imap"}}
    smtp = BASE["smtp"] | {"password": {"env": "SMTP_PASSWORD"}}
    env = ENV | {"CREDENTIALS_DIRECTORY": str(credentials), "SMTP_PASSWORD": "from env"}
    conf = load(write(folder, mailboxes=[box], smtp=smtp), env=env)
    assert conf.mailboxes[0].password.reveal() == "from systemd"
    assert conf.smtp.password.reveal() == "from env"
    assert "from env" not in repr(conf)
    assert conf == load(folder, env=env)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601])
def test_a_secret_that_others_can_reach_is_refused(folder, mode):
    (folder / "secret").chmod(mode)
    assert any(f"(mode {mode:04o}); run: chmod 600" in problem for problem in refused(folder))


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"nul\x00", b"\xff\xfe", b"x" * 20_000])
def test_a_file_that_holds_no_single_line_is_no_secret(folder, content):
    (folder / "secret").write_bytes(content)
    problems = refused(folder)
    assert len(problems) == 2
    assert all(".password: " in problem for problem in problems)


def test_the_key_file_may_have_several_lines(folder):
    (folder / "keys").write_text("k2 00ff\nk1 ff00\n")
    (folder / "keys").chmod(0o600)
    assert loaded(folder, security={"keys": {"file": "keys"}}).keys.reveal() == "k2 00ff\nk1 ff00"
    assert loaded(folder).keys is None


def test_commands_that_need_no_secret_do_not_look_for_one(folder):
    write(folder)
    (folder / "secret").unlink()
    assert load(folder, env=ENV, secrets=False).mailboxes[0].user == "support"


def test_where_the_state_lies(folder):
    write(folder)
    assert load(folder, env={"STATE_DIRECTORY": "/var/lib/maildesk:/b"}).state == Path("/var/lib/maildesk")
    assert load(folder, env={"HOME": "/home/x"}).state == Path("/home/x/.local/state/maildesk")
    assert load(folder, env={}).state == Path.home() / ".local/state/maildesk"


# --- rules ----------------------------------------------------------------------------------------------------------

CONDITIONS = [
    ({"words": "vpn"}, Facts("VPN", ""), True),
    ({"words": ["no", 404]}, Facts("Error 404", ""), True),
    ({"words": "vpn", "from": "*@acme.example"}, Facts("vpn", "", sender="a@acme.example"), True),
    ({"words": "vpn", "from": "*@acme.example"}, Facts("vpn", "", sender="a@x.example"), False),
    ({"pattern": ["x", r"AnyConnect \d+"]}, Facts("", "anyconnect 12"), True),
    ({"all": [{"words": "a1"}, {"words": "b2"}]}, Facts("b2 a1", ""), True),
    ({"all": [{"words": "a1"}, {"words": "b2"}]}, Facts("a1", ""), False),
    ({"any": [{"words": "a1"}, {"words": "b2"}], "not": {"words": "c3"}}, Facts("b2", ""), True),
    ({"any": [{"words": "a1"}, {"words": "b2"}], "not": {"words": "c3"}}, Facts("b2 c3", ""), False),
    ({"to": "sales@*"}, Facts("", "", recipients=("sales@x.example",)), True),
    ({"mailbox": "support"}, Facts("", "", mailbox="support"), True),
    ({"organisation": "ACME"}, Facts("", "", organisation="ACME"), True),
    ({"vip": False}, Facts("", "", vip=True), False),
    ({"header": {"X-Priority": "1*"}}, Facts("", "", headers=(("x-priority", "1 (highest)"),)), True),
    ({"attachment": ["*.pdf", "image/*"]}, Facts("", "", attachments=(("a.PNG", "image/png"),)), True),
    ({"language": ["de", "fr"]}, Facts("", "", language="fr"), True),
]


@pytest.mark.parametrize(("when", "facts", "holds"), CONDITIONS)
def test_each_condition_says_what_it_says(folder, when, facts, holds):
    rules = [{"name": "R", "when": when, "set": {"tags": "hit"}}]
    conf = loaded(folder, rules=rules, organisations=[{"name": "ACME", "domains": ["acme.example"]}])
    assert bool(conf.policy.rules.classify(facts).tags) is holds


def test_a_rule_without_conditions_is_meant_for_every_mail(folder):
    rules = [{"name": "R", "set": {"tags": "hit"}}]
    assert loaded(folder, rules=rules).policy.rules.classify(Facts("anything", "")).tags == {"hit"}


def test_a_rule_sets_what_it_says(folder):
    verdict = {
        "category": "network",
        "group": "net",
        "assignee": "ann",
        "type": "request",
        "impact": "high",
        "urgency": "low",
        "priority": "P4",
        "tags": ["a", "b"],
        "watchers": "ann",
        "silent": True,
    }
    groups = {"net": {"members": ["ann"]}}
    rules = [{"name": "R", "set": verdict}]
    found = loaded(folder, rules=rules, groups=groups, categories={"network": None}).policy.rules.classify(
        Facts("", "")
    )
    assert (found.category, found.group, found.assignee, found.type) == ("network", "net", "ann", "request")
    assert (found.impact, found.urgency, found.priority, found.silent) == ("high", "low", "P4", True)
    assert (found.tags, found.watchers) == ({"a", "b"}, ("ann",))


def test_an_example_that_fails_is_for_check_to_say(folder):
    example = {"subject": "x", "from": "A@x.example", "to": "b@x.example", "attachment": "a.pdf", "matches": False}
    (wrong,) = loaded(
        folder, rules=[{"name": "R", "set": {"tags": "t"}, "examples": [example]}]
    ).policy.rules.check_examples()
    assert re.match(
        r"desk\.yaml:1:[1-9]\d+: rules\[R\]\.examples\[1\]: should not match, but .*; mend the rule, or the example$",
        wrong,
    )


def test_examples_are_tried_beside_mistakes_that_do_not_concern_their_rule(folder):
    fails = [{"subject": "x"}]
    rules = [
        {"name": "A", "when": {"words": "vpn"}, "set": {"tags": "t"}, "examples": fails},
        {"name": "B", "when": {"words": "vpn", "pattern": "("}, "examples": fails},
        {"name": "C", "when": {"words": "x"}, "set": {"category": "no"}, "examples": fails},
    ]
    problems = refused(folder, rules=rules, limits={"storms": 3})
    assert len(problems) == 3
    assert not any("examples" in problem for problem in problems)
    (wrong,) = wrong_examples(folder, env=ENV)
    assert re.match(r'desk\.yaml:1:\d+: rules\[A\]\.examples\[1\]: should match, but it needs word "vpn"; mend', wrong)


WARNINGS = [
    (
        {"rules": [{"name": "A", "stop": True}, {"name": "B", "set": {"tags": "x"}}]},
        "rules[B]: is never tried, like all below it: 'A' at desk.yaml:1 has no `when` and stops every mail;",
    ),
    ({"rules": [{"name": "A", "when": {"vip": True}}]}, "rules[A]: sets nothing and stops nothing;"),
    (
        {"rules": [{"name": "A", "set": {"silent": True}}]},
        "rules[A].set.silent: the rule has no `when`, so it files every mail and writes to nobody;",
    ),
    ({"groups": {"g": {}}}, "groups.g: has neither members nor a lead;"),
    (
        {
            "people": {"eve": {"name": "Eve", "email": "e@x.example", "roles": ["admin"]}},
            "groups": {"g": {"members": ["eve"]}},
        },
        "groups.g.members[1]: eve is no technician;",
    ),
    (
        {"smtp": {"url": "smtps://mail", "envelope": "verp"}},
        "smtp.envelope: bounces come to addresses with a plus, which may not reach the mailbox;",
    ),
    ({"people": {}}, "people: nobody is a technician;"),
    ({"desk": {"name": "A", "address": "a@x.example"}}, "desk.admins: nobody is told when maildesk itself needs help;"),
]


@pytest.mark.parametrize(("keys", "text"), WARNINGS)
def test_what_is_odd_but_works_is_a_warning(folder, keys, text):
    assert any(f": {text} " in warning for warning in loaded(folder, **keys).warnings)


def test_a_language_without_letters_is_a_warning(folder):
    people = {
        "ann": {"name": "Ann", "email": "a@x.example", "language": "nl-BE"},
        "ben": {"name": "Ben", "email": "b@x.example", "language": "de-AT"},
        "eve": {"name": "Eve", "email": "e@x.example", "language": "fr"},
    }
    (folder / "templates/fr").mkdir(parents=True)
    (folder / "templates/fr/taken.j2").write_text("")
    (folder / "templates/nl").mkdir()  # holds no letter
    write(folder, desk=BASE["desk"] | {"language": "xx"}, people=people)
    desk, ann = load(folder, env=ENV, languages={"en", "de"}).warnings
    said = (
        "there are no letters in '{}', so English ones go out; there are: de, en, fr, and others go into templates/{}"
    )
    assert desk.endswith(": desk.language: " + said.format("xx", "xx"))
    assert ann.endswith(": people.ann.language: " + said.format("nl-BE", "nl-BE"))
    assert re.match(r"desk\.yaml:1:\d+: ", desk)
    assert load(folder, env=ENV).warnings == ()


# --- orphans and counts ---------------------------------------------------------------------------------------------


def test_names_that_open_incidents_use_and_nobody_knows_any_more(folder):
    conf = loaded(folder, categories={"network/vpn": None})
    in_use = {
        "people": ["ann", "zoe", ""],
        "groups": {"servicedesk", "gone"},
        "categories": {"network/vpn", "network", "old"},
        "mailboxes": {"support"},
    }
    found = orphans(conf, in_use)
    assert [line.partition(":")[0] for line in found] == ["people.zoe", "groups.gone", "categories.old"]
    assert all("; " in line for line in found)
    assert orphans(conf, {}) == []


def test_the_summary_counts(folder):
    rules = [{"name": "A", "set": {"tags": "t"}, "examples": [{"subject": "a"}, {"subject": "b"}]}]
    counted = loaded(folder, rules=rules, categories={"a/b": None}).summary()
    assert counted == {
        "mailboxes": 1,
        "people": 1,
        "groups": 1,
        "organisations": 0,
        "categories": 2,
        "rules": 1,
        "examples": 2,
    }


# --- anything at all ------------------------------------------------------------------------------------------------


def try_to_load(folder: Path, text: str) -> None:
    (folder / "x.yaml").write_bytes(text.encode(errors="surrogatepass"))
    problems = []
    try:
        assert isinstance(load(folder, env=ENV), Settings)
    except ConfigError as error:
        problems = error.problems or [""]
    for problem in problems:
        where, _, what = problem.partition(": ")
        assert where.rpartition(":")[2].isdigit()
        assert "; " in what
        assert problem.isprintable()
        assert "correct-horse" not in problem


KEYS = sorted(
    {part.rstrip("[]") for key in schema.every_key() for part in key.split(".")} | {"calendars", "*", "<<", ""}
)
WORDS = st.sampled_from(
    [
        *KEYS,
        "no",
        "~",
        "012",
        "12:30",
        "4h",
        "20MB",
        "P1",
        "high",
        "ann",
        "a@x.example",
        "imaps://x",
        "sqlite:///x",
        "(",
        "*",
    ]
)
PIECES = st.sampled_from(
    [
        "\n",
        "\n  ",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&a ",
        "*a",
        "!x ",
        "'",
        '"',
        "|\n",
        "#",
        "\t",
        "? ",
        "---\n",
        "\x01",
    ]
)
TEXTS = st.lists(st.one_of(WORDS, PIECES, st.text(max_size=5)), max_size=40).map("".join)
VALUES = st.recursive(
    st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)
FREELY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@FREELY
@given(text=TEXTS)
def test_any_text_gives_settings_or_a_config_error(folder, text):
    try_to_load(write(folder), text)


@FREELY
@given(tree=st.dictionaries(st.sampled_from(sorted(schema.SECTIONS)), VALUES, min_size=1, max_size=4))
def test_any_tree_gives_settings_or_a_config_error(folder, tree):
    (folder / "desk.yaml").unlink(missing_ok=True)
    try_to_load(folder, json.dumps(BASE | tree, ensure_ascii=False))


SHIPPED_TEXT = (SHIPPED / "desk.yaml").read_text().replace("secrets/imap", "secret").replace("secrets/smtp", "secret")


@FREELY
@given(at=st.integers(0, len(SHIPPED_TEXT)), cut=st.integers(0, 12), put=st.one_of(WORDS, PIECES))
def test_any_slip_of_the_keyboard_gives_settings_or_a_config_error(folder, at, cut, put):
    (folder / "people.yaml").write_bytes((SHIPPED / "people.yaml").read_bytes())
    try_to_load(folder, SHIPPED_TEXT[:at] + put + SHIPPED_TEXT[at + cut :])


def test_the_environment_is_only_what_is_given(folder, monkeypatch):
    monkeypatch.setitem(os.environ, "SMTP_PASSWORD", "correct-horse")
    (problem,) = refused(folder, smtp=BASE["smtp"] | {"password": {"env": "SMTP_PASSWORD"}})
    assert problem.endswith(": smtp.password: the variable SMTP_PASSWORD is not set; set it")
