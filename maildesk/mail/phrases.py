"""What mail programs and people write around a message, by language: tables, and the few patterns made of them.

Languages: English, German, French, Spanish, Italian, Dutch, Polish, Portuguese, Swedish, Danish and Norwegian, Finnish,
Czech, and the commonest forms of a few more. A new program or language is a new row here, not a new rule elsewhere.
"""

from __future__ import annotations

import re


def _any(rows: str) -> str:
    """The alternatives of a table: rows of phrases, divided by `|`; what stands behind `::` is a remark."""
    cells = (cell.strip() for row in rows.splitlines() for cell in row.partition("::")[0].split(" | "))
    return "|".join(sorted(filter(None, cells), key=len, reverse=True))


# ---- the line that says who wrote what follows

_WROTE = _any(r"""
    wrote | writes                                          :: en
    schrieb | schreibt | geschrieben                        :: de
    a écrit | à écrit | écrit | écrivait                    :: fr
    escribió | escribio | ha escrito                        :: es
    ha scritto | scrive | scriveva                          :: it
    schreef | geschreven                                    :: nl
    napisał\(a\) | napisała | napisał | pisze               :: pl
    escreveu                                                :: pt
    skrev                                                   :: sv da no
    kirjoitti                                               :: fi
    napsal\(a\) | napsala | napsal | píše | napísal         :: cs sk
    написал | написала | пишет | írta | a scris | şunu yazdı | yazdı | đã viết  :: ru hu ro tr vi
""")
_WHO_TELLS = _any("""
    i | he | she | they | we | you | who | someone    :: a person tells what somebody wrote; no mail program does
    ich | er | sie | wir | ihr | man | je | il | elle | nous | vous | yo | él | ella | usted | io | lui | lei
    ik | hij | zij | jag | jeg | ja | eu
""")
_OPENS = _any("""
    on | am | le | el | il | in data | op | w dniu | dnia | em | no dia | den | på | dne | vào
""")
_WEEKDAY = _any("""
    mon(?:day)? | tue(?:sday)? | wed(?:nesday)? | thu(?:rsday)? | fri(?:day)? | sat(?:urday)? | sun(?:day)?
    montag | dienstag | mittwoch | donnerstag | freitag | samstag | sonnabend | sonntag
    mo | di | mi | do | fr | sa | so
    lun(?:di)? | mar(?:di)? | mer(?:credi)? | jeu(?:di)? | ven(?:dredi)? | sam(?:edi)? | dim(?:anche)?
    lunes | martes | mié(?:rcoles)? | jue(?:ves)? | vie(?:rnes)? | sáb(?:ado)? | dom(?:ingo)?
    lunedì | martedì | mercoledì | giovedì | venerdì | sabato | domenica | gio
    maandag | dinsdag | woensdag | donderdag | vrijdag | zaterdag | zondag | ma | wo | vr | za | zo
    pon | wt | śr | czw | pt | sob | nd | seg | ter | qua | qui | sex | mån | tis | ons | tors | fre | lör | sön
    man | tir | tor | lør | søn | ke | to | pe | la | su | po | út | st | čt | pá | ne
    пн | вт | ср | чт | пт | сб | вс
""")
_EMAIL = r"(?<![^\s<>\"'()\[\]:])[^\s<>\"'()\[\]@]+@[^\s<>\"'()\[\]]+"
_EDGE = r"(?=$|[\s:<(\"'.,-])"

_HAS_VERB = re.compile(rf"(?:^|[\s>)\"'\]])(?:{_WROTE}){_EDGE}|\bsent:\s*$", re.IGNORECASE)
_HAS_TELLER = re.compile(rf"\b(?:{_WHO_TELLS})\s+(?:{_WROTE})\b|\b(?:{_WROTE})\s+(?:{_WHO_TELLS})\b", re.IGNORECASE)
_HAS_OPENING = re.compile(rf"[\W_]{{0,12}}(?:(?:{_OPENS})\b|(?:{_WEEKDAY})[.,\s]|\d)", re.IGNORECASE)
_HAS_EMAIL = re.compile(_EMAIL)
_HAS_TIME = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}")
_HAS_DATE = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\b(?:19|20)\d\d\b|\d{1,2}\.? ?[^\W\d_]{3}"
)
_BEGINS_WITH_DATE = re.compile(rf"[\W_]{{0,12}}(?:(?:{_WEEKDAY})[.,]\s|\d)", re.IGNORECASE)
_ENDS = re.compile(r"[:：]\s*$|[-—]{2,}\s*$")
_ENDS_WITH_ADDRESS = re.compile(rf"[<(]\s*(?:mailto:)?{_EMAIL}\s*[>)]+\s*[:：]?\s*$")
_TOO_LONG = 400  # characters of a joined attribution


def may_begin_attribution(line: str) -> bool:
    """Whether it is worth joining this line with the next ones: a date, an address, or a colon at the end."""
    if len(line) > _TOO_LONG:
        return False
    return "@" in line or line.rstrip()[-1:] in {":", "："} or "-" in line[-3:] or _HAS_OPENING.match(line) is not None


def attribution(line: str) -> str:
    """How surely a line (joined, if it was wrapped) says who wrote what follows: "strong", "weak" or ""."""
    if len(line) > _TOO_LONG:
        return ""
    ends = _ENDS.search(line[-8:]) is not None
    email = "@" in line and _HAS_EMAIL.search(line) is not None
    if not ends and not email:
        return ""
    when = (_HAS_DATE.search(line) is not None) + (_HAS_TIME.search(line) is not None)
    if _HAS_VERB.search(line):
        if _HAS_TELLER.search(line):
            return ""
        opens = _HAS_OPENING.match(line) is not None
        sure = (email or opens) and when if ends else email and opens and when
        return "strong" if sure or (ends and (email or when == 2)) else "weak" if ends else ""
    if when and email and _BEGINS_WITH_DATE.match(line) and _ENDS_WITH_ADDRESS.search(line):
        return "strong" if ends else "weak"
    return ""


# ---- the header block that Outlook and forwards print

_FIELDS = {
    "from": """
        from | von | de | van | da | od | fra | från | lähettäjä | от | feladó | kimden
        expéditeur | mittente | remitente | absender | afzender | nadawca | avsändare | afsender | odesílatel
    """,
    "date": """
        sent | date | date sent | message du | gesendet | gesendet am | datum | envoyé | envoyé le | date d'envoi
        enviado | enviado el | fecha | enviada em | enviado em | enviada | data | inviato | inviato il | verzonden
        wysłano | skickat | sendt | dato | lähetetty | päivämäärä | odesláno | отправлено | дата | küldve | gönderildi
    """,
    "to": """
        to | an | à | a | para | aan | do | till | til | vastaanottaja | komu | pour | кому | címzett | kime | per
    """,
    "cc": "cc | bcc | kopie | kopie an | copie | copie à | kopia | kopi | dw | kopio | cópia | copia | копия",
    "subject": """
        subject | betreff | objet | sujet | asunto | oggetto | onderwerp | temat | assunto | ämne | emne | aihe
        předmět | тема | tárgy | konu
    """,
    "other": """
        reply-to | reply to | antwort an | répondre à | importance | wichtigkeit | priority | priorität
        attachments | anlagen | anhänge | pièces jointes | bijlagen | allegati | adjuntos | organization | organisation
    """,
}
_KIND = {key: kind for kind, rows in _FIELDS.items() for key in _any(rows).split("|")}
_FIELD = re.compile(r"^[\s>|*_]{0,12}([^\W\d_][\w'’ -]{0,24}?)\s{0,2}[*_]{0,2}\s?[:：][*_]{0,2}\s*(.*)$")


def header_field(line: str) -> tuple[str, str]:
    """The kind of a printed header field (`from`, `date`, `to`, `cc`, `subject`, `other`) and its value; else ""."""
    found = _FIELD.match(line) if ":" in line[:44] or "：" in line[:44] else None
    if found is None or not found.group(1)[0].isupper():
        return "", ""
    kind = _KIND.get(found.group(1).strip().lower().replace("’", "'"), "")
    return kind, found.group(2).strip(" *_") if kind else ""


# ---- the line above history

_ORIGINAL = _any(r"""
    original message | original e?-?mail | original appointment | reply message
    ursprüngliche nachricht | ursprüngliche e?-?mail | original-?nachricht | message d['’]origine | message original
    message initial | mensaje original | messaggio originale | oorspronkelijk bericht | origineel bericht
    wiadomość oryginalna | oryginalna wiadomość | mensagem original | ursprungligt meddelande | originalmeddelande
    oprindelig besked | oprindelig meddelelse | opprinnelig melding | alkuperäinen viesti | původní zpráva
    původní e-mail | исходное сообщение | eredeti üzenet
""")
_FORWARDED = _any(r"""
    forwarded message | forwarded mail | forwarded message follows | forwarded by .{1,60}
    weitergeleitete nachricht | weitergeleitete e?-?mail | message transféré | message transmis | message réexpédié
    mensaje reenviado | messaggio inoltrato | doorgestuurd bericht | przekazana wiadomość | wiadomość przekazana
    mensagem encaminhada | mensagem reencaminhada | vidarebefordrat meddelande | videresendt besked
    videresendt meddelelse | videresendt melding | välitetty viesti | edelleenlähetetty viesti | přeposlaná zpráva
    пересылаемое сообщение | перенаправленное сообщение | továbbított üzenet
""")
_BEGIN_FORWARD = _any(r"""
    begin forwarded message | anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-?mail
    début du message réexpédié | début du message transféré | inicio del mensaje reenviado | inizio messaggio inoltrato
    begin doorgestuurd bericht | początek przekazywanej wiadomości | início da mensagem reencaminhada
    início da mensagem encaminhada | vidarebefordrat brev | start på videresendt besked | videresendt melding
    välitetty viesti alkaa | začátek přeposílané zprávy
""")
_LINE_OF = r"[-_=*~—–]"
_IS_ORIGINAL = re.compile(rf"^[\s>]*{_LINE_OF}{{2,}}\s*(?:{_ORIGINAL})\s*:?\s*{_LINE_OF}{{2,}}\s*$", re.IGNORECASE)
_IS_FORWARD = re.compile(
    rf"^[\s>]*{_LINE_OF}{{2,}}\s*(?:{_FORWARDED})\s*:?\s*{_LINE_OF}{{2,}}\s*$|^[\s>]*(?:{_BEGIN_FORWARD})\s?[:：]\s*$",
    re.IGNORECASE,
)
_IS_RULE = re.compile(rf"^\s*{_LINE_OF}{{4,}}\s*$")


def separator(line: str) -> str:
    """The kind of line that parts new text from old: "original", "forward", "rule" or ""."""
    if len(line) > 120:
        return ""
    if _IS_RULE.match(line):
        return "rule"
    if _IS_FORWARD.match(line):
        return "forward"
    return "original" if _IS_ORIGINAL.match(line) else ""


_MARKER_WORDS = (
    _any(r"""
        repl(?:y|ies) | respond\w* | response | answer | write | type | antwort\w* | schreib\w* | répon\w* | écri\w*
        respuesta | escrib\w* | rispo\w* | scriv\w* | antwoord\w* | schrijf\w* | typ\w* | odpow\w* | pisz\w*
        respost\w* | escrev\w* | svar\w* | skriv\w* | vasta\w* | kirjoit\w* | odpov\w* | piš\w*
    """),
    _any(r"""
        above | over | oberhalb | über | au-dessus | encima | arriba | sopra | boven | powyżej | nad | acima | ovanför
        över | ovenfor | yläpuol\w* | yllä
    """),
    _any(r"""
        line | linie | zeile | ligne | línea | linea | riga | lijn | regel | lini\w* | linha | linje\w* | rad\w*
        viiv\w* | rivi\w* | čár\w* | řád\w*
    """),
)
_MARKER = tuple(re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for words in _MARKER_WORDS)
_DECORATED = re.compile(r"^[\s>]*[-=#*_~]{2,}|[-=#*_~]{2,}\s*$")


def reply_marker(line: str) -> bool:
    """Whether this is a line such as `--- please reply above this line ---`, with which desks mark their letters."""
    if len(line) > 120 or not (_DECORATED.search(line) or len(line) < 60):
        return False
    return all(pattern.search(line) for pattern in _MARKER)


# ---- how people and their phones end

_THING = r"[^,;:.!?<>\n]{2,45}(?:\.\w{2,4})?"
_DEVICE = _any(rf"""
    sent (?:from|via|with|using|by) {_THING} | get (?:the )?outlook for {_THING}
    gesendet (?:von|mit|aus|über) {_THING} | von meinem? {_THING} (?:gesendet|versendet|verschickt)
    diese nachricht wurde (?:von|mit) .{{2,80}} gesendet\.? | (?:holen sie sich )?outlook für {_THING}
    envoyé (?:de|depuis|à partir de|avec|par|via|d['’]) ?{_THING}
    (?:télécharger|obtenir|obtenez) outlook pour {_THING}
    enviado (?:desde|con|de|por|a través de|do|a partir|pelo|com|via) {_THING} | obtener outlook para {_THING}
    obter o outlook para {_THING} | inviato (?:da|dal|con|tramite) {_THING} | (?:scarica|ottieni) outlook per {_THING}
    (?:verzonden|verstuurd) (?:vanaf|vanuit|met|via|door|van) {_THING} | outlook voor {_THING} downloaden
    wysłan[eoay] (?:z|ze|za pomocą|przez) {_THING} | pobierz (?:program )?outlook dla {_THING}
    skicka[td] (?:från|med|via) {_THING} | hämta outlook för {_THING}
    sendt (?:fra|med|via) {_THING} | hent outlook (?:til|for) {_THING}
    lähetetty {_THING} | hanki outlook {_THING} | odesláno (?:z|ze|pomocí|přes) {_THING} | získat outlook pro {_THING}
    отправлено (?:с|из|от) {_THING}
""")
_IS_DEVICE = re.compile(rf"^\s*(?:[-—–]+\s*)?(?:{_DEVICE})\s*(?:[<(][^\s<>()]{{4,200}}[>)])?\s*$", re.IGNORECASE)


def device_line(line: str) -> bool:
    """Whether a phone or a mail service signed here on its own."""
    return len(line) < 250 and _IS_DEVICE.match(line) is not None


_GERMAN = (
    "freundlichen|freundlichem|freundliche|besten|beste|herzlichen|herzliche|lieben|liebe|schönen|schöne|vielen|viele"
)
_CLOSING = _any(rf"""
    (?:(?:with|my|best|kind|kindest|warm|warmest|many|friendly) ){{0,3}}regards | cheers | best wishes | all the best
    best(?=,?\s*$|, \w+$) :: "best practices" is no close
    (?:yours )?(?:sincerely|faithfully|truly)(?: yours)? | rgds | br | kr
    (?:mit )?(?:(?:{_GERMAN}|sonnige|nette) ){{0,2}}gr(?:ü|ue)(?:ß|ss)(?:en|e)?(?: (?:aus|von|nach) \w+)? | mfg
    lg | vg | bg | hochachtungsvoll | bien à (?:vous|toi) | (?:(?:très|bien) )?cordialement | cdlt | amicalement
    (?:(?:meilleures|sincères|cordiales) )?salutations(?: distinguées| cordiales)?
    veuillez agréer.{{0,100}} | je vous prie d['’]agréer.{{0,100}}
    (?:un )?(?:cordial(?:es)? )?saludos?(?: cordiales)? | atentamente | cordialmente | atte
    (?:(?:cordiali|distinti|cari|migliori) )?saluti | un (?:(?:cordiale|caro) )?saluto
    (?:met )?(?:(?:vriendelijke|hartelijke) )?groet(?:en|jes)? | mvg | hoogachtend
    (?:serdecznie )?pozdrawiam(?: serdecznie)? | pozdrowienia | z powa[żz]aniem | z wyrazami szacunku
    atenciosamente | (?:com os )?(?:melhores )?cumprimentos | att | abraços | saudações
    (?:med )?(?:(?:vänliga?|bästa|många) )?hälsning(?:ar)? | mvh | vh
    (?:med )?(?:(?:venlig|vennlig|kærlig|de bedste|bedste|beste) )?hils(?:en|ner)
    (?:(?:ystävällisin|parhain) )?terveisin | terv | s (?:(?:přátelským|srdečným) )?pozdravem
""")
_IS_CLOSING = re.compile(
    rf"^\s*(?:{_CLOSING})(?:[,!.\s]{{0,3}}$|[,\s]\s?(?P<name>(?:[^\W\d_][\w.'-]*\s?){{1,3}})$)", re.IGNORECASE
)
_IS_POSTSCRIPT = re.compile(r"^\s*p\.?\s?p?\.?\s?s\.?\s?[:.]?\s", re.IGNORECASE)
_IS_DASHES = re.compile(r"^(?:--|—|–|––|__)\s*$")
_IS_FOOTER_RULE = re.compile(r"^_{2,}\s*$")


def closing(line: str) -> bool:
    """Whether a line is a complimentary close, alone or with a name behind it."""
    found = _IS_CLOSING.match(line) if len(line) < 120 else None
    return found is not None and all(word[0].isupper() for word in (found["name"] or "").split())


def postscript(line: str) -> bool:
    return _IS_POSTSCRIPT.match(line) is not None


def dashes(line: str) -> bool:
    """Whether this is the line that mail programs put above a signature (RFC 3676 4.3: two hyphens and a blank)."""
    return _IS_DASHES.match(line) is not None


def footer_rule(line: str) -> bool:
    return _IS_FOOTER_RULE.match(line) is not None


FORWARD_SUBJECT = re.compile(
    r"^(?:\s*\[[^\]]{1,30}\])*\s*(?:fwd?|wg|tr|rv|enc|pd|vl|vb|vs|i|doorst|weitergeleitet)\s?:", re.IGNORECASE
)
