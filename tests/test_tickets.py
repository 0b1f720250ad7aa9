"""One-time links: what they prove, for how long, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.readers import Counter, tickets
from newsletter.readers.tickets import Kind
from newsletter.store import open_store
from newsletter.store.tables import ticket
from tests.counters import MORNING, a_counter
from tests.factories import KEYS

HOUR, OTHER = Kind("an hour", timedelta(hours=1)), Kind("another", timedelta(hours=1))


@dataclass
class Moving:
    """A counter whose clock tests move."""

    counter: Counter
    now: list[datetime] = field(default_factory=lambda: [MORNING])


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Moving]:
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    found = Moving(a_counter(store, tmp_path / "subscribers.yaml"))
    found.counter = replace(found.counter, now=lambda: found.now[0])
    yield found
    store.close()


def test_a_link_works_for_its_purpose_its_time_and_once(moving: Moving) -> None:
    counter = moving.counter
    secret = tickets.issue(counter, HOUR, {"subscriber": "7"})
    assert {"subscriber": "7"} == tickets.find(counter, HOUR, secret)
    assert tickets.find(counter, OTHER, secret) is None
    assert tickets.find(counter, HOUR, "0" * 40) is None
    assert tickets.find_used(counter, HOUR, secret) is None
    assert {"subscriber": "7"} == tickets.use(counter, HOUR, secret)
    assert tickets.use(counter, HOUR, secret) is tickets.find(counter, HOUR, secret) is None
    assert {"subscriber": "7"} == tickets.find_used(counter, HOUR, secret)
    late = tickets.issue(counter, HOUR, {})
    moving.now[0] += timedelta(hours=1)
    assert tickets.find(counter, HOUR, late) is tickets.use(counter, HOUR, late) is None
    assert tickets.find_used(counter, HOUR, secret) is None


def test_the_ledger_does_not_know_the_secret(moving: Moving) -> None:
    counter = moving.counter
    secret = tickets.issue(counter, HOUR, {"subscriber": "7"})
    with counter.store._reading() as connection:
        (row,) = connection.execute(select(ticket)).all()
    assert secret not in repr(row)
    assert secret != tickets.issue(counter, HOUR, {"subscriber": "7"})


def test_a_new_key_ends_no_link(moving: Moving) -> None:
    secret = tickets.issue(moving.counter, HOUR, {})
    rotated = replace(moving.counter, read_keys=lambda: {**KEYS, 1: b"k" * 32})
    assert {} == tickets.find(rotated, HOUR, secret)
    assert tickets.find(replace(rotated, read_keys=lambda: {1: b"k" * 32}), HOUR, secret) is None
    assert {} == tickets.use(rotated, HOUR, secret)


def test_of_many_who_press_at_once_one_is_told(moving: Moving) -> None:
    secret = tickets.issue(moving.counter, HOUR, {"subscriber": "7"})
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: tickets.use(moving.counter, HOUR, secret), range(8)))
    assert [{"subscriber": "7"}] == [one for one in told if one is not None]


def test_at_most_so_many_a_day(moving: Moving) -> None:
    def three(of: str) -> list[bool]:
        return [tickets.claim(moving.counter, "emails", of, most=3) for _ in range(5)]

    assert [True] * 3 + [False] * 2 == three("ada")
    assert three("bob")[0]
    moving.now[0] += timedelta(days=1)
    assert [True] * 3 + [False] * 2 == three("ada")


def test_unused_links_are_not_kept(moving: Moving) -> None:
    """What nobody used names people who wanted nothing: it goes when it has expired, and so does what was used."""
    used, unused = (tickets.issue(moving.counter, HOUR, {"new": "eve@example.net"}) for _ in range(2))
    tickets.use(moving.counter, HOUR, used)
    moving.now[0] += timedelta(minutes=30)
    open_link = tickets.issue(moving.counter, HOUR, {})
    moving.now[0] += timedelta(minutes=31)
    for _ in moving.counter.store.clear(moving.now[0], timedelta(days=400)):
        pass
    with moving.counter.store._reading() as connection:
        assert 1 == len(connection.execute(select(ticket)).all())
    assert tickets.find(moving.counter, HOUR, unused) is None
    assert {} == tickets.find(moving.counter, HOUR, open_link)
