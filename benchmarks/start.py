"""How long `newsletter --help` takes, in CPU time of a process of its own."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.table import Row

_TIMES = 9


def rows() -> Iterator[Row]:
    """The commands' start beside that of a bare interpreter with click."""
    ours = cpu_ms("-c", "import sys; sys.argv[1:] = ['--help']; from newsletter.cli import main; main()")
    yield Row("newsletter --help (CPU)", ours, "python, import click (CPU)", cpu_ms("-c", "import click"))
    yield Row("newsletter --help (CPU)", ours, "python, import litellm (CPU)", cpu_ms("-c", "import litellm", times=1))


def cpu_ms(*arguments: str, times: int = _TIMES) -> float:
    """The median of user and system time of the interpreter with these arguments."""
    # LiteLLM would otherwise look for its price table on the network first.
    environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}

    def start() -> None:
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, env=environment, check=True)

    return statistics.median(children_ms(start) for _ in range(times))


def children_ms(call: Callable[[], object]) -> float:
    """User and system time of the processes that this call starts and waits for."""
    before = _children()
    call()
    return (_children() - before) * 1000


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
