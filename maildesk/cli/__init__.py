"""The command line: what can be typed stands in app.py, what it does in the module of its concern.

Nothing is imported here before it is known to be needed, so that an answer to a typing mistake is immediate.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and end the process: 0 fine, 1 a finding or a failure, 2 usage or configuration."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if delivering(words):
        # What calls this one is a mail server, and the mail comes back as undeliverable for every other code.
        from maildesk.cli.guard import run_guarded  # noqa: PLC0415 -- as said at the head

        sys.exit(run_guarded(words))
    from maildesk.cli.app import run_words  # noqa: PLC0415 -- as said at the head
    from maildesk.cli.guard import flush  # noqa: PLC0415

    code = run_words(words)
    flush()  # `| head` may have heard enough
    sys.exit(code)


def delivering(words: Sequence[str]) -> bool:
    """Whether these words call `deliver`, however wrong the others are."""
    rest = iter(words)
    for word in rest:
        if word == "--config":
            next(rest, None)
        elif not word.startswith("-"):
            return word == "deliver"
    return False
