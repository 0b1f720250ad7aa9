"""What a model is asked, what it answered, and what was picked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from newsletter.models.papers import Paper


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money of model calls. `cost_usd` is None as soon as one call's price is unknown."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        unknown = self.cost_usd is None or other.cost_usd is None
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            None if unknown else (self.cost_usd or 0.0) + (other.cost_usd or 0.0),
        )


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a model: two messages and the JSON schema that the answer must fit."""

    system: str
    user: str
    name: str  # of the schema, e.g. "scores"
    schema: Mapping[str, object]
    expected_tokens: int = 0  # of a good answer
    most_tokens: int | None = None  # the answer is cut here; set where money is limited
    ids: tuple[str, ...] = ()  # what the answer has to be about: one of these at least; empty: anything
    parts: int = 1  # papers in it: more than one can be asked about in smaller requests
    failed: tuple[str, ...] = ()  # `Completion.asked` of each answer to this request that could not be read


class AnswerState(StrEnum):
    """What a model's answer is worth, before its content is judged."""

    GOOD = "good"
    UNREADABLE = "unreadable"  # not the JSON that was asked for, or about something else
    CUT = "cut"  # it ended before the answer did; complete rows count
    REFUSED = "refused"  # for what the request holds
    BLIND = "blind"  # the server read much less than it was sent: no answer to what was asked


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    usage: Usage
    model: str
    state: AnswerState = AnswerState.GOOD
    cause: str = ""  # why it is not good, in words
    asked: str = field(default="", compare=False)  # the model and the form in which it was asked
    more: bool = field(default=False, compare=False)  # the same request can be asked in another way


@dataclass(frozen=True, slots=True)
class Score:
    """A model's scores of one paper for one topic, both from 1 to 10."""

    arxiv_id: str
    relevance: int
    novelty: int


class Seen(StrEnum):
    """Whether the model is shown a paper under a topic."""

    ALL = "all"  # as every paper of the day
    TOP = "top"  # high enough in the order by words
    SAMPLE = "sample"  # low in it, scored all the same to measure what is missed
    NO = "no"  # low in it: the model never sees it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A paper's place in the order without a model, as the ledger keeps it."""

    value: float  # 0 to 1, comparable within one day and topic
    trained: bool = False  # on earlier scores; else by the topic's words
    fits: bool = True  # it names enough of what the topic wants to be shown without a score
    seen: Seen = Seen.ALL
    fate: str | None = None  # picked or why not, in words
    place: int | None = None  # among the picks, from 1


@dataclass(frozen=True, slots=True)
class Bill:
    """What one stage of an issue used of one model."""

    stage: str
    model: str
    calls: int
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Everything selection knows of one paper under one topic."""

    paper: Paper
    issue: date
    score: Score | None = None
    similarity: float = 0.0  # place in the order without a model, 0 to 1
    fits: bool = True  # it names enough of what the topic wants to be shown without a score
    shown: bool = True  # to the model; False: left out by the order without one


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A paper that passed, with the topics that picked it (best first)."""

    paper: Paper
    issue: date
    topics: tuple[str, ...]
    score: Score | None = None  # the best of its topics'; None without a model
    similarity: float = 0.0
    by_author: str | None = None  # kept because of this followed author


@dataclass(frozen=True, slots=True)
class Line:
    """A checked one-liner in one language (BCP 47)."""

    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a model wrote about one picked paper; lines that failed the check are absent."""

    arxiv_id: str
    lines: tuple[Line, ...] = ()
    reasons: Mapping[str, Line] = field(default_factory=dict)  # by topic key
    abstract: Line | None = None  # translated, where a reader asks for it
