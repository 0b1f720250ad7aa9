"""A ledger in one file: SQLite in WAL mode with full synchronisation, so that a commit survives a power cut."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, InvalidatePoolError
from sqlalchemy.pool import StaticPool
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from newsletter.errors import StoreError, StoreUnavailable, StoreUnreadable
from newsletter.store import schema
from newsletter.store.engine import EXPLAIN, READS, reading
from newsletter.store.faults import explained, only_readable
from newsletter.store.private import close_file, make_file


def open_engine(url: str, copies: Path | None = None) -> Engine:
    """An engine with our tables in place and up to date; an older database is first copied into the folder `copies`.

    Raises StoreUnreadable for a damaged, foreign or newer database, StoreUnavailable for one that is busy or on a bad
    disk. What lies on a read-only disk can be read.
    """
    place = url.removeprefix("sqlite:///")
    try:
        engine = _opened(url, place, copies)
    except StoreUnavailable:
        if not only_readable(place):
            raise
    else:
        if not isinstance(engine.pool, StaticPool):
            close_file(Path(engine.url.database or ""))
            _follow(engine, Path(engine.url.database or ""))
        return engine
    return _opened(f"sqlite:///file:{quote(place)}?immutable=1&uri=true", place, copies)


def _opened(url: str, place: str, copies: Path | None) -> Engine:
    database = make_url(url).database
    in_memory = database in (None, "", ":memory:")
    if database and not in_memory and not database.startswith("file:"):
        make_file(Path(database))
    # However many threads ask at once, they wait for SQLite's own lock and not for a connection.
    engine = create_engine(url, **({"poolclass": StaticPool} if in_memory else {"max_overflow": -1}))
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", partial(_explain, place))
    engine.update_execution_options(**{EXPLAIN: partial(explained, place)})
    try:
        with reading(engine).begin() as connection:
            current = schema.is_current(connection)
        if not current:
            with engine.begin() as connection:
                schema.prepare(connection, place, copies)
    except (DatabaseError, StoreError):
        engine.dispose()
        raise
    return engine


def _explain(place: str, context: ExceptionContext) -> None:
    """Raise the driver's error in our words, unless the program is at fault and not the disk."""
    if explanation := explained(place, context.original_exception):
        raise explanation from context.sqlalchemy_exception


def _follow(engine: Engine, file: Path) -> None:
    """Work with what has this name now: someone may put back a copy, or lose the file, under a running service."""

    def refuse_new(*_: object) -> None:
        try:
            found = file.stat()
        except FileNotFoundError:
            # SQLite would make a new one, and everybody would get the newest issue again.
            raise StoreUnreadable(str(file), "is gone") from None
        except OSError:
            return  # opening it says why
        if stat.S_ISREG(found.st_mode) and not found.st_size:
            raise StoreUnreadable(str(file), "is empty")

    first = _identity(file)

    def note(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)
        if record.info["file"] != first and not schema.is_of_this_version(connection):
            raise StoreUnreadable(str(file), "was replaced by a ledger of another version; restart to upgrade it, or")

    def compare(connection: Any, record: Any, _fairy: object) -> None:
        if record.info["file"] != _identity(file):
            # What it holds open is nobody's ledger any more. Its log would be taken for that of the other file.
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raise InvalidatePoolError("removed or replaced while it was in use")

    event.listen(engine, "do_connect", refuse_new)
    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", compare)
    engine.dispose()  # whose connections have no note


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another one under the same name; None if there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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
    # One that only reads is one snapshot too, and waits for nobody: WAL lets it run beside a writer.
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(READS) else "BEGIN IMMEDIATE")
