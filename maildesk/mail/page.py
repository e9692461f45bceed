"""The tree of an HTML mail laid out as plain text: what its reader saw, line by line.

Blocks begin a line, paragraphs leave a blank one, lists get bullets and numbers, small tables become rows with ` | `,
quoted blocks get `> `, links are printed as `text <url>` where the address is not the text already.
"""

from __future__ import annotations

import re

from maildesk.mail.markup import BLOCKS, Element, names

_GAPS = names("p h1 h2 h3 h4 h5 h6 ul ol dl pre table blockquote")  # a blank line before and after
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_NOT_ONE_BLANK = re.compile(r"[\t\n\r\f][ \t\n\r\f]*| [ \t\n\r\f]+")
_EMPTY = re.compile(r"\n{3,}")
_RULE = "_" * 32  # how Outlook writes a horizontal rule in plain text, so that its replies are recognised by it


def as_text(node: Element, *, bare: bool = False) -> str:
    """The tree as readable plain text; `bare` leaves out what was not text: bullets, addresses of links, `>`."""
    page = _Page(bare)
    page.children(node)
    return page.finished()


class _Page:
    """Lines as they grow. A wish for a blank line is kept until something follows it."""

    def __init__(self, bare: bool) -> None:
        self.bare = bare
        self.lines: list[str] = []
        self.current: list[str] = []
        self.margins: list[str] = []
        self.bullet = ""
        self.gap = False

    def finished(self) -> str:
        self.end_line()
        return _EMPTY.sub("\n\n", "\n".join(self.lines).strip("\n"))

    def end_line(self, *, forced: bool = False) -> None:
        text = "".join(self.current).strip(" ")
        self.current.clear()
        if not text and not forced:
            return
        text = text.replace("\xa0", " ")  # Word fills the lines it wants empty with a no-break space
        self.leave_gap()
        margin = "".join(self.margins[:-1]) + self.bullet if self.bullet else "".join(self.margins)
        self.bullet = ""
        self.lines.append((margin + text).rstrip())

    def leave_gap(self) -> None:
        if self.gap and self.lines and self.lines[-1].strip("> "):
            self.lines.append("".join(self.margins).rstrip())
        self.gap = False

    def wish_gap(self) -> None:
        self.end_line()
        self.gap = True

    def text(self, text: str) -> None:
        text = _NOT_ONE_BLANK.sub(" ", text)
        if text[:1] == " " and (not self.current or self.current[-1].endswith(" ")):
            text = text[1:]
        if text:
            self.current.append(text)

    def children(self, node: Element) -> None:
        for child in node.children:
            if isinstance(child, str):
                self.text(child)
            else:
                self.element(child)

    def element(self, node: Element) -> None:
        special = _SPECIAL.get(node.tag)
        if special is not None:
            special(self, node)
        elif node.tag in BLOCKS:
            self.block(node)
        else:
            self.children(node)

    def block(self, node: Element) -> None:
        gap = node.tag in _GAPS and not node.get("class").startswith("Mso")  # Word writes each line as a paragraph
        self.end_line()
        self.gap = self.gap or gap
        self.children(node)
        self.end_line()
        self.gap = self.gap or gap

    def inside(self, node: Element, margin: str, bullet: str = "") -> None:
        self.end_line()
        self.leave_gap()
        if self.bare:
            margin = bullet = ""
        self.margins.append(margin)
        self.bullet = bullet
        self.children(node)
        self.end_line()
        self.bullet = ""
        self.margins.pop()

    def link(self, node: Element) -> None:
        before = len(self.current), len(self.lines)
        self.children(node)
        shown = "".join(self.current[before[0] :]).strip() if len(self.lines) == before[1] else ""
        target = node.get("href")
        if shown and not self.bare and _worth_showing(target, shown):
            self.current.append(f" <{_plain_target(target)}>")

    def image(self, node: Element) -> None:
        if not self.bare and (alt := _BLANKS.sub(" ", node.get("alt")).strip()):
            self.text(f"[{alt[:80]}]")

    def line_break(self, _node: Element) -> None:
        self.end_line(forced=True)

    def rule(self, _node: Element) -> None:
        self.end_line()
        if not self.bare:
            self.text(_RULE)
        self.end_line()

    def quote(self, node: Element) -> None:
        self.wish_gap()
        indents = "border:none" in _BLANKS.sub("", node.get("style")).lower()  # Gmail's button for an indent
        self.inside(node, "  " if indents else "> ")
        self.gap = True

    def item_list(self, node: Element) -> None:
        nested = any(margin.isspace() for margin in self.margins)
        self.end_line()
        self.gap = self.gap or not nested
        number = int(start) if (start := node.get("start")).isdecimal() and len(start) < 5 else 1
        for child in node.children:
            if isinstance(child, Element) and child.tag == "li":
                bullet = f"{number}. " if node.tag == "ol" else "- "
                self.inside(child, " " * len(bullet), bullet)
                number += 1
            elif isinstance(child, Element):
                self.element(child)
            else:
                self.text(child)
        self.end_line()
        self.gap = self.gap or not nested

    def item(self, node: Element) -> None:
        self.inside(node, "  ", "- ")

    def preformatted(self, node: Element) -> None:
        self.wish_gap()
        for number, line in enumerate(_plain(node).expandtabs().split("\n")):
            if number:
                self.end_line(forced=True)
            self.current.append(line.replace(" ", "\xa0"))
        self.end_line()
        self.gap = True

    def table(self, node: Element) -> None:
        self.end_line()
        if node.nesting or self.bare:
            self.children(node)
        else:
            self.wish_gap()
            for row in _rows(node):
                self.row(row)
            self.gap = True
        self.end_line()

    def row(self, row: Element) -> None:
        """A row of short cells is one line; anything longer is a layout and reads cell by cell."""
        cells = [child if isinstance(child, Element) else Element("td", children=[child]) for child in row.children]
        texts = [text for cell in cells if (text := as_text(cell))]
        if all("\n" not in text and len(text) <= 60 for text in texts):
            self.text(" | ".join(texts))
        else:
            self.children(row)
        self.end_line()


_SPECIAL = {
    "a": _Page.link,
    "img": _Page.image,
    "br": _Page.line_break,
    "hr": _Page.rule,
    "blockquote": _Page.quote,
    "ul": _Page.item_list,
    "ol": _Page.item_list,
    "li": _Page.item,
    "pre": _Page.preformatted,
    "table": _Page.table,
}


def _rows(node: Element) -> list[Element]:
    rows: list[Element] = []
    for child in node.children:
        if isinstance(child, Element):
            rows += [child] if child.tag not in {"thead", "tbody", "tfoot"} else _rows(child)
        elif child.strip():
            rows.append(Element("tr", children=[child]))
    return rows


def _plain(node: Element) -> str:
    out: list[str] = []
    for child in node.children:
        if isinstance(child, str):
            out.append(child)
        else:
            out.append("\n" if child.tag == "br" else _plain(child))
    return "".join(out)


def _plain_target(target: str) -> str:
    return _BLANKS.sub("", target.removeprefix("mailto:"))


def _worth_showing(target: str, shown: str) -> bool:
    """A link's address is printed unless its text says the same; never one that no mail program would open."""
    if not target.lower().startswith(("http://", "https://", "mailto:", "ftp://")) or len(target) > 500:
        return False
    bare = _plain_target(target).rpartition("://")[2].rstrip("/").lower()
    return bare != shown.rpartition("://")[2].strip(" <>").rstrip("/").lower()
