"""A small archive for tests: days around a weekend and a holiday, two topics, and one day of hostile texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from newsletter.archive import Archive, Day, Site, Stated, day_json
from newsletter.models import Bill, Edition, Issue, IssueState, Line, Topic, Usage
from tests.conftest import ROOT
from tests.factories import DAY, a_paper, an_edition, an_entry
from tests.mails import hostile

TEMPLATES = (ROOT / "templates",)
# Thursday, Friday, Monday; then Good Friday and a weekend without issues; and a Tuesday of another month.
DATES = (date(2026, 3, 5), date(2026, 3, 6), DAY, date(2026, 4, 2), date(2026, 4, 7))
TOPICS = (
    Topic(key="foundations", title="Foundation models", categories=("cs.LG",), interests="Mixture of experts."),
    Topic(key="机器人", title="Robots & <b>arms</b>", categories=("cs.RO",), interests="Robots.", authors=("Noether",)),
)
BILLS = (
    Bill("scoring", "example/model", 19, Usage(60_000, 5_000, 0.35)),
    Bill("summaries", "example/writer", 3, Usage(10_000, 977, 0.05)),
)
SELECTION = {
    "hash": "0123456789abcdef",
    "system": "You judge papers.\nUse the whole range.",
    "topics": [
        {
            "title": topic.title,
            "categories": list(topic.categories),
            "min_relevance": 8,
            "min_novelty": 2,
            "authors": list(topic.authors),
            "request": f"<topic>\n{topic.interests}\n</topic>",
        }
        for topic in TOPICS
    ],
}


def a_site(**changes: Any) -> Site:
    values: dict[str, Any] = {
        "name": "Morning arXiv",
        "languages": ("en", "zh"),
        "identity": "5f0f4c9e-3a3c-4a43-9c3f-5d2b0a6f6a11",
        "public_url": "https://news.example.org",
    }
    return Site(**values | changes)


def an_issue(day: date = DAY, **changes: Any) -> Issue:
    values: dict[str, Any] = {
        "date": day,
        "state": IssueState.READY,
        "collected": 493,
        "scored": 490,
        "unscored": 3,
        "picked": 3,
        "model": "example/model",
        "usage": Usage(70000, 5977, 0.4),
    }
    return Issue(**values | changes)


def stated(day: date, edition: Edition, topics: Sequence[Topic] = TOPICS) -> Stated:
    """Every paper is of the first topic, every second one of the last too."""
    keys = [topic.key for topic in topics]
    picked_by = {entry.paper.arxiv_id: keys[: 2 - entry.number % 2] for entry in edition.entries}
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Stated(announced=moment, bills=BILLS, topics=topics, picked_by=picked_by, selection=SELECTION)


def a_day(day: date = DAY, edition: Edition | None = None, topics: Sequence[Topic] = TOPICS) -> Day:
    shown = edition or an_edition([an_entry(n, paper=_paper(day, n)) for n in range(1, 8)])
    return day_json(an_issue(day), shown, stated(day, shown, topics))


def _paper(day: date, number: int) -> Any:
    """The second of each day has words that no other has."""
    changes: dict[str, Any] = {"arxiv_id": f"{day:%y%m}.{day.day * 100 + number:05}"}
    if number == 2:
        changes |= {"title": f"Zebrafish on day {day.day}", "authors": ("Noël Müller", "Ada Lovelace")}
    return a_paper(number, **changes)


def hostile_day(day: date = DAY) -> Day:
    """Every hostile text in every field, ids included."""
    edition = hostile()
    odd = ["../../../etc/passwd", "2603.00001/../../x", "<b>", "", "a\x00b", "quant-ph/0201082"]
    entries = []
    for entry in edition.entries:
        arxiv_id = odd[entry.number - 1] if entry.number <= len(odd) else entry.paper.arxiv_id
        lines = (Line("en", entry.lines[0].text), Line('x" onclick="y', entry.lines[1].text))
        entries.append(an_entry(entry.number, paper=a_paper(**_fields(entry.paper, arxiv_id)), lines=lines))
    return a_day(day, an_edition(entries, name=edition.name))


def _fields(paper: Any, arxiv_id: str) -> dict[str, Any]:
    names = ("title", "abstract", "authors", "comment")
    return {name: getattr(paper, name) for name in names} | {"arxiv_id": arxiv_id, "categories": (paper.title, "cs.LG")}


def days(*dates: date) -> Mapping[date, Day]:
    return {day: a_day(day) for day in dates}


def fill(folder: Path, content: Mapping[date, Day], site: Site | None = None) -> set[str]:
    """Publish these days; the names of the files that changed."""
    archive = Archive(folder)
    for day in content.values():
        archive.put(day)
    return names_of(folder, archive.write(site or a_site(), archive.dates(), TEMPLATES))


def names_of(folder: Path, paths: Sequence[Path]) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in paths}
