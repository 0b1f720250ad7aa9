"""Until when a pause lasts: `2 weeks`, `两个月`, `until 1 April`, wherever it stands in the request."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date, timedelta
from functools import cache
from typing import Any

from babel import Locale, localedata
from babel.localedata import LocaleDataDict

from newsletter.inbound import lexicon
from newsletter.inbound.lexicon import folded

_SPACELESS = re.compile(f"[{lexicon.CJK}]")
_LANGUAGES = [
    "ar",
    "cs",
    "de",
    "en",
    "es",
    "fr",
    "id",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "sv",
    "tr",
    "uk",
    "vi",
    "zh",
]  # whose months and days are read
_LONGEST = timedelta(days=366)
_SLIP = timedelta(days=60)  # who names a day that has just passed does not mean next year's
# Not in the middle of a number or a word, and no end of a range.
_BEGIN = r"(?<![0-9.,/月월-])(?:(?<![a-zа-я])|(?=[0-9]))"
_END = r"(?![0-9a-zа-я])"


def marked(text: str, today: date) -> tuple[str, date | None]:
    """A folded text with `<until>` where it tells one time, and the first day after it; None where that is unclear."""
    found = [one for pattern in _times() for one in pattern.finditer(text)]
    if not found or any(_is_not_until(text, one) for one in found):
        return text, None
    longest = max(found, key=lambda one: one.end() - one.start())
    rest = f"{text[: longest.start()]} <until> {text[longest.end() :]}"
    days = {_end(one, today) for one in found if one.end() - one.start() == longest.end() - longest.start()}
    several = any(one.start() >= longest.end() or one.end() <= longest.start() for one in found)
    return rest, days.pop() if len(days) == 1 and not several else None


def _is_not_until(text: str, found: re.Match[str]) -> bool:
    """Whether the time says when it begins, or how often."""
    before, after = (f"(?:{_either(_split(_table()[name]))})" for name in ("no_span_behind", "no_span_before"))
    return bool(re.search(rf"(?<!\w){before} ?$", text[: found.start()]) or re.match(f" ?{after}", text[found.end() :]))


@cache
def _table() -> Mapping[str, Any]:
    return lexicon.table(lexicon.FOLDER / "times.yaml")


def _split(listed: str) -> list[str]:
    return [word for one in listed.split("|") if (word := _tight(one))]


def _tight(text: str) -> str:
    """Folded, with single spaces, in CJK with none."""
    plain = folded(text)
    return "".join(plain.split()) if _SPACELESS.search(plain) else " ".join(plain.split())


def _either(words: Iterable[str]) -> str:
    """A regular expression for one of the words, the longest first; in CJK spaces may stand between the letters."""
    spaced = (
        r" ?".join(map(re.escape, one)) if _SPACELESS.search(one) else re.escape(one)
        for one in sorted(words, key=len, reverse=True)
    )
    return "|".join(spaced)


@cache
def _numbers(name: str) -> Mapping[str, int]:
    """The words of one of the tables whose keys are numbers."""
    return {word: int(number) for number, listed in _table()[name].items() for word in _split(listed)}


@cache
def _named(what: str) -> Mapping[str, int]:
    """Names of `months` (from 1) or `days` (Monday is 0) in all languages that we read."""
    names: dict[str, int] = {}
    for code in _LANGUAGES:
        shared: Any = localedata.load(str(Locale.parse(code)))
        # A copy: Babel notes what it looks up in data that other languages share, which would then say `4月` too.
        known = LocaleDataDict(deepcopy(shared[what]), base=shared)
        for context in ("stand-alone", "format"):
            for width in ("wide", "abbreviated"):
                for number, name in known[context][width].items():
                    word = _tight(name.rstrip("."))
                    if len(word) > (1 if _SPACELESS.search(word) else 2) and not word[0].isdigit():
                        names.setdefault(word, number)
    return names


@cache
def _times() -> tuple[re.Pattern[str], ...]:
    """Every way to tell how long or until when."""
    before, after = f"(?:{_either(_split(_table()['until']))}) ?", f" ?(?:{_either(_split(_table()['after_until']))})"
    in_full = r"(?P<year>20[0-9]{2}) ?[-/.年년] ?(?P<month>[0-9]{1,2}) ?[-/.月월 ] ?(?P<day>[0-9]{1,2}) ?[日号號일]?"
    in_short = r"(?P<month>[0-9]{1,2}) ?[-月월] ?(?P<day>[0-9]{1,2}) ?[日号號일]?"
    with_dots = r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})(?:\.(?P<year>20[0-9]{2})?)?"
    name = f"(?P<name>{_either(_named('months'))})"
    year = r"(?:,? ?(?:del? )?(?P<year>20[0-9]{2})(?: ?г(?:ода)?\.?)?)?"
    day_first = rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|er|o|[- ]?го)?\.? ?(?:of |de |di |d )?{name}\.?{year}"
    name_first = rf"{name}\.? ?(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?{year}"
    weekday = f"(?P<weekday>{_either([*_named('days'), *_numbers('weekdays')])})"
    dates = (in_full, in_short, with_dots, day_first, name_first, weekday)
    return tuple(
        re.compile(f"{_BEGIN}{time}{_END}")
        for time in (
            *_spans(),
            *(f"{before}(?:the )?{one}(?:{after})?" for one in dates),
            *(f"{one}{after}" for one in (in_full, in_short, weekday)),
        )
    )


def _spans() -> tuple[str, str]:
    begins = f"(?:(?:{_either(_split(_table()['before_span']))}) ?)?"
    ends = f"(?: ?(?:{_either(_split(_table()['after_span']))}))?"
    units = "|".join(f"(?P<{name}>{_either(_split(_table()[name]))})" for name in ("weeks", "months", "days"))
    words, letters = (
        [one for one in _numbers("numbers") if bool(_SPACELESS.search(one)) is cjk] for cjk in (False, True)
    )
    counted = f"(?P<count>[0-9]{{1,3}}(?= ?)|(?:{_either(words)})(?= )|{_either(letters)}) ?(?:{units})"
    return f"{begins}{counted}{ends}", f"{begins}(?P<whole>{_either(_numbers('spans'))}){ends}"


def _end(found: re.Match[str], today: date) -> date | None:
    """The day that was told, where it comes within a year."""
    told = {name: value and _tight(value) for name, value in found.groupdict().items()}
    try:
        if whole := told.get("whole"):
            day = today + timedelta(days=_numbers("spans")[whole])
        elif count := told.get("count"):
            day = _later(today, _numbers("numbers").get(count) or int(count), told)
        elif weekday := told.get("weekday"):
            number = _named("days").get(weekday, _numbers("weekdays").get(weekday, 0))
            day = today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
        else:
            day = _dated(today, told)
    except (ValueError, OverflowError):  # 31 February, the year 9999
        return None
    return day if timedelta(0) < day - today <= _LONGEST else None


def _later(today: date, count: int, told: Mapping[str, str | None]) -> date:
    if not told["months"]:
        return today + timedelta(days=count * (7 if told["weeks"] else 1))
    year, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _dated(today: date, told: Mapping[str, str | None]) -> date:
    """The day as told; without a year, the next one of that name, unless it has only just passed."""
    name = told.get("name")
    month = _named("months")[name] if name else int(told["month"] or 0)
    day = date(int(told.get("year") or today.year), month, int(told["day"] or 0))
    if told.get("year") or day > today - _SLIP:
        return day
    return day.replace(year=today.year + 1)
