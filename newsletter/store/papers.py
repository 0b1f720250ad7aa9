"""Papers and issues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, bindparam, func, select, update

from newsletter.models import Issue, IssueState, Paper, Usage
from newsletter.redaction import redacted
from newsletter.store.engine import Base, add_missing, put
from newsletter.store.tables import all_calls, category, meta
from newsletter.store.tables import issue as issue_table
from newsletter.store.tables import paper as paper_table

_LAST_REQUEST = "arxiv.last-request"
CHUNK = 500  # SQLite allows 32,766 bound values; a chunk also keeps other writers waiting only briefly


Value = TypeVar("Value")


def chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """The values in lists that fit into one statement, taken one list at a time."""
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class Papers(Base):
    """What arXiv announced, each paper under its first issue."""

    def known(self, ids: Iterable[str]) -> Mapping[str, date | None]:
        """The ids that the ledger holds, with their issue (None: older than our first)."""
        found: dict[str, date | None] = {}
        with self._reading() as connection:
            for chunk in chunks(ids):
                query = select(paper_table.c.arxiv_id, paper_table.c.issue).where(paper_table.c.arxiv_id.in_(chunk))
                found.update((row.arxiv_id, row.issue) for row in connection.execute(query))
        return found

    def watched(self) -> Mapping[str, date]:
        """Each category with the first issue that was collected for it."""
        with self._reading() as connection:
            return {row.name: row.since for row in connection.execute(select(category))}

    def save_collection(self, issue: Issue, new: Sequence[Paper], seen: Sequence[Paper], asked: Iterable[str]) -> None:
        """Record a collected issue in one transaction: its papers, older ones as seen, and the categories."""
        with self._transaction() as connection:
            put(connection, issue_table, _issue_row(issue))
            add_missing(connection, paper_table, [_paper_row(paper, issue.date) for paper in new])
            add_missing(connection, paper_table, [_paper_row(paper, None) for paper in seen])
            add_missing(connection, category, [{"name": name, "since": issue.date} for name in asked])

    def save_seen(self, papers: Sequence[Paper]) -> None:
        """Record papers that no issue announced; those that are there stay."""
        with self._transaction() as connection:
            add_missing(connection, paper_table, [_paper_row(paper, None) for paper in papers])

    def replace_papers(self, papers: Sequence[Paper]) -> None:
        """Better metadata for papers that the ledger holds; their issue stays."""
        with self._transaction() as connection:
            for paper in papers:
                row = _paper_row(paper, None)
                del row["issue"]
                connection.execute(update(paper_table).where(paper_table.c.arxiv_id == paper.arxiv_id).values(row))

    def last_request(self) -> float:
        """When arXiv was last asked, in seconds since 1970; 0 if never."""
        with self._reading() as connection:
            return float(connection.scalar(select(meta.c.value).where(meta.c.key == _LAST_REQUEST)) or 0.0)

    def mark_request(self, moment: float) -> None:
        with self._transaction() as connection:
            put(connection, meta, {"key": _LAST_REQUEST, "value": repr(moment)})

    def save_issue(self, issue: Issue) -> None:
        with self._transaction() as connection:
            put(connection, issue_table, _issue_row(issue))

    def issue(self, day: date) -> Issue | None:
        with self._reading() as connection:
            row = connection.execute(select(issue_table).where(issue_table.c.date == day)).first()
            return _issue(row, _usages(connection, [day]).get(day, Usage())) if row else None

    def issues(self, limit: int = 50) -> Sequence[Issue]:
        """Newest first, with usage summed over their model calls."""
        with self._reading() as connection:
            query = select(issue_table).order_by(issue_table.c.date.desc()).limit(limit)
            rows = connection.execute(query).all()
            usages = _usages(connection, [row.date for row in rows])
            return [_issue(row, usages.get(row.date, Usage())) for row in rows]

    def papers(self, day: date) -> Sequence[Paper]:
        with self._reading() as connection:
            query = select(paper_table).where(paper_table.c.issue == day).order_by(paper_table.c.arxiv_id)
            return [to_paper(row) for row in connection.execute(query)]

    def papers_by_id(self, ids: Iterable[str]) -> Mapping[str, tuple[Paper, date | None]]:
        """Those of these papers that the ledger holds, each with its issue."""
        found: dict[str, tuple[Paper, date | None]] = {}
        with self._reading() as connection:
            for chunk in chunks(dict.fromkeys(ids)):
                rows = connection.execute(select(paper_table).where(paper_table.c.arxiv_id.in_(chunk)))
                found.update((row.arxiv_id, (to_paper(row), row.issue)) for row in rows)
        return found

    def paper(self, arxiv_id: str) -> tuple[Paper, date | None] | None:
        with self._reading() as connection:
            row = connection.execute(select(paper_table).where(paper_table.c.arxiv_id == arxiv_id)).first()
            return (to_paper(row), row.issue) if row else None


# Built once: a service asks for it several times a minute, and building it takes longer than the answer.
_CALLS = all_calls.c
_SUMS = tuple(map(func.sum, (_CALLS.prompt_tokens, _CALLS.completion_tokens, _CALLS.cost_usd, _CALLS.unpriced)))
_USAGES = (
    select(_CALLS.issue, *_SUMS)
    .where(_CALLS.issue.in_(bindparam("days", expanding=True, type_=_CALLS.issue.type)))
    .group_by(_CALLS.issue)
)


def _usages(connection: Connection, days: Sequence[date]) -> Mapping[date, Usage]:
    """What the calls of a model for each of these issues used."""
    return {
        day: Usage(prompt or 0, completion or 0, None if unpriced else cost or 0.0)
        for day, prompt, completion, cost, unpriced in connection.execute(_USAGES, {"days": list(days)})
    }


_PAPER_FIELDS = tuple(name for name in Paper.__dataclass_fields__)
_ISSUE_PLAIN = ("collected", "scored", "ranked", "unscored", "picked", "model", "held_since", "budget_reached")


def _paper_row(paper: Paper, day: date | None) -> dict[str, Any]:
    lists = {"authors": list(paper.authors), "categories": list(paper.categories)}
    return {name: getattr(paper, name) for name in _PAPER_FIELDS} | lists | {"issue": day}


def to_paper(row: Row[Any]) -> Paper:
    """A row of the paper table as a value."""
    lists = {"authors": tuple(row.authors), "categories": tuple(row.categories)}
    return Paper(**{name: getattr(row, name) for name in _PAPER_FIELDS} | lists)


def _issue_row(issue: Issue) -> dict[str, Any]:
    return {name: getattr(issue, name) for name in _ISSUE_PLAIN} | {
        "date": issue.date,
        "state": issue.state.value,
        "missing": list(issue.missing),
        "provisional": list(issue.provisional),
        "notes": [redacted(note) for note in issue.notes],
        "model_notes": [redacted(note) for note in issue.model_notes],
    }


def _issue(row: Row[Any], usage: Usage) -> Issue:
    return Issue(
        **{name: getattr(row, name) for name in _ISSUE_PLAIN},
        date=row.date,
        state=IssueState(row.state),
        usage=usage,
        missing=tuple(row.missing),
        provisional=tuple(row.provisional),
        notes=tuple(row.notes),
        model_notes=tuple(row.model_notes),
    )
