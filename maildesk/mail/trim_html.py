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

from maildesk.mail.markup import Element, ink, inked, keep_ink, tree
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
    whole: str  # all of the HTML, history included


def formatted(text: str, html: str, plain: Trimmed, split: Callable[[str], Trimmed]) -> Formatted | None:
    """The new part as sanitised HTML; None if there is none, or if it cannot be told safely.

    `plain` is `text` taken apart by `split`; `html` is the same body as its author formatted it.
    """
    if plain.inline_answers or not plain.new:
        return None
    root = tree(html)
    whole = as_text(root)
    cut = _cut_history(root)
    signatures = list(_drop(root, _SIGNATURE))
    bare = clean_text(as_text(root, bare=True))
    parts = split(bare)
    if parts.inline_answers:
        return None
    kept = ink(parts.new)
    if _cut_end(root, kept):
        cut, bare = True, clean_text(as_text(root, bare=True))
    shown = clean_text(as_text(root) if cut or signatures else whole)
    if ink(bare) > kept + _SLACK or _words(bare) - _words(plain.new):
        return None  # it says more: perhaps history
    if _lost(plain.new, shown, whole) and not _on_top(text, plain):
        return None  # it says less, and not because a signature or the history below was cut off
    safe = sanitised(root)
    return Formatted(safe, shown, bare, "\n".join(signatures), whole) if safe else None


def _cut_end(root: Element, kept: int) -> bool:
    """Leave so many letters, and nothing blank at the end; whether anything had to go."""
    return (keep_ink(root, kept) < 0) | _trim_end(root)


def _lost(new: str, shown: str, whole: str) -> bool:
    """Whether new words stand in the HTML and are not shown any more."""
    missing = _words(new) - _words(shown)
    return bool(missing) and bool(missing & (_words(whole) - _words(shown)))


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


def _mostly_in(lines: list[str], whole: str) -> bool:
    words = _words("\n".join(lines))
    return 2 * (words - _words(whole)).total() <= words.total()


def _signature_first(lines: list[str], signature: str) -> tuple[list[str], list[str]]:
    """Lines that belong to the marked signature, and those behind them."""
    end = next((index for index, line in enumerate(lines) if letters(line) not in signature), len(lines))
    return lines[:end], lines[end:]


def letters(text: str) -> str:
    return inked(text.casefold())


def _cut_history(root: Element) -> bool:
    """Take the quotations out; what stands behind a header-block container goes with it. Whether there were any."""
    path = _path_to(root)
    if path:
        for parent, index in path[:-1]:
            del parent.children[index + 1 :]
        parent, index = path[-1]
        del parent.children[index:]
    dropped = sum(1 for _ in _drop(root, _QUOTATION))
    return _drop_blockquotes(root) or bool(path) or dropped > 0


def _history_follows(node: Element) -> bool:
    if not node.attributes:
        return False
    if _HISTORY_FOLLOWS.match(node.get("id")) or _HISTORY_FOLLOWS.match(node.get("name")):
        return True
    return _OUTLOOK_LINE.search(node.get("style").lower().replace(" ", "")) is not None


def _path_to(node: Element) -> list[tuple[Element, int]]:
    """The way down to the first element from which history follows, as (parent, index) pairs; [] if there is none."""
    for index, child in enumerate(node.children):
        if isinstance(child, Element):
            if _history_follows(child):
                return [(node, index)]
            if below := _path_to(child):
                return [(node, index), *below]
    return []


def _drop(node: Element, marked: re.Pattern[str]) -> Iterator[str]:
    """Take out the elements with such a class or id, and give their texts."""
    kept: list[Element | str] = []
    for child in node.children:
        if isinstance(child, Element):
            if child.attributes and (marked.search(child.get("class")) or marked.search(child.get("id"))):
                yield as_text(child, bare=True)
                continue
            yield from _drop(child, marked)
        kept.append(child)
    node.children = kept


def _drop_blockquotes(node: Element) -> bool:
    """Quotations without a name: those a client marked as cited. Whether there were any."""
    kept = [
        child for child in node.children if isinstance(child, str) or child.tag != "blockquote" or not _cited(child)
    ]
    dropped = len(kept) < len(node.children)
    node.children = kept
    for child in kept:
        if isinstance(child, Element):
            dropped |= _drop_blockquotes(child)
    return dropped


def _cited(node: Element) -> bool:
    return node.get("type").lower() == "cite" or "cite" in node.attributes or "border-left" in node.get("style").lower()


def _trim_end(node: Element) -> bool:
    """Take blank lines, empty blocks and the rule above what was cut off the end. Whether there were any."""
    trimmed = False
    while node.children:
        last = node.children[-1]
        if isinstance(last, str):
            if last.strip() and not _RULE.fullmatch(last):
                return trimmed
        elif last.tag == "img":
            return trimmed
        elif last.children:
            trimmed |= _trim_end(last)
            if last.children:
                return trimmed
        node.children.pop()
        trimmed = True
    return trimmed
