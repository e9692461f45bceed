"""Narrows: the words by which a list is narrowed, in four languages; the rest is names of people and groups."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS = {
    "mine": "mine my meine meinen miens mias mios",
    "open": "open offen offene ouvert ouverts abierto abiertos",
    "unassigned": "unassigned free frei freie niemand nobody libre libres",
    "new": "new neu neue nouveau nouveaux nuevo nuevos",
    "assigned": "assigned zugewiesen",
    "progress": "progress arbeit",
    "pending": "pending waiting wartend wartet attente espera",
    "resolved": "resolved gelost resolu resolus resuelto resueltos",
    "closed": "closed geschlossen ferme fermes cerrado cerrados",
    "cancelled": "cancelled storniert annule annules cancelado cancelados",
    "all": "all alle tous todos",
    **{f"p{n}": f"p{n} prio{n}" for n in range(1, 6)},
}

NARROWS: Mapping[str, str] = {word: name for name, words in _WORDS.items() for word in words.split()}
BETWEEN = frozenset({"in", "and", "und", "et", "y", "incidents", "tickets"})  # people write in sentences
