"""Picks and summaries → the edition that all readers with equal wishes get. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count

from newsletter.models import (
    Bill,
    Edition,
    Entry,
    Notice,
    NoticeKind,
    Pick,
    Section,
    Summary,
    Topic,
    Usage,
    Why,
    Wishes,
    Withdrawal,
)


def compose(
    *,
    name: str,
    issues: Sequence[date],
    wishes: Wishes,
    topics: Sequence[Topic],
    picks: Sequence[Pick],
    summaries: Mapping[str, Summary],
    considered: int,
    notices: Sequence[Notice] = (),
    model: str | None = None,
    bills: Sequence[Bill] = (),
    nearest: Sequence[Pick] = (),
    missed: Sequence[Pick] = (),
    missed_issues: Sequence[date] = (),
    left_out: Mapping[date, int] | None = None,
    withdrawn: Sequence[Withdrawal] = (),
    whys: Mapping[str, Why] | None = None,
    salt: str = "",
) -> Edition:
    """The edition of these picks (best first, already capped).

    `considered`: papers looked at; `nearest`: what is shown where there are no picks; `missed`: the best of the issues
    before the week of a weekly email; `left_out`: how many more passed, by issue; `whys`: in an edition that one reader
    alone gets, why a paper stands in it, by arXiv id; `salt`: whatever else decides the
    bytes (templates, sender), so that an edition that has been sent from is never changed under its key.
    """
    titles = {topic.key: topic.title for topic in topics}
    ranked = [_entry(rank, pick, wishes, titles, summaries) for rank, pick in enumerate((*picks, *missed), start=1)]
    if whys:
        ranked = [replace(one, why=whys.get(one.paper.arxiv_id)) for one in ranked]
    entries, others = ranked[: len(picks)], ranked[len(picks) :]
    said = tuple(notices) if ranked else (*notices, Notice(NoticeKind.QUIET, total=considered))
    bars = {topic.min_relevance for topic in topics}
    edition = Edition(
        key="",
        name=name,
        issues=tuple(sorted(issues)),
        wishes=wishes,
        sections=_numbered((*_sections(entries, wishes, titles), *_missed(others))),
        considered=considered,
        topics=tuple(titles[key] for key in wishes.topics if key in titles),
        nearest=()
        if ranked
        else tuple(_entry(place, pick, wishes, titles, summaries) for place, pick in enumerate(nearest, start=1)),
        left_out=tuple(sorted((day, count) for day, count in (left_out or {}).items() if count)),
        bar=bars.pop() if len(bars) == 1 else None,
        missed=tuple(sorted(missed_issues)),
        withdrawn=tuple(withdrawn),
        notices=said,
        model=model,
        bills=_by_stage(bills),
    )
    # Neither the bill nor who is on it: what other readers' emails add to it must not give equal readers two editions.
    content = replace(edition, bills=(), model=None)
    return replace(edition, key=hashlib.sha256(f"{salt}\n{content!r}".encode()).hexdigest())


def _by_stage(bills: Iterable[Bill]) -> tuple[Bill, ...]:
    """One bill for each stage and model, over all issues of the email."""
    sums: dict[tuple[str, str], Bill] = {}
    for bill in bills:
        before = sums.get((bill.stage, bill.model), Bill(bill.stage, bill.model, 0, Usage()))
        sums[bill.stage, bill.model] = Bill(
            bill.stage, bill.model, before.calls + bill.calls, before.usage + bill.usage
        )
    return tuple(sums.values())


def _entry(rank: int, pick: Pick, wishes: Wishes, titles: Mapping[str, str], summaries: Mapping[str, Summary]) -> Entry:
    topics = [key for key in pick.topics if key in titles]
    summary = summaries.get(pick.paper.arxiv_id, Summary(arxiv_id=pick.paper.arxiv_id))
    lines = {line.language: line for line in summary.lines}
    reason = next((summary.reasons[key] for key in topics if key in summary.reasons), None)
    return Entry(
        number=rank,
        rank=rank,
        paper=pick.paper,
        issue=pick.issue,
        topics=tuple(titles[key] for key in topics),
        topic=next(iter(topics), None),
        score=pick.score,
        reason=reason.text if reason else None,
        reason_language=reason.language if reason else "en",
        by_author=pick.by_author,
        lines=tuple(lines[language] for language in wishes.languages if language in lines),
        translated=summary.abstract,
    )


def _sections(entries: Sequence[Entry], wishes: Wishes, titles: Mapping[str, str]) -> tuple[Section, ...]:
    """One section, or one for each topic that has papers; a paper goes to the topic that wants it most."""
    if len(wishes.topics) < 2:
        return (Section(title=None, entries=tuple(entries)),) if entries else ()
    under = [(titles.get(key), tuple(one for one in entries if one.topic == key)) for key in wishes.topics]
    return tuple(Section(title=title, entries=found) for title, found in under if found)


def _missed(entries: Sequence[Entry]) -> tuple[Section, ...]:
    return (Section(title=None, entries=tuple(entries), missed=True),) if entries else ()


def _numbered(sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections with numbers that run through from top to bottom, so that a number means one paper."""
    numbers = count(1)
    return tuple(
        replace(section, entries=tuple(replace(one, number=next(numbers)) for one in section.entries))
        for section in sections
    )
