"""Paper × topic → score, several papers a request and many requests at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter import answers
from newsletter.errors import (
    BudgetReached,
    ModelError,
    ModelRefused,
    ModelUnreadable,
    RequestRefused,
    RequestTooLong,
)
from newsletter.models import AnswerState, Completion, Paper, Prompt, Score, Topic
from newsletter.ports import Complete
from newsletter.prompts import PromptFile

BATCH = 15  # papers a request: more make the answer long to wait for, fewer cost more in instructions than in papers
BLOCK = 60  # papers that are dealt among each other: four requests
AT_ONCE = 32  # the model's own limit may be lower; this one keeps a refused key from being tried for the whole day
_ASKS = 3  # a paper that an answer left out is asked for twice more
_MOST_ASKS = 12  # one batch whose answers cannot be read: in every form of every model twice, but no more than this
# Says nothing of the science, and costs as many tokens as a sentence.
_LINK = re.compile(r"https?://[^\s{}]*[^\s{}.,;:)]")
_POINTER_WORDS = 13  # a last sentence with a link and no more words than these only says where the code is
_ROW_TOKENS = 12  # of an answer, for one paper

# A paper that speaks to its judge is asked about alone: what it says can then change no other paper's score. Papers
# about such attacks quote them; for those it costs one short request more.
_ADDRESSES_THE_JUDGE = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\b(?:instruction|prompt|rule|above|previous)"
    r"|\b(?:score|rate|rank|mark|judge)\b[^.]{0,40}\b(?:10|ten|highest|maximum|lowest)\b"
    r"|\b(?:you are|as) an? (?:ai|language model|assistant|reviewer)\b|\bsystem prompt\b"
    r"|</?(?:paper|topic|system|user|instructions?)\b"
    r"|忽略.{0,20}(?:指令|要求|规则)|(?:评分|打分|给).{0,8}(?:10|十) ?分",
    re.IGNORECASE,
)

Save = Callable[[Mapping[Paper, Score], Completion], None]


@dataclass(frozen=True, slots=True)
class Parsed:
    """The content of one reply: usable scores by arXiv id, and the number of unusable rows."""

    scores: Mapping[str, Score]
    dropped: int


@dataclass(frozen=True, slots=True)
class Scored:
    """The result of a run over one topic: papers left without a score, and why."""

    unscored: tuple[Paper, ...]
    errors: tuple[ModelError, ...]
    dropped: int
    refused: tuple[Paper, ...] = ()  # of the unscored: for what they hold
    causes: tuple[str, ...] = ()  # of answers that were not good, each with its reason


def topic_text(topic: Topic) -> str:
    """What the model is told of the topic, as the ledger keeps it."""
    return json.dumps([topic.key, topic.interests, topic.include, topic.exclude])


def topic_hash(topic: Topic) -> str:
    """Changes with what the model is told of the topic, and only with that."""
    return hashlib.sha256(topic_text(topic).encode()).hexdigest()[:16]


def with_text(topic: Topic, text: str) -> Topic:
    """The topic as it was when this was its text."""
    _, interests, include, exclude = json.loads(text)
    return replace(topic, interests=interests, include=tuple(include), exclude=tuple(exclude))


def _without_links(abstract: str) -> str:
    said, end, last = abstract.rpartition(". ")
    if said and len(last.split()) <= _POINTER_WORDS and _LINK.search(last):
        abstract = said + end.strip()
    return _LINK.sub("", abstract)


def build_prompt(template: PromptFile, topic: Topic, papers: Sequence[Paper]) -> Prompt:
    """The request for these papers. Raises TemplateError."""
    names = _names([paper.arxiv_id for paper in papers])
    told = [
        {"id": names[paper.arxiv_id], "title": paper.title, "abstract": _without_links(paper.abstract)}
        for paper in papers
    ]
    system, user = template.fill(topic=topic, papers=told)
    return Prompt(
        system,
        user,
        "scores",
        _schema(list(names.values())),
        expected_tokens=10 + _ROW_TOKENS * len(papers),
        ids=tuple(dict.fromkeys((*names.values(), *names))),
        parts=len(papers),
    )


def _names(arxiv_ids: Sequence[str]) -> Mapping[str, str]:
    """What each paper is called in one request: its number within the month, where no other has the same."""
    short = {arxiv_id: re.split(r"[./]", arxiv_id)[-1] for arxiv_id in arxiv_ids}
    times = Counter(short.values())
    return {arxiv_id: name if times[name] == 1 else arxiv_id for arxiv_id, name in short.items()}


def parse_reply(reply: str, asked: Sequence[str]) -> Parsed:
    """The scores of the asked arXiv ids. Raises ValueError when the reply is not the JSON asked for.

    An id that was not asked for, a second row of one id, and a score that is no whole number from 1 to 10 are
    dropped: the paper counts as not answered.
    """
    called = {name: arxiv_id for arxiv_id, name in _names(asked).items()} | {one: one for one in asked}
    given = answers.rows(reply, "scores", called)
    scores: dict[str, Score] = {}
    doubled = set()
    for row in given:
        name, relevance, novelty = _read_row(row)
        arxiv_id = called.get(name) if isinstance(name, str) else None
        if arxiv_id is None:
            continue
        if arxiv_id in scores:
            doubled.add(arxiv_id)
        elif relevance and novelty:
            scores[arxiv_id] = Score(arxiv_id, relevance, novelty)
    kept = {arxiv_id: score for arxiv_id, score in scores.items() if arxiv_id not in doubled}
    return Parsed(kept, len(given) - len(kept))


def _read_row(row: object) -> tuple[object, int | None, int | None]:
    """`"06003 8 5"` as it is asked for; also the object and the list that models and older prompts write."""
    if isinstance(row, str):
        row = re.split(r"[\s,;:|]+", row.strip())
    if isinstance(row, list) and len(row) == 3:
        return row[0], _whole(row[1]), _whole(row[2])
    if isinstance(row, dict):
        return row.get("id"), _whole(row.get("r")), _whole(row.get("n"))
    return None, None, None


async def score(papers: Sequence[Paper], topic: Topic, template: PromptFile, complete: Complete, save: Save) -> Scored:
    """Score all papers for one topic; every reply is saved as it comes. A failed batch affects only its own papers.

    A request that is refused for its length or content, or whose answer was cut, is made smaller: of a batch with one
    paper that a provider refuses, all others get their score.
    """
    room = asyncio.Semaphore(AT_ONCE)
    stop = asyncio.Event()
    asker = _Asker(topic, template, complete, save, stop)

    async def one(batch: Sequence[Paper]) -> Scored:
        async with room:
            return await asker.ask(batch)

    return _joined(await asyncio.gather(*(one(batch) for batch in _batches(papers))))


def _joined(parts: Sequence[Scored]) -> Scored:
    return Scored(
        tuple(paper for part in parts for paper in part.unscored),
        tuple(error for part in parts for error in part.errors),
        sum(part.dropped for part in parts),
        tuple(paper for part in parts for paper in part.refused),
        tuple(cause for part in parts for cause in part.causes),
    )


def _batches(papers: Sequence[Paper]) -> Iterator[Sequence[Paper]]:
    """The papers, best first, block by block; a paper that addresses the model goes last, in a request of its own.

    Within a block they are dealt like cards, so that no request has the fifteen best of the day while its prompt says
    that most papers score low; the best block comes first, so that a stop loses the rest.
    """
    loud: list[Paper] = []
    quiet: list[Paper] = []
    for paper in papers:
        (loud if _ADDRESSES_THE_JUDGE.search(f"{paper.title}\n{paper.abstract}") else quiet).append(paper)
    blocks = max(1, round(len(quiet) / BLOCK))
    for block in range(blocks):
        dealt = quiet[len(quiet) * block // blocks : len(quiet) * (block + 1) // blocks]
        hands = -(-len(dealt) // BATCH)
        yield from (dealt[hand::hands] for hand in range(hands))
    yield from ([paper] for paper in loud)


def _unreadable(completion: Completion, answered: Sequence[Paper]) -> tuple[ModelError, ...]:
    """The error of a batch whose last answer was in vain."""
    in_vain = completion.state is not AnswerState.GOOD and not answered
    return (ModelUnreadable(completion.model, completion.cause),) if in_vain else ()


@dataclass(frozen=True)
class _Asker:
    """Asks about one batch until each of its papers has a score or a reason to have none."""

    topic: Topic
    template: PromptFile
    complete: Complete
    save: Save
    stop: asyncio.Event  # set when the next request would be refused for the same reason

    async def ask(self, papers: Sequence[Paper], *, made_smaller: bool = False) -> Scored:
        """`made_smaller`: after an answer that was cut before its first row, which helps once."""
        left, asks = list(papers), 0
        failed: tuple[str, ...] = ()
        done = Scored((), (), 0)
        while left:
            if self.stop.is_set():
                return _joined([done, Scored(tuple(left), (), 0)])
            prompt = replace(build_prompt(self.template, self.topic, left), failed=failed)
            try:
                completion = await self.complete(prompt)
            except ModelError as error:
                return _joined([done, await self._failed(left, error)])
            parsed = self._saved(left, completion)
            done = _joined([done, Scored((), (), parsed.dropped, (), (completion.cause,) if completion.cause else ())])
            answered = [paper for paper in left if paper.arxiv_id in parsed.scores]
            left = [paper for paper in left if paper.arxiv_id not in parsed.scores]
            if left and self._is_smaller_better(completion, answered, left, made_smaller):
                is_cut = completion.state is AnswerState.CUT and not answered
                return _joined([done, await self._halves(left, made_smaller=made_smaller or is_cut)])
            if left and completion.state is AnswerState.REFUSED:
                return _joined([done, Scored(tuple(left), (), 0, tuple(left))])
            asks += 1
            failed = (*failed, completion.asked) if not answered and completion.asked else ()
            if asks >= _ASKS and not (completion.more and not answered and asks < _MOST_ASKS):
                return _joined([done, Scored(tuple(left), _unreadable(completion, answered), 0)])
        return done

    def _saved(self, papers: Sequence[Paper], completion: Completion) -> Parsed:
        """What the answer holds, saved with its cost; nothing of what is not believed."""
        try:
            parsed = parse_reply(completion.text, [paper.arxiv_id for paper in papers])
        except ValueError:
            parsed = Parsed({}, 0 if completion.cause else len(papers))
        if completion.state in (AnswerState.BLIND, AnswerState.UNREADABLE):
            parsed = Parsed({}, 0)
        self.save({p: parsed.scores[p.arxiv_id] for p in papers if p.arxiv_id in parsed.scores}, completion)
        return parsed

    @staticmethod
    def _is_smaller_better(
        completion: Completion, answered: Sequence[Paper], left: Sequence[Paper], made_smaller: bool
    ) -> bool:
        if len(left) == 1:
            return False
        if completion.state is AnswerState.CUT:
            return not made_smaller or bool(answered)
        return completion.state in (AnswerState.BLIND, AnswerState.REFUSED)

    async def _failed(self, papers: Sequence[Paper], error: ModelError) -> Scored:
        """After an error: the two halves, since each may pass by itself; a single refused paper is reported."""
        if isinstance(error, (ModelRefused, ModelUnreadable, BudgetReached)):
            self.stop.set()
        if isinstance(error, RequestRefused) and len(papers) > 1:
            return await self._halves(papers)
        is_refused = isinstance(error, RequestRefused) and not isinstance(error, RequestTooLong)
        return Scored(tuple(papers), (error,), 0, tuple(papers) if is_refused else ())

    async def _halves(self, papers: Sequence[Paper], *, made_smaller: bool = False) -> Scored:
        middle = (len(papers) + 1) // 2
        parts = [part for part in (papers[:middle], papers[middle:]) if part]
        return _joined(await asyncio.gather(*(self.ask(part, made_smaller=made_smaller) for part in parts)))


def _whole(value: object) -> int | None:
    """A whole number from 1 to 10, also where a model wrote it as text or as 8.0."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() and 1 <= number <= 10 else None


def _schema(names: Sequence[str]) -> Mapping[str, object]:
    """The answer's shape: for each of these papers, a string of its name and two numbers from 1 to 10."""
    number = "([1-9]|10)"
    row = {"type": "string", "pattern": f"^({'|'.join(map(re.escape, names))}) {number} {number}$"}
    rows = {"type": "array", "items": row, "minItems": len(names), "maxItems": len(names)}
    return {"type": "object", "properties": {"scores": rows}, "required": ["scores"], "additionalProperties": False}
