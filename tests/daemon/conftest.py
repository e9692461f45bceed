"""A desk in this process, on a database file of its own, with a clock that stands at the time of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scenes.stages import QuickStage

from maildesk.daemon.reader import Reader


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


@pytest.fixture
def stage(tmp_path: Path, reader: Reader) -> Iterator[QuickStage]:
    one = QuickStage(tmp_path, reader)
    one.clock.at = datetime.now(UTC)
    try:
        yield one
    finally:
        one.close()
