"""What tests of the command line work with."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from clidesk import CliDesk

from maildesk.daemon.reader import Reader


@pytest.fixture(scope="session")
def shared_reader() -> Iterator[Reader]:
    with Reader() as reader:
        yield reader


@pytest.fixture
def bare(
    tmp_path: Path, shared_reader: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CliDesk]:
    """A configuration without a database."""
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    yield CliDesk(tmp_path, shared_reader, monkeypatch, capsys)
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)


@pytest.fixture
def desk(bare: CliDesk) -> CliDesk:
    """A configuration and an empty database."""
    return bare.prepare()
