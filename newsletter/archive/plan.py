"""Which files the archive has, and what each depends on, so that a new day changes only a few."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path

from newsletter.archive import search
from newsletter.archive.day import Day
from newsletter.archive.feed import ENTRIES, feed
from newsletter.archive.labels import Labels
from newsletter.archive.pages import Pages
from newsletter.archive.shelves import Glance, Shelf, glance, shelves
from newsletter.archive.site import Site
from newsletter.archive.sitemap import robots, sitemap_index, sitemap_of
from newsletter.archive.views import around

Files = Mapping[str, bytes]
Load = Callable[[date], Day]
Topics = Sequence[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Unit:
    """Some files, made together; they change only with what they depend on."""

    name: str
    depends: tuple[object, ...]
    build: Callable[[], Files]

    def digest(self, common: str) -> str:
        return digest_of(f"{common} {self.depends!r}".encode())


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def day_hash(day: Day) -> str:
    """Changes with anything in it."""
    return digest_of(_json(day).encode("utf-8", "replace"))


def day_bytes(day: Day) -> bytes:
    """The day's own file, each field in a line of its own and each paper too."""
    head = ",\n".join(f'"{name}": {_json(value)}' for name, value in day.items() if name != "papers")
    papers = ",\n".join(map(_json, day["papers"]))
    return f'{{{head},\n"papers": [\n{papers}\n]}}\n'.encode("utf-8", "replace")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # with an indent it takes eight times as long


def pages(site: Site, days: Mapping[date, Day], templates: Sequence[Path]) -> Files:
    """Every file of an archive of these days. Raises TemplateError."""
    glances = [glance(days[day], day_hash(days[day])) for day in sorted(days)]
    made = Pages(site, templates)
    return {
        path: content for unit in units(site, glances, days.__getitem__, made) for path, content in unit.build().items()
    }


def units(site: Site, glances: Sequence[Glance], load: Load, made: Pages) -> Iterator[Unit]:
    """Everything the archive consists of; `load` is asked only for the days that a unit's files are made from."""
    every = list(shelves(glances, load))
    topics = [(shelf.topic, shelf.title) for shelf in every[1:]]
    shelved: dict[date, list[Unit]] = defaultdict(list)
    for shelf in every:
        for one, unit in _days(shelf, every, made):
            shelved[one.date].append(unit)
    for one in glances:  # all that is made of one day together: it is read once
        yield from shelved[one.date]
        yield Unit(f"day {one.date}", (one.hash,), partial(_day, load, one.date))
        yield Unit(f"papers {one.date}", (one.hash, topics), partial(_papers, made, load, one.date, topics))
    for shelf in every:
        yield from _shelf(site, shelf, every, made)
    yield from _prompts(glances, load, made)
    yield from _search(glances, load, made)
    yield Unit("assets", (), made.assets)
    yield from _robots(site, every, load)


def _day(load: Load, day: date) -> Files:
    return {f"{day}.json": day_bytes(load(day))}


def _papers(made: Pages, load: Load, day: date, topics: Topics) -> Files:
    return dict(made.papers(load(day), topics))


def _days(shelf: Shelf, every: Sequence[Shelf], made: Pages) -> Iterator[tuple[Glance, Unit]]:
    name, topics = shelf.folder, [(one.topic, one.title) for one in every]
    for place, one in enumerate(shelf.glances):
        days = around(shelf.dates, place)
        # On a day's page of all topics stand ways to the same day of each topic.
        build = partial(made.day, shelf, one.date, days, every)
        yield one, Unit(f"page {name}{one.date}", (one.hash, days, topics), build)


def _shelf(site: Site, shelf: Shelf, every: Sequence[Shelf], made: Pages) -> Iterator[Unit]:
    name, topics = shelf.folder, [(one.topic, one.title) for one in every]
    months = list(shelf.months)
    for place, month in enumerate(months):
        sides = around(months, place)
        depends = (_hashes(shelf.months[month]), sides, shelf.title)
        yield Unit(f"month {name}{month}", depends, partial(made.month, shelf, month, sides))
    yield Unit(f"front {name}", (_hashes(shelf.glances), topics), partial(made.front, shelf, every))
    newest = _hashes(shelf.glances[-ENTRIES:])
    yield Unit(f"feed {name}", (newest, shelf.title), partial(_feed, site, shelf, made.labels))


def _feed(site: Site, shelf: Shelf, labels: Labels) -> Files:
    written = feed(site.name, shelf, labels, identity=site.identity, public_url=site.public_url)
    return {f"{shelf.folder}feed.xml": written}


def _hashes(glances: Iterable[Glance]) -> tuple[str, ...]:
    return tuple(one.hash for one in glances)


def _prompts(glances: Sequence[Glance], load: Load, made: Pages) -> Iterator[Unit]:
    used: dict[str, list[date]] = {}
    for one in glances:
        if one.prompt:
            used.setdefault(one.prompt, []).append(one.date)
    for prompt, dates in used.items():
        yield Unit(f"prompt {prompt}", (dates,), partial(_prompt, made, load, dates))


def _prompt(made: Pages, load: Load, dates: Sequence[date]) -> Files:
    return made.prompt(load(dates[0]), dates)


def _search(glances: Sequence[Glance], load: Load, made: Pages) -> Iterator[Unit]:
    quarters = groupby(glances, lambda one: search.shard_name(one.date))
    shards = {name: list(group) for name, group in quarters}
    for name, days in shards.items():
        yield Unit(f"search {name}", (_hashes(days),), partial(_shard, name, load, [one.date for one in days]))
    yield Unit("search", (list(shards),), partial(made.search, list(reversed(shards))))


def _shard(name: str, load: Load, dates: Sequence[date]) -> Files:
    return {f"search/{name}.idx": search.shard((day, load(day)) for day in dates)}


def _robots(site: Site, every: Sequence[Shelf], load: Load) -> Iterator[Unit]:
    base = None if site.private else site.public_url
    yield Unit("robots", (), partial(robots, base, private=site.private))
    if base is None or not every[0].glances:
        return
    months = every[0].months
    for month, days in months.items():
        yield Unit(f"sitemap {month}", (_hashes(days), len(every)), partial(sitemap_of, base, every, month, load))
    yield Unit("sitemap", (list(months),), partial(sitemap_index, base, months))
