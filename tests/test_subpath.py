"""Below a path of a host that it shares: nginx in front, every form and link stays below the public URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import lxml.html
import pytest
import requests

from newsletter import archive
from newsletter.addresses import archive_link, leave_link
from newsletter.app.files import folders
from newsletter.doctor.samples import SAMPLE_SITE, sample_days
from newsletter.models import Action, Command, Meaning, Outcome, Outgoing, SubscriberState, Verdict
from newsletter.replies import receiving
from newsletter.replies.reading import Understood
from newsletter.settings import Settings
from newsletter.tokens import Purpose
from tests.morning import ROSTER, part
from tests.nginx import MISSING, free_port, nginx
from tests.site import ADA, Site, Switch, server, site_of

__all__ = ["server"]  # a fixture

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


@dataclass(frozen=True)
class Browser:
    """What a reader does without scripts: follow links and press buttons."""

    base: str  # the public URL

    def get(self, url: str) -> requests.Response:
        assert url.startswith(f"{self.base}/"), f"{url} is not below {self.base}"
        return requests.get(url, timeout=30)

    def press(self, page: requests.Response, number: int = 0, **typed: str) -> requests.Response:
        """The form of this number, with its own fields, what was typed, and its first button."""
        form = lxml.html.document_fromstring(page.content, base_url=page.url).forms[number]
        fields = dict(form.form_values()) | typed
        button = next(iter(form.xpath(".//button[@name]")), None)
        if button is not None:
            fields[button.get("name")] = button.get("value")
        url = urljoin(page.url, form.get("action") or page.url)
        assert "post" == form.get("method")
        assert url.startswith(f"{self.base}/"), f"{url} is not below {self.base}"
        return requests.post(url, data=fields, timeout=30)

    def links(self, page: requests.Response) -> set[str]:
        tree = lxml.html.document_fromstring(page.content)
        found = tree.xpath("//@href | //@src | //form[not(@method)]/@action")
        return {url for one in found if (url := urldefrag(urljoin(page.url, one))[0]).startswith("http")}


@pytest.fixture(params=["/", ""], ids=["path taken off", "path passed on"])
def visited(
    request: pytest.FixtureRequest, tmp_path: Path, server: tuple[Switch, int]
) -> Iterator[tuple[Site, Browser]]:
    """`proxy_pass` with and without a path of its own: both are in use."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    port = free_port()
    base = f"http://127.0.0.1:{port}/news"
    settings = Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var", public_url=base)
    with (
        nginx(tmp_path / "nginx", port, "/news/", f"http://127.0.0.1:{server[1]}{request.param}"),
        site_of(settings, server) as site,
    ):
        yield site, Browser(base)


def test_leaving_and_undo(visited: tuple[Site, Browser]) -> None:
    """From the link of an email by two buttons and back."""
    site, browser = visited
    asked = browser.get(leave_link(site.settings.letterhead, site.token(Purpose.LEAVE)))
    left = browser.press(asked)
    assert (200, SubscriberState.UNSUBSCRIBED) == (left.status_code, site.state())
    assert (200, SubscriberState.ACTIVE) == (browser.press(left).status_code, site.state())


def test_preferences(visited: tuple[Site, Browser]) -> None:
    """Saved, left and undone; the link to the archive leads there."""
    site, browser = visited
    put_archive(site)
    page = browser.get(f"{browser.base}/p/{site.token(Purpose.PREFERENCES)}")
    assert 200 == browser.press(page, max_papers="7").status_code
    assert "max_papers: 7" in site.settings.subscribers.read_text("utf-8")
    assert {200} == {browser.get(url).status_code for url in browser.links(page)}
    forms = lxml.html.document_fromstring(page.content).forms
    (leaving,) = (place for place, form in enumerate(forms) if form.xpath('.//button[@value="leave"]'))
    left = browser.press(page, leaving)
    assert SubscriberState.UNSUBSCRIBED is site.state()
    browser.press(left)
    assert SubscriberState.ACTIVE is site.state()


def test_an_answer_page(visited: tuple[Site, Browser]) -> None:
    """A question by email, its page, its button, and Undo."""
    site, browser = visited
    posted: list[Outgoing] = []

    def post(mail: Outgoing) -> Outcome:
        posted.append(mail)
        return Outcome(Verdict.ACCEPTED)

    meaning = Meaning(action=Action.CONFIRM, reason="x", command=Command.UNSUBSCRIBE, subscriber_id=site.ids[ADA])
    receiving.handle(replace(site.counter, post=post), Understood(meaning, "<1@mail.example>"))
    text = part(message_from_bytes(posted[0].message.raw, policy=policy.default), "plain")
    (link,) = {word for word in text.split() if word.startswith(f"{browser.base}/a/")}
    done = browser.press(browser.get(link))
    assert SubscriberState.UNSUBSCRIBED is site.state()
    browser.press(done)
    assert SubscriberState.ACTIVE is site.state()


def put_archive(site: Site) -> None:
    """Pages of made-up days, as an issue writes them."""
    where = replace(SAMPLE_SITE, public_url=site.settings.public_url)
    made = archive.pages(where, dict(sample_days()), folders("templates", site.settings.subscribers))
    for path, content in made.items():
        file = site.settings.data_dir / "archive" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def test_the_archive(visited: tuple[Site, Browser]) -> None:
    """Every link of every page that can be reached from the link in an email, and those of a page that is missing."""
    site, browser = visited
    put_archive(site)
    start = archive_link(site.settings.letterhead, "")
    assert start is not None
    missing = browser.get(f"{browser.base}/prompt/nothing.html")
    assert 404 == missing.status_code
    waiting, seen = [start, *browser.links(missing) - {missing.url}], set[str]()
    while waiting:
        url = waiting.pop()
        if url in seen or not url.startswith(browser.base.rpartition("/")[0]):
            continue  # arXiv's own pages
        seen.add(url)
        page = browser.get(url)
        assert 200 == page.status_code, url
        if "html" in page.headers["content-type"]:
            waiting += browser.links(page)
    assert 10 < len(seen)


def test_a_redirect_stays_below_the_public_url(visited: tuple[Site, Browser]) -> None:
    """A private archive and a folder without their last slash."""
    site, browser = visited
    folder = site.settings.data_dir / "archive" / "folder"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("x", "utf-8")
    for path in (f"a/{site.token(Purpose.ARCHIVE)}", "folder"):
        answer = requests.get(f"{browser.base}/{path}", timeout=30, allow_redirects=False)
        assert answer.is_redirect, path
        assert urljoin(answer.url, answer.headers["location"]).startswith(f"{browser.base}/"), path
