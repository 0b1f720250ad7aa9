"""The archive as readers use it: in Chromium, from any static host and under any path, by keyboard, on a phone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from newsletter.archive import Site
from tests.factories import DAY
from tests.issues import DATES, days, fill, hostile_day
from tests.pages import judge, nu_errors

SUBFOLDER = "some/where"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("host")
    fill(root / SUBFOLDER, days(*DATES), Site(name="Morning arXiv", languages=("en", "zh"), identity="0" * 32))
    return root


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The archive on a plain static host, below a path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{SUBFOLDER}/"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page that must neither complain nor ask anybody else."""
    shown = browser.new_page(viewport={"width": 900, "height": 800})
    troubles: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: troubles.append(message.text))
    shown.on("pageerror", lambda error: troubles.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    yield shown
    cookies = shown.context.cookies()
    shown.close()
    assert [] == troubles
    assert [] == cookies
    assert [] == [url for url in asked if not url.startswith(address)]


def test_reading_from_day_to_day(page: Any, address: str) -> None:
    """From the front page to the newest issue, back over a holiday and a weekend, and to the month."""
    page.goto(address)
    page.get_by_role("link", name="All papers of this issue").click()
    for day in ("Thursday, 2 April 2026", "Monday, 9 March 2026", "Friday, 6 March 2026"):
        page.get_by_role("link", name="←").first.click()
        assert day in page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="→").first.click()
    assert page.url.endswith(f"/{DAY}.html")
    page.get_by_text("Abstract", exact=True).first.click()
    assert page.get_by_text("Earlier methods prune every layer alike.").first.is_visible()
    page.get_by_role("link", name="March 2026").click()
    assert "March 2026" == page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="6 March: 7 papers").click()
    assert page.url.endswith("/2026-03-06.html")
    page.get_by_role("link", name="Permalink").nth(1).click()
    assert "Zebrafish on day 6" == page.get_by_role("heading", level=1).inner_text()
    assert page.url.endswith("/papers/2603.00602.html")


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("zebrafish", 1),
        ("muller noel", 1),
        ("剪枝预算", 7),
        ("gradients", 7),
        ("zebrafish 剪枝", 1),
        ("xyzzy", 0),
        ("", 7),
    ],
)
def test_the_filter_of_a_day(page: Any, address: str, typed: str, left: int) -> None:
    """Words, names without their accents, Chinese and abstracts: what does not match steps aside."""
    page.goto(f"{address}{DAY}.html")
    page.get_by_label("Filter this issue").fill(typed)
    assert left == page.locator("article:visible").count()
    assert (f"{left} of 7 papers" if typed else "") == page.locator("#shown").inner_text()


@pytest.mark.parametrize(
    ("asked", "first", "count"),
    [
        ("zebrafish", "Zebrafish on day 7", 5),  # in a title; the newest first
        ("Müller", "Zebrafish on day 7", 5),  # a name
        ("mull", "Zebrafish on day 7", 5),  # its beginning, without accents
        ("剪枝预算", "Pruner1", 35),  # a Chinese word
        ("gradients", "Pruner1", 35),  # in abstracts alone
        ('"on day 5"', "Zebrafish on day 5", 1),
        ("zebrafish gradients 精度", "Zebrafish on day 7", 5),
        ("xyzzy", None, 0),
        ("zebrafish xyzzy", None, 0),
        ("<img src=x>", None, 0),
    ],
)
def test_the_search(page: Any, address: str, asked: str, first: str | None, count: int) -> None:
    """Over all days without a server: a word, a name, a Chinese word, a phrase, and what stands in abstracts."""
    page.goto(address)
    page.get_by_role("searchbox").fill(asked)
    page.get_by_role("button", name="Search").click()
    page.wait_for_function("/found\\.$/.test(document.getElementById('found')?.textContent)")
    said = f"{count} paper{'s' if count != 1 else ''} found." if count else "No paper found."
    assert said == page.locator("#found").inner_text()
    titles = page.locator("#results .name").all_inner_texts()
    assert count == len(titles)
    assert first is None or titles[0].startswith(first)
    assert asked == page.get_by_role("searchbox").input_value()


def test_a_found_paper_is_one_click_away(page: Any, address: str) -> None:
    """A result leads to the paper and to its day; what was asked for stands in the address, to be sent on."""
    page.goto(f"{address}search.html")
    page.get_by_role("searchbox").press_sequentially("zebrafish 5")
    page.wait_for_function("document.querySelectorAll('#results li').length === 1")
    assert page.url.endswith("search.html?q=zebrafish+5")
    page.get_by_role("link", name="Zebrafish on day 5").click()
    assert page.url.endswith("/papers/2603.00502.html")
    page.go_back()
    page.get_by_role("link", name="5 March 2026").click()
    assert "Thursday, 5 March" in page.get_by_role("heading", level=1).inner_text()


def test_a_part_of_the_index_that_is_missing_is_said(browser: Any, address: str) -> None:
    """What could be loaded is searched; that something is missing is not passed over."""
    shown = browser.new_page()
    shown.route("**/2026-q2.idx", lambda route: route.abort())
    shown.goto(f"{address}search.html?q=zebrafish")
    shown.wait_for_function("/loaded/.test(document.getElementById('found').textContent)")
    assert "3 papers found. A part of the index could not be loaded." == shown.locator("#found").inner_text()
    shown.close()


def test_by_keyboard_alone(page: Any, address: str) -> None:
    """Skip link, neighbours, filter, abstracts: all within reach of the Tab key, and the focus is seen."""
    page.goto(f"{address}{DAY}.html")
    page.keyboard.press("Tab")
    assert "Skip to the content" == page.evaluate("document.activeElement.textContent")
    assert 0 <= page.evaluate("document.activeElement.getBoundingClientRect().left")
    page.keyboard.press("Enter")
    seen = []
    for _ in range(58):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("(document.activeElement.id || document.activeElement.textContent).trim()"))
        assert "none" != page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), seen[-1]
    wanted = [
        "← Fri\xa06\xa0March",
        "March 2026",
        "Thu\xa02\xa0April →",
        "filter",
        "Copy BibTeX",
        "Abstract",
        "Totals and cost",
        "JSON",
    ]
    assert wanted == list(dict.fromkeys(one for one in seen if one in wanted))
    page.locator("#filter").focus()
    page.keyboard.type("zebrafish")
    for _ in ("number", "title", "PDF", "HTML", "BibTeX", "Abstract"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert 1 == page.locator("article:visible details[open]").count()


def test_bibtex_is_copied(browser: Any, address: str) -> None:
    """The button copies what the link leads to; the link to share is copied too."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    shown = context.new_page()
    shown.goto(f"{address}{DAY}.html")
    shown.get_by_role("button", name="Copy BibTeX").nth(1).click()
    shown.get_by_role("button", name="Copied").wait_for()
    assert shown.evaluate("navigator.clipboard.readText()").startswith("@misc{muller2026zebrafish,")
    assert 1 == shown.evaluate("navigator.clipboard.readText()").count("@misc{")
    shown.goto(f"{address}papers/2603.00902.html")
    shown.get_by_role("button", name="Copy link").click()
    shown.get_by_role("button", name="Copied").wait_for()
    assert "https://arxiv.org/abs/2603.00902" == shown.evaluate("navigator.clipboard.readText()")
    context.close()


def test_without_scripts_everything_can_be_read(browser: Any, address: str) -> None:
    """No filter box that does nothing; the search says what it needs."""
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(f"{address}{DAY}.html")
    assert 7 == shown.locator("article:visible").count()
    assert 0 == shown.locator("#filter:visible").count()
    with shown.expect_download() as taken:
        shown.get_by_role("link", name="BibTeX", exact=True).last.click()
    assert f"{DAY}.bib" == taken.value.suggested_filename
    shown.goto(f"{address}search.html")
    assert shown.get_by_text("The search needs JavaScript").is_visible()
    context.close()


PAGES = ("index", str(DAY), "2026-03", "papers/2603.00902", "prompts/0123456789abcdef", "search", "404")


@pytest.mark.parametrize("name", [*PAGES, f"topics/{quote('机器人')}/index", f"topics/foundations/{DAY}"])
def test_every_page_on_every_screen(page: Any, axe: str, address: str, name: str) -> None:
    """axe-core finds nothing with all its rules, light and dark; nothing scrolls sideways at 360 pixels."""
    page.goto(f"{address}{name}.html{'?q=pruner1' if name == 'search' else ''}")
    if name == "search":
        page.wait_for_selector("#results li")
    judge(page, axe, f"archive-{name.replace('/', '-')}")


def test_hostile_texts_do_nothing(page: Any, axe: str, folder: Path, address: str) -> None:
    """In a browser too they are text: on pages, in the filter's and the search's results."""
    fill(folder / SUBFOLDER / "hostile", {DAY: hostile_day()})
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for name in (f"{DAY}.html", "index.html", "2026-03.html", "search.html?q=alert", "papers/2603.00010.html"):
        page.goto(f"{address}hostile/{name}")
        if name.startswith("search"):
            page.wait_for_selector("#results li")
            assert "<script>alert(1)</script>" in page.locator("#results").inner_text()
        assert 0 == page.locator("img, iframe, [onclick], [onerror]").count()
        assert 360 <= page.evaluate("document.documentElement.clientWidth")
        judge(page, axe, f"hostile-{name.partition('.')[0].replace('/', '-')}")


def test_the_html_is_valid(folder: Path) -> None:
    """The Nu HTML checker has nothing to say about any page, hostile texts included."""
    fill(folder / SUBFOLDER / "hostile", {DAY: hostile_day()})
    files = sorted((folder / SUBFOLDER).rglob("*.html"))
    assert 60 < len(files)
    assert [] == nu_errors(files)
