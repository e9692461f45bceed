"""The templates as they are shipped, and the sample letters of the tests."""

from __future__ import annotations

from pathlib import Path

from maildesk.mail.render import Renderer

FOLDER = Path(__file__).parents[2] / "templates"
TEMPLATES = {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in sorted(FOLDER.rglob("*.j2"))}
LANGUAGES = ("en", "de")
RENDERER = Renderer(TEMPLATES)
# Layouts that compile in no time, for what has nothing to do with layouts.
_BARE = "".join(f"{{% block {name} required %}}{{% endblock %}}" for name in ("lead", "body", "next"))
_WORDS = {name: TEMPLATES[name] for name in ("en/words.j2", "de/words.j2")}


def _named(files: dict[str, str]) -> dict[str, str]:
    return {f"{name.replace('__', '/')}.j2": source for name, source in files.items()}


def bare(**files: str) -> Renderer:
    """These templates alone, in layouts that show nothing but their blocks."""
    return Renderer({"layout.txt.j2": _BARE, "layout.html.j2": _BARE, **_WORDS, **_named(files)})


def problems(**files: str) -> list[str]:
    """What `check` says of these files alone, besides that all other letters are missing."""
    return [problem for problem in bare(**files).check() if "letter is missing" not in problem]
