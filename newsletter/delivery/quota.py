"""NEWSLETTER_DAILY_LIMIT: how many emails a provider still takes today, counted in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from newsletter.store import Store

_KEY = "sending.today"


class Quota:
    """Counts the emails of one day, which ends at midnight of the newsletter's own time zone."""

    def __init__(self, store: Store, most: int, now: Callable[[], datetime], role: str | None = None) -> None:
        """`now`: the time there; `role`: of processes that share what is left, where there are several."""
        self._store, self.most, self._now, self._role = store, most, now, role

    def left(self) -> int:
        """How many more this process may send today, so that all together never send more."""
        left = max(0, self.most - self._spent())
        if not (left and self._role and self._store.on_server):
            return left
        return left // max(1, self._store.living(self._role))

    def spend(self, mails: int) -> None:
        """Record that so many were sent."""
        if mails:
            self._store.count_today(_KEY, self._today(), mails)

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
