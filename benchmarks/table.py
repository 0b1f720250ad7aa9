"""Rows of figures and how they are printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and what it is compared with, both in milliseconds."""

    what: str
    milliseconds: float
    baseline: str
    baseline_milliseconds: float


def median_ms(call: Callable[[], object], times: int) -> float:
    """The median wall-clock time of `times` calls."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def show(rows: Sequence[Row]) -> None:
    """Print as a Markdown table."""
    print("| what | ms | baseline | ms | ratio |\n|---|---:|---|---:|---:|")
    for row in rows:
        ratio = row.baseline_milliseconds / row.milliseconds
        print(
            f"| {row.what} | {row.milliseconds:.3g} | {row.baseline} | {row.baseline_milliseconds:.3g} | {ratio:.2g}× |"
        )
