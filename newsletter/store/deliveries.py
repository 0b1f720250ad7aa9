"""Mails from plan to outcome. Every change of state is its own commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from newsletter.models import Delivery, DeliveryState, Rendered, Slotted, Span, SubscriberState
from newsletter.store.engine import Base, add_missing
from newsletter.store.readers import column_id, value_id
from newsletter.store.tables import delivery, edition, received, subscriber


class Deliveries(Base):
    """Implements `ports.DeliveryStore`."""

    def save_edition(self, rendered: Rendered) -> None:
        row: dict[str, Any] = {"key": rendered.key, "subject": rendered.subject}
        for part in ("html", "text", "body"):
            slotted: Slotted = getattr(rendered, part)
            spans = [[span.offset, span.length, span.slot, span.start] for span in slotted.spans]
            row |= {part: slotted.content, f"{part}_spans": spans}
        with self._transaction() as connection:
            add_missing(connection, edition, [row])

    def edition(self, key: str) -> Rendered | None:
        with self._transaction() as connection:
            row = connection.execute(select(edition).where(edition.c.key == key)).first()
        if row is None:
            return None
        parts = {part: _slotted(getattr(row, part), getattr(row, f"{part}_spans")) for part in ("html", "text", "body")}
        return Rendered(key=row.key, subject=row.subject, **parts)

    def received(self, issues: Iterable[date]) -> frozenset[tuple[int, date]]:
        query = select(received.c.subscriber_id, received.c.issue).where(received.c.issue.in_(list(issues)))
        with self._transaction() as connection:
            return frozenset((value_id(row.subscriber_id), row.issue) for row in connection.execute(query))

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        with self._transaction() as connection:
            return sum(_plan_one(connection, planned) for planned in deliveries)

    def claim(self, owner: str, limit: int, now: datetime, only: str | None = None) -> Sequence[Delivery]:
        with self._transaction() as connection:
            _skip_those_who_left(connection)
            ready = (delivery.c.state == DeliveryState.QUEUED.value) & or_(
                delivery.c.not_before.is_(None), delivery.c.not_before <= now
            )
            if only is not None:
                ready = ready & (func.lower(delivery.c.email) == only.lower())
            first = connection.execute(select(delivery.c.edition).where(ready).order_by(delivery.c.id)).first()
            if first is None:
                return []
            same = ready & (delivery.c.edition == first.edition)
            rows = connection.execute(select(delivery).where(same).order_by(delivery.c.id).limit(limit)).all()
            sending = {"state": DeliveryState.SENDING.value, "owner": owner, "attempts": delivery.c.attempts + 1}
            chosen = delivery.c.id.in_([row.id for row in rows])
            connection.execute(update(delivery).where(chosen).values(sending))
            claimed = connection.execute(select(delivery).where(chosen).order_by(delivery.c.id))
            return [_delivery(row) for row in claimed]

    def finish(self, finished: Delivery) -> None:
        values = {
            "state": finished.state.value,
            "owner": finished.owner,
            "attempts": finished.attempts,
            "not_before": finished.not_before,
            "error": finished.error,
        }
        with self._transaction() as connection:
            connection.execute(update(delivery).where(delivery.c.id == finished.id).values(values))

    def orphans(self) -> Sequence[Delivery]:
        return self.deliveries([DeliveryState.SENDING])

    def deliveries(self, states: Iterable[DeliveryState] | None = None) -> Sequence[Delivery]:
        query = select(delivery).order_by(delivery.c.id)
        if states is not None:
            query = query.where(delivery.c.state.in_([state.value for state in states]))
        with self._transaction() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def last_mails(self) -> Mapping[int, datetime]:
        query = select(delivery.c.subscriber_id, func.max(delivery.c.date).label("date"))
        with self._transaction() as connection:
            rows = connection.execute(query.group_by(delivery.c.subscriber_id))
            return {value_id(row.subscriber_id): row.date for row in rows}

    def delivery_counts(self, day: date) -> Mapping[str, int]:
        joined = delivery.join(received, received.c.delivery_id == delivery.c.id)
        query = (
            select(delivery.c.state, func.count())
            .select_from(joined)
            .where(received.c.issue == day)
            .group_by(delivery.c.state)
        )
        with self._transaction() as connection:
            return dict(connection.execute(query).tuples().all())


def _skip_those_who_left(connection: Connection) -> None:
    # Asked in the claim itself: somebody who left a second ago gets nothing.
    gone = select(subscriber.c.id).where(subscriber.c.state != SubscriberState.ACTIVE.value)
    queued = (delivery.c.state == DeliveryState.QUEUED.value) & delivery.c.subscriber_id.in_(gone)
    connection.execute(update(delivery).where(queued).values(state=DeliveryState.SKIPPED.value))


def _plan_one(connection: Connection, planned: Delivery) -> int:
    who = column_id(planned.subscriber_id)
    had = select(received.c.issue).where(received.c.subscriber_id == who, received.c.issue.in_(planned.issues))
    if connection.execute(had).first():
        return 0
    row = {
        "subscriber_id": who,
        "email": planned.email,
        "name": planned.name,
        "edition": planned.edition,
        "issues": [day.isoformat() for day in planned.issues],
        "state": planned.state.value,
        "message_id": planned.message_id,
        "date": planned.date,
        "attempts": 0,
    }
    (delivery_id,) = connection.execute(insert(delivery).values(row)).inserted_primary_key or (None,)
    pairs = [{"subscriber_id": who, "issue": day, "delivery_id": delivery_id} for day in planned.issues]
    connection.execute(insert(received), pairs)
    return 1


def _slotted(content: bytes, spans: Iterable[Sequence[Any]]) -> Slotted:
    return Slotted(content, tuple(Span(*span) for span in spans))


def _delivery(row: Row[Any]) -> Delivery:
    same = ("id", "email", "name", "edition", "message_id", "date", "attempts", "not_before", "owner", "error")
    return Delivery(
        **{name: getattr(row, name) for name in same},
        subscriber_id=value_id(row.subscriber_id),
        issues=tuple(date.fromisoformat(day) for day in row.issues),
        state=DeliveryState(row.state),
    )
