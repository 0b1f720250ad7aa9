"""One process at a time works in a data folder and on a ledger; the locks die with their process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from newsletter.errors import DataFolderLocked


@contextmanager
def hold(folder: Path, command: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the folder's lock; raises DataFolderLocked naming the holder, or waits for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with _hold(folder / "lock", folder, command, wait=wait):
        yield


@contextmanager
def hold_ledger(database: Path, command: str, *, wait: bool = False) -> Iterator[None]:
    """The same for a database file: its users may have different data folders, and other ways to write its path."""
    real = database.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    # A file of its own: SQLite's locks on the database end when anybody in the process closes a handle of it.
    with _hold(real.with_name(f"{real.name}.lock"), real, command, wait=wait):
        yield


@contextmanager
def _hold(lock: Path, place: Path, command: str, *, wait: bool) -> Iterator[None]:
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise DataFolderLocked(str(place), file.read().strip() or "another process") from error
        _sign(lock, f"newsletter {command} (process {os.getpid()})")
        yield


def _sign(lock: Path, holder: str) -> None:
    """Who holds it, for whoever is refused; on a full disk the lock holds without a name."""
    with suppress(OSError):
        lock.write_text(holder, "utf-8")
