"""Broken bytes of a mail put right before a parser sees them: header blocks, and multiparts that lost their boundary.

Python's parser ends a header at the first line that is no header line, and everything behind it becomes text: From,
Subject and Content-Type are lost. What is mended here is seen in real mails:

- blanks before the colon (`Subject : x`, still allowed by RFC 5322 4.5.8);
- a folded line that lost its indent (an Exchange connector writes `boundary=...` at the start of the next line), and
  lines that are nothing at all, put in by a filter: they become part of the field above them, if the header goes on;
- a blank line in the middle of a header, behind the trace fields that a relay had put on top;
- lines that end in CR CR LF.

A header that is sound (nearly all are) is recognised by one match and left alone.
"""

from __future__ import annotations

import re
from itertools import dropwhile

from maildesk.mail.limits import MAX_HEADER_BYTES

_GARBAGE = 20  # lines of a header that are mended; more of them are no header
_AHEAD = 200  # lines in which a header may go on behind a broken line
_BREAK = rb"(?>\r\n|\n|\r)"
_SOUND = re.compile(rb"(?:(?:[\x21-\x39\x3b-\x7e]++:|[ \t])[^\r\n]*+%s)*+(?:%s|\Z)" % (_BREAK, _BREAK))
_ESSENTIAL = re.compile(rb"^(?:from|to|subject|date|message-id|content-type):", re.IGNORECASE | re.MULTILINE)
_DOUBLED = re.compile(rb"[\r\n]*+[^\r\n]++\r\r\n")
_LEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*+%s)*+(?:>?From (?![ \t]*:)[^\r\n]*+%s)?" % (_BREAK, _BREAK))
_LINES = re.compile(rb"[^\r\n]*+(?:\r\n|\n|\r|\Z)")
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+):")
_SPACED = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,70})[ \t]+:")
_PARAMETER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,40}(?:\*[0-9]{0,2}\*?)?=")
_ENVELOPE = re.compile(rb">?From (?![ \t]*:)")
_KNOWN = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|message-id|mime-version|content-[a-z-]+|received|return-path|reply-to|sender"
    rb"|in-reply-to|references|delivered-to|list-[a-z-]+|x-[a-z0-9-]+|dkim-signature|authentication-results|importance"
    rb"|precedence|auto-submitted|user-agent|thread-[a-z]+|errors-to|envelope-to|resent-[a-z-]+)[ \t]*:",
    re.IGNORECASE,
)
_TRACE = re.compile(
    rb"(?:received|return-path|delivered-to|x-[a-z0-9-]+|envelope-to|arc-[a-z-]+|dkim-signature|authentication-results)\Z",
    re.IGNORECASE,
)
_ALONE = frozenset({b"from", b"sender", b"reply-to", b"date", b"message-id"})  # which garbage would only spoil
_OWN = re.compile(rb"(?:from|to|subject|date|message-id)[ \t]*:", re.IGNORECASE)
_DELIMITER = re.compile(
    rb"(?:\A|(?<=[\r\n]))--(\S[^\r\n]{0,69}?)[ \t]*(?:\r\n|\n|\r)content-[a-z-]{1,40}[ \t]*:", re.IGNORECASE
)


def start(raw: bytes) -> bytes:
    """The mail from its header on: without what stands above it in files, and with the line ends it should have."""
    if _DOUBLED.match(raw):  # a gateway that added CR to lines that had one
        raw = raw.replace(b"\r\r\n", b"\r\n")
    lead = _LEAD.match(raw)
    return raw[lead.end() :] if lead and lead.end() else raw


def header(raw: bytes) -> bytes:
    """The mail with a header block that a parser reads to its end; the same bytes if there was nothing to mend."""
    sound = _SOUND.match(raw)
    if sound and _ESSENTIAL.search(raw, 0, sound.end()):
        return raw
    block = [found.group() for found in _LINES.finditer(raw, 0, MAX_HEADER_BYTES)]
    kept = _Header(block)
    kept.read()
    return b"".join(kept.out) + raw[kept.length :] if kept.garbage else raw


class _Header:
    """Goes through the lines of a header: `out` are the mended ones, `length` the bytes that they replace."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.out: list[bytes] = []
        self.length = 0
        self.garbage = 0  # lines that were mended
        self.names: list[bytes] = []

    def read(self) -> None:
        for index, line in enumerate(self.lines):
            mended = self._mended(index, line)
            if mended is None:
                return
            self.out.append(mended)
            self.length += len(line)

    def _mended(self, index: int, line: bytes) -> bytes | None:
        """The line as it should be; None where the header ends."""
        if line[:1] in {b" ", b"\t"} or _ENVELOPE.match(line):
            return line
        if found := _FIELD.match(line):
            self.names.append(found[1])
            return line
        if not line.strip(b"\r\n"):
            return self._counted(b"") if self._interrupted(index) else None
        return self._garbage(index, line) if self.garbage < _GARBAGE else None

    def _garbage(self, index: int, line: bytes) -> bytes | None:
        if found := _SPACED.match(line):
            self.names.append(found[1])
            return self._counted(found[1] + line[found.end(1) :].lstrip(b" \t"))
        if not self._goes_on(index):
            return None
        alone = not self.names or self.names[-1].lower() in _ALONE
        return self._counted(b"" if alone and not _PARAMETER.match(line) else b" " + line)

    def _counted(self, line: bytes) -> bytes:
        self.garbage += 1
        return line

    def _goes_on(self, index: int) -> bool:
        """Whether this line is a continuation without its indent, or is followed by more header before a blank line."""
        if _PARAMETER.match(self.lines[index]) and self.out and self.out[-1].rstrip().endswith(b";"):
            return True
        for line in self.lines[index + 1 : index + (_AHEAD if self.out else 2)]:
            if _KNOWN.match(line):
                return True
            if not line.strip():
                return False
        return False

    def _interrupted(self, index: int) -> bool:
        """Whether the header goes on behind this blank line: above it stand trace fields only, below it the others."""
        if not self.names or not all(_TRACE.match(name) for name in self.names):
            return False
        ahead = dropwhile(lambda line: not line.strip(), self.lines[index + 1 : index + _AHEAD])
        below = [line for line in ahead if line[:1] not in {b" ", b"\t"}]
        first = below[:2]
        return len(first) == 2 and all(map(_KNOWN.match, first)) and any(map(_OWN.match, below[: _end(below)]))


def _end(lines: list[bytes]) -> int:
    return next((index for index, line in enumerate(lines) if not _FIELD.match(line)), len(lines))


def boundary(body: bytes) -> bytes:
    """The boundary that a multipart body really uses: that of its first delimiter with a header below it; or b""."""
    found = _DELIMITER.search(body)
    return found[1] if found else b""
