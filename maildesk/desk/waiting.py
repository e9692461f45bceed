"""Waiting: "2d user", "Lieferant bis Mo 9:00" -> whom an incident waits for, and until when.

A wait is written in words of four languages and kept in one normal form, "supplier mon 09:00". What it means on the
clock is worked out when it begins, from `now` and the desk's time zone: until then a confirmation may pass some time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo

from maildesk.desk.folding import fold
from maildesk.desk.incident import Waiting

MORNING = time(9)  # when a day is named without an hour
LONGEST = timedelta(days=366)

_WHO = {
    Waiting.REQUESTER: "requester user customer client kunde kunden kundin anwender anwenderin nutzer benutzer melder "
    "utilisateur demandeur usuario cliente solicitante",
    Waiting.SUPPLIER: "supplier vendor manufacturer lieferant lieferanten hersteller fournisseur fabricant "
    "proveedor fabricante",
    Waiting.CHANGE: "change anderung aenderung changement cambio",
}
_UNITS = {
    "m": "m min mins minute minutes minuten minuto minutos",
    "h": "h hr hrs hour hours std stunde stunden heure heures hora horas",
    "d": "d day days t tag tage tagen j jour jours dia dias",
    "w": "w week weeks woche wochen semaine semaines semana semanas",
}
_DAYS = {
    "mon": "mo monday montag lundi lunes",
    "tue": "di tuesday dienstag mardi martes",
    "wed": "mi wednesday mittwoch mercredi miercoles",
    "thu": "do thursday donnerstag jeudi jueves",
    "fri": "fr friday freitag vendredi viernes",
    "sat": "sa saturday samstag sonnabend samedi sabado",
    "sun": "so sunday sonntag dimanche domingo",
    "tomorrow": "morgen demain manana",
}
_FILLER_WORDS = (
    "until till til by for on at the bis auf am um fur fuer der den dem jusque jusqu'au le a hasta para el la"
)

WHO: Mapping[str, Waiting] = {word: who for who, words in _WHO.items() for word in words.split()}
UNITS: Mapping[str, str] = {word: unit for unit, words in _UNITS.items() for word in words.split()}
DAYS: Mapping[str, str] = {  # whole, or shortened to three letters and more; the two letters are German usage
    word[:length]: day
    for day, words in _DAYS.items()
    for word in (day, *words.split())
    for length in ({len(word)} if day == "tomorrow" else range(min(3, len(word)), len(word) + 1))
}
_WEEKDAYS = tuple(_DAYS)[:7]
_FILLERS = frozenset(_FILLER_WORDS.split())

_TIME = r"(\d{1,2})(?::(\d{2}))?(?: ?(?:uhr|h))?"
_LENGTH = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def normal_wait(typed: str) -> str | None:
    """The normal form of a wait, "requester", "supplier 2d", "change 2026-12-24 09:00"; None if it is none.

    Nobody named means the requester, which is what a wait mostly is for.
    """
    words = [stripped for word in fold(typed).split() if (stripped := word.strip(",;.")) and stripped not in _FILLERS]
    who = {WHO[word] for word in words if word in WHO}
    when = normal_time(" ".join(word for word in words if word not in WHO))
    if len(who) > 1 or when is None:
        return None
    return " ".join([*(who or {Waiting.REQUESTER}), *when.split()])


def normal_time(text: str) -> str | None:
    """The normal form of a folded time, "" of none; None if it cannot be one (the 30th of February)."""
    for pattern, form in _FORMS:
        if found := re.fullmatch(pattern, text, re.ASCII):
            return form(*found.groups())
    return "" if not text else None


def _length(count: str, word: str) -> str | None:
    unit = UNITS.get(word)
    if unit is None or not timedelta() < int(count) * _LENGTH[unit] <= LONGEST:
        return None
    return f"{int(count)}{unit}"


def _date(year: str, month: str, day: str, hour: str | None, minute: str | None) -> str | None:
    try:
        date = datetime(int(year), int(month), int(day), tzinfo=UTC).date()
    except ValueError:
        return None
    return _with_time(date.isoformat(), hour, minute) if 2000 <= date.year < 3000 else None


def _day_first(day: str, month: str, year: str, hour: str | None, minute: str | None) -> str | None:
    return _date(year, month, day, hour, minute)


def _named_day(word: str, hour: str | None, minute: str | None) -> str | None:
    return _with_time(DAYS[word], hour, minute) if word in DAYS else None


def _with_time(day: str, hour: str | None, minute: str | None) -> str | None:
    if hour is None:
        return day
    return f"{day} {int(hour):02}:{minute or '00'}" if int(hour) < 24 and int(minute or 0) < 60 else None


# Dates with slashes are left out: 4/5 is April here and May there.
_FORMS: tuple[tuple[str, Callable[..., str | None]], ...] = (
    (r"(\d{1,4}) ?([a-z]+)", _length),
    (rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?:[ t]{_TIME})?", _date),
    (rf"(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}})(?: {_TIME})?", _day_first),
    (rf"([a-z]+)(?: {_TIME})?", _named_day),
)


def waiting_for(value: str, now: datetime, tz: tzinfo) -> tuple[Waiting, datetime | None]:
    """Whom a wait in its normal form is for, and when it ends (aware UTC; None: when somebody ends it).

    Days and weeks keep the hour of the desk's clock, also over a change to summer time. A date may lie in the past.
    """
    who, *when = value.split()
    if not when:
        return Waiting(who), None
    here = now.astimezone(tz)
    if found := re.fullmatch(r"(\d+)([mhdw])", when[0]):
        length = int(found[1]) * _LENGTH[found[2]]
        return Waiting(who), now + length if found[2] in "mh" else _on_clock(here, length)
    hour = time.fromisoformat(when[1]) if len(when) > 1 else MORNING
    return Waiting(who), _on_day(when[0], hour, here).astimezone(UTC)


def _on_clock(here: datetime, length: timedelta) -> datetime:
    """So much later by the clock on the wall: a day of 23 hours is a day."""
    return (here + length).astimezone(UTC)


def _on_day(day: str, hour: time, here: datetime) -> datetime:
    """The named day at that hour; of a weekday the next one that is still to come."""
    if day not in _DAYS:
        return datetime.combine(datetime.fromisoformat(day), hour, tzinfo=here.tzinfo)
    if day == "tomorrow":
        return datetime.combine(here.date() + timedelta(days=1), hour, tzinfo=here.tzinfo)
    ahead = (_WEEKDAYS.index(day) - here.weekday()) % 7
    then = datetime.combine(here.date() + timedelta(days=ahead), hour, tzinfo=here.tzinfo)
    return then if then > here else then + timedelta(weeks=1)
