"""Whether a ledger on a server is the one that was written there, or was restored from a dump, whoever made that.

One row says where it was written: in which database, in which table, by which transaction. A server that fails over
and `pg_upgrade` keep all three; a restored dump, a database made from another as its template and logical replication
have others. What copies the server's files, such as a recovery to a point in time, cannot be told from the original.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, case, event, text, update

from newsletter.errors import StoreUnreadable
from newsletter.models import DeliveryState
from newsletter.store.beats import now_in
from newsletter.store.engine import put, reading
from newsletter.store.tables import delivery, meta

COPIED = "copied"  # when this ledger was copied; empty once the copy is in use, see delivery.restored
PLACE = "ledger.place"  # the row; whoever knows that a copy is the original deletes it
_OPEN = [state.value for state in (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN)]
_TRIES = 2  # an email in doubt with so many is not repeated
_DOUBT = "planned when this ledger was copied ({}): it may have been sent, so it is not sent again"
_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"
_WRITTEN = f"SELECT value, concat_ws('.', {_DATABASE}, tableoid, xmin) FROM meta WHERE key = '{PLACE}'"  # noqa: S608
_HERE = f"SELECT concat_ws('.', {_DATABASE}, 'meta'::regclass::oid, pg_current_xact_id()::xid)"


def is_settled(connection: Connection) -> bool:
    """Whether it is known to be the original, or already marked as a copy."""
    found = connection.exec_driver_sql(_WRITTEN).first()
    return found is not None and found[0] == found[1]


def settle(connection: Connection) -> None:
    """Mark a restored ledger as copied, and say where it is from now on.

    Its emails become uncertain at once: a worker may be the first that opens it.
    """
    if is_settled(connection):
        return
    if connection.exec_driver_sql(_WRITTEN).first() is not None:
        copied = f"before {now_in(connection):%Y-%m-%d %H:%M} UTC"
        put(connection, meta, {"key": COPIED, "value": copied})
        doubt_open(connection, copied)
    put(connection, meta, {"key": PLACE, "value": connection.scalar(text(_HERE))})


def doubt_open(connection: Connection, copied: str) -> None:
    """Emails that were to be sent when a ledger was copied may have been sent since: they are not sent again."""
    tries = case((delivery.c.attempts < _TRIES, _TRIES), else_=delivery.c.attempts)
    values = {"state": DeliveryState.UNKNOWN.value, "owner": None, "attempts": tries, "error": _DOUBT.format(copied)}
    connection.execute(update(delivery).where(delivery.c.state.in_(_OPEN)).values(values))


def follow(engine: Engine, place: str) -> None:
    """Refuse to go on where another ledger was restored under a running process: only a start settles it."""
    with reading(engine).begin() as connection:
        known = connection.exec_driver_sql(_WRITTEN).first()

    def compare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            found = cursor.execute(_WRITTEN).fetchone()
        connection.rollback()
        if known and found != tuple(known):
            raise StoreUnreadable(place, "was replaced by another ledger while it was in use", "start this again")

    event.listen(engine, "connect", compare)
