"""On SIGTERM, the email being sent is finished and the rest wait for the next run; nothing is left half done."""

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


@contextmanager
def at_once() -> Iterator[None]:
    """A signal ends the process: no work has begun, and an exception could leave something half open."""
    with _handling(lambda *_: os._exit(0)):  # being told to stop is no failure
        yield


@contextmanager
def noted() -> Iterator[Callable[[], bool]]:
    """Signals are only recorded: whether one has come."""
    told = threading.Event()
    with _handling(lambda *_: told.set()):
        yield told.is_set


@contextmanager
def _handling(handler: Callable[..., None]) -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _cut_off() -> None:
    # All that was answered or sent is in the ledger, so this loses no more than what is in flight.
    print("interrupted; run again to continue", file=sys.stderr, flush=True)
    os._exit(1)
