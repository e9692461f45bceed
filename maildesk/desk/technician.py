"""A technician wrote: commands or an answer, obeyed, refused, asked back or confirmed; and a preview of all that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from maildesk.desk.commands import Asked, BadCommand, Command
from maildesk.desk.draft import Draft
from maildesk.desk.effects import (
    Action,
    Ask,
    Confirmed,
    Decision,
    Entry,
    Send,
)
from maildesk.desk.events import MailCame, Pending, Said
from maildesk.desk.fresh import LATE, WRONG, typed
from maildesk.desk.incident import Incident
from maildesk.desk.notices import INTERNAL_LETTERS, Happening, announce
from maildesk.desk.orders import run
from maildesk.desk.outside import own_commands
from maildesk.desk.people import No, Party
from maildesk.desk.policy import Policy
from maildesk.desk.questions import only_questions
from maildesk.desk.recording import record_new
from maildesk.desk.telling import changes, giver_of, let_join, may_command, record_mail
from maildesk.desk.turn import Giver, Line
from maildesk.mail.message import Kind, Level

CONFIRMING = "answers a request for confirmation"


def from_technician(draft: Draft, mail: MailCame) -> Decision:
    """Commands, or an answer for the requester; a mail without commands is the command to send it."""
    if mail.answers == "confirm" and not mail.asked:
        return _not_done(draft, mail, (Line("your answer", ok=False, why=LATE),), ())
    implied = "note" if mail.answers in INTERNAL_LETTERS else "reply"
    asked = mail.asked or Asked((Command(implied, "", "your answer"),))
    if asked.problems:
        return _not_done(draft, mail, problem_lines(asked), _offers(asked))
    refusals = {c.verb: v for c in asked.commands if isinstance(v := may_command(mail, c, draft), No)}
    if refusals:
        return _refused(draft, mail, asked, refusals)
    return _obey(draft, mail, asked, giver_of(mail))


def _obey(draft: Draft, mail: MailCame, asked: Asked, giver: Giver) -> Decision:
    before = draft.incident
    lines = run(draft, asked, giver)
    if not all(line.ok for line in lines):
        return _not_done(draft, mail, lines, ())
    asking = only_questions(command.verb for command in asked.commands)
    if (mail.asked or mail.confirmation) and not asking:
        values = {"lines": lines, "changes": changes(before, draft.incident, draft.policy)}
        announce(draft, Happening.DONE, speaker=mail.party, values=values, in_reply_to=mail.message_id)
    tell_owner(draft, before, mail.party, giver.said)
    let_join(draft, mail)  # whom he copies in by hand joins: he is proven, and it was his wish
    decision = draft.decision(Action.COMMAND if mail.asked or mail.confirmation else Action.UPDATE, asked.canonical)
    return replace(decision, incident=before) if asking and giver.wordless and draft.incident == before else decision


def tell_owner(draft: Draft, before: Incident, giver: Party, said: Said) -> None:
    """Whoever has an incident hears what a colleague did with it, unless an answer or a note tells him already."""
    owner = draft.policy.directory.people.get(before.assignee or "")
    made = changes(before, draft.incident, draft.policy)
    told = {e.to_key for e in draft.effects if isinstance(e, Send) and e.role == "technician"}
    if owner and owner is not giver.person and made and f"@{owner.key}" not in told:
        values = {"by": giver.shown, "who": giver.shown, "who_address": giver.address.email, "changes": made}
        announce(draft, Happening.CHANGED, speaker=Party(owner.address, owner), said=said, values=values)


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
    if withheld := _withheld(mail):
        draft.record(Entry.LETTER, f"no notice of the refusal: {withheld}", actor="desk")
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


def _withheld(mail: MailCame) -> str:
    """Why a technician is not told of a refusal. Nobody may make the desk write to him by forging his name."""
    if mail.trust.refuted:
        return "the mail server itself says that the sender is forged"
    return mail.sums.refusals_withheld if mail.trust.level < Level.L2 else ""


def _but(refusal: No | None, said: str) -> str:
    """Why this command was refused, unless the letter says it already."""
    return refusal.why if refusal and refusal.why != said else ""


def confirm(draft: Draft, mail: MailCame, pending: Pending) -> Decision:
    """The typed reply to a refused command: exactly that command runs now, with the words of then."""
    record_mail(draft, mail, Entry.NOTE, public=False, why=CONFIRMING)
    if not typed(mail, pending):
        values = {"lines": (Line(pending.asked.canonical, ok=False, why=WRONG),), "offers": ()}
        announce(draft, Happening.NOT_DONE, speaker=mail.party, values=values, in_reply_to=mail.message_id)
        return draft.decision(Action.UPDATE, "not the word that was asked for")
    draft.add(Confirmed(pending.id))
    giver = replace(giver_of(mail), said=pending.said, inbox_id=pending.inbox_id, trust=Level.L4.name)
    return _obey(draft, mail, pending.asked, giver)


def commands_on_new(draft: Draft, mail: MailCame) -> None:
    """A technician opens an incident and steers it at once: the same checks, on the incident as recorded.

    The words of the mail are the incident's first entry already.
    """
    from_technician(draft, replace(mail, said=Said("")))


def problem_lines(asked: Asked) -> tuple[Line, ...]:
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


def preview(
    incident: Incident | None, mail: MailCame, policy: Policy, now: datetime
) -> tuple[tuple[str, str, Line], ...]:
    """(verb, value, line) of every command in a mail: whether it would run, and why not. Changes nothing."""
    if not mail.asked:
        return ()
    draft = Draft(incident, policy, now) if incident else record_new(mail, policy, now)
    if mail.kind is not Kind.HUMAN:
        return _all_refused(mail.asked, f"{mail.kind} mail never commands")
    if not mail.party.technician and own_commands(mail.asked) is None:
        return _all_refused(mail.asked, "only words: the sender is no technician")
    if mail.asked.problems:
        pairs = [(p.shown, "") for p in mail.asked.problems] + [(c.verb, c.value) for c in mail.asked.commands]
        return tuple((*pair, line) for pair, line in zip(pairs, problem_lines(mail.asked), strict=True))
    refusals = {c.verb: v for c in mail.asked.commands if isinstance(v := may_command(mail, c, draft), No)}
    if refusals:
        other = "not executed, because of another command"
        return tuple(
            (c.verb, c.value, Line(c.shown, ok=False, why=refusals[c.verb].why if c.verb in refusals else other))
            for c in mail.asked.commands
        )
    lines = run(draft, mail.asked, giver_of(mail))
    return tuple((c.verb, c.value, line) for c, line in zip(mail.asked.commands, lines, strict=True))


def _all_refused(asked: Asked, why: str) -> tuple[tuple[str, str, Line], ...]:
    return tuple((c.verb, c.value, Line(c.shown, ok=False, why=why)) for c in asked.commands) + tuple(
        (p.shown, "", Line(p.shown, ok=False, why=why)) for p in asked.problems
    )
