"""How soon a mail is acknowledged; the measure is that of tests/bench, the limit is one that no busy machine breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.latency import measure
from servers.dovecot import Mailbox
from servers.smtpd import Sink


@pytest.mark.servers
def test_a_mail_is_acknowledged_at_once(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    found = measure(mailbox, sink, tmp_path / "desk")
    print(found)
    assert found.mails == 15
    assert 0 < found.median < 2
