"""SIGTERM for a command that sends: the mail in flight is finished, the rest waits for the next run."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LAST_SECONDS = 5  # a SIGTERM is followed by a SIGKILL after ten, and a model may be silent for minutes


@contextmanager
def until_told() -> Iterator[Callable[[], bool]]:
    """Whether the process has been told to stop; five seconds after that it ends, whatever it waits for."""
    told = threading.Event()
    limit = threading.Timer(_LAST_SECONDS, _cut_off)
    limit.daemon = True

    def stop(*_: object) -> None:
        if not told.is_set():
            told.set()
            limit.start()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield told.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
        limit.cancel()


def _cut_off() -> None:
    # All that was answered or sent is in the ledger, so this loses no more than what is in flight.
    print("stopped in the middle; run again to go on", file=sys.stderr, flush=True)
    os._exit(1)
