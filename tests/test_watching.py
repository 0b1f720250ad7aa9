"""When something is wrong one person gets one clear mail, another when it is over, and whoever watches hears of it."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from newsletter import app
from newsletter.alarms import ping
from newsletter.demo.faults import Fault, Request, Response
from newsletter.demo.loopback import Loopback
from newsletter.demo.servers import Servers
from newsletter.scheduler import Service
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.clock import utc_now
from tests.conftest import Run
from tests.counters import service_of
from tests.factories import DAY
from tests.morning import ROSTER, settings_for
from tests.sendgrid_server import SendGridServer
from tests.test_scheduler import announce, few, utc

ADMIN = "admin@example.net"
TUESDAY = date(2026, 3, 10)


class Watchman(Loopback):
    """Hears the pings."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        super().__init__()

    def answer(self, request: Request, fault: Fault | None) -> Response:
        self.heard.append(request.path)
        return Response()


@dataclass
class Ground:
    """A service with a clock that the test turns, an administrator and a watchman."""

    service: Service
    servers: Servers
    watchman: Watchman
    hands: list[datetime]
    open: ExitStack  # holds the ledger of the service that runs
    seen: int = field(default=0)

    @property
    def settings(self) -> Settings:
        return self.service.settings

    def at(self, moment: str) -> list[str]:
        """Tick at this moment; the subjects of the mails that the administrator got by it."""
        self.hands[0] = utc(moment)
        self.service.tick()
        return self.told()

    def through(self, start: str, hours: float, minutes: int = 10) -> list[str]:
        """Tick every few minutes from a moment on; what the administrator was told."""
        told = []
        for step in range(int(hours * 60 / minutes) + 1):
            self.hands[0] = utc(start) + timedelta(minutes=step * minutes)
            self.service.tick()
            told += self.told()
        return told

    def told(self) -> list[str]:
        files = sorted(
            (self.settings.data_dir / "outbox").glob(f"*{ADMIN}*.eml"), key=lambda one: one.stat().st_mtime_ns
        )
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        fresh, self.seen = mails[self.seen :], len(mails)
        return [str(mail["Subject"]) for mail in fresh]

    def restart(self, **changes: Any) -> None:
        settings = self.settings.model_copy(update=changes)
        self.open.close()
        self.service = self.open.enter_context(service_of(settings, lambda: self.hands[0]))


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    (tmp_path / "subscribers.yaml").write_text(ROSTER, "utf-8")
    with Servers(few(DAY), DAY) as servers, Watchman() as watchman:
        hands = [utc("2026-03-08 12:00")]
        settings = settings_for(servers, tmp_path, model=False).model_copy(
            update={"admin_email": f"The Admin <{ADMIN}>", "ping_url": SecretStr(f"{watchman.origin}/secret-uuid")}
        )
        with app.open_ledger(settings) as store:
            store.enrol(["ada@example.org", "chen@example.org"], hands[0])
        with ExitStack() as opened:
            service = opened.enter_context(service_of(settings, lambda: hands[0]))
            yield Ground(service, servers, watchman, hands, opened)


def down(ground: Ground, kind: str = "status", status: int = 503, number: int = 2000) -> None:
    ground.servers.arxiv.faults.extend(Fault(kind=kind, status=status) for _ in range(number))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try each: how arXiv is asked again is not what these tests are about."""
    from newsletter.collect.source import ArxivSource

    whole = ArxivSource.__init__
    monkeypatch.setattr(ArxivSource, "__init__", lambda self, **given: whole(self, **given | {"tries": 1}))


def test_a_good_morning_is_pinged_and_nobody_is_told(ground: Ground) -> None:
    """Two mails at 09:30: one ping, no mail to the administrator; nothing more for the rest of the day."""
    assert [] == ground.through("2026-03-09 00:05", 14, minutes=15)
    assert ["/secret-uuid"] == ground.watchman.heard


def test_a_short_outage_is_no_trouble(ground: Ground) -> None:
    """arXiv down for twenty minutes at night: nobody is woken."""
    down(ground)
    assert [] == ground.through("2026-03-09 00:05", 1 / 3, minutes=5)
    ground.servers.arxiv.faults.clear()
    assert [] == ground.through("2026-03-09 00:26", 10)
    assert ["/secret-uuid"] == ground.watchman.heard


def test_an_outage_is_told_once_and_its_end_once(ground: Ground) -> None:
    """arXiv down for six hours, through a restart: one mail, one when it is over; the watchman hears of both."""
    down(ground)
    told = ground.through("2026-03-09 00:05", 3)
    ground.restart()
    told += ground.through("2026-03-09 03:10", 3)
    assert 1 == len(told)
    assert "arXiv: HTTP 503" in told[0]
    assert ["/secret-uuid/fail"] * 2 == ground.watchman.heard  # again by the new process, which knows no better
    ground.servers.arxiv.faults.clear()
    over = ground.through("2026-03-09 06:15", 4)
    assert 1 == len(over)
    assert "Resolved: arXiv" in over[0]
    assert "/secret-uuid" == ground.watchman.heard[-1]


def test_a_refusal_is_told_at_once(ground: Ground) -> None:
    """arXiv says 403: waiting would not help."""
    down(ground, status=403)
    (told,) = ground.at("2026-03-09 00:05")
    assert "403" in told


def test_an_announcement_that_never_comes_is_told_after_its_wait(ground: Ground) -> None:
    """Nothing by noon: the readers were told at noon, the administrator half an hour later; the next day it is over."""
    ground.at("2026-03-09 12:00")
    told = ground.through("2026-03-10 00:05", 11.5, minutes=30)
    assert [] == told
    (told,) = ground.through("2026-03-10 12:00", 2)
    assert "issue 2026-03-10 is missing" in told
    announce(ground.servers, TUESDAY)
    (over,) = ground.through("2026-03-10 15:00", 2)
    assert "Resolved" in over


def test_a_broken_roster_is_told_with_its_line(ground: Ground) -> None:
    """Half a file is saved: the finding in one mail; mended: one more."""
    ground.at("2026-03-09 00:05")
    good = ground.settings.subscribers.read_text("utf-8")
    ground.settings.subscribers.write_text(good + "  - {email: [\n", "utf-8")
    (told,) = ground.through("2026-03-09 00:10", 1)
    assert "subscribers.yaml:" in told
    ground.settings.subscribers.write_text(good, "utf-8")
    (over,) = ground.through("2026-03-09 02:00", 1)
    assert "Resolved" in over


def test_a_wrong_entry_is_told_too(ground: Ground) -> None:
    """One reader is left out: somebody should know, and the others get their mail."""
    good = ground.settings.subscribers.read_text("utf-8")
    ground.settings.subscribers.write_text(good + "  - grace.example.org\n", "utf-8")
    (told,) = ground.through("2026-03-09 00:10", 1)
    assert "grace.example.org" in told
    ground.at("2026-03-09 09:30")
    with app.open_ledger(ground.settings) as store:
        assert 2 == len(store.deliveries())


def test_a_refused_key_is_told_when_mail_works_again_and_pinged_at_once(ground: Ground) -> None:
    """The transport is what died: the watchman hears of it; the mails go out when the key is right again."""
    with SendGridServer() as vendor:
        more = {"transport": "sendgrid", "sendgrid_url": vendor.origin, "sender": "News <news@example.org>"}
        ground.restart(**more, sendgrid_api_key=SecretStr("SG.expired-key"))
        ground.through("2026-03-09 00:05", 12, minutes=30)
        assert ["/secret-uuid/fail"] == ground.watchman.heard
        assert [] == vendor.mails
        ground.restart(**more, sendgrid_api_key=SecretStr("SG.practice"))
        ground.through("2026-03-09 12:30", 3)
        subjects = [mail["subject"] for mail in vendor.mails if mail["to"][0]["email"] == ADMIN]
        assert 2 == len(vendor.mails) - len(subjects)
        assert len(subjects) in (1, 2)
        assert "Resolved" in subjects[-1]


def test_a_mail_server_that_stays_away_is_told_once(ground: Ground) -> None:
    """One refused moment is no news; for an hour it is one trouble, which whoever watches hears of."""
    with SendGridServer() as vendor:
        more = {"transport": "sendgrid", "sendgrid_url": vendor.origin, "sender": "News <news@example.org>"}
        ground.restart(**more, sendgrid_api_key=SecretStr("SG.practice"))
        vendor.faults.extend(Fault(kind="status", status=503, where="mail/send") for _ in range(500))
        ground.at("2026-03-09 09:30")
        assert [] == ground.watchman.heard
        ground.through("2026-03-09 09:35", 1, minutes=5)
        assert ["/secret-uuid/fail"] == ground.watchman.heard
        with app.open_ledger(ground.settings) as store:
            (trouble,) = store.troubles()
    assert "HTTP 503" in trouble.problem


def test_a_dead_mailbox_is_told_once(ground: Ground) -> None:
    """Nobody can leave by reply while it lasts."""
    ground.restart(imap_url="imap://news@127.0.0.1:1/INBOX", imap_password=SecretStr("mailbox-secret"))
    told = []
    for minute in range(0, 90, 5):
        ground.hands[0] = utc("2026-03-09 09:00") + timedelta(minutes=minute)
        ground.service.poll()
        told += ground.told()
    (only,) = told
    assert "mailbox" in only


def test_a_ledger_that_fails_is_told_from_memory(ground: Ground) -> None:
    """The one trouble that cannot be written down: told once, and once when it is over."""
    ground.at("2026-03-09 00:05")
    for file in ground.settings.data_dir.glob("newsletter.db*"):
        file.rename(file.with_name(f"{file.name}.away"))
    (ground.settings.data_dir / "newsletter.db").write_bytes(b"not a database, whatever its name says" * 100)
    (told,) = ground.through("2026-03-09 00:10", 1)
    assert "newsletter.db" in told
    assert ["/secret-uuid/fail"] == ground.watchman.heard
    (ground.settings.data_dir / "newsletter.db").unlink()
    for file in ground.settings.data_dir.glob("newsletter.db*.away"):
        file.rename(file.with_name(file.name.removesuffix(".away")))
    (over,) = ground.through("2026-03-09 01:30", 1)
    assert "Resolved" in over
    ground.at("2026-03-09 09:30")
    with app.open_ledger(ground.settings) as store:
        assert 2 == len(store.deliveries())


def test_a_full_disk_is_told_before_it_is_full(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told under 200 MiB, over at 300: between them neither."""
    usage = namedtuple("usage", "total used free")
    free = [150 << 20]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 0, free[0]))
    (told,) = ground.through("2026-03-09 00:05", 1)
    assert "only 150 MiB free" in told
    free[0] = 250 << 20
    assert [] == ground.through("2026-03-09 01:10", 1)
    free[0] = 400 << 20
    (over,) = ground.through("2026-03-09 02:15", 1)
    assert "Resolved" in over


def test_an_error_of_ours_is_told_and_the_loop_goes_on(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in planning: one mail that asks for a report; mended, the mails go out."""
    ground.at("2026-03-09 00:05")
    with monkeypatch.context() as broken:
        broken.setattr("newsletter.pipeline.Planning", lambda *_: 1 / 0)
        (told,) = ground.through("2026-03-09 09:30", 0.2)
        assert "ZeroDivisionError" in told
    (over,) = ground.through("2026-03-09 10:35", 1)
    assert "Resolved" in over
    with app.open_ledger(ground.settings) as store:
        assert 2 == len(store.deliveries())


def test_a_morning_by_hand_is_pinged_too(ground: Ground, newsletter: Run) -> None:
    """`newsletter run` behind cron: good, and bad when arXiv refuses; a dry run is nobody's affair."""
    given = ground.servers.environment()
    settings = {name: value for name, value in given.items() if "ARXIV" in name}
    settings["NEWSLETTER_PING_URL"] = f"{ground.watchman.origin}/secret-uuid"
    day = calendar.newest(utc_now())
    announce(ground.servers, day)
    assert 0 == newsletter("run", "--dry-run", settings=settings).returncode
    assert [] == ground.watchman.heard
    assert 0 == newsletter("run", settings=settings).returncode
    assert ["/secret-uuid"] == ground.watchman.heard
    down(ground, status=403)
    shutil.rmtree(ground.settings.data_dir)
    assert 1 == newsletter("run", settings=settings).returncode
    assert ["/secret-uuid", "/secret-uuid/fail"] == ground.watchman.heard


@pytest.mark.parametrize(
    ("faults", "heard"),
    [
        ([], 1),
        ([Fault(kind="status", status=500)], 2),
        ([Fault(kind="cut"), Fault(kind="status", status=500)], 3),
        ([Fault(kind="status", status=500)] * 9, 3),
    ],
)
def test_a_ping_is_tried_three_times(faults: list[Fault], heard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then given up without a fuss, and without its address in the log."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with Watchman() as watchman, capture_logs() as logs:
        watchman.faults.extend(faults)
        ping(f"{watchman.origin}/secret-uuid", good=True)
        assert ["/secret-uuid"] * heard == watchman.heard
    assert (["ping.failed"] if len(faults) > 2 else []) == [entry["event"] for entry in logs]
    assert "secret-uuid" not in str(logs)


def test_a_poll_that_never_ends_is_told(ground: Ground) -> None:
    """It hangs and says nothing of itself: after half an hour the ticks beside it do, once."""
    ground.restart(imap_url="imap://news@127.0.0.1:1/INBOX", imap_password=SecretStr("x"))
    told = ground.through("2026-03-08 12:00", 2)
    assert 1 == len(told)
    assert "has not been read completely since 2026-03-08 12:00 UTC" in told[0]
    ground.service.pulse.polled()
    ground.service.watch.works("mailbox")
    assert 1 == len(ground.through("2026-03-08 14:00", 0.4))
