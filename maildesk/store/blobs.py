"""Bytes by their content: raw mails and enclosures, each kept once however many rows name it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from maildesk.errors import UsageError
from maildesk.store import tables

WORTH_ASKING = 64 * 1024  # bytes; below it, handing them over costs less than asking whether they are there

_blobs = tables.blobs
_PUT = tables.insert_once(_blobs, "sha256")
_HAVE = sa.select(_blobs.c.id).where(_blobs.c.sha256 == sa.bindparam("sha256"))
_GET = sa.select(_blobs.c.data).where(_blobs.c.sha256 == sa.bindparam("sha256"))


@dataclass(frozen=True, slots=True)
class Blobs:
    """The blobs within one transaction."""

    connection: sa.Connection

    def put(self, content: bytes) -> str:
        """Keep these bytes and return their SHA-256 in hex; bytes that are there already cost nothing."""
        sha256 = hashlib.sha256(content).hexdigest()
        if len(content) >= WORTH_ASKING and self.connection.execute(_HAVE, {"sha256": sha256}).first():
            return sha256
        row = {"sha256": sha256, "size": len(content), "enc": "", "data": content}
        self.connection.execute(_PUT[self.connection.dialect.name], row)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of that hash. Raises UsageError where there are none."""
        data = self.connection.execute(_GET, {"sha256": sha256}).scalar()
        if data is None:
            raise UsageError(f"no bytes are kept under {sha256}")
        return bytes(data)
