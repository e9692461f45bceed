"""Logs of the daemon: JSON lines for a collector, readable lines on a terminal; names, numbers and reasons only.

No secret can come into them, for a secret is only revealed to the line that sends it. No mail text can either: events
carry ids, and of an exception that is not ours only its kind and place are told, because libraries like to quote what
they could not read. `--log-level debug` tells such an exception whole.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from maildesk.cli.page import line
from maildesk.errors import MaildeskError

LEVELS = ("debug", "info", "warning", "error")
_NUMBERED: dict[str, int] = {name: getattr(logging, name.upper()) for name in LEVELS}


def configure(level: str) -> None:
    """Log to stderr from `level` on, for the whole process."""
    on_terminal = sys.stderr.isatty()
    _configure(level, structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer())


def configure_for_a_command() -> None:
    """A command says itself what it does; of what the desk logs meanwhile only errors matter, told in words."""
    _configure("error", structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))


def _configure(level: str, shape: Any) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _Exceptions(whole=level == "debug"),
            _one_line,
            shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERED[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Libraries()]
    root.setLevel(logging.WARNING)  # below that they tell what they send and receive


class _Libraries(logging.Handler):
    """What libraries log by Python's own way, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


class _Exceptions:
    """Turns `exc_info` into a line."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        given = event.pop("exc_info", None)
        error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given is True else None
        if isinstance(given, tuple):
            error = given[1]
        if error is not None:
            event["exception"] = "".join(traceback.format_exception(error)) if self._whole else told(error)
        return event


def told(error: BaseException) -> str:
    """An exception without words of a mail: kind and place, and of our own and the system's what they say."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    way = " < ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in reversed(frames))
    says = f": {error}" if isinstance(error, MaildeskError | OSError) else ""
    return f"{type(error).__name__}{says} at {way}" if way else f"{type(error).__name__}{says}"


def _one_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Servers' answers and file names may hold what a terminal obeys; a traceback keeps its lines."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = line(value)
    return {key: value for key, value in event.items() if value is not None}
