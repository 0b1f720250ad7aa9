"""What a promised loss costs: each day by all days before it, with only what the prefilter let through as scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.labelled import CHANGED, TESTED, LabelledDay, drifted_days, labelled_days, profile
from benchmarks.order import MOST_PAST, known, mean
from newsletter import ranking
from newsletter.models import Paper, Seen

LOSS = 0.04
_MEASURED = 20  # days, as `pipeline.history` has it


@dataclass(frozen=True, slots=True)
class Filtered:
    """One day: the share that was asked for, what of it was missed, and what the ledger then knows."""

    day: date
    share: float
    loss: float
    scored: dict[Paper, bool]
    past: list[ranking.Past]

    @property
    def changed(self) -> bool:
        return self.day >= CHANGED


def figures(place: Path) -> Iterator[str]:
    """The promise beside what came of it."""
    done = list(filtered(place))
    parts = {
        "March": [one for one in done if TESTED[0] <= one.day <= TESTED[-1]],
        "drift, before the change": [one for one in done if TESTED[-1] < one.day < CHANGED],
        "drift, from the change on": [one for one in done if one.changed],
        "all days from the eleventh on": done[ranking.FEWEST_DAYS :],
    }
    for name, days in parts.items():
        yield (
            f"prefilter that may miss {LOSS:.0%}, {name}: {mean([one.loss for one in days]):.1%} missed, at most "
            f"{max(one.loss for one in days):.1%} of a day, with {mean([one.share for one in days]):.2f} seen ("
            f"{', '.join(f'{one.share:.2f}: {one.loss:.0%}' for one in days)})"
        )


def filtered(place: Path) -> Iterator[Filtered]:
    """Every day, oldest first."""
    done: list[Filtered] = []
    every = [*labelled_days(place), *drifted_days(place)]
    for day in every:
        done.append(_filtered(place, day, done, known(every, day.day)))
        yield done[-1]


def _filtered(place: Path, day: LabelledDay, done: Sequence[Filtered], read: Sequence[Paper]) -> Filtered:
    changed = day.day >= CHANGED
    topic = profile(place, "2026-03-31" if changed else "2026-02")
    own = [one for one in done if one.changed == changed]
    earlier = _scores([one for one in done if one not in own])
    opinions = ranking.learn(topic, _scores(own), earlier, read, profile(place, "2026-02") if changed else None)
    values = dict(zip((row.id for row in day.rows), opinions.rank(day.papers), strict=True))
    last = [one for one in done[-_MEASURED:] if one.past]
    share = ranking.loss_share(LOSS, [one.past for one in last], [one.past for one in last if one in own])
    seen = _seen(values, share if opinions.trained else 1.0, topic.key)
    scored = {
        paper: good for paper, good in zip(day.papers, day.passed, strict=True) if seen[paper.arxiv_id] is not Seen.NO
    }
    past = [
        ranking.Past(values[row.id], seen[row.id], None if seen[row.id] is Seen.NO else good)
        for row, good in zip(day.rows, day.passed, strict=True)
    ]
    looked = math.fsum(one is not Seen.NO for one in seen.values()) / len(seen)
    loss = 1 - sum(scored.values()) / sum(day.passed)
    return Filtered(day.day, looked, loss, scored, past if opinions.trained else [])


def _scores(days: Sequence[Filtered]) -> dict[Paper, bool]:
    return dict([row for one in days for row in one.scored.items()][-MOST_PAST:])


def _seen(values: dict[str, float], share: float, salt: str) -> dict[str, Seen]:
    if share >= 1.0:
        return dict.fromkeys(values, Seen.ALL)
    highest = ranking.top(values, share)
    below = {key: Seen.SAMPLE if ranking.is_sample(key, salt) else Seen.NO for key in values}
    return {key: Seen.TOP if key in highest else below[key] for key in values}
