"""What is left of whom we forget, and what becomes of who left long ago."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import readers
from newsletter.mailboxes.containing import names
from newsletter.mailboxes.imap import Imap
from newsletter.models import Consent, JoinRequest, JoinState, Reader, Source, SubscriberState
from newsletter.ports import Mailbox
from newsletter.readers import Counter, departing, forgetting, in_force
from newsletter.settings import Settings
from newsletter.store import open_store
from newsletter.store.copies import forget_in_copies
from newsletter.tokens import Purpose, make
from tests.conftest import Run
from tests.counters import MORNING, counter_of
from tests.dovecot import MISSING, PASSWORD, dovecot
from tests.morning import ROSTER

HEAD = ROSTER[: ROSTER.index("  - ada@")]
KEEP = timedelta(days=400)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "subscribers.yaml").write_text(HEAD + "  - filed@example.org\n", "utf-8")
    return Settings(subscribers=tmp_path / "subscribers.yaml", data_dir=tmp_path / "var")


def join(counter: Counter, *names: str) -> None:
    """They are readers of the ledger, with their consent and their request."""
    known = in_force.last_good(counter.store)
    assert known
    for name in names:
        email = f"{name}@example.org"
        who = counter.store.enrol([email], MORNING)[email].id
        reader: Reader = known.masthead.usual.reader(email, Source.PAGE)
        consent = Consent(
            subscriber_id=who, confirmed=MORNING, asked=MORNING, source=Source.PAGE, language="en", text_hash="text"
        )
        counter.store.put_readers([(who, reader)], consents=[consent])
        counter.store.ask_to_join(
            JoinRequest(
                email=email,
                written=email,
                language="en",
                source=Source.PAGE,
                consent="text",
                state=JoinState.DONE,
                asked=MORNING,
            )
        )


def emails(counter: Counter) -> set[str]:
    return {one.email.partition("@")[0] for one in counter.store.subscribers()}


def end(counter: Counter, name: str, why: str) -> None:
    subscriber = counter.store.subscriber(f"{name}@example.org")
    assert subscriber
    if why in ("complaint", "5.1.1"):
        readers.suppress(counter, subscriber, why)
    else:
        readers.leave(counter, subscriber.id, why)


def test_who_left_long_ago_is_a_hash(settings: Settings) -> None:
    """Barred where a complaint or the operator ended it; who reads, or stands in the file, stays an address."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        join(counter, "reads", "left", "complained", "bounced", "removed", "paused")
        for name, why in (
            ("left", readers.BY_LINK),
            ("filed", readers.BY_LINK),
            ("complained", "complaint"),
            ("bounced", "5.1.1"),
            ("removed", "by the operator"),
        ):
            end(counter, name, why)
        departing.depart(counter)
        assert 7 == len(emails(counter))
    (settings.data_dir / "outbox").mkdir()
    (settings.data_dir / "outbox" / "2026-03-09_left@example.org.eml").write_text("To: somebody")
    with counter_of(settings, MORNING + KEEP + timedelta(hours=1)) as counter:
        in_force.take_in(counter, in_force.look(counter))
        departing.depart(counter)
        assert {"reads", "paused", "filed"} == emails(counter)
        barred = {
            name: counter.store.is_barred(forgetting.fingerprints(counter.keys, f"{name}@example.org"))
            for name in ("left", "complained", "bounced", "removed")
        }
        assert {"left": False, "complained": True, "bounced": False, "removed": True} == barred
        assert 4 == len(counter.store.forgotten())
        assert counter.store.join_request("left@example.org") is None
        assert [] == list((settings.data_dir / "outbox").iterdir())


def test_whom_a_register_lost_leaves_nothing(settings: Settings) -> None:
    """Nobody wished it: the register may have them back, however late."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        join(counter, "a")
        subscriber = counter.store.subscriber("a@example.org")
        assert subscriber
        why = "2026-03-09 missing in staff"
        counter.store.set_subscriber(subscriber.id, SubscriberState.UNSUBSCRIBED, why, MORNING)
    with counter_of(settings, MORNING + KEEP + timedelta(hours=1)) as counter:
        departing.depart(counter)
        assert {"filed"} == emails(counter)
        assert not counter.store.forgotten()


def test_departing_is_done_once_a_day(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what one call leaves goes with the next."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        join(counter, "a", "b", "c")
        for name in "abc":
            end(counter, name, "by reply")
    monkeypatch.setattr(departing, "_MOST", 1)
    monkeypatch.setattr("newsletter.store.readers.CHUNK", 2)
    with counter_of(settings, MORNING + KEEP + timedelta(hours=1)) as counter:
        left = []
        for _ in range(3):
            departing.depart(counter)
            left.append(len(emails(counter)))
        assert [2, 1, 1] == left
        asked = []
        monkeypatch.setattr(type(counter.store), "departed", lambda *_: asked.append(1))
        departing.depart(counter)
        assert [] == asked


def test_nothing_of_them_is_left(settings: Settings) -> None:
    """Requests, their links and their consent go too, whatever the case of the address; those of others stay."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        join(counter, "ada", "da")
        for number, name in enumerate(("Ada", "da")):
            payload = {"email": f"{name}@Example.org", "written": f"{name}@example.org"}
            counter.store.issue_ticket(f"hash{number}", "join", payload, MORNING + KEEP)
        ada = counter.store.subscriber("ada@example.org")
        assert ada
        forgetting.forget(counter, ada)
        assert counter.store.join_request("ada@example.org") is None
        assert counter.store.join_request("da@example.org")
        assert counter.store.ticket("hash0", "join", MORNING) is None
        assert counter.store.ticket("hash1", "join", MORNING)
    left = b"".join(file.read_bytes() for file in settings.data_dir.rglob("*") if file.is_file())
    assert b"ada@example.org" not in left.lower()


def test_who_only_asked_can_be_forgotten(settings: Settings, newsletter: Run) -> None:
    """Their request is all that there is."""
    with counter_of(settings) as counter:
        request = JoinRequest(
            email="asks@example.org",
            written="Asks@example.org",
            language="en",
            source=Source.PAGE,
            consent="",
            asked=MORNING,
        )
        counter.store.ask_to_join(request)
    ended = newsletter("subscribers", "forget", "ASKS@example.org")
    assert (0, "ASKS@example.org was no reader; the request to join is erased.\n") == (ended.returncode, ended.stdout)
    assert 1 == newsletter("subscribers", "forget", "asks@example.org").returncode


def test_a_complaint_outlives_forgetting(settings: Settings) -> None:
    """Erasing somebody's data does not open the door that their complaint has shut."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        join(counter, "a")
        end(counter, "a", "complaint")
        known = counter.store.subscriber("a@example.org")
        assert known
        forgetting.forget(counter, known)
        assert counter.store.is_barred(forgetting.fingerprints(counter.keys, "a@example.org"))


# --- copies of the ledger ---


@pytest.mark.on_file
def test_copies_from_before_an_upgrade(settings: Settings) -> None:
    """Those in which they stand are made anew without them; the others are not touched."""
    backups = settings.data_dir / "backups"
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        other = backups / "newsletter-20260301T000000-before-0011.db"
        _copy(settings, other)
        join(counter, "ada", "da")
        counter.store.remember("some text", "it says ada@example.org")
        copy = backups / "newsletter-20260302T000000-before-0012.db"
        _copy(settings, copy)
        untouched = other.read_bytes()
        ada = counter.store.subscriber("ada@example.org")
        assert ada
        forgetting.forget(counter, ada)
        found = forgetting.forget_elsewhere(counter, ada)
    assert (1, 0, ()) == (found.copies_anew, found.copies_removed, found.problems)
    assert untouched == other.read_bytes()
    assert b"ada@example.org" not in copy.read_bytes().lower()
    assert 0o600 == copy.stat().st_mode & 0o777
    store = open_store(f"sqlite:///{copy}")
    assert {"filed@example.org", "da@example.org"} == {one.email for one in store.subscribers()}
    store.close()
    assert [] == list(backups.glob("*.part"))


def test_a_copy_in_which_they_still_stand_is_removed(settings: Settings, tmp_path: Path) -> None:
    """A table that we do not know, or a damaged file."""
    with counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
    one, other = (tmp_path / f"newsletter-2026030{n}T000000-before-0012.db" for n in (1, 2))
    _copy(settings, one)
    with closing(sqlite3.connect(one)) as connection:
        connection.execute("CREATE TABLE strange (words TEXT)")
        connection.execute("INSERT INTO strange VALUES ('written by filed@example.org.')")
        connection.commit()
    other.write_bytes(b"SQLite format 3\x00" + b"filed@example.org" * 9)
    assert (0, 2) == forget_in_copies(tmp_path, "filed@example.org")
    assert [] == list(tmp_path.glob("newsletter-*"))


def _copy(settings: Settings, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    with (
        closing(sqlite3.connect(settings.data_dir / "newsletter.db")) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        there.backup(here)


# --- handled emails ---


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"From: Ada <ADA@example.org>\r\n\r\nhello", True),
        (b"From: da <ada@example.org>\r\n\r\nhello", True),
        (b"From: <xada@example.org>\r\n\r\nhello", False),
        (b"From: <ada@example.org.evil>\r\n\r\nhello", True),
        (b"From: x@y\r\nContent-Transfer-Encoding: base64\r\n\r\nbm8gYWRhQGV4YW1wbGUub3JnIGhlcmU=\r\n", True),
        (b"From: x@y\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<a=\r\nda@example.org>", True),
        (b"\xff\x00nothing", False),
    ],
)
def test_where_an_address_stands(raw: bytes, said: bool) -> None:
    assert said == names(raw, ["ada@example.org"])


@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
@pytest.mark.parametrize("capability", ["", "IMAP4rev1 LITERAL+"])
def test_handled_emails_go_too(settings: Settings, newsletter: Run, capability: str) -> None:
    """In Newsletter/Done alone: those with the address or one of their tokens; what others marked is not expunged."""
    with dovecot(capability) as server, counter_of(settings) as counter:
        in_force.take_in(counter, in_force.look(counter))
        join(counter, "ada", "da")
        ada = counter.store.subscriber("ada@example.org")
        assert ada
        token = make(counter.keys, Purpose.REPLY, ada.id)
        given = {
            "reply": b"From: ada@example.org\r\n",
            "other": b"From: ada@home.example\r\nTo: news+" + token.encode() + b"@example.org\r\n",
            "da": b"From: da@example.org\r\n",
            "inbox": b"From: ada@example.org\r\n",
        }
        mails = {name: head + f"Message-ID: <{name}>\r\n\r\nBye.\r\n".encode() for name, head in given.items()}
        with server.session() as client:
            client.create("Newsletter.Done")
            for name, raw in mails.items():
                client.append("INBOX" if name == "inbox" else "Newsletter.Done", None, None, raw)  # type: ignore[arg-type]

        @contextmanager
        def open_mailbox() -> Iterator[Mailbox]:
            box = Imap(server.url, PASSWORD, timeout=10)
            try:
                yield box
            finally:
                box.close()

        forgetting.forget(counter, ada)
        found = forgetting.forget_elsewhere(replace(counter, open_mailbox=open_mailbox), ada)
        assert (2, ()) == (found.emails, found.problems)
        assert {b"<da>"} == set(server.mails("Newsletter.Done"))
        assert {b"<inbox>"} == set(server.mails())
        down = replace(counter, open_mailbox=lambda: open_at("imap://news@127.0.0.1:9/INBOX"))
        assert "handled emails in the mailbox" in forgetting.forget_elsewhere(down, ada).problems[0]


@contextmanager
def open_at(url: str) -> Iterator[Mailbox]:
    yield Imap(url, PASSWORD, timeout=2)


def test_forget_says_what_it_cannot_reach(settings: Settings, newsletter: Run) -> None:
    """Backups by name, and the records of others."""
    (settings.data_dir / "backups" / "2026-03-01T000000Z").mkdir(parents=True)
    ended = newsletter("subscribers", "forget", "filed@example.org")
    assert 0 == ended.returncode, ended.stderr
    assert "Not reached from here: backups (var/backups/2026-03-01T000000Z), lists and logs of your" in ended.stdout
