"""Days on which arXiv may pause: nobody waits for an issue that may never come; if it does, it is like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.demo.servers import Servers
from newsletter.errors import ConfigurationError
from newsletter.models import Hours, IssueState
from newsletter.scheduler import Service
from newsletter.settings import load
from newsletter.times import calendar, holidays
from newsletter.times.hours import next_hour
from tests.conftest import Run
from tests.counters import service_of
from tests.morning import ROSTER, settings_for
from tests.test_scheduler import announce, few, utc

_DAY = timedelta(days=1)
# https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays/
_FEDERAL = {
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24",
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
    2029: "01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-12 11-22 12-25",
    2030: "01-01 01-21 02-18 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25",
    2032: "01-01 01-19 02-16 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24",
}


@pytest.mark.parametrize("year", _FEDERAL)
def test_federal_holidays_are_those_of_the_government(year: int) -> None:
    """On the day on which offices are closed: Friday for a Saturday, Monday for a Sunday."""
    for text in _FEDERAL[year].split():
        assert holidays.named(date.fromisoformat(f"{year}-{text}")), text
    expected = {date.fromisoformat(f"{year}-{text}") for text in _FEDERAL[year].split()}
    computed = {date(year, 1, 1) + n * _DAY for n in range(357) if holidays.named(date(year, 1, 1) + n * _DAY)}
    dated = {date(year, month, number) for month, number in ((1, 1), (6, 19), (7, 4), (11, 11))}
    assert computed <= expected | dated


@given(st.integers(2026, 2200))
def test_every_year_has_them(year: int) -> None:
    """The days around New Year, and each federal holiday's own date, are known in every year."""
    assert all(holidays.named(date(year, 12, 24) + n * _DAY) for n in range(9))
    days = [date(year, 1, 1) + n * _DAY for n in range(357)]
    assert 9 <= sum(1 for day in days if holidays.named(day) and day.isoweekday() < 6) <= 11


def test_what_arxiv_listed_is_confirmed() -> None:
    """Every pause that arXiv has listed falls on a computed day: the list tells no more than which of them it keeps."""
    assert [day for day in calendar.listed() if not holidays.named(day)] == []
    assert calendar.listed_until() == date(2026, 12, 31)


def test_an_evening_without_a_list_has_an_issue_that_may_not_come() -> None:
    """18 January 2027 is a holiday that nobody has listed; a listed one has no issue; the operator may know more."""
    assert calendar.is_issue_date(date(2027, 1, 19))
    assert "Martin Luther King" in (calendar.holiday(date(2027, 1, 19)) or "")
    assert not calendar.is_issue_date(date(2026, 1, 20))
    assert calendar.holiday(date(2027, 3, 3)) is None
    assert "NEWSLETTER_ARXIV_HOLIDAYS" == calendar.holiday(date(2027, 3, 3), {date(2027, 3, 2)})
    assert date(2027, 1, 18) == calendar.certain(date(2027, 1, 19))
    assert date(2027, 1, 19) == calendar.earliest(date(2027, 1, 20))


# --- the service ---


@dataclass
class Ground:
    """A service with a clock that the test turns, an administrator, and an arXiv that announces what it is told to."""

    service: Service
    servers: Servers
    hands: list[datetime]

    def through(self, start: str, end: str, step: timedelta = timedelta(minutes=30)) -> None:
        self.hands[0] = utc(start)
        while self.hands[0] <= utc(end):
            self.service.tick()
            self.hands[0] += step

    @property
    def mails(self) -> list[tuple[date, ...]]:
        return [mail.issues for mail in self.service.counter.store.deliveries() if mail.email == "ada@example.org"]

    @property
    def troubles(self) -> list[str]:
        return [one.problem for one in self.service.counter.store.troubles()]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """From Friday 15 January 2027, with the issue of that day; Monday 18 is a holiday that nobody has listed."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    friday = date(2027, 1, 15)
    with Servers(few(friday), friday) as servers:
        hands = [utc("2027-01-14 12:00")]
        extra = {"arxiv_holidays": frozenset({date(2027, 1, 26)})}
        settings = settings_for(servers, tmp_path, model=False).model_copy(update=extra)
        with service_of(settings, lambda: hands[0]) as service:
            service.counter.store.enrol(["ada@example.org", "chen@example.org"], hands[0])
            found = Ground(service, servers, hands)
            found.through("2027-01-15 02:00", "2027-01-15 10:00")
            assert [(friday,)] == found.mails
            yield found


MONDAY, TUESDAY, WEDNESDAY = date(2027, 1, 18), date(2027, 1, 19), date(2027, 1, 20)


def _pulse(ground: Ground) -> date | None:
    return ground.service.pulse.overdue


@pytest.mark.parametrize("feed", ["of the day before", "of the day, and empty"])
def test_a_silent_holiday_is_no_news(ground: Ground, feed: str) -> None:
    """No late email, no alarm, no empty issue; what was submitted meanwhile is in the next one."""
    announce(ground.servers, MONDAY)
    ground.through("2027-01-18 02:00", "2027-01-18 23:00")
    if feed != "of the day before":
        ground.servers.arxiv.announced = TUESDAY
    ground.through("2027-01-19 02:00", "2027-01-19 23:30")
    assert [(date(2027, 1, 15),), (MONDAY,)] == ground.mails
    assert ([], None) == (ground.troubles, _pulse(ground))
    before_the_pause = [replace(row, announced=WEDNESDAY) for row in few(TUESDAY)]
    ground.servers.arxiv.papers = [*ground.servers.arxiv.papers, *before_the_pause]
    announce(ground.servers, WEDNESDAY)
    ground.through("2027-01-20 02:00", "2027-01-20 13:00")
    assert (WEDNESDAY,) == ground.mails[-1]
    issues = {issue.date: issue for issue in ground.service.counter.store.issues()}
    assert TUESDAY not in issues
    assert (IssueState.READY, 4) == (issues[WEDNESDAY].state, issues[WEDNESDAY].collected)
    assert ([], None) == (ground.troubles, _pulse(ground))


def test_a_holiday_with_an_announcement_is_a_day_like_any_other(ground: Ground) -> None:
    """arXiv announces on the holiday, on time or late: the issue goes out that day."""
    announce(ground.servers, MONDAY)
    ground.through("2027-01-18 02:00", "2027-01-18 23:00")
    ground.through("2027-01-19 02:00", "2027-01-19 11:00")
    announce(ground.servers, TUESDAY)
    ground.through("2027-01-19 11:10", "2027-01-19 13:00")
    assert [(date(2027, 1, 15),), (MONDAY,), (TUESDAY,)] == ground.mails


def test_the_day_after_is_expected_again(ground: Ground) -> None:
    """An ordinary day without an announcement is late as ever: a late email, and then an alarm."""
    announce(ground.servers, MONDAY)
    ground.through("2027-01-18 02:00", "2027-01-18 23:00")
    ground.through("2027-01-19 02:00", "2027-01-20 13:00")
    assert () == ground.mails[-1]
    assert WEDNESDAY == _pulse(ground)
    assert 1 == len(ground.troubles)


def test_an_outage_on_a_holiday_is_still_an_outage(ground: Ground) -> None:
    """That nothing may come does not hide that arXiv cannot be reached."""
    announce(ground.servers, MONDAY)
    ground.through("2027-01-18 02:00", "2027-01-18 23:00")
    ground.servers.close()
    ground.through("2027-01-19 02:00", "2027-01-19 04:00", timedelta(minutes=60))
    assert 1 == len(ground.troubles)


def test_a_day_that_the_operator_adds_is_a_holiday(ground: Ground) -> None:
    """26 January 2027 is no holiday, but the operator knows that arXiv pauses that evening."""
    days = [MONDAY, TUESDAY, WEDNESDAY, *(date(2027, 1, number) for number in (21, 22, 25, 26))]
    for day in days:
        announce(ground.servers, day)
        ground.through(f"{day} 02:00", f"{day} 13:00")
    ground.through("2027-01-27 02:00", "2027-01-27 23:30")
    assert [(day,) for day in days] == ground.mails[1:]
    assert ([], None) == (ground.troubles, _pulse(ground))


def test_a_first_run_on_holidays_takes_the_newest_issue_that_there_is(tmp_path: Path) -> None:
    """Between Christmas and New Year arXiv has paused for days: a new newsletter begins with the issue before."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    last = date(2027, 12, 28)
    with Servers(few(last), last) as servers:
        hands = [utc("2027-12-31 06:00")]
        with service_of(settings_for(servers, tmp_path, model=False), lambda: hands[0]) as service:
            service.tick()
            assert [last] == [issue.date for issue in service.counter.store.issues()]


# --- what people are told ---


def test_check_says_until_when_pauses_are_listed(tmp_path: Path, newsletter: Run) -> None:
    """And what counts as one after that."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    found = newsletter("check")
    assert "listed its pauses until 2026-12-31" in found.stdout
    assert "NEWSLETTER_ARXIV_HOLIDAYS" in found.stdout


def test_days_of_the_operator_are_dates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Split at commas and white space; anything else is a finding that says how they are written."""
    monkeypatch.setenv("NEWSLETTER_ARXIV_HOLIDAYS", "2027-12-24, 2027-12-28\n2027-12-30")
    assert frozenset(date(2027, 12, day) for day in (24, 28, 30)) == load(tmp_path).arxiv_holidays
    monkeypatch.setenv("NEWSLETTER_ARXIV_HOLIDAYS", "24 December")
    with pytest.raises(ConfigurationError, match=r"NEWSLETTER_ARXIV_HOLIDAYS.*no date; write 2027-12-24"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("now", "days", "expected"),
    [
        ("2027-01-14 06:00", "1234567", "2027-01-14 09:30"),
        ("2027-01-14 09:30", "1234567", "2027-01-15 09:30"),
        ("2027-01-15 12:00", "1234567", "2027-01-18 09:30"),  # nothing is announced on Friday and Saturday
        ("2027-01-15 12:00", "6", "2027-01-16 09:30"),  # Friday's issue has not been theirs yet
        ("2026-11-26 12:00", "1234567", "2026-11-30 09:30"),  # Thanksgiving, then the weekend
    ],
)
def test_when_emails_go_next(now: str, days: str, expected: str) -> None:
    """The next hour by which something will have been announced since the one before."""
    hours = Hours(send_at=time(9, 30), wait_until=time(12), timezone="UTC", days=frozenset(map(int, days)))
    assert datetime.fromisoformat(expected).replace(tzinfo=UTC) == next_hour(hours, utc(now))
