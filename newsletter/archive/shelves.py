"""Groups of days: all of them and, if there are several topics, those of each topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any
from urllib.parse import quote

from newsletter.archive.day import Day, stated_counts


@dataclass(frozen=True, slots=True)
class Glance:
    """What other pages say about a day, known without reading it."""

    date: date
    hash: str  # of the whole day
    collected: int
    picked: int
    by_topic: Mapping[str, int]  # papers by the key of their topic
    titles: Mapping[str, str]  # of the topics
    prompt: str | None  # the hash of its selection prompt
    counts: str  # a hash of what it states of its issue

    def as_json(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in ("hash", "collected", "picked", "by_topic", "titles", "prompt", "counts")
        }


def glance(day: Day, digest: str) -> Glance:
    """The day at a glance."""
    titles = {topic["key"]: topic["title"] for topic in day["topics"]}
    counts = {key: sum(key in paper["topics"] for paper in day["papers"]) for key in titles}
    prompt = (day["selection"] or {}).get("hash")
    return Glance(
        date.fromisoformat(day["date"]),
        digest,
        day["collected"],
        len(day["papers"]),
        counts,
        titles,
        prompt,
        stated_counts(day),
    )


@dataclass(frozen=True)
class Shelf:
    """Days in order, oldest first, under one folder of the archive."""

    glances: Sequence[Glance]
    load: Callable[[date], Day]
    topic: str | None = None  # None: all topics
    title: str = ""

    @property
    def folder(self) -> str:
        """Where its files lie, as a path in the archive; no topic's key can hold a slash."""
        return "" if self.topic is None else f"topics/{self.topic}/"

    @property
    def address(self) -> str:
        """The same, as a web address."""
        return quote(self.folder)

    @property
    def root(self) -> str:
        """From its pages to the front page's folder."""
        return "" if self.topic is None else "../../"

    @cached_property
    def dates(self) -> Sequence[date]:
        return [one.date for one in self.glances]

    @cached_property
    def months(self) -> Mapping[str, Sequence[Glance]]:
        """By `2026-03`, oldest first."""
        return {name: list(found) for name, found in groupby(self.glances, lambda one: f"{one.date:%Y-%m}")}

    def day(self, day: date) -> Day:
        """The day with only the papers of this group."""
        whole = self.load(day)
        if self.topic is None:
            return whole
        return whole | {"papers": [paper for paper in whole["papers"] if self.topic in paper["topics"]]}

    def picked(self, one: Glance) -> int:
        """How many of a day's papers stand here."""
        return one.picked if self.topic is None else one.by_topic.get(self.topic, 0)


def shelves(glances: Sequence[Glance], load: Callable[[date], Day]) -> Iterator[Shelf]:
    """All days; and, of several topics, the days on which each had papers."""
    yield Shelf(glances, load)
    titles = {key: title for one in glances for key, title in one.titles.items()}  # the newest title counts
    for key, title in titles.items() if len(titles) > 1 else ():
        if days := [one for one in glances if one.by_topic.get(key)]:
            yield Shelf(days, load, key, title)
