"""Who reads and what they want: `subscribers.yaml` as values, and readers as the ledger knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

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
    join: bool = True  # whether joiners may choose it

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
    library: tuple[tuple[str, int], ...] = ()  # words of others to learn from, and how many of them have each

    @property
    def says_something(self) -> bool:
        return bool(self.interests or self.authors or self.include or self.exclude or self.like or self.library)


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
    # Instead of the topics' own; what it lets in is part of an edition's key by itself.
    min_relevance: int | None = field(default=None, repr=False)
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
class Usual:
    """What a reader has who says nothing else."""

    hours: Hours
    wishes: Wishes
    topics: tuple[str, ...]  # all that there are

    def reader(self, email: str = "", source: Source | None = None) -> Reader:
        """Who says nothing else and is not in the file."""
        due = self.hours
        return Reader(
            email=email,
            wishes=self.wishes,
            send_at=due.send_at,
            wait_until=due.wait_until,
            timezone=due.timezone,
            days=due.days,
            weekly=due.weekly,
            source=source or Source.COMMAND,
            in_file=False,
        )


class Source(StrEnum):
    """How a reader came here."""

    FILE = "file"  # an entry of subscribers.yaml, and gone with it
    PAGE = "page"
    EMAIL = "email"
    IMPORT = "import"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader(Hours):
    """One reader with all defaults filled in."""

    email: str  # as written, validated
    name: str | None = None
    wishes: Wishes
    line: int = 0  # in subscribers.yaml
    unsubscribed: str | None = None  # service field, e.g. "2026-03-09 by reply"
    paused_until: date | None = None
    bounced: str | None = None
    stated: tuple[tuple[str, str], ...] = ()  # what the entry itself says of its preferences, as text
    source: Source = Source.FILE
    in_file: bool = True  # whether the file has an entry of theirs


class JoinMode(StrEnum):
    """Who may join by themselves."""

    CLOSED = "closed"
    OPEN = "open"
    APPROVE = "approve"  # whoever the administrator approves


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
    join: JoinMode = JoinMode.CLOSED
    join_domains: tuple[str, ...] = ()  # lower case, IDNA; empty: any
    join_limit: int = 200  # emails about joining a day
    offer_languages: tuple[str, ...] = ()  # what joiners may choose besides those that are written anyway
    offer_translations: bool = False
    privacy: str | None = None  # the address of the operator's own page
    publish_prompt: bool = True

    @property
    def is_closed(self) -> bool:
        """Whether it is for people whom the operator chooses."""
        return self.join is JoinMode.APPROVE or bool(self.join_domains)


@dataclass(frozen=True, slots=True)
class Masthead:
    """What `subscribers.yaml` says of the newsletter as a whole; the readers of a morning stand in the ledger."""

    newsletter: Newsletter
    topics: tuple[Topic, ...]

    def topic(self, key: str) -> Topic:
        return next(topic for topic in self.topics if topic.key == key)

    @property
    def usual(self) -> Usual:
        """What readers have who say nothing else."""
        keys, defaults = tuple(topic.key for topic in self.topics), self.newsletter
        hours = Hours(
            send_at=defaults.send_at,
            wait_until=defaults.wait_until,
            timezone=defaults.timezone,
            days=frozenset(range(1, 8)),
        )
        everywhere = defaults.default_topics or keys
        # A topic that is not for everybody is never given unasked.
        topics = tuple(key for key in everywhere if self.topic(key).join) or everywhere
        wishes = Wishes(topics=topics, languages=defaults.languages)
        return Usual(hours=hours, wishes=wishes, topics=keys)


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


class JoinState(StrEnum):
    ASKED = "asked"  # our email about it is still to be sent
    SENDING = "sending"  # it may have been sent
    SENT = "sent"
    DROPPED = "dropped"  # of a reader who is told so, or of whom nothing is wanted
    CONFIRMED = "confirmed"  # waits for approval
    JOINED = "joined"  # a reader whose welcome is still to be sent
    DONE = "done"

    @property
    def is_decided(self) -> bool:
        """Whether there is nothing left to confirm."""
        return self in (JoinState.CONFIRMED, JoinState.JOINED, JoinState.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """Who asked to join and what they chose; nobody is a reader before they confirm."""

    email: str  # of the mailbox: lower case, and without what stands behind a plus sign
    written: str  # as our emails name it, see `joining.address`
    given: tuple[tuple[str, str], ...] = ()  # text by key, as in an entry of the file
    language: str
    source: Source
    network: str = ""  # a keyed hash
    consent: str  # the hash of the text that they agreed to
    note: str | None = None
    state: JoinState = JoinState.ASKED
    asked: datetime  # UTC, as all times
    sent: datetime | None = None  # our last email about it
    emails: int = 0
    message_id: str | None = None
    confirmed: datetime | None = None
    tried: datetime | None = None  # when a form named this address last, whoever sent it
    invited: Mapping[str, Any] | None = None  # what our last email asks about, see `joining.invite`


class Moved(StrEnum):
    """What a press of a link to another address did."""

    HALF = "half"  # the other address has not agreed yet
    DONE = "done"
    NOT = "not"  # the link does not work, or what it asks for can no longer be done


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """That a reader wanted this."""

    subscriber_id: int
    confirmed: datetime  # UTC
    asked: datetime | None  # UTC; None where somebody else asked for them
    source: Source
    language: str
    text_hash: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One key of a reader's entry as the reader changed it; it counts until someone edits the key in the file."""

    subscriber_id: int
    email: str
    key: str
    value: str  # as it is written into the file, a list with commas
    in_file: str | None  # what the file said of it when we last wrote or failed to; None: nothing
    at: datetime  # UTC
