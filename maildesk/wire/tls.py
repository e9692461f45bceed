"""What IMAP and SMTP have in common: certificates are always verified, plaintext is for loopback, replies are cleaned.

There is no switch that turns verification off. A site with a certificate authority of its own names its file
(`cafile`), and that authority then stands alone: a public one cannot sign for the mail server any more.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl

from maildesk.errors import ChannelError

MODES = ("implicit", "starttls", "none")  # "none" is plaintext, and only to this very machine

_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_BYTES_SHOWN = re.compile(r"\[?b(['\"])(.*?)\1\]?")  # imaplib puts the repr of bytes into its messages


def context(cafile: str | None) -> ssl.SSLContext:
    """A client context that verifies chain, dates and host name, TLS 1.2 or newer. Raises ChannelError."""
    try:
        return ssl.create_default_context(cafile=cafile)
    except OSError as error:
        raise ChannelError(f"cannot use the certificate authorities in {cafile}: {reason(error)}") from None


def is_loopback(peer: str) -> bool:
    """Whether a numeric address is this machine; anything that is no address is not."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def one_line(text: str, limit: int = 300) -> str:
    """A server's words as one clean line of at most `limit` characters: they end in logs, letters and terminals."""
    return _UNSHOWABLE.sub(" ", text).strip()[:limit]


def reason(error: BaseException, *secrets: str) -> str:
    """Why it failed, for an admin: one line that never holds one of the secrets, even where a server echoes it."""
    text = _words(error)
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return one_line(text)


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}"
    if isinstance(error, UnicodeError):
        return "text that is not ASCII"  # the error object holds the whole text, and that may be the password
    if isinstance(error, OSError) and error.strerror:
        return _system_words(error)
    if isinstance(error.__cause__, OSError) and error.__cause__.strerror:
        return _words(error.__cause__)  # what a library made of it is longer and says less
    message = getattr(error, "message", None)  # aiosmtplib's, without the code
    return _BYTES_SHOWN.sub(r"\2", message if isinstance(message, str) else str(error)) or type(error).__name__


def _system_words(error: OSError) -> str:
    """The system's words: asyncio writes its own over them, and TLS and name look-ups number errors their own way."""
    number = error.errno or 0
    words = error.strerror if number <= 0 or isinstance(error, ssl.SSLError) else os.strerror(number)
    return f"{error.filename}: {words}" if error.filename else str(words)
