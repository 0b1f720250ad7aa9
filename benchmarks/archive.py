"""A year of real-sized days as pages: everything anew, one more day, and the index that a browser searches."""

from __future__ import annotations

import itertools
import random
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

from benchmarks.table import Row
from newsletter.archive import SAMPLE, Archive, Day, Site, day_json
from newsletter.models import Edition, Issue, IssueState, Line, Usage
from tests.factories import a_paper, an_edition, an_entry
from tests.mails import TEMPLATES

SITE = Site(
    name="Morning arXiv",
    languages=("en", "zh"),
    identity="5f0f4c9e-3a3c-4a43-9c3f-5d2b0a6f6a11",
    public_url="https://news.example.org",
)
DAYS, PAPERS = 260, 25
_START = date(2025, 3, 10)
# So that a year has about 30,000 different words and an abstract 100, as real ones have: the index is as large.
_VOCABULARY, _RARE = 60_000, 1.35
_CJK = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部"
    "度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正"
    "心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长"
    "求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处"
)


def the_year(days: int = DAYS, papers: int = PAPERS) -> Mapping[date, Day]:
    """Days with titles of 81 letters, four authors, abstracts of 1,330 letters and lines in two languages."""
    writer = _Writer()
    workdays = (_START + timedelta(days=number) for number in range(days * 2))
    found: dict[date, Day] = {}
    for day in (day for day in workdays if day.isoweekday() < 6):
        if len(found) == days:
            break
        issue = Issue(
            date=day, state=IssueState.READY, collected=493, scored=274, picked=papers, model="example/model",
            usage=Usage(70_000, 5_977, 0.4),
        )  # fmt: skip
        found[day] = day_json(issue, writer.edition(day, papers), SAMPLE)
    return found


class _Writer:
    """Invented papers; the same ones in every run."""

    def __init__(self) -> None:
        self._random = random.Random(9)
        self._words = ["".join(self._letters()) for _ in range(_VOCABULARY)]
        self._weights = list(itertools.accumulate(1 / (rank + 8) ** _RARE for rank in range(_VOCABULARY)))
        self._names = [word.title() for word in self._words[:6000]]
        self._terms = ["".join(self._random.choices(_CJK, k=2)) for _ in range(3000)]
        self._common = [1 / (rank + 8) for rank in range(3000)]

    def _letters(self) -> Iterator[str]:
        for _ in range(self._random.randint(2, 4)):
            yield (
                self._random.choice("bcdfglmnprstv")
                + self._random.choice("aeiou")
                + self._random.choice(["", "n", "r"])
            )

    def text(self, letters: int) -> str:
        words = self._random.choices(self._words, cum_weights=self._weights, k=letters // 7)
        return " ".join(words)[:letters].strip().capitalize()

    def edition(self, day: date, papers: int) -> Edition:
        entries = []
        for number in range(1, papers + 1):
            paper = a_paper(
                number,
                arxiv_id=f"{day:%y%m}.{day.day * 500 + number:05}",
                title=self.text(81),
                abstract=self.text(1330),
                authors=tuple(
                    f"{self._random.choice(self._names)} {self._random.choice(self._names)}" for _ in range(5)
                ),
            )
            zh = "".join(self._random.choices(self._terms, self._common, k=22))
            lines = (Line("en", self.text(180)), Line("zh", zh))
            entries.append(an_entry(number, paper=paper, lines=lines))
        return an_edition(entries)


def fill(folder: Path, days: Mapping[date, Day]) -> list[Path]:
    """Publish these days; the files that changed."""
    archive = Archive(folder)
    for day in days.values():
        archive.put(day)
    return archive.write(SITE, archive.dates(), [TEMPLATES])


def rows() -> Iterator[Row]:
    """The whole year, and one more day, against writing the same bytes without thinking."""
    year = the_year()
    *before, last = year
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "archive"
        whole, files = _timed(lambda: fill(folder, {day: year[day] for day in before}))
        contents = [(path, path.read_bytes()) for path in files]
        bare, _ = _timed(lambda: [path for path, content in contents if path.write_bytes(content)])
        yield Row(f"archive: {DAYS - 1} days of {PAPERS} anew, {len(files)} files", whole, "writing their bytes", bare)
        fill(folder, {})
        same, _ = _timed(lambda: fill(folder, {}))
        one, added = _timed(lambda: fill(folder, {last: year[last]}))
        yield Row(f"archive: one more day, {len(added)} files", one, "looking, nothing to do", same)


def figures() -> Iterator[str]:
    """The size of the index, and how soon a browser shows the first result; without Chromium the size alone."""
    with tempfile.TemporaryDirectory() as name:
        folder, year = Path(name), the_year()
        fill(folder, year)
        shards = list((folder / "search").iterdir())
        size = sum(file.stat().st_size for file in shards)
        yield f"- search index of {DAYS} days of {PAPERS}: {size:,} bytes, compressed, in {len(shards)} files"
        if found := first_results(folder, year[max(year)]):
            cold, warm = found
            yield f"- first result in Chromium while the index loads: {cold:.0f} ms; of the next search: {warm:.0f} ms"


def first_results(folder: Path, newest: Day) -> tuple[float, float] | None:
    """Milliseconds from asking to the first result: with the index still to be fetched, and with it at hand."""
    chromium = shutil.which("chromium")
    if not chromium or not find_spec("playwright"):
        return None
    from playwright.sync_api import sync_playwright

    title, author = newest["papers"][0]["title"], newest["papers"][1]["authors"][0]
    with _served(folder) as address, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        cold, warm = [], []
        for _ in range(5):
            page = browser.new_context().new_page()
            page.goto(f"{address}search.html")
            cold.append(page.evaluate(_ASK, title))
            page.wait_for_function("!document.getElementById('found').textContent.includes('Searching')")
            warm.append(page.evaluate(_ASK, author))
            page.close()
        browser.close()
    return statistics.median(cold), statistics.median(warm)


# From the event of a key to the result in the page, as the browser's own clock has it.
_ASK = """asked => new Promise(done => {
    const box = document.getElementById("query"), list = document.getElementById("results");
    list.replaceChildren();
    new MutationObserver(() => { if (list.children.length) done(performance.now() - start); })
        .observe(list, {childList: true});
    box.value = asked;
    const start = performance.now();
    box.dispatchEvent(new Event("input"));
})"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """The table is the output."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def _timed(call: Callable[[], list[Path]]) -> tuple[float, list[Path]]:
    start = time.perf_counter()
    found = call()
    return (time.perf_counter() - start) * 1000, found
