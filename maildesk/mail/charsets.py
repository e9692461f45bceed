"""Bytes to text, whatever their label says: charsets and encoded words, and those that lie.

Senders label wrongly in four ways, and each has its answer:

- *a name nobody knows* (`x-unknown`, `utf8mb4`, `windows-1252http-equivcontent-type`): the known name inside it, or
  UTF-8 if the bytes are that, else Windows-1252;
- *Western when it is UTF-8*: text of a one-byte charset is practically never valid UTF-8 by chance, so valid UTF-8
  wins over any one-byte label (not over the two-byte ones, where chance is real);
- *UTF-8 when it is Western*: if more than a tenth of the foreign characters fail, it is read as Windows-1252;
- *nothing, or Western when it is Russian or Chinese*: guess.py.

Nothing here raises. Only codecs that mean text are used, never Python's `idna`, `punycode` or `unicode_escape`.
"""

from __future__ import annotations

import binascii
import codecs
import re
from functools import lru_cache

from maildesk.mail.guess import charset
from maildesk.mail.transfer import base64

_BETTER = {  # what is meant by a label, where it differs from what the codec of that name reads
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
}
_ALIASES = {
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "utf8mb4": "utf-8",
    "cp-850": "cp850",
    "windows-31j": "cp932",
    "x-euc-jp": "euc_jp",
    "viet": "cp1258",
}
_TEXTUAL = re.compile(
    r"(?:utf|iso|cp\d|windows|koi8|kz1048|mac|big5|gb|hz|euc|shift|ascii|latin|johab|tis|ptcp|hp-roman8)", re.IGNORECASE
)
_MULTIBYTE = re.compile(r"(?:utf|iso2022|gb|hz|big5|euc|shift|cp932|cp949|cp950|johab)")
_INSIDE = re.compile(r"windows-125\d|iso-?8859-1?\d|utf-?8|koi8-[ru]|cp\d{3,4}|gb2312|big5|us-ascii")
_NEEDS_DECODER = re.compile(r"(?:utf-?(?:16|32|7)|iso2022|hz)")  # here even pure ASCII bytes may mean something else
_WORD = re.compile(  # the end may have been cut off
    r"=\?([^?\s]{1,80})\?([bBqQ])\?(?:([^?]*+(?:\?(?!=)[^?]*+)*+)\?=|([^?\s<>@]*+)\??\Z)"
)
FOLD = re.compile(r"\r?\n(?=[ \t])|\r(?=[ \t])")


@lru_cache(maxsize=256)
def codec(label: str) -> str:
    """The Python codec meant by a charset label (RFC 2978), "" if there is none."""
    name = label.strip().strip("\"'").lower().partition("*")[0]
    inside = _INSIDE.search(name)
    for candidate in (_ALIASES.get(name, ""), name, inside.group() if inside else ""):
        try:
            found = codecs.lookup(candidate).name if candidate else ""
        except (LookupError, ValueError):  # ValueError: a NUL in the name
            continue
        if found and _TEXTUAL.match(found):
            return _BETTER.get(found, found)
    return ""


def decode(data: bytes, label: str = "") -> tuple[str, str]:
    """The text of `data` labelled as `label`, and the codec that was really used. Never raises."""
    name = codec(label)
    if data.isascii() and not _NEEDS_DECODER.match(name):
        return data.decode("ascii"), name or "ascii"
    if not _MULTIBYTE.match(name):
        text = _strictly(data, "utf-8")
        return (text, "utf-8") if text is not None else _western(data, name)
    return _multibyte(data, name)


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return None


def _western(data: bytes, name: str) -> tuple[str, str]:
    guessed = charset(data) if name in {"", "cp1252"} else ""
    for candidate in (guessed or name or "cp1252", "cp1252"):
        text = _strictly(data, candidate)
        if text is not None:
            return text, candidate
    return data.decode("latin-1"), "latin-1"  # five bytes have no meaning in Windows-1252


def _multibyte(data: bytes, name: str) -> tuple[str, str]:
    name = _byte_order(data, name)
    text = _strictly(data, name)
    if text is not None:
        return text, name
    utf8 = _strictly(data, "utf-8")
    if utf8 is not None:
        return utf8, "utf-8"
    # a few broken characters are a cut or a damaged line; many mean that the label lies
    mended = data.decode(name, "replace")
    if mended.rstrip("\ufffd").count("\ufffd") == 0:
        return mended, name  # cut off in the middle of the last character
    foreign = sum(1 for byte in data if byte > 127) if len(data) < 100_000 else len(data) // 10
    return (mended, name) if mended.count("\ufffd") * 10 <= foreign else _western(data, "")


def _byte_order(data: bytes, name: str) -> str:
    """UTF-16 and UTF-32 without a byte order mark: the zero bytes of Latin letters tell the order (RFC 2781 4.3)."""
    if name not in {"utf-16", "utf-32"} or data[:2] in {b"\xff\xfe", b"\xfe\xff"} or data[:4] == b"\0\0\xfe\xff":
        return name
    head = data[:200]
    return f"{name}-be" if head[0::2].count(0) >= head[1::2].count(0) else f"{name}-le"


def unfolded(value: str, label: str = "") -> str:
    """A header value as the parser keeps it (raw octets as surrogates, folded) on one line and as characters.

    `label`: the charset of the mail's text, which octets in its header most likely share.
    """
    if not value.isascii():
        value = decode(value.encode("utf-8", "surrogateescape" if _bytes_only(value) else "replace"), label)[0]
    elif "\x1b$" in value or "\x1b(" in value:  # ISO-2022-JP has seven bits, so nothing stopped it on its way
        value = decode(value.encode("ascii"), "iso-2022-jp")[0]
    return FOLD.sub("", value) if "\n" in value or "\r" in value else value


def _bytes_only(value: str) -> bool:
    return all(not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff" for char in value)


def words(value: str) -> str:
    """An unfolded header value with its encoded words (RFC 2047) decoded.

    Neighbouring words of one charset are joined as bytes first: some senders cut a character in two. Words are also
    found inside quotes and glued to other text, where the RFC forbids them and half the world puts them.
    """
    if "=?" not in value:
        return value
    out: list[str] = []
    run = b""
    label = ""
    end = 0
    for found in _WORD.finditer(value):
        between = value[end : found.start()]
        charset = found.group(1).lower()
        joined = not between or (end > 0 and between.isspace())  # white space between two words is no text
        if not joined or charset != label:
            out.append(decode(run, label)[0])
            run = b""
        if not joined:
            out.append(between)
        run, label, end = run + _word_bytes(found[2], found[3] or found[4] or ""), charset, found.end()
    out.extend((decode(run, label)[0], value[end:]))
    return "".join(out)


def _word_bytes(kind: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    return base64(data) if kind in "bB" else binascii.a2b_qp(data, header=True)
