"""Collecting: a complete day, every paper under the first issue that announced it, and nothing from a broken answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import arxiv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import collect
from newsletter.collect import ArxivSource, Fetched, assign, fetch
from newsletter.collect.source import Feed, to_paper
from newsletter.collect.wire import check_atom
from newsletter.demo.arxiv_server import ArxivServer
from newsletter.demo.faults import Fault
from newsletter.demo.rows import SampleRow, load_rows
from newsletter.errors import ArxivError, ArxivRefused, ArxivUnavailable
from newsletter.models import Announced, AnnounceType, ArxivId, Paper
from newsletter.times import calendar
from tests.clocks import StillClock
from tests.factories import DAY, a_paper
from tests.morning import sample_rows

CATEGORIES = ("cs.LG", "cs.CL")


@pytest.fixture(scope="module")
def rows() -> list[SampleRow]:
    return sample_rows()


@pytest.fixture
def server(rows: list[SampleRow]) -> Iterator[ArxivServer]:
    with ArxivServer(rows, DAY) as running:
        yield running


@pytest.fixture
def source(server: ArxivServer) -> Iterator[ArxivSource]:
    found = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0, tries=3)
    yield found
    found.close()


# --- the calendar ---


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        ("2026-03-09T00:00+00:00", "2026-03-09"),  # Sunday 20:00 Eastern, summer time since that morning
        ("2026-03-08T23:59+00:00", "2026-03-06"),
        ("2026-03-05T00:59+00:00", "2026-03-04"),  # winter time: 20:00 Eastern is 01:00 UTC
        ("2026-03-05T01:00+00:00", "2026-03-05"),
        ("2026-03-07T12:00+00:00", "2026-03-06"),  # Saturday: Friday's issue is the newest
        ("2026-11-27T12:00+00:00", "2026-11-26"),  # Thanksgiving evening announces nothing
        ("2026-12-31T12:00+00:00", "2026-12-31"),
    ],
)
def test_the_newest_issue_follows_arxivs_hours(now: str, newest: str) -> None:
    """The newest issue is the last whose 20:00 Eastern has come, weekends and holidays left out."""
    assert date.fromisoformat(newest) == calendar.newest(datetime.fromisoformat(now))


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-03-09", "2026-03-05T19:00", "2026-03-06T19:00"),  # Monday's issue: Thursday 14:00 to Friday 14:00
        ("2026-03-10", "2026-03-06T19:00", "2026-03-09T18:00"),  # over the weekend into summer time
        ("2026-03-11", "2026-03-09T18:00", "2026-03-10T18:00"),
        ("2026-09-09", "2026-09-04T18:00", "2026-09-08T18:00"),  # after Labor Day: Friday to Tuesday
    ],
)
def test_windows_reach_from_deadline_to_deadline(day: str, start: str, end: str) -> None:
    """An issue holds what was submitted between two deadlines at 14:00 Eastern."""
    expected = tuple(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (start, end))
    assert expected == calendar.window(date.fromisoformat(day))


@given(st.dates(date(2025, 1, 1), date(2027, 12, 31)))
def test_windows_leave_no_gap(day: date) -> None:
    """Every issue's window begins where the one before it ends, and following undoes previous."""
    day = calendar.following(day)
    assert calendar.window(calendar.previous(day))[1] == calendar.window(day)[0]
    assert calendar.following(calendar.previous(day)) == day


# --- ids ---


@pytest.mark.parametrize(
    ("text", "base", "version"),
    [
        ("http://arxiv.org/abs/2603.01234v2", "2603.01234", 2),
        ("https://arxiv.org/abs/quant-ph/0201082v1", "quant-ph/0201082", 1),
        ("oai:arXiv.org:math.AG/0601001", "math.AG/0601001", 1),
        ("arXiv:0704.0001v12", "0704.0001", 12),
        ("https://arxiv.org/pdf/2603.123456v3.pdf", "2603.123456", 3),
    ],
)
def test_ids_of_all_ages_are_read(text: str, base: str, version: int) -> None:
    """Base id and version come apart for new and old ids."""
    assert ArxivId(base, version) == ArxivId.parse(text)


@pytest.mark.parametrize("text", ["", "abc", "2603.1", "2603.01234v0", "https://example.org/abs/x", "../2603.01234"])
def test_what_is_no_id_is_refused(text: str) -> None:
    """Nothing else is taken for an id."""
    with pytest.raises(ValueError, match="not an arXiv id"):
        ArxivId.parse(text)


# --- the day ---


def test_a_day_is_complete(source: ArxivSource, rows: list[SampleRow]) -> None:
    """All announced papers come, the held ones by id, the replaced ones never."""
    fetched = fetch(source, [DAY], CATEGORIES)
    wanted = {
        row.id for row in rows if set(row.categories) & set(CATEGORIES) and "replace" not in str(row.announce_type)
    }
    (assigned,) = assign(fetched, {}, {})
    assert wanted == {paper.arxiv_id for paper in assigned.new}
    assert assigned.is_out
    assert () == fetched.missing
    held = {row.id for row in rows if row.published < calendar.window(DAY)[0] and row.id in wanted}
    assert held
    assert held <= {paper.arxiv_id for paper in assigned.new}


def test_values_come_through_whole(source: ArxivSource, rows: list[SampleRow]) -> None:
    """Title, abstract, authors, categories and dates are arXiv's, with white space normalised and TeX kept."""
    by_id = {row.id: row for row in rows}
    papers = fetch(source, [DAY], CATEGORIES).papers
    assert papers
    for paper in papers:
        row = by_id[paper.arxiv_id]
        assert " ".join(row.title.split()) == paper.title
        assert " ".join(row.abstract.split()) == paper.abstract
        assert row.authors == paper.authors
        assert (row.categories, row.primary_category) == (paper.categories, paper.primary_category)
        assert (row.published, row.updated, row.version) == (paper.published, paper.updated, paper.version)
        assert (row.doi, row.journal_ref) == (paper.doi, paper.journal_ref)


def test_an_announced_id_that_the_api_does_not_know_comes_from_the_feed(
    server: ArxivServer, source: ArxivSource
) -> None:
    """Where the feed is ahead of the API, title, abstract and categories are the feed's, and the id is named."""
    hidden = fetch(source, [DAY], CATEGORIES).papers[0]
    server.unknown = {hidden.arxiv_id}
    fetched = fetch(source, [DAY], CATEGORIES)
    assert ((hidden.arxiv_id,), ()) == (fetched.from_feed, fetched.missing)
    (found,) = [paper for paper in fetched.papers if paper.arxiv_id == hidden.arxiv_id]
    assert (hidden.title, hidden.abstract, hidden.version) == (found.title, found.abstract, found.version)
    assert set(hidden.categories) == set(found.categories)
    (assigned,) = assign(fetched, {}, {})
    assert found in assigned.new


def test_a_day_is_not_out_before_its_papers(source: ArxivSource) -> None:
    """A feed of another day and an empty window mean: not announced yet, never: nothing new."""
    fetched = fetch(source, [date(2026, 3, 11)], CATEGORIES)
    (assigned,) = assign(fetched, {}, {})
    assert not assigned.is_out
    assert () == assigned.new + assigned.seen


def test_a_dead_feed_leaves_the_api_and_says_so(server: ArxivServer, source: ArxivSource) -> None:
    """Where RSS is down the submission dates decide, and a note says so."""
    server.faults.extend(Fault(kind="status", where="/rss") for _ in range(3))
    fetched = fetch(source, [DAY], CATEGORIES)
    assert fetched.feed is None
    assert "announced ids unknown" in fetched.notes[0]
    assert assign(fetched, {}, {})[0].is_out


def test_a_dead_api_leaves_the_feed_and_says_so(server: ArxivServer, source: ArxivSource) -> None:
    """Where the API is down the feed's own words do, complete by its ids, and a note says so."""
    whole = {paper.arxiv_id for paper in assign(fetch(source, [DAY], CATEGORIES), {}, {})[0].new}
    server.faults.extend(Fault(kind="status", where="/api") for _ in range(6))
    fetched = fetch(source, [DAY], CATEGORIES)
    assert "API is down" in fetched.notes[0]
    assert whole == {paper.arxiv_id for paper in assign(fetched, {}, {})[0].new}


def test_both_dead_is_an_error(server: ArxivServer, source: ArxivSource) -> None:
    """With neither source there is nothing to record."""
    server.faults.extend(Fault(kind="status") for _ in range(9))
    with pytest.raises(ArxivUnavailable):
        fetch(source, [DAY], CATEGORIES)


def test_days_fetched_together_are_kept_apart(server: ArxivServer, source: ArxivSource) -> None:
    """After an outage each paper goes to the day that announced it; what today's feed names is today's."""
    before = calendar.previous(DAY)
    held = {row.id for row in server.papers if row.published < calendar.window(DAY)[0]}
    older, newer = assign(fetch(source, [before, DAY], CATEGORIES), {}, {"cs.LG": date(2026, 3, 2)})
    assert (before, DAY) == (older.day, newer.day)
    alone = assign(fetch(source, [DAY], CATEGORIES), {}, {})[0]
    assert {paper.arxiv_id for paper in alone.new} == {paper.arxiv_id for paper in newer.new}
    assert held
    assert not held & {paper.arxiv_id for paper in older.new}


def _with_a_stale_category(server: ArxivServer, yesterday: date) -> list[SampleRow]:
    """The feed lists yesterday's papers of cs.CL under today's date; these."""
    start, end = calendar.window(yesterday)
    stale = [
        replace(row, id=f"2603.8{number:04}", primary_category="cs.CL", categories=("cs.CL",), published=moment)
        for number, row in enumerate(server.papers[:12])
        for moment in [start + (end - start) * (number / 12)]
    ]
    fresh = [row for row in server.papers if row.primary_category != "cs.CL" and row.published >= end]
    server.papers = [*fresh, *stale]
    return stale


def test_a_stale_category_does_not_bring_yesterday_again(server: ArxivServer, source: ArxivSource) -> None:
    """What the ledger holds of yesterday stays there; after an outage it goes where it belongs."""
    yesterday = calendar.previous(DAY)
    stale = {row.id for row in _with_a_stale_category(server, yesterday)}
    watched = dict.fromkeys(CATEGORIES, date(2026, 3, 2))
    (assigned,) = assign(fetch(source, [DAY], CATEGORIES), dict.fromkeys(stale, yesterday), watched)
    assert assigned.new
    assert not stale & {paper.arxiv_id for paper in assigned.new}
    older, newer = assign(fetch(source, [yesterday, DAY], CATEGORIES), {}, watched)
    assert stale <= {paper.arxiv_id for paper in older.new}
    assert not stale & {paper.arxiv_id for paper in newer.new}


@pytest.mark.parametrize("watched", [{}, {"cs.LG": date(2026, 3, 2)}], ids=["first issue", "new category"])
def test_of_a_new_category_the_feed_decides(server: ArxivServer, source: ArxivSource, watched: dict[str, date]) -> None:
    """After a holiday nearly all was submitted before the window: whatever is announced is collected all the same."""
    start, _ = calendar.window(DAY)
    rows = [row for row in server.papers if row.announced == DAY and "replace" not in str(row.announce_type)]
    early = {row.id for number, row in enumerate(rows) if number % 6}
    server.papers = [
        replace(row, published=start - timedelta(hours=30)) if row.id in early else row for row in server.papers
    ]
    fetched = fetch(source, [DAY], CATEGORIES)
    announced = fetched.feed.new_ids if fetched.feed else frozenset()
    (assigned,) = assign(fetched, {}, watched)
    assert len(announced & early) > len(announced) / 2
    assert announced <= {paper.arxiv_id for paper in assigned.new}


@given(st.data())
def test_no_announced_paper_is_lost(data: st.DataObject) -> None:
    """Whatever the dates of submission and whatever is watched: what today's feed announces is in an issue."""
    categories = ("cs.LG", "cs.CL", "stat.ML")
    moments = st.integers(-240, 24).map(lambda hours: calendar.window(DAY)[1] - timedelta(hours=24 - hours))
    papers = tuple(
        replace(a_paper(number), primary_category=category, categories=(category,), published=data.draw(moments))
        for number in range(1, data.draw(st.integers(2, 24)))
        for category in [data.draw(st.sampled_from(categories))]
    )
    feed = Feed(DAY, tuple(Announced(paper.arxiv_id, AnnounceType.NEW) for paper in papers), papers)
    days = data.draw(st.sampled_from([(DAY,), (calendar.previous(DAY), DAY)]))
    watched = {category: date(2026, 3, 2) for category in data.draw(st.sets(st.sampled_from(categories)))}
    assigned = assign(Fetched(days=days, feed=feed, papers=papers), {}, watched)
    new = [paper.arxiv_id for one in assigned for paper in one.new]
    assert sorted(new) == sorted(paper.arxiv_id for paper in papers)


# --- broken answers ---


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=503),
        Fault(kind="status", status=429, headers={"Retry-After": "0"}),
        Fault(kind="html"),
        Fault(kind="empty_page"),
        Fault(kind="truncated"),
        Fault(kind="cut"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_broken_answer_is_asked_again(server: ArxivServer, source: ArxivSource, fault: Fault) -> None:
    """One bad answer costs a request, never a paper."""
    whole = len(fetch(source, [DAY], CATEGORIES).papers)
    server.faults.append(Fault(**{**_fields(fault), "where": "/api"}))
    assert whole == len(fetch(source, [DAY], CATEGORIES).papers)
    assert [] == server.faults


@pytest.mark.parametrize("kind", ["status", "html", "empty_page", "truncated", "cut"])
def test_answers_that_stay_broken_are_an_error(server: ArxivServer, source: ArxivSource, kind: str) -> None:
    """After the last try there is an error and no papers: an outage is never an empty day."""
    server.faults.extend(Fault(kind="status", where="/rss") for _ in range(3))
    server.faults.extend(Fault(kind=kind, where="/api") for _ in range(6))  # type: ignore[arg-type]
    with pytest.raises(ArxivUnavailable):
        fetch(source, [DAY], CATEGORIES)


def test_a_refusal_is_not_asked_again(server: ArxivServer, source: ArxivSource) -> None:
    """403 ends the asking at once: arXiv asks us to stop."""
    server.faults.append(Fault(kind="status", status=403, where="/api"))
    before = len(server.requests)
    with pytest.raises(ArxivRefused):
        fetch(source, [DAY], CATEGORIES)
    assert 2 == len(server.requests) - before  # the feed, and one query


@pytest.mark.parametrize("status", [200, 400])
def test_a_query_that_arxiv_refuses(server: ArxivServer, source: ArxivSource, status: int) -> None:
    """It is our fault and not asked again; the day's feed serves, it is said, and an error entry is never a paper."""
    server.faults.append(Fault(kind="error_entry", status=status, where="/api", body="malformed query"))
    before = len(server.requests)
    found = fetch(source, [DAY], CATEGORIES)
    assert 2 == len(server.requests) - before
    assert found.papers
    assert set(found.from_feed) == {paper.arxiv_id for paper in found.papers}
    assert any("arXiv's API refuses our query" in note for note in found.notes)


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_entry_that_may_pass(server: ArxivServer, source: ArxivSource, status: int) -> None:
    """An internal error of arXiv's is asked about again, whatever its status."""
    whole = fetch(source, [DAY], CATEGORIES)
    server.faults.append(Fault(kind="error_entry", status=status, where="/api", body="internal error"))
    assert fetch(source, [DAY], CATEGORIES) == whole


def test_a_silent_server_ends_in_an_error(server: ArxivServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing is waited for only so long."""
    monkeypatch.setattr("newsletter.collect.wire._READ_SECONDS", 0.2)
    source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0, tries=1)
    server.faults.append(Fault(kind="silent", seconds=5, where="/api"))
    with pytest.raises(ArxivUnavailable, match="timed out"):
        source.by_ids(["2603.90001"])
    source.close()


def test_requests_keep_their_distance(server: ArxivServer) -> None:
    """API and RSS together are asked no faster than the delay, retries included."""
    source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0.2)
    server.faults.append(Fault(kind="status", status=503, where="/api"))
    fetch(source, [DAY], CATEGORIES)
    source.close()
    moments = [moment for moment, _ in server.requests]
    assert len(moments) >= 4
    assert all(later - earlier >= 0.19 for earlier, later in pairwise(moments))


class _Clock:
    """The ledger's memory of the last request, as a value."""

    def __init__(self, last: float) -> None:
        self.last = last

    def last_request(self) -> float:
        return self.last

    def mark_request(self, moment: float) -> None:
        self.last = moment

    def next_moment(self, _name: str, _every: float) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("ago", "pause"), [(0.0, 3.0), (2.0, 1.0), (10.0, 0.0), (-86400.0, 3.0)], ids=["just", "between", "long", "future"]
)
def test_the_distance_holds_from_one_command_to_the_next(
    server: ArxivServer, monkeypatch: pytest.MonkeyPatch, ago: float, pause: float
) -> None:
    """A new process waits for what an earlier one asked, but never longer than the delay, whatever the clock says."""
    still = StillClock()
    monkeypatch.setattr("newsletter.collect.wire.time", still)
    clock = _Clock(still.time() - ago)
    source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=3, clock=clock)
    source.feed(CATEGORIES)
    source.close()
    assert [pause] == still.pauses
    assert still.time() == clock.last


_FEED = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/">%s</feed>"""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not well-formed"),
        (b"<feed", "not well-formed"),
        (b"<html><body/></html>", "is <html>, not feed"),
        (b'<!DOCTYPE feed [<!ENTITY a "aa">]>' + _FEED % b"", "document type"),
        (_FEED % b"", "no totalResults"),
        (_FEED % b"<o:totalResults>3</o:totalResults>", "0 entries, but its totals say 3"),
        (_FEED % (b"<entry><id>http://arxiv.org/abs/2603.00001v1</id></entry>" * 4), "4 of 4 .* no title"),
    ],
)
def test_only_whole_answers_pass(body: bytes, problem: str) -> None:
    """Whatever is not a complete Atom page is an error that may pass."""
    with pytest.raises(ArxivUnavailable, match=problem):
        check_atom(body, "http://127.0.0.1/api/query?search_query=x&start=0&max_results=10")


# --- whose paper ---

_START = calendar.window(DAY)[0]


def _fetched(*papers: Paper, announced: frozenset[str] | None = None) -> Fetched:
    ids = sorted(announced or ())
    feed = Feed(DAY, tuple(Announced(arxiv_id, AnnounceType.NEW) for arxiv_id in ids), ())
    return Fetched(days=(DAY,), feed=None if announced is None else feed, papers=papers)


@pytest.mark.parametrize(
    ("age", "announced", "known", "watched", "new"),
    [
        (timedelta(hours=-1), None, {}, {}, True),  # submitted in the window
        (timedelta(days=4), None, {}, {}, False),  # old, and this is the topic's first issue: seen
        (timedelta(days=4), frozenset(["2603.00001"]), {}, {}, True),  # old, but the feed announces it today
        (timedelta(days=4), None, {}, {"cs.LG": date(2026, 3, 6)}, True),  # old, new to a ledger that watched before
        (timedelta(days=4), None, {}, {"math.OC": date(2026, 3, 6)}, False),  # watched something else
        (timedelta(hours=-1), None, {"2603.00001": date(2026, 3, 6)}, {}, False),  # another issue's
        (timedelta(hours=-1), None, {"2603.00001": None}, {}, False),  # seen before our first issue
        (timedelta(hours=-1), None, {"2603.00001": DAY}, {}, True),  # this issue's already
    ],
)
def test_a_paper_belongs_to_the_first_issue_that_announced_it(
    age: timedelta, announced: frozenset[str] | None, known: dict[str, date | None], watched: dict[str, date], new: bool
) -> None:
    """Window, feed and ledger decide together; what is neither new nor known is recorded as seen."""
    in_window = a_paper(2, published=_START)  # so that the day is out
    fetched = _fetched(a_paper(1, published=_START - age), in_window, announced=announced)
    (assigned,) = assign(fetched, known, watched)
    assert new == ("2603.00001" in {paper.arxiv_id for paper in assigned.new})
    assert (not new and not known) == ("2603.00001" in {paper.arxiv_id for paper in assigned.seen})


# --- real papers ---


def test_all_seed_papers_come_through_whole(real_data: Path) -> None:
    """The 55 papers of the pages that we set out to beat: every title, author and abstract as arXiv has them."""
    window = calendar.window(date(2026, 3, 27))
    rows = load_rows(real_data / "arxiv" / "seed-papers.jsonl", window, date(2026, 3, 27))
    with ArxivServer(rows, date(2026, 3, 27)) as server:
        source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0)
        papers = {paper.arxiv_id: paper for paper in source.by_ids([row.id for row in rows])}
        source.close()
    assert 55 == len(papers)
    for row in rows:
        paper = papers[row.id]
        assert (" ".join(row.title.split()), " ".join(row.abstract.split())) == (paper.title, paper.abstract)
        assert tuple(" ".join(author.split()) for author in row.authors) == paper.authors


# File name of a recorded answer → what its first entry is; None where it has no entry.
_RECORDED = {
    "id_0000.0000_s0_m100": None,
    "id_0808.05394_s0_m100": None,
    "id_0808.05394_1707.08567_s0_m100": ("1707.08567v1", "cs.IT", 1, 34, "2017-07-27T08:18:33", None, False),
    "id_1605.08386_s0_m100": ("1605.08386v1", "math.CO", 2, 2, "2016-05-26T17:59:46", None, False),
    "id_2104.12255v1_s0_m100": ("2104.12255v1", "cs.CR", 1, 1, "2021-04-20T16:07:14", None, False),
    "id_astro-ph_0601001_s0_m100": ("astro-ph/0601001v1", "astro-ph", 1, 4, "2006-01-02T14:57:58", None, True),
    "id_quant-ph_0201082v1_s0_m100": ("quant-ph/0201082v1", "quant-ph", 2, 1, "2002-01-18T15:08:05", None, False),
    "q_testing_s0_m10": (
        "2202.12139v1", "cs.SE", 2, 3, "2022-02-24T15:05:19", "10.1109/ICSTW55395.2022.00035", True,
    ),
    "q_testing_s10_m10": ("2403.16981v2", "math.ST", 3, 3, "2024-03-25T17:42:32", None, False),
    "q_testing_s50_m10": ("1709.03221v1", "cs.SE", 5, 3, "2017-09-11T02:45:22", "10.1145/3106237.3106277", False),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(_RECORDED))
def test_recorded_answers_give_the_right_values(real_data: Path, name: str) -> None:
    """Old and new ids, versions, categories, authors, dates, DOI and journal of arXiv's own answers."""
    (file,) = (
        path for path in (real_data / "arxiv" / "api").glob(f"{name}_*.xml") if path.stem.rpartition("_")[0] == name
    )
    check_atom(file.read_bytes(), "http://127.0.0.1/api/query?search_query=&start=0&max_results=1")
    papers = [to_paper(result) for result in arxiv._feed.parse(file.read_bytes()).results]
    found = [
        (
            f"{paper.arxiv_id}v{paper.version}",
            paper.primary_category,
            len(paper.categories),
            len(paper.authors),
            f"{paper.published:%Y-%m-%dT%H:%M:%S}",
            paper.doi,
            paper.journal_ref is not None,
        )
        for paper in papers
    ]
    assert _RECORDED[name] == (found[0] if found else None)


def test_every_recorded_answer_passes_the_guards(real_data: Path) -> None:
    """All of arXiv's own answers are taken, and its error entry is refused."""
    files = sorted((real_data / "arxiv" / "api").glob("*.xml"))
    assert 20 == len(files)
    for file in files:
        url = "http://127.0.0.1/api/query?search_query=&start=0&max_results=1"
        if "id_abc" in file.name:
            with pytest.raises(ArxivRefused, match="incorrect id format"):
                check_atom(file.read_bytes(), url)
        else:
            check_atom(file.read_bytes(), url)


def test_awkward_papers_come_through_whole(real_data: Path) -> None:
    """187 authors, TeX in titles, accents, text like HTML, one-word names: each value is the row's."""
    file = real_data / "arxiv" / "awkward.jsonl"
    given = {row["id"]: row for row in map(json.loads, file.read_text("utf-8").splitlines())}
    rows = load_rows(file, calendar.window)
    with ArxivServer(rows, DAY) as server:
        source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0)
        papers = source.by_ids([row.id for row in rows])
        source.close()
    assert set(given) == {paper.arxiv_id for paper in papers}
    for paper in papers:
        row = given[paper.arxiv_id]
        assert " ".join(row["title"].split()) == paper.title
        assert " ".join(row["abstract"].split()) == paper.abstract
        assert [" ".join(name.split()) for name in row["authors"]] == list(paper.authors)
        assert set(row["categories"]) == set(paper.categories)


@pytest.mark.parametrize(
    ("abstract", "comment", "links"),
    [
        ("Code: https://github.com/a-b/c.d.", None, ("https://github.com/a-b/c.d",)),
        ("see (https://www.gitlab.com/g/p), and", "https://huggingface.co/o/m",
         ("https://www.gitlab.com/g/p", "https://huggingface.co/o/m")),
        ("twice https://github.com/a/b https://github.com/a/b", None, ("https://github.com/a/b",)),
        ("javascript:alert(1) ftp://github.com/a/b https://github.com.evil.org/a/b", None, ()),
    ],
)  # fmt: skip
def test_code_is_found_in_abstract_and_comment(abstract: str, comment: str | None, links: tuple[str, ...]) -> None:
    """Repositories of known hosts, each once, by http(s) only, without the sentence's full stop."""
    assert links == a_paper(1, abstract=abstract, comment=comment).code_urls


def test_look_back_reaches_ten_days() -> None:
    """Moderation holds papers for days; the window over submission dates begins ten days earlier."""
    assert timedelta(days=10) == collect.LOOK_BACK
    assert issubclass(ArxivUnavailable, ArxivError)


def _fields(fault: Fault) -> dict[str, object]:
    return {name: getattr(fault, name) for name in ("kind", "status", "headers", "seconds", "body")}


_DAYS = (date(2026, 3, 5), date(2026, 3, 6), DAY)


@pytest.mark.parametrize(
    "categories",
    [("cs.LG",), ("cs.AI", "cs.LG"), ("cs.CL", "cs.CV", "stat.ML"), ("quant-ph",), ("cs.RO", "math.OC"), ("cs.IR",)],
    ids="+".join,
)
def test_three_real_days_come_complete_and_once(real_data: Path, categories: tuple[str, ...]) -> None:
    """Day by day: the ids of each issue are those that it announced first, none missing, none twice."""
    rows = {day: load_rows(real_data / "arxiv" / "days" / f"{day}.jsonl.gz", calendar.window) for day in _DAYS}
    served: dict[str, SampleRow] = {}
    known: dict[str, date | None] = {}
    watched: dict[str, date] = {}
    with ArxivServer([], _DAYS[0]) as server:
        source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0)
        for day in _DAYS:
            expected = {row.id for row in rows[day] if set(row.categories) & set(categories)} - known.keys()
            for row in rows[day]:  # a paper that is announced again keeps its first submission date
                served[row.id] = replace(row, published=served.get(row.id, row).published)
            server.announced, server.papers = day, list(served.values())
            (assigned,) = assign(fetch(source, [day], categories), known, watched)
            assert expected == {paper.arxiv_id for paper in assigned.new}
            known |= {paper.arxiv_id: day for paper in assigned.new} | {paper.arxiv_id: None for paper in assigned.seen}
            watched = dict.fromkeys(categories, _DAYS[0])
        source.close()


def test_five_days_of_outage_are_caught_up(real_data: Path) -> None:
    """After an outage one walk brings every missed day, each paper under its own."""
    rows = {day: load_rows(real_data / "arxiv" / "days" / f"{day}.jsonl.gz", calendar.window) for day in _DAYS}
    first: dict[str, SampleRow] = {}
    for day in _DAYS:
        for row in rows[day]:
            first.setdefault(row.id, row)
    with ArxivServer(list(first.values()), DAY) as server:
        source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0)
        before = len(server.requests)
        found = assign(fetch(source, _DAYS, ("cs.AI", "cs.LG")), {}, {"cs.LG": date(2026, 3, 4)})
        assert len(server.requests) - before <= 4
        source.close()
    for one in found:
        expected = {
            row.id
            for row in first.values()
            if row.announced == one.day and {"cs.AI", "cs.LG"} & set(row.categories) and _in_window(row, one.day)
        }
        assert expected <= {paper.arxiv_id for paper in one.new}
    everything = [paper.arxiv_id for one in found for paper in one.new]
    assert len(everything) == len(set(everything))
    wanted = {row.id for row in first.values() if {"cs.AI", "cs.LG"} & set(row.categories)}
    late = {row.id for row in first.values() if row.published < calendar.window(_DAYS[0])[0]}
    assert wanted - late <= set(everything)


def _in_window(row: SampleRow, day: date) -> bool:
    start, end = calendar.window(day)
    return start <= row.published < end
