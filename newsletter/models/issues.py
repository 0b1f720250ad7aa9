"""Announcements as issues of the newsletter, and the ledger in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from newsletter.models.judgements import Usage


class IssueState(StrEnum):
    COLLECTED = "collected"  # its papers are in the ledger; scoring has begun or will
    READY = "ready"  # every paper accounted for; can be sent
    QUIET = "quiet"  # arXiv was asked and had nothing new for these categories


class ModelOutcome(StrEnum):
    """How well the model served an issue: the worst result that left papers without a score."""

    SERVED = "served"  # every paper that it was to score has a score
    FLAGGED = "flagged"  # but for papers that it refuses for what they hold
    PARTLY = "partly"  # some answers lacked papers
    UNREADABLE = "unreadable"  # it answers, and the answers cannot be read
    THROTTLED = "throttled"
    UNREACHED = "unreached"
    REFUSED = "refused"  # this account, this key or this name
    BUDGET = "budget"  # the cost limit
    SKIPPED = "skipped"  # it was not to be asked


NOT_SERVED = (ModelOutcome.UNREADABLE, ModelOutcome.THROTTLED, ModelOutcome.UNREACHED, ModelOutcome.REFUSED)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is recorded of an issue's model, for the email, `status` and the administrator."""

    outcome: ModelOutcome
    flagged: tuple[str, ...] = ()  # arXiv ids of papers that a provider refuses for what they hold
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One arXiv announcement with arXiv's date. Papers are counted once over all topics."""

    date: date
    state: IssueState
    collected: int = 0
    scored: int = 0
    ranked: int = 0
    unscored: int = 0
    picked: int = 0
    usage: Usage = field(default_factory=lambda: Usage())
    model: str | None = None
    held_since: datetime | None = None  # UTC: too few papers had a score when it was first prepared
    missing: tuple[str, ...] = ()  # announced ids of which nothing else is known yet
    provisional: tuple[str, ...] = ()  # known by arXiv's feed alone; the API is asked again
    notes: tuple[str, ...] = ()  # of collecting
    model_notes: tuple[str, ...] = ()  # of scoring and writing, as it was last prepared
    budget_reached: bool = False  # so that scores or lines are missing

    @property
    def all_notes(self) -> tuple[str, ...]:
        """What is shown of it, in order."""
        return (*self.notes, *self.model_notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The ledger's content in numbers, for monitoring; contains no names."""

    issues: Mapping[str, int]  # by state
    mails: Mapping[str, int]  # by state
    readers: Mapping[str, int]  # by state
    received: Mapping[str, int]  # inbound messages by action
    oldest_waiting: datetime | None  # when the oldest email was planned that is not out yet
    usage: Mapping[str, tuple[int, int, int, float]]  # by model: calls, input and output tokens, dollars
