"""Atom (RFC 4287): one entry for each issue, the same after every rebuild; or one for each paper a reader saved."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from urllib.parse import quote
from xml.etree import ElementTree

from newsletter import tex
from newsletter.archive.day import Day
from newsletter.archive.labels import Labels
from newsletter.archive.shelves import Shelf
from newsletter.archive.views import link_of
from newsletter.models import Paper
from newsletter.words import direction

_ATOM = "http://www.w3.org/2005/Atom"
ENTRIES = 20  # the newest; older ones are in the archive


def feed(name: str, shelf: Shelf, labels: Labels, *, identity: str, public_url: str | None) -> bytes:
    """The newest issues of a group. Without a public address its links are relative, which Atom allows."""
    dates = list(reversed(shelf.dates))[:ENTRIES]
    days = [(one, shelf.day(one)) for one in dates]
    base = f"{public_url}/{shelf.address}" if public_url else ""
    title = labels.words.say("archive_titled", name=name, title=shelf.title) if shelf.topic else name
    root = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": labels.words.language})
    _add(root, "id", _urn(identity, shelf.topic))
    _add(root, "title", title)
    machine = labels.words.say("machine_unnamed") + labels.words.say("gap") + labels.words.say("archive_unaffiliated")
    _add(root, "subtitle", machine)
    _add(root, "updated", days[0][1]["announced"] if days else "1970-01-01T00:00:00Z")
    _add(root, "link", rel="self", type="application/atom+xml", href=f"{base}feed.xml")
    _add(root, "link", rel="alternate", type="text/html", href=f"{base}index.html")
    _add(_add(root, "author"), "name", name)
    _add(root, "generator", "newsletter")
    for day, content in days:
        entry = _entry(root, content, _urn(identity, shelf.topic, day), labels)
        _add(entry, "link", rel="alternate", type="text/html", href=f"{base}{day}.html")
        listed = _content(content["papers"], f"{public_url}/" if public_url else None)
        _add(entry, "content", f"{listed}<p>{escape(machine)}</p>", type="html")
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


@dataclass(frozen=True, slots=True)
class Item:
    """A paper, when it was saved, and a line about it."""

    paper: Paper
    since: datetime
    line: str | None


def of_papers(items: Sequence[Item], *, title: str, author: str, address: str, language: str) -> bytes:
    """A reader's own feed, newest first; `address` is its own."""
    root = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": language})
    _add(root, "id", uuid.uuid5(uuid.NAMESPACE_URL, address).urn)
    _add(root, "title", title)
    _add(root, "updated", _moment(max((one.since for one in items), default=datetime.fromtimestamp(0, UTC))))
    _add(root, "link", rel="self", type="application/atom+xml", href=address)
    _add(_add(root, "author"), "name", author)
    _add(root, "generator", "newsletter")
    for one in items:
        paper = one.paper
        entry = _add(root, "entry")
        _add(entry, "id", uuid.uuid5(uuid.NAMESPACE_URL, paper.abs_url).urn)
        _add(entry, "title", tex.to_unicode(paper.title))
        _add(entry, "published", _moment(paper.published))
        _add(entry, "updated", _moment(one.since))
        for name in paper.authors:
            _add(_add(entry, "author"), "name", tex.to_unicode(name))
        _add(entry, "link", rel="alternate", type="text/html", href=paper.abs_url)
        if one.line:
            _add(entry, "summary", one.line)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(root: ElementTree.Element, content: Day, urn: str, labels: Labels) -> ElementTree.Element:
    entry = _add(root, "entry")
    day, papers = labels.long_day(date.fromisoformat(content["date"])), labels.counted(len(content["papers"]), "paper")
    _add(entry, "id", urn)
    _add(entry, "title", labels.words.say("archive_titled", name=day, title=papers))
    _add(entry, "published", content["announced"])
    _add(entry, "updated", content["announced"])
    _add(entry, "summary", labels.about(content))
    return entry


def _content(papers: Sequence[Day], root: str | None) -> str:
    """Titles with their lines; without a public address they lead to arXiv, since readers resolve links differently."""
    items = []
    for paper in papers:
        url = paper["links"]["arxiv"] if root is None else link_of(paper, root)
        lines = "".join(f"<br>{_line(language, text)}" for language, text in paper["lines"].items())
        items.append(f'<li><a href="{escape(url)}">{escape(paper["title"])}</a>{lines}</li>')
    return f"<ol>{''.join(items)}</ol>"


def _line(language: str, text: str) -> str:
    return f'<span lang="{escape(language)}" dir="{direction(language)}">{escape(text)}</span>'


def _urn(identity: str, topic: str | None, day: date | None = None) -> str:
    """Of the newsletter, not of its address or name: those may change, and readers must see nothing twice."""
    name = "/".join([quote(topic or ""), day.isoformat() if day else ""])
    return uuid.uuid5(uuid.UUID(identity), name).urn


def _add(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag, attributes)
    child.text = None if text is None else tex.clean(text)
    return child
