"""The database's schema: made in an empty one, brought up to date in an older one, refused in a newer one."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import structlog
from sqlalchemy import Column, Connection, MetaData, String, Table, create_mock_engine, insert, inspect, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.schema import ExecutableDDLElement

from newsletter.errors import StoreUnavailable, StoreUnreadable
from newsletter.store.engine import put
from newsletter.store.private import make_folder
from newsletter.store.tables import OLDEST, REVISION, SQLITE, meta, metadata

log = structlog.get_logger()

RESTORE = "restore a backup, or write another database into NEWSLETTER_DATABASE_URL"  # of a ledger on a server
MOVING = "move.unfinished"  # in a ledger on a server: of which other one it is a copy that does not count yet
MOVE_SOURCE = "move.source"  # in the old one: what the new one knows it by
NOTED_OLDEST = "schema.oldest"  # the key of the oldest revision whose programs can work with this ledger
_MOVED, _MOVED_TO = "moved", "moved"  # a revision that no program knows, and the key of the ledger that took its place
_BASELINE = "0001"  # what was made before revisions had numbers: `meta.schema = 1`
_ENGINES = "procrastinate_"  # tables of the job queue, which may lie in the same database
_KEPT = 5  # copies from before an upgrade
# Alembic's own table and not ours; it stands apart so that no revision ever touches it.
_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def is_current(connection: Connection) -> bool:
    """Whether there is nothing to prepare, determined without writing."""
    there = inspect(connection).get_table_names()
    if not (meta.name in there and _version.name in there):
        return False
    found = connection.scalar(select(_version.c.version_num))
    return found == REVISION or (found is not None and found > REVISION and _serves(connection))


def is_of_this_version(connection: sqlite3.Connection) -> bool:
    """The same of a bare connection."""
    try:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        oldest = connection.execute("SELECT value FROM meta WHERE key = ?", [NOTED_OLDEST]).fetchone()
    except (sqlite3.Error, TypeError):
        return False
    return bool(found == REVISION or (found > REVISION and oldest and oldest[0] <= REVISION))


def _serves(connection: Connection) -> bool:
    """Whether a newer ledger says that a program as old as this one can work with it: it was only added to."""
    oldest = connection.scalar(select(meta.c.value).where(meta.c.key == NOTED_OLDEST))
    return oldest is not None and oldest <= REVISION


def prepare(connection: Connection, place: str, copies: Path | None) -> None:
    """Our tables, as this program knows them; another program's are left as they are.

    An older database is first copied into `copies`. All of it is one transaction: a stop in the middle leaves the old
    schema, and whoever opens the same file meanwhile waits. Raises StoreUnreadable.
    """
    there = [name for name in inspect(connection).get_table_names() if not name.startswith(_ENGINES)]
    if not there:
        for statement in _creation(connection.dialect.name, connection.dialect.driver):
            connection.exec_driver_sql(statement)
        connection.execute(insert(_version).values(version_num=REVISION))
        _note_oldest(connection)
        return
    found = _revision(connection, there)
    if found == REVISION or (found and found > REVISION and _serves(connection)):
        return
    if found is None:
        raise _unreadable(connection, place, "this database belongs to another program")
    if found == _MOVED:
        to = connection.scalar(select(meta.c.value).where(meta.c.key == _MOVED_TO))
        raise StoreUnreadable(place, f"this ledger was moved to {to}", "set NEWSLETTER_DATABASE_URL to that database")
    if found > REVISION:
        newer = f"schema {found}, created by a newer version; this version supports {REVISION}, upgrade it"
        raise _unreadable(connection, place, newer)
    kept = copy(connection, copies or Path(place).parent / "backups", f"before-{REVISION}")
    log.info("ledger.upgrading", found=found, wanted=REVISION, copy=str(kept) if kept else None)
    upgrade(connection)
    _note_oldest(connection)


def _unreadable(connection: Connection, place: str, problem: str) -> StoreUnreadable:
    on_file = connection.dialect.name == SQLITE
    return StoreUnreadable(place, problem) if on_file else StoreUnreadable(place, problem, RESTORE)


def refuse_unfinished(connection: Connection, place: str) -> None:
    """Raises StoreUnreadable where a move has not ended: the old ledger still counts."""
    if connection.scalar(select(meta.c.value).where(meta.c.key == MOVING)):
        raise StoreUnreadable(place, "a move to this database was not finished", "run `newsletter move` again")


def moved_to(file: Path) -> tuple[str, str] | None:
    """The ledger that took this file's place, and what that knows it by; None if there is none."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as found:
        notes = dict(found.execute("SELECT key, value FROM meta WHERE key IN (?, ?)", [_MOVED_TO, MOVE_SOURCE]))
        if _MOVED_TO in notes:
            return notes[_MOVED_TO], notes[MOVE_SOURCE]
    return None


def close_moved(connection: Connection, to: str) -> None:
    """Another ledger has taken this one's place: no program of any version opens it again."""
    connection.execute(update(_version).values(version_num=_MOVED))
    put(connection, meta, {"key": NOTED_OLDEST, "value": _MOVED})
    put(connection, meta, {"key": _MOVED_TO, "value": to})


@cache
def _creation(backend: str, driver: str) -> tuple[str, ...]:
    """What makes our tables in an empty database: compiling it takes longer than running it."""
    made: list[str] = []

    def note(element: ExecutableDDLElement, *_: object, **__: object) -> None:
        made.append(str(element.compile(dialect=mock.dialect)))

    mock = create_mock_engine(f"{backend}+{driver}://", note)
    for tables in (metadata, _version.metadata):
        tables.create_all(mock, checkfirst=False)
    return tuple(made)


def _note_oldest(connection: Connection) -> None:
    put(connection, meta, {"key": NOTED_OLDEST, "value": OLDEST})


def _revision(connection: Connection, there: list[str]) -> str | None:
    if meta.name not in there:
        return None
    if _version.name in there:
        return connection.scalar(select(_version.c.version_num))
    if connection.scalar(select(meta.c.value).where(meta.c.key == "schema")) != "1":
        return None
    _stamp(connection, _BASELINE)
    return _BASELINE


def _stamp(connection: Connection, revision: str) -> None:
    _version.create(connection)
    connection.execute(insert(_version).values(version_num=revision))


def upgrade(connection: Connection, to: str = "head") -> None:
    """Every revision that the database lacks, in order."""
    # Half a second, which a start without an upgrade does not pay.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def copy(connection: Connection, folder: Path, name: str) -> Path | None:
    """Copies the database, as this transaction sees it, into one file in the folder; the newest five are kept.

    Uses SQLite's own copy, which is consistent beside writers; None for a database in memory or on a server.
    """
    database = make_url(str(connection.engine.url)).database
    if connection.dialect.name != "sqlite" or database in (None, "", ":memory:"):
        return None
    target = folder / f"newsletter-{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}.db"
    copy_file(Path(database or ""), target)
    for old in sorted(folder.glob("newsletter-*-before-*.db"))[:-_KEPT]:
        old.unlink()
    return target


def copy_file(source: Path, target: Path) -> None:
    """A consistent copy of an SQLite file that others may be writing; it appears whole or not at all.

    Raises StoreUnavailable.
    """
    part = target.with_suffix(".part")
    try:
        make_folder(target.parent)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)  # it holds everybody's address
        with closing(sqlite3.connect(source, timeout=10)) as there, closing(sqlite3.connect(part)) as here:
            there.backup(here)
            here.execute("PRAGMA journal_mode=DELETE")  # else the copy needs its -wal file beside it
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink()
        raise StoreUnavailable(f"could not create a copy at {target}: {error}") from error
