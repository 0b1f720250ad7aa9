"""What is late, how long an email waits for it, and when arXiv is asked again."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.models import Hours, Issue, IssueState, Newsletter
from newsletter.times import calendar

SHORTEST_POLL, LONGEST_POLL = timedelta(minutes=10), timedelta(minutes=30)
LONGEST_WAIT = timedelta(days=1)  # before something is sent again; a longer one was planned by a clock that was ahead
LATE = timedelta(hours=3)  # an announcement due this long before a reader's hour may still come into that email


def poll_pause(waited: timedelta) -> timedelta:
    """How long until an awaited announcement is asked for again: the longer it is late, the less often."""
    return min(max(waited / 4, SHORTEST_POLL), LONGEST_POLL)


def overdue_by(
    issue_of: Callable[[date], Issue | None], moment: datetime, holidays: Container[date] = ()
) -> date | None:
    """The newest announcement that was due well before this hour, if it is not ready; a holiday's is not waited for.

    One that the ledger never had while it has a later one was before its time, or too long ago to be caught up.
    """
    newest = calendar.newest(moment - LATE)
    expected = calendar.certain(newest, holidays)
    issue = issue_of(expected)
    if issue is not None:
        return expected if issue.state is IssueState.COLLECTED else None
    later = calendar.following(expected)
    while later <= calendar.following(newest):
        if issue_of(later) is not None:
            return None
        later = calendar.following(later)
    return expected


def email_waits_until(hours: Hours, moment: datetime) -> datetime:
    """How long the email of this hour waits for a late announcement, UTC; never shorter than not at all."""
    zone = ZoneInfo(hours.timezone)
    limit = datetime.combine(moment.astimezone(zone).date(), hours.wait_until, zone).astimezone(UTC)
    return max(limit, moment)


def issue_waits_until(hours: Hours | Newsletter, day: date) -> datetime:
    """The first `wait_until` (UTC) after the announcement of this issue: a reader's, or the newsletter's default."""
    zone = ZoneInfo(hours.timezone)
    announced = calendar.announced_at(day)
    local = announced.astimezone(zone).date()
    limits = (datetime.combine(local + timedelta(days=n), hours.wait_until, zone).astimezone(UTC) for n in (0, 1))
    return next(limit for limit in limits if limit > announced)


def missing_issue(
    known: Sequence[Issue], newsletter: Newsletter, now: datetime, holidays: Container[date] = ()
) -> date | None:
    """The newest issue that should be ready but is not: the newsletter's `wait_until` has passed since it was due.

    `known` are the ledger's newest issues; one of a holiday may never come, and is not missed.
    """
    newest = calendar.newest(now)
    day = calendar.certain(
        calendar.previous(newest) if now < issue_waits_until(newsletter, newest) else newest, holidays
    )
    if not known and day != newest:
        return None  # what was announced before our first issue was never ours
    return None if any(one.date >= day for one in known if one.state is not IssueState.COLLECTED) else day
