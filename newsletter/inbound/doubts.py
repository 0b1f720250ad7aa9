"""What around a command takes it back, narrows it, ties it to something or makes it somebody else's.

Such a mail is for a person: the words are many on purpose, since each miss would remove somebody who stays.
"""

from __future__ import annotations

import re
from functools import cache

from newsletter.inbound import phrases
from newsletter.inbound.phrases import without_accents

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
    return phrases.anywhere("|".join(phrases.table(f"doubts_{name}") for name in ("turned", "changed", "others")))


@cache
def _not_turned() -> re.Pattern[str]:
    return phrases.anywhere(phrases.table("doubts_not_turned"))


@cache
def _continuing() -> re.Pattern[str]:
    listed = phrases.split(phrases.table("doubts_goes_on"))
    return re.compile(rf"(?:{'|'.join(map(re.escape, listed))})\b")
