"""Who reads and what they want: `subscribers.yaml` as values, and readers as the ledger knows them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum

from newsletter.models.findings import Finding
from newsletter.models.papers import Paper


class Abstracts(StrEnum):
    SMART = "smart"  # by rank: whole, then contribution and result, then a row
    FULL = "full"
    NONE = "none"  # only one-liners


class AbstractLanguage(StrEnum):
    ORIGINAL = "original"
    FIRST = "first"  # translated into the reader's leading language
    BOTH = "both"


class Frequency(StrEnum):
    DAILY = "daily"  # on each of the reader's days
    WEEKLY = "weekly"  # on the first of them


class QuietDays(StrEnum):
    NOTE = "note"  # an unexpected empty day sends one line
    SKIP = "skip"


class ArchiveMode(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What one group of readers wants from arXiv."""

    key: str
    title: str
    categories: tuple[str, ...]
    interests: str
    cross_lists: bool = True
    min_relevance: int = 8
    min_novelty: int = 1
    authors: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def covers(self, paper: Paper) -> bool:
        """Whether the paper was announced in this topic's categories."""
        listed = paper.categories if self.cross_lists else (paper.primary_category,)
        return any(category in self.categories for category in listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leanings:
    """What a reader says of their own taste, in the file or on their page. It never leaves this installation."""

    personal: bool = True  # False: the topics' order
    interests: str = ""
    authors: tuple[str, ...] = ()  # always shown
    include: tuple[str, ...] = ()  # words that lift by one
    exclude: tuple[str, ...] = ()  # words that drop
    like: tuple[str, ...] = ()  # arXiv ids of papers to learn from

    @property
    def says_something(self) -> bool:
        return bool(self.interests or self.authors or self.include or self.exclude or self.like)


NO_LEANINGS = Leanings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What decides the content of a reader's email; readers with equal wishes share one edition."""

    topics: tuple[str, ...]
    languages: tuple[str, ...] = ("en", "zh")
    abstracts: Abstracts = Abstracts.SMART
    abstract_language: AbstractLanguage = AbstractLanguage.ORIGINAL
    max_papers: int = 15
    mailing_list: str | None = None  # the address, where a mailing list subscribed: then nothing in it is one reader's
    weekly: bool = False  # one email about the week
    leanings: Leanings = field(default=NO_LEANINGS, repr=False)  # the key of a shared edition does not have it

    @property
    def shared(self) -> Wishes:
        """Without what is this reader's alone."""
        return self if self.leanings is NO_LEANINGS else replace(self, leanings=NO_LEANINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a reader's email is due and how long it may wait, by their own clock; many readers have the same."""

    send_at: time
    wait_until: time
    timezone: str  # IANA name
    days: frozenset[int]  # ISO weekdays, Monday = 1
    weekly: bool = False  # only on the first of these days

    @property
    def due_on(self) -> frozenset[int]:
        """The ISO weekdays on which an email is due."""
        return frozenset([min(self.days)]) if self.weekly else self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader(Hours):
    """One entry of `subscribers.yaml` with all defaults filled in."""

    email: str  # as written, validated
    name: str | None = None
    wishes: Wishes
    line: int = 0  # in subscribers.yaml
    unsubscribed: str | None = None  # service field, e.g. "2026-03-09 by reply"
    paused_until: date | None = None
    bounced: str | None = None
    stated: tuple[tuple[str, str], ...] = ()  # what the entry itself says of its preferences, as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """The `newsletter:` block: the name and the defaults of all readers."""

    name: str = "Morning arXiv"
    send_at: time = time(9, 30)
    timezone: str = "UTC"
    languages: tuple[str, ...] = ("en", "zh")
    wait_until: time = time(12, 0)
    quiet_days: QuietDays = QuietDays.NOTE
    archive: ArchiveMode = ArchiveMode.PUBLIC
    default_topics: tuple[str, ...] = ()  # of readers who name none; empty: all topics


@dataclass(frozen=True, slots=True)
class Masthead:
    """What `subscribers.yaml` says of the newsletter as a whole; the readers of a morning stand in the ledger."""

    newsletter: Newsletter
    topics: tuple[Topic, ...]

    def topic(self, key: str) -> Topic:
        return next(topic for topic in self.topics if topic.key == key)


@dataclass(frozen=True, slots=True)
class Roster(Masthead):
    """`subscribers.yaml` as values; entries with findings are left out of `readers`."""

    readers: tuple[Reader, ...]
    findings: tuple[Finding, ...] = ()
    skipped: tuple[int, ...] = ()  # the lines of entries that were left out
    made_of: tuple[tuple[str, str], ...] = ()  # each file that was read, the list first, with the hash of its bytes
    beside: str = ""  # what else decided it: changes with what readers set, with who is forgotten and with the program

    @property
    def masthead(self) -> Masthead:
        """Without the readers."""
        return Masthead(self.newsletter, self.topics)


class SubscriberState(StrEnum):
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"  # stays so, whatever the file says, until resubscribed
    PAUSED = "paused"
    SUPPRESSED = "suppressed"  # bounced for good or complained

    @property
    def reads(self) -> bool:
        """Whether this is a reader, though perhaps one who pauses."""
        return self in (SubscriberState.ACTIVE, SubscriberState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A reader as recorded in the ledger."""

    id: int  # random, 64 bits
    email: str
    state: SubscriberState
    since: datetime  # UTC, of the state
    why: str | None = None  # "by reply", "5.1.1", …
    added: datetime  # UTC, when the ledger first saw them
    paused_until: date | None = None  # the first day with mail again
    paused_in_file: date | None = None  # what the file said of it when we last read or wrote it


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A reader of the subscriber list who gets email, as the ledger holds them: what planning needs to know."""

    id: int  # of the subscriber
    email: str  # as written in the subscriber list
    name: str | None
    wishes: Wishes
    last: date | None = None  # the newest issue that they have had


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One key of a reader's entry as the reader changed it; it counts until someone edits the key in the file."""

    subscriber_id: int
    email: str
    key: str
    value: str  # as it is written into the file, a list with commas
    in_file: str | None  # what the file said of it when we last wrote or failed to; None: nothing
    at: datetime  # UTC
