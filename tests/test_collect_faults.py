"""arXiv at its worst: in the end the day is complete or there is an error, and never half a paper."""

from __future__ import annotations

import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest

from newsletter.collect import ArxivSource, assign, fetch
from newsletter.demo.arxiv_server import ArxivServer
from newsletter.demo.faults import Request, Response
from newsletter.demo.rows import SampleRow
from newsletter.errors import ArxivError, ArxivRefused, ArxivUnavailable
from newsletter.times import calendar
from tests.factories import DAY
from tests.morning import sample_rows

CATEGORIES = ("cs.LG", "cs.CL")
Spoil = Callable[[Response], Response]


class Odd(ArxivServer):
    """An arXiv whose next answers are spoilt by the functions in `spoils`, those of the API alone."""

    def __init__(self, rows: list[SampleRow], announced: date = DAY) -> None:
        self.spoils: list[Spoil] = []
        super().__init__(rows, announced)

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        return self.spoils.pop(0)(response) if self.spoils and request.path.startswith("/api") else response


@pytest.fixture(scope="module")
def rows() -> list[SampleRow]:
    return sample_rows()


@pytest.fixture
def server(rows: list[SampleRow]) -> Iterator[Odd]:
    with Odd(rows) as running:
        yield running


@pytest.fixture
def source(server: Odd) -> Iterator[ArxivSource]:
    with opened(server) as found:
        yield found


@contextmanager
def opened(server: ArxivServer, tries: int = 3) -> Iterator[ArxivSource]:
    source = ArxivSource(api_url=server.api_url, rss_url=server.rss_url, delay=0, tries=tries)
    yield source
    source.close()


def ids(source: ArxivSource, day: date = DAY) -> set[str]:
    (assigned,) = assign(fetch(source, [day], CATEGORIES), {}, {})
    return {paper.arxiv_id for paper in assigned.new}


def test_answers_cut_anywhere_are_asked_again(server: Odd, source: ArxivSource) -> None:
    """XML that ends at any byte brings no half paper: the request is repeated and the day is whole."""
    whole = ids(source)
    places = random.Random(20260309)
    for _ in range(20):
        share = places.random()
        server.spoils = [lambda r, share=share: replace(r, body=r.body[: int(len(r.body) * share)])]
        assert whole == ids(source)
        assert [] == server.spoils


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: replace(
            r, body=b'<!DOCTYPE f [<!ENTITY a "' + b"a" * 1000 + b'">]>' + b"<f>" + b"&a;" * 1000 + b"</f>"
        ),
        lambda r: replace(r, body=b"\x1f\x8b" + b"\0" * 100),
        lambda r: replace(r, body=b""),
        lambda r: replace(r, body=r.body.replace(b"<author>", b"<autor>").replace(b"</author>", b"</autor>")),
        lambda r: replace(r, body=re.sub(rb"<summary>.*?</summary>", b"<summary/>", r.body, count=1, flags=re.S)),
        lambda r: replace(r, body=re.sub(rb"<entry>.*?</entry>", b"", r.body, count=1, flags=re.S)),
        lambda r: replace(r, body=re.sub(rb"<opensearch:totalResults>\d+", b"<opensearch:totalResults>many", r.body)),
        lambda r: replace(r, status=502, body=b"Bad gateway"),
        lambda r: replace(r, status=500, body=b""),
        lambda r: replace(r, status=503, headers={"Retry-After": "Fri, 06 Mar 2026 00:00:00 GMT"}, body=b""),
        lambda r: replace(r, headers={"Content-Encoding": "gzip"}),
    ],
    ids=[
        "entities",
        "binary",
        "empty",
        "no-authors",
        "no-abstract",
        "one-short",
        "no-total",
        "502",
        "500",
        "503",
        "gzip",
    ],
)
def test_one_odd_answer_costs_a_request_and_no_paper(server: Odd, source: ArxivSource, spoil: Spoil) -> None:
    """Whatever is not a complete answer is asked for again."""
    whole = ids(source)
    server.spoils = [spoil]
    assert whole == ids(source)
    assert [] == server.spoils


def test_an_answer_without_end_is_refused(server: Odd, source: ArxivSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of more bytes than any page has is not read to its end."""
    monkeypatch.setattr("newsletter.collect.wire._MOST_BYTES", 100_000)
    server.spoils = [lambda r: replace(r, body=r.body + b" " * 200_000)]
    with pytest.raises(ArxivRefused, match="longer than"):
        source.by_ids(["2603.90001"])


@pytest.mark.parametrize(
    ("location", "followed"),
    [("http://127.0.0.2:9/api/query", False), ("https://arxiv.org.example.org/", False), (None, True)],
    ids=["another-host", "look-alike", "same-host"],
)
def test_redirects_stay_on_the_site(server: Odd, source: ArxivSource, location: str | None, followed: bool) -> None:
    """A redirect within arXiv is followed; one to anybody else is refused."""
    target = location or f"{server.api_url}?search_query=&id_list=2603.90001&start=0&max_results=10"
    server.spoils = [lambda r: Response(status=301, headers={"Location": target})]
    if followed:
        assert ["2603.90001"] == [paper.arxiv_id for paper in source.by_ids(["2603.90001"])]
        return
    with pytest.raises(ArxivRefused, match="redirects to"):
        source.by_ids(["2603.90001"])


def test_a_redirect_in_circles_ends(server: Odd, source: ArxivSource) -> None:
    """Redirects are followed a few times, not for ever."""
    here = f"{server.api_url}?search_query=&id_list=2603.90001&start=0&max_results=10"
    server.spoils = [lambda r: Response(status=302, headers={"Location": here})] * 20
    with pytest.raises(ArxivRefused, match="redirects to"):
        source.by_ids(["2603.90001"])


@contextmanager
def dripping(seconds: float) -> Iterator[str]:
    """A server that sends its head at once and then one byte of its body every so many seconds."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/atom+xml\r\nContent-Length: 100000\r\n\r\n"
            )
            while not done.wait(seconds):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/query"
    done.set()
    listener.close()
    thread.join(5)


def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte now and then is no answer: it is given up long before its end, which would take over an hour."""
    monkeypatch.setattr("newsletter.collect.wire._WHOLE_SECONDS", 0.5)
    with dripping(0.05) as url:
        source = ArxivSource(api_url=url, rss_url=url, delay=0, tries=1)
        with pytest.raises(ArxivUnavailable, match="not complete after"):
            source.by_ids(["2603.90001"])
        source.close()


@pytest.mark.parametrize("kind", ["overlap", "replaced"])
def test_pages_that_shift_lose_nothing(rows: list[SampleRow], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A paper that moves from one page to the next, or is replaced meanwhile, comes once."""
    monkeypatch.setattr("newsletter.collect.source._PAGES", (20, 7))
    with Odd(rows) as server, opened(server) as source:
        whole = ids(source)
        first = sorted(rows, key=lambda row: row.published)
        if kind == "replaced":
            newer = [replace(row, version=row.version + 1) for row in rows]
            server.spoils = [_switch(server, newer)]
            assert whole == ids(source)
        else:
            moved = [replace(first[0], published=calendar.window(DAY)[1]), *first[1:]]
            # Page one is of the old listing, page two of the new one: one paper stands on neither.
            server.spoils = [_switch(server, moved), lambda r: r]
            assert whole <= ids(source) | {first[0].id}


def _switch(server: Odd, rows: list[SampleRow]) -> Spoil:
    def spoil(response: Response) -> Response:
        server.papers = rows
        return response

    return spoil


def test_pages_that_repeat_entries_for_ever_are_not_an_endless_loop(rows: list[SampleRow]) -> None:
    """A listing that never agrees with itself ends, with everything that it ever showed."""
    doubled = [*rows, *rows[:5]]
    with Odd(doubled) as server, opened(server) as source:
        found = fetch(source, [DAY], CATEGORIES)
        assert len(found.papers) == len({paper.arxiv_id for paper in found.papers})


def test_an_empty_later_page_is_asked_again(rows: list[SampleRow], monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals promise more than an empty second page holds: it is asked for again."""
    monkeypatch.setattr("newsletter.collect.source._PAGES", (20, 7))
    with Odd(rows) as server, opened(server) as source:
        whole = ids(source)
        empty = re.compile(rb"<entry>.*</entry>", re.S)
        server.spoils = [lambda r: r, lambda r: replace(r, body=empty.sub(b"", r.body))]
        assert whole == ids(source)


def test_long_pages_that_never_come_through_are_asked_for_in_shorter_ones(
    rows: list[SampleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a page of 2,000 fails every time, pages of 500 are tried before giving up."""
    monkeypatch.setattr("newsletter.collect.source._PAGES", (20, 7))
    with Odd(rows) as server, opened(server) as source:
        whole = ids(source)
        server.spoils = [lambda r: replace(r, status=504, body=b"")] * 3
        assert whole == ids(source)


def test_a_weekend_feed_is_no_empty_day(rows: list[SampleRow]) -> None:
    """On Saturday the feed is empty under its own date; Friday's issue comes from the submission dates."""
    friday = date(2026, 3, 6)
    start, end = calendar.window(friday)
    moved = [replace(row, published=start + (end - start) / 3) for row in rows if row.announce_type is None]
    with Odd(moved, date(2026, 3, 7)) as server, opened(server) as source:
        fetched = fetch(source, [friday], CATEGORIES)
        (assigned,) = assign(fetched, {}, {})
    assert assigned.is_out
    assert {row.id for row in moved if set(row.categories) & set(CATEGORIES)} == {p.arxiv_id for p in assigned.new}


def test_nothing_else_than_our_errors_leaves_the_source(server: Odd, source: ArxivSource) -> None:
    """Random bytes instead of an answer: an error of ours, whatever they are."""
    noise = random.Random(7)
    for _ in range(30):
        junk = noise.randbytes(noise.randrange(2000))
        server.spoils = [lambda r, junk=junk: replace(r, body=junk)] * 3
        with pytest.raises(ArxivError):
            source.by_ids(["2603.90001"])
