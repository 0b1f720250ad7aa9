"""Whether a text is in the language that was asked for, how long it is there, and how a sentence ends: by CLDR."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Mapping
from functools import cache

from babel.core import get_global

_HAN = ("Hans", "Hant")
_SPACELESS = ("Thai", "Laoo", "Khmr", "Mymr", "Tibt")  # no space between words, and few write a full stop
# How the names of a script's letters begin in Unicode, where that is not CLDR's English name of the script.
_LETTERS: dict[str, tuple[str, ...]] = {
    "Hans": ("CJK",), "Hant": ("CJK",), "Jpan": ("CJK", "HIRAGANA", "KATAKANA"), "Kore": ("HANGUL",),
    "Beng": ("BENGALI",), "Orya": ("ORIYA",), "Nkoo": ("NKO",), "Cans": ("CANADIAN",),
}  # fmt: skip
_FOREIGN: dict[str, tuple[str, ...]] = {
    "Hans": ("HIRAGANA", "KATAKANA", "HANGUL"),
    "Hant": ("HIRAGANA", "KATAKANA", "HANGUL"),
}
_FOREIGN |= {"Kore": ("HIRAGANA", "KATAKANA")}
_NEEDED = {"Jpan": ("HIRAGANA", "KATAKANA")}  # Japanese without kana is Chinese

# Words, or signs of a script without spaces. The prompt asks for 20-35 words; Chinese lines have 30-60 characters.
_LENGTHS = {"Hans": (30, 60), "Hant": (30, 60), "Jpan": (24, 110), "Kore": (6, 50)} | dict.fromkeys(
    _SPACELESS, (30, 250)
)
_LENGTH, _ANY_LENGTH = (5, 60), (1, 250)

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
_MOST_OTHERS = 0.1  # of the letters of a Latin text: symbols such as α
_WORD = re.compile(r"[^\W\d_]+(?:[-'’.][^\W_]+)*|\d+(?:[.,]\d+)*%?")
_SIGN = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff]")
_ENDING = re.compile(
    r"FULL STOP|QUESTION MARK|EXCLAMATION MARK|ELLIPSIS|DANDA\b|\bSHAD\b|KHMER SIGN (?:KHAN|BARIYOOSAN)|SIGN SECTION"
    r"|CHEIKHAN|GEORGIAN PARAGRAPH SEPARATOR|^(?:FULLWIDTH )?SEMICOLON"
)


@cache
def scripts_of(language: str) -> tuple[str, ...]:
    """The scripts that a language is written in by default, by CLDR: Latn, Hans, Ethi; empty where nobody knows.

    Several where it has another one in another country (Serbian), but for Chinese, whose two are told apart.
    """
    parts = language.replace("-", "_").split("_")
    if len(parts) > 1 and len(parts[1]) == 4:
        return (parts[1].title(),)
    likely = _likely()
    own = likely.get(f"{parts[0]}_{parts[-1].upper()}") or likely.get(parts[0])
    if not own:
        return ()
    if len(parts) > 1 or parts[0] == "zh":
        return (own,)
    in_a_country = re.compile(rf"{re.escape(parts[0])}_[A-Z]{{2}}")
    elsewhere = (key for key in likely if in_a_country.fullmatch(key))
    return tuple(dict.fromkeys((own, *(likely[key] for key in elsewhere))))


@cache
def _likely() -> Mapping[str, str]:
    """The script of every tag whose script CLDR knows."""
    return {key: _script(value) for key, value in get_global("likely_subtags").items()}


def spoken_in(country: str) -> str | None:
    """The first language of a country, by CLDR: zh for CN; None for what is no country."""
    tag = get_global("likely_subtags").get(f"und_{country.upper()}")
    return tag.partition("_")[0] if tag else None


def _script(tag: str) -> str:
    return next((part for part in tag.split("_") if len(part) == 4), "")


def is_chinese(language: str) -> bool:
    return bool(set(scripts_of(language)) & set(_HAN))


@cache
def _beginnings(script: str) -> tuple[str, ...]:
    """How the Unicode names of its letters begin; empty for a script that has no such letters, or that nobody knows."""
    from babel import Locale

    if script in _LETTERS:
        return _LETTERS[script]
    name = str(Locale("en").scripts.get(script, "")).upper()
    known = name and any(unicodedata.name(chr(code), "").startswith(f"{name} ") for code in range(sys.maxunicode))
    return (f"{name} ",) if known else ()


def _count(letters: str, beginnings: tuple[str, ...]) -> int:
    return sum(unicodedata.name(letter, "").startswith(beginnings) for letter in letters)


def wrong_language(text: str, language: str) -> str | None:
    """Why the text is not in this language (BCP 47), or None when it may be."""
    letters = "".join(char for char in text if unicodedata.category(char).startswith("L"))
    scripts = scripts_of(language)
    if not all(map(_beginnings, scripts)):
        return None  # a script that we cannot judge has the benefit of the doubt
    if not scripts or "Latn" in scripts:
        latin = _count(letters, ("LATIN", "MODIFIER LETTER", "GREEK SMALL"))
        if not letters or latin >= len(letters) * (1 - _MOST_OTHERS):
            return _other_latin(text, language.partition("-")[0], language)
    if not scripts or any(_is_in(letters, script) for script in scripts):
        return _other_chinese(text, language) if is_chinese(language) else None
    return f"not written in {language}"


def _is_in(letters: str, script: str) -> bool:
    if script == "Latn":
        return False  # judged more strictly
    own = _count(letters, _beginnings(script))
    if not own or own < len(letters) * _LEAST_SCRIPT:
        return False
    foreign, needed = _FOREIGN.get(script), _NEEDED.get(script)
    return not (foreign and _count(letters, foreign)) and (needed is None or _count(letters, needed) > 0)


def _other_chinese(text: str, language: str) -> str | None:
    """Whether a text is in the other Chinese script than its tag asks for; plain `zh` is Simplified.

    The older national encodings know which sign belongs to which: GB 2312 has simplified ones, Big5 traditional ones.
    """
    simplified = sum(_has("gb2312", char) and not _has("big5", char) for char in text)
    traditional = sum(_has("big5", char) and not _has("gb2312", char) for char in text)
    wanted = scripts_of(language)
    if wanted == ("Hant",) and simplified > traditional:
        return f"written in Simplified Chinese, not in {language}"
    if wanted == ("Hans",) and traditional > simplified:
        return f"written in Traditional Chinese, not in {language}"
    return None


def _has(encoding: str, char: str) -> bool:
    try:
        return len(char.encode(encoding)) == 2
    except UnicodeEncodeError:
        return False


def _other_latin(text: str, spoken: str, language: str) -> str | None:
    """Small words tell languages of one script apart; a short line, or an unknown language, has the benefit."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    known = {name: sum(word in small.split() for word in words) for name, small in _SMALL.items()}
    best = max(known, key=lambda name: known[name])
    mine = known.get(spoken, 0)
    foreign = len(words) >= 8 and known[best] >= max(3, 2 * mine + 2)
    return f"written in {best}, not in {language}" if foreign and best != spoken else None


def units(text: str) -> int:
    """Length as readers count it: words, and each sign of a script without spaces for one."""
    # Vowel signs stand inside the words of many scripts, and are no letters to `\w`.
    bare = "".join(char for char in text if unicodedata.category(char) not in ("Mn", "Mc", "Cf") or _SIGN.match(char))
    return len(_SIGN.findall(bare)) + len(_WORD.findall(_SIGN.sub(" ", bare)))


def lengths(language: str) -> tuple[int, int]:
    """The least and most units of a line."""
    scripts = scripts_of(language)
    return _LENGTHS.get(scripts[0], _LENGTH) if scripts and _beginnings(scripts[0]) else _ANY_LENGTH


def needs_full_stop(language: str) -> bool:
    """Whether sentences end with a mark; if that is unknown, none is needed."""
    scripts = scripts_of(language)
    return all(script not in _SPACELESS and _beginnings(script) for script in scripts) and bool(scripts)


@cache
def ends_sentence(char: str) -> bool:
    """Whether this mark ends a sentence in some script."""
    return bool(char and unicodedata.category(char)[0] == "P" and _ENDING.search(unicodedata.name(char, "")))


def how_checked(language: str) -> str:
    """Describes the checks of a line in this language."""
    scripts = scripts_of(language)
    if not scripts or not all(map(_beginnings, scripts)):
        return "its script is unknown, so any is taken; numbers, markup and links"
    least, most = lengths(language)
    unit = "signs" if scripts[0] in (*_HAN, "Jpan", *_SPACELESS) else "words"
    told_apart = language.partition("-")[0] in _SMALL or scripts[0] in (*_HAN, "Jpan", "Kore")
    by = "script and words" if scripts == ("Latn",) and told_apart else "script"
    stop = "one full stop" if needs_full_stop(language) else "no full stop needed"
    return f"{by} ({' or '.join(scripts)}), {least} to {most} {unit}, {stop}, numbers"
