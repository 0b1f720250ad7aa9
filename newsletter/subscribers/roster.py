"""The tree of `subscribers.yaml` becomes a `Roster`: a wrong entry is left out, a wrong topic stops the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.errors import ConfigurationError
from newsletter.models import ArchiveMode, Finding, JoinMode, Newsletter, QuietDays, Roster, grouped
from newsletter.subscribers import readers, topics, values
from newsletter.subscribers.files import sha256
from newsletter.subscribers.library import Library
from newsletter.subscribers.tree import Block, Reading, Report, compose, decode, is_empty, shown, without_collector

TOP_KEYS = ("newsletter", "topics", "subscribers")
_READINGS = {
    "name": Reading(values.line, about="The name of the newsletter, in subjects and on pages."),
    "send_at": Reading(values.hour, about="When emails are sent, in each reader's local time."),
    "timezone": Reading(values.zone, about="The time zone of readers who name none."),
    "languages": Reading(values.language, many=True, about="Languages of the one-liners; the first one leads."),
    "wait_until": Reading(values.hour, about="How long an email waits for a late announcement, in local time."),
    "quiet_days": Reading(
        values.closed(QuietDays), about="A day without papers: `note` sends the three nearest, `skip` nothing."
    ),
    "archive": Reading(
        values.closed(ArchiveMode),
        about="Web pages of past issues: `public`, `private` (only with a reader's link) or `none`.",
    ),
    "join": Reading(
        values.closed(JoinMode),
        about="Who may join by themselves: `open`, `approve` (each waits for your yes) or `closed`.",
    ),
    "join_domains": Reading(values.domain, many=True, some=False, about="Only addresses of these domains may join."),
    "join_limit": Reading(values.whole(1, 100_000), about="Emails about joining a day."),
    "offer_languages": Reading(
        values.language, many=True, some=False, about="What people who join may choose besides `languages`."
    ),
    "offer_translations": Reading(values.switch, about="`true`: people who join may order translated abstracts."),
    "privacy": Reading(values.web_address, about="Your own page about privacy, instead of the generated one."),
    "publish_prompt": Reading(values.switch, about="`false`: interests and prompt stay off the web."),
}


def with_topics(keys: Iterable[str]) -> dict[str, Reading]:
    """How every key of `newsletter:` is read, where these are the topics."""
    about = "Topics of readers who name none; an empty list means all."
    return _READINGS | {"default_topics": Reading(values.one_of(keys, "topic"), many=True, some=False, about=about)}


def load(path: Path) -> Roster:
    """The subscriber list in a file; ConfigurationError when nothing in it can be used."""
    file = shown(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        remedy = "set NEWSLETTER_SUBSCRIBERS to your subscriber list"
        raise ConfigurationError([Finding(file, None, problem, remedy)]) from error
    roster = parse(decode(raw, file), file, path.parent)
    return replace(roster, made_of=((str(path), sha256(raw)), *roster.made_of))


def parse(text: str, file: str, folder: Path) -> Roster:
    """The subscriber list in a text; `folder` is what paths in it are relative to.

    Raises ConfigurationError with every finding of the newsletter and topics blocks; wrong entries are in `findings`.
    """
    with without_collector():
        return _parse(text.removeprefix("\ufeff"), file, folder)


def _parse(text: str, file: str, folder: Path) -> Roster:
    root = compose(text, file)
    report = Report(file, text, fatal=True)
    if not isinstance(root, MappingNode):
        problem = "contains no topics and no subscribers" if root is None else "must begin with 'topics:'"
        raise ConfigurationError([Finding(file, None, problem, "see the example in README.md")])
    top = Block(root, TOP_KEYS, report)
    known = topics.read(top, folder)
    newsletter = _newsletter(top, [topic.key for topic in known])
    entries = _entries(top)
    if report.broken:
        raise ConfigurationError(grouped(report.findings))
    defaults = readers.Defaults(newsletter, tuple(topic.key for topic in known), Library(folder, report))
    found, findings, skipped = readers.read(entries, file, text, defaults)
    findings = grouped([*report.findings, *findings])
    return Roster(newsletter, known, found, findings, skipped, tuple(report.read.items()))


def _newsletter(top: Block, topic_keys: Sequence[str]) -> Newsletter:
    node = top.raw("newsletter")
    if node is None:
        return Newsletter()
    if not isinstance(node, MappingNode):
        top.report.add(top.place("newsletter"), "'newsletter' takes keys", "write name: Morning arXiv below it")
        return Newsletter()
    readings = with_topics(topic_keys)
    given = Block(node, tuple(readings), top.report).read(readings)
    found = Newsletter(**given)
    # Who chooses its readers does not show the archive to everybody, unless they say so.
    return replace(found, archive=ArchiveMode.PRIVATE) if found.is_closed and "archive" not in given else found


def _entries(top: Block) -> list[Node]:
    """The nodes of all entries; a list that everybody has left is allowed, one without the key is not."""
    if "subscribers" not in top.nodes:
        top.report.add(top.node, "no subscribers", "add a list of addresses below 'subscribers:'")
        return []
    node = top.nodes["subscribers"][1]
    if isinstance(node, SequenceNode):
        return list(node.value)
    if isinstance(node, ScalarNode):
        return [] if is_empty(node) else [node]
    top.report.add(top.place("subscribers"), "'subscribers' must be a list", "begin each entry with '- '")
    return []
