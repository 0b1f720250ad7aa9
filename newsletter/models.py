"""The values that travel between stages: frozen, and without clients, prompts or loggers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from functools import cached_property
from string import Formatter

# --- papers -----------------------------------------------------------------

# YYMM.NNNNN since 2015, YYMM.NNNN since 0704, before that archive[.SC]/YYMMNNN; versions are optional.
# https://info.arxiv.org/help/arxiv_identifier.html
_ARXIV_ID = re.compile(
    r"(?P<base>\d{4}\.\d{4,6}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7})(?:v(?P<version>[1-9]\d*))?", re.ASCII
)
_CODE_LINK = re.compile(
    r"https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co)/[\w.\-]+(?:/[\w.\-]+)*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class ArxivId:
    """The identifier of one paper, its version apart: `2603.01234` and 2."""

    base: str
    version: int = 1

    @classmethod
    def parse(cls, text: str) -> ArxivId:
        """Of `2603.01234v2`, `quant-ph/0201082`, `arXiv:…`, `oai:arXiv.org:…` or an abs/pdf address. Or ValueError."""
        bare = re.sub(
            r"^(?:https?://(?:[\w-]+\.)*arxiv\.org/(?:abs|pdf|html)/|oai:arXiv\.org:|arxiv:)",
            "",
            text.strip(),
            flags=re.I,
        )
        found = _ARXIV_ID.fullmatch(bare.removesuffix(".pdf"))
        if not found:
            raise ValueError(f"not an arXiv id: {text!r}")
        return cls(found["base"], int(found["version"] or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One arXiv paper in one version. Title and abstract keep their TeX; white space is normalised."""

    arxiv_id: str  # base id, without version
    version: int = 1
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    primary_category: str
    published: datetime  # first version, UTC
    updated: datetime  # this version, UTC
    comment: str | None = None
    journal_ref: str | None = None
    doi: str | None = None

    @property
    def abs_url(self) -> str:
        return f"https://arxiv.org/abs/{self.arxiv_id}"

    @property
    def pdf_url(self) -> str:
        return f"https://arxiv.org/pdf/{self.arxiv_id}"

    @property
    def html_url(self) -> str:
        return f"https://arxiv.org/html/{self.arxiv_id}"

    @property
    def code_urls(self) -> tuple[str, ...]:
        """Repositories named in abstract or comment, in order, each once, http(s) only."""
        found = _CODE_LINK.findall(f"{self.abstract}\n{self.comment or ''}")
        return tuple(dict.fromkeys(link.rstrip(".-_") for link in found))


class AnnounceType(StrEnum):
    """arXiv's own words for why an id stands in today's feed."""

    NEW = "new"
    CROSS = "cross"  # cross-listed into one of the asked categories
    REPLACE = "replace"  # a new version: never shown as new
    REPLACE_CROSS = "replace-cross"


@dataclass(frozen=True, slots=True)
class Announced:
    """One line of the day's RSS: the id and why it is there."""

    arxiv_id: str
    kind: AnnounceType


class IssueState(StrEnum):
    COLLECTED = "collected"  # its papers are in the ledger; scoring has begun or will
    READY = "ready"  # every paper accounted for; can be sent
    QUIET = "quiet"  # arXiv was asked and had nothing new for these categories


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One arXiv announcement, dated as arXiv heads it. Papers are counted once over all topics."""

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


# --- what the operator wrote --------------------------------------------------


class Abstracts(StrEnum):
    SMART = "smart"  # by rank: whole, then contribution and result, then a row
    FULL = "full"
    NONE = "none"  # only one-liners


class AbstractLanguage(StrEnum):
    ORIGINAL = "original"
    FIRST = "first"  # translated into the reader's leading language
    BOTH = "both"


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
class Wishes:
    """What decides the content of a reader's mail; readers with equal wishes share one edition."""

    topics: tuple[str, ...]
    languages: tuple[str, ...] = ("en", "zh")
    abstracts: Abstracts = Abstracts.SMART
    abstract_language: AbstractLanguage = AbstractLanguage.ORIGINAL
    max_papers: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a reader's mail is due and how long it may wait, by their own clock; many readers have the same."""

    send_at: time
    wait_until: time
    timezone: str  # IANA name
    days: frozenset[int]  # ISO weekdays, Monday = 1


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


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an operator should mend: where, what is wrong, what to do."""

    where: str  # a file or the name of a setting
    line: int | None
    problem: str
    remedy: str
    fatal: bool = True  # False: one entry is left out, the rest works

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.problem}; {self.remedy}" if self.remedy else f"{place}: {self.problem}"


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
    made_of: tuple[tuple[str, str], ...] = ()  # each file that was read, the roster first, with the hash of its bytes
    beside: str = ""  # what else decided it: changes with what readers set, with who is forgotten and with the program


# --- judging and picking ------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    usage: Usage
    model: str


@dataclass(frozen=True, slots=True)
class Score:
    """A model's judgement of one paper for one topic, both from 1 to 10."""

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
class Figures:
    """What the ledger holds, in numbers: what a monitoring system asks for. Nobody is named."""

    issues: Mapping[str, int]  # by state
    mails: Mapping[str, int]  # by state
    readers: Mapping[str, int]  # by state
    received: Mapping[str, int]  # inbound messages by action
    oldest_waiting: datetime | None  # when the oldest mail was planned that is not out yet
    usage: Mapping[str, tuple[int, int, int, float]]  # by model: calls, prompt and completion tokens, dollars


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Everything selection knows of one paper under one topic."""

    paper: Paper
    issue: date
    score: Score | None = None
    similarity: float = 0.0  # place in the order without a model, 0 to 1
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
    """What a model wrote about one picked paper; lines that failed their check are absent."""

    arxiv_id: str
    lines: tuple[Line, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)  # by topic key
    abstract: Line | None = None  # translated, where a reader asks for it


# --- the mail -------------------------------------------------------------------


class NoticeKind(StrEnum):
    LATE = "late"  # the announcement due before this hour is missing
    UNSCORED = "unscored"  # {count} of {total} papers could not be scored
    NO_MODEL = "no-model"  # nobody configured a model: ordered by words
    MODEL_FAILED = "model-failed"  # configured, but it did not answer
    BUDGET = "budget"  # the cost limit was reached
    MISSING = "missing"  # {count} announced papers that arXiv could not deliver yet
    QUIET = "quiet"  # a day on which arXiv had nothing new, or nothing passed


@dataclass(frozen=True, slots=True)
class Notice:
    """An honest sentence above the papers; the words are the renderer's, in the reader's language."""

    kind: NoticeKind
    count: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One paper as one edition shows it."""

    number: int  # from 1, best first over the whole mail
    paper: Paper
    issue: date
    topics: tuple[str, ...]  # titles of the topics that picked it
    topic: str | None = field(default=None, repr=False)  # key of the first; the key of the edition is made of the repr
    score: Score | None = None
    reason: str | None = None  # which interest it meets; English
    by_author: str | None = None
    lines: tuple[Line, ...] = ()  # in the reader's order of languages
    translated: Line | None = None  # the abstract in the reader's leading language; a machine's, to be marked so


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Papers under one heading; a mail of one topic has one section without a title."""

    title: str | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The content of one mail for all readers with equal wishes and equal issues."""

    key: str  # sha256 of everything that decides the content
    name: str  # of the newsletter
    issues: tuple[date, ...]  # oldest first; the mail is dated by the last
    wishes: Wishes
    sections: tuple[Section, ...]
    considered: int  # papers looked at for these topics
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
        """All papers, in the order of their numbers."""
        return tuple(sorted((e for s in self.sections for e in s.entries), key=lambda e: e.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What every mail of this installation says about its sender."""

    sender: str  # `Name <a@b>`
    reply_to: str | None = None  # plain address that replies reach, before the token is added
    plus_addressing: bool = True
    replies_read: bool = False  # a mailbox or hook acts on replies: only then the footer promises it
    public_url: str | None = None  # https base of the web part, no trailing slash
    archive: bool = True  # whether the web part shows past issues: only then a mail links to them
    private: bool = False  # they open with a reader's own token
    postal_address: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes in ready content that belongs to slot `slot`, from its character `start` on."""

    offset: int
    length: int
    slot: str
    start: int


@dataclass(frozen=True, slots=True)
class Slotted:
    """Bytes with recorded places for fixed-width values ([a-z2-7], never searched for)."""

    content: bytes
    spans: tuple[Span, ...] = ()

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The bytes with every slot's value spliced in."""
        filled = bytearray(self.content)
        for span in self.spans:
            piece = values[span.slot][span.start : span.start + span.length]
            filled[span.offset : span.offset + span.length] = piece.encode("ascii")
        return bytes(filled)


@dataclass(frozen=True, slots=True)
class PrintedPaper:
    """A paper as an edition showed it. What an old ledger did not keep is None."""

    arxiv_id: str
    version: int | None
    number: int
    topic: str | None  # key of the topic that it stands under


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An edition as bytes, made once; a reader differs only in headers and slots."""

    key: str  # of the edition
    subject: str
    html: Slotted  # UTF-8
    text: Slotted  # UTF-8
    body: Slotted  # MIME: content headers, blank line, parts; CRLF
    papers: tuple[PrintedPaper, ...] = ()  # in printed order


@dataclass(frozen=True, slots=True)
class Header:
    """One header of an edition's mails. Both values are patterns of `str.format_map` over a reader's slots."""

    name: str
    value: str  # decoded
    wire: str  # as it is sent, folded with CRLF

    @property
    def own(self) -> bool:
        """Whether readers differ in it."""
        return any(name is not None for _, name, _, _ in Formatter().parse(self.wire))


@dataclass(frozen=True)
class Head:
    """What stands above the content of an edition's mails, and the envelope's sender; a reader's own are slots."""

    headers: tuple[Header, ...]
    envelope_from: str  # a pattern too

    @cached_property
    def _wire(self) -> str:
        return "".join(f"{one.name}: {one.wire}\r\n" for one in self.headers)

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The lines on the wire."""
        return self._wire.format_map(values).encode()


def literal(text: str) -> str:
    """The pattern that `str.format_map` makes this text of."""
    return text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One finished mail for one reader: an edition's bytes, and what this reader's differ in."""

    recipient: str
    recipient_name: str | None
    head: Head
    rendered: Rendered
    slots: Mapping[str, str] = field(default_factory=dict)

    @property
    def envelope_from(self) -> str:
        return self.head.envelope_from.format_map(self.slots)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and decoded values, without the content headers."""
        return tuple((one.name, one.value.format_map(self.slots)) for one in self.head.headers)

    @property
    def text(self) -> str:
        return self.rendered.text.fill(self.slots).decode()

    @property
    def html(self) -> str:
        return self.rendered.html.fill(self.slots).decode()

    @property
    def raw(self) -> bytes:
        """Exactly what goes over the wire."""
        return self.head.fill(self.slots) + self.rendered.body.fill(self.slots)


# --- delivery ---------------------------------------------------------------------


class SubscriberState(StrEnum):
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"  # stays so, whatever the file says, until resubscribed
    PAUSED = "paused"
    SUPPRESSED = "suppressed"  # bounced for good or complained


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A reader as the ledger knows them."""

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
    """A reader of the roster who gets mail, as the ledger holds them: what planning needs to know."""

    id: int  # of the subscriber
    email: str  # as written in the roster
    name: str | None
    wishes: Wishes
    last: date | None = None  # the newest issue that they have had


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One key of a reader's entry as the reader changed it; it counts until somebody edits the key in the file."""

    subscriber_id: int
    email: str
    key: str
    value: str  # as it is written into the file, a list with commas
    in_file: str | None  # what the file said of it when we last wrote or failed to; None: nothing
    at: datetime  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail that came back from a reader's server."""

    key: str  # of the report: the same one twice is one
    status: str | None  # RFC 3463
    permanent: bool
    issue: date  # that came back
    at: datetime  # UTC


class DeliveryState(StrEnum):
    QUEUED = "queued"  # planned; nothing sent
    SENDING = "sending"  # claimed by an owner; the first byte may be out
    ACCEPTED = "accepted"  # the next server took it: not the same as delivered
    DELIVERED = "delivered"  # an event said so
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SKIPPED = "skipped"  # the reader left meanwhile
    FAILED = "failed"  # refused for good
    UNKNOWN = "unknown"  # nobody can tell; repeated with the same Message-ID, and named


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One mail to one reader. Date, Message-ID and name are fixed when it is planned: a repeat is the same bytes."""

    id: int
    subscriber_id: int
    email: str
    name: str | None
    edition: str  # key
    issues: tuple[date, ...]
    state: DeliveryState
    message_id: str
    date: datetime  # UTC
    attempts: int = 0
    not_before: datetime | None = None
    owner: str | None = None
    error: str | None = None


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    TEMPORARY = "temporary"  # certainly not taken, may be later
    PERMANENT = "permanent"  # certainly not taken, never will be
    UNKNOWN = "unknown"  # connection lost after the body, time-out
    UNWANTED = "unwanted"  # refused for what we are: policy, spam, authentication. No reader is to blame
    UNTRIED = "untried"  # the way out is in trouble, not this mail: it goes back as if it had not been touched


@dataclass(frozen=True, slots=True)
class Outcome:
    """A transport's answer for one mail, in our words."""

    verdict: Verdict
    detail: str = ""
    retry_after: float | None = None  # seconds, where the other side named them


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One mail handed to a transport, with the key that makes a repeat recognisable."""

    key: str  # the delivery's id as text
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that one person has to know of, once when it begins and once when it is over."""

    key: str  # what it is about: "model", "arxiv", "transport", …
    problem: str
    remedy: str
    since: datetime  # UTC
    told: datetime | None = None  # when the administrator was told of its beginning
    tried: datetime | None = None  # when telling was last tried
    ended: datetime | None = None  # it may come back: its end is told when it stayed away


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the mail with this key."""

    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whose, how many and which due mails are asked for."""

    owner: str
    limit: int
    now: datetime
    only: str | None = None  # this address alone
    after: int = 0  # ids greater than this: who walks through the queue does not look at those that wait again


# --- the way back ---------------------------------------------------------------


class Action(StrEnum):
    """What an inbound mail asks for (a contract: `newsletter inbox --explain` prints these)."""

    UNSUBSCRIBE = "unsubscribe"
    PAUSE = "pause"
    RESUME = "resume"
    CONFIRM = "confirm"  # a request that needs our confirmation mail
    BOUNCE_PERMANENT = "bounce-permanent"
    BOUNCE_TEMPORARY = "bounce-temporary"
    COMPLAINT = "complaint"
    HUMAN = "human"  # a command word outside the grammar
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What an inbound mail means and why. Without proof `subscriber_id` is None, and nothing happens."""

    action: Action
    reason: str
    subscriber_id: int | None = None
    until: date | None = None  # of a pause
    status: str | None = None  # of a bounce, RFC 3463: "5.1.1"
    issue: date | None = None  # whose mail a bounce gives back, where it says so
    returned: str | None = None  # the Message-ID of that mail
    blames_sender: bool = False  # a bounce for policy, spam or authentication: nobody is suppressed
    sender: str | None = None  # the address in From, a claim; proven where UNSUBSCRIBE, PAUSE or RESUME has no id


class EventKind(StrEnum):
    """What a provider tells of a mail that it took."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    BLOCKED = "blocked"  # refused for what we are or for now: the reader is not at fault
    UNDELIVERABLE = "undeliverable"  # the provider knows the address to be dead and did not try
    COMPLAINED = "complained"
    LEFT = "left"  # by the provider's own way out
    FAILED = "failed"  # not sent, for another reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """One event of one mail of ours."""

    key: str  # the provider's own: the same event twice is one
    kind: EventKind
    delivery_id: int
    email: str  # lower case
    at: datetime  # UTC
    status: str | None = None  # RFC 3463
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DomainPause:
    """No mail to this domain for a while: its server refused us for what we are or how fast we send."""

    domain: str  # lower case
    until: datetime  # UTC
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A mail as a mailbox hands it over, with what only the mailbox knows of it."""

    key: str  # the mailbox's own name for it
    raw: bytes
    aligned: str | None = None  # the domain for which the receiving server found an aligned DKIM pass
    envelope_to: str | None = None  # the address it was delivered to
