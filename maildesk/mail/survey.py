"""Which server may be pinned: what stands on top of the mails that came in lately, and whether it leaves any doubt.

Nothing is guessed. A preset is advised only if the same server stands on top of *every* mail with a readable header,
and what it is fits where the mailbox is: the provider's own IMAP server, or for a server of one's own its name in a
Received line near the top. A server that merely passes mails on, or a sender who writes such headers, would otherwise
look the same; so it would if all mails came from a few senders.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from maildesk.mail.authres import Defect, parse
from maildesk.mail.message import Mail
from maildesk.mail.pinned import FAIL, OWN, PASS, PROVIDERS, Pin, proof

ENOUGH = 10  # mails
DOMAINS = 3  # of senders
NEAR = 3  # Received lines from the top in which one's own server names itself; LMTP and filters write one each

# Where the mailboxes of a provider are.
HOSTS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "gmail": re.compile(r"imap\.(gmail|googlemail)\.com"),
        "m365": re.compile(r"([a-z0-9-]+\.)*(office365\.(com|us)|outlook\.(com|cn|de))"),
        "fastmail": re.compile(r"imap\.fastmail\.com"),
    }
)
_BY = re.compile(r"\bby\s+([A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True)
class OnTop:
    """How often one server stands on top ("" names none), and what it says of the senders."""

    server: str
    mails: int
    passed: int
    failed: int
    nothing: int  # no dmarc result, or one that neither proves nor refutes


@dataclass(frozen=True, slots=True)
class Survey:
    """What stands on top of some mails. `preset` is "" if there is any doubt; `why` says it in either case."""

    mails: int
    servers: tuple[OnTop, ...]
    without: int  # mails without such a header
    unreadable: int  # mails in which it, or the whole header, cannot be read
    preset: str
    why: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """One mail; `preset` is the one under which its topmost header would count."""

    server: str
    preset: str
    outcome: str
    domain: str
    by: frozenset[str]


def survey(mails: Sequence[Mail], host: str) -> Survey:
    """What these mails say about the server that received them; `host` is that of the mailbox."""
    readable = [mail for mail in mails if mail.results]
    seen = [one for one in map(_seen, readable) if one is not None]
    without = sum(mail.results == () for mail in mails)
    preset = _only(seen)
    doubt = _doubt(seen, without, len(readable) - len(seen)) or _misfit(seen, preset, host.lower())
    return Survey(
        mails=len(mails),
        servers=tuple(_on_top(server, seen) for server, _ in Counter(one.server for one in seen).most_common()),
        without=without,
        unreadable=len(mails) - without - len(seen),
        preset="" if doubt else preset,
        why=doubt
        or f"every mail has it on top, and {sum(one.outcome == PASS for one in seen)} senders would be proven",
    )


def _seen(mail: Mail) -> _Seen | None:
    try:
        server = parse(mail.results[0]).server if mail.results else ""
    except Defect:
        return None
    preset = next((name for name, (pattern, _) in PROVIDERS.items() if pattern.fullmatch(server)), f"{OWN}:{server}")
    outcome = proof(mail, Pin(preset.partition(":")[0], server)).outcome
    received = [value for name, value in mail.headers if name.lower() == "received"][:NEAR]
    by = frozenset(found[1] for value in received if (found := _BY.search(value)))
    return _Seen(server, preset, outcome, mail.from_.domain if mail.from_ else "", by)


def _on_top(server: str, seen: Sequence[_Seen]) -> OnTop:
    outcomes = Counter(one.outcome for one in seen if one.server == server)
    passed, failed = outcomes[PASS], outcomes[FAIL]
    return OnTop(server, outcomes.total(), passed, failed, outcomes.total() - passed - failed)


def _only(seen: Sequence[_Seen]) -> str:
    presets = {one.preset for one in seen}
    return presets.pop() if len(presets) == 1 else ""


def _doubt(seen: Sequence[_Seen], without: int, unreadable: int) -> str:
    """What keeps these mails from showing one server without exception."""
    presets = {one.preset for one in seen}
    checks = (
        (not seen, "no mail has such a header, so the server does not check senders, or does not say so"),
        (len(seen) < ENOUGH, f"too few mails: {len(seen)}; look again when there are {ENOUGH}"),
        (without > 0, f"mails without one: {without}; they reach the mailbox past the server that writes it"),
        (unreadable > 0, f"mails in which it cannot be read: {unreadable}"),
        (len(presets) > 1, f"different servers stand on top: {', '.join(sorted(presets))}"),
        (len({one.domain for one in seen}) < DOMAINS, f"the mails come from fewer than {DOMAINS} domains"),
        (not any(one.outcome == PASS for one in seen), "no sender would be proven by it: it says dmarc=pass of none"),
    )
    return next((why for doubted, why in checks if doubted), "")


def _misfit(seen: Sequence[_Seen], preset: str, host: str) -> str:
    """Why the server on top may not be the one that receives the mails."""
    where = HOSTS.get(preset)
    if where is not None:
        return "" if where.fullmatch(host) else f"it would be {preset}, but the mailbox is at {host}"
    strange = sum(one.server not in one.by for one in seen)
    return f"mails in which no Received line near the top is by the server that wrote it: {strange}" if strange else ""
