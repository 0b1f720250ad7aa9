"""The accepted roster → the ledger: each reader a row, and what the file says of leaving where that is news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from newsletter.models import Reader, Subscriber, SubscriberState
from newsletter.readers.forgetting import fingerprints
from newsletter.store import Store
from newsletter.tokens import Keys

_CHUNK = 500


def enrol(store: Store, keys: Keys, readers: Iterable[Reader], now: datetime) -> None:
    """Make these readers the roster, but for whom the ledger was told to forget."""
    store.replace_roster(_entries(store, keys, readers, now))


def _entries(store: Store, keys: Keys, readers: Iterable[Reader], now: datetime) -> Iterator[tuple[int, Reader]]:
    rest = iter(readers)
    while chunk := list(islice(rest, _CHUNK)):
        gone = store.forgotten()
        staying = [one for one in chunk if not gone or fingerprints(keys, one.email).isdisjoint(gone)]
        ledger = store.enrol((one.email for one in staying), now)
        for reader in staying:
            subscriber = ledger[reader.email.lower()]
            _honour_pause(store, reader, _honour_file(store, reader, subscriber, now), now)
            yield subscriber.id, reader


def _honour_pause(store: Store, reader: Reader, subscriber: Subscriber, now: datetime) -> None:
    """A date that somebody wrote into the file since we last looked counts; else the ledger's pause, until its day."""
    if reader.paused_until is None or reader.paused_until == subscriber.paused_in_file:
        return
    until = reader.paused_until if reader.paused_until > now.date() else None
    store.set_pause(subscriber.id, until, reader.paused_until, now)


def _honour_file(store: Store, reader: Reader, subscriber: Subscriber, now: datetime) -> Subscriber:
    """With a new database what the file says of leaving counts; once recorded, the ledger keeps it."""
    said = {SubscriberState.UNSUBSCRIBED: reader.unsubscribed, SubscriberState.SUPPRESSED: reader.bounced}
    fresh = subscriber.state is SubscriberState.ACTIVE and subscriber.why is None
    for state, why in said.items():
        if why and fresh:
            store.set_subscriber(subscriber.id, state, why, now)
            return store.subscriber(subscriber.id) or subscriber
    return subscriber
