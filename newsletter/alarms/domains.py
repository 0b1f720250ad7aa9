"""A server that refuses us for what we are: nobody is suppressed, its domain waits, and the administrator is told."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
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
    tell(alarm, pause(store, email, permanent=permanent, why=why, now=now))


def pause(store: Store, email: str, *, permanent: bool, why: str, now: datetime) -> DomainPause:
    """The same, without telling anybody yet."""
    domain = email.rpartition("@")[2].lower()
    paused = DomainPause(domain, now + (_UNWANTED if permanent else _TOO_FAST), why[:500])
    log.warning("domain.paused", domain=domain, until=paused.until.isoformat(), reason=why)
    store.pause_domain(paused)
    return paused


def tell(alarm: Alarm, paused: DomainPause) -> None:
    """That the readers of a domain have to wait."""
    waits = f"its readers' emails wait until {paused.until:%Y-%m-%d %H:%M} UTC"
    alarm.trouble(
        f"{_TROUBLE}{paused.domain}",
        f"{paused.domain} refuses our emails ({paused.why[:200]}); {waits}",
        "check SPF, DKIM, DMARC and the reputation of the sending address; no reader was removed",
    )


def lift(store: Store, alarm: Alarm, domains: Container[str], now: datetime) -> None:
    """It was not these domains: everybody refuses us, and emails go out again as soon as that is fixed."""
    for paused in store.paused_domains(now):
        if paused.domain in domains:
            store.pause_domain(replace(paused, until=now))
    ended(store, alarm, now)


def ended(store: Store, alarm: Alarm, now: datetime) -> None:
    """Tell of domains that get mail again."""
    paused = {f"{_TROUBLE}{one.domain}" for one in store.paused_domains(now)}
    for trouble in store.troubles():
        if trouble.key.startswith(_TROUBLE) and trouble.ended is None and trouble.key not in paused:
            alarm.over(trouble.key)
