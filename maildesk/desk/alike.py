"""Alike: whether a new mail is about something that its sender has told us already.

Only asked, never acted upon: the acknowledgement names the open incident, the technician reads it, and people decide.
So it need not be clever. Two subjects are alike when most words of the shorter stand in the longer, not counting those
that stand in every other mail to a helpdesk.
"""

from __future__ import annotations

from collections.abc import Iterable

from maildesk.desk.folding import words

SHARE = 2 / 3  # of the shorter subject's words

# What people write whatever it is about, folded; by language, so that a language more is a line more.
_SAY_NOTHING = frozenset(
    word
    for line in (
        "a an and are about again any at be can cannot could do does don for from has have hello help hi how i in",
        "is it issue me my need new no not now of on or our please problem question re request since still support",
        "team thank thanks that the there this to today urgent urgently us was we what when why will with won work",
        "working works",
        "aber am an anfrage auf bei bin bitte da danke das dem den der die dringend ein eine einen es fehler frage",
        "funktioniert geht guten habe haben hallo hilfe ich ihr im in ist kann kein keine mehr mein meine meinen",
        "mit nach neu nicht noch nun oder problem schon seit sehr sie sind tag und uber um uns von vom war wegen",
        "wieder wir zu zum",
        "au aux avec bonjour ca ce de demande depuis des du en est et il j je la le les ma merci mes mon ne",
        "nouveau pas plus pour probleme que qui sur un une urgent vous",
        "al con de del el en es favor gracias hola la las lo los mi mis necesito no nuevo para por problema que se",
        "un una",
        "che con da del della di e gli ho i il la le mi mio nel non per problema salve un una urgente",
        "de een en graag hallo het ik in is mijn met niet op probleem te van vraag voor",
        "mam moj na nie pilne prosze problem sie w z",
    )
    for word in line.split()
)


def alike(title: str, others: Iterable[tuple[int, str]]) -> int | None:
    """The first of the `others` (number, title) that is about the same as `title`; None if none is."""
    mine = _telling(title)
    return next((number for number, other in others if _same(mine, _telling(other))), None)


def _telling(title: str) -> frozenset[str]:
    """The words that say what it is about; a number alone does not."""
    return frozenset(word for word in words(title) if word not in _SAY_NOTHING and not word.isdigit() and len(word) > 1)


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    shorter = min(len(one), len(other))
    return bool(shorter) and len(one & other) >= shorter * SHARE
