"""What the own mail server says of a sender: the one server that an admin has pinned is believed, nobody else.

Everybody can write Authentication-Results into a mail, in any number and in anybody's name. What only the receiving
server can do is to put its own *on top* of what it was given. So the topmost one counts, and only if it carries the
pinned name, letter by letter; another name on top means that the own server has said nothing. Fastmail writes several
one below the other: there the unbroken run of the same name counts.

The one result that proves a sender is `dmarc=pass` for exactly the domain of From (RFC 7489): spf and dkim alone speak
of other domains. `dmarc=fail`, or that the server would refuse or quarantine the mail, refutes him. Two dmarc results
are none: one of them may have been talked into the header by an envelope sender with semicolons in it.

ARC-*, X-Original-*, Received-SPF and marks of spam filters are never looked at.

A Postfix server whose filter writes `auth=pass smtp.auth=LOGIN` for its own users proves the person to whom the
configuration gives this login. Microsoft 365 marks mail between users of one tenant in a header of its own, and takes
that header out of mail from outside; it counts if the admin says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType

import idna

from maildesk.mail.authres import Defect, Result, Results, parse
from maildesk.mail.message import Mail

PASS, FAIL, NOTHING = "pass", "fail", ""

# How the servers of a provider call themselves, and whether several headers of one server count together.
PROVIDERS: Mapping[str, tuple[re.Pattern[str], bool]] = MappingProxyType(
    {
        "gmail": (re.compile(r"mx\.google\.com"), False),
        "m365": (re.compile(""), False),
        "fastmail": (re.compile(r"[a-z0-9-]{1,40}\.messagingengine\.com"), True),
    }
)
OWN = "postfix"  # a server of one's own, under the name that is pinned beside it
_INTERNAL = "x-ms-exchange-organization-authas"
_REFUTED = frozenset({"fail", "reject", "quarantine"})
_APPLIED = ("action", "policy.applied-disposition")  # what the server would do with the mail: Microsoft, Fastmail
_AGAINST = frozenset({"reject", "oreject", "quarantine"})


@dataclass(frozen=True, slots=True)
class Pin:
    """Whose word counts: a provider of the table, or `postfix` with the server's name; `internal`: see above."""

    preset: str
    server: str = ""
    internal: bool = False

    @property
    def shown(self) -> str:
        return self.server or self.preset


@dataclass(frozen=True, slots=True)
class Proof:
    """What the pinned server says of the sender: pass, fail or "" (nothing that counts), and what was read."""

    outcome: str
    evidence: str


def proof(mail: Mail, pin: Pin, logins: Collection[str] = ()) -> Proof:
    """What is proven of the domain of From. `logins`: those of the person whose address stands in From."""
    try:
        said = believed(mail.results, pin)
        why = ""
    except Defect as defect:
        said, why = Results("", ()), str(defect)
    name = said.server or pin.shown
    if refuted := _refuted(said.results):
        return Proof(FAIL, f"{name}: {refuted}")
    if pin.internal and mail.results is not None and _internal(mail):
        return Proof(PASS, "Microsoft 365: sent inside the tenant")
    if why:
        return Proof(NOTHING, why)
    if login := _logged_in(said.results, logins):
        return Proof(PASS, f"{name}: auth=pass, logged in as {login}")
    outcome, evidence = _dmarc(said.results, mail.from_.domain if mail.from_ else "")
    return Proof(outcome, f"{name}: {evidence}")


def believed(values: Sequence[str] | None, pin: Pin) -> Results:
    """What the pinned server wrote, of the run of Authentication-Results on top. Raises `Defect` with the reason."""
    if values is None:
        raise Defect("the header block was broken, so nothing in it is believed")
    if not values:
        raise Defect(f"no Authentication-Results, so {pin.shown} says nothing")
    pattern, several = PROVIDERS.get(pin.preset) or (re.compile(re.escape(pin.server)), False)
    first = _parsed(values[0])
    if not (pattern.fullmatch(first.server) and _bare(values[0], first.server)):
        raise Defect(f"the topmost Authentication-Results is of {first.server or 'nobody'}, not of {pin.shown}")
    if not several or not first.results:  # whoever checked nothing has no second header
        return first
    run = takewhile(lambda value: _bare(value, f"{first.server};"), values)
    return Results(first.server, tuple(result for value in run for result in _parsed(value).results))


def _parsed(value: str) -> Results:
    try:
        return parse(value)
    except Defect as defect:
        raise Defect(f"the topmost Authentication-Results cannot be read: {defect}") from defect


def _bare(value: str, server: str) -> bool:
    """The name stands there without quotes and comments: in another dress it may have slipped past the server."""
    return value.startswith(server) and not value.startswith(("(", '"'))


def _refuted(results: Sequence[Result]) -> str:
    for one in results:
        applied = [word for name in _APPLIED for word in one.values(name) if word.lower() in _AGAINST]
        if one.method == "dmarc" and (one.word in _REFUTED or applied):
            return f"dmarc={one.word}{''.join(f', {word}' for word in applied)}"
    return ""


def _internal(mail: Mail) -> bool:
    return [value for name, value in mail.headers if name.lower() == _INTERNAL] == ["Internal"]


def _logged_in(results: Sequence[Result], logins: Collection[str]) -> str:
    found = [one for one in results if one.method == "auth"]
    names = found[0].values("smtp.auth") if len(found) == 1 and found[0].word == PASS else ()
    return names[0] if len(names) == 1 and names[0] in logins else ""


def _dmarc(results: Sequence[Result], domain: str) -> tuple[str, str]:
    found = [one for one in results if one.method == "dmarc"]
    if len(found) != 1:
        return NOTHING, "more than one dmarc result" if found else "no dmarc result"
    senders = found[0].values("header.from")
    if found[0].word != PASS:
        return NOTHING, f"dmarc={found[0].word}"
    if len(senders) != 1 or not domain or _a_label(senders[0]) != domain:
        return NOTHING, f"dmarc=pass for {', '.join(senders) or 'no domain'}, and From is of {domain or 'no domain'}"
    return PASS, f"dmarc=pass for {domain}"


def _a_label(domain: str) -> str:
    """The domain as `Address.domain` has it; "" if there is no such domain."""
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain.lower(), strict=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""
