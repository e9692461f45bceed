"""The schema: every key of the configuration, its form, its default. What a key means stands in config/README.md.

Each class is one mapping of the YAML. `later` names the keys of parts that this version does not have: they are
refused by name, so that nobody believes them to work.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationInfo

from maildesk.config import secret as secrets
from maildesk.config import values as v
from maildesk.config.secret import Secret
from maildesk.desk.incident import Impact, Priority, Type, Urgency
from maildesk.desk.people import Role
from maildesk.desk.policy import MATRIX
from maildesk.desk.policy import Limits as Budget
from maildesk.mail.message import Address
from maildesk.mail.pinned import OWN, PROVIDERS


def _listed(value: object) -> object:
    """One text where a list is wanted is a list of one."""
    return (value,) if isinstance(value, str | int) and not isinstance(value, bool) else value


def _secret(value: object, info: ValidationInfo) -> Secret:
    assert isinstance(info.context, secrets.Place)
    return secrets.secret(value, info.context)


def _keys(value: object, info: ValidationInfo) -> Secret:
    assert isinstance(info.context, secrets.Place)
    return secrets.secret(value, info.context, lines=True)


_OWN_SERVER = f"{OWN}:mail.acme.example"


def _preset(value: object) -> str:
    text = v.line(value)
    if text.partition(":")[0] != OWN:
        return v.choice("none", *PROVIDERS, _OWN_SERVER)(text)
    if not re.fullmatch(r"postfix:[A-Za-z0-9][A-Za-z0-9._-]{0,252}", text):
        raise v.Wrong(f"expected the name that your server gives itself, got {v.got(text)}; write {_OWN_SERVER}")
    return text


short_name = v.matching(r"[a-z0-9][a-z0-9._-]{0,39}", "a short name in small letters such as ann.lee or network")
category_name = v.matching(r"\w[\w .&+-]{0,39}(/\w[\w .&+-]{0,39})?", "a category such as network or network/vpn")


def _envelope(value: object) -> str:
    # Unquoted, the word null is no word in YAML.
    return "null" if value is None else v.choice("desk", "verp", "null")(value)


_S, _M, _H, _D = timedelta(0), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

Line = Annotated[str, PlainValidator(v.line)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(_listed)]
Prose = Annotated[str, PlainValidator(v.prose)]
Flag = Annotated[bool, PlainValidator(v.boolean)]
Mail = Annotated[Address, PlainValidator(v.address)]
Mails = Annotated[tuple[Mail, ...], BeforeValidator(_listed)]
Domains = Annotated[tuple[Annotated[str, PlainValidator(v.domain)], ...], BeforeValidator(_listed)]
Key = Annotated[
    str, PlainValidator(v.matching(r"[a-z0-9][a-z0-9._-]{0,39}", "a short name such as ann.lee or network"))
]
Keys = Annotated[tuple[Key, ...], BeforeValidator(_listed)]
Globs = Annotated[tuple[Annotated[str, PlainValidator(v.address_glob)], ...], BeforeValidator(_listed)]
Spoken = Annotated[str, PlainValidator(v.choice("en", "de", "fr", "es", "it", "nl"))]
Prefix = Annotated[str, PlainValidator(v.matching("[A-Z]{1,10}", "1 to 10 capital letters such as INC"))]
Language = Annotated[str, PlainValidator(v.matching("[a-z]{2,3}(-[A-Z]{2})?", "a language such as en, de or de-AT"))]
Zone = Annotated[str, PlainValidator(v.timezone)]
Hidden = Annotated[Secret, PlainValidator(_secret)]
Imap = Annotated[v.Server, PlainValidator(v.server(v.IMAP, "imaps://mail.acme.example"))]
Smtp_ = Annotated[v.Server, PlainValidator(v.server(v.SMTP, "smtps://mail.acme.example"))]
Keyword = Annotated[str, PlainValidator(v.matching(r"\$?[A-Za-z0-9_.-]{1,40}", "an IMAP keyword such as maildesk"))]
SpamFlags = Annotated[tuple[Annotated[tuple[str, str], PlainValidator(v.header_flag)], ...], BeforeValidator(_listed)]
CategoryName = Annotated[str, PlainValidator(category_name)]
AnImpact = Annotated[Impact, PlainValidator(v.member(Impact))]
AnUrgency = Annotated[Urgency, PlainValidator(v.member(Urgency))]
APriority = Annotated[Priority, PlainValidator(v.member(Priority))]
AType = Annotated[Type, PlainValidator(v.member(Type))]
ARole = Annotated[Role, PlainValidator(v.member(Role))]


class Part(BaseModel):
    """One mapping: nothing converted silently, nothing changed later, nothing unknown."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", arbitrary_types_allowed=True)
    later: ClassVar[frozenset[str]] = frozenset()


class Desk(Part):
    name: Line = Field(examples=["ACME IT Service Desk"])
    address: Mail = Field(examples=["support@acme.example"])
    prefix: Prefix = "INC"
    language: Language = "en"
    timezone: Zone = "UTC"
    admins: Mails = ()
    letters: Annotated[str, PlainValidator(v.choice("send", "hold"))] = "send"
    signature: Prose = ""


class Mailbox(Part):
    name: Key = Field(examples=["support"])
    imap: Imap | None = None
    user: Line | None = None
    password: Hidden | None = None
    folder: Line = "INBOX"
    done: Annotated[str | None, PlainValidator(lambda value: None if value is None else v.line(value))] = "Processed"
    flag: Keyword = "maildesk"
    since: Annotated[str | date, PlainValidator(v.since)] = "now"
    poll: Annotated[timedelta, PlainValidator(v.duration(timedelta(seconds=1), _H))] = _M
    cafile: Line | None = None
    address: Mail | None = None
    title: Line | None = None
    prefix: Prefix | None = None
    signature: Prose | None = None
    group: Key | None = None
    spam: SpamFlags = (("X-Spam-Flag", "yes"), ("X-Spam-Status", "yes"))


class Smtp(Part):
    url: Smtp_ = Field(examples=["smtps://mail.acme.example"])
    user: Line | None = None
    password: Hidden | None = None
    envelope: Annotated[str, PlainValidator(_envelope)] = "desk"
    plus_address: Flag = False
    cafile: Line | None = None
    connections: Annotated[int, PlainValidator(v.count(1, 20))] = 2


class Database(Part):
    url: Annotated[str, PlainValidator(v.database)] = "sqlite:///maildesk.db"
    password: Hidden | None = None


class Security(Part):
    preset: Annotated[str, PlainValidator(_preset)] = "none"
    trust_internal: Flag = False
    keys: Annotated[Secret, PlainValidator(_keys)] | None = None
    classes: dict[str, Annotated[str, PlainValidator(v.choice("routine", "consequential"))]] = {}
    confirm_within: Annotated[timedelta, PlainValidator(v.duration(_M, 7 * _D))] = _H


class Person(Part):
    name: Line = Field(examples=["Ann Lee"])
    email: Annotated[Mails, Field(min_length=1)] = Field(examples=["[ann@acme.example]"])
    roles: Annotated[tuple[ARole, ...], BeforeValidator(_listed)] = (Role.TECHNICIAN,)
    language: Language = ""
    logins: Lines = ()


class Group(Part):
    later = frozenset({"calendar"})
    tier: Annotated[int, PlainValidator(v.count(1, 9))] = 1
    lead: Key | None = None
    members: Keys = ()
    assign: Annotated[str, PlainValidator(v.choice("manual", "round_robin", "least_loaded"))] = "manual"
    escalates_to: Key | None = None


class Organisation(Part):
    name: Line = Field(examples=["ACME"])
    domains: Annotated[Domains, Field(min_length=1)] = Field(examples=["[acme.example]"])
    vip: Mails = ()


class Category(Part):
    group: Key | None = None
    impact: AnImpact | None = None
    urgency: AnUrgency | None = None
    type: AType | None = None


class Condition(Part):
    """What a mail must be like: every key of one mapping must hold, and of the texts of one key at least one."""

    all: Conditions | None = None
    any: Conditions | None = None
    not_: Condition | None = Field(default=None, alias="not")
    words: Lines = ()
    pattern: Lines = ()
    from_: Globs = Field(default=(), alias="from")
    to: Globs = ()
    mailbox: Keys = ()
    organisation: Lines = ()
    vip: Flag | None = None
    header: dict[str, Line] = {}
    attachment: Lines = ()
    language: Annotated[tuple[Spoken, ...], BeforeValidator(_listed)] = ()


Conditions = Annotated[tuple[Condition, ...], Field(min_length=1)]


class Verdict(Part):
    """What a rule sets where no rule before it did."""

    category: CategoryName | None = None
    group: Key | None = None
    assignee: Key | None = None
    type: AType | None = None
    impact: AnImpact | None = None
    urgency: AnUrgency | None = None
    priority: APriority | None = None
    tags: Annotated[
        tuple[Annotated[str, PlainValidator(v.matching(r"\w[\w.-]{0,39}", "a tag such as mobile"))], ...],
        BeforeValidator(_listed),
    ] = ()
    watchers: Keys = ()
    silent: Flag | None = None


class Example(Part):
    subject: Line = ""
    text: Prose = ""
    from_: Mail | None = Field(default=None, alias="from")
    to: Mails = ()
    mailbox: Key = ""
    organisation: Line | None = None
    vip: Flag = False
    header: dict[str, Line] = {}
    attachment: Lines = ()
    language: Spoken = ""
    matches: Flag = True


class Rule(Part):
    name: Line = Field(examples=["VPN trouble"])
    when: Condition = Condition()
    set: Verdict = Verdict()
    stop: Flag = False
    examples: tuple[Example, ...] = ()


Matrix = Mapping[Impact, Mapping[Urgency, Priority]]


def _whole(matrix: Matrix) -> Matrix:
    missing = [f"{i}.{u}" for i in Impact for u in Urgency if u not in matrix.get(i, {})]
    if missing:
        raise v.Wrong(f"has no priority for {', '.join(missing)}; give all nine, or remove the key for the default")
    return matrix


class Priorities(Part):
    matrix: Annotated[dict[AnImpact, dict[AnUrgency, APriority]], AfterValidator(_whole)] = {
        impact: {urgency: MATRIX[impact, urgency] for urgency in Urgency} for impact in Impact
    }


class Closing(Part):
    later = frozenset({"confirm", "remind", "close_after"})
    reopen_within: Annotated[timedelta, PlainValidator(v.duration(_S, 3650 * _D))] = 7 * _D


class Notices(Part):
    off: Lines = ()


_BUDGET = Budget()
_Few = Annotated[int, PlainValidator(v.count(0, 1000))]
_Many = Annotated[int, PlainValidator(v.count(0, 100_000))]
_Span = Annotated[timedelta, PlainValidator(v.duration(_M, 30 * _D))]


class Limits(Part):
    """Field by field desk.policy.Limits."""

    ack_per_sender_10min: _Few = _BUDGET.ack_per_sender_10min
    ack_per_sender_day: _Few = _BUDGET.ack_per_sender_day
    ack_per_domain_hour: _Many = _BUDGET.ack_per_domain_hour
    ack_per_hour: _Many = _BUDGET.ack_per_hour
    storm_count: Annotated[int, PlainValidator(v.count(1, 1000))] = _BUDGET.storm_count
    storm_window: _Span = _BUDGET.storm_window
    storm_quiet: _Span = _BUDGET.storm_quiet
    refusals_per_10min: _Few = _BUDGET.refusals_per_10min
    refusals_per_day: _Few = _BUDGET.refusals_per_day
    participants: Annotated[int, PlainValidator(v.count(1, 200))] = _BUDGET.participants
    old_mail: Annotated[timedelta, PlainValidator(v.duration(_M, 365 * _D))] = _BUDGET.old_mail
    letter_bytes: Annotated[int, PlainValidator(v.size(1024, 100 * 1024**2))] = _BUDGET.letter_bytes


# --- the whole ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """One top-level key: one mapping of it, a list of them, or a map of them by name."""

    model: type[Part]
    form: str = "one"  # one | list | map
    required: str = ""  # an example, if it must be given


SECTIONS: Mapping[str, Section] = {
    "desk": Section(Desk, required="desk: {name: ACME Service Desk, address: support@acme.example}"),
    "mailboxes": Section(Mailbox, "list", "mailboxes: [{name: support, imap: 'imaps://mail.acme.example', ...}]"),
    "smtp": Section(Smtp, required="smtp: {url: 'smtps://mail.acme.example', ...}"),
    "database": Section(Database),
    "security": Section(Security),
    "people": Section(Person, "map"),
    "groups": Section(Group, "map"),
    "organisations": Section(Organisation, "list"),
    "categories": Section(Category, "map"),
    "rules": Section(Rule, "list"),
    "priorities": Section(Priorities),
    "closing": Section(Closing),
    "notices": Section(Notices),
    "limits": Section(Limits),
}
LATER = frozenset({"calendars", "slas", "escalations", "http"})


def inside(annotation: Any) -> type[Part] | None:
    """The mapping that a field holds, alone, optionally, in a list or in a map."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    if get_origin(annotation) in {tuple, dict, Union, types.UnionType, Annotated}:
        return next((found for arg in get_args(annotation) if (found := inside(arg))), None)
    return None


def fields(model: type[Part]) -> dict[str, Any]:
    """Key as written -> the field."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def every_key() -> Iterator[str]:
    """Every key of the schema once, as config/README.md lists it: `mailboxes[].imap`, `people.NAME.email`."""
    around = {"one": "", "list": "[]", "map": ".NAME"}
    for name, section in SECTIONS.items():
        yield from _keys_of(section.model, name + around[section.form], frozenset())


def _keys_of(model: type[Part], prefix: str, seen: frozenset[type[Part]]) -> Iterator[str]:
    for key, field in fields(model).items():
        yield f"{prefix}.{key}"
        part = inside(field.annotation)
        if part and part not in seen | {model}:
            around = "[]" if get_origin(field.annotation) is tuple else ""
            yield from _keys_of(part, f"{prefix}.{key}{around}", seen | {model})
