"""An invitation (iCalendar, RFC 5545) in words: what, when, where, who asks. For mails that bring no other text."""

from __future__ import annotations

import re
from datetime import date, timedelta

_LIMIT = 64 * 1024  # characters that are looked at
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[^:;\"=]{1,40}=(?:\"[^\"]{0,200}\"|[^\":;]{0,200}))*):(.*)")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?\Z")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_METHODS = {"CANCEL": "Cancelled", "REPLY": "Answer", "COUNTER": "Another time is proposed"}
_EVENT_FIELDS = frozenset({"SUMMARY", "DTSTART", "DTEND", "LOCATION", "ORGANIZER", "DESCRIPTION"})


def in_words(calendar: str) -> str:
    """The first event of a calendar as a few lines of text; "" if there is none."""
    method, fields = _first_event(_FOLD.sub("", calendar[:_LIMIT]))
    if not fields:
        return ""
    lines = [
        f"{_METHODS.get(method, 'Invitation')}: {_text(fields, 'SUMMARY') or '(no title)'}",
        f"When: {_when(fields)}",
        f"Where: {_text(fields, 'LOCATION')}",
        f"Organizer: {_organizer(fields)}",
    ]
    told = "\n".join(line for line in lines if not line.endswith(": "))
    said = _text(fields, "DESCRIPTION")
    return f"{told}\n\n{said}" if said else told


_Fields = dict[str, tuple[str, str]]  # name -> parameters, value


def _first_event(calendar: str) -> tuple[str, _Fields]:
    method, fields, depth = "", dict[str, tuple[str, str]](), 0
    for line in calendar.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        name, value = found[1].upper(), found[3].strip()
        if name == "METHOD" and not depth:
            method = value.upper()
        elif name in {"BEGIN", "END"}:
            inside = value.upper() in {"VEVENT", "VTODO"}
            if inside and name == "END":
                break
            depth += (1 if name == "BEGIN" else -1) if inside or depth else 0  # an alarm inside says nothing new
        elif depth == 1 and name in _EVENT_FIELDS:
            fields.setdefault(name, (found[2], value))
    return method, fields


def _text(fields: _Fields, name: str) -> str:
    value = fields.get(name, ("", ""))[1]
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _when(fields: _Fields) -> str:
    start, end = (_time(fields, name) for name in ("DTSTART", "DTEND"))
    if end and start[:10] == end[:10]:
        end = end[11:]
    elif len(end) == 10 and len(start) == 10:
        end = _last_day(start, end)
    return f"{start}{' to ' if start and end else ''}{end}{_zone(fields)}"


def _last_day(start: str, end: str) -> str:
    """The last of whole days; the end that the calendar names is the day after it. "" if there is but one."""
    try:
        last = (date.fromisoformat(end) - timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return end
    return "" if last <= start else last


def _time(fields: _Fields, name: str) -> str:
    found = _TIME.match(fields.get(name, ("", ""))[1])
    if found is None:
        return ""
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return f"{day} {found[4]}:{found[5]}" if found[4] else day


def _zone(fields: _Fields) -> str:
    parameters, value = fields.get("DTSTART", ("", ""))
    zone = re.search(r";TZID=\"?([^\";]+)", parameters, re.IGNORECASE)
    name = "UTC" if value.endswith("Z") else zone[1].strip() if zone else ""
    return f" ({name})" if name else ""


def _organizer(fields: _Fields) -> str:
    parameters, value = fields.get("ORGANIZER", ("", ""))
    address = re.sub(r"(?i)^mailto:", "", value)
    name = re.search(r";CN=\"?([^\";]+)", parameters, re.IGNORECASE)
    return f"{name[1].strip()} <{address}>" if name and address else address
