"""Search: which incidents have all these words, in their titles, their people and what was said about them.

SQLite looks them up by FTS5, PostgreSQL by a tsvector. Both are given words that desk/folding.py has cut and folded,
so that both find the same: neither language rules nor the parsers of a database have a say. A row is one text, and
only says which words stand in it; the text itself is kept elsewhere. It stands under the id of its timeline entry, or,
for the title and the requester, under the incident's number with a minus.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from maildesk.desk.folding import words

NAME = "search"  # the table; SQLite adds tables of its own whose names begin so
LONGEST_TEXT = 50_000  # characters of one text that are looked at
LONGEST_WORD = 64  # characters
MOST_WORDS = 8  # in one question

_ADD = {
    "sqlite": sa.text("INSERT INTO search (rowid, words) VALUES (:id, :words)"),
    "postgresql": sa.text("INSERT INTO search (id, words) VALUES (:id, array_to_tsvector(:words))").bindparams(
        sa.bindparam("words", type_=postgresql.ARRAY(sa.Text))
    ),
}
# The texts with one word: of the timeline, and of titles.
_WITH = {
    "sqlite": """
        SELECT timeline.incident_id FROM search JOIN timeline ON timeline.id = search.rowid WHERE search MATCH :{0}
        UNION SELECT -search.rowid FROM search WHERE search MATCH :{0} AND search.rowid < 0
    """,
    "postgresql": """
        SELECT timeline.incident_id FROM search JOIN timeline ON timeline.id = search.id
        WHERE search.words @@ CAST(:{0} AS tsquery)
        UNION SELECT -search.id FROM search WHERE search.words @@ CAST(:{0} AS tsquery) AND search.id < 0
    """,
}
_ANY = {"sqlite": '"{}"*', "postgresql": "'{}':*"}  # words that begin so
_ONE = {"sqlite": '"{}"', "postgresql": "'{}'"}


def add(connection: sa.Connection, row: int, texts: Iterable[str]) -> None:
    """Remember which words stand in these texts."""
    found = _distinct(texts)
    if not found:
        return
    dialect = connection.dialect.name
    values = " ".join(found) if dialect == "sqlite" else found
    connection.execute(_ADD[dialect], {"id": row, "words": values})


def condition(dialect: str, sought: Sequence[str]) -> tuple[sa.TextClause, dict[str, str]]:
    """The condition on incidents that they have all these words, with its values; no word finds nothing.

    A word finds all that begin with it, but for numbers and words of two letters, which are never completed.
    """
    asked = _distinct(sought)[:MOST_WORDS]
    names = [f"word{at}" for at in range(len(asked))]
    parts = [f"incidents.id IN ({_WITH[dialect].format(name)})" for name in names]
    values = {name: _pattern(word, dialect) for name, word in zip(names, asked, strict=True)}
    return sa.text(" AND ".join(parts) or "1 = 0"), values


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word[:LONGEST_WORD] for text in texts for word in words(text[:LONGEST_TEXT])))


def _pattern(word: str, dialect: str) -> str:
    whole = len(word) < 3 or any(letter.isdigit() for letter in word)
    return (_ONE if whole else _ANY)[dialect].format(word)
