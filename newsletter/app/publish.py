"""The archive's content: each day as all topics together would have it."""

from __future__ import annotations

from pathlib import Path

from newsletter import archive
from newsletter.app.files import folders
from newsletter.models import ArchiveMode, IssueState, Wishes
from newsletter.pipeline import Desk, Editor
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
    folder = settings.data_dir / "archive"
    days = {
        issue.date: archive.published(folder, issue) or archive.day_json(issue, editor.compose(wishes, (issue.date,)))
        for issue in desk.store.issues(_MOST_DAYS)
        if issue.state is IssueState.READY
    }
    return archive.write(folder, newsletter.name, days, folders("templates", settings.subscribers))
