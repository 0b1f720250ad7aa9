"""Values of different scales → places among each other, and their mean. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def places(values: Sequence[float]) -> list[float]:
    """Each value's place, 0 to 1; equal values share theirs. Where all are equal nothing is said: 0."""
    order = sorted({round(value, 9) for value in values})
    if len(order) == 1:
        return [0.0] * len(values)
    below = dict.fromkeys(order, 0)
    for value in values:
        below[round(value, 9)] += 1
    found, before = {}, 0
    for value in order:
        found[value] = (before + below[value] / 2) / len(values)
        before += below[value]
    return [found[round(value, 9)] for value in values]


def mean(rows: Sequence[Sequence[float]], weights: Sequence[float] = ()) -> list[float]:
    """The mean of each column."""
    each = list(weights) or [1.0] * len(rows)
    total = sum(each)
    return [
        sum(value * weight for value, weight in zip(column, each, strict=True)) / total
        for column in zip(*rows, strict=True)
    ]
