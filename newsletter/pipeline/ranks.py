"""Each paper's place in the order without a model, and whether the model is to see it; kept in the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter import ranking, scoring, selection
from newsletter.models import Paper, Ranked, Score, Seen, Topic
from newsletter.pipeline.desk import Desk

_MOST_PAST = 6000  # scored papers of earlier issues to learn from: about twenty days of two large categories
_MEASURED_DAYS = 20  # by which the prefilter is judged


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a paper under a topic."""

    words: str  # picked at which place, or why not
    place: int | None = None  # among the picks, from 1


Past = Sequence[tuple[date, Paper, Score, str, str]]


def rank_topic(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Ranked]:
    """The places by arXiv id; what the ledger lacks is worked out once and saved, so that a repeat decides the same."""
    stored = desk.store.ranks(scoring.topic_hash(topic), papers)
    places = _completed(desk, day, topic, papers, stored)
    fresh = {paper: places[paper.arxiv_id] for paper in papers if paper.arxiv_id not in stored}
    if fresh:
        desk.store.save_ranks(scoring.topic_hash(topic), fresh)
    return places


def ranks(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Ranked]:
    """The places by arXiv id, from the ledger as far as it has them; saves nothing."""
    return _completed(desk, day, topic, papers, desk.store.ranks(scoring.topic_hash(topic), papers))


def _completed(
    desk: Desk, day: date, topic: Topic, papers: Sequence[Paper], stored: Mapping[str, Ranked]
) -> Mapping[str, Ranked]:
    if len(stored) == len({paper.arxiv_id for paper in papers}):
        return stored
    return {**_made(desk, day, topic, papers), **stored}


def _made(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Ranked]:
    past = desk.store.earlier_scores(scoring.topic_hash(topic), day, _MOST_PAST)
    known = {paper: _passes(score, topic) for _, paper, score, _, _ in reversed(past)}
    trained = ranking.train(list(known), list(known.values()))
    values = trained.rank(papers) if trained else ranking.cold(papers, topic)
    by_id = {paper.arxiv_id: value for paper, value in zip(papers, values, strict=True)}
    share = ranking.share(desk.prefilter, _measured(desk, topic, past)) if desk.prefilter and trained else 1.0
    seen = _seen(by_id, share, topic, papers)
    return {
        arxiv_id: Ranked(value=value, trained=trained is not None, seen=seen[arxiv_id])
        for arxiv_id, value in by_id.items()
    }


def _seen(values: Mapping[str, float], share: float, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Seen]:
    if share >= 1.0:
        return dict.fromkeys(values, Seen.ALL)
    highest = ranking.top(values, share)
    followed = {paper.arxiv_id for paper in papers if selection.followed(paper, topic)}
    topic_hash = scoring.topic_hash(topic)
    drawn = {arxiv_id for arxiv_id in values if ranking.is_sample(arxiv_id, topic_hash)}
    return {
        arxiv_id: Seen.TOP if arxiv_id in highest | followed else Seen.SAMPLE if arxiv_id in drawn else Seen.NO
        for arxiv_id in values
    }


def _measured(desk: Desk, topic: Topic, past: Past) -> list[list[ranking.Past]]:
    """The last days that this prompt and these models scored and that were ranked by training, each paper once."""
    scores: dict[date, dict[str, Score]] = defaultdict(dict)
    for day, paper, score, prompt_hash, model in past:
        if prompt_hash == desk.score_prompt.hash and model in desk.scoring_models:
            scores[day].setdefault(paper.arxiv_id, score)
    days = []
    for day in sorted(scores, reverse=True)[:_MEASURED_DAYS]:
        papers = [paper for paper in desk.store.papers(day) if topic.covers(paper)]
        placed = desk.store.ranks(scoring.topic_hash(topic), papers)
        if placed and all(one.trained for one in placed.values()):
            days.append([_past(one, scores[day].get(arxiv_id), topic) for arxiv_id, one in placed.items()])
    return days


def _past(placed: Ranked, score: Score | None, topic: Topic) -> ranking.Past:
    return ranking.Past(placed.value, placed.seen, _passes(score, topic) if score else None)


def _passes(score: Score, topic: Topic) -> bool:
    return score.relevance >= topic.min_relevance


def recorded_fate(desk: Desk, topic: Topic, paper: Paper) -> Fate | None:
    """What became of the paper under the topic as it is written now; None before the issue was made."""
    placed = desk.store.ranks(scoring.topic_hash(topic), [paper]).get(paper.arxiv_id)
    return Fate(placed.fate, placed.place) if placed and placed.fate else None


def save_fates(desk: Desk, topic: Topic, fates: Mapping[Paper, Fate]) -> None:
    """What became of each paper, beside its value in the order without a model."""
    topic_hash = scoring.topic_hash(topic)
    placed = desk.store.ranks(topic_hash, fates)
    decided = {
        paper: replace(placed[paper.arxiv_id], fate=fate.words, place=fate.place) for paper, fate in fates.items()
    }
    changed = {paper: one for paper, one in decided.items() if one != placed[paper.arxiv_id]}
    if changed:
        desk.store.save_ranks(topic_hash, changed)
