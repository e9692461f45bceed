"""Every command and its options. What a command does stands in the module it imports when it is called.

Exit codes: 0 fine, 1 a finding or a failure, 2 usage or configuration.
"""

# ruff: noqa: PLC0415 -- a command imports what it needs when it runs, so that help and mistakes are answered at once

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from maildesk import __version__
from maildesk.errors import ConfigError, MaildeskError


def _typer(help_: str, *, bare: bool = False) -> typer.Typer:
    """Plain help, which reads well in a terminal of any width and in a pipe. `bare`: it does something by itself."""
    return typer.Typer(
        help=help_,
        no_args_is_help=not bare,
        invoke_without_command=bare,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


app = _typer("A helpdesk that lives in a mailbox.")
inbox = _typer("List mails that wait; see what became of one.", bare=True)
outbox = _typer("List letters that wait or failed.", bare=True)
db = _typer("Bring the database up to date.")


# --- options that several commands have ------------------------------------------------------------------------------


def _sticks(ctx: typer.Context, param: typer.CallbackParam, value: object) -> object:
    """An option given before the command holds for the command, too."""
    key = f"maildesk.{param.name}"
    if value:
        ctx.meta[key] = value
    return ctx.meta.get(key, value)


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="DIR",
        callback=_sticks,
        help="The configuration; else $MAILDESK_CONFIG, else /etc/maildesk.",
    ),
]
Json = Annotated[bool, typer.Option("--json", callback=_sticks, help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
Tag = Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-1, or just 1.")]
Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="Its number in the list.")]

SomeNumber = Annotated[
    int | None, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="Its number in the list.", show_default=False)
]
Held = Annotated[bool, typer.Option("--held", help="All that `letters: hold` has kept.")]


class MailState(StrEnum):
    RECEIVED = "received"
    CLAIMED = "claimed"
    DONE = "done"
    QUARANTINED = "quarantined"


class LetterState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    HELD = "held"
    DROPPED = "dropped"


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _version(value: bool) -> None:
    if value:
        typer.echo(f"maildesk {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    config: Config = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """A helpdesk that lives in a mailbox."""


# --- setting up ------------------------------------------------------------------------------------------------------


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where; it may be new.")],
    templates: Annotated[bool, typer.Option("--templates", help="Copy all letters, to be edited, too.")] = False,
) -> None:
    """Write a configuration to begin with.

    It is commented and works once addresses and passwords are filled in; nothing that is there is overwritten.
    """
    from maildesk.cli import init as work

    raise typer.Exit(work.run(directory, templates=templates))


@app.command()
def check(
    config: Config = None,
    connect: Annotated[
        bool,
        typer.Option("--connect", help="Log in to IMAP, SMTP and the database, and say how many mails would be taken."),
    ] = False,
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Look at the last mails, and say which `security.preset` would fit and why."),
    ] = False,
    json: Json = False,
) -> None:
    """Check the configuration, all of it.

    Also templates, the examples of rules, and names that open incidents use and the configuration lacks.
    """
    from maildesk.cli import check as work

    raise typer.Exit(work.run(config, connect=connect, trust=trust, as_json=json))


# --- working ---------------------------------------------------------------------------------------------------------


@app.command()
def run(
    config: Config = None,
    once: Annotated[
        bool,
        typer.Option("--once", help="Fetch, handle, fire due timers, send due letters, end; 1 if a server failed."),
    ] = False,
    log_level: Annotated[Level, typer.Option("--log-level", help="What to log.")] = Level.INFO,
) -> None:
    """Run the desk.

    Reads the mailboxes, handles mails, sends letters, until it is told to end.
    """
    from maildesk.cli import serve as work

    raise typer.Exit(work.run(config, one_round=once, level=log_level.value))


@app.command()
def reload(config: Config = None) -> None:
    """Have the daemon read the configuration anew.

    It is checked first; with a mistake in it the daemon is not told and goes on with what it has, and this exits 2.
    """
    from maildesk.cli import serve as work

    raise typer.Exit(work.reload(config))


@app.command()
def deliver(
    config: Config = None,
    mailbox: Annotated[str | None, typer.Option("--mailbox", metavar="NAME", help="For whom; else the first.")] = None,
) -> None:
    """Take one mail on standard input.

    For the pipe of a mail server: exits 0 when the mail is safe and 75 otherwise, whatever happens.
    """
    from maildesk.cli import deliver as work

    raise typer.Exit(work.run(config, mailbox))


@app.command()
def status(config: Config = None, json: Json = False) -> None:
    """Show how the desk does.

    Exits 0 fine, 1 needs attention, 2 not working.
    """
    from maildesk.cli import health as work

    raise typer.Exit(work.status(config, as_json=json))


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running, to point a mail client at.")] = False,
) -> None:
    """Show a story, with mail servers of its own."""
    from maildesk.cli import story as work

    raise typer.Exit(work.demo(keep=keep))


# --- incidents -------------------------------------------------------------------------------------------------------


@app.command()
def explain(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Mails, one a file; - is standard input.")],
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", callback=_sticks, help="One JSON object a line, in order.")] = False,
    defaults: Annotated[bool, typer.Option("--defaults", help="With the shipped configuration.")] = False,
    database: Annotated[bool, typer.Option("--db", help="With what the database knows; it is only read.")] = False,
    mailbox: Annotated[
        str | None, typer.Option("--mailbox", metavar="NAME", help="Where it came in; else the first.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="When, as 2026-12-24 17:30; else now.")] = None,
    all_rules: Annotated[bool, typer.Option("--all-rules", help="Also the rules that do not match, and why.")] = False,
) -> None:
    """Say what would happen to a mail, and why.

    Changes nothing.
    """
    from maildesk.cli import explain as work

    asked = work.Asked(files, json, defaults, database, mailbox, at, all_rules)
    raise typer.Exit(work.run(config, asked))


@app.command("list")
def list_(
    config: Config = None,
    all_: Annotated[bool, typer.Option("--all", help="Settled ones, too.")] = False,
    mine: Annotated[str | None, typer.Option("--mine", metavar="PERSON", help="Assigned to this person.")] = None,
    group: Annotated[str | None, typer.Option("--group", metavar="GROUP", help="Of this group.")] = None,
    status: Annotated[list[str] | None, typer.Option("--status", help="In this status; may be repeated.")] = None,
    unassigned: Annotated[bool, typer.Option("--unassigned", help="Assigned to nobody.")] = False,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    """List incidents, the most urgent first."""
    from maildesk.cli import queue as work

    wanted = work.wanted(all_=all_, mine=mine, group=group, states=status or [], unassigned=unassigned, limit=limit)
    raise typer.Exit(work.list_(config, wanted, as_json=json))


@app.command()
def find(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="Words, or beginnings of words.")],
    config: Config = None,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    """Find incidents by words.

    In titles, people and timelines; all the words must be there.
    """
    from maildesk.cli import queue as work

    raise typer.Exit(work.find_words(config, words, limit, as_json=json))


@app.command()
def show(incident: Tag, config: Config = None, json: Json = False) -> None:
    """Show an incident with its timeline."""
    from maildesk.cli import queue as work

    raise typer.Exit(work.show(config, incident, as_json=json))


@app.command()
def act(
    incident: Tag,
    commands: Annotated[str, typer.Argument(metavar="COMMANDS", help="As in a subject: '#resolve toner replaced'.")],
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="Words of an answer or a note; - is standard input.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Carry out commands on an incident.

    As the local admin: all of them, or none.
    """
    from maildesk.cli import act as work

    raise typer.Exit(work.run(config, incident, commands, text, as_json=json))


# --- inbox -----------------------------------------------------------------------------------------------------------


@inbox.callback()
def _inbox(
    ctx: typer.Context,
    config: Config = None,
    state: Annotated[list[MailState] | None, typer.Option("--state", help="In this state; may be repeated.")] = None,
    spam: Annotated[bool, typer.Option("--spam", help="Filed as spam, for a daily look.")] = False,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    if ctx.invoked_subcommand is None:
        from maildesk.cli import boxes as work

        raise typer.Exit(work.inbox(config, state or [], spam=spam, limit=limit, as_json=json))


@inbox.command("show")
def inbox_show(
    number: Number,
    config: Config = None,
    raw: Annotated[bool, typer.Option("--raw", help="The bytes as they came.")] = False,
    headers: Annotated[bool, typer.Option("--headers", help="The header block.")] = False,
    json: Json = False,
) -> None:
    """Show what became of a mail, or its bytes."""
    from maildesk.cli import boxes as work

    raise typer.Exit(work.show_mail(config, number, raw=raw, headers=headers, as_json=json))


@inbox.command("release")
def inbox_release(number: Number, config: Config = None) -> None:
    """Handle a quarantined mail anew."""
    from maildesk.cli import boxes as work

    raise typer.Exit(work.release(config, number))


@inbox.command("verify")
def inbox_verify(config: Config = None, json: Json = False) -> None:
    """Prove that no mail is lost.

    Every mail on the server has exactly one outcome here; exits 1 if one is missing.
    """
    from maildesk.cli import verify as work

    raise typer.Exit(work.run(config, as_json=json))


# --- outbox ----------------------------------------------------------------------------------------------------------


@outbox.callback()
def _outbox(
    ctx: typer.Context,
    config: Config = None,
    state: Annotated[list[LetterState] | None, typer.Option("--state", help="In this state; may be repeated.")] = None,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    if ctx.invoked_subcommand is None:
        from maildesk.cli import boxes as work

        raise typer.Exit(work.outbox(config, state or [], limit=limit, as_json=json))


@outbox.command("show")
def outbox_show(
    number: Number,
    config: Config = None,
    raw: Annotated[bool, typer.Option("--raw", help="The bytes as they are sent.")] = False,
    json: Json = False,
) -> None:
    """Show where a letter stands, or its bytes."""
    from maildesk.cli import boxes as work

    raise typer.Exit(work.show_letter(config, number, raw=raw, as_json=json))


@outbox.command("retry")
def outbox_retry(number: SomeNumber = None, held: Held = False, config: Config = None) -> None:
    """Try a letter now.

    One that waits, failed, was held or dropped; or, with --held, all that `letters: hold` has kept.
    """
    from maildesk.cli import boxes as work

    raise typer.Exit(work.retry(config, number, held=held))


@outbox.command("drop")
def outbox_drop(number: SomeNumber = None, held: Held = False, config: Config = None) -> None:
    """Never send a letter."""
    from maildesk.cli import boxes as work

    raise typer.Exit(work.drop(config, number, held=held))


@outbox.command("pause")
def outbox_pause(config: Config = None) -> None:
    """Let no letter leave.

    It holds over restarts.
    """
    from maildesk.cli import boxes as work

    raise typer.Exit(work.pause(config, paused=True))


@outbox.command("resume")
def outbox_resume(config: Config = None) -> None:
    """Let letters leave again."""
    from maildesk.cli import boxes as work

    raise typer.Exit(work.pause(config, paused=False))


# --- database --------------------------------------------------------------------------------------------------------


@db.command("upgrade")
def db_upgrade(config: Config = None) -> None:
    """Bring the database to this version.

    After a copy of it, if it is a file.
    """
    from maildesk.cli import db as work

    raise typer.Exit(work.upgrade(config))


@db.command("restored")
def db_restored(
    config: Config = None,
    days: Annotated[int, typer.Option("--days", min=0, help="How far back mails are looked at again.")] = 7,
    only_read: Annotated[
        bool, typer.Option("--only-read", help="Only look at mails again, after a mailbox was away.")
    ] = False,
) -> None:
    """Put things right after a restored backup.

    Begins a new epoch, so that nothing repeats, and reads mails again that the backup does not know. Nobody is
    written to.
    """
    from maildesk.cli import db as work

    raise typer.Exit(work.restored(config, days=days, only_read=only_read))


app.add_typer(inbox, name="inbox")
app.add_typer(outbox, name="outbox")
app.add_typer(db, name="db")


# --- running ---------------------------------------------------------------------------------------------------------


def run_words(words: Sequence[str]) -> int:
    """Run a command line and return its exit code; errors are told in a sentence, bugs with their traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # no terminal's alphabet is a reason to fail
    try:
        _command().main(list(words), prog_name="maildesk")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ConfigError as error:
        _complain(error.problems)
        return 2
    except MaildeskError as error:
        _complain([f"maildesk: {error}"])
        return 1
    except Exception:  # noqa: BLE001 -- a bug: everything that helps to find it
        traceback.print_exc()
        return 1
    return 0


@functools.cache
def _command() -> Any:
    """All commands, built once; nothing of a call stays in them."""
    return typer.main.get_command(app)


def _complain(problems: list[str]) -> None:
    from maildesk.cli.page import complain

    for problem in problems:
        complain(problem)
