"""A preset is advised where the mails leave no doubt, and nowhere else."""

from __future__ import annotations

import pytest
from mailblocks import block

from maildesk.mail.message import Mail
from maildesk.mail.survey import survey

OWN, GOOGLE = "mail.acme.example", "mx.google.com"
HOST = "imap.acme.example"


def came(n: int, server: str = f"{OWN};", verdict: str = "pass", by: str = OWN, more: str = "") -> Mail:
    domain = f"d{n % 5}.example"
    results = f"Authentication-Results: {server} dmarc={verdict} header.from={domain}\n" if server else ""
    return block(
        f"{results}{more}Received: from x by {by} with ESMTP; Mon, 23 Nov 2026 09:00:00 +0000\nFrom: a@{domain}"
    )


def twelve(**fields: str) -> list[Mail]:
    return [came(n, **fields) for n in range(12)]


@pytest.mark.parametrize(
    ("server", "host", "preset"),
    [
        (f"{OWN};", HOST, f"postfix:{OWN}"),
        (f"{GOOGLE};", "imap.gmail.com", "gmail"),
        ("", "outlook.office365.com", ""),
        ("spf=pass;", "outlook.office365.com", "m365"),
        ("mx3.messagingengine.com;", "imap.fastmail.com", "fastmail"),
    ],
)
def test_the_preset_that_fits_is_named(server, host, preset):
    found = survey(twelve(server=server), host)
    assert found.preset == preset, found.why
    assert (found.mails, found.without) == (12, 0 if server else 12)


def test_what_the_servers_say_is_counted():
    mails = [*twelve(), came(1, verdict="fail"), came(2, verdict="none"), came(3, server="other.example;")]
    own, other = survey(mails, HOST).servers
    assert (own.server, own.mails, own.passed, own.failed, own.nothing) == (OWN, 14, 12, 1, 1)
    assert (other.server, other.mails) == ("other.example", 1)


def test_the_servers_of_fastmail_are_one():
    mails = [came(n, server=f"mx{n % 6}.messagingengine.com;") for n in range(12)]
    found = survey(mails, "imap.fastmail.com")
    assert (found.preset, len(found.servers)) == ("fastmail", 6)


@pytest.mark.parametrize(
    ("mails", "host", "why"),
    [
        ([], HOST, "no mail has such a header"),
        (twelve(server=""), HOST, "no mail has such a header"),
        (twelve()[:9], HOST, "too few mails: 9"),
        ([*twelve(), came(1, server="")], HOST, "mails without one: 1"),
        ([*twelve(), came(1, server="mx; ;")], HOST, "mails in which it cannot be read: 1"),
        ([*twelve(), came(1, server="other.example;")], HOST, "different servers stand on top: postfix:mail.acme"),
        ([*twelve(), came(1, server=f"{GOOGLE};")], HOST, "different servers stand on top: gmail, postfix:"),
        ([came(0) for _ in range(12)], HOST, "fewer than 3 domains"),
        (twelve(verdict="none"), HOST, "no sender would be proven"),
        (twelve(server=f"{GOOGLE};"), HOST, "it would be gmail, but the mailbox is at imap.acme.example"),
        (twelve(server="spf=pass;"), "office365.com.evil.example", "it would be m365, but"),
        (
            twelve(by="relay.example"),
            HOST,
            "mails in which no Received line near the top is by the server that wrote it: 12",
        ),
        (twelve(by="mail.acme.example.evil.example"), HOST, "mails in which no Received line"),
    ],
)
def test_any_doubt_is_told_and_no_preset_advised(mails, host, why):
    found = survey(mails, host)
    assert found.preset == ""
    assert found.why.startswith(why) or why in found.why


def test_a_mail_with_a_broken_header_is_counted_and_left_out():
    broken = came(1, more="a stray line\n")
    assert broken.results is None
    found = survey([*twelve(), broken], HOST)
    assert (found.mails, found.unreadable, found.preset) == (13, 1, f"postfix:{OWN}")
