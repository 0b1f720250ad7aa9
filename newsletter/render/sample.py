"""Made-up editions that touch every branch of the templates, so that `check` finds a broken one before a morning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from newsletter.models import (
    AbstractLanguage,
    Bill,
    Edition,
    Entry,
    Letterhead,
    Line,
    Notice,
    NoticeKind,
    Paper,
    Score,
    Section,
    Usage,
    Wishes,
    Withdrawal,
)

_DAY = date(2026, 3, 9)


def sample_editions() -> Iterator[tuple[Edition, Letterhead]]:
    """Much, little and nothing, each with its letterhead."""
    web = Letterhead(
        sender="Morning arXiv <news@example.org>",
        reply_to="news@example.org",
        replies_read=True,
        public_url="https://news.example.org",
        postal_address="1 Example Road, Example Town",
        joins=True,
    )
    entries = tuple(_entry(number, scored=True) for number in range(1, 14))
    halves = (
        Section(title="Foundation models", entries=entries[::2]),
        Section(title="Robotics", entries=entries[1::2]),
    )
    notices = tuple(Notice(kind, 3, 40) for kind in NoticeKind)
    yield _edition(halves, notices, issues=(date(2026, 3, 6), _DAY), model="example/model"), web
    bare = Letterhead(sender="news@example.org")
    yield _edition((Section(title=None, entries=(_entry(1, scored=False),)),), ()), bare
    yield _edition((), (Notice(NoticeKind.QUIET),)), bare
    missed = Section(title=None, entries=tuple(_entry(number, scored=True) for number in (14, 15)), missed=True)
    before, withdrawn = date(2026, 2, 23), Withdrawal("2603.00099", "Sample 99: A Title", date(2026, 3, 2))
    week = _edition((Section(title=None, entries=entries), missed), (), issues=(before, date(2026, 3, 6), _DAY))
    yield (
        replace(
            week,
            wishes=replace(week.wishes, weekly=True),
            missed=(before,),
            left_out=((_DAY, 3),),
            withdrawn=(withdrawn,),
            topics=("Foundation models",),
        ),
        web,
    )
    quiet = _edition((), (Notice(NoticeKind.QUIET),))
    yield replace(quiet, nearest=entries[:3], bar=8, topics=("Foundation models", "Robotics")), web
    yield replace(quiet, wishes=replace(quiet.wishes, weekly=True), considered=0), bare


def _edition(
    sections: tuple[Section, ...], notices: tuple[Notice, ...], *, issues: tuple[date, ...] = (_DAY,), model: str = ""
) -> Edition:
    return Edition(
        key="sample",
        name="Morning arXiv",
        issues=issues,
        wishes=Wishes(topics=("sample",), abstract_language=AbstractLanguage.BOTH),
        sections=sections,
        considered=40,
        notices=notices,
        model=model or None,
        bills=tuple(Bill(stage, model, 1, Usage(600, 150, 0.01)) for stage in ("scoring", "summaries") if model),
    )


def _entry(number: int, *, scored: bool) -> Entry:
    paper = Paper(
        arxiv_id=f"2603.{number:05}",
        title=f"Sample {number}: A Title with $x^2$",
        abstract="Samples are scarce. We present one that names https://github.com/example/sample. It gains 5\\%.",
        authors=("Ada Example", "Bo Example", "Cy Example", "Di Example", "Ed Example", "Flo Example"),
        categories=("cs.LG", "cs.CL"),
        primary_category="cs.LG",
        comment="Accepted at ICLR 2026" if number % 2 else None,
        published=datetime(2026, 3, 6, tzinfo=UTC),
        updated=datetime(2026, 3, 6, tzinfo=UTC),
    )
    return Entry(
        number=number,
        paper=paper,
        issue=_DAY,
        topics=("Foundation models",),
        score=Score(paper.arxiv_id, 9, 7) if scored else None,
        reason="Meets the interest in samples" if scored else None,
        by_author="Ada Example" if number % 3 == 0 else None,
        translated=Line("zh", "样例很少。我们提出一个新的样例。准确率提高 5%。") if scored and number % 2 else None,
        lines=(Line("en", "A sample that improves."), Line("zh", "一个更好的样例。")) if scored and number % 4 else (),
    )
