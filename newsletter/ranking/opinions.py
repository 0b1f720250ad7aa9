"""Combines the topic's text, scores under it and scores under its earlier texts into one order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import Paper, Topic
from newsletter.ranking.closeness import fitting
from newsletter.ranking.cold import cold
from newsletter.ranking.places import mean, places
from newsletter.ranking.trained import Trained, train

# How many papers must have passed under the text as it is until an opinion counts half. Measured on 112 mornings after
# changes of interests made up from days before March 2026, small and large ones: flat around these.
_OWN_GROWS = 100
_EARLIER_FADES = 300
_WORDS_FADE = 60
_WORDS_FIRST, _WORDS_LAST = 1.0, 0.1  # what the text itself says never counts for nothing
_ALIKE = 0.5  # more likely than not, both kinds counting alike
FORGOTTEN = 800  # papers that passed: from here on the scores under earlier texts are not even read


@dataclass(frozen=True, slots=True)
class Opinions:
    """What can be said of a topic's papers before a model is asked."""

    topic: Topic
    own: Trained | None  # by scores under the topic's text as it is
    earlier: Trained | None  # by scores under its earlier texts too
    wanted: int  # papers that passed under the text as it is
    known: Sequence[Paper] = ()  # of earlier days, scored or not: the topic's words keep company in them

    @property
    def trained(self) -> bool:
        return self.own is not None or self.earlier is not None

    def rank(self, papers: Sequence[Paper]) -> list[float]:
        """The place of each paper among these, 0 to 1, in the order given; by the topic's words at first."""
        if not self.trained or not papers:
            return cold(papers, self.topic, self.known)
        words = max(_WORDS_LAST, _WORDS_FIRST * _faded(self.wanted, _WORDS_FADE))
        given = [
            (1 - _faded(self.wanted, _OWN_GROWS), self.own.rank(papers) if self.own else None),
            (_faded(self.wanted, _EARLIER_FADES), self.earlier.rank(papers) if self.earlier else None),
            (words, cold(papers, self.topic, self.known)),
        ]
        weighted = [(weight, places(values)) for weight, values in given if values is not None]
        return mean([values for _, values in weighted], [weight for weight, _ in weighted])

    def fits(self, papers: Sequence[Paper]) -> list[bool]:
        """Whether each paper is about the topic: it contains enough of its words, or resembles papers that passed."""
        alike = self.own.rank(papers) if self.own else [0.0] * len(papers)
        return [fit or value > _ALIKE for fit, value in zip(fitting(papers, self.topic), alike, strict=True)]


Scored = Mapping[Paper, bool]  # whether it passed


def learn(topic: Topic, own: Scored, earlier: Scored, known: Sequence[Paper] = ()) -> Opinions:
    """Learns from papers scored under the topic's text and its earlier texts; of two scores the newer counts.

    `known`: papers of earlier days, whether they have scores or not.
    """
    both = {**earlier, **own}
    before = train(list(both), list(both.values())) if earlier else None
    return Opinions(topic, train(list(own), list(own.values())), before, sum(own.values()), known)


def _faded(wanted: int, half: int) -> float:
    return half / (half + wanted)
