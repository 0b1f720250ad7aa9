"""What we asked readers back, by a hash of the link's secret part."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from newsletter.models import Command, Question
from newsletter.store.engine import Base, add_missing
from newsletter.store.readers import column_id, value_id
from newsletter.store.tables import question


class Questions(Base):
    """Questions: a row each, used once."""

    def ask(self, asked: Question, within: timedelta, most: int) -> bool:
        """Keep a question; false where the same command's is open, or `most` were asked `within` that time.

        Older ones are forgotten.
        """
        row = {name: getattr(asked, name) for name in ("value", "message_id", "made", "expires", "used")}
        row |= {"hash": asked.key, "subscriber_id": column_id(asked.subscriber_id), "command": asked.command.value}
        mine = question.c.subscriber_id == row["subscriber_id"]
        with self._transaction() as connection:
            connection.execute(delete(question).where(mine & (question.c.made <= asked.made - within)))
            before = connection.execute(select(question).where(mine)).all()
            if all(one.hash != asked.key for one in before):  # else its email is read once more
                still = any(
                    one.command == asked.command.value and one.used is None and one.expires > asked.made
                    for one in before
                )
                if still or len(before) >= most:
                    return False
            add_missing(connection, question, [row])
        return True

    def withdraw_question(self, key: str) -> None:
        """It was certainly not sent."""
        with self._transaction() as connection:
            connection.execute(delete(question).where(question.c.hash == key))

    def question(self, key: str) -> Question | None:
        """By the hash of its secret."""
        return self._question(question.c.hash == key)

    def question_of(self, message_id: str) -> Question | None:
        """By the Message-ID of the email that asked."""
        return self._question(question.c.message_id == message_id)

    def use_question(self, key: str, now: datetime) -> None:
        """It was answered with yes."""
        with self._transaction() as connection:
            connection.execute(update(question).where(question.c.hash == key).values(used=now))

    def _question(self, which: ColumnElement[bool]) -> Question | None:
        with self._reading() as connection:
            row = connection.execute(select(question).where(which)).first()
        if row is None:
            return None
        return Question(
            key=row.hash,
            subscriber_id=value_id(row.subscriber_id),
            command=Command(row.command),
            **{name: getattr(row, name) for name in ("value", "message_id", "made", "expires", "used")},
        )
