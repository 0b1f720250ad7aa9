"""Whether a text is in the language that was asked for, and how long it is there."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from babel.core import get_global

_CHINESE, _KANA, _HANGUL = "\u3400-\u9fff", "\u3040-\u30ff", "\uac00-\ud7af"
# The script that most of a line is written in; other languages are written in Latin letters.
_SCRIPTS = {
    "zh": _CHINESE,
    "ja": _CHINESE + _KANA,
    "ko": _HANGUL,
    "ru": "\u0400-\u04ff",
    "uk": "\u0400-\u04ff",
    "bg": "\u0400-\u04ff",
    "el": "\u0370-\u03ff",
    "ar": "\u0600-\u06ff",
    "fa": "\u0600-\u06ff",
    "ur": "\u0600-\u06ff",
    "bn": "\u0980-\u09ff",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0530-\u058f",
    "sr": "\u0400-\u04ffA-Za-zčćžšđČĆŽŠĐ",  # in either script
    "he": "\u0590-\u05ff",
    "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
}
# Words that stand in nearly every sentence of a language and hardly ever in one of another.
_SMALL = {
    "en": "the of and to with for that by is are which while from this into than on without using",
    "de": "der die das und ein eine einen mit für von den dem wird werden zu bei durch ist im nicht",
    "fr": "le la les des une un et dans pour par avec est sur du qui sans aux ce cette",
    "es": "el la los las de una un y en para por con que es del sin al se",
    "pt": "o a os as de uma um e em para por com que do da dos sem não",
    "it": "il la le gli di una un e in per con che del della dei senza nel si",
    "nl": "de het een en van met voor dat door is te op zonder bij wordt",
}  # fmt: skip
_LEAST_SCRIPT = 0.4  # of the letters; names and terms of the field stay in Latin ones
_WORD = re.compile(r"[^\W\d_]+(?:[-'’.][^\W_]+)*|\d+(?:[.,]\d+)*%?")


# Signs that one of the two Chinese scripts writes otherwise, in the same order; those of everyday sentences.
_SIMPLIFIED = "针对问题为这个们来时说国会开关学习数据训练过实现结构网络预测优语"
_TRADITIONAL = "針對問題為這個們來時說國會開關學習數據訓練過實現結構網絡預測優語"
_PAIRS = [(a, b) for a, b in zip(_SIMPLIFIED, _TRADITIONAL, strict=True) if a != b]


@cache
def script_of(language: str) -> str:
    """The script that a language is usually written in, by CLDR: Latn, Hans, Ethi; empty where nobody knows."""
    parts = language.replace("-", "_").split("_")
    if len(parts) > 1 and len(parts[1]) == 4:
        return parts[1].title()
    likely = get_global("likely_subtags")
    found = (
        likely.get(language.replace("-", "_")) or likely.get(f"{parts[0]}_{parts[-1].upper()}") or likely.get(parts[0])
    )
    return next((part for part in str(found or "").split("_") if len(part) == 4), "")


def _other_chinese(text: str, language: str) -> str | None:
    """Whether a text is in the other Chinese script than its tag asks for; plain `zh` is Simplified."""
    simplified = sum(text.count(sign) for sign, _ in _PAIRS)
    traditional = sum(text.count(sign) for _, sign in _PAIRS)
    wanted = script_of(language)
    if wanted == "Hant" and simplified > traditional:
        return f"written in Simplified Chinese, not in {language}"
    return (
        f"written in Traditional Chinese, not in {language}" if wanted == "Hans" and traditional > simplified else None
    )


def wrong_language(text: str, language: str) -> str | None:
    """Why the text is not in this language (BCP 47), or None when it may be."""
    spoken = language.partition("-")[0].lower()
    letters = [char for char in text if unicodedata.category(char).startswith("L")]
    if spoken in _SCRIPTS:
        mine = len(re.findall(f"[{_SCRIPTS[spoken]}]", text))
        if mine < len(letters) * _LEAST_SCRIPT or not mine:
            return f"not written in {language}"
        foreign = {"zh": _KANA + _HANGUL, "ko": _KANA}.get(spoken)
        if foreign and re.search(f"[{foreign}]", text):
            return f"not written in {language}"
        if spoken == "zh" and (other := _other_chinese(text, language)):
            return other
        return None if spoken != "ja" or re.search(f"[{_KANA}]", text) else f"not written in {language}"
    if script_of(language) not in ("Latn", ""):
        return None  # a script that we cannot judge has the benefit of the doubt
    latin = sum("LATIN" in unicodedata.name(char, "") or char in "αβγδεκλμπσω" for char in letters)
    if latin < len(letters) * 0.9:
        return f"not written in {language}"
    return _other_latin(text, spoken, language)


def _other_latin(text: str, spoken: str, language: str) -> str | None:
    """Small words tell languages of one script apart; a short line, or an unknown language, has the benefit."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    known = {name: sum(word in small.split() for word in words) for name, small in _SMALL.items()}
    best = max(known, key=lambda name: known[name])
    mine = known.get(spoken, 0)
    foreign = len(words) >= 8 and known[best] >= max(3, 2 * mine + 2)
    return f"written in {best}, not in {language}" if foreign and best != spoken else None


def units(text: str) -> int:
    """Length as readers count it: words, and each Chinese, Japanese or Thai sign for one."""
    signs = len(re.findall(f"[{_CHINESE}{_KANA}\u0e00-\u0e7f]", text))
    return signs + len(_WORD.findall(re.sub(f"[{_CHINESE}{_KANA}\u0e00-\u0e7f]", " ", text)))
