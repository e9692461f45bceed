"""What reaches people whom the desk does not know, and what comes back to those whom it does."""

from __future__ import annotations

import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from scenes.stages import QuickStage
from world import DIRECTORY, POLICY

from maildesk.daemon.desk import Rules
from maildesk.daemon.reader import Reader
from maildesk.daemon.vanished import give_back_vanished

CANARY = "canary-7731"


@pytest.fixture
def stage(tmp_path: Path, shared_reader: Reader) -> Iterator[QuickStage]:
    one = QuickStage(tmp_path, shared_reader)
    yield one
    one.close()


def write(stage: QuickStage, sender: str, subject: str, text: str = "Hello", number: int = 1) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "support@acme.example", subject
    message["Message-ID"] = f"<{number}@client.example>"
    message.set_content(text)
    return message


def deliver(stage: QuickStage, message: EmailMessage) -> dict[str, list[bytes]]:
    """The letters by whom they go to."""
    stage.deliver(message.as_bytes(policy=email.policy.SMTP))
    letters: dict[str, list[bytes]] = {}
    for to, _envelope, _template, raw in stage.settle():
        letters.setdefault(to, []).append(raw)
    return letters


def test_no_word_of_a_stranger_goes_to_the_address_he_names(stage):
    message = write(
        stage, f'"{CANARY} Bcc: x@y.example" <victim@elsewhere.example>', f"{CANARY} offer", f"Buy {CANARY}"
    )
    message.add_attachment(CANARY.encode(), maintype="text", subtype="plain", filename=f"{CANARY}.txt")
    (letter,) = deliver(stage, message)["victim@elsewhere.example"]
    parsed = message_from_bytes(letter, policy=email.policy.default)
    everything = str(parsed.items()) + "".join(str(p.get_content()) for p in parsed.walk() if not p.is_multipart())
    assert CANARY not in everything
    assert str(parsed["To"]) == "victim@elsewhere.example"


def test_an_acknowledgement_sends_nobodys_files_back(stage):
    message = write(stage, "Erika <erika@shop.example>", "Report")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="report.pdf")
    letters = deliver(stage, message)
    assert b"report.pdf" not in letters["erika@shop.example"][0]
    assert b"report.pdf" in letters["ann@acme.example"][0]


def test_files_with_an_id_that_no_html_shows_go_to_the_technician(stage):
    message = write(stage, "Erika <erika@shop.example>", "Photo")
    message.add_alternative("<p>See the photo.</p>", subtype="html")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="shot.png", cid="<shot@mail>")
    message.add_attachment(b"\xff\xd8", maintype="image", subtype="jpeg", filename="IMG_1.jpg", disposition="inline")
    letter = deliver(stage, message)["ann@acme.example"][0]
    assert b"shot.png" in letter
    assert b"IMG_1.jpg" in letter


def test_forged_forwards_do_not_flood_the_one_they_name(stage):
    received = 0
    for number in range(6):
        text = "\n-------- Forwarded Message --------\nFrom: Victim <victim@victim.example>\nTo: x@y.example\n"
        text += f"Subject: Thing {number}\n\nhello\n"
        letters = deliver(stage, write(stage, "ben@acme.example", f"Fwd: Thing {number}", text, number))
        received += len(letters.get("victim@victim.example", []))
        stage.clock.at -= timedelta(minutes=19)
    assert received == 1


def test_a_mail_during_which_the_daemon_ends_again_and_again_is_put_aside(stage):
    stage.deliver(write(stage, "Erika <erika@shop.example>", "Killer").as_bytes(policy=email.policy.SMTP))
    for _ in range(20):
        with stage.desk.database.unit() as unit:
            assert unit.inbox.claim(stage.clock.now())
            unit.inbox.reclaim()
    assert [(to, template) for to, _, template, _ in stage.settle()] == [("root@acme.example", "quarantine")]
    assert deliver(stage, write(stage, "Erika <erika@shop.example>", "Next", number=2)).keys() >= {"erika@shop.example"}


def test_who_has_left_the_configuration_has_nothing_on_his_desk(stage):
    deliver(stage, write(stage, "Erika <erika@shop.example>", "Printer"))
    with stage.desk.database.unit() as unit:
        incident = unit.incidents.get(1)
        unit.incidents.save(replace(incident, assignee="zoe"))
    assert give_back_vanished(stage.desk) == 1
    assert stage.facts("INC-1")["assignee"] == "unassigned"
    (letter,) = stage.settle()
    assert (letter[0], letter[2]) == ("nia@acme.example", "assigned")
    assert b"zoe had it and no longer stands in the configuration" in b" ".join(letter[3].split())
    assert give_back_vanished(stage.desk) == 0


def test_a_group_without_a_lead_hears_of_it_itself(stage):
    deliver(stage, write(stage, "Erika <erika@shop.example>", "Printer"))
    groups = {key: replace(group, lead=None) for key, group in DIRECTORY.groups.items()}
    policy = replace(POLICY, directory=replace(DIRECTORY, groups=groups))
    stage.desk.rules = Rules(policy, stage.renderer)
    with stage.desk.database.unit() as unit:
        unit.incidents.save(replace(unit.incidents.get(1), assignee="zoe"))
    give_back_vanished(stage.desk)
    assert {to for to, *_ in stage.settle()} == {"ann@acme.example", "ben@acme.example"}
