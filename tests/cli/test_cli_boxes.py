"""inbox and outbox: what is listed, what can be looked at, what a human can do."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from clidesk import CliDesk, letter

BAD = b"Subject: too many\r\n" + b"X-Line: more\r\n" * 5000 + b"\r\nHello\r\n"


def sql(desk: CliDesk, statement: str) -> None:
    """What only a mail server's answer brings about otherwise."""
    with closing(sqlite3.connect(desk.database)) as connection:
        connection.execute(statement)
        connection.commit()


# --- inbox -----------------------------------------------------------------------------------------------------------


def test_the_inbox_shows_what_is_not_done(desk: CliDesk) -> None:
    assert desk("inbox").out == "no mail waits\n"
    desk.mail(letter(number=1), BAD)
    desk("deliver", stdin=letter(number=2))
    found = desk("inbox", "--json").json
    assert [(one["id"], one["state"]) for one in found] == [(3, "received"), (2, "quarantined")]
    rows = desk("inbox").out.splitlines()
    assert rows[0].startswith("MAIL  STATE")
    assert [row.split()[:2] for row in rows[1:]] == [["3", "received"], ["2", "quarantined"]]


def test_the_inbox_can_be_asked_for_states(desk: CliDesk) -> None:
    desk.mail(letter(number=1), BAD)
    (done,) = desk("inbox", "--state", "done", "--json").json
    assert (done["kind"], done["action"], done["incident"]) == ("human", "create", "INC-1")
    both = desk("inbox", "--state", "done", "--state", "quarantined", "--json").json
    assert [one["state"] for one in both] == ["quarantined", "done"]
    assert len(desk("inbox", "--state", "done", "--state", "quarantined", "--limit", 1, "--json").json) == 1
    assert desk("inbox", "--state", "received").out == "no such mails\n"


def test_spam_is_listed_for_a_daily_look(desk: CliDesk) -> None:
    flagged = letter("Buy now", number=2, From="x@spam.example", X_Spam_Flag="YES")
    desk.mail(letter(number=1, From="y@spam.example"), flagged)
    desk("act", 1, "#spam")
    desk.mail(letter("Again", number=3, From="y@spam.example"), letter("Fine", number=4))
    found = desk("inbox", "--spam", "--json").json
    assert [(one["id"], one["subject"]) for one in found] == [(3, "Again"), (2, "Buy now")]
    assert "Buy now" in desk("inbox", "--spam").out


def test_one_mail_is_shown_with_what_became_of_it(desk: CliDesk) -> None:
    raw = letter(text="Größe")
    desk.mail(raw)
    out = desk("inbox", "show", 1).out
    for word in ("done", "support", "create", "INC-1", "erika@shop.example", "Printer jams", f"{len(raw)} bytes"):
        assert word in out, word
    assert desk("inbox", "show", 1, "--json").json["incident"] == "INC-1"
    assert desk("inbox", "show", 1, "--raw").out.encode() == raw
    head = desk("inbox", "show", 1, "--headers").out
    assert head.startswith("From: Erika")
    assert head.endswith("charset=utf-8\r\n\r\n")
    assert "Größe" not in head


@pytest.mark.parametrize(
    "words", ["inbox show 9", "inbox show 9 --raw", "inbox release 9", "outbox show 9", "outbox show 9 --raw",
              "outbox retry 9", "outbox drop 9"]
)  # fmt: skip
def test_what_is_not_there_is_said_in_a_sentence(desk: CliDesk, words: str) -> None:
    result = desk(*words.split())
    assert result.code == 1
    assert result.out == ""
    assert result.err in {
        "maildesk: there is no mail 9 in the inbox\n",
        "maildesk: there is no letter 9 in the outbox\n",
    }


def test_a_mail_in_quarantine_is_released_once_it_can_be_read(desk: CliDesk) -> None:
    desk.mail(BAD)
    assert "maildesk inbox --state quarantined" in desk("status").out
    assert desk("inbox", "release", 1).code == 0
    assert desk("inbox", "show", 1, "--json").json["state"] == "received"
    again = desk("inbox", "release", 1)
    assert again.code == 1
    assert "not in quarantine" in again.err
    desk.handle()
    assert desk("inbox", "show", 1, "--json").json["state"] == "quarantined"


def test_verify_without_a_mailbox_to_read_looks_at_the_rows(desk: CliDesk) -> None:
    desk.mail(letter())
    assert desk("inbox", "verify").out == "inbox: 0 mails without an outcome\n"
    desk("deliver", stdin=letter(number=2))
    fresh = desk("inbox", "verify")
    assert fresh.code == 0
    assert "1 at work" in fresh.out
    sql(desk, "UPDATE inbox SET received_at = '2026-01-01 00:00:00.000000' WHERE id = 2")
    stale = desk("inbox", "verify")
    assert stale.code == 1
    assert "mail 2 of support" in stale.out
    assert desk("inbox", "verify", "--json").json == {"mailboxes": [], "unfinished": [2], "at_work": 0}


# --- outbox ----------------------------------------------------------------------------------------------------------


def test_the_outbox_shows_what_has_not_left(desk: CliDesk) -> None:
    assert desk("outbox").out == "no letter waits\n"
    desk.mail(letter())
    found = desk("outbox", "--json").json
    assert {(one["template"], one["to_email"], one["state"]) for one in found} == {
        ("received", "erika@shop.example", "pending"),
        ("new", "ann@acme.example", "pending"),
        ("new", "dana@acme.example", "pending"),
    }
    assert desk("outbox").out.splitlines()[0].split()[:3] == ["LETTER", "STATE", "TEMPLATE"]
    assert desk("outbox", "--state", "sent").out == "no such letters\n"
    assert len(desk("outbox", "--state", "pending", "--limit", 2, "--json").json) == 2


def test_one_letter_is_shown_as_it_stands_and_as_it_is_sent(desk: CliDesk) -> None:
    desk.mail(letter())
    out = desk("outbox", "show", 1).out
    assert "Printer jams [INC-1]" in out
    assert "pending" in out
    one = desk("outbox", "show", 1, "--json").json
    raw = desk("outbox", "show", 1, "--raw").out
    assert f"Message-ID: <{one['message_id']}>" in raw
    assert raw.endswith("\r\n")


def test_letters_can_be_dropped_and_tried_again(desk: CliDesk) -> None:
    desk.mail(letter())
    assert desk("outbox", "drop", 1).code == 0
    assert desk("outbox", "show", 1, "--json").json["state"] == "dropped"
    assert len(desk("outbox", "--json").json) == 2
    twice = desk("outbox", "drop", 1)
    assert twice.code == 1
    assert "not one that can be dropped" in twice.err
    assert desk("outbox", "retry", 1).code == 0
    assert desk("outbox", "show", 1, "--json").json["state"] == "pending"
    sql(desk, "UPDATE outbox SET state = 'sent', next_at = NULL WHERE id = 1")
    assert desk("outbox", "retry", 1).code == 1
    assert desk("outbox", "drop", 1).code == 1


def test_the_outbox_can_be_paused_and_resumed(desk: CliDesk) -> None:
    assert desk("outbox", "pause").code == 0
    assert "the outbox is paused" in desk("outbox").err
    assert desk("status", "--json").json["outbox"]["paused"] is True
    assert desk("outbox", "pause").code == 0
    assert desk("outbox", "resume").code == 0
    assert desk("outbox").err == ""
    assert desk("status", "--json").json["outbox"]["paused"] is False


def test_held_letters_wait_until_somebody_lets_them_go(desk: CliDesk) -> None:
    text = (desk.config / "desk.yaml").read_text()
    (desk.config / "desk.yaml").write_text(text.replace("prefix: INC,", "prefix: INC, letters: hold,", 1))
    desk.mail(letter())
    assert {one["state"] for one in desk("outbox", "--json").json} == {"held"}
    assert "held by `letters: hold`" in desk("status").out
    assert desk("outbox", "retry", 1).code == 0
    assert desk("outbox", "show", 1, "--json").json["state"] == "pending"
