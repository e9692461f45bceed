"""A corpus of mails with what their collectors expect of them, and how an answer is judged.

A corpus is a folder of collections; each has `mails/` and, where something is expected, `expected.jsonl`: one object a
mail, with `file` and any of from, subject, text, text_contains, charset_ok_substring (characters that only the right
charset gives), reply_text, reply_contains, reply_not_contains, kind (bounce, auto_reply, normal) and bounce_recipient.
`body_only` says that the file is a bare text and no mail, `html` that it is HTML, `markdown` that emphasis is no text.

Two spellings of a text count as the same if they differ in white space alone; a text is contained if nine of ten of
its words are, in the plain or the HTML text, so that a preference for one of them costs nothing.
"""

from __future__ import annotations

import html
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENDINGS = frozenset({".eml", ".box", ".msg", ".txt", ".mbox", ".mail", ".html", ""})
NO_MAILS = frozenset({"LICENSE", "NOTICE", "README", "COPYING"})
CONTAINED = 0.9  # of the words of a text
FALSE = ("false_bounce", "false_auto")  # measures whose points are mistakes
MEASURES = ("read", "from", "subject", "text", "charset", "reply", "kind", "bounce", "recipient", *FALSE)
# A mail of unknown kind counts as no bounce, unless it says itself that a mail system wrote it (RFC 3464 and older).
_MAIL_SYSTEM = re.compile(
    rb"^content-type:\s*message/(?:global-)?delivery-status|report-type=\"?delivery-status"
    rb"|^from:[^\n]*(?:mailer-daemon|postmaster|mail (?:administrator|delivery))"
    rb"|^return-path:\s*<>",
    re.IGNORECASE | re.MULTILINE,
)
# The same for automatic mail: what programs say of themselves, and addresses that nobody reads (RFC 3834). ...
_PROGRAM = re.compile(
    rb"^auto-submitted:\s*(?!no\b)\w|^(?:x-)?precedence:\s*(?:auto|junk)|^x-auto[\w-]*:|^x-vacation:|^x-cron-env:"
    rb"|^content-type:\s*multipart/report|^content-type:\s*text/calendar|^return-path:\s*<>"
    rb"|^from:[^\n]*(?:(?:no|do-?not|ne-?pas)-?_?re(?:ply|pondre)|mailer-daemon|postmaster)"
    rb"|^x-(?:servicenow|jira|otrs|rt|roundup|freescout|zendesk)[\w-]*:|^feedback-id:",
    re.IGNORECASE | re.MULTILINE,
)
# ... and what lists stamp, too, unless it is one.
_TO_MANY = re.compile(rb"^precedence:\s*bulk|^x-loop:", re.IGNORECASE | re.MULTILINE)
_A_LIST = re.compile(rb"^(?:list-|x-list:|mailing-list:|sender:[^\n]*(?:owner-|-bounce))", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)  # each East Asian character is a word


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the corpus, and what is expected of it."""

    collection: str
    name: str
    raw: bytes = field(repr=False)
    expected: dict[str, Any]
    among_bounces: bool = False  # its collection is one of bounces

    @property
    def is_mail(self) -> bool:
        return not self.expected.get("body_only")

    def as_mail(self) -> bytes:
        """The file, or the least mail that holds a bare text."""
        if self.is_mail:
            return self.raw
        kind = b"html" if self.expected.get("html") else b"plain"
        return (
            b"From: someone@example.org\nTo: support@example.com\nSubject: Re: a question\nMIME-Version: 1.0\n"
            b"Content-Type: text/%s; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s" % (kind, self.raw)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program makes of a mail; what it does not say is empty, and is not measured."""

    error: str = ""
    sender: str = ""
    name: str = ""
    subject: str = ""
    text: str = ""
    html_text: str = ""
    reply: str = ""
    kind: str = ""
    recipients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Point:
    """One measure of one answer."""

    measure: str
    right: bool
    want: object = None
    got: object = None


# ---- the corpus


def cases(corpus: Path) -> list[Case]:
    """Every mail of the corpus in order of name. A file with an expectation counts whatever it is called."""
    return [case for folder in sorted(corpus.iterdir()) if folder.is_dir() for case in _collection(folder)]


def _collection(folder: Path) -> Iterator[Case]:
    expected = _expectations(folder / "expected.jsonl")
    among_bounces = {one["kind"] for one in expected.values() if "kind" in one} == {"bounce"}
    mails = folder / "mails"
    for path in sorted(Path(root) / name for root, _, names in os.walk(mails) for name in names):
        name = path.relative_to(mails).as_posix()
        if name in expected or (path.suffix.lower() in ENDINGS and not _is_leaf_of_a_listing(path.name)):
            yield Case(folder.name, name, path.read_bytes(), expected.get(name, {}), among_bounces)


def _is_leaf_of_a_listing(name: str) -> bool:
    """Licences, and the decoded parts that some collections keep beside their mails."""
    return name in NO_MAILS or "_decoded_" in name or name.endswith("_decoded.txt")


def _expectations(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    objects = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {one["file"]: one for one in objects}


# ---- the judgement


def judged(case: Case, answer: Answer) -> Iterator[Point]:
    """Every measure that the expectation allows."""
    if case.is_mail:
        yield Point("read", not answer.error, got=answer.error)
        yield from _reading(case.expected, answer)
        yield from _telling_apart(case, answer)
    yield from _trimming(case.expected, answer)


def _reading(expected: dict[str, Any], answer: Answer) -> Iterator[Point]:
    if "@" in (wanted := expected.get("from") or ""):
        yield Point("from", _address(answer.sender) == _address(wanted), wanted, answer.sender)
    if (wanted := expected.get("subject")) is not None:
        yield Point("subject", folded(answer.subject) == folded(wanted), wanted, answer.subject)
    if words := _words(expected.get("text")):
        share = max(_recall(words, answer.text), _recall(words, answer.html_text))
        yield Point("text", share >= CONTAINED, expected["text"], answer.text or answer.html_text)
    if wanted := expected.get("charset_ok_substring"):
        hay = f"{answer.name} {answer.subject} {answer.text} {answer.html_text}"
        yield Point("charset", _dense(wanted) in _dense(hay), wanted)


def _recall(words: Counter[str], text: str) -> float:
    return sum((words & _words(text)).values()) / sum(words.values())


def _trimming(expected: dict[str, Any], answer: Answer) -> Iterator[Point]:
    same = _without_marks if expected.get("markdown") else folded
    if "reply_text" in expected:
        wanted = expected["reply_text"]
        yield Point("reply", not answer.error and same(answer.reply) == same(wanted), wanted, answer.reply)
    elif expected.get("reply_contains") or expected.get("reply_not_contains"):
        reply = folded(answer.reply)
        inside = all(folded(one) in reply for one in expected.get("reply_contains", ()))
        outside = any(folded(one) in reply for one in expected.get("reply_not_contains", ()))
        wanted = {key: expected.get(key) for key in ("reply_contains", "reply_not_contains")}
        yield Point("reply", not answer.error and inside and not outside, wanted, answer.reply)


def _telling_apart(case: Case, answer: Answer) -> Iterator[Point]:
    kind = case.expected.get("kind")
    if kind is not None:
        yield Point("kind", answer.kind == kind, kind, answer.kind)
    if kind == "bounce":
        yield Point("bounce", answer.kind == "bounce", "bounce", answer.kind)
        if recipients := case.expected.get("bounce_recipient"):
            wanted = {one.lower() for one in recipients}
            yield Point("recipient", answer.recipients == wanted, sorted(wanted), sorted(answer.recipients))
    elif kind or not (case.among_bounces or _MAIL_SYSTEM.search(case.raw)):
        yield Point("false_bounce", answer.kind == "bounce", kind or "not stated", answer.kind)
    if kind == "normal" or (kind is None and not case.among_bounces and not _by_program(case.raw)):
        yield Point("false_auto", answer.kind == "auto_reply", kind or "not stated", answer.kind)


def _by_program(raw: bytes) -> bool:
    """Whether a mail says itself that a program wrote it."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return bool(_PROGRAM.search(head) or (_TO_MANY.search(head) and not _A_LIST.search(head)))


# ---- what counts as the same


def folded(text: object) -> str:
    joined = " ".join(map(str, text)) if isinstance(text, list) else str(text or "")
    plain = unicodedata.normalize("NFC", joined.replace("\u00a0", " ").replace("\u200b", ""))
    return re.sub(r"\s+", " ", plain).strip()


def _without_marks(text: object) -> str:
    return folded(re.sub(r"[*_\\]", "", str(text or "")))


def _dense(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _address(text: object) -> str:
    return re.sub(r'["<>]|\.$', "", folded(text)).casefold()


def _words(text: object) -> Counter[str]:
    return Counter(_WORD.findall(folded(text).casefold()))


def bare_html(markup: str) -> str:
    """The text of HTML as the plainest of readers has it, for programs that read none."""
    markup = re.sub(r"(?is)<(script|style|title|head)\b.*?</\1\s*>|<!--.*?-->", " ", markup)
    markup = re.sub(r"(?i)<(br|/p|/div|/tr|/li|hr|blockquote)[^>]*>", "\n", markup)
    return html.unescape(re.sub(r"(?s)<[^>]+>", " ", markup))
