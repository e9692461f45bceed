"""Text made of what strangers send: clean strings, HTML as text, text as HTML, HTML made safe, the language of a text.

Clean means: NFC; no NUL, C0 or C1 controls, lone surrogates, byte order marks or bidirectional overrides (they let
`exe.fdp` read as `pdf.exe`); a line holds no line break of any kind (RFC 5322 2.2, Unicode Annexes 9 and 14).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape
from unicodedata import is_normalized, normalize

import nh3

from maildesk.mail.markup import NODES, Element, markup, names, tree
from maildesk.mail.page import as_text

LINE_LIMIT = 250  # characters of a subject, a name
TEXT_LIMIT = 1_000_000  # characters of a body; the raw mail is kept whole elsewhere

_SPACES = [*range(0x09, 0x0E), 0x85, 0x2028, 0x2029]
_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C]
_INVISIBLE = [*range(0x200B, 0x2010), *range(0x2060, 0x2065), 0x180E, 0xFEFF]
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_LINE: dict[int, str | None] = {
    **_SURROGATES,
    **dict.fromkeys([*_CONTROLS, *_BIDI, *_INVISIBLE], None),
    **dict.fromkeys(_SPACES, " "),
}
_TEXT: dict[int, str | None] = {
    **_SURROGATES,
    **dict.fromkeys([*_CONTROLS, *_BIDI, 0x200B, 0x2060, 0xFEFF], None),
    **dict.fromkeys([0x0B, 0x0C, 0x85, 0x2028, 0x2029], "\n"),
    0x09: "\t",
    0x0A: "\n",
}


_UNCLEAN = re.compile(f"[{re.escape(''.join(map(chr, sorted(_TEXT.keys() - {0x09, 0x0A}))))}]")


def clean_line(text: str, limit: int = LINE_LIMIT) -> str:
    """One line of at most `limit` characters, without anything invisible that could hide or turn text."""
    text = text[: 4 * limit]
    if not (text.isascii() and text.isprintable()):
        text = normalize("NFC", text.replace("\r\n", " ").translate(_LINE))
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Many lines, separated by LF alone; tabs stay. Cut at `limit` characters."""
    text = text[:limit].replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    text = _UNCLEAN.sub(lambda found: _TEXT[ord(found[0])] or "", text)
    return text if is_normalized("NFC", text) else normalize("NFC", text)[:limit]


# ---- HTML


def html_to_text(html: str, nodes: int = NODES) -> str:
    """What a reader of this HTML sees, as clean plain text: quotes as `> `, lists, tables, links as `text <url>`.

    What comes behind the first `nodes` elements and texts is left out.
    """
    return clean_text(as_text(tree(html, nodes)))


_TAGS = names(
    "p br div span b strong i em u s del ins sub sup small ul ol li dl dt dd blockquote pre code tt a img table "
    "thead tbody tfoot tr td th caption h1 h2 h3 h4 h5 h6 hr"
)
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}


def sanitise(html: str) -> str:
    """HTML of a stranger that is safe to send on: an allow-list of tags, no style, no script, no remote image.

    Images stay only as `cid:` references to parts of the same mail, so that opening it tells nobody.
    """
    return sanitised(tree(html))


def sanitised(root: Element) -> str:
    """As `sanitise`, of a tree that was read already. The tree loses its remote images."""
    _drop_remote(root)
    safe = nh3.clean(
        markup(root),
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes=set(_SCHEMES),
        link_rel="noopener noreferrer",
    )
    return clean_text(safe).strip()


def _drop_remote(node: Element) -> None:
    node.children = [
        child
        for child in node.children
        if isinstance(child, str) or child.tag != "img" or child.get("src").lower().startswith("cid:")
    ]
    for child in node.children:
        if isinstance(child, Element):
            _drop_remote(child)


_LINK = re.compile(r"\b(?:https?://[^\s<>\"']+|mailto:[^\s<>\"'@]+@[^\s<>\"']+)")
_RUN = re.compile(r"^ +|  +")
_LINK_END = ".,;:!?)]}*_'\""


def text_to_html(text: str) -> str:
    """Plain text as escaped paragraphs; only http, https and mailto addresses become links."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", clean_text(text).strip("\n"))
    return "\n".join(f"<p>{_with_links(part)}</p>" for part in paragraphs if part.strip())


def _with_links(text: str) -> str:
    out: list[str] = []
    end = 0
    for found in _LINK.finditer(text):
        target = found.group().rstrip(_LINK_END)
        shown = escape(target)
        out += [_escaped(text[end : found.start()]), f'<a href="{shown}">{shown}</a>']
        end = found.start() + len(target)
    out.append(_escaped(text[end:]))
    return "".join(out)


def _escaped(text: str) -> str:
    """Escaped, with line breaks and indents kept."""
    lines = [escape(line.expandtabs()) for line in text.split("\n")]
    return "<br>\n".join(
        re.sub(r"^ +|  +", lambda run: "&nbsp;" * (len(run.group()) - 1) + " ", line) for line in lines
    )


# ---- language

_STOP_WORDS = {
    "en": "the and is are was not you your with for this that have has it of to in we my can please from on but would",
    "de": "der die das und ist nicht ich wir sie mit für auf ein eine den dem zu bitte auch es von kann haben noch bei",
    "fr": "le la les des est pas je nous vous avec pour une dans sur mon votre que qui et bonjour merci ne plus au du",
    "es": "el la los las es no que con para una por mi su en del y hola gracias se lo como pero está puedo tengo",
    "it": "il lo gli le è non che con per una di mi si del della grazie buongiorno ho sono anche come ma questo nel",
    "nl": "de het een is niet ik wij met voor van op en dat dit mijn uw kan graag ook aan maar heb zijn bij naar",
}
_SPOKEN = {
    word: tuple(code for code, listed in _STOP_WORDS.items() if word in listed.split())
    for word in names(" ".join(_STOP_WORDS.values()))
}
_LETTERS = re.compile(r"[^\W\d_]+")
_ASCII_LETTERS = bytes(code if chr(code).isalpha() or code > 0x7F else 0x20 for code in range(0x100))
_SAMPLE = 2000  # characters that tell the language


def _words(text: str) -> Iterator[str]:
    """The runs of letters. They are cut at ASCII characters first, which is fast, and then at the few others."""
    for piece in (
        text.encode("utf-8", "surrogatepass").translate(_ASCII_LETTERS).decode("utf-8", "surrogatepass").split()
    ):
        if piece.isalpha():
            yield piece
        else:
            yield from _LETTERS.findall(piece)


def language(text: str) -> str:
    """The language of a text if its small words say it plainly (en, de, fr, es, it, nl), else ""."""
    words = list(_words(text[:_SAMPLE].lower()))
    score = dict.fromkeys(_STOP_WORDS, 0)
    for word, times in Counter(filter(_SPOKEN.__contains__, words)).items():
        for code in _SPOKEN[word]:
            score[code] += times
    best, second = sorted(score, key=score.__getitem__, reverse=True)[:2]
    plain = score[best] >= 3 and score[best] >= 0.12 * len(words) and score[best] >= 1.4 * score[second]
    return best if plain else ""
