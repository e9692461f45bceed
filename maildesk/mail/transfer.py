"""What stands behind a Content-Transfer-Encoding (RFC 2045 6), declared, declared wrongly, or not declared at all.

A file is decoded as declared. A text is looked at first, because four mistakes are common and each makes it unreadable:
base64 that is not declared (or declared as 7bit by a gateway that knew no better), plain text that is declared as
base64, quoted-printable under the label base64, and a footer that a mailing list added below base64 in the clear.

Old programs write files into the text itself: uuencode and yEnc. They are cut out of it, as `Enclosed`.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_SPOKEN = re.compile(rb"[^A-Za-z0-9+/=\s]|[A-Za-z,.] [A-Za-z]")  # what base64 never has
_COMMENT = re.compile(r"\([^()]*\)|[\"'\s]")
# Lines of one length and a last one that is shorter, padded or not: nobody writes this by hand.
_LINES = re.compile(
    rb"\s*+(?:(?:[A-Za-z0-9+/]{40,998}+[ \t]*+\r?+\n)++[A-Za-z0-9+/]{0,998}+={0,2}|[A-Za-z0-9+/]{30,998}+={1,2})\s*+\Z"
)
_QUOTED = re.compile(rb"=(?:[0-9A-F]{2}|[ \t]*\r?\n)")
_BLOCK = re.compile(rb"\s*+((?:[A-Za-z0-9+/=]++[ \t]*+\r?+\n)++)")
_NAMES = {"b": "base64", "base-64": "base64", "q": "quoted-printable", "quotedprintable": "quoted-printable"}
_LOOKED_AT = 4000  # bytes of a text that tell what it is


def kind_of(encoding: str) -> str:
    """The encoding meant by a header value: lower case, without comments, under its usual name."""
    name = _COMMENT.sub("", encoding.partition(";")[0][:200]).lower().replace("_", "-")
    return _NAMES.get(name, _NAMES.get(name.replace("-", ""), name))


def file_bytes(data: bytes, encoding: str) -> bytes:
    """The bytes behind an encoding. An unknown one leaves them as they are."""
    kind = kind_of(encoding)
    if kind == "base64":
        return base64(data)
    if kind == "quoted-printable":
        return binascii.a2b_qp(data)
    if kind in {"x-uuencode", "uuencode", "uue", "x-uue"}:
        return _uudecoded(data)
    return data


def text_bytes(data: bytes, encoding: str) -> bytes:
    """As `file_bytes`, of a text: what its bytes say counts for more than what its header says."""
    kind = kind_of(encoding)
    if kind == "base64":
        return _declared_base64(data)
    if kind in {"", "7bit", "8bit", "binary", "quoted-printable"} and _looks_like_base64(data):
        return base64(data)
    return file_bytes(data, kind)


def _looks_like_base64(data: bytes) -> bool:
    """Whether a text is nothing but base64, and of a text: bytes that decode to UTF-8 without controls."""
    head = data[:_LOOKED_AT]
    if b" " in head.strip() or not _LINES.match(data):
        return False
    clear = base64(head[: len(head) // 4 * 4])[: _LOOKED_AT // 2]
    try:
        text = clear.decode("utf-8", "strict" if len(data) <= _LOOKED_AT else "ignore")
    except UnicodeDecodeError:
        return False
    return " " in text and all(char.isprintable() or char in "\r\n\t" for char in text)


def _declared_base64(data: bytes) -> bytes:
    spoken = _SPOKEN.search(data)
    if spoken is None:
        return _joined(data) if b"=" in data.rstrip(b"=\r\n\t ") else base64(data)
    block = _BLOCK.match(data)
    rest = data[block.end() :] if block else data
    if block and len(block[1]) >= 20 and not rest.strip(b"\r\n")[:1].isspace() and _whole(block[1]):
        footer = rest.strip(b"\r\n")
        return base64(block[1]) + b"\n\n" + footer
    sample = data[:_LOOKED_AT]
    odd = sum(len(run) for run in re.findall(rb"[^A-Za-z0-9+/=\r\n]+", sample))
    if odd * 20 < len(sample):
        return base64(data)  # some bytes were damaged on the way
    return binascii.a2b_qp(data) if _QUOTED.search(sample) else data


def _whole(block: bytes) -> bool:
    """Whether base64 may end here."""
    return len(_NO_BASE64.sub(b"", block)) % 4 == 0


def base64(data: bytes) -> bytes:
    """Base64 (RFC 2045 6.8) as every mail program reads it: junk skipped, padding mended, stops at the padding."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        return _unpadded(_NO_BASE64.sub(b"", data).partition(b"=")[0])


def _joined(data: bytes) -> bytes:
    """Base64 of a text whose sender encoded it piece by piece, so that padding stands in the middle."""
    return b"".join(_unpadded(run) for run in _NO_BASE64.sub(b"", data).split(b"=") if run)


def _unpadded(data: bytes) -> bytes:
    if len(data) % 4 == 1:  # a lone last character carries no whole byte
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


# ---- uuencode and yEnc


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that stood in a text."""

    name: str
    content: bytes


def _uudecoded(data: bytes) -> bytes:
    found = _UU_BEGIN.search(data)
    return _uulines(data[found.end() :].splitlines()) if found else data


def _uulines(lines: list[bytes]) -> bytes:
    out: list[bytes] = []
    for line in lines:
        if line.strip() == b"end":
            break
        if line:
            out.append(_uuline(line))
    return b"".join(out)


def _uuline(line: bytes) -> bytes:
    size = (((line[0] - 32) & 63) * 4 + 5) // 3  # some encoders pad a line wrongly: the length byte says what counts
    for candidate in (line, line[:size]):
        try:
            return binascii.a2b_uu(candidate)
        except binascii.Error:
            continue
    return b""


_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ?([^\r\n]{0,200})\r?\n", re.MULTILINE)
_UU_BLOCK = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n((?:[\x20-\x60][^\r\n]{0,90}\r?\n)++)(?:\r?\n)?end[ \t]*\r?$\n?",
    re.MULTILINE,
)
_Y_BLOCK = re.compile(
    rb"^=ybegin [^\r\n]*?name=([^\r\n]{1,200})\r?\n((?:(?!=y(?:end|begin))[^\n]*+\n)*+)=yend [^\r\n]*\r?$\n?",
    re.MULTILINE,
)
_Y_PLAIN = bytes((byte - 42) % 256 for byte in range(256))
_Y_ESCAPED = re.compile(rb"=(.)", re.DOTALL)


def cut_out(data: bytes) -> tuple[bytes, list[Enclosed]]:
    """A text without the files that are written into it, and these. A block without its end is left as text."""
    files: list[Enclosed] = []

    def uu(found: re.Match[bytes]) -> bytes:
        files.append(Enclosed(_named(found[1]), _uulines(found[2].splitlines())))
        return b""

    def yenc(found: re.Match[bytes]) -> bytes:
        files.append(Enclosed(_named(found[1]), _ydecoded(found[2])))
        return b""

    if b"begin " in data:
        data = _UU_BLOCK.sub(uu, data)
        data = _Y_BLOCK.sub(yenc, data)
    return data, files


def _named(name: bytes) -> str:
    return name.strip().decode("utf-8", "replace")


def _ydecoded(data: bytes) -> bytes:
    """The bytes of yEnc 1.3: each plus 42, the critical ones escaped by `=` and plus 64 more; `=ypart` is a header."""
    lines = (line.rstrip(b"\r") for line in data.split(b"\n") if not line.startswith(b"=ypart "))
    joined = _Y_ESCAPED.sub(lambda found: bytes([(found[1][0] - 64) % 256]), b"".join(lines))
    return joined.translate(_Y_PLAIN)
