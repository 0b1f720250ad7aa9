"""The papers of an issue under each topic: with scores, and with closeness in words as the fallback."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from newsletter import ranking, scoring, selection
from newsletter.errors import BudgetReached, ModelError
from newsletter.models import Judged, Paper, Pick, Score, Topic, Usage
from newsletter.pipeline.desk import Desk, budgeted

_MOST_UNSCORED = 0.20  # above this share the scores of a day would mislead: the order by words is used and said


@dataclass(frozen=True, slots=True)
class TopicDay:
    """One topic's papers of one issue."""

    topic: Topic
    judged: tuple[Judged, ...]
    offline: bool  # no model, or it failed for too many

    @property
    def unscored(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.score is None)

    def picks(self) -> list[Pick]:
        return selection.select(self.judged, self.topic, offline=self.offline)


def score_topic(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> tuple[ModelError, ...]:
    """Ask for the scores that the ledger lacks; each answer is in the ledger before the next is asked for."""
    complete = budgeted(desk, desk.scorer, desk.model, day)
    lacking = [paper for paper in papers if paper.arxiv_id not in stored_scores(desk, topic, papers)]
    if complete is None or desk.model is None or not lacking:
        return ()
    model, done = desk.model, len(papers) - len(lacking)

    def save(scored: Mapping[Paper, Score], usage: Usage) -> None:
        nonlocal done
        desk.store.save_scores(day, scoring.topic_hash(topic), desk.score_prompt.hash, model, scored, usage)
        done += len(scored)
        desk.progress(f"scoring for {topic.key}", done, len(papers))

    return asyncio.run(scoring.score(lacking, topic, desk.score_prompt, complete, save)).errors


def stored_scores(desk: Desk, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Score]:
    """What the ledger holds for this topic as it is written now."""
    if desk.model is None:
        return {}
    return desk.store.scores(scoring.topic_hash(topic), desk.score_prompt.hash, desk.model, papers)


def judge(desk: Desk, day: date, topic: Topic) -> TopicDay:
    """The topic's papers of this issue with everything that is known of them; asks nobody."""
    papers = [paper for paper in desk.store.papers(day) if topic.covers(paper)]
    scores = stored_scores(desk, topic, papers)
    closeness = ranking.similarities(papers, topic)
    judged = tuple(
        Judged(paper=paper, issue=day, score=scores.get(paper.arxiv_id), similarity=similarity)
        for paper, similarity in zip(papers, closeness, strict=True)
    )
    offline = bool(papers) and len(papers) - len(scores) > _MOST_UNSCORED * len(papers)
    return TopicDay(topic, judged, offline or desk.model is None)


def why(errors: Sequence[ModelError]) -> str:
    """The errors of a stage in one line, the budget first: it explains the others."""
    ordered = sorted(errors, key=lambda error: not isinstance(error, BudgetReached))
    texts = list(dict.fromkeys(str(error) for error in ordered))
    return texts[0] if len(texts) == 1 else f"{texts[0]} (and {len(texts) - 1} other errors)"
