"""`newsletter serve`: the loop and the web part over one ledger, from the first line to SIGTERM."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from newsletter import app, doctor, scheduler, web
from newsletter.alarms import Pulse
from newsletter.cli.stopping import noted
from newsletter.cli.working import refuse_one_machine
from newsletter.readers import Counter
from newsletter.settings import Settings


def serve(settings: Settings, *, web_only: bool = False, works: bool = True) -> None:
    """Returns when the process has been told to stop. `works`: with a shared ledger, it sends too."""
    if web_only:
        refuse_one_machine(settings)
    with (
        app.open_counter(settings) if web_only else _examined(settings) as counter,
        noted() as told,
        web.listen(settings.host, settings.port) as listening,
        _loop(settings, counter, told, web_only=web_only, works=works) as pulse,
    ):
        door = web.Door(trusted=settings.trusted_proxies, metrics=settings.shows_metrics)
        web.run(counter, listening, pulse, told.is_set, door)


@contextmanager
def _examined(settings: Settings) -> Iterator[Counter]:
    examine = partial(doctor.examine_service_or_stop, settings)
    with (
        app.open_examined(settings, examine) as (counter, _),
        app.work_folder(settings, counter.store, "serve", counter.now, wait=True),
    ):
        yield counter


@contextmanager
def _loop(
    settings: Settings, counter: Counter, told: threading.Event, *, web_only: bool, works: bool
) -> Iterator[Pulse]:
    """The loop; where the ledger is shared, it says that it lives, and what it plans is sent by whoever works."""
    if web_only:
        with scheduler.running(settings, counter, told, shows_only=True) as pulse:
            yield pulse
        return
    with ExitStack() as opened:
        lease, queue = None, None
        if counter.store.on_server:
            refuse_one_machine(settings)
            lease = app.new_lease(counter.store, "serve", settings.lease)
            opened.enter_context(lease.kept())
        if settings.queued:
            from newsletter import jobs  # with packages that only workers have

            queue = jobs.open_queue(settings, counter.store)
        pulse = opened.enter_context(scheduler.running(settings, counter, told, lease, queue))
        if queue and works:
            working = opened.enter_context(jobs.workers(settings, counter, 1, told))
            opened.enter_context(working.working())
        yield pulse
