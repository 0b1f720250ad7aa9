"""`newsletter explain --reader`: why one reader got a paper or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from newsletter import pipeline
from newsletter.models import Enrolled, Paper, Reader

_ALL = 100_000  # more papers than a day has


def own_verdict(editor: pipeline.Editor, reader: Reader, who: int, day: date, paper: Paper) -> Iterator[str]:
    """What this reader's own order makes of the paper, line by line."""
    enrolled = Enrolled(who, reader.email, reader.name, reader.wishes)
    tasting = pipeline.Tasting(editor)
    its = tasting.of([enrolled]).get(who)
    if its is None:
        turned_off = not reader.wishes.leanings.personal
        yield "gets the topics' order" + (": personal is off" if turned_off else ": nothing was marked or set")
        return
    placing = tasting.place(reader.wishes, (day,), its)
    examples = its.examples()
    liked = sum(one.liked for one in examples)
    yield f"own order, learned from {liked} liked and {len(examples) - liked} passed over"
    for place, one in enumerate(placing.placed, start=1):
        if one.key != paper.arxiv_id:
            continue
        yield f"shown as number {place} of {len(placing.placed)} (value {one.value:.2f})"
        why = placing.why(one)
        if followed := placing.picks[one.key].by_author:
            yield f"followed author: {followed}"
        elif why and why.liked:
            yield "close to a paper that this reader liked"
        elif why and why.outside:
            yield "from the topics' order, outside what this reader usually likes"
        return
    if paper.arxiv_id not in placing.picks:
        yield "not shown: it is more than two points below the topics' bar"
        return
    everything = tasting.place(replace(reader.wishes, max_papers=_ALL), (day,), its)
    value = next((one.value for one in everything.placed if one.key == paper.arxiv_id), None)
    if value is None:
        yield "not shown: an excluded word, or a near miss that nothing liked lifts"
        return
    lowest = min((one.value for one in placing.placed if not one.outside), default=0.0)
    yield f"not shown: others come first (value {value:.2f}, the last one shown {lowest:.2f})"
