"""What readers say of papers: liked, not for them, saved, each taken back the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import ArxivId, Mark, MarkedBy, MarkKind, Printed
from newsletter.readers.counter import Counter
from newsletter.tex import to_unicode


def mark(
    counter: Counter,
    subscriber_id: int,
    kind: MarkKind,
    arxiv_ids: Sequence[str],
    how: MarkedBy,
    printed: Printed | None = None,
) -> int:
    """Keep this mark of these papers, `printed` being the email in which it was made; how many are new."""
    key = printed.edition if printed else None
    now = counter.now()
    marks = [Mark(arxiv_id=arxiv_id, kind=kind, how=how, at=now, edition=key) for arxiv_id in arxiv_ids]
    return counter.store.mark(subscriber_id, marks)


def take_back(counter: Counter, subscriber_id: int, kinds: Iterable[MarkKind], arxiv_ids: Sequence[str]) -> int:
    """How many marks there were."""
    return counter.store.unmark(subscriber_id, arxiv_ids, kinds)


def numbered(printed: Printed, numbers: Iterable[int]) -> tuple[list[tuple[int, str]], list[int]]:
    """The papers that an email printed under these numbers, and the numbers that it did not print."""
    known = {one.number: one.arxiv_id for one in printed.papers}
    wanted = list(dict.fromkeys(numbers))
    return [(one, known[one]) for one in wanted if one in known], [one for one in wanted if one not in known]


@dataclass(frozen=True, slots=True)
class Named:
    """The papers that a text names by the numbers of an email, or by their arXiv ids."""

    papers: Mapping[str, str]  # title by arXiv id, after its number where it was named so
    missing: tuple[int | str, ...]
    printed: Printed | None


def named(counter: Counter, subscriber_id: int, text: str, message_id: str | None) -> Named:
    """The numbers are those of the reader's email of this Message-ID, else of their newest."""
    store, words = counter.store, [one.rstrip(".") for one in text.split()]
    numbers = [int(one) for one in words if one.isdecimal() and len(one) < 5]
    ids = [arxiv_id for one in words if (arxiv_id := _arxiv_id(one))]
    printed = store.printed_in(subscriber_id, message_id) if numbers else None
    found, absent = numbered(printed or Printed(edition="", papers=()), numbers)
    known = store.papers_by_id([arxiv_id for _, arxiv_id in found] + ids)
    papers = {arxiv_id: f"{number}. {to_unicode(known[arxiv_id][0].title)}" for number, arxiv_id in found}
    papers |= {one: to_unicode(known[one][0].title) for one in ids if one in known and one not in papers}
    first = next(iter(ids), None)
    if printed is None and first:
        printed = store.printed_with(subscriber_id, first)
    return Named(papers, (*absent, *(one for one in ids if one not in known)), printed)


def _arxiv_id(text: str) -> str | None:
    try:
        return ArxivId.parse(text).base
    except ValueError:
        return None
