"""Recording: a mail becomes an incident (ITIL: record, categorise, prioritise, route).

Whose incident it is, what sort, how urgent, which group, who of it; and, in the timeline, which rule said so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from maildesk.desk.draft import Draft
from maildesk.desk.effects import Entry, Link
from maildesk.desk.events import MailCame, Said
from maildesk.desk.incident import Act, Impact, Incident, Participant, Priority, Type, Urgency
from maildesk.desk.orders import choose
from maildesk.desk.people import Party
from maildesk.desk.policy import Category, Policy
from maildesk.desk.rules import Classification
from maildesk.mail.message import Level

_NOT_A_PERSON = ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce")


def record_new(mail: MailCame, policy: Policy, now: datetime, before: Incident | None = None) -> Draft:
    """A draft of the new incident with its first timeline entries; letters are the caller's matter.

    `before` is the settled incident that this one continues: its group and category are the best guess there is.
    """
    requester = whose(mail)
    box = policy.mailbox(mail.mailbox)
    incident = Incident(
        mailbox=box.name,
        prefix=box.prefix,
        title=mail.subject or _first_line(mail.said.text),
        requester="" if requester.address.key in policy.own_addresses else requester.address.key,
        opened_at=mail.received_at,
        organisation=requester.organisation,
        vip=requester.vip,
        known=requester.known or (requester is mail.party and mail.trust.level >= Level.L2),
        language=_language(requester, mail, policy),
        storm=mail.storm,
        participants=() if requester.address.key in policy.own_addresses else _participants(requester, mail),
    )
    draft = Draft(incident, policy, now)
    draft.record(
        Entry.MAIL,
        mail.said.text,
        public=True,
        actor=mail.party.key,
        actor_name=mail.party.shown,
        why=f"forwarded by {mail.party.shown}" if requester is not mail.party else "",
        said=mail.said,
        inbox_id=mail.inbox_id,
        trust=mail.trust.level.name,
        data={"evidence": "\n".join(mail.trust.evidence)},
    )
    if before is not None:
        draft.set(category=before.category, group=before.group, type=before.type)
    _classify(draft, mail.classification or Classification())
    _route(draft, mail)
    _copy_in(draft, mail)
    _hint(draft, mail)
    return draft


def whose(mail: MailCame) -> Party:
    """The sender; but a mail that a technician forwards belongs to the one who wrote it first.

    That needs no proof: whoever could forge this could as well forge the first sender's address.
    """
    if mail.party.technician and mail.forwarded_party is not None and not mail.forwarded_party.technician:
        return mail.forwarded_party
    return mail.party


def forwarded_said(mail: MailCame) -> tuple[Said, str]:
    """What the one wrote to whom the mail belongs, and what the technician who forwarded it added above."""
    if whose(mail) is mail.party or mail.forwarded is None:
        return mail.said, ""
    first = mail.forwarded.text.strip()
    return replace(mail.said, text=first, html=None), mail.said.text.strip().removesuffix(first).strip()


def _first_line(text: str) -> str:
    """A title for a mail without a subject."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 60 else line[:57].rsplit(" ", 1)[0] + "..."


def _language(requester: Party, mail: MailCame, policy: Policy) -> str:
    person = requester.person.language if requester.person else ""
    return person or requester.language or mail.language or policy.language


def _participants(requester: Party, mail: MailCame) -> tuple[Participant, ...]:
    if not requester.address.email:
        return ()
    name = requester.person.name if requester.person else requester.address.name
    own = mail.message_id if requester is mail.party else None
    return (Participant(requester.address.key, name, "requester", own),)


def _classify(draft: Draft, result: Classification) -> None:
    """Rules first, then what the category implies, then the middle; each matched rule stands in the timeline."""
    category = draft.policy.categories.get(result.category or draft.incident.category, Category(""))
    draft.set(
        category=result.category or draft.incident.category,
        type=Type(result.type or category.type or draft.incident.type),
        group=result.group or category.group or draft.incident.group,
        assignee=result.assignee or None,
        impact=Impact(result.impact or category.impact or Impact.MEDIUM),
        urgency=Urgency(result.urgency or category.urgency or Urgency.MEDIUM),
        tags=result.tags,
        silent=result.silent,
    )
    draft.prioritise()
    if result.priority:
        draft.set(priority=Priority(result.priority))
        draft.pin("priority")
    for verdict in result.verdicts:
        if verdict.matched:
            set_here = sorted(name for name, rule in result.sources.items() if rule == verdict.name)
            text = f"rule {verdict.name}: {'; '.join(verdict.why)}"
            draft.record(Entry.RULE, text, actor="rule", actor_name=verdict.name, why=", ".join(set_here))
    for watcher in result.watchers:
        _watch(draft, watcher)


def _watch(draft: Draft, key: str) -> None:
    person = draft.policy.directory.people.get(key)
    if person and draft.incident.participant(person.address.key) is None:
        watcher = Participant(person.address.key, person.name, "watcher")
        draft.set(participants=(*draft.incident.participants, watcher))


def _route(draft: Draft, mail: MailCame) -> None:
    """The group: by rule or category, else the mailbox's, else the first of the lowest tier; then who of it."""
    policy, groups = draft.policy, draft.policy.directory.groups
    if draft.incident.group not in groups:
        first = min(groups.values(), key=lambda group: group.tier, default=None)
        draft.set(group=policy.mailbox(mail.mailbox).group or (first.key if first else None))
    group = groups.get(draft.incident.group or "")
    why = "rule" if draft.incident.assignee else ""
    if group and not draft.incident.assignee:
        draft.set(assignee=choose(group, mail.sums))
        why = f"{group.assign} of group {group.key}"
    if draft.incident.assignee:
        draft.act(Act.ASSIGN)
        draft.record(
            Entry.CHANGE,
            f"assigned to {draft.incident.assignee}",
            actor="desk",
            why=why,
            data={"assignee": draft.incident.assignee, "automatic": "yes"},
        )


def outsiders(mail: MailCame, incident: Incident, policy: Policy) -> tuple[tuple[Party, ...], tuple[Party, ...]]:
    """Whom the sender copied in: those who join, and those who are only named to the technician.

    They join when they and the sender are of one organisation, or when the sender is proven; technicians and
    addresses that are no person never do. The whole incident has no more than `limits.participants` people.
    """
    room = policy.limits.participants - len(incident.participants)
    new = [p for p in mail.copied if incident.participant(p.address.key) is None and _person(p)]
    if mail.trust.level < Level.L1:
        return (), tuple(new)
    trusted = [p for p in new if mail.trust.level >= Level.L2 or _same_organisation(p, mail.party)]
    return tuple(trusted[:room]), tuple(p for p in new if p not in trusted[:room])


def _same_organisation(one: Party, other: Party) -> bool:
    return one.organisation is not None and one.organisation == other.organisation


def _person(party: Party) -> bool:
    local = party.address.email.partition("@")[0].lower()
    return not party.technician and not local.startswith(_NOT_A_PERSON)


def _copy_in(draft: Draft, mail: MailCame) -> None:
    joining, suggested = outsiders(mail, draft.incident, draft.policy)
    for party in joining:
        person = Participant(party.address.key, party.address.name, "cc")
        draft.set(participants=(*draft.incident.participants, person))
    if suggested:
        names = " ".join(f"+{party.address.email}" for party in suggested)
        draft.record(Entry.NOTE, f"copied in by an unproven sender, not added: #cc {names}", actor="desk")


def _hint(draft: Draft, mail: MailCame) -> None:
    """What it may belong to: a remark and a link, never more."""
    if mail.alike is not None and mail.found.hint is None:
        draft.add(Link(mail.alike.number, "resembles"))
        text = f"perhaps the same as {mail.alike.tag} ({mail.alike.title}), which the requester has open"
        draft.record(Entry.NOTE, text, actor="desk")
    if mail.found.hint is not None:
        draft.add(Link(mail.found.hint, "mentions"))
        draft.record(
            Entry.NOTE,
            f"names {draft.incident.prefix}-{mail.found.hint}, of which the sender is no participant",
            actor="desk",
        )
