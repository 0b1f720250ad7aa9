"""The days of the archive, where several machines make its pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from sqlalchemy import func, select

from newsletter.store.beats import now_in
from newsletter.store.engine import Base, put
from newsletter.store.tables import archive_day


class ArchiveDays(Base):
    """A day's file as text, by its date."""

    def archive_state(self) -> tuple[int, datetime | None]:
        """How many days there are, and when one was last changed: another value means that there is something to do."""
        with self._reading() as connection:
            count, newest = connection.execute(select(func.count(), func.max(archive_day.c.published))).one()
            return count, newest

    def archive_digests(self) -> Mapping[date, str]:
        """SHA-256 of each day's text."""
        with self._reading() as connection:
            rows = connection.execute(select(archive_day.c.date, archive_day.c.json))
            return {row.date: hashlib.sha256(row.json.encode()).hexdigest() for row in rows.yield_per(50)}

    def archive_days(self, dates: list[date]) -> Iterator[tuple[date, str]]:
        """Their texts."""
        with self._reading() as connection:
            for row in connection.execute(select(archive_day).where(archive_day.c.date.in_(dates))):
                yield row.date, row.json

    def save_archive_day(self, day: date, content: str) -> None:
        with self._transaction() as connection:
            put(connection, archive_day, {"date": day, "json": content, "published": now_in(connection)})
