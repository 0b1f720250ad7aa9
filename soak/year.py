"""A year of mornings with everything that goes wrong in one: every paper once, every outage told once."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from newsletter import app
from newsletter.demo.faults import Fault
from newsletter.times import calendar
from newsletter.times.waiting import LATE
from soak.clockwork import CATEGORIES, Clockwork, Person, clockwork

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_BEGIN = date(2026, 1, 5)
_SILENT = 0.7  # of the holidays that nobody has listed
PEOPLE = (
    Person(email="london@example.org", zone="Europe/London", send_at="06:30"),
    Person(email="shanghai@example.org", zone="Asia/Shanghai", send_at="09:30"),
    Person(email="newyork@example.org", zone="America/New_York", send_at="23:30"),
    Person(email="kolkata@example.org", zone="Asia/Kolkata", send_at="07:00"),
    Person(email="lordhowe@example.org", zone="Australia/Lord_Howe", send_at="12:00"),
    Person(email="twice@example.org", zone="Europe/Berlin", send_at="08:00", days="[mon, thu]"),
    Person(email="work@example.org", zone="America/Los_Angeles", send_at="05:00", days="[mon, tue, wed, thu, fri]"),
)


@dataclass
class Weather:
    """What goes wrong when; drawn once, so that a run can be repeated."""

    start: datetime
    days: int
    seed: int
    late: dict[date, timedelta] = field(default_factory=dict)  # announcements that come later than planned
    skipped: set[date] = field(default_factory=set)  # announced by nobody, on a day no list has
    silent: set[date] = field(default_factory=set)  # the same on a holiday that no list has
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    asleep: list[tuple[datetime, datetime]] = field(default_factory=list)
    restarts: set[datetime] = field(default_factory=set)
    jumps: list[tuple[datetime, datetime, timedelta]] = field(default_factory=list)  # from, to, by how much

    def __post_init__(self) -> None:
        """Far enough from each other that each outage is one; two a month, at least one of everything."""
        draw = random.Random(self.seed)
        planned = [day for day in _days(self.start, self.days) if calendar.is_issue_date(day)][3:-3]
        issues = [day for day in planned if calendar.holiday(day) is None]
        draw.shuffle(issues)
        share = self.days / 365
        for day in _apart(issues, max(1, round(20 * share))):
            begin = calendar.announced_at(day) - draw.randint(0, 2) * _HOUR
            self.outages.append((begin, begin + draw.randint(4, 20) * _HOUR))
        for day in _apart(issues, max(1, round(12 * share))):
            self.late[day] = draw.randint(1, 10) * _HOUR
        self.skipped.update(_apart(issues, max(1, round(2 * share))))
        for day in _apart(issues, max(1, round(6 * share))):
            begin = datetime.combine(day, time(draw.randint(0, 23)), UTC)
            self.asleep.append((begin, begin + draw.choice([1, 1, 5, 30, 72]) * _HOUR))
        for day in _apart(issues, max(1, round(5 * share))):
            begin = datetime.combine(day, time(draw.randint(0, 23)), UTC)
            by = draw.choice([-_DAY, -3 * _HOUR, _DAY, 5 * _HOUR])
            self.jumps.append((begin, begin + _HOUR / 2, by))
        for _ in range(max(1, round(20 * share))):
            self.restarts.add(self.start + draw.randint(0, self.days * 48 - 1) * _HOUR / 2)
        self.silent.update(day for day in planned if calendar.holiday(day) and draw.random() < _SILENT)

    def out_at(self, day: date) -> datetime:
        """When arXiv really announces an issue."""
        return calendar.announced_at(day) + self.late.get(day, timedelta())

    def is_down(self, moment: datetime) -> bool:
        return any(begin <= moment < end for begin, end in self.outages)

    def is_asleep(self, moment: datetime) -> bool:
        return any(begin <= moment < end for begin, end in self.asleep)

    def clock(self, moment: datetime) -> datetime:
        """What this machine takes the time for."""
        return moment + next((by for begin, end, by in self.jumps if begin <= moment < end), timedelta())


def _days(start: datetime, number: int) -> list[date]:
    return [start.date() + n * _DAY for n in range(number)]


def _apart(days: list[date], number: int) -> list[date]:
    """So many of the days, taken out of the list together with their neighbours."""
    chosen: list[date] = []
    while len(chosen) < number and days:
        day = days.pop()
        chosen.append(day)
        days[:] = [other for other in days if abs(other - day) > 3 * _DAY]
    return chosen


def run(folder: Path, days: int, seed: int = 0, pause: timedelta = _HOUR / 2, begin: date = _BEGIN) -> Iterator[str]:
    """Live through it; what did not hold."""
    start = datetime.combine(begin, time(12), UTC)
    weather = Weather(start, days, seed)
    first = calendar.newest(start)
    with clockwork(folder, PEOPLE, start, first) as works:
        announced = {first}
        moment = start
        while moment < start + days * _DAY:
            newest = calendar.newest(moment)
            for day in (calendar.previous(newest), newest):
                if (
                    day > first
                    and day not in announced | weather.skipped | weather.silent
                    and weather.out_at(day) <= moment
                ):
                    works.announce(day)
                    announced.add(day)
            _step(works, weather, moment)
            moment += pause
        yield from _check(works, weather, announced)


def _step(works: Clockwork, weather: Weather, moment: datetime) -> None:
    works.servers.arxiv.faults.clear()
    if weather.is_asleep(moment):
        return
    if weather.is_down(moment):
        works.servers.arxiv.faults.extend([Fault(kind="status", status=503)] * 20)
    if moment in weather.restarts:
        works.restart()
    works.tick(weather.clock(moment))


def _check(works: Clockwork, weather: Weather, announced: set[date]) -> Iterator[str]:
    """Every reader every issue once and in order, every paper in one issue, every outage told once and no more."""
    with app.open_ledger(works.settings) as store:
        papers = Counter(paper.arxiv_id for issue in store.issues(1000) for paper in store.papers(issue.date))
        ready = sorted(issue.date for issue in store.issues(1000) if issue.collected)
        troubles = store.troubles()
    wanted = {row.id for row in works.servers.arxiv.papers if not CATEGORIES.isdisjoint(row.categories)}
    if set(papers) != wanted or set(papers.values()) != {1}:
        yield f"papers: {len(wanted)} announced, {len(papers)} collected, {max(papers.values())} at most"
    had: defaultdict[str, list[date]] = defaultdict(list)
    for mail in works.mails():
        had[mail.email] += mail.issues
    for person in PEOPLE:
        mine = [day for day in had[person.email] if day in ready]
        last = max(mine, default=date.min)
        missing = [str(day) for day in ready if mine[0] <= day <= last and day not in mine]  # from the first one on
        double = [str(day) for day, number in Counter(had[person.email]).items() if number > 1]
        if missing or double or mine != sorted(mine) or (ready[-1] - last).days > 5:
            yield f"{person.email}: missing {missing}, twice {double}, last {last} of {ready[-1]}"
    yield from _check_told(works, weather, [trouble.key for trouble in troubles])
    yield from (f"{day}: collected and not announced" for day in ready if day not in announced)
    yield from _check_holidays(works, weather)


def _check_holidays(works: Clockwork, weather: Weather) -> Iterator[str]:
    """A silent holiday is no issue, and no email says that it is late; troubles of their own have been left out."""
    with app.open_ledger(works.settings) as store:
        yield from (f"{day}: an issue of a silent holiday" for day in weather.silent if store.issue(day))
    troubled = [*weather.outages, *weather.asleep, *((begin, end) for begin, end, _ in weather.jumps)]
    for mail in works.mails():
        waited_for = calendar.newest(mail.date - LATE)
        calm = all(mail.date < begin or mail.date > end + 3 * _DAY for begin, end in troubled)
        before = calendar.certain(waited_for)
        if (
            not mail.issues
            and waited_for in weather.silent
            and calm
            and before not in weather.skipped | {*weather.late}
        ):
            yield f"{mail.email}: told on {mail.date} that {waited_for} is late"


def _check_told(works: Clockwork, weather: Weather, still: list[str]) -> Iterator[str]:
    told = works.told()
    begun = [subject for subject in told if "Problem:" in subject]
    over = [subject for subject in told if "Resolved:" in subject]
    causes = len(weather.outages) + len(weather.skipped) + len(weather.late)
    least = sum(1 for begin, end in weather.outages if not any(weather.is_asleep(begin + n * _HOUR) for n in range(5)))
    strange = [subject for subject in told if "arXiv" not in subject.partition(": ")[2] and "issue" not in subject]
    if not least <= len(begun) <= causes or len(begun) - len(over) not in (0, len(still)) or strange:
        counts = f"{len(begun)} began, {len(over)} over, open {still}"
        yield f"told: {counts}; expected {least} to {causes}; strange {strange}"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m soak.year", description=__doc__)
    options.add_argument("--days", type=int, default=365)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--begin", type=date.fromisoformat, default=_BEGIN, help="the first day")
    options.add_argument("--minutes", type=int, default=30, help="between two ticks")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = list(run(Path(folder), given.days, given.seed, timedelta(minutes=given.minutes), given.begin))
    print(*found, f"{given.days} days from {given.begin} on, {len(found)} problems", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
