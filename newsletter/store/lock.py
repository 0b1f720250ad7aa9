"""Only one process at a time uses a data folder and a ledger; a lock ends with its process."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from newsletter.errors import DataFolderLocked
from newsletter.store.private import FILE, make_folder

_LOOKS, _BETWEEN_LOOKS = 50, 0.02


@contextmanager
def hold(folder: Path, command: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the folder's lock; raises DataFolderLocked naming the holder, or waits for it."""
    make_folder(folder)
    with _hold(folder / "lock", folder, command, wait=wait):
        yield


@contextmanager
def hold_ledger(database: Path, command: str, *, wait: bool = False) -> Iterator[None]:
    """The same for a database file: its users may have different data folders, and other ways to write its path."""
    real = database.resolve()
    make_folder(real.parent)
    # A file of its own: SQLite's locks on the database end when anybody in the process closes a handle of it.
    with _hold(real.with_name(f"{real.name}.lock"), real, command, wait=wait):
        yield


@contextmanager
def _hold(lock: Path, place: Path, command: str, *, wait: bool) -> Iterator[None]:
    with _opened(lock) as file:
        if wait:
            fcntl.flock(file, fcntl.LOCK_EX)
        elif holder := _holder(file):
            raise DataFolderLocked(str(place), holder)
        _sign(file, f"newsletter {command} (process {os.getpid()})")
        try:
            yield
        finally:
            _sign(file, "")


def _opened(lock: Path) -> TextIO:
    """Makes the lock file private: anyone who can read it could lock it and keep us out."""
    file = _open(lock)
    found = os.fstat(file.fileno())
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():  # of an earlier version
        if _is_strangers(file):
            file.close()
            lock.unlink()
            file = _open(lock)
        os.fchmod(file.fileno(), FILE)
    return file


def _open(lock: Path) -> TextIO:
    handle = os.open(lock, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE)
    return os.fdopen(handle, "a+", encoding="utf-8")


def _is_strangers(file: TextIO) -> bool:
    """Whether someone holds the lock without having signed it: our own processes sign it while they live."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        process = re.search(r"\(process (\d+)\)", file.read())
        return process is None or not _lives(int(process[1]))
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # of another user
    return True


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
