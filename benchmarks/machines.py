"""CPU for each email: SQLite in one process, and 1, 2 and 4 workers on PostgreSQL, with what its server takes.

`python -m benchmarks.machines`; with a number, `python -m benchmarks.machines 1000000` plans and sends to so many
readers, and says what the largest process took and when the first email left.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from newsletter.store import open_store
from soak.workers import ROOT, Ground, ground, plan
from tests.postgres import a_server

_EMAILS = 20_000
_TICKS = os.sysconf("SC_CLK_TCK")
_MIB = 1 << 20
# One process over a ledger in a file, as `newsletter run` sends.
_ALONE = """
import sys
from datetime import UTC, datetime
from newsletter import app, pipeline
from newsletter.app import open_counter, open_sender
from newsletter.settings import load
settings = load()
with open_counter(settings) as counter:
    lease = app.new_lease(counter.store, "run")
    with open_sender(settings, counter, lease) as sender:
        print(pipeline.send(sender, insist=True).accepted)
"""


def lines() -> Iterator[str]:
    """A table of CPU for an email of 4 KB, in the same minutes."""
    yield "| ledger | processes | µs of CPU an email in them | in the database server |"
    yield "|---|---|---|---|"
    yield f"| SQLite | 1 | {_on_sqlite():.0f} | – |"
    for workers in (1, 2, 4):
        inside, outside = _on_postgresql(workers)
        yield f"| PostgreSQL | {workers} | {inside:.0f} | {outside:.0f} |"


def _on_sqlite() -> float:
    with ground(0) as made, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "var").mkdir()
        with closing(open_store(f"sqlite:///{folder / 'var' / 'newsletter.db'}")) as store:
            plan(store, _EMAILS)
        given = {key: value for key, value in made.environment.items() if "DATABASE" not in key}
        given |= {"NEWSLETTER_DATA_DIR": str(folder / "var")}
        before = _children()
        subprocess.run([sys.executable, "-c", _ALONE], env=given, cwd=folder, check=True, capture_output=True)
        taken = _children() - before
        if len(made.sink.taken()) != _EMAILS:
            raise AssertionError(f"{len(made.sink.taken())} of {_EMAILS} emails arrived")
    return taken / _EMAILS * 1e6


def _on_postgresql(workers: int) -> tuple[float, float]:
    with ground(_EMAILS) as made:
        server, before = _of_server(made), _children()
        for _ in range(workers):
            made.start()
        made.send_all()
        for process in list(made.workers):
            made.end(process)
        inside, outside = _children() - before, _of_server(made) - server
        if problems := made.found().problems(0):
            raise AssertionError(problems)
    return inside / _EMAILS * 1e6, outside / _EMAILS * 1e6


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _of_server(made: Ground) -> float:
    """Seconds of CPU of the database server, those of its ended sessions included."""
    main = int((made.server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == main:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == main:
            total += sum(map(int, fields[11:13]))
    return total / _TICKS


# --- very many readers --------------------------------------------------------------


def many(readers: int, workers: int = 2) -> Iterator[str]:
    """Plan in this process, page by page, while workers send."""
    with a_server() as server, ground(0, server=server) as made:
        for _ in range(workers):
            made.start()
        made.until(lambda: len([1 for one in made.workers if one.poll() is None]) == workers)
        with closing(open_store(made.url)) as store:
            made.until(lambda: sum(one.lives for one in store.workers()) == workers)
            largest: dict[int, int] = {}
            watching = threading.Event()
            watcher = threading.Thread(target=_watch, args=[made, largest, watching])
            watcher.start()
            began = time.monotonic()
            plan(store, readers, wake=made.wake)
            planned = time.monotonic() - began
        for seconds in range(0, 600 + readers // 20, 2):
            if made.sink.number() >= readers:  # counting what is left would be work for the database
                break
            if seconds % 60 == 0:
                made.wake()  # as a tick does
            time.sleep(2)
        took = time.monotonic() - began
        watching.set()
        watcher.join()
        own = _peak()
        taken = made.sink.taken()
        first = min(one.at for one in taken) - began
        if made.left() or len(taken) != readers or len({one.message_id for one in taken}) != readers:
            raise AssertionError(f"{len(taken)} emails for {readers} readers")
        yield f"{readers:,} readers: planned in {planned:.0f} s, sent in {took:.0f} s by {workers} workers"
        yield f"the first email {first:.2f} s after planning began"
        yield f"the largest worker took {max(largest.values()) / _MIB:.0f} MiB, this process {own / _MIB:.0f} MiB"


def _watch(made: Ground, largest: dict[int, int], ended: threading.Event) -> None:
    while not ended.wait(1.0):
        for process in made.workers:
            try:
                pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            except (OSError, ValueError, IndexError):
                continue
            largest[process.pid] = max(largest.get(process.pid, 0), pages * resource.getpagesize())


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    os.chdir(ROOT)
    for said in many(int(sys.argv[1])) if sys.argv[1:] else lines():
        print(said, flush=True)
