"""Papers that an earlier email carried and that are withdrawn since: looked up once, told to whom had them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import structlog

from newsletter.collect.source import Feed
from newsletter.errors import ArxivError
from newsletter.models import AnnounceType, Withdrawal
from newsletter.pipeline.desk import Desk

log = structlog.get_logger()

_REMEMBERED = timedelta(days=90)  # emails before that are not looked at
_MOST = 200  # ids of one request
_REPLACED = (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)


def look(desk: Desk, day: date, feed: Feed) -> None:
    """Ask arXiv once for the replaced papers that an email carried, and keep with this issue those withdrawn."""
    replaced = [one.arxiv_id for one in feed.announced if one.kind in _REPLACED]
    carried = desk.store.carried(replaced, day - _REMEMBERED)
    if not carried:
        return
    try:
        papers = desk.source.by_ids(sorted(carried)[:_MOST])
    except ArxivError as error:
        log.warning("withdrawn.not-asked", issue=str(day), papers=len(carried), error=str(error))
        return
    found = {one.arxiv_id: carried[one.arxiv_id].isoformat() for one in papers if one.is_withdrawn}
    if found:
        log.info("withdrawn.found", issue=str(day), papers=sorted(found))
        desk.store.remember(_key(day), json.dumps(found, sort_keys=True))


def told_with(desk: Desk, issues: Sequence[date]) -> Mapping[str, date]:
    """The papers that were found withdrawn with these issues, with the issue that announced each."""
    notes = filter(None, (desk.store.recall(_key(day)) for day in issues))
    return {arxiv_id: date.fromisoformat(day) for note in notes for arxiv_id, day in json.loads(note).items()}


def named(desk: Desk, ids: Sequence[str]) -> tuple[Withdrawal, ...]:
    """These papers as an email names them."""
    known = [desk.store.paper(arxiv_id) for arxiv_id in ids]
    return tuple(Withdrawal(paper.arxiv_id, paper.title, issue) for paper, issue in filter(None, known) if issue)


def _key(day: date) -> str:
    return f"withdrawn {day}"
