"""On time: each reader at their own hour, once, whatever clocks, announcements and sleep do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time as clock
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

import pytest
import requests
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter import app, pipeline, readers, scheduler
from newsletter.cli import stopping
from newsletter.cli.stopping import noted
from newsletter.demo.faults import Fault
from newsletter.demo.rows import SampleRow
from newsletter.demo.servers import Servers
from newsletter.errors import ModelUnavailable
from newsletter.models import Issue, IssueState, Reader, Wishes
from newsletter.readers import in_force
from newsletter.scheduler import Service, loop
from newsletter.scheduler.service import BACKWARDS
from newsletter.settings import Settings
from newsletter.store import Store, open_store
from newsletter.times import calendar
from newsletter.times.clock import utc_now
from newsletter.times.hours import in_time, is_open, last_hour
from newsletter.times.waiting import LATE as LATE_BY
from newsletter.times.waiting import overdue_by, poll_pause
from newsletter.web import server
from tests.conftest import ROOT, Run
from tests.counters import counter_of, service_of
from tests.factories import DAY
from tests.ledger import a_delivery, a_rendered
from tests.morning import ROSTER, outbox, sample_rows, settings_for

EVERY_DAY = frozenset(range(1, 8))
MONDAY = frozenset({1})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_reader(send_at: str, zone: str, days: frozenset[int] = EVERY_DAY) -> Reader:
    return Reader(
        email="ada@example.org",
        wishes=Wishes(topics=("foundations",)),
        send_at=time.fromisoformat(send_at),
        wait_until=time(12),
        timezone=zone,
        days=days,
    )


# --- whose hour it is ---


@pytest.mark.parametrize(
    ("send_at", "zone", "now", "expected"),
    [
        ("09:30", "UTC", "2026-03-09 09:30", "2026-03-09 09:30"),
        ("09:30", "UTC", "2026-03-09 09:29:59", "2026-03-08 09:30"),
        ("09:30", "Asia/Shanghai", "2026-03-09 06:00", "2026-03-09 01:30"),
        ("06:45", "Europe/London", "2026-07-01 12:00", "2026-07-01 05:45"),
        ("23:30", "America/New_York", "2026-03-10 03:45", "2026-03-10 03:30"),  # still the 9th over there
        ("00:00", "Pacific/Kiritimati", "2026-03-08 10:00", "2026-03-08 10:00"),
        ("05:45", "Asia/Kathmandu", "2026-03-09 00:00", "2026-03-09 00:00"),
        # The clocks skip 02:30: it comes an hour later by the wall, and once.
        ("02:30", "Europe/Berlin", "2026-03-29 01:29", "2026-03-28 01:30"),
        ("02:30", "Europe/Berlin", "2026-03-29 01:30", "2026-03-29 01:30"),
        ("02:30", "Europe/Berlin", "2026-03-29 20:00", "2026-03-29 01:30"),
        ("02:30", "America/New_York", "2026-03-08 07:29", "2026-03-07 07:30"),
        ("02:30", "America/New_York", "2026-03-08 07:30", "2026-03-08 07:30"),
        # The clocks repeat it: the first one counts.
        ("02:30", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 00:30"),
        ("02:30", "Europe/Berlin", "2026-10-25 01:30", "2026-10-25 00:30"),
        ("01:30", "America/New_York", "2026-11-01 05:30", "2026-11-01 05:30"),
        ("01:30", "America/New_York", "2026-11-01 06:30", "2026-11-01 05:30"),
        # Lord Howe moves its clocks by half an hour.
        ("02:15", "Australia/Lord_Howe", "2026-10-03 15:44", "2026-10-02 15:45"),
        ("02:15", "Australia/Lord_Howe", "2026-10-03 15:45", "2026-10-03 15:45"),
        ("01:45", "Australia/Lord_Howe", "2026-04-04 15:15", "2026-04-04 14:45"),
        # Nuuk skips the hour before midnight: the mail of Saturday comes early on Sunday.
        ("23:30", "America/Nuuk", "2026-03-29 01:29", None),
        ("23:30", "America/Nuuk", "2026-03-29 01:30", "2026-03-29 01:30"),
        # Samoa had no 30 December 2011.
        ("09:00", "Pacific/Apia", "2011-12-30 11:00", None),
        ("09:00", "Pacific/Apia", "2011-12-30 19:00", "2011-12-30 19:00"),
    ],
)
def test_the_last_hour(send_at: str, zone: str, now: str, expected: str | None) -> None:
    """A reader's hour is by their own wall clock, also when the clocks change."""
    assert (utc(expected) if expected else None) == last_hour(a_reader(send_at, zone), utc(now))


@pytest.mark.parametrize(
    ("days", "now", "expected"),
    [
        (MONDAY, "2026-03-09 09:30", "2026-03-09 09:30"),
        (MONDAY, "2026-03-10 09:29", "2026-03-09 09:30"),
        (MONDAY, "2026-03-11 12:00", None),
        (MONDAY, "2026-03-09 09:29", None),
        (frozenset({1, 2, 3, 4, 5}), "2026-03-14 12:00", "2026-03-13 09:30"),
        (frozenset({1, 2, 3, 4, 5}), "2026-03-15 12:00", None),
    ],
)
def test_only_their_days(days: frozenset[int], now: str, expected: str | None) -> None:
    """No hour comes on a day that a reader has not chosen."""
    assert (utc(expected) if expected else None) == last_hour(a_reader("09:30", "UTC", days), utc(now))


@pytest.mark.parametrize(
    ("zone", "moment", "now", "added", "last_mail", "expected"),
    [
        ("UTC", "2026-03-09 09:30", "2026-03-09 09:30", "2026-03-01", None, True),
        ("UTC", "2026-03-09 09:30", "2026-03-09 23:59", "2026-03-01", "2026-03-08 09:30", True),
        ("UTC", "2026-03-09 09:30", "2026-03-10 00:00", "2026-03-01", None, False),  # the day is over
        ("UTC", "2026-03-09 09:30", "2026-03-09 09:31", "2026-03-01", "2026-03-09 09:30:05", False),  # had it
        ("UTC", "2026-03-09 09:30", "2026-03-09 09:31", "2026-03-01", "2026-03-09 09:30", False),
        ("UTC", "2026-03-09 09:30", "2026-03-09 09:31", "2026-03-09 09:30:01", None, False),  # added after the hour
        ("UTC", "2026-03-09 09:30", "2026-03-09 09:31", "2026-03-09 09:29:59", None, True),
        ("America/New_York", "2026-03-10 03:30", "2026-03-10 03:45", "2026-03-01", None, True),
        # slept through just before midnight: on waking, but not when the next hour is nearer
        ("America/New_York", "2026-03-10 03:30", "2026-03-10 04:00", "2026-03-01", None, True),
        ("America/New_York", "2026-03-10 03:30", "2026-03-10 15:29", "2026-03-01", None, True),
        ("America/New_York", "2026-03-10 03:30", "2026-03-10 15:30", "2026-03-01", None, False),
        # a mail of tomorrow was sent by a clock that ran ahead
        ("UTC", "2026-03-09 09:30", "2026-03-09 09:30", "2026-03-01", "2026-03-10 09:30", True),
        ("America/Nuuk", "2026-03-29 01:30", "2026-03-29 01:31", "2026-03-01", None, True),
        ("Europe/Berlin", "2026-10-25 00:30", "2026-10-25 01:30", "2026-03-01", "2026-10-25 00:30", False),
    ],
)
def test_due_once_for_each_hour(
    zone: str, moment: str, now: str, added: str, last_mail: str | None, expected: bool
) -> None:
    """One mail for each hour, on the local day of that hour, to whom was a reader by then."""
    with closing(open_store("sqlite://")) as store:
        ada = store.enrol(["ada@example.org"], utc(added))["ada@example.org"]
        store.replace_roster([(ada.id, a_reader("09:30", zone))])
        if last_mail:
            store.save_edition(a_rendered())
            store.plan([replace(a_delivery(ada.id, "ada@example.org"), date=utc(last_mail))])
        ((number, hours),) = store.hours().items()
        lacking = [
            one.id for page in store.pages(number, since=utc(moment), until=utc(now) + BACKWARDS) for one in page
        ]
    assert expected == (is_open(hours, utc(moment), utc(now)) and [ada.id] == lacking)


TUESDAY = date(2026, 3, 10)  # announced 2026-03-10 00:00 UTC, Monday's a day before


@pytest.mark.parametrize(
    ("moment", "now", "looked", "expected"),
    [
        # announced before the hour: in time
        ("2026-03-10 00:00", "2026-03-10 00:00", "2026-03-09 23:59", (DAY, TUESDAY)),
        ("2026-03-10 00:30", "2026-03-10 00:30:40", "2026-03-10 00:29:40", (DAY, TUESDAY)),
        # announced after it: waits for the next hour, and does not hold back what was there
        ("2026-03-09 23:59", "2026-03-10 00:05", "2026-03-10 00:04", (DAY,)),
        ("2026-03-09 23:00", "2026-03-10 03:00", None, (DAY,)),
        # due half an hour before, came after the hour was looked at: only within a few minutes
        ("2026-03-10 00:30", "2026-03-10 00:44", "2026-03-10 00:43", (DAY, TUESDAY)),
        ("2026-03-10 00:30", "2026-03-10 00:46", "2026-03-10 00:45", (DAY,)),
        # due three hours before, came late: the same day
        ("2026-03-10 03:00", "2026-03-10 21:00", "2026-03-10 20:59", (DAY, TUESDAY)),
        ("2026-03-10 02:59", "2026-03-10 21:00", "2026-03-10 20:59", (DAY,)),
        # asleep, or busy preparing, when the hour came: nobody has looked at it yet
        ("2026-03-10 00:30", "2026-03-10 01:30", "2026-03-09 23:10", (DAY, TUESDAY)),
        ("2026-03-10 00:30", "2026-03-10 11:30", None, (DAY, TUESDAY)),
    ],
)
def test_what_the_mail_of_an_hour_carries(
    moment: str, now: str, looked: str | None, expected: tuple[date, ...]
) -> None:
    """A mail carries what was announced by its hour; a late announcement goes out the same day."""
    assert expected == in_time((DAY, TUESDAY), utc(moment), utc(now), utc(looked) if looked else None)


# --- ticks ---


@dataclass
class Ground:
    """A service with a clock that the test turns, against a practice arXiv."""

    service: Service
    servers: Servers
    hands: list[datetime]
    steps: list[datetime]  # what the clock shows before it shows that, each once

    @property
    def store(self) -> Store:
        return self.service.counter.store

    def restart(self) -> None:
        """The same ledger, and nothing remembered."""
        self.service = Service(self.settings, self.service.counter, seconds=self.service.seconds)

    @property
    def settings(self) -> Settings:
        return self.service.settings

    def at(self, moment: str) -> set[str]:
        """Tick at this moment; who has had how many mails since the beginning, as `address number`."""
        self.hands[0] = utc(moment)
        self.service.tick()
        return self.mails()

    def mails(self) -> set[str]:
        sent = [mail.email.partition("@")[0] for mail in self.store.deliveries()]
        return {f"{name} {sent.count(name)}" for name in sent}


def few(day: date, number: int = 3) -> list[SampleRow]:
    """Some papers submitted for this announcement, with ids of their own."""
    start, end = calendar.window(day)
    rows = sample_rows()[:number]
    return [
        replace(row, id=f"26{day:%m}.{day:%d}{place:03}", announced=day, published=start + (end - start) / 2)
        for place, row in enumerate(rows)
    ]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    (tmp_path / "subscribers.yaml").write_text(ROSTER.replace("  - email: chen", LATER + "  - email: chen"), "utf-8")
    with Servers(few(DAY), DAY) as servers:
        hands = [utc("2026-03-08 12:00")]
        steps: list[datetime] = []
        settings = settings_for(servers, tmp_path, model=False)
        with service_of(settings, lambda: steps.pop(0) if steps else hands[0]) as service:
            # readers since yesterday
            service.counter.store.enrol(["ada@example.org", "grace@example.org", "chen@example.org"], hands[0])
            yield Ground(service, servers, hands, steps)


LATER = "  - {email: grace@example.org, send_at: 06:45, timezone: America/New_York}\n"  # 10:45 UTC


def announce(servers: Servers, day: date) -> None:
    servers.arxiv.papers = [*servers.arxiv.papers, *few(day)]
    servers.arxiv.announced = day


def test_each_reader_at_their_own_hour_and_once(ground: Ground) -> None:
    """Prepared at the announcement, sent at 09:30 UTC to two and at 06:45 New York time to the third, never again."""
    assert set() == ground.at("2026-03-09 00:05")
    assert "ready" == ground.store.issues()[0].state
    assert set() == ground.at("2026-03-09 09:29")
    assert {"ada 1", "chen 1"} == ground.at("2026-03-09 09:30")
    everybody = {"ada 1", "chen 1", "grace 1"}
    assert everybody == ground.at("2026-03-09 10:45")
    for moment in ("2026-03-09 10:46", "2026-03-09 23:00", "2026-03-10 00:01"):
        assert everybody == ground.at(moment)
    assert 3 == len(outbox(ground.settings))


def test_restarted_twenty_times_in_the_hour_everybody_has_one_mail(ground: Ground) -> None:
    """A service that forgets everything every minute sends no mail twice."""
    for minute in range(0, 60, 3):
        ground.restart()
        ground.at(f"2026-03-09 10:{minute:02}")
    assert {"ada 1", "chen 1", "grace 1"} == ground.mails()


def test_a_late_announcement_goes_out_the_same_day(ground: Ground) -> None:
    """Due at 00:00 UTC, missing at 09:30: it goes out when it is there; arXiv is asked every half hour by then."""
    ground.at("2026-03-09 12:00")
    before = len(ground.servers.arxiv.requests)
    for minute in range(30, 60):
        assert {"ada 1", "chen 1", "grace 1"} == ground.at(f"2026-03-10 09:{minute}")
    assert 1 == sum("/rss/" in path for _, path in ground.servers.arxiv.requests[before:])
    announce(ground.servers, TUESDAY)
    assert {"ada 2", "chen 2", "grace 1"} == ground.at("2026-03-10 10:00")


def test_the_longer_it_is_late_the_less_often_arxiv_is_asked() -> None:
    """Every ten minutes in the first hours, every half hour later."""
    waits = [timedelta(minutes=minutes) for minutes in (0, 30, 60, 100, 600)]
    assert [10, 10, 15, 25, 30] == [poll_pause(waited).total_seconds() / 60 for waited in waits]


def test_a_mail_waits_for_a_late_announcement_and_says_so(ground: Ground) -> None:
    """Missing until `wait_until`: one short mail says so; what comes later is in the next day's mail."""
    ground.at("2026-03-09 12:00")
    assert {"ada 1", "chen 1", "grace 1"} == ground.at("2026-03-10 11:59")
    assert {"ada 2", "chen 2", "grace 1"} == ground.at("2026-03-10 12:00")
    late = [mail for mail in ground.store.deliveries() if mail.email == "ada@example.org"][-1]
    assert () == late.issues
    announce(ground.servers, TUESDAY)
    assert {"ada 2", "chen 2"} < ground.at("2026-03-10 16:05")
    announce(ground.servers, date(2026, 3, 11))
    assert {"ada 3", "chen 3"} < ground.at("2026-03-11 09:30")
    last = [mail for mail in ground.store.deliveries() if mail.email == "ada@example.org"][-1]
    assert (TUESDAY, date(2026, 3, 11)) == last.issues
    mails = ground.store.deliveries()
    assert len({mail.message_id for mail in mails}) == len(mails)


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ([], TUESDAY),
        ([DAY], TUESDAY),
        ([DAY, TUESDAY], None),
        ([date(2026, 3, 11)], None),  # the ledger begins with the next one: this one was never ours
    ],
)
def test_what_is_late(ready: list[date], expected: date | None) -> None:
    """An announcement of three hours before the hour is late, unless the ledger began after it."""
    ledger = {day: Issue(date=day, state=IssueState.READY) for day in ready}
    assert expected == overdue_by(ledger.get, utc("2026-03-11 02:15"))


def test_a_stop_in_the_middle_of_preparing_loses_no_issue(ground: Ground) -> None:
    """An issue that was collected and no more when the service stopped is prepared and sent when it is back."""
    ground.at("2026-03-09 12:00")
    announce(ground.servers, TUESDAY)
    ground.hands[0] = utc("2026-03-10 01:00")
    counter = ground.service.counter
    with app.open_desk(ground.settings, counter, in_force.load(counter).masthead) as desk:
        pipeline.collect_issues(desk, [TUESDAY])
    announce(ground.servers, date(2026, 3, 11))
    ground.at("2026-03-11 09:30")
    last = [mail for mail in ground.store.deliveries() if mail.email == "ada@example.org"][-1]
    assert (TUESDAY, date(2026, 3, 11)) == last.issues


def test_a_reader_added_after_their_hour_starts_the_next_day(ground: Ground) -> None:
    """Added at 10:00 with an hour of 09:30: nothing today, both of tomorrow's readers' issue tomorrow."""
    ground.at("2026-03-09 09:30")
    ground.settings.subscribers.write_text(ROSTER + "  - new@example.org\n", "utf-8")
    assert {"ada 1", "chen 1"} == ground.at("2026-03-09 10:00")
    assert {"ada 1", "chen 1"} == ground.at("2026-03-09 20:00")
    announce(ground.servers, TUESDAY)
    assert {"ada 2", "chen 2", "new 1"} == ground.at("2026-03-10 09:30")


@pytest.mark.parametrize("asleep", ["2026-03-09 10:30", "2026-03-09 22:00"])
def test_asleep_over_the_hour_one_mail_comes_on_waking(ground: Ground, asleep: str) -> None:
    """A machine that slept over the hour sends on waking, that day's mail and one."""
    ground.at("2026-03-09 00:05")
    assert {"ada 1", "chen 1"} <= ground.at(asleep)
    assert {"ada 1", "chen 1", "grace 1"} == ground.at("2026-03-09 22:01")


def test_asleep_for_days_one_mail_carries_at_most_five_issues(ground: Ground) -> None:
    """After eight announcements in a sleep there is one mail, with the five newest issues."""
    ground.at("2026-03-09 09:30")
    days: list[date] = [DAY]
    for _ in range(8):
        days.append(calendar.following(days[-1]))
        announce(ground.servers, days[-1])
    assert {"ada 2", "chen 2", "grace 1"} == ground.at(f"{days[-1]} 12:00")
    ground.at(f"{days[-1]} 12:01")
    mails = [mail for mail in ground.store.deliveries() if mail.email == "ada@example.org"]
    assert [(DAY,), tuple(days[-5:])] == [mail.issues for mail in mails]


def test_asleep_for_three_days_nothing_is_left_out(ground: Ground) -> None:
    """After three days the one mail carries all three issues."""
    ground.at("2026-03-09 12:00")
    days: list[date] = []
    for _ in range(3):
        days.append(calendar.following(days[-1] if days else DAY))
        announce(ground.servers, days[-1])
    ground.at(f"{days[-1]} 09:40")
    mails = [mail for mail in ground.store.deliveries() if mail.email == "chen@example.org"]
    assert [tuple(days)] == [mail.issues for mail in mails[-1:]]


def test_who_left_a_minute_before_gets_nothing(ground: Ground) -> None:
    """Leaving counts at once, with the mails of the hour already prepared."""
    ground.at("2026-03-09 09:29")
    ada = ground.store.subscriber("ada@example.org")
    assert ada is not None
    readers.leave(ground.service.counter, ada.id, "by link")
    assert {"chen 1"} == ground.at("2026-03-09 09:30")


def test_a_broken_roster_keeps_the_last_good_one(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody saves half a file at 09:29: the mails of 09:30 go out, and the finding is logged once with its line."""
    ground.at("2026-03-09 09:28")
    good = ground.settings.subscribers.read_text("utf-8")
    ground.settings.subscribers.write_text(good + "  - {email: [\n", "utf-8")
    ground.at("2026-03-09 09:29")
    assert {"ada 1", "chen 1"} == ground.at("2026-03-09 09:30")
    logged = capsys.readouterr().out
    assert 1 == logged.count("roster.broken")
    assert "subscribers.yaml:1" in logged
    ground.settings.subscribers.write_text(good.replace("06:45", "06:50"), "utf-8")
    assert {"ada 1", "chen 1"} == ground.at("2026-03-09 10:46")
    assert {"ada 1", "chen 1", "grace 1"} == ground.at("2026-03-09 10:50")


def test_restarted_with_a_broken_roster_the_last_good_one_is_in_force(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    """The machine restarts at 09:29 with half a file: everybody gets their mail at their hour, and it is said."""
    ground.at("2026-03-09 00:05")
    good = ground.settings.subscribers.read_text("utf-8")
    ground.settings.subscribers.write_text(good + "  - {email: [\n", "utf-8")
    ground.restart()
    assert {"ada 1", "chen 1"} == ground.at("2026-03-09 09:30")
    assert {"ada 1", "chen 1", "grace 1"} == ground.at("2026-03-09 10:45")
    assert 1 == capsys.readouterr().out.count("roster.broken")


def test_a_broken_entry_is_named_once_and_the_others_get_their_mail(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    """An entry that cannot be used is left out, and said once, not every minute."""
    roster = ground.settings.subscribers
    roster.write_text(roster.read_text("utf-8") + "  - {email: grace.example.org}\n", "utf-8")
    ground.at("2026-03-09 09:29")
    assert {"ada 1", "chen 1"} == ground.at("2026-03-09 09:30")
    assert 1 == capsys.readouterr().out.count("roster.entry-left-out")


def test_a_tick_that_fails_is_logged_and_the_next_one_works(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    """arXiv down at the hour: an error in the log, no mail; the mail goes out when arXiv is back."""
    ground.servers.arxiv.papers, papers = [], ground.servers.arxiv.papers
    ground.servers.close()
    assert set() == ground.at("2026-03-09 09:30")
    assert "arxiv.failed" in capsys.readouterr().out
    with Servers(papers, DAY) as again:
        settings = ground.settings.model_copy(
            update={"arxiv_api_url": again.arxiv.api_url, "arxiv_rss_url": again.arxiv.rss_url}
        )
        ground.service.settings = settings
        assert {"ada 1", "chen 1"} == ground.at("2026-03-09 09:45")


def test_a_day_that_was_slow_to_prepare_still_goes_out(ground: Ground) -> None:
    """A preparation that begins before the hour and ends long after it costs nobody their mail of that day."""
    (line,) = [line for line in ROSTER.splitlines() if "ada@" in line]
    late = "  - {email: ada@example.org, send_at: 00:30}"  # half an hour after the announcement
    ground.settings.subscribers.write_text(ROSTER.replace(line, late), "utf-8")
    ground.servers.arxiv.announced = date(2026, 3, 6)
    ground.at("2026-03-08 23:59")
    ground.hands[0] = utc("2026-03-09 01:10")
    ground.steps += [utc("2026-03-09 00:29")] * 3
    ground.servers.arxiv.announced = DAY
    ground.service.tick()
    assert {"ada 1"} == ground.mails()


# --- the service as a process ---


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Until `condition()` is true, or fail."""
    deadline = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < deadline
        clock.sleep(0.02)


@dataclass
class Running:
    """`newsletter …` as a process whose output is read line by line."""

    process: subprocess.Popen[str]
    lines: list[str]
    reader: threading.Thread

    @classmethod
    def start(cls, folder: Path, settings: dict[str, str], *arguments: str) -> Running:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder)} | settings
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter", *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=lines.extend, args=(iter(process.stdout.readline, ""),))
        reader.start()
        return cls(process, lines, reader)

    def said(self, text: str) -> str:
        """The first line with this text, once it is there."""
        wait_for(lambda: any(text in line for line in [*self.lines]) or self.process.poll() is not None)
        found = [line for line in [*self.lines] if text in line]
        assert found, "".join(self.lines)
        return found[0]

    def stop(self) -> int:
        """SIGTERM; the exit code, after a minute at most."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def begin(settings: dict[str, str], *arguments: str) -> Running:
        started.append(Running.start(tmp_path, settings, *arguments))
        return started[-1]

    yield begin
    for one in started:
        one.kill()


def practice_settings(running: Running) -> dict[str, str]:
    """What `newsletter demo --serve` has printed."""
    running.said("OPENAI_API_KEY=")
    return dict(line.strip().split("=", 1) for line in running.lines if "=" in line)


NAMES = (
    "NEWSLETTER_ARXIV_API_URL",
    "NEWSLETTER_ARXIV_RSS_URL",
    "NEWSLETTER_ARXIV_DELAY",
    "NEWSLETTER_MODEL",
    "NEWSLETTER_MODEL_API_BASE",
    "OPENAI_API_KEY",
)


def test_the_service_from_start_to_sigterm(tmp_path: Path, start: Start, newsletter: Run) -> None:
    """Against the practice ground it prepares, answers, keeps `run` out by name, lets `preview` look, ends well."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    servers = start({}, "demo", "--serve")
    given = practice_settings(servers)
    assert set(NAMES) == set(given)
    settings = {name: value for name, value in given.items() if "MODEL" not in name} | {"NEWSLETTER_PORT": "0"}
    service = start(settings, "serve")
    address = service.said("web.listening").split("address=")[1].strip()
    assert "ok" == requests.get(f"{address}/healthz", timeout=10).json()["status"]
    service.said("issue.prepared")
    wait_for(lambda: requests.get(f"{address}/healthz", timeout=10).json()["last_issue"])
    wait_for(lambda: requests.get(f"{address}/", timeout=10).status_code == 200)
    refused = newsletter("run", settings=settings)
    assert 1 == refused.returncode
    assert f"in use by newsletter serve (process {service.process.pid})" in refused.stderr
    before = {file.name for file in (tmp_path / "var" / "outbox").glob("*.eml")}
    beside = newsletter("preview", "--send", "test@example.net", settings=settings | {"NEWSLETTER_LOG": "json"})
    assert 0 == beside.returncode, beside.stderr
    assert 2 == len([line for line in beside.stdout.splitlines() if (tmp_path / line).is_file()])
    (tried,) = (
        file for file in (tmp_path / "var" / "outbox").glob("*test@example.net*.eml") if file.name not in before
    )
    assert b"To: test@example.net" in tried.read_bytes()
    assert "test@example.net" not in newsletter("subscribers", "list", settings=settings).stdout
    (tmp_path / "subscribers.yaml").write_text(ROSTER + "  - {email: [\n", "utf-8")
    waiting = start(settings, "serve")  # with a file that is broken, and a good roster in the ledger
    waiting.said("folder.waiting")
    assert 0 == service.stop()
    waiting.said("web.listening")
    waiting.said("roster.broken")
    assert 0 == waiting.stop()
    assert 0 == servers.stop()
    assert not [line for line in service.lines + waiting.lines if "Traceback" in line]


def test_sigterm_does_not_wait_for_a_silent_server(tmp_path: Path, start: Start) -> None:
    """With an arXiv that never answers the service still ends, in the ten seconds that it has, and says so."""
    assert 10 > stopping._SERVICE_SECONDS + 1  # whatever it does
    assert stopping._SERVICE_SECONDS > loop._LAST_SECONDS + server._LAST_REQUESTS
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    with Servers(few(DAY), DAY) as servers:
        servers.arxiv.faults.extend(Fault(kind="silent", seconds=600) for _ in range(5))
        given = {name: value for name, value in servers.environment().items() if "MODEL" not in name}
        service = start(given | {"NEWSLETTER_PORT": "0"}, "serve")
        wait_for(lambda: servers.arxiv.requests)
        service.said("web.listening")
        assert 0 == service.stop()
    service.said("tick.cut-off")


def test_ticks_come_at_each_full_minute() -> None:
    """A reader's hour is met in its first seconds, also in the hours in which clocks change; late is not dropped."""
    with_job = BackgroundScheduler(timezone="UTC")
    loop.add_job(with_job, print)
    (job,) = with_job.get_jobs()
    assert (None, True, 1) == (job.misfire_grace_time, job.coalesce, job.max_instances)
    fired, last = [], utc("2026-10-25 00:29:31")
    for _ in range(90):
        last = job.trigger.get_next_fire_time(last, last)
        fired.append(last)
    assert [utc("2026-10-25 00:30") + timedelta(minutes=n) for n in range(90)] == fired
    assert timedelta(hours=3) == LATE_BY


class Broken:
    """A model that does not answer."""

    async def __call__(self, prompt: object) -> object:
        raise ModelUnavailable("m", "HTTP 503")

    def price(self) -> None:
        return None


def test_a_tick_comes_between_the_minutes_once_however_many_ask(ground: Ground) -> None:
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.start(paused=True)
    ring = partial(loop.hurry, scheduler, ground.service)
    try:
        for _ in range(3):
            ring()
        assert 1 == len(scheduler.get_jobs())
        ground.service.tick()  # who asks from here on may have come too late for this one
        ring()
        assert 2 == len(scheduler.get_jobs())
        ground.service.stopping.set()
        ground.service.tick()
        ring()
        assert 2 == len(scheduler.get_jobs())
    finally:
        scheduler.shutdown(wait=False)


def test_a_morning_without_scores_waits_for_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader whose hour finds no scores gets the mail when the model is back, or at `wait_until` by words."""
    roster = ROSTER.replace("subscribers:", "newsletter:\n  timezone: Asia/Shanghai\nsubscribers:")
    (tmp_path / "subscribers.yaml").write_text(roster, "utf-8")
    whole = app.open_desk
    with Servers(sample_rows(), DAY) as servers, ExitStack() as held:
        settings = settings_for(servers, tmp_path)
        now = [utc("2026-03-09 00:30")]  # 08:30 in Shanghai: announced at 00:00 UTC
        service = held.enter_context(service_of(settings, lambda: now[0]))

        @contextmanager
        def broken(*arguments: object, **options: object) -> Iterator[object]:
            with whole(*arguments, **options) as desk:  # type: ignore[arg-type]
                yield replace(desk, scorer=Broken(), summariser=Broken())  # type: ignore[arg-type]

        monkeypatch.setattr(app, "open_desk", broken)
        service.tick()
        for moment in ("2026-03-09 01:30", "2026-03-09 02:30", "2026-03-09 03:59"):
            now[0] = utc(moment)
            service.tick()
        assert outbox(settings) == {}
        now[0] = utc("2026-03-09 04:00")
        service.tick()
        assert set(outbox(settings)) == {"ada@example.org", "chen@example.org"}


def test_sigterm_while_the_service_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SIGTERM in the middle of starting takes effect when all is started, and then everything is ended again."""
    steps = []

    class Interrupted(loop.BackgroundScheduler):
        def start(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            super().start()
            steps.append("started")

        def shutdown(self, wait: bool) -> None:
            super().shutdown(wait)
            steps.append("ended")

    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    monkeypatch.setattr(loop, "BackgroundScheduler", Interrupted)
    before = signal.getsignal(signal.SIGTERM)
    with (
        Servers(few(DAY), DAY) as servers,
        counter_of(settings_for(servers, tmp_path, model=False), utc_now) as counter,
        noted() as told,
        scheduler.running(settings_for(servers, tmp_path, model=False), counter, told),
    ):
        assert told.is_set()
    assert ["started", "ended"] == steps
    assert before == signal.getsignal(signal.SIGTERM)
