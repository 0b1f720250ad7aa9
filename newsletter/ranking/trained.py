"""The order of a day's papers, learned from earlier scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from newsletter.models import Paper
from newsletter.ranking import vectors
from newsletter.ranking.words import counts_of

FEWEST_WANTED = 20  # papers that passed before; with fewer the topic's own words know more
_HALF_GONE = 800  # papers that passed after it: a score counts half
_LOSS_WEIGHT = 3.0  # of the logistic regression; measured on days before March 2026, flat from 1 to 30


@dataclass(frozen=True, slots=True)
class Trained:
    """What earlier scores teach of one topic."""

    model: vectors.Linear

    def rank(self, papers: Sequence[Paper]) -> list[float]:
        """For each paper how likely it passes, 0 to 1, in the order given."""
        return [self.model.value(self.model.space.row(counts_of(paper))) for paper in papers]

    def moved(self, paper: Paper) -> dict[str, float]:
        """How much each term of the paper moves it up, or down if negative."""
        return self.model.moved(counts_of(paper))


def train(papers: Sequence[Paper], passed: Sequence[bool]) -> Trained | None:
    """Learn from papers of earlier days, oldest first, which of them passed; None while too few did, or all."""
    if sum(passed) < FEWEST_WANTED or all(passed):
        return None
    counts = [counts_of(paper) for paper in papers]
    space = vectors.Space.of(counts)
    return Trained(vectors.learn(space, [space.row(one) for one in counts], passed, _LOSS_WEIGHT, _fresh(passed)))


def _fresh(passed: Sequence[bool]) -> list[float]:
    """How much each score still counts: tastes and models change. By picks: a topic of few forgets slowly."""
    later = accumulate(reversed(passed), initial=0)
    return [0.5 ** (passes / _HALF_GONE) for passes, _ in zip(later, passed, strict=False)][::-1]
