"""One process at a time works in a data folder; the lock dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.errors import DataFolderLocked


@contextmanager
def hold(folder: Path, command: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the folder's lock; raises DataFolderLocked naming the holder, or waits for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise DataFolderLocked(str(folder), file.read().strip() or "another process") from error
        file.seek(0)
        file.truncate()
        file.write(f"newsletter {command} (process {os.getpid()})")
        file.flush()
        yield
