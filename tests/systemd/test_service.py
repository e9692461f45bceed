"""The unit file, as systemd itself reads it: no word it does not know, little that an intruder could do, and room for
what the daemon needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from servers.loopback import binary

pytestmark = pytest.mark.servers

UNIT = Path(__file__).parents[2] / "systemd" / "maildesk.service"


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [binary("systemd-analyze", "systemd"), "--no-pager", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the program where it lies here, for systemd looks whether it is there."""
    program = Path(sys.executable).with_name("maildesk")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/maildesk/bin/maildesk", str(program)))
    return copy


def directives() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture(scope="module")
def groups() -> dict[str, set[str]]:
    """systemd's groups of system calls, by name; members may be groups again."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in analyze("syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
        elif line.startswith(" ") and not line.strip().startswith("#"):
            found.setdefault(name, set()).add(line.strip())
    return found


def calls(groups: dict[str, set[str]], name: str) -> set[str]:
    """The system calls of a group, groups in it resolved."""
    if not name.startswith("@"):
        return {name}
    return {call for member in groups[name] for call in calls(groups, member)}


def test_systemd_finds_nothing_to_complain_about(unit: Path) -> None:
    verdict = analyze("verify", unit)
    ours = [line for line in verdict.stderr.splitlines() if "maildesk" in line]
    assert (verdict.returncode, ours) == (0, [])


def test_a_word_that_systemd_does_not_know_would_be_seen(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("PrivateTmp=yes", "PrivatTmp=yes"))
    assert any("PrivatTmp" in line for line in analyze("verify", unit).stderr.splitlines())


def test_the_exposure_that_systemd_computes_is_low() -> None:
    verdict = analyze("security", "--offline=true", "--threshold=20", UNIT)
    assert verdict.returncode == 0, verdict.stdout


def test_the_daemon_may_do_what_it_needs(groups: dict[str, set[str]]) -> None:
    allowed, denied = directives()["SystemCallFilter"]
    assert denied.startswith("~")
    left = calls(groups, allowed) - calls(groups, denied[1:])
    # to limit a reader process, start and end it, send and receive, keep a database safe, stop a second daemon
    needed = {"setrlimit", "prlimit64", "clone3", "execve", "kill", "wait4", "socketpair", "connect", "sendto"}
    assert (
        needed | {"recvfrom", "poll", "epoll_wait", "fsync", "fdatasync", "flock", "fcntl", "rename", "unlink"} <= left
    )
    assert not {"chroot", "setuid", "bpf", "init_module", "mount", "ptrace", "reboot"} & left


def test_the_manager_knows_when_it_is_ready_alive_and_reloaded() -> None:
    unit = directives()
    assert unit["Type"] == ["notify"]
    assert int(unit["WatchdogSec"][0]) > 0
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert unit["Restart"] == ["always"]
    assert unit["ExecStart"] == ["/opt/maildesk/bin/maildesk --config /etc/maildesk run"]
    assert unit["StateDirectoryMode"] == ["0700"]
