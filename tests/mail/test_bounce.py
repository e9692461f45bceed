"""Delivery reports: the fields of RFC 3464, and what mail systems write instead of them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailblocks import bare

from maildesk.mail.bounce import bounce, recognise, report_type
from maildesk.mail.message import Address, Attachment, Bounce, Failure, Mail
from maildesk.mail.read import read

MAILS = Path(__file__).parent.parent / "mails" / "kinds"
DAEMON = ("From", "MAILER-DAEMON@mx.example (Mail Delivery System)")
REPORT = ("Content-Type", 'multipart/report; report-type=delivery-status; boundary="b"')


def status(content: str) -> Mail:
    return bare(headers=(REPORT,), attachments=(Attachment("", "message/delivery-status", content.encode()),))


def daemon(text: str, subject: str = "Returned mail", *headers: tuple[str, str]) -> Mail:
    return bare(headers=(DAEMON, *headers), from_=Address("mailer-daemon@mx.example"), subject=subject, text=text)


def whole(name: str) -> Bounce | None:
    mail = read((MAILS / f"{name}.eml").read_bytes())
    assert isinstance(mail, Mail)
    return bounce(mail)


# ---- RFC 3464

HEAD = "Reporting-MTA: dns; mx.example\n\n"


@pytest.mark.parametrize(
    ("content", "failures"),
    [
        (
            (
                f"{HEAD}Final-Recipient: rfc822; eve@other.example\nAction: failed\nStatus: 5.1.1\n"
                "Diagnostic-Code: smtp; 550 no such\n  mailbox\n"
            ),
            [Failure("eve@other.example", "5.1.1", "failed", "550 no such mailbox")],
        ),
        (
            f"{HEAD}final-recipient: RFC822;<Eve@Other.example>\naction: Failed (bounced)\nstatus: 5.0.0 (unknown)\n",
            [Failure("eve@other.example", "5.0.0", "failed", "")],
        ),
        (
            (
                f"{HEAD}Original-Recipient: rfc822;eve@other.example\nFinal-Recipient: rfc822;e17@mx2.other.example\n"
                "Action: delayed\nStatus: 4.4.1\n"
            ),
            [Failure("eve@other.example", "4.4.1", "delayed", "")],
        ),
        (
            f"{HEAD}Original-Recipient: unknown\nFinal-Recipient: rfc822;eve@other.example\nAction: failed\n",
            [Failure("eve@other.example", "", "failed", "")],
        ),
        (
            (
                f"{HEAD}Final-Recipient: rfc822;eve@other.example\nAction: delivered\nStatus: 2.1.5\n\n"
                "Final-Recipient: rfc822;adam@other.example\nAction: relayed\nStatus: 2.0.0\n\n"
                "Final-Recipient: rfc822;list@other.example\nAction: expanded\nStatus: 2.0.0\n"
            ),
            [
                Failure("eve@other.example", "2.1.5", "delivered", ""),
                Failure("adam@other.example", "2.0.0", "relayed", ""),
                Failure("list@other.example", "2.0.0", "expanded", ""),
            ],
        ),
        # no action: the class of the status says it (RFC 3463 2)
        (
            f"{HEAD}Final-Recipient: rfc822;eve@other.example\nStatus: 4.2.2\n",
            [Failure("eve@other.example", "4.2.2", "delayed", "")],
        ),
        (
            f"{HEAD}Final-Recipient: rfc822;eve@other.example\nStatus: 2.0.0\n",
            [Failure("eve@other.example", "2.0.0", "delivered", "")],
        ),
        # no status: the server's own words have one
        (
            f"{HEAD}Final-Recipient: rfc822;eve@other.example\nAction: failed\nDiagnostic-Code: smtp; 554 5.7.1 spam\n",
            [Failure("eve@other.example", "5.7.1", "failed", "554 5.7.1 spam")],
        ),
        # two recipients with no blank line between them
        (
            (
                f"{HEAD}Final-Recipient: rfc822;eve@other.example\nAction: failed\n"
                "Final-Recipient: rfc822;adam@other.example\nAction: delayed\n"
            ),
            [Failure("eve@other.example", "", "failed", ""), Failure("adam@other.example", "", "delayed", "")],
        ),
        # all in one group
        (
            "Reporting-MTA: dns; mx.example\nFinal-Recipient: rfc822;eve@other.example\nAction: failed\n",
            [Failure("eve@other.example", "", "failed", "")],
        ),
        # the same recipient twice
        (
            (
                f"{HEAD}Final-Recipient: rfc822;eve@other.example\nAction: failed\nStatus: 5.1.1\n\n"
                "Final-Recipient: rfc822;EVE@other.example\nAction: delayed\n"
            ),
            [Failure("eve@other.example", "5.1.1", "failed", "")],
        ),
        (
            "\r\n\r\n" + HEAD + "Final-Recipient: rfc822;eve@other.example\r\nAction: failed\r\n",
            [Failure("eve@other.example", "", "failed", "")],
        ),
        (HEAD, []),
        ("", []),
        (f"{HEAD}Final-Recipient: x400; /c=de/o=x/\nAction: failed\n", []),
    ],
)
def test_the_fields_of_a_delivery_status_are_read(content, failures):
    assert bounce(status(content)) == Bounce(tuple(failures))


def test_a_report_without_a_status_part_is_read_from_its_words():
    mail = bare(
        headers=(REPORT,), text="Delivery to the following recipient failed permanently:\n\n     eve@other.example\n"
    )
    assert bounce(mail) == Bounce((Failure("eve@other.example", "", "failed", ""),))


def test_a_diagnostic_is_kept_short():
    (found,) = bounce(
        status(f"{HEAD}Final-Recipient: rfc822;eve@other.example\nDiagnostic-Code: smtp; {'x' * 9000}\n")
    ).recipients
    assert len(found.diagnostic) == 500


def test_no_report_names_more_than_a_hundred_recipients():
    content = "\n".join(f"Final-Recipient: rfc822;e{n}@other.example\nAction: failed\n" for n in range(500))
    assert len(bounce(status(HEAD + content)).recipients) == 100


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("multipart/report; report-type=delivery-status", "delivery-status"),
        ('MULTIPART/REPORT; BOUNDARY="b"; REPORT-TYPE="Delivery-Status"', "delivery-status"),
        ("multipart/report; boundary=b; report-type = disposition-notification", "disposition-notification"),
        ("multipart/report; boundary=b", "mixed"),
        ("multipart/mixed; report-type=delivery-status", ""),
        ("text/plain", ""),
        ("", ""),
    ],
)
def test_the_type_of_a_report(value, kind):
    assert report_type(bare(headers=(("Content-Type", value),))) == kind


def test_a_mail_without_a_content_type_is_no_report():
    assert report_type(bare()) == ""
    assert bounce(bare()) is None


# ---- prose

QMAIL = """\
Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<eve@other.example>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 nobody here of that name

--- Below this line is a copy of the message.

To: adam@other.example
Message-ID: <l1@acme.example>
"""
EXIM = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  eve@other.example
    host mx.other.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<eve@other.example>:
    550 5.1.1 no such user

------ This is a copy of the message, including all the headers. ------

To: adam@other.example
Message-ID: <l1@acme.example>
"""
SENDMAIL = """\
The original message was received at Mon, 2 Nov 2026 09:00:00 +0100

   ----- The following addresses had permanent fatal errors -----
<eve@other.example>
    (reason: 550 5.1.1 <eve@other.example>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.other.example.:
>>> DATA
<<< 550 5.1.1 <eve@other.example>... User unknown

   ----- Original message follows -----
To: adam@other.example
"""
EXCHANGE = """\
Your message did not reach some or all of the intended recipients.

      Subject:  Printer on the 3rd floor jams
      Sent:     02.11.2026 09:00

The following recipient(s) cannot be reached:

      'eve@other.example' on 02.11.2026 09:01
            The e-mail account does not exist at the organization this message was sent to.
            <mx.other.example #5.1.1>
"""
EXCHANGE_ONLINE = """\
Delivery has failed to these recipients or groups:

eve@other.example<mailto:eve@other.example>
The email address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: mx.other.example

eve@other.example
Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'

Original message headers:

From: <support@acme.example>
To: <adam@other.example>
Message-ID: <l1@acme.example>
"""
YAHOO = """\
Message from other.example.
Unable to deliver message to the following address(es).

<eve@other.example>:
Sorry, this account has been closed.

<adam@other.example>:
This user does not have an account here.

--- Original message follows.

To: carl@other.example
"""
GMAIL = """\
** Address not found **

Your message wasn't delivered to eve@other.example because the address couldn’t be found.

The response was:

550 5.1.1 The account does not exist.
"""
LOTUS = """\
Your message

  Subject: Printer

was not delivered to:

  eve@other.example

because:

  User eve not listed
"""
GERMAN = """\
Ihre Nachricht konnte nicht zugestellt werden.

<eve@other.example>: Postfach voll (#5.2.2)

Ursprüngliche Nachricht
To: adam@other.example
"""
FRENCH = "Votre message n'a pas pu être remis :\n\n  eve@other.example\n"
GATEWAY = """\
Delivery of your message failed.
Unknown user: eve@other.example

RCPT TO generated following response:
553 no
"""
PMDF = """\
This report relates to a message you sent with these header fields:

  Message-id: <l1@acme.example>
  To: adam@other.example

Your message cannot be delivered to the following recipients:

  Recipient address: eve@other.example
  Reason: Rejected
"""
XMAIL = """\
[<00>] Mail not delivered: Rcpt=[eve@other.example];Error=[550 unknown]
[<01>] Error sending message [123] from [mx.example].
"""
CHINESE = "很抱歉，邮件无法送达。\n\n收件人邮件地址（eve@other.example）不存在。\n"
LOG = """\
|------------------------ Message log follows ------------------------|
 no valid recipients were found, the message was not delivered
|---------------------- Failed addresses follow ----------------------|
 <eve@other.example> ... unknown user
|----------------------- Message text follows ------------------------|
To: adam@other.example
"""
TRANSCRIPT = "Your message was not delivered.\n\nRCPT TO:<eve@other.example>\n550 no\n"
ALIAS = """\
  ----- The following addresses had permanent fatal errors -----
|/usr/bin/prog
    (expanded from: <eve@other.example>)

not delivered
"""


@pytest.mark.parametrize(
    ("text", "addresses", "code"),
    [
        pytest.param(QMAIL, ["eve@other.example"], "5.1.1", id="qmail"),
        pytest.param(EXIM, ["eve@other.example"], "5.1.1", id="exim"),
        pytest.param(SENDMAIL, ["eve@other.example"], "5.1.1", id="sendmail"),
        pytest.param(EXCHANGE, ["eve@other.example"], "5.1.1", id="exchange"),
        pytest.param(EXCHANGE_ONLINE, ["eve@other.example"], "5.1.10", id="exchange-online"),
        pytest.param(YAHOO, ["eve@other.example", "adam@other.example"], "", id="yahoo"),
        pytest.param(GMAIL, ["eve@other.example"], "5.1.1", id="gmail"),
        pytest.param(LOTUS, ["eve@other.example"], "", id="lotus"),
        pytest.param(GERMAN, ["eve@other.example"], "5.2.2", id="german"),
        pytest.param(FRENCH, ["eve@other.example"], "", id="french"),
        pytest.param(GATEWAY, ["eve@other.example"], "", id="gateway"),
        pytest.param(PMDF, ["eve@other.example"], "", id="pmdf"),
        pytest.param(XMAIL, ["eve@other.example"], "", id="xmail"),
        pytest.param(CHINESE, ["eve@other.example"], "", id="chinese"),
        pytest.param(LOG, ["eve@other.example"], "", id="log"),
        pytest.param(TRANSCRIPT, ["eve@other.example"], "", id="transcript"),
        pytest.param(ALIAS, ["eve@other.example"], "", id="alias"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_failed_recipients_are_found_in_the_words_of(text, addresses, code, end):
    found = bounce(daemon(text.replace("\n", end)))
    assert [failure.address for failure in found.recipients] == addresses
    assert {failure.action for failure in found.recipients} == {"failed"}
    assert found.recipients[0].status == code


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Warning: message 1abc delayed 24 hours",
            "The address to which it has not yet been delivered is:\n\n  eve@other.example\n",
        ),
        (
            "Delivery Status Notification (Delay)",
            "THIS IS A WARNING MESSAGE ONLY.\nDelivery to these is delayed:\n\n  eve@other.example\n",
        ),
        (
            "Mail delivery warning",
            "Delivery to:\n\neve@other.example\n\nhas been postponed. We will continue to try.\n",
        ),
        (
            "Zustellung verzögert, noch nicht zugestellt",
            "Die Zustellung an\n\n<eve@other.example>:\n\nist verzögert.\n",
        ),
    ],
)
def test_a_warning_is_a_delay_and_no_failure(subject, text):
    assert [(f.address, f.action) for f in bounce(daemon(text, subject)).recipients] == [
        ("eve@other.example", "delayed")
    ]


def test_what_the_server_said_stands_in_the_diagnostic():
    (found,) = bounce(daemon(QMAIL)).recipients
    assert found.diagnostic == (
        "192.0.2.7 does not like recipient. Remote host said: 550 5.1.1 nobody here of that name"
    )


def test_exims_header_names_the_recipients_before_all_words():
    mail = daemon(
        "Something failed at adam@other.example", "Mail", ("X-Failed-Recipients", "eve@other.example, max@x.example")
    )
    assert [failure.address for failure in bounce(mail).recipients] == ["eve@other.example", "max@x.example"]


def test_the_subject_may_be_the_only_place_that_names_the_recipient():
    mail = daemon("User unknown in local directory.", "Undeliverable: eve@other.example")
    assert [failure.address for failure in bounce(mail).recipients] == ["eve@other.example"]


@pytest.mark.parametrize(
    "text",
    [
        "Message not delivered.\n\nsupport@acme.example\n",
        "Message not delivered.\n\nFor help contact <postmaster@other.example>\n",
        "Message not delivered. Write to name@other.example, or mike.fox@other.example, or ask around.",
        "Message not delivered.",
    ],
)
def test_nobody_is_accused_on_vague_words(text):
    assert bounce(daemon(text)) == Bounce(())


@pytest.mark.parametrize(
    ("sender", "path", "subject", "text"),
    [
        ("Bob <bob@customer.example>", "bob@customer.example", "Undelivered Mail Returned to Sender", QMAIL),
        ("Bob <bob@customer.example>", None, "Mail delivery failed: returning message to sender", EXIM),
        ("postmaster@customer.example", None, "Re: Undeliverable: our newsletter", EXCHANGE),
        ("postmaster@customer.example", None, "Fwd: failure notice", QMAIL),
        ("postmaster@customer.example", None, "Our server moves", "On Friday we move to another house."),
        (
            "Bob <bob@customer.example>",
            "",
            "Out of office",
            "I left. This was not delivered; write to eve@other.example",
        ),
        ("System Administrator <root@customer.example>", None, "Printer jams", "It was not delivered to me."),
    ],
)
def test_people_who_write_about_reports_have_written_none(sender, path, subject, text):
    mail = bare(headers=(("From", sender),), return_path=path, subject=subject, text=text)
    assert recognise(mail) == ""
    assert bounce(mail) is None


def test_a_daemons_report_is_recognised_by_type_by_part_and_by_words():
    part = (Attachment("", "message/delivery-status", b""),)
    assert recognise(bare(headers=(REPORT,))) == "multipart/report; report-type=delivery-status"
    assert recognise(bare(headers=(DAEMON,), attachments=part)) == "message/delivery-status from a mail system"
    exchange = bare(headers=(("Content-class", "urn:content-classes:dsn"),), subject="Nicht angekommen")
    assert recognise(exchange) == "Content-Class: urn:content-classes:dsn"
    assert recognise(daemon("", "Failure Notice")) == 'a mail system writes "failure notice"'
    assert (
        recognise(daemon("Your   message\ncould not be\ndelivered.", "Hm")) == 'a mail system writes "not be delivered"'
    )


# ---- which letter


def test_the_letter_is_named_by_the_quoted_mail_and_by_the_headers_that_refer_to_it():
    quoted = Attachment(
        "", "message/rfc822", b"Subject: x\r\nMessage-ID: <quoted@acme.example>\r\n\r\nHi <no@id.example>\r\n"
    )
    headers = Attachment("", "text/rfc822-headers", b"Message-Id:\n <headers@acme.example>\n")
    state = Attachment("", "message/delivery-status", b"X-Original-Message-ID: <state@acme.example>\n")
    mail = bare(
        headers=(REPORT,),
        message_id="own@mx.example",
        in_reply_to=("answered@acme.example",),
        references=("older@acme.example", "own@mx.example", "answered@acme.example"),
        attachments=(quoted, headers, state),
    )
    assert bounce(mail).original_ids == (
        "quoted@acme.example",
        "headers@acme.example",
        "state@acme.example",
        "answered@acme.example",
        "older@acme.example",
    )


@pytest.mark.parametrize("text", [QMAIL, EXIM, EXCHANGE_ONLINE, PMDF])
def test_the_letter_is_named_by_the_mail_quoted_in_the_text(text):
    assert bounce(daemon(text)).original_ids == ("l1@acme.example",)


@pytest.mark.parametrize(
    ("name", "failures", "ids"),
    [
        (
            "bounce-postfix",
            [
                Failure("eve@supplier.example", "5.1.1", "failed", "550 5.1.1 no such mailbox"),
                Failure("all@supplier.example", "4.4.1", "delayed", ""),
            ],
            ["md.i1042.k1.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb@acme.example"],
        ),
        (
            "bounce-exchange",
            [
                Failure(
                    "zoe@customer.example",
                    "5.1.10",
                    "failed",
                    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
                )
            ],
            [
                "md.i1042.k1.cccccccccccccccc.dddddddddddddddd@acme.example",
                "md.i1042.k1.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb@acme.example",
            ],
        ),
        (
            "bounce-qmail",
            [Failure("lea@old.customer.example", "5.1.1", "failed", "Sorry, no mailbox here by that name. (#5.1.1)")],
            ["md.i9.k1.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb@acme.example"],
        ),
        ("bounce-exim-warning", [Failure("max@slow.example", "", "delayed", "Delay reason: connection timed out")], []),
    ],
)
def test_a_whole_report_is_taken_apart(name, failures, ids):
    assert whole(name) == Bounce(tuple(failures), tuple(ids))


# ---- hostile reports


@settings(max_examples=50)
@given(st.binary(max_size=300), st.text(max_size=300))
def test_every_report_is_read_whatever_stands_in_it(content, text):
    parts = tuple(Attachment("", kind, content) for kind in ("message/delivery-status", "message/rfc822"))
    found = bounce(bare(headers=(REPORT,), attachments=parts, text=text))
    assert all(
        failure.action in {"failed", "delayed", "delivered", "relayed", "expanded"} for failure in found.recipients
    )


@settings(max_examples=50)
@given(st.binary(max_size=60))
def test_nothing_invisible_of_a_report_reaches_its_values(noise):
    content = b"Final-Recipient: rfc822; eve@other.example\nDiagnostic-Code: smtp; 550 \x1b[31m" + noise
    parts = (
        Attachment("", "message/delivery-status", content),
        Attachment("", "message/rfc822", b"Message-ID: <a" + noise + b"@acme.example>\n\n"),
    )
    found = bounce(bare(headers=(REPORT,), attachments=parts))
    said = [*found.original_ids, *(failure.diagnostic for failure in found.recipients)]
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "".join(said))


@pytest.mark.parametrize(
    "piece", ["a", "a@", "<a@b", "a@b.c ", "\n", " ", "x: ", "to to to ", "\t-", "(reason: ", "550 5.", "----", "> "]
)
@pytest.mark.hostile
def test_the_words_of_a_hostile_daemon_cost_next_to_nothing(piece):
    text = piece * (50_000 // len(piece))
    content = Attachment("", "message/delivery-status", text.encode())
    mail = bare(headers=(REPORT, DAEMON), attachments=(content,), text=text, subject=text[:900])
    started = time.process_time()
    bounce(mail)
    assert time.process_time() - started < 0.5
