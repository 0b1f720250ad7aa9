"""Readers of the ledger beside those of the file: what a tick without work costs, and what a changed default does."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from benchmarks.importing import write
from newsletter import app, pipeline
from newsletter.cli import importing
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.models import SubscriberState
from newsletter.readers import in_force
from newsletter.readers.importing import Order
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.times import calendar

MANY, FEW = 100_000, 20
_DAY = date(2026, 3, 9)
_HEAD = """\
newsletter: {{send_at: {}}}
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
  vision:
    categories: [cs.CV]
    interests: Segmentation, detection.
subscribers:
"""


def figures(number: int = MANY) -> Iterator[str]:
    """All in one folder, with a day that is prepared and nobody due."""
    with tempfile.TemporaryDirectory() as name, Servers(sample_day(_DAY, calendar.window(_DAY)), _DAY) as servers:
        folder, given = Path(name), servers.environment()
        settings = Settings(
            subscribers=folder / "subscribers.yaml",
            data_dir=folder / "var",
            arxiv_api_url=given["NEWSLETTER_ARXIV_API_URL"],
            arxiv_rss_url=given["NEWSLETTER_ARXIV_RSS_URL"],
            arxiv_delay=0,
        )
        _list(settings, "09:30")
        write(folder / "many.csv", number)
        importing.import_file(settings, folder / "many.csv", Order(note="a benchmark"), folder / "e.csv", accept=False)
        clock = [calendar.announced_at(_DAY) + timedelta(minutes=5)]
        with app.open_counter(settings, now=lambda: clock[0]) as counter:
            service = Service(settings, counter)
            service.tick()
            time.sleep(2.1)  # a file that has just been written is looked at closely
            service.tick()
            spent = [_cpu(service.tick) for _ in range(7)]
            yield f"{number:,} readers of the ledger, {FEW} of the file: {sorted(spent)[3]:.0f} ms of CPU an idle tick"
            _list(settings, "10:15")
            yield f"a tick after a default was changed: {_cpu(service.tick):.0f} ms of CPU"
            later = sum(
                readers
                for hours, readers in counter.store.readers_by_hours().items()
                if f"{counter.store.hours()[hours].send_at:%H:%M}" == "10:15"
            )
            yield f"readers whose hour it changed: {later:,}"
            clock[0] = calendar.announced_at(_DAY) + timedelta(hours=12)
            known = in_force.last_good(counter.store)
            assert known
            with app.open_desk(settings, counter, known.masthead) as desk:
                planned = pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
            active = sum(one.state is SubscriberState.ACTIVE for one in counter.store.subscribers())
            yield f"the next morning plans {planned:,} emails for {active:,} readers"


def _list(settings: Settings, hour: str) -> None:
    entries = "".join(f"  - filed{place}@example.net\n" for place in range(FEW))
    settings.subscribers.write_text(_HEAD.format(hour) + entries, "utf-8")


def _cpu(work: object) -> float:
    began = time.process_time()
    assert callable(work)
    work()
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    for line in figures():
        print(line, flush=True)
