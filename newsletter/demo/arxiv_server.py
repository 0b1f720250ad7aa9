"""arXiv on loopback: the API and the announcement feed over papers held in memory."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, unquote, urlsplit

from newsletter.demo.arxiv_atom import Asked, atom, atom_error
from newsletter.demo.arxiv_query import parse_query
from newsletter.demo.arxiv_rss import rss
from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback
from newsletter.demo.rows import SampleRow, Window, load_rows
from newsletter.demo.sample import sample_day
from newsletter.models import AnnounceType, ArxivId

__all__ = ["ArxivServer", "Fault", "SampleRow", "Window", "load_rows", "sample_day"]

_ATOM, _RSS = "application/atom+xml; charset=utf-8", "text/xml; charset=utf-8"
_MOST_RESULTS = 2000  # a page; https://info.arxiv.org/help/api/user-manual.html#paging
_LAST_FED_VERSION = 5  # the feed leaves out replacements from the sixth version on
_FEED_ORDER = list(AnnounceType)
_SORTS = ("relevance", "submittedDate", "lastUpdatedDate")


class ArxivServer(Loopback):
    """`/api/query` and `/rss/<categories>`; `papers`, `announced` and `unknown` may be changed while it runs."""

    def __init__(self, papers: Sequence[SampleRow], announced: date, *, faults: Sequence[Fault | None] = ()) -> None:
        self.papers = list(papers)
        self.announced = announced  # the feed's day; other days' papers are only in the API
        self.unknown: set[str] = set()  # ids that the feed names and the API does not know yet
        self.requests: list[tuple[float, str]] = []  # monotonic time and path with query
        self.agents: list[str] = []  # User-Agent of each request
        super().__init__()
        self.faults.extend(faults)
        self.api_url = f"{self.origin}/api/query"
        self.rss_url = f"{self.origin}/rss"

    def answer(self, request: Request, fault: Fault | None) -> Response:
        self.requests.append((time.monotonic(), request.path))
        self.agents.append(request.headers.get("user-agent", ""))
        address = urlsplit(request.path)
        if address.path == "/api/query":
            return self._query(parse_qs(address.query, keep_blank_values=True), fault)
        if address.path.startswith("/rss/"):
            return self._feed(unquote(address.path.removeprefix("/rss/")).split("+"), fault)
        return Response(status=404, body=b"Not found")

    def _query(self, parameters: Mapping[str, list[str]], fault: Fault | None) -> Response:
        if fault and fault.kind == "error_entry":
            return _error(fault.body or "internal error", fault.status)
        given = {name: values[-1].strip() for name, values in parameters.items()}
        try:
            asked = _asked(given)
            found = self._found(asked, given)
        except ValueError as error:
            return _error(str(error), 400)
        page = [] if fault and fault.kind == "empty_page" else found[asked.start : asked.start + asked.max_results]
        return Response(body=atom(asked, len(found), page, datetime.now(UTC)), content_type=_ATOM)

    def _found(self, asked: Asked, given: Mapping[str, str]) -> list[SampleRow]:
        """Every paper that answers, in the asked order; in the order of the id list where no query is given."""
        known = [row for row in self.papers if row.id not in self.unknown]
        rows = _listed(known, asked.id_list) if asked.id_list else known
        if not asked.search_query:
            return rows if asked.id_list else []
        matches = parse_query(asked.search_query)
        rows = [row for row in rows if matches(row)]
        by = given.get("sortBy") or "relevance"
        if by not in _SORTS:
            raise ValueError(f"sortBy must be in: {', '.join(_SORTS)}")
        backwards = given.get("sortOrder", "descending") != "ascending"
        # Relevance has no meaning without a text index: newest first, as a query over categories comes back.
        updated = by == "lastUpdatedDate"
        return sorted(rows, key=lambda row: (row.updated if updated else row.published, row.id), reverse=backwards)

    def _feed(self, asked: Sequence[str], fault: Fault | None) -> Response:
        rows = [] if fault and fault.kind == "empty_page" else self.papers
        items = [(row, _announce_type(row, asked)) for row in rows if self._announces(row, asked)]
        items.sort(key=lambda item: (_FEED_ORDER.index(item[1]), item[0].id))
        return Response(body=rss(asked, self.announced, items), content_type=_RSS)

    def _announces(self, row: SampleRow, asked: Sequence[str]) -> bool:
        if row.announced != self.announced or not any(_within(category, asked) for category in row.categories):
            return False
        return not (_replaces(row) and row.version > _LAST_FED_VERSION)


def _error(message: str, status: int) -> Response:
    return Response(status=status, body=atom_error(message, datetime.now(UTC)), content_type=_ATOM)


def _asked(given: Mapping[str, str]) -> Asked:
    start, most = _number(given, "start", 0), _number(given, "max_results", 10)
    if most > _MOST_RESULTS:
        raise ValueError(f"max_results must not exceed {_MOST_RESULTS}")
    return Asked(
        search_query=given.get("search_query", ""), id_list=given.get("id_list", ""), start=start, max_results=most
    )


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise ValueError(f"{name} must be an integer")
    if text.startswith("-"):
        raise ValueError(f"{name} must be non-negative")
    return int(text)


def _listed(rows: Sequence[SampleRow], id_list: str) -> list[SampleRow]:
    """The papers of an id list; a version that is not the stored one is as unknown as a wrong id."""
    by_id = {row.id: row for row in rows}
    found: dict[str, SampleRow] = {}
    for name in filter(None, map(str.strip, id_list.split(","))):
        try:
            base = ArxivId.parse(name).base
        except ValueError:
            raise ValueError(f"incorrect id format for {name}") from None
        row = by_id.get(base)
        if row and name in (base, f"{base}v{row.version}"):
            found[base] = row
    return list(found.values())


def _announce_type(row: SampleRow, asked: Sequence[str]) -> AnnounceType:
    """Why the paper stands in the feed of these categories."""
    at_home = _within(row.primary_category, asked)
    if _replaces(row):
        return AnnounceType.REPLACE if at_home else AnnounceType.REPLACE_CROSS
    return AnnounceType.NEW if at_home and row.announce_type != AnnounceType.CROSS else AnnounceType.CROSS


def _replaces(row: SampleRow) -> bool:
    return row.announce_type in (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)


def _within(category: str, asked: Sequence[str]) -> bool:
    """Whether a category was asked for, possibly as part of a whole archive: cs contains cs.LG."""
    return any(category == wanted or category.startswith(f"{wanted}.") for wanted in asked)
