"""Word to the service manager, read from the other end of its socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.wire.systemd import credentials_directory, notify, watchdog_seconds


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    path = str(tmp_path / "notify")
    name = path if request.param == "path" else f"@maildesk-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        one.settimeout(5)
        yield one, name


def test_a_state_reaches_the_manager(manager: tuple[socket.socket, str]) -> None:
    ear, name = manager
    assert notify("READY=1\nSTATUS=reading 2 mailboxes", env={"NOTIFY_SOCKET": name})
    assert ear.recv(4096) == b"READY=1\nSTATUS=reading 2 mailboxes"


def test_without_a_manager_nothing_happens() -> None:
    assert notify("READY=1", env={}) is False
    assert notify("READY=1", env={"NOTIFY_SOCKET": "vsock:2:1234"}) is False


def test_a_manager_that_went_away_is_no_error(tmp_path: Path) -> None:
    assert notify("WATCHDOG=1", env={"NOTIFY_SOCKET": str(tmp_path / "gone")}) is False


@pytest.mark.parametrize(
    ("env", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": str(os.getpid())}, 1.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "me"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_only_if_it_is_meant_for_this_process(env: dict[str, str], seconds: float | None) -> None:
    assert watchdog_seconds(env=env) == seconds


def test_credentials_lie_where_the_manager_says() -> None:
    assert credentials_directory(env={"CREDENTIALS_DIRECTORY": "/run/credentials/x"}) == Path("/run/credentials/x")
    assert credentials_directory(env={}) is None
    assert credentials_directory(env={"CREDENTIALS_DIRECTORY": ""}) is None
