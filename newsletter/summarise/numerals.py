"""Numbers as values: number words, 万 and 亿, thousand and million mean the same in different languages. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from babel import Locale, UnknownLocaleError

Scales = Mapping[str, float]  # what a word behind a number multiplies it by

_SCALES = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "b": 1e9, "bn": 1e9,
    "trillion": 1e12,
    "t": 1e12, "hundred": 1e2, "dozen": 12, "percent": 1, "%": 1,
    "十": 1e1, "百": 1e2, "千": 1e3, "万": 1e4, "萬": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "億": 1e8, "十亿": 1e9,
    "万亿": 1e12, "兆": 1e12, "만": 1e4, "억": 1e8, "조": 1e12,
    "lakh": 1e5, "crore": 1e7, "लाख": 1e5, "करोड़": 1e7, "हज़ार": 1e3,
    "mille": 1e3, "mil": 1e3, "tausend": 1e3, "тыс": 1e3, "тысяч": 1e3, "millionen": 1e6, "millions": 1e6, "mio": 1e6,
    "millones": 1e6, "milhões": 1e6, "milioni": 1e6, "млн": 1e6, "миллион": 1e6, "миллионов": 1e6, "milliarden": 1e9,
    "milliards": 1e9, "mrd": 1e9, "миллиард": 1e9, "миллиардов": 1e9, "млрд": 1e9, "مليون": 1e6, "مليار": 1e9,
}  # fmt: skip
_COUNTED = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty"""
_WORDS = {word: number for number, word in enumerate(re.findall(r"\w+", _COUNTED))} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "thousand": 1000, "million": 1e6, "billion": 1e9, "dozen": 12, "once": 1, "single": 1, "first": 1, "twice": 2,
    "second": 2,
    "double": 2, "doubles": 2, "doubling": 2, "both": 2, "pair": 2, "pairs": 2, "pairwise": 2, "dual": 2,
    "two-fold": 2, "twofold": 2, "third": 3, "thirds": 3, "triple": 3, "triples": 3,
    "threefold": 3, "ternary": 3, "fourth": 4, "quarter": 4, "quadruple": 4, "fourfold": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "tenfold": 10,
}  # fmt: skip
_POWER = re.compile(r"(?:(\d+(?:\.\d+)?)\s*(?:\\times|\\cdot|×|·|x|\*)\s*)?10\s*\^\s*\{?(\d{1,2})\}?")
_WORD_AND_SCALE = re.compile(
    rf"\b({'|'.join(_WORDS)})[\s-]+(?P<scale>{'|'.join(sorted(map(re.escape, _SCALES), key=len, reverse=True))})\b",
    re.I,
)
_HALVES = {"½": 0.5, "¼": 0.25, "¾": 0.75}


@cache
def _locale(language: str) -> Locale | None:
    parts = language.split("-")
    for known in ("_".join(parts), parts[0]):
        try:
            return Locale.parse(known)
        except (UnknownLocaleError, ValueError):
            continue
    return None


@cache
def scales(language: str | None) -> Scales:
    """The words for thousand, million and so on of this language: ours, and those of CLDR's short and long forms."""
    locale = _locale(language) if language else None
    return _SCALES | dict(_of_cldr(locale)) if locale else _SCALES


def _of_cldr(locale: Locale) -> Iterator[tuple[str, float]]:
    """`00 Millionen` for 10,000,000: two digits and the word for a million."""
    forms = locale.compact_decimal_formats
    for length in ("short", "long"):
        by_plural = forms.get(length, {})
        for patterns in by_plural.values():
            for number, pattern in patterns.items():
                digits = pattern.pattern.count("0")
                word = re.sub(r"[0\s]+", " ", re.sub("['\u200e\u200f]", "", pattern.pattern)).strip().lower()
                if digits and word.strip("."):
                    yield from ((one, float(number) / 10.0 ** (digits - 1)) for one in {word, word.strip(".")})


@cache
def _number(suffixes: tuple[str, ...]) -> re.Pattern[str]:
    suffix = "|".join(sorted(map(re.escape, suffixes), key=len, reverse=True))
    digits = r"\d+(?:[,\u202f\u00a0]\d{3})*(?:\.\d+)?"
    return re.compile(rf"(?<![a-zA-Z0-9_.])(?P<number>{digits})[\s-]*(?:(?P<scale>{suffix})(?![a-zA-Z]))?", re.I)


def _matches(text: str, words: Scales) -> Iterator[re.Match[str]]:
    return _number(tuple(words)).finditer(_plain(text))


def readings(text: str, language: str | None) -> tuple[str, ...]:
    """The text with its numbers in English form: read as they are, and read as in its language (3,2 and 1.200)."""
    locale = _locale(language) if language else None
    if locale is None:
        return (text,)
    found = text.replace("\u066c", ",").replace("\u066b", ".")  # Arabic's own signs have one meaning
    symbols = locale.number_symbols.get("latn", {})
    group, decimal = symbols.get("group"), symbols.get("decimal")
    if not group or not decimal:
        return (found,)
    # Hindi and others write 12,00,000.
    small = r"\d\d" if locale.decimal_formats[None].grouping[1] == 2 else r"\d{3}"
    between = rf"(?<=\d){re.escape(group)}(?=(?:{small}{re.escape(group)})*\d{{3}}(?!\d))"
    meant = re.sub(between, "", found)
    if group.isspace():  # whichever space was typed
        meant = re.sub(r"(?<=\d)\s(?=\d{3}(?!\d))", "", meant)
    meant = re.sub(rf"(?<=\d){re.escape(decimal)}(?=\d)", ".", meant)
    return tuple(dict.fromkeys((found, meant)))


def values(text: str) -> frozenset[float]:
    """Every value that an English text has in digits or in words, each with its scale and without."""
    plain = _plain(text)
    found = {float(_WORDS[word]) for word in re.findall(r"\w+", plain.lower()) if word in _WORDS}
    for match in _matches(text, _SCALES):
        found |= {_value(match["number"]), _scaled(match, _SCALES)}
    for match in _POWER.finditer(plain):
        found.add(round(float(match[1] or 1) * 10.0 ** int(match[2]), 6))
    # "two thirds" and "a dozen million": a word before a scale.
    for match in _WORD_AND_SCALE.finditer(plain):
        found.add(_WORDS[match[1].lower()] * _SCALES[match["scale"].lower()])
    return frozenset(round(value, 6) for value in found)


def stands_for(number: str, text: str, meant: frozenset[float], words: Scales) -> bool:
    """Whether every use of this number in the text has an expected value, including the scale after it."""
    if number in _HALVES:
        return _HALVES[number] in meant
    uses = [match for match in _matches(text, words) if _bare(match["number"]) == number]
    return bool(uses) and all(round(_scaled(match, words), 6) in meant for match in uses)


def is_scaled_anew(number: str, text: str, meant: frozenset[float], words: Scales) -> bool:
    """Whether a number from the source has another value here because of the scale after it."""
    uses = [match for match in _matches(text, words) if _bare(match["number"]) == number]
    return any(match["scale"] and round(_scaled(match, words), 6) not in meant for match in uses)


def _bare(number: str) -> str:
    return re.sub(r"[,\u202f\u00a0]", "", number)


def _scaled(match: re.Match[str], words: Scales) -> float:
    value = _value(match["number"])
    return value * words[match["scale"].lower()] if match["scale"] else value


def _value(number: str) -> float:
    return float(_bare(number)) if len(number) < 300 else 0.0


def _plain(text: str) -> str:
    """Converts digits of every script to ASCII, and TeX's thousands separators to commas."""
    plain = re.sub(r"\{,\}|\\,", ",", text).replace("\\%", "%").replace("$", " ")
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in plain)
