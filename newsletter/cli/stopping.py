"""On SIGTERM, the email being sent is finished and the rest wait for the next run; nothing is left half done."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

# A SIGTERM is followed by a SIGKILL after ten seconds, and a model may be silent for minutes.
_RUN_SECONDS, _SERVICE_SECONDS = 5.0, 8.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def until_told() -> Iterator[Callable[[], bool]]:
    """Whether the process has been told to stop; five seconds after that it ends, whatever it waits for."""
    with _limited(_RUN_SECONDS, _interrupted, (signal.SIGTERM,)) as told:
        yield told.is_set


@contextmanager
def at_once() -> Iterator[None]:
    """A signal ends the process: no work has begun, and an exception could leave something half open."""
    with _handling(lambda *_: os._exit(0), _SIGNALS):  # being told to stop is no failure
        yield


@contextmanager
def noted() -> Iterator[threading.Event]:
    """Signals are only recorded: set once one has come. Eight seconds later the process ends, whatever it does."""
    with _limited(_SERVICE_SECONDS, lambda: os._exit(0), _SIGNALS) as told:
        yield told


@contextmanager
def _limited(seconds: float, end: Callable[[], None], numbers: Sequence[signal.Signals]) -> Iterator[threading.Event]:
    told = threading.Event()
    limit = threading.Timer(seconds, end)
    limit.daemon = True

    def stop(*_: object) -> None:
        if not told.is_set():
            told.set()
            limit.start()

    with _handling(stop, numbers):
        try:
            yield told
        finally:
            limit.cancel()


@contextmanager
def _handling(handler: Callable[..., None], numbers: Sequence[signal.Signals]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _interrupted() -> None:
    # All that was answered or sent is in the ledger, so this loses no more than what is in flight.
    print("interrupted; run again to continue", file=sys.stderr, flush=True)
    os._exit(1)
