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
    arxiv_id="2603.99999",
    title="A sample",
    abstract=(
        "Newsletters that grade every paper with a language model are hard to try out before the first morning. We "
        "propose a made-up paper that is sent to the model in advance, so that its form, its language and its price "
        "are known. In our tests it finds most wrong settings within one request."
    ),
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
