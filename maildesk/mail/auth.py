"""How far the sender of one mail is proven: a level from L0 to L4, with the facts that gave it.

A From header proves nothing: everybody can write anybody's name there, and every check that a receiving server makes
is reported in a header that everybody can write too. So a mail starts as a claim, and only these facts move it:

    L0  broken    the claim itself is ambiguous. A singleton header that stands there twice is read by one program in
                  its first and by another in its second form, and a signature covers only one of them; so does a From
                  that two parsers read differently, or that names nobody or several people. Here, too, are those of
                  whom the own server, pinned by name, says that they are forged.
    L1  claimed   one sender, well written, nothing proven. Also with a token of somebody else: letters are forwarded.
    L2  answered  he holds the reply token of this very person: he can read what we sent to that address.
    L3  domain    the domain is proven by the receiving server's own verdict (pinned.py). That needs a server that an
                  admin has pinned by name; with none pinned, Authentication-Results is never looked at.
    L4  confirmed both at once, or he typed the word of a confirmation that went to his registered address, now.

Proof never outweighs a broken claim: no token and no confirmation lifts L0. Sender, Reply-To and the display name are
never looked at. A proven domain counts for a command only while the mail is fresh and can be told from a repetition of
itself (`unfresh`): a signature stays valid for everybody who gets hold of the mail, a token is bound to one answer. A
confirmation lifts L1 and L2 alike, but only for listed people: nobody else has an address that an admin wrote down. A
letter of our own that comes back proves nothing but that, whatever tokens it carries.

What a level allows stands elsewhere, in one table; here nothing is allowed and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from maildesk.mail.message import Level, Mail, Trust
from maildesk.mail.pinned import FAIL, PASS, Proof

# The reply token of a mail, as who holds the keys found it: for the sender himself, for somebody else, for nobody.
TOKENS: Mapping[str, tuple[Level, str]] = MappingProxyType(
    {
        "own": (Level.L2, "a reply token of this person"),
        "foreign": (Level.L1, "a reply token of somebody else"),
        "bad": (Level.L1, "a reply token that does not verify"),
        "": (Level.L1, "no reply token"),
    }
)


OLDEST = timedelta(hours=24)  # between a command's Date and its arrival; relays and greylisting take their time
NEWEST = timedelta(hours=1)  # how far a sender's clock may be ahead


def trust(
    mail: Mail,
    *,
    registered: bool,
    token: str,
    loop: bool = False,
    confirmed: bool = False,
    domain: Proof | None = None,
) -> Trust:
    """The trust level of a mail and its evidence.

    `registered`: From is an address that the configuration lists for a person. `token`: own | foreign | bad | "".
    `loop`: it carries our own loop header with a valid MAC. `confirmed`: it holds the typed word of a confirmation
    that was sent to this person. `domain`: what the pinned server says; None if none is pinned.
    """
    if broken := tuple(_defects(mail)):
        return Trust(Level.L0, broken)
    claim = f"From {mail.from_.email if mail.from_ else ''}, {'a listed' if registered else 'not a listed'} address"
    level, proof = TOKENS[token]
    facts = (claim, proof, *((domain.evidence,) if domain else ()))
    if domain and domain.outcome == FAIL:
        return Trust(Level.L0, facts, refuted=True)
    if loop:
        return Trust(Level.L1, (*facts, "one of our own letters come back"))
    if confirmed and registered:
        return Trust(Level.L4, (*facts, "confirmed by a typed reply"))
    if domain and domain.outcome == PASS:
        return Trust(Level.L4 if level is Level.L2 else Level.L3, facts)
    return Trust(level, facts)


def unfresh(mail: Mail, received_at: datetime) -> str:
    """Why a command in this mail may be an old one that somebody sends again; "" if it is fresh."""
    if mail.message_id is None:
        return "it has no Message-ID"
    if mail.date is None:
        return "it has no Date"
    fresh = received_at - OLDEST <= mail.date <= received_at + NEWEST
    return "" if fresh else f"its Date, {mail.date:%Y-%m-%d %H:%M} UTC, is not of the day on which it came"


def _defects(mail: Mail) -> Iterator[str]:
    """What makes the claim ambiguous."""
    for name in sorted(mail.repeated):
        yield f"the header {name} stands there more than once"
    if mail.from_defect:
        yield f"From cannot be trusted: {mail.from_defect}"
    elif mail.from_ is None:
        yield "no usable From"
