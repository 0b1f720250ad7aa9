"""The ledger in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, Connection, func, select

from newsletter.models import DeliveryState, Figures
from newsletter.store.engine import Base
from newsletter.store.tables import all_calls, delivery, inbound, issue, subscriber

_WAITING = (DeliveryState.QUEUED.value, DeliveryState.SENDING.value)


class Counting(Base):
    """Counts over all tables, for monitoring."""

    def figures(self) -> Figures:
        """Counts over all tables, for monitoring."""
        calls = all_calls.c
        sums = (calls.calls, calls.prompt_tokens, calls.completion_tokens, func.coalesce(calls.cost_usd, 0.0))
        used = select(calls.model, *map(func.sum, sums)).group_by(calls.model)
        oldest = select(func.min(delivery.c.date)).where(delivery.c.state.in_(_WAITING))
        with self._reading() as connection:
            return Figures(
                issues=_by(connection, issue.c.state),
                mails=_by(connection, delivery.c.state),
                readers=_by(connection, subscriber.c.state),
                received=_by(connection, inbound.c.action),
                oldest_waiting=connection.scalar(oldest),
                usage={name: (count, into, out, cost) for name, count, into, out, cost in connection.execute(used)},
            )

    def mails_between(self, start: datetime, end: datetime) -> Mapping[str, int]:
        """How many emails of this time are in which state."""
        within = (delivery.c.date >= start) & (delivery.c.date < end)
        query = select(delivery.c.state, func.count()).where(within).group_by(delivery.c.state)
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _by(connection: Connection, column: Column[str]) -> Mapping[str, int]:
    rows = connection.execute(select(column, func.count()).group_by(column))
    return {row[0]: row[1] for row in rows}
