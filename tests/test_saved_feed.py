"""The private feed of saved papers: an address of its own, which a newer one ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from newsletter.models import Mark, MarkedBy, MarkKind, Usage
from newsletter.readers import erasing
from newsletter.store import tables
from newsletter.tokens import Purpose, make
from tests.factories import a_paper
from tests.ledger import MONDAY, an_issue
from tests.site import Answer, server
from tests.test_joining import Join, Server
from tests.test_rights import ADA, link, patient_at, press

__all__ = ["server"]
PAPERS = [a_paper(number, authors=("Ann Øre", "Bo Li")) for number in (1, 2, 3)]
LINE = "Routing tokens by their norm saves a third of the work without a loss."


@pytest.fixture
def shelf(tmp_path: Path, server: Server) -> Iterator[Join]:
    """Ada saved two of three papers, one of which has a line; Chen saved none."""
    with patient_at(tmp_path, server) as join:
        store = join.counter.store
        store.save_collection(an_issue(), PAPERS, (), ["cs.LG"])
        store.save_summary(MONDAY, PAPERS[0], "an earlier prompt", "model", {"en": LINE}, {}, Usage())
        for minutes, one in enumerate(PAPERS[:2]):
            at = join.now + timedelta(minutes=minutes)
            saved = Mark(arxiv_id=one.arxiv_id, kind=MarkKind.SAVE, how=MarkedBy.PAGE, at=at)
            store.mark(_id(join), [saved])
        yield join


def _id(join: Join, email: str = ADA) -> int:
    found = join.counter.store.subscriber(email)
    assert found
    return found.id


def _page(join: Join) -> str:
    return f"/s/{make(join.counter.keys, Purpose.SAVED, _id(join))}"


def _ask(join: Join) -> tuple[Answer, list[str]]:
    """Press the button of the page; what it says, and the links that were sent."""
    before = len(join.posted)
    answer = join.post(_page(join), {"do": "feed"})
    join.done()
    messages = [one.message for one in join.posted[before:]]
    assert {one.recipient for one in messages} <= {ADA}
    return answer, [link(one) for one in messages]


def _new_address(join: Join) -> str:
    """Order the link and follow it to the end; the path of the feed."""
    answer, (path,) = _ask(join)
    assert "An email with a link is on its way" in answer.text
    made = press(join, path)
    (found,) = set(re.findall(r"https://news\.example\.org(/s/[a-z2-7]{34}/feed\.xml)", made.text))
    assert made.headers["cache-control"] == "no-store"
    assert join.ask("GET", path).status == 404, "used up"
    return str(found)


def test_one_entry_for_each_saved_paper(shelf: Join) -> None:
    path = _new_address(shelf)
    answer = shelf.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/atom+xml")
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    feed = feedparser.parse(answer.body)
    assert not feed.bozo
    assert feed.feed.links[0].href == f"https://news.example.org{path}"
    assert [one.link for one in feed.entries] == [PAPERS[1].abs_url, PAPERS[0].abs_url], "saved last first"
    assert [one.get("summary") for one in feed.entries] == [None, LINE]
    assert [one.name for one in feed.entries[0].authors] == ["Ann Øre", "Bo Li"]
    assert len({feed.feed.id, *(one.id for one in feed.entries)}) == 3
    assert feed.feed.updated == feed.entries[0].updated > feed.entries[1].updated
    shelf.post(_page(shelf), {"remove": PAPERS[1].arxiv_id})
    assert [one.link for one in feedparser.parse(shelf.ask("GET", path).body).entries] == [PAPERS[0].abs_url]


def test_the_page_shows_the_lines_of_the_readers_language(shelf: Join) -> None:
    page = shelf.ask("GET", _page(shelf)).text
    assert page.count(LINE) == 1
    assert page.index(PAPERS[1].title) < page.index(LINE)


def test_a_new_address_ends_the_old_one(shelf: Join) -> None:
    assert "Get a feed address" in shelf.ask("GET", _page(shelf)).text
    first = _new_address(shelf)
    page = shelf.ask("GET", _page(shelf)).text
    assert "New feed address" in page
    assert "feed.xml" not in page, "an email that is passed on opens this page"
    _, (path,) = _ask(shelf)
    assert shelf.ask("GET", first).status == shelf.ask("GET", path).status == 200, "asking and looking change nothing"
    made = press(shelf, path)
    assert made.status == 200
    ended = shelf.ask("GET", first)
    assert (ended.status, ended.headers["cache-control"], ended.headers["x-robots-tag"]) == (404, "no-store", "noindex")


def test_the_link_works_for_an_hour(shelf: Join) -> None:
    _, (path,) = _ask(shelf)
    shelf.now += timedelta(hours=1)
    assert press(shelf, path).status == 404
    assert shelf.counter.store.feed_epoch(_id(shelf)) is None


def test_no_other_token_opens_it(shelf: Join) -> None:
    path = _new_address(shelf)
    keys, who = shelf.counter.keys, _id(shelf)
    epoch = shelf.counter.store.feed_epoch(who)
    assert epoch
    others = [make(keys, purpose, who) for purpose in Purpose]
    others += [make(keys, purpose, who, epoch) for purpose in set(Purpose) - {Purpose.FEED}]
    others += [make(keys, Purpose.FEED, who, "guessed"), make(keys, Purpose.FEED, who ^ 1, epoch)]
    for token in others:
        assert shelf.ask("GET", f"/s/{token}/feed.xml").status == 404
    token = path.split("/")[2]
    for other in (f"/s/{token}", f"/s/{token}/papers.bib", f"/p/{token}", f"/u/{token}", f"/f/{token}"):
        assert shelf.ask("GET", other).status == 404, other


def test_who_is_forgotten_leaves_no_feed(shelf: Join) -> None:
    path = _new_address(shelf)
    ada = shelf.counter.store.subscriber(ADA)
    assert ada
    erasing.erase(shelf.counter, ada)
    assert shelf.ask("GET", path).status == 404
    with shelf.counter.store._reading() as connection:
        assert not [key for (key,) in connection.execute(tables.meta.select().with_only_columns(tables.meta.c.key))
                    if str(ada.id) in key]  # fmt: skip


def test_nothing_is_sent_without_an_address_of_its_own(tmp_path: Path, server: Server) -> None:
    with patient_at(tmp_path, server, public_url=None) as join:
        answer = join.post(_page(join), {"do": "feed"})
        join.done()
        assert (answer.status, join.posted) == (200, [])
        assert "feed" not in answer.text.lower()
