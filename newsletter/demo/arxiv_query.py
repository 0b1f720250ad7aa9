"""arXiv's search_query language, as far as collectors use it.

https://info.arxiv.org/help/api/user-manual.html#query_details
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from newsletter.demo.rows import SampleRow

Matches = Callable[[SampleRow], bool]

_TOKEN = re.compile(
    r'\s*(?:(?P<mark>[()])|(?P<field>[A-Za-z]+):|(?P<range>\[[^\]]*\])|"(?P<quoted>[^"]*)"|(?P<word>[^\s()]+))'
)
_TEXTS: dict[str, Callable[[SampleRow], str]] = {
    "ti": lambda row: row.title,
    "abs": lambda row: row.abstract,
    "au": lambda row: " ".join(row.authors),
    "co": lambda row: row.comment or "",
    "jr": lambda row: row.journal_ref or "",
    "id": lambda row: row.id,
    "all": lambda row: " ".join((row.title, row.abstract, *row.authors, row.comment or "", *row.categories)),
}
_DATES: dict[str, Callable[[SampleRow], datetime]] = {
    "submittedDate": lambda row: row.published,
    "lastUpdatedDate": lambda row: row.updated,
}


def parse_query(text: str) -> Matches:
    """A test for whether a paper matches the query; ValueError if the query cannot be read."""
    parser = _Parser(text)
    matches = parser.any_of("all")
    if parser.position < len(parser.tokens):
        raise ValueError("unbalanced parenthesis")
    return matches


class _Parser:
    """Recursive descent: OR binds weakest, AND and ANDNOT the same, a field may stand before a parenthesis."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.position = 0

    def any_of(self, field: str) -> Matches:
        parts = [self.all_of(field)]
        while self._take("word", "OR"):
            parts.append(self.all_of(field))
        return lambda row: any(part(row) for part in parts)

    def all_of(self, field: str) -> Matches:
        wanted, unwanted = [self.term(field)], []
        while True:
            if self._take("word", "ANDNOT"):
                unwanted.append(self.term(field))
            elif self._take("word", "AND"):
                wanted.append(self.term(field))
            else:
                return lambda row: all(w(row) for w in wanted) and not any(u(row) for u in unwanted)

    def term(self, field: str) -> Matches:
        kind, value = self._next()
        if kind == "field":
            if value not in _TEXTS and value not in _DATES and value != "cat":
                raise ValueError(f"unknown field {value}")
            return self.term(value)
        if (kind, value) == ("mark", "("):
            inside = self.any_of(field)
            if not self._take("mark", ")"):
                raise ValueError("unbalanced parenthesis")
            return inside
        if kind == "mark" or value in ("AND", "OR", "ANDNOT"):
            raise ValueError(f"a term is missing before {value}")
        return _matches(field, kind, value)

    def _next(self) -> tuple[str, str]:
        if self.position == len(self.tokens):
            raise ValueError("the query ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def _take(self, kind: str, value: str) -> bool:
        found = self.position < len(self.tokens) and self.tokens[self.position] == (kind, value)
        self.position += found
        return found


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise ValueError(f"cannot read {text[at : at + 20]!r}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _matches(field: str, kind: str, value: str) -> Matches:
    if field in _DATES:
        first, last = _range(value)
        moment = _DATES[field]
        return lambda row: first <= moment(row) <= last
    if field == "cat":
        pattern = re.compile(re.escape(value).replace(r"\*", ".*"), re.I)
        return lambda row: any(pattern.fullmatch(category) for category in row.categories)
    words = re.compile(rf"(?<!\w){re.escape(value.replace('_', ' '))}(?!\w)", re.I)
    read = _TEXTS[field]
    return lambda row: bool(words.search(" ".join(read(row).split())))


def _range(text: str) -> tuple[datetime, datetime]:
    found = re.fullmatch(r"\[\s*(\d{8,14})\s+TO\s+(\d{8,14})\s*\]", text)
    if not found:
        raise ValueError(f"not a range of dates: {text}")
    return _moment(found[1]), _moment(found[2])


def _moment(digits: str) -> datetime:
    return datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
