"""A whole `newsletter run` over a list of 10,000 readers: CPU for each email, and how soon the first one leaves.

`python -m benchmarks.whole [CHECKOUT]` runs another checkout's `newsletter` beside ours, on the same day and server.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.counting import CountingSink, counting_sink
from benchmarks.scale import readers
from benchmarks.sink import program
from benchmarks.start import children_ms
from newsletter import app
from newsletter.app.files import token_keys
from newsletter.demo.rows import SampleRow
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.readers import enrolling
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.clock import utc_now

_ROOT = Path(__file__).parent.parent
_READERS, _MANY = 10_000, 100_000
_ROUNDS = 3
_INTEREST = "Pruning and quantisation of language models."
_HEAD = f"""\
topics:
  foundations: {{categories: [cs.LG, cs.CL, cs.CV, cs.AI], interests: {_INTEREST}}}
subscribers:
"""


def lines(others: Sequence[Path] = ()) -> Iterator[str]:
    """One line for each checkout, smtp-source and the first email."""
    checkouts, size = [*others, _ROOT], 0
    for checkout in checkouts:
        compileall.compile_dir(checkout / "newsletter", quiet=2)  # as an installation is
    for kind, settled in (("first run", False), ("later run", True)):
        # By turns, and the least of each: what else a machine does only adds.
        rounds = [[_run(checkout, settled=settled) for checkout in checkouts] for _ in range(_ROUNDS)]
        for checkout, found in zip(checkouts, zip(*rounds, strict=True), strict=True):
            taken, size = min(found)
            name = "ours" if checkout == _ROOT else checkout.name
            yield f"{name}, {kind}: {taken:.0f} µs of CPU an email of {size / 1000:.0f} KB, {_READERS:,} readers"
    yield f"smtp-source, the same size: {_smtp_source(size):.0f} µs of CPU an email"
    yield f"the first of {_MANY:,} readers gets the email {_first_email():.2f} s after the tick of their hour"


def _run(checkout: Path, *, settled: bool) -> tuple[float, int]:
    """Microseconds of CPU an email, and octets of one; `settled`: the day is prepared and the list known."""
    with _morning() as (folder, settings, sink):
        command = partial(_newsletter, checkout, folder, settings, "run")
        for _ in range(2 if settled else 0):
            command("--only", "reader0@example.org")
        before = sink.taken
        taken = children_ms(command) * 1000
        sink.took(_READERS)
        return taken / (_READERS - before), sink.octets // sink.taken


def _smtp_source(size: int) -> float:
    with counting_sink() as sink:
        options = ["-d", "-s", "8", "-l", str(size), "-m", str(_READERS), "-f", "a@example.org", "-t", "b@example.org"]
        command = [program("smtp-source") or "smtp-source", *options, f"127.0.0.1:{sink.port}"]
        return children_ms(partial(subprocess.run, command, check=True)) * 1000 / _READERS


def _first_email() -> float:
    """Seconds from the tick at which so many readers are due; an earlier one has prepared the day."""
    with _morning(1) as (folder, given, sink):
        os.environ.update(given)
        settings = Settings(subscribers=folder / "subscribers.yaml", data_dir=folder / "var")
        announced = calendar.announced_at(calendar.newest(utc_now()))
        clock = [announced + timedelta(minutes=5)]
        with app.open_counter(settings, now=lambda: clock[0]) as counter:
            service = Service(settings, counter)
            service.tick()
            enrolling.enrol(counter.store, token_keys(settings.data_dir), readers(_MANY), announced - timedelta(days=9))
            clock[0] = announced + timedelta(hours=10)
            before, began = sink.taken, time.monotonic()
            service.tick()
        if before:
            raise AssertionError("an email left before its hour")
        return sink.first - began


# --- the day and the list -----------------------------------------------------------


@contextmanager
def _morning(entries: int = _READERS) -> Iterator[tuple[Path, Mapping[str, str], CountingSink]]:
    day = calendar.newest(utc_now())
    rows = list(map(_of_interest, sample_day(day, calendar.window(day))))
    with tempfile.TemporaryDirectory() as name, counting_sink() as sink, Servers(rows, day) as servers:
        folder = Path(name)
        entry = "  - {{email: reader{}@example.org, abstracts: full, max_papers: 40}}\n"
        (folder / "subscribers.yaml").write_text(_HEAD + "".join(map(entry.format, range(entries))), "utf-8")
        given = {name: value for name, value in servers.environment().items() if "MODEL" not in name}
        yield (
            folder,
            given
            | {
                "NEWSLETTER_TRANSPORT": "smtp",
                "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
                "NEWSLETTER_SENDER": "Morning <news@example.org>",
                "NEWSLETTER_PUBLIC_URL": "https://news.example.org",
            },
            sink,
        )


def _of_interest(row: SampleRow) -> SampleRow:
    """The paper as one that the list is about, with an abstract that makes emails of 60 KB."""
    return replace(row, title=f"{row.title} by pruning", abstract=f"{_INTEREST} {row.abstract * 4}")


def _newsletter(checkout: Path, folder: Path, settings: Mapping[str, str], *arguments: str) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    command = [sys.executable, "-m", "newsletter", *arguments]
    environment = plain | {"PYTHONPATH": str(checkout)} | dict(settings)
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    for said in lines([Path(name) for name in sys.argv[1:]]):
        print(said, flush=True)
