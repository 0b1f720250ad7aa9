"""Each paper's place in the order without a model, and whether the model is to see it; kept in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter import ranking, scoring, selection
from newsletter.models import Paper, Ranked, Seen, Topic
from newsletter.pipeline import history
from newsletter.pipeline.desk import Desk


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a paper under a topic."""

    words: str  # picked at which place, or why not
    place: int | None = None  # among the picks, from 1


def rank_topic(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Ranked]:
    """The places by arXiv id; what the ledger lacks is worked out once and saved, so that a repeat decides the same."""
    stored = desk.store.ranks(scoring.topic_hash(topic), papers)
    places = _completed(desk, day, topic, papers, stored)
    fresh = {paper: places[paper.arxiv_id] for paper in papers if paper.arxiv_id not in stored}
    if fresh:
        desk.store.save_ranks(scoring.topic_hash(topic), fresh)
    return places


def ranks(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Ranked]:
    """The places by arXiv id, from the ledger where possible; saves nothing."""
    return _completed(desk, day, topic, papers, desk.store.ranks(scoring.topic_hash(topic), papers))


def _completed(
    desk: Desk, day: date, topic: Topic, papers: Sequence[Paper], stored: Mapping[str, Ranked]
) -> Mapping[str, Ranked]:
    if len(stored) == len({paper.arxiv_id for paper in papers}):
        return stored
    return {**_made(desk, day, topic, papers), **stored}


def _made(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Ranked]:
    past = history.of(desk, topic, day)
    learned = _learned(desk, day, past)
    values, fits = learned.rank(papers), learned.fits(papers)
    by_id = {paper.arxiv_id: value for paper, value in zip(papers, values, strict=True)}
    seen = _seen(by_id, _share(desk, past) if learned.trained else 1.0, topic, papers)
    return {
        paper.arxiv_id: Ranked(
            value=by_id[paper.arxiv_id], trained=learned.trained, fits=fit, seen=seen[paper.arxiv_id]
        )
        for paper, fit in zip(papers, fits, strict=True)
    }


def opinions(desk: Desk, day: date, topic: Topic) -> ranking.Opinions:
    """What the ledger teaches of a topic before a day."""
    return _learned(desk, day, history.of(desk, topic, day))


def _learned(desk: Desk, day: date, past: history.History) -> ranking.Opinions:
    return ranking.learn(past.topic, past.own, past.earlier, history.known(desk, past.topic, day), past.before)


def _share(desk: Desk, past: history.History) -> float:
    """The share of the day that the model is to see."""
    if desk.prefilter is None and desk.prefilter_loss is None:
        return 1.0
    days = list(history.measured(desk, past))
    if desk.prefilter_loss is not None:
        own = [papers for is_own, papers in days if is_own]
        return ranking.loss_share(desk.prefilter_loss, [papers for _, papers in days], own)
    return ranking.share(desk.prefilter or 1.0, [papers for _, papers in days])


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
