"""Small builders of what the ledger holds, and a look into it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from newsletter.models import Delivery, DeliveryState, Issue, IssueState, Rendered, Slotted, Span
from newsletter.store import Store
from newsletter.store.readers import value_id
from newsletter.store.tables import received as received_table
from tests.factories import DAY

NOW = datetime(2026, 3, 9, 1, 30, tzinfo=UTC)
FRIDAY = date(2026, 3, 6)
MONDAY = DAY
TUESDAY = date(2026, 3, 10)


def an_issue(day: date = MONDAY, **changes: Any) -> Issue:
    return Issue(**{"date": day, "state": IssueState.COLLECTED, "collected": 2} | changes)


def a_rendered(key: str = "k1", **changes: Any) -> Rendered:
    values: dict[str, Any] = {
        "key": key,
        "subject": "3月9日 · 3 papers",
        "html": Slotted(b"<p>aaaa</p>", (Span(3, 4, "leave", 0),)),
        "text": Slotted("文 aaaa".encode(), (Span(4, 2, "leave", 0), Span(6, 2, "leave", 2))),
        "body": Slotted(b"\x00\xff\r\n"),
    }
    return Rendered(**values | changes)


def a_delivery(
    subscriber_id: int, email: str, issues: tuple[date, ...] = (MONDAY,), edition: str = "k1", **changes: Any
) -> Delivery:
    values: dict[str, Any] = {
        "id": 0,
        "subscriber_id": subscriber_id,
        "email": email,
        "name": "Ada",
        "edition": edition,
        "issues": issues,
        "state": DeliveryState.QUEUED,
        "message_id": f"<{issues[-1:]}.{email}@example.org>",
        "date": NOW,
    }
    return Delivery(**values | changes)


def received(store: Store) -> set[tuple[int, date]]:
    """(subscriber id, issue) pairs that are planned or sent."""
    with store._engine.connect() as connection:
        rows = connection.execute(select(received_table.c.subscriber_id, received_table.c.issue)).all()
    return {(value_id(row.subscriber_id), row.issue) for row in rows}
