"""Mails for tests: from a short header block by the real reader, or as a bare value with a few fields set."""

from __future__ import annotations

from dataclasses import replace

from maildesk.mail.message import Address, Mail
from maildesk.mail.read import read

ANN = Address("ann@acme.example", "Ann Lee")
_BARE = Mail(
    message_id="1@acme.example",
    from_=ANN,
    from_shown=ANN,
    from_defect="",
    reply_to=(),
    to=(Address("support@acme.example"),),
    cc=(),
    delivered_to=(),
    return_path=None,
    subject="",
    date=None,
    in_reply_to=(),
    references=(),
    headers=(),
    repeated=frozenset(),
    loop=None,
    text="",
    html=None,
    attachments=(),
    size=0,
)


def bare(**fields: object) -> Mail:
    """A mail of which only these fields matter."""
    return replace(_BARE, **fields)


def block(headers: str, body: str = "Hello") -> Mail:
    """The mail with these header lines; From, To and Subject are added where they are missing."""
    lines = [line for line in headers.strip().splitlines() if line.strip()]
    named = {line.partition(":")[0].strip().lower() for line in lines if not line[:1].isspace()}
    usual = {"from": "Bob Roe <bob@customer.example>", "to": "support@acme.example", "subject": "Printer jams"}
    lines += [f"{name.capitalize()}: {value}" for name, value in usual.items() if name not in named]
    mail = read("\r\n".join([*lines, "", body.replace("\n", "\r\n"), ""]).encode())
    assert isinstance(mail, Mail), mail
    return mail
