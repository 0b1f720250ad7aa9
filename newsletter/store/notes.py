"""What one run leaves for the next, each under a key."""

from __future__ import annotations

from sqlalchemy import select, update

from newsletter.store.engine import Base, put
from newsletter.store.tables import meta


class Notes(Base):
    """The list in force, holds, restores, what was found out of models and pages."""

    def recall(self, key: str) -> str | None:
        """The value remembered last under this key."""
        with self._reading() as connection:
            return connection.scalar(select(meta.c.value).where(meta.c.key == key))

    def remember(self, key: str, value: str) -> None:
        """Keep this value in place of the key's last one."""
        with self._transaction() as connection:
            put(connection, meta, {"key": key, "value": value})

    def exchange(self, key: str, old: str, new: str) -> None:
        """Keep the new value if the old one is still there."""
        same = (meta.c.key == key) & (meta.c.value == old)
        with self._transaction() as connection:
            connection.execute(update(meta).where(same).values(value=new))
