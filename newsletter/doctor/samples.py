"""Made-up papers and pages with which prompts, templates and models are tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from newsletter import archive
from newsletter.models import Issue, IssueState, Paper, Topic
from newsletter.render.sample import sample_editions

SAMPLE_SITE = archive.Site(name="Sample", languages=("zh", "en"), identity="00000000-0000-4000-8000-000000000000")
_MOMENT = datetime(2026, 3, 6, tzinfo=UTC)
SAMPLE_PAPER = Paper(
    arxiv_id="2603.90001",
    title="A sample",
    abstract="We show that a sample is enough.",
    authors=("A. Sample",),
    categories=("cs.LG",),
    primary_category="cs.LG",
    published=_MOMENT,
    updated=_MOMENT,
)
SAMPLE_TOPIC = Topic(
    key="sample", title="Sample", categories=("cs.LG",), interests="Samples.", include=("x",), exclude=("y",)
)


def sample_days() -> Iterator[tuple[date, archive.Day]]:
    """The made-up editions as days of the archive."""
    for number, (edition, _) in enumerate(sample_editions()):
        day = edition.date + timedelta(days=number)
        issue = Issue(date=day, state=IssueState.READY, model=edition.model, usage=edition.usage)
        yield day, archive.day_json(issue, edition, archive.SAMPLE)
