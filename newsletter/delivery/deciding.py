"""Which issues an email carries, and what an outcome makes of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from newsletter.models import REPEATED, Delivery, DeliveryState, Outcome, Verdict

MOST_ISSUES = 5  # in one email: a week
WEEK = timedelta(days=7)
_MOST_MISSED = 25  # issues of a weekly email
_MOST_ATTEMPTS = 5
_GIVE_UP = timedelta(days=1)  # a server may be down for hours; a newsletter of the day before yesterday helps nobody
_LONGEST_PAUSE = timedelta(hours=6)  # whatever the other side says
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


def due_issues(ready: Iterable[date], had: Collection[date], *, weekly: bool = False) -> tuple[date, ...]:
    """The issues for a reader's next email, oldest first: all that are newer than the last one they had, at most five.

    Someone who has had none starts with the newest. A weekly email begins with the week, and goes back as far as its
    reader was away, at most five weeks.
    """
    newest_first = sorted(ready, reverse=True)
    if not had:
        first = [day for day in newest_first if weekly and day > newest_first[0] - WEEK]
        return tuple(sorted(first or newest_first[:1]))
    most = _MOST_MISSED if weekly else MOST_ISSUES
    return tuple(sorted(day for day in newest_first[:most] if day > max(had)))


def decide(delivery: Delivery, outcome: Outcome, now: datetime) -> Delivery:
    """The delivery after this outcome."""
    ended = partial(replace, delivery, owner=None, not_before=None)
    detail = outcome.detail[:500] or None
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return ended(state=DeliveryState.ACCEPTED)
        case Verdict.PERMANENT:
            return ended(state=DeliveryState.FAILED, error=detail)
        case Verdict.UNKNOWN:
            return ended(state=DeliveryState.UNKNOWN, error=detail)
        case Verdict.UNWANTED if not _given_up(delivery, now):
            return ended(state=DeliveryState.QUEUED, not_before=now + _PAUSES[-1], error=detail)
        case Verdict.UNTRIED:
            said = REPEATED if delivery.error == REPEATED else detail  # it goes on to be a repeat
            return ended(state=DeliveryState.QUEUED, attempts=max(delivery.attempts - 1, 0), error=said)
    if _given_up(delivery, now):
        return ended(state=DeliveryState.FAILED, error=f"{delivery.attempts} tries, last: {detail}")
    return ended(state=DeliveryState.QUEUED, not_before=now + _pause(delivery, outcome), error=detail)


def _given_up(delivery: Delivery, now: datetime) -> bool:
    return delivery.attempts >= _MOST_ATTEMPTS and now - delivery.date >= _GIVE_UP


def _pause(delivery: Delivery, outcome: Outcome) -> timedelta:
    if outcome.retry_after is None:
        return _PAUSES[min(max(delivery.attempts, 1), len(_PAUSES)) - 1]
    # At least a second: an answer of 0 would have drain() ask again and again without a pause.
    return timedelta(seconds=min(max(outcome.retry_after, 1.0), _LONGEST_PAUSE.total_seconds()))
