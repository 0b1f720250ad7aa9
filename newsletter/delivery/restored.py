"""After a restore: the ledger does not know what was sent since it was copied, so nothing from that time is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

import structlog

from newsletter.models import DeliveryState
from newsletter.store import Store
from newsletter.times import calendar

log = structlog.get_logger()

COPIED = "copied"  # when this ledger was copied; empty once the copy is in use
_SENT_UP_TO = "restored.sent-up-to"
_OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_TRIES = 2  # an email in doubt with so many is not repeated


def settle(store: Store, now: datetime) -> None:
    """Start using a copied ledger: its open emails become uncertain, and all issues announced by now count as sent.

    Only to be called by the holder of the data folder's lock. Changes nothing in a ledger that was not copied.
    """
    if not (copied := store.recall(COPIED)):
        return
    day = calendar.newest(now)
    doubt = f"planned when this ledger was copied ({copied}): it may have been sent, so it is not sent again"
    for mail in store.deliveries(_OPEN):
        tries = max(mail.attempts, _TRIES)
        store.finish(replace(mail, state=DeliveryState.UNKNOWN, owner=None, attempts=tries, error=doubt))
    store.drop_open_joins()
    store.remember(_SENT_UP_TO, day.isoformat())
    store.remember(COPIED, "")
    log.warning("ledger.restored", copied=copied, sent_up_to=str(day))


def still_open(store: Store, days: Iterable[date]) -> list[date]:
    """The issues that may be sent without being requested by date."""
    limit = store.recall(_SENT_UP_TO)
    return [day for day in days if not limit or day > date.fromisoformat(limit)]
