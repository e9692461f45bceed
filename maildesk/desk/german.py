"""German: what the desk says in its letters to technicians, and the words within it.

The first sentence that fits counts, so a more special one stands above a more general one. Terms are those of the
German templates: Melder, Vorgang, Stand; who reads is addressed as Sie, and a quoted value stands in „German marks“.
"""

from __future__ import annotations

from collections.abc import Mapping

_UNPROVEN = "Your mail carries your address, but nothing in it proves that you wrote it. "
_UNBEWIESEN = "Ihre Mail trägt Ihre Adresse, aber nichts darin beweist, dass Sie sie geschrieben haben. "

SENTENCES: Mapping[str, str] = {
    # what was done, with a remark on how it was understood
    "{why} ({notes})": "{why} ({notes})",
    'understood "{typed}" as {why}': "„{typed}“ verstanden als {why}",
    "understood #{typed} as #{verb}": "#{typed} verstanden als #{verb}",
    "understood as waiting for the requester": "verstanden als Warten auf den Melder",
    "group {group}": "Gruppe {group}",
    # receipts, and what they leave in the timeline
    "taken by {name}": "übernommen von {name}",
    "assigned to group {group}": "zugewiesen an Gruppe {group}",
    "assigned to {name}": "zugewiesen an {name}",
    "unassigned": "niemandem mehr zugewiesen",
    "kept as an internal note": "als interne Notiz gespeichert",
    "sent to the requester": "an den Melder geschickt",
    "resolved": "gelöst",
    "closed": "geschlossen",
    "cancelled": "storniert",
    "reopened": "wieder geöffnet",
    "resolved: {words}": "gelöst: {words}",
    "closed: {words}": "geschlossen: {words}",
    "cancelled: {words}": "storniert: {words}",
    "reopened: {words}": "wieder geöffnet: {words}",
    "reopened by an answer": "durch eine Antwort wieder geöffnet",
    "confirmed and closed by the requester": "vom Melder bestätigt und geschlossen",
    "priority {priority}": "Priorität {priority}",
    "{weight} {level}, so priority {priority}": "{weight} {level}, damit Priorität {priority}",
    "{weight} {level}; priority {priority} was set": "{weight} {level}; die Priorität {priority} ist gesetzt",
    "type {sort}": "Typ {sort}",
    "category {category}": "Kategorie {category}",
    "tags {tags}": "Schlagworte {tags}",
    "waiting for the {waiting}": "wartet auf {waiting}",
    "waiting for the {waiting} until {year}-{month}-{day} {hour}:{minute}": (
        "wartet auf {waiting} bis {day}.{month}.{year}, {hour}:{minute} Uhr"
    ),
    # reasons in the timeline, which an answer to a question shows
    "found by {method}": "gefunden durch {method}",
    "forwarded by {name}": "weitergeleitet von {name}",
    "{mode} of group {group}": "{mode} Gruppe {group}",
    "the configuration no longer has {name}": "{name} steht nicht mehr in der Konfiguration",
    "it was set to end at {year}-{month}-{day} {hour}:{minute} UTC": (
        "als Ende war {day}.{month}.{year}, {hour}:{minute} UTC gesetzt"
    ),
    "only thanks": "nur ein Dank",
    "no acknowledgement: {why}": "keine Eingangsbestätigung: {why}",
    "no notice of the refusal: {why}": "keine Nachricht über die Ablehnung: {why}",
    "no automatic letters: {why}": "keine automatischen Mails: {why}",
    "{letter} not sent to {email}: {answer}": "{letter} nicht an {email} geschickt: {answer}",
    # how far a mail is proven
    "From {email}, a listed address": "From {email}, eine eingetragene Adresse",
    "From {email}, not a listed address": "From {email}, keine eingetragene Adresse",
    "a reply token of this person": "Antwortschlüssel dieser Person",
    "a reply token of somebody else": "Antwortschlüssel einer anderen Person",
    "a reply token that does not verify": "ein Antwortschlüssel, der nicht stimmt",
    "no reply token": "kein Antwortschlüssel",
    "confirmed by a typed reply": "durch eine getippte Antwort bestätigt",
    # changes
    "no longer waiting": "wartet nicht mehr",
    "no longer waiting: the requester wrote": "wartet nicht mehr: Der Melder hat geschrieben",
    "the wait is over": "die Wartezeit ist um",
    "copied in: {people}": "in Kopie: {people}",
    "requester is now {email}": "Melder ist jetzt {email}",
    "merged into {tag}": "zusammengeführt mit {tag}, dort geht es weiter",
    "{tag} ({title}) was merged into this": "{tag} ({title}) wurde hiermit zusammengeführt",
    "spam; {email} is blocked": "Spam; {email} ist gesperrt",
    "the card is on its way": "die Übersicht ist unterwegs",
    "the answer is on its way": "die Antwort ist unterwegs",
    "the status is on its way": "der Stand ist unterwegs",
    "{status}, {priority}, with nobody yet": "{status}, {priority}, noch bei niemandem",
    "{status}, {priority}, with {name}": "{status}, {priority}, bei {name}",
    # remarks of the desk in the timeline
    "not carried out: your answer": "nicht ausgeführt: Ihre Antwort",
    "not carried out: {commands}": "nicht ausgeführt: {commands}",
    "answers a request for confirmation": "antwortet auf die Bitte um Bestätigung",
    "encrypted ({kind}), so it was not passed on": "verschlüsselt ({kind}) und deshalb nicht weitergegeben",
    "copied in by an unproven sender, not added: #cc {people}": (
        "von einem nicht bestätigten Absender in Kopie gesetzt, nicht aufgenommen: #cc {people}"
    ),
    "perhaps the same as {tag} ({title}), which the requester has open": (
        "vielleicht dasselbe wie {tag} ({title}), für den Melder noch offen"
    ),
    "names {tag}, of which the sender is no participant": "nennt {tag}; dort ist der Absender nicht beteiligt",
    "not delivered to {email}: given up after {number} hours: {answer}": (
        "nicht zugestellt an {email}: nach {number} Stunden aufgegeben: {answer}"
    ),
    "not delivered to {email}: given up after {number} days: {answer}": (
        "nicht zugestellt an {email}: nach {number} Tagen aufgegeben: {answer}"
    ),
    "given up after {number} hours: {answer}": "nach {number} Stunden aufgegeben: {answer}",
    "given up after {number} days: {answer}": "nach {number} Tagen aufgegeben: {answer}",
    "not delivered to {email}: {answer}": "nicht zugestellt an {email}: {answer}",
    "not yet delivered to {email}: {answer}": "noch nicht zugestellt an {email}: {answer}",
    "delivered to {email}: {answer}": "zugestellt an {email}: {answer}",
    "passed on, without a receipt, to {email}: {answer}": "weitergereicht, ohne Beleg, an {email}: {answer}",
    "passed on to everybody behind {email}: {answer}": "weitergereicht an alle hinter {email}: {answer}",
    "the mail is older than a day": "Die Mail ist älter als einen Tag",
    "this subject came too often from this sender": "Dieser Betreff kam zu oft von diesem Absender",
    "this sender got one within ten minutes": "Der Absender hat in den letzten zehn Minuten schon eine bekommen",
    "this sender got enough of them today": "Der Absender hat heute schon genug bekommen",
    "this domain got enough in an hour": "Diese Domain hat in einer Stunde schon genug bekommen",
    "the desk sent enough of them in an hour": "In einer Stunde sind schon genug hinausgegangen",
    "the sender is forged or broken": "Der Absender ist gefälscht oder fehlerhaft",
    "the mail server itself says that the sender is forged": "Der Mailserver selbst hält den Absender für gefälscht",
    # who may do what
    _UNPROVEN + "The desk answers questions only when you reply to one of its letters to you, or confirm.": (
        _UNBEWIESEN + "Fragen beantworten wir nur, wenn Sie auf eine unserer Mails an Sie antworten oder bestätigen."
    ),
    _UNPROVEN + "Please reply to a letter that the desk sent to you, or confirm this command.": (
        _UNBEWIESEN + "Bitte antworten Sie auf eine unserer Mails an Sie, oder bestätigen Sie diesen Befehl."
    ),
    "This command ends, discloses or redirects something, so the desk asks you to confirm it once before it runs.": (
        "Dieser Befehl beendet etwas, gibt etwas preis oder leitet etwas um. Deshalb wird er erst ausgeführt, wenn Sie "
        "ihn einmal bestätigt haben."
    ),
    "Nothing proves that the requester wrote this mail, so it was kept as a message and the command in it was left "
    "alone.": (
        "Nichts beweist, dass der Melder diese Mail geschrieben hat. Deshalb wurde sie als Nachricht aufgenommen und "
        "der Befehl darin nicht ausgeführt."
    ),
    "This address is blocked, so nothing that it asks for is done.": (
        "Diese Adresse ist gesperrt. Was von ihr verlangt wird, wird nicht ausgeführt."
    ),
    "The sender of this mail is not believable, so its commands are never done and cannot be confirmed either.": (
        "Der Absender dieser Mail ist nicht glaubwürdig. Deshalb werden ihre Befehle nicht ausgeführt und lassen sich "
        "auch nicht bestätigen."
    ),
    "Only a technician of this desk may do this.": "Das dürfen nur die Techniker dieses Helpdesks.",
    "Only the requester of {tag} and the technicians of this desk may do this.": (
        "Das dürfen nur der Melder von {tag} und die Techniker dieses Helpdesks."
    ),
    # what cannot be done now
    "{tag} is {status}, so it cannot be {done} now.": (
        "{tag} hat den Stand „{status}“ und kann jetzt nicht {done} werden."
    ),
    "{tag} is {status}. Reopen it first, or merge it into {other}.": (
        "{tag} hat den Stand „{status}“. Öffnen Sie ihn zuerst wieder, oder führen Sie ihn mit {other} zusammen."
    ),
    "{tag} cannot be merged with itself.": "{tag} lässt sich nicht mit sich selbst zusammenführen.",
    "There is no incident {number}.": "Einen Vorgang mit der Nummer {number} gibt es nicht.",
    "You already have {tag}.": "{tag} liegt schon bei Ihnen.",
    "Only somebody listed under people can take an incident; use #assign NAME.": (
        "Übernehmen kann nur, wer in der Konfiguration unter „people“ steht; nehmen Sie #assign NAME."
    ),
    "There is no text in your mail to keep as a note.": "In Ihrer Mail steht kein Text für eine Notiz.",
    "There is no new text in your mail to send to the requester.": (
        "In Ihrer Mail steht kein neuer Text, der an den Melder gehen könnte."
    ),
    "Nobody has {tag}.": "{tag} liegt bei niemandem.",
    "These tags would change nothing.": "Diese Schlagworte würden nichts ändern.",
    "No incident has more than {number} tags.": "Kein Vorgang hat mehr als {number} Schlagworte.",
    "Nobody is known as the requester of this incident; name him with #for ADDRESS.": (
        "Zu diesem Vorgang ist kein Melder bekannt; nennen Sie ihn mit #for ADRESSE."
    ),
    "{email} is the desk's own address.": "{email} ist unsere eigene Adresse.",
    "{email} is the requester already.": "{email} ist schon der Melder.",
    "{email} is one of the desk's own people; #cancel the incident instead.": (
        "{email} gehört zu den eigenen Leuten; stornieren Sie den Vorgang stattdessen mit #cancel."
    ),
    "More than {number} people would be copied in.": "Damit wären mehr als {number} Personen in Kopie.",
    # what was not understood
    "your answer": "Ihre Antwort",
    "There is no command #{typed}; did you mean {choices}?": (
        "Den Befehl #{typed} gibt es nicht. Meinten Sie {choices}?"
    ),
    "There is no command #{typed}.": "Den Befehl #{typed} gibt es nicht.",
    'There is no {what} called "{typed}".': "Es gibt {what} mit dem Namen „{typed}“.",
    '"{typed}" fits {number}: {names} and others.': "„{typed}“ passt auf {number}: {names} und andere.",
    '"{typed}" fits {number}: {names}.': "„{typed}“ passt auf {number}: {names}.",
    "#{verb} needs to say more, for example {example}.": "#{verb} braucht eine Angabe, zum Beispiel {example}.",
    'This command stands alone, but "{typed}" follows it.': "Dieser Befehl steht allein, aber „{typed}“ folgt ihm.",
    "A command begins with #, so this was not understood; did you mean {command}?": (
        "Ein Befehl beginnt mit #, deshalb wurde das nicht verstanden. Meinten Sie {command}?"
    ),
    "A command begins with #, so this was not understood.": (
        "Ein Befehl beginnt mit #, deshalb wurde das nicht verstanden."
    ),
    '"{typed}" names no wait. Say for whom (requester, supplier or change) and, if you like, how long: '
    "30m, 4h, 2d, 1w, mon 9:00 or 2026-12-24.": (
        "„{typed}“ sagt nicht, worauf gewartet wird. Schreiben Sie, auf wen (Melder, Lieferant oder Änderung) und, "
        "wenn Sie mögen, wie lange: 30m, 4h, 2d, 1w, Mo 9:00 oder 24.12.2026."
    ),
    '"{typed}" is no mail address. Write for example +bob@acme.example -amy@acme.example.': (
        "„{typed}“ ist keine Mailadresse. Schreiben Sie zum Beispiel +bob@acme.example -amy@acme.example."
    ),
    '"{typed}" is no mail address.': "„{typed}“ ist keine Mailadresse.",
    '"{typed}" names no list. Write for example mine, open, unassigned, pending, p1, a name or @group.': (
        "„{typed}“ ist keine Liste. Schreiben Sie zum Beispiel mine, offen, frei, pending, p1, einen Namen oder "
        "@Gruppe."
    ),
    '"{typed}" has no word to look for.': "„{typed}“ enthält kein Wort, nach dem sich suchen lässt.",
    '"{typed}" is no level. Write high, medium or low.': (
        "„{typed}“ ist keine Stufe. Schreiben Sie hoch, mittel oder niedrig."
    ),
    '"{typed}" is no type. Write incident or request.': ("„{typed}“ ist kein Typ. Schreiben Sie Störung oder Anfrage."),
    '"{typed}" is no tag. Write for example +mobile -wifi.': (
        "„{typed}“ ist kein Schlagwort. Schreiben Sie zum Beispiel +mobil -wlan."
    ),
    "The tag {name} cannot be added and removed at once.": (
        "Das Schlagwort {name} kann nicht zugleich gesetzt und entfernt werden."
    ),
    "More than {number} tags stand in one command.": "In einem Befehl stehen mehr als {number} Schlagworte.",
    '"{typed}" names no incident. Write its number: INC-7.': (
        "„{typed}“ ist keine Nummer eines Vorgangs. Schreiben Sie sie so: INC-7."
    ),
    "{email} cannot be added and removed at once.": "{email} kann nicht zugleich aufgenommen und entfernt werden.",
    "More than {number} addresses stand in one command.": "In einem Befehl stehen mehr als {number} Adressen.",
    "More than {number} commands stand in one mail.": "In einer Mail stehen mehr als {number} Befehle.",
    "The same command is given twice.": "Derselbe Befehl steht zweimal da.",
    "These exclude each other.": "Diese Befehle schließen einander aus.",
    "not executed, because of the above": "nicht ausgeführt, wegen des Fehlers darüber",
    "The word was used already, or it came too late. Send the command once more.": (
        "Das Wort wurde schon benutzt, oder es kam zu spät. Bitte schicken Sie den Befehl noch einmal."
    ),
    "The first line of your mail is not the word that was asked for.": (
        "In der ersten Zeile Ihrer Mail steht nicht das Wort, um das wir gebeten hatten."
    ),
    # why a rule spoke
    "rule {rule}: {reasons}": "Regel {rule}: {reasons}",
    "it holds for every mail": "sie gilt für jede Mail",
    'word "{phrase}" matched "{found}" in the {place}': "Wort „{phrase}“ fand „{found}“ im {place}",
    'phrase "{phrase}" matched "{found}" in the {place}': "Wortfolge „{phrase}“ fand „{found}“ im {place}",
    'word "{phrase}" in the {place}': "Wort „{phrase}“ im {place}",
    'phrase "{phrase}" in the {place}': "Wortfolge „{phrase}“ im {place}",
    'pattern {pattern} matched "{found}"': "Muster {pattern} fand „{found}“",
    "sender {email} is {condition}": "Absender {email} ist {condition}",
    "sender {email} fits {glob}": "Absender {email} passt zu {glob}",
    "sender {email}": "Absender {email}",
    "recipient {email} fits {glob}": "Empfänger {email} passt zu {glob}",
    "recipient {email}": "Empfänger {email}",
    "mailbox is {name}": "Postfach ist {name}",
    "organisation is {name}": "Organisation ist {name}",
    'header {name} is "{found}"': "Kopfzeile {name} ist „{found}“",
    'attachment "{found}" (type unknown)': "Anhang „{found}“ (Typ unbekannt)",
    'attachment "{found}" ({type})': "Anhang „{found}“ ({type})",
    "language is {name}": "Sprache ist {name}",
    "not {condition}": "nicht: {condition}",
    "word {phrase}": "Wort {phrase}",
    "one of {phrases}": "eines von {phrases}",
    "pattern {pattern}": "Muster {pattern}",
    "from {choices}": "von {choices}",
    "to {choices}": "an {choices}",
    "mailbox {choices}": "Postfach {choices}",
    "organisation {choices}": "Organisation {choices}",
    "a VIP": "ein VIP",
    "no VIP": "kein VIP",
    "header {name}: {glob}": "Kopfzeile {name}: {glob}",
    "attachment {choices}": "Anhang {choices}",
    "language {choices}": "Sprache {choices}",
    "what cannot be": "was nie sein kann",
    # alarms
    "Mails older than a day were taken in": "Mails kamen an, die älter als einen Tag sind",
    "They are recorded, but nobody was written to about them. `maildesk list` shows what is open.": (
        "Sie sind aufgenommen, aber deswegen ging an niemanden eine Mail. „maildesk list“ zeigt, was offen ist."
    ),
    "Mails to {email} come back": "Mails an {email} kommen zurück",
    "The mail server says: {answer}": "Der Mailserver sagt: {answer}",
    "The last one was about {tag}.": "Die letzte betraf {tag}.",
    "Acknowledgements are being withheld": "Eingangsbestätigungen werden zurückgehalten",
    "Why: {why}. First for {email}.": "Der Grund: {why}. Zuerst für {email}.",
    "The incidents are recorded all the same.": "Die Vorgänge werden trotzdem aufgenommen.",
    "The server has renumbered the mailbox {name}": "Der Server hat das Postfach {name} neu nummeriert",
    "Mails of the last days are looked at again; those that are known stay as they are.": (
        "Die Mails der letzten Tage werden noch einmal angesehen; was bekannt ist, bleibt, wie es ist."
    ),
    "A mail in {name} cannot be fetched": "Eine Mail in {name} lässt sich nicht abholen",
    "UID {number}: {answer}": "UID {number}: {answer}",
    "It was left on the server; look at it with a mail client.": (
        "Sie liegt noch auf dem Server; sehen Sie sie mit einem Mailprogramm an."
    ),
    "An older backup came back; {number} mails were read again without a letter to anybody": (
        "Eine ältere Sicherung kam zurück; {number} Mails wurden noch einmal gelesen, ohne dass jemand Post bekam"
    ),
    "mail {number}: {sender} ({action})": "Mail {number}: {sender} ({action})",
    "and {number} more; `maildesk inbox --state done` shows them": (
        "und {number} weitere; „maildesk inbox --state done“ zeigt sie"
    ),
    "The new configuration has mistakes; the old one stays": "Die neue Konfiguration hat Fehler; die alte bleibt",
}

WORDS: Mapping[str, Mapping[str, str]] = {
    "between": {" or ": " oder "},
    "actor": {"desk": "Helpdesk", "cli": "Administration", "the local admin": "Administration"},
    "status": {
        "new": "neu",
        "assigned": "zugewiesen",
        "in progress": "in Arbeit",
        "pending": "wartet",
        "resolved": "gelöst",
        "closed": "geschlossen",
        "cancelled": "storniert",
    },
    "waiting": {"requester": "den Melder", "supplier": "den Lieferanten", "change": "die Änderung"},
    "method": {
        "address": "unsere Antwortadresse",
        "token": "unseren Brief",
        "reference": "eine frühere Mail",
        "subject": "die Nummer im Betreff",
    },
    "mode": {"round_robin": "der Reihe nach in", "least_loaded": "nach der wenigsten Arbeit in"},
    "weight": {"impact": "Auswirkung", "urgency": "Dringlichkeit"},
    "level": {"high": "hoch", "medium": "mittel", "low": "niedrig"},
    "sort": {"incident": "Störung", "request": "Serviceanfrage"},
    "done": {  # after "kann jetzt nicht" and before "werden"
        "assigned": "zugewiesen",
        "taken": "übernommen",
        "answered": "beantwortet",
        "written to": "beschrieben",
        "set to pending": "auf Warten gesetzt",
        "resumed": "fortgesetzt",
        "resolved": "gelöst",
        "confirmed": "bestätigt",
        "closed": "geschlossen",
        "reopened": "wieder geöffnet",
        "cancelled": "storniert",
        "merged": "zusammengeführt",
    },
    "what": {  # after "Es gibt"
        "category": "keine Kategorie",
        "technician or group": "keinen Techniker und keine Gruppe",
        "group or technician": "keine Gruppe und keinen Techniker",
    },
    "place": {"subject": "Betreff", "text": "Text"},
    "answer": {"no reason given": "ohne Begründung"},
    "example": {
        "#resolve toner replaced": "#resolve Toner getauscht",
        "#pending supplier 2d": "#pending Lieferant 2d",
        "#impact high": "#impact hoch",
        "#urgency low": "#urgency niedrig",
        "#type request": "#type Anfrage",
    },
}
