"""One process at a time works in a data folder and on a ledger; the locks die with their process."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from newsletter.errors import DataFolderLocked

_LOOKS, _BETWEEN_LOOKS = 50, 0.02


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
        if wait:
            fcntl.flock(file, fcntl.LOCK_EX)
        elif holder := _holder(file):
            raise DataFolderLocked(str(place), holder)
        _sign(file, f"newsletter {command} (process {os.getpid()})")
        try:
            yield
        finally:
            _sign(file, "")


def _holder(file: TextIO) -> str | None:
    """Who has it, unless it is ours now. A file without a name is about to be signed, or given up."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            if name := file.read().strip():
                return name
            time.sleep(_BETWEEN_LOOKS)
        else:
            return None
    return "another process"


def _sign(file: TextIO, holder: str) -> None:
    """Who holds it, for whoever is refused; on a full disk the lock holds without a name."""
    with suppress(OSError):
        file.truncate(0)
        os.write(file.fileno(), holder.encode())
