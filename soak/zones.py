"""Pairs of time zone and date: exactly one mail each, at the right minute of the reader's own clock."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from newsletter import app
from newsletter.models import Issue, IssueState
from newsletter.times import calendar
from soak.clockwork import Clockwork, Person, clockwork

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
# Where clocks do what programmers do not expect; each with days before, on and after the change.
_AWKWARD = [
    ("Australia/Lord_Howe", date(2026, 4, 5)), ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
    ("Pacific/Kwajalein", date(2026, 3, 9)), ("Pacific/Kiritimati", date(2026, 3, 9)),  # UTC+14
    ("America/Nuuk", date(2026, 3, 29)), ("Africa/Cairo", date(2026, 4, 24)), ("Asia/Beirut", date(2026, 3, 29)),
    ("America/Santiago", date(2026, 9, 6)), ("America/Havana", date(2026, 3, 8)),  # midnight is skipped
    ("Africa/Casablanca", date(2026, 3, 22)), ("Europe/Dublin", date(2026, 10, 25)),  # the other way round
    ("Asia/Kolkata", date(2026, 3, 9)), ("Asia/Kathmandu", date(2026, 3, 9)), ("Australia/Eucla", date(2026, 3, 9)),
    ("Pacific/Chatham", date(2026, 4, 5)), ("America/St_Johns", date(2026, 11, 1)), ("Asia/Tehran", date(2022, 3, 22)),
    ("America/Caracas", date(2016, 5, 1)), ("Asia/Pyongyang", date(2018, 5, 5)), ("UTC", date(2028, 2, 29)),
    ("America/New_York", date(2026, 3, 8)), ("America/New_York", date(2026, 11, 1)),
    ("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25)), ("Asia/Shanghai", date(2026, 1, 1)),
    ("Europe/Volgograd", date(2020, 12, 27)),
]  # fmt: skip
_HOURS = ("00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "03:00", "06:45", "09:30", "12:00", "23:30", "23:59")


@dataclass(frozen=True, order=True)
class Pair:
    day: date
    zone: str
    send_at: str


def pairs(number: int, seed: int = 0) -> list[Pair]:
    """The awkward ones first, then clock changes of all zones, then any zone on any day."""
    draw = random.Random(seed)
    found = [
        Pair(day + shift * _DAY, zone, hour)
        for zone, day in _AWKWARD
        for shift in (-1, 0, 1)
        for hour in draw.sample(_HOURS, 3)
    ]
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    while len(found) < number:
        zone, day = draw.choice(zones), date(draw.randint(2012, 2027), draw.randint(1, 12), draw.randint(1, 28))
        found.append(Pair(_change_after(zone, day) if draw.random() < 0.6 else day, zone, draw.choice(_HOURS)))
    return sorted(draw.sample(found, number))


def _change_after(zone: str, day: date) -> date:
    """The next day on which this zone's clocks change, else the day itself."""
    info = ZoneInfo(zone)
    for ahead in range(200):
        here, there = (datetime.combine(day + (ahead + n) * _DAY, time(), info).utcoffset() for n in (0, 1))
        if here != there:
            return day + ahead * _DAY
    return day


def right_minute(pair: Pair) -> datetime:
    """When the mail of that day belongs, UTC, found by looking at the wall clock minute by minute.

    An hour that comes twice is its first; one that is skipped comes as much later as was skipped.
    """
    zone, wanted = ZoneInfo(pair.zone), datetime.combine(pair.day, time.fromisoformat(pair.send_at))
    moment = datetime.combine(pair.day, time(), UTC) - _DAY
    before = moment.astimezone(zone).replace(tzinfo=None)
    while True:
        moment += _MINUTE
        wall = moment.astimezone(zone).replace(tzinfo=None)
        if wall == wanted:
            return moment
        if before < wanted < wall:
            return moment + (wanted - before - _MINUTE)
        before = wall


def problems(number: int, seed: int = 0) -> Iterator[str]:
    """What was not exactly one mail at its minute."""
    by_day = defaultdict(list)
    for pair in pairs(number, seed):
        by_day[pair.day].append(pair)
    for day, mine in sorted(by_day.items()):
        with tempfile.TemporaryDirectory() as folder:
            yield from _one_day(Path(folder), day, mine)


def _one_day(folder: Path, day: date, mine: Sequence[Pair]) -> Iterator[str]:
    people = [Person(email=f"reader{n}@example.org", zone=p.zone, send_at=p.send_at) for n, p in enumerate(mine)]
    hours = {person.email: right_minute(pair) for person, pair in zip(people, mine, strict=True)}
    with clockwork(folder, [], min(hours.values()), day) as works:
        works.servers.close()  # nothing is to be collected here
        for moment in _moments(hours.values()):
            # Each is listed shortly before, so that no earlier hour counts.
            works.list_people(one for one in people if hours[one.email] - moment <= 30 * _MINUTE)
            _announced_by(works, moment)
            works.tick(moment)
        sent = defaultdict(list)
        for mail in works.mails():
            if mail.date - hours[mail.email] < timedelta(hours=22):  # later ones are of the next day
                sent[mail.email].append(mail.date)
    for person, pair in zip(people, mine, strict=True):
        if sent[person.email] != [hours[person.email]]:
            yield f"{pair}: expected {hours[person.email]}, sent {[str(moment) for moment in sent[person.email]]}"


def _moments(hours: Iterable[datetime]) -> list[datetime]:
    """The minute before each hour, that minute, the next, and some time later."""
    around = (-_MINUTE, timedelta(), _MINUTE, 45 * _MINUTE)
    return sorted({hour + shift for hour in hours for shift in around})


def _announced_by(works: Clockwork, moment: datetime) -> None:
    """The ledger holds what arXiv has announced by then, without papers: a mail of one line."""
    newest = calendar.newest(moment)
    with app.open_ledger(works.settings) as store:
        if store.issue(newest) is None:
            store.save_issue(Issue(date=newest, state=IssueState.QUIET))


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m soak.zones", description=__doc__)
    options.add_argument("--pairs", type=int, default=1000)
    number = options.parse_args().pairs
    found = list(problems(number))
    print(*found, f"{number} pairs of zone and date, {len(found)} problems", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
