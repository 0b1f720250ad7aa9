"""Until when a pause lasts: `2 weeks`, `两个月`, `until 2026-04-01`."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from functools import cache

from newsletter.inbound import words
from newsletter.inbound.phrases import either

_LONGEST = timedelta(days=366)
_TAIL = r"(?: ?(?:please|thanks|bitte|danke|谢谢|謝謝|吧|时间|時間))*"


def until(text: str, today: date) -> date | None:
    """The first day after a pause that is told in a folded text; None when it has no end within a year."""
    try:
        if found := _span().fullmatch(text):
            day = _later(today, words.NUMBERS.get(found["count"]) or int(found["count"]), found)
        elif found := _day().fullmatch(text):
            day = _named(today, found)
        else:
            return None
    except (ValueError, OverflowError):  # 31 February, the year 9999
        return None
    return day if timedelta(0) < day - today <= _LONGEST else None


@cache
def _span() -> re.Pattern[str]:
    numbers = "|".join(sorted(words.NUMBERS, key=len, reverse=True))
    units = "|".join(
        f"(?P<{name}>{either(listed)})"
        for name, listed in (("week", words.WEEK_UNITS), ("month", words.MONTH_UNITS), ("day", words.DAY_UNITS))
    )
    return re.compile(rf"(?:for |fur )?(?P<count>[0-9]{{1,3}}|{numbers}) ?(?:{units}){_TAIL}")


@cache
def _day() -> re.Pattern[str]:
    year, month, day = r"(?:(?P<year>[0-9]{4})[-年])?", r"(?P<month>[0-9]{1,2})[-月]", r"(?P<day>[0-9]{1,2})[日号號]?"
    return re.compile(rf"(?:{either(words.UNTIL)}) ?{year}{month}{day}{_TAIL}")


def _later(today: date, count: int, unit: re.Match[str]) -> date:
    if unit["month"] is None:
        return today + timedelta(days=count * (7 if unit["week"] else 1))
    year, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _named(today: date, told: re.Match[str]) -> date:
    """The day as told; without a year, the next one of that name."""
    day = date(int(told["year"] or today.year), int(told["month"]), int(told["day"]))
    return day if told["year"] or day > today else day.replace(year=today.year + 1)
