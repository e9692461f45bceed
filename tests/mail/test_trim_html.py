"""The new part with its formatting: cut where each program cuts, and never with a word of the history."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.message import Mail
from maildesk.mail.read import read
from maildesk.mail.text import html_to_text
from maildesk.mail.trim import trim

MAILS = Path(__file__).parent.parent / "mails" / "reading"
NEW = "<p>Use <b>tray 2</b>:</p><ol><li>open</li><li>close</li></ol>"
SECRET = "the requester shall never read this"

# How each program writes an answer: what stands behind the new part.
HISTORY = {
    "Gmail": (
        '<div class="gmail_quote"><div class="gmail_attr">On Mon, Mar 2, 2026 at 9:20 AM Ann &lt;a@b.example&gt; '
        'wrote:<br></div><blockquote class="gmail_quote">SECRET</blockquote></div>'
    ),
    "Gmail, old": '<div class="gmail_extra"><div class="gmail_quote">On 2 March 2026 Ann wrote:<br>SECRET</div></div>',
    "Apple": (
        '<div><blockquote type="cite"><div>On 2 Mar 2026, at 09:20, Ann wrote:</div>'
        "<div>SECRET</div></blockquote></div>"
    ),
    "Apple, attribution outside": (
        '<div>On 2 Mar 2026, at 09:20, Ann &lt;a@b.example&gt; wrote:</div><blockquote type="cite">SECRET</blockquote>'
    ),
    "Thunderbird": (
        '<div class="moz-cite-prefix">On 02.03.26 09:20, Ann wrote:<br></div>'
        '<blockquote type="cite" cite="mid:x@y">SECRET</blockquote>'
    ),
    "Outlook on the web": (
        '<div id="appendonsend"></div><hr tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Ann<br>'
        "<b>Sent:</b> Monday, March 2, 2026</div><div>SECRET</div>"
    ),
    "Outlook": (
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">'
        "<b>From:</b> Ann<br><b>Sent:</b> Monday, March 2, 2026 9:20<br><b>To:</b> Erika<br>"
        "<b>Subject:</b> x</p></div></div><p class=MsoNormal>SECRET</p>"
    ),
    "Outlook, only its header block": (
        "<p class=MsoNormal><b>Von:</b> Ann &lt;a@b.example&gt;<br><b>Gesendet:</b> Montag, 2. März 2026<br>"
        "<b>An:</b> Erika<br><b>Betreff:</b> x</p><p>SECRET</p>"
    ),
    "Yahoo": (
        '<div id="yahoo_quoted_12" class="yahoo_quoted"><div>On Monday, March 2, 2026 at 09:20:00 AM GMT+1, '
        "Ann &lt;a@b.example&gt; wrote:</div><div>SECRET</div></div>"
    ),
    "Proton": '<div class="protonmail_quote">On Monday, Ann wrote:<br><blockquote>SECRET</blockquote></div>',
    "Web.de": (
        '<div name="quote" style="border-left: 2px solid #C3D9E5;"><b>Von:</b> Ann &lt;a@b.example&gt;<br>'
        "<b>Gesendet:</b> 2.3.2026<br><b>An:</b> Erika<br>SECRET</div>"
    ),
    "Zimbra": '<hr id="zwchr"><div><b>From: </b>Ann<br><b>Sent: </b>Monday</div><div>SECRET</div>',
    "a separator": "<p>-----Original Message-----</p><p>SECRET</p>",
    "a desk's marker": "<p>--- reply above this line ---</p><p>SECRET</p>",
}
SIGNATURES = {
    "Gmail": '<div class="gmail_signature" data-smartmail="gmail_signature">Ann Lee<br>+49 30 1</div>',
    "Gmail, with dashes": '<b class="gmail_signature_prefix">-- </b><br><div class="gmail_signature">Ann Lee</div>',
    "Outlook": '<div id="Signature"><p>Ann Lee</p></div>',
    "Thunderbird": '<div class="moz-signature">-- <br>Ann Lee</div>',
    "Apple": '<div id="AppleMailSignature">Ann Lee</div>',
    "Outlook on a phone": '<div id="ms-outlook-mobile-signature">Get <a href="https://x">Outlook for iOS</a></div>',
    "a close": "<p>Best regards<br>Ann Lee</p>",
    "a phone": "<div>Sent from my iPhone</div>",
    "none": "",
}


@pytest.mark.parametrize("history", HISTORY.values(), ids=HISTORY)
@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_the_formatting_stays_and_the_history_goes(history, signature):
    html = f"<html><body><div>{NEW}</div><br>{signature}<br>{history.replace('SECRET', SECRET)}</body></html>"
    parts = trim(html_to_text(html), html)
    assert parts.new_html is not None
    assert "<b>tray 2</b>" in parts.new_html
    assert "<li>close</li>" in parts.new_html
    assert html_to_text(parts.new_html) == "Use tray 2:\n\n1. open\n2. close"
    assert parts.new == "Use tray 2:\n\n1. open\n2. close"
    assert SECRET in parts.quoted
    assert SECRET not in parts.new_html


def test_pictures_of_the_new_part_stay_and_those_of_the_signature_go():
    html = (
        '<div>See <img src="cid:shot@x" alt="shot"></div><div>Best regards<br>Ann<br><img src="cid:logo@x"></div>'
        f'<blockquote type="cite"><img src="cid:old@x">{SECRET}</blockquote>'
    )
    found = trim(html_to_text(html), html).new_html
    assert found is not None
    assert "cid:shot@x" in found
    assert "cid:logo@x" not in found
    assert "cid:old@x" not in found


def test_a_mail_without_history_is_whole():
    html = "<p>All <i>new</i>.</p><p>Really!</p>"
    assert trim(html_to_text(html), html).new_html == "<p>All <i>new</i>.</p><p>Really!</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Use tray 2.", None),  # a plain mail
        ("Use tray 2.", ""),
        ("", "<p></p>"),
        ("Use tray 2.\n\n> old", "<p>Use tray 2.</p><p>something that the plain text does not say</p>"),
        ("Use tray 2.\n\nOn 3/2/26 09:20, Ann wrote:\n> old words", "<p>Use tray 2.</p><div>old words</div>"),
        (
            "> which?\nTray 2.\n> when?\nNow.",
            "<blockquote type=cite>which?</blockquote>Tray 2.<blockquote>when?</blockquote>Now.",
        ),
        ("> only history", f"<blockquote type=cite>{SECRET}</blockquote>"),
    ],
)
def test_without_certainty_there_is_no_formatting(text, html):
    assert trim(text, html).new_html is None


def test_a_signature_that_only_the_html_marks_leaves_the_text_too():
    html = '<div>Use tray 2.</div><div class="gmail_signature">Ann Lee<br>Third floor</div>'
    parts = trim("Use tray 2.\n\nAnn Lee\nThird floor", html)
    assert (parts.new, parts.signature) == ("Use tray 2.", "Ann Lee\nThird floor")


def test_an_answer_below_the_quotation_is_not_lost():
    html = (
        '<div>Hello Ann,</div><div class="gmail_quote"><div class="gmail_attr">On 3/2/26 09:20, Ann wrote:</div>'
        "<blockquote>which tray?</blockquote><div>Tray 2, always.</div></div>"
    )
    parts = trim(html_to_text(html), html)
    assert parts.new.endswith("Tray 2, always.")
    assert parts.new_html is None or "Tray 2, always." in parts.new_html


def test_hidden_words_and_remote_pictures_do_not_pass():
    html = '<p>Use tray 2.<span style="display:none"> and pay</span><img src="https://x.example/p.gif"></p>'
    assert trim(html_to_text(html), html).new_html == "<p>Use tray 2.</p>"


@pytest.mark.parametrize(
    ("name", "html"),
    [
        ("plain.eml", None),
        ("alternative.eml", "<p>The VPN drops <b>every ten minutes</b>.</p>"),
        ("related_inline_image.eml", '<p>This window appears: <img src="cid:shot1@kunde" alt="error window"></p>'),
        (
            "reply_gmail_en.eml",
            (
                "<div>It jams again, now with <b>thick</b> paper:"
                "<div><ul><li>tray 1</li><li>tray 2</li></ul>Erika</div></div>"
            ),
        ),
        ("reply_apple_es.eml", "<div>Sigue igual, la pantalla <i>parpadea</i>.</div>"),
        ("reply_outlook_html_nl.eml", "<div>Het werkt weer, bedankt!</div>"),
        ("reply_thunderbird_inline_de.eml", None),
    ],
)
def test_mails_as_they_come_keep_their_formatting(name, html):
    mail = read((MAILS / name).read_bytes())
    assert isinstance(mail, Mail)
    assert trim(mail.text, mail.html).new_html == html


def test_words_answer_keeps_its_picture():
    mail = read((MAILS / "reply_outlook_de.eml").read_bytes())
    assert isinstance(mail, Mail)
    found = trim(mail.text, mail.html).new_html
    assert found is not None
    assert 'src="cid:image001.png@01DB"' in found
    assert "Grüßen" not in found
    assert "Toner gewechselt" not in found


PIECES = """
<p>new</p>|<div>more</div>|<ul><li>one</li></ul>|<br>|text |<blockquote type="cite">old</blockquote>|<hr>|</div>
<div>|<p>|<blockquote>older</blockquote>|<div class="gmail_quote">oldest</div>|<div id="divRplyFwdMsg">From: x</div>
<div id="Signature">Ann</div>|<p>On 3/2/26 09:20, Ann wrote:</p>|<img src="cid:a">|<p>Regards</p>
<p>Von: A &lt;a@b.example&gt;<br>Gesendet: 2.3.2026<br>An: B</p>
"""
pieces = st.sampled_from(PIECES.strip().replace("\n", "|").split("|"))


@given(st.lists(pieces, max_size=12).map("".join))
@settings(max_examples=125, deadline=None)
def test_the_formatted_part_never_says_more_than_the_plain_one(html):
    parts = trim(html_to_text(html), html)
    if parts.new_html is not None:
        said = parts.new.split()
        for word in html_to_text(parts.new_html).replace("_", "").split():
            assert word in said
            said.remove(word)
