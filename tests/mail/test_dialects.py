"""Reports of mail systems of every kind, each as a whole mail: recognised, and the recipient found."""

from __future__ import annotations

import base64

import pytest

from maildesk.mail.bounce import bounce, recognise
from maildesk.mail.dialects import DAEMON_PHRASES, PHRASES, RETURNED, delayed, fold
from maildesk.mail.message import Bounce, Failure, Mail
from maildesk.mail.read import read

LETTER = (
    "To: eve@other.example\nFrom: ACME <support@acme.example>\nSubject: Printer [INC-1]\n"
    "Message-ID: <l1@acme.example>\n\nHello\n"
)
STATUS = "Reporting-MTA: dns; m.example\n\nFinal-Recipient: rfc822; eve@other.example\nAction: failed\nStatus: 5.1.1\n"


def mail(sender: str, subject: str, text: str, *headers: str, to: str = "support@acme.example") -> Mail:
    head = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "MIME-Version: 1.0", *headers]
    if not any(line.startswith("Content-Type") for line in headers):
        head.append("Content-Type: text/plain; charset=utf-8")
    found = read("\r\n".join([*head, "", *text.split("\n")]).encode())
    assert isinstance(found, Mail)
    return found


def with_letter(sender: str, subject: str, text: str, *headers: str, label: str = "message/rfc822") -> Mail:
    """The report with our letter attached."""
    return mail(
        sender,
        subject,
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--b\nContent-Type: {label}\n\n{LETTER}\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
        *headers,
    )


def with_status(head: str, body: str) -> Mail:
    """The report with its machine-readable half under the given part header."""
    return mail(
        "postmaster@m.example",
        "Returned mail",
        f"--b\nContent-Type: text/plain\n\nIt failed.\n--b\n{head}\n\n{body}\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
    )


def names(report: Mail) -> list[str]:
    found = bounce(report)
    return [] if found is None else [failure.address for failure in found.recipients]


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(
            with_letter(
                "System Administrator <postmaster@other.example>",
                "Undeliverable: Printer",
                "These people could not be reached:\n\n   Eve Other on 2/1/2009 9:01 AM\n"
                "        There is no such account.\n        <mx.other.example #5.1.1>\n",
            ),
            id="exchange-shows-names-only",
        ),
        pytest.param(
            with_letter(
                "Systemadministrator",
                "Unzustellbar: Drucker",
                "Folgende Empfänger sind nicht zu erreichen:\n\n   Eve Other am 01.02.2009 09:01\n"
                "        Kein solches Konto.\n        <mx.other.example #5.1.1>\n",
            ),
            id="exchange-german-without-address",
        ),
        pytest.param(
            mail(
                "Administrador <postmaster@otra.example>",
                "No se puede entregar: Impresora",
                "Error de entrega a:\n\nEve Otra (eve@other.example)<mailto:eve@other.example>\nNo se encuentra.\n\n"
                "Encabezados de mensaje originales:\n\nTo: <adam@other.example>\n",
            ),
            id="exchange-spanish",
        ),
        pytest.param(
            mail(
                "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@otra.example>",
                "Impossible de remettre : Imprimante",
                "Échec pour ces destinataires :\n\neve@other.example (eve@other.example)\nAdresse inconnue.\n",
            ),
            id="exchange-french",
        ),
        pytest.param(
            mail(
                "postmaster@hu.example",
                "Kézbesíthetetlen: Nyomtató",
                "A címzettek:\n\nEve Other\nNem található.\n\neve@other.example\n#550 5.1.1 ##\n",
            ),
            id="exchange-hungarian",
        ),
        pytest.param(
            mail(
                "postmaster@sv.example",
                "Det gick inte: Skrivare",
                "Till följande:\n\neve@other.example\n550 5.1.1 x\n",
                "Auto-Submitted: auto-replied",
            ),
            id="words-of-no-table-but-the-shape-of-a-report",
        ),
        pytest.param(
            mail(
                "postmaster@o365.example",
                "Unzustellbar: Drucker",
                '<p>Fehler bei diesen Empfängern:</p><p><a href="mailto:eve@other.example">Eve Other</a><br>weg</p>',
                "Content-Type: text/html; charset=utf-8",
            ),
            id="html-with-the-address-in-a-link",
        ),
        pytest.param(
            mail(
                "postmaster@e.example",
                "Undeliverable: Printer",
                "These failed:\n\nIMCEASMTP-eve+40other+2Eexample@e.example\n#550 5.1.1 x\n",
            ),
            id="exchange-wraps-foreign-addresses",
        ),
        pytest.param(
            mail("MAILER-DAEMON@ah.example", "FAILURE NOTICE :", "Fatal errors:\n\n >>> eve@other.example <<<\n"),
            id="arrows",
        ),
        pytest.param(
            mail("MAILER-DAEMON@x3.example", "Status", "Failed permanently:\n\n  * eve@other.example\n\n550 gone\n"),
            id="bullet",
        ),
        pytest.param(
            mail(
                "MAILER-DAEMON@x6.example",
                "There was an error sending your mail",
                "1 error(s):\n\nSMTP Server <mx.other.example> rejected recipient <eve@other.example>\n (550)\n",
            ),
            id="rejected-recipient",
        ),
        pytest.param(
            mail(
                "Guard <postmaster@mm.example>",
                "Undeliverable Mail: Printer",
                "Your message:\n   From:    support@acme.example\n\n550 5.1.1 unknown\n\nAffected:\n"
                "    eve@other.example\n\nOriginal Sender:    <support@acme.example>\n",
            ),
            id="marshal",
        ),
        pytest.param(
            with_letter(
                "Mailer-Daemon@gw.example", "Message status - undeliverable", "Undeliverable:\n\teve (no such user)\n"
            ),
            id="groupwise-names-without-domain",
        ),
        pytest.param(
            mail(
                "Mail Daemon <mailer-daemon@other.example>",
                "Delivery problem",
                "They take no mail from x@y.example:\n\teve\n",
            ),
            id="a-name-of-the-daemons-own-domain",
        ),
        pytest.param(
            mail(
                "postmaster@me.example",
                "Message Delivery Failure",
                "It failed.\n\n  Recipient: [SMTP:eve@other.example]\n  Reason: no such user\n",
            ),
            id="recipient-in-brackets",
        ),
        pytest.param(
            mail(
                "MAILER-DAEMON@v5.example",
                "Returned mail: Host unknown",
                "554 <eve@other.example>... 550 Host unknown\n\n   ----- Unsent message follows -----\n"
                "To: adam@other.example\n",
            ),
            id="code-and-address-on-a-line",
        ),
        pytest.param(
            mail(
                "postmaster@ms.example",
                "Undeliverable mail",
                "This address:\n\n    eve@other.example    Mailbox unknown.\n\n"
                "--- Headers of the original message ---\nTo: adam@other.example\n",
            ),
            id="address-and-reason-in-columns",
        ),
        pytest.param(
            with_letter(
                "Postmaster <postmaster@james.example>",
                "Re: Printer",
                "Message details:\n  MAIL FROM: support@acme.example\n  RCPT TO: eve@other.example\n",
                "Return-Path: <>",
            ),
            id="james-answers-with-re",
        ),
        pytest.param(
            mail(
                "mailer-daemon@z.example",
                "Undelivered Mail",
                "It could not be delivered.\n\neve@other.example Invalid recipient, CODE :550\n",
            ),
            id="an-address-opens-the-paragraph",
        ),
        pytest.param(
            mail("MAILER-DAEMON <>", "Mail", "There was an error delivering your mail to <eve@other.example>.\n"),
            id="dragonfly",
        ),
        pytest.param(
            mail(
                "Notes_Admin@dom.example",
                "DELIVERY FAILURE: User eve (eve@other.example) not listed",
                "Your message was not taken.",
                "Return-Path: <>",
            ),
            id="only-the-subject-names-him",
        ),
        pytest.param(
            mail(
                "no-reply@k.example",
                "",
                "Your mail sent on Thursday could not be delivered to: <eve@other.example>\n  As it is full.\n",
                "Return-Path: <>",
            ),
            id="no-subject-but-at-the-point-at-once",
        ),
        pytest.param(
            mail("x@d.example", "宛先不明エラー", "届きませんでした\n\n<eve@other.example>\n\n", "Return-Path: <>"),
            id="japanese",
        ),
        pytest.param(
            mail("Email Filter <f@sc.example>", "Message delivery to eve@other.example failed", "Reason: 550 5.1.1\n"),
            id="filter",
        ),
        pytest.param(
            mail("mailer-daemon@pl.example", "Niedostarczona wiadomość", "Do:\n\n<eve@other.example>\n"), id="polish"
        ),
        pytest.param(
            mail("mailer-daemon@ru.example", "Недоставленное сообщение", "Кому:\n\neve@other.example\n550 5.1.1\n"),
            id="russian",
        ),
        pytest.param(
            mail("mailer-daemon@cn.example", "系统退信", "收件人（eve@other.example）地址不存在。\n"), id="chinese"
        ),
        pytest.param(
            mail(
                '"Courier mail server at c.example" <@c.example>',
                "NOTICE",
                "Undeliverable:\n\n<eve@other.example>:\n  no\n",
            ),
            id="courier",
        ),
        pytest.param(
            mail("mailer-daemon@v.example", "Mail delivery failed", "Sorry.", to="b+eve=other.example@acme.example"),
            id="the-envelope-sender-knew",
        ),
        pytest.param(
            mail(
                "noreply@gw.example",
                "Non-Delivery: Printer",
                '--- Report ---\nThe mail below could not be delivered to:\n\n"Eve" <eve@other.example>\n',
                "Precedence: bulk",
            ),
            id="an-automatic-mail-that-says-so",
        ),
        pytest.param(
            mail(
                "gateway.it@bank.example",
                "RE: Printer : non remis (delivery failed)",
                "***\nVotre message n'a pas pu etre delivre a\neve@other.example\n***\n",
                to="desk-bounces@acme.example",
            ),
            id="nobody-writes-to-a-bounce-address",
        ),
        pytest.param(
            with_letter(
                "posta-certificata@pec.example",
                "AVVISO DI MANCATA CONSEGNA: Stampante",
                "Il messaggio indirizzato a eve@other.example: errore.\n",
                "X-Ricevuta: errore-consegna",
            ),
            id="italian-certified-mail",
        ),
        pytest.param(
            mail("postmaster@p.example", "Returned mail", f"It failed.\n\n{STATUS}"), id="fields-pasted-into-the-text"
        ),
        pytest.param(
            with_status("Content-Type: text/plain; name=A.txt\nContent-Disposition: attachment", STATUS),
            id="fields-in-a-text-file",
        ),
        pytest.param(with_status("Content-Type: application/octet-stream", STATUS), id="fields-in-a-nameless-file"),
        pytest.param(
            with_status(
                "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64",
                base64.b64encode(STATUS.replace("\n", "\r\n").encode()).decode(),
            ),
            id="fields-in-base64",
        ),
        pytest.param(
            with_status(
                "Content-Type: message/rfc822",
                "From: postmaster@n.example\nSubject: Returned mail\n"
                f"Content-Type: message/delivery-status\n\n{STATUS}",
            ),
            id="a-report-inside-a-report",
        ),
        pytest.param(
            mail(
                "mailer-daemon@h.example",
                "Poczta",
                "List nie mógł wyjść. Wiadomość nie mogła zostać dostarczona do: eve@other.example\nBrak skrzynki.\n",
            ),
            id="polish-with-its-own-l",
        ),
        pytest.param(
            with_letter("mailer-daemon@h.example", "Returned mail", "Too bad.", label="text/rfc822-headers"),
            id="only-the-returned-header-says-for-whom",
        ),
    ],
)
def test_the_recipient_is_found_in_the_report_of(report):
    assert recognise(report)
    assert names(report) == ["eve@other.example"]


@pytest.mark.parametrize(
    "person",
    [
        mail("Bob <bob@customer.example>", "Undeliverable", "My mail to <eve@other.example>: 550 5.1.1 unknown user\n"),
        with_letter("Bob <bob@customer.example>", "Returned mail", "See the report below: 550 5.1.1 no such user\n"),
        mail("postmaster@customer.example", "Our gateway", "You answer 550 5.7.1 to eve@other.example, please look.\n"),
        mail("Mail Server Team <it@customer.example>", "Delivery delayed", "The toner did not come, 550 5.1.1\n"),
        mail(
            "Bob <bob@customer.example>", "Away", "It is not delivered to me; ask eve@other.example", "Return-Path: <>"
        ),
        mail(
            "Bob <bob@customer.example>", "Re: Printer", "I am away, ask eve@other.example", to="x-bounces@acme.example"
        ),
        mail("shop@customer.example", "Delivery report", "The parcel for eve@other.example", "Precedence: bulk"),
        mail("Jan <jan@customer.example>", "Paczka", "Moja paczka nie została dostarczona, pyta eve@other.example"),
        mail("Bob <bob@customer.example>", "Returned mail", "All of it came back, 550 x@y.example", "Precedence: list"),
    ],
)
def test_a_person_or_a_shop_that_uses_the_words_has_written_no_report(person):
    assert recognise(person) == ""
    assert bounce(person) is None


def test_the_author_of_the_returned_mail_and_the_postmaster_did_not_fail():
    report = with_letter(
        "mailer-daemon@h.example",
        "Returned mail",
        "<support@acme.example>: the sender\n<postmaster@h.example>: help\n<eve@other.example>: unknown\n",
    )
    assert names(report) == ["eve@other.example"]


def test_of_a_letter_to_two_nobody_is_guessed():
    report = mail(
        "mailer-daemon@h.example",
        "Returned mail",
        "It failed.\n\n--- Original message ---\nTo: eve@other.example, adam@other.example\n",
    )
    assert bounce(report) == Bounce(())


def test_reports_inside_reports_are_opened_only_so_deep():
    inner = f"From: postmaster@n.example\nSubject: Returned mail\n\n{STATUS}"
    for depth in range(5):
        inner = (
            f"From: postmaster@n{depth}.example\nSubject: Returned mail\n"
            f"Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\nContent-Type: text/plain\n\nIt failed.\n"
            f"--b{depth}\nContent-Type: message/rfc822\n\n{inner}\n--b{depth}--\n"
        )
    report = read(inner.encode())
    assert isinstance(report, Mail)
    assert bounce(report) == Bounce(())


@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("We were not able to deliver it yet. No action is required, we will keep trying.", True),
        ("This is only a warning. If it cannot be delivered for five days, it is undeliverable.", True),
        ("Die Zustellung verzögert sich.", True),
        ("The delayed message was returned to sender.", False),
        ("After it was delayed for 5 days we have given up.", False),
        ("It could not be delivered.", False),
    ],
)
def test_a_report_tells_whether_it_is_over(text, late):
    assert delayed(fold(text)) is late


def test_letters_with_a_stroke_are_folded_too():
    assert fold("Wiadomość  nie ZOSTAŁA") == "wiadomosc nie zostala"
    assert fold("på øen") == "pa oen"


def test_the_phrases_of_the_tables_are_folded_and_no_word_stands_there_twice():
    assert all(phrase == fold(phrase) for phrase in DAEMON_PHRASES)
    assert len(set(DAEMON_PHRASES)) == len(DAEMON_PHRASES) > len(PHRASES) > 150


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("------- Returned Message --------", True),
        ("--- Below this line is a copy of the message.", True),
        ("Ursprüngliche Kopfzeilen:", True),
        ("delete your own text from the attached returned message.", False),
        ("The email below could not be delivered", False),
    ],
)
def test_the_returned_mail_begins_at_its_headline(line, ends):
    assert bool(RETURNED.search(f"Hello\n{line}\nTo: x")) is ends


def test_a_status_part_has_the_last_word_over_the_prose():
    report = with_status("Content-Type: message/delivery-status", STATUS.replace("failed", "delayed"))
    assert bounce(report) == Bounce((Failure("eve@other.example", "5.1.1", "delayed", ""),))
