"""What a watchman sees: `/healthz` and `/metrics` over the ledger and the loop."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from newsletter import __version__, pipeline, web
from newsletter.alarms import Pulse
from newsletter.models import Issue, IssueState, Newsletter, Score, SubscriberState, Usage
from newsletter.readers import Counter
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.waiting import missing_issue
from newsletter.web.health import verdict
from tests.counters import counter_of
from tests.factories import DAY, a_paper
from tests.morning import MORNING, desk_of, practice

TUESDAY = date(2026, 3, 10)


def get(settings: Settings, pulse: Pulse, path: str) -> httpx.Response:
    with counter_of(settings) as counter:
        return get_from(counter, pulse, path)


def get_from(counter: Counter, pulse: Pulse, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(web.build(counter, pulse))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path)

    return asyncio.run(ask())


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("silent", "overdue", "readable", "expected"),
    [
        (None, None, True, "ok"),  # it has just started
        (timedelta(minutes=1), None, True, "ok"),
        (timedelta(minutes=5), None, True, "ok"),
        (timedelta(minutes=5, seconds=1), None, True, "stalled"),
        (timedelta(minutes=1), DAY, True, "late"),
        (timedelta(minutes=6), DAY, True, "stalled"),
        (timedelta(minutes=1), None, False, "failed"),
    ],
)
def test_verdict(silent: timedelta | None, overdue: date | None, readable: bool, expected: str) -> None:
    """One word for how it goes; the worst is said."""
    passed = [0.0]
    pulse = Pulse(now=lambda: MORNING, seconds=lambda: passed[0], overdue=overdue)
    if silent is not None:
        pulse.beat()
        passed[0] += silent.total_seconds()
    assert expected == verdict(pulse, readable=readable)


@pytest.mark.parametrize("jump", [timedelta(days=2), timedelta(days=-2), timedelta(minutes=-30)])
def test_a_clock_that_is_set_is_no_silence_and_hides_none(jump: timedelta) -> None:
    """A loop that beats is not stalled by a clock set forward, and one that died is found after a clock set back."""
    shown, passed = [MORNING], [0.0]
    pulse = Pulse(now=lambda: shown[0], seconds=lambda: passed[0])
    pulse.awaits_poll()
    pulse.beat()
    shown[0] += jump
    assert "ok" == verdict(pulse, readable=True)
    passed[0] += 301
    assert "stalled" == verdict(pulse, readable=True)
    pulse.beat()
    passed[0] += 1800
    pulse.beat()
    assert "unread" == verdict(pulse, readable=True)


@pytest.mark.parametrize(
    ("zone", "ready", "now", "expected"),
    [
        ("UTC", [DAY], "2026-03-10 11:59", None),  # Tuesday's is due, and awaited until noon
        ("UTC", [DAY], "2026-03-10 12:00", TUESDAY),
        ("UTC", [DAY, TUESDAY], "2026-03-10 12:00", None),
        ("UTC", [TUESDAY], "2026-03-11 11:00", None),
        ("UTC", [DAY], "2026-03-11 11:00", TUESDAY),
        ("UTC", [date(2026, 3, 13)], "2026-03-15 23:00", None),  # Sunday evening, before arXiv announces
        ("America/New_York", [DAY], "2026-03-10 15:00", None),  # noon there is at 16:00
        ("America/New_York", [DAY], "2026-03-10 16:00", TUESDAY),
        ("UTC", [], "2026-03-09 11:59", None),  # a new ledger: what came before it is not missed
        ("UTC", [], "2026-03-09 12:00", DAY),
    ],
)
def test_beyond_its_wait(zone: str, ready: list[date], now: str, expected: date | None) -> None:
    """An issue is missed when the newsletter's own wait for it is over, not before."""
    known = [Issue(date=day, state=IssueState.QUIET) for day in ready]
    if ready:  # half of an issue is none
        known.insert(0, Issue(date=max(ready) + timedelta(days=7), state=IssueState.COLLECTED))
    assert expected == missing_issue(known, Newsletter(timezone=zone), utc(now))


@pytest.mark.parametrize(("overdue", "status"), [(None, 200), (DAY, 503)])
def test_health_over_http(tmp_path: Path, overdue: date | None, status: int) -> None:
    """What is missing and when the loop last went round, with a status that a monitor understands."""
    pulse = Pulse(now=lambda: MORNING, last_tick=MORNING, overdue=overdue)
    answer = get(Settings(data_dir=tmp_path), pulse, "/healthz")
    assert status == answer.status_code
    assert {
        "status": "late" if overdue else "ok",
        "last_issue": None,
        "ready": True,
        "missing_issue": "2026-03-09" if overdue else None,
        "last_tick": "2026-03-09T06:00:00+00:00",
        "last_poll": None,
    } == answer.json()


def metrics(settings: Settings, pulse: Pulse) -> dict[str, float]:
    answer = get(settings, pulse, "/metrics")
    assert (200, "text/plain; version=") == (answer.status_code, answer.headers["content-type"][:20])
    assert "example.org" not in answer.text
    found = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_metrics_of_a_new_ledger(tmp_path: Path) -> None:
    """Every state is there with a zero, so that an alert has something to look at."""
    found = metrics(Settings(data_dir=tmp_path), Pulse())
    assert 1 == found[f"newsletter_build_info{{version={__version__}}}"]
    for state in ("queued", "sending", "accepted", "failed", "unknown"):
        assert 0 == found[f"newsletter_mails{{state={state}}}"]
    for name in ("newsletter_queue_age_seconds", "newsletter_last_issue_timestamp_seconds", "newsletter_issue_overdue"):
        assert 0 == found[name]


def test_metrics_of_a_morning(tmp_path: Path) -> None:
    """Issues, mails, readers, tokens, money and ages, as the ledger has them."""
    with practice(tmp_path, model=False) as (_, settings):
        with desk_of(settings) as desk:
            pipeline.run(desk)
            usage = Usage(1000, 50, 0.25)
            desk.store.save_scores(DAY, "t", "p", "m/a", {a_paper(): Score("2603.00001", 9, 9)}, usage)
            desk.store.save_scores(DAY, "t", "p", "m/b", {a_paper(2): Score("2603.00002", 9, 9)}, Usage(7, 1, None))
            gone = desk.store.enrol(["gone@example.org"], MORNING)["gone@example.org"]
            desk.store.set_subscriber(gone.id, SubscriberState.UNSUBSCRIBED, "by link", MORNING)
            desk.store.first_time("mail", "<1@example.org>", "unsubscribe", MORNING)
        pulse = Pulse(now=lambda: MORNING, last_tick=MORNING, last_poll=MORNING - timedelta(minutes=1), overdue=TUESDAY)
        found = metrics(settings, pulse)
    assert (1, 2, 2) == tuple(
        found[name]
        for name in (
            "newsletter_issues{state=ready}",
            "newsletter_mails{state=accepted}",
            "newsletter_readers{state=active}",
        )
    )
    assert 1 == found["newsletter_readers{state=unsubscribed}"]
    assert 1 == found["newsletter_inbound{action=unsubscribe}"]
    assert calendar.announced_at(DAY).timestamp() == found["newsletter_last_issue_timestamp_seconds"]
    assert 40 == found["newsletter_last_issue_papers{kind=collected}"]
    assert 1000 == found["newsletter_model_tokens_total{kind=prompt,model=m/a}"]
    assert 50 == found["newsletter_model_tokens_total{kind=completion,model=m/a}"]
    assert (0.25, 0) == tuple(found[f"newsletter_model_cost_dollars_total{{model=m/{one}}}"] for one in "ab")
    assert MORNING.timestamp() == found["newsletter_tick_timestamp_seconds"]
    assert MORNING.timestamp() - 60 == found["newsletter_mailbox_poll_timestamp_seconds"]
    assert found["newsletter_arxiv_request_timestamp_seconds"] > MORNING.timestamp()
    assert 1 == found["newsletter_issue_overdue"]


def test_the_age_of_the_queue(tmp_path: Path) -> None:
    """A mail that waits makes the queue old; one that is out does not."""
    with practice(tmp_path, model=False) as (_, settings):
        with desk_of(settings) as desk:
            pipeline.prepare_days(desk, None)
            pipeline.Planning(desk, pipeline.Editor(desk), pipeline.due(desk)).finish()
        later = Pulse(now=lambda: MORNING + timedelta(hours=2))
        assert 7200 == metrics(settings, later)["newsletter_queue_age_seconds"]
        with desk_of(settings) as desk:
            pipeline.send(desk, pipeline.Planning(desk, pipeline.Editor(desk), []))
        assert 0 == metrics(settings, later)["newsletter_queue_age_seconds"]


def test_an_unreadable_ledger_has_no_metrics(tmp_path: Path) -> None:
    """503 and a sentence, no traceback and no zeros that look like all is well."""
    with counter_of(Settings(data_dir=tmp_path)) as counter:
        for file in tmp_path.glob("newsletter.db*"):
            file.unlink()
        (tmp_path / "newsletter.db").write_bytes(b"not a database, whatever its name says" * 100)
        answer = get_from(counter, Pulse(), "/metrics")
    assert (503, "the ledger cannot be read\n") == (answer.status_code, answer.text)
