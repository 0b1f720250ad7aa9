"""Picks and summaries → the edition that all readers with equal wishes get. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from newsletter.models import Bill, Edition, Entry, Notice, NoticeKind, Pick, Section, Summary, Topic, Usage, Wishes


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
    salt: str = "",
) -> Edition:
    """The edition of these picks (best first, already capped).

    `considered`: papers looked at; `salt`: whatever else decides the bytes (templates, sender), so that an edition
    that has been sent from is never changed under its key.
    """
    titles = {topic.key: topic.title for topic in topics}
    entries = [_entry(number, pick, wishes, titles, summaries) for number, pick in enumerate(picks, start=1)]
    said = tuple(notices) if entries else (*notices, Notice(NoticeKind.QUIET, total=considered))
    edition = Edition(
        key="",
        name=name,
        issues=tuple(sorted(issues)),
        wishes=wishes,
        sections=_sections(entries, picks, wishes, titles),
        considered=considered,
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


def _entry(
    number: int, pick: Pick, wishes: Wishes, titles: Mapping[str, str], summaries: Mapping[str, Summary]
) -> Entry:
    topics = [key for key in pick.topics if key in titles]
    summary = summaries.get(pick.paper.arxiv_id, Summary(arxiv_id=pick.paper.arxiv_id))
    lines = {line.language: line for line in summary.lines}
    reason = next((summary.reasons[key] for key in topics if key in summary.reasons), None)
    return Entry(
        number=number,
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


def _sections(
    entries: Sequence[Entry], picks: Sequence[Pick], wishes: Wishes, titles: Mapping[str, str]
) -> tuple[Section, ...]:
    """One section, or one for each topic that has papers; a paper goes to the topic that wants it most."""
    if len(wishes.topics) < 2:
        return (Section(title=None, entries=tuple(entries)),) if entries else ()
    under = [
        (titles[key], tuple(entry for entry, pick in zip(entries, picks, strict=True) if pick.topics[0] == key))
        for key in wishes.topics
    ]
    return tuple(Section(title=title, entries=found) for title, found in under if found)
