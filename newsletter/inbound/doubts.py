"""What around a command takes it back, narrows it, ties it to something or makes it somebody else's.

Such a mail is for a person: the words are many on purpose, since each miss would remove somebody who stays.
"""

from __future__ import annotations

import re
from functools import cache

from newsletter.inbound import phrases
from newsletter.inbound.phrases import without_accents

_TURNED = (
    "only|except|apart from|but not|but keep|but please keep|but still|keep sending|keep me|unless|instead|"
    "ignore this|ignore that|ignore my|changed my mind|change my mind|just kidding|joking|a joke|kidding|colleague|"
    "on behalf|my (boss/friend/student/wife/husband/team/advisor/supervisor)|"
    "(she/he/they) (wants/want/asked)|do not unsubscribe|don't unsubscribe|dont unsubscribe|not unsubscribe|"
    "don't stop|do not stop|don't remove|do not remove|don't want to unsubscribe|resubscribe|instead of|"
    "rather than|for example|what happens|if you|if i|if it|if this|when you|never|no way|no wait|"
    "next (month/week/year)|"
    "said|says|told|wrote|written|the word|question is|how to|"
    "只|仅|僅|除了|除非|如果|假如|要是|但是|但保留|保留|不要退|别退|別退|不退订|不想退|不是要退|算了|开玩笑|開玩笑|"
    "同事|他想|她想|"
    "他要|她要|他说|她说|朋友|导师|老板|改主意|下个月|下個月|下周|再说|先别|不对|等等|"
    "のみ|だけ|もし|しないで|冗談|同僚|来月|やっぱり|やはり|만 |하지 마|하지마|동료|만약|농담|다음 달|다음달|"
    "nur |falls |wenn |ausser|nicht abmelden|nicht abbestellen|kolleg|niemals|scherz|spass|nachsten monat|doch nicht|"
    "seulement|uniquement|sauf|si vous|si ca|ne pas |ne me desabonnez pas|collegue|jamais|plaisante|blague|"
    "mois prochain|"
    "solo |excepto|salvo |si no|si siguen|colega|companer|nunca|broma|mes que viene|proximo mes|"
    "apenas |somente|exceto|soltanto|se nao|se continuar|brincadeira|mes que vem|"
    "tranne|se non|se continua|collega|scherzo|mese prossimo|только|кроме|если|не отпис|не нужно отпис|не надо|"
    "коллег|никогда|шучу|шутка|в следующем месяце"
)

# Polite forms that only look like a doubt.
_NOT_TURNED = (
    "いただけ|그만|keep up|still |never (signed/subscribed/asked/registered)|"
    "(signed up/subscribed/registered)(/ this/ to this/ for this/ to it/ for it)(/ only) (by mistake/by accident/"
    "in error)"
)
# Taken back, meant for somebody else, less instead of nothing, or nothing for a time.
_CHANGED = (
    "not!|scratch that|forget|olvid|esquec|oublie|laissez tomber|laissez-moi|finalement|je reste|gardez|ripensato|"
    "lasciate|resto|anzi|seguir|dejenlo|mejor no|melhor nao|lassen sie|ach nein|doch nicht|bleib|забуд|остаюсь|оставь|"
    "打錯|打错|留着|留著|还是不|還是不|취소할|그냥 두|april fool|愚人节|愚人節|weekend|周末|週末|주말|starting |"
    "effective |"
    "a partir de |my other |another address|did not ask|didn't ask|(just/only/is) a test|testing|テスト|嘘|测试|測試|"
    "테스트|maybe|perhaps|might |consider|thinking (of/about)|"
    "was going to|mistake|by accident|accidental|in error|oops|whoops|disregard|please ignore|nah|haha|"
    "wrong (button/thread/mail/email/list/recipient/person/window)|somebody else|someone else|meant to|never mind|"
    "nevermind|forget it|i mean|leave me on|want to (keep/stay)|like to (keep/stay)|keep (it/the/my)|"
    "stay |remain on|weekly|monthly|once a (week/month)|less often|fewer|reduce|switch|change (it/to/the)|as soon as|"
    "provided|in case|or (send/can/could/at least/maybe/else)|topic|category|the (first/second/other) one|not the |"
    "edition|until|till |for now|for a while|temporar|holiday|vacation|parental|sabbatical|"
    "back (in/on/from/again)|again (after/in/when/from)|(one/two/three/four/few/some/several) (day/week/month)s|"
    "a (day/week/month) |"
    "发错|發錯|误发|誤發|搞错|弄错|点错|手滑|忽略|改成|改为|改為|每周|每週|少一点|换成|減少|减少|主题|主題|"
    "类别|類別|领域的|方向的|回来|回來|出差|休假|假期|暂时|暫時|以后再|以後再|恢复|恢復|再看|"
    "間違|無視|誤送|毎週|減らし|休暇|一時|カテゴリ|テーマ|잘못|무시|실수|매주|휴가|잠시|주제|"
    "考虑|考慮|也许|也許|或许|或許|検討|생각중|생각 중|vielleicht|eventuell|uberleg|denke daruber|"
    "peut-etre|reflechis|quizas|tal vez|pensando|talvez|forse|sto pensando|возможно|подумыва|думаю|"
    "falsch|versehen|irrtum|ignorier|wochentlich|monatlich|weniger|behalten|bleibe|stattdessen|wechseln|urlaub|"
    "elternzeit|vorubergehend|vorerst|thema|themen|kategorie|wieder erhalten|"
    "erreur|ignorez|trompe|hebdomadaire|garder|rester|plutot|vacances|conge|temporaire|sujet|categorie|"
    "equivoc|por error|ignor(en/e/a/ar)|semanal|mantener|quedarme|vacaciones|temporal|tema|categoria|hasta |"
    "engano|por erro|manter|ficar|ferias|temporari|"
    "errore|sbagliat|settimanal|restare|vacanz|temporane|argomento|fino a|"
    "ошиб|случайно|игнорир|еженедельн|оставьте|остаться|отпуск|временно|тема |категори"
)
_RETRACTED = re.compile(
    r"\W*(?:(?:\w+ )?test|no+|nope|nah|nein|non|нет|não|nao|不|别|別|不要|不用|いいえ|いや|아니(?:요|에요|오)?)\W*$|"
    r".*(?:\((?:for|fur|pour|para|per|для) |(?:^|\W)代\w{2,4})"
)
_SPAN = re.compile(
    r"(?<=\w)(?<![我已经經])(?:离职|離職|退休|毕业|畢業)了|"
    r"(?<!\w)(?:[0-9]{1,3}|zwei|drei|vier|deux|trois|dos|tres|duas|due|tre|два|две|три) ?(?:days?|weeks?|months?|"
    r"tagen?|"
    r"wochen?|monaten?|jours|semaines?|mois|dias|semanas?|mes(?:es)?|giorni|settimane|mesi|дн|недел|месяц)|"
    r"[0-9一二两兩三四五六七八九十半几幾]+ ?(?:天|ヶ月|か月|カ月|周|週|星期|礼拜|個月|个月|月間|"
    r"日間|週間|주|달|개월|일간)|"
    r"[0-9月日週周号末]\s?(?:まで|为止|為止|까지)|(?:到|至)[0-9一二三四五六七八九十]+(?:月|号|日)|동안만|한동안|"
    r"\bab (?:januar|februar|marz|april|mai|juni|juli|august|september|oktober|november|dezember)|"
    r"\bjusqu|\bдо (?:январ|феврал|март|апрел|мая|июн|июл|август|сентябр|октябр|ноябр|декабр)"
)
# Somebody else is spoken of.
_OTHERS = (
    "he (has/is/was/left/wants/will/does/no/retired/moved/died) |she |they |him|her |his |their |"
    "has (left/retired/moved/passed/died/changed)|no longer (works/with)|"
    "this is for|is for (mr/mrs/ms/dr/prof/my)|former|employee|user |"
    "arbeitet nicht|nicht mehr (bei uns/im haus/beschaftigt)|ausgeschieden|hat uns verlassen|herrn|frau |mitarbeiter|"
    "elle |il (ne/a|est) |ne travaille plus|a quitte|ya no trabaja|se fue|ha dejado|nao trabalha mais|saiu|"
    "non lavora piu|ha lasciato|он |она |больше не работает|уволил|"
    "他|她|转给我|轉給我|さんは|さんの|退職され|퇴사했|씨 |씨의|님은|님의"
)
# A line that goes on with the line before.
_GOES_ON = (
    "from|about|for|on|to|regarding|concerning|with|of|in|during|only|once|is|isn't|does|doesn't|link|button|header|"
    "von|vom|aus|uber|fur|zu|bis|ab|am|sobald|sur|pour|concernant|des|du|sobre|para|desde|do|da|di|del|dal|dalla|dei|"
    "per|"
    "от|из|о|об|на|по|с"
)
_CATEGORY = re.compile(
    r"(?<![\w.@/-])(?:(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.[a-z]{2}(?:-[a-z]{2,4})?|"
    r"hep-(?:ex|lat|ph|th)|quant-ph|gr-qc|astro-ph|cond-mat|math-ph|nucl-(?:ex|th))(?![\w@/-]|\.\w)",
    re.I,
)
ADDRESS = re.compile(r"[^<>()\[\]@\s:：,;，、]{1,64}@[\w.-]{1,100}\.\w{2,20}")


def in_line(line: str) -> bool:
    """Whether a line says anything that could change a command near it."""
    plain = _not_turned().sub("", without_accents(line))
    return bool(_doubts().search(plain) or _RETRACTED.match(plain) or _SPAN.search(plain) or _CATEGORY.search(line))


def goes_on(line: str) -> bool:
    """Whether a line begins like the rest of a sentence that began on the line before."""
    return bool(_continuing().match(without_accents(line)))


@cache
def _doubts() -> re.Pattern[str]:
    return phrases.anywhere(f"{_TURNED}|{_CHANGED}|{_OTHERS}")


@cache
def _not_turned() -> re.Pattern[str]:
    return phrases.anywhere(_NOT_TURNED)


@cache
def _continuing() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(re.escape(one) for one in phrases.split(_GOES_ON))})\b")
