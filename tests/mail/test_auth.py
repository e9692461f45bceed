"""Trust levels: one pure function, so one table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from mailblocks import ANN, bare
from tables import each

from maildesk.mail.auth import TOKENS, trust, unfresh
from maildesk.mail.message import Level
from maildesk.mail.pinned import Proof

# Headers that may stand in a mail once (RFC 5322 3.6, MIME).
SINGLETONS = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "content-type",
    "mime-version",
    "content-transfer-encoding",
]

L0, L1, L2, L4 = Level.L0, Level.L1, Level.L2, Level.L4


@pytest.mark.parametrize(
    ("token", "registered", "loop", "confirmed", "level"),
    [
        ("", False, False, False, L1),
        ("", True, False, False, L1),
        ("own", False, False, False, L2),
        ("own", True, False, False, L2),
        ("foreign", False, False, False, L1),
        ("foreign", True, False, False, L1),
        ("bad", False, False, False, L1),
        ("bad", True, False, False, L1),
        ("", True, False, True, L4),
        ("own", True, False, True, L4),
        ("foreign", True, False, True, L4),
        ("bad", True, False, True, L4),
        ("", False, False, True, L1),
        ("own", False, False, True, L2),
        ("foreign", False, False, True, L1),
        ("bad", False, False, True, L1),
        *((token, registered, True, True, L1) for token, registered in product(TOKENS, (True, False))),
        *((token, registered, True, False, L1) for token, registered in product(TOKENS, (True, False))),
    ],
)
def test_a_well_written_claim_stands_where_its_proof_puts_it(token, registered, loop, confirmed, level):
    assert trust(bare(), registered=registered, token=token, loop=loop, confirmed=confirmed).level is level


# Level by facts. Columns: what the pinned server says (nobody is pinned; nothing; pass; fail), and below it what else
# is known: nothing (-), a typed confirmation (c), our own loop header (l), both (lc).
LEVELS = """
token    who       nobody          nothing         pass            fail
                   -  c  l  lc     -  c  l  lc     -  c  l  lc     -  c  l  lc
own      listed    2  4  1  1      2  4  1  1      4  4  1  1      0  0  0  0
own      stranger  2  2  1  1      2  2  1  1      4  4  1  1      0  0  0  0
foreign  listed    1  4  1  1      1  4  1  1      3  4  1  1      0  0  0  0
foreign  stranger  1  1  1  1      1  1  1  1      3  3  1  1      0  0  0  0
bad      listed    1  4  1  1      1  4  1  1      3  4  1  1      0  0  0  0
bad      stranger  1  1  1  1      1  1  1  1      3  3  1  1      0  0  0  0
none     listed    1  4  1  1      1  4  1  1      3  4  1  1      0  0  0  0
none     stranger  1  1  1  1      1  1  1  1      3  3  1  1      0  0  0  0
"""
SAYINGS = {name: Proof(name.replace("nothing", ""), f"mx: {name}") for name in ("nothing", "pass", "fail")}


def cells() -> Iterator[tuple[str, bool, str, str, int]]:
    """(token, listed, what the server says, what else is known, level)."""
    head, known, *rows = (line.split() for line in LEVELS.strip().splitlines())
    for token, who, *levels in rows:
        columns = [(server, what) for n, server in enumerate(head[2:]) for what in known[4 * n : 4 * n + 4]]
        for (server, what), level in zip(columns, levels, strict=True):
            yield token.replace("none", ""), who == "listed", server, what, int(level)


@each(cell=cells())
def test_the_level_of_a_well_written_claim_is_in_the_table(cell):
    token, listed, server, what, level = cell
    found = trust(
        bare(),
        registered=listed,
        token=token,
        loop="l" in what,
        confirmed="c" in what,
        domain=SAYINGS.get(server),
    )
    assert (found.level, found.refuted) == (Level(level), server == "fail")
    assert server == "nobody" or f"mx: {server}" in found.evidence


@each(cell=cells(), broken=[{"repeated": frozenset({"subject"})}, {"from_": None}, {"from_defect": "a route"}])
def test_a_broken_claim_is_never_lifted_whatever_is_known(cell, broken):
    token, listed, server, what, _ = cell
    known = {"loop": "l" in what, "confirmed": "c" in what, "domain": SAYINGS.get(server)}
    assert trust(bare(**broken), registered=listed, token=token, **known).level is L0


def test_the_tables_have_a_row_for_every_combination_of_facts():
    assert len({cell[:4] for cell in cells()}) == len(TOKENS) * 2 * 4 * 4 == 128


@pytest.mark.parametrize(
    ("hours", "message_id", "why"),
    [
        (0, "1@acme.example", ""),
        (-24, "1@acme.example", ""),
        (1, "1@acme.example", ""),
        (-24.01, "1@acme.example", "its Date, 2026-11-22 08:59 UTC, is not of the day on which it came"),
        (1.01, "1@acme.example", "its Date, 2026-11-23 10:00 UTC, is not of the day on which it came"),
        (0, None, "it has no Message-ID"),
        (None, "1@acme.example", "it has no Date"),
    ],
)
def test_an_old_mail_may_be_a_repetition(hours, message_id, why):
    came = datetime(2026, 11, 23, 9, tzinfo=UTC)
    date = None if hours is None else came + timedelta(hours=hours)
    assert unfresh(bare(date=date, message_id=message_id), came) == why


@pytest.mark.parametrize("header", SINGLETONS)
@pytest.mark.parametrize("token", ["", "own"])
def test_a_singleton_that_stands_there_twice_breaks_the_claim_whatever_proves_it(header, token):
    found = trust(bare(repeated=frozenset({header})), registered=True, token=token, confirmed=True)
    assert found.level is L0
    assert found.evidence == (f"the header {header} stands there more than once",)


@pytest.mark.parametrize("token", list(TOKENS))
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_from_that_names_nobody_for_sure_is_never_lifted(token, confirmed):
    doubtful = bare(from_=None, from_shown=ANN, from_defect="two mailboxes")
    found = trust(doubtful, registered=True, token=token, confirmed=confirmed)
    assert found.level is L0
    assert found.evidence == ("From cannot be trusted: two mailboxes",)
    assert trust(bare(from_=None, from_shown=None), registered=True, token=token).level is L0


def test_a_defect_counts_even_beside_a_usable_from():
    assert trust(bare(from_defect="route address"), registered=True, token="own").level is L0


@pytest.mark.parametrize(
    "header",
    [
        "Authentication-Results",
        "ARC-Authentication-Results",
        "X-Original-Authentication-Results",
        "Authentication-Results-Original",
        "Received-SPF",
        "X-Spam-Status",
        "X-MS-Exchange-Organization-AuthAs",
        "X-Maildesk-Trust",
        "Sender",
        "Reply-To",
    ],
)
def test_no_header_proves_anything(header):
    claims = ((header, "mx.acme.example; dmarc=pass header.from=acme.example; spf=pass; dkim=pass; Internal; L4"),)
    assert trust(bare(headers=claims), registered=True, token="").level is L1


def test_reply_to_and_display_name_do_not_matter():
    mail = bare(reply_to=(ANN,), from_shown=ANN)
    assert trust(mail, registered=True, token="") == trust(bare(), registered=True, token="")


def test_the_evidence_names_every_fact_in_the_order_it_was_looked_at():
    assert trust(bare(), registered=True, token="own", confirmed=True).evidence == (
        "From ann@acme.example, a listed address",
        "a reply token of this person",
        "confirmed by a typed reply",
    )
    broken = bare(repeated=frozenset({"subject", "from"}), from_defect="two mailboxes")
    assert trust(broken, registered=True, token="own").evidence == (
        "the header from stands there more than once",
        "the header subject stands there more than once",
        "From cannot be trusted: two mailboxes",
    )


def test_a_token_state_that_does_not_exist_is_an_error_and_no_level():
    with pytest.raises(KeyError):
        trust(bare(), registered=True, token="mine")
