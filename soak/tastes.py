"""SIGKILL while a morning makes own editions, and while a reader marks: no mark lost or doubled, no other edition."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from soak import crash, morning
from soak.crash import Ground, Point, copied, counted, under_strace
from soak.morning import DAY, RUN
from soak.warm import Warm

_TASTED = 6  # of the readers
_LIKED = 3  # papers of each
_WHO = "reader40@example.org"  # who marks while it is killed

Marks = list[tuple[str, str]]  # paper and kind


@dataclass(frozen=True, slots=True)
class Editions:
    """By reader the key of their edition and the marks behind it."""

    keys: Mapping[str, str]
    marks: Mapping[str, Marks]

    @property
    def own(self) -> int:
        return len(set(self.keys.values())) - 1


def prepare(warm: Warm, folder: Path) -> None:
    """An issue of which nobody has had an email, with readers who said before what they like."""
    morning.prepare(warm, folder)
    papers = _papers(folder)
    for number in range(_TASTED):
        liked = papers[number * _LIKED :][:_LIKED]
        for kind, some in (("like", liked), ("not", papers[-number - 1 :][:1])):
            _must(warm.run(folder, {}, (kind, *some, "--reader", f"reader{number:02}@example.org")), folder)


def undisturbed(warm: Warm, ground: Ground) -> tuple[Editions, list[Point]]:
    """What each reader gets when nobody kills anything, and the system calls until then."""
    with copied(ground.prepared) as folder, ground.open_sink() as sink:
        environment = ground.environment(sink)
        everything = counted(lambda options: under_strace(warm, folder, environment, options), folder)
        return _editions(folder), everything


def trial(warm: Warm, point: Point, ground: Ground, expected: Editions) -> list[str]:
    """Kill the morning at this point and run it again; what is not as it would have been."""
    with copied(ground.prepared) as folder, ground.open_sink() as sink:
        environment = ground.environment(sink)
        _killed(warm, folder, environment, point, RUN)
        ended = warm.run(folder, environment, RUN)
        found = morning.found(warm, folder, environment, sink.arrived())
        problems = [*found.problems(ground.connections), *_different(expected, _editions(folder))]
        problems += [f"the restart ended with {ended}"] if ended else []
        return [f"tastes, {point}: {problem}" for problem in problems]


def marking_points(warm: Warm, prepared: Path) -> list[Point]:
    """The system calls of one reader's mark."""
    with copied(prepared) as folder:
        return counted(lambda options: under_strace(warm, folder, {}, options, _marking(folder)), folder)


def marking_trial(warm: Warm, point: Point, prepared: Path) -> list[str]:
    """Kill the command that marks at this point and repeat it: each mark is there once, with the rest as it was."""
    with copied(prepared) as folder:
        command, before = _marking(folder), _editions(folder).marks
        _killed(warm, folder, {}, point, command)
        ended = warm.run(folder, {}, command)
        after = dict(_editions(folder).marks)
        wanted = sorted((one, "like") for one in command[1:-2])
        problems = [] if after.pop(_WHO, []) == wanted and after == before else ["other marks than were made"]
        problems += [f"the restart ended with {ended}"] if ended else []
        return [f"marking, {point}: {problem}" for problem in problems]


def _marking(folder: Path) -> tuple[str, ...]:
    return ("like", *_papers(folder)[:_LIKED], "--reader", _WHO)


def _killed(warm: Warm, folder: Path, environment: Mapping[str, str], point: Point, arguments: tuple[str, ...]) -> None:
    kill = f"inject={point.kind}:signal=KILL:when={point.number}"
    if under_strace(warm, folder, environment, ["-e", kill, "-o", "/dev/null"], arguments) != crash.KILLED:
        raise RuntimeError(f"it was not killed at {point}")


def _different(expected: Editions, found: Editions) -> list[str]:
    others = sorted(who for who, key in expected.keys.items() if found.keys.get(who) != key)
    marks = [] if found.marks == expected.marks else ["other marks than before"]
    return [*marks, *(f"another edition for {who}" for who in others)]


def _editions(folder: Path) -> Editions:
    """Read from outside."""
    with closing(sqlite3.connect(folder / "var" / "newsletter.db")) as ledger:
        keys = dict(ledger.execute("SELECT s.email, edition FROM delivery JOIN subscriber s ON s.id = subscriber_id"))
        marks: dict[str, Marks] = {}
        query = "SELECT email, arxiv_id, kind FROM mark JOIN subscriber ON id = subscriber_id ORDER BY 1, 2, 3"
        for who, paper, kind in ledger.execute(query):
            marks.setdefault(who, []).append((paper, kind))
        return Editions(keys, marks)


def _papers(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "var" / "newsletter.db")) as ledger:
        return [row[0] for row in ledger.execute("SELECT arxiv_id FROM paper WHERE issue = ? ORDER BY 1", [str(DAY)])]


def _must(ended: int, folder: Path) -> None:
    if ended != 0:
        raise RuntimeError((folder / "output").read_text())
