"""The archive: each day as a page and as data, written only where something changed, and never more than text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from newsletter import app, archive
from newsletter.app.files import folders
from newsletter.app.publish import publish
from newsletter.errors import TemplateError
from newsletter.models import Issue, IssueState, Line, Usage
from newsletter.pipeline import run
from tests.conftest import ROOT
from tests.factories import DAY, a_paper, an_edition, an_entry
from tests.morning import ROSTER, desk_of, practice

TEMPLATES = (ROOT / "templates",)
HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}]]><!--[if mso]>"&\u2028 $x<y$'


def an_issue(day: date = DAY, **changes: Any) -> Issue:
    values: dict[str, Any] = {
        "date": day,
        "state": IssueState.READY,
        "collected": 493,
        "scored": 490,
        "unscored": 3,
        "picked": 3,
        "model": "example/model",
        "usage": Usage(70000, 5977, 0.4),
    }
    return Issue(**values | changes)


def days(*dates: date) -> Mapping[date, archive.Day]:
    return {day: archive.day_json(an_issue(day), an_edition(3)) for day in dates}


def page(files: Mapping[str, str], name: str) -> Any:
    return lxml.html.document_fromstring(files[name])


# --- the day as data ---


def test_a_day_as_json() -> None:
    """The JSON of a day has its counts, its bill, and each paper with links, lines, scores and reason."""
    day = archive.day_json(an_issue(), an_edition(2))
    papers = day.pop("papers")
    assert {
        "date": "2026-03-09",
        "collected": 493,
        "scored": 490,
        "unscored": 3,
        "model": "example/model",
        "prompt_tokens": 70000,
        "completion_tokens": 5977,
        "cost_usd": 0.4,
    } == day
    assert ["2603.00001", "2603.00002"] == [paper["id"] for paper in papers]
    paper = papers[0]
    assert (9, 7, "Pruning of expert models") == (paper["relevance"], paper["novelty"], paper["reason"])
    assert {"en", "zh"} == set(paper["lines"])
    assert "improves accuracy by 3.2% at half the size" in paper["abstract"]  # TeX is read
    assert "https://arxiv.org/abs/2603.00001" == paper["links"]["arxiv"]
    assert paper.keys() == archive._PAPER_KEYS


def test_a_day_without_a_model_has_no_scores() -> None:
    """Nothing is invented: no model, no scores, no bill."""
    entry = an_entry(1, score=None, reason=None, lines=())
    issue = an_issue(model=None, usage=Usage(), scored=0)
    day = archive.day_json(issue, an_edition([entry], model=None))
    assert (None, None, None, {}) == tuple(day["papers"][0][key] for key in ("relevance", "novelty", "reason", "lines"))
    shown = page(archive.pages("News", {DAY: day}, TEMPLATES), f"{DAY}.html").text_content()
    assert "without a model" in shown
    assert "Relevance" not in shown


# --- pages ---


def test_index_and_neighbours() -> None:
    """The index lists all days, newest first; each day leads to the one before and after it and to its JSON."""
    first, second, third = date(2026, 3, 6), DAY, date(2026, 3, 10)
    files = archive.pages("Morning arXiv", days(second, third, first), TEMPLATES)
    assert 1 + 3 * 2 == len(files)
    index = page(files, "index.html")
    assert [f"{day}.html" for day in (third, second, first)] == index.xpath("//li/a/@href")
    middle = page(files, f"{second}.html")
    assert [f"{first}.html", "index.html", f"{third}.html", f"{second}.json"] == middle.xpath("//nav/a/@href")
    assert [f"{second}.html"] == page(files, f"{third}.html").xpath("//nav/a[@rel='prev']/@href")
    assert [] == page(files, f"{first}.html").xpath("//nav/a[@rel='prev']/@href")
    links = {link for name in files if name.endswith(".html") for link in page(files, name).xpath("//nav/a/@href")}
    assert links <= files.keys()


def test_an_archive_without_days_is_a_page() -> None:
    """Before the first issue the index says so."""
    files = archive.pages("News", {}, TEMPLATES)
    assert ["index.html"] == list(files)
    assert "No issue yet" in files["index.html"]


def test_hostile_text_stays_text() -> None:
    """Titles, names, abstracts, lines, reasons and the newsletter's own name are shown, never executed."""
    paper = a_paper(title=HOSTILE, abstract=HOSTILE, authors=(HOSTILE,), comment='https://github.com/a/b"onclick=x')
    entry = an_entry(1, paper=paper, reason=HOSTILE, lines=(Line("en", HOSTILE),))
    day = archive.day_json(an_issue(model=HOSTILE), an_edition([entry]))
    files = archive.pages(HOSTILE, {DAY: day}, TEMPLATES)
    for name in ("index.html", f"{DAY}.html"):
        tree = page(files, name)
        assert [] == tree.xpath("//script | //img | //iframe | //comment() | //@*[starts-with(name(), 'on')]"), name
        assert "49" not in tree.xpath("//h1")[0].text_content(), name
        assert all(re.match(r"https://|[\w-]+\.(html|json)$", link) for link in tree.xpath("//@href")), name
    shown = page(files, f"{DAY}.html")
    assert "<script>alert(1)</script>" in shown.xpath("//h2")[0].text_content()
    assert "<script>alert(1)</script>" in shown.xpath("//p[@lang='en']")[0].text_content()
    assert day["papers"] == json.loads(files[f"{DAY}.json"])["papers"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("archive-day.html.j2", "<p>\n{% for paper in day.papers %}\n", 2),
        ("archive-day.html.j2", "<p>\n\n{{ day.nonsense }}", 3),
        ("archive-index.html.j2", "{{ name + 1 }}", 1),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    """A template of the operator's own that does not work is an error with file and line."""
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(TemplateError) as caught:
        archive.pages("News", days(DAY), (tmp_path, *TEMPLATES))
    assert (str(tmp_path / name), line) == (caught.value.file, caught.value.line)


# --- writing ---


def test_only_changed_files_are_written(tmp_path: Path) -> None:
    """The same again writes nothing; a new day writes itself, its neighbour and the index; damage is mended."""
    first, second = days(DAY), days(DAY, date(2026, 3, 10))
    written = archive.write(tmp_path, "News", first, TEMPLATES)
    assert {"index.html", f"{DAY}.html", f"{DAY}.json"} == {path.name for path in written}
    assert [] == archive.write(tmp_path, "News", first, TEMPLATES)
    written = archive.write(tmp_path, "News", second, TEMPLATES)
    assert {"index.html", f"{DAY}.html", "2026-03-10.html", "2026-03-10.json"} == {path.name for path in written}
    (tmp_path / "index.html").write_bytes(b"\xff\xfe half a file")
    assert ["index.html"] == [path.name for path in archive.write(tmp_path, "News", second, TEMPLATES)]
    assert [] == [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_day_is_taken_as_it_was_published(tmp_path: Path) -> None:
    """A published day is read back as it stands, until its issue changes or its file is damaged."""
    (day,) = days(DAY).values()
    archive.write(tmp_path, "News", {DAY: day}, TEMPLATES)
    assert day == archive.published(tmp_path, an_issue())
    assert archive.published(tmp_path, an_issue(collected=494)) is None
    assert archive.published(tmp_path, an_issue(usage=Usage(70001, 5977, 0.4))) is None
    assert archive.published(tmp_path, an_issue(date(2026, 3, 10))) is None
    for damage in ("", "[]", "{}", json.dumps(day | {"papers": [1]}), json.dumps(day | {"papers": [{"id": "x"}]})):
        (tmp_path / f"{DAY}.json").write_text(damage, "utf-8")
        assert archive.published(tmp_path, an_issue()) is None, damage


# --- publishing ---


@pytest.mark.parametrize("mode", ["none", "private"])
def test_an_archive_that_is_not_public_writes_nothing(tmp_path: Path, mode: str) -> None:
    """`archive: none` and `archive: private` leave no page anywhere."""
    with (
        practice(tmp_path, model=False, roster=f"newsletter:\n  archive: {mode}\n" + ROSTER) as (_, settings),
        desk_of(settings) as desk,
    ):
        run(desk)
        assert [] == publish(settings, desk)
        assert not (settings.data_dir / "archive").exists()


def test_a_morning_is_published_and_stays(tmp_path: Path) -> None:
    """Each picked paper is on its day's page; new words for a topic do not choose yesterday's papers again."""
    with practice(tmp_path, model=False) as (_, settings):
        with desk_of(settings) as desk:
            run(desk)
            assert {"index.html", f"{DAY}.html", f"{DAY}.json"} == {path.name for path in publish(settings, desk)}
            assert [] == publish(settings, desk)
        before = (settings.data_dir / "archive" / f"{DAY}.json").read_bytes()
        settings.subscribers.write_text(ROSTER.replace("Mixture of experts", "Sea ice and its birds"), "utf-8")
        with desk_of(settings) as desk:
            assert [] == publish(settings, desk)
            issue = desk.store.issues()[0]
            desk.store.save_issue(replace(issue, unscored=issue.unscored + 1))
            assert f"{DAY}.json" in {path.name for path in publish(settings, desk)}
    assert len(json.loads(before)["papers"]) == issue.picked


def test_pages_that_are_left_over_are_a_finding(tmp_path: Path) -> None:
    """An archive that is public no longer is still served: `check` names the folder."""
    with practice(tmp_path, model=False, roster="newsletter:\n  archive: private\n" + ROSTER) as (_, settings):
        assert [] == app.examine(settings)
        (settings.data_dir / "archive").mkdir(parents=True)
        (finding,) = app.examine(settings)
    assert (str(settings.data_dir / "archive"), "remove the folder") == (finding.where, finding.remedy)
    assert not finding.fatal


def test_the_archive_templates_are_examined(tmp_path: Path) -> None:
    """`check` finds a broken archive template as it finds a broken mail."""
    own = tmp_path / "templates"
    own.mkdir()
    (own / "archive-day.html.j2").write_text("{{ day.nonsense }}", "utf-8")
    with practice(tmp_path, model=False) as (_, settings):
        assert own in folders("templates", settings.subscribers)
        (finding,) = app.examine(settings)
    assert (str(own / "archive-day.html.j2"), 1) == (finding.where, finding.line)
    assert "nonsense" in finding.problem


# --- in a browser ---


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance of `rgb(r, g, b)`."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


COLOURS = """() => [...document.querySelectorAll('h1, h2 a, p, summary, nav a, .quiet')].map(one => [
  one.tagName + ' ' + one.className, getComputedStyle(one).color, getComputedStyle(document.body).backgroundColor])"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(tmp_path: Path, browser: Any, scheme: str) -> None:
    """At 360 pixels, light and dark, nothing scrolls sideways and every text has the contrast of WCAG AA."""
    long = "".join(["Supercalifragilistic", "-expialidocious" * 6])
    entries = [an_entry(1), an_entry(2, paper=a_paper(2, title=long, categories=("cs.LG",) * 20)), an_entry(3)]
    day = archive.day_json(an_issue(), an_edition(entries))
    older = date(2026, 3, 6)
    archive.write(tmp_path, "Morning arXiv", {DAY: day, older: day | {"date": str(older)}}, TEMPLATES)
    shown = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme, device_scale_factor=2)
    for name in ("index", str(DAY)):
        shown.goto((tmp_path / f"{name}.html").as_uri())
        shown.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert 360 >= shown.evaluate("document.documentElement.scrollWidth"), name
        for what, text, ground in shown.evaluate(COLOURS):
            assert 4.5 <= _contrast(text, ground), (name, what)
    shown.close()
