"""The demo: a real desk between mail servers of its own, and a story told live. Needs the extra `demo`.

Its parts: company (who plays, and the configuration in config/), postoffice (an SMTP and an IMAP server in this
process), atwork (the desk as `maildesk run` has it, in a thread), mailclient (what people write and read with), stage
(people write and get letters, and none is unexpected), story (what happens), screen (how it looks).
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from maildesk.demo.atwork import AtWork, desk_at_work, logging_to
from maildesk.demo.company import DESK, passwords, write_configuration
from maildesk.demo.postoffice import HOST, PostOffice
from maildesk.demo.screen import Screen
from maildesk.demo.stage import Missed, set_up
from maildesk.demo.story import play

INTRO = (
    "A desk at work between an IMAP and an SMTP server of its own, all on this machine. Every mail is shown as it goes "
    "by; what stands in every letter is shown once. The configuration of this desk:"
)
TOLD = 1  # the incident whose timeline is shown
NEXT = """\
Your own desk:
  maildesk init DIR                      a commented configuration to begin with
  maildesk check --config DIR --connect  what is wrong, and what would be taken
  maildesk run --config DIR              the desk at work"""


def main(keep: bool) -> int:
    """Tell the story; 0, or 1 if something of it did not happen. `keep` leaves all running until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell that starts it in the background lets it ignore Ctrl-C
        signal.signal(number, signal.default_int_handler)
    screen = Screen()
    directory = Path(tempfile.mkdtemp(prefix="maildesk-demo-"))
    log = directory / "desk.log"
    try:
        with logging_to(log):
            _perform(directory, screen, keep)
    except Missed as missed:
        screen.failure(f"The demo failed: {missed}.", f"What the desk did stands in {log}")
        return 1
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C, or nobody reads what it says
        shutil.rmtree(directory)
        raise
    shutil.rmtree(directory)
    screen.lines(NEXT)
    return 0


def _perform(directory: Path, screen: Screen, keep: bool) -> None:
    screen.say(INTRO)
    screen.lines(f"  {Path(__file__).parent / 'config'}")
    with PostOffice(passwords()) as office:
        write_configuration(directory, office.imap_port, office.smtp_port)
        with desk_at_work(directory) as work:
            with set_up(office, work, screen) as stage:
                play(stage)
            _at_the_end(work, screen)
            if keep:
                _stay(directory, office, screen)


def _at_the_end(work: AtWork, screen: Screen) -> None:
    screen.heading("What is left to do (maildesk list)")
    screen.queue(work.queue())
    incident, entries = work.history(TOLD)
    screen.heading(f"What happened to {incident.tag} (maildesk show {incident.tag})")
    screen.timeline(incident, entries)
    screen.say()


def _stay(directory: Path, office: PostOffice, screen: Screen) -> None:
    """Leave it running, and show every mail that is delivered."""
    screen.heading("It keeps running, until Ctrl-C")
    screen.lines(
        f"Point a mail client at it, and write to {DESK}.\n"
        "Connection security: none; authentication: normal password.\n"
        f"  IMAP  {HOST}, port {office.imap_port}\n"
        f"  SMTP  {HOST}, port {office.smtp_port}"
    )
    screen.accounts(office.passwords)
    screen.lines(
        "\nLook at the desk from another terminal:\n"
        f"  maildesk --config {directory} list\n"
        f"  maildesk --config {directory} show INC-{TOLD}\n"
        f"  maildesk --config {directory} inbox --state done\n"
        f"  tail -f {directory}/desk.log\n"
    )
    office.watch(screen.delivered)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    screen.say()
