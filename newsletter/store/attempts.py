"""How often we began to read each email, so that one that crashes its reader is not read again for ever."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select

from newsletter.models import Attempt
from newsletter.store.engine import Base, inserted
from newsletter.store.tables import attempt


class Attempts(Base):
    """What is noted before an email is parsed, and struck out when it was."""

    def begin_attempt(self, source: str, key: str, name: str, now: datetime) -> int:
        """Record one more attempt; returns how many there are now."""
        row = {"source": source, "key": key, "name": name, "number": 1, "at": now}
        again = {"number": attempt.c.number + 1, "at": now}
        with self._transaction() as connection:
            noted = inserted(connection, attempt).values(row)
            noted = noted.on_conflict_do_update(index_elements=["source", "key"], set_=again)
            return int(connection.scalar(noted.returning(attempt.c.number)) or 1)

    def end_attempts(self, source: str, key: str) -> None:
        """It was read."""
        with self._transaction() as connection:
            connection.execute(delete(attempt).where(_same(source, key)))

    def attempts(self, at_least: int) -> Sequence[Attempt]:
        """Emails that were begun so often and never read, oldest first."""
        often = select(attempt).where(attempt.c.number >= at_least).order_by(attempt.c.at, attempt.c.key)
        with self._reading() as connection:
            return [Attempt(**row._mapping) for row in connection.execute(often)]

    def forget_attempts(self, source: str, there: Container[str]) -> None:
        """Strike out those whose emails are not there any more."""
        gone = [one for one in self.attempts(1) if one.source == source and one.key not in there]
        if gone:
            with self._transaction() as connection:
                for one in gone:
                    connection.execute(delete(attempt).where(_same(one.source, one.key)))


def _same(source: str, key: str) -> ColumnElement[bool]:
    return (attempt.c.source == source) & (attempt.c.key == key)
