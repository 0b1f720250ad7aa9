"""Opening the ledger: SQLite in WAL mode with full synchronisation, so that a commit survives a power cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from newsletter.errors import StoreUnavailable, StoreUnreadable
from newsletter.store import schema


def open_engine(url: str, copies: Path | None = None) -> Engine:
    """An engine with our tables in place and up to date; an older database is first copied into the folder `copies`.

    Raises StoreUnreadable for a damaged, foreign or newer database.
    """
    in_memory = make_url(url).database in (None, "", ":memory:")
    engine = create_engine(url, **({"poolclass": StaticPool} if in_memory else {}))
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    place = url.removeprefix("sqlite:///")
    try:
        with engine.begin() as connection:
            schema.prepare(connection, place, copies)
    except DatabaseError as error:
        engine.dispose()
        # Busy, full or read-only passes; a folder in its place or a damaged file does not.
        if isinstance(error, OperationalError) and "unable to open" not in str(error.orig):
            raise StoreUnavailable(f"{place}: {error.orig}") from error
        raise StoreUnreadable(place, str(error.orig)) from error
    except StoreUnreadable:
        engine.dispose()
        raise
    return engine


def _configure(connection: Any, _record: object) -> None:
    # The driver would begin transactions late and commit around DDL on its own; SQLAlchemy emits BEGIN itself below.
    connection.isolation_level = None
    for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


# The change of a new file to WAL does not wait for others, whatever the busy time-out says.
@retry(
    retry=retry_if_exception(lambda error: isinstance(error, sqlite3.OperationalError) and "locked" in str(error)),
    stop=stop_after_delay(10),
    wait=wait_fixed(0.02),
    reraise=True,
)
def _use_wal(connection: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads and then writes would otherwise fail at once with "database is locked".
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class Base:
    """What the parts of the store share: the engine and one way to write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise StoreUnavailable(str(error.orig)) from error

    def close(self) -> None:
        self._engine.dispose()


def add_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is new; the ones that are there stay as they are."""
    if rows:
        connection.execute(sqlite_insert(table).on_conflict_do_nothing(), list(rows))


def put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row or replace the one with the same primary key."""
    put_all(connection, table, [row])


def put_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that name the same columns, or replace those with the same primary keys."""
    if rows:
        statement = sqlite_insert(table)
        keys = [column.name for column in table.primary_key]
        rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), [dict(row) for row in rows])
