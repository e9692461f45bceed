"""The servers that tests stand on. A missing one fails, and says how it is installed; nothing is ever skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.dovecot import Dovecot, Mailbox, running_dovecot
from servers.postfix import Postfix, running_postfix
from servers.smtpd import Sink


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """IMAP, IMAPS and LMTP. Ask it for a `user()`; tests that share the server do not share mailboxes."""
    with running_dovecot() as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A new user of Dovecot, with an empty INBOX."""
    return dovecot.user().create()


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """MX, submission and SMTPS in front of Dovecot; its users log in here with the same passwords."""
    with running_postfix(dovecot) as server:
        yield server


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A scriptable SMTP server without TLS and login; new for each test."""
    with Sink() as server:
        yield server
