"""A TCP proxy that tells what went over the wire and breaks it: cut, lost replies, black holes, rewritten words."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from servers.loopback import HOST


class CutProxy:
    """Stands between a client and a server on loopback; the attributes may change while it runs.

    `cut_after`   bytes from server to client, then both sides are reset
    `cut_on`      bytes seen from client to server: they are passed on, then the client is reset, so that the server
                  acts and its reply is lost
    `blackhole`   nothing is passed on in either direction, and nothing is closed
    `deaf_on`     bytes seen from client to server: they are passed on, and from then on nothing comes back
    `rewrite`     changes what the server says (to take words such as STARTTLS out of it)
    `slice`       the server's words arrive in pieces of so many bytes
    """

    def __init__(self, port: int, *, host: str = HOST, listen: str = HOST) -> None:
        self._target = (host, port)
        self.host = listen
        self.cut_after: int | None = None
        self.cut_on: bytes | None = None
        self.deaf_on: bytes | None = None
        self.blackhole = False
        self.refuse = False
        self.slice = 0
        self.rewrite: Callable[[bytes], bytes] = bytes
        self.sent = bytearray()  # what clients said
        self.received = bytearray()  # what the server said, as it was before it was rewritten
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._door = socket.create_server((listen, 0))
        self.port = self._door.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.blackhole = False
        self.reset_all()
        for thread in self._threads:
            thread.join(5)

    def wait_sent(self, count: int, seconds: float = 10) -> None:
        """Until clients have said so many bytes."""
        end = time.monotonic() + seconds
        while len(self.sent) < count and time.monotonic() < end:
            time.sleep(0.001)

    def reset_all(self) -> None:
        """Reset every open connection, as a router does that lost its table."""
        for one in list(self._open):
            _reset(one)

    def close_all(self) -> None:
        """Close every open connection properly, as a server does that goes down."""
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            self.connections += 1
            try:
                if self.refuse:
                    raise ConnectionRefusedError
                server = socket.create_connection(self._target, 5)
            except OSError:
                _reset(client)
                client.close()
                continue
            deaf = threading.Event()
            self._open |= {client, server}
            for one in (client, server):
                one.settimeout(None)
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._up, client, server, deaf)
            self._start(self._down, client, server, deaf)

    def _up(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self.sent += data
                self._hole(deaf, up=True)
                if self.deaf_on and self.deaf_on in data:
                    deaf.set()
                server.sendall(data)
                if self.cut_on and self.cut_on in data:
                    _reset(client)
                    time.sleep(0.3)  # the server shall act before it notices
        self._end(client, server)

    def _down(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        passed = 0
        with suppress(OSError):
            while data := server.recv(65536):
                self.received += data
                self._hole(deaf, up=False)
                data = self.rewrite(data)
                if self.cut_after is not None:
                    data = data[: max(0, self.cut_after - passed)]
                self._pass_on(client, data)
                passed += len(data)
                if self.cut_after is not None and passed >= self.cut_after:
                    _reset(client)
        self._end(client, server)

    def _pass_on(self, client: socket.socket, data: bytes) -> None:
        if not self.slice:
            client.sendall(data)
            return
        for start in range(0, len(data), self.slice):
            client.sendall(data[start : start + self.slice])
            time.sleep(0.002)

    def _hole(self, deaf: threading.Event, *, up: bool) -> None:
        while (self.blackhole or (deaf.is_set() and not up)) and not self._closing:
            time.sleep(0.01)

    def _end(self, client: socket.socket, server: socket.socket) -> None:
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            self._open.discard(one)
            one.close()


def _reset(one: socket.socket) -> None:
    """Close with RST instead of FIN; a peer that reads gets ECONNRESET."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)
        one.close()
