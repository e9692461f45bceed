"""The values everyone speaks: Mail coming in, Letter going out, and their parts. Nothing here computes.

Strings are clean when they stand in these values: decoded, NFC, no NUL, C0/C1 controls, lone surrogates or bidi
overrides; header values are one line. Addresses are compared by `Address.key`. Times are aware UTC. Sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox (RFC 5322 3.4). `email` is `local@domain`, the domain as lower-case A-label; "" is never an email."""

    email: str
    name: str = ""

    @property
    def key(self) -> str:
        """What addresses are compared by: A to Z folded, nothing else guessed (a Kelvin sign is no K)."""
        return self.email.translate(_FOLD)

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2].translate(_FOLD)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached or inline part. `name` is data only, never a path; `cid` is without angle brackets."""

    name: str
    type: str  # "image/png", lower case
    content: bytes = field(repr=False)
    cid: str | None = None
    inline: bool = False

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as read from its bytes (RFC 5322, MIME). Everything is data from a stranger.

    `headers` are all header fields in order, (name as written, decoded one-line value); our own X-Maildesk-* are
    stripped from it except the loop header, which stands in `loop`. `repeated` names the singleton headers that
    stand there twice (lower case). `from_` is set only if the From header names exactly one mailbox without
    defects and two parsers agree on it; `from_defect` says why not, and is "" if there was nothing wrong.
    `from_shown` is the best guess for showing and answering, never for identity. `results` are the topmost
    Authentication-Results and those right below it, unfolded and otherwise as they stand, never decoded; "" stands for
    one that no server writes, None says that the header block had to be mended.
    """

    message_id: str | None  # without angle brackets
    from_: Address | None
    from_shown: Address | None
    from_defect: str
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: tuple[str, ...]  # Delivered-To, X-Original-To, Envelope-To, X-Envelope-To: the envelope's trace
    return_path: str | None  # None: no such header; "": the null sender
    subject: str
    date: datetime | None
    in_reply_to: tuple[str, ...]  # ids without angle brackets
    references: tuple[str, ...]  # the last 20, oldest first
    headers: tuple[tuple[str, str], ...]
    repeated: frozenset[str]
    loop: str | None  # our own loop header, not yet verified
    text: str  # the message; from HTML when there is no plain part
    html: str | None  # as received, never to be shown unsanitised
    attachments: tuple[Attachment, ...]
    size: int  # of the raw mail, bytes
    notes: tuple[str, ...] = ()  # what had to be mended while reading, for the curious
    results: tuple[str, ...] | None = ()
    sealed: str = ""  # "PGP" or "S/MIME": the mail is encrypted, wholly or in part, and we have no key

    def header(self, name: str) -> str | None:
        """The first header of that name, or None. Never use it for a decision about identity."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no mail we can read; `reason` is one line for an admin."""

    reason: str


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A body taken apart. The three parts together hold everything the author and his client wrote."""

    new: str  # what the author newly wrote
    quoted: str  # history below or between
    signature: str
    inline_answers: bool = False  # he wrote between the quoted lines, so `new` keeps them with their context
    new_html: str | None = None  # `new` as he formatted it, sanitised to an allow-list; cid: images kept; None: plain


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail inside a forwarded mail: who wrote it first, as the forwarding client printed it. A claim, no proof."""

    sender: Address
    subject: str
    text: str


class Kind(StrEnum):
    """What sort of mail it is; only HUMAN is ever acknowledged."""

    HUMAN = "human"
    AUTO = "auto"
    BOUNCE = "bounce"
    MDN = "mdn"
    ARF = "arf"
    LIST = "list"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of a mail and the signal that said so, for example (AUTO, "Auto-Submitted: auto-replied")."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient of a delivery report (RFC 3464 2.3)."""

    address: str
    status: str  # "5.1.1", or "" if not stated
    action: str  # failed | delayed | delivered | relayed | expanded
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report taken apart. `original_ids` are the Message-IDs that it quotes."""

    recipients: tuple[Failure, ...]
    original_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the reader process says of one mail: a pure function of its bytes."""

    mail: Mail
    trimmed: Trimmed
    verdict: Verdict
    bounce: Bounce | None = None
    forwarded: Forwarded | None = None
    language: str = ""  # "de" if the text is plainly German; "" if it cannot be told


class Level(IntEnum):
    """How much is proven about the sender of one mail (the trust model stands at the head of auth.py)."""

    L0 = 0  # broken or forged
    L1 = 1  # claimed only
    L2 = 2  # a valid reply token of that very person
    L3 = 3  # the domain is proven
    L4 = 4  # both, or confirmed by a typed reply


@dataclass(frozen=True, slots=True)
class Trust:
    """The level of one mail and the facts that gave it, in the order they were looked at.

    `refuted`: the own mail server itself says that the sender is forged.
    """

    level: Level
    evidence: tuple[str, ...] = ()
    refuted: bool = False


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes out with a letter; its bytes lie in the blob table under `sha256` (hex)."""

    name: str
    type: str
    sha256: str
    size: int
    cid: str | None = None
    cut: bool = False  # a picture of the signature or the history that was cut off: kept, and not sent on


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be written: everything decided, nothing encoded. One recipient (tokens are personal)."""

    sender: Address
    to: Address
    subject: str
    text: str
    html: str
    message_id: str  # without angle brackets
    date: datetime
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: Address | None = None
    headers: tuple[tuple[str, str], ...] = ()  # Auto-Submitted, X-Maildesk-*, List-Id ...
    enclosures: tuple[Enclosure, ...] = ()  # those with a cid stand inside the HTML, the others are attached


@dataclass(frozen=True, slots=True)
class Frozen:
    """A written letter, as the outbox keeps it: the same bytes at every attempt.

    The letter is `head` + `body` with, at each (offset into body, sha256), the blob of that name in base64 lines.
    """

    head: bytes
    body: bytes
    inserts: tuple[tuple[int, str], ...] = ()
