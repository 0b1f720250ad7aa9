"""What can be asked of arXiv: papers of a submission window, papers by id, and the ids of today's feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime

import arxiv
from lxml import etree

from newsletter.collect.wire import RequestClock, Wire, parse_xml
from newsletter.errors import ArxivUnavailable
from newsletter.models import Announced, AnnounceType, ArxivId, Paper
from newsletter.times.calendar import EASTERN, is_issue_date, window

_PAGES = (1500, 500)  # papers a request; fewer where such long answers do not come through. 2,000 are allowed
_IDS = 200  # ids a request: keeps the address well under 4 KiB
_LISTINGS = 3  # how often a listing is asked again when pages repeat or lose papers
_NEW = (AnnounceType.NEW, AnnounceType.CROSS)
_ARXIV_NAMESPACE = "{http://arxiv.org/schemas/atom}"
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True, slots=True)
class Feed:
    """The RSS of the asked categories: its own day (not to be trusted alone), its ids, and what it says of them."""

    day: date
    announced: tuple[Announced, ...]
    papers: tuple[Paper, ...]  # of the new ones; submission dates are unknown here and stand for the window's end

    @property
    def new_ids(self) -> frozenset[str]:
        """Ids that are new for the asked categories; replacements are left out."""
        return frozenset(one.arxiv_id for one in self.announced if one.kind in _NEW)


class ArxivSource:
    """arXiv over one polite connection. Every method raises ArxivError when the answer would not be complete."""

    def __init__(
        self,
        *,
        api_url: str,
        rss_url: str,
        delay: float,
        contact: str | None = None,
        clock: RequestClock | None = None,
        tries: int = 5,
        patience: float = 300.0,
    ) -> None:
        self._wire = Wire(delay=delay, contact=contact, clock=clock, tries=tries, patience=patience)
        self._rss_url = rss_url.rstrip("/")
        # Pacing and retries are the wire's: the package's own would multiply them.
        self._client = arxiv.Client(page_size=_PAGES[0], delay_seconds=0, num_retries=0)
        self._client.query_url_format = api_url + "?{}"
        self._client._session = self._wire

    def submitted(self, categories: Iterable[str], start: datetime, end: datetime) -> list[Paper]:
        """All papers of the categories (cross-lists included) submitted from `start` to `end`, UTC, by id."""
        anywhere = " OR ".join(f"cat:{category}" for category in sorted(categories))
        query = f"({anywhere}) AND submittedDate:[{start:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"
        for size in _PAGES[:-1]:
            try:
                return self._whole_listing(query, size)
            except ArxivUnavailable:
                continue
        return self._whole_listing(query, _PAGES[-1])

    def _whole_listing(self, query: str, size: int) -> list[Paper]:
        self._client.page_size = size
        found: dict[str, Paper] = {}
        for _ in range(_LISTINGS):
            before = len(found)
            delivered = self._listing(query, found)
            # Entries that stand twice push others off their page; a second walk that brings none is the whole set.
            if len(found) in (delivered, before):
                return [found[arxiv_id] for arxiv_id in sorted(found)]
        raise ArxivUnavailable(query, f"the listing kept changing: {delivered} entries, {len(found)} different papers")

    def _listing(self, query: str, found: dict[str, Paper]) -> int:
        """Add one walk through all pages to `found`; the number of entries that were delivered."""
        search = arxiv.Search(
            query=query,
            max_results=None,
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Ascending,
        )
        delivered = 0
        for result in self._client.results(search):
            delivered += 1
            paper = to_paper(result)
            there = found.get(paper.arxiv_id)
            if there is None or there.version < paper.version:  # replaced while we turned the page
                found[paper.arxiv_id] = paper
        return delivered

    def by_ids(self, ids: Sequence[str]) -> list[Paper]:
        """The papers of these base ids in their newest version; ids that arXiv does not know yet are absent."""
        papers: dict[str, Paper] = {}
        for start in range(0, len(ids), _IDS):
            search = arxiv.Search(id_list=list(ids[start : start + _IDS]), max_results=None)
            papers.update((paper.arxiv_id, paper) for paper in map(to_paper, self._client.results(search)))
        return list(papers.values())

    def feed(self, categories: Iterable[str]) -> Feed:
        """Today's RSS over the categories."""
        url = f"{self._rss_url}/{'+'.join(sorted(categories))}"
        return parse_feed(self._wire.get(url).content, url)

    def close(self) -> None:
        self._wire.close()


def parse_feed(body: bytes, url: str) -> Feed:
    """RSS as values. Raises ArxivUnavailable when an item has no readable id or type."""
    channel = parse_xml(body, url, "rss").find("channel")
    if channel is None:
        raise ArxivUnavailable(url, "the feed has no channel")
    try:
        day = parsedate_to_datetime(channel.findtext("pubDate") or "").astimezone(EASTERN).date()
        items = [(_item_id(item), _announce_type(item), item) for item in channel.iterfind("item")]
    except ValueError as error:
        raise ArxivUnavailable(url, f"the feed cannot be read: {error}") from error
    papers = (_item_paper(item, arxiv_id, day) for arxiv_id, kind, item in items if kind in _NEW)
    return Feed(
        day,
        tuple(Announced(arxiv_id.base, kind) for arxiv_id, kind, _ in items),
        tuple(paper for paper in papers if paper),
    )


def _item_id(item: etree._Element) -> ArxivId:
    return ArxivId.parse(item.findtext("guid") or item.findtext("link") or "")


def _announce_type(item: etree._Element) -> AnnounceType:
    return AnnounceType((item.findtext(f"{_ARXIV_NAMESPACE}announce_type") or "").strip())


def _item_paper(item: etree._Element, arxiv_id: ArxivId, day: date) -> Paper | None:
    """A feed item as a paper, or None where it lacks title or abstract. Author names carry TeX here."""
    title = _squeeze(item.findtext("title"))
    _, marked, abstract = (item.findtext("description") or "").partition("Abstract:")
    categories = tuple(_squeeze(found.text) for found in item.iterfind("category"))
    authors = [_squeeze(name) for name in (item.findtext(f"{_DUBLIN_CORE}creator") or "").split(",")]
    if not (title and marked and _squeeze(abstract) and categories):
        return None
    submitted = window(day)[1] if is_issue_date(day) else datetime.combine(day, time(), UTC)
    return Paper(
        arxiv_id=arxiv_id.base,
        version=arxiv_id.version,
        title=title,
        abstract=_squeeze(abstract),
        authors=tuple(filter(None, authors)),
        categories=categories,
        primary_category=categories[0],
        published=submitted,
        updated=submitted,
    )


def to_paper(result: arxiv.Result) -> Paper:
    """A result of the `arxiv` package as our value: ids apart, white space normalised, TeX kept."""
    try:
        arxiv_id = ArxivId.parse(result.entry_id)
    except ValueError as error:
        raise ArxivUnavailable(result.entry_id, str(error)) from error
    return Paper(
        arxiv_id=arxiv_id.base,
        version=arxiv_id.version,
        title=_squeeze(result.title),
        abstract=_squeeze(result.summary),
        authors=tuple(_squeeze(author.name) for author in result.authors),
        categories=tuple(dict.fromkeys((result.primary_category or result.categories[0], *result.categories))),
        primary_category=result.primary_category or result.categories[0],
        published=result.published,
        updated=result.updated,
        comment=_squeeze(result.comment) or None,
        journal_ref=_squeeze(result.journal_ref) or None,
        doi=_squeeze(result.doi) or None,
    )


def _squeeze(text: str | None) -> str:
    return " ".join((text or "").split())
