"""What a tick does: prepare what arXiv has announced, plan for the readers who are due, send, and poll the mailbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache, partial

import structlog

from newsletter import app, pipeline
from newsletter.alarms import Pulse, Watch, domains
from newsletter.delivery.lease import Lease
from newsletter.errors import (
    ArchiveUnwritable,
    ArxivError,
    ArxivRefused,
    ConfigurationError,
    NewsletterError,
    StoreError,
    TransportRefused,
)
from newsletter.models import DeliveryState, Finding, Masthead
from newsletter.pipeline import Due
from newsletter.ports import Queue
from newsletter.readers import Counter, departing, in_force, joining
from newsletter.readers.in_force import Follower
from newsletter.replies import inviting, moving, probing, receiving
from newsletter.scheduler import outlook, weekly
from newsletter.settings import Settings
from newsletter.times import calendar
from newsletter.times.hours import in_time, is_open, last_hour
from newsletter.times.waiting import SHORTEST_POLL, email_waits_until, missing_issue, overdue_by, poll_pause

log = structlog.get_logger()

_AFTER_REFUSAL = timedelta(hours=6)  # arXiv asks those whom it refuses (403) to stop, not to try again soon
BACKWARDS = timedelta(minutes=1)  # a clock that is corrected by less is no news
_LOOK_BACK = 10  # issues
_NAMED = 3  # findings of the list that the administrator is told
_RETURN, _LOOK = 600.0, 10.0  # seconds until an email to ourselves is back, and between two looks


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
    seconds: Callable[[], float] = time.monotonic
    lease: Lease | None = None  # where others use the ledger too: of two services one does the work
    queue: Queue | None = None  # of workers who send what is planned here
    shows_only: bool = False  # pages, and what it does otherwise another process does
    idle: threading.Event = field(default_factory=_idle)
    read: threading.Event = field(default_factory=_idle)  # no poll of the mailbox is under way
    wanted: threading.Event = field(default_factory=threading.Event)  # a tick between the minutes; none has begun since
    pulse: Pulse = field(init=False)
    watch: Watch = field(init=False)
    _list: Follower = field(init=False)
    _told: str | tuple[Finding, ...] | None = None  # what is wrong with the subscriber list, as it was last logged
    _ask_next: tuple[date, datetime] | None = None  # for which announcement, and when arXiv may be asked again
    _looked: datetime | None = None  # when the readers who were due were last planned
    _owed: bool = False  # emails were planned that workers had not all sent at the last look
    _mirrored: tuple[object, ...] | None = None  # the archive as its pages were last made from another machine's days
    _seen: datetime | None = None  # what the clock showed at the last tick
    _one: threading.Lock = field(default_factory=threading.Lock)  # at a time; a tick may be asked for during one

    def __post_init__(self) -> None:
        ping_url = self.settings.ping_url.get_secret_value() if self.settings.ping_url else None
        self.pulse = Pulse(now=self.counter.now, seconds=self.seconds)
        if self.counter.open_mailbox:
            self.pulse.awaits_poll()
        self.watch = Watch(self.counter.alarms, self.counter.data_dir, ping_url)
        self._list = Follower(self.counter)

    def tick(self) -> None:
        """Prepare what arXiv has announced, and send what is due. Errors are reported; the next tick tries again."""
        with self._one:
            self._tick_if_allowed()

    def _tick_if_allowed(self) -> None:
        self.wanted.clear()
        self.idle.clear()
        try:
            if not self.stopping.is_set():
                self.pulse.beat()
                if not self.shows_only and self._is_mine(app.LEADS):
                    self._tick()
                    self.watch.works("service")
                else:
                    self._mirror()
                self.pulse.ticked()
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
                if self._is_mine("mailbox"):
                    receiving.poll(self.counter, stop=self.stopping.is_set)
                self.pulse.polled()
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

    def _mirror(self) -> None:
        """Pages of the archive, as the machine that does the work has published its days."""
        store, listed = self.counter.store, in_force.last_good(self.counter.store)
        state = (*store.archive_state(), listed and listed.masthead.newsletter)
        if listed is None or state == self._mirrored:
            return
        try:
            with app.open_desk(self.settings, self.counter, listed.masthead, lease=self.lease) as desk:
                pipeline.mirror(desk)
        except ArchiveUnwritable as error:
            log.error("archive.failed", error=str(error))  # this machine's own: the one that works says how that goes
            return
        self._mirrored = state

    def _is_mine(self, name: str) -> bool:
        """Whether this process does what one alone does, for as long as it lives."""
        return self.lease is None or self.counter.store.take_lease(name, self.lease.owner)

    def try_plus_address(self) -> None:
        """Once for each reply address: whether what is sent behind a plus sign arrives where we read."""
        counter = self.counter
        try:
            if self._returns(plus_address=True):
                probing.works(counter)
            elif self._returns(plus_address=False):
                probing.fails(counter)
                letterhead = replace(counter.letterhead, plus_addressing=False)
                self.counter = replace(counter, letterhead=letterhead)
        except NewsletterError as error:
            log.warning("plus-address.not-tried", error=str(error))
        except Exception:
            log.exception("plus-address.not-tried")

    def _returns(self, *, plus_address: bool) -> bool:
        if self.stopping.is_set():
            return False
        found = probing.probe(
            self.counter, plus_address=plus_address, within=_RETURN, pause=_LOOK, wait=self.stopping.wait
        )
        log.info("plus-address.tried", plus=plus_address, problem=found.problem)
        return found.problem is None

    @property
    def tries_plus_address(self) -> bool:
        """Whether it is not known yet, and can be."""
        counter, settings = self.counter, self.settings
        if counter.open_mailbox is None or settings.kind.folder or not settings.plus_addressing:
            return False
        return not probing.is_known(counter.store, counter.letterhead)

    def _mailbox_failed(self, error: Exception) -> None:
        try:
            self.watch.failed("mailbox", error)
        except NewsletterError as untold:
            log.warning("trouble.not-told", error=str(untold))

    def _tick(self) -> None:
        masthead = self._current_list()
        with app.open_desk(self.settings, self.counter, masthead, progress=self.pulse.beat, lease=self.lease) as desk:
            if self._seen is None:
                outlook.tell(desk, self.settings)
                if problem := joining.problem(masthead, desk.letterhead, self.settings.admin_email):
                    log.warning("join.shut", problem=problem)
            self._notice_clock(desk.now())
            self._tell_of_list()
            if not pipeline.is_published_so(desk):
                self._publish(desk)
            asked = self._prepare(desk)
            sent = self._send(desk)
            self._let_in(desk)
            pipeline.clear_old(desk.store, desk.now(), self.counter.keep, stop=self.stopping.is_set)
            departing.depart(self.counter, stop=self.stopping.is_set)
        known = desk.store.issues(_LOOK_BACK)
        self.pulse.overdue = missing_issue(known, masthead.newsletter, desk.now(), desk.holidays)
        self.watch.announcement(self.pulse.overdue, asked=asked)
        self.watch.mailbox(self.pulse.unread_since())
        self.watch.disk()
        weekly.tell(self.counter.store, self.counter.alarms)
        self.watch.settle(sent=sent)

    def _notice_clock(self, now: datetime) -> None:
        """What was planned by a clock that ran ahead would be waited for until that time comes again."""
        went_back = self._seen is not None and now < self._seen - BACKWARDS
        if self._seen is not None and went_back:
            log.warning("clock.went-back", by=str(self._seen - now))
            self._ask_next = self._looked = None
            self.watch.begin_anew()
        if self._seen is None or went_back:  # it may have been set while the service was down
            self.counter.store.set_back(now)
        self._seen = now

    def _tell_of_list(self) -> None:
        """A file that cannot be used or waits for confirmation, or an entry of it that is skipped."""
        broken = self._told if isinstance(self._told, str) else ""
        left_out = self._told if isinstance(self._told, tuple) else ()
        for key, problem in (("roster", broken), ("entries", _first(left_out))):
            if problem:
                self.watch.wrong(key, problem)
            elif not (key == "entries" and broken):  # nobody knows what the broken file would say of them
                self.watch.right(key)

    def _send(self, desk: pipeline.Desk) -> bool:
        """Plan and send what is due; whether emails went out and all of them did."""
        now = desk.now()
        planning = pipeline.Planning(desk, pipeline.Editor(desk), self._waiting(desk, now))
        domains.ended(desk.store, self.counter.alarms, now)
        try:
            if self.queue:
                return self._have_sent(desk, planning, self.queue)
            tally = pipeline.send(desk, planning, stop=self.stopping.is_set)
        except TransportRefused as error:
            log.error("transport.refused", error=str(error))  # who sends has told of it
            return False
        finally:
            if planning.is_finished:
                self._looked = now
        if tally.accepted or tally.failed or tally.waiting:
            log.info("mails.sent", accepted=tally.accepted, waiting=tally.waiting, failed=tally.failed)
        return bool(tally.accepted and not tally.waiting and not tally.unaccepted)

    def _have_sent(self, desk: pipeline.Desk, planning: pipeline.Planning, queue: Queue) -> bool:
        """Workers send while this plans: the first page calls them. Whether all of what was planned has been sent."""
        waiting, lost = (DeliveryState.QUEUED, DeliveryState.SENDING), None
        if (planning.more() and planning.planned) or desk.store.unsent(waiting)[0]:
            try:
                self._call(desk, queue)
            except StoreError as error:
                lost = error  # what is planned can be sent as soon as the queue is there again
        while not self.stopping.is_set() and planning.more():
            continue
        self._owed = self._owed or bool(planning.planned)
        if lost:
            raise lost
        if not self._owed or desk.store.unsent(waiting)[0]:
            return False
        self._owed = False
        return True

    def _call(self, desk: pipeline.Desk, queue: Queue) -> None:
        """Have workers send what is due; the administrator is told if there are none."""
        if queue.wake() or not desk.store.due_now(desk.now()):
            self.counter.alarms.over("workers")
        else:
            self.counter.alarms.trouble("workers", *pipeline.NOBODY_SENDS)

    def _let_in(self, desk: pipeline.Desk) -> None:
        """Behind the morning's own emails: what is written to whoever asked to join, and the welcome of those in."""
        moving.settle(self.counter, stop=self.stopping.is_set)
        inviting.settle(self.counter, stop=self.stopping.is_set)
        if pipeline.welcome(desk, stop=self.stopping.is_set):
            self._send(desk)

    def _waiting(self, desk: pipeline.Desk, now: datetime) -> Iterator[Sequence[Due]]:
        """The readers whose hour has come, page by page, each with the issues that belong into the email of it."""
        held = pipeline.held_issues(desk)
        issue_of = cache(desk.store.issue)
        for group in pipeline.groups(desk):
            moment = last_hour(group.hours, now)
            if moment is None or not is_open(group.hours, moment, now):
                continue
            late = overdue_by(issue_of, moment, desk.holidays)
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
            found = self._list.look() if self.lease is None else self._list.look_here()
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
        for one in not_out:
            unsure = {"holiday": one.holiday} if one.holiday else {}
            log.info("issue.awaited", issue=str(one.day), next_try=f"{next_try:%H:%M} UTC", **unsure)
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


def _first(findings: Sequence[Finding]) -> str:
    """The first of them, for an email; `newsletter status` and `check` show all."""
    more = [f"and {len(findings) - _NAMED} more"] if len(findings) > _NAMED else []
    return "; ".join([*map(str, findings[:_NAMED]), *more])


def _about(error: Exception) -> str:
    """The kind of problem behind an error that ended a tick."""
    return "roster" if isinstance(error, ConfigurationError) else "service"
