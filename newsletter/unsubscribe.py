"""Leaving and coming back: the ledger first, then the file; a file that cannot be written changes nothing about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter import subscribers
from newsletter.errors import NewsletterError
from newsletter.models import Action, Meaning, Subscriber, SubscriberState
from newsletter.ports import ReaderStore


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
    return _changed(store, subscriber, lambda: subscribers.write_field(roster, subscriber.email, "unsubscribed", value))


def come_back(store: ReaderStore, roster: Path, subscriber: Subscriber, now: datetime) -> Changed:
    """Resubscribe: the only way to undo that somebody left, or was left out after bounces."""
    store.set_subscriber(subscriber.id, SubscriberState.ACTIVE, f"{now:%Y-%m-%d} resubscribed", now)

    def edit() -> int | None:
        subscribers.write_field(roster, subscriber.email, "bounced", None)
        return subscribers.write_field(roster, subscriber.email, "unsubscribed", None)

    return _changed(store, subscriber, edit)


def act(store: ReaderStore, roster: Path, meaning: Meaning, now: datetime) -> Changed | None:
    """Do what an inbound mail asks for with proof; this version acts on unsubscribe, the rest stays for the owner."""
    if meaning.action is not Action.UNSUBSCRIBE or meaning.subscriber_id is None:
        return None
    return leave(store, roster, meaning.subscriber_id, "by reply", now)


def _changed(store: ReaderStore, before: Subscriber, edit: Callable[[], int | None]) -> Changed:
    now_known = store.subscriber(before.id) or before
    try:
        return Changed(now_known, edit())
    except (OSError, ValueError, NewsletterError) as error:
        return Changed(now_known, None, f"the ledger has it; the file was not changed: {error}")
