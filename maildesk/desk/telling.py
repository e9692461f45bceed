"""Telling: what the conversations have in common. The mail in the timeline, a change, what letters say about a mail."""

from __future__ import annotations

from maildesk.desk.commands import GRAMMAR, Command
from maildesk.desk.draft import Draft
from maildesk.desk.effects import Entry
from maildesk.desk.events import MailCame
from maildesk.desk.incident import Incident, Participant
from maildesk.desk.people import Party, may
from maildesk.desk.policy import Policy
from maildesk.desk.recording import forwarded_said, outsiders, whose
from maildesk.desk.turn import Giver
from maildesk.mail.message import Level


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
        data={"evidence": "\n".join(mail.trust.evidence)},
    )


def changed(draft: Draft, mail: MailCame, text: str) -> None:
    draft.record(
        Entry.CHANGE,
        text,
        actor=mail.party.key,
        actor_name=mail.party.shown,
        inbox_id=mail.inbox_id,
        trust=mail.trust.level.name,
    )


def let_join(draft: Draft, mail: MailCame) -> None:
    """Let people join whom the sender copied in, as far as he may decide that."""
    joining, _named_only = outsiders(mail, draft.incident, draft.policy)
    for party in joining:
        joined = Participant(party.address.key, party.address.name, "cc")
        draft.set(participants=(*draft.incident.participants, joined))
        changed(draft, mail, f"copied in: {party.address.email}")


def is_own(incident: Incident, party: Party) -> bool:
    """Is he the requester? A listed person is one person with all his addresses."""
    addresses = party.person.emails if party.person else (party.address.key,)
    return incident.requester in addresses


def giver_of(mail: MailCame) -> Giver:
    return Giver(
        mail.party,
        mail.said,
        inbox_id=mail.inbox_id,
        trust=mail.trust.level.name,
        message_id=mail.message_id,
        named={p.address.key: p for p in mail.named},
        others=dict(mail.others),
        sums=mail.sums,
        looked=mail.looked,
    )


def facts_of(mail: MailCame) -> dict[str, object]:
    """What the team's letters say about a mail beside its words."""
    return {
        "oddity": "sealed" if mail.sealed else "",
        "who": mail.party.shown,
        "who_address": mail.party.address.email,
        "unverified": mail.trust.level <= Level.L1 and mail.found.incident is not None,
    }


def facts_of_new(draft: Draft, mail: MailCame) -> dict[str, object]:
    """The same of a new incident: what it may belong to, and who was copied in without being added."""
    _joining, left = outsiders(mail, draft.incident, draft.policy)
    hint = f"{draft.incident.prefix}-{mail.found.hint}" if mail.found.hint else ""
    like = {"alike": mail.alike.tag, "alike_title": mail.alike.title} if mail.alike and not hint else {}
    first = whose(mail)
    if first is not mail.party:
        _said, remark = forwarded_said(mail)
        like |= {"who": first.shown, "who_address": first.address.email, "by": mail.party.shown, "remark": remark}
    return {**facts_of(mail), **like, "hint": hint, "suggest_cc": suggested(left)}


def suggested(parties: tuple[Party, ...]) -> tuple[dict[str, str], ...]:
    """People who were not added, each with the command that adds him."""
    return tuple({"address": p.address.email, "command": f"#cc +{p.address.email}"} for p in parties)


SHOWN = (
    *("status", "assignee", "group", "priority", "impact", "urgency"),
    *("type", "category", "tags", "requester", "waiting"),
)


def changes(before: Incident, after: Incident, policy: Policy) -> tuple[dict[str, str], ...]:
    """What is different now, field by field, people by their names."""

    def shown(name: str, incident: Incident) -> str:
        given = getattr(incident, name)
        value = ", ".join(sorted(given)) if isinstance(given, frozenset) else str(given or "")
        person = policy.directory.people.get(value) if name == "assignee" else None
        return person.name if person else value

    return tuple(
        {"field": name, "old": shown(name, before), "new": shown(name, after)}
        for name in SHOWN
        if getattr(before, name) != getattr(after, name)
    )


def may_command(mail: MailCame, command: Command, draft: Draft) -> object:
    verb = GRAMMAR[command.verb]
    klass = draft.policy.classes.get(command.verb, verb.klass)
    return may(mail.party, klass, verb.for_requester, draft.incident, mail.trust, is_own(draft.incident, mail.party))
