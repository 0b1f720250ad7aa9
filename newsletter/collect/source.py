"""The requests to arXiv: papers of a submission window, papers by id, and the ids of today's feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lxml import etree

from newsletter.collect import entries
from newsletter.collect.entries import Odd
from newsletter.errors import ArxivUnavailable, ArxivUnreachable
from newsletter.models import Announced, AnnounceType, ArxivId, Paper
from newsletter.times.calendar import EASTERN, is_issue_date, window

if TYPE_CHECKING:  # with requests they take a tenth of a start, and most runs ask arXiv nothing
    import arxiv

    from newsletter.collect.wire import RequestClock, Wire

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
    odd: tuple[Odd, ...] = ()  # items of which not even id and kind can be read

    @property
    def new_ids(self) -> frozenset[str]:
        """Ids that are new for the asked categories; replacements are left out."""
        return frozenset(one.arxiv_id for one in self.announced if one.kind in _NEW)


@dataclass(frozen=True, slots=True)
class Listing:
    """The papers of a window, by id, and the entries that were set aside."""

    papers: list[Paper]
    odd: list[Odd]


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
        self._given: dict[str, Any] = {
            "delay": delay, "contact": contact, "clock": clock, "tries": tries, "patience": patience,
        }  # fmt: skip
        self._api_url, self._rss_url = api_url, rss_url.rstrip("/")
        self._opened = ExitStack()

    @cached_property
    def _wire(self) -> Wire:
        from newsletter.collect.wire import Wire

        return self._opened.enter_context(closing(Wire(**self._given)))

    @cached_property
    def _client(self) -> arxiv.Client:
        import arxiv

        # Pacing and retries are the wire's: the package's own would multiply them.
        client = arxiv.Client(page_size=_PAGES[0], delay_seconds=0, num_retries=0)
        client.query_url_format = self._api_url + "?{}"
        client._session = self._wire
        return client

    def submitted(self, categories: Iterable[str], start: datetime, end: datetime) -> Listing:
        """All papers of the categories (cross-lists included) submitted from `start` to `end`, UTC, by id."""
        anywhere = " OR ".join(f"cat:{category}" for category in sorted(categories))
        query = f"({anywhere}) AND submittedDate:[{start:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"
        for size in _PAGES[:-1]:
            try:
                return self._whole_listing(query, size)
            except ArxivUnreachable:
                raise
            except ArxivUnavailable:
                continue
        return self._whole_listing(query, _PAGES[-1])

    def _whole_listing(self, query: str, size: int) -> Listing:
        self._client.page_size = size
        found: dict[str, Paper] = {}
        odd: dict[str, Odd] = {}
        for _ in range(_LISTINGS):
            before = len(found)
            delivered = self._listing(query, found, odd)
            # Entries that stand twice push others off their page; a second walk that brings none is the whole set.
            if len(found) in (delivered, before):
                unread = [one for one in odd.values() if one.arxiv_id not in found]
                return Listing([found[arxiv_id] for arxiv_id in sorted(found)], unread)
        raise ArxivUnavailable(query, f"the listing kept changing: {delivered} entries, {len(found)} different papers")

    def _listing(self, query: str, found: dict[str, Paper], odd: dict[str, Odd]) -> int:
        """Add one walk through all pages to `found` and `odd`; the number of readable entries that were delivered."""
        import arxiv

        search = arxiv.Search(
            query=query,
            max_results=None,
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Ascending,
        )
        delivered = 0
        for one in map(to_paper, self._client.results(search)):
            if isinstance(one, Odd):
                odd[str(one)] = one
                continue
            delivered += 1
            there = found.get(one.arxiv_id)
            if there is None or there.version < one.version:  # replaced while we turned the page
                found[one.arxiv_id] = one
        return delivered

    def by_ids(self, ids: Sequence[str]) -> list[Paper]:
        """The papers of these base ids in their newest version; what arXiv does not know yet, or odd, is absent."""
        import arxiv

        papers: dict[str, Paper] = {}
        for start in range(0, len(ids), _IDS):
            search = arxiv.Search(id_list=list(ids[start : start + _IDS]), max_results=None)
            found = map(to_paper, self._client.results(search))
            papers.update((paper.arxiv_id, paper) for paper in found if isinstance(paper, Paper))
        return list(papers.values())

    def feed(self, categories: Iterable[str]) -> Feed:
        """Today's RSS over the categories."""
        url = f"{self._rss_url}/{'+'.join(sorted(categories))}"
        return parse_feed(self._wire.get(url).content, url)

    def close(self) -> None:
        self._opened.close()


def parse_feed(body: bytes, url: str) -> Feed:
    """RSS as values. Raises ArxivUnavailable when it has no day, or most of its items no readable id or type."""
    root, parts = entries.parts(body, url, "rss", "item", "channel")
    channel = root.find("channel")
    if channel is None:
        raise ArxivUnavailable(url, "the feed has no channel")
    try:
        day = parsedate_to_datetime(channel.findtext("pubDate") or "").astimezone(EASTERN).date()
    except (ValueError, OverflowError) as error:
        raise ArxivUnavailable(url, f"the feed cannot be read: {error}") from error
    announced, papers, odd = [], [], []
    for part in parts:
        arxiv_id, kind = _item_id(part.element), _announce_type(part.element)
        if arxiv_id is None or kind is None:
            problem = (
                "the feed's item has no readable id"
                if arxiv_id is None
                else "the feed does not say why this item is listed"
            )
            odd.append(Odd(arxiv_id=arxiv_id.base if arxiv_id else None, problem=problem))
            continue
        announced.append(Announced(arxiv_id.base, kind))
        # The texts of an item whose XML is broken may be cut; that it was announced is sure.
        if kind in _NEW and not part.broken and (paper := _item_paper(part.element, arxiv_id, day)):
            papers.append(paper)
    if len(odd) > max(entries.FEW, len(parts) // 2):
        raise ArxivUnavailable(url, f"the feed cannot be read: {odd[0]}, and {len(odd) - 1} more of {len(parts)}")
    return Feed(day, tuple(announced), tuple(papers), tuple(odd))


def _item_id(item: etree._Element) -> ArxivId | None:
    for name in ("guid", "link"):
        with suppress(ValueError):
            return ArxivId.parse(item.findtext(name) or "")
    return None


def _announce_type(item: etree._Element) -> AnnounceType | None:
    with suppress(ValueError):
        return AnnounceType((item.findtext(f"{_ARXIV_NAMESPACE}announce_type") or "").strip())
    return None


def _item_paper(item: etree._Element, arxiv_id: ArxivId, day: date) -> Paper | None:
    """A feed item as a paper, or None if it lacks title or abstract. Author names carry TeX here."""
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


def to_paper(result: arxiv.Result) -> Paper | Odd:
    """A result of the `arxiv` package as our value: ids apart, white space normalised, TeX kept."""
    if odd := entries.odd_of(result.entry_id, result.title, result.published):
        return odd
    arxiv_id = ArxivId.parse(result.entry_id)  # the wire lets no other through
    categories = tuple(dict.fromkeys(filter(None, map(_squeeze, (result.primary_category, *result.categories)))))
    return Paper(
        arxiv_id=arxiv_id.base,
        version=arxiv_id.version,
        title=_squeeze(result.title),
        abstract=_squeeze(result.summary),
        authors=tuple(filter(None, (_squeeze(author.name) for author in result.authors))),
        categories=categories,
        primary_category=categories[0],
        published=result.published,
        updated=result.updated,
        comment=_squeeze(result.comment) or None,
        journal_ref=_squeeze(result.journal_ref) or None,
        doi=_squeeze(result.doi) or None,
    )


def _squeeze(text: str | None) -> str:
    return " ".join((text or "").split())
