"""What a test may say about speed on any machine: how the cost grows with the input."""

from __future__ import annotations

import time
from collections.abc import Callable

_LEAST = 0.02  # seconds of work measured at once: well above what the clock and other processes blur


def cost(work: Callable[[], object], tries: int = 3) -> float:
    """CPU seconds of one run: the least of several tries."""
    work()  # what happens only once: patterns are compiled, modules imported
    runs = 1
    while (first := _measured(work, runs)) < _LEAST:
        runs *= 4
    return min(first, *(_measured(work, runs) for _ in range(tries - 1))) / runs


def is_linear(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """Whether tenfold input costs about tenfold: 25 leaves room for noise, quadratic time is a hundredfold."""
    return cost(work(10 * size)) <= 25 * cost(work(size))


def _measured(work: Callable[[], object], runs: int) -> float:
    began = time.process_time()
    for _ in range(runs):
        work()
    return time.process_time() - began
