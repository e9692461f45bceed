"""The words of read receipts that are only text, as some mail programs write them instead of RFC 8098. Folded.

    Your message  To: Ann  Subject: Printer  Sent: 4 January 2027 08:12  was read on 4 January 2027 09:00.

A receipt is this sentence and nothing else, below a title that a mail program wrote or with the fields of the letter
in its middle; "your message was read on Monday, and it still jams" is an answer.
"""

from __future__ import annotations

import re

from maildesk.mail.dialects import fold

_TITLE = re.compile(
    fold(
        r"^(?:not read|read|gelesen|ungelesen|nicht gelesen|lu|non lu|leído|no leído|letto|non letto|gelezen"
        r"|niet gelezen|przeczytan[eoa]|nie przeczytano|lid[oa]|não lid[oa]|läst|oläst|læst|ikke læst|lest|ulest"
        r"|luettu|přečteno|nepřečteno|read receipt|return receipt|lesebestätigung) ?[:：]"
    )
)
_READ = re.compile(
    "|".join(
        fold(rf"^{opens}(\b.{{0,600}})\b{said}(.{{0,100}})$")
        for opens, said in (
            (r"your message", r"(?:was|has been) (?:read|displayed|opened|deleted without being read) (?:on|at)\b"),
            (r"(?:ihre|deine) nachricht", r"wurde (?:ungelesen gelöscht|(?=.{4,80} (?:gelesen|angezeigt)$))"),
            (r"votre message", r"a été (?:lu|supprimé sans être lu) le\b"),
            (r"(?:su|tu|el) mensaje", r"(?:se ha leído|ha sido leído|fue leído|se leyó) el\b"),
            (r"il (?:tuo |suo )?messaggio", r"è stato (?:letto|aperto)\b"),
            (r"(?:uw|je) bericht", r"is (?:gelezen|geopend)\b"),
            (r"(?:twoja |państwa )?wiadomość", r"została (?:przeczytana|odczytana|otwarta)\b"),
            (r"a sua mensagem", r"foi lida\b"),
            (r"ditt meddelande", r"(?:lästes|har lästs|öppnades)\b"),
            (r"(?:din|dit) (?:meddelelse|besked|melding)", r"(?:blev læst|er læst|ble lest|er lest)\b"),
            (r"viestisi", r"(?:on luettu|luettiin)\b"),
            (r"vaše zpráva", r"byla přečtena\b"),
        )
    )
)
_FIELD = re.compile(r"[^\W\d]: ")  # "Subject: "
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d\d\b")
# Another sentence; "4. January", "kl. 9" and "9 a.m. (UTC)" are none.
_MORE = re.compile(r"(?:\D(?<! kl)(?<!\.m)|[:.]\d\d)[.!;] |[?]| - ")
_LONGEST = 800  # characters of a whole receipt


def receipt(title: str, text: str) -> bool:
    """Whether an answer is a receipt; its title is folded, its text is not."""
    if len(text) > _LONGEST or not (found := _READ.search(fold(text).rstrip(" ."))):
        return False
    letter, when = (value for value in found.groups() if value is not None)
    if not _CLOCK.search(when) or _MORE.search(when):
        return False
    return _TITLE.search(title) is not None or len(_FIELD.findall(letter)) > 1
