"""What readers may do with their data: take it along, have it erased; by a link sent to the address on record."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter import pipeline
from newsletter.models import Message, SubscriberState
from newsletter.readers import Counter, in_force, leave, suppress
from newsletter.readers.own_data import collected
from newsletter.store import own_data, tables
from newsletter.tokens import Purpose, make
from tests.counters import counter_of, desk_at
from tests.morning import practice
from tests.pages import judge, nu_errors
from tests.test_joining import EVE, OPEN, Join, Server, joining_at

ADA = "ada@example.org"


class Patient:
    """Around an application: tells when the work behind its answers is done, too."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._running, self._changed = inner, 0, threading.Condition()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._count(1)
        try:
            await self._inner(scope, receive, send)
        finally:
            self._count(-1)

    def _count(self, number: int) -> None:
        with self._changed:
            self._running += number
            self._changed.notify_all()

    def wait(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._running, timeout=60)


@contextmanager
def patient_at(folder: Path, server: Server, roster: str = OPEN, **changes: Any) -> Iterator[Join]:
    """A newsletter whose page is asked to the end."""
    with joining_at(folder, server, roster, **changes) as opened:
        server[0].inner = Patient(server[0].inner)
        opened.done = server[0].inner.wait
        yield opened


@pytest.fixture
def join(tmp_path: Path, server: Server) -> Iterator[Join]:
    with patient_at(tmp_path, server) as opened:
        yield opened


def page_of(join: Join, email: str = ADA) -> str:
    found = join.counter.store.subscriber(email)
    assert found
    return f"/p/{make(join.counter.keys, Purpose.PREFERENCES, found.id)}"


def ask(join: Join, wanted: str, who: str = ADA, **fields: str) -> tuple[Any, list[Message]]:
    """Press the button on the preferences page; the answer, and what was sent behind it."""
    before = len(join.posted)
    answer = join.post(page_of(join, who), {"do": wanted} | fields)
    join.done()
    return answer, [one.message for one in join.posted[before:]]


def link(message: Message) -> str:
    found = re.search(r"https://news\.example\.org(/t/[0-9a-f]{40})", message.text)
    assert found, message.text
    return found[1]


def press(join: Join, path: str, do: str = "confirm") -> Any:
    """Look at the page, and press its button."""
    looked = join.ask("GET", path)
    assert "no-store" == looked.headers["cache-control"]
    assert '<meta name="robots" content="noindex">' in looked.text
    shown = re.search(r'name="shown" value="([^"]+)"', looked.text)
    return join.post(path, {"do": do, "shown": shown[1] if shown else ""})


# --- the links ---


@pytest.mark.parametrize("wanted", ["download", "erase"])
def test_a_link_goes_to_the_address_on_record(join: Join, wanted: str) -> None:
    """Whoever has the token of an email gets nothing but one answer; the link works for an hour, by its button."""
    before = join.counter.store.subscriber(ADA)
    answer, (message,) = ask(join, wanted)
    assert answer.status == 200
    assert f"An email with a link is on its way to {ADA}" in answer.text
    assert "/t/" not in answer.text
    assert message.recipient == ADA
    assert "within an hour" in message.text
    path = link(message)
    shown = join.ask("GET", path)
    assert (shown.status, ADA in shown.text) == (200, True)
    for body in ({}, {"do": "confirm"}, {"do": "confirm", "shown": "1.2"}):
        assert join.post(path, body).headers["content-type"].startswith("text/html")
    assert before == join.counter.store.subscriber(ADA), "a look, and a form of somebody else's, change nothing"
    join.now += timedelta(hours=1)
    assert join.ask("GET", path).status == 404
    assert press(join, path).status == 404
    assert before == join.counter.store.subscriber(ADA)


def test_a_few_a_day(join: Join) -> None:
    """Three emails a day whatever is asked for, and the page says the same; they have Message-IDs of their own."""
    answers, messages = zip(*(ask(join, wanted) for wanted in ("download", "erase") * 3), strict=True)
    assert 1 == len({one.body for one in answers})
    sent = [message for some in messages for message in some]
    assert 3 == len(sent)
    assert 3 == len({dict(one.headers)["Message-ID"] for one in sent})
    join.now += timedelta(days=1)
    assert ask(join, "download")[1]


def test_who_complained_is_sent_nothing(join: Join) -> None:
    ada = join.counter.store.subscriber(ADA)
    assert ada
    suppress(join.counter, ada, "complaint")
    answer, sent = ask(join, "erase")
    assert (answer.status, sent) == (409, [])
    assert "Delete me" not in answer.text


def test_without_an_address_of_its_own_there_are_no_links(tmp_path: Path, server: Server) -> None:
    with patient_at(tmp_path, server, public_url=None) as join:
        answer, sent = ask(join, "erase")
        assert (answer.status, sent) == (409, [])
        assert "Delete me" not in answer.text


# --- taking it along ---


def data_of(join: Join, email: str = ADA) -> dict[str, Any]:
    _, (message,) = ask(join, "download", email)
    path = link(message)
    answer = press(join, path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["cache-control"] == "no-store"
    assert press(join, path).status == 404, "once"
    found: dict[str, Any] = json.loads(answer.text)
    return found


def test_everything_about_a_joiner(join: Join) -> None:
    """What they chose and what they left to us, their consent, and nothing of anybody else's."""
    join.joined(topics=["", "robots"], languages=["de", "en"], send_at="06:30")
    join.joined("bob@example.net")
    found = data_of(join, EVE)
    assert found["settings"]["topics"] == {"value": "robots", "from": "yourself"}
    assert found["settings"]["max_papers"] == {"value": "15", "from": "the newsletter's default"}
    assert found["reader"] == {"email": EVE, "name": None, "came_by": "page"}
    (consent,), (request,) = found["consents"], found["requests_to_join"]
    assert consent["asked"] <= consent["confirmed"]
    assert request["given"]["languages"] == "de, en"
    assert found["subscription"][0]["state"] == "active"
    text = json.dumps(found)
    for other in ("bob", "ada@", "chen"):
        assert other not in text


def test_settings_say_whose_they_are(join: Join) -> None:
    """Of the file, of the reader, of nobody."""
    text = join.settings.subscribers.read_text("utf-8").replace(f"- {ADA}", f"- email: {ADA}\n    max_papers: 7")
    join.settings.subscribers.write_text(text, "utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    ask(join, "save", send_at="05:45")
    settings = data_of(join)["settings"]
    assert settings["max_papers"] == {"value": "7", "from": "the subscriber list"}
    assert settings["send_at"] == {"value": "05:45", "from": "yourself"}
    assert settings["days"]["from"] == "the newsletter's default"


def test_emails_are_listed_without_their_tokens(tmp_path: Path) -> None:
    """Which issues, when and with what outcome; no Message-ID of ours, no link, no key."""
    with practice(tmp_path) as (_, settings):
        with desk_at(settings) as desk:
            pipeline.run(desk)
        with counter_of(settings) as counter:
            ada = counter.store.subscriber(ADA)
            assert ada
            text = collected(counter, ada)
            found = json.loads(text)
            assert [one["state"] for one in found["emails"]] == ["accepted"]
            assert found["issues"] == [{"issue": one} for one in found["emails"][0]["issues"]]
            for purpose in Purpose:
                assert make(counter.keys, purpose, ada.id) not in text
            assert str(ada.id) not in text


def test_no_table_is_left_out() -> None:
    """A new table with rows of readers has to be added to what they can download, and to what is erased."""
    known = {part.table.name for part in own_data.PARTS.values()} | {"reader"}  # which is said as settings
    of_readers = {name for name, table in tables.metadata.tables.items() if "subscriber_id" in table.columns}
    assert of_readers <= known


# --- being erased ---


def everywhere(counter: Counter, text: str) -> list[str]:
    """The tables that say this anywhere."""
    with counter.store._reading() as connection:
        return [
            name
            for name, table in tables.metadata.tables.items()
            if any(text in repr(row).lower() for row in connection.execute(table.select()))
        ]


@pytest.mark.parametrize("email", [EVE, ADA])
def test_erased(join: Join, email: str) -> None:
    """Of a joiner and of a reader of the file nothing is left; others stay, and joining again is possible."""
    if email == EVE:
        join.joined()
    ask(join, "download", email)
    _, (message,) = ask(join, "erase", email)
    path = link(message)
    shown = join.ask("GET", path).text
    for said in ("your entry in the subscriber list", "backups", "join again at any time"):
        assert said in shown
    assert join.state(email) is SubscriberState.ACTIVE
    assert "Everything about you is deleted" in press(join, path).text
    assert [] == everywhere(join.counter, email)
    assert email not in join.settings.subscribers.read_text("utf-8")
    assert "chen@example.org" in join.settings.subscribers.read_text("utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    assert [] == everywhere(join.counter, email)
    assert press(join, path).status == 404
    join.now += timedelta(days=1)
    join.joined(email)
    assert join.state(email) is SubscriberState.ACTIVE


def test_who_left_can_be_erased(join: Join) -> None:
    ada = join.counter.store.subscriber(ADA)
    assert ada
    leave(join.counter, ada.id, "by link")
    answer, (message,) = ask(join, "erase")
    assert "Change my address" not in answer.text
    press(join, link(message))
    assert join.state(ADA) is None


def test_erased_although_the_file_stays(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written keeps its entry, and the entry brings nobody back."""
    _, (message,) = ask(join, "erase")
    folder = join.settings.subscribers.parent

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("newsletter.subscribers.removing.replace_file", refuse)
    assert "is deleted" in press(join, link(message)).text
    assert ADA in (folder / "subscribers.yaml").read_text("utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    assert join.state(ADA) is None


# --- in a browser ---


@pytest.mark.parametrize("language", ["en", "zh"])
def test_in_a_browser(tmp_path: Path, server: Server, browser: Any, axe: str, language: str) -> None:
    """From the preferences to the download and the end, on a phone; nothing for axe-core or the Nu checker to say."""
    roster = OPEN.replace("languages: [en, zh]", f"languages: [{language}]")
    with patient_at(tmp_path, server, roster) as join:
        words = {"en": ("Download everything", "Download", "Delete me"), "zh": ("下载我们", "下载", "删除我的数据")}
        all_data, download, erase = words[language]
        here = f"http://127.0.0.1:{join.port}"
        page = browser.new_page(viewport={"width": 360, "height": 740})
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        contents = []

        def seen(name: str) -> None:
            judge(page, axe, f"{name}-{language}")
            contents.append(page.content())

        page.goto(here + page_of(join))
        seen("data")
        page.get_by_role("button", name=all_data).click()
        page.get_by_role("status").wait_for()
        seen("data-sent")
        join.done()
        page.goto(here + link(join.posted[-1].message))
        seen("data-download")
        with page.expect_download() as waiting:
            page.get_by_role("button", name=download).click()
        assert ADA in Path(waiting.value.path()).read_text("utf-8")
        page.goto(here + page_of(join))
        page.get_by_role("button", name=erase).click()
        page.get_by_role("status").wait_for()
        join.done()
        page.goto(here + link(join.posted[-1].message))
        seen("data-erase")
        page.get_by_role("button", name=erase).click()
        page.get_by_role("button", name=erase).wait_for(state="detached")
        seen("data-erased")
        join.done()
        page.goto(here + link(join.posted[-1].message))
        judge(page, axe, f"data-over-{language}")
        page.close()
        assert [one for one in troubles if "404" not in one] == []
        for number, content in enumerate(contents):
            (tmp_path / f"{number}.html").write_text(content, "utf-8")
        assert [] == nu_errors(sorted(tmp_path.glob("?.html")))
