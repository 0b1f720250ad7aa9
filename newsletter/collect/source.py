"""What can be asked of arXiv: papers of a submission window, papers by id, and the ids of today's feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime

import arxiv

from newsletter.collect.calendar import EASTERN
from newsletter.collect.wire import Wire, parse_xml
from newsletter.errors import ArxivUnavailable
from newsletter.models import Announced, AnnounceType, ArxivId, Paper

_PAGE = 500  # papers a request: 2,000 are allowed, but such answers take arXiv more than a minute
_IDS = 200  # ids a request: keeps the address well under 4 KiB
_LISTINGS = 3  # how often a listing is asked again when pages repeat or lose papers
_ARXIV_NAMESPACE = "{http://arxiv.org/schemas/atom}"


@dataclass(frozen=True, slots=True)
class Feed:
    """The RSS of the asked categories: its own day (not to be trusted alone) and its ids."""

    day: date
    announced: tuple[Announced, ...]


class ArxivSource:
    """arXiv over one polite connection. Every method raises ArxivError when the answer would not be complete."""

    def __init__(
        self,
        *,
        api_url: str,
        rss_url: str,
        delay: float,
        contact: str | None = None,
        tries: int = 5,
        patience: float = 300.0,
    ) -> None:
        self._wire = Wire(delay=delay, contact=contact, tries=tries, patience=patience)
        self._rss_url = rss_url.rstrip("/")
        # Pacing and retries are the wire's: the package's own would multiply them.
        self._client = arxiv.Client(page_size=_PAGE, delay_seconds=0, num_retries=0)
        self._client.query_url_format = api_url + "?{}"
        self._client._session = self._wire

    def submitted(self, categories: Iterable[str], start: datetime, end: datetime) -> list[Paper]:
        """All papers of the categories (cross-lists included) submitted from `start` to `end`, UTC, by id."""
        anywhere = " OR ".join(f"cat:{category}" for category in sorted(categories))
        query = f"({anywhere}) AND submittedDate:[{start:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"
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
        total = 0
        for total, result in enumerate(self._client.results(search), start=1):  # noqa: B007 - the count is the result
            paper = to_paper(result)
            found[paper.arxiv_id] = paper
        return total

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
        announced = tuple(
            Announced(
                ArxivId.parse(item.findtext("guid") or item.findtext("link") or "").base,
                AnnounceType((item.findtext(f"{_ARXIV_NAMESPACE}announce_type") or "").strip()),
            )
            for item in channel.iterfind("item")
        )
    except ValueError as error:
        raise ArxivUnavailable(url, f"the feed cannot be read: {error}") from error
    return Feed(day, announced)


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
    return re.sub(r"\s+", " ", text or "").strip()
