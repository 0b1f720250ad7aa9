"""`newsletter worker`: sends what another machine has planned."""

from __future__ import annotations

import structlog

from newsletter import app
from newsletter.cli.stopping import noted
from newsletter.errors import ConfigurationError
from newsletter.models import Finding
from newsletter.settings import Settings

log = structlog.get_logger()


def worker(settings: Settings, slots: int, only: str) -> None:
    """Returns when the process has been told to stop; emails that are on their way are finished."""
    if unknown := [name for name in only.split(",") if name != "send"]:
        raise ConfigurationError([Finding("--only", None, f"{unknown[0]!r} is no kind of job", "write send")])
    refuse_one_machine(settings)
    from newsletter import jobs  # with packages that only workers have

    with app.open_counter(settings) as counter, noted() as told:
        jobs.open_queue(settings, counter.store)
        with jobs.workers(settings, counter, slots, told) as working:
            log.info("worker.started", slots=slots, lease=settings.lease)
            working.run()
    log.info("worker.stopped")


def refuse_one_machine(settings: Settings) -> None:
    """Raises ConfigurationError for what cannot be shared with another process."""
    findings = []
    if settings.ledger_file or not settings.database_url:
        problem = "workers share a ledger on a server, and this one is a file"
        remedy = "move it with `newsletter move`, or send with `newsletter serve` alone"
        findings.append(Finding("NEWSLETTER_DATABASE_URL", None, problem, remedy))
    if settings.kind.folder:
        problem = f"{settings.transport} writes emails into a folder of this machine"
        findings.append(Finding("NEWSLETTER_TRANSPORT", None, problem, "choose one that sends, such as smtp"))
    if findings:
        raise ConfigurationError(findings)
