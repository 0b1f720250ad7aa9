"""The content of an email, before it is bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from newsletter.models.judgements import Bill, Line, Score, Usage
from newsletter.models.papers import Paper
from newsletter.models.subscribers import Wishes

Day = date  # `Edition.date` hides the type's own name


class NoticeKind(StrEnum):
    LATE = "late"  # the announcement due before this hour is missing
    UNSCORED = "unscored"  # {count} of {total} papers could not be scored
    NO_MODEL = "no-model"  # nobody configured a model: ordered by word match
    MODEL_FAILED = "model-failed"  # configured, but it did not answer: nobody recorded why
    MODEL_SKIPPED = "model-skipped"  # configured, and the operator sent without it
    MODEL_UNREACHED = "model-unreached"  # its server did not answer
    MODEL_THROTTLED = "model-throttled"  # its provider asked for more patience than the morning had
    MODEL_REFUSED = "model-refused"  # the account, the key or the model's name is refused
    MODEL_UNREADABLE = "model-unreadable"  # it answered, never in a form that can be read
    MODEL_PARTLY = "model-partly"  # {count} of {total} papers scored: too few to rely on
    FLAGGED = "flagged"  # {count} papers that the provider refuses for their content
    BUDGET = "budget"  # the cost limit was reached
    MISSING = "missing"  # {count} announced papers that arXiv could not deliver yet
    WELCOME = "welcome"  # the first email after joining, with three lines of advice
    WELCOME_TEACH = "welcome-teach"
    WELCOME_CHANGE = "welcome-change"
    WELCOME_LEAVE = "welcome-leave"
    NOTED_LIKE = "noted_like"  # {count} papers that the reader liked by reply since the last email
    NOTED_NOT = "noted_not"  # {count} that are not for them
    NOTED_SAVE = "noted_save"  # {count} saved
    QUIET = "quiet"  # a day on which arXiv had nothing new, or nothing passed


@dataclass(frozen=True, slots=True)
class Notice:
    """An honest sentence above the papers; the words are the renderer's, in the reader's language."""

    kind: NoticeKind
    count: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Why:
    """Why a paper stands in an edition that one reader alone gets."""

    liked: str | None = None  # title of the paper that this reader liked and that it is close to
    liked_on: Day | None = None  # the issue of that paper
    outside: bool = False  # from the topics' order, so that a taste cannot close in on itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One paper as one edition shows it."""

    number: int  # from 1, as the email prints it, from top to bottom
    paper: Paper
    issue: date
    topics: tuple[str, ...]  # titles of the topics that picked it
    topic: str | None = field(default=None, repr=False)  # key of the first; the key of the edition is made of the repr
    score: Score | None = None
    reason: str | None = None  # which interest it meets
    reason_language: str = field(default="en", repr=False)  # as with topic
    rank: int = 0  # from 1, best first over the whole email; 0: the same as the number
    by_author: str | None = None
    lines: tuple[Line, ...] = ()  # in the reader's order of languages
    why: Why | None = field(default=None, repr=False)  # the key of an own edition has it by its salt
    translated: Line | None = None  # the abstract in the reader's leading language; a machine's, to be marked so


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Papers under one heading; an email of one topic has one section without a title."""

    title: str | None
    entries: tuple[Entry, ...]
    missed: bool = False  # the best of what came before the week of a weekly email


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A paper that an earlier email carried and that its authors or arXiv have withdrawn since."""

    arxiv_id: str
    title: str
    issue: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The content of one email for all readers with equal wishes and equal issues."""

    key: str  # sha256 of everything that decides the content
    name: str  # of the newsletter
    issues: tuple[date, ...]  # oldest first; the email is dated by the last
    wishes: Wishes
    sections: tuple[Section, ...]
    considered: int  # papers looked at for these topics
    topics: tuple[str, ...] = ()  # titles of all topics that the reader asked for
    nearest: tuple[Entry, ...] = ()  # where nothing passed: the papers that came closest
    left_out: tuple[tuple[date, int], ...] = ()  # how many more passed than the reader wants, by issue
    bar: int | None = None  # the relevance that a paper needs, where it is the same in all topics
    missed: tuple[date, ...] = ()  # of the issues those that came before the week of a weekly email
    withdrawn: tuple[Withdrawal, ...] = ()
    notices: tuple[Notice, ...] = ()
    model: str | None = None  # that scored or summarised; None without
    bills: tuple[Bill, ...] = ()  # of the issues, by stage and model

    @property
    def usage(self) -> Usage:
        return sum((bill.usage for bill in self.bills), Usage())

    @property
    def date(self) -> date:
        return self.issues[-1]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All papers that passed, in the order of their numbers."""
        return tuple(sorted((e for s in self.sections for e in s.entries), key=lambda e: e.number))

    @property
    def ranked(self) -> tuple[Entry, ...]:
        """The same papers, best first."""
        return tuple(sorted(self.entries, key=lambda e: e.rank or e.number))

    @property
    def shown(self) -> tuple[Entry, ...]:
        """Everything that the email may print: the papers that passed, or else the nearest."""
        return self.entries or self.nearest

    @property
    def current(self) -> tuple[Day, ...]:
        """The issues that it is about, without those before the week of a weekly email."""
        return tuple(day for day in self.issues if day not in self.missed)
