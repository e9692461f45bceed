"""Subject lines: tags, reply prefixes and gateway marks taken off, and the part in which commands may stand.

An outgoing subject is `title [INC-1042]`: the tag stands at the right and commands follow it, so nothing that a
requester put into his title is ever in the command zone. Tags survive what clients and people do to them: case,
blanks, a lost or typographic hyphen. A stranger's `#close` in a title is defused to `# close` on the way in, because a
`#` is a command only where a letter follows it at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from hashlib import sha256

_LOOKED_AT = 1000  # characters of a subject; nobody's command stands behind so much text
TITLE = 250  # characters of a title that are kept

# What phones, word processors and East Asian keyboards make of the characters that mean something here, one for one.
_PLAIN = str.maketrans(
    {
        "\uff03": "#",
        "\ufe5f": "#",
        "\u00a0": " ",
        "\u2007": " ",
        "\u202f": " ",
        "\u3000": " ",
        "\t": " ",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\uff02": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\uff1a": ":",
        "\uff3b": "[",
        "\uff3d": "]",
        "\u3010": "[",
        "\u3011": "]",
    }
)

# Reply and forward prefixes by language. No single letters: "R: drive is gone" is an incident, not an Italian reply.
_REPLY_WORDS = (
    "re|r[eé]p|r[eé]f|aw|antw|antwort|sv|vs|vast|res|rif|odp|ynt|ats|atb|bls|vá|回复|答复|回覆|回信|"
    "fwd?|wg|weitergeleitet|tr|vl|vb|rv|enc|pd|ilt|doorst|továbbítás|转发|轉寄|転送"
)
_REPLY = re.compile(rf"(?<!\w)(?:{_REPLY_WORDS})(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\^\d{{1,3}})? ?:", re.IGNORECASE)
# What mail gateways write before or behind a subject they have no business to change.
_GATEWAY = re.compile(
    r"\[(?:ext(?:ern(?:al|e?)?)?|external[ -](?:e?mail|sender|message)|caution[^\[\]]{0,40}|suspicious|bulk|junk"
    r"|spam\??|suspected spam|newsletter|signed|encrypted|verschlüsselt|signiert)[ !:.]*\]"
    r"|\{(?:spam|virus|disarmed)\??\}|\*{2,5} ?(?:spam|external|extern|suspected spam)\??[^*]{0,20}\*{2,5}",
    re.IGNORECASE,
)
_LIVE = re.compile(r"(?:^|(?<=[\s\]]))#(?=[^\W\d_])")
_BLANKS = re.compile(r"\s+")


def plain(text: str) -> str:
    """The text with full-width, typographic and no-break characters as typed on a keyboard; same length."""
    return text[:_LOOKED_AT].translate(_PLAIN)


def tag_numbers(subject: str, prefixes: Collection[str]) -> tuple[int, ...]:
    """The incident numbers that a subject carries as tags, the last tag first (its commands count)."""
    text = _unmarked(subject)
    marks = _marks(text, prefixes) or list(_bare_number(frozenset(prefixes)).finditer(text))
    return tuple(dict.fromkeys(int(found[1]) for found in reversed(marks)))


def command_zone(subject: str, prefixes: Collection[str]) -> str | None:
    """What stands after the last tag, or after a number that opens the subject; None without either."""
    text = _unmarked(subject)
    marks = _marks(text, prefixes)
    return _tidy(text[marks[-1].end() :]).lstrip(":;,- ") if marks else None


def fresh_zone(subject: str) -> str | None:
    """In a subject without a tag: everything from the first `#verb` on; None if there is none."""
    text = _unmarked(subject)
    found = _LIVE.search(text)
    return _tidy(text[found.start() :]) if found else None


def before_commands(subject: str) -> str:
    """The subject without its fresh zone: what a technician calls the incident that he opens."""
    found = _LIVE.search(plain(subject))
    return subject[: found.start()].rstrip() if found else subject


def base_subject(subject: str, prefixes: Collection[str]) -> str:
    """The title: without reply prefixes, tags, gateway marks and live commands; "" if nothing is left."""
    text, before = subject[:_LOOKED_AT], None
    while text != before:  # taking one thing off may lay open the next: "AW: [INC-1] Re: [EXT] printer"
        before = text
        text = _bare(text, frozenset(prefixes))
    return text


def prefixed(subject: str) -> bool:
    """Whether a subject says that the mail answers or forwards another: `AW: [EXTERN] ...`, `Re[2]: ...`."""
    return _REPLY.match(_unmarked(subject).lstrip()) is not None


def storm_key(sender: str, subject: str) -> str:
    """The same for all mails of a storm: one sender, one subject but for numbers, tags, prefixes and repetitions.

    Two helpdesks that answer each other let the subject grow by one mark a turn, so only the set of words counts.
    """
    text = _REPLY.sub(" ", re.sub(r"\[[^\[\]]*\]", " ", plain(subject))).casefold()
    words = sorted(set(re.findall(r"[^\W\d_]+", text)))
    return sha256("\0".join([sender.lower(), *words]).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _marks(text: str, prefixes: Collection[str]) -> list[re.Match[str]]:
    """Every tag, or else the number that opens the text."""
    names = frozenset(prefixes)
    opening = _fresh(names).match(text)
    return list(_tag(names).finditer(text)) or ([opening] if opening else [])


def _unmarked(subject: str) -> str:
    """The plain subject with gateway marks blanked out."""
    return _GATEWAY.sub(lambda found: " " * len(found[0]), plain(subject))


def _bare(text: str, prefixes: frozenset[str]) -> str:
    text = _cut(_GATEWAY, _cut(_tag(prefixes), text)).strip()
    if found := _REPLY.match(plain(text)):
        text = text[found.end() :]
    return _defused(_tidy(text)[:TITLE].rstrip())


def _defused(text: str) -> str:
    """Every live `#verb` as `# verb`. It is looked for in the plain text, so a full-width # is caught as well."""
    for found in reversed(list(_LIVE.finditer(plain(text)))):
        text = f"{text[: found.end()]} {text[found.end() :]}"
    return text


def _cut(pattern: re.Pattern[str], text: str) -> str:
    """`text` without what the pattern finds in its plain form, which has the same length."""
    for found in reversed(list(pattern.finditer(plain(text)))):
        text = f"{text[: found.start()]} {text[found.end() :]}"
    return text


def _tidy(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


@lru_cache(maxsize=32)
def _tag(prefixes: frozenset[str]) -> re.Pattern[str]:
    """`[INC-1042]` and what becomes of it: [inc 1042], [INC1042], [ INC – 1042 ], [INC#1042]."""
    return re.compile(rf"\[ {{0,3}}{_number(prefixes)} {{0,3}}\]", re.IGNORECASE)


@lru_cache(maxsize=32)
def _bare_number(prefixes: frozenset[str]) -> re.Pattern[str]:
    """What people make of a tag by hand: `Re: printer INC-1042`, `(INC-1042)`, `[INC-1042`. Only with its hyphen.

    In a fresh subject a bare number is talked about, not answered: "same as INC-1042, again".
    """
    names = "|".join(re.escape(prefix) for prefix in sorted(prefixes, key=len, reverse=True)) or r"(?!)"
    number = rf"(?:{names}) ?[-–—−‐‑] ?([0-9]{{1,12}})(?![\w-])"
    return re.compile(rf"(?:^\s*{_REPLY.pattern}.*?(?<![\w-])|[(\[] ?){number}", re.IGNORECASE)


@lru_cache(maxsize=32)
def _fresh(prefixes: frozenset[str]) -> re.Pattern[str]:
    """`INC-1042 #take`: the number opens the subject, and only commands or nothing may follow."""
    return re.compile(rf"(?: *{_REPLY.pattern})* *{_number(prefixes)} *(?=#[^\W\d_]|$)", re.IGNORECASE)


def _number(prefixes: frozenset[str]) -> str:
    names = "|".join(re.escape(prefix) for prefix in sorted(prefixes, key=len, reverse=True)) or r"(?!)"
    return rf"(?:{names}) {{0,3}}[-–—−‐‑_#:]? {{0,3}}([0-9]{{1,12}})"
