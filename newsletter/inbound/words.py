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
        "pause sending|suspend|suspend my subscription|hold|snooze",
        "for|me|please|thanks|the next|my subscription|the newsletter|it",
    ),
    "zh": Words(
        "请|請|麻烦|帮我|幫我|我想|我要|我想要|希望|先|想",
        "暂停|暫停|暂停订阅|暫停訂閱|暂停发送|暫停發送|暂停推送|暂停邮件|暂停接收|暫停接收|停",
        "我|一下|订阅|訂閱|发送|發送|邮件|郵件|推送|我的订阅|我的訂閱|谢谢|謝謝|吧|接收|为期|為期",
    ),
    "de": Words(
        "bitte|ich möchte|den newsletter|newsletter", "pausieren|pause|unterbrechen", "für|bitte|danke|den newsletter"
    ),
}

RESUME: dict[str, Words] = {
    "en": Words(
        "please|pls|kindly|i want to|i would like to|i'd like to|can you|could you",
        "resume|resume it|resume sending|resume emails|resume mails|resume my subscription|resume the newsletter|"
        "unpause|un-pause|end pause|end the pause|continue|continue sending",
        "now|please|thanks|me|my subscription|the newsletter|today|it|again|emails|mails",
    ),
    "zh": Words(
        "请|請|麻烦|帮我|幫我|我想|我要|我想要|希望|想",
        "恢复|恢復|恢复订阅|恢復訂閱|恢复发送|恢復發送|恢复推送|恢复接收|继续|繼續|继续订阅|繼續訂閱|继续发送|"
        "繼續發送|继续推送|取消暂停|取消暫停",
        "我|一下|订阅|訂閱|发送|發送|邮件|郵件|推送|我的订阅|我的訂閱|谢谢|謝謝|吧|了",
    ),
    "de": Words("bitte|ich möchte|den newsletter|newsletter", "fortsetzen|wieder aufnehmen", "bitte|danke"),
}

# Units of a pause; days per unit, months by the calendar.
DAY_UNITS = "day|days|d|天|日|tag|tage|tagen"
WEEK_UNITS = "week|weeks|w|wk|wks|周|週|星期|礼拜|禮拜|个星期|個星期|个礼拜|個禮拜|woche|wochen"
MONTH_UNITS = "month|months|个月|個月|月|monat|monate|monaten"
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "ein": 1, "eine": 1, "einen": 1, "zwei": 2, "drei": 3, "vier": 4, "一": 1, "二": 2,
    "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "十二": 12,
}  # fmt: skip
UNTIL = "until|till|til|to|bis|直到|到|至"

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
    "unsubscri|un-subscri|unsubcri|unsuscri|unsub |opt out|opt-out|optout|remove me|take me off|get me off|"
    "stop sending|stop emailing|stop mailing|cancel my|cancel the subscription|my subscription|your mailing list|"
    "the mailing list|this mailing list|off the list|plus de mails|plus d'e-mails|"
    "resubscri|退订|退訂|退阅|取消订阅|取消訂閱|取消订閱|停止订阅|停止訂閱|不再订阅|不订阅|不訂閱|不想订阅|"
    "不想訂閱|不想再收|不要再发|不要再發|别再发|別再發|停止发送|停止發送|暂停|暫停|恢复订阅|恢復訂閱|配信停止|"
    "配信を停止|配信解除|購読|登録解除|退会|수신거부|수신 거부|구독취소|구독 취소|구독해지|구독 해지|abmelden|"
    "abmeldung|abbestell|austragen|verteiler|desabonn|desinscri|desuscri|dar de baja|darme de baja|de baja|"
    "suscripcion|descadastr|desinscrev|cancelar a inscricao|disiscri|cancellami|cancellatemi|"
    "la mia iscrizione|отпис|рассылк|подписк|pause|pausier|don't stop|do not stop|dont stop|never stop|"
    "please stop|stop the |stop this|do not send|don't send|dont send|do not email|don't email|stop receiving|"
    "to receive (these/this/any/your)|receive any|more (e/)mails|abmeld|"
    "mich (/bitte )(ab/vom newsletter/von ihrem/von der/aus dem/aus ihrem)|keine (e-/)mails|"
    "keine weiteren|ne plus recevoir|plus recevoir|quiero recibir|quero receber|voglio ricevere|хочу получать|"
    "не присыла|не шлите|отпиш|(取消/停止)我的(订阅/訂閱)|解除し|cancelar (/a )minha inscri|"
    "from (the/your/this) (/mailing )list|mich (nicht/nur) |名单|名單|別發|别发|不用发|不用再发|수신|구독을|보내지"
)


@cache
def stems() -> re.Pattern[str]:
    """Finds them in a text without accents."""
    return phrases.anywhere(_STEMS)
