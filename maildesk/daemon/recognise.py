"""Recognise: who wrote this mail, about which incident, and how far that is proven.

Look-ups in the database and pure functions over what they bring; the result is one complete event. The order of
threading, strongest first: our token in the address, our token in In-Reply-To or References, the stored id of
somebody's mail, the number in the subject. The last two count only for people who take part in that incident,
because anybody can write a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Protocol

from maildesk.daemon.unseen import unseen
from maildesk.desk.alike import alike
from maildesk.desk.arguments import Kind as Value
from maildesk.desk.arguments import Vocabulary
from maildesk.desk.commands import GRAMMAR, Asked, parse
from maildesk.desk.events import Alike, Found, Looked, MailCame, Past, Pending, Queued, Said, Sums, Wanted
from maildesk.desk.incident import Incident
from maildesk.desk.people import Party
from maildesk.desk.policy import Policy
from maildesk.desk.questions import ABOUT_ONE, wanted
from maildesk.desk.recording import whose
from maildesk.desk.rules import Classification, Facts
from maildesk.mail import auth, pinned
from maildesk.mail.message import Address, Attachment, Enclosure, Kind, Level, Mail, Reading, Trust
from maildesk.mail.pinned import Proof
from maildesk.mail.relay import passed_on, quotes
from maildesk.mail.screen import screen
from maildesk.mail.subject import base_subject, before_commands, command_zone, fresh_zone, storm_key
from maildesk.mail.thread import (
    Keyring,
    Keys,
    button_keys,
    button_valid,
    confirm_word,
    is_letter_id,
    loop_valid,
    thread_keys,
    valid,
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Where a mail stands in the inbox."""

    inbox_id: int
    fingerprint: str
    mailbox: str
    received_at: datetime


class Remembered(Protocol):
    """What is remembered of an address."""

    @property
    def known_at(self) -> datetime | None: ...
    @property
    def blocked_at(self) -> datetime | None: ...
    @property
    def undeliverable_at(self) -> datetime | None: ...
    @property
    def language(self) -> str: ...


class Looks(Protocol):
    """The questions that recognising asks. The store answers them; `explain` without a database answers none."""

    def contacts(self, emails: Collection[str]) -> Mapping[str, Remembered]: ...
    def incident(self, number: int) -> Incident | None: ...
    def letter(self, message_id: str) -> tuple[int | None, str, str] | None: ...  # (incident, to_email, template)
    def by_message_ids(self, ids: Collection[str]) -> Mapping[str, int]: ...
    def public(self, incident: int) -> tuple[str, ...]: ...
    def heard(self, message_id: str, email: str) -> tuple[int, tuple[str, ...]] | None: ...
    def expected(self, message_id: str) -> int | None: ...
    def earlier(self, message_id: str, before: int) -> bool: ...
    def confirmation(self, letter_id: str, now: datetime) -> Pending | None: ...
    def acks(self, address: Address, now: datetime) -> tuple[int, int, int, int]: ...
    def storm(self, key: str, since: datetime, noticed_since: datetime) -> tuple[int, int | None, bool]: ...
    def open_of(self, emails: Collection[str]) -> tuple[Alike, ...]: ...
    def timeline(self, number: int) -> tuple[Past, ...]: ...
    def queue(self, wanted: Wanted) -> tuple[Queued, ...]: ...
    def search(self, words: Sequence[str]) -> tuple[Queued, ...]: ...
    def refusals(self, person: str, since: datetime) -> int: ...
    def loads(self, people: Collection[str]) -> Mapping[str, int]: ...
    def last_assigned(self, group: str) -> str | None: ...


def recognise(
    looks: Looks, arrived: Arrived, reading: Reading, policy: Policy, ring: Keyring, now: datetime
) -> tuple[Incident | None, MailCame]:
    """The incident that the mail is about, if any, and the event that decide() wants."""
    mail = reading.mail
    people = _People(looks, policy, reading)
    party = people.party(mail.from_ or mail.from_shown or Address(""))
    keys = thread_keys(mail, policy.own_addresses, {box.prefix for box in policy.mailboxes.values()})
    kind, why = _kind(reading, ring, policy.own_addresses)
    zone = _zone(mail, policy, party) if kind is Kind.HUMAN else ""
    asked = parse(zone, vocabulary(policy)) if zone else Asked()
    asked, typed = (asked, ()) if asked or not party.technician else _first_lines(reading, policy)
    found, proof = _find(looks, keys, party, policy, ring)
    if proof != "own" and _pressed(reading.trimmed.new, asked, keys, party, ring):
        found, proof = Found(keys.numbers[0], "token"), "own"
    pending = _pending(looks, keys, party, found, now) if kind is Kind.HUMAN else None
    trust = _trust(looks, arrived, mail, asked, party, proof, _domain(arrived, mail, asked, party, policy))
    incident, found = _settle(looks, mail, keys, found, party, proof, trust.level > Level.L0)
    copy = _copy_of(looks, reading, party) if incident is None else None
    incident = looks.incident(copy) if copy else incident
    letter = _bounced(looks, reading) or _returned(people, keys, reading, ring)
    if kind is Kind.BOUNCE:
        incident, found = (looks.incident(letter[0]) if letter and letter[0] else None), Found()
    event = MailCame(
        cause=arrived.fingerprint,
        inbox_id=arrived.inbox_id,
        mailbox=arrived.mailbox,
        received_at=arrived.received_at,
        party=party,
        trust=trust,
        kind=kind,
        kind_reason=why,
        subject=_title(mail, policy, party),
        said=_relayed(
            looks,
            reading,
            _said(reading, incident, unseen(reading, incident, party, keys, policy)),
            incident if party.technician else None,
            typed,
        ),
        asked=asked,
        found=found,
        message_id=mail.message_id,
        sealed=mail.sealed,
        copy=copy is not None,
        copied=tuple(people.party(a) for a in _copied(mail, party, policy)),
        named=tuple(people.party(Address(email)) for email in _named(pending.asked if pending else asked)),
        others=named_incidents(looks, pending.asked if pending else asked),
        classification=_classify(reading, party, arrived, policy) if incident is None else None,
        language=reading.language,
        storm=storm_key(party.address.key, mail.subject),
        spam=_spam_flag(mail, policy, arrived.mailbox),
        looked=looked_up(looks, pending.asked if pending else asked, incident, party),
        alike=_alike(looks, party, _title(mail, policy, party)) if incident is None and kind is Kind.HUMAN else None,
        forwarded=reading.forwarded,
        forwarded_party=people.party(reading.forwarded.sender) if reading.forwarded else None,
        bounce=reading.bounce,
        bounced_to=letter[1] if letter else "",
        word=confirm_word(ring, arrived.fingerprint, party.key),
        confirmation=pending,
        answers=_answered(looks, keys) if party.technician else "",
    )
    return incident, replace(event, sums=_sums(looks, event, incident, policy, now))


def _trust(
    looks: Looks, arrived: Arrived, mail: Mail, asked: Asked, party: Party, proof: str, domain: Proof | None
) -> Trust:
    """How far the mail is proven; commands under a Message-ID that came before may be a replay."""
    trust = auth.trust(mail, registered=party.person is not None, token=proof, domain=domain)
    if asked and mail.message_id and looks.earlier(mail.message_id, arrived.inbox_id):
        evidence = (*trust.evidence, "this Message-ID was used before")
        return replace(trust, level=min(trust.level, Level.L1), evidence=evidence)
    return trust


def _domain(arrived: Arrived, mail: Mail, asked: Asked, party: Party, policy: Policy) -> Proof | None:
    """What the pinned server says of the sender; of an old mail it proves no command."""
    if policy.pin is None:
        return None
    found = pinned.proof(mail, policy.pin, party.person.logins if party.person else ())
    why = auth.unfresh(mail, arrived.received_at) if asked and found.outcome == pinned.PASS else ""
    return Proof(pinned.NOTHING, f"{found.evidence}; not for its commands: {why}") if why else found


# --- people ----------------------------------------------------------------------------------------------------------


class _People:
    """Parties of all addresses of one mail, with one look into the database."""

    def __init__(self, looks: Looks, policy: Policy, reading: Reading) -> None:
        mail = reading.mail
        addresses = [*mail.to, *mail.cc, *(a for a in (mail.from_, mail.from_shown) if a)]
        if reading.forwarded:
            addresses.append(reading.forwarded.sender)
        self._directory = policy.directory
        self._remembered = dict(looks.contacts({a.key for a in addresses}))
        self._looks = looks

    def party(self, address: Address) -> Party:
        if address.key not in self._remembered:
            self._remembered.update(self._looks.contacts({address.key}))
        seen = self._remembered.get(address.key)
        if seen is None:
            return self._directory.party(address)
        return self._directory.party(
            address,
            contact_known=seen.known_at is not None,
            blocked=seen.blocked_at is not None,
            undeliverable=seen.undeliverable_at is not None,
            language=seen.language,
        )


def _copied(mail: Mail, party: Party, policy: Policy) -> Iterable[Address]:
    """To and Cc without the desk's own addresses (plus parts too) and without the sender."""
    own = policy.own_addresses
    seen = {party.address.key}
    for address in (*mail.to, *mail.cc):
        local, _, domain = address.key.partition("@")
        if address.key not in seen and f"{local.partition('+')[0]}@{domain}" not in own:
            seen.add(address.key)
            yield address


def _named(asked: Asked) -> list[str]:
    """The addresses that commands name."""
    words = [word for command in asked.commands if command.verb in {"cc", "for"} for word in command.value.split()]
    return [word.lstrip("+") for word in words if not word.startswith("-")]


def named_incidents(looks: Looks, asked: Asked) -> tuple[tuple[int, Incident], ...]:
    """The incidents that commands name, by the number they name; one that was merged is the one it goes on in."""
    numbers = [int(command.value) for command in asked.commands if GRAMMAR[command.verb].value is Value.INCIDENT]
    return tuple((number, found) for number in numbers if (found := looks.incident(number)) is not None)


def looked_up(looks: Looks, asked: Asked, incident: Incident | None, party: Party) -> Looked:
    """What the questions of a technician's mail need to know; nothing is read that nobody asks for."""
    values = {command.verb: command.value for command in asked.commands}
    if party.person is None or not party.technician:
        return Looked()
    return Looked(
        timeline=looks.timeline(incident.id) if incident and ABOUT_ONE & values.keys() else (),
        queue=looks.queue(wanted(values["list"], party.person)) if "list" in values else (),
        found=looks.search(values["find"].split()) if "find" in values else (),
    )


# --- the incident ----------------------------------------------------------------------------------------------------


def _find(looks: Looks, keys: Keys, party: Party, policy: Policy, ring: Keyring) -> tuple[Found, str]:
    """By token: the sender's own, somebody else's ("foreign"), or one that fits nobody ("bad")."""
    for token in keys.tokens:
        if valid(ring, token, party.key):
            method = "address" if token.where == "address" else "token"
            return Found(token.incident or None, method), "own"
    for token in keys.tokens:
        incident = looks.incident(token.incident) if token.incident else None
        if incident and any(valid(ring, token, key) for key in _persons(incident, policy)):
            return Found(incident.id, "address" if token.where == "address" else "token", foreign=True), "foreign"
    return Found(), "bad" if keys.tokens else ""


def _persons(incident: Incident, policy: Policy) -> list[str]:
    """Everybody who may have been given a token of this incident."""
    return [f"@{key}" for key in policy.directory.people] + [p.email for p in incident.participants]


def _pressed(text: str, asked: Asked, keys: Keys, party: Party, ring: Keyring) -> bool:
    """A button's mail: every command in it has its own key in the body, bound to verb, incident and person."""
    if not asked.commands or asked.problems or not keys.numbers:
        return False
    found = button_keys(text)
    return all(
        any(button_valid(ring, key, command.verb, keys.numbers[0], party.key) for key in found)
        for command in asked.commands
    )


def _settle(
    looks: Looks,
    mail: Mail,
    keys: Keys,
    found: Found,
    party: Party,
    proof: str,
    believable: bool,
) -> tuple[Incident | None, Found]:
    """The incident behind what was found. A stranger behind somebody's token contributes; behind a number he hints."""
    if found.incident is not None and believable:
        incident = looks.incident(found.incident)
        if incident and proof == "foreign" and takes_part(incident, party):
            return incident, replace(found, foreign=False)
        if incident:
            return incident, found
    for number, method in _weaker(looks, mail, keys):
        incident = looks.incident(number)
        if incident is None:
            continue
        if believable and takes_part(incident, party):
            return incident, Found(number, method)
        return None, Found(hint=number)
    known = found.incident is not None and looks.incident(found.incident) is not None
    return None, Found(hint=found.incident if known else None)


def _copy_of(looks: Looks, reading: Reading, party: Party) -> int | None:
    """The incident of this very mail, if it has come before by another way: a list adds its footer and its mark.

    The Message-ID alone says nothing, for there are shops that use one for all their mails; the words must be there.
    """
    heard = looks.heard(reading.mail.message_id, party.key) if reading.mail.message_id else None
    if heard is None:
        return None
    words = " ".join(reading.mail.text.split())
    return heard[0] if any(_stands_in(words, text) for text in heard[1] if text.strip()) else None


def _stands_in(words: str, text: str) -> bool:
    """Whether all paragraphs of a text stand in a mail; between them its signature may have been left out."""
    return all(" ".join(paragraph.split()) in words for paragraph in text.split("\n\n"))


def _weaker(looks: Looks, mail: Mail, keys: Keys) -> Iterable[tuple[int, str]]:
    """Ids and numbers, newest first; also the mail that somebody answered before it reached us."""
    stored = looks.by_message_ids(keys.ids) if keys.ids else {}
    yield from ((stored[i], "reference") for i in keys.ids if i in stored)
    if mail.message_id and (number := looks.expected(mail.message_id)) is not None:
        yield number, "reference"
    yield from ((number, "subject") for number in keys.numbers)


def takes_part(incident: Incident, party: Party) -> bool:
    """Participants of the incident, with any of their listed addresses, and technicians."""
    emails = party.person.emails if party.person else (party.address.key,)
    return party.technician or any(incident.participant(email) for email in emails)


def _alike(looks: Looks, party: Party, title: str) -> Alike | None:
    """An open incident of this requester about the same thing. Technicians know what they have open."""
    if party.technician or not party.address.email:
        return None
    theirs = looks.open_of(party.person.emails if party.person else (party.address.key,))
    number = alike(title, ((one.number, one.title) for one in theirs))
    return next((one for one in theirs if one.number == number), None)


def _pending(looks: Looks, keys: Keys, party: Party, found: Found, now: datetime) -> Pending | None:
    """The request for confirmation that this mail answers, if it was made to this very person."""
    if not party.technician:
        return None
    for message_id in keys.ids:
        pending = looks.confirmation(message_id, now)
        if pending and pending.person == party.key and pending.incident == found.incident:
            return pending
    return None


def _answered(looks: Looks, keys: Keys) -> str:
    """The template of the newest letter of ours that this mail answers; it said where an answer goes."""
    letters = (looks.letter(message_id) for message_id in keys.ids if is_letter_id(message_id))
    return next((letter[2] for letter in letters if letter), "")


def _bounced(looks: Looks, reading: Reading) -> tuple[int | None, str] | None:
    """The letter of ours that a delivery report quotes by its id, which nobody can guess: (incident, to)."""
    for message_id in reading.bounce.original_ids if reading.bounce else ():
        letter = looks.letter(message_id)
        if letter:
            return letter[0], letter[1]
    return None


def _returned(people: _People, keys: Keys, reading: Reading, ring: Keyring) -> tuple[int, str] | None:
    """The same by the address that the report came back to (VERP): its token proves whom we had written to."""
    for failure in reading.bounce.recipients if reading.bounce else ():
        person = people.party(Address(failure.address)).key
        for token in keys.tokens:
            if token.where == "address" and token.incident and valid(ring, token, person):
                return token.incident, failure.address.lower()
    return None


# --- what it says ----------------------------------------------------------------------------------------------------


def _kind(reading: Reading, ring: Keyring, own: Collection[str]) -> tuple[Kind, str]:
    """What it is. Only here it is known that a list which it came by is the desk's own address."""
    if reading.mail.loop and loop_valid(ring, reading.mail.loop):
        return Kind.SELF, "our own loop header"
    verdict = screen(reading.mail, own) if reading.verdict.kind is Kind.LIST else reading.verdict
    return verdict.kind, verdict.reason


def _zone(mail: Mail, policy: Policy, party: Party) -> str:
    """Where commands stand; in a subject without a tag only technicians are believed to mean one."""
    zone = command_zone(mail.subject, {box.prefix for box in policy.mailboxes.values()})
    if zone is None and party.technician:
        zone = fresh_zone(mail.subject)
    return zone or ""


def _title(mail: Mail, policy: Policy, party: Party) -> str:
    prefixes = {box.prefix for box in policy.mailboxes.values()}
    subject = before_commands(mail.subject) if party.technician else mail.subject
    return base_subject(subject, prefixes)


def vocabulary(policy: Policy) -> Vocabulary:
    """The names that command values may have at this site."""
    directory = policy.directory
    return Vocabulary(
        tuple(directory.people.values()), tuple(directory.groups), tuple(policy.categories), policy.classes
    )


def _said(reading: Reading, incident: Incident | None, below: str) -> Said:
    """The words: what is newly written, and `below` it what the desk has never seen of the rest."""
    mail, trimmed = reading.mail, reading.trimmed
    text, html, quoted = trimmed.new, trimmed.new_html, trimmed.quoted
    if incident is None and not text.strip() and not reading.forwarded:
        text, html, quoted = mail.text, None, ""
    elif below.strip():
        text, html = f"{text}\n\n{below}".strip(), None
        quoted = "" if below == quoted else quoted
    files = tuple(_file(a, mail.html, html) for a in mail.attachments)
    return Said(_without_keys(text), html, files, trimmed.signature, quoted)


def _first_lines(reading: Reading, policy: Policy) -> tuple[Asked, tuple[str, ...]]:
    """Commands in the first lines of the text, for clients that cannot change a subject, and those lines."""
    lines = [line.strip() for line in reading.trimmed.new.strip().splitlines()]
    typed = tuple(takewhile(lambda line: fresh_zone(line) == line, lines))
    human = reading.verdict.kind is Kind.HUMAN
    return (parse(" ".join(typed), vocabulary(policy)), typed) if typed and human else (Asked(), ())


def _relayed(
    looks: Looks, reading: Reading, said: Said, incident: Incident | None, typed: tuple[str, ...] = ()
) -> Said:
    """What a technician wrote: no command lines, no lines of our letters that only technicians may read."""
    if typed:
        lines = said.text.strip().splitlines()[len(typed) :]
        said = replace(said, text="\n".join(lines).strip(), html=None)
    between = reading.trimmed.inline_answers
    marked = said.html is not None and "<blockquote" in said.html
    if incident is None or not (marked or quotes(said.text, between=between)):
        return said
    public = "\n".join(looks.public(incident.id))
    return replace(said, text=passed_on(said.text, public, between=between), html=None)


def _file(attachment: Attachment, whole: str | None, new: str | None) -> Enclosure:
    """A file of the mail. Only a picture that nothing but the cut-off HTML shows is not sent on."""
    shown = f"cid:{attachment.cid}"
    cut = (
        attachment.type.startswith("image/")
        and bool(attachment.cid and whole and shown in whole)
        and new is not None
        and shown not in new
    )
    return replace(enclosure(attachment.name, attachment.type, attachment.content, attachment.cid), cut=cut)


def _without_keys(text: str) -> str:
    """A button's key line is machinery; nobody needs to read it."""
    keys = button_keys(text)
    lines = [line for line in text.splitlines() if not any(key in line for key in keys)] if keys else [text]
    return "\n".join(lines).strip()


def enclosure(name: str, kind: str, content: bytes, cid: str | None = None) -> Enclosure:
    return Enclosure(name, kind, hashlib.sha256(content).hexdigest(), len(content), cid)


def _classify(reading: Reading, party: Party, arrived: Arrived, policy: Policy) -> Classification:
    return policy.rules.classify(facts(reading, party, arrived.mailbox))


def facts(reading: Reading, party: Party, mailbox: str) -> Facts:
    """What the rules may look at."""
    mail = reading.mail
    recipients = [a.key for a in (*mail.to, *mail.cc)] + [email.lower() for email in mail.delivered_to]
    return Facts(
        subject=mail.subject,
        text=reading.trimmed.new or mail.text,
        sender=party.address.key,
        sender_name=party.address.name,
        recipients=tuple(dict.fromkeys(recipients)),
        mailbox=mailbox,
        organisation=party.organisation,
        vip=party.vip,
        headers=mail.headers,
        attachments=tuple((a.name, a.type) for a in mail.attachments),
        language=reading.language,
    )


def _spam_flag(mail: Mail, policy: Policy, mailbox: str) -> str:
    """The header by which the site's own mail server marks spam, as `Name: value`; "" if it is not there."""
    for name, value in policy.mailbox(mailbox).spam_flags:
        shown = mail.header(name)
        if shown is not None and shown.strip().lower().startswith(value.lower()):
            return f"{name}: {shown.strip()[:80]}"
    return ""


# --- sums ------------------------------------------------------------------------------------------------------------


def _sums(looks: Looks, mail: MailCame, incident: Incident | None, policy: Policy, now: datetime) -> Sums:
    """What must be counted for budgets, storms and assignment; nothing is counted that nobody will ask."""
    limits = policy.limits
    sums = Sums()
    if mail.kind is Kind.HUMAN and (incident is None or not mail.party.technician):
        ten, day, domain, hour = looks.acks(whose(mail).address if incident is None else mail.party.address, now)
        sums = replace(sums, acks_sender_10min=ten, acks_sender_day=day, acks_domain_hour=domain, acks_hour=hour)
    if incident is None:
        count, first, noticed = looks.storm(mail.storm, now - limits.storm_window, now - limits.storm_quiet)
        sums = replace(sums, storm_count=count, storm_first=first, storm_quiet=noticed)
    if mail.party.technician:
        sums = replace(sums, refusals_withheld=_refusals(looks, mail.party, policy, now))
    groups = _groups(mail, incident, policy)
    people = {member for group in groups for member in policy.directory.groups[group].members}
    return replace(
        sums,
        loads=tuple(sorted(looks.loads(people).items())) if people else (),
        last_assigned=tuple((g, last) for g in sorted(groups) if (last := looks.last_assigned(g)) is not None),
    )


def _refusals(looks: Looks, party: Party, policy: Policy, now: datetime) -> str:
    limits = policy.limits
    if looks.refusals(party.key, now - timedelta(minutes=10)) >= limits.refusals_per_10min:
        return "he got one within ten minutes"
    if looks.refusals(party.key, now - timedelta(days=1)) >= limits.refusals_per_day:
        return "he got enough of them today"
    return ""


def _groups(mail: MailCame, incident: Incident | None, policy: Policy) -> set[str]:
    """The groups that this mail may be assigned within, if they assign by themselves."""
    groups = policy.directory.groups
    named = {c.value[1:] for c in mail.asked.commands if c.verb == "assign" and c.value.startswith("@")}
    if incident is None:
        named |= set(groups)
    return {name for name in named if name in groups and groups[name].assign != "manual"}
