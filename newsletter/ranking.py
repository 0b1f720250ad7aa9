"""Relevance without a model: how close a paper's words are to the topic's text (TF-IDF cosine)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.models import Paper, Topic

_TITLE_WEIGHT = 2  # the title counts twice: it says what the paper is about, the abstract what it compares with


def similarities(papers: Sequence[Paper], topic: Topic) -> list[float]:
    """For each paper its closeness to the topic, 0 (no word in common) to 1, in the order given."""
    if not papers:
        return []
    # 2.5 s to import: only when a day is ranked.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    wanted = " ".join([topic.title, topic.interests, *topic.include])
    texts = [" ".join([paper.title] * _TITLE_WEIGHT + [paper.abstract]) for paper in papers]
    vectorizer = TfidfVectorizer(
        preprocessor=_words,
        token_pattern=r"[^\W\d_][\w+]+",  # noqa: S106 - words, no password
        ngram_range=(1, 2),
        sublinear_tf=True,
        stop_words=sorted({_words(word) for word in ENGLISH_STOP_WORDS}),
    )
    try:
        # The topic is left out of the fit: its own words would otherwise look less rare than the day has them.
        matrix = vectorizer.fit_transform(texts)
    except ValueError:  # nothing but stop words: an odd day, but no reason to fail
        return [0.0] * len(papers)
    return [float(value) for value in (matrix @ vectorizer.transform([wanted]).T).toarray()[:, 0]]


def _words(text: str) -> str:
    # "Mixture-of-Experts" and "mixture of experts" are the same words; so are singular and plural of most nouns.
    return re.sub(r"(?<=[a-z]{3})(?<!s)s\b", "", text.lower().replace("-", " "))
