"""list, show and act, on a desk that was fed through deliver."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from clidesk import DESK, RULES, CliDesk, letter

from maildesk import build
from maildesk.daemon import act as acting
from maildesk.daemon.act import act
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.pipe import deliver
from maildesk.daemon.reader import Reader
from maildesk.desk.effects import Action
from maildesk.errors import Conflict, UsageError


@pytest.fixture(scope="session")
def fed_once(tmp_path_factory: pytest.TempPathFactory, shared_reader: Reader) -> Path:
    """The state directory of a desk with INC-1 about a printer, INC-2 about the VPN, FAC-3 of the other mailbox."""
    folder = tmp_path_factory.mktemp("fed")
    (folder / "desk.yaml").write_text(DESK)
    (folder / "rules.yaml").write_text(RULES)
    desk = build.open_desk(build.read_settings(folder, {"STATE_DIRECTORY": str(folder / "state")}))
    with closing(desk.database):
        deliver(desk.database, desk.clock, letter("Printer jams", number=1), "support")
        deliver(desk.database, desk.clock, letter("VPN is slow", number=2, From="Bob <bob@shop.example>"), "support")
        deliver(desk.database, desk.clock, letter("Lamp is dark", number=3, From="Cy <cy@shop.example>"), "facility")
        while handle_waiting(desk, shared_reader):
            pass
    return folder / "state"


@pytest.fixture
def fed(bare: CliDesk, fed_once: Path) -> CliDesk:
    shutil.copytree(fed_once, bare.state)
    return bare


def tags(desk: CliDesk, *words: str) -> list[str]:
    result = desk("list", "--json", *words)
    assert result.code == 0
    return [one["incident"] for one in result.json]


# --- list ------------------------------------------------------------------------------------------------------------


def test_the_queue_shows_open_incidents_the_most_urgent_first(fed: CliDesk) -> None:
    assert tags(fed) == ["INC-2", "INC-1", "FAC-3"]
    result = fed("list")
    assert [row.split()[0] for row in result.out.splitlines()] == ["INCIDENT", "INC-2", "INC-1", "FAC-3"]
    assert result.err == ""
    (row,) = (row for row in result.out.splitlines() if row.startswith("INC-2"))
    assert re.search(
        r"^INC-2 +P2 +assigned +dana +network +bob@shop\.example +\d{4}-\d\d-\d\d \d\d:\d\d +VPN is slow$", row
    )


def test_settled_ones_are_shown_when_asked_for(fed: CliDesk) -> None:
    fed("act", "INC-1", "#cancel")
    assert tags(fed) == ["INC-2", "FAC-3"]
    assert tags(fed, "--all") == ["INC-2", "INC-1", "FAC-3"]
    assert tags(fed, "--status", "cancelled") == ["INC-1"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--mine", "dana"], ["INC-2"]),
        (["--group", "network"], ["INC-2"]),
        (["--group", "servicedesk"], ["INC-1", "FAC-3"]),
        (["--unassigned"], ["INC-1", "FAC-3"]),
        (["--status", "new"], ["INC-1", "FAC-3"]),
        (["--status", "in-progress"], []),
        (["--status", "new", "--status", "Assigned"], ["INC-2", "INC-1", "FAC-3"]),
        (["--limit", "1"], ["INC-2"]),
    ],
    ids=" ".join,
)
def test_the_queue_can_be_narrowed(fed: CliDesk, words: list[str], found: list[str]) -> None:
    assert tags(fed, *words) == found


def test_nothing_found_is_said_and_a_strange_name_pointed_out(fed: CliDesk) -> None:
    result = fed("list", "--mine", "anne")
    assert (result.code, result.out) == (0, "no incidents\n")
    assert "'anne' is not listed under people (ann, dana)" in result.err
    assert "'lost' is not listed under groups" in fed("list", "--group", "lost").err


def test_a_list_that_is_cut_says_so(fed: CliDesk) -> None:
    assert "only the first 2" in fed("list", "--limit", "2").err
    assert fed("list", "--limit", "4").err == ""


# --- find ------------------------------------------------------------------------------------------------------------


def test_incidents_are_found_by_words(fed: CliDesk) -> None:
    assert [one["incident"] for one in fed("find", "--json", "jam", "PRINT").json] == ["INC-1"]
    assert [one["incident"] for one in fed("find", "--json", "shop").json] == ["FAC-3", "INC-2", "INC-1"]
    assert [row.split()[0] for row in fed("find", "slow VPN").out.splitlines()] == ["INCIDENT", "INC-2"]
    assert fed("find", "nowhere").out == "no incidents\n"


# --- show ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["INC-2", "inc-2", "[INC-2]", "2", "INC2", "inc 2", "#2", " [ inc-2 ] "])
def test_an_incident_is_named_in_any_way_people_write_it(fed: CliDesk, tag: str) -> None:
    assert fed("show", tag, "--json").json["incident"] == "INC-2"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("INC-9", "there is no incident INC-9; `maildesk list --all` shows them all"),
        ("0", "there is no incident 0"),
        ("999999999999999999", "there is no incident"),
        ("FAC-1", "there is no incident FAC-1; number 1 is INC-1"),
        ("printer", "'printer' names no incident; write it as INC-1 or 1"),
        ("INC-1x", "names no incident"),
        ("١", "names no incident"),
    ],
)
@pytest.mark.parametrize("command", ["show", "act"])
def test_an_incident_that_is_not_there_is_said_in_a_sentence(fed: CliDesk, tag: str, said: str, command: str) -> None:
    result = fed(command, tag, *(["#p1"] if command == "act" else []))
    assert result.code == 1
    assert result.out == ""
    assert said in result.err
    assert len(result.err.splitlines()) == 1


def test_an_incident_is_shown_with_its_whole_timeline_and_its_letters(fed: CliDesk) -> None:
    fed("act", 2, "#resolve router restarted", "--text", "It is quick again.")
    fed.mail(letter("Re: VPN is slow [INC-2]", "Thanks!", number=4, From="Bob <bob@shop.example>"))
    one = fed("show", "INC-2", "--json").json
    assert one["status"] == "resolved"
    assert one["resolution"] == "router restarted"
    assert one["requester"] == "bob@shop.example"
    assert [p["email"] for p in one["participants"]] == ["bob@shop.example"]
    entries = [(e["entry"], e["actor"]) for e in one["timeline"]]
    assert entries[0] == ("mail", "bob@shop.example")
    assert ("rule", "rule") in entries
    assert ("answer", "cli") in entries
    assert entries[-1] == ("mail", "bob@shop.example")
    fields = {"at", "entry", "actor", "actor_name", "text", "why", "trust", "public", "inbox_id", "data", "attachments"}
    fields |= {"signature", "quoted"}
    assert all(set(entry) == fields for entry in one["timeline"])
    assert [e["trust"] for e in one["timeline"] if e["entry"] == "mail"] == ["L1", "L1"]
    templates = [(one["template"], one["to"], one["state"]) for one in one["letters"]]
    assert templates[:2] == [("received", "bob@shop.example", "pending"), ("new", "dana@acme.example", "pending")]
    assert ("resolved", "bob@shop.example", "pending") in templates
    out = fed("show", "2").out
    for word in ("INC-2  VPN is slow", "router restarted", "Bob (mail, public, L1)", "    Thanks!", "rule VPN trouble"):
        assert word in out, word
    assert "at the command line (answer, public, cli)" in out


def test_links_lead_both_ways(fed: CliDesk) -> None:
    fed.mail(letter("As in [INC-1]", "the same here", number=5, From="Eve <eve@elsewhere.example>"))
    link = {"from": "INC-4", "to": "INC-1", "kind": "mentions"}
    assert fed("show", 4, "--json").json["links"] == [link]
    assert fed("show", 1, "--json").json["links"] == [link]
    assert "INC-4 mentions INC-1" in fed("show", 1).out


# --- act -------------------------------------------------------------------------------------------------------------


def test_commands_are_carried_out_and_stand_in_the_timeline_as_cli(
    fed: CliDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "kim")
    result = fed("act", "inc-1", "#assign ann #p1 #cat hardware")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("INC-1: ")
    one = fed("show", "1", "--json").json
    assert (one["assignee"], one["priority"], one["category"]) == ("ann", "P1", "hardware")
    changes = [e for e in one["timeline"] if e["actor"] == "cli"]
    assert len(changes) == 3
    assert {(e["actor_name"], e["trust"]) for e in changes} == {("kim at the command line", "cli")}
    assert ("assigned", "ann@acme.example") in [(x["template"], x["to"]) for x in one["letters"]]


def test_the_words_of_an_answer_come_by_option_or_standard_input(fed: CliDesk) -> None:
    assert fed("act", 1, "#reply", "--text", "Please try now.").code == 0
    assert fed("act", 1, "#note", "--text", "-", stdin="Für uns: Gerät ist alt.\n".encode()).code == 0
    entries = {e["entry"]: e["text"] for e in fed("show", 1, "--json").json["timeline"]}
    assert entries["answer"] == "Please try now."
    assert entries["note"] == "Für uns: Gerät ist alt."
    result = fed("act", 1, "#note", "--text", "-", stdin=b"\xff")
    assert result.code == 1
    assert "not UTF-8" in result.err


def test_a_group_chooses_its_member(fed: CliDesk) -> None:
    assert fed("act", 1, "#assign @network", "--json").json["incident"]["assignee"] == "dana"


def test_people_are_copied_in_and_the_requester_changed(fed: CliDesk) -> None:
    assert fed("act", 1, "#cc +bob@shop.example").code == 0
    one = fed("act", 1, "#for new@shop.example", "--json").json["incident"]
    assert one["requester"] == "new@shop.example"
    assert (one["organisation"], one["known"]) == ("Shop", True)
    assert {p["email"] for p in one["participants"]} == {"new@shop.example", "bob@shop.example"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#foo", "There is no command #foo"),
        ("#p1 #assign nobody", "nobody"),
        ("hello", "hello"),
        ("#reopen", "INC-1 is new"),
        ("#take", "#assign NAME"),
        ("#note", "no text"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_says_why(fed: CliDesk, text: str, said: str) -> None:
    before = fed("show", 1, "--json").json
    result = fed("act", 1, text)
    assert result.code == 1
    assert result.out == ""
    assert "nothing was changed" in result.err
    assert said in result.err
    assert fed("show", 1, "--json").json == before
    as_json = fed("act", 1, text, "--json")
    assert as_json.code == 1
    assert as_json.json["done"] is False
    assert said in as_json.json["reason"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no command"),
        ("#status", "maildesk show"),
        ("#why", "show 1"),
        ("#list mine", "maildesk list"),
        ("#find vpn", "find vpn"),
    ],
)
def test_what_is_no_command_for_here_is_told_what_to_type(fed: CliDesk, text: str, said: str) -> None:
    result = fed("act", 1, text)
    assert result.code == 1
    assert said in result.err


def test_somebody_faster_means_a_second_try_and_then_an_end(fed: CliDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = fed.open()
    real, calls = acting.apply, []

    def slower(work: object, before: object, decision: object) -> object:
        calls.append(1)
        if len(calls) <= faster:
            raise Conflict("INC-1 has been changed by somebody else")
        return real(work, before, decision)  # type: ignore[arg-type] # the very arguments it was called with

    monkeypatch.setattr(acting, "apply", slower)
    with closing(desk.database):
        faster = 1
        assert act(desk, "1", "#p1").action is Action.COMMAND
        calls.clear()
        faster = 2
        with pytest.raises(Conflict):
            act(desk, "1", "#p2")
    assert len(calls) == 2


def test_the_same_order_twice_writes_its_letters_twice(fed: CliDesk) -> None:
    """Ids of letters follow from the version of the incident, so that a repetition is not taken for the same."""
    for _ in range(2):
        assert fed("act", 1, "#reply", "--text", "Please try now.").code == 0
    answers = [x for x in fed("show", 1, "--json").json["letters"] if x["template"] == "answer"]
    assert len(answers) == len({x["message_id"] for x in answers}) == 2


def test_an_unknown_incident_is_the_callers_matter(desk: CliDesk) -> None:
    opened = desk.open()
    with closing(opened.database), pytest.raises(UsageError, match="there is no incident 5"):
        act(opened, "5", "#p1")


def test_what_letters_leave_out_the_timeline_shows(desk: CliDesk) -> None:
    quoted = "Am 23.11.2026 um 09:00 schrieb ACME IT:\r\n> What does it do?\r\n"
    desk.mail(letter("Printer", "It hums."))
    answer = letter("Re: Printer [INC-1]", f"Still.\r\n\r\n-- \r\nErika, room 312\r\n\r\n{quoted}", number=2)
    desk.mail(answer)
    shown = desk("show", "1").out
    assert "    Still.\n    --\n    Erika, room 312\n" in shown
    assert "| > What does it do?" in shown
    (_, entry) = [one for one in desk("show", "1", "--json").json["timeline"] if one["entry"] == "mail"]
    assert entry["signature"].endswith("Erika, room 312")
    assert "What does it do?" in entry["quoted"]
