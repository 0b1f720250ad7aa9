"""What the administrator was told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select, update

from newsletter.models import Trouble
from newsletter.store.engine import Base, inserted, put
from newsletter.store.tables import trouble


class Troubles(Base):
    """Implements `ports.TroubleStore`, so that a restart does not repeat notices."""

    def troubles(self) -> Sequence[Trouble]:
        """Oldest first, including those that have just ended."""
        with self._reading() as connection:
            rows = connection.execute(select(trouble).order_by(trouble.c.since, trouble.c.key))
            return [Trouble(**row._mapping) for row in rows]

    def save_trouble(self, saved: Trouble) -> None:
        with self._transaction() as connection:
            put(connection, trouble, asdict(saved))

    def note_trouble(self, noted: Trouble) -> None:
        """A new one, or an old one in these words; whether it was told stays as another process may have noted it."""
        with self._transaction() as connection:
            new = inserted(connection, trouble).values(asdict(noted))
            again = {name: new.excluded[name] for name in ("problem", "remedy", "ended")}
            connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=again))

    def claim_trouble(self, claimed: Trouble, now: datetime) -> bool:
        """Whether this process alone tells of it: nobody has told, or tried to, since it was read."""
        unchanged = [
            trouble.c[name].is_not_distinct_from(getattr(claimed, name)) for name in ("told", "tried", "ended")
        ]
        with self._transaction() as connection:
            mine = update(trouble).where(trouble.c.key == claimed.key, *unchanged).values(tried=now)
            return connection.execute(mine).rowcount == 1

    def drop_trouble(self, key: str) -> None:
        with self._transaction() as connection:
            connection.execute(delete(trouble).where(trouble.c.key == key))
