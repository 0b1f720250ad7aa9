"""The entries below `subscribers:`: one with a finding is left out, the others are not touched by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.models import AbstractLanguage, Abstracts, Finding, Newsletter, Reader, Wishes
from newsletter.subscribers import values
from newsletter.subscribers.tree import Block, Report, is_empty, line_of

SERVICE_KEYS = ("unsubscribed", "paused_until", "bounced")
LIST_KEYS = ("topics", "languages", "days")
PREFERENCES = ("topics", "languages", "send_at", "timezone", "days", "abstracts", "abstract_language")
KEYS = (
    "email", "name", "topics", "languages", "send_at", "timezone", "days", "abstracts", "abstract_language",
    "max_papers", *SERVICE_KEYS,
)  # fmt: skip

read_abstracts, read_abstract_language = values.closed(Abstracts), values.closed(AbstractLanguage)
_max_papers = values.whole(1, 100)


class Defaults(NamedTuple):
    """What an entry means where it says nothing."""

    newsletter: Newsletter
    known_topics: tuple[str, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        """Of readers who name none: the only topic there is. Of several nobody can guess."""
        return self.known_topics if len(self.known_topics) == 1 else ()


def read(
    nodes: Iterable[Node], file: str, text: str, defaults: Defaults
) -> tuple[tuple[Reader, ...], tuple[Finding, ...]]:
    """The readers of all entries without findings, each address once, and the findings of the others."""
    readers: dict[str, Reader] = {}
    findings: list[Finding] = []
    for node in nodes:
        report = Report(file, text, fatal=False)
        reader = _entry(node, report, defaults)
        if reader is not None and not report.broken:
            _add(readers, reader, node, report)
        findings.extend(report.findings)
    return tuple(readers.values()), tuple(findings)


def as_mapping(node: Node) -> MappingNode | None:
    """An entry as a mapping, a bare address as one with `email`; None when it is neither."""
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
        report.add(node, "an entry is an address or begins with 'email:'", "write - email: ada@example.com")
        return None
    return _reader(Block(mapping, KEYS, report), line_of(node), defaults)


def _reader(block: Block, line: int, defaults: Defaults) -> Reader:
    given = defaults.newsletter
    return Reader(
        email=_email(block),
        name=block.one("name", values.line, None),
        wishes=_wishes(block, defaults),
        send_at=block.one("send_at", values.hour, given.send_at),
        wait_until=given.wait_until,
        timezone=block.one("timezone", values.zone, given.timezone),
        days=frozenset(block.many("days", values.weekday, tuple(range(1, 8)))),
        line=line,
        unsubscribed=block.one("unsubscribed", values.service_mark, None),
        paused_until=block.one("paused_until", values.day, None),
        bounced=block.one("bounced", values.service_mark, None),
        stated=tuple((key, _text(node)) for key in PREFERENCES if (node := block.raw(key)) is not None),
    )


def _text(node: Node) -> str:
    """What stands behind a key, a list with commas."""
    items = node.value if isinstance(node, SequenceNode) else [node]
    return ", ".join(str(item.value).strip() for item in items if isinstance(item, ScalarNode))


def _email(block: Block) -> str:
    if block.raw("email") is None:
        block.report.add(block.place("email"), "an entry without 'email'", "add email: and the address")
    return block.one("email", values.email, "")


def _wishes(block: Block, defaults: Defaults) -> Wishes:
    if block.raw("topics") is None and not defaults.topics:
        remedy = f"add topics: [{', '.join(defaults.known_topics)}] with those that it wants"
        block.report.add(block.node, "an entry without 'topics' where there are several", remedy)
    return Wishes(
        topics=block.many("topics", values.one_of(defaults.known_topics, "topic"), defaults.topics),
        languages=block.many("languages", values.language, defaults.newsletter.languages),
        abstracts=block.one("abstracts", read_abstracts, Abstracts.SMART),
        abstract_language=block.one("abstract_language", read_abstract_language, AbstractLanguage.ORIGINAL),
        max_papers=block.one("max_papers", _max_papers, 15),
    )


def _add(readers: dict[str, Reader], reader: Reader, node: Node, report: Report) -> None:
    key = values.address_key(reader.email)
    first = readers.setdefault(key, reader)
    if first is reader:
        return
    report.add(node, f"{reader.email!r} stands here twice (first in line {first.line})", "keep one")
    # Who has left in either entry has left: a copy of the line must not bring them back.
    readers[key] = replace(
        first,
        unsubscribed=first.unsubscribed or reader.unsubscribed,
        paused_until=max((day for day in (first.paused_until, reader.paused_until) if day), default=None),
        bounced=first.bounced or reader.bounced,
    )
