"""Combines the topic's text, scores under it and scores under its earlier texts into one order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import Paper, Topic
from newsletter.ranking.closeness import fitting
from newsletter.ranking.cold import cold
from newsletter.ranking.places import mean, places
from newsletter.ranking.trained import FEWEST_WANTED, Trained, train

# Measured on 112 mornings after changes of interests made up from days before March 2026, small and large ones: flat
# around these. By them a topic's own words count half of the rest once 80 papers have passed, a tenth after 430.
_WORDS_FADE = 200  # papers that passed under the text as it is
_EARLIER_COUNTS = 1 / 3  # a score under an earlier text, beside one under the text as it is
_LEFT_OUT = 0.3  # of the words' weight: what the text before the last edit would put last
_ALIKE = 0.5  # more likely than not, both kinds counting alike
FORGOTTEN = 800  # papers that passed: from here on the scores under earlier texts are not even read


@dataclass(frozen=True, slots=True)
class Opinions:
    """What can be said of a topic's papers before a model is asked."""

    topic: Topic
    scores: Trained | None  # under the topic's text as it is, and under its earlier texts
    wanted: int  # papers that passed under the text as it is
    before: Topic | None = None  # as it was written before its last edit
    known: Sequence[Paper] = ()  # of earlier days, scored or not: the topic's words keep company in them

    @property
    def trained(self) -> bool:
        return self.scores is not None

    def rank(self, papers: Sequence[Paper]) -> list[float]:
        """The place of each paper among these, 0 to 1, in the order given; by the topic's words at first."""
        words = cold(papers, self.topic, self.known)
        if not self.scores or not papers:
            return words
        weight = (_WORDS_FADE / (_WORDS_FADE + self.wanted)) ** 2
        given = [(1.0, self.scores.rank(papers)), (weight, places(words))]
        if self.before:  # what both texts name is known from the scores; what an edit added is not
            old = places(cold(papers, self.before, self.known))
            given.append((weight * _LEFT_OUT, [1 - place for place in old]))
        return mean([values for _, values in given], [weight for weight, _ in given])

    def fits(self, papers: Sequence[Paper]) -> list[bool]:
        """Whether each paper is about the topic: it contains enough of its words, or resembles papers that passed."""
        taught = self.scores if self.wanted >= FEWEST_WANTED else None
        alike = taught.likely(papers) if taught else [0.0] * len(papers)
        return [fit or value > _ALIKE for fit, value in zip(fitting(papers, self.topic), alike, strict=True)]


Scored = Mapping[Paper, bool]  # whether it passed


def learn(
    topic: Topic, own: Scored, earlier: Scored, known: Sequence[Paper] = (), before: Topic | None = None
) -> Opinions:
    """Learns from papers scored under the topic's text and its earlier texts; of two scores the newer counts.

    `known`: papers of earlier days, whether they have scores or not; `before`: the topic before its last edit.
    """
    both = {**earlier, **own}
    counts = [1.0 if paper in own else _EARLIER_COUNTS for paper in both]
    return Opinions(topic, train(list(both), list(both.values()), counts), sum(own.values()), before, known)
