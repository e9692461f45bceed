"""Word to the service manager: ready, alive, reloading, stopping (sd_notify(3)), and where it keeps our credentials.

The protocol is one datagram to the socket named in NOTIFY_SOCKET, so no library is needed. Started by hand there is no
such socket, and every word is dropped.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path


def notify(state: str, *, env: Mapping[str, str] = os.environ) -> bool:
    r"""Send one state such as "READY=1\nSTATUS=reading 2 mailboxes"; True if the service manager was told.

    A path and a name in the abstract namespace ("@name") are both understood. A manager that went away or does not
    listen is no reason to stop working, so errors only make it False.
    """
    address = env.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall(state.encode())
    except OSError:
        return False
    return True


def watchdog_seconds(*, env: Mapping[str, str] = os.environ) -> float | None:
    """How often WATCHDOG=1 is expected (sd_watchdog_enabled(3)), in seconds; None: nobody waits for it.

    Feed it at half that time. The variable is inherited by child processes: WATCHDOG_PID says whose it is.
    """
    try:
        microseconds = int(env.get("WATCHDOG_USEC", "0"))
        meant = int(env.get("WATCHDOG_PID") or os.getpid())
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 and meant == os.getpid() else None


def credentials_directory(*, env: Mapping[str, str] = os.environ) -> Path | None:
    """Where LoadCredential= put our secrets, one file each; None when the unit loads none."""
    folder = env.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None
