"""Old data goes once a day, a little at a time; what a tick leaves goes with the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from newsletter.store import Store

log = structlog.get_logger()

_KEY = "cleared.at"  # when all that was old had gone
_PAUSE = timedelta(hours=20)
_MOST = 200  # transactions of a tick, of up to 500 rows each
_MAILBOXES = ("imap",)  # each clears what came from it, knowing what still lies there


def clear_old(store: Store, now: datetime, keep: timedelta, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Remove what is older than `keep`, if that has not been done today."""
    noted = store.recall(_KEY)
    if noted and timedelta() <= now - datetime.fromisoformat(noted) < _PAUSE:
        return
    removed = 0
    for number, rows in enumerate(store.clear(now, keep, _MAILBOXES)):
        removed += rows
        if number == _MOST or stop():
            break
    else:
        store.remember(_KEY, now.isoformat())
    if removed:
        log.info("ledger.cleared", rows=removed, keep_days=keep.days)
