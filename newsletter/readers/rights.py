"""What a reader may do with what is held about them, each by a link that was sent to the address on record."""

from __future__ import annotations

from datetime import timedelta

from newsletter.models import Subscriber, SubscriberState
from newsletter.readers import tickets
from newsletter.readers.counter import Counter
from newsletter.readers.tickets import Kind

HOUR = timedelta(hours=1)
DOWNLOAD, ERASE, FEED = Kind("download", HOUR), Kind("erase", HOUR), Kind("feed", HOUR)


def may_ask(subscriber: Subscriber) -> bool:
    """Nothing more is sent to a mailbox that refused our emails, or to someone who complained of them."""
    return subscriber.state is not SubscriberState.SUPPRESSED


def link(counter: Counter, kind: Kind, subscriber: Subscriber) -> str:
    """The secret part of a link for this reader."""
    return tickets.issue(counter, kind, {"subscriber": str(subscriber.id)})


def whose(counter: Counter, kind: Kind, secret: str) -> Subscriber | None:
    """The reader who was sent this link, as long as it works."""
    found = tickets.find(counter, kind, secret)
    return counter.store.subscriber(int(found["subscriber"])) if found else None
