"""The accepted list → the ledger: one row per reader, and what the file newly says about unsubscribing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import islice

from newsletter.models import Reader, Subscriber, SubscriberState
from newsletter.readers.fingerprints import fingerprints
from newsletter.readers.preferences import laid_over
from newsletter.store import Store
from newsletter.store.roster import Turnover
from newsletter.tokens import Keys

_CHUNK = 500


def enrol(
    store: Store, keys: Keys, readers: Iterable[Reader], now: datetime, unchanged: Callable[[], bool] = lambda: True
) -> Turnover:
    """Make these readers the list in force, but for whom the ledger was told to forget.

    `unchanged`: whether the file still says what it said when it was read; else its pauses may be over.
    """
    return store.replace_roster(entries(store, keys, readers, now, unchanged))


def entries(
    store: Store, keys: Keys, readers: Iterable[Reader], now: datetime, unchanged: Callable[[], bool]
) -> Iterator[tuple[int, Reader]]:
    """Subscriber ids and what they get; who is new is added, and what the file newly says of leaving counts."""
    rest, has_own = iter(readers), store.has_own_readers()
    while chunk := list(islice(rest, _CHUNK)):
        gone = store.forgotten()
        staying = [one for one in chunk if not gone or fingerprints(keys, one.email).isdisjoint(gone)]
        ledger = store.enrol((one.email for one in staying), now, of_file=True)
        own = store.own_readers(one.id for one in ledger.values()) if has_own else {}
        for reader in staying:
            subscriber = ledger[reader.email.lower()]
            subscriber = _honour_file(store, reader, subscriber, now)
            day = reader.paused_until
            if day is not None and day != subscriber.paused_in_file and unchanged():
                _honour_pause(store, subscriber, day, now)
            if subscriber.email != reader.email.lower():  # moved since the list was read
                reader = replace(reader, email=subscriber.email)
            yield subscriber.id, laid_over(own.get(subscriber.id), reader)


def _honour_pause(store: Store, subscriber: Subscriber, day: date, now: datetime) -> None:
    """A date that someone wrote into the file since we last looked counts; else the ledger's pause, until its day."""
    store.set_pause(subscriber.id, day if day > now.date() else None, day, now)


def _honour_file(store: Store, reader: Reader, subscriber: Subscriber, now: datetime) -> Subscriber:
    """With a new database what the file says of leaving counts; once recorded, the ledger keeps it."""
    said = {SubscriberState.UNSUBSCRIBED: reader.unsubscribed, SubscriberState.SUPPRESSED: reader.bounced}
    fresh = subscriber.state is SubscriberState.ACTIVE and subscriber.why is None
    for state, why in said.items():
        if why and fresh:
            store.set_subscriber(subscriber.id, state, why, now)
            return store.subscriber(subscriber.id) or subscriber
    return subscriber
