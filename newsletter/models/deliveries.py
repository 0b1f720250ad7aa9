"""One email from plan to outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from newsletter.models.emails import Message


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


REPEATED = "outcome unknown; sent again with the same Message-ID"  # the error of an email that waits for that
# What may become what by later news of an email: out of order or twice, it never goes backwards.
_BEFORE: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.ACCEPTED: frozenset((DeliveryState.SENDING, DeliveryState.UNKNOWN)),
    DeliveryState.DELIVERED: frozenset((DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED)),
}
_EVER_SENT = frozenset((DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED, DeliveryState.DELIVERED))


HEARD_OF = frozenset(
    (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)
)  # nothing that the transport says afterwards changes it


def may_follow(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states that news of `state` moves on; it also settles an email that waits to be repeated for want of news."""
    if state is DeliveryState.COMPLAINED:
        return _EVER_SENT | {DeliveryState.BOUNCED}
    return _BEFORE.get(state, _EVER_SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One email to one reader. Date, Message-ID and name are fixed when it is planned: a repeat is the same bytes."""

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
    UNTRIED = "untried"  # the way out is in trouble, not this email: it goes back as if it had not been touched


@dataclass(frozen=True, slots=True)
class Outcome:
    """A transport's answer for one email, in our words."""

    verdict: Verdict
    detail: str = ""
    retry_after: float | None = None  # seconds, where the other side named them
    of_reader: bool = False  # certainly about this address, whatever the others are told
    of_email: bool = False  # said after the server had taken this address


FENCED = Outcome(Verdict.UNTRIED, "this process did not say in time that it lives, so another one may send it")


def always() -> bool:
    """What nobody else can take over may begin at any time."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One email handed to a transport, with the key that makes a repeat recognisable."""

    key: str  # the delivery's id as text
    message: Message
    may_begin: Callable[[], bool] = always  # asked right before its body leaves: its lease may be over


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the email with this key."""

    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A process says that it lives, and for how long what it holds is its own."""

    owner: str
    host: str
    version: str
    role: str
    seconds: float  # from now on, by the database's clock
    sent: int = 0  # emails since it began


@dataclass(frozen=True, slots=True)
class Worker:
    """A process as the ledger knows it."""

    owner: str
    host: str
    version: str
    role: str
    sent: int
    since: datetime
    beat: datetime
    lives: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Which due emails are requested, how many, and for which owner."""

    owner: str
    beat: Beat | None = None  # noted together with what is claimed; None: the owner's row is renewed anyway
    limit: int
    now: datetime
    only: str | None = None  # this address alone
    after: int = 0  # ids greater than this: who walks through the queue does not look at those that wait again


@dataclass(frozen=True, slots=True)
class DomainPause:
    """No mail to this domain for a while: its server refused us for what we are or how fast we send."""

    domain: str  # lower case
    until: datetime  # UTC
    why: str
