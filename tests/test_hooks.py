"""What a provider posts to us: signed events move mails and readers once, forms are read like mails from a mailbox."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter import app, delivery, doctor, inbound, web
from newsletter.alarms import domains
from newsletter.errors import ConfigurationError
from newsletter.models import (
    REPEATED,
    Claim,
    Delivery,
    DeliveryState,
    Outcome,
    Rendered,
    Slotted,
    SubscriberState,
    Verdict,
)
from newsletter.readers import Counter
from newsletter.settings import Settings, load
from newsletter.times.clock import utc_now
from newsletter.tokens import Purpose, make
from newsletter.transports.sendgrid.webhook import form_mail
from tests.conftest import Run
from tests.counters import counter_of
from tests.factories import DAY
from tests.growth import TENFOLD, is_linear, spent
from tests.morning import MORNING, ROSTER
from tests.test_inbound import HOSTILE

ADA, CHEN = "ada@example.org", "chen@example.org"
SECRET = "a-secret-of-more-than-twenty"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
EVENTS, INBOUND = "/hooks/sendgrid/events", f"/hooks/sendgrid/inbound/{SECRET}"


@dataclass(frozen=True)
class Client:
    """Asks the application as a server would."""

    application: Any

    def ask(self, method: str, path: str, **more: Any) -> int:
        async def once() -> int:
            transport = httpx.ASGITransport(self.application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://news.example") as client:
                return (await client.request(method, path, **more)).status_code

        return asyncio.run(once())

    def post(self, path: str, **more: Any) -> int:
        return self.ask("POST", path, **more)


def signature(body: bytes, timestamp: str, key: ec.EllipticCurvePrivateKey = PRIVATE) -> str:
    return base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


@dataclass(frozen=True)
class Ground:
    """A service with two readers, each with one mail: Ada's is number 1, Chen's number 2."""

    settings: Settings
    counter: Counter
    client: Client
    ids: Mapping[str, int]

    def post(self, rows: Any, *, age: float = 0, **headers: str) -> int:
        body = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        timestamp = str(int(time.time() - age))
        given = {
            "X-Twilio-Email-Event-Webhook-Signature": signature(body, timestamp),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        } | {f"X-Twilio-Email-Event-Webhook-{name}": value for name, value in headers.items()}
        return self.client.post(EVENTS, content=body, headers=given)

    def mail(self, number: int = 1) -> DeliveryState:
        with app.open_ledger(self.settings) as store:
            return next(one.state for one in store.deliveries() if one.id == number)

    def reader(self, email: str = ADA) -> SubscriberState:
        with app.open_ledger(self.settings) as store:
            found = store.subscriber(email)
        assert found is not None
        return found.state

    def put(self, state: DeliveryState, error: str | None = None) -> None:
        """Ada's mail in this state, whatever it was."""
        with app.open_ledger(self.settings) as store:
            (one,) = store.turn([], Claim(owner="test", limit=1, now=MORNING, only=ADA))
            if state is not DeliveryState.SENDING:
                store.finish(replace(one, state=state, owner=None, error=error))

    def token(self, purpose: Purpose = Purpose.REPLY, email: str = ADA) -> str:
        return make(self.counter.keys, purpose, self.ids[email])


def a_mail(email: str, subscriber_id: int) -> Delivery:
    return Delivery(
        id=0,
        subscriber_id=subscriber_id,
        email=email,
        name=None,
        edition="e",
        issues=(DAY,),
        state=DeliveryState.QUEUED,
        message_id=f"<{DAY}.{email[0] * 34}@news.example>",
        date=MORNING,
    )


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    settings = Settings(
        subscribers=tmp_path / "subscribers.yaml",
        data_dir=tmp_path / "var",
        sender="Morning arXiv <news@news.example>",
        public_url="https://news.example",
        sendgrid_webhook_key=KEY,
        inbound_secret=SECRET,  # type: ignore[arg-type]
        admin_email="owner@news.example",
    )
    with counter_of(settings, utc_now) as counter:
        store = counter.store
        ids = {email: one.id for email, one in store.enrol([ADA, CHEN], MORNING).items()}
        empty = Slotted(b"")
        store.save_edition(Rendered(key="e", subject="s", html=empty, text=empty, body=empty))
        store.plan([a_mail(email, ids[email]) for email in (ADA, CHEN)])
        yield Ground(settings, counter, Client(web.build(counter)), ids)


def event(kind: str, key: str = "", **more: Any) -> dict[str, Any]:
    """An event of Ada's mail as SendGrid writes it; our custom argument lies on the top level."""
    return {
        "event": kind,
        "sg_event_id": key or f"{kind}-{more.get('status', '')}{more.get('reason', '')}",
        "email": ADA,
        "timestamp": int(MORNING.timestamp()),
        "delivery": "1",
    } | more


# --- events: what they do ---

WHAT_EVENTS_DO = [
    # event, the mail then, the reader then, domains paused
    (event("processed"), "accepted", "active", 0),
    (event("delivered", response="250 OK"), "delivered", "active", 0),
    (event("deferred", response="421 4.7.0 try again"), "accepted", "active", 0),
    (event("bounce", type="bounce", status="5.1.1", reason="550 5.1.1 no such user"), "bounced", "suppressed", 0),
    (event("bounce", type="bounce", status="5.1.2", reason="550 5.1.2 no such host"), "bounced", "active", 0),
    (event("bounce", type="bounce", status="4.2.2", reason="452 4.2.2 full"), "bounced", "active", 0),
    (event("bounce", type="blocked", status="5.7.1", reason="550 5.7.1 policy"), "bounced", "active", 1),
    (event("bounce", type="bounce", status="5.7.1", reason="550 5.7.1 listed by spamhaus"), "bounced", "active", 1),
    (event("bounce", type="blocked", status="4.7.0", reason="421 too many connections"), "bounced", "active", 1),
    (event("bounce", type="blocked", reason="550 5.4.1 recipient rejected: access denied"), "bounced", "active", 0),
    (event("bounce", type="blocked", status="5.2.2", reason="552 5.2.2 mailbox full"), "bounced", "active", 0),
    (event("bounce", type="bounce", status="5.0.0", reason="554 DT:SPM 163 smtp14"), "bounced", "active", 1),
    (event("dropped", reason="Bounced Address"), "bounced", "suppressed", 0),
    (event("dropped", reason="Spam Reporting Address"), "complained", "suppressed", 0),
    (event("dropped", reason="Unsubscribed Address"), "accepted", "unsubscribed", 0),
    (event("dropped", reason="Recipient List over Package Quota"), "failed", "active", 0),
    (event("spamreport"), "complained", "suppressed", 0),
    (event("unsubscribe"), "accepted", "unsubscribed", 0),
    (event("group_unsubscribe"), "accepted", "unsubscribed", 0),
    (event("open"), "accepted", "active", 0),
    (event("click", url="https://arxiv.org"), "accepted", "active", 0),
    (event("spamreport", email="eve@example.org"), "accepted", "active", 0),
    (event("spamreport", delivery="7"), "accepted", "active", 0),
    (event("spamreport", delivery="answer-1"), "accepted", "active", 0),
    ({key: value for key, value in event("spamreport").items() if key != "delivery"}, "accepted", "active", 0),
]


@pytest.mark.parametrize(("given", "mail", "reader", "paused"), WHAT_EVENTS_DO)
def test_what_an_event_does(ground: Ground, given: dict[str, Any], mail: str, reader: str, paused: int) -> None:
    """To the mail, to the reader, to the domain; nothing for a mail that is not ours."""
    ground.put(DeliveryState.ACCEPTED)
    assert 200 == ground.post([given])
    with app.open_ledger(ground.settings) as store:
        waiting = store.paused_domains(utc_now())
    assert (mail, reader, paused) == (ground.mail().value, ground.reader().value, len(waiting))
    assert (DeliveryState.QUEUED, SubscriberState.ACTIVE) == (ground.mail(2), ground.reader(CHEN))


FORWARD = ["processed", "delivered", "bounce", "spamreport"]
AFTER = ["accepted", "delivered", "bounced", "complained"]


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("second", range(4))
@pytest.mark.parametrize("together", [True, False])
def test_out_of_order_a_mail_never_goes_backwards(ground: Ground, first: int, second: int, together: bool) -> None:
    """Whichever of two events comes first, in one post or in two."""
    ground.put(DeliveryState.SENDING)
    rows = [event(FORWARD[number], f"{place}", type="bounce") for place, number in enumerate((first, second))]
    posts = [rows] if together else [rows[:1], rows[1:]]
    assert [200] * len(posts) == [ground.post(one) for one in posts]
    assert AFTER[max(first, second)] == ground.mail()


@pytest.mark.parametrize("kind", ["processed", "delivered"])
@pytest.mark.parametrize(("state", "error"), [("unknown", "no answer"), ("queued", REPEATED)])
def test_a_mail_in_doubt_is_settled_by_evidence(ground: Ground, kind: str, state: str, error: str) -> None:
    """It was taken after all: it is not sent again."""
    ground.put(DeliveryState(state), error)
    assert 200 == ground.post([event(kind)])
    with app.open_ledger(ground.settings) as store:
        assert store.recover("me") == 0
        assert [] == list(store.turn([], Claim(owner="test", limit=10, now=utc_now(), only=ADA)))


def test_the_transports_own_answer_does_not_undo_an_event(ground: Ground) -> None:
    """The event may be here before the time-out is."""
    with app.open_ledger(ground.settings) as store:
        (claimed,) = store.turn([], Claim(owner="test", limit=1, now=MORNING, only=ADA))
        assert 200 == ground.post([event("delivered")])
        late = delivery.decide(claimed, Outcome(Verdict.UNKNOWN, "time-out"), MORNING)
        store.turn([late], Claim(owner="test", limit=0, now=MORNING))
    assert DeliveryState.DELIVERED is ground.mail()


def test_a_mail_that_was_never_sent_is_not_moved(ground: Ground) -> None:
    assert 200 == ground.post([event("delivered")])
    assert DeliveryState.QUEUED is ground.mail()


def test_the_same_event_twice_is_one(ground: Ground) -> None:
    """Five soft bounces leave a reader out; one that is told five times does not."""
    ground.put(DeliveryState.ACCEPTED)
    now = int(time.time())
    soft = event("bounce", "same", type="bounce", status="4.2.2", reason="452 4.2.2 full", timestamp=now)
    for number in range(5):
        assert 200 == ground.post([soft] * (number + 1), age=number)
    assert SubscriberState.ACTIVE is ground.reader()
    different = [soft | {"sg_event_id": f"other-{number}"} for number in range(4)]
    assert 200 == ground.post(different)
    assert SubscriberState.SUPPRESSED is ground.reader()


def test_ten_thousand_events_in_one_post(ground: Ground) -> None:
    """All of them are recorded, at ten times the cost of a thousand: the provider waits ten seconds."""
    ground.put(DeliveryState.ACCEPTED)
    few = [event("delivered", f"few-{number}") for number in range(1_000)]
    rows = [event("delivered", f"many-{number}") for number in range(9_999)] + [event("spamreport")]
    assert 200 == ground.post([event("delivered", "first")])
    answers: list[int] = []
    small, large = (spent(lambda rows=rows: answers.append(ground.post(rows))) for rows in (few, rows))
    assert [200, 200] == answers
    assert large <= TENFOLD * small
    assert (DeliveryState.COMPLAINED, SubscriberState.SUPPRESSED) == (ground.mail(), ground.reader())
    with app.open_ledger(ground.settings) as store:
        assert 10_000 == len(store.handled("sendgrid-event", [row["sg_event_id"] for row in rows]))


# --- events: whom we believe ---


def test_only_signed_fresh_posts_are_believed(ground: Ground) -> None:
    """Another key, another body, no signature, too old, from the future, or the same post again: nothing changes."""
    ground.put(DeliveryState.ACCEPTED)
    body = json.dumps([event("spamreport")]).encode()
    now = str(int(time.time()))
    stranger = signature(body, now, ec.generate_private_key(ec.SECP256R1()))
    refused = [
        ground.post(body, Signature=stranger),
        ground.post(body, Signature=signature(body + b" ", now)),
        ground.post(body, Signature=signature(body, str(int(now) - 1)), Timestamp=now),
        ground.post(body, Signature=""),
        ground.post(body, Signature="not base64!"),
        ground.post(body, Timestamp=""),
        ground.post(body, Timestamp="1e9"),
        ground.post(body, age=3600),
        ground.post(body, age=-3600),
    ]
    assert [403] * 9 == refused
    assert (DeliveryState.ACCEPTED, SubscriberState.ACTIVE) == (ground.mail(), ground.reader())


def test_a_replayed_post_is_refused(ground: Ground) -> None:
    """Recorded by somebody and posted again after the reader was taken back."""
    body, now = json.dumps([event("unsubscribe")]).encode(), str(int(time.time()))
    headers = {"Signature": signature(body, now), "Timestamp": now}
    assert 200 == ground.post(body, **headers)
    with app.open_ledger(ground.settings) as store:
        store.set_subscriber(ground.ids[ADA], SubscriberState.ACTIVE, "resubscribed", MORNING)
    assert [403, 403] == [
        ground.post(body, **headers),
        ground.post(body, **headers | {"Signature": signature(body, now)}),
    ]
    assert SubscriberState.ACTIVE is ground.reader()


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"null", b"7", b"\xff", b"[" * 100_000])
def test_what_is_no_list_of_events_is_refused(ground: Ground, body: bytes) -> None:
    assert 400 == ground.post(body)


@pytest.mark.parametrize(
    "row", [7, None, {}, [], {"event": []}, event("delivered", delivery=[1]), event("x", email=[])]
)
def test_rows_that_are_no_events_are_left_out(ground: Ground, row: Any) -> None:
    ground.put(DeliveryState.ACCEPTED)
    assert 200 == ground.post([row, event("delivered")])
    assert DeliveryState.DELIVERED is ground.mail()


def test_limits_and_absent_settings(ground: Ground) -> None:
    """Too large, looked at, without a key: nothing is read."""
    assert 413 == ground.post(b" " * (17 << 20))
    assert 404 == ground.client.ask("GET", EVENTS)
    bare = ground.settings.model_copy(update={"sendgrid_webhook_key": None, "inbound_secret": None})
    with counter_of(bare, utc_now) as counter:
        closed = Client(web.build(counter))
        assert [404, 404] == [closed.post(path) for path in (EVENTS, INBOUND)]


def test_a_ledger_that_cannot_be_written_is_tried_again(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """No 2xx before the commit: the provider posts it again, and then it counts."""
    from newsletter.errors import StoreUnavailable

    ground.put(DeliveryState.ACCEPTED)
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise StoreUnavailable("disk full")

        patched.setattr("newsletter.store.readers.Readers.record", full)
        assert 503 == ground.post([event("spamreport")])
    assert 200 == ground.post([event("spamreport")], age=1)
    assert DeliveryState.COMPLAINED is ground.mail()


# --- a domain that refuses us ---


def test_a_domain_that_refuses_us_waits_and_comes_back(ground: Ground) -> None:
    """Its mails stay queued, those of others go; the owner is told when it begins and when it is over."""
    ground.put(DeliveryState.ACCEPTED)
    assert 200 == ground.post([event("bounce", type="blocked", status="5.7.1", reason="550 5.7.1 policy")])
    now = utc_now()
    with app.open_ledger(ground.settings) as store:
        other = store.enrol(["eve@sub.example.org"], now)["eve@sub.example.org"]
        store.plan([a_mail(other.email, other.id)])
        (pause,) = store.paused_domains(now)
        assert ("example.org", True) == (pause.domain, timedelta(hours=5) < pause.until - now <= timedelta(hours=6))
        assert ["eve@sub.example.org"] == [one.email for one in store.turn([], Claim(owner="test", limit=10, now=now))]
        alarms = replace(ground.counter.alarms, now=lambda: pause.until + timedelta(hours=2))
        domains.ended(store, alarms, now)
        assert [None] == [trouble.ended for trouble in store.troubles()]
        domains.ended(store, alarms, pause.until)
        assert [CHEN] == [one.email for one in store.turn([], Claim(owner="test", limit=10, now=pause.until))]
    mails = [file.read_text("utf-8") for file in (ground.settings.data_dir / "outbox").glob("*owner@news.example.eml")]
    assert [True, True] == ["example.org" in mail for mail in mails]


# --- inbound parse ---


def form(fields: Mapping[str, bytes | str]) -> tuple[bytes, str]:
    """A multipart form as SendGrid posts it: each field in its own charset, and nothing says so but `charsets`."""
    parts = [
        b'--xYzZY\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n'
        + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
        for name, value in fields.items()
    ]  # fmt: skip
    return b"".join(parts) + b"--xYzZY--\r\n", "multipart/form-data; boundary=xYzZY"


def parsed(ground: Ground, text: str, charset: str = "utf-8", **more: bytes | str) -> dict[str, bytes | str]:
    to = f"news+{ground.token()}@news.example"
    return {
        "headers": f"Message-ID: <{charset}-{text.encode().hex()[:40]}@example.org>\nFrom: Ada <{ADA}>\nTo: {to}\n"
        "Subject: Re: papers\nContent-Type: multipart/alternative; boundary=gone\n",
        "from": f"Ada <{ADA}>",
        "to": to,
        "subject": "Re: papers",
        "text": text.encode(charset),
        "charsets": json.dumps({"to": "UTF-8", "from": "UTF-8", "subject": "UTF-8", "text": charset}),
        "envelope": json.dumps({"to": [to], "from": ADA}),
    } | more


def send(ground: Ground, fields: Mapping[str, bytes | str], path: str = INBOUND) -> int:
    body, kind = form(fields)
    return ground.client.post(path, content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("退订", "utf-8"),
        ("退订", "gb18030"),
        ("退订", "gb2312"),
        ("退訂", "big5"),
        ("配信停止をお願いします", "iso-2022-jp"),
        ("配信停止をお願いします", "shift_jis"),
        ("수신거부", "euc-kr"),
        ("отписаться", "koi8-r"),
        ("отписаться", "windows-1251"),
        ("Merci de me désabonner", "iso-8859-1"),
        ("unsubscribe", "ascii"),
    ],
)
def test_a_parsed_form_in_any_charset(ground: Ground, text: str, charset: str) -> None:
    assert 200 == send(ground, parsed(ground, text, charset))
    assert SubscriberState.UNSUBSCRIBED is ground.reader()


@pytest.mark.parametrize("written", [f"Jörg <{ADA}>", "(" * 4_000 + ADA, "()" * 400 + ADA, "a:;" + ADA, "退" * 10_000])
def test_a_sender_that_only_the_form_names(ground: Ground, written: str) -> None:
    """Brackets that never close, groups and long names end nothing: the address with the token counts."""
    fields = parsed(ground, "退订", charsets=json.dumps({"from": "gb18030"})) | {"from": written.encode("gb18030")}
    fields["headers"] = f"Message-ID: <1@example.org>\nTo: {fields['to']}\nSubject: Re: papers\n"
    assert 200 == send(ground, fields)
    assert SubscriberState.UNSUBSCRIBED is ground.reader()


def test_only_the_html_part(ground: Ground) -> None:
    fields = parsed(ground, "x", html="<div>退订</div><blockquote>old</blockquote>")
    del fields["text"]
    assert 200 == send(ground, fields)
    assert SubscriberState.UNSUBSCRIBED is ground.reader()


def test_the_raw_form(ground: Ground) -> None:
    """The whole mail in one field; the envelope says where it went."""
    raw = f"From: Ada <{ADA}>\r\nTo: news@news.example\r\nSubject: x\r\nMessage-ID: <1@example.org>\r\n\r\n".encode()
    envelope = json.dumps({"to": [f"news+{ground.token()}@news.example"], "from": ADA})
    fields = {"email": raw + "退订".encode("gbk"), "envelope": envelope, "dkim": "none"}
    assert 200 == send(ground, fields)
    assert SubscriberState.UNSUBSCRIBED is ground.reader()


@pytest.mark.parametrize(
    ("dkim", "state"),
    [
        ("{@example.org : pass}", "unsubscribed"),
        ("{@other.example : fail, @example.org : pass}", "unsubscribed"),
        ("{@other.example : pass}", "active"),
        ("{@example.org : fail}", "active"),
        ("none", "active"),
        ("", "active"),
    ],
)
def test_without_a_token_the_providers_dkim_counts(ground: Ground, dkim: str, state: str) -> None:
    """Aligned with From: it stands in for the token; else the reader is asked by mail."""
    fields = parsed(ground, "退订", dkim=dkim, to="news@news.example", envelope="{}")
    fields["headers"] = f"Message-ID: <1@example.org>\nFrom: Ada <{ADA}>\nTo: news@news.example\n"
    assert 200 == send(ground, fields)
    assert state == ground.reader().value


def test_a_mail_that_comes_twice_is_handled_once(ground: Ground) -> None:
    fields = parsed(ground, "退订")
    assert 200 == send(ground, fields)
    with app.open_ledger(ground.settings) as store:
        store.set_subscriber(ground.ids[ADA], SubscriberState.ACTIVE, "resubscribed", MORNING)
    assert 200 == send(ground, fields)
    assert SubscriberState.ACTIVE is ground.reader()


def test_only_the_secret_path_is_there(ground: Ground) -> None:
    """A wrong secret is an address that does not exist, whatever is posted to it."""
    fields = parsed(ground, "退订")
    for wrong in (SECRET[:-1], SECRET + "x", SECRET.upper(), "%00", "退订"):
        assert 404 == send(ground, fields, f"/hooks/sendgrid/inbound/{wrong}")
    assert SubscriberState.ACTIVE is ground.reader()


def test_what_nobody_can_read_is_kept(ground: Ground, newsletter: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the provider had it: after two attempts its bytes lie in a file for us alone, which `status` names."""
    monkeypatch.setattr("newsletter.replies.reading._WORKER", "tests.fragile_worker")
    monkeypatch.setattr("newsletter.replies.keeping._MOST", 1)
    first, second = (b"Subject: die\r\nMessage-ID: <%d@b.example>\r\n\r\n\xff\x00" % number for number in (1, 2))
    folder = ground.settings.data_dir / "unread"
    assert [503, 200] == [send(ground, {"email": first}) for _ in range(2)]
    (file,) = folder.iterdir()
    assert first == file.read_bytes()
    assert (0o600, 0o700) == (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777)
    assert str(file) in ground.counter.store.troubles()[0].problem
    told = newsletter("status", settings={"NEWSLETTER_DATA_DIR": str(ground.settings.data_dir)}).stdout
    assert str(file) in told
    assert [503, 503, 503] == [send(ground, {"email": second}) for _ in range(3)]  # no room: the provider keeps it
    assert [file] == list(folder.iterdir())
    file.unlink()  # its owner has looked at it
    assert 200 == send(ground, {"email": second})
    assert [second] == [one.read_bytes() for one in folder.iterdir()]
    assert ["<2@b.example>"] == [one.name.split(": ")[1].split(",")[0] for one in ground.counter.store.attempts(1)]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 100, b"--xYzZY", form({"other": "x"})[0], form({"email": ""})[0], form({"envelope": "{"})[0]],
)
def test_what_is_no_form_is_refused(ground: Ground, content: bytes) -> None:
    kinds = ("multipart/form-data; boundary=xYzZY", "multipart/form-data", "text/plain", "")
    found = [ground.client.post(INBOUND, content=content, headers={"Content-Type": kind}) for kind in kinds]
    assert [400] * 4 == found


def test_a_form_over_the_limit_is_refused(ground: Ground) -> None:
    assert 413 == send(ground, parsed(ground, "退订", attachment=b"x" * (33 << 20)))
    assert SubscriberState.ACTIVE is ground.reader()


def test_broken_fields_lose_only_themselves(ground: Ground) -> None:
    """No JSON where JSON is due, a charset that nobody knows: the text is read all the same."""
    fields = parsed(ground, "退订", charsets="{", envelope="[", dkim=b"\xff")
    assert 200 == send(ground, fields)
    assert SubscriberState.UNSUBSCRIBED is ground.reader()


# --- a bounce by mail ---


def test_a_bounce_by_mail_moves_the_mail(ground: Ground) -> None:
    """Only the reader's own mail: the token and the Message-ID must belong together."""
    ground.put(DeliveryState.ACCEPTED)

    def report(message_id: str, key: str) -> bytes:
        return (
            f"From: MAILER-DAEMON@mx.example\r\nTo: news+{ground.token(Purpose.BOUNCE)}@news.example\r\n"
            f"Message-ID: <{key}@mx.example>\r\nSubject: Undelivered Mail\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
            f"Final-Recipient: rfc822; {ADA}\r\nAction: failed\r\nStatus: 5.7.1\r\n\r\n"
            f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--b--\r\n"
        ).encode()

    assert 200 == send(ground, {"email": report(a_mail(CHEN, 0).message_id, "one")})
    assert [DeliveryState.ACCEPTED, DeliveryState.QUEUED] == [ground.mail(1), ground.mail(2)]
    assert 200 == send(ground, {"email": report(a_mail(ADA, 0).message_id, "two")})
    assert (DeliveryState.BOUNCED, SubscriberState.ACTIVE) == (ground.mail(), ground.reader())
    with app.open_ledger(ground.settings) as store:
        assert ["example.org"] == [one.domain for one in store.paused_domains(datetime.now(UTC))]


# --- settings ---


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEWSLETTER_SENDGRID_WEBHOOK_KEY", "not a key"),
        ("NEWSLETTER_SENDGRID_WEBHOOK_KEY", base64.b64encode(b"x" * 91).decode()),
        ("NEWSLETTER_INBOUND_SECRET", "short"),
        ("NEWSLETTER_INBOUND_SECRET", "with/slash/in/the/middle/of/it"),
    ],
)
def test_keys_that_cannot_work(name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stop the start, and are not shown."""
    monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=name) as stopped:
        load(tmp_path)
    assert value not in str(stopped.value)


def test_a_key_may_be_a_pem(ground: Ground) -> None:
    pem = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert KEY == Settings(sendgrid_webhook_key=pem).sendgrid_webhook_key


def test_replies_are_promised_where_the_form_can_reach_us(ground: Ground) -> None:
    """With the secret and a public address; `check` names what is missing."""
    sending = ground.settings.model_copy(update={"transport": "smtp"})
    assert sending.letterhead.replies_read
    assert not sending.model_copy(update={"public_url": None}).letterhead.replies_read
    halves = {
        "NEWSLETTER_INBOUND_SECRET": {"public_url": None, "sendgrid_webhook_key": None},
        "NEWSLETTER_SENDGRID_WEBHOOK_KEY": {"transport": "sendgrid", "sendgrid_webhook_key": None},
    }
    for name, changes in halves.items():
        settings = ground.settings.model_copy(update=changes)
        assert name in [finding.where for finding in doctor.examine(settings, ground.counter)]


BOUNDARY = "multipart/form-data; boundary=a"


def a_form(**fields: bytes) -> bytes:
    parts = (
        b'--a\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), v) for n, v in fields.items()
    )
    return b"".join(parts) + b"--a--\r\n"


HOSTILE_FORMS: dict[str, tuple[Callable[[int], bytes], int]] = {
    "raw": (lambda n: a_form(email=HOSTILE["parameters"][0](n)), 20_000),
    "headers": (lambda n: a_form(headers=b"X: y\n" * n, text=b"x", **{"from": b"a@b.c"}), 20_000),
    "type": (lambda n: a_form(headers=b"Content-Type: text/plain" + b"; a=b" * n, text=b"x"), 20_000),
    "encoded words": (lambda n: a_form(headers=b"Subject: " + b"=?a?q? " * n, text=b"x"), 2_000),
    "results": (lambda n: a_form(headers=b"X: y", text=b"x", dkim=b"{@a : pass" * n), 20_000),
    "envelope": (lambda n: a_form(headers=b"X: y", text=b"x", envelope=b"[" * n), 20_000),
    "charsets": (lambda n: a_form(headers=b"X: y", text=b"x", charsets=b"[" * n), 20_000),
    "from": (lambda n: a_form(text=b"x", **{"from": b"((" * n}), 10_000),
    "parts": (lambda n: a_form(headers=b"X: y") * n, 500),
    "part header": (lambda n: b"--a\r\nX: " + b"y;" * n + b"\r\n\r\nx\r\n--a--\r\n", 20_000),
    "parameters of a part": (
        lambda n: b"--a\r\nContent-Disposition: form-data" + b"; name=x" * n + b"\r\n\r\nx\r\n--a--\r\n",
        20_000,
    ),
}


@pytest.mark.parametrize("kind", HOSTILE_FORMS)
def test_no_form_makes_it_slow(kind: str) -> None:
    """What is posted has the limits of what lies in a mailbox: tenfold input costs about tenfold."""
    made, size = HOSTILE_FORMS[kind]

    def work(length: int) -> Callable[[], object]:
        body = made(length)

        def read() -> None:
            found = form_mail(BOUNDARY, body)
            if found:
                inbound.read(found.raw, keys={0: b"k" * 32}, today=DAY, aligned=found.aligned)

        return read

    assert is_linear(work, size)
