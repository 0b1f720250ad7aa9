"""The database's own clock, and the rows by which it knows who works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, ScalarSelect, select, text

from newsletter.models import Beat
from newsletter.store.engine import inserted
from newsletter.store.tables import SQLITE, worker


def renew(connection: Connection, beat: Beat) -> None:
    """See `Leases.beat`; in a transaction of the caller."""
    now = now_in(connection)
    noted = inserted(connection, worker).values(
        owner=beat.owner, host=beat.host, version=beat.version, role=beat.role,
        sent=beat.sent,
        since=now, beat=now, until=now + timedelta(seconds=beat.seconds),
    )  # fmt: skip
    again = {name: noted.excluded[name] for name in ("role", "sent", "beat", "until")}
    connection.execute(noted.on_conflict_do_update(index_elements=["owner"], set_=again))


def now_in(connection: Connection) -> datetime:
    """What the database's clock shows."""
    if connection.dialect.name == SQLITE:
        return datetime.now(UTC)
    shown: datetime = connection.execute(text("SELECT clock_timestamp() AT TIME ZONE 'UTC'")).scalar_one()
    return shown.replace(tzinfo=UTC)


def living(connection: Connection) -> ScalarSelect[str]:
    """The owners whose rows last."""
    return select(worker.c.owner).where(worker.c.until > now_in(connection)).scalar_subquery()
