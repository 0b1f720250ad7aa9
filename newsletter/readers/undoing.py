"""A link that takes back one act of a reader's, once and for a day; it opens nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from newsletter.models import Subscriber, SubscriberState
from newsletter.readers import tickets
from newsletter.readers.changes import Changed, undo
from newsletter.readers.counter import Counter
from newsletter.readers.tickets import Kind

_UNDO = Kind("undo", timedelta(hours=24))
_OWN = (SubscriberState.UNSUBSCRIBED, SubscriberState.PAUSED)


def offer(counter: Counter, subscriber: Subscriber) -> str:
    """The secret part of the link for what this reader, as they are now, has just done; the same when asked again."""
    act = _act(subscriber)
    return tickets.issue(counter, _UNDO, act, of=" ".join(act.values()))


def offered(counter: Counter, secret: str) -> Subscriber | None:
    """The subscriber whose change the link would undo; None if it was used, is too old, or something else was done
    since.
    """
    act = tickets.find(counter, _UNDO, secret)
    subscriber = counter.store.subscriber(int(act["subscriber"])) if act else None
    return subscriber if subscriber and subscriber.state in _OWN and _act(subscriber) == act else None


def take_back(counter: Counter, secret: str) -> Changed | None:
    """Undo it; None if `offered` is None, or if someone else was faster."""
    subscriber = offered(counter, secret)
    if subscriber is None:
        return None
    return undo(counter, subscriber) if tickets.use(counter, _UNDO, secret) else None


def _act(subscriber: Subscriber) -> Mapping[str, str]:
    return {
        "subscriber": str(subscriber.id),
        "state": subscriber.state.value,
        "since": subscriber.since.isoformat(),
    }
