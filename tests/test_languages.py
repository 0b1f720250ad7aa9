"""Every sentence that a reader sees comes from one file: in a made-up language nothing else is to be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import lxml.etree
import pytest

from newsletter import archive
from newsletter.models import ArchiveMode, Bill, Notice, NoticeKind, Subscriber, SubscriberState, Usage, Wishes
from newsletter.render import Renderer
from newsletter.render.sample import sample_editions
from newsletter.settings import Settings
from newsletter.tokens import Purpose
from newsletter.web import pages
from newsletter.words import load_words
from tests import spoken
from tests.conftest import ROOT
from tests.factories import DAY, a_letterhead, an_edition, an_entry
from tests.issues import DATES, a_day, a_site, an_issue, days
from tests.mails import KINDS, mailed
from tests.morning import ROSTER
from tests.responses import KINDS as KINDS_OF_ANSWERS
from tests.responses import written
from tests.site import Site, site_of
from tests.spoken import LANGUAGE, data_of, foreign, visible

SHIPPED = ROOT / "templates"
NOW = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
CHEN = "chen@example.org"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Our templates with one file more."""
    return spoken.put(tmp_path_factory.mktemp("templates"), LANGUAGE, spoken.catalogue()), SHIPPED


# --- the email ---


def test_an_email_has_no_other_word(places: tuple[Path, ...]) -> None:
    """Every kind of edition, as HTML and as text, with its subject; every notice; with and without a web part."""
    renderer = Renderer(places, None)
    kinds = [*sample_editions(), *((KINDS[name](), a_letterhead()) for name in KINDS if name != "hostile")]
    kinds += [(an_edition(0, notices=(Notice(NoticeKind.LATE),)), a_letterhead(public_url=None))]
    kinds += [(an_edition(3, bills=(Bill("scoring", "a", 1, Usage(70, 5, None)),)), a_letterhead())]
    for edition, letterhead in kinds:
        wishes = replace(edition.wishes, languages=(LANGUAGE, "en"))
        message = mailed(renderer, replace(edition, wishes=wishes), letterhead)
        known = [*data_of(edition), *data_of(letterhead)]
        parts = {"html": visible(message.html), "text": message.text, "subject": message.rendered.subject}
        for name, text in parts.items():
            assert [] == foreign(text, known), (name, edition.notices)
            assert any("ა" <= letter <= "ჰ" for letter in text), name


# --- the pages and the answers ---


def test_a_small_page_has_no_other_word(places: tuple[Path, ...]) -> None:
    """Asking, leaving and undoing, and each link that leads nowhere."""
    voice = pages.Voice(load_words(places, LANGUAGE), "Morning arXiv", "ada@example.org", has_archive=True)
    made = [pages.back, pages.not_back, pages.not_valid, pages.not_now, pages.not_found, pages.gone, pages.link_asked]
    made += [pages.not_allowed, pages.failed, pages.link_sent, pages.too_many]
    homes = [pages.home(voice, mode) for mode in (*ArchiveMode, None)]
    for page in [*homes, *(one(voice) for one in made), pages.ask(voice, "token", ""), pages.left(voice, "token", "")]:
        assert [] == foreign(visible(page), ["Morning arXiv"])
        assert f'<html lang="{LANGUAGE}" dir="ltr">' in page


@pytest.fixture
def visited(tmp_path: Path, server: Any) -> Iterator[Site]:
    """The web part of a newsletter whose reader wants the made-up language."""
    spoken.put(tmp_path / "templates", LANGUAGE, spoken.catalogue())
    roster = ROSTER.replace("languages: [zh, en]", f"languages: [{LANGUAGE}, en]")
    (tmp_path / "subscribers.yaml").write_text(roster, "utf-8")
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")
    with site_of(settings, server) as opened:
        yield opened


WRONG: list[Mapping[str, Any]] = [
    {}, {"send_at": "25:00"}, {"timezone": "Mars/Olympus"}, {"days": [""]}, {"topics": ["", "cooking"]},
    {"languages": ["fr", ""]}, {"languages": ["no language", ""]}, {"do": "pause", "until": "soon"},
    {"do": "pause", "until": "2020-01-01"}, {"days": ["", "someday"]}, {"abstracts": "some"},
]  # fmt: skip


def test_the_preferences_page_has_no_other_word(visited: Site) -> None:
    """As it is shown, with each error, after saving, pausing, leaving and coming back."""
    address = f"/p/{visited.token(Purpose.PREFERENCES, CHEN)}"
    forms = [{"do": "save"} | one for one in WRONG]
    forms += [{"do": "pause", "until": str(visited.counter.today.replace(day=28))}, {"do": "leave"}, {"do": "back"}]
    shown = [visited.ask("GET", address).text]
    for form in forms:
        shown.append(visited.ask("POST", address, urlencode(form, doseq=True).encode()).text)
        shown.append(visited.ask("GET", address).text)
    known = [
        CHEN,
        "Morning arXiv",
        "Foundation models",
        "Robots",
        *(text for form in forms for text in data_of(form)),
        "en",
        "zh",
        LANGUAGE,
    ]
    known = [one for one in known if one not in ("pause", "save", "leave", "back")]
    for page in shown:
        assert [] == foreign(visible(page), known)


@pytest.mark.parametrize("web", ["https://news.example.org", None])
def test_an_answer_has_no_other_word(places: tuple[Path, ...], web: str | None) -> None:
    """Each answer to a reply, both parts and the subject."""
    reader = Subscriber(id=7, email="ada@example.net", state=SubscriberState.PAUSED, since=NOW, added=NOW)
    reader = replace(reader, paused_until=date(2026, 4, 1))
    for kind, response in KINDS_OF_ANSWERS.items():
        message = written(response, reader, load_words(places, LANGUAGE), a_letterhead(public_url=web))
        for text in (message.text, visible(message.html), message.rendered.subject):
            assert [] == foreign(text, ["Morning arXiv", "UTC", "Zagreb", a_letterhead().postal_address]), kind


# --- the archive ---


@pytest.fixture(scope="module")
def content() -> Mapping[date, archive.Day]:
    """Days with a model and without, with no papers, with an author who is followed and a stage nobody knows."""
    bare = an_edition([an_entry(1, score=None, reason=None, lines=(), by_author="Ada Lovelace")], model=None)
    without = archive.day_json(an_issue(date(2026, 4, 9), model=None, usage=Usage(), scored=0), bare)
    empty = a_day(date(2026, 4, 10), an_edition([]))
    empty["bills"][0]["stage"] = ""
    return {**days(*DATES), date(2026, 4, 9): without | {"date": "2026-04-09"}, date(2026, 4, 10): empty}


@pytest.fixture(scope="module")
def files(places: tuple[Path, ...], content: Mapping[date, archive.Day]) -> Mapping[str, bytes]:
    site = a_site(languages=(LANGUAGE,))
    return {**archive.pages(site, {}, places), **archive.pages(site, content, places)}


def test_the_archive_has_no_other_word(files: Mapping[str, bytes], content: Mapping[date, archive.Day]) -> None:
    """Every page, before the first issue too, and every feed."""
    known = [*data_of(content), "Morning arXiv"]
    for name in (name for name in files if name.endswith(".html")):
        assert [] == foreign(visible(files[name].decode()), [name, *known]), name
    for name in (name for name in files if name.endswith("feed.xml")):
        tree = lxml.etree.fromstring(files[name])
        said = tree.xpath("//*[local-name()='title' or local-name()='summary']/text()")
        assert [] == foreign("\n".join(said), known), name
        assert LANGUAGE == tree.get("{http://www.w3.org/XML/1998/namespace}lang")


def test_an_archive_without_issues_has_no_other_word(places: tuple[Path, ...]) -> None:
    """The front page says in that language that nothing is there yet."""
    front = archive.pages(a_site(languages=(LANGUAGE,)), {}, places)["index.html"].decode()
    assert [] == foreign(visible(front), ["Morning arXiv"])


def test_the_script_has_no_other_word(browser: Any, files: Mapping[str, bytes]) -> None:
    """What search and filter say: some, one and none, and that a part is missing."""
    page = browser.new_page()
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

    def serve(route: Any) -> None:
        name = route.request.url.removeprefix("http://archive.test/").partition("?")[0]
        if "q2" in name:
            route.abort()
        else:
            route.fulfill(body=files[name], content_type=kinds.get(name.rpartition(".")[2], "application/json"))

    page.route("**/*", serve)
    for asked, count in (("pruner", 18), ("zebrafish on day 5", 1), ("xyzzy", 0)):
        page.goto(f"http://archive.test/search.html?q={asked}")
        page.wait_for_function(f"document.querySelectorAll('#results li').length === {count}")
        page.wait_for_function("document.getElementById('found').textContent.split('.').length > 2")
        text = page.locator("#found").inner_text()
        assert [] == foreign(text, [])
        assert str(count or "") in text
    page.goto(f"http://archive.test/{DAY}.html")
    page.locator("#filter").fill("zebrafish")
    assert [] == foreign(page.locator("#shown").inner_text(), [])
    assert "1" in page.locator("#shown").inner_text()
    page.close()


# --- what is shipped ---


def test_a_file_is_all_that_a_language_needs(places: tuple[Path, ...]) -> None:
    """`newsletter check` tries it with every other one; whoever lacks a phrase gets ours."""
    Renderer(places, None).check()
    assert json.loads(json.dumps(load_words(places, LANGUAGE).as_data("script_")))["locale"] == LANGUAGE
    assert Wishes(topics=("f",), languages=(LANGUAGE,)).languages[0] == LANGUAGE
