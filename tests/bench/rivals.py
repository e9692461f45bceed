"""What other programs make of a mail, so that our figures have something to stand beside.

Each is asked for what it is for: `email` and mail-parser read, mail-parser-reply, quotequail, email-reply-parser and
talon trim, flufl.bounce finds who did not get a mail. The trimmers get the text that `email` finds in a mail. They come
with the extra `bench`; one that is not installed is told and left out.
"""

from __future__ import annotations

import email
import importlib
import logging
import re
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import Message
from types import FrameType
from typing import Any

from wild import Answer, Case, bare_html

SECONDS = 20.0  # that a program may take for a mail, many times what any of them needs for an ordinary one


@dataclass(frozen=True, slots=True)
class Rival:
    """A program: its name, the module that must be there, what it answers, and what that says something about."""

    name: str
    module: str
    answer: Callable[[Any, Case], Answer]
    measures: frozenset[str]

    def load(self) -> Any:
        """The module, or None if it is not installed."""
        try:
            return importlib.import_module(self.module)
        except ImportError:
            return None


def asked(rival: Rival, module: Any, case: Case) -> Answer:
    """Its answer within `SECONDS`; what it raises, and silence, are errors."""
    try:
        with _time_limit(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return rival.answer(module, case)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is this program's answer to this mail
        return Answer(error=f"{type(error).__name__}: {error}"[:120])


@contextmanager
def _time_limit() -> Iterator[None]:
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _late(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"no answer within {SECONDS:.0f} s")


# ---- reading


def _by_email(_module: Any, case: Case) -> Answer:
    message = email.message_from_bytes(case.raw, policy=policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    page = message.get_body(preferencelist=("html",))
    text = "" if body is None else body.get_content()
    if body is not None and body.get_content_type() == "text/html":
        text = bare_html(text)
    name, address = email.utils.parseaddr(str(message["from"] or ""))
    reported = _reported(case.raw)
    return Answer(
        sender=address,
        name=name,
        subject=str(message["subject"] or ""),
        text=text,
        html_text=bare_html(page.get_content()) if page is not None and page is not body else "",
        kind="bounce" if reported else "normal",
        recipients=reported,
    )


def _reported(raw: bytes) -> frozenset[str]:
    """The recipients of the parts of a delivery report that `email` takes apart (RFC 3464)."""
    found = set()
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_type() == "message/delivery-status" and isinstance(part.get_payload(), list):
            found |= {_recipient(block) for block in part.get_payload()}
    return frozenset(found - {""})


def _recipient(block: Message) -> str:
    if str(block.get("Action") or "failed").strip().lower() == "delivered":
        return ""
    value = str(block.get("Final-Recipient") or block.get("Original-Recipient") or "")
    return value.partition(";")[2].strip(" <>\r\n\t").lower()


def _by_mail_parser(module: Any, case: Case) -> Answer:
    mail = module.parse_from_bytes(case.raw)
    name, address = (mail.from_ or [("", "")])[0]
    page = bare_html("\n".join(mail.text_html or []))
    text = "\n".join(mail.text_plain) or bare_html("\n".join(mail.text_html or mail.text_not_managed))
    return Answer(sender=address, name=name, subject=mail.subject or "", text=text, html_text=page)


# ---- trimming


def _trimming(trim: Callable[[Any, str], str]) -> Callable[[Any, Case], Answer]:
    return lambda module, case: Answer(reply=trim(module, _text(case)))


def _text(case: Case) -> str:
    if case.is_mail:
        text = _by_email(None, case).text or ""
    else:
        text = case.raw.decode("utf-8", "replace")
        text = bare_html(text) if case.expected.get("html") else text
    return text.replace("\r\n", "\n")


def _untrimmed(_module: Any, text: str) -> str:
    return text


def _by_mail_parser_reply(module: Any, text: str) -> str:
    languages = list(importlib.import_module("mailparser_reply.constants").MAIL_LANGUAGES)
    return str(module.EmailReplyParser(languages=languages).parse_reply(text=text))


def _by_quotequail(module: Any, text: str) -> str:
    return "\n".join(part for shown, part in module.quote(text, quote_intro_line=True) if shown)


def _by_email_reply_parser(module: Any, text: str) -> str:
    return str(module.EmailReplyParser.parse_reply(text))


def _by_talon(module: Any, text: str) -> str:
    module.register_xpath_extensions()
    return str(importlib.import_module("talon.quotations").extract_from_plain(text))


# ---- bounces


def _by_flufl(module: Any, case: Case) -> Answer:
    temporary, permanent = module.all_failures(email.message_from_bytes(case.raw))
    found = frozenset(_spelt(one) for one in temporary | permanent)
    return Answer(kind="bounce" if found else "normal", recipients=found)


def _spelt(address: str | bytes) -> str:
    return re.sub(r"\s", "", address.decode("utf-8", "replace") if isinstance(address, bytes) else address).lower()


_READING = frozenset({"read", "from", "subject", "text", "charset"})
_TRIMMING = frozenset({"reply"})
_BOUNCES = frozenset({"bounce", "recipient", "false_bounce"})

RIVALS = (
    Rival("email (policy.default)", "email", _by_email, _READING | _BOUNCES),
    Rival("mail-parser", "mailparser", _by_mail_parser, _READING),
    Rival("no trimming", "email", _trimming(_untrimmed), _TRIMMING),
    Rival("mail-parser-reply", "mailparser_reply", _trimming(_by_mail_parser_reply), _TRIMMING),
    Rival("quotequail", "quotequail", _trimming(_by_quotequail), _TRIMMING),
    Rival("email-reply-parser", "email_reply_parser", _trimming(_by_email_reply_parser), _TRIMMING),
    Rival("talon", "talon", _trimming(_by_talon), _TRIMMING),
    Rival("flufl.bounce", "flufl.bounce", _by_flufl, _BOUNCES),
)


def silence() -> None:
    """These libraries log each mail they stumble over."""
    logging.disable(logging.CRITICAL)
