"""The grammar: the GRAMMAR table of every verb, and the spellings that lead to each. Reading them is commands.py.

A verb more is a row more here, and a row in the table of orders. Where its value is of a new kind, that kind needs a
reader (arguments.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from maildesk.desk.arguments import Kind
from maildesk.desk.folding import squeezed
from maildesk.desk.people import Class


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """A row of the grammar; there is one value for each verb, so rows are compared by identity.

    `excludes` names a set of verbs of which a mail gives one at most. `forgiving`: a typing slip is understood.
    `alone`: it may be asked in a mail about no incident.
    `uses_text`: the newly written text of the mail belongs to this command. `meaning` is for the help card.
    """

    name: str
    value: Kind
    klass: Class
    meaning: Mapping[str, str]
    example: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by language
    for_requester: bool = False
    forgiving: bool = False
    uses_text: bool = False
    excludes: str = ""
    alone: bool = False


_PRIORITIES = tuple(
    Verb(
        f"p{n}",
        Kind.NOTHING,
        Class.ROUTINE,
        {"en": f"set priority {n}{rank}", "de": f"Priorität {n} setzen{rang}"},
        f"#p{n}",
        {
            "en": (f"prio{n}", f"priority{n}"),
            "de": (f"priorität{n}",),
            "fr": (f"priorité{n}",),
            "es": (f"prioridad{n}",),
        },
        forgiving=True,
        excludes="priority",
    )
    for n, rank, rang in (
        (1, " (highest)", " (höchste)"),
        (2, "", ""),
        (3, "", ""),
        (4, "", ""),
        (5, " (lowest)", " (niedrigste)"),
    )
)

_ROWS = (
    Verb(
        "take",
        Kind.NOTHING,
        Class.ROUTINE,
        {"en": "take the incident yourself", "de": "selbst übernehmen"},
        "#take",
        {"en": ("mine", "own"), "de": ("nehmen", "übernehmen"), "fr": ("prendre",), "es": ("tomar",)},
        forgiving=True,
        excludes="owner",
    ),
    Verb(
        "assign",
        Kind.ASSIGNEE,
        Class.ROUTINE,
        {"en": "give it to a colleague or a group", "de": "einer Person oder @Gruppe geben"},
        "#assign anna, #assign @network",
        {"en": ("give",), "de": ("zuweisen", "zuordnen", "geben"), "fr": ("assigner", "attribuer"), "es": ("asignar",)},
        forgiving=True,
        excludes="owner",
    ),
    Verb(
        "unassign",
        Kind.NOTHING,
        Class.ROUTINE,
        {"en": "give it back to the group", "de": "an die Gruppe zurückgeben"},
        "#unassign",
        {"en": ("release",), "de": ("freigeben", "abgeben"), "fr": ("libérer",), "es": ("liberar",)},
        forgiving=True,
        excludes="owner",
    ),
    Verb(
        "note",
        Kind.TEXT,
        Class.ROUTINE,
        {"en": "keep your text as an internal note", "de": "Ihr Text bleibt als Notiz im Team"},
        "#note",
        {"en": ("internal",), "de": ("notiz", "intern"), "fr": ("interne",), "es": ("nota",)},
        forgiving=True,
        uses_text=True,
        excludes="audience",
    ),
    Verb(
        "reply",
        Kind.NOTHING,
        Class.ROUTINE,
        {"en": "send your text to the requester", "de": "Ihr Text geht an den Melder"},
        "#reply",
        {
            "en": ("answer", "public"),
            "de": ("antwort", "antworten"),
            "fr": ("répondre", "réponse"),
            "es": ("responder", "respuesta"),
        },
        uses_text=True,
        excludes="audience",
    ),
    Verb(
        "resolve",
        Kind.TEXT,
        Class.ROUTINE,
        {"en": "solved; the requester is asked to confirm", "de": "gelöst; der Melder wird um Bestätigung gebeten"},
        "#resolve toner replaced",
        {
            "en": ("resolved", "solve", "solved", "fixed", "done"),
            "de": ("lösen", "gelöst", "erledigt", "behoben"),
            "fr": ("résoudre", "résolu"),
            "es": ("resolver", "resuelto"),
        },
        uses_text=True,
        excludes="state",
    ),
    Verb(
        "close",
        Kind.TEXT,
        Class.CONSEQUENTIAL,
        {"en": "close it for good", "de": "endgültig schließen"},
        "#close",
        {
            "en": ("closed",),
            "de": ("schließen", "geschlossen"),
            "fr": ("fermer", "clore"),
            "es": ("cerrar", "cerrado"),
        },
        for_requester=True,
        uses_text=True,
        excludes="state",
    ),
    Verb(
        "reopen",
        Kind.TEXT,
        Class.ROUTINE,
        {"en": "open it again", "de": "wieder öffnen"},
        "#reopen",
        {"en": ("open",), "de": ("öffnen", "wiederöffnen"), "fr": ("rouvrir",), "es": ("reabrir",)},
        for_requester=True,
        uses_text=True,
        excludes="state",
    ),
    Verb(
        "cancel",
        Kind.TEXT,
        Class.CONSEQUENTIAL,
        {"en": "withdraw it, nothing is to be done", "de": "stornieren, es ist nichts zu tun"},
        "#cancel",
        {
            "en": ("cancelled", "withdraw"),
            "de": ("stornieren", "abbrechen", "zurückziehen"),
            "fr": ("annuler",),
            "es": ("cancelar", "anular"),
        },
        for_requester=True,
        uses_text=True,
        excludes="state",
    ),
    *_PRIORITIES,
    Verb(
        "impact",
        Kind.LEVEL,
        Class.ROUTINE,
        {
            "en": "how much is affected: low, medium or high; sets the priority",
            "de": "wie viel betroffen ist: niedrig, mittel oder hoch; bestimmt die Priorität",
        },
        "#impact high",
        {"de": ("auswirkung",), "fr": ("incidence",), "es": ("impacto",)},
        forgiving=True,
    ),
    Verb(
        "urgency",
        Kind.LEVEL,
        Class.ROUTINE,
        {
            "en": "how soon it is needed: low, medium or high; sets the priority",
            "de": "wie eilig es ist: niedrig, mittel oder hoch; bestimmt die Priorität",
        },
        "#urgency low",
        {"de": ("dringlichkeit",), "fr": ("urgence",), "es": ("urgencia",)},
        forgiving=True,
    ),
    Verb(
        "type",
        Kind.TYPE,
        Class.ROUTINE,
        {"en": "say whether it is an incident or a request", "de": "sagen, ob es eine Störung oder eine Anfrage ist"},
        "#type request",
        {"de": ("typ", "art"), "es": ("tipo",)},
        forgiving=True,
    ),
    Verb(
        "cat",
        Kind.CATEGORY,
        Class.ROUTINE,
        {"en": "set the category", "de": "die Kategorie setzen"},
        "#cat network/vpn",
        {"en": ("category",), "de": ("kategorie",), "fr": ("catégorie",), "es": ("categoría",)},
        forgiving=True,
    ),
    Verb(
        "tag",
        Kind.TAGS,
        Class.ROUTINE,
        {"en": "add tags (+), or take them off (-)", "de": "Schlagworte setzen (+) oder entfernen (-)"},
        "#tag +mobile -wifi",
        {"en": ("tags", "label"), "de": ("schlagwort", "schlagworte"), "fr": ("étiquette",), "es": ("etiqueta",)},
        forgiving=True,
    ),
    Verb(
        "pending",
        Kind.WAIT,
        Class.ROUTINE,
        {
            "en": "wait for the requester, a supplier or a change, until then or so long",
            "de": "auf den Melder, einen Lieferanten oder eine Änderung warten, bis dann oder so lange",
        },
        "#pending supplier 2d",
        {"en": ("wait", "hold"), "de": ("warten",), "fr": ("attendre", "attente"), "es": ("esperar", "espera")},
        forgiving=True,
        uses_text=True,
        excludes="state",
    ),
    Verb(
        "resume",
        Kind.NOTHING,
        Class.ROUTINE,
        {"en": "go on: the wait is over", "de": "weiterarbeiten: Die Wartezeit ist um"},
        "#resume",
        {"en": ("continue",), "de": ("fortsetzen", "weiter"), "fr": ("reprendre",), "es": ("reanudar",)},
        forgiving=True,
        excludes="state",
    ),
    Verb(
        "cc",
        Kind.ADDRESSES,
        Class.CONSEQUENTIAL,
        {"en": "copy somebody in, or no longer", "de": "jemanden in Kopie nehmen (+) oder nicht mehr (-)"},
        "#cc +bob@acme.example -amy@acme.example",
        {"en": ("copy",), "de": ("kopie",), "fr": ("copie",), "es": ("copia",)},
    ),
    Verb(
        "for",
        Kind.ADDRESS,
        Class.CONSEQUENTIAL,
        {"en": "make somebody the requester", "de": "jemanden zum Melder machen"},
        "#for erika@acme.example",
        {"en": ("requester",), "de": ("für",), "fr": ("pour",), "es": ("para",)},
    ),
    Verb(
        "merge",
        Kind.INCIDENT,
        Class.CONSEQUENTIAL,
        {
            "en": "put it together with another one, which goes on",
            "de": "mit einem anderen zusammenführen, der weitergeht",
        },
        "#merge INC-7",
        {
            "en": ("duplicate",),
            "de": ("vereinen", "zusammenführen", "dublette"),
            "fr": ("fusionner", "doublon"),
            "es": ("fusionar", "duplicado"),
        },
        excludes="state",
    ),
    Verb(
        "spam",
        Kind.NOTHING,
        Class.ROUTINE,
        {"en": "file it as spam and block the sender", "de": "als Spam ablegen und den Absender sperren"},
        "#spam",
        {"en": ("junk",)},
        excludes="state",
    ),
    Verb(
        "status",
        Kind.NOTHING,
        Class.QUESTION,
        {"en": "ask how it stands", "de": "nach dem Stand fragen"},
        "#status",
        {"de": ("stand",), "fr": ("statut", "état"), "es": ("estado",)},
        for_requester=True,
        forgiving=True,
    ),
    Verb(
        "show",
        Kind.NOTHING,
        Class.QUESTION,
        {"en": "see all about it", "de": "alles darüber sehen"},
        "#show",
        {"en": ("view",), "de": ("zeigen", "anzeigen"), "fr": ("montrer", "afficher"), "es": ("mostrar",)},
        forgiving=True,
    ),
    Verb(
        "history",
        Kind.NOTHING,
        Class.QUESTION,
        {"en": "see its whole timeline", "de": "den ganzen Verlauf sehen"},
        "#history",
        {"en": ("timeline",), "de": ("verlauf",), "fr": ("historique",), "es": ("historial",)},
        forgiving=True,
    ),
    Verb(
        "why",
        Kind.NOTHING,
        Class.QUESTION,
        {"en": "see which rule or person set what", "de": "sehen, welche Regel oder wer was gesetzt hat"},
        "#why",
        {"de": ("warum", "wieso"), "fr": ("pourquoi",), "es": ("porqué",)},
        forgiving=True,
    ),
    Verb(
        "list",
        Kind.QUEUE,
        Class.QUESTION,
        {
            "en": "list what is open, or only mine, unassigned, p1, a name or @group",
            "de": "auflisten, was offen ist, oder nur mine, frei, p1, einen Namen oder @Gruppe",
        },
        "#list, #list mine, #list unassigned p1",
        {"en": ("queue",), "de": ("liste", "auflisten"), "fr": ("lister",), "es": ("lista", "listar")},
        forgiving=True,
        alone=True,
    ),
    Verb(
        "find",
        Kind.WORDS,
        Class.QUESTION,
        {"en": "find incidents by words", "de": "Vorgänge nach Worten suchen"},
        "#find vpn printer",
        {"en": ("search",), "de": ("suchen", "finden"), "fr": ("chercher",), "es": ("buscar",)},
        forgiving=True,
        alone=True,
    ),
    Verb(
        "help",
        Kind.TEXT,
        Class.QUESTION,
        {"en": "get this list", "de": "diese Übersicht bekommen"},
        "#help",
        {"de": ("hilfe",), "fr": ("aide",), "es": ("ayuda",)},
        forgiving=True,
        alone=True,
    ),
)

GRAMMAR: Mapping[str, Verb] = {verb.name: verb for verb in _ROWS}
VERBS = tuple(GRAMMAR)

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def _spellings(verb: Verb) -> Iterator[str]:
    """All that may be typed for a verb, squeezed; German keyboards abroad write oe for ö."""
    for word in (verb.name, *(alias for aliases in verb.aliases.values() for alias in aliases)):
        yield squeezed(word)
        yield squeezed(word.translate(_UMLAUTS))


SPELLINGS: Mapping[str, Verb] = {spelling: verb for verb in _ROWS for spelling in _spellings(verb)}
