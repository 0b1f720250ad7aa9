"""`make soak`: every sweep, its table, and exit code 1 when anything that must hold does not."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from soak import crash, grammar, inbound, pairs, preparing, roster_races, tastes
from soak.crash import Ground, Point, Trial
from soak.morning import prepare
from soak.sinks import sendgrid_sink, smtp_sink
from soak.warm import Warm

T = TypeVar("T")
_GROUNDS: Sequence[tuple[str, crash.OpenSink, int]] = (
    ("smtp, 1 connection", smtp_sink, 1),
    ("smtp, 8 connections", smtp_sink, 8),
    ("sendgrid, 1 call in flight", sendgrid_sink, 1),
)


def main() -> int:
    """Run what was asked for; print tables and problems."""
    options = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    options.add_argument("--points", type=int, default=340, help="kill points of each sweep; 0: every one")
    options.add_argument("--preparing", type=int, default=60, help="the same while an issue is prepared")
    options.add_argument("--tastes", type=int, default=60, help="the same with own editions, and while a reader marks")
    options.add_argument("--pairs", type=int, default=100, help="trials of two processes, for each kind")
    options.add_argument("--races", type=int, default=500, help="an editor's save against a write into the roster")
    options.add_argument("--mails", type=int, default=10_000, help="mutated mails; a hundred times as many tokens")
    options.add_argument("--workers", type=int, default=2, help="trials at a time")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, Warm() as warm:
        prepared = Path(folder) / "prepared"
        prepare(warm, prepared)
        problems = [
            *_crashes(warm, prepared, wanted.points, wanted.workers),
            *_preparations(wanted.preparing, wanted.workers),
            *_tastes(warm, Path(folder) / "tasted", wanted.tastes, wanted.workers),
            *_pairs(warm, prepared, wanted.pairs),
            *_races(wanted.races),
            *_forged_and_broken(wanted.mails),
        ]
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems.")
    return 1 if problems else 0


def _crashes(warm: Warm, prepared: Path, most: int, workers: int) -> Iterator[str]:
    for name, open_sink, connections in _GROUNDS:
        ground = Ground(prepared=prepared, open_sink=open_sink, connections=connections)
        everything = crash.points(warm, ground)
        chosen = crash.spread(everything, most) if most else everything
        started = time.monotonic()
        trials = _over(workers, chosen, partial(crash.trial, ground=ground))
        print(f"\nkilled while planning and sending, {name}: {len(chosen)} of {len(everything)} system calls", end="")
        print(f" in {time.monotonic() - started:.0f} s", flush=True)
        _table(trials)
        yield from (f"{name}: {problem}" for one in trials for problem in one.problems())


def _preparations(most: int, workers: int) -> Iterator[str]:
    with Warm(model=True) as warm:
        everything = preparing.points(warm)
    chosen = crash.spread(everything, most) if most else everything
    trials = _over(workers, chosen, preparing.trial, model=True)
    print(f"\nkilled while preparing: {len(chosen)} of {len(everything)} system calls")
    lost, again = sum(one.lost for one in trials), sum(len(one.asked_again) for one in trials)
    print(f"  {lost} papers lost, {again} stored answers asked again, longest restart", end=" ")
    print(f"{max(one.seconds for one in trials):.1f} s")
    yield from (problem for one in trials for problem in one.problems())


def _tastes(warm: Warm, folder: Path, most: int, workers: int) -> Iterator[str]:
    tastes.prepare(warm, folder)
    ground = Ground(prepared=folder, open_sink=smtp_sink, connections=1)
    expected, everything = tastes.undisturbed(warm, ground)
    marking = tastes.marking_points(warm, folder)
    sweeps = (
        ("own editions are made", everything, partial(tastes.trial, ground=ground, expected=expected)),
        ("a reader marks", marking, partial(tastes.marking_trial, prepared=folder)),
    )
    for name, points, trial in sweeps:
        chosen = crash.spread(points, most) if most else points
        problems = list(chain.from_iterable(_over(workers, chosen, trial)))
        print(
            f"\nkilled while {name}: {len(chosen)} of {len(points)} system calls, {len(problems)} problems", flush=True
        )
        yield from problems


def _table(trials: Sequence[Trial]) -> None:
    print(f"  {'call':<10}{'points':>8}{'killed':>8}{'repeats':>9}{'skipped':>9}{'longest restart':>17}")
    for kind, points, killed, repeats, skipped, longest in crash.rows(trials):
        print(f"  {kind:<10}{points:>8}{killed:>8}{repeats:>9}{skipped:>9}{longest:>15.1f} s")
    print(f"  most repeats after one kill: {max(one.found.repeats for one in trials)}", flush=True)


def _pairs(warm: Warm, prepared: Path, trials: int) -> Iterator[str]:
    print("\ntwo processes that begin at once")
    with pairs.pair(warm) as workers:
        for name, trial in pairs.KINDS.items():
            found = [trial(workers, prepared, apart) for apart in pairs.gaps(trials)]
            repeats, skipped = sum(one.repeats for one in found), sum(len(one.skipped) for one in found)
            print(f"  {name:<30}{len(found):>5} trials{repeats:>4} repeats{skipped:>4} skipped", flush=True)
            yield from (f"{name}: {problem}" for one in found for problem in one.problems(0))


def _races(count: int) -> list[str]:
    problems = roster_races.races(count)
    print(f"\n{count} races between an editor's save and a write-back: {len(problems)} problems", flush=True)
    return problems


def _forged_and_broken(mails: int) -> list[str]:
    accepted = inbound.accepted_tokens(mails * 100)
    print(f"\n{mails * 100:,} random tokens and every bit of valid ones turned: {len(accepted)} accepted", flush=True)
    problems = inbound.hurt(chain(inbound.hostile(mails), grammar.repeated(100 * mails)))
    print(f"{mails:,} mutated mails: {len(problems)} problems", flush=True)
    return [*(f"accepted: {token}" for token in accepted), *problems]


def _over(workers: int, points: Sequence[Point], trial: Callable[[Warm, Point], T], *, model: bool = False) -> list[T]:
    """The trials at all points, some at a time, each with a warm process of its own."""
    with ExitStack() as stack, ThreadPoolExecutor(workers) as threads:
        free: SimpleQueue[Warm] = SimpleQueue()
        for _ in range(workers):
            free.put(stack.enter_context(Warm(model=model)))

        def one(point: Point) -> T:
            warm = free.get()
            try:
                return trial(warm, point)
            finally:
                free.put(warm)

        return list(threads.map(one, points))


if __name__ == "__main__":
    sys.exit(main())
