"""The stories of story/: through real servers and the real daemon, with restarts, and on the quick stage."""

from __future__ import annotations

import email
import smtplib
from collections import Counter
from pathlib import Path

import pytest
from scenes.play import Play
from scenes.real import (
    DaemonProcess,
    RealStage,
    accounted_for,
    configuration,
    daemon,
    letter_id,
    no_secret_was_logged,
    plain,
)
from scenes.stages import QuickStage, with_policy
from servers.dovecot import Dovecot, Mailbox
from servers.postfix import Postfix
from servers.smtpd import Sink
from world import PEOPLE

from maildesk.daemon.reader import Reader

STORIES = Path(__file__).parent / "story"
LONG, SHORT = STORIES / "three-requesters.scene", STORIES / "two-ways-of-threading.scene"


def play(scene: Path, on: Play) -> None:
    on.run(scene.read_text(encoding="utf-8"), scene.name)


@pytest.mark.parametrize("scene", sorted(STORIES.glob("*.scene")), ids=lambda path: path.stem)
def test_every_story_is_the_same_without_servers(scene: Path, shared_reader: Reader, tmp_path: Path) -> None:
    stage = QuickStage(tmp_path, shared_reader, with_policy(plus_address=scene == SHORT))
    try:
        play(scene, Play(stage))
    finally:
        stage.close()


@pytest.mark.servers
def test_three_requesters_are_looked_after_through_restarts(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        one.start(wait=False, fresh=True)
        stage = RealStage(one, mailbox, sink)
        play(LONG, Play(stage))
        threads = Counter(row.incident_id for row in one.rows())
        assert min(threads[number] for number in (1, 2, 3)) >= 6, threads
        accounted_for(one, mailbox, stage.ids)
        assert [row.sha256 for row in one.rows() if row.message_id in stage.appended] == list(stage.appended.values())
        each_letter_arrived_once(stage)
        one.stop()
        no_secret_was_logged(one)


def each_letter_arrived_once(stage: RealStage) -> None:
    arrived = Counter(letter_id(letter) for letter in stage.sink.letters)
    written = Counter({letter.message_id: 1 for letter in stage.daemon.letters()})
    assert arrived == written
    assert {letter.state for letter in stage.daemon.letters()} == {"sent"}


@pytest.mark.servers
def test_postfix_carries_plus_addresses_and_references(dovecot: Dovecot, postfix: Postfix, tmp_path: Path) -> None:
    mailbox = dovecot.user().create()
    postfix.far.letters.clear()
    people = {name: f"{name}@far.test" for name in ("erika", "ann", "ben", "nia")}
    with daemon(tmp_path / "desk", through_postfix(mailbox, postfix, people), mailbox, smtp=mailbox.password) as one:
        one.start(wait=False, fresh=True)
        stage = ThroughPostfix(one, mailbox, postfix.far)
        stage.mx = postfix.mx
        play(SHORT, Play(stage, people=people, desk=mailbox.address))
        accounted_for(one, mailbox, stage.ids)
        each_letter_arrived_once(stage)
        assert ways(one) >= {"found by address", "found by token"}
        one.stop()
        no_secret_was_logged(one)


class ThroughPostfix(RealStage):
    """People's mails come in through the MX, letters leave by submission, with TLS and login."""

    mx = 0

    def deliver(self, raw: bytes) -> None:
        self.follow(raw)
        message = email.message_from_bytes(raw)
        with smtplib.SMTP("127.0.0.1", self.mx, timeout=20) as line:
            line.sendmail(str(message["From"]), [str(message["To"])], raw)


def through_postfix(mailbox: Mailbox, postfix: Postfix, people: dict[str, str]) -> dict[str, object]:
    smtp = {
        "url": f"smtp://{postfix.host}:{postfix.submission}",
        "cafile": str(postfix.cafile),
        "user": mailbox.user,
        "password": {"file": "secrets/smtp"},
        "plus_address": True,
    }
    return configuration(
        mailbox,
        smtp,
        desk={"name": "ACME IT", "address": mailbox.address, "admins": ["root@far.test"]},
        people={key: {"name": one.name, "email": [people[key]]} for key, one in PEOPLE.items()},
        organisations=[{"name": "Far", "domains": ["far.test"]}],
    )


def ways(one: DaemonProcess) -> set[str]:
    """How mails found their incident."""
    with one.database.view() as view:
        return {entry.record.why for entry in view.incidents.history(1)}
