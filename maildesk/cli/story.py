"""demo: the story of demo.py, and the lines that install what it needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from maildesk import __version__
from maildesk.cli import page

# Each is right for one way by which maildesk came here, and for no other.
INSTALL = f"""\
pip install 'maildesk[demo]'                               # the demo's mail servers, if maildesk came from an index
pip install -e '.[demo]'                                   # if this is a checkout
pip install './maildesk-{__version__}-py3-none-any.whl[demo]'    # if it came as a file"""
NEEDS = ("pymap", "aiosmtpd")


def demo(*, keep: bool) -> int:
    """Tell the story; 1 and the lines to type if the servers it needs are not installed."""
    try:
        for name in NEEDS:
            importlib.import_module(name)
    except ModuleNotFoundError:
        page.complain(INSTALL)
        return 1
    tell: Callable[[bool], int | None] = importlib.import_module("maildesk.demo").main
    return tell(keep) or 0
