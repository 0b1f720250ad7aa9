"""The words of the way out, by language. A command is `before* core after*`, each phrase as people write it.

Phrases are compared in small letters and without accents; where a script has no spaces, without spaces. The three
commands have a file a language in `commands`; a new language is a file there, and its words for times here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from newsletter.inbound import phrases
from newsletter.inbound.phrases import Words

_FILES = {Path(file.name).stem: phrases.read(file) for file in (phrases.FOLDER / "commands").iterdir()}


def _commands(name: str) -> Mapping[str, Words]:
    return {language: Words(**found[name]) for language, found in sorted(_FILES.items()) if name in found}


# Nothing in `resume` can be meant as praise: "continue" and 继续发送 can.
LEAVE, PAUSE, RESUME = (_commands(name) for name in ("leave", "pause", "resume"))


# Units of a pause; days per unit, months by the calendar. 月 alone names a month as often as it counts them.
DAY_UNITS = "day|days|d|天|日|日間|tag|tage|tagen|jour|jours|día|días|dia|dias|giorno|giorni|день|дня|дней|일|일간"
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
SPAN_ENDS = "lang|long|时间|時間|ほど|だけ|くらい|程度|の|동안|정도|간|만"
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


@cache
def stems() -> re.Pattern[str]:
    """Finds them in a text without accents."""
    return phrases.anywhere(phrases.table("words_stems"))
