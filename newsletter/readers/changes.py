"""Unsubscribing and resubscribing: the ledger first, then the file, even if the file cannot be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import structlog

from newsletter import subscribers
from newsletter.errors import NewsletterError
from newsletter.models import Preference, Reader, Subscriber, SubscriberState
from newsletter.readers import in_force, left_log, lists
from newsletter.readers.counter import Counter
from newsletter.readers.left_log import What
from newsletter.readers.preferences import merged
from newsletter.subscribers.preferences import PREFERENCES, said

log = structlog.get_logger()

BY_REPLY, BY_LINK = "by reply", "by link"
MISSING = "missing in "  # and the name of a register


@dataclass(frozen=True, slots=True)
class Changed:
    """What unsubscribing or resubscribing changed: always the ledger, and the file if it could be written."""

    subscriber: Subscriber
    line: int | None  # of subscribers.yaml; None: the file has no such reader
    file_problem: str | None = None


def leave(counter: Counter, subscriber_id: int, how: str) -> Changed | None:
    """Unsubscribe, `how` being "by reply", "by link" …; repeating it changes nothing.

    None if the id is unknown, or if it is a mailing list's: no member leaves for all.
    """
    subscriber = counter.store.subscriber(subscriber_id)
    if subscriber is None or (how in (BY_REPLY, BY_LINK) and lists.is_list(counter, subscriber_id)):
        return None
    again = subscriber.state is SubscriberState.UNSUBSCRIBED and not ended_by_register(subscriber)
    if not again or not subscriber.why:
        value = f"{counter.today} {how}"
        with left_log.noting(counter, What.LEFT, [subscriber], value):
            counter.store.set_subscriber(subscriber_id, SubscriberState.UNSUBSCRIBED, value, counter.now())
    return _settled(counter, subscriber)


def come_back(counter: Counter, subscriber: Subscriber) -> Changed:
    """Resubscribe: the only way to undo that someone left, was left out after bounces, or paused."""
    why = f"{counter.today} resubscribed"
    with left_log.noting(counter, What.BACK, [subscriber], why):
        counter.store.set_pause(subscriber.id, None, subscriber.paused_in_file, counter.now())
        counter.store.set_subscriber(subscriber.id, SubscriberState.ACTIVE, why, counter.now())
    return _settled(counter, subscriber)


def suppress(counter: Counter, subscriber: Subscriber, why: str) -> Changed:
    """Stop sending after bounces or a complaint. Anyone who unsubscribed stays recorded as unsubscribed."""
    value = f"{counter.today} {why}"
    if subscriber.state in (SubscriberState.UNSUBSCRIBED, SubscriberState.SUPPRESSED):
        return Changed(subscriber, None)
    with left_log.noting(counter, What.SUPPRESSED, [subscriber], value):
        counter.store.set_subscriber(subscriber.id, SubscriberState.SUPPRESSED, value, counter.now())
    return _settled(counter, subscriber)


def _settled(counter: Counter, before: Subscriber) -> Changed:
    """The file says of a reader what the ledger says when it is written: of two changes at once the later one."""

    def fields() -> Mapping[str, str | None]:
        now = counter.store.subscriber(before.id) or before
        match now.state:
            case SubscriberState.UNSUBSCRIBED:
                return {"unsubscribed": now.why}
            case SubscriberState.SUPPRESSED:
                return {"bounced": now.why}
        until = now.paused_until.isoformat() if now.paused_until else None
        return {"paused_until": until, "bounced": None, "unsubscribed": None}

    return write_through(counter, before, fields)


def pause(counter: Counter, subscriber: Subscriber, until: date) -> Changed:
    """No email before the day `until`."""
    return _paused(counter, subscriber, until)


def resume(counter: Counter, subscriber: Subscriber) -> Changed:
    """The end of a pause."""
    return _paused(counter, subscriber, None)


def left_by_themselves(subscriber: Subscriber) -> bool:
    """Whether a reader who unsubscribed did so themselves."""
    own = (subscriber.why or "").endswith((BY_REPLY, BY_LINK))
    return subscriber.state is SubscriberState.UNSUBSCRIBED and own


def ended_by_register(subscriber: Subscriber) -> bool:
    """Whether it was a register that lost them: nobody's wish, so it may bring them back, and they may confirm."""
    return subscriber.state is SubscriberState.UNSUBSCRIBED and MISSING in (subscriber.why or "")


def bars(subscriber: Subscriber) -> bool:
    """Whether joining must not bring them back: after a complaint, or where the operator ended it."""
    if subscriber.state is SubscriberState.SUPPRESSED:
        return (subscriber.why or "").endswith("complaint")
    left = subscriber.state is SubscriberState.UNSUBSCRIBED
    return left and not left_by_themselves(subscriber) and not ended_by_register(subscriber)


def undo(counter: Counter, subscriber: Subscriber) -> Changed | None:
    """Take back what readers did by their own hand; None if it was someone else's or a mail server's."""
    if subscriber.state is SubscriberState.UNSUBSCRIBED:
        return come_back(counter, subscriber) if left_by_themselves(subscriber) else None
    if subscriber.state is SubscriberState.SUPPRESSED:
        return None
    if subscriber.state is SubscriberState.ACTIVE:
        return Changed(subscriber, None)
    return resume(counter, subscriber)


def _paused(counter: Counter, subscriber: Subscriber, until: date | None) -> Changed:
    counter.store.set_pause(subscriber.id, until, subscriber.paused_in_file, counter.now())
    changed = write_through(counter, subscriber, lambda: {"paused_until": until.isoformat() if until else None})
    if changed.file_problem is None:
        # Known as ours from here on: another date in the file is an edit by hand, and the later one counts.
        counter.store.set_pause(subscriber.id, until, until, counter.now())
    return Changed(counter.store.subscriber(subscriber.id) or subscriber, changed.line, changed.file_problem)


def prefer(counter: Counter, subscriber: Subscriber, before: Reader, after: Reader) -> Changed:
    """Put the values of `after` in force for a reader: in the ledger, and in the file where it has an entry."""
    fields = {key: said(after, key) for key in PREFERENCES if said(after, key) != said(before, key)}
    if not fields:
        return Changed(subscriber, None)
    own = counter.store.own_readers([subscriber.id]).get(subscriber.id)
    if own is not None:
        own = merged(own, after, fields)
    if not before.in_file:
        in_force.change_reader(counter, subscriber.id, after, (), own)
        return Changed(subscriber, None)
    stated, now = dict(before.stated), counter.now()
    wanted = [
        Preference(
            subscriber_id=subscriber.id,
            email=subscriber.email,
            key=key,
            value=value,
            in_file=stated.get(key),
            at=now,
        )
        for key, value in fields.items()
    ]
    in_force.change_reader(counter, subscriber.id, after, wanted, own)
    written = {key: value or None for key, value in fields.items()}  # an empty one is written as no key

    def known_as_ours() -> None:
        """Anything else in the file is an edit by hand from here on, and the later one counts."""
        now = {key: value for key, value in (stated | written).items() if value is not None}
        ours = [replace(one, in_file=one.value or None) for one in wanted]
        in_force.change_reader(counter, subscriber.id, replace(after, stated=_ordered(now)), ours, own)

    return write_through(counter, subscriber, lambda: written, known_as_ours)


def _ordered(stated: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, stated[key]) for key in PREFERENCES if key in stated)


def write_through(
    counter: Counter,
    before: Subscriber,
    fields: Callable[[], Mapping[str, str | None]],
    written: Callable[[], None] = lambda: None,
) -> Changed:
    """Change the file too, in one step and where it can be written; what we wrote there is no news to the follower.

    `written` is called in between: a stop before the end leaves news, and the list is taken in once more.
    """
    edit, problem = None, None
    entry = counter.store.reader(before.id)
    if entry is not None and not entry.in_file:
        return Changed(counter.store.subscriber(before.id) or before, None)
    try:
        edit = _entry_edit(counter, before, fields)
    except (OSError, ValueError, NewsletterError) as error:
        problem = f"recorded in the ledger, but the file could not be changed: {error}"
    if edit:
        written()
        in_force.note_own_edit(counter, edit)
    return Changed(counter.store.subscriber(before.id) or before, edit.line if edit else None, problem)


def _entry_edit(
    counter: Counter, before: Subscriber, fields: Callable[[], Mapping[str, str | None]]
) -> subscribers.Edit | None:
    """Under the address that the file has: that of a reader who moves becomes another one, perhaps just now."""
    for _ in range(2):
        now = counter.store.subscriber(before.id) or before
        for email in filter(None, (counter.store.moved_from(before.id), now.email)):
            if edit := subscribers.write_fields(counter.subscribers, email, fields):
                return edit
    return None


def log_problem(counter: Counter, changed: Changed | None) -> None:
    """A file that could not follow the ledger is the operator's to fix."""
    if changed and changed.file_problem:
        log.warning("roster.unchanged", file=str(counter.subscribers), problem=changed.file_problem)
