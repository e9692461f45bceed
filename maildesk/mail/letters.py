"""The letters: whom each one is for, and which values its template may use.

This table is the border between the desk and the outside. A template sees the values listed here for its letter and
nothing else: `render.py` copies exactly these out of what it is given. So a letter to a requester cannot show an
internal note, whatever a site writes into its template, and the acknowledgement to a stranger cannot show one word
of his, because his words are not among its values.

A name with a dot is a field of a thing (`incident.tag`); a value with `parts` is a list of things with those fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType
from typing import Final

NEEDED: Final = object()
MADE: Final = object()


class Reader(StrEnum):
    """For whom a letter is written; it decides what may stand in it and how the layout looks."""

    REQUESTER = "requester"
    TECHNICIAN = "technician"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Value:
    """One value a template may use: what it means, what it may look like, and what stands in when it is not given.

    `default` is NEEDED when a letter without the value would be wrong, MADE when the renderer makes it itself.
    """

    meaning: str
    sample: object
    default: object = NEEDED
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One letter: its reader, what it is for, and the groups of values and single values it has."""

    reader: Reader
    purpose: str
    has: tuple[str, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The names of all its values."""
        return tuple(name for one in self.has for name in GROUPS.get(one, (one,)))


def _need(meaning: str, sample: object) -> Value:
    return Value(meaning, sample)


def _may(meaning: str, sample: object, default: object = "") -> Value:
    return Value(meaning, sample, default)


def _flag(meaning: str) -> Value:
    return Value(meaning, sample=True, default=False)


def _made(meaning: str) -> Value:
    return Value(meaning, "", MADE)


def _list(meaning: str, *sample: object) -> Value:
    return Value(meaning, sample, ())


def _things(meaning: str, *sample: Mapping[str, object]) -> Value:
    return Value(meaning, sample, (), tuple(sample[0]))


def _button(label: str, zone: str) -> dict[str, object]:
    return {"label": label, "href": f"mailto:support@acme.example?subject=Re%3A%20%5BINC-1042%5D%20{zone}"}


_AT = datetime(2026, 11, 21, 13, 20, tzinfo=UTC)
_ASKED = (
    "Since this morning the printer on the third floor jams on every second page.\n\n"
    "I have already\n  - switched it off and on\n  - taken out the blue tray\n\n"
    "We need it for the board papers at 4 pm. <urgent>"
)
_ANSWERED = "Hello Erika,\n\nthe rollers were worn; I have just put new ones in.\nPlease try the blue tray again."

FIELDS: Mapping[str, Value] = MappingProxyType(
    {
        "layout": _made("the layout to extend: `layout.txt.j2`, then `layout.html.j2`"),
        "letter": _made("the name of the letter, `received`"),
        "role": _made("for whom it is: `requester`, `technician` or `admin`"),
        "lang": _made("the language of the letter, `en`"),
        "words": _made("the words of `words.j2` in that language"),
        "subject": _made("the finished subject line; only the HTML layout has it"),
        "tz": _may("the time zone in which times are shown", timezone(timedelta(hours=1), "CET"), None),
        "desk.name": _need("the name of the desk, or of the mailbox if it has its own", "ACME IT Service Desk"),
        "desk.address": _need("the address people write to", "support@acme.example"),
        "desk.signature": _may("the signature below letters, lines of text", "ACME IT Service Desk\nPhone 4711"),
        "incident.tag": _need("the number as people say it, `INC-1042`", "INC-1042"),
        "incident.number": _need("the bare number", 1042),
        "incident.title": _need(
            "the subject of the first mail; empty when it had none or may not be shown", "Printer on 3rd floor jams"
        ),
        "incident.status": _need(
            "`new`, `assigned`, `in progress`, `pending`, `resolved`, `closed` or `cancelled`", "in progress"
        ),
        "incident.status_word": _made("the state in the language of the letter"),
        "incident.type": _need("`incident` or `request`", "incident"),
        "incident.type_word": _made("the type in the language of the letter"),
        "incident.priority": _need("`P1` to `P5`", "P2"),
        "incident.category": _may("`hardware/printer`; empty if none", "hardware/printer"),
        "incident.group": _may("the support group; empty if none", "servicedesk"),
        "incident.assignee_name": _may("the name of the technician who has it; empty if nobody has", "Ann Lee"),
        "incident.opened": _need("when the first mail came (a time)", _AT),
        "incident.requester_name": _need("the name of the requester, or his address", "Erika Muster"),
        "incident.resolution": _may("what was done, as the technician put it", "new rollers in the blue tray"),
        "to_name": _may("the name of the person the letter goes to", "Erika Muster"),
        "also": _list("the names of the others who get the same letter", "Bob Ray", "Cora Lind"),
        "buttons": _things(
            "what can be answered with one tap: a label (`take`, `works` and others have words in every language) and "
            "the `mailto:` that opens a prepared mail",
            _button("take", "%23take"),
            _button("resolve", "%23resolve"),
        ),
        "message": _may("the words of a person, lines as he wrote them", _ASKED),
        "message_html": _may("the same words as HTML, already sanitised to the allow-list", None, None),
        "author": _may("the name of the technician whose words these are, if requesters shall see it", "Ann Lee"),
        "left_out": _list("files too large to be sent along, name and size", "trace.pcap (34 MB)"),
        "until": _may("until when (a time)", _AT + timedelta(days=2), None),
        "into": _need("the number under which it goes on, `INC-7`", "INC-7"),
        "closes": _may("when it will be closed if nobody answers (a time)", _AT + timedelta(days=5), None),
        "reopen_days": _may("for how many days a reply opens it again", 7, 0),
        "answered": _may("when the requester was last answered (a time)", _AT + timedelta(minutes=40), None),
        "unknown": _flag("true if the desk does not know such a command, or not for the reader"),
        "lines": _things(
            "the commands one by one: as typed, whether it is fine, and a remark",
            {
                "shown": "#asign anna",
                "ok": False,
                "why": '"anna" matches 2 people: Anna Kern (annak), Anna Volk (annav)',
            },
            {"shown": "#p2", "ok": True, "why": "not done, because of the line above"},
        ),
        "who": _may("the name of the person whose words are shown", "Erika Muster"),
        "who_address": _may("the address of that person", "erika@acme.example"),
        "by": _may("who did it; empty if the desk did", "Dana Roe"),
        "yours": _flag("true if the reader is the assignee"),
        "reply_goes": _may("where a reply to this letter goes: `public` (to the requester) or `internal`", "public"),
        "unverified": _flag("true if the sender's address is only claimed"),
        "hint": _may("the number of an incident the mail may belong to, `INC-7`", "INC-7"),
        "alike": _may("the number of an open incident of this requester that may be the same, `INC-7`", "INC-7"),
        "alike_title": _may("its subject", "Printer on 3rd floor"),
        "oddity": _may(
            "what is odd about it: `settled`, `thanks`, `continues`, `outsider`, `sealed`, `unread`, `orphaned` or "
            "empty",
            "",
        ),
        "remark": _may("what the technician wrote above a mail that he forwarded", "She called as well."),
        "former": _may("the name of the person who had it", "Ann Lee"),
        "continued": _may("the number of the incident that this one continues", "INC-7"),
        "suggest_cc": _things(
            "people in copy who were not added, each with the command that adds them",
            {"address": "bob@partner.example", "command": "#cc bob@partner.example"},
        ),
        "rules": _list(
            "which rule set what, and why", "printer trouble: words printer, jams; category hardware/printer"
        ),
        "history": _things(
            "the last entries of the timeline, oldest first; `why` is for answers to questions about it",
            {"at": _AT - timedelta(minutes=30), "who": "Erika Muster", "what": "The printer jams again.", "why": ""},
            {"at": _AT, "who": "Ann Lee", "what": "Took it.", "why": "by hand"},
        ),
        "commands": _list("the commands worth naming at the foot", "#take", "#assign", "#resolve", "#note", "#help"),
        "changes": _things(
            "what changed: the field, before and after",
            {"field": "assignee", "old": "", "new": "Anna Kern"},
            {"field": "priority", "old": "P3", "new": "P2"},
            {"field": "status", "old": "new", "new": "assigned"},
        ),
        "saved": _flag("true if the text of the mail was kept as an internal note"),
        "minutes": _need("a number of minutes", 4),
        "address": _need("the address that could not be reached", "erika@acme.example"),
        "reason": _may("why, in one line", "550 5.1.1 no such mailbox"),
        "via": _may("where mails to it go on to, if they failed only there", "erika@private.example"),
        "word": _need("the word that proves it", "harbour"),
        "within": _need("for how many minutes the word counts", 60),
        "entries": _things(
            "the refused mails: when, what they asked for, and why not",
            {"at": _AT, "shown": "[INC-1042] #close", "why": "the sender check of the own mail server failed"},
        ),
        "verb": _may("the command that was asked about; empty for all", "", ""),
        "rows": _things(
            "the help card: verb, example, meaning",
            {"verb": "take", "example": "#take", "meaning": "take it yourself"},
            {"verb": "assign", "example": "#assign ann, #assign @network", "meaning": "give it to a person or a group"},
            {
                "verb": "resolve",
                "example": "#resolve toner replaced",
                "meaning": "say what was done; the requester hears",
            },
        ),
        "sought": _may("what was listed or looked for, as it was understood", "vpn printer"),
        "queue": _things(
            "the incidents of a list: `holder` is who has it, or the group",
            {"tag": "INC-1042", "priority": "P2", "status": "in progress", "holder": "Ann Lee"}
            | {"requester": "erika@acme.example", "opened": _AT, "title": "Printer on 3rd floor jams"},
            {"tag": "INC-1047", "priority": "P4", "status": "new", "holder": "@network"}
            | {"requester": "bob@acme.example", "opened": _AT + timedelta(hours=3), "title": "VPN asks twice"},
        ),
        "longer": _flag("true if there are more than are shown"),
        "more": _things(
            "facts that other letters leave out: the field and its value",
            {"field": "impact", "value": "high"},
            {"field": "tags", "value": "mobile, wifi"},
        ),
        "headline": _need("what happened, in one line", "The mailbox support cannot be reached"),
        "details": _list("more lines about it", "since 14:02", "imap.acme.example: connection refused"),
        "problem": _need("what was wrong with the mail: `large`, `unreadable` or `encrypted`", "large"),
        "megabytes": _may("how large a mail may be, in MB", 25, 25),
        "mail_id": _need("the number of the mail in the inbox", 17),
        "received": _may("when the mail came (a time)", _AT, None),
        "show_command": _need("the command that shows the mail", "maildesk inbox show 17"),
        "release_command": _need("the command that has it read again", "maildesk inbox release 17"),
        "sender": _need("the address that writes", "monitor@plant.example"),
        "count": _need("how many", 12),
        "quiet_hours": _need("for how many hours acknowledgements stay off", 24),
    }
)

# Values that come together; the letters below name groups, and single values besides.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "desk": (
            *("layout", "letter", "role", "lang", "words", "subject", "tz"),
            *("desk.name", "desk.address", "desk.signature"),
        ),
        "incident": tuple(name for name in FIELDS if name.startswith("incident.")),
        # All that an address may be told that nobody has proven: no title, no name, no resolution.
        "number": ("incident.tag", "incident.number", "incident.status", "incident.status_word", "incident.opened"),
        "recipient": ("to_name", "also", "buttons"),
        "words": ("message", "message_html", "left_out"),
        "speaker": (
            "who",
            "who_address",
            "unverified",
            "hint",
            "alike",
            "alike_title",
            "oddity",
            "former",
            "continued",
            "suggest_cc",
        ),
        "steering": ("reply_goes", "rules", "history", "commands"),
    }
)


def _requester(purpose: str, *more: str) -> Kind:
    return Kind(Reader.REQUESTER, purpose, ("desk", "incident", "recipient", *more))


def _technician(purpose: str, *more: str) -> Kind:
    return Kind(Reader.TECHNICIAN, purpose, ("desk", "incident", "recipient", *more))


def _spoken(purpose: str, *more: str) -> Kind:
    return _technician(purpose, "words", "speaker", "steering", *more)


def _admin(purpose: str, *more: str) -> Kind:
    return Kind(Reader.ADMIN, purpose, ("desk", *more))


LETTERS: Mapping[str, Kind] = MappingProxyType(
    {
        "received": _requester("A mail became an incident: its number, and what happens next.", "alike", "alike_title"),
        "received_anon": Kind(
            Reader.REQUESTER,
            "The same to an address that nobody has proven, with no word of the sender.",
            ("desk", "number"),
        ),
        "unopened": Kind(
            Reader.REQUESTER,
            "A mail that the desk cannot read, and what to do instead.",
            ("desk", "number", "problem", "received", "megabytes"),
        ),
        "answer": _requester("A technician's words, signed by the desk.", "words", "author"),
        "opened_for": _requester("A technician opened an incident for the reader.", "by"),
        "taken": _requester("Somebody works on it now."),
        "waiting": _requester("The desk needs something from the requester to go on.", "words", "author", "until"),
        "resolved": _requester("It is solved: what was done, and whether it works.", "words", "author", "closes"),
        "closed": _requester("It is closed.", "words", "author", "reopen_days"),
        "reopened": _requester("It is open again.", "words", "author", "reason"),
        "cancelled": _requester("Nobody works on it any further, and why.", "words", "author", "reason"),
        "merged": _requester("It was about the same as another one, under whose number it goes on.", "into"),
        "status": _requester("The answer to `#status`: where it stands.", "answered"),
        "declined": _requester(
            "A requester's command that could not be trusted or understood; what to do instead.",
            "lines",
            "unknown",
            "rows",
        ),
        "new": _spoken("A new incident, to the assignee or the group.", "by", "remark", "yours"),
        "assigned": _spoken("An incident was given to the reader or his group.", "by", "yours"),
        "update": _spoken("The requester or somebody in copy wrote.", "yours"),
        "answered": _spoken("A colleague answered the requester."),
        "crossed": _spoken("Two answers crossed: a colleague was quicker.", "minutes"),
        "note": _spoken("A colleague left an internal note."),
        "reopened_tech": _spoken("The requester or a colleague says that it is not solved.", "by", "reason", "yours"),
        "changed": _spoken("Somebody else changed an incident of the reader.", "by", "changes", "yours"),
        "confirmed_tech": _spoken("The requester says thanks, or that it works; it is closed."),
        "resumed": _technician("The time an incident was to wait for is over.", "steering"),
        "bounced": _technician("A mail of ours did not arrive.", "words", "steering", "address", "reason", "via"),
        "done": _technician("Receipt: the commands were carried out.", "steering", "lines", "changes"),
        "not_done": _technician("The commands were not carried out; what to send.", "steering", "lines", "saved"),
        "confirm": _technician("A command waits for a word typed in a reply.", "lines", "word", "within", "reason"),
        "refused": Kind(
            Reader.TECHNICIAN,
            "Commands in the reader's name were refused; nothing is offered.",
            ("desk", "to_name", "entries", "reason"),
        ),
        "help": Kind(
            Reader.TECHNICIAN, "The card of all commands, or of one.", ("desk", "incident", "to_name", "rows", "verb")
        ),
        "report": Kind(
            Reader.TECHNICIAN,
            "The answer to a question: `#show`, `#history`, `#why`, `#list`, `#find`.",
            ("desk", "incident", "to_name", "verb", "sought", "queue", "longer", "more", "history", "reply_goes"),
        ),
        "alarm": _admin("Something needs the admin.", "headline", "details"),
        "quarantine": _admin(
            "A mail could not be read and was set aside.",
            *("mail_id", "reason", "received", "show_command", "release_command"),
        ),
        "storm": _admin("Acknowledgements to one sender are off.", "incident", "sender", "count", "quiet_hours"),
    }
)

VALUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {letter: {name: FIELDS[name].meaning for name in kind.values} for letter, kind in LETTERS.items()}
)
BLOCKS: Final = ("subject", "lead", "body", "next")

_SPEAKS: Final = {
    "message": _ANSWERED,
    "who": "Ann Lee",
    "who_address": "",
    "unverified": False,
    "hint": "",
    "alike": "",
    "suggest_cc": (),
}
_YES_NO: Final = (_button("works", ""), _button("broken", ""))
_OFFERS: Final = (_button("#assign annak #p2", "%23assign%20annak%20%23p2"), _button("#assign annav #p2", "%23p2"))
_PLAIN: Final = ({"shown": "#close", "ok": True, "why": ""},)
_DONE: Final = (
    {"shown": "#asign anna", "ok": True, "why": "understood as #assign anna"},
    {"shown": "#p2", "ok": True, "why": ""},
)
# What a letter's samples say where the general ones would be odd.
_TELLING: Final[Mapping[str, Mapping[str, object]]] = {
    "waiting": {"message": "Hello Erika,\n\nwhich of the two trays do you print from?"},
    "cancelled": {"message": "", "message_html": None, "reason": "the same as INC-1040"},
    "declined": {"lines": _PLAIN},
    "update": {"message": "It jams again, now with the white tray as well.\n\nErika"},
    "answered": _SPEAKS,
    "crossed": _SPEAKS,
    "note": {**_SPEAKS, "message": "The maintenance contract covers this one.", "reply_goes": "internal"},
    "reopened": {"message": "", "message_html": None, "reason": "the rollers came back worn"},
    "reopened_tech": {"message": "Sorry, after ten pages it jams again.", "by": "", "reason": ""},
    "changed": {**_SPEAKS, "by": "Dana Roe", "message": "", "message_html": None},
    "confirmed_tech": {"message": "Yes, thank you!", "incident.status": "closed"},
    "bounced": {"message": _ANSWERED},
    "done": {"lines": _DONE},
    "not_done": {"buttons": _OFFERS, "rules": (), "history": ()},
    "confirm": {
        "lines": _PLAIN,
        "buttons": (),
        "reason": "closing ends the work, and your mail server does not vouch for senders",
    },
    "refused": {"reason": ""},
    "report": {"verb": "list", "sought": "mine p1", "reply_goes": "internal"},
    "quarantine": {"reason": "its parts are nested more than 20 deep"},
}


def sample_values(letter: str, *, bare: bool = False) -> dict[str, object]:
    """Values such as the desk would give for this letter; `bare` leaves out everything that may be missing."""
    sample: dict[str, object] = {}
    requester = LETTERS[letter].reader is Reader.REQUESTER
    usual = {"message": _ANSWERED, "buttons": _YES_NO if letter == "resolved" else ()} if requester else {}
    telling = {**usual, **_TELLING.get(letter, {})}
    for name in LETTERS[letter].values:
        field = FIELDS[name]
        if field.default is MADE or (bare and field.default is not NEEDED):
            continue
        head, _, part = name.partition(".")
        shown = telling.get(name, field.sample)
        if part:
            thing = sample.setdefault(head, {})
            assert isinstance(thing, dict)
            thing[part] = shown
        else:
            sample[name] = shown
    return sample
