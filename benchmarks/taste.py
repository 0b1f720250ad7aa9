"""How well a personal order finds one kind of paper among a day's picks: `python -m benchmarks.taste`.

A reader wants one kind of the papers that a peer selected (`labels/kinds.jsonl`). They see picks of earlier days and
mark them; then the picks of the day are put into their order, and we count how many of the first five they want.
Days and kinds with fewer than five such papers are left out: their best figure would be below 1. Every day is ordered
by what lies before it. Two ways to read a noisy reader are measured: one who marks both ways (a share of the marks is
wrong, a share of the papers stays unmarked), and one who only likes (a missed one counts as passed over).
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

from benchmarks.labelled import TOPIC, LabelledDay, folder, labelled_days
from newsletter.models import Paper
from newsletter.ranking import taste
from newsletter.ranking.words import counts_of

_FIRST = 6  # days before the first that is measured
_LEAST = 5  # papers of the kind on a day
_REST = "other"  # what belongs to no kind has nothing in common: reported, not part of the first figure
_READERS = 12  # for each day and kind
_USUAL = 3000  # papers that tell which words are rare, as a morning has them
NOISE = ((0.05, 0.2), (0.2, 0.5))  # shares of false and missed marks
MARKS = (5, 15, 35)

Marks = list[tuple[str, bool]]


@dataclass
class Day:
    """The picks of a day in the order of the email, with what was picked before it."""

    day: date
    picks: tuple[Paper, ...]
    before: tuple[str, ...]
    space: taste.Space


@dataclass
class Figures:
    """Precision at five by kind."""

    found: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {statistics.mean(found):.2f}" for kind, found in sorted(self.found.items()))
        real = [found for kind, found in self.found.items() if kind != _REST]
        every = statistics.mean(chain.from_iterable(self.found.values()))
        return f"{statistics.mean(chain.from_iterable(real)):.3f} ({kinds}; all of them {every:.3f})"


def days_of(place: Path) -> tuple[list[Day], dict[str, str]]:
    """The days to measure, and the kind of each pick."""
    rows = [json.loads(line) for line in (place / "labels" / "kinds.jsonl").read_text("utf-8").splitlines()]
    kinds = {row["id"]: row["kind"] for row in rows}
    days = labelled_days(place)
    found = []
    for number, day in enumerate(days[_FIRST:], start=_FIRST):
        earlier = days[:number]
        before = [paper for one in earlier for paper in _picks(one, kinds)]
        usual = [paper for one in (*earlier, day) for paper in one.papers][-_USUAL:]
        space = taste.Space(usual, before)
        picks = _picks(day, kinds)
        for paper in (*before, *picks):
            space.add(paper.arxiv_id, counts_of(paper))
        found.append(Day(day.day, tuple(picks), tuple(paper.arxiv_id for paper in before), space))
    return found, kinds


def _picks(day: LabelledDay, kinds: dict[str, str]) -> list[Paper]:
    """Best first, as the email without a taste has them."""
    scores = {row.id: row.scores[TOPIC.key] for row in day.rows}
    picked = [paper for paper in day.papers if paper.arxiv_id in kinds and paper.arxiv_id in day.selected]
    return sorted(picked, key=lambda paper: (*(-value for value in scores[paper.arxiv_id]), paper.arxiv_id))


def both_ways(rng: random.Random, pool: Sequence[tuple[str, bool]], most: int, false: float, missed: float) -> Marks:
    """A reader who likes what they want and says "not" of the rest."""
    seen = [(key, wanted != (rng.random() < false)) for key, wanted in pool if rng.random() >= missed]
    return seen[:most]


def only_likes(rng: random.Random, pool: Sequence[tuple[str, bool]], most: int, false: float, missed: float) -> Marks:
    """A reader who only likes: what they miss counts as passed over."""
    return [(key, rng.random() < (1 - missed if wanted else false)) for key, wanted in pool[:most]]


Reading = Callable[[random.Random, Sequence[tuple[str, bool]], int, float, float], Marks]


def measure(days: Sequence[Day], kinds: dict[str, str], mark: Callable[[random.Random, Day, str], Marks]) -> Figures:
    """Precision at five over days and kinds."""
    figures = Figures()
    for day in days:
        for kind in sorted(set(kinds.values())):
            wanted = {paper.arxiv_id for paper in day.picks if kinds[paper.arxiv_id] == kind}
            if len(wanted) < _LEAST:
                continue
            for reader in range(_READERS):
                rng = random.Random(f"{day.day} {kind} {reader}")
                first = [one.key for one in order(day, mark(rng, day, kind))[:5]]
                figures.found[kind].append(len(wanted.intersection(first)) / 5)
    return figures


def order(day: Day, marks: Marks) -> list[taste.Placed]:
    """The day's picks for a reader with these marks, without the share for exploration."""
    learned = taste.learn(day.space, [taste.Example(key, liked) for key, liked in marks])
    candidates = [taste.Candidate(paper.arxiv_id) for paper in day.picks]
    return taste.arrange(candidates, learned, likes=sum(liked for _, liked in marks), most=len(candidates), day=day.day)


def _marked(read: Reading, kinds: dict[str, str], most: int, noise: tuple[float, float]) -> Callable[..., Marks]:
    def mark(rng: random.Random, day: Day, kind: str) -> Marks:
        pool = [(key, kinds[key] == kind) for key in day.before]
        rng.shuffle(pool)
        return read(rng, pool, most, *noise)

    return mark


def _cold(kinds: dict[str, str]) -> Callable[..., Marks]:
    def mark(rng: random.Random, day: Day, kind: str) -> Marks:
        pool = [key for key in day.before if kinds[key] == kind]
        return [(key, True) for key in rng.sample(pool, min(10, len(pool)))]

    return mark


def figures() -> Iterator[str]:
    """Each measure in one line."""
    place = folder()
    if place is None:
        yield "taste: NEWSLETTER_REAL_DATA names no folder, so nothing was measured."
        return
    days, kinds = days_of(place)
    yield f"precision at 5, {len(days)} days, {_READERS} readers for each day and kind"
    yield f"order of the email: {measure(days, kinds, lambda rng, day, kind: [])}"
    for name, read in (("likes and passes", both_ways), ("likes only", only_likes)):
        for noise in NOISE:
            for most in MARKS:
                found = measure(days, kinds, _marked(read, kinds, most, noise))
                yield f"{name}, {noise[0]:.0%} false, {noise[1]:.0%} missed, after {most} marks: {found}"
    yield f"cold start from 10 liked papers: {measure(days, kinds, _cold(kinds))}"
    yield f"CPU for one reader's order, {MARKS[-1]} marks: {_cost(days[-1], kinds):.1f} ms"


def _cost(day: Day, kinds: dict[str, str], readers: int = 50) -> float:
    """Milliseconds, once the papers' likeness to each other is known."""
    marks = [
        _marked(both_ways, kinds, MARKS[-1], NOISE[0])(random.Random(number), day, "compression")
        for number in range(readers)
    ]
    for one in marks:
        order(day, one)
    start = time.process_time()
    for one in marks:
        order(day, one)
    return (time.process_time() - start) * 1000 / readers


if __name__ == "__main__":
    for line in figures():
        print(line, flush=True)
