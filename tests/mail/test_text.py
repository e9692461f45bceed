"""Text made of what strangers send: clean lines, HTML as a reader sees it, HTML that is safe, the language."""

from __future__ import annotations

import re
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildesk.mail.text import LINE_LIMIT, clean_line, clean_text, html_to_text, language, sanitise, text_to_html

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


@pytest.mark.parametrize(
    "code",
    [
        *range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C,
        *range(0x200B, 0x2010), 0x2060, 0xFEFF, 0xD800, 0xDFFF,
    ],
)  # fmt: skip
def test_no_character_breaks_turns_or_hides_a_line(code):
    line = clean_line(f"a{chr(code)}b")
    assert line in {"ab", "a b", "a\ufffdb"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Printer \t jams ", "Printer   jams"),
        ("one\r\ntwo", "one two"),
        ("u\u0308ber", "über"),
        ("emoji 🎉 and Ünïcode", "emoji 🎉 and Ünïcode"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ("", ""),
    ],
)
def test_a_line_is_what_a_reader_sees(text, line):
    assert clean_line(text) == line


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_a_line_has_a_limit(extra):
    line = clean_line("x" * (LINE_LIMIT + extra))
    assert len(line) == min(LINE_LIMIT + extra, LINE_LIMIT)
    assert line.endswith("…") == (extra > 0)


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_in_a_clean_line_is_clean(text):
    line = clean_line(text)
    assert not FORBIDDEN.search(line)
    assert line == normalize("NFC", line)
    assert clean_line(line) == line
    assert len(line) <= LINE_LIMIT


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_in_a_clean_text_is_clean(text):
    clean = clean_text(text)
    assert not FORBIDDEN.search(clean.replace("\n", "").replace("\t", ""))
    assert clean_text(clean) == clean


def test_a_text_keeps_its_lines_and_tabs():
    assert clean_text("a\r\nb\rc\n\td\x0ce\u2028f\x00g") == "a\nb\nc\n\td\ne\nfg"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("one\n   two\t three", "one two three"),
        ("a &amp; b &lt;c&gt; &uuml; &#8364; &nbsp;d", "a & b <c> ü €  d"),
        ("<b>bo</b>ld", "bold"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("<p>x</p><ul><li>one<ul><li>in</li></ul></li><li>two</li></ul><p>y</p>", "x\n\n- one\n  - in\n- two\n\ny"),
        ("<ol start=3><li>c</li><li>d</li></ol>", "3. c\n4. d"),
        ("<ul><li><p>one</p><p>more</p></li></ul>", "- one\n\n  more"),
        ("<table><tr><th>Name</th><th>Piece</th></tr><tr><td>Mouse<td>2</table>", "Name | Piece\nMouse | 2"),
        (f"<table><tr><td>{'long ' * 20}</td><td>x</td></tr></table>", f"{('long ' * 20).strip()}\nx"),
        ("<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>", "a | b"),
        ("<blockquote>old<br>older</blockquote>new", "> old\n> older\n\nnew"),
        ("a<blockquote>b<blockquote>c</blockquote></blockquote>", "a\n\n> b\n>\n> > c"),
        ('<blockquote style="margin: 0 0 0 40px; border: none; padding: 0px">in</blockquote>', "  in"),
        ('<a href="https://x.example/a">here</a>', "here <https://x.example/a>"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="https://x.example/a">https://x.example/a</a>', "https://x.example/a"),
        ('<a href="mailto:ann@acme.example">ann@acme.example</a>', "ann@acme.example"),
        ('<a href="mailto:ann@acme.example">Ann</a>', "Ann <ann@acme.example>"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ('<a href="#top">up</a>', "up"),
        ('<a href="https://x.example/a"><img src="cid:x"></a>', ""),
        ('<img src="cid:x" alt="error window">', "[error window]"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a<hr>b", f"a\n{'_' * 32}\nb"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        (
            '<p class="MsoNormal">a<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">b</p>',
            "a\n\nb",
        ),
        ("a<!-- no -->b<!--[if mso]>c<![endif]-->d<![if !mso]>e<![endif]>", "abde"),
        ("<html><head><title>t</title><style>p{}</style></head><body>x<script>y</script></body></html>", "x"),
        ("<style>unclosed", ""),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<3", "<3"),
        ("a <", "a <"),
        ('<p title="a > b">x</p>', "x"),
        ('<p title="unclosed>x</p>', "x"),
        ("<P>X</P>", "X"),
        ("</p></div>x", "x"),
        ("", ""),
    ],
)
def test_html_reads_as_its_reader_saw_it(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">no</div>',
        '<span style="DISPLAY : NONE !important">no</span>',
        '<div style="max-height:0px;overflow:hidden">no <b>no</b></div>',
        '<td style="visibility:hidden">no</td>',
        '<p style="opacity:0">no</p>',
        "<div hidden>no<div>no</div>no</div>",
        '<div class="preheader">no</div>',
        "<p style='display:none'>no<div>yes </div>",
        "<textarea>no</textarea>",
        "<noscript>no</noscript>",
        "<svg><text>no</text></svg>",
        "<!-- no -->",
    ],
)
def test_what_a_reader_would_not_see_is_not_text(hidden):
    text = html_to_text(f"yes {hidden} yes")
    assert "no" not in text
    assert text.count("yes") >= 2
    assert "no" not in sanitise(f"yes {hidden} yes").replace("noopener noreferrer", "")


def test_visible_styles_hide_nothing():
    shown = '<div style="opacity:0.9;max-height:100px;display:block">a</div><p style="-moz-opacity:0.5">b</p>'
    assert html_to_text(shown) == "a\n\nb"


DEEP = 3_000


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * DEEP + "x",
        "<b>" * DEEP + "x",
        "<table><tr><td>" * (DEEP // 3) + "x",
        "<ul><li>" * (DEEP // 2) + "x",
        "<blockquote>" * DEEP + "x",
        "x<!--" * DEEP,
        "x<" * DEEP,
        "x<a " * DEEP,
        'x<a b="' * DEEP,
        "x<![" * DEEP,
        "x<?" * DEEP,
        "x</" * DEEP,
        "x<a " + " ".join(f"a{n}=1" for n in range(DEEP)) + ">",
        "x" + "</p>" * DEEP,
        "x" + "<style>" * DEEP,
        "x" + "&" * DEEP,
        "x<div hidden>" + "<b>" * DEEP + "</i>" * DEEP,
        'x<p title="' + ">" * DEEP,
    ],
)
@pytest.mark.hostile
def test_hostile_html_is_read_in_one_go(html):
    assert "x" in html_to_text(html)
    assert isinstance(sanitise(html), str)


TAGS = """
    <p> </p> <div> </div> <b> </b> <ul> <li> </ul> <ol> </ol> <table> <tr> <td> </table> </a> <br>
    <blockquote> </blockquote> <!-- --> < > &amp; text <pre> </pre> <hr> <script> </script>
    <p/style="display:none"> <a/href=x> <img/src=cid:a/alt=b> ' " =
"""
tags = st.sampled_from([*TAGS.split(), "\xa0", "\n", "two words "])


@given(st.lists(tags, max_size=25).map("".join))
@settings(max_examples=75, deadline=None)
def test_no_html_breaks_the_reader_and_what_is_sanitised_stays_so(html):
    text = html_to_text(html)
    assert clean_text(text) == text
    safe = sanitise(html)
    assert "<script" not in safe
    assert html_to_text(safe).split() == html_to_text(sanitise(safe)).split()


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<body onload=alert(1)>",
        "<iframe src=javascript:alert(1)></iframe>",
        "<a href=javascript:alert(1)>x</a>",
        "<a href=' javascript:alert(1)'>x</a>",
        "<a href=java&#x09;script:alert(1)>x</a>",
        "<a href=data:text/html,<script>alert(1)</script>>x</a>",
        "<a href=vbscript:alert(1)>x</a>",
        "<form action=https://evil.example><input name=p></form>",
        "<input type=password>",
        "<object data=x></object><embed src=x>",
        "<meta http-equiv=refresh content=0;url=https://evil.example>",
        "<base href=https://evil.example>",
        "<link rel=stylesheet href=https://evil.example/x.css>",
        "<style>@import 'https://evil.example/x.css'</style>",
        "<p style=\"background:url('https://evil.example/x.png')\">x</p>",
        "<table background=https://evil.example/x.png><tr><td>x</table>",
        "<img src=https://evil.example/x.png>",
        "<img src=//evil.example/x.png>",
        "<img src=data:image/svg+xml;base64,PHN2Zz4=>",
        "<img srcset='https://evil.example/x.png 1x' src=cid:a>",
        "<img src='cid:a' onload=alert(1)>",
        "<scr<script>ipt>alert(1)</script>",
        "<<script>alert(1);//<</script>",
        "<p title='<script>alert(1)</script>'>x</p>",
        "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
        "<video><source onerror=alert(1)></video>",
        "<details open ontoggle=alert(1)>x</details>",
        "<marquee onstart=alert(1)>x</marquee>",
        "<isindex action=javascript:alert(1)>",
        "<a href=https://ok.example target=_blank onclick=alert(1)>x</a>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
        "<textarea></textarea><img src=x onerror=alert(1)>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<a href='https://x' style='x:expression(alert(1))'>x</a>",
        "<template><img src=x onerror=alert(1)></template>",
    ],
)
def test_nothing_that_runs_or_phones_home_survives(attack):
    safe = sanitise(f"<p>before</p>{attack}<p>after</p>").lower()
    assert "before" in safe
    for word in (
        "<script",
        "<style",
        "<iframe",
        "<form",
        "<input",
        "<svg",
        "<object",
        "<base",
        "<link",
        "<meta",
        "<video",
    ):
        assert word not in safe
    for tag in re.findall(r"<[^>]*>", safe):
        assert not re.search(
            r"\son\w+\s*=|javascript:|vbscript:|data:|style\s*=|srcset|background|evil\.example", tag
        ), tag


def test_what_a_person_formats_stays():
    html = (
        '<p>a <b>b</b> <i>c</i></p><ul><li>d</li></ul><table><tr><td colspan="2">e</td></tr></table>'
        '<img src="cid:shot@x" alt="f"><a href="https://x.example/">g</a><pre>h\n  i</pre><h2>j</h2>'
    )
    safe = sanitise(html)
    for kept in (
        "<b>b</b>",
        "<i>c</i>",
        "<li>d</li>",
        'colspan="2"',
        'src="cid:shot@x"',
        'href="https://x.example/"',
        "<pre>",
        "<h2>",
    ):
        assert kept in safe


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("<b>&\"'", "<p>&lt;b&gt;&amp;&quot;&#x27;</p>"),
        (
            "see https://x.example/a?b=1&c=2.",
            '<p>see <a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>.</p>',
        ),
        ("(https://x.example)", '<p>(<a href="https://x.example">https://x.example</a>)</p>'),
        ("javascript:alert(1)", "<p>javascript:alert(1)</p>"),
        (
            'https://x.example/"onclick="x',
            '<p><a href="https://x.example/">https://x.example/</a>&quot;onclick=&quot;x</p>',
        ),
        ("  - indented", "<p>&nbsp; - indented</p>"),
        ("{{ 7 * 7 }}", "<p>{{ 7 * 7 }}</p>"),
        ("\n\n", ""),
    ],
)
def test_plain_text_becomes_escaped_paragraphs(text, html):
    assert text_to_html(text) == html


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_plain_text_survives_as_html(text):
    html = text_to_html(text)
    assert re.sub(r'</?(?:p|br)>|<a href="[^"]*">|</a>', "", html).count("<") == 0
    assert "".join(html_to_text(html).split()) == "".join(clean_text(text).replace("\xa0", " ").split())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello, the printer on the third floor is not working, can you please have a look at it?", "en"),
        ("Guten Tag, der Drucker im dritten Stock druckt nicht mehr, können Sie bitte nach dem Gerät sehen?", "de"),
        ("Bonjour, je ne peux pas ouvrir la pièce jointe que vous avez envoyée dans le message, merci.", "fr"),
        ("Hola, no puedo abrir la carpeta del servidor y necesito los documentos para una reunión.", "es"),
        ("Buongiorno, non riesco ad aprire il file che mi ha inviato, ho provato anche con un altro computer.", "it"),
        ("Hallo, ik kan niet meer inloggen op mijn computer en het scherm blijft zwart, kunt u dit nakijken?", "nl"),
        ("VPN", ""),
        ("", ""),
        ("0x80070005 0x80070005 0x80070005", ""),
        ("the der le la il het", ""),
        ("プリンタが動きません", ""),
    ],
)
def test_the_language_is_told_only_when_it_is_plain(text, code):
    assert language(text) == code
