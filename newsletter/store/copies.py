"""Copies of the ledger from before an upgrade: someone who is forgotten goes from them too."""

from __future__ import annotations

import mmap
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

COPIES = "newsletter-*-before-*.db"
_OF_AN_ADDRESS = ("email", "written")  # columns
_NOTES = (("meta", "value"), ("ticket", "payload"), ("trouble", "problem"))  # rows that may be lost


def forget_in_copies(folder: Path, email: str) -> tuple[int, int]:
    """How many copies were made anew without this address, and how many removed because it still stood in them.

    Raises OSError.
    """
    anew, removed = 0, 0
    for copy in sorted(folder.glob(COPIES)):
        if not _has_bytes(copy, email):
            continue
        part = copy.with_suffix(".part")
        try:
            part.touch(mode=0o600)
            shutil.copyfile(copy, part)
            if _without(part, email):
                part.replace(copy)
                anew += 1
            else:
                copy.unlink()
                removed += 1
        finally:
            part.unlink(missing_ok=True)
    return anew, removed


def _has_bytes(file: Path, email: str) -> bool:
    """Also where it lies in pages that are no longer used."""
    with file.open("rb") as stream, closing(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)) as content:
        return re.search(re.escape(email.encode()), content, re.IGNORECASE) is not None


def _without(file: Path, email: str) -> bool:
    """Whether nothing names the address any more; of which version the copy is does not matter."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            _delete(connection, email.lower())
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("VACUUM")
            return not _mentions(connection, email.lower())
    except sqlite3.Error:  # damaged: it helps nobody
        return False


def _delete(connection: sqlite3.Connection, email: str) -> None:
    columns = _columns(connection)
    ids = [row[0] for row in connection.execute("SELECT id FROM subscriber WHERE lower(email) = ?", [email])]
    for table, names in columns.items():
        if "subscriber_id" in names:
            connection.executemany(f'DELETE FROM "{table}" WHERE subscriber_id = ?', [(one,) for one in ids])  # noqa: S608
    for table, names in columns.items():
        for name in set(names).intersection(_OF_AN_ADDRESS):
            connection.execute(f'DELETE FROM "{table}" WHERE lower("{name}") = ?', [email])  # noqa: S608
    for table, name in _NOTES:
        if name in columns.get(table, ()):
            connection.execute(f'DELETE FROM "{table}" WHERE instr(lower("{name}"), ?)', [email])  # noqa: S608


def _mentions(connection: sqlite3.Connection, email: str) -> bool:
    """Whether any value has this address, not as a part of another one."""
    whole = re.compile(rf"(?<![\w.+-]){re.escape(email)}(?![\w-])")
    return any(whole.search(text) for text in _values_with(connection, email))


def _values_with(connection: sqlite3.Connection, email: str) -> Iterator[str]:
    for table, names in _columns(connection).items():
        for name in names:
            value = f'lower(CAST("{name}" AS TEXT))'
            query = f'SELECT {value} FROM "{table}" WHERE instr({value}, ?)'  # noqa: S608 - names of our own schema
            yield from (row[0] for row in connection.execute(query, [email]))


def _columns(connection: sqlite3.Connection) -> dict[str, list[str]]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {table: [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')] for (table,) in tables}
