"""The papers of an issue under each topic: with scores, and with their place in the order without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from newsletter import scoring, selection
from newsletter.errors import BudgetReached, ModelError
from newsletter.models import Completion, IssueState, Judged, Paper, Pick, Score, Seen, Topic
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.ranks import Fate, rank_topic, ranks
from newsletter.scoring import Scored

_MOST_UNSCORED = 0.20  # above this share the scores of a day would mislead: the order by words is used and said


@dataclass(frozen=True, slots=True)
class TopicDay:
    """One topic's papers of one issue."""

    topic: Topic
    judged: tuple[Judged, ...]
    offline: bool  # no model, or it failed for too many

    @property
    def unscored(self) -> tuple[Judged, ...]:
        """Papers that were to have a score and have none."""
        return tuple(one for one in self.judged if one.score is None and one.shown)

    def picks(self) -> list[Pick]:
        return selection.select(self.judged, self.topic, offline=self.offline)

    def nearest(self) -> list[Pick]:
        return selection.nearest(self.judged, self.topic, offline=self.offline)

    def fates(self) -> Mapping[Paper, Fate]:
        """Of each paper: picked at which place, or why not."""
        places = {pick.paper.arxiv_id: place for place, pick in enumerate(self.picks(), start=1)}
        return {one.paper: self._fate(one, places) for one in self.judged}

    def _fate(self, one: Judged, places: Mapping[str, int]) -> Fate:
        if place := places.get(one.paper.arxiv_id):
            return Fate(f"picked as number {place} of {len(places)}", place)
        return Fate(selection.why_not(one, self.topic, offline=self.offline) or self._not_closest(one))

    def _not_closest(self, one: Judged) -> str:
        return "others match better" if one.fits else "too few of its words match the topic"


def score_topic(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Scored:
    """Ask for the scores that are not in the ledger, best word match first; each answer is saved as it comes."""
    places = rank_topic(desk, day, topic, papers)
    stored = stored_scores(desk, day, topic, papers)
    known = desk.store.model_facts(day)
    answered = {*stored, *(known.flagged if known else ())}  # what a provider refused it refuses again
    lacking = [p for p in papers if p.arxiv_id not in answered and places[p.arxiv_id].seen is not Seen.NO]
    lacking.sort(key=lambda paper: -places[paper.arxiv_id].value)
    complete = desk.scoring_within_budget(day)
    if complete is None or not lacking:
        return Scored((), (), 0)
    done = len(papers) - len(lacking)

    def save(scored: Mapping[Paper, Score], completion: Completion) -> None:
        nonlocal done
        key = scoring.topic_hash(topic), desk.score_prompt.hash, completion.model
        desk.store.save_scores(day, *key, scored, completion.usage)
        done += len(scored)
        desk.progress(f"scoring for {topic.key}", done, len(papers))

    return asyncio.run(scoring.score(lacking, topic, desk.score_prompt, complete, save))


def stored_scores(desk: Desk, day: date, topic: Topic, papers: Sequence[Paper]) -> Mapping[str, Score]:
    """The ledger's scores for this topic as it is written now: by any of the models in use and, for
    an issue prepared earlier, by any prompt and model.
    """
    past = is_past(desk, day)
    if desk.model is None:
        return {}
    key = scoring.topic_hash(topic), desk.score_prompt.hash, desk.scoring_models
    return desk.store.scores(*key, papers, past=past)


def is_past(desk: Desk, day: date) -> bool:
    """Whether the issue was made: a changed prompt or model does not pay for it again."""
    issue = desk.store.issue(day)
    return issue is not None and issue.state is IssueState.READY


def judge(desk: Desk, day: date, topic: Topic) -> TopicDay:
    """The topic's papers of this issue with everything that is known about them; makes no requests."""
    papers = [paper for paper in desk.store.papers(day) if topic.covers(paper)]
    scores = stored_scores(desk, day, topic, papers)
    places = ranks(desk, day, topic, papers)
    judged = tuple(
        Judged(
            paper=paper,
            issue=day,
            score=scores.get(paper.arxiv_id),
            similarity=places[paper.arxiv_id].value,
            fits=places[paper.arxiv_id].fits,
            shown=places[paper.arxiv_id].seen is not Seen.NO or paper.arxiv_id in scores,
        )
        for paper in papers
    )
    shown = [one for one in judged if one.shown]
    lost = [one for one in shown if one.score is None]
    return TopicDay(topic, judged, desk.model is None or len(lost) > _MOST_UNSCORED * len(shown))


def why(errors: Sequence[ModelError]) -> str:
    """The errors of a stage in one line, the budget first: it explains the others."""
    ordered = sorted(errors, key=lambda error: not isinstance(error, BudgetReached))
    texts = list(dict.fromkeys(str(error) for error in ordered))
    return texts[0] if len(texts) == 1 else f"{texts[0]} (and {len(texts) - 1} other errors)"
