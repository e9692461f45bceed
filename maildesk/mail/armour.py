"""Signed and encrypted mail: the words of a signed one, and a clear mark on an encrypted one. Nothing is verified.

Three shapes hide what a mail says:

- *OpenPGP in the text* (RFC 4880 7): a cleartext signature wraps readable words, an encrypted message hides them;
- *S/MIME opaque signing* (RFC 8551 3.5.2): the whole mail lies, readable, inside a CMS structure (RFC 5652 5.1);
- *encrypted parts*: `multipart/encrypted` (RFC 3156 4) and S/MIME enveloped data.

The desk has no keys: of an encrypted mail it can only say that it is one.
"""

from __future__ import annotations

import re

PGP = "PGP"
SMIME = "S/MIME"

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END = "-----END PGP SIGNATURE-----"
_HASHES = re.compile(r"[ \t]*\n(?:[A-Za-z]{1,20}: [^\n]*\n)*[ \t]*(?:\n|\Z)")
_DASHED = re.compile(r"^- ", re.MULTILINE)
_ENCRYPTED = re.compile(r"^-----BEGIN PGP MESSAGE-----[ \t]*$", re.MULTILINE)

_DEPTH = 10  # of nested constructed strings
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
_ENVELOPED = {  # enveloped, authenticated-enveloped and encrypted data
    bytes.fromhex("2a864886f70d010703"),
    bytes.fromhex("2a864886f70d01091001" + "17"),
    bytes.fromhex("2a864886f70d010706"),
}
_SEQUENCE, _OID, _OCTETS, _INTEGER, _SET, _CONTEXT = 0x30, 0x06, 0x04, 0x02, 0x31, 0xA0
_OCTETS_IN_PIECES = 0x24


def disarmed(text: str) -> tuple[str, str]:
    """A text without the armour of its cleartext signatures, and the signatures. Armour without its end stays."""
    out: list[str] = []
    seals: list[str] = []
    at = 0
    while (start := _line(text, _SIGNED, at)) >= 0:
        seal = _line(text, _SIGNATURE, start)
        end = text.find(_SIGNATURE_END, seal)
        hashes = _HASHES.match(text, start + len(_SIGNED))
        if seal < 0 or end < 0 or hashes is None or hashes.end() > seal:
            break
        out += [text[at:start], _DASHED.sub("", text[hashes.end() : seal])]
        at = end + len(_SIGNATURE_END)
        seals.append(text[seal:at])
    return "".join([*out, text[at:]]), "\n".join(seals)


def _line(text: str, mark: str, at: int) -> int:
    """Where a line begins with the mark; -1 if none does."""
    if not at and text.startswith(mark):
        return 0
    found = text.find(f"\n{mark}", at)
    return found + 1 if found >= 0 else -1


def is_encrypted(text: str) -> bool:
    """Whether a text is an encrypted OpenPGP message, or holds one."""
    return "-----BEGIN PGP MESSAGE-----" in text and _ENCRYPTED.search(text) is not None


def opened(data: bytes) -> tuple[bytes | None, bool]:
    """What a CMS structure signs, if it carries it; and whether it is encrypted. (None, False) for anything else."""
    try:
        return _opened(data)
    except (IndexError, ValueError):
        return None, False


def _opened(data: bytes) -> tuple[bytes | None, bool]:
    content_info = _Reader(data).enter(_SEQUENCE)
    kind = content_info.value(_OID)
    if kind != _SIGNED_DATA:
        return None, kind in _ENVELOPED
    signed = content_info.enter(_CONTEXT).enter(_SEQUENCE)
    signed.value(_INTEGER)
    signed.skip(_SET)
    inner = signed.enter(_SEQUENCE)
    inner.value(_OID)
    return inner.enter(_CONTEXT).octets(), False


class _Reader:
    """Reads the elements of BER (X.690) one by one. Raises ValueError or IndexError on what it does not know."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end  # of an element of indefinite length: that of its parent

    def head(self, tag: int) -> int | None:
        """Go behind tag and length; the length, or None if it is indefinite."""
        if self.at >= self.end or self.data[self.at] != tag:
            raise ValueError("another element was expected")
        first = self.data[self.at + 1]
        self.at += 2
        if first == 0x80:
            return None
        if first < 0x80:
            size = first
        else:
            count = first & 0x7F
            size = int.from_bytes(self.data[self.at : self.at + count]) if count <= 4 else self.end + 1
            self.at += count
        if self.at + size > self.end:
            raise ValueError("an element that ends too late")
        return size

    def enter(self, tag: int) -> _Reader:
        """The inside of an element. The outer reader does not move on: nothing behind it is needed."""
        size = self.head(tag)
        return _Reader(self.data, self.at, self.end if size is None else self.at + size)

    def value(self, tag: int) -> bytes:
        size = self.head(tag)
        if size is None:
            raise ValueError("a value of indefinite length")
        self.at += size
        return self.data[self.at - size : self.at]

    def skip(self, tag: int) -> None:
        self.value(tag)

    def octets(self, depth: int = 0) -> bytes:
        """An octet string, whole or in pieces."""
        if self.data[self.at] == _OCTETS:
            return self.value(_OCTETS)
        if depth > _DEPTH:
            raise ValueError("strings too deep inside each other")
        size = self.head(_OCTETS_IN_PIECES)
        inside = _Reader(self.data, self.at, self.end if size is None else self.at + size)
        pieces: list[bytes] = []
        while inside.at < inside.end and self.data[inside.at : inside.at + 2] != b"\0\0":
            pieces.append(inside.octets(depth + 1))
        self.at = inside.at + (2 if size is None else 0)
        return b"".join(pieces)
