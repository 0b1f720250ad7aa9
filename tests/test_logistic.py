"""The weights that a logistic regression learns are the best ones, wherever it starts."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks.areas import area
from newsletter.ranking.logistic import Row, fit, sigmoid

WEIGHT = 3.0
FEATURES = 300


def some_rows(seed: int, count: int = 60) -> tuple[list[Row], list[bool]]:
    """Rows as papers have them: a few of many features, each row of length 1. The first decides most of what passes."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for _ in range(count):
        found = dict.fromkeys(rng.sample(range(1, FEATURES - 1), 10), 0.3)
        rows.append(found | ({0: 0.5} if rng.random() < 0.4 else {}) | {FEATURES - 1: 1.0})
    passed = [rng.random() < (0.8 if 0 in row else 0.1) for row in rows]
    return rows, [True, False, *passed[2:]]


def slope(weights: list[float], rows: list[Row], passed: list[bool], start: list[float]) -> list[float]:
    """The gradient of what is minimised: nothing is left of it at the best weights."""
    good = sum(passed)
    found = [one - begun for one, begun in zip(weights, start, strict=True)]
    for row, one in zip(rows, passed, strict=True):
        sign = 1 if one else -1
        margin = sign * sum(weights[number] * value for number, value in row.items())
        share = WEIGHT * len(passed) / (2 * (good if one else len(passed) - good)) * sigmoid(-margin)
        for number, value in row.items():
            found[number] -= sign * share * value
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("begun", [0.0, 1.5])
def test_the_best_weights(seed: int, begun: float) -> None:
    """Next to nothing is left of the gradient, from zero and from the weights of another model."""
    rows, passed = some_rows(seed)
    start = [begun] * FEATURES
    left, before = (slope(one, rows, passed, start) for one in (fit(rows, passed, WEIGHT, start), start))
    assert max(map(abs, left)) < 0.02 * max(map(abs, before))


def test_a_model_that_starts_from_another_stays_near_it() -> None:
    """What the new rows do not speak of keeps the weight of the model it started from."""
    rows, passed = some_rows(1)
    weights = fit(rows, passed, WEIGHT, [0.0] * FEATURES + [2.5])
    assert weights[FEATURES] == 2.5


def test_a_row_that_counts_twice_is_two_rows() -> None:
    rows, passed = some_rows(3)
    counts = [1.0 + (number % 3 == 0) for number in range(len(rows))]
    twice = [number for number, count in enumerate(counts) for _ in range(int(count))]
    start, weight = [0.0] * FEATURES, WEIGHT * len(twice) / len(rows)
    once = fit(rows, passed, weight, start, counts)
    both = fit([rows[one] for one in twice], [passed[one] for one in twice], WEIGHT, start)
    assert once == pytest.approx(both, abs=0.02 * max(map(abs, both)))


def test_the_same_again() -> None:
    """The same rows teach the same weights, to the last digit."""
    rows, passed = some_rows(2)
    assert fit(rows, passed, WEIGHT, [0.0] * FEATURES) == fit(rows, passed, WEIGHT, [0.0] * FEATURES)


@pytest.mark.parametrize(("value", "expected"), [(0, 0.5), (1e9, 1.0), (-1e9, 0.0), (math.log(3), 0.75)])
def test_sigmoid(value: float, expected: float) -> None:
    """No number is too large."""
    assert sigmoid(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("passed", "values", "expected"),
    [
        ([True, False], [2, 1], 1.0),
        ([True, False], [1, 2], 0.0),
        ([True, False], [1, 1], 0.5),
        ([True, False, False, True], [4, 3, 2, 2], 0.625),
    ],
)
def test_area(passed: list[bool], values: list[float], expected: float) -> None:
    """The measure that the figures are told in: pairs in the right order, equal ones count half."""
    assert area(passed, values) == expected
