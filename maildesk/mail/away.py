"""The words of out-of-office notices: titles, and texts that are nothing else. All are folded (dialects.fold).

Headers come first (screen.py); these words are for servers that send no such header. They are narrow on purpose: "out
of office" is also what people ask a helpdesk about, and "I am away until Monday, please close it" is an answer.

A notice gives three signs: its author is away, it names somebody else or says that nobody reads it, and it thanks for
any mail at all. All three make a notice, unless a clause asks for something or tells of trouble. Two make one if
nothing else is said: each clause is one of these formulas, a greeting or a name. Below a title that is itself the
words of a mail program the first sign alone does, if nothing else is said.
"""

from __future__ import annotations

import re

from maildesk.mail.dialects import fold
from maildesk.mail.trim import split

# A title that begins so and goes on with a colon, or ends there. Each is what a mail program itself writes.
_AUTOMATIC_REPLY = fold(
    r"automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out of office (?:auto-?reply|notification|message)"
    r"|abwesenheits(?:notiz|meldung|nachricht|assistent|info)|automatische (?:antwort|rückantwort)|autoantwort"
    r"|réponse automatique|message d'absence|notification d'absence|réponse d'absence"
    r"|respuesta automática|mensaje de ausencia|risposta automatica|messaggio di assenza|resposta automática"
    r"|automatisch antwoord|automatische beantwoording|afwezigheids(?:bericht|melding|assistent)"
    r"|autosvar|automatiskt? svar|frånvaromeddelande|fraværs(?:besked|melding|assistent)"
    r"|automaattinen vastaus|poissaoloilmoitus|automaatvastus"
    r"|automatická odpověď|automatická odpoveď|samodejni odgovor|automatski odgovor|automatinis atsakymas"
    r"|automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|automatikus válasz|răspuns automat"
    r"|otomatik (?:yanıt|cevap)|automātiskā atbilde"
    r"|αυτόματη απάντηση|автоответ|автоматический ответ|автоматична відповідь|автоматичен отговор"
    r"|自動応答|自動返信|不在通知|自动回复|自動回覆|自动答复|자동 회신|자동 응답|부재중"
    r"|رد تلقائي|תשובה אוטומטית|מענה אוטומטי|trả lời tự động"
)
# Some add from whom: "Autosvar från Sven: ..."
AUTOMATIC_TITLE = re.compile(
    rf"^(?:{_AUTOMATIC_REPLY})(?: (?:from|von|fran|fra|van|de|da|od) [^:：]{{1,60}})? ?(?:[:：\]】]|$)"
)
_OUT_OF_OFFICE = fold(
    r"out of (?:the )?office|ooo|away from|on (?:annual )?(?:vacation|holiday|leave)"
    r"|abwesend|abwesenheit|nicht im (?:büro|haus)|außer haus|im urlaub"
    r"|absente?|absence|en congés?|fuera de (?:la )?oficina|ausente|ausencia|de vacaciones"
    r"|fuori (?:sede|ufficio)|assente|assenza|in ferie|fora do escritório|ausência|de férias"
    r"|afwezig|afwezigheid|niet op kantoor|poza biurem|nieobecność|nieobecn[ya]|na urlopie"
    r"|frånvarande|frånvaro|(?:ej|inte) på kontoret|på semester|ikke på kontoret|fravær|fraværende|ikke til stede"
    r"|poissa|lomalla|mimo kancelář|mimo kanceláriu|na dovolené|házon kívül|ofis dışında|вне офиса|нет на месте"
)
# The same with a colon, or somebody's name before it and nothing behind (Domino); only in an answer.
AWAY_TITLE = re.compile(
    rf"^(?:{_OUT_OF_OFFICE})\b[^:：?]{{0,40}}[:：]"
    rf"|^(?:[^ :?]{{1,40}} ){{1,4}}(?:is|ist|est|esta|e|jest|ar|er|on|je) (?:currently |derzeit |actuellement )?"
    rf"(?:{_OUT_OF_OFFICE})\.?$"
)
_ONLY_AWAY = re.compile(rf"^(?:{_OUT_OF_OFFICE})[.!]?$")

# First: somebody is away, ...
_AWAY = re.compile(
    fold(
        # English
        r"\b(?:i am|i'm|i will be|i'll be|i shall be) (?:currently |presently |now )?"
        r"(?:(?:out of|away from|not in) (?:the |my )?office|away (?:from|until|on|and)"
        r"|on (?:annual |parental |sick |maternity )?(?:leave|vacation|holidays?))"
        r"|\bi will (?:return|be back) (?:to the office |in the office )?(?:on|by|from)\b"
        # German
        r"|\bich (?:bin|befinde mich) (?:derzeit |zurzeit |zur zeit |momentan |aktuell "
        r"|(?:wieder )?(?:bis|vom|ab|am) .{1,60}?)?"
        r"(?:nicht (?:im (?:büro|hause?)|erreichbar|am arbeitsplatz)|abwesend|außer haus|im urlaub"
        r"|wieder (?:im (?:büro|hause?)|da|zurück|erreichbar))"
        r"|\bbin ich (?:derzeit |bis .{1,40}?)?"
        r"(?:nicht (?:im (?:büro|hause?)|erreichbar)|abwesend|außer haus|im urlaub)"
        r"|\bich werde .{1,60}? nicht im (?:büro|hause?) sein"
        # French
        r"|\bje (?:suis|serai) (?:actuellement )?(?:absente?|en congés?|en vacances|en déplacement|de retour)"
        # Spanish
        r"|\b(?:estoy|estaré|me encuentro) (?:actualmente )?(?:fuera de (?:la |mi )?oficina|ausente|de vacaciones)"
        # Italian
        r"|\b(?:sono|sarò) (?:attualmente )?(?:fuori (?:sede|ufficio)|assente|in ferie)"
        # Dutch
        r"|\bik ben (?:momenteel |op dit moment |tot .{1,40}|van .{1,60}|weer )?"
        r"(?:afwezig|niet (?:op kantoor|aanwezig)|(?:met|op) vakantie|op kantoor)"
        # Polish
        r"|\b(?:jestem|będę) (?:obecnie )?(?:nieobecn[ya]|na urlopie|poza biurem)|\bprzebywam na urlopie"
        # Portuguese
        r"|\b(?:estou|estarei) (?:fora do escritório|ausente|de férias)"
        # Swedish
        r"|\bjag (?:är|kommer att vara) (?:för närvarande )?(?:inte på (?:kontoret|plats)|frånvarande"
        r"|på semester|ledig|borta)"
        # Danish and Norwegian
        r"|\bjeg er (?:for tiden |for øjeblikket |i øjeblikket )?"
        r"(?:ikke (?:på kontoret|til stede)|fraværende|på ferie|bortrejst|bortreist)"
        # Finnish
        r"|\bolen (?:poissa|lomalla|vuosilomalla)"
        # Czech
        r"|\b(?:jsem|budu) (?:momentálně )?(?:mimo kancelář|na dovolené|nepřítomn)"
    )
)
# ... second: whom to turn to, or that nobody reads it, ...
_INSTEAD = re.compile(
    fold(
        r"\b(?:in|for|if|with|any) (?:very |an? |it is |it's |this is |your |is |matter is )?(?:urgent|emergenc)"
        r"|in my absence|limited access|(?:will not|won't) be (?:read|forwarded)|no access to"
        r"|will not return until|(?:respond|reply|answer|get back).{1,40}(?:return|am back)"
        r"|in (?:sehr )?dringend|dringende[nr]? (?:fall|fäll|anfrage|angelegenheit)|in meiner abwesenheit"
        r"|nach meiner rückkehr|(?:wird|werden) nicht (?:weitergeleitet|gelesen)|meine vertretung|an meine kolleg"
        r"|kehre .{0,40}zurück"
        r"|en mon absence|cas d'urgence|toute urgence|demande urgente|dès mon retour|à mon retour"
        r"|en mi ausencia|a mi (?:regreso|vuelta)|(?:caso|casos) (?:de urgencia|urgentes?)|(?:asunto|tema)s? urgente"
        r"|al mio (?:rientro|ritorno)|in mia assenza|per (?:le )?urgenze|caso di urgenza|questioni urgenti"
        r"|bij afwezigheid|tijdens mijn afwezigheid|na mijn terugkeer|bij spoed|(?:voor|in) dringende|spoedgeval"
        r"|w (?:sprawach )?piln|pod moją nieobecność|po powrocie"
        r"|na minha ausência|ao regressar|no meu regresso|(?:assuntos|casos?) urgentes?|caso de urgência"
        r"|brådskande|när jag är tillbaka|vid akuta"
        r"|når jeg er tilbage|det haster|når jeg er tilbake|ved hastesager|i hastetilfælde|i hastesaker"
        r"|kiireellis|palaan|v naléhav|v urgentn|po návratu"
    )
)
# ... third: it answers any mail, not this one.
_ANY_MAIL = re.compile(
    fold(
        r"\b(?:thank you|thanks) for (?:your|the|contacting|reaching|e-?mailing|writing)|automatic|automatisch"
        r"|automatique|automática|automatyczn|automatisk|automaatti|danke? für (?:ihre|deine|die)"
        r"|merci (?:pour|de) votre|j'ai bien reçu|gracias por (?:su|tu|contactar)|grazie per (?:la|il|aver)"
        r"|(?:dank|bedankt) voor (?:uw|je|het)|dziękuję za|obrigad[oa] pel|tack för (?:ditt|din)"
        r"|takk? for (?:din|mailen|e-?post)|kiitos viestistä|děkuji za"
    )
)
# Whom to turn to, as every notice says it. What is asked for with these words is not asked of us.
_CONTACT = re.compile(
    fold(
        r"\b(?:contact|reach|call|e-?mail|write to|turn to|get in touch|refer|direct|note|be aware"
        r"|wenden|wende dich|kontaktier\w*|erreichen|anrufen|schreiben|richten sie|beachten"
        r"|contacter|adresser|appeler|joindre|contact[ea]r?|diríjase|dirigirse|escrib[ae]"
        r"|contattare|rivolger[sv]i|scrivere|opnemen|bellen|mailen|kontakt\w*|pisać|napisać|dzwonić"
        r"|escrev[ae]|ligar|skriv|skrive|ring|ringe|ota yhteyttä|yhteyttä|obraťte|obrátit)\b"
    )
)
_US = re.compile(fold(r"\b(?:me|mich|mir|moi|mij|mig|meg|mnie|mną|us|uns|nous|ons|oss)\b"))
_ASKS = re.compile(
    fold(
        r"\b(?:please|pls|kindly|can you|could you|would you|i need|we need|bitten?|können sie|könnten sie|kannst du"
        r"|könntest du|ich brauche|wir brauchen|s'il (?:vous|te) plaît|svp|merci de(?! votre)|veuillez|pouvez-vous"
        r"|por favor|puede usted|necesito|per favore|per cortesia|si prega|potete|graag|gelieve|alstublieft|kunt u"
        r"|proszę|prosimy|vänligen|snälla|kan ni|venligst|vennligst|kan i|kan dere|olkaa|voitteko|prosím|můžete)\b"
    )
)
_TROUBLE = re.compile(
    fold(
        r"(?:does|do|did|is|are|will) ?(?:not|n't) (?:work|print|start|open|load)|still (?:not|no|broken|down|jam)"
        r"|n't work|broken|is (?:still )?down\b|\bjam(?:s|med)\b|\bcrash|\berror\b|\bfail(?:s|ed|ure)\b"
        r"|(?:geht|gehen|funktioniert|funktionieren|druckt|startet) (?:\w+ ){0,4}nicht|kaputt|defekt|\bfehler"
        r"|ne (?:marche|fonctionne|démarre)|en panne|no (?:funciona|arranca|imprime)|non (?:funziona|parte|stampa)"
        r"|werkt (?:\w+ ){0,3}niet|doet het (?:\w+ ){0,3}niet|kapot|nie działa|não funciona|fungerar (?:\w+ ){0,3}inte"
        r"|(?:virker|fungerer|funker) (?:\w+ ){0,3}ikke|\bei toimi|nefunguje"
    )
)
_GREETING = re.compile(
    fold(
        r"^(?:hi|hello|hey|dear|good (?:morning|day|afternoon)|hallo|guten (?:tag|morgen)|sehr geehrte|liebe[rs]?|moin"
        r"|bonjour|madame|monsieur|chère?|hola|estimad|buen[oa]s|buongiorno|salve|gentile|beste|geachte|goedendag"
        r"|dzień dobry|szanown|witam|olá|bom dia|caro|hej|god dag|hei|hyvä|dobrý den|vážen|ahoj"
        r"|(?:best|kind|warm) regards|regards|mit freundlichen|viele grüße|cordialement|saludos|cordiali|groet"
        r"|met vriendelijke|pozdraw|z poważaniem|cumprimentos|hälsningar|hilsen|terveisin|s pozdravem)"
    )
)
_SHORT = 1200  # characters of a whole notice with its signature
_FIRST = 200  # characters within which it says that nobody is there

# "in urgent cases, please call Otto" is one clause
_ONE_CLAUSE = re.compile(rf"(?P<instead>(?:{_INSTEAD.pattern})(?:(?!{_CONTACT.pattern})[^,]){{0,25}}),")
# "until 4. January" and "20.11." end no sentence
_CLAUSE = re.compile(
    r"(?:(?<!\d)\.|[!;,]|\.(?=$))(?= |$)| [-–—] | (?:but|aber|mais|pero|maar|ale|men|mutta|and|und|et) "
)
_QUESTION = re.compile(r"[?？](?: |$|\W)")


def notice(text: str, sender: str) -> str:
    """The words by which an answer is an out-of-office notice and nothing else; "" if it may be more.

    `sender` is his name and address: his name below the text says nothing.
    """
    opening, clauses = _opened(text)
    if not opening or _wants(clauses):
        return ""
    signs = sum(any(sign.search(clause) for clause in clauses) for sign in (_INSTEAD, _ANY_MAIL))
    return opening if signs == 2 or (signs == 1 and _nothing_else(clauses, sender)) else ""


def bare_notice(title: str, text: str, sender: str) -> str:
    """The same of a mail that answers nothing: its title (folded) and its text must both be a notice."""
    if not AUTOMATIC_TITLE.search(title):
        return ""
    if found := _ONLY_AWAY.search(fold(text[:_FIRST])):
        return found[0]
    opening, clauses = _opened(text)
    at_once = any(found.start() == 0 for clause in clauses if (found := _AWAY.search(clause)))
    return opening if at_once and not _wants(clauses) and _nothing_else(clauses, sender) else ""


def _opened(text: str) -> tuple[str, list[str]]:
    """The words that say that somebody is away, and all clauses; nothing if a mail is too long or asks a question."""
    if not _AWAY.search(fold(text[: 2 * _FIRST])):
        return "", []
    own = split(text.partition("\n>")[0]).new
    folded = fold(own)
    found = _AWAY.search(folded[:_FIRST])
    if not found or len(own) > _SHORT or _QUESTION.search(folded):
        return "", []
    return found[0], [clause for paragraph in re.split(r"\n\s*\n", own) for clause in _clauses(fold(paragraph))]


def _clauses(paragraph: str) -> list[str]:
    joined = _ONE_CLAUSE.sub(r"\g<instead>", paragraph)
    return [clause for part in _CLAUSE.split(joined) if (clause := part.strip(" ,.!"))]


def _wants(clauses: list[str]) -> bool:
    """Whether somebody asks for something, or tells of trouble; "please contact Otto" is no such thing."""
    return any(_TROUBLE.search(clause) or (_ASKS.search(clause) and not _refers(clause)) for clause in clauses)


def _refers(clause: str) -> bool:
    return _INSTEAD.search(clause) is not None or (_CONTACT.search(clause) is not None and not _US.search(clause))


def _nothing_else(clauses: list[str], sender: str) -> bool:
    """Whether each clause is one that any notice has, or the sender's name."""
    formulas = (_AWAY, _INSTEAD, _ANY_MAIL, _CONTACT, _GREETING)
    name = set(re.findall(r"\w+", fold(sender)))
    return all(any(words.search(clause) for words in formulas) or set(clause.split()) <= name for clause in clauses)
