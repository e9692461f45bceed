"""What only says thanks, and what says more: rows of both, in the languages that a European desk meets."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tables import each

from maildesk.mail import thanks
from maildesk.mail.thanks import only_thanks

YES = """
Thanks
Thanks!
thank you
Thank you very much.
Thank you so much for your help!
Thanks a lot, works now!
Thanks Ann
Thanks, Ann!
Thank you Ann for the quick help.
Many thanks for the great support
Hi Ann,|thanks, it works again.|Erika
Hello team,||thank you all!||Best regards|Erika Muster
Dear Ann|thank you.|Kind regards|Erika
It works
It works now, thank you!
works
Works like a charm, thanks 👍
Everything is fine now, thanks
All good, thanks :)
Perfect, thank you.
Great, thanks again!
The printer works again, thank you!
Thanks, the VPN client is working now.
VPN works now. Thanks!
Fixed, thanks
ok
OK thanks
yes
Yes, it works.
yes it works
solved
Confirmed.
I can confirm that it works.
You can close the ticket.
Thanks, you can close it now.
close
close it
👍
🙏🙏
👍🏻 Thanks!
❤️
Thank you for the quick answer. Have a nice day!
Thanks, have a nice weekend
Thank you for the info
thx
ty
Cheers, works
Thanks and regards|Erika
Tested, works. Thanks!
works 100%
Danke
Danke!
Vielen Dank!
The problem is solved, thank you
Problem gelöst, danke!
Alles klar, danke
Le problème est résolu, merci
That did the trick, thanks!
Merci, c'est bon
Tutto a posto, grazie
Alles in orde, bedankt
Vielen Dank, geht wieder 👍
Herzlichen Dank für die schnelle Hilfe!
Besten Dank
Danke schön
Dankeschön, Frau Müller!
Hallo Frau Lee,|vielen Dank, es funktioniert wieder.|Viele Grüße|Erika Muster
Guten Tag Herr Roe,|es geht jetzt wieder, danke.
Super, danke!
Perfekt, vielen Dank für Ihre Unterstützung.
Funktioniert
Jetzt geht es wieder. Danke
Der Drucker geht wieder, danke!
Drucker läuft wieder. Vielen Dank!
Passt, danke
Hat geklappt, danke euch!
Ist erledigt, danke.
erledigt
ja
Ja, geht wieder
geht wieder
es geht
Vielen Dank und schönes Wochenende!
Danke, schönen Tag noch
Nochmals vielen Dank
Ticket kann geschlossen werden, danke.
LG Erika|Danke!
Merci
Merci beaucoup
Merci beaucoup !
Merci pour votre aide.
Bonjour Ann,|merci, ça marche.|Cordialement|Marie
Merci, tout fonctionne maintenant !
Parfait, merci
C'est résolu, merci beaucoup.
L'imprimante fonctionne, merci
ça marche
oui
Merci et bonne journée
Vous pouvez fermer le ticket, merci.
Gracias
Muchas gracias
¡Muchas gracias!
Muchas gracias por su ayuda.
Perfecto, gracias
Hola Ann,|ya funciona, gracias.|Saludos|José
Todo funciona ahora, mil gracias
sí
Resuelto, gracias.
Gracias, que tenga un buen día
Grazie
Grazie mille
Grazie mille per il supporto!
Perfetto, grazie
Ora funziona, grazie.
Buongiorno,|tutto risolto, grazie mille.|Cordiali saluti|Anna Rossi
Grazie a tutti
Bedankt
Bedankt!
Hartelijk dank voor de snelle hulp
Dank je wel
Dank u wel voor uw hulp.
Het werkt weer, bedankt!
Dag Ann,|het werkt nu, bedankt.|Groeten|Jan
De printer werkt weer, bedankt.
Prima, bedankt
Dziękuję
Dziękuję bardzo
Dziękuję bardzo za pomoc!
Dzięki, działa!
Już działa, dziękuję.
Wszystko działa, dziękuję. Pozdrawiam
Obrigado
Muito obrigada!
Muito obrigado pela ajuda.
Já funciona, obrigado
Perfeito, obrigada
Tack
Tack!
Tack så mycket
Tack för hjälpen!
Det fungerar nu, tack.
Hej Ann,|tack, nu fungerar det.|Mvh|Anna
Tak
Mange tak for hjælpen
Tusind tak!
Det virker nu, tak
Perfekt, tak
Takk
Tusen takk for hjelpen!
Takk, det fungerer igjen.
Kiitos
Kiitos paljon!
Kiitos avusta
Toimii nyt, kiitos.
Děkuji
Děkuji moc za pomoc
Díky, funguje!
Už to funguje, děkuji.
"""
NO = """
|
Hello Ann
Hello
Erika
Regards|Erika
Good morning
Good morning Ann
Have a nice day
Schönen Tag noch
Bom dia
Buenos días Ann
God dag
Thanks?
Thanks, but it still doesn't work
Thanks but no
Thanks, it does not work.
Thanks, it doesn’t work
Thanks, works now. But the scanner is broken.
Thanks, when will the new laptop come?
Thank you. Could you also check the scanner
Thanks in advance
Thank you in advance for your help
Thanks, I will test it tomorrow
Thanks, I'll try.
Thanks, will check and let you know
Thanks, now I have another problem
Thanks for nothing
Thanks, problem
Thanks, the problem
THANKS PRINTER JAMS
The problem is not solved
Problem nicht gelöst
Solved one problem
Thanks, partly fixed
Thanks, almost works
Thanks anyway
Thanks, only the left one works
It worked for an hour
It works sometimes
It seems to work
It works until I restart
works if I use wifi
Maybe works now
Nothing works
Not solved
Not fixed
No
no thanks
No, thanks
nope
ok but slow
Ok, I see.
Ok, call me at 10:30
Thanks, my number is 030 1234567
Thanks, please close
yes please
Yes, but
Is it fixed
is it working now
Please help
Help!
Thanks! Help
Please fix it
Fix it
The old printer works
The other one works, thanks
It was working
It worked yesterday
Thanks.|It jams again.
Thanks.|Still broken
Thanks, jams again
Thanks, same problem
Thanks, see https://x.example
Thanks, write to ann@acme.example
👎
😡
😢 thanks
Thanks :(
Thanks :-/
> is it fixed|yes
Thanks, the invoice is attached
Thanks for the call, Ann, and for sending somebody
I am on holiday. Thank you for your message.
Thank you for your message. I will be back on Monday.
works? no
Thanks, works now 2 of 3
Thanks, how do I print
Thanks and please order a new one
Danke, geht leider nicht
Danke, aber es geht nicht
Danke, geht immer noch nicht.
Danke für nichts
Danke im Voraus
Vielen Dank im Voraus für Ihre Hilfe
Danke, ich teste es morgen
Danke, werde ich probieren
Danke, jetzt ist der Scanner kaputt
Danke.|Neues Problem
Danke, eine Frage noch
Danke, bitte noch den Scanner
Geht nicht
Geht nur manchmal
Geht es jetzt
Funktioniert das jetzt
Nein
Nein danke
Nein, geht nicht
nicht erledigt
Leider nein
Danke, Drucker druckt leer
Der alte Drucker geht
Es geht um den Drucker
Drucker geht wieder aus
Kaum geht es, fällt es aus
Danke, bis morgen
Bitte schließen
Merci, mais ça ne marche pas
Merci d'avance
Merci de me rappeler
Merci de redémarrer le serveur
Ça ne marche pas
Toujours en panne
Non
non merci
Merci, quand sera-t-il réparé ?
Gracias, pero no funciona
Gracias de antemano
No funciona
Gracias, sigue igual
Todavía nada
Grazie, ma non funziona
Grazie in anticipo
Non funziona
Grazie, quando arriva il tecnico?
Bedankt, maar het werkt niet
Bij voorbaat dank
Alvast bedankt
Werkt het nu
Nee
Dziękuję, ale nie działa
Z góry dziękuję
Nie działa
Obrigado, mas não funciona
Obrigado desde já
Não funciona
Tack, men det fungerar inte
Tack på förhånd
Tack på förhand
Fungerar inte
Tak, men det virker ikke
På forhånd tak
Virker ikke
Takk, men det fungerer ikke
Kiitos, mutta ei toimi
Kiitos etukäteen
Ei toimi
Děkuji, ale nefunguje
Předem děkuji
Nefunguje to
Toll, danke auch
Vielen Dank auch.
"""


def rows(table: str) -> list[str]:
    return [line.replace("|", "\n") for line in table.strip("\n").split("\n")]


@each(text=rows(YES))
def test_thanks_and_all_is_well_say_nothing_more(text):
    assert only_thanks(text)


@each(text=rows(NO))
def test_doubts_questions_and_news_say_more(text):
    assert not only_thanks(text)


def test_no_word_of_doubt_is_taken_for_a_word_of_thanks():
    assert thanks._DOUBT & thanks._KNOWN == thanks._TROUBLE


def test_a_long_text_says_more():
    assert not only_thanks("thanks " * 100)


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_it(text):
    assert only_thanks(text) in {True, False}


@given(st.sampled_from(rows(YES)), st.sampled_from(["?", " but", "\nnot yet", " 7", "\nIt jams.", "\n:("]))
@settings(max_examples=60, deadline=None)
def test_any_doubt_undoes_the_thanks(text, doubt):
    assert not only_thanks(text + doubt)
