"""One order from what the topic's text, scores under it, and scores under its earlier texts say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.models import Paper, Topic
from newsletter.ranking.cold import cold
from newsletter.ranking.places import mean, places
from newsletter.ranking.trained import Trained, train

# How many papers must have passed under the new text until an opinion counts half as much as at first. Measured on
# changes of interests made up from days before March 2026: flat from 20 to 80.
_EARLIER_FADES = 40
_WORDS_FADE = 20
_OWN_GROWS = 20
FORGOTTEN = 10 * _EARLIER_FADES  # from here on the earlier text's scores are not even read


@dataclass(frozen=True, slots=True)
class Opinions:
    """What can be said of a topic's papers before a model is asked."""

    topic: Topic
    own: Trained | None  # by scores under the topic's text as it is
    earlier: Trained | None  # by scores under its earlier texts
    wanted: int  # papers that passed under the text as it is

    @property
    def trained(self) -> bool:
        return self.own is not None or self.earlier is not None

    def rank(self, papers: Sequence[Paper]) -> list[float]:
        """For each paper its place among these, 0 to 1, in the order given; by the topic's words while nothing else."""
        if not self.trained or not papers:
            return cold(papers, self.topic)
        given = [
            (self.wanted / (self.wanted + _OWN_GROWS), self.own.rank(papers) if self.own else None),
            (_EARLIER_FADES / (self.wanted + _EARLIER_FADES), self.earlier.rank(papers) if self.earlier else None),
            (_WORDS_FADE / (self.wanted + _WORDS_FADE), cold(papers, self.topic)),
        ]
        weighted = [(weight, places(values)) for weight, values in given if values is not None]
        return mean([values for _, values in weighted], [weight for weight, _ in weighted])


Scored = tuple[Sequence[Paper], Sequence[bool]]


def learn(topic: Topic, own: Scored, earlier: Scored = ((), ())) -> Opinions:
    """What papers scored under the topic's text, and under its earlier texts, teach; each with whether it passed."""
    return Opinions(topic, train(*own), train(*earlier), sum(own[1]))
