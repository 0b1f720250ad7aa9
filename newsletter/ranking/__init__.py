"""Relevance without a model: by the topic's words, and by what a model scored before; and a prefilter.

interests    what a topic's text wants and what it does not (signals, glossary: its words)
cold         the order by these words (feedback: made wider by the first of all papers, also of earlier days)
trained      the order by earlier scores (vectors, logistic, neighbours: how it is learned)
opinions     one order of both, and of scores under the topic's earlier texts
closeness    whether a paper is about the topic at all
moving       which words moved a paper
prefilter    how much of a day the model has to see
"""

from __future__ import annotations

from newsletter.ranking import interests, moving
from newsletter.ranking.closeness import fitting
from newsletter.ranking.cold import cold
from newsletter.ranking.opinions import FORGOTTEN, Opinions, learn
from newsletter.ranking.prefilter import FEWEST_DAYS, Past, is_sample, loss_share, recall, share, top
from newsletter.ranking.trained import FEWEST_WANTED, Trained, train

__all__ = [
    "FEWEST_DAYS",
    "FEWEST_WANTED",
    "FORGOTTEN",
    "Opinions",
    "Past",
    "Trained",
    "cold",
    "fitting",
    "interests",
    "is_sample",
    "learn",
    "loss_share",
    "moving",
    "recall",
    "share",
    "top",
    "train",
]
