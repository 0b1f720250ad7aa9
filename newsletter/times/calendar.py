"""When arXiv announces: the dates of issues, their hours and their submission windows.

A weekday on which arXiv pauses is of one of two kinds. What arXiv has listed has no issue. A holiday that nobody has
listed has one that may never come: it is asked for, nobody waits for it, and nobody is told that it is missing.

Source: https://info.arxiv.org/help/availability.html. Submissions close at 14:00 US Eastern; they are announced
at 20:00 Eastern from Sunday to Thursday, and an issue is dated by the day after that evening.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from newsletter.times.holidays import named

EASTERN = ZoneInfo("America/New_York")
_DAY = timedelta(days=1)
_FRIDAY, _SATURDAY, _SUNDAY = 5, 6, 7  # ISO weekdays


@cache
def listed() -> frozenset[date]:
    """Evenings for which arXiv itself has said that there is no announcement, from `holidays.txt` beside this file."""
    text = resources.files("newsletter.times").joinpath("holidays.txt").read_text("utf-8")
    days = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(date.fromisoformat(day) for day in days if day)


def _announces(evening: date) -> bool:
    return evening.isoweekday() not in (_FRIDAY, _SATURDAY) and evening not in listed()


def _deadline(evening: date) -> datetime:
    """When the submissions announced on this evening closed: Sunday's on Friday, all others the same day."""
    closed = evening - 2 * _DAY if evening.isoweekday() == _SUNDAY else evening
    return datetime.combine(closed, time(14), EASTERN).astimezone(UTC)


def is_issue_date(day: date) -> bool:
    """Whether arXiv plans an announcement dated this day."""
    return _announces(day - _DAY)


def listed_until() -> date:
    """The last day of the years whose pauses arXiv has listed."""
    return date(max(listed()).year, 12, 31)


def holiday(day: date, more: Container[date] = ()) -> str | None:
    """Why arXiv may make no announcement dated this day; None: nobody expects that.

    `more`: further evenings, known to the operator. If there is an announcement, it is one like any other.
    """
    evening = day - _DAY
    return "NEWSLETTER_ARXIV_HOLIDAYS" if evening in more else named(evening)


def announced_at(day: date) -> datetime:
    """When issue `day` is due, UTC."""
    return datetime.combine(day - _DAY, time(20), EASTERN).astimezone(UTC)


def window(day: date) -> tuple[datetime, datetime]:
    """The submission window of issue `day` in UTC: from the previous announcement's deadline to its own."""
    return _deadline(previous(day) - _DAY), _deadline(day - _DAY)


def newest(now: datetime) -> date:
    """The newest issue that is due."""
    day = now.astimezone(EASTERN).date() + _DAY
    while not is_issue_date(day) or announced_at(day) > now:
        day -= _DAY
    return day


def earliest(day: date, more: Container[date] = ()) -> date:
    """The first of the issue dates up to `day` whose papers this issue announces if arXiv paused while it may have."""
    while holiday(previous(day), more):
        day = previous(day)
    return day


def certain(day: date, more: Container[date] = ()) -> date:
    """This issue date, or the last one before it that no holiday makes uncertain."""
    while holiday(day, more):
        day = previous(day)
    return day


def previous(day: date) -> date:
    """The issue date before `day`."""
    day -= _DAY
    while not is_issue_date(day):
        day -= _DAY
    return day


def following(day: date) -> date:
    """The next issue date after `day`."""
    day += _DAY
    while not is_issue_date(day):
        day += _DAY
    return day
