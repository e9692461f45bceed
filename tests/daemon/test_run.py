"""The daemon as a process: reload, one at a time, word to the service manager, one round and out."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon.desks import mail
from scenes.real import DaemonProcess, configuration, daemon, mailbox_section, plain
from servers.dovecot import Dovecot, Mailbox
from servers.loopback import free_ports
from servers.smtpd import Sink

pytestmark = pytest.mark.servers

RULE: dict[str, Any] = {"name": "Lamps", "when": {"words": ["lamp"]}, "set": {"category": "hardware", "priority": "P1"}}


class Manager:
    """What a service manager hears from its service."""

    def __init__(self, path: Path) -> None:
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(path))
        self._ear.settimeout(0.05)
        self.heard: list[str] = []

    def hears(self, word: str, times: int = 1) -> bool:
        try:
            while True:
                self.heard += self._ear.recv(4096).decode().splitlines()
        except TimeoutError:
            return sum(1 for line in self.heard if line.startswith(word)) >= times

    def close(self) -> None:
        self._ear.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(tmp_path / "notify")
    yield one
    one.close()


def done(one: DaemonProcess, *names: str) -> bool:
    states = {(row.message_id or "").partition("@")[0]: row.state for row in one.rows()}
    return all(states.get(name) == "done" for name in names)


def told(one: DaemonProcess, template: str) -> list[str]:
    return [letter.to_email for letter in one.letters() if letter.template == template]


# --- reload ----------------------------------------------------------------------------------------------------------


def test_a_reload_takes_a_good_configuration_and_no_other(
    dovecot: Dovecot, mailbox: Mailbox, sink: Sink, manager: Manager, tmp_path: Path
) -> None:
    second = dovecot.user().create()
    config = configuration(mailbox, plain(sink.port))
    with daemon(tmp_path / "desk", config, mailbox, second) as one:
        one.env = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        one.start()
        one.until(lambda: manager.hears("READY=1"), "it does not say that it is ready")
        mailbox.append(mail("lamp"))
        one.until(lambda: done(one, "lamp"), "the first mail")
        assert facts(one, 1) == ("", "P3")

        boxes = [mailbox_section(mailbox), mailbox_section(second, "second", address="sales@acme.example")]
        one.write({**config, "mailboxes": boxes, "rules": [RULE]})
        second.append(mail("other", "otto@shop.example"))
        one.hang_up()
        one.until(lambda: manager.hears("READY=1", 2), "it does not say that it has reloaded")
        assert manager.hears("RELOADING=1")
        one.until(lambda: done(one, "other"), "the new mailbox is not read")
        mailbox.append(mail("lamp-too", "cora@shop.example", "The lamp flickers."))
        one.until(lambda: done(one, "lamp-too"), "the old mailbox is read no more")
        assert facts(one, 3) == ("hardware", "P1")

        one.write({**config, "mailboxes": boxes, "rules": [{**RULE, "sat": {}}]})
        one.hang_up()
        one.until(lambda: told(one, "alarm") == ["root@acme.example"], "the admin is not told")
        mailbox.append(mail("lamp-three", "dora@shop.example", "The lamp is out."))
        second.append(mail("another", "emil@shop.example"))
        one.until(lambda: done(one, "lamp-three", "another"), "the old configuration is not kept")
        assert facts(one, 4) == ("hardware", "P1") or facts(one, 5) == ("hardware", "P1")
        one.until(lambda: [x for x in sink.letters if x.to == "root@acme.example"], "the alarm does not leave")
        (alarm,) = [letter for letter in sink.letters if letter.to == "root@acme.example"]
        assert b"sat" in alarm.content
        one.stop()


def facts(one: DaemonProcess, number: int) -> tuple[str, str]:
    with one.database.view() as view:
        incident = view.incidents.get(number)
    assert incident is not None
    return incident.category, str(incident.priority)


def test_another_mail_server_is_used_after_a_reload(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    with Sink() as other, daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        mailbox.append(mail("lamp"))
        one.start()
        sink.wait_for(3)
        one.write(configuration(mailbox, plain(other.port)))
        one.hang_up()
        one.until(lambda: one.said("the configuration was reloaded"), "it does not reload")
        mailbox.append(mail("other", "otto@shop.example"))
        other.wait_for(3)
        one.stop()
        assert len(sink.letters) == 3


# --- the service manager ---------------------------------------------------------------------------------------------


def test_the_service_manager_hears_of_every_step(
    mailbox: Mailbox, sink: Sink, manager: Manager, tmp_path: Path
) -> None:
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        one.env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
        one.start()
        one.until(lambda: manager.hears("WATCHDOG=1", 3), "the watchdog starves")
        one.stop()
        assert manager.hears("STOPPING=1")
    words = [line.partition("=")[0] for line in manager.heard]
    assert words.index("READY") < words.index("WATCHDOG") < words.index("STOPPING")
    assert "STATUS=reading 1 mailboxes" in manager.heard


def test_a_shower_of_signals_neither_ends_nor_blocks_it(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        one.start()
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            os.kill(one.running.pid, signal.SIGHUP)
        mailbox.append(mail("after"))
        one.until(lambda: done(one, "after"), "it does not work any more")
        one.stop()


# --- alone -----------------------------------------------------------------------------------------------------------


def test_a_second_daemon_on_the_same_database_is_refused(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        one.start()
        assert one.says("run") == 1
        assert f"runs already, as process {one.running.pid}" in one.tail()
        assert one.says("run", "--once") == 1
        mailbox.append(mail("still"))
        one.until(lambda: done(one, "still"), "the first one goes on")
        one.stop()


# --- one round -------------------------------------------------------------------------------------------------------


def test_one_round_fetches_handles_sends_and_ends(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        mailbox.append(mail("lamp"))
        assert one.says("run", "--once") == 0, one.tail()
        assert done(one, "lamp")
        assert mailbox.uids() == []
        assert sorted(got.to for got in sink.letters) == ["ann@acme.example", "ben@acme.example", "erika@shop.example"]


def test_a_round_without_one_of_the_servers_does_the_rest_and_fails(
    dovecot: Dovecot, mailbox: Mailbox, sink: Sink, tmp_path: Path
) -> None:
    away = dovecot.user().create()
    nowhere = {"imap": f"imap+plain://127.0.0.1:{free_ports(1)[0]}", "cafile": None, "address": "b@acme.example"}
    boxes = [mailbox_section(away, "second", **nowhere), mailbox_section(mailbox)]
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port), mailboxes=boxes), mailbox, away) as one:
        mailbox.append(mail("lamp"))
        assert one.says("run", "--once") == 1
        assert done(one, "lamp")
        assert len(sink.letters) == 3
        assert "mailbox second" in one.tail()
        one.write(configuration(mailbox, plain(free_ports(1)[0])))
        mailbox.append(mail("other", "otto@shop.example"))
        assert one.says("run", "--once") == 1
        assert done(one, "other")
        assert "letters wait" in one.tail()
