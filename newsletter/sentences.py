"""Finds the sentences of an abstract that say what the authors did and what the result is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_known = lru_cache(maxsize=2048)  # an edition is composed about ten times, to fit its size
_END = re.compile(r"[.!?][)”’\"]?\s+(?=[A-Z0-9“‘\"(\[Α-Ω])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|etc|vs|al|resp|approx|Fig|Figs|Eq|Eqs|Sec|No|Dr|St|w\.r\.t|[A-Z])\.|"
    r"(?:^|[:;,])\s*\(?\d{1,2}\.)[)”’\"]?\s+$"  # "…replaces it in two ways: 1. Each step…"
)
_STRONG = re.compile(
    r"\b(?:we|this (?:paper|work|article|study|report)|the (?:present )?(?:paper|work))\b[^.;]{0,60}?"
    r"\b(?:propos|present|introduc|develop|design|build|built|releas|contribut|describ|formaliz|formulat|establish|"
    r"construct|deriv|provid)|(?:我们|本文|作者|研究者)[^。；]{0,30}?(?:提出|介绍|设计|构建|发布|开发|推导|建立)",
    re.I,
)
_WEAK = re.compile(
    r"\b(?:we|our (?:work|paper|method|approach|study|results?)|this (?:paper|work|article|study|report))\b[^.;]{0,60}?"
    r"\b(?:show|prove|stud|investigat|analy|demonstrat|find|found|examin|explor|evaluat|compar|argue|address|ask|reveal|"
    r"conduct|characteri|consider|review|survey|discuss|argu|train|offer)",
    re.I,
)
_VERB = re.compile(
    r"\b(?:outperform|achiev|improv|reduc|surpass|exceed|increas|decreas|boost|gain|yield|deliver|reach|attain|accelerat|"
    r"lower|cuts?\b|sav(?:es?|ing)|match|obtain|rais|beats?\b|retain|preserv|maintain|drops?\b|scor(?:es?|ing)|recover|"
    r"faster|speed-?ups?|state-of-the-art|requir|converge|detect|predict|correct|narrow|clos(?:es|ing))|"
    r"优于|超过|提升|提高|降低|减少|达到|缩短|加速|节省",
    re.I,
)
_UNIT = (
    r"%|％|×|x\b|-?fold\b|times\b|percent|(?:percentage )?points?\b|pp\b|bits?\b|(?:k|M|G|T)?B\b|[nμµm]?s\b|seconds?\b|"
    r"minutes?\b|hours?\b|dB\b|倍|个百分点|毫秒|秒|小时"
)
_MEASURED = re.compile(rf"(?<![\w.-])[+−-]?\d[\d,]*(?:\.\d+)?(?:[–-]\d+(?:\.\d+)?)?\s?-?(?:{_UNIT})", re.I)
_DECIMAL = re.compile(r"(?:(\S+)\s)?(?<![\w.-])[+−-]?\d+\.\d+(?![\w.]*[A-Za-z])")
_SHOWN = re.compile(
    r"\b(?:we|our (?:\w+ ){1,3}|experiments?|results?|evaluations?|analys[ei]s|simulations?)\b[^.;]{0,80}?"
    r"\b(?:prove|show|find|found|reveal|demonstrate)|\boutperform|\bsurpass|"
    r"state-of-the-art|(?:实验|结果)[^。；]{0,30}?(?:表明|显示|证明)|优于",
    re.I,
)
_LINKING = re.compile(
    r"^(?:(?:Furthermore|Moreover|In addition|Additionally|Finally|Notably|Also|Importantly|Specifically|In particular|"
    r"As a result|Consequently|Overall),\s+|\(?(?:\d{1,2}|i{1,3}|iv|v)[.)]\s+)+"
)
_WIDE = re.compile(r"[\u3000-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]")
_WORD = re.compile(r"[^\W_]+(?:['’-]\w+)*")
_BRIEF = 36  # characters
_LEADING_ON = re.compile(
    r"(?:an?|the|of|in|on|at|for|and|or|to|by|with|from|via|as|into|is|are|be|can|that|its|their|under|over|between|when|"
    r"how|why|what|beyond|towards?|using|through|against|across|without|within|&|)[,;:–-]*",
    re.I,
)
_GENERIC = frozenset({"position", "survey", "a survey", "tutorial", "technical report", "review", "comment", "erratum"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of an abstract; `leads` marks what the authors did."""

    text: str
    leads: bool = False


def sentences(text: str) -> list[str]:
    """The sentences in order; joined by one space, or by none after 。, they are the text."""
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if end.end() < len(text) and not _ABBREVIATION.search(text[start : end.end()]):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return [*found, text[start:].strip()]


def contribution(parts: list[str]) -> int | None:
    """Which sentence says what the authors did."""
    for pattern in (_STRONG, _WEAK):
        for index, sentence in enumerate(parts):
            if pattern.search(sentence):
                return index
    return None


def result(parts: list[str]) -> int | None:
    """Which sentence behind the contribution says what came of it: with a measured number, else that it was shown."""
    behind = range((contribution(parts) or 0) + 1, len(parts))
    measured = (index for index in behind if _VERB.search(parts[index]) and _is_measured(parts[index]))
    shown = (index for index in behind if _SHOWN.search(parts[index]))
    return next(measured, next(shown, None))


def _is_measured(sentence: str) -> bool:
    """Whether a number was measured; that of a model's name, as in Llama 3.1 or LLaMA-7B, was not."""
    if _MEASURED.search(sentence):
        return True
    return any(not (found[1] or "").strip("(“\"'")[:1].isupper() for found in _DECIMAL.finditer(sentence))


@_known
def whole(abstract: str, *, of_result: bool = False) -> tuple[Piece, ...]:
    """The abstract in at most three runs, its contribution marked, or its result."""
    parts = sentences(abstract)
    chosen = result(parts) if of_result else contribution(parts)
    if chosen is None:
        return (Piece(abstract),)
    runs = (_joined(parts[:chosen]), parts[chosen], _joined(parts[chosen + 1 :]))
    return tuple(Piece(run, leads=place == 1) for place, run in enumerate(runs) if run)


def key_sentence(abstract: str, *, of_result: bool) -> str:
    """The sentence that is marked in the whole abstract; empty if there is none."""
    return next((piece.text for piece in whole(abstract, of_result=of_result) if piece.leads), "")


def _joined(parts: list[str]) -> str:
    return re.sub(r"(?<=[。！？]) ", "", " ".join(parts))


@_known
def short(abstract: str) -> tuple[Piece, ...]:
    """Contribution and result, with an ellipsis where something was left out."""
    parts = sentences(abstract)
    first, chosen = contribution(parts) or 0, result(parts)
    pieces = [Piece(parts[first], leads=True)]
    if chosen is not None:
        pieces.append(Piece(parts[chosen] if chosen == first + 1 else f"… {parts[chosen]}"))
    return tuple(pieces)


@_known
def result_alone(abstract: str) -> tuple[Piece, ...]:
    """The result behind an ellipsis, without the words that join it to what stands before; nothing if there is none."""
    parts = sentences(abstract)
    chosen = result(parts)
    if chosen is None:
        return ()
    said = _LINKING.sub("", parts[chosen])
    return (Piece(f"… {said[:1].upper()}{said[1:]}"),)


@_known
def stand_in(abstract: str) -> str:
    """The sentence that takes a missing one-liner's place."""
    parts = sentences(abstract)
    return parts[contribution(parts) or 0]


def short_title(title: str) -> str:
    """The name before the colon, where it is one."""
    name, colon, _ = title.partition(": ")
    fits = 3 <= len(name) <= 60 and name.lower() not in _GENERIC
    return name if colon and fits else title


def brief_title(title: str, most: int = _BRIEF) -> str:
    """The short title in at most this many characters, cut behind a word that can end it."""
    name = short_title(title)
    if len(name) <= most:
        return name
    words = name[: most + 1].split(" ")[:-1] or [name[:most]]
    while len(words) > 1 and _LEADING_ON.fullmatch(words[-1]):
        words.pop()
    return " ".join(words).rstrip(" ,;:–-") + "…"


def minutes(texts: list[str]) -> int:
    """Reading time: 230 words or 400 Chinese characters a minute."""
    counted = [_lengths(text) for text in texts]
    return max(1, round(sum(words for words, _ in counted) / 230 + sum(wide for _, wide in counted) / 400))


@_known
def _lengths(text: str) -> tuple[int, int]:
    """Words, and wide characters."""
    spaced, wide = _WIDE.subn(" ", text)
    return len(_WORD.findall(spaced)), wide
