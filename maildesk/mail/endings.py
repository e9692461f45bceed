"""How messages end, by language: closes, signatures of phones and mail services, small print.

Tables, and the few patterns made of them; a new program or language is a new row.
"""

from __future__ import annotations

import re

from maildesk.mail.tables import any_of, beginnings, begins

# ---- phones and mail services

_THING = r"[^,;:.!?<>\n]{2,45}(?:\.\w{2,4})?"
_EXCUSE = "excuse|forgive|pardon|apologi|sorry|brevity|typo"
_DEVICE = any_of(rf"""
    sent from {_THING} | get (?:the )?outlook for {_THING} | gesendet von {_THING}
    von meinem? {_THING} (?:gesendet|versendet|verschickt)
    von unterwegs (?:gesendet|geschrieben|verschickt) | (?:mobil|unterwegs) (?:gesendet|geschrieben|verschickt)
    diese nachricht wurde (?:von|mit) .{{2,80}} gesendet | (?:holen sie sich )?outlook für {_THING}(?: beziehen)?
    envoyé (?:de|depuis|à partir de|d['’]) ?{_THING}
    (?:télécharger|obtenir|obtenez) outlook pour {_THING}
    enviado (?:desde|de|do|a partir) {_THING} | obtener outlook para {_THING}
    obter o outlook para {_THING} | inviato (?:da|dal) {_THING} | (?:scarica|ottieni) outlook per {_THING}
    (?:verzonden|verstuurd) (?:vanaf|vanuit|van) {_THING} | outlook voor {_THING} downloaden
    wysłan[eoay] (?:z|ze) {_THING} | pobierz (?:program )?outlook dla {_THING}
    skicka[td] från {_THING} | hämta outlook för {_THING}
    sendt fra {_THING} | (?:hent|få) outlook (?:til|for) {_THING}
    lähetetty {_THING} | hanki outlook .{{2,20}} | odesláno (?:z|ze) {_THING}
    (?:získat|získejte) outlook pro {_THING} | отправлено (?:с|из|от) {_THING}
    yahoo mail ?: [^.?]{{5,60}}
    sent (?:from|via) my [^,;:.!?<>]{{2,40}}[,.;:!]? ?.{{0,60}}\b(?:{_EXCUSE}).{{0,60}}
    virus-free\.? ?(?:www\.)?[\w.]{{0,30}} | virenfrei\.? ?(?:www\.)?[\w.]{{0,30}}
    this (?:e-?mail|message) has been (?:checked|scanned) (?:for|by) .{{2,90}}
    diese e-?mail wurde von .{{2,60}} auf viren (?:geprüft|überprüft).{{0,30}}
""")
_IS_DEVICE = re.compile(rf"^(?:[-—–]+\s*)?(?:{_DEVICE})$", re.IGNORECASE)
_DEVICES = beginnings(_DEVICE)
# In any language: a word for "sent" first or last, the name of a product, and hardly more.
_PRODUCT = re.compile(
    r"iphon|ipad|ipod|android|outlook|galaxy|samsung|blackberry|huawei|xiaomi|nokia|windows|yahoo|hotmail|gmail|gmx|web\.de|"
    r"mail\.ru|яндекс|proton|bluemail|aquamail|k-9|fairemail|thunderbird|apple|mobil|smartphone|tablet|handy|telef",
    re.IGNORECASE,
)
_SENT = tuple(
    any_of("""
        sent | gesendet | versendet | verschickt | envoyé | expédié | enviado | enviada | inviato | inviata | verzonden
        verstuurd | wysłano | wysłane | wysłana | skickat | skickades | sendt | lähetetty | odesláno | odoslané | küldve
        elküldve | trimis | gönderildi | στάλθηκε | αποστολή | отправлено | надіслано | відправлено | изпратено
        poslano | poslato | saadetud | nosūtīts | išsiųsta | enviat | dikirim | đã gửi | 送信 | 发自我的 | 发送自
        傳送 | 보냄 | נשלח | أرسلت
    """).split("|")
)
_SENT_FIRST = beginnings("|".join(_SENT))
_SENT_LAST = frozenset(word[-4:] for word in _SENT)
_CJK_SENT = re.compile(r"^(?:发自|從|自).{1,25}$|.{1,25}から送信$", re.IGNORECASE)
_LINK_MARKS = frozenset("<([]")
_AROUND = " \t\xa0*_"
_LINK = re.compile(r"\s?<[^\s<>]{4,300}>|(?<=\])\([^\s()]{4,300}\)|\s?\((?:https?:|www\.)[^\s()]{4,300}\)|[\[\]]")


def device_line(line: str) -> bool:
    """Whether a phone or a mail service signed here on its own."""
    if not 6 < len(line) <= 400:
        return False
    shown = line.strip(_AROUND)
    said = shown if _LINK_MARKS.isdisjoint(line) else _LINK.sub("", line).strip(_AROUND)
    if not 6 < len(said) < 160 or not (_device(said) or _says_sent(said)):
        return False
    named = said != shown or _PRODUCT.search(said) is not None
    if not named and said[0].islower():
        return False  # "was" at the end of one line of prose, and "sent from Berlin" on the next
    return named or _IS_DEVICE.match(said) is not None


def _device(said: str) -> bool:
    begun = said.lstrip("-—–").lstrip()
    return begins(begun, _DEVICES) and (_IS_DEVICE.match(said) or _IS_DEVICE.match(said.removesuffix("."))) is not None


def _says_sent(said: str) -> bool:
    """The same for what stands in no table: worth nothing unless a product is named."""
    if len(said) > 70 or said.count(" ") > 9 or any(mark in said for mark in (", ", "; ", ". ", "?", "!")):
        return False
    plain = said.lower().strip("-. ")
    if begins(plain, _SENT_FIRST) and plain.startswith(_SENT):
        return True
    last = plain[-4:] in _SENT_LAST or plain[-3:] in _SENT_LAST or plain[-2:] in _SENT_LAST
    return (last and plain.endswith(_SENT)) or (not said.isascii() and _CJK_SENT.match(said) is not None)


# ---- people

_GERMAN = (
    "freundlichen|freundlichem|freundliche|besten|beste|herzlichen|herzliche|lieben|liebe|schönen|schöne|vielen|viele"
)
_CLOSING = any_of(rf"""
    (?:(?:with|my|best|kind|kindest|warm|warmest|many|friendly|very) ){{0,3}}regards | cheers | best wishes
    all the best
    best(?=,?\s*$|, \w+$) :: "best practices" is no close
    (?:yours )?(?:very )?(?:sincerely|faithfully|truly)(?: yours)? | rgds | br | kr | respectfully | warmly
    (?:mit )?(?:(?:{_GERMAN}|sonnige|nette) ){{0,2}}gr(?:ü|ue)(?:ß|ss)(?:en|e)?(?: (?:aus|von|nach) \w+)? | mfg
    gru(?:ß|ss)
    lg | vg | bg | hochachtungsvoll | ihr(?:e)? \w+-team | bien à (?:vous|toi) | (?:(?:très|bien) )?cordialement | cdlt
    amicalement | sincèrement | respectueusement
    (?:(?:meilleures|sincères|cordiales) )?salutations(?: distinguées| cordiales)?
    veuillez agréer.{{0,100}} | je vous prie d['’]agréer.{{0,100}}
    (?:un )?(?:cordial(?:es)? )?saludos?(?: cordiales)? | atentamente | cordialmente | atte | un abrazo
    (?:(?:cordiali|distinti|cari|migliori) )?saluti | un (?:(?:cordiale|caro) )?saluto
    (?:met )?(?:(?:vriendelijke|hartelijke) )?groet(?:en|jes)? | mvg | hoogachtend
    (?:serdecznie )?pozdrawiam(?: serdecznie)? | pozdrowienia | z powa[żz]aniem | z wyrazami szacunku
    atenciosamente | (?:com os )?(?:melhores )?cumprimentos | att | (?:um )?abraços? | saudações
    (?:med )?(?:(?:vänliga?|bästa|många) )?hälsning(?:ar)? | mvh | vh | vänligen
    (?:med )?(?:(?:venlig|vennlig|kærlig|de bedste|bedste|beste) )?hils(?:en|ner)
    (?:(?:ystävällisin|parhain) )?terveisin | terv | s (?:(?:přátelským|srdečným) )?pozdravem | s přáním hezkého dne
    s (?:(?:priateľským|srdečným) )?pozdravom | üdvözlettel | tisztelettel | cu stimă | cu respect | toate cele bune
    saygılarımla | saygılarımızla | iyi çalışmalar | με εκτίμηση | с уважением | с наилучшими пожеланиями | з повагою
    с уважение | поздрави | (?:srdačan )?pozdrav | lijep pozdrav | lep pozdrav | s poštovanjem | s spoštovanjem
    lugupidamisega | parimate soovidega | ar cieņu | pagarbiai | salutacions(?: cordials)? | hormat saya | trân trọng
""")
_THANKS = any_of("""
    thanks | thank you | many thanks | vielen dank | besten dank | danke | merci | gracias | muchas gracias
    grazie | bedankt
    dank | dziękuję | obrigado | obrigada | tack | tak | takk | kiitos | děkuji
""")
_AND = "and|und|et|y|e|en|i|och|og|ja|a|&|[+]"
_IS_CLOSING = re.compile(
    rf"^(?:(?:{_THANKS}) (?:{_AND}) )?(?:{_CLOSING})(?: ?[/|] ?(?:{_CLOSING}))?"
    r"(?:[:,!.\s]{0,3}$|[,\s]\s?(?P<name>(?:[^\W\d_][\w.'-]*\s?){1,3})$)",
    re.IGNORECASE,
)
_CLOSINGS = beginnings(f"{_THANKS}|{_CLOSING}")
_IS_DASHES = re.compile(r"^(?:--|—|–|––|__)\s*$")
_IS_NAME = re.compile(r"^(?:[-–—~]{1,2}|/)\s?[^\W\d_]\w+(?: [^\W\d_][\w.'-]*){0,2}\s*$")


def closing(line: str) -> bool:
    """Whether a line is a complimentary close, alone or with a name behind it."""
    return _closed(line) is not None


def signed_in_line(line: str) -> bool:
    """Whether a complimentary close has the name behind it in the same line."""
    return bool(_closed(line))


def _closed(line: str) -> str | None:
    """The name behind a complimentary close, "" if there is none; None if the line is no close."""
    said = line.strip(_AROUND)
    found = _IS_CLOSING.match(said) if len(line) < 120 and begins(said, _CLOSINGS) else None
    if found is None or not all(word[0].isupper() for word in (found["name"] or "").split()):
        return None
    return found["name"] or ""


def dashed_name(line: str) -> bool:
    """Whether somebody signed with his name behind a dash or a slash: `-Erika Muster`, `/Max`."""
    if len(line) >= 50 or line[:1] not in "-–—~/" or _IS_NAME.match(line) is None:
        return False
    return all(word[0].isupper() for word in line.strip("-–—~/ \t").split())


def name(line: str) -> bool:
    """Whether a line may be a person's or a company's name: a few capitalised words and nothing else."""
    words = line.strip(" \t\xa0*_,").split()
    return 0 < len(words) <= 4 and all(word[0].isupper() and word.strip(".").isalpha() for word in words)


def dashes(line: str) -> bool:
    """Whether this is the line that mail programs put above a signature (RFC 3676 4.3: two hyphens and a blank)."""
    return line[:1] in "-—–_" and _IS_DASHES.match(line) is not None


# ---- what companies and lists add

_IS_FOOTER_RULE = re.compile(r"^\s?(?:_{2,}|[-=*~─━]{3,})\s*$")
_CONTACT = re.compile(r"://|\bwww\.|@|(?:\+|\b0)\d[\d ()/.-]{6,}", re.IGNORECASE)
_SMALL_PRINT = re.compile(
    r"""^\W{0,3}(?:
    (?:this|the)\ (?:e-?mail|message|information|content|communication|transmission)
    |confidential|disclaimer|important\ notice|privileged|notice\ of\ confidentiality
    |diese\ (?:e-?mail|nachricht|mail)|der\ inhalt\ dieser|die\ information|vertraulich
    |haftungsausschluss
    |ce\ (?:message|courriel|mail)|l'information
    |este\ (?:mensaje|correo|e-?mail)|esta\ mensagem|aviso\ de\ confid|aviso\ legal
    |(?:questo|il\ presente)\ (?:messaggio|e-?mail)|le\ informazioni\ contenute
    |dit\ (?:e-?mail|bericht)|deze\ e-?mail
    |niniejsza\ wiadomość|(?:ta\ )?wiadomość\ ta|denna?\ e-?
    |detta\ (?:e-?post|meddelande)|denne\ (?:e-?mail|e-?post|mail)
    |tämä\ (?:sähkö)?viesti|tato\ (?:zpráva|e-?mail)|tento\ e-?mail
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_SECRECY = re.compile(
    r"confiden|vertraulich|vertrouwelijk|poufn|konfiden|luottamuks|důvěrn|riservat|intended (?:only|solely)|privileged"
    r"|nur für den (?:empfänger|adressaten)|destinataire|fortroli|fortrolig",
    re.IGNORECASE,
)
_GREEN = re.compile(
    r"^\W{0,3}(?:p )?(?:please )?(?:(?:consider|think of) (?:the|our) environment|think before (?:you )?print"
    r"|save paper|(?:bitte )?denken sie an (?:die|unsere) umwelt|pensez à (?:l'|l’)?environnement|avant d[’']imprimer"
    r"|antes de imprimir|prima di stampare|denk aan het milieu)",
    re.IGNORECASE,
)


def footer_rule(line: str) -> bool:
    return line.rstrip()[-1:] in "_-=*~─━" and _IS_FOOTER_RULE.match(line) is not None


def contact(line: str) -> bool:
    """Whether a line gives an address, a link or a telephone number."""
    return _CONTACT.search(line) is not None


def small_print(lines: list[str]) -> bool:
    """Whether a paragraph that begins with these lines is a disclaimer or a plea for trees."""
    first = lines[0][:200]
    if _GREEN.match(first):
        return True
    return _SMALL_PRINT.match(first) is not None and any(_SECRECY.search(line[:1000]) for line in lines[:4])
