"""The order by a topic's words, made wider by the words of the papers that stand highest in it. Pure.

An interest text is short: "pruning" finds papers that say pruning, not those that say "removing heads". What the first
papers of the order say besides, and the others do not, counts too (pseudo-relevance feedback as Rocchio has it). The
more papers there are to read, the surer it is what they have in common.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from newsletter.ranking import vectors
from newsletter.ranking.logistic import Row

FEWEST_PAPERS = 40  # among fewer the first ones have little in common
_TOPS = (0.75, 1.5, 3)  # of the square root of all: how many are taken as wanted; each text likes another


def widened(features: Sequence[Mapping[str, int]], values: Sequence[float]) -> list[list[float]]:
    """For each number of highest papers how much more each paper resembles them than the others."""
    if len(values) < FEWEST_PAPERS:
        return []
    order = sorted(range(len(values)), key=lambda number: -values[number])
    space = vectors.Space.of(features)
    rows = [space.row(one) for one in features]
    whole = _total(space, rows)
    tops = [math.ceil(times * math.sqrt(len(order))) for times in _TOPS]
    return [_nearness(rows, whole, _total(space, [rows[number] for number in order[:top]]), top) for top in tops]


def _total(space: vectors.Space, rows: Sequence[Row]) -> list[float]:
    found = [0.0] * (len(space.rarity) + 1)
    for row in rows:
        for number, value in row.items():
            found[number] += value
    return found


def _nearness(rows: Sequence[Row], whole: Sequence[float], near: Sequence[float], top: int) -> list[float]:
    """The product of each row with the mean of the nearest minus the mean of the rest."""
    rest = len(rows) - top
    apart = [one / top - (every - one) / rest for every, one in zip(whole, near, strict=True)]
    return [sum(apart[number] * value for number, value in row.items()) for row in rows]
