"""Mailgun: what a call says, what its answers mean, and what its events do, against a stand-in on loopback."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies

from newsletter import app, web
from newsletter.demo.faults import Fault
from newsletter.errors import TransportRefused, TransportUnavailable
from newsletter.models import DeliveryState, Outcome, Outgoing, Rendered, Slotted, SubscriberState, Verdict
from newsletter.settings import Settings
from newsletter.times.clock import utc_now
from newsletter.transports.mailgun import KIND
from newsletter.transports.mailgun.sending import Mailgun, ask, fields
from newsletter.transports.mailgun.webhook import EventHook
from tests.counters import MORNING, counter_of
from tests.mailgun_server import DOMAIN, KEY, SIGNING, MailgunServer, signed
from tests.morning import ROSTER
from tests.test_hooks import ADA, CHEN, Client, Ground, a_mail
from tests.test_transports import OTHER, outgoing, read_mail, readers, sent

ACCEPTED = Outcome(Verdict.ACCEPTED, "HTTP 200 Queued. Thank you.")


@contextmanager
def service(*faults: Fault | None, key: str = KEY, **options: Any) -> Iterator[tuple[Mailgun, MailgunServer]]:
    with (
        MailgunServer(faults=faults) as server,
        closing(Mailgun(key, DOMAIN, server.origin, **{"timeout": 5, "connections": 1} | options)) as transport,
    ):
        yield transport, server


# --- what a call says ---


def test_a_reader_gets_what_smtp_would_carry() -> None:
    """Content, subject, ways back and out are this reader's own, nobody sees the others, and nothing is tracked."""
    with service() as (transport, server):
        mails = readers(5, name="李四")
        assert [ACCEPTED] * 5 == sent(transport, mails)
        (call,) = server.calls
        arrived = server.mails
    for mail, (address, raw, custom) in zip(mails, arrived, strict=True):
        message = mail.message
        assert message.recipient == address
        ours, theirs = read_mail(message.raw, address), read_mail(raw, address)
        assert {**ours, "html": f"{str(ours['html']).strip()}\n", "raw": b""} == {**theirs, "raw": b""}
        before, after = (message_from_bytes(one, policy=policy.default) for one in (message.raw, raw))
        assert {"Date", "Content-Language"} == set(before.keys()) - set(after.keys())
        for name in ("To", "List-Unsubscribe", "List-Id", "List-Help", "Auto-Submitted"):
            assert before[name] == after[name], name
        assert {"delivery": mail.key, "message": before["Message-ID"]} == custom
        assert not [other for other in mails if other is not mail and other.message.recipient.encode() in raw]
    assert ["no"] * 3 == [call[f"o:tracking{more}"][0] for more in ("", "-clicks", "-opens")]


@pytest.mark.parametrize(("mails", "size", "calls"), [(1, 500, 1), (500, 500, 1), (501, 500, 2), (2350, 1000, 3)])
def test_calls(mails: int, size: int, calls: int) -> None:
    """So many emails need so many calls, not one more."""
    with service(batch=size, connections=4, timeout=60) as (transport, server):
        assert [ACCEPTED] * mails == sent(transport, readers(mails))
        assert calls == len(server.calls)
        assert mails == sum(len(call["to"]) for call in server.calls)


def test_what_does_not_go_together() -> None:
    """Emails of two editions, and two emails to one address: variables are told apart by the address."""
    once = readers(1, first=9)
    again = Outgoing(key="again", message=replace(once[0].message, recipient="READER9@example.com"))
    with service() as (transport, server):
        assert {ACCEPTED} == set(sent(transport, [*readers(2), *readers(2, OTHER, first=2), *once, again]))
        assert [2, 2, 1, 1] == [len(call["to"]) for call in server.calls]


def test_a_single_email() -> None:
    """An alarm or an answer is batch mail of one."""
    assert "recipient-variables" in dict(fields(outgoing()))


# --- what an answer means ---


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (Fault(kind="status", status=500), "HTTP 500 HTTP 500"),  # may have been taken all the same
        (Fault(kind="status", status=502), "HTTP 502 HTTP 502"),
        (Fault(kind="status", status=504), "HTTP 504 HTTP 504"),
        (Fault(kind="html"), "HTTP 200 <!DOCTYPE html>"),
        (Fault(kind="truncated"), "HTTP 200"),
        (Fault(kind="status", status=200, body="[]"), "HTTP 200 []"),
        (Fault(kind="status", status=200, body='{"message": "Queued."}'), "HTTP 200 Queued."),
        (Fault(kind="cut"), ""),
        (Fault(kind="silent"), "no answer"),
    ],
    ids=lambda value: f"{value.kind}-{value.status}-{value.body}" if isinstance(value, Fault) else "",
)
def test_doubt(fault: Fault, detail: str) -> None:
    """Where nobody can tell whether a call was taken, that is said of all its emails."""
    with service(fault, batch=3) as (transport, _):
        outcomes = sent(transport, readers(3))
    assert {Verdict.UNKNOWN} == {one.verdict for one in outcomes}
    assert all(one.detail.startswith(detail) for one in outcomes), outcomes


def test_time_out() -> None:
    """After a time-out nobody knows: here the emails were taken."""
    with service(Fault(kind="slow", seconds=60), timeout=1) as (transport, server):
        assert {Verdict.UNKNOWN} == {one.verdict for one in sent(transport, readers(2))}
        assert 2 == len(server.mails)


def test_failing_again_and_again() -> None:
    """The third call in a row that fails ends the round; what may have been taken stays in doubt."""
    faults = [Fault(kind="status", status=status) for status in (503, 500, 500)]
    with service(*faults) as (transport, _):
        verdicts = []
        for _ in range(3):
            verdicts += [one.verdict for one in sent(transport, readers(1))]
            assert isinstance(transport.trouble, TransportUnavailable)
            transport._until = time.monotonic() - 1 if transport._until else 0.0
        assert [Verdict.UNTRIED, Verdict.UNKNOWN, Verdict.UNKNOWN] == verdicts
        assert 0 == transport.room


@pytest.mark.parametrize("status", [401, 402, 403, 404, 302])
def test_refused(status: int) -> None:
    """A refused key, an unpaid bill, an unknown domain or another address refuse everybody; no email is to blame."""
    fault = Fault(kind="status", status=status, body='{"message": "no"}', headers={"Location": "http://127.0.0.1:9/"})
    with service(fault, batch=2) as (transport, server):
        assert {Verdict.UNTRIED} == {one.verdict for one in sent(transport, readers(4))}
        assert isinstance(transport.trouble, TransportRefused)
        assert f"HTTP {status}" in str(transport.trouble)
        assert [] == server.calls


def test_a_wrong_key_is_not_shown() -> None:
    with service(key="key-that-is-wrong") as (transport, _):
        sent(transport, readers(1))
        assert "HTTP 401 Forbidden" in str(transport.trouble)
        assert "key-that-is-wrong" not in str(transport.trouble)


def test_a_refusal_whose_words_are_lost() -> None:
    """The status alone says that the key is refused."""
    with service(key="key-that-is-wrong") as (transport, server):
        server.faults.append(Fault(kind="cut"))
        assert [Verdict.UNTRIED] == [one.verdict for one in sent(transport, readers(1))]
        assert isinstance(transport.trouble, TransportRefused)


def test_one_email_that_is_too_large() -> None:
    """It is refused for good, and the others go out."""
    with service(Fault(kind="status", status=413), batch=1) as (transport, _):
        verdicts = [one.verdict for one in sent(transport, readers(2))]
    assert [Verdict.PERMANENT, Verdict.ACCEPTED] == verdicts


def test_too_large() -> None:
    """A call that is too large is halved, and those after it are no larger."""
    with service(Fault(kind="status", status=413), batch=8) as (transport, server):
        assert {ACCEPTED} == set(sent(transport, readers(8)))
        sent(transport, readers(8, first=20))
        assert [4, 4, 4, 4] == [len(call["to"]) for call in server.calls]


def unreadable(mail: Outgoing) -> Outgoing:
    return replace(mail, message=replace(mail.message, slots={**mail.message.slots, "to_wire": "nobody"}))


@pytest.mark.parametrize("bad", [(3,), (0, 1), (0, 7), tuple(range(8))])
def test_bad_addresses(bad: tuple[int, ...]) -> None:
    """The service does not say which address it cannot read: the call is divided until that reader is alone."""
    mails = [unreadable(mail) if place in bad else mail for place, mail in enumerate(readers(8))]
    with service(batch=8) as (transport, server):
        outcomes = sent(transport, mails)
        assert [place in bad for place in range(8)] == [one.verdict is Verdict.PERMANENT for one in outcomes]
        assert 8 - len(bad) == len(server.mails)
        assert transport.trouble is None
        assert {ACCEPTED} == set(sent(transport, readers(8, first=20)))
        assert 8 == len(server.calls[-1]["to"])  # the next call is whole


@pytest.mark.parametrize("count", [1, 2])
def test_what_all_share(count: int) -> None:
    """Of a call that is refused as a whole no reader is to blame, not even the only one: sending stops and says why."""
    body = json.dumps({"message": "'from' parameter is not a valid address. please check documentation"})
    with service(Fault(kind="status", status=400, body=body)) as (transport, _):
        assert {Verdict.UNTRIED} == {one.verdict for one in sent(transport, readers(count))}
        assert "'from' parameter is not a valid address" in str(transport.trouble)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "120"}, 120, 120),
        ({"X-RateLimit-Reset": lambda: str(int(time.time() * 1000) + 300_000)}, 200, 301),
        ({"X-RateLimit-Reset": lambda: str(int(time.time()) + 300)}, 200, 301),
        ({"Retry-After": "9" * 9}, 86_400, 86_400),
        ({"Retry-After": "soon"}, 60, 60),
        ({}, 60, 60),
    ],
)
def test_limit(headers: Mapping[str, Any], least: float, most: float) -> None:
    """A limit holds the whole transport until the moment that is named; no email has used up a try."""
    given = {name: value() if callable(value) else value for name, value in headers.items()}
    with service(Fault(kind="status", status=429, headers=given)) as (transport, _):
        assert [Verdict.UNTRIED] == [one.verdict for one in sent(transport, readers(1))]
        assert isinstance(transport.trouble, TransportUnavailable)
        assert least <= (transport.trouble.retry_after or 0) <= most
        assert 0 == transport.room


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from": "nobody"}, "HTTP 400 'from' parameter is not a valid address. please check documentation"),
        ({"to": ""}, "HTTP 400 'to' parameter is not a valid address. please check documentation"),
        ({"h:X-Name": "晨报"}, "HTTP 400 header values must be encoded, on one line"),
        ({"h:X-Long": "x" * (16 << 10)}, "HTTP 400 Send options are limited to 16KB"),
        ({"recipient-variables": "[]"}, "HTTP 400 recipient-variables must be valid JSON"),
    ],
)
def test_the_stand_in_refuses(change: Mapping[str, str], said: str) -> None:
    """What the real one refuses, so that the other tests mean something."""
    with MailgunServer() as server:
        form = list((dict(fields(outgoing())) | change).items())
        assert said == ask(server.origin, DOMAIN, KEY, form, 5).outcome.detail
        assert [] == server.calls


# --- settings and checks ---


def settings_of(server: MailgunServer, **more: Any) -> Settings:
    given = {"transport": "mailgun", "sender": "a@example.org", "mailgun_key": KEY, "mailgun_domain": DOMAIN}
    return Settings(**given | {"mailgun_url": server.origin} | more)


@pytest.mark.parametrize(
    ("more", "place", "problem"),
    [
        ({}, "", "Mailgun: the key may send for this domain"),
        ({"mailgun_key": "another-key"}, "NEWSLETTER_MAILGUN_KEY", "HTTP 401"),
        ({"mailgun_domain": "other.example.org"}, "NEWSLETTER_MAILGUN_KEY", "HTTP 404 Domain not found"),
        ({"mailgun_url": "http://127.0.0.1:9"}, "NEWSLETTER_MAILGUN_URL", "cannot connect"),
    ],
)
def test_check_online(more: Mapping[str, str], place: str, problem: str) -> None:
    """An email without a recipient is asked for, so that nothing is sent whatever the answer is."""
    with MailgunServer() as server:
        said: list[str] = []
        found = [str(one) for one in KIND.try_online(settings_of(server, **more), said.append)]  # type: ignore[arg-type]
        assert [] == server.calls
    assert bool(place) == len(found)
    assert problem in " ".join([*said, *found])
    assert all(one.startswith(place) for one in found)


@pytest.mark.parametrize("value", ["mg", "a/b.example", "mg.example.org/", "-a.example", "a b.example", None])
def test_what_is_no_domain(value: str | None) -> None:
    with MailgunServer() as server, pytest.raises(ValueError, match=r"is not a domain|NEWSLETTER_MAILGUN_DOMAIN"):
        settings_of(server, mailgun_domain=value)


# --- events ---


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A service with two readers: Ada's email is number 1, Chen's number 2."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    settings = Settings(
        subscribers=tmp_path / "subscribers.yaml",
        data_dir=tmp_path / "var",
        sender="Morning arXiv <news@news.example>",
        public_url="https://news.example",
        mailgun_webhook_key=SIGNING,  # type: ignore[call-arg]
        admin_email="owner@news.example",
    )
    with counter_of(settings, utc_now) as counter:
        store = counter.store
        ids = {email: one.id for email, one in store.enrol([ADA, CHEN], MORNING).items()}
        empty = Slotted(b"")
        store.save_edition(Rendered(key="e", subject="s", html=empty, text=empty, body=empty))
        store.plan([a_mail(email, ids[email]) for email in (ADA, CHEN)])
        ground = Ground(settings, counter, Client(web.build(counter)), ids)
        ground.put(DeliveryState.ACCEPTED)
        yield ground


OURS = {"delivery": "1", "message": a_mail(ADA, 1).message_id}


def event(kind: str, *, code: int = 0, enhanced: str = "", said: str = "", **more: Any) -> dict[str, Any]:
    """An event of Ada's email as Mailgun writes it."""
    status = {"code": code, "enhanced-code": enhanced, "message": said} if code else {}
    return {
        "event": kind,
        "id": secrets.token_urlsafe(16),
        "timestamp": MORNING.timestamp() + 0.25,
        "recipient": ADA,
        "user-variables": OURS,
        "delivery-status": status,
    } | more


def post(ground: Ground, row: object, *, age: float = 0, signature: Any = None, **more: Any) -> int:
    given = signature or signed(int(time.time() - age), secrets.token_hex(25))
    body = json.dumps({"signature": given, "event-data": row}).encode()
    headers = {"Content-Type": "application/json"}
    return ground.client.post("/hooks/mailgun/events", **{"content": body, "headers": headers} | more)


def failed(severity: str = "permanent", reason: str = "generic", **more: Any) -> dict[str, Any]:
    return event("failed", severity=severity, reason=reason, **more)


def complaint_about(**ours: str) -> dict[str, Any]:
    return event("complained", **{"user-variables": OURS | ours})


WHAT_EVENTS_DO = [
    # event, the email then, the reader then, domains paused
    (event("accepted"), "accepted", "active", 0),
    (event("delivered", code=250, said="OK"), "delivered", "active", 0),
    (failed("temporary", code=452, enhanced="4.2.2", said="4.2.2 full"), "accepted", "active", 0),
    (failed(reason="bounce", code=550, enhanced="5.1.1", said="5.1.1 no such user"), "bounced", "suppressed", 0),
    (failed(code=550, said="5.1.1 The email account does not exist"), "bounced", "suppressed", 0),
    (failed(code=552, enhanced="5.2.2", said="5.2.2 mailbox full"), "bounced", "active", 0),
    (failed(code=550, enhanced="5.7.1", said="5.7.1 listed by spamhaus"), "bounced", "active", 1),
    (failed(code=554, said="DT:SPM 163 smtp14"), "bounced", "active", 1),
    (failed(reason="old", code=602, said="Too old"), "bounced", "active", 0),
    (failed(reason="suppress-bounce", code=605, said="Not delivering to bounced"), "bounced", "suppressed", 0),
    (failed(reason="suppress-complaint", code=607), "complained", "suppressed", 0),
    (failed(reason="suppress-unsubscribe", code=606), "accepted", "unsubscribed", 0),
    (event("rejected", reject={"reason": "Sandbox"}), "failed", "active", 0),
    (event("complained"), "complained", "suppressed", 0),
    (event("unsubscribed"), "accepted", "unsubscribed", 0),
    (event("opened"), "accepted", "active", 0),
    (event("clicked", url="https://arxiv.org"), "accepted", "active", 0),
    # not of this reader's email, or nothing that we wrote
    (event("complained", recipient="eve@example.org"), "accepted", "active", 0),
    (complaint_about(delivery="2"), "accepted", "active", 0),
    (complaint_about(delivery="7"), "accepted", "active", 0),
    (complaint_about(delivery="1x"), "accepted", "active", 0),
    (complaint_about(message="<2026-03-09.guess@news.example>"), "accepted", "active", 0),
    (complaint_about(message=""), "accepted", "active", 0),
    (event("complained", **{"user-variables": []}), "accepted", "active", 0),
    (event("complained", id=""), "accepted", "active", 0),
    ([], "accepted", "active", 0),
]


@pytest.mark.parametrize(("given", "mail", "reader", "paused"), WHAT_EVENTS_DO)
def test_what_an_event_does(ground: Ground, given: dict[str, Any], mail: str, reader: str, paused: int) -> None:
    """To the email, to the reader, to the domain; nothing for an email that is not ours."""
    assert 200 == post(ground, given)
    with app.open_ledger(ground.settings) as store:
        waiting = store.paused_domains(utc_now())
    assert (mail, reader, paused) == (ground.mail().value, ground.reader().value, len(waiting))
    assert (DeliveryState.QUEUED, SubscriberState.ACTIVE) == (ground.mail(2), ground.reader(CHEN))


def test_a_token_counts_once(ground: Ground) -> None:
    """Whoever saw a signature cannot write another event with it."""
    signature = signed(int(time.time()), "t" * 50)
    assert 200 == post(ground, event("delivered"), signature=signature)
    assert 403 == post(ground, event("complained"), signature=signature)
    assert (DeliveryState.DELIVERED, SubscriberState.ACTIVE) == (ground.mail(), ground.reader())


def test_the_same_event_twice_is_one(ground: Ground) -> None:
    """Told with five tokens, a full mailbox is one bounce."""
    full = failed(code=452, enhanced="4.2.2", said="4.2.2 full", timestamp=time.time())
    assert [200] * 5 == [post(ground, full) for _ in range(5)]
    assert SubscriberState.ACTIVE is ground.reader()


@pytest.mark.parametrize(("age", "status"), [(280, 200), (310, 403), (-280, 200), (-320, 403), (1e9, 403)])
def test_only_within_five_minutes(ground: Ground, age: float, status: int) -> None:
    assert status == post(ground, event("delivered"), age=age)


def forged(now: int) -> Iterator[object]:
    good = signed(now, "t" * 50)
    yield signed(now, "t" * 50, key="another-key")
    yield from (good | changed for changed in ({"token": "u" * 50}, {"timestamp": str(now + 1)}, {"signature": ""}))
    yield signed(now, "short")
    yield signed(now, "t" * 5_000)
    yield signed(now, "1" + "t" * 50) | {"timestamp": f"{now}1", "token": "t" * 50}  # the same text, divided elsewhere
    yield {"timestamp": None, "token": [], "signature": {}}
    yield "a text"


def test_not_signed(ground: Ground) -> None:
    for signature in forged(int(time.time())):
        assert 403 == post(ground, event("complained"), signature=signature), signature
    assert SubscriberState.ACTIVE is ground.reader()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"7", b"\xff", b"[" * 100_000, b'{"a":' * 20_000])
def test_what_is_no_event(ground: Ground, body: bytes) -> None:
    assert 400 == post(ground, {}, content=body)


_NAMES = strategies.sampled_from(sorted({**event("failed"), **OURS, "reason": "", "severity": "", "code": ""}))
_VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.floats() | strategies.text() | strategies.just("failed"),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(_NAMES, inner),
    max_leaves=20,
)


@given(strategies.dictionaries(_NAMES, _VALUES))
def test_whatever_an_event_says(changes: dict[str, Any]) -> None:
    """A signed post of any shape is taken, as an event of one of our emails or as none."""
    row = event("failed", severity="permanent") | changes
    body = json.dumps({"signature": signed(int(MORNING.timestamp()), "t" * 50), "event-data": row}).encode()
    posted = EventHook(SIGNING).read({}, body, MORNING)
    assert posted is not None
    assert len(posted.events) <= 1


def test_what_the_headers_say(ground: Ground) -> None:
    """Nothing is read of a form, of something too large, or where no key is set."""
    assert 403 == post(ground, {}, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert 413 == post(ground, {}, content=b"x" * (1 << 19))
    closed = tuple(replace(one, key="") for one in ground.counter.find_hooks() if "mailgun" in one.path)  # type: ignore[type-var]
    without = Client(web.build(replace(ground.counter, find_hooks=lambda: closed)))
    assert 404 == post(replace(ground, client=without), event("delivered"))
