"""What a test may say about speed on any machine: how the cost grows with the input."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

TENFOLD = 25  # times the cost that tenfold input may have: room for noise; in quadratic time it is a hundredfold
_LEAST = 0.02  # seconds of work measured at once: well above what the clock and other processes blur


def spent(work: Callable[[], object], runs: int = 1) -> float:
    """CPU seconds of this process, without collections of what earlier tests left."""
    gc.disable()
    try:
        began = time.process_time()
        for _ in range(runs):
            work()
        return time.process_time() - began
    finally:
        gc.enable()


def cost(work: Callable[[], object], tries: int = 3) -> float:
    """CPU seconds of one run: the least of several tries."""
    work()  # what happens only once: patterns are compiled, modules imported
    runs = 1
    while (first := spent(work, runs)) < _LEAST:
        runs *= 4
    return min(first, *(spent(work, runs) for _ in range(tries - 1))) / runs


def is_linear(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """Whether tenfold input costs about tenfold; `work` makes the input and says what to do with it."""
    allowed = TENFOLD * cost(work(size))
    large = work(10 * size)
    return any(spent(large) <= allowed for _ in range(3))
