"""The practice servers speak as arXiv and OpenAI do, and the sample day is what it says it is."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import arxiv
import pytest
import requests

from newsletter.demo.arxiv_rss import tex_accents
from newsletter.demo.arxiv_server import ArxivServer
from newsletter.demo.faults import Fault
from newsletter.demo.model_lines import one_liner
from newsletter.demo.model_server import ModelServer, count_tokens
from newsletter.demo.rows import SampleRow, Window, load_rows
from newsletter.demo.sample import sample_day
from newsletter.demo.servers import Servers
from newsletter.models import AnnounceType, Paper
from newsletter.summarise import problem
from tests.conftest import REAL_DATA, REAL_FOLDER

DAY = date(2026, 3, 9)
WINDOW: Window = (datetime(2026, 3, 5, 19, tzinfo=UTC), datetime(2026, 3, 6, 19, tzinfo=UTC))
ATOM = "{http://www.w3.org/2005/Atom}"
SEARCHED = "{http://a9.com/-/spec/opensearch/1.1/}"
SCHEMA = "{http://arxiv.org/schemas/atom}"
REPLACED = (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)


@pytest.fixture(scope="module")
def day() -> list[SampleRow]:
    return sample_day(DAY, WINDOW)


@pytest.fixture
def server(day: list[SampleRow]) -> Iterator[ArxivServer]:
    with ArxivServer(day, DAY) as running:
        yield running


@pytest.fixture
def model(day: list[SampleRow]) -> Iterator[ModelServer]:
    with ModelServer(day) as running:
        yield running


def ask(server: ArxivServer, **parameters: object) -> requests.Response:
    return requests.get(server.api_url, params={name: str(value) for name, value in parameters.items()}, timeout=10)


def ids(response: requests.Response) -> list[str]:
    """The entries' ids without address."""
    feed = ElementTree.fromstring(response.content)
    return [entry.findtext(f"{ATOM}id", "").rpartition("/abs/")[2] for entry in feed.findall(f"{ATOM}entry")]


def total(response: requests.Response) -> int:
    return int(ElementTree.fromstring(response.content).findtext(f"{SEARCHED}totalResults", ""))


def announced(server: ArxivServer, categories: str) -> dict[str, str]:
    """Announce type by id in the feed of these categories."""
    feed = ElementTree.fromstring(requests.get(f"{server.rss_url}/{categories}", timeout=10).content)
    return {
        item.findtext("link", "").rpartition("/")[2]: item.findtext(f"{SCHEMA}announce_type", "")
        for item in feed.iter("item")
    }


# --- the sample day -----------------------------------------------------------


def test_the_day_is_large_enough_and_every_id_stands_once(day: list[SampleRow]) -> None:
    """48 papers to collect, three replacements that are not, and nobody can take them for real ones."""
    fresh = [row for row in day if row.announce_type not in REPLACED]
    assert (len(fresh), len(day), len({row.id for row in day})) == (48, 51, 51)
    assert all("Invented sample paper" in (row.comment or "") and int(row.id[5:]) > 90000 for row in day)
    assert all(900 <= len(row.abstract) <= 1500 for row in day)


def test_the_day_has_what_breaks_naive_code(day: list[SampleRow]) -> None:
    """TeX, accents, long lists, one-name authors, held and withdrawn papers."""
    everything = "\n".join(f"{row.title}\n{row.abstract}" for row in day)
    assert all(
        part in everything
        for part in (r"$\mathcal{O}(n\log n)$", r"$4.7\times$", r"38\%", r"\textbf{", r"\H{o}", '"', "&", "<")
    )
    assert max(len(row.authors) for row in day) > 40
    assert any(" " not in author for row in day for author in row.authors)
    assert any("withdrawn" in (row.comment or "") for row in day)
    assert any("\n" in row.abstract for row in day)
    held = [row for row in day if row.announce_type == AnnounceType.NEW and row.published < WINDOW[0]]
    assert sorted((WINDOW[0] - row.published).days for row in held) == [4, 9]


def test_enough_papers_are_worth_a_mail(day: list[SampleRow]) -> None:
    """Each topic has papers that pass, and none has most of them."""
    fresh = [row for row in day if row.announce_type not in REPLACED]
    passing = {key: sum(row.scores.get(key, (0, 0))[0] >= 8 for row in fresh) for key in ("foundations", "systems")}
    assert passing == {"foundations": 18, "systems": 7}
    assert all(row.reasons[key] for row in day for key, (relevance, _) in row.scores.items() if relevance >= 7)


def test_lines_pass_the_check_of_real_lines(day: list[SampleRow]) -> None:
    """What the practice model says of the sample papers is what the prompt asks for."""
    for row in day:
        english, chinese = row.lines["en"], row.lines["zh"]
        assert not [
            problem(text, _paper(row), tag) for tag, text in row.lines.items() if problem(text, _paper(row), tag)
        ]
        assert _numbers(english) | _numbers(chinese) <= _numbers(row.abstract)
        assert 24 <= len(english.split()) <= 36
        assert 30 <= len(re.findall(r"[\u4e00-\u9fff，。、；：？！（）“”]", chinese)) <= 60
        assert (chinese.count("。"), chinese[-1]) == (1, "。")
        assert not re.search(r"[\u4e00-\u9fff][,;:?!.]", chinese)


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def _paper(row: SampleRow) -> Paper:
    return Paper(
        arxiv_id=row.id,
        title=" ".join(row.title.split()),
        abstract=" ".join(row.abstract.split()),
        authors=row.authors,
        categories=row.categories,
        primary_category=row.primary_category,
        published=row.published,
        updated=row.updated,
    )


def test_the_day_moves_to_another_announcement(day: list[SampleRow]) -> None:
    """Ids, dates and membership of the window follow; a window of three days is filled in proportion."""
    window = (datetime(2026, 12, 31, 19, tzinfo=UTC), datetime(2027, 1, 3, 19, tzinfo=UTC))
    moved = sample_day(date(2027, 1, 4), window)
    pairs = list(zip(day, moved, strict=True))
    assert {row.announced for row in moved} == {date(2027, 1, 4)}
    assert {row.id[:4] for row in moved if row.announce_type == AnnounceType.NEW} == {"2701"}
    for before, after in pairs:
        assert (WINDOW[0] <= before.published <= WINDOW[1]) == (window[0] <= after.published <= window[1])
        if before.published < WINDOW[0]:
            assert WINDOW[0] - before.published == window[0] - after.published
    assert max(row.published for row in moved) - window[0] > timedelta(days=2)


# --- rows of others -----------------------------------------------------------

ROW = {
    "id": "2603.01234", "version": None, "title": "T", "authors": ["A"], "abstract": "We show.",
    "primary_category": "cs.LG", "categories": ["cs.LG"], "published": None, "updated": None, "comment": None,
    "doi": None, "journal_ref": None, "announced": None,
}  # fmt: skip


def written(path: Path, *rows: object) -> Path:
    text = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.gz"])
def test_missing_dates_are_spread_over_the_window_in_the_order_of_ids(tmp_path: Path, name: str) -> None:
    """An id of an earlier month stays in that month, and what is given is kept."""
    rows = [{**ROW, "id": f"2603.0123{n}"} for n in (2, 1)]
    old = {**ROW, "id": "quant-ph/0201082v1"}
    dated = {**ROW, "id": "2603.09999", "published": "2026-03-06T01:02:03Z", "version": 2}
    path = written(tmp_path / name, *rows, old, "", dated)
    later, earlier, ancient, given = load_rows(path, lambda _: WINDOW, DAY)
    assert (earlier.published.hour, later.published.hour) == (1, 13)
    assert ancient.published == datetime(2002, 1, 15, 12, tzinfo=UTC)
    assert (given.published, given.version) == (datetime(2026, 3, 6, 1, 2, 3, tzinfo=UTC), 2)
    assert all(row.updated == row.published and row.announced == DAY for row in (later, earlier, ancient, given))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", "Expecting"),
        ("[]", "a JSON object"),
        ({**ROW, "id": "abc"}, "not an arXiv id"),
        ({**ROW, "id": "2613.00001"}, "month"),
        ({name: value for name, value in ROW.items() if name != "title"}, "'title' is missing"),
        ({**ROW, "abstract": 7}, "abstract is not a text"),
        ({**ROW, "announced": "tomorrow"}, "tomorrow"),
        ({**ROW, "published": "yesterday"}, "yesterday"),
        ({**ROW, "id": "2603.00001"}, "stands already in line 1"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, bad: object, says: str) -> None:
    """Nobody has to search for it."""
    path = written(tmp_path / "day.jsonl", {**ROW, "id": "2603.00001"}, bad)
    with pytest.raises(ValueError, match=rf"day\.jsonl:2: .*{says}"):
        load_rows(path, WINDOW, DAY)


# --- arXiv --------------------------------------------------------------------


def test_paging_through_the_arxiv_package_brings_every_paper_of_the_window(server: ArxivServer) -> None:
    """The package finds the totals and pages that it expects."""
    client = arxiv.Client(page_size=10, delay_seconds=0, num_retries=0)
    client.query_url_format = server.api_url + "?{}"
    search = arxiv.Search(
        "(cat:cs.LG OR cat:cs.CL OR cat:cs.AI) AND submittedDate:[202603051900 TO 202603061900]",
        max_results=None,
        sort_by=arxiv.SortCriterion.SubmittedDate,
    )
    found = list(client.results(search))
    asked = {"cs.LG", "cs.CL", "cs.AI"}
    wanted = [r for r in server.papers if asked & set(r.categories) and WINDOW[0] <= r.published <= WINDOW[1]]
    assert sorted(paper.get_short_id() for paper in found) == sorted(f"{row.id}v{row.version}" for row in wanted)
    assert [paper.published for paper in found] == sorted((row.published for row in wanted), reverse=True)
    assert len(server.requests) == len(wanted) // 10 + 1
    by_id = {row.id: row for row in wanted}
    for paper in found:
        row = by_id[paper.get_short_id()[:-2]]
        assert [author.name for author in paper.authors] == list(row.authors)
        assert (paper.summary, paper.title, paper.comment) == (row.abstract, row.title, row.comment)
        assert (paper.doi, paper.journal_ref) == (row.doi, row.journal_ref)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("cat:cs.RO", 3),
        ("cat:cs.RO ANDNOT cat:cs.CV", 1),
        ("cat:cs.RO AND cat:cs.CV OR cat:quant-ph", 3),
        ("cat:cs.RO AND (cat:cs.CV OR cat:quant-ph)", 2),
        ("cat:(quant-ph OR q-bio.*)", 2),
        ("ti:TideRoute", 1),
        ('abs:"auxiliary balancing loss"', 1),
        ("au:Anjali", 1),
        ("all:reverberation AND cat:cs.SD", 1),
        ("submittedDate:[20260201 TO 20260228]", 3),
        ("cat:cs.XX", 0),
    ],
)
def test_queries(server: ArxivServer, query: str, count: int) -> None:
    """Fields, operators, parentheses and dates select what they say."""
    answer = ask(server, search_query=query, max_results=100)
    assert (len(ids(answer)), total(answer)) == (count, count)


def test_sorting_and_windows_of_results(server: ArxivServer) -> None:
    """Both dates, both directions; a page past the end is empty and keeps the total."""
    everything = {"search_query": "cat:cs.LG", "max_results": 100}
    newest = ids(ask(server, sortBy="lastUpdatedDate", **everything))
    oldest = ids(ask(server, sortBy="lastUpdatedDate", sortOrder="ascending", **everything))
    assert newest == oldest[::-1] != ids(ask(server, sortBy="submittedDate", **everything))
    beyond = ask(server, start=100, **everything)
    assert (ids(beyond), total(beyond)) == ([], len(newest))
    assert ids(ask(server, search_query="cat:cs.LG", sortBy="lastUpdatedDate")) == newest[:10]


def test_id_lists(server: ArxivServer) -> None:
    """In the asked order, with or without version; what is unknown is absent."""
    asked = "2603.90003,2603.90001v1,2603.90002v7,2603.99999,2511.90021"
    assert ids(ask(server, id_list=asked)) == ["2603.90003v1", "2603.90001v1", "2511.90021v2"]
    assert ids(ask(server, id_list=asked, search_query="cat:cs.XX")) == []
    server.unknown.add("2603.90003")
    assert ids(ask(server, id_list="2603.90003")) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"id_list": "abc"}, "incorrect id format for abc"),
        ({"search_query": "cat:cs.LG", "max_results": 2001}, "max_results must not exceed 2000"),
        ({"search_query": "cat:cs.LG", "start": -1}, "start must be non-negative"),
        ({"search_query": "(cat:cs.LG"}, "unbalanced parenthesis"),
        ({"search_query": "cat:cs.LG", "sortBy": "luck"}, "sortBy must be in: relevance"),
    ],
)
def test_wrong_requests_get_the_error_entry(server: ArxivServer, wrong: dict[str, object], says: str) -> None:
    """HTTP 400 with one entry titled Error."""
    answer = ask(server, **wrong)
    entry = ElementTree.fromstring(answer.content).find(f"{ATOM}entry")
    assert answer.status_code == 400
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == "Error"
    assert entry.findtext(f"{ATOM}summary", "").startswith(says)
    assert entry.findtext(f"{ATOM}id", "").startswith("https://arxiv.org/api/errors#")


def test_the_feed_names_the_papers_of_its_categories(server: ArxivServer) -> None:
    """A paper is new where it is at home and cross elsewhere; replacements stay replacements."""
    feed = announced(server, "cs.CV+cs.DC")
    rows = {row.id: row for row in server.papers}
    assert set(feed) == {row.id for row in server.papers if {"cs.CV", "cs.DC"} & set(row.categories)}
    for name, kind in feed.items():
        home = rows[name].primary_category in ("cs.CV", "cs.DC")
        assert kind == ("new" if home else "cross") or rows[name].announce_type in REPLACED
    assert announced(server, "cs.LG")["2511.90021"] == "replace"
    assert announced(server, "cs.LG")["2512.90033"] == "replace-cross"
    assert announced(server, "cs.CV")["2512.90033"] == "replace"
    assert announced(server, "cs.LG")["2602.90011"] == "cross"
    assert announced(server, "cs.XX") == {}


def test_the_feed_writes_accents_in_tex() -> None:
    """As arXiv's feed does, where its API has Unicode."""
    names = {
        "Théo Ferrão": r"Th\'eo Ferr\~ao", "Szczerbiński": r"Szczerbi\'nski", "Żukauskas": r"\.Zukauskas",
        "Młynarczyk": r"M{\l}ynarczyk", "Søren Aagård": r"S{\o}ren Aag\r{a}rd", "Çetin": r"\c{C}etin", "王": "王",
    }  # fmt: skip
    assert {name: tex_accents(name) for name in names} == names


def test_another_day_is_not_in_the_feed(server: ArxivServer) -> None:
    """The feed holds its own day only."""
    server.announced = date(2026, 3, 10)
    assert announced(server, "cs.LG") == {}


# --- faults -------------------------------------------------------------------


def test_each_fault_spoils_one_request(server: ArxivServer) -> None:
    """In order, and then all is well again."""
    server.faults += [
        Fault(kind="status", status=429, headers={"Retry-After": "7"}),
        Fault(kind="html"),
        Fault(kind="empty_page"),
        Fault(kind="truncated"),
        Fault(kind="error_entry", status=200),
        None,
    ]
    answers = [ask(server, search_query="cat:cs.LG", max_results=5) for _ in range(7)]
    busy, page, empty, half, error, *good = answers
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "7")
    assert page.text.startswith("<!DOCTYPE html>")
    assert (ids(empty), total(empty) > 5) == ([], True)
    assert (half.status_code, half.content) == (200, good[0].content[: len(half.content)])
    assert (error.status_code, "<title>Error</title>" in error.text) == (200, True)
    assert [len(ids(answer)) for answer in good] == [5, 5]


def test_faults_of_the_connection(server: ArxivServer) -> None:
    """Silence, a cut answer, and a slow one."""
    server.faults += [Fault(kind="silent"), Fault(kind="cut"), Fault(kind="slow", seconds=0.2)]
    with pytest.raises(requests.ConnectionError):
        ask(server, search_query="cat:cs.LG")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask(server, search_query="cat:cs.LG")
    started = time.monotonic()
    assert ids(ask(server, search_query="cat:cs.LG"))
    assert time.monotonic() - started >= 0.2


def test_a_fault_may_wait_for_its_path(server: ArxivServer) -> None:
    """The feed answers although a fault for the API stands first."""
    server.faults.append(Fault(kind="status", where="/api/"))
    assert announced(server, "cs.LG")
    assert ask(server, search_query="cat:cs.LG").status_code == 503


def test_closing_ends_waiting_requests_at_once(day: list[SampleRow]) -> None:
    """A test that is over does not wait for the silence it ordered."""
    server = ArxivServer(day, DAY, faults=[Fault(kind="silent", seconds=600)])
    with pytest.raises(requests.Timeout):
        requests.get(server.api_url, timeout=0.2)
    closing = threading.Thread(target=lambda: [server.close(), server.close()], daemon=True)
    closing.start()
    closing.join(60)
    assert not closing.is_alive()


# --- the model ----------------------------------------------------------------

TOPIC = '<topic key="foundations">\nMixture of experts &amp; sparsity\n</topic>\n'
PAPER = '<paper id="{}" topics="foundations">\nTitle: {}\nAbstract: {}\n</paper>\n'
UNKNOWN = PAPER.format(
    "2603.11111",
    "XPR-Net: Experts &lt;/paper&gt; for 3 Worlds",
    "Experts are many. We propose XPR-Net, a mixture of experts with $2.5\\times$ fewer parameters and 12\\% more "
    "accuracy on nine tasks, see https://example.org.",
)


def complete(model: ModelServer, name: str, user: str, **body: object) -> requests.Response:
    messages = [{"role": "system", "content": f'Answer {{"{name}": []}}'}, {"role": "user", "content": user}]
    return requests.post(
        f"{model.api_base}/chat/completions",
        headers={"Authorization": "Bearer any"},
        json={"model": "sample-model", "messages": messages, **body},
        timeout=10,
    )


def said(response: requests.Response) -> dict[str, list[dict[str, object]]]:
    answer: dict[str, list[dict[str, object]]] = json.loads(response.json()["choices"][0]["message"]["content"])
    return answer


@pytest.mark.parametrize("kind", [None, "json_object", "json_schema"])
def test_the_answer_has_openais_form(model: ModelServer, kind: str | None) -> None:
    """Choices, finish_reason and usage, whatever format was asked for."""
    schema = {"type": kind, "json_schema": {"name": "scores", "schema": {}}}
    body = {"response_format": schema} if kind else {}
    answer = complete(model, "scores", TOPIC + UNKNOWN, **body).json()
    assert (answer["object"], answer["model"]) == ("chat.completion", "sample-model")
    (choice,) = answer["choices"]
    assert (choice["index"], choice["finish_reason"], choice["message"]["role"]) == (0, "stop", "assistant")
    usage = answer["usage"]
    assert usage["completion_tokens"] == count_tokens(choice["message"]["content"])
    assert usage["prompt_tokens"] > count_tokens(UNKNOWN)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert model.requests[-1]["messages"][1]["content"].startswith(TOPIC)


def test_sample_papers_get_their_scores_and_lines(model: ModelServer, day: list[SampleRow]) -> None:
    """What the rows say, a low relevance for a topic they do not name."""
    asked = [row for row in day if row.scores]
    papers = "".join(PAPER.format(row.id, row.title, row.abstract) for row in asked)
    scores = said(complete(model, "scores", TOPIC + papers))["scores"]
    for row, score in zip(asked, scores, strict=True):
        assert score["id"] == row.id
        if "foundations" in row.scores:
            assert (score["r"], score["n"]) == row.scores["foundations"]
        else:
            assert score["r"] in (2, 3, 4)
    first = next(row for row in day if row.reasons.get("foundations"))
    user = "<languages>en, zh-CN, de</languages>\n" + TOPIC + PAPER.format(first.id, first.title, first.abstract)
    (summary,) = said(complete(model, "summaries", user))["summaries"]
    assert summary["reasons"] == {"foundations": first.reasons["foundations"]}
    lines = summary["lines"]
    assert isinstance(lines, dict)
    assert (lines["en"], lines["zh-CN"]) == (first.lines["en"], first.lines["zh"])
    assert "Verfahren" in lines["de"]


def test_unknown_papers_are_judged_by_their_words(model: ModelServer) -> None:
    """The same each time; the line is the authors' own claim without TeX and addresses."""
    user = "<languages>en, zh</languages>\n" + TOPIC + UNKNOWN
    scores = [said(complete(model, "scores", user))["scores"] for _ in range(2)]
    assert scores[0] == scores[1]
    relevance, novelty = scores[0][0]["r"], scores[0][0]["n"]
    assert isinstance(relevance, int)
    assert isinstance(novelty, int)
    assert relevance >= 8
    assert 4 <= novelty <= 9
    (summary,) = said(complete(model, "summaries", user))["summaries"]
    lines = summary["lines"]
    assert isinstance(lines, dict)
    assert lines["en"] == (
        "We propose XPR-Net, a mixture of experts with 2.5× fewer parameters and 12% more accuracy on nine tasks, see."
    )
    assert "XPR-Net" in lines["zh"]
    assert summary["reasons"] == {"foundations": "Meets the stated interests of this topic in Mixture and experts"}


@pytest.mark.parametrize("language", ["en", "zh", "de", "fr", "es", "ja", "ko", "sv"])
def test_lines_about_unknown_papers_pass_the_check(day: list[SampleRow], language: str) -> None:
    """In every language, with no number of its own."""
    for row in day:
        text = one_liner(language, row.id, row.title, row.abstract)
        assert problem(text, _paper(row), "en" if language == "sv" else language) is None


def test_without_a_key_there_is_no_answer(model: ModelServer) -> None:
    """401 in OpenAI's form, for every path."""
    for answer in (requests.get(f"{model.api_base}/models", timeout=10), requests.post(model.api_base, timeout=10)):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
    listed = requests.get(f"{model.api_base}/models", headers={"Authorization": "Bearer x"}, timeout=10).json()
    assert [entry["id"] for entry in listed["data"]] == ["sample-model"]


@pytest.mark.parametrize("body", [{"stream": True}, {"response_format": {"type": "yaml"}}, {"messages": "hello"}])
def test_requests_that_cannot_be_read_are_refused(model: ModelServer, body: dict[str, object]) -> None:
    """400 in OpenAI's form."""
    answer = complete(model, "scores", TOPIC + UNKNOWN, **body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_the_model_can_fail_in_many_ways(model: ModelServer) -> None:
    """Each fault once, in order."""
    user = TOPIC + UNKNOWN + UNKNOWN.replace("2603.11111", "2603.22222")
    model.faults += [
        Fault(kind="status", status=429, headers={"Retry-After": "1"}, body='{"error": {"message": "slow down"}}'),
        Fault(kind="text", body="I cannot help with that."),
        Fault(kind="not_json"),
        Fault(kind="fenced"),
        Fault(kind="missing_ids"),
        Fault(kind="invented_ids"),
        Fault(kind="out_of_range"),
    ]
    answers = [complete(model, "scores", user) for _ in range(7)]
    assert (answers[0].status_code, answers[0].json()["error"]["message"]) == (429, "slow down")
    texts = [answer.json()["choices"][0]["message"]["content"] for answer in answers[1:4]]
    assert texts[0] == "I cannot help with that."
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        json.loads(texts[1])
    assert "```json\n{" in texts[2]
    missing, invented, beyond = (said(answer)["scores"] for answer in answers[4:])
    assert [row["id"] for row in missing] == ["2603.22222"]
    assert [row["id"] for row in invented] == ["2603.11111", "2603.22222", "9912.99999"]
    assert [row["r"] for row in beyond] == [0, 11]


def test_latency_grows_with_the_answer(day: list[SampleRow]) -> None:
    """Seconds a request and seconds a completion token."""
    with ModelServer(day, latency=0.1, per_token=0.01) as model:
        started = time.monotonic()
        answer = complete(model, "scores", TOPIC + UNKNOWN).json()
        assert time.monotonic() - started >= 0.1 + 0.01 * answer["usage"]["completion_tokens"]


def test_both_servers_say_where_they_are(day: list[SampleRow]) -> None:
    """The settings point to loopback, and the feed's day is the newest of the rows."""
    with Servers(day) as servers:
        settings = servers.environment()
        assert requests.get(settings["NEWSLETTER_ARXIV_RSS_URL"] + "/cs.LG", timeout=10).ok
        assert requests.get(settings["NEWSLETTER_ARXIV_API_URL"], timeout=10).ok
        assert all(
            settings[name].startswith("http://127.0.0.1:") for name in settings if name.endswith(("_URL", "_BASE"))
        )
        assert settings["NEWSLETTER_MODEL"] == "openai/sample-model"
        assert servers.arxiv.announced == DAY
    with pytest.raises(requests.ConnectionError):
        requests.get(settings["NEWSLETTER_ARXIV_API_URL"], timeout=10)


# --- against what arXiv sends -------------------------------------------------


@pytest.fixture(scope="module")
def recorded() -> Path:
    if not REAL_FOLDER:
        pytest.skip(f"{REAL_DATA} names no folder with recorded answers")
    return Path(REAL_FOLDER) / "arxiv"


def rows_of_atom(text: str) -> list[SampleRow]:
    """The entries of a recorded answer as rows."""
    return [_row_of_entry(entry) for entry in ElementTree.fromstring(text.encode()).findall(f"{ATOM}entry")]


def _row_of_entry(entry: ElementTree.Element) -> SampleRow:
    name, _, version = entry.findtext(f"{ATOM}id", "").rpartition("/abs/")[2].rpartition("v")
    primary = entry.find(f"{SCHEMA}primary_category")
    assert primary is not None
    return SampleRow(
        id=name,
        version=int(version),
        title=entry.findtext(f"{ATOM}title", ""),
        authors=tuple(author.findtext(f"{ATOM}name", "") for author in entry.findall(f"{ATOM}author")),
        abstract=entry.findtext(f"{ATOM}summary", ""),
        primary_category=primary.get("term", ""),
        categories=tuple(category.get("term", "") for category in entry.findall(f"{ATOM}category")),
        published=datetime.fromisoformat(entry.findtext(f"{ATOM}published", "")),
        updated=datetime.fromisoformat(entry.findtext(f"{ATOM}updated", "")),
        announced=DAY,
        comment=entry.findtext(f"{SCHEMA}comment"),
        doi=entry.findtext(f"{SCHEMA}doi"),
        journal_ref=entry.findtext(f"{SCHEMA}journal_ref"),
    )


def head(text: str) -> str:
    """What stands before the first entry, without what differs from answer to answer."""
    before = re.split(r"  <entry>|</feed>", text)[0]
    return re.sub(r"(<id>https://arxiv.org/api/).*<|(<updated>).*<|(totalResults>)\d+", r"\1\2\3", before)


def entries(text: str) -> list[str]:
    """The entries in bytes; affiliations, which rows do not hold, left out."""
    bare = re.sub(r"\n *<arxiv:affiliation>.*</arxiv:affiliation>", "", text)
    return re.findall(r"  <entry>\n.*?  </entry>\n", bare, re.S)


@pytest.mark.parametrize(
    "name",
    [
        "q_testing_s0_m10_bc5a6c384fe9",
        "id_quant-ph_0201082v1_s0_m100_86989fe779ef",
        "id_1707.08567_s0_m100_6a1afebfc6a3",
    ],
)
def test_answers_are_those_of_arxiv(recorded: Path, name: str) -> None:
    """Head and entries, byte for byte."""
    text = (recorded / "api" / f"{name}.xml").read_text("utf-8")
    rows = rows_of_atom(text)
    with ArxivServer(rows, DAY) as server:
        if name.startswith("q_"):
            answer = ask(server, search_query="all:testing", start=0, max_results=10).text
        else:
            answer = ask(server, id_list=name.split("_s0_")[0][3:].replace("_", "/"), start=0, max_results=100).text
    assert head(answer) == head(text)
    assert sorted(entries(answer)) == sorted(entries(text))


def test_the_empty_answer_is_that_of_arxiv(recorded: Path, server: ArxivServer) -> None:
    """An unknown id gives a feed without entries."""
    text = (recorded / "api" / "id_0000.0000_s0_m100_8b51d9633a68.xml").read_text("utf-8")
    answer = ask(server, id_list="0000.0000", start=0, max_results=100).text
    assert (head(answer), entries(answer)) == (head(text), [])


def test_the_error_entry_is_that_of_arxiv(recorded: Path, server: ArxivServer) -> None:
    """Byte for byte but the time."""
    text = (recorded / "api" / "id_abc_s0_m100_b79c8dcf6bc3.xml").read_text("utf-8")
    answer = ask(server, id_list="abc", max_results=100).text
    assert re.sub(r"updated>.*<", "", answer) == re.sub(r"updated>.*<", "", text)


def test_the_feed_is_that_of_arxiv(recorded: Path) -> None:
    """Head and items, byte for byte but the accents of names, which the recording has as letters."""
    text = (recorded / "rss" / "cs.LG.xml").read_text("utf-8")
    rows = [_row_of_item(item) for item in ElementTree.fromstring(text.encode()).iter("item")]
    text = re.sub(r"(?<=<dc:creator>).*(?=</dc:creator>)", lambda names: tex_accents(names[0]), text)
    with ArxivServer(rows, DAY) as server:
        answer = requests.get(f"{server.rss_url}/cs.LG", timeout=10).content.decode()
        server.papers = []
        empty = requests.get(f"{server.rss_url}/cs.LG", timeout=10).content.decode()
    items = re.compile(r"    <item>\n.*?    </item>\n", re.S)
    assert items.sub("", answer) == items.sub("", text)
    assert sorted(items.findall(answer)) == sorted(items.findall(text))
    weekend = (recorded / "rss" / "empty_weekend.xml").read_text("utf-8")
    assert empty == weekend.replace("Sun, 08", "Mon, 09")  # the clocks changed on that Sunday


def _row_of_item(item: ElementTree.Element) -> SampleRow:
    categories = tuple(category.text or "" for category in item.findall("category"))
    kind = item.findtext(f"{SCHEMA}announce_type", "")
    name, _, version = item.findtext("guid", "").removeprefix("oai:arXiv.org:").rpartition("v")
    return SampleRow(
        id=name,
        version=int(version),
        title=item.findtext("title", ""),
        authors=(item.findtext("{http://purl.org/dc/elements/1.1/}creator", ""),),
        abstract=item.findtext("description", "").partition("\nAbstract: ")[2],
        primary_category="cs.LG" if kind == "new" else categories[0],
        categories=categories,
        published=WINDOW[0],
        updated=WINDOW[0],
        announced=DAY,
        announce_type=AnnounceType(kind),
    )
