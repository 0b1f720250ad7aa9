"""Collect → score → summarise, saved after each step; run again, it goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from newsletter import collect
from newsletter.collect import calendar
from newsletter.errors import ModelError
from newsletter.models import Issue, IssueState, Reader
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor
from newsletter.pipeline.judging import score_topic, why

MOST_CATCH_UP = 5  # missed announcements that are still collected


@dataclass(frozen=True, slots=True)
class NotOut:
    """arXiv has not made this announcement yet."""

    day: date


def missed(desk: Desk, newest: date) -> list[date]:
    """The issue dates after the ledger's last one up to the newest, oldest first; with a new ledger only the newest."""
    held = [issue.date for issue in desk.store.issues(1)]
    if not held:
        return [newest]
    days: list[date] = []
    day = newest
    while day > held[0] and len(days) < MOST_CATCH_UP:
        days.append(day)
        day = calendar.previous(day)
    return days[::-1]


def collect_issue(desk: Desk, day: date) -> Issue | NotOut:
    """The issue's papers, from the ledger where it holds them; raises ArxivError with nothing recorded."""
    issue = desk.store.issue(day)
    if issue is not None:
        return _ask_again(desk, issue) if issue.missing else issue
    categories = {category for topic in desk.roster.topics for category in topic.categories}
    desk.progress("collecting", 0, 1)
    fetched = collect.fetch(desk.source, day, categories)
    if not fetched.is_out:
        return NotOut(day)
    known = desk.store.known([paper.arxiv_id for paper in fetched.papers])
    assigned = collect.assign(fetched, known, desk.store.watched())
    found = (f"found by id, outside the window: {', '.join(fetched.by_id)}",) if fetched.by_id else ()
    issue = Issue(
        date=day,
        state=IssueState.COLLECTED if assigned.new else IssueState.QUIET,
        collected=len(assigned.new),
        missing=fetched.missing,
        notes=(*fetched.notes, *found),
    )
    desk.store.save_collection(issue, assigned.new, assigned.seen, categories)
    desk.progress("collecting", 1, 1)
    return issue


def _ask_again(desk: Desk, issue: Issue) -> Issue:
    """Announced papers that the API did not know: it may by now."""
    papers = desk.source.by_ids(issue.missing)
    known = desk.store.known([paper.arxiv_id for paper in papers])
    fresh = [paper for paper in papers if paper.arxiv_id not in known]
    found = {paper.arxiv_id for paper in papers}
    state = IssueState.COLLECTED if fresh else issue.state
    left = tuple(arxiv_id for arxiv_id in issue.missing if arxiv_id not in found)
    issue = replace(issue, state=state, collected=issue.collected + len(fresh), missing=left)
    desk.store.save_collection(issue, fresh, (), ())
    return issue


def prepare(desk: Desk, day: date, readers: Iterable[Reader]) -> Issue | NotOut:
    """Everything that sending issue `day` to these readers needs. Raises ArxivError."""
    issue = collect_issue(desk, day)
    if isinstance(issue, NotOut) or issue.state is IssueState.QUIET:
        return issue
    papers = desk.store.papers(day)
    errors: list[ModelError] = []
    for topic in desk.roster.topics:
        errors += score_topic(desk, day, topic, [paper for paper in papers if topic.covers(paper)])
    editor = Editor(desk)
    mails = [(wishes, (day,)) for wishes in dict.fromkeys(reader.wishes for reader in readers)]
    errors += editor.ask_for_lines(mails)
    picked = {pick.paper.arxiv_id for wishes, issues in mails for pick in editor.picks(wishes, issues)}
    note = (why(errors),) if errors else ()
    notes = tuple(dict.fromkeys((*issue.notes, *note)))
    prepared = replace(_counted(desk, editor, issue), state=IssueState.READY, picked=len(picked), notes=notes)
    desk.store.save_issue(prepared)
    return desk.store.issue(day) or prepared


def _counted(desk: Desk, editor: Editor, issue: Issue) -> Issue:
    """collected = scored + ranked + unscored, each paper once over all topics."""
    judged = [one for topic in desk.roster.topics for one in editor.day(issue.date, topic).judged]
    shown = {one.paper.arxiv_id for one in judged} if desk.model else set()
    scored = {one.paper.arxiv_id for one in judged if one.score}
    return replace(
        issue,
        scored=len(scored),
        unscored=len(shown - scored),
        ranked=issue.collected - len(shown),
        model=desk.model,
    )
