"""Mornings upon mornings: old data goes, the ledger stops growing, and nobody gets an old issue again."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import structlog
from sqlalchemy import func, select

from newsletter.delivery import due_issues
from newsletter.models import (
    Claim,
    Delivery,
    DeliveryState,
    Enrolled,
    Issue,
    IssueState,
    Reader,
    Rendered,
    Slotted,
    SubscriberState,
    Usage,
    Wishes,
)
from newsletter.pipeline import clear_old
from newsletter.readers.enrolling import enrol
from newsletter.store import Store, open_store
from newsletter.store.tables import delivery, edition, inbound, model_call, received

_KEYS = {0: b"0123456789abcdef0123456789abcdef"}
_TABLES = (delivery, received, edition, model_call, inbound)
_FIRST = datetime(2026, 3, 2, 6, tzinfo=UTC)
_SLACK = timedelta(days=7)  # a week has five mornings: the number of rows goes up and down by one of them
_CALL = Usage(1000, 50, 0.001)


@dataclass(frozen=True)
class Years:
    """So many working days of one newsletter."""

    store: Store
    days: Sequence[date]
    readers: int
    keep: timedelta

    def problems(self) -> Iterator[str]:
        """What does not hold."""
        enrol(self.store, _KEYS, map(_reader, range(self.readers)), _FIRST - timedelta(days=1))
        sleeper = self.store.subscriber("reader0@example.org")
        assert sleeper
        counts = {}
        for number, day in enumerate(self.days):
            if number == 5:
                self.store.set_subscriber(sleeper.id, SubscriberState.UNSUBSCRIBED, "by reply", _at(day))
            self.morning(day)
            counts[day] = self.rows()
        yield from self._growth(counts)
        yield from self._sent_again()
        self.store.set_subscriber(sleeper.id, SubscriberState.ACTIVE, "by reply", _at(self.days[-1]))
        yield from self._late_return(sleeper.id)
        spent = self.store.figures().usage["openai/small"]
        if spent[:2] != (len(self.days), 1000 * len(self.days)):
            yield f"the calls of {len(self.days)} issues became {spent}"

    def morning(self, day: date) -> None:
        """An issue, its emails planned and accepted, two events of each, and what is old cleared."""
        store, now = self.store, _at(day)
        store.save_issue(Issue(date=day, state=IssueState.READY))
        store.save_scores(day, "topic", "prompt", "openai/small", {}, _CALL)
        self.plan([one for page in self._lacking(day) for one in page], day)
        claimed = store.turn([], Claim(owner="soak", limit=1 << 20, now=now))
        accepted = [replace(one, state=DeliveryState.ACCEPTED, owner=None) for one in claimed]
        store.turn(accepted, Claim(owner="soak", limit=0, now=now))
        store.record("sendgrid", {f"{one.id} {kind}": kind for one in claimed for kind in ("sent", "delivered")}, now)
        clear_old(store, now, self.keep)

    def plan(self, readers: Sequence[Enrolled], day: date) -> int:
        """Their emails of this issue; how many were new."""
        content = Slotted(b"x" * 2000)
        self.store.save_edition(Rendered(key=str(day), subject="s", html=content, text=content, body=content))
        return self.store.plan([_mail(one, day) for one in readers])

    def rows(self) -> Mapping[str, int]:
        """How many each table has."""
        with self.store._engine.connect() as connection:
            return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in _TABLES}

    def _lacking(self, day: date) -> Iterator[Sequence[Enrolled]]:
        for group in self.store.hours():
            yield from self.store.pages(group, lacking=day)

    def _growth(self, counts: Mapping[date, Mapping[str, int]]) -> Iterator[str]:
        """From when the first rows could go, none of the tables may get longer than it was within that week."""
        start = self.days[0] + self.keep
        first = [rows for day, rows in counts.items() if start <= day < start + _SLACK]
        later = [rows for day, rows in counts.items() if day >= start + _SLACK]
        for table in _TABLES:
            most, now = max(rows[table.name] for rows in first), max(rows[table.name] for rows in later)
            if now > most:
                yield f"{table.name} grows from {most} to {now} rows"

    def _sent_again(self) -> Iterator[str]:
        """Every reader was sent every issue: none of them lacks one, however old."""
        for day in self.days[:: max(1, len(self.days) // 20)]:
            if lacking := [one.email for page in self._lacking(day) for one in page]:
                yield f"{len(lacking)} readers would get issue {day} again"
        everybody = [one for group in self.store.hours() for page in self.store.pages(group) for one in page]
        if planned := self.plan(everybody, self.days[0]):
            yield f"{planned} emails of issue {self.days[0]} were planned again"

    def _late_return(self, who: int) -> Iterator[str]:
        """Who comes back after all that time gets the newest issues and no old one."""
        oldest, ready = self.days[-60:][0], self.days[-60:]
        pages = [self.store.pages(group, oldest=oldest) for group in self.store.hours()]
        (back,) = [one for page in pages for some in page for one in some if one.id == who]
        if due_issues(ready, (back.last,) if back.last else ()) != (self.days[-1],):
            yield f"who comes back would get more than the newest issue: their last is {back.last}"


def _at(day: date) -> datetime:
    return datetime.combine(day, time(6), UTC)


def _reader(number: int) -> Reader:
    return Reader(
        email=f"reader{number}@example.org",
        name=None,
        wishes=Wishes(topics=("foundations",), languages=("en",)),
        send_at=time(6),
        wait_until=time(12),
        timezone="UTC",
        days=frozenset(range(1, 8)),
    )


def _mail(reader: Enrolled, day: date) -> Delivery:
    return Delivery(
        id=0,
        subscriber_id=reader.id,
        email=reader.email,
        name=None,
        edition=str(day),
        issues=(day,),
        state=DeliveryState.QUEUED,
        message_id=f"<{day}.{reader.id}@example.org>",
        date=_at(day),
    )


def _working_days(number: int) -> Iterator[date]:
    day = _FIRST.date()
    while number:
        if day.isoweekday() <= 5:
            yield day
            number -= 1
        day += timedelta(days=1)


def run(folder: Path, mornings: int, readers: int, keep: timedelta) -> tuple[Mapping[str, int], list[str]]:
    """The rows in the end, and every problem."""
    with closing(open_store(f"sqlite:///{folder}/ledger.db")) as store:
        years = Years(store, list(_working_days(mornings)), readers, keep)
        problems = list(years.problems())
        return years.rows(), problems


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m soak.retention", description=__doc__)
    options.add_argument("--mornings", type=int, default=400)
    options.add_argument("--readers", type=int, default=1000)
    options.add_argument("--keep", type=int, default=200, help="days")
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        rows, problems = run(Path(folder), given.mornings, given.readers, timedelta(days=given.keep))
    print(f"{given.mornings} mornings of {given.readers} readers, {given.keep} days kept: {rows}")
    for problem in problems:
        print(f"  problem: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
