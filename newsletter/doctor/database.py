"""Checks of the server that holds the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from newsletter.models import Finding
from newsletter.settings import Settings
from newsletter.store import Store

_SKEW = timedelta(seconds=60)
_WHERE = "NEWSLETTER_DATABASE_URL"


def database(settings: Settings, store: Store, now: datetime) -> list[Finding]:
    """Nothing for a ledger in a file."""
    return [Finding(_WHERE, None, *said, fatal=False) for said in _said(settings, store, now)]


def _said(settings: Settings, store: Store, now: datetime) -> Iterator[tuple[str, str]]:
    server = store.server()
    if server is None:
        return
    if settings.kind.folder:
        problem = "each machine writes emails into a folder of its own, since the transport is outbox"
        yield problem, "set NEWSLETTER_TRANSPORT to send them"
    if not server.keeps_commits:
        problem = "the server forgets its last changes in a crash, so emails of that moment would be sent again"
        yield problem, "set synchronous_commit=on in postgresql.conf"
    if abs(server.clock - now) > _SKEW:
        problem = f"the server's clock shows {server.clock:%Y-%m-%d %H:%M:%S} UTC, this machine's {now:%H:%M:%S}"
        yield problem, "set both by NTP"
