"""What readers with tastes cost: `python -m benchmarks.tasting 1000`, planned in a process of its own.

Each has marked up to 35 papers of the earlier issues. The first of them are planned before the clock starts, so that
the parts of the papers are stored and the likeness of the papers is known, as it is for all but a morning's first.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from newsletter import app, pipeline, scoring
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.models import Issue, IssueState, Mark, MarkedBy, MarkKind, Paper, Ranked
from newsletter.ranking.taste import BELOW
from newsletter.readers import in_force
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.times import calendar

READERS = 1_000
DAY = date(2026, 3, 9)
NOW = calendar.announced_at(DAY) + timedelta(hours=10)
_ISSUES = 15  # earlier ones, of forty papers
_MARKS = (5, 15, 35)
_PAGE = 100
_TOPIC = """\
topics:
  foundations:
    categories: [cs.LG, cs.CL]
    interests: Mixture of experts, sparsity, pruning, quantization, training dynamics.
    min_relevance: 6
subscribers:
"""


def figures(number: int = READERS) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name, Servers(sample_day(DAY, calendar.window(DAY)), DAY) as servers:
        folder, environment = Path(name), os.environ | servers.environment()
        (folder / "subscribers.yaml").write_text(_roster(number), "utf-8")
        _run("prepare", number, folder, environment)
        asked = len(servers.model.requests)
        yield f"{_run('plan', number, folder, environment)}, {len(servers.model.requests) - asked} calls of a model"


def _roster(number: int) -> str:
    return _TOPIC + "".join(f"  - reader{one}@example{one % 100}.org\n" for one in range(number))


def _run(step: str, number: int, folder: Path, environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "benchmarks.tasting", step, str(number), str(folder)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return ended.stdout.strip().splitlines()[-1]


def _earlier(store: Store, topic_hash: str) -> list[str]:
    """Issues before this one, all of whose papers were picked: titles and halves of abstracts, mixed anew."""
    rows, chance, ids = sample_day(DAY, calendar.window(DAY)), random.Random(1), []
    for back in range(1, _ISSUES + 1):
        papers = []
        for number in range(len(rows)):
            one, other = chance.sample(rows, 2)
            moment = one.published - timedelta(days=back)
            papers.append(
                Paper(
                    arxiv_id=f"2602.{back:02}{number:03}",
                    title=one.title,
                    abstract=f"{one.abstract[: len(one.abstract) // 2]} {other.abstract[len(other.abstract) // 2 :]}",
                    authors=one.authors,
                    categories=one.categories,
                    primary_category=one.primary_category,
                    published=moment,
                    updated=moment,
                )
            )
        day = DAY - timedelta(days=back)
        store.save_collection(Issue(date=day, state=IssueState.READY, collected=len(papers)), papers, (), ["cs.LG"])
        picked = {one: Ranked(value=1.0, place=place) for place, one in enumerate(papers, start=1)}
        store.save_ranks(topic_hash, picked)
        ids += [one.arxiv_id for one in papers]
    return ids


def _mark(store: Store, papers: Sequence[str]) -> None:
    chance = random.Random(2)
    for who in (one.id for one in store.subscribers()):
        some = chance.sample(papers, chance.choice(_MARKS))
        kinds = [chance.choice((MarkKind.LIKE, MarkKind.NOT)) for _ in some]
        marks = (
            Mark(arxiv_id=one, kind=kind, how=MarkedBy.PAGE, at=NOW) for one, kind in zip(some, kinds, strict=True)
        )
        store.mark(who, marks)


def prepare(settings: Settings) -> str:
    """The issue with its scores and one-liners, what came before it, and what the readers think of that."""
    with app.open_counter(settings, now=lambda: NOW) as counter:
        taken = in_force.take_in(counter, in_force.load(counter))
        with app.open_desk(settings, counter, taken.masthead) as desk:
            pipeline.prepare_days(desk, DAY)
            (topic,) = desk.roster.topics
            lowest = topic.min_relevance - BELOW  # near misses that a taste lifts have their lines too
            wishes = replace(desk.store.wishes()[0], max_papers=100, min_relevance=lowest)
            pipeline.Editor(desk).ask_for_lines([(wishes, (DAY,))])
            _mark(desk.store, _earlier(desk.store, scoring.topic_hash(topic)))
    return "prepared"


def plan(settings: Settings, warm: int) -> str:
    """What planning costs behind the first `warm` editions."""
    with (
        app.open_counter(settings, now=lambda: NOW) as counter,
        app.open_desk(settings, counter, in_force.load(counter).masthead) as desk,
    ):
        pages = (page[start : start + _PAGE] for page in pipeline.due(desk) for start in range(0, len(page), _PAGE))
        planning = pipeline.Planning(desk, pipeline.Editor(desk), pages)
        while planning.planned < warm:
            planning.more()
        before, began = planning.planned, time.perf_counter()
        each = list(_costs(planning))
        seconds = (time.perf_counter() - began) / (planning.planned - before)
        own = counter.store.own_editions(DAY)
    return (
        f"{own:,} own editions, {statistics.mean(each) * 1000:.1f} ms of CPU each, in the quickest page of {_PAGE} "
        f"{min(each) * 1000:.1f} ms ({seconds * 1000:.1f} ms by clock)"
    )


def _costs(planning: pipeline.Planning) -> Iterator[float]:
    """CPU seconds for each reader, by page: on a processor that others use as well the least says most."""
    before, cpu = planning.planned, time.process_time()
    while planning.more():
        if planned := planning.planned - before:
            yield (time.process_time() - cpu) / planned
        before, cpu = planning.planned, time.process_time()


def main(arguments: Sequence[str]) -> None:
    """With a number alone: all of it. With a step and a folder: that, in a process of its own."""
    if arguments[:1] not in (["prepare"], ["plan"]):
        for line in figures(*map(int, arguments)):
            print(line, flush=True)
        return
    step, number, folder = arguments
    settings = Settings(
        subscribers=Path(folder) / "subscribers.yaml", data_dir=Path(folder) / "var", public_url="https://news.example"
    )
    done = prepare(settings) if step == "prepare" else plan(settings, warm=min(int(number) // 2, 500))
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    print(f"{done}, {int(peak[1]) / 1024 if peak else 0:.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
