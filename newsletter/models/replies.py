"""What comes back: replies, bounces and the events of providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail that came back from a reader's server."""

    key: str  # of the report: the same one twice is one
    status: str | None  # RFC 3463
    permanent: bool
    issue: date  # that came back
    at: datetime  # UTC


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A mail as a mailbox hands it over, with what only the mailbox knows of it."""

    key: str  # the mailbox's own name for it
    raw: bytes
    aligned: str | None = None  # the domain for which the receiving server found an aligned DKIM pass
    envelope_to: str | None = None  # the address it was delivered to


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a mail provider posted to us: events of our emails, or one whole email."""

    source: str  # the provider
    key: str = ""  # of the post: the same one twice is one
    events: tuple[DeliveryEvent, ...] = ()
    mail: Incoming | None = None
