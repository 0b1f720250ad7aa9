"""Papers as rows of TF-IDF, and a linear model over them. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.ranking import logistic
from newsletter.ranking.logistic import Row

_FEWEST_PAPERS = 2  # with a term: one that a single paper has cannot tell others apart
_ALWAYS = 1.0  # what every paper has beside its terms: its weight is the share that passes


@dataclass(frozen=True, slots=True)
class Space:
    """The terms of some papers, and how rare each is among them."""

    numbers: Mapping[str, int]
    rarity: Sequence[float]  # by number

    @classmethod
    def of(cls, counts: Sequence[Mapping[str, int]]) -> Space:
        """The term counts of these papers."""
        having = Counter(term for one in counts for term in one)
        terms = [term for term, times in having.items() if times >= _FEWEST_PAPERS]
        rarity = [1 + math.log((1 + len(counts)) / (1 + having[term])) for term in terms]
        return cls({term: number for number, term in enumerate(terms)}, rarity)

    def row(self, counts: Mapping[str, int]) -> Row:
        """Sublinear TF-IDF vectors of length 1, with one feature that every paper has."""
        row = {self.numbers[term]: 1 + math.log(times) for term, times in counts.items() if term in self.numbers}
        row = {number: value * self.rarity[number] for number, value in row.items()}
        length = math.sqrt(sum(value * value for value in row.values())) or 1.0
        return {number: value / length for number, value in row.items()} | {len(self.rarity): _ALWAYS}

    def terms(self, row: Row) -> Row:
        """The row without the feature that every paper has."""
        return {number: value for number, value in row.items() if number < len(self.rarity)}


@dataclass(frozen=True, slots=True)
class Linear:
    """The weight of each term."""

    space: Space
    weights: Sequence[float]  # by number

    def value(self, row: Row) -> float:
        """How likely a row passes, 0 to 1."""
        return logistic.sigmoid(sum(self.weights[number] * value for number, value in row.items()))

    def moved(self, counts: Mapping[str, int]) -> dict[str, float]:
        """How much each term of a paper moves it up, or down if negative."""
        row = self.space.row(counts)
        numbers = ((term, self.space.numbers.get(term)) for term in counts)
        return {term: self.weights[number] * row[number] for term, number in numbers if number is not None}


def learn(
    space: Space, rows: Sequence[Row], passed: Sequence[bool], weight: float, counts: Sequence[float] | None = None
) -> Linear:
    """Which rows pass; `weight` is that of the loss, `counts` how much each row counts."""
    return Linear(space, logistic.fit(rows, passed, weight, [0.0] * (len(space.rarity) + 1), counts))
