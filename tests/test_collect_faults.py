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

from newsletter.collect import ArxivSource, assign, fetch, wire
from newsletter.demo.arxiv_server import ArxivServer
from newsletter.demo.faults import Request, Response
from newsletter.demo.rows import SampleRow
from newsletter.errors import ArxivError, ArxivRefused, ArxivUnavailable, ArxivUnreachable
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


# --- no connection ---


@contextmanager
def unanswered() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/query"


def _closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/api/query"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (lambda: "http://no-such-host.invalid/api/query", "no-such-host.invalid: its name cannot be looked up; check"),
        (_closed_port, "127.0.0.1: connection refused; check this machine's network, DNS and proxy"),
        (lambda: "https://127.0.0.1:{}/", "127.0.0.1: .*; check this machine's clock, certificates and proxy"),
    ],
    ids=["no name", "refused", "no TLS"],
)
def test_without_a_connection_it_is_said_at_once(
    server: Odd, capsys: pytest.CaptureFixture[str], address: Callable[[], str], said: str
) -> None:
    """What is wrong and what to check, once for each server, without the query; smaller pages are not tried."""
    url = address().format(server.api_url.split(":")[2].partition("/")[0])
    source = ArxivSource(api_url=url, rss_url=url, delay=0, tries=2)
    asked = 0
    once = source._wire._fetch

    def counted(url: str, *more: int) -> object:
        nonlocal asked
        asked += 1
        return once(url, *more)

    source._wire._fetch = counted  # type: ignore[method-assign,assignment]
    with pytest.raises(ArxivUnreachable, match=f"^arXiv cannot be reached at {said}") as caught:
        source.submitted([f"cs.{letter}{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"], *calendar.window(DAY))
    source.close()
    assert 2 == asked
    assert len(str(caught.value)) < 200
    assert "submittedDate" not in str(caught.value)
    assert 1 == capsys.readouterr().out.count("cannot be reached: ")


def test_a_server_that_is_silent_is_named_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever started a command reads what it waits for, long before it is given up."""
    assert wire._QUIET_SECONDS < 4  # and a second for the start of a command
    monkeypatch.setattr("newsletter.collect.wire._QUIET_SECONDS", 0.05)
    monkeypatch.setattr("newsletter.collect.wire._READ_SECONDS", 0.5)
    with unanswered() as url:
        source = ArxivSource(api_url=url, rss_url=url, delay=0, tries=2)
        with pytest.raises(ArxivUnavailable):
            source.by_ids(["2603.90001"])
        source.close()
    said = capsys.readouterr().out
    assert 1 == said.count("127.0.0.1 has not answered yet")


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


# --- one odd entry ---

Change = Callable[[bytes], bytes]


def emptied(name: str) -> Change:
    return lambda entry: re.sub(rf"<{name}[ >].*?(?:</{name}>|/>)".encode(), b"", entry, flags=re.S)


def dated(text: bytes) -> Change:
    return lambda entry: re.sub(rb"<(published|updated)>[^<]*", rb"<\g<1>>" + text, entry)


def within(text: bytes) -> Change:
    """This text at the beginning of the title."""
    return lambda entry: entry.replace(b"<title>", b"<title>" + text, 1)


ODD: dict[str, tuple[Change, str]] = {
    "no-abstract": (emptied("summary"), "no abstract"),
    "blank-abstract": (lambda e: re.sub(rb"<summary>.*?<", b"<summary> \n\t<", e, flags=re.S), "no abstract"),
    "no-author": (emptied("author"), "no author"),
    "nameless-author": (lambda e: re.sub(rb"<name>[^<]*", b"<name> ", e), "no author"),
    "no-date": (lambda e: emptied("updated")(emptied("published")(e)), "no published"),
    "no-such-date": (dated(b"2026-02-30T00:00:00Z"), "no readable date in published"),
    "words-for-a-date": (dated(b"soon"), "no readable date in published"),
    "a-date-before-arxiv": (dated(b"1970-01-01T00:00:00Z"), "no readable date in published"),
    "a-date-before-time": (dated(b"0001-01-01T00:00:00+09:00"), "no readable date in published"),
    "no-category": (lambda e: emptied("category")(emptied("arxiv:primary_category")(e)), "no category"),
    "title-only": (
        lambda e: emptied("summary")(emptied("author")(emptied("category")(e))), "no abstract",
    ),
    "no-title": (emptied("title"), "no title"),
    "control-character": (within(b"\x0b"), "its XML is broken"),
    "not-utf-8": (within(b"caf\xe9"), "its XML is broken"),
    "a-bare-ampersand": (within(b"Q&A "), "its XML is broken"),
    "an-entity-of-html": (within(b"a&nbsp;b"), "its XML is broken"),
    "an-open-tag": (within(b"<i>"), "its XML is broken"),
}  # fmt: skip


def entry_of(row: SampleRow, change: Change) -> Spoil:
    """The answer with this row's entry or item changed, wherever it stands in it."""

    def spoil(response: Response) -> Response:
        def one(found: re.Match[bytes]) -> bytes:
            return change(found[0]) if f"{row.id}v".encode() in found[0] else found[0]

        body = re.sub(rb"<(entry|item)>.*?</\1>", one, response.body, flags=re.S)
        return replace(response, body=body)

    return spoil


class Steady(ArxivServer):
    """An arXiv that has the same odd entries each time it is asked."""

    def __init__(self, rows: list[SampleRow], announced: date = DAY) -> None:
        self.api: Spoil = lambda response: response
        self.rss: Spoil = lambda response: response
        super().__init__(rows, announced)

    def handle(self, request: Request) -> Response:
        spoil = self.api if request.path.startswith("/api") else self.rss
        return spoil(super().handle(request))


@pytest.fixture
def steady(rows: list[SampleRow]) -> Iterator[Steady]:
    with Steady(rows) as running:
        yield running


def in_window(rows: list[SampleRow]) -> SampleRow:
    start, end = calendar.window(DAY)
    return next(row for row in rows if row.primary_category in CATEGORIES and start <= row.published < end)


@pytest.mark.parametrize("kind", ODD)
def test_one_odd_entry_is_taken_from_the_feed(steady: Steady, rows: list[SampleRow], kind: str) -> None:
    """The window is not refused for it: all others come as ever, and it comes as the feed tells of it."""
    row, (change, _) = in_window(rows), ODD[kind]
    with opened(steady, tries=1) as source:
        whole = fetch(source, [DAY], CATEGORIES)
        steady.api = entry_of(row, change)
        found = fetch(source, [DAY], CATEGORIES)
    assert {paper.arxiv_id for paper in found.papers} == {paper.arxiv_id for paper in whole.papers}
    assert found.from_feed == (row.id,)
    assert [paper for paper in found.papers if paper.arxiv_id != row.id] == [
        paper for paper in whole.papers if paper.arxiv_id != row.id
    ]


@pytest.mark.parametrize("kind", ODD)
def test_one_odd_entry_is_set_aside_and_named(steady: Steady, rows: list[SampleRow], kind: str) -> None:
    """Where the feed has no text of it either, it is set aside with the reason, and asked for again."""
    row, (change, problem) = in_window(rows), ODD[kind]
    with opened(steady, tries=1) as source:
        whole = ids(source)
        steady.api = entry_of(row, change)
        steady.rss = entry_of(row, emptied("description"))
        found = fetch(source, [DAY], CATEGORIES)
        assert {paper.arxiv_id for paper in assign(found, {}, {})[0].new} == whole - {row.id}
        assert [(one.arxiv_id, one.problem) for one in found.odd] == [(row.id, problem)]
        assert found.missing == (row.id,)
        steady.api = lambda response: response
        assert ids(source) == whole


def test_an_entry_without_an_id_is_counted(steady: Steady, rows: list[SampleRow]) -> None:
    """What cannot be named by its id is still said, and the announced id is asked for by itself."""
    row = in_window(rows)
    steady.api = entry_of(row, lambda entry: re.sub(rb"<id>[^<]*", b"<id>http://arxiv.org/abs/none", entry))
    with opened(steady, tries=1) as source:
        found = fetch(source, [DAY], CATEGORIES)
    assert [str(one) for one in found.odd] == ["an entry without a readable id (no readable id)"]
    assert found.from_feed == (row.id,)


def test_an_odd_entry_on_its_own_last_page(rows: list[SampleRow], monkeypatch: pytest.MonkeyPatch) -> None:
    """Paging counts what was set aside: a page of odd entries alone does not end the walk, or repeat others."""
    monkeypatch.setattr("newsletter.collect.source._PAGES", (1, 1))
    few = sorted(rows, key=lambda row: row.published)[-6:]
    with Steady(few) as steady, opened(steady, tries=1) as source:
        whole = fetch(source, [DAY], CATEGORIES)
        for row in (one for one in few if one.id in {paper.arxiv_id for paper in whole.papers}):
            steady.api = entry_of(row, emptied("summary"))
            found = fetch(source, [DAY], CATEGORIES)
            assert {paper.arxiv_id for paper in found.papers} == {paper.arxiv_id for paper in whole.papers}


@pytest.mark.parametrize(
    "change",
    [
        lambda item: re.sub(rb"<(guid|link)[^>]*>[^<]*", rb"<\g<1>>nothing", item),
        lambda item: re.sub(rb"(<arxiv:announce_type>)[^<]*", rb"\g<1>reborn", item),
        emptied("arxiv:announce_type"),
        within(b"\x01"),
        within(b"\xff\xfe"),
    ],
    ids=["no-id", "unknown-type", "no-type", "control-character", "not-utf-8"],
)
def test_one_odd_item_of_the_feed(steady: Steady, rows: list[SampleRow], change: Change) -> None:
    """The feed is believed for all its other items: the day comes from both sources, whole."""
    row = in_window(rows)
    with opened(steady, tries=1) as source:
        whole = ids(source)
        steady.rss = entry_of(row, change)
        found = fetch(source, [DAY], CATEGORIES)
    assert found.feed is not None
    assert {paper.arxiv_id for paper in assign(found, {}, {})[0].new} == whole


def test_a_category_that_nobody_knows_is_a_category(steady: Steady, rows: list[SampleRow]) -> None:
    """A new archive of arXiv's is no reason to set a paper aside."""
    row = in_window(rows)
    term = f'primary_category term="{row.primary_category}"'.encode()
    steady.api = entry_of(row, lambda entry: entry.replace(term, b'primary_category term="nova.XQ"'))
    with opened(steady, tries=1) as source:
        found = {paper.arxiv_id: paper for paper in fetch(source, [DAY], CATEGORIES).papers}
    assert found[row.id].primary_category == "nova.XQ"
    assert set(row.categories) <= set(found[row.id].categories)


def test_an_answer_that_is_mostly_odd_is_no_answer(steady: Steady) -> None:
    """Where most entries lack what every paper has, the answer is bad, not the papers: nothing of it is believed."""
    steady.api = lambda response: replace(response, body=emptied("author")(response.body))
    with opened(steady, tries=1) as source:
        found = fetch(source, [DAY], CATEGORIES)
    assert "API is down" in found.notes[0]
    assert found.odd == ()
