"""Find: which incident a human at the machine means."""

from __future__ import annotations

import re

from maildesk.desk.incident import Incident
from maildesk.errors import UsageError
from maildesk.store.unit import Unit

_TAG = re.compile(r"\[?\s*(?:([A-Za-z]{1,10})\s*[-#]?\s*|#)?(\d{1,18})\s*\]?", re.ASCII)


def find(unit: Unit, tag: str) -> Incident:
    """The incident that `1`, `inc-1` or `[INC-1]` names. Raises UsageError where there is none."""
    found = _TAG.fullmatch(tag.strip())
    if found is None:
        raise UsageError(f"{tag!r} names no incident; write it as INC-1 or 1")
    incident = unit.incidents.get(int(found[2]))
    if incident is None:
        raise UsageError(f"there is no incident {tag}; `maildesk list --all` shows them all")
    if found[1] and found[1].upper() != incident.prefix:
        raise UsageError(f"there is no incident {tag}; number {incident.id} is {incident.tag}")
    return incident
