"""What mail programs print between a message and its history, by language: tables, and the few patterns made of them.

Languages: those of Europe, and the commonest forms of a few more (Chinese, Japanese, Korean, Hebrew, Arabic,
Indonesian, Vietnamese). A new program or language is a new row here, not a new rule elsewhere. How messages end is
in endings.py.
"""

from __future__ import annotations

import re
from functools import cache

from maildesk.mail.tables import any_of, beginnings, begins

# ---- the line that says who wrote what follows

_WROTE = any_of(r"""
    wrote | writes                                                        :: en
    schrieb | schrieben | schreibt | geschrieben                          :: de
    a écrit | à écrit | écrit | écrivait                                  :: fr
    escribió | escribio | ha escrito                                      :: es
    ha scritto | scrive | scriveva                                        :: it
    schreef | geschreven                                                  :: nl
    napisał\(a\) | napisała | napisał | pisze | napisana przez            :: pl
    escreveu                                                              :: pt
    skrev | skrifaði                                                      :: sv da no is
    kirjoitti | kirjutas                                                  :: fi et
    napsal\(a\) | napsala | napsal | píše | napísal\(a\) | napísal        :: cs sk
    írta | a scris | şunu yazdı | şunları yazdı | yazdı | έγραψε          :: hu ro tr el
    написал | написала | пишет | пише | написа | написао | написао/ла     :: ru uk bg sr
    napisao je | napisala je | napisao/la je | je napisao | napisala | napisal    :: hr sl
    rakstīja | rašė | parašė | missatge de | ha escrit | menulis | đã viết        :: lv lt ca id vi
""")
_WROTE_CJK = any_of("""
    写道 | 寫道 | のメール | 작성 | כתב | כתבה | כתב/ה | بواسطة
""")
_WHO_TELLS = any_of("""
    i | he | she | they | we | who    :: a person tells what somebody wrote; no mail program does
    ich | er | wir | ihr | man | je | il | elle | nous | yo | él | ella | usted | io | lui | lei
    ik | hij | zij | jag | jeg | ja | eu
""")
_OPENS = any_of("""
    on | at | am | um | le | el | il | in data | op | w dniu | dnia | em | no dia | às | den | på | dne | dňa
    vào | în | pe
    στις | на | v | v v | kuupäev | pada | в | בתאריך | في
""")
_WEEKDAY = any_of("""
    mon(?:day)? | tue(?:sday)? | wed(?:nesday)? | thu(?:rsday)? | fri(?:day)? | sat(?:urday)? | sun(?:day)?
    montag | dienstag | mittwoch | donnerstag | freitag | samstag | sonnabend | sonntag
    mo | di | mi | do | fr | sa | so
    lun(?:di)? | mar(?:di)? | mer(?:credi)? | jeu(?:di)? | ven(?:dredi)? | sam(?:edi)? | dim(?:anche)?
    lunes | martes | mié(?:rcoles)? | jue(?:ves)? | vie(?:rnes)? | sáb(?:ado)? | dom(?:ingo)?
    lunedì | martedì | mercoledì | giovedì | venerdì | sabato | domenica | gio
    maandag | dinsdag | woensdag | donderdag | vrijdag | zaterdag | zondag | ma | wo | vr | za | zo
    pon | wt | śr | czw | pt | sob | nd | seg | ter | qua | qui | sex | mån | tis | ons | tors | fre | lör | sön
    man | tir | tor | lør | søn | ke | to | pe | la | su | po | út | st | čt | pá | ne
    пн | вт | ср | чт | пт | сб | вс | нд | пон | уто | сре | чет | пет | суб | нед
    понедельник | вторник | среда | четверг | пятница | суббота | воскресенье | pirmd | otrd | trešd | ceturtd | piektd
""")
_EMAIL = r"(?<![^\s<>\"'()\[\]:])[^\s<>\"'()\[\]@]+@[^\s<>\"'()\[\]]+"
_EDGE = r"(?=$|[\s:<(\"'.,-])"

_HAS_VERB = re.compile(
    rf"(?:^|[\s>)\"'\]])(?:{_WROTE}){_EDGE}|(?:{_WROTE_CJK})(?=$|[\s:：<])|\bsent:\s*$", re.IGNORECASE
)
# What one of the verbs begins with: looked for first, as most lines hold none.
_STEMS = tuple({verb[:4].replace("\\", "") for verb in f"{_WROTE}|{_WROTE_CJK}".split("|")} | {"sent"})
_TELLER = rf"\b(?:{_WHO_TELLS})\s+(?:{_WROTE})\b|\b(?:{_WROTE})\s+(?:{_WHO_TELLS})\b"
# The Bat! and Eudora do say "you wrote", with date and time.
_ADDRESSEE = rf"\b(?:you|sie|vous)\s+(?:{_WROTE})\b|\b(?:{_WROTE})\s+(?:sie|vous)\b"
_INDENT = 12  # characters that may stand before it
_BEFORE_WORDS = re.compile(r"[\W_]*+")
_HAS_OPENING = re.compile(rf"[\W_]{{0,{_INDENT}}}(?:(?:{_OPENS})\b|(?:{_WEEKDAY})[.,\s]|\d)", re.IGNORECASE)
_OPENINGS = beginnings(f"{_OPENS}|{_WEEKDAY}")
_HAS_EMAIL = re.compile(_EMAIL)
_HAS_TIME = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}")
_HAS_DATE = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\b(?:19|20)\d\d(?:\b|[年년])"
    r"|\d{1,2}\.? ?[^\W\d_]{3}"
)
_BEGINS_WITH_DATE = re.compile(rf"[\W_]{{0,12}}(?:(?:{_WEEKDAY})[.,]\s|\d|בתאריך)", re.IGNORECASE)
_END_MARKS = frozenset(":：-—")
_ENDS = re.compile(r"[:：][*_]{0,2}\s*$|[-—]{2,}\s*$")
_ENDS_WITH_ADDRESS = re.compile(rf"[<(]\s*(?:mailto:)?{_EMAIL}\s*[>)]+\s*[:：]?\s*$")
_TOO_LONG = 400  # characters of a joined attribution


def may_begin_attribution(line: str) -> bool:
    """Whether it is worth joining this line with the next ones: a date, an address, or a colon at the end."""
    if len(line) > _TOO_LONG:
        return False
    tail = line[-4:]
    return "@" in line or ":" in tail or "：" in tail or "-" in tail or _opens(line)


def _opens(line: str) -> bool:
    """Whether a line begins as attributions do: with a date, or the word before one."""
    start = 0 if line[:1].isalpha() else _BEFORE_WORDS.match(line).end()  # type: ignore[union-attr]  # matches anything
    if start > _INDENT or not (line[start : start + 1].isdecimal() or begins(line[start : start + 3], _OPENINGS)):
        return False
    return _HAS_OPENING.match(line) is not None


def attribution(line: str) -> str:
    """How surely a line (joined, if it was wrapped) says who wrote what follows: "strong", "weak" or ""."""
    if len(line) > _TOO_LONG:
        return ""
    ends = _ends(line)
    email = "@" in line and _HAS_EMAIL.search(line) is not None
    verb = ends and _verb(line)
    if not email and not verb:
        return ""
    when = (_HAS_DATE.search(line) is not None) + (_HAS_TIME.search(line) is not None)
    if verb or (when and not ends and _verb(line)):
        if _seldom(_TELLER).search(line) or (when < 2 and _seldom(_ADDRESSEE).search(line)):
            return ""
        opens = _opens(line)
        sure = (email or opens) and when if ends else email and opens and when
        return "strong" if sure or (ends and (email or when == 2)) else "weak" if ends else ""
    if when and email and _BEGINS_WITH_DATE.match(line) and _ENDS_WITH_ADDRESS.search(line):
        return "strong" if ends else "weak"
    return "weak" if when == 2 and email and ends else ""


@cache
def _seldom(pattern: str) -> re.Pattern[str]:
    """A large pattern that few mails need, compiled at its first use."""
    return re.compile(pattern, re.IGNORECASE)


def _verb(line: str) -> bool:
    """Whether a line says that somebody wrote."""
    return any(map(line.lower().__contains__, _STEMS)) and _HAS_VERB.search(line) is not None


def _ends(line: str) -> bool:
    tail = line[-8:]
    return not _END_MARKS.isdisjoint(tail) and _ENDS.search(tail) is not None


def half_attribution(line: str) -> bool:
    """Whether a line may be the beginning of an attribution that blank lines tore: date and time, and no end yet."""
    if len(line) > 160 or _ends(line) or not _opens(line):
        return False
    return _HAS_DATE.search(line) is not None and _HAS_TIME.search(line) is not None


# Somebody typed his answer right above the quotation, and a program glued both: `Thanks!On Mon, ... wrote:`
_GLUED = re.compile(
    rf"(?<=\S)\s?(?:-{{2,}}\s?)?(?=(?:On|Am|Le|El|Il|Op|Den|Em) (?:(?i:{_WEEKDAY})[.,\s]|\d|[A-Z]\w{{2,8}}\.? \d))"
)


def unglued(line: str) -> list[str]:
    """A line, parted in front of an attribution that stands at its end."""
    if not 40 < len(line) <= _TOO_LONG or not _ends(line) or not _HAS_VERB.search(line):
        return [line]
    for place in _GLUED.finditer(line):
        own = line[: place.start()]
        if any(char.isalnum() for char in own) and attribution(line[place.end() :]) == "strong":
            return [own, line[place.start() :]]
    return [line]


# ---- the header block that Outlook and forwards print

_FIELDS = {
    "from": """
        from | von | de | van | da | od | fra | från | lähettäjä | от | от кого | feladó | kimden | gönderen | de la
        expéditeur | mittente | remitente | absender | afzender | nadawca | avsändare | afsender | odesílatel
        odosielateľ
        από | від | від кого | šalje | od koga | saatja | kellelt | no | nuo | siuntėjas | dari | từ | frá | jn
        差出人 | 送信者 | 发件人 | 寄件者 | 寄件人 | 보낸 사람 | 보낸사람 | מאת | من
    """,
    "date": """
        sent | date | date sent | message du | gesendet | gesendet am | datum | envoyé | envoyé le | date d'envoi
        enviado | enviado el | fecha | enviada em | enviado em | enviada | data | inviato | inviato il | verzonden
        wysłano | wysłane | skickat | sendt | dato | lähetetty | päivämäärä | odesláno | отправлено | дата
        küldve | elküldve
        gönderildi | gönderilme | tarih | dátum | odoslané | trimis | στάλθηκε | αποστολή | ημερομηνία | надіслано
        изпратено | poslano | poslato | saadetud | kuupäev | nosūtīts | datums | išsiųsta | enviat | enviat el | dikirim
        tanggal | đã gửi | ngày | dagsetning | 送信日時 | 日時 | 日付 | 发送时间 | 日期 | 寄件日期 | 傳送時間
        發送時間 | 時間 | 时间
        보낸 날짜 | 날짜 | 보낸시간 | נשלח | תאריך | تم الإرسال | التاريخ
    """,
    "to": """
        to | an | à | a | para | aan | do | till | til | vastaanottaja | komu | pour | кому | címzett | kime
        per | către
        empfänger | destinataire | προς | до | za | prima | saaja | kellele | kam | gavėjas | iki | per a | kepada | đến
        宛先 | 收件人 | 收件者 | 받는 사람 | 받는사람 | אל | إلى
    """,
    "cc": """
        cc | bcc | kopie | kopie an | copie | copie à | kopia | kopi | dw | kopio | cópia | copia | копия
        másolatot kap
        másolat | bilgi | κοιν. | κοινοποίηση | копія | копие | kp | kopija | koopia | kópia | còpia | 抄送
        副本 | 참조
        עותק | نسخة
    """,
    "subject": """
        subject | betreff | objet | sujet | asunto | oggetto | onderwerp | temat | assunto | ämne | emne | aihe
        předmět | тема | tárgy | konu | predmet | subiect | θέμα | относно | zadeva | teema | temats | tēma | tema
        assumpte | perihal | subjek | chủ đề | efni | 件名 | 主题 | 主旨 | 主題 | 제목 | נושא | الموضوع
    """,
    "other": """
        reply-to | reply to | antwort an | répondre à | importance | wichtigkeit | priority | priorität
        attachments | anlagen | anhänge | pièces jointes | bijlagen | allegati | adjuntos | organization | organisation
    """,
}
_KIND = {key: kind for kind, rows in _FIELDS.items() for key in any_of(rows).split("|")}
_FIELD = re.compile(r"^[\s>|*_]{0,12}([^\W\d_][\w'’ .-]{0,24}?)\s{0,2}[*_]{0,2}\s?[:：][*_]{0,2}\s*(.*)$")
_INNER = re.compile(
    r"(?:^|\s)[*_]{0,2}(?:([^\W\d_][\w'’.-]{0,20}) )?([^\W\d_][\w'’.-]{0,20})\s?[*_]{0,2}[:：](?=[\s*_])"
)


def header_field(line: str) -> tuple[str, str]:
    """The kind of a printed header field (`from`, `date`, `to`, `cc`, `subject`, `other`) and its value; else ""."""
    found = _FIELD.match(line) if ":" in line[:44] or "：" in line[:44] else None
    if found is None or found.group(1)[0].islower():
        return "", ""
    kind = _kind(found.group(1))
    return kind, found.group(2).strip(" *_|") if kind else ""


def _kind(key: str) -> str:
    return _KIND.get(key.strip().lower().replace("’", "'"), "")


def header_line(line: str) -> dict[str, str]:
    """The fields of a header that was printed into one line, as programs do that throw line breaks away."""
    if len(line) > 1000 or header_field(line)[0] != "from":
        return {}
    marks = []  # (the kind, where its name begins, where its value begins)
    for one in _INNER.finditer(line):
        for start in (1, 2):  # "Enviado el:" is two words, in "Erika To:" only the second one counts
            if one[start] and not one[start][0].islower() and (kind := _kind(line[one.start(start) : one.end(2)])):
                marks.append((kind, one.start(start), one.end()))
                break
    if len(marks) < 3:
        return {}
    ends = [start for _, start, _ in marks[1:]] + [len(line)]
    return {kind: line[begin:end].strip(" *_") for (kind, _, begin), end in zip(marks, ends, strict=True)}


# ---- the line above history

_ORIGINAL = any_of(r"""
    original message | original e?-?mail | original appointment | reply message
    ursprüngliche nachricht | ursprüngliche e?-?mail | original-?nachricht | message d['’]origine | message original
    message initial | mensaje original | messaggio originale | oorspronkelijk bericht | origineel bericht
    wiadomość oryginalna | oryginalna wiadomość | mensagem original | ursprungligt meddelande | originalmeddelande
    oprindelig besked | oprindelig meddelelse | opprinnelig melding | alkuperäinen viesti | původní zpráva
    původní e-mail | исходное сообщение | оригинальное сообщение | eredeti üzenet | pôvodná správa | pôvodný e-mail
    mesaj original | mesaj inițial | mesajul original | orijinal mesaj | orijinal ileti | özgün ileti | αρχικό μήνυμα
    оригінальне повідомлення | вихідне повідомлення | оригинално съобщение | izvorna poruka | originalna poruka
    izvirno sporočilo | algne sõnum | algne kiri | originalus laiškas | pirminis laiškas | sākotnējais ziņojums
    missatge original | 元のメッセージ | 元のメール | 原始邮件 | 原始郵件 | 邮件原件 | 원본 메시지 | 원본 메일
    הודעה מקורית
    الرسالة الأصلية | pesan asli | tin nhắn gốc | thư gốc
""")
_FORWARDED = any_of(r"""
    forwarded message | forwarded mail | forwarded message follows | forwarded by .{1,80}
    forwarded message from .{1,80}
    weitergeleitete nachricht | weitergeleitete e?-?mail | weitergeleitet von .{1,80} | message transféré
    message transmis | message réexpédié | transféré par .{1,80} | réacheminé par .{1,80} | mensaje reenviado
    reenviado por .{1,80} | messaggio inoltrato | inoltrato da .{1,80} | doorgestuurd bericht
    doorgestuurd door .{1,80}
    przekazana wiadomość | wiadomość przekazana | treść przekazanej wiadomości
    mensagem encaminhada | mensagem reencaminhada | vidarebefordrat meddelande | videresendt besked
    videresendt meddelelse | videresendt melding | välitetty viesti | edelleenlähetetty viesti | přeposlaná zpráva
    пересылаемое сообщение | перенаправленное сообщение | továbbított üzenet | preposlaná správa | mesaj redirecționat
    iletilen mesaj | yönlendirilmiş ileti | iletilmiş mesaj | προωθημένο μήνυμα | переслане повідомлення
    препратено съобщение | proslijeđena poruka | posredovano sporočilo | edastatud kiri | edastatud sõnum
    persiųstas laiškas | pārsūtītais ziņojums | missatge reenviat | 転送メッセージ | 転送されたメッセージ
    转发的消息 | 转发的邮件
    转发邮件 | 轉寄郵件 | 轉寄的郵件 | 전달된 메시지 | 전달된 메일 | הודעה שהועברה | pesan terusan | thư đã chuyển tiếp
""")
_BEGIN_FORWARD = any_of(r"""
    begin forwarded message | anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-?mail
    début du message réexpédié | début du message transféré | inicio del mensaje reenviado | inizio messaggio inoltrato
    begin doorgestuurd bericht | początek przekazywanej wiadomości | início da mensagem reencaminhada
    início da mensagem encaminhada | vidarebefordrat brev | vidarebefordrat mejl | start på videresendt besked
    videresendt melding | välitetty viesti alkaa | začátek přeposílané zprávy | začiatok preposlanej správy
    továbbított levél kezdete | începutul mesajului redirecționat | iletilmiş mesajın başlangıcı
    αρχή προωθημένου μηνύματος | начало переадресованного сообщения | початок листа, що пересилається
    početak proslijeđene poruke | inici del missatge reenviat | 転送されたメッセージ | 开始转发的邮件 | 以下是轉寄的郵件
    전달된 메시지
""")
_LINE_OF = r"[-_=*~‐-―─━═]"
_TITLED = rf"^[\s>]*{_LINE_OF}{{2,}}\s*(?:%s)\s*:?\s*{_LINE_OF}{{2,}}\s*$"
_IS_ORIGINAL = re.compile(_TITLED % _ORIGINAL, re.IGNORECASE)
_IS_TITLE = re.compile(rf"^\s*\*?(?:{_ORIGINAL})\*?\s*:?\s*$", re.IGNORECASE)
_IS_FORWARD = re.compile(_TITLED % _FORWARDED + rf"|^[\s>]*(?:{_BEGIN_FORWARD})\s?[:：]\s*$", re.IGNORECASE)
_IS_RULE = re.compile(rf"^\s*{_LINE_OF}{{4,}}\s*$")
_LINES = frozenset("-_=*~‐‑‒–—―─━═")  # the same characters, one by one
_BEGINS_FORWARD = beginnings(_BEGIN_FORWARD)
_ORIGINALS = beginnings(_ORIGINAL)


def separator(line: str) -> str:
    """The kind of line that parts new text from old: "original", "forward", "rule", "title" or "".

    A "title" is the wording of an "original" without its rules: by itself it is only words.
    """
    if len(line) > 120 or not (said := line.strip()):
        return ""
    if said[0] not in _LINES and said[0] != ">":
        return _wording(line, said)
    if _IS_RULE.match(line):
        return "rule"
    if _IS_FORWARD.match(line):
        return "forward"
    if _IS_ORIGINAL.match(line):
        return "original"
    return "title" if len(line) < 60 and _IS_TITLE.match(line) else ""


_IS_END = re.compile(
    rf"^{_LINE_OF}{{2,}}\s*end (?:of )?(?:the )?forwarded message\s*{_LINE_OF}{{2,}}\s*$", re.IGNORECASE
)


def _wording(line: str, said: str) -> str:
    """The same for a line without a rule in front."""
    if said[-1] in ":：" and begins(said, _BEGINS_FORWARD) and _IS_FORWARD.match(said):
        return "forward"
    return "title" if len(line) < 60 and begins(said, _ORIGINALS) and _IS_TITLE.match(said) else ""


def forward_end(line: str) -> bool:
    """Whether a program marks the end of what it forwarded (Mutt, Horde)."""
    return len(line) < 120 and _IS_END.match(line) is not None


_MARKER_WORDS = (
    any_of(r"""
        repl(?:y|ies) | respond\w* | response | answer | write | type | enter | antwort\w* | schreib\w*
        répon\w* | écri\w*
        respuesta | respond\w* | escrib\w* | rispo\w* | scriv\w* | antwoord\w* | schrijf\w* | typ\w* | odpow\w*
        pisz\w*
        respost\w* | escrev\w* | svar\w* | skriv\w* | vasta\w* | kirjoit\w* | odpov\w* | piš\w* | válasz\w* | răspun\w*
        cevap\w* | cevab\w* | yanıt\w* | yaz\w* | ответ\w* | відпові\w* | отговор\w* | απαντ\w* | odgovor\w*
    """),
    any_of(r"""
        above | over | oberhalb | über | au-dessus | encima | arriba | sopra | boven | powyżej | nad | acima | ovanför
        över | ovenfor | yläpuol\w* | yllä | felett | fölé | deasupra | üst\w* | выше | над | вище | πάνω | iznad
    """),
    any_of(r"""
        this line | this marker | linie | zeile | ligne | línea | linea | riga | lijn | regel | lini\w*
        wiersz\w* | linha
        linje\w* | rad\w* | viiv\w* | rivi\w* | čár\w* | řád\w* | sor | linii | satır\w* | строк\w* | лини\w*
        рядк\w* | ред\w*
        γραμμή\w* | crt\w* | lini\w*
    """),
)
_MARKER_CJK = re.compile(r"行(?:上方|之上|以上).*回[复覆]|行(?:の上|より上).*返信|줄 위에.*(?:답|회신)")
_MARKER = tuple(re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for words in _MARKER_WORDS)
_ORNAMENTS = frozenset("-=#*_~─━═")
_PLAIN_MARKER_WORDS = (
    r"(?:(?:please|to|bitte|veuillez|merci de|por favor|per favore|gelieve|vennligst|proszę) )?"
    rf"(?:{_MARKER_WORDS[0]})\b"
)
_PLAIN_MARKER = re.compile(_PLAIN_MARKER_WORDS, re.IGNORECASE)
_PLAIN_MARKERS = beginnings(_PLAIN_MARKER_WORDS)


def reply_marker(line: str) -> bool:
    """Whether this is a line such as `--- please reply above this line ---`, with which desks mark their letters.

    Without any ornament it must be short and begin with the request: "my reply above this line" is not one.
    """
    if len(line) > 120:
        return False
    said = line.strip()
    plain = len(line) < 60 and begins(said, _PLAIN_MARKERS) and _PLAIN_MARKER.match(said)
    if not plain and not _decorated(said):
        return False
    return all(pattern.search(line) for pattern in _MARKER) or _MARKER_CJK.search(line) is not None


def _decorated(said: str) -> bool:
    """Whether a line begins or ends with two ornaments, or begins with a bracket."""
    if len(said) < 2:
        return said == "["
    return said[0] == "[" or _ORNAMENTS.issuperset(said[:2]) or _ORNAMENTS.issuperset(said[-2:])


_PARTING = _OPENINGS | _BEGINS_FORWARD | _ORIGINALS | _PLAIN_MARKERS


def prose(line: str) -> bool:
    """Whether a line is plainly one of prose: it is no separator, marker, attribution or header field.

    False says nothing. It spares most lines all those tests: they begin and end with a word, and no phrase begins so.
    """
    said = line.strip()
    if not said[:1].isalpha() or ":" in line or "@" in line or "：" in line or "-" in line[-4:]:
        return False
    return said[-1] not in _ORNAMENTS and not begins(said, _PARTING)


FORWARD_SUBJECT = re.compile(
    r"^(?:\s*\[[^\]]{1,30}\])*\s*(?:fwd?|wg|tr|rv|enc|pd|vl|vb|vs|i|doorst|weitergeleitet|továbbítás|i̇?lt|πρθ|пересл|"
    r"転送|转发|轉寄|전달)\s?[:：]",
    re.IGNORECASE,
)
