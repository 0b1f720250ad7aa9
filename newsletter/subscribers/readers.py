"""The entries below `subscribers:`: one with a finding is left out, the others are not touched by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from newsletter.models import AbstractLanguage, Abstracts, Finding, Frequency, Leanings, Newsletter, Reader, Wishes
from newsletter.models.subscribers import NO_LEANINGS
from newsletter.subscribers import values
from newsletter.subscribers.library import Library
from newsletter.subscribers.tree import Block, Reading, Report, is_empty, line_of

SERVICE_KEYS = ("unsubscribed", "paused_until", "bounced")
TASTE_LISTS = ("authors", "include", "exclude", "like", "library")
LIST_KEYS = ("topics", "languages", "days", *TASTE_LISTS)
LEANINGS = ("personal", "interests", *TASTE_LISTS)  # may be empty, which is written as no key
PREFERENCES = (
    "topics", "languages", "send_at", "timezone", "days", "frequency", "abstracts", "abstract_language", "max_papers",
    "min_relevance", *LEANINGS,
)  # fmt: skip
KEYS = (
    "email", "name", "list", *PREFERENCES, *SERVICE_KEYS,
)  # fmt: skip

read_abstracts, read_abstract_language = values.closed(Abstracts), values.closed(AbstractLanguage)
read_frequency = values.closed(Frequency)
read_max_papers = values.whole(1, 100)
read_min_relevance = values.whole(1, 10)


@dataclass(frozen=True)
class Defaults:
    """The defaults of an entry, and how its values are read."""

    newsletter: Newsletter
    known_topics: tuple[str, ...]
    library: Library | None = None

    @cached_property
    def readings(self) -> Mapping[str, Reading]:
        return {
            "email": Reading(values.email, about="The address that gets the email."),
            "name": Reading(values.line, about="The reader's name, for the To header."),
            "list": Reading(values.switch, about="`true`: a mailing list, whose copy has no personal links."),
            "topics": Reading(
                values.one_of(self.known_topics, "topic"),
                many=True,
                about="What the reader gets; without it `default_topics`, or all topics.",
            ),
            "languages": Reading(values.language, many=True, about="Languages of the one-liners; the first one leads."),
            "send_at": Reading(values.hour, about="When the email is sent, in the reader's local time."),
            "timezone": Reading(values.zone, about="The reader's time zone."),
            "days": Reading(values.weekday, many=True, about="Weekdays with an email; without it every day."),
            "frequency": Reading(
                read_frequency, about="`weekly`: one email on the first of `days` (default: `daily`)."
            ),
            "abstracts": Reading(
                read_abstracts, about="`smart` depends on a paper's rank; `full` or `none` (default: `smart`)."
            ),
            "abstract_language": Reading(
                read_abstract_language,
                about="`original`, `first` (translated into the first language) or `both` (default: `original`).",
            ),
            "max_papers": Reading(read_max_papers, about="The most papers in one email (default: 15)."),
            "min_relevance": Reading(
                read_min_relevance,
                about="The relevance, of 10, from which this reader gets a paper (default: each topic's).",
            ),
            "personal": Reading(values.switch, about="`false`: papers in the topic's order, not in the reader's own."),
            "interests": Reading(values.interests, about="What the reader is interested in, in their own words."),
            "authors": Reading(
                values.line, many=True, some=False, about="Whose papers this reader always gets, marked."
            ),
            "include": Reading(
                values.line, many=True, some=False, about="Papers with one of these words need one point less."
            ),
            "exclude": Reading(values.line, many=True, some=False, about="Papers with one of these words are dropped."),
            "like": Reading(
                values.paper_or_file,
                many=True,
                some=False,
                about="Papers to learn from: arXiv ids, or the path of a .bib or .ris file with them.",
            ),
            "library": Reading(
                values.counted_word,
                many=True,
                some=False,
                about="Words of other papers to learn from, each with how many of them have it: `pruning 12`.",
            ),
            "unsubscribed": Reading(values.service_mark, about="Written by the service when the reader unsubscribes."),
            "paused_until": Reading(values.day, about="No email before this day."),
            "bounced": Reading(values.service_mark, about="Written by the service when emails cannot be delivered."),
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """For readers who name none."""
        return self.newsletter.default_topics or self.known_topics


def read(
    nodes: Iterable[Node], file: str, text: str, defaults: Defaults
) -> tuple[tuple[Reader, ...], tuple[Finding, ...], tuple[int, ...]]:
    """The readers of all entries without findings, each address once; the findings of the others and their lines."""
    readers: dict[str, Reader] = {}
    findings: list[Finding] = []
    skipped: list[int] = []
    for node in nodes:
        report = Report(file, text, fatal=False)
        reader = _entry(node, report, defaults)
        if reader is not None and not report.broken:
            _add(readers, reader, node, report)
        findings.extend(report.findings)
        if report.broken:
            skipped.append(line_of(node))
    return tuple(readers.values()), tuple(findings), tuple(skipped)


def as_mapping(node: Node) -> MappingNode | None:
    """An entry as a mapping; an address alone becomes one with `email`; None if it is neither."""
    if isinstance(node, MappingNode):
        return node
    if not isinstance(node, ScalarNode) or is_empty(node):
        return None
    key = ScalarNode("", "email", node.start_mark, node.start_mark)
    return MappingNode("", [(key, node)], node.start_mark, node.end_mark)


def _entry(node: Node, report: Report, defaults: Defaults) -> Reader | None:
    if not report.is_plain(node, node):
        return None
    mapping = as_mapping(node)
    if mapping is None:
        report.add(node, "an entry must be an address or begin with 'email:'", "write - email: ada@example.com")
        return None
    return _reader(Block(mapping, KEYS, report), line_of(node), defaults)


def _reader(block: Block, line: int, defaults: Defaults) -> Reader:
    usual = defaults.newsletter
    if not block.says("email"):
        block.report.add(block.place("email"), "this entry has no 'email'", "add email: and the address")
    given = block.read(defaults.readings)
    if defaults.library and "like" in given:
        given["like"], words = defaults.library.read(block, given["like"])
        given.setdefault("library", words)
    return Reader(
        email=given.get("email", ""),
        name=given.get("name"),
        wishes=_wishes(given, defaults),
        send_at=given.get("send_at", usual.send_at),
        wait_until=usual.wait_until,
        timezone=given.get("timezone", usual.timezone),
        days=frozenset(given.get("days", range(1, 8))),
        weekly=_is_weekly(given),
        line=line,
        unsubscribed=given.get("unsubscribed"),
        paused_until=given.get("paused_until"),
        bounced=given.get("bounced"),
        stated=block.texts((*PREFERENCES, "list")),
    )


def _wishes(given: Mapping[str, Any], defaults: Defaults) -> Wishes:
    return Wishes(
        topics=given.get("topics", defaults.topics),
        languages=given.get("languages", defaults.newsletter.languages),
        abstracts=given.get("abstracts", Abstracts.SMART),
        abstract_language=given.get("abstract_language", AbstractLanguage.ORIGINAL),
        max_papers=given.get("max_papers", 15),
        min_relevance=given.get("min_relevance"),
        mailing_list=given.get("email") if given.get("list") else None,
        weekly=_is_weekly(given),
        leanings=_leanings(given),
    )


def _leanings(given: Mapping[str, Any]) -> Leanings:
    found = {key: given[key] for key in LEANINGS if key in given}
    return Leanings(**found) if found else NO_LEANINGS


def _is_weekly(given: Mapping[str, Any]) -> bool:
    return given.get("frequency") is Frequency.WEEKLY


def _add(readers: dict[str, Reader], reader: Reader, node: Node, report: Report) -> None:
    key = values.address_key(reader.email)
    first = readers.setdefault(key, reader)
    if first is reader:
        return
    report.add(node, f"{reader.email!r} is here twice (first in line {first.line})", "keep one")
    # Who has left in either entry has left: a copy of the line must not bring them back.
    readers[key] = replace(
        first,
        unsubscribed=first.unsubscribed or reader.unsubscribed,
        paused_until=max((day for day in (first.paused_until, reader.paused_until) if day), default=None),
        bounced=first.bounced or reader.bounced,
    )
