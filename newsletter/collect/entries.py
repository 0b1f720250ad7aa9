"""One answer from arXiv, entry by entry: those that can be shown, and those that cannot, each with the reason.

One odd entry must not cost a window of ten days: it is set aside and named. An answer with a broken frame, or with
mostly unreadable entries, is rejected and asked for again.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from newsletter.errors import ArxivUnavailable
from newsletter.models import ArxivId

ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_NEEDED = tuple(f"{ATOM}{name}" for name in ("title", "summary", "published", "updated", "author", "category"))
_FIRST_YEAR = 1991  # of arXiv: an earlier date is none
_UNKNOWN = datetime(1990, 1, 1, tzinfo=UTC)
FEW = 3  # entries that may be odd in any answer, however short; else at most half of them
_ODD = "odd:"  # begins the id of an entry that stands for one that was set aside


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """An entry that cannot be used."""

    arxiv_id: str | None  # base id; None: not even that can be read
    problem: str
    published: datetime | None = None

    def __str__(self) -> str:
        return f"{self.arxiv_id or 'an entry without a readable id'} ({self.problem})"


@dataclass(frozen=True, slots=True)
class Part:
    """One entry or item; `broken`: its XML is, so that its texts may be cut."""

    element: etree._Element
    broken: bool = False


def parse_xml(body: bytes, url: str, root_tag: str) -> etree._Element:
    """The root of a well-formed document without entities. Raises ArxivUnavailable: a proxy's page passes."""
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise ArxivUnavailable(url, f"the answer is not well-formed XML ({said})") from error
    if body.lstrip()[:4096].lower().find(b"<!doctype") >= 0:
        raise ArxivUnavailable(url, "the answer has a document type declaration, which arXiv never sends")
    if root.tag != root_tag:
        raise ArxivUnavailable(url, f"the answer is <{etree.QName(root).localname}>, not {root_tag.split('}')[-1]}")
    return root


def _parser(*, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover)


def parts(body: bytes, url: str, root_tag: str, name: str, around: str) -> tuple[etree._Element, list[Part]]:
    """The root, and every element `name` inside `around`, also where the XML of some is broken: a bad byte, say.

    Broken ones are no children of the root. Raises ArxivUnavailable where more is broken than these elements.
    """
    try:
        root = parse_xml(body, url, root_tag)
    except ArxivUnavailable as error:
        return _salvaged(body, url, root_tag, name, around, error)
    return root, [Part(found) for found in root.iter(f"{{*}}{name}")]


def _salvaged(
    body: bytes, url: str, root_tag: str, name: str, around: str, error: ArxivUnavailable
) -> tuple[etree._Element, list[Part]]:
    end = body.rfind(f"</{around}>".encode())
    starts = [match.start() for match in re.finditer(rf"<{name}[\s>]".encode(), body[: max(end, 0)])]
    if not starts:
        raise error
    head, tail = body[: starts[0]], body[end:]
    root = parse_xml(head + tail, url, root_tag)
    into = root if etree.QName(root).localname == around else root.find(f"{{*}}{around}")
    found = []
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        part = _part(head, body[start:stop], tail, name)
        if part is None:
            raise error
        if not part.broken and into is not None:
            into.append(part.element)
        found.append(part)
    return root, found


def _part(head: bytes, fragment: bytes, tail: bytes, name: str) -> Part | None:
    """One element by itself; None if it does not even end."""
    if not fragment.rstrip().endswith(f"</{name}>".encode()):
        return None
    for recover in (False, True):
        try:
            root = etree.fromstring(head + fragment + tail, _parser(recover=recover))
        except (etree.XMLSyntaxError, ValueError):
            continue
        if root is not None and (found := next(root.iter(f"{{*}}{name}"), None)) is not None:
            return Part(copy.deepcopy(found), broken=recover)
    return Part(etree.Element(name), broken=True)


def without_odd(root: etree._Element, found: Sequence[Part], url: str) -> bytes | None:
    """The page with a stand-in for each entry that cannot be shown, so that paging still counts; None: there is none.

    Raises ArxivUnavailable where most of it cannot be shown: then the answer is bad, and not the papers.
    """
    odd = [(part, problem) for part in found if (problem := _problem(part))]
    if len(odd) > max(FEW, len(found) // 2):
        raise ArxivUnavailable(url, f"{len(odd)} of {len(found)} entries cannot be read; the first: {odd[0][1]}")
    for part, problem in odd:
        if (parent := part.element.getparent()) is not None:
            parent.remove(part.element)
        root.append(_stand_in(part.element, problem))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True) if odd else None


def _problem(part: Part) -> str | None:
    """Why an entry cannot be used; walks over the children only once, because a page has 1,500 entries."""
    if part.broken:
        return "its XML is broken"
    entry = part.element
    if _id(entry) is None:
        return "no readable id"
    filled = {child.tag for child in entry if child.text and not child.text.isspace()}
    filled |= {
        child.tag for child in entry.iterchildren(f"{ATOM}author") if (child.findtext(f"{ATOM}name") or "").strip()
    }
    named = (*entry.iterchildren(f"{ATOM}category"), *entry.iterchildren(f"{_ARXIV}primary_category"))
    filled |= {f"{ATOM}category" for child in named if (child.get("term") or "").strip()}
    for tag in _NEEDED:
        if tag not in filled:
            return f"no {'abstract' if tag.endswith('summary') else tag.removeprefix(ATOM)}"
    undated = next((name for name in ("published", "updated") if _moment(entry, name) is None), None)
    return f"no readable date in {undated}" if undated else None


def _id(entry: etree._Element) -> ArxivId | None:
    try:
        return ArxivId.parse(entry.findtext(f"{ATOM}id") or "")
    except ValueError:
        return None


def _moment(entry: etree._Element, name: str) -> datetime | None:
    try:
        text = (entry.findtext(f"{ATOM}{name}") or "").strip().replace("Z", "+00:00")
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year >= _FIRST_YEAR else None


def _stand_in(entry: etree._Element, problem: str) -> etree._Element:
    """An entry that the `arxiv` package counts and that `odd_of` reads back."""
    arxiv_id = _id(entry)
    published = (_moment(entry, "published") or _UNKNOWN).isoformat()
    stand_in = etree.Element(f"{ATOM}entry")
    texts = {"id": f"{_ODD}{arxiv_id.base if arxiv_id else ''}", "title": problem}
    for name, text in {**texts, "published": published, "updated": published}.items():
        etree.SubElement(stand_in, f"{ATOM}{name}").text = text
    return stand_in


def odd_of(entry_id: str, title: str, published: datetime) -> Odd | None:
    """The entry that this one replaces; None if it is a real entry."""
    if not entry_id.startswith(_ODD):
        return None
    known = None if published == _UNKNOWN else published
    return Odd(arxiv_id=entry_id.removeprefix(_ODD) or None, problem=title, published=known)
