"""Who holds what, for how long, and what becomes of it: on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter.delivery import drain
from newsletter.delivery.lease import Lease
from newsletter.delivery.tally import SharedPace, Tally
from newsletter.models import REPEATED, Answer, Beat, Claim, Delivery, DeliveryState, Outcome, Outgoing, Verdict
from newsletter.store import Store, open_store
from newsletter.store.tables import slot, worker
from tests.ledger import NOW, a_delivery, a_rendered


def a_beat(owner: str, seconds: float = 20.0) -> Beat:
    return Beat(owner=owner, host="here", version="1", role="send", seconds=seconds)


def ended(store: Store, owner: str) -> None:
    """Its row is over, as if it had not been renewed in time."""
    with store._transaction() as connection:
        past = datetime.now(UTC) - timedelta(hours=1)
        connection.execute(update(worker).where(worker.c.owner == owner).values(until=past))


def planned(store: Store, *names: str) -> None:
    people = store.enrol([f"{name}@example.org" for name in names], NOW)
    store.save_edition(a_rendered())
    store.plan([a_delivery(one.id, one.email) for one in people.values()])


def claimed(store: Store, owner: str, limit: int = 9) -> list[Delivery]:
    return list(store.turn([], Claim(owner=owner, limit=limit, now=NOW)))


def test_only_what_nobody_sends_is_sent_again(store: Store) -> None:
    """A process that lives keeps what it has claimed, whoever else looks; of one that ended all comes back, named."""
    planned(store, "ada", "bob", "cid")
    store.beat(a_beat("one"))
    store.beat(a_beat("two"))
    (first,) = claimed(store, "one", 1)
    (second,) = claimed(store, "two", 1)
    assert store.recover("three") == 0
    ended(store, "one")
    assert store.recover("three") == 1
    again = {mail.id: mail for mail in store.deliveries()}
    assert (again[first.id].state, again[first.id].error) == (DeliveryState.QUEUED, REPEATED)
    assert again[second.id].state is DeliveryState.SENDING


def test_what_a_process_left_itself(store: Store) -> None:
    """A round that an error ended leaves emails that its own next round takes back."""
    planned(store, "ada")
    store.beat(a_beat("me"))
    claimed(store, "me")
    assert (store.recover("other"), store.recover("me")) == (0, 1)


def test_an_outcome_that_comes_too_late_changes_nothing(store: Store) -> None:
    """Who woke up after its lease cannot record over the process that has taken over."""
    planned(store, "ada")
    store.beat(a_beat("old"))
    (mine,) = claimed(store, "old")
    ended(store, "old")
    store.recover("new")
    store.beat(a_beat("new"))
    (theirs,) = claimed(store, "new")
    store.turn([replace(mine, state=DeliveryState.FAILED, owner=None)], Claim(owner="old", limit=0, now=NOW))
    assert store.deliveries() == [theirs]


def test_what_one_alone_does(store: Store) -> None:
    """A lease by name: its holder goes on, others wait until it ends, or gives it back."""
    for name in ("one", "two"):
        store.beat(a_beat(name))
    assert store.take_lease("tick", "one")
    assert store.take_lease("tick", "one")
    assert not store.take_lease("tick", "two")
    assert store.holder("tick") == "one"
    ended(store, "one")
    assert store.holder("tick") is None
    assert store.take_lease("tick", "two")
    assert not store.take_lease("tick", "one")
    store.resign("two")
    assert not store.take_lease("tick", "one"), "it does not live"
    store.beat(a_beat("one"))
    assert store.take_lease("tick", "one")
    assert [one.owner for one in store.workers()] == ["one"]


def test_who_is_alone_ends_all(store: Store) -> None:
    """The holder of a file's lock does not wait for the leases of processes that are gone."""
    planned(store, "ada")
    store.beat(a_beat("gone", seconds=1e6))
    claimed(store, "gone")
    assert store.recover("me") == 0
    store.end_all()
    assert store.recover("me") == 1


def test_moments_are_handed_out_once(store: Store) -> None:
    """Whoever asks gets the next free moment, however many ask at once; a clock that was ahead is not waited for."""
    first, second, third = (store.next_moment("arxiv", 3.0) for _ in range(3))
    assert first == pytest.approx(0.0, abs=2.0)
    assert 2.0 < second - first <= 3.1
    assert 2.0 < third - second <= 3.1
    with store._transaction() as connection:
        connection.execute(update(slot).values(at=datetime.now(UTC) + timedelta(days=1)))
    assert store.next_moment("arxiv", 3.0) == 0.0


def test_tokens_are_shared(store: Store) -> None:
    """Two processes together take no more than the rate and what was saved up."""
    taken = [store.take_tokens("send", 0.001, 10.0, 4) for _ in range(5)]
    assert taken == [4, 4, 2, 0, 0]
    paces = [SharedPace(store, 0.06) for _ in range(2)]
    assert sum(pace.allowed() for pace in paces) == 0
    with store._transaction() as connection:
        connection.execute(update(slot).values(at=datetime.now(UTC) - timedelta(seconds=2000)))
    allowed = [pace.allowed() for pace in paces]
    assert sorted(allowed) == [0, 1]


# --- the fence ------------------------------------------------------------------


@dataclass
class Transport:
    """Sends nothing until it is told to, and says of each email whether it might have begun."""

    during: Callable[[], None] = lambda: None
    name: str = "held"
    trouble: None = None
    room: int = 2
    begun: list[bool] = field(default_factory=list)
    held: list[Outgoing] = field(default_factory=list)

    def exchange(self, mails: list[Outgoing], _wait: float) -> list[Answer]:
        self.held += mails
        self.during()
        answers = []
        for mail in self.held:
            self.begun.append(mail.may_begin())
            verdict = Verdict.ACCEPTED if self.begun[-1] else Verdict.UNTRIED
            answers.append(Answer(mail.key, Outcome(verdict)))
        self.held = []
        return answers

    def close(self) -> None: ...


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def a_round(store: Store, transport: Transport, lease: Lease) -> Tally:
    def build(_: Delivery) -> object:
        return object()

    return drain(store, transport, build, owner=lease.owner, now=lambda: NOW, lease=lease)  # type: ignore[arg-type]


def test_nothing_begins_after_the_fence(store: Store) -> None:
    """A process that was stopped between the claim and the body sends nothing, also after its lease is renewed."""
    planned(store, "ada", "bob")
    clock = Clock()
    lease = Lease(store, a_beat("me"), clock)

    def sleep() -> None:
        if clock.seconds == 0.0:
            clock.seconds = 15.1
            lease.renew()  # as its thread does when the process wakes

    transport = Transport(during=sleep)
    with lease.kept():
        assert a_round(store, transport, lease) == Tally(accepted=2, waiting=2)
    assert transport.begun == [False, False, True, True]
    assert [mail.state for mail in store.deliveries()] == [DeliveryState.ACCEPTED] * 2


def test_a_round_takes_its_lease_with_its_first_claim(store: Store) -> None:
    """Nothing is written while there is nothing to send; while there is, others see who sends."""
    lease = Lease(store, a_beat("me"))
    assert a_round(store, Transport(), lease) == Tally()
    assert store.workers() == []
    planned(store, "ada")
    seen: list[int] = []
    transport = Transport(during=lambda: seen.append(store.recover("other")))
    assert a_round(store, transport, lease) == Tally(accepted=1)
    assert seen[0] == 0
    assert [one.owner for one in store.workers()] == ["me"]
    assert not [one.name for one in threading.enumerate() if one.name == "lease"]


def test_a_process_keeps_its_lease_between_rounds(tmp_path: Path) -> None:
    """A worker lives on when there is nothing to send, and gives all back when it ends."""
    store = open_store(f"sqlite:///{tmp_path / 'ledger.db'}")  # in memory, threads would have one each
    planned(store, "ada")
    lease = Lease(store, a_beat("me", seconds=0.2))
    with lease.kept():
        assert a_round(store, Transport(), lease) == Tally(accepted=1)
        first = store.workers()[0].beat
        deadline = time.monotonic() + 30
        while not ((one := store.workers()[0]).beat > first and one.sent == 1) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (one.sent, one.beat > first) == (1, True)
    assert store.workers() == []
    store.close()
