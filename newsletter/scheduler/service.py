"""What a tick does: prepare what arXiv has announced, plan for the readers who are due, send, and poll the mailbox."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, partial

import structlog

from newsletter import app, pipeline
from newsletter.alarms import Pulse, Watch, domains
from newsletter.errors import (
    ArchiveUnwritable,
    ArxivError,
    ArxivRefused,
    ConfigurationError,
    NewsletterError,
    StoreError,
    TransportRefused,
)
from newsletter.models import Finding, Masthead
from newsletter.pipeline import Due
from newsletter.readers import Counter, in_force
from newsletter.readers.in_force import Follower
from newsletter.replies import receiving
from newsletter.scheduler import weekly
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.hours import in_time, is_open, last_hour
from newsletter.times.waiting import SHORTEST_POLL, email_waits_until, missing_issue, overdue_by, poll_pause

log = structlog.get_logger()

_AFTER_REFUSAL = timedelta(hours=6)  # arXiv asks those whom it refuses (403) to stop, not to try again soon
BACKWARDS = timedelta(minutes=1)  # a clock that is corrected by less is no news
_LOOK_BACK = 10  # issues


def _idle() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Service:
    """What a tick needs to remember: the subscriber list it follows, when to ask arXiv again, and who was due last."""

    settings: Settings
    counter: Counter
    stopping: threading.Event = field(default_factory=threading.Event)
    idle: threading.Event = field(default_factory=_idle)
    read: threading.Event = field(default_factory=_idle)  # no poll of the mailbox is under way
    pulse: Pulse = field(init=False)
    watch: Watch = field(init=False)
    _list: Follower = field(init=False)
    _told: str | tuple[Finding, ...] | None = None  # what is wrong with the subscriber list, as it was last logged
    _ask_next: tuple[date, datetime] | None = None  # for which announcement, and when arXiv may be asked again
    _looked: datetime | None = None  # when the readers who were due were last planned
    _seen: datetime | None = None  # what the clock showed at the last tick

    def __post_init__(self) -> None:
        ping_url = self.settings.ping_url.get_secret_value() if self.settings.ping_url else None
        self.pulse = Pulse(now=self.counter.now, polling=self.counter.now() if self.counter.open_mailbox else None)
        self.watch = Watch(self.counter.alarms, self.counter.data_dir, ping_url)
        self._list = Follower(self.counter)

    def tick(self) -> None:
        """Prepare what arXiv has announced, and send what is due. Errors are reported; the next tick tries again."""
        self.idle.clear()
        try:
            if not self.stopping.is_set():
                self.pulse.beat()
                self._tick()
                self.pulse.last_tick = self.counter.now()
                self.watch.works("service")
        except Exception as error:
            self._failed(error)
        finally:
            self.counter.store.rest()
            self.idle.set()

    def _failed(self, error: Exception) -> None:
        """No error while reporting it may end the loop."""
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
                receiving.poll(self.counter, stop=self.stopping.is_set)
                self.pulse.last_poll = self.counter.now()
                self.watch.works("mailbox")
        except NewsletterError as error:
            log.warning("poll.failed", error=str(error))
            self._mailbox_failed(error)
        except Exception as error:
            log.exception("poll.failed")
            self._mailbox_failed(error)
        finally:
            self.counter.store.rest()
            self.read.set()

    def _mailbox_failed(self, error: Exception) -> None:
        try:
            self.watch.failed("mailbox", error)
        except NewsletterError as untold:
            log.warning("trouble.not-told", error=str(untold))

    def _tick(self) -> None:
        masthead = self._current_list()
        with app.open_desk(self.settings, self.counter, masthead, progress=self.pulse.beat) as desk:
            self._notice_clock(desk.now())
            self._tell_of_list()
            asked = self._prepare(desk)
            sent = self._send(desk)
        known = desk.store.issues(_LOOK_BACK)
        self.pulse.overdue = missing_issue(known, masthead.newsletter, desk.now())
        self.watch.announcement(self.pulse.overdue, asked=asked)
        self.watch.mailbox(self.pulse.unread_since())
        self.watch.disk()
        weekly.tell(self.counter.store, self.counter.alarms)
        self.watch.settle(sent=sent)

    def _notice_clock(self, now: datetime) -> None:
        """What was planned by a clock that ran ahead would be waited for until that time comes again."""
        if self._seen is not None and now < self._seen - BACKWARDS:
            log.warning("clock.went-back", by=str(self._seen - now))
            self._ask_next = self._looked = None
        self._seen = now

    def _tell_of_list(self) -> None:
        """A file that cannot be used or waits for confirmation, or an entry of it that is skipped."""
        if self._told:
            problem = self._told if isinstance(self._told, str) else "; ".join(map(str, self._told))
            self.watch.wrong("roster", problem)
        else:
            self.watch.right("roster")

    def _send(self, desk: pipeline.Desk) -> bool:
        """Plan and send what is due; whether emails went out and all of them did."""
        now = desk.now()
        pipeline.plan(desk, pipeline.Editor(desk), self._waiting(desk, now))
        self._looked = now
        domains.ended(desk.store, self.counter.alarms, now)
        try:
            tally = pipeline.send(desk, stop=self.stopping.is_set)
        except TransportRefused as error:
            log.error("transport.refused", error=str(error))  # who sends has told of it
            return False
        if tally.accepted or tally.failed or tally.waiting:
            log.info("mails.sent", accepted=tally.accepted, waiting=tally.waiting, failed=tally.failed)
        return bool(tally.accepted and not tally.waiting)

    def _waiting(self, desk: pipeline.Desk, now: datetime) -> Iterator[Sequence[Due]]:
        """The readers whose hour has come, page by page, each with the issues that belong into the email of it."""
        held = pipeline.held_issues(desk)
        issue_of = cache(desk.store.issue)
        for group in pipeline.groups(desk):
            moment = last_hour(group.hours, now)
            if moment is None or not is_open(group.hours, moment, now):
                continue
            late = overdue_by(issue_of, moment)
            if late in held:
                late = None  # it is here: what is missing are scores, and who is due knows how long to wait for those
            if late and now < email_waits_until(group.hours, moment):
                continue
            carries = partial(in_time, moment=moment, now=now, looked=self._looked, held=held)
            # An email that is dated in the future was sent by a clock that ran ahead, and served no hour that has come.
            until = now + BACKWARDS
            yield from pipeline.due_of(desk, group, carries=carries, since=moment, until=until, late=late)

    def _current_list(self) -> Masthead:
        """The file as it is now; if it is broken, the last good one stays in force. Each mistake is reported once."""
        try:
            found = self._list.look()
        except ConfigurationError as error:
            last = in_force.last_good(self.counter.store)
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

    def _prepare(self, desk: pipeline.Desk) -> bool:
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
            self._ask_next = (newest, now + (_AFTER_REFUSAL if isinstance(error, ArxivRefused) else SHORTEST_POLL))
            log.error("arxiv.failed", error=str(error), next_try=f"{self._ask_next[1]:%H:%M} UTC")
            self.watch.arxiv(error)
            return False
        next_try = now + poll_pause(now - calendar.announced_at(newest))
        self._ask_next = (newest, next_try)
        for issue in issues:
            log.info("issue.prepared", issue=str(issue.date), collected=issue.collected, picked=issue.picked)
        for day in not_out:
            log.info("issue.awaited", issue=str(day), next_try=f"{next_try:%H:%M} UTC")
        self._publish(desk)
        return True

    def _publish(self, desk: pipeline.Desk) -> None:
        """No mail waits for the archive; the next issue writes the missing pages."""
        try:
            pipeline.publish(desk)
        except ArchiveUnwritable as error:
            log.error("archive.failed", error=str(error))
            self.counter.alarms.trouble("archive", str(error), "the next issue writes the missing pages")
        else:
            self.counter.alarms.over("archive")


def _about(error: Exception) -> str:
    """The kind of problem behind an error that ended a tick."""
    return "roster" if isinstance(error, ConfigurationError) else "service"
