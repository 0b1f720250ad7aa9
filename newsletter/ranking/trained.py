"""The order of a day by what was scored before."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import Paper
from newsletter.ranking import logistic
from newsletter.ranking.words import pairs, stems, text_of

FEWEST_WANTED = 20  # papers that passed before; with fewer the topic's own words know more
_LOSS_WEIGHT = 3.0  # of the logistic regression; measured on days before March 2026, flat from 1 to 30
_ALWAYS = 1.0  # what every paper has beside its terms: its weight is the share that passes
_FEWEST_PAPERS = 2  # with a term: one that a single paper has cannot tell others apart


@dataclass(frozen=True, slots=True)
class Trained:
    """What earlier scores teach of one topic: the weight of each term."""

    numbers: Mapping[str, int]  # of the terms
    rarity: Sequence[float]  # by number
    weights: Sequence[float]  # by number, and last the share of papers that pass

    def rank(self, papers: Sequence[Paper]) -> list[float]:
        """For each paper how likely it passes, 0 to 1, in the order given."""
        rows = (_row(terms_of(paper), self.numbers, self.rarity) for paper in papers)
        return [logistic.sigmoid(sum(self.weights[number] * value for number, value in row.items())) for row in rows]

    def moved(self, paper: Paper) -> dict[str, float]:
        """Of each term of the paper how much it moves it up, or down where it is negative."""
        row = _row(terms_of(paper), self.numbers, self.rarity)
        names = {number: term for term, number in self.numbers.items() if number in row}
        return {names[number]: self.weights[number] * value for number, value in row.items() if number in names}


def train(papers: Sequence[Paper], passed: Sequence[bool]) -> Trained | None:
    """Learn from papers of earlier days which of them passed; None while too few did, or all."""
    if sum(passed) < FEWEST_WANTED or all(passed):
        return None
    counts = [terms_of(paper) for paper in papers]
    having = Counter(term for one in counts for term in one)
    terms = [term for term, times in having.items() if times >= _FEWEST_PAPERS]
    numbers = {term: number for number, term in enumerate(terms)}
    rarity = [1 + math.log((1 + len(papers)) / (1 + having[term])) for term in terms]
    rows = [_row(one, numbers, rarity) for one in counts]
    return Trained(numbers, rarity, logistic.fit(rows, passed, _LOSS_WEIGHT, [0.0] * (len(terms) + 1)))


def terms_of(paper: Paper) -> Counter[str]:
    """How often each term stands in what a paper is judged by."""
    return Counter(pairs(stems(text_of(paper))))


def _row(counts: Mapping[str, int], numbers: Mapping[str, int], rarity: Sequence[float]) -> dict[int, float]:
    """Sublinear TF-IDF of length 1, and a feature that every paper has."""
    row = {numbers[term]: 1 + math.log(times) for term, times in counts.items() if term in numbers}
    row = {number: value * rarity[number] for number, value in row.items()}
    length = math.sqrt(sum(value * value for value in row.values())) or 1.0
    return {number: value / length for number, value in row.items()} | {len(rarity): _ALWAYS}
