"""How papers fared that are most like one. Pure."""

from __future__ import annotations

import heapq
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.ranking.logistic import Row
from newsletter.ranking.vectors import Space

_NEAREST = 60  # measured on days before March 2026, flat from 40 to 100


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Papers whose fate is known, oldest first, by the terms that they have."""

    having: Mapping[int, tuple[array[int], array[float]]]  # by term: the papers with it, and their values of it
    passed: Sequence[bool]
    counts: Sequence[float]  # how much the fate of each paper counts

    @classmethod
    def of(cls, space: Space, rows: Sequence[Row], passed: Sequence[bool], counts: Sequence[float]) -> Neighbours:
        """The papers of these rows of the space."""
        having: dict[int, tuple[array[int], array[float]]] = defaultdict(lambda: (array("I"), array("f")))
        for number, row in enumerate(rows):
            for term, value in space.terms(row).items():
                numbers, values = having[term]
                numbers.append(number)
                values.append(value)
        return cls(having, passed, counts)

    def share(self, row: Row) -> float:
        """How many of the papers most like this one passed, 0 to 1, the more alike counting the more."""
        alike = [0.0] * len(self.passed)
        for term, value in row.items():
            if term in self.having:
                for number, other in zip(*self.having[term], strict=True):
                    alike[number] += value * other
        nearest = heapq.nlargest(_NEAREST, reversed(range(len(alike))), alike.__getitem__)  # of two alike the newer
        votes = [(alike[number] * self.counts[number], self.passed[number]) for number in nearest]
        return sum(vote for vote, good in votes if good) / (sum(vote for vote, _ in votes) or 1.0)
