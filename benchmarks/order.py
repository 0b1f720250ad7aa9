"""How well papers are put into an order without a model, measured by what a peer's model selected.

Days before 2026-03-03 are for training and tuning. The three days of March and all of `drift/` only measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from benchmarks.areas import area
from benchmarks.labelled import CHANGED, SENTENCE, TESTED, TOPIC, LabelledDay, drifted_days, labelled_days, profile
from newsletter import ranking
from newsletter.models import Paper, Topic
from newsletter.ranking.opinions import Scored

MOST_PAST, MOST_KNOWN = 6000, 3000  # papers to learn from and to read, as `pipeline.history` has it
_EARLY = date(2026, 3, 3)
_PAGE = 15  # papers of an email


@dataclass(frozen=True, slots=True)
class Measured:
    """One order on some days: the figures of each day."""

    name: str
    areas: tuple[float, ...]
    recalls: tuple[float, ...]  # of what was selected, in the top 30 % of the day
    precisions: tuple[float, ...]  # among the first fifteen

    def __str__(self) -> str:
        each = ", ".join(f"{one:.3f}" for one in self.areas)
        recall, precision = mean(self.recalls), mean(self.precisions)
        return (
            f"order without a model, {self.name}: ROC-AUC {mean(self.areas):.3f} ({each}), "
            f"recall in the top 30% {recall:.3f}, precision at {_PAGE} {precision:.3f}"
        )


def figures(place: Path) -> Iterator[str]:
    """Every measure in one line."""
    days, drifted = labelled_days(place), drifted_days(place)
    yield from map(str, [*cold(place, days, drifted), trained(days), *rolling(place, days, drifted)])


def cold(place: Path, days: Sequence[LabelledDay], drifted: Sequence[LabelledDay]) -> Iterator[Measured]:
    """By the topic's words, for texts of several kinds."""
    every = [*days, *drifted]
    march = [day for day in days if day.day in TESTED]
    texts = {
        "the README's sentence": replace(TOPIC, title="Foundations", interests=SENTENCE),
        "profiles/2026-02.md": profile(place, "2026-02"),
        "a text written for these labels": TOPIC,
    }
    asked = [(name, topic, march) for name, topic in texts.items()]
    changed = [day for day in drifted if day.day >= CHANGED]
    asked.append(("profiles/2026-03-31.md from that day on", profile(place, "2026-03-31"), changed))
    for what, past in (("by words on a first morning", ()), ("by words", every)):
        for name, topic, tested in asked:
            yield measure(f"{what}, {name}", tested, _by_words(topic, past))


def _by_words(topic: Topic, every: Sequence[LabelledDay]) -> Callable[[LabelledDay], Sequence[float]]:
    return lambda day: ranking.cold(day.papers, topic, known(every, day.day))


def known(every: Sequence[LabelledDay], before: date) -> list[Paper]:
    """The papers of the days before, newest day first, without a label."""
    return [paper for day in reversed(every) if day.day < before for paper in day.papers][:MOST_KNOWN]


def trained(days: Sequence[LabelledDay]) -> Measured:
    """By the scores of days before March alone."""
    past = scored([day for day in days if day.day < _EARLY])
    model = ranking.train(list(past), list(past.values()))
    assert model is not None
    return measure("trained", [day for day in days if day.day in TESTED], lambda day: model.rank(day.papers))


def rolling(place: Path, days: Sequence[LabelledDay], drifted: Sequence[LabelledDay]) -> Iterator[Measured]:
    """As mornings are: each day by all scores of the days before it, over the change of interests."""
    every = [*days, *drifted]
    stable = [day for day in every if day.day >= TESTED[0] and day.day <= TESTED[-1]]
    before = [day for day in drifted if day.day < CHANGED]
    after = [day for day in drifted if day.day >= CHANGED]
    parts = {"March": stable, "drift, before the change": before, "drift, from the change on": after}
    for name, tested in parts.items():
        yield measure(f"rolling, {name}", tested, lambda day: opinions(place, every, day.day).rank(day.papers))


def opinions(place: Path, every: Sequence[LabelledDay], day: date) -> ranking.Opinions:
    """What is known on the morning of a day: the text of its time, and what was scored before it."""
    topic = profile(place, "2026-02" if day < CHANGED else "2026-03-31")
    past = [one for one in every if one.day < day]
    own = [one for one in past if (one.day < CHANGED) == (day < CHANGED)]
    earlier = scored([one for one in past if one not in own])
    before = None if day < CHANGED else profile(place, "2026-02")
    return ranking.learn(topic, scored(own), earlier, known(past, day), before)


def scored(days: Sequence[LabelledDay]) -> Scored:
    """The papers of these days and whether each was selected, the newest of them."""
    rows = [row for day in days for row in zip(day.papers, day.passed, strict=True)]
    return dict(rows[-MOST_PAST:])


def measure(name: str, days: Sequence[LabelledDay], order: Callable[[LabelledDay], Sequence[float]]) -> Measured:
    """The figures of an order on these days."""
    rows = []
    for day in days:
        values = order(day)
        rows.append((area(day.passed, values), _recall(day, values), _precision(day, values)))
    areas, recalls, precisions = zip(*rows, strict=True)
    return Measured(name, areas, recalls, precisions)


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _recall(day: LabelledDay, values: Sequence[float]) -> float:
    by_id = {row.id: value for row, value in zip(day.rows, values, strict=True)}
    return len(ranking.top(by_id, 0.3) & day.selected) / sum(day.passed)


def _precision(day: LabelledDay, values: Sequence[float]) -> float:
    ordered = sorted(zip(values, day.passed, strict=True), key=lambda one: -one[0])
    return sum(passed for _, passed in ordered[:_PAGE]) / _PAGE
