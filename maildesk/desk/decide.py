"""The centre: decide(incident, event, policy, now) -> Decision. Pure; everything else carries out what it says.

A mail's fate is a table: what sort of mail it is, and whether an incident is known for it. The human rows go on by
who wrote: somebody outside (`from_outside`), or a technician (`from_technician`). Nothing here looks anything up;
the event holds all that the database knew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from maildesk.desk.draft import Draft
from maildesk.desk.effects import (
    Action,
    Ask,
    Decision,
    Entry,
    MarkAddress,
    Record,
    Send,
    StormNoticed,
    TellAdmins,
)
from maildesk.desk.events import AssigneeGone, Event, LetterFailed, MailCame, Ordered, TimerRang
from maildesk.desk.fresh import ask_alone, asks_alone, confirm_alone
from maildesk.desk.incident import Act, Incident, Status
from maildesk.desk.notices import BUDGETS, Happening, ack_withheld, announce
from maildesk.desk.orders import run
from maildesk.desk.outside import contribution, from_outside
from maildesk.desk.policy import Policy
from maildesk.desk.recording import forwarded_said, record_new, whose
from maildesk.desk.technician import commands_on_new, confirm, from_technician, problem_lines, tell_owner
from maildesk.desk.telling import facts_of_new, is_own, record_mail
from maildesk.desk.turn import WAIT_TIMER, Giver
from maildesk.desk.unread import Problem, problem_of, told_back, why_silent
from maildesk.errors import MaildeskError
from maildesk.mail.message import Failure, Kind, Level


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
    if incident is None and mail.confirmation and mail.confirmation.incident is None:
        return confirm_alone(mail, mail.confirmation, policy)
    if incident is None and mail.confirmation:
        return Decision(Action.FILE, "it confirms a command on an incident that is gone")
    if mail.copy:
        return _put_away(incident, mail, "the same mail, by another way", policy, now)
    decision = _aged(FATE[mail.kind, incident is not None](incident, mail, policy, now), mail, policy, now)
    if mail.party.undeliverable and mail.kind is Kind.HUMAN and mail.trust.level > Level.L0:
        mark = MarkAddress(mail.party.address.key, "deliverable", "wrote again")
        decision = replace(decision, effects=(mark, *decision.effects))
    return decision


def _aged(decision: Decision, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """Old mail, found at a first start or after a long rest, is recorded without automatic letters to anybody.

    Human words are passed on, however late; and the admins hear once a day that there is something to look at.
    """
    everybody = decision.action is Action.CREATE  # of what is known already the team hears, however late
    sends = [e for e in decision.effects if isinstance(e, Send) and e.automatic]
    silent = [send for send in sends if everybody or send.role == "requester"]
    if now - mail.received_at <= policy.limits.old_mail or not silent:
        return decision
    kept = [
        effect for effect in decision.effects if effect not in silent and not (everybody and isinstance(effect, Ask))
    ]
    note = () if decision.incident is None else (_NO_LETTERS,)
    headline = "Mails older than a day were taken in"
    details = ("They are recorded, but nobody was written to about them. `maildesk list` shows what is open.",)
    told = TellAdmins(f"old mails {now:%Y-%m-%d}", headline, details)
    return replace(decision, effects=(*kept, *note, told))


_NO_LETTERS = Record(Entry.LETTER, "no automatic letters: the mail is older than a day", actor="desk")


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


_REPORTED = {
    "failed": "not delivered to",
    "delayed": "not yet delivered to",
    "delivered": "delivered to",
    "relayed": "passed on, without a receipt, to",
    "expanded": "passed on to everybody behind",
}


def _bounce(incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """A delivery report about a letter of ours: the address is marked, the people who look after it are told."""
    if not mail.bounced_to or not mail.bounce:
        return _file_in(incident, mail, policy, now)
    draft = Draft(_known(incident), policy, now)
    reports = mail.bounce.recipients
    for failure in reports:
        text = f"{_REPORTED[failure.action]} {failure.address}: {_because(failure) or 'no reason given'}"
        draft.record(Entry.BOUNCE, text, inbox_id=mail.inbox_id, actor="desk", why=failure.status)
    failed = [failure for failure in reports if failure.action == "failed"]
    own = [failure for failure in failed if failure.address.lower() == mail.bounced_to]
    if own:
        _undelivered(draft, mail.bounced_to, _because(own[0]))
    elif failed:  # an alias, or one of many behind the address: mails to it may still arrive
        _unreached(draft, mail.bounced_to, _because(failed[0]), via=failed[0].address)
    if not reports:
        record_mail(draft, mail, Entry.BOUNCE, public=False, why="it names nobody")
    return draft.decision(Action.UPDATE if failed else Action.FILE, f"bounce: {mail.kind_reason}")


def _because(failure: Failure) -> str:
    return failure.diagnostic or failure.status


def _undelivered(draft: Draft, address: str, reason: str) -> None:
    """A letter did not arrive for good.

    Of a requester the team hears; of the desk's own people the admins do, once a day, because a letter about it to
    the very address would come back again and again.
    """
    draft.add(MarkAddress(address, "undeliverable", reason))
    _unreached(draft, address, reason)


def _unreached(draft: Draft, address: str, reason: str, via: str = "") -> None:
    """Tell who must find another way; `via` is where mails to the address went on to, if it failed only there."""
    own = draft.policy.directory.person_of(address) or address in {admin.key for admin in draft.policy.admins}
    if own:
        headline = f"Mails to {address} come back"
        details = (f"The mail server says: {reason}", f"The last one was about {draft.incident.tag}.")
        draft.add(TellAdmins(f"unreachable {address} {draft.now:%Y-%m-%d}", headline, details))
    else:
        announce(draft, Happening.BOUNCED, values={"address": address, "reason": reason, "via": via})


def _create(_incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """A new incident; or one repeat more of a storm, which is only counted."""
    if rule := _silenced(mail):
        return Decision(Action.FILE, rule)
    if asks_alone(mail, policy):
        return ask_alone(mail, policy)
    if _storm(mail, policy) and not mail.party.technician:
        return _repeat(mail)
    draft = record_new(mail, policy, now)
    _acknowledge(draft, mail, policy, now)
    if mail.party.technician and mail.asked:
        commands_on_new(draft, mail)
    return draft.decision(Action.CREATE, "a new mail" if not mail.found.hint else "not a participant of what it names")


def _create_quietly(_incident: Incident | None, mail: MailCame, policy: Policy, now: datetime) -> Decision:
    """Automatic mail may report something real (a monitor, a list), but nobody is answered."""
    if rule := _silenced(mail):
        return Decision(Action.FILE, rule)
    if _storm(mail, policy):
        return _repeat(mail)
    draft = record_new(mail, policy, now)
    announce(draft, Happening.RECORDED, speaker=mail.party, said=mail.said, values=facts_of_new(draft, mail))
    return draft.decision(Action.CREATE, f"{mail.kind}: {mail.kind_reason}")


def _silenced(mail: MailCame) -> str:
    """The rule that has this mail filed silently; "" if none does."""
    verdict = mail.classification
    return f"rule {verdict.sources['silent']} files it silently" if verdict and verdict.silent else ""


def _acknowledge(draft: Draft, mail: MailCame, policy: Policy, now: datetime) -> None:
    """The acknowledgement, or the reason why there is none in the timeline; the team hears of it in any case."""
    reader = whose(mail)
    exempt = reader.organisation is not None or reader.person is not None
    withheld = ack_withheld(mail.sums, policy.limits, mail.received_at, now, exempt=exempt, level=mail.trust.level)
    for_another = mail.party.technician and any(command.verb == "for" for command in mail.asked.commands)
    happening = (
        Happening.RECORDED if withheld or for_another else Happening.SEALED if mail.sealed else Happening.RECEIVED
    )
    announce(
        draft,
        happening,
        speaker=mail.party if draft.incident.requester == mail.party.address.key else None,
        said=forwarded_said(mail)[0],
        values={**facts_of_new(draft, mail), **problem_of(mail, Problem.ENCRYPTED)},
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
    if mail.sealed:
        return _update_sealed(draft, mail)
    if mail.confirmation:
        return confirm(draft, mail, mail.confirmation)
    if mail.found.foreign:
        return contribution(draft, mail)
    if mail.party.technician and not is_own(draft.incident, mail.party):
        return from_technician(draft, mail)
    if mail.party.technician and mail.asked:
        return from_technician(draft, mail)
    return from_outside(draft, mail)


def _update_sealed(draft: Draft, mail: MailCame) -> Decision:
    """Encrypted: what it says, and to whom, nobody here can know. So a technician's is not passed on."""
    before = draft.incident
    silent = why_silent(mail, draft.policy, draft.now)
    if mail.party.technician and not is_own(before, mail.party):
        record_mail(draft, mail, Entry.NOTE, public=False, why=f"encrypted ({mail.sealed}), so it was not passed on")
        decision = draft.decision(Action.FILE, "an encrypted mail of a technician")
    else:
        decision = from_outside(draft, mail)
    back = () if silent else (told_back(before, mail, Problem.ENCRYPTED, draft.policy),)
    return replace(decision, effects=(*decision.effects, *back))


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


# --- the command line, the clock, the dispatch -----------------------------------------------------------------------


def _ordered(incident: Incident, order: Ordered, policy: Policy, now: datetime) -> Decision:
    """The local admin: he is trusted, and hears the outcome at once, so no receipt is mailed."""
    draft = Draft(incident, policy, now)
    lines = problem_lines(order.asked)
    if not order.asked.problems:
        giver = Giver(
            order.party,
            order.said,
            actor="cli",
            trust="cli",
            named={p.address.key: p for p in order.named},
            others=dict(order.others),
            sums=order.sums,
        )
        lines = run(draft, order.asked, giver)
        if all(line.ok for line in lines):
            tell_owner(draft, incident, order.party, order.said)
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
    announce(draft, Happening.ORPHANED, values={"oddity": "orphaned", "former": event.name})
    return draft.decision(Action.UPDATE, f"{event.name} is gone")


def _letter_failed(incident: Incident, failed: LetterFailed, policy: Policy, now: datetime) -> Decision:
    draft = Draft(incident, policy, now)
    draft.record(Entry.BOUNCE, f"not delivered to {failed.to}: {failed.reply}", actor="desk", why=failed.template)
    _undelivered(draft, failed.to, failed.reply)
    return draft.decision(Action.UPDATE, "a letter could not be delivered")
