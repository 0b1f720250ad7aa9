"""The words of the way out, by language. A command is `before* core after*`, each phrase as people write it.

Phrases are compared in small letters and without accents; where a script has no spaces, without spaces. A new language
is an entry here and nothing else.
"""

from __future__ import annotations

import re
from functools import cache

from newsletter.inbound import phrases
from newsletter.inbound.leaving_words import SPACED
from newsletter.inbound.leaving_words_cjk import UNSPACED
from newsletter.inbound.phrases import Words

LEAVE: dict[str, Words] = {**SPACED, **UNSPACED}

PAUSE: dict[str, Words] = {
    "en": Words(
        "please|pls|kindly|i want to|i would like to|i'd like to|can you|could you",
        "pause|pause it|pause my subscription|pause the newsletter|pause this newsletter|pause emails|pause mails|"
        "pause sending|suspend|suspend my subscription|suspend the newsletter|hold|snooze",
        "for|me|please|thanks|the next|my subscription|the newsletter|it",
    ),
    "zh": Words(
        "请|請|麻烦|帮我|幫我|我想|我要|我想要|希望|先|想",
        "暂停|暫停|暂停订阅|暫停訂閱|暂停发送|暫停發送|暂停推送|暂停邮件|暂停接收|暫停接收|停",
        "我|一下|订阅|訂閱|发送|發送|邮件|郵件|推送|我的订阅|我的訂閱|谢谢|謝謝|吧|接收|为期|為期",
    ),
    "ja": Words(
        "配信を|メール配信を|メールを|メールの|配信の|購読を|ニュースレターを|しばらく|の|すみませんが",
        "停止|一時停止|休止|一時休止|中断|ストップ|配信停止|配信休止",
        "を|して|し|の|ください|下さい|お願い(します/いたします/致します/できますか)|希望(します/)|したい(です/)|"
        "したいと思います|"
        "いただけますか|いただけないでしょうか|です",
    ),
    "ko": Words(
        "구독을|구독|메일을|메일|메일발송을|발송을|발송|뉴스레터를|뉴스레터|수신을|수신|잠시|좀|잠깐",
        "일시정지|일시중지|일시중단|중지|정지|중단",
        "를|을|해|주세요|주십시오|해주세요|해주십시오|부탁드립니다|부탁드려요|부탁합니다|바랍니다|해주시기|주시기|"
        "싶습니다|"
        "하고|합니다|할게요|요청합니다|신청합니다|요",
    ),
    "de": Words(
        "bitte|ich (möchte/würde gern/will)|(den/meinen/diesen) newsletter|newsletter|mein abo|das abo|"
        "(können/könnten) sie|den versand|die (mails/e-mails/zusendung)|mal|eine|um",
        "pausieren|pause|unterbrechen|aussetzen|pausieren sie|unterbrechen sie",
        "für|bitte|danke|(den/meinen/diesen) newsletter|mein abo|das abo|den versand|"
        "die (mails/e-mails/zusendung)|machen",
    ),
    "fr": Words(
        "merci de|merci de bien vouloir|veuillez|je (voudrais/souhaite/souhaiterais)|(pourriez/pouvez)-vous|svp|"
        "s'il vous plaît|bonjour",
        "pause|mettre en pause|mettez en pause|en pause|suspendre|suspendez|interrompre|interrompez|faire une pause",
        "la newsletter|l'envoi|les envois|l'abonnement|mon abonnement|mes abonnements|les mails|les e-mails|la lettre|"
        "svp|s'il vous plaît|merci",
    ),
    "es": Words(
        "por favor|quiero|quisiera|me gustaría|pueden|podrían|solicito",
        "pausar|pausa|pausen|pause|pausad|suspender|suspendan|suspenda|en pausa|poner en pausa|interrumpir",
        "el boletín|el envío|los envíos|la suscripción|mi suscripción|los correos|el newsletter|la newsletter|"
        "por favor|gracias",
    ),
    "pt": Words(
        "por favor|quero|queria|gostaria de|podem|poderiam|solicito",
        "pausar|pausa|pausem|pause|suspender|suspendam|suspenda|interromper|colocar em pausa",
        "o boletim|o envio|os envios|a (assinatura/inscrição)|(a /)minha (assinatura/inscrição)|os e-mails|"
        "a newsletter|por favor|obrigad(o/a)",
    ),
    "it": Words(
        "per favore|vorrei|desidero|voglio|potete|potreste|si prega di|vi prego di",
        "pausa|mettere in pausa|mettete in pausa|in pausa|sospendere|sospendete|sospendi|sospensione|interrompere",
        "la newsletter|l'invio|gli invii|l'iscrizione|la mia iscrizione|l'abbonamento|il mio abbonamento|"
        "le (mail/email/e-mail)|per favore|grazie",
    ),
    "ru": Words(
        "пожалуйста|прошу|прошу вас|хочу|хотел бы|хотела бы|можете|можно",
        "пауза|паузу|поставить на паузу|поставьте на паузу|приостановить|приостановите|приостановка",
        "рассылку|рассылки|мою подписку|подписку|подписки|отправку|письма|пожалуйста|спасибо",
    ),
}

# Nothing here can be meant as praise: "continue" and 继续发送 can.
RESUME: dict[str, Words] = {
    "en": Words(
        "please|pls|kindly|i want to|i would like to|i'd like to|can you|could you",
        "resume|resume it|resume sending|resume emails|resume mails|resume my subscription|resume the newsletter|"
        "unpause|un-pause|end pause|end the pause|end my pause",
        "now|please|thanks|me|my subscription|the newsletter|today|it|again|emails|mails",
    ),
    "zh": Words(
        "请|請|麻烦|帮我|幫我|我想|我要|我想要|希望|想",
        "恢复|恢復|恢复订阅|恢復訂閱|恢复发送|恢復發送|恢复推送|恢复接收|取消暂停|取消暫停|结束暂停|結束暫停",
        "我|一下|订阅|訂閱|发送|發送|邮件|郵件|推送|我的订阅|我的訂閱|谢谢|謝謝|吧|了",
    ),
    "ja": Words(
        "配信を|メール配信を|メールの|配信の|購読を|ニュースレターを|また",
        "再開|配信再開|購読再開|停止解除|一時停止解除|一時停止を解除",
        "を|して|ください|下さい|お願い(します/いたします/致します)|希望(します/)|したい(です/)|いただけますか",
    ),
    "ko": Words(
        "구독을|구독|메일을|메일|메일발송을|발송을|발송|뉴스레터를|뉴스레터|수신을|수신|다시",
        "재개|일시정지해제|일시중지해제|일시정지를해제",
        "를|을|해|주세요|주십시오|해주세요|해주십시오|부탁드립니다|부탁드려요|부탁합니다|바랍니다|요청합니다|"
        "신청합니다|요",
    ),
    "de": Words(
        "bitte|ich möchte|(den/meinen) newsletter|newsletter|mein abo|das abo|den versand",
        "fortsetzen|wieder aufnehmen|pause beenden|pause aufheben|reaktivieren",
        "bitte|danke",
    ),
    "fr": Words(
        "merci de|veuillez|je (voudrais/souhaite)|(pourriez/pouvez)-vous|svp|s'il vous plaît",
        "reprendre|reprenez|réactiver|réactivez|fin de la pause",
        "la newsletter|l'envoi|les envois|l'abonnement|mon abonnement|les mails|les e-mails|svp|s'il vous plaît|merci",
    ),
    "es": Words(
        "por favor|quiero|quisiera|pueden|podrían|solicito",
        "reanudar|reanuden|reanude|reanudad|reactivar|reactiven|retomar",
        "el boletín|el envío|los envíos|la suscripción|mi suscripción|los correos|la newsletter|por favor|gracias",
    ),
    "pt": Words(
        "por favor|quero|queria|gostaria de|podem|poderiam|solicito",
        "retomar|retomem|retome|reativar|reativem|reative",
        "o boletim|o envio|os envios|a (assinatura/inscrição)|(a /)minha (assinatura/inscrição)|os e-mails|"
        "a newsletter|por favor|obrigad(o/a)",
    ),
    "it": Words(
        "per favore|vorrei|desidero|voglio|potete|potreste|si prega di",
        "riprendere|riprendete|riprendi|riattivare|riattivate|riattiva",
        "la newsletter|l'invio|gli invii|l'iscrizione|la mia iscrizione|l'abbonamento|le (mail/email/e-mail)|"
        "per favore|grazie",
    ),
    "ru": Words(
        "пожалуйста|прошу|прошу вас|хочу|хотел бы|хотела бы|можете",
        "возобновить|возобновите|снять с паузы|снимите с паузы",
        "рассылку|мою подписку|подписку|отправку|пожалуйста|спасибо",
    ),
}

# Units of a pause; days per unit, months by the calendar. 月 alone names a month as often as it counts them.
DAY_UNITS = "day|days|d|天|日|日間|tag|tage|tagen|jour|jours|día|días|dia|dias|giorno|giorni|день|дня|дней|일|일간"
WEEK_UNITS = (
    "week|weeks|w|wk|wks|周|週|週間|周间|星期|礼拜|禮拜|个星期|個星期|个礼拜|個禮拜|woche|wochen|semaine|semaines|"
    "semana|"
    "semanas|settimana|settimane|неделя|неделю|недели|недель|주|주일|주간"
)
MONTH_UNITS = (
    "month|months|个月|個月|ヶ月|か月|カ月|ヵ月|ケ月|箇月|ヶ月間|か月間|カ月間|ヵ月間|monat|monate|monaten|mois|mes|"
    "meses|"
    "mese|mesi|месяц|месяца|месяцев|달|달간|개월|개월간"
)
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "ein": 1, "eine": 1, "einen": 1, "zwei": 2, "drei": 3, "vier": 4, "funf": 5, "sechs": 6,
    "acht": 8, "zehn": 10, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
    "九": 9, "十": 10, "十二": 12, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "huit": 8,
    "dix": 10, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "ocho": 8, "diez": 10, "um": 1,
    "uma": 1, "dois": 2, "duas": 2, "quatro": 4, "oito": 8, "dez": 10, "due": 2, "tre": 3, "quattro": 4, "cinque": 5,
    "sei": 6, "otto": 8, "dieci": 10, "один": 1, "одну": 1, "два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5,
    "шесть": 6, "семь": 7, "восемь": 8, "десять": 10, "한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6,
}  # fmt: skip
# Days of what is told without a number.
SPANS = {
    "a fortnight": 14, "fortnight": 14, "半个月": 15, "半個月": 15, "半月": 15, "quinze jours": 14, "неделю": 7,
    "месяц": 30, "일주일": 7, "일주일간": 7, "보름": 15,
}  # fmt: skip
SPAN_BEGINS = (
    "for|for the next|for about|for another|for at least|the next|für|für die nächsten|die nächsten|die kommenden|"
    "pendant|pendant les prochaines|pour|durant|durante|por|por las próximas|pelas próximas|per|per le prossime|на|"
    "в течение|为期|為期|未来|今後|これから|앞으로|향후"
)
SPAN_ENDS = "lang|long|时间|時間|ほど|だけ|くらい|程度|の|동안|정도|간|만"
UNTIL = (
    "until|until the|till|till the|til|to|bis|bis zum|bis einschließlich|直到|到|至|jusqu'au|jusqu'à|jusqu'au matin du|"
    "hasta|hasta el|hasta el día|até|até o|até o dia|até dia|fino al|fino a|fino all'|sino al|до"
)
UNTIL_ENDS = "まで|まで の|までの|까지|为止|為止"
MONTHS = (
    "january|jan|januar|janvier|enero|janeiro|gennaio|январь|января",
    "february|feb|februar|février|febrero|fevereiro|febbraio|февраль|февраля",
    "march|mar|märz|maerz|mars|marzo|março|март|марта",
    "april|apr|avril|abril|aprile|апрель|апреля",
    "may|mai|mayo|maio|maggio|май|мая",
    "june|jun|juni|juin|junio|junho|giugno|июнь|июня",
    "july|jul|juli|juillet|julio|julho|luglio|июль|июля",
    "august|aug|août|agosto|август|августа",
    "september|sep|sept|septembre|septiembre|setiembre|setembro|settembre|сентябрь|сентября",
    "october|oct|oktober|okt|octobre|octubre|outubro|ottobre|октябрь|октября",
    "november|nov|novembre|noviembre|novembro|ноябрь|ноября",
    "december|dec|dezember|dez|décembre|diciembre|dezembro|dicembre|декабрь|декабря",
)
# "next" before any other day may mean the one after it.
WEEKDAYS = {
    "monday": 0, "next monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
    "montag": 0, "nachsten montag": 0, "dienstag": 1, "mittwoch": 2, "donnerstag": 3, "freitag": 4, "samstag": 5,
    "sonntag": 6, "下周一": 0, "下週一": 0, "下星期一": 0, "lundi": 0, "lundi prochain": 0, "lunes": 0, "lunedi": 0,
}  # fmt: skip

# A question is a request only where it begins like one.
ASKS = (
    "can you|could you|would you|can i be|could i be|may i be|can i please|could i please|may i unsubscribe please|"
    "können sie|könnten sie|würden sie|könnt ihr|könntet ihr|pouvez-vous|"
    "pourriez-vous|pouvez vous|pourriez vous|peux-tu|podrían|pueden|puede|podría|podéis|puedes|podem|pode|poderia|"
    "poderiam|podiam|potete|potreste|puoi|potrebbe|можно|можете|не могли бы|能否|可否|帮我|幫我|帮忙|幫忙|给我|給我|"
    "替我|为我|将我|把我|いただけ|頂け|もらえ|주실수|주시겠"
)

# Whoever writes one of these speaks about leaving; outside the grammar a person reads it.
_STEMS = (
    "unsubscri|un-subscri|unsubcri|unsuscri|unsub |to opt out|opt me out|opt out of (this/your/the/these)|remove my|"
    "delete my|erase my|take my name|discontinue th|remove me|take me off|get me off|"
    "stop sending|stop emailing|stop mailing|cancel my|cancel the subscription|my subscription|your mailing list|"
    "the mailing list|this mailing list|off the list|plus de mails|plus d'e-mails|"
    "resubscri|退订|退訂|退阅|取消订阅|取消訂閱|取消订閱|停止订阅|停止訂閱|不再订阅|不订阅|不訂閱|不想订阅|"
    "移出|邮件组|邮件列表|郵件列表|邮件名单|从列表|從列表|配信の停止|購読の停止|メーリングリスト|메일링|"
    "(删除/刪除)我|arreter de m'envoyer|eliminen mi|cancele (/a )minha|cancellazione|mir zu schreiben|"
    "주소를|不想訂閱|不想再收|不要再发|不要再發|别再发|別再發|停止发送|停止發送|暂停|暫停|恢复订阅|恢復訂閱|配信停止|"
    "配信を停止|配信解除|購読|登録解除|退会|수신거부|수신 거부|구독취소|구독 취소|구독해지|구독 해지|abmelden|"
    "abmeldung|abbestell|austragen|verteiler|desabonn|desinscri|desuscri|dar de baja|darme de baja|de baja|"
    "suscripcion|descadastr|desinscrev|cancelar a inscricao|disiscri|cancellami|cancellatemi|"
    "la mia iscrizione|отпис|рассылк|подписк|please pause|"
    "pause (it/me/my/the news/the mails/for/until/mails/emails/sending/1/2/3/4/a week/a month)|pausier|don't stop|"
    "do not stop|dont stop|never stop|"
    "please stop|stop the |stop this|do not send|don't send|dont send|do not email|don't email|stop receiving|"
    "to receive (these/this/any/your)|receive any|more (e/)mails|abmeld|"
    "mich (/bitte )(ab/vom newsletter/von ihrem/von der/aus dem/aus ihrem)|keine (e-/)mails|"
    "keine weiteren|ne plus recevoir|plus recevoir|quiero recibir|quero receber|voglio ricevere|хочу получать|"
    "не присыла|не шлите|отпиш|(取消/停止)(我的/本人之/本人的)(订阅/訂閱)|解除し|cancelar (/a )minha inscri|"
    "from (the/your/this) (/mailing )list|mich (nicht/nur) |名单|名單|別發|别发|不用发|不用再发|수신|구독을|보내지"
)


@cache
def stems() -> re.Pattern[str]:
    """Finds them in a text without accents."""
    return phrases.anywhere(_STEMS)
