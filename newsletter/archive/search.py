"""The search index: one compressed file per quarter, which a browser reads completely.

It contains titles, names and lines as text, so that any part of them is found, including Chinese words. Of abstracts,
it contains only the beginnings of words, each with its papers: whole abstracts would be three times as large. A word
of very many papers has a star instead: it is taken to be there, and finds nothing by itself.
"""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from itertools import filterfalse
from operator import sub

from newsletter.archive.day import Day, page_name

_SHORTEST = 3
_LETTERS = 8  # of a word: what is left out mostly tells a plural from a singular, and is an eighth of the index
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
_COMMON = 0.1  # words of more papers than this share tell little apart, and are a tenth of the index
_FEW = 40  # papers; of fewer no word is common
_EFFORT = 6  # of compression: 9 takes a third longer and saves two bytes in a thousand


class _Folding(dict[int, str]):
    """Of each character what it is searched as, as the browser folds what is asked for: without case and accents.

    What belongs to no word is a space. Looked up by `str.translate`, which is twice as fast as anything else.
    """

    def __missing__(self, code: int) -> str:
        bare = "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", chr(code)))).lower()
        self[code] = "".join(one if one.isalnum() else " " for one in bare.replace("ς", "σ"))
        return self[code]


_FOLDED = _Folding()


def shard_name(day: date) -> str:
    """The quarter, as a file name: 2026-q1."""
    return f"{day.year}-q{(day.month + 2) // 3}"


def shard(days: Iterable[tuple[date, Day]]) -> bytes:
    """The index of these days; equal days give equal bytes."""
    papers = [(day, paper) for day, content in days for paper in content["papers"]]
    languages = dict.fromkeys(language for _, paper in papers for language in paper["lines"])
    content = {
        "days": [day.isoformat() for day, _ in papers],
        "ids": [page_name(paper["id"]) or paper["links"]["arxiv"] for _, paper in papers],
        "scores": [paper["relevance"] or 0 for _, paper in papers],
        "titles": [paper["title"] for _, paper in papers],
        "authors": [", ".join(paper["authors"]) for _, paper in papers],
        "lines": {language: [paper["lines"].get(language, "") for _, paper in papers] for language in languages},
        "words": "\n".join(_words([paper for _, paper in papers])),
    }
    return gzip.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), _EFFORT, mtime=0)


def _words(papers: Sequence[Day]) -> Iterator[str]:
    """Of each word of the abstracts a row: its beginning, a space, and in which papers it stands, as steps."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, paper in enumerate(papers):
        shown = " ".join((paper["title"], *paper["lines"].values()))
        for word in _beginnings(paper["abstract"]) - _beginnings(shown):
            found[word].append(number)
    most = max(_FEW, _COMMON * len(papers))
    for word in sorted(found):
        yield f"{word} {_steps(found[word]) if len(found[word]) <= most else '*'}"


def _beginnings(text: str) -> set[str]:
    words = text.translate(_FOLDED).split()
    return {word[:_LETTERS] for word in words if len(word) >= _SHORTEST and not word.isdigit()}


def _steps(numbers: Sequence[int]) -> str:
    return "".join(map(_written, map(sub, numbers, (-1, *numbers))))


@cache  # a quarter has few different steps, and a hundred thousand of them
def _written(step: int) -> str:
    """The papers between, in base 32 from the low end; all digits but the last come from the upper half."""
    number, digits = step - 1, ""
    while number >= 32:
        digits += _DIGITS[number % 32 + 32]
        number //= 32
    return digits + _DIGITS[number]
