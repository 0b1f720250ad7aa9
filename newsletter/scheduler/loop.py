"""The loop: a tick every minute, until the service is told to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.alarms import Pulse
from newsletter.readers import Counter
from newsletter.scheduler.service import Service
from newsletter.settings import Settings
from newsletter.times.clock import utc_now

log = structlog.get_logger()

_LAST_SECONDS = 5  # that a tick has to end when the service stops


@contextmanager
def running(settings: Settings, counter: Counter) -> Iterator[Pulse]:
    """Prepare and send on time while the block lasts; the caller holds the data folder's lock.

    The pulse tells how it goes. Signals must be noted meanwhile, not raised: between two lines of a lock that would
    leave it broken. At the end the email in flight is finished; a tick that waits for a silent server beyond that ends
    the process.
    """
    service = Service(settings, counter)
    scheduler = BackgroundScheduler(timezone="UTC")
    for job in [service.tick, *([service.poll] if counter.open_mailbox else [])]:
        add_job(scheduler, job)
    if service.tries_plus_address:
        scheduler.add_job(service.try_plus_address)
    try:
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


def add_job(scheduler: BackgroundScheduler, job: Callable[[], None]) -> None:
    """Now, and then at each full minute, which is when readers' hours begin.

    Late is better than never (the default drops a job that is a second late), and never two at once.
    """
    options = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    scheduler.add_job(job, "cron", second=0, next_run_time=utc_now(), **options)
