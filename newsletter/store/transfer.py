"""A ledger in a file becomes one on a server, whole or not at all."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing

import psycopg
from sqlalchemy import Connection, Engine, Table, func, make_url, select, text

from newsletter.errors import StoreUnavailable, StoreUnreadable
from newsletter.store import identity, postgres, schema
from newsletter.store.deliveries import IS_SENDING
from newsletter.store.engine import Base, put, reading
from newsletter.store.tables import delivery, meta, metadata, received, subscriber

_PAGE = 1000  # rows
_SCHEMAS = (schema.NOTED_OLDEST, schema.MOVING, identity.PLACE)  # rows that say nothing of the newsletter
_COMPARED = (received, subscriber)  # row by row: they decide who gets what

Tell = Callable[[str, int, int], None]  # a table, how many rows of it are there, and of how many


def transfer(source: Base, url: str, tell: Tell) -> Mapping[str, int]:
    """Copy every row to the server and close the old ledger; how many rows each table has.

    The caller holds the old ledger's lock. Stopped at any moment, it can be done again. Raises StoreUnavailable,
    StoreUnreadable.
    """
    place = postgres.name_of(make_url(url))
    known_by = _known_by(source._engine)
    target = postgres.open_engine(url, moving=True)
    try:
        with reading(source._engine).begin() as old:
            _refuse_emails_in_flight(old)
            with target.begin() as new:
                counts = _copied(old, new, place, known_by, tell)
        with source._engine.begin() as old:
            schema.close_moved(old, place)
        _open(target, known_by)
    finally:
        target.dispose()
    return counts


def finish(url: str, place: str, known_by: str) -> None:
    """The last step of a move to this place that was stopped before it. Raises StoreUnreadable for another place."""
    if postgres.name_of(make_url(url)) != place:
        raise StoreUnreadable("this ledger", f"was moved to {place}", "set NEWSLETTER_DATABASE_URL to that database")
    with closing(Base(postgres.open_engine(url, moving=True))) as target:
        _open(target._engine, known_by)


def _open(target: Engine, known_by: str) -> None:
    with target.begin() as connection:
        connection.execute(meta.delete().where(meta.c.key == schema.MOVING, meta.c.value == known_by))


def _known_by(engine: Engine) -> str:
    with engine.begin() as connection:
        found = connection.scalar(select(meta.c.value).where(meta.c.key == schema.MOVE_SOURCE))
        if found is None:
            found = secrets.token_hex(8)
            put(connection, meta, {"key": schema.MOVE_SOURCE, "value": found})
        return str(found)


def _refuse_emails_in_flight(old: Connection) -> None:
    if count := old.scalar(select(func.count()).select_from(delivery).where(IS_SENDING)):
        raise StoreUnavailable(
            f"{count} emails were being sent when a process ended", "finish them with `newsletter run`"
        )


def _copied(old: Connection, new: Connection, place: str, known_by: str, tell: Tell) -> Mapping[str, int]:
    """In one transaction of each: a stop leaves the new ledger empty."""
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        new.exec_driver_sql(f"SET LOCAL {limit} = 0")  # a million rows take longer than any statement of a morning
    _empty(new, place, known_by)
    for table in metadata.sorted_tables:
        _copy(old, new, table, tell)
    new.execute(meta.delete().where(meta.c.key.in_((identity.PLACE, schema.MOVE_SOURCE))))
    put(new, meta, {"key": schema.MOVING, "value": known_by})
    _count_on(new)
    return _compared(old, new)


def _empty(new: Connection, place: str, known_by: str) -> None:
    """Take away what a stopped move of this very ledger left; nothing else."""
    unfinished = new.scalar(select(meta.c.value).where(meta.c.key == schema.MOVING))
    if unfinished != known_by:
        rows = {table.name: table for table in metadata.sorted_tables if table is not meta}
        used = [name for name, table in rows.items() if new.execute(select(table).limit(1)).first()]
        if unfinished or used or new.scalar(select(meta.c.key).where(meta.c.key.not_in(_SCHEMAS)).limit(1)):
            whose = "an unfinished move of another ledger" if unfinished else f"a ledger ({', '.join(used) or 'meta'})"
            raise StoreUnreadable(place, f"already holds {whose}", "move to an empty database")
    new.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)}")


def _copy(old: Connection, new: Connection, table: Table, tell: Tell) -> None:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    done, total = 0, _count(old, table)
    # As SQLite holds them: the server reads its dates, numbers and JSON from the same text.
    rows = old.exec_driver_sql(f"SELECT {columns} FROM {table.name}").yield_per(_PAGE)  # noqa: S608 - our own names
    connection = new.connection.driver_connection
    assert isinstance(connection, psycopg.Connection)  # noqa: S101 - the only driver
    try:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as out:
            for page in rows.partitions():
                for row in page:
                    out.write_row([_held(value) for value in row])
                done += len(page)
                tell(table.name, done, total)
    except psycopg.Error as error:
        raise _refused(table, error) from error


def _held(value: object) -> object:
    """Text without the NUL that no server can hold, see tables."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


def _refused(table: Table, error: psycopg.Error) -> StoreUnavailable | StoreUnreadable:
    said = str(error).partition("\n")[0]
    if (error.sqlstate or "").startswith(("22", "23")):
        return StoreUnreadable(f"table {table.name}", f"the server refuses a row: {said}", "correct that row")
    return postgres.explained(error, f"table {table.name}") or StoreUnavailable(f"table {table.name}: {said}")


def _count_on(new: Connection) -> None:
    """New rows get numbers that no row has."""
    for table in metadata.sorted_tables:
        if (column := table.autoincrement_column) is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            new.execute(select(func.setval(sequence, func.coalesce(func.max(column), 0) + 1, text("false"))))


def _compared(old: Connection, new: Connection) -> Mapping[str, int]:
    counts = {}
    for table in metadata.sorted_tables:
        if table is meta:
            continue
        here = _count(new, table)
        same = here == _count(old, table) and (table not in _COMPARED or _hash(old, table) == _hash(new, table))
        if not same:
            raise StoreUnavailable(f"table {table.name} is not the same after the copy", "report this")
        counts[table.name] = here
    return counts


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _hash(connection: Connection, table: Table) -> str:
    digest = hashlib.sha256()
    for row in _rows(connection, table):
        digest.update(repr([_held(value) for value in row]).encode())
    return digest.hexdigest()


def _rows(connection: Connection, table: Table) -> Iterable[Sequence[object]]:
    ordered = select(table).order_by(*table.primary_key)
    return connection.execute(ordered, execution_options={"yield_per": _PAGE})
