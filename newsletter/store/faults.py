"""What SQLite says when a disk or database is broken, in our words and with a remedy."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from newsletter.errors import StoreError, StoreUnavailable, StoreUnreadable

_LITTLE_ROOM = 64 * 1024  # octets: SQLite's shared memory file grows by 32 KiB
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REMEDIES = {
    sqlite3.SQLITE_FULL: "free some disk space",
    sqlite3.SQLITE_READONLY: "make the disk and the file writable for this user",
    sqlite3.SQLITE_CANTOPEN: "make the folder and the file writable for this user",
    sqlite3.SQLITE_BUSY: "wait, or stop the other process that writes to it",
}


def explained(place: str, error: BaseException) -> StoreError | None:
    """The driver's error in our words: temporary ones (busy, full, read-only), and those that need a backup.

    None where the program is at fault, and not the disk.
    """
    if type(error) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
        return None
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # above it stand details
    said = str(error)
    if code in _DAMAGED or _is_folder(place) or said.startswith(("no such", "Could not decode")):
        return StoreUnreadable(place, said)
    if code == sqlite3.SQLITE_CANTOPEN:
        said = f"{said} ({_why_not(Path(place))})"
    if code == sqlite3.SQLITE_IOERR and _is_full(Path(place).parent):  # SQLite says so only of the database itself
        code = sqlite3.SQLITE_FULL
    return StoreUnavailable(f"{place}: {said}", _REMEDIES.get(code, "check the disk"))


def _is_folder(place: str) -> bool:
    try:
        return Path(place).is_dir()
    except OSError:
        return False


def _is_full(folder: Path) -> bool:
    try:
        room = os.statvfs(folder)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < _LITTLE_ROOM


def _why_not(file: Path) -> str:
    """SQLite says only that it cannot open it."""
    try:
        file.open("r+b").close()
    except OSError as error:
        return error.strerror or str(error)
    return f"cannot create a file in {file.parent}"


def only_readable(place: str) -> bool:
    """Whether this is a ledger at rest on a read-only disk: SQLite would have to make files beside it to read it."""
    file = Path(place)
    try:
        at_rest = file.is_file() and not file.with_name(f"{file.name}-wal").exists()
    except OSError:  # a folder of someone else
        return False
    return at_rest and os.access(file, os.R_OK) and not os.access(file.parent, os.W_OK)
