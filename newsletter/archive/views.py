"""What a page says about days, months and papers. Pure; the templates only print it."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from newsletter.archive.day import Day, page_name
from newsletter.archive.shelves import Shelf
from newsletter.sentences import key_sentence

_BEST = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the calendar: `heat` is 1 to 3 if there is an issue, else 0."""

    day: date
    picked: int
    heat: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day in a row of weekdays; `picked` is None if it has no issue."""

    day: date
    picked: int | None
    is_shown: bool  # of the time that the table is about


def around(names: Sequence[Any], place: int) -> tuple[Any | None, Any | None]:
    """The neighbours that exist: skips weekends, holidays and other missing days."""
    return (names[place - 1] if place else None), (names[place + 1] if place + 1 < len(names) else None)


def weeks(shelf: Shelf, month: str) -> list[list[Cell | None]]:
    """The month as weeks from Monday; None is a day of another month."""
    year, number = map(int, month.split("-"))
    picked = {one.date: shelf.picked(one) for one in shelf.months[month]}
    most = max(picked.values())
    return [
        [_cell(day, picked, most) if day.month == number else None for day in week]
        for week in calendar.Calendar().monthdatescalendar(year, number)
    ]


def _cell(day: date, picked: Mapping[date, int], most: int) -> Cell:
    if day not in picked:
        return Cell(day, 0, 0)
    return Cell(day, picked[day], 1 if not picked[day] else min(3, 1 + 3 * (picked[day] - 1) // most))


def rows(shelf: Shelf, first: date, last: date) -> list[list[Weekday]]:
    """The weeks of these days, each from Monday to Friday, or to Sunday where a weekend has an issue."""
    picked = {one.date: shelf.picked(one) for one in shelf.glances if first <= one.date <= last}
    width = 7 if any(day.isoweekday() > 5 for day in picked) else 5
    monday = first - timedelta(days=first.weekday())
    found = []
    while monday <= last:
        days = [monday + timedelta(days=number) for number in range(width)]
        if any(first <= day <= last for day in days):
            found.append([Weekday(day, picked.get(day), first <= day <= last) for day in days])
        monday += timedelta(weeks=1)
    return found


def best(shelf: Shelf, month: str) -> list[tuple[date, Day]]:
    """The month's papers with the highest scores; of equal ones the newer."""
    found = [(one.date, paper) for one in shelf.months[month] for paper in shelf.day(one.date)["papers"]]
    found.sort(key=lambda pair: pair[0], reverse=True)
    found.sort(key=lambda pair: (pair[1]["relevance"] or 0, pair[1]["novelty"] or 0), reverse=True)
    return found[:_BEST]


def tokens(day: Day) -> int:
    return int(day["prompt_tokens"] + day["completion_tokens"])


def link_of(paper: Day, root: str) -> str:
    """A paper's own page, or arXiv's if we cannot read its id."""
    name = page_name(paper["id"])
    return f"{root}papers/{name}.html" if name else str(paper["links"]["arxiv"])


def parted(paper: Day) -> tuple[str, str, str]:
    """The abstract before, in and behind the sentence that the email marks; days from before it was noted lack it."""
    noted = paper.get("key_sentence")
    key = key_sentence(paper["abstract"], of_result=bool(paper["lines"])) if noted is None else noted
    return paper["abstract"].partition(key) if key else (paper["abstract"], "", "")
