"""Word by mail or webhook that a server refuses us for what we are."""

from __future__ import annotations

from datetime import datetime

from newsletter.app.desk import alarms_of, open_transport
from newsletter.pipeline import domains
from newsletter.ports import Store
from newsletter.settings import Settings


def refused(settings: Settings, store: Store, email: str, *, permanent: bool, why: str, now: datetime) -> None:
    """Let the reader's domain wait, and tell the administrator."""
    with open_transport(settings) as transport:
        alarms = alarms_of(settings, store, transport, lambda: now)
        domains.refused(store, alarms, email, permanent=permanent, why=why, now=now)
