"""What readers set on their page: ledger first, then file; of two changes to one key the later wins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from newsletter.app import open_ledger
from newsletter.doctor import checks
from newsletter.models import Hours, Mark, MarkedBy, MarkKind, Preference, Reader, SubscriberState
from newsletter.pipeline import publish, run
from newsletter.readers.in_force import Follower
from newsletter.subscribers import parse
from newsletter.subscribers.preferences import PREFERENCES, said, with_preference
from newsletter.subscribers.readers import LEANINGS
from newsletter.subscribers.tree import Unfit
from newsletter.times.clock import utc_now
from newsletter.times.hours import next_hour
from newsletter.tokens import Purpose
from newsletter.words import load_words
from tests.conftest import ROOT
from tests.issues import DATES, a_site, days, fill
from tests.morning import ROSTER, active, desk_of, outbox, part, practice
from tests.pages import judge, nu_errors
from tests.site import ADA, Answer, Site

SOURCES = [
    file for name in ("subscribers", "readers", "replies", "web") for file in (ROOT / "newsletter" / name).glob("*.py")
]
TWO_TOPICS = """\
# Our own words
newsletter: {languages: [en, zh], archive: private}
topics:
  foundations: {title: Foundation models, categories: [cs.LG], interests: Experts.}
  robots: {title: "Robots & <arms>", categories: [cs.RO], interests: Robots.}
subscribers:
  - email: ada@example.org  # since the first day
    topics: [foundations]
    send_at: 06:45
  - {email: chen@example.org, topics: [foundations], languages: [zh, en]}
"""
FORM = {
    "languages": ["zh", ""], "topics": ["", "robots"], "abstracts": "full", "abstract_language": "first",
    "max_papers": "9", "send_at": "21:30", "timezone": "Europe/London", "days": ["", "mon", "thu"],
    "frequency": "weekly", "min_relevance": "6", "do": "save",
}  # fmt: skip


def post(site: Site, form: Mapping[str, Any], email: str = ADA) -> Answer:
    body = urlencode(form, doseq=True).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return site.ask("POST", f"/p/{site.token(Purpose.PREFERENCES, email)}", body, kind)


def look(site: Site, email: str = ADA) -> Answer:
    return site.ask("GET", f"/p/{site.token(Purpose.PREFERENCES, email)}")


def in_force(site: Site, email: str = ADA) -> dict[str, str]:
    """What the next mail to this reader goes by."""
    tick(site)
    reader = site.counter.store.reader(site.ids[email])
    assert reader is not None
    return {key: said(reader, key) for key in PREFERENCES}


def tick(site: Site) -> None:
    """What a tick does with the file: it is taken in where it has changed."""
    Follower(site.counter).look()


@pytest.fixture
def topics(site: Site) -> Site:
    site.settings.subscribers.write_text(TWO_TOPICS, "utf-8")
    tick(site)
    return site


def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for everybody but root when the file may only be read."""
    monkeypatch.setattr("newsletter.subscribers.files.os.access", lambda *_: False)


# --- one key as text ---


def _reader(text: str = TWO_TOPICS) -> Reader:
    return parse(text, "subscribers.yaml", Path()).readers[0]


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("languages", "zh,en", "zh, en"), ("languages", "ZH", "zh"),
        ("topics", "robots, foundations", "robots, foundations"),
        ("send_at", "9:05", "09:05"), ("timezone", "Asia/Shanghai", "Asia/Shanghai"), ("days", "sun, mon", "mon, sun"),
        ("abstracts", "NONE", "none"), ("max_papers", "007", "7"), ("min_relevance", "6", "6"),
        ("abstract_language", "both", "both"),
    ],
)  # fmt: skip
def test_a_preference_is_read_as_the_roster_reads_it(key: str, text: str, shown: str) -> None:
    """What a reader sets means what the same text in the file would mean."""
    changed = with_preference(_reader(), key, text, ["foundations", "robots"])
    assert shown == said(changed, key)
    line = f"    {key}: {f'[{text}]' if key in ('languages', 'topics', 'days') else text}\n"
    base = TWO_TOPICS.replace("    topics: [foundations]\n", "" if key == "topics" else "    topics: [foundations]\n")
    base = base.replace("    send_at: 06:45\n", line if key == "send_at" else f"    send_at: 06:45\n{line}")
    assert said(_reader(base), key) == shown


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("languages", ""), ("languages", "klingon!"), ("topics", ""), ("topics", "cooking"), ("days", "yesterday"),
        ("send_at", "25:00"), ("timezone", "Mars/Olympus"), ("abstracts", "some"), ("abstract_language", "x"),
        ("max_papers", "0"), ("max_papers", "many"), ("min_relevance", "11"),
        ("email", "a@b"),
    ],
)  # fmt: skip
def test_what_the_roster_would_not_read_is_refused(key: str, text: str) -> None:
    """An address, an unknown topic, an hour that there is not: a finding, and nothing is changed."""
    with pytest.raises(Unfit):
        with_preference(_reader(), key, text, ["foundations", "robots"])


# --- the page ---


def test_a_look_changes_nothing(topics: Site) -> None:
    """The page shows everything that is set, as a form; looking, also by machines, leaves no trace."""
    before = topics.snapshot()
    page = look(topics).text
    assert before == topics.snapshot()
    for shown in (
        'value="06:45"',
        "Robots &amp; &lt;arms&gt;",
        'value="smart" checked',
        "ada@example.org",
        "English",
        "中文",
    ):
        assert shown in page
    assert "<arms>" not in page
    assert 'lang="zh"' in look(topics, "chen@example.org").text
    assert "订阅设置" in look(topics, "chen@example.org").text
    assert (405, 404) == (
        topics.ask("PUT", f"/p/{topics.token(Purpose.PREFERENCES)}").status,
        topics.ask("POST", f"/p/{topics.token(Purpose.LEAVE)}", b"do=save").status,
    )


HOURS = Hours(send_at=time(6, 45), wait_until=time(9), timezone="Europe/London", days=frozenset(range(1, 8)))


@pytest.mark.parametrize(
    ("hours", "now", "paused", "told"),
    [
        (HOURS, "2026-03-09T06:00+00:00", None, "2026-03-09T06:45+00:00"),
        (HOURS, "2026-03-09T06:45+00:00", None, "2026-03-10T06:45+00:00"),
        (HOURS, "2026-03-06T12:00+00:00", None, "2026-03-09T06:45+00:00"),  # nothing is announced for a weekend
        (HOURS, "2026-03-27T12:00+00:00", None, "2026-03-30T06:45+01:00"),  # summer time began on Sunday
        (replace(HOURS, days=frozenset({6})), "2026-03-09T06:00+00:00", None, "2026-03-14T06:45+00:00"),  # of the week
        (replace(HOURS, weekly=True), "2026-03-09T07:00+00:00", None, "2026-03-16T06:45+00:00"),
        (
            HOURS,
            "2026-03-09T06:00+00:00",
            date(2026, 3, 21),
            "2026-03-21T06:45+00:00",
        ),  # what was missed, on a Saturday
    ],
)
def test_the_next_email_is_told(hours: Hours, now: str, paused: date | None, told: str) -> None:
    """By the reader's own clock, on a day with something to send, and not before a pause ends."""
    assert datetime.fromisoformat(told) == next_hour(hours, datetime.fromisoformat(now), paused)


def test_saving_writes_ledger_and_file(topics: Site) -> None:
    """Every key that changed stands in the file, one line each; every other byte stays."""
    answer = post(topics, FORM)
    assert (200, True) == (answer.status, "已保存" in answer.text)  # in the language that was just chosen
    wanted = {
        "languages": "zh", "topics": "robots", "abstracts": "full", "abstract_language": "first", "send_at": "21:30",
        "timezone": "Europe/London", "days": "mon, thu", "frequency": "weekly", "max_papers": "9",
        "min_relevance": "6", "personal": "on", "interests": "",
        "authors": "", "include": "", "exclude": "", "like": "", "library": "",
    }  # fmt: skip
    assert wanted == in_force(topics)
    text = topics.settings.subscribers.read_text("utf-8")
    assert "  - email: ada@example.org  # since the first day\n" in text
    assert "    topics: [robots]\n    send_at: 21:30\n" in text
    assert TWO_TOPICS.splitlines()[-1] in text
    kept = topics.counter.store.preferences()
    changed = {key: value for key, value in wanted.items() if key not in LEANINGS}
    assert changed == {one.key: one.value for one in kept} == {one.key: one.in_file for one in kept}
    assert 'value="21:30"' in look(topics).text
    assert '<option value="6" selected>' in look(topics).text
    assert 200 == post(topics, FORM | {"min_relevance": ""}).status  # as usual again
    assert ("", False) == (
        in_force(topics)["min_relevance"],
        "min_relevance" in topics.settings.subscribers.read_text("utf-8"),
    )


def test_saving_the_same_changes_nothing(topics: Site) -> None:
    """The form sent back as it was shown is no change."""
    before = topics.settings.subscribers.read_bytes()
    same = {
        "languages": ["en", "zh"], "topics": ["", "foundations"], "abstracts": "smart", "abstract_language": "original",
        "send_at": "06:45", "timezone": "UTC", "days": ["", "mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "max_papers": "15", "min_relevance": "", "do": "save",
    }  # fmt: skip
    assert 200 == post(topics, same).status
    assert before == topics.settings.subscribers.read_bytes()
    assert [] == topics.counter.store.preferences()


@pytest.mark.parametrize(
    "change",
    [
        {"send_at": "25:00"}, {"send_at": ""}, {"timezone": "Mars/Olympus"}, {"days": [""]}, {"topics": [""]},
        {"topics": ["", "cooking"]}, {"languages": ["fr", ""]}, {"languages": ["", ""]}, {"abstracts": "<b>x</b>"},
        {"timezone": "Europe/London\n  - email: eve@example.org"},
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_not_saved(topics: Site, change: dict[str, Any]) -> None:
    """A wrong value saves nothing at all; the page says what is wrong, as text."""
    before = topics.snapshot()
    answer = post(topics, FORM | change)
    assert 422 == answer.status
    assert 'role="alert"' in answer.text
    assert "<b>x</b>" not in answer.text
    assert before == topics.snapshot()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"send_at": "25:00"}, "未保存。“25:00”不是有效的时间，请写成 06:45 的形式。"),
        ({"timezone": "Mars/Olympus"}, "未保存。“Mars/Olympus”不是有效的时区，请从列表中选择。"),
        ({"min_relevance": "0"}, "未保存。“0”不是 1 到 10 之间的整数。"),
        ({"days": [""]}, "未保存。“发送日”至少要选一项。"),
        ({"topics": ["", "cooking"]}, "未保存。“cooking”不在可选范围内。"),
        ({"languages": ["fr", ""]}, "未保存。暂不提供“fr”，可选语言：en, zh。"),
        ({"languages": ["no language", ""]}, "未保存。“no language”不是有效的语言代码，请从列表中选择。"),
        ({"do": "pause", "until": "soon"}, "未保存。“soon”不是有效的日期，请写成 2026-03-09 的形式。"),
        ({"do": "pause", "until": "2020-01-01"}, "未保存。请选择从明天起一年之内的日期。"),
    ],
)
def test_errors_are_said_in_the_readers_language(topics: Site, change: dict[str, Any], said: str) -> None:
    """A Chinese reader reads no English in what was wrong."""
    assert said in post(topics, FORM | change, "chen@example.org").text


def test_every_error_has_its_sentence() -> None:
    """Whatever the readers' values refuse, each language has the words for it."""
    said = "".join(file.read_text("utf-8") for file in SOURCES)
    keys = set(re.findall(r'"(?!answer_|page_)(\w+)", (?:value|name)=', said))
    for language in ("en", "zh"):
        words = load_words([ROOT / "templates"], language)
        for key in keys | {"choice"}:
            assert words.say(f"page_wrong_{key}", value="x", name="x", offered="x", low="1", high="9")


@pytest.mark.parametrize("file", sorted((ROOT / "templates" / "words").glob("*.yaml")), ids=lambda file: file.stem)
def test_no_phrase_is_there_twice(file: Path) -> None:
    """YAML would take the later one in silence."""
    keys = re.findall(r"^([\w-]+):", file.read_text("utf-8"), re.M)
    assert len(keys) == len(set(keys)), {key for key in keys if keys.count(key) > 1}


OWN_WORDS = ["page_paused: 'Until {day}.'", "locale: klingon", "page_title: [", "- a list"]


@pytest.mark.parametrize("own", OWN_WORDS)
def test_own_words_that_cannot_be_used_break_no_page(topics: Site, own: str) -> None:
    """A sentence with a value that nobody fills in, or a file that cannot be read: the shipped words serve."""
    folder = topics.settings.subscribers.parent / "templates" / "words"
    folder.mkdir(parents=True)
    (folder / "en.yaml").write_text(f"{own}\n", "utf-8")
    until = utc_now().date() + timedelta(days=9)
    said = f"No email before {until.day} {until:%B %Y}."
    assert said in post(topics, {"do": "pause", "until": until.isoformat()}).text
    assert 200 == look(topics).status
    assert any("words" in finding.where for finding in checks.files(topics.settings))


@pytest.mark.parametrize(
    "body", [b"do=nonsense", b"do=%ff", b"\xff", b"x=1", b"do=save&" + b"a=1&" * 200, b"do=" + b"x" * 90_000]
)
def test_bodies_that_say_nothing_change_nothing(topics: Site, body: bytes) -> None:
    """Unknown, broken and far too long forms are answered and forgotten."""
    before = topics.snapshot()
    assert topics.ask("POST", f"/p/{topics.token(Purpose.PREFERENCES)}", body).status in (200, 400)
    assert before == topics.snapshot()


def test_pausing_and_ending_it(topics: Site) -> None:
    """Until a day of the next year, in ledger and file; and back with one button."""
    until = utc_now().date() + timedelta(days=10)
    said = f"No email before {until.day} {until:%B %Y}."
    assert said in post(topics, {"do": "pause", "until": until.isoformat()}).text
    assert SubscriberState.PAUSED is topics.state()
    assert f"paused_until: {until}" in topics.settings.subscribers.read_text("utf-8")
    assert said in look(topics).text
    assert "from the next issue on" in post(topics, {"do": "back"}).text
    assert SubscriberState.ACTIVE is topics.state()
    for wrong in (until - timedelta(days=10), until - timedelta(days=99), until + timedelta(days=400), "soon", ""):
        assert 422 == post(topics, {"do": "pause", "until": str(wrong)}).status, wrong
    assert SubscriberState.ACTIVE is topics.state()


def test_leaving_and_undoing_it(topics: Site) -> None:
    """The page's own button leaves; the answer has the way back; who has left can save nothing."""
    assert "You are unsubscribed" in post(topics, {"do": "leave"}).text
    assert SubscriberState.UNSUBSCRIBED is topics.state()
    before = topics.snapshot()
    assert (409, 409) == (post(topics, FORM).status, post(topics, {"do": "pause", "until": "2030-01-01"}).status)
    assert before == topics.snapshot()
    assert "subscribed to the newsletter again" in post(topics, {"do": "back"}).text
    assert SubscriberState.ACTIVE is topics.state()


# --- two who change the same key ---


def test_with_a_file_that_cannot_be_written(topics: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader set is in force all the same, until somebody edits the same key in the file."""
    read_only(monkeypatch)
    before = topics.settings.subscribers.read_bytes()
    assert 200 == post(topics, FORM).status
    assert before == topics.settings.subscribers.read_bytes()
    assert ("21:30", "zh", "robots") == tuple(in_force(topics)[key] for key in ("send_at", "languages", "topics"))
    topics.settings.subscribers.write_text(TWO_TOPICS.replace("06:45", "07:00"), "utf-8")
    assert ("07:00", "zh", "robots") == tuple(in_force(topics)[key] for key in ("send_at", "languages", "topics"))
    # Back to what it was: still the operator's later word, not the reader's earlier one.
    topics.settings.subscribers.write_text(TWO_TOPICS, "utf-8")
    assert ("06:45", "zh", "robots") == tuple(in_force(topics)[key] for key in ("send_at", "languages", "topics"))
    post(topics, {"do": "save", "send_at": "22:00"})
    assert "22:00" == in_force(topics)["send_at"]


def test_an_edit_by_hand_after_a_saved_one_wins(topics: Site) -> None:
    """With a file that can be written too: reader, operator, reader, each time the later."""
    post(topics, {"do": "save", "send_at": "21:30"})
    text = topics.settings.subscribers.read_text("utf-8")
    topics.settings.subscribers.write_text(text.replace("21:30", "05:00"), "utf-8")
    assert "05:00" == in_force(topics)["send_at"]
    post(topics, {"do": "save", "send_at": "21:30"})
    assert "21:30" == in_force(topics)["send_at"]
    topics.settings.subscribers.write_text(text.replace("    send_at: 21:30\n", ""), "utf-8")
    assert "09:30" == in_force(topics)["send_at"]  # the newsletter's


def test_a_topic_that_is_gone_is_not_missed(topics: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the operator removes a topic that only the ledger names, the file counts again."""
    read_only(monkeypatch)
    post(topics, FORM)
    text = "".join(line for line in TWO_TOPICS.splitlines(keepends=True) if "robots" not in line)
    topics.settings.subscribers.write_text(text, "utf-8")
    assert ("foundations", "21:30") == (in_force(topics)["topics"], in_force(topics)["send_at"])


def test_forgetting_takes_preferences_along(topics: Site) -> None:
    """Of a reader who asks to be forgotten nothing of this stays."""
    post(topics, FORM)
    topics.counter.store.forget(topics.ids[ADA], "fingerprint", utc_now())
    assert [] == topics.counter.store.preferences()


def test_dropping_spares_what_was_set_meanwhile(topics: Site) -> None:
    """Between looking and dropping a reader may have saved again: that stays."""
    store = topics.counter.store
    old = Preference(subscriber_id=topics.ids[ADA], email=ADA, key="send_at", value="01:00", in_file=None, at=utc_now())
    new = replace(old, value="02:00", at=old.at + timedelta(seconds=1))
    store.set_preferences([old])
    store.set_preferences([new])
    store.drop_preferences([old])
    assert [new] == store.preferences()
    store.drop_preferences([new])
    assert [] == store.preferences()


def test_the_next_mail_goes_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who wants one-liners in Chinese alone gets them, though the file could not be written."""
    with practice(tmp_path) as (_, settings):
        with open_ledger(settings) as store:
            who = store.enrol([ADA], utc_now())[ADA]
            chosen = {"languages": "zh", "abstracts": "none"}
            store.set_preferences(
                Preference(subscriber_id=who.id, email=ADA, key=key, value=value, in_file=None, at=utc_now())
                for key, value in chosen.items()
            )
        with desk_of(settings) as desk:
            assert ("zh",) == active(desk)[0].wishes.languages
            run(desk)
        shown = part(outbox(settings)[ADA], "html")
        assert 'class="abs"' not in shown
        assert '<html lang="zh"' in shown or 'lang="zh"' in shown[:600]
    assert ROSTER == settings.subscribers.read_text("utf-8")


# --- a private archive ---


def test_a_private_archive_opens_with_a_token(topics: Site) -> None:
    """Pages, data and style behind a reader's own token; not openly, not by another token, not after leaving."""
    folder = topics.settings.data_dir / "archive-private"
    folder.mkdir()
    (folder / "index.html").write_text("<p>private</p>", "utf-8")
    (folder / "2026-03-09.json").write_text("{}", "utf-8")
    base = f"/a/{topics.token(Purpose.ARCHIVE)}"
    assert f'href="..{base}/"' in look(topics).text
    for path in (f"{base}/", f"{base}/index.html"):
        answer = topics.ask("GET", path)
        assert (200, b"<p>private</p>") == (answer.status, answer.body)
        assert ("noindex", "private, no-cache") == (answer.headers["x-robots-tag"], answer.headers["cache-control"])
    assert (308, f"{topics.token(Purpose.ARCHIVE)}/") == (
        topics.ask("GET", base).status,
        topics.ask("GET", base).headers["location"],
    )
    assert b"private</p>" not in topics.ask("GET", "/").body
    closed = ["/index.html", "/archive-private/index.html", "/a/", "/a//index.html", f"/a/{'a' * 34}/index.html"]
    closed += [f"/a/{topics.token(purpose)}/index.html" for purpose in Purpose if purpose is not Purpose.ARCHIVE]
    closed += [f"{base}/../token-keys", f"{base}/%2e%2e/token-keys", f"{base}/..%2ftoken-keys", f"{base}//etc/passwd"]
    for path in closed:
        assert 404 == topics.ask("GET", path).status, path
    assert b"Disallow: /\n" in topics.ask("GET", "/robots.txt").body
    topics.leave()
    assert 404 == topics.ask("GET", f"{base}/index.html").status


def test_a_private_morning_is_published_for_readers(tmp_path: Path) -> None:
    """What the service writes for readers alone is there, whole."""
    with practice(tmp_path, model=False, roster=f"newsletter: {{archive: private}}\n{ROSTER}") as (_, settings):
        with desk_of(settings) as desk:
            run(desk)
            publish(desk)
        assert (settings.data_dir / "archive-private" / "archive.css").is_file()
        assert not (settings.data_dir / "archive").exists()


# --- in a browser ---


def _open(browser: Any, site: Site, purpose: Purpose, email: str = ADA) -> Any:
    page = browser.new_page(viewport={"width": 360, "height": 740}, locale="en-GB")
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(f"http://127.0.0.1:{site.port}/{'u' if purpose is Purpose.LEAVE else 'p'}/{site.token(purpose, email)}")
    return page


def test_changing_preferences_in_a_browser(topics: Site, browser: Any, axe: str, tmp_path: Path) -> None:
    """On a phone: choose, save, pause, end the pause; nothing for axe-core or the Nu HTML checker to say."""
    page = _open(browser, topics, Purpose.PREFERENCES)
    pages = [page.content()]
    judge(page, axe, "preferences")
    page.get_by_label("First", exact=True).select_option("zh")
    page.get_by_label("Second", exact=True).select_option("en")
    page.get_by_label("One-liners only").check()
    page.get_by_label("Local time", exact=True).fill("20:15")
    page.get_by_label("Time zone").select_option("Asia/Shanghai")
    page.get_by_label("Saturday").uncheck()
    page.get_by_label("Robots").check()
    page.get_by_role("button", name="Save").click()
    assert "已保存" in page.get_by_role("status").inner_text()
    judge(page, axe, "preferences-saved")
    pages.append(page.content())
    now = in_force(topics)
    assert ("zh, en", "none", "20:15") == tuple(now[key] for key in ("languages", "abstracts", "send_at"))
    assert ("Asia/Shanghai", "mon, tue, wed, thu, fri, sun") == (now["timezone"], now["days"])
    assert "foundations, robots" == now["topics"]
    page.get_by_role("button", name="暂停", exact=True).click()
    assert SubscriberState.PAUSED is topics.state()
    judge(page, axe, "preferences-paused")
    pages.append(page.content())
    page.get_by_role("button", name="恢复发送").click()
    assert SubscriberState.ACTIVE is topics.state()
    assert [] == page.context.cookies()
    page.close()
    for number, content in enumerate(pages):
        (tmp_path / f"{number}.html").write_text(content, "utf-8")
    assert [] == nu_errors(sorted(tmp_path.glob("?.html")))


def test_leaving_and_undoing_in_a_browser(topics: Site, browser: Any, axe: str) -> None:
    """From the link in a mail, by keyboard alone: ask, leave, undo."""
    page = _open(browser, topics, Purpose.LEAVE)
    judge(page, axe, "leave")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You are unsubscribed").wait_for()
    assert SubscriberState.UNSUBSCRIBED is topics.state()
    judge(page, axe, "left")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("You are subscribed to the newsletter again").wait_for()
    assert SubscriberState.ACTIVE is topics.state()
    judge(page, axe, "undone")
    page.goto(f"http://127.0.0.1:{topics.port}/p/{topics.token(Purpose.PREFERENCES)}")  # the undo opens no preferences
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_role("heading", name="You are unsubscribed").wait_for()
    page.goto(f"http://127.0.0.1:{topics.port}/p/{topics.token(Purpose.PREFERENCES)}")
    judge(page, axe, "preferences-left")
    page.goto(f"http://127.0.0.1:{topics.port}/p/forged")
    judge(page, axe, "not-valid")
    page.close()


@pytest.mark.parametrize("private", [True, False])
def test_the_served_archive_in_a_browser(topics: Site, browser: Any, private: bool) -> None:
    """Under our own headers style, script and index load, with a token in the address and without."""
    folder = topics.settings.data_dir / ("archive-private" if private else "archive")
    if not private:
        topics.settings.subscribers.write_text(TWO_TOPICS.replace("archive: private", "archive: public"), "utf-8")
        tick(topics)
    fill(folder, days(*DATES), a_site(private=private, public_url=None))
    way = f"/a/{topics.token(Purpose.ARCHIVE)}/" if private else "/"
    page = browser.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(f"http://127.0.0.1:{topics.port}{way}")
    page.get_by_role("searchbox").fill("zebrafish")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("5 papers found.", exact=True).wait_for()
    page.get_by_role("link", name="Zebrafish on day 9").click()
    page.wait_for_url(f"**{way}papers/2603.00902.html")  # and until its style is there
    assert "rgb(179, 27, 27)" == page.evaluate("getComputedStyle(document.querySelector('.brand')).color")
    page.close()
    assert [] == troubles


TASTE = {
    "personal": "off", "interests": "State space models:\n no vision, please", "authors": "Ada Lovelace, Emmy Noether",
    "include": "Hessian", "exclude": "", "like": "https://arxiv.org/abs/2402.01306v2, 2603.00001",
}  # fmt: skip


def test_a_taste_is_saved_written_and_cleared(topics: Site) -> None:
    """The later wins, as for every preference; an empty field is no key in the file."""
    assert post(topics, FORM | TASTE).status == 200
    said_now = in_force(topics)
    assert said_now["interests"] == "State space models: no vision, please"
    assert said_now["like"] == "2402.01306, 2603.00001"
    text = topics.settings.subscribers.read_text("utf-8")
    for line in ("authors: [Ada Lovelace, Emmy Noether]", "personal: off", "include: [Hessian]"):
        assert line in text
    assert "exclude" not in text
    assert "State space models" in look(topics).text
    cleared = post(topics, FORM | dict.fromkeys(TASTE, "") | {"personal": "on"})
    assert cleared.status == 200
    now = in_force(topics)
    assert [now[key] for key in LEANINGS] == ["on", *[""] * 6]
    text = topics.settings.subscribers.read_text("utf-8")
    assert "authors" not in text
    assert "interests: State" not in text


@pytest.mark.parametrize("bad", [{"like": "refs.bib"}, {"like": "/etc/passwd"}, {"interests": "x" * 2001}])
def test_a_taste_that_cannot_be_is_refused(topics: Site, bad: dict[str, str]) -> None:
    before = topics.settings.subscribers.read_bytes()
    assert post(topics, FORM | bad).status == 422
    assert topics.settings.subscribers.read_bytes() == before


def test_likes_are_erased_on_the_page(topics: Site) -> None:
    store, who = topics.counter.store, topics.ids[ADA]
    marks = [
        Mark(arxiv_id=f"2603.0000{number}", kind=kind, how=MarkedBy.PAGE, at=topics.counter.now())
        for number, kind in enumerate(MarkKind)
    ]
    store.mark(who, marks)
    assert "1 liked, 1 marked “not for me”, 1 saved" in look(topics).text
    assert post(topics, {"do": "erase taste"}).status == 200
    assert store.mark_counts(who) == {"like": 0, "not": 0, "save": 1}
