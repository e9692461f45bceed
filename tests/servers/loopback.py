"""What every test server needs: free ports, a private directory, a certificate, a binary or a clear word about it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"


class MissingServer(AssertionError):
    """A server that the tests need is not installed; the text is the line that installs it."""


def binary(name: str, package: str) -> str:
    """The path of a program; a missing one fails the test, for a suite that skips proves nothing."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postfix/sbin")
    if found is None:
        raise MissingServer(f"{name} is missing: apt-get install -y --no-install-recommends {package}")
    return found


def free_ports(count: int, host: str = HOST) -> list[int]:
    """Ports that nobody listens on, held together while they are looked for, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((host, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@contextmanager
def private_directory(name: str) -> Iterator[Path]:
    """A new directory that an unprivileged server process can walk into; pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix=f"maildesk-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and 127.0.0.1, and its key; clients trust the certificate itself."""
    chain, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                binary("openssl", "openssl"),
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ),
            *("-nodes", "-days", "30", "-keyout", key, "-out", chain, "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


def wait_for_greeting(port: int, start: bytes, process: subprocess.Popen[bytes], log: Path, limit: float = 15) -> None:
    """Wait until a server greets on the port; a server that died or keeps silent fails with the end of its log."""
    end = time.monotonic() + limit
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection((HOST, port), 1) as line:
                line.settimeout(5)
                if line.recv(200).startswith(start):
                    return
        except OSError:
            time.sleep(0.01)
    process.kill()
    words = log.read_text(errors="replace")[-3000:] if log.exists() else "(no log)"
    raise AssertionError(f"{process.args!r} did not come up on port {port}: {words}")
