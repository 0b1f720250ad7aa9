"""Joining: from the form to the welcome, and what nobody can do with it."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from newsletter import pipeline, web
from newsletter.models import JoinMode, JoinState, Message, Outcome, Outgoing, Source, SubscriberState, Verdict
from newsletter.readers import Counter, in_force, joining, leave, suppress
from newsletter.replies import inviting
from newsletter.settings import Settings
from newsletter.store.tables import join_request, ticket
from newsletter.subscribers.tree import Unfit
from newsletter.tokens import Purpose, make
from newsletter.web import visitors
from newsletter.web.hosts import Door
from tests.counters import MORNING, counter_of, desk_at
from tests.morning import ROSTER, outbox, part, practice
from tests.site import Answer, Switch

Server = tuple[Switch, int]
NEWSLETTER = """\
newsletter:
  join: open
  languages: [en, zh]
  offer_languages: [de]
"""
SECOND = """\
  robots:
    categories: [cs.RO]
    interests: Legged robots.
  internal:
    categories: [cs.AI]
    interests: What only the group reads.
    join: false
"""
OPEN = NEWSLETTER + ROSTER.replace("subscribers:\n", f"{SECOND}subscribers:\n")
EVE = "eve@example.net"


@dataclass
class Join:
    """A newsletter that people can join, its page without a network, and a clock that tests move."""

    settings: Settings
    counter: Counter
    port: int
    posted: list[Outgoing]
    now: datetime = MORNING
    refusing: bool = False
    agent: dict[str, str] = field(default_factory=dict)
    done: Callable[[], None] = lambda: None  # waits for what happens behind the answers

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def page(self, **headers: str) -> str:
        answer = self.ask("GET", "/join", headers=headers)
        assert answer.status == 200
        return answer.text

    def send(self, email: str = EVE, *, wait: float = 5, page: str = "", **fields: Any) -> Any:
        """Fill in the form and send it, some seconds after it was shown."""
        shown = re.search(r'name="shown" value="([^"]+)"', page or self.page())
        assert shown
        self.now += timedelta(seconds=wait)
        return self.post("/join", {"email": email, "shown": shown[1], "do": "join"} | fields)

    def post(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields, doseq=True).encode(), kind | self.agent | headers)

    def settle(self) -> list[Message]:
        """What a tick writes to those who asked."""
        before = len(self.posted)
        inviting.settle(self.counter)
        return [one.message for one in self.posted[before:]]

    def secret(self, message: Message) -> str:
        found = re.search(r"https://news\.example\.org/j/([0-9a-f]{40})", message.text)
        assert found, message.text
        return found[1]

    def confirm(self, secret: str, do: str = "confirm") -> Any:
        shown = re.search(r'name="shown" value="([^"]+)"', self.ask("GET", f"/j/{secret}").text)
        return self.post(f"/j/{secret}", {"do": do, "shown": shown[1] if shown else ""})

    def joined(self, email: str = EVE, **fields: Any) -> str:
        """Join, all the way; the page in the end."""
        assert self.send(email, **fields).status == 200
        (message,) = [one for one in self.settle() if one.recipient == email]
        page = self.confirm(self.secret(message)).text
        for request in self.counter.store.join_requests(JoinState.JOINED):
            self.counter.store.change_join(replace(request, state=JoinState.DONE), JoinState.JOINED)
        return page

    def state(self, email: str = EVE) -> SubscriberState | None:
        found = self.counter.store.subscriber(email)
        return found.state if found else None

    def reader(self, email: str = EVE) -> Any:
        found = self.counter.store.subscriber(email)
        return self.counter.store.reader(found.id) if found else None


@contextmanager
def joining_at(folder: Path, server: Server, roster: str = OPEN, **changes: Any) -> Iterator[Join]:
    (folder / "subscribers.yaml").write_text(roster, "utf-8")
    own: dict[str, Any] = {"postal_address": "1 Road, Town", "admin_email": "owner@example.org"}
    given = own | {"public_url": "https://news.example.org"} | changes
    settings = Settings(
        subscribers=folder / "subscribers.yaml",
        data_dir=folder / "var",
        sender="Morning arXiv <news@example.org>",
        **given,
    )
    posted: list[Outgoing] = []
    found: list[Join] = []

    def post(mail: Outgoing) -> Outcome:
        if found[0].refusing:
            return Outcome(Verdict.TEMPORARY, "421 later")
        posted.append(mail)
        return Outcome(Verdict.ACCEPTED)

    with counter_of(settings, lambda: found[0].now if found else MORNING) as opened:
        counter = replace(opened, post=post, alarms=replace(opened.alarms, post=post))
        switch, port = server
        switch.inner = web.build(counter, None, Door(trusted=("192.0.2.9",)))
        found.append(Join(settings, counter, port, posted))
        in_force.take_in(counter, in_force.load(counter))
        yield found[0]


@pytest.fixture
def join(tmp_path: Path, server: Server) -> Iterator[Join]:
    with joining_at(tmp_path, server) as opened:
        yield opened


# --- the way in ---


def test_nobody_waits_for_the_minute(join: Join) -> None:
    """Whoever asks, confirms or comes back has an email to get: the next tick is called. A GET calls none."""
    rung: list[datetime] = []
    join.counter.bell.ring = lambda: rung.append(join.now)
    join.send()
    assert 1 == len(rung)
    secret = join.secret(*join.settle())
    join.ask("GET", f"/j/{secret}")
    assert 1 == len(rung)
    join.confirm(secret)
    assert 2 == len(rung)


def test_the_whole_way(join: Join) -> None:
    """Ask, confirm, read: the choices count, consent is kept, and a second click says that it was done."""
    page = join.page(**{"Accept-Language": "zh-CN"})
    assert '<option value="zh" selected>' in page
    assert "What only the group reads" not in page
    sent = join.send(
        topics=["", "robots"], languages=["de", "en"], send_at="06:30", timezone="Europe/Berlin", frequency="weekly"
    )
    assert sent.status == 200
    assert join.state() is None, "nobody is a reader before they confirm"
    (message,) = join.settle()
    assert message.recipient == EVE
    shown = join.ask("GET", f"/j/{join.secret(message)}").text
    for said in ("Robots", "06:30", "Europe/Berlin", EVE, "Morning arXiv"):
        assert said in shown
    assert join.state() is None, "a look changes nothing"
    join.now += timedelta(minutes=3)
    assert "/p/" in join.confirm(join.secret(message)).text
    reader = join.reader()
    assert (reader.wishes.topics, reader.wishes.languages, reader.weekly) == (("robots",), ("de", "en"), True)
    assert f"{reader.send_at:%H:%M} {reader.timezone} {reader.source}" == "06:30 Europe/Berlin page"
    (consent,) = join.counter.store.consents(join.counter.store.subscriber(EVE).id)  # type: ignore[union-attr]
    assert (consent.source, consent.language) == (Source.PAGE, "de")
    assert consent.asked
    assert consent.asked < consent.confirmed
    again = join.confirm(join.secret(message))
    assert again.status == 200
    assert "bereits bestätigt" in again.text
    assert len(join.counter.store.consents(join.counter.store.subscriber(EVE).id)) == 1  # type: ignore[union-attr]


def test_defaults_follow_the_newsletter(join: Join) -> None:
    """Who chose nothing gets what the newsletter gives; a changed default rewrites no row."""
    join.joined()
    before = join.reader()
    assert before.wishes.topics == ("foundations", "robots"), "never a topic that joiners may not choose"
    text = join.settings.subscribers.read_text("utf-8").replace("join: open", "join: open\n  send_at: 05:15")
    join.settings.subscribers.write_text(text, "utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    assert f"{join.reader().send_at:%H:%M}" == "05:15"


def test_the_welcome_is_the_newest_issue(tmp_path: Path) -> None:
    """Three lines on top, the usual headers, no model call, and not once more with the next morning."""
    roster = OPEN.replace("newsletter:\n", "newsletter:\n  send_at: 05:00\n")
    with practice(tmp_path, roster=roster) as (servers, given):
        settings = given.model_copy(
            update={
                "postal_address": "1 Road",
                "admin_email": "o@example.org",
                "public_url": "https://news.example.org",
            }
        )
        with desk_at(settings) as desk:
            pipeline.run(desk)
        asked = len(servers.model.requests)
        with counter_of(settings) as counter:
            known = in_force.last_good(counter.store)
            assert known
            for number in range(100):
                admit(counter, f"eve{number}@example.net", frequency="weekly" if number % 2 else "daily")
        with desk_at(settings, MORNING + timedelta(minutes=1)) as desk:
            assert pipeline.welcome(desk) == 100
            assert pipeline.welcome(desk) == 0
            pipeline.send(desk, pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)))
        assert len(servers.model.requests) == asked, "joiners order no paid work"
        mails = outbox(settings)
        assert len(mails) == 2 + 100
        text = part(mails["eve0@example.net"], "plain")
        assert text.index("Welcome!") < text.index("To end it") < text.index("Relevance")
        assert "Welcome!" not in part(mails["ada@example.org"], "plain")
        assert mails["eve1@example.net"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def admit(counter: Counter, email: str, **given: str) -> None:
    """Somebody who has confirmed."""
    known = in_force.last_good(counter.store)
    assert known
    joining.admit(counter, known.masthead, a_request(email, counter.now(), **given))


def a_request(email: str, now: datetime, **given: str) -> Any:
    from newsletter.models import JoinRequest

    return JoinRequest(
        email=joining.mailbox(email),
        written=email,
        given=tuple(given.items()),
        language="en",
        source=Source.PAGE,
        consent="0",
        asked=now,
    )


def test_closed(tmp_path: Path, server: Server) -> None:
    """Without `join:` there is no page, and a link of earlier days confirms nothing."""
    with joining_at(tmp_path, server, OPEN.replace("join: open", "join: closed")) as join:
        assert join.ask("GET", "/join").status == 404
        assert join.post("/join", {"email": EVE}).status == 404
        assert join.ask("GET", f"/j/{'0' * 40}").status == 404
        join.counter.store.ask_to_join(a_request(EVE, join.now))
        assert join.settle() == []


@pytest.mark.parametrize("missing", ["postal_address", "admin_email"])
def test_shut_until_it_says_who_runs_it(tmp_path: Path, server: Server, missing: str) -> None:
    with joining_at(tmp_path, server, **{missing: None}) as join:
        assert join.ask("GET", "/join").status == 404


def test_the_archive_leads_there(tmp_path: Path, server: Server) -> None:
    """The pages link to the form, which shows the best papers; without interests where these are not public."""
    with practice(tmp_path, model=False, roster=OPEN) as (_, given):
        more = {"postal_address": "1 Road", "admin_email": "o@example.org", "public_url": "https://news.example.org"}
        settings = given.model_copy(update=more)
        with desk_at(settings) as desk:
            pipeline.run(desk)
            pipeline.publish(desk)
        folder = settings.data_dir / "archive"
        assert 'href="join"' in (folder / "index.html").read_text("utf-8")
        assert (folder / "prompts").is_dir()
        with counter_of(settings) as counter:
            switch, port = server
            switch.inner = web.build(counter)
            join = Join(settings, counter, port, [])
            page = join.page()
            titles = re.findall(r'href="papers/([^"]+)\.html"', page)
            assert 3 == len(titles)
            assert "Mixture of experts" in page
        text = settings.subscribers.read_text("utf-8").replace("join: open", "join: closed\n  publish_prompt: false")
        settings.subscribers.write_text(text, "utf-8")
        with desk_at(settings) as desk:
            assert not pipeline.is_published_so(desk)
            pipeline.publish(desk)
            assert pipeline.is_published_so(desk)
        assert "join" not in (folder / "index.html").read_text("utf-8").partition("</header>")[0]
        assert not any("Mixture of experts" in one.read_text("utf-8") for one in folder.rglob("*.html"))
        assert not any("Mixture of experts" in one.read_text("utf-8") for one in folder.rglob("*.json"))


# --- one answer for everybody ---


def test_nobody_learns_who_reads(join: Join) -> None:
    """New, known, gone, suppressed, barred: the same bytes and the same number of statements."""
    store, now = join.counter.store, join.now
    people = {email: store.enrol([email], now)[email] for email in ("left@example.net", "bad@example.net")}
    leave(join.counter, people["left@example.net"].id, "by link")
    suppress(join.counter, people["bad@example.net"], "complaint")
    join.confirm(asked(join, "never@example.net"), do="never")
    answers = {}
    for email in ("ada@example.org", EVE, "left@example.net", "bad@example.net", "never@example.net"):
        join.now += timedelta(hours=1)
        with counted(join) as statements:
            answer = join.send(email)
        answers[email] = (answer.status, answer.body, len(statements))
    assert len(set(answers.values())) == 1, answers
    join.now += timedelta(days=1)
    written = {one.recipient: one for one in join.settle()}
    assert set(written) == {"ada@example.org", EVE, "left@example.net"}
    assert "/j/" not in written["ada@example.org"].text
    assert "/p/" in written["ada@example.org"].text


def asked(join: Join, email: str) -> str:
    join.send(email)
    return next(join.secret(one) for one in join.settle() if one.recipient == email)


@contextmanager
def counted(join: Join) -> Iterator[list[str]]:
    from sqlalchemy import event

    found: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        found.append(statement)

    event.listen(join.counter.store._engine, "before_cursor_execute", note)
    yield found
    event.remove(join.counter.store._engine, "before_cursor_execute", note)


def test_a_bombed_address_gets_one_email(join: Join) -> None:
    """A thousand forms from a thousand networks for one mailbox: one email that day, three until it is confirmed."""
    page = join.page()
    for number in range(1000):
        join.agent = {"X-Forwarded-For": f"198.{number // 250}.{number % 250}.7"}
        spelling = EVE.replace("@", f"+{number}@") if number % 2 else EVE.upper()
        assert join.send(spelling, wait=3 if number == 0 else 0, page=page).status == 200
        if number % 250 == 0:
            join.settle()
    assert len(join.posted) == 1
    for _ in range(6):
        join.now += timedelta(days=1, minutes=1)
        join.send(EVE)
        join.settle()
    assert len(join.posted) == 3


def test_a_network_is_slowed_and_stopped(join: Join) -> None:
    """Unconfirmed requests of one network: five in ten minutes, twenty a day; another one goes on."""
    join.agent = {"X-Forwarded-For": "198.51.100.7"}
    codes = [join.send(f"a{number}@example.net", wait=3).status for number in range(8)]
    assert codes == [200] * 5 + [429] * 3
    for number in range(40):
        join.now += timedelta(minutes=5)
        join.send(f"b{number}@example.net")
    assert 20 == len(join.counter.store.join_requests(JoinState.ASKED))
    join.agent = {"X-Forwarded-For": "203.0.113.7"}
    assert join.send().status == 200
    join.agent = {"X-Forwarded-For": "198.51.100.200"}
    assert join.send("c@example.net").status == 429, "the same /24"


def test_a_campus_is_one_network(tmp_path: Path, server: Server) -> None:
    roster = OPEN.replace("join: open", "join: open\n  join_domains: [example.net, bücher.example]")
    with joining_at(tmp_path, server, roster) as join:
        join.agent = {"X-Forwarded-For": "198.51.100.7"}
        assert {200} == {join.send(f"a{number}@example.net", wait=3).status for number in range(30)}
        refused = join.send("eve@example.com")
        assert refused.status == 422
        assert "example.net" in refused.text
        assert join.send("eve@xn--bcher-kva.example").status == 200


def test_the_days_limit(tmp_path: Path, server: Server) -> None:
    """Nothing more is sent, the page says so, and the administrator hears of it once."""
    with joining_at(tmp_path, server, OPEN.replace("join: open", "join: open\n  join_limit: 3")) as join:
        for number in range(3):
            join.agent = {"X-Forwarded-For": f"198.51.{number}.7"}
            assert join.send(f"a{number}@example.net").status == 200
        full = join.send()
        assert full.status == 429
        assert "tomorrow" in full.text
        sent = join.settle()
        assert 4 == len(sent)
        assert "3 emails about joining" in sent[-1].text
        join.now += timedelta(days=1, minutes=1)
        assert join.send().status == 200


def test_an_email_that_does_not_go_out_is_tried_again(join: Join) -> None:
    join.send()
    join.refusing = True
    assert join.settle() == []
    join.refusing = False
    assert [] == join.settle(), "the transport is left alone for a while"
    assert [one.key for one in join.counter.store.troubles()] == ["joins.unsent"]
    join.now += timedelta(minutes=4)
    assert [EVE] == [one.recipient for one in join.settle() if one.recipient != "owner@example.org"]
    assert [] == join.settle()


# --- what a form may contain ---


@pytest.mark.parametrize(
    "email",
    [
        "", "eve", "eve@", "@example.net", "eve@example", "a@b@c.example", "eve@example.net\r\nBcc: all@example.org",
        "eve@example.net,ada@example.net", "Eve <eve@example.net>", "postmaster@example.net", "abuse+x@example.net",
        "No-Reply@example.net", "ev\u0435@example.net", "eve@example.net\x00", "eve@127.0.0.1", "eve@[127.0.0.1]",
        f"{'a' * 65}@example.net", f"a@{'b' * 300}.example", "eve@localhost",
    ],
)  # fmt: skip
def test_addresses_that_cannot_join(join: Join, email: str) -> None:
    """Refused with a sentence, the form as it was, nothing stored."""
    answer = join.send(email, send_at="06:30")
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert 'value="06:30"' in answer.text
    assert [] == join.counter.store.join_requests(JoinState.ASKED)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Eve+arXiv@Example.NET", ("Eve+arXiv@example.net", "eve@example.net")),
        ("eve@BÜCHER.example", ("eve@xn--bcher-kva.example", "eve@xn--bcher-kva.example")),
        # A Cyrillic letter in the domain is another domain, and is shown as DNS writes it.
        ("eve@\u0435xample.net", ("eve@xn--xample-2of.net", "eve@xn--xample-2of.net")),
        (" eve@example.net ", ("eve@example.net", "eve@example.net")),
    ],
)
def test_addresses(join: Join, written: str, expected: tuple[str, str]) -> None:
    known = in_force.last_good(join.counter.store)
    assert known
    found = joining.address(known.masthead, written)
    assert (found, joining.mailbox(found)) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"topics": ["", "internal"]},
        {"topics": ["nothing"]},
        {"topics": [""]},
        {"languages": ["fr"]},
        {"send_at": "25:00"},
        {"timezone": "Mars/Olympus"},
        {"frequency": "hourly"},
        {"abstract_language": "first"},
        {"max_papers": "1000"},
    ],
)
def test_choices_that_are_not_offered(join: Join, fields: dict[str, Any]) -> None:
    """What would cost the operator more, or does not exist, is refused with a sentence."""
    assert join.send(**fields).status == 422
    assert [] == join.counter.store.join_requests(JoinState.ASKED)


def test_nothing_typed_is_in_the_email(join: Join) -> None:
    """The address stands in To alone; the rest is ours, whatever the form says."""
    typed = "https://evil.example buy now <b>"
    join.send("https.evil.example@example.net", languages=["de", "en"], topics=["robots"], name=typed, note=typed)
    (message,) = join.settle()
    body = message.text + message.html + "".join(value for name, value in message.headers if name != "To")
    assert "evil" not in body
    assert "buy now" not in body


def test_machines(join: Join) -> None:
    """A filled trap is answered like everybody; too fast, too old or forged is asked for once more."""
    assert join.send(homepage="https://evil.example").body == join.send().body
    assert {EVE} == {one.written for one in join.counter.store.join_requests(JoinState.ASKED)}
    page = join.page()
    assert join.send("b@example.net", page=page, wait=0).status == 422
    assert join.send("b@example.net", page=page, wait=90_000).status == 422
    assert join.post("/join", {"email": "b@example.net"}).status == 422
    forged = re.sub(r'(name="shown" value="\d+\.)[0-9a-f]{4}', r"\g<1>0000", join.page())
    assert join.send("b@example.net", page=forged).status == 422
    again = join.send("b@example.net", page=page, wait=0)
    assert join.send("b@example.net", page=again.text, wait=0).status == 422, "no way around the minimum time"
    wrong = join.send("b@")
    assert join.send("b@example.net", page=wrong.text, wait=0).status == 200, "nobody waits twice"
    join.agent = {"Sec-Fetch-Site": "cross-site"}
    assert join.send("c@example.net").status == 422, "a page of another site"


# --- the link ---


def test_scanners_confirm_nothing(join: Join) -> None:
    """Any number of looks, and any form that is not ours, change nothing."""
    secret = asked(join, EVE)
    before = join.counter.store.subscribers()
    for method in ("GET", "HEAD") * 20:
        join.ask(method, f"/j/{secret}")
        join.ask(method, f"/j/{secret}?never")
    for fields in ({}, {"do": "confirm"}, {"do": "confirm", "shown": "1.0"}, {"do": "never", "shown": ""}):
        assert join.post(f"/j/{secret}", fields).status == 200
    assert before == join.counter.store.subscribers()
    other = re.search(r'name="shown" value="([^"]+)"', join.page())
    assert other
    join.post(f"/j/{secret}", {"do": "confirm", "shown": other[1]})
    assert before == join.counter.store.subscribers(), "the signed time of another form"
    join.confirm(secret)
    assert join.state() is SubscriberState.ACTIVE


def test_the_link_ends(join: Join) -> None:
    """After seven days it confirms nothing, and the request is gone."""
    secret = asked(join, EVE)
    join.now += timedelta(days=7, seconds=1)
    assert join.confirm(secret).status == 404
    list(join.counter.store.clear(join.now, timedelta(days=400)))
    assert join.counter.store.join_request(EVE) is None
    assert join.ask("GET", "/j/0123").status == 404


def test_never_again(join: Join) -> None:
    """Whose mailbox it is can end it for good; the operator alone can take it back."""
    secret = asked(join, EVE)
    assert "never" in join.ask("GET", f"/j/{secret}?never").text
    join.confirm(secret, do="never")
    join.confirm(secret)
    assert join.state() is None
    join.now += timedelta(days=2)
    join.send()
    assert [] == join.settle()


def test_never_again_holds_for_every_spelling(join: Join) -> None:
    """What stands behind a plus sign makes no other mailbox: no second email, whoever asks."""
    for number in range(4):
        join.send(EVE.replace("@", f"+{number}@"))
        for message in join.settle():
            join.confirm(join.secret(message), do="never")
        join.now += timedelta(hours=1)
    assert 1 == len(join.posted)


def test_what_was_confirmed_counts(join: Join) -> None:
    """A stranger who asks for the same mailbox meanwhile changes neither its address nor its choices."""
    join.send(topics=["robots"])
    (message,) = join.settle()
    join.send(EVE.replace("@", "+evil@"), topics=["foundations"])
    join.confirm(join.secret(message))
    assert join.reader().wishes.topics == ("robots",)
    assert [EVE] == [one.written for one in join.counter.store.join_requests(JoinState.JOINED)]


def test_the_status_tells_nothing_of_one_address(join: Join) -> None:
    """A form for whoever joined, waits or is new counts the same for its network."""
    join.joined("target@example.net")
    for target in ("target@example.net", "new@example.net"):
        join.now += timedelta(days=2)
        join.agent = {"X-Forwarded-For": f"203.0.113.{len(target)}"}
        codes = [join.send(f"a{number}@example.net", wait=3).status for number in range(4)]
        codes += [join.send(one, wait=3).status for one in (target, "probe@example.net")]
        assert codes == [200] * 5 + [429]


def test_what_joiners_may_order_later(join: Join) -> None:
    """Nothing that costs more than their form offered: not on their page either, nor by a new topic."""
    assert join.send(max_papers="100").status == 422
    join.joined()
    who = join.counter.store.subscriber(EVE)
    assert who
    page = f"/p/{make(join.counter.keys, Purpose.PREFERENCES, who.id)}"
    assert "internal" not in join.ask("GET", page).text
    for fields in ({"topics": "internal"}, {"abstract_language": "both"}, {"max_papers": "100"}):
        assert join.post(page, {"do": "save"} | fields).status == 422
    text = join.settings.subscribers.read_text("utf-8")
    later = "  later:\n    categories: [cs.AI]\n    interests: Later.\n    join: false\nsubscribers:\n"
    join.settings.subscribers.write_text(text.replace("subscribers:\n", later), "utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    assert join.reader().wishes.topics == ("foundations", "robots")


def test_a_stop_before_the_email(join: Join) -> None:
    """The same email goes once more, with the same name and link."""
    join.send()
    (request,) = join.counter.store.join_requests(JoinState.ASKED)
    (first,) = join.settle()
    (sent,) = join.counter.store.join_requests(JoinState.SENT)
    join.counter.store.change_join(replace(sent, state=JoinState.SENDING), JoinState.SENT)
    (second,) = join.settle()
    assert dict(first.headers)["Message-ID"] == dict(second.headers)["Message-ID"]
    assert join.secret(first) == join.secret(second)
    assert request.emails == 0
    assert 1 == join.counter.store.join_requests(JoinState.SENT)[0].emails


def test_a_mailing_list_is_not_written_to(tmp_path: Path, server: Server) -> None:
    """Its copy has no personal links, and no stranger sends it any."""
    roster = OPEN.replace("  - ada@example.org\n", "  - {email: all@example.org, list: true}\n")
    with joining_at(tmp_path, server, roster) as join:
        join.send("all@example.org")
        assert [] == join.settle()


def test_a_privacy_page_elsewhere(tmp_path: Path, server: Server) -> None:
    roster = OPEN.replace("join: open", "join: open\n  privacy: https://uni.example/privacy")
    with joining_at(tmp_path, server, roster) as join:
        assert "https://uni.example/privacy" == join.ask("GET", "/privacy").headers["location"]
        assert 'href="https://uni.example/privacy"' in join.page()


def test_a_domain_that_may_no_longer_join(join: Join) -> None:
    secret = asked(join, EVE)
    text = join.settings.subscribers.read_text("utf-8").replace("join: open", "join: open\n  join_domains: [a.example]")
    join.settings.subscribers.write_text(text, "utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    assert join.confirm(secret).status == 404
    assert join.state() is None


def test_nothing_is_kept_of_who_did_not_confirm(join: Join) -> None:
    """After seven days neither request nor link, also where joining was closed meanwhile."""
    asked(join, EVE)
    text = join.settings.subscribers.read_text("utf-8").replace("join: open", "join: closed")
    join.settings.subscribers.write_text(text, "utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    join.now += timedelta(days=7, minutes=1)
    join.settle()
    list(join.counter.store.clear(join.now, timedelta(days=400)))
    with join.counter.store._engine.connect() as connection:
        rows = [*connection.execute(select(join_request)), *connection.execute(select(ticket))]
    assert [] == rows


def test_what_confirming_lifts(join: Join) -> None:
    """One's own leaving and a bounce; never a complaint, nor what the operator did."""
    store = join.counter.store
    for email, how, back in (
        ("a@example.net", "by link", True),
        ("b@example.net", "by reply", True),
        ("c@example.net", "5.1.1", True),
        ("d@example.net", "complaint", False),
        ("e@example.net", "by the operator", False),
    ):
        join.now += timedelta(hours=1)
        join.joined(email)
        who = store.subscriber(email)
        assert who
        if how.startswith("by"):
            leave(join.counter, who.id, how)
        else:
            suppress(join.counter, who, how)
        join.now += timedelta(days=1, hours=1)
        join.send(email, topics=["robots"])
        sent = [one for one in join.settle() if one.recipient == email]
        assert back == bool(sent)
        if back:
            join.confirm(join.secret(sent[0]))
            assert join.state(email) is SubscriberState.ACTIVE
            assert join.reader(email).wishes.topics == ("robots",)
            assert 2 == len(store.consents(who.id))
        else:
            assert join.state(email) is not SubscriberState.ACTIVE


def test_a_reader_of_the_file_who_left(join: Join) -> None:
    """Joining takes them back, and the file follows."""
    ada = join.counter.store.subscriber("ada@example.org")
    assert ada
    leave(join.counter, ada.id, "by link")
    assert "unsubscribed:" in join.settings.subscribers.read_text("utf-8")
    join.now += timedelta(days=1)
    join.joined("ada@example.org", languages=["de", "en"])
    assert "unsubscribed:" not in join.settings.subscribers.read_text("utf-8")
    assert join.state("ada@example.org") is SubscriberState.ACTIVE
    # Their line goes: what they chose when they joined stays.
    assert join.reader("ada@example.org").wishes.languages == ("de", "en")
    lines = join.settings.subscribers.read_text("utf-8").splitlines(keepends=True)
    join.settings.subscribers.write_text("".join(line for line in lines if "ada@" not in line), "utf-8")
    in_force.take_in(join.counter, in_force.look(join.counter))
    assert join.reader("ada@example.org").wishes.languages == ("de", "en")


# --- approval ---


def test_who_waited_is_in_when_everybody_may_join(tmp_path: Path, server: Server) -> None:
    with joining_at(tmp_path, server, OPEN.replace("join: open", "join: approve")) as join:
        join.joined()
        assert join.state() is None
        text = join.settings.subscribers.read_text("utf-8").replace("join: approve", "join: open")
        join.settings.subscribers.write_text(text, "utf-8")
        in_force.take_in(join.counter, in_force.look(join.counter))
        join.settle()
        assert join.state() is SubscriberState.ACTIVE


def test_approval(tmp_path: Path, server: Server) -> None:
    """The administrator gets one list a day with one link; who is approved reads, who is declined hears nothing."""
    with joining_at(tmp_path, server, OPEN.replace("join: open", "join: approve")) as join:
        known = in_force.last_good(join.counter.store)
        assert known
        assert known.masthead.newsletter.join is JoinMode.APPROVE
        assert known.masthead.newsletter.archive == "private"
        for name in "abc":
            page = join.joined(f"{name}@example.net")
            assert "will review" in page
            assert join.state(f"{name}@example.net") is None
            join.now += timedelta(hours=1)
        written = [one.message for one in join.posted if one.message.recipient == "owner@example.org"]
        assert 1 == len(written)
        assert "a@example.net" in written[0].text
        link = re.search(r"https://news\.example\.org(/approve/[0-9a-f]{40})", written[0].text)
        assert link
        assert 3 == join.ask("GET", link[1]).text.count("<li>")
        join.post(link[1], {"do": "approve", "email": "a@example.net"})
        join.post(link[1], {"do": "decline", "email": "b@example.net"})
        assert join.state("a@example.net") is SubscriberState.ACTIVE
        join.post(link[1], {"do": "all", "email": ["c@example.net", "nobody@example.net"]})
        assert join.state("c@example.net") is SubscriberState.ACTIVE
        assert join.state("b@example.net") is None
        assert join.ask("GET", link[1]).status == 404, "all is decided"
        assert join.ask("GET", f"/approve/{'0' * 40}").status == 404
        join.now += timedelta(days=2)
        join.send("b@example.net")
        assert [] == [one for one in join.settle() if one.recipient == "b@example.net"]


# --- who is behind a proxy ---


@pytest.mark.parametrize(
    ("client", "forwarded", "network"),
    [
        ("198.51.100.7", "", "198.51.100.0/24"),
        ("198.51.100.7", "203.0.113.1", "198.51.100.0/24"),  # nobody named it a proxy
        ("127.0.0.1", "203.0.113.1", "203.0.113.0/24"),
        ("127.0.0.1", "203.0.113.1, 198.51.100.7", "198.51.100.0/24"),  # the visitor wrote the first one
        ("127.0.0.1", "203.0.113.1, 192.0.2.9", "203.0.113.0/24"),
        ("10.1.2.3", "203.0.113.1", "203.0.113.0/24"),
        ("::1", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", "", "198.51.100.0/24"),
        ("127.0.0.1", "unknown", ""),
        ("127.0.0.1", "x, " * 50 + "203.0.113.1", "203.0.113.0/24"),
        ("testclient", "203.0.113.1", ""),
        ("127.0.0.1", "203.0.113.1|198.51.100.7", "198.51.100.0/24"),  # a proxy that adds a line of its own
    ],
)
def test_networks(client: str, forwarded: str, network: str) -> None:
    """Forwarding headers count only from this machine and from proxies that the operator named."""
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded.split("|") if line]
    scope = {"type": "http", "client": (client, 1), "headers": headers}
    assert network == visitors.networks(("192.0.2.9", "10.0.0.0/8", "newsletter"))(scope)


def test_refusals_are_sentences(join: Join) -> None:
    """Every refusal has its phrase in the words."""
    known = in_force.last_good(join.counter.store)
    assert known
    for text in ("", "abuse@example.net"):
        with pytest.raises(Unfit) as raised:
            joining.address(known.masthead, text)
        assert f"page_wrong_{raised.value.key}" in (Path("templates/words/en.yaml").read_text("utf-8"))


# --- at the same time ---


@pytest.mark.parametrize("email", [EVE, "ada@example.org"])
def test_joining_leaving_and_an_edit_at_once(join: Join, email: str) -> None:
    """Twenty races of the same address end in the later state, file and ledger agree, and consent is recorded."""
    if email == EVE:
        join.joined(email)
    store, known = join.counter.store, in_force.last_good(join.counter.store)
    who = store.subscriber(email)
    assert who
    assert known
    for number in range(20):
        leave(join.counter, who.id, "by link")
        consents = len(store.consents(who.id))
        join.now += timedelta(hours=1)
        request = a_request(email, join.now, send_at=f"{number:02}:15")
        text = join.settings.subscribers.read_text("utf-8") + f"# {number}\n"

        def edit(text: str = text) -> None:
            join.settings.subscribers.write_text(text, "utf-8")
            in_force.take_in(join.counter, in_force.look(join.counter))

        acts = [
            lambda request=request: joining.agree(join.counter, known.masthead, request),
            lambda: leave(join.counter, who.id, "by link"),
            edit,
        ]
        together(acts if number % 2 else acts[::-1])
        assert len(store.consents(who.id)) == consents + 1
        assert join.reader(email).send_at.hour == number
        if email != EVE:
            told = "unsubscribed:" in join.settings.subscribers.read_text("utf-8")
            assert told == (join.state(email) is SubscriberState.UNSUBSCRIBED)


def together(acts: Sequence[Callable[[], object]]) -> None:
    """Each in a thread of its own, all begun at once; raises what any of them raised."""
    start = threading.Barrier(len(acts))

    def begun(act: Callable[[], object]) -> object:
        start.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        for one in [pool.submit(begun, act) for act in acts]:
            one.result(60)
