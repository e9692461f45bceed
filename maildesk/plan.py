"""What a configuration asks the daemon to do: mailboxes to read, a server to send by, rules and letters."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.build import rules_of
from maildesk.config import MailboxSettings, Secret, Settings
from maildesk.daemon.intake import Source
from maildesk.daemon.run import Plan
from maildesk.wire.imap import ImapAccount
from maildesk.wire.smtp import SmtpAccount


def plan_of(settings: Settings) -> Plan:
    """What the daemon shall do."""
    smtp = settings.smtp
    return Plan(
        rules_of(settings),
        tuple(source_of(mailbox) for mailbox in settings.mailboxes),
        SmtpAccount(
            host=smtp.host,
            port=smtp.port,
            tls=smtp.tls,
            user=smtp.user,
            password=_Reveal(smtp.password) if smtp.password else None,
            cafile=smtp.cafile,
            connections=smtp.connections,
        ),
    )


def source_of(mailbox: MailboxSettings) -> Source:
    account = ImapAccount(
        name=mailbox.name,
        host=mailbox.host,
        port=mailbox.port,
        tls=mailbox.tls,
        user=mailbox.user,
        password=_Reveal(mailbox.password),
        folder=mailbox.folder,
        done=mailbox.done,
        flag=mailbox.flag,
        cafile=mailbox.cafile,
    )
    return Source(account, mailbox.since, float(mailbox.poll))


@dataclass(frozen=True, slots=True)
class _Reveal:
    """A password to be read at the moment of the login; two of the same source are equal, so a reload keeps still."""

    secret: Secret

    def __call__(self) -> str:
        return self.secret.reveal()
