"""A whole `newsletter serve` whose clock is set forward and back: it ticks within a minute, and nothing comes twice."""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

from newsletter.demo.servers import Servers
from newsletter.models import Delivery
from newsletter.store import open_store
from newsletter.times import calendar
from soak.clockwork import papers
from soak.morning import libfaketime, settings_for

READERS = 2
ROSTER = """\
newsletter: {timezone: UTC, send_at: 09:30}
topics:
  all:
    categories: [cs.LG, cs.CL]
    interests: Sparsity, pruning, quantization.
subscribers:
  - ada@example.org
  - chen@example.org
"""
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_LONGEST = 66  # seconds until a tick: a minute, and what a busy machine takes to begin one
_JUMPS = (2 * _DAY, -2 * _DAY, _HOUR / 2, -_HOUR / 2, _DAY, -_DAY, 5 * _HOUR, -3 * _HOUR, 40 * _DAY, -40 * _DAY)
PATIENCE = 120.0  # seconds; a busy machine is no failure
_PAUSE = 1.0  # seconds between two looks: each costs the service some work, and a tick is up to a minute away
# libfaketime takes the absolute times of Python's own sleep for relative ones, and refuses them.
_AT_START = "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], float(seconds)) and None\n"


@dataclass
class Wall:
    """The clock on the wall of one process; the monotonic one and the files' keep the machine's time."""

    file: Path

    def set(self, shown: datetime) -> None:
        """From now on it shows this time, UTC, and goes on from there."""
        self._ahead = (shown - datetime.now(UTC)).total_seconds()
        part = self.file.with_suffix(".part")
        part.write_text(f"{self._ahead:+.3f}\n", "ascii")
        part.replace(self.file)

    def shown(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def environment(self) -> dict[str, str]:
        """What a process needs to look at it."""
        at_start = self.file.parent / "at-start"
        at_start.mkdir(exist_ok=True)
        (at_start / "sitecustomize.py").write_text(_AT_START, "utf-8")
        return libfaketime() | {
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": f"{at_start}{os.pathsep}{Path(__file__).parent.parent}",
        }


@dataclass
class Serving:
    """`newsletter serve` in a folder, with a clock of its own."""

    folder: Path
    wall: Wall
    port: int
    process: subprocess.Popen[bytes]
    servers: Servers
    waits: list[float] = field(default_factory=list)  # seconds from each change of the clock to the next tick

    def health(self) -> Mapping[str, Any]:
        """What `/healthz` says; empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as answer:
                return dict(json.load(answer))
        except HTTPError as error:
            return dict(json.load(error))
        except (URLError, OSError):
            return {}

    def ticked_by(self, since: datetime) -> bool:
        """Whether the last tick ended after this time, and not in another age."""
        last = self.health().get("last_tick")
        return isinstance(last, str) and timedelta() <= datetime.fromisoformat(last) + _MINUTE / 60 - since < _HOUR / 6

    def jump(self, minute: datetime) -> None:
        """Set the clock into this minute and wait for the tick that follows.

        That comes with the full minute of the clock as it was; the second is chosen so that the next is near again.
        """
        shown = minute + timedelta(seconds=(self.wall.shown().second - 5) % 60)
        self.wall.set(shown)
        started = time.monotonic()
        self.wait_for(lambda: self.ticked_by(shown), f"no tick after the clock was set to {shown}")
        self.waits.append(time.monotonic() - started)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{what}\n{(self.folder / 'output').read_text('utf-8')}")
            time.sleep(_PAUSE)

    def announce(self, day: date) -> None:
        """arXiv has this issue from now on."""
        self.servers.arxiv.papers = [*self.servers.arxiv.papers, *papers(day, 3)]
        self.servers.arxiv.announced = day

    def mails(self) -> list[Delivery]:
        """Those that went out."""
        store = open_store(f"sqlite:///{self.folder / 'var' / 'newsletter.db'}")
        try:
            return list(store.deliveries())
        finally:
            store.close()


@contextmanager
def serving(folder: Path, shown: datetime, first: date) -> Iterator[Serving]:
    """The service, started when its clock shows this time; arXiv's newest announcement is `first`."""
    (folder / "subscribers.yaml").write_text(ROSTER, "utf-8")
    wall = Wall(folder / "clock")
    wall.set(shown)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with Servers(papers(first, 3), first) as servers, (folder / "output").open("wb") as output:
        settings = settings_for(servers) | wall.environment() | {"NEWSLETTER_PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter", "serve"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)} | settings,
            stdout=output,
            stderr=output,
        )
        found = Serving(folder, wall, port, process, servers)
        try:
            found.wait_for(lambda: found.health().get("ready"), "the service is not ready")
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def twice(mails: list[Delivery]) -> list[str]:
    """Issues that a reader was sent more than once."""
    had = Counter((mail.email, day) for mail in mails for day in mail.issues)
    return [f"{email}: {day} {number} times" for (email, day), number in had.items() if number > 1]


def problems(folder: Path, jumps: int, seed: int = 0) -> Iterator[str]:
    """So many jumps, each corrected: before or after the hour at which the issue of a day goes out."""
    draw = random.Random(seed)
    day = date(2026, 3, 10)
    at = datetime(2026, 3, 10, 9, 28, 50, tzinfo=UTC)
    with serving(folder, at, calendar.previous(day)) as service:
        for number in range(jumps):
            by = draw.choice(_JUMPS) if number >= len(_JUMPS) else _JUMPS[number]
            service.announce(day)
            at = datetime(day.year, day.month, day.day, 9, 28, tzinfo=UTC)
            service.jump(at)  # itself a jump, as of a machine that slept
            if number % 2:
                at += 2 * _MINUTE
                service.jump(at)
            service.jump(at + by)
            if (said := service.health().get("status")) not in ("ok", "late"):
                yield f"{by}: /healthz says {said}"
            at = datetime(day.year, day.month, day.day, 9, 32, tzinfo=UTC)
            service.jump(at)
            wanted = sum(day in mail.issues for mail in service.mails())
            if wanted != READERS:
                yield f"{by}: {wanted} of {READERS} readers have issue {day} by {at}"
            if (said := service.health().get("status")) != "ok":
                yield f"{by}: corrected, and /healthz says {said}"
            day = calendar.following(day)
        mails = service.mails()
        yield from twice(mails)
        late = sum(not mail.issues for mail in mails)
        print(f"{len(service.waits)} changes of the clock, a tick after at most {max(service.waits):.0f} s")
        print(f"{len(mails)} emails, {late} of them because an issue of a wrong day was late", flush=True)
        if max(service.waits) > _LONGEST:
            yield f"a tick came only after {max(service.waits):.0f} s"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m soak.jumps", description=__doc__)
    options.add_argument("--jumps", type=int, default=20)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = list(problems(Path(folder), given.jumps, given.seed))
    print(*found, f"{given.jumps} jumps, {len(found)} problems", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
