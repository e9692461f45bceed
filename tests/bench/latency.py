"""How long a mail takes: from its announcement by the IMAP server to its acknowledgement in the SMTP server's hands.

    python tests/bench/latency.py        one line of JSON; times in seconds

The announcement is EXISTS while the daemon's own connection idles, heard on the line between the two. (Another client
often hears nothing at all, for the mail is put away before the server gets round to it.) Dovecot collects what it
announces for half a second, which is why the time from the delivery on is told apart.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from scenes.real import RealStage, configuration, daemon, mailbox_section, plain
from servers.dovecot import Mailbox, running_dovecot
from servers.proxy import CutProxy
from servers.smtpd import Sink

MAILS = 15
WARM = 2  # mails before the measure: the first ones start the reader and compile the templates
_EXISTS = re.compile(rb"^\* [1-9]\d* EXISTS", re.MULTILINE)


@dataclass(frozen=True)
class Latency:
    """Seconds: announcement to acknowledgement (median, worst), and delivery to acknowledgement (median)."""

    mails: int
    median: float
    worst: float
    from_delivery: float


class Announcements(CutProxy):
    """The line to the server, and the times at which something new was announced on it."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.times: list[float] = []
        self.rewrite = self._listen

    def _listen(self, said: bytes) -> bytes:
        if self.sent.endswith(b" IDLE\r\n") and _EXISTS.search(said):
            self.times.append(time.monotonic())
        return said

    def after(self, moment: float) -> float:
        return next(one for one in self.times if one >= moment)


def mail(number: int) -> bytes:
    return (
        f"From: Person {number} <person{number}@shop.example>\r\nTo: support@acme.example\r\n"
        f"Message-ID: <latency-{number}@client.example>\r\nSubject: Screen {number} flickers\r\n"
        "Date: Mon, 23 Nov 2026 09:00:00 +0000\r\n\r\nIt began this morning.\r\n"
    ).encode()


def measure(mailbox: Mailbox, sink: Sink, folder: Path, mails: int = MAILS) -> Latency:
    """One mail after another, each when the desk is at rest."""
    announced, delivered = [], []
    with Announcements(mailbox.server.imap) as line:
        section = mailbox_section(mailbox, imap=f"imap+plain://127.0.0.1:{line.port}", cafile=None)
        with daemon(folder, configuration(mailbox, plain(sink.port), mailboxes=[section]), mailbox) as one:
            stage = RealStage(one, mailbox, sink)
            one.start()
            one.until(lambda: line.sent.endswith(b" IDLE\r\n"), "the daemon does not wait for mail")
            for number in range(WARM + mails):
                moment = time.monotonic()
                stage.deliver(mail(number))
                stage.settle()
                acknowledged = next(one.at for one in sink.letters if one.to == f"person{number}@shop.example")
                announced.append(acknowledged - line.after(moment))
                delivered.append(acknowledged - moment)
            one.stop()
    announced, delivered = announced[WARM:], delivered[WARM:]
    return Latency(mails, statistics.median(announced), max(announced), statistics.median(delivered))


if __name__ == "__main__":
    with running_dovecot() as server, Sink() as accepting, tempfile.TemporaryDirectory() as scratch:
        result = measure(server.user().create(), accepting, Path(scratch) / "desk")
    print(json.dumps({"bench": "latency"} | {key: round(value, 4) for key, value in asdict(result).items()}))
