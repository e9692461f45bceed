"""The centre: decide(incident, event, policy, now) -> Decision. Pure; everything else carries out what it says.

A mail's fate is a table: what sort of mail it is, and whether an incident is known for it. The human rows go on by
who wrote: somebody outside (`_from_outside`), or a technician (`_from_technician`). Nothing here looks anything up;
the event holds all that the database knew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from maildesk.desk.commands import GRAMMAR, Asked, BadCommand, Command
from maildesk.desk.draft import Draft
from maildesk.desk.effects import (
    Action,
    Ask,
    Confirmed,
    Decision,
    DropTimers,
    Entry,
    Link,
    MarkAddress,
    Record,
    StormNoticed,
    TellAdmins,
)
from maildesk.desk.events import AssigneeGone, Event, LetterFailed, MailCame, Ordered, Pending, Said, TimerRang
from maildesk.desk.incident import Act, Incident, Participant, Status, Waiting
from maildesk.desk.notices import BUDGETS, INTERNAL_LETTERS, Happening, ack_withheld, announce
from maildesk.desk.orders import WAIT_TIMER, Giver, Line, run
from maildesk.desk.people import No, Party, may
from maildesk.desk.policy import Policy
from maildesk.desk.recording import outsiders, record_new, whose
from maildesk.errors import MaildeskError
from maildesk.mail.message import Kind, Level

# Words by which a requester says that the resolution holds; the letter asks for the first of his language.
YES = frozenset(
    {"yes", "yes it works", "works", "it works", "works now", "fixed", "solved", "close", "close it", "confirmed", "ok"}
    | {"ja", "geht", "es geht", "geht wieder", "funktioniert", "erledigt", "oui", "ça marche", "si", "sí", "funciona"}
)


def decide(incident: Incident | None, event: Event, policy: Policy, now: datetime) -> Decision:
    """What this event means for this incident (None: no incident is known for it)."""
    match event:
        case MailCame():
            return _mail(incident, event, policy, now)
        case Ordered():
            return _ordered(_known(incident), event, policy, now)
        case TimerRang():
            return _timer(_known(incident), event, policy, now)
        case AssigneeGone():
            return _assignee_gone(_known(incident), event, policy, now)
        case LetterFailed():
            return _letter_failed(_known(incident), event, policy, now)


def _known(incident: Incident | None) -> Incident:
    if incident is None:
        raise MaildeskError("this event needs an incident")
    return incident


# --- mails -----------------------------------------------------------------------------------------------------------


def _mail(incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    unwanted = f"spam, says the mail server ({mail.spam})" if mail.spam else ""
    if mail.party.blocked:
        unwanted = f"{mail.party.address.email} is blocked"
    if unwanted:
        return _put_away(incident, mail, unwanted, policy, now)
    if incident is None and mail.confirmation:
        return Decision(Action.FILE, "it confirms a command on an incident that is gone")
    decision = FATE[mail.kind, incident is not None](incident, mail, policy, now)
    if mail.party.undeliverable and mail.kind is Kind.HUMAN and mail.trust.level > Level.L0:
        mark = MarkAddress(mail.party.address.key, "deliverable", "wrote again")
        decision = replace(decision, effects=(mark, *decision.effects))
    return decision


def _file(_incident: Incident | None, mail: MailCame, _policy: Policy, _now: datetime) -> Decision:
    return Decision(Action.FILE, f"{mail.kind}: {mail.kind_reason}")


def _put_away(incident: Incident | None, mail: MailCame, why: str, policy: Policy, now: datetime) -> Decision:
    """Unwanted: filed, into the timeline where it names an incident, and nothing follows."""
    if incident is None:
        return Decision(Action.FILE, why)
    draft = Draft(incident, policy, now)
    record_mail(draft, mail, Entry.AUTO, public=False, why=why)
    return Decision(Action.FILE, why, incident, tuple(draft.effects))


def _file_in(incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """An automatic mail about a known incident stands in its timeline; no state, no clock, no letter follows."""
    draft = Draft(_known(incident), policy, now)
    record_mail(draft, mail, Entry.AUTO, public=False, why=mail.kind_reason)
    return replace(draft.decision(Action.FILE, f"{mail.kind}: {mail.kind_reason}"), incident=incident)


def _bounce(incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """A delivery report about a letter of ours: the address is marked, the people who look after it are told."""
    if not mail.bounced_letter or not mail.bounce:
        return _file_in(incident, mail, policy, now)
    draft = Draft(_known(incident), policy, now)
    ours = [f for f in mail.bounce.recipients if f.address.lower() == mail.bounced_to]
    for failure in ours:
        text = f"not delivered to {failure.address}: {failure.diagnostic or failure.status or 'no reason given'}"
        draft.record(Entry.BOUNCE, text, inbox_id=mail.inbox_id, actor="desk", why=failure.status)
        if failure.action == "failed":
            _undelivered(draft, failure.address.lower(), failure.diagnostic or failure.status)
    if not ours:
        record_mail(draft, mail, Entry.BOUNCE, public=False, why="it names nobody the letter went to")
    return draft.decision(Action.UPDATE if ours else Action.FILE, f"bounce: {mail.kind_reason}")


def _undelivered(draft: Draft, address: str, reason: str) -> None:
    """A letter did not arrive for good.

    Of a requester the team hears; of the desk's own people the admins do, once a day, because a letter about it to
    the very address would come back again and again.
    """
    draft.add(MarkAddress(address, "undeliverable", reason))
    own = draft.policy.directory.person_of(address) or address in {admin.key for admin in draft.policy.admins}
    if own:
        headline = f"Mails to {address} come back"
        details = (f"The mail server says: {reason}", f"The last one was about {draft.incident.tag}.")
        draft.add(TellAdmins(f"unreachable {address} {draft.now:%Y-%m-%d}", headline, details))
    else:
        announce(draft, Happening.BOUNCED, values={"address": address, "reason": reason})


def _create(_incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """A new incident; or one repeat more of a storm, which is only counted."""
    if _storm(mail, policy) and not mail.party.technician:
        return _repeat(mail)
    draft = record_new(mail, policy, now)
    _acknowledge(draft, mail, policy, now)
    if mail.party.technician and mail.asked:
        _commands_on_new(draft, mail)
    return draft.decision(Action.CREATE, "a new mail" if not mail.found.hint else "not a participant of what it names")


def _create_quietly(_incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """Automatic mail may report something real (a monitor, a list), but nobody is answered."""
    if _storm(mail, policy):
        return _repeat(mail)
    draft = record_new(mail, policy, now)
    announce(draft, Happening.RECORDED, speaker=mail.party, said=mail.said, values=_about_new(draft, mail))
    return draft.decision(Action.CREATE, f"{mail.kind}: {mail.kind_reason}")


def _acknowledge(draft: Draft, mail: MailCame, policy: Policy, now: datetime) -> None:
    """The acknowledgement, or the reason why there is none in the timeline; the team hears of it in any case."""
    reader = whose(mail)
    exempt = reader.organisation is not None or reader.person is not None
    withheld = ack_withheld(mail.sums, policy.limits, mail.received_at, now, exempt=exempt, level=mail.trust.level)
    happening = Happening.RECORDED if withheld else Happening.RECEIVED
    announce(
        draft,
        happening,
        speaker=mail.party if draft.incident.requester == mail.party.address.key else None,
        said=mail.said,
        values=_about_new(draft, mail),
        in_reply_to=mail.message_id,
    )
    if withheld:
        draft.record(Entry.LETTER, f"no acknowledgement: {withheld}", actor="desk")
        if withheld in BUDGETS:
            headline = "Acknowledgements are being withheld"
            details = (
                f"Why: {withheld}. First for {draft.incident.requester}.",
                "The incidents are recorded all the same.",
            )
            draft.add(TellAdmins(f"budget {now:%Y-%m-%d} {withheld}", headline, details))
    if mail.sums.storm_count + 1 == policy.limits.storm_count:
        draft.add(StormNoticed(mail.storm))
        values = {"sender": mail.party.address.email, "count": mail.sums.storm_count + 1}
        hours = int(policy.limits.storm_quiet.total_seconds() // 3600)
        announce(draft, Happening.STORM, values={**values, "quiet_hours": hours})


def _storm(mail: MailCame, policy: Policy) -> bool:
    """Too many of the same within the hour, now or earlier today; there is a first one to add them to."""
    sums = mail.sums
    return sums.storm_first is not None and (sums.storm_quiet or sums.storm_count >= policy.limits.storm_count)


def _repeat(mail: MailCame) -> Decision:
    """The same sender, the same subject but for its numbers, again and again: into the first incident, unanswered."""
    text = mail.said.text or mail.subject
    record = Record(
        Entry.AUTO,
        text,
        actor=mail.party.key,
        actor_name=mail.party.shown,
        why="repeat: this sender has sent this subject too often within the hour",
        said=mail.said,
        inbox_id=mail.inbox_id,
        trust=mail.trust.level.name,
        incident=mail.sums.storm_first,
    )
    return Decision(Action.UPDATE, "a repeat of the same mail", None, (record,))


def _update(incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """A human wrote about a known incident."""
    draft = Draft(_known(incident), policy, now)
    if mail.confirmation:
        return _confirm(draft, mail, mail.confirmation)
    if mail.found.foreign:
        return _contribution(draft, mail)
    if mail.party.technician and not _own(draft.incident, mail.party):
        return _from_technician(draft, mail)
    if mail.party.technician and mail.asked:
        return _from_technician(draft, mail)
    return _from_outside(draft, mail)


Fate = Callable[[Incident | None, MailCame, Policy, datetime], Decision]
FATE: Mapping[tuple[Kind, bool], Fate] = {
    (Kind.HUMAN, True): _update,
    (Kind.HUMAN, False): _create,
    (Kind.AUTO, True): _file_in,
    (Kind.AUTO, False): _create_quietly,
    (Kind.BOUNCE, True): _bounce,
    (Kind.BOUNCE, False): _file,
    (Kind.MDN, True): _file_in,
    (Kind.MDN, False): _file,
    (Kind.ARF, True): _file_in,
    (Kind.ARF, False): _file,
    (Kind.LIST, True): _file_in,
    (Kind.LIST, False): _create_quietly,
    (Kind.SELF, True): _file_in,
    (Kind.SELF, False): _file,
}


# --- somebody outside the desk wrote ---------------------------------------------------------------------------------


def _from_outside(draft: Draft, mail: MailCame) -> Decision:
    """The requester or somebody copied in. His own verbs need a token; everything else he writes is a message."""
    incident, owner = draft.incident, _own(draft.incident, mail.party)
    if incident.status is Status.CLOSED and incident.closed_at is not None:
        late = draft.now - incident.closed_at > draft.policy.reopen_within
        if late:
            return _continue(draft, mail)
    _vouch(draft, mail)
    own = _own_commands(mail.asked)
    if owner and own is not None:
        return _own_orders(draft, mail, own)
    record_mail(draft, mail, Entry.MAIL, public=True)
    _join(draft, mail)
    if owner and incident.status is Status.RESOLVED and _says_yes(mail) and mail.trust.level >= Level.L2:
        return _confirmed(draft, mail)
    return _written(draft, mail)


def _written(draft: Draft, mail: MailCame) -> Decision:
    """Plain words: they may end a wait or open what was settled, and the team reads them."""
    status, proven = draft.incident.status, mail.trust.level >= Level.L2
    about = _about(mail)
    if status in {Status.RESOLVED, Status.CLOSED, Status.CANCELLED}:
        if proven:
            draft.act(Act.WRITE)
            draft.set(resolved_at=None, closed_at=None)
            _changed(draft, mail, "reopened by an answer")
            announce(draft, Happening.CAME_BACK, speaker=mail.party, said=mail.said, values=about)
            return draft.decision(Action.UPDATE, "an answer to a settled incident opens it again")
        about = {**about, "oddity": "settled"}
    elif status is Status.PENDING and draft.incident.waiting is Waiting.REQUESTER:
        draft.act(Act.WRITE)
        draft.add(DropTimers(WAIT_TIMER))
        _changed(draft, mail, "no longer waiting: the requester wrote")
    announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values=about)
    return draft.decision(Action.UPDATE, f"found by {mail.found.method}")


def _confirmed(draft: Draft, mail: MailCame) -> Decision:
    draft.act(Act.CONFIRM)
    draft.set(closed_at=draft.now)
    _changed(draft, mail, "confirmed and closed by the requester")
    announce(draft, Happening.CONFIRMED, said=mail.said, values=_about(mail), in_reply_to=mail.message_id)
    return draft.decision(Action.UPDATE, "the requester confirmed the resolution")


def _continue(draft: Draft, mail: MailCame) -> Decision:
    """Closed too long ago: a new incident that is linked to the old one, so that neither answer nor history is lost."""
    new = record_new(mail, draft.policy, draft.now, before=draft.incident)
    new.add(Link(draft.incident.id, "continues"))
    about = {**_about(mail), "oddity": "continues", "continued": draft.incident.tag}
    happening = Happening.RECEIVED if mail.trust.level > Level.L0 else Happening.RECORDED
    announce(new, happening, speaker=None, said=mail.said, values=about, in_reply_to=mail.message_id)
    return new.decision(Action.CREATE, f"{draft.incident.tag} is closed for too long to open again")


def _contribution(draft: Draft, mail: MailCame) -> Decision:
    """Somebody answers with a token that was given to another person: technicians see it, he gets nothing."""
    record_mail(draft, mail, Entry.MAIL, public=False, why="answered a letter that was sent to somebody else")
    about = {**_about(mail), "oddity": "outsider", "suggest_cc": _suggested((mail.party,))}
    announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values=about)
    return draft.decision(Action.UPDATE, "an answer by somebody who was not written to")


def _own_commands(asked: Asked) -> Asked | None:
    """The commands, if all of them are a requester's own verbs; None means that his subject is only words."""
    own = bool(asked.commands) and not asked.problems and all(GRAMMAR[c.verb].for_requester for c in asked.commands)
    return asked if own else None


def _own_orders(draft: Draft, mail: MailCame, asked: Asked) -> Decision:
    """#close, #reopen, #cancel, #status by the requester himself."""
    verdicts = [_may(mail, command, draft) for command in asked.commands]
    if any(isinstance(verdict, No) for verdict in verdicts):
        record_mail(draft, mail, Entry.MAIL, public=True, why="a command without a valid token is only a message")
        announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values=_about(mail))
        if not ack_withheld(
            mail.sums, draft.policy.limits, mail.received_at, draft.now, exempt=True, level=mail.trust.level
        ):
            lines = tuple(Line(c.shown or f"#{c.verb}", ok=False, why="") for c in asked.commands)
            announce(draft, Happening.DECLINED, values={"lines": lines}, in_reply_to=mail.message_id)
        return draft.decision(Action.UPDATE, "a command without a valid token is only a message")
    record_mail(draft, mail, Entry.MAIL, public=True)
    match draft.incident.status, [command.verb for command in asked.commands]:
        case Status.RESOLVED, ["close"]:
            return _confirmed(draft, mail)
        case Status.RESOLVED | Status.CLOSED | Status.CANCELLED, ["reopen"]:
            return _written(draft, mail)
    lines = run(draft, asked, replace(_giver(mail), said=replace(mail.said, text="", html=None, enclosures=())))
    if not all(line.ok for line in lines):
        announce(draft, Happening.STATUS, in_reply_to=mail.message_id)
    elif asked.canonical != "#status":
        announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values=_about(mail))
    return draft.decision(Action.COMMAND, asked.canonical)


def _says_yes(mail: MailCame) -> bool:
    """Only a bare yes; a yes with a but is an answer that opens the incident again."""
    words = "".join(" " if c in ".!,:;-" else c for c in mail.said.text)
    return " ".join(words.split()).casefold() in YES and not mail.said.enclosures


def _vouch(draft: Draft, mail: MailCame) -> None:
    """Who answers with his own token is known from now on."""
    if mail.trust.level >= Level.L2 and not mail.party.known:
        draft.add(MarkAddress(mail.party.address.key, "known", "answered with a token", mail.party.address.name))
    if mail.trust.level >= Level.L2 and _own(draft.incident, mail.party):
        draft.set(known=True)


def _join(draft: Draft, mail: MailCame) -> None:
    """Remember the sender's last mail, so that letters thread below it, and let people join whom he copied in."""
    people = tuple(
        replace(p, last_message_id=mail.message_id) if p.email == mail.party.address.key and mail.message_id else p
        for p in draft.incident.participants
    )
    draft.set(participants=people)
    joining, _suggested = outsiders(mail, draft.incident, draft.policy)
    for party in joining:
        draft.set(participants=(*draft.incident.participants, Participant(party.address.key, party.address.name, "cc")))
        _changed(draft, mail, f"copied in: {party.address.email}")


# --- a technician wrote ----------------------------------------------------------------------------------------------


def _from_technician(draft: Draft, mail: MailCame) -> Decision:
    """Commands, or an answer for the requester; a mail without commands is the command to send it."""
    if mail.answers == "confirm" and not mail.asked:
        why = "The word was used already, or it came too late. Send the command once more."
        return _not_done(draft, mail, (Line("your answer", ok=False, why=why),), ())
    implied = "note" if mail.answers in INTERNAL_LETTERS else "reply"
    asked = mail.asked or Asked((Command(implied, "", "your answer"),))
    if asked.problems:
        return _not_done(draft, mail, _problem_lines(asked), _offers(asked))
    refusals = {c.verb: v for c in asked.commands if isinstance(v := _may(mail, c, draft), No)}
    if refusals:
        return _refused(draft, mail, asked, refusals)
    return _obey(draft, mail, asked, _giver(mail))


def _obey(draft: Draft, mail: MailCame, asked: Asked, giver: Giver) -> Decision:
    before = draft.incident
    lines = run(draft, asked, giver)
    if not all(line.ok for line in lines):
        return _not_done(draft, mail, lines, ())
    if mail.confirmation or any(command.verb != "help" for command in mail.asked.commands):
        values = {"lines": lines, "changes": changes(before, draft.incident, draft.policy)}
        announce(draft, Happening.DONE, speaker=mail.party, values=values, in_reply_to=mail.message_id)
    _join_technician(draft, mail)
    return draft.decision(Action.COMMAND if mail.asked or mail.confirmation else Action.UPDATE, asked.canonical)


def _join_technician(draft: Draft, mail: MailCame) -> None:
    """People a technician copies in by hand join: he is proven, and it was his wish."""
    joining, _suggested = outsiders(mail, draft.incident, draft.policy)
    for party in joining:
        draft.set(participants=(*draft.incident.participants, Participant(party.address.key, party.address.name, "cc")))
        _changed(draft, mail, f"copied in: {party.address.email}")


def _not_done(draft: Draft, mail: MailCame, lines: tuple[Line, ...], offers: tuple[str, ...]) -> Decision:
    """Nothing was done; the words are kept as an internal note, and the technician hears why."""
    typed = " ".join(line.shown for line in lines)
    record_mail(draft, mail, Entry.NOTE, public=False, why=f"not carried out: {typed}")
    saved = bool(mail.said.text.strip() or mail.said.enclosures)
    values = {"lines": lines, "offers": offers, "saved": saved}
    announce(draft, Happening.NOT_DONE, speaker=mail.party, values=values, in_reply_to=mail.message_id)
    return draft.decision(Action.COMMAND, "not done: " + "; ".join(line.why for line in lines if not line.ok))


def _refused(draft: Draft, mail: MailCame, asked: Asked, refusals: Mapping[str, No]) -> Decision:
    """Not allowed at this trust level. Kept, never run, never relayed; a typed reply may lift it."""
    why = next(iter(refusals.values())).why
    record_mail(draft, mail, Entry.REFUSED, public=False, why=f"{asked.canonical}: {why}")
    if mail.sums.refusals_withheld and mail.trust.level < Level.L2:
        draft.record(Entry.LETTER, f"no notice of the refusal: {mail.sums.refusals_withheld}", actor="desk")
        return draft.decision(Action.UPDATE, f"refused: {why}")
    lines = tuple(
        Line(c.shown or f"#{c.verb}", c.verb not in refusals, _but(refusals.get(c.verb), why)) for c in asked.commands
    )
    if all(refusal.confirmable for refusal in refusals.values()):
        within = int(draft.policy.confirm_within.total_seconds() // 60)
        values: dict[str, object] = {"lines": lines, "word": mail.word, "within": within, "reason": why}
        draft.add(Ask(mail.party.key, asked, mail.said, mail.word, mail.inbox_id))
        announce(draft, Happening.CONFIRM, speaker=mail.party, values=values)
    else:
        entry = {"at": mail.received_at, "shown": f"[{draft.incident.tag}] {asked.canonical}", "why": why}
        announce(draft, Happening.REFUSED, speaker=mail.party, values={"entries": (entry,), "reason": why})
    return draft.decision(Action.UPDATE, f"refused: {why}")


def _but(refusal: No | None, said: str) -> str:
    """Why this command was refused, unless the letter says it already."""
    return refusal.why if refusal and refusal.why != said else ""


def _confirm(draft: Draft, mail: MailCame, pending: Pending) -> Decision:
    """The typed reply to a refused command: exactly that command runs now, with the words of then."""
    lines = [line for line in mail.said.text.splitlines() if line.strip()]
    first = lines[0].strip(" .!*>\"'").casefold() if lines else ""
    record_mail(draft, mail, Entry.NOTE, public=False, why="answers a request for confirmation")
    if first != pending.word.casefold() or mail.trust.level < Level.L2:
        why = "The first line of your mail is not the word that was asked for."
        values = {"lines": (Line(pending.asked.canonical, ok=False, why=why),), "offers": ()}
        announce(draft, Happening.NOT_DONE, speaker=mail.party, values=values, in_reply_to=mail.message_id)
        return draft.decision(Action.UPDATE, "not the word that was asked for")
    draft.add(Confirmed(pending.id))
    giver = replace(_giver(mail), said=pending.said, inbox_id=pending.inbox_id, trust=Level.L4.name)
    return _obey(draft, mail, pending.asked, giver)


def _commands_on_new(draft: Draft, mail: MailCame) -> None:
    """A technician opens an incident and steers it at once: the same checks, on the incident as recorded.

    The words of the mail are the incident's first entry already.
    """
    _from_technician(draft, replace(mail, said=Said("")))


def _problem_lines(asked: Asked) -> tuple[Line, ...]:
    wrong = tuple(Line(p.shown, ok=False, why=p.why) for p in asked.problems)
    fine = tuple(
        Line(c.shown or f"#{c.verb}", ok=True, why="not executed, because of the above") for c in asked.commands
    )
    return wrong + fine


def _offers(asked: Asked) -> tuple[str, ...]:
    """Whole corrected command lines: the good commands with one way to mend the bad one."""
    good = asked.canonical
    bad: BadCommand | None = asked.problems[0] if len(asked.problems) == 1 else None
    return tuple(f"{offer} {good}".strip() for offer in bad.offers) if bad else ()


def _may(mail: MailCame, command: Command, draft: Draft) -> object:
    verb = GRAMMAR[command.verb]
    klass = draft.policy.classes.get(command.verb, verb.klass)
    return may(mail.party, klass, verb.for_requester, draft.incident, mail.trust, _own(draft.incident, mail.party))


# --- the command line, the clock, the dispatch -----------------------------------------------------------------------


def _ordered(incident: Incident, order: Ordered, policy: Policy, now: datetime) -> Decision:
    """The local admin: he is trusted, and hears the outcome at once, so no receipt is mailed."""
    draft = Draft(incident, policy, now)
    lines = _problem_lines(order.asked)
    if not order.asked.problems:
        giver = Giver(
            order.party,
            order.said,
            actor="cli",
            trust="cli",
            named={p.address.key: p for p in order.named},
            sums=order.sums,
        )
        lines = run(draft, order.asked, giver)
    if not all(line.ok for line in lines) or not lines:
        return Decision(Action.IGNORE, "\n".join(f"{line.shown}: {line.why}" for line in lines if not line.ok))
    return draft.decision(Action.COMMAND, "\n".join(line.why for line in lines))


def _timer(incident: Incident, timer: TimerRang, policy: Policy, now: datetime) -> Decision:
    draft = Draft(incident, policy, now)
    if timer.kind != WAIT_TIMER or incident.status is not Status.PENDING:
        return Decision(Action.IGNORE, f"nothing waits for the timer {timer.kind}", incident)
    draft.act(Act.RESUME)
    draft.record(Entry.CHANGE, "the wait is over", actor="desk", why=f"it was set to end at {timer.due_at:%F %R} UTC")
    announce(draft, Happening.RESUMED)
    return draft.decision(Action.UPDATE, "the wait is over")


def _assignee_gone(incident: Incident, event: AssigneeGone, policy: Policy, now: datetime) -> Decision:
    """Nobody's work is nobody's: unassigned, and the lead of the group hears of it."""
    draft = Draft(incident, policy, now)
    if incident.assignee != event.name or not incident.open:
        return Decision(Action.IGNORE, f"{event.name} does not have it")
    draft.set(assignee=None)
    draft.act(Act.ASSIGN)
    draft.record(Entry.CHANGE, "unassigned", actor="desk", why=f"the configuration no longer has {event.name}")
    announce(draft, Happening.ORPHANED)
    return draft.decision(Action.UPDATE, f"{event.name} is gone")


def _letter_failed(incident: Incident, failed: LetterFailed, policy: Policy, now: datetime) -> Decision:
    draft = Draft(incident, policy, now)
    draft.record(Entry.BOUNCE, f"not delivered to {failed.to}: {failed.reply}", actor="desk", why=failed.template)
    _undelivered(draft, failed.to, failed.reply)
    return draft.decision(Action.UPDATE, "a letter could not be delivered")


# --- words that several of them use ----------------------------------------------------------------------------------


def record_mail(draft: Draft, mail: MailCame, entry: Entry, *, public: bool, why: str = "") -> None:
    """The mail itself, into the timeline. One without words is told by what it was about."""
    reason = why or (f"found by {mail.found.method}" if mail.found.method else "")
    wordless = entry in {Entry.NOTE, Entry.REFUSED} and not mail.said.text
    draft.record(
        entry,
        reason if wordless else mail.said.text,
        public=public,
        actor=mail.party.key,
        actor_name=mail.party.shown,
        why="" if wordless else reason,
        said=mail.said,
        inbox_id=mail.inbox_id,
        trust=mail.trust.level.name,
    )


def _changed(draft: Draft, mail: MailCame, text: str) -> None:
    draft.record(
        Entry.CHANGE,
        text,
        actor=mail.party.key,
        actor_name=mail.party.shown,
        inbox_id=mail.inbox_id,
        trust=mail.trust.level.name,
    )


def _own(incident: Incident, party: Party) -> bool:
    """Is he the requester? A listed person is one person with all his addresses."""
    addresses = party.person.emails if party.person else (party.address.key,)
    return incident.requester in addresses


def _giver(mail: MailCame) -> Giver:
    return Giver(
        mail.party,
        mail.said,
        inbox_id=mail.inbox_id,
        trust=mail.trust.level.name,
        message_id=mail.message_id,
        named={p.address.key: p for p in mail.named},
        sums=mail.sums,
    )


def _about(mail: MailCame) -> dict[str, object]:
    """What the team's letters say about a mail beside its words."""
    return {
        "who": mail.party.shown,
        "who_address": mail.party.address.email,
        "unverified": mail.trust.level <= Level.L1 and mail.found.incident is not None,
    }


def _about_new(draft: Draft, mail: MailCame) -> dict[str, object]:
    """The same of a new incident: what it may belong to, and who was copied in without being added."""
    _joining, left = outsiders(mail, draft.incident, draft.policy)
    hint = f"{draft.incident.prefix}-{mail.found.hint}" if mail.found.hint else ""
    return {**_about(mail), "hint": hint, "suggest_cc": _suggested(left)}


def _suggested(parties: tuple[Party, ...]) -> tuple[dict[str, str], ...]:
    """People who were not added, each with the command that adds him."""
    return tuple({"address": p.address.email, "command": f"#cc +{p.address.email}"} for p in parties)


SHOWN = ("status", "assignee", "group", "priority", "category", "requester", "waiting")


def changes(before: Incident, after: Incident, policy: Policy) -> tuple[dict[str, str], ...]:
    """What is different now, field by field, people by their names."""

    def shown(name: str, incident: Incident) -> str:
        value = str(getattr(incident, name) or "")
        person = policy.directory.people.get(value) if name == "assignee" else None
        return person.name if person else value

    return tuple(
        {"field": name, "old": shown(name, before), "new": shown(name, after)}
        for name in SHOWN
        if getattr(before, name) != getattr(after, name)
    )


# --- what would become of commands -----------------------------------------------------------------------------------


def preview(
    incident: Incident | None, mail: MailCame, policy: Policy, now: datetime
) -> tuple[tuple[str, str, Line], ...]:
    """(verb, value, line) of every command in a mail: whether it would run, and why not. Changes nothing."""
    if not mail.asked:
        return ()
    draft = Draft(incident, policy, now) if incident else record_new(mail, policy, now)
    if mail.kind is not Kind.HUMAN:
        return _all_refused(mail.asked, f"{mail.kind} mail never commands")
    if not mail.party.technician and _own_commands(mail.asked) is None:
        return _all_refused(mail.asked, "only words: the sender is no technician")
    if mail.asked.problems:
        pairs = [(p.shown, "") for p in mail.asked.problems] + [(c.verb, c.value) for c in mail.asked.commands]
        return tuple((*pair, line) for pair, line in zip(pairs, _problem_lines(mail.asked), strict=True))
    refusals = {c.verb: v for c in mail.asked.commands if isinstance(v := _may(mail, c, draft), No)}
    if refusals:
        other = "not executed, because of another command"
        return tuple(
            (c.verb, c.value, Line(c.shown, ok=False, why=refusals[c.verb].why if c.verb in refusals else other))
            for c in mail.asked.commands
        )
    lines = run(draft, mail.asked, _giver(mail))
    return tuple((c.verb, c.value, line) for c, line in zip(mail.asked.commands, lines, strict=True))


def _all_refused(asked: Asked, why: str) -> tuple[tuple[str, str, Line], ...]:
    return tuple((c.verb, c.value, Line(c.shown, ok=False, why=why)) for c in asked.commands) + tuple(
        (p.shown, "", Line(p.shown, ok=False, why=why)) for p in asked.problems
    )
