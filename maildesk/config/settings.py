"""What a valid configuration comes to: the desk's policy, and what each socket and the database need to know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from maildesk.config.secret import Secret
from maildesk.desk.policy import Policy


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """One IMAP mailbox. A mailbox that is only fed by `maildesk deliver` stands in the policy alone."""

    name: str
    host: str
    port: int
    tls: str  # implicit | starttls | none (on this machine only)
    user: str
    password: Secret
    folder: str = "INBOX"
    done: str | None = "Processed"  # the folder for taken mails; None: they stay and get `flag`
    flag: str = "maildesk"
    since: str | date = "now"  # now | all | the first day to take
    cafile: str | None = None
    poll: int = 60  # seconds


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The server that letters are handed to."""

    host: str
    port: int
    tls: str  # implicit | starttls | none (on this machine only)
    user: str | None = None
    password: Secret | None = None
    envelope: str = "desk"  # desk | verp | null
    plus_address: bool = False
    cafile: str | None = None
    connections: int = 2


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the database is."""

    database: str  # sqlite:///path or postgresql://..., without its password
    database_password: Secret | None = None
    state: Path = Path()  # what a relative sqlite path is relative to

    def database_url(self) -> str:
        """The URL to connect with: the password filled in, a relative sqlite path made absolute. Never log it."""
        scheme, _, rest = self.database.partition("://")
        if scheme == "sqlite":
            return f"sqlite:///{self.state / rest.removeprefix('/')}"
        if self.database_password is None:
            return self.database
        parts = urlsplit(self.database)
        user, at, host = parts.netloc.rpartition("@")
        secret = quote(self.database_password.reveal(), safe="")
        return urlunsplit(parts._replace(netloc=f"{user}:{secret}{at or '@'}{host}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Storage):
    """A whole configuration, read and checked. `warnings` have the form of problems, but refuse nothing."""

    directory: Path
    policy: Policy
    mailboxes: tuple[MailboxSettings, ...]
    smtp: SmtpSettings
    keys: Secret | None = None  # the key file of tokens; None: it lies in `state`
    templates: Path | None = None  # the folder that overrides shipped templates, if there is one
    warnings: tuple[str, ...] = ()

    def summary(self) -> dict[str, int]:
        """How many of each there are, for `maildesk check`."""
        directory = self.policy.directory
        return {
            "mailboxes": len(self.policy.mailboxes),
            "people": len(directory.people),
            "groups": len(directory.groups),
            "organisations": len(directory.organisations),
            "categories": len(self.policy.categories),
            "rules": len(self.policy.rules.rules),
            "examples": sum(len(rule.examples) for rule in self.policy.rules.rules),
        }


_ORPHANED = {
    "people": "they count as unassigned, and the lead of the group is told",
    "groups": "they keep their assignee; give them a new group with #assign @group",
    "categories": "they keep the name; give them a new one with #cat",
    "mailboxes": "letters about them go out in the name of the first mailbox",
}


def orphans(settings: Settings, in_use: Mapping[str, Collection[str]]) -> list[str]:
    """One line for each name that open incidents use and the configuration lacks; `in_use`: people, groups, ..."""
    policy = settings.policy
    known: dict[str, Collection[str]] = {
        "people": policy.directory.people,
        "groups": policy.directory.groups,
        "categories": policy.categories,
        "mailboxes": policy.mailboxes,
    }
    return [
        f"{what}.{name}: open incidents use it, and the configuration does not have it; {_ORPHANED[what]}"
        for what, names in known.items()
        for name in sorted(in_use.get(what, ()))
        if name and name not in names
    ]
