"""A private PostgreSQL on loopback: one cluster for a test session, and a fresh database for whoever asks."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from servers.loopback import HOST, MissingServer, free_ports, private_directory

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
max_connections = 80
shared_buffers = 32MB
# The machine does not fail during a test, only processes do; what these two save is a disk's time, not a promise.
fsync = off
full_page_writes = off
"""


@dataclass
class Postgres:
    """The running cluster; its superuser is `postgres`, and nobody needs a password."""

    port: int
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, name: str) -> str:
        return f"postgresql://postgres@{HOST}:{self.port}/{name}"

    def database(self) -> str:
        """Make a new, empty database and return its URL."""
        name = f"desk{next(self.numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a cluster in a directory of its own, and stop and forget it at the end."""
    programs = _programs()
    with private_directory("postgres") as folder:
        user = _user(folder)
        data = folder / "data"
        _run(user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8")
        (port,) = free_ports(1)
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(port=port, folder=folder))
        _run(user, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-t", "30", "start")
        try:
            yield Postgres(port)
        finally:
            _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _programs() -> Path:
    """The newest server there is; Debian keeps its programs out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    if elsewhere := shutil.which("initdb"):
        return Path(elsewhere).resolve().parent
    raise MissingServer("initdb is missing: apt-get install -y --no-install-recommends postgresql")


def _user(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root; then it runs as its own user, who must own the directory."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "postgres")
    return "postgres"


def _run(user: str | None, *command: str | Path) -> None:
    who = {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    # pg_ctl leaves a server behind that would keep pipes open: a file takes the words instead.
    done = subprocess.run(command, **who, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, f"{command[0]} failed; its words stand above"
