"""What one run leaves for the next, each under a key."""

from __future__ import annotations

from sqlalchemy import select

from newsletter.store.engine import Base, put
from newsletter.store.tables import meta


class Notes(Base):
    """Implements `ports.NoteStore`."""

    def recall(self, key: str) -> str | None:
        with self._reading() as connection:
            return connection.scalar(select(meta.c.value).where(meta.c.key == key))

    def remember(self, key: str, value: str) -> None:
        with self._transaction() as connection:
            put(connection, meta, {"key": key, "value": value})
