"""Clocks that are set while the service runs, and a SIGTERM at any moment of its start."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.demo.faults import Fault
from newsletter.demo.servers import Servers
from newsletter.models import DeliveryState, DomainPause
from newsletter.scheduler import loop
from newsletter.store import open_store
from newsletter.times import calendar
from soak.jumps import serving, twice
from tests.factories import DAY
from tests.ledger import a_delivery, a_rendered
from tests.morning import MORNING, ROSTER
from tests.test_scheduler import NAMES, Running, Start, few, start, wait_for

__all__ = ["start"]  # the fixture

TUESDAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    "ahead",
    [timedelta(days=2), timedelta(minutes=30), timedelta(days=-2), timedelta(days=-365 * 60)],
    ids=str,
)
def test_jobs_follow_the_clock_that_there_is(ahead: timedelta) -> None:
    """What was planned by another clock is due now, and the next run is the next full minute; both in a few steps."""
    scheduler = BackgroundScheduler(timezone="UTC", jobstores={"default": loop._Jobs()})
    scheduler.start(paused=True)
    try:
        loop.add_job(scheduler, print)
        (job,) = scheduler.get_jobs()
        jobs, planned = job._scheduler._jobstores["default"], job.next_run_time
        now = (planned - ahead).replace(second=7, microsecond=0)
        assert [job] == jobs.get_due_jobs(now)
        assert now == job.next_run_time
        assert [now] == job._get_run_times(now)
        assert now.replace(second=0) + timedelta(minutes=1) == job.trigger.get_next_fire_time(now, now)
    finally:
        scheduler.shutdown(wait=False)


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(minutes=30)], ids=str)
def test_a_clock_that_was_ahead_at_the_start_is_corrected(tmp_path: Path, ahead: timedelta) -> None:
    """A whole service: it ticks by the right time, sends at the right hour, nothing twice, and is in good health."""
    right = datetime(2026, 3, 10, 9, 28, 55, tzinfo=UTC)
    with serving(tmp_path, right + ahead, TUESDAY) as service:
        service.jump(right.replace(second=0))
        health = service.health()
        assert ("ok", "2026-03-10T09:2") == (health["status"], health["last_tick"][:15])
        service.wait_for(
            lambda: sum(TUESDAY in mail.issues for mail in service.mails()) == 2, "no emails at the right hour"
        )
        assert [] == twice(service.mails())
        assert {mail.date.date() for mail in service.mails() if TUESDAY in mail.issues} <= {TUESDAY, date(2026, 3, 9)}


def test_what_a_clock_ahead_has_noted_counts_from_now() -> None:
    """Readers of a time to come are readers; an email of that time has served no hour; doubtful bytes stay the same."""
    ahead = MORNING + timedelta(days=2)
    with closing(open_store("sqlite://")) as store:
        who = store.enrol(["ada@example.org", "bob@example.org", "cyd@example.org"], ahead)
        store.save_edition(a_rendered())
        store.plan([a_delivery(one.id, email, date=ahead) for email, one in who.items()])
        ada, bob, _ = store.deliveries()
        store.finish(replace(ada, state=DeliveryState.ACCEPTED))
        store.finish(replace(bob, state=DeliveryState.UNKNOWN))
        store.set_back(MORNING)
        store.set_back(MORNING)
        assert {MORNING} == {one.added for one in store.subscribers()}
        assert [MORNING - timedelta(days=1), ahead, MORNING] == [mail.date for mail in store.deliveries()]


def test_no_pause_outlasts_a_day() -> None:
    """A pause that a clock two days ahead has begun is over once the clock is right; one of six hours is kept."""
    with closing(open_store("sqlite://")) as store:
        store.pause_domain(DomainPause("far.example", MORNING + timedelta(days=2, hours=6), "5.7.1"))
        store.pause_domain(DomainPause("near.example", MORNING + timedelta(hours=6), "5.7.1"))
        assert ["near.example"] == [one.domain for one in store.paused_domains(MORNING)]


# --- SIGTERM ---


def _at_once(_: Running, __: Servers) -> None:
    """As soon as there is a process."""


def _while_importing(running: Running, _: Servers) -> None:
    """Once it has read its settings."""
    wait_for(lambda: b"newsletter" in Path(f"/proc/{running.process.pid}/cmdline").read_bytes())
    wait_for(lambda: "sqlalchemy" in Path(f"/proc/{running.process.pid}/maps").read_text() or _ended(running))


def _with_a_ledger(running: Running, _: Servers) -> None:
    wait_for(lambda: Path(f"/proc/{running.process.pid}/cwd", "var", "newsletter.db").exists() or _ended(running))


def _listening(running: Running, _: Servers) -> None:
    running.said("web.listening")


def _asking(_: Running, servers: Servers) -> None:
    wait_for(lambda: servers.arxiv.requests)


def _ended(running: Running) -> bool:
    return running.process.poll() is not None


@pytest.mark.parametrize("moment", [_at_once, _while_importing, _with_a_ledger, _listening, _asking])
def test_sigterm_at_any_moment_of_the_start(
    tmp_path: Path, start: Start, moment: Callable[[Running, Servers], None]
) -> None:
    """Whatever it is doing, and with an arXiv that is silent: it ends by itself, no traceback, nothing left locked."""
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    with Servers(few(DAY), DAY) as servers:
        servers.arxiv.faults.extend(Fault(kind="silent", seconds=600) for _ in range(5))
        given = {name: value for name, value in servers.environment().items() if name in NAMES and "MODEL" not in name}
        service = start(given | {"NEWSLETTER_PORT": "0"}, "serve")
        moment(service, servers)
        assert service.stop() in (0, -signal.SIGTERM)
    assert not [line for line in service.lines if "Traceback" in line]


def test_the_first_lines_say_what_comes(tmp_path: Path, start: Start) -> None:
    """The next announcement, the next emails with readers and hour, mailbox and address; nothing of APScheduler."""
    shanghai = "  - {email: li@example.org, timezone: Asia/Shanghai, send_at: '09:00'}\n"
    (tmp_path / "subscribers.yaml").write_text(ROSTER + shanghai, "utf-8")
    with Servers(few(DAY), DAY) as servers:
        given = {name: value for name, value in servers.environment().items() if "MODEL" not in name}
        service = start(given | {"NEWSLETTER_PORT": "0"}, "serve")
        following = calendar.following(calendar.newest(datetime.now(UTC)))
        said = [service.said(event) for event in ("next.announcement", "next.emails", "mailbox.none", "web.listening")]
        assert f"issue={following}" in said[0]
        assert "UTC" in said[0]
        assert "of=3" in said[1]
        assert "readers=1" in said[1] or "readers=2" in said[1]
        assert "NEWSLETTER_IMAP_URL" in said[2]
        assert "http://127.0.0.1:" in said[3]
        assert 0 == service.stop()
    assert not [line for line in service.lines if "apscheduler" in line.lower()]
