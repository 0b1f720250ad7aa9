"""Whether a text is in the language that was asked for, and how long it is there."""

from __future__ import annotations

import re
import unicodedata

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
        return None if spoken != "ja" or re.search(f"[{_KANA}]", text) else f"not written in {language}"
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
