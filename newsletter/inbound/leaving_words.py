"""How people ask to leave in languages that part words by spaces. `(a/b/)`: one of these, here also none."""

from __future__ import annotations

from newsletter.inbound.phrases import Words

_ENGLISH = Words(
    before="please|so please|pls|plz|kindly|yes|ok|okay|so please|hi|hello|hey|sorry|thanks|thank you|but|plese|"
    "pleas|plase|"
    "pleae|"
    "i (want/need/wish) (/you )to|"
    "(i/we) would (like/love) (to/you to)|i('d/d) (like/love) (to/you to)|would like to|want to|wish to|"
    "(can/could/would/will) you|i (need/have) to|(i'd/i would) appreciate it if you(/ could/ would)|(/i )request to|"
    "(i'm/i am) requesting to|i hereby|"
    "hereby|just|now|to|be|let me|go ahead and|do|my|this is a request to|i ask (you /)to|and",
    core="unsubscribe|unsubscribed|unsubscribing|removed me|i unsubscribe|"
    "(can/could/may) i (/please )unsubscribe please|"
    "(can/could/may) i (/please )(be/get) (unsubscribed/removed/taken off)|"
    "would you mind (unsubscribing/removing) me|"
    "(be/get) (unsubscribed/un-subscribed/removed/taken off/taken out/opted out)|"
    "(i'm/i am) unsubscribing|un-subscribe|un subscribe|unsub|unscribe|unsubscription|unsubscribe removal|i want out|"
    "(/my )unsubscribe request|(process/handle) (my/this) (unsubscribe/unsubscription) request|"
    "unsubscribe (/me )from (/receiving )(all/everything/all emails/all mails)|unsubscribe (all/everything)|"
    "stop|stop (it/all/this/these)|stop (sending/mailing/emailing)|"
    "stop (/sending )(/me )(the/the daily/this/these/your/all/all these/all your/any more/) "
    "(emails/mails/messages/newsletters/newsletter/mailing/mailings/subscription/email)|stop (emailing/mailing) me|"
    "stop sending (me/emails to me/mails to me/me this/me these/this/these/this to me/these to me)|"
    "(end/stop/cancel/terminate/discontinue/delete/quit/drop) (my/the/this) (/newsletter /email )"
    "(subscription/membership)|"
    "(end/stop/cancel/terminate/quit/leave/discontinue) (this/the/your/my/these) (newsletter/list/mailing list/"
    "mailings/emails)|"
    "cancel|(cancel/end/stop/terminate) subscription|(subscription/newsletter) cancel(l/)ation|"
    "remove|remove me|take me off|take me out|get me off|opt out|opt-out|optout|opt me out|opting out|"
    "(remove/delete/take) (my/this) (email/e-mail/mail/name/address/email address/e-mail address/mail address/account)|"
    "take (my/this) (email/name/address/email address) off|delete me|drop me|"
    "(delete/erase/remove) (/all )my (/personal )(data/information)|sign off|signoff|sign me off|quit|"
    "(do not/don't/dont/never) (send/send me/send us) (any more/more/any/any further/further/these/your/any of these/"
    "any more of these) (emails/mails/e-mails/messages/newsletters/mailings/updates)|"
    "(do not/don't/dont) (send/send me/send us) (emails/mails/e-mails/messages/newsletters/anything/any more of these)|"
    "(do not/don't/dont) (send/send me/send us) (this/the/your) newsletter|"
    "(do not/don't/dont) (email/e-mail/mail/contact/message/spam) (me/us)( anymore/ any more/ any longer/ again/)|"
    "stop receiving (these/this)|"
    "stop receiving (this/the/your/these/any/any more/) (newsletter/newsletters/emails/mails/e-mails/messages/"
    "mailings)|"
    "stop (spamming/spamming me/this spam/the spam)|"
    "i (would prefer/prefer) not to (receive/get) (these/your/any/any more) (emails/mails/e-mails/messages)|"
    "no more (emails/mails/e-mails/newsletters/messages/of these/of this)|"
    "(i/we) (do not/don't/dont/no longer/don't any longer) (want/wish/care) to (receive/get/be receiving)|"
    "i (do not/don't/dont/no longer) (want/need) (these/your/any more/any/any of these) "
    "(emails/mails/e-mails/newsletters/messages/mailings/updates)|"
    "i (do not/don't/dont/no longer) (want/need) (this/your/the) newsletter|"
    "i (do not/don't/dont/no longer) (want/wish) to be (on/part of/subscribed to) (this/your/the) "
    "(list/mailing list/newsletter)|"
    "i'm (no longer interested/not interested) in (this/your/the) (newsletter/list/mailing list/emails)",
    after="me|my email|my e-mail|(my/this/the/our) (email/e-mail/address/email address/e-mail address/mail address/"
    "account/"
    "account)|it|this|us|from newsletter|from (/mailing )list|"
    "from (this/your/the/that/these) (/mailing /email /news /e-mail /distribution /subscriber /subscription /daily /"
    "weekly /morning /daily email /email distribution )(list/newsletter/newsletters/lists/digest/distribution/group/"
    "mailings/emails/service/feed)|from your list of subscribers|off of (this/your/the) (/mailing /distribution )"
    "(list/distribution)|"
    "(/from )(this/your/the) (/mailing /daily /weekly /distribution /email /subscription /subscriber )(list/"
    "newsletter/service/digest/feed)|"
    "mailing list|newsletter|"
    "from (these/your/this/all/all your/the/all these/further/future/all future/any further/any future/receiving/"
    "receiving these/receiving this/receiving your) "
    "(emails/mails/e-mails/mailings/messages/newsletters/mailing/email/mail/updates/digests/communications)|"
    "from (these/this/all)|"
    "from everything|"
    "(all/these/the/those/any/any more/any further/further/more/your) (/daily )(emails/mails/messages/e-mails/mailings/"
    "newsletters/updates)|emails|mails|"
    "email|mail|messages|newsletters|"
    "sending|to me|now|right now|immediately|at once|today|asap|as soon as possible|again|anymore|any more|"
    "any longer|please|pls|plz|thanks|thank you|thx|(/from /to )(/the )(/morning )arxiv(/ newsletter/ digest/ mails)|"
    "subscription|to (this/the/your) (/mailing )(newsletter/list)|from (the/your/this) (database/system/records)|"
    "effective immediately|with immediate effect|if (possible/you could/you can)|for me|off (this/your/the) "
    "(/mailing /distribution /email /subscription )list|too|kindly|request|"
    "of (these/your/all/all future/any future) (emails/mails/communications/mailings)|"
    "of (this/your/the) (/mailing /distribution )(list/distribution/newsletter)|from you|"
    "from (/the )(daily/weekly) (digest/newsletter/emails)|bitte|svp|s'il vous plaît|por favor|per favore|danke|"
    "merci|gracias|grazie|obrigad(o/a)|спасибо|to us|by email|plese|pleas|plase|pleae|(from/form) (this/the/your) list|"
    "and confirm(/ it/ this)(/ please)(/ by (email/return email/reply))",
)

_GERMAN = Words(
    before="bitte|einmal|mein(e/en) (namen/daten)|aber|mich bitte|ich|ich (möchte/will/wünsche/würde)(/ gerne/ gern)|"
    "ich hätte gern|möchte|mich|hiermit|um|sie|ihr|"
    "ich (bitte/ersuche) um|mein|meine|meinen|das|den|diesen|ihren|"
    "(können/könnten/würden/könntet/könnt) (sie/ihr)|newsletter|abo|abonnement|jetzt|sofort|gerne|gern|doch|daher|"
    "(vom/von diesem/von ihrem/von eurem/von dem) (newsletter/verteiler)|von (der/dieser/ihrer) (liste/mailingliste)|"
    "(aus/von) (dem/ihrem/eurem/diesem) (/e-mail-/email-/mail-)verteiler|aus (der/ihrer/dieser) (liste/mailingliste)|"
    "meine (e-mail-adresse/mailadresse/adresse/email/e-mail)|die|und|vielmals",
    core="abmelden|abmeldung|abbestellen|abbestellung|austragen|austragung|kündigen|kündigung|stopp|stop|stoppen|"
    "löschen|entfernen|streichen|(newsletter/abo)-?(abmeldung/kündigung/abbestellung)|newsletter-abmeldung|"
    "deabonnieren|unsubscriben|unsubscribe|abonnement (beenden/kündigen)|(melden/melde/meldet) (sie /)mich (bitte /)"
    "(vom newsletter /von diesem newsletter /von ihrem newsletter /von eurem newsletter /von dem newsletter /"
    "vom verteiler /von ihrem verteiler /von der liste /von dieser liste /von ihrer liste /von der mailingliste /"
    "von ihrer mailingliste /von newsletter /hier /von allem /von allen /)ab|"
    "(melde/bestelle) ich (mich /)(den newsletter /diesen newsletter /vom newsletter /von diesem newsletter /"
    "von ihrem newsletter /von der liste /)ab|(tragen/trage/trag/tragt) (sie /)mich (bitte /)(aus dem verteiler /"
    "aus ihrem verteiler /aus der liste /aus ihrer liste /aus der mailingliste /von der liste /"
    "aus dem newsletter /vom newsletter /von ihrem newsletter /)aus|"
    "(nehmen/nimm/nehmt) (sie /)mich (bitte /)(aus/von) (dem/der/ihrem/ihrer/diesem/dieser/eurem) "
    "(/e-mail-/mail-/email-)(verteiler/liste/mailingliste)|"
    "(streichen/streiche/entfernen/entferne/löschen/lösche/entfernt) (sie /)(mich/meine e-mail-adresse/meine adresse/"
    "meine mailadresse/meine email/meine e-mail/meine mail)|kündige ich (mein/das) (abo/abonnement)|ich kündige|"
    "kündigen sie (mein/das) (abo/abonnement)|(bestellen/bestell) (sie /)(den/diesen) newsletter ab|"
    "keine (weiteren/weitere) (e-mails/emails/mails/newsletter/nachrichten)|"
    "keine (e-mails/emails/mails/newsletter/nachrichten) mehr|keinen newsletter mehr|"
    "nicht mehr (senden/zusenden/schicken/"
    "zuschicken)|(aus dem/aus ihrem/aus diesem/vom) verteiler (nehmen/löschen/entfernen/streichen/austragen)|"
    "(von der/von ihrer/aus der/aus ihrer) (liste/mailingliste) (nehmen/löschen/entfernen/streichen)|"
    "(löschung/entfernung/austragung/streichung) (aus/von) (dem/ihrem/der/ihrer) (verteiler/liste/mailingliste)|"
    "(löscht/entfernt/streicht/nehmt) mich|nehmen sie mich (von/aus) (der/ihrer) verteilerliste|"
    "(senden/schicken/sende/schickt) (sie /)(mir /)(bitte /)(keine (weiteren/weitere) (e-mails/emails/mails/"
    "newsletter)/"
    "keinen newsletter mehr/keine (e-mails/emails/mails/newsletter) mehr/nichts mehr)|"
    "ich (möchte/will/wünsche) (keine weiteren/keine/keinen) (e-mails/emails/mails/newsletter/nachrichten)( mehr/) "
    "(erhalten/bekommen/empfangen)|ich (möchte/will) (diesen/den/ihren) newsletter nicht (mehr/länger) "
    "(erhalten/bekommen/empfangen/beziehen)|ich (möchte/will) (diese/ihre) (mails/e-mails/emails) nicht mehr "
    "(erhalten/bekommen/empfangen)|beenden sie mein (abo/abonnement)",
    after="bitte|danke|vielen dank|mich|(vom/von diesem/von ihrem/von eurem) (newsletter/verteiler)|von allen|ab|aus|"
    "von (der/dieser/ihrer/ihren) (liste/mailingliste/verteilern)|(aus/von) (dem/ihrem/eurem/diesem) "
    "(/e-mail-/email-/mail-)verteiler|aus (der/ihrer/dieser) (liste/mailingliste/datenbank)|sofort|jetzt|heraus|raus|"
    "(des/eines/ihres/dieses) newsletters|meines (abos/abonnements)|(den/diesen/ihren/) newsletter|lassen|senden|"
    "schicken|umgehend|zusenden|zuschicken|für mich|von (ihnen/euch)|meiner (e-mail-adresse/adresse)|"
    "für meine e-mail-adresse|"
    "(mein/das) (abo/abonnement)|mit sofortiger wirkung|schnellstmöglich|zum nächstmöglichen zeitpunkt|"
    "(vom/von) (morning /)arxiv|möchten|von (der/ihrer) verteilerliste|von newsletter|mehr|(zu/) nehmen",
)

_FRENCH = Words(
    before="veuillez|mais|merci(/ de/ d')(/ bien vouloir)|"
    "je (souhaite/souhaiterais/veux/voudrais/désire/demande)(/ à/ de)|"
    "j'aimerais|svp|s'il (vous/te) plaît|prière de|pouvez-vous|pourriez-vous|peux-tu|pouvez vous|pourriez vous|"
    "bien vouloir|demande de|me|de me|je|ma|mon|de|et|donc|merci de|afin de|par la présente|je vous (prie/demande) de|"
    "bonjour",
    core="(désabonner/désabonne/désinscrire/désinscris/désinscrit/désabonné/désabonnée)|se (désabonner/désinscrire)|"
    "me (désabonner/désinscrire/désabonne/désinscris)|(désabonnez/désabonne/désinscrivez/désinscris)(-/ )moi|"
    "désabonnez|"
    "désabonnement|désinscription|stop|stop aux (mails/e-mails/emails/newsletters)|stopper|arrêter|arrêt|résilier|"
    "résiliation|"
    "(annuler/annulez/d'annuler/résilier/résiliez/arrêter/arrêtez/stopper/cesser) (mon abonnement/l'abonnement/"
    "mon inscription/"
    "cet abonnement)|(résiliation/annulation/arrêt/fin) de (mon abonnement/l'abonnement/mon inscription)|"
    "(supprimez/retirez/enlevez/ôtez/rayez)(-/ )moi|(me/nous) (retirer/supprimer/enlever/rayer)|retirer|"
    "(supprimer/supprimez/retirer/retirez/enlever/enlevez) (mon/cette) (adresse/email/e-mail/mail/adresse e-mail/"
    "adresse mail/adresse email/nom)|(arrêtez/arrêter/cessez/cesser) (/de )(m'envoyer/vos envois/les envois/l'envoi)"
    "(/ de/ des/ ces/ vos/ d') (mails/e-mails/emails/courriels/messages/newsletters)|"
    "(arrêtez/arrêter/cessez/cesser) (les envois/vos envois/l'envoi/de m'écrire/de m'envoyer ça)|"
    "(ne plus/de ne plus) (m'envoyer/recevoir/me transmettre)( de / d'/ vos / ces / cette / la / votre / des )"
    "(mails/e-mails/emails/courriels/messages/newsletters/newsletter)|"
    "je ne (souhaite/veux/désire) (plus/pas) (recevoir/être destinataire de) "
    "(de /d'/vos /ces /cette /la /votre /des /les )(mails/e-mails/emails/courriels/messages/newsletters/newsletter/"
    "lettre)|"
    "ne m'envoyez plus (de /d'/vos /ces /des /)(mails/e-mails/emails/courriels/messages/newsletters/rien)",
    after="de (cette/la/votre/vos/toutes vos/ces/mes) (liste/newsletter/liste de diffusion/liste d'envoi/"
    "liste de distribution/"
    "mailing list/newsletters/listes/lettre/lettre d'information/e-mails/emails/mails/base/base de données)|"
    "(à/a) (cette/la/votre) (newsletter/liste/lettre/lettre d'information)|svp|s'il (vous/te) plaît|merci|moi|me|"
    "immédiatement|(mon/cette) (adresse/email/abonnement/e-mail/adresse e-mail/mail)|(cette/la/votre) newsletter|"
    "(les/vos) envois|l'envoi|dès que possible|au plus vite|rapidement|de (mon adresse/mon compte)|"
    "d'(arxiv/morning arxiv)|de (arxiv/morning arxiv)|désormais|par avance|d'avance|"
    "de vos (envois/fichiers/contacts)|maintenant|du (fichier/service)",
)

_SPANISH = Words(
    before="por favor|pero|favor|favor de|quiero|quisiera|deseo|solicito|(me quiero/me gustaría/quería/necesito)|"
    "(les/le/"
    "os) "
    "(pido/ruego/solicito)|(/me )(podrían/pueden/puede/podría/podéis/puedes)|pido|ruego|me|(/muchas )gracias|ya|y|"
    "agradecería|agradeceré|hola|la|mi|una|solicitud de|se sirvan",
    core="baja|(darme/dar/darse/darnos) de baja|(dame/dadme/deme/denme/dénme/dennos/dénos/den/dé) de baja|(me doy/"
    "me dé/"
    "me den/doy/que me den/que me dé) de baja|(cancelar/cancelen/cancele/cancelad/cancela/anular/anulen/anule/anula) "
    "(/la /mi /esta )(suscripción/subscripción/inscripción)|"
    "(cancelación/anulación) de (mi/la) (suscripción/subscripción)|"
    "desuscribir|desuscribirme|desuscribirse|desuscríbeme|desuscríbanme|desuscríbame|desinscribirme|desinscribirse|"
    "desinscríbanme|eliminarme|elimínenme|elimíneme|elimíname|eliminadme|bórrenme|bórreme|bórrame|borradme|borrarme|"
    "quítenme|quíteme|quítame|quitadme|quitarme|sáquenme|sáqueme|sácame|sacadme|sacarme|retírenme|retirarme|"
    "desuscripción|stop|(eliminen/elimine/elimina/borren/borre/quiten/retiren/saquen/eliminar/borrar/quitar/retirar) "
    "(mi/este) (correo/email/e-mail/dirección/nombre/dirección de correo/cuenta/mail)|"
    "(/ya )no (quiero/deseo/quisiera) (recibir /)(más /)(/estos /sus /este /esos /más )(correos/emails/mensajes/mails/"
    "boletines/boletín/e-mails/newsletter)|(/ya )no (quiero/deseo) recibir (/más )(este/su/la/el) (boletín/newsletter)|"
    "(no me/que no me/no) (envíen/envíe/envíes/manden/mande/enviéis/mandéis) más (correos/emails/mensajes/mails/nada)|"
    "(dejen/deje/deja/paren/dejad) de (enviarme/mandarme/enviar/mandar) (/más /estos /sus )(correos/emails/mensajes/"
    "mails)|"
    "no (/me )(enviar/mandar)(me/) más (correos/emails/mensajes/mails)|no más (correos/emails/mensajes/mails)",
    after="por favor|gracias|(de/en) (la/esta/su/vuestra/tu/sus/todas sus) (lista/newsletter/lista de correo/"
    "lista de correos/lista de distribución/listas/base de datos/lista de envío)|"
    "(del/de este/de su/al/a este) (boletín/newsletter/listado)|a (la/esta) newsletter|"
    "(este/mi/mi dirección de/el) correo|"
    "(/mi /la )suscripción|inmediatamente|ya|ahora|de todo|lo antes posible|cuanto antes|de (arxiv/morning arxiv)|"
    "(mi/este) (email/e-mail/mail)|a (mi suscripción/la suscripción)|de mi (suscripción/correo/email)|nunca más|me",
)

_PORTUGUESE = Words(
    before="por favor|mas|quero|gostaria(/ de)|desejo|favor|solicito|peço|pedido de|queria|"
    "(podem/pode/poderia/poderiam/"
    "podia/"
    "podiam)|me|preciso(/ de)|eu|e|vos|lhes|agradeço|agradecia|agradeceria|obrigado|já|olá",
    core="(/a minha )remoção|"
    "(cancelar/cancele/cancelem/cancela/anular/anule/anulem/encerrar) (a /minha /a minha /esta /)"
    "(inscrição/assinatura/subscrição)|"
    "(/o )cancelamento(/ da/ da minha/ de)(/ inscrição/ assinatura/ subscrição/ newsletter)|"
    "descadastrar|descadastrar-me|descadastrem-me|descadastre-me|descadastro|descadastramento|descadastre|descadastrem|"
    "(descadastre/descadastrem/descadastrar) (/o )(meu) (e-mail/email/endereço)|desinscrever|desinscrever-me|"
    "desinscreva-me|desinscrevam-me|desinscreva|desinscrevam|(/me )desinscrição|remover|remover-me|remova-me|"
    "removam-me|"
    "remova|removam|retirar-me|retire-me|retirem-me|"
    "(remova/remover/removam/retirar/retire/retirem/excluir/exclua/excluam/"
    "apagar/eliminar) (/o )meu (e-mail/email/endereço/nome/contato/contacto)|"
    "me (remova/remover/removam/tire/tirem/retire/"
    "retirem/exclua/excluam/descadastre/desinscreva/descadastrar/desinscrever)|tire-me|tirem-me|exclua-me|excluir-me|"
    "sair|parar|stop|"
    "(pare/parem) de (me /)(enviar/mandar)(/ estes/ esses/ e-mails/ emails/ mensagens/ me)(/ e-mails/ emails)|"
    "(eu /)não (quero/desejo) (mais /)receber(/ mais)(/ estes/ esses/ este/ esse/ os seus/ seus/ a)"
    "(/ e-mails/ emails/ mensagens/ boletim/ newsletter/ boletins)|"
    "não (me /)(enviem/envie/mandem/mande) mais (e-mails/emails/mensagens/nada)|não me (enviem/envie) mais|"
    "(dar/dê/deem) baixa(/ na minha)(/ inscrição/ assinatura/ subscrição)",
    after="por favor|obrigad(o/a)|(da/desta/na/de sua/da sua/da vossa) (lista/newsletter/lista de e-mails/"
    "lista de emails/"
    "lista de e-mail/mailing list/lista de distribuição/base de dados/lista de envio/lista de correio)|"
    "(do/deste) (boletim/mailing)|(/o )meu (e-mail/email/endereço)|me|imediatamente|já|agora|e-mails|emails|"
    "mensagens|da minha (inscrição/assinatura/subscrição)|da (assinatura/inscrição/subscrição)|o quanto antes|"
    "assim que possível|de (arxiv/morning arxiv)|(/a )minha (inscrição/assinatura/subscrição)|de e-mails",
)

_ITALIAN = Words(
    before="per favore|ma|per cortesia|vorrei|voglio|si prega di|desidero|(chiedo/richiedo)(/ di/ la)|(vi/ti/la) "
    "(prego/chiedo) di|(potete/potreste/puoi/potrebbe)|prego|mi|richiesta di|la|di|e|essere|"
    "gentilmente|cortesemente|ciao|quindi",
    core="disdire|disdetta|disiscrivimi|disiscrivetemi|disiscriversi|disiscrivermi|disiscrivere|disiscrizione|"
    "disiscriva|mi disiscrivo|"
    "essere (disiscritto/disiscritta/cancellato/cancellata/rimosso/rimossa)|"
    "cancellami|cancellatemi|cancellarmi|cancellazione|mi cancelli|"
    "(cancellate/cancellare/cancella/annulla/annullare/annullate/disdire/disdici) (la mia iscrizione/l'iscrizione/"
    "iscrizione/"
    "la mia sottoscrizione/il mio abbonamento/l'abbonamento)|(annullamento/cancellazione) (/della mia )iscrizione|"
    "rimuovetemi|rimuovimi|rimuovermi|mi rimuova|toglietemi|toglimi|togliermi|eliminatemi|eliminami|eliminarmi|stop|"
    "basta (email/mail/e-mail/messaggi)|(rimuovete/rimuovere/rimuovi/cancellate/cancellare/eliminate/eliminare) "
    "(il mio/la mia/questo) (indirizzo/email/e-mail/mail/indirizzo email/nome/indirizzo e-mail)|"
    "non (voglio/desidero/vorrei) (più /)ricevere(/ più)(/ queste/ altre/ le vostre/ la/ questa/ la vostra/ vostre)"
    "(/ email/ mail/ e-mail/ newsletter/ comunicazioni/ messaggi)|"
    "(non inviatemi/non mandatemi/non inviate/non mandarmi/non inviarmi) (più/altre) (email/mail/e-mail/nulla/niente/"
    "messaggi)|"
    "(smettete/smettetela/smettila/smetti) di (inviarmi/mandarmi/inviare/scrivermi)(/ queste/ le vostre)"
    "(/ email/ mail/ e-mail/ messaggi)",
    after="(dalla/da questa/dalla vostra/dalla tua/dalle vostre) (lista/newsletter/mailing list/mailing-list/"
    "lista di distribuzione/liste/banca dati)|per favore|grazie|subito|(il mio indirizzo/la mia email/la mia mail)|"
    "alla newsletter|newsletter|voi|(alla/della) (mailing list/newsletter/lista)|immediatamente|il prima possibile|"
    "dal (vostro/tuo) (database/elenco/servizio)|da (arxiv/morning arxiv)|quanto prima|iscrizione|"
    "dal servizio|per cortesia",
)

_RUSSIAN = Words(
    before="пожалуйста|прошу|прошу (вас/немедленно)|(/я )(хочу/желаю/хотел бы/хотела бы)|просьба|немедленно|"
    "мне нужно|нужно|можете|могли бы|"
    "меня|мою|мой адрес|можно|и|спасибо|мне|больше|срочно|но|(не могли бы/можете/могли бы) (ли /)вы|вас|от рассылки|"
    "убедительно|надо|бы|я",
    core="отписаться|отпишите|"
    "не (присылать/слать/отправлять/высылать)(/ мне)(/ больше)(/ ваши/ эти)(/ письма/ рассылку/ писем/ сообщения)|"
    "отпишите (меня/) (от/из) (/этой /вашей /данной /всех )(рассылки/рассылок/подписки)|отписать|отписка|отписываюсь|"
    "отпиши|отмена подписки|отписку|"
    "(отменить/отмените/прекратить/прекратите/аннулировать/аннулируйте/удалите/удалить/снять/закрыть) (/мою )подписку|"
    "(отказаться/отказываюсь/отказ) от (подписки/рассылки/этой рассылки/вашей рассылки/вашей подписки/"
    "получения рассылки/"
    "получения писем)|удалите меня|удалите|удалить|удалить меня|исключите меня|исключить меня|уберите меня|убрать меня|"
    "снимите меня|снять меня|вычеркните меня|"
    "(удалите/удалить/уберите/исключите/исключить) (мой/этот) (адрес/email/e-mail/имейл/почтовый адрес)|"
    "(прекратить/прекратите/остановить/остановите) (/эту /вашу )рассылку|стоп|stop|хватит (слать|присылать)(/ письма)|"
    "(прекратите/прекратить/перестаньте/хватит) (/мне )(присылать/слать/отправлять) (/мне )(письма/рассылку/это/"
    "сообщения)|"
    "не (присылайте/шлите/отправляйте/высылайте)(/ мне)(/ больше)(/ ваши/ эти)(/ письма/ рассылку/ писем/ сообщения)"
    "(/ больше)|(больше не хочу/не хочу больше/не хочу/не желаю больше/больше не желаю) получать "
    "(эти /ваши /эту /вашу /)(письма/рассылку/сообщения)",
    after="меня|(от/из/с) (/этой /вашей /данной /всех )(рассылки/рассылок/подписки)|"
    "(из/с) (/вашего /этого )(списка/списков)(/ рассылки/ рассылок/ подписчиков)|"
    "пожалуйста|спасибо|немедленно|мой адрес|мою подписку|(от/на) (новостей/рассылку/новостную рассылку)|"
    "из (базы/вашей базы)|больше|срочно|сейчас|уже|наконец|от писем|на рассылку|от (arxiv/morning arxiv)",
)

SPACED = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "fr": _FRENCH,
    "es": _SPANISH,
    "pt": _PORTUGUESE,
    "it": _ITALIAN,
    "ru": _RUSSIAN,
}

# Long words of leaving that are often mistyped. What is as near to its opposite begins otherwise (`anmelden`).
OFTEN_MISTYPED = (
    "unsubscribe|unsubscribed|abmelden|abbestellen|désabonner|désabonnez|désinscrire|désabonnement|desuscribir|"
    "desuscribirme|descadastrar|desinscrever|disiscrivermi|disiscrivetemi|disiscrivimi|отписаться"
)
