"""The new part of an HTML mail as its author formatted it, without a word of the history.

The tree is cut three times: at the containers in which mail programs put quotations and signatures (tables below), at
what `trim` recognises in the text of the rest (a header block, an attribution, a close), and by the sanitiser. Then
the result is held against the new text that was found independently: if it says anything more, it is not used. A
requester must never see history that a technician did not mean to send, so "cannot be sure" gives None.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from maildesk.mail.markup import Element, ink, keep_ink, tree
from maildesk.mail.message import Trimmed
from maildesk.mail.page import as_text
from maildesk.mail.text import clean_text, sanitised

# From such an element on, everything is history: its siblings behind it belong to it.
_HISTORY_FOLLOWS = re.compile(
    r"^(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|zwchr|OLK_SRC_BODY_SECTION|replySplit|"
    r"ms-outlook-mobile-body-separator-line|mail-editor-reference-message-container|isReplyContent|"
    r"reply-intro|yahoo_quoted\w*|tmjah_g_1299s|_rc_sig_quote)$",
    re.IGNORECASE,
)
# Such an element is a quotation itself.
_QUOTATION = re.compile(
    r"(?:^|[\s_])(?:gmail_quote\w*|gmail_attr|gmail_extra|moz-cite-prefix|moz-forward-container|yahoo_quoted|yahooquoted|"
    r"protonmail_quote|tutanota_quote|gmx_quote|OutlookMessageHeader|zmail_extra|WordSection_quote|cite|"
    r"ms-outlook-mobile-reference-message|apple-mail-quote|quoted-text|front-blockquote|hw_quote)(?:$|\s)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"(?:^|[\s_])(?:gmail_signature(?:_prefix)?|moz-signature|AppleMailSignature|apple-mail-signature|signature|"
    r"protonmail_signature_block\S*|ms-outlook-mobile-signature|lineBreakAtBeginningOfSignature|tutanota_signature|"
    r"sh-signature|zm_signature|mailmate-signature)(?:$|\s)",
    re.IGNORECASE,
)
# Outlook draws a line above the header block of the mail that is answered.
_OUTLOOK_LINE = re.compile(r"border-top:\s?solid\s?#?(?:e1e1e1|b5c4df)|border-top:\s?#?(?:e1e1e1|b5c4df)\s?1(?:\.0)?pt")
_WORD = re.compile(r"\w+")
_RULE = re.compile(r"[\s\xa0]*[-_=*~—–]{2,}[\s\xa0]*")
_PLACEHOLDER = re.compile(
    r"\[(?:image|cid|bild|inline image|imagen|immagine|afbeelding)\b[^\]\n]{0,200}\]", re.IGNORECASE
)
_SLACK = 3  # letters by which two readings of the same words may differ


@dataclass(frozen=True, slots=True)
class Formatted:
    """The new part with its formatting, as text with and without bullets and links, and the marked signatures."""

    html: str
    text: str
    bare: str
    signature: str
    whole: Counter[str]  # the words of all of the HTML, history included


def formatted(text: str, html: str, plain: Trimmed, split: Callable[[str], Trimmed]) -> Formatted | None:
    """The new part as sanitised HTML; None if there is none, or if it cannot be told safely.

    `plain` is `text` taken apart by `split`; `html` is the same body as its author formatted it.
    """
    if plain.inline_answers or not plain.new:
        return None
    root = tree(html)
    whole = _words(as_text(root))
    _cut_history(root)
    signature = "\n".join(_drop(root, _SIGNATURE))
    parts = split(clean_text(as_text(root, bare=True)))
    if parts.inline_answers:
        return None
    keep_ink(root, ink(parts.new))
    _trim_end(root)
    shown, bare = clean_text(as_text(root)), clean_text(as_text(root, bare=True))
    if ink(bare) > ink(parts.new) + _SLACK or _words(bare) - _words(plain.new):
        return None  # it says more: perhaps history
    lost = (_words(plain.new) - _words(shown)) & (whole - _words(shown))
    if lost and not _on_top(text, plain):
        return None  # it says less, and not because a signature or the history below was cut off
    safe = sanitised(root)
    return Formatted(safe, shown, bare, signature, whole) if safe else None


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def _on_top(text: str, plain: Trimmed) -> bool:
    """Whether the new text stands in one piece above everything else."""
    return letters(text).startswith(letters(plain.new))


def agreed(text: str, plain: Trimmed, found: Formatted) -> Trimmed:
    """The plain parts, less what only the HTML knows for signature or history: marks that text does not have."""
    new = letters(plain.new)
    start = next((one for one in (letters(found.text), letters(found.bare)) if new.startswith(one)), new)
    if start == new or not _on_top(text, plain):
        return plain
    lines = plain.new.split("\n")
    left = len(start)
    for index, line in enumerate(lines):
        if left <= 0 and letters(_PLACEHOLDER.sub("", line)):
            if not _mostly_in(lines[index:], found.whole):
                return plain  # the HTML does not cut it off, it never had it
            signature, history = _signature_first(lines[index:], letters(found.signature))
            return replace(
                plain,
                new="\n".join(lines[:index]).rstrip(),
                signature="\n".join([*signature, plain.signature]).strip("\n"),
                quoted="\n".join([*history, plain.quoted]).strip("\n"),
            )
        left -= len(letters(line))
    return plain


def _mostly_in(lines: list[str], whole: Counter[str]) -> bool:
    words = _words("\n".join(lines))
    return 2 * (words - whole).total() <= words.total()


def _signature_first(lines: list[str], signature: str) -> tuple[list[str], list[str]]:
    """Lines that belong to the marked signature, and those behind them."""
    end = next((index for index, line in enumerate(lines) if letters(line) not in signature), len(lines))
    return lines[:end], lines[end:]


def letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _cut_history(root: Element) -> None:
    """Take the quotations out; what stands behind a header-block container goes with it."""
    path = _path_to(root, _history_follows)
    if path:
        for parent, index in path[:-1]:
            del parent.children[index + 1 :]
        parent, index = path[-1]
        del parent.children[index:]
    for _ in _drop(root, _QUOTATION):
        pass
    _drop_blockquotes(root)


def _history_follows(node: Element) -> bool:
    if _HISTORY_FOLLOWS.match(node.get("id")) or _HISTORY_FOLLOWS.match(node.get("name")):
        return True
    return _OUTLOOK_LINE.search(node.get("style").lower().replace(" ", "")) is not None


def _path_to(root: Element, wanted: Callable[[Element], bool]) -> list[tuple[Element, int]]:
    """The way down to the first such element in document order, as (parent, index) pairs."""
    for path, node in _walk(root, []):
        if wanted(node):
            return list(path)
    return []


_Path = list[tuple[Element, int]]


def _walk(parent: Element, path: _Path) -> Iterator[tuple[_Path, Element]]:
    for index, child in enumerate(parent.children):
        if isinstance(child, Element):
            path.append((parent, index))
            yield path, child
            yield from _walk(child, path)
            path.pop()


def _drop(node: Element, marked: re.Pattern[str]) -> Iterator[str]:
    """Take out the elements with such a class or id, and give their texts."""
    kept: list[Element | str] = []
    for child in node.children:
        if isinstance(child, Element):
            if marked.search(child.get("class")) or marked.search(child.get("id")):
                yield as_text(child, bare=True)
                continue
            yield from _drop(child, marked)
        kept.append(child)
    node.children = kept


def _drop_blockquotes(node: Element) -> None:
    """Quotations without a name: those a client marked as cited, and a last one with nothing behind it."""
    for child in node.children:
        if isinstance(child, Element):
            _drop_blockquotes(child)
    node.children = [
        child
        for child in node.children
        if not (isinstance(child, Element) and child.tag == "blockquote" and _cited(child))
    ]


def _cited(node: Element) -> bool:
    return node.get("type").lower() == "cite" or "cite" in node.attributes or "border-left" in node.get("style").lower()


def _trim_end(node: Element) -> None:
    """Take blank lines, empty blocks and the rule above what was cut off the end."""
    while node.children:
        last = node.children[-1]
        if isinstance(last, str):
            if last.strip() and not _RULE.fullmatch(last):
                return
        elif last.tag == "img" or (last.children and not _emptied(last)):
            return
        node.children.pop()


def _emptied(node: Element) -> bool:
    _trim_end(node)
    return not node.children
