"""Words of others below the new ones: which of them the desk has never seen, and which are its own letters."""

from __future__ import annotations

from maildesk.desk.incident import Incident
from maildesk.desk.people import Party
from maildesk.desk.policy import Policy
from maildesk.mail.address import spotted
from maildesk.mail.message import Reading
from maildesk.mail.subject import tag_numbers
from maildesk.mail.thread import Keys, is_letter_id
from maildesk.mail.trim import printed_header


def unseen(reading: Reading, incident: Incident | None, party: Party, keys: Keys, policy: Policy) -> str:
    """What a mail forwards or repeats, if nobody at the desk has read it yet; else "".

    Of a known incident that is what somebody forwards, or sends without a word of his own. A technician's answer is
    only what he newly wrote, so that no history is ever passed on.
    """
    if reading.bounce is not None:
        return ""
    if incident is None:
        return reading.forwarded.text if reading.forwarded else _repeated(reading, keys, policy)
    if party.technician:
        return ""
    if reading.forwarded:
        return "" if _of_the_desk(reading.forwarded.sender.key, policy) else reading.forwarded.text
    quoted = reading.trimmed.quoted
    alone = not reading.trimmed.new.strip() and printed_header(quoted) is not None
    return quoted if alone and not _ours(quoted, policy) else ""


def _repeated(reading: Reading, keys: Keys, policy: Policy) -> str:
    """The history of a mail about no incident, unless it answers one of our letters."""
    answers_us = keys.tokens or keys.numbers or any(map(is_letter_id, keys.ids))
    return "" if answers_us or _ours(reading.trimmed.quoted, policy) else reading.trimmed.quoted


def _ours(quoted: str, policy: Policy) -> bool:
    """Whether the uppermost of the repeated mails is a letter of ours, by its sender or the number in its subject."""
    head = printed_header(quoted)
    lines = [line for line in quoted.split("\n") if line.strip()]
    sender = spotted(head.get("from", "") if head else " ".join(lines[:3]))
    numbers = tag_numbers(head.get("subject", ""), {box.prefix for box in policy.mailboxes.values()}) if head else ()
    return bool(numbers) or (sender is not None and _of_the_desk(sender.key, policy))


def _of_the_desk(key: str, policy: Policy) -> bool:
    local, _, domain = key.partition("@")
    return f"{local.partition('+')[0]}@{domain}" in policy.own_addresses
