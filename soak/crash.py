"""SIGKILL at a chosen system call of a morning, one restart, and who has what."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from soak.morning import RUN, Found, found
from soak.sinks import SendGridSink, Sink
from soak.warm import Warm

KINDS = ("write", "pwrite64", "sendto", "sendmsg", "fsync", "fdatasync", "rename", "unlink")
_LINE = re.compile(r"^(\d+) +(\w+)\(", re.M)
KILLED = -9  # how a command ends that was
PATIENCE = 60.0  # seconds that a restarted morning may take

OpenSink = Callable[[], AbstractContextManager[Sink]]


@dataclass(frozen=True, order=True, slots=True)
class Point:
    """The n-th call of one kind; with several threads, of the first thread that gets there."""

    kind: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One morning that was killed at a point and run again."""

    point: Point
    killed: bool
    ended: int  # the exit code of the restart
    seconds: float  # that the restart took
    allowed: int  # repeats
    found: Found

    def problems(self) -> list[str]:
        problems = self.found.problems(self.allowed)
        if self.ended != 0:
            problems.append(f"the restart ended with {self.ended}")
        if self.seconds > PATIENCE:
            problems.append(f"the restart took {self.seconds:.0f} s")
        return [f"{self.point}: {problem}" for problem in problems]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where trials of one kind take place: a prepared folder, a way to open a fresh sink, the settings."""

    prepared: Path
    open_sink: OpenSink
    connections: int

    def environment(self, sink: Sink) -> dict[str, str]:
        return {**sink.environment, "NEWSLETTER_CONNECTIONS": str(self.connections)}


def points(warm: Warm, ground: Ground) -> list[Point]:
    """Every system call of a morning that nobody disturbs."""
    with copied(ground.prepared) as folder, ground.open_sink() as sink:
        return counted(lambda options: under_strace(warm, folder, ground.environment(sink), options), folder)


def counted(run: Callable[[Sequence[str]], int], folder: Path) -> list[Point]:
    """The system calls of one run that change something outside, in order; each thread is counted for itself."""
    trace = folder / "trace"
    if run(["-o", str(trace)]) != 0:
        raise RuntimeError((folder / "output").read_text())
    made: Counter[tuple[str, str]] = Counter()
    points: dict[Point, None] = {}  # in the order of their first
    for thread, kind in _LINE.findall(trace.read_text()):
        made[thread, kind] += 1
        points.setdefault(Point(kind, made[thread, kind]))
    return list(points)


def trial(warm: Warm, point: Point, ground: Ground) -> Trial:
    """Kill a morning at this point, run it again once, and compare."""
    with copied(ground.prepared) as folder, ground.open_sink() as sink:
        environment = ground.environment(sink)
        kill = f"inject={point.kind}:signal=KILL:when={point.number}"
        killed = under_strace(warm, folder, environment, ["-e", kill, "-o", "/dev/null"])
        started = time.monotonic()
        ended = warm.run(folder, environment, RUN)
        return Trial(
            point=point,
            killed=killed == KILLED,
            ended=ended,
            seconds=time.monotonic() - started,
            allowed=_in_flight(ground, sink),
            found=found(warm, folder, environment, sink.arrived()),
        )


def _in_flight(ground: Ground, sink: Sink) -> int:
    """How many mails a crash may leave in doubt: one for each connection, or one call's readers."""
    return ground.connections * (sink.largest_call() if isinstance(sink, SendGridSink) else 1)


def under_strace(
    warm: Warm, folder: Path, environment: Mapping[str, str], options: Sequence[str], arguments: Sequence[str] = RUN
) -> int:
    """The morning, or another command, under strace from its first line on; how it ended."""
    process = warm.hold(folder, environment, arguments)
    traced = ["strace", "-f", "-p", str(process), "-e", f"trace={','.join(KINDS)}", *options]
    tracer = subprocess.Popen(traced, stderr=subprocess.DEVNULL)
    _wait_until_traced(process, tracer)
    warm.go()
    ended = warm.wait()
    tracer.wait(10)
    return ended


def _wait_until_traced(process: int, tracer: subprocess.Popen[bytes]) -> None:
    status = Path(f"/proc/{process}/status")
    while "TracerPid:\t0\n" in status.read_text():
        if tracer.poll() is not None:
            raise RuntimeError("strace could not attach: it needs root or kernel.yama.ptrace_scope=0")
        time.sleep(0.002)


@contextmanager
def copied(prepared: Path) -> Iterator[Path]:
    """A copy of a prepared folder, gone afterwards."""
    with tempfile.TemporaryDirectory() as parent:
        yield Path(shutil.copytree(prepared, Path(parent) / "morning"))


def spread(everything: Sequence[Point], most: int) -> list[Point]:
    """At most so many points, evenly over the calls of each kind; each kind keeps its first and last."""
    by_kind = {kind: [point for point in everything if point.kind == kind] for kind in KINDS}
    share = {kind: max(2, round(most * len(found) / len(everything))) for kind, found in by_kind.items() if found}
    return [point for kind, number in share.items() for point in _evenly(by_kind[kind], number)]


def _evenly(sequence: Sequence[Point], number: int) -> Iterator[Point]:
    places = {round(step * (len(sequence) - 1) / max(number - 1, 1)) for step in range(number)}
    return (sequence[place] for place in sorted(places))


def rows(trials: Iterable[Trial]) -> Iterator[tuple[str, int, int, int, int, float]]:
    """For each kind: points, killed there, repeats, skipped, and the longest restart."""
    by_kind: dict[str, list[Trial]] = defaultdict(list)
    for one in trials:
        by_kind[one.point.kind].append(one)
    for kind, some in sorted(by_kind.items()):
        killed = sum(one.killed for one in some)
        repeats, skipped = sum(one.found.repeats for one in some), sum(len(one.found.skipped) for one in some)
        yield kind, len(some), killed, repeats, skipped, max(one.seconds for one in some)
