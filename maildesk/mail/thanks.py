"""Does somebody only say thanks, or that it works? In twelve languages, and rather no than a wrong yes.

A yes closes an incident, so every word must be accounted for. A text is cut into segments at its punctuation; in each,
all words must stand in the tables below: what carries the meaning (thanks, "works", a request to close), what may stand
beside it, greetings and closes, or a name where names stand. One word of doubt anywhere ("but", "still", "tomorrow",
"please"), a question mark, a number, an address: somebody has more to say.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from maildesk.mail import afterwords
from maildesk.mail.endings import closing

_LONGEST = 400  # characters; whoever writes more says more


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


_THANKS = _words("""
    thanks thank thankyou thx ty cheers appreciated
    danke dank dankeschön dankesehr
    merci gracias grazie ringrazio bedankt dankjewel dankuwel
    dziękuję dziękujemy dziekuje dzięki dzieki obrigado obrigada agradeço
    tack tackar tak takk tusentakk kiitos kiitti kiitoksia děkuji děkujeme dekuji díky diky ďakujem
""")
_WORKS = _words("""
    works worked working fixed solved resolved sorted helped confirmed confirm done
    confirme confirmo confermo bevestig potwierdzam bestätige
    geht läuft funktioniert klappt passt funzt geklappt funktionierte erledigt gelöst behoben repariert bestätigt
    geholfen
    marche fonctionne résolu réglé réparé résolue
    funciona funcionando solucionado resuelto arreglado
    funziona risolto sistemato
    werkt opgelost doet
    działa dziala działają naprawione rozwiązane
    resolvido resolvida funcionou
    fungerar löst fixat funkar
    virker fungerer løst klaret
    toimii korjattu ratkaistu kunnossa
    funguje vyřešeno opraveno
""")
_GOOD = _words("""
    ok okay okey yes yep yeah great perfect perfectly excellent super wonderful awesome fantastic brilliant good
    fine nice lovely cool top
    ja jawohl perfekt prima toll klasse bestens wunderbar spitze hervorragend gut genial klar
    oui bon parfait nickel impeccable génial excellente
    sí si perfecto genial excelente estupendo bien vale listo
    sì posto perfetto ottimo benissimo eccellente
    perfect geweldig prima fijn goed uitstekend mooi orde
    tak świetnie super doskonale dobrze rewelacja
    sim certo perfeito ótimo excelente maravilha
    ja perfekt bra toppen utmärkt kanon
    perfekt fint godt dejligt herligt flott
    kyllä joo hienoa loistavaa mahtavaa hyvä
    ano skvěle výborně perfektní výborné super
""")
_CLOSE = _words("""
    close closed schließen geschlossen fermer clôturer fermé cerrar cerrado chiudere chiuso sluiten gesloten zamknąć
    fechar fechado stänga stäng lukke lukk sulkea sulje zavřít uzavřít
""")
# May stand beside the others and says nothing alone.
_BESIDE = _words("""
    you u many very much so a lot million again all both everyone everybody guys team folks the it this that
    everything now
    is it's its that's all's are and indeed again really well like charm expected as for me us here my our we i to
    your quick great kind prompt swift can be may ticket incident case just tested checked getestet did trick in
    vielen vielmals herzlichen besten tausend sehr schön schönen recht für die der das den ihre ihren eure deine
    deinen
    schnelle schnellen rasche tolle gute alles jetzt nun wieder es ist hat und nochmal nochmals noch einmal euch
    ihnen
    dir bei mir uns wie gewünscht wirklich so auch werden kann fall
    beaucoup bien mille encore fois pour votre ton vos à vous toi tous tout ça cela c'est est maintenant nouveau de
    et
    rapide très le la l'équipe pouvez peux peut être dossier
    muchas muchísimas mil por su tu la el vuestra rápida ya todo está ahora nuevo muy y otra vez a todos pueden
    puede
    molte mille tante per il vostro tuo supporto ora adesso di tutto è tutti rapido e potete puoi può essere
    hartelijk heel erg veel voor je jouw uw jullie de het snelle alles nu weer is en nogmaals jou u wel mag kan
    worden nou
    bardzo serdecznie za wszystko już teraz jest i znowu ponownie państwu szybką jeszcze raz można
    muito muita mesmo pela pelo sua ajuda tudo agora está de novo e já a todos rápida pode podem ser
    så mycket stort tusen för hjälpen allt nu det igen är och dig er snabba en kan igång
    mange tusind tusen for alt det nu nå er og igen igjen hjelpen hjælpen dig deg hurtig raske kan jer dere
    paljon suuret avusta kaikki nyt on ja taas se oikein nopeasta teille sinulle voi voitte hyvin
    moc mockrát velmi za všechno vše už teď je a opět to znovu vám rychlou jednou ještě můžete lze
""")
# Only what somebody thanks for: "help!" alone is no thanks.
_DEEDS = _words("""
    help support assistance reply response answer fix work effort efforts time solution update info information
    message
    mail email feedback service
    hilfe unterstützung mühe antwort lösung rückmeldung info nachricht einsatz service arbeit
    aide l'aide assistance réponse intervention réactivité soutien retour
    ayuda respuesta apoyo solución atención soporte
    aiuto l'aiuto risposta supporto assistenza soluzione
    hulp antwoord ondersteuning reactie oplossing
    pomoc odpowiedź wsparcie
    ajuda resposta suporte apoio
    hjälp hjälpen svar svaret support supporten
    hjælp hjælpen hjelp hjelpen svar svaret
    avusta vastauksesta
    pomoc odpověď podporu
""")
_FOR = _words("""
    for für pour por per voor za pela pelo för avusta nopeasta vastauksesta hjälpen hjælpen hjelpen svaret
""")
_GREETING = _words("""
    hi hello hey dear morning afternoon evening hallo guten tag morgen moin servus grüezi liebe lieber liebes sehr
    geehrte
    geehrter bonjour bonsoir salut cher chère hola estimado estimada buenos buenas días dias tardes ciao buongiorno
    buonasera salve gentile beste dag goedemorgen goedemiddag geachte cześć witam dzień dobry olá ola bom dia boa
    tarde
    caro cara prezado prezada hej hejsan hei moi terve god dobrý den ahoj zdravím good
    mr mrs ms dr herr herrn frau monsieur madame señor señora sig signora signor meneer mevrouw pan pani
    team zusammen all everyone tous todos tutti allemaal alle kaikki
""")
_WISHES = _words("""
    have a good nice great day weekend evening week einen schönen schönes schöne tag abend wochenende woche noch
    wünsche ich
    bonne journée soirée bon week-end buen día fin semana que tenga un buena giornata serata fijne prettige dag
    weekend
    avond miłego dnia weekendu bom fim ha en bra dag trevlig helg god hav fin mukavaa päivää hezký den víkend
    best lg vg mfg br mvh mvg gruß grüße groetjes groet
""")
_SUBJECT = _words("""
    the my our der die das mein meine unser unsere le la les mon ma notre nos el mi nuestro nuestra il lo mio mia de
    het
    mijn ons onze o a meu minha min mitt vår mit vores minun můj moje
""")
# One of these anywhere, and it is no plain thanks: doubt, "but", "not", "only", what is yet to come.
_DOUBT = _words("""
    no not nope don't doesn't didn't isn't won't can't cannot couldn't never nothing none nobody neither without
    unfortunately
    sadly but however although though except anyway anyhow still yet only sometimes partly partially half hardly
    barely
    rarely occasionally almost nearly maybe perhaps hopefully seems seem if when once until unless soon later
    tomorrow next
    advance please could would should will try trying test check other another old wrong first second third new
    problem problems issue issues error errors fail fails failed broken worse bad slow wait question also too
    nein nicht nichts kein keine keinen keiner nie niemals leider aber jedoch allerdings obwohl trotzdem außer ohne
    immer
    nur manchmal teilweise kaum selten halb meist meistens vielleicht hoffentlich wohl scheint wenn falls sobald bis
    bald
    später voraus bitte könnte könnten würde werde teste prüfe andere anderer anderes alte alter erste zweite neue
    neues neuer problem probleme fehler kaputt defekt schlecht langsam frage fast vorübergehend
    non pas ne jamais rien aucun mais malheureusement cependant sauf sans toujours seulement parfois presque
    peut-être
    partiellement quand bientôt demain d'avance avance pourriez pouvez-vous problème erreur panne lent autre ancien
    nunca nada ningún pero lamentablemente desgraciadamente todavía aún aun solo sólo veces casi apenas quizás quizá
    ojalá cuando pronto mañana antemano favor podría problema error otro lento sin parcialmente
    mai niente ma purtroppo però tuttavia soltanto volte quasi appena forse speriamo quando presto domani anticipo
    potreste errore altro lento senza parzialmente
    niet geen nooit niets maar helaas echter nog alleen soms bijna nauwelijks misschien hopelijk als zodra voorbaat
    alsjeblieft alstublieft probleem fout ander traag zonder gedeeltelijk
    nie nigdy nic ale niestety jednak wciąż nadal tylko czasem czasami prawie ledwo może gdy jutro góry proszę
    problem błąd
    inny wolno bez częściowo
    não nao nunca mas infelizmente porém ainda só às quase talvez amanhã antecipado problema erro outro
    inte ej aldrig inget men tyvärr dock fortfarande bara ibland nästan knappt kanske när snart imorgon förhand fel
    annan utan
    ikke aldri aldrig ingen intet men desværre dessverre dog stadig fortsatt kun bare næsten nesten måske kanskje
    når snart
    forhånd fejl feil anden annen uden uten delvist delvis
    ei eivät mutta valitettavasti silti vielä vain joskus melkein ehkä kun huomenna etukäteen ongelma virhe toinen
    ilman
    ne není nefunguje nikdy nic ale bohužel však stále pořád jen občas skoro sotva možná snad když zítra předem
    prosím chyba
    jiný bez částečně
""")
_IRONY = (["danke", "auch"], ["dank", "auch"])  # "na, danke auch": he is not pleased
# A "problem" that is solved is no doubt.
_TROUBLE = _words("problem problems issue error problème problema fehler probleem ongelma erreur")
_SOLVED = _words("""
    solved resolved fixed gelöst behoben erledigt résolu réglé resuelto solucionado risolto opgelost resolvido löst
    løst ratkaistu rozwiązany vyřešen
""")
_HAPPY = "👍👌🙏✅✔☑🎉🎊🥳😀😃😄😁😊🙂😉😎🤗🤩😍😇🙌👏💪💯❤🧡💛💚💙💜♥🌟⭐✨🚀🤝☺🌞☀🌸💐🍀"
_HAPPY_ENDS = dict.fromkeys(map(ord, _HAPPY), "\n")
_INVISIBLE = re.compile(r"[\ufe0f\u200d\u200b\u200c\ufeff\U0001f3fb-\U0001f3ff]")  # joiners, skin tones
_SMILE = re.compile(r"(?<!\S)[:;=8][-o^']?[)D\]](?!\S)|(?<!\S)\^\^(?!\S)")
_FROWN = re.compile(r"(?<!\w)[:;=][-'o]?[(/|\[]|(?<!\S)D:")
_ENDS = re.compile(r"[.,!¡;:…\n()\[\]–—/|\"“”„«»*_~+&]+|\s-+\s|^-+|-+$")
_VERB_FIRST = re.compile(
    r"^(?:geht|läuft|funktioniert|klappt|passt|werkt|fungerar|funkar|virker|fungerer) (?:es|das|het|det)\b"
    r"|^(?:is|are|ist|är|er|est|está|è|jest|on|je)"
    r" (?:it|this|that|everything|all|es|das|alles|het|det|ce|todo|tutto|se|to)\b"
    r"|^(?:can|kann|peut|puede|può|kan|pode|voi) (?:it|i|we|me|ich|wir|es|das|je|het|ik|det|jag|jeg)\b"
)


def only_thanks(text: str) -> bool:
    """Whether a newly written text says only thanks, or that all is well, with greetings and names around it."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text.replace("’", "'")))
    if len(text) > _LONGEST or any(mark in text for mark in "?？؟@<>#") or "://" in text or _FROWN.search(text):
        return False
    text = _SMILE.sub("\n", text.replace("100 %", "").replace("100%", ""))
    said = _Said(meant=any(mark in text for mark in _HAPPY))
    for line in text.translate(_HAPPY_ENDS).split("\n"):
        if closing(line):
            said.meant = said.meant or any(word.casefold() in _THANKS for word in _ENDS.sub(" ", line).split())
        elif not all(said.takes(segment.split()) for segment in _ENDS.split(line) if segment.strip()):
            return False
    return said.meant


def more_below(signature: str) -> bool:
    """Whether somebody went on below his sign-off: a postscript, a word of doubt, a sentence."""
    if any(afterwords.opening(line) or _small_doubt(line) for line in afterwords.own(signature)):
        return True
    return any(afterwords.statement(text) for text in afterwords.paragraphs(signature))


def _small_doubt(line: str) -> bool:
    """Whether a line holds a doubt and is no title on a card: "New Business", "Second Level Support"."""
    words = [word for word in _ENDS.sub(" ", line).split() if word.isalpha()]
    written_small = any(word.islower() for word in words) or not any(word.istitle() for word in words[1:])
    return written_small and not _DOUBT.isdisjoint(word.casefold() for word in words)


@dataclass(slots=True)
class _Said:
    """What the segments so far came to."""

    meant: bool = False  # thanks, or that it works
    names: int = 0  # segments that were only a name
    named: bool = False  # the last words may be followed by a name

    def takes(self, words: list[str]) -> bool:
        """Whether a further segment is accounted for."""
        folded = [word.casefold() for word in words]
        if _doubted(folded) or folded[-2:] in _IRONY:
            return False
        known = [word in _KNOWN for word in folded]
        if not any(known):
            return self._name(words)
        if not _DEEDS.isdisjoint(folded) and _FOR.isdisjoint(folded):
            return False
        if not all(known) and not _names_or_subject(words, folded, known):
            return False
        self.meant = self.meant or not (_CORE.isdisjoint(folded) or _KIND.issuperset(_KNOWN.intersection(folded)))
        self.named = not _NAMED.isdisjoint(folded)
        return True

    def _name(self, words: list[str]) -> bool:
        """Words that nobody knows: a name, below or beside thanks and greetings."""
        self.names += 1
        return (self.meant or self.named) and self.names <= 3 and _is_name(words)


_CORE = _THANKS | _WORKS | _GOOD | _CLOSE
_KIND = (_GREETING | _WISHES) - {"all", "everyone"}  # "good morning" says nothing
_NAMED = _THANKS | _GREETING | _WISHES
_KNOWN = _TROUBLE | _CORE | _NAMED | _BESIDE | _DEEDS
_TO = _THANKS | {"you", "an", "à", "dir", "ihnen", "a"}


def _doubted(folded: list[str]) -> bool:
    """Whether a segment holds a doubt, a number, or begins as a question does."""
    solved = _TROUBLE if not _SOLVED.isdisjoint(folded) else frozenset[str]()
    if (_DOUBT - solved).intersection(folded) or any(char.isdigit() for word in folded for char in word):
        return True
    return _VERB_FIRST.match(" ".join(folded)) is not None


def _is_name(words: list[str]) -> bool:
    """Capitalised words; those of somebody who types all in capitals may be anything."""
    letters = [word.replace("-", "").replace("'", "") for word in words]
    shouted = any(word.isupper() and len(word) > 3 for word in letters)
    return len(words) <= 3 and not shouted and all(word[:1].isupper() and word.isalpha() for word in letters)


def _names_or_subject(words: list[str], folded: list[str], known: list[bool]) -> bool:
    """Whether the unknown words are the name of who is thanked or greeted, or the thing that works again."""
    first = known.index(False)
    last = len(known) - 1 - known[::-1].index(False)
    if any(known[first : last + 1]) or last - first > 2:
        return False
    before, unknown = folded[first - 1] if first else "", words[first : last + 1]
    if first and _is_name(unknown) and (before in _TO or (last == len(words) - 1 and not _NAMED.isdisjoint(folded))):
        return True
    alone = not first and len(unknown) == 1
    return (alone or before in _SUBJECT) and not _WORKS.isdisjoint(folded[last + 1 :])
