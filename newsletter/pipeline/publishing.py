"""The archive's content: each day with all topics together, as it was when first published."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from newsletter.archive import Archive, Day, Site, Stated, agrees, counts_hash, day_json, folder_of, renewed
from newsletter.errors import ArchiveUnwritable
from newsletter.models import ArchiveMode, Issue, IssueState, Topic, Wishes
from newsletter.pipeline.desk import Desk
from newsletter.pipeline.editions import Editor
from newsletter.store import Store
from newsletter.times import calendar

_MOST_PAPERS = 100
_EVERY_ISSUE = 100_000
_IDENTITY = "archive identity"
_MODE = "archive mode"


def publish(desk: Desk) -> list[Path]:
    """Write the archive's changed files to its folder; without an archive, public pages are put away.

    Raises ArchiveUnwritable.
    """
    mode = desk.roster.newsletter.archive
    try:
        # Put away and not deleted: days cannot be made again, and the list may change its mind.
        folder = _folder(desk.data_dir, ArchiveMode.PRIVATE if mode is ArchiveMode.NONE else mode)
        written = [] if mode is ArchiveMode.NONE else _publish(desk, folder)
    except OSError as error:
        raise ArchiveUnwritable(str(folder_of(desk.data_dir, mode)), error.strerror or str(error)) from error
    desk.store.remember(_MODE, _as_set(desk))
    return written


def is_published_so(desk: Desk) -> bool:
    """Whether the pages are what the list wants them to be; as long as there is no issue, there are none."""
    return desk.store.recall(_MODE) == _as_set(desk) or not desk.store.issues(1)


def _as_set(desk: Desk) -> str:
    """What of the list decides where the pages lie and what is on them."""
    newsletter = desk.roster.newsletter
    more = (" join" if desk.letterhead.joins else "", "" if newsletter.publish_prompt else " no prompt")
    return newsletter.archive.value + "".join(more)


def mirror(desk: Desk) -> list[Path]:
    """Make this machine's pages of the days that another machine has published. Raises ArchiveUnwritable."""
    mode = desk.roster.newsletter.archive
    folder = _folder(desk.data_dir, ArchiveMode.PRIVATE if mode is ArchiveMode.NONE else mode)
    if mode is ArchiveMode.NONE:
        return []
    try:
        archive = Archive(folder)
        _take_over(archive, desk.store, folder)
        return archive.write(_site(desk, _identity(desk)), archive.dates(), desk.templates)
    except OSError as error:
        raise ArchiveUnwritable(str(folder), error.strerror or str(error)) from error


def _take_over(archive: Archive, store: Store, folder: Path) -> None:
    """Days that the ledger has otherwise than our folder: it knows what was published last, wherever that was."""
    digests = store.archive_digests()
    others = [day for day, digest in digests.items() if _digest(folder, day) != digest]
    for _, content in store.archive_days(others):
        archive.put(json.loads(content))


def _give_on(store: Store, folder: Path, dates: Iterable[date]) -> None:
    """What we have published, for the pages of other machines."""
    digests = store.archive_digests()
    for day in dates:
        if _digest(folder, day) != digests.get(day):
            store.save_archive_day(day, (folder / f"{day}.json").read_text("utf-8"))


def _digest(folder: Path, day: date) -> str | None:
    try:
        return hashlib.sha256((folder / f"{day}.json").read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _publish(desk: Desk, folder: Path) -> list[Path]:
    archive = Archive(folder)
    editor = Editor(desk)
    if desk.store.on_server:
        _take_over(archive, desk.store, folder)
    for issue in desk.store.issues(_EVERY_ISSUE):
        if issue.state is IssueState.READY:
            _bring_up_to_date(archive, desk, editor, issue)
    if desk.store.recall(_MODE) != _as_set(desk):
        _show_prompts(archive, desk)
    site = _site(desk, _identity(desk))
    written = archive.write(site, archive.dates(), desk.templates)
    if desk.store.on_server:
        _give_on(desk.store, folder, archive.dates())
    return written


def _site(desk: Desk, identity: str) -> Site:
    """What the list and the settings say about the archive."""
    newsletter = desk.roster.newsletter
    private = newsletter.archive is ArchiveMode.PRIVATE
    return Site(
        name=newsletter.name,
        languages=newsletter.languages,
        identity=identity,
        public_url=None if private else desk.letterhead.public_url,
        private=private,
        join=desk.letterhead.joins and bool(desk.letterhead.public_url) and not private,
    )


def _folder(data_dir: Path, mode: ArchiveMode) -> Path:
    """The folder of this mode, with the days that were published under the other one."""
    folder = folder_of(data_dir, mode)
    other = folder_of(data_dir, ArchiveMode.PRIVATE if mode is ArchiveMode.PUBLIC else ArchiveMode.PUBLIC)
    if other.is_dir() and not folder.exists():
        other.rename(folder)
        folder.chmod(0o755 if mode is ArchiveMode.PUBLIC else 0o700)
    return folder


def _identity(desk: Desk) -> str:
    """A UUID that stays: feed readers know entries by it."""
    found = desk.store.recall(_IDENTITY)
    if found is None:
        found = str(uuid.uuid4())
        desk.store.remember(_IDENTITY, found)
    return found


def _bring_up_to_date(archive: Archive, desk: Desk, editor: Editor, issue: Issue) -> None:
    """What was published stays: topics that are worded anew tomorrow must not choose yesterday's papers again."""
    known = archive.known(issue.date)
    if known and known.counts == counts_hash(issue):
        return
    held = archive.day(issue.date)
    if held is not None and agrees(held, issue):
        return
    selection = _selection(desk)
    if held is None or (held["selection"] or selection)["hash"] == selection["hash"]:
        archive.put(_day(desk, editor, issue, selection))
    else:
        archive.put(renewed(held, issue, desk.store.bills(issue.date)))


def _show_prompts(archive: Archive, desk: Desk) -> None:
    """On all published days, or on none: the ledger remembers each day's."""
    for one in archive.dates():
        day = archive.day(one)
        kept = desk.store.recall(f"selection {one}") if desk.roster.newsletter.publish_prompt else None
        selection = json.loads(kept) if kept else None
        if day and bool(day["selection"]) != bool(selection):
            archive.put(day | {"selection": selection})


def _day(desk: Desk, editor: Editor, issue: Issue, selection: Mapping[str, Any]) -> Day:
    """The papers that passed for a reader, also those that their email counts and does not show."""
    topics, newsletter = desk.roster.topics, desk.roster.newsletter
    wishes = Wishes(
        topics=tuple(topic.key for topic in topics), languages=newsletter.languages, max_papers=_MOST_PAPERS
    )
    remembered = _remembered(desk, issue, selection)
    known = {topic.key for topic in topics}
    mails = [one for one in desk.store.wishes() if known.issuperset(one.topics)]
    passed = {pick.paper.arxiv_id for mail in mails for pick in editor.passed(mail, (issue.date,))}
    stated = Stated(
        announced=calendar.announced_at(issue.date),
        bills=desk.store.bills(issue.date),
        topics=topics,
        picked_by={pick.paper.arxiv_id: pick.topics for pick in editor.picks(wishes, (issue.date,))},
        selection=remembered if newsletter.publish_prompt else None,
    )
    day = day_json(issue, editor.compose(wishes, (issue.date,)), stated)
    return day | {"papers": [paper for paper in day["papers"] if paper["id"] in passed]}


def _selection(desk: Desk) -> Mapping[str, Any]:
    """What selects the papers: the prompt as sent, without papers, or the interests if there is no model."""
    told = [_told(desk, topic) for topic in desk.roster.topics]
    system = desk.score_prompt.fill(topic=desk.roster.topics[0], papers=[])[0] if desk.model else ""
    content = {"system": system, "topics": told}
    return {"hash": hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]} | content


def _told(desk: Desk, topic: Topic) -> Mapping[str, Any]:
    request = desk.score_prompt.fill(topic=topic, papers=[])[1] if desk.model else topic.interests
    return {
        "title": topic.title,
        "categories": list(topic.categories),
        "min_relevance": topic.min_relevance,
        "min_novelty": topic.min_novelty,
        "authors": list(topic.authors),
        "request": request,
    }


def _remembered(desk: Desk, issue: Issue, selection: Mapping[str, Any]) -> Mapping[str, Any]:
    """The prompt that the ledger has for this day, or today's, which is then recorded."""
    key = f"selection {issue.date}"
    if found := desk.store.recall(key):
        return dict(json.loads(found))
    desk.store.remember(key, json.dumps(selection, ensure_ascii=False))
    return selection
