"""What lies in the data folder is for the user who runs the newsletter, whatever the umask is."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
_OTHERS = 0o077
_OTHERS_LOOK = 0o066  # in a folder: to pass through it needs neither


def make_folder(folder: Path) -> None:
    """Create it if it is missing, so that nobody else can look into it."""
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)


def close_to_others(folder: Path, but: Collection[Path]) -> None:
    """Take from others what they may do here; `but` names what is for everybody.

    A folder through which others may only pass stays so: its owner lets a web server reach the archive.
    """
    if folder.stat().st_mode & _OTHERS_LOOK:
        _narrow(folder)
    for path in folder.iterdir():
        if path not in but and not path.is_symlink():
            _narrow(path)


def close_file(file: Path) -> None:
    """Makes a ledger private, wherever it is, and the files that SQLite keeps beside it."""
    for path in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm", ".lock"))):
        _narrow(path)


def make_file(file: Path) -> None:
    """Create it empty if it is missing: SQLite gives the files beside it the same permissions."""
    with suppress(OSError):  # who opens it says why
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE))


def _narrow(path: Path) -> None:
    with suppress(OSError):  # gone, or someone else's
        mode = path.stat().st_mode
        if mode & _OTHERS:
            path.chmod(mode & 0o700)
