"""A real IMAP server: what is handled is put away, what is for a person stays unread, and nothing is ever deleted."""

from __future__ import annotations

import re
import shutil
import smtplib
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from newsletter import app
from newsletter.delivery import send_now
from newsletter.demo.command import reply_to
from newsletter.errors import MailboxUnavailable
from newsletter.inbound import trust
from newsletter.mailboxes.imap import Imap
from newsletter.models import Outgoing, SubscriberState, Verdict
from newsletter.readers import Counter
from newsletter.render import Renderer, message_id, personalise
from newsletter.render.sample import sample_editions
from newsletter.replies import receiving
from newsletter.replies.reading import Understood
from newsletter.settings import Settings
from newsletter.subscribers import load
from newsletter.times.clock import utc_now
from newsletter.tokens import Purpose, make
from newsletter.transports.smtp.sending import Smtp
from tests.conftest import Run
from tests.counters import counter_of, service_of
from tests.dovecot import MISSING, PASSWORD, Dovecot, dovecot
from tests.morning import MORNING, ROSTER, part

ADA, CHEN = "ada@example.org", "chen@example.org"
needs_dovecot = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")

# --- what the receiving server vouches for ---

PASS = "dkim=pass header.d=example.org"
RESULTS = [
    # Authentication-Results from top to bottom, From, what is proven
    ([f"mx.news.example; {PASS}"], ADA, "example.org"),
    ([f"MX.news.example 1; {PASS} header.s=a; spf=pass"], f"Ada <{ADA}>", "example.org"),
    (["mx.news.example; spf=pass smtp.mailfrom=x@y.example;\n\tdkim=pass header.i=@example.org"], ADA, "example.org"),
    (["mx.news.example; dkim=pass (2048-bit (rsa) key) header.d=example.org"], ADA, "example.org"),
    ([f"mx.news.example; {PASS}"], "ada@mail.example.org", "mail.example.org"),
    ([f"mx.news.example; dkim=fail header.d=other.example; {PASS}"], ADA, "example.org"),
    # others than our server, and what stands below our server's own
    ([f"mx.evil.example; {PASS}"], ADA, None),
    ([f"mx.news.example.evil.example; {PASS}"], ADA, None),
    (["mx.news.example; dkim=none", f"mx.news.example; {PASS}"], ADA, None),
    ([], ADA, None),
    # no pass, or not for this sender
    (["mx.news.example; dkim=fail header.d=example.org"], ADA, None),
    (["mx.news.example; dkim=passed header.d=example.org"], ADA, None),
    (['mx.news.example; dkim=fail reason="dkim=pass header.d=example.org" header.d=example.org'], ADA, None),
    (["mx.news.example; (dkim=pass header.d=example.org) dkim=none"], ADA, None),
    (["mx.news.example; dkim=pass header.d=other.example"], ADA, None),
    (["mx.news.example; dkim=pass header.d=ample.org"], ADA, None),
    (["mx.news.example; dkim=pass header.d=org"], ADA, None),
    (["mx.news.example; spf=pass smtp.mailfrom=ada@example.org; dmarc=pass header.from=example.org"], ADA, None),
    ([f"mx.news.example; {PASS}"], "ada@example.org, eve@evil.example", None),
    # nested comments, and a header of our server that is cut: what stands in it and below it proves nothing
    ([f"mx.news.example; {'(' * 900}{')' * 900} {PASS}"], ADA, "example.org"),
    ([f"mx.news.example; {PASS}; x={'x' * 5_000}"], ADA, None),
    ([f"mx.news.example; dkim=none x={'x' * 5_000}", f"mx.news.example; {PASS}"], ADA, None),
]


@pytest.mark.parametrize(("results", "sender", "proven"), RESULTS)
def test_what_the_receiving_server_vouches_for(results: list[str], sender: str, proven: str | None) -> None:
    """Only the topmost finding of our own server counts, and only a DKIM pass of the sender's domain."""
    head = "".join(f"Authentication-Results: {one}\r\n" for one in results)
    raw = f"{head}From: {sender}\r\nSubject: x\r\n\r\nAuthentication-Results: mx.news.example; {PASS}\r\n".encode()
    assert proven == trust.aligned(raw, "mx.news.example")
    assert trust.aligned(raw, None) is None


def test_the_address_it_was_delivered_to() -> None:
    """The receiving server's own note, not the To: that anybody can write."""
    raw = b"Delivered-To: news+a@x\r\nX-Original-To: news+b@x\r\nTo: news+c@x\r\n\r\n"
    assert "news+a@x" == trust.envelope_to(raw)
    assert trust.envelope_to(b"To: news+c@x\r\n\r\nDelivered-To: news+a@x") is None


# --- the adapter ---


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    if MISSING:
        pytest.skip(MISSING)
    with dovecot() as server:
        yield server


@pytest.fixture
def server(running: Dovecot) -> Dovecot:
    running.empty()
    return running


def nothing(_: Iterable[str]) -> frozenset[str]:
    return frozenset()


def a_mail(message_id: str = "one", **more: str) -> bytes:
    headers = {"Message-ID": f"<{message_id}@example.org>", "From": ADA, "Subject": "Hello"} | {
        name.replace("_", "-"): value for name, value in more.items()
    }
    return ("".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\nGood morning.\r\n").encode()


@pytest.fixture
def mailbox(server: Dovecot) -> Iterator[Imap]:
    opened = Imap(server.url, PASSWORD, authserv_id="mx.news.example", timeout=10)
    yield opened
    opened.close()


def test_looking_changes_nothing(server: Dovecot, mailbox: Imap) -> None:
    """The mails come oldest first with all their bytes, and stay unread where they are."""
    given = [a_mail("one", Delivered_To="news+a@example.org"), a_mail("two"), a_mail("three")]
    for raw in given:
        server.deliver(raw)
    found = list(mailbox.waiting(nothing))
    assert given == [mail.raw for mail in found]
    assert all(re.fullmatch(r"UID [0-9]+ in INBOX", mail.place) for mail in found)
    assert [False] * 3 == list(server.mails().values())
    assert [mail.key for mail in found] == [mail.key for mail in mailbox.waiting(nothing)]


def test_what_is_known_is_not_fetched_again(server: Dovecot, mailbox: Imap) -> None:
    """Keys that the ledger holds are left alone, whatever their owner has done with the mail."""
    for name in ("one", "two"):
        server.deliver(a_mail(name))
    first, second = mailbox.waiting(nothing)
    assert [second] == list(mailbox.waiting(lambda _: {first.key}))
    assert [] == list(mailbox.waiting(lambda keys: set(keys)))


@pytest.mark.parametrize("capability", ["", "IMAP4rev1 UIDPLUS LITERAL+", "IMAP4rev1 LITERAL+"])
@needs_dovecot
def test_put_away(capability: str) -> None:
    """A handled mail lies in Newsletter/Done; others, also those somebody marked as deleted, stay where they are."""
    with dovecot(capability) as server:
        for name in ("one", "two", "three"):
            server.deliver(a_mail(name))
        with server.session() as client:
            client.select("INBOX")
            client.store("3", "+FLAGS", r"(\Deleted)")
        mailbox = Imap(server.url, PASSWORD, timeout=10)
        try:
            first, second, _ = mailbox.waiting(nothing)
            mailbox.put_away(first)
            mailbox.put_away(second)
        finally:
            mailbox.close()
        assert {b"<one@example.org>", b"<two@example.org>"} == set(server.mails("Newsletter.Done"))
        kept = {b"<three@example.org>"}
        # Without UIDPLUS no single mail can be expunged, so the originals stay: two copies are better than none.
        assert kept == set(server.mails()) - (set() if "UIDPLUS" in capability or not capability else _both())


def _both() -> set[bytes]:
    return {b"<one@example.org>", b"<two@example.org>"}


def test_only_the_beginning_of_a_huge_mail_is_fetched(server: Dovecot, mailbox: Imap) -> None:
    """A mail of five megabytes costs two."""
    server.deliver(a_mail() + b"x" * 70 + (b"\r\n" + b"x" * 70) * 70_000)
    (found,) = mailbox.waiting(nothing)
    assert (2 << 20) + 1 == len(found.raw)


@needs_dovecot
def test_a_server_that_fails_is_said_and_the_next_poll_works() -> None:
    """Down, a wrong password or gone in between: one error of ours with the host's name, without the password."""
    with dovecot() as server:
        server.deliver(a_mail())
        wrong = Imap(server.url, "another", timeout=10)
        with pytest.raises(MailboxUnavailable, match="refuses the login") as refused:
            list(wrong.waiting(nothing))
        assert "another" not in str(refused.value)
        mailbox = Imap(server.url, PASSWORD, timeout=10)
        assert 1 == len(list(mailbox.waiting(nothing)))
        assert mailbox._box is not None
        mailbox._box.client.shutdown()
        with pytest.raises(MailboxUnavailable):
            list(mailbox.waiting(nothing))
        assert 1 == len(list(mailbox.waiting(nothing)))
        mailbox.close()
        url = server.url
    with pytest.raises(MailboxUnavailable, match=r"127\.0\.0\.1"):
        list(Imap(url, PASSWORD, timeout=10).waiting(nothing))


# --- polling and acting ---


@dataclass(frozen=True)
class Ground:
    settings: Settings
    counter: Counter
    server: Dovecot
    ids: dict[str, int]

    def token(self, purpose: Purpose, email: str = ADA) -> str:
        return make(self.counter.keys, purpose, self.ids[email])

    def token_for_leaving(self, email: str) -> str:
        return self.token(Purpose.LEAVE, email)

    def reply(self, text: str, message_id: str = "reply", **more: str) -> bytes:
        to = {"To": f"news+{self.token(Purpose.REPLY)}@news.example", "Subject": "Re: papers"} | more
        return (
            a_mail(message_id, **to)
            .replace(b"Good morning.", text.encode())
            .replace(b"Subject", b"Content-Type: text/plain; charset=utf-8\r\nSubject", 1)
        )

    def state(self, email: str = ADA) -> SubscriberState:
        with app.open_ledger(self.settings) as store:
            found = store.subscriber(email)
        assert found is not None
        return found.state

    def poll(self) -> tuple[int, int, int]:
        found = receiving.poll(self.counter)
        return found.handled, found.left, found.failed


@pytest.fixture
def ground(tmp_path: Path, server: Dovecot) -> Iterator[Ground]:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    settings = Settings(
        subscribers=tmp_path / "subscribers.yaml",
        data_dir=tmp_path / "var",
        sender="Morning arXiv <news@news.example>",
        imap_url=server.url,
        imap_password=PASSWORD,  # type: ignore[arg-type]
        authserv_id="mx.news.example",
    )
    with counter_of(settings, utc_now) as counter:
        known = counter.store.enrol([ADA, CHEN], MORNING)
        yield Ground(settings, counter, server, {email: one.id for email, one in known.items()})


def test_a_reply_is_acted_on_within_one_poll(ground: Ground) -> None:
    """退订 by reply: the reader has left, the file says so, the mail lies in Newsletter/Done."""
    ground.server.deliver(ground.reply("退订"))
    assert (1, 0, 0) == ground.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state()
    assert [" by reply" in (reader.unsubscribed or "") for reader in load(ground.settings.subscribers).readers] == [
        True,
        False,
    ]
    assert ({}, {b"<reply@example.org>"}) == (ground.server.mails(), set(ground.server.mails("Newsletter.Done")))
    assert (0, 0, 0) == ground.poll()


def answers(ground: Ground) -> list[EmailMessage]:
    """What was sent to readers, the default transport being a folder."""
    files = sorted((ground.settings.data_dir / "outbox").glob("mail-*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def test_one_answer_in_seven_days(ground: Ground) -> None:
    """The confirmation names the mail it answers; a second request of the same week is done in silence."""
    ground.server.deliver(ground.reply("pause 2 weeks", "first"))
    assert (1, 0, 0) == ground.poll()
    (answer,) = answers(ground)
    assert (ADA, "<first@example.org>", "auto-replied") == (
        answer["To"],
        answer["In-Reply-To"],
        answer["Auto-Submitted"],
    )
    assert "paused until" in answer["Subject"]
    assert SubscriberState.PAUSED is ground.state()
    shutil.rmtree(ground.settings.data_dir / "outbox")
    ground.server.deliver(ground.reply("unsubscribe", "second"))
    assert (1, 0, 0) == ground.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state()
    assert [] == answers(ground)


def test_a_request_without_proof_is_asked_back(ground: Ground) -> None:
    """Somebody wrote unsubscribe in Chen's name: Chen is asked, nobody leaves, and strangers hear nothing."""
    plain = a_mail("plain", To="news@news.example", Subject="退订", From=CHEN)
    ground.server.deliver(plain)
    ground.server.deliver(plain.replace(b"plain", b"other").replace(b"chen@", b"eve@"))
    assert (1, 1, 0) == ground.poll()
    (question,) = answers(ground)
    assert CHEN == question["To"]
    assert f"news+{ground.token(Purpose.LEAVE, CHEN)}@news.example" in part(question, "plain")
    assert SubscriberState.ACTIVE is ground.state(CHEN)


def test_a_question_that_did_not_go_out_is_asked_by_the_next_poll(ground: Ground) -> None:
    """Without it a reader could not leave: the mail is not put away before."""
    outbox = ground.settings.data_dir / "outbox"
    outbox.write_text("in the way")
    ground.server.deliver(a_mail("plain", To="news@news.example", Subject="unsubscribe"))
    assert (0, 0, 1) == ground.poll()
    outbox.unlink()
    assert (1, 0, 0) == ground.poll()
    assert 1 == len(answers(ground))


def test_questions_stay_unread_and_are_looked_at_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thanks, a doubtful wish and a forged token are for a person: unread in the inbox, and not read again."""
    ground.server.deliver(ground.reply("Thank you, paper 3 was great.", "thanks"))
    ground.server.deliver(ground.reply("Please don't unsubscribe me!", "doubt"))
    ground.server.deliver(a_mail("forged", To=f"news+{'a' * 34}@news.example", Subject="unsubscribe"))
    assert (0, 3, 0) == ground.poll()
    assert {b"<thanks@example.org>": False, b"<doubt@example.org>": False, b"<forged@example.org>": False} == (
        ground.server.mails()
    )
    fetched: list[str] = []
    monkeypatch.setattr(Imap, "_fetch", lambda _, uid: fetched.append(uid))
    assert (0, 0, 0) == ground.poll()
    assert [] == fetched
    assert SubscriberState.ACTIVE is ground.state()


def test_a_copy_of_a_handled_mail_changes_nothing(ground: Ground) -> None:
    """The same Message-ID again, after the reader has come back: put away, and the reader stays."""
    ground.server.deliver(ground.reply("unsubscribe"))
    assert (1, 0, 0) == ground.poll()
    with app.open_ledger(ground.settings) as store:
        store.set_subscriber(ground.ids[ADA], SubscriberState.ACTIVE, "resubscribed", MORNING)
    ground.server.deliver(ground.reply("unsubscribe"))
    assert (1, 0, 0) == ground.poll()
    assert SubscriberState.ACTIVE is ground.state()
    assert {} == ground.server.mails()


def test_stopped_before_the_mail_was_put_away(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that dies after the act: the reader has left, and the next poll only puts the mail away."""
    ground.server.deliver(ground.reply("unsubscribe"))
    with monkeypatch.context() as patched:

        def gone(*_: object) -> None:
            raise MailboxUnavailable("127.0.0.1", "gone")

        patched.setattr(Imap, "put_away", gone)
        assert (1, 0, 0) == ground.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state()
    assert (0, 0, 0) == ground.poll()
    assert {} == ground.server.mails()


def test_one_mail_that_fails_does_not_stop_the_others(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours over one mail is counted; the others are handled, and the next poll tries it again."""
    ground.server.deliver(ground.reply("unsubscribe", "first"))
    ground.server.deliver(ground.reply("unsubscribe", "second"))
    handle = receiving.handle

    def failing(counter: Counter, mail: Understood) -> receiving.Received:
        if "<first@" in mail.key:
            raise RuntimeError("a mistake of ours")
        return handle(counter, mail)

    with monkeypatch.context() as patched:
        patched.setattr(receiving, "handle", failing)
        assert (1, 0, 1) == ground.poll()
    assert {b"<first@example.org>": False} == ground.server.mails()
    assert (1, 0, 0) == ground.poll()


def test_without_a_token_dkim_proves_the_sender(ground: Ground) -> None:
    """A request from the reader's own address leaves where our server vouches for its DKIM, and else does not."""
    plain = a_mail("plain", To="news@news.example", Subject="unsubscribe")
    forged = b"Authentication-Results: mx.evil.example; " + PASS.encode() + b"\r\n" + plain.replace(b"plain", b"forged")
    for raw in (plain, forged):
        ground.server.deliver(raw)
    ground.poll()
    assert SubscriberState.ACTIVE is ground.state()
    ground.server.deliver(
        b"Authentication-Results: mx.news.example; " + PASS.encode() + b"\r\n" + plain.replace(b"plain", b"good")
    )
    assert (1, 0, 0) == ground.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state()


class _Delivering:
    """Takes mail by SMTP and puts what is for the newsletter into its folder, the envelope noted on top."""

    def __init__(self, server: Dovecot) -> None:
        self.server, self.mails = server, list[bytes]()

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802  # its name
        content = envelope.original_content or b""
        self.mails.append(content)
        if envelope.rcpt_tos[0].endswith("@news.example"):
            self.server.deliver(f"Delivered-To: {envelope.rcpt_tos[0]}\r\n".encode() + content)
        return "250 OK"


@pytest.fixture
def smtp(server: Dovecot) -> Iterator[tuple[_Delivering, int]]:
    handler = _Delivering(server)
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


def test_from_our_own_transport_to_unsubscribed(ground: Ground, smtp: tuple[_Delivering, int]) -> None:
    """A mail sent by SMTP, answered with 退订 by SMTP and read by IMAP ends as unsubscribed within one poll."""
    delivering, port = smtp
    keys = ground.counter.keys
    edition = next(iter(sample_editions()))
    letterhead = ground.settings.letterhead
    with closing(Smtp(f"smtp://127.0.0.1:{port}", timeout=5)) as transport:
        rendered = Renderer(app.files.folders("templates", ground.settings.subscribers), None).render(
            edition[0], letterhead
        )
        message = personalise(
            rendered,
            letterhead,
            keys=keys,
            subscriber_id=ground.ids[CHEN],
            email=CHEN,
            name=None,
            message_id=message_id(keys, letterhead, ground.ids[CHEN], MORNING.date()),
            date=MORNING,
        )
        sent = send_now(transport, Outgoing(key="1", message=message))
        assert Verdict.ACCEPTED is sent.verdict
    (original,) = delivering.mails
    eml = ground.settings.data_dir / "original.eml"
    eml.write_bytes(original)
    answer = reply_to(eml, "退订")
    to = str(message_from_bytes(original, policy=policy.default)["Reply-To"])
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.sendmail(CHEN, [to], answer)
    assert (1, 0, 0) == ground.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state(CHEN)
    assert SubscriberState.ACTIVE is ground.state(ADA)


def test_inbox_once(ground: Ground, newsletter: Run) -> None:
    """`newsletter inbox --once` reads the mailbox and acts; a dead mailbox is one line and exit code 1."""
    ground.server.deliver(ground.reply("unsubscribe", "leave"))
    ground.server.deliver(ground.reply("Thanks!", "thanks"))
    settings = {
        "NEWSLETTER_IMAP_URL": ground.server.url,
        "NEWSLETTER_IMAP_PASSWORD": PASSWORD,
        "NEWSLETTER_SENDER": "Morning arXiv <news@news.example>",
    }
    ended = newsletter("inbox", "--once", settings=settings)
    assert (0, "1 email handled, 1 left in the inbox for you.\n") == (ended.returncode, ended.stdout), ended.stderr
    assert SubscriberState.UNSUBSCRIBED is ground.state()
    dead = newsletter("inbox", "--once", settings=settings | {"NEWSLETTER_IMAP_URL": "imap://news@127.0.0.1:1/INBOX"})
    assert 1 == dead.returncode
    assert "mailbox 127.0.0.1" in dead.stderr
    assert "Traceback" not in dead.stderr
    none = newsletter("inbox", "--once")
    assert 1 == none.returncode
    assert "NEWSLETTER_IMAP_URL: no mailbox is configured" in none.stderr


def test_the_service_polls_and_survives_a_dead_mailbox(
    ground: Ground, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `newsletter serve` does each minute: the reply is acted on; a mailbox that is down is a line in the log."""
    ground.server.deliver(ground.reply("unsubscribe"))
    with service_of(ground.settings, utc_now) as service:
        service.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state()
    dead = ground.settings.model_copy(update={"imap_url": "imap://news@127.0.0.1:1/INBOX"})
    with service_of(dead, utc_now) as service:
        service.poll()
    assert "poll.failed" in capsys.readouterr().out
    with service_of(ground.settings, utc_now) as stopping:
        stopping.stopping.set()
        monkeypatch.setattr(receiving, "poll", lambda *_, **__: pytest.fail("it is stopping"))
        stopping.poll()
