"""The words of papers and topics, in forms that say the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from newsletter.models import Paper

_TITLE_WEIGHT = 2  # the title counts twice: it says what the paper is about, the abstract what it compares with
_CATEGORY_WEIGHT = 3  # mentions: measured on days before March 2026, a little better than 1
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a about above across after all also an and any are as at based be been before being between both but by can "
        "do does each etc existing for from further given has have how however i if in into is it its more most new no "
        "not of on only or other our out over own paper propose same show so some such than that the their them then "
        "there these they this those through to toward under up use used using via was we well were what when where "
        "which while who why will with within without work you your",
    )
)
# Word forms that say the same: sparse and sparsity, prune and pruning, quantized and quantization.
_ENDING = re.compile(
    r"(?:ization|isation|izing|ising|ized|ised|ations?|ments?|ings?|ions?|ers?|ed|es|ities|ity|ive|al|s|e|y)$"
)


def text_of(paper: Paper) -> str:
    """What a paper is judged by."""
    return " ".join([paper.title] * _TITLE_WEIGHT + [paper.abstract])


def stems(text: str) -> list[str]:
    """The words that say what a text is about, in order, without their endings."""
    return [_stem(word) for word in _words(text) if word not in _STOP]


def spellings(text: str) -> dict[str, str]:
    """By stem the word as the text has it first."""
    return {_stem(word): word for word in reversed(_words(text)) if word not in _STOP}


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_][\w+]+", text.lower().replace("-", " "))


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return _ENDING.sub("", word) if len(word) > 4 else word.removesuffix("s")


def pairs(found: Sequence[str]) -> list[str]:
    """The stems and each two that stand together."""
    return [*found, *(" ".join(two) for two in pairwise(found))]


def counts_of(paper: Paper) -> Counter[str]:
    """How often each term occurs in the text by which a paper is judged."""
    return Counter(pairs(stems(text_of(paper))))


def features_of(paper: Paper) -> Counter[str]:
    """The same with the paper's categories, which tell an application where words do not."""
    found = counts_of(paper)
    found.update(dict.fromkeys((*paper.categories, f"primary {paper.primary_category}"), _CATEGORY_WEIGHT))
    return found
