"""The demo as somebody who tries it sees it: a process of its own, its output a pipe."""

import email
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from maildesk.build import read_settings
from maildesk.demo.company import BEN, CORA, ERIKA, passwords, write_configuration
from maildesk.demo.mailclient import MailClient
from maildesk.demo.postoffice import HOST, PostOffice
from maildesk.demo.screen import shortened
from maildesk.wire.imap import ImapAccount, ImapSession

IN_ORDER = """
1 of 9
Erika Muster -> the desk
Printer on the third floor jams
the desk -> Erika Muster
Printer on the third floor jams [INC-1]
Its number is INC-1
the desk -> Ann Lee, Ben Ode (a letter each)
INC-1 is new in servicedesk
hardware/printer
- rule Printers: word "printer*" matched "printer" in the subject
2 of 9
Re: Printer on the third floor jams [INC-1] #take #p2
ann@acme.example
the desk -> Erika Muster
I am on my way
DONE: Printer on the third floor jams [INC-1]
P3 -> P2
3 of 9
network/vpn
rule VPN trouble: word "vpn" in the subject
[INC-2] #assign @network
the desk -> Nia Fox
Ben Ode passed it on
Nia Fox -> the desk
the desk -> Otto Beck
4 of 9
a service request
5 of 9
#resolv new rollers
NOT DONE: Printer on the third floor jams [INC-1]
did you mean
-> #resolve new rollers
[INC-1] #resolve new rollers
We have solved INC-1
6 of 9
I am out of the office
No letter to anybody, INC-1 stays resolved
7 of 9
Ben Ode -> the desk
the mail server -> the desk
the desk -> Ben Ode
did not reach cora@shop.example
8 of 9
Yes!
INC-1 is closed
9 of 9
Mallory Snoop -> the desk
We received your message [INC-4]
May belong to INC-1
maildesk list
INC-2     P2    in progress  nia       network
INC-4     P3    new          nobody    servicedesk
INC-3     P5    in progress  ben       servicedesk
maildesk show INC-1
Erika Muster  mail    The blue tray jams
Printers      rule    word "printer*" matched
Ann Lee       change  taken by Ann Lee
Ann Lee       note    not carried out: #resolv
Erika Muster  auto    I am out of the office
Erika Muster  change  confirmed and closed by the requester
maildesk init DIR
maildesk check --config DIR --connect
maildesk run --config DIR
"""
plays = pytest.mark.servers  # its own ones, in its process; what costs the time is that it plays a whole story
STEP_5 = "Ann mistypes"
STEP_9 = "Somebody from outside"


def environment(home: Path, **more: str) -> dict[str, str]:
    (home / "tmp").mkdir(exist_ok=True)
    return os.environ | {"HOME": str(home), "TMPDIR": str(home / "tmp"), "COLUMNS": "200"} | more


def demo(home: Path, code: str = "from maildesk.cli import main; main(['demo'])", **more: str):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=environment(home, **more),
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """One run of it: the directory it had to itself, and what came of it."""
    home = tmp_path_factory.mktemp("demo")
    return home, demo(home)


@plays
def test_the_story_is_told_to_its_end_and_in_order(told):
    _, run = told
    assert (run.returncode, run.stderr) == (0, "")
    rest = run.stdout
    for line in IN_ORDER.strip().splitlines():
        _, found, rest = rest.partition(line)
        assert found, f"{line!r} does not stand where it should in:\n{run.stdout}"


@plays
def test_in_a_pipe_it_has_no_colours_and_fits_80_columns(told):
    _, run = told
    assert "\x1b" not in run.stdout
    lines = [line for line in run.stdout.splitlines() if "/" not in line]  # a path is copied whole
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line != line.rstrip()] == []


@plays
def test_nothing_of_it_is_left_on_the_disk(told):
    home, _ = told
    assert [path for path in home.rglob("*") if path != home / "tmp"] == []


@plays
def test_the_wrong_command_and_the_stranger_change_nothing(told):
    _, run = told
    fifth = run.stdout.partition(STEP_5)[2].partition("6 of 9")[0]
    assert "Nothing was changed." in fifth
    ninth = run.stdout.partition(STEP_9)[2].partition("the desk -> Ann Lee")[0].partition("the desk -> Mallory")[2]
    assert "INC-4" in ninth
    assert "INC-1" not in ninth
    assert "rinter" not in ninth


FAILING = """
from maildesk.demo import main, stage, story
from maildesk.demo.company import ERIKA, NIA

def in_vain(play):
    play.writes(ERIKA, "Beamer", "Its lamp is out.")
    play.gets(ERIKA, saying="Its number is INC-1")
    stage.PATIENCE = 0.3
    play.gets(NIA, saying="a new lamp")

def unforeseen(play):
    stage.PATIENCE = 20.0
    play.writes(ERIKA, "Beamer", "Its lamp is out.")

for step in (in_vain, unforeseen):
    story.STORY = (story.Step("Erika writes.", step),)
    print("it ends with", main(False))
"""


@plays
def test_what_is_not_as_in_the_story_is_named_and_the_log_is_kept(tmp_path):
    run = demo(tmp_path, FAILING)
    never, unforeseen, _ = run.stdout.split("it ends with 1\n")
    assert 'The demo failed: no letter came to Nia Fox that says "a new lamp" (what came: nothing).' in never
    assert 'The demo failed: Erika Muster got "Beamer [INC-1]", which is not in the story.' in unforeseen
    logs = sorted(tmp_path.glob("tmp/maildesk-demo-*/desk.log"))
    assert sorted(re.findall(r"^What the desk did stands in (.*)$", run.stdout, re.MULTILINE)) == list(map(str, logs))
    assert all("mail handled" in log.read_text() for log in logs)


@pytest.mark.parametrize("missing", ["pymap", "aiosmtpd"])
def test_without_its_servers_it_says_the_lines_that_install_them(tmp_path, missing):
    run = demo(tmp_path, f"import sys; sys.modules[{missing!r}] = None; from maildesk.cli import main; main(['demo'])")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("pip install 'maildesk[demo]'  ")


@pytest.fixture
def kept(tmp_path):
    """The demo with --keep, running; it is killed at the end if it has not ended."""
    command = [sys.executable, "-m", "maildesk", "demo", "--keep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(tmp_path)) as process:
        guard = threading.Timer(60, process.kill)
        guard.start()
        yield process
        guard.cancel()
        process.kill()


@plays
def test_kept_running_it_serves_a_mail_client_and_ends_with_ctrl_c(kept, tmp_path):
    shown = _until(kept, "desk.log")
    imap, smtp = (int(re.search(rf"{name}  127.0.0.1, port (\d+)", shown)[1]) for name in ("IMAP", "SMTP"))
    directory = Path(re.search(r"maildesk --config (\S+) list", shown)[1])
    assert "otto@shop.example          otto" in shown
    before = _mailbox(imap)
    _write(smtp, "Screen stays dark")
    assert "Screen stays dark [INC-5]" in _until(kept, "support@acme.example -> otto@shop.example")
    assert len(_mailbox(imap)) == len(before) + 1
    queue = [sys.executable, "-m", "maildesk", "--config", str(directory), "list"]
    listed = subprocess.run(queue, capture_output=True, text=True, check=True, env=environment(tmp_path))
    assert "Screen stays dark" in listed.stdout
    kept.send_signal(signal.SIGINT)
    assert "maildesk init DIR" in kept.stdout.read()
    assert kept.wait(20) == 0
    assert not directory.exists()
    for port in (imap, smtp):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), 1)


def _until(process, words: str) -> str:
    """What it says up to the line with these words, and the line after it."""
    shown = ""
    for line in process.stdout:
        shown += line
        if words in line:
            return shown + process.stdout.readline()
    raise AssertionError(f"it ended before it said {words!r}:\n{shown}")


def _write(port: int, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "otto@shop.example", "support@acme.example", subject
    message["Message-ID"] = "<from-a-mail-client@shop.example>"
    message.set_content("It is the lamp, perhaps.\n")
    with smtplib.SMTP(HOST, port, local_hostname="client.example") as server:
        server.login("otto@shop.example", "otto")
        server.send_message(message)


def _mailbox(port: int) -> list[int]:
    account = ImapAccount("otto", HOST, port, "none", "otto@shop.example", lambda: "otto")
    session = ImapSession(account)
    session.connect()
    session.select()
    uids = session.uids_from(1)
    session.close()
    return uids


# --- its parts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def office():
    with PostOffice(passwords()) as servers:
        yield servers


def test_the_post_office_wakes_a_client_that_waits(office):
    erika, ben = MailClient(ERIKA, office), MailClient(BEN, office)
    message = erika.write("Lunch?", "At one.")
    message.replace_header("To", BEN.email)
    with smtplib.SMTP(HOST, office.smtp_port, local_hostname="client.example") as server:
        server.login(ERIKA.email, ERIKA.password)
        threading.Timer(0.2, server.send_message, [message]).start()
        letter = ben.wait_for("At one.", 10)
    assert letter is not None
    assert letter.subject == "Lunch?"
    ben.close()


def test_a_mail_that_came_just_before_a_client_waits_is_told_too(office):
    mailbox = ImapSession(ImapAccount("ben", HOST, office.imap_port, "none", BEN.email, lambda: BEN.password))
    mailbox.connect()
    mailbox.select()
    assert mailbox.uids_from(1) == []
    with smtplib.SMTP(HOST, office.smtp_port, local_hostname="client.example") as server:
        server.login(ERIKA.email, ERIKA.password)
        server.sendmail(ERIKA.email, [BEN.email], "Subject: Lunch?\r\n\r\nAt one.\r\n")
    began = time.monotonic()
    assert mailbox.wait(10) is True  # untold, it is announced when the client gives up waiting
    assert time.monotonic() - began < 5
    assert len(mailbox.uids_from(1)) == 1
    mailbox.close()


def test_a_mail_to_nobody_comes_back_with_the_mail_in_it_and_a_report_never_does(office):
    office.forget(CORA.email)
    erika = MailClient(ERIKA, office)
    message = erika.write("Lunch?", "At one.")
    message.replace_header("To", CORA.email)
    with smtplib.SMTP(HOST, office.smtp_port, local_hostname="client.example") as server:
        server.login(ERIKA.email, ERIKA.password)
        server.send_message(message)
        server.sendmail("", [CORA.email], "From: mailer-daemon@shop.example\r\n\r\nlost\r\n")
    letter = erika.wait_for("there is no such mailbox", 10)
    assert letter is not None
    status, original = (part for part in letter.message.walk() if part.get_content_maintype() == "message")
    assert [block["Action"] for block in status.get_payload()] == [None, "failed"]
    assert original.get_payload(0)["Message-ID"] == message["Message-ID"]
    assert email.message_from_bytes(office.reports.get(timeout=5))["To"] == ERIKA.email
    assert office.reports.empty()
    erika.close()


def test_who_does_not_log_in_cannot_send(office):
    with smtplib.SMTP(HOST, office.smtp_port, local_hostname="client.example") as server:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            server.sendmail("x@elsewhere.example", [ERIKA.email], "Hello")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            server.login(ERIKA.email, "wrong")


def test_closed_the_post_office_leaves_no_port_and_no_thread():
    with PostOffice(passwords()) as office:
        ports = (office.imap_port, office.smtp_port)
        client = socket.create_connection((HOST, office.imap_port), 5)
        assert client.recv(4).startswith(b"* OK")
    with client, client.makefile("rb") as said:
        assert b"* BYE" in said.read()
    assert "post office" not in {thread.name for thread in threading.enumerate()}
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, port), 1)


def test_its_configuration_is_one_that_can_be_copied(tmp_path):
    write_configuration(tmp_path, 143, 25)
    settings = read_settings(tmp_path, {"HOME": str(tmp_path)})
    assert settings.warnings == ()
    assert settings.policy.rules.check_examples() == []
    assert settings.mailboxes[0].password.reveal() == "desk"
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "secrets").iterdir()} == {
        "mailbox": "0o600",
        "keys": "0o600",
    }


def test_a_letter_is_shown_without_what_stands_in_every_letter():
    letter = (
        "Your reply goes to Erika (public).\n\nINC-1 is new.\n\nErika wrote:\n\n> It jams.\n\n"
        "-> #take: mailto:support@acme.example?subject=%5BINC-1%5D\n\nRequester  Erika\nState      new\n\n"
        "Why it came here:\n\n- rule Printers\n\nWhat happened before:\n\n1 May  Erika  It jams.\n\n"
        "After [INC-1] in the subject you can write: #take\n\n-- \nACME\n"
    )
    assert shortened(letter) == "INC-1 is new.\n\nErika wrote:\n\n> It jams.\n\n-> #take"
