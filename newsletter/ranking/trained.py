"""The order of a day by what was scored before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.models import Paper
from newsletter.ranking.words import pairs, stems, text_of

FEWEST_WANTED = 20  # papers that passed before; with fewer the topic's own words know more
_LOSS_WEIGHT = 3.0  # of the logistic regression (C); measured on days before March 2026, flat from 1 to 30


@dataclass(frozen=True, slots=True)
class Trained:
    """What earlier scores teach: TF-IDF and a logistic regression, for one topic."""

    vectorizer: Any
    model: Any

    def rank(self, papers: Sequence[Paper]) -> list[float]:
        """For each paper how likely it passes, 0 to 1, in the order given."""
        if not papers:
            return []
        found = self.model.predict_proba(self.vectorizer.transform([text_of(paper) for paper in papers]))
        return [float(value) for value in found[:, 1]]


def train(papers: Sequence[Paper], passed: Sequence[bool]) -> Trained | None:
    """Learn from papers of earlier days which of them passed; None while too few did, or all."""
    if sum(passed) < FEWEST_WANTED or all(passed):
        return None
    # 2.5 s to import: only when a day is ranked.
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(analyzer=_terms, min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=_LOSS_WEIGHT, class_weight="balanced", max_iter=1000)
    model.fit(vectorizer.fit_transform([text_of(paper) for paper in papers]), list(passed))
    return Trained(vectorizer, model)


def _terms(text: str) -> Iterable[str]:
    return pairs(stems(text))
