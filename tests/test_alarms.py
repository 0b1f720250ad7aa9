"""Telling one person: once when a trouble begins, once when it is over, and never lost with a dead transport."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from newsletter.alarms import Alarms
from newsletter.delivery import send_now
from newsletter.demo.faults import Fault
from newsletter.errors import TransportRefused
from newsletter.models import Answer, Outcome, Outgoing, Verdict
from newsletter.pipeline import prepare_days
from newsletter.scheduler import weekly
from newsletter.store import Store
from newsletter.transports.outbox import Outbox
from tests.factories import DAY, a_letterhead
from tests.ledger import an_issue
from tests.morning import MORNING, desk_of, practice

ADMIN = "Olga <olga@example.org>"


@dataclass
class Clock:
    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Dying(Outbox):
    """An outbox that is dead while `dead`, and remembers the subjects it carried."""

    folder: Path
    dead: bool = False
    subjects: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.folder)

    def exchange(self, mails: Iterable[Outgoing], wait: float) -> Sequence[Answer]:
        taken = list(mails)
        self.trouble = TransportRefused("outbox", "dead") if self.dead else None
        if not self.dead:
            self.subjects += [dict(mail.message.headers)["Subject"] for mail in taken]
        return super().exchange(taken, wait)

    def post(self, mail: Outgoing) -> Outcome:
        return send_now(self, mail)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(tmp_path: Path) -> Dying:
    return Dying(tmp_path)


@pytest.fixture
def alarms(store: Store, clock: Clock, outbox: Dying) -> Alarms:
    return Alarms(store=store, post=outbox.post, letterhead=a_letterhead(), admin=ADMIN, now=clock)


BEGUN = "[Morning arXiv] Problem: arXiv is down"
OVER = "[Morning arXiv] Resolved: arXiv is down"


def test_one_mail_each(alarms: Alarms, clock: Clock, outbox: Dying) -> None:
    """A trouble that is said every minute for two hours is told once, and its end once."""
    for _ in range(120):
        alarms.trouble("arxiv", "arXiv is down", "wait")
        clock.pass_by(minutes=1)
    assert outbox.subjects == [BEGUN]
    for _ in range(30):
        alarms.over("arxiv")
        alarms.settle()
        clock.pass_by(minutes=1)
    assert outbox.subjects == [BEGUN, OVER]


def test_what_comes_and_goes_is_one_trouble(alarms: Alarms, clock: Clock, outbox: Dying) -> None:
    """Good and bad minutes in turn are told as one trouble, whose end is told when it has stayed away."""
    for _ in range(20):
        alarms.trouble("arxiv", "arXiv is down", "wait")
        clock.pass_by(minutes=1)
        alarms.over("arxiv")
        clock.pass_by(minutes=1)
    assert outbox.subjects == [BEGUN]
    clock.pass_by(minutes=10)
    alarms.settle()
    assert outbox.subjects == [BEGUN, OVER]


def test_one_line_a_week(alarms: Alarms, store: Store, clock: Clock, outbox: Dying) -> None:
    """What the week before collected, sent and cost; once, on Monday, or when the transport is back."""
    store.save_issue(an_issue(DAY, collected=1402, picked=61))
    for _ in range(6):  # from the Monday of `DAY` on: there is nothing to tell of the time before
        weekly.tell(store, alarms)
        clock.pass_by(days=1)
    assert [] == outbox.subjects
    clock.pass_by(days=1)
    outbox.dead = True
    weekly.tell(store, alarms)
    outbox.dead = False
    for _ in range(30):
        clock.pass_by(minutes=1)
        weekly.tell(store, alarms)
    assert outbox.subjects == ["[Morning arXiv] Week from 2026-03-09: 1 issue: 1,402 papers collected, 61 picked."]
    (file,) = outbox.folder.glob("*.eml")
    body = message_from_bytes(file.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    assert "0 emails sent, 0 rejected permanently." in body.get_content()
    assert "0 input + 0 output tokens, $0.0000" in body.get_content()


def test_a_dead_transport_tells_later(alarms: Alarms, store: Store, clock: Clock, outbox: Dying) -> None:
    """What could not be told is told when the transport is back, also after a restart, and tried every ten minutes."""
    outbox.dead = True
    alarms.trouble("arxiv", "arXiv is down", "wait")
    outbox.dead = False
    restarted = Alarms(store=store, post=outbox.post, letterhead=a_letterhead(), admin=ADMIN, now=clock)
    clock.pass_by(minutes=9)
    restarted.settle()
    assert outbox.subjects == []
    clock.pass_by(minutes=1)
    restarted.settle()
    restarted.settle()
    assert outbox.subjects == [BEGUN]


def test_who_has_a_refused_address_is_not_asked_for_ever(
    alarms: Alarms, clock: Clock, outbox: Dying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator's address that is refused for good ends the telling; the log has it all."""
    asked = []

    def refuse(mails: Sequence[Outgoing], wait: float) -> Sequence[Answer]:
        asked.append(mails)
        return [Answer(mail.key, Outcome(Verdict.PERMANENT, "550 nobody here")) for mail in mails]

    monkeypatch.setattr(outbox, "exchange", refuse)
    for _ in range(60):
        alarms.trouble("arxiv", "arXiv is down", "wait")
        clock.pass_by(minutes=5)
    assert len(asked) == 1


def test_nobody_to_tell(store: Store, clock: Clock, outbox: Dying) -> None:
    """Without an address the log is all there is, and nothing is kept for ever."""
    alarms = Alarms(store=store, post=outbox.post, letterhead=a_letterhead(), admin=None, now=clock)
    alarms.trouble("arxiv", "arXiv is down", "wait")
    clock.pass_by(hours=2)
    alarms.over("arxiv")
    assert (outbox.subjects, store.troubles()) == ([], [])


def test_the_mail(alarms: Alarms, tmp_path: Path) -> None:
    """It says what is wrong, what to do and since when; a line break in an error cannot make a header."""
    alarms.trouble("arxiv", "down\r\nBcc: x@example.net", "wait <b>")
    (file,) = tmp_path.glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Bcc"], mail["Auto-Submitted"]) == ("olga@example.org", None, "auto-generated")
    assert mail["Subject"] == "[Morning arXiv] Problem: down Bcc: x@example.net"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert [line for line in text.splitlines() if line][:2] == ["down Bcc: x@example.net", "What to do: wait <b>"]
    assert "2026-03-09 06:00 UTC" in text
    assert "wait &lt;b&gt;" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


def subjects(folder: Path) -> list[str]:
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in folder.glob("*olga*.eml")]
    return [str(mail["Subject"]) for mail in mails]


def test_an_expired_key_is_told_the_same_minute(tmp_path: Path) -> None:
    """The first refusal of the key sends the mail, before the issue is done; the morning goes on without."""
    with practice(tmp_path) as (servers, settings):
        servers.model.faults.extend([Fault(kind="status", status=401)] * 9)
        settings = settings.model_copy(update={"admin_email": ADMIN})
        with desk_of(settings) as desk:
            prepare_days(desk, DAY, hold=True)
            (refused,) = desk.store.troubles()
    assert (refused.key, refused.told) == (f"model {settings.model}", MORNING)
    assert subjects(settings.data_dir / "outbox") == [f"[Morning arXiv] Problem: model {settings.model}: HTTP 401"]
