"""What the parts of the store share: transactions, and rows that are inserted or replaced, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Connection, Dialect, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NULLTYPE, TypeEngine
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from newsletter.errors import StoreContended
from newsletter.store.tables import POSTGRESQL, SQLITE

P = ParamSpec("P")
T = TypeVar("T")

READS = "newsletter_reads"  # the execution option of an engine whose transactions write nothing
BESIDE = "newsletter_beside"  # of one whose transactions run beside those of other writers, where there can be any
EXPLAIN = "newsletter_explain"  # says an error of the driver in our words; None: the program is at fault


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that write nothing: each is one snapshot."""
    options: dict[str, Any] = {READS: True}
    if engine.dialect.name != SQLITE:
        # Not read-only for the driver: it would then begin others READ WRITE on a server that is set to read-only.
        options["isolation_level"] = "REPEATABLE READ"
    return engine.execution_options(**options)


class Base:
    """What the parts of the store share: the engine, two ways to write and one to read.

    `with self._transaction() as connection` writes, one at a time: what it has read stays true until it commits.
    `with self._beside() as connection` writes too, and other machines' transactions run at the same time: only for
    statements that decide by the rows that they change; so does `with self._directly() as cursor`. `with
    self._reading() as connection` reads one snapshot, also while someone writes. All raise StoreError, see `faults`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._transaction, self._reading = engine.begin, reading(engine).begin
        self._beside = engine.execution_options(**{BESIDE: True}).begin

    @contextmanager
    def _directly(self) -> Iterator[DBAPICursor]:
        """For what runs for every few emails: SQLAlchemy would take longer for it than the database."""
        with self._explained():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                if not self.on_server:
                    cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                connection.commit()
            except self._engine.dialect.loaded_dbapi.Error:
                if self.on_server:
                    connection.invalidate()  # it may be broken
                raise
            finally:
                connection.close()  # which undoes what is not committed

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What SQLAlchemy does not see fail is explained all the same."""
        try:
            yield
        except self._engine.dialect.loaded_dbapi.Error as error:
            if explained := self._engine.get_execution_options()[EXPLAIN](error):
                raise explained from error
            raise

    def _prepared(self, statement: UpdateBase, *columns: str) -> Prepared:
        """`columns`: those that get a value of the same name."""
        return prepared(statement, self._engine.dialect, *columns)

    @property
    def in_memory(self) -> bool:
        """Whether it ends with this process."""
        return isinstance(self._engine.pool, StaticPool)

    @property
    def folder(self) -> Path | None:
        """Where its file lies; None for one in memory, on a server or on a disk that can only be read."""
        database = self._engine.url.database or ""
        lies_nowhere = self.in_memory or self.on_server or database.startswith("file:")
        return None if lies_nowhere else Path(database).parent

    @property
    def on_server(self) -> bool:
        """Whether other machines may use it at the same time."""
        return self._engine.dialect.name != SQLITE

    def rest(self) -> None:
        """End the connections that nobody uses: until the next use the file alone is the whole ledger."""
        if not (self.in_memory or self.on_server):
            self._engine.dispose()

    def close(self) -> None:
        self._engine.dispose()


class is_among(FunctionElement[bool]):  # noqa: N801 - a function of SQL
    """Whether a column is one of the values in a JSON list: however many they are, there is one parameter."""

    # Of a Boolean SQLite is asked whether it is 1, and then walks through the whole table.
    type: TypeEngine[Any] = NULLTYPE
    inherit_cache = True


@compiles(is_among, SQLITE)
def _on_sqlite(element: is_among, compiler: SQLCompiler, **given: Any) -> str:
    column, values = (compiler.process(one, **given) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled by SQLAlchemy


@compiles(is_among, POSTGRESQL)
def _on_postgresql(element: is_among, compiler: SQLCompiler, **given: Any) -> str:
    column, values = (compiler.process(one, **given) for one in element.clauses)
    kind = next(iter(element.clauses)).type.compile(compiler.dialect)
    return f"{column} IN (SELECT value::{kind} FROM json_array_elements_text({values}))"  # noqa: S608 - as above


class Prepared:
    """A statement in the words of one database, which its driver runs again and again."""

    def __init__(self, statement: UpdateBase, dialect: Dialect, *columns: str) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns or None)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("not a statement with values")
        self._text, self._order = compiled.string, compiled.positiontup
        types = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
        self._writing = {name: write for name, type_ in types.items() if (write := type_.bind_processor(dialect))}
        fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        self._constants = self._written(fixed)
        returned = [column.type.dialect_impl(dialect) for column in statement.exported_columns]
        read = [type_.result_processor(dialect, None) for type_ in returned]
        self._reading = [(index, one) for index, one in enumerate(read) if one]

    def run(self, cursor: DBAPICursor, values: Mapping[str, Any]) -> list[list[Any]]:
        """Execute it with these values; the rows that it returns."""
        cursor.execute(self._text, self._given(values))
        rows = list(map(list, cursor.fetchall())) if cursor.description else []
        for index, read in self._reading:
            for row in rows:
                row[index] = read(row[index])
        return rows

    def run_all(self, cursor: DBAPICursor, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it with each of these."""
        cursor.executemany(self._text, list(map(self._given, rows)))

    def _given(self, values: Mapping[str, Any]) -> Any:
        """In the form that the driver wants."""
        given = self._constants | self._written(values)
        return given if self._order is None else tuple([given[name] for name in self._order])

    def _written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, **{name: write(values[name]) for name, write in self._writing.items() if name in values}}


prepared = lru_cache(maxsize=16)(Prepared)


def retried(work: Callable[P, T]) -> Callable[P, T]:
    """Once more what runs beside others: of two that wait for each other a server undoes one."""
    patiently = retry(
        retry=retry_if_exception_type(StoreContended),
        stop=stop_after_attempt(5),
        wait=wait_random(0, 0.2),
        reraise=True,
    )(work)

    @wraps(work)
    def first(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except StoreContended:
            return patiently(*args, **kwargs)

    return first


def inserted(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insertion into this table that may say what happens to rows that are there."""
    return sqlite.insert(table) if connection.dialect.name == SQLITE else postgresql.insert(table)


def overwrite_deleted(connection: Connection) -> None:
    """What this transaction deletes is overwritten: SQLite would leave it in pages that it no longer uses."""
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def add_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is new; the ones that are there stay as they are."""
    if rows:
        connection.execute(inserted(connection, table).on_conflict_do_nothing(), list(rows))


def put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row or replace the one with the same primary key."""
    put_all(connection, table, [row])


def put_all(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    only: ColumnElement[bool] | None = None,
) -> None:
    """Insert rows with the same columns, or replace those with the same primary keys; `only` limits the latter."""
    if rows:
        statement = inserted(connection, table)
        keys = [column.name for column in table.primary_key]
        rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        replacing = statement.on_conflict_do_update(index_elements=keys, set_=rest, where=only)
        connection.execute(replacing, [dict(row) for row in rows])
