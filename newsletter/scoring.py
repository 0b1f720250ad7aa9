"""Paper × topic → score, several papers a request and many requests at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from newsletter import prompts
from newsletter.errors import BudgetReached, ModelError, ModelRefused
from newsletter.models import Paper, Prompt, Score, Topic, Usage
from newsletter.ports import Complete
from newsletter.prompts import PromptFile

BATCH = 10  # papers a request: with more, models begin to lose ids; with fewer, the instructions cost more than papers
AT_ONCE = 8
_ASKS = 3  # a paper that an answer left out is asked for twice more

Save = Callable[[Mapping[Paper, Score], Usage], None]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one reply held: usable scores by id, and how many rows were not."""

    scores: Mapping[str, Score]
    dropped: int


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run over one topic brought: papers left without a score, and why."""

    unscored: tuple[Paper, ...]
    errors: tuple[ModelError, ...]
    dropped: int


def topic_hash(topic: Topic) -> str:
    """Changes with what the model is told of the topic, and only with that."""
    told = [topic.key, topic.interests, topic.include, topic.exclude]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def build_prompt(template: PromptFile, topic: Topic, papers: Sequence[Paper]) -> Prompt:
    """The request for these papers. Raises TemplateError."""
    told = [{"id": paper.arxiv_id, "title": paper.title, "abstract": paper.abstract} for paper in papers]
    system, user = template.fill(topic=topic, papers=told)
    return Prompt(system, user, "scores", _SCHEMA)


def parse_reply(reply: str, asked: Sequence[str]) -> Parsed:
    """The scores of the asked ids. Raises ValueError when the reply is not the JSON asked for.

    An id that was not asked for, a second row of one id, and a score that is no whole number from 1 to 10 are
    dropped: the paper counts as not answered.
    """
    given = prompts.rows(reply, "scores")
    scores: dict[str, Score] = {}
    doubled = set()
    for row in given:
        arxiv_id, relevance, novelty = row.get("id"), _whole(row.get("r")), _whole(row.get("n"))
        if not isinstance(arxiv_id, str) or arxiv_id not in asked:
            continue
        if arxiv_id in scores:
            doubled.add(arxiv_id)
        elif relevance and novelty:
            scores[arxiv_id] = Score(arxiv_id, relevance, novelty)
    kept = {arxiv_id: score for arxiv_id, score in scores.items() if arxiv_id not in doubled}
    return Parsed(kept, len(given) - len(kept))


async def score(papers: Sequence[Paper], topic: Topic, template: PromptFile, complete: Complete, save: Save) -> Scored:
    """Score all papers for one topic; every reply is saved as it comes. A batch that fails costs its papers only."""
    batches = [papers[start : start + BATCH] for start in range(0, len(papers), BATCH)]
    room = asyncio.Semaphore(AT_ONCE)
    stop = asyncio.Event()

    async def one(batch: Sequence[Paper]) -> Scored:
        async with room:
            if stop.is_set():
                return Scored(tuple(batch), (), 0)
            done = await _score_batch(batch, topic, template, complete, save)
            if any(isinstance(error, (ModelRefused, BudgetReached)) for error in done.errors):
                stop.set()  # the next request would be refused for the same reason
            return done

    done = await asyncio.gather(*(one(batch) for batch in batches))
    return Scored(
        tuple(paper for part in done for paper in part.unscored),
        tuple(error for part in done for error in part.errors),
        sum(part.dropped for part in done),
    )


async def _score_batch(
    papers: Sequence[Paper], topic: Topic, template: PromptFile, complete: Complete, save: Save
) -> Scored:
    left = list(papers)
    dropped = 0
    for _ in range(_ASKS):
        try:
            completion = await complete(build_prompt(template, topic, left))
        except ModelError as error:
            return Scored(tuple(left), (error,), dropped)
        try:
            parsed = parse_reply(completion.text, [paper.arxiv_id for paper in left])
        except ValueError:
            parsed = Parsed({}, len(left))
        save({p: parsed.scores[p.arxiv_id] for p in left if p.arxiv_id in parsed.scores}, completion.usage)
        dropped += parsed.dropped
        left = [paper for paper in left if paper.arxiv_id not in parsed.scores]
        if not left:
            break
    return Scored(tuple(left), (), dropped)


def _whole(value: object) -> int | None:
    """A whole number from 1 to 10, also where a model wrote it as text or as 8.0."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() and 1 <= number <= 10 else None


_ROW = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "r": {"type": "integer"}, "n": {"type": "integer"}},
    "required": ["id", "r", "n"],
    "additionalProperties": False,
}
_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"scores": {"type": "array", "items": _ROW}},
    "required": ["scores"],
    "additionalProperties": False,
}
