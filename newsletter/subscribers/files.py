"""Replaces a file as a whole, without losing what somebody else saves at the same moment."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ATTEMPTS = 10


def replace_file(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Write `change(what the file holds now)`: same mode, through a symlink to its target, whole or not at all."""
    target = path.resolve(strict=True)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    with _alone_in(target.parent):
        for _ in range(_ATTEMPTS):
            old = target.read_bytes()
            new = change(old)
            if new == old or _replaced(target, old, new):
                return
    raise OSError(errno.EBUSY, "the file changes faster than it can be written", str(target))


def _replaced(target: Path, old: bytes, new: bytes) -> bool:
    temporary = _beside(target, new)
    try:
        if target.read_bytes() != old:  # an editor saved meanwhile: begin again with that
            return False
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return True


def _beside(target: Path, content: bytes) -> Path:
    status = target.stat()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            with suppress(PermissionError):  # only root may give a file away; others own what they edit
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Our own writers take turns; the lock is on the folder, so that no lock file is left behind."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems lock no folders; the comparison before the replace remains
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
