"""The commands that need servers: check --connect, run, reload, verify, restored; on Dovecot and an SMTP sink."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clidesk import DESK, CliDesk, letter
from servers.dovecot import Mailbox
from servers.postgres import Postgres, running_postgres
from servers.smtpd import Sink

from maildesk.store.unit import Database

pytestmark = pytest.mark.servers


class Served:
    """A desk whose mailbox is one of Dovecot and whose letters go to a sink."""

    def __init__(self, desk: CliDesk, mailbox: Mailbox, sink: Sink) -> None:
        self.desk, self.mailbox, self.sink = desk, mailbox, sink
        self.secret = desk.config / "imap"
        self.secret.write_text(mailbox.password)
        self.secret.chmod(0o600)
        self.configure()

    def configure(self, since: str = "all", done: str = "Processed", name: str = "ACME IT", port: int = 0) -> None:
        mailbox = (
            f'  - {{name: support, group: servicedesk, imap: "imap+plain://127.0.0.1:{self.mailbox.server.imap}",\n'
            f"     user: {self.mailbox.user}, password: {{file: imap}}, since: {since}, done: {done}, poll: 1s}}"
        )
        text = DESK.replace("  - {name: support, group: servicedesk}", mailbox)
        text = text.replace("127.0.0.1:9", f"127.0.0.1:{port or self.sink.port}").replace(
            "name: ACME IT,", f"name: {name},"
        )
        (self.desk.config / "desk.yaml").write_text(text)

    def without_a_pipe(self) -> None:
        """No mailbox that only `deliver` feeds."""
        path = self.desk.config / "desk.yaml"
        path.write_text(
            "".join(row for row in path.read_text().splitlines(keepends=True) if "name: facility" not in row)
        )

    def put(self, mails: list[bytes], folder: str) -> None:
        with self.mailbox.client() as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for raw in mails:
                client.append(folder, raw)

    def sent(self) -> list[tuple[str, str]]:
        """(to, subject) of what has left, in order."""
        return [(one.to, _subject(one.content)) for one in self.sink.letters]


def _subject(content: bytes) -> str:
    import email.header
    import email.policy

    return str(email.message_from_bytes(content, policy=email.policy.default)["Subject"])


@pytest.fixture
def served(bare: CliDesk, mailbox: Mailbox, sink: Sink) -> Served:
    return Served(bare, mailbox, sink)


# --- check -----------------------------------------------------------------------------------------------------------


def test_check_logs_in_and_says_how_many_mails_would_be_taken(served: Served) -> None:
    for number in range(3):
        served.mailbox.append(letter(number=number))
    found = served.desk("check", "--connect")
    assert found.code == 0, found.out
    assert "INBOX holds 3 mails, 3 would be taken now (since: all); IDLE yes, MOVE yes, UIDPLUS yes" in found.out
    assert f"smtp 127.0.0.1:{served.sink.port}: logged in to" in found.out
    assert "`maildesk run` makes it" in found.out
    served.configure(since="now")
    assert "0 would be taken now (since: now;" in served.desk("check", "--connect").out
    served.configure(since="2026-01-01")
    assert "3 would be taken now (since: 2026-01-01)" in served.desk("check", "--connect").out
    assert served.mailbox.uids() == [1, 2, 3]
    assert served.mailbox.flags(1) == set()
    served.configure()
    assert served.desk("run", "--once").code == 0
    again = served.desk("check", "--connect", "--json").json
    assert again["mailboxes"][0]["take"] == 0
    assert again["mailboxes"][0]["why"] == "new since the last look"


def test_check_says_what_does_not_work_and_never_the_password(served: Served) -> None:
    served.secret.write_text("wrong-canary")
    found = served.desk("check", "--connect")
    assert found.code == 1
    assert "mailboxes.support: cannot log in to mailbox support" in found.out
    assert "wrong-canary" not in found.out + found.err


def test_check_trust_says_which_preset_fits_and_reads_without_a_trace(served: Served) -> None:
    served.without_a_pipe()
    by = "from x by mail.acme.example with ESMTP; Mon, 23 Nov 2026 09:00:00 +0000"
    mails = []
    for number in range(12):
        domain = f"d{number % 4}.example"
        verdict = "fail" if number == 3 else "pass"
        headers = {"From": f"a@{domain}", "Received": by}
        headers["Authentication-Results"] = f"mail.acme.example; dmarc={verdict} header.from={domain}"
        mails.append(letter(number=number, **headers))
    served.put(mails[:9], "INBOX")
    served.put(mails[9:], "Processed")
    found = served.desk("check", "--trust")
    assert found.code == 0, found.err
    assert "support  mail.acme.example  12     11    1     0" in found.out
    assert (
        "security.preset: postfix:mail.acme.example would fit; mailbox support: every mail has it on top" in found.out
    )
    assert "the configuration says: none" in found.out
    assert [served.mailbox.flags(uid) for uid in served.mailbox.uids()] == [set()] * 9
    served.mailbox.append(letter(number=12))
    told = served.desk("check", "--trust", "--json").json["trust"]
    assert (told["now"], told["preset"]) == ("none", "")
    assert told["why"].startswith("mailbox support: mails without one: 1;")
    assert told["mailboxes"][0]["survey"]["servers"][0]["passed"] == 11


def test_check_trust_looks_at_the_last_fifty_mails_only(served: Served) -> None:
    servers = ["old.example"] * 2 + ["new.example"] * 50
    served.put([letter(number=n, Authentication_Results=f"{one}; none") for n, one in enumerate(servers)], "INBOX")
    survey = served.desk("check", "--trust", "--json").json["trust"]["mailboxes"][0]["survey"]
    assert survey["mails"] == 50
    assert [one["server"] for one in survey["servers"]] == ["new.example"]


def test_check_trust_advises_nothing_for_mailboxes_that_it_cannot_look_at(served: Served) -> None:
    served.secret.write_text("wrong-canary")
    found = served.desk("check", "--trust")
    assert found.code == 1
    assert "none can be advised; all mailboxes share one preset, and these could not be looked at: support" in found.out


# --- run -------------------------------------------------------------------------------------------------------------


def test_one_round_fetches_handles_and_sends(served: Served) -> None:
    served.mailbox.append(letter())
    result = served.desk("run", "--once")
    assert result.code == 0, result.err
    assert result.out == ""
    assert ("erika@shop.example", "Printer jams [INC-1]") in served.sent()
    assert served.mailbox.uids() == []
    assert served.mailbox.uids("Processed") == [1]
    logged = [json.loads(row) for row in result.err.splitlines()]
    assert all({"event", "level", "timestamp"} <= one.keys() for one in logged)
    assert any(one.get("incident") == "INC-1" and one.get("inbox") == 1 for one in logged)
    assert "It jams again" not in result.err
    assert served.mailbox.password not in result.err


def test_one_round_with_a_server_away_ends_with_1_and_says_which(served: Served) -> None:
    served.mailbox.append(letter())
    served.configure(port=9)
    result = served.desk("run", "--once", "--log-level", "error")
    assert result.code == 1
    assert "maildesk: letters wait: the mail server cannot be used now" in result.err
    served.secret.write_text("wrong")
    served.configure()
    result = served.desk("run", "--once", "--log-level", "error")
    assert result.code == 1
    assert "maildesk: cannot log in to mailbox support" in result.err


@contextmanager
def daemon(served: Served) -> Iterator[subprocess.Popen[bytes]]:
    """`maildesk run` as a process; its log is kept beside the configuration."""
    with (served.desk.config.parent / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "maildesk", "run"], stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def logged(served: Served) -> list[str]:
    """The events that the daemon has logged."""
    rows = (served.desk.config.parent / "log").read_text().splitlines()
    return [json.loads(row)["event"] for row in rows]


def until(true: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_the_daemon_works_reloads_and_ends_when_it_is_told(served: Served) -> None:
    desk = served.desk
    with daemon(served) as process:
        until(lambda: desk("status").code == 0, "the daemon gives signs of life and has read its mailbox")
        served.mailbox.append(letter())
        served.sink.wait_for(1)

        (desk.config / "rules.yaml").write_text("rules: {}\n")
        broken = desk("reload")
        assert broken.code == 2
        assert "rules.yaml:1:" in broken.err
        assert "was not told" in broken.err

        (desk.config / "rules.yaml").write_text("rules: []\n")
        served.configure(name="New Name")
        told = desk("reload")
        assert told.code == 0
        assert f"process {process.pid}" in told.out
        until(lambda: "the configuration was reloaded" in logged(served), "the daemon reads the configuration")

        second = desk("run")
        assert second.code == 1
        assert f"maildesk runs already, as process {process.pid}" in second.err
        assert desk("db", "restored").code == 1, "it must not meet a daemon at work"

        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert logged(served)[-1] == "closing the desk"
    gone = desk("reload")
    assert gone.code == 1
    assert "no daemon runs here" in gone.err


def test_a_broken_reload_by_signal_keeps_the_old_configuration(served: Served) -> None:
    desk = served.desk
    with daemon(served) as process:
        until(lambda: desk("status").code == 0, "the daemon works")
        (desk.config / "templates" / "en").mkdir(parents=True)
        (desk.config / "templates" / "en" / "new.j2").write_text("{{ nonsense }}")
        process.send_signal(signal.SIGHUP)
        until(lambda: any("was not reloaded" in one for one in logged(served)), "the mistake is told")
        until(lambda: any(to == "root@acme.example" for to, _ in served.sent()), "an admin is told")
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


# --- verify ----------------------------------------------------------------------------------------------------------


def test_verify_proves_that_no_mail_is_lost(served: Served) -> None:
    served.configure(done="null")
    never = served.desk("run", "--once", "--config", served.desk.config)
    assert never.code == 0
    for number in range(3):
        served.mailbox.append(letter(number=number))
    new = served.desk("inbox", "verify")
    assert new.code == 0
    assert "3 more came in just now" in new.out
    served.desk("run", "--once")
    fine = served.desk("inbox", "verify")
    assert fine.code == 0
    assert "support: 3 mails from UID 1 on, 0 unknown to the database" in fine.out
    with closing(sqlite3.connect(served.desk.database)) as connection:
        connection.execute("DELETE FROM sightings WHERE uid = 2")
        connection.commit()
    lost = served.desk("inbox", "verify")
    assert lost.code == 1
    assert "UID 2, received" in lost.out
    assert "reading has gone past it" in lost.out
    (box,) = served.desk("inbox", "verify", "--json").json["mailboxes"]
    assert [one["uid"] for one in box["missing"]] == [2]


def test_verify_that_cannot_look_proves_nothing(served: Served) -> None:
    served.desk("run", "--once")
    served.secret.write_text("wrong")
    result = served.desk("inbox", "verify")
    assert result.code == 1
    assert "cannot log in" in result.out


def test_a_mail_that_waits_for_long_and_was_not_taken_is_a_finding(served: Served) -> None:
    served.desk("run", "--once")
    served.mailbox.append(letter(), when=datetime.now(UTC) - timedelta(hours=1))
    result = served.desk("inbox", "verify")
    assert result.code == 1
    assert "not taken yet" in result.out


# --- a backup comes back ---------------------------------------------------------------------------------------------


def copied(database: Path, target: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def put_back(backup: Path, database: Path) -> None:
    for path in database.parent.glob("maildesk.db*"):
        path.unlink()
    shutil.copy(backup, database)


def test_after_a_backup_came_back_nothing_is_lost_and_nobody_is_written_to_again(
    served: Served, tmp_path: Path
) -> None:
    desk = served.desk
    served.mailbox.append(letter("Known to the backup", number=1))
    desk("run", "--once")
    copied(desk.database, tmp_path / "backup.db")
    served.mailbox.append(letter("Lost with the database", number=2))
    served.mailbox.append(letter("Re: Known to the backup [INC-1]", "It goes on.", number=3))
    desk("run", "--once")
    assert len(desk("list", "--json").json) == 2
    before = served.sent()
    served.mailbox.append(letter("Never handled by anybody", number=4, From="Bob <bob@shop.example>"))

    put_back(tmp_path / "backup.db", desk.database)
    result = desk("db", "restored")
    assert result.code == 0, result.err
    assert "epoch 2 has begun" in result.out
    assert "3 mails were looked at, 2 of them are handled now" in result.out
    titles = {one["title"]: one["incident"] for one in desk("list", "--json").json}
    assert titles.keys() == {"Known to the backup", "Lost with the database"}
    assert int(titles["Lost with the database"].removeprefix("INC-")) > 1000
    assert "It goes on." in desk("show", "INC-1").out
    letters = desk("show", titles["Lost with the database"], "--json").json["letters"]
    assert {one["state"] for one in letters} == {"dropped"}

    assert desk("run", "--once").code == 0
    after = served.sent()[len(before) :]
    assert [to for to, subject in after if "Lost with" in subject or "Known to" in subject] == []
    assert "root@acme.example" in [to for to, _ in after], "the admins learn of it"
    assert any(to == "bob@shop.example" and "Never handled" in subject for to, subject in after)
    assert desk("inbox", "verify").code == 0

    again = desk("db", "restored", "--only-read")
    assert again.code == 0
    assert "epoch" not in again.out
    assert "0 of them are handled now; 0 letters were not repeated" in again.out


def test_where_mails_stay_in_inbox_all_of_them_are_read_again(served: Served, tmp_path: Path) -> None:
    desk = served.desk
    served.configure(done="null")
    desk("run", "--once")
    copied(desk.database, tmp_path / "backup.db")
    served.mailbox.append(letter("Lost with the database", number=2))
    desk("run", "--once")
    before = len(served.sent())
    put_back(tmp_path / "backup.db", desk.database)
    assert desk("db", "restored", "--days", "1").code == 0
    desk("run", "--once")
    assert [to for to, _ in served.sent()[before:]] == ["root@acme.example"]
    assert len(desk("list", "--json").json) == 1
    assert desk("inbox", "verify").code == 0


def test_a_mailbox_that_is_away_is_read_again_later(served: Served, tmp_path: Path) -> None:
    desk = served.desk
    desk("run", "--once")
    copied(desk.database, tmp_path / "backup.db")
    served.mailbox.append(letter("Lost with the database", number=2))
    desk("run", "--once")
    put_back(tmp_path / "backup.db", desk.database)
    served.secret.write_text("wrong")
    failed = desk("db", "restored")
    assert failed.code == 1
    assert "--only-read" in failed.err
    served.secret.write_text(served.mailbox.password)
    assert "1 of them are handled now" in desk("db", "restored", "--only-read").out


def test_letters_that_the_site_holds_back_stay_held(served: Served) -> None:
    desk = served.desk
    text = (desk.config / "desk.yaml").read_text()
    (desk.config / "desk.yaml").write_text(text.replace("prefix: INC,", "prefix: INC, letters: hold,", 1))
    served.mailbox.append(letter())
    desk("run", "--once")
    held = {one["id"] for one in desk("outbox", "--state", "held", "--json").json}
    assert held
    assert desk("db", "restored").code == 0
    assert held <= {one["id"] for one in desk("outbox", "--state", "held", "--json").json}


def test_upgrade_makes_a_database_and_says_where_the_copy_is(bare: CliDesk) -> None:
    assert bare("db", "upgrade").code == 0
    assert bare.database.exists()
    assert bare("list").code == 0
    assert "is kept in" not in bare("db", "upgrade").out
    database = Database.open(f"sqlite:///{bare.database}")
    with closing(database), database.view() as view:
        assert view.meta.epoch() == 1


def test_the_state_directory_is_the_owners_alone(bare: CliDesk) -> None:
    bare("db", "upgrade")
    assert bare.state.stat().st_mode & 0o777 == 0o700
    assert bare.database.stat().st_mode & 0o777 == 0o600


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


def test_everything_works_on_postgresql_too(bare: CliDesk, cluster: Postgres) -> None:
    with (bare.config / "desk.yaml").open("a") as file:
        file.write(f"database: {cluster.database()}\n")
    empty = bare("list")
    assert empty.code == 1
    assert "maildesk db upgrade" in empty.err
    assert bare("deliver", stdin=letter()).code == 75
    assert bare("db", "upgrade").code == 0
    bare.mail(letter())
    assert [one["incident"] for one in bare("list", "--json").json] == ["INC-1"]
    assert bare("act", 1, "#p1").code == 0
    assert bare("status").code == 2
    assert "its schema is the one of this version" in bare("check", "--connect").out
    assert bare("db", "restored").code == 0
    bare.mail(letter(number=2, From="Bob <bob@shop.example>"))
    assert int(bare("list", "--json").json[-1]["incident"].removeprefix("INC-")) > 1000


def test_a_database_that_is_away_is_said_in_a_sentence(bare: CliDesk) -> None:
    with (bare.config / "desk.yaml").open("a") as file:
        file.write("database: postgresql://desk@127.0.0.1:9/desk\n")
    result = bare("list")
    assert result.code == 1
    assert "postgresql://desk@127.0.0.1:9/desk" in result.err
    assert "Traceback" not in result.err
    assert bare("status").code == 2
    assert bare("deliver", stdin=letter()).code == 75
    assert bare("check").code == 0
    assert bare("check", "--connect").code == 1
