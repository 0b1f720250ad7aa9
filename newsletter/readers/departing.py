"""Who left stays as an address for as long as an installation keeps what happened, and then as a keyed hash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from newsletter.readers import forgetting, left_log
from newsletter.readers.changes import ended_by_register
from newsletter.readers.counter import Counter

log = structlog.get_logger()

_KEY = "departed.at"  # when nobody was left who had left long ago
_PAUSE = timedelta(hours=20)
_MOST = 20  # transactions of a call


def depart(counter: Counter, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Once a day; what one call leaves goes with the next. Whom the file still names stays: it has the address too."""
    store, now = counter.store, counter.now()
    noted = store.recall(_KEY)
    if noted and timedelta() <= now - datetime.fromisoformat(noted) < _PAUSE:
        return
    number = 0
    for _ in range(_MOST):
        if stop():
            break
        found = store.departed(now - counter.keep)
        if not found:
            store.remember(_KEY, now.isoformat())
            left_log.compact(counter)
            break
        # Nobody wished to be kept out whom a register lost.
        forgetting.erase(counter, [one for one in found if not ended_by_register(one)])
        forgetting.erase(counter, [one for one in found if ended_by_register(one)], keep_hash=False)
        number += len(found)
    if number:
        log.info("readers.departed", number=number, keep_days=counter.keep.days)
