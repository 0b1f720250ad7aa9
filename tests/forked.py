"""`newsletter …` as a process of its own that need not import everything first: forked off one that has.

Starting Python and importing costs a command more than its own work. What a start itself does is the matter of
tests/test_starting.py, tests/test_package.py and of all services that tests start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from soak.warm import Warm

Done = subprocess.CompletedProcess[str]


class Forks:
    """Any number of commands at a time, each like `subprocess.run` without input."""

    def __init__(self) -> None:
        self._idle: list[Warm] = []
        self._stack = ExitStack()

    def run(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], timeout: float, first: str = ""
    ) -> Done:
        """Raises TimeoutExpired. `first`: see `Warm.hold`."""
        with self._one() as warm, tempfile.TemporaryDirectory() as said:
            process = warm.hold(folder, environment, arguments, said=Path(said), first=first)
            late = threading.Timer(timeout, os.kill, (process, signal.SIGKILL))
            late.start()
            warm.go()
            code = warm.wait()
            if late.finished.is_set():
                raise subprocess.TimeoutExpired(["newsletter", *arguments], timeout)
            late.cancel()
            output, errors = ((Path(said) / name).read_text("utf-8") for name in ("output", "errors"))
        return subprocess.CompletedProcess(["newsletter", *arguments], code, output, errors)

    @contextmanager
    def _one(self) -> Iterator[Warm]:
        warm = self._idle.pop() if self._idle else self._stack.enter_context(Warm(model=True))
        yield warm
        self._idle.append(warm)

    def close(self) -> None:
        self._stack.close()
