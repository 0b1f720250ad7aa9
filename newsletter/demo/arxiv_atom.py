"""The Atom of arXiv's API."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from newsletter.demo.arxiv_xml import SCHEMA, attribute, element
from newsletter.demo.rows import SampleRow

_ATOM_HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
    f'xmlns:arxiv="{SCHEMA}" xmlns="http://www.w3.org/2005/Atom">\n'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request to the API asked for, as the head of the answer repeats it."""

    search_query: str = ""
    id_list: str = ""
    start: int = 0
    max_results: int = 10


def atom(asked: Asked, total: int, rows: Sequence[SampleRow], now: datetime) -> bytes:
    """One page of an answer."""
    window = f"start={asked.start}&max_results={asked.max_results}"
    title = f"arXiv Query: search_query={asked.search_query}&id_list={asked.id_list}&{window}"
    link = f"https://arxiv.org/api/query?search_query={asked.search_query}&{window}&id_list={asked.id_list}"
    digest = base64.b64encode(hashlib.sha256(title.encode()).digest()[:20]).decode().rstrip("=")
    head = (
        element(2, "id", f"https://arxiv.org/api/{digest}")
        + element(2, "title", title)
        + element(2, "updated", _zulu(now))
        + f'  <link href="{attribute(link)}" type="application/atom+xml"/>\n'
        + _counts(asked.max_results, total, asked.start)
    )
    return f"{_ATOM_HEAD}{head}{''.join(map(_entry, rows))}</feed>\n".encode()


def atom_error(message: str, now: datetime) -> bytes:
    """The Atom feed that arXiv sends for a wrong request, nearly always with HTTP 400."""
    place = f"https://arxiv.org/api/errors#{message.replace(' ', '_')}"
    return (
        _ATOM_HEAD
        + element(2, "id", "https://arxiv.org/")
        + element(2, "title", "arXiv Search Results")
        + element(2, "updated", _zulu(now))
        + _counts(1, 1, 0)
        + "  <entry>\n"
        + element(4, "id", place)
        + element(4, "title", "Error")
        + element(4, "updated", _zulu(now))
        + f'    <link href="{attribute(place)}" rel="alternate" type="text/html"/>\n'
        + element(4, "summary", message)
        + _author("arXiv api core")
        + "  </entry>\n</feed>\n"
    ).encode()


def _counts(items: int, total: int, start: int) -> str:
    return (
        element(2, "opensearch:itemsPerPage", items)
        + element(2, "opensearch:totalResults", total)
        + element(2, "opensearch:startIndex", start)
    )


def _entry(row: SampleRow) -> str:
    name = attribute(f"{row.id}v{row.version}")
    return (
        "  <entry>\n"
        + element(4, "id", f"http://arxiv.org/abs/{row.id}v{row.version}")
        + element(4, "title", " ".join(row.title.split()))
        + element(4, "updated", _zulu(row.updated))
        + f'    <link href="https://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>\n'
        + f'    <link href="https://arxiv.org/pdf/{name}" rel="related" type="application/pdf" title="pdf"/>\n'
        + element(4, "summary", row.abstract)
        + "".join(f'    <category term="{attribute(c)}" scheme="{SCHEMA}"/>\n' for c in row.categories)
        + element(4, "published", _zulu(row.published))
        + (element(4, "arxiv:comment", row.comment) if row.comment else "")
        + f'    <arxiv:primary_category term="{attribute(row.primary_category)}"/>\n'
        + (element(4, "arxiv:journal_ref", row.journal_ref) if row.journal_ref else "")
        + "".join(_author(name) for name in row.authors)
        + (_doi(row.doi) if row.doi else "")
        + "  </entry>\n"
    )


def _author(name: str) -> str:
    return f"    <author>\n{element(6, 'name', name)}    </author>\n"


def _doi(doi: str) -> str:
    link = f'    <link rel="related" href="https://doi.org/{attribute(doi)}" title="doi"/>\n'
    return element(4, "arxiv:doi", doi) + link


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
