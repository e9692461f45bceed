"""A checked draft -> Settings: defaults filled in, names connected, the schema's words in the desk's values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from maildesk.config import rulebook, schema
from maildesk.config.check import WORKING
from maildesk.config.draft import Draft
from maildesk.config.secret import Place
from maildesk.config.settings import MailboxSettings, Settings, SmtpSettings
from maildesk.config.tree import Tree
from maildesk.desk.people import Class, Directory, Group, Organisation, Person, Role
from maildesk.desk.policy import Category, Limits, Mailbox, Policy
from maildesk.mail.message import Address
from maildesk.mail.pinned import Pin

ONLY_GROUP = "servicedesk"  # where no groups are given, all technicians are one


def settings(tree: Tree, draft: Draft, place: Place) -> Settings:
    """The configuration in use. The draft is without problems, so `desk` and `smtp` are there."""
    templates = place.directory / "templates"
    return Settings(
        directory=place.directory,
        policy=_policy(tree, draft),
        mailboxes=tuple(_account(box, place) for box in draft.mailboxes.values() if box.imap),
        smtp=_smtp(draft, place),
        database=draft.database.url,
        database_password=draft.database.password,
        keys=draft.security.keys,
        state=state(place.env),
        templates=templates if templates.is_dir() else None,
        warnings=tuple(str(warning) for warning in sorted(tree.warnings)),
    )


def state(env: Mapping[str, str]) -> Path:
    """The folder of what the desk itself writes."""
    # systemd gives several directories with colons between them when the unit names several.
    given = env.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else Path(env.get("HOME") or Path.home()) / ".local/state/maildesk"


def _policy(tree: Tree, draft: Draft) -> Policy:
    assert draft.desk
    assert draft.smtp
    directory = _directory(draft)
    return Policy(
        name=draft.desk.name,
        mailboxes={box.name: _mailbox(box, draft.desk, directory.groups) for box in draft.mailboxes.values()},
        directory=directory,
        rules=rulebook.compiled(tree, draft),
        admins=draft.desk.admins or _admins(directory),
        hold=draft.desk.letters == "hold",
        language=draft.desk.language,
        timezone=draft.desk.timezone,
        categories=_categories(draft.categories),
        matrix={(i, u): p for i, row in draft.priorities.matrix.items() for u, p in row.items()},
        classes={verb: Class(name) for verb, name in draft.security.classes.items()},
        notices_off=frozenset(draft.notices.off),
        reopen_within=draft.closing.reopen_within,
        confirm_within=draft.security.confirm_within,
        pin=_pin(draft.security),
        plus_address=draft.smtp.plus_address,
        envelope=draft.smtp.envelope,
        limits=Limits(**draft.limits.model_dump()),
    )


def _pin(security: schema.Security) -> Pin | None:
    preset, _, server = security.preset.partition(":")
    return None if preset == "none" else Pin(preset, server, security.trust_internal)


# --- people ---------------------------------------------------------------------------------------------------------


def _directory(draft: Draft) -> Directory:
    people = {name: _person(name, person) for name, person in draft.people.items()}
    groups = {name: Group(name, **dict(group)) for name, group in draft.groups.items()}
    return Directory(
        people, groups or _only_group(people), tuple(_organisation(o) for o in draft.organisations.values())
    )


def _person(name: str, person: schema.Person) -> Person:
    emails = tuple(address.key for address in person.email)
    return Person(name, person.name, emails, frozenset(person.roles), person.language, person.logins)


def _only_group(people: Mapping[str, Person]) -> dict[str, Group]:
    members = tuple(name for name, person in people.items() if WORKING & person.roles)
    lead = next((name for name, person in people.items() if Role.LEAD in person.roles), None)
    return {ONLY_GROUP: Group(ONLY_GROUP, lead=lead, members=members)} if members else {}


def _organisation(given: schema.Organisation) -> Organisation:
    return Organisation(given.name, given.domains, frozenset(address.key for address in given.vip))


def _admins(directory: Directory) -> tuple[Address, ...]:
    return tuple(person.address for person in directory.people.values() if Role.ADMIN in person.roles)


# --- mailboxes and servers ------------------------------------------------------------------------------------------


def _mailbox(box: schema.Mailbox, desk: schema.Desk, groups: Mapping[str, Group]) -> Mailbox:
    address = box.address or desk.address
    first_line = [name for name, group in groups.items() if group.tier == 1]
    return Mailbox(
        name=box.name,
        address=Address(address.email, box.title or desk.name),
        prefix=box.prefix or desk.prefix,
        signature=desk.signature if box.signature is None else box.signature,
        group=box.group or (first_line[0] if first_line else None),
        spam_flags=box.spam,
    )


def _account(box: schema.Mailbox, place: Place) -> MailboxSettings:
    assert box.imap
    assert box.user
    assert box.password
    return MailboxSettings(
        name=box.name,
        host=box.imap.host,
        port=box.imap.port,
        tls=box.imap.tls,
        user=box.user,
        password=box.password,
        folder=box.folder,
        done=box.done,
        flag=box.flag,
        since=box.since,
        cafile=_path(box.cafile, place),
        poll=int(box.poll.total_seconds()),
    )


def _smtp(draft: Draft, place: Place) -> SmtpSettings:
    assert draft.smtp
    smtp = draft.smtp
    return SmtpSettings(
        host=smtp.url.host,
        port=smtp.url.port,
        tls=smtp.url.tls,
        user=smtp.user,
        password=smtp.password,
        envelope=smtp.envelope,
        plus_address=smtp.plus_address,
        cafile=_path(smtp.cafile, place),
        connections=smtp.connections,
    )


def _path(name: str | None, place: Place) -> str | None:
    return str(place.directory / name) if name else None


# --- categories -----------------------------------------------------------------------------------------------------


def _categories(given: Mapping[str, schema.Category]) -> dict[str, Category]:
    """All categories by name; a parent exists because its children do, and they inherit what they do not say."""
    found: dict[str, Category] = {}
    for name in sorted({*given, *(name.partition("/")[0] for name in given)}):
        parent = found.get(name.partition("/")[0], Category(""))
        own = given.get(name, schema.Category())
        found[name] = Category(
            key=name,
            group=own.group or parent.group,
            impact=own.impact or parent.impact,
            urgency=own.urgency or parent.urgency,
            type=own.type or parent.type,
        )
    return found
