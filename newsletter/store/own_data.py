"""What the ledger holds about one reader, table by table: for the reader's own copy of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, func, select

from newsletter.store.engine import Base
from newsletter.store.readers import column_id
from newsletter.store.tables import (
    answer,
    answered,
    bounce,
    consent,
    delivery,
    edition,
    join_request,
    mark,
    preference,
    question,
    received,
    subscriber,
)

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """The columns of a table that a reader is given: never an identifier, a hash or a token."""

    table: Table
    columns: tuple[str, ...]
    of: str = "subscriber_id"

    @property
    def order(self) -> str:
        return self.columns[0]


# A new table with rows of readers is one line here, and `tests/test_rights.py` fails until it is.
PARTS: Mapping[str, _Part] = {
    "subscription": _Part(
        subscriber, ("added", "email", "state", "since", "why", "paused_until", "paused_in_file", "last_issue"), "id"
    ),
    "requests_to_join": _Part(
        join_request,
        ("asked", "written", "given", "language", "source", "note", "state", "sent", "emails", "confirmed"),
        "written",
    ),
    "consents": _Part(consent, ("confirmed", "asked", "source", "language", "text_hash", "note")),
    "changed_settings": _Part(preference, ("at", "key", "value", "in_file")),
    "marks": _Part(mark, ("at", "arxiv_id", "kind", "how")),
    "issues": _Part(received, ("issue",)),
    "own_editions": _Part(edition, ("used", "subject")),
    "emails": _Part(delivery, ("date", "email", "name", "issues", "state", "attempts")),
    "bounces": _Part(bounce, ("at", "issue", "status", "permanent")),
    "questions": _Part(question, ("made", "command", "value", "expires", "used")),
    "answered_emails": _Part(answered, ("at", "key")),
    "last_confirmation": _Part(answer, ("at",)),
}


class OwnData(Base):
    """One reader's rows."""

    def rows_about(self, subscriber_id: int) -> Mapping[str, Rows]:
        """What is held about this reader, as one snapshot, each part oldest first."""
        who = column_id(subscriber_id)
        with self._reading() as connection:
            email = connection.scalar(select(subscriber.c.email).where(subscriber.c.id == who))
            found: dict[str, Rows] = {}
            for name, part in PARTS.items():
                column = part.table.c[part.of]
                mine = func.lower(column) == email if part.of == "written" else column == who
                query = select(*(part.table.c[key] for key in part.columns)).where(mine)
                rows = connection.execute(query.order_by(part.table.c[part.order]))
                found[name] = [dict(row._mapping) for row in rows]
        return found
