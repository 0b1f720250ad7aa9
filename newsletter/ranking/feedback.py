"""The order by a topic's words, made wider by the words of the papers that stand highest in it. Pure.

An interest text is short: "pruning" finds papers that say pruning, not those that say "removing heads". What the first
papers of the order say besides is learned as if they had passed (pseudo-relevance feedback).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from newsletter.ranking import vectors

FEWEST_PAPERS = 40  # of a day; among fewer the first ones have little in common
_SHARES = (0.05, 0.1, 0.2)  # of the day taken as passed; measured on days before March 2026, each text likes another
_LOSS_WEIGHT = 0.1  # of the regression: low, since many of those taken as passed are not what is meant


def widened(counts: Sequence[Mapping[str, int]], values: Sequence[float]) -> list[list[float]]:
    """For each share, how likely each paper is among the highest, judged by its words."""
    if len(values) < FEWEST_PAPERS:
        return []
    order = sorted(range(len(values)), key=lambda number: -values[number])
    tops = [set(order[: math.ceil(len(order) * share)]) for share in _SHARES]
    space = vectors.Space.of(counts)
    rows = [space.row(one) for one in counts]
    models = [vectors.learn(space, rows, [number in top for number in range(len(rows))], _LOSS_WEIGHT) for top in tops]
    return [[model.value(row) for row in rows] for model in models]
