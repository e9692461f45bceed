"""The words of out-of-office notices: subjects, and texts that are nothing else. All are folded (dialects.fold).

Headers come first (screen.py); these words are for servers that send no such header. They are narrow on purpose: "out
of office" is also what people ask a helpdesk about, and "I am away until Monday, please close it" is an answer.
"""

from __future__ import annotations

import re

from maildesk.mail.dialects import fold

# A subject that begins so and goes on with a colon, or ends there. Each is what a mail program itself writes.
AUTOMATIC_REPLY = fold(
    r"automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out of office (?:auto-?reply|notification|message)"
    r"|abwesenheits(?:notiz|meldung|nachricht|assistent|info)|automatische (?:antwort|rückantwort)|autoantwort"
    r"|réponse automatique|message d'absence|notification d'absence|réponse d'absence"
    r"|respuesta automática|mensaje de ausencia|risposta automatica|messaggio di assenza|resposta automática"
    r"|automatisch antwoord|automatische beantwoording|afwezigheids(?:bericht|melding)"
    r"|autosvar|automatiskt? svar|frånvaromeddelande|fraværs(?:besked|melding)"
    r"|automaattinen vastaus|poissaoloilmoitus|automaatvastus"
    r"|automatická odpověď|automatická odpoveď|samodejni odgovor|automatski odgovor|automatinis atsakymas"
    r"|automatyczna odpowiedź|autoodpowiedź|automatikus válasz|răspuns automat|otomatik (?:yanıt|cevap)"
    r"|αυτόματη απάντηση|автоответ|автоматический ответ|автоматична відповідь|автоматичен отговор"
    r"|自動応答|自動返信|不在通知|自动回复|自動回覆|自动答复|자동 회신|자동 응답|부재중"
    r"|رد تلقائي|תשובה אוטומטית|מענה אוטומטי|trả lời tự động"
)
# The same with a colon, but only in an answer to a letter of ours.
OUT_OF_OFFICE = fold(
    r"out of (?:the )?office|ooo|away from|on (?:annual )?(?:vacation|holiday|leave)"
    r"|abwesend|abwesenheit|nicht im (?:büro|haus)|außer haus|im urlaub"
    r"|absent|absente|absence|en congés?|fuera de (?:la )?oficina|ausente|ausencia|de vacaciones"
    r"|fuori (?:sede|ufficio)|assente|assenza|in ferie|fora do escritório|ausência|de férias"
    r"|afwezig|afwezigheid|niet op kantoor|poza biurem|nieobecność|na urlopie"
    r"|frånvarande|frånvaro|ej på kontoret|ikke på kontoret|fravær|fraværende|ikke til stede"
    r"|poissa|lomalla|mimo kancelář|mimo kanceláriu|házon kívül|ofis dışında|вне офиса|нет на месте"
)

# A text that is a notice and nothing else opens with being away, ...
_AWAY = re.compile(
    fold(
        r"\b(?:i am|i'm|i will be|i'll be) (?:currently |presently |now )?"
        r"(?:out of (?:the )?office|away (?:from|until|on|and)"
        r"|on (?:annual |parental |sick |maternity )?(?:leave|vacation|holiday))"
        r"|\bich bin (?:derzeit |zurzeit |zur zeit |momentan |aktuell |bis .{1,40}|vom .{1,60}|ab .{1,40})?"
        r"(?:nicht (?:im (?:büro|hause?)|erreichbar|am arbeitsplatz)|abwesend|außer haus|im urlaub)"
        r"|\bje (?:suis|serai) (?:actuellement )?(?:absente?|en congés?|en vacances|en déplacement)"
        r"|\b(?:estoy|estaré|me encuentro) (?:actualmente )?(?:fuera de (?:la )?oficina|ausente|de vacaciones)"
        r"|\b(?:sono|sarò) (?:attualmente )?(?:fuori (?:sede|ufficio)|assente|in ferie)"
        r"|\bik ben (?:momenteel |op dit moment |tot .{1,40}|van .{1,60})?"
        r"(?:afwezig|niet (?:op kantoor|aanwezig)|met vakantie)"
        r"|\b(?:jestem|będę) (?:obecnie )?(?:nieobecn[ya]|na urlopie|poza biurem)|\bprzebywam na urlopie"
        r"|\b(?:estou|estarei) (?:fora do escritório|ausente|de férias)"
        r"|\bjag är (?:för närvarande )?(?:inte på kontoret|frånvarande|på semester|ledig)"
        r"|\bjeg er (?:for tiden |i øjeblikket )?(?:ikke på kontoret|fraværende|på ferie|bortrejst)"
        r"|\bolen (?:poissa|lomalla)|\bjsem (?:momentálně )?(?:mimo kancelář|na dovolené|nepřítomn)"
    )
)
# ... goes on with whom to turn to, or that nobody reads it, ...
_INSTEAD = re.compile(
    fold(
        r"\b(?:in|for|if|with|any) (?:very |an? |it is |this is |your |is |matter is )?(?:urgent|emergenc)"
        r"|in my absence|limited access|(?:will not|won't) be (?:read|forwarded)|no access to"
        r"|(?:respond|reply|answer|get back).{1,40}(?:return|am back)"
        r"|in dringend|dringende[nr]? (?:fall|fäll|anfrage|angelegenheit)|in meiner abwesenheit"
        r"|nach meiner rückkehr|wird nicht (?:weitergeleitet|gelesen)|meine vertretung|an meine kolleg"
        r"|en mon absence|cas d'urgence|dès mon retour|à mon retour|en mi ausencia|a mi (?:regreso|vuelta)"
        r"|caso de urgencia|al mio (?:rientro|ritorno)|in mia assenza|per urgenze|caso di urgenza"
        r"|bij afwezigheid|na mijn terugkeer|bij spoed|voor dringende|w pilnych|po powrocie"
        r"|na minha ausência|ao regressar|no meu regresso|brådskande ärenden|när jag är tillbaka"
        r"|når jeg er tilbage|det haster|når jeg er tilbake|kiireellis|palaan|v naléhav|po návratu"
    )
)
# ... and says somewhere that it answers any mail, not this one.
_ANY_MAIL = re.compile(
    fold(
        r"\b(?:thank you|thanks) for (?:your|the|contacting|reaching|e-?mailing|writing)|automatic|automatisch"
        r"|automatique|automática|automatyczn|automatisk|automaatti|danke? für (?:ihre|deine|die)"
        r"|merci (?:pour|de) votre|j'ai bien reçu|gracias por (?:su|tu|contactar)|grazie per (?:la|il|aver)"
        r"|(?:dank|bedankt) voor (?:uw|je|het)|dziękuję za|obrigad[oa] pel|tack för (?:ditt|din)"
        r"|takk? for (?:din|mailen|e-?post)|kiitos viestistä|děkuji za"
    )
)
_SHORT = 1200  # characters of a whole notice with its signature
_FIRST = 200  # characters within which it says that nobody is there


def notice(text: str) -> str:
    """The words by which an answer is an out-of-office notice and nothing else; "" if it may be more."""
    own = text.partition("\n>")[0]
    if len(own) > _SHORT:
        return ""
    folded = fold(own)
    opening = _AWAY.search(folded[:_FIRST])
    if not opening or "?" in folded:
        return ""
    return opening[0] if _INSTEAD.search(folded, opening.end()) and _ANY_MAIL.search(folded) else ""
