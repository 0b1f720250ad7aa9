"""Until when a pause lasts: `2 weeks`, `两个月`, `until 1 April`, wherever it stands in the request."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from functools import cache

from newsletter.inbound import phrases, words
from newsletter.inbound.phrases import either

_LONGEST = timedelta(days=366)
_SLIP = timedelta(days=60)  # who names a day that has just passed does not mean next year's
# Not in the middle of a number or a word, and no end of a range.
_BEGIN = r"(?<![0-9.,/月월-])(?:(?<![a-zа-я])|(?=[0-9]))"
_END = r"(?![0-9a-zа-я])"


def asked(text: str, today: date) -> date | None:
    """The first day after a pause that a folded text asks for, and nothing else; None when it has no end so soon.

    What is left without the time must be a request to pause: in some languages the time stands before it.
    """
    found = [
        one
        for pattern in _times()
        for one in pattern.finditer(text)
        if phrases.is_whole(words.PAUSE, phrases.folded(f"{text[: one.start()]} {text[one.end() :]}"))
    ]
    days = {_end(one, today) for one in found}
    return days.pop() if len(days) == 1 else None


@cache
def _times() -> tuple[re.Pattern[str], ...]:
    """Every way to tell how long or until when."""
    before, after = f"(?:{either(phrases.table('words_until'))}) ?", f"(?:{either(words.UNTIL_ENDS)})"
    in_full = r"(?P<year>20[0-9]{2})[-/.年년](?P<month>[0-9]{1,2})[-/.月월](?P<day>[0-9]{1,2})[日号號일]?"
    in_short = r"(?P<month>[0-9]{1,2})[-月월](?P<day>[0-9]{1,2})[日号號일]?"
    with_dots = r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})(?:\.(?P<year>20[0-9]{2})?)?"
    name = f"(?P<name>{either('|'.join(words.MONTHS))})"
    year = r"(?:,? ?(?:del? )?(?P<year>20[0-9]{2})(?: ?г(?:ода)?\.?)?)?"
    day_first = rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|er|o|-?го)?\.? ?(?:of |de |di |d')?{name}\.?{year}"
    name_first = rf"{name}\.? ?(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?{year}"
    weekday = f"(?P<weekday>{either('|'.join(words.WEEKDAYS))})"
    dates = (in_full, in_short, with_dots, day_first, name_first, weekday)
    return tuple(
        re.compile(f"{_BEGIN}{time}{_END}")
        for time in (
            *_spans(),
            *(f"{before}{one}(?:{after})?" for one in dates),
            *(f"{one}{after}" for one in (in_full, in_short)),
        )
    )


def _spans() -> tuple[str, str]:
    begins = f"(?:(?:{either(phrases.table('words_span_begins'))}) ?)?"
    ends = f"(?: ?(?:{either(words.SPAN_ENDS)}))?"
    units = "|".join(
        f"(?P<{name}>{either(listed)})"
        for name, listed in (
            ("week", phrases.table("words_week_units")),
            ("month", phrases.table("words_month_units")),
            ("days", words.DAY_UNITS),
        )
    )
    counted = f"(?P<count>[0-9]{{1,3}}|{either('|'.join(words.NUMBERS))}) ?(?:{units})"
    whole = f"(?P<whole>{either('|'.join(words.SPANS))})"
    return f"{begins}{counted}{ends}", f"{begins}{whole}{ends}"


def _end(found: re.Match[str], today: date) -> date | None:
    """The day that was told, where it comes within a year."""
    told = found.groupdict()
    try:
        if told.get("whole"):
            day = today + timedelta(days=words.SPANS[told["whole"]])
        elif told.get("count"):
            day = _later(today, words.NUMBERS.get(told["count"]) or int(told["count"]), told)
        elif told.get("weekday"):
            day = today + timedelta(days=(words.WEEKDAYS[told["weekday"]] - today.weekday() - 1) % 7 + 1)
        else:
            day = _named(today, told)
    except (ValueError, OverflowError):  # 31 February, the year 9999
        return None
    return day if timedelta(0) < day - today <= _LONGEST else None


def _later(today: date, count: int, told: dict[str, str]) -> date:
    if not told["month"]:
        return today + timedelta(days=count * (7 if told["week"] else 1))
    year, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _named(today: date, told: dict[str, str]) -> date:
    """The day as told; without a year, the next one of that name, unless it has only just passed."""
    month = _month(told["name"]) if told.get("name") else int(told["month"])
    day = date(int(told.get("year") or today.year), month, int(told["day"]))
    if told.get("year") or day > today - _SLIP:
        return day
    return day.replace(year=today.year + 1)


@cache
def _month(name: str) -> int:
    return next(
        number for number, listed in enumerate(words.MONTHS, 1) if name in map(phrases.folded, listed.split("|"))
    )
