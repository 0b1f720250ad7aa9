"""The page on which readers say what they think of an email's papers."""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from newsletter.models import DeliveryState, MarkKind, PrintedPaper
from newsletter.tokens import Purpose
from tests.factories import a_paper
from tests.ledger import MONDAY, a_delivery, a_rendered, an_issue
from tests.pages import judge
from tests.site import ADA, Site, server, site

__all__ = ["server", "site"]
KEY = "ab12" * 16
LIKE, NOT, SAVE = MarkKind.LIKE, MarkKind.NOT, MarkKind.SAVE
PAPERS = [a_paper(number) for number in range(1, 6)]


@pytest.fixture
def had(site: Site) -> Site:
    """Ada has had an email with five papers."""
    store = site.counter.store
    store.save_collection(an_issue(), PAPERS, (), ["cs.LG"])
    printed = tuple(PrintedPaper(one.arxiv_id, 1, number, "moe") for number, one in enumerate(PAPERS, start=1))
    store.save_edition(a_rendered(KEY, papers=printed))
    store.plan([a_delivery(site.ids[ADA], ADA, (MONDAY,), KEY, state=DeliveryState.ACCEPTED)])
    return site


def _path(site: Site, email: str = ADA, **query: object) -> str:
    return f"/f/{site.token(Purpose.MARKS, email)}?{urlencode({'e': '20260309'} | query)}"


def _press(site: Site, what: str, **query: object) -> Any:
    return site.ask("POST", _path(site, **query), urlencode({"do": what}).encode())


def _kinds(site: Site, number: int) -> set[MarkKind]:
    return set(site.counter.store.marks(site.ids[ADA]).kinds(PAPERS[number - 1].arxiv_id))


def test_looking_changes_nothing(had: Site) -> None:
    """Whatever a scanner or a prefetching browser asks for, in whichever order."""
    rng = random.Random(1)
    for _ in range(40):
        query = {"p": rng.choice(["1", "3", "99", "x", ""]), "m": rng.choice(["1", "2", "3", "evil"])}
        headers = {"Purpose": "prefetch", "Sec-Purpose": "prefetch"} if rng.random() < 0.5 else {}
        assert had.ask(rng.choice(["GET", "HEAD"]), _path(had, **query), headers=headers).status == 200
    assert had.counter.store.mark_counts() == {"like": 0, "not": 0, "save": 0}


def test_the_paper_of_the_link_stands_first_with_its_button_highlighted(had: Site) -> None:
    page = had.ask("GET", _path(had, p=4, m=3)).text
    assert re.findall(r'id="t(\d)"', page) == ["4", "1", "2", "3", "5"]
    (button,) = re.findall(r'<button name="do" value="([a-z]+ \d)"', page)
    assert button == "save 4"
    assert 15 == page.count('aria-pressed="false"')
    headers = had.ask("GET", _path(had)).headers
    assert (headers["cache-control"], headers["x-robots-tag"]) == ("no-store", "noindex")


def test_one_post_marks_once(had: Site) -> None:
    for _ in range(3):
        page = _press(had, "like 2", p=2, m=1)
        assert page.status == 200
        assert "Stored: more like" in page.text
    assert had.counter.store.mark_counts() == {"like": 1, "not": 0, "save": 0}
    (mark,) = had.counter.store.marks(had.ids[ADA]).all
    assert (mark.how, mark.edition) == ("page", KEY)
    assert 1 == page.text.count('aria-pressed="true"')


def test_marks_are_taken_back_and_replaced(had: Site) -> None:
    _press(had, "like 2")
    undo = re.search(r'value="(back like 2)"', _press(had, "save 2").text)
    assert undo
    assert _kinds(had, 2) == {LIKE, SAVE}
    _press(had, "not 2")
    assert _kinds(had, 2) == {NOT, SAVE}
    for _ in range(2):
        assert _press(had, "back not 2").status == 200
    _press(had, "back save 2")
    assert _kinds(had, 2) == set()


@pytest.mark.parametrize(
    "what", ["", "like", "like 6", "like 99999", "unlike 2", "back", "like 2 3", "like ２", "save\n2"]
)
def test_other_buttons_do_nothing(had: Site, what: str) -> None:
    assert _press(had, what).status == 400
    assert had.counter.store.mark_counts() == {"like": 0, "not": 0, "save": 0}


@pytest.mark.parametrize("key", ["", "zz", "%", "20260310", "20261399", "2026-03-09", "２０２６０３０９", KEY])
def test_an_email_that_was_not_theirs_is_not_shown(had: Site, key: str) -> None:
    path = f"/f/{had.token(Purpose.MARKS)}?{urlencode({'e': key})}"
    page = had.ask("GET", path)
    assert page.status == 404
    assert "no longer know which papers" in page.text


def test_links_prove_whose_they_are(had: Site) -> None:
    assert had.ask("GET", _path(had, "chen@example.org")).status == 404
    for purpose in set(Purpose) - {Purpose.MARKS}:
        path = f"/f/{had.token(purpose)}?e=20260309"
        assert had.ask("POST", path, b"do=like+2").status == 404
    assert had.ask("PUT", _path(had)).status == 405
    assert had.counter.store.mark_counts() == {"like": 0, "not": 0, "save": 0}


def test_on_a_phone_one_tap_marks(had: Site, browser: Any) -> None:
    """Without scripts; the buttons are on the first screen and large enough for a thumb."""
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{had.port}{_path(had, p=3, m=1)}")
    button = page.get_by_role("button", name="Like").first
    box = button.bounding_box()
    assert box["height"] >= 44
    assert box["y"] + box["height"] <= 640
    button.click()
    assert _kinds(had, 3) == {LIKE}
    page.get_by_role("button", name="Undo").click()
    assert _kinds(had, 3) == set()
    context.close()


@pytest.mark.parametrize("email", [ADA, "chen@example.org"])
def test_pages_are_judged(had: Site, browser: Any, axe: str, email: str) -> None:
    store = had.counter.store
    store.plan([a_delivery(had.ids[email], email, (MONDAY,), KEY, state=DeliveryState.ACCEPTED, message_id=email)])
    page = browser.new_page(bypass_csp=True)
    page.goto(f"http://127.0.0.1:{had.port}{_path(had, email, p=3, m=1)}")
    judge(page, axe, f"marking-{page.evaluate('document.documentElement.lang')}")
    page.get_by_role("button").first.click()
    judge(page, axe, f"marking-stored-{page.evaluate('document.documentElement.lang')}")
    page.close()
