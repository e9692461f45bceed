"""The real stage: the daemon as a process of its own, a real Dovecot before it, a real SMTP server behind it."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from scenes.stages import facts_of
from servers.dovecot import Mailbox
from servers.nursery import Child, Nursery
from servers.smtpd import Received, Sink
from world import DIRECTORY, PEOPLE, POLICY

from maildesk.errors import MaildeskError
from maildesk.mail.thread import scan_ids
from maildesk.store.outbox import OutboxInfo
from maildesk.store.unit import Database, Unit
from maildesk.store.views import InboxRow

IN_STATES = ("received", "claimed", "done", "quarantined")
OUT_STATES = ("pending", "sending", "sent", "deferred", "failed", "ambiguous", "held", "dropped")
MANY = 1_000_000
_COUNTS = """
SELECT (SELECT count(*) FROM inbox WHERE state IN ('done', 'quarantined')),
       (SELECT count(*) FROM outbox WHERE next_at IS NOT NULL OR leased_until IS NOT NULL)
"""
PATIENCE = 40.0  # seconds; far more than anything takes, for machines that do ten things at once


# --- what an admin writes --------------------------------------------------------------------------------------------


def mailbox_section(mailbox: Mailbox, name: str = "support", **changed: object) -> dict[str, object]:
    """One of `mailboxes`: by TLS, verified; None takes a key away. The password lies in secrets/NAME."""
    server = mailbox.server
    section: dict[str, object] = {
        "name": name,
        "imap": f"imaps://{server.host}:{server.imaps}",
        "cafile": str(server.cafile),
        "user": mailbox.user,
        "password": {"file": f"secrets/{name}"},
        "group": "servicedesk",
        "since": "all",
    }
    return {key: value for key, value in (section | changed).items() if value is not None}


def configuration(mailbox: Mailbox, smtp: Mapping[str, object], **changed: object) -> dict[str, object]:
    """What tests/world.py says, as an admin would write it; `changed` replaces whole top-level keys."""
    desk = POLICY.mailboxes["support"].address.email
    return {
        "desk": {"name": POLICY.name, "address": desk, "admins": [admin.email for admin in POLICY.admins]},
        "mailboxes": [mailbox_section(mailbox)],
        "smtp": dict(smtp),
        "database": "sqlite:///desk.db",
        "people": {
            one.key: {"name": one.name, "email": list(one.emails), "roles": sorted(str(role) for role in one.roles)}
            for one in PEOPLE.values()
        },
        "groups": {
            one.key: {"tier": one.tier, "lead": one.lead, "members": list(one.members)}
            for one in DIRECTORY.groups.values()
        },
        "organisations": [{"name": one.name, "domains": list(one.domains)} for one in DIRECTORY.organisations],
        "categories": {name: {"group": one.group} if one.group else {} for name, one in POLICY.categories.items()},
        **changed,
    }


def plain(port: int) -> dict[str, object]:
    """The `smtp` section for a server on this machine without TLS."""
    return {"url": f"smtp+plain://127.0.0.1:{port}"}


@cache
def nursery() -> Nursery:
    """One for the whole run of the tests."""
    one = Nursery()
    atexit.register(one.close)
    return one


# --- the daemon ------------------------------------------------------------------------------------------------------


class DaemonProcess:
    """`maildesk run` with a configuration and a database of its own; it may live several times, one log each."""

    def __init__(self, folder: Path, config: Mapping[str, object], secrets: Mapping[str, str]) -> None:
        self.config, self.state, self.logs = folder / "config", folder / "state", folder / "logs"
        for path in (self.config, self.state, self.logs, self.config / "secrets"):
            path.mkdir(mode=0o700, parents=True)
        for name, secret in secrets.items():
            (self.config / "secrets" / name).touch(mode=0o600)
            (self.config / "secrets" / name).write_text(f"{secret}\n")
        self.secrets = dict(secrets)
        self.env: dict[str, str] = {}
        self.lives = 0
        self.process: subprocess.Popen[bytes] | Child | None = None
        self.database = Database.open("sqlite:///desk.db", state=self.state)
        self.write(config)

    def write(self, config: Mapping[str, object]) -> None:
        """Replace the configuration; a running daemon has to be told."""
        text = yaml.safe_dump(dict(config), allow_unicode=True, sort_keys=False)
        (self.config / "desk.yaml").write_text(text, encoding="utf-8")

    def start(self, *, wait: bool = True, fresh: bool = False) -> None:
        """Begin a new life; `fresh` with an interpreter of its own, as a service manager does it."""
        self.lives += 1
        words = ("run", "--config", str(self.config))
        env = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(self.state), **self.env}
        if fresh:
            self.process = self._interpreter(words, env)
        else:
            self.process = nursery().start(words, env, self.log)
        if wait:
            self.until(self.is_open, "the desk did not open")

    def _interpreter(self, words: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "maildesk", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(env),
            )

    def is_open(self) -> bool:
        return self.log.exists() and bool(self.said("the desk is open"))

    def says(self, *words: str) -> int:
        """The exit code of another command with this configuration; what it prints goes to the log."""
        env = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(self.state), **self.env}
        return nursery().start((*words, "--config", str(self.config)), env, self.log).wait(PATIENCE)

    def children(self) -> list[Living]:
        """The processes that the daemon has started."""
        pids = Path(f"/proc/{self.running.pid}/task").glob("*/children")
        return [Living(int(pid)) for tasks in pids for pid in tasks.read_text().split()]

    def stop(self, seconds: float = 10) -> float:
        """SIGTERM: it must end by itself, in good order and in time. Returns how long it took."""
        started = time.monotonic()
        self.running.terminate()
        try:
            code = self.running.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {seconds} s of SIGTERM\n{self.tail()}") from None
        assert code == 0, f"it ended with {code}\n{self.tail()}"
        self.process = None
        return time.monotonic() - started

    def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        self.running.kill()
        self.running.wait()
        self.process = None

    def hang_up(self) -> None:
        """SIGHUP: read the configuration anew."""
        self.running.send_signal(signal.SIGHUP)

    def close(self) -> None:
        if self.process is not None:
            self.kill()
        self.database.close()

    @property
    def running(self) -> subprocess.Popen[bytes] | Child:
        assert self.process is not None, "the daemon does not run"
        return self.process

    @property
    def log(self) -> Path:
        return self.logs / f"{self.lives}.log"

    def lines(self) -> Iterator[dict[str, Any]]:
        """What the present life has logged. A line that a kill cut in two is none."""
        for line in self.log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line.get("event") == event]

    def everything_said(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.logs.iterdir()))

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8")[-4000:] if self.log.exists() else "(no log)"

    def until(self, condition: Callable[[], object], otherwise: str, seconds: float = PATIENCE) -> None:
        """Wait for something; a daemon that died meanwhile is an answer, too."""
        end = time.monotonic() + seconds
        while not condition():
            dead = self.process is not None and self.process.poll() is not None
            assert not dead, f"{otherwise}: it died\n{self.tail()}"
            assert time.monotonic() < end, f"{otherwise}\n{self.tail()}"
            time.sleep(0.02)

    def rows(self) -> list[InboxRow]:
        """Every mail of the inbox; none before there is a database."""
        return self._read(lambda view: list(reversed(view.views.inbox(*IN_STATES, limit=MANY))))

    def letters(self) -> list[OutboxInfo]:
        """Every letter of the outbox, oldest first."""
        return self._read(lambda view: list(reversed(view.views.outbox(*OUT_STATES, limit=MANY))))

    def counts(self) -> tuple[int, int]:
        """(mails with an outcome, letters that are still to go by themselves)."""
        try:
            with closing(sqlite3.connect(f"file:{self.state / 'desk.db'}?mode=ro", uri=True)) as connection:
                return connection.execute(_COUNTS).fetchone()
        except sqlite3.OperationalError:  # it is just being made
            return 0, 0

    def template(self, message_id: str) -> str:
        """Of which sort a letter is."""
        with closing(sqlite3.connect(f"file:{self.state / 'desk.db'}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT template FROM outbox WHERE message_id = ?", (message_id,)).fetchone()
        assert found is not None, f"no outbox has {message_id}"
        return str(found[0])

    def _read(self, question: Callable[[Unit], list[Any]]) -> list[Any]:
        try:
            with self.database.view() as view:
                return question(view)
        except MaildeskError:  # it is just being made
            return []


@contextmanager
def daemon(folder: Path, config: Mapping[str, object], *mailboxes: Mailbox, **secrets: str) -> Iterator[DaemonProcess]:
    """A daemon, not yet started. The passwords of mailboxes are called support, then second."""
    names = dict(zip(("support", "second"), (one.password for one in mailboxes), strict=False))
    one = DaemonProcess(folder, config, names | secrets)
    try:
        yield one
    finally:
        one.close()


class Living:
    """A process of which somebody wants to know whether it is still there, whoever gets its number next."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.command = Path(f"/proc/{pid}/cmdline").read_bytes()
        self._born = self._stat()[-1]

    def _stat(self) -> tuple[str, str]:
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return words[0], words[19]  # state, and when it was started

    @property
    def gone(self) -> bool:
        try:
            state, born = self._stat()
        except (FileNotFoundError, ProcessLookupError):
            return True
        return state in "ZX" or born != self._born


# --- the stage -------------------------------------------------------------------------------------------------------


class RealStage:
    """Plays scenes. Every second mail comes by LMTP, the others by APPEND; every second restart is a SIGKILL."""

    def __init__(self, running: DaemonProcess, mailbox: Mailbox, sink: Sink) -> None:
        self.daemon, self.mailbox, self.sink = running, mailbox, sink
        self.ids: list[str] = []  # the Message-IDs of all mails, in order
        self.appended: dict[str, str] = {}  # Message-ID -> sha256, of those that no server adds a header to
        self.collected: set[str] = set()

    def deliver(self, raw: bytes) -> None:
        message_id = self.follow(raw)
        if len(self.ids) % 2:
            self.mailbox.deliver(raw, sender=_sender(raw))
        else:
            self.appended[message_id] = hashlib.sha256(raw).hexdigest()
            self.mailbox.append(raw)

    def follow(self, raw: bytes) -> str:
        """A mail that is on its way: `settle` waits for it."""
        message_id = scan_ids(raw)[0]
        assert message_id is not None, "a mail without Message-ID cannot be followed"
        self.ids.append(message_id)
        return message_id

    def settle(self) -> list[tuple[str, str, str, bytes]]:
        self.daemon.until(self._settled, "the desk did not come to rest")
        letters = {one.message_id: one for one in self.daemon.letters()}
        new = []
        for got in list(self.sink.letters):
            message_id = letter_id(got)
            if message_id not in self.collected:
                self.collected.add(message_id)
                new.append((got.to, got.sender, letters[message_id].template, got.content))
        return new

    def _settled(self) -> bool:
        handled, waiting = self.daemon.counts()
        if handled < len(self.ids) or waiting:  # a cheap question first, for this is asked many times a second
            return False
        rows = {row.message_id: row.state for row in self.daemon.rows()}
        if not all(rows.get(one) in {"done", "quarantined"} for one in self.ids):
            return False
        letters = self.daemon.letters()
        if any(one.state in {"pending", "sending", "deferred"} for one in letters):
            return False
        arrived = {letter_id(one) for one in list(self.sink.letters)}
        return all(one.message_id in arrived for one in letters if one.state == "sent")

    def facts(self, tag: str) -> dict[str, str]:
        with self.daemon.database.view() as view:
            return facts_of(view, int(tag.rpartition("-")[2]))

    def forward(self, time: timedelta) -> None:
        raise AssertionError(f"real time cannot jump {time}; this scene is for the quick stage")

    def restart(self) -> None:
        if self.daemon.lives % 2:
            self.daemon.stop()
        else:
            self.daemon.kill()
        self.daemon.start(wait=False)


def letter_id(letter: Received) -> str:
    message_id = scan_ids(letter.content)[0]
    assert message_id is not None, "every letter has a Message-ID"
    return message_id


def _sender(raw: bytes) -> str:
    """Who an MTA would say has sent it: nobody, for a bounce."""
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii", "replace").splitlines()
    if "Return-Path: <>" in head:
        return ""
    return parseaddr(next(line for line in head if line.startswith("From:")))[1]


# --- the reckoning ---------------------------------------------------------------------------------------------------


def accounted_for(running: DaemonProcess, mailbox: Mailbox, ids: list[str]) -> None:
    """Every mail has exactly one row, done, with the bytes that the server holds; the server's INBOX is empty."""
    running.until(lambda: not mailbox.uids(), "mails stay in INBOX", 10)
    rows = running.rows()
    assert sorted(row.message_id or "" for row in rows) == sorted(ids), "one row a mail"
    assert {row.state for row in rows} == {"done"}, [(row.message_id, row.state, row.reason) for row in rows]
    with running.database.view() as view:
        held = {row.id: hashlib.sha256(view.inbox.raw(row.id)).hexdigest() for row in rows}
    assert held == {row.id: row.sha256 for row in rows}, "the bytes are those that the row names"
    filed = Counter(hashlib.sha256(raw).hexdigest() for raw in mailbox.mails("Processed"))
    assert filed == Counter(row.sha256 for row in rows), "the done folder holds each of them"


def no_secret_was_logged(running: DaemonProcess) -> None:
    said = running.everything_said()
    assert not [name for name, secret in running.secrets.items() if secret in said], "a password stands in the log"
