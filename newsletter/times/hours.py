"""When a reader's email is due, and which issues it carries."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.models import Hours
from newsletter.times import calendar
from newsletter.times.waiting import LATE

_PROMPT = timedelta(minutes=15)  # how long after a reader's hour it still counts as that hour
_MISSED = timedelta(hours=12)  # how long after an hour that was slept through its mail still comes, also past midnight


def last_hour(hours: Hours, now: datetime) -> datetime | None:
    """The newest moment, UTC, at which emails of these hours were due: on one of their days.

    If the clocks skip the hour, it comes that much later; if they repeat it, the first one counts.
    """
    zone = ZoneInfo(hours.timezone)
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        moment = datetime.combine(day, hours.send_at, zone).astimezone(UTC)
        if day.isoweekday() in hours.due_on and moment <= now:
            return moment
    return None


def is_due_day(hours: Hours, now: datetime) -> bool:
    """Whether an email is due today, at whatever hour."""
    return now.astimezone(ZoneInfo(hours.timezone)).isoweekday() in hours.due_on


def next_hour(hours: Hours, now: datetime, paused_until: date | None = None) -> datetime | None:
    """When the next email is due if arXiv announces as planned, by the reader's own clock; None within two weeks."""
    zone = ZoneInfo(hours.timezone)
    today, announced = now.astimezone(zone).date(), False
    for day in (today + timedelta(days=number) for number in range(-7, 15 + _days_until(paused_until, today))):
        announced = announced or calendar.is_issue_date(day)
        if day.isoweekday() not in hours.due_on:
            continue
        moment = datetime.combine(day, hours.send_at, zone)
        if announced and moment > now and not (paused_until and day < paused_until):
            return moment
        announced = announced and bool(paused_until and day < paused_until)
    return None


def _days_until(paused_until: date | None, today: date) -> int:
    return max(0, (paused_until - today).days) if paused_until else 0


def is_open(hours: Hours, moment: datetime, now: datetime) -> bool:
    """Whether an email due at `moment` may still be sent: on the same local day, or soon after."""
    zone = ZoneInfo(hours.timezone)
    return now.astimezone(zone).date() == moment.astimezone(zone).date() or now - moment < _MISSED


def in_time(
    issues: tuple[date, ...],
    moment: datetime,
    now: datetime,
    looked: datetime | None,
    held: Container[date] = (),
) -> tuple[date, ...]:
    """The issues that the email of the hour `moment` carries: those announced by then.

    Once that hour has been looked at, only what was due well before it may still come the same day. An hour over which
    the service slept, or prepared the day (`looked` lies before it), is an hour nobody has looked at. An issue that was
    `held` for want of scores has kept its readers waiting since their hour.
    """
    missed = looked is None or looked < moment or now - moment < _PROMPT
    allowed = moment if missed else moment - LATE
    return tuple(day for day in issues if calendar.announced_at(day) <= (moment if day in held else allowed))
