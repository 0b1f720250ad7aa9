"""The first edition's users notice nothing: its ledger, settings, lists, emails and habits go on working.

`tests/data/first_edition` is what version 0.1.0 left behind; `make.py` there tells how. Everything here is done from
outside, as an operator and readers do it, on the day after its last morning.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import contract
from tests.dovecot import MISSING, PASSWORD, dovecot
from tests.forked import Forks
from tests.outside import (
    Home,
    Page,
    Sent,
    Sink,
    Web,
    by_mailto,
    original,
    reply,
    returned,
    sink,
    wait_for,
    written_to,
)

FIXTURE = Path(__file__).parent / "data" / "first_edition"
BEFORE: Mapping[str, Any] = json.loads((FIXTURE / "contract.json").read_text("utf-8"))
EVENING = "2026-03-16 18:00"  # nothing is announced yet, and nobody's hour comes
MORNING = "2026-03-17 13:00"  # after the first announcement that the old code never saw
NOWHERE = {  # arXiv is not to be asked
    "NEWSLETTER_ARXIV_API_URL": "http://127.0.0.1:9/api/query",
    "NEWSLETTER_ARXIV_RSS_URL": "http://127.0.0.1:9/rss",
    "NEWSLETTER_ARXIV_DELAY": "0",
}
NO_MAILBOX = {"NEWSLETTER_IMAP_URL": "", "NEWSLETTER_IMAP_PASSWORD": ""}
GONE = ("unsubscribed", "suppressed")
FRED = "fred@example.org"  # forgotten

Restore = Callable[..., Home]


@dataclass(frozen=True)
class Old:
    """One email of the first edition."""

    day: str
    kind: str
    mail: Sent

    @property
    def to(self) -> str:
        return self.mail.to

    def header(self, name: str) -> str:
        return header_of(self.mail, name)

    @property
    def text(self) -> str:
        return text_of(self.mail)

    @property
    def links(self) -> list[str]:
        """Every address of the newsletter's own in headers and bodies, `mailto:` included."""
        headers = " ".join(self.header(name) for name in ("List-Unsubscribe", "List-Help", "List-Archive"))
        found = re.findall(r"(?:https://news\.example\.org/|mailto:)[^\s<>\"]*", f"{headers} {self.text} {self.html}")
        return sorted({link.replace("&amp;", "&") for link in found})

    @property
    def html(self) -> str:
        return part_of(self.mail, "html")


def header_of(mail: Sent, name: str) -> str:
    return str(original(mail.content)[name] or "")


def text_of(mail: Sent) -> str:
    return part_of(mail, "plain")


def part_of(mail: Sent, kind: str) -> str:
    body = original(mail.content).get_body((kind,))
    return str(body.get_content()) if body else ""


def papers_of(mail: Sent) -> set[str]:
    """The papers that an email shows; the digits behind the 9 are the day of March."""
    return set(re.findall(r"2603\.9\d{4}", text_of(mail) + part_of(mail, "html")))


@pytest.fixture(scope="module")
def old() -> list[Old]:
    """Every email that the first edition sent, oldest first."""
    with tarfile.open(FIXTURE / "mails.tar.xz") as packed:
        contents = {one.name: packed.extractfile(one).read() for one in packed}  # type: ignore[union-attr]
    return [
        Old(one["day"], one["kind"], Sent(one["envelope_from"], one["to"], contents[one["file"]]))
        for one in BEFORE["mails"]
    ]


@pytest.fixture(scope="module")
def restore(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Restore:
    """A new copy of the folder that the first edition left behind."""

    def copied(**settings: str) -> Home:
        folder = tmp_path_factory.mktemp("first") / "newsletter"
        shutil.copytree(FIXTURE / "home", folder)
        (folder / "dot-env").rename(folder / ".env")
        with tarfile.open(FIXTURE / "var.tar.xz") as packed:
            packed.extractall(folder / "var", filter="data")
        return Home(folder, settings, forks)

    return copied


def entries(home: Home) -> dict[str, dict[str, Any]]:
    """The readers of the file by address."""
    listed = yaml.safe_load((home.folder / "subscribers.yaml").read_text("utf-8"))["subscribers"]
    return {one["email"]: one for one in listed}


def active() -> set[str]:
    return {email for email, state in BEFORE["states"].items() if state == "active"}


def last_issue(old: list[Old], email: str, day: str = "2026-03-16") -> Old:
    """The newest email that this reader has had of an issue up to this day."""
    return [one for one in old if one.to == email and one.kind != "answer" and one.day <= day][-1]


def answer_to(old: list[Old], email: str) -> Old:
    return [one for one in old if one.to == email and one.kind == "answer"][-1]


# --- the ledger ---


@pytest.fixture(scope="module")
def opened(restore: Restore) -> tuple[Home, Any]:
    """The folder after its first command, and what that said."""
    home = restore()
    done = home.run(EVENING, "status", "--json")
    assert done.returncode == 0, done.stderr
    return home, contract.lines_of_json(done.stdout)[0]


def rows(ledger: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}


def test_the_ledger_is_upgraded_and_loses_nothing(opened: tuple[Home, Any]) -> None:
    """Each table that is still there has at least its rows, whatever else has come; an upgrade keeps a copy."""
    home, _ = opened
    found = rows(home.folder / "var" / "newsletter.db")
    assert {} == {
        name: (count, found[name]) for name, count in BEFORE["rows"].items() if name in found and found[name] < count
    }
    with closing(sqlite3.connect(f"file:{home.folder}/var/newsletter.db?mode=ro", uri=True)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    copies = list((home.folder / "var" / "backups").glob("*.db"))
    assert (revision != "0005") == bool(copies)
    for copy in copies:
        assert BEFORE["rows"] == rows(copy)


def test_every_issue_reader_and_cost_is_still_told(opened: tuple[Home, Any]) -> None:
    """`status` lists the same issues with the same tokens; `subscribers list` knows everybody in the same state."""
    home, said = opened
    told = {one["date"]: [one["prompt_tokens"], one["completion_tokens"]] for one in said["issues"]}
    assert BEFORE["usage"] == told
    listed = home.run(EVENING, "subscribers", "list").stdout.splitlines()
    found = dict(line.split()[:2] for line in listed if "@" in line)
    assert BEFORE["states"] == {email: found.get(email) for email in BEFORE["states"]}
    assert not [line for line in listed if FRED in line]


# --- settings and lists ---


def check(home: Home) -> list[str]:
    """What `newsletter check` finds wrong, a line each."""
    said = home.run(EVENING, "check")
    assert said.returncode in (0, 1), said.stderr
    lines = [*said.stdout.splitlines(), *said.stderr.splitlines()]
    return [line for line in lines if said.returncode and not re.match(r"\d+ finding", line)]


def findings(found: Iterable[str]) -> list[str]:
    """Without those about the operator's own files, which another test looks at."""
    return [line for line in found if not any(name in line for name in BEFORE["own"])]


@pytest.fixture(scope="module")
def checked(restore: Restore) -> list[str]:
    """What is wrong with the folder as it was."""
    return check(restore())


def test_no_setting_and_no_key_is_refused(checked: list[str]) -> None:
    """`check` has no finding about the old `.env` and the old list, which use every key there was."""
    listed = yaml.safe_load((FIXTURE / "home" / "subscribers.yaml").read_text("utf-8"))
    used = {
        "newsletter": {*listed["newsletter"]},
        "topic": {key for one in listed["topics"].values() for key in one},
        "subscriber": {key for one in listed["subscribers"] for key in one},
    }
    assert {} == {
        kind: set(keys) - used[kind] for kind, keys in BEFORE["roster_keys"].items() if set(keys) - used[kind]
    }
    assert [] == findings(checked)


def test_every_setting_that_there_was_is_still_one(restore: Restore) -> None:
    """A `.env` with all of them at once is accepted."""
    home = restore()
    (home.folder / "every-setting.env").replace(home.folder / ".env")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (home.folder / "dkim.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    written = (home.folder / ".env").read_text("utf-8")
    assert [] == [name for name in BEFORE["settings"] if f"\n{name}=" not in written]
    assert [] == findings(check(home))


def test_the_short_forms_of_a_list_are_still_read(tmp_path: Path, forks: Forks) -> None:
    """Bare addresses, scalars for lists, `off` and `9:30`, in a folder without anything else."""
    home = Home(tmp_path / "newsletter", {}, forks)
    home.folder.mkdir()
    shutil.copy(FIXTURE / "smallest.yaml", home.folder / "subscribers.yaml")
    assert [] == findings(check(home))


# --- links ---


class Forms(HTMLParser):
    """The forms of a page: where each is posted, its fields as they are filled in, and its buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str]], list[tuple[str, str]]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), [], []))
        elif tag == "button" and self.found:
            self.found[-1][2].append((given.get("name", ""), given.get("value", "")))
        elif tag == "input" and given.get("type") == "hidden" and self.found:
            self.found[-1][1].append((given["name"], given.get("value", "")))


@dataclass(frozen=True)
class Visited:
    """A running service over the old folder."""

    home: Home
    web: Web
    sink: Sink

    def ask(self, method: str, address: str, body: str = "") -> Page:
        self.home.settle()
        return self.web.ask(method, address, body)

    def press(self, address: str, page: str, value: str = "") -> str:
        """Press the button with this value, or the only one there is; the page that comes."""
        forms = Forms(page).found
        fitting = [(action, fields, one) for action, fields, buttons in forms for one in buttons if one[1] == value]
        (action, fields, (name, said)), *_ = fitting or [(a, f, buttons[0]) for a, f, buttons in forms]
        body = urlencode([*fields, *([(name, said)] if name else [])])
        answer = self.ask("POST", urljoin(address, action), body)
        assert answer.status == 200, (address, answer.status)
        return answer.text


@pytest.fixture(scope="module")
def visited(restore: Restore) -> Iterator[Visited]:
    with sink() as kept:
        home = restore(**NOWHERE, **NO_MAILBOX, **kept.settings)
        with home.serving(EVENING) as web:
            yield Visited(home, web, kept)


def test_every_link_of_every_email_opens(visited: Visited, old: list[Old]) -> None:
    """Opening any of them changes nothing. Links into a private archive are closed while it is public."""
    before = (visited.home.folder / "subscribers.yaml").read_bytes()
    links = {link: one.to for one in old for link in one.links if link.startswith("https:") and "/a/" not in link}
    assert {"/u/", "/p/", "/"} == {re.sub(r"[a-z2-7]{34}.*|[^/]*$", "", link[24:]) for link in links}
    statuses = {(link, email): visited.ask("GET", link).status for link, email in links.items()}
    wrong = {at: status for at, status in statuses.items() if status != 200 and (at[1], status) != (FRED, 404)}
    assert {} == wrong
    assert before == (visited.home.folder / "subscribers.yaml").read_bytes()


def test_one_click_unsubscribes_and_the_page_undoes_it(visited: Visited, old: list[Old]) -> None:
    """For every reader, by the oldest such link and by the newest: those of both keys."""
    for email in sorted(active()):
        links = [one.header("List-Unsubscribe") for one in old if one.to == email and one.kind == "issue"]
        clicks = [found[0] for header in links if (found := re.findall(r"<(https://[^>]+/u/[^>]+)>", header))]
        for link in dict.fromkeys(clicks):
            answer = visited.ask("POST", link, "List-Unsubscribe=One-Click")
            assert 200 == answer.status
            assert "unsubscribed" in entries(visited.home)[email]
            visited.press(link, answer.text, "back")
            assert "unsubscribed" not in entries(visited.home)[email]


def test_who_is_forgotten_is_not_known_by_an_old_link(visited: Visited, old: list[Old]) -> None:
    """The links of somebody who was forgotten lead nowhere and bring nobody back."""
    for link in last_issue(old, FRED).links:
        if re.search("/[up]/", link):
            assert 404 == visited.ask("POST", link).status
    assert FRED not in entries(visited.home)


def test_the_link_of_an_answer_undoes_what_it_tells_of(visited: Visited, old: list[Old]) -> None:
    """The page behind the confirmation of an unsubscribe has the way back, that of a question the way out."""
    (link,) = (one for one in answer_to(old, "rosa@example.org").links if "/p/" in one)
    assert "unsubscribed" in entries(visited.home)["rosa@example.org"]
    visited.press(link, visited.ask("GET", link).text, "back")
    assert "unsubscribed" not in entries(visited.home)["rosa@example.org"]
    for email in ("zoe@example.org", "chen@example.org"):
        (link,) = (one for one in answer_to(old, email).links if "/u/" in one)
        page = visited.press(link, visited.ask("GET", link).text)
        assert "unsubscribed" in entries(visited.home)[email]
        visited.press(link, page, "back")
        assert "unsubscribed" not in entries(visited.home)[email]


def test_the_preferences_page_of_an_old_link_saves_pauses_and_lets_go(visited: Visited, old: list[Old]) -> None:
    """By every button, with the fields that the old page sent too."""
    (link,) = (one for one in last_issue(old, "ada@example.org").links if "/p/" in one)
    form = "do=save&languages=zh&languages=&topics=&topics=vision&abstracts=none&abstract_language=original"
    form += "&send_at=08%3A10&timezone=Europe%2FRome&days=&days=tue"
    assert 200 == visited.ask("POST", link, form).status
    saved = entries(visited.home)["ada@example.org"]
    assert ("vision", "zh", "none", "Europe/Rome", "tue") == tuple(
        saved[key][0] if isinstance(saved[key], list) else saved[key]
        for key in ("topics", "languages", "abstracts", "timezone", "days")
    )
    for body, key in (("do=pause&until=2026-04-01", "paused_until"), ("do=leave", "unsubscribed")):
        assert 200 == visited.ask("POST", link, body).status
        assert key in entries(visited.home)["ada@example.org"]
        assert 200 == visited.ask("POST", link, "do=back").status
        assert key not in entries(visited.home)["ada@example.org"]


def test_a_pause_and_a_bounce_are_still_in_force_on_the_page(visited: Visited, old: list[Old]) -> None:
    """Who paused on the page can resume there; who bounced cannot come back by a click."""
    for email, key, stays in (("tess@example.org", "paused_until", False), ("bo@example.org", "bounced", True)):
        (link,) = (one for one in last_issue(old, email).links if "/p/" in one)
        assert key in entries(visited.home)[email]
        assert 200 == visited.ask("POST", link, "do=back").status
        assert stays == (key in entries(visited.home)[email])


def test_routes_metrics_and_health_are_what_they_were(visited: Visited) -> None:
    """Each address answers as it did; every metric with its labels and every field of /healthz is still there."""
    assert {} == {
        route: (status, BEFORE["routes"][route])
        for route, status in contract.routes(visited.web).items()
        if status != BEFORE["routes"][route]
    }
    assert [] == contract.lacking(BEFORE["metrics"], [*contract.metrics(visited.ask("GET", "/metrics").text)])
    assert [] == contract.lacking(BEFORE["healthz"], [*json.loads(visited.ask("GET", "/healthz").body)])


def test_the_service_itself_finishes_what_the_crash_left(visited: Visited, old: list[Old]) -> None:
    """On its first tick: the emails in doubt once more, the queued one, and nothing else."""
    waiting = [email for emails in BEFORE["open"].values() for email in emails]
    wait_for(lambda: len(visited.sink.mails) >= len(waiting), "the emails in doubt have not come")
    assert sorted(waiting) == sorted(mail.to for mail in visited.sink.mails)


def test_links_into_a_private_archive_open_when_it_is_private_again(restore: Restore, old: list[Old]) -> None:
    """The tokens in them still prove a reader; those of somebody who gets no email open nothing."""
    home = restore(**NOWHERE, **NO_MAILBOX)
    file = home.folder / "subscribers.yaml"
    file.write_text(file.read_text("utf-8").replace("archive: public", "archive: private"), "utf-8")
    assert 0 == home.run(EVENING, "archive").returncode
    links = {one.to: link for one in old for link in one.links if "/a/" in link}
    with sink() as kept, home.serving(EVENING, **kept.settings) as web:
        for email, link in links.items():
            expected = 200 if BEFORE["states"].get(email) in ("active", "paused") else 404
            assert (email, expected) == (email, web.ask("GET", link).status)


# --- replies ---


def ways_to_write(old: list[Old]) -> Iterator[tuple[str, str, bytes, str, str | None]]:
    """Kind and day, what arrives, the expected action, and whose it is."""
    seen = set()
    for one in old:
        marks = (one.to, one.header("Reply-To"), one.header("List-Unsubscribe"))
        if one.kind not in ("issue", "doubtful") or marks in seen:
            continue
        seen.add(marks)
        who = None if one.to == FRED else one.to
        at = f"{one.day} {one.to}"
        for link in [link for link in one.links if link.startswith("mailto:")]:
            yield "mailto", at, by_mailto(link, "anybody@elsewhere.example"), "unsubscribe", who
        yield "reply", at, reply(one.mail.content, "unsubscribe"), "unsubscribe", who
        for proof in ("In-Reply-To", "References"):
            yield proof, at, reply(one.mail.content, "退订", proof=proof), "unsubscribe", who
        yield "pause", at, reply(one.mail.content, "pause until 1 April 2026"), "pause", who
        yield "bounce", at, returned(one.mail, "5.1.1", "no such mailbox"), "bounce-permanent", who
    for one in (one for one in old if one.kind == "answer"):
        for link in [link for link in one.links if link.startswith("mailto:")]:
            action = "resume" if "resume" in link else "unsubscribe"
            yield "answer", f"{one.day} {one.to}", by_mailto(link, "anybody@elsewhere.example"), action, one.to
    yield "no proof", "", written_to("news@example.org", "ada@example.org", "unsubscribe"), "confirm", None


def test_every_way_to_write_still_means_the_same(restore: Restore, old: list[Old], tmp_path: Path) -> None:
    """Addresses in links, Reply-To, In-Reply-To or References alone, reports to the envelope: the same reader, by both
    keys, with and without plus addressing and web part."""
    home, expected = restore(), {}
    for number, (kind, at, raw, action, who) in enumerate(ways_to_write(old)):
        file = tmp_path / f"{number:04}.eml"
        file.write_bytes(raw)
        expected[str(file)] = (f"{kind}, {at}", action, who)
    assert {"mailto", "reply", "In-Reply-To", "References", "pause", "bounce", "answer", "no proof"} == {
        what.partition(",")[0] for what, _, _ in expected.values()
    }
    said = home.run(EVENING, "inbox", "--explain", str(tmp_path))
    assert 0 == said.returncode, said.stderr
    found = {one["file"]: (one["action"], one["email"]) for one in contract.lines_of_json(said.stdout)}
    wrong = {what: found.get(file) for file, (what, *meant) in expected.items() if found.get(file) != tuple(meant)}
    assert {} == wrong


@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
def test_replies_to_old_emails_are_acted_on(restore: Restore, old: list[Old]) -> None:
    """In a real mailbox: each does what it asks for, is put away, and is answered with a way to undo it that works."""
    received = {
        "mei@example.org": by_mailto(
            next(link for link in last_issue(old, "mei@example.org").links if link.startswith("mailto:")),
            "mei@example.org",
        ),
        "chen@example.org": reply(last_issue(old, "chen@example.org", "2026-03-06").mail.content, "退订"),
        "grace@example.org": reply(
            last_issue(old, "grace@example.org", "2026-03-03").mail.content, "unsubscribe", proof="In-Reply-To"
        ),
        "wes@example.org": reply(last_issue(old, "wes@example.org").mail.content, "pause until 2026-04-01"),
        "rosa@example.org": reply(last_issue(old, "rosa@example.org").mail.content, "resume"),
        "dieter@example.org": returned(last_issue(old, "dieter@example.org").mail, "5.1.1", "no such mailbox"),
    }
    marks = {"mei": "unsubscribed", "chen": "unsubscribed", "grace": "unsubscribed", "wes": "paused_until"}
    marks |= {"dieter": "bounced"}
    with dovecot() as mailbox, sink() as kept:
        for raw in received.values():
            mailbox.deliver(raw)
        home = restore(NEWSLETTER_IMAP_URL=mailbox.url, NEWSLETTER_IMAP_PASSWORD=PASSWORD, **kept.settings)
        done = home.run(EVENING, "inbox", "--once")
        assert 0 == done.returncode, done.stderr
        assert len(received) == len(mailbox.mails("Newsletter.Done") or mailbox.mails("Newsletter/Done"))
        after = entries(home)
        assert {f"{name}@example.org": mark for name, mark in marks.items()} == {
            email: key
            for email in received
            for key in ("unsubscribed", "paused_until", "bounced")
            if key in after[email]
        }
        # The new answers lead back by their own links, whatever these look like now.
        answers = {mail.to: Old("", "answer", mail) for mail in kept.mails}
        assert {"mei@example.org", "grace@example.org", "wes@example.org"} <= set(answers)
        mailbox.empty()
        for email in ("mei@example.org", "wes@example.org"):
            mailbox.deliver(reply(answers[email].mail.content, "resume"))
        assert 0 == home.run(EVENING, "inbox", "--once").returncode
        assert not {"unsubscribed", "paused_until"} & {
            *entries(home)["mei@example.org"],
            *entries(home)["wes@example.org"],
        }


# --- the next morning ---


@dataclass(frozen=True)
class Morning:
    """The first morning with the code under test."""

    home: Home
    mails: list[Sent]
    again: list[Sent]  # of the same morning once more
    status: Any


@pytest.fixture(scope="module")
def morning(restore: Restore) -> Morning:
    """`newsletter run` twice after a new announcement; somebody has put Fred's line back into the list."""
    home = restore()
    with (home.folder / "subscribers.yaml").open("a", encoding="utf-8") as file:
        file.write(f"  - {{ email: {FRED}, topics: foundations }}\n")
    with home.arxiv(MORNING, FIXTURE / "papers.jsonl.gz") as arxiv, sink() as kept:
        mails = []
        for _ in range(2):
            done = home.run(MORNING, "run", **arxiv, **kept.settings, **NO_MAILBOX)
            assert 0 == done.returncode, done.stdout + done.stderr
            mails.append([mail for mail in kept.mails if mail.to != "admin@example.org"])
            kept.mails.clear()
    said = home.run(MORNING, "status", "--json")
    return Morning(home, mails[0], mails[1], contract.lines_of_json(said.stdout)[0])


def test_nobody_gets_an_issue_twice_and_nobody_none(morning: Morning, old: list[Old]) -> None:
    """Each active reader gets one email with the new announcement, and before it the one that was left over; nothing
    in them was in an earlier email, and nothing comes a second time."""
    waiting = [email for emails in BEFORE["open"].values() for email in emails]
    assert Counter([*active(), *waiting]) == Counter(mail.to for mail in morning.mails)
    assert [] == morning.again
    for email in active():
        had = set().union(*(papers_of(one.mail) for one in old if one.to == email and one.kind == "issue"))
        assert had
        now = [papers_of(mail) for mail in morning.mails if mail.to == email]
        assert [] == sorted(had & set().union(*now)), email
        assert sum(map(len, now)) == len(set().union(*now)), email
    assert "17" in {paper[6:8] for mail in morning.mails for paper in papers_of(mail)}
    assert {one.header("Message-ID") for one in old if one.kind == "issue"}.isdisjoint(
        header_of(mail, "Message-ID") for mail in morning.mails
    )


def test_what_was_in_doubt_is_sent_again_as_the_same_email(morning: Morning, old: list[Old]) -> None:
    """With the same Message-ID, date and body, and `status` names whose it was."""
    for one in (one for one in old if one.kind == "doubtful"):
        same = [mail for mail in morning.mails if header_of(mail, "Message-ID") == one.header("Message-ID")]
        assert [one.to] == [mail.to for mail in same]
        for name in ("Date", "Subject", "To"):
            assert one.header(name) == header_of(same[0], name)
        assert one.mail.content.partition(b"\r\n\r\n")[2] == same[0].content.partition(b"\r\n\r\n")[2]
        notes = next(issue["notes"] for issue in morning.status["issues"] if issue["date"] == one.day)
        assert [note for note in notes if one.to in note]


def test_who_left_bounced_paused_or_is_forgotten_gets_nothing(morning: Morning) -> None:
    """Also when the line of somebody who is forgotten is back in the file."""
    quiet = {email for email, state in BEFORE["states"].items() if state != "active"} | {FRED}
    assert {*GONE, "paused"} <= {*BEFORE["states"].values()}
    assert set() == quiet & {mail.to for mail in morning.mails}


def test_no_old_answer_of_a_model_is_paid_for_again(morning: Morning) -> None:
    """The tokens of the old issues are what they were; the new one has its own."""
    told = {one["date"]: [one["prompt_tokens"], one["completion_tokens"]] for one in morning.status["issues"]}
    assert BEFORE["usage"] == {day: tokens for day, tokens in told.items() if day in BEFORE["usage"]}
    assert told["2026-03-17"][0] > 0


# --- own templates, prompts and words ---


def test_own_templates_prompts_and_words_still_serve(morning: Morning, checked: list[str]) -> None:
    """Each still makes what it made, or `check` names it once and ours stands in for it."""
    complaints = {name: sum(name in line for line in checked) for name in BEFORE["own"]}
    archive = morning.home.folder / "var" / "archive"
    shown = {
        "templates/footer.html.j2": [part_of(mail, "html") for mail in morning.mails],
        "templates/digest.mjml": [part_of(mail, "html") for mail in morning.mails],
        "templates/digest.txt.j2": [text_of(mail) for mail in morning.mails],
        "templates/words/zh.yaml": [text_of(mail) for mail in morning.mails if mail.to == "mei@example.org"],
        "templates/words/de.yaml": [text_of(mail) for mail in morning.mails if mail.to == "dieter@example.org"],
        "templates/archive-missing.html.j2": [(archive / "404.html").read_text("utf-8")],
        "prompts/score.md": [(archive / "2026-03-17.json").read_text("utf-8")],
    }
    for name, mark in BEFORE["own"].items():
        made = [text for text in shown[name] if text]
        assert made, name
        served = sum(mark in text for text in made)
        assert (1 if complaints[name] else 0) == complaints[name], name
        # What was rendered before it stopped fitting is sent as it was.
        assert complaints[name] or served == len(made), name


# --- names ---


def test_archive_paths_fields_and_atom_ids_stay(morning: Morning) -> None:
    """Every address of the archive still leads to its page, and feed readers see no entry twice."""
    archive = morning.home.folder / "var" / "archive"
    assert [] == contract.lacking(BEFORE["archive_paths"], contract.files_below(archive))
    ids = contract.atom_ids(archive)
    for feed, known in BEFORE["atom_ids"].items():
        assert [] == contract.lacking(known, ids[feed]), feed
    for day in ("2026-03-13", "2026-03-17"):
        shown = contract.shape(json.loads((archive / f"{day}.json").read_text("utf-8")))
        optional = {"papers[].links.code[]", "papers[].comment"}  # where a paper has some
        assert set() == {*BEFORE["archive_day"]} - shown - (optional if day == "2026-03-17" else set())


def test_json_of_commands_has_every_field_that_it_had(restore: Restore, old: list[Old], tmp_path: Path) -> None:
    """`status`, `subscribers show` and `inbox --explain`, with a morning on which no mail server was there."""
    home = restore(**NO_MAILBOX)
    shown = home.run(EVENING, "subscribers", "show", "ada@example.org", "--json").stdout
    (tmp_path / "one.eml").write_bytes(reply(last_issue(old, "ada@example.org").mail.content, "unsubscribe"))
    explained = home.run(EVENING, "inbox", "--explain", str(tmp_path)).stdout
    found = {
        "status": contract.shape(contract.status_in_trouble(home, EVENING, NOWHERE)),
        "show": contract.shape(contract.lines_of_json(shown)[0]),
        "explain": contract.shape(contract.lines_of_json(explained)[0]),
    }
    assert {} == {name: gone for name, fields in found.items() if (gone := set(BEFORE[name]) - fields)}


def test_log_events_keep_their_names() -> None:
    """Operators search for them: each still stands in the source."""
    source = "\n".join(contract.sources())
    assert [] == [name for name in BEFORE["log_events"] if f'"{name}"' not in source]


def test_commands_options_and_exit_codes_stay(restore: Restore, tmp_path: Path, forks: Forks) -> None:
    """Every command with every option, and how each ends."""
    home, empty = restore(**NOWHERE), Home(tmp_path / "empty", {}, forks)
    empty.folder.mkdir()
    found = contract.commands(home, EVENING)
    assert [] == contract.lacking(BEFORE["commands"], found)
    ends = contract.exit_codes(home, empty, EVENING)
    assert {} == {
        name: (code, ends[name]) for name, code in BEFORE["exit_codes"].items() if ends.get(name, code) != code
    }
