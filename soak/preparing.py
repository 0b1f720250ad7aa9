"""SIGKILL while an issue is collected, scored and summarised: nothing is lost, no stored answer is asked for again."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.demo.servers import Servers
from soak.crash import PATIENCE, Point, counted, under_strace
from soak.morning import RUN, practice_servers, settings_for, status, write_roster
from soak.warm import Warm

_READERS = 3
_PAPERS = 40  # that the sample day announces


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One preparation that was killed at a point and run again."""

    point: Point
    ended: int
    seconds: float
    lost: int  # papers without a score in the end, and readers without a mail
    asked_again: tuple[str, ...]  # what the ledger held and the model was asked for all the same

    def problems(self) -> list[str]:
        checks: dict[str, object] = {
            f"the restart ended with {self.ended}": self.ended != 0,
            f"the restart took {self.seconds:.0f} s": self.seconds > PATIENCE,
            f"{self.lost} lost": self.lost,
            f"asked again: {self.asked_again}": self.asked_again,
        }
        return [f"preparing, {self.point}: {text}" for text, wrong in checks.items() if wrong]


def points(warm: Warm) -> list[Point]:
    """Every system call of an undisturbed preparation, which also proves that requests show what they ask about."""
    with _fresh() as (folder, servers):
        everything = counted(lambda options: under_strace(warm, folder, _settings(servers), options), folder)
        if _asked(servers.model.requests, _stored(folder)) != _stored(folder):
            raise RuntimeError("the requests to the model do not show which papers they are about")
        return everything


def trial(warm: Warm, point: Point) -> Trial:
    """Kill a morning with a model at this point, run it again once, and compare."""
    with _fresh() as (folder, servers):
        kill = f"inject={point.kind}:signal=KILL:when={point.number}"
        under_strace(warm, folder, _settings(servers), ["-e", kill, "-o", "/dev/null"])
        kept, before = _stored(folder), len(servers.model.requests)
        started = time.monotonic()
        ended = warm.run(folder, _settings(servers), RUN)
        seconds = time.monotonic() - started
        issue = status(warm, folder, _settings(servers))
        mails = len(list((folder / "var" / "outbox").glob("*.eml")))
        return Trial(
            point=point,
            ended=ended,
            seconds=seconds,
            lost=_PAPERS - issue["scored"] + _READERS - mails,
            asked_again=tuple(sorted(map(str, _asked(servers.model.requests[before:], kept)))),
        )


@contextmanager
def _fresh() -> Iterator[tuple[Path, Servers]]:
    with tempfile.TemporaryDirectory() as folder, practice_servers() as servers:
        write_roster(Path(folder), _READERS)
        yield Path(folder), servers


def _settings(servers: Servers) -> dict[str, str]:
    return settings_for(servers, model=True)


_Answer = tuple[str, str]  # `scores` or `summaries`, and the paper's title


def _stored(folder: Path) -> set[_Answer]:
    """The answers that the ledger holds, read from outside."""
    file = folder / "var" / "newsletter.db"
    if not file.exists():
        return set()
    with closing(sqlite3.connect(file)) as ledger:
        there = {name for (name,) in ledger.execute("SELECT name FROM sqlite_master")}
        tables = {"score": "scores", "summary": "summaries"}
        query = "SELECT DISTINCT title FROM paper NATURAL JOIN {}"
        return {
            (asked, title)
            for table, asked in tables.items()
            if table in there
            for (title,) in ledger.execute(query.format(table))
        }


def _asked(requests: list[dict[str, Any]], answers: set[_Answer]) -> set[_Answer]:
    """Those of the answers that these requests ask for."""
    bodies = [(request["response_format"]["json_schema"]["name"], json.dumps(request)) for request in requests]
    return {
        (kind, title)
        for kind, title in answers
        if any(kind == asked and json.dumps(title)[1:-1] in body for asked, body in bodies)
    }
