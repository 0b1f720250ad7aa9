"""One reader's order of papers whose scores are shared by all. Pure; asks no model.

space      how alike two papers are, by the words they share and by the company they keep
learning   what a reader's marks say of other papers
order      the papers of one email, with why each stands there
"""

from __future__ import annotations

from newsletter.ranking.taste.learning import MOST_LIKED, MOST_PASSED, Example, Learned, learn
from newsletter.ranking.taste.order import BELOW, Candidate, Placed, arrange, explored
from newsletter.ranking.taste.space import ANCHORS, Space, counts_of_text, counts_of_words

__all__ = [
    "ANCHORS",
    "BELOW",
    "MOST_LIKED",
    "MOST_PASSED",
    "Candidate",
    "Example",
    "Learned",
    "Placed",
    "Space",
    "arrange",
    "counts_of_text",
    "counts_of_words",
    "explored",
    "learn",
]
