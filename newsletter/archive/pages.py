"""The pages, by the templates `archive-*.j2`; the operator's own ones win."""

from __future__ import annotations

import hashlib
import json
import traceback
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from jinja2.environment import TemplateModule
from jinja2.runtime import Context

from newsletter.archive import citing, views
from newsletter.archive.day import Day, page_name
from newsletter.archive.labels import Labels
from newsletter.archive.shelves import Shelf
from newsletter.archive.site import Site
from newsletter.compiled import Compiled
from newsletter.errors import TemplateError
from newsletter.words import direction, load_words

Files = Mapping[str, bytes]
_ASSETS = {"archive.css": "archive-style.css", "archive.js": "archive-script.js", "icon.svg": "archive-icon.svg"}
_PAGES = ("base", "parts", "papers", "day", "month", "index", "paper", "prompt", "search", "missing")
_MACROS = {"parts": "parts", "one": "papers"}  # the first ones are those of the first edition's templates
_SHOWN_IN_FRONT = 5
_SCRIPT, _PHRASES = "archive.js", "/* PHRASES */"
_SCRIPT_SAYS = ("script_", "et_al", "gap")


class _Context(Context):
    """Calls at once: nothing that these templates call asks for the context, and looking for that takes longer."""

    def call(self, what: Callable[..., Any], *args: Any, **values: Any) -> Any:
        values.pop("_loop_vars", None)
        values.pop("_block_vars", None)
        return what(*args, **values)


class _Environment(jinja2.Environment):
    """Days and papers are dictionaries: `paper.title` is looked for in it first, not as an attribute."""

    context_class = _Context

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


_COMPILED = Compiled()  # a service writes the archive again and again, by the same templates


class Pages:
    """Writes every page of one site with the templates of these folders, the first one that has a file winning."""

    def __init__(self, site: Site, templates: Sequence[Path]) -> None:
        self._site = site
        self._environment = _Environment(
            loader=jinja2.FileSystemLoader([str(place) for place in templates]),
            undefined=jinja2.StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_COMPILED,
            auto_reload=False,  # else each page looks whether its templates have changed meanwhile
        )
        self.labels = Labels(load_words(templates, site.languages[0]))
        self._environment.globals |= self.labels.for_templates()
        self._environment.globals |= {
            "link_of": views.link_of, "parted": views.parted, "tokens": views.tokens, "direction": direction,
        }  # fmt: skip
        self._environment.globals |= {"site": site, "day_of": date.fromisoformat, "page_name": page_name}
        self._environment.globals |= {"forms": citing.FORMS, "venue_of": citing.venue_of, "metadata": citing.metadata}

    @cached_property
    def _templates(self) -> jinja2.Environment:
        """For who writes a page: mostly none has changed."""
        macros = {name: self._macros(file) for name, file in _MACROS.items()}
        self._environment.globals |= macros
        # Of a year's pages each has one of two.
        self._environment.globals |= {name: cache(getattr(macros["one"], name)) for name in ("top", "foot")}
        return self._environment

    def _macros(self, name: str) -> TemplateModule:
        """What every page may use: imported once, and not by each of a year's pages."""
        try:
            return self._environment.get_template(f"archive-{name}.html.j2").module
        except (jinja2.TemplateError, OSError, ValueError) as error:
            raise _template_error(error) from error

    @cached_property
    def fingerprint(self) -> str:
        """Changes with any template and any phrase."""
        names = [*(f"archive-{name}.html.j2" for name in _PAGES), *_ASSETS.values()]
        phrases = json.dumps(self.labels.words.as_data(""), sort_keys=True)
        return hashlib.sha256("\0".join([*map(self._source, names), phrases]).encode()).hexdigest()[:16]

    def _source(self, name: str) -> str:
        try:
            return self._environment.loader.get_source(self._environment, name)[0] if self._environment.loader else ""
        except (jinja2.TemplateError, OSError, ValueError) as error:
            raise _template_error(error) from error

    def assets(self) -> Files:
        """The style, the script and the icon: our own, and nothing from elsewhere."""
        own = {file: self._source(name) for file, name in _ASSETS.items()}
        own[_SCRIPT] = own[_SCRIPT].replace(_PHRASES, json.dumps(self.labels.words.as_data(*_SCRIPT_SAYS)))
        # Shown in place of any page, so its links begin at the public address.
        root = f"{urlsplit(self._site.public_url).path.rstrip('/')}/" if self._site.public_url else ""
        missing = self._page("missing", "404.html", root, title=self._say("archive_missing"))
        return {**{file: text.encode() for file, text in own.items()}, **missing}

    def _say(self, key: str, **values: object) -> str:
        return self.labels.words.say(key, **values)

    def day(self, shelf: Shelf, day: date, sides: tuple[date | None, date | None], every: Sequence[Shelf]) -> Files:
        """A day's page: its papers, and links to the neighbouring days that exist."""
        content = shelf.day(day)
        page = self._page(
            "day",
            f"{shelf.folder}{day}.html",
            shelf.root,
            shelf=shelf,
            title=self.labels.long_day(day),
            day=content,
            date=day,
            weekdays=list(self.labels.weekdays(day, self._site.languages)),
            sides=sides,
            others=[one for one in every[1:] if day in set(one.dates)] if shelf.topic is None else [],
            description=self.labels.about(content),
        )
        taken = citing.taken_along(content["papers"], self.labels.long_day(day)) if content["papers"] else {}
        return {**page, **{f"{shelf.folder}{day}.{ending}": text for ending, text in taken.items()}}

    def month(self, shelf: Shelf, month: str, sides: tuple[str | None, str | None]) -> Files:
        """A month's page: the calendar and its best papers."""
        glances = shelf.months[month]
        picked = sum(map(shelf.picked, glances))
        return self._page(
            "month",
            f"{shelf.folder}{month}.html",
            shelf.root,
            shelf=shelf,
            title=self.labels.month_name(month),
            month=month,
            sides=sides,
            weeks=views.weeks(shelf, month),
            rows=self._rows(shelf, *_ends_of(month)),
            best=views.best(shelf, month),
            picked=picked,
            collected=sum(one.collected for one in glances),
            description=self._counts(len(glances), picked),
        )

    def front(self, shelf: Shelf, every: Sequence[Shelf]) -> Files:
        """Where readers arrive: the newest issue, the calendar, the months, the topics, the search."""
        newest = shelf.dates[-1] if shelf.dates else None
        month = f"{newest:%Y-%m}" if newest else None
        picked = {name: sum(shelf.picked(one) for one in days) for name, days in shelf.months.items()}
        return self._page(
            "index",
            f"{shelf.folder}index.html",
            shelf.root,
            shelf=shelf,
            title=shelf.title or self._site.name,
            newest=newest,
            papers=shelf.day(newest)["papers"][:_SHOWN_IN_FRONT] if newest else [],
            month=month,
            weeks=views.weeks(shelf, month) if month else [],
            recent=list(reversed(self._rows(shelf, *_four_weeks(newest)))) if newest else [],
            years=[(year, list(months)) for year, months in groupby(reversed(picked.items()), lambda one: one[0][:4])],
            topics=every[1:] if shelf.topic is None else [],
            description=self._counts(len(shelf.dates), sum(picked.values())),
        )

    def _rows(self, shelf: Shelf, first: date, last: date) -> list[dict[str, object]]:
        found = views.rows(shelf, first, last)
        return [{"title": self.labels.words.week(cells[0].day, cells[-1].day), "cells": cells} for cells in found]

    def _counts(self, issues: int, papers: int) -> str:
        counted = self.labels.counted
        return self._say("archive_counts", papers=counted(papers, "paper"), issues=counted(issues, "issue"))

    def papers(self, day: Day, topics: Sequence[tuple[str | None, str]]) -> Iterator[tuple[str, bytes]]:
        """The pages of single papers; only papers with an arXiv id have one."""
        titles = dict(topics)
        for paper in day["papers"]:
            if name := page_name(paper["id"]):
                yield from self._page(
                    "paper",
                    f"papers/{name}.html",
                    "../",
                    title=paper["title"],
                    paper=paper,
                    date=date.fromisoformat(day["date"]),
                    topics=[(key, titles[key]) for key in paper["topics"] if key in titles],
                    cited=citing.bibtex([paper]),
                    description=next(iter(paper["lines"].values()), "") or paper["abstract"][:200],
                ).items()

    def prompt(self, day: Day, dates: Sequence[date]) -> Files:
        """The prompt that chose the papers of these days."""
        selection: dict[str, Any] = day["selection"]
        return self._page(
            "prompt",
            f"prompts/{selection['hash']}.html",
            "../",
            title=self._say("archive_prompt"),
            selection=selection,
            first=dates[0],
            last=dates[-1],
            description=self._say("archive_prompt_about"),
        )

    def search(self, shards: Sequence[str]) -> Files:
        """The page that searches; `shards` newest first."""
        title, about = self._say("archive_search"), self._say("archive_search_all")
        return self._page("search", "search.html", "", title=title, shards=shards, description=about)

    def _page(self, template: str, path: str, root: str, **values: Any) -> Files:
        is_public = self._site.public_url and not self._site.private
        address = f"{self._site.public_url}/{quote(path)}" if is_public else ""
        given = {"root": root, "path": path, "address": address, "description": "", "shelf": None} | values
        try:
            text = self._templates.get_template(f"archive-{template}.html.j2").render(given)
        except (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise _template_error(error) from error
        return {path: text.encode("utf-8", "replace")}


def _ends_of(month: str) -> tuple[date, date]:
    year, number = map(int, month.split("-"))
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])


def _four_weeks(newest: date) -> tuple[date, date]:
    monday = newest - timedelta(days=newest.weekday())
    return monday - timedelta(weeks=3), monday + timedelta(days=6)


def _template_error(error: Exception) -> TemplateError:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return TemplateError(error.filename or error.name or "archive", error.lineno, error.message or "syntax error")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else ("archive templates", None)
    return TemplateError(file, line, str(error))
