"""How much of a day the model must see, judging by how well earlier days were ordered without it. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.models import Seen

FEWEST_DAYS = 10  # of scores; of an earlier prompt too, until a new one has as many
_SAMPLE = 0.05  # of the papers below the share: scored all the same, to measure what is missed
_LEAST_RECALL = 0.97  # of the papers that pass
_FEWEST_PASSED = 20  # in these days; fewer measure nothing
_STEP = 0.1
_LEAST_SHARE, _FINE_STEP = 0.2, 0.05  # where a loss is promised
_SURE_DAYS = 5  # of a new text
_MARGIN = 0.5  # of the promised loss: what was measured on few days may be half of what comes


@dataclass(frozen=True, slots=True)
class Past:
    """A paper of an earlier day: its place in that day's order, and its score if the model saw it."""

    value: float
    seen: Seen
    passed: bool | None = None  # None: it has no score


def share(asked: float, days: Sequence[Sequence[Past]]) -> float:
    """The smallest share of a day, at least `asked`, that would have contained enough of the passing papers; or all."""
    if len(days) < FEWEST_DAYS or sum(bool(one.passed) for day in days for one in day) < _FEWEST_PASSED:
        return 1.0
    wider = asked
    while wider < 1.0 and recall(days, wider) < _LEAST_RECALL:
        wider = round(wider + _STEP, 6)
    return min(wider, 1.0)


def loss_share(loss: float, days: Sequence[Sequence[Past]], own: Sequence[Sequence[Past]]) -> float:
    """The smallest share of a day in whose top at most `loss` of what passes would be missing; or all.

    `own`: those of the days that were ranked under the topic's text as it is. The first day of a changed text is seen
    whole; then the loss has to hold on the days of the new text and on all, and for five days only a part of what
    these days allow is left out: so few show little.
    """
    if not own or len(days) < FEWEST_DAYS or sum(bool(one.passed) for day in days for one in day) < _FEWEST_PASSED:
        return 1.0
    part = _LEAST_SHARE
    while part < 1.0 and min(recall(own, part), recall(days, part)) < 1 - loss * _MARGIN:
        part = round(part + _FINE_STEP, 6)
    sure = min(1.0, len(own) / _SURE_DAYS)
    return min(1.0, 1 - (1 - part) * sure)


def recall(days: Iterable[Sequence[Past]], part: float) -> float:
    """The share of what passed that stood in the top of its day; a paper of the sample stands for those beside it."""
    found = total = 0.0
    for day in days:
        ordered = sorted(day, key=lambda one: -one.value)
        for place, one in enumerate(ordered):
            weight = (1 / _SAMPLE if one.seen is Seen.SAMPLE else 1.0) if one.passed else 0.0
            total += weight
            found += weight if place < _count(len(day), part) else 0.0
    return found / total if total else 0.0


def top(values: Mapping[str, float], part: float) -> frozenset[str]:
    """The ids of the highest-ranked share."""
    ordered = sorted(values, key=lambda arxiv_id: (-values[arxiv_id], arxiv_id))
    return frozenset(ordered[: _count(len(values), part)])


def is_sample(arxiv_id: str, topic_hash: str) -> bool:
    """Whether a paper below the share is scored anyway: chosen by a stable hash."""
    drawn = int.from_bytes(hashlib.sha256(f"{topic_hash} {arxiv_id}".encode()).digest()[:4])
    return drawn < _SAMPLE * 2**32


def _count(papers: int, part: float) -> int:
    return math.ceil(papers * part)
