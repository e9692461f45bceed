"""A private Dovecot on loopback: IMAP (plain and STARTTLS), IMAPS, LMTP and SASL, as root or as an ordinary user."""

from __future__ import annotations

import grp
import os
import pwd
import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from imapclient import IMAPClient
from servers.loopback import HOST, binary, certificate, free_ports, private_directory, wait_for_greeting

CONFIG = r"""
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = maildesk{imap}
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = imap lmtp
default_vsz_limit = 512M
{identity}
disable_plaintext_auth = no
login_trusted_networks = 127.0.0.0/8
auth_mechanisms = plain login
auth_username_format = %Ln
auth_failure_delay = 0
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_dh =
mail_home = {folder}/mail/%n
mail_location = maildir:~/Maildir
mail_uid = {mail_user}
mail_gid = {mail_group}
first_valid_uid = 1
first_valid_gid = 0
mail_fsync = never
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
mail_max_userip_connections = 200
imap_idle_notify_interval = 2 mins
shutdown_clients = yes
passdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users/%n
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users/%n
  override_fields = uid={mail_user} gid={mail_group} home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
}}
service imap-login {{
{unjailed}
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 256
}}
service lmtp {{
{unjailed}
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {sasl}
  }}
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
service anvil {{
{unjailed}
  # Without penalty: else each wrong password makes everybody on 127.0.0.1 wait, up to 15 s.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
{unjailed}
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


@dataclass
class Mailbox:
    """One user of the server and the ways to bring mail to him."""

    server: Dovecot
    user: str
    password: str

    @property
    def address(self) -> str:
        return f"{self.user}@example.com"

    @property
    def maildir(self) -> Path:
        return self.server.folder / "mail" / self.user / "Maildir"

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        """A second pair of eyes: a plain client, logged in, no folder open."""
        client = IMAPClient(HOST, self.server.imap, ssl=False, timeout=20)
        try:
            client.login(self.user, self.password)
            client.normalise_times = False
            yield client
        finally:
            client.logout()

    def append(
        self, raw: bytes, folder: str = "INBOX", when: datetime | None = None, flags: tuple[str, ...] = ()
    ) -> int:
        """Put a mail there by APPEND; returns its UID."""
        with self.client() as client:
            answer = client.append(folder, raw, flags, when)
        return int(answer.decode().partition("APPENDUID")[2].split()[1].rstrip("]"))

    def deliver(self, raw: bytes, sender: str = "anna@customer.test", to: str | None = None) -> None:
        """Bring a mail as an MTA does, by LMTP: with Return-Path, Delivered-To and Received."""
        with smtplib.LMTP(HOST, self.server.lmtp, timeout=20) as line:
            line.sendmail(sender, [to or self.address], raw)

    def drop(self, raw: bytes) -> None:
        """Write a mail into the Maildir: the quickest way, for thousands of them. The folder must be there already."""
        name = f"{time.time_ns()}.P{os.getpid()}Q{next(self.server.counter)}.test"
        fresh = self.maildir / "tmp" / name
        fresh.write_bytes(raw)
        self.server.give(fresh)
        fresh.rename(self.maildir / "new" / name)

    def create(self) -> Mailbox:
        """Make the server lay out the Maildir, which it else does at the first login."""
        with self.client() as client:
            client.select_folder("INBOX")
        return self

    def uids(self, folder: str = "INBOX") -> list[int]:
        with self.client() as client:
            client.select_folder(folder, readonly=True)
            return sorted(client.search())

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        """What lies in a folder, oldest first."""
        with self.client() as client:
            client.select_folder(folder, readonly=True)
            rows = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [rows[uid][b"BODY[]"] for uid in sorted(rows)]

    def flags(self, uid: int, folder: str = "INBOX") -> set[str]:
        with self.client() as client:
            client.select_folder(folder, readonly=True)
            return {flag.decode() for flag in client.get_flags([uid])[uid]} - {r"\Recent"}


@dataclass
class Dovecot:
    """A running server. `user()` makes a new mailbox, so that tests do not meet in one."""

    folder: Path
    imap: int
    imaps: int
    lmtp: int
    sasl: int
    cafile: Path
    process: subprocess.Popen[bytes] | None = None
    counter: Iterator[int] = field(default_factory=lambda: count(1))
    host: str = HOST

    def user(self, name: str | None = None, password: str | None = None) -> Mailbox:
        number = next(self.counter)
        box = Mailbox(self, name or f"user{number}", password or f"canary-{number}-of-password")
        # A file a user: Dovecot would notice that one file for all has changed only after the second is over.
        (self.folder / "users" / box.user).write_text(f"{box.user}:{{PLAIN}}{box.password}::::::\n")
        return box

    def give(self, path: Path) -> None:
        """Hand a file over to the user that owns the mail; as an ordinary user everything is ours already."""
        if os.getuid() == 0:
            owner = pwd.getpwnam("nobody")
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def start(self) -> None:
        config = self.folder / "dovecot.conf"
        command = [binary("dovecot", "dovecot-imapd dovecot-lmtpd"), "-F", "-c", str(config)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_greeting(self.imap, b"* OK", self.process, self.folder / "dovecot.log")

    def stop(self) -> None:
        """End it and wait: its ports stay bound until the last process is gone."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def log(self) -> str:
        return (self.folder / "dovecot.log").read_text(errors="replace")


def _identity() -> tuple[str, str, str, str]:
    """(mail user, mail group, global settings, settings of jailed services). Dovecot refuses mail owned by root."""
    me = pwd.getpwuid(os.getuid())
    if me.pw_uid == 0:
        nobody = pwd.getpwnam("nobody")
        return "nobody", grp.getgrgid(nobody.pw_gid).gr_name, "", ""
    group = grp.getgrgid(me.pw_gid).gr_name
    settings = (
        ("default_internal_user", me.pw_name),
        ("default_internal_group", group),
        ("default_login_user", me.pw_name),
    )
    return me.pw_name, group, "\n".join(f"{key} = {value}" for key, value in settings), "  chroot ="


@contextmanager
def running_dovecot(*, prefix: str = "", separator: str = "/") -> Iterator[Dovecot]:
    """Start one; `prefix` and `separator` are those of the personal namespace ("INBOX." and "." at old providers)."""
    binary("dovecot", "dovecot-imapd dovecot-lmtpd")
    with private_directory("dovecot") as folder:
        imap, imaps, lmtp, sasl = free_ports(4)
        cert, key = certificate(folder)
        user, group, identity, unjailed = _identity()
        server = Dovecot(folder, imap, imaps, lmtp, sasl, cert)
        for name in ("run", "state", "mail", "users"):
            (folder / name).mkdir()
        server.give(folder / "mail")
        values = {"imap": imap, "imaps": imaps, "lmtp": lmtp, "sasl": sasl, "cert": cert, "key": key}
        values |= {"folder": folder, "mail_user": user, "mail_group": group, "identity": identity}
        values |= {"unjailed": unjailed, "prefix": prefix, "separator": separator}
        (folder / "dovecot.conf").write_text(CONFIG.format(**values))
        server.start()
        try:
            yield server
        finally:
            server.stop()
