"""What mail programs print around an answer, language by language: each row must be told from the new text."""

from __future__ import annotations

import pytest
from tables import each

from maildesk.mail.message import Mail
from maildesk.mail.read import read
from maildesk.mail.trim import forwarded, split

WHO = "ACME IT <support@acme.example>"
NEW = "It jams again.\nTray 2 this time."

ATTRIBUTIONS = {
    "de Gmail, old": f"Am 2. März 2026 um 09:20 schrieb {WHO}:",
    "de Outlook mobile": f"Am 2. März 2026 um 09:20 Uhr schrieb {WHO}:",
    "de Yahoo": f"{WHO} schrieb am 9:20 Montag, 2.März 2026:",
    "de Notes": "ACME IT/BER/ACME@ACME schrieb am 02.03.2026 09:20:12:",
    "de KMail": "Am Montag, 2. März 2026, 09:20:12 CET schrieb ACME IT:",
    "de verb at the end": f"Am 02.03.2026 um 09:20 hat {WHO} geschrieben:",
    "en Notes": "ACME IT <support@acme.example> wrote on 03/02/2026 09:20:12 AM:",
    "en Proton": f"On Monday, March 2nd, 2026 at 9:20 AM, {WHO} wrote:",
    "en Yahoo": f"    On Monday, March 2, 2026 at 09:20:12 AM GMT+1, {WHO} wrote:  ",
    "en Yahoo, old": f"--- On Mon, 3/2/26, {WHO} wrote:",
    "en Outlook for Mac": 'On 3/2/26, 9:20 AM, "ACME IT" <support@acme.example> wrote:',
    "en Mutt": "On Mon, Mar 02, 2026 at 09:20:12AM +0100, ACME IT wrote:",
    "en Emacs": "ACME IT <support@acme.example> writes:",
    "en by somebody": "On Mon, Mar 2, 2026 at 9:20 AM 'Ann Lee' via Support <support@acme.example> wrote:",
    "en three lines": "On Mon, Mar 2, 2026 at 9:20 AM, ACME IT Service Desk of Berlin\n<support@acme.example>\nwrote:",
    "en torn": "On Mon, Mar 2, 2026 at 9:20 AM A. I. Tee\n\n<\nmailto:A. I. Tee <a@acme.example>\n> wrote:",
    "en in bold": "*On Mon, Mar 2, 2026 at 9:20 AM ACME IT <support@acme.example> wrote:*",
    "fr Gmail, old": "2026-03-02 9:20 GMT+01:00 ACME IT <support@acme.example>:",
    "fr Apple": f"Le 2 mars 2026 à 09:20, {WHO} a écrit :",
    "fr Thunderbird": "Le 02/03/2026 à 09:20, ACME IT a écrit\xa0:",
    "fr Notes": "ACME IT <support@acme.example> a écrit sur 02/03/2026 09:20:12 :",
    "fr Orange": "> Message du 02/03/26 09:20\n> De : ACME IT\n> A : Erika",
    "es Gmail": "El lun, 2 de mar de 2026 a la(s) 9:20 a. m., ACME IT (<support@acme.example>) escribió:",
    "es Apple": f"El 2 mar 2026, a las 9:20, {WHO} escribió:",
    "es Thunderbird": "El 2/3/26 a las 9:20, ACME IT escribió:",
    "it Thunderbird": "Il 02/03/26 09:20, ACME IT ha scritto:",
    "it Gmail, old": "Il giorno 2 marzo 2026 09:20, ACME IT <support@acme.example> ha scritto:",
    "nl Thunderbird": "Op 02-03-2026 om 09:20 schreef ACME IT:",
    "nl Outlook": f"Op 2 mrt. 2026 om 09:20 heeft {WHO} het volgende geschreven:",
    "pl Gmail": f"pon., 2 mar 2026 o 09:20 {WHO} napisał(a):",
    "pl Apple": f"Wiadomość napisana przez {WHO} w dniu 2 mar 2026, o godz. 09:20:",
    "pl Thunderbird": "W dniu 2.03.2026 o 09:20, ACME IT pisze:",
    "pt Gmail": f"Em seg., 2 de mar. de 2026 às 09:20, {WHO} escreveu:",
    "pt Apple": f"No dia 02/03/2026, às 09:20, {WHO} escreveu:",
    "pt Thunderbird": "Em 02/03/2026 09:20, ACME IT escreveu:",
    "pt Thunderbird, às": "Às 09:20 de 02/03/2026, ACME IT escreveu:",
    "sv Gmail": f"Den mån 2 mars 2026 kl 09:20 skrev {WHO}:",
    "sv Thunderbird": "Den 2026-03-02 kl. 09:20, skrev ACME IT:",
    "da Apple": f"Den 2. mar. 2026 kl. 09.20 skrev {WHO}:",
    "da Thunderbird": "Den 02.03.2026 kl. 09.20 skrev ACME IT:",
    "nb Apple": f"2. mars 2026 kl. 09:20 skrev {WHO}:",
    "nb Thunderbird": "På 02.03.2026 09:20, skrev ACME IT:",
    "fi Apple": f"{WHO} kirjoitti 2.3.2026 kello 9.20:",
    "fi Thunderbird": "ACME IT kirjoitti 2.3.2026 klo 9.20:",
    "cs Apple": f"2. 3. 2026 v 9:20, {WHO}:",
    "cs Thunderbird": "Dne 02.03.26 v 9:20 ACME IT napsal(a):",
    "cs Seznam": "---------- Původní e-mail ----------\nOd: ACME IT <support@acme.example>",
    "sk Gmail": f"po 2. 3. 2026 o 9:20 {WHO} napísal(a):",
    "sk Thunderbird": "Dňa 2. 3. 2026 o 9:20 ACME IT napísal(a):",
    "hu Gmail": f"{WHO} ezt írta (időpont: 2026. márc. 2., H, 9:20):",
    "hu Thunderbird": "2026. 03. 02. 9:20 keltezéssel, ACME IT írta:",
    "hu Apple": f"2026. márc. 2. dátummal, 9:20 időpontban {WHO} írta:",
    "ro Gmail": f"În lun., 2 mar. 2026 la 09:20, {WHO} a scris:",
    "ro Apple": f"Pe 2 mar. 2026, la 09:20, {WHO} a scris:",
    "tr Gmail": f"{WHO}, 2 Mar 2026 Pzt, 09:20 tarihinde şunu yazdı:",
    "tr Apple": f"{WHO} şunları yazdı (2 Mar 2026 09:20):",
    "el Gmail": f"Στις Δευ 2 Μαρ 2026 στις 9:20 π.μ., ο χρήστης {WHO} έγραψε:",
    "ru Gmail": f"пн, 2 мар. 2026 г. в 09:20, {WHO}:",
    "ru Apple": f"2 марта 2026 г., в 09:20, {WHO} написал(а):",
    "ru Mail.ru": f"Понедельник, 2 марта 2026, 9:20 +03:00 от {WHO}:",
    "ru Thunderbird": "02.03.2026 09:20, ACME IT пишет:",
    "uk Gmail": f"пн, 2 бер. 2026 р. о 09:20 {WHO} пише:",
    "bg Gmail": f"На пн, 2.03.2026 г. в 9:20 {WHO} написа:",
    "hr Gmail": f"pon, 2. ožu 2026. u 09:20 {WHO} napisao je:",
    "sl Gmail": f"V V pon., 2. mar. 2026 ob 09:20 je oseba {WHO} napisala:",
    "sr Gmail": f"пон, 2. мар 2026. у 09:20 {WHO} је написао/ла:",
    "et Gmail": "Kuupäev E, 2. märts 2026 kell 09:20 kirjutas kasutaja ACME IT (<support@acme.example>):",
    "lv Gmail": "pirmd., 2026. g. 2. marts, plkst. 09:20 — lietotājs ACME IT (<support@acme.example>) rakstīja:",
    "lt Gmail": "2026-03-02, pr, 09:20 ACME IT <support@acme.example> rašė:",
    "ca Gmail": f"Missatge de {WHO} del dia dl., 2 de març 2026 a les 9:20:",
    "id Gmail": f"Pada Sen, 2 Mar 2026 pukul 09.20 {WHO} menulis:",
    "vi Gmail": f"Vào Th 2, 2 thg 3, 2026 vào lúc 09:20 {WHO} đã viết:",
    "ja Gmail": f"2026年3月2日(月) 9:20 {WHO}:",
    "ja Apple": f"2026/03/02 9:20、{WHO}のメール:",
    "ja Thunderbird": "On 2026/03/02 9:20, ACME IT wrote:",
    "zh Gmail": f"{WHO} 于2026年3月2日周一 09:20写道：",
    "zh Apple": f"在 2026年3月2日，09:20，{WHO} 写道：",
    "zh-TW Gmail": f"{WHO} 於 2026年3月2日 週一 上午9:20寫道：",
    "ko Gmail": f"2026년 3월 2일 (월) 오전 9:20, {WHO}님이 작성:",
    "ko Apple": f"2026. 3. 2. 오전 9:20, {WHO} 작성:",
    "he Gmail": f"בתאריך יום ב׳, 2 במרץ 2026 ב-9:20 מאת {WHO}:",
    "ar Gmail": f"في الاثنين، 2 مارس 2026 في 9:20 ص تمت كتابة ما يلي بواسطة {WHO}:",
}

# from | date | to | subject | a date as it is printed there
HEADERS = {
    "en": "From|Sent|To|Subject|Monday, March 2, 2026 9:20 AM",
    "en mobile": "From|Date|To|Subject|Monday, 2 March 2026 at 09:20",
    "de": "Von|Gesendet|An|Betreff|Montag, 2. März 2026 09:20",
    "de mobile": "Von|Datum|An|Betreff|Montag, 2. März 2026 um 09:20",
    "fr": "De|Envoyé|À|Objet|lundi 2 mars 2026 09:20",
    "fr, date": "De|Date|À|Objet|lundi 2 mars 2026 à 09:20",
    "es": "De|Enviado|Para|Asunto|lunes, 2 de marzo de 2026 9:20",
    "es, fecha": "De|Fecha|Para|Asunto|lunes, 2 de marzo de 2026, 9:20",
    "it": "Da|Inviato|A|Oggetto|lunedì 2 marzo 2026 09:20",
    "it, data": "Da|Data|A|Oggetto|lunedì, 2 marzo 2026 09:20",
    "nl": "Van|Verzonden|Aan|Onderwerp|maandag 2 maart 2026 09:20",
    "nl, datum": "Van|Datum|Aan|Onderwerp|maandag 2 maart 2026 om 09:20",
    "pl": "Od|Wysłano|Do|Temat|poniedziałek, 2 marca 2026 09:20",
    "pl, wysłane": "Od|Wysłane|Do|Temat|poniedziałek, 2 marca 2026 09:20",
    "pt": "De|Enviada em|Para|Assunto|segunda-feira, 2 de março de 2026 09:20",
    "sv": "Från|Skickat|Till|Ämne|den 2 mars 2026 09:20",
    "sv, datum": "Från|Datum|Till|Ämne|måndag, 2 mars 2026 09:20",
    "da": "Fra|Sendt|Til|Emne|2. marts 2026 09:20",
    "da, dato": "Fra|Dato|Til|Emne|mandag, 2. marts 2026 kl. 09.20",
    "nb": "Fra|Sendt|Til|Emne|mandag 2. mars 2026 09:20",
    "fi": "Lähettäjä|Lähetetty|Vastaanottaja|Aihe|maanantai 2. maaliskuuta 2026 9.20",
    "fi, päivämäärä": "Lähettäjä|Päivämäärä|Vastaanottaja|Aihe|maanantai 2. maaliskuuta 2026 klo 9.20",
    "cs": "Od|Odesláno|Komu|Předmět|pondělí 2. března 2026 9:20",
    "cs, datum": "Od|Datum|Komu|Předmět|pondělí 2. března 2026 v 9:20",
    "sk": "Od|Odoslané|Komu|Predmet|pondelok 2. marca 2026 9:20",
    "hu": "Feladó|Elküldve|Címzett|Tárgy|2026. március 2., hétfő 9:20",
    "hu, dátum": "Feladó|Dátum|Címzett|Tárgy|2026. március 2., hétfő 9:20",
    "ro": "De la|Trimis|Către|Subiect|luni, 2 martie 2026 09:20",
    "ro, data": "De|Data|Către|Subiect|luni, 2 martie 2026, 09:20",
    "tr": "Kimden|Gönderildi|Kime|Konu|2 Mart 2026 Pazartesi 09:20",
    "tr, tarih": "Kimden|Tarih|Kime|Konu|Pazartesi, 2 Mart 2026 09:20",
    "el": "Από|Στάλθηκε|Προς|Θέμα|Δευτέρα, 2 Μαρτίου 2026 9:20",
    "el, date": "Από|Ημερομηνία|Προς|Θέμα|Δευτέρα, 2 Μαρτίου 2026 9:20",
    "ru": "От|Отправлено|Кому|Тема|понедельник, 2 марта 2026 г. 9:20",
    "ru, date": "От|Дата|Кому|Тема|понедельник, 2 марта 2026 г. в 9:20",
    "uk": "Від|Надіслано|Кому|Тема|понеділок, 2 березня 2026 р. 9:20",
    "bg": "От|Изпратено|До|Относно|понеделник, 2 март 2026 г. 9:20",
    "hr": "Od|Poslano|Za|Predmet|ponedjeljak, 2. ožujka 2026. 9:20",
    "hr, old": "Šalje|Poslano|Prima|Predmet|ponedjeljak, 2. ožujka 2026. 9:20",
    "sl": "Od|Poslano|Za|Zadeva|ponedeljek, 2. marec 2026 09:20",
    "sr": "Od|Poslato|Za|Tema|ponedeljak, 2. mart 2026. 09:20",
    "et": "Saatja|Saadetud|Saaja|Teema|esmaspäev, 2. märts 2026 09:20",
    "et, kellele": "Kellelt|Saadetud|Kellele|Teema|esmaspäev, 2. märts 2026 09:20",
    "lv": "No|Nosūtīts|Kam|Temats|pirmdiena, 2026. gada 2. marts 09:20",
    "lt": "Nuo|Išsiųsta|Kam|Tema|2026 m. kovo 2 d., pirmadienis 09:20",
    "lt, siuntėjas": "Siuntėjas|Išsiųsta|Gavėjas|Tema|2026 m. kovo 2 d. 09:20",
    "ca": "De|Enviat el|Per a|Assumpte|dilluns, 2 de març de 2026 9:20",
    "ja": "差出人|送信日時|宛先|件名|2026年3月2日 9:20",
    "zh": "发件人|发送时间|收件人|主题|2026年3月2日 9:20",
    "zh, date": "发件人|日期|收件人|主题|星期一, 2026年3月2日 09:20",
    "zh-TW": "寄件者|寄件日期|收件者|主旨|2026年3月2日 上午 09:20",
    "ko": "보낸 사람|보낸 날짜|받는 사람|제목|2026년 3월 2일 월요일 오전 9:20",
    "he": "מאת|נשלח|אל|נושא|יום שני 2 מרץ 2026 9:20",
    "ar": "من|تم الإرسال|إلى|الموضوع|02 مارس 2026 09:20",
    "id": "Dari|Dikirim|Kepada|Perihal|Senin, 2 Maret 2026 09:20",
    "vi": "Từ|Đã gửi|Đến|Chủ đề|02 Tháng Ba 2026 09:20",
}

ORIGINAL = {
    "en": "Original Message",
    "de": "Ursprüngliche Nachricht",
    "de, short": "Originalnachricht",
    "de, hyphen": "Original-Nachricht",
    "fr": "Message d'origine",
    "fr, typographic": "Message d’origine",
    "fr, original": "Message original",
    "es": "Mensaje original",
    "it": "Messaggio originale",
    "nl": "Oorspronkelijk bericht",
    "pl": "Oryginalna wiadomość",
    "pl, treść": "Wiadomość oryginalna",
    "pt": "Mensagem original",
    "sv": "Ursprungligt meddelande",
    "sv, original": "Originalmeddelande",
    "da": "Oprindelig meddelelse",
    "nb": "Opprinnelig melding",
    "fi": "Alkuperäinen viesti",
    "cs": "Původní zpráva",
    "sk": "Pôvodná správa",
    "hu": "Eredeti üzenet",
    "ro": "Mesaj original",
    "tr": "Orijinal Mesaj",
    "el": "Αρχικό μήνυμα",
    "ru": "Исходное сообщение",
    "ru, original": "Оригинальное сообщение",
    "uk": "Оригінальне повідомлення",
    "bg": "Оригинално съобщение",
    "hr": "Izvorna poruka",
    "sl": "Izvirno sporočilo",
    "et": "Algne sõnum",
    "lt": "Originalus laiškas",
    "lv": "Sākotnējais ziņojums",
    "ca": "Missatge original",
    "ja": "元のメッセージ",
    "zh": "原始邮件",
    "zh-TW": "原始郵件",
    "ko": "원본 메시지",
}

FORWARDED = {
    "en": "Forwarded message",
    "en, mail": "Forwarded Message",
    "de": "Weitergeleitete Nachricht",
    "fr": "Message transféré",
    "es": "Mensaje reenviado",
    "it": "Messaggio inoltrato",
    "nl": "Doorgestuurd bericht",
    "pl": "Przekazana wiadomość",
    "pl, treść": "Treść przekazanej wiadomości",
    "pt": "Mensagem encaminhada",
    "sv": "Vidarebefordrat meddelande",
    "da": "Videresendt meddelelse",
    "nb": "Videresendt melding",
    "fi": "Välitetty viesti",
    "cs": "Přeposlaná zpráva",
    "sk": "Preposlaná správa",
    "hu": "Továbbított üzenet",
    "ro": "Mesaj redirecționat",
    "tr": "İletilen Mesaj",
    "el": "Προωθημένο μήνυμα",
    "ru": "Перенаправленное сообщение",
    "ru, Gmail": "Пересылаемое сообщение",
    "uk": "Переслане повідомлення",
    "bg": "Препратено съобщение",
    "hr": "Proslijeđena poruka",
    "sl": "Posredovano sporočilo",
    "et": "Edastatud kiri",
    "lt": "Persiųstas laiškas",
    "ca": "Missatge reenviat",
    "ja": "転送メッセージ",
    "zh": "转发的消息",
    "zh-TW": "轉寄郵件",
    "ko": "전달된 메시지",
}

BEGIN_FORWARD = {
    "en": "Begin forwarded message:",
    "de": "Anfang der weitergeleiteten Nachricht:",
    "fr": "Début du message réexpédié :",
    "fr, transféré": "Début du message transféré :",
    "es": "Inicio del mensaje reenviado:",
    "it": "Inizio messaggio inoltrato:",
    "nl": "Begin doorgestuurd bericht:",
    "pl": "Początek przekazywanej wiadomości:",
    "pt": "Início da mensagem reencaminhada:",
    "sv": "Vidarebefordrat brev:",
    "da": "Start på videresendt besked:",
    "nb": "Videresendt melding:",
    "fi": "Välitetty viesti alkaa:",
    "cs": "Začátek přeposílané zprávy:",
    "sk": "Začiatok preposlanej správy:",
    "hu": "Továbbított levél kezdete:",
    "ro": "Începutul mesajului redirecționat:",
    "tr": "İletilmiş mesajın başlangıcı:",
    "el": "Αρχή προωθημένου μηνύματος:",
    "ru": "Начало переадресованного сообщения:",
    "uk": "Початок листа, що пересилається:",
    "hr": "Početak proslijeđene poruke:",
    "ja": "転送されたメッセージ：",
    "zh": "开始转发的邮件：",
    "zh-TW": "以下是轉寄的郵件：",
    "ko": "전달된 메시지:",
}

DEVICES = {
    "en": "Sent from my iPhone",
    "en, two hyphens": "-- Sent from my phone",
    "en Mail": "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows 10",
    "en Outlook": "Get Outlook for Android<https://aka.ms/ghei36>",
    "en Outlook, link on the name": "Get [Outlook for iOS](https://aka.ms/o0ukef)",
    "en Samsung": "Sent from my Samsung Galaxy smartphone.",
    "en Yahoo": "Sent from Yahoo Mail on Android",
    "en Yahoo, new": "Yahoo Mail: Search, Organize, Conquer",
    "en Proton": "Sent with Proton Mail secure email.",
    "en Proton, link": "Sent with [Proton Mail](https://proton.me) secure email.",
    "en BlackBerry": "Sent from my BlackBerry 10 smartphone on the EE network.",
    "en excuse": "Sent from my iPhone, please excuse any typos.",
    "en mobile": "Sent from my mobile device",
    "en tablet": "Sent from Samsung tablet",
    "de": "Von meinem iPhone gesendet",
    "de iPad": "Gesendet von meinem iPad",
    "de Samsung": "Von meinem Samsung Galaxy Smartphone gesendet.",
    "de Samsung, old": "Von Samsung-Tablet gesendet",
    "de Mail": "Gesendet von Mail<https://go.microsoft.com/fwlink/?LinkId=550986> für Windows",
    "de GMX": "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.",
    "de Proton": "Von Proton Mail für iOS gesendet",
    "de Outlook": "Outlook für iOS beziehen",
    "de Yahoo": "Gesendet von Yahoo Mail auf Android",
    "de under way": "Von unterwegs gesendet",
    "fr": "Envoyé de mon iPhone",
    "fr Samsung": "Envoyé depuis mon smartphone Samsung Galaxy.",
    "fr Mail": "Envoyé à partir de Courrier pour Windows",
    "fr Outlook": "Télécharger Outlook pour iOS",
    "fr Orange": "Envoyé à partir de l'application Mail Orange",
    "es": "Enviado desde mi iPhone",
    "es Samsung": "Enviado desde mi Samsung Galaxy",
    "es Outlook": "Obtener Outlook para iOS",
    "es Mail": "Enviado desde Correo para Windows",
    "it": "Inviato da iPhone",
    "it own": "Inviato dal mio iPhone",
    "it Outlook": "Ottieni Outlook per Android",
    "it Libero": "Inviato da Libero Mail",
    "nl": "Verstuurd vanaf mijn iPhone",
    "nl Verzonden": "Verzonden vanaf mijn Galaxy",
    "nl Outlook": "Outlook voor iOS downloaden",
    "pl": "Wysłane z iPhone'a",
    "pl Outlook": "Pobierz program Outlook dla systemu iOS",
    "pt": "Enviado do meu iPhone",
    "pt, iPad": "Enviado a partir do meu iPad",
    "pt Outlook": "Obter o Outlook para iOS",
    "sv": "Skickat från min iPhone",
    "sv Outlook": "Hämta Outlook för iOS",
    "da": "Sendt fra min iPhone",
    "da Outlook": "Hent Outlook til iOS",
    "nb Outlook": "Få Outlook for iOS",
    "fi": "Lähetetty iPhonesta",
    "fi Outlook": "Hanki Outlook iOS:lle",
    "cs": "Odesláno z iPhonu",
    "cs Outlook": "Získejte Outlook pro iOS",
    "sk": "Odoslané z iPhonu",
    "hu": "Az iPhone-omról küldve",
    "hu, verb first": "Elküldve az iPhone-omról",
    "ro": "Trimis de pe iPhone-ul meu",
    "tr": "iPhone'umdan gönderildi",
    "el": "Στάλθηκε από το iPhone μου",
    "ru": "Отправлено с iPhone",
    "ru Yandex": "Отправлено из мобильной Яндекс Почты",
    "ru Mail.ru": "Отправлено из Почты Mail.ru",
    "uk": "Надіслано з iPhone",
    "bg": "Изпратено от моя iPhone",
    "hr": "Poslano s mog iPhonea",
    "sl": "Poslano iz mojega iPhona",
    "et": "Saadetud minu iPhone'ist",
    "lv": "Nosūtīts no mana iPhone",
    "lt": "Išsiųsta iš mano iPhone",
    "ca": "Enviat des del meu iPhone",
    "id": "Dikirim dari iPhone saya",
    "vi": "Đã gửi từ iPhone của tôi",
    "ja": "iPhoneから送信",
    "zh": "发自我的 iPhone",
    "zh-TW": "從我的 iPhone 傳送",
    "ko": "나의 iPhone에서 보냄",
    "he": "נשלח מה-iPhone שלי",
}

CLOSINGS = {
    "en": "Kind regards,",
    "en, thanks": "Thanks and regards,",
    "en, many thanks": "Many thanks and best regards,",
    "en, yours": "Yours sincerely",
    "en, warmly": "Warm regards",
    "en, very best": "All the best,",
    "de": "Mit freundlichen Grüßen",
    "de, i. A.": "Mit freundlichen Grüßen / Kind regards",
    "de, Swiss": "Freundliche Grüsse",
    "de, thanks": "Vielen Dank und freundliche Grüße",
    "de, in advance": "Danke und viele Grüße,",
    "de, with best": "Mit besten Grüßen",
    "de, short": "Gruß",
    "de, city": "Schöne Grüße aus München",
    "fr": "Cordialement,",
    "fr, bien": "Bien cordialement",
    "fr, salutations": "Meilleures salutations",
    "es": "Un cordial saludo,",
    "es, plain": "Saludos",
    "es, thanks": "Gracias y saludos,",
    "es, atentamente": "Atentamente,",
    "it": "Cordiali saluti",
    "it, distinti": "Distinti saluti,",
    "it, thanks": "Grazie e cordiali saluti",
    "nl": "Met vriendelijke groet,",
    "nl, plural": "Vriendelijke groeten",
    "pl": "Pozdrawiam",
    "pl, respect": "Z wyrazami szacunku,",
    "pl, without accents": "Z powazaniem,",
    "pt": "Atenciosamente,",
    "pt, cumprimentos": "Com os melhores cumprimentos",
    "pt, abraço": "Um abraço,",
    "sv": "Med vänliga hälsningar",
    "sv, short": "Mvh",
    "sv, hälsning": "Vänligen",
    "da": "Med venlig hilsen",
    "da, kind": "Venlig hilsen",
    "nb": "Med vennlig hilsen",
    "nb, short": "Vennlig hilsen",
    "fi": "Ystävällisin terveisin",
    "fi, plain": "Terveisin",
    "cs": "S pozdravem",
    "cs, hezký den": "S přáním hezkého dne",
    "sk": "S pozdravom",
    "hu": "Üdvözlettel,",
    "hu, long": "Tisztelettel:",
    "ro": "Cu stimă,",
    "ro, short": "Toate cele bune",
    "tr": "Saygılarımla,",
    "tr, good work": "İyi çalışmalar",
    "el": "Με εκτίμηση,",
    "ru": "С уважением,",
    "uk": "З повагою,",
    "bg": "С уважение,",
    "hr": "Srdačan pozdrav,",
    "hr, respect": "S poštovanjem,",
    "sl": "Lep pozdrav",
    "et": "Lugupidamisega",
    "lv": "Ar cieņu,",
    "lt": "Pagarbiai,",
    "ca": "Salutacions cordials,",
}

MARKERS = [
    "##- Please type your reply above this line -##",
    "-- write ABOVE THIS LINE to post a reply --",
    "=-=-= Please reply above this line =-=-=",
    "[Please reply above this line]",
    "Reply above this line to add a comment",
    "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
    "--- Bitte antworten Sie oberhalb dieser Linie ---",
    "##- Veuillez saisir votre réponse au-dessus de cette ligne -##",
    "##- Por favor, escriba su respuesta por encima de esta línea -##",
    "##- Digita la tua risposta sopra questa riga -##",
    "##- Typ uw antwoord boven deze regel. -##",
    "##- Wpisz odpowiedź powyżej tego wiersza -##",
    "##- Digite sua resposta acima desta linha. -##",
    "##- Skriv ditt svar ovanför den här raden -##",
    "##- Skriv dit svar over denne linje -##",
    "##- Kirjoita vastauksesi tämän rivin yläpuolelle -##",
    "##- Napište svou odpověď nad tento řádek. -##",
    "##- Kérjük, a sor felett válaszoljon -##",
    "##- Tastați răspunsul deasupra acestei linii -##",
    "##- Lütfen cevabınızı bu satırın üstüne yazın -##",
    "##- Введите ответ над этой строкой -##",
    "##- 请在此行上方键入您的回复 -##",
    "##- この行の上に返信を入力してください -##",
    "##- 이 줄 위에 답변을 입력하십시오 -##",
]


QUOTES = ("> Hello,\n> is it still jamming?", "\n> Hello,\n>\n> is it still jamming?\n")


@each(intro=ATTRIBUTIONS.values())
def test_an_attribution_goes_with_the_quotation_below_it(intro):
    for quote in QUOTES:
        parts = split(f"{NEW}\n\n{intro}\n{quote}")
        assert parts.new == NEW
        assert parts.quoted.lstrip().startswith(intro.split("\n")[0].strip())
        assert "still" in parts.quoted


@each(intro=[one for name, one in ATTRIBUTIONS.items() if name != "fr Orange"])
def test_an_attribution_above_unmarked_text_ends_the_new_text(intro):
    parts = split(f"{NEW}\n\n{intro}\n\nHello,\nis it still jamming?\n")
    assert parts.new == NEW
    assert parts.quoted.endswith("Hello,\nis it still jamming?")


def block(row: str, form: str) -> str:
    *keys, when = row.split("|")
    values = (WHO, when, "Erika Muster", "Re: Printer")
    return "\n".join(form.format(key, value) for key, value in zip(keys, values, strict=True))


FORMS = ("{}: {}", "*{}:* {}", "**{}:** {}", "{} : {}", "{}:\t{}", "{}：{}")


@each(row=HEADERS.values())
def test_a_printed_header_ends_the_new_text(row):
    for form in FORMS:
        parts = split(f"{NEW}\n\n{block(row, form)}\n\nHello,\nis it still jamming?")
        assert parts.new == NEW
        assert parts.quoted.endswith("Hello,\nis it still jamming?")


@each(row=HEADERS.values())
def test_a_printed_header_with_copies_and_a_rule_ends_the_new_text(row):
    printed = block(row, "{}: {}").split("\n")
    printed.insert(3, "Cc: max@kunde.example; dana@acme.example")
    parts = split(f"{NEW}\n\n{'_' * 32}\n" + "\n".join(printed) + "\n\nHello")
    assert parts.new == NEW
    assert parts.quoted.endswith("Hello")


@each(row=[row for name, row in HEADERS.items() if name != "he"])
def test_a_header_printed_in_one_line_ends_the_new_text(row):
    parts = split(f"{NEW}\n\n{block(row, '{}: {}').replace(chr(10), ' ')}\n\nHello")
    assert parts.new == NEW


TITLED = ("-----{}-----", "-------- {} --------", "---------- {} ---------", "‐‐‐‐‐‐‐ {} ‐‐‐‐‐‐‐", "_____ {} _____")


@each(words=[*ORIGINAL.values(), *FORWARDED.values()])
def test_a_titled_rule_ends_the_new_text(words):
    for form in TITLED:
        parts = split(f"{NEW}\n\n{form.format(words)}\nACME IT\n\nHello,\nis it still jamming?")
        assert parts.new == NEW
        assert parts.quoted.endswith("is it still jamming?")


@each(words=BEGIN_FORWARD.values())
def test_apples_forward_ends_the_new_text(words):
    parts = split(f"{NEW}\n\n{words}\n\nACME IT\n\nHello,\nis it still jamming?")
    assert parts.new == NEW


@each(words=ORIGINAL.values())
def test_a_title_without_a_rule_goes_with_the_header_below_it(words):
    parts = split(f"{NEW}\n\n  {words}  \n{block(HEADERS['en'], '{}: {}')}\n\nHello")
    assert parts.new == NEW


@each(line=DEVICES.values())
def test_the_signature_of_a_device_is_no_text(line):
    for below in ("", f"\n\nOn Mon, Mar 2, 2026 at 9:20 AM {WHO} wrote:\n> Hello"):
        parts = split(f"{NEW}\n\n{line}{below}")
        assert parts.new == NEW
        assert parts.signature == line


@each(line=CLOSINGS.values())
def test_a_close_and_what_stands_under_it_is_the_signature(line):
    for form in ("{}", "*{}*"):
        for name in ("Erika", "Erika Muster\nKunde GmbH\nTel. +49 30 1234567", "\nErika Muster"):
            parts = split(f"{NEW}\n\n{form.format(line)}\n{name}")
            assert parts.new == NEW
            assert parts.signature.startswith(form.format(line))


@each(line=MARKERS)
def test_text_above_the_desks_line_is_the_answer(line):
    for mark in ("", "> "):
        parts = split(f"{NEW}\n\n{mark}{line}\n{mark}\n{mark}Your request was received.")
        assert parts.new == NEW
        assert parts.quoted.endswith("received.")


FOOTERS = [
    "-Erika",
    "- Erika Muster",
    "/Max",
    "—Erika",
    "--Erika Muster\nKunde GmbH",
    "-----\nErika Muster\nTel. +49 30 1234567",
    "==========\nErika Muster\nwww.kunde.example",
    "___\nErika Muster\nerika@kunde.example",
    "This e-mail is confidential and intended only for the person to whom it is addressed.",
    "CONFIDENTIALITY NOTICE: this message may be privileged.\nIf it is not for you, delete it.",
    "Diese E-Mail enthält vertrauliche Informationen.\nWenn Sie nicht der richtige Adressat sind, löschen Sie sie.",
    "Ce message est confidentiel. Si vous n'en êtes pas le destinataire, veuillez le détruire.",
    "Este mensaje es confidencial y va dirigido solo a su destinatario.",
    "Questo messaggio contiene informazioni riservate.",
    "Dit bericht kan vertrouwelijke informatie bevatten.",
    "Please consider the environment before printing this e-mail.",
    "Virus-free. www.avast.com",
]


@each(footer=FOOTERS)
def test_names_footers_and_small_print_are_no_text(footer):
    parts = split(f"{NEW}\n\n{footer}\n\nOn 3/2/26 09:20, ACME IT wrote:\n> Hello")
    assert parts.new == NEW
    assert parts.signature == footer


@pytest.mark.parametrize(
    "text",
    [
        "This is the table:\n| tray | state |\n| 1 | empty |",
        "SQL> select 1;\n1 row selected.\nSQL> exit",
        "$ cat x\n| more",
        "I typed:\nPS> Get-Printer\nand nothing came.",
        "Title\n=====\ntext, see https://x.example",
        "We need:\n\n- Erika\n- Max",
        "Please add this user:\n\n- Erika",
        "Choices:\n\n-one\n-two\n\n-Three",
        "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-old\n+new",
        "fix it\n---\n x.py | 2 +-\n 1 file changed, see a@b.example",
        "The display says:\n-----\nservice at www.x.example\n-----\nWhat does that mean?",
        "The display says:\n\n-----\nservice at www.x.example",
        "This is the log\n\n----------\nSMTP: 553 <ann@acme.example> no such user",
        "It said\n\n==========\nError\nMail to ann@acme.example could not be delivered: the server refused it.",
        "It says\n\nThis message was undeliverable to one of the intended recipients.",
        "The parcel was\nsent from Berlin\nand has not come.",
        "It was sent from my iPhone, but never came.",
        "Sent by mistake",
        "Sent with the wrong file.\nHere is the right one.",
        "Get Outlook for the new colleague, please.",
        "2026-03-02 09:20:11 ERROR mail from ann@acme.example failed:\nrelay denied",
        "2026-03-02 09:20:11 login ann@acme.example\n2026-03-02 09:20:12 logout:\nend",
        "At 09:20 the alarm started:\nbeep",
        "As you wrote: nothing happens.",
        "You wrote:\nplease restart. I did.",
        "From: the printer came a noise.",
        "No: it does not.\nTo: whom shall I turn?",
        "Subject: the new laptop\nDate: next week",
        "Original message\nwas the name of the file.",
        "My reply above this line was lost.",
        "Please write your name above the line.",
        "This message is shown: access denied.",
        "The information on the screen is gone.",
        "Best of all: it works again",
        "Vänligen återkom",
        "Vh is the name of the server",
        "C:\\> dir\nD:\\> dir",
    ],
)
def test_words_code_and_lists_are_kept(text):
    parts = split(f"Hello,\n\n{text}")
    assert parts.new == f"Hello,\n\n{text}"


@each(mark=["| ", ": ", "AI> ", "» "])
def test_other_marks_of_quotation_are_known_below_an_attribution(mark):
    quote = f"{mark}Hello,\n{mark}is it still jamming?"
    parts = split(f"On 3/2/26 09:20, ACME IT wrote:\n{quote}\n\nYes, it is.")
    assert (parts.new, parts.inline_answers) == ("Yes, it is.", False)
    parts = split(f"On 3/2/26 09:20, ACME IT wrote:\n{mark}Hello,\nhi\n{mark}is it still jamming?\n\nYes, it is.")
    assert "hi" in parts.new or "hi" in parts.quoted  # never lost
    assert quote in split(quote).new


def test_an_answer_below_a_marked_original_is_the_message():
    parts = split("-----Original Message-----\n> From: ACME IT\n> is it still jamming?\n\nYes, it is.\n\n-- \nErika")
    assert (parts.new, parts.signature) == ("Yes, it is.", "-- \nErika")
    assert parts.quoted.startswith("-----Original")


@pytest.mark.parametrize(
    ("glued", "own"),
    [
        (f"Thanks!On Mon, Mar 2, 2026 at 9:20 AM {WHO} wrote:", "Thanks!"),
        (f"It jams --- On Mon, Mar 2, 2026 at 9:20 AM, {WHO} wrote:", "It jams"),
        (f"Danke! Am 02.03.2026 um 09:20 schrieb {WHO}:", "Danke!"),
    ],
)
def test_an_attribution_glued_to_the_answer_is_cut_off(glued, own):
    assert split(f"{glued}\n> Hello").new == own


def test_a_close_alone_is_what_somebody_had_to_say():
    assert split("Viele Grüße\nErika").new == "Viele Grüße\nErika"
    assert split("Sent from my iPhone").new == ""


# ---- forwarded mails


def mail_of(subject: str, text: str) -> Mail:
    head = "From: ann@acme.example\nContent-Type: text/plain; charset=utf-8\nSubject: "
    mail = read(f"{head}{subject}\n\n{text}".encode())
    assert isinstance(mail, Mail)
    return mail


MAX = "Max Beispiel <max@kunde.example>"


@each(words=FORWARDED.values())
def test_the_first_sender_under_a_titled_rule_is_found(words):
    for language in ("en", "de", "fr", "sv", "ja"):
        printed = block(HEADERS[language], "{}: {}").replace(WHO, MAX)
        found = forwarded(mail_of("x", f"see below\n\n-------- {words} --------\n{printed}\n\nno sound"))
        assert found is not None
        assert (found.sender.email, found.sender.name, found.text) == ("max@kunde.example", "Max Beispiel", "no sound")


@each(words=BEGIN_FORWARD.values())
def test_the_first_sender_of_apples_forward_is_found(words):
    printed = f"From: {MAX}\nSubject: No sound\nDate: 2 March 2026 at 09:20:12 CET\nTo: Ann"
    quoted = "\n".join(f"> {line}".rstrip() for line in f"{printed}\n\nno sound".split("\n"))
    for body in (printed + "\n\nno sound", quoted):
        found = forwarded(mail_of("x", f"{words}\n\n{body}"))
        assert found is not None
        assert (found.sender.email, found.subject, found.text) == ("max@kunde.example", "No sound", "no sound")


DATED = "Sent: Monday, March 2, 2026 9:20 AM\nTo: Ann\nSubject: No sound\n\nno sound"
MAILED = "Date: Mon, 2 Mar 2026 09:20:12 +0100\nTo: ann@acme.example\nSubject: No sound\n\nno sound"
FORWARDS = {
    "Outlook": f"From: Max Beispiel [mailto:max@kunde.example]\n{DATED}",
    "Outlook with a link": f"From: Max Beispiel <max@kunde.example <mailto:max@kunde.example>>\n{DATED}",
    "Outlook in bold": f"*From:* {MAX}\n*Sent:* 2 March 2026\n*To:* Ann\n*Subject:* No sound\n\nno sound",
    "Outlook in one line": f"From: {MAX} Sent: 2 March 2026 9:20 To: Ann Subject: No sound\n\nno sound",
    "Outlook mobile": f"see below\n\n________________________________\nFrom: {MAX}\n{DATED}",
    "under a signature": f"please\n\nRegards\nAnn\nACME\n+49 30 1234\n\n________________\nFrom: {MAX}\n{DATED}",
    "Thunderbird": f"-------- Forwarded Message --------\nSubject: \tNo sound\nDate: \tMon, 2 Mar 2026\nFrom: \t{MAX}"
    "\nTo: \tann@acme.example\n\nno sound",
    "Thunderbird as a table": f"-------- Forwarded Message --------\n\nSubject: | No sound\nFrom: | {MAX}"
    "\nTo: | ann@acme.example\n\nno sound",
    "Notes": f"----- Weitergeleitet von Ann Lee/ACME am 02.03.2026 10:00 -----\n\nVon:\t{MAX}\nAn:\tann@acme.example"
    "\nDatum:\t02.03.2026 09:20\nBetreff:\tNo sound\n\nno sound",
    "Proton": f"------- Forwarded Message -------\nFrom: {MAX}\nDate: On Monday\nSubject: No sound\n\n\n> no sound",
    "Samsung": f"-------- Original message --------\nFrom: {MAX} \nDate: 02/03/2026 09:20 (GMT+01:00) \nTo: ann"
    " \nSubject: No sound \n\nno sound",
    "Mutt": f"----- Forwarded message from {MAX} -----\n\nFrom: {MAX}\n{MAILED}\n\n----- End forwarded message -----",
    "Gmail in bold": f"---------- Forwarded message ---------\nFrom: *Max Beispiel* <max@kunde.example>\n{MAILED}",
    "marked as quoted": f"fyi\n\n> -----Original Message-----\n> From: {MAX}\n> " + DATED.replace("\n", "\n> "),
}


@each(text=FORWARDS.values())
def test_the_first_sender_is_found_whatever_program_forwarded(text):
    found = forwarded(mail_of("FW: x", text))
    assert found is not None
    assert (found.sender.email, found.sender.name) == ("max@kunde.example", "Max Beispiel")
    assert (found.subject, found.text) == ("No sound", "no sound")


PREFIXES = [
    "Fwd",
    "FW",
    "WG",
    "TR",
    "RV",
    "I",
    "Doorst",
    "PD",
    "ENC",
    "VB",
    "VS",
    "VL",
    "Továbbítás",
    "İLT",
    "ΠΡΘ",
    "转发",
    "轉寄",
    "전달",
    "Fwd: Re",
    "Re: Fwd",
]


@each(row=HEADERS.values())
def test_the_first_sender_in_a_printed_header_is_found(row):
    found = forwarded(mail_of("FW: x", block(row, "{}: {}").replace(WHO, MAX) + "\n\nno sound"))
    assert found is not None
    assert (found.sender.email, found.subject, found.text) == ("max@kunde.example", "Re: Printer", "no sound")


@each(prefix=PREFIXES)
def test_a_forwarding_subject_is_known_in_every_language(prefix):
    printed = block(HEADERS["en"], "{}: {}").replace(WHO, MAX)
    assert (forwarded(mail_of(f"{prefix}: x", f"{printed}\n\nno sound")) is None) == prefix.startswith("Re")
