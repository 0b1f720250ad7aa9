"""What a page of arXiv costs to read, and what a year's worth of entries costs to hold."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import arxiv
from lxml import etree

from benchmarks.table import Row, median_ms
from newsletter.collect import ArxivSource, fetch
from newsletter.collect.source import to_paper
from newsletter.collect.wire import Wire, check_atom
from newsletter.demo.arxiv_server import ArxivServer
from newsletter.demo.rows import SampleRow
from newsletter.demo.sample import sample_day
from newsletter.times import calendar
from tests.factories import DAY

_ENTRIES = 2000
_MANY = 30_000


def many_rows(number: int) -> list[SampleRow]:
    """So many papers of about real length, submitted in one window."""
    rows = [row for row in sample_day(DAY, calendar.window(DAY)) if "replace" not in str(row.announce_type)]
    start, _ = calendar.window(DAY)
    padding = " The measurements are repeated with five seeds." * 8
    return [
        replace(
            rows[at % len(rows)],
            id=f"2603.{at:05}",
            abstract=rows[at % len(rows)].abstract + padding,
            categories=("cs.LG",),
            primary_category="cs.LG",
            published=start + timedelta(seconds=2 * at),
        )
        for at in range(number)
    ]


def rows() -> Iterator[Row]:
    """Checking and reading one page beside parsing its XML alone."""
    with ArxivServer(many_rows(_ENTRIES), DAY) as server:
        url = f"{server.api_url}?search_query=cat:cs.LG&id_list=&start=0&max_results={_ENTRIES}"
        wire = Wire(delay=0, contact=None, clock=None, tries=1, patience=60)
        body = wire.get(url).content
        wire.close()
    parsed = median_ms(lambda: etree.fromstring(body), 5)

    def read() -> None:
        check_atom(body, url)
        for result in arxiv._feed.parse(body).results:
            to_paper(result)

    yield Row(f"{_ENTRIES} entries of arXiv: checked and read", median_ms(read, 5), "lxml alone", parsed)


def memory() -> str:
    """Peak memory of a process that holds 30,000 entries, beside one that imports the same and holds none."""
    # The feed is of another day: arXiv's has a few hundred items, and never all of these.
    with ArxivServer(many_rows(_MANY), calendar.following(DAY)) as server:
        held, none = (_peak(server, count) for count in (_MANY, 0))
    return f"memory with {_MANY} entries: {held:.0f} MiB, without any: {none:.0f} MiB"


def _peak(server: ArxivServer, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.collecting", server.api_url, server.rss_url, str(count)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main(arguments: Sequence[str]) -> None:
    """In a process of its own: collect, and print the peak of resident memory in MiB."""
    api_url, rss_url, count = arguments[0], arguments[1], int(arguments[2])
    source = ArxivSource(api_url=api_url, rss_url=rss_url, delay=0)
    papers = fetch(source, [DAY], ["cs.LG"]).papers if count else ()
    assert len(papers) == count
    # Not getrusage: its peak outlives exec and would be the parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    print(int(peak[1]) / 1024 if peak else float("nan"))


if __name__ == "__main__":
    main(sys.argv[1:])
