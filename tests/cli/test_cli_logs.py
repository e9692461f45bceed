"""Logs: one JSON object a line, without secrets and without words of mails."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog
from clidesk import CliDesk

from maildesk.cli.logs import configure, configure_for_a_command
from maildesk.errors import Transient

SECRET = "the words of a mail"


@pytest.fixture
def said(bare: CliDesk, capsys: pytest.CaptureFixture[str]) -> Any:
    """The lines logged, as values; `bare` puts the loggers back afterwards."""
    return lambda: [json.loads(row) for row in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_object_with_level_and_time(said: Any) -> None:
    configure("info")
    structlog.get_logger().info("mail handled", inbox=3, incident="INC-1", nothing=None)
    (one,) = said()
    assert (one["event"], one["level"], one["inbox"], one["incident"]) == ("mail handled", "info", 3, "INC-1")
    assert one["timestamp"].endswith("Z")
    assert "nothing" not in one


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_decides_what_is_logged(said: Any, level: str, count: int) -> None:
    configure(level)
    log = structlog.get_logger()
    for one in (log.debug, log.info, log.warning, log.error):
        one("something")
    assert len(said()) == count


def test_an_exception_of_a_library_tells_its_place_and_not_its_words(said: Any) -> None:
    configure("info")
    try:
        int(SECRET)
    except ValueError:
        structlog.get_logger().exception("a mail failed")
    (one,) = said()
    assert SECRET not in json.dumps(one)
    assert one["exception"].startswith("ValueError at test_cli_logs.py:")


def test_an_error_of_our_own_says_what_it_says(said: Any) -> None:
    configure("info")
    structlog.get_logger().error("it waits", exc_info=Transient("the database is away"))
    assert said()[0]["exception"] == "Transient: the database is away"


def test_who_asks_for_everything_gets_the_traceback(said: Any) -> None:
    configure("debug")
    try:
        int(SECRET)
    except ValueError:
        structlog.get_logger().exception("a mail failed")
    (one,) = said()
    assert "Traceback" in one["exception"]
    assert SECRET in one["exception"]


def test_libraries_speak_in_the_same_form_and_only_of_trouble(said: Any) -> None:
    configure("debug")
    logging.getLogger("imapclient").debug("LOGIN support hunter2")
    logging.getLogger("asyncio").warning("slow %s", "task")
    (one,) = said()
    assert (one["event"], one["logger"], one["level"]) == ("slow task", "asyncio", "warning")


def test_a_servers_words_cannot_make_lines_of_their_own(said: Any) -> None:
    configure("info")
    structlog.get_logger().info("letter", reply="550 no\r\n{}\x1b[2J")
    (one,) = said()
    assert one["reply"] == "550 no {}\ufffd[2J"


def test_a_command_logs_errors_alone_and_in_words(bare: CliDesk, capsys: pytest.CaptureFixture[str]) -> None:
    configure_for_a_command()
    structlog.get_logger().warning("mail handled")
    structlog.get_logger().error("a template fails", template="new")
    said = capsys.readouterr()
    assert said.out == ""
    assert "mail handled" not in said.err
    assert "a template fails" in said.err
    assert "\x1b" not in said.err
