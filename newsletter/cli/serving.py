"""`newsletter serve`: the loop and the web part over one ledger, from the first line to SIGTERM."""

from __future__ import annotations

from functools import partial

from newsletter import app, doctor, scheduler, web
from newsletter.cli.stopping import noted
from newsletter.settings import Settings


def serve(settings: Settings) -> None:
    """Returns when the process has been told to stop."""
    examine = partial(doctor.examine_service_or_stop, settings)
    with (
        app.open_examined(settings, examine) as (counter, _),
        app.work_folder(settings, counter.store, "serve", counter.now, wait=True),
        noted() as told,
        web.listen(settings.host, settings.port) as listening,
        scheduler.running(settings, counter, told) as pulse,
    ):
        door = web.Door(trusted=settings.trusted_proxies, metrics=settings.shows_metrics)
        web.run(counter, listening, pulse, told.is_set, door)
