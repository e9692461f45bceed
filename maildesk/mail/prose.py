"""How the text of a letter is set: paragraphs, lists, columns and quotations, as plain text and as HTML.

The desk's own sentences are prose: paragraphs divided by blank lines, and lists of lines that begin with "- ". They
are wrapped in text and become `<p>` and `<ul>` in HTML. A person's words are never prose: every line stays his.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

WIDTH: Final = 72  # columns; what is left of the customary 78 after being quoted three times
_BLANK: Final = re.compile(r"\n[ \t]*\n")
_SPACES: Final = re.compile(r"(?m)^ +|(?<= ) +")


def _paragraph(lines: Iterable[str]) -> Iterator[str | list[str]]:
    words: list[str] = []
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line[2:].strip())
        elif items:
            items[-1] += f" {line}"
        elif line:
            words.append(line)
    if words:
        yield " ".join(words)
    if items:
        yield items


def blocks(text: str) -> Iterator[str | list[str]]:
    """The paragraphs (one line each) and lists (of items) of some prose, in order."""
    for part in _BLANK.split(text.strip()):
        yield from _paragraph(line.strip() for line in part.split("\n"))


def wrap(text: str, first: str = "", rest: str = "") -> str:
    """The text in lines of at most 72 columns; a link or an address is never broken, however long."""
    if len(first) + len(text) <= WIDTH:
        return first + text
    lines = []
    start = line = first
    for word in text.split():
        if line != start and len(line) + len(word) >= WIDTH:
            lines.append(line)
            start = line = rest
        line += word if line == start else f" {word}"
    return "\n".join([*lines, line])


def prose(text: str) -> str:
    """Prose as plain text."""
    return "\n\n".join(
        wrap(block) if isinstance(block, str) else "\n".join(wrap(item, "- ", "  ") for item in block)
        for block in blocks(text)
    )


def prose_html(escaped: str, style: str = "margin:0 0 14px") -> str:
    """Prose as HTML. Its argument is escaped already; only `<p>`, `<ul>` and `<li>` are added."""
    html = []
    for block in blocks(escaped):
        if isinstance(block, str):
            html.append(f'<p style="{style}">{block}</p>')
        else:
            items = "".join(f'<li style="margin:0 0 4px">{item}</li>' for item in block)
            html.append(f'<ul style="{style};padding:0 0 0 22px">{items}</ul>')
    return "\n".join(html)


def verbatim_html(escaped: str) -> str:
    """A person's words with the line breaks and indents he typed; spelled out, as Outlook knows no `pre-wrap`."""
    return _SPACES.sub(lambda blanks: "&nbsp;" * len(blanks[0]), escaped).replace("\n", "<br>\n")


def quoted(text: str) -> str:
    """A person's words behind `> `, so that nothing he writes can pass for a line of the desk.

    Whatever any client may show as a new line ends one here, U+2028 for example.
    """
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def columns(rows: Iterable[Iterable[object]]) -> str:
    """Rows as aligned columns of plain text; the last column is wrapped below itself.

    Where the others leave it less than half of the line, it stands below them instead.
    """
    table = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)][:-1]
    broad = sum(widths) + 2 * len(widths) > WIDTH // 2
    lines = []
    for *cells, last in table:
        lead = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        if broad:
            below = wrap(last, "    ", "    ").rstrip()
            lines += [lead.rstrip(), *([below] if below else [])]
        else:
            lines.append(wrap(last, lead, " " * len(lead)).rstrip())
    return "\n".join(lines)


def sections(parts: Iterable[object]) -> str:
    """Those parts that are not empty, with a blank line between them."""
    texts = (str(part).strip("\n") for part in parts)
    return "\n\n".join(text for text in texts if text.strip())
