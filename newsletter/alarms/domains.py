"""A server that refuses us for what we are: nobody is suppressed, its domain waits, and the administrator is told."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from newsletter.models import DomainPause
from newsletter.ports import Alarm
from newsletter.store import Store

log = structlog.get_logger()

_TOO_FAST, _UNWANTED = timedelta(hours=1), timedelta(hours=6)
_TROUBLE = "domain "


def refused(store: Store, alarm: Alarm, email: str, *, permanent: bool, why: str, now: datetime) -> None:
    """Send nothing to this reader's domain for a while: an hour if we send too fast, six if we are rejected."""
    domain = email.rpartition("@")[2].lower()
    until = now + (_UNWANTED if permanent else _TOO_FAST)
    log.warning("domain.paused", domain=domain, until=until.isoformat(), reason=why)
    store.pause_domain(DomainPause(domain, until, why[:500]))
    alarm.trouble(
        f"{_TROUBLE}{domain}",
        f"{domain} refuses our emails ({why[:200]}); its readers' emails wait until {until:%Y-%m-%d %H:%M} UTC",
        "check SPF, DKIM, DMARC and the reputation of the sending address; no reader was removed",
    )


def ended(store: Store, alarm: Alarm, now: datetime) -> None:
    """Tell of domains that get mail again."""
    paused = {f"{_TROUBLE}{one.domain}" for one in store.paused_domains(now)}
    for trouble in store.troubles():
        if trouble.key.startswith(_TROUBLE) and trouble.ended is None and trouble.key not in paused:
            alarm.over(trouble.key)
