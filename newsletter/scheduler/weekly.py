"""One line a week to the administrator: what the last week collected, sent and cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newsletter.addresses import split_mailbox
from newsletter.alarms import Alarms
from newsletter.models import DeliveryState, Usage
from newsletter.store import Store
from newsletter.telling import counted, usage_text

_KEY = "administrator.week"
_WEEK = timedelta(days=7)
_MOST_ISSUES = 10
_EVERY = 10  # minutes between two attempts
_SENT = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)


def tell(store: Store, alarms: Alarms) -> None:
    """Write of the week that is over, once; a new installation begins to count."""
    now = alarms.now()
    monday = datetime.combine(now.date() - timedelta(days=now.weekday()), datetime.min.time(), UTC)
    told = store.recall(_KEY)
    if told == f"{monday:%Y-%m-%d}" or (told and now.minute % _EVERY):
        return
    if told is None or alarms.note(*_written(store, alarms, monday)):
        store.remember(_KEY, f"{monday:%Y-%m-%d}")


def _written(store: Store, alarms: Alarms, monday: datetime) -> tuple[str, str, tuple[str, ...]]:
    """The key, the subject and the lines."""
    start = monday - _WEEK
    issues = [one for one in store.issues(_MOST_ISSUES) if start.date() <= one.date < monday.date()]
    sent = store.mails_between(start, monday)
    accepted = sum(sent.get(state, 0) for state in _SENT)
    failed = sent.get(DeliveryState.FAILED, 0)
    usage = sum((one.usage for one in issues), Usage())
    name = split_mailbox(alarms.letterhead.sender)[0] or "Newsletter"
    collected, picked = sum(one.collected for one in issues), sum(one.picked for one in issues)
    said = (
        f"{counted(len(issues), 'issue')}: {collected:,} papers collected, {picked:,} picked.",
        f"{counted(accepted, 'email')} sent, {failed:,} rejected permanently.",
        f"Language models: {usage_text(usage)}.",
    )
    return f"week {start:%Y-%m-%d}", f"[{name}] Week from {start:%Y-%m-%d}: {said[0]}", said
