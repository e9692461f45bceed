"""The configuration that maildesk ships: it loads when copied, its examples hold, and it sorts everyday mail well."""

import re
import shutil
from pathlib import Path

import pytest

from maildesk.config import load, load_defaults
from maildesk.desk.policy import Limits
from maildesk.desk.rules import Facts

SHIPPED = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def policy():
    return load_defaults(SHIPPED).policy


def test_it_loads_as_it_is_when_copied_with_its_secrets(tmp_path):
    directory = tmp_path / "etc"
    shutil.copytree(SHIPPED, directory)
    (directory / "secrets").mkdir()
    for name in ("imap", "smtp", "keys"):
        (directory / "secrets" / name).write_text("put the password here\n")
        (directory / "secrets" / name).chmod(0o600)
    settings = load(directory, env={"HOME": "/nowhere"}, defaults=SHIPPED)
    assert settings.warnings == ()
    assert settings.mailboxes[0].password.reveal() == "put the password here"
    assert settings.policy.rules == load_defaults(SHIPPED).policy.rules


def test_every_example_holds_and_every_rule_has_examples_for_both_sides(policy):
    assert policy.rules.check_examples() == []
    for rule in policy.rules.rules:
        assert {example.matches for example in rule.examples} == {True, False}, rule.name


def test_the_commented_alternatives_name_existing_keys_and_load(tmp_path):
    """What an admin gets who takes away the `# ` before a block."""
    text = (SHIPPED / "desk.yaml").read_text()
    (tmp_path / "a.yaml").write_text(re.sub("(?m)^# ", "", text[text.index("# notices:") :]))
    (tmp_path / "b.yaml").write_text(text)
    shutil.copy(SHIPPED / "people.yaml", tmp_path)
    policy = load(tmp_path, env={}, secrets=False).policy
    assert policy.notices_off == {"received"}
    assert policy.limits == Limits()


TAXONOMY = {
    "hardware",
    "software",
    "network",
    "security",
    "data loss",
    "access",
    "user error",
    "outage",
    "service request",
}


def test_the_taxonomy_is_complete_and_each_category_is_reached_by_a_rule(policy):
    assert {name.partition("/")[0] for name in policy.categories} == TAXONOMY
    set_somewhere = {rule.set["category"] for rule in policy.rules.rules if "category" in rule.set}
    assert {name for name in policy.categories if "/" in name} <= set_somewhere


SORTED = [
    ("Printer on 3rd floor jams", "Since this morning it jams on every second page.", "hardware/printer"),
    ("Can't reach VPN from home", "I get error 789.", "network/vpn"),
    ("Forgot my password", "Hi, please reset it. Thanks", "access/password"),
    ("Locked out", "I typed it wrong and now my account is locked", "access/locked account"),
    ("New employee starts 1 March", "Please create an account and order a laptop.", "service request/new colleague"),
    ("Second monitor", "I would like a second monitor for my desk.", "service request/new hardware"),
    ("Laptop kaputt", "Mein Laptop fährt nicht mehr hoch, dringend!", "hardware/computer"),
    ("Outlook stürzt ab", "Beim Öffnen von Anhängen.", "software/email"),
    ("Email not working", "I cannot send or receive emails since 9", "software/email"),
    ("Internet geht nicht", "Seit heute früh bei allen im Büro.", "network/internet"),
    ("Ausfall", "Das Netzwerk ist komplett ausgefallen, niemand kann arbeiten", "outage/network"),
    ("Exchange is down", "Nobody gets any mail.", "outage/email"),
    ("SAP is down", "Nobody can book anything", "outage/application"),
    ("Website not reachable", "Customers say so", "outage/application"),
    ("Stromausfall", "im Gebäude B", "outage/power"),
    ("Verdächtige Mail", "Ich habe auf den Link geklickt", "security/phishing"),
    ("Strange", "All files are renamed and a note says pay bitcoin", "security/malware"),
    ("Virus scanner", "My virus scanner reports a trojan", "security/malware"),
    ("I lost my phone in a taxi", "", "security/lost device"),
    ("Angebot.xlsx", "Aus Versehen gelöscht. Können Sie die Datei wiederherstellen?", "data loss/deleted files"),
    ("Open failed", "It says the file is corrupted", "data loss/damaged files"),
    ("srv02", "Nightly backup job failed", "data loss/backup"),
    ("Marketing", "I need access to the Marketing folder.", "access/permissions"),
    ("New phone", "I need to set up the authenticator again", "access/two-factor"),
    ("Please install Visio", "I need it for a project.", "service request/new software"),
    ("Need a new mouse", "mine is worn out, no hurry", "service request/new hardware"),
    ("Kollege geht", "Letzter Arbeitstag 30.6., bitte Konto deaktivieren", "service request/leaving colleague"),
    ("How do I change my desktop background?", "", "user error/how to"),
    ("Toolbar gone", "I clicked the wrong button", "user error/slip"),
    ("Kurze Frage", "Wer ist zuständig für Schlüssel?", "service request/information"),
    ("WLAN", "Im Besprechungsraum kein WLAN", "network/wifi"),
    ("Network drive missing", "Drive letter S: is gone", "network/shared drive"),
    ("My iPad screen is cracked", "It fell off the table", "hardware/mobile"),
    ("Blue screen", "My PC crashes with a blue screen", "software/operating system"),
    ("Maus defekt", "Meine Maus klickt doppelt", "hardware/peripherals"),
    ("Monitor flackert", "", "hardware/screen"),
    ("Telefon", "Mein Telefon ist tot", "hardware/phone"),
    ("Makros", "Excel fragt jedes Mal", "software/office"),
    ("No sound", "in Teams since the last update", "software/conferencing"),
    ("Firefox", "forgets my bookmarks", "software/browser"),
    ("Hello", "Can you call me? Phone: 030 1234, Email: me@acme.example", ""),
]


@pytest.mark.parametrize(("subject", "text", "category"), SORTED, ids=[row[0] for row in SORTED])
def test_everyday_mail_finds_its_category(policy, subject, text, category):
    assert policy.rules.classify(Facts(subject, text)).category == category


TYPES = [
    ("My new laptop is broken", "incident"),
    ("Drucker druckt nicht", "incident"),
    ("Error 500 in the time sheet", "incident"),
    ("VPN", "incident"),
    ("Screen is black", "incident"),
    ("I would like a headset", "request"),
    ("Bitte installieren Sie mir Visio", "request"),
    ("Wie kann ich ein Besprechungszimmer buchen?", "request"),
    ("New employee on Monday", "request"),
    ("Passwort vergessen", "request"),
]


@pytest.mark.parametrize(("subject", "kind"), TYPES)
def test_incidents_and_service_requests_are_told_apart(policy, subject, kind):
    found = policy.rules.classify(Facts(subject, ""))
    category = policy.categories.get(found.category)
    assert (found.type or (category and category.type)) == kind


WEIGHTS = [
    ("Nobody can print", "high", ""),
    ("Outage", "high", "high"),
    ("URGENT: mouse", "", "high"),
    ("Maus", "", ""),
    ("Not urgent: mouse", "", "low"),
    ("Dringend: niemand kann drucken", "high", "high"),
    ("Only me: intranet slow", "low", ""),
    ("Hi everyone, a question", "", ""),
]


@pytest.mark.parametrize(("subject", "impact", "urgency"), WEIGHTS)
def test_words_say_how_wide_and_how_urgent(policy, subject, impact, urgency):
    found = policy.rules.classify(Facts(subject, ""))
    assert (found.impact, found.urgency) == (impact, urgency)
