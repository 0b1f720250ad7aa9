"""One slot of a worker, round after round: what it remembers, and what an error leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newsletter.delivery import holding
from newsletter.errors import StoreUnavailable
from newsletter.jobs import Workers
from newsletter.models import Answer, DeliveryState, Outcome, Outgoing, Verdict
from newsletter.pipeline import Sender
from newsletter.store import Store, open_store
from tests.counters import a_counter
from tests.factories import KEYS, a_letterhead
from tests.ledger import NOW, a_delivery, a_rendered


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """In a file: a round pauses domains while it sends, which one connection for all could not."""
    opened = open_store(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


@dataclass
class Transport:
    """Answers as it is told."""

    verdict: Verdict = Verdict.ACCEPTED
    name: str = "told"
    trouble: None = None
    room: int = 4
    sent: list[str] = field(default_factory=list)
    closed: int = 0

    def exchange(self, mails: Iterable[Outgoing], _wait: float) -> Sequence[Answer]:
        taken = list(mails)
        self.sent += (mail.message.recipient for mail in taken)
        of_reader = self.verdict is Verdict.PERMANENT
        return [Answer(mail.key, Outcome(self.verdict, "550 5.1.1 unknown", of_reader=of_reader)) for mail in taken]

    def close(self) -> None:
        self.closed += 1


@dataclass
class Slot:
    """A worker with one slot, and its clock."""

    store: Store
    file: Path
    transport: Transport = field(default_factory=Transport)
    now: datetime = NOW

    def __post_init__(self) -> None:
        sender = Sender(
            store=self.store,
            transport=self.transport,
            letterhead=a_letterhead(),
            keys=KEYS,
            now=lambda: self.now,
        )
        self.workers = Workers(a_counter(self.store, self.file), "", [sender], threading.Event(), 1.0)

    def plan(self, name: str, count: int) -> None:
        self.store.save_edition(a_rendered())
        people = self.store.enrol([f"{name}{number}@{name}.example" for number in range(count)], NOW)
        self.store.plan([a_delivery(one.id, one.email) for one in people.values()])

    def round(self) -> None:
        self.workers._round(0)


def test_a_morning_that_was_held_does_not_hold_the_next(store: Store, tmp_path: Path) -> None:
    """Too many refusals end the round and hold the rest; when that time is over, the worker sends again."""
    slot = Slot(store, tmp_path / "subscribers.yaml", Transport(Verdict.PERMANENT))
    slot.plan("ada", 30)
    slot.round()
    hold = holding.read(store)
    assert hold is not None
    assert len(slot.transport.sent) < 30
    slot.transport.verdict, slot.now = Verdict.ACCEPTED, hold.until + timedelta(days=2)
    slot.plan("bob", 5)
    slot.round()
    slot.round()
    assert {"bob0@bob.example", "bob4@bob.example"} <= set(slot.transport.sent)
    assert holding.read(store) is None


def test_refusals_are_counted_over_the_rounds_of_a_morning(store: Store, tmp_path: Path) -> None:
    """A round lasts a minute at most, but a fault of ours shows over the first two hundred emails."""
    slot = Slot(store, tmp_path / "subscribers.yaml", Transport(Verdict.PERMANENT))
    held = []
    for number in range(2):
        slot.plan(f"part{number}", 8)
        slot.round()
        held.append(hold.reason if (hold := holding.read(store)) else None)
    assert held == [None, "11 of the first 11 emails were rejected permanently"]


def test_a_round_that_an_error_ends(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that it had handed over leaves later: the connections end, and its emails are free for everybody."""
    slot = Slot(store, tmp_path / "subscribers.yaml")
    slot.plan("ada", 2)
    turn, turns = store.turn, []

    def failing(*given: object) -> object:
        turns.append(given)
        if len(turns) == 2:
            raise StoreUnavailable("the disk is full")
        return turn(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "turn", failing)
    slot.round()
    assert slot.transport.closed == 1
    assert {mail.state for mail in store.deliveries()} == {DeliveryState.QUEUED}
    slot.round()
    assert {mail.state for mail in store.deliveries()} == {DeliveryState.ACCEPTED}
