"""Mails from plan to outcome. Every change of state is its own commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from newsletter.delivery import HEARD_OF, REPEATED, may_follow
from newsletter.models import Delivery, DeliveryState, DomainPause, Rendered, Slotted, Span, SubscriberState
from newsletter.redaction import redacted
from newsletter.store.engine import Base, add_missing, put
from newsletter.store.papers import CHUNK, chunks
from newsletter.store.readers import column_id, value_id
from newsletter.store.tables import delivery, domain_pause, edition, received, subscriber

_MOST_REPEATS = 2  # a server that never answers after the body would else send the same mail every minute


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
        with self._reading() as connection:
            row = connection.execute(select(edition).where(edition.c.key == key)).first()
        return _rendered(row) if row else None

    def sent_to(self, subscriber_id: int, limit: int = 5) -> Sequence[Rendered]:
        mine = delivery.c.subscriber_id == column_id(subscriber_id)
        newest = select(delivery.c.edition).where(mine).order_by(delivery.c.id.desc()).limit(limit)
        with self._reading() as connection:
            keys = list(dict.fromkeys(connection.scalars(newest)))
            rows = connection.execute(select(edition).where(edition.c.key.in_(keys)))
            return [_rendered(row) for row in rows]

    def received(self, issues: Iterable[date]) -> frozenset[tuple[int, date]]:
        query = select(received.c.subscriber_id, received.c.issue).where(received.c.issue.in_(list(issues)))
        with self._reading() as connection:
            return frozenset((value_id(row.subscriber_id), row.issue) for row in connection.execute(query))

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        planned = 0
        for start in range(0, len(deliveries), CHUNK):
            with self._transaction() as connection:
                planned += sum(_plan_one(connection, one) for one in deliveries[start : start + CHUNK])
        return planned

    def claim(self, owner: str, limit: int, now: datetime, only: str | None = None) -> Sequence[Delivery]:
        ready = (delivery.c.state == DeliveryState.QUEUED.value) & or_(
            delivery.c.not_before.is_(None), delivery.c.not_before <= now
        )
        if only is not None:
            ready = ready & (subscriber.c.email == only.lower())
        with self._transaction() as connection:
            paused = connection.scalars(select(domain_pause.c.domain).where(domain_pause.c.until > now))
            for domain in paused.all():
                ready = ready & ~func.lower(delivery.c.email).endswith(f"@{domain}", autoescape=True)
            staying = _first_of_one_edition(connection, ready, limit)
            sending = {"state": DeliveryState.SENDING.value, "owner": owner, "attempts": delivery.c.attempts + 1}
            chosen = delivery.c.id.in_(staying)
            connection.execute(update(delivery).where(chosen).values(sending))
            claimed = connection.execute(select(delivery).where(chosen).order_by(delivery.c.id))
            return [_delivery(row) for row in claimed]

    def finish(self, finished: Delivery) -> None:
        values = {
            "state": finished.state.value,
            "owner": finished.owner,
            "attempts": finished.attempts,
            "not_before": finished.not_before,
            "error": finished.error and redacted(finished.error),
        }
        with self._transaction() as connection:
            # What was heard of the mail meanwhile is newer than the transport's own answer.
            open_ = delivery.c.state.not_in([state.value for state in HEARD_OF])
            connection.execute(update(delivery).where((delivery.c.id == finished.id) & open_).values(values))

    def recipients(self, delivery_ids: Iterable[int]) -> Mapping[int, tuple[int, str]]:
        found: dict[int, tuple[int, str]] = {}
        with self._reading() as connection:
            for chunk in chunks(dict.fromkeys(delivery_ids)):
                query = select(delivery.c.id, delivery.c.subscriber_id, delivery.c.email)
                for row in connection.execute(query.where(delivery.c.id.in_(chunk))):
                    found[row.id] = (value_id(row.subscriber_id), row.email.lower())
        return found

    def settle(self, news: Mapping[int, DeliveryState]) -> None:
        with self._transaction() as connection:
            for state in DeliveryState:
                ids = [key for key, wanted in news.items() if wanted is state]
                for chunk in chunks(ids):
                    _move(connection, delivery.c.id.in_(chunk), state)

    def came_back(self, subscriber_id: int, message_id: str, state: DeliveryState) -> None:
        mine = delivery.c.subscriber_id == column_id(subscriber_id)
        with self._transaction() as connection:
            _move(connection, mine & (delivery.c.message_id == message_id), state)

    def pause_domain(self, pause: DomainPause) -> None:
        with self._transaction() as connection:
            put(connection, domain_pause, {"domain": pause.domain, "until": pause.until, "why": pause.why})

    def paused_domains(self, now: datetime) -> Sequence[DomainPause]:
        with self._reading() as connection:
            rows = connection.execute(select(domain_pause).where(domain_pause.c.until > now))
            return [DomainPause(row.domain, row.until, row.why) for row in rows]

    def orphans(self) -> Sequence[Delivery]:
        in_doubt = (delivery.c.state == DeliveryState.UNKNOWN.value) & (delivery.c.attempts < _MOST_REPEATS)
        query = select(delivery).where(or_(delivery.c.state == DeliveryState.SENDING.value, in_doubt))
        with self._reading() as connection:
            return [_delivery(row) for row in connection.execute(query.order_by(delivery.c.id))]

    def deliveries(self, states: Iterable[DeliveryState] | None = None) -> Sequence[Delivery]:
        query = select(delivery).order_by(delivery.c.id)
        if states is not None:
            query = query.where(delivery.c.state.in_([state.value for state in states]))
        with self._reading() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def last_mails(self) -> Mapping[int, datetime]:
        query = select(delivery.c.subscriber_id, func.max(delivery.c.date).label("date"))
        with self._reading() as connection:
            rows = connection.execute(query.group_by(delivery.c.subscriber_id))
            return {value_id(row.subscriber_id): row.date for row in rows}

    def delivery_counts(self, day: date) -> Mapping[str, int]:
        joined = delivery.join(received, received.c.delivery_id == delivery.c.id)
        query = (
            select(delivery.c.state, func.count().label("number"))
            .select_from(joined)
            .where(received.c.issue == day)
            .group_by(delivery.c.state)
        )
        with self._reading() as connection:
            return {row.state: row.number for row in connection.execute(query)}


def _first_of_one_edition(connection: Connection, ready: ColumnElement[bool], limit: int) -> list[int]:
    """The ids of the first ready mails, all of one edition; those of readers who left are skipped on the way."""
    joined = delivery.join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
    query = select(delivery.c.id, delivery.c.edition, subscriber.c.state).select_from(joined).where(ready)
    while rows := connection.execute(query.order_by(delivery.c.id).limit(limit)).all():
        # Asked in the claim itself: somebody who left a second ago gets nothing.
        gone = [row.id for row in rows if row.state != SubscriberState.ACTIVE.value]
        if not gone:
            return [row.id for row in rows if row.edition == rows[0].edition]
        skipped = {"state": DeliveryState.SKIPPED.value}
        connection.execute(update(delivery).where(delivery.c.id.in_(gone)).values(skipped))
    return []


def _move(connection: Connection, which: ColumnElement[bool], state: DeliveryState) -> None:
    """Whatever else writes at the same time: the state is compared where it is changed."""
    doubtful = (delivery.c.state == DeliveryState.QUEUED.value) & (delivery.c.error == REPEATED)
    earlier = delivery.c.state.in_([one.value for one in may_follow(state)]) | doubtful
    values = {"state": state.value, "owner": None, "not_before": None}
    connection.execute(update(delivery).where(which & earlier).values(values))


def _plan_one(connection: Connection, planned: Delivery) -> int:
    who = column_id(planned.subscriber_id)
    had = select(received.c.issue).where(received.c.subscriber_id == who, received.c.issue.in_(planned.issues))
    same = select(delivery.c.id).where(delivery.c.message_id == planned.message_id)
    if connection.execute(had).first() or connection.execute(same).first():
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
    if pairs:
        connection.execute(insert(received), pairs)
    return 1


def _rendered(row: Row[Any]) -> Rendered:
    parts = {part: _slotted(getattr(row, part), getattr(row, f"{part}_spans")) for part in ("html", "text", "body")}
    return Rendered(key=row.key, subject=row.subject, **parts)


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
