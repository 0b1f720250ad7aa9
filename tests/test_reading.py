"""Emails of strangers are read by a process of its own: one that ends it stops nobody else's, and is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.alarms import Pulse
from newsletter.errors import MailUnread
from newsletter.models import Action, Incoming, SubscriberState
from newsletter.readers import Counter
from newsletter.replies import reading, receiving, setting_aside
from newsletter.replies.reading import Worker, read_here
from newsletter.store import Store
from newsletter.web.health import verdict
from tests.conftest import Run
from tests.counters import a_counter
from tests.dovecot import PASSWORD
from tests.morning import MORNING, ROSTER
from tests.test_inbound import HOSTILE, UNDONE, mail
from tests.test_mailboxes import Ground, a_mail, ground, running, server

__all__ = ["ground", "running", "server"]  # fixtures


@pytest.fixture
def counter(store: Store, tmp_path: Path) -> Counter:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    return a_counter(store, tmp_path / "subscribers.yaml")


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WORKER", "tests.fragile_worker")


@pytest.fixture
def reader() -> Iterator[Worker]:
    with Worker() as opened:
        yield opened


@pytest.fixture(scope="module")
def busy_reader() -> Iterator[Worker]:
    """One that reads email after email, as it does for a service."""
    with Worker() as opened:
        yield opened


def incoming(raw: bytes, key: str = "1.1") -> Incoming:
    return Incoming(key=key, raw=raw, place="UID 1 in INBOX")


def test_the_worker_reads_as_we_do(counter: Counter, busy_reader: Worker) -> None:
    """The same meaning and the same key, with everything that only we know: keys, our texts, who vouches."""
    trusted = b"Authentication-Results: mx.news.example; dkim=pass header.d=example.org\r\n"
    for raw in (
        mail("退订"),
        mail("pause 2 weeks"),
        mail("thanks"),
        b"\xff\x00",
        trusted + mail("unsubscribe", To="a@b"),
    ):
        given = Incoming(key="1", raw=raw, authserv_id="mx.news.example")
        assert read_here(counter, given) == busy_reader.read(counter, given)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_emails_are_read_by_the_worker(kind: str, counter: Counter, busy_reader: Worker) -> None:
    """Within its limits of time and memory; what repeats words of a command may be asked about."""
    made, size = HOSTILE[kind]
    assert busy_reader.read(counter, incoming(made(10 * size))).meaning.action in (*UNDONE, Action.IGNORE)


@pytest.mark.usefixtures("fragile")
@pytest.mark.parametrize(("what", "told"), [("spin", "signal 24"), ("eat", "exit code 1"), ("die", "exit code 3")])
def test_an_email_that_ends_the_worker(
    what: str, told: str, counter: Counter, reader: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too much time, too much memory, a broken reader: one error of ours, and the next email is read."""
    monkeypatch.setattr(reading, "_WAIT", 600)  # on a busy machine, seconds of the processor take minutes
    with pytest.raises(MailUnread, match=told):
        reader.read(counter, incoming(a_mail(Subject=what)))
    assert Action.IGNORE is reader.read(counter, incoming(a_mail())).meaning.action


@pytest.mark.usefixtures("fragile")
def test_a_worker_that_waits_is_ended(counter: Counter, reader: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that neither works nor answers does not hold up the others."""
    monkeypatch.setattr(reading, "_WAIT", 0.5)
    with pytest.raises(MailUnread, match="signal 9"):
        reader.read(counter, incoming(a_mail(Subject="sleep")))


def test_the_worker_has_no_secrets(counter: Counter, reader: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords and keys of the service are not in its environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    reader.read(counter, incoming(a_mail()))
    assert reader._process is not None
    environment = Path(f"/proc/{reader._process.pid}/environ").read_bytes()
    assert b"PYTHONPATH" in environment
    assert b"canary" not in environment


def test_reading_never_raises(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks inside: for a person, and said to be unreadable."""

    def broken(_: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr("newsletter.inbound.parts.parse", broken)
    meaning = read_here(counter, incoming(a_mail())).meaning
    assert (Action.HUMAN, True) == (meaning.action, meaning.unreadable)


# --- through a mailbox ---


@pytest.mark.usefixtures("fragile")
def test_a_hostile_email_stops_nobody(ground: Ground, newsletter: Run) -> None:
    """First in the mailbox: who unsubscribes behind it has left after one poll; after two the hostile one is named."""
    ground.server.deliver(a_mail("hostile", Subject="die"))
    ground.server.deliver(ground.reply("unsubscribe"))
    assert (1, 0, 1) == ground.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state()
    assert [] == setting_aside.emails(ground.counter.store)
    assert 1 == receiving.poll(ground.counter).aside
    assert {b"<hostile@example.org>": False} == ground.server.mails()
    (trouble,) = ground.counter.store.troubles()
    assert "1 email could not be read" in trouble.problem
    assert "Message-ID: <hostile@example.org>" in trouble.problem
    assert (0, 0, 0) == ground.poll()  # not tried again
    settings = {"NEWSLETTER_IMAP_URL": ground.server.url, "NEWSLETTER_IMAP_PASSWORD": PASSWORD}
    told = newsletter("status", settings=settings).stdout
    assert "Could not be read" in told
    assert "<hostile@example.org>" in told
    (named,) = json.loads(newsletter("status", "--json", settings=settings).stdout)["set_aside"]
    assert "in INBOX" in named["email"]
    ground.server.empty()  # its owner has looked at it
    assert (0, 0, 0) == ground.poll()
    assert [] == setting_aside.emails(ground.counter.store)
    assert all(one.ended for one in ground.counter.store.troubles())


def test_an_attempt_counts_whoever_died_over_it(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service itself was killed twice while it read an email: it is set aside without a third look."""
    ground.server.deliver(a_mail("hostile"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "read", killed)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                ground.poll()
    assert 1 == receiving.poll(ground.counter).aside


@pytest.mark.parametrize("kind", ["parameters", "encoded words", "comments in results", "numeric entity"])
def test_the_four_that_were_found(kind: str, ground: Ground) -> None:
    """Emails that once stopped all reading: they are read like any other, and so is the request behind them."""
    made, size = HOSTILE[kind]
    ground.server.deliver(made(size * 20).replace(b"\n", b"\r\n"))
    ground.server.deliver(ground.reply("unsubscribe"))
    assert (1, 1, 0) == ground.poll()
    assert SubscriberState.UNSUBSCRIBED is ground.state()


def test_a_name_shows_no_more_than_letters(counter: Counter) -> None:
    """Nothing that a stranger wrote moves the cursor of a terminal, and nothing of it is parsed."""
    raw = b"From: \x1b[2Jeve\r\nMessage-ID:\r\n <a@b>\x1b[31m\r\n\r\n"
    assert "UID 1 in INBOX, Message-ID: <a@b>, 43 octets" == setting_aside._name(incoming(raw))


# --- the age of the last poll ---


def test_a_mailbox_that_is_not_read_is_not_healthy() -> None:
    """Half an hour without a finished poll is 503, also where none ever ended; without a mailbox nobody waits."""
    passed = [0.0]
    pulse = Pulse(now=lambda: MORNING, seconds=lambda: passed[0])

    def after(minutes: int) -> str:
        passed[0] += 60 * minutes
        return verdict(pulse, readable=True)

    assert "ok" == after(60)
    pulse.awaits_poll()
    assert ["ok", "unread"] == [after(30), after(1)]
    pulse.polled()
    assert ["ok", "ok", "unread"] == [after(0), after(30), after(1)]
