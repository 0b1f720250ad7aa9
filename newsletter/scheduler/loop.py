"""The loop: a tick every minute, until the service is told to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter import app
from newsletter.app.pulse import Pulse
from newsletter.scheduler.service import Service
from newsletter.settings import Settings

log = structlog.get_logger()

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
