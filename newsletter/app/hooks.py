"""What a mail provider posts to us: signed delivery events, and mails as forms. Answered only after the commit."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from newsletter import unsubscribe
from newsletter.app import blame, receiving
from newsletter.app.desk import open_ledger
from newsletter.mailboxes import webhook
from newsletter.models import Action, DeliveryEvent, DeliveryState, EventKind, Meaning
from newsletter.ports import Store
from newsletter.settings import Settings

log = structlog.get_logger()

_EVENTS, _POSTS = "sendgrid-event", "sendgrid-post"
_OLDEST, _AHEAD = timedelta(minutes=10), timedelta(minutes=5)
_STATES: Mapping[EventKind, DeliveryState] = {
    EventKind.ACCEPTED: DeliveryState.ACCEPTED,
    EventKind.DELIVERED: DeliveryState.DELIVERED,
    EventKind.BOUNCED: DeliveryState.BOUNCED,
    EventKind.BLOCKED: DeliveryState.BOUNCED,
    EventKind.UNDELIVERABLE: DeliveryState.BOUNCED,
    EventKind.COMPLAINED: DeliveryState.COMPLAINED,
    EventKind.FAILED: DeliveryState.FAILED,
}
_ORDER = list(DeliveryState)


def is_secret(settings: Settings, given: str) -> bool:
    """Whether this is the secret part of the inbound path; never where none is set."""
    secret = settings.inbound_secret.get_secret_value() if settings.inbound_secret else ""
    return hmac.compare_digest(given.encode(), secret.encode()) and bool(secret)


def take_events(settings: Settings, signature: str, timestamp: str, body: bytes, now: datetime) -> bool:
    """Act on the events of a signed post; False for one that is not signed, too old, or comes a second time.

    Raises ValueError for a signed body that is no list of events.
    """
    if not _is_fresh(timestamp, now) or not webhook.is_signed(
        settings.sendgrid_webhook_key or "", signature, timestamp, body
    ):
        return False
    # By what was signed: one signature can be written in several ways.
    post = hashlib.sha256(timestamp.encode() + body).hexdigest()
    events = webhook.events(body)
    with open_ledger(settings) as store:
        if store.handled(_POSTS, [post]):
            return False
        _take(settings, store, events, now)
        store.record(_POSTS, {post: "events"}, now)
    return True


def _is_fresh(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    age = now.timestamp() - int(timestamp)
    return -_AHEAD.total_seconds() <= age <= _OLDEST.total_seconds()


def _take(settings: Settings, store: Store, events: Sequence[DeliveryEvent], now: datetime) -> None:
    """Readers first, then the mails, then what was handled: a stop in between repeats what can be repeated."""
    unique = {event.key: event for event in events}
    known = store.handled(_EVENTS, unique)
    recipients = store.recipients(event.delivery_id for event in unique.values())
    # The address too: another program may use the same account, and count its mails from one as we do.
    fresh = [
        event
        for event in sorted(unique.values(), key=lambda one: one.at)
        if event.key not in known and recipients.get(event.delivery_id, (0, ""))[1] == event.email
    ]
    for event in fresh:
        _act(settings, store, event, recipients[event.delivery_id][0], now)
    store.settle(_news(fresh))
    store.record(_EVENTS, {event.key: event.kind.value for event in fresh}, now)
    log.info("events.read", given=len(events), new=len(fresh))


def _news(events: Sequence[DeliveryEvent]) -> Mapping[int, DeliveryState]:
    """The strongest news of each mail."""
    news: dict[int, DeliveryState] = {}
    for event in events:
        if state := _STATES.get(event.kind):
            news[event.delivery_id] = max(news.get(event.delivery_id, state), state, key=_ORDER.index)
    return news


def _act(settings: Settings, store: Store, event: DeliveryEvent, subscriber_id: int, now: datetime) -> None:
    if event.kind is EventKind.BLOCKED:
        permanent = not (event.status or "").startswith("4")
        blame.refused(settings, store, event.email, permanent=permanent, why=event.detail or "blocked", now=now)
        return
    if event.kind is EventKind.LEFT:
        unsubscribe.leave(store, settings.subscribers, subscriber_id, unsubscribe.BY_LINK, now)
    if meaning := _meaning(event, subscriber_id):
        unsubscribe.act(store, settings.subscribers, meaning, now, key=event.key)


def _meaning(event: DeliveryEvent, subscriber_id: int) -> Meaning | None:
    """What an event says of its reader, as a mail would have said it."""
    match event.kind:
        case EventKind.COMPLAINED:
            action, status = Action.COMPLAINT, None
        case EventKind.UNDELIVERABLE:
            action, status = Action.BOUNCE_PERMANENT, "5.1.1"
        case EventKind.BOUNCED:
            temporary = (event.status or "").startswith("4")
            action, status = Action.BOUNCE_TEMPORARY if temporary else Action.BOUNCE_PERMANENT, event.status
        case _:
            return None
    return Meaning(
        action=action, reason=event.kind.value, subscriber_id=subscriber_id, status=status, issue=event.at.date()
    )


def take_mail(settings: Settings, content_type: str, body: bytes, now: Callable[[], datetime]) -> bool:
    """Handle the mail that a form hands over; False for what is no such form."""
    mail = webhook.form_mail(content_type, body)
    if mail is None:
        return False
    with open_ledger(settings) as store:
        receiving.handle(settings, store, mail, now())
    return True
