r"""The line to an IMAP server, below its commands: socket, TLS, read buffer, IDLE.

imaplib leaves `read`, `readline`, `starttls` and `login` to be overridden, and here is why each is:

- *The buffer.* Waiting means to poll the socket, but a line that came in the same packet as the one before it lies in a
  buffer above the socket, and a TLS record in a buffer above that. imaplib's cannot be asked what it holds; ours can.
- *IDLE* (RFC 2177) never reads while it waits. It polls, ends IDLE as soon as the server says anything, and reads the
  lines up to the answer of DONE with a time limit. So a line in two packets is no error, and a server that closed is
  noticed at once and does not make a loop spin.
- *STARTTLS* (RFC 3501 6.2.1). Whatever stands in the buffer at the moment of the handshake was put there by somebody in
  between, who hopes that it is read as if it had come through TLS. That ends the connection.
- *LOGIN.* imaplib sends the user name unquoted, and `DOMAIN\user` or `a b` is not an atom.
"""

from __future__ import annotations

import imaplib
import re
import select
import socket
import ssl
from typing import Any, Literal

from maildesk.errors import ChannelError
from maildesk.wire import tls

_LIMIT = 64 * 1024 * 1024  # bytes of a line or literal; imaplib's 1 MB a line is a SEARCH that finds 140,000 mails
_PIECE = 64 * 1024  # bytes read from the socket at once
_IDLE_TAG = b"IDLE1"  # imaplib's tags are four letters A to P and a number
_ANNOUNCED = re.compile(rb"\* \d+ EXISTS\b", re.IGNORECASE)


class Line(imaplib.IMAP4):
    """A connected, greeted, not yet authenticated line. `context` is for implicit TLS; None begins in plaintext.

    `starttls` says that plaintext is only the way to STARTTLS; without either kind of TLS the peer must be this very
    machine. Raises what sockets, TLS and imaplib raise.
    """

    def __init__(
        self, host: str, port: int, *, timeout: float, context: ssl.SSLContext | None, starttls: bool = False
    ) -> None:
        self._context = context
        self._may_leave = starttls or context is not None
        self._held = bytearray()
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout)
        if not self._may_leave and not tls.is_loopback(plain.getpeername()[0]):
            plain.close()
            raise ChannelError("plaintext is for this very machine only; use imaps:// or imap:// (STARTTLS)")
        # Without it Nagle's algorithm holds the second half of each command back for 40 ms.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return plain
        return self._context.wrap_socket(plain, server_hostname=self.host)

    def starttls(  # type: ignore[override] # typeshed promises OK, a server does not
        self, ssl_context: ssl.SSLContext | None = None
    ) -> tuple[str, list[Any]]:
        assert ssl_context is not None
        answer = self.xatom("STARTTLS")
        if answer[0] != "OK":
            return answer
        if self._held:
            raise self.abort("the server's answer to STARTTLS was followed by more; somebody may be in between")
        self.sock = ssl_context.wrap_socket(self.sock, server_hostname=self.host)
        self.untagged_responses.clear()
        return answer

    def login(self, user: str, password: str) -> tuple[Literal["OK"], list[bytes]]:
        quoted = user.replace("\\", "\\\\").replace('"', '\\"')
        return super().login(f'"{quoted}"', password)

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or fewer when the server closed."""
        if size > _LIMIT:
            raise self.error(f"the server announces {size} bytes at once")
        while len(self._held) < size and self._more():
            pass
        return self._take(size)

    def readline(self) -> bytes:
        r"""One line with its end; without one, or empty, when the server closed."""
        seen = 0
        while (end := self._held.find(b"\n", seen)) < 0:
            seen = len(self._held)
            if seen > _LIMIT:
                raise self.error(f"a line of more than {_LIMIT} bytes")
            if not self._more():
                return self._take(seen)
        return self._take(end + 1)

    def _more(self) -> bool:
        data = self.sock.recv(_PIECE)
        self._held += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _spoke(self) -> bool:
        """Whether something was received that nobody has read; asks the two buffers, not the network."""
        return bool(self._held) or (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0)

    def silent(self, seconds: float, wake: int | None) -> tuple[bool, bool]:
        """Wait until the server speaks (or closes) or `wake` is readable; returns (server spoke, woken)."""
        if self._spoke():
            return True, False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        ready = {number for number, _ in poll.poll(max(0.0, seconds) * 1000)}
        return self.sock.fileno() in ready, wake in ready

    def begin_idle(self) -> bool:
        """Enter IDLE; True if mail was announced before the server agreed. Raises imaplib's error if it refuses."""
        self.send(_IDLE_TAG + b" IDLE\r\n")
        return self._read_until(b"+")

    def end_idle(self) -> bool:
        """Leave IDLE; True if mail was announced since it began."""
        self.send(b"DONE\r\n")
        return self._read_until(_IDLE_TAG + b" OK")

    def _read_until(self, end: bytes) -> bool:
        announced = False
        while not (line := self.readline()).startswith(end):
            if not line.endswith(b"\n"):
                raise self.abort("the server closed the connection")
            if line[:5].upper() == b"* BYE" or line.startswith(_IDLE_TAG):
                raise self.abort(line.decode("ascii", "replace").strip())
            announced |= bool(_ANNOUNCED.match(line))
        return announced
