"""Numbers as values: number words, 万 and 亿, thousand and million say the same in different languages. Pure."""

from __future__ import annotations

import re
import unicodedata

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
_SUFFIX = "|".join(sorted(map(re.escape, _SCALES), key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![a-zA-Z0-9_.])(?P<number>\d+(?:[,\u202f\u00a0]\d{{3}})*(?:\.\d+)?)[\s-]*(?:(?P<scale>{_SUFFIX})(?![a-zA-Z]))?",
    re.I,
)
_POWER = re.compile(r"(?:(\d+(?:\.\d+)?)\s*(?:\\times|\\cdot|×|·|x|\*)\s*)?10\s*\^\s*\{?(\d{1,2})\}?")
_HALVES = {"½": 0.5, "¼": 0.25, "¾": 0.75}


def values(text: str) -> frozenset[float]:
    """Every value that the text has in digits or in English words, each with its scale and without."""
    plain = _plain(text)
    found = {float(word_value) for word, word_value in _WORDS.items() if re.search(rf"\b{word}\b", plain, re.I)}
    for match in _NUMBER.finditer(plain):
        found |= {_value(match["number"]), _scaled(match)}
    for match in _POWER.finditer(plain):
        found.add(round(float(match[1] or 1) * 10.0 ** int(match[2]), 6))
    # "two thirds" and "a dozen million": a word before a scale.
    words = "|".join(_WORDS)
    for match in re.finditer(rf"\b({words})[\s-]+(?P<scale>{_SUFFIX})\b", plain, re.I):
        found.add(_WORDS[match[1].lower()] * _SCALES[match["scale"].lower()])
    return frozenset(round(value, 6) for value in found)


def stands_for(number: str, text: str, meant: frozenset[float]) -> bool:
    """Whether every use of this number in the text says a value that is meant, with the scale behind it."""
    if number in _HALVES:
        return _HALVES[number] in meant
    uses = [
        match for match in _NUMBER.finditer(_plain(text)) if re.sub(r"[,\u202f\u00a0]", "", match["number"]) == number
    ]
    return bool(uses) and all(round(_scaled(match), 6) in meant for match in uses)


def is_scaled_anew(number: str, text: str, meant: frozenset[float]) -> bool:
    """Whether a number that stands in the source says another value here, by the scale behind it."""
    uses = [match for match in _NUMBER.finditer(_plain(text)) if _bare(match["number"]) == number]
    return any(match["scale"] and round(_scaled(match), 6) not in meant for match in uses)


def _bare(number: str) -> str:
    return re.sub(r"[,\u202f\u00a0]", "", number)


def _scaled(match: re.Match[str]) -> float:
    return _value(match["number"]) * _SCALES[match["scale"].lower()] if match["scale"] else _value(match["number"])


def _value(number: str) -> float:
    return float(_bare(number)) if len(number) < 300 else 0.0


def _plain(text: str) -> str:
    """Digits of every script as ASCII ones, and TeX's thousands separators as commas."""
    plain = re.sub(r"\{,\}|\\,", ",", text).replace("\\%", "%").replace("$", " ")
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in plain)
