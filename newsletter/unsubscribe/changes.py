"""Leaving and coming back: the ledger first, then the file; a file that cannot be written changes nothing about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from newsletter import subscribers
from newsletter.errors import NewsletterError
from newsletter.models import Subscriber, SubscriberState
from newsletter.ports import ReaderStore

BY_REPLY, BY_LINK = "by reply", "by link"


@dataclass(frozen=True, slots=True)
class Changed:
    """What leaving or coming back changed: the ledger always, the file where it could be written."""

    subscriber: Subscriber
    line: int | None  # of subscribers.yaml; None: the file has no such reader
    file_problem: str | None = None


def leave(store: ReaderStore, roster: Path, subscriber_id: int, how: str, now: datetime) -> Changed | None:
    """Unsubscribe, `how` being "by reply", "by link" …; again is the same. None when the ledger knows no such id."""
    subscriber = store.subscriber(subscriber_id)
    if subscriber is None:
        return None
    again = subscriber.state is SubscriberState.UNSUBSCRIBED
    value = subscriber.why if again and subscriber.why else f"{now:%Y-%m-%d} {how}"
    if not again:
        store.set_subscriber(subscriber_id, SubscriberState.UNSUBSCRIBED, value, now)
    return write_through(
        store, subscriber, lambda: subscribers.write_field(roster, subscriber.email, "unsubscribed", value)
    )


def come_back(store: ReaderStore, roster: Path, subscriber: Subscriber, now: datetime) -> Changed:
    """Resubscribe: the only way to undo that somebody left, was left out after bounces, or paused."""
    store.set_pause(subscriber.id, None, subscriber.paused_in_file, now)
    store.set_subscriber(subscriber.id, SubscriberState.ACTIVE, f"{now:%Y-%m-%d} resubscribed", now)

    def edit() -> int | None:
        for field in ("paused_until", "bounced"):
            subscribers.write_field(roster, subscriber.email, field, None)
        return subscribers.write_field(roster, subscriber.email, "unsubscribed", None)

    return write_through(store, subscriber, edit)


def suppress(store: ReaderStore, roster: Path, subscriber: Subscriber, why: str, now: datetime) -> Changed:
    """Send no more after bounces or a complaint. Who has left by themselves has left, and stays noted so."""
    value = f"{now:%Y-%m-%d} {why}"
    if subscriber.state in (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED):
        return Changed(subscriber, None)
    store.set_subscriber(subscriber.id, SubscriberState.SUPPRESSED, value, now)
    return write_through(store, subscriber, lambda: subscribers.write_field(roster, subscriber.email, "bounced", value))


def pause(store: ReaderStore, roster: Path, subscriber: Subscriber, until: date, now: datetime) -> Changed:
    """No mail before the day `until`."""
    return _paused(store, roster, subscriber, until, now)


def resume(store: ReaderStore, roster: Path, subscriber: Subscriber, now: datetime) -> Changed:
    """The end of a pause."""
    return _paused(store, roster, subscriber, None, now)


def undo(store: ReaderStore, roster: Path, subscriber: Subscriber, now: datetime) -> Changed | None:
    """Take back what readers did by their own hand; None where it was somebody else's or a mail server's."""
    if subscriber.state is SubscriberState.UNSUBSCRIBED:
        own = (subscriber.why or "").endswith((BY_REPLY, BY_LINK))
        return come_back(store, roster, subscriber, now) if own else None
    if subscriber.state is SubscriberState.SUPPRESSED:
        return None
    if subscriber.state is SubscriberState.ACTIVE:
        return Changed(subscriber, None)
    return resume(store, roster, subscriber, now)


def _paused(store: ReaderStore, roster: Path, subscriber: Subscriber, until: date | None, now: datetime) -> Changed:
    store.set_pause(subscriber.id, until, subscriber.paused_in_file, now)

    def edit() -> int | None:
        value = until.isoformat() if until else None
        line = subscribers.write_field(roster, subscriber.email, "paused_until", value)
        # Known as ours from here on: another date in the file is an edit by hand, and the later one counts.
        store.set_pause(subscriber.id, until, until, now)
        return line

    return write_through(store, subscriber, edit)


def write_through(store: ReaderStore, before: Subscriber, edit: Callable[[], int | None]) -> Changed:
    """Change the file too, where it can be written."""
    line, problem = None, None
    try:
        line = edit()
    except (OSError, ValueError, NewsletterError) as error:
        problem = f"the ledger has it; the file was not changed: {error}"
    return Changed(store.subscriber(before.id) or before, line, problem)
