"""Rules: which category, group, type, impact, urgency and priority a mail calls for, and which rule said so and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may look at. `sender` and `recipients` are Address.key; `headers` as in Mail.headers."""

    subject: str
    text: str
    sender: str = ""
    sender_name: str = ""
    recipients: tuple[str, ...] = ()
    mailbox: str = ""
    organisation: str | None = None
    vip: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[tuple[str, str], ...] = ()  # (name, type)
    language: str = ""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule said: `why` names each condition that held and the words that matched."""

    name: str
    matched: bool
    why: tuple[str, ...] = ()
    where: str = ""  # "rules.yaml:12"


@dataclass(frozen=True, slots=True)
class Classification:
    """The result of all rules; `sources` says which rule set which field (field -> rule name)."""

    category: str = ""
    type: str = ""
    group: str = ""
    assignee: str = ""
    impact: str = ""
    urgency: str = ""
    priority: str = ""
    tags: frozenset[str] = frozenset()
    watchers: tuple[str, ...] = ()
    silent: bool = False
    verdicts: tuple[RuleVerdict, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules, compiled once into one index of folded words and phrases."""
