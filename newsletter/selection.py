"""Judged papers → picks: thresholds, followed authors, lifting and dropping words, and one order over all topics."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from newsletter.models import Judged, Paper, Pick, Topic

NEAREST = 3  # papers of a day on which nothing passed
_OFFLINE_SHARE = 0.10  # without a model nobody says what is good enough: the closest tenth of the day


def select(judged: Sequence[Judged], topic: Topic, *, offline: bool) -> list[Pick]:
    """The papers of one topic that pass, best first.

    With scores a paper passes by the topic's thresholds; offline, the best tenth by word match does, if it is about the
    topic at all.
    """
    passed = [one for one in judged if why_not(one, topic, offline=offline) is None]
    if offline:
        # The scores of a day that has too few of them would put every scored paper first, the poor ones too.
        passed = [replace(one, score=None) for one in passed]
    picks = sorted((pick_of(one, topic) for one in passed), key=rank)
    if not offline:
        return picks
    by_author = [pick for pick in picks if pick.by_author]
    near = {one.paper.arxiv_id for one in passed if one.fits and one.similarity > 0}
    closest = [pick for pick in picks if not pick.by_author and pick.paper.arxiv_id in near]
    return by_author + closest[: math.ceil(len(judged) * _OFFLINE_SHARE)]


def nearest(judged: Sequence[Judged], topic: Topic, *, offline: bool) -> list[Pick]:
    """The papers of one topic that did not pass and came closest, at most three, best first.

    Not those with a word that the reader excludes; without scores only those that are about the topic.
    """
    near = [one for one in judged if one.score or (one.fits and one.similarity > 0)]
    if offline:
        near = [replace(one, score=None) for one in near if one.fits and one.similarity > 0]
    allowed = [one for one in near if topic.covers(one.paper) and not first_match(text_of(one.paper), topic.exclude)]
    return sorted((pick_of(one, topic) for one in allowed), key=rank)[:NEAREST]


def merge(by_topic: Iterable[Sequence[Pick]], most: int | None = None) -> list[Pick]:
    """The picks of several topics as one list, best first, each paper once naming all its topics, at most `most`."""
    found: dict[str, list[Pick]] = defaultdict(list)
    for pick in (pick for picks in by_topic for pick in picks):
        found[pick.paper.arxiv_id].append(pick)
    return sorted((_joined(picks) for picks in found.values()), key=rank)[:most]


def rank(pick: Pick) -> tuple[bool, int, int, float, str]:
    """The order of an email: followed authors, then relevance; novelty and word match only break ties."""
    relevance, novelty = (pick.score.relevance, pick.score.novelty) if pick.score else (0, 0)
    return (pick.by_author is None, -relevance, -novelty, -pick.similarity, pick.paper.arxiv_id)


def why_not(judged: Judged, topic: Topic, *, offline: bool = False) -> str | None:
    """In one clause why the paper does not pass this topic, or None when it passes."""
    paper, score = judged.paper, judged.score
    if not topic.covers(paper):
        return f"none of its categories ({', '.join(paper.categories)}) is one of yours"
    if followed(paper, topic):
        return None
    text = text_of(paper)
    if dropping := first_match(text, topic.exclude):
        return f"it contains the excluded word {dropping!r}"
    if offline:
        return None
    if score is None:
        return "it has no score" if judged.shown else "the model did not see it: its word match is too low"
    lift = 1 if first_match(text, topic.include) else 0
    if score.relevance + lift < topic.min_relevance:
        return f"relevance {score.relevance} is below {topic.min_relevance}"
    return f"novelty {score.novelty} is below {topic.min_novelty}" if score.novelty < topic.min_novelty else None


def text_of(paper: Paper) -> str:
    """Where words are looked for."""
    return f"{paper.title}\n{paper.abstract}"


def first_match(text: str, words: Sequence[str]) -> str | None:
    """The first of the words or phrases that the text contains as whole words, in upper or lower case."""
    return next((word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)), None)


def followed(paper: Paper, topic: Topic) -> str | None:
    """The first followed author of the paper; ignores case and accents."""
    names = {bare(name): name for name in paper.authors}
    return next((names[bare(author)] for author in topic.authors if bare(author) in names), None)


def bare(name: str) -> str:
    """A name without case and accents."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def pick_of(judged: Judged, topic: Topic) -> Pick:
    """The paper as a pick of this topic, whether or not it passes."""
    return Pick(
        paper=judged.paper,
        issue=judged.issue,
        topics=(topic.key,),
        score=judged.score,
        similarity=judged.similarity,
        by_author=followed(judged.paper, topic),
    )


def _joined(picks: Sequence[Pick]) -> Pick:
    """One pick of the same paper's under several topics, with the best that any of them says."""
    ordered = sorted(picks, key=rank)
    best = ordered[0]
    scores = [pick.score for pick in ordered if pick.score]
    return Pick(
        paper=best.paper,
        issue=best.issue,
        topics=tuple(dict.fromkeys(topic for pick in ordered for topic in pick.topics)),
        score=max(scores, key=lambda score: (score.relevance, score.novelty), default=None),
        similarity=max(pick.similarity for pick in ordered),
        by_author=best.by_author,
    )
