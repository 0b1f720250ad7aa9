"""arXiv → papers: a complete day, every paper under the first issue that announced it.

Two sources are joined. The day's RSS says which ids were announced; the API says what they are, and looks ten days
back because moderation holds papers. An announced id that the window did not bring is fetched by `id_list`; one that
the API does not know yet is remembered and asked for again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from newsletter.collect import calendar
from newsletter.collect.source import ArxivSource, Feed
from newsletter.errors import ArxivUnavailable
from newsletter.models import AnnounceType, Paper

LOOK_BACK = timedelta(days=10)
_NEW = (AnnounceType.NEW, AnnounceType.CROSS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What arXiv gave for one issue, before the ledger decides what is new."""

    day: date
    announced: frozenset[str] | None  # ids of the day's feed; None: no feed of that day to be had
    papers: tuple[Paper, ...]
    missing: tuple[str, ...]  # announced, but unknown to the API so far
    by_id: tuple[str, ...]  # announced, outside the window, found by id_list
    notes: tuple[str, ...]

    @property
    def is_out(self) -> bool:
        """Whether arXiv has made this announcement: its feed is there, or its window is not empty."""
        start, _ = calendar.window(self.day)
        return self.announced is not None or any(paper.published >= start for paper in self.papers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Papers of this issue, and older ones that were never ours to announce."""

    new: tuple[Paper, ...]
    seen: tuple[Paper, ...]


def fetch(source: ArxivSource, day: date, categories: Collection[str], look_back: timedelta = LOOK_BACK) -> Fetched:
    """Ask arXiv for issue `day`. Raises ArxivError when the API cannot give a complete answer."""
    feed, notes = _feed_of(source, day, categories)
    start, end = calendar.window(day)
    papers = {paper.arxiv_id: paper for paper in source.submitted(categories, start - look_back, end)}
    announced = frozenset(a.arxiv_id for a in feed.announced if a.kind in _NEW) if feed else None
    outside = sorted((announced or frozenset()) - papers.keys())
    found = {paper.arxiv_id: paper for paper in source.by_ids(outside)} if outside else {}
    return Fetched(
        day=day,
        announced=announced,
        papers=tuple((papers | found).values()),
        missing=tuple(arxiv_id for arxiv_id in outside if arxiv_id not in found),
        by_id=tuple(found),
        notes=notes,
    )


def _feed_of(source: ArxivSource, day: date, categories: Collection[str]) -> tuple[Feed | None, tuple[str, ...]]:
    try:
        feed = source.feed(categories)
    except ArxivUnavailable as error:
        return None, (f"announced ids unknown, only submission dates decided: {error}",)
    if feed.day != day:
        return None, (f"arXiv's feed is of {feed.day}: announced ids of {day} unknown, submission dates decided",)
    return feed, ()


def assign(fetched: Fetched, known: Mapping[str, date | None], watched: Mapping[str, date]) -> Assigned:
    """Divide what was fetched: this issue's papers, and papers older than our watch.

    `known`: ids that the ledger holds, with their issue; `watched`: categories with their first issue.
    """
    start, _ = calendar.window(fetched.day)
    new: list[Paper] = []
    seen: list[Paper] = []
    for paper in fetched.papers:
        if paper.arxiv_id in known and known[paper.arxiv_id] != fetched.day:
            continue
        # A paper submitted before the window was held in moderation; that it is new we know only of
        # categories that we have watched since before this issue, or from the day's own feed.
        held = any(watched.get(category, fetched.day) < fetched.day for category in paper.categories)
        ours = paper.published >= start or held or paper.arxiv_id in (fetched.announced or ())
        (new if ours else seen).append(paper)
    return Assigned(new=tuple(new), seen=tuple(seen))


__all__ = ["LOOK_BACK", "ArxivSource", "Assigned", "Fetched", "assign", "calendar", "fetch"]
