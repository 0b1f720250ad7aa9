"""A sample of each sweep over time; `make soak` runs them whole."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from soak import memory, year, zones
from soak.zones import Pair, right_minute


@pytest.mark.parametrize(
    ("day", "zone", "send_at", "expected"),
    [
        (date(2026, 3, 9), "Asia/Kolkata", "09:30", "2026-03-09 04:00"),
        (date(2026, 3, 29), "Europe/Berlin", "02:30", "2026-03-29 01:30"),  # skipped: an hour later by the wall
        (date(2026, 10, 25), "Europe/Berlin", "02:30", "2026-10-25 00:30"),  # comes twice: the first
        (date(2026, 10, 4), "Australia/Lord_Howe", "02:15", "2026-10-03 15:45"),  # half an hour skipped
        (date(2011, 12, 30), "Pacific/Apia", "09:00", "2011-12-30 19:00"),  # a day that never was: the next
    ],
)
def test_the_right_minute(day: date, zone: str, send_at: str, expected: str) -> None:
    """What the sweep holds the service against, worked out by hand."""
    assert datetime.fromisoformat(f"{expected}+00:00") == right_minute(Pair(day, zone, send_at))


def test_a_sample_of_zones_and_dates() -> None:
    """Exactly one mail each, at its minute."""
    assert [] == list(zones.problems(8, seed=7))


def test_a_week_with_an_outage(tmp_path: Path) -> None:
    """Every reader every paper once; the outage, the late day and the restart cost nobody anything."""
    assert [] == list(year.run(tmp_path, days=12, seed=1, pause=timedelta(hours=3)))


def test_weeks_with_holidays_that_nobody_has_listed(tmp_path: Path) -> None:
    """Over the turn of the year 2026 into 2027 and its first holiday: no false alarm, no late email, nothing lost."""
    found = year.run(tmp_path, days=24, seed=2, pause=timedelta(hours=3), begin=date(2026, 12, 28))
    assert [] == list(found)


def test_ticks_leave_nothing_behind(tmp_path: Path) -> None:
    """Forty ticks after some hours of warming up add less than 5 MiB, as three days of them must."""
    assert memory.growth(tmp_path, ticks=40, warm_up=24) < 5
