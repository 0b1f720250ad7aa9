"""Tells whether files have changed, and replaces one as a whole without losing what someone saves meanwhile."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_ATTEMPTS = 20
_QUIET = 0.02  # seconds without a change after which a file counts as saved
_LONGEST_SAVE = 1.0
# Of a folder in which nothing can be made, and of a file that is mounted alone: its name is the mount's.
_FILE_ALONE = (errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS, errno.EXDEV)
_AT_FDCWD, _EXCHANGE = -100, 2  # of Linux's renameat2


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def is_unchanged(made_of: Iterable[tuple[str, str]]) -> bool:
    """Whether each of these files still has this hash; an empty one: it was not there."""
    with suppress(OSError):
        return all(_hash(Path(file)) == known for file, known in made_of)
    return False


def _hash(file: Path) -> str:
    try:
        return sha256(file.read_bytes())
    except FileNotFoundError:
        return ""


def replace_file(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Write `change(what the file holds now)`: same mode, through a symlink to its target, whole or not at all.

    A file that cannot be replaced, but written, is overwritten in one step.
    """
    target = path.resolve(strict=True)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    with _alone_in(target.parent):
        for _ in range(_ATTEMPTS):
            old = _settled(target)
            new = change(old)
            if new == old or _replaced(target, old, new):
                return
    raise OSError(errno.EBUSY, "the file changes faster than it can be written", str(target))


def _settled(target: Path) -> bytes:
    """What the file holds once nobody is in the middle of saving it: editors empty a file and then fill it."""
    deadline = time.monotonic() + _LONGEST_SAVE
    while True:
        with suppress(FileNotFoundError):  # between the two renames of an editor
            content = target.read_bytes()
            if time.time() - target.stat().st_mtime > _QUIET or time.monotonic() > deadline:
                return content
        if time.monotonic() > deadline + _LONGEST_SAVE:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target))
        time.sleep(_QUIET / 2)


def _replaced(target: Path, old: bytes, new: bytes) -> bool:
    """False where an editor saved meanwhile: its file is in place again, and we begin again with that."""
    try:
        return _exchanged_whole(target, old, new)
    except OSError as error:
        if error.errno not in _FILE_ALONE:
            raise
    return _overwritten(target, old, new)


def _overwritten(target: Path, old: bytes, new: bytes) -> bool:
    """At each moment the file holds the old list or the new one, with empty lines behind it."""
    with target.open("r+b", buffering=0) as file:
        if file.read() != old:
            return False
        room = len(new) - len(old)
        if room > 0 and file.write(b"\n" * room) != room:
            file.truncate(len(old))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        file.seek(0)
        file.write(new.ljust(len(old), b"\n"))
        file.truncate(len(new))
        os.fsync(file.fileno())
    return True


def _exchanged_whole(target: Path, old: bytes, new: bytes) -> bool:
    temporary = _beside(target, new)
    try:
        if target.read_bytes() != old:
            return False
        if not _exchanged(temporary, target):
            temporary.replace(target)
        elif _changes(temporary, old):
            # Saved in the very moment; what the editor has open is the file that we now hold.
            _exchanged(temporary, target)
            if temporary.read_bytes() != new:  # and saved once more: that is the newest
                _exchanged(temporary, target)
            return False
    except FileNotFoundError:  # between the two renames of an editor
        return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return True


def _changes(path: Path, content: bytes) -> bool:
    """Whether the file has other content, now or in a moment: an editor may have opened it before we replaced it."""
    if path.read_bytes() == content:
        time.sleep(_QUIET)
    return path.read_bytes() != content


def _exchanged(one: Path, other: Path) -> bool:
    """Swaps both names in one step, so that nothing that was saved can be overwritten; False if not supported here."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    here = ctypes.c_int(_AT_FDCWD)
    if rename(here, os.fsencode(one), here, os.fsencode(other), ctypes.c_uint(_EXCHANGE)) == 0:
        return True
    number = ctypes.get_errno()
    if number == errno.ENOENT:
        raise FileNotFoundError(number, os.strerror(number), str(other))
    return False  # a file system that cannot


def _beside(target: Path, content: bytes) -> Path:
    status = target.stat()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    with ExitStack() as undone:
        undone.callback(Path(name).unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            with suppress(PermissionError):  # only root may give a file away; others own what they edit
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            os.fsync(file.fileno())
        undone.pop_all()
    return Path(name)


def is_mounted_alone(path: Path) -> bool:
    """Whether the file itself is a mount: an editor outside that replaces it leaves us with the old one."""
    wanted = str(path.resolve())
    with suppress(OSError, IndexError):
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
        return any(_unescaped(line.split(" ")[4]) == wanted for line in lines)
    return False


def _unescaped(text: str) -> str:
    """A path as the kernel lists it: spaces and their like in octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


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
