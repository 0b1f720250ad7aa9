"""What a mail provider posts to us: events of emails that it took, or a whole email. Answered after the commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from newsletter.alarms import domains
from newsletter.models import Action, DeliveryEvent, DeliveryState, EventKind, Meaning, Posted
from newsletter.readers import BY_LINK, Counter, leave
from newsletter.replies import acting, receiving

log = structlog.get_logger()

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


def take(counter: Counter, posted: Posted) -> bool:
    """Act on what a provider posted; False for a post that comes a second time."""
    if posted.mail is not None:
        receiving.receive_posted(counter, posted.mail, f"{posted.source}-mail")
        return True
    source = f"{posted.source}-post"
    if counter.store.handled(source, [posted.key]):
        return False
    _take(counter, f"{posted.source}-event", posted.events)
    counter.store.record(source, {posted.key: "events"}, counter.now())
    return True


def _take(counter: Counter, source: str, events: Sequence[DeliveryEvent]) -> None:
    """Readers first, then the emails, then what was handled: a stop in between repeats what can be repeated."""
    store = counter.store
    unique = {event.key: event for event in events}
    known = store.handled(source, unique)
    recipients = store.recipients(event.delivery_id for event in unique.values())
    # The address too: another program may use the same account, and count its emails from one as we do.
    fresh = [
        event
        for event in sorted(unique.values(), key=lambda one: one.at)
        if event.key not in known and _is_ours(event, recipients.get(event.delivery_id))
    ]
    for event in fresh:
        _act(counter, event, recipients[event.delivery_id])
    store.settle(_news(fresh))
    store.record(source, {event.key: event.kind.value for event in fresh}, counter.now())
    log.info("events.read", given=len(events), new=len(fresh))


def _is_ours(event: DeliveryEvent, known: tuple[int, str, str] | None) -> bool:
    if known is None or event.message_id not in (None, known[2]):
        return False
    return known[1] == event.email


def _news(events: Sequence[DeliveryEvent]) -> Mapping[int, DeliveryState]:
    """The strongest news of each mail."""
    news: dict[int, DeliveryState] = {}
    for event in events:
        if state := _STATES.get(event.kind):
            news[event.delivery_id] = max(news.get(event.delivery_id, state), state, key=_ORDER.index)
    return news


def _act(counter: Counter, event: DeliveryEvent, recipient: tuple[int, str, str]) -> None:
    subscriber_id, _, message_id = recipient
    if event.kind is EventKind.BLOCKED:
        permanent, why = not (event.status or "").startswith("4"), event.detail or "blocked"
        domains.refused(counter.store, counter.alarms, event.email, permanent=permanent, why=why, now=counter.now())
        return
    if event.kind is EventKind.LEFT:
        leave(counter, subscriber_id, BY_LINK)
    if meaning := _meaning(event, subscriber_id, message_id):
        acting.act(counter, meaning, key=event.key)


def _meaning(event: DeliveryEvent, subscriber_id: int, message_id: str) -> Meaning | None:
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
        action=action,
        reason=event.kind.value,
        subscriber_id=subscriber_id,
        status=status,
        issue=event.at.date(),
        returned=message_id,
    )
