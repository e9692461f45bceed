"""What tests of the command line work with."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from clidesk import CliDesk

from maildesk.daemon.reader import Reader
from maildesk.mail.render import Renderer


class PatientRenderer(Renderer):
    """Checks once, for its templates never change."""

    def check(self) -> list[str]:
        return list(_checked(self))


@functools.cache
def _checked(renderer: PatientRenderer) -> list[str]:
    return Renderer.check(renderer)


@functools.cache
def renderer(templates: frozenset[tuple[str, str]]) -> Renderer:
    """One for each set of templates: to compile them takes longer than most tests."""
    return PatientRenderer(dict(templates))


@pytest.fixture(autouse=True)
def shared_renderers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maildesk.mail.render.Renderer", lambda templates: renderer(frozenset(templates.items())))


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
