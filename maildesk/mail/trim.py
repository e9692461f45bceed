"""A body taken apart: what its author newly wrote, the history he quoted, his signature. And forwarded mails.

How it reads a body, from the top:

1. *History without marks* goes to the end: a header block (`From: ... Sent: ...`), a line such as `--- Original Message
   ---`, a desk's `reply above this line`, an attribution (`On ... wrote:`) above unmarked text, a phone's own signature
   with text below it. The first of these cuts the body.
2. What stands above it is cut into runs of own text and of quoted lines (`>`, with the attribution above them).
3. From the end, blank and quoted runs are history, and the signature is taken off the last own run.
4. Quoted runs that still have own text below them were answered. One with an attribution is bottom-posting: it goes.
   Without one, or with several, the author answered inline: his text makes sense only with its context, so it stays.

When in doubt text counts as new: a helpdesk may repeat itself, but it must not lose a requester's words. Nothing is
thrown away in any case; the three parts hold every line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from maildesk.mail import afterwords, endings, phrases
from maildesk.mail.address import spotted
from maildesk.mail.message import Forwarded, Mail, Trimmed
from maildesk.mail.read import TEXT_BEFORE, read
from maildesk.mail.text import clean_line
from maildesk.mail.trim_html import agreed, formatted

_MANY_BLANK = re.compile(r"\n(?:[ \t\xa0]*\n){3,}")
_LOOKED_AT = 5000  # lines; more of them are a pasted log
_WRAPPED = 5  # lines over which an attribution may run
_CONTEXT = 20  # quoted lines that are kept above an inline answer
_SIGNATURE = 40  # lines that a signature with its small print may have
_SMALL_PRINT = 15  # lines of a disclaimer alone
_NEAR = 25  # lines of own words above a forwarded mail


def trim(text: str, html: str | None = None, *, fresh: bool = False) -> Trimmed:
    """Take a clean body apart; with its HTML, also give the new part as formatted (sanitised).

    `fresh` says that the mail answers none: a printed header below a colon is then what its author writes about.
    """
    parts = split(text, fresh=fresh)
    found = formatted(text, html, parts, partial(split, fresh=fresh)) if html else None
    return replace(agreed(text, parts, found), new_html=found.html) if found else parts


def split(text: str, *, fresh: bool = False) -> Trimmed:
    """Take plain text apart. If the first `_LOOKED_AT` lines show no history, more than that is all new."""
    lines = [piece for line in text.split("\n") for piece in phrases.unglued(line)]
    history = _history(lines[:_LOOKED_AT], fresh=fresh)
    if history.start == _LOOKED_AT < len(lines):
        return Trimmed(new=_joined(lines), quoted="", signature="")
    runs = _runs(lines[: history.start], history)
    quoted = lines[history.start :]
    signature: list[str] = []
    while runs:
        run = runs[-1]
        if not run.quoted:
            run.lines, signed = _unsigned(run.lines)
            signature[:0] = signed
            if _has_text(run.lines):
                break
        quoted[:0] = run.lines
        runs.pop()
    if not runs and not _has_text(quoted) and _closes_nothing(signature):
        runs, signature = [_Run(quoted=False, lines=signature)], []
    new, dropped, inline = _answers(runs)
    new, rules = _without_rule(new)
    return Trimmed(
        new=_MANY_BLANK.sub("\n\n", _joined(new)),
        quoted=_joined([*dropped, *rules, *quoted]),
        signature=_joined(signature),
        inline_answers=inline,
    )


def _closes_nothing(signature: list[str]) -> bool:
    """Whether a mail consists of a close alone: then that is what its author had to say."""
    first = next((line for line in signature if line.strip()), "")
    return bool(first) and not endings.dashes(first) and not endings.device_line(first)


def _joined(lines: list[str]) -> str:
    start = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    return "\n".join(lines[start:]).rstrip()


def _has_text(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)


def _without_rule(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines, less the ruled ones that Outlook puts between new text and history; and those."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or phrases.separator(lines[end - 1]) == "rule"):
        end -= 1
    return lines[:end], lines[end:]


def _quoted(line: str) -> bool:
    """Whether a line is marked as quoted. `>>> link <<<` is an ornament."""
    return ">" in line and line.lstrip(" ").startswith(">") and not line.rstrip().endswith("<<")


# ---- where history begins


@dataclass(slots=True)
class _History:
    start: int  # the first line of unmarked history
    intros: set[int] = field(default_factory=set)  # lines that attribute a marked quotation
    marked: set[int] = field(default_factory=set)  # lines of quotations that are marked with something else than `>`


def _history(lines: list[str], *, fresh: bool = False) -> _History:
    found = _History(len(lines))
    at = 0
    written = False  # by the author, above this line
    while at < len(lines):
        line = lines[at]
        if not line.strip() or _quoted(line):
            at += 1
            continue
        prose = phrases.prose(line)
        kind = "" if prose else phrases.separator(line)
        if kind == "original" and _next_is_quoted(lines, at + 1):
            found.intros.add(at)  # there may be an answer below the marked lines
            at += 1
            continue
        if fresh and not prose and (announced := _announced(lines, at)):
            at = announced.end
            continue
        if not prose and _begins_history(lines, at, kind):
            found.start = at
            return found
        if written and not _line(lines, at + 1).strip() and endings.device_line(line) and _plain_below(lines, at + 1):
            found.start = at + 1
            return found
        written = True
        if prose:
            at += 1
            continue
        length, strength = _attribution(lines, at)
        marked = _other_marks(lines, at + length) if strength else set()
        if strength and (marked or _next_is_quoted(lines, at + length)):
            found.intros.update(range(at, at + length))
            found.marked |= marked
        elif strength == "strong":
            found.start = at
            return found
        at = max(marked, default=at + (length or 1) - 1) + 1
    return found


def _announced(lines: list[str], at: int) -> HeaderBlock | None:
    """The header block that begins at a line, if a colon above says that somebody pasted it to ask about it."""
    above = next((line for line in reversed(lines[max(0, at - 3) : at]) if line.strip()), "")
    if not above.rstrip().endswith(":") or phrases.header_field(above)[0]:
        return None
    return header_block(lines, at)


def _begins_history(lines: list[str], at: int, kind: str) -> bool:
    """Whether everything from this line on, a `phrases.separator` of that kind, is history, marked or not."""
    if kind in {"original", "forward"} or phrases.reply_marker(lines[at]):
        return True
    if kind in {"rule", "title"}:
        below = next((index for index in range(at + 1, min(at + 4, len(lines))) if lines[index].strip()), at)
        return below > at and header_block(lines, below, ruled=True) is not None
    return header_block(lines, at) is not None


def _attribution(lines: list[str], at: int) -> tuple[int, str]:
    """How many lines from here are an attribution, and how surely."""
    if not phrases.may_begin_attribution(lines[at]):
        return 0, ""
    joined = ""
    weak = 0
    for length in range(1, _WRAPPED + 1):
        line = lines[at + length - 1] if at + length <= len(lines) else ""
        if not line.strip() or _quoted(line):
            break
        joined = f"{joined} {line.strip()}".strip()
        strength = phrases.attribution(joined)
        if strength == "strong":
            return length, strength
        weak = weak or (length if strength else 0)
    torn = 0 if weak else _torn_attribution(lines, at)
    return (torn, "strong") if torn else (weak, "weak") if weak else (0, "")


def _torn_attribution(lines: list[str], at: int) -> int:
    """How many lines an attribution has that blank lines run through (Polymail): its last is only `> wrote:`."""
    joined = lines[at].strip()
    if not phrases.half_attribution(joined):
        return 0
    for length in range(2, _WRAPPED + 3):
        line = _line(lines, at + length - 1).strip()
        joined = f"{joined} {line}"
        if line.endswith(":") and "@" in joined and len(joined) < 300 and phrases.attribution(joined) == "strong":
            return length
    return 0


def _next_is_quoted(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return _quoted(following)


_OTHER_MARK = re.compile(r"^\s?([|:»›]|[A-Z][A-Za-z]{0,3}>+)(?:\s|$)")


def _other_marks(lines: list[str], at: int) -> set[int]:
    """The lines below an attribution that quote with `|`, `:` or initials (`EM> `); elsewhere these may be anything."""
    first = next((index for index in range(at, min(at + 3, len(lines))) if lines[index].strip()), None)
    mark = _OTHER_MARK.match(lines[first]) if first is not None else None
    if first is None or mark is None:
        return set()
    found = set()
    for index in range(first, len(lines)):
        same = _OTHER_MARK.match(lines[index])
        if same and same.group(1) == mark.group(1):
            found.add(index)
        elif lines[index].strip():
            break
    return found


def _plain_below(lines: list[str], at: int) -> bool:
    """Whether unmarked text follows that is not itself the beginning of recognisable history."""
    following = next((index for index in range(at, len(lines)) if lines[index].strip()), None)
    if following is None or _quoted(lines[following]) or endings.dashes(lines[following]):
        return False
    if afterwords.below_phone(lines[following:]):
        return False
    if _begins_history(lines, following, phrases.separator(lines[following])):
        return False
    return not _attribution(lines, following)[1]


@dataclass(slots=True)
class HeaderBlock:
    """A printed header: the values by kind of field, and the line behind it."""

    fields: dict[str, str]
    end: int


def header_block(lines: list[str], at: int, *, ruled: bool = False) -> HeaderBlock | None:
    """The header block that begins at a line, or None. `ruled`: a separator above says that it is one."""
    if not phrases.header_field(lines[at])[0] and lines[at].strip(" >"):
        return None
    fields = phrases.header_line(lines[at])
    if len(fields) >= 3:
        return HeaderBlock(fields, at + 1) if _is_block(fields, ruled=ruled) else None
    fields = {}
    index, end, last, loose = at, at, "", 0
    while index < len(lines) and index < at + 40:
        kind, value = phrases.header_field(lines[index])
        if kind and kind in fields and kind != "other":
            break
        if kind:
            fields[kind], last, loose, end = value, kind, 0, index + 1
        elif not lines[index].strip(" >"):
            if not fields or not phrases.header_field(_line(lines, index + 1))[0]:
                break
        elif not last or loose >= 2 or not _continues(lines, index, last, fields):
            break
        else:
            fields[last] = f"{fields[last]} {lines[index].strip(' >*')}"
            loose, end = loose + 1, index + 1
        index += 1
    return HeaderBlock(fields, end) if _is_block(fields, ruled=ruled) else None


def printed_header(quoted: str) -> dict[str, str] | None:
    """The fields of the header that history begins with, below at most a few separating lines; else None."""
    lines = quoted.split("\n")
    written = [index for index, line in enumerate(lines) if line.strip(" >")][:3]
    for index in written:
        if block := header_block(lines, index, ruled=index != written[0]):
            return block.fields
        if not phrases.separator(lines[index]):
            return None
    return None


def _line(lines: list[str], index: int) -> str:
    return lines[index] if index < len(lines) else ""


def _continues(lines: list[str], index: int, last: str, fields: dict[str, str]) -> bool:
    """Whether this line goes on with a wrapped field: an address is still to come, or more fields follow."""
    if last == "from" and "@" not in fields["from"] and "@" in lines[index]:
        return True
    return any(phrases.header_field(_line(lines, index + ahead))[0] for ahead in (1, 2))


def _is_block(fields: dict[str, str], *, ruled: bool) -> bool:
    """Whether these fields are a mail's header and not a form that somebody filled in (From: Monday, To: Friday)."""
    if len(fields) < 2:
        return False
    main = fields.keys() & {"from", "date", "to", "subject"}
    people = fields.get("from", "") + fields.get("to", "")
    dated = any(char.isdigit() for char in fields.get("date", ""))
    if len(main) >= 3 and "from" in main:
        return ruled or dated or "@" in people
    if ruled:
        return len(main) >= 2
    return len(main) == 2 and dated and "@" in people


# ---- runs of own and quoted lines


@dataclass(slots=True)
class _Run:
    quoted: bool
    lines: list[str] = field(default_factory=list)
    intro: int = 0  # so many lines of it attribute the others


def _runs(lines: list[str], history: _History) -> list[_Run]:
    if not history.intros and not history.marked and not any(map(_quoted, lines)):
        return [_Run(quoted=False, lines=lines)] if lines else []
    runs: list[_Run] = []
    for index, line in enumerate(lines):
        intro = index in history.intros
        quoted = intro or index in history.marked or _quoted(line) or _overflow(lines, index)
        if not line.strip() and runs:
            quoted = runs[-1].quoted
        if not runs or runs[-1].quoted != quoted:
            runs.append(_Run(quoted))
        runs[-1].lines.append(line)
        if intro:
            runs[-1].intro = len(runs[-1].lines)
    return runs


def _overflow(lines: list[str], index: int) -> bool:
    """Whether a line is the end of the quoted line above it, torn off by a program that wraps without marking."""
    above = lines[index - 1] if index else ""
    if not _quoted(above) or not _quoted(_line(lines, index + 1)) or not (line := lines[index].strip()):
        return False
    torn_link = " " not in line and "http" in above
    return torn_link or (len(above) > 60 and not line[0].isupper() and above.rstrip()[-1:] not in ".?!:;>")


def _answers(runs: list[_Run]) -> tuple[list[str], list[str], bool]:
    """The new lines, the quoted ones that are dropped, and whether the author answered between the lines."""
    quoted = [run for run in runs if run.quoted]
    inline = len(quoted) > 1 or (len(quoted) == 1 and not quoted[0].intro and len(quoted[0].lines) <= _CONTEXT)
    new: list[str] = []
    dropped: list[str] = []
    for run in runs:
        if not run.quoted:
            new += run.lines
        elif inline:
            dropped += run.lines[: run.intro] + run.lines[run.intro : -_CONTEXT]
            new += run.lines[run.intro :][-_CONTEXT:]
        else:
            dropped += run.lines
    return new, dropped, bool(inline and quoted)


# ---- signatures


def _unsigned(lines: list[str]) -> tuple[list[str], list[str]]:
    """A run of own text without its signature, and the signature."""
    written = [index for index, line in enumerate(lines) if line.strip()]
    for number in range(max(0, len(written) - _SIGNATURE - 1), len(written)):
        if _signs(lines, written, number):
            index = written[number]
            signature, more = _with_postscript(lines[index:])
            return [*lines[:index], *more], signature
    return lines, []


def _signs(lines: list[str], written: list[int], number: int) -> bool:
    """Whether a signature begins with this one of the written lines, of which `_SIGNATURE` more may follow."""
    line = lines[written[number]]
    left = len(written) - number - 1
    if endings.dashes(line):
        marked = line == "-- "
        return left <= (_SIGNATURE if marked else 12) and (marked or afterwords.card(lines[written[number] + 1 :]))
    if endings.device_line(line):
        return left <= 2
    closes = endings.closing(line)
    above = lines[written[number - 1]].rstrip() if number else ""
    set_off = not number or written[number] - written[number - 1] > 1 or line.startswith("__")
    if not closes and (not set_off or above.endswith(":")):
        return False
    below = [lines[index] for index in written[number + 1 :]]
    if not closes:
        return _signs_off(line, above, below)
    if endings.signed_in_line(line) and _nothing_own(below):
        return False  # "LG Erika" is how she ends her message, and no more than that
    return all(len(text) <= 70 for text in below[:1])


def _signs_off(line: str, above: str, below: list[str]) -> bool:
    """The same for a line that is set off from the words above: a footer, a name behind a dash, small print."""
    if endings.footer_rule(line):
        return _is_footer(line, below)
    if not above:
        return False
    if endings.dashed_name(line):
        short = line.startswith("--") and len(below) <= 4 and all(len(text) < 60 for text in below)
        return above.lstrip()[0] != line[0] and (short or (len(below) <= 12 and _nothing_own(below)))
    return len(below) <= _SMALL_PRINT and endings.small_print([line, *below])


def _nothing_own(below: list[str]) -> bool:
    """Whether nothing stands below, or what programs put there."""
    return not below or any(test(below[0]) for test in (endings.dashes, endings.footer_rule, endings.device_line))


def _is_footer(rule: str, below: list[str]) -> bool:
    """Whether these lines under a rule are the footer of a list or somebody's card, not a box or a pasted report."""
    if not 0 < len(below) <= 8 or any(endings.footer_rule(line) for line in below[:-1]):
        return False
    card = endings.name(below[0]) and all(len(line) <= 60 for line in below)
    return (card or rule.strip().startswith("__")) and any(endings.contact(line) for line in below)


def _with_postscript(lines: list[str]) -> tuple[list[str], list[str]]:
    """A signature, and what was written below it: a postscript, or a paragraph that asks or announces something."""
    for index in range(2, len(lines)):
        after_gap = not lines[index - 1].strip()
        if afterwords.opening(lines[index]) or (after_gap and _goes_on(lines, index)):
            more, signature = _unsigned(lines[index:])
            return [*lines[:index], *signature], more
    return lines, []


def _goes_on(lines: list[str], index: int) -> bool:
    """Whether the paragraph that begins here asks, announces or tells something."""
    line = lines[index].strip()
    if line.endswith(("?", ":")) and len(line) > 12:
        return True
    end = next((end for end in range(index, len(lines)) if not lines[end].strip()), len(lines))
    told = " ".join(one.strip() for one in lines[index:end])
    return afterwords.sentence(told) and not endings.small_print(lines[index:end])


# ---- forwarded mails


def forwarded(mail: Mail) -> Forwarded | None:
    """The mail inside a forwarded mail, if it stands near the top: what its sender was called, never a proof."""
    return _forwarded_inline(mail) or _forwarded_attached(mail)


def _forwarded_inline(mail: Mail) -> Forwarded | None:
    lines = mail.text.split("\n")
    by_subject = phrases.FORWARD_SUBJECT.match(mail.subject) is not None
    if not by_subject and not _separates_forward(lines):
        return None
    words = 0
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        kind = phrases.separator(line)
        marked = kind == "forward" or (by_subject and kind in {"original", "rule"})
        block = _block_below(lines, at) if marked else header_block(lines, at) if by_subject else None
        if block is not None:
            return _taken_apart(lines, block)
        words += 1
        if words > _NEAR or _attribution(lines, at)[1] or phrases.reply_marker(line):
            return None
    return None


def _separates_forward(lines: list[str]) -> bool:
    """Whether one of the first written lines says that a forwarded mail follows."""
    near = islice((line for line in lines if line.strip()), _NEAR + 1)
    return any(not phrases.prose(line) and phrases.separator(line) == "forward" for line in near)


def _block_below(lines: list[str], at: int) -> HeaderBlock | None:
    below = next((index for index in range(at + 1, min(at + 6, len(lines))) if lines[index].strip(" >")), at)
    return header_block(lines, below, ruled=True) if below > at else None


def _taken_apart(lines: list[str], block: HeaderBlock) -> Forwarded | None:
    sender = spotted(block.fields.get("from", "").replace("*", ""))  # a bold name, as text
    if sender is None:
        return None
    body = lines[block.end :]
    end = next((index for index, line in enumerate(body) if phrases.forward_end(line)), None)
    body = body[:end]
    if all(_quoted(line) for line in body if line.strip()):
        body = [line.lstrip(" ").removeprefix(">").removeprefix(" ") for line in body]
    return Forwarded(sender, clean_line(block.fields.get("subject", "")), _joined(body))


def _forwarded_attached(mail: Mail) -> Forwarded | None:
    """A mail that was forwarded as an attachment; a delivery report that holds one is none."""
    types = [one.type for one in mail.attachments]
    if "message/rfc822" not in types or any(kind.startswith("message/d") for kind in types):
        return None
    if split(mail.text).new and not phrases.FORWARD_SUBJECT.match(mail.subject):
        return None
    inner = read(mail.attachments[types.index("message/rfc822")].content[:TEXT_BEFORE])
    if not isinstance(inner, Mail) or inner.from_shown is None:
        return None
    return Forwarded(inner.from_shown, inner.subject, inner.text)
