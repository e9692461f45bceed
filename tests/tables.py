"""Tables in one test: every row is tried, and a failure names all rows that fail.

A row as a test of its own costs some milliseconds of bookkeeping, in each worker; tables of hundreds take this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any


def each(**columns: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the test with every combination of the values, by name; it fails once, with what went wrong in each."""
    rows = [dict(zip(columns, values, strict=True)) for values in product(*map(tuple, columns.values()))]
    assert rows, "a table without a row proves nothing"

    def all_at_once(test: Callable[..., None]) -> Callable[..., None]:
        def tried(*instance: object) -> None:
            wrong = [f"{row}\n{why}" for row in rows if (why := _why(test, instance, row))]
            assert not wrong, f"{len(wrong)} of {len(rows)} rows:\n" + "\n\n".join(wrong[:20])

        tried.__name__, tried.__doc__ = test.__name__, test.__doc__
        return tried

    return all_at_once


def _why(test: Callable[..., None], instance: tuple[object, ...], row: dict[str, Any]) -> str:
    try:
        test(*instance, **row)
    except AssertionError as error:
        return str(error) or "it does not hold"
    return ""
