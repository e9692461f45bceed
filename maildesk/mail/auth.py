"""How far the sender of one mail is proven: a level from L0 to L4, with the facts that gave it.

A From header proves nothing: everybody can write anybody's name there, and every check that a receiving server makes
is reported in a header that everybody can write too. So a mail starts as a claim, and only these facts move it:

    L0  broken    the claim itself is ambiguous. A singleton header that stands there twice is read by one program in
                  its first and by another in its second form, and a signature covers only one of them; so does a From
                  that two parsers read differently, or that names nobody or several people.
    L1  claimed   one sender, well written, nothing proven. Also with a token of somebody else: letters are forwarded.
    L2  answered  he holds the reply token of this very person: he can read what we sent to that address.
    L3  domain    the domain is proven by the receiving server's own verdict. That needs a server that an admin has
                  pinned by name; with none pinned, Authentication-Results is never looked at, so nothing gives L3.
    L4  confirmed he typed the word of a confirmation that went to his registered address, now.

Proof never outweighs a broken claim: no token and no confirmation lifts L0. Sender, Reply-To and the display name are
never looked at. A confirmation lifts L1 and L2 alike, but only for listed people: nobody else has an address that an
admin wrote down. A letter of our own that comes back proves nothing but that, whatever tokens it carries.

What a level allows stands elsewhere, in one table; here nothing is allowed and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from maildesk.mail.message import Level, Mail, Trust

# The reply token of a mail, as who holds the keys found it: for the sender himself, for somebody else, for nobody.
TOKENS: Mapping[str, tuple[Level, str]] = MappingProxyType(
    {
        "own": (Level.L2, "a reply token of this person"),
        "foreign": (Level.L1, "a reply token of somebody else"),
        "bad": (Level.L1, "a reply token that does not verify"),
        "": (Level.L1, "no reply token"),
    }
)


def trust(mail: Mail, *, registered: bool, token: str, loop: bool = False, confirmed: bool = False) -> Trust:
    """The trust level of a mail and its evidence.

    `registered`: From is an address that the configuration lists for a person. `token`: own | foreign | bad | "".
    `loop`: it carries our own loop header with a valid MAC. `confirmed`: it holds the typed word of a confirmation
    that was sent to this person.
    """
    if broken := tuple(_defects(mail)):
        return Trust(Level.L0, broken)
    claim = f"From {mail.from_.email if mail.from_ else ''}, {'a listed' if registered else 'not a listed'} address"
    level, proof = TOKENS[token]
    if loop:
        return Trust(Level.L1, (claim, proof, "one of our own letters come back"))
    if confirmed and registered:
        return Trust(Level.L4, (claim, proof, "confirmed by a typed reply"))
    return Trust(level, (claim, proof))


def _defects(mail: Mail) -> Iterator[str]:
    """What makes the claim ambiguous."""
    for name in sorted(mail.repeated):
        yield f"the header {name} stands there more than once"
    if mail.from_defect:
        yield f"From cannot be trusted: {mail.from_defect}"
    elif mail.from_ is None:
        yield "no usable From"
