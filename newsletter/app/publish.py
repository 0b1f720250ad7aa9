"""The archive's content: each day as all topics together would have it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from newsletter import archive
from newsletter.app.files import folders
from newsletter.models import ArchiveMode, Edition, Issue, IssueState, Wishes
from newsletter.pipeline import Desk, Editor, active
from newsletter.settings import Settings

_MOST_PAPERS = 100
_MOST_DAYS = 400


def publish(settings: Settings, desk: Desk) -> list[Path]:
    """Write the archive's changed files to `NEWSLETTER_DATA_DIR/archive`; a newsletter that is not public has none."""
    newsletter = desk.roster.newsletter
    if newsletter.archive is not ArchiveMode.PUBLIC:
        return []
    topics = tuple(topic.key for topic in desk.roster.topics)
    wishes = Wishes(topics=topics, languages=newsletter.languages, max_papers=_MOST_PAPERS)
    editor = Editor(desk)
    readers = list(dict.fromkeys(reader.wishes for reader, _ in active(desk)))

    def day_of(issue: Issue) -> archive.Day:
        """The papers that stood in somebody's mail: only about them were lines written."""
        edition = editor.compose(wishes, (issue.date,))
        picked = {pick.paper.arxiv_id for mail in readers for pick in editor.picks(mail, (issue.date,))}
        return archive.day_json(issue, _only(edition, picked))

    folder = settings.data_dir / "archive"
    days = {
        issue.date: archive.published(folder, issue) or day_of(issue)
        for issue in desk.store.issues(_MOST_DAYS)
        if issue.state is IssueState.READY
    }
    return archive.write(folder, newsletter.name, days, folders("templates", settings.subscribers))


def _only(edition: Edition, picked: Collection[str]) -> Edition:
    sections = (
        replace(section, entries=tuple(entry for entry in section.entries if entry.paper.arxiv_id in picked))
        for section in edition.sections
    )
    return replace(edition, sections=tuple(sections))
