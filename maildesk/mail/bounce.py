"""Delivery reports taken apart: DSN (RFC 3464) and the prose that mail systems write instead of one.

Two questions, asked in this order. *Is it a report?* `recognise` answers with its reason. A report comes from a mail
system: either it says so by its MIME type, or its From is a daemon's and it opens with one of the phrases that daemons
use. The second half needs both, because "my mail to Bob came back, it says: could not be delivered ..." is what people
write to a helpdesk every week, often with the whole report pasted or attached.

*Who failed?* A delivery-status part answers field by field. Without one, the prose above the returned message is read
by the table TIERS: places where an address is the failed one, the surest first; the first tier that finds somebody is
believed. Addresses of the mail's own recipients and of postmasters are never failed recipients.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from maildesk.mail.message import Attachment, Bounce, Failure, Mail
from maildesk.mail.text import clean_line
from maildesk.mail.thread import scan_ids

_READ = 64 * 1024  # bytes or characters of one part that are looked at; reports are short, returned mails are not
_OPENING = 3000  # characters within which a daemon says what it wants
_RECIPIENTS = 100
_LINE = 998  # characters of a field, RFC 5322 2.1.1
_DIAGNOSTIC = 500  # characters kept of what the refusing server said

STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
QUOTED_PARTS = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/rfc822-headers",  # Exim writes it so
        "message/global-headers",
    }
)

# Whoever writes From one of these is a mail system, so its words may be taken as a report wherever they stand.
_DAEMON = re.compile(
    r"mailer[-_. ]?daemon|postmaster|mail(?:er)? delivery|delivery (?:sub)?system|mail administrator"
    r"|internet mail|\bmdaemon@|microsoftexchange[0-9a-f]{8}|mail system|^\W+$",
)
# These may be people: they are believed only if the very subject is a daemon's.
_ROLE = re.compile(
    r"system administrator|antivirus|anti-virus|virus_?wall|mail ?gateway|\bimss@|\binetgw\d*@|\bndr@"
    r"|mail[-_ ]?service"
)

_REPLY = re.compile(r"(?:re|aw|fwd?|wg|sv|vs|tr|rv|antw) ?: ?")

PHRASES = (
    "undeliverable",
    "undelivered",
    "not be delivered",
    "not been delivered",
    "not yet been delivered",
    "non-delivery",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery status notification",
    "delivery notification",
    "delivery problem",
    "delivery warning",
    "delivery error",
    "delivery unsuccessful",
    "mail delivery failed",
    "mail failed",
    "failed mail",
    "failure notice",
    "returned mail",
    "returning message to sender",
    "message delayed",
    "message status - undeliverable",
    "unable to deliver",
    "wasn't able to deliver",
    "wasn't delivered",
    "couldn't be delivered",
    "did not reach the following recipient",
    "not delivered",
    "user unknown",
    "automatically rejected",
    "message blocked",
    "address not found",
    "delayed",
    "postponed",
    "unzustellbar",
    "nicht zugestellt",
    "zustellung fehlgeschlagen",
    "nicht zustellbar",
    "non remis",
    "non distribuable",
    "pu être remis",
    "pu être distribué",
    "échec de la remise",
    "no se pudo entregar",
    "no pudo ser entregado",
    "no se puede entregar",
    "mancato recapito",
    "impossibile recapitare",
    "onbestelbaar",
    "niet worden bezorgd",
    "kan inte levereras",
    "kunne ikke leveres",
    "nie można dostarczyć",
    "não pôde ser entregue",
    "не может быть доставлено",
    "недоставленное",
    "系统退信",
    "邮件发送失败",
    "邮件无法",
    "配信不能",
)
# Still on its way: the system says that it will go on trying.
_DELAYED = re.compile(
    r"not yet been delivered|has been delayed|message delayed|warning message only|will (?:continue|keep) (?:to )?try"
    r"|\bdelayed\b|has been postponed|delivery attempts will continue|do not need to resend"
    r"|verzögert|wird weiterhin versucht|retardée",
)

# From here on stands the returned mail, with everybody's addresses in it.
_RETURNED = re.compile(
    r"^[^\n]{0,60}(?:original (?:mail |e-?mail )?message (?:follows|headers|header|details|attached|as received|below)"
    r"|-{2,} ?original message|unsent message|below (?:this|the next) line|is a copy of (?:the|your)\b"
    r"|undelivered message you sent|message (?:text )?follows|start of returned message"
    r"|returned message|your message reads|(?:top|first) \d{1,4} lines|ursprüngliche (?:nachricht|kopfzeilen)"
    r"|message d'origine|mensaje original|messaggio originale)",
    re.IGNORECASE | re.MULTILINE,
)

# In prose only ASCII, because Chinese has no blanks between words and addresses.
_ADDRESS = r"[A-Za-z0-9.!#$%&*+/?^_`{}~-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]"
_ANY_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[\w.-]{1,253}\w")
_OPEN = r"[<\[\"'(]{0,2}"
_CLOSE = r"[>\]\"')]{0,2}"
_MODE = re.IGNORECASE | re.MULTILINE

TIERS: tuple[tuple[re.Pattern[str], ...], ...] = (
    (
        # <bob@example.com>: 550 ...   the address opens the line (qmail, Postfix, Yahoo, Exim, Vade)
        re.compile(rf"^[ \t]*(?:[*•-]+[ \t]*)?{_OPEN}(?P<who>{_ADDRESS}){_CLOSE}[ \t]*:", _MODE),
        # the line is the address, bulleted, indented, quoted, or followed by when and why (Sendmail, Gmail, Exchange)
        re.compile(
            rf"^[ \t>]*(?:[*•-]+[ \t]*)?{_OPEN}(?P<who>{_ADDRESS}){_CLOSE}[ \t]*"
            r"(?=$|\r|on [A-Z]|\(|#|<mailto:|- |/|\.\.\.)",
            _MODE,
        ),
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
            r"\b(?:recipients?|address(?:es)?(?: specified)?|users?(?:id)?|attempts|unknown|undeliverable|mailbox|full)"
            rf"[ \t]*[:=]\s{{0,3}}{_OPEN}(?P<who>{_ADDRESS})",
            _MODE,
        ),
        # ... could not be delivered to bob@example.com; addressed to 'bob@example.com', failed
        re.compile(
            r"(?:deliver(?:ed|y)?|message|mail|sent|addressed|address|remis|entregado|zugestellt)"
            r"(?: the)?(?: your)?(?: message| mail| e-?mail)?[ \t]+(?:to|for|a|à|an)"
            r"(?: email address| address)?[ \t]*:?"
            rf"\s{{0,3}}(?:--[ \t])?{_OPEN}(?P<who>{_ADDRESS})",
            _MODE,
        ),
        # 552 Quota violation for bob@example.com; Local mailbox bob@example.com is unavailable
        re.compile(rf"\b(?:violation for|mailbox|user|account|address)[ \t]+{_OPEN}(?P<who>{_ADDRESS})", _MODE),
    ),
    (re.compile(rf"\bRCPT TO:[ \t]*<?(?P<who>{_ADDRESS})", _MODE),),
)
# Any address at all, which is believed only if there is no other: prose also names examples, helpers and senders.
_LONE = re.compile(rf"(?<!from )(?<![\w.+-])(?P<who>{_ADDRESS})", _MODE)
_NEVER = re.compile(r"(?:postmaster|mailer-?daemon|abuse|support|helpdesk|administrator|webmaster|hostmaster)@")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_SAID = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*){0,8}")
_QUOTED_ID = re.compile(r"^[> \t]*message-id:\s{0,80}<([^<>\s]{1,998})>", _MODE)

_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_BY_CLASS = {"2": "delivered", "4": "delayed", "5": "failed"}


def recognise(mail: Mail) -> str:
    """Why this mail is a delivery report, in one line for people; "" if it is none."""
    return _by_type(mail) or _by_words(mail)


def bounce(mail: Mail) -> Bounce | None:
    """The report that this mail is, or None. A report that names nobody readable has no recipients."""
    if not recognise(mail):
        return None
    failures = _from_status(mail.attachments) or _from_prose(mail, _report(mail.text[:_READ]))
    return Bounce(_once(failures), _original_ids(mail))


def report_type(mail: Mail) -> str:
    """The report-type of a multipart/report (RFC 6522), lower case; "mixed" if it names none; "" for other mails."""
    declared = (mail.header("Content-Type") or "")[:2000].casefold()
    if not declared.lstrip().startswith("multipart/report"):
        return ""
    named = re.search(r"report-type[ \t]*=[ \t]*\"?([\w-]{1,60})", declared)
    return named[1] if named else "mixed"


def _by_type(mail: Mail) -> str:
    if report_type(mail) == "delivery-status":
        return "multipart/report; report-type=delivery-status"
    if mail.header("X-Failed-Recipients"):
        return "X-Failed-Recipients"
    if _daemon(mail) and any(part.type in STATUS_PARTS for part in mail.attachments):
        return "message/delivery-status from a mail system"
    return ""


def _by_words(mail: Mail) -> str:
    """The phrase that a daemon opens with: in its subject or text; in the subject only, if it may be a person."""
    subject, daemon = mail.subject.casefold(), _daemon(mail)
    perhaps = daemon or mail.return_path == "" or _ROLE.search(_sender(mail)) is not None
    if not perhaps or _REPLY.match(subject):
        return ""
    phrase = _phrase(subject) or (_phrase(mail.text[:_OPENING].casefold()) if daemon else "")
    return f'a mail system writes "{phrase}"' if phrase else ""


def _daemon(mail: Mail) -> bool:
    return _DAEMON.search(_sender(mail)) is not None


def _sender(mail: Mail) -> str:
    """From as written: name and address both tell a mail system, and its address may be no address at all."""
    written = mail.header("From")
    return "" if written is None else written.casefold() or "<>"


def _phrase(text: str) -> str:
    flat = " ".join(text.replace("’", "'").split())
    return next((phrase for phrase in PHRASES if phrase in flat), "")


def _report(text: str) -> str:
    """What the mail system wrote, without the mail that it returned below."""
    cut = _RETURNED.search(text)
    return text[: cut.start()] if cut else text


# ---- RFC 3464


def _from_status(attachments: Iterable[Attachment]) -> list[Failure]:
    """Every recipient group of the delivery-status parts (RFC 3464 2.3)."""
    parts = (part.content for part in attachments if part.type in STATUS_PARTS)
    return [failure for part in parts for group in _groups(part) if (failure := _failure(group))]


def _groups(content: bytes) -> Iterator[Mapping[str, str]]:
    """The field groups of a status part; a second recipient without a blank line before it opens a group too."""
    group: dict[str, str] = {}
    for line in _unfolded(content[:_READ].decode("utf-8", "replace")):
        name, colon, value = clean_line(line, _LINE).partition(":")
        name = name.strip().lower()
        if not line.strip() or (name == "final-recipient" and name in group):
            yield group
            group = {}
        if colon:
            group.setdefault(name, value.strip())
    yield group


def _unfolded(text: str) -> list[str]:
    return re.sub(r"\r?\n[ \t]+(?=\S)", " ", text.strip()).splitlines()


def _failure(group: Mapping[str, str]) -> Failure | None:
    # The original recipient is the one we wrote to; the final one may be an alias that nobody here has heard of.
    address = _typed(group.get("original-recipient", "")) or _typed(group.get("final-recipient", ""))
    if not address:
        return None
    diagnostic = group.get("diagnostic-code", "").partition(";")[2].strip() or group.get("diagnostic-code", "")
    found = _STATUS.search(group.get("status", "")) or _STATUS.search(diagnostic)
    status = found[1] if found else ""
    return Failure(address, status, _action(group.get("action", ""), status), diagnostic[:_DIAGNOSTIC])


def _typed(value: str) -> str:
    """`rfc822; <Bob@Example.com>` -> bob@example.com; "" if it names no mail address."""
    found = _ANY_ADDRESS.search(value.rpartition(";")[2])
    return found[0].lower() if found else ""


def _action(stated: str, status: str) -> str:
    """The action field, or what the class of the status means (RFC 3463 2)."""
    word = stated.strip().lower()
    return next((action for action in _ACTIONS if word.startswith(action)), _BY_CLASS.get(status[:1], "failed"))


# ---- prose


def _from_prose(mail: Mail, report: str) -> list[Failure]:
    action = "delayed" if _DELAYED.search(f"{mail.subject}\n{report}".casefold()) else "failed"
    ours = {address.key for address in (*mail.to, *mail.cc)} | {name.lower() for name in mail.delivered_to}
    listed = re.findall(_ADDRESS, (mail.header("X-Failed-Recipients") or "")[:_READ])
    found = {address.lower(): _diagnosis(report, address) for address in listed} or _search(report, ours)
    found = found or _search(mail.subject, ours)
    fallback = _STATUS.search(report)
    return [_told(address, said, action, fallback[1] if fallback else "") for address, said in found.items()]


def _told(address: str, said: str, action: str, fallback: str) -> Failure:
    status = _STATUS.search(said)
    return Failure(address, status[1] if status else fallback, action, said)


def _search(report: str, ours: set[str]) -> dict[str, str]:
    """Failed address -> what is said about it, from the first tier that finds any."""
    for tier in TIERS:
        if found := _named(report, tier, ours):
            return found
    alone = _named(report, (_LONE,), ours)
    return alone if len(alone) == 1 else {}


def _named(report: str, patterns: Iterable[re.Pattern[str]], ours: set[str]) -> dict[str, str]:
    hits = [hit for pattern in patterns for hit in islice(pattern.finditer(report), _RECIPIENTS)]
    found = {hit["who"].lower(): _said(report, hit.end()) for hit in hits}
    return {who: said for who, said in found.items() if who not in ours and not _NEVER.match(who)}


def _diagnosis(report: str, address: str) -> str:
    return _said(report, report.lower().find(address.lower()) + len(address))


def _said(report: str, at: int) -> str:
    """The lines from here to the next blank one, as one line."""
    found = _SAID.search(report, at, at + 2 * _DIAGNOSTIC)
    return " ".join(found[0].strip("'\">:, \t").split())[:_DIAGNOSTIC] if found else ""


# ---- which letter


def _original_ids(mail: Mail) -> tuple[str, ...]:
    """Message-IDs of the returned mail: quoted as a part, named by the status part, in the prose, or referred to."""
    quoted = [scan_ids(part.content)[0] for part in mail.attachments if part.type in QUOTED_PARTS]
    groups = (group for part in mail.attachments if part.type in STATUS_PARTS for group in _groups(part.content))
    named = [group.get("x-original-message-id", "").strip("<> ") for group in groups]
    written = [found[1]] if (found := _QUOTED_ID.search(mail.text[:_READ])) else []
    ids = dict.fromkeys([*quoted, *named, *written, *mail.in_reply_to, *reversed(mail.references)])
    return tuple(clean_line(name, _LINE) for name in ids if name and name != mail.message_id)


def _once(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    first: dict[str, Failure] = {}
    for failure in failures:
        first.setdefault(failure.address, failure)
    return tuple(first.values())[:_RECIPIENTS]
