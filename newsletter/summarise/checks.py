"""What a model wrote → a line that can be shown, or why it cannot. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from newsletter.models import Paper
from newsletter.summarise import numerals
from newsletter.summarise.languages import (
    ends_sentence,
    is_chinese,
    lengths,
    needs_full_stop,
    units,
    wrong_language,
)

_MOST_REASON = 160  # characters
_MOST_CHARACTERS = 420
_TRANSLATED = (0.2, 3.0)  # a translation's characters, of the abstract's
_UNSEEN = ("Cc", "Cs", "Co", "Zl", "Zp", "Cf")  # controls, halves of characters, separators, marks that turn the text
_JOINERS = "\u200c\u200d"  # of the last kind, but needed by some scripts

_DOMAIN = r"(?:com|org|net|edu|gov|info|biz|io|ai|dev|app|co|cn|ru|de|uk|me|ly|to|gg|xyz|site|online|example|invalid)"
_MARKUP = re.compile(
    r"[a-z][a-z+.-]*://|www\.|(?:javascript|data|mailto|vbscript):|\]\(|\[\[|<[a-zA-Z/!?]|&(?:[a-zA-Z]+|#\w+);"
    rf"|\*\*|__|```|`|^\s*(?:#|[-*•>]\s)|\S@\S+\.\w|(?<![\w.])[\w-]+(?:\.[\w-]+)*\.{_DOMAIN}(?![\w])(?:/|\b)",
    re.IGNORECASE,
)
_TEX = re.compile(r"\$|\\[a-zA-Z]+|\\[(\[]")
# What a full stop does not end: single letters (A. Lovelace, z. B., т. е.) in every language, and English's own.
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|al|etc|approx|resp|Fig|Eq|Dr|St|[^\W\d_])\.)\s$")
_ORDINAL = re.compile(r"\b\d{1,2}\.\s$")  # in many languages: am 3. März
_MAY_FOLLOW = "!?！？…؟՞՜;；;"  # what may stand inside a line that is one sentence
# Terms that the field leaves in English, and the translations that betray one.
_TRANSLATED_TERMS = {
    "LoRA": "低秩适配|低秩适应|低秩自适应",
    "MoE": "专家混合|混合专家",
    "CUDA": "统一计算设备架构",
}
_WIDE = str.maketrans(",;:?!", "，；：？！")


def mended(text: str, language: str | None) -> str:
    """The text as it is shown: trimmed, and in Chinese with full-width punctuation and its full stop."""
    text = text.strip()
    if not language or not is_chinese(language) or not text:
        return text
    beside = r"(?<=[\u3400-\u9fff）】」”])[,;:?!]\s*|[,;:?!](?=[\u3400-\u9fff（【「“])"
    text = re.sub(beside, lambda found: found[0].strip().translate(_WIDE), text)
    text = re.sub(r"(?<=[\u3400-\u9fff）%])\.$|(?<=[\u3400-\u9fff）])\.(?=[\u3400-\u9fff])", "。", text)
    return text if ends_sentence(text[-1]) or "\n" in text else f"{text}。"


def problem(text: str, paper: Paper, language: str | None) -> str | None:
    """Why a line cannot be shown, or None. `language` None: a reason, which is short and need not be a sentence."""
    if (
        found := _unfit(text)
        or (_TEX.search(text) and "markup, TeX or a link")
        or _numbers_invented(text, paper, language)
    ):
        return found
    if language is None:
        return None if 3 <= len(text) <= _MOST_REASON else f"{len(text)} characters"
    return (
        wrong_language(text, language)
        or _wrong_length(text, language)
        or _sentences(text, language)
        or _terms_lost(text, paper)
    )


def quotable(text: str) -> str:
    """The beginning of a rejected text, without what a request cannot carry: half a character stops it from leaving."""
    seen = "".join(char if unicodedata.category(char) not in _UNSEEN else " " for char in text[:_MOST_CHARACTERS])
    return " ".join(seen.split())


def translation_problem(text: str, paper: Paper, language: str) -> str | None:
    """Why a translated abstract cannot be shown, or None."""
    if found := _unfit(text) or _numbers_invented(text, paper, language) or wrong_language(text, language):
        return found
    least, most = (share * len(paper.abstract) for share in _TRANSLATED)
    return None if least <= len(text) <= most else f"{len(text)} characters for {len(paper.abstract)}"


def _unfit(text: str) -> str | None:
    """What a model's text may never contain, wherever it is used."""
    if any(unicodedata.category(char) in _UNSEEN and char not in _JOINERS for char in text):
        return "more than one line, or control characters"
    return "markup, TeX or a link" if _MARKUP.search(text) else None


def _numbers_invented(text: str, paper: Paper, language: str | None) -> str | None:
    """A number that is not in the paper, whether written in the English way or in that of the language."""
    known, meant = _given(f"{paper.title} {paper.abstract}")
    invented = ""
    for reading in numerals.readings(text, language):
        scales = numerals.scales(language)
        invented = next((n for n in _numbers(reading) if not _is_known(n, n in known, reading, meant, scales)), "")
        if not invented:
            return None
    return f"the number {invented} is not in the abstract"


@lru_cache(maxsize=64)  # a paper's lines and reasons come together, in each language
def _given(source: str) -> tuple[Mapping[str, None], frozenset[float]]:
    """The numbers of a paper, as they are written and as values."""
    return _numbers(source), numerals.values(source)


def _is_known(number: str, in_digits: bool, text: str, meant: frozenset[float], scales: numerals.Scales) -> bool:
    if in_digits:
        return not numerals.is_scaled_anew(number, text, meant, scales)
    return numerals.stands_for(number, text, meant, scales)


def _numbers(text: str) -> dict[str, None]:
    """Numbers in digits, in order; thousands separators dropped, so that 12,000 and 12000 are the same.

    Other scripts' digits count as their values, R² has the number of R^2, and ½ counts as it is.
    """
    plain = re.sub(r"\{,\}|\\,", ",", text)
    digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in plain)
    digits = re.sub("[⁰¹²³⁴-⁹]", lambda found: f"^{unicodedata.digit(found[0])}", digits)
    found = re.findall(r"\d+(?:[,\u202f]\d{3})*(?:\.\d+)?|[\u00bc-\u00be\u2150-\u215e]", digits)
    return dict.fromkeys(re.sub(r"[,\u202f]", "", number) for number in found)


def _wrong_length(text: str, language: str) -> str | None:
    least, most = lengths(language)
    count = units(text)
    # A term in Latin letters is one sign of a long Chinese line, and all its letters of a short one.
    shown = len(text) if is_chinese(language) and count < least else count
    if least <= shown <= most and len(text) <= _MOST_CHARACTERS:
        return None
    return f"a length of {shown}, not {least} to {most}"


def _sentences(text: str, language: str) -> str | None:
    """Requires one full stop, at the end; a question may come before it. Scripts without full stops need none."""
    inner = text.rstrip("”\"'）)」»")
    if not ends_sentence(inner[-1:]) and needs_full_stop(language):
        return "no full stop at its end"
    for found in re.finditer(r"\.[)”\"'»]*\s(?=[^\W\d_])|[^\w\s.](?=\s*\S)", inner):
        if _ends_one(found[0][0], inner[: found.end()], inner[found.end() :], language):
            return "more than one sentence"
    return None


def _ends_one(mark: str, before: str, after: str, language: str) -> bool:
    """Whether a sentence ends here: at a full stop of any script, except after abbreviations and ordinals."""
    if mark != ".":
        return ends_sentence(mark) and mark not in _MAY_FOLLOW
    is_ordinal = not language.startswith("en") and _ORDINAL.search(before)
    is_scale = before.rstrip().rpartition(" ")[2].lower() in numerals.scales(language)  # 1,2 Mio. Bilder
    return not (after[:1].islower() or _ABBREVIATED.search(before) or is_ordinal or is_scale)


def _terms_lost(text: str, paper: Paper) -> str | None:
    """A technical term in a different case than in the abstract, or translated although the abstract has only the
    term.
    """
    source = f"{paper.title} {paper.abstract}"
    terms = set(re.findall(r"(?<![\w\\])(?=\w*[A-Z]\w*[A-Z]|\w*[a-z][A-Z])[A-Za-z][A-Za-z0-9]+", source))
    cased = {term.lower(): term for term in terms if len(term) > 2}
    words = set(re.findall(r"[A-Za-z][A-Za-z0-9]+", source))
    for word in re.findall(r"[A-Za-z][A-Za-z0-9]+", text):
        if word.lower() in cased and word not in words and word.rstrip("s") not in words:
            return f"the term {cased[word.lower()]} is written {word}"
    for term, betrays in _TRANSLATED_TERMS.items():
        if re.search(rf"\b{term}s?\b", source) and re.search(betrays, text) and term not in text:
            return f"the term {term} is translated"
    return None
