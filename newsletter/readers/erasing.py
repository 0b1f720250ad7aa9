"""A reader goes, whole: from the ledger, the files of emails and the subscriber list."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter import subscribers
from newsletter.errors import ConfigurationError
from newsletter.models import Subscriber
from newsletter.readers import forgetting, guard
from newsletter.readers.counter import Counter


@dataclass(frozen=True, slots=True)
class Erased:
    """What went besides the rows of the ledger."""

    files: int  # of emails
    entries: int  # of the subscriber list
    problem: str | None = None  # why the list still names them; they get no email all the same


def erase(counter: Counter, subscriber: Subscriber) -> Erased:
    """Forget a reader and take their entry out of the file. Joining again stays possible."""
    former = counter.store.moved_from(subscriber.id)
    files = forgetting.forget(counter, subscriber)
    try:
        named = filter(None, (subscriber.email, former))
        entries = sum(subscribers.remove_entry(counter.subscribers, email) for email in named)
    except (OSError, ConfigurationError) as error:
        return Erased(files, 0, str(error))
    if entries:
        guard.one_less(counter.store)
    return Erased(files, entries)
