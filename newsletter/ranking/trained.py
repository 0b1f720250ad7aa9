"""The order of a day's papers, learned from earlier scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from newsletter.models import Paper
from newsletter.ranking import vectors
from newsletter.ranking.logistic import Row
from newsletter.ranking.neighbours import Neighbours
from newsletter.ranking.places import mean, places
from newsletter.ranking.words import counts_of

FEWEST_WANTED = 20  # papers that passed before; with fewer the topic's own words know more
_HALF_GONE = 800  # papers that passed after it: a score counts half
_LOSS_WEIGHT = 3.0  # of the logistic regression; measured on days before March 2026, flat from 1 to 30
_NEIGHBOURS_WEIGHT = 0.5  # beside the regression; measured on the same days, flat from 0.3 to 0.6


@dataclass(frozen=True, slots=True)
class Trained:
    """What earlier scores teach of one topic."""

    model: vectors.Linear
    neighbours: Neighbours

    def rank(self, papers: Sequence[Paper]) -> list[float]:
        """The place of each paper among these, 0 to 1, in the order given: by its words and by the papers most like it.

        The regression adds up what single words tell; papers alike in several at once often fared alike.
        """
        rows = self._rows(papers)
        ranked = [places([self.model.value(row) for row in rows]), places([self.neighbours.share(row) for row in rows])]
        return mean(ranked, [1.0, _NEIGHBOURS_WEIGHT])

    def likely(self, papers: Sequence[Paper]) -> list[float]:
        """For each paper how likely it passes, 0 to 1, both kinds counting alike."""
        return [self.model.value(row) for row in self._rows(papers)]

    def _rows(self, papers: Sequence[Paper]) -> list[Row]:
        return [self.model.space.row(counts_of(paper)) for paper in papers]

    def moved(self, paper: Paper) -> dict[str, float]:
        """How much each term of the paper moves it up, or down if negative."""
        return self.model.moved(counts_of(paper))


def train(papers: Sequence[Paper], passed: Sequence[bool], counts: Sequence[float] | None = None) -> Trained | None:
    """Learn from papers of earlier days, oldest first, which of them passed; None while too few did, or all.

    `counts`: how much each score counts, without it all the same.
    """
    if sum(passed) < FEWEST_WANTED or all(passed):
        return None
    counts = counts or [1.0] * len(papers)
    terms = [counts_of(paper) for paper in papers]
    space = vectors.Space.of(terms)
    rows = [space.row(one) for one in terms]
    fresh = [count * left for count, left in zip(counts, _fresh(passed), strict=True)]
    return Trained(vectors.learn(space, rows, passed, _LOSS_WEIGHT, fresh), Neighbours.of(space, rows, passed, fresh))


def _fresh(passed: Sequence[bool]) -> list[float]:
    """How much each score still counts: tastes and models change. By picks: a topic of few forgets slowly."""
    later = accumulate(reversed(passed), initial=0)
    return [0.5 ** (passes / _HALF_GONE) for passes, _ in zip(later, passed, strict=False)][::-1]
