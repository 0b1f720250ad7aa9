"""Values that one run leaves for the next, each under a key."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

from sqlalchemy import bindparam, select, update

from newsletter.models import ModelFacts, ModelOutcome
from newsletter.store.engine import Base, add_missing, put
from newsletter.store.readers import feed_key
from newsletter.store.tables import meta

_VALUE = select(meta.c.value).where(meta.c.key == bindparam("the_key"))  # built once: it is asked again and again


class Notes(Base):
    """The list in force, holds, restores, what was found out of models and pages."""

    def recall(self, key: str) -> str | None:
        """The value remembered last under this key."""
        with self._reading() as connection:
            return connection.scalar(_VALUE, {"the_key": key})

    def remember(self, key: str, value: str) -> None:
        """Keep this value in place of the key's last one."""
        with self._transaction() as connection:
            put(connection, meta, {"key": key, "value": value})

    def remember_first(self, key: str, value: str) -> str:
        """Keep this value if the key has none yet; which it has now."""
        with self._transaction() as connection:
            add_missing(connection, meta, [{"key": key, "value": value}])
            kept: str = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one()
            return kept

    def count_today(self, key: str, day: str, number: int) -> None:
        """Add to what was counted of this day; another day begins anew."""
        with self._transaction() as connection:
            noted = connection.scalar(select(meta.c.value).where(meta.c.key == key)) or ""
            before, _, counted = noted.partition(" ")
            put(connection, meta, {"key": key, "value": f"{day} {(int(counted) if before == day else 0) + number}"})

    def exchange(self, key: str, old: str, new: str) -> None:
        """Keep the new value if the old one is still there."""
        same = (meta.c.key == key) & (meta.c.value == old)
        with self._transaction() as connection:
            connection.execute(update(meta).where(same).values(value=new))

    def begin_feed(self, subscriber_id: int, epoch: str) -> None:
        """Only addresses of this epoch lead to the reader's feed from now on."""
        self.remember(feed_key(subscriber_id), epoch)

    def feed_epoch(self, subscriber_id: int) -> str | None:
        """None where the reader has no feed."""
        return self.recall(feed_key(subscriber_id))

    def save_model_facts(self, day: date, facts: ModelFacts) -> None:
        """How the model served this issue."""
        self.remember(f"issue.model {day}", json.dumps(asdict(facts), sort_keys=True))

    def model_facts(self, day: date) -> ModelFacts | None:
        """What was recorded; None for an issue of an earlier version."""
        try:
            found = json.loads(self.recall(f"issue.model {day}") or "")
            return ModelFacts(ModelOutcome(found["outcome"]), tuple(found["flagged"]), str(found["why"]))
        except (ValueError, KeyError, TypeError):
            return None
