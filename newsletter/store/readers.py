"""Who reads, and who has left."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from newsletter.models import Subscriber, SubscriberState
from newsletter.store.engine import Base, add_missing
from newsletter.store.papers import chunks
from newsletter.store.tables import inbound, subscriber

_SIGN = 1 << 63  # ids are unsigned for tokens and signed in the column


class Readers(Base):
    """Implements `ports.ReaderStore`."""

    def enrol(self, emails: Iterable[str], now: datetime) -> Mapping[str, Subscriber]:
        wanted = dict.fromkeys(email.lower() for email in emails)
        found: dict[str, Subscriber] = {}
        with self._transaction() as connection:
            for chunk in chunks(wanted):
                query = select(subscriber).where(subscriber.c.email.in_(chunk))
                there = {row.email for row in connection.execute(query)}
                fresh = [_new_row(email, now) for email in chunk if email not in there]
                add_missing(connection, subscriber, fresh)
                found.update((row.email, to_subscriber(row)) for row in connection.execute(query))
        return found

    def subscriber(self, who: str | int) -> Subscriber | None:
        by = subscriber.c.email == who.lower() if isinstance(who, str) else subscriber.c.id == column_id(who)
        with self._transaction() as connection:
            row = connection.execute(select(subscriber).where(by)).first()
        return to_subscriber(row) if row else None

    def subscribers(self) -> Sequence[Subscriber]:
        with self._transaction() as connection:
            return [to_subscriber(row) for row in connection.execute(select(subscriber).order_by(subscriber.c.email))]

    def set_subscriber(self, subscriber_id: int, state: SubscriberState, why: str | None, now: datetime) -> None:
        values = {"state": state.value, "why": why, "since": now}
        with self._transaction() as connection:
            connection.execute(update(subscriber).where(subscriber.c.id == column_id(subscriber_id)).values(values))

    def first_time(self, source: str, external_id: str, action: str, now: datetime) -> bool:
        row = {"source": source, "external_id": external_id, "action": action, "at": now}
        with self._transaction() as connection:
            same = (inbound.c.source == source) & (inbound.c.external_id == external_id)
            there = connection.execute(select(inbound.c.at).where(same)).first()
            add_missing(connection, inbound, [row])
        return there is None


def _new_row(email: str, now: datetime) -> dict[str, Any]:
    times = {"since": now, "added": now}
    return {"id": column_id(secrets.randbits(64)), "email": email, "state": SubscriberState.ACTIVE.value} | times


def to_subscriber(row: Row[Any]) -> Subscriber:
    """A row of the subscriber table as a value."""
    return Subscriber(
        id=value_id(row.id),
        email=row.email,
        state=SubscriberState(row.state),
        since=row.since,
        why=row.why,
        added=row.added,
    )


def column_id(subscriber_id: int) -> int:
    """The id as its signed column holds it."""
    return subscriber_id - _SIGN


def value_id(column: int) -> int:
    """The id as values and tokens hold it."""
    return column + _SIGN
