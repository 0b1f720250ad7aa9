"""What an inbound meaning does. Without proof nothing; twice is the same as once."""

from __future__ import annotations

from newsletter.models import Action, Bounce, Meaning, Subscriber
from newsletter.readers import Changed, Counter, leave, pause, suppress, undo
from newsletter.readers.changes import BY_REPLY
from newsletter.replies import bounces
from newsletter.store import Store

_ON_SENDER = (Action.UNSUBSCRIBE, Action.PAUSE, Action.RESUME)


def act(counter: Counter, meaning: Meaning, *, key: str = "") -> Changed | None:
    """Do what a mail asks for with proof; None: nothing was done, it is for a person. `key` names a bounce."""
    if meaning.action is Action.CONFIRM:
        return _to_confirm(counter.store, meaning)
    who = proven(counter.store, meaning)
    if who is None:
        return None
    match meaning.action:
        case Action.UNSUBSCRIBE:
            return leave(counter, who.id, BY_REPLY)
        case Action.PAUSE if meaning.until is not None and who.state.reads:
            return pause(counter, who, meaning.until)
        case Action.RESUME:
            return undo(counter, who)
        case Action.COMPLAINT:
            return suppress(counter, who, "complaint")
        case Action.BOUNCE_PERMANENT | Action.BOUNCE_TEMPORARY if not meaning.blames_sender:
            return _bounced(counter, who, meaning, key)
    return None


def proven(store: Store, meaning: Meaning) -> Subscriber | None:
    """Whose mail it is: by its token, else by a sender whom DKIM proves."""
    if meaning.subscriber_id is not None:
        return store.subscriber(meaning.subscriber_id)
    return store.subscriber(meaning.sender) if meaning.action in _ON_SENDER and meaning.sender else None


def _to_confirm(store: Store, meaning: Meaning) -> Changed | None:
    """A request without proof changes nothing; a reader of ours is asked by mail."""
    claimed = store.subscriber(meaning.sender) if meaning.sender else None
    return Changed(claimed, None) if claimed and claimed.state.reads else None


def _bounced(counter: Counter, who: Subscriber, meaning: Meaning, key: str) -> Changed | None:
    now = counter.now()
    bounce = Bounce(
        key=key,
        status=meaning.status,
        permanent=meaning.action is Action.BOUNCE_PERMANENT,
        issue=meaning.issue or now.date(),
        at=now,
    )
    # What came before a reader was taken back counts no more.
    history = [one for one in counter.store.add_bounce(who.id, bounce) if one.at >= who.since]
    why = bounces.verdict(history, now)
    return suppress(counter, who, why) if why else Changed(who, None)
