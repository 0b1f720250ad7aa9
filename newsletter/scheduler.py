"""On time: a tick every minute asks the ledger what is due."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter import app, pipeline
from newsletter.app import in_force, receiving
from newsletter.app.alarms import Alarms
from newsletter.app.in_force import Follower
from newsletter.app.publish import publish
from newsletter.app.pulse import Pulse
from newsletter.app.watching import Watch, beyond_wait
from newsletter.collect import calendar
from newsletter.errors import (
    ArxivError,
    ArxivRefused,
    ConfigurationError,
    NewsletterError,
    StoreError,
    TransportRefused,
)
from newsletter.models import Finding, Hours, Issue, IssueState, Masthead
from newsletter.pipeline import Due
from newsletter.settings import Settings

log = structlog.get_logger()

_SHORTEST_POLL, _LONGEST_POLL = timedelta(minutes=10), timedelta(minutes=30)
_AFTER_REFUSAL = timedelta(hours=6)  # arXiv asks those whom it refuses (403) to stop, not to try again soon
LATE = timedelta(hours=3)  # an announcement due this long before a reader's hour may still come into that mail
_PROMPT = timedelta(minutes=15)  # how long after a reader's hour it still counts as that hour
_MISSED = timedelta(hours=12)  # how long after an hour that was slept through its mail still comes, also past midnight
_BACKWARDS = timedelta(minutes=1)  # a clock that is corrected by less is no news
_LAST_SECONDS = 5  # that a tick has to end when the service stops


@contextmanager
def running(settings: Settings) -> Iterator[Pulse]:
    """Prepare and send on time while the block lasts; the caller holds the data folder's lock.

    The pulse tells how it goes. At the end the mail in flight is finished; a tick that waits for a silent server beyond
    that ends the process.
    """
    service = Service(settings)
    scheduler = BackgroundScheduler(timezone="UTC")
    for job in [service.tick, *([service.poll] if settings.imap_url else [])]:
        add_job(scheduler, job)
    try:
        with _signals_held_back():
            scheduler.start()
        yield service.pulse
    finally:
        service.stopping.set()
        if not (service.idle.wait(_LAST_SECONDS) and service.read.wait(_LAST_SECONDS / 2)):
            # A model may be silent for minutes, a SIGTERM is followed by a SIGKILL after ten seconds. All that was
            # answered or sent is in the ledger, so this loses no more than that, and says so.
            log.warning("tick.cut-off", seconds=_LAST_SECONDS)
            os._exit(0)
        scheduler.shutdown(wait=True)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """A handler that raises between two lines of a lock leaves it broken: what comes is heard at the block's end."""
    caught: list[int] = []
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda caught_one, _: caught.append(caught_one)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        signal.raise_signal(caught[0])


def add_job(scheduler: BackgroundScheduler, job: Callable[[], None]) -> None:
    """Now, and then at each full minute, which is when readers' hours begin.

    Late is better than never (the default drops a job that is a second late), and never two at once.
    """
    options = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    scheduler.add_job(job, "cron", second=0, next_run_time=app.utc_now(), **options)


def _idle() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Service:
    """What a tick needs to remember: the roster it follows, when to ask arXiv again, and who was due last."""

    settings: Settings
    now: Callable[[], datetime] = app.utc_now
    stopping: threading.Event = field(default_factory=threading.Event)
    idle: threading.Event = field(default_factory=_idle)
    read: threading.Event = field(default_factory=_idle)  # no poll of the mailbox is under way
    pulse: Pulse = field(init=False)
    watch: Watch = field(init=False)
    _roster: Follower = field(default_factory=Follower)
    _told: str | tuple[Finding, ...] | None = None  # what is wrong with the roster, as it was last logged
    _ask_next: tuple[date, datetime] | None = None  # for which announcement, and when arXiv may be asked again
    _looked: datetime | None = None  # when the readers who were due were last planned
    _seen: datetime | None = None  # what the clock showed at the last tick

    def __post_init__(self) -> None:
        self.pulse = Pulse(now=lambda: self.now())
        self.watch = Watch(self.settings, now=lambda: self.now())

    def tick(self) -> None:
        """Prepare what arXiv has announced, and send what is due. Errors are told; the next tick tries again."""
        self.idle.clear()
        try:
            if not self.stopping.is_set():
                self.pulse.beat()
                self._tick()
                self.pulse.last_tick = self.now()
                self.watch.works("service")
        except Exception as error:
            self._failed(error)
        finally:
            self.idle.set()

    def _failed(self, error: Exception) -> None:
        """Nothing that goes wrong in telling of it may end the loop."""
        if isinstance(error, NewsletterError):
            log.error("tick.failed", error=str(error))
        else:
            log.exception("tick.failed")
        try:
            if isinstance(error, StoreError):
                self.watch.ledger(error)
            else:
                self.watch.failed(_about(error), error, patience=timedelta())
        except Exception:
            log.exception("trouble.not-told")

    def poll(self) -> None:
        """Read the mailbox and act. In a job of its own: a morning may take minutes, and leaving does not wait."""
        self.read.clear()
        try:
            if not self.stopping.is_set():
                receiving.poll(self.settings, stop=self.stopping.is_set)
                self.pulse.last_poll = self.now()
                self.watch.works("mailbox")
        except NewsletterError as error:
            log.warning("poll.failed", error=str(error))
            self._mailbox_failed(error)
        except Exception as error:
            log.exception("poll.failed")
            self._mailbox_failed(error)
        finally:
            self.read.set()

    def _mailbox_failed(self, error: Exception) -> None:
        try:
            self.watch.failed("mailbox", error)
        except NewsletterError as untold:
            log.warning("trouble.not-told", error=str(untold))

    def _tick(self) -> None:
        roster = self._current_roster()
        with app.open_desk(self.settings, roster, now=self.now, progress=self.pulse.beat) as desk:
            self._notice_clock(desk.now())
            with self.watch.alarms(desk.store) as alarms:
                self._tell_of_roster(alarms)
                asked = self._prepare(desk, alarms)
                sent = self._send(desk, alarms)
                self.pulse.overdue = beyond_wait(desk.store, roster.newsletter, desk.now())
                self.watch.announcement(alarms, self.pulse.overdue, asked=asked)
                self.watch.disk(alarms)
                self.watch.settle(alarms, sent=sent)

    def _notice_clock(self, now: datetime) -> None:
        """What was planned by a clock that ran ahead would be waited for until that time comes again."""
        if self._seen is not None and now < self._seen - _BACKWARDS:
            log.warning("clock.went-back", by=str(self._seen - now))
            self._ask_next = self._looked = None
        self._seen = now

    def _tell_of_roster(self, alarms: Alarms) -> None:
        """A file that cannot be used, or is held back, or an entry of it that is left out."""
        if self._told:
            problem = self._told if isinstance(self._told, str) else "; ".join(map(str, self._told))
            self.watch.wrong(alarms, "roster", problem)
        else:
            self.watch.right(alarms, "roster")

    def _send(self, desk: pipeline.Desk, alarms: Alarms) -> bool:
        """Plan and send what is due; whether mails went out and all of them did."""
        now = desk.now()
        pipeline.plan(desk, pipeline.Editor(desk), self._waiting(desk, now))
        self._looked = now
        pipeline.domains.ended(desk.store, alarms, now)
        try:
            tally = pipeline.send(desk, stop=self.stopping.is_set)
        except TransportRefused as error:
            log.error("transport.refused", error=str(error))  # who sends has told of it
            return False
        if tally.accepted or tally.failed or tally.waiting:
            log.info("mails.sent", accepted=tally.accepted, waiting=tally.waiting, failed=tally.failed)
        return bool(tally.accepted and not tally.waiting)

    def _waiting(self, desk: pipeline.Desk, now: datetime) -> Iterator[Sequence[Due]]:
        """The readers whose hour has come, page by page, each with the issues that belong into the mail of it."""
        held = pipeline.held_issues(desk)
        issue_of = cache(desk.store.issue)
        for group in pipeline.groups(desk):
            moment = last_hour(group.hours, now)
            if moment is None or not is_open(group.hours, moment, now):
                continue
            late = overdue(issue_of, moment)
            if late in held:
                late = None  # it is here: what is missing are scores, and who is due knows how long to wait for those
            if late and now < wait_until(group.hours, moment):
                continue
            carries = partial(in_time, moment=moment, now=now, looked=self._looked, held=held)
            # A mail that is dated in the future was sent by a clock that ran ahead, and served no hour that has come.
            until = now + _BACKWARDS
            yield from pipeline.due_of(desk, group, carries=carries, since=moment, until=until, late=late)

    def _current_roster(self) -> Masthead:
        """The file as it is now; a broken one leaves the last good roster in force. What is wrong is said once."""
        try:
            found = self._roster.look(self.settings, self.now)
        except ConfigurationError as error:
            last = in_force.last_good(self.settings)
            if last is None:
                raise
            if str(error) != self._told:
                log.error("roster.broken", error=str(error))
            self._told = str(error)
            return last.masthead
        if found.findings != self._told:
            for finding in found.findings:
                log.warning("roster.entry-left-out", finding=str(finding))
        self._told = found.findings
        return found.masthead

    def _prepare(self, desk: pipeline.Desk, alarms: Alarms) -> bool:
        """Prepare what is missing, unless it is too early to ask arXiv again; whether arXiv is as it should be."""
        now = desk.now()
        newest = calendar.newest(now)
        if self._ask_next is not None and self._ask_next[0] == newest and now < self._ask_next[1]:
            return False
        if not pipeline.missed(desk, newest):
            return True
        try:
            issues, not_out = pipeline.prepare_days(desk, None, hold=True)
        except ArxivError as error:
            # What is ready goes out all the same.
            self._ask_next = (newest, now + (_AFTER_REFUSAL if isinstance(error, ArxivRefused) else _SHORTEST_POLL))
            log.error("arxiv.failed", error=str(error), next_try=f"{self._ask_next[1]:%H:%M} UTC")
            self.watch.arxiv(alarms, error)
            return False
        next_try = now + poll_pause(now - calendar.announced_at(newest))
        self._ask_next = (newest, next_try)
        for issue in issues:
            log.info("issue.prepared", issue=str(issue.date), collected=issue.collected, picked=issue.picked)
        for day in not_out:
            log.info("issue.awaited", issue=str(day), next_try=f"{next_try:%H:%M} UTC")
        publish(self.settings, desk)
        return True


def _about(error: Exception) -> str:
    """What an error that ends a tick is a trouble of."""
    return "roster" if isinstance(error, ConfigurationError) else "service"


def poll_pause(waited: timedelta) -> timedelta:
    """How long until an awaited announcement is asked for again: the longer it is late, the less often."""
    return min(max(waited / 4, _SHORTEST_POLL), _LONGEST_POLL)


def overdue(issue_of: Callable[[date], Issue | None], moment: datetime) -> date | None:
    """The newest announcement that was due well before this hour, where it is not ready.

    One that the ledger never had while it has the next was before its time, or too long ago to be caught up.
    """
    expected = calendar.newest(moment - LATE)
    issue = issue_of(expected)
    if issue is None:
        return expected if issue_of(calendar.following(expected)) is None else None
    return expected if issue.state is IssueState.COLLECTED else None


def wait_until(hours: Hours, moment: datetime) -> datetime:
    """How long the mail of this hour waits for a late announcement, UTC; never shorter than not at all."""
    zone = ZoneInfo(hours.timezone)
    limit = datetime.combine(moment.astimezone(zone).date(), hours.wait_until, zone).astimezone(UTC)
    return max(limit, moment)


def last_hour(hours: Hours, now: datetime) -> datetime | None:
    """The newest moment, UTC, at which mails of these hours were due: on one of their days.

    An hour that the clocks skip comes as much later, one that they repeat is its first.
    """
    zone = ZoneInfo(hours.timezone)
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        moment = datetime.combine(day, hours.send_at, zone).astimezone(UTC)
        if day.isoweekday() in hours.days and moment <= now:
            return moment
    return None


def is_open(hours: Hours, moment: datetime, now: datetime) -> bool:
    """Whether the hour `moment` may still be served: on its own local day, or soon after."""
    zone = ZoneInfo(hours.timezone)
    return now.astimezone(zone).date() == moment.astimezone(zone).date() or now - moment < _MISSED


def in_time(
    issues: tuple[date, ...],
    moment: datetime,
    now: datetime,
    looked: datetime | None,
    held: Container[date] = (),
) -> tuple[date, ...]:
    """The issues that the mail of the hour `moment` carries: those announced by then.

    Once that hour has been looked at, only what was due well before it may still come the same day. An hour over which
    the service slept, or prepared the day (`looked` lies before it), is an hour nobody has looked at. An issue that was
    `held` for want of scores has kept its readers waiting since their hour.
    """
    missed = looked is None or looked < moment or now - moment < _PROMPT
    allowed = moment if missed else moment - LATE
    return tuple(day for day in issues if calendar.announced_at(day) <= (moment if day in held else allowed))
