"""The web part over real HTTP: looking changes nothing, one POST leaves, and nothing else is to be had."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest

from newsletter import web
from newsletter.errors import ConfigurationError
from newsletter.models import Issue, IssueState, SubscriberState
from newsletter.readers import in_force, undoing
from newsletter.settings import Settings
from newsletter.times.clock import utc_now
from newsletter.tokens import Purpose, make
from newsletter.web import fresh
from tests.factories import DAY
from tests.morning import MORNING, ROSTER
from tests.site import ADA, Answer, Site, Switch, site_of, undo_path

ONE_CLICK = b"List-Unsubscribe=One-Click"
PARTS = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


# --- leaving ---


def test_looking_at_the_link_changes_nothing(site: Site) -> None:
    """Link scanners, prefetching and curious readers never unsubscribe anybody: GET and HEAD change nothing."""
    before = site.snapshot()
    agents = ["Mozilla/5.0", "GoogleImageProxy", "SafeLinks", "Barracuda", "python-requests"]
    for method, agent, _ in product(["GET", "HEAD"], agents, range(100)):
        headers = {"User-Agent": agent, "Purpose": "prefetch"}
        assert 200 == site.ask(method, f"/u/{site.token(Purpose.LEAVE)}", headers=headers).status
    assert before == site.snapshot()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (PARTS, "multipart/form-data; boundary=x"),
        (b"", None),
        (b"{", "application/json"),
        (b"x" * 300_000, "text/plain"),
        (ONE_CLICK, None),
        (ONE_CLICK, "application/x-www-form-urlencoded; charset=utf-8"),
        (ONE_CLICK, "APPLICATION/X-WWW-FORM-URLENCODED"),
        (ONE_CLICK, "text/plain"),
        (ONE_CLICK, "multipart/form-data"),  # without a boundary
        (ONE_CLICK, "multipart/form-data; boundary="),
        (ONE_CLICK + b"\r\n", "application/x-www-form-urlencoded"),
        (b"list-unsubscribe=one-click", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe%3DOne-Click", "application/x-www-form-urlencoded"),
        (b"a=b&List-Unsubscribe=One-Click&c=d", "application/x-www-form-urlencoded"),
        (PARTS.replace(b"\r\n", b"\n"), "multipart/form-data; boundary=x"),
        (PARTS, 'multipart/form-data; charset=utf-8; boundary="x"'),
        (PARTS[:40], "multipart/form-data; boundary=x"),  # cut
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\x00\xfe", "application/octet-stream"),
    ],
)
def test_one_post_leaves(site: Site, body: bytes, kind: str | None) -> None:
    """RFC 8058: the POST of a mail program is enough, in any form, from any origin, without redirect or cookie."""
    headers = {"Origin": "https://mail.example.net", "Referer": "https://mail.example.net/inbox"}
    answer = site.leave(body=body, headers=headers | ({"Content-Type": kind} if kind else {}))
    assert 200 == answer.status
    assert {"location", "set-cookie"}.isdisjoint(answer.headers)
    assert SubscriberState.UNSUBSCRIBED is site.state()
    assert SubscriberState.ACTIVE is site.state("chen@example.org")
    assert " by link" in site.settings.subscribers.read_text("utf-8")


def test_leaving_again_is_the_same(site: Site) -> None:
    """A second POST answers as the first and changes neither ledger nor file."""
    first, after = site.leave(body=ONE_CLICK), site.snapshot()
    second = site.leave()
    assert (first.status, first.body) == (second.status, second.body)
    assert after == site.snapshot()


def test_many_posts_at_once_are_one(site: Site) -> None:
    """Ten clicks at the same moment all succeed and leave one mark."""
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(site.leave().status)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [200] * 10 == answers
    assert 1 == site.settings.subscribers.read_text("utf-8").count("unsubscribed:")


def test_undo(site: Site) -> None:
    """Who left by a slip finds a button; only its POST takes the reader back, a look does not."""
    path = undo_path(site.leave())
    assert "You unsubscribed" in site.ask("GET", path).text
    assert SubscriberState.UNSUBSCRIBED is site.state()
    assert 200 == site.ask("POST", path).status
    assert SubscriberState.ACTIVE is site.state()
    assert "unsubscribed:" not in site.settings.subscribers.read_text("utf-8")


def test_an_undo_undoes_one_act(site: Site) -> None:
    """Once, and neither what the reader does later nor with a link that is cut; it opens no preferences."""
    path = undo_path(site.leave())
    assert site.token(Purpose.PREFERENCES) not in site.ask("GET", path).text
    assert 404 == site.ask("POST", path[:-1]).status
    assert 200 == site.ask("POST", path).status
    assert 404 == site.ask("POST", path).status
    later = undo_path(site.leave())
    assert later != path
    assert 404 == site.ask("POST", path).status
    assert SubscriberState.UNSUBSCRIBED is site.state()
    for method in ("GET", "POST"):  # the operator ended it meanwhile
        site.counter.store.set_subscriber(site.ids[ADA], SubscriberState.SUPPRESSED, "2026-03-09 complaint", MORNING)
        assert 404 == site.ask(method, later).status
    assert SubscriberState.SUPPRESSED is site.state()


def test_an_undo_is_valid_for_a_day(site: Site) -> None:
    """A link of the day before does nothing."""
    old = replace(site.counter, now=lambda: utc_now() - timedelta(hours=24, minutes=1))
    site.leave()
    ada = site.counter.store.subscriber(ADA)
    assert ada
    secret = undoing.offer(old, replace(ada, since=MORNING))
    site.counter.store.set_subscriber(ada.id, SubscriberState.UNSUBSCRIBED, ada.why, MORNING)
    assert undoing.offered(old, secret)
    assert 404 == site.ask("POST", f"/undo/{secret}").status
    assert SubscriberState.UNSUBSCRIBED is site.state()


def test_what_others_decided_is_not_undone_here(site: Site) -> None:
    """After a complaint, or when the operator took somebody out, the button says so and changes nothing."""
    site.counter.store.set_subscriber(site.ids[ADA], SubscriberState.SUPPRESSED, "2026-03-09 complaint", MORNING)
    assert "cannot be undone" in site.ask("POST", f"/p/{site.token(Purpose.PREFERENCES)}").text
    assert SubscriberState.SUPPRESSED is site.state()


def test_a_pause_is_shown_and_ended(site: Site) -> None:
    """The reader's page says until when, and its button ends the pause."""
    site.counter.store.set_pause(site.ids[ADA], date(2030, 1, 2), None, MORNING)
    path = f"/p/{site.token(Purpose.PREFERENCES)}"
    assert "No email before 2 January 2030." in site.ask("GET", path).text
    site.ask("POST", path)
    assert SubscriberState.ACTIVE is site.state()


# --- less instead ---


def _less(site: Site, wanted: str, path: str | None = None, email: str = ADA) -> Answer:
    address = path or f"/u/{site.token(Purpose.LEAVE, email)}/less"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return site.ask("POST", address, body=f"do={wanted}".encode(), headers=form)


def _set(site: Site) -> tuple[bool, int, str]:
    reader = site.counter.store.reader(site.ids[ADA])
    assert reader
    return reader.weekly, reader.wishes.max_papers, reader.wishes.abstracts.value


LESS = {
    "weekly": (True, 15, "smart"), "papers": (False, 5, "smart"), "titles": (False, 15, "none"),
    "nonsense": (False, 15, "smart"),
}  # fmt: skip


@pytest.mark.parametrize("wanted", LESS)
@pytest.mark.parametrize("has_left", [False, True])
def test_less_instead_of_leaving(site: Site, wanted: str, has_left: bool) -> None:
    """One button each, before leaving and after it: the reader stays or is back, and gets less; a look does nothing."""
    path = undo_path(site.leave()) if has_left else None
    before = site.snapshot()
    for method in ("GET", "HEAD"):
        assert 200 == site.ask(method, path or f"/u/{site.token(Purpose.LEAVE)}/less").status
    assert before == site.snapshot()
    answer = _less(site, wanted, path)
    assert (200, SubscriberState.ACTIVE, LESS[wanted]) == (answer.status, site.state(), _set(site))
    if wanted != "nonsense":
        assert ADA in answer.text
        assert f'value="{wanted}"' not in site.ask("GET", f"/u/{site.token(Purpose.LEAVE)}").text  # it is so already
        assert 404 == _less(site, wanted, path).status or not has_left  # an undo works once


@pytest.mark.parametrize(("wanted", "days"), [("pause-14", 14), ("pause-28", 28)])
@pytest.mark.parametrize("has_left", [False, True])
def test_a_break_instead_of_leaving(site: Site, wanted: str, days: int, has_left: bool) -> None:
    """No email for that long, and then as before."""
    answer = _less(site, wanted, undo_path(site.leave()) if has_left else None)
    ada = site.counter.store.subscriber(ADA)
    assert ada
    assert (200, SubscriberState.PAUSED) == (answer.status, ada.state)
    assert site.counter.today + timedelta(days=days) == ada.paused_until


def test_a_link_to_leave_brings_nobody_back(site: Site) -> None:
    """It is in every header of an email: after leaving it neither pauses nor subscribes; other tokens do nothing."""
    site.leave()
    before = site.snapshot()
    assert (409, 409) == tuple(_less(site, wanted).status for wanted in ("weekly", "pause-14"))
    for token in ("forged", site.token(Purpose.PREFERENCES), site.token(Purpose.REPLY)):
        assert 404 == _less(site, "weekly", f"/u/{token}/less").status
    assert before == site.snapshot()


def test_personal_pages_name_newsletter_and_reader(site: Site) -> None:
    """Asking, leaving, undoing, less, preferences: whose subscription it is, and to what."""
    asked = site.ask("GET", f"/u/{site.token(Purpose.LEAVE)}")
    settings = site.ask("GET", f"/p/{site.token(Purpose.PREFERENCES)}")
    left = site.leave()
    for page in (asked, settings, left, _less(site, "weekly", undo_path(left)), _less(site, "pause-14")):
        assert (True, True) == ("Morning arXiv" in page.text, ADA in page.text)
    assert "Next email:" in settings.text


# --- a fresh link ---


def _ask_for_link(site: Site, email: str) -> Answer:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return site.ask("POST", "/link", body=urlencode({"email": email}).encode(), headers=form)


def _posted(site: Site, count: int) -> list[EmailMessage]:
    """What lies in the outbox, when there are so many: the answer does not wait for them."""
    found: list[Path] = []
    deadline = time.monotonic() + 30
    while len(found) < count and time.monotonic() < deadline:
        found = [file for file in (site.settings.data_dir / "outbox").rglob("*.eml") if file.parent.name != "tmp"]
        time.sleep(0.01)
    assert count == len(found)
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in found]


@pytest.fixture
def public(tmp_path: Path, server: tuple[Switch, int]) -> Iterator[Site]:
    """A site with an address, for links in emails."""
    (tmp_path / "list.yaml").write_text(ROSTER, "utf-8")
    address = "https://news.example.org"
    settings = Settings(subscribers=tmp_path / "list.yaml", data_dir=tmp_path / "public", public_url=address)
    with site_of(settings, server) as opened:
        yield opened


def test_a_fresh_link_goes_to_readers_alone(public: Site) -> None:
    """Everybody gets the same answer; a reader one email a day, with links that work; who left or is unknown none."""
    site = public
    site.counter.store.set_subscriber(site.ids["chen@example.org"], SubscriberState.UNSUBSCRIBED, "by link", MORNING)
    strange = ["eve@example.org", "chen@example.org", "", "a@b\r\nBcc: eve@example.org", "x" * 15_000]
    answers = {_ask_for_link(site, email).body for email in [*strange, ADA, ADA.upper(), f" {ADA} ", ADA]}
    assert 1 == len(answers)
    assert b"Check your inbox" in answers.pop()
    (mail,) = _posted(site, 1)
    assert ADA == mail["To"]
    body = mail.get_body(("html",))
    assert body
    assert f"/p/{site.token(Purpose.PREFERENCES)}" in body.get_content()
    assert f"/u/{site.token(Purpose.LEAVE)}" in body.get_content()


def test_links_are_not_asked_for_without_end(site: Site) -> None:
    """Beyond so many in a minute, of all visitors together, nobody is looked up."""
    found = [_ask_for_link(site, f"{number}@example.org").status for number in range(fresh.MOST + 2)]
    assert [200] * fresh.MOST + [429] * 2 == found


@pytest.mark.parametrize(
    "path", ["/u/forged", "/p/forged", "/a/forged", f"/undo/{'0' * 40}", f"/a/{'0' * 40}", "/link"]
)
def test_a_link_that_leads_nowhere_leads_on(site: Site, path: str) -> None:
    """The field for a fresh one, by a relative address, and the way out by a reply."""
    text = site.ask("GET", path).text
    (action,) = re.findall('action="([^"]*)"', text)
    assert "/link" == urljoin(path, action)
    assert "“unsubscribe”" in text


def _flipped(token: str) -> list[str]:
    """The token with each of its letters in turn replaced by another one."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    other = {letter: letters[(place + 1) % 32] for place, letter in enumerate(letters)}
    return [token[:place] + other[token[place]] + token[place + 1 :] for place in range(len(token))]


def _forged(site: Site) -> list[str]:
    good = site.token(Purpose.LEAVE)
    others = [site.token(purpose) for purpose in Purpose if purpose is not Purpose.LEAVE]
    strange = [make({0: b"another key of thirty-two octets"}, Purpose.LEAVE, site.ids[ADA]), "a" * 34, "0", "%00"]
    cut = [good[:-1], good[1:], good + "a", good[:17], good + "%20", good + "%0a", good[:20] + "%E4%BD%A0"]
    return [*_flipped(good), *others, *strange, *cut]


def test_a_token_that_proves_nothing_changes_nothing(site: Site) -> None:
    """Forged, cut, bit-flipped and borrowed tokens are 404, and nobody leaves."""
    before = site.snapshot()
    for method, token in product(["GET", "POST"], _forged(site)):
        assert 404 == site.ask(method, f"/u/{token}").status, token
    assert before == site.snapshot()


def test_a_true_token_of_nobody_is_not_valid(site: Site) -> None:
    """A token signed with our key for an id that the ledger does not hold is 404."""
    token = make(site.counter.keys, Purpose.LEAVE, 12345)
    assert 404 == site.ask("POST", f"/u/{token}").status


def test_a_token_that_a_mail_program_wrote_in_capitals_is_valid(site: Site) -> None:
    """Case is folded on the way through many systems; the token survives it."""
    assert 200 == site.ask("POST", f"/u/{site.token(Purpose.LEAVE).upper()}").status
    assert SubscriberState.UNSUBSCRIBED is site.state()


@pytest.mark.parametrize("trouble", ["read-only", "missing", "broken"])
def test_the_ledger_decides_when_the_file_cannot_be_written(
    site: Site, trouble: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Leaving works while subscribers.yaml is read-only, missing or broken, and the log names the trouble."""
    make_unwritable(site.settings.subscribers, trouble, monkeypatch)
    before = site.settings.subscribers.read_bytes() if trouble != "missing" else None
    assert 200 == site.leave().status
    assert SubscriberState.UNSUBSCRIBED is site.state()
    assert before == (site.settings.subscribers.read_bytes() if trouble != "missing" else None)
    out = capsys.readouterr()
    assert "subscribers.yaml" in out.out + out.err
    assert ADA not in out.out + out.err


def make_unwritable(roster: Path, trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring the file into a state in which nobody could write it."""
    if trouble == "missing":
        roster.unlink()
    elif trouble == "broken":
        roster.write_text(ROSTER + "  - {email: [\n", "utf-8")
    else:
        roster.chmod(0o444)
        if os.geteuid() == 0:  # root may write everything: the answer that everybody else would get
            monkeypatch.setattr("newsletter.subscribers.files.os.access", lambda *_: False)


# --- the other routes ---


def test_health_names_the_newest_issue(site: Site) -> None:
    """`/healthz` says ok and how far the ledger is."""
    assert {"status": "ok", "last_issue": None}.items() <= json.loads(site.ask("GET", "/healthz").body).items()
    site.counter.store.save_issue(Issue(date=DAY, state=IssueState.READY))
    answer = site.ask("GET", "/healthz")
    said = json.loads(answer.body)
    assert (200, "ok", "2026-03-09") == (answer.status, said["status"], said["last_issue"])


def test_health_beside_a_writer(site: Site) -> None:
    """While somebody writes, `/healthz` does not wait for its end: a watcher must not take that for a dead service."""
    writing = sqlite3.connect(site.settings.data_dir / "newsletter.db", isolation_level=None)
    with contextlib.closing(writing):
        writing.execute("BEGIN IMMEDIATE")
        assert 200 == site.ask("GET", "/healthz").status


@pytest.mark.on_file
def test_a_ledger_that_cannot_be_read_is_not_healthy(site: Site) -> None:
    """With a damaged database `/healthz` is 503, so that whoever watches it hears of it."""
    for file in site.settings.data_dir.glob("newsletter.db*"):
        file.unlink()
    (site.settings.data_dir / "newsletter.db").write_bytes(b"not a database, whatever its name says" * 100)
    answer = site.ask("GET", "/healthz")
    assert (503, "failed") == (answer.status, json.loads(answer.body)["status"])


def test_preferences_of_somebody_who_left_say_so(site: Site) -> None:
    """After leaving, the page says that no email comes."""
    site.leave()
    assert "not receiving email" in site.ask("GET", f"/p/{site.token(Purpose.PREFERENCES)}").text


def test_preferences_do_not_wait_for_a_broken_file(site: Site) -> None:
    """While the file is broken, because its owner is just editing it, the page shows what is in force."""
    path = f"/p/{site.token(Purpose.PREFERENCES)}"
    before = site.ask("GET", path)
    site.settings.subscribers.write_text("topics: [", "utf-8")
    assert before.body == site.ask("GET", path).body


def test_preferences_before_the_first_list_are_unavailable_for_now(site: Site) -> None:
    """A ledger without a list in force is a 503 with a sentence, not a crash and not "you are not receiving email"."""
    site.counter.store.remember("roster", "")
    answer = site.ask("GET", f"/p/{site.token(Purpose.PREFERENCES)}")
    assert 503 == answer.status
    assert "later" in answer.text


def test_the_archive_is_served(site: Site) -> None:
    """Before the first issue `/` says what is here; afterwards index, pages and JSON come with their types."""
    assert 200 == site.ask("GET", "/").status
    folder = site.settings.data_dir / "archive"
    folder.mkdir()
    (folder / "index.html").write_text("<p>index</p>", "utf-8")
    (folder / "2026-03-09.json").write_text("{}", "utf-8")
    page, data = site.ask("GET", "/"), site.ask("GET", "/2026-03-09.json")
    assert (200, b"<p>index</p>") == (page.status, page.body)
    assert (200, "application/json") == (data.status, data.headers["content-type"])
    assert 404 == site.ask("GET", "/2026-03-10.html").status
    assert 405 == site.ask("POST", "/").status


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("public", "can be read here as soon as the first one is out"),
        ("private", "are for subscribers: every email has the link"),
        ("none", "go out by email only"),
    ],
)
def test_the_address_of_the_newsletter_has_a_page(site: Site, mode: str, said: str) -> None:
    """What a visitor finds while there is nothing to read: what this is, where issues are, and how to leave."""
    site.settings.subscribers.write_text(f"newsletter: {{name: Fresh <Papers>, archive: {mode}}}\n{ROSTER}", "utf-8")
    in_force.take_in(site.counter, in_force.load(site.counter))
    page = site.ask("GET", "/")
    assert (200, "no-store") == (page.status, page.headers["cache-control"])
    assert "<h1>Fresh &lt;Papers&gt;</h1>" in page.text
    assert said in page.text
    assert "unsubscribe" in page.text
    assert "每日一封" in site.ask("GET", "/", headers={"Accept-Language": "zh-CN"}).text
    site.counter.store.remember("roster", "")  # before the first list is in force
    early = site.ask("GET", "/")
    assert (200, False) == (early.status, said in early.text)
    assert 404 == site.ask("GET", "/elsewhere").status


OUTSIDE = (
    "/../token-keys",
    "/%2e%2e/token-keys",
    "/..%2ftoken-keys",
    "/%2e%2e%2f%2e%2e%2fsubscribers.yaml",
    "/./../newsletter.db",
    "/u/../../token-keys",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/..%5ctoken-keys",
    "/index.html%00.json",
    "/.%00./token-keys",
    "/link-out",
)


def test_paths_lead_nowhere_else(site: Site) -> None:
    """No spelling of `../`, of an absolute path or of a link leads out of the archive."""
    folder = site.settings.data_dir / "archive"
    folder.mkdir()
    (folder / "index.html").write_text("index", "utf-8")
    (folder / "link-out").symlink_to(site.settings.data_dir / "token-keys")
    site.token(Purpose.LEAVE)  # the keys are there
    nothing = site.ask("GET", "/nothing").body
    assert b"There is nothing at this address." in nothing
    for path in OUTSIDE:
        answer = site.ask("GET", path)
        assert (404, nothing) == (answer.status, re.sub(rb'"(?:\.\./)+', b'"', answer.body).replace(b'""', b'"./"')), (
            path
        )


def test_what_starlette_would_say_is_ours(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that a page does not have, and an error of ours: in the browser's language, with every header."""
    refused = site.ask("PUT", f"/u/{site.token(Purpose.LEAVE)}", headers={"Accept-Language": "de"})
    assert (405, "GET, HEAD") == (refused.status, refused.headers["allow"])
    assert "Das geht hier nicht" in refused.text
    assert "This does not work here" in site.ask("POST", "/").text
    monkeypatch.setattr("newsletter.readers.leave", lambda *_: 1 / 0)
    failed = site.leave(headers={"Accept-Language": "zh-CN"})
    assert (500, "no-store") == (failed.status, failed.headers["cache-control"])
    assert "出错了" in failed.text
    assert "frame-ancestors 'none'" in failed.headers["content-security-policy"]


def test_pages_carry_their_security_headers(site: Site) -> None:
    """No page may load, frame or reveal anything; pages with a token in their address are kept nowhere."""
    folder = site.settings.data_dir / "archive"
    folder.mkdir()
    (folder / "index.html").write_text("index", "utf-8")
    mine = [f"/u/{site.token(Purpose.LEAVE)}", f"/p/{site.token(Purpose.PREFERENCES)}", "/u/forged"]
    for path in [*mine, "/", "/nothing"]:
        headers = site.ask("GET", path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert ("no-referrer", "nosniff") == (headers["referrer-policy"], headers["x-content-type-options"]), path
        assert ("no-store" == headers.get("cache-control")) == (path in (*mine, "/nothing")), path
        assert "set-cookie" not in headers, path


# --- in a browser ---


def test_on_a_phone_the_button_leaves(site: Site, browser: Any) -> None:
    """At 360 pixels nothing scrolls sideways, the button is large enough for a thumb, and pressing it leaves."""
    page = browser.new_page(viewport={"width": 360, "height": 640})
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(f"http://127.0.0.1:{site.port}/u/{site.token(Purpose.LEAVE)}")
    assert 360 >= page.evaluate("document.documentElement.scrollWidth")
    button = page.get_by_role("button", name="Unsubscribe")
    assert button.bounding_box()["height"] >= 44
    button.click()
    assert "You are unsubscribed" == page.get_by_role("heading", level=1).inner_text()
    assert 360 >= page.evaluate("document.documentElement.scrollWidth")
    page.goto(f"http://127.0.0.1:{site.port}/p/{site.token(Purpose.PREFERENCES, 'chen@example.org')}")
    assert 360 >= page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert SubscriberState.UNSUBSCRIBED is site.state()
    assert [] == troubles


# --- the address it listens on ---


def test_a_port_in_use_is_a_finding(site: Site) -> None:
    """Two services on one port: the second names the setting and what to do."""
    with pytest.raises(ConfigurationError, match=f"NEWSLETTER_PORT: {site.port} .*in use"):
        web.listen("127.0.0.1", site.port)


def test_the_hour_of_leaving_is_recorded(site: Site) -> None:
    """The ledger knows since when and how a reader has left."""
    before = datetime.now(UTC)
    site.leave()
    ada = site.counter.store.subscriber(ADA)
    assert ada is not None
    assert before <= ada.since <= datetime.now(UTC)
    assert f"{ada.since:%Y-%m-%d} by link" == ada.why


# --- languages ---


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("fr;q=0.2, zh;q=0.1", "zh"), ("en-US, zh", "en"), ("", "en"),
        ("*", "en"), ("xx, ../../etc/passwd, zh;q=0", "en"), ("zh;q=much", "en"), ("," * 9999 + "zh", "en"),
    ],
)  # fmt: skip
def test_whom_we_do_not_know_we_answer_as_the_browser_asks(site: Site, asked: str, language: str) -> None:
    """A forged link and a page that is not there speak the first language of the browser's that we have."""
    for path in ("/u/forged", "/p/forged", "/a/forged", "/nothing"):
        assert f'<html lang="{language}"' in site.ask("GET", path, headers={"Accept-Language": asked}).text, path


def test_whom_we_know_we_answer_in_their_language(site: Site) -> None:
    """Whatever the browser asks for, and without a half line of another language."""
    who, asked = "chen@example.org", {"Accept-Language": "en"}
    site.counter.store.set_subscriber(site.ids[who], SubscriberState.ACTIVE, "", MORNING)
    shown = site.ask("GET", f"/u/{site.token(Purpose.LEAVE, who)}", headers=asked).text
    left = site.ask("POST", f"/u/{site.token(Purpose.LEAVE, who)}", headers=asked).text
    back = site.ask("POST", f"/p/{site.token(Purpose.PREFERENCES, who)}", headers=asked).text
    for text, title in ((shown, "要退订 Morning arXiv 吗？"), (left, "您已退订"), (back, "Morning arXiv 订阅设置")):
        assert ('<html lang="zh" dir="ltr">' in text, f"<h1>{title}</h1>" in text) == (True, True)
        assert "nsubscribe" not in text
