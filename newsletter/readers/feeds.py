"""The address of a reader's private feed: each new one ends the one before."""

from __future__ import annotations

import secrets

from newsletter import tokens
from newsletter.models import Subscriber
from newsletter.readers.counter import Counter
from newsletter.tokens import Purpose


def renew(counter: Counter, subscriber: Subscriber) -> str:
    """The token of a new address."""
    epoch = secrets.token_hex(8)  # at random: who is forgotten and comes back does not get the old addresses back
    counter.store.begin_feed(subscriber.id, epoch)
    return tokens.make(counter.keys, Purpose.FEED, subscriber.id, epoch)


def whose(counter: Counter, token: str) -> Subscriber | None:
    """The reader whose feed has this address now."""
    subscriber_id = tokens.read(counter.keys, Purpose.FEED, token, counter.store.feed_epoch)
    return counter.store.subscriber(subscriber_id) if subscriber_id is not None else None
