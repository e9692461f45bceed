"""Fresh: a technician asks something in a mail about no incident, "maildesk #list mine", and no incident comes of it.

Such a mail seldom proves anything, for it answers no letter of ours. So what #list or #find bring goes out only after a
typed word, as with every other command, unless the mail is proven in another way.
"""

from __future__ import annotations

from collections.abc import Mapping

from maildesk.desk.commands import GRAMMAR, Asked
from maildesk.desk.effects import Action, Ask, Confirmed, Decision, Effect, Send
from maildesk.desk.events import Looked, MailCame, Pending
from maildesk.desk.folding import squeezed
from maildesk.desk.notices import INTERNAL_LETTERS, to_person
from maildesk.desk.people import No, Person, may
from maildesk.desk.policy import Policy
from maildesk.desk.questions import answers_alone
from maildesk.desk.turn import Line
from maildesk.mail.message import Level

LATE = "The word was used already, or it came too late. Send the command once more."
WRONG = "The first line of your mail is not the word that was asked for."


def asks_alone(mail: MailCame, policy: Policy) -> bool:
    """Whether a technician's mail only asks what is about no incident; a title of his own makes it an incident.

    An answer to a letter about no incident has the title of that letter.
    """
    if not mail.party.technician:
        return False
    if mail.answers == "confirm" and not mail.asked:
        return True
    commands = mail.asked.commands
    free = bool(commands) and not mail.asked.problems and all(GRAMMAR[command.verb].alone for command in commands)
    return free and (mail.answers in INTERNAL_LETTERS or squeezed(mail.subject) in _names(policy))


def _names(policy: Policy) -> frozenset[str]:
    """What may stand before a question as whom it is put to."""
    boxes = policy.mailboxes.values()
    own = (policy.name, *(name for box in boxes for name in (box.name, box.address.name)))
    return frozenset({"", "maildesk", *map(squeezed, own)})


def ask_alone(mail: MailCame, policy: Policy) -> Decision:
    """Answer it, or ask back whether he asks. Nothing is kept but the mail itself."""
    person = mail.party.person
    assert person is not None, "only a listed technician asks alone"
    if not mail.asked:
        return _not_done(mail, person, policy, Line("your answer", ok=False, why=LATE))
    refusals = [verdict for verdict in (_may(mail, verb, policy) for verb in _verbs(mail.asked)) if verdict]
    if refusals:
        return _refused(mail, person, policy, refusals[0])
    return _answered(mail.asked, mail, person, policy)


def _verbs(asked: Asked) -> tuple[str, ...]:
    return tuple(command.verb for command in asked.commands)


def _may(mail: MailCame, verb: str, policy: Policy) -> No | None:
    klass = policy.classes.get(verb, GRAMMAR[verb].klass)
    verdict = may(mail.party, klass, requester_ok=False, incident=None, trust=mail.trust, own=False)
    return verdict if isinstance(verdict, No) else None


def _refused(mail: MailCame, person: Person, policy: Policy, no: No) -> Decision:
    reason = f"refused: {no.why}"
    if mail.sums.refusals_withheld and mail.trust.level < Level.L2:
        return Decision(Action.FILE, reason)
    if not no.confirmable:
        entry = {"at": mail.received_at, "shown": mail.asked.canonical, "why": no.why}
        told = to_person("refused", person, policy, {"entries": (entry,), "reason": no.why})
        return Decision(Action.FILE, reason, None, (told,))
    lines = tuple(Line(command.shown, ok=False, why="") for command in mail.asked.commands)
    within = int(policy.confirm_within.total_seconds() // 60)
    values = {"lines": lines, "word": mail.word, "within": within, "reason": no.why}
    asks = Ask(mail.party.key, mail.asked, mail.said, mail.word, mail.inbox_id)
    return Decision(Action.FILE, reason, None, (asks, to_person("confirm", person, policy, values)))


def confirm_alone(mail: MailCame, pending: Pending, policy: Policy) -> Decision:
    """The typed reply: exactly that question is answered now."""
    person = mail.party.person
    assert person is not None, "a confirmation is asked of a listed person"
    if not typed(mail, pending):
        return _not_done(mail, person, policy, Line(pending.asked.canonical, ok=False, why=WRONG))
    return _answered(pending.asked, mail, person, policy, Confirmed(pending.id))


def typed(mail: MailCame, pending: Pending) -> bool:
    """Whether the mail proves a request for confirmation: the word in its first line, from who got the letter."""
    lines = [line for line in mail.said.text.splitlines() if line.strip()]
    first = lines[0].strip(" .!*>\"'").casefold() if lines else ""
    return first == pending.word.casefold() and mail.trust.level >= Level.L2


def _not_done(mail: MailCame, person: Person, policy: Policy, line: Line) -> Decision:
    told = to_person("not_done", person, policy, {"lines": (line,), "saved": False}, mail.message_id)
    return Decision(Action.FILE, f"not done: {line.why}", None, (told,))


def _answered(asked: Asked, mail: MailCame, person: Person, policy: Policy, *before: Effect) -> Decision:
    letters = _letters(asked, mail.looked, policy)
    sends = tuple(_send(name, values, mail, person, policy) for name, values in letters)
    return Decision(Action.COMMAND, asked.canonical, None, (*before, *sends))


def _letters(asked: Asked, looked: Looked, policy: Policy) -> tuple[tuple[str, Mapping[str, object]], ...]:
    cards = [("help", {"verb": command.value}) for command in asked.commands if command.verb == "help"]
    return (*cards, *(("report", report) for report in answers_alone(asked, looked, policy)))


def _send(name: str, values: Mapping[str, object], mail: MailCame, person: Person, policy: Policy) -> Send:
    return to_person(name, person, policy, values, mail.message_id)
