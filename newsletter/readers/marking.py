"""What readers say of papers: liked, not for them, saved, each taken back the same way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from newsletter.models import Mark, MarkedBy, MarkKind, Printed
from newsletter.readers.counter import Counter


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
