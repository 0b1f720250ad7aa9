"""arXiv → papers: complete days, every paper under the first issue that announced it.

Two sources are joined. The day's RSS says which ids were announced; the API says what they are, and looks ten days
back because moderation holds papers. An announced id that the window did not bring is fetched by `id_list`; one that
the API does not know yet is taken from the feed itself, and asked for again. Where one source is down, the other
serves; where both are, there is an error and nothing is recorded. An entry that cannot be read is asked for by its id,
taken from the feed, or set aside and named; the look-back asks for it for ten days more.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from newsletter.collect.entries import Odd
from newsletter.collect.source import ArxivSource, Feed, Listing
from newsletter.errors import ArxivError, ArxivRefused
from newsletter.models import Paper
from newsletter.times import calendar

LOOK_BACK = timedelta(days=10)
_STALE_SHARE = 0.5  # of a category's new ids submitted before the window: so many are not moderation's, but yesterday's
_FEW = 5  # papers of a category that are too few to judge by


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What arXiv gave for these issues, before the ledger decides what is new."""

    days: tuple[date, ...]  # oldest first
    feed: Feed | None  # None: not to be had
    papers: tuple[Paper, ...]
    missing: tuple[str, ...] = ()  # announced, and neither the API nor the feed says what they are
    from_feed: tuple[str, ...] = ()  # announced, unknown to the API so far: title and abstract are the feed's
    by_id: tuple[str, ...] = ()  # announced today, submitted earlier: fetched by id_list
    notes: tuple[str, ...] = ()
    odd: tuple[Odd, ...] = ()  # entries that neither source gives in a form that can be shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """One issue's papers, and older ones that we will never announce."""

    day: date
    is_out: bool  # arXiv has made this announcement
    new: tuple[Paper, ...]
    seen: tuple[Paper, ...]


def fetch(
    source: ArxivSource, days: Sequence[date], categories: Collection[str], look_back: timedelta = LOOK_BACK
) -> Fetched:
    """Ask arXiv for these issues (oldest first) at once: one feed, one window from before the first to the last.

    Raises ArxivError when neither source can give a complete answer.
    """
    feed, notes = _todays_feed(source, categories, days[-1])
    announced = feed.new_ids if feed and feed.day == days[-1] else frozenset()
    start, end = calendar.window(days[0])[0] - look_back, calendar.window(days[-1])[1]
    try:
        listing = source.submitted(categories, start, end)
        papers = {paper.arxiv_id: paper for paper in listing.papers}
        unread = {one.arxiv_id for one in listing.odd if one.arxiv_id}
        wanted = sorted((announced | unread) - papers.keys())
        found = {paper.arxiv_id: paper for paper in source.by_ids(wanted)} if wanted else {}
    except ArxivError as error:
        is_ban = isinstance(error, ArxivRefused) and not error.of_query
        if feed is None or not announced or is_ban:
            raise
        listing, papers, found = Listing([], []), {}, {}
        what = "refuses our query" if isinstance(error, ArxivRefused) else "is down"
        notes = (*notes, f"arXiv's API {what}; used the day's feed instead: {error}")
    told = {paper.arxiv_id: paper for paper in feed.papers if paper.arxiv_id in announced} if feed else {}
    from_feed = {arxiv_id: told[arxiv_id] for arxiv_id in told if arxiv_id not in papers and arxiv_id not in found}
    everything = papers | found | from_feed
    odd = [one for one in (*listing.odd, *(feed.odd if feed else ())) if one.arxiv_id not in everything]
    first = calendar.window(days[-1])[0]
    ours = {one.arxiv_id for one in odd if one.arxiv_id and one.published and first <= one.published < end}
    return Fetched(
        days=tuple(days),
        feed=feed,
        papers=tuple(everything.values()),
        missing=tuple(sorted((announced | ours) - everything.keys())),
        from_feed=tuple(from_feed),
        by_id=tuple(arxiv_id for arxiv_id in found if arxiv_id not in unread),
        notes=notes,
        odd=tuple(odd),
    )


def _todays_feed(source: ArxivSource, categories: Collection[str], day: date) -> tuple[Feed | None, tuple[str, ...]]:
    try:
        feed = source.feed(categories)
    except ArxivError as error:
        return None, (f"announced ids unknown, only submission dates decided: {error}",)
    if feed.day != day:
        return feed, (f"arXiv's feed is for {feed.day}: announced ids of {day} unknown, submission dates decided",)
    return feed, ()


def assign(
    fetched: Fetched,
    known: Mapping[str, date | None],
    watched: Mapping[str, date],
    holidays: Container[date] = (),
) -> list[Assigned]:
    """Divide what was fetched over its issues, oldest first; each paper goes to the first that announced it.

    `known`: ids that the ledger holds, with their issue; `watched`: categories with their first issue; `holidays`:
    evenings on which arXiv may pause, beside those that are computed.
    """
    taken: dict[str, date | None] = dict(known)
    announced = _announced(fetched, watched)
    assigned = []
    for day in fetched.days:
        # What today's feed announces was not announced on a day before it, whenever it was submitted.
        later = announced if day != fetched.days[-1] else frozenset()
        mine = announced if day == fetched.days[-1] else frozenset()
        open_ones = [paper for paper in fetched.papers if _is_open(paper, day, taken) and paper.arxiv_id not in later]
        # Without the day's feed nobody says whether arXiv paused before it.
        start = calendar.window(day if mine else calendar.earliest(day, holidays))[0]
        one = _assign_day(day, start, open_ones, mine, watched, is_out=_is_out(fetched, day, open_ones))
        taken |= {paper.arxiv_id: day for paper in one.new} | {paper.arxiv_id: None for paper in one.seen}
        assigned.append(one)
    return assigned


def _assign_day(
    day: date,
    start: datetime,
    papers: Sequence[Paper],
    announced: frozenset[str],
    watched: Mapping[str, date],
    *,
    is_out: bool,
) -> Assigned:
    """`start`: of the window, UTC."""
    end = calendar.window(day)[1]
    new: list[Paper] = []
    seen: list[Paper] = []
    for paper in papers if is_out else ():
        # A paper submitted before the window was held in moderation; that it is new we know only of
        # categories that we have watched since before this issue, or from the day's own feed.
        held = any(watched.get(category, day) < day for category in paper.categories)
        if paper.arxiv_id in announced or start <= paper.published < end or (paper.published < start and held):
            new.append(paper)
        elif paper.published < start:
            seen.append(paper)
    return Assigned(day=day, is_out=is_out, new=tuple(new), seen=tuple(seen))


def _is_open(paper: Paper, day: date, taken: Mapping[str, date | None]) -> bool:
    return paper.arxiv_id not in taken or taken[paper.arxiv_id] == day


def _is_out(fetched: Fetched, day: date, papers: Sequence[Paper]) -> bool:
    """Whether arXiv has made this announcement: its feed or a later one exists, or its window is not empty."""
    start, end = calendar.window(day)
    if fetched.feed is not None and fetched.feed.day >= day:
        return True
    return any(start <= paper.published < end for paper in papers)


def _announced(fetched: Fetched, watched: Mapping[str, date]) -> frozenset[str]:
    """The ids of today's feed without those of categories whose feed is still yesterday's.

    arXiv has served a stale category under a fresh date, so ids are compared, never dates: a category of whose new
    papers most were submitted before the window tells us of the day before. Of a category that we begin to watch the
    feed is believed: such papers may as well be those of a day on which arXiv paused, and nobody has had either.
    """
    feed = fetched.feed
    if feed is None or feed.day != fetched.days[-1]:
        return frozenset()
    start, _ = calendar.window(feed.day)
    by_category: dict[str, list[Paper]] = {}
    for paper in fetched.papers:
        if paper.arxiv_id in feed.new_ids:
            by_category.setdefault(paper.primary_category, []).append(paper)
    stale: set[str] = set()
    for category, papers in by_category.items():
        old = [paper.arxiv_id for paper in papers if paper.published < start]
        is_first = watched.get(category, feed.day) >= feed.day
        if not is_first and len(papers) >= _FEW and len(old) > _STALE_SHARE * len(papers):
            stale.update(old)
    return feed.new_ids - stale


__all__ = ["LOOK_BACK", "ArxivSource", "Assigned", "Fetched", "Odd", "assign", "calendar", "fetch"]
