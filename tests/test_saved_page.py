"""The page of saved papers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from newsletter.models import MarkKind
from newsletter.tokens import Purpose
from tests.pages import judge
from tests.site import ADA, Site, server, site
from tests.test_marking_page import PAPERS, _press, had

__all__ = ["had", "server", "site"]


@pytest.fixture
def saved(had: Site) -> Site:
    """Ada saved two papers."""
    for number in (2, 4):
        _press(had, f"save {number}")
    return had


def _path(site: Site, rest: str = "", email: str = ADA) -> str:
    return f"/s/{site.token(Purpose.SAVED, email)}{rest}"


def _saved(site: Site) -> tuple[str, ...]:
    return site.counter.store.marks(site.ids[ADA]).of(MarkKind.SAVE)


def test_what_was_saved_is_listed_and_removed(saved: Site) -> None:
    page = saved.ask("GET", _path(saved))
    assert [one.title in page.text for one in PAPERS] == [False, True, False, True, False]
    assert (page.headers["cache-control"], page.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert 1 == page.text.count(ADA)
    for _ in range(2):
        page = saved.ask("POST", _path(saved), urlencode({"remove": PAPERS[1].arxiv_id}).encode())
        assert PAPERS[1].title not in page.text
    assert _saved(saved) == (PAPERS[3].arxiv_id,)
    saved.ask("POST", _path(saved), urlencode({"remove": PAPERS[3].arxiv_id}).encode())
    assert "You have saved no papers yet" in saved.ask("GET", _path(saved)).text


@pytest.mark.parametrize(("form", "begins"), [("bib", "@misc{"), ("ris", "TY  - UNPB"), ("md", "# Saved papers")])
def test_they_are_taken_along(saved: Site, form: str, begins: str) -> None:
    file = saved.ask("GET", _path(saved, f"/papers.{form}"))
    assert file.status == 200
    assert file.text.startswith(begins)
    assert [one.arxiv_id in file.text for one in PAPERS] == [False, True, False, True, False]
    assert f'filename="saved-papers.{form}"' in file.headers["content-disposition"]
    assert saved.ask("GET", _path(saved, f"/papers.{form}", "chen@example.org")).text.count(PAPERS[1].arxiv_id) == 0


def test_one_of_them_and_their_ids_alone(saved: Site) -> None:
    one = saved.ask("GET", _path(saved, f"/papers.bib?id={PAPERS[3].arxiv_id}")).text
    assert [paper.arxiv_id in one for paper in PAPERS] == [False, False, False, True, False]
    ids = saved.ask("GET", _path(saved, "/papers.txt"))
    assert set(ids.text.split()) == {PAPERS[1].arxiv_id, PAPERS[3].arxiv_id}
    assert ids.headers["content-type"] == "text/plain; charset=utf-8"


def test_they_stand_under_the_day_of_their_issue(saved: Site) -> None:
    """The newest first; a paper that no issue had comes last."""
    page = saved.ask("GET", _path(saved)).text
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert headings[0] == "9\u00a0March\u00a02026"
    assert page.index(headings[0]) < page.index(f'id="p{PAPERS[1].arxiv_id}"')
    assert all(f'href="{PAPERS[number].pdf_url}">PDF</a>' in page for number in (1, 3))


def test_other_forms_and_tokens_lead_nowhere(saved: Site) -> None:
    assert saved.ask("GET", _path(saved, "/papers.exe")).status == 404
    for purpose in set(Purpose) - {Purpose.SAVED}:
        assert saved.ask("POST", f"/s/{saved.token(purpose)}", b"remove=2603.00002").status == 404
    assert len(_saved(saved)) == 2


def test_the_page_is_judged(saved: Site, browser: Any, axe: str) -> None:
    page = browser.new_page(bypass_csp=True)
    page.goto(f"http://127.0.0.1:{saved.port}{_path(saved)}")
    judge(page, axe, "saved-papers")
    page.close()
