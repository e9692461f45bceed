"""explain: the contract of its JSON, and that it changes nothing."""

from __future__ import annotations

import hashlib
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from clidesk import CliDesk, letter, spawned

from maildesk.cli.explain import PORTION
from maildesk.daemon.reader import Reader

KEYS = (
    *("file", "message", "reply_text", "quoted_text", "signature", "kind", "kind_reason", "bounce", "trust", "thread"),
    *("commands", "rules", "outcome", "letters"),
)
MESSAGE = ("message_id", "from", "to", "cc", "subject", "date", "text", "html", "attachments")
OUTCOME = ("action", "incident", "type", "category", "group", "assignee", "impact", "urgency", "priority", "tags")

HUMAN = letter(
    "VPN is slow",
    "Hello,\r\n\r\nit is slow since noon.\r\n\r\n-- \r\nErika\r\n",
    Cc="Bob <bob@shop.example>",
)
AUTO = letter("Away", "I am on holiday.", Auto_Submitted="auto-replied")
BOUNCE = (
    b"From: MAILER-DAEMON@mx.shop.example\r\nTo: support@acme.example\r\nSubject: Undelivered Mail\r\n"
    b"Message-ID: <b1@mx.shop.example>\r\nAuto-Submitted: auto-replied\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.shop.example\r\n\r\n"
    b"Final-Recipient: rfc822; erika@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 no such user\r\n"
    b"\r\n--b--\r\n"
)
WITH_FILE = (
    b"From: Erika <erika@shop.example>\r\nTo: support@acme.example\r\nSubject: Log\r\nMessage-ID: <f@shop.example>\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>See the <b>log</b></p>\r\n"
    b'--b\r\nContent-Type: text/x-log; name="a.log"\r\nContent-Disposition: attachment; filename="a.log"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ=\r\n--b--\r\n"
)
UNREADABLE = b"Subject: too many\r\n" + b"X-Line: more\r\n" * 5000 + b"\r\nHello\r\n"


@pytest.fixture(autouse=True)
def one_reader_for_all(shared_reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """To start a process for each call takes longer than all the rest."""
    monkeypatch.setattr("maildesk.cli.explain.Reader", lambda: nullcontext(shared_reader))


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    folder = tmp_path / "mails"
    folder.mkdir()
    named = {"human": HUMAN, "auto": AUTO, "bounce": BOUNCE, "file": WITH_FILE, "bad": UNREADABLE, "empty": b""}
    for name, raw in named.items():
        (folder / f"{name}.eml").write_bytes(raw)
    return folder


def explained(desk: CliDesk, *words: object, code: int = 0, stdin: bytes = b"") -> list[dict[str, Any]]:
    result = desk("explain", "--json", *words, stdin=stdin)
    assert result.code == code, result.err
    return [json.loads(row) for row in result.out.splitlines()]


def test_one_object_a_line_in_the_order_of_the_files(desk: CliDesk, mails: Path) -> None:
    names = [str(mails / f"{name}.eml") for name in ("auto", "human", "bounce", "human")]
    found = explained(desk, *names)
    assert [one["file"] for one in found] == names
    assert all(next(iter(one)) == "file" for one in found)
    for one in found:
        assert set(one) == set(KEYS)
        assert set(one["message"]) == set(MESSAGE)
        assert set(OUTCOME) == set(one["outcome"])


def test_a_mail_of_a_human(desk: CliDesk, mails: Path) -> None:
    (one,) = explained(desk, "--at", "2026-11-23 10:00", mails / "human.eml")
    message = one["message"]
    assert message["message_id"] == "mail-1@shop.example"
    assert message["from"] == {"name": "Erika Muster", "address": "erika@shop.example"}
    assert message["to"] == [{"name": "", "address": "support@acme.example"}]
    assert message["cc"] == [{"name": "Bob", "address": "bob@shop.example"}]
    assert message["date"] == "2026-11-23T09:00:00+00:00"
    assert message["html"] is None
    assert "slow since noon" in one["reply_text"]
    assert "Erika" not in one["reply_text"]
    assert "Erika" in one["signature"]
    assert (one["kind"], one["bounce"], one["thread"], one["commands"]) == ("human", None, None, [])
    assert one["kind_reason"]
    assert one["trust"]["level"] == "L1"
    assert one["trust"]["evidence"]
    (rule,) = one["rules"]
    assert (rule["name"], rule["matched"]) == ("VPN trouble", True)
    assert any("vpn" in why for why in rule["why"])
    outcome = one["outcome"]
    assert outcome["action"] == "create"
    assert outcome["incident"] is None
    assert (outcome["category"], outcome["group"], outcome["urgency"]) == ("network/vpn", "network", "high")
    assert outcome["priority"] in {"P1", "P2", "P3", "P4", "P5"}
    assert outcome["tags"] == []
    assert [(one["template"], one["to"]) for one in one["letters"]] == [
        ("received", "erika@shop.example"),
        ("new", "dana@acme.example"),
    ]
    assert all("VPN is slow" in one["subject"] for one in one["letters"])


def test_an_automatic_mail_and_a_bounce(desk: CliDesk, mails: Path) -> None:
    auto, bounce = explained(desk, mails / "auto.eml", mails / "bounce.eml")
    assert auto["kind"] == "auto"
    assert "received" not in [one["template"] for one in auto["letters"]]
    assert bounce["kind"] == "bounce"
    (failure,) = bounce["bounce"]["recipients"]
    assert set(failure) == {"address", "status", "action", "diagnostic"}
    assert (failure["address"], failure["status"], failure["action"]) == ("erika@shop.example", "5.1.1", "failed")
    assert "no such user" in failure["diagnostic"]
    assert bounce["outcome"]["action"] == "file"
    assert bounce["letters"] == []


def test_attachments_and_text_from_html(desk: CliDesk, mails: Path) -> None:
    (one,) = explained(desk, mails / "file.eml")
    assert one["message"]["attachments"] == [{"name": "a.log", "type": "text/x-log", "size": 11}]
    assert "See the log" in one["message"]["text"].replace("*", "")
    assert "<b>log</b>" in one["message"]["html"]
    assert one["message"]["date"] is None


def test_bytes_that_cannot_be_read_are_an_error_and_the_others_go_on(desk: CliDesk, mails: Path) -> None:
    bad, good = explained(desk, mails / "bad.eml", mails / "human.eml", code=1)
    assert set(bad) == {"file", "error", "outcome"}
    assert bad["outcome"]["action"] == "quarantine"
    assert good["kind"] == "human"


def test_a_mail_larger_than_any_is_quarantined_and_not_read_whole(desk: CliDesk, mails: Path) -> None:
    with (mails / "huge.eml").open("wb") as file:
        file.write(HUMAN)
        file.truncate(10**11)  # a hole, which would not fit into memory
    (one,) = explained(desk, mails / "huge.eml", code=1)
    assert one["outcome"]["action"] == "quarantine"


def test_a_file_that_cannot_be_opened_is_an_error_and_the_others_go_on(desk: CliDesk, mails: Path) -> None:
    result = desk("explain", "--json", mails / "lost.eml", mails, mails / "human.eml")
    lost, folder, good = (json.loads(row) for row in result.out.splitlines())
    assert result.code == 1
    assert set(lost) == set(folder) == {"file", "error"}
    assert "No such file" in lost["error"]
    assert "directory" in folder["error"]
    assert good["kind"] == "human"
    assert "lost.eml cannot be read" in result.err


def test_empty_bytes_are_an_empty_mail(desk: CliDesk, mails: Path) -> None:
    (one,) = explained(desk, mails / "empty.eml")
    assert one["message"]["from"] is None
    assert one["message"]["text"] == ""
    assert one["outcome"]["action"] in {"create", "file"}


def test_a_dash_is_standard_input_and_an_mbox_line_is_skipped(desk: CliDesk) -> None:
    (one,) = explained(desk, "-", stdin=b"From erika Mon Nov 23 09:00:00 2026\r\n" + HUMAN)
    assert one["file"] == "-"
    assert one["message"]["subject"] == "VPN is slow"
    assert one["message"]["message_id"] == "mail-1@shop.example"


def test_all_rules_names_those_that_do_not_match(desk: CliDesk, mails: Path) -> None:
    (one,) = explained(desk, "--all-rules", mails / "auto.eml")
    (rule,) = one["rules"]
    assert (rule["name"], rule["matched"]) == ("VPN trouble", False)
    assert rule["why"]


def test_defaults_are_the_shipped_configuration(desk: CliDesk, mails: Path) -> None:
    (own,) = explained(desk, "--at", "2026-11-23 10:00", mails / "human.eml")
    (shipped,) = explained(desk, "--defaults", "--config", "/nonexistent", mails / "human.eml")
    assert len(shipped["rules"]) >= len(own["rules"])
    assert shipped["outcome"]["category"] == "network/vpn"
    assert shipped["outcome"]["group"] != own["outcome"]["group"]


def test_the_mailbox_may_be_named(desk: CliDesk, mails: Path) -> None:
    (one,) = explained(desk, "--mailbox", "facility", mails / "human.eml")
    assert all("[FAC-" in letter["subject"] for letter in one["letters"])
    result = desk("explain", "--mailbox", "lost", mails / "human.eml")
    assert result.code == 2
    assert "support, facility" in result.err


def test_the_time_may_be_given(desk: CliDesk, mails: Path) -> None:
    (now,) = explained(desk, "--at", "2026-11-23 10:00", mails / "human.eml")
    (zoned,) = explained(desk, "--at", "2026-11-23T11:00:00+01:00", mails / "human.eml")
    assert now == zoned
    result = desk("explain", "--at", "yesterday", mails / "human.eml")
    assert result.code == 2
    assert "2026-12-24 17:30" in result.err


def test_without_db_no_database_is_opened_and_with_it_nothing_is_changed(bare: CliDesk, mails: Path) -> None:
    explained(bare, mails / "human.eml")
    assert not bare.state.exists()
    assert bare("explain", "--db", mails / "human.eml").code == 1
    desk = bare.prepare()
    desk.mail(letter("Printer jams", number=5))
    before = hashlib.sha256(desk.database.read_bytes()).digest()
    answer = letter("Re: Printer jams [INC-1]", "Still does.", number=6, In_Reply_To="<mail-5@shop.example>")
    (with_db,) = explained(desk, "--db", "-", stdin=answer)
    (without,) = explained(desk, "-", stdin=answer)
    assert with_db["thread"] == {"incident": "INC-1", "method": "reference"}
    assert with_db["outcome"]["incident"] == "INC-1"
    assert with_db["outcome"]["action"] == "update"
    assert without["thread"] is None
    assert hashlib.sha256(desk.database.read_bytes()).digest() == before
    assert len(desk("inbox", "--state", "done", "--json").json) == 1


def test_commands_tell_whether_they_would_run(desk: CliDesk) -> None:
    desk.mail(letter())
    order = letter("[INC-1] #take #p1", "", number=7, From="Ann <ann@acme.example>")
    (one,) = explained(desk, "--db", "-", stdin=order)
    assert [(c["verb"], c["ok"]) for c in one["commands"]] == [("take", False), ("p1", False)]
    assert all(set(c) == {"verb", "value", "ok", "why"} and c["why"] for c in one["commands"])


def test_the_page_for_humans_says_it_all(desk: CliDesk, mails: Path) -> None:
    out = desk("explain", mails / "human.eml", mails / "bounce.eml", mails / "file.eml").out
    for word in (
        *("Erika Muster <erika@shop.example>", "slow since noon", "human: ", "L1", "VPN trouble: ", "network/vpn"),
        *(
            "received to erika@shop.example",
            "failed erika@shop.example 5.1.1",
            "a.log (11 bytes)",
            "create (a new mail)",
        ),
    ):
        assert word in out, word


def test_the_page_for_humans_tells_an_error(desk: CliDesk, mails: Path) -> None:
    result = desk("explain", mails / "bad.eml")
    assert result.code == 1
    assert "error" in result.out
    assert "quarantine" in result.out


def test_many_files_are_explained_in_one_go(desk: CliDesk, tmp_path: Path) -> None:
    """As a process of its own, with a reader of its own."""
    names = []
    for number in range(PORTION + 10):
        path = tmp_path / f"{number}.eml"
        path.write_bytes(letter(f"Number {number}", number=number))
        names.append(str(path))
    run = spawned("explain", "--json", *names)
    assert (run.returncode, run.stderr) == (0, b"")
    found = [json.loads(row) for row in run.stdout.splitlines()]
    assert [one["file"] for one in found] == names
    assert [one["message"]["subject"] for one in found] == [f"Number {number}" for number in range(PORTION + 10)]


def test_a_mail_that_breaks_the_handling_does_not_stop_the_others(
    desk: CliDesk, mails: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maildesk.cli import explain as module

    real = module.explain

    def breaks_once(raw: bytes, *rest: Any) -> Any:
        if raw == AUTO:
            raise ValueError("a bug")
        return real(raw, *rest)

    monkeypatch.setattr(module, "explain", breaks_once)
    broken, fine = explained(desk, mails / "auto.eml", mails / "human.eml", code=1)
    assert broken["error"] == "ValueError while it was handled"
    assert broken["outcome"] == {"action": "quarantine"}
    assert fine["kind"] == "human"
