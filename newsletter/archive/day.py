"""One issue as a document: what its JSON file says, and what every page of it is made from."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from newsletter import tex, venues
from newsletter.models import ArxivId, Bill, Edition, Entry, Issue, Line, Topic, Usage
from newsletter.sentences import key_sentence

Day = dict[str, Any]  # as its JSON file says it

_PAPER_KEYS = {
    "id", "title", "authors", "abstract", "comment", "categories", "published", "links", "topics", "relevance",
    "novelty", "reason", "by_author", "lines",
}  # fmt: skip
_LATER_PAPER_KEYS = {"venue", "journal_ref", "doi", "key_sentence"}  # which older days lack
_DAY_KEYS = {
    "date", "announced", "collected", "scored", "ranked", "unscored", "model", "prompt_tokens", "completion_tokens",
    "cost_usd", "bills", "topics", "selection", "papers",
}  # fmt: skip
_COUNTS = _DAY_KEYS - {"announced", "bills", "topics", "selection", "papers"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")  # as `lang` may say it
_KEY = re.compile(r"\w[\w.-]{0,63}")  # as the subscriber list has it
_HASH = re.compile(r"[0-9a-f]{16}")
_WEB = re.compile(r"https?://[^\s/]+\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What is known of an issue besides its counts and papers."""

    announced: datetime | None = None  # UTC; the date of its feed entry, the same after every rebuild
    bills: Sequence[Bill] = ()
    topics: Sequence[Topic] = ()  # in the order of the subscriber list
    picked_by: Mapping[str, Sequence[str]] = field(default_factory=dict)  # keys of topics by arXiv id
    selection: Mapping[str, Any] | None = None  # the prompt that was used


def day_json(issue: Issue, edition: Edition, stated: Stated | None = None) -> Day:
    """One day as data: counts, bills, the prompt and the picked papers, best first."""
    stated = stated or Stated()
    return _counts(issue, stated.bills) | {
        "announced": stated.announced.strftime("%Y-%m-%dT%H:%M:%SZ") if stated.announced else f"{issue.date}T00:00:00Z",
        "topics": [{"key": topic.key, "title": tex.clean(topic.title)} for topic in stated.topics],
        "selection": stated.selection,
        "papers": [paper_json(entry, stated.picked_by.get(entry.paper.arxiv_id, ())) for entry in edition.ranked],
    }


def renewed(day: Day, issue: Issue, bills: Sequence[Bill]) -> Day:
    """The day with the counts and bills of its issue as they are now."""
    return day | _counts(issue, bills)


def agrees(day: Day, issue: Issue) -> bool:
    """Whether the day was written from the issue as it is now."""
    return stated_counts(day) == counts_hash(issue)


def stated_counts(day: Day) -> str:
    """A hash of the counts that a day states."""
    counts = {name: value for name, value in day.items() if name in _COUNTS}
    return hashlib.sha256(json.dumps(counts, sort_keys=True).encode()).hexdigest()[:16]


def counts_hash(issue: Issue) -> str:
    """The same of the issue itself."""
    return stated_counts(_counts(issue, ()))


def _counts(issue: Issue, bills: Sequence[Bill]) -> Day:
    return {
        "date": issue.date.isoformat(),
        "collected": issue.collected,
        "scored": issue.scored,
        "ranked": issue.ranked,
        "unscored": issue.unscored,
        "model": tex.clean(issue.model) if issue.model else None,
        "prompt_tokens": issue.usage.prompt_tokens,
        "completion_tokens": issue.usage.completion_tokens,
        "cost_usd": _cost(issue.usage),
        "bills": [_bill(bill) for bill in bills],
    }


def _bill(bill: Bill) -> Day:
    return {
        "stage": tex.clean(bill.stage),
        "model": tex.clean(bill.model),
        "calls": bill.calls,
        "prompt_tokens": bill.usage.prompt_tokens,
        "completion_tokens": bill.usage.completion_tokens,
        "cost_usd": _cost(bill.usage),
    }


def _cost(usage: Usage) -> float | None:
    """Without the last digits, which depend on the order in which calls were summed."""
    return None if usage.cost_usd is None else round(usage.cost_usd, 9)


def paper_json(entry: Entry, topics: Sequence[str]) -> Day:
    """One paper as a day's JSON has it."""
    paper = entry.paper
    others = (category for category in paper.categories if category != paper.primary_category)
    abstract = tex.to_unicode(paper.abstract)
    lines = {line.language: text for line in entry.lines if (text := _said(line))}
    return {
        "id": tex.clean(paper.arxiv_id),
        "title": tex.to_unicode(paper.title),
        "authors": [name for author in paper.authors if (name := tex.to_unicode(author))],
        "abstract": abstract,
        "key_sentence": key_sentence(abstract, of_result=bool(lines)),
        "comment": tex.to_unicode(paper.comment) if paper.comment else None,
        "venue": venues.venue_of(paper),
        "journal_ref": tex.to_unicode(paper.journal_ref) if paper.journal_ref else None,
        "doi": tex.clean(paper.doi) if paper.doi else None,
        "categories": [tex.clean(category) for category in (paper.primary_category, *others)],
        "published": paper.published.date().isoformat(),
        "links": {
            "arxiv": _url(paper.abs_url),
            "pdf": _url(paper.pdf_url),
            "html": _url(paper.html_url),
            "code": [_url(link) for link in paper.code_urls],
        },
        "topics": list(topics),
        "relevance": entry.score.relevance if entry.score else None,
        "novelty": entry.score.novelty if entry.score else None,
        "reason": tex.to_unicode(entry.reason) if entry.reason else None,
        "by_author": tex.to_unicode(entry.by_author) if entry.by_author else None,
        "lines": lines,
    }


def _said(line: Line) -> str:
    return tex.to_unicode(line.text) if _LANGUAGE.fullmatch(line.language) else ""


def _url(text: str) -> str:
    """Removes characters that an address cannot contain."""
    return quote(tex.clean(text), safe="%/:?#[]@!$&'()*+,;=~")


def is_whole(day: object, of: date) -> bool:
    """Whether a file can be shown: one from an older version, or edited by hand, may lack what the pages need."""
    if not isinstance(day, dict) or day.keys() != _DAY_KEYS or day["date"] != of.isoformat():
        return False
    papers, topics, selection = day["papers"], day["topics"], day["selection"]
    if not isinstance(papers, list) or not isinstance(topics, list) or not isinstance(selection, dict | None):
        return False
    # Both become names of files.
    named = all(isinstance(one, dict) and _KEY.fullmatch(str(one.get("key"))) for one in topics)
    known = selection is None or _HASH.fullmatch(str(selection.get("hash")))
    return bool(named and known) and all(_is_wholepaper_json(paper) for paper in papers)


def _is_wholepaper_json(paper: object) -> bool:
    if not isinstance(paper, dict) or paper.keys() - _LATER_PAPER_KEYS != _PAPER_KEYS:
        return False
    if not isinstance(paper["links"], dict):
        return False
    links = paper["links"]
    if links.keys() != {"arxiv", "pdf", "html", "code"} or not isinstance(links["code"], list):
        return False
    if not isinstance(paper["lines"], dict) or not all(map(_LANGUAGE.fullmatch, paper["lines"])):
        return False
    return all(_WEB.fullmatch(str(link)) for link in (links["arxiv"], links["pdf"], links["html"], *links["code"]))


@lru_cache(maxsize=1024)  # each page of a paper asks several times
def page_name(arxiv_id: str) -> str | None:
    """The name of a paper's page; None for anything that is not an arXiv id."""
    try:
        return ArxivId.parse(arxiv_id).base.replace("/", "-") if ":" not in arxiv_id else None
    except ValueError:
        return None
