"""NEWSLETTER_DAILY_LIMIT: how many emails a provider still takes today, counted in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from newsletter.store import Store

_KEY = "sending.today"


class Quota:
    """Counts the emails of one day, which ends at midnight of the newsletter's own time zone."""

    def __init__(self, store: Store, most: int, now: Callable[[], datetime]) -> None:
        """`now`: the time there."""
        self._store, self.most, self._now = store, most, now

    def left(self) -> int:
        """How many more may be sent today."""
        return max(0, self.most - self._spent())

    def spend(self, mails: int) -> None:
        """Record that so many were sent."""
        if mails:
            self._store.remember(_KEY, f"{self._today()} {self._spent() + mails}")

    def until_tomorrow(self) -> timedelta:
        """How long until the next day begins."""
        now = self._now()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - now

    def _spent(self) -> int:
        day, _, number = (self._store.recall(_KEY) or "").partition(" ")
        return int(number) if day == self._today() else 0

    def _today(self) -> str:
        return self._now().date().isoformat()
