"""Delivery reports taken apart: DSN (RFC 3464) and the prose that mail systems write instead of one.

Two questions, asked in this order. *Is it a report?* `recognise` answers with its reason. A report comes from a mail
system: either it says so by its MIME type, or its From is a daemon's and it opens with one of the phrases that daemons
use, or has the shape of a report. The second half needs both, because "my mail to Bob came back, it says: could not be
delivered ..." is what people write to a helpdesk every week, often with the whole report pasted or attached.

*Who failed?* The fields of RFC 3464 answer one by one. Without them, the prose above the returned message is read by
the table TIERS: places where an address is the failed one, the surest first; the first tier that finds somebody is
believed. Addresses of the mail's own recipients, of the returned mail's author and of postmasters are never failed
recipients. If the prose names nobody, or only a name without its domain, the returned mail says whom it was for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from maildesk.mail import dsn
from maildesk.mail.dialects import (
    DAEMON,
    DAEMON_PHRASES,
    PHRASES,
    POSTMASTER,
    REPLY,
    RETURNED,
    ROLE,
    delayed,
    fold,
)
from maildesk.mail.dsn import ANY_ADDRESS, DIAGNOSTIC, LINE, READ, STATUS, STATUS_PARTS
from maildesk.mail.message import Attachment, Bounce, Failure, Mail
from maildesk.mail.read import read
from maildesk.mail.text import clean_line
from maildesk.mail.thread import scan_ids

_OPENING = 3000  # characters within which a daemon says what it wants
_FIRST_WORDS = 400  # characters within which a mail that only seems automatic must say so
_RECIPIENTS = 100
_NESTED = 2  # so deep, and so many beside each other, are reports inside reports looked at
_HEADER = 16 * 1024  # bytes or characters of a returned header that are looked at

QUOTED_PARTS = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "text/rfc822",
        "message/rfc822-headers",  # Exim writes it so
        "message/global-headers",
    }
)

# In prose only ASCII, because Chinese has no blanks between words and addresses.
_ADDRESS = (
    r"[A-Za-z0-9.!#$%&*+/?^_`{}~-](?:[A-Za-z0-9.!#$%&*+/=?^_`{}~-]|'(?=[A-Za-z])){0,63}"
    r"@(?:[A-Za-z0-9-]{1,63}\.){1,10}[A-Za-z0-9-]{1,62}[A-Za-z0-9]"
)
_OPEN = r"[<\[\"'(]{0,2}(?:smtp:|mailto:|rfc822;)?"
_CLOSE = r"[>\]\"')]{0,2}"
_MODE = re.IGNORECASE | re.MULTILINE

_TO_WHOM = re.compile(
    r"(?:deliver(?:ed|y|ing|able)?|message|mail|sent|addressed|address|remis|remettre|livre|distribue|entregad[oa]|entregar"
    r"|zugestellt|delivre|livré|distribué|recapitato|consegnato|bezorgd|afgeleverd|rejected recipient)"
    r"(?: the)?(?: your)?(?: message| mail| e-?mail| mensaje| messaggio| bericht)?[ \t]+"
    r"(?:to|for|a|à|an|aan|para)(?: the)?(?: email address| address| recipient| user\b)?[ \t]*:?"
    rf"\s{{0,3}}(?:--[ \t])?{_OPEN}(?P<who>{_ADDRESS})",
    _MODE,
)
_TO_SOMEBODY = re.compile(r"deliver(?:y|ing) (?:of|to) \S{1,80} (?:has )?fail")

TIERS: tuple[tuple[re.Pattern[str], ...], ...] = (
    (
        # whom we wrote to, where an alias failed further on (PMDF, MailSite)
        re.compile(
            r"\b(?:original address|originally addressed to|was addressed to)[: \t]{1,8}"
            rf"{_OPEN}(?P<who>{_ADDRESS})",
            _MODE,
        ),
    ),
    (
        # <bob@example.com>: 550 ...   the address opens the line (qmail, Postfix, Yahoo, Exim, Vade)
        re.compile(rf"^[ \t]{{0,60}}(?:[*•-]{{1,3}}[ \t]{{0,20}})?{_OPEN}(?P<who>{_ADDRESS}){_CLOSE}[ \t]*:", _MODE),
        # the line is the address, bulleted, indented, quoted, or followed by when and why (Sendmail, Gmail, Exchange)
        re.compile(
            rf"^[ \t>]{{0,60}}(?:[*•-]{{1,3}}[ \t]{{0,20}})?{_OPEN}(?P<who>{_ADDRESS}){_CLOSE}[ \t]*"
            r"(?=$|\r|on [A-Z]|\(|#|<|[ \t]{2}|\t|- |/|\.\.\.)",
            _MODE,
        ),
        # Bob Carr <mailto:bob@example.com>, 'Bob Carr' (bob@example.com): Exchange adds the name people know
        re.compile(rf"^[^\n:;]{{1,160}}?[<(\[](?:mailto:|smtp:)(?P<who>{_ADDRESS})[>)\]]", _MODE),
        # Exchange names its X.400 users so
        re.compile(rf"dda:smtp=(?P<who>{_ADDRESS})", _MODE),
        # an alias that failed further on: the address in the brackets is the one that was written to (Sendmail, Exim)
        re.compile(rf"\((?:expanded|generated) from:?[ \t]*<?(?P<who>{_ADDRESS})", _MODE),
        # LISTSERV's own format
        re.compile(rf"^[ \t]*error-for:[ \t]*{_OPEN}(?P<who>{_ADDRESS})", _MODE),
    ),
    (
        # Unknown user: bob@example.com
        re.compile(
            r"\b(?:recipients?|address(?:es)?(?: specified)?|users?(?:id)?|attempts|unknown|undeliverable|mailbox|full"
            r"|size|destinatari[oa]s?|destinataires?|empfänger|ontvangers?|destinatários?|odbiorcy?)"
            rf"(?:\(s\))?[ \t]*[:=]\s{{0,3}}{_OPEN}(?P<who>{_ADDRESS})",
            _MODE,
        ),
        # ... could not be delivered to bob@example.com; addressed to 'bob@example.com', failed
        _TO_WHOM,
        # 552 Quota violation for bob@example.com; Local mailbox bob@example.com is unavailable
        re.compile(
            rf"\b(?:violation for|mailbox|user|account|address|rejected recipient)[ \t]+{_OPEN}(?P<who>{_ADDRESS})",
            _MODE,
        ),
    ),
    (
        re.compile(rf"\bRCPT TO[: \t][ \t]*{_OPEN}(?P<who>{_ADDRESS})", _MODE),
        # the address and the server's reply on one line, in either order
        re.compile(rf"^[ \t]{{0,60}}{_OPEN}(?P<who>{_ADDRESS}){_CLOSE}[ \t][^\n@]{{0,200}}\b[45]\d\d\b", _MODE),
        re.compile(rf"\b55\d[ -](?:[45]\.\d\.\d{{1,3}}[ \t]+)?[^\n@]{{0,40}}?{_OPEN}(?P<who>{_ADDRESS})", _MODE),
    ),
    # an address that opens a paragraph
    (re.compile(rf"(?:\A|\n\r?\n)[ \t]*{_OPEN}(?P<who>{_ADDRESS}){_CLOSE}[ \t,]", _MODE),),
)
# Any address at all, which is believed only if there is no other: prose also names examples, helpers and senders.
_LONE = re.compile(rf"(?<!from )(?<![\w.+-])(?P<who>{_ADDRESS})", _MODE)
_NEVER = re.compile(r"(?:postmaster|mailer-?daemon)@")
_HELPERS = re.compile(r"(?:abuse|no-?reply|support|help|helpdesk|administrator|webmaster|hostmaster|admin|info)@")
# A name whose domain the writer took for granted: alone on a line, or before what is the matter with it.
_NAME = re.compile(
    r"^[ \t]*(?:55\d )?(?:\d\.\d\.\d )?[<\"'(\[]?(?P<name>[A-Za-z0-9][\w.+-]{1,63})[>\"')\]]?[ \t]*"
    r"(?:$|\r|\.\.\.|:|\((?!s\))|\"\()",
    re.MULTILINE,
)
# ... and what must stand before it: the end of "the following addresses failed:" or "because they take no mail from x:"
_LISTED = re.compile(r":[ \t]*(?:\r?\n[ \t]*)+[<\"'(\[]?\Z")
_SAID = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*){0,8}")
_REPLY_DIGITS = re.compile(r"[45](?:\d\d[ -]|\.\d\.\d)")  # which it must hold, and which are found sooner
_REPLY_CODE = re.compile(r"\b[45]\d\d[ -][45]\.\d\.\d|(?:#|\bstatus:? ?)[45]\.\d\.\d|\b55[0-4][ -]")
_QUOTED_ID = re.compile(r"^[> \t]*message-id:\s{0,80}<([^<>\s]{1,998})>", _MODE)
_QUOTED_FIELD = re.compile(r"^[>| \t]{0,8}(to|cc|from|sender|reply-to|return-path)[ \t]*:((?:.*\n[ \t]+)*.*)", _MODE)
_FOR = re.compile(rf"\bfor <({_ADDRESS})>")
# list-bounces+bob=example.com@lists.example: the address of the subscriber in the envelope sender
_VERP = re.compile(r"[^@]{0,64}?[+-]([\w.+-]{1,64})=([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})@")
_SAY_SO = (
    ("Content-Class", re.compile(r"^urn:content-classes:dsn$")),  # Exchange to Exchange
    ("X-Ricevuta", re.compile(r"errore-consegna")),  # Italian certified mail
)
_BOUNCES = re.compile(r"(?:^|[-+._])bounces?(?:[-+=._]|$)")
_NO_REPLY = re.compile(r"\b(?:no|do-?not)[-_.]?reply@")
_AUTOMATIC = re.compile(r"\b(?:bulk|junk|auto[-_]?reply)\b")


def recognise(mail: Mail) -> str:
    """Why this mail is a delivery report, in one line for people; "" if it is none."""
    return _by_type(mail) or _by_words(mail) or _by_shape(mail)


def bounce(mail: Mail) -> Bounce | None:
    """The report that this mail is, or None."""
    return report(mail) if recognise(mail) else None


def report(mail: Mail) -> Bounce:
    """What a mail says that is known for a report. One that names nobody readable has no recipients."""
    return Bounce(_once(_failures(mail)), _original_ids(mail))


def report_type(mail: Mail) -> str:
    """The report-type of a multipart/report (RFC 6522), lower case; "mixed" if it names none; "" for other mails."""
    declared = (mail.header("Content-Type") or "")[:2000].casefold()
    if not declared.lstrip().startswith("multipart/report"):
        return ""
    named = re.search(r"report-type[ \t]*=[ \t]*\"?([\w-]{1,60})", declared)
    return named[1] if named else "mixed"


# ---- is it a report?


def _by_type(mail: Mail) -> str:
    kind = report_type(mail)
    if kind == "delivery-status":
        return "multipart/report; report-type=delivery-status"
    if mail.header("X-Failed-Recipients"):
        return "X-Failed-Recipients"
    for name, value in _SAY_SO:
        if value.search((mail.header(name) or "").casefold()):
            return f"{name}: {clean_line(mail.header(name) or '', 60)}"
    if (kind == "mixed" or _machine(mail)) and any(part.type in STATUS_PARTS for part in mail.attachments):
        return "message/delivery-status from a mail system"
    return ""


def _by_words(mail: Mail) -> str:
    subject = fold(mail.subject)
    if REPLY.match(subject) and not _daemon(mail) and not _came_back(mail):
        return ""
    phrase = _phrase(mail, subject, fold(mail.text[:_OPENING]))
    return f'a mail system writes "{phrase}"' if phrase else ""


def _phrase(mail: Mail, subject: str, opening: str) -> str:
    """The words that make a report of it: the less its sender is surely a machine, the more must be said."""
    if _daemon(mail):
        return _first(DAEMON_PHRASES, subject) or _first(DAEMON_PHRASES, opening)
    if _came_back(mail) and (phrase := _at_once(subject, opening)):
        return phrase
    if REPLY.match(subject):
        return ""
    if POSTMASTER.search(_sender(mail)):
        return _first(DAEMON_PHRASES, subject) or _first(PHRASES, opening)
    if mail.return_path == "":
        return _at_once(subject, opening)
    return _of_a_role(mail, subject, opening) if _accuses(opening) else ""


def _of_a_role(mail: Mail, subject: str, opening: str) -> str:
    """The phrase in the subject, of somebody who may be a person; in the text, too, if only its header is automatic."""
    titled = _first(PHRASES, subject)
    if ROLE.search(_sender(mail)) or not titled:
        return titled
    said = _first(PHRASES, opening[:_FIRST_WORDS]) or (titled if _quotes(mail, opening) else "")
    return said if _automatic(mail) else ""


def _at_once(subject: str, opening: str) -> str:
    """The phrase in the subject; or in the first words, if they say to whom."""
    return _first(PHRASES, subject) or (_first(PHRASES, opening[:_FIRST_WORDS]) if _names(opening) else "")


def _by_shape(mail: Mail) -> str:
    """A report in words that stand in no table: a daemon that quotes a server's reply, or returns a mail."""
    postmaster = POSTMASTER.search(_sender(mail)) and (mail.return_path == "" or _automatic(mail))
    sure = _daemon(mail) or postmaster
    if not sure:
        return ""
    if _replies(mail.text[:_OPENING]) and ANY_ADDRESS.search(mail.text[:_OPENING]):
        return "a mail system repeats the reply of another"
    if any(part.type in QUOTED_PARTS for part in mail.attachments):
        return "a mail system returns a mail"
    return ""


def _daemon(mail: Mail) -> bool:
    return DAEMON.search(_sender(mail)) is not None


def _machine(mail: Mail) -> bool:
    return _daemon(mail) or mail.return_path == "" or POSTMASTER.search(_sender(mail)) is not None or _automatic(mail)


def _automatic(mail: Mail) -> bool:
    """Whether the header says that a program wrote it."""
    submitted = (mail.header("Auto-Submitted") or "").strip().casefold()
    precedence = (mail.header("Precedence") or "").casefold()
    return submitted.startswith("auto-") or bool(_AUTOMATIC.search(precedence) or _NO_REPLY.search(_sender(mail)))


def _came_back(mail: Mail) -> bool:
    """Whether it went to an address to which nothing is written: only what could not be delivered comes back to it."""
    return any(_BOUNCES.search(one.email.partition("@")[0].lower()) for one in mail.to)


def _quotes(mail: Mail, opening: str) -> bool:
    """Whether it repeats the reply of a server, or returns a mail."""
    return _replies(opening) or any(part.type in QUOTED_PARTS for part in mail.attachments)


def _names(opening: str) -> bool:
    """Whether it comes to the point at once: delivered to whom."""
    return _TO_WHOM.search(opening, 0, _FIRST_WORDS) is not None


def _accuses(opening: str) -> bool:
    return _replies(opening) or ("@" in opening and ANY_ADDRESS.search(opening) is not None)


def _replies(opening: str) -> bool:
    return _REPLY_DIGITS.search(opening) is not None and _REPLY_CODE.search(opening) is not None


def _sender(mail: Mail) -> str:
    """From as written: name and address both tell a mail system, and its address may be no address at all."""
    written = mail.header("From")
    return "" if written is None else written.casefold() or "<>"


def _first(phrases: Iterable[str], text: str) -> str:
    found = next((phrase for phrase in phrases if phrase in text), "")
    return found or (named[0] if (named := _TO_SOMEBODY.search(text)) else "")


# ---- who failed?


def _failures(mail: Mail, depth: int = 0) -> list[Failure]:
    return dsn.failures(mail.attachments, mail.text) or _from_prose(mail, depth)


def _from_prose(mail: Mail, depth: int) -> list[Failure]:
    text = dsn.unwrapped(mail.text[:READ])
    cut = RETURNED.search(text)
    report = text[: cut.start()] if cut else text
    returned = _returned(mail, text[cut.start() :] if cut else "")
    found = _accused(mail, report, returned)
    if not found and depth < _NESTED and (inner := _nested(mail, depth)):
        return inner
    found = found or dict.fromkeys(returned.recipients if len(returned.recipients) == 1 else (), "")
    found = found or _lone(report, _innocent(mail, returned))
    action = "delayed" if delayed(fold(f"{mail.subject}\n{report}")) else "failed"
    fallback = STATUS.search(report)
    return [_told(address, said, action, fallback[1] if fallback else "") for address, said in found.items()]


def _told(address: str, said: str, action: str, fallback: str) -> Failure:
    status = STATUS.search(said)
    return Failure(address, status[1] if status else fallback, action, said)


def _accused(mail: Mail, report: str, returned: _Returned) -> dict[str, str]:
    """Failed address -> what is said about it, from the first place that names any."""
    listed = re.findall(_ADDRESS, (mail.header("X-Failed-Recipients") or "")[:READ])
    if listed:
        return {address.lower(): _diagnosis(report, address) for address in listed}
    innocent = _innocent(mail, returned)
    for tier in TIERS:
        if found := _named(report, tier, innocent):
            return found
    return _lone(mail.subject, innocent) or _by_name(mail, report, returned) or _by_envelope(mail)


def _innocent(mail: Mail, returned: _Returned) -> frozenset[str]:
    """Who certainly did not fail: whom the report went to, and who wrote the mail that came back."""
    to = {address.key for address in (*mail.to, *mail.cc)} or {name.lower() for name in mail.delivered_to}
    return frozenset(to | returned.senders)


def _named(report: str, patterns: Iterable[re.Pattern[str]], innocent: frozenset[str]) -> dict[str, str]:
    hits = [hit for pattern in patterns for hit in islice(pattern.finditer(report), _RECIPIENTS)]
    found = {hit["who"].lower(): _said(report, hit.end()) for hit in hits}
    return {who: said for who, said in found.items() if who not in innocent and not _NEVER.match(who)}


def _lone(text: str, innocent: frozenset[str]) -> dict[str, str]:
    """The only address of a text, if it has only one."""
    found = _named(text, (_LONE,), innocent)
    return found if len(found) == 1 and not any(map(_HELPERS.match, found)) else {}


def _by_name(mail: Mail, report: str, returned: _Returned) -> dict[str, str]:
    """Names without a domain: the returned mail has it, or it is the daemon's own."""
    hits = {hit["name"].lower(): hit for hit in islice(_NAME.finditer(report), _RECIPIENTS)}
    known = {address: hits[name] for address in returned.recipients if (name := address.partition("@")[0]) in hits}
    if not known and mail.from_shown and _daemon(mail):
        listed = [(name, hit) for name, hit in hits.items() if _LISTED.search(report, 0, hit.start("name"))]
        known = {f"{name}@{mail.from_shown.domain}": hit for name, hit in listed[:1]}
    return {address: _said(report, hit.end()) for address, hit in known.items()}


def _by_envelope(mail: Mail) -> dict[str, str]:
    """The recipient that the envelope sender of the returned mail named (VERP), to which the report came back."""
    for address in (*mail.delivered_to, *(one.email for one in mail.to)):
        if found := _VERP.match(address[:320]):
            return {f"{found[1]}@{found[2]}".lower(): ""}
    return {}


def _nested(mail: Mail, depth: int) -> list[Failure]:
    """The recipients of a report that came wrapped in this one: gateways send reports on as an attachment."""
    wrapped = (part for part in mail.attachments if part.type == "message/rfc822" and part.size <= 4 * READ)
    for part in islice(wrapped, _NESTED):
        inner = read(part.content)
        if isinstance(inner, Mail) and recognise(inner):
            return _failures(inner, depth + 1)
    return []


def _diagnosis(report: str, address: str) -> str:
    return _said(report, report.lower().find(address.lower()) + len(address))


def _said(report: str, at: int) -> str:
    """The lines from here to the next blank one, as one line."""
    found = _SAID.search(report, at, at + 2 * DIAGNOSTIC)
    return " ".join(found[0].strip("'\">:, \t").split())[:DIAGNOSTIC] if found else ""


# ---- the returned mail


@dataclass(frozen=True, slots=True)
class _Returned:
    """What the header of the returned mail says, lower case."""

    recipients: tuple[str, ...] = ()
    senders: frozenset[str] = frozenset()


def _returned(mail: Mail, pasted: str) -> _Returned:
    """The people of the returned mail: of the part that holds it, else of the text below the report."""
    for part in mail.attachments:
        if part.type in QUOTED_PARTS:
            return _people(_head(part))
    return _people(pasted[:_HEADER])


def _head(part: Attachment) -> str:
    head = part.content[:_HEADER].decode("latin-1").replace("\r\n", "\n").lstrip("\n")
    return head.partition("\n\n")[0]


def _people(head: str) -> _Returned:
    recipients: dict[str, None] = {}
    senders: set[str] = set()
    for field in islice(_QUOTED_FIELD.finditer(head), _RECIPIENTS):
        found = [address.lower() for address in re.findall(_ADDRESS, field[2])[:_RECIPIENTS]]
        if field[1].lower() in {"to", "cc"}:
            recipients.update(dict.fromkeys(found))
        else:
            senders.update(found)
    wanted = tuple(recipients) or tuple(dict.fromkeys(address.lower() for address in _FOR.findall(head)))
    return _Returned(tuple(address for address in wanted if address not in senders), frozenset(senders))


# ---- which letter


def _original_ids(mail: Mail) -> tuple[str, ...]:
    """Message-IDs of the returned mail: quoted as a part, named by the status part, in the prose, or referred to."""
    quoted = [scan_ids(part.content)[0] for part in mail.attachments if part.type in QUOTED_PARTS]
    named = [group.get("x-original-message-id", "").strip("<> ") for group in dsn.fields(mail.attachments)]
    written = [found[1]] if (found := _QUOTED_ID.search(mail.text[:READ])) else []
    ids = dict.fromkeys([*quoted, *named, *written, *mail.in_reply_to, *reversed(mail.references)])
    return tuple(clean_line(name, LINE) for name in ids if name and name != mail.message_id)


def _once(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    first: dict[str, Failure] = {}
    for failure in failures:
        first.setdefault(failure.address, failure)
    return tuple(first.values())[:_RECIPIENTS]
