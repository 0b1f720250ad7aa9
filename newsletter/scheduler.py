"""On time: a tick every minute asks the ledger what is due."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter import app, pipeline
from newsletter.app.publish import publish
from newsletter.collect import calendar
from newsletter.errors import NewsletterError
from newsletter.models import Finding, Reader, Roster
from newsletter.pipeline import Due
from newsletter.settings import Settings

log = structlog.get_logger()

_TICK_SECONDS = 60
_POLL = timedelta(minutes=10)  # between two questions to arXiv while an announcement is awaited
LATE = timedelta(hours=3)  # an announcement due this long before a reader's hour may still come into that mail
_PROMPT = timedelta(minutes=15)  # how long after a reader's hour it still counts as that hour


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Prepare and send on time while the block lasts; at its end the mail in flight is finished."""
    service = Service(settings)
    with app.work_folder(settings, "serve", wait=True):
        scheduler = BackgroundScheduler(timezone="UTC")
        # Late is better than never (the default drops a job that is a second late), and never two at once.
        scheduler.add_job(
            service.tick,
            "interval",
            seconds=_TICK_SECONDS,
            next_run_time=app.utc_now(),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        scheduler.start()
        try:
            yield
        finally:
            service.stopping.set()
            scheduler.shutdown(wait=True)


@dataclass
class Service:
    """What a tick needs to remember: the last good roster, and when arXiv was last asked."""

    settings: Settings
    stopping: threading.Event = field(default_factory=threading.Event)
    _roster: Roster | None = None
    _told: tuple[Finding, ...] = ()
    _asked: datetime | None = None

    def tick(self) -> None:
        """Prepare what arXiv has announced, and send what is due. Errors are logged; the next tick tries again."""
        try:
            self._tick()
        except NewsletterError as error:
            log.error("tick.failed", error=str(error))
        except Exception:
            log.exception("tick.failed")

    def _tick(self) -> None:
        roster = self._current_roster()
        with app.open_desk(self.settings, roster) as desk:
            self._prepare(desk)
            mails = desk.store.last_mails()
            waiting = [
                one
                for one in pipeline.due(desk, pipeline.active(desk))
                if (moment := last_hour(one.reader, desk.now())) and is_due(one, moment, desk.now(), mails)
            ]
            if waiting:
                pipeline.plan(desk, pipeline.Editor(desk), waiting)
            tally = pipeline.send(desk, stop=self.stopping.is_set)
            if tally.accepted or tally.failed or tally.waiting:
                log.info("mails.sent", accepted=tally.accepted, waiting=tally.waiting, failed=tally.failed)

    def _current_roster(self) -> Roster:
        """The file as it is now; a broken one leaves the last good roster in force."""
        try:
            roster = app.load_roster(self.settings)
        except NewsletterError as error:
            if self._roster is None:
                raise
            log.error("roster.broken", error=str(error))
            return self._roster
        if roster.findings != self._told:
            for finding in roster.findings:
                log.warning("roster.entry-left-out", finding=str(finding))
            self._told = roster.findings
        self._roster = roster
        return roster

    def _prepare(self, desk: pipeline.Desk) -> None:
        now = desk.now()
        if self._asked is not None and now - self._asked < _POLL:
            return
        newest = calendar.newest(now)
        held = desk.store.issue(newest)
        if held is not None and held.state != "collected" and not held.missing:
            return
        self._asked = now
        issues, not_out = pipeline.prepare_days(desk, None)
        for issue in issues:
            log.info("issue.prepared", issue=str(issue.date), collected=issue.collected, picked=issue.picked)
        for day in not_out:
            log.info("issue.awaited", issue=str(day))
        publish(self.settings, desk)


def last_hour(reader: Reader, now: datetime) -> datetime | None:
    """The newest moment, UTC-comparable, at which this reader's mail was due: their hour on one of their days."""
    zone = ZoneInfo(reader.timezone)
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        moment = datetime.combine(day, reader.send_at, zone)
        if day.isoweekday() in reader.days and moment <= now:
            return moment
    return None


def is_due(one: Due, moment: datetime, now: datetime, mails: Mapping[int, datetime]) -> bool:
    """Whether the mail goes out now for the hour `moment`: once for each hour, and only what that hour could know."""
    if one.subscriber.added > moment or mails.get(one.subscriber.id, moment - timedelta(days=1)) >= moment:
        return False
    zone = ZoneInfo(one.reader.timezone)
    if now.astimezone(zone).date() != moment.astimezone(zone).date():
        return False
    return _known_by(one.issues, moment, now)


def _known_by(issues: Sequence[date], moment: datetime, now: datetime) -> bool:
    announced = calendar.announced_at(issues[-1])
    return announced <= moment if now - moment < _PROMPT else announced + LATE <= moment
