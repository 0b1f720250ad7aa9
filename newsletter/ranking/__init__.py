"""Relevance without a model: cold from the topic's words, trained on what a model scored before; and a prefilter."""

from __future__ import annotations

from newsletter.ranking.cold import cold
from newsletter.ranking.prefilter import Past, is_sample, recall, share, top
from newsletter.ranking.trained import FEWEST_WANTED, Trained, train

__all__ = ["FEWEST_WANTED", "Past", "Trained", "cold", "is_sample", "recall", "share", "top", "train"]
