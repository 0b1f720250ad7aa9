"""ROC-AUC: how often a paper that passed stands before one that did not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def area(passed: Sequence[bool], values: Sequence[float]) -> float:
    """The share of pairs in the right order; two equal values count half."""
    pairs = list(zip(passed, values, strict=True))
    good = [value for one, value in pairs if one]
    bad = sorted(value for one, value in pairs if not one)
    before = sum(bisect_left(bad, value) + bisect_right(bad, value) for value in good) / 2
    return before / (len(good) * len(bad))
