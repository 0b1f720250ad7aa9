"""Erasing all that is kept of a reader but a keyed hash, which keeps an old line from bringing them back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

from newsletter.models import Subscriber
from newsletter.readers.counter import Counter


def forget(counter: Counter, subscriber: Subscriber) -> int:
    """Erase everything about a reader except a keyed hash; returns the number of email files erased."""
    store, former = counter.store, counter.store.moved_from(subscriber.id)
    if former:  # the file's old line
        store.bar(fingerprint(counter.keys, former), counter.now(), barred=False)
    for change in store.untold_moves():
        if change["subscriber"] == str(subscriber.id):
            store.told_move(change)
    addresses = {subscriber.email, *(one.email.lower() for one in store.deliveries(reader=subscriber.id))}
    others = store.subscribers_of(addresses - {subscriber.email})
    store.forget(subscriber.id, fingerprint(counter.keys, subscriber.email), counter.now())
    return sum(_erased(counter.data_dir, email) for email in sorted(addresses - others.keys()))


def take_back(counter: Counter, email: str) -> None:
    """A reader whom the operator resubscribes is no longer forgotten."""
    counter.store.remember_again(fingerprints(counter.keys, email))


def _erased(data_dir: Path, email: str) -> int:
    """Emails that stayed here, in whichever folder: their files are named by their readers."""
    found = [file for file in data_dir.glob("*/*_*.*") if file.stem.lower().endswith(f"_{email}")]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)


def fingerprint(keys: Mapping[int, bytes], email: str) -> str:
    """The hashes kept of a forgotten reader: they recognise the address but do not reveal it."""
    return _hash(keys[min(keys)], email)


def fingerprints(keys: Mapping[int, bytes], email: str) -> frozenset[str]:
    """Fingerprints under each key, since the oldest key may have been removed meanwhile."""
    return frozenset(_hash(key, email) for key in keys.values())


def _hash(key: bytes, email: str) -> str:
    return hmac.digest(key, b"newsletter forgotten\0" + email.lower().encode(), hashlib.sha256).hex()
