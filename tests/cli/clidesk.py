"""A desk for tests of the command line: a small configuration in a folder, and `maildesk` called in this process."""

from __future__ import annotations

import atexit
import io
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from maildesk import build
from maildesk.cli import main
from maildesk.daemon.desk import Desk
from maildesk.daemon.handle import handle_waiting
from maildesk.daemon.reader import Reader
from maildesk.store.unit import Database

DESK = """\
desk: {name: ACME IT, address: support@acme.example, prefix: INC, timezone: UTC, admins: [root@acme.example]}
mailboxes:
  - {name: support, group: servicedesk}
  - {name: facility, address: facility@acme.example, prefix: FAC}
smtp: {url: "smtp+plain://127.0.0.1:9"}
people:
  ann: {name: Ann Lee, email: [ann@acme.example], roles: [technician]}
  dana: {name: Dana Roe, email: [dana@acme.example], roles: [technician, lead]}
groups:
  servicedesk: {tier: 1, lead: dana, members: [ann, dana], assign: manual}
  network: {tier: 2, lead: dana, members: [dana], assign: round_robin}
organisations:
  - {name: Shop, domains: [shop.example]}
categories: {network/vpn: {group: network}, hardware: }
"""
RULES = """\
rules:
  - name: VPN trouble
    when: {words: [vpn]}
    set: {category: network/vpn, urgency: high}
    examples:
      - {subject: VPN is slow, matches: true}
"""


@cache
def _prepared() -> Path:
    """A database with all tables, made once: its migrations are tested elsewhere."""
    folder = Path(tempfile.mkdtemp(prefix="maildesk-cli-"))
    atexit.register(shutil.rmtree, folder)
    database = Database.open("sqlite:///maildesk.db", state=folder)
    database.prepare(backup=False)
    database.close()
    return folder / "maildesk.db"


def letter(subject: str = "Printer jams", text: str = "It jams again.", number: int = 1, **headers: str) -> bytes:
    """A mail of Erika, told apart by its number; `headers` take the place of hers, "" leaves one out."""
    fields = {
        "From": "Erika Muster <erika@shop.example>",
        "To": "support@acme.example",
        "Subject": subject,
        "Message-ID": f"<mail-{number}@shop.example>",
        "Date": "Mon, 23 Nov 2026 09:00:00 +0000",
        "Content-Type": "text/plain; charset=utf-8",
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\n{text}\r\n".encode()


@dataclass
class Result:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Stdin(io.TextIOWrapper):
    """Standard input that is a pipe with these bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")


class CliDesk:
    """A configuration in `config`, its database in `state`."""

    def __init__(
        self, folder: Path, reader: Reader, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.config = folder / "config"
        self.state = folder / "state"
        self._reader, self._patch, self._capture = reader, patch, capture
        self.config.mkdir()
        (self.config / "desk.yaml").write_text(DESK)
        (self.config / "rules.yaml").write_text(RULES)
        patch.setenv("MAILDESK_CONFIG", str(self.config))
        patch.setenv("STATE_DIRECTORY", str(self.state))

    @property
    def database(self) -> Path:
        return self.state / "maildesk.db"

    def prepare(self) -> CliDesk:
        """Put an empty database there."""
        self.state.mkdir(mode=0o700)
        shutil.copy(_prepared(), self.database)
        return self

    def __call__(self, *words: object, stdin: bytes = b"") -> Result:
        """Run `maildesk` with these words in this process."""
        self._patch.setattr(sys, "stdin", Stdin(stdin))
        self._capture.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        said = self._capture.readouterr()
        assert isinstance(end.value.code, int)
        return Result(end.value.code, said.out, said.err)

    def open(self) -> Desk:
        """The wired desk; close its database."""
        return build.open_desk(build.read_settings(self.config, os.environ))

    def mail(self, *raws: bytes) -> None:
        """Deliver mails and handle them."""
        for raw in raws:
            assert self("deliver", stdin=raw).code == 0
        self.handle()

    def handle(self) -> None:
        """Handle what waits, by a reader process that all tests share."""
        desk = self.open()
        with closing(desk.database):
            while handle_waiting(desk, self._reader):
                pass

    def on_terminal(self, *words: object, columns: int = 140) -> str:
        """What `maildesk` writes to a terminal when it is called with these words."""
        ours, theirs = pty.openpty()
        shown = bytearray()
        listener = threading.Thread(target=_listen, args=(ours, shown))
        listener.start()
        with os.fdopen(theirs, "w", encoding="utf-8") as stdout, self._patch.context() as patch:
            patch.setattr(sys, "stdout", stdout)
            patch.setenv("TERM", "xterm-256color")
            patch.setenv("COLUMNS", str(columns))
            patch.delenv("NO_COLOR", raising=False)
            with pytest.raises(SystemExit) as end:
                main([str(word) for word in words])
        listener.join()
        os.close(ours)
        assert end.value.code == 0
        return shown.decode()


def _listen(handle: int, heard: bytearray) -> None:
    with suppress(OSError):  # how a terminal says that its other side is closed
        while piece := os.read(handle, 65536):
            heard += piece


def spawned(*words: object, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run `maildesk` as a process of its own."""
    command = [sys.executable, "-m", "maildesk", *(str(word) for word in words)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, env={**os.environ, **env}, timeout=60)
