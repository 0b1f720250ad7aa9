"""Erasing all that is kept of a reader but a keyed hash, which keeps an old line from bringing them back."""

from __future__ import annotations

from pathlib import Path

from newsletter.models import Subscriber
from newsletter.readers import left_log
from newsletter.readers.counter import Counter
from newsletter.readers.fingerprints import fingerprint, fingerprints
from newsletter.readers.left_log import What

__all__ = ["fingerprint", "fingerprints", "forget", "take_back"]


def forget(counter: Counter, subscriber: Subscriber) -> int:
    """Erase everything about a reader except a keyed hash; returns the number of email files erased."""
    with left_log.noting(counter, What.FORGOTTEN, [subscriber.email]):
        counter.store.forget(subscriber.id, fingerprint(counter.keys, subscriber.email), counter.now())
    return _erased(counter.data_dir, subscriber.email)


def take_back(counter: Counter, email: str) -> None:
    """A reader whom the operator resubscribes, or who joins again, is no longer forgotten."""
    marks = fingerprints(counter.keys, email)
    if counter.store.forgotten_among(marks):
        with left_log.noting(counter, What.BACK, [email]):
            counter.store.remember_again(marks)


def _erased(data_dir: Path, email: str) -> int:
    """Emails that stayed here, in whichever folder: their files are named by their readers."""
    found = [file for file in data_dir.glob("*/*_*.*") if file.stem.lower().endswith(f"_{email}")]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)
