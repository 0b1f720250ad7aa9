"""The loop: a tick every minute, until the service is told to stop.

APScheduler waits by the monotonic clock, at most until the next full minute of the clock on the wall. What that clock
shows when the wait is over may be another day; `_Jobs` then runs what is planned now, and plans anew from there.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

import structlog
from apscheduler.job import Job
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.alarms import Pulse
from newsletter.delivery.lease import Lease
from newsletter.ports import Queue
from newsletter.readers import Counter
from newsletter.scheduler.service import Service
from newsletter.settings import Settings
from newsletter.times.clock import utc_now

log = structlog.get_logger()

_LAST_SECONDS = 4.0  # that a tick and a poll have to end when the service stops, after the web part's three
_MINUTE = timedelta(minutes=1)
_PAUSE = timedelta(seconds=2)  # from a wish for a tick to it: what many ask for at once is one tick


@contextmanager
def running(
    settings: Settings,
    counter: Counter,
    stopping: threading.Event,
    lease: Lease | None = None,
    queue: Queue | None = None,
    *,
    shows_only: bool = False,
) -> Iterator[Pulse]:
    """Prepare and send on time while the block lasts; the caller holds the data folder's lock.

    `lease` says that this process lives, where others use the ledger too; `queue` has workers send what is planned.
    `shows_only`: it makes the archive's pages and nothing else.
    The pulse tells how it goes. Signals must be noted meanwhile in `stopping`, not raised: between two lines of a lock
    that would leave it broken. At the end the email in flight is finished; a tick that waits for a silent server beyond
    that ends the process.
    """
    service = Service(settings, counter, stopping, lease=lease, queue=queue, shows_only=shows_only)
    scheduler = BackgroundScheduler(timezone="UTC", jobstores={"default": _Jobs()})
    try:
        scheduler.start()  # first: a job that is added before only says that it is waiting for this
        reads = counter.open_mailbox and not shows_only
        for job in [service.tick, *([service.poll] if reads else [])]:
            add_job(scheduler, job)
        if service.tries_plus_address and not shows_only:
            scheduler.add_job(service.try_plus_address)
        counter.bell.ring = partial(hurry, scheduler, service)
        yield service.pulse
    finally:
        stopping.set()
        deadline = time.monotonic() + _LAST_SECONDS
        if not all(done.wait(max(0.0, deadline - time.monotonic())) for done in (service.idle, service.read)):
            # A model may be silent for minutes, a SIGTERM is followed by a SIGKILL after ten seconds. All that was
            # answered or sent is in the ledger, so this loses no more than that, and says so.
            log.warning("tick.cut-off", seconds=_LAST_SECONDS)
            os._exit(0)
        scheduler.shutdown(wait=True)


def hurry(scheduler: BackgroundScheduler, service: Service) -> None:
    """One tick more, soon, unless there is one to come already."""
    if not (service.wanted.is_set() or service.stopping.is_set()):
        service.wanted.set()
        scheduler.add_job(service.tick, next_run_time=utc_now() + _PAUSE, misfire_grace_time=None)


class _Jobs(MemoryJobStore):  # type: ignore[misc]  # the package has no types
    """Jobs that run each minute, whatever happens to the clock on the wall.

    A run that is planned for more than a minute from now, or was due longer ago, was planned by a clock that has been
    set since. APScheduler would wait for it until that time comes again, or count every minute up to now.
    """

    def get_due_jobs(self, now: datetime) -> Sequence[Job]:
        for job in self.get_all_jobs():
            if job.next_run_time and abs(job.next_run_time - now) > _MINUTE:
                job.modify(next_run_time=now)
        return list(super().get_due_jobs(now))


def add_job(scheduler: BackgroundScheduler, job: Callable[[], None]) -> None:
    """Now, and then at each full minute, which is when readers' hours begin.

    Late is better than never (the default drops a job that is a second late), and never two at once.
    """
    options = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    scheduler.add_job(job, "cron", second=0, next_run_time=utc_now(), **options)
