"""Every error of maildesk, sorted by who must act on it."""

from __future__ import annotations


class MaildeskError(Exception):
    """The root of the tree; the text says what was being done and what went wrong."""


class ConfigError(MaildeskError):
    """The admin must act: the configuration cannot be used.

    `problems` holds one line a mistake, each `file:line:column: key: what is wrong; what would be right`.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UsageError(MaildeskError):
    """The person at the command line must act: a wrong argument, an incident that does not exist."""


class Transient(MaildeskError):
    """The clock must act: database, network or server is away; the same step is tried again later."""


class Conflict(Transient):
    """Somebody else changed the same incident first; read again and repeat."""


class SchemaError(MaildeskError):
    """The admin must act: the database has another schema than this version; names `maildesk db upgrade`."""


class ChannelError(Transient):
    """A mail server refuses or cannot be reached; the whole channel waits, no mail has failed."""


class LetterError(MaildeskError):
    """A letter cannot be written (a template is broken, a header value is not allowed)."""
