"""HTML mail as a small tree: read in linear time whatever it is, written out again as markup (as text: page.py).

Why no library reads it. `html.parser` of Python 3.11 needs 14 s for 30 KB of `<a ` and raises on `<![`; html5ever
(behind nh3) needs 100 s for 500 KB of nested `<div>`. A stranger chooses these bytes, so the reader here never looks
at a character more than a few times, never nests deeper than `DEPTH`, and has no syntax error. It need not agree with
a browser on broken markup: what leaves the house goes through an allow-list sanitiser (`text.sanitise`) afterwards.

What a reader of the mail would not see is dropped while reading: scripts, styles, comments, and elements that their
style hides (preheaders, tracking pixels, the `display:none` half of a newsletter).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape, unescape

HTML_LIMIT = 1_000_000  # characters of a document that are looked at
NODES = 40_000  # elements and texts; what comes behind them is left out
DEPTH = 100  # elements inside each other; deeper ones are laid flat


def names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_VOID = names("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr")
_IGNORED = names("html head body base meta link bgsound param source track wbr area col colgroup form")
_UNSEEN = names(
    "script style title template noscript iframe noembed noframes object applet svg math audio video canvas "
    "select textarea xml"
)
_CLOSES = {  # an opening tag ends these, if they are open inside the nearest `_FENCES`
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "tr": frozenset({"tr", "td", "th"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "tbody": frozenset({"tr", "td", "th", "thead", "tbody"}),
    "tfoot": frozenset({"tr", "td", "th", "thead", "tbody"}),
}
_FENCES = names("ul ol dl table blockquote")
BLOCKS = names(
    "address article aside blockquote center dd details div dl dt fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul"
)

_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:_-]{0,40})")
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]{1,60})(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]*))?""")
_HIDDEN = re.compile(r"display:none|visibility:hidden|max-height:0(?:px)?(?:[;!]|$)|(?<!-)opacity:0(?:\.0+)?(?:[;!]|$)")
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_NO_INK = re.compile(r"[\W_]+")
_ASCII_MARKS = bytes(code for code in range(128) if not chr(code).isalnum())
_KEPT = names("href src alt class id style type cite name width height colspan rowspan start hidden data-smartmail")


@dataclass(slots=True, eq=False)
class Element:
    """An element and its children in order; strings are text (character references resolved)."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)
    nesting: bool = False  # a table with another table inside: it only lays out

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")


def tree(html: str, nodes: int = NODES) -> Element:
    """The visible elements of an HTML document (its first `HTML_LIMIT` characters), under a root without a tag."""
    builder = _Builder(nodes)
    builder.read(html[:HTML_LIMIT].replace("\0", ""))
    return builder.root


class _Builder:
    """Reads tag by tag; each loop moves forward, each search that fails is not repeated."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self.root = Element("")
        self.open: list[Element] = [self.root]
        self.flat: dict[str, int] = {}  # elements too deep to open, by tag
        self.made = 0  # nodes
        self.hidden = ""  # the tag of the hidden element we are in
        self.hidden_depth = 0  # how many elements of that tag are open

    def read(self, html: str) -> None:
        at = 0
        while at < len(html) and self.made < self.nodes:
            start = html.find("<", at)
            if start < 0:
                start = len(html)
            self._text(html[at:start])
            at = self._markup(html, start) if start < len(html) else start

    def _text(self, text: str) -> None:
        if text and not self.hidden:
            self.made += 1
            self.open[-1].children.append(unescape(text))

    def _markup(self, html: str, at: int) -> int:
        """Read what begins with `<` at `at`; the position behind it."""
        if html.startswith("<!--", at):
            end = html.find("-->", at + 2)
            return end + 3 if end >= 0 else len(html)
        named = _NAME.match(html, at + 1)
        if named is None and html[at + 1 : at + 2] not in {"!", "?", "/"}:
            self._text("<")
            return at + 1
        end = _tag_end(html, at)
        if named is None:
            return end + 1
        tag = named.group(1).lower()
        if html[at + 1] == "/":
            self._close(tag)
            return end + 1
        return self._start(tag, html[named.end() : end], html, end + 1)

    def _start(self, tag: str, inside: str, html: str, after: int) -> int:
        if tag in _UNSEEN:
            return after if inside.endswith("/") else _skip(html, tag, after)
        if self.hidden == "p" and tag in BLOCKS:  # a block ends a paragraph, closed or not
            self.hidden = ""
        if self.hidden:
            self.hidden_depth += tag == self.hidden
            return after
        if tag not in _IGNORED:
            self._open(Element(tag, _attributes(inside)))
        return after

    def _open(self, element: Element) -> None:
        tag = element.tag
        self.made += 1
        if tag not in _VOID and _is_hidden(element):
            self.hidden, self.hidden_depth = tag, 1
            return
        if tag in BLOCKS and self.open[-1].tag == "p":
            self.open.pop()
        self._imply_ends(tag)
        self.open[-1].children.append(element)
        if tag in _VOID:
            return
        if len(self.open) > DEPTH:
            self.flat[tag] = self.flat.get(tag, 0) + 1
            return
        if tag == "table":
            for outer in self.open:
                outer.nesting = True
        self.open.append(element)

    def _imply_ends(self, tag: str) -> None:
        closes = _CLOSES.get(tag, frozenset())
        for index in range(len(self.open) - 1, 0, -1):
            if not closes or self.open[index].tag in _FENCES:
                return
            if self.open[index].tag in closes:
                del self.open[index:]

    def _close(self, tag: str) -> None:
        if self.hidden:
            self.hidden_depth -= tag == self.hidden
            if not self.hidden_depth:
                self.hidden = ""
            return
        if self.flat.get(tag):
            self.flat[tag] -= 1
            return
        for index in range(len(self.open) - 1, 0, -1):
            if self.open[index].tag == tag:
                del self.open[index:]
                return
            if self.open[index].tag == "table" and tag not in _FENCES:
                return  # `</div>` inside a cell does not end the table around it


def _tag_end(html: str, at: int) -> int:
    """The `>` that ends the tag at `at`; one inside a quoted value is passed over, but not for ever."""
    first = end = html.find(">", at)
    for _ in range(5):
        if end < 0:
            break
        inside = html[at:end]
        if not (inside.count('"') % 2 and '="' in inside) and not (inside.count("'") % 2 and "='" in inside):
            return end
        end = html.find(">", end + 1)
    return first if first >= 0 else len(html)


def _skip(html: str, tag: str, after: int) -> int:
    """Behind the end tag of an element whose content nobody sees."""
    found = re.compile(f"</{tag}", re.IGNORECASE).search(html, after)
    return len(html) if found is None else _tag_end(html, found.start()) + 1


def _attributes(inside: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(inside):
        name = match.group(1).lower()
        if name in _KEPT and name not in found:
            found[name] = unescape((match.group(2) or "").strip("\"'")).strip()
    return found


def _is_hidden(element: Element) -> bool:
    if "hidden" in element.attributes or "preheader" in element.get("class").lower():
        return True
    style = element.get("style")
    return bool(style) and _HIDDEN.search(_BLANKS.sub("", style).lower()) is not None


def markup(node: Element) -> str:
    """The tree as HTML again: well formed, not yet safe."""
    out: list[str] = []
    _markup(node, out)
    return "".join(out)


def _markup(node: Element, out: list[str]) -> None:
    if node.tag:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes.items())
        out.append(f"<{node.tag}{attributes}>")
    for child in node.children:
        if isinstance(child, str):
            out.append(escape(child, quote=False))
        else:
            _markup(child, out)
    if node.tag and node.tag not in _VOID:
        out.append(f"</{node.tag}>")


def inked(text: str) -> str:
    """The letters and digits of a text: what is left of it however it is laid out."""
    plain = text.encode("utf-8", "surrogatepass").translate(None, _ASCII_MARKS).decode("utf-8", "surrogatepass")
    return plain if plain.isascii() else _NO_INK.sub("", plain)


def ink(text: str) -> int:
    """How many letters and digits a text has."""
    return len(inked(text))


def keep_ink(node: Element, left: int) -> int:
    """Cut a tree off before its letter number `left` + 1; how many were still to come, -1 if it was cut."""
    for index, child in enumerate(node.children):
        if isinstance(child, str):
            here = ink(child)
            if here > left:
                node.children[index:] = [_first_ink(child, left)]
                return -1
            left -= here
        else:
            left = keep_ink(child, left)
            if left < 0:
                del node.children[index + 1 :]
                return left
    return left


def _first_ink(text: str, left: int) -> str:
    for index, char in enumerate(text):
        if char.isalnum():
            if not left:
                return text[:index].rstrip("\"'„“«([<>*-–— ")  # what opens belongs to what was cut off
            left -= 1
    return text
