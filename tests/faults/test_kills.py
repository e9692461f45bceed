"""A story that is killed, cut off and stopped while it runs; afterwards inbox, timeline, outbox and sink must agree.

`MAILDESK_SEED` chooses other moments than the usual ones; the seed of a run is printed.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter, defaultdict
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from pathlib import Path

import pytest
from scenes.real import DaemonProcess, Living, accounted_for, configuration, daemon, letter_id, mailbox_section, plain
from servers.dovecot import Mailbox
from servers.proxy import CutProxy
from servers.smtpd import Received, Sink

pytestmark = [pytest.mark.faults, pytest.mark.servers]

KILLS = 10
DESK = "support@acme.example"


def dice(salt: int) -> random.Random:
    seed = int(os.environ.get("MAILDESK_SEED", "7"))
    print(f"MAILDESK_SEED={seed}")
    return random.Random(seed * 1000 + salt)


# --- the story -------------------------------------------------------------------------------------------------------


class Story:
    """Requesters write a few mails each; Ann takes what is new, and whoever gets her answer writes once more.

    Every mail holds words of its own, its mark, by which it is found again in the timeline.
    """

    def __init__(self, one: DaemonProcess, mailbox: Mailbox, sink: Sink, dice: random.Random, requesters: int) -> None:
        self.daemon, self.mailbox, self.sink, self.dice = one, mailbox, sink, dice
        self.ids: list[str] = []  # of the mails that came in
        self.thread: dict[str, str] = {}  # mark -> subject of its thread
        self.waiting: list[EmailMessage] = []
        self.seen: set[str] = set()
        self.subjects = [f"Trouble {letter}" for letter in "abcdefghijkl"[:requesters]]
        threads = [self._thread(subject) for subject in self.subjects]
        while any(threads):
            self.waiting.append(dice.choice([thread for thread in threads if thread]).pop(0))

    def _thread(self, subject: str, length: int = 4) -> list[EmailMessage]:
        """An opening, and what its author adds before anybody has answered him."""
        sender, refers, mails = f"r{subject[-1]}@shop.example", list[str](), []
        for _ in range(length):
            mails.append(self._mail(sender, f"Re: {subject}" if refers else subject, subject, refers))
            refers = [*refers, str(mails[-1]["Message-ID"])]
        return mails

    def _mail(self, sender: str, subject: str, thread: str, refers: list[str], to: str = DESK) -> EmailMessage:
        mark = f"mark-{len(self.thread):03}"
        self.thread[mark] = thread
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Message-ID"] = f"<{mark}@client.example>"
        message["Date"] = "Mon, 23 Nov 2026 09:00:00 +0000"
        if refers:
            message["In-Reply-To"], message["References"] = refers[-1], " ".join(refers)
        message.set_content(f"These are the words of {mark}.\n")
        return message

    def inject(self) -> None:
        """Bring the next mail, by LMTP or by APPEND."""
        message = self.waiting.pop(0)
        self.ids.append(str(message["Message-ID"]).strip("<>"))
        raw = message.as_bytes(policy=SMTP)
        if len(self.ids) % 2:
            self.mailbox.deliver(raw, sender=str(message["From"]))
        else:
            self.mailbox.append(raw)

    def listen(self) -> None:
        """Answer what came to people since the last time; a second copy of a letter is not answered again."""
        for letter in list(self.sink.letters):
            message_id = letter_id(letter)
            if message_id not in self.seen:
                self.seen.add(message_id)
                self._answer(letter, self.daemon.template(message_id))

    def _answer(self, letter: Received, template: str) -> None:
        message = BytesParser(policy=default).parsebytes(letter.content)
        assert isinstance(message, EmailMessage)
        subject = str(message["Subject"])
        thread = subject.partition(" [")[0]
        commands = {("ann@acme.example", "new"): " #take #p2", (f"r{thread[-1]}@shop.example", "answer"): ""}
        if (letter.to, template) in commands:
            refers = [*str(message["References"] or "").split(), str(message["Message-ID"])]
            subject = f"Re: {subject}{commands[letter.to, template]}"
            self.waiting.append(self._mail(letter.to, subject, thread, refers, to=str(message["Reply-To"])))

    def come_to_rest(self) -> None:
        """Until everything is written, handled and sent that is going to be."""

        def resting() -> bool:
            at_rest = self.daemon.counts() == (len(self.ids), 0)
            self.listen()
            at_rest &= not self.waiting
            while self.waiting:
                self.inject()
            return at_rest

        self.daemon.until(resting, "the story does not end")


# --- the reckoning ---------------------------------------------------------------------------------------------------


def no_mail_is_lost_or_doubled(story: Story) -> None:
    accounted_for(story.daemon, story.mailbox, story.ids)
    with story.daemon.database.view() as view:
        incidents = {row.incident_id or 0: view.incidents.get(row.incident_id or 0) for row in story.daemon.rows()}
        entries = [entry for number in incidents for entry in view.incidents.history(number)]
    titles = {number: incident.title if incident else "" for number, incident in incidents.items()}
    assert sorted(titles.values()) == story.subjects, "one incident a thread"
    words = [(entry.record.said.text if entry.record.said else "", titles[entry.incident]) for entry in entries]
    found = {mark: [title for text, title in words if mark in text] for mark in story.thread}
    assert found == {mark: [thread] for mark, thread in story.thread.items()}, "each mail once, and in its own thread"
    effects = Counter(
        (one.record.inbox_id, one.record.entry, one.record.text) for one in entries if one.record.inbox_id
    )
    assert max(effects.values()) == 1, [what for what, count in effects.items() if count > 1]


def letters_agree(story: Story) -> None:
    """The sink has what the outbox says: each letter once, and twice only where the outbox counts a second copy.

    A letter is missing only where the outbox doubts it: an acknowledgement whose sending was cut, or another letter to
    which that has happened twice.
    """
    copies: dict[str, list[Received]] = defaultdict(list)
    for got in story.sink.letters:
        copies[letter_id(got)].append(got)
    letters = {letter.message_id: letter for letter in story.daemon.letters()}
    assert set(copies) <= set(letters), "a letter that is in no outbox"
    for message_id, letter in letters.items():
        doubted = letter.state == "ambiguous" and (letter.automatic == "ack" or letter.copies == 2)
        assert letter.state == "sent" or doubted, letter
        assert len(copies[message_id]) <= letter.copies <= 2, letter
        assert copies[message_id] or doubted, letter
        assert len({(got.to, got.sender, got.content) for got in copies[message_id]}) <= 1, "both copies are the same"
    told = Counter((letter.cause, letter.template, letter.to_key) for letter in letters.values())
    assert max(told.values()) == 1, "nobody is told the same twice"
    sorts = Counter((letter.template, letter.incident_id) for letter in letters.values())
    for number in range(1, len(story.subjects) + 1):
        assert [sorts[template, number] for template in ("received", "new")] == [1, 2]
        assert sorts["answer", number] == sorts["done", number] <= 1


def nobody_stayed(one: DaemonProcess, children: list[Living]) -> None:
    one.until(lambda: all(child.gone for child in children), "a reader outlived its daemon", 10)


# --- the faults ------------------------------------------------------------------------------------------------------


def test_ten_kills_lose_nothing_and_double_nothing(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    chance = dice(1)
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        story = Story(one, mailbox, sink, chance, requesters=8)
        readers: list[Living] = []
        for _ in range(KILLS):
            one.start(wait=False)
            live(story, chance)
            readers += one.children()
            one.kill()
        nobody_stayed(one, readers)
        one.start(wait=False)
        story.come_to_rest()
        assert len(story.ids) >= 30
        no_mail_is_lost_or_doubled(story)
        letters_agree(story)
        assert one.says("inbox", "verify") == 0, one.tail()
        print("mails by attempts", Counter(row.attempts for row in one.rows()))
        print("letters by copies", Counter((letter.state, letter.copies) for letter in one.letters()))
        one.stop()


def live(story: Story, chance: random.Random) -> None:
    """People write while the desk works, until a random moment: mostly after it has opened, now and then before."""
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0, 0.3))
        return
    for _ in range(chance.randint(0, 3)):
        if story.waiting:
            story.inject()
    story.daemon.until(story.daemon.is_open, "the desk did not open")
    end = time.monotonic() + chance.uniform(0, 1.2)
    while (left := end - time.monotonic()) > 0:
        story.listen()
        if story.waiting:
            story.inject()
        time.sleep(min(left, chance.uniform(0, 0.1)))


def test_a_cut_connection_to_the_mailbox_loses_nothing(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    chance = dice(2)
    with CutProxy(mailbox.server.imap) as proxy:
        section = mailbox_section(mailbox, imap=f"imap+plain://127.0.0.1:{proxy.port}", cafile=None)
        config = configuration(mailbox, plain(sink.port), mailboxes=[section])
        with daemon(tmp_path / "desk", config, mailbox) as one:
            story = Story(one, mailbox, sink, chance, requesters=4)
            one.start()
            for word in (b"MOVE", b"BODY.PEEK[]", b"IDLE", None, None):
                connections = proxy.connections
                proxy.cut_on = word  # the server does it, and its answer is lost
                for _ in range(3):
                    if story.waiting:
                        story.inject()
                if word is None:
                    time.sleep(chance.uniform(0, 0.8))
                    proxy.reset_all()
                one.until(lambda before=connections: proxy.connections > before, "it does not connect again")
                proxy.cut_on = None
                story.listen()
            story.come_to_rest()
            no_mail_is_lost_or_doubled(story)
            letters_agree(story)
            assert {letter.copies for letter in one.letters()} == {1}, "the way out was never cut"
            one.stop()


def test_sigterm_at_any_time_ends_in_good_order(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    chance = dice(3)
    with daemon(tmp_path / "desk", configuration(mailbox, plain(sink.port)), mailbox) as one:
        story = Story(one, mailbox, sink, chance, requesters=3)
        for _ in range(4):
            for _ in range(3):
                if story.waiting:
                    story.inject()
            one.start()
            time.sleep(chance.uniform(0, 0.8))
            readers = one.children()
            one.stop(10)
            assert all(reader.gone for reader in readers), "it takes its reader along"
            story.listen()
        one.start(wait=False)
        story.come_to_rest()
        no_mail_is_lost_or_doubled(story)
        letters_agree(story)
        assert {letter.copies for letter in one.letters()} == {1}, "an orderly end leaves no letter in doubt"
        one.stop()


def test_sigterm_does_not_wait_for_servers_that_hang(mailbox: Mailbox, sink: Sink, tmp_path: Path) -> None:
    sink.answers["MAIL"] = "hang"
    with CutProxy(mailbox.server.imaps) as proxy:
        section = mailbox_section(mailbox, imap=f"imaps://127.0.0.1:{proxy.port}")
        config = configuration(mailbox, plain(sink.port), mailboxes=[section])
        with daemon(tmp_path / "desk", config, mailbox) as one:
            story = Story(one, mailbox, sink, dice(4), requesters=1)
            one.start()
            story.inject()
            one.until(lambda: any(letter.state == "sending" for letter in one.letters()), "no letter is on its way")
            proxy.blackhole = True
            story.inject()  # it is announced, and what is asked then finds no answer
            time.sleep(0.8)
            readers = one.children()
            one.stop(10)
            nobody_stayed(one, readers)
