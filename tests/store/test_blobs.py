"""Blobs: bytes by their content, kept once."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa

from maildesk.errors import UsageError
from maildesk.store import tables
from maildesk.store.blobs import WORTH_ASKING

CONTENTS = [b"", b"\x00\xff raw \r\n", b"x" * (WORTH_ASKING + 1)]


@pytest.mark.parametrize("content", CONTENTS, ids=["empty", "small", "big"])
def test_bytes_come_back_by_their_hash_and_are_kept_once(database, content):
    with database.unit() as unit:
        names = {unit.blobs.put(content) for _ in range(3)}
    assert names == {hashlib.sha256(content).hexdigest()}
    with database.view() as view:
        assert view.blobs.get(names.pop()) == content
        rows = view.blobs.connection.execute(sa.select(tables.blobs.c.size, tables.blobs.c.enc)).all()
    assert rows == [(len(content), "")]


def test_bytes_that_were_never_kept_are_asked_for_in_vain(database):
    with database.view() as view, pytest.raises(UsageError, match="no bytes"):
        view.blobs.get("ab" * 32)
