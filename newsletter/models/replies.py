"""What comes back: replies, bounces and the events of providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Command(StrEnum):
    """What a reader can ask for in a reply (a contract, as `Action`)."""

    UNSUBSCRIBE = "unsubscribe"
    PAUSE = "pause"  # value: the first day after it, ISO 8601; empty where none was named
    RESUME = "resume"
    JOIN = "join"
    HELP = "help"
    SETTINGS = "settings"
    LIKE = "like"  # value of this and the next three: printed numbers, `3 7`
    NOT = "not"
    SAVE = "save"
    UNMARK = "unmark"
    PAPERS = "papers"  # value: how many an email should have at most; empty where only fewer or more was said
    DAYS = "days"  # value: `weekly` or `daily`
    TIME = "time"  # value: `07:30`; empty where none was named
    LANGUAGES = "languages"  # value: codes, the leading one first, `zh en`; empty where none was named
    ADDRESS = "address"  # value: the new one; empty where none was named


class Action(StrEnum):
    """What an inbound mail asks for (a contract: `newsletter inbox --explain` prints these)."""

    UNSUBSCRIBE = "unsubscribe"
    PAUSE = "pause"
    RESUME = "resume"
    JOIN = "join"
    HELP = "help"
    SETTINGS = "settings"
    LIKE = "like"
    NOT = "not"
    SAVE = "save"
    UNMARK = "unmark"
    PAPERS = "papers"
    DAYS = "days"
    TIME = "time"
    LANGUAGES = "languages"
    ADDRESS = "address"
    AGREE = "agree"  # "yes": it means something to a question of ours alone
    CONFIRM = "confirm"  # a request that is not certain, or unproven: we ask back, see `Meaning.command`
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
    command: Command | None = None  # what is asked for, or what we ask back about
    value: str = ""  # of the command, see `Command`
    until: date | None = None  # of a pause
    answers: str | None = None  # the Message-ID in In-Reply-To
    status: str | None = None  # of a bounce, RFC 3463: "5.1.1"
    issue: date | None = None  # whose mail a bounce gives back, where it says so
    returned: str | None = None  # the Message-ID of that mail
    blames_sender: bool = False  # a bounce for policy, spam or authentication: nobody is suppressed
    sender: str | None = None  # the address in From, a claim; proven where UNSUBSCRIBE, PAUSE or RESUME has no id
    is_proven: bool = False  # whether a trusted DKIM pass proves the sender
    list_id: str = ""  # of the mailing list through which it came
    unreadable: bool = False  # nobody knows what is in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What we asked a reader: whether a command that was not certain is what they want."""

    key: str  # a hash of the secret part of its link
    subscriber_id: int
    command: Command
    value: str
    message_id: str  # of our email
    made: datetime  # UTC, as all times
    expires: datetime
    used: datetime | None = None


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
    message_id: str | None = None  # of our email, from a provider whose word alone does not prove the event


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An email as it arrives, before anything of it was parsed, with what is known of it from elsewhere."""

    key: str  # the mailbox's own name for it
    raw: bytes
    place: str = ""  # where a person finds it
    kept: str = ""  # why the mailbox does not hand it out; then `raw` is empty
    authserv_id: str | None = None  # whose Authentication-Results in it are believed
    aligned: str | None = None  # the domain for which a provider vouches, where that is not in the email itself
    envelope_to: str | None = None  # the address it was delivered to, where that is not in the email itself
    arrived: datetime | None = None  # in the mailbox, where that keeps it


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An email that was begun to be read, and of which nothing more is known."""

    source: str
    key: str
    name: str  # by which a person finds it
    number: int  # of attempts
    at: datetime  # UTC, of the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a mail provider posted to us: events of our emails, or one whole email."""

    source: str  # the provider
    key: str = ""  # of the post: the same one twice is one
    events: tuple[DeliveryEvent, ...] = ()
    mail: Incoming | None = None
