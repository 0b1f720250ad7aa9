"""Evenings on which arXiv may make no announcement: US federal holidays, computed, and the days around New Year.

Source: 5 U.S.C. 6103 and Executive Order 11582 (a holiday on a Saturday is kept on Friday, on a Sunday on Monday).
arXiv keeps most of them, never says which before it publishes a year's list, and pauses on days of its own choice
between Christmas and New Year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

_DAY = timedelta(days=1)
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_LAST = -1
_DATED = ((1, 1, "New Year's Day"), (6, 19, "Juneteenth"), (7, 4, "Independence Day"), (11, 11, "Veterans Day"),
          (12, 25, "Christmas Day"))  # fmt: skip
# Month, which one of the month, weekday.
_MOVING = (
    (1, 3, _MONDAY, "Martin Luther King Jr. Day"),
    (2, 3, _MONDAY, "Washington's Birthday"),
    (5, _LAST, _MONDAY, "Memorial Day"),
    (9, 1, _MONDAY, "Labor Day"),
    (10, 2, _MONDAY, "Columbus Day"),
    (11, 4, _THURSDAY, "Thanksgiving"),
)


def named(day: date) -> str | None:
    """The holiday on this day, or kept on it; None: an ordinary day."""
    years = (day.year, day.year + 1)  # New Year's Day may be kept in December
    return next((found[day] for year in years if day in (found := _of(year))), None)


@cache
def _of(year: int) -> dict[date, str]:
    # What has a date of its own overrides the days around New Year.
    between = {date(year, 12, 24) + n * _DAY: "between Christmas and New Year" for n in range(8)}
    return between | dict(_federal(year))


def _federal(year: int) -> Iterator[tuple[date, str]]:
    for month, number, weekday, name in _MOVING:
        yield _nth(year, month, number, weekday), name
    for month, number, name in _DATED:
        day = date(year, month, number)
        if day.weekday() in (_SATURDAY, _SUNDAY):
            yield day + (_DAY if day.weekday() == _SUNDAY else -_DAY), f"{name} (observed)"
        yield day, name


def _nth(year: int, month: int, number: int, weekday: int) -> date:
    """The nth such weekday of a month, or its last one."""
    if number == _LAST:
        return _nth(year, month + 1, 1, weekday) - 7 * _DAY
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (number - 1)) * _DAY
