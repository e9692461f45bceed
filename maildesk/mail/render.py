"""Letters from templates: a letter's name, a language and values become a subject, a text and an HTML document.

A letter is one file for both forms. It extends the variable `layout`, which is the text layout the first time and
the HTML layout, with escaping, the second: so a sentence stands once, and text and HTML cannot come to differ. A
third, hidden layout is nothing but the subject.

What people wrote is only ever a value, never a template and never markup, and it stands in a letter only if the
table of letters.py names it. Sandbox and limits guard against mistakes of the admin, who alone writes templates.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import (
    BytecodeCache,
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from maildesk.errors import LetterError
from maildesk.mail import prose
from maildesk.mail.letters import BLOCKS, FIELDS, LETTERS, MADE, NEEDED, VALUES, Value, sample_values

__all__ = ["VALUES", "Rendered", "Renderer", "sample_values"]

LIMIT: Final = 1_000_000  # characters of one finished letter
WORDS_LIMIT: Final = 100_000  # characters of a person's words in a letter; escaping may make six of one
HTML_LIMIT: Final = 500_000  # characters of his words as HTML; his plain text is shown instead of more
FALLBACK: Final = "en"

_SUBJECT: Final = "layout.subject.j2"
_HIDDEN: Final = {_SUBJECT: "{% block subject required %}{% endblock %}"}
_SHARED: Final = frozenset({"layout.txt.j2", "layout.html.j2", "facts.j2"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished letter: `subject` is one line, `text` ends in one line feed, `html` is a whole document."""

    subject: str
    text: str
    html: str


# Filters --------------------------------------------------------------------------------------------------------------


def _told_as(name: str) -> Callable[[Context, datetime], Any]:
    """A filter that tells a time the way the macro of that name in `words.j2` does, in the zone `tz`."""

    @pass_context
    def told(context: Context, at: datetime) -> Any:
        zone = context.get("tz")
        local = at.astimezone(zone) if isinstance(zone, tzinfo) and at.tzinfo else at
        return context["words"][name](local)

    return told


def _markup(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - every caller escapes what it passes


def _link(address: str) -> Markup:
    if urlsplit(address).scheme not in {"http", "https", "mailto"}:
        return escape(address)
    return Markup('<a href="{0}" style="color:#2f74b5">{0}</a>').format(address)


_TIMES: Final = {name: _told_as(name) for name in ("moment", "day", "short", "clock")}
_TEXT: Final[dict[str, Callable[..., Any]]] = {
    **_TIMES,
    "prose": lambda text, _style="": prose.prose(text),
    "verbatim": str,
    "strong": str,
    "link": str,
    "quoted": prose.quoted,
    "columns": prose.columns,
    "sections": prose.sections,
}
_HTML: Final[dict[str, Callable[..., Any]]] = {
    **_TIMES,
    "prose": lambda text, style="margin:0 0 14px": _markup(prose.prose_html(escape(text), style)),
    "verbatim": lambda text: _markup(prose.verbatim_html(str(escape(text)))),
    "strong": lambda text: Markup("<strong>{}</strong>").format(text),
    "link": _link,
}


# Values ---------------------------------------------------------------------------------------------------------------


# What the layouts find in place of a value that this letter has not: they serve all letters and ask for everything.
_NEUTRAL: Final[Mapping[str, object]] = {
    "incident": None,
    **{
        name: field.default for name, field in FIELDS.items() if field.default not in (MADE, NEEDED) and "." not in name
    },
}


def _pick(thing: object, name: str, default: object = NEEDED) -> object:
    if isinstance(thing, Mapping):
        return thing.get(name, default)
    return getattr(thing, name, default)


def _copy(field: Value, given: object) -> object:
    """The value as a template may have it: what stands in for a missing one, and of things only the named parts."""
    if given is NEEDED:
        return field.default
    if field.parts and isinstance(given, Iterable):
        return tuple({part: _pick(thing, part, "") for part in field.parts} for thing in given)
    return given


def _seen(letter: str, values: Mapping[str, object]) -> dict[str, Any]:
    """Exactly those values that this letter may show. A value that is needed and missing fails where it is used."""
    seen: dict[str, Any] = {**_NEUTRAL, "letter": letter, "role": LETTERS[letter].reader.value}
    for name in VALUES[letter]:
        field = FIELDS[name]
        head, _, part = name.partition(".")
        given = values.get(head, NEEDED)
        if field.default is MADE or (part and (given is None or given is NEEDED)):
            continue
        copied = _copy(field, _pick(given, part) if part else given)
        if copied is NEEDED:
            continue
        if part:
            seen[head] = seen.get(head) or {}
            seen[head][part] = copied
        else:
            seen[name] = copied
    return seen


def _finish(seen: dict[str, Any], words: Mapping[str, Any]) -> None:
    """Add what the renderer makes itself, and hold people's words to their limits."""
    seen["words"] = words
    incident = seen["incident"]
    for field in ("status", "type") if incident else ():
        if field in incident:
            incident[f"{field}_word"] = words[field].get(incident[field], incident[field])
    message = seen.get("message")
    if message and len(message) > WORDS_LIMIT:
        seen["message"] = f"{message[:WORDS_LIMIT]}\n\n{words['cut']}"
    html = seen.get("message_html")
    seen["message_html"] = Markup(html) if html and len(html) <= HTML_LIMIT else None  # noqa: S704 - sanitised, by name
    for button in seen.get("buttons", ()):
        if not str(button["href"]).startswith("mailto:"):
            raise LetterError(f"a button may only open a mail, not {button['href']!r}")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox without the tools that make much out of nothing: no `range`, and `*` is for numbers."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"{operator} is for small numbers only")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        # `incident.tag` is nearly always this; looking for a method first costs twice as much.
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class _Compiled(BytecodeCache):
    """Compiled templates by their source, for all renderers of this process.

    A reload compiles only what was changed, and a site's letters share with the shipped ones what they leave as it is.
    """

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if len(self._codes) >= _COMPILED:
            self._codes.clear()
        self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = 1000  # templates, some times as many as a desk has
_COMPILED_TEXT, _COMPILED_HTML = _Compiled(), _Compiled()  # two: escaping is compiled in


class Renderer:
    """All templates of a desk, compiled when first used; `templates` maps names as `en/received.j2` to sources."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._templates = {**templates, **_HIDDEN}
        self._folders = {name.partition("/")[0].lower(): name.partition("/")[0] for name in templates if "/" in name}
        self._text = self._environment(_TEXT, html=False)
        self._html = self._environment(_HTML, html=True)
        self._words: dict[tuple[bool, str], dict[str, Any]] = {}

    def _environment(self, filters: Mapping[str, Callable[..., Any]], *, html: bool) -> _Sandbox:
        env = _Sandbox(
            loader=FunctionLoader(self._load),
            autoescape=html,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
            bytecode_cache=_COMPILED_HTML if html else _COMPILED_TEXT,
        )
        env.filters.update(filters)
        env.globals = {"namespace": env.globals["namespace"], "dict": dict}
        return env

    def _load(self, name: str) -> tuple[str, str, None] | None:
        source = self._templates.get(name)
        # The name doubles as the file name, so that an error's traceback says template and line.
        return None if source is None else (source, name, None)

    def render(self, template: str, language: str, values: Mapping[str, object]) -> Rendered:
        """The letter `template` in the language, or the nearest there is (de-AT, de, en).

        Raises LetterError with template name, line and reason.
        """
        if template not in LETTERS:
            raise LetterError(f"there is no letter {template!r}")
        folder = next((f for f in self._chain(language) if f"{f}/{template}.j2" in self._templates), None)
        if folder is None:
            raise LetterError(f"{FALLBACK}/{template}.j2: there is no such template")
        return self._letter(template, folder, values)

    def _letter(self, letter: str, folder: str, values: Mapping[str, object]) -> Rendered:
        name = f"{folder}/{letter}.j2"
        try:
            seen = _seen(letter, values)
            seen["lang"] = folder
            _finish(seen, self._vocabulary(folder, html=False))
            subject = " ".join(_bounded(self._text.get_template(name), {**seen, "layout": _SUBJECT}).split())
            text = _bounded(self._text.get_template(name), {**seen, "layout": "layout.txt.j2"}).strip("\n") + "\n"
            seen |= {"layout": "layout.html.j2", "subject": subject, "words": self._vocabulary(folder, html=True)}
            html = _bounded(self._html.get_template(name), seen)
        except LetterError as error:
            raise LetterError(f"{name}: {error}") from error
        # A template is the admin's program: whatever it raises is his to mend, and it has a file and a line.
        except Exception as error:
            raise LetterError(self._told(error, name)) from error
        return Rendered(subject, text, html)

    def _chain(self, language: str) -> list[str]:
        tag = language.lower().replace("_", "-")
        tags = [tag, tag.partition("-")[0], FALLBACK]
        return [self._folders[tag] for tag in dict.fromkeys(tags) if tag in self._folders]

    def _vocabulary(self, folder: str, *, html: bool) -> dict[str, Any]:
        """The words of a language; one that it lacks comes from the next, so that an old `words.j2` goes on working."""
        if (html, folder) not in self._words:
            env = self._html if html else self._text
            found: dict[str, Any] = {}
            for tag in reversed(self._chain(folder)):
                if f"{tag}/words.j2" in self._templates:
                    module = vars(env.get_template(f"{tag}/words.j2").module)
                    found |= {word: value for word, value in module.items() if not word.startswith("_")}
            self._words[html, folder] = found
        return self._words[html, folder]

    def _told(self, error: Exception, name: str) -> str:
        """The error as `template:line: what`."""
        if isinstance(error, TemplateSyntaxError):
            return f"{error.name or name}:{error.lineno}: {error.message}"
        frames = [
            (frame.f_code.co_filename, line)
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename in self._templates and frame.f_code.co_filename not in _HIDDEN
        ]
        place, line = frames[-1] if frames else (name, 1)
        what = str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
        what = f"there is no template {error.name!r}" if isinstance(error, TemplateNotFound) else what
        return f"{place}:{line}: {what}"

    # Checking ---------------------------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        """Every mistake in the templates, one line each as `template:line: what`; an empty list is what one wants."""
        problems: list[str] = []
        for name in sorted(self._templates.keys() - _HIDDEN.keys()):
            problems += self._check(name)
        problems += [f"{FALLBACK}/{letter}.j2:1: this letter is missing" for letter in LETTERS if not self._has(letter)]
        return list(dict.fromkeys(problems))

    def _has(self, letter: str) -> bool:
        return f"{FALLBACK}/{letter}.j2" in self._templates

    def _check(self, name: str) -> list[str]:
        try:
            return list(self._examine(name))
        except Exception as error:  # noqa: BLE001 - as in _letter: the admin's program, told with file and line
            return [self._told(error, name)]

    def _examine(self, name: str) -> Iterator[str]:
        tree = self._text.parse(self._templates[name], name, name)
        folder, slash, file = name.rpartition("/")
        letter = file.removesuffix(".j2")
        if slash and letter == "words":
            own = vars(self._text.get_template(name).module)
            lacking = (word for word in self._vocabulary(folder, html=False) if word not in own)
            yield from (f"{name}:1: the word {word!r} is missing" for word in lacking)
        elif slash and letter in LETTERS:
            words = self._vocabulary(folder, html=False)
            problems = [f"{name}:{problem}" for problem in _read(tree, letter, words)]
            yield from problems or self._try(letter, folder)
        elif name not in _SHARED:
            yield f"{name}:1: no letter has this name{_meant(letter, [*LETTERS, 'words', *_SHARED])}"

    def _try(self, letter: str, folder: str) -> list[str]:
        problems = []
        for bare in (False, True):
            try:
                self._letter(letter, folder, sample_values(letter, bare=bare))
            except LetterError as error:
                problems.append(str(error))
        return problems


def _bounded(template: Template, values: Mapping[str, Any]) -> str:
    pieces = []
    room = LIMIT
    for piece in template.generate(values):
        room -= len(piece)
        if room < 0:
            raise LetterError(f"the letter is longer than {LIMIT} characters")
        pieces.append(piece)
    return "".join(pieces)


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _read(tree: nodes.Template, letter: str, words: Iterable[str]) -> Iterator[str]:
    """What reading a letter's template shows without running it, as `line: what`; also in branches not taken today."""
    heads = {name.partition(".")[0] for name in VALUES[letter]}
    fields = {*VALUES[letter], *(f"words.{word}" for word in words)}
    unknown = find_undeclared_variables(tree) - heads
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name in unknown:
            yield f"{node.lineno}: {node.name!r} is no value of the letter {letter!r}{_meant(node.name, heads)}"
    for part in tree.find_all(nodes.Getattr):
        owner = part.node
        if isinstance(owner, nodes.Name) and any(name.startswith(f"{owner.name}.") for name in fields):
            name = f"{owner.name}.{part.attr}"
            if name not in fields:
                yield f"{part.lineno}: {name!r} is no value of the letter {letter!r}{_meant(name, fields)}"
    filters = {*_HTML, *FILTERS}
    for call in tree.find_all(nodes.Filter):
        if call.name not in filters:
            yield f"{call.lineno}: there is no filter {call.name!r}{_meant(call.name, filters)}"
    blocks = {block.name for block in tree.find_all(nodes.Block)}
    for block in BLOCKS:
        if block not in blocks:
            yield f"1: the block {block!r} is missing; write {{% block {block} %}}{{% endblock %}} if it shall be empty"
