"""check: is everything as it must be, before the daemon meets it? Problems are lines of file:line:column."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from maildesk import build
from maildesk.cli import page, setting
from maildesk.cli.init import PLACEHOLDER
from maildesk.config import Secret, Settings, orphans
from maildesk.errors import ConfigError, MaildeskError

if TYPE_CHECKING:
    from maildesk.daemon.probe import MailboxProbe, TrustProbe
    from maildesk.mail.survey import Survey
    from maildesk.store.inbox import MailboxState
    from maildesk.store.incidents import InUse


@dataclass(frozen=True, slots=True)
class Trust:
    """What `security.preset` says now, which one would fit (""; none can be advised), and what the mails show."""

    now: str
    preset: str
    why: str
    mailboxes: tuple[TrustProbe, ...]


@dataclass(slots=True)
class Report:
    """What was found. `problems` must be mended, `warnings` should be looked at; `settings` None: unusable."""

    settings: Settings | None = None
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    summary: dict[str, int] = field(default_factory=dict)
    servers: list[str] = field(default_factory=list)
    mailboxes: list[MailboxProbe] = field(default_factory=list)
    trust: Trust | None = None


def run(config: Path | None, *, connect: bool, trust: bool, as_json: bool) -> int:
    """Print the report; 1 if there is a problem."""
    report = examine(config, connect=connect)
    if trust and report.settings:
        report.trust = _trust(report, report.settings)
    if as_json:
        asked = [*_SHOWN, *(_CONNECTED if connect else ()), *(("trust",) if trust else ())]
        page.document({name: getattr(report, name) for name in asked})
    else:
        _show(report)
    return 1 if report.problems else 0


_CONNECTED = ("servers", "mailboxes")
_SHOWN = ("problems", "warnings", "summary")


def _show(report: Report) -> None:
    for problem in report.problems:
        page.say(problem, "red")
    for warning in report.warnings:
        page.say(f"warning: {warning}", "yellow")
    for server in report.servers:
        page.say(server)
    if report.trust:
        _show_trust(report.trust)
    if report.problems:
        count = len(report.problems)
        page.say(f"{count} problem{'s' * (count > 1)} to mend", "bold red")
    else:
        counts = ", ".join(f"{name} {number}" for name, number in report.summary.items())
        page.say(f"the configuration is fine: {counts}", "green")


def examine(config: Path | None, *, connect: bool = False) -> Report:
    """Everything that can be told without changing anything; `connect` logs in to the servers, too."""
    report = Report()
    try:
        settings = setting.read(config, secrets=True)
    except ConfigError as error:
        report.problems += [*error.problems, *setting.failing_examples(config)]
        return report
    try:
        rules = setting.rules(settings)
    except ConfigError as error:
        report.problems += [*error.problems, *settings.policy.rules.check_examples()]
        return report
    report.settings = settings
    report.warnings += [*settings.warnings, *_placeholders(settings)]
    report.problems += [f"templates/{problem}" for problem in rules.renderer.check()]
    report.problems += settings.policy.rules.check_examples()
    report.summary = {**settings.summary(), "templates": len(build.template_sources(settings.templates))}
    _database(report, settings, connect=connect)
    if connect:
        _servers(report, settings)
    return report


def _placeholders(settings: Settings) -> list[str]:
    """`init` writes files that hold no password yet."""
    secrets: list[Secret | None] = [settings.smtp.password, *(box.password for box in settings.mailboxes)]
    named = dict.fromkeys(str(secret) for secret in secrets if secret and secret.reveal() == PLACEHOLDER)
    return [f"the secret {name} still holds what `maildesk init` wrote; put the password there" for name in named]


# --- the database ----------------------------------------------------------------------------------------------------


def _database(report: Report, settings: Settings, *, connect: bool) -> None:
    """Names that open incidents use; without `connect` nothing but a file of this machine is opened."""
    path = setting.database_file(settings)
    if path is not None and not path.exists():
        if connect:
            report.servers.append(f"database {path}: `maildesk run` makes it")
        return
    if path is None and not connect:
        return
    try:
        with setting.database(settings) as database, database.view() as view:
            used = view.incidents.in_use()
    except MaildeskError as error:
        _trouble(report, f"database: {error}", connect=connect)
        return
    report.warnings += orphans(settings, _in_use(used))
    if connect:
        report.servers.append(f"database {database.shown}: its schema is the one of this version")


def _in_use(used: InUse) -> dict[str, frozenset[str]]:
    return {
        "people": used.assignees,
        "groups": used.groups,
        "categories": used.categories,
        "mailboxes": used.mailboxes,
    }


def _trouble(report: Report, text: str, *, connect: bool) -> None:
    (report.problems if connect else report.warnings).append(text)


# --- the servers -----------------------------------------------------------------------------------------------------


def _servers(report: Report, settings: Settings) -> None:
    # Only where servers are asked: whoever checks while he edits shall not wait for the libraries that talk to them.
    from maildesk import plan  # noqa: PLC0415
    from maildesk.cli.logs import configure_for_a_command  # noqa: PLC0415
    from maildesk.daemon.probe import probe_mailbox, probe_smtp  # noqa: PLC0415

    configure_for_a_command()
    states = _states(settings)
    for mailbox in settings.mailboxes:
        try:
            probe = probe_mailbox(plan.source_of(mailbox), states.get(mailbox.name))
        except MaildeskError as error:
            report.problems.append(f"mailboxes.{mailbox.name}: {error}")
        else:
            report.mailboxes.append(probe)
            report.servers.append(_mailbox_line(probe))
    account = plan.plan_of(settings).smtp
    try:
        name = probe_smtp(account)
    except MaildeskError as error:
        report.problems.append(f"smtp: {error}")
    else:
        report.servers.append(f"smtp {account.host}:{account.port}: logged in to {name}")


def _states(settings: Settings) -> dict[str, MailboxState]:
    """How far each mailbox has been read, if there is a database that knows."""
    try:
        with setting.view(settings) as view:
            states = [view.inbox.mailbox(mailbox.name) for mailbox in settings.mailboxes]
    except MaildeskError:
        return {}
    return {state.name: state for state in states if state}


def _mailbox_line(probe: MailboxProbe) -> str:
    offers = ", ".join(f"{name} {'yes' if offered else 'no'}" for name, offered in probe.offers.items())
    return (
        f"mailbox {probe.name}: logged in to {probe.server}; {probe.folder} holds {probe.exists} mails, "
        f"{probe.take} would be taken now ({probe.why}); {offers}"
    )


# --- whose word counts ---------------------------------------------------------------------------------------------


def _trust(report: Report, settings: Settings) -> Trust:
    from maildesk import plan  # noqa: PLC0415 -- as above
    from maildesk.cli.logs import configure_for_a_command  # noqa: PLC0415
    from maildesk.daemon.probe import probe_trust  # noqa: PLC0415

    configure_for_a_command()
    probes: list[TrustProbe] = []
    for mailbox in settings.mailboxes:
        try:
            probes.append(probe_trust(plan.source_of(mailbox)))
        except MaildeskError as error:
            report.problems.append(f"mailboxes.{mailbox.name}: {error}")
    pin = settings.policy.pin
    now = f"{pin.preset}:{pin.server}" if pin and pin.server else pin.preset if pin else "none"
    return Trust(now, *_advice(probes, list(settings.policy.mailboxes)), tuple(probes))


def _advice(probes: list[TrustProbe], mailboxes: list[str]) -> tuple[str, str]:
    """One preset for all mailboxes, and why that one, or why none."""
    unseen = [name for name in mailboxes if name not in {probe.name for probe in probes}]
    if unseen:
        return "", f"all mailboxes share one preset, and these could not be looked at: {', '.join(unseen)}"
    doubtful = [probe for probe in probes if not probe.survey.preset]
    if doubtful:
        return "", f"mailbox {doubtful[0].name}: {doubtful[0].survey.why}"
    presets = sorted({probe.survey.preset for probe in probes})
    if len(presets) > 1:
        return "", f"the mailboxes would need different ones: {', '.join(presets)}"
    return presets[0], "; ".join(f"mailbox {probe.name}: {probe.survey.why}" for probe in probes)


_COLUMNS = ("Mailbox", "On top", "Mails", "Pass", "Fail", "Nothing")


def _show_trust(trust: Trust) -> None:
    page.table(_COLUMNS, [row for probe in trust.mailboxes for row in _rows(probe)])
    if trust.preset:
        page.say(f"security.preset: {trust.preset} would fit; {trust.why}", "green")
        page.say("what that server must do beforehand stands in config/README.md, `Which preset`")
    else:
        page.say(f"security.preset: none can be advised; {trust.why}", "yellow")
    page.say(f"the configuration says: {trust.now}")


def _rows(probe: TrustProbe) -> list[tuple[object, ...]]:
    survey = probe.survey
    rows: list[tuple[object, ...]] = [
        (probe.name, one.server or "(names no server)", one.mails, one.passed, one.failed, one.nothing)
        for one in survey.servers
    ]
    rows += [(probe.name, text, count) + ("",) * 3 for text, count in _others(survey) if count]
    return rows


def _others(survey: Survey) -> tuple[tuple[str, int], ...]:
    return ("(no such header)", survey.without), ("(cannot be read)", survey.unreadable)
