"""config/README.md knows every key of the schema with its default, and no other; its recipes load."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from maildesk.config import load, schema, values
from maildesk.config.source import read_text

README = (Path(__file__).parents[2] / "config/README.md").read_text()


def documented() -> dict[str, str]:
    """Every key of the tables -> its default: the heading in backticks is the mapping, each row one key of it."""
    found: dict[str, str] = {}
    section = None
    for text in README.splitlines():
        if heading := re.match(r"##+ (.*)", text):
            section = re.fullmatch(r"`(.+)`", heading[1])
        row = re.match(r"\| `([a-z_0-9]+)` \| (.+?) \| ", text)
        if section and row:
            found[f"{section[1]}.{row[1]}"] = row[2]
    return found


def fields() -> dict[str, object]:
    """Every key of the schema -> its field."""
    found = {}
    for name, section in schema.SECTIONS.items():
        prefix = name + {"one": "", "list": "[]", "map": ".NAME"}[section.form]
        found |= {f"{prefix}.{key}": field for key, field in schema.fields(section.model).items()}
    for prefix, model in (("when", schema.Condition), ("set", schema.Verdict), ("examples[]", schema.Example)):
        found |= {f"rules[].{prefix}.{key}": field for key, field in schema.fields(model).items()}
    return found


def shown(value) -> str:
    if value in (None, "", (), {}) or isinstance(value, schema.Part):
        return "–"
    if isinstance(value, timedelta):
        return f"`{values.show_duration(value)}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{': '.join(item) if isinstance(item, tuple) else item}`" for item in value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.value if isinstance(value, StrEnum) else value}`"


def test_every_key_is_documented_and_none_is_invented():
    assert sorted(documented()) == sorted(schema.every_key())


@pytest.mark.parametrize("key", sorted(set(fields()) - {"priorities.matrix", "limits.letter_bytes"}))
def test_the_documented_default_is_the_default(key):
    field = fields()[key]
    assert documented()[key] == ("needed" if field.is_required() else shown(field.default))


def test_the_default_of_letter_bytes_is_written_as_a_size():
    written = documented()["limits.letter_bytes"].strip("`")
    assert values.size(0, 2**40)(written) == schema.Limits().letter_bytes


def test_the_least_configuration_has_ten_lines_at_most_and_loads(tmp_path):
    least = re.search(r"## The least that works\n\n```yaml\n(.+?)```", README, re.DOTALL)[1]
    assert least.count("\n") <= 10
    (tmp_path / "desk.yaml").write_text(least)
    settings = load(tmp_path, env={"HOME": "/nowhere"}, secrets=False)
    assert settings.warnings == ()
    assert settings.policy.mailboxes["support"].group == "servicedesk"
    assert settings.policy.directory.groups["servicedesk"].members == ("ann", "dana")
    assert settings.policy.directory.groups["servicedesk"].lead == "dana"


RECIPES = re.findall(r"```yaml\n(.+?)```", README.partition("## Cookbook")[2], re.DOTALL)
AROUND = {
    "desk": "desk: {name: ACME, address: support@acme.example, admins: [root@acme.example]}\n",
    "mailboxes": "mailboxes: [{name: support}]\n",
    "smtp": "smtp: {url: 'smtps://mail.acme.example'}\n",
    "people": "people:\n"
    + "".join(f"  {n}: {{name: {n}, email: {n}@acme.example}}\n" for n in ("ann", "ben", "dana", "janitor")),
    "groups": "groups:\n  servicedesk: {lead: dana}\n  janitors: {lead: dana}\n",
    "categories": "categories: {network/vpn: {}}\n",
}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda text: text.partition(":")[0])
def test_each_recipe_loads_and_its_examples_hold(recipe, tmp_path):
    given = read_text("recipe", recipe).root.value
    (tmp_path / "around.yaml").write_text("".join(text for key, text in AROUND.items() if key not in given))
    (tmp_path / "recipe.yaml").write_text(recipe)
    settings = load(tmp_path, env={"HOME": "/nowhere"}, secrets=False)
    assert settings.policy.rules.check_examples() == []


def test_there_are_recipes():
    assert len(RECIPES) >= 8
