"""The mail before judges that are not ours: Chromium, axe-core, SpamAssassin; and real papers against the raw text."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from newsletter import pipeline
from newsletter.cli import morning
from newsletter.errors import ConfigurationError
from newsletter.models import Abstracts, Masthead, Message, Newsletter, Paper, Topic
from newsletter.render import HTML_LIMIT, Renderer
from newsletter.replies import inviting
from newsletter.store import open_store
from newsletter.tex import to_unicode
from newsletter.words import load_words
from tests.counters import MORNING, a_counter
from tests.factories import DAY, a_letterhead
from tests.mails import KINDS, TEMPLATES, edition_of, mailed, real_papers
from tests.morning import ROSTER, desk_of, outbox, part, practice
from tests.responses import ADA, written
from tests.responses import KINDS as ANSWERS
from tests.test_joining import a_request

_FIRST = "['h3', '.who', '.line', '.second']"
ARTEFACTS = Path(__file__).parent.parent / "var" / "artefacts" / "mail"  # kept by CI, ignored by git


@pytest.fixture(scope="session")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    return Renderer([TEMPLATES], tmp_path_factory.mktemp("cache"))


# --- real papers ------------------------------------------------------------


@pytest.mark.parametrize("abstracts", list(Abstracts))
@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("seed-papers.jsonl", 0, 20),
        ("seed-papers.jsonl", 30, 25),
        ("awkward.jsonl", 0, 25),
        ("days/2026-03-09.jsonl.gz", 0, 40),
        ("days/2026-03-06.jsonl.gz", 100, 60),
    ],
)
def test_real_papers_fit(
    renderer: Renderer, real_data: Path, name: str, first: int, count: int, abstracts: Abstracts
) -> None:
    """At most 95,000 bytes, nothing cut inside a word, the same links in both parts."""
    papers = real_papers(real_data, name)[first : first + count]
    assert len(papers) == count
    mail = mailed(renderer, edition_of(papers, abstracts))
    assert len(mail.html.encode()) <= HTML_LIMIT
    _whole_words(mail, papers)
    flat = " ".join(mail.text.split())
    for paper in papers:
        assert f'href="{paper.abs_url}"' in mail.html
        assert paper.abs_url in flat
        assert to_unicode(paper.title) in flat


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_25_whole_abstracts_fit(renderer: Renderer, real_data: Path, start: int) -> None:
    """Abstracts of 1,450 characters on average are all there when the reader asks for all."""
    hundred = real_papers(real_data, "days/2026-03-09.jsonl.gz")[start : start + 100]
    papers = sorted(hundred, key=lambda paper: abs(len(paper.abstract) - 1450))[:25]
    assert sum(len(paper.abstract) for paper in papers) > 25 * 1400
    mail = mailed(renderer, edition_of(papers, Abstracts.FULL))
    assert len(mail.html.encode()) <= HTML_LIMIT
    shown = "\n".join(_abstracts(mail.html))
    assert [paper.arxiv_id for paper in papers if to_unicode(paper.abstract) not in shown] == []


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, EmailMessage]:
    """The emails of the sample day, by the practice model."""
    with practice(tmp_path_factory.mktemp("day")) as (_, settings), desk_of(settings) as desk:
        pipeline.run(desk)
        return outbox(settings)


def test_the_demo_day_fits(day: Mapping[str, EmailMessage]) -> None:
    """They stay far below the limit."""
    assert day
    for mail in day.values():
        assert 10_000 < len(part(mail, "html").encode()) <= HTML_LIMIT
        assert "arxiv.org/abs/" in part(mail, "plain")


def test_the_first_screen_of_a_phone(day: Mapping[str, EmailMessage], browser: Any) -> None:
    """It holds the first paper's title, authors and both one-liners; fifteen papers are not much longer than needed."""
    for mail in day.values():
        page = browser.new_page(viewport={"width": 375, "height": 812})
        page.set_content(part(mail, "html"))
        bottoms = page.evaluate(f"{_FIRST}.map(one => document.querySelector(one).getBoundingClientRect().bottom)")
        assert bottoms == sorted(bottoms)
        assert bottoms[-1] <= 812
        page.set_viewport_size({"width": 360, "height": 812})
        assert 15 == page.evaluate("document.querySelectorAll('h3').length")
        assert page.evaluate("document.documentElement.scrollHeight") <= 9500
        page.close()


def test_preview_shows_the_operators_template(tmp_path: Path) -> None:
    """A file of the same name beside the roster is seen in the next preview; a broken one is named with its line."""
    own = tmp_path / "templates" / "footer.html.j2"
    own.parent.mkdir()
    own.write_text('<p class="foot">Brewed in our own kitchen.</p>\n', "utf-8")
    with practice(tmp_path, model=False) as (_, settings):
        page, text = morning.preview(settings, "chen@example.org", DAY)
        assert "Brewed in our own kitchen." in page.read_text("utf-8")
        assert "Brewed" not in text.read_text("utf-8")
        own.write_text('<p class="foot">\n[[m.kitchen]]</p>\n', "utf-8")
        with pytest.raises(ConfigurationError, match=r"footer\.html\.j2:2: .*kitchen"):
            morning.preview(settings, "chen@example.org", DAY)


@pytest.mark.parametrize(("mode", "named"), [("public", True), ("private", True), ("none", False)])
def test_the_roster_decides_whether_mails_name_the_archive(tmp_path: Path, mode: str, named: bool) -> None:
    """Where there are no pages none are linked to; where they are for readers alone, with the reader's token."""
    roster = f"newsletter: {{archive: {mode}}}\n{ROSTER}"
    with practice(tmp_path, roster=roster) as (_, settings), desk_of(settings) as desk:
        assert (named, mode == "private") == (desk.letterhead.archive, desk.letterhead.private)


def _abstracts(html: str) -> list[str]:
    """The text of every abstract, as a reader sees it."""
    shown = re.findall(r'<p class="abs"[^>]*>(.*?)</p>', html, re.S)
    return [unescape(re.sub(r"<[^>]+>", "", piece)).strip() for piece in shown]


def _whole_words(mail: Message, papers: list[Paper]) -> None:
    """Each run of an abstract is whole sentences of its paper; only the subject may end in an ellipsis."""
    sources = " ".join(to_unicode(paper.abstract) for paper in papers)
    for shown in _abstracts(mail.html):
        for run in re.split(r"(?:^| )… ", shown):
            # A result may have lost the words that joined it to what stands before, and begins in upper case.
            run = run[1:] if shown.startswith("… ") else run
            assert re.search(rf"(?:^|\s|\w){re.escape(run)}(?:\s|$)", sources), run
    subject = dict(mail.headers)["Subject"]
    titles = " ".join(to_unicode(paper.title) for paper in papers)
    if subject.endswith("…"):
        assert subject[:-1].split()[-1] in titles.split()


# --- SpamAssassin -----------------------------------------------------------


def spam_scores(folder: Path, mails: Mapping[str, Message]) -> dict[str, float]:
    """What local rules say of each."""
    spamassassin = shutil.which("spamassassin")
    if not spamassassin:
        pytest.skip("no spamassassin on this machine")
    for name, mail in mails.items():
        (folder / name).write_bytes(mail.raw)
    command = [spamassassin, "-L", "-t", *(str(folder / name) for name in mails)]
    judged = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode(errors="replace")
    scores = re.findall(r"^X-Spam-Status: \w+, score=(-?[\d.]+)", judged, re.M)
    return dict(zip(mails, map(float, scores), strict=True))


def test_no_kind_looks_like_spam(renderer: Renderer, tmp_path: Path) -> None:
    """With the list headers in place each mail scores 0 or less by local rules."""
    kinds = {kind: mailed(renderer, make()) for kind, make in KINDS.items() if kind != "hostile"}
    scores = spam_scores(tmp_path, kinds)
    assert max(scores.values()) <= 0, scores


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_answer_looks_like_spam(tmp_path: Path, language: str) -> None:
    """Nor does any answer to a reply."""
    words = load_words([TEMPLATES], language)
    mails = {kind: written(one, ADA, words, a_letterhead()) for kind, one in ANSWERS.items()}
    scores = spam_scores(tmp_path, mails | {"join": confirmation(tmp_path, language)})
    assert max(scores.values()) <= 0, scores


def confirmation(folder: Path, language: str) -> Message:
    """What is written to somebody who asked to join."""
    request = replace(a_request("eve@example.net", MORNING), language=language)
    masthead = Masthead(Newsletter(), (Topic(key="a", title="A", categories=("cs.LG",), interests="A"),))
    store = open_store("sqlite://")
    with closing(store):
        return inviting.compose(a_counter(store, folder / "subscribers.yaml"), masthead, request, "0" * 40)


# --- Chromium and axe-core --------------------------------------------------


# A mail is no page: the mail program around it has the landmarks.
_RUN_AXE = """() => axe.run({
    resultTypes: ["violations"], rules: {region: {enabled: false}, "landmark-one-main": {enabled: false}},
})"""
_SIZES = "[...document.querySelectorAll('p,li,h1,h2,h3,span,a,b')].map(e => parseFloat(getComputedStyle(e).fontSize))"
_PAGE = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}


@pytest.fixture(scope="module")
def tab(browser: Any) -> Any:
    """One page that shows email after email: a new one costs as much as all its judges."""
    return browser.new_page()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_on_every_screen(tab: Any, axe: str, renderer: Renderer, kind: str) -> None:
    """No violation, no horizontal scroll, no tiny letter, no request, dark is dark; the pictures are kept."""
    on_every_screen(tab, axe, kind, mailed(renderer, KINDS[kind]()).html)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "kind", ["left", "confirm", "ask-pause", "ask-how-long", "done-time", "help", "settings", "like"]
)
def test_every_answer_on_every_screen(tab: Any, axe: str, kind: str, language: str) -> None:
    """The same of answers to replies."""
    letterhead = a_letterhead(public_url=None) if kind == "ask-how-long" else a_letterhead()
    html = written(ANSWERS[kind], ADA, load_words([TEMPLATES], language), letterhead).html
    on_every_screen(tab, axe, f"answer-{kind}-{language}", html)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_confirmation_on_every_screen(tab: Any, axe: str, tmp_path: Path, language: str) -> None:
    on_every_screen(tab, axe, f"join-{language}", confirmation(tmp_path, language).html)


def on_every_screen(page: Any, axe: str, name: str, html: str) -> None:
    asked: list[str] = []

    def note(request: Any) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.set_content(html)
    page.evaluate(axe)
    for scheme, width in product(_PAGE, (360, 375, 700)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert min(page.evaluate(_SIZES)) >= 12
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == _PAGE[scheme]
        if width > 360:
            ARTEFACTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(ARTEFACTS / f"{name}-{width}-{scheme}.png"), full_page=True)
        if width != 375:
            found = page.evaluate(_RUN_AXE)
            assert [(broken["id"], broken["nodes"][0]["html"]) for broken in found["violations"]] == []
            assert len(found["passes"]) > 10
    page.remove_listener("request", note)
    assert asked == []


def test_without_styles_it_reads_from_top_to_bottom(browser: Any, renderer: Renderer) -> None:
    """A mail program that strips every style shows the same words in the same order."""
    html = mailed(renderer, KINDS["english"]()).html
    bare = re.sub(r'<style.*?</style>| style="[^"]*"| class="[^"]*"', "", html, flags=re.S)
    page = browser.new_page(viewport={"width": 700, "height": 800})
    page.set_content(bare)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(ARTEFACTS / "without-styles.png"), full_page=True)
    text = page.inner_text("body")
    page.close()
    marks = [
        "Pruner5; ",
        "Morning arXiv",
        "Monday, 9",
        "Paper of the day\n",
        "In this email\n",
        "Read closely\n",
        "Worth a look\n",
        "Also today\n",
        "You get this",
        "Not affiliated",
    ]
    assert sorted(marks, key=text.index) == marks
