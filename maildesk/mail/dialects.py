"""The words of mail systems: how their reports are signed, what they open with, where the returned mail begins.

Words are compared folded (`fold`): case, accents and runs of blanks make no difference, because the same server writes
`délivré` in UTF-8, `delivre` in ASCII, and breaks its lines anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# What Unicode does not take apart: the stroke of the Polish l is part of the letter.
_PLAIN = tuple(zip("’ıłøđ", "'ilod", strict=True))
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


def fold(text: str) -> str:
    """Text as the tables here compare it: one line, no case, no accents or strokes, straight apostrophes."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text)
    for char in filter(unicodedata.combining, set("".join(_FOREIGN.findall(plain)))):
        plain = plain.replace(char, "")
    plain = plain.casefold()
    for char, other in _PLAIN:
        plain = plain.replace(char, other)
    return " ".join(plain.split())


# No person signs so: what comes from these is a mail system's, whatever its words.
DAEMON = re.compile(
    r"mailer[-_. ]?daemon|mail(?:er)? delivery|mail daemon|delivery (?:sub)?system|delivery service|\bmdaemon@|\bndr@"
    r"|microsoftexchange[0-9a-f]{8}|mail system|mail transport|mail router|maildelivery|bounce[-_.]?notification"
    r"|undeliver|non-?delivery|mail server at \S|<@|^\W+$",
)
# A daemon's name that a person may also write under.
POSTMASTER = re.compile(r"postmaster|mail administrator|internet mail|post ?office|mail ?master\b")
# These may be people: they are believed only if the very subject is a daemon's.
ROLE = re.compile(
    r"system ?administrator|administrat(?:eur|or|ore) d[ei]l? sist|administrateur systeme|amministratore di sistema"
    r"|antivirus|anti-virus|virus_?wall|mail ?gateway|\bimss@|\binetgw\d*@|mail[-_ ]?serv(?:ice|er)"
    r"|e?mail[-_ ]?(?:security|filter|scanner|gateway)|\bbounces?@|system attendant"
)

# An answer or a forward. A daemon's own prefix is none of these.
REPLY = re.compile(r"(?:re|aw|fwd?|wg|sv|vs|tr|rv|res|enc|antw|odp|ynt|r|i) ?: ?")

_PHRASES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "undeliverable",
        "undelivered",
        "undeliv.",
        "nondeliverable",
        "not be delivered",
        "n't be delivered",
        "cannot be delivered",
        "not been delivered",
        "not yet been delivered",
        "not delivered",
        "n't delivered",
        "non-delivery",
        "non delivery",
        "nondelivery",
        "delivery failure",
        "delivery failed",
        "delivery fail",
        "delivery has failed",
        "failed to deliver",
        "failure delivering",
        "delivery notification",
        "error delivering",
        "delivery error",
        "delivery unsuccessful",
        "mail failed",
        "failed mail",
        "failure notice",
        "error mail",
        "mail system error",
        "returned mail",
        "mail returned",
        "returned e-mail",
        "returned email",
        "returned message",
        "message returned",
        "returned to sender",
        "return to sender",
        "returning message to sender",
        "message delayed",
        "message status - undeliverable",
        "unable to deliver",
        "unable to relay",
        "not able to deliver",
        "n't able to deliver",
        "not deliver your",
        "did not reach the following recipient",
        "did not reach some or all",
        "permanent fatal errors",
        "user unknown",
        "unknown user",
        "unknown recipient",
        "recipient unknown",
        "no such user",
        "automatically rejected",
        "bounced mail",
        "address not found",
    ),
    "de": (
        "unzustellbar",
        "nicht zugestellt",
        "nicht zustellbar",
        "konnte nicht zugestellt",
        "konnte nicht ausgeliefert",
        "zustellung fehlgeschlagen",
        "zustellung ist fehlgeschlagen",
        "zustellung nicht moglich",
        "zustellfehler",
        "fehler bei der zustellung",
        "ubermittlungsstatus",
        "nicht ubermittelt",
        "fehler bei der ubermittlung",
        "zuruckgewiesene nachricht",
        "verzogerte zustellung",
        "zustellung verzogert",
    ),
    "fr": (
        "non remis",
        "non distribu",
        "non delivre",
        "non livre",
        "pu etre remis",
        "pu etre distribu",
        "pu etre delivre",
        "pu etre livre",
        "pu etre achemine",
        "pu etre transmis",
        "echec de la remise",
        "echec de remise",
        "echec de livraison",
        "echec de distribution",
        "impossible de remettre",
        "impossible de distribuer",
        "impossible de livrer",
        "etat de remise",
        "retour a l'expediteur",
        "retour a l'envoyeur",
    ),
    "es": (
        "no se pudo entregar",
        "no se puede entregar",
        "no se ha podido entregar",
        "no ha podido ser entregado",
        "no ha sido entregado",
        "no pudo ser entregado",
        "no fue entregado",
        "no entregado",
        "imposible entregar",
        "estado de entrega",
        "error de entrega",
        "error en la entrega",
        "correo devuelto",
        "mensaje devuelto",
        "devuelto al remitente",
    ),
    "it": (
        "mancato recapito",
        "mancata consegna",
        "impossibile recapitare",
        "impossibile consegnare",
        "non recapitabile",
        "non recapitato",
        "non consegnato",
        "recapito non riuscito",
        "stato del recapito",
        "non e stato possibile recapitare",
        "non e stato possibile consegnare",
        "non e stato recapitato",
        "non e stato consegnato",
        "avviso di mancata",
    ),
    "nl": (
        "onbestelbaar",
        "niet bezorgd",
        "niet worden bezorgd",
        "niet worden afgeleverd",
        "niet afgeleverd",
        "niet-bezorgd",
        "bezorging mislukt",
        "bezorging is mislukt",
        "aflevering mislukt",
        "kan niet worden besteld",
    ),
    "pt": (
        "nao pode ser entregue",
        "nao foi possivel entregar",
        "nao e possivel entregar",
        "nao foi entregue",
        "nao entregue",
        "nao pode ser enviad",
        "falha na entrega",
        "falha de entrega",
        "erro na entrega",
        "status de entrega",
        "estado da entrega",
        "mensagem devolvida",
        "devolvida ao remetente",
    ),
    "sv": ("kan inte leverera", "kunde inte leverera", "olevererba", "inte leverats", "ej levererat", "leveransfel"),
    "da": (
        "kan ikke leveres",
        "kunne ikke leveres",
        "ikke leveret",
        "kunne ikke afleveres",
        "uleveret",
        "ikke afleveret",
    ),
    "nb": ("kunne ikke levere", "kan ikke levere", "ikke levert", "leveringsfeil"),
    "fi": (
        "toimitus epaonnistui",
        "toimittaminen epaonnistui",
        "ei voitu toimittaa",
        "ei voi toimittaa",
        "ei voida toimittaa",
    ),
    "cs sk": (
        "nedorucitel",
        "nedorucen",
        "nelze dorucit",
        "nebylo mozne dorucit",
        "mohla byt dorucena",
        "nemozno dorucit",
    ),
    "pl": (
        "nie mozna dostarczyc",
        "nie mogla zostac dostarczona",
        "niedostarcz",
        "nie moze zostac dostarczona",
        "nie zostala dostarczona",
        "nie dostarczono",
        "nie udalo sie dostarczyc",
    ),
    "hu": ("kezbesithetetlen", "nem kezbesitheto", "nem sikerult kezbesiteni", "sikertelen kezbesites"),
    "ro": ("nelivrabil", "nu a putut fi livrat", "nu poate fi livrat"),
    "tr": ("teslim edilemedi", "teslim edilemez", "teslim edilemeyen", "iletilemedi", "ulastirilamadi"),
    "el": ("δεν ειναι δυνατη η παραδοση", "δεν παραδοθηκε", "ανεπιδοτο", "μη παραδοτε"),
    "ru uk": (
        "не может быть доставлен",
        "не могло быть доставлен",
        "не было доставлен",
        "не доставлен",
        "недоставлен",
        "недоставленн",
        "не удалось доставить",
        "не удается доставить",
        "невозможно доставить",
        "доставка не удалась",
        "ошибка доставки",
        "не вдалося доставити",
        "не доставлено",
    ),
    "zh": (
        "退信",
        "无法送达",
        "无法投递",
        "无法发送",
        "無法傳遞",
        "無法送達",
        "未送达",
        "未傳遞",
        "投递失败",
        "发送失败",
        "邮件无法",
        "退回",
    ),
    "ja": (
        "配信不能",
        "配信できません",
        "配信に失敗",
        "配信エラー",
        "配達不能",
        "配送できません",
        "送信できません",
        "送信エラー",
        "届けできません",
        "届けすることができません",
        "宛先不明",
        "エラーメール",
    ),
    "ko": ("배달 실패", "배달되지", "배달할 수 없", "전송 실패", "전송되지", "반송"),
    "ar he": ("تعذر التسليم", "לא ניתן למסירה", "לא נמסר"),
}
# Words of reports that people write too: they count only from a daemon.
_WEAK = (
    "delivery report",
    "delivery status",
    "delivery warning",
    "delivery attempt",
    "mail error",
    "error sending",
    "mailbox is full",
    "mailbox full",
    "over quota",
    "exceeds allowed size",
    "message rejected",
    "mail rejected",
    "has been rejected",
    "was rejected",
    "message blocked",
    "has been blocked",
    "bounce message",
    "delayed",
    "postponed",
    "delivery problem",
    "delivery delay",
    "trouble delivering",
    "problem delivering",
    "not be sent",
    "message not sent",
    "delivery to the following",
    "invalid recipient",
    "attempting to deliver",
)
PHRASES: tuple[str, ...] = tuple(dict.fromkeys(fold(phrase) for group in _PHRASES.values() for phrase in group))
DAEMON_PHRASES: tuple[str, ...] = (*PHRASES, *_WEAK)

# Still on its way: the system says that it goes on trying.
RETRYING = re.compile(
    r"not yet been delivered|warning message only|only a warning|will (?:continue|keep) (?:to )?(?:be )?(?:try|attempt)"
    r"|delivery attempts will continue|do not need to re-?send|not been able to deliver .{0,60}\byet\b"
    r"|will be retried|will retry for|still (?:be )?trying|wird weiterhin versucht|continuera|seguira intentando"
)
# These say so only if nothing says that it is over.
_SLOW = re.compile(r"\bdelay(?:ed)?\b|postponed|verzoger|retarde|retardad|ritardat|vertraagd|forsinket|forsenad")
_OVER = re.compile(
    r"permanent|giv(?:en|ing) up|gave up|return(?:ed|ing) to sender|returned mail|undeliver|delivery (?:has )?fail"
    r"|\b5\.\d{1,3}\.\d{1,3}\b|\b55\d[ -]|user unknown|no longer be tried|\(failure\)"
)


def delayed(text: str) -> bool:
    """Whether a report says that the mail is only late; `text` is folded."""
    return RETRYING.search(text) is not None or (_SLOW.search(text) is not None and not _OVER.search(text))


# From here on stands the returned mail, with everybody's addresses in it.
RETURNED = re.compile(
    r"^[^\n]{0,60}(?:original (?:mail |e-?mail )?message (?:follows|headers|header|details|attached|as received|below)"
    r"|-{2,40} ?(?:original|forwarded) (?:e?-?mail|message)"
    r"|unsent message|below (?:this|the next) line|is a copy of (?:the|your)\b"
    r"|undelivered message you sent|message (?:text )?follows|start of returned message|beginning of (?:the )?original"
    r"|returned message[ \t]*[-:]*[ \t\r]*$|your message reads|(?:top|first) \d{1,4} lines"
    r"|ursprüngliche (?:nachricht|kopfzeilen)"
    r"|headers of (?:the|your) original|copy of (?:the|your) (?:original )?(?:message|e?-?mail) ?(?:follows|-{3})"
    r"|(?:message|e?-?mail) is (?:included|attached|enclosed) below"
    r"|en-t[êe]tes de message d'origine|message d'origine|mensaje original|encabezados (?:de|del) mensaje"
    r"|messaggio originale|intestazioni (?:del )?messaggio|oorspronkelijk bericht|oprindelig meddelelse"
    r"|ursprungligt meddelande|mensagem original|исходное сообщение|原始邮件|原始郵件)",
    re.IGNORECASE | re.MULTILINE,
)
