"""A link that takes back one act of a reader's, once and for a day; it opens nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from newsletter import tokens
from newsletter.models import Subscriber, SubscriberState
from newsletter.readers.changes import Changed, undo
from newsletter.readers.counter import Counter

_PURPOSE = "undo"
_VALID = timedelta(hours=24)
_OWN = (SubscriberState.UNSUBSCRIBED, SubscriberState.PAUSED)


def offer(counter: Counter, subscriber: Subscriber) -> str:
    """The secret part of the link for what this reader, as they are now, has just done; the same when asked again."""
    act = _act(subscriber)
    secret = _digest(counter, "link", " ".join(act.values()))
    counter.store.issue_ticket(_digest(counter, "kept", secret), _PURPOSE, act, counter.now() + _VALID)
    return secret


def offered(counter: Counter, secret: str) -> Subscriber | None:
    """The subscriber whose change the link would undo; None if it was used, is too old, or something else was done
    since.
    """
    act = counter.store.ticket(_digest(counter, "kept", secret), _PURPOSE, counter.now())
    subscriber = counter.store.subscriber(int(act["subscriber"])) if act else None
    return subscriber if subscriber and subscriber.state in _OWN and _act(subscriber) == act else None


def take_back(counter: Counter, secret: str) -> Changed | None:
    """Undo it; None if `offered` is None, or if someone else was faster."""
    subscriber = offered(counter, secret)
    if subscriber is None:
        return None
    used = counter.store.use_ticket(_digest(counter, "kept", secret), _PURPOSE, counter.now())
    return undo(counter, subscriber) if used else None


def _act(subscriber: Subscriber) -> Mapping[str, str]:
    return {
        "subscriber": str(subscriber.id),
        "state": subscriber.state.value,
        "since": subscriber.since.isoformat(),
    }


def _digest(counter: Counter, what: str, text: str) -> str:
    return tokens.secret(counter.keys, f"undo {what}", text)
