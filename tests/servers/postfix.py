"""A private Postfix on loopback, in front of a Dovecot: MX, submission (STARTTLS), SMTPS, real bounces. Needs root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers.dovecot import Dovecot
from servers.loopback import HOST, binary, certificate, free_ports, private_directory, wait_for_greeting
from servers.smtpd import Sink

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {folder}
maillog_file = {folder}/postfix.log
myhostname = mx.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
biff = no
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:no local delivery
smtp_dns_support_level = disabled
default_transport = error:5.1.2 no route outside the test network
recipient_delimiter = +
virtual_mailbox_domains = example.com
virtual_mailbox_maps = static:anybody
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
transport_maps = inline:{{ {{far.test = smtp:[127.0.0.1]:{far}}} }}
smtp_tls_security_level = may
lmtp_tls_security_level = none
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
maximal_queue_lifetime = 1h
bounce_queue_lifetime = 1h
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_tls_auth_only = no
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_sasl_auth_enable = yes
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
message_size_limit = 52428800
mailbox_size_limit = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
"""

MASTER = """
127.0.0.1:{mx} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{smtps} inet n - n - - smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """A running server. Users and passwords are Dovecot's; `far` receives what goes to far.test."""

    folder: Path
    mx: int
    submission: int
    smtps: int
    cafile: Path
    far: Sink
    host: str = HOST

    def log(self) -> str:
        return (self.folder / "postfix.log").read_text(errors="replace")


@contextmanager
def running_postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """Start one that delivers example.com to this Dovecot. Its master starts as root only, and says so otherwise."""
    master = binary("master", "postfix")
    assert os.getuid() == 0, "Postfix can be started by root only: run the tests as root"
    with private_directory("postfix") as folder, Sink() as far:
        mx, submission, smtps = free_ports(3)
        cert, key = certificate(folder)
        for name in ("etc", "spool", "data"):
            (folder / name).mkdir()
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        values = {
            "folder": folder,
            "lmtp": dovecot.lmtp,
            "sasl": dovecot.sasl,
            "far": far.port,
            "cert": cert,
            "key": key,
        }
        (folder / "etc" / "main.cf").write_text(MAIN.format(**values))
        (folder / "etc" / "master.cf").write_text(MASTER.format(mx=mx, submission=submission, smtps=smtps))
        (folder / "etc" / "dynamicmaps.cf").write_text("")
        etc = str(folder / "etc")
        # It lays out the queue. `postfix start` would do so too, and then sleep for two seconds.
        subprocess.run([binary("postfix", "postfix"), "-c", etc, "check"], check=True, capture_output=True)
        process = subprocess.Popen(
            [master, "-c", etc],
            env={**os.environ, "MAIL_CONFIG": etc},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for_greeting(mx, b"220", process, folder / "postfix.log")
            yield Postfix(folder, mx, submission, smtps, cert, far)
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(folder / "spool", ignore_errors=True)
