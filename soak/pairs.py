"""Two processes that begin the same morning at once: one works, and nobody has two mails."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from soak.crash import copied
from soak.morning import READERS, Found, clock, found, status
from soak.sinks import Sink, smtp_sink
from soak.warm import Warm

_SECONDS = 60.0
_MOST_APART = 0.6  # a morning of fifty takes that long, so that starts fall into each of its parts


@dataclass(frozen=True)
class Pair:
    """Two processes that fork commands at 09:31 of the issue's day, and one for questions."""

    first: Warm
    second: Warm
    asking: Warm


@contextmanager
def pair(asking: Warm) -> Iterator[Pair]:
    morning = clock("2026-03-09 09:31:00")
    with Warm(morning) as first, Warm(morning) as second:
        yield Pair(first, second, asking)


def two_runs(workers: Pair, prepared: Path, apart: float) -> Found:
    """`run` and `run` in one folder."""
    with copied(prepared) as folder, smtp_sink() as sink:
        return _two_runs(workers, [(folder, sink.environment)] * 2, sink, apart)


def two_folders(workers: Pair, prepared: Path, apart: float) -> Found:
    """`run` and `run` with data folders of their own and one NEWSLETTER_DATABASE_URL."""
    with copied(prepared) as folder, copied(prepared) as other, smtp_sink() as sink:
        (other / "var" / "newsletter.db").unlink()
        shared = {**sink.environment, "NEWSLETTER_DATABASE_URL": f"sqlite:///{folder / 'var' / 'newsletter.db'}"}
        return _two_runs(workers, [(folder, sink.environment), (other, shared)], sink, apart)


def run_and_serve(workers: Pair, prepared: Path, apart: float) -> Found:
    """`serve`, in whose first minute everybody is due, and `run` beside it."""
    with copied(prepared) as folder, smtp_sink() as sink:
        environment = {**sink.environment, "NEWSLETTER_PORT": "0"}
        service = workers.first.hold(folder, environment, ("serve",))
        workers.second.hold(folder, environment, ("run",))
        _start(workers, apart)
        _ended(workers.second.wait(), folder)
        _wait_for(lambda: _accepted(workers, folder, environment) == READERS, folder)
        os.kill(service, signal.SIGTERM)
        _ended(workers.first.wait(), folder)
        return found(workers.asking, folder, environment, sink.arrived())


def two_services(workers: Pair, prepared: Path, apart: float) -> Found:
    """`serve` and `serve`, in whose first minute everybody is due; one works, the other waits until that one ends."""
    with copied(prepared) as folder, smtp_sink() as sink:
        environment = {**sink.environment, "NEWSLETTER_PORT": "0"}
        both = (workers.first, workers.second)
        services = [worker.hold(folder, environment, ("serve",)) for worker in both]
        _start(workers, apart)
        _wait_for(lambda: _accepted(workers, folder, environment) == READERS, folder)
        for worker, service in zip(both, services, strict=True):
            os.kill(service, signal.SIGTERM)
            _ended(worker.wait(), folder)
        return found(workers.asking, folder, environment, sink.arrived())


KINDS: Mapping[str, Callable[[Pair, Path, float], Found]] = {
    "run + run": two_runs,
    "run + run, other data folder": two_folders,
    "serve + run": run_and_serve,
    "serve + serve": two_services,
}


def gaps(trials: int) -> list[float]:
    """How far apart the two start; the same each time. Negative: the second first."""
    chance = random.Random(6)
    return [0.0, *(chance.uniform(-_MOST_APART, _MOST_APART) for _ in range(trials - 1))]


def _two_runs(workers: Pair, starts: list[tuple[Path, Mapping[str, str]]], sink: Sink, apart: float) -> Found:
    for worker, (folder, environment) in zip((workers.first, workers.second), starts, strict=True):
        worker.hold(folder, environment, ("run",))
    _start(workers, apart)
    folder, environment = starts[0]
    for worker, (place, _) in zip((workers.first, workers.second), starts, strict=True):
        _ended(worker.wait(), place)
    return found(workers.asking, folder, environment, sink.arrived())


def _start(workers: Pair, apart: float) -> None:
    order = (workers.first, workers.second) if apart >= 0 else (workers.second, workers.first)
    order[0].go()
    time.sleep(abs(apart))
    order[1].go()


def _ended(code: int, folder: Path) -> None:
    """Done, or refused because the other one works there; anything else is shown."""
    output = (folder / "output").read_text()
    if code not in (0, 1) or (code == 1 and "is in use by" not in output) or "Traceback" in output:
        raise RuntimeError(f"exit code {code}: {output}")


def _accepted(workers: Pair, folder: Path, environment: Mapping[str, str]) -> int:
    return int(status(workers.asking, folder, environment)["deliveries"].get("accepted", 0))


def _wait_for(condition: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError((folder / "output").read_text())
        time.sleep(0.05)
