"""Files for search engines: robots.txt and, if there is a public address, a sitemap for each month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from xml.etree import ElementTree

from newsletter.archive.day import Day
from newsletter.archive.shelves import Shelf
from newsletter.archive.views import link_of

_ROBOTS = "robots.txt"
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
NOBODY = b"User-agent: *\nDisallow: /\n"


def robots(public_url: str | None, *, private: bool) -> Mapping[str, bytes]:
    """Pages of one reader are nobody else's; a private archive is nobody's at all."""
    if private:
        return {_ROBOTS: NOBODY}
    more = f"Sitemap: {public_url}/sitemap.xml\n" if public_url else ""
    return {_ROBOTS: f"User-agent: *\nDisallow: /u/\nDisallow: /p/\nDisallow: /a/\n{more}".encode()}


def sitemap_index(public_url: str, months: Iterable[str]) -> Mapping[str, bytes]:
    """The list of the months' sitemaps."""
    addresses = (f"{public_url}/sitemap-{month}.xml" for month in months)
    return {"sitemap.xml": _written("sitemapindex", "sitemap", addresses)}


def sitemap_of(public_url: str, every: Sequence[Shelf], month: str, load: Callable[[date], Day]) -> Mapping[str, bytes]:
    """One month: its page, its days, and their papers, of all topics and of each."""
    paths = _paths(every, month, load)
    return {f"sitemap-{month}.xml": _written("urlset", "url", (f"{public_url}/{path}" for path in paths))}


def _paths(every: Sequence[Shelf], month: str, load: Callable[[date], Day]) -> Iterator[str]:
    for shelf in every:
        if month in shelf.months:
            yield f"{shelf.address}{month}.html"
            yield from (f"{shelf.address}{one.date}.html" for one in shelf.months[month])
    for one in every[0].months[month]:
        own = (link_of(paper, "") for paper in load(one.date)["papers"])
        yield from (path for path in own if path.startswith("papers/"))


def _written(root_tag: str, tag: str, addresses: Iterable[str]) -> bytes:
    root = ElementTree.Element(root_tag, {"xmlns": _NAMESPACE})
    for address in addresses:
        ElementTree.SubElement(ElementTree.SubElement(root, tag), "loc").text = address
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
