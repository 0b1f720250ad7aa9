"""Finds the sentences of an abstract that say what the authors did and what the result is."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_RESULT = re.compile(
    r"\b(?:outperform|achiev|improv|reduc|surpass|exceed|experiments?|results?|evaluation|empirical|accura|faster|"
    r"speedup|state-of-the-art|we (?:show|find|prove)|demonstrat|yield)|实验|结果|优于|超过|提升|提高|降低|达到",
    re.I,
)
_WIDE = re.compile(r"[\u3000-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]")
_WORD = re.compile(r"[^\W_]+(?:['’-]\w+)*")
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


def whole(abstract: str) -> tuple[Piece, ...]:
    """The abstract in at most three runs, its contribution marked."""
    parts = sentences(abstract)
    chosen = contribution(parts)
    if chosen is None:
        return (Piece(abstract),)
    runs = (_joined(parts[:chosen]), parts[chosen], _joined(parts[chosen + 1 :]))
    return tuple(Piece(run, leads=place == 1) for place, run in enumerate(runs) if run)


def _joined(parts: list[str]) -> str:
    return re.sub(r"(?<=[。！？]) ", "", " ".join(parts))


def short(abstract: str) -> tuple[Piece, ...]:
    """Contribution and result, with an ellipsis where something was left out."""
    parts = sentences(abstract)
    first = contribution(parts) or 0
    results = [index for index in range(first + 1, len(parts)) if _RESULT.search(parts[index])]
    with_number = [index for index in results if re.search(r"\d", parts[index])]
    chosen = next(iter(with_number or results), None)
    pieces = [Piece(parts[first], leads=True)]
    if chosen is not None:
        pieces.append(Piece(parts[chosen] if chosen == first + 1 else f"… {parts[chosen]}"))
    return tuple(pieces)


def stand_in(abstract: str) -> str:
    """The sentence that takes a missing one-liner's place."""
    parts = sentences(abstract)
    return parts[contribution(parts) or 0]


def short_title(title: str) -> str:
    """The name before the colon, where it is one."""
    name, colon, _ = title.partition(": ")
    fits = 3 <= len(name) <= 60 and name.lower() not in _GENERIC
    return name if colon and fits else title


def minutes(texts: list[str]) -> int:
    """Reading time: 230 words or 400 Chinese characters a minute."""
    joined, wide = _WIDE.subn(" ", " ".join(texts))
    words = len(_WORD.findall(joined))
    return max(1, round(words / 230 + wide / 400))
