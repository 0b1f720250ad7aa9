"""Decides which issues to collect, and collects them; what is in the ledger is not asked for again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import structlog

from newsletter import collect
from newsletter.collect import Assigned, Fetched, Odd
from newsletter.errors import ArxivError
from newsletter.models import Issue, IssueState
from newsletter.pipeline import withdrawals
from newsletter.pipeline.desk import Desk
from newsletter.times import calendar

log = structlog.get_logger()

_NAMED = 10  # odd entries in one message
MOST_CATCH_UP = 5  # missed announcements that are still collected
_MOST_LIKED = 200  # papers that readers like, a day
_LIKED = "liked.unknown"  # ids that arXiv did not know: not asked for again
_QUIET_AFTER = timedelta(hours=12)  # until then a day without papers is a late one: they would be lost to who had it


@dataclass(frozen=True, slots=True)
class NotOut:
    """arXiv has not made this announcement yet."""

    day: date
    is_late: bool = False  # its feed has the day and no papers
    holiday: str | None = None  # why there may be none at all


Collected = Issue | NotOut


def missed(desk: Desk, newest: date) -> list[date]:
    """The dates of all issues that still have to be prepared, oldest first; with a new ledger, only the newest.

    That is what was announced since the ledger's last issue, and what a stop left half prepared; at most five.
    """
    held = desk.store.issues(MOST_CATCH_UP)
    if not held:
        return [newest]
    days = [issue.date for issue in held if issue.state is IssueState.COLLECTED]
    day = newest
    while day > held[0].date and len(days) < MOST_CATCH_UP:
        days.append(day)
        day = calendar.previous(day)
    if day > held[0].date:
        # Their papers of the ten days before are not lost: the look-back brings them with the oldest of these.
        log.warning("issues.too-many-missed", collected=[str(one) for one in sorted(days)], left_out_up_to=str(day))
    return sorted(days)


def collect_issues(desk: Desk, days: Sequence[date]) -> list[Collected]:
    """These issues, oldest first: what the ledger holds from there, the rest from arXiv at once.

    Raises ArxivError with nothing recorded.
    """
    held = {day: issue for day in days if (issue := desk.store.issue(day))}
    wanted = [day for day in days if day not in held]
    fresh = {one.day if isinstance(one, NotOut) else one.date: one for one in _collect(desk, wanted)} if wanted else {}
    found = [_ask_again(desk, held[day]) if day in held else fresh[day] for day in days]
    if any(isinstance(one, Issue) for one in fresh.values()):
        _fetch_liked(desk)
    return found


def _collect(desk: Desk, days: Sequence[date]) -> Iterator[Collected]:
    categories = {category for topic in desk.roster.topics for category in topic.categories}
    desk.progress("collecting", 0, 1)
    fetched = collect.fetch(desk.source, days, categories)
    known = desk.store.known([paper.arxiv_id for paper in fetched.papers])
    odd = _set_aside(desk, fetched)
    for assigned in collect.assign(fetched, known, desk.store.watched(), desk.holidays):
        overdue = desk.now() - calendar.announced_at(assigned.day) >= _QUIET_AFTER
        holiday = calendar.holiday(assigned.day, desk.holidays)
        if not assigned.is_out or not (assigned.new or (overdue and holiday is None)):
            yield NotOut(assigned.day, is_late=assigned.is_out, holiday=holiday)
            continue
        issue = _issue(assigned, fetched, odd if assigned.day == days[-1] else (), last=assigned.day == days[-1])
        desk.store.save_collection(issue, assigned.new, assigned.seen, categories)
        if assigned.day == days[-1] and fetched.feed:
            withdrawals.look(desk, issue.date, fetched.feed)
        yield issue
    desk.progress("collecting", 1, 1)


def _set_aside(desk: Desk, fetched: Fetched) -> Sequence[Odd]:
    """The unreadable entries of papers that are not in the ledger; the administrator is notified."""
    known = desk.store.known([one.arxiv_id for one in fetched.odd if one.arxiv_id])
    odd = [one for one in fetched.odd if one.arxiv_id not in known]
    if not odd:
        desk.alarm.over("entries")
        return odd
    named = "; ".join(map(str, odd[:_NAMED])) + (f"; and {len(odd) - _NAMED} more" if len(odd) > _NAMED else "")
    log.warning("papers.set-aside", count=len(odd), entries=named)
    remedy = "nothing to do: arXiv is asked again for ten days, and they go into the next issue once they can be read"
    desk.alarm.trouble("entries", f"some of arXiv's entries cannot be read and were set aside: {named}", remedy)
    return odd


def _issue(assigned: Assigned, fetched: Fetched, odd: Sequence[Odd], *, last: bool) -> Issue:
    """What is said of a collected issue; the feed is that of the last day."""
    by_id = sorted({paper.arxiv_id for paper in assigned.new} & set(fetched.by_id))
    start, _ = calendar.window(assigned.day)
    older = [paper for paper in assigned.new if paper.published < start and paper.arxiv_id not in by_id]
    found: tuple[str, ...] = (
        (f"fetched by id (submitted earlier, announced today): {', '.join(by_id)}",) if by_id else ()
    )
    found += (f"set aside, could not be read: {'; '.join(map(str, odd))}",) if odd else ()
    found += (f"{len(older)} submitted before the window, announced late or missed",) if older else ()
    found += _taken_for_old(assigned, fetched)
    return Issue(
        date=assigned.day,
        state=IssueState.COLLECTED if assigned.new else IssueState.QUIET,
        collected=len(assigned.new),
        missing=fetched.missing if last else (),
        provisional=fetched.from_feed if last else (),
        notes=(*fetched.notes, *found) if last else found,
    )


def _taken_for_old(assigned: Assigned, fetched: Fetched) -> tuple[str, ...]:
    """Papers that a first issue leaves out by their dates alone, since the feed does not say what it announces."""
    if not assigned.seen or (fetched.feed is not None and fetched.feed.day == assigned.day):
        return ()
    ids = [paper.arxiv_id for paper in sorted(assigned.seen, key=lambda paper: paper.published, reverse=True)]
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return (f"set aside, submitted before the window and taken for announced: {', '.join(ids[:_NAMED])}{more}",)


def _fetch_liked(desk: Desk) -> None:
    """Papers that readers name to learn from, after the day's own: each is asked for once, at most 200 a day."""
    named = desk.store.liked_in_settings()
    known = desk.store.known(named)
    asked = set((desk.store.recall(_LIKED) or "").split())
    wanted = [one for one in named if one not in known and one not in asked][:_MOST_LIKED]
    if not wanted:
        return
    try:
        papers = list(desk.source.by_ids(wanted))
    except ArxivError as error:
        log.warning("papers.liked-not-fetched", count=len(wanted), error=str(error))
        return
    desk.store.save_seen(papers)
    still = asked.intersection(named).union(wanted).difference(paper.arxiv_id for paper in papers)
    desk.store.remember(_LIKED, " ".join(sorted(still)))


def _ask_again(desk: Desk, issue: Issue) -> Issue:
    """Announced papers that the API did not know: it may by now. What the ledger holds needs no network.

    An issue that has gone out takes no more papers, since nobody would see them: the look-back brings them into the
    next one.
    """
    asked = (*issue.missing, *issue.provisional)
    if not asked:
        return issue
    try:
        papers = {paper.arxiv_id: paper for paper in desk.source.by_ids(asked)}
    except ArxivError as error:
        log.warning("papers.not-asked-again", issue=str(issue.date), error=str(error))
        return issue
    known = desk.store.known(papers)
    is_open = issue.state is IssueState.COLLECTED
    fresh = [paper for arxiv_id, paper in papers.items() if arxiv_id not in known and is_open]
    desk.store.replace_papers([paper for arxiv_id, paper in papers.items() if arxiv_id in known])
    issue = replace(
        issue,
        collected=issue.collected + len(fresh),
        missing=tuple(arxiv_id for arxiv_id in issue.missing if arxiv_id not in papers),
        provisional=tuple(arxiv_id for arxiv_id in issue.provisional if arxiv_id not in papers),
    )
    desk.store.save_collection(issue, fresh, (), ())
    if not issue.missing:
        desk.alarm.over("entries")
    return issue
