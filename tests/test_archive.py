"""The archive: every day as pages, feeds, data and an index; only what changed is written, and text is only text."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import feedparser
import lxml.etree
import lxml.html
import pytest

from newsletter import archive, doctor
from newsletter.app.files import folders
from newsletter.archive import search
from newsletter.archive.day import page_name
from newsletter.backup import backup
from newsletter.errors import TemplateError
from newsletter.models import Line, Usage
from newsletter.pipeline import publish, run
from newsletter.times.clock import utc_now
from newsletter.tokens import Purpose
from tests.conftest import Run
from tests.counters import counter_of, service_of
from tests.factories import DAY, a_paper, an_edition, an_entry
from tests.growth import TENFOLD, spent
from tests.issues import (
    DATES,
    SELECTION,
    TEMPLATES,
    TOPICS,
    a_day,
    a_site,
    an_issue,
    days,
    fill,
    hostile_day,
    names_of,
)
from tests.morning import ROSTER, desk_of, practice
from tests.site import Switch, server, site_of

__all__ = ["server"]  # a fixture

SCHEMA = Path(__file__).parent / "data" / "atom.rng"
ROBOTS = "topics/机器人"


def made(content: Mapping[date, archive.Day], **site: Any) -> dict[str, bytes]:
    return dict(archive.pages(a_site(**site), content, TEMPLATES))


def page(files: Mapping[str, bytes], name: str) -> Any:
    return lxml.html.document_fromstring(files[name].decode())


# --- the day as data ---


def test_a_day_as_json() -> None:
    """The JSON of a day has its counts, its bill by stage, the prompt, and each paper with links, scores and reason."""
    day = a_day()
    papers = day.pop("papers")
    assert SELECTION == day.pop("selection")
    assert [topic.key for topic in TOPICS] == [topic["key"] for topic in day.pop("topics")]
    bills = day.pop("bills")
    assert [("scoring", 19, 60000), ("summaries", 3, 10000)] == [
        (b["stage"], b["calls"], b["prompt_tokens"]) for b in bills
    ]
    assert {
        "date": "2026-03-09", "announced": "2026-03-09T00:00:00Z", "collected": 493, "scored": 490, "ranked": 0,
        "unscored": 3, "model": "example/model", "prompt_tokens": 70000, "completion_tokens": 5977, "cost_usd": 0.4,
    } == day  # fmt: skip
    paper = papers[0]
    assert (9, 7, "Pruning of expert models") == (paper["relevance"], paper["novelty"], paper["reason"])
    assert (["foundations"], ["foundations", "机器人"]) == (paper["topics"], papers[1]["topics"])
    assert {"en", "zh"} == set(paper["lines"])
    assert "improves accuracy by 3.2% at half the size" in paper["abstract"]  # TeX is read
    assert "https://arxiv.org/abs/2603.00901" == paper["links"]["arxiv"]


def test_a_day_without_a_model_has_no_scores() -> None:
    """Nothing is invented: no model, no scores, no bill."""
    entry = an_entry(1, score=None, reason=None, lines=())
    issue = an_issue(model=None, usage=Usage(), scored=0)
    day = archive.day_json(issue, an_edition([entry], model=None))
    assert (None, None, None, {}) == tuple(day["papers"][0][key] for key in ("relevance", "novelty", "reason", "lines"))
    shown = page(made({DAY: day}), f"{DAY}.html").text_content()
    assert "without a model" in shown
    assert "Relevance" not in shown


@pytest.mark.parametrize(
    ("arxiv_id", "name"),
    [
        ("2603.00001", "2603.00001"), ("quant-ph/0201082", "quant-ph-0201082"), ("math.GT/0309136", "math.GT-0309136"),
        ("../2603.00001", None), ("2603.00001/..", None), ("", None), (".", None),
        ("https://arxiv.org/abs/2603.00001", None),
        ("2603.00001\n", "2603.00001"), ("２６０３.00001", None), ("a" * 300, None),
    ],
)  # fmt: skip
def test_only_arxiv_ids_have_pages(arxiv_id: str, name: str | None) -> None:
    """A permalink is named after the id; what is no id leads nowhere."""
    assert name == page_name(arxiv_id)


# --- pages ---


def test_every_link_inside_leads_somewhere() -> None:
    """Each relative link of each page, feed and sitemap is a file of the archive: it works under any path."""
    files = made(days(*DATES))
    assert 70 < len(files)
    for name in files:
        if not name.endswith(".html"):
            continue
        tree = page(files, name)
        for link in tree.xpath("//@href | //@src | //@action"):
            if re.match(r"https?:|#", link):
                continue
            place = Path("/", name).parent / unquote(link.partition("#")[0])
            assert str(place.resolve().relative_to("/")) in files, (name, link)
        anchors = [link[1:] for link in tree.xpath("//@href") if link.startswith("#")]
        assert set(anchors) <= {*tree.xpath("//@id")}, name


def test_neighbours_are_those_that_exist() -> None:
    """Previous and next lead over weekends and holidays; months over months without issues."""
    files = made(days(*DATES))
    for place, day in enumerate(DATES):
        tree = page(files, f"{day}.html")
        older = [f"{DATES[place - 1]}.html"] if place else []
        newer = [f"{DATES[place + 1]}.html"] if place + 1 < len(DATES) else []
        assert (older, newer) == (tree.xpath("//a[@rel='prev']/@href"), tree.xpath("//a[@rel='next']/@href"))
        assert [f"{day:%Y-%m}.html"] == tree.xpath("//nav[@aria-label='Issues']/a/@href")
    assert ["2026-04.html"] == page(files, "2026-03.html").xpath("//a[@rel='next']/@href")


def test_a_month_shows_its_counts_as_text() -> None:
    """Weeks as rows of weekdays say how many papers each day has; days of other months are left out."""
    content = {day: a_day(day, an_edition(count)) for day, count in zip(DATES[:3], (1, 5, 9), strict=True)}
    tree = page(made(content), "2026-03.html")
    assert [("5 March: 1 paper", "5 1"), ("6 March: 5 papers", "6 5"), ("9 March: 9 papers", "9 9")] == [
        (cell.xpath("a/@aria-label")[0], cell.text_content()) for cell in tree.xpath("//td[a]")
    ]
    table = tree.xpath("//table[@class='weeks']")[0]
    assert ["2–6 Mar", "9–13 Mar", "16–20 Mar"] == [cell.text for cell in table.xpath(".//th[@scope='row']")][:3]
    assert 22 == len(table.xpath(".//td[normalize-space()]"))  # the weekdays of March
    assert "3 issues, 15 papers picked from 1,479 new" in tree.text_content()
    assert 15 == len(tree.xpath("//ol[@class='rows']/li"))


def test_the_front_shows_the_last_four_weeks() -> None:
    """The newest issue's lead and four more with authors; four rows of weekdays, the newest first; then months."""
    content = days(*DATES) | {DATES[-1]: a_day(DATES[-1], an_edition([]))}
    tree = page(made({day: content[day] for day in DATES[:-1]}), "index.html")
    assert 1 == len(tree.xpath("//article"))
    assert 4 == len(tree.xpath("//ol[@class='rows']/li/p[@class='who']"))
    assert ["2026-04.html", "2026-03.html"] == tree.xpath("//p[@class='months']//a/@href")
    rows = page(made(content), "index.html").xpath("//table[@class='weeks']/tbody/tr")
    assert ["6–10 Apr", "30 Mar\u2009–\u20093 Apr", "23–27 Mar", "16–20 Mar"] == [
        row.xpath("th")[0].text for row in rows
    ]
    assert "7 quiet" in [cell.text_content() for cell in rows[0].xpath("td")]
    saturday = date(2026, 4, 11)
    wide = page(made({saturday: a_day(saturday)}), "index.html")
    assert 8 == len(wide.xpath("//table[@class='weeks']/thead/tr/th"))


def test_each_topic_has_its_own_shelf() -> None:
    """With several topics each has days, months, a front page and a feed with its own papers alone."""
    files = made(days(*DATES))
    assert 3 == len(page(files, f"{ROBOTS}/{DAY}.html").xpath("//article"))
    assert 7 == len(page(files, f"topics/foundations/{DAY}.html").xpath("//article"))
    for name in ("index.html", "2026-03.html", "feed.xml"):
        assert f"{ROBOTS}/{name}" in files
    links = page(files, "index.html").xpath("//ul[@class='topics']//a/@href")
    assert "topics/%E6%9C%BA%E5%99%A8%E4%BA%BA/index.html" in links
    one = {DAY: a_day(topics=TOPICS[:1])}
    assert [] == [name for name in made(one) if name.startswith("topics/")]


def test_prompt_and_totals_are_shown() -> None:
    """A day leads to the prompt that was used, and says what was collected, scored, picked, and what it cost."""
    files = made(days(*DATES))
    tree = page(files, f"{DAY}.html")
    assert "prompts/0123456789abcdef.html" in tree.xpath("//@href")
    rows = [[cell.text_content() for cell in row] for row in tree.xpath("//table//tr")]
    for row in (
        ["New on arXiv", "493"], ["Scored by a model", "490"], ["Could not be scored", "3"], ["Picked", "7"],
        ["scores", "example/model", "19", "60,000", "5,000", "65,000", "$0.35"],
        ["All", "", "22", "70,000", "5,977", "75,977", "$0.40"],
    ):  # fmt: skip
        assert row in rows
    prompt = page(files, "prompts/0123456789abcdef.html").text_content()
    for said in ("Use the whole range.", "<topic>\nMixture of experts.\n</topic>", "always kept: Noether"):
        assert said in prompt


def test_an_archive_without_days_is_a_page() -> None:
    """Before the first issue the front page says so."""
    files = made({})
    assert "No issues yet" in files["index.html"].decode()
    assert [] == feedparser.parse(BytesIO(files["feed.xml"])).entries


def test_a_day_without_papers_is_a_page() -> None:
    """Nothing was close enough: the page says that."""
    files = made({DAY: a_day(edition=an_edition([]))})
    assert "close enough" in page(files, f"{DAY}.html").text_content()


def test_search_engines_are_told() -> None:
    """With a public address: canonical links, Open Graph and a sitemap of every page; a private archive is nobody's."""
    files = made(days(*DATES))
    tree = page(files, f"{DAY}.html")
    assert ["https://news.example.org/2026-03-09.html"] == tree.xpath("//link[@rel='canonical']/@href")
    assert ["Monday, 9 March 2026"] == tree.xpath("//meta[@property='og:title']/@content")
    assert "7 picked from 493" in tree.xpath("//meta[@property='og:description']/@content")[0]
    listed = re.findall(r"<loc>https://news.example.org/(.*?)</loc>", files["sitemap.xml"].decode())
    assert ["sitemap-2026-03.xml", "sitemap-2026-04.xml"] == listed
    inside = {unquote(path) for name in listed for path in re.findall(r"example.org/(.*?)</loc>", files[name].decode())}
    dated = {name for name in files if re.search(r"(-\d\d|papers/.*)\.html$", name)}
    assert dated == inside
    assert b"Sitemap: https://news.example.org/sitemap.xml" in files["robots.txt"]
    private = made(days(*DATES), private=True, public_url=None)
    assert b"User-agent: *\nDisallow: /\n" == private["robots.txt"]
    assert not [name for name in private if name.startswith("sitemap")]
    assert ["noindex"] == page(private, f"{DAY}.html").xpath("//meta[@name='robots']/@content")


# --- hostile texts ---


def test_hostile_text_stays_text() -> None:
    """Titles, names, abstracts, lines, reasons and the newsletter's own name are shown, never executed."""
    content = {DAY: hostile_day()}
    files = made(content, name="<script>alert(1)</script>{{ 7*7 }}]]>")
    papers = content[DAY]["papers"]
    assert 13 == len(papers)
    for name in (name for name in files if name.endswith(".html")):
        tree = page(files, name)
        bad = "//img | //iframe | //comment() | //style | //@*[starts-with(name(), 'on')] | //script[not(@src)]"
        assert [] == tree.xpath(bad), name
        assert 1 == len(tree.xpath("//script")), name
        assert not [link for link in tree.xpath("//@href") if re.match(r"\s*(javascript|data|//)", link)], name
    shown = [paper.text_content() for paper in page(files, f"{DAY}.html").xpath("//article")]
    for paper, text in zip(papers, shown, strict=True):
        assert paper["title"] in text
        assert not re.search("[\x00\u2028\u202e]", text)
    assert papers == json.loads(files[f"{DAY}.json"])["papers"]


def test_hostile_ids_go_nowhere(tmp_path: Path) -> None:
    """`../` in ids and keys writes nothing outside, and nothing that is not named after an id."""
    folder = tmp_path / "in" / "archive"
    fill(folder, {DAY: hostile_day()})
    assert [tmp_path / "in"] == list(tmp_path.iterdir())
    assert [folder] == list(folder.parent.iterdir())
    names = {file.name for file in (folder / "papers").iterdir()}
    assert "quant-ph-0201082.html" in names
    assert 8 == len(names)
    assert all(re.fullmatch(r"(?:2603\.\d{5}|quant-ph-0201082)\.html", name) for name in names)


def test_an_edited_file_cannot_bring_links_in(tmp_path: Path) -> None:
    """A day whose file was given a script as a link, or lost a key, is not shown."""
    fill(tmp_path, days(DAY))
    good = json.loads((tmp_path / f"{DAY}.json").read_bytes())
    link = json.loads(json.dumps(good))
    link["papers"][0]["links"]["code"] = ["javascript:alert(1)"]
    damaged = ["", "[]", "{}", json.dumps(good | {"papers": [1]}), json.dumps(good | {"more": 1}), json.dumps(link)]
    damaged.append(json.dumps(good | {"topics": [{"key": "../../elsewhere", "title": "x"}]}))
    damaged.append(json.dumps(good | {"selection": SELECTION | {"hash": "../../elsewhere"}}))
    for text in damaged:
        (tmp_path / f"{DAY}.json").write_text(text, "utf-8")
        assert archive.Archive(tmp_path).day(DAY) is None, text
        assert [] == archive.Archive(tmp_path).dates(), text


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("archive-day.html.j2", "<p>\n{% for paper in day.papers %}\n", 2),
        ("archive-day.html.j2", "<p>\n\n{{ day.nonsense }}", 3),
        ("archive-index.html.j2", "{{ title + 1 }}", 1),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    """A template of the operator's own that does not work is an error with file and line."""
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(TemplateError) as caught:
        archive.pages(a_site(), days(DAY), (tmp_path, *TEMPLATES))
    assert (str(tmp_path / name), line) == (caught.value.file, caught.value.line)


# --- feeds ---


@pytest.mark.parametrize("name", ["feed.xml", f"{ROBOTS}/feed.xml"])
@pytest.mark.parametrize("public", ["https://news.example.org", None])
def test_feeds_are_valid_atom(name: str, public: str | None) -> None:
    """RFC 4287: by its rules as a schema and by feedparser, with one entry for each day, hostile days too."""
    content = {**days(*DATES), date(2026, 4, 8): hostile_day(date(2026, 4, 8))}
    text = made(content, public_url=public, name="A & B <i>]]></i>")[name]
    schema = lxml.etree.RelaxNG(file=str(SCHEMA))
    assert schema.validate(lxml.etree.fromstring(text)), schema.error_log
    feed = feedparser.parse(BytesIO(text))
    assert not feed.bozo
    assert ["alternate", "self"] == sorted(link.rel for link in feed.feed.links)
    assert 6 == len(feed.entries) == len({entry.id for entry in feed.entries})
    assert ["2026-04-08", "2026-04-07"] == [entry.updated[:10] for entry in feed.entries[:2]]
    if public:
        assert feed.entries[1].link.endswith("/2026-04-07.html")
        assert feed.entries[1].link.startswith(public)
    assert "<script" not in feed.entries[0].content[0].value.lower()


def test_entries_are_the_same_after_a_rebuild() -> None:
    """Another name, another address, a later day: what readers have seen keeps its id and its date."""
    first = feedparser.parse(BytesIO(made(days(*DATES[:3]))["feed.xml"]))
    again = feedparser.parse(BytesIO(made(days(*DATES), name="Another", public_url="https://b.example")["feed.xml"]))
    seen = {(entry.id, entry.updated) for entry in first.entries}
    assert 3 == len(seen)
    assert seen <= {(entry.id, entry.updated) for entry in again.entries}
    assert first.feed.id == again.feed.id


# --- the index ---


def test_the_index_has_texts_and_words() -> None:
    """A quarter's file holds titles, names and lines as text, and of abstracts which papers have which words."""
    content = days(*DATES)
    files = made(content)
    assert ["search/2026-q1.idx", "search/2026-q2.idx"] == [name for name in files if name.startswith("search/")]
    index = json.loads(gzip.decompress(files["search/2026-q1.idx"]))
    assert 21 == len(index["titles"]) == len(index["authors"]) == len(index["lines"]["zh"]) == len(index["days"])
    assert "Zebrafish on day 5" == index["titles"][1]
    words = dict(row.split(" ") for row in index["words"].split("\n"))
    assert "000000000000000000000" == words["gradient"]  # its first eight letters; each paper is the next one
    assert "accuracy" in words
    assert "proposes" not in words
    assert files["search/2026-q1.idx"] == made(content)["search/2026-q1.idx"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Gödel’s “naïve” ﬁlters, 3D, x_y", {"godel", "naive", "filters"}),
        ("ΛΟΓΟΣ λόγος", {"λογοσ"}),
        ("混合专家模型，提升 12345 次", {"混合专家模型"}),
    ],
)
def test_words_are_searched_without_case_and_accents(text: str, words: set[str]) -> None:
    """Ligatures, accents and punctuation of any script; numbers and short words are no words."""
    day = a_day(edition=an_edition([an_entry(1, paper=a_paper(1, title="T", abstract=text), lines=())]))
    index = json.loads(gzip.decompress(search.shard([(DAY, day)])))
    assert words == {row.split()[0] for row in index["words"].splitlines()}


@pytest.mark.parametrize(("lines", "key"), [((), "We propose a pruner."), ((Line("en", "A."),), "It is 5% faster.")])
def test_the_sentence_that_the_email_marks_is_marked(lines: tuple[Line, ...], key: str) -> None:
    """What the authors did, or behind a one-liner what came of it; also on days from before it was noted."""
    paper = a_paper(1, abstract="Tools & <b>models</b> are large. We propose a pruner. It is 5% faster. Code is out.")
    day = a_day(edition=an_edition([an_entry(1, paper=paper, lines=lines)]))
    assert key == day["papers"][0]["key_sentence"]
    older = {name: value for name, value in day["papers"][0].items() if name != "key_sentence"}
    for content in (day, day | {"papers": [older]}):
        files = made({DAY: content})
        for name in (f"{DAY}.html", f"papers/{paper.arxiv_id}.html"):
            (abstract,) = lxml.html.fromstring(files[name]).xpath("//p[@class='abstract']")
            assert [key] == [one.text for one in abstract]
            assert paper.abstract == abstract.text_content()


def test_a_word_of_nearly_all_papers_is_a_star() -> None:
    """What is in every abstract tells nothing apart and takes no room."""
    entries = [an_entry(n, lines=()) for n in range(1, 60)]
    index = json.loads(gzip.decompress(search.shard([(DAY, a_day(edition=an_edition(entries)))])))
    assert "gradient *" in index["words"].split("\n")


# --- writing ---


def test_only_changed_files_are_written(tmp_path: Path) -> None:
    """The same again writes nothing; a new day writes itself, its neighbour and what lists it; damage is mended."""
    first, second = days(*DATES[:2]), days(*DATES[:3])
    assert set(made(first)) == fill(tmp_path, first)
    assert set() == fill(tmp_path, first)
    written = fill(tmp_path, second)
    assert {
        "2026-03-06.html",
        "2026-03-09.html",
        "2026-03-09.json",
        "2026-03.html",
        "index.html",
        "feed.xml",
    } <= written
    assert not {"2026-03-05.html", "2026-03-05.json", "papers/2603.00501.html", "archive.css", "404.html"} & written
    assert {name: (tmp_path / name).read_bytes() for name in made(second)} == made(second)
    (tmp_path / "index.html").write_bytes(b"\xff\xfe half a file")
    (tmp_path / "papers" / "2603.00501.html").unlink()
    assert {"index.html", "papers/2603.00501.html"} == fill(tmp_path, {})
    (tmp_path / ".written.json").write_text("{", "utf-8")
    assert set() == fill(tmp_path, {})
    assert [".written.json"] == [path.name for path in tmp_path.rglob(".*")]


def test_notes_lead_nowhere_else(tmp_path: Path) -> None:
    """Names in the file of notes remove nothing outside the archive."""
    folder, other = tmp_path / "archive", tmp_path / "precious"
    fill(folder, days(DAY))
    other.write_text("x", "utf-8")
    for name in ("../precious", str(other)):
        notes = json.loads((folder / ".written.json").read_bytes())
        notes["units"]["gone"] = {"digest": "", "files": {name: None}}
        (folder / ".written.json").write_text(json.dumps(notes), "utf-8")
        assert set() == fill(folder, {})
        assert other.exists()


def test_what_no_day_has_any_more_is_removed(tmp_path: Path) -> None:
    """A topic or paper that is gone leaves no page behind; other files in the folder are not ours."""
    fill(tmp_path, days(*DATES[:2]))
    (tmp_path / "CNAME").write_text("news.example.org", "utf-8")
    (tmp_path / "2026-03-06.json").unlink()
    fill(tmp_path, {DATES[0]: a_day(DATES[0], topics=TOPICS[:1])})
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    wanted = set(made({DATES[0]: a_day(DATES[0], topics=TOPICS[:1])}))
    assert wanted | {"CNAME", ".written.json"} == left


def test_old_days_stay(tmp_path: Path) -> None:
    """Days that the ledger has lost, and days beyond any number, are still listed: the folder itself is the record."""
    many = {day: a_day(day, an_edition(1)) for day in (DAY - timedelta(n) for n in range(420))}
    few = dict(list(many.items())[:42])
    fill(tmp_path / "first", few)  # what is read and compiled only once
    small = spent(lambda: fill(tmp_path / "few", few))
    tmp_path /= "many"
    assert spent(lambda: fill(tmp_path, many)) <= TENFOLD * small
    oldest = min(many)
    assert f"{oldest:%Y-%m}.html" in (tmp_path / "index.html").read_text("utf-8")
    assert f"{oldest}.html" in (tmp_path / f"{oldest:%Y-%m}.html").read_text("utf-8")
    assert 420 == len(archive.Archive(tmp_path).dates())


# --- publishing ---


def test_no_archive_writes_nothing(tmp_path: Path) -> None:
    """`archive: none` leaves no page anywhere."""
    with (
        practice(tmp_path, model=False, roster="newsletter:\n  archive: none\n" + ROSTER) as (_, settings),
        desk_of(settings) as desk,
    ):
        run(desk)
        assert [] == publish(desk)
        assert [] == list(settings.data_dir.glob("archive*"))


def test_a_private_archive_lies_apart(tmp_path: Path) -> None:
    """Its pages never lie in the folder that is for everybody; a change of mind takes them along."""
    with practice(tmp_path, model=False) as (_, settings):
        roster = settings.subscribers.read_text("utf-8")
        with desk_of(settings) as desk:
            run(desk)
            publish(desk)
        for mode, there, gone in (("private", "archive-private", "archive"), ("public", "archive", "archive-private")):
            settings.subscribers.write_text(f"newsletter: {{archive: {mode}}}\n{roster}", "utf-8")
            with desk_of(settings) as desk:
                assert "index.html" in names_of(settings.data_dir / there, publish(desk))
            assert not (settings.data_dir / gone).exists()
            shown = (settings.data_dir / there / f"{DAY}.html").read_text("utf-8")
            assert ("noindex" in shown) == (mode == "private")


def test_a_morning_is_published_and_stays(tmp_path: Path) -> None:
    """Each picked paper is on its day's page; new words for a topic do not choose yesterday's papers again."""
    with practice(tmp_path, model=False) as (_, settings):
        with desk_of(settings) as desk:
            run(desk)
            assert {"index.html", f"{DAY}.html", f"{DAY}.json"} <= {path.name for path in publish(desk)}
            assert [] == publish(desk)
        before = (settings.data_dir / "archive" / f"{DAY}.json").read_bytes()
        settings.subscribers.write_text(ROSTER.replace("Mixture of experts", "Sea ice and its birds"), "utf-8")
        with desk_of(settings) as desk:
            assert [] == publish(desk)
            issue = desk.store.issues()[0]
            desk.store.save_issue(replace(issue, unscored=issue.unscored + 1))
            assert f"{DAY}.json" in {path.name for path in publish(desk)}
    assert len(json.loads(before)["papers"]) == issue.picked


def test_pages_that_are_left_over_are_a_finding(tmp_path: Path) -> None:
    """Public pages beside the private ones: `check` names the folder, in case another server shows it."""
    with (
        practice(tmp_path, model=False, roster="newsletter:\n  archive: private\n" + ROSTER) as (_, settings),
        counter_of(settings) as counter,
    ):
        (settings.data_dir / "archive").mkdir(parents=True)
        assert [] == doctor.examine(settings, counter)  # they are moved by the next issue
        (settings.data_dir / "archive-private").mkdir(parents=True)
        (finding,) = doctor.examine(settings, counter)
    assert str(settings.data_dir / "archive") == finding.where
    assert not finding.fatal


MODES = ["public", "private", "none", "public", "none", "private", "public"]


def test_a_changed_mode_counts_at_the_next_tick(tmp_path: Path, server: tuple[Switch, int]) -> None:
    """Whatever lies on disk: public pages are closed or opened by an edit of the file while the service runs."""
    with practice(tmp_path, model=False) as (_, settings), service_of(settings) as service:
        service.tick()
        with site_of(settings, server) as site:
            own = f"/a/{site.token(Purpose.ARCHIVE)}/{DAY}.html"
            for number, mode in enumerate(MODES):
                roster = f"newsletter: {{archive: {mode}, name: N{number}}}\n{ROSTER}"
                settings.subscribers.write_text(roster, "utf-8")
                service.tick()
                (settings.data_dir / "archive").mkdir(exist_ok=True)  # whatever is on disk
                (settings.data_dir / "archive" / "left-over.html").write_text("x", "utf-8")
                found = [site.ask("GET", path).status for path in (f"/{DAY}.html", "/left-over.html", own)]
                opened = {"public": [200, 200, 200], "private": [404, 404, 200], "none": [404, 404, 404]}[mode]
                assert opened == found, (number, mode)
                if mode != "public":
                    assert "Disallow: /" in site.ask("GET", "/robots.txt").text
                    shutil.rmtree(settings.data_dir / "archive")


def test_no_archive_by_command(tmp_path: Path, newsletter: Run) -> None:
    """`newsletter archive` with `none`: nothing is left where it could be served, and nothing is lost."""
    with practice(tmp_path, model=False) as (_, settings):
        with desk_of(settings) as desk:
            run(desk)
            publish(desk)
        settings.subscribers.write_text(f"newsletter: {{archive: none}}\n{ROSTER}", "utf-8")
        ended = newsletter("archive")
        assert "kept in" in ended.stdout, ended.stderr
        assert not (settings.data_dir / "archive").exists()
        assert 0o700 == (settings.data_dir / "archive-private").stat().st_mode & 0o777
        settings.subscribers.write_text(ROSTER, "utf-8")
        newsletter("archive")
        assert (settings.data_dir / "archive" / f"{DAY}.html").is_file()


def test_the_archive_templates_are_examined(tmp_path: Path) -> None:
    """`check` finds a broken archive template as it finds a broken mail."""
    own = tmp_path / "templates"
    own.mkdir()
    (own / "archive-day.html.j2").write_text("{{ day.nonsense }}", "utf-8")
    with practice(tmp_path, model=False) as (_, settings), counter_of(settings) as counter:
        assert own in folders("templates", settings.subscribers)
        (finding,) = doctor.examine(settings, counter)
    assert (str(own / "archive-day.html.j2"), 1) == (finding.where, finding.line)
    assert "nonsense" in finding.problem


def test_the_prompt_that_was_used_is_kept(tmp_path: Path) -> None:
    """Also when the archive is lost and the interests were worded anew: the ledger has the text of each day."""
    with practice(tmp_path) as (_, settings):
        with desk_of(settings) as desk:
            run(desk)
            publish(desk)
        folder = settings.data_dir / "archive"
        before = json.loads((folder / f"{DAY}.json").read_bytes())
        assert "Mixture of experts, sparsity" in before["selection"]["topics"][0]["request"]
        assert "whole numbers from 1 to 10" in before["selection"]["system"]
        assert {"scoring", "summaries"} == {bill["stage"] for bill in before["bills"]}
        assert before["prompt_tokens"] == sum(bill["prompt_tokens"] for bill in before["bills"])
        settings.subscribers.write_text(ROSTER.replace("Mixture of experts", "Sea ice and its birds"), "utf-8")
        (folder / f"{DAY}.json").unlink()
        with desk_of(settings) as desk:
            publish(desk)
    assert before["selection"] == json.loads((folder / f"{DAY}.json").read_bytes())["selection"]


def test_a_backup_has_the_published_days(tmp_path: Path) -> None:
    """From them every page is made again, as it was."""
    with practice(tmp_path, model=False) as (_, settings):
        with desk_of(settings) as desk:
            run(desk)
            publish(desk)
        before = (settings.data_dir / "archive" / f"{DAY}.html").read_bytes()
        copy = backup(settings, tmp_path / "copy", utc_now())
        moved = settings.model_copy(update={"data_dir": copy / "var", "subscribers": copy / "subscribers.yaml"})
        with desk_of(moved) as desk:
            publish(desk)
        assert before == (copy / "var" / "archive" / f"{DAY}.html").read_bytes()
