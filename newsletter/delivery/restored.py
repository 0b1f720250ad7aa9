"""After a restore: the ledger does not know what was sent since it was copied, so nothing from that time is sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import structlog

from newsletter.store import Store
from newsletter.store.identity import COPIED
from newsletter.times import calendar

log = structlog.get_logger()

__all__ = ["COPIED", "settle", "still_open"]

_SENT_UP_TO = "restored.sent-up-to"


def settle(store: Store, now: datetime) -> None:
    """Start using a copied ledger: its open emails become uncertain, and all issues announced by now count as sent.

    Only to be called by the holder of the data folder's lock. Changes nothing in a ledger that was not copied.
    """
    if not (copied := store.recall(COPIED)):
        return
    day = calendar.newest(now)
    store.doubt_open(copied)
    store.drop_open_joins()
    store.remember(_SENT_UP_TO, day.isoformat())
    store.remember(COPIED, "")
    log.warning("ledger.restored", copied=copied, sent_up_to=str(day))


def still_open(store: Store, days: Iterable[date]) -> list[date]:
    """The issues that may be sent without being requested by date."""
    limit = store.recall(_SENT_UP_TO)
    return [day for day in days if not limit or day > date.fromisoformat(limit)]
