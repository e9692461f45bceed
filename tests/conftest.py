"""The servers that tests stand on. A missing one fails, and says how it is installed; nothing is ever skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.dovecot import Dovecot, Mailbox, running_dovecot


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A new user of Dovecot, with an empty INBOX."""
    return dovecot.user().create()
