"""A desk in this process, on a database file of its own, with a clock that stands at the time of the machine."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from scenes.stages import QuickStage

from maildesk.daemon.reader import Reader


@pytest.fixture
def stage(tmp_path: Path, shared_reader: Reader) -> Iterator[QuickStage]:
    one = QuickStage(tmp_path, shared_reader)
    one.clock.at = datetime.now(UTC)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged, as values; drawing a traceback for a terminal takes seconds."""
    with structlog.testing.capture_logs() as events:
        yield events
