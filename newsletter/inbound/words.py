"""The words of the way out, by language. A command is `before* core after*`, each phrase as people write it.

Phrases are compared in small letters and without accents; where a script has no spaces, without spaces. The three
commands have a file a language in `commands`; a new language is a file there, and its words for times here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from newsletter.inbound import phrases
from newsletter.inbound.phrases import Words


def _read(file: Traversable) -> Mapping[str, Mapping[str, str]]:
    """The phrases of one language, by command."""
    return dict(yaml.load(file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - both are


_FILES = {
    Path(file.name).stem: _read(file) for file in resources.files("newsletter.inbound").joinpath("commands").iterdir()
}


def _commands(name: str) -> Mapping[str, Words]:
    return {language: Words(**found[name]) for language, found in sorted(_FILES.items()) if name in found}


# Nothing in `resume` can be meant as praise: "continue" and 继续发送 can.
LEAVE, PAUSE, RESUME = (_commands(name) for name in ("leave", "pause", "resume"))

# Long words of leaving that are often mistyped. What is as near to its opposite begins otherwise (`anmelden`).
OFTEN_MISTYPED = (
    "unsubscribe|unsubscribed|abmelden|abbestellen|désabonner|désabonnez|désinscrire|désabonnement|desuscribir|"
    "desuscribirme|descadastrar|desinscrever|disiscrivermi|disiscrivetemi|disiscrivimi|отписаться"
)

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
