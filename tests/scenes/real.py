"""The real stage: the daemon as its own process, a real Dovecot before it, a real SMTP server behind it."""

from __future__ import annotations

import email
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import yaml
from scenes.stages import facts_of
from servers.dovecot import Mailbox
from servers.smtpd import Received
from world import DIRECTORY, PEOPLE, POLICY

from maildesk.errors import MaildeskError
from maildesk.mail.thread import scan_ids
from maildesk.store.outbox import OutboxInfo
from maildesk.store.unit import Database, Unit
from maildesk.store.views import InboxRow

INBOX_STATES = ("received", "claimed", "done", "quarantined")
OUTBOX_STATES = ("pending", "sending", "sent", "deferred", "failed", "ambiguous", "held", "dropped")
MANY = 1_000_000


def configuration(mailbox: Mailbox, smtp: Mapping[str, object], **changed: object) -> dict[str, Any]:
    """What tests/world.py says, as an admin would write it; `changed` replaces whole top-level keys."""
    server = mailbox.server
    return {
        "desk": {
            "name": POLICY.name,
            "address": POLICY.mailboxes["support"].address.email,
            "admins": [admin.email for admin in POLICY.admins],
        },
        "mailboxes": [
            {
                "name": "support",
                "imap": f"imaps://{server.host}:{server.imaps}",
                "cafile": str(server.cafile),
                "user": mailbox.user,
                "password": {"file": "secrets/imap"},
                "group": "servicedesk",
                "since": "all",
            }
        ],
        "smtp": dict(smtp),
        "database": "sqlite:///desk.db",
        "people": {
            person.key: {"name": person.name, "email": list(person.emails), "roles": sorted(person.roles)}
            for person in PEOPLE.values()
        },
        "groups": {
            group.key: {"tier": group.tier, "lead": group.lead, "members": list(group.members)}
            for group in DIRECTORY.groups.values()
        },
        "organisations": [{"name": one.name, "domains": list(one.domains)} for one in DIRECTORY.organisations],
        "categories": {name: {"group": one.group} if one.group else {} for name, one in POLICY.categories.items()},
        **changed,
    }


class DaemonProcess:
    """`maildesk run` with a configuration of its own. The log of all its lives is one file."""

    def __init__(self, folder: Path, config: Mapping[str, object], secrets: Mapping[str, str]) -> None:
        self.folder = folder
        self.config, self.state, self.log = folder / "config", folder / "state", folder / "daemon.log"
        (self.config / "secrets").mkdir(parents=True)
        self.state.mkdir(mode=0o700)
        for name, secret in secrets.items():
            path = self.config / "secrets" / name
            path.touch(mode=0o600)
            path.write_text(f"{secret}\n")
        self.env: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.lives = 0
        self.database = Database.open("sqlite:///desk.db", state=self.state)
        self.write(config)

    def write(self, config: Mapping[str, object]) -> None:
        text = yaml.safe_dump(dict(config), allow_unicode=True, sort_keys=False)
        (self.config / "desk.yaml").write_text(text, encoding="utf-8")

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """Any maildesk command with this configuration."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "maildesk", *words, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(self.state), **self.env},
            )

    def start(self, *, wait: bool = True) -> None:
        self.lives += 1
        self.process = self.command("run")
        if wait:
            self.until(self.is_open, f"life {self.lives} did not open the desk")

    def is_open(self) -> bool:
        return self.events("the desk is open") >= 1 and self.said("the desk is open", self.pid)

    def said(self, event: str, pid: int) -> bool:
        del pid
        return self.events(event) >= self.opened + 1

    opened = 0

    @property
    def pid(self) -> int:
        assert self.process is not None, "the daemon was not started"
        return self.process.pid

    def events(self, event: str) -> int:
        """How often the log says this."""
        return sum(1 for line in self.lines() if line.get("event") == event)

    def lines(self) -> Iterator[dict[str, Any]]:
        for line in self.log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{"):
                yield json.loads(line)
