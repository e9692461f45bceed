"""A mail that nobody can read, too large, damaged or encrypted: its sender hears what to do instead."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from maildesk.desk.draft import Draft
from maildesk.desk.effects import Action, Decision, Effect, Entry, Send
from maildesk.desk.events import MailCame
from maildesk.desk.incident import Incident
from maildesk.desk.notices import Happening, ack_withheld, announce
from maildesk.desk.policy import Policy
from maildesk.mail.limits import MAX_BYTES
from maildesk.mail.message import Kind


class Problem(StrEnum):
    """What was wrong, as far as the sender can do something about it."""

    LARGE = "large"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"


TEMPLATE = "unopened"


def unread(incident: Incident | None, mail: MailCame, problem: Problem, policy: Policy, now: datetime) -> Decision:
    """What follows from a mail of which only the header is known."""
    effects: list[Effect] = []
    if incident is not None:
        text = f"a mail of {mail.party.shown} could not be read; it is mail {mail.inbox_id} in quarantine"
        draft = Draft(incident, policy, now)
        draft.record(Entry.AUTO, text, actor=mail.party.key, actor_name=mail.party.shown, why=problem)
        about = {"who": mail.party.shown, "who_address": mail.party.address.email, "oddity": "unread"}
        announce(draft, Happening.WROTE, speaker=mail.party, values=about)
        effects += draft.effects
    if not (silent := why_silent(mail, policy, now)):
        effects.append(told_back(incident, mail, problem, policy))
    return Decision(Action.QUARANTINE, silent or "its sender was told", None, tuple(effects))


def told_back(incident: Incident | None, mail: MailCame, problem: Problem, policy: Policy) -> Send:
    """The letter to the sender. It repeats no word of his mail."""
    party = mail.party
    return Send(
        template=TEMPLATE,
        to=party.address,
        to_key=party.key,
        role="requester",
        automatic="ack",
        language=(party.person.language if party.person else "") or party.language or mail.language or policy.language,
        in_reply_to=mail.message_id,
        values=problem_of(mail, problem),
        anonymous=not (incident.known if incident else party.known),
    )


def problem_of(mail: MailCame, problem: Problem) -> dict[str, object]:
    """What the letter says about the mail."""
    return {"problem": str(problem), "received": mail.received_at, "megabytes": MAX_BYTES // 1024**2}


def why_silent(mail: MailCame, policy: Policy, now: datetime) -> str:
    """Why nobody is told; "" if the sender is."""
    checks = (
        (mail.kind is not Kind.HUMAN, f"{mail.kind}: {mail.kind_reason}"),
        (bool(mail.spam) or mail.party.blocked, "unwanted"),
        (mail.party.address.key in {"", *policy.own_addresses}, "it names no sender"),
    )
    exempt = mail.party.organisation is not None or mail.party.person is not None
    withheld = ack_withheld(mail.sums, policy.limits, mail.received_at, now, exempt=exempt, level=mail.trust.level)
    return next((why for held, why in checks if held), withheld)
