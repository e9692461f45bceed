"""Scenes: what people write and what they get, as a text that anybody can read, and the play that checks it.

A scene is a list of lines. Indented lines below a mail are its text.

    Erika writes "Printer jams":                 a fresh mail to the desk
    Erika writes "Printer jams" copying Otto:    with somebody in copy
    Ann replies "#take #p2":                     a reply to the last letter she got, commands behind the number
    Ann replies to new:                          a reply to the last letter of that sort
    Ann replies to new of INC-1:                 the same, of that incident
    Erika replies by address:                    her client forgets References; by reference: it knows no Reply-To
    Ann replies to confirm:                      {word} in its text is the word that the letter asks for
    Erika presses "It works"                     the button of the last letter she got: a prepared mail of its own
    Erika's mailbox answers by itself:           an out-of-office reply to the last letter she got
    The server of Erika refuses answer           a bounce of the last letter of that sort to her
    The server of Erika refuses answer for Otto  the same, but it names the address that hers goes on to
    The server of Erika refuses answer in prose  the same in words only, without a machine-readable half
    The server of Erika delays answer            a report that it is still on its way
    Somebody forges a bounce to Erika            a report about a letter that nobody wrote
    Erika gets received "Printer jams [INC-1]"   a letter since the last mail; the subject if it matters
      saying "a technician will look"            words that must stand in it (a line each)
      not saying "#take"                         words that must not
    Erika gets nothing
    INC-1 is in progress, of ann, P2, hardware/printer
    The clock moves on 2 days
    The desk restarts

Every letter must be expected by a line: one that nobody expected fails the scene.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

DESK = "support@acme.example"


@dataclass
class Letter:
    """A letter as somebody gets it."""

    to: str
    envelope: str
    message: EmailMessage
    template: str
    expected: bool = False

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None, "every letter has a text"
        return str(part.get_content())

    @property
    def everything(self) -> str:
        html = self.message.get_body(("html",))
        assert html is not None, "every letter has HTML"
        return f"{self.subject}\n{self.text}\n{html.get_content()}"


class Stage(Protocol):
    """Where a scene is played: a desk in this process, or real servers and the real daemon."""

    def deliver(self, raw: bytes) -> None: ...
    def settle(self) -> list[tuple[str, str, str, bytes]]:
        """Let the desk work until nothing is left; (to, envelope sender, template, bytes) of new letters."""

    def facts(self, tag: str) -> dict[str, str]: ...
    def forward(self, time: timedelta) -> None: ...
    def restart(self) -> None: ...


@dataclass
class Play:
    """One scene being played."""

    stage: Stage
    people: dict[str, str] = field(default_factory=dict)  # name -> address
    boxes: dict[str, list[Letter]] = field(default_factory=dict)
    sent: int = 0
    place: str = ""
    desk: str = DESK

    def address(self, name: str) -> str:
        known = {"ann", "ben", "nia"}
        return self.people.get(name.lower()) or f"{name.lower()}@{'acme' if name.lower() in known else 'shop'}.example"

    def run(self, scene: str, name: str) -> None:
        for number, (line, body) in enumerate(paragraphs(scene), 1):
            self.place = f"{name}, step {number}: {line}"
            for pattern, act in STEPS:
                if found := re.fullmatch(pattern, line):
                    act(self, found, body)
                    break
            else:
                raise AssertionError(f"{self.place}\n  is no line of a scene; see play.py")
        self.nothing_left()

    # --- mails ---

    def send(self, message: EmailMessage) -> None:
        self.nothing_left()
        self.stage.deliver(message.as_bytes(policy=email.policy.SMTP))
        self.collect()

    def collect(self) -> None:
        for to, envelope, template, raw in self.stage.settle():
            message = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.boxes.setdefault(to, []).append(Letter(to, envelope, message, template))

    def nothing_left(self) -> None:
        left = [f"{x.template} to {x.to}: {x.subject}" for box in self.boxes.values() for x in box if not x.expected]
        assert not left, f"before {self.place}\n  nobody expected: {left}"

    def fresh(self, name: str, subject: str, text: str) -> EmailMessage:
        self.sent += 1
        message = EmailMessage()
        message["From"] = f"{name} <{self.address(name)}>"
        message["To"] = self.desk
        message["Subject"] = subject
        message["Message-ID"] = f"<scene-{self.sent}-{id(self)}@client.example>"
        message["Date"] = "Mon, 23 Nov 2026 09:00:00 +0000"
        message.set_content(text)
        return message

    def report(self, to: str, report: str, returned: bytes) -> None:
        """A mail server reports: its header's rest and its words, then the mail that came back."""
        self.sent += 1
        head = (
            f"From: MAILER-DAEMON@shop.example\r\nTo: {to or self.desk}\r\nSubject: Undelivered Mail\r\n"
            f"Return-Path: <>\r\nMessage-ID: <report-{self.sent}-{id(self)}@shop.example>\r\n"
        )
        gap = "" if report.startswith("MIME-Version") else "\r\n"
        self.nothing_left()
        self.stage.deliver(f"{head}{gap}{report}".encode() + returned + b"\r\n--b--\r\n")
        self.collect()

    def last(self, name: str, template: str = "", tag: str = "") -> Letter:
        box = self.boxes.get(self.address(name), [])
        box = [x for x in box if (not template or x.template == template) and (not tag or f"[{tag}]" in x.subject)]
        assert box, f"{self.place}\n  {name} has no such letter to answer"
        return box[-1]

    def reply(self, name: str, letter: Letter, commands: str, text: str, way: str = "") -> EmailMessage:
        subject = letter.subject if letter.subject.startswith("Re:") else f"Re: {letter.subject}"
        quoted = "\n".join(f"> {line}" for line in letter.text.splitlines())
        message = self.fresh(name, f"{subject} {commands}".strip(), f"{text}\n\nOn Monday the desk wrote:\n{quoted}\n")
        if way != "reference":
            message.replace_header("To", str(letter.message["Reply-To"] or letter.message["From"]))
        if way == "address":
            return message
        message["In-Reply-To"] = letter.message["Message-ID"]
        references = f"{letter.message['References'] or ''} {letter.message['Message-ID']}"
        message["References"] = " ".join(references.split())
        return message


def paragraphs(scene: str) -> Iterator[tuple[str, list[str]]]:
    """Each line of a scene with the indented lines below it."""
    line, body = "", list[str]()
    for raw in scene.splitlines():
        if raw.startswith("#") or (not raw.strip() and not body):
            continue
        if raw[:1].isspace() or not raw.strip():
            body.append(raw[2:] if raw.startswith("  ") else raw.strip())
            continue
        if line:
            yield line, body
        line, body = raw.strip(), []
    if line:
        yield line, body


# --- what the lines do -----------------------------------------------------------------------------------------------

Found = re.Match[str]
Act = Callable[[Play, Found, list[str]], None]


def _is_at(play: Play, found: Found, _body: list[str]) -> None:
    play.people[found[1].lower()] = found[2]


def _writes(play: Play, found: Found, body: list[str]) -> None:
    message = play.fresh(found["who"], found["subject"], "\n".join(body).strip())
    if found["copy"]:
        message["Cc"] = ", ".join(play.address(name.strip()) for name in found["copy"].split(","))
    play.send(message)


def _replies(play: Play, found: Found, body: list[str]) -> None:
    letter = play.last(found["who"], found["template"] or "", found["tag"] or "")
    text = "\n".join(body).strip()
    if "{word}" in text:
        asked = re.search(r"word (\w+) in the", " ".join(letter.text.split()))
        assert asked, f"{play.place}\n  the letter asks for no word"
        text = text.replace("{word}", asked[1])
    message = play.reply(found["who"], letter, found["commands"] or "", text, found["way"] or "")
    if found["copy"]:
        message["Cc"] = ", ".join(play.address(name.strip()) for name in found["copy"].split(","))
    play.send(message)


def _presses(play: Play, found: Found, _body: list[str]) -> None:
    """A button opens a new mail, prepared by the link; nothing in it refers to the letter but its key."""
    letter = play.last(found["who"])
    html = letter.message.get_body(("html",))
    assert html is not None
    links = re.findall(r'href="(mailto:[^"]*)"[^>]*>([^<]*)<', str(html.get_content()))
    link = next((unescape(link) for link, label in links if label.strip().startswith(found["label"])), None)
    assert link, f"{play.place}\n  its buttons are {[label for _, label in links]}"
    fields = parse_qs(urlsplit(link).query)
    play.send(play.fresh(found["who"], fields["subject"][0], fields["body"][0]))


def _answers_by_itself(play: Play, found: Found, body: list[str]) -> None:
    message = play.reply(found["who"], play.last(found["who"]), "", "\n".join(body).strip())
    message["Auto-Submitted"] = "auto-replied"
    play.send(message)


def _reports(play: Play, found: Found, _body: list[str]) -> None:
    letter = play.last(found["who"], found["template"])
    to = play.address(found["alias"] or found["who"])
    action, status = ("delayed", "4.4.1") if found["does"] == "delays" else ("failed", "5.1.1")
    returned = letter.message.as_bytes(policy=email.policy.SMTP)
    if found["prose"]:
        play.report(
            letter.envelope, f"<{to}>:\r\n550 5.1.1 no such mailbox\r\n\r\n--- Original message ---\r\n", returned
        )
    else:
        play.report(letter.envelope, _status(to, action, status), returned)


def _forges(play: Play, found: Found, _body: list[str]) -> None:
    letter = b"Message-ID: <md.i1.k1.aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb@acme.example>\r\nSubject: [INC-1]\r\n\r\nx"
    play.report(play.desk, _status(play.address(found["who"]), "failed", "5.1.1"), letter)


def _status(to: str, action: str, status: str) -> str:
    return (
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is a report about your mail.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; shop.example\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {status[0]}50 {status} no such mailbox\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    )


def _gets(play: Play, found: Found, body: list[str]) -> None:
    name, template, subject = found["who"], found["template"], found["subject"]
    box = [x for x in play.boxes.get(play.address(name), []) if not x.expected]
    letter = next((x for x in box if x.template == template), None)
    assert letter, f"{play.place}\n  {name} got {[x.template for x in box]}"
    letter.expected = True
    assert subject is None or letter.subject == subject, f"{play.place}\n  the subject is {letter.subject!r}"
    for line in body:
        said = re.fullmatch(r'(not )?saying "(.*)"', line.strip())
        if not line.strip():
            continue
        assert said, f"{play.place}\n  {line.strip()} is no expectation of a letter"
        where = letter.everything if said[1] else " ".join(letter.text.split())
        assert (said[2] in where) is (said[1] is None), f"{play.place}\n  {line.strip()}, but it reads:\n{letter.text}"


def _gets_nothing(play: Play, found: Found, _body: list[str]) -> None:
    box = [x for x in play.boxes.get(play.address(found[1]), []) if not x.expected]
    assert not box, f"{play.place}\n  but got {[(x.template, x.subject) for x in box]}"


def _is(play: Play, found: Found, _body: list[str]) -> None:
    facts = play.stage.facts(found[1])
    missing = [fact for fact in found[2].split(", ") if fact not in facts.values()]
    assert not missing, f"{play.place}\n  but it is {facts}"


def _moves(play: Play, found: Found, _body: list[str]) -> None:
    play.nothing_left()
    play.stage.forward(timedelta(**{f"{found[2].rstrip('s')}s": int(found[1])}))
    play.collect()


def _restarts(play: Play, _found: Found, _body: list[str]) -> None:
    play.stage.restart()
    play.collect()


NAME = r"(?P<who>[A-Z]\w+)"
COPY = r"(?: copying (?P<copy>[\w, ]+))?"
TO = r"(?: to (?P<template>\w+)(?: of (?P<tag>[A-Z]+-\d+))?)?"
BY = r"(?: by (?P<way>address|reference))?"
FOR = r"(?: for (?P<alias>[A-Z]\w+))?"
STEPS: tuple[tuple[str, Act], ...] = (
    (r"([A-Z]\w+) is at (\S+@\S+)", _is_at),
    (rf'{NAME} writes "(?P<subject>.*)"{COPY}:', _writes),
    (rf'{NAME} replies{TO}{BY}(?: "(?P<commands>.*)")?{COPY}:', _replies),
    (rf'{NAME} presses "(?P<label>.*)"', _presses),
    (rf"{NAME}'s mailbox answers by itself:", _answers_by_itself),
    (
        rf"The server of {NAME} (?P<does>refuses|delays) (?P<template>\w+){FOR}(?P<prose> in prose)?",
        _reports,
    ),
    (rf"Somebody forges a bounce to {NAME}", _forges),
    (r"([A-Z]\w+) gets nothing", _gets_nothing),
    (rf'{NAME} gets (?P<template>\w+)(?: "(?P<subject>.*)")?', _gets),
    (r"([A-Z]+-\d+) is (.*)", _is),
    (r"The clock moves on (\d+) (minutes?|hours?|days?)", _moves),
    (r"The desk restarts", _restarts),
)
