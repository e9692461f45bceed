"""A technician's answer as a mail client makes it: HTML with a list, a picture, a signature, history and a file."""

from __future__ import annotations

import email.policy
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from scenes.play import Letter, Play
from scenes.stages import QuickStage

from maildesk.daemon.reader import Reader

PICTURE, LOGO, MANUAL = b"\x89PNG picture", b"\x89PNG logo", b"%PDF manual"

HTML = """<html><body><div>Hello Erika,</div><ul><li>open the <b>blue tray</b></li><li>press the lever</li></ul>
<div><img src="cid:pic1" width="200"><script>alert(1)</script></div>
<div class="gmail_signature">-- <br>Ann Lee<br>ann@acme.example<br><img src="cid:logo1"></div>
<div class="gmail_quote"><div class="gmail_attr">On Monday the desk wrote:</div>
<blockquote class="gmail_quote">secret history</blockquote></div></body></html>"""
TEXT = """Hello Erika,

* open the blue tray
* press the lever

--\x20
Ann Lee
ann@acme.example

On Monday the desk wrote:
> secret history
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory, shared_reader: Reader) -> Iterator[Letter]:
    stage = QuickStage(tmp_path_factory.mktemp("answer"), shared_reader)
    play = Play(stage)
    opening = 'Erika writes "Printer":\n  It jams.\nErika gets received\nAnn gets new\nBen gets new\n'
    play.run(opening, "answer")
    stage.deliver(written(play).as_bytes(policy=email.policy.SMTP))
    play.collect()
    yield play.last("Erika", "answer")
    stage.close()


def written(play: Play) -> EmailMessage:
    message = EmailMessage()
    empty = play.reply("Ann", play.last("Ann"), "", "")
    for name in ("From", "To", "Subject", "Message-ID", "In-Reply-To", "References"):
        message[name] = str(empty[name])
    message.set_content(TEXT)
    message.add_alternative(HTML, subtype="html")
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(PICTURE, "image", "png", cid="<pic1>")
    html.add_related(LOGO, "image", "png", cid="<logo1>", filename="logo.png")
    message.add_attachment(MANUAL, maintype="application", subtype="pdf", filename="Anleitung für Ann.pdf")
    return message


def html_of(letter: Letter) -> str:
    part = letter.message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def test_keeps_his_list_and_his_picture(answer):
    assert "<li>open the <b>blue tray</b></li>" in html_of(answer)
    assert "cid:pic1" in html_of(answer)
    pictures = {part["Content-ID"]: part.get_content() for part in answer.message.walk() if part["Content-ID"]}
    assert pictures == {"<pic1>": PICTURE}


def test_takes_his_file_along_under_its_name(answer):
    files = {part.get_filename(): part.get_content() for part in answer.message.iter_attachments()}
    assert files == {"Anleitung für Ann.pdf": MANUAL}


@pytest.mark.parametrize("word", ["secret history", "ann@acme.example", "logo1", "script", "gmail"])
def test_leaves_out_history_address_logo_and_everything_active(answer, word):
    assert word not in answer.everything


def test_is_signed_by_the_desk_and_says_who_wrote(answer):
    assert answer.text.replace("\r\n", "\n").endswith("-- \nAnn Lee\nACME IT\n")
    assert str(answer.message["From"]) == "ACME IT <support@acme.example>"


def test_threads_below_what_the_requester_wrote(answer):
    first = str(answer.message["In-Reply-To"])
    assert first.startswith("<scene-1-")
    assert first in str(answer.message["References"])


def test_is_a_human_word_and_says_nothing_else(answer):
    assert answer.message["Auto-Submitted"] is None
    assert answer.message["Precedence"] is None
    assert answer.message["X-Maildesk-Loop"]
