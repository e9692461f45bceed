"""demo: the story of demo.py, and the line that installs what it needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from maildesk.cli import page

INSTALL = "pip install 'maildesk[demo]'"
NEEDS = ("pymap", "aiosmtpd")


def demo(*, keep: bool) -> int:
    """Tell the story; 1 and the line to type if the servers it needs are not installed."""
    try:
        for name in NEEDS:
            importlib.import_module(name)
    except ModuleNotFoundError:
        page.complain(INSTALL)
        return 1
    tell: Callable[[bool], int | None] = importlib.import_module("maildesk.demo").main
    return tell(keep) or 0
