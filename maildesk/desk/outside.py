"""Somebody outside the desk wrote about a known incident: its requester, somebody copied in, or a stranger to it."""

from __future__ import annotations

from dataclasses import replace

from maildesk.desk.commands import GRAMMAR, Asked
from maildesk.desk.draft import Draft
from maildesk.desk.effects import (
    Action,
    Decision,
    DropTimers,
    Entry,
    Link,
    MarkAddress,
)
from maildesk.desk.events import MailCame
from maildesk.desk.incident import Act, Status, Waiting
from maildesk.desk.notices import Happening, ack_withheld, announce
from maildesk.desk.orders import run
from maildesk.desk.people import No
from maildesk.desk.recording import record_new
from maildesk.desk.telling import (
    changed,
    changes,
    facts_of,
    giver_of,
    is_own,
    let_join,
    may_command,
    record_mail,
    suggested,
)
from maildesk.desk.turn import WAIT_TIMER, Line
from maildesk.mail.message import Level
from maildesk.mail.thanks import more_below, only_thanks

_SETTLED = frozenset({Status.RESOLVED, Status.CLOSED, Status.CANCELLED})


def from_outside(draft: Draft, mail: MailCame) -> Decision:
    """The requester or somebody copied in. His own verbs need a token; everything else he writes is a message."""
    incident, owner = draft.incident, is_own(draft.incident, mail.party)
    thanks = incident.status in _SETTLED and _only_thanks(mail)
    if incident.status is Status.CLOSED and incident.closed_at is not None and not thanks:
        late = draft.now - incident.closed_at > draft.policy.reopen_within
        if late:
            return _continue(draft, mail)
    _vouch(draft, mail)
    own = own_commands(mail.asked)
    if owner and own is not None:
        return _own_orders(draft, mail, own)
    if mail.asked and mail.trust.level >= Level.L2 and (strange := _strange(mail)):
        return _strange_orders(draft, mail, strange)
    record_mail(draft, mail, Entry.MAIL, public=True, why="only thanks" if thanks else "")
    _join(draft, mail)
    return _thanked(draft, mail, owner=owner) if thanks else _written(draft, mail)


def _thanked(draft: Draft, mail: MailCame, *, owner: bool) -> Decision:
    """Thanks for what is settled. Those of the requester confirm a resolution; all others open nothing again."""
    if not owner or draft.incident.status is not Status.RESOLVED:
        return draft.decision(Action.UPDATE, "only thanks: filed, and nothing opens again")
    if mail.trust.level >= Level.L2:
        return _confirmed(draft, mail, "the requester says only thanks or yes, which confirms the resolution")
    announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values={**facts_of(mail), "oddity": "thanks"})
    return draft.decision(Action.UPDATE, "only thanks, but the sender is only claimed: nothing closes, nothing opens")


def _written(draft: Draft, mail: MailCame) -> Decision:
    """Plain words: they may end a wait or open what was settled, and the team reads them."""
    status, proven = draft.incident.status, mail.trust.level >= Level.L2
    about = facts_of(mail)
    if status in _SETTLED:
        if proven:
            draft.act(Act.WRITE)
            draft.set(resolved_at=None, closed_at=None)
            changed(draft, mail, "reopened by an answer")
            announce(draft, Happening.CAME_BACK, speaker=mail.party, said=mail.said, values=about)
            return draft.decision(Action.UPDATE, "an answer to a settled incident opens it again")
        about = {**about, "oddity": "settled"}
    elif status is Status.PENDING and draft.incident.waiting is Waiting.REQUESTER:
        draft.act(Act.WRITE)
        draft.add(DropTimers(WAIT_TIMER))
        changed(draft, mail, "no longer waiting: the requester wrote")
    announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values=about)
    return draft.decision(Action.UPDATE, f"found by {mail.found.method}")


def _confirmed(draft: Draft, mail: MailCame, why: str = "the requester confirmed the resolution") -> Decision:
    draft.act(Act.CONFIRM)
    draft.set(closed_at=draft.now)
    changed(draft, mail, "confirmed and closed by the requester")
    announce(draft, Happening.CONFIRMED, said=mail.said, values=facts_of(mail), in_reply_to=mail.message_id)
    return draft.decision(Action.UPDATE, why)


def _continue(draft: Draft, mail: MailCame) -> Decision:
    """Closed too long ago: a new incident that is linked to the old one, so that neither answer nor history is lost."""
    new = record_new(mail, draft.policy, draft.now, before=draft.incident)
    new.add(Link(draft.incident.id, "continues"))
    about = {**facts_of(mail), "oddity": "continues", "continued": draft.incident.tag}
    happening = Happening.RECEIVED if mail.trust.level > Level.L0 else Happening.RECORDED
    announce(new, happening, speaker=None, said=mail.said, values=about, in_reply_to=mail.message_id)
    return new.decision(Action.CREATE, f"{draft.incident.tag} is closed for too long to open again")


def contribution(draft: Draft, mail: MailCame) -> Decision:
    """Somebody answers with a token that was given to another person: technicians see it, he gets nothing."""
    record_mail(draft, mail, Entry.MAIL, public=False, why="answered a letter that was sent to somebody else")
    about = {**facts_of(mail), "oddity": "outsider", "suggest_cc": suggested((mail.party,))}
    announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values=about)
    return draft.decision(Action.UPDATE, "an answer by somebody who was not written to")


def own_commands(asked: Asked) -> Asked | None:
    """The commands, if all of them are a requester's own verbs; None means that his subject is only words."""
    own = bool(asked.commands) and not asked.problems and all(GRAMMAR[c.verb].for_requester for c in asked.commands)
    return asked if own else None


def _own_orders(draft: Draft, mail: MailCame, asked: Asked) -> Decision:
    """#close, #reopen, #cancel, #status by the requester himself."""
    verdicts = [may_command(mail, command, draft) for command in asked.commands]
    if any(isinstance(verdict, No) for verdict in verdicts):
        record_mail(draft, mail, Entry.MAIL, public=True, why="a command without a valid token is only a message")
        announce(draft, Happening.WROTE, speaker=mail.party, said=mail.said, values=facts_of(mail))
        if not _unanswered(draft, mail):
            lines = tuple(Line(c.shown or f"#{c.verb}", ok=False, why="") for c in asked.commands)
            announce(
                draft, Happening.DECLINED, speaker=mail.party, values={"lines": lines}, in_reply_to=mail.message_id
            )
        return draft.decision(Action.UPDATE, "a command without a valid token is only a message")
    record_mail(draft, mail, Entry.MAIL, public=True)
    match draft.incident.status, [command.verb for command in asked.commands]:
        case Status.RESOLVED, ["close"]:
            return _confirmed(draft, mail)
        case Status.RESOLVED | Status.CLOSED | Status.CANCELLED, ["reopen"]:
            return _written(draft, mail)
    before = draft.incident
    lines = run(draft, asked, replace(giver_of(mail), said=replace(mail.said, text="", html=None, enclosures=())))
    if not all(line.ok for line in lines):
        announce(draft, Happening.STATUS, in_reply_to=mail.message_id)
    elif made := changes(before, draft.incident, draft.policy):
        about = {**facts_of(mail), "by": mail.party.shown, "changes": made}
        announce(draft, Happening.SETTLED, speaker=mail.party, said=mail.said, values=about)
    return draft.decision(Action.COMMAND, asked.canonical)


def _strange(mail: MailCame) -> tuple[Line, ...]:
    """What he typed behind the number and may not, or what nobody knows; #help is no mistake."""
    typed = (*(problem.shown for problem in mail.asked.problems), *(c.shown for c in mail.asked.commands))
    return tuple(Line(shown, ok=False, why="") for shown in typed)


def _strange_orders(draft: Draft, mail: MailCame, lines: tuple[Line, ...]) -> Decision:
    """A command that is none, or none of his: it changes nothing, and he reads what he can write instead."""
    helped = [command.verb for command in mail.asked.commands] == ["help"] and not mail.asked.problems
    if (mail.said.text.strip() or mail.said.enclosures) and not _only_thanks(mail):
        record_mail(draft, mail, Entry.MAIL, public=True)
        _join(draft, mail)
        decision = _written(draft, mail)
    else:
        record_mail(draft, mail, Entry.REFUSED, public=False, why=" ".join(line.shown for line in lines))
        decision = draft.decision(Action.UPDATE, "a command that a requester does not have")
    if not _unanswered(draft, mail):
        values = {"lines": () if helped else lines, "unknown": True}
        announce(draft, Happening.DECLINED, speaker=mail.party, values=values, in_reply_to=mail.message_id)
    return replace(decision, effects=tuple(draft.effects))


def _unanswered(draft: Draft, mail: MailCame) -> str:
    """Why no automatic answer goes to him. Who is proven may ask again at once, for no stranger is behind it."""
    sums = replace(mail.sums, acks_sender_10min=0) if mail.trust.level >= Level.L2 else mail.sums
    limits = draft.policy.limits
    return ack_withheld(sums, limits, mail.received_at, draft.now, exempt=True, level=mail.trust.level)


def _only_thanks(mail: MailCame) -> bool:
    """Words of thanks or a bare yes, and nothing with or below them; a yes with a but opens the incident again."""
    said = mail.said
    return all(one.cut for one in said.enclosures) and only_thanks(said.text) and not more_below(said.signature)


def _vouch(draft: Draft, mail: MailCame) -> None:
    """Who answers with his own token, or from a domain that is proven, is known from now on."""
    if mail.trust.level >= Level.L2 and not mail.party.known:
        draft.add(MarkAddress(mail.party.address.key, "known", "a token or a proven domain", mail.party.address.name))
    if mail.trust.level >= Level.L2 and is_own(draft.incident, mail.party):
        draft.set(known=True)


def _join(draft: Draft, mail: MailCame) -> None:
    """Remember the sender's last mail, so that letters thread below it, and let people join whom he copied in."""
    people = tuple(
        replace(p, last_message_id=mail.message_id) if p.email == mail.party.address.key and mail.message_id else p
        for p in draft.incident.participants
    )
    draft.set(participants=people)
    let_join(draft, mail)
